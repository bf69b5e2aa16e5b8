//! FHIR over GraphQL and by the command. What an import makes of which resource is tested where it is done, in the server.

use serde_json::{Value, json};
use support::{Backend, Database, Output, Phr, on_both_databases, phr};

use crate::audit::shipped;

const PATIENT: &str = "10000000-0000-4000-8000-000000000001";
const IMPORT: &str = "mutation($input: ImportFhirInput!) { importFhir(input: $input) {
    outcomes { status resourceType id line entry path reason noPlaceFor } created updated unchanged skipped failed
    userErrors { code path } } }";

on_both_databases!(
    a_bundle_is_imported_once,
    lines_are_judged_one_by_one,
    a_dry_run_writes_nothing,
    an_input_is_lines_or_a_bundle,
    importing_wants_its_own_permission,
    what_records_have_no_place_for_is_named,
    a_record_that_was_an_error_is_removed
);

fn patient() -> Value {
    json!({
        "resourceType": "Patient",
        "id": PATIENT,
        "identifier": [{ "type": { "coding": [{ "code": "MR" }] }, "system": "http://a.example/mrn", "value": "7" }],
        "name": [{ "use": "official", "family": "O'Neil", "given": ["Ana", "María"] }],
        "telecom": [{ "system": "phone", "value": "555-609-6292" }],
        "birthDate": "1965-09-12",
        "address": [{ "line": ["141 Gate"], "city": "Worcester", "state": "MA", "postalCode": "01545", "country": "US" }],
    })
}

fn reference(kind: &str) -> Value {
    json!({ "reference": format!("{kind}/x") })
}

fn resources() -> Vec<Value> {
    vec![
        patient(),
        json!({ "resourceType": "Organization", "id": "x", "name": "Mill Lane Clinic" }),
        json!({ "resourceType": "Practitioner", "id": "x", "name": [{ "family": "Lee", "given": ["Kim"] }] }),
        json!({
            "resourceType": "Encounter", "id": "x", "status": "finished", "class": { "code": "AMB" },
            "subject": { "reference": format!("urn:uuid:{PATIENT}") },
            "serviceProvider": reference("Organization"), "participant": [{ "individual": reference("Practitioner") }],
        }),
        json!({
            "resourceType": "Condition", "id": "x", "clinicalStatus": { "coding": [{ "code": "active" }] },
            "code": { "text": "Asthma" }, "subject": { "reference": format!("Patient/{PATIENT}") },
        }),
    ]
}

fn bundle(resources: &[Value]) -> Value {
    let entries: Vec<Value> = resources.iter().map(|resource| json!({ "resource": resource })).collect();
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
}

fn import(phr: &Phr, input: &Value) -> Value {
    phr.ask(IMPORT, &json!({ "input": input }))["importFhir"].take()
}

fn a_bundle_is_imported_once(phr: &Phr) {
    let first = import(phr, &json!({ "bundle": bundle(&resources()) }));
    assert_eq!((&first["created"], &first["failed"]), (&json!(4), &json!(0)), "{first}");
    assert_eq!(first["outcomes"][0]["entry"], 1);
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) {
        firstName lastName dateOfBirth address email status medicalHistory version
        institution { name } doctor { lastName institution { name } }
        conditions { nodes { display status code } } phones { nodes { number isPrimary } }
        addresses { nodes { street region { code } country { alpha2 } } } } }";
    let register = phr.ask(query, &json!({ "uuid": PATIENT }));
    let expected = json!({
        "firstName": "Ana María", "lastName": "O'Neil", "dateOfBirth": "1965-09-12",
        "address": "141 Gate, Worcester, MA 01545, US", "email": null, "status": "INCOMPLETE",
        "medicalHistory": ["Asthma"], "version": 1,
        "institution": { "name": "Mill Lane Clinic" },
        "doctor": { "lastName": "Lee", "institution": { "name": "Mill Lane Clinic" } },
        "conditions": { "nodes": [{ "display": "Asthma", "status": "ACTIVE", "code": null }] },
        "phones": { "nodes": [{ "number": "555-609-6292", "isPrimary": true }] },
        "addresses": { "nodes": [{ "street": "141 Gate", "region": { "code": "US-MA" }, "country": { "alpha2": "US" } }] },
    });
    assert_eq!(register["patientRegister"], expected);
    let changes = phr.database.sql().value("SELECT count(*) FROM change_log");
    let again = import(phr, &json!({ "bundle": bundle(&resources()) }));
    assert_eq!((&again["unchanged"], &again["created"], &again["updated"]), (&json!(4), &json!(0), &json!(0)));
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM change_log"), changes);
    let mut edited = resources();
    edited[0]["birthDate"] = json!("1965-09-13");
    let updated = import(phr, &json!({ "bundle": bundle(&edited) }));
    assert_eq!((&updated["updated"], &updated["unchanged"]), (&json!(1), &json!(3)), "{updated}");
}

