//! What writes put on record: an intent before the commit, and what became of it.

use serde_json::{Value, json};
use support::{Phr, on_both_databases, phr};

use super::{Entry, ask, entries, of_request, patients, shipped};
use crate::patients::{done, faults, jane, register, with};

on_both_databases! {
    a_write_is_intended_and_settled,
    what_a_payload_shows_is_on_record,
    each_record_of_a_batch_has_its_entries,
    what_is_refused_is_not_intended,
    an_import_is_on_record,
}

/// Action, outcome and the number of the intent, counted from the first entry.
fn outline(entries: &[Entry]) -> Vec<(String, String, Option<i64>)> {
    let number = |text: &str| text.parse::<i64>().ok();
    let first = number(&entries[0]["sequence"]).unwrap();
    let settles = |entry: &Entry| number(&entry["settles"]).map(|settles| settles - first);
    entries.iter().map(|entry| (entry["action"].clone(), entry["outcome"].clone(), settles(entry))).collect()
}

fn expected(outline: &[(&str, &str, Option<i64>)]) -> Vec<(String, String, Option<i64>)> {
    outline.iter().map(|(action, outcome, settles)| ((*action).to_owned(), (*outcome).to_owned(), *settles)).collect()
}

fn a_write_is_intended_and_settled(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    done(phr, "updatePatientRegister", "uuid", &json!({"uuid": uuid, "lastName": "Lee", "firstName": "Jane"}));
    // Nothing changes.
    done(phr, "updatePatientRegister", "version", &json!({"uuid": uuid, "lastName": "Lee"}));
    done(phr, "deletePatientRegister", "uuid", &json!({ "uuid": uuid }));
    done(phr, "restorePatientRegister", "uuid", &json!({ "uuid": uuid }));
    let own = format!("resource_id = {} AND action <> 'READ'", phr.database.key(&uuid));
    let found = shipped(&phr.database, &own, 8);
    let pairs: Vec<_> = ["CREATE", "UPDATE", "DELETE", "RESTORE"]
        .iter()
        .map(|action| {
            let of: Vec<&Entry> = found.iter().filter(|entry| entry["action"] == *action).collect();
            assert_eq!(of.len(), 2, "{action}: {found:?}");
            assert_eq!((of[0]["outcome"].as_str(), of[1]["outcome"].as_str()), ("INTENDED", "SUCCEEDED"));
            assert_eq!(of[1]["settles"], of[0]["sequence"]);
            assert_eq!((&of[0]["fields"], &of[0]["patient_id"]), (&of[1]["fields"], &uuid));
            of[0]["fields"].as_str()
        })
        .collect();
    assert!(pairs[0].contains("first_name last_name") && !pairs[0].contains("doctor_id"), "{pairs:?}");
    assert_eq!(pairs[1..], ["last_name", "deleted_at", "deleted_at"]);
    let versions = format!("SELECT version FROM audit_events WHERE {own} AND outcome = 'SUCCEEDED' ORDER BY sequence");
    assert_eq!(phr.database.sql().column(&versions), ["1", "2", "3", "4"]);
}

fn what_a_payload_shows_is_on_record(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    let query = "mutation($uuid: UUID!) { updatePatientRegister(input: {uuid: $uuid, lastName: \"Lee\"}) {
        patientRegister { allergies } } }";
    let (_, id) = ask(phr, query, &json!({ "uuid": uuid }));
    let found = of_request(phr, &id, 3);
    let all = [("UPDATE", "INTENDED", None), ("UPDATE", "SUCCEEDED", Some(0)), ("READ", "SUCCEEDED", None)];
    assert_eq!(outline(&found), expected(&all));
    assert_eq!(found[2]["fields"], "uuid allergies");
}

fn each_record_of_a_batch_has_its_entries(phr: &Phr) {
    let items: Vec<Value> = (0..3).map(|_| jane()).collect();
    let query = "mutation($input: CreatePatientRegistersInput!) { createPatientRegisters(input: $input) {
        patientRegisters { uuid } } }";
    let (response, id) = ask(phr, query, &json!({"input": {"items": items}}));
    let created = response["data"]["createPatientRegisters"]["patientRegisters"].as_array().unwrap().clone();
    let found = of_request(phr, &id, 7);
    let intents = [("CREATE", "INTENDED", None); 3];
    let outcomes = [0, 1, 2].map(|intent| ("CREATE", "SUCCEEDED", Some(intent)));
    let shown = ("READ", "SUCCEEDED", None);
    assert_eq!(outline(&found), expected(&[&intents[..], &outcomes, &[shown]].concat()));
    let mut all: Vec<&str> = created.iter().map(|record| record["uuid"].as_str().unwrap()).collect();
    all.sort_unstable();
    for part in found.chunks(3) {
        assert_eq!(patients(part), all);
    }
}

