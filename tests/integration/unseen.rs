//! What a refusal tells of records beyond the caller's boundary.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::audit::{shipped, values};
use crate::identity::{create, institution, role};
use crate::patients::{HOME, done, jane, register, with};

on_both_databases!(
    a_refusal_tells_nothing_of_foreign_keys_and_names,
    what_is_unique_everywhere_is_refused_and_the_attempt_is_on_record
);

const KEY: &str = "20000000-0000-4000-8000-000000000002";
const PHONE: &str = "20000000-0000-4000-8000-000000000003";

/// A register and a user of another institution; the token of an administrator who is bound to the home institution.
fn elsewhere(phr: &Phr) -> String {
    let other = institution(phr, "Elsewhere");
    register(phr, &json!({ "uuid": KEY, "institutionId": other }));
    create(phr, "eve", "staff", &json!({ "institutionId": other }));
    phr.token_for(&["--role", "institution_administrator", "--institution", HOME])
}

/// The codes and the paths of what is wrong with an input.
fn wrong(phr: &Phr, token: &str, mutation: &str, input: &Value) -> Vec<String> {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code path }} }} }}");
    let answer = phr.response_to(token, &query, &json!({ "input": input }));
    let errors = answer["data"][mutation]["userErrors"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    errors
        .iter()
        .map(|error| format!("{} {}", error["code"].as_str().unwrap(), error["path"][1].as_str().unwrap()))
        .collect()
}

fn patient() -> Value {
    with(jane(), &json!({ "uuid": KEY }))
}

fn user() -> Value {
    json!({ "kind": "STAFF", "username": "eve", "roleId": role("staff") })
}

fn a_refusal_tells_nothing_of_foreign_keys_and_names(phr: &Phr) {
    let token = elsewhere(phr);
    let nameless = with(patient(), &json!({ "firstName": "" }));
    assert_eq!(wrong(phr, &token, "createPatientRegister", &nameless), ["REQUIRED firstName"]);
    assert_eq!(wrong(phr, phr.token(), "createPatientRegister", &nameless), ["REQUIRED firstName", "NOT_UNIQUE uuid"]);
    let long = with(user(), &json!({ "displayName": "x".repeat(101) }));
    assert_eq!(wrong(phr, &token, "createUser", &long), ["TOO_LONG displayName"]);
    assert_eq!(wrong(phr, phr.token(), "createUser", &long), ["TOO_LONG displayName", "NOT_UNIQUE username"]);
}

fn what_is_unique_everywhere_is_refused_and_the_attempt_is_on_record(phr: &Phr) {
    let token = elsewhere(phr);
    assert_eq!(wrong(phr, &token, "createPatientRegister", &patient()), ["NOT_UNIQUE uuid"]);
    assert_eq!(wrong(phr, &token, "createUser", &user()), ["NOT_UNIQUE username"]);
    // A registration with all that belongs to the patient is no way around, neither by the patient's key nor by another's.
    let phone = json!({ "uuid": PHONE, "number": "555-267-5674" });
    done(phr, "addPhone", "uuid", &with(phone.clone(), &json!({ "patientId": KEY })));
    let register = |input: &Value| wrong(phr, &token, "registerPatientWithProfile", input);
    assert_eq!(register(&json!({ "patient": patient() })), ["NOT_UNIQUE patient"]);
    assert_eq!(register(&json!({ "patient": jane(), "phones": [phone] })), ["NOT_UNIQUE phones"]);
    let several = json!([phone, { "number": "555-000-1111" }]);
    assert_eq!(register(&json!({ "patient": jane(), "phones": several })), ["NOT_UNIQUE phones"]);
    let condition = "action = 'CREATE' AND outcome = 'FAILED' AND settles IS NULL";
    let entries = shipped(&phr.database, condition, 5);
    assert_eq!(values(&entries, "resource"), ["PatientRegister", "User", "PatientRegister", "Phone", "Phone"]);
    assert_eq!(values(&entries, "fields"), ["uuid", "username", "uuid", "uuid", "uuid"]);
}
