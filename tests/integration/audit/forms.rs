//! Entries of the first form, which name one patient each: kept, found and verified as they were written.

use std::path::Path;
use std::sync::Arc;

use phr::scope::{Boundary, InstitutionId, Permissions, Scope};
use serde_json::{Value, json};
use support::{Backend, Database, Phr, migrate};

use super::row::{self, Row};
use super::tampering::{rehash, unlock};
use super::{anchors, entries, shipped, verify, wait_until_adopted};
use crate::library::{Library, operator};
use crate::patients::{HOME, register};

/// A chain as an older build would have written it: the one with a record of a patient, in the first form.
fn older(database: &Database) -> Vec<Row> {
    let rows = row::read(database.backend(), &mut database.sql());
    let instance =
        rows.iter().find(|row| row.known("patient_ids").is_some()).expect("an entry").get("instance").to_owned();
    let mut chain: Vec<Row> = rows.into_iter().filter(|row| row.get("instance") == instance).collect();
    for row in &mut chain {
        let patients: Vec<String> = serde_json::from_str(row.known("patient_ids").unwrap_or("[]")).unwrap();
        row.set("form", "1");
        row.clear("patient_ids");
        if let [patient] = patients.as_slice() {
            row.set("patient_id", &patient.replace('-', ""));
        }
    }
    rehash(&mut chain, 0);
    chain
}

/// A line of the spool, as an older build wrote it.
fn line(row: &Row) -> String {
    let key = |column: &str| row.known(column).map(|key| uuid::Uuid::parse_str(key).unwrap());
    let number = |column: &str| row.known(column).map(|number| number.parse::<i64>().unwrap());
    let mut common = json!({
        "instance": key("instance"), "occurred_at": row.get("occurred_at"), "actor_id": key("actor_id"),
        "role": row.get("role"), "request_id": key("request_id"), "action": row.get("action"),
        "resource": row.get("resource"), "fields": serde_json::from_str::<Value>(row.get("fields")).unwrap(),
        "outcome": row.get("outcome"),
    });
    for column in ["session_id", "institution_id", "grant_id"] {
        if let Some(key) = key(column) {
            common[column] = json!(key);
        }
    }
    if let Some(origin) = row.known("origin") {
        common["origin"] = json!(origin);
    }
    let own = json!([
        key("resource_id"),
        number("version"),
        key("resource_institution_id"),
        key("patient_id"),
        number("settles"),
        row.get("hash"),
    ]);
    let line = json!({
        "common": common, "first": number("sequence"), "previous_hash": row.get("previous_hash"), "own": [own],
    });
    format!("{line}\n")
}

/// What auditors and a patient are told of that patient.
fn is_found(database: &Database, patient: &str, count: usize) {
    let library = Library::of(database);
    let query = "query($patient: UUID!) { auditEvents(first: 100, filter: {patientId: {equal: $patient}}) {
        nodes { patientIds } } }";
    let own = Scope {
        permissions: Permissions::NONE,
        patient: Some(patient.parse().unwrap()),
        boundary: Boundary::One(InstitutionId(HOME.parse().unwrap())),
        ..operator()
    };
    for scope in [operator(), own] {
        let told = library.ask(scope, query, &json!({ "patient": patient }));
        let nodes = told["data"]["auditEvents"]["nodes"].as_array().unwrap_or_else(|| panic!("{told}"));
        assert_eq!(nodes.len(), count, "{told}");
        assert!(nodes.iter().all(|node| node["patientIds"] == json!([patient])), "{told}");
    }
}

/// A server that registered a patient and has ended; the patient, and the entries about them.
fn scene(backend: Backend) -> (Arc<Database>, String, usize) {
    let database = Arc::new(Database::new(backend));
    let mut server = Phr::serve(Arc::clone(&database), &[], &[]);
    let patient = register(&server, &json!({}));
    server.ask("{ patientRegisters { nodes { lastName } } }", &json!({}));
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    let about = entries(&database, "patient_ids IS NOT NULL").len();
    assert!(about >= 3, "{about}");
    (database, patient, about)
}

