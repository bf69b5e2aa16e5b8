use entity::role::{Column, Entity};
use entity::user;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::Rules;
use super::allowed::permissions_of;
use crate::database::Transaction;
use crate::error::Result;
use crate::scope::{Permission, Permissions};

/// What an administrator may do at least: with it, everything else can be given.
pub(super) const ADMINISTRATIVE: Permissions =
    Permissions::NONE.with(Permission::ManageUsers).with(Permission::ManageRoles);

/// Whether a role with these permissions and conditions makes administrators, at any time and from anywhere.
#[must_use]
pub fn administers(permissions: Permissions, conditions: Option<&Rules>) -> bool {
    permissions.include(ADMINISTRATIVE) && conditions.is_some_and(Rules::are_none)
}

/// The administrators: active users with one of these roles, in all institutions.
pub fn administrators(roles: impl IntoIterator<Item = Uuid>) -> Condition {
    Condition::all()
        .add(user::Column::IsActive.eq(true))
        .add(user::Column::InstitutionId.is_null())
        .add(user::Column::PatientId.is_null())
        .add(user::Column::RoleId.is_in(roles))
}

/// Whether there is an administrator, `but` for one user. The roles are locked, so that no two changes that each leave the
/// other's administrator can happen at once.
pub(in crate::records) async fn keeps_an_administrator(tx: &Transaction, but: Option<Uuid>) -> Result<bool> {
    let roles = Entity::find().order_by_asc(Column::Uuid).lock_exclusive().all(tx).await?;
    let mut administering = Vec::new();
    for role in roles {
        if administers(permissions_of(tx, role.uuid).await?, Rules::read(&role.conditions).as_ref()) {
            administering.push(role.uuid);
        }
    }
    let mut users = user::Entity::find().filter(administrators(administering));
    if let Some(uuid) = but {
        users = users.filter(user::Column::Uuid.ne(uuid));
    }
    Ok(users.count(tx).await? > 0)
}
