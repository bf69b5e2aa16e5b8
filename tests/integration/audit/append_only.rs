//! The trail in the database is only ever appended to, and shows each reader what is within the boundary.

use std::sync::Arc;

use serde_json::json;
use support::{Backend, Database, Phr, Sql};

use super::shipped;
use crate::patients::{HOME, register};

const OTHER: &str = "b0000000-0000-4000-8000-000000000000";

/// A database whose trail has entries.
fn database(backend: Backend) -> Arc<Database> {
    let database = Arc::new(Database::new(backend));
    let server = Phr::serve(Arc::clone(&database), &[], &[]);
    register(&server, &json!({}));
    shipped(&database, "outcome = 'SUCCEEDED' AND action <> 'LOGIN'", 2);
    database
}

fn refused(sql: &mut Sql, statement: &str, why: &str) {
    let error = sql.attempt(statement).expect_err(statement);
    assert!(error.contains(why), "{statement}: {error}");
}

#[test]
fn neither_the_server_nor_the_owner_changes_an_entry() {
    let database = database(Backend::Postgres);
    let mut sql = database.sql();
    let partition = sql.value("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1 LIMIT 1");
    for role in ["phr_server", "phr_owner", "postgres"] {
        sql.run(&format!("SET ROLE {role}; SET phr.institution = 'all'"));
        for table in ["audit_events", &partition] {
            for statement in
                [format!("UPDATE {table} SET role = ''"), format!("DELETE FROM {table}"), format!("TRUNCATE {table}")]
            {
                // No role but the superuser sees a row of a partition by itself.
                if role == "phr_owner" && *table == *partition && !statement.starts_with("TRUNCATE") {
                    continue;
                }
                let why = if role == "phr_server" { "permission denied" } else { "only ever appended to" };
                refused(&mut sql, &statement, why);
            }
        }
        sql.run("RESET ROLE");
    }
    sql.run("SET ROLE phr_server; SET phr.institution = 'all'");
    for statement in ["DROP TABLE audit_events", "ALTER TABLE audit_events DISABLE TRIGGER ALL"] {
        refused(&mut sql, statement, "must be owner");
    }
    refused(&mut sql, "UPDATE audit_retention SET floor_days = 0", "permission denied");
    refused(&mut sql, "INSERT INTO audit_beginnings VALUES (gen_random_uuid(), 1, '', now())", "permission denied");
    refused(&mut sql, "SELECT make_audit_partitions('2000-01-01', '2026-01-01')", "24 months");
    // A month that is younger than the floor's 2190 days, and one that is older.
    sql.run(
        "SELECT make_audit_partitions('2024-01-01', '2024-01-01'), make_audit_partitions('2010-01-01', '2010-01-01')",
    );
    assert_eq!(sql.value("SELECT prune_audit_events(0)"), "1", "the floor holds");
    let left =
        "SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r' AND relname = 'audit_events_2024_01'";
    assert_eq!(sql.value(left), "1");
    sql.run(&format!("SET phr.institution = '{HOME}'"));
    let again = "INSERT INTO audit_events SELECT * FROM audit_events";
    refused(&mut sql, again, "row-level security");
}

#[test]
fn an_embedded_trail_refuses_changes_too() {
    let database = database(Backend::Sqlite);
    let mut sql = database.sql();
    refused(&mut sql, "UPDATE audit_events SET role = ''", "append_only");
    refused(&mut sql, "DELETE FROM audit_events", "append_only");
    sql.run("INSERT INTO audit_beginnings SELECT instance, 99, hash, occurred_at FROM audit_events WHERE sequence = 1");
    refused(&mut sql, "DELETE FROM audit_events", "append_only");
}

