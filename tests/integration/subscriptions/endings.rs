//! How subscriptions end that nobody has ended: with the session, and with the server.

use std::thread::{JoinHandle, spawn};

use serde_json::{Value, json};
use support::{Backend, Events, Phr, Server, Socket, eventually, on_both_databases, within};

use super::{STATUS, is_status, subscribed};
use crate::identity::{PROMISED, Session, another, command, done, is_good, member, role};
use crate::patients::register;

on_both_databases! {
    the_end_of_a_session_ends_its_streams,
    keys_that_are_revoked_end_streams_on_every_server,
    a_token_that_expires_ends_streams_on_every_server,
    nothing_is_told_to_who_may_not_see_it_any_more,
}

/// A stream of events that has told the first one.
fn streaming(server: &Server, token: &str) -> Events {
    let (bearer, body) = (format!("Bearer {token}"), json!({ "query": STATUS }).to_string());
    let mut events = Events::open(server.address, "POST", "/graphql", &[("authorization", &bearer)], &body);
    assert!(is_status(&events.told().unwrap().1["data"]));
    events
}

fn socket_of(server: &Server, token: &str) -> Socket {
    let mut socket = Socket::of(server.address, token);
    socket.subscribe("1", STATUS, &json!({}));
    assert!(is_status(&socket.event("1")));
    socket
}

/// Streams of a token's bearer end on each of these servers. The promise counts from the moment in which `end` has returned.
fn ends(servers: &[&Server], token: &str, (why, code): (&'static str, &'static str), end: impl FnOnce()) {
    let open: Vec<(Socket, Events)> =
        servers.iter().map(|server| (socket_of(server, token), streaming(server, token))).collect();
    end();
    // Nobody waits for threads whose streams do not end.
    let waiting: Vec<_> = open.into_iter().map(|open| spawn(move || is_ended(open, why, code))).collect();
    within(PROMISED, why, || waiting.iter().all(JoinHandle::is_finished).then_some(()));
    for one in waiting {
        one.join().unwrap();
    }
}

fn is_ended((mut socket, mut events): (Socket, Events), why: &str, code: &str) {
    let closed = socket.closed();
    assert_eq!(closed.0, 4403, "{why}: {closed:?}");
    assert!(closed.1.starts_with(&format!("{code}: ")), "{why}: {closed:?}");
    let (name, data) = events.told().unwrap();
    assert_eq!((name.as_str(), &data["errors"][0]["extensions"]["code"]), ("next", &json!(code)), "{why}");
    assert_eq!(events.told().unwrap().0, "complete", "{why}");
}

fn the_end_of_a_session_ends_its_streams(phr: &Phr) {
    let other = another(phr, &[]);
    let logout = |session: &Session| {
        phr.response_to(&session.access, "mutation { logout { endedSessions } }", &json!({}));
    };
    let (_, ada) = member(phr, "ada", "administrator", &json!({}));
    ends(&[phr, &other], &ada.access, ("who signs out", "SESSION_ENDED"), || logout(&ada));
    let (uuid, eva) = member(phr, "eva", "administrator", &json!({}));
    let off = json!({"uuid": uuid, "isActive": false});
    let disable = || drop(done(phr, phr.token(), "updateUser", "user { uuid }", &off));
    ends(&[phr, &other], &eva.access, ("who is disabled", "SESSION_ENDED"), disable);
    let may = |server: &Server, resources: &[&str]| {
        let named = |resource: &&str| json!({"resource": resource, "action": "operate"});
        let permissions: Vec<_> = resources.iter().map(named).collect();
        let change = json!({"uuid": role("editor"), "permissions": permissions});
        done(server, phr.token(), "updateRole", "role { uuid }", &change);
    };
    may(phr, &["System"]);
    let (_, kim) = member(phr, "kim", "editor", &json!({}));
    eventually("the other server knows what the role may do", || {
        let status = other.response_to(&kim.access, "{ replicationStatus { nodes { address } } }", &json!({}));
        status["errors"].is_null().then_some(())
    });
    ends(&[phr, &other], &kim.access, ("whose role changes", "UNAUTHENTICATED"), || may(&other, &[]));
}

