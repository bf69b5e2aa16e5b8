use std::time::Duration;

use serde::Deserialize;

use super::{Error, at_least_one};

/// Settings of subscriptions, and of `WebSocket`s. Times are in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscriptions {
    /// How long a WebSocket may take to say `connection_init`.
    init_timeout: u64,
    /// How often the server shows that it lives, and wants to see that the client does.
    ping_interval: u64,
    /// Bytes of a message on a WebSocket at most.
    pub max_message: usize,
    /// Operations that run at a time on one WebSocket at most.
    pub max_per_connection: usize,
    /// Subscriptions that one caller has at a time on this server at most.
    pub max_per_caller: usize,
}

impl Subscriptions {
    pub(super) fn check(&self) -> Result<(), Error> {
        at_least_one(&[
            ("subscriptions.init_timeout", self.init_timeout),
            ("subscriptions.ping_interval", self.ping_interval),
            ("subscriptions.max_message", self.max_message as u64),
            ("subscriptions.max_per_connection", self.max_per_connection as u64),
            ("subscriptions.max_per_caller", self.max_per_caller as u64),
        ])
    }

    /// How long a WebSocket may take to say `connection_init`.
    #[must_use]
    pub const fn init_timeout(&self) -> Duration {
        Duration::from_secs(self.init_timeout)
    }

    /// How often the server shows that it lives, and wants to see that the client does.
    #[must_use]
    pub const fn ping_interval(&self) -> Duration {
        Duration::from_secs(self.ping_interval)
    }
}
