//! Subscriptions: by WebSocket and as server-sent events.

mod callers;
mod changes;
mod costly;
mod endings;
mod entities;
mod events;
mod filters;
mod limits;
mod many;
mod protocol;
mod records;
mod resuming;
mod shared;
mod slow;
mod status;

use serde_json::{Value, json};
use support::{Server, Socket};

/// A subscription that tells something at once.
const STATUS: &str = "subscription { replicationStatusChanged { nodes { address eligible } } }";

/// A WebSocket of the local operator's that has heard the first event of a subscription, and waits for more.
fn subscribed(server: &Server) -> Socket {
    let mut socket = Socket::of(server.address, server.token());
    socket.subscribe("1", STATUS, &json!({}));
    assert!(is_status(&socket.event("1")));
    socket
}

fn is_status(data: &Value) -> bool {
    data["replicationStatusChanged"]["nodes"][0]["eligible"] == true
}

/// A WebSocket on which nothing was said yet.
fn raw(server: &Server, protocol: &str) -> Socket {
    Socket::open(server.address, protocol, &[]).expect("a WebSocket is opened")
}

fn bearer(token: &str) -> Value {
    json!({"type": "connection_init", "payload": {"Authorization": format!("Bearer {token}")}})
}

/// A subscription to patient registers; its events show these fields of them.
pub(crate) fn registers(fields: &str) -> String {
    format!(
        "subscription($filter: PatientRegisterFilter, $after: String) {{ \
           patientRegisterChanged(filter: $filter, after: $after) {{ \
             ... on PatientRegisterChange {{ cursor operation uuid version changedFields \
               patientRegister {{ uuid version {fields} }} }} \
             ... on ChangeGap {{ cursor reason }} }} }}"
    )
}

/// The next event of a subscription to patient registers.
pub(crate) fn next(socket: &mut Socket, id: &str) -> Value {
    socket.event(id)["patientRegisterChanged"].take()
}

/// An event's operation, the record's key, and its version after it.
pub(crate) fn told(event: &Value) -> (String, String, i64) {
    let text = |name: &str| event[name].as_str().unwrap_or_else(|| panic!("{name}: {event}")).to_owned();
    (text("operation"), text("uuid"), event["version"].as_i64().unwrap())
}

/// The same, as a test expects it.
fn done(operation: &str, uuid: &str, version: i64) -> (String, String, i64) {
    (operation.to_owned(), uuid.to_owned(), version)
}

/// A WebSocket of a token's bearer that follows patient registers, and where it has begun.
pub(crate) fn following(server: &Server, token: &str, fields: &str, variables: &Value) -> (Socket, String) {
    let mut socket = Socket::of(server.address, token);
    socket.subscribe("1", &registers(fields), variables);
    let beginning = next(&mut socket, "1");
    assert_eq!(beginning["reason"], "BEGINNING", "{beginning}");
    (socket, beginning["cursor"].as_str().unwrap().to_owned())
}
