//! Who may subscribe, and from where.

use serde_json::{Value, json};
use support::{Backend, Events, Phr, Socket, eventually};

use super::{STATUS, bearer, raw, subscribed};
use crate::identity::{is_good, member};

const JSON: (&str, &str) = ("content-type", "application/json");
const TRANSPORT: &str = "graphql-transport-ws";

#[test]
fn nobody_subscribes_without_a_session() {
    let phr = Phr::start(Backend::Sqlite);
    let mut nobody = raw(&phr, TRANSPORT);
    nobody.say(&json!({"type": "connection_init"}));
    assert_eq!(nobody.hear()["type"], "connection_ack");
    nobody.subscribe("public", "{ health { status } }", &json!({}));
    assert_eq!(nobody.event("public")["health"]["status"], "UP");
    assert_eq!(nobody.hear()["type"], "complete");
    nobody.subscribe("1", STATUS, &json!({}));
    assert_eq!(nobody.closed(), (4401, "Unauthorized".to_owned()));
    for token in ["nonsense", &phr.token()[1..]] {
        let mut forged = raw(&phr, TRANSPORT);
        forged.say(&bearer(token));
        let closed = forged.closed();
        assert!(closed.0 == 4403 && closed.1.starts_with("UNAUTHENTICATED: "), "{closed:?}");
    }
    let body = json!({ "query": STATUS }).to_string();
    let events = Events::open(phr.address, "POST", "/graphql", &[], &body);
    assert_eq!(events.status, 401);
    let events = Events::open(phr.address, "POST", "/graphql", &[("authorization", "Bearer nonsense")], &body);
    assert_eq!(events.status, 401);
}

#[test]
fn whose_session_is_over_is_told_so_in_every_way_of_asking() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_ACCESS_TTL", "2")]);
    let (_, expired) = member(&phr, "ada", "administrator", &json!({}));
    eventually("the token expires", || (!is_good(&phr, &expired.access)).then_some(()));
    let (_, ended) = member(&phr, "eva", "administrator", &json!({}));
    phr.response_to(&ended.access, "mutation { logout { endedSessions } }", &json!({}));
    let body = json!({ "query": STATUS }).to_string();
    for (session, code) in [(&ended, "SESSION_ENDED"), (&expired, "SESSION_EXPIRED")] {
        let token = format!("Bearer {}", session.access);
        let answered = phr.response_to(&session.access, "{ viewer { role } }", &json!({}));
        assert_eq!(answered["errors"][0]["extensions"]["code"], code, "{answered}");
        let mut socket = raw(&phr, TRANSPORT);
        socket.say(&bearer(&session.access));
        let closed = socket.closed();
        assert!(closed.0 == 4403 && closed.1.starts_with(&format!("{code}: ")), "{closed:?}");
        let headers = [("authorization", token.as_str()), ("accept", "text/event-stream"), JSON];
        let refused = phr.http_as_nobody("POST", "/graphql", &headers, body.as_bytes());
        assert_eq!((refused.status, &refused.json()["errors"][0]["extensions"]["code"]), (401, &json!(code)));
    }
}

#[test]
fn tokens_that_are_not_good_are_requests_of_nobody_and_there_may_be_so_many() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_RATE_ANONYMOUS", "5")]);
    let closed = |token: &str| {
        let mut socket = raw(&phr, TRANSPORT);
        socket.say(&bearer(token));
        socket.closed().0
    };
    let codes: Vec<u16> = (0..20).map(|number| closed(&format!("nonsense {number}"))).collect();
    let judged = codes.iter().filter(|code| **code == 4403).count();
    assert!((5..15).contains(&judged), "{judged} were judged: {codes:?}");
    assert!(codes.iter().all(|code| [4403, 1013].contains(code)), "{codes:?}");
    // They are those that may be asked over HTTP too, whatever the form of the answer.
    let body = json!({ "query": STATUS }).to_string();
    let events = Events::open(phr.address, "POST", "/graphql", &[("authorization", "Bearer nonsense")], &body);
    assert_eq!(events.status, 429, "{}", events.head);
    assert!(events.head.contains("retry-after: "), "{}", events.head);
    let json = [("content-type", "application/json")];
    assert_eq!(phr.http_as_nobody("POST", "/graphql", &json, body.as_bytes()).status, 429);
    drop(subscribed(&phr));
}

