//! Thousands who wait for the same.

use std::time::Instant;

use serde_json::{Value, json};
use support::{Backend, Phr, Socket};

use super::{next, registers, told};
use crate::patients::register;

/// Ten thousand in the long run, which is what a server is to hold; a small edition of it otherwise.
fn count() -> usize {
    if std::env::var_os("PHR_SOAK").is_some() { 10_000 } else { 300 }
}

#[test]
fn thousands_of_websockets_are_held_and_told() {
    let settings = [
        ("PHR_MAX_CONNECTIONS", "12000"),
        ("PHR_MAX_CONNECTIONS_PER_ADDRESS", "0"),
        ("PHR_MAX_SUBSCRIPTIONS_PER_CALLER", "20000"),
        ("PHR_SOCKET_PING_INTERVAL", "3600"),
        ("PHR_RATE_REQUESTS", "0"),
    ];
    let phr = Phr::with(Backend::Sqlite, &settings);
    let token = phr.token().to_owned();
    // What the server holds anyway is there before anything is counted.
    drop(super::following(&phr, &token, "lastName", &json!({})));
    let (before, count) = (phr.memory(), count());
    let mut sockets: Vec<Socket> = (0..count).map(|_| Socket::of(phr.address, &token)).collect();
    let idle = phr.memory();
    for socket in &mut sockets {
        socket.subscribe("1", &registers("lastName"), &json!({}));
    }
    for socket in &mut sockets {
        assert_eq!(next(socket, "1")["reason"], "BEGINNING");
    }
    let subscribed = phr.memory();
    let began = Instant::now();
    let uuid = register(&phr, &json!({}));
    let mut delays: Vec<u128> = Vec::with_capacity(count);
    for socket in &mut sockets {
        let event: Value = next(socket, "1");
        assert_eq!((told(&event).1, &event["patientRegister"]["lastName"]), (uuid.clone(), &json!("Smith")));
        delays.push(began.elapsed().as_millis());
    }
    let each = |from: u64, to: u64| to.saturating_sub(from) / count as u64;
    println!(
        "{count} WebSockets: {} bytes each idle, {} more with a subscription; an event heard by the first after {} ms, \
         by half after {} ms, by all after {} ms",
        each(before, idle),
        each(idle, subscribed),
        delays[0],
        delays[count / 2],
        delays[count - 1]
    );
    // What a connection holds is bounded: a buffer or two, and no stack.
    assert!(each(before, idle) < 64 * 1024, "{} bytes", each(before, idle));
}
