use async_graphql::InputObject;
use entity::patient_merge::{ActiveModel, Column, Entity, Model};
use entity::patient_register;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Retry, Transaction};
use crate::deed::Action;
use crate::error::{Error, FaultCode, Result};
use crate::records::check::Check;
use crate::records::collection::visible;
use crate::records::disclosure::ask_of;
use crate::records::{Deleted, Row};
use crate::scope::Scope;

use super::PatientMerges;
use super::dependents::{MOVED, Moved};
use super::merge::{change, confirm_anew, deed, pair, require};

/// A merger to undo.
#[derive(Clone, Debug, InputObject)]
pub struct UndoPatientMergeInput {
    /// The merger's key.
    pub uuid: Uuid,
}

/// Undoes a merger: the merged register is itself again, and what moved from it and is still with the kept one moves back.
///
/// # Errors
/// `Rejected` when there is no such merger, or it cannot be undone now; `Forbidden`; as any write.
pub async fn undo(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: UndoPatientMergeInput,
) -> Result<Row<Entity>> {
    require(scope)?;
    let mut retry = Retry::new();
    loop {
        match undo_once(scope, cluster, clock, &input).await {
            Err(error) if retry.after(&error).await => {}
            result => return result,
        }
    }
}

async fn undo_once(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: &UndoPatientMergeInput,
) -> Result<Row<Entity>> {
    let tx = cluster.write(scope).await?;
    let mut check = Check::new(["input"]);
    let which = visible::<PatientMerges>(scope, Deleted::Excluded).add(Column::Uuid.eq(input.uuid));
    let merge = Entity::find().filter(which).lock_exclusive().one(&tx).await?;
    let registers = match &merge {
        Some(merge) => pair(&tx, scope, (merge.kept_id, merge.merged_id), Deleted::Included).await?,
        None => (None, None),
    };
    if let Some(message) = obstacle(merge.as_ref(), &registers) {
        let code = if merge.is_some() { FaultCode::InvalidState } else { FaultCode::NotFound };
        check.fault(&["uuid"], code, message);
        let patients = merge
            .iter()
            .flat_map(|merge| [merge.kept_id, merge.merged_id].map(|patient| (patient, Some(merge.institution_id))));
        ask_of::<PatientMerges>(&tx, scope, &["uuid", "undone_at"], patients);
    }
    let (Some(merge), (Some(kept), Some(merged)), true) = (merge, registers, check.passed()) else {
        tx.rollback().await?;
        return Err(Error::Rejected(check.into_faults()));
    };
    take_apart(&tx, &merge, (&kept, &merged)).await?;
    let now = chrono::SubsecRound::trunc_subsecs(clock.now(), 6);
    let changes = ActiveModel { undone_at: Set(Some(now)), undone_by: Set(Some(scope.actor.0)), ..Default::default() };
    Entity::update_many().set(changes).filter(Column::Uuid.eq(merge.uuid)).exec(&tx).await?;
    let undone = Entity::find_by_id(merge.uuid).one(&tx).await?;
    let undone = undone.ok_or_else(|| Error::internal("a merger that was just undone vanished"))?;
    tx.note(deed(Action::Update, &undone));
    tx.commit().await?;
    Ok(Row::of(undone))
}

type Pair = (Option<patient_register::Model>, Option<patient_register::Model>);

/// What is in the way of undoing a merger.
fn obstacle(merge: Option<&Model>, registers: &Pair) -> Option<&'static str> {
    let Some(merge) = merge else { return Some("there is no such merger") };
    let (Some(kept), Some(merged)) = registers else { return Some("one of the registers is out of reach") };
    if merge.undone_at.is_some() || merged.merged_into != Some(kept.uuid) {
        return Some("the merger was undone already");
    }
    if kept.merged_into.is_some() {
        return Some("the register that was kept has been merged into another since: undo that first");
    }
    (kept.institution_id != merged.institution_id).then_some("the registers belong to two institutions by now")
}

async fn take_apart(
    tx: &Transaction,
    merge: &Model,
    (kept, merged): (&patient_register::Model, &patient_register::Model),
) -> Result<()> {
    let changes = patient_register::ActiveModel { merged_into: Set(None), ..Default::default() };
    change(tx, merged, changes).await?;
    let moved: Vec<Moved> = serde_json::from_str(&merge.moved).map_err(Error::internal)?;
    for dependent in MOVED {
        dependent.give_back(tx, &moved, merged.uuid, kept.uuid).await?;
    }
    confirm_anew(tx, kept).await
}
