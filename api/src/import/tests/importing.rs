use serde_json::json;

use super::build::{bundle, condition, patient, practitioner, uuid, whole_patient};
use super::*;

#[tokio::test]
async fn a_bundle_becomes_records() {
    let database = Database::new().await;
    let imported = database.import(document(&bundle(&whole_patient()))).await;
    assert_eq!(imported.count(Status::Failed), 0, "{:#?}", imported.outcomes);
    assert_eq!(imported.outcomes.len(), whole_patient().len());
    let registers = database.registers().await;
    let register = &registers[0];
    assert_eq!(register.uuid.to_string(), uuid(1));
    assert_eq!((register.first_name.as_str(), register.last_name.as_str()), ("Ana María", "O'Neil2"));
    assert_eq!(register.phone_number, "555-609-6292");
    assert_eq!(register.address, "141 Gate Unit 24, Worcester, MA 01545, US");
    assert_eq!((&register.email, &register.emergency_contact), (&None, &None));
    assert_eq!(register.status, "INCOMPLETE");
    assert_eq!(register.medical_history, ["Prediabetes"]);
    assert_eq!(register.allergies, ["Allergy to mould"]);
    assert_eq!(register.current_medications, ["Insulin"]);
    assert_eq!(register.institution_id.to_string(), uuid(101));
    assert_eq!(register.doctor_id.unwrap().to_string(), uuid(200));
    assert_eq!(database.number("SELECT count(*) FROM identifiers WHERE type_code = 'MR'").await, 1);
    assert_eq!(database.number("SELECT count(*) FROM patient_conditions").await, 3);
    assert_eq!(database.number("SELECT count(*) FROM patient_allergies").await, 1);
    assert_eq!(database.number("SELECT count(*) FROM patient_medications").await, 2);
    let observation = imported.of("Observation")[0];
    assert_eq!((observation.status, observation.entry), (Status::Skipped, Some(15)));
}

#[tokio::test]
async fn importing_again_changes_nothing() {
    let database = Database::new().await;
    database.import(document(&bundle(&whole_patient()))).await;
    let log = database.number("SELECT count(*) FROM change_log").await;
    let again = database.import(document(&bundle(&whole_patient()))).await;
    for status in [Status::Created, Status::Updated, Status::Failed] {
        assert_eq!(again.count(status), 0, "{:#?}", again.outcomes);
    }
    assert_eq!(again.count(Status::Unchanged), 11);
    assert_eq!(database.number("SELECT count(*) FROM change_log").await, log);
    assert_eq!(database.registers().await[0].version, 1);
}

#[tokio::test]
async fn what_differs_is_updated_and_nothing_else() {
    let database = Database::new().await;
    database.import(document(&bundle(&whole_patient()))).await;
    let mut changed = whole_patient();
    changed[0]["birthDate"] = json!("1965-09-13");
    changed[0]["identifier"][0]["type"]["coding"][0]["code"] = json!("PI");
    changed.push(condition(403, 1, "Gout", "active"));
    let imported = database.import(document(&bundle(&changed))).await;
    assert_eq!(imported.of("Patient")[0].status, Status::Updated);
    let statuses: Vec<Status> = imported.of("Condition").iter().map(|outcome| outcome.status).collect();
    assert_eq!(statuses, [Status::Unchanged, Status::Unchanged, Status::Unchanged, Status::Created]);
    assert_eq!(imported.of("AllergyIntolerance")[0].status, Status::Unchanged);
    assert_eq!(imported.of("Practitioner")[0].status, Status::Unchanged);
    let register = &database.registers().await[0];
    assert_eq!(register.version, 2);
    assert_eq!(register.medical_history, ["Prediabetes", "Gout"]);
    assert_eq!(database.number("SELECT count(*) FROM identifiers").await, 3);
    assert_eq!(database.number("SELECT count(*) FROM identifiers WHERE type_code = 'PI' AND version = 2").await, 1);
}