fn keys_that_are_revoked_end_streams_on_every_server(phr: &Phr) {
    let other = another(phr, &[]);
    let revoke = || assert!(command(phr, &["key", "rotate", "--revoke"]).succeeded());
    ends(&[phr, &other], phr.token(), ("whose key was revoked", "UNAUTHENTICATED"), revoke);
}

fn a_token_that_expires_ends_streams_on_every_server(own: &Phr) {
    let settings = [("PHR_ACCESS_TTL", "5")];
    let (phr, other) = (another(own, &settings), another(own, &settings));
    let (_, ada) = member(&phr, "ada", "administrator", &json!({}));
    let expire = || eventually("the token expires", || (!is_good(&phr, &ada.access)).then_some(()));
    ends(&[&phr, &other], &ada.access, ("whose token has expired", "SESSION_EXPIRED"), expire);
}

/// It is looked now and then whether a session goes on; what happens before that is judged as it is told.
fn nothing_is_told_to_who_may_not_see_it_any_more(phr: &Phr) {
    let may = |resource: &str| {
        let permissions = json!([{"resource": resource, "action": "read"}]);
        done(
            phr,
            phr.token(),
            "updateRole",
            "role { uuid }",
            &json!({"uuid": role("editor"), "permissions": permissions}),
        );
    };
    may("PatientRegister");
    let (_, kim) = member(phr, "kim", "editor", &json!({}));
    let (mut socket, _) = super::following(phr, &kim.access, "lastName", &json!({}));
    let body = json!({ "query": super::registers("lastName") }).to_string();
    let bearer = format!("Bearer {}", kim.access);
    let mut events = Events::open(phr.address, "POST", "/graphql", &[("authorization", &bearer)], &body);
    let event = |data: &Value| data["data"]["patientRegisterChanged"].clone();
    assert_eq!(event(&events.told().unwrap().1)["reason"], "BEGINNING");
    let seen = register(phr, &json!({}));
    assert_eq!(super::next(&mut socket, "1")["uuid"], *seen);
    assert_eq!(event(&events.told().unwrap().1)["uuid"], *seen);
    may("Directory");
    register(phr, &json!({}));
    let (closed, told) = (socket.try_hear(), events.told().unwrap().1);
    assert_eq!(closed.clone().map_err(|(code, _)| code), Err(4403), "{closed:?}");
    assert_eq!(told["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{told}");
}

#[test]
fn a_server_that_stops_sends_its_clients_elsewhere() {
    let mut phr = Phr::with(Backend::Sqlite, &[("PHR_SHUTDOWN_TIMEOUT", "20")]);
    let token = phr.token().to_owned();
    let (mut socket, mut events) = (subscribed(&phr), streaming(&phr, &token));
    let mut idle = Socket::of(phr.address, &token);
    phr.signal("TERM");
    assert_eq!(socket.closed().0, 1012);
    assert_eq!(idle.closed().0, 1012);
    assert_eq!(events.told(), None, "a stream that breaks off is one that clients ask for again");
    drop((socket, idle, events));
    assert_eq!(phr.ended(), Some(0));
    assert!(!phr.log().contains("cut off"), "{}", phr.log());
}

#[test]
fn a_client_that_hangs_up_leaves_nothing_behind() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_MAX_SUBSCRIPTIONS_PER_CALLER", "2"), ("LOG_LEVEL", "phr=debug")]);
    for _ in 0..20 {
        let (socket, events) = eventually("there is room again", || {
            let mut socket = Socket::of(phr.address, phr.token());
            socket.subscribe("1", STATUS, &json!({}));
            let has_room = socket.hear()["type"] == "next";
            has_room.then(|| (socket, streaming(&phr, phr.token())))
        });
        drop((socket, events));
    }
}
