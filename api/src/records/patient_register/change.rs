use entity::patient_register::{ActiveModel, Column, Entity, Model, Status};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Transaction};
use crate::error::{FaultCode, FaultParams, Result};
use crate::records::aggregate::{Aggregate, Target, change, exists};
use crate::records::check::Check;
use crate::records::disclosure::ask_of;
use crate::records::doctor::Doctors;
use crate::records::medical_institution::MedicalInstitutions;
use crate::records::{Deleted, Row};
use crate::scope::{Permission, Scope};

use super::completeness::{missing_after, refuse};
use super::{DeletePatientRegisterInput, PatientRegisters, RestorePatientRegisterInput, UpdatePatientRegisterInput};

/// Changes a register. Filling what an incomplete one lacks makes it pending, and so does, of one that was confirmed, a change
/// of who the patient is, of what was told of their health, or of whose patient they are: the database sees to that.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn update(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: UpdatePatientRegisterInput,
) -> Result<Row<Entity>> {
    scope.require(PatientRegisters::WRITE)?;
    input.changes.require(scope)?;
    let mut check = Check::new(["input"]);
    let changes = input.changes.columns(clock, &mut check);
    let target = Target { uuid: input.uuid, expected_version: input.expected_version, deleted: Deleted::Excluded };
    change::<PatientRegisters>(scope, cluster, check, target, changes).await
}

/// Deletes a register: it becomes a tombstone, which no ordinary read shows.
///
/// # Errors
/// As [`update`]; `STILL_REFERENCED` for one that others were merged into.
pub async fn delete(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: DeletePatientRegisterInput,
) -> Result<Row<Entity>> {
    scope.require(PatientRegisters::WRITE)?;
    // PostgreSQL keeps microseconds, so SQLite keeps no more.
    let now = chrono::SubsecRound::trunc_subsecs(clock.now(), 6);
    let changes = ActiveModel { deleted_at: Set(Some(now)), ..ActiveModel::default() };
    let target = Target { uuid: input.uuid, expected_version: input.expected_version, deleted: Deleted::Excluded };
    change::<PatientRegisters>(scope, cluster, Check::new(["input"]), target, changes).await
}

/// Restores a deleted register.
///
/// # Errors
/// As [`update`]; `INVALID_STATE` for a register that was not deleted.
pub async fn restore(scope: &Scope, cluster: &Cluster, input: RestorePatientRegisterInput) -> Result<Row<Entity>> {
    scope.require(PatientRegisters::WRITE)?;
    let changes = ActiveModel { deleted_at: Set(None), ..ActiveModel::default() };
    let target = Target { uuid: input.uuid, expected_version: input.expected_version, deleted: Deleted::Included };
    change::<PatientRegisters>(scope, cluster, Check::new(["input"]), target, changes).await
}

impl Aggregate for PatientRegisters {
    const WRITE: Permission = Permission::WritePatients;

    fn uuid(model: &Model) -> Uuid {
        model.uuid
    }

    fn version(model: &Model) -> i32 {
        model.version
    }

    /// A register that is completed is pending; any other stays complete.
    fn complete(present: &Model, changes: &mut ActiveModel, check: &mut Check) {
        if changes.deleted_at == Set(None) && present.deleted_at.is_none() {
            check.fault(&["uuid"], FaultCode::InvalidState, "the register was not deleted");
        }
        if present.merged_into.is_some() {
            check.fault(&["uuid"], FaultCode::InvalidState, MERGED);
        }
        check_span(Some(present), changes, check);
        let missing = missing_after(Some(present), changes);
        if present.status == Status::Incomplete {
            if missing.is_empty() {
                changes.status = Set(Status::Pending);
            }
            return;
        }
        refuse(&missing, check);
        if present.status == Status::Validated && changes.doctor_id == Set(None) {
            check.fault(&["doctorId"], FaultCode::InvalidState, "a validated register must have a doctor");
        }
    }

    /// A register that is deleted must not take others out of sight with it.
    async fn prepare(
        _present: Option<&Model>,
        row: &mut ActiveModel,
        own: Uuid,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> Result<()> {
        if !matches!(row.deleted_at, Set(Some(_))) {
            return Ok(());
        }
        let merged = Entity::find().select_only().column(Column::Uuid).filter(Column::MergedInto.eq(own)).limit(1);
        if let Some(merged) = merged.into_tuple::<Uuid>().one(tx).await? {
            ask_of::<Self>(tx, scope, &["merged_into"], [(merged, None)]);
            let message = "other registers were merged into this one: undo that first";
            check.fault(&["uuid"], FaultCode::StillReferenced, message);
        }
        Ok(())
    }

    async fn check_others(
        row: &ActiveModel,
        _own: Uuid,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> Result<()> {
        if let Some(key) = row.institution_id.try_as_ref() {
            let condition = entity::medical_institution::Column::Uuid.eq(*key);
            if !exists::<MedicalInstitutions>(tx, scope, condition).await? {
                check.fault(&["institutionId"], FaultCode::ReferenceMissing, "there is no such institution");
            }
        }
        if let Some(Some(key)) = row.doctor_id.try_as_ref()
            && !exists::<Doctors>(tx, scope, entity::doctor::Column::Uuid.eq(*key)).await?
        {
            check.fault(&["doctorId"], FaultCode::ReferenceMissing, "there is no such doctor");
        }
        Ok(())
    }
}

/// Why a register is not changed any more.
pub(super) const MERGED: &str = "the register was merged into another: change that one";

/// Nobody dies before they are born.
pub(in crate::records) fn check_span(present: Option<&Model>, changes: &ActiveModel, check: &mut Check) {
    let birth =
        changes.date_of_birth.try_as_ref().copied().unwrap_or(present.and_then(|present| present.date_of_birth));
    let death =
        changes.date_of_death.try_as_ref().copied().unwrap_or(present.and_then(|present| present.date_of_death));
    if let (Some(birth), Some(death)) = (birth, death)
        && death < birth
    {
        let (birth, death) = ("dateOfBirth", "dateOfDeath");
        let (field, other) = if changes.date_of_death.is_set() { (death, birth) } else { (birth, death) };
        let message = "the date of death must not be before the date of birth";
        check.fault_with(&[field], FaultCode::OutOfRange, message, FaultParams::related(other));
    }
}
