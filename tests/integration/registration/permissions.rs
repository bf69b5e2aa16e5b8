//! Who may register a patient with what.

use phr::scope::{Boundary, InstitutionId, Permission, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{LISTS, everything, rows};
use crate::library::{Library, codes, operator};
use crate::patients::{HOME, done, jane, register, with};

on_both_databases! {
    who_may_not_see_the_clinical_record_registers_no_part_of_it,
    who_may_not_write_registers_nobody,
    nobody_is_registered_at_another_institution,
    a_patient_registers_nobody,
}

fn tried(phr: &Phr, library: &Library, scope: &Scope, input: &Value) -> (Vec<String>, Value) {
    let before = rows(&phr.database);
    let query = "mutation($input: RegisterPatientWithProfileInput!) { registerPatientWithProfile(input: $input) {
        patientRegister { institution { uuid } } userErrors { code path } } }";
    let mut answer = library.ask(scope.clone(), query, &json!({ "input": input }));
    let codes: Vec<String> = codes(&answer).into_iter().map(ToOwned::to_owned).collect();
    let payload = answer["data"]["registerPatientWithProfile"].take();
    if payload["patientRegister"].is_null() {
        assert_eq!(rows(&phr.database), before, "{input}");
    }
    (codes, payload)
}

fn who_may_not_see_the_clinical_record_registers_no_part_of_it(phr: &Phr) {
    let library = Library::of(&phr.database);
    let staff = Scope { permissions: operator().permissions.without(Permission::ReadClinical), ..operator() };
    let clinical = ["conditions", "medications", "allergies"];
    let of_list = |(list, ..): &(&str, &str, &str, &str)| (json!({*list: everything()[list]}), clinical.contains(list));
    let mut parts: Vec<(Value, bool)> = LISTS.iter().map(of_list).collect();
    parts.push((json!({"healthProfile": {"heightCm": 170}}), true));
    parts.push((json!({"patient": with(jane(), &json!({"allergies": ["latex"]}))}), true));
    for (part, hidden) in parts {
        let (codes, payload) = tried(phr, &library, &staff, &with(json!({ "patient": jane() }), &part));
        let expected: &[&str] = if hidden { &["FORBIDDEN"] } else { &[] };
        assert_eq!(codes, expected, "{part}");
        assert_eq!(payload["patientRegister"].is_null(), hidden, "{part}: {payload}");
    }
}

fn who_may_not_write_registers_nobody(phr: &Phr) {
    let library = Library::of(&phr.database);
    let reader = Scope { permissions: operator().permissions.without(Permission::WritePatients), ..operator() };
    assert_eq!(tried(phr, &library, &reader, &json!({ "patient": jane() })).0, ["FORBIDDEN"]);
}

fn nobody_is_registered_at_another_institution(phr: &Phr) {
    let other = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}))["uuid"].take();
    let library = Library::of(&phr.database);
    let here = Scope { boundary: Boundary::One(phr::scope::HOME_INSTITUTION), ..operator() };
    let there =
        Scope { boundary: Boundary::One(InstitutionId(other.as_str().unwrap().parse().unwrap())), ..operator() };
    let foreign = with(everything(), &json!({"patient": with(jane(), &json!({ "institutionId": other }))}));
    let (codes, payload) = tried(phr, &library, &here, &foreign);
    assert_eq!(codes, [] as [&str; 0]);
    let path = ["input", "patient", "institutionId"];
    assert_eq!(payload["userErrors"], json!([{"code": "REFERENCE_MISSING", "path": path}]));
    for (scope, institution) in [(here, json!(HOME)), (there, other)] {
        let (_, payload) = tried(phr, &library, &scope, &everything());
        assert_eq!(payload["patientRegister"]["institution"]["uuid"], institution, "{payload}");
        for (_, _, table, _) in LISTS {
            let key = phr.database.key(institution.as_str().unwrap());
            let count = format!("SELECT count(*) > 0 FROM {table} WHERE institution_id = {key}");
            assert!(["t", "1"].contains(&phr.database.sql().value(&count).as_str()), "{table}");
        }
    }
}

fn a_patient_registers_nobody(phr: &Phr) {
    let own = register(phr, &json!({}));
    let library = Library::of(&phr.database);
    let scope =
        Scope { patient: own.parse().ok(), boundary: Boundary::One(phr::scope::HOME_INSTITUTION), ..operator() };
    assert_eq!(tried(phr, &library, &scope, &everything()).0, ["FORBIDDEN"]);
}
