//! The boundary between institutions, as the database itself keeps it.

mod declared;
mod interleaved;
mod owner;
mod patient;
mod plans;
mod policies;
mod round_trips;

use phr::scope::{Boundary, InstitutionId, Scope};
use support::{Backend, Database, Sql};
use uuid::Uuid;

use crate::library::operator;

/// Two institutions.
const OWN: Uuid = Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0000);
const OTHER: Uuid = Uuid::from_u128(0xb000_0000_0000_4000_8000_0000_0000_0000);
/// Patients of each.
const PATIENTS: u32 = 3;

/// Every table of tenants: its key, and whose a row is, as whoever sees everything finds out.
const TABLES: &[(&str, &str, &str)] = &[
    ("medical_institutions", "uuid", "uuid"),
    ("doctors", "uuid", "institution_id"),
    ("patientregister", "uuid", "institution_id"),
    (
        "identifiers",
        "uuid",
        "coalesce(institution_id, medical_institution_id, (SELECT institution_id FROM doctors WHERE uuid = doctor_id))",
    ),
    ("health_profiles", "uuid", "institution_id"),
    ("emails", "uuid", "institution_id"),
    ("phones", "uuid", "institution_id"),
    ("addresses", "uuid", "institution_id"),
    ("patient_conditions", "uuid", "institution_id"),
    ("patient_medications", "uuid", "institution_id"),
    ("patient_allergies", "uuid", "institution_id"),
    (
        "users",
        "uuid",
        "coalesce(institution_id, (SELECT institution_id FROM patientregister WHERE patientregister.uuid = patient_id))",
    ),
    ("break_glass_grants", "uuid", "institution_id"),
    ("patient_validations", "uuid", "institution_id"),
    ("patient_merges", "uuid", "institution_id"),
    ("appointments", "uuid", "institution_id"),
    ("import_origins", "uuid", "institution_id"),
    ("change_log", "sequence", "institution_id"),
];

/// The key of an institution's doctor (0) or of one of its patients (from 1 on).
fn person(institution: Uuid, number: u32) -> Uuid {
    Uuid::from_u128(institution.as_u128() + u128::from(number))
}

/// A database in which two institutions have a doctor, patients, and identifiers of each kind.
fn database() -> Database {
    let database = Database::new(Backend::Postgres);
    let mut sql = database.sql();
    for institution in [OWN, OTHER] {
        let doctor = person(institution, 0);
        sql.run(&format!(
            "INSERT INTO medical_institutions (uuid, name) VALUES ('{institution}', 'Clinic');
             INSERT INTO doctors (uuid, first_name, last_name, institution_id)
             VALUES ('{doctor}', 'Ada', 'Lee', '{institution}');
             INSERT INTO identifiers (doctor_id, value) VALUES ('{doctor}', '17');
             INSERT INTO identifiers (medical_institution_id, value) VALUES ('{institution}', '17')"
        ));
        for number in 1..=PATIENTS {
            sql.run(&register(person(institution, number), institution));
            sql.run(&identifier(person(institution, number), institution));
            sql.run(&dependents(person(institution, number), institution));
        }
    }
    for institution in [OWN, OTHER] {
        let patient = person(institution, 1);
        let user = person(institution, 1000);
        sql.run(&format!(
            "INSERT INTO users (uuid, kind, username, role_id, patient_id)
             SELECT '{user}', 'PATIENT', '{user}', uuid, '{patient}' FROM roles WHERE name = 'patient'"
        ));
        sql.run(&format!(
            "INSERT INTO users (uuid, kind, username, role_id, institution_id)
             SELECT '{institution}', 'STAFF', '{institution}', uuid, '{institution}' FROM roles WHERE name = 'staff';
             INSERT INTO break_glass_grants (uuid, user_id, patient_id, institution_id, reason, created_at, expires_at)
             VALUES ('{institution}', '{institution}', '{patient}', '{institution}', 'an emergency', now(), now());
             INSERT INTO patient_validations
                 (uuid, patient_id, institution_id, register_version, from_status, to_status)
             VALUES ('{institution}', '{patient}', '{institution}', 2, 'INCOMPLETE', 'PENDING');
             INSERT INTO import_origins (uuid, entity, institution_id, source)
             VALUES ('{institution}', 'MedicalInstitution', '{institution}', '');
             INSERT INTO appointments (uuid, patient_id, institution_id, doctor_id, starts_at, ends_at)
             VALUES ('{institution}', '{patient}', '{institution}', '{doctor}', now(), now() + interval '1 hour');
             INSERT INTO patient_merges (uuid, institution_id, kept_id, merged_id, actor_id, moved, undone_at, undone_by)
             VALUES ('{institution}', '{institution}', '{patient}', '{other}', '{patient}', '[]', now(), '{patient}')",
            doctor = person(institution, 0),
            other = person(institution, 2),
        ));
    }
    drop(sql);
    database
}

fn register(patient: Uuid, institution: Uuid) -> String {
    format!(
        "INSERT INTO patientregister (uuid, first_name, last_name, date_of_birth, phone_number, address, status, institution_id)
         VALUES ('{patient}', 'Jane', 'Smith', '1985-04-12', '555-267-5674', '1 Mill Lane', 'INCOMPLETE', '{institution}')"
    )
}

fn identifier(patient: Uuid, institution: Uuid) -> String {
    format!("INSERT INTO identifiers (patient_id, value, institution_id) VALUES ('{patient}', '17', '{institution}')")
}

/// One of each kind of what belongs to a patient.
fn dependents(patient: Uuid, institution: Uuid) -> String {
    let of = |(table, column, value): (&str, &str, &str)| {
        format!(
            "INSERT INTO {table} (patient_id, institution_id, {column}) VALUES ('{patient}', '{institution}', {value});"
        )
    };
    let coded =
        ["patient_conditions", "patient_medications", "patient_allergies"].map(|table| (table, "display", "'x'"));
    let others = [
        ("health_profiles", "height_cm", "170"),
        ("emails", "address", "'a@b.de'"),
        ("phones", "number", "'555-267-5674'"),
        ("addresses", "street", "'1 Mill Lane'"),
    ];
    coded.into_iter().chain(others).map(of).collect()
}

/// A connection that acts as what the server acts as, for one institution.
fn as_server(database: &Database, institution: Uuid) -> Sql {
    let mut sql = database.sql_as_server_for_nobody();
    sql.run(&format!("SET phr.institution = '{institution}'"));
    sql
}

/// The keys of a table's rows that meet a condition, as this connection sees them.
fn keys(sql: &mut Sql, table: &str, key: &str, condition: &str) -> Vec<String> {
    sql.column(&format!("SELECT {key} FROM {table} WHERE {condition} ORDER BY {key}"))
}

/// Somebody with every permission, within one institution.
fn within(institution: Uuid) -> Scope {
    Scope { boundary: Boundary::One(InstitutionId(institution)), ..operator() }
}
