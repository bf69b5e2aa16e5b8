//! What came in an earlier run is known in the next.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{
    clinic, condition, doctor, encounter, import, import_lines, patient, reference, register, request, statuses, with,
};

on_both_databases!(
    what_is_told_later_is_added_to_the_patient_of_the_database,
    what_is_told_at_the_same_time_is_added_all,
    what_ended_leaves_the_list_of_the_patient_in_the_database,
    what_identifiers_name_is_found_in_the_database,
    another_sources_patient_is_not_added_to,
    the_newer_of_two_versions_counts,
    the_same_id_of_two_servers_merges_nobody,
    the_same_id_of_two_people_in_one_input_is_nobodys,
    a_patient_that_took_anothers_place_proposes_a_merger
);

fn what_is_told_later_is_added_to_the_patient_of_the_database(phr: &Phr) {
    let lena = reference("Patient", 1);
    assert_eq!(statuses(&import_lines(phr, &[patient(1), condition(2, &lena)])), ["CREATED", "CREATED"]);
    let later = condition(3, &lena);
    assert_eq!(statuses(&import_lines(phr, std::slice::from_ref(&later))), ["CREATED"]);
    assert_eq!(register(phr, 1)["medicalHistory"], json!(["Finding 2", "Finding 3"]));
    let version = "SELECT version FROM patientregister";
    let before = phr.database.sql().value(version);
    assert_eq!(statuses(&import_lines(phr, &[later])), ["UNCHANGED"]);
    assert_eq!(phr.database.sql().value(version), before, "nothing is written twice");
    let visit = encounter(4, &lena, &reference("Organization", 7), &reference("Practitioner", 8));
    assert_eq!(statuses(&import_lines(phr, &[clinic(7), doctor(8), visit])), ["CREATED", "CREATED", "SKIPPED"]);
    let register = register(phr, 1);
    assert_eq!(
        (&register["institution"]["name"], &register["doctor"]["lastName"]),
        (&json!("Clinic 7"), &json!("Lee8"))
    );
    // Those who have a doctor keep that one.
    let other = encounter(5, &lena, &reference("Organization", 7), &reference("Practitioner", 9));
    assert_eq!(statuses(&import_lines(phr, &[doctor(9), other])), ["CREATED", "SKIPPED"]);
    assert_eq!(super::register(phr, 1)["doctor"]["lastName"], "Lee8");
}

fn what_is_told_at_the_same_time_is_added_all(phr: &Phr) {
    let lena = reference("Patient", 1);
    import_lines(phr, &[patient(1)]);
    std::thread::scope(|threads| {
        for number in 10..30 {
            let fact = condition(number, &lena);
            threads.spawn(move || assert_eq!(statuses(&import_lines(phr, &[fact])), ["CREATED"]));
        }
    });
    let list = register(phr, 1)["medicalHistory"].as_array().unwrap().len();
    assert_eq!(list, 20, "no import overwrites what another one has added");
}

fn what_ended_leaves_the_list_of_the_patient_in_the_database(phr: &Phr) {
    let lena = reference("Patient", 1);
    import_lines(phr, &[patient(1), request(2, &lena), request(3, &lena), condition(4, &lena)]);
    let stopped = with(request(2, &lena), "status", json!("stopped"));
    let wrong = with(condition(4, &lena), "verificationStatus", json!({ "coding": [{ "code": "entered-in-error" }] }));
    assert_eq!(statuses(&import_lines(phr, &[stopped, wrong])), ["UPDATED", "UPDATED"]);
    let register = register(phr, 1);
    assert_eq!(register["currentMedications"], json!(["Remedy 3"]));
    assert_eq!(register["medicalHistory"], json!([]));
    assert_eq!(register["medications"]["nodes"].as_array().unwrap().len(), 2);
}

fn what_identifiers_name_is_found_in_the_database(phr: &Phr) {
    let by = |kind: &str, system: &str, value: &str| json!({ "reference": format!("{kind}?identifier=https://a.example/{system}|{value}") });
    import(phr, &[clinic(7), doctor(20)]);
    let (place, lee) = (by("Organization", "clinics", "C-7"), by("Practitioner", "npi", "N-20"));
    let visit = encounter(40, &reference("Patient", 1), &place, &lee);
    assert_eq!(statuses(&import(phr, &[patient(1), visit])), ["CREATED", "SKIPPED"]);
    let register = register(phr, 1);
    assert_eq!(
        (&register["institution"]["name"], &register["doctor"]["lastName"]),
        (&json!("Clinic 7"), &json!("Lee20"))
    );
    let later = condition(2, &by("Patient", "mrn", "M-1"));
    let strange = condition(3, &by("Patient", "mrn", "M-2"));
    let outcomes = import(phr, &[later, strange]);
    assert_eq!(statuses(&outcomes), ["CREATED", "FAILED"], "{outcomes:?}");
    assert_eq!(super::register(phr, 1)["medicalHistory"], json!(["Finding 2"]));
}

