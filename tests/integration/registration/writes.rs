//! What a registration writes, and how it is on record.

use serde_json::json;
use support::{Phr, on_both_databases};

use super::{LISTS, answer, everything, faults, registered, rows};
use crate::audit::{Entry, about, shipped};
use crate::patients::{fault, jane, with};

on_both_databases! {
    a_patient_is_registered_with_everything_that_was_told,
    a_patient_may_have_nothing_more,
    codes_are_completed_from_the_catalogues,
    a_repeated_registration_registers_once,
    whoever_is_registered_again_is_reported,
    all_of_it_is_in_the_log_and_on_record,
    what_the_database_refuses_in_the_end_leaves_nothing,
}

fn a_patient_is_registered_with_everything_that_was_told(phr: &Phr) {
    let patient = registered(phr, &everything());
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { firstName status version
        healthProfile { heightCm smoking cigarettesPerDay }
        emails(order: [{field: ADDRESS}]) { nodes { address isPrimary } }
        phones { nodes { number countryCode isPrimary } }
        addresses { nodes { street city purpose } }
        identifiers { nodes { system value typeCode } }
        conditions(order: [{field: ONSET_DATE}]) { nodes { display onsetDate status } }
        medications { nodes { display dose status } }
        allergyIntolerances { nodes { display severity reaction } } } }";
    let mut read = phr.ask(query, &json!({ "uuid": patient }))["patientRegister"].take();
    let expected = json!({
        "firstName": "Jane", "status": "PENDING", "version": 1,
        "healthProfile": {"heightCm": 170, "smoking": "CURRENT", "cigarettesPerDay": 5},
        "emails": {"nodes": [{"address": "jane@mail.example", "isPrimary": true},
                             {"address": "jane@work.example", "isPrimary": false}]},
        "phones": {"nodes": [{"number": "555-267-5674", "countryCode": "+1", "isPrimary": true}]},
        "addresses": {"nodes": [{"street": "12 Mill Lane", "city": "Springfield", "purpose": "HOME"}]},
        "identifiers": {"nodes": [{"system": "urn:mrn", "value": "17", "typeCode": "MR"}]},
        "medications": {"nodes": [{"display": "Ibuprofen", "dose": "1 tablet", "status": "ACTIVE"}]},
        "allergyIntolerances": {"nodes": [{"display": "Latex", "severity": "MILD", "reaction": "hives"}]},
    });
    let conditions = read.as_object_mut().unwrap().remove("conditions").unwrap();
    assert_eq!(read, expected);
    // The same fact may be told twice.
    assert_eq!(conditions["nodes"].as_array().unwrap().len(), 2, "{conditions}");
}

fn a_patient_may_have_nothing_more(phr: &Phr) {
    registered(phr, &json!({ "patient": jane() }));
    let totals: Vec<String> = LISTS.iter().map(|(_, list, ..)| format!("{list} {{ totalCount }}")).collect();
    let found = phr.ask(&format!("{{ healthProfiles {{ totalCount }} {} }}", totals.join(" ")), &json!({}));
    assert!(found.as_object().unwrap().values().all(|list| list["totalCount"] == 0), "{found}");
}

fn codes_are_completed_from_the_catalogues(phr: &Phr) {
    let entry = json!({"system": "http://snomed.info/sct", "code": "195967001", "name": "Asthma"});
    let key = crate::patients::done(phr, "createMedicalCondition", "uuid", &entry)["uuid"].take();
    let coded = json!({"system": entry["system"], "code": entry["code"]});
    let input = json!({"patient": jane(), "conditions": [coded], "allergies": [{"medicalConditionId": key}]});
    let patient = registered(phr, &input);
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) {
        conditions { nodes { display medicalCondition { uuid } } }
        allergyIntolerances { nodes { display code } } } }";
    let found = phr.ask(query, &json!({ "uuid": patient }))["patientRegister"].take();
    let expected = json!({
        "conditions": {"nodes": [{"display": "Asthma", "medicalCondition": {"uuid": key}}]},
        "allergyIntolerances": {"nodes": [{"display": "Asthma", "code": "195967001"}]},
    });
    assert_eq!(found, expected);
}

fn a_repeated_registration_registers_once(phr: &Phr) {
    let wrong = with(everything(), &json!({"idempotencyKey": "again", "phones": [{"number": "12"}]}));
    assert_eq!(answer(phr, &wrong)["userErrors"][0]["code"], "TOO_SHORT");
    let input = with(everything(), &json!({"idempotencyKey": "again"}));
    let first = registered(phr, &input);
    let after = rows(&phr.database);
    assert_eq!(registered(phr, &input), first, "what was refused took no key");
    let other = with(input, &json!({"allergies": []}));
    let refused = answer(phr, &other);
    assert_eq!(refused["userErrors"][0]["code"], "IDEMPOTENCY_MISMATCH", "{refused}");
    assert_eq!(rows(&phr.database), after);
}

fn whoever_is_registered_again_is_reported(phr: &Phr) {
    let first = registered(phr, &everything());
    let again = answer(phr, &everything());
    assert!(again["patientRegister"]["uuid"].is_string(), "registered all the same: {again}");
    // The number that an issuer gave both counts too.
    assert_eq!(again["likelyDuplicates"], json!([{"score": 100, "patientRegister": {"uuid": first}}]));
}

fn all_of_it_is_in_the_log_and_on_record(phr: &Phr) {
    let before: i64 = phr.database.sql().value("SELECT coalesce(max(sequence), 0) FROM change_log").parse().unwrap();
    let patient = registered(phr, &everything());
    let logged =
        format!("SELECT entity FROM change_log WHERE operation = 'CREATED' AND sequence > {before} ORDER BY 1");
    let every = "Address Email Email HealthProfile Identifier PatientAllergy PatientCondition PatientCondition \
        PatientMedication PatientRegister Phone";
    assert_eq!(phr.database.sql().column(&logged).join(" "), every);
    let own = format!("{} AND action = 'CREATE'", about(&phr.database, &patient));
    let mut found = shipped(&phr.database, &own, 22);
    assert_eq!(found.len(), 22);
    found.sort_by_key(|entry| entry["resource"].clone());
    let told = |outcome: &str| -> String {
        let of_outcome = |entry: &&Entry| entry["outcome"] == outcome;
        found.iter().filter(of_outcome).map(|entry| entry["resource"].as_str()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((told("INTENDED"), told("SUCCEEDED")), (every.to_owned(), every.to_owned()));
    let requests: std::collections::BTreeSet<_> = found.iter().map(|entry| &entry["request_id"]).collect();
    assert_eq!(requests.len(), 1);
}

/// By a rule that the server does not know of: the last of what is written fails.
fn what_the_database_refuses_in_the_end_leaves_nothing(phr: &Phr) {
    let of_another = json!({"patient": jane(), "allergies": [{"display": "Latex"}]});
    registered(phr, &of_another);
    phr.database.sql().run("CREATE UNIQUE INDEX patient_allergies_display_key ON patient_allergies (display)");
    let expected = [fault("NOT_UNIQUE", "input.allergies.0.display")];
    assert_eq!(faults(phr, &everything()), expected);
    // Of several the database does not say which.
    let several = json!([{"display": "Pollen"}, {"display": "Latex"}]);
    let several = with(everything(), &json!({ "allergies": several }));
    assert_eq!(faults(phr, &several), [fault("NOT_UNIQUE", "input.allergies")]);
    phr.database.sql().run("CREATE UNIQUE INDEX patientregister_address_key ON patientregister (address)");
    assert_eq!(faults(phr, &everything()), [fault("NOT_UNIQUE", "input.patient.address")]);
}
