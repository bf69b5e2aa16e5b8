use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline that moves often and is seldom reached: only one that comes nearer touches the runtime's clock.
#[derive(Debug)]
pub(super) struct Timer {
    deadline: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Without a deadline.
    pub(super) const fn off() -> Self {
        Self { deadline: None, sleep: None }
    }

    /// The deadline is that long from now.
    pub(super) fn start(&mut self, limit: Duration) {
        self.deadline = Some(Instant::now() + limit);
    }

    /// The deadline is that long from now, unless there is one already.
    pub(super) fn go_on(&mut self, limit: Duration) {
        if self.deadline.is_none() {
            self.start(limit);
        }
    }

    pub(super) const fn stop(&mut self) {
        self.deadline = None;
    }

    /// Ready once the deadline has passed.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
