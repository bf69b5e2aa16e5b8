use entity::patient_register::Entity;
use sea_orm::ActiveValue::{NotSet, Set};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::Cluster;
use crate::error::{Error, FaultCode, FaultParams, Result};
use crate::records::Row;
use crate::records::aggregate::{Aggregate, New, create as create_all};
use crate::records::check::Check;
use crate::records::idempotency::Key;
use crate::scope::Scope;

use super::change::check_span;
use super::completeness::{initial_status, missing_after, refuse};
use super::{
    CreatePatientRegisterInput, CreatePatientRegistersInput, PatientRegisterChanges, PatientRegisterItemInput,
    PatientRegisters,
};

/// Registers in one batch at most.
pub const MAX_BATCH: usize = 1000;

/// Registers a patient.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn create(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: CreatePatientRegisterInput,
) -> Result<Row<Entity>> {
    scope.require(PatientRegisters::WRITE)?;
    input.register.require(scope)?;
    let key = Key::new("createPatientRegister", input.idempotency_key.as_deref(), &input.register)?;
    let item = draft(scope, clock, Check::new(["input"]), input.register);
    let mut rows = create_all(scope, cluster, clock.now(), vec![item], key).await?;
    rows.pop().ok_or_else(|| Error::internal("a record was created and not returned"))
}

/// Registers patients, all or none.
///
/// # Errors
/// `Rejected` with every broken rule of every item; `Forbidden`; as any write.
pub async fn create_many(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: CreatePatientRegistersInput,
) -> Result<Vec<Row<Entity>>> {
    scope.require(PatientRegisters::WRITE)?;
    if input.items.is_empty() {
        return Err(Error::rejected(FaultCode::Required, &["input", "items"], "must have at least one item"));
    }
    if input.items.len() > MAX_BATCH {
        let message = format!("must have at most {MAX_BATCH} items");
        return Err(
            Error::rejected(FaultCode::TooMany, &["input", "items"], message).with(&FaultParams::at_most(MAX_BATCH))
        );
    }
    input.items.iter().try_for_each(|item| item.require(scope))?;
    let key = Key::new("createPatientRegisters", input.idempotency_key.as_deref(), &input.items)?;
    let items = input.items.into_iter().enumerate();
    let items =
        items.map(|(index, item)| draft(scope, clock, Check::new(["input", "items", &index.to_string()]), item));
    create_all(scope, cluster, clock.now(), items.collect(), key).await
}

/// A register to be created, with what is wrong with its values.
pub(in crate::records) fn draft(
    scope: &Scope,
    clock: &dyn Clock,
    mut check: Check,
    item: PatientRegisterItemInput,
) -> New<PatientRegisters> {
    let uuid = item.uuid.unwrap_or_else(Uuid::new_v4);
    let may_lack = item.incomplete;
    let mut row = PatientRegisterChanges::from(item).columns(clock, &mut check);
    if !may_lack {
        refuse(&missing_after(None, &row), &mut check);
    }
    row.rejection_reason = Set(None);
    row.merged_into = Set(None);
    check_span(None, &row, &mut check);
    row.uuid = Set(uuid);
    row.status = Set(initial_status(&row));
    if row.institution_id == NotSet {
        row.institution_id = Set(scope.default_institution().0);
    }
    if row.doctor_id == NotSet {
        row.doctor_id = Set(None);
    }
    New { check, uuid, row }
}
