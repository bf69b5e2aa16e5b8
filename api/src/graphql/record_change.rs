use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, Subscription, Union};
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use crate::changelog::Cursor;
use crate::records::changes::ChangedEntity;
use crate::records::feed::{Changed, Happening, Matter, Tiding};

use super::change::{ChangeGap, ChangeGapReason, ChangeOperation, gap, opened, sealed};
use super::context::of;
use super::id::{Kind, global_id};
use super::node::{Node, record};
use super::response_stream::{Event, Told, told};

/// What happened to a record.
pub(super) struct RecordChange {
    cursor: Cursor,
    changed: Arc<Changed<ChangedEntity>>,
}

/// What happened to a record.
#[Object]
impl RecordChange {
    /// From where to go on after this, as the argument `after`.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<String> {
        sealed(ctx, &self.cursor)
    }

    /// What kind of record it is.
    async fn entity(&self) -> ChangedEntity {
        self.changed.record
    }

    /// What was done.
    async fn operation(&self) -> ChangeOperation {
        self.changed.happening.into()
    }

    /// The record's global id, also of one that was deleted. It is not called `id`: caches would take the event for the record.
    async fn record_id(&self) -> ID {
        global_id(kind(self.changed.record), self.changed.change.key)
    }

    /// Key of the patient that the record is or belongs to, or belonged to when it has `LEFT`; null of what belongs to none.
    async fn patient_id(&self) -> Option<Uuid> {
        self.changed.patient()
    }

    /// The record's key.
    async fn uuid(&self) -> Uuid {
        self.changed.change.key
    }

    /// The record's version after it.
    async fn version(&self) -> i32 {
        self.changed.change.version
    }

    /// The names of the fields that an update changed; those that the subscriber may not see are left out.
    async fn changed_fields(&self, ctx: &Context<'_>) -> Vec<String> {
        self.changed.known_fields(&of(ctx).scope)
    }

    /// The record as it is now, which may be later than the change; null when it is deleted, or has left.
    async fn record(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        if matches!(self.changed.happening, Happening::Deleted | Happening::Left) {
            return Ok(None);
        }
        record(ctx, kind(self.changed.record), self.changed.change.key).await
    }
}

const fn kind(entity: ChangedEntity) -> Kind {
    match entity {
        ChangedEntity::PatientRegister => Kind::PatientRegister,
        ChangedEntity::MedicalInstitution => Kind::MedicalInstitution,
        ChangedEntity::Doctor => Kind::Doctor,
        ChangedEntity::DoctorSpecialty => Kind::DoctorSpecialty,
        ChangedEntity::User => Kind::User,
        ChangedEntity::Role => Kind::Role,
        ChangedEntity::HealthProfile => Kind::HealthProfile,
        ChangedEntity::Email => Kind::Email,
        ChangedEntity::Phone => Kind::Phone,
        ChangedEntity::Address => Kind::Address,
        ChangedEntity::Identifier => Kind::Identifier,
        ChangedEntity::PatientCondition => Kind::PatientCondition,
        ChangedEntity::PatientMedication => Kind::PatientMedication,
        ChangedEntity::PatientAllergy => Kind::PatientAllergy,
        ChangedEntity::PatientValidation => Kind::PatientValidation,
        ChangedEntity::PatientMerge => Kind::PatientMerge,
        ChangedEntity::Appointment => Kind::Appointment,
        ChangedEntity::Country => Kind::Country,
        ChangedEntity::Region => Kind::Region,
        ChangedEntity::InstitutionType => Kind::InstitutionType,
        ChangedEntity::SpecialtyCategory => Kind::SpecialtyCategory,
        ChangedEntity::Sex => Kind::Sex,
        ChangedEntity::Gender => Kind::Gender,
        ChangedEntity::BloodType => Kind::BloodType,
        ChangedEntity::EmailType => Kind::EmailType,
        ChangedEntity::PhoneType => Kind::PhoneType,
        ChangedEntity::MedicalCondition => Kind::MedicalCondition,
        ChangedEntity::Medication => Kind::Medication,
        ChangedEntity::SystemSetting => Kind::SystemSetting,
    }
}

/// What a subscription to records of several kinds tells.
#[derive(Union)]
pub(super) enum RecordEvent {
    Change(Box<RecordChange>),
    Gap(ChangeGap),
}

#[derive(Default)]
pub(super) struct RecordSubscription;

#[Subscription]
impl RecordSubscription {
    /// What happens to records, in the order of each record's versions, and nothing left out. Each event has a cursor: who
    /// subscribes again with the last one as `after`, on whichever server, is told what happened meanwhile. Who gives none
    /// is told at once where the subscription begins.
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which kinds of records; all that the subscriber may read when left out.")] entities: Option<
            Vec<ChangedEntity>,
        >,
        #[graphql(
            desc = "Key of the patient whose register, and what belongs to it, is followed; everything when left out."
        )]
        patient_id: Option<Uuid>,
        #[graphql(desc = "The cursor of the last event that was heard; from now on when left out.")] after: Option<
            String,
        >,
    ) -> Result<Told<Result<RecordEvent>>> {
        let source = Box::pin(async {
            let context = of(ctx);
            let after = opened(ctx, after.as_deref()).await?;
            let told = context.feeds()?.follow(&context.scope, entities, patient_id, after).await?;
            Ok(told.map(|tiding| tiding.map(Event::Change)).boxed())
        });
        Ok(stream::iter(match told(ctx, source).await? {
            Some(Event::Change(tiding)) => Some(tell(ctx, &tiding).await),
            _ => None,
        }))
    }
}

async fn tell(ctx: &Context<'_>, tiding: &Tiding<ChangedEntity>) -> Result<RecordEvent> {
    let cursor = tiding.cursor.clone();
    match &tiding.matter {
        Matter::Beginning => Ok(RecordEvent::Gap(gap(ctx, &cursor, ChangeGapReason::Beginning)?)),
        Matter::Gap(reason) => Ok(RecordEvent::Gap(gap(ctx, &cursor, (*reason).into())?)),
        Matter::Change(changed) => {
            changed.note(&of(ctx).reader).await?;
            Ok(RecordEvent::Change(Box::new(RecordChange { cursor, changed: Arc::clone(changed) })))
        }
    }
}
