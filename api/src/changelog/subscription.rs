use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;

use crate::budget::{Budget, FairQueue};
use crate::error::{Error, Result};
use crate::task::apart;

use super::relay::{PAGE, PAUSE};
use super::{Batch, Cursor, Reader};

/// How long a subscription waits for its turn to read the log, before it looks whether it may go on.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where changes come from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) reader: Reader,
    /// How many may read at a time.
    pub(super) replaying: FairQueue,
    /// To whom it is charged what is read; none where to nobody.
    pub(super) budget: Option<Budget>,
    /// Whether the relay follows the log.
    pub(super) has_begun: watch::Receiver<bool>,
    pub(super) live: broadcast::Receiver<Batch>,
}

/// The changes after a cursor, as they come. None is left out: a subscription that its owner does not ask for long reads the
/// log from where it was, and holds nothing meanwhile.
#[derive(Debug)]
pub struct Subscription {
    source: Source,
    cursor: Cursor,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Reads the log by itself.
    Replaying,
    /// Has read it to its end: of what the relay brings, some was read already.
    Joining,
    /// Has seen what the relay has.
    Live,
}

impl Subscription {
    /// What comes after a cursor. Who begins now has seen everything that was there after `live` began.
    pub(super) const fn new(source: Source, cursor: Cursor, begins_now: bool) -> Self {
        let stage = if begins_now { Stage::Joining } else { Stage::Replaying };
        Self { source, cursor, stage }
    }

    /// The same, whose owner waits in turn to read the log, and is charged for it.
    #[must_use]
    pub fn charged_to(self, budget: Option<Budget>) -> Self {
        Self { source: Source { budget, ..self.source }, ..self }
    }

    /// What has been handed over so far.
    #[must_use]
    pub const fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Waits for the next changes, or for a gap: the batch is never empty. As long as no primary can be read it waits for
    /// one. Who stops waiting loses nothing.
    ///
    /// # Errors
    /// `Unavailable` when the relay has ended, and any lasting fault of the database.
    pub async fn next(&mut self) -> Result<Batch> {
        loop {
            let batch = match self.stage {
                Stage::Replaying => self.replay().await?,
                Stage::Joining | Stage::Live => self.receive().await?,
            };
            if let Some(batch) = batch {
                self.cursor = batch.cursor.clone();
                if !batch.is_empty() {
                    return Ok(batch);
                }
            }
        }
    }

    async fn replay(&mut self) -> Result<Option<Batch>> {
        // Subscriptions live long, and read by themselves seldom: what that takes is not held meanwhile.
        let has_begun = *self.source.has_begun.borrow();
        let (replaying, reader) = (self.source.replaying.clone(), self.source.reader.clone());
        let (cursor, spending) = (self.cursor.clone(), self.source.budget.as_ref().map(Budget::spending));
        let read = apart(async move {
            // Whoever is in debt comes last, and comes: they would only ask again.
            if let Some(spending) = &spending {
                spending.bind();
            }
            let mut permit = replaying.acquire(spending.as_deref(), PATIENCE).await?;
            permit.begin();
            reader.next(&cursor, PAGE).await
        });
        match read.await {
            Ok(batch) if batch.is_empty() && !has_begun => {
                tokio::time::sleep(PAUSE).await;
                Ok(None)
            }
            Ok(batch) => {
                // Whatever the relay brings from here on and was committed before, is known by the cursor.
                if batch.is_empty() {
                    self.stage = Stage::Joining;
                }
                Ok(Some(batch))
            }
            Err(Error::Unavailable(_) | Error::Interrupted(_) | Error::Consistency | Error::Timeout) => {
                tokio::time::sleep(PAUSE).await;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn receive(&mut self) -> Result<Option<Batch>> {
        match self.source.live.recv().await {
            // What is a gap for the relay need not be one for this cursor.
            Ok(batch) if batch.gap.is_some() => self.stage = Stage::Replaying,
            Ok(batch) if self.stage == Stage::Live => return Ok(Some(batch)),
            Ok(batch) => {
                let new = batch.beyond(&self.cursor);
                if new.as_ref().is_some_and(|new| new.cursor.is_as_far_as(&batch.cursor)) {
                    self.stage = Stage::Live;
                }
                return Ok(new);
            }
            Err(RecvError::Lagged(_)) => {
                self.source.live = self.source.live.resubscribe();
                self.stage = Stage::Replaying;
            }
            Err(RecvError::Closed) => return Err(Error::Unavailable("the relay has ended".into())),
        }
        Ok(None)
    }
}
