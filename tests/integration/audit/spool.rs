//! No audit, no data.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use support::{Backend, Database, HeldCommits, Phr, eventually, on_both_databases, phr};

use super::settling::{CREATE, PATIENT};
use super::{anchors, ask, entries, shipped, spools};
use crate::patients::{jane, register};

on_both_databases! {
    a_spool_that_was_removed_lets_nothing_through,
    a_spool_that_is_full_lets_nothing_through_until_it_was_shipped,
    who_reads_faster_than_entries_are_shipped_has_to_wait_and_is_not_refused,
}

pub(super) const READ: &str = "{ patientRegisters { nodes { uuid lastName } } }";

/// Fails unless nothing of a patient was shown, and the caller was told why.
pub(super) fn is_refused(response: &Value, code: &str) -> bool {
    if response["errors"].is_null() {
        return false;
    }
    assert_eq!(response["data"], Value::Null, "{response}");
    assert_eq!(response["errors"][0]["extensions"]["code"], code, "{response}");
    assert!(response["errors"][0]["message"].as_str().unwrap().contains("on record"), "{response}");
    true
}

fn a_spool_that_was_removed_lets_nothing_through(phr: &Phr) {
    register(phr, &json!({}));
    shipped(&phr.database, "outcome = 'SUCCEEDED' AND action = 'CREATE'", 1);
    std::fs::remove_dir_all(&spools(&phr.database)[0]).unwrap();
    assert!(is_refused(&phr.response(READ, &json!({})), "UNAVAILABLE"));
    let created = phr.response(CREATE, &json!({ "input": jane() }));
    assert_eq!(created["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{created}");
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM patientregister"), "1", "nothing was committed");
    phr.logs("the spool's files were removed");
    // What is nobody's is still served.
    phr.ask("{ medicalInstitutions { nodes { name } } }", &json!({}));
}

/// Lets nothing be shipped, or again.
pub(super) fn shipping(database: &Database, works: bool) {
    let sql = match (database.backend(), works) {
        (Backend::Postgres, false) => "REVOKE INSERT ON audit_events FROM phr_server",
        (Backend::Postgres, true) => "GRANT INSERT ON audit_events TO phr_server",
        (Backend::Sqlite, false) => {
            "CREATE TRIGGER stop BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'stop'); END"
        }
        (Backend::Sqlite, true) => "DROP TRIGGER stop",
    };
    database.sql().run(sql);
}

fn a_spool_that_is_full_lets_nothing_through_until_it_was_shipped(own: &Phr) {
    let database = std::sync::Arc::new(Database::new(own.backend()));
    let phr = Phr::serve(std::sync::Arc::clone(&database), &[("PHR_AUDIT_SPOOL_MAX_BYTES", "20000")], &[]);
    register(&phr, &json!({}));
    shipping(&database, false);
    let mut shown = 0;
    let refused = eventually("the spool is full", || {
        let (response, id) = ask(&phr, READ, &json!({}));
        shown += 1;
        is_refused(&response, "UNAVAILABLE").then_some(id)
    });
    assert!(shown > 5, "{shown}");
    let created = phr.response(CREATE, &json!({ "input": jane() }));
    assert_eq!(created["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{created}");
    phr.logs("takes all the room");
    shipping(&database, true);
    eventually("data are shown again", || phr.response(READ, &json!({}))["errors"].is_null().then_some(()));
    shipped(&database, "action = 'READ' AND outcome = 'SUCCEEDED'", shown);
    assert_eq!(entries(&database, &format!("request_id = {}", database.key(&refused))), []);
    assert_eq!(database.sql().value("SELECT count(*) FROM patientregister"), "1");
}

fn who_reads_faster_than_entries_are_shipped_has_to_wait_and_is_not_refused(own: &Phr) {
    let database = std::sync::Arc::new(Database::new(own.backend()));
    let phr = Phr::serve(std::sync::Arc::clone(&database), &[("PHR_AUDIT_SPOOL_MAX_BYTES", "40000")], &[]);
    let (patients, readers, reads) = (10, 4, 30);
    for _ in 0..patients {
        register(&phr, &json!({}));
    }
    // Each answer's entry takes about 1,000 bytes, and they are shipped four times a second.
    std::thread::scope(|scope| {
        for _ in 0..readers {
            scope.spawn(|| (0..reads).for_each(|_| drop(phr.ask(READ, &json!({})))));
        }
    });
    shipped(&database, "action = 'READ' AND outcome = 'SUCCEEDED'", readers * reads);
}

#[test]
fn without_a_spool_the_server_does_not_start() {
    let database = Database::new(Backend::Sqlite);
    std::fs::write(database.folder().join("file"), "").unwrap();
    let url = database.url();
    let environment = [("DATABASE_URL", url.as_str()), ("PHR_AUDIT_SPOOL", "file/audit")];
    let refused = phr(database.folder(), &["serve", "--listen", "127.0.0.1:0"], &environment);
    assert!(
        !refused.succeeded() && refused.stderr.contains("the audit spool file/audit cannot be used"),
        "{refused:?}"
    );
    let found = phr(database.folder(), &["doctor", "--json"], &environment);
    assert!(!found.succeeded() && found.stdout.contains("PHR_AUDIT_SPOOL"), "{found:?}");
    let kept = phr(database.folder(), &["doctor"], &[("DATABASE_URL", &url)]);
    assert!(kept.succeeded() && kept.stdout.contains("audit spool: data/audit, can be written"), "{kept:?}");
}

#[test]
fn an_intent_to_keep_less_than_the_floor_is_refused() {
    let database = Database::new(Backend::Sqlite);
    let refused = phr(database.folder(), &["doctor"], &[("AUDIT_RETENTION_DAYS", "365")]);
    assert!(!refused.succeeded() && refused.stderr.contains("AUDIT_RETENTION_FLOOR_DAYS"), "{refused:?}");
}

#[test]
fn a_change_that_was_committed_brings_its_token_although_it_cannot_be_shown() {
    let phr = Phr::with(Backend::Postgres, &[PATIENT]);
    let mut held = HeldCommits::of(&phr.database, true);
    let waiting = phr.begin(CREATE, &json!({ "input": jane() }));
    held.wait_until_committing();
    std::fs::remove_dir_all(&spools(&phr.database)[0]).unwrap();
    held.release();
    let reply = waiting.finish();
    let response = reply.json();
    assert_eq!(response["errors"][0]["extensions"]["code"], "OUTCOME_UNKNOWN", "{response}");
    let token = &response["extensions"]["consistency"]["token"];
    assert!(token.is_string() && reply.header("x-consistency-token") == token.as_str(), "{response}");
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM patientregister"), "1");
}

#[test]
fn nobody_else_on_the_machine_can_read_the_spool_or_the_anchors() {
    let phr = Phr::start(Backend::Sqlite);
    register(&phr, &json!({}));
    shipped(&phr.database, "outcome = 'SUCCEEDED'", 2);
    let own = spools(&phr.database).remove(0);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(own.parent().unwrap()), mode(&own)), (0o700, 0o700));
    assert_eq!((mode(&own.join("0000000001.jsonl")), mode(&anchors(&phr.database))), (0o600, 0o600));
}