fn what_is_refused_is_not_intended(phr: &Phr) {
    let uuid = register(phr, &json!({}));
    faults(phr, "createPatientRegister", &with(jane(), &json!({"email": "nonsense"})));
    faults(phr, "createPatientRegister", &with(jane(), &json!({"uuid": uuid})));
    faults(phr, "updatePatientRegister", &json!({"uuid": uuid, "expectedVersion": 7, "lastName": "Lee"}));
    register(phr, &json!({}));
    shipped(&phr.database, "outcome = 'SUCCEEDED' AND action = 'CREATE'", 2);
    assert_eq!(entries(&phr.database, "outcome = 'INTENDED'").len(), 2);
}

fn an_import_is_on_record(server: &Phr) {
    let patient = json!({
        "resourceType": "Patient", "id": "10000000-0000-4000-8000-000000000001",
        "name": [{"use": "official", "family": "O'Neil", "given": ["Ana"]}], "birthDate": "1965-09-12",
        "telecom": [{"system": "phone", "value": "555-609-6292"}],
        "address": [{"line": ["141 Gate"], "city": "Worcester"}],
    });
    let query = "mutation($input: ImportFhirInput!) { importFhir(input: $input) { created updated } }";
    let (response, id) = ask(server, query, &json!({"input": {"ndjson": patient.to_string()}}));
    assert_eq!(response["data"]["importFhir"]["created"], 1, "{response}");
    // The register, the phone number and the address.
    let found = of_request(server, &id, 6);
    let pairs = [0, 2, 4].map(|at| [("CREATE", "INTENDED", None), ("CREATE", "SUCCEEDED", Some(at))]);
    assert_eq!(outline(&found), expected(&pairs.concat()));
    let is_own = |entry: &Entry| entry["patient_id"] == "10000000-0000-4000-8000-000000000001";
    assert!(found.iter().all(is_own), "{found:?}");
    let resources: Vec<_> = found.iter().step_by(2).map(|entry| entry["resource"].as_str()).collect();
    assert_eq!(resources, ["PatientRegister", "Phone", "Address"]);
    // To be told that nothing differs is to be shown what is there.
    let guess = with(patient.clone(), &json!({"birthDate": "1970-01-01"}));
    for (input, told) in [
        (json!({"ndjson": patient.to_string()}), "unchanged"),
        (json!({"ndjson": patient.to_string(), "dryRun": true}), "unchanged"),
        (json!({"ndjson": guess.to_string(), "dryRun": true}), "updated"),
    ] {
        let query = "mutation($input: ImportFhirInput!) { importFhir(input: $input) { unchanged updated } }";
        let (response, id) = ask(server, query, &json!({ "input": input }));
        assert_eq!(response["data"]["importFhir"][told], 1, "{response}");
        let found = of_request(server, &id, 3);
        assert_eq!(outline(&found), expected(&[("READ", "SUCCEEDED", None); 3]), "{input}");
        assert!(found.iter().all(is_own), "{found:?}");
        assert!(found[0]["fields"].contains("last_name") && found[0]["fields"].contains("date_of_birth"), "{found:?}");
    }
    // By the command, beside the running server.
    let folder = server.database.folder();
    let changed = with(patient, &json!({"birthDate": "1966-09-12"}));
    std::fs::write(folder.join("patient.json"), changed.to_string()).unwrap();
    let output = phr(folder, &["import", "fhir", "patient.json"], &[("DATABASE_URL", &server.database.url())]);
    assert!(output.succeeded(), "{output:?}");
    let updates = entries(&server.database, "action = 'UPDATE'");
    assert_eq!(outline(&updates), expected(&[("UPDATE", "INTENDED", None), ("UPDATE", "SUCCEEDED", Some(0))]));
    assert_eq!(updates[0]["fields"], "date_of_birth");
}
