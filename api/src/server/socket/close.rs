use std::borrow::Cow;

use axum::extract::ws::{CloseFrame, Message};

/// Why a WebSocket is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    code: u16,
    /// At most 123 bytes.
    reason: Cow<'static, str>,
}

/// Codes and reasons below 4000 are RFC 6455's, section 7.4, and IANA's list of them; from 4400 on they are those of
/// graphql-transport-ws, with the texts of its reference implementation where there is one.
impl Close {
    /// The server stops, and another one may take over.
    pub(super) const RESTART: Self = Self::of(1012, "the server is going to stop: come back");
    pub(super) const UNREAD: Self = Self::of(1013, "it has not been read yet who may sign in: try again later");
    pub(super) const UNAVAILABLE: Self = Self::of(1013, "the database is not available: try again later");
    pub(super) const TOO_OFTEN: Self = Self::of(1013, "too many requests: try again in a minute");
    pub(super) const TOO_COSTLY: Self =
        Self::of(1013, "the subscriptions cost more database time than one caller may use: try again later, with less");
    pub(super) const TOO_BIG: Self = Self::of(1009, "the message is too long");
    pub(super) const INVALID: Self = Self::of(4400, "Invalid message received");
    pub(super) const UNAUTHORIZED: Self = Self::of(4401, "Unauthorized");
    pub(super) const NO_PROTOCOL: Self = Self::of(4406, "Subprotocol not acceptable");
    pub(super) const INIT_TIMEOUT: Self = Self::of(4408, "Connection initialisation timeout");
    pub(super) const DUPLICATE: Self = Self::of(4409, "Subscriber for that id already exists");
    pub(super) const TOO_MANY_INITS: Self = Self::of(4429, "Too many initialisation requests");
    pub(super) const SILENT: Self = Self::of(4499, "Terminated: no answer to a ping");

    /// What the connection was opened with is of no use, or of no use any more.
    pub(super) fn forbidden(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code: 4403, reason: reason.into() }
    }

    const fn of(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    pub(super) fn message(self) -> Message {
        Message::Close(Some(CloseFrame { code: self.code, reason: self.reason.into_owned().into() }))
    }
}
