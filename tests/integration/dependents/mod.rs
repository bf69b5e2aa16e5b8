//! What belongs to a patient: profile, contacts, conditions, medications, allergies, identifiers.

mod bad_input;
mod permissions;
mod reads;
mod rules;
mod writes;

use serde_json::{Value, json};
use support::Phr;

use crate::patients::done;

/// The tables, in the order of the migration, but for `identifiers`.
const TABLES: [&str; 7] = [
    "health_profiles",
    "emails",
    "phones",
    "addresses",
    "patient_conditions",
    "patient_medications",
    "patient_allergies",
];

const SNOMED: &str = "http://snomed.info/sct";
const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";

/// Each kind, as the schema names it: the type, its list at the root and its field of a register, and what to add.
fn kinds() -> [(&'static str, &'static str, &'static str, Value); 8] {
    [
        ("HealthProfile", "healthProfiles", "healthProfile", json!({"heightCm": 170})),
        ("Email", "emails", "emails", json!({"address": "a@b.de"})),
        ("Phone", "phones", "phones", json!({"number": "555-267-5674"})),
        ("Address", "addresses", "addresses", json!({"street": "1 Oak Avenue"})),
        ("Identifier", "identifiers", "identifiers", json!({"value": "17"})),
        ("PatientCondition", "patientConditions", "conditions", json!({"display": "Asthma"})),
        ("PatientMedication", "patientMedications", "medications", json!({"display": "Ibuprofen"})),
        ("PatientAllergy", "patientAllergies", "allergyIntolerances", json!({"display": "Latex"})),
    ]
}

/// Adds a record to a patient; these fields of it.
fn add(phr: &Phr, kind: &str, patient: &str, fields: &str, what: &Value) -> Value {
    done(phr, &format!("add{kind}"), fields, &crate::patients::with(what.clone(), &json!({ "patientId": patient })))
}

/// An entry of a catalogue of codes; its key.
fn code(phr: &Phr, catalogue: &str, system: &str, code: &str, name: &str) -> Value {
    let entry = json!({"system": system, "code": code, "name": name});
    done(phr, &format!("create{catalogue}"), "uuid", &entry)["uuid"].take()
}
