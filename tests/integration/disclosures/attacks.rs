//! Requests that tell of a patient without showing a row: each is found with the patient.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::scene::{allergy, patients};
use crate::audit::ask;
use crate::patients::done;

on_both_databases! {
    nine_requests_that_show_nothing_are_found_with_the_patient,
}

/// The requests of an audit trail that name a patient, as auditors find them.
fn requests(phr: &Phr, patient: &str) -> Vec<String> {
    let query = "query($patient: UUID!) { auditEvents(filter: {patientId: {equal: $patient}, action: {equal: READ},
        resource: {in: [\"PatientRegister\", \"PatientAllergy\", \"Doctor\"]}}, first: 100) { nodes { requestId } } }";
    let found = phr.ask(query, &json!({ "patient": patient }));
    let nodes = found["auditEvents"]["nodes"].as_array().unwrap().clone();
    nodes.iter().map(|node| node["requestId"].as_str().unwrap().to_owned()).collect()
}

fn nine_requests_that_show_nothing_are_found_with_the_patient(phr: &Phr) {
    let patients = patients(phr);
    let (victim, other) = (&patients[11], &patients[0]);
    allergy(phr, victim, "Latex");
    let doctor = done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"].take();
    let own = json!({"uuid": {"equal": victim}});
    let filter = |more: Value| json!({"and": [own, more]});
    let hidden = |more: Value| json!({"filter": filter(more)});
    let more = "query($filter: PatientRegisterFilter) {
        patientRegisters(first: 0, filter: $filter) { pageInfo { hasNextPage } } }";
    let nodes = "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { nodes { __typename } } }";
    let count = "query($filter: PatientRegisterFilter) { patientRegisters(filter: $filter) { totalCount } }";
    let nested = "query($filter: PatientAllergyFilter, $of: UUID!) { patientRegister(uuid: $of) {
        allergyIntolerances(first: 0, filter: $filter) { pageInfo { hasNextPage } } } }";
    let doctors = "query($filter: DoctorFilter) { doctors(filter: $filter) { totalCount } }";
    let requests_made: Vec<(&str, Value)> = vec![
        // A surname letter by letter, a year of birth, an allergy; what is so and what is not.
        (more, hidden(json!({"lastName": {"startsWith": "L"}}))),
        (more, hidden(json!({"lastName": {"startsWith": "M"}}))),
        (more, hidden(json!({"dateOfBirth": {"lessThan": "1950-01-01"}}))),
        (more, hidden(json!({"allergyIntolerances": {"some": {"display": {"equal": "Latex"}}}}))),
        (count, hidden(json!({"lastName": {"contains": "pez"}}))),
        (count, json!({"filter": {"not": {"or": [own, {"lastName": {"notEqual": "Adams"}}]}}})),
        (nodes, hidden(json!({"lastName": {"equal": "Smith"}}))),
        (nested, json!({"of": victim, "filter": {"display": {"startsWith": "Pea"}}})),
        (
            doctors,
            json!({"filter": {"uuid": {"equal": doctor}, "patientRegisters": {"some": filter(json!({"lastName": {"equal": "Lopez"}}))}}}),
        ),
    ];
    let mut made: Vec<String> = Vec::new();
    for (query, variables) in &requests_made {
        let (response, id) = ask(phr, query, variables);
        assert!(response.get("errors").is_none(), "{response}");
        assert!(!response.to_string().contains("Lopez"), "{response}");
        made.push(id);
    }
    support::eventually("each request is found with the patient", || {
        let found = requests(phr, victim);
        made.iter().all(|id| found.contains(id)).then_some(())
    });
    let found = requests(phr, other);
    let matched = made.iter().filter(|id| found.contains(id)).count();
    assert_eq!(matched, 1, "the one whom a filter with `not` matched, and nothing else: {found:?} of {made:?}");
}
