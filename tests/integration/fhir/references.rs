//! References, whichever way they are written.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::{
    clinic, condition, doctor, encounter, id, import, import_lines, patient, reference, register, statuses, with,
};

on_both_databases!(
    a_general_practitioner_may_be_a_role_or_no_practitioner,
    a_role_names_its_practitioner_by_any_name,
    conditional_and_logical_references_are_followed,
    an_identifier_that_two_have_leads_nowhere,
    a_request_names_its_medication_in_any_order,
    what_an_earlier_input_told_of_roles_and_medications_is_known,
    an_id_of_a_server_without_a_name_leads_to_no_earlier_medication
);

fn role(number: u32, practitioner: &Value, organization: &Value) -> Value {
    json!({
        "resourceType": "PractitionerRole", "id": id(number), "active": true,
        "practitioner": practitioner, "organization": organization,
    })
}

fn conditional(kind: &str, system: &str, value: &str) -> Value {
    json!({ "reference": format!("{kind}?identifier=https://a.example/{system}%7C{value}") })
}

fn logical(kind: &str, system: &str, value: &str) -> Value {
    json!({ "type": kind, "identifier": { "system": format!("https://a.example/{system}"), "value": value } })
}

fn a_general_practitioner_may_be_a_role_or_no_practitioner(phr: &Phr) {
    let lee = role(30, &reference("Practitioner", 20), &reference("Organization", 7));
    let of_role = with(patient(1), "generalPractitioner", json!([reference("PractitionerRole", 30)]));
    let both = json!([reference("Organization", 7), reference("Practitioner", 99), reference("Practitioner", 20)]);
    let of_organization = with(patient(2), "generalPractitioner", both);
    let visit =
        encounter(40, &reference("Patient", 3), &reference("Organization", 7), &reference("PractitionerRole", 30));
    let outcomes = import(phr, &[clinic(7), doctor(20), lee, of_role, of_organization, patient(3), visit]);
    let expected = ["CREATED", "CREATED", "SKIPPED", "CREATED", "CREATED", "CREATED", "SKIPPED"];
    assert_eq!(statuses(&outcomes), expected, "{outcomes:?}");
    for number in 1..=3 {
        assert_eq!(register(phr, number)["doctor"]["lastName"], "Lee20", "{number}");
    }
    let told = &outcomes[4];
    assert!(told.is("CREATED", "Patient.generalPractitioner[0]", "is no practitioner"), "{told:?}");
    assert!(told.reason.contains("Patient.generalPractitioner[1]: was left out: refers to nothing"), "{told:?}");
}

fn a_role_names_its_practitioner_by_any_name(phr: &Phr) {
    let entry = |url: &str, resource: &Value| json!({ "fullUrl": url, "resource": resource });
    let by_url = format!("urn:uuid:{}", id(20));
    let lee = with(doctor(20), "id", json!("dr-1"));
    let post = role(30, &json!({ "reference": by_url }), &reference("Organization", 7));
    let elsewhere = with(doctor(21), "id", json!("dr-2"));
    let second = role(31, &conditional("Practitioner", "npi", "N-21"), &logical("Organization", "clinics", "C-7"));
    let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": [
        entry(&format!("urn:uuid:{}", id(7)), &clinic(7)), entry(&by_url, &lee),
        entry(&format!("urn:uuid:{}", id(30)), &post), entry(&format!("urn:uuid:{}", id(21)), &elsewhere),
        entry(&format!("urn:uuid:{}", id(31)), &second),
    ] });
    let outcomes = super::import_bundle(phr, &bundle);
    assert_eq!(statuses(&outcomes), ["CREATED", "CREATED", "SKIPPED", "CREATED", "SKIPPED"], "{outcomes:?}");
    let there = "SELECT count(*) FROM doctors AS own JOIN medical_institutions AS place
        ON place.uuid = own.institution_id WHERE place.name = 'Clinic 7'";
    assert_eq!(phr.database.sql().value(there), "2");
}

fn conditional_and_logical_references_are_followed(phr: &Phr) {
    let lena = with(patient(1), "generalPractitioner", json!([conditional("Practitioner", "npi", "N-20")]));
    let lena = with(lena, "managingOrganization", logical("Organization", "clinics", "C-7"));
    let facts = [
        condition(2, &json!({ "reference": "Patient?identifier=https://a.example/mrn|M-1" })),
        condition(3, &logical("Patient", "mrn", "M-1")),
        condition(4, &conditional("Patient", "mrn", "M-9")),
        condition(5, &json!({ "reference": "Patient?name=Lena" })),
    ];
    let outcomes = import(phr, &[&[lena, clinic(7), doctor(20)], &facts[..]].concat());
    let expected = ["CREATED", "CREATED", "CREATED", "CREATED", "CREATED", "FAILED", "FAILED"];
    assert_eq!(statuses(&outcomes), expected, "{outcomes:?}");
    assert_eq!(outcomes[6].path, "Condition.subject");
    let register = register(phr, 1);
    assert_eq!(
        (&register["institution"]["name"], &register["doctor"]["lastName"]),
        (&json!("Clinic 7"), &json!("Lee20"))
    );
    assert_eq!(register["medicalHistory"], json!(["Finding 2", "Finding 3"]));
}

