//! Subscriptions: by WebSocket and as server-sent events.

mod callers;
mod endings;
mod events;
mod limits;
mod protocol;
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