fn lines_are_judged_one_by_one(phr: &Phr) {
    let mut bad = patient();
    bad["id"] = json!("other");
    bad["meta"] = json!({ "profile": ["http://hl7.org/fhir/StructureDefinition/Patient|3.0.2"] });
    let lines = format!("{}\n{bad}\nnonsense\n{}", patient(), json!({ "resourceType": "Observation", "id": "o" }));
    let imported = import(phr, &json!({ "ndjson": lines }));
    let told = |line: usize, field: &str| imported["outcomes"][line - 1][field].clone();
    assert_eq!(["status", "line"].map(|field| told(1, field)), [json!("CREATED"), json!(1)]);
    let fields = ["status", "resourceType", "id", "path", "reason"];
    let version = "shows that this is FHIR DSTU2 or STU3; only R4 is imported, and R4B, which is the same here";
    let expected = ["FAILED", "Patient", "other", "Patient.meta.profile", version];
    assert_eq!(fields.map(|field| told(2, field)), expected.map(Value::from));
    assert_eq!(["status", "line"].map(|field| told(3, field)), [json!("FAILED"), json!(3)]);
    assert_eq!(["status", "reason"].map(|field| told(4, field)), [json!("SKIPPED"), json!("its type is not imported")]);
}

fn a_dry_run_writes_nothing(phr: &Phr) {
    let dry = import(phr, &json!({ "bundle": bundle(&resources()), "dryRun": true }));
    assert_eq!(dry["created"], 4);
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM patientregister"), "0");
    assert_eq!(import(phr, &json!({ "bundle": bundle(&resources()) }))["outcomes"], dry["outcomes"]);
}

fn an_input_is_lines_or_a_bundle(phr: &Phr) {
    let neither = import(phr, &json!({}));
    assert_eq!(neither["userErrors"], json!([{ "code": "REQUIRED", "path": ["input", "bundle"] }]));
    let both = import(phr, &json!({ "bundle": {}, "ndjson": "" }));
    assert_eq!(both["userErrors"], json!([{ "code": "INVALID_STATE", "path": ["input", "bundle"] }]));
    let list = import(phr, &json!({ "bundle": [] }));
    assert_eq!(list["outcomes"][0]["reason"], "is a list; a bundle or a resource is an object");
}

fn importing_wants_its_own_permission(phr: &Phr) {
    let input = json!({ "input": { "bundle": bundle(&resources()) } });
    // It may write registers and directory, and every institution is open to this one.
    let manager = phr.token_for(&["--role", "institution_administrator"]);
    let refused = phr.response_to(&manager, IMPORT, &input);
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    let service = phr.token_for(&["--role", "service"]);
    let imported = phr.response_to(&service, IMPORT, &input);
    assert_eq!(imported["data"]["importFhir"]["created"], 4, "{imported}");
}

fn what_records_have_no_place_for_is_named(phr: &Phr) {
    let mut odd = resources();
    odd[4]["bodySite"] = json!([{ "text": "lungs" }]);
    for status in ["CREATED", "UNCHANGED"] {
        let imported = import(phr, &json!({ "bundle": bundle(&odd) }));
        assert_eq!(imported["outcomes"][4]["status"], status, "{imported}");
        assert_eq!(imported["outcomes"][4]["noPlaceFor"], json!(["bodySite"]), "{imported}");
        assert_eq!(imported["outcomes"][0]["noPlaceFor"], json!([]), "{imported}");
    }
}

