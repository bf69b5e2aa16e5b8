//! Every root field, asked with emergency access to one patient of another institution.

use phr::scope::{Boundary, InstitutionId, Permissions, Scope};
use serde_json::{Value, json};
use support::{Backend, Database};
use uuid::Uuid;

use super::{CATALOGUES, DEPENDENTS, NODE, PUBLIC, document, requests};
use crate::library::{Library, codes, operator};
use crate::patients::HOME;

const PATIENT: &str = "a0000000-0000-4000-8000-000000000003";

/// What it is for, beside catalogues and what belongs to patients: reading the record, writing into it, and knowing whose
/// hands the patient is in.
const GIVEN: &[&str] = &[
    "viewer",
    "node",
    "nodes",
    "patientRegister",
    "patientRegisters",
    "appointment",
    "appointments",
    "medicalInstitution",
    "medicalInstitutions",
    "doctor",
    "doctors",
    "doctorSpecialty",
    "doctorSpecialties",
    "exportPatientRegister",
    "updatePatientRegister",
    "patientRegisterChanged",
    "changes",
];

fn is_given(field: &str) -> bool {
    let noun = |one: &str| format!("{}{}", one[..1].to_uppercase(), &one[1..]);
    let written = |one: &str| ["add", "update", "remove"].map(|verb| format!("{verb}{}", noun(one)));
    PUBLIC.contains(&field)
        || GIVEN.contains(&field)
        || CATALOGUES.iter().any(|(one, many, _)| [*one, *many].contains(&field))
        || DEPENDENTS
            .iter()
            .any(|(one, many, _)| [*one, *many].contains(&field) || written(one).iter().any(|written| written == field))
}

/// As the token has it that `breakGlass` hands out.
fn with_emergency_access() -> Scope {
    Scope {
        boundary: Boundary::One(InstitutionId(HOME.parse().unwrap())),
        patient: Some(PATIENT.parse().unwrap()),
        grant: Some(Uuid::new_v4()),
        permissions: Permissions::TREATING,
        ..operator()
    }
}

#[test]
fn emergency_access_covers_one_patients_record_and_nothing_else() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Database::new(backend);
        let library = Library::of(&database);
        let create = format!(
            "mutation {{ createPatientRegister(input: {{uuid: \"{PATIENT}\", {}}}) {{ userErrors {{ code }} }} }}",
            super::PATIENT
        );
        library.ask(operator(), &create, &json!({}));
        for (field, query) in requests() {
            let answer = library.ask(with_emergency_access(), &document(&query, PATIENT, NODE), &json!({}));
            let is_refused = codes(&answer).contains(&"FORBIDDEN");
            assert_eq!(is_refused, !is_given(&field), "{field}: {answer}");
            assert!(!is_refused || answer["data"].is_null(), "{field}: {answer}");
        }
        // Neither beside a field that it covers, nor in a fragment.
        for query in [
            "{ viewer { role } auditEvents { nodes { uuid } } }",
            "{ viewer { role } ...more } fragment more on Query { ... { trail: auditEvents { totalCount } } }",
        ] {
            let answer = library.ask(with_emergency_access(), query, &json!({}));
            assert_eq!((codes(&answer), &answer["data"]), (vec!["FORBIDDEN"], &Value::Null), "{answer}");
        }
    }
}
