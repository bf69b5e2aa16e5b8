//! Answers that are no lists: events, imports, exports and payloads tell of patients, and name them on record.

use phr::deed::Deed;
use phr::scope::Scope;
use serde_json::{Value, json};
use support::{Phr, on_both_databases};
use uuid::Uuid;

use super::scene::{allergy, key, nurse};
use super::{Recorded, names};
use crate::library::operator;
use crate::patients::{HOME, done, register};

on_both_databases! {
    an_event_names_the_patient_whether_or_not_the_record_is_shown,
    an_event_of_a_merger_names_both_patients,
    a_payload_names_the_patient_that_it_shows,
    what_is_joined_and_nested_names_its_patients,
    an_export_names_its_patient,
    a_list_of_deleted_records_is_a_question,
    an_order_alone_is_a_question,
    an_import_names_whoever_it_tells_of,
    an_import_names_whose_identifier_stands_in_its_way,
}

const PATIENT: &str = "30000000-0000-4000-8000-000000000001";
const EVENTS: &str =
    "subscription($entities: [ChangedEntity!], $after: String) { changes(entities: $entities, after: $after) {
    ... on RecordChange { operation } ... on ChangeGap { cursor } } }";

/// The deeds of whoever hears of a change that is made meanwhile, and the event.
fn heard(recorded: &Recorded, entity: &str, change: impl FnOnce()) -> (Value, Vec<Deed>) {
    let (beginning, _) = recorded.ask(&nurse(), EVENTS, &json!({ "entities": [entity] }));
    let after = beginning["data"]["changes"]["cursor"].clone();
    assert!(after.is_string(), "{beginning}");
    change();
    let (event, deeds) = recorded.ask(&nurse(), EVENTS, &json!({ "entities": [entity], "after": after }));
    assert!(event["data"]["changes"]["operation"].is_string(), "{event}");
    (event, deeds)
}

fn an_event_names_the_patient_whether_or_not_the_record_is_shown(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let recorded = Recorded::of(&phr.database);
    let rename = || drop(done(phr, "updatePatientRegister", "uuid", &json!({"uuid": patient, "lastName": "Moss"})));
    let (_, deeds) = heard(&recorded, "PATIENT_REGISTER", rename);
    assert!(deeds.iter().any(|deed| names(deed, &patient)), "{deeds:?}");
    let (_, deeds) = heard(&recorded, "PATIENT_ALLERGY", || drop(allergy(phr, &patient, "Latex")));
    assert!(deeds.iter().any(|deed| names(deed, &patient)), "{deeds:?}");
    let query = "subscription($after: String) { patientRegisterChanged(after: $after) {
        ... on PatientRegisterChange { operation } ... on ChangeGap { cursor } } }";
    let (beginning, _) = recorded.ask(&nurse(), query, &json!({}));
    let after = beginning["data"]["patientRegisterChanged"]["cursor"].clone();
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": patient, "lastName": "Lee"}));
    let (event, deeds) = recorded.ask(&nurse(), query, &json!({ "after": after }));
    assert_eq!(event["data"]["patientRegisterChanged"]["operation"], "UPDATED", "{event}");
    assert!(deeds.iter().any(|deed| names(deed, &patient)), "{deeds:?}");
}

fn an_event_of_a_merger_names_both_patients(phr: &Phr) {
    let [keep, merge] = [register(phr, &json!({})), register(phr, &json!({}))];
    let recorded = Recorded::of(&phr.database);
    let (_, deeds) = heard(&recorded, "PATIENT_MERGE", || merged(phr, &keep, &merge));
    let told = deeds.iter().find(|deed| deed.resource == "PatientMerge").unwrap_or_else(|| panic!("{deeds:?}"));
    assert!(names(told, &keep) && names(told, &merge), "{told:?}");
}

fn merged(phr: &Phr, keep: &str, merge: &str) {
    let query = "mutation($keep: UUID!, $merge: UUID!) {
        mergePatientRegisters(input: {keep: $keep, merge: $merge}) { userErrors { code } } }";
    let answer = phr.ask(query, &json!({ "keep": keep, "merge": merge }));
    assert_eq!(answer["mergePatientRegisters"]["userErrors"], json!([]), "{answer}");
}

