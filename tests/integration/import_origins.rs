//! An import changes only what an import from the same source made, whoever has put something under its keys.

use serde_json::{Value, json};
use support::{Backend, Phr, on_both_databases};
use uuid::Uuid;

use crate::patients::{HOME, done, jane, with};

const CLINIC: &str = "20000000-0000-4000-8000-000000000001";
const PATIENT: &str = "20000000-0000-4000-8000-000000000002";
const FACT: &str = "20000000-0000-4000-8000-000000000003";
const DOCTOR: &str = "20000000-0000-4000-8000-000000000004";
/// Somebody else's patient.
const VICTIM: &str = "20000000-0000-4000-8000-000000000005";
const HERS: &str = "https://a.example/fhir";
const THEIRS: &str = "https://b.example/fhir";

on_both_databases!(
    a_register_under_the_key_of_an_import_is_a_conflict_and_gets_nothing,
    a_fact_under_the_key_of_an_import_is_neither_changed_nor_moved_nor_withdrawn,
    a_doctor_under_the_key_of_an_import_gets_no_patients,
    an_identifier_under_the_key_of_an_import_stays_whose_it_is,
    a_contact_under_the_key_of_an_import_stays_whose_it_is,
    another_source_changes_nothing,
    an_institution_of_another_source_gets_no_patients,
    a_patient_who_was_moved_here_stays_there,
    a_patient_whom_the_source_moves_goes_there_with_everything,
    an_id_that_two_unnamed_servers_use_is_a_conflict,
    what_was_imported_before_origins_were_kept_is_a_conflict,
    the_operator_adopts_what_was_imported_before_origins_were_kept,
    nothing_is_adopted_that_is_not_evidently_the_same,
    a_base_names_the_server_where_the_input_does_not
);

fn patient(uuid: &str, clinic: &str) -> Value {
    json!({
        "resourceType": "Patient", "id": uuid, "name": [{ "family": "Neil", "given": ["Ana"] }],
        "telecom": [{ "system": "phone", "value": "555-609-6292" }], "birthDate": "1965-09-12",
        "identifier": [{ "system": "http://a.example/mrn", "value": "7" }],
        "address": [{ "line": ["141 Gate"] }],
        "managingOrganization": { "reference": format!("Organization/{clinic}") },
    })
}

fn clinic(uuid: &str) -> Value {
    json!({ "resourceType": "Organization", "id": uuid, "name": format!("Clinic {uuid}") })
}

fn facts(patient: &str) -> [Value; 3] {
    let active = json!({ "coding": [{ "code": "active" }] });
    let subject = json!({ "reference": format!("Patient/{patient}") });
    let code = |text: &str| json!({ "text": text });
    [
        json!({ "resourceType": "Condition", "id": FACT, "clinicalStatus": active, "code": code("Asthma"), "subject": subject }),
        json!({ "resourceType": "AllergyIntolerance", "id": FACT, "clinicalStatus": active, "code": code("Nuts"), "patient": subject }),
        json!({ "resourceType": "MedicationRequest", "id": FACT, "status": "active", "intent": "order", "subject": subject,
                "medicationCodeableConcept": code("Insulin") }),
    ]
}

fn whole() -> Vec<Value> {
    [clinic(CLINIC), patient(PATIENT, CLINIC)].into_iter().chain(facts(PATIENT)).collect()
}

/// Resources as a server tells them; one without a base URL does not say which it is.
fn bundle(base: &str, resources: &[Value]) -> Value {
    let entry = |resource: &Value| {
        let [kind, id] = ["resourceType", "id"].map(|name| resource[name].as_str().unwrap());
        let url = if base.is_empty() { None } else { Some(format!("{base}/{kind}/{id}")) };
        json!({ "fullUrl": url, "resource": resource })
    };
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": resources.iter().map(entry).collect::<Vec<_>>() })
}

fn outcomes(phr: &Phr, input: &Value) -> Vec<Value> {
    let query = "mutation($input: ImportFhirInput!) { importFhir(input: $input) { outcomes { status reason path } } }";
    phr.ask(query, &json!({ "input": input }))["importFhir"]["outcomes"].as_array().unwrap().clone()
}

/// Imports resources of a server; status and reason of each.
fn import(phr: &Phr, base: &str, resources: &[Value]) -> Vec<(String, String)> {
    let input = json!({ "bundle": bundle(base, resources) });
    let dry = outcomes(phr, &with(input.clone(), &json!({ "dryRun": true })));
    let wet = outcomes(phr, &input);
    assert_eq!(dry, wet, "a dry run tells what would be");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    wet.iter().map(|outcome| (text(&outcome["status"]), text(&outcome["reason"]))).collect()
}

