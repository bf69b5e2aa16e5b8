use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bucket::Bucket;

/// A debt that takes longer than this to be paid back is too deep: the caller is refused.
const DEEPEST_DEBT: Duration = Duration::from_secs(30);

/// Callers that used less than this part of what may be used at once are light: 0.2 s of the default 4 s. Reads of records and
/// pages stay far below it, searches without an index reach it within a few statements.
const LIGHT_PART: u32 = 20;

/// Database time that one caller has left.
#[derive(Clone, Debug)]
pub struct TimeBudget(Arc<Bucket>);

/// How much of a budget is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// All but a twentieth of what may be used at once, or more.
    Light,
    /// Less than that.
    Heavy,
    /// Nothing: more was used than has been paid back.
    InDebt,
}

impl TimeBudget {
    /// A full budget: seconds of processor time in each second (0 for as many as the caller likes), and how much may be
    /// used at once.
    #[must_use]
    pub fn new(rate: f64, burst: Duration) -> Self {
        Self(Arc::new(Bucket::new(rate, burst.as_secs_f64())))
    }

    /// Takes what was used.
    pub fn charge(&self, used: Duration) {
        self.0.charge(used.as_secs_f64(), Instant::now());
    }

    /// How much is left, with `running` used that was not charged yet.
    #[must_use]
    pub fn standing(&self, running: Duration, now: Instant) -> Standing {
        let (used, burst) = (self.0.to_pay_back(running.as_secs_f64(), now), self.0.burst());
        if used > burst {
            Standing::InDebt
        } else if used * LIGHT_PART > burst {
            Standing::Heavy
        } else {
            Standing::Light
        }
    }

    /// How long a caller who is in debt takes to pay it back; none for one who is not.
    #[must_use]
    pub fn debt(&self, running: Duration, now: Instant) -> Option<Duration> {
        self.0.debt(running.as_secs_f64(), now)
    }

    /// The same, of a debt that is too deep for the caller to be served at all.
    #[must_use]
    pub fn deep_debt(&self, now: Instant) -> Option<Duration> {
        self.debt(Duration::ZERO, now).filter(|debt| *debt > DEEPEST_DEBT)
    }

    /// Tells budgets apart.
    pub(super) fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_stands_by_what_is_left_of_it() {
        let second = Duration::from_secs(1);
        let (budget, none) = (TimeBudget::new(0.1, second * 4), Duration::ZERO);
        let standing = |running| budget.standing(running, Instant::now());
        assert_eq!(
            (standing(none), standing(second * 3), standing(second * 5)),
            (Standing::Light, Standing::Heavy, Standing::InDebt)
        );
        budget.charge(second * 3);
        assert_eq!((standing(none), standing(second * 2)), (Standing::Heavy, Standing::InDebt));
        budget.charge(second * 2);
        assert!(budget.debt(none, Instant::now()).is_some() && budget.deep_debt(Instant::now()).is_none());
        budget.charge(second * 4);
        assert!(budget.deep_debt(Instant::now()).is_some());
    }
}
