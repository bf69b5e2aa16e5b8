use std::collections::HashMap;

use entity::{permission, role_permission};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::Roles;
use crate::database::{Reader, Transaction};
use crate::error::Result;
use crate::records::Collection as _;
use crate::scope::{Permission, Permissions, Scope};

/// What the roles with these keys may do, those that may do nothing left out.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn allowed(scope: &Scope, reader: &Reader, roles: &[Uuid]) -> Result<HashMap<Uuid, Permissions>> {
    Roles::permit(scope)?;
    if roles.is_empty() {
        return Ok(HashMap::new());
    }
    read(reader, roles).await
}

/// What a role may do.
pub(in crate::records) async fn permissions_of(tx: &Transaction, role: Uuid) -> Result<Permissions> {
    Ok(read(tx, &[role]).await?.remove(&role).unwrap_or(Permissions::NONE))
}

async fn read(database: &impl ConnectionTrait, roles: &[Uuid]) -> Result<HashMap<Uuid, Permissions>> {
    let among = match database.get_database_backend() {
        DbBackend::Postgres => role_permission::Column::RoleId.eq_any(roles.to_vec()),
        _ => role_permission::Column::RoleId.is_in(roles.iter().copied()),
    };
    let permissions = role_permission::Entity::belongs_to(permission::Entity)
        .from(role_permission::Column::PermissionId)
        .to(permission::Column::Uuid);
    let rows = role_permission::Entity::find()
        .select_only()
        .column(role_permission::Column::RoleId)
        .column(permission::Column::Resource)
        .column(permission::Column::Action)
        .join(JoinType::InnerJoin, permissions.into())
        .filter(among)
        .into_tuple::<(Uuid, String, String)>()
        .all(database)
        .await?;
    let mut allowed: HashMap<Uuid, Permissions> = HashMap::new();
    for (role, resource, action) in rows {
        if let Some(permission) = Permission::named(&resource, &action) {
            let held = allowed.entry(role).or_insert(Permissions::NONE);
            *held = held.with(permission);
        }
    }
    Ok(allowed)
}
