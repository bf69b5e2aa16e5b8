use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use uuid::Uuid;

use crate::scope::Scope;

use super::ConsistencyToken;

/// For whom something is written, and what it came to.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) caller: Uuid,
    /// Whether a commit was begun.
    begun: AtomicBool,
    written: Mutex<Option<ConsistencyToken>>,
}

impl Receipt {
    pub(super) fn of(scope: &Scope) -> Self {
        Self { caller: caller(scope), begun: AtomicBool::new(false), written: Mutex::default() }
    }

    /// From here on nobody can say that nothing was changed.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::Release);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    pub(super) fn note(&self, token: ConsistencyToken) {
        *self.written.lock() = Some(token);
    }

    /// The last write's.
    pub(super) fn token(&self) -> Option<ConsistencyToken> {
        *self.written.lock()
    }
}

/// Whose own writes a read must show: the session's, and without one the actor's.
pub(super) fn caller(scope: &Scope) -> Uuid {
    scope.session.unwrap_or(scope.actor.0)
}
