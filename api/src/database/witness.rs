use std::fmt::Debug;

use crate::deed::{Deed, Outcome};
use crate::error::Result;
use crate::scope::Scope;

/// Progress of notes on their way to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordStatus {
    /// Whether notes get there: the last attempt succeeded.
    pub is_shipping: bool,
    /// Bytes of notes that have not got there yet.
    pub waiting_bytes: u64,
}

/// Keeps what is done on record. A cluster that has one commits nothing that its witness could not note before.
#[async_trait::async_trait]
pub trait Witness: Debug + Send + Sync {
    /// Checks that something could be noted now; notes nothing.
    ///
    /// # Errors
    /// `Unrecorded` when it could not.
    async fn check(&self) -> Result<()>;

    /// Returns how far notes have got on their way to the database.
    fn status(&self) -> RecordStatus;

    /// Notes what was done, or tried, and what became of it. What was noted is not lost when this process dies.
    ///
    /// # Errors
    /// `Unrecorded` when it cannot be noted: then nothing of it may be shown.
    async fn record(&self, scope: &Scope, deeds: Vec<(Deed, Outcome)>) -> Result<()>;

    /// Notes what is about to be committed; the number of the first of these notes, which are numbered in turn.
    ///
    /// # Errors
    /// `Unrecorded` when it cannot be noted: then nothing of it may be committed.
    async fn intend(&self, scope: &Scope, deeds: &[Deed]) -> Result<i64>;

    /// Notes what became of it. What cannot be noted now is noted later.
    async fn settle(&self, scope: &Scope, deeds: Vec<Deed>, intent: i64, outcome: Outcome);
}