fn statuses(outcomes: &[(String, String)]) -> Vec<&str> {
    outcomes.iter().map(|(status, _)| status.as_str()).collect()
}

/// An answer to a mutation by somebody whom an institution has bound to it.
fn by_staff(phr: &Phr, institution: &str, mutation: &str, input: &Value) -> Value {
    let token = phr.token_for(&["--role", "institution_administrator", "--institution", institution]);
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query =
        format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code message path }} }} }}");
    let answer = phr.response_to(&token, &query, &json!({ "input": input }));
    assert_eq!(answer["data"][mutation]["userErrors"], json!([]), "{mutation}: {answer}");
    answer
}

/// Everything that the tables of patients and directory hold, to see that nothing was changed.
fn everything(phr: &Phr) -> Vec<String> {
    let tables = [
        ("patientregister", "patient.uuid, first_name, institution_id, doctor_id, version"),
        ("patient_conditions", "patient.uuid, display, patient_id, institution_id, version, deleted_at"),
        ("patient_allergies", "patient.uuid, display, patient_id, institution_id, version, deleted_at"),
        ("patient_medications", "patient.uuid, display, patient_id, institution_id, version, deleted_at"),
        ("identifiers", "patient.uuid, value, patient_id, institution_id, version"),
        ("phones", "patient.uuid, number, patient_id, institution_id, version"),
        ("doctors", "patient.uuid, last_name, institution_id, version"),
        ("medical_institutions", "patient.uuid, name, version"),
    ];
    // SQLite keeps keys as bytes.
    let as_text = |column: &str| match phr.database.backend() {
        Backend::Sqlite if column.ends_with("uuid") || column.ends_with("_id") => format!("hex({column})"),
        _ => column.to_owned(),
    };
    let row = |(table, columns): (&str, &str)| {
        let columns = columns.split(", ").map(as_text).collect::<Vec<_>>().join(", ");
        let rows = phr.database.sql().rows(&format!("SELECT {columns} FROM {table} AS patient ORDER BY 1"));
        format!("{table}: {rows:?}")
    };
    tables.into_iter().map(row).collect()
}

/// The number of a table's rows under a condition.
fn count(phr: &Phr, table: &str, condition: &str) -> String {
    phr.database.sql().value(&format!("SELECT count(*) FROM {table} WHERE {condition}"))
}

fn is(phr: &Phr, column: &str, uuid: &str) -> String {
    format!("{column} = {}", phr.database.key(uuid))
}

/// Carries out a mutation, whatever it returns.
fn done_for(phr: &Phr, mutation: &str, input: &Value) {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code path }} }} }}");
    assert_eq!(phr.ask(&query, &json!({ "input": input }))[mutation]["userErrors"], json!([]), "{mutation}");
}

/// Makes the other institution's patient.
fn register_victim(phr: &Phr) {
    done(phr, "createPatientRegister", "uuid", &with(jane(), &json!({ "uuid": VICTIM })));
}

fn a_register_under_the_key_of_an_import_is_a_conflict_and_gets_nothing(phr: &Phr) {
    by_staff(phr, HOME, "createPatientRegister", &with(jane(), &json!({ "uuid": PATIENT })));
    import(phr, HERS, &[clinic(CLINIC)]);
    let before = everything(phr);
    let outcomes = import(phr, HERS, &whole());
    assert_eq!(statuses(&outcomes), ["UNCHANGED", "FAILED", "FAILED", "FAILED", "FAILED"], "{outcomes:?}");
    assert!(outcomes[1].1.contains("that no import made"), "{outcomes:?}");
    assert_eq!(everything(phr), before);
    // Deleting it does not pass it off as the import's.
    let uuid = phr.database.key(PATIENT);
    phr.database.sql().run(&format!(
        "UPDATE patientregister SET deleted_at = '2026-01-01T00:00:00.000000+00:00' WHERE uuid = {uuid}"
    ));
    assert!(import(phr, HERS, &whole())[1].1.contains("that no import made"));
}

