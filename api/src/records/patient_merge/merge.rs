use async_graphql::InputObject;
use entity::patient_merge::{ActiveModel, Entity, Model};
use entity::patient_register::{self, Status};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Retry, Transaction};
use crate::deed::{Action, Deed};
use crate::error::{Error, FaultCode, Result};
use crate::records::aggregate::{Aggregate, Target, lock, update};
use crate::records::check::{Check, Kind};
use crate::records::disclosure::{ask_of, written};
use crate::records::patient_register::PatientRegisters;
use crate::records::{Collection, Deleted, Row};
use crate::scope::Scope;

use super::PatientMerges;
use super::dependents::{MOVED, Moved};

/// Two registers of the same patient.
#[derive(Clone, Debug, InputObject)]
pub struct MergePatientRegistersInput {
    /// Key of the register to keep.
    pub keep: Uuid,
    /// Key of the register that is merged into it. It stays readable by its key, and is no longer listed or changed.
    pub merge: Uuid,
    /// Why: 1 to 500 characters.
    pub reason: Option<String>,
    /// The version of the register to keep that was looked at. If it has changed since, nothing is merged.
    pub expected_keep_version: Option<i32>,
    /// The version of the other register that was looked at. If it has changed since, nothing is merged.
    pub expected_merge_version: Option<i32>,
}

/// Merges a register into another of the same institution: what belongs to it moves, and it points to the one that is kept.
/// The kept one, if it was confirmed, has to be confirmed anew.
///
/// # Errors
/// `Rejected` when the two cannot be merged; `Forbidden`; as any write.
pub async fn merge(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: MergePatientRegistersInput,
) -> Result<Row<Entity>> {
    require(scope)?;
    let mut check = Check::new(["input"]);
    let reason = check.optional("reason", Kind::Plain(500), &Some(input.reason.clone()).into());
    let reason = reason.try_as_ref().cloned().flatten();
    if input.keep == input.merge {
        check.fault(&["merge"], FaultCode::InvalidState, "a register cannot be merged with itself");
        return Err(Error::Rejected(check.into_faults()));
    }
    let mut retry = Retry::new();
    loop {
        match merge_once(scope, cluster, clock, check.clone(), &input, reason.clone()).await {
            Err(error) if retry.after(&error).await => {}
            result => return result,
        }
    }
}

/// How many rows moved from the merged register to the kept one.
///
/// # Errors
/// `Internal` when the database holds something else than was written.
pub fn moved_rows(moved: &str) -> Result<usize> {
    Ok(serde_json::from_str::<Vec<Moved>>(moved).map_err(Error::internal)?.len())
}

/// Patients and who opened one record from elsewhere see one register, and merge none.
pub(super) fn require(scope: &Scope) -> Result<()> {
    scope.require(PatientRegisters::WRITE)?;
    if scope.patient.is_some() {
        return Err(Error::Forbidden("who may see one patient's records only may merge none".to_owned()));
    }
    Ok(())
}

async fn merge_once(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    mut check: Check,
    input: &MergePatientRegistersInput,
    reason: Option<String>,
) -> Result<Row<Entity>> {
    let tx = cluster.write(scope).await?;
    let found = pair(&tx, scope, (input.keep, input.merge), Deleted::Excluded).await?;
    let expected = (input.expected_keep_version, input.expected_merge_version);
    judge(&found, expected, &mut check);
    if !check.passed() {
        let institution = |register: &Option<patient_register::Model>| register.as_ref().map(|own| own.institution_id);
        let patients = [(input.keep, institution(&found.0)), (input.merge, institution(&found.1))];
        ask_of::<PatientRegisters>(&tx, scope, &["uuid", "merged_into", "institution_id", "version"], patients);
    }
    let ((Some(kept), Some(merged)), true) = (found, check.passed()) else {
        tx.rollback().await?;
        return Err(Error::Rejected(check.into_faults()));
    };
    let mut moved = Vec::new();
    for dependent in MOVED {
        moved.extend(dependent.hand_over(&tx, merged.uuid, kept.uuid).await?);
    }
    let changes = patient_register::ActiveModel { merged_into: Set(Some(kept.uuid)), ..Default::default() };
    change(&tx, &merged, changes).await?;
    confirm_anew(&tx, &kept).await?;
    let row = record(scope, &tx, clock, (&kept, &merged), &moved, reason).await?;
    tx.commit().await?;
    Ok(row)
}

