use serde_json::{Value, json};

use super::build::{bundle, patient, urn, uuid};
use super::*;

const SNOMED: &str = "http://snomed.info/sct";
const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";

fn status(code: &str) -> Value {
    json!({ "coding": [{ "code": code }] })
}

fn asthma() -> Value {
    json!({
        "resourceType": "Condition",
        "id": uuid(400),
        "clinicalStatus": status("resolved"),
        "severity": { "coding": [{ "system": SNOMED, "code": "24484000" }] },
        "code": {
            "coding": [
                { "system": "http://hl7.org/fhir/sid/icd-10", "code": "J45" },
                { "system": SNOMED, "code": "195967001", "display": "Asthma" },
            ],
            "text": "Asthma as a child",
        },
        "subject": urn(1),
        "onsetDateTime": "1990-05-06T23:30:00-05:00",
        "abatementDateTime": "2001-02-03",
    })
}

fn amoxicillin() -> Value {
    json!({
        "resourceType": "MedicationRequest",
        "id": uuid(600),
        "status": "stopped",
        "intent": "order",
        "medicationCodeableConcept": { "coding": [{ "system": RXNORM, "code": "308182", "display": "Amoxicillin 250 MG" }] },
        "subject": urn(1),
        "authoredOn": "2012-02-07T21:45:04+00:00",
        "dosageInstruction": [{ "text": "with water", "doseAndRate": [{ "doseQuantity": { "value": 1.0, "unit": "tablet" } }] }],
    })
}

fn nuts() -> Value {
    json!({
        "resourceType": "AllergyIntolerance",
        "id": uuid(500),
        "clinicalStatus": status("active"),
        "category": ["food"],
        "code": { "coding": [{ "system": SNOMED, "code": "91935009", "display": "Allergy to peanuts" }] },
        "patient": urn(1),
        "onsetPeriod": { "start": "1999-01-01" },
        "reaction": [
            { "manifestation": [{ "text": "Hives" }], "severity": "mild" },
            { "manifestation": [{ "coding": [{ "display": "Anaphylaxis" }] }], "severity": "severe" },
        ],
    })
}

fn all() -> Vec<Value> {
    vec![patient(1), asthma(), amoxicillin(), nuts()]
}

impl Database {
    /// The first column of the only row, as text.
    async fn text(&self, sql: &str) -> String {
        let rows = self.rows(sql).await;
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0].try_get_by_index(0).unwrap()
    }
}

/// What a row says, in one text.
const CONDITION: &str =
    "SELECT concat_ws('|', own.system, own.code, own.display, entry.name, status, severity, onset_date,
    end_date, own.version) FROM patient_conditions AS own LEFT JOIN medical_conditions AS entry
    ON entry.uuid = own.medical_condition_id";

#[tokio::test]
async fn what_is_known_of_a_patient_lands_in_tables_of_its_own() {
    let database = Database::new().await;
    let imported = database.import(document(&bundle(&all()))).await;
    assert_eq!(imported.count(Status::Created), 4, "{:#?}", imported.outcomes);
    assert!(imported.outcomes.iter().all(|outcome| outcome.reason.is_none()), "{:#?}", imported.outcomes);
    assert_eq!(
        database.text(CONDITION).await,
        format!("{SNOMED}|195967001|Asthma as a child|Asthma|RESOLVED|SEVERE|1990-05-06|2001-02-03|1")
    );
    let medication = "SELECT concat_ws('|', own.system, own.code, display, entry.name, status, dose, instructions,
        start_date, end_date) FROM patient_medications AS own JOIN medications AS entry ON entry.uuid = medication_id";
    assert_eq!(
        database.text(medication).await,
        format!("{RXNORM}|308182|Amoxicillin 250 MG|Amoxicillin 250 MG|STOPPED|1.0 tablet|with water|2012-02-07")
    );
    let allergy = "SELECT concat_ws('|', own.code, display, status, category, severity, reaction, onset_date, end_date)
        FROM patient_allergies AS own JOIN medical_conditions AS entry ON entry.uuid = medical_condition_id";
    assert_eq!(
        database.text(allergy).await,
        "91935009|Allergy to peanuts|ACTIVE|FOOD|SEVERE|Hives; Anaphylaxis|1999-01-01"
    );
    let own = format!("SELECT count(*) FROM patient_conditions WHERE hex(uuid) = '{}'", uuid(400).replace('-', ""));
    assert_eq!(database.number(&own).await, 1);
    let elsewhere = "SELECT count(*) FROM patient_conditions AS own JOIN patientregister AS patient
        ON patient.uuid = own.patient_id AND patient.institution_id = own.institution_id";
    assert_eq!(database.number(elsewhere).await, 1);
}

