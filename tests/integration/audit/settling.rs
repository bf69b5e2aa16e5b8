//! An intent whose server died is settled by what became of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use support::{Backend, Client, Database, HeldCommits, Phr, eventually, phr};

use super::spool::shipping;
use super::{entries, shipped, spools, values, verify, wait_until_adopted};
use crate::patients::jane;

/// The present instant as SQLite's tables have it.
const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')";

pub(super) const CREATE: &str = "mutation($input: CreatePatientRegisterInput!) { createPatientRegister(input: $input) {
    patientRegister { uuid } } }";

/// Settled intents of a long chain: looking through all of them for each would take longer than a statement may.
const PAIRS: u32 = 10_000;

/// Longer than a commit is held.
pub(super) const PATIENT: (&str, &str) = ("DB_QUERY_TIMEOUT", "600");

/// A server that was killed while a create was being committed.
fn killed_while_committing(database: &Arc<Database>, held: &mut HeldCommits) {
    let mut server = Phr::serve(Arc::clone(database), &[PATIENT], &[]);
    let waiting = server.begin(CREATE, &json!({ "input": jane() }));
    held.wait_until_committing();
    server.signal("KILL");
    assert_eq!(server.ended(), None);
    drop(waiting);
}

#[test]
fn a_commit_that_goes_on_without_its_server_is_waited_for() {
    let database = Arc::new(Database::new(Backend::Postgres));
    let mut held = HeldCommits::of(&database, true);
    killed_while_committing(&database, &mut held);
    let _next = Phr::serve(Arc::clone(&database), &[], &[]);
    let intended = shipped(&database, "outcome = 'INTENDED'", 1);
    assert_eq!(database.sql().value("SELECT count(*) FROM patientregister"), "0", "the commit goes on");
    held.release();
    let settled = shipped(&database, "settles IS NOT NULL", 1);
    assert_eq!(values(&settled, "outcome"), ["SUCCEEDED"]);
    assert_eq!(values(&settled, "settles"), values(&intended, "sequence"));
    assert_eq!(values(&settled, "resource_id"), database.sql().column("SELECT uuid FROM patientregister"));
    wait_until_adopted(&database);
    assert!(verify(&database).succeeded());
}

#[test]
fn a_commit_that_ended_with_its_server_has_failed() {
    let database = Arc::new(Database::new(Backend::Postgres));
    let mut held = HeldCommits::of(&database, false);
    killed_while_committing(&database, &mut held);
    let _next = Phr::serve(Arc::clone(&database), &[], &[]);
    let settled = shipped(&database, "settles IS NOT NULL", 1);
    assert_eq!(values(&settled, "outcome"), ["FAILED"]);
    assert_eq!(database.sql().value("SELECT count(*) FROM patientregister"), "0");
    wait_until_adopted(&database);
    assert!(verify(&database).succeeded());
}

#[test]
fn an_outcome_that_was_not_noted_is_settled_by_the_change_log() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        let file = killed_before_anything_was_shipped(&database);
        // As if the server had died while it noted the outcome.
        let text = std::fs::read_to_string(&file).unwrap();
        let whole: String = text.split_inclusive('\n').take(FIRST + 1).collect();
        std::fs::write(&file, format!("{whole}{{\"torn")).unwrap();
        let _next = Phr::serve(Arc::clone(&database), &[], &[]);
        let settled = shipped(&database, "settles IS NOT NULL", 1);
        assert_eq!(values(&settled, "outcome"), ["SUCCEEDED"], "{backend:?}");
        wait_until_adopted(&database);
        assert!(verify(&database).succeeded());
    }
}

#[test]
fn a_long_chain_is_settled_as_well_as_a_short_one() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let instance = "10000000-0000-4000-8000-000000000001";
    // Pairs of an intent and what settled it, and an intent that nothing settles.
    database.sql().run(&format!(
        "WITH RECURSIVE entries(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM entries WHERE n <= {PAIRS} * 2)
         INSERT INTO audit_events (uuid, instance, sequence, occurred_at, actor_id, role, request_id, action, resource,
             outcome, settles, previous_hash, hash)
         SELECT randomblob(16), {}, n, {NOW}, zeroblob(16), '', zeroblob(16), 'UPDATE',
             'PatientRegister', iif(n % 2, 'INTENDED', 'SUCCEEDED'), iif(n % 2, NULL, n - 1), zeroblob(32), zeroblob(32)
         FROM entries",
        database.key(instance)
    ));
    std::fs::create_dir_all(database.folder().join("data/audit").join(instance)).unwrap();
    let server = Phr::serve(Arc::clone(&database), &[], &[]);
    let settled = shipped(&database, &format!("settles > {PAIRS} * 2"), 1);
    assert_eq!(values(&settled, "outcome"), ["UNKNOWN"], "nothing tells which record it was");
    wait_until_adopted(&database);
    crate::patients::register(&server, &json!({}));
}

#[test]
fn what_the_change_log_has_forgotten_is_settled_as_unknown() {
    for (pruned, outcome) in [(0, "FAILED"), (1, "UNKNOWN")] {
        let database = Arc::new(Database::new(Backend::Sqlite));
        let instance = "10000000-0000-4000-8000-000000000001";
        database.sql().run(&format!(
            "INSERT INTO audit_events (uuid, instance, sequence, occurred_at, actor_id, role, request_id, action, resource,
                 resource_id, version, outcome, previous_hash, hash)
             VALUES (randomblob(16), {}, 1, {NOW}, zeroblob(16), '', zeroblob(16), 'UPDATE',
                 'PatientRegister', randomblob(16), 2, 'INTENDED', zeroblob(32), zeroblob(32));
             UPDATE change_log_horizon SET sequence = {pruned}",
            database.key(instance)
        ));
        std::fs::create_dir_all(database.folder().join("data/audit").join(instance)).unwrap();
        let _server = Phr::serve(Arc::clone(&database), &[], &[]);
        let settled = shipped(&database, "settles = 1", 1);
        assert_eq!(values(&settled, "outcome"), [outcome]);
    }
}

