use tokio::sync::broadcast::{self, error::RecvError};

use crate::error::{Error, Result};

use super::relay::{PAGE, PAUSE};
use super::{Batch, Cursor, Reader};

/// The changes after a cursor, as they come. None is left out: a subscription that its owner does not ask for long reads the
/// log from where it was, and holds nothing meanwhile.
#[derive(Debug)]
pub struct Subscription {
    reader: Reader,
    live: broadcast::Receiver<Batch>,
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
    pub(super) const fn new(reader: Reader, live: broadcast::Receiver<Batch>, cursor: Cursor) -> Self {
        Self { reader, live, cursor, stage: Stage::Replaying }
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
        match Box::pin(self.reader.next(&self.cursor, PAGE)).await {
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
        match self.live.recv().await {
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
                self.live = self.live.resubscribe();
                self.stage = Stage::Replaying;
            }
            Err(RecvError::Closed) => return Err(Error::Unavailable("the relay has ended".into())),
        }
        Ok(None)
    }
}
