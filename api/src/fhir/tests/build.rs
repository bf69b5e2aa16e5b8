//! Small resources to import.

use serde_json::{Value, json};

pub(super) const MRN: &str = "http://hospital.example/mrn";

/// A UUID for a small number.
pub(super) fn uuid(number: u32) -> String {
    uuid::Uuid::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0000 + u128::from(number)).to_string()
}

/// `urn:uuid:..` of a small number.
pub(super) fn urn(number: u32) -> Value {
    json!({ "reference": format!("urn:uuid:{}", uuid(number)) })
}

pub(super) fn bundle(resources: &[Value]) -> Value {
    let entry = |resource: &Value| json!({ "fullUrl": format!("urn:uuid:{}", resource["id"].as_str().unwrap()), "resource": resource });
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": resources.iter().map(entry).collect::<Vec<_>>() })
}

pub(super) fn patient(number: u32) -> Value {
    json!({
        "resourceType": "Patient",
        "id": uuid(number),
        "identifier": [{
            "type": { "coding": [{ "code": "MR" }] },
            "system": MRN,
            "value": format!("mrn-{number}"),
        }],
        "name": [
            { "use": "maiden", "family": "Früher", "given": ["Ana"] },
            { "use": "official", "family": "O'Neil2", "given": ["Ana", "María"] },
        ],
        "telecom": [{ "system": "phone", "value": "555-609-6292" }],
        "birthDate": "1965-09-12",
        "address": [{ "line": ["141 Gate Unit 24"], "city": "Worcester", "state": "MA", "postalCode": "01545", "country": "US" }],
    })
}

pub(super) fn organization(number: u32) -> Value {
    json!({
        "resourceType": "Organization",
        "id": uuid(number),
        "name": format!("Hospital {number}"),
        "telecom": [{ "system": "phone", "value": "5087999000" }],
        "address": [{ "line": ["107 LINCOLN STREET"], "city": "WORCESTER" }],
    })
}

pub(super) fn practitioner(number: u32) -> Value {
    json!({
        "resourceType": "Practitioner",
        "id": uuid(number),
        "identifier": [{ "system": "http://hl7.org/fhir/sid/us-npi", "value": format!("{number}") }],
        "name": [{ "family": "Hegmann", "given": ["Racquel"] }],
    })
}

pub(super) fn encounter(number: u32, patient: u32, organization: u32, practitioner: u32, at: &str) -> Value {
    json!({
        "resourceType": "Encounter",
        "id": uuid(number),
        "status": "finished",
        "class": { "code": "AMB" },
        "subject": urn(patient),
        "participant": [{ "individual": urn(practitioner) }],
        "period": { "start": at },
        "serviceProvider": urn(organization),
    })
}

pub(super) fn condition(number: u32, patient: u32, text: &str, status: &str) -> Value {
    json!({
        "resourceType": "Condition",
        "id": uuid(number),
        "clinicalStatus": { "coding": [{ "code": status }] },
        "code": { "coding": [{ "display": "not this" }], "text": text },
        "subject": urn(patient),
    })
}

pub(super) fn allergy(number: u32, patient: u32, display: &str) -> Value {
    json!({
        "resourceType": "AllergyIntolerance",
        "id": uuid(number),
        "clinicalStatus": { "coding": [{ "code": "active" }] },
        "code": { "coding": [{ "display": display }] },
        "patient": urn(patient),
    })
}

pub(super) fn medication(number: u32, patient: u32, text: &str, status: &str) -> Value {
    json!({
        "resourceType": "MedicationRequest",
        "id": uuid(number),
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": { "text": text },
        "subject": urn(patient),
    })
}

/// One patient with everything.
pub(super) fn whole_patient() -> Vec<Value> {
    vec![
        patient(1),
        organization(100),
        organization(101),
        practitioner(200),
        practitioner(201),
        encounter(300, 1, 100, 200, "2001-01-01T10:00:00+01:00"),
        encounter(301, 1, 101, 201, "2010-01-01T10:00:00+01:00"),
        encounter(302, 1, 101, 200, "2002-01-01T10:00:00+01:00"),
        condition(400, 1, "Prediabetes", "active"),
        condition(401, 1, "Cold", "resolved"),
        condition(402, 1, "Prediabetes", "recurrence"),
        allergy(500, 1, "Allergy to mould"),
        medication(600, 1, "Amoxicillin 250 MG", "stopped"),
        medication(601, 1, "Insulin", "active"),
        json!({ "resourceType": "Observation", "id": uuid(700) }),
    ]
}
