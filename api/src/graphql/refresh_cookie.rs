use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use crate::auth::Grant;

/// The cookie in which a browser keeps its refresh token, where no page can read it: what a request brought, and what
/// its answer changes. All operations of a batch share it.
#[derive(Debug)]
pub struct RefreshCookie(Mutex<State>);

#[derive(Debug)]
struct State {
    token: Option<String>,
    change: Option<CookieChange>,
}

/// A change to the cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CookieChange {
    /// It holds this token from now on.
    Set {
        /// The refresh token.
        token: String,
        /// Until when the browser keeps it.
        expires_at: DateTime<Utc>,
    },
    /// The browser forgets it.
    Clear,
}

impl RefreshCookie {
    /// The cookie of a request that brought this token, or none.
    #[must_use]
    pub const fn new(token: Option<String>) -> Self {
        Self(Mutex::new(State { token, change: None }))
    }

    /// The last change, if there was any.
    #[must_use]
    pub fn change(&self) -> Option<CookieChange> {
        self.0.lock().change.clone()
    }

    pub(super) fn token(&self) -> Option<String> {
        self.0.lock().token.clone()
    }

    /// Moves a session's refresh token into the cookie.
    pub(super) fn keep(&self, mut grant: Grant) -> Grant {
        if let Some(token) = grant.refresh_token.take() {
            let change = Some(CookieChange::Set { token: token.clone(), expires_at: grant.expires_at.0 });
            *self.0.lock() = State { token: Some(token), change };
        }
        grant
    }

    pub(super) fn clear(&self) {
        *self.0.lock() = State { token: None, change: Some(CookieChange::Clear) };
    }
}
