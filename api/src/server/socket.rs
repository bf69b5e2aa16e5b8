//! GraphQL over WebSocket: `graphql-transport-ws`
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>), and the older `graphql-ws`
//! (<https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md>).

mod close;
mod conversation;
mod protocol;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::UPGRADE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::listen::Seat;

use super::Service;
use super::reply::plain;
use conversation::{Arrival, Conversation};
use protocol::Protocol;

/// Bytes that a connection reads and writes at a time. Thousands of connections rest most of the time, each with a buffer
/// of that size.
const BUFFER: usize = 2048;

/// Whether a request asks for a WebSocket.
pub(super) fn is_asked_for(request: &Request<Body>) -> bool {
    let wanted = request.headers().get(UPGRADE).and_then(|upgrade| upgrade.to_str().ok());
    wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case("websocket"))
}

/// Opens a WebSocket.
///
/// Browsers let every page open one anywhere, and tell which page it was: pages of other origins may if the settings name
/// them.
pub(super) async fn open(service: Arc<Service>, request: Request<Body>) -> Response {
    if !service.front.may_open_socket(request.headers()) {
        return plain(
            StatusCode::FORBIDDEN,
            "pages of that origin may not open a WebSocket here: see the setting cors_origins",
        );
    }
    let origin = service.origin(&request);
    let (mut parts, _) = request.into_parts();
    let seat = parts.extensions.remove::<Seat>();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let max = service.subscriptions.max_message;
    let upgrade = upgrade
        .protocols(Protocol::ALL.map(Protocol::name))
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(max)
        .max_frame_size(max)
        .on_failed_upgrade(|error| tracing::debug!(%error, "no WebSocket"));
    let chosen = upgrade.selected_protocol().and_then(|name| name.to_str().ok()).and_then(Protocol::named);
    let headers = told(parts.headers);
    upgrade.on_upgrade(async move |socket| {
        let arrival = Arrival { service, headers, origin };
        Conversation::new(socket, chosen, arrival).hold().await;
        drop(seat);
    })
}

/// Of the headers, what tells who somebody is and what they want to read.
fn told(mut headers: HeaderMap) -> HeaderMap {
    let mut told = HeaderMap::new();
    for name in protocol::HEADERS {
        if let Some(value) = headers.remove(&name) {
            told.insert(name, value);
        }
    }
    told
}