#[tokio::test]
async fn a_changed_resource_updates_its_row_and_no_other() {
    let database = Database::new().await;
    database.import(document(&bundle(&all()))).await;
    let again = database.import(document(&bundle(&all()))).await;
    assert_eq!(again.count(Status::Unchanged), 4, "{:#?}", again.outcomes);
    let mut relapsed = all();
    relapsed[1]["clinicalStatus"] = status("relapse");
    relapsed[1].as_object_mut().unwrap().remove("abatementDateTime");
    let imported = database.import(document(&bundle(&relapsed))).await;
    assert_eq!(imported.of("Condition")[0].status, Status::Updated);
    assert_eq!(imported.count(Status::Unchanged), 2, "the register's list has one more: {:#?}", imported.outcomes);
    assert_eq!(
        database.text(CONDITION).await,
        format!("{SNOMED}|195967001|Asthma as a child|Asthma|RELAPSE|SEVERE|1990-05-06|2")
    );
}

#[tokio::test]
async fn what_the_resource_tells_comes_back_and_what_it_does_not_tell_stays() {
    let database = Database::new().await;
    let mut vague = all();
    vague[1].as_object_mut().unwrap().remove("severity");
    database.import(document(&bundle(&vague))).await;
    database.execute("UPDATE patient_conditions SET severity = 'MILD', display = 'Something else'").await;
    let imported = database.import(document(&bundle(&vague))).await;
    assert_eq!(imported.of("Condition")[0].status, Status::Updated);
    assert_eq!(
        database.text(CONDITION).await,
        format!("{SNOMED}|195967001|Asthma as a child|Asthma|RESOLVED|MILD|1990-05-06|2001-02-03|3")
    );
}

#[tokio::test]
async fn what_was_removed_here_stays_so() {
    let database = Database::new().await;
    database.import(document(&bundle(&all()))).await;
    database.execute("UPDATE patient_conditions SET deleted_at = '2026-01-01T00:00:00.000000+00:00'").await;
    let imported = database.import(document(&bundle(&all()))).await;
    let condition = imported.of("Condition")[0];
    assert_eq!(
        (condition.status, condition.reason.as_deref()),
        (Status::Skipped, Some("was removed here, and stays so"))
    );
    assert_eq!(database.number("SELECT count(*) FROM patient_conditions WHERE deleted_at IS NULL").await, 0);
}

#[tokio::test]
async fn what_turns_out_to_be_wrong_is_withdrawn_once() {
    let database = Database::new().await;
    let mut wrong = all();
    wrong[1]["verificationStatus"] = status("entered-in-error");
    wrong[2]["status"] = json!("entered-in-error");
    wrong[3]["verificationStatus"] = status("refuted");
    let never = database.import(document(&bundle(&wrong))).await;
    assert_eq!((never.count(Status::Created), never.count(Status::Skipped)), (1, 3), "{:#?}", never.outcomes);
    database.import(document(&bundle(&all()))).await;
    let rows = "SELECT (SELECT count(*) FROM patient_conditions WHERE deleted_at IS NULL)
        + (SELECT count(*) FROM patient_medications WHERE deleted_at IS NULL)
        + (SELECT count(*) FROM patient_allergies WHERE deleted_at IS NULL)";
    assert_eq!(database.number(rows).await, 3);
    let dry = database.import_with(document(&bundle(&wrong)), How::DryRun, MAX_MEMORY).await.unwrap();
    assert_eq!(database.number(rows).await, 3);
    let removals = "SELECT count(*) FROM change_log WHERE operation = 'DELETED'";
    assert_eq!(database.number(removals).await, 0);
    let imported = database.import(document(&bundle(&wrong))).await;
    assert_eq!(dry.outcomes, imported.outcomes);
    let told: Vec<_> = imported.outcomes.iter().skip(1).map(|told| (told.status, told.reason.as_deref())).collect();
    let (in_error, refuted) =
        ("was entered in error: its record was removed here", "was refuted: its record was removed here");
    let expected = [in_error, in_error, refuted].map(|reason| (Status::Updated, Some(reason)));
    assert_eq!(told, expected);
    assert_eq!((database.number(rows).await, database.number(removals).await), (0, 3));
    assert!(database.registers().await[0].allergies.is_empty());
    let log = database.number("SELECT count(*) FROM change_log").await;
    let again = database.import(document(&bundle(&wrong))).await;
    assert_eq!((again.count(Status::Unchanged), again.count(Status::Skipped)), (1, 3), "{:#?}", again.outcomes);
    assert_eq!(database.number("SELECT count(*) FROM change_log").await, log);
}

