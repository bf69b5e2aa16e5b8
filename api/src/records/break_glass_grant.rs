//! Who opened which record outside the own boundary, and what came of reviewing it.

use async_graphql::InputObject;
use entity::break_glass_grant::{ActiveModel, Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Set};
use uuid::Uuid;

use crate::clock::Clock;
use crate::criteria;
use crate::criteria::{Bounded, DateTimeFilter, Direction, Term, UuidFilter};
use crate::database::Cluster;
use crate::deed::{Action, Deed};
use crate::error::{Error, FaultCode, Result};
use crate::scope::{Permission, Scope};

use super::check::{Check, Kind};
use super::collection::visible;
use super::{Collection, Deleted, Row};

criteria! {
    /// Leaves that were taken.
    BreakGlassGrants: BreakGlassGrantFilter, BreakGlassGrantOrder, BreakGlassGrantOrderField on break_glass_grant {
        /// The leave's key.
        uuid: UuidFilter => Uuid;
        /// Key of the user who took it.
        user_id: UuidFilter => UserId;
        /// Key of the patient whose record was opened.
        patient_id: UuidFilter => PatientId;
        /// When it was taken.
        created_at: DateTimeFilter => CreatedAt;
        /// Until when the record was open.
        expires_at: DateTimeFilter => ExpiresAt;
        /// When it was reviewed.
        reviewed_at: DateTimeFilter => ReviewedAt;
    }
}

/// The institution whose record was opened reviews it.
impl Bounded for BreakGlassGrants {
    fn institution() -> Option<Column> {
        Some(Column::InstitutionId)
    }

    fn patient() -> Option<Column> {
        Some(Column::PatientId)
    }
}

impl Collection for BreakGlassGrants {
    const NAME: &'static str = "BreakGlassGrant";

    const READ: Permission = Permission::ReviewBreakGlass;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::CreatedAt, direction: Direction::Desc }
    }
}

/// What came of reviewing a leave.
#[derive(Clone, Debug, InputObject)]
pub struct ReviewBreakGlassGrantInput {
    /// The leave's key.
    pub uuid: Uuid,
    /// What was found: 1 to 500 characters.
    pub note: Option<String>,
}

/// Marks a leave as reviewed, once, by somebody else than who took it.
///
/// # Errors
/// `Rejected` when there is no such leave, it was reviewed already, or it is the caller's own; `Forbidden`; as any write.
pub async fn review(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: ReviewBreakGlassGrantInput,
) -> Result<Row<Entity>> {
    scope.require(Permission::ReviewBreakGlass)?;
    let mut check = Check::new(["input"]);
    let note = check.optional("note", Kind::Plain(500), &Some(input.note).into());
    let tx = cluster.write(scope).await?;
    let which = visible::<BreakGlassGrants>(scope, Deleted::Excluded).add(Column::Uuid.eq(input.uuid));
    let found = Entity::find().filter(which).lock_exclusive().one(&tx).await?;
    match &found {
        None => check.fault(&["uuid"], FaultCode::NotFound, "there is no such leave"),
        Some(grant) if grant.reviewed_at.is_some() => {
            check.fault(&["uuid"], FaultCode::InvalidState, "the leave was reviewed already");
        }
        Some(grant) if grant.user_id == scope.actor.0 => {
            check.fault(&["uuid"], FaultCode::InvalidState, "somebody else than who took the leave reviews it");
        }
        Some(_) => {}
    }
    let Some(grant) = found.filter(|_| check.passed()) else {
        tx.rollback().await?;
        return Err(Error::Rejected(check.into_faults()));
    };
    let changes = ActiveModel {
        reviewed_at: Set(Some(clock.now())),
        reviewed_by: Set(Some(scope.actor.0)),
        review_note: note,
        ..ActiveModel::default()
    };
    Entity::update_many().set(changes).filter(Column::Uuid.eq(grant.uuid)).exec(&tx).await?;
    tx.note(Deed {
        institution: Some(grant.institution_id),
        patients: vec![grant.patient_id],
        fields: ["reviewed_at".into(), "review_note".into()].into(),
        ..Deed::new(Action::Update, "BreakGlassGrant").on(grant.uuid)
    });
    let reviewed = Entity::find_by_id(grant.uuid).one(&tx).await?;
    let reviewed = reviewed.ok_or_else(|| Error::internal("a leave that was just reviewed vanished"))?;
    tx.commit().await?;
    Ok(Row::of(reviewed))
}
