//! `sp_create_patient_with_profile`: the same for whoever writes SQL, as what the server acts as.

use serde_json::{Value, json};
use support::{Backend, Database, Sql};

use super::{LISTS, rows};
use crate::patients::{HOME, NOBODY, with};

const OTHER: &str = "b0000000-0000-4000-8000-000000000001";
const THEIR_DOCTOR: &str = "b0000000-0000-4000-8000-000000000002";

/// A database with two institutions, and a connection that is bound to the first.
fn bound() -> (Database, Sql) {
    let database = Database::new(Backend::Postgres);
    database.sql().run(&format!(
        "INSERT INTO medical_institutions (uuid, name) VALUES ('{OTHER}', 'Clinic');
         INSERT INTO doctors (uuid, first_name, last_name, institution_id) VALUES ('{THEIR_DOCTOR}', 'A', 'B', '{OTHER}');
         INSERT INTO medical_conditions (uuid, system, code, name) VALUES ('{NOBODY}', 'urn:x', '1', 'Asthma');"
    ));
    let mut sql = database.sql();
    sql.run(&format!("SET ROLE phr_server; SET phr.institution = '{HOME}'"));
    (database, sql)
}

fn jane() -> Value {
    json!({
        "first_name": "Jane", "last_name": "O'Brien", "date_of_birth": "1985-04-12", "email": "jane@mail.example",
        "phone_number": "555-267-5674", "address": "12 Mill Lane", "emergency_contact": "John",
        "allergies": ["latex", "pollen"],
    })
}

fn everything() -> Value {
    json!({
        "patient": jane(),
        "health_profile": {"height_cm": 170, "weight_kg": 63.5, "smoking": "CURRENT", "cigarettes_per_day": 5},
        "emails": [{"address": "jane@mail.example", "is_primary": true}, {"address": "jane@work.example"}],
        "phones": [{"number": "555-267-5674", "verified_at": "2020-01-02T03:04:05Z"}],
        "addresses": [{"street": "12 Mill Lane", "latitude": 42.5, "longitude": -71}],
        "identifiers": [{"system": "urn:mrn", "value": "17"}],
        "conditions": [{"system": "urn:x", "code": "1"}, {"medical_condition_id": NOBODY, "display": "As told"}],
        "medications": [{"display": "Ibuprofen", "status": "STOPPED", "dose": null}],
        "allergies": [{"display": "Latex"}],
    })
}

fn call(input: &Value) -> String {
    format!("SELECT sp_create_patient_with_profile('{}')", input.to_string().replace('\'', "''"))
}

#[test]
fn a_patient_is_registered_with_everything_in_one_statement() {
    let (database, mut sql) = bound();
    let patient = sql.value(&call(&everything()));
    let of_patient = |table: &str| format!("FROM {table} WHERE patient_id = '{patient}' AND institution_id = '{HOME}'");
    for (list, _, table, _) in LISTS {
        let count = sql.value(&format!("SELECT count(*) {}", of_patient(table)));
        assert_eq!(count, everything()[list].as_array().unwrap().len().to_string(), "{table}");
    }
    for (query, expected) in [
        (
            "SELECT concat_ws(' ', last_name, status, version, allergies[2]) FROM patientregister".to_owned(),
            "O'Brien PENDING 1 pollen",
        ),
        (
            format!("SELECT concat_ws(' ', height_cm, weight_kg, smoking) {}", of_patient("health_profiles")),
            "170 63.5 CURRENT",
        ),
        (
            format!(
                "SELECT string_agg(concat_ws(' ', address, is_primary), ', ' ORDER BY address) {}",
                of_patient("emails")
            ),
            "jane@mail.example t, jane@work.example f",
        ),
        (
            format!(
                "SELECT string_agg(concat_ws(' ', display, system, code, medical_condition_id), ', ' ORDER BY display) {}",
                of_patient("patient_conditions")
            ),
            &format!("As told urn:x 1 {NOBODY}, Asthma urn:x 1 {NOBODY}"),
        ),
        (format!("SELECT concat_ws(' ', display, status) {}", of_patient("patient_medications")), "Ibuprofen STOPPED"),
    ] {
        assert_eq!(sql.value(&query), expected, "{query}");
    }
    let logged = database.sql().value("SELECT count(*) FROM change_log WHERE operation = 'CREATED' AND institution_id IS NOT NULL AND entity <> 'MedicalInstitution' AND entity <> 'Doctor'");
    assert_eq!(logged, "11");
}

