use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// No debt takes longer than this to be paid back, whatever was used.
pub(super) const LONGEST_DEBT: Duration = Duration::from_mins(1);

/// A bucket that refills at a steady rate, and that may be in debt.
///
/// The whole state is the moment at which everything that was used will have been paid back, so that charging takes no
/// lock.
#[derive(Debug)]
pub(super) struct Bucket {
    /// What is paid back in a second; 0 for a bucket without end.
    rate: f64,
    /// How long it takes to pay back everything that may be used at once.
    burst: Duration,
    opened: Instant,
    /// Nanoseconds from `opened` until everything that was used will have been paid back.
    paid_back: AtomicU64,
}

impl Bucket {
    /// A full bucket that refills at `rate` a second, and holds `burst`.
    pub(super) fn new(rate: f64, burst: f64) -> Self {
        let is_bounded = rate > 0.0;
        let burst = if is_bounded { Duration::from_secs_f64(burst / rate) } else { Duration::ZERO };
        Self { rate: if is_bounded { rate } else { 0.0 }, burst, opened: Instant::now(), paid_back: AtomicU64::new(0) }
    }

    pub(super) const fn burst(&self) -> Duration {
        self.burst
    }

    pub(super) fn charge(&self, used: f64, now: Instant) {
        if self.rate == 0.0 {
            return;
        }
        let now = self.since_opened(now);
        let longest = now.saturating_add(nanos(self.burst + LONGEST_DEBT));
        let takes = nanos(self.takes(used));
        let add = |paid_back: u64| Some(paid_back.max(now).saturating_add(takes).min(longest));
        self.paid_back.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok();
    }

    /// How long it takes to pay back everything that was used, `more` included.
    pub(super) fn to_pay_back(&self, more: f64, now: Instant) -> Duration {
        if self.rate == 0.0 {
            return Duration::ZERO;
        }
        let charged = self.paid_back.load(Ordering::Relaxed).saturating_sub(self.since_opened(now));
        Duration::from_nanos(charged) + self.takes(more)
    }

    /// How long it takes to pay back the debt; none where there is no debt.
    pub(super) fn debt(&self, more: f64, now: Instant) -> Option<Duration> {
        let debt = self.to_pay_back(more, now).saturating_sub(self.burst);
        (!debt.is_zero()).then_some(debt)
    }

    fn takes(&self, used: f64) -> Duration {
        Duration::try_from_secs_f64(used / self.rate).unwrap_or(LONGEST_DEBT)
    }

    fn since_opened(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.opened))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_was_used_is_paid_back_in_time() {
        let bucket = Bucket::new(0.5, 2.0);
        let now = bucket.opened;
        bucket.charge(2.5, now);
        assert_eq!(bucket.debt(0.0, now), Some(SECOND));
        assert_eq!(bucket.debt(0.5, now), Some(SECOND * 2), "what runs counts too");
        assert_eq!(bucket.debt(0.0, now + SECOND), None);
        assert_eq!(bucket.to_pay_back(0.0, now + SECOND * 5), Duration::ZERO);
    }

    #[test]
    fn a_debt_is_bounded() {
        let bucket = Bucket::new(0.2, 1.0);
        bucket.charge(1000.0, bucket.opened);
        assert_eq!(bucket.debt(0.0, bucket.opened), Some(LONGEST_DEBT));
    }

    #[test]
    fn a_bucket_without_end_knows_no_debt() {
        let bucket = Bucket::new(0.0, 0.0);
        bucket.charge(1000.0, bucket.opened);
        assert_eq!(bucket.debt(1000.0, bucket.opened), None);
    }
}
