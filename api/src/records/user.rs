//! Users: who may sign in, as whom, and what for. What proves who they are is kept elsewhere.

use async_graphql::{Enum, InputObject, MaybeUndefined};
use entity::user::{self, ActiveModel, Column, Entity, Model};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{ArrayType, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Value};
use serde::Serialize;
use uuid::Uuid;

use crate::choice_filter;
use crate::clock::Clock;
use crate::criteria;
use crate::criteria::{
    Bind, BooleanFilter, Bounded, DateTimeFilter, Direction, IntFilter, Term, TextFilter, UuidFilter,
};
use crate::database::{Cluster, Transaction};
use crate::error::{Error, FaultCode, Result};
use crate::scope::{Actor, Boundary, LOCAL_OPERATOR, NOBODY, Permission, SERVER, Scope};

use super::aggregate::{Aggregate, New, Target, change, create as create_all, exists};
use super::check::{Check, Kind, optional_reference};
use super::doctor::Doctors;
use super::idempotency::Key;
use super::medical_institution::MedicalInstitutions;
use super::patient_register::PatientRegisters;
use super::role::{keeps_an_administrator, permissions_of};
use super::{Collection, Deleted, Row};

/// Why a patient has no institution.
const NO_INSTITUTION: &str = "a patient sees the own record, wherever that belongs";

/// What a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize)]
#[graphql(remote = "user::Kind")]
pub enum UserKind {
    /// A patient, who sees the own record.
    Patient,
    /// A doctor.
    Doctor,
    /// Staff of an institution.
    Staff,
    /// Whoever keeps the system and its directory.
    Cms,
    /// A program.
    Service,
}

impl Bind for UserKind {
    const ARRAY: ArrayType = ArrayType::String;

    fn bind(&self) -> Result<Value> {
        Ok(Value::from(user::Kind::from(*self)))
    }
}

choice_filter! {
    /// Conditions on what a user is.
    UserKindFilter for UserKind
}

criteria! {
    /// Users.
    Users: UserFilter, UserOrder, UserOrderField on user {
        /// The record's own key.
        uuid: UuidFilter => Uuid;
        /// What the user is.
        kind: UserKindFilter => Kind;
        /// What the user signs in by.
        username: TextFilter => Username;
        /// What people call the user.
        display_name: TextFilter => DisplayName;
        /// Key of the user's role.
        role_id: UuidFilter => RoleId;
        /// Key of the only institution whose records the user may touch.
        institution_id: UuidFilter => InstitutionId;
        /// Whether the user may sign in.
        is_active: BooleanFilter => IsActive;
        /// How often the record has changed, counting from 1.
        version: IntFilter => Version;
        /// When the record was created.
        created_at: DateTimeFilter => CreatedAt;
        /// When the record last changed.
        updated_at: DateTimeFilter => UpdatedAt;
    }
}

impl Bounded for Users {
    fn institution() -> Option<Column> {
        Some(Column::InstitutionId)
    }

    /// Patients who sign in belong where their registers do.
    fn within(scope: &Scope) -> Condition {
        let mut condition = Condition::all();
        if let Boundary::One(institution) = scope.boundary {
            let patients = Query::select()
                .column(entity::patient_register::Column::Uuid)
                .from(entity::patient_register::Entity)
                .and_where(entity::patient_register::Column::InstitutionId.eq(institution.0))
                .to_owned();
            let own = Condition::any().add(Column::InstitutionId.eq(institution.0));
            condition = condition.add(own.add(Column::PatientId.in_subquery(patients)));
        }
        if let Some(patient) = scope.patient {
            condition = condition.add(Column::PatientId.eq(patient));
        }
        condition
    }

    fn patient() -> Option<Column> {
        Some(Column::PatientId)
    }
}

impl Collection for Users {
    const NAME: &'static str = "User";

    const READ: Permission = Permission::ManageUsers;

    fn key() -> Column {
        Column::Uuid
    }

    fn default_order() -> Term<Column> {
        Term { column: Column::Username, direction: Direction::Asc }
    }
}

/// A user to create. They sign in first with a one-time token, which `createOneTimeToken` makes.
#[derive(Clone, Debug, InputObject, Serialize)]
pub struct CreateUserInput {
    /// The record's own key; made by the server when left out.
    pub uuid: Option<Uuid>,
    /// What the user is.
    pub kind: UserKind,
    /// What the user signs in by, such as an email address: 1 to 254 characters, whatever the case; no two users have
    /// the same.
    pub username: String,
    /// What people call the user: 1 to 100 characters.
    pub display_name: Option<String>,
    /// Key of the user's role, which may do no more than the caller may.
    pub role_id: Uuid,
    /// Key of the only institution whose records the user may touch. Left out, that is the caller's own, or for callers
    /// who may act in all institutions all of them. Not for patients.
    pub institution_id: Option<Uuid>,
    /// Key of the patient's register, for a patient.
    pub patient_id: Option<Uuid>,
    /// Key of the doctor, for a doctor.
    pub doctor_id: Option<Uuid>,
    /// What the configured OpenID provider calls the user: 1 to 255 characters.
    pub external_subject: Option<String>,
    /// A text of the client's making, at most 200 characters. Sending the same key with the same input again, within 24
    /// hours, returns the first result instead of creating twice.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// A user to change. What is left out stays as it is; null means unknown. When role, institution or activity change, the
/// user's sessions end.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateUserInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that the changes are meant for. If the record has changed since, nothing is written.
    pub expected_version: Option<i32>,
    /// What people call the user: 1 to 100 characters.
    pub display_name: MaybeUndefined<String>,
    /// Key of the user's role, which may do no more than the caller may.
    pub role_id: MaybeUndefined<Uuid>,
    /// Key of the only institution whose records the user may touch; null for all.
    pub institution_id: MaybeUndefined<Uuid>,
    /// What the configured OpenID provider calls the user: 1 to 255 characters.
    pub external_subject: MaybeUndefined<String>,
    /// Whether the user may sign in.
    pub is_active: Option<bool>,
}