#[tokio::test]
async fn a_merged_patients_records_stay_with_the_register_that_was_kept() {
    let database = Database::new().await;
    let mut both = all();
    both.push(patient(2));
    database.import(document(&bundle(&both))).await;
    let key = |number| format!("x'{}'", uuid(number).replace('-', ""));
    database.execute(&format!("UPDATE patientregister SET merged_into = {} WHERE uuid = {}", key(2), key(1))).await;
    database.execute(&format!("UPDATE patient_conditions SET patient_id = {}", key(2))).await;
    let imported = database.import(document(&bundle(&all()))).await;
    assert_eq!(imported.of("Patient")[0].status, Status::Skipped, "{:#?}", imported.outcomes);
    assert_eq!(imported.of("Condition")[0].status, Status::Unchanged);
    assert_eq!(imported.of("AllergyIntolerance")[0].status, Status::Updated);
    let kept = format!("SELECT count(*) FROM patient_allergies WHERE patient_id = {}", key(2));
    assert_eq!(database.number(&kept).await, 1);
}

/// Imports a good condition and, after it, one that is changed; what became of the latter.
async fn odd(of: Value, change: impl FnOnce(&mut Value)) -> (Status, Option<String>, String) {
    let database = Database::new().await;
    let mut odd = of;
    change(&mut odd);
    odd["id"] = json!("odd");
    let imported = database.import(document(&bundle(&[patient(1), asthma(), amoxicillin(), nuts(), odd]))).await;
    assert!(imported.count(Status::Created) >= 4, "{:#?}", imported.outcomes);
    let last = imported.outcomes.last().unwrap().clone();
    (last.status, last.path, last.reason.unwrap_or_default())
}

fn told(status: Status, path: &str, reason: &str) -> (Status, Option<String>, String) {
    (status, (!path.is_empty()).then(|| path.to_owned()), reason.to_owned())
}

#[tokio::test]
async fn what_cannot_be_recorded_says_why() {
    use Status::{Failed, Skipped};
    let remove =
        |field: &'static str| move |resource: &mut Value| drop(resource.as_object_mut().unwrap().remove(field));
    let nameless = odd(asthma(), |condition| condition["code"] = json!({ "coding": [{ "code": "1" }] })).await;
    assert_eq!(nameless, told(Failed, "Condition.code", "has no text, no display text and no code of a system"));
    assert_eq!(odd(asthma(), remove("code")).await, nameless);
    let ended = odd(asthma(), |condition| condition["abatementDateTime"] = json!("1980-01-01")).await;
    assert_eq!(ended, told(Status::Created, "Condition.abatementDateTime", "was left out: is before the beginning"));
    let goes_on = odd(asthma(), |condition| condition["clinicalStatus"] = status("active")).await;
    assert_eq!(goes_on, told(Status::Created, "Condition.abatementDateTime", "was left out: what goes on has no end"));
    let stranger = odd(asthma(), |condition| condition["subject"] = urn(9)).await;
    assert_eq!(
        stranger,
        told(
            Failed,
            "Condition.subject",
            "refers to no patient, neither of this import nor of its source in the database"
        )
    );
    let unheard = odd(asthma(), |condition| condition["clinicalStatus"] = status("better")).await;
    assert_eq!(unheard, told(Failed, "Condition.clinicalStatus", "is none of the codes that R4 has"));
    let unheard = odd(amoxicillin(), |request| request["status"] = json!("taken")).await;
    assert_eq!(unheard, told(Failed, "MedicationRequest.status", "is none of the codes that R4 has"));
    let silent = odd(asthma(), remove("clinicalStatus")).await;
    assert_eq!(silent, told(Skipped, "", "does not say how it stands, in clinicalStatus"));
    let wrong = odd(nuts(), |allergy| allergy["verificationStatus"] = status("entered-in-error")).await;
    assert_eq!(wrong, told(Skipped, "", "was entered in error"));
    let future = odd(asthma(), |condition| condition["onsetDateTime"] = json!("2999-01-01")).await;
    assert_eq!((future.0, future.1.as_deref()), (Status::Created, Some("Condition.onsetDateTime")));
    for code in ["1 2".to_owned(), "x".repeat(200)] {
        let allowed = odd(asthma(), |condition| condition["code"]["coding"][1]["code"] = json!(code)).await;
        assert_eq!(allowed, told(Status::Created, "", ""));
    }
    for code in ["1  2".to_owned(), "x".repeat(201), "µ".to_owned()] {
        let refused = odd(asthma(), |condition| condition["code"]["coding"][1]["code"] = json!(code)).await;
        assert_eq!((refused.0, refused.1.as_deref()), (Status::Created, Some("Condition.code.coding")));
    }
}

