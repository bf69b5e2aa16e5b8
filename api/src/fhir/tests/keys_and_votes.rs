use serde_json::json;

use super::build::{bundle, encounter, organization, patient, practitioner, urn, uuid, whole_patient};
use super::*;
use crate::scope::HOME_INSTITUTION;

#[tokio::test]
async fn a_resource_in_many_bundles_becomes_one_row() {
    let database = Database::new().await;
    let folder = database.folder.join("many");
    std::fs::create_dir(&folder).unwrap();
    for number in 1..=5 {
        let resources = [patient(number), organization(100), practitioner(200)];
        std::fs::write(folder.join(format!("{number}.json")), bundle(&resources).to_string()).unwrap();
    }
    let imported = database.import(Sources::find(&[folder])).await;
    let statuses: Vec<Status> = imported.of("Organization").iter().map(|outcome| outcome.status).collect();
    assert_eq!(statuses, [Status::Created, Status::Skipped, Status::Skipped, Status::Skipped, Status::Skipped]);
    assert_eq!(database.doctors().await.len(), 1);
    assert_eq!(database.registers().await.len(), 5);
}

#[tokio::test]
async fn without_encounters_patient_and_doctor_are_at_home() {
    let database = Database::new().await;
    database.import(document(&bundle(&[patient(1), practitioner(200), organization(100)]))).await;
    let register = &database.registers().await[0];
    assert_eq!((register.institution_id, register.doctor_id), (HOME_INSTITUTION.0, None));
    assert_eq!(database.doctors().await[0].institution_id, HOME_INSTITUTION.0);
}

#[tokio::test]
async fn a_doctor_is_where_most_of_the_encounters_were() {
    let database = Database::new().await;
    database.import(document(&bundle(&whole_patient()))).await;
    let doctors = database.doctors().await;
    let of = |number| doctors.iter().find(|doctor| doctor.uuid.to_string() == uuid(number)).unwrap().institution_id;
    // Doctor 200 was once at each: the later counts.
    assert_eq!((of(200).to_string(), of(201).to_string()), (uuid(101), uuid(101)));
}

#[tokio::test]
async fn ids_that_are_no_uuids_are_followed() {
    let database = Database::new().await;
    let base = "https://a.example/fhir";
    let entry = |mut resource: serde_json::Value, id: &str| {
        resource["id"] = json!(id);
        let kind = resource["resourceType"].as_str().unwrap().to_owned();
        json!({ "fullUrl": format!("{base}/{kind}/{id}"), "resource": resource })
    };
    let mut visit = encounter(300, 1, 100, 200, "2001");
    visit["subject"] = json!({ "reference": "Patient/p.1" });
    visit["serviceProvider"] = json!({ "reference": format!("{base}/Organization/o-1") });
    visit["participant"][0]["individual"] =
        json!({ "reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|200" });
    let entries = [
        entry(visit, "e1"),
        entry(patient(1), "p.1"),
        entry(organization(100), "o-1"),
        entry(practitioner(200), "d-1"),
    ];
    let imported =
        database.import(document(&json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries }))).await;
    assert_eq!(imported.count(Status::Failed), 0, "{:#?}", imported.outcomes);
    let register = &database.registers().await[0];
    let key = |path: &str| Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{base}/{path}").as_bytes());
    assert_eq!(register.uuid, key("Patient/p.1"));
    assert_eq!(register.institution_id, key("Organization/o-1"));
    assert_eq!(register.doctor_id, Some(key("Practitioner/d-1")));
}

#[tokio::test]
async fn a_urn_leads_to_a_resource_with_another_id() {
    let database = Database::new().await;
    let mut resources = whole_patient();
    resources[0]["id"] = json!("pat-1");
    let mut bundle = bundle(&resources);
    bundle["entry"][0]["fullUrl"] = json!(format!("urn:uuid:{}", uuid(1)));
    let imported = database.import(document(&bundle)).await;
    assert_eq!(imported.count(Status::Failed), 0, "{:#?}", imported.outcomes);
    let register = &database.registers().await[0];
    assert_eq!(register.uuid, Uuid::new_v5(&Uuid::NAMESPACE_URL, b"Patient/pat-1"));
    assert_eq!(register.medical_history.0, ["Prediabetes"]);
    assert_eq!(register.institution_id.to_string(), uuid(101));
}

#[tokio::test]
async fn what_the_database_knows_can_be_referred_to() {
    let database = Database::new().await;
    database.import(document(&bundle(&[organization(100), practitioner(200)]))).await;
    let imported = database.import(document(&bundle(&[patient(1), encounter(300, 1, 100, 200, "2001")]))).await;
    assert_eq!(imported.count(Status::Failed), 0, "{:#?}", imported.outcomes);
    assert_eq!(database.registers().await[0].institution_id.to_string(), uuid(100));
}

#[tokio::test]
async fn a_medication_by_reference_is_told_in_words_or_fails() {
    let database = Database::new().await;
    let request = |number, reference| {
        json!({
            "resourceType": "MedicationRequest", "id": uuid(number), "status": "active", "intent": "order",
            "contained": [{ "resourceType": "Medication", "id": "m", "code": { "text": "Aspirin" } }],
            "medicationReference": reference, "subject": urn(1),
        })
    };
    let resources = [
        patient(1),
        request(600, json!({ "reference": "#m" })),
        request(601, json!({ "reference": "Medication/7", "display": "Insulin" })),
        request(602, json!({ "reference": "Medication/7" })),
    ];
    let imported = database.import(document(&bundle(&resources))).await;
    assert_eq!(imported.failure().path.as_deref(), Some("MedicationRequest.medicationReference"));
    assert_eq!(database.registers().await[0].current_medications.0, ["Aspirin", "Insulin"]);
}
