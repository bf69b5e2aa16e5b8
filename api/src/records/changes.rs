//! What happens to records of every kind.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::stream::{self, Stream};

use crate::changelog::{self, Batch, Cursor, Relay};
use crate::database::Cluster;
use crate::error::Result;
use crate::scope::Scope;

pub use super::changed_entity::ChangedEntity;
use super::feed::{Changed, Feed, Happening, Matter, Tiding};
use super::patient_register::PatientRegisters;
use super::tidings::Tidings;

/// Everything that can be followed.
#[derive(Clone)]
pub struct Feeds {
    relay: Relay,
    tidings: Tidings<ChangedEntity>,
    /// Patient registers.
    pub registers: Feed<PatientRegisters>,
}

impl std::fmt::Debug for Feeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feeds").field("relay", &self.relay).finish_non_exhaustive()
    }
}

/// Who follows, and what.
struct Follower {
    scope: Scope,
    entities: Vec<ChangedEntity>,
    /// Their names.
    question: Arc<str>,
    tidings: Tidings<ChangedEntity>,
    log: changelog::Subscription,
    waiting: VecDeque<Arc<Tiding<ChangedEntity>>>,
}

impl Feeds {
    /// Tells of what a relay brings.
    #[must_use]
    pub fn new(relay: Relay, cluster: Cluster) -> Self {
        Self { registers: Feed::new(relay.clone(), cluster), relay, tidings: Tidings::new() }
    }

    /// What happens to records of these kinds, or of all that the caller may read, after a cursor, or from now on.
    ///
    /// # Errors
    /// `Forbidden` for a kind that the caller may not read; `BadRequest` for another database's cursor; as any read of the
    /// primary.
    pub async fn follow(
        &self,
        scope: &Scope,
        entities: Option<Vec<ChangedEntity>>,
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<Arc<Tiding<ChangedEntity>>>> + Send + use<>> {
        let entities = ChangedEntity::chosen(scope, entities)?;
        let log = self.relay.subscribe(after.clone()).await?;
        let waiting = Tiding::first(after.as_ref(), &log).into_iter().collect();
        let question = entities.iter().map(|entity| entity.name()).collect::<Vec<_>>().join(" ").into();
        let tidings = self.tidings.clone();
        let follower = Follower { scope: scope.clone(), entities, question, tidings, log, waiting };
        Ok(stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            let told = follower.next().await;
            let is_over = told.is_err();
            Some((told, Some(follower).filter(|_| !is_over)))
        }))
    }
}

impl Follower {
    async fn next(&mut self) -> Result<Arc<Tiding<ChangedEntity>>> {
        loop {
            if let Some(tiding) = self.waiting.pop_front() {
                return Ok(tiding);
            }
            let batch = self.log.next().await?;
            if let Some(gap) = batch.gap {
                return Ok(Arc::new(Tiding { cursor: batch.cursor, matter: Matter::Gap(gap) }));
            }
            let told = self.tidings.of(&self.question, &self.scope, &batch, async { Ok(self.tell(&batch)) }).await?;
            self.waiting.extend(told.iter().cloned());
        }
    }

    fn tell(&self, batch: &Batch) -> Vec<Tiding<ChangedEntity>> {
        let told = batch.changes.iter().filter(|change| change.concerns(&self.scope)).filter_map(|change| {
            let entity = *self.entities.iter().find(|entity| entity.name() == change.entity)?;
            let left = change.leaves(&self.scope);
            let happening = if left { Happening::Left } else { change.operation.into() };
            let changed = Changed { change: change.clone(), happening, record: entity, asked: Arc::default() };
            Some(Tiding { cursor: batch.cursor_after(change), matter: Matter::Change(Arc::new(changed)) })
        });
        told.collect()
    }
}
