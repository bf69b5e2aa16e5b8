//! No clock that has moved too far removes anything.

use std::sync::Arc;

use serde_json::{Value, json};
use support::{Backend, Database, Phr, WrongClock, eventually, phr};

use super::pruning::{long_lived, patient};
use super::{entries, shipped, values, verify};
use crate::patients::register;

/// A little more than the eleven years after which nothing is kept.
const AHEAD: i64 = 11 * 366;

fn end(mut server: Phr) {
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
}

/// Grade and finding of `phr doctor` on the clock.
fn doctor(database: &Database, environment: &[(&str, &str)]) -> (String, String) {
    let url = database.url();
    let told =
        phr(database.folder(), &["doctor", "--json"], &[&[("DATABASE_URL", url.as_str())], environment].concat());
    let report: Value = serde_json::from_str(&told.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["subject"] == "clock").expect("the clock is looked at");
    (found["grade"].as_str().unwrap().to_owned(), found["found"].as_str().unwrap().to_owned())
}

#[test]
fn a_server_whose_clock_runs_years_ahead_serves_and_prunes_nothing() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        let server = Phr::serve(Arc::clone(&database), &[], &[]);
        register(&server, &json!({}));
        end(server);
        let changes = || database.sql().value("SELECT count(*) FROM change_log").parse::<u32>().unwrap();
        let (before, logged) = (entries(&database, "true"), changes());
        assert!(!before.is_empty());
        let clock = WrongClock::ahead(database.folder(), AHEAD);
        // The entries of the first start are as wrong as the clock of the second.
        for start in 1..=2 {
            let server = Phr::serve(Arc::clone(&database), &clock.environment(), &[]);
            server.ask("{ patientRegisters(first: 1) { nodes { email } } }", &json!({}));
            shipped(&database, "action = 'READ'", start);
            server.logs("the clock is in doubt: no audit entry is pruned");
            server.logs("the clock is in doubt: no change is pruned");
            end(server);
            let kept = entries(&database, "true");
            let are_kept = before.iter().all(|entry| kept.contains(entry));
            assert!(are_kept && changes() >= logged, "{backend:?}, start {start}");
        }
        let (grade, found) = doctor(&database, &clock.environment());
        assert!(grade == "error" && found.contains("accept-clock"), "{found}");
        assert_eq!(doctor(&database, &[]).0, "ok", "the clock is right again");
        assert!(verify(&database).succeeded());
    }
}

#[test]
fn what_was_kept_for_a_doubtful_clock_goes_when_an_operator_says_that_it_is_right() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        patient(&database);
        long_lived(&database, &[4800, 4500]);
        let old = "action = 'READ' AND role = 'administrator'";
        let before = entries(&database, old).len();
        // As if the servers had been off for forty days.
        let then = match backend {
            Backend::Postgres => "now() - interval '40 days'",
            Backend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now', '-40 days')",
        };
        database.sql().run(&format!("UPDATE pruning_clock SET trusted_at = {then}"));
        let server = Phr::serve(Arc::clone(&database), &[], &[]);
        server.logs("the clock is in doubt: no audit entry is pruned");
        end(server);
        assert_eq!(entries(&database, old).len(), before, "{backend:?}");
        assert_eq!(doctor(&database, &[]).0, "error");
        let url = database.url();
        let accepted = phr(database.folder(), &["audit", "accept-clock"], &[("DATABASE_URL", &url)]);
        assert!(accepted.succeeded(), "{accepted:?}");
        assert_eq!(doctor(&database, &[]).0, "ok");
        // By the command already, or by the next server.
        let _server = Phr::serve(Arc::clone(&database), &[], &[]);
        eventually("old entries are pruned", || (entries(&database, old).len() == before - 2).then_some(()));
        let said = shipped(&database, "outcome = 'SUCCEEDED' AND resource IN ('AuditEvent', 'PruningClock')", 2);
        assert_eq!(values(&said, "action"), ["UPDATE", "DELETE"], "both are on record");
    }
}
