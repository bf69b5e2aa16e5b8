use async_graphql::{Context, ID, Object, Result, SelectionField};
use chrono::{DateTime, Utc};
use entity::break_glass_grant::{Column, Entity};
use uuid::Uuid;

use crate::auth::{BreakGlassInput, Leave};
use crate::records::break_glass_grant::{
    self, BreakGlassGrantFilter, BreakGlassGrantOrder, BreakGlassGrants, ReviewBreakGlassGrantInput,
};
use crate::records::{Loaded, Row};

use super::context::of;
use super::id::{Kind, global_id};
use super::object::fields;
use super::payload::{payload, plain_payload};
use super::queries::queries;
use super::record::Record;

/// Leave that somebody took to open one record outside the own boundary.
#[derive(Clone)]
pub(super) struct BreakGlassGrant(Row<Entity>);

impl Record for BreakGlassGrant {
    type Collection = BreakGlassGrants;

    const NAME: &'static str = "BreakGlassGrant";

    fn relation(field: &str) -> Option<Column> {
        match field {
            "userUuid" => Some(Column::UserId),
            "patientUuid" => Some(Column::PatientId),
            "reviewedByUuid" => Some(Column::ReviewedBy),
            _ => None,
        }
    }

    async fn of(_: &super::context::Context, _: &[SelectionField<'_>], rows: Vec<Row<Entity>>) -> Vec<Self> {
        rows.into_iter().map(Self).collect()
    }
}

fields! {
    /// Leave that somebody took to open one record outside the own boundary.
    BreakGlassGrant {
        /// The record's global id: opaque, and good for `node`.
        fn id(&self) -> Result<ID> {
            Ok(global_id(Kind::BreakGlassGrant, *self.0.uuid.loaded()?))
        }

        /// The record's own key.
        fn uuid(&self) -> Result<Uuid> {
            Ok(*self.0.uuid.loaded()?)
        }

        /// Key of the user who took it.
        fn user_uuid(&self) -> Result<Uuid> {
            Ok(*self.0.user_id.loaded()?)
        }

        /// Key of the patient whose record was opened.
        fn patient_uuid(&self) -> Result<Uuid> {
            Ok(*self.0.patient_id.loaded()?)
        }

        /// Why.
        fn reason(&self) -> Result<&str> {
            Ok(self.0.reason.loaded()?)
        }

        /// When it was taken.
        fn created_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.0.created_at.loaded()?)
        }

        /// Until when the record was open.
        fn expires_at(&self) -> Result<DateTime<Utc>> {
            Ok(*self.0.expires_at.loaded()?)
        }

        /// When it was reviewed; null when it was not.
        fn reviewed_at(&self) -> Result<Option<DateTime<Utc>>> {
            Ok(*self.0.reviewed_at.loaded()?)
        }

        /// Key of the user who reviewed it.
        fn reviewed_by_uuid(&self) -> Result<Option<Uuid>> {
            Ok(*self.0.reviewed_by.loaded()?)
        }

        /// What they found.
        fn review_note(&self) -> Result<Option<&str>> {
            Ok(self.0.review_note.loaded()?.as_deref())
        }
    }
}

queries! {
    BreakGlassGrantQuery of BreakGlassGrant {
        /// The leave with this key; null when there is none.
        break_glass_grant;
        /// Leaves that were taken, the newest first unless another order is asked for.
        break_glass_grants: BreakGlassGrantFilter, BreakGlassGrantOrder;
    }
}

plain_payload! {
    /// What became of a record to open.
    BreakGlassPayload {
        /// The leave; null when there is none.
        leave: Leave
    },
}

payload! {
    /// What became of a leave to review.
    ReviewBreakGlassGrantPayload {
        /// The leave as reviewed; null when it was not.
        break_glass_grant: BreakGlassGrant
    },
}

#[derive(Default)]
pub(super) struct BreakGlassMutation;

#[Object]
impl BreakGlassMutation {
    /// Opens one record outside the caller's own boundary, at once and for a while. Every read and change is marked, and
    /// the patient's institution reviews it.
    async fn break_glass(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: BreakGlassInput,
    ) -> Result<Option<BreakGlassPayload>> {
        let context = of(ctx);
        BreakGlassPayload::of(context.authority.break_glass(&context.scope, input).await)
    }

    /// Marks a leave as reviewed.
    async fn review_break_glass_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do it with.")] input: ReviewBreakGlassGrantInput,
    ) -> Result<Option<ReviewBreakGlassGrantPayload>> {
        let context = of(ctx);
        let reviewed = break_glass_grant::review(&context.scope, &context.cluster, &*context.clock, input).await;
        ReviewBreakGlassGrantPayload::of(ctx, reviewed).await
    }
}
