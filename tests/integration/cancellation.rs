//! Clients that hang up, and statements that take too long: nothing is left behind.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Backend, Exchange, Phr, eventually};

use crate::patients::{count, done, jane, read, register, with};
use crate::seeded::Random;

const CREATE: &str = "mutation($input: CreatePatientRegisterInput!) {
    createPatientRegister(input: $input) { patientRegister { uuid } userErrors { code } } }";
const LIST: &str =
    "{ patientRegisters(first: 100) { totalCount nodes { uuid doctor { lastName } institution { name } } } }";
const BATCH: &str = "mutation($input: CreatePatientRegistersInput!) {
    createPatientRegisters(input: $input) { patientRegisters { uuid } userErrors { code } } }";

fn rounds() -> usize {
    if std::env::var_os("PHR_SOAK").is_some() { 5000 } else { 250 }
}

/// Reads and writes that are given up somewhere between the first byte and the answer.
fn storm(phr: &Phr) {
    std::thread::scope(|scope| {
        for seed in 0..4 {
            scope.spawn(move || {
                let mut random = Random::new(seed);
                for _ in 0..rounds() {
                    let sent: Exchange = match random.below(3) {
                        0 => phr.begin(LIST, &json!({})),
                        1 => phr.begin(CREATE, &json!({"input": jane()})),
                        _ => phr.begin(BATCH, &json!({"input": {"items": vec![jane(); 1 + random.below(40)]}})),
                    };
                    // Anywhere within what a request takes, by looking busy: no timer is so short.
                    let until = Instant::now() + Duration::from_micros(random.below(6000) as u64);
                    while Instant::now() < until {
                        std::hint::spin_loop();
                    }
                    drop(sent);
                }
            });
        }
    });
}

#[test]
fn hanging_up_leaves_nothing_open_on_postgres() {
    // So long that PostgreSQL's own limit on idle transactions does not come to the rescue.
    let settings = [("DB_POOL_MAX", "4"), ("DB_QUERY_TIMEOUT", "90"), ("PHR_BUDGET_SHARE", "0")];
    let phr = Phr::with(Backend::Postgres, &settings);
    storm(&phr);
    let mut sql = phr.database.sql();
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
         AND pid <> pg_backend_pid() AND (state LIKE 'idle in transaction%' OR state = 'active')";
    eventually("every transaction has ended", || (sql.value(open) == "0").then_some(()));
    let connections =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    eventually("no connection is lost", || (sql.value(connections).parse::<u32>().unwrap() <= 8).then_some(()));
    whole(&phr);
    // A write's settings end with it: whoever writes by psql is nobody.
    let actors =
        "SELECT count(*) FROM change_log WHERE entity = 'PatientRegister' AND (actor_id IS NULL OR request_id IS NULL)";
    assert_eq!(sql.value(actors), "0");
}

#[test]
fn a_read_of_related_records_ends_with_its_request() {
    let phr = Phr::with(Backend::Postgres, &[("DB_QUERY_TIMEOUT", "90")]);
    let doctor = done(&phr, "createDoctor", "uuid", &json!({"firstName": "Ada", "lastName": "Lee"}))["uuid"].take();
    register(&phr, &json!({ "doctorId": doctor }));
    let (mut holder, mut looker) = (phr.database.sql(), phr.database.sql());
    holder.run("BEGIN; LOCK TABLE doctors IN ACCESS EXCLUSIVE MODE");
    let (_, from) = phr.database.log(0);
    let sent = phr.begin(LIST, &json!({}));
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("the doctors are waited for", || (looker.value(waiting) == "1").then_some(()));
    drop(sent);
    eventually("nobody waits any more", || (looker.value(waiting) == "0").then_some(()));
    // PostgreSQL itself would have looked for the client a second later, and found it gone.
    let cancelled = |line: &String| line.contains("canceling statement due to user request");
    eventually("it was cancelled", || phr.database.log(from).0.iter().any(cancelled).then_some(()));
    holder.run("ROLLBACK");
    assert_eq!(count(&phr), 1);
}