fn another_sources_patient_is_not_added_to(phr: &Phr) {
    let entry = |base: &str, resource: &Value| {
        let url = format!(
            "https://{base}.example/{}/{}",
            resource["resourceType"].as_str().unwrap(),
            resource["id"].as_str().unwrap()
        );
        json!({ "resourceType": "Bundle", "type": "searchset", "entry": [{ "fullUrl": url, "resource": resource }] })
    };
    super::import_bundle(phr, &entry("a", &patient(1)));
    let fact = condition(2, &reference("Patient", 1));
    let told = super::import_bundle(phr, &entry("b", &fact));
    assert!(told[0].is("FAILED", "Condition.subject", "nor of its source in the database"), "{told:?}");
    assert_eq!(statuses(&super::import_bundle(phr, &entry("a", &fact))), ["CREATED"]);
}

fn the_newer_of_two_versions_counts(phr: &Phr) {
    let version = |number: u32, at: &str| json!({ "versionId": number.to_string(), "lastUpdated": at });
    let old = with(patient(1), "meta", version(1, "2020-01-01T00:00:00Z"));
    let new = with(with(patient(1), "birthDate", json!("1980-02-04")), "meta", version(2, "2021-01-01T00:00:00Z"));
    let lena = reference("Patient", 1);
    let past = with(condition(2, &lena), "meta", json!({ "versionId": "1" }));
    let present =
        with(with(condition(2, &lena), "meta", json!({ "versionId": "2" })), "code", json!({ "text": "Present" }));
    let outcomes = import(phr, &[old, past, present, new]);
    assert_eq!(statuses(&outcomes), ["SKIPPED", "SKIPPED", "CREATED", "CREATED"], "{outcomes:?}");
    assert!(outcomes[0].reason.contains("older version"), "{outcomes:?}");
    let register = register(phr, 1);
    assert_eq!((&register["dateOfBirth"], &register["medicalHistory"]), (&json!("1980-02-04"), &json!(["Present"])));
}

/// A patient of a server that has no name, by an id that any server may use.
fn unnamed(family: &str, birth: &str, number: u32) -> Value {
    let named = with(patient(number), "name", json!([{ "family": family, "given": ["Lena"] }]));
    with(with(named, "birthDate", json!(birth)), "id", json!("7"))
}

fn fact(number: u32) -> Value {
    condition(number, &json!({ "reference": "Patient/7" }))
}

fn the_same_id_of_two_servers_merges_nobody(phr: &Phr) {
    assert_eq!(statuses(&import_lines(phr, &[unnamed("Moreau", "1980-02-03", 1), fact(2)])), ["CREATED", "CREATED"]);
    let other = [unnamed("Ruiz", "1990-02-03", 3), fact(4)];
    let told = import_lines(phr, &other);
    assert!(told[0].is("FAILED", "", "does not name its server"), "{told:?}");
    assert_eq!(told[1].status, "FAILED", "{told:?}");
    // Without the patient only the id tells whose it is.
    let told = import_lines(phr, &[fact(5)]);
    assert!(told[0].is("FAILED", "Condition.subject", "Name the server"), "{told:?}");
    // The same person, who has married.
    let married = unnamed("Lindqvist", "1980-02-03", 1);
    assert_eq!(statuses(&import_lines(phr, &[married])), ["UPDATED"]);
    let lines = |resources: &[Value]| resources.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let told = super::ask(phr, &json!({ "ndjson": lines(&other), "base": "https://b.example/fhir" }));
    assert_eq!(statuses(&told), ["CREATED", "CREATED"], "{told:?}");
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM patientregister"), "2");
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM patient_conditions"), "2");
}

fn the_same_id_of_two_people_in_one_input_is_nobodys(phr: &Phr) {
    let told = import_lines(phr, &[unnamed("Moreau", "1980-02-03", 1), unnamed("Ruiz", "1990-02-03", 3), fact(4)]);
    assert_eq!(statuses(&told), ["FAILED"; 3], "{told:?}");
    assert!(told[0].reason.contains("two people have this id"), "{told:?}");
    let told = import_lines(phr, &[unnamed("Moreau", "1980-02-03", 1), unnamed("Ruiz", "1990-02-03", 1), fact(4)]);
    assert_eq!(statuses(&told), ["CREATED", "FAILED", "CREATED"], "the identifier is the same: {told:?}");
}

fn a_patient_that_took_anothers_place_proposes_a_merger(phr: &Phr) {
    let link = |kind: &str, number: u32| json!([{ "other": reference("Patient", number), "type": kind }]);
    let former = with(patient(1), "link", link("replaced-by", 2));
    let present = with(patient(2), "link", link("replaces", 1));
    let told = import(phr, &[former, present]);
    let advice = format!("keep {}, merge {}", super::id(2), super::id(1));
    for told in &told {
        assert!(told.is("CREATED", "Patient.link[0]", &advice), "{told:?}");
    }
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM patientregister WHERE merged_into IS NULL"), "2");
}