#[test]
fn a_spool_that_an_older_build_left_is_shipped_as_it_was_written() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (database, patient, about) = scene(backend);
        let chain = older(&database);
        let mut sql = database.sql();
        unlock(backend, &mut sql);
        sql.run("DELETE FROM audit_events");
        std::fs::remove_file(anchors(&database)).unwrap();
        let instance = uuid::Uuid::parse_str(chain[0].get("instance")).unwrap().to_string();
        let folder = database.folder().join("data/audit").join(instance);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("0000000001.jsonl"), chain.iter().map(line).collect::<String>()).unwrap();
        let _next = Phr::serve(Arc::clone(&database), &[], &[]);
        wait_until_adopted(&database);
        let mut kept = row::read(backend, &mut sql);
        kept.retain(|row| row.get("instance") == chain[0].get("instance"));
        assert_eq!(kept, chain, "{backend:?}");
        is_found(&database, &patient, about);
        let verified = verify(&database);
        assert!(verified.succeeded(), "{verified:?}");
        assert!(!Path::new(&folder).exists());
    }
}

#[test]
fn rows_of_both_forms_are_found_by_patient_and_verified_side_by_side() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let (database, patient, about) = scene(backend);
        let chain = older(&database);
        let mut sql = database.sql();
        let mut rows = row::read(backend, &mut sql);
        rows.retain(|row| row.get("instance") != chain[0].get("instance"));
        rows.extend(chain);
        unlock(backend, &mut sql);
        row::write(backend, &mut sql, &rows);
        std::fs::remove_file(anchors(&database)).unwrap();
        let next = Phr::serve(Arc::clone(&database), &[], &[]);
        let other = register(&next, &json!({}));
        next.ask("{ patientRegisters { nodes { lastName } } }", &json!({}));
        shipped(&database, "patient_ids IS NOT NULL AND resource_id IS NULL", 1);
        // What was shown of both, by the new build.
        let query = "query($patient: UUID!) { auditEvents(first: 100, filter: {patientId: {equal: $patient}, fields:
            {contains: \"last_name\"}, action: {equal: READ}}) { totalCount nodes { patientIds } } }";
        let told = next.ask(query, &json!({ "patient": patient }));
        let shown: Vec<usize> = told["auditEvents"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["patientIds"].as_array().unwrap().len())
            .collect();
        assert_eq!(shown, [2, 1], "{told}");
        let of_other = next.ask(query, &json!({ "patient": other }));
        assert_eq!(of_other["auditEvents"]["totalCount"], 1, "{of_other}");
        // That the trail was asked for both is on record of each.
        shipped(&database, "resource = 'AuditEvent' AND patient_ids IS NOT NULL", 2);
        is_found_among_others(&database, &patient, about + 2);
        let verified = verify(&database);
        assert!(verified.succeeded(), "{verified:?}");
    }
}

/// The same as a patient sees it: the own key alone, also where others are named.
fn is_found_among_others(database: &Database, patient: &str, count: usize) {
    let own = Scope {
        permissions: Permissions::NONE,
        patient: Some(patient.parse().unwrap()),
        boundary: Boundary::One(InstitutionId(HOME.parse().unwrap())),
        ..operator()
    };
    let told =
        Library::of(database).ask(own, "{ auditEvents(first: 100) { totalCount nodes { patientIds } } }", &json!({}));
    let nodes = told["data"]["auditEvents"]["nodes"].as_array().unwrap_or_else(|| panic!("{told}"));
    assert_eq!(
        (nodes.len(), told["data"]["auditEvents"]["totalCount"].as_u64()),
        (count, Some(count as u64)),
        "{told}"
    );
    assert!(nodes.iter().all(|node| node["patientIds"] == json!([patient])), "{told}");
}

#[test]
fn the_schema_before_is_refused_once_an_entry_is_of_the_second_form() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Database::new(backend);
        let (key, now, hash, patients) = match backend {
            Backend::Sqlite => {
                ("randomblob(16)", "strftime('%Y-%m-%dT%H:%M:%S.000000+00:00')", "zeroblob(32)", "'[\"{}\"]'")
            }
            Backend::Postgres => ("gen_random_uuid()", "now()", "decode(repeat('00', 32), 'hex')", "ARRAY['{}'::uuid]"),
        };
        let patients = patients.replace("{}", &uuid::Uuid::new_v4().to_string());
        database.sql().run(&format!(
            "INSERT INTO audit_events (uuid, instance, sequence, occurred_at, actor_id, role, request_id, action, resource,
                 outcome, previous_hash, hash, form, patient_ids)
             VALUES ({key}, {key}, 1, {now}, {key}, '', {key}, 'READ', 'PatientRegister', 'SUCCEEDED', {hash}, {hash}, 2,
                 {patients})"
        ));
        let down = migrate(&database, &["down", "99"]);
        assert!(!down.succeeded(), "{down:?}");
        assert!(down.stderr.replace('_', " ").contains("several patients"), "{down:?}");
        assert_eq!(database.sql().value("SELECT count(*) FROM audit_events"), "1");
    }
}
