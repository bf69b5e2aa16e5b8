//! A server that was told to stop.

use std::net::TcpStream;

use serde_json::json;
use support::{Backend, Exchange, Phr, eventually};

use super::{HEALTH, Raw};
use crate::patients::register;

/// A request that waits for a lock that the test holds, and who holds it.
fn blocked(phr: &Phr) -> (support::Sql, Exchange) {
    let uuid = register(phr, &json!({}));
    let (mut holder, mut looker) = (phr.database.sql(), phr.database.sql());
    holder.run("BEGIN; LOCK TABLE patientregister IN ACCESS EXCLUSIVE MODE");
    let query = "query($uuid: UUID!) { patientRegister(uuid: $uuid) { lastName } }";
    let running = phr.begin(query, &json!({ "uuid": uuid }));
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("the request waits for the lock", || (looker.value(waiting) == "1").then_some(()));
    (holder, running)
}

#[test]
fn a_server_that_stops_says_so_first_and_then_finishes_what_runs() {
    let mut phr = Phr::with(Backend::Postgres, &[("PHR_SHUTDOWN_NOTICE", "3"), ("PHR_SHUTDOWN_TIMEOUT", "60")]);
    let (mut holder, running) = blocked(&phr);
    let (mut idle, mut silent) = (Raw::to(phr.address), Raw::to(phr.address));
    assert!(idle.ask().contains("200 OK"));
    phr.signal("TERM");
    eventually("it says that it is not ready", || {
        let reply = phr.http("GET", "/healthz/ready", &[], b"");
        (reply.status == 503 && reply.body.contains("stopping")).then_some(())
    });
    assert_eq!(phr.http("GET", "/healthz/live", &[], b"").status, 200);
    assert_eq!(phr.ask(HEALTH, &json!({}))["health"]["status"], "UP", "it still serves whoever comes");
    assert!(!idle.is_closed() && !silent.is_closed());
    let address = phr.address;
    eventually("no new connections are taken", || TcpStream::connect(address).err());
    eventually("idle connections are closed", || (idle.is_closed() && silent.is_closed()).then_some(()));
    holder.run("COMMIT");
    assert_eq!(running.finish().json()["data"]["patientRegister"]["lastName"], "Smith");
    assert_eq!(phr.ended(), Some(0));
    assert!(!phr.log().contains("cut off"), "{}", phr.log());
}

#[test]
fn what_still_runs_after_the_limit_is_cut_off() {
    let mut phr = Phr::with(Backend::Postgres, &[("PHR_SHUTDOWN_TIMEOUT", "1")]);
    let (holder, running) = blocked(&phr);
    phr.signal("TERM");
    assert_eq!(phr.ended(), Some(0));
    phr.logs("were cut off");
    drop((holder, running));
}
