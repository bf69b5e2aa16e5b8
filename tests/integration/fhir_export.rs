//! FHIR out of the database: by the command, and a patient's own record over GraphQL.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use support::{Backend, Database, Output, Phr, on_both_databases, phr};

use crate::audit::{about, shipped};

const PATIENT: &str = "10000000-0000-4000-8000-000000000001";
const OTHER: &str = "10000000-0000-4000-8000-000000000002";
const CLINIC: &str = "20000000-0000-4000-8000-000000000001";
const HOSPITAL: &str = "20000000-0000-4000-8000-000000000002";
const SNOMED: &str = "http://snomed.info/sct";

on_both_databases! {
    what_was_exported_makes_the_same_records_elsewhere,
    an_export_of_an_institution_has_its_patients_alone,
    a_folder_that_holds_something_is_left_alone,
    each_patient_exported_is_on_record,
    patients_export_their_own_record_and_no_other,
    whoever_lacks_a_permission_exports_nothing,
    what_only_a_registers_list_tells_is_exported_too,
}

fn status(code: &str) -> Value {
    json!({ "coding": [{ "code": code }] })
}

fn reference(kind: &str, key: &str) -> Value {
    json!({ "reference": format!("{kind}/{key}") })
}

fn clinical() -> Vec<Value> {
    vec![
        json!({
            "resourceType": "Condition", "id": "asthma", "clinicalStatus": status("resolved"),
            "severity": { "coding": [{ "code": "24484000" }] },
            "code": { "coding": [{ "system": SNOMED, "code": "195967001", "display": "Asthma" }], "text": "Asthma as a child" },
            "subject": reference("Patient", PATIENT), "onsetDateTime": "1990-05-06", "abatementDateTime": "2001-02-03",
        }),
        json!({
            "resourceType": "Condition", "id": "gout", "clinicalStatus": status("active"),
            "code": { "text": "Gout" }, "subject": reference("Patient", PATIENT),
        }),
        json!({
            "resourceType": "MedicationRequest", "id": "insulin", "status": "on-hold", "intent": "order",
            "medicationCodeableConcept": { "coding": [{
                "system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "5856", "display": "Insulin" }] },
            "subject": reference("Patient", PATIENT),
            "dosageInstruction": [{
                "text": "before meals",
                "timing": { "repeat": { "boundsPeriod": { "start": "2012-02-07", "end": "2012-03-07" } } },
                "doseAndRate": [{ "doseQuantity": { "value": 2.5, "unit": "mg" } }],
            }],
        }),
        json!({
            "resourceType": "AllergyIntolerance", "id": "nuts", "clinicalStatus": status("active"), "category": ["food"],
            "code": { "coding": [{ "system": SNOMED, "code": "91935009", "display": "Allergy to peanuts" }] },
            "patient": reference("Patient", PATIENT), "onsetDateTime": "1999-01-01",
            "reaction": [{ "manifestation": [{ "text": "Hives" }], "severity": "moderate" }],
        }),
        json!({
            "resourceType": "AllergyIntolerance", "id": "mould", "clinicalStatus": status("resolved"),
            "code": { "text": "Mould" }, "patient": reference("Patient", OTHER),
            "extension": [{
                "url": "http://hl7.org/fhir/StructureDefinition/allergyintolerance-abatement", "valueDateTime": "2020-01-01" }],
            "reaction": [{ "manifestation": [{ "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown" }] }],
                "severity": "mild" }],
        }),
    ]
}

fn patient(key: &str, institution: &str) -> Value {
    json!({
        "resourceType": "Patient", "id": key,
        "extension": [{ "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F" }],
        "identifier": [{ "type": { "coding": [{ "code": "MR" }] }, "system": "http://a.example/mrn", "value": key }],
        "name": [{ "use": "official", "family": "O'Neil", "given": ["Ana", "María"] }],
        "telecom": [
            { "system": "phone", "value": "555-609-6292", "use": "home" },
            { "system": "phone", "value": "555-609-6293", "use": "mobile", "rank": 1 },
            { "system": "email", "value": "ana@mail.example" },
        ],
        "birthDate": "1965-09-12", "deceasedDateTime": "2024-01-02T10:00:00Z",
        "address": [{
            "use": "home", "line": ["141 Gate", "Unit 2"], "city": "Worcester", "state": "Massachusetts",
            "postalCode": "01545", "country": "US",
            "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/geolocation", "extension": [
                { "url": "latitude", "valueDecimal": 42.25 }, { "url": "longitude", "valueDecimal": -71.5 } ] }],
        }],
        "contact": [{ "relationship": [{ "coding": [{ "code": "C" }] }], "name": { "text": "Jo Neil" } }],
        "managingOrganization": reference("Organization", institution),
        "generalPractitioner": [reference("Practitioner", "lee")],
    })
}