type Pair = (Option<patient_register::Model>, Option<patient_register::Model>);

/// Two registers, locked in the order of their keys, so that two mergers of the same ones wait for each other.
pub(super) async fn pair(
    tx: &Transaction,
    scope: &Scope,
    (kept, merged): (Uuid, Uuid),
    deleted: Deleted,
) -> Result<Pair> {
    let one = |uuid| {
        let target = Target { uuid, expected_version: None, deleted };
        async move { lock::<PatientRegisters>(tx, scope, &target).await }
    };
    if kept < merged {
        let kept = one(kept).await?;
        return Ok((kept, one(merged).await?));
    }
    let merged = one(merged).await?;
    Ok((one(kept).await?, merged))
}

fn judge((kept, merged): &Pair, expected: (Option<i32>, Option<i32>), check: &mut Check) {
    for (register, path) in [(kept, "keep"), (merged, "merge")] {
        match register {
            None => check.fault(&[path], FaultCode::NotFound, "there is no such register"),
            Some(register) if register.merged_into.is_some() => {
                check.fault(&[path], FaultCode::InvalidState, "the register was merged into another already");
            }
            Some(_) => {}
        }
    }
    let (Some(kept), Some(merged)) = (kept, merged) else { return };
    if kept.institution_id != merged.institution_id {
        check.fault(&["merge"], FaultCode::InvalidState, "the registers belong to two institutions");
    }
    check.expect("expectedKeepVersion", (kept.uuid, kept.version), expected.0);
    check.expect("expectedMergeVersion", (merged.uuid, merged.version), expected.1);
}

pub(super) async fn change(
    tx: &Transaction,
    present: &patient_register::Model,
    changes: patient_register::ActiveModel,
) -> Result<()> {
    let model = update::<PatientRegisters>(tx, present.uuid, changes).await?;
    tx.note(written::<PatientRegisters>(Some(present), &model));
    Ok(())
}

/// What belongs to the register is no longer what was confirmed.
pub(super) async fn confirm_anew(tx: &Transaction, register: &patient_register::Model) -> Result<()> {
    match register.status {
        Status::DoctorValidated | Status::InstitutionValidated | Status::Validated => {
            let changes = patient_register::ActiveModel { status: Set(Status::Pending), ..Default::default() };
            change(tx, register, changes).await
        }
        Status::Incomplete | Status::Pending | Status::Rejected => Ok(()),
    }
}

async fn record(
    scope: &Scope,
    tx: &Transaction,
    clock: &dyn Clock,
    (kept, merged): (&patient_register::Model, &patient_register::Model),
    moved: &[Moved],
    reason: Option<String>,
) -> Result<Row<Entity>> {
    let now = chrono::SubsecRound::trunc_subsecs(clock.now(), 6);
    let row = ActiveModel {
        uuid: Set(Uuid::new_v4()),
        institution_id: Set(kept.institution_id),
        kept_id: Set(kept.uuid),
        merged_id: Set(merged.uuid),
        reason: Set(reason),
        actor_id: Set(scope.actor.0),
        moved: Set(serde_json::to_string(moved).map_err(Error::internal)?),
        undone_at: Set(None),
        undone_by: Set(None),
        version: NotSet,
        created_at: Set(now),
        updated_at: Set(now),
    };
    let model = Entity::insert(row).exec_with_returning(tx).await?;
    tx.note(deed(Action::Create, &model));
    Ok(Row::of(model))
}

pub(super) fn deed(action: Action, merge: &Model) -> Deed {
    Deed {
        version: Some(merge.version),
        institution: Some(merge.institution_id),
        patients: vec![merge.kept_id, merge.merged_id],
        ..Deed::new(action, PatientMerges::NAME).on(merge.uuid)
    }
}