#[tokio::test]
async fn what_was_told_here_is_not_forgotten() {
    let database = Database::new().await;
    database.import(document(&bundle(&whole_patient()))).await;
    database
        .execute("UPDATE patientregister SET email = 'a@b.example', emergency_contact = 'Jo', status = 'VALIDATED'")
        .await;
    // Without encounters and lists, the import has nothing to say of them.
    let mut renamed = patient(1);
    renamed["name"][1]["given"] = json!(["Anna"]);
    let imported = database.import(document(&bundle(&[renamed]))).await;
    assert_eq!(imported.outcomes[0].status, Status::Updated);
    let register = &database.registers().await[0];
    assert_eq!(register.first_name, "Anna");
    assert_eq!(register.email.as_deref(), Some("a@b.example"));
    assert_eq!(register.status, "PENDING", "of somebody else than was confirmed");
    assert_eq!(register.institution_id.to_string(), uuid(101));
    assert_eq!(register.medical_history, ["Prediabetes"]);
}

#[tokio::test]
async fn a_register_with_email_and_contact_is_complete() {
    let database = Database::new().await;
    let mut whole = patient(1);
    whole["telecom"] = json!([
        { "system": "phone", "value": "555-000-0000", "use": "old" },
        { "system": "phone", "value": "555-000-0001", "rank": 2 },
        { "system": "phone", "value": "555-000-0002", "rank": 1 },
        { "system": "email", "value": "ana@mail.example" },
    ]);
    whole["contact"] = json!([
        { "name": { "text": "Somebody" } },
        { "relationship": [{ "coding": [{ "code": "C" }] }], "name": { "family": "Neil", "given": ["Jo"] } },
    ]);
    database.import(document(&bundle(&[whole]))).await;
    let register = &database.registers().await[0];
    assert_eq!(register.status, "PENDING");
    assert_eq!(register.phone_number, "555-000-0002");
    assert_eq!(register.emergency_contact.as_deref(), Some("Jo Neil"));
}

#[tokio::test]
async fn a_deleted_register_stays_deleted() {
    let database = Database::new().await;
    database.import(document(&bundle(&whole_patient()))).await;
    database.execute("UPDATE patientregister SET deleted_at = '2026-01-01T00:00:00.000000+00:00'").await;
    let imported = database.import(document(&bundle(&whole_patient()))).await;
    assert_eq!(imported.of("Patient")[0].status, Status::Skipped);
    assert_eq!(imported.of("AllergyIntolerance")[0].status, Status::Skipped);
    assert!(database.registers().await[0].deleted_at.is_some());
}

#[tokio::test]
async fn identifiers_follow_their_patient_to_another_institution() {
    let database = Database::new().await;
    database.import(document(&bundle(&whole_patient()))).await;
    let home = "x'00000000000040008000000000000001'";
    database.execute(&format!("UPDATE patientregister SET institution_id = {home}")).await;
    let moved = format!("SELECT count(*) FROM identifiers WHERE patient_id IS NOT NULL AND institution_id = {home}");
    assert_eq!(database.number(&moved).await, 1);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_tells_the_same() {
    let database = Database::new().await;
    let dry = database.import_with(document(&bundle(&whole_patient())), How::DryRun, MAX_MEMORY).await.unwrap();
    assert!(database.registers().await.is_empty() && database.doctors().await.is_empty());
    let wet = database.import(document(&bundle(&whole_patient()))).await;
    assert_eq!(dry.outcomes, wet.outcomes);
    let dry = database.import_with(document(&bundle(&whole_patient())), How::DryRun, MAX_MEMORY).await.unwrap();
    assert_eq!((dry.count(Status::Unchanged), dry.count(Status::Created)), (11, 0));
}

#[tokio::test]
async fn more_than_one_import_can_keep_in_mind_is_refused_before_anything_is_written() {
    let database = Database::new().await;
    let many: Vec<_> = (0..10).map(practitioner).collect();
    let refused = database.import_with(document(&bundle(&many)), How::Write, 4000).await;
    assert!(matches!(refused, Err(crate::error::Error::Limit(_))));
    assert!(database.doctors().await.is_empty());
}

#[tokio::test]
async fn whoever_is_bound_to_one_institution_may_not_import() {
    let database = Database::new().await;
    let mut scope = Scope::local_operator(Uuid::nil());
    scope.boundary = crate::scope::Boundary::One(crate::scope::HOME_INSTITUTION);
    let options = Options { how: How::Write, base: String::new(), memory: MAX_MEMORY };
    let mut outcomes = Collected(Vec::new());
    let sources = document(&bundle(&whole_patient()));
    let refused = import(&scope, &database.cluster, &SystemClock, sources, options, &mut outcomes).await;
    assert!(matches!(refused, Err(crate::error::Error::Forbidden(_))));
    assert!(database.registers().await.is_empty());
}
