use std::time::{Duration, Instant};

use crate::error::Error;

/// How long a write is tried again.
const LONGEST: Duration = Duration::from_secs(5);
/// How long before the first repetition; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(320);

/// When to carry out a write again.
///
/// `Interrupted` says that nothing was changed: the connection broke before the change was sent to be committed, or the
/// database rolled it back in favour of another (a deadlock, a failure to serialise). Only then is it tried again. A
/// lost answer to a commit is `OutcomeUnknown`, and is not.
#[derive(Debug)]
pub struct Retry {
    began: Instant,
    pause: Duration,
}

impl Retry {
    /// Before the first attempt.
    #[must_use]
    pub fn new() -> Self {
        Self { began: Instant::now(), pause: FIRST_PAUSE }
    }

    /// Whether to try again after this error; if so, returns when it is time to.
    pub async fn after(&mut self, error: &Error) -> bool {
        if !matches!(error, Error::Interrupted(_)) || self.began.elapsed() + self.pause >= LONGEST {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}