fn resources() -> Vec<Value> {
    let mut all = vec![
        patient(PATIENT, CLINIC),
        patient(OTHER, HOSPITAL),
        json!({ "resourceType": "Organization", "id": CLINIC, "name": "Mill Lane Clinic",
            "identifier": [{ "system": "http://a.example/org", "value": "1" }],
            "address": [{ "line": ["1 Mill Lane"], "city": "Worcester" }] }),
        json!({ "resourceType": "Organization", "id": HOSPITAL, "name": "Hospital" }),
        json!({ "resourceType": "Practitioner", "id": "lee", "name": [{ "family": "Lee", "given": ["Kim"] }],
            "identifier": [{ "system": "http://hl7.org/fhir/sid/us-npi", "value": "230" }] }),
        json!({ "resourceType": "PractitionerRole", "id": "lee-at-the-clinic",
            "practitioner": reference("Practitioner", "lee"), "organization": reference("Organization", CLINIC) }),
    ];
    all.extend(clinical());
    all
}

fn run(database: &Database, arguments: &[&str]) -> Output {
    phr(database.folder(), arguments, &[("DATABASE_URL", &database.url())])
}

/// Imports the resources into a database.
fn filled(database: &Database) {
    let lines: Vec<String> = resources().iter().map(Value::to_string).collect();
    std::fs::write(database.folder().join("all.ndjson"), lines.join("\n")).unwrap();
    let imported = run(database, &["import", "fhir", "all.ndjson"]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
}

fn export(database: &Database, arguments: &[&str]) -> Output {
    run(database, &[&["export", "fhir"], arguments].concat())
}

/// The lines of all files of an export.
fn lines(folder: &Path) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = path.file_name().unwrap().to_string_lossy().replace(".ndjson", "");
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let resource: Value = serde_json::from_str(line).unwrap();
            assert_eq!(resource["resourceType"], kind.as_str());
            lines.insert(line.to_owned());
        }
    }
    lines
}

/// Each table that is mapped, with its columns; those that hold keys first.
const MAPPED: &[(&str, &[&str], &str)] = &[
    (
        "patientregister",
        &["uuid", "institution_id", "doctor_id"],
        "first_name, last_name, date_of_birth, date_of_death, email, phone_number, address, emergency_contact, status, \
         allergies, medical_history, current_medications",
    ),
    ("health_profiles", &["uuid", "patient_id", "institution_id", "sex_id", "gender_id"], "version"),
    ("emails", &["uuid", "patient_id", "institution_id", "email_type_id"], "address, is_primary"),
    ("phones", &["uuid", "patient_id", "institution_id", "phone_type_id"], "number, is_primary"),
    (
        "addresses",
        &["patient_id", "institution_id", "country_id", "region_id"],
        "street, city, postal_code, latitude, longitude, purpose, is_primary",
    ),
    ("identifiers", &["uuid", "patient_id", "doctor_id", "medical_institution_id"], "system, value, type_code"),
    (
        "patient_conditions",
        &["uuid", "patient_id", "institution_id", "medical_condition_id"],
        "system, code, display, status, severity, onset_date, end_date",
    ),
    (
        "patient_medications",
        &["uuid", "patient_id", "institution_id", "medication_id"],
        "system, code, display, status, dose, instructions, start_date, end_date",
    ),
    (
        "patient_allergies",
        &["uuid", "patient_id", "institution_id", "medical_condition_id"],
        "system, code, display, category, status, severity, reaction, onset_date, end_date",
    ),
    ("medical_conditions", &["uuid"], "system, code, name"),
    ("medications", &["uuid"], "system, code, name"),
    ("doctors", &["uuid", "institution_id"], "first_name, last_name, email, phone_number"),
    ("medical_institutions", &["uuid"], "name, email, phone_number, address"),
];

