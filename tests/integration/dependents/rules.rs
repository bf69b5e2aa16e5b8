//! What the databases themselves keep of a patient's dependents: both must judge the same rows alike.

use support::{Phr, Sql, on_both_databases};

use super::TABLES;
use crate::patients::{HOME, NOBODY, register};

on_both_databases! {
    values_are_judged_alike,
    facts_may_repeat_and_what_is_one_may_not,
    a_dependent_is_of_its_patients_institution_and_moves_along,
    a_reference_and_a_code_agree,
    what_is_referred_to_stays,
    every_change_is_in_the_log,
}

/// Values of a column that must be taken, and values that must not.
type Cases<'c> = (&'c str, &'c [&'c str], &'c [&'c str]);

const PLACES: &[Cases<'_>] = &[
    ("street", &["'1 Oak Avenue'"], &["''", "' '", "'a' || char(7)", "NULL"]),
    ("latitude, longitude", &["90, -180", "-90, 180", "0, 0.5"], &["90.1, 0", "0, 180.1", "1, NULL", "NULL, 1"]),
    ("purpose", &["'HOME'", "'OLD'", "NULL"], &["'home'", "''"]),
    ("region_id", &["NULL"], &["NOBODY"]),
];

const NUMBERS: &[Cases<'_>] = &[
    ("number", &["'555-267-5674'"], &["'555-267'", "'someone@x'"]),
    ("country_code", &["'+1'", "'+49'", "'+353'"], &["'1'", "'+0'", "'+'", "'+1234'", "'+1x'"]),
    ("area_code", &["'0'", "'617555'"], &["''", "'6175550'", "'6 7'"]),
];

const PROFILES: &[Cases<'_>] = &[
    ("height_cm", &["20", "300"], &["19", "301"]),
    ("weight_kg", &["0.2", "700"], &["0.1", "700.1"]),
    (
        "smoking, cigarettes_per_day",
        &["'CURRENT', 20", "'NEVER', NULL", "NULL, NULL"],
        &["'NEVER', 1", "'FORMER', 1", "NULL, 1", "'CURRENT', 0", "'CURRENT', 201", "'SOMETIMES', NULL"],
    ),
    (
        "smoking, smoking_end_date",
        &["'FORMER', '2001-05-01'", "'FORMER', NULL"],
        &["'CURRENT', '2001-05-01'", "NULL, '2001-05-01'", "'FORMER', '2999-01-01'"],
    ),
    (
        "alcohol, alcohol_units_per_week",
        &["'CURRENT', 14", "'FORMER', NULL"],
        &["'NEVER', 14", "NULL, 14", "'FORMER', 1"],
    ),
];

const CONDITIONS: &[Cases<'_>] = &[
    ("display", &["'Asthma'"], &["''", "NULL"]),
    (
        "system, code",
        &["'http://snomed.info/sct', '1'", "'http://x', 'a b'", "NULL, NULL"],
        &["NULL, '1'", "'http://x', NULL", "'http://x', 'a  b'"],
    ),
    (
        "onset_date, end_date, status",
        &[
            "'2001-01-01', '2001-01-01', 'RESOLVED'",
            "NULL, '2001-01-01', 'INACTIVE'",
            "'2001-01-01', NULL, 'RELAPSE'",
            "'1900-01-01', NULL, 'ACTIVE'",
        ],
        &[
            "'2001-01-02', '2001-01-01', 'RESOLVED'",
            "'2001-01-01', '2001-01-02', 'ACTIVE'",
            "NULL, '2001-01-02', 'RECURRENCE'",
            "'1899-12-31', NULL, 'ACTIVE'",
            "'2999-12-31', NULL, 'ACTIVE'",
            "NULL, NULL, 'GONE'",
            "NULL, NULL, NULL",
        ],
    ),
    ("severity", &["'MILD'", "NULL"], &["'DEADLY'"]),
];

const MEDICATIONS: &[Cases<'_>] = &[
    ("dose", &["'500 mg'", "NULL"], &["''"]),
    ("start_date, end_date", &["'2001-01-01', '2199-12-31'"], &["'2001-01-02', '2001-01-01'", "'2200-01-01', NULL"]),
    ("status", &["'ON_HOLD'", "'UNKNOWN'"], &["'RESOLVED'", "NULL"]),
];

