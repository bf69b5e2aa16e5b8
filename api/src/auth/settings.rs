use std::time::Duration;

use super::Outside;

/// How sessions are kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who signs the tokens of these servers: a name or a URL.
    pub issuer: String,
    /// How long an access token is good.
    pub access: Duration,
    /// How long a session lasts at most, however often it is refreshed.
    pub session: Duration,
    /// Time within which a used refresh token may come again.
    pub refresh_grace: Duration,
    /// How long a one-time token for a new password is good.
    pub one_time: Duration,
    /// How long a record stays open outside the own boundary at most.
    pub leave: Duration,
    /// Failed logins in a row from which on a user is locked out.
    pub lockout_failures: u32,
    /// For how long.
    pub lockout: Duration,
    /// An OpenID provider whose tokens are good here too.
    pub outside: Option<Outside>,
}

impl Settings {
    /// How long a token of a session is good at most. What was made for longer, by a server that is set otherwise, is not
    /// taken.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.access.max(self.leave)
    }
}
