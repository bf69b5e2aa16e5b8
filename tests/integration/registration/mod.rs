//! Registering a patient together with all that belongs to them, or nothing.

mod bad_input;
mod in_sql;
mod permissions;
mod writes;

use serde_json::{Value, json};
use support::{Database, Phr};

use crate::patients::jane;

/// The lists of a registration, each with the root list that shows its records, its table, and a record.
const LISTS: [(&str, &str, &str, &str); 7] = [
    ("emails", "emails", "emails", "address"),
    ("phones", "phones", "phones", "number"),
    ("addresses", "addresses", "addresses", "street"),
    ("identifiers", "identifiers", "identifiers", "value"),
    ("conditions", "patientConditions", "patient_conditions", "display"),
    ("medications", "patientMedications", "patient_medications", "display"),
    ("allergies", "patientAllergies", "patient_allergies", "display"),
];

/// What a registration answers.
fn answer(phr: &Phr, input: &Value) -> Value {
    let query = "mutation($input: RegisterPatientWithProfileInput!) { registerPatientWithProfile(input: $input) {
        patientRegister { uuid } userErrors { code message path }
        likelyDuplicates { score patientRegister { uuid } } } }";
    phr.ask(query, &json!({ "input": input }))["registerPatientWithProfile"].take()
}

/// Registers a patient; the key.
fn registered(phr: &Phr, input: &Value) -> String {
    let payload = answer(phr, input);
    assert_eq!(payload["userErrors"], json!([]), "{input}");
    payload["patientRegister"]["uuid"].as_str().expect("a key").to_owned()
}

/// The code and the path of each rule that an input breaks; fails when anything was written all the same.
fn faults(phr: &Phr, input: &Value) -> Vec<(String, String)> {
    let before = rows(&phr.database);
    let payload = answer(phr, input);
    assert!(payload["patientRegister"].is_null(), "{input} was carried out: {payload}");
    assert_eq!(rows(&phr.database), before, "nothing is half written");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let path = |error: &Value| error["path"].as_array().expect("a list").iter().map(text).collect::<Vec<_>>().join(".");
    let errors = payload["userErrors"].as_array().expect("a list");
    errors.iter().map(|error| (text(&error["code"]), path(error))).collect()
}

/// How many rows each table has that a registration writes to.
fn rows(database: &Database) -> Vec<String> {
    let tables = LISTS.iter().map(|(_, _, table, _)| *table);
    let others = ["patientregister", "health_profiles", "change_log", "idempotency_keys"];
    let mut sql = database.sql();
    tables.chain(others).map(|table| sql.value(&format!("SELECT count(*) FROM {table}"))).collect()
}

/// One record of each kind.
fn everything() -> Value {
    json!({
        "patient": jane(),
        "healthProfile": {"heightCm": 170, "smoking": "CURRENT", "cigarettesPerDay": 5},
        "emails": [{"address": "jane@mail.example", "isPrimary": true}, {"address": "jane@work.example"}],
        "phones": [{"number": "555-267-5674", "countryCode": "+1", "isPrimary": true}],
        "addresses": [{"street": "12 Mill Lane", "city": "Springfield", "purpose": "HOME"}],
        "identifiers": [{"system": "urn:mrn", "value": "17", "typeCode": "MR"}],
        "conditions": [{"display": "Asthma", "onsetDate": "2001-02-03"}, {"display": "Asthma"}],
        "medications": [{"display": "Ibuprofen", "dose": "1 tablet", "status": "ACTIVE"}],
        "allergies": [{"display": "Latex", "severity": "MILD", "reaction": "hives"}],
    })
}
