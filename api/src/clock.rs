//! The time, injected: whoever needs it is handed a [`Clock`], so that tests control it.

use std::fmt::Debug;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;

    /// The present date in UTC.
    fn today(&self) -> NaiveDate {
        self.now().date_naive()
    }

    /// The latest date that has begun anywhere on earth, by which births, deaths and other days of the past are judged, here
    /// and in the database. Where a day begins first, clocks are 14 hours ahead of UTC.
    fn latest_day(&self) -> NaiveDate {
        (self.now() + TimeDelta::hours(14)).date_naive()
    }
}

/// A clock that is handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct At(&'static str);

    impl Clock for At {
        fn now(&self) -> DateTime<Utc> {
            self.0.parse().unwrap()
        }
    }

    #[test]
    fn the_latest_day_has_begun_where_days_begin_first() {
        for (now, latest) in [("2024-02-28T09:59:59Z", "2024-02-28"), ("2024-02-28T10:00:00Z", "2024-02-29")] {
            assert_eq!(At(now).latest_day().to_string(), latest);
            assert_eq!(At(now).today().to_string(), "2024-02-28");
        }
    }
}
