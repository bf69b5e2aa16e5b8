//! What happens to records of every kind.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::ready;
use futures_util::stream::{self, Stream};
use uuid::Uuid;

use crate::budget::Budget;
use crate::changelog::{self, Batch, Change, Cursor, Relay};
use crate::criteria::Named;
use crate::database::{Cluster, Consistency};
use crate::deed::Outcome;
use crate::error::Result;
use crate::scope::{Boundary, Scope};

use super::Collection;
pub use super::changed_entity::ChangedEntity;
use super::disclosure::{Asked, named};
use super::feed::{Changed, Feed, Happening, Matter, Tiding};
use super::patient_register::PatientRegisters;
use super::tidings::Tidings;

/// Everything that can be followed.
#[derive(Clone)]
pub struct Feeds {
    relay: Relay,
    cluster: Cluster,
    tidings: Tidings<ChangedEntity>,
    /// To whom it is charged what is looked up; none where to nobody.
    budget: Option<Budget>,
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
    /// The only patient whose records are followed; none for those of all.
    patient: Option<Uuid>,
    /// Names of the entities, and the patient's key.
    question: Arc<str>,
    tidings: Tidings<ChangedEntity>,
    budget: Option<Budget>,
    log: changelog::Subscription,
    waiting: VecDeque<Arc<Tiding<ChangedEntity>>>,
}

impl Feeds {
    /// Tells of what a relay brings.
    #[must_use]
    pub fn new(relay: Relay, cluster: Cluster) -> Self {
        let registers = Feed::new(relay.clone(), cluster.clone());
        Self { registers, relay, cluster, tidings: Tidings::new(), budget: None }
    }

    /// The same, for one caller, to whose budget it is charged what is looked up for them.
    #[must_use]
    pub fn charged_to(self, budget: Budget) -> Self {
        Self { registers: self.registers.charged_to(budget.clone()), budget: Some(budget), ..self }
    }

    /// What happens to records of these kinds, or of all that the caller may read, after a cursor, or from now on; of a
    /// `patient`, to that register and what belongs to it.
    ///
    /// # Errors
    /// `Forbidden` for a kind that the caller may not read; `BadRequest` for another database's cursor; as any read of the
    /// primary.
    pub async fn follow(
        &self,
        scope: &Scope,
        entities: Option<Vec<ChangedEntity>>,
        patient: Option<Uuid>,
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<Arc<Tiding<ChangedEntity>>>> + Send + use<>> {
        let entities = ChangedEntity::chosen(scope, entities)?;
        if let Some(patient) = patient {
            self.record(scope, patient).await?;
        }
        let log = self.relay.subscribe(after.clone()).await?.charged_to(self.budget.clone());
        let waiting = Tiding::first(after.as_ref(), &log).into_iter().collect();
        let names = entities.iter().map(|entity| entity.name().to_owned());
        let question = names.chain(patient.map(|patient| patient.to_string())).collect::<Vec<_>>().join(" ").into();
        let (tidings, budget) = (self.tidings.clone(), self.budget.clone());
        let follower = Follower { scope: scope.clone(), entities, patient, question, tidings, budget, log, waiting };
        Ok(stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            let told = follower.next().await;
            let is_over = told.is_err();
            Some((told, Some(follower).filter(|_| !is_over)))
        }))
    }

    /// Puts on record which patient is followed: whether anything is told tells of them.
    async fn record(&self, scope: &Scope, patient: Uuid) -> Result<()> {
        let reader = self.cluster.read(scope, Consistency::default());
        if !reader.is_witnessed() {
            return Ok(());
        }
        let by = Named { patients: vec![patient], ..Named::default() };
        let asked = Asked {
            resource: PatientRegisters::NAME.into(),
            key: Some(patient),
            fields: vec!["uuid".into()],
            operators: vec!["uuid.equal".into()],
            named: named(scope, &reader, &by, &[]).await?,
            arguments: serde_json::json!({ "patientId": patient }).to_string(),
            ..Asked::default()
        };
        let deeds = asked.deeds(scope).into_iter().map(|deed| (deed, Outcome::Succeeded)).collect();
        self.cluster.record(scope, deeds).await
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
            if batch.changes.iter().any(|change| self.followed(change).is_some()) {
                let make = || ready(Ok(self.tell(&batch)));
                let spending = self.budget.as_ref().map(Budget::spending);
                let told = self.tidings.of(&self.question, &self.scope, spending, &batch, make).await?;
                self.waiting.extend(told.iter().cloned());
            }
        }
    }

    /// What kind of record a change is of, if it is to be told.
    fn followed(&self, change: &Change) -> Option<ChangedEntity> {
        let entity = *self.entities.iter().find(|entity| entity.name() == change.entity)?;
        // Of a kind that institutions have, what is no institution's is nobody's within one: identifiers of doctors, say.
        let is_hidden = entity.is_bounded() && change.institution.is_none() && self.scope.boundary != Boundary::All;
        let is_visible = self.leaves(change) || entity.is_visible(change, &self.scope);
        (!is_hidden && self.is_of_patient(change) && change.concerns(&self.scope) && is_visible).then_some(entity)
    }

    fn is_of_patient(&self, change: &Change) -> bool {
        self.patient.is_none_or(|own| change.patient == Some(own) || change.former_patient == Some(own))
    }

    /// Whether a change takes its record away from who follows.
    fn leaves(&self, change: &Change) -> bool {
        change.leaves(&self.scope) || self.patient.is_some_and(|own| change.former_patient == Some(own))
    }

    fn tell(&self, batch: &Batch) -> Vec<Tiding<ChangedEntity>> {
        let told = batch.changes.iter().filter_map(|change| {
            let entity = self.followed(change)?;
            let left = self.leaves(change);
            let happening = if left { Happening::Left } else { change.operation.into() };
            let changed = Changed { change: change.clone(), happening, record: entity, asked: Arc::default() };
            Some(Tiding { cursor: batch.cursor_after(change), matter: Matter::Change(Arc::new(changed)) })
        });
        told.collect()
    }
}