const ALLERGIES: &[Cases<'_>] = &[
    ("category", &["'FOOD'", "NULL"], &["'PETS'"]),
    ("end_date, status", &["'2001-01-01', 'INACTIVE'", "NULL, 'ACTIVE'"], &["'2001-01-01', 'ACTIVE'"]),
    ("reaction", &["'hives'"], &["''"]),
];

/// The columns that every table wants, with what they get unless a case says otherwise.
fn wanted(table: &str) -> (&'static str, &'static str) {
    match table {
        "emails" => ("address", "'a@b.de'"),
        "phones" => ("number", "'555-267-5674'"),
        "addresses" => ("street", "'1 Oak Avenue'"),
        "health_profiles" => ("height_cm", "170"),
        _ => ("display", "'Asthma'"),
    }
}

fn insertion(phr: &Phr, table: &str, patient: &str, (columns, values): (&str, &str)) -> String {
    let (mut columns, mut values) = (columns.to_owned(), values.to_owned());
    let (column, value) = wanted(table);
    if !columns.split(", ").any(|name| name == column) {
        columns = format!("{columns}, {column}");
        values = format!("{values}, {value}");
    }
    let (patient, home) = (phr.database.key(patient), phr.database.key(HOME));
    let char = if phr.backend() == support::Backend::Postgres { "chr(" } else { "char(" };
    let values = values.replace("char(", char).replace("NOBODY", &phr.database.key(NOBODY));
    format!("INSERT INTO {table} (patient_id, institution_id, {columns}) VALUES ({patient}, {home}, {values})")
}

