//! A stale change is refused with the present record, as far as the caller may see it, and the fields that differ.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::schema::{list, text};
use crate::library::codes;
use crate::patients::{HOME, done, jane, register};

on_both_databases! {
    a_stale_change_returns_the_present_record,
    a_stale_change_of_a_deleted_record_returns_it,
    what_the_caller_may_not_see_is_not_returned,
    every_payload_with_an_expected_version_has_the_present_record,
}

const UPDATE: &str = "mutation($input: UpdatePatientRegisterInput!) { updatePatientRegister(input: $input) {
    patientRegister { uuid } userErrors { code params { expectedVersion currentVersion differingFields } }
    current { version address lastName allergies emails { nodes { address } } } } }";

/// A register at version 2, whose first version had another address.
fn changed(phr: &Phr) -> String {
    let uuid = register(phr, &json!({"allergies": ["Latex"]}));
    done(phr, "addEmail", "uuid", &json!({"patientId": uuid, "address": "jane@mail.example"}));
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": uuid, "address": "1 New Road"}));
    uuid
}

fn a_stale_change_returns_the_present_record(phr: &Phr) {
    let uuid = changed(phr);
    let own = json!({"address": "2 Own Road", "lastName": "Smith", "dateOfDeath": null, "allergies": ["Latex"]});
    let stale = crate::patients::with(json!({"uuid": uuid, "expectedVersion": 1}), &own);
    let payload = phr.ask(UPDATE, &json!({ "input": stale }))["updatePatientRegister"].take();
    let expected = json!({
        "patientRegister": null,
        "userErrors": [{"code": "VERSION_CONFLICT", "params": {
            "expectedVersion": 1, "currentVersion": 2, "differingFields": ["address"],
        }}],
        "current": {"version": 2, "address": "1 New Road", "lastName": "Smith", "allergies": ["Latex"],
            "emails": {"nodes": [{"address": "jane@mail.example"}]}},
    });
    assert_eq!(payload, expected);
    let fresh = crate::patients::with(stale.clone(), &json!({"expectedVersion": 2}));
    let payload = phr.ask(UPDATE, &json!({ "input": fresh }))["updatePatientRegister"].take();
    assert_eq!((&payload["userErrors"], &payload["current"]), (&json!([]), &Value::Null), "{payload}");
    let delete = "mutation($input: DeletePatientRegisterInput!) { deletePatientRegister(input: $input) {
        userErrors { code params { differingFields } } current { version } } }";
    let payload =
        phr.ask(delete, &json!({"input": {"uuid": uuid, "expectedVersion": 1}}))["deletePatientRegister"].take();
    assert_eq!(
        (&payload["userErrors"][0]["params"], &payload["current"]),
        (&json!({"differingFields": []}), &json!({"version": 3}))
    );
}

fn a_stale_change_of_a_deleted_record_returns_it(phr: &Phr) {
    let uuid = changed(phr);
    done(phr, "deletePatientRegister", "uuid", &json!({ "uuid": uuid }));
    let restore = "mutation($input: RestorePatientRegisterInput!) { restorePatientRegister(input: $input) {
        userErrors { code } current { version deletedAt } } }";
    let payload =
        phr.ask(restore, &json!({"input": {"uuid": uuid, "expectedVersion": 1}}))["restorePatientRegister"].take();
    assert_eq!(payload["userErrors"], json!([{"code": "VERSION_CONFLICT"}]));
    assert!(payload["current"]["version"] == 3 && payload["current"]["deletedAt"].is_string(), "{payload}");
}

fn what_the_caller_may_not_see_is_not_returned(phr: &Phr) {
    let uuid = changed(phr);
    let permission = |resource: &str, action: &str| json!({"resource": resource, "action": action});
    let (read, write) = (permission("PatientRegister", "read"), permission("PatientRegister", "write"));
    done(phr, "createRole", "uuid", &json!({"name": "writer", "description": "w", "permissions": [write]}));
    done(phr, "createRole", "uuid", &json!({"name": "clerk", "description": "c", "permissions": [read, write]}));
    let stale = json!({"input": {"uuid": uuid, "expectedVersion": 1, "address": "2 Own Road"}});
    let writer = phr.token_for(&["--role", "writer", "--institution", HOME]);
    let blind = phr.response_to(&writer, UPDATE, &stale)["data"]["updatePatientRegister"].take();
    assert_eq!(
        (&blind["userErrors"][0]["code"], &blind["current"]),
        (&json!("VERSION_CONFLICT"), &Value::Null),
        "{blind}"
    );
    let clerk = phr.token_for(&["--role", "clerk", "--institution", HOME]);
    let half = phr.response_to(&clerk, UPDATE, &stale);
    let current = &half["data"]["updatePatientRegister"]["current"];
    assert_eq!((&current["address"], &current["allergies"]), (&json!("1 New Road"), &Value::Null), "{half}");
    assert_eq!(codes(&half), ["FORBIDDEN"]);
    // Of another institution's record nothing is told.
    let elsewhere = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Elsewhere"}))["uuid"].take();
    let stranger = phr.token_for(&["--role", "nurse", "--institution", text(&elsewhere)]);
    let payload = phr.response_to(&stranger, UPDATE, &stale)["data"]["updatePatientRegister"].take();
    assert_eq!((&payload["userErrors"][0]["code"], &payload["current"]), (&json!("NOT_FOUND"), &Value::Null));
}

fn every_payload_with_an_expected_version_has_the_present_record(phr: &Phr) {
    let schema = super::schema::Schema::of(phr);
    let mut checked = 0;
    for mutation in list(&schema.named("Mutation")["fields"]) {
        let inputs = list(&mutation["args"]).iter().map(|input| schema.named(super::schema::named(&input["type"])));
        let mut fields = inputs.flat_map(|input| list(&input["inputFields"]));
        if !fields.any(|field| text(&field["name"]).starts_with("expected")) {
            continue;
        }
        let payload = schema.named(super::schema::named(&mutation["type"]));
        let has_current = list(&payload["fields"]).iter().any(|field| field["name"] == "current");
        assert!(has_current, "{}", mutation["name"]);
        checked += 1;
    }
    assert!(checked > 30, "{checked}");
    // The registers of a merger, too.
    let (keep, merge) = (changed(phr), done(phr, "createPatientRegister", "uuid", &jane())["uuid"].take());
    let query = "mutation($input: MergePatientRegistersInput!) { mergePatientRegisters(input: $input) {
        userErrors { code path params { currentVersion } } current { uuid version } } }";
    let stale = json!({"keep": keep, "merge": merge, "expectedKeepVersion": 1, "expectedMergeVersion": 1});
    let payload = phr.ask(query, &json!({ "input": stale }))["mergePatientRegisters"].take();
    assert_eq!(payload["current"], json!([{"uuid": keep, "version": 2}]), "{payload}");
    assert_eq!(
        payload["userErrors"],
        json!([{
            "code": "VERSION_CONFLICT", "path": ["input", "expectedKeepVersion"], "params": {"currentVersion": 2},
        }])
    );
}