/// Each with where it is wrong, and of what it must not tell.
#[test]
fn what_is_wrong_is_told_by_its_path_and_leaves_nothing() {
    let (database, mut sql) = bound();
    let before = rows(&database);
    let patient = |changes: &Value| json!({ "patient": with(jane(), changes) });
    let thousand: Vec<Value> = (0..501).map(|number| json!({ "display": number.to_string() })).collect();
    for (change, place) in [
        (json!({"nonsense": 1}), "nonsense: there is no such member"),
        (json!({"patient": null}), "patient: is required"),
        (json!({"patient": []}), "patient: must be an object"),
        (patient(&json!({"nonsense": 1})), "patient.nonsense: there is no such member"),
        (patient(&json!({"status": "VALIDATED"})), "patient.status: there is no such member"),
        (patient(&json!({"first_name_folded": "x"})), "patient.first_name_folded: there is no such member"),
        (patient(&json!({"first_name": null, "last_name": null})), "patient: "),
        (patient(&json!({"last_name": "secret".repeat(40)})), "patient.last_name: is too long"),
        (patient(&json!({"date_of_birth": "secret"})), "patient.date_of_birth: must be of the type date"),
        (patient(&json!({"date_of_birth": "2999-01-01"})), "patient.date_of_birth: "),
        (patient(&json!({"email": "secret"})), "patient.email: "),
        (patient(&json!({"email": null})), "patient: "),
        (patient(&json!({"allergies": "secret"})), "patient.allergies: must be of the type text[]"),
        (patient(&json!({"doctor_id": NOBODY})), "patient.doctor_id: there is no such doctor"),
        (
            json!({"health_profile": {"smoking": "NEVER", "cigarettes_per_day": 3}}),
            "health_profile.cigarettes_per_day: ",
        ),
        (json!({"health_profile": {"blood_type_id": NOBODY}}), "health_profile.blood_type_id: "),
        (json!({"emails": {"address": "a@b.de"}}), "emails: must be a list"),
        (json!({"emails": [{"address": "a@b.de"}, {"address": "secret"}]}), "emails[1].address: "),
        (json!({"emails": [{"address": "a@b.de"}, {"address": "a@b.de"}]}), "emails[1].address: "),
        (
            json!({"emails": [{"address": "a@b.de", "patient_id": NOBODY}]}),
            "emails[0].patient_id: there is no such member",
        ),
        (json!({"phones": ["secret"]}), "phones[0]: must be an object"),
        (json!({"phones": [{"number": {"secret": 1}}]}), "phones[0].number: must be of the type character varying"),
        (
            json!({"phones": [{"number": "555-267-5674", "is_primary": "secret"}]}),
            "phones[0].is_primary: must be of the type boolean",
        ),
        (json!({"addresses": [{}]}), "addresses[0].street: "),
        (json!({"addresses": [{"street": "S", "latitude": 1}]}), "addresses[0].longitude: "),
        (
            json!({"identifiers": [{"value": "1", "doctor_id": THEIR_DOCTOR}]}),
            "identifiers[0].doctor_id: there is no such member",
        ),
        (
            json!({"conditions": [{"system": "urn:x", "code": "2"}]}),
            "conditions[0].code: the catalogue has no such entry",
        ),
        (
            json!({"conditions": [{"display": "x", "onset_date": "2001-02-03", "end_date": "2001-02-02", "status": "RESOLVED"}]}),
            "conditions[0].end_date: ",
        ),
        (
            json!({"conditions": [{"medical_condition_id": NOBODY, "code": "2"}]}),
            "conditions[0].medical_condition_id: ",
        ),
        (
            json!({"medications": [{"medication_id": NOBODY}]}),
            "medications[0].medication_id: the catalogue has no such entry",
        ),
        (json!({"medications": [{}]}), "medications[0].display: "),
        (json!({"allergies": [{"display": "Latex", "status": "secret"}]}), "allergies[0].status: "),
        (json!({"conditions": thousand, "allergies": thousand}), "input: must have at most 1000 records"),
    ] {
        let error = sql.attempt(&call(&with(everything(), &change))).expect_err(place);
        assert!(error.contains(&format!("database: {place}")), "{place}: {error}");
        assert!(!error.contains("secret"), "{error}");
        assert_eq!(rows(&database), before, "{place}: nothing is half written");
    }
    for nothing in ["NULL", "'[]'", "'1'"] {
        let error = sql.attempt(&format!("SELECT sp_create_patient_with_profile({nothing})")).unwrap_err();
        assert!(error.contains("input: must be an object"), "{error}");
    }
}

#[test]
fn nobody_is_registered_beyond_the_boundary() {
    let (database, mut sql) = bound();
    let before = rows(&database);
    let at = |institution: &str| json!({ "patient": with(jane(), &json!({ "institution_id": institution })) });
    let refused = sql.attempt(&call(&with(everything(), &at(OTHER)))).unwrap_err();
    assert!(refused.contains("patient: new row violates row-level security policy"), "{refused}");
    let theirs = json!({ "patient": with(jane(), &json!({ "doctor_id": THEIR_DOCTOR })) });
    let refused = sql.attempt(&call(&theirs)).unwrap_err();
    assert!(refused.contains("patient.doctor_id: there is no such doctor"), "{refused}");
    sql.run("RESET phr.institution");
    assert!(sql.attempt(&call(&everything())).is_err(), "without a boundary");
    assert_eq!(rows(&database), before);
    sql.run(&format!("SET phr.institution = '{OTHER}'"));
    let patient = sql.value(&call(&everything()));
    let found = database.sql().value(&format!("SELECT institution_id FROM patientregister WHERE uuid = '{patient}'"));
    assert_eq!(found, OTHER, "where the caller is, when nothing was said");
    sql.run("SET phr.institution = 'all'");
    let refused = sql.attempt(&call(&json!({"patient": {}}))).unwrap_err();
    assert!(refused.contains("patient: is required"), "{refused}");
    sql.run(&call(&with(everything(), &at(HOME))));
    let mut anybody = database.sql();
    anybody.run("CREATE ROLE anybody; SET ROLE anybody");
    assert!(anybody.attempt(&call(&everything())).unwrap_err().contains("permission denied"));
    anybody.run("RESET ROLE; DROP ROLE anybody");
}
