use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::pulse::{Phase, Pulse};
use super::stream::Stream;
use super::timer::Timer;

/// How long, and how much, a client that was refused in the middle of a request may go on sending. A connection that is
/// closed while something lies unread is reset, and the client may never see why it was refused.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 16 * 1024 * 1024;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// To send a request's head, or, of a new connection, to begin with it.
    pub(super) head: Duration,
    /// To begin with another request.
    pub(super) idle: Duration,
    /// To read what it was sent.
    pub(super) response: Duration,
}

/// A connection that ends by itself when its client is too slow.
#[derive(Debug)]
pub(super) struct Socket {
    stream: Stream,
    pulse: Arc<Pulse>,
    patience: Patience,
    waits_for: Option<Phase>,
    reading: Timer,
    writing: Timer,
    lingering: Option<usize>,
}

impl Socket {
    pub(super) fn new(stream: Stream, pulse: Arc<Pulse>, patience: Patience) -> Self {
        let (reading, writing) = (Timer::off(), Timer::off());
        Self { stream, pulse, patience, waits_for: None, reading, writing, lingering: None }
    }

    /// Whether the client has had the time it has for what it should send now.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.wait_for(self.pulse.phase());
        self.reading.poll(context)
    }

    fn wait_for(&mut self, phase: Phase) {
        if self.waits_for != Some(phase) {
            match phase {
                // A new connection has one time for its first head, however little of it has come.
                Phase::Head if self.waits_for == Some(Phase::New) => {}
                Phase::New | Phase::Head => self.reading.start(self.patience.head),
                Phase::Idle => self.reading.start(self.patience.idle),
                Phase::Busy => self.reading.stop(),
            }
            self.waits_for = Some(phase);
        }
    }

    /// What a write has come to, unless the client does not take it.
    fn written<T>(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            return outcome;
        }
        self.writing.go_on(self.patience.response);
        ready!(self.writing.poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read the response")))
    }

    /// Only once everything was taken the client has kept up; a little at a time is still slow.
    fn took(&mut self, outcome: &Poll<io::Result<usize>>, whole: usize) {
        if matches!(outcome, Poll::Ready(Ok(taken)) if *taken == whole) {
            self.writing.stop();
        }
    }

    /// Reads on, past the end of what is answered, for a while.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 16 * 1024];
        while self.lingering.is_some_and(|taken| taken < LINGER_BYTES) {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(self.stream.carrier()).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.lingering = self.lingering.map(|taken| taken + buffer.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.reading.poll(context),
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Socket {
    /// A client that is too slow is taken for one that has hung up.
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if outcome.is_pending() {
            return self.poll_patience(context).map(Ok);
        }
        if buffer.filled().len() > before && matches!(self.pulse.phase(), Phase::New | Phase::Idle) {
            self.pulse.enter(Phase::Head);
            self.wait_for(Phase::Head);
        }
        outcome
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.took(&outcome, bytes.len());
        self.written(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.took(&outcome, parts.iter().map(|part| part.len()).sum());
        self.written(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        // A response was sent while a read was waiting already, which does not know that the connection is idle now.
        if outcome.is_ready() && self.pulse.phase() == Phase::Idle && self.waits_for != Some(Phase::Idle) {
            self.wait_for(Phase::Idle);
            if self.reading.poll(context).is_ready() {
                context.waker().wake_by_ref();
            }
        }
        self.written(context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            let outcome = Pin::new(&mut self.stream).poll_shutdown(context);
            ready!(self.written(context, outcome))?;
            if !self.pulse.may_break_off() {
                return Poll::Ready(Ok(()));
            }
            self.reading.start(LINGER);
            self.lingering = Some(0);
        }
        self.poll_linger(context).map(Ok)
    }
}
