//! Whatever a client received is on record, even when the server is killed right after.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use support::{Backend, Database, Phr, eventually};
use uuid::Uuid;

use super::{UNASKED, about, is_soak, verify, wait_until_adopted};
use crate::patients::{jane, register};

/// Clients that ask at the same time.
const CLIENTS: usize = 4;
/// Responses before each kill.
const RESPONSES: usize = 60;

/// What a client received: the request's id, the patients shown, and whether it was a write.
struct Received {
    request: Uuid,
    patients: Vec<String>,
    wrote: bool,
}

/// A response that arrived whole.
fn receive(address: SocketAddr, token: &str, request: Uuid, body: &Value) -> Option<Value> {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address).ok()?;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         authorization: Bearer {token}\r\nx-request-id: {request}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

fn keys(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get("uuid").and_then(Value::as_str).map(ToOwned::to_owned));
            fields.values().for_each(|value| keys(value, into));
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

/// Asks again and again until the server is gone.
fn client(
    server: (SocketAddr, &str),
    number: usize,
    is_over: &AtomicBool,
    count: &AtomicUsize,
    into: &Mutex<Vec<Received>>,
) {
    let reads = json!({"query": "{ patientRegisters(first: 5) { nodes { uuid lastName } } }"});
    let create = "mutation($input: CreatePatientRegisterInput!) { createPatientRegister(input: $input) {
        patientRegister { uuid } } }";
    let writes = json!({"query": create, "variables": {"input": jane()}});
    for turn in number.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let (request, wrote) = (Uuid::new_v4(), turn % 3 == 0);
        let response = receive(server.0, server.1, request, if wrote { &writes } else { &reads });
        if let Some(response) = response.filter(|response| response["errors"].is_null()) {
            let mut patients = Vec::new();
            keys(&response["data"], &mut patients);
            into.lock().unwrap().push(Received { request, patients, wrote });
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Lets the clients end.
pub(super) struct End<'e>(pub(super) &'e AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn killed_again_and_again(backend: Backend) {
    let database = Arc::new(Database::new(backend));
    let received = Mutex::new(Vec::new());
    let kills = if is_soak() { 50 } else { 10 };
    for _ in 0..kills {
        // What this client calls its requests is what the trail calls them.
        let mut server = Phr::serve(Arc::clone(&database), &[("PHR_TRUSTED_PROXIES", "127.0.0.1")], &[]);
        let token = server.token().to_owned();
        let (is_over, count) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for number in 0..CLIENTS {
                let (bearer, is_over, count, received) =
                    ((server.address, token.as_str()), &is_over, &count, &received);
                scope.spawn(move || client(bearer, number, is_over, count, received));
            }
            // Also when the wait below is given up: the clients end before the scope does.
            let _end = End(&is_over);
            eventually("clients were answered", || (count.load(Ordering::Relaxed) >= RESPONSES).then_some(()));
            server.signal("KILL");
        });
        assert_eq!(server.ended(), None, "it was killed");
    }
    let last = Phr::serve(Arc::clone(&database), &[], &[]);
    wait_until_adopted(&database);
    check(&database, &received.into_inner().unwrap());
    let verified = verify(&database);
    assert!(verified.succeeded(), "{verified:?}");
    let report: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!((&report["unanchored"], &report["openIntents"]), (&json!(0), &json!(0)), "{report}");
    register(&last, &json!({}));
}

fn check(database: &Database, received: &[Received]) {
    let mut sql = database.sql();
    let mut count = |condition: &str| sql.value(&format!("SELECT count(*) FROM {condition}"));
    for response in received {
        let request = format!("request_id = {}", database.key(&response.request.to_string()));
        assert!(!response.patients.is_empty() || !response.wrote);
        for patient in &response.patients {
            let shown = format!("{} AND {request}", about(database, patient));
            let read = format!("audit_events WHERE {shown} AND action = 'READ' AND outcome = 'SUCCEEDED'");
            assert_eq!(count(&read), "1", "{patient} was shown by {}", response.request);
        }
        if response.wrote {
            for outcome in ["INTENDED", "SUCCEEDED"] {
                let written = format!("audit_events WHERE {request} AND action = 'CREATE' AND outcome = '{outcome}'");
                assert_eq!(count(&written), "1", "{outcome}: {}", response.request);
            }
        }
    }
    // What nobody saw the end of is settled by what became of it.
    let settled = |outcome: &str| {
        format!(
            "audit_events AS intent WHERE outcome = 'INTENDED' AND {UNASKED} AND EXISTS (SELECT 1 FROM audit_events AS outcome
             WHERE outcome.instance = intent.instance AND outcome.settles = intent.sequence
             AND outcome.outcome = '{outcome}')"
        )
    };
    let changes = count("change_log WHERE entity = 'PatientRegister'");
    assert_eq!(count(&settled("SUCCEEDED")), changes, "every change was intended, and is settled as done");
    let failed: u64 = count(&settled("FAILED")).parse().unwrap();
    let intents: u64 = count(&format!("audit_events WHERE outcome = 'INTENDED' AND {UNASKED}")).parse().unwrap();
    assert_eq!(intents, failed + changes.parse::<u64>().unwrap(), "each intent is settled once");
}

#[test]
fn a_killed_server_leaves_nothing_unrecorded_on_sqlite() {
    killed_again_and_again(Backend::Sqlite);
}

#[test]
fn a_killed_server_leaves_nothing_unrecorded_on_postgres() {
    killed_again_and_again(Backend::Postgres);
}