/// Creates a user.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn create(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: CreateUserInput,
) -> Result<Row<Entity>> {
    scope.require(Users::WRITE)?;
    let key = Key::new("createUser", input.idempotency_key.as_deref(), &input)?;
    let mut check = Check::new(["input"]);
    check_reference(&mut check, &input);
    let uuid = input.uuid.unwrap_or_else(Uuid::new_v4);
    if [NOBODY, LOCAL_OPERATOR, SERVER].contains(&Actor(uuid)) {
        check.fault(&["uuid"], FaultCode::NotUnique, "this key stands for the server's own");
    }
    let institution = match scope.boundary {
        Boundary::One(own) if input.kind != UserKind::Patient => input.institution_id.or(Some(own.0)),
        _ => input.institution_id,
    };
    let name = MaybeUndefined::Value(input.username.to_lowercase());
    let row = ActiveModel {
        uuid: Set(uuid),
        kind: Set(input.kind.into()),
        username: check.required("username", Kind::Plain(254), &name),
        display_name: check.optional("displayName", Kind::Plain(100), &Some(input.display_name).into()),
        role_id: Set(input.role_id),
        institution_id: Set(institution),
        patient_id: Set(input.patient_id),
        doctor_id: Set(input.doctor_id),
        external_subject: check.optional("externalSubject", Kind::Plain(255), &Some(input.external_subject).into()),
        ..ActiveModel::default()
    };
    let new = New::<Users> { check, uuid, row };
    let mut rows = create_all(scope, cluster, clock.now(), vec![new], key).await?;
    rows.pop().ok_or_else(|| Error::internal("a record was created and not returned"))
}

/// A user is a patient or a doctor exactly when it says which.
fn check_reference(check: &mut Check, input: &CreateUserInput) {
    for (field, key, kind, what) in [
        ("patientId", input.patient_id, UserKind::Patient, "a patient"),
        ("doctorId", input.doctor_id, UserKind::Doctor, "a doctor"),
    ] {
        match (key, input.kind == kind) {
            (None, true) => check.fault(&[field], FaultCode::Required, format!("say which, for {what}")),
            (Some(_), false) => {
                check.fault(&[field], FaultCode::InvalidState, format!("is only for a user who is {what}"));
            }
            _ => {}
        }
    }
    if input.kind == UserKind::Patient && input.institution_id.is_some() {
        check.fault(&["institutionId"], FaultCode::InvalidState, NO_INSTITUTION);
    }
}

/// Changes a user.
///
/// # Errors
/// `Rejected` with every broken rule, or when nobody could administer the server any more; `Forbidden`; as any write.
pub async fn update(scope: &Scope, cluster: &Cluster, input: UpdateUserInput) -> Result<Row<Entity>> {
    scope.require(Users::WRITE)?;
    let mut check = Check::new(["input"]);
    let changes = ActiveModel {
        display_name: check.optional("displayName", Kind::Plain(100), &input.display_name),
        role_id: check.reference("roleId", &input.role_id),
        institution_id: optional_reference(&input.institution_id),
        external_subject: check.optional("externalSubject", Kind::Plain(255), &input.external_subject),
        is_active: input.is_active.map_or(sea_orm::ActiveValue::NotSet, Set),
        ..ActiveModel::default()
    };
    let target = Target { uuid: input.uuid, expected_version: input.expected_version, deleted: Deleted::Excluded };
    change::<Users>(scope, cluster, check, target, changes).await
}

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

    async fn check_others(
        row: &ActiveModel,
        own: Uuid,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> Result<()> {
        let present = Entity::find_by_id(own).one(tx).await?;
        let is_patient = present.as_ref().is_some_and(|user| user.kind == user::Kind::Patient);
        if is_patient && matches!(row.institution_id.try_as_ref(), Some(Some(_))) {
            check.fault(&["institutionId"], FaultCode::InvalidState, NO_INSTITUTION);
        }
        check_role(row, present.as_ref(), check, scope, tx).await?;
        check_keys(row, check, scope, tx).await?;
        for (field, column, text) in [
            ("username", Column::Username, row.username.try_as_ref().cloned()),
            ("externalSubject", Column::ExternalSubject, row.external_subject.try_as_ref().cloned().flatten()),
        ] {
            // PostgreSQL does not even compare with a text that has a NUL in it.
            let Some(text) = text.filter(|text| !text.chars().any(char::is_control)) else { continue };
            if Entity::find().filter(column.eq(text)).filter(Column::Uuid.ne(own)).one(tx).await?.is_some() {
                check.fault(&[field], FaultCode::NotUnique, "another user has this");
            }
        }
        Ok(())
    }
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
    for role in present.iter().map(|user| user.role_id).chain(given) {
        if entity::role::Entity::find_by_id(role).one(tx).await?.is_none() {
            check.fault(&["roleId"], FaultCode::ReferenceMissing, "there is no such role");
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
