use entity::{signing_key, user};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use crate::database::{Cluster, Consistency};
use crate::error::Result;
use crate::scope::{Permission, Permissions, Scope};

use super::KeyFile;
use super::keyring::Keyring;
use super::roster::roles;

/// How a database's keys and administrators stand, for who looks after it.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Keys that the key file opens, and whose tokens are good.
    pub own_keys: usize,
    /// Keys that another key file sealed.
    pub foreign_keys: usize,
    /// Whether one of the own keys may sign.
    pub can_sign: bool,
    /// Users who may sign in and manage users and roles in all institutions.
    pub administrators: u64,
}

impl Standing {
    /// Reads how things stand; without a key file every key is another's.
    ///
    /// # Errors
    /// As any read.
    pub async fn read(cluster: &Cluster, file: Option<&KeyFile>) -> Result<Self> {
        let reader = cluster.read(&Scope::server(Uuid::nil()), Consistency::Eventual);
        let keys = signing_key::Entity::find().filter(signing_key::Column::RevokedAt.is_null());
        let all = usize::try_from(keys.count(&reader).await?).unwrap_or(usize::MAX);
        let (foreign_keys, can_sign) = match file {
            Some(file) => {
                let ring = Keyring::read(&reader, file).await?;
                (ring.foreign, ring.signer.is_some())
            }
            None => (all, false),
        };
        let needed = Permissions::NONE.with(Permission::ManageUsers).with(Permission::ManageRoles);
        let (roles, names) = roles(&reader).await?;
        let administering = names.iter().filter(|(_, name)| {
            let role = roles.get(name.as_ref());
            role.is_some_and(|role| role.permissions.include(needed))
        });
        let administrators = user::Entity::find()
            .filter(user::Column::IsActive.eq(true))
            .filter(user::Column::InstitutionId.is_null())
            .filter(user::Column::PatientId.is_null())
            .filter(user::Column::RoleId.is_in(administering.map(|(uuid, _)| *uuid)))
            .count(&reader)
            .await?;
        Ok(Self { own_keys: all.saturating_sub(foreign_keys), foreign_keys, can_sign, administrators })
    }
}
