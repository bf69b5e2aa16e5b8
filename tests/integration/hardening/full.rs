//! A server on a full disk is alive and not ready.

use std::sync::Arc;

use serde_json::json;
use support::{Backend, Database, Disk, Exchange, Phr, eventually};

use crate::patients::register;

const READ: &str = "{ patientRegisters(first: 1) { nodes { uuid } } }";

fn status(phr: &Phr, path: &str) -> u16 {
    phr.http_as_nobody("GET", path, &[], b"").status
}

#[test]
fn a_server_on_a_full_disk_is_not_ready_until_there_is_room() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Arc::new(Database::new(backend));
        let disk = Disk::new(database.folder());
        let phr = Phr::serve(Arc::clone(&database), &disk.environment(), &[]);
        register(&phr, &json!({}));
        assert_eq!(status(&phr, "/healthz/ready"), 200);
        disk.is_full(true);
        let refused = phr.response(READ, &json!({}));
        assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{refused}");
        eventually("the server is not ready", || (status(&phr, "/healthz/ready") == 503).then_some(()));
        let told = phr.http_as_nobody("GET", "/healthz/ready", &[], b"");
        assert!(told.body.contains("audit spool"), "{}", told.body);
        assert_eq!(status(&phr, "/healthz/live"), 200);
        disk.is_full(false);
        eventually("the server is ready again", || (status(&phr, "/healthz/ready") == 200).then_some(()));
        phr.ask(READ, &json!({}));
    }
}

#[test]
fn readiness_does_not_wait_for_the_connections_of_readers() {
    let phr = Phr::with(Backend::Sqlite, &[("DB_POOL_MAX", "1")]);
    phr.database.sql().run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO patientregister (first_name, last_name, date_of_birth, phone_number, address, status)
         SELECT 'Ada', 'Lee', '1990-01-01', '555-267-5674', '1 Oak Avenue ' || i, 'INCOMPLETE' FROM n",
    );
    // Each looks at every register, one after the other.
    let dear = "{ patientRegisters(filter: {address: {containsIgnoreCase: \"nobody\"}}) { totalCount } }";
    let running: Vec<Exchange> = (0..16).map(|_| phr.begin(dear, &json!({}))).collect();
    assert_eq!(status(&phr, "/healthz/ready"), 200);
    assert!(!running.iter().all(Exchange::is_answered), "readers are waiting still");
}
