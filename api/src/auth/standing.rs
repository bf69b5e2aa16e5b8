use std::collections::BTreeSet;

use entity::{signing_key, user};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use crate::database::{Cluster, Consistency};
use crate::error::Result;
use crate::records::role::{administers, administrators};
use crate::scope::Scope;

use super::KeyFile;
use super::keyring::Keyring;
use super::roster::roles;

/// How a database's keys and administrators stand, for who looks after it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Keys that the key file opens, and whose tokens are good.
    pub own_keys: usize,
    /// Keys that another key file sealed.
    pub foreign_keys: usize,
    /// The fingerprints of the key files that sealed those.
    pub sealers: BTreeSet<String>,
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
        let keys = signing_key::Entity::find().filter(signing_key::Column::RevokedAt.is_null()).all(&reader).await?;
        let all = keys.len();
        let (foreign_keys, sealers, can_sign) = match file {
            Some(file) => {
                let ring = Keyring::read(&reader, file).await?;
                (ring.foreign, ring.sealers, ring.signer.is_some())
            }
            None => (all, keys.into_iter().map(|key| key.sealed_by).collect(), false),
        };
        let (roles, names) = roles(&reader).await?;
        let administering = names.iter().filter_map(|(uuid, name)| {
            let role = roles.get(name.as_ref())?;
            administers(role.permissions, role.rules.as_ref()).then_some(*uuid)
        });
        let administrators = user::Entity::find().filter(administrators(administering)).count(&reader).await?;
        Ok(Self { own_keys: all.saturating_sub(foreign_keys), foreign_keys, sealers, can_sign, administrators })
    }
}
