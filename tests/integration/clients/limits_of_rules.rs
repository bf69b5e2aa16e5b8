//! User errors carry the limits of the broken rule, so that clients can word them in other languages.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::schema::{list, text};
use crate::patients::{done, jane, register, with};

on_both_databases! {
    an_error_carries_the_limits_of_its_rule,
    an_error_of_another_field_or_version_names_it,
}

const PARAMS: &str = "min max earliest latest relatedField pattern expectedVersion currentVersion differingFields";

/// The user errors of a mutation: code, path, and the parameters that are given.
fn errors(phr: &Phr, mutation: &str, input: &Value) -> Vec<(String, String, Value)> {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code path params {{ {PARAMS} }} }} }} }}"
    );
    let payload = phr.ask(&query, &json!({ "input": input }))[mutation].take();
    let told = |error: &Value| {
        let mut params = error["params"].clone();
        params.as_object_mut().expect("parameters").retain(|_, value| !value.is_null());
        let path: Vec<&str> = list(&error["path"]).iter().map(text).collect();
        (text(&error["code"]).to_owned(), path.join("."), params)
    };
    list(&payload["userErrors"]).iter().map(told).collect()
}

fn only(phr: &Phr, mutation: &str, input: &Value) -> (String, String, Value) {
    let mut errors = errors(phr, mutation, input);
    assert_eq!(errors.len(), 1, "{input}: {errors:?}");
    errors.remove(0)
}

fn an_error_carries_the_limits_of_its_rule(phr: &Phr) {
    let latest = |params: &Value| params["latest"].as_str().is_some_and(|day| day.len() == 10);
    let controls = json!({"pattern": r"^[^\u0000-\u001f\u007f-\u009f]*$"});
    for (changes, code, path, params) in [
        (json!({"firstName": "x".repeat(201)}), "TOO_LONG", "input.firstName", json!({"max": 200.0})),
        (json!({"firstName": "a\tb"}), "INVALID_FORMAT", "input.firstName", controls),
        (json!({"firstName": " "}), "REQUIRED", "input.firstName", json!({})),
        (json!({"allergies": vec!["x"; 101]}), "TOO_MANY", "input.allergies", json!({"max": 100.0})),
        (json!({"allergies": ["x".repeat(501)]}), "TOO_LONG", "input.allergies.0", json!({"max": 500.0})),
    ] {
        let expected = (code.to_owned(), path.to_owned(), params);
        assert_eq!(only(phr, "createPatientRegister", &with(jane(), &changes)), expected, "{changes}");
    }
    let (code, path, params) = only(phr, "createPatientRegister", &with(jane(), &json!({"dateOfBirth": "1899-12-31"})));
    assert_eq!((code.as_str(), path.as_str()), ("OUT_OF_RANGE", "input.dateOfBirth"));
    assert!(params["earliest"] == "1900-01-01" && latest(&params), "{params}");
    let (_, _, params) = only(phr, "createPatientRegister", &with(jane(), &json!({"dateOfDeath": "2999-01-01"})));
    assert!(params.get("earliest").is_none() && latest(&params), "{params}");
    let email = only(phr, "createPatientRegister", &with(jane(), &json!({"email": "nobody"})));
    assert!(text(&email.2["pattern"]).starts_with('^'), "{email:?}");
    let patient = register(phr, &json!({}));
    let profile = json!({"patientId": patient, "heightCm": 1000});
    let (code, path, params) = only(phr, "addHealthProfile", &profile);
    assert_eq!((code.as_str(), path.as_str()), ("OUT_OF_RANGE", "input.heightCm"));
    assert!(params["min"].is_number() && params["max"].is_number(), "{params}");
    let items = vec![jane(); 1001];
    assert_eq!(only(phr, "createPatientRegisters", &json!({ "items": items })).2, json!({"max": 1000.0}));
    let role = json!({"name": "Keeper", "permissions": []});
    assert_eq!(only(phr, "createRole", &role).2, json!({"pattern": "^[a-z][a-z0-9_]*$"}));
}

fn an_error_of_another_field_or_version_names_it(phr: &Phr) {
    let died = json!({"dateOfDeath": "1985-04-11"});
    let (_, path, params) = only(phr, "createPatientRegister", &with(jane(), &died));
    assert_eq!((path.as_str(), params), ("input.dateOfDeath", json!({"relatedField": "dateOfBirth"})));
    let uuid = register(phr, &json!({}));
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": uuid, "address": "1 New Road"}));
    let stale = json!({"uuid": uuid, "expectedVersion": 1, "address": "2 Old Road", "lastName": "Smith"});
    let (code, path, params) = only(phr, "updatePatientRegister", &stale);
    assert_eq!((code.as_str(), path.as_str()), ("VERSION_CONFLICT", "input.expectedVersion"));
    assert_eq!(params, json!({"expectedVersion": 1, "currentVersion": 2, "differingFields": ["address"]}));
}
