//! What happens to records of every kind.

use std::collections::VecDeque;
use std::sync::Arc;

use async_graphql::Enum;
use futures_util::stream::{self, Stream};

use crate::changelog::{self, Batch, Cursor, Relay};
use crate::database::{Cluster, Reader};
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::Collection;
use super::doctor::Doctors;
use super::doctor_specialty::DoctorSpecialties;
use super::feed::{Changed, Feed, Happening, Matter, Tiding};
use super::medical_institution::MedicalInstitutions;
use super::patient_register::PatientRegisters;
use super::role::Roles;
use super::tidings::Tidings;
use super::user::Users;

/// A kind of record whose changes are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ChangedEntity {
    /// Patient registers.
    PatientRegister,
    /// Medical institutions.
    MedicalInstitution,
    /// Doctors.
    Doctor,
    /// Specialties of doctors.
    DoctorSpecialty,
    /// Users.
    User,
    /// Roles.
    Role,
}

/// Calls a generic function with the collection of a kind of record.
macro_rules! with_collection {
    ($entity:expr, $collection:ident => $call:expr) => {
        match $entity {
            ChangedEntity::PatientRegister => with_collection!(@ $collection = PatientRegisters, $call),
            ChangedEntity::MedicalInstitution => with_collection!(@ $collection = MedicalInstitutions, $call),
            ChangedEntity::Doctor => with_collection!(@ $collection = Doctors, $call),
            ChangedEntity::DoctorSpecialty => with_collection!(@ $collection = DoctorSpecialties, $call),
            ChangedEntity::User => with_collection!(@ $collection = Users, $call),
            ChangedEntity::Role => with_collection!(@ $collection = Roles, $call),
        }
    };
    (@ $collection:ident = $own:ty, $call:expr) => {{
        type $collection = $own;
        $call
    }};
}

impl ChangedEntity {
    /// Every kind.
    const EVERY: [Self; 6] =
        [Self::PatientRegister, Self::MedicalInstitution, Self::Doctor, Self::DoctorSpecialty, Self::User, Self::Role];

    /// As the log names it.
    const fn name(self) -> &'static str {
        with_collection!(self, C => C::NAME)
    }

    fn permit(self, scope: &Scope) -> Result<()> {
        with_collection!(self, C => C::permit(scope))
    }

    /// Those that were asked for, or all that the caller may read.
    fn chosen(scope: &Scope, asked: Option<Vec<Self>>) -> Result<Vec<Self>> {
        let Some(asked) = asked else {
            let permitted: Vec<Self> = Self::EVERY.into_iter().filter(|entity| entity.permit(scope).is_ok()).collect();
            return if permitted.is_empty() {
                Self::PatientRegister.permit(scope).map(|()| permitted)
            } else {
                Ok(permitted)
            };
        };
        if asked.is_empty() {
            return Err(Error::BadRequest("entities: name one, or leave it out for all".to_owned()));
        }
        asked.iter().try_for_each(|entity| entity.permit(scope)).map(|()| asked)
    }
}

impl Changed<ChangedEntity> {
    /// Of the columns that were changed, those whose names somebody may know, as clients call them.
    #[must_use]
    pub fn known_fields(&self, scope: &Scope) -> Vec<String> {
        with_collection!(self.record, C => self.fields::<C>(scope))
    }

    /// Notes that somebody was told of it.
    pub fn note(&self, reader: &Reader) {
        with_collection!(self.record, C => self.disclose::<C>(reader));
    }
}

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
