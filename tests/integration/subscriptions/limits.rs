//! How many subscriptions there may be, and what a client that does not keep up costs others.

use serde_json::json;
use support::{Backend, Events, Phr, Socket, eventually};

use super::{STATUS, is_status, subscribed};

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