#[test]
fn a_spool_that_was_damaged_is_set_aside_and_named() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let folder = database.folder().join("data/audit/10000000-0000-4000-8000-000000000001");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("0000000001.jsonl"), "nonsense\n").unwrap();
    let server = Phr::serve(Arc::clone(&database), &[], &[]);
    eventually("it is set aside", || folder.with_extension("damaged").exists().then_some(()));
    server.logs("a damaged audit spool was set aside");
    crate::patients::register(&server, &json!({}));
    shipped(&database, "outcome = 'SUCCEEDED'", 1);
    let told = phr(database.folder(), &["doctor"], &[("DATABASE_URL", &database.url())]);
    assert!(!told.succeeded() && told.stdout.contains("1 damaged spool(s)"), "{told:?}");
}

/// Entries of the first signing key, which stand before everything else.
const FIRST: usize = 2;

/// A server that was killed, of which three entries are in the spool and not in the database: its segment.
fn killed_before_anything_was_shipped(database: &Arc<Database>) -> std::path::PathBuf {
    let mut server = Phr::serve(Arc::clone(database), &[], &[]);
    // Before nothing can be shipped: making one is on record too.
    server.token();
    shipping(database, false);
    crate::patients::register(&server, &json!({}));
    let segment = eventually("the entries are in the spool", || {
        let file = spools(database).first()?.join("0000000001.jsonl");
        (std::fs::read_to_string(&file).ok()?.lines().count() >= FIRST + 3).then_some(file)
    });
    server.signal("KILL");
    assert_eq!(server.ended(), None);
    assert_eq!(entries(database, "action <> 'LOGIN'"), []);
    shipping(database, true);
    segment
}

#[test]
fn what_stands_before_the_damage_of_a_spool_is_shipped() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        let segment = killed_before_anything_was_shipped(&database);
        let whole = std::fs::read(&segment).unwrap();
        std::fs::write(&segment, [&whole, &b"\0\0\0\0\xff\n"[..], &whole].concat()).unwrap();
        // No text, and a part that is missing.
        let folder =
            |number: u8| database.folder().join(format!("data/audit/10000000-0000-4000-8000-00000000000{number}"));
        for (number, segment, text) in [(1, 1, &b"\xff\n"[..]), (2, 1, b""), (2, 3, b"")] {
            std::fs::create_dir_all(folder(number)).unwrap();
            std::fs::write(folder(number).join(format!("000000000{segment}.jsonl")), text).unwrap();
        }
        let server = Phr::serve(Arc::clone(&database), &[], &[]);
        for folder in [segment.parent().unwrap(), &folder(1), &folder(2)] {
            eventually("it is set aside", || folder.with_extension("damaged").exists().then_some(()));
        }
        // That of the token is another one's.
        assert_eq!(entries(&database, "resource <> 'AccessToken'").len(), 3, "{backend:?}");
        crate::patients::register(&server, &json!({}));
        shipped(&database, "action = 'CREATE' AND outcome = 'SUCCEEDED'", 2);
    }
}

#[test]
fn what_dead_processes_left_is_adopted_under_a_steady_load_too() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        let unmetered =
            [("PHR_RATE_REQUESTS", "4000000000"), ("PHR_RATE_COST", "4000000000"), ("PHR_BUDGET_SHARE", "0")];
        let server = Phr::serve(Arc::clone(&database), &unmetered, &[]);
        crate::patients::register(&server, &json!({}));
        shipped(&database, "outcome = 'SUCCEEDED'", 2);
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let read = json!({"query": "{ patientRegisters { nodes { lastName } } }"});
                    let mut client = Client::new(server.address, server.token().to_owned());
                    while !is_over.load(Ordering::Relaxed) {
                        client.ask("session", &read).expect("the server answers");
                    }
                });
            }
            // Also when a wait is given up.
            let _end = super::crash::End(&is_over);
            let count = entries(&database, "action = 'READ'").len();
            shipped(&database, "action = 'READ'", count + 50);
            let left = database.folder().join("data/audit/10000000-0000-4000-8000-000000000001");
            std::fs::create_dir_all(&left).unwrap();
            eventually("it is adopted", || (!left.exists()).then_some(()));
        });
    }
}

#[test]
fn what_no_database_could_take_is_shipped_by_the_next_server() {
    let database = Arc::new(Database::new(Backend::Sqlite));
    let mut server = Phr::serve(Arc::clone(&database), &[], &[]);
    // Before nothing can be shipped: making one is on record too.
    server.token();
    shipping(&database, false);
    crate::patients::register(&server, &json!({}));
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    server.logs("the next start ships them");
    assert_eq!(spools(&database).len(), 1);
    let url = database.url();
    let found = phr(database.folder(), &["doctor"], &[("DATABASE_URL", &url)]);
    assert!(found.stdout.contains("1 process(es) ended and left entries"), "{found:?}");
    shipping(&database, true);
    let mut next = Phr::serve(Arc::clone(&database), &[], &[]);
    shipped(&database, "action = 'CREATE'", 2);
    next.signal("TERM");
    assert_eq!(next.ended(), Some(0));
    assert_eq!(spools(&database), Vec::<std::path::PathBuf>::new(), "nothing is left behind");
    assert!(verify(&database).succeeded());
}
