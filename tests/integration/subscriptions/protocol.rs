//! The protocols, to the letter.

use serde_json::json;
use support::{Backend, Phr, Socket, eventually};

use super::{STATUS, bearer, is_status, raw, subscribed};

const TRANSPORT: &str = "graphql-transport-ws";

#[test]
fn a_websocket_runs_operations_side_by_side() {
    let phr = Phr::start(Backend::Sqlite);
    let mut socket = subscribed(&phr);
    socket.subscribe("q", "{ health { status } }", &json!({}));
    let answer = socket.hear();
    assert_eq!((&answer["type"], &answer["id"]), (&json!("next"), &json!("q")));
    assert_eq!(answer["payload"]["data"]["health"]["status"], "UP");
    assert!(answer["payload"]["extensions"]["cost"]["complexity"].is_number(), "{answer}");
    assert_eq!(socket.hear(), json!({"id": "q", "type": "complete"}));
    socket.subscribe("2", STATUS, &json!({}));
    assert!(is_status(&socket.event("2")));
    socket.say(&json!({"id": "2", "type": "complete"}));
    // An id is free again as soon as its operation has ended.
    socket.subscribe("2", STATUS, &json!({}));
    assert!(is_status(&socket.event("2")));
    let create = "mutation { createDoctorSpecialty(input: {name: \"Told\"}) { doctorSpecialty { name } } }";
    socket.subscribe("m", create, &json!({}));
    assert_eq!(socket.event("m")["createDoctorSpecialty"]["doctorSpecialty"]["name"], "Told");
    assert_eq!(socket.hear()["type"], "complete");
    socket.say(&json!({"type": "ping"}));
    assert_eq!(socket.hear(), json!({"type": "pong"}));
}

#[test]
fn what_is_refused_is_told_as_an_error_of_its_operation() {
    let phr = Phr::start(Backend::Sqlite);
    let mut socket = subscribed(&phr);
    let two = "subscription { a: replicationStatusChanged { nodes { address } } b: replicationStatusChanged \
        { nodes { address } } }";
    for (id, query) in [
        ("syntax", "subscription {"),
        ("unknown", "subscription { nothingLikeIt { a } }"),
        ("two", two),
        ("name", "subscription { __typename }"),
        ("none", "subscription { replicationStatusChanged @skip(if: true) { nodes { address } } }"),
        ("query", "{ nothingLikeIt }"),
    ] {
        socket.subscribe(id, query, &json!({}));
        let answer = socket.hear();
        assert_eq!((&answer["type"], &answer["id"]), (&json!("error"), &json!(id)), "{answer}");
        assert_eq!(answer["payload"][0]["extensions"]["code"], "BAD_REQUEST", "{answer}");
    }
    socket.subscribe("still", STATUS, &json!({}));
    assert!(is_status(&socket.event("still")));
}

#[test]
fn a_subscription_is_refused_where_nothing_can_follow() {
    let phr = Phr::start(Backend::Sqlite);
    let (code, message) = phr.error(STATUS, &json!({}));
    assert_eq!(code, "BAD_REQUEST");
    assert!(message.contains("WebSocket") && message.contains("text/event-stream"), "{message}");
}

#[test]
fn who_breaks_the_protocol_is_told_with_which_code() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_SOCKET_INIT_TIMEOUT", "1"), ("PHR_SOCKET_MAX_MESSAGE", "2000")]);
    assert_eq!(raw(&phr, TRANSPORT).closed(), (4408, "Connection initialisation timeout".to_owned()));
    let mut early = raw(&phr, TRANSPORT);
    early.subscribe("1", STATUS, &json!({}));
    assert_eq!(early.closed(), (4401, "Unauthorized".to_owned()));
    let mut twice = Socket::of(phr.address, phr.token());
    twice.say(&bearer(phr.token()));
    assert_eq!(twice.closed().0, 4429);
    let mut duplicate = subscribed(&phr);
    duplicate.subscribe("1", STATUS, &json!({}));
    assert_eq!(duplicate.closed().0, 4409);
    for nonsense in ["", "7", "{}", "{\"type\": \"start\"}", "{\"type\": \"subscribe\", \"id\": \"1\"}"] {
        let mut socket = Socket::of(phr.address, phr.token());
        socket.say_text(nonsense);
        assert_eq!(socket.closed().0, 4400, "{nonsense}");
    }
    let mut binary = Socket::of(phr.address, phr.token());
    binary.say_bytes(vec![1, 2, 3]);
    assert_eq!(binary.closed().0, 4400);
    let mut long = Socket::of(phr.address, phr.token());
    long.subscribe("1", &format!("{{ health {{ status }} }} # {}", "x".repeat(3000)), &json!({}));
    assert_eq!(long.closed().0, 1009);
    assert_eq!(raw(&phr, "").closed().0, 4406);
}

#[test]
fn clients_of_the_older_protocol_are_understood() {
    let phr = Phr::start(Backend::Sqlite);
    let mut socket = raw(&phr, "graphql-ws");
    socket.say(&bearer(phr.token()));
    assert_eq!(socket.hear(), json!({"type": "connection_ack"}));
    assert_eq!(socket.hear(), json!({"type": "ka"}));
    socket.say(&json!({"id": "1", "type": "start", "payload": {"query": STATUS}}));
    let event = socket.hear();
    assert_eq!((&event["type"], &event["id"]), (&json!("data"), &json!("1")), "{event}");
    assert!(is_status(&event["payload"]["data"]));
    socket.say(&json!({"id": "2", "type": "start", "payload": {"query": "{ nothingLikeIt }"}}));
    let error = socket.hear();
    assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("2")), "{error}");
    assert_eq!(error["payload"]["extensions"]["code"], "BAD_REQUEST");
    socket.say(&json!({"id": "1", "type": "stop"}));
    socket.say(&json!({"type": "connection_terminate"}));
    assert!([1000, 1005, 1006].contains(&socket.closed().0));
    // Of both, the newer one is spoken where the client knows it.
    let mut both = raw(&phr, "graphql-ws, graphql-transport-ws");
    both.say(&bearer(phr.token()));
    assert_eq!(both.hear(), json!({"type": "connection_ack"}));
    both.say(&json!({"type": "ping"}));
    assert_eq!(both.hear(), json!({"type": "pong"}));
}

#[test]
fn the_server_asks_whether_a_client_is_still_there() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_SOCKET_PING_INTERVAL", "1")]);
    let mut socket = raw(&phr, "graphql-ws");
    socket.say(&bearer(phr.token()));
    assert_eq!(socket.hear()["type"], "connection_ack");
    for _ in 0..3 {
        assert_eq!(socket.hear(), json!({"type": "ka"}), "a client that answers pings stays");
    }
}

#[test]
fn who_does_not_answer_is_taken_for_gone() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_SOCKET_PING_INTERVAL", "1"), ("LOG_LEVEL", "phr=debug")]);
    // Nothing is read, and so nothing is answered.
    let mut socket = subscribed(&phr);
    eventually("the server has given up", || phr.log().contains("code: 4499").then_some(()));
    assert_eq!(socket.closed(), (4499, "Terminated: no answer to a ping".to_owned()));
}