fn a_fact_under_the_key_of_an_import_is_neither_changed_nor_moved_nor_withdrawn(phr: &Phr) {
    register_victim(phr);
    for mutation in ["addPatientCondition", "addPatientAllergy", "addPatientMedication"] {
        done_for(phr, mutation, &json!({ "patientId": VICTIM, "uuid": FACT, "display": "Own" }));
    }
    let before = count(phr, "patient_conditions", "display = 'Own' AND version = 1");
    assert_eq!(before, "1");
    let outcomes = import(phr, HERS, &whole());
    assert_eq!(statuses(&outcomes), ["CREATED", "CREATED", "FAILED", "FAILED", "FAILED"], "{outcomes:?}");
    let mut wrong = whole();
    for fact in &mut wrong[2..] {
        fact["verificationStatus"] = json!({ "coding": [{ "code": "entered-in-error" }] });
    }
    wrong[4]["status"] = json!("entered-in-error");
    let outcomes = import(phr, HERS, &wrong);
    assert_eq!(statuses(&outcomes)[2..], ["FAILED", "FAILED", "FAILED"], "{outcomes:?}");
    for table in ["patient_conditions", "patient_allergies", "patient_medications"] {
        let own =
            format!("display = 'Own' AND version = 1 AND deleted_at IS NULL AND {}", is(phr, "patient_id", VICTIM));
        assert_eq!((count(phr, table, &own), count(phr, table, "1 = 1")), ("1".to_owned(), "1".to_owned()), "{table}");
    }
}

fn a_doctor_under_the_key_of_an_import_gets_no_patients(phr: &Phr) {
    let planted = json!({ "uuid": DOCTOR, "firstName": "Eve", "lastName": "Moor" });
    by_staff(phr, HOME, "createDoctor", &planted);
    let mut one = patient(PATIENT, CLINIC);
    one["generalPractitioner"] = json!([{ "reference": format!("Practitioner/{DOCTOR}") }]);
    // Once without the doctor in the input, and once with.
    let outcomes = import(phr, HERS, &[clinic(CLINIC), one.clone()]);
    assert_eq!(statuses(&outcomes), ["CREATED", "CREATED"], "{outcomes:?}");
    let doctor =
        json!({ "resourceType": "Practitioner", "id": DOCTOR, "name": [{ "family": "Lee", "given": ["Kim"] }] });
    let outcomes = import(phr, HERS, &[clinic(CLINIC), doctor, one]);
    assert_eq!(statuses(&outcomes), ["UNCHANGED", "FAILED", "UNCHANGED"], "{outcomes:?}");
    assert_eq!(count(phr, "doctors", "last_name = 'Moor' AND version = 1"), "1");
    assert_eq!(count(phr, "patientregister", "doctor_id IS NOT NULL"), "0");
}

fn an_identifier_under_the_key_of_an_import_stays_whose_it_is(phr: &Phr) {
    register_victim(phr);
    let key = Uuid::new_v5(&PATIENT.parse().unwrap(), b"http://a.example/mrn|7");
    let (uuid, victim, home) = (phr.database.key(&key.to_string()), phr.database.key(VICTIM), phr.database.key(HOME));
    phr.database.sql().run(&format!(
        "INSERT INTO identifiers (uuid, patient_id, institution_id, value) VALUES ({uuid}, {victim}, {home}, 'own')"
    ));
    assert_eq!(statuses(&import(phr, HERS, &[clinic(CLINIC)])), ["CREATED"]);
    let told = outcomes(phr, &json!({ "bundle": bundle(HERS, &[clinic(CLINIC), patient(PATIENT, CLINIC)]) }));
    let outcome = &told[1];
    assert_eq!(
        (&outcome["status"], &outcome["path"]),
        (&json!("FAILED"), &json!("Patient.identifier[0].uuid")),
        "{told:?}"
    );
    assert_eq!(
        count(phr, "identifiers", &format!("value = 'own' AND version = 1 AND {}", is(phr, "patient_id", VICTIM))),
        "1"
    );
    assert_eq!(
        count(phr, "patientregister", &is(phr, "uuid", PATIENT)),
        "0",
        "a register goes in with its identifiers"
    );
}

fn a_contact_under_the_key_of_an_import_stays_whose_it_is(phr: &Phr) {
    register_victim(phr);
    let key = Uuid::new_v5(&PATIENT.parse().unwrap(), b"Phone|555-609-6292");
    let (uuid, victim, home) = (phr.database.key(&key.to_string()), phr.database.key(VICTIM), phr.database.key(HOME));
    phr.database.sql().run(&format!(
        "INSERT INTO phones (uuid, patient_id, institution_id, number) VALUES ({uuid}, {victim}, {home}, '555-000-0000')"
    ));
    let told = outcomes(phr, &json!({ "bundle": bundle(HERS, &[clinic(CLINIC), patient(PATIENT, CLINIC)]) }));
    let outcome = &told[1];
    assert_eq!(outcome["status"], "CREATED", "{told:?}");
    assert!(outcome["reason"].as_str().is_some_and(|reason| reason.contains("another patient's record")), "{told:?}");
    let own = format!("number = '555-000-0000' AND version = 1 AND {}", is(phr, "patient_id", VICTIM));
    assert_eq!(count(phr, "phones", &own), "1");
}

