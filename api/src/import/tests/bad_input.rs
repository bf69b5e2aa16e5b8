use std::io::{self, Read};

use serde_json::{Value, json};

use super::build::{bundle, condition, encounter, organization, patient, practitioner, uuid, whole_patient};
use super::*;

fn path_and_reason(outcome: &Outcome) -> (Option<&str>, &str) {
    (outcome.path.as_deref(), outcome.reason.as_deref().unwrap_or_default())
}

/// Imports two good patients and, between them, one that is changed; what became of that one.
async fn odd_patient(change: impl FnOnce(&mut Value)) -> Outcome {
    let database = Database::new().await;
    let mut bad = patient(2);
    change(&mut bad);
    let imported = database.import(document(&bundle(&[patient(1), bad, patient(3)]))).await;
    assert_eq!(database.number("SELECT count(*) FROM patientregister").await, 3);
    let outcome = imported.outcomes[1].clone();
    assert_eq!((outcome.entry, outcome.status), (Some(2), Status::Created), "{outcome:?}");
    outcome
}

#[tokio::test]
async fn what_does_not_fit_costs_itself_and_tells_its_place() {
    let odd = odd_patient(|patient| patient["birthDate"] = json!("1880-01-01")).await;
    assert_eq!(path_and_reason(&odd), (Some("Patient.birthDate"), "was left out: must be from 1900-01-01 to today"));
    let odd = odd_patient(|patient| patient["birthDate"] = json!("1980-01")).await;
    assert_eq!(odd.path.as_deref(), Some("Patient.birthDate"));
    let odd = odd_patient(|patient| patient["name"][1]["family"] = json!("x".repeat(300))).await;
    assert_eq!(
        path_and_reason(&odd),
        (Some("Patient.name[1].family"), "was shortened: must have at most 200 characters")
    );
    let odd = odd_patient(|patient| patient["telecom"][0]["value"] = json!("at home")).await;
    assert_eq!(odd.path.as_deref(), Some("Patient.telecom[0]"));
    let odd = odd_patient(|patient| patient["address"][0]["line"] = json!(["x".repeat(490)])).await;
    assert_eq!(path_and_reason(&odd), (Some("Patient.address[0]"), "was shortened: must have at most 500 characters"));
    let odd = odd_patient(|patient| patient["identifier"][0]["value"] = json!("x".repeat(201))).await;
    assert_eq!(odd.path.as_deref(), Some("Patient.identifier[0].value"));
    let odd = odd_patient(|patient| drop(patient.as_object_mut().unwrap().remove("telecom"))).await;
    assert_eq!(path_and_reason(&odd), (None, ""));
    let odd = odd_patient(|patient| patient["name"][1]["given"] = json!("not a list")).await;
    let shape = "was left out: is not of the shape that R4 gives it";
    assert_eq!(path_and_reason(&odd), (Some("Patient.name[1].given"), shape));
    let odd = odd_patient(|patient| {
        patient["birthDate"] = json!("1880-01-01");
        patient["telecom"][0]["value"] = json!("7");
    })
    .await;
    let (path, reason) = path_and_reason(&odd);
    assert_eq!(path, Some("Patient.birthDate"));
    assert!(reason.contains("; Patient.telecom[0]: was left out: "), "{reason}");
}

#[tokio::test]
async fn reasons_tell_no_values() {
    let odd = odd_patient(|patient| patient["name"] = json!("SECRET")).await;
    assert!(!format!("{odd:?}").contains("SECRET"), "{odd:?}");
}

