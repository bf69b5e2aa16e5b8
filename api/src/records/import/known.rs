use std::collections::HashSet;

use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::database::{Cluster, Consistency, Reader};
use crate::error::Result;
use crate::records::Collection;
use crate::records::doctor::Doctors;
use crate::records::medical_institution::MedicalInstitutions;
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
    known::<MedicalInstitutions>(scope, &reader, keys).await
}

/// Those of `keys` that are doctors' in the database.
///
/// # Errors
/// `Forbidden`, and as any read.
pub async fn known_doctors(scope: &Scope, cluster: &Cluster, keys: Vec<Uuid>) -> Result<HashSet<Uuid>> {
    scope.require(Permission::ReadDirectory)?;
    let reader = cluster.read(scope, Consistency::Strong);
    known::<Doctors>(scope, &reader, keys).await
}

async fn known<C: Collection>(scope: &Scope, reader: &Reader, keys: Vec<Uuid>) -> Result<HashSet<Uuid>> {
    let mut found = HashSet::new();
    for chunk in keys.chunks(CHUNK) {
        let among = among(reader, C::key(), chunk.to_vec());
        let query = C::Entity::find().select_only().column(C::key()).filter(C::within(scope)).filter(among);
        for row in reader.query_all(&sea_orm::QueryTrait::into_query(query)).await? {
            found.insert(row.try_get_by_index::<Uuid>(0)?);
        }
    }
    Ok(found)
}