#[test]
fn a_token_in_the_request_that_opens_the_websocket_will_do() {
    let phr = Phr::start(Backend::Sqlite);
    let token = format!("Bearer {}", phr.token());
    let mut socket = Socket::open(phr.address, TRANSPORT, &[("authorization", &token)]).unwrap();
    socket.say(&json!({"type": "connection_init", "payload": {}}));
    assert_eq!(socket.hear()["type"], "connection_ack");
    socket.subscribe("1", STATUS, &json!({}));
    assert!(super::is_status(&socket.event("1")));
    // What is said later counts.
    let mut socket = Socket::open(phr.address, TRANSPORT, &[("authorization", &token)]).unwrap();
    socket.say(&bearer("nonsense"));
    assert_eq!(socket.closed().0, 4403);
}

#[test]
fn who_may_not_see_it_is_not_told() {
    let phr = Phr::start(Backend::Sqlite);
    let nurse = phr.token_for(&["--role", "nurse"]);
    let mut socket = Socket::of(phr.address, &nurse);
    socket.subscribe("1", STATUS, &json!({}));
    let refused = socket.hear();
    assert_eq!((&refused["type"], &refused["id"]), (&json!("error"), &json!("1")), "{refused}");
    assert_eq!(refused["payload"][0]["extensions"]["code"], "FORBIDDEN");
    let body = json!({ "query": STATUS }).to_string();
    let bearer = format!("Bearer {nurse}");
    let mut events = Events::open(phr.address, "POST", "/graphql", &[("authorization", &bearer)], &body);
    let (name, data) = events.told().unwrap();
    assert_eq!((name.as_str(), &data["errors"][0]["extensions"]["code"]), ("next", &json!("FORBIDDEN")));
    assert_eq!(events.told(), Some(("complete".to_owned(), Value::Null)));
    assert_eq!(events.told(), None);
}

#[test]
fn a_page_of_another_origin_opens_no_websocket_unless_it_may() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_CORS_ORIGINS", "https://clinic.example")]);
    let own = format!("http://{}", phr.address);
    let open = |origin: &str| Socket::open(phr.address, TRANSPORT, &[("origin", origin)]).map(|_| ());
    assert_eq!(open(&own), Ok(()));
    assert_eq!(open("https://clinic.example"), Ok(()));
    for foreign in ["https://evil.example", "null", "http://127.0.0.1:1", "https://clinic.example.evil.example"] {
        assert_eq!(open(foreign), Err(403), "{foreign}");
    }
    let host = [("host", "records.example"), ("origin", "http://records.example")];
    assert_eq!(Socket::open(phr.address, TRANSPORT, &host).map(|_| ()), Err(421), "a host that nobody has named");
    drop(subscribed(&phr));
}

#[test]
fn a_token_for_what_must_be_seen_comes_with_the_first_message() {
    let phr = Phr::start(Backend::Sqlite);
    let written =
        phr.response("mutation { createDoctorSpecialty(input: {name: \"Seen\"}) { userErrors { code } } }", &json!({}));
    let token = written["extensions"]["consistency"]["token"].as_str().unwrap();
    let init = |token: &str| {
        json!({"type": "connection_init", "payload":
            {"Authorization": format!("Bearer {}", phr.token()), "X-Consistency-Token": token}})
    };
    let mut socket = raw(&phr, TRANSPORT);
    socket.say(&init(token));
    assert_eq!(socket.hear()["type"], "connection_ack");
    let mut socket = raw(&phr, TRANSPORT);
    socket.say(&init("forged"));
    assert_eq!(socket.closed().0, 4403);
}
