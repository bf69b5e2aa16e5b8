use async_graphql::{InputObject, MaybeUndefined};
use entity::role::{ActiveModel, Column, Entity};
use entity::{permission, role_permission};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use super::administrator::{ADMINISTRATIVE, keeps_an_administrator};
use super::allowed::permissions_of;
use super::{Conditions, Roles};
use crate::clock::Clock;
use crate::database::{Cluster, Transaction};
use crate::deed::{Action, Deed};
use crate::error::{Error, FaultCode, FaultParams, Result};
use crate::records::Row;
use crate::records::aggregate::differing;
use crate::records::check::{Check, Kind};
use crate::scope::{Boundary, Permission, Permissions, Scope};

/// Characters of a role's name at most.
const MAX_NAME: usize = 50;
/// Characters of a description at most.
const MAX_DESCRIPTION: usize = 200;

/// A permission: an action on a resource.
#[derive(Clone, Debug, InputObject)]
pub struct PermissionInput {
    /// What is acted on, such as `PatientRegister`.
    pub resource: String,
    /// What is done with it, such as `read`.
    pub action: String,
}

/// A role to create.
#[derive(Clone, Debug, InputObject)]
pub struct CreateRoleInput {
    /// Name: 1 to 50 small letters, digits and `_`, beginning with a letter; no two roles have the same.
    pub name: String,
    /// What the role is for: 1 to 200 characters.
    pub description: Option<String>,
    /// What the role may do: no more than the caller may.
    pub permissions: Vec<PermissionInput>,
    /// When, from where and with what the role may be used.
    pub conditions: Option<Conditions>,
}

/// A role to change. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateRoleInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that the changes are meant for. If the record has changed since, nothing is written.
    pub expected_version: Option<i32>,
    /// What the role is for: 1 to 200 characters.
    pub description: MaybeUndefined<String>,
    /// What the role may do from now on: no more than the caller may.
    pub permissions: Option<Vec<PermissionInput>>,
    /// When, from where and with what the role may be used from now on.
    pub conditions: Option<Conditions>,
}

/// Creates a role.
///
/// # Errors
/// `Rejected` with every broken rule; `Forbidden`; as any write.
pub async fn create(scope: &Scope, cluster: &Cluster, input: CreateRoleInput) -> Result<Row<Entity>> {
    require(scope)?;
    let mut check = Check::new(["input"]);
    check_name(&mut check, &input.name);
    let row = ActiveModel {
        uuid: Set(Uuid::new_v4()),
        name: Set(input.name.clone()),
        description: check.optional("description", Kind::Plain(MAX_DESCRIPTION), &Some(input.description).into()),
        conditions: Set(text_of(&mut check, &input.conditions.unwrap_or_default())?),
        ..Default::default()
    };
    let wanted = named(&mut check, scope, &input.permissions);
    let uuid = *row.uuid.as_ref();
    let tx = cluster.write(scope).await?;
    if check.passed() && Entity::find().filter(Column::Name.eq(input.name)).one(&tx).await?.is_some() {
        check.fault(&["name"], FaultCode::NotUnique, "another role has this name");
    }
    if !check.passed() {
        tx.rollback().await?;
        return Err(Error::Rejected(check.into_faults()));
    }
    Entity::insert(row).exec_without_returning(&tx).await?;
    allow(&tx, uuid, wanted).await?;
    finish(tx, uuid, Action::Create).await
}

