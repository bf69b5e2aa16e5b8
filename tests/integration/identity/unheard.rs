//! Nothing depends on a log that cannot be written.

use serde_json::{Value, json};
use support::{Backend, Ear, Phr, eventually};

use super::{by_password, faults, member};
use crate::audit::shipped;
use crate::patients::register;

/// Wrong passwords in a row; five lock a user out.
const ATTEMPTS: usize = 12;

/// A server whose log goes nowhere from now on.
fn unheard(backend: Backend, settings: &[(&str, &str)]) -> Phr {
    let phr = Phr::with(backend, &[&[("LOG_LEVEL", "info,phr::audit::anchor=debug")], settings].concat());
    // The test hangs up when it has read one more line.
    phr.hear(Ear::Gone);
    let before = phr.log();
    by_password(&phr, "nobody", "wrong");
    eventually("the log has another line", || (phr.log() != before).then_some(()));
    phr
}

#[test]
fn failed_logins_are_counted_and_recorded_when_nobody_reads_the_log() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let phr = unheard(backend, &[]);
        let (uuid, session) = member(&phr, "ada", "staff", &json!({}));
        for attempt in 0..ATTEMPTS {
            let code = if attempt < 5 { "INVALID_CREDENTIALS" } else { "LOCKED_OUT" };
            assert_eq!(faults(&by_password(&phr, "ada", "wrong")), [code], "{attempt}");
        }
        let tried = format!("action = 'LOGIN' AND outcome = 'FAILED' AND resource_id = {}", phr.database.key(&uuid));
        shipped(&phr.database, &tried, ATTEMPTS);
        // Neither does whatever else logs.
        let error = phr.response_to(&session.access, "{ replicationStatus { readsOnPrimary } }", &json!({}));
        assert_eq!(error["errors"][0]["extensions"]["code"], "FORBIDDEN", "{error}");
    }
}

#[test]
fn entries_are_shipped_after_a_lock_when_nobody_reads_the_log() {
    let phr = unheard(Backend::Sqlite, &[("DB_QUERY_TIMEOUT", "1")]);
    register(&phr, &json!({}));
    shipped(&phr.database, "action = 'CREATE' AND resource = 'PatientRegister' AND outcome = 'SUCCEEDED'", 1);
    let status = || phr.ask("{ replicationStatus { audit { shipping waitingBytes } } }", &json!({}));
    let shipping = |status: &Value| status["replicationStatus"]["audit"]["shipping"] == true;
    let mut holder = phr.database.sql();
    holder.run("BEGIN EXCLUSIVE");
    let query = "{ patientRegisters(first: 1) { nodes { uuid } } }";
    phr.ask(query, &json!({}));
    eventually("entries cannot be shipped", || (!shipping(&status())).then_some(()));
    holder.run("ROLLBACK");
    eventually("entries are shipped again", || shipping(&status()).then_some(()));
    phr.ask("{ patientRegisters(first: 2) { nodes { uuid lastName } } }", &json!({}));
    shipped(&phr.database, "action = 'READ' AND fields LIKE '%last_name%'", 1);
}
