use std::borrow::Cow;

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::graphql::{Answer, JsonObject, Request, check_json};

/// Headers of a request that mean something on a WebSocket; those but the cookies may come in `connection_init` too, since
/// pages cannot give a WebSocket headers.
pub(super) const HEADERS: [HeaderName; 4] =
    [AUTHORIZATION, HeaderName::from_static("x-consistency"), HeaderName::from_static("x-consistency-token"), COOKIE];

/// An operation's id is repeated in everything that is told of it.
const MAX_ID: usize = 256;

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `graphql-transport-ws`
    Transport,
    /// `graphql-ws`, of the client subscriptions-transport-ws.
    Legacy,
}

/// What a client says.
pub(super) enum Said {
    Init(Vec<(HeaderName, HeaderValue)>),
    Subscribe { id: String, request: Box<Request<'static>> },
    Complete { id: String },
    Ping,
    Pong,
    Terminate,
}

#[derive(Deserialize)]
struct Envelope<'m> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'m, str>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default, borrow)]
    payload: Option<&'m RawValue>,
}

impl Protocol {
    pub(super) const ALL: [Self; 2] = [Self::Transport, Self::Legacy];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Transport => "graphql-transport-ws",
            Self::Legacy => "graphql-ws",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    /// What a message says; none when it makes no sense.
    pub(super) fn read(self, text: &str) -> Option<Said> {
        check_json(text.as_bytes()).ok()?;
        let JsonObject(Envelope { kind, id, payload }) = serde_json::from_str(text).ok()?;
        let id = || id.filter(|id| !id.is_empty() && id.len() <= MAX_ID);
        Some(match (self, &*kind) {
            (_, "connection_init") => Said::Init(init(payload)?),
            (Self::Transport, "subscribe") | (Self::Legacy, "start") => {
                let JsonObject(request): JsonObject<Request<'_>> = serde_json::from_str(payload?.get()).ok()?;
                Said::Subscribe { id: id()?, request: Box::new(request.into_owned()) }
            }
            (Self::Transport, "complete") | (Self::Legacy, "stop") => Said::Complete { id: id()? },
            (Self::Transport, "ping") => Said::Ping,
            (Self::Transport, "pong") => Said::Pong,
            (Self::Legacy, "connection_terminate") => Said::Terminate,
            _ => return None,
        })
    }

    /// That the connection was accepted.
    pub(super) const fn welcome(self) -> &'static [&'static str] {
        match self {
            Self::Transport => &[r#"{"type":"connection_ack"}"#],
            Self::Legacy => &[r#"{"type":"connection_ack"}"#, KEEP_ALIVE],
        }
    }

    /// What the older clients want to hear now and then.
    pub(super) const fn keep_alive(self) -> Option<&'static str> {
        match self {
            Self::Transport => None,
            Self::Legacy => Some(KEEP_ALIVE),
        }
    }

    /// What was found, or has happened: an answer, as it is written.
    pub(super) fn next(self, id: &str, written: &str) -> String {
        let kind = if self == Self::Transport { "next" } else { "data" };
        message(kind, id, written)
    }

    /// What cannot be done, or goes on no longer.
    pub(super) fn error(self, id: &str, answer: &Answer) -> String {
        let errors = &answer.response.errors;
        let payload = match self {
            Self::Transport => serde_json::to_string(errors),
            Self::Legacy => serde_json::to_string(&errors.first()),
        };
        message("error", id, &payload.unwrap_or_else(|_| "[]".to_owned()))
    }
}

pub(super) const PONG: &str = r#"{"type":"pong"}"#;
const KEEP_ALIVE: &str = r#"{"type":"ka"}"#;

pub(super) fn complete(id: &str) -> String {
    format!(r#"{{"id":{},"type":"complete"}}"#, serde_json::Value::from(id))
}

fn message(kind: &str, id: &str, payload: &str) -> String {
    format!(r#"{{"id":{},"type":"{kind}","payload":{payload}}}"#, serde_json::Value::from(id))
}

/// Of what a client says to begin with, what would be headers of a request, by their names in any case.
fn init(payload: Option<&RawValue>) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let Some(payload) = payload.filter(|payload| payload.get() != "null") else { return Some(Vec::new()) };
    let entries: serde_json::Map<String, serde_json::Value> = serde_json::from_str(payload.get()).ok()?;
    let mut headers = Vec::new();
    for (name, value) in entries {
        let Some(header) = HEADERS.into_iter().find(|header| name.eq_ignore_ascii_case(header.as_str())) else {
            continue;
        };
        if header != COOKIE && !value.is_null() {
            headers.push((header, HeaderValue::from_str(value.as_str()?).ok()?));
        }
    }
    Some(headers)
}

/// With what a client has said to begin with.
pub(super) fn amended(mut headers: HeaderMap, said: Vec<(HeaderName, HeaderValue)>) -> HeaderMap {
    for (name, value) in said {
        headers.insert(name, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_make_no_sense_are_none() {
        let senseless = |text: &str| Protocol::Transport.read(text).is_none();
        assert!(senseless("") && senseless("{}") && senseless("[]") && senseless(r#"{"type":"start","id":"1"}"#));
        assert!(senseless(r#"{"type":"subscribe","payload":{"query":"{ a }"}}"#), "no id");
        assert!(senseless(r#"{"type":"subscribe","id":"","payload":{"query":"{ a }"}}"#), "an empty id");
        assert!(senseless(r#"{"type":"subscribe","id":"1","payload":7}"#));
        assert!(senseless(r#"{"type":"subscribe","id":"1","payload":["{ a }"]}"#), "a list");
        assert!(senseless(r#"["subscribe","1",{"query":"{ a }"}]"#), "a list");
        assert!(senseless(r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","extensions":[]}}"#));
        assert!(senseless(r#"{"type":"connection_init","payload":{"Authorization":7}}"#));
        assert!(senseless(r#"{"type":"connection_terminate"}"#), "another protocol's");
        let long = "x".repeat(MAX_ID + 1);
        assert!(senseless(&format!(r#"{{"type":"complete","id":"{long}"}}"#)));
    }

    #[test]
    fn a_client_that_has_no_headers_says_them() {
        let text =
            r#"{"type":"connection_init","payload":{"authorization":"Bearer x","X-Consistency":"strong","a":1}}"#;
        let Some(Said::Init(said)) = Protocol::Legacy.read(text) else { panic!("it makes sense") };
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer y"));
        let headers = amended(headers, said);
        assert_eq!(headers[AUTHORIZATION], "Bearer x");
        assert_eq!(headers["x-consistency"], "strong");
        assert_eq!(headers.len(), 2);
    }
}