/// Changes a role. Whoever is signed in has the new permissions within seconds.
///
/// # Errors
/// `Rejected` with every broken rule, or when nobody could administer the server any more; `Forbidden`; as any write.
pub async fn update(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    input: UpdateRoleInput,
) -> Result<Row<Entity>> {
    require(scope)?;
    let mut check = Check::new(["input"]);
    let mut changes = ActiveModel {
        description: check.optional("description", Kind::Plain(MAX_DESCRIPTION), &input.description),
        ..Default::default()
    };
    if let Some(conditions) = &input.conditions {
        changes.conditions = Set(text_of(&mut check, conditions)?);
    }
    let wanted = input.permissions.as_deref().map(|wanted| named(&mut check, scope, wanted));
    let tx = cluster.write(scope).await?;
    // Locks all roles, in the order in which everybody does.
    let had_administrator = keeps_an_administrator(&tx, None).await?;
    let allowed = permissions_of(&tx, input.uuid).await?;
    match Entity::find_by_id(input.uuid).one(&tx).await? {
        Some(present) => {
            let differing = || {
                let granted = wanted.filter(|wanted| *wanted != allowed).map(|_| "permissions".to_owned());
                differing::<Roles>(scope, &present, &changes).into_iter().chain(granted).collect()
            };
            check.version((input.uuid, present.version), input.expected_version, differing);
        }
        None => check.fault(&["uuid"], FaultCode::NotFound, "there is no such role"),
    }
    if !scope.permissions.include(allowed) {
        check.fault(&["uuid"], FaultCode::InvalidState, "this role may do more than you may");
    }
    if !check.passed() {
        tx.rollback().await?;
        return Err(Error::Rejected(check.into_faults()));
    }
    if let Some(wanted) = wanted
        && allowed != wanted
    {
        role_permission::Entity::delete_many().filter(role_permission::Column::RoleId.eq(input.uuid)).exec(&tx).await?;
        allow(&tx, input.uuid, wanted).await?;
        changes.permissions_changed_at = Set(clock.now());
    }
    if changes.is_changed() {
        Entity::update_many().set(changes).filter(Column::Uuid.eq(input.uuid)).exec(&tx).await?;
    }
    if had_administrator && !keeps_an_administrator(&tx, None).await? {
        tx.rollback().await?;
        let field =
            if wanted.is_some_and(|wanted| !wanted.include(ADMINISTRATIVE)) { "permissions" } else { "conditions" };
        let message = "nobody could manage users and roles any more, at any time and from anywhere";
        return Err(Error::rejected(FaultCode::InvalidState, &["input", field], message));
    }
    finish(tx, input.uuid, Action::Update).await
}

/// Roles are everybody's: whoever is bound to one institution does not change them.
fn require(scope: &Scope) -> Result<()> {
    scope.require(Permission::ManageRoles)?;
    if scope.boundary == Boundary::All {
        return Ok(());
    }
    Err(Error::Forbidden(
        "roles are shared by all institutions: only who may act in all of them changes them".to_owned(),
    ))
}

async fn finish(tx: Transaction, uuid: Uuid, action: Action) -> Result<Row<Entity>> {
    let written = Entity::find_by_id(uuid).one(&tx).await?;
    let written = written.ok_or_else(|| Error::internal("a role that was just written vanished"))?;
    tx.note(Deed { version: Some(written.version), ..Deed::new(action, "Role").on(uuid) });
    tx.commit().await?;
    Ok(Row::of(written))
}

/// Names of roles, as a regular expression (ECMA-262).
const NAME: &str = "^[a-z][a-z0-9_]*$";

fn check_name(check: &mut Check, name: &str) {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(is_plain) {
        let message = "has small letters, digits and _ only, and begins with a letter";
        check.fault_with(&["name"], FaultCode::InvalidFormat, message, FaultParams::matching(NAME));
    } else if name.len() > MAX_NAME {
        let message = format!("must have at most {MAX_NAME} characters");
        check.fault_with(&["name"], FaultCode::TooLong, message, FaultParams::at_most(MAX_NAME));
    }
}

fn text_of(check: &mut Check, conditions: &Conditions) -> Result<String> {
    for fault in conditions.faults(&["conditions"]) {
        let path: Vec<&str> = fault.path.iter().map(String::as_str).collect();
        check.fault_with(&path, fault.code, fault.message.clone(), fault.params.clone());
    }
    serde_json::to_string(conditions).map_err(Error::internal)
}

/// The permissions that an input names, no more than the caller has.
fn named(check: &mut Check, scope: &Scope, inputs: &[PermissionInput]) -> Permissions {
    let mut wanted = Permissions::NONE;
    for (index, input) in inputs.iter().enumerate() {
        let index = index.to_string();
        match Permission::named(&input.resource, &input.action) {
            None => check.fault(&["permissions", &index], FaultCode::NotFound, "there is no such permission"),
            Some(permission) if !scope.permissions.contain(permission) => {
                let message = "you cannot give a permission that you do not have";
                check.fault(&["permissions", &index], FaultCode::InvalidState, message);
            }
            Some(permission) => wanted = wanted.with(permission),
        }
    }
    wanted
}

async fn allow(tx: &Transaction, role: Uuid, wanted: Permissions) -> Result<()> {
    let known = permission::Entity::find().all(tx).await?;
    let is_wanted = |row: &permission::Model| {
        Permission::named(&row.resource, &row.action).is_some_and(|permission| wanted.contain(permission))
    };
    let rows: Vec<_> = known
        .into_iter()
        .filter(is_wanted)
        .map(|row| role_permission::ActiveModel { role_id: Set(role), permission_id: Set(row.uuid) })
        .collect();
    if !rows.is_empty() {
        role_permission::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}