fn another_source_changes_nothing(phr: &Phr) {
    import(phr, HERS, &whole());
    let before = everything(phr);
    let mut edited = whole();
    edited[1]["birthDate"] = json!("1970-01-01");
    for fact in &mut edited[2..] {
        fact["code"] = json!({ "text": "Gout" });
    }
    let outcomes = import(phr, THEIRS, &edited);
    assert_eq!(statuses(&outcomes), ["FAILED"; 5], "{outcomes:?}");
    assert!(outcomes[0].1.contains("from another source"), "{outcomes:?}");
    assert_eq!(statuses(&import(phr, "", &edited)), ["FAILED"; 5]);
    assert_eq!(everything(phr), before);
    assert_eq!(statuses(&import(phr, HERS, &whole())), ["UNCHANGED"; 5]);
}

fn an_institution_of_another_source_gets_no_patients(phr: &Phr) {
    import(phr, THEIRS, &[clinic(CLINIC)]);
    let outcomes = import(phr, HERS, &whole());
    assert_eq!(statuses(&outcomes), ["FAILED"; 5], "{outcomes:?}");
    assert_eq!(count(phr, "patientregister", "1 = 1"), "0", "nor does the home institution");
}

fn a_patient_who_was_moved_here_stays_there(phr: &Phr) {
    import(phr, HERS, &whole());
    done(phr, "updatePatientRegister", "uuid", &json!({ "uuid": PATIENT, "institutionId": HOME }));
    let before = everything(phr);
    let mut edited = whole();
    edited[1]["birthDate"] = json!("1970-01-01");
    let outcomes = import(phr, HERS, &edited);
    assert_eq!(statuses(&outcomes), ["UNCHANGED", "FAILED", "FAILED", "FAILED", "FAILED"], "{outcomes:?}");
    assert!(outcomes[1].1.contains("was moved to another institution"), "{outcomes:?}");
    assert_eq!(everything(phr), before);
}

fn a_patient_whom_the_source_moves_goes_there_with_everything(phr: &Phr) {
    const OTHER: &str = "20000000-0000-4000-8000-000000000009";
    import(phr, HERS, &whole());
    let mut moved = whole();
    moved[0] = clinic(OTHER);
    moved[1] = patient(PATIENT, OTHER);
    let outcomes = import(phr, HERS, &moved);
    assert_eq!(statuses(&outcomes), ["CREATED", "UPDATED", "UNCHANGED", "UNCHANGED", "UNCHANGED"], "{outcomes:?}");
    assert_eq!(count(phr, "patient_conditions", &is(phr, "institution_id", OTHER)), "1");
    assert_eq!(count(phr, "import_origins", &is(phr, "institution_id", OTHER)), "5");
    assert_eq!(statuses(&import(phr, HERS, &moved)), ["UNCHANGED"; 5]);
    assert_eq!(statuses(&import(phr, HERS, &whole()))[1], "UPDATED", "and back");
}

fn an_id_that_two_unnamed_servers_use_is_a_conflict(phr: &Phr) {
    assert_eq!(statuses(&import(phr, "", &[clinic(CLINIC), patient("7", CLINIC)])), ["CREATED"; 2]);
    let before = count(phr, "patientregister", "version = 1");
    let outcomes = import(phr, "", &[clinic(DOCTOR), patient("7", DOCTOR)]);
    assert_eq!(statuses(&outcomes), ["CREATED", "FAILED"], "{outcomes:?}");
    assert!(outcomes[1].1.contains("does not name its server"), "{outcomes:?}");
    assert_eq!(count(phr, "patientregister", "version = 1"), before);
    assert_eq!(statuses(&import(phr, THEIRS, &[patient("7", DOCTOR)])), ["CREATED"], "with its name it is another one");
}

fn what_was_imported_before_origins_were_kept_is_a_conflict(phr: &Phr) {
    import(phr, HERS, &whole());
    phr.database.sql().run("DELETE FROM import_origins");
    let before = everything(phr);
    // The organisation tells of no patient, and is here as it is told.
    let expected = ["UNCHANGED", "FAILED", "FAILED", "FAILED", "FAILED"];
    assert_eq!(statuses(&import(phr, HERS, &whole())), expected);
    assert_eq!((everything(phr), count(phr, "import_origins", "1 = 1")), (before, "0".to_owned()));
}

