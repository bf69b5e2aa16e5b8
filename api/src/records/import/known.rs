use std::collections::HashSet;

use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::database::{Cluster, Consistency, Reader};
use crate::error::Result;
use crate::scope::{Permission, Scope};

use super::put::among;

/// Keys in one statement at most.
const CHUNK: usize = 1000;

/// Those of `keys` that are institutions' in the database.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn known_institutions(scope: &Scope, cluster: &Cluster, keys: Vec<Uuid>) -> Result<HashSet<Uuid>> {
    scope.require(Permission::ReadDirectory)?;
    let reader = cluster.read(scope, Consistency::Strong);
    known::<entity::medical_institution::Entity>(&reader, entity::medical_institution::Column::Uuid, keys).await
}

/// Those of `keys` that are doctors' in the database.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn known_doctors(scope: &Scope, cluster: &Cluster, keys: Vec<Uuid>) -> Result<HashSet<Uuid>> {
    scope.require(Permission::ReadDirectory)?;
    let reader = cluster.read(scope, Consistency::Strong);
    known::<entity::doctor::Entity>(&reader, entity::doctor::Column::Uuid, keys).await
}

async fn known<E: EntityTrait>(reader: &Reader, key: E::Column, keys: Vec<Uuid>) -> Result<HashSet<Uuid>> {
    let mut found = HashSet::new();
    for chunk in keys.chunks(CHUNK) {
        let query = E::find().select_only().column(key).filter(among(reader, key, chunk.to_vec()));
        for row in reader.query_all(&sea_orm::QueryTrait::into_query(query)).await? {
            found.insert(row.try_get_by_index::<Uuid>(0)?);
        }
    }
    Ok(found)
}
