//! Patients to register, and the mutations that the tests send again and again.

use serde_json::{Value, json};
use support::Phr;

/// Every field of a register.
pub(crate) const EVERY_FIELD: &str = "id uuid firstName lastName dateOfBirth dateOfDeath email phoneNumber address \
     emergencyContact allergies medicalHistory currentMedications status version createdAt updatedAt deletedAt \
     institution { uuid } doctor { uuid }";

/// The institution that exists from the first migration on.
pub(crate) const HOME: &str = "00000000-0000-4000-8000-000000000001";
/// Nobody's key.
pub(crate) const NOBODY: &str = "6c1f7d1e-0000-4000-8000-00000000dead";

/// An input that breaks no rule and leaves out what can be left out.
pub(crate) fn jane() -> Value {
    json!({
        "firstName": "Jane",
        "lastName": "Smith",
        "dateOfBirth": "1985-04-12",
        "email": "jane.smith@mail.example",
        "phoneNumber": "+1 555-267-5674",
        "address": "12 Mill Lane, Springfield",
        "emergencyContact": "John Smith",
    })
}

/// An object, changed by another.
pub(crate) fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("changes are an object") {
        object[name] = value.clone();
    }
    object
}

/// A mutation's payload: its record with these fields, and its user errors.
pub(crate) fn mutate(phr: &Phr, mutation: &str, fields: &str, input: &Value) -> Value {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let record = record_field(mutation);
    let query = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {record} {{ {fields} }} userErrors {{ code message path }} }} }}"
    );
    phr.ask(&query, &json!({ "input": input }))[mutation].take()
}

/// `patientRegister` for `createPatientRegister`.
pub(crate) fn record_field(mutation: &str) -> String {
    let start = mutation.find(char::is_uppercase).expect("a mutation is a verb and a noun");
    let noun = &mutation[start..];
    format!("{}{}", noun[..1].to_lowercase(), &noun[1..])
}

/// What a mutation did; fails when it did not.
pub(crate) fn done(phr: &Phr, mutation: &str, fields: &str, input: &Value) -> Value {
    let mut payload = mutate(phr, mutation, fields, input);
    assert_eq!(payload["userErrors"], json!([]), "{mutation} {input}");
    payload[record_field(mutation)].take()
}

/// The code and the path of each rule that an input breaks; fails when something was written all the same.
pub(crate) fn faults(phr: &Phr, mutation: &str, input: &Value) -> Vec<(String, String)> {
    let payload = mutate(phr, mutation, "uuid", input);
    let record = &payload[record_field(mutation)];
    assert!(record.is_null() || record == &json!([]), "{mutation} {input} was carried out: {payload}");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let errors = payload["userErrors"].as_array().expect("a list");
    let path = |error: &Value| error["path"].as_array().expect("a list").iter().map(text).collect::<Vec<_>>().join(".");
    errors.iter().map(|error| (text(&error["code"]), path(error))).collect()
}

/// Registers a patient; returns the key.
pub(crate) fn register(phr: &Phr, changes: &Value) -> String {
    let created = done(phr, "createPatientRegister", "uuid", &with(jane(), changes));
    created["uuid"].as_str().expect("a key").to_owned()
}

/// A register as ordinary reads show it.
pub(crate) fn read(phr: &Phr, uuid: &str) -> Value {
    let query = format!("query($uuid: UUID!) {{ patientRegister(uuid: $uuid) {{ {EVERY_FIELD} }} }}");
    phr.ask(&query, &json!({ "uuid": uuid }))["patientRegister"].take()
}

/// How many registers there are, deleted ones included.
pub(crate) fn count(phr: &Phr) -> u64 {
    let data = phr.ask("{ patientRegisters(deleted: INCLUDED) { totalCount } }", &json!({}));
    data["patientRegisters"]["totalCount"].as_u64().expect("a number")
}

/// One broken rule, as [`faults`] tells it.
pub(crate) fn fault(code: &str, path: &str) -> (String, String) {
    (code.to_owned(), path.to_owned())
}
