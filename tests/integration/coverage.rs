//! Every root field, asked by the local operator and by somebody without any permission. A field without its line here
//! fails.

use phr::scope::{Permissions, Scope};
use serde_json::{Value, json};
use support::{Backend, Database};

use crate::library::{Library, codes, operator};

/// Who may ask without any permission.
const PUBLIC: &[&str] = &["health"];

/// One request for each root field.
const FIELDS: &[(&str, &str)] = &[
    ("health", "{ health { status } }"),
    ("migrations", "{ migrations { pending { version } } }"),
    ("node", "{ node(id: \"AQAAAAAAAEAAgAAAAAAAAAE\") { id } }"),
    ("nodes", "{ nodes(ids: [\"AQAAAAAAAEAAgAAAAAAAAAE\"]) { id } }"),
    ("patientRegister", "{ patientRegister(uuid: \"KEY\") { uuid } }"),
    ("patientRegisters", "{ patientRegisters { nodes { uuid } } }"),
    ("medicalInstitution", "{ medicalInstitution(uuid: \"KEY\") { uuid } }"),
    ("medicalInstitutions", "{ medicalInstitutions { nodes { uuid } } }"),
    ("doctor", "{ doctor(uuid: \"KEY\") { uuid } }"),
    ("doctors", "{ doctors { nodes { uuid } } }"),
    ("doctorSpecialty", "{ doctorSpecialty(uuid: \"KEY\") { uuid } }"),
    ("doctorSpecialties", "{ doctorSpecialties { nodes { uuid } } }"),
    ("auditEvents", "{ auditEvents { nodes { uuid } } }"),
    ("importFhir", "mutation { importFhir(input: {ndjson: \"\"}) { failed } }"),
    ("replicationStatus", "{ replicationStatus { nodes { address standbys { pid } walReceiver { status } } } }"),
    (
        "resetCircuitBreaker",
        "mutation { resetCircuitBreaker(input: {address: \"nowhere:1\"}) { userErrors { code } } }",
    ),
    ("createPatientRegister", "mutation { createPatientRegister(input: {PATIENT}) { patientRegister { uuid } } }"),
    (
        "createPatientRegisters",
        "mutation { createPatientRegisters(input: {items: [{PATIENT}]}) { patientRegisters { uuid } } }",
    ),
    ("updatePatientRegister", "mutation { updatePatientRegister(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("deletePatientRegister", "mutation { deletePatientRegister(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("restorePatientRegister", "mutation { restorePatientRegister(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("createMedicalInstitution", "mutation { createMedicalInstitution(input: {name: \"N\"}) { userErrors { code } } }"),
    (
        "updateMedicalInstitution",
        "mutation { updateMedicalInstitution(input: {uuid: \"KEY\"}) { userErrors { code } } }",
    ),
    ("createDoctor", "mutation { createDoctor(input: {firstName: \"A\", lastName: \"B\"}) { userErrors { code } } }"),
    ("updateDoctor", "mutation { updateDoctor(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
    ("createDoctorSpecialty", "mutation { createDoctorSpecialty(input: {name: \"N\"}) { userErrors { code } } }"),
    ("updateDoctorSpecialty", "mutation { updateDoctorSpecialty(input: {uuid: \"KEY\"}) { userErrors { code } } }"),
];

const PATIENT: &str = "firstName: \"A\", lastName: \"B\", dateOfBirth: \"1990-01-01\", email: \"a@b.de\",
    phoneNumber: \"555-267-5674\", address: \"C\", emergencyContact: \"D\"";

fn document(query: &str) -> String {
    query.replace("PATIENT", PATIENT).replace("KEY", crate::patients::NOBODY)
}

fn nobody() -> Scope {
    Scope { permissions: Permissions::NONE, ..operator() }
}

#[test]
fn every_root_field_answers_who_may_ask_and_refuses_who_may_not() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Database::new(backend);
        let library = Library::of(&database);
        let query = "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }";
        let schema = library.ask(operator(), query, &json!({}));
        let schema = &schema["data"]["__schema"];
        let mut fields: Vec<&str> = Vec::new();
        for root in ["queryType", "mutationType"] {
            fields
                .extend(schema[root]["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()));
        }
        for (name, _) in FIELDS {
            assert!(fields.contains(name), "there is no field {name} any more: remove its line");
        }
        for field in fields {
            let line = FIELDS.iter().find(|(name, _)| *name == field);
            let (_, query) = line.unwrap_or_else(|| panic!("the field {field} has no line in coverage.rs"));
            let changes = "SELECT count(*) FROM change_log";
            let before = database.sql().value(changes);
            let refused = library.ask(nobody(), &document(query), &json!({}));
            if PUBLIC.contains(&field) {
                assert_eq!(codes(&refused), Vec::<&str>::new(), "{field}: {refused}");
            } else {
                assert_eq!(codes(&refused), ["FORBIDDEN"], "{field}: {refused}");
                let shown = refused["data"].as_object().and_then(|data| data.get(field));
                assert!(shown.is_none_or(Value::is_null), "{field}: {refused}");
            }
            assert_eq!(database.sql().value(changes), before, "{field}");
            let answered = library.ask(operator(), &document(query), &json!({}));
            assert_eq!(codes(&answered), Vec::<&str>::new(), "{field}: {answered}");
        }
        let typename = library.ask(nobody(), "{ __typename }", &json!({}));
        assert_eq!(typename["data"]["__typename"], "Query");
    }
}
