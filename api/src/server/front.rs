//! What every request passes first and every response last.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::origin::Peer;

use super::cors::Cors;
use super::reply::plain;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What browsers are told of every response that does not say otherwise: that nothing of it is a page, and that no other
/// site may show it or load it as a part of its own.
const SECURITY: [(HeaderName, HeaderValue); 6] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// A year, as RFC 6797 has it in its examples.
const ONLY_ENCRYPTED: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Which hosts the server is addressed by, and which origins may call it.
#[derive(Clone, Debug)]
pub(super) struct Front {
    pub(super) allowed_hosts: Vec<String>,
    pub(super) cors: Cors,
}

/// Refuses requests that are addressed to another host, answers browsers that ask on behalf of other origins, and gives
/// every response its security headers.
pub(super) async fn front(State(front): State<Arc<Front>>, request: Request<Body>, next: Next) -> Response {
    let is_encrypted = request.extensions().get::<Peer>().is_some_and(|peer| peer.is_encrypted);
    let origin = front.cors.origin(request.headers());
    let mut response = if request.headers().get_all(HOST).iter().count() > 1 {
        // RFC 9112, section 3.2: of two, others on the way may have looked at the other.
        plain(StatusCode::BAD_REQUEST, "send one Host header")
    } else if !front.is_known(request.headers()) {
        plain(StatusCode::MISDIRECTED_REQUEST, "this server is not known by that name: see the setting allowed_hosts")
    } else if let Some(answer) = origin.as_ref().and_then(|_| front.cors.preflight(&request)) {
        answer
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.entry(name).or_insert(value);
    }
    if is_encrypted {
        headers.insert(STRICT_TRANSPORT_SECURITY, ONLY_ENCRYPTED);
    }
    front.cors.describe(headers, origin);
    response
}

impl Front {
    /// Whether a page, if it was one that asked, may open a WebSocket.
    pub(super) fn may_open_socket(&self, headers: &HeaderMap) -> bool {
        self.cors.allow(headers)
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let name = name.map_or(host, |(name, _)| name).to_ascii_lowercase();
        self.allowed_hosts.contains(&name)
    }
}