fn rows(database: &Database, (table, keys, rest): &(&str, &[&str], &str)) -> BTreeSet<Vec<Option<String>>> {
    let key = |key: &&str| match database.backend() {
        Backend::Sqlite => format!("hex({key})"),
        Backend::Postgres => format!("{key}::text"),
    };
    let rest: Vec<String> = rest.split(", ").map(|column| format!("CAST({column} AS TEXT)")).collect();
    let columns: Vec<String> = keys.iter().map(key).chain(rest).collect();
    database.sql().rows(&format!("SELECT {} FROM {table}", columns.join(", "))).into_iter().collect()
}

fn what_was_exported_makes_the_same_records_elsewhere(phr: &Phr) {
    let database = &*phr.database;
    filled(database);
    let exported = export(database, &["out"]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let elsewhere = Database::new(database.backend());
    let folder = database.folder().join("out");
    let imported = run(&elsewhere, &["import", "fhir", folder.to_str().unwrap()]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert!(!imported.stdout.contains("no place here"), "{imported:?}");
    for mapped in MAPPED {
        let here = rows(database, mapped);
        assert!(!here.is_empty(), "{}", mapped.0);
        assert_eq!(rows(&elsewhere, mapped), here, "{}", mapped.0);
    }
    // So does a compressed one, and importing what is there changes nothing.
    assert_eq!(export(&elsewhere, &["--gzip", "out"]).code, Some(0));
    let log = elsewhere.sql().value("SELECT count(*) FROM change_log");
    let again = run(&elsewhere, &["import", "fhir", "out"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(elsewhere.sql().value("SELECT count(*) FROM change_log"), log);
    assert_eq!(export(&elsewhere, &["again"]).code, Some(0));
    assert_eq!(lines(&elsewhere.folder().join("again")), lines(&folder));
}

fn an_export_of_an_institution_has_its_patients_alone(phr: &Phr) {
    filled(&phr.database);
    let exported = export(&phr.database, &["--json", "--institution", HOSPITAL, "out"]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let manifest: Value = serde_json::from_str(&exported.stdout).unwrap();
    let count = |kind: &str| {
        let files = manifest["output"].as_array().unwrap();
        files.iter().find(|file| file["type"] == kind).map_or(0, |file| file["count"].as_u64().unwrap())
    };
    assert_eq!((count("Patient"), count("AllergyIntolerance"), count("Condition")), (1, 1, 0), "{manifest}");
    let lines = lines(&phr.database.folder().join("out"));
    assert!(lines.iter().all(|line| !line.contains(PATIENT)), "{lines:#?}");
    let unknown = export(&phr.database, &["--institution", PATIENT, "other"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("there is no institution"), "{unknown:?}");
    assert!(!phr.database.folder().join("other").exists());
}

fn a_folder_that_holds_something_is_left_alone(phr: &Phr) {
    filled(&phr.database);
    let folder = phr.database.folder().join("out");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("Patient.ndjson"), "mine").unwrap();
    let refused = export(&phr.database, &["out"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("the folder is not empty"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(folder.join("Patient.ndjson")).unwrap(), "mine");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let forced = export(&phr.database, &["--force", "out"]);
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert_eq!(std::fs::read_to_string(folder.join("Patient.ndjson")).unwrap().lines().count(), 2);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 7);
    // An import of the folder would read what an earlier export left in the other form.
    for (arguments, file) in
        [(&["--force", "--gzip", "out"][..], "Patient.ndjson.gz"), (&["--force", "out"], "Patient.ndjson")]
    {
        assert_eq!(export(&phr.database, arguments).code, Some(0));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 7, "{arguments:?}");
        assert!(folder.join(file).is_file(), "{arguments:?}");
    }
}

fn each_patient_exported_is_on_record(phr: &Phr) {
    filled(&phr.database);
    assert_eq!(export(&phr.database, &["out"]).code, Some(0));
    let found = shipped(&phr.database, "action = 'EXPORT'", 2);
    let patients: BTreeSet<&str> = found.iter().map(|entry| entry["patient_id"].as_str()).collect();
    assert_eq!(patients, BTreeSet::from([PATIENT, OTHER]));
    let institutions: BTreeSet<&str> = found.iter().map(|entry| entry["resource_institution_id"].as_str()).collect();
    assert_eq!(institutions, BTreeSet::from([CLINIC, HOSPITAL]));
    assert!(found.iter().all(|entry| entry["outcome"] == "SUCCEEDED"));
    let fields = "uuid first_name last_name date_of_birth date_of_death email phone_number address emergency_contact \
        allergies medical_history current_medications institution_id doctor_id identifiers sex_id gender_id emails phones \
        addresses patient_allergies patient_conditions patient_medications";
    assert!(found.iter().all(|entry| entry["fields"] == fields), "{found:#?}");
}

const EXPORT: &str = "query($uuid: UUID!) { exportPatientRegister(uuid: $uuid) }";

fn patients_export_their_own_record_and_no_other(phr: &Phr) {
    filled(&phr.database);
    let patient = phr.token_for(&["--role", "patient", "--patient", PATIENT]);
    let own = phr.response_to(&patient, EXPORT, &json!({ "uuid": PATIENT }));
    let bundle = &own["data"]["exportPatientRegister"];
    let kinds: Vec<&str> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["resource"]["resourceType"].as_str().unwrap())
        .collect();
    let expected = [
        "Patient",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "AllergyIntolerance",
        "Condition",
        "Condition",
        "MedicationRequest",
    ];
    assert_eq!(kinds, expected, "{own}");
    let on_record = format!("action = 'EXPORT' AND {}", about(&phr.database, PATIENT));
    assert_eq!(shipped(&phr.database, &on_record, 1).len(), 1);
    let other = phr.response_to(&patient, EXPORT, &json!({ "uuid": OTHER }));
    assert_eq!(other["data"]["exportPatientRegister"], Value::Null, "{other}");
    let elsewhere = phr.token_for(&["--role", "doctor", "--institution", HOSPITAL]);
    let stranger = phr.response_to(&elsewhere, EXPORT, &json!({ "uuid": PATIENT }));
    assert_eq!(stranger["data"]["exportPatientRegister"], Value::Null, "{stranger}");
    let near = phr.token_for(&["--role", "doctor", "--institution", CLINIC]);
    let shown = phr.response_to(&near, EXPORT, &json!({ "uuid": PATIENT }));
    assert_eq!(&shown["data"]["exportPatientRegister"], bundle);
    let import =
        "mutation($input: ImportFhirInput!) { importFhir(input: $input) { created updated failed unchanged } }";
    let imported = phr.ask(import, &json!({ "input": { "bundle": bundle } }));
    let expected = json!({ "created": 0, "updated": 0, "failed": 0, "unchanged": 7 });
    assert_eq!(imported["importFhir"], expected, "what is exported says what is here");
}

fn whoever_lacks_a_permission_exports_nothing(phr: &Phr) {
    filled(&phr.database);
    let manager = phr.token_for(&["--role", "institution_administrator"]);
    let refused = phr.response_to(&manager, EXPORT, &json!({ "uuid": PATIENT }));
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    assert_eq!(refused["data"]["exportPatientRegister"], Value::Null);
}

fn what_only_a_registers_list_tells_is_exported_too(phr: &Phr) {
    filled(&phr.database);
    let list = phr.database.list(&["Gout", "Measles"]);
    phr.database.sql().run(&format!("UPDATE patientregister SET medical_history = {list}"));
    let exported = phr.ask(EXPORT, &json!({ "uuid": PATIENT }))["exportPatientRegister"].take();
    let mut texts: Vec<&str> = exported["entry"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["resource"]["resourceType"] == "Condition")
        .map(|entry| entry["resource"]["code"]["text"].as_str().unwrap())
        .collect();
    texts.sort_unstable();
    assert_eq!(texts, ["Asthma as a child", "Gout", "Measles"]);
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let database = Arc::new(Database::bare(Backend::Sqlite));
    let refused = export(&database, &["out"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(!database.folder().join("out").exists() && !database.file().exists());
}