/// Tells whether a deed that shows something names the patient.
fn is_shown(deeds: &[Deed], patient: &str) -> bool {
    deeds.iter().any(|deed| deed.query.is_none() && deed.version.is_none() && names(deed, patient))
}

fn a_payload_names_the_patient_that_it_shows(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let recorded = Recorded::of(&phr.database);
    let query = "mutation($uuid: UUID!) { updatePatientRegister(input: {uuid: $uuid, lastName: \"Moss\"}) {
        patientRegister { email } } }";
    let (response, deeds) = recorded.ask(&nurse(), query, &json!({ "uuid": patient }));
    assert!(response.get("errors").is_none(), "{response}");
    assert!(is_shown(&deeds, &patient), "what was not changed is shown: {deeds:?}");
}

fn what_is_joined_and_nested_names_its_patients(phr: &Phr) {
    let doctor = done(phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"].take();
    let patient = register(phr, &json!({ "doctorId": doctor }));
    allergy(phr, &patient, "Latex");
    let recorded = Recorded::of(&phr.database);
    let shown = |query: &str, variables: &Value| {
        let (response, deeds) = recorded.ask(&nurse(), query, variables);
        assert!(response.get("errors").is_none(), "{response}");
        deeds
    };
    let nested = "{ doctors { nodes { patientRegisters { nodes { lastName } } } } }";
    assert!(is_shown(&shown(nested, &json!({})), &patient));
    let joined = "{ patientAllergies { nodes { patientRegister { lastName } } } }";
    let deeds = shown(joined, &json!({}));
    let has_name = |deed: &&Deed| deed.fields.iter().any(|field| field.ends_with("last_name"));
    assert!(deeds.iter().filter(has_name).any(|deed| names(deed, &patient)), "{deeds:?}");
}

fn an_export_names_its_patient(phr: &Phr) {
    let patient = register(phr, &json!({}));
    let recorded = Recorded::of(&phr.database);
    let query = "query($uuid: UUID!) { exportPatientRegister(uuid: $uuid) }";
    let (response, deeds) = recorded.ask(&operator(), query, &json!({ "uuid": patient }));
    assert!(response.get("errors").is_none(), "{response}");
    assert!(deeds.iter().any(|deed| deed.resource == "PatientRegister" && names(deed, &patient)), "{deeds:?}");
}

fn a_list_of_deleted_records_is_a_question(phr: &Phr) {
    register(phr, &json!({}));
    let recorded = Recorded::of(&phr.database);
    for choice in ["ONLY", "INCLUDED"] {
        let query = format!("{{ patientRegisters(deleted: {choice}, first: 0) {{ pageInfo {{ hasNextPage }} }} }}");
        let asked = recorded.asked(&nurse(), &query, &json!({}));
        let operator = format!("deleted_at.{}", choice.to_lowercase());
        let is_told = |deed: &Deed| deed.query.as_ref().unwrap().operators.iter().any(|told| *told == operator);
        assert!(asked.iter().any(is_told), "{asked:?}");
    }
}

fn an_order_alone_is_a_question(phr: &Phr) {
    (0..3).for_each(|_| drop(register(phr, &json!({}))));
    let recorded = Recorded::of(&phr.database);
    let query = "{ patientRegisters(order: [{field: LAST_NAME}], first: 1) { nodes { uuid } } }";
    let asked = recorded.asked(&nurse(), query, &json!({}));
    assert!(asked.iter().any(|deed| deed.fields.iter().any(|field| field == "last_name")), "{asked:?}");
}

fn resources(name: &str) -> Vec<Value> {
    let condition = json!({ "resourceType": "Condition", "id": "gout", "code": { "text": "Gout" },
        "clinicalStatus": { "coding": [{ "code": "active" }] }, "subject": { "reference": format!("Patient/{PATIENT}") } });
    let patient = json!({
        "resourceType": "Patient", "id": PATIENT, "name": [{ "family": name, "given": ["Ana"] }],
        "telecom": [{ "system": "phone", "value": "555-609-6292" }], "birthDate": "1965-09-12",
        "identifier": [{ "system": "http://a.example/mrn", "value": "7" }], "address": [{ "line": ["141 Gate"] }],
    });
    vec![patient, condition]
}

/// The statuses that an import tells, and its deeds.
fn import(recorded: &Recorded, scope: &Scope, resources: &[Value], is_dry: bool) -> (Vec<String>, Vec<Deed>) {
    let entries: Vec<Value> = resources.iter().map(|resource| json!({ "resource": resource })).collect();
    let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": entries });
    let query = "mutation($input: ImportFhirInput!) { importFhir(input: $input) { outcomes { status } } }";
    let input = json!({ "bundle": bundle, "dryRun": is_dry });
    let (response, deeds) = recorded.ask(scope, query, &json!({ "input": input }));
    let outcomes = response["data"]["importFhir"]["outcomes"].as_array().unwrap_or_else(|| panic!("{response}"));
    (outcomes.iter().map(|outcome| outcome["status"].as_str().unwrap().to_owned()).collect(), deeds)
}

fn an_import_names_whoever_it_tells_of(phr: &Phr) {
    let recorded = Recorded::of(&phr.database);
    let is_told = |name: &str, expected: &str, of: &str| {
        for is_dry in [true, false] {
            let (statuses, deeds) = import(&recorded, &operator(), &resources(name)[..1], is_dry);
            assert_eq!(statuses, [expected], "{name} {is_dry}");
            let is_named = |resource: &str| deeds.iter().any(|deed| deed.resource == resource && names(deed, of));
            assert!(is_named("PatientRegister"), "{expected} {is_dry}: {deeds:?}");
        }
    };
    let (statuses, _) = import(&recorded, &operator(), &resources("Neil"), false);
    assert_eq!(statuses, ["CREATED", "CREATED"]);
    is_told("Neil", "UNCHANGED", PATIENT);
    let other = register(phr, &json!({}));
    merged(phr, &other, PATIENT);
    is_told("Neil", "SKIPPED", PATIENT);
    let undo = "mutation($uuid: UUID!) { undoPatientMerge(input: {uuid: $uuid}) { userErrors { code } } }";
    let merge = phr.ask("{ patientMerges { nodes { uuid } } }", &json!({}))["patientMerges"]["nodes"][0]["uuid"].take();
    assert_eq!(phr.ask(undo, &json!({ "uuid": merge }))["undoPatientMerge"]["userErrors"], json!([]));
    done(phr, "deletePatientRegister", "uuid", &json!({ "uuid": PATIENT }));
    is_told("Neil", "SKIPPED", PATIENT);
}

fn an_import_names_whose_identifier_stands_in_its_way(phr: &Phr) {
    let victim = register(phr, &json!({}));
    let taken = Uuid::new_v5(&PATIENT.parse().unwrap(), b"http://a.example/mrn|7").to_string();
    let [taken, owner, home] = [taken.as_str(), &victim, HOME].map(|uuid| phr.database.key(uuid));
    phr.database.sql().run(&format!(
        "INSERT INTO identifiers (uuid, patient_id, institution_id, value) VALUES ({taken}, {owner}, {home}, 'own')"
    ));
    let recorded = Recorded::of(&phr.database);
    let (statuses, deeds) = import(&recorded, &operator(), &resources("Neil")[..1], false);
    assert_eq!(statuses, ["FAILED"]);
    assert!(deeds.iter().any(|deed| deed.resource == "Identifier" && names(deed, &victim)), "{deeds:?}");
    let stays = phr.ask("{ identifiers { nodes { uuid } } }", &json!({}))["identifiers"]["nodes"].take();
    assert_eq!(stays.as_array().map(Vec::len), Some(1), "{}", key(&stays[0]["uuid"]));
}