fn a_record_that_was_an_error_is_removed(phr: &Phr) {
    import(phr, &json!({ "bundle": bundle(&resources()) }));
    let mut wrong = resources();
    wrong[4]["verificationStatus"] = json!({ "coding": [{ "code": "entered-in-error" }] });
    let imported = import(phr, &json!({ "bundle": bundle(&wrong) }));
    let told = ["status", "reason"].map(|field| imported["outcomes"][4][field].clone());
    assert_eq!(told, [json!("UPDATED"), json!("was entered in error: its record was removed here")]);
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { medicalHistory conditions { totalCount } } }";
    let register = phr.ask(query, &json!({ "uuid": PATIENT }));
    assert_eq!(register["patientRegister"], json!({ "medicalHistory": [], "conditions": { "totalCount": 0 } }));
    let removal = &shipped(&phr.database, "action = 'DELETE' AND outcome = 'SUCCEEDED'", 1)[0];
    assert_eq!((removal["patient_id"].as_str(), removal["resource"].as_str()), (PATIENT, "PatientCondition"));
    let again = import(phr, &json!({ "bundle": bundle(&wrong) }));
    assert_eq!(again["outcomes"][4]["status"], "SKIPPED", "{again}");
}

#[test]
fn a_summary_names_what_has_no_place_once_for_each_type() {
    let database = Database::bare(Backend::Sqlite);
    let mut odd = resources();
    odd[4]["bodySite"] = json!([{ "text": "lungs" }]);
    odd[4]["stage"] = json!([{ "type": { "text": "first" } }]);
    std::fs::write(database.folder().join("odd.json"), bundle(&odd).to_string()).unwrap();
    let told = command(&database, &["odd.json"]);
    let line = format!("{:<24}bodySite 1, stage 1\n", "Condition");
    assert!(told.stdout.ends_with(&line), "{told:?}");
    let told = command(&database, &["--json", "odd.json"]);
    let summary: Value = serde_json::from_str(told.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(summary["summary"]["noPlaceFor"], json!({ "Condition": { "bodySite": 1, "stage": 1 } }));
}

fn command(database: &Database, arguments: &[&str]) -> Output {
    phr(database.folder(), &[&["import", "fhir"], arguments].concat(), &[("DATABASE_URL", &database.url())])
}

#[test]
fn the_exit_code_tells_success_partial_and_failure_apart() {
    let database = Database::bare(Backend::Sqlite);
    let write = |name: &str, text: String| std::fs::write(database.folder().join(name), text).unwrap();
    let mut bad = patient();
    bad["meta"] = json!({ "profile": ["http://hl7.org/fhir/StructureDefinition/Patient|3.0.2"] });
    bad["id"] = json!("bad");
    write("good.json", bundle(&resources()).to_string());
    write("partial.ndjson", format!("{}\n{bad}", patient()));
    write("bad.json", bad.to_string());
    let dry = command(&database, &["--dry-run", "good.json"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(!database.file().exists(), "a dry run makes no file");
    let good = command(&database, &["good.json"]);
    assert_eq!(good.code, Some(0), "{good:?}");
    assert!(good.stdout.contains("Patient"), "{good:?}");
    let partial = command(&database, &["partial.ndjson"]);
    assert_eq!(partial.code, Some(3), "{partial:?}");
    assert!(partial.stdout.contains("partial.ndjson, line 2: Patient/bad, Patient.meta.profile: shows"), "{partial:?}");
    for failing in [["bad.json"], ["nowhere"]] {
        assert_eq!(command(&database, &failing).code, Some(1), "{failing:?}");
    }
    assert_eq!(command(&database, &[]).code, Some(2), "wrong arguments");
}

#[test]
fn machines_read_an_outcome_in_each_line_and_the_counts_in_the_last() {
    let database = Database::bare(Backend::Sqlite);
    std::fs::write(database.folder().join("good.json"), bundle(&resources()).to_string()).unwrap();
    let told = command(&database, &["--json", "good.json"]);
    let lines: Vec<Value> = told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), resources().len() + 1);
    let patient = lines.iter().find(|line| line["resourceType"] == "Patient").unwrap();
    let expected = json!({
        "status": "CREATED", "resourceType": "Patient", "id": PATIENT, "file": "good.json", "entry": 1,
    });
    assert_eq!(*patient, expected);
    assert_eq!(lines.last().unwrap()["summary"]["created"], 4);
}

#[test]
fn a_postgres_schema_that_does_not_fit_is_refused() {
    let database = Database::bare(Backend::Postgres);
    std::fs::write(database.folder().join("good.json"), bundle(&resources()).to_string()).unwrap();
    for arguments in [&["good.json"][..], &["--dry-run", "good.json"]] {
        let refused = command(&database, arguments);
        assert_eq!(refused.code, Some(1));
        assert!(refused.stderr.contains("run `phr migrate up`"), "{refused:?}");
    }
}