#[test]
fn a_statement_ends_with_its_request_on_sqlite() {
    // So long that no limit of the server's comes to the rescue.
    let settings = [
        ("DB_QUERY_TIMEOUT", "600"),
        ("PHR_REQUEST_TIMEOUT", "600"),
        ("PHR_BUDGET_REQUEST", "600"),
        ("PHR_BUDGET_SHARE", "0"),
    ];
    let phr = Phr::with(Backend::Sqlite, &settings);
    register(&phr, &json!({}));
    let mut sql = phr.database.sql();
    // Whoever reads a gender from now on never comes to an end.
    sql.run(
        "ALTER TABLE genders RENAME TO kept_genders;
         CREATE VIEW genders AS SELECT * FROM kept_genders WHERE 0 <
             (WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT max(n) FROM numbers);
         PRAGMA busy_timeout = 0",
    );
    // The log cannot be emptied while somebody reads what stands in it.
    let mut is_read = || {
        sql.attempt("UPDATE patientregister SET address = '2 Mill Lane'").ok();
        sql.value("PRAGMA wal_checkpoint(TRUNCATE)") == "1"
    };
    let sent = phr.begin("{ genders { nodes { uuid } } }", &json!({}));
    // What the server reads for itself takes no time.
    eventually("the statement is under way", || (0..20).all(|_| is_read()).then_some(()));
    assert!(!sent.is_answered());
    drop(sent);
    eventually("the statement has ended", || (!is_read()).then_some(()));
    assert_eq!(count(&phr), 1);
}

#[test]
fn a_write_whose_client_has_gone_is_taken_back() {
    let phr = Phr::with(Backend::Postgres, &[("DB_POOL_MAX", "1"), ("DB_QUERY_TIMEOUT", "90")]);
    register(&phr, &json!({}));
    let (mut holder, mut looker) = (phr.database.sql(), phr.database.sql());
    // Whoever follows the log may read it.
    holder.run("BEGIN; LOCK TABLE change_log IN EXCLUSIVE MODE");
    let sent = phr.begin(CREATE, &json!({"input": jane()}));
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'phr'";
    let waiting = format!("SELECT count(*) {others} AND wait_event_type = 'Lock'");
    eventually("the write waits for the lock", || (looker.value(&waiting) == "1").then_some(()));
    drop(sent);
    // While the lock is held: it is the server that gives up, not the write that gets through.
    eventually("the write is given up", || (looker.value(&waiting) == "0").then_some(()));
    holder.run("ROLLBACK");
    let open = format!("SELECT count(*) {others} AND state <> 'idle'");
    eventually("no transaction stays open", || (looker.value(&open) == "0").then_some(()));
    assert_eq!(count(&phr), 1);
    register(&phr, &json!({}));
    assert_eq!(count(&phr), 2);
}

#[test]
fn hanging_up_leaves_nothing_open_on_sqlite() {
    let phr = Phr::with(Backend::Sqlite, &[("DB_QUERY_TIMEOUT", "5"), ("PHR_BUDGET_SHARE", "0")]);
    storm(&phr);
    whole(&phr);
    let mut sql = phr.database.sql();
    eventually("the file can be written by another", || sql.attempt("BEGIN EXCLUSIVE; COMMIT").ok());
    assert_eq!(sql.value("SELECT count(*) FROM request_context"), "0");
    assert_eq!(sql.value("PRAGMA integrity_check"), "ok");
}

/// Every write is there once and whole, or not at all, and the server goes on.
fn whole(phr: &Phr) {
    let uuid = register(phr, &json!({"lastName": "Last"}));
    assert_eq!(read(phr, &uuid)["lastName"], "Last");
    let mut sql = phr.database.sql();
    let written = sql.value("SELECT count(*) FROM patientregister");
    let logged = "SELECT count(*) FROM change_log WHERE entity = 'PatientRegister'";
    eventually("the log agrees", || {
        (sql.value(logged) == sql.value("SELECT count(*) FROM patientregister")).then_some(())
    });
    assert_eq!(count(phr).to_string(), written);
}