/// Imports by the command line.
fn by_operator(phr: &Phr, resources: &[Value], flags: &[&str]) -> Vec<(String, String)> {
    std::fs::write(phr.database.folder().join("in.json"), bundle(HERS, resources).to_string()).unwrap();
    let arguments = [&["import", "fhir", "--json", "in.json"], flags].concat();
    let output = support::phr(phr.database.folder(), &arguments, &[("DATABASE_URL", &phr.database.url())]);
    let outcomes = output.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut outcomes: Vec<Value> = outcomes.filter(|line| line["entry"].is_number()).collect();
    outcomes.sort_by_key(|outcome| outcome["entry"].as_u64());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    outcomes.iter().map(|outcome| (text(&outcome["status"]), text(&outcome["reason"]))).collect()
}

fn the_operator_adopts_what_was_imported_before_origins_were_kept(phr: &Phr) {
    import(phr, HERS, &whole());
    phr.database.sql().run("DELETE FROM import_origins");
    let mut edited = whole();
    edited[2]["code"] = json!({ "text": "Asthma, mild" });
    assert!(by_operator(phr, &edited, &[])[1].1.contains("phr import fhir --adopt"));
    let before = everything(phr);
    let dry = by_operator(phr, &edited, &["--adopt", "--dry-run"]);
    assert_eq!((everything(phr), count(phr, "import_origins", "1 = 1")), (before, "0".to_owned()));
    assert_eq!(statuses(&dry)[..2], ["UPDATED"; 2], "{dry:?}");
    let adopted = by_operator(phr, &edited, &["--adopt"]);
    assert_eq!(statuses(&adopted), ["UPDATED"; 5], "{adopted:?}");
    assert!(adopted.iter().all(|(_, reason)| reason.contains("was adopted")), "{adopted:?}");
    assert_eq!(adopted, dry, "a dry run tells what would be");
    assert_eq!(count(phr, "import_origins", &format!("source = '{HERS}'")), "5");
    assert_eq!(count(phr, "patient_conditions", "display = 'Asthma, mild'"), "1");
    // From now on they are the source's.
    assert_eq!(statuses(&import(phr, HERS, &edited)), ["UNCHANGED"; 5]);
    assert_eq!(statuses(&import(phr, HERS, &whole()))[2], "UPDATED");
    assert_eq!(statuses(&import(phr, THEIRS, &whole()))[1], "FAILED");
}

fn nothing_is_adopted_that_is_not_evidently_the_same(phr: &Phr) {
    import(phr, THEIRS, &[clinic(DOCTOR)]);
    by_staff(phr, HOME, "createPatientRegister", &with(jane(), &json!({ "uuid": PATIENT })));
    register_victim(phr);
    done_for(phr, "addPatientCondition", &json!({ "patientId": VICTIM, "uuid": FACT, "display": "Own" }));
    import(phr, HERS, &[clinic(CLINIC)]);
    let before = everything(phr);
    let told = by_operator(phr, &whole(), &["--adopt"]);
    assert_eq!(statuses(&told), ["UNCHANGED", "FAILED", "FAILED", "FAILED", "FAILED"], "{told:?}");
    assert_eq!(everything(phr), before, "another person, of another institution");
    // What another source made is never adopted.
    let told = by_operator(phr, &[clinic(DOCTOR)], &["--adopt"]);
    assert!(told[0].1.contains("from another source"), "{told:?}");
}

fn a_base_names_the_server_where_the_input_does_not(phr: &Phr) {
    let lines = whole().iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let statuses = |base: &str, input: &Value| -> Vec<Value> {
        let told = outcomes(phr, &with(input.clone(), &json!({ "base": base })));
        told.iter().map(|outcome| outcome["status"].clone()).collect()
    };
    let long = format!("https://{}.example", "a".repeat(500));
    let lines = json!({ "ndjson": lines });
    assert_eq!(statuses(&long, &lines), ["FAILED"; 5], "at most 500 characters");
    assert_eq!(count(phr, "patientregister", "1 = 1"), "0");
    assert_eq!(statuses(HERS, &lines), ["CREATED"; 5]);
    assert_eq!(statuses(THEIRS, &lines), ["FAILED"; 5]);
    let own = json!({ "bundle": bundle(HERS, &whole()) });
    assert_eq!(statuses(THEIRS, &own), ["UNCHANGED"; 5], "the input's own word counts for more");
}
