use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Subscription, Union};
use entity::patient_register::Entity;
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use crate::changelog::{Cursor, Gap};
use crate::error::Error;
use crate::records::Row;
use crate::records::feed::{Changed, Happening, Matter, Tiding};
use crate::records::patient_register::{PatientRegisterFilter, PatientRegisters};

use super::context::of;
use super::id::{Kind, global_id};
use super::patient_register::PatientRegister;
use super::record::in_payload;
use super::response_stream::{Event, Told, told};
use super::shown::Shown;

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Happening")]
pub(super) enum ChangeOperation {
    /// It was created.
    Created,
    /// It was changed, or restored after it had been deleted.
    Updated,
    /// It was deleted.
    Deleted,
    /// It is there no longer for the subscriber: it has moved to another institution or patient, or does not meet the filter.
    /// Whoever never had it need not do anything.
    Left,
}

/// Why changes may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(super) enum ChangeGapReason {
    /// The subscription begins here, and nothing was said of what happened before.
    Beginning,
    /// They are older than changes are kept.
    Pruned,
    /// What the cursor stands for was lost when another database took over.
    Forked,
}

impl From<Gap> for ChangeGapReason {
    fn from(gap: Gap) -> Self {
        match gap {
            Gap::Pruned => Self::Pruned,
            Gap::Forked => Self::Forked,
        }
    }
}

/// A place before which changes may be missing: whoever keeps copies of records reads them now. Changes from here on
/// follow.
#[derive(SimpleObject)]
pub(super) struct ChangeGap {
    /// From where to go on, as the argument `after`.
    cursor: String,
    /// Why.
    reason: ChangeGapReason,
}

/// What happened to a patient register.
pub(super) struct PatientRegisterChange {
    cursor: Cursor,
    changed: Arc<Changed<Option<Row<Entity>>>>,
    patient_register: Option<Shown<PatientRegister>>,
}

/// What happened to a patient register.
#[Object]
impl PatientRegisterChange {
    /// From where to go on after this, as the argument `after`.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<String> {
        sealed(ctx, &self.cursor)
    }

    /// What was done.
    async fn operation(&self) -> ChangeOperation {
        self.changed.happening.into()
    }

    /// The register's global id, also of one that was deleted. It is not called `id`: caches would take the event for the
    /// register.
    async fn record_id(&self) -> ID {
        global_id(Kind::PatientRegister, self.changed.change.key)
    }

    /// The patient's key, which is the register's.
    async fn patient_id(&self) -> Uuid {
        self.changed.change.key
    }

    /// The register's key.
    async fn uuid(&self) -> Uuid {
        self.changed.change.key
    }

    /// The register's version after it.
    async fn version(&self) -> i32 {
        self.changed.change.version
    }

    /// The names of the fields that an update changed; those that the subscriber may not see are left out.
    async fn changed_fields(&self, ctx: &Context<'_>) -> Vec<String> {
        self.changed.fields::<PatientRegisters>(&of(ctx).scope)
    }

    /// The register as it is now, which may be later than the change; null when it is deleted, or has left.
    async fn patient_register(&self) -> Option<&Shown<PatientRegister>> {
        self.patient_register.as_ref()
    }
}

/// What a subscription to patient registers tells.
#[derive(Union)]
pub(super) enum PatientRegisterEvent {
    Change(Box<PatientRegisterChange>),
    Gap(ChangeGap),
}

/// A cursor, as callers carry it.
pub(super) fn sealed(ctx: &Context<'_>, cursor: &Cursor) -> Result<String> {
    let sealed = of(ctx).authority.seal_cursor(cursor);
    Ok(sealed.ok_or_else(|| Error::Unavailable("no signing key has been read yet".into()))?)
}

/// The cursor that a caller brings.
pub(super) async fn opened(ctx: &Context<'_>, after: Option<&str>) -> Result<Option<Cursor>, Error> {
    match after {
        Some(text) => of(ctx).authority.open_cursor(text).await.map(Some).map_err(|error| error.at(&["after"])),
        None => Ok(None),
    }
}

pub(super) fn gap(ctx: &Context<'_>, cursor: &Cursor, reason: ChangeGapReason) -> Result<ChangeGap> {
    Ok(ChangeGap { cursor: sealed(ctx, cursor)?, reason })
}

#[derive(Default)]
pub(super) struct PatientRegisterSubscription;

#[Subscription]
impl PatientRegisterSubscription {
    /// What happens to patient registers, in order, and nothing left out. Each event has a cursor: who subscribes again with
    /// the last one as `after`, on whichever server, is told what happened meanwhile. Who gives none is told at once
    /// where the subscription begins.
    async fn patient_register_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which registers; all when left out.")] filter: Option<PatientRegisterFilter>,
        #[graphql(desc = "The cursor of the last event that was heard; from now on when left out.")] after: Option<
            String,
        >,
    ) -> Result<Told<Result<PatientRegisterEvent>>> {
        let source = Box::pin(async {
            let context = of(ctx);
            let after = opened(ctx, after.as_deref()).await?;
            let told = context.feeds()?.registers.follow(&context.scope, filter, after).await?;
            Ok(told.map(|tiding| tiding.map(Event::Register)).boxed())
        });
        Ok(stream::iter(match told(ctx, source).await? {
            Some(Event::Register(tiding)) => Some(tell(ctx, &tiding).await),
            _ => None,
        }))
    }
}

async fn tell(ctx: &Context<'_>, tiding: &Tiding<Option<Row<Entity>>>) -> Result<PatientRegisterEvent> {
    let cursor = tiding.cursor.clone();
    match &tiding.matter {
        Matter::Beginning => Ok(PatientRegisterEvent::Gap(gap(ctx, &cursor, ChangeGapReason::Beginning)?)),
        Matter::Gap(reason) => Ok(PatientRegisterEvent::Gap(gap(ctx, &cursor, (*reason).into())?)),
        Matter::Change(changed) => {
            changed.disclose::<PatientRegisters>(&of(ctx).reader);
            let rows = changed.record.iter().cloned().collect();
            let patient_register = in_payload::<PatientRegister>(ctx, "patient_register", rows).await.pop();
            let changed = Arc::clone(changed);
            Ok(PatientRegisterEvent::Change(Box::new(PatientRegisterChange { cursor, changed, patient_register })))
        }
    }
}
