//! Subscriptions as server-sent events.

use serde_json::{Value, json};
use support::{Backend, Events, Phr};

use super::{STATUS, is_status};

fn by_post(phr: &Phr, query: &str) -> Events {
    let bearer = format!("Bearer {}", phr.token());
    let body = json!({ "query": query }).to_string();
    Events::open(phr.address, "POST", "/graphql", &[("authorization", &bearer)], &body)
}

fn by_get(phr: &Phr, query: &str) -> Events {
    let bearer = format!("Bearer {}", phr.token());
    let encoded: Vec<String> = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = format!("/graphql?query={}", encoded.concat());
    Events::open(phr.address, "GET", &path, &[("authorization", &bearer)], "")
}

#[test]
fn a_subscription_is_a_stream_of_events() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_SOCKET_PING_INTERVAL", "1")]);
    for mut events in [by_post(&phr, STATUS), by_get(&phr, STATUS)] {
        assert_eq!(events.status, 200, "{}", events.head);
        assert!(events.head.contains("content-type: text/event-stream"), "{}", events.head);
        assert!(events.head.contains("x-content-type-options: nosniff"), "{}", events.head);
        let (name, data) = events.told().unwrap();
        assert_eq!(name, "next");
        assert!(is_status(&data["data"]), "{data}");
        // It goes on, and shows that it does.
        events.comment();
        events.comment();
    }
}

#[test]
fn other_operations_are_streams_of_one_event() {
    let phr = Phr::start(Backend::Sqlite);
    let create = "mutation { createDoctorSpecialty(input: {name: \"Told\"}) { doctorSpecialty { name } } }";
    for (query, key) in [("{ health { status } }", "health"), (create, "createDoctorSpecialty")] {
        let mut events = by_post(&phr, query);
        let (name, data) = events.told().unwrap();
        assert_eq!(name, "next");
        assert!(data["data"][key].is_object(), "{data}");
        assert_eq!(events.told(), Some(("complete".to_owned(), Value::Null)));
        assert_eq!(events.told(), None);
    }
    assert_eq!(by_get(&phr, create).status, 405);
}

#[test]
fn what_is_refused_is_told_in_the_stream() {
    let phr = Phr::start(Backend::Sqlite);
    let mut events = by_post(&phr, "subscription { nothingLikeIt }");
    assert_eq!(events.status, 200);
    let (name, data) = events.told().unwrap();
    assert_eq!((name.as_str(), &data["errors"][0]["extensions"]["code"]), ("next", &json!("BAD_REQUEST")));
    assert!(data.get("data").is_none(), "{data}");
    assert_eq!(events.told().unwrap().0, "complete");
    let bearer = format!("Bearer {}", phr.token());
    let post = |headers: &[(&str, &str)], body: &str| {
        let headers = [headers, &[("accept", "text/event-stream"), ("authorization", &bearer)]].concat();
        phr.http_as_nobody("POST", "/graphql", &headers, body.as_bytes())
    };
    assert_eq!(post(&[("content-type", "text/plain")], "{}").status, 415);
    let refused = post(&[("content-type", "application/json")], "nonsense");
    assert_eq!(refused.status, 400);
    assert!(refused.header("content-type").unwrap().starts_with("application/graphql-response+json"));
    assert_eq!(phr.http("DELETE", "/graphql", &[("accept", "text/event-stream")], b"").status, 405);
}
