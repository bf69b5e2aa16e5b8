use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the server is about to stop.
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<AtomicBool>);

impl Drain {
    /// Whether the server is about to stop, so that it should be asked nothing more.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn announce(&self) {
        self.0.store(true, Ordering::Release);
    }
}