fn an_identifier_that_two_have_leads_nowhere(phr: &Phr) {
    let same = with(doctor(21), "identifier", doctor(20)["identifier"].clone());
    let lena = with(patient(1), "generalPractitioner", json!([conditional("Practitioner", "npi", "N-20")]));
    let outcomes = import(phr, &[doctor(20), same, lena]);
    assert!(outcomes[2].is("CREATED", "Patient.generalPractitioner[0]", "was left out"), "{outcomes:?}");
    assert_eq!(register(phr, 1)["doctor"], Value::Null);
}

fn a_request_names_its_medication_in_any_order(phr: &Phr) {
    let rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
    let medication = json!({ "resourceType": "Medication", "id": "m1", "code": { "coding": [
        { "system": rxnorm, "code": "1234567", "display": "Madeupine 20 MG" }] } });
    let request = |number: u32, named: Value| {
        let whole = super::request(number, &reference("Patient", 1));
        with(super::without(whole, "medicationCodeableConcept"), "medicationReference", named)
    };
    let requests = [
        request(2, json!({ "reference": "Medication/m1" })),
        request(3, json!({ "reference": "Medication/none", "display": "Shown" })),
        request(4, json!({ "reference": "Medication/none" })),
    ];
    let outcomes = import_lines(phr, &[&requests[..], &[medication, patient(1)]].concat());
    assert_eq!(statuses(&outcomes), ["CREATED", "CREATED", "FAILED", "SKIPPED", "CREATED"], "{outcomes:?}");
    assert!(
        outcomes[2].is("FAILED", "MedicationRequest.medicationReference", "refers to no Medication"),
        "{outcomes:?}"
    );
    let register = register(phr, 1);
    let list = register["currentMedications"].as_array().unwrap();
    assert!(list.contains(&json!("Madeupine 20 MG")) && list.contains(&json!("Shown")) && list.len() == 2, "{list:?}");
    let coded = "SELECT count(*) FROM patient_medications WHERE code = '1234567' AND medication_id IS NOT NULL";
    assert_eq!(phr.database.sql().value(coded), "1");
}

fn medication(id: &str, words: &str) -> Value {
    json!({ "resourceType": "Medication", "id": id, "code": { "text": words } })
}

/// A request that names its medication without a word of what it is.
fn request_of(number: u32, medication: &str) -> Value {
    let whole = super::request(number, &reference("Patient", 1));
    let named = json!({ "reference": format!("Medication/{medication}") });
    with(super::without(whole, "medicationCodeableConcept"), "medicationReference", named)
}

fn what_an_earlier_input_told_of_roles_and_medications_is_known(phr: &Phr) {
    let lee = role(30, &reference("Practitioner", 20), &reference("Organization", 7));
    let insulin = medication(&id(31), "Insulin");
    let first = [clinic(7), doctor(20), lee, insulin.clone()];
    assert_eq!(statuses(&import_lines(phr, &first)), ["CREATED", "CREATED", "SKIPPED", "SKIPPED"]);
    let lena = with(patient(1), "generalPractitioner", json!([reference("PractitionerRole", 30)]));
    let visit =
        encounter(41, &reference("Patient", 3), &reference("Organization", 7), &reference("PractitionerRole", 30));
    let outcomes = import_lines(phr, &[lena, request_of(2, &id(31)), patient(3), visit]);
    assert_eq!(statuses(&outcomes), ["CREATED", "CREATED", "CREATED", "SKIPPED"], "{outcomes:?}");
    assert!(outcomes[0].reason.is_empty(), "{outcomes:?}");
    for number in [1, 3] {
        assert_eq!(register(phr, number)["doctor"]["lastName"], "Lee20", "{number}");
    }
    assert_eq!(register(phr, 1)["currentMedications"], json!(["Insulin"]));
    // What it says now counts; one that was an error leads nowhere any more.
    import_lines(phr, &[with(insulin.clone(), "code", json!({ "text": "Insulin glargine" }))]);
    assert_eq!(statuses(&import_lines(phr, &[request_of(4, &id(31))])), ["CREATED"]);
    assert_eq!(register(phr, 1)["currentMedications"], json!(["Insulin", "Insulin glargine"]));
    import_lines(phr, &[with(insulin, "status", json!("entered-in-error"))]);
    let outcomes = import_lines(phr, &[request_of(5, &id(31))]);
    assert!(outcomes[0].is("FAILED", "MedicationRequest.medicationReference", "or of an earlier one"), "{outcomes:?}");
}

fn an_id_of_a_server_without_a_name_leads_to_no_earlier_medication(phr: &Phr) {
    let lines = |resources: &[Value]| resources.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let from = |base: &str, resources: &[Value]| super::ask(phr, &json!({ "ndjson": lines(resources), "base": base }));
    import_lines(phr, &[patient(1), medication("m1", "Insulin")]);
    assert_eq!(statuses(&import_lines(phr, &[request_of(2, "m1")])), ["FAILED"], "another server may have the same id");
    let (hers, theirs) = ("https://a.example/fhir", "https://b.example/fhir");
    from(hers, &[with(patient(1), "id", json!("p1")), medication("m1", "Insulin")]);
    let of_hers = with(request_of(3, "m1"), "subject", json!({ "reference": "Patient/p1" }));
    assert_eq!(statuses(&from(theirs, std::slice::from_ref(&of_hers))), ["FAILED"]);
    assert_eq!(statuses(&from(hers, &[of_hers])), ["CREATED"]);
}
