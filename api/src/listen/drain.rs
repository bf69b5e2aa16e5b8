use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How far the server is with stopping.
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<State>);

#[derive(Debug, Default)]
struct State {
    announced: AtomicBool,
    closing: AtomicBool,
}

impl Drain {
    /// Whether the server is about to stop, so that it should be asked nothing more.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        self.0.announced.load(Ordering::Acquire)
    }

    /// Whether connections that nothing runs on are closed.
    pub(super) fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::Acquire)
    }

    pub(super) fn announce(&self) {
        self.0.announced.store(true, Ordering::Release);
    }

    pub(super) fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
    }
}
