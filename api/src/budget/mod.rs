//! Database time: how much of it each caller may use, and how callers that want it at once take turns.
//!
//! A [`TimeBudget`] is a bucket that refills, one for each caller. A [`FairQueue`] hands out the permits of something
//! scarce, such as a pool's connections, and charges the time for which each is in use to its caller's budget. A
//! [`Spending`] bounds what one request uses.

mod bucket;
mod callers;
mod queue;
mod refusal;
mod share;
mod spending;
mod time;

pub use callers::{Budget, Budgets, Settings};
pub use queue::{FairQueue, Permit};
pub use refusal::{NoPermit, OverBudget};
pub use spending::{Ended, Spending};
pub use time::{Standing, TimeBudget};
