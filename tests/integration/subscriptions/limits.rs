//! How many subscriptions there may be, and what a client that does not keep up costs others.

use serde_json::json;
use support::{Backend, Events, Phr, Socket, eventually};

use super::{STATUS, is_status, subscribed};
use crate::identity::member;

#[test]
fn a_websocket_runs_so_many_operations_at_a_time() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_SOCKET_MAX_OPERATIONS", "3")]);
    let mut socket = subscribed(&phr);
    for id in ["2", "3"] {
        socket.subscribe(id, STATUS, &json!({}));
        assert!(is_status(&socket.event(id)));
    }
    socket.subscribe("4", STATUS, &json!({}));
    let refused = socket.hear();
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("4")), "{refused}");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
    socket.say(&json!({"id": "2", "type": "complete"}));
    socket.subscribe("4", STATUS, &json!({}));
    assert!(is_status(&socket.event("4")));
}

#[test]
fn a_caller_has_so_many_subscriptions_on_all_connections_together() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_MAX_SUBSCRIPTIONS_PER_CALLER", "2")]);
    let first = subscribed(&phr);
    let bearer = format!("Bearer {}", phr.token());
    let body = json!({ "query": STATUS }).to_string();
    let mut second = Events::open(phr.address, "POST", "/graphql", &[("authorization", &bearer)], &body);
    assert!(is_status(&second.told().unwrap().1["data"]));
    let mut third = Socket::of(phr.address, phr.token());
    third.subscribe("1", STATUS, &json!({}));
    let refused = third.hear();
    assert_eq!(refused["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{refused}");
    drop(first);
    eventually("a subscription that ended makes room for another", || {
        third.subscribe("1", STATUS, &json!({}));
        (third.hear()["type"] == "next").then_some(())
    });
    drop(second);
    eventually("a stream that its client left makes room too", || {
        third.subscribe("2", STATUS, &json!({}));
        (third.hear()["type"] == "next").then_some(())
    });
}

/// How many subscriptions a caller may have, and how many they ask for.
fn greed() -> (usize, usize) {
    if std::env::var_os("PHR_SOAK").is_some() { (1000, 10_000) } else { (20, 200) }
}

#[test]
fn who_asks_for_thousands_of_subscriptions_is_refused_and_nobody_else_notices() {
    let (max, wanted) = greed();
    let settings = [("PHR_MAX_SUBSCRIPTIONS_PER_CALLER", &*max.to_string()), ("PHR_SOCKET_PING_INTERVAL", "3600")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    let (_, ada) = member(&phr, "ada", "administrator", &json!({}));
    drop(subscribed(&phr));
    let before = phr.memory();
    let mut sockets: Vec<Socket> = (0..wanted / 100).map(|_| Socket::of(phr.address, phr.token())).collect();
    let mut held = 0;
    for socket in &mut sockets {
        for number in 0..100 {
            socket.subscribe(&number.to_string(), STATUS, &json!({}));
            let answer = socket.hear();
            if answer["type"] == "next" {
                held += 1;
                continue;
            }
            let error = &answer["payload"][0];
            assert_eq!(error["extensions"]["code"], "LIMIT_EXCEEDED", "{answer}");
            assert_eq!(error["message"], format!("a caller has at most {max} subscriptions at a time"));
        }
    }
    assert_eq!(held, max, "of {wanted}");
    let grown = phr.memory().saturating_sub(before);
    println!("{held} of {wanted} subscriptions were held, {grown} bytes more memory");
    assert!(grown < 16 << 20 | (max as u64) << 15, "{grown} bytes");
    let mut stranger = Socket::of(phr.address, &ada.access);
    stranger.subscribe("1", STATUS, &json!({}));
    assert!(is_status(&stranger.event("1")));
}

#[test]
fn operations_are_limited_as_requests_are() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_RATE_REQUESTS", "3"), ("PHR_MAX_DEPTH", "2")]);
    let mut socket = Socket::of(phr.address, phr.token());
    let code = |socket: &mut Socket, query: &str| {
        socket.subscribe("1", query, &json!({}));
        let answer = socket.hear();
        if answer["type"] == "next" {
            assert_eq!(socket.hear()["type"], "complete");
        }
        answer["payload"][0]["extensions"]["code"].as_str().unwrap_or("none").to_owned()
    };
    assert_eq!(code(&mut socket, STATUS), "LIMIT_EXCEEDED", "too deep");
    assert_eq!(code(&mut socket, "{ health { status } }"), "none");
    assert_eq!(code(&mut socket, "{ health { status } }"), "none");
    assert_eq!(code(&mut socket, "{ health { status } }"), "RATE_LIMITED");
}