#[test]
fn an_entry_is_seen_by_its_actors_institution_its_records_and_its_patient() {
    let database = database(Backend::Postgres);
    let all = database.sql().value("SELECT count(*) FROM audit_events");
    // The operator's token is of no institution, and of no patient.
    let theirs =
        database.sql().value("SELECT count(*) FROM audit_events WHERE action <> 'LOGIN' AND resource <> 'SigningKey'");
    assert_ne!(all, theirs);
    let patient = database.sql().value("SELECT uuid FROM patientregister");
    let counts = |institution: &str, bound: &str| {
        let mut sql = database.sql();
        sql.run(&format!("SET ROLE phr_server; SET phr.institution = '{institution}'; SET phr.patient = '{bound}'"));
        let found = format!("audit_events_about(ARRAY['{patient}'::uuid])");
        ["audit_events", "audit_event_patients", &found].map(|from| sql.value(&format!("SELECT count(*) FROM {from}")))
    };
    let (all, theirs) = (all.as_str(), theirs.as_str());
    assert_eq!(counts("all", ""), [all, all, theirs]);
    assert_eq!(counts("", ""), ["0"; 3]);
    assert_eq!(counts(HOME, ""), [theirs; 3], "others' deeds with the institution's records");
    assert_eq!(counts(OTHER, ""), ["0"; 3]);
    assert_eq!(counts(OTHER, &patient), ["0", theirs, theirs], "of the patient, wherever they are now");
    assert_eq!(counts(HOME, OTHER), ["0"; 3]);
    assert_eq!(counts("all", OTHER), ["0"; 3]);
}

#[test]
fn a_patient_reads_no_other_patients_key_by_whatever_statement() {
    let database = Arc::new(Database::new(Backend::Postgres));
    let server = Phr::serve(Arc::clone(&database), &[], &[]);
    let [own, other] = [register(&server, &json!({})), register(&server, &json!({}))];
    server.ask("{ patientRegisters { nodes { lastName } } }", &json!({}));
    shipped(&database, "cardinality(patient_ids) = 2", 1);
    let mut sql = database.sql();
    // An entry of the first form too, about another patient.
    sql.run(&format!(
        "INSERT INTO audit_events SELECT (jsonb_populate_record(event, jsonb_build_object('form', 1, 'sequence', 1000000, \
         'patient_ids', null, 'patient_id', '{other}'))).* FROM audit_events AS event WHERE '{other}' = ANY (patient_ids) \
         LIMIT 1"
    ));
    sql.run(&format!("SET ROLE phr_server; SET phr.institution = '{HOME}'; SET phr.patient = '{own}'"));
    let found = format!("audit_events_about(ARRAY['{own}'::uuid, '{other}'])");
    let seen = format!("SELECT count(*) FROM {found} WHERE resource_id IS NULL AND action = 'READ'");
    assert_eq!(sql.value(&seen), "1", "what was shown of both");
    assert_eq!(sql.column(&format!("SELECT DISTINCT unnest(patient_ids) FROM {found}")), [own.as_str()]);
    assert_eq!(sql.column("SELECT DISTINCT patient_id FROM audit_event_patients"), [own.as_str()]);
    for relation in ["audit_events", &found, "audit_event_patients"] {
        let told = format!("SELECT count(*) FROM {relation} AS event WHERE event::text LIKE '%{other}%'");
        assert_eq!(sql.value(&told), "0", "{relation}");
    }
    // Nor is it told by a condition that is tried on rows before they are hidden.
    sql.run(
        "CREATE FUNCTION pg_temp.overhear(uuid[]) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS \
         $$ BEGIN IF cardinality($1) > 1 THEN RAISE EXCEPTION 'overheard'; END IF; RETURN true; END $$",
    );
    for relation in ["audit_events", &found] {
        let tried = format!("SELECT count(*) FROM {relation} WHERE pg_temp.overhear(patient_ids)");
        sql.attempt(&tried).unwrap_or_else(|error| panic!("{relation}: {error}"));
    }
    for patients in [format!("'{other}'"), format!("'{other}', NULL"), "NULL".to_owned()] {
        let others = format!("SELECT count(*) FROM audit_events_about(ARRAY[{patients}]::uuid[])");
        assert_eq!(sql.value(&others), "0", "{patients}");
    }
    assert_eq!(sql.value(&format!("SELECT count(coalesce(query, hash)) FROM {found}")), "0");
    let is_reader = "SELECT pg_has_role('phr_server', 'phr_audit_reader', 'MEMBER')::text";
    assert_eq!(sql.value(is_reader), "false");
}
