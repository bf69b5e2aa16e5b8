use parking_lot::Mutex;
use uuid::Uuid;

use crate::scope::Scope;

use super::ConsistencyToken;

/// For whom something is written, and what it came to.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) caller: Uuid,
    written: Mutex<Option<ConsistencyToken>>,
}

impl Receipt {
    pub(super) fn of(scope: &Scope) -> Self {
        Self { caller: caller(scope), written: Mutex::default() }
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
