use entity::user::{self, ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::Users;
use crate::criteria::Bounded as _;
use crate::database::Transaction;
use crate::error::{FaultCode, Result};
use crate::records::aggregate::{Aggregate, exists};
use crate::records::check::Check;
use crate::records::collection::{Deleted, visible};
use crate::records::disclosure::ask_of;
use crate::records::doctor::Doctors;
use crate::records::medical_institution::MedicalInstitutions;
use crate::records::patient_register::PatientRegisters;
use crate::records::role::{keeps_an_administrator, permissions_of};
use crate::scope::{Boundary, PATIENT, Permission, Scope};

/// Why a patient has no institution.
pub(super) const NO_INSTITUTION: &str = "a patient sees the own record, wherever that belongs";

impl Aggregate for Users {
    const WRITE: Permission = Permission::ManageUsers;

    /// What somebody may do is never left to the database's constraints alone.
    const ALWAYS_CHECKED: bool = true;

    fn uuid(model: &Model) -> Uuid {
        model.uuid
    }

    fn version(model: &Model) -> i32 {
        model.version
    }

    fn complete(present: &Model, changes: &mut ActiveModel, check: &mut Check) {
        check_pair(check, changes, Some(present));
    }

    async fn check_others(
        row: &ActiveModel,
        own: Uuid,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> Result<()> {
        // Of a user beyond the boundary nothing is told, not even by a fault.
        let own_row = Entity::find_by_id(own).filter(visible::<Users>(scope, Deleted::Excluded));
        let present = own_row.one(tx).await?;
        let is_patient = present.as_ref().is_some_and(|user| user.kind == user::Kind::Patient);
        if is_patient && matches!(row.institution_id.try_as_ref(), Some(Some(_))) {
            check.fault(&["institutionId"], FaultCode::InvalidState, NO_INSTITUTION);
        }
        if !raises_itself(row, present.as_ref(), check, scope) {
            check_role(row, present.as_ref(), check, scope, tx).await?;
            check_keys(row, check, scope, tx).await?;
        }
        check_names(row, present.as_ref(), own, check, scope, tx).await
    }
}

/// Somebody else decides what one may do, and where.
fn raises_itself(row: &ActiveModel, present: Option<&Model>, check: &mut Check, scope: &Scope) -> bool {
    let Some(present) = present.filter(|user| user.uuid == scope.actor.0) else { return false };
    let message = "nobody changes this of their own: another user who manages users does";
    let has_role = row.role_id.try_as_ref().is_none_or(|role| *role == present.role_id);
    let is_there = row.institution_id.try_as_ref().is_none_or(|institution| *institution == present.institution_id);
    for (field, is_same) in [("roleId", has_role), ("institutionId", is_there)] {
        if !is_same {
            check.fault(&[field], FaultCode::InvalidState, message);
        }
    }
    !has_role || !is_there
}

/// What users are known by is nobody else's, as far as the caller sees.
async fn check_names(
    row: &ActiveModel,
    present: Option<&Model>,
    own: Uuid,
    check: &mut Check,
    scope: &Scope,
    tx: &Transaction,
) -> Result<()> {
    // Of users beyond the boundary nothing is told here: their names are refused by the database when it comes to that.
    let others = || Entity::find().filter(Users::within(scope)).filter(Column::Uuid.ne(own));
    // PostgreSQL does not even compare with a text that has a NUL in it.
    let plain = |text: &String| !text.chars().any(char::is_control);
    if let Some(name) = row.username.try_as_ref().filter(|name| plain(name))
        && let Some(other) = others().filter(Column::Username.eq(name)).one(tx).await?
    {
        ask_of::<Users>(tx, scope, &["username"], other.patient_id.map(|patient| (patient, None)));
        check.fault(&["username"], FaultCode::NotUnique, "another user has this");
    }
    let (Some(issuer), Some(subject)) = outside(row, present) else { return Ok(()) };
    if plain(&issuer) && plain(&subject) {
        let same = Column::ExternalIssuer.eq(issuer).and(Column::ExternalSubject.eq(subject));
        if let Some(other) = others().filter(same).one(tx).await? {
            let fields = ["external_issuer", "external_subject"];
            ask_of::<Users>(tx, scope, &fields, other.patient_id.map(|patient| (patient, None)));
            check.fault(&["externalSubject"], FaultCode::NotUnique, "another user has this");
        }
    }
    Ok(())
}

/// The issuer and the subject that a user will have.
fn outside(row: &ActiveModel, present: Option<&Model>) -> (Option<String>, Option<String>) {
    let issuer = row.external_issuer.try_as_ref().cloned();
    let subject = row.external_subject.try_as_ref().cloned();
    (
        issuer.unwrap_or_else(|| present.and_then(|user| user.external_issuer.clone())),
        subject.unwrap_or_else(|| present.and_then(|user| user.external_subject.clone())),
    )
}

/// A subject is somebody only together with who calls them so.
pub(super) fn check_pair(check: &mut Check, row: &ActiveModel, present: Option<&Model>) {
    let missing = match outside(row, present) {
        (None, Some(_)) => "externalIssuer",
        (Some(_), None) => "externalSubject",
        _ => return,
    };
    check.fault(&[missing], FaultCode::Required, "externalIssuer and externalSubject are given together");
}

/// Nobody gives or manages more than they have, and somebody can always administer.
async fn check_role(
    row: &ActiveModel,
    present: Option<&Model>,
    check: &mut Check,
    scope: &Scope,
    tx: &Transaction,
) -> Result<()> {
    let given = row.role_id.try_as_ref().copied();
    let kind = row.kind.try_as_ref().copied().or(present.map(|user| user.kind));
    for role in present.iter().map(|user| user.role_id).chain(given) {
        let Some(found) = entity::role::Entity::find_by_id(role).one(tx).await? else {
            check.fault(&["roleId"], FaultCode::ReferenceMissing, "there is no such role");
            continue;
        };
        if given == Some(role) && found.name == PATIENT && kind != Some(user::Kind::Patient) {
            let message = "this role is for patients, each of whom sees the own record";
            check.fault(&["roleId"], FaultCode::InvalidState, message);
        } else if !scope.permissions.include(permissions_of(tx, role).await?.administrative()) {
            let message = "this role may do more than you may";
            check.fault(&["roleId"], FaultCode::InvalidState, message);
        }
    }
    let institution = row.institution_id.try_as_ref();
    let is_restricted = row.is_active.try_as_ref() == Some(&false)
        || institution.is_some_and(Option::is_some)
        || given.is_some_and(|role| present.is_some_and(|user| user.role_id != role));
    if let Some(user) = present
        && is_restricted
        && keeps_an_administrator(tx, None).await?
        && !keeps_an_administrator(tx, Some(user.uuid)).await?
    {
        let message = "this is the last user who can manage users and roles";
        check.fault(&["uuid"], FaultCode::InvalidState, message);
    }
    Ok(())
}

/// What the user refers to is within the caller's boundary.
async fn check_keys(row: &ActiveModel, check: &mut Check, scope: &Scope, tx: &Transaction) -> Result<()> {
    let missing =
        |check: &mut Check, field| check.fault(&[field], FaultCode::ReferenceMissing, "there is no such record");
    match row.institution_id.try_as_ref() {
        Some(Some(key)) => {
            let condition = entity::medical_institution::Column::Uuid.eq(*key);
            if !exists::<MedicalInstitutions>(tx, scope, condition).await? {
                missing(check, "institutionId");
            }
        }
        Some(None) if scope.boundary != Boundary::All && row.patient_id.try_as_ref().is_none_or(Option::is_none) => {
            check.fault(&["institutionId"], FaultCode::InvalidState, "only your own institution is yours to give");
        }
        _ => {}
    }
    if let Some(Some(key)) = row.patient_id.try_as_ref() {
        let condition = entity::patient_register::Column::Uuid.eq(*key);
        if !exists::<PatientRegisters>(tx, scope, condition).await? {
            missing(check, "patientId");
        } else if taken(tx, Column::PatientId, *key).await? {
            check.fault(&["patientId"], FaultCode::NotUnique, "this patient is a user already");
        }
    }
    if let Some(Some(key)) = row.doctor_id.try_as_ref() {
        let condition = entity::doctor::Column::Uuid.eq(*key);
        if !exists::<Doctors>(tx, scope, condition).await? {
            missing(check, "doctorId");
        } else if taken(tx, Column::DoctorId, *key).await? {
            check.fault(&["doctorId"], FaultCode::NotUnique, "this doctor is a user already");
        }
    }
    Ok(())
}

/// References of users are set once, when the user is made.
async fn taken(tx: &Transaction, column: Column, key: Uuid) -> Result<bool> {
    Ok(Entity::find().filter(column.eq(key)).one(tx).await?.is_some())
}
