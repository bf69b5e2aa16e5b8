//! Subscriptions whose filters cost much, and others beside them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Backend, Events, Phr, Socket};

use super::{next, registers, told};
use crate::identity::member;
use crate::patients::{HOME, register};

/// Two processors, whatever the machine has, and little that may be used at once.
const SETTINGS: [(&str, &str); 7] = [
    ("PHR_BUDGET_CORES", "2"),
    ("PHR_BUDGET_BURST", "1"),
    // What it takes is measured, whatever it was taken for.
    ("PHR_MAX_COMPLEXITY", "10000000"),
    ("PHR_RATE_COST", "0"),
    ("PHR_MAX_CONNECTIONS_PER_ADDRESS", "0"),
    ("PHR_MAX_SUBSCRIPTIONS_PER_CALLER", "20000"),
    ("PHR_RATE_REQUESTS", "0"),
];

fn doctor(phr: &Phr, name: &str) -> String {
    member(phr, name, "doctor", &json!({ "institutionId": HOME })).1.access
}

/// How many follow with costly filters, and how many with none; more with `PHR_SOAK`.
fn followers() -> (usize, usize) {
    if std::env::var_os("PHR_SOAK").is_some() { (60, 1000) } else { (6, 8) }
}

/// One who follows registers with a filter, from now on.
fn following(phr: &Phr, token: &str, filter: &Value) -> Socket {
    let mut socket = Socket::of(phr.address, token);
    socket.subscribe("1", &registers("lastName"), &json!({ "filter": filter }));
    assert_eq!(next(&mut socket, "1")["reason"], "BEGINNING");
    socket
}

fn is_too_costly(error: &Value) {
    assert_eq!(error["extensions"]["code"], "RATE_LIMITED", "{error}");
    assert!(error["message"].as_str().unwrap().contains("try again in"), "{error}");
}

#[test]
fn whose_filters_cost_too_much_is_told_so_and_others_hear_meanwhile() {
    let phr = Phr::with(Backend::Postgres, &SETTINGS);
    let (greedy, modest) = (doctor(&phr, "ada"), doctor(&phr, "mia"));
    // More than are judged at a time.
    let (many, others) = followers();
    let filter = |number: usize| json!({"medications": {"some": {"dose": {"startsWith": format!("{number} mg")}}}});
    let mut costly: Vec<Socket> = (0..many).map(|number| following(&phr, &greedy, &filter(number))).collect();
    let body = json!({"query": registers("lastName"), "variables": {"filter": filter(many)}}).to_string();
    let bearer = format!("Bearer {greedy}");
    let mut events = Events::open(phr.address, "POST", "/graphql", &[("authorization", &bearer)], &body);
    assert_eq!(events.told().unwrap().1["data"]["patientRegisterChanged"]["reason"], "BEGINNING");
    let mut plain: Vec<Socket> = (0..others).map(|_| following(&phr, &modest, &json!({}))).collect();
    let mut holder = phr.database.sql();
    holder.run("BEGIN; LOCK TABLE patient_medications IN ACCESS EXCLUSIVE MODE");
    let uuid = register(&phr, &json!({}));
    for socket in &mut plain {
        assert_eq!(told(&next(socket, "1")), ("CREATED".to_owned(), uuid.clone(), 1));
    }
    // While the lock is held: what it costs to judge a filter counts as it is judged.
    for socket in &mut costly {
        let error = socket.hear();
        assert_eq!(error["type"], "error", "{error}");
        is_too_costly(&error["payload"][0]);
        let (code, reason) = socket.closed();
        assert_eq!(code, 1013, "{reason}");
    }
    let (kind, last) = events.told().unwrap();
    assert_eq!(kind, "next", "{last}");
    is_too_costly(&last["errors"][0]);
    assert_eq!(events.told().unwrap().0, "complete");
    holder.run("ROLLBACK");
    let again = register(&phr, &json!({}));
    assert_eq!(told(&next(&mut plain[0], "1")).1, again);
}

#[test]
fn plain_subscriptions_are_told_before_costly_ones() {
    let is_long = std::env::var_os("PHR_SOAK").is_some();
    let (costly, plain) = if is_long { (60, 1000) } else { (8, 20) };
    let backends: &[Backend] = if is_long { &[Backend::Sqlite, Backend::Postgres] } else { &[Backend::Sqlite] };
    for backend in backends {
        let phr = Phr::with(*backend, &SETTINGS);
        let (greedy, modest) = (doctor(&phr, "ada"), doctor(&phr, "mia"));
        // Each is another filter, so that each is judged by itself.
        let filter = |number: usize| {
            let conditions: Vec<Value> = (0..190)
                .map(|part| json!({"address": {"containsIgnoreCase": format!("{number} {}", "q".repeat(part))}}))
                .collect();
            json!({ "or": conditions })
        };
        let costly: Vec<Socket> = (0..costly).map(|number| following(&phr, &greedy, &filter(number))).collect();
        let mut plain: Vec<Socket> = (0..plain).map(|_| following(&phr, &modest, &json!({}))).collect();
        let began = Instant::now();
        let uuid = register(&phr, &json!({"address": "q".repeat(90)}));
        let mut delays: Vec<Duration> = Vec::new();
        for socket in &mut plain {
            assert_eq!(told(&next(socket, "1")).1, uuid);
            delays.push(began.elapsed());
        }
        let are_unheard = costly.iter().filter(|socket| socket.is_silent()).count();
        assert!(are_unheard > 0, "{backend:?}: they were to take longer");
        let (half, all) = (delays[delays.len() / 2].as_millis(), delays[delays.len() - 1].as_millis());
        println!(
            "{backend:?}: {} plain ones beside {} costly: half after {half} ms, all after {all} ms",
            plain.len(),
            costly.len()
        );
    }
}
