use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{OverBudget, Permit, TimeBudget};

/// How often it is looked whether a statement may go on.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The database time of one request: whose budget it is taken from, and how much the request may use in all.
#[derive(Debug)]
pub struct Spending {
    budget: TimeBudget,
    /// How long its statements may run, added up.
    longest: Option<Duration>,
    began: Instant,
    used: Mutex<Used>,
    /// It may have changed something, so that it is carried to its end.
    is_bound: AtomicBool,
    /// After how many seconds to come back, once it was refused for want of budget.
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Used {
    ended: Duration,
    running: u32,
    /// When those that run began, added up, each counted from the request's beginning.
    starts: Duration,
}

/// Why a statement was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It ran for longer than one statement may.
    Late,
    /// Its request has used as much time as a request may.
    UsedUp(Duration),
    /// Its caller is too deep in debt.
    OverBudget(OverBudget),
}

impl Spending {
    /// Of a request of whoever has this budget, whose statements run for `longest` at most, added up.
    #[must_use]
    pub fn new(budget: TimeBudget, longest: Option<Duration>) -> Self {
        let (is_bound, refused) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { budget, longest, began: Instant::now(), used: Mutex::default(), is_bound, refused }
    }

    /// The caller's budget.
    #[must_use]
    pub const fn budget(&self) -> &TimeBudget {
        &self.budget
    }

    /// Whether the caller has used more than has been paid back.
    #[must_use]
    pub fn is_in_debt(&self) -> bool {
        self.budget.debt(Duration::ZERO, Instant::now()).is_some()
    }

    /// From here on the request is carried to its end, whatever its caller's debt: what it has changed must be told.
    pub fn bind(&self) {
        self.is_bound.store(true, Ordering::Relaxed);
    }

    /// Whether the request may still be refused for want of budget.
    #[must_use]
    pub fn is_refusable(&self) -> bool {
        !self.is_bound.load(Ordering::Relaxed)
    }

    /// Notes that the request was refused for want of budget.
    pub fn refuse(&self, refusal: OverBudget) {
        self.refused.fetch_max(refusal.seconds, Ordering::Relaxed);
    }

    /// How the request was refused for want of budget, if it was.
    #[must_use]
    pub fn refused(&self) -> Option<OverBudget> {
        match self.refused.load(Ordering::Relaxed) {
            0 => None,
            seconds => Some(OverBudget { seconds }),
        }
    }

    /// How long the request's statements have run, added up.
    #[must_use]
    pub fn used(&self) -> Duration {
        self.used.lock().at(self.began.elapsed())
    }

    /// Runs a statement that `permit` allows, unless the request has used everything it may.
    ///
    /// # Errors
    /// Why it was ended before its end.
    pub async fn run<T>(
        &self,
        longest: Duration,
        permit: &mut Permit,
        statement: impl Future<Output = T>,
    ) -> Result<T, Ended> {
        let running = Running::begin(self);
        let deadline = running.began + longest;
        let mut statement = pin!(statement);
        let mut now = running.began;
        loop {
            let look = deadline.min(now + LOOK_EVERY);
            if let Ok(result) = tokio::time::timeout_at(look.into(), &mut statement).await {
                return Ok(result);
            }
            now = Instant::now();
            if now >= deadline {
                return Err(Ended::Late);
            }
            permit.settle();
            self.check(now)?;
        }
    }

    /// Whether the request may go on.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check(&self, now: Instant) -> Result<(), Ended> {
        if let Some(longest) = self.longest
            && self.used.lock().at(now.saturating_duration_since(self.began)) >= longest
        {
            return Err(Ended::UsedUp(longest));
        }
        if !self.is_refusable() {
            return Ok(());
        }
        // A request that was refused one statement is refused as a whole: the others are of no use.
        let refusal = self.refused().or_else(|| self.budget.deep_debt(now).map(OverBudget::until));
        refusal.map_or(Ok(()), |refusal| {
            self.refuse(refusal);
            Err(Ended::OverBudget(refusal))
        })
    }
}

impl Used {
    /// Everything that was used so long after the request's beginning.
    fn at(&self, elapsed: Duration) -> Duration {
        self.ended + (elapsed * self.running).saturating_sub(self.starts)
    }
}

/// One of a request's statements, while it runs.
struct Running<'s> {
    spending: &'s Spending,
    began: Instant,
}

impl<'s> Running<'s> {
    fn begin(spending: &'s Spending) -> Self {
        let began = Instant::now();
        {
            let mut used = spending.used.lock();
            used.running += 1;
            used.starts += began.saturating_duration_since(spending.began);
        }
        Self { spending, began }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut used = self.spending.used.lock();
        used.running -= 1;
        used.starts = used.starts.saturating_sub(self.began.saturating_duration_since(self.spending.began));
        used.ended += now.saturating_duration_since(self.began);
    }
}
