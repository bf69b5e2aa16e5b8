use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

/// What a connection is doing, as its socket and its service tell each other.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    phase: AtomicU8,
    is_refusing: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is new, and nothing has come yet.
    New,
    /// Part of a request's head has come.
    Head,
    /// A request is being answered.
    Busy,
    /// A request was answered, and nothing of another one has come.
    Idle,
}

impl Pulse {
    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::New,
            1 => Phase::Head,
            2 => Phase::Busy,
            _ => Phase::Idle,
        }
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Whether what a client sends may be refused before it has come to its end.
    pub(super) fn may_break_off(&self) -> bool {
        self.phase() == Phase::Head || self.is_refusing.load(Ordering::Acquire)
    }

    /// Stays busy until the whole response has been handed over; for good, where the connection goes on in another
    /// protocol.
    pub(super) fn answer(self: Arc<Self>, response: Response) -> hyper::Response<Watched> {
        let status = response.status();
        self.is_refusing.store(status.is_client_error() || status.is_server_error(), Ordering::Release);
        let after = if status == StatusCode::SWITCHING_PROTOCOLS { Phase::Busy } else { Phase::Idle };
        response.map(|body| Watched { body, pulse: self, after })
    }
}

/// A response's body, whose end ends the request.
#[derive(Debug)]
pub(super) struct Watched {
    body: Body,
    pulse: Arc<Pulse>,
    after: Phase,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.pulse.enter(self.after);
    }
}