#[tokio::test]
async fn a_medication_is_told_by_itself_or_fails() {
    let request = |reference: Value| {
        let mut request = amoxicillin();
        request.as_object_mut().unwrap().remove("medicationCodeableConcept");
        request["contained"] = json!([{ "resourceType": "Medication", "id": "m", "code": { "coding": [{
            "system": RXNORM, "code": "1", "display": "Insulin" }] } }]);
        request["medicationReference"] = reference;
        request
    };
    assert_eq!(odd(request(json!({ "reference": "#m" })), |_| {}).await, told(Status::Created, "", ""));
    let place = "MedicationRequest.medicationReference";
    let absent = told(Status::Failed, place, "has no text, no display text and no code of a system");
    assert_eq!(odd(request(json!({ "reference": "#other" })), |_| {}).await, absent);
    let absent = told(
        Status::Failed,
        place,
        "refers to no Medication of this input, or of an earlier one from the same server, and has no display text",
    );
    assert_eq!(odd(request(json!({ "reference": "Medication/7" })), |_| {}).await, absent);
    let shown = json!({ "reference": "Medication/7", "display": "Insulin" });
    assert_eq!(odd(request(shown), |_| {}).await, told(Status::Created, "", ""));
}

#[tokio::test]
async fn what_has_no_place_is_left_out_and_told() {
    let long = odd(asthma(), |condition| condition["code"]["text"] = json!("x".repeat(300))).await;
    assert_eq!(long, told(Status::Created, "", ""));
    let vague = odd(asthma(), |condition| condition["onsetDateTime"] = json!("1990")).await;
    assert_eq!(vague, told(Status::Created, "Condition.onsetDateTime", "was left out: is no whole date"));
    let aged = odd(asthma(), |condition| {
        condition.as_object_mut().unwrap().remove("onsetDateTime");
        condition["onsetAge"] = json!({ "value": 7 });
    })
    .await;
    assert_eq!(aged, told(Status::Created, "Condition.onsetAge", "was left out: only dates are kept"));
    let grave = odd(asthma(), |condition| condition["severity"] = json!({ "text": "grave" })).await;
    assert_eq!((grave.0, grave.1.as_deref()), (Status::Created, Some("Condition.severity")));
}

#[tokio::test]
async fn a_text_of_several_lines_becomes_one_of_one() {
    let database = Database::new().await;
    let mut broken = asthma();
    broken["code"]["text"] = json!(" Asthma\r\n  as a\tchild ");
    broken["code"]["coding"][1]["display"] = json!("Asthma\n(disorder)");
    let imported = database.import(document(&bundle(&[patient(1), broken.clone()]))).await;
    assert_eq!(imported.of("Condition")[0].status, Status::Created, "{:#?}", imported.outcomes);
    assert_eq!(
        database.text(CONDITION).await,
        format!("{SNOMED}|195967001|Asthma as a child|Asthma (disorder)|RESOLVED|SEVERE|1990-05-06|2001-02-03|1")
    );
    let again = database.import(document(&bundle(&[patient(1), broken]))).await;
    assert_eq!(again.of("Condition")[0].status, Status::Unchanged);
}

#[tokio::test]
async fn the_catalogue_takes_no_words_of_a_patients() {
    let database = Database::new().await;
    let mut nameless = asthma();
    nameless["code"]["coding"][1].as_object_mut().unwrap().remove("display");
    database.import(document(&bundle(&[patient(1), nameless]))).await;
    let entry = "SELECT concat_ws('|', display, entry.name) FROM patient_conditions
        JOIN medical_conditions AS entry ON entry.uuid = medical_condition_id";
    assert_eq!(database.text(entry).await, "Asthma as a child|195967001");
}

#[tokio::test]
async fn a_note_that_does_not_fit_is_left_out_by_itself() {
    let long = odd(amoxicillin(), |request| request["dosageInstruction"][0]["text"] = json!("x".repeat(501))).await;
    let expected = (Some("MedicationRequest.dosageInstruction"), "was left out: must have at most 500 characters");
    assert_eq!((long.0, long.1.as_deref(), long.2.as_str()), (Status::Created, expected.0, expected.1));
    let lines = odd(amoxicillin(), |request| request["dosageInstruction"][0]["text"] = json!("a\nb")).await;
    assert_eq!(lines, told(Status::Created, "", ""));
    let guess = odd(asthma(), |condition| condition["verificationStatus"] = status("differential")).await;
    assert_eq!(guess, told(Status::Skipped, "", "is one of several possible diagnoses"));
}
