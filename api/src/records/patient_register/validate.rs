//! The way to a register that can be relied on: its doctor and its institution confirm it, each by themselves, or one of
//! them refuses it. Who may speak for whom stands in [`speaks_for`], what leads where in [`confirmed`] and [`Step::leads`].

use async_graphql::{InputObject, MaybeUndefined};
use entity::patient_register::{ActiveModel, Column, Entity, Model, Status};
use entity::patient_validation::{self, Role};
use entity::user;
use sea_orm::ActiveValue::Set;
use sea_orm::{EntityTrait, IdenStatic};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Retry, Transaction};
use crate::deed::{Action, Deed};
use crate::error::{Error, FaultCode, Result};
use crate::records::aggregate::{Aggregate, Target, lock, update};
use crate::records::check::{Check, Kind};
use crate::records::disclosure::{ask_change, ask_of, written};
use crate::records::patient_validation::{PatientValidations, ValidationRole};
use crate::records::{Collection, Deleted, Row};
use crate::scope::{LOCAL_OPERATOR, Scope};

use super::PatientRegisters;
use super::change::MERGED;

/// A register to confirm.
#[derive(Clone, Debug, InputObject)]
pub struct ValidatePatientRegisterInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// For whom.
    #[graphql(name = "as")]
    pub role: ValidationRole,
    /// The version that was looked at. If the record has changed since, nothing is confirmed.
    pub expected_version: Option<i32>,
}

/// A register to refuse.
#[derive(Clone, Debug, InputObject)]
pub struct RejectPatientRegisterInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// Why: 1 to 500 characters.
    pub reason: String,
    /// The version that was looked at. If the record has changed since, nothing is refused.
    pub expected_version: Option<i32>,
}

/// A register to judge anew.
#[derive(Clone, Debug, InputObject)]
pub struct ReopenPatientRegisterInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// Why: 1 to 500 characters.
    pub reason: Option<String>,
    /// The version that is meant. If the record has changed since, nothing is changed.
    pub expected_version: Option<i32>,
}

/// Confirms a register for one of the two who have to: once by each makes it validated.
///
/// # Errors
/// `Rejected` when it cannot be confirmed now; `Forbidden` for who does not speak for that one; as any write.
pub async fn validate(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: ValidatePatientRegisterInput,
) -> Result<Row<Entity>> {
    let step = Step { target: target(input.uuid, input.expected_version), what: What::Confirm(input.role.into()) };
    take(scope, cluster, clock, Check::new(["input"]), step, None).await
}

/// Refuses a register.
///
/// # Errors
/// As [`validate`].
pub async fn reject(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: RejectPatientRegisterInput,
) -> Result<Row<Entity>> {
    let mut check = Check::new(["input"]);
    let reason = check.required("reason", Kind::Plain(500), &MaybeUndefined::Value(input.reason));
    let step = Step { target: target(input.uuid, input.expected_version), what: What::Reject };
    take(scope, cluster, clock, check, step, reason.try_as_ref().cloned()).await
}

/// Takes back what was confirmed or refused: the register waits for validation again.
///
/// # Errors
/// As [`validate`].
pub async fn reopen(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: ReopenPatientRegisterInput,
) -> Result<Row<Entity>> {
    let mut check = Check::new(["input"]);
    let reason = check.optional("reason", Kind::Plain(500), &Some(input.reason).into());
    let step = Step { target: target(input.uuid, input.expected_version), what: What::Reopen };
    take(scope, cluster, clock, check, step, reason.try_as_ref().cloned().flatten()).await
}

const fn target(uuid: Uuid, expected_version: Option<i32>) -> Target {
    Target { uuid, expected_version, deleted: Deleted::Excluded }
}

#[derive(Clone, Copy)]
struct Step {
    target: Target,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Confirm(Role),
    Reject,
    Reopen,
}

async fn take(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    check: Check,
    step: Step,
    reason: Option<String>,
) -> Result<Row<Entity>> {
    scope.require(PatientRegisters::WRITE)?;
    let mut retry = Retry::new();
    loop {
        match take_once(scope, cluster, clock, check.clone(), step, reason.clone()).await {
            Err(error) if retry.after(&error).await => {}
            result => return result,
        }
    }
}

async fn take_once(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    mut check: Check,
    step: Step,
    reason: Option<String>,
) -> Result<Row<Entity>> {
    let tx = cluster.write(scope).await?;
    let found = lock::<PatientRegisters>(&tx, scope, &step.target).await?;
    let mut next = None;
    if let Some(present) = &found {
        let role = match speaks_for(scope, &tx, present).await {
            Ok(role) => step.what.permitted(role),
            Err(error) => Err(error),
        };
        let role = match role {
            Ok(role) => role,
            Err(error) => {
                let fields = [Column::Uuid, Column::DoctorId].map(|column| column.as_str());
                ask_of::<PatientRegisters>(&tx, scope, &fields, [(present.uuid, Some(present.institution_id))]);
                tx.rollback().await?;
                return Err(error);
            }
        };
        check.version((present.uuid, present.version), step.target.expected_version, Vec::new);
        next = step.what.leads(present, &mut check).map(|status| (role, status));
    } else {
        check.fault(&["uuid"], FaultCode::NotFound, "there is no such record");
    }
    if next.is_none() || !check.passed() {
        let told = ActiveModel { status: Set(Status::Pending), ..ActiveModel::default() };
        ask_change::<PatientRegisters>(&tx, scope, &step.target, found.as_ref(), &told);
    }
    let (Some(present), Some((role, status)), true) = (found, next, check.passed()) else {
        tx.rollback().await?;
        return Err(Error::Rejected(check.into_faults()));
    };
    tell(scope, &tx, clock, &present, (role, status), reason.clone()).await?;
    let rejection_reason = Set(reason.filter(|_| status == Status::Rejected));
    let changes = ActiveModel { status: Set(status), rejection_reason, ..ActiveModel::default() };
    let model = update::<PatientRegisters>(&tx, present.uuid, changes).await?;
    tx.note(written::<PatientRegisters>(Some(&present), &model));
    tx.commit().await?;
    Ok(Row::of(model))
}

