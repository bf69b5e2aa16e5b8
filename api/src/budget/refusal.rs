use std::time::Duration;

use crate::error::Error;

/// A refusal for want of budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverBudget {
    /// After how many seconds to come back.
    pub seconds: u64,
}

impl OverBudget {
    /// A refusal until a debt is paid back.
    #[must_use]
    pub const fn until(debt: Duration) -> Self {
        Self { seconds: debt.as_secs().saturating_add(1) }
    }
}

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPermit {
    /// None became free in time.
    Late,
    /// The caller is in debt, and was waiting for too long.
    OverBudget(OverBudget),
}

impl From<NoPermit> for Error {
    fn from(why: NoPermit) -> Self {
        match why {
            NoPermit::Late => Self::Timeout,
            NoPermit::OverBudget(refusal) => Self::RateLimited { seconds: refusal.seconds },
        }
    }
}
