//! Registers that may be the same patient's: which are reported, to whom, and that this is on record.

use std::sync::Arc;

use phr::clock::SystemClock;
use phr::scope::{Boundary, InstitutionId, Scope};
use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use crate::audit::{entries, values};
use crate::library::{Library, codes, operator};
use crate::patients::{HOME, done, jane, register, with};

on_both_databases! {
    whoever_registers_a_patient_again_is_told,
    every_kind_of_agreement_is_found,
    what_is_reported_has_an_end,
    what_the_caller_may_not_see_is_not_reported,
    what_is_reported_is_on_record,
}

const REPORT: &str = "score grade reasons patientRegister { uuid lastName institution { uuid } }";

fn duplicates(phr: &Phr, of: &str) -> Vec<(String, i64)> {
    let query = format!("query($of: UUID!) {{ likelyDuplicates(of: $of) {{ {REPORT} }} }}");
    let data = phr.ask(&query, &json!({ "of": of }));
    let found = data["likelyDuplicates"].as_array().unwrap();
    let key = |one: &Value| one["patientRegister"]["uuid"].as_str().unwrap().to_owned();
    found.iter().map(|one| (key(one), one["score"].as_i64().unwrap())).collect()
}

fn whoever_registers_a_patient_again_is_told(phr: &Phr) {
    let first = register(phr, &json!({"firstName": "José", "lastName": "O'Brien"}));
    register(phr, &json!({"firstName": "Xenia", "lastName": "O'Brien", "email": "x@mail.example"}));
    let query = format!(
        "mutation($input: CreatePatientRegisterInput!) {{ createPatientRegister(input: $input) {{
            patientRegister {{ uuid }} userErrors {{ code }} likelyDuplicates {{ {REPORT} }} }} }}"
    );
    let again = with(jane(), &json!({"firstName": "jose", "lastName": "OBrien", "phoneNumber": "(555) 267 5674"}));
    let data = phr.ask(&query, &json!({ "input": again }));
    let payload = &data["createPatientRegister"];
    assert!(payload["patientRegister"]["uuid"].is_string(), "registered all the same: {payload}");
    let expected = json!([{
        "score": 85, "grade": "PROBABLE",
        "reasons": ["DATE_OF_BIRTH", "FIRST_NAME", "LAST_NAME", "PHONE_NUMBER", "EMAIL"],
        "patientRegister": {"uuid": first, "lastName": "O'Brien", "institution": {"uuid": HOME}},
    }]);
    assert_eq!(payload["likelyDuplicates"], expected);
    let refused = phr.ask(&query, &json!({"input": with(again, &json!({"email": "x"}))}));
    assert_eq!(refused["createPatientRegister"]["likelyDuplicates"], json!([]));
}

fn every_kind_of_agreement_is_found(phr: &Phr) {
    let other = |changes: &Value| {
        let apart = json!({"firstName": "Kim", "lastName": "Vo", "dateOfBirth": "1950-06-01",
                           "phoneNumber": "0000000000", "email": "kim@mail.example"});
        register(phr, &with(apart, changes))
    };
    let own = register(phr, &json!({}));
    assert_eq!(duplicates(phr, &own), []);
    let names = json!({"firstName": "Jane", "lastName": "Smith"});
    let by_birth = other(&with(names.clone(), &json!({"dateOfBirth": "1985-04-12"})));
    let by_phone =
        other(&with(names.clone(), &json!({"phoneNumber": "0555 2675674", "email": "JANE.SMITH@mail.example"})));
    let married = other(&json!({"firstName": "Jane"}));
    let namesake = other(&names);
    let same_number = other(&json!({}));
    let number = |patient: &str, system: &str| {
        let (patient, home) = (phr.database.key(patient), phr.database.key(HOME));
        let columns = "patient_id, institution_id, system, value";
        phr.database
            .sql()
            .run(&format!("INSERT INTO identifiers ({columns}) VALUES ({patient}, {home}, {system}, '17')"));
    };
    number(&own, "'urn:mrn'");
    number(&own, "NULL");
    number(&married, "'urn:mrn'");
    number(&namesake, "'urn:other'");
    number(&same_number, "'urn:mrn'");
    number(&by_birth, "NULL");
    assert_eq!(duplicates(phr, &own), [(married, 65), (by_phone.clone(), 60), (by_birth.clone(), 55)]);
    done(phr, "deletePatientRegister", "uuid", &json!({"uuid": by_phone}));
    assert_eq!(duplicates(phr, &own).iter().map(|(_, score)| *score).collect::<Vec<_>>(), [65, 55]);
    assert_eq!(duplicates(phr, &by_phone), [], "of a register that is gone");
    assert_eq!(duplicates(phr, crate::patients::NOBODY), []);
}

fn what_is_reported_has_an_end(phr: &Phr) {
    let own = register(phr, &json!({}));
    let items: Vec<Value> = (0..24).map(|_| jane()).collect();
    let query = "mutation($input: CreatePatientRegistersInput!) { createPatientRegisters(input: $input) {
        userErrors { code } } }";
    phr.ask(query, &json!({"input": {"items": items}}));
    let found = duplicates(phr, &own);
    assert_eq!(found.len(), 20);
    assert!(found.is_sorted(), "of equals, in the order of their keys");
}

fn what_the_caller_may_not_see_is_not_reported(phr: &Phr) {
    let elsewhere = done(phr, "createMedicalInstitution", "uuid", &json!({"name": "Other"}));
    let own = register(phr, &json!({}));
    register(phr, &json!({"institutionId": elsewhere["uuid"]}));
    assert_eq!(duplicates(phr, &own).len(), 1, "who may see both");
    let library = Library::of(&phr.database);
    let staff = Scope { boundary: Boundary::One(InstitutionId(HOME.parse().unwrap())), ..operator() };
    let query = format!("query($of: UUID!) {{ likelyDuplicates(of: $of) {{ {REPORT} }} }}");
    let asked = |scope: &Scope| library.ask(scope.clone(), &query, &json!({ "of": own }));
    let neighbour = register(phr, &json!({}));
    let told = asked(&staff);
    assert_eq!(told["data"]["likelyDuplicates"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["data"]["likelyDuplicates"][0]["patientRegister"]["uuid"], neighbour);
    let patient = Scope { patient: own.parse().ok(), ..staff.clone() };
    assert_eq!(asked(&patient)["data"]["likelyDuplicates"], json!([]));
    let blind = staff.permissions.without(phr::scope::Permission::ReadPatients);
    assert_eq!(codes(&asked(&Scope { permissions: blind, ..staff })), ["FORBIDDEN"]);
}

fn what_is_reported_is_on_record(phr: &Phr) {
    let own = register(phr, &json!({}));
    let twin = register(phr, &json!({"email": "other@mail.example"}));
    // Compared, and not reported.
    register(phr, &json!({"firstName": "Xenia", "email": "x@mail.example"}));
    let library = Library::witnessed(&phr.database, Arc::new(SystemClock));
    let asking = operator();
    let query = "query($of: UUID!) { likelyDuplicates(of: $of) { score patientRegister { address } } }";
    library.ask(asking.clone(), query, &json!({ "of": own }));
    library.rest();
    let request = phr.database.key(&asking.request.to_string());
    let mut found = entries(&phr.database, &format!("request_id = {request}"));
    found.retain(|entry| entry["fields"].contains("address"));
    assert_eq!((values(&found, "action"), values(&found, "patient_id")), (vec!["READ"], vec![twin.as_str()]));
    assert_eq!(values(&found, "fields"), ["uuid address first_name last_name date_of_birth phone_number email"]);
}
