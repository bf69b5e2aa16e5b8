//! FHIR as it comes: one bad part costs that part, never the patient; what is left out is listed; nothing is taken for what
//! it is not.

mod concepts;
mod containers;
mod files;
mod people;
mod references;
mod runs;
mod shapes;

use serde_json::{Value, json};
use support::Phr;

/// A UUID for a small number.
fn id(number: u32) -> String {
    format!("30000000-0000-4000-8000-{number:012}")
}

fn reference(kind: &str, number: u32) -> Value {
    json!({ "reference": format!("{kind}/{}", id(number)) })
}

/// A patient to whom nothing is wanting.
fn patient(number: u32) -> Value {
    json!({
        "resourceType": "Patient", "id": id(number),
        "identifier": [{ "system": "https://a.example/mrn", "value": format!("M-{number}") }],
        "name": [{ "use": "official", "family": "Moreau", "given": ["Lena"] }],
        "telecom": [
            { "system": "phone", "value": "555-010-0001" }, { "system": "email", "value": format!("p{number}@mail.example") },
        ],
        "birthDate": "1980-02-03",
        "address": [{ "use": "home", "line": ["1 Mill Lane"], "city": "Worcester", "state": "MA", "country": "US" }],
        "contact": [{ "name": { "text": "Kim Moreau" } }],
    })
}

fn clinic(number: u32) -> Value {
    json!({
        "resourceType": "Organization", "id": id(number), "name": format!("Clinic {number}"),
        "identifier": [{ "system": "https://a.example/clinics", "value": format!("C-{number}") }],
    })
}

fn doctor(number: u32) -> Value {
    json!({
        "resourceType": "Practitioner", "id": id(number), "name": [{ "family": format!("Lee{number}"), "given": ["Kim"] }],
        "identifier": [{ "system": "https://a.example/npi", "value": format!("N-{number}") }],
    })
}

fn active() -> Value {
    json!({ "coding": [{ "code": "active" }] })
}

fn condition(number: u32, subject: &Value) -> Value {
    json!({
        "resourceType": "Condition", "id": id(number), "clinicalStatus": active(), "code": { "text": format!("Finding {number}") },
        "subject": subject,
    })
}

fn request(number: u32, subject: &Value) -> Value {
    json!({
        "resourceType": "MedicationRequest", "id": id(number), "status": "active", "intent": "order", "subject": subject,
        "medicationCodeableConcept": { "text": format!("Remedy {number}") },
    })
}

fn encounter(number: u32, subject: &Value, institution: &Value, doctor: &Value) -> Value {
    json!({
        "resourceType": "Encounter", "id": id(number), "status": "finished", "class": { "code": "AMB" }, "subject": subject,
        "serviceProvider": institution, "participant": [{ "individual": doctor }],
    })
}

/// The resource with a member put in.
fn with(mut resource: Value, name: &str, value: Value) -> Value {
    resource[name] = value;
    resource
}

/// The resource without a member.
fn without(mut resource: Value, name: &str) -> Value {
    resource.as_object_mut().unwrap().remove(name);
    resource
}

fn bundle_of(kind: &str, resources: &[Value]) -> Value {
    let entry = |resource: &Value| json!({ "fullUrl": format!("urn:uuid:{}", resource["id"].as_str().unwrap()), "resource": resource });
    json!({ "resourceType": "Bundle", "type": kind, "entry": resources.iter().map(entry).collect::<Vec<_>>() })
}

/// What became of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    status: String,
    path: String,
    reason: String,
}

impl Told {
    fn of(outcome: &Value) -> Self {
        let text = |name: &str| outcome[name].as_str().unwrap_or_default().to_owned();
        Self { status: text("status"), path: text("path"), reason: text("reason") }
    }

    /// Whether it is of this status and says so much.
    fn is(&self, status: &str, path: &str, reason: &str) -> bool {
        self.status == status && self.path == path && self.reason.contains(reason)
    }
}

fn ask(phr: &Phr, input: &Value) -> Vec<Told> {
    let query = "mutation($input: ImportFhirInput!) { importFhir(input: $input) { outcomes { status path reason } } }";
    let answer = phr.ask(query, &json!({ "input": input }));
    answer["importFhir"]["outcomes"].as_array().unwrap().iter().map(Told::of).collect()
}

/// Imports a bundle; what became of each resource.
fn import_bundle(phr: &Phr, bundle: &Value) -> Vec<Told> {
    ask(phr, &json!({ "bundle": bundle }))
}

fn import(phr: &Phr, resources: &[Value]) -> Vec<Told> {
    import_bundle(phr, &bundle_of("collection", resources))
}

fn import_lines(phr: &Phr, resources: &[Value]) -> Vec<Told> {
    let lines: Vec<String> = resources.iter().map(Value::to_string).collect();
    ask(phr, &json!({ "ndjson": lines.join("\n") }))
}

fn statuses(outcomes: &[Told]) -> Vec<&str> {
    outcomes.iter().map(|told| told.status.as_str()).collect()
}

/// A patient's register, with what belongs to it.
fn register(phr: &Phr, number: u32) -> Value {
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) {
        firstName lastName dateOfBirth phoneNumber email address status allergies medicalHistory currentMedications
        institution { name } doctor { lastName } conditions { nodes { display code status } }
        medications { nodes { display code dose } }
        identifiers { nodes { system value } } addresses { nodes { street purpose isPrimary } } } }";
    phr.ask(query, &json!({ "uuid": id(number) }))["patientRegister"].take()
}
