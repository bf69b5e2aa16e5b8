//! Old months are removed, the rest still verifies, and nothing goes before its time.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use phr::clock::{Clock, SystemClock};
use serde_json::json;
use support::{Backend, Database, Phr, eventually};

use super::{anchors, entries, shipped, values, verify};
use crate::library::{Library, operator};
use crate::patients::register;

/// A clock of another time, which a call puts forward.
#[derive(Debug)]
struct Then(parking_lot::Mutex<DateTime<Utc>>);

impl Clock for Then {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock()
    }
}

fn days_ago(days: u64) -> DateTime<Utc> {
    SystemClock.now() - chrono::Days::new(days)
}

/// A register, made by a server that has ended.
pub(super) fn patient(database: &Arc<Database>) {
    let mut server = Phr::serve(Arc::clone(database), &[], &[]);
    register(&server, &json!({}));
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
}

/// A trail whose process ran for years: it has an entry of each of these times.
pub(super) fn long_lived(database: &Database, ages: &[u64]) {
    let clock = Arc::new(Then(parking_lot::Mutex::new(days_ago(ages[0]))));
    let library = Library::witnessed(database, Arc::clone(&clock) as phr::clock::SharedClock);
    for age in ages {
        *clock.0.lock() = days_ago(*age);
        library.ask(operator(), "{ patientRegisters(first: 1) { nodes { uuid } } }", &json!({}));
    }
    library.rest();
}

#[test]
fn what_is_older_than_it_is_kept_is_pruned_and_the_rest_verifies() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        patient(&database);
        long_lived(&database, &[4800, 4500, 3750, 3700, 3600, 2000, 10]);
        let old = "action = 'READ' AND role = 'administrator' AND settles IS NULL";
        let before = entries(&database, old).len();
        let library = Library::of(&database);
        let whole = library.verify(&[anchors(&database)]);
        assert!(whole.findings.is_empty(), "{whole:?}");
        // Servers prune when they start, whatever else they cannot do: this one is left as it is.
        let stuck = database.folder().join("data/audit/10000000-0000-4000-8000-000000000001");
        std::fs::create_dir_all(stuck.join("0000000001.jsonl")).unwrap();
        let server = Phr::serve(Arc::clone(&database), &[], &[]);
        eventually("old entries are pruned", || (entries(&database, old).len() == before - 4).then_some(()));
        server.logs("old audit entries were pruned");
        let said = shipped(&database, "action = 'DELETE' AND resource = 'AuditEvent'", 2);
        assert_eq!(values(&said, "outcome"), ["INTENDED", "SUCCEEDED"], "pruning is on record");
        let kept = library.verify(&[anchors(&database)]);
        assert!(kept.findings.is_empty(), "{kept:?}");
        assert_eq!(kept.entries, whole.entries - 4 + 2, "{kept:?}");
        // What is remembered of the pruned ones cannot be made up to hide more.
        let mut sql = database.sql();
        super::tampering::unlock(backend, &mut sql);
        let first = sql.value("SELECT sequence + 1 FROM audit_beginnings");
        sql.run(&format!(
            "UPDATE audit_beginnings SET sequence = {first}, hash = (SELECT hash FROM audit_events AS gone
             WHERE gone.sequence = {first} AND gone.instance = audit_beginnings.instance);
             DELETE FROM audit_events WHERE sequence = {first} AND instance = (SELECT instance FROM audit_beginnings)"
        ));
        // Older than what no database may remove, and younger than what servers do.
        assert!(library.verify(&[anchors(&database)]).findings.is_empty());
        let hidden = verify(&database);
        assert!(hidden.code == Some(3) && hidden.stdout.contains("it was removed before its time"), "{hidden:?}");
        let newest = "SELECT sequence FROM audit_events WHERE instance = (SELECT instance FROM audit_beginnings)
            ORDER BY sequence DESC LIMIT 1";
        let newest = sql.value(newest);
        sql.run(&format!(
            "UPDATE audit_beginnings SET sequence = {newest}, hash = (SELECT hash FROM audit_events AS last
             WHERE last.sequence = {newest} AND last.instance = audit_beginnings.instance)"
        ));
        sql.run("DELETE FROM audit_events WHERE instance = (SELECT instance FROM audit_beginnings)");
        let hidden = library.verify(&[anchors(&database)]);
        assert_eq!(hidden.findings.len(), 1, "{hidden:?}");
        assert_eq!(hidden.findings[0].why, "it was removed before its time");
    }
}

#[test]
fn nothing_goes_that_is_younger_than_the_floor() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        patient(&database);
        long_lived(&database, &[2400, 2100]);
        let settings = [("AUDIT_RETENTION_DAYS", "30"), ("AUDIT_RETENTION_FLOOR_DAYS", "30")];
        let server = Phr::serve(Arc::clone(&database), &settings, &[]);
        register(&server, &json!({}));
        let old = |days: u64| {
            let before = days_ago(days).format("%Y-%m-%dT00:00:00.000000+00:00");
            entries(&database, &format!("occurred_at < '{before}'")).len()
        };
        eventually("what is older than the database's own floor is pruned", || (old(2300) == 0).then_some(()));
        shipped(&database, "action = 'CREATE'", 4);
        assert_eq!(old(2000), 1, "{backend:?}: the rest stays, whatever the settings say");
    }
}
