use async_graphql::{InputObject, MaybeUndefined};
use entity::user::{ActiveModel, Entity};
use sea_orm::ActiveValue::Set;
use serde::Serialize;
use uuid::Uuid;

use super::rules::{NO_INSTITUTION, check_pair};
use super::{UserKind, Users};
use crate::clock::Clock;
use crate::database::Cluster;
use crate::error::{Error, FaultCode, Result};
use crate::records::aggregate::{Aggregate as _, New, Target, change, create as create_all};
use crate::records::check::{Check, Kind, optional_reference};
use crate::records::idempotency::Key;
use crate::records::{Deleted, Row};
use crate::scope::{Actor, Boundary, LOCAL_OPERATOR, NOBODY, SERVER, Scope};

/// A user to create. They sign in first with a one-time token, which `createOneTimeToken` makes.
#[derive(Clone, Debug, InputObject, Serialize)]
pub struct CreateUserInput {
    /// UUID of the new record, of any version but 5; made by the server when left out.
    pub uuid: Option<Uuid>,
    /// What the user is.
    pub kind: UserKind,
    /// Name that the user signs in by, such as an email address: 1 to 254 letters, digits and signs of ASCII, whatever the case,
    /// the width and the composition (RFC 8265, `UsernameCaseMapped`); no two users have the same.
    pub username: String,
    /// What people call the user: 1 to 100 characters.
    pub display_name: Option<String>,
    /// Key of the user's role. It may do no more than the caller may, but for what treating patients takes: reading and
    /// changing registers, clinical fields, the directory, and opening records in an emergency.
    pub role_id: Uuid,
    /// Key of the only institution whose records the user may touch. Left out, that is the caller's own, or for callers
    /// who may act in all institutions all of them. Not for patients.
    pub institution_id: Option<Uuid>,
    /// Key of the patient's register, for a patient.
    pub patient_id: Option<Uuid>,
    /// Key of the doctor, for a doctor.
    pub doctor_id: Option<Uuid>,
    /// The OpenID provider that knows the user too: the `iss` of its tokens, 1 to 255 characters; with `externalSubject`.
    pub external_issuer: Option<String>,
    /// What that provider calls the user: the `sub` of its tokens, 1 to 255 characters. By these two a user is known, and
    /// never by a name or an email address that the provider tells.
    pub external_subject: Option<String>,
    /// A text of the client's making, at most 200 characters. Sending the same key with the same input again, within 24
    /// hours, returns the first result instead of creating twice.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// A user to change. What is left out stays as it is; null means unknown. When role, institution, activity or
/// what a provider calls the user change, the user's sessions end.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateUserInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that the changes are meant for. If the record has changed since, nothing is written.
    pub expected_version: Option<i32>,
    /// What people call the user: 1 to 100 characters.
    pub display_name: MaybeUndefined<String>,
    /// Key of the user's role. It may do no more than the caller may, but for what treating patients takes. Nobody changes
    /// their own.
    pub role_id: MaybeUndefined<Uuid>,
    /// Key of the only institution whose records the user may touch; null for all. Nobody changes their own.
    pub institution_id: MaybeUndefined<Uuid>,
    /// The OpenID provider that knows the user too: the `iss` of its tokens; with `externalSubject`.
    pub external_issuer: MaybeUndefined<String>,
    /// What that provider calls the user: the `sub` of its tokens.
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
    let name = name(&mut check, &input.username);
    let row = ActiveModel {
        uuid: Set(uuid),
        kind: Set(input.kind.into()),
        username: check.required("username", Kind::Plain(254), &name),
        display_name: check.optional("displayName", Kind::Name(100), &Some(input.display_name).into()),
        role_id: Set(input.role_id),
        institution_id: Set(institution),
        patient_id: Set(input.patient_id),
        doctor_id: Set(input.doctor_id),
        external_issuer: check.optional("externalIssuer", Kind::Plain(255), &Some(input.external_issuer).into()),
        external_subject: check.optional("externalSubject", Kind::Plain(255), &Some(input.external_subject).into()),
        ..ActiveModel::default()
    };
    check_pair(&mut check, &row, None);
    let new = New::<Users> { check, uuid, row };
    let mut rows = create_all(scope, cluster, clock.now(), vec![new], key).await?;
    rows.pop().ok_or_else(|| Error::internal("a record was created and not returned"))
}

/// The name as it is kept.
fn name(check: &mut Check, given: &str) -> MaybeUndefined<String> {
    let normal = entity::user::normal_name(given);
    let is_plain = |name: &str| !name.trim().is_empty() && !name.chars().any(char::is_control);
    if normal.is_none() && is_plain(given) {
        let message = "has letters, digits and the signs of ASCII, in one direction of writing, and single spaces";
        check.fault(&["username"], FaultCode::InvalidFormat, message);
    }
    MaybeUndefined::Value(normal.unwrap_or_else(|| given.to_lowercase()))
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
        display_name: check.optional("displayName", Kind::Name(100), &input.display_name),
        role_id: check.reference("roleId", &input.role_id),
        institution_id: optional_reference(&input.institution_id),
        external_issuer: check.optional("externalIssuer", Kind::Plain(255), &input.external_issuer),
        external_subject: check.optional("externalSubject", Kind::Plain(255), &input.external_subject),
        is_active: input.is_active.map_or(sea_orm::ActiveValue::NotSet, Set),
        ..ActiveModel::default()
    };
    let target = Target { uuid: input.uuid, expected_version: input.expected_version, deleted: Deleted::Excluded };
    change::<Users>(scope, cluster, check, target, changes).await
}