fn judge(phr: &Phr, sql: &mut Sql, table: &str, cases: &[Cases<'_>]) {
    for (columns, valid, wrong) in cases {
        for (values, is_valid) in valid.iter().map(|v| (v, true)).chain(wrong.iter().map(|v| (v, false))) {
            let patient = register(phr, &serde_json::json!({}));
            let verdict = sql.attempt(&insertion(phr, table, &patient, (columns, values)));
            assert_eq!(verdict.is_ok(), is_valid, "{table} {columns} {values}: {verdict:?}");
        }
    }
}

fn values_are_judged_alike(phr: &Phr) {
    let mut sql = phr.database.sql_as_server();
    judge(phr, &mut sql, "health_profiles", PROFILES);
    judge(phr, &mut sql, "emails", &[("address", &["'a@b.de'"], &["'a@b'", "NULL"])]);
    judge(phr, &mut sql, "phones", NUMBERS);
    judge(phr, &mut sql, "addresses", PLACES);
    judge(phr, &mut sql, "patient_conditions", CONDITIONS);
    judge(phr, &mut sql, "patient_medications", MEDICATIONS);
    judge(phr, &mut sql, "patient_allergies", ALLERGIES);
}

fn facts_may_repeat_and_what_is_one_may_not(phr: &Phr) {
    let mut sql = phr.database.sql_as_server();
    let patient = register(phr, &serde_json::json!({}));
    for table in ["patient_conditions", "patient_medications", "patient_allergies", "addresses"] {
        let code = if table == "addresses" { ("city", "'Boston'") } else { ("system, code", "'http://x', '1'") };
        let insert = insertion(phr, table, &patient, code);
        sql.run(&insert);
        sql.run(&insert);
    }
    for (table, columns, values) in [
        ("health_profiles", "height_cm", "170"),
        ("emails", "address", "'a@b.de'"),
        ("phones", "number", "'555-267-5674'"),
        ("addresses", "is_primary", "true"),
    ] {
        let insert = insertion(phr, table, &patient, (columns, values));
        sql.run(&insert);
        assert!(sql.attempt(&insert).is_err(), "{table} twice");
        // What was removed may be told again.
        sql.run(&format!("UPDATE {table} SET deleted_at = created_at WHERE {columns} = {values}"));
        sql.run(&insert);
    }
}

fn a_dependent_is_of_its_patients_institution_and_moves_along(phr: &Phr) {
    let mut sql = phr.database.sql_as_server();
    let patient = register(phr, &serde_json::json!({}));
    let other = crate::patients::done(phr, "createMedicalInstitution", "uuid", &serde_json::json!({"name": "Other"}));
    let (other, key) = (phr.database.key(other["uuid"].as_str().unwrap()), phr.database.key(&patient));
    for table in TABLES {
        let insert = insertion(phr, table, &patient, wanted(table));
        let elsewhere = insert.replace(&phr.database.key(HOME), &other);
        assert!(sql.attempt(&elsewhere).is_err(), "{table}: of another institution than the patient");
        sql.run(&insert);
        let leave = format!("UPDATE {table} SET institution_id = {other} WHERE patient_id = {key}");
        assert!(sql.attempt(&leave).is_err(), "{table}: leaves without the patient");
    }
    sql.run(&format!("UPDATE patientregister SET institution_id = {other} WHERE uuid = {key}"));
    for table in TABLES {
        let moved = format!("SELECT version FROM {table} WHERE patient_id = {key} AND institution_id = {other}");
        assert_eq!(sql.column(&moved), ["2"], "{table}");
    }
    let logged = format!(
        "SELECT entity FROM change_log WHERE institution_id = {other} AND operation = 'UPDATED' ORDER BY entity"
    );
    let all = "Address Email HealthProfile PatientAllergy PatientCondition PatientMedication PatientRegister Phone";
    assert_eq!(sql.column(&logged).join(" "), all);
}

fn a_reference_and_a_code_agree(phr: &Phr) {
    let mut sql = phr.database.sql_as_server();
    let patient = register(phr, &serde_json::json!({}));
    let entry = phr.database.key(NOBODY);
    for (catalogue, table, reference) in [
        ("medical_conditions", "patient_conditions", "medical_condition_id"),
        ("medications", "patient_medications", "medication_id"),
        ("medical_conditions", "patient_allergies", "medical_condition_id"),
    ] {
        let known = sql.value(&format!("SELECT count(*) FROM {catalogue}"));
        if known == "0" {
            sql.run(&format!(
                "INSERT INTO {catalogue} (uuid, system, code, name) VALUES ({entry}, 'http://x', '1', 'One')"
            ));
        }
        let columns = format!("system, code, {reference}");
        for (values, valid) in [
            ("'http://x', '1', NOBODY", true),
            ("'http://x', '1', NULL", true),
            ("'http://x', '2', NOBODY", false),
            ("NULL, NULL, NOBODY", false),
        ] {
            let verdict = sql.attempt(&insertion(phr, table, &patient, (&columns, values)));
            assert_eq!(verdict.is_ok(), valid, "{table} {values}: {verdict:?}");
        }
    }
}

fn what_is_referred_to_stays(phr: &Phr) {
    let patient = register(phr, &serde_json::json!({}));
    let mut sql = phr.database.sql();
    for (table, reference, catalogue) in [
        ("health_profiles", "blood_type_id", "blood_types"),
        ("emails", "email_type_id", "email_types"),
        ("phones", "phone_type_id", "phone_types"),
        ("addresses", "country_id", "countries"),
    ] {
        let first =
            format!("(SELECT min_uuid FROM (SELECT uuid AS min_uuid FROM {catalogue} ORDER BY uuid LIMIT 1) AS one)");
        sql.run(&insertion(phr, table, &patient, (reference, &first)));
        let removal = format!("DELETE FROM {catalogue} WHERE uuid IN (SELECT {reference} FROM {table})");
        assert!(sql.attempt(&removal).is_err(), "{table}.{reference}");
    }
    // With the register itself goes all that belongs to it.
    sql.run(&format!("DELETE FROM patientregister WHERE uuid = {}", phr.database.key(&patient)));
    assert_eq!(sql.value("SELECT count(*) FROM phones"), "0");
}

fn every_change_is_in_the_log(phr: &Phr) {
    let mut sql = phr.database.sql_as_server();
    for table in TABLES {
        let patient = register(phr, &serde_json::json!({}));
        let mark = sql.value("SELECT max(sequence) FROM change_log");
        sql.run(&insertion(phr, table, &patient, wanted(table)));
        sql.run(&format!("UPDATE {table} SET version = 7, created_at = updated_at, updated_at = created_at"));
        sql.run(&format!("UPDATE {table} SET deleted_at = created_at"));
        let logged = format!("SELECT operation FROM change_log WHERE sequence > {mark} ORDER BY sequence");
        assert_eq!(sql.column(&logged), ["CREATED", "DELETED"], "{table}");
        assert_eq!(sql.value(&format!("SELECT version FROM {table}")), "2", "{table}");
        let moved = format!("UPDATE {table} SET uuid = {}", phr.database.key(NOBODY));
        assert!(sql.attempt(&moved).is_err(), "{table}: a key never changes");
    }
}