/// A request that finds a lock in its way; the code of its error, and how long that took.
fn blocked(phr: &Phr, query: &str, variables: &Value) -> (Value, Duration) {
    let began = Instant::now();
    let response = phr.response(query, variables);
    crate::bad_input::is_discreet(&response.to_string());
    (response["errors"][0]["extensions"].clone(), began.elapsed())
}

#[test]
fn a_statement_that_takes_too_long_is_ended_on_postgres_too() {
    let phr = Phr::with(Backend::Postgres, &[("DB_QUERY_TIMEOUT", "1")]);
    let uuid = register(&phr, &json!({}));
    // A transaction sees the server's activity as it was when it first looked, so another connection looks.
    let (mut holder, mut looker) = (phr.database.sql(), phr.database.sql());
    holder.run("BEGIN; LOCK TABLE patientregister IN ACCESS EXCLUSIVE MODE");
    for (query, variables) in [(LIST, json!({})), (CREATE, json!({"input": jane()}))] {
        let (_, from) = phr.database.log(0);
        let (error, took) = blocked(&phr, query, &variables);
        assert_eq!((&error["code"], &error["retryable"]), (&json!("TIMEOUT"), &json!(true)), "{error}");
        assert!(took < Duration::from_secs(3), "{took:?}");
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
             AND wait_event_type = 'Lock'";
        eventually("the server has ended it", || (looker.value(waiting) == "0").then_some(()));
        let (log, _) = phr.database.log(from);
        assert!(log.iter().any(|line| line.contains("due to statement timeout")), "by its own limit: {log:?}");
    }
    holder.run("ROLLBACK");
    assert_eq!(read(&phr, &uuid)["version"], 1);
    assert_eq!(count(&phr), 1);
}

#[test]
fn a_write_that_waits_too_long_for_another_is_refused_on_sqlite() {
    let phr = Phr::with(Backend::Sqlite, &[("DB_QUERY_TIMEOUT", "1")]);
    register(&phr, &json!({}));
    let mut holder = phr.database.sql();
    holder.run("BEGIN IMMEDIATE; UPDATE patientregister SET address = 'x'");
    let (error, took) = blocked(&phr, CREATE, &json!({"input": with(jane(), &json!({"lastName": "Lee"}))}));
    assert_eq!(error["retryable"], true, "{error}");
    assert!(error["code"] == "TIMEOUT" || error["code"] == "UNAVAILABLE", "{error}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    // Readers never wait for a writer.
    assert_eq!(count(&phr), 1);
    holder.run("ROLLBACK");
    register(&phr, &json!({}));
    assert_eq!(count(&phr), 2);
}

#[test]
fn a_full_pool_refuses_in_time_and_recovers() {
    // In debt one would be refused for that.
    let settings =
        [("DB_POOL_MAX", "2"), ("DB_POOL_TIMEOUT", "1"), ("DB_QUERY_TIMEOUT", "20"), ("PHR_BUDGET_SHARE", "0")];
    let phr = Phr::with(Backend::Postgres, &settings);
    register(&phr, &json!({}));
    // A transaction sees the server's activity as it was when it first looked, so another connection looks.
    let (mut holder, mut looker) = (phr.database.sql(), phr.database.sql());
    holder.run("BEGIN; LOCK TABLE patientregister IN ACCESS EXCLUSIVE MODE");
    let held: Vec<Exchange> = (0..2).map(|_| phr.begin(LIST, &json!({}))).collect();
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("both connections wait", || (looker.value(waiting) == "2").then_some(()));
    let (error, took) = blocked(&phr, LIST, &json!({}));
    assert_eq!((&error["code"], &error["retryable"]), (&json!("UNAVAILABLE"), &json!(true)), "{error}");
    assert!(took < Duration::from_secs(3), "{took:?}");
    holder.run("ROLLBACK");
    for exchange in held {
        assert_eq!(exchange.finish().json()["data"]["patientRegisters"]["totalCount"], 1);
    }
    assert_eq!(count(&phr), 1);
}