#[tokio::test]
async fn a_truncated_bundle_is_imported_as_far_as_it_goes() {
    let database = Database::new().await;
    let whole = bundle(&[patient(1), patient(2), patient(3)]);
    // The type comes first: before it is known nothing is imported.
    let whole = format!(r#"{{"resourceType":"Bundle","type":{},"entry":{}}}"#, whole["type"], whole["entry"]);
    let cut = &whole[..whole.len() - 200];
    let imported = database.import(Sources::one(Source::document(cut.as_bytes().to_vec()))).await;
    assert_eq!(database.registers().await.len(), 2);
    let failure = imported.failure();
    assert_eq!((failure.entry, &failure.resource_type), (Some(3), &None));
    assert_eq!(failure.reason.as_deref(), Some("ends too early; nothing behind this was read"));
}

#[tokio::test]
async fn a_list_is_no_bundle() {
    let database = Database::new().await;
    let imported = database.import(document(&json!([patient(1)]))).await;
    assert_eq!(imported.failure().reason.as_deref(), Some("is a list; a bundle or a resource is an object"));
    for (text, reason) in
        [("", "is empty"), ("hello", "is not JSON, or no object"), ("{}", "has no resourceType of FHIR")]
    {
        let imported = database.import(Sources::one(Source::document(text.as_bytes().to_vec()))).await;
        assert_eq!(imported.failure().reason.as_deref(), Some(reason), "{text}");
    }
    let history = format!(r#"{{"resourceType":"Bundle","type":"history","entry":[{{"resource":{}}}]}}"#, patient(1));
    let history = Sources::one(Source::document(history.into_bytes()));
    assert!(database.import(history).await.failure().reason.as_ref().unwrap().contains("is a history"));
    assert!(database.registers().await.is_empty());
}

#[tokio::test]
async fn one_broken_line_of_ten_thousand_is_one_failure() {
    let database = Database::new().await;
    let mut lines: Vec<String> = (1..=10_000).map(|number| organization(number).to_string()).collect();
    lines[6_999].truncate(40);
    let imported = database.import(Sources::one(Source::ndjson(lines.join("\n")))).await;
    assert_eq!(imported.count(Status::Created), 9_999);
    let failure = imported.failure();
    assert_eq!(failure.line, Some(7_000));
    assert_eq!(failure.reason.as_deref(), Some("ends too early; the rest of the line was not read"));
}

#[tokio::test]
async fn a_folder_without_fhir_says_so() {
    let database = Database::new().await;
    let folder = database.folder.join("papers");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("letter.txt"), "Dear").unwrap();
    let imported = database.import(Sources::find(std::slice::from_ref(&folder))).await;
    assert_eq!(imported.failure().file, Some(folder.display().to_string()));
    assert!(imported.failure().reason.as_ref().unwrap().starts_with("the folder has no file"));
    std::fs::write(folder.join("package.json"), r#"{"name":"x","version":"1"}"#).unwrap();
    let imported = database.import(Sources::find(&[folder])).await;
    assert_eq!(imported.failure().reason.as_deref(), Some("has no resourceType of FHIR"));
    let imported = database.import(Sources::find(&[PathBuf::from("/does/not/exist.json")])).await;
    assert_eq!(imported.failure().reason.as_deref(), Some("cannot be read: entity not found"));
}

#[tokio::test]
async fn older_fhir_is_recognised() {
    let older = [
        (json!({ "resourceType": "MedicationOrder", "id": "1" }), "MedicationOrder.resourceType"),
        (json!({ "resourceType": "Conformance", "fhirVersion": "1.0.2" }), "Conformance.fhirVersion"),
        (json!({ "resourceType": "Patient", "id": "1", "animal": {} }), "Patient.animal"),
        (json!({ "resourceType": "Condition", "id": "1", "clinicalStatus": "active" }), "Condition.clinicalStatus"),
        (json!({ "resourceType": "Condition", "id": "1", "patient": {} }), "Condition.patient"),
        (json!({ "resourceType": "Encounter", "id": "1", "class": "outpatient" }), "Encounter.class"),
        (json!({ "resourceType": "Practitioner", "id": "1", "name": {} }), "Practitioner.name"),
        (
            json!({ "resourceType": "Patient", "id": "1", "meta": { "profile": ["http://hl7.org/fhir/STU3/patient.html"] } }),
            "Patient.meta.profile",
        ),
    ];
    for (resource, path) in older {
        let database = Database::new().await;
        let imported = database.import(document(&resource)).await;
        let reason = "shows that this is FHIR DSTU2 or STU3; only R4 is imported, and R4B, which is the same here";
        assert_eq!(path_and_reason(imported.failure()), (Some(path), reason));
    }
}

#[tokio::test]
async fn a_reference_to_nothing_fails_by_itself() {
    let database = Database::new().await;
    let resources = [patient(1), condition(400, 9, "Gout", "active"), encounter(300, 1, 100, 200, "2001")];
    let imported = database.import(document(&bundle(&resources))).await;
    let condition = imported.of("Condition")[0];
    assert_eq!(
        path_and_reason(condition),
        (Some("Condition.subject"), "refers to no patient, neither of this import nor of its source in the database")
    );
    let encounter = imported.of("Encounter")[0];
    assert_eq!((encounter.status, encounter.path.as_deref()), (Status::Failed, Some("Encounter.serviceProvider")));
    assert_eq!(imported.of("Patient")[0].status, Status::Created);
}

#[tokio::test]
async fn an_institution_that_fails_takes_nobody_with_it() {
    let database = Database::new().await;
    let mut broken = whole_patient();
    broken[2]["name"] = json!(" ");
    let imported = database.import(document(&bundle(&broken))).await;
    let failures: Vec<_> = imported.outcomes.iter().filter(|outcome| outcome.status == Status::Failed).collect();
    let paths: Vec<_> = failures.iter().filter_map(|failure| failure.path.as_deref()).collect();
    let service = "Encounter.serviceProvider";
    assert_eq!(paths, ["Organization.name", service, service]);
    assert_eq!(database.registers().await[0].institution_id.to_string(), uuid(100));
}

#[tokio::test]
async fn the_same_id_with_other_content_fails_the_second_time() {
    let database = Database::new().await;
    let mut other = patient(1);
    other["birthDate"] = json!("1970-01-01");
    let imported = database.import(document(&bundle(&[patient(1), patient(1), other]))).await;
    let statuses: Vec<Status> = imported.outcomes.iter().map(|outcome| outcome.status).collect();
    assert_eq!(statuses, [Status::Created, Status::Skipped, Status::Failed]);
    assert!(imported.failure().reason.as_ref().unwrap().contains("other content"));
    assert_eq!(database.registers().await[0].date_of_birth.to_string(), "1965-09-12");
    // Again, with the same result.
    let mut other = patient(1);
    other["birthDate"] = json!("1970-01-01");
    let again = database.import(document(&bundle(&[patient(1), patient(1), other]))).await;
    assert_eq!(again.count(Status::Updated), 0);
}

#[tokio::test]
async fn a_list_takes_a_hundred_entries_and_says_so_of_the_next() {
    let database = Database::new().await;
    let mut resources = vec![patient(1)];
    resources.extend((0..101).map(|number| condition(1000 + number, 1, &format!("Condition {number}"), "active")));
    let imported = database.import(document(&bundle(&resources))).await;
    let last = imported.outcomes.last().unwrap();
    assert_eq!((last.entry, last.status), (Some(102), Status::Created));
    let reason = "was left out of the register's list, which has 100 entries already";
    assert_eq!(path_and_reason(last), (Some("Condition.code"), reason));
    assert_eq!(database.registers().await[0].medical_history.len(), 100);
    assert_eq!(database.number("SELECT count(*) FROM patient_conditions").await, 101);
    let long = [patient(2), condition(2000, 2, &"x".repeat(501), "active")];
    let imported = database.import(document(&bundle(&long))).await;
    assert_eq!(path_and_reason(imported.failure()), (Some("Condition.code"), "must have at most 500 characters"));
}

#[tokio::test]
async fn what_belongs_to_a_failed_patient_fails_too() {
    let database = Database::new().await;
    let mut broken = whole_patient();
    broken[0]["id"] = json!("p-1");
    let mut other = patient(2);
    other["id"] = json!("p-1");
    other["birthDate"] = json!("1970-01-01");
    broken.push(other);
    let mut bundle = bundle(&broken);
    bundle["entry"][0]["fullUrl"] = json!(format!("urn:uuid:{}", uuid(1)));
    let imported = database.import(document(&bundle)).await;
    let allergy = imported.of("AllergyIntolerance")[0];
    assert_eq!(allergy.reason.as_deref(), Some("refers to a patient that was not imported"));
    assert!(database.registers().await.is_empty());
    assert_eq!(database.doctors().await.len(), 2);
}

#[tokio::test]
async fn a_constraint_of_the_database_fails_one_record_and_no_other() {
    let database = Database::new().await;
    // A rule that only this database has.
    database
        .execute(
            "CREATE TRIGGER doctors_odd BEFORE INSERT ON doctors WHEN NEW.last_name = 'Odd'
             BEGIN SELECT RAISE(ABORT, 'doctors_last_name_check'); END",
        )
        .await;
    let mut doctors: Vec<Value> = (1..=20).map(practitioner).collect();
    doctors[12]["name"][0]["family"] = json!("Odd");
    let imported = database.import(document(&bundle(&doctors))).await;
    assert_eq!(imported.count(Status::Created), 19);
    assert_eq!(
        path_and_reason(imported.failure()),
        (Some("Practitioner.name[0].family"), "breaks a rule of the database")
    );
}

#[tokio::test]
async fn an_identifier_that_the_database_refuses_is_told_by_its_number() {
    let database = Database::new().await;
    // A rule that only this database has.
    database
        .execute(
            "CREATE TRIGGER identifiers_odd BEFORE INSERT ON identifiers WHEN NEW.value = 'odd'
             BEGIN SELECT RAISE(ABORT, 'identifiers_value_check'); END",
        )
        .await;
    let mut bad = patient(2);
    let other = json!({ "system": "http://a.example/other", "value": "odd" });
    bad["identifier"] = json!([bad["identifier"][0], bad["identifier"][0], other]);
    let imported = database.import(document(&bundle(&[patient(1), bad, patient(3)]))).await;
    assert_eq!(
        path_and_reason(imported.failure()),
        (Some("Patient.identifier[2].value"), "breaks a rule of the database")
    );
    assert_eq!(imported.failure().entry, Some(2));
    assert_eq!(database.registers().await.len(), 2);
}

/// `head`, so many bytes of `x`, and `tail`.
struct Huge {
    head: Vec<u8>,
    filling: u64,
    tail: Vec<u8>,
}

impl Read for Huge {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.head.is_empty() {
            let count = buffer.len().min(self.head.len());
            buffer[..count].copy_from_slice(&self.head[..count]);
            self.head.drain(..count);
            return Ok(count);
        }
        if self.filling > 0 {
            let count = buffer.len().min(usize::try_from(self.filling).unwrap_or(usize::MAX));
            buffer[..count].fill(b'x');
            self.filling -= count as u64;
            return Ok(count);
        }
        let count = buffer.len().min(self.tail.len());
        buffer[..count].copy_from_slice(&self.tail[..count]);
        self.tail.drain(..count);
        Ok(count)
    }
}

/// 5 GB in the long run of the tests; what is kept is bounded by the resource limit either way.
fn filling() -> u64 {
    if std::env::var_os("PHR_SOAK").is_some() { 5 << 30 } else { 64 << 20 }
}

#[tokio::test]
async fn gigabytes_in_one_line_fail_by_themselves() {
    for name in ["huge.json", "huge.ndjson"] {
        let database = Database::new().await;
        let huge = Source::reader(name, move || {
            let (first, last) = (patient(1).to_string(), patient(2).to_string());
            let (head, tail) = if name == "huge.json" {
                let head = r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":"#;
                (format!(r#"{head}{first}}},{{"resource":{{"id":""#), format!(r#""}}}},{{"resource":{last}}}]}}"#))
            } else {
                (format!("{first}\n{{\"id\":\""), format!("\"}}\n{last}"))
            };
            Box::new(Huge { head: head.into_bytes(), filling: filling(), tail: tail.into_bytes() })
        });
        let imported = database.import(Sources::one(huge)).await;
        let failure = imported.failure();
        assert_eq!(failure.reason.as_deref(), Some("has more than 16 MiB"));
        let place = (failure.line, failure.entry);
        assert_eq!(place, if name == "huge.json" { (None, Some(2)) } else { (Some(2), None) });
        assert_eq!(database.registers().await.len(), 2, "{name}");
    }
}