/// Appends the step to the register's history, before it is taken: the database would do so by itself, without knowing for
/// whom the caller speaks.
async fn tell(
    scope: &Scope,
    tx: &Transaction,
    clock: &dyn Clock,
    present: &Model,
    (role, status): (Role, Status),
    reason: Option<String>,
) -> Result<()> {
    let uuid = Uuid::new_v4();
    let now = chrono::SubsecRound::trunc_subsecs(clock.now(), 6);
    let row = patient_validation::ActiveModel {
        uuid: Set(uuid),
        patient_id: Set(present.uuid),
        institution_id: Set(present.institution_id),
        register_version: Set(present.version + 1),
        from_status: Set(present.status),
        to_status: Set(status),
        role: Set(Some(role)),
        actor_id: Set(Some(scope.actor.0)),
        reason: Set(reason),
        created_at: Set(now),
        updated_at: Set(now),
        ..patient_validation::ActiveModel::default()
    };
    patient_validation::Entity::insert(row).exec_without_returning(tx).await?;
    tx.note(Deed {
        version: Some(1),
        institution: Some(present.institution_id),
        patients: vec![present.uuid],
        ..Deed::new(Action::Create, PatientValidations::NAME).on(uuid)
    });
    Ok(())
}

/// For whom the caller speaks about a register; none who speak for nobody. Roles exclude each other, so nobody confirms a
/// register twice over: a doctor never speaks for the institution, and its staff not for a doctor. Who opened the record
/// from elsewhere, patients and programs speak for nobody.
async fn speaks_for(scope: &Scope, tx: &Transaction, register: &Model) -> Result<Option<Role>> {
    if scope.patient.is_some() || scope.grant.is_some() {
        return Ok(None);
    }
    if scope.actor == LOCAL_OPERATOR {
        return Ok(Some(Role::Institution));
    }
    let Some(user) = user::Entity::find_by_id(scope.actor.0).one(tx).await? else { return Ok(None) };
    Ok(match user.kind {
        user::Kind::Doctor => (user.doctor_id == register.doctor_id).then_some(Role::Doctor),
        user::Kind::Staff | user::Kind::Cms => Some(Role::Institution),
        user::Kind::Patient | user::Kind::Service => None,
    })
}

/// What a confirmation makes of a register; nothing of one that cannot be confirmed.
const fn confirmed(status: Status, role: Role) -> Option<Status> {
    match (status, role) {
        (Status::Pending, Role::Doctor) => Some(Status::DoctorValidated),
        (Status::Pending, Role::Institution) => Some(Status::InstitutionValidated),
        (Status::InstitutionValidated, Role::Doctor) | (Status::DoctorValidated, Role::Institution) => {
            Some(Status::Validated)
        }
        _ => None,
    }
}

impl What {
    /// For whom the caller does it.
    fn permitted(self, speaks_for: Option<Role>) -> Result<Role> {
        match (self, speaks_for) {
            (Self::Confirm(Role::Doctor), Some(Role::Institution) | None) => {
                Err(Error::Forbidden("only the patient's own doctor confirms a register as the doctor".to_owned()))
            }
            (Self::Confirm(Role::Institution), Some(Role::Doctor) | None) => {
                Err(Error::Forbidden("only staff of the institution confirm a register for it".to_owned()))
            }
            (_, None) => Err(Error::Forbidden(
                "only the patient's own doctor and staff of the institution judge a register".to_owned(),
            )),
            (_, Some(role)) => Ok(role),
        }
    }

    /// What the register becomes; nothing, and a fault, where that cannot be.
    fn leads(self, present: &Model, check: &mut Check) -> Option<Status> {
        if present.merged_into.is_some() {
            check.fault(&["uuid"], FaultCode::InvalidState, MERGED);
            return None;
        }
        let (next, path, message) = match self {
            Self::Confirm(role) => match (present.status, confirmed(present.status, role)) {
                (_, Some(next)) => (Some(next), "uuid", ""),
                (Status::Incomplete, _) => (None, "uuid", "the register is incomplete"),
                (Status::Rejected, _) => (None, "uuid", "the register was refused: reopen it first"),
                (Status::Validated, _) => (None, "uuid", "the register is validated already"),
                _ => (None, "as", "the register was confirmed in this role already"),
            },
            Self::Reject => match present.status {
                Status::Incomplete => (None, "uuid", "the register is incomplete"),
                Status::Rejected => (None, "uuid", "the register was refused already"),
                _ => (Some(Status::Rejected), "uuid", ""),
            },
            Self::Reopen => match present.status {
                Status::Incomplete | Status::Pending => {
                    (None, "uuid", "the register was neither confirmed nor refused")
                }
                _ => (Some(Status::Pending), "uuid", ""),
            },
        };
        if next.is_none() {
            check.fault(&[path], FaultCode::InvalidState, message);
        }
        next
    }
}
