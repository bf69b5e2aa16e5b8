use chrono::{DateTime, Utc};

/// Reason why a caller has no session, or gets none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// No token, or one that nobody here vouches for.
    #[error("this needs a session: sign in, and send its access token as Authorization: Bearer")]
    NoSession,
    /// Neither a refresh token in the input nor a cookie that holds one.
    #[error(
        "there is no refresh token: give it in the input; a page whose login set a cookie sends that with credentials, from this host or an origin of cors_origins"
    )]
    NoRefreshToken,
    /// The session goes on, and its user may do something else than before.
    #[error("what the session may do has changed: come back to go on")]
    RightsChanged,
    /// The access token was good until a moment ago.
    #[error("the access token has expired: refresh the session, and send the new one")]
    TokenExpired,
    /// The session has lasted as long as one may.
    #[error("the session has expired: sign in again")]
    SessionExpired,
    /// Somebody ended the session, or what its user may do was changed.
    #[error("the session has ended: sign in again")]
    SessionEnded,
    /// No user has this name and this password or one-time token.
    #[error("the user name or the password is wrong")]
    InvalidCredentials,
    /// There were too many failed attempts for this user name, whether or not there is such a user.
    #[error("there were too many failed attempts for this user name: try again in {seconds} s")]
    LockedOut {
        /// Until when no password is accepted.
        until: DateTime<Utc>,
        /// The same in seconds, rounded up.
        seconds: u64,
    },
    /// The password is right, and the second factor's code is missing.
    #[error("the second factor's code is needed: send it as oneTimeCode, with the password")]
    SecondFactorRequired,
    /// The password is right, and the second factor's code is not, or was used before.
    #[error("this is not the code that the second factor shows now")]
    SecondFactorInvalid,
}

impl Unauthenticated {
    /// The error's code, as clients read it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoSession | Self::NoRefreshToken | Self::RightsChanged => "UNAUTHENTICATED",
            Self::TokenExpired | Self::SessionExpired => "SESSION_EXPIRED",
            Self::SessionEnded => "SESSION_ENDED",
            Self::InvalidCredentials => "INVALID_CREDENTIALS",
            Self::LockedOut { .. } => "LOCKED_OUT",
            Self::SecondFactorRequired => "SECOND_FACTOR_REQUIRED",
            Self::SecondFactorInvalid => "SECOND_FACTOR_INVALID",
        }
    }
}
