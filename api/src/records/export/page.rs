use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::error::Result;
use crate::records::aggregate::{Aggregate, Model};
use crate::records::collection::{Deleted, reached, visible};
use crate::records::import::among;
use crate::scope::Scope;

/// The next records in the order of their keys, after the one with this key; those whose place others took excepted.
pub(super) async fn page<A: Aggregate>(
    scope: &Scope,
    db: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model<A>>> {
    let mut query = A::Entity::find().filter(visible::<A>(scope, Deleted::Excluded));
    if let Some(successor) = A::successor() {
        query = query.filter(successor.is_null());
    }
    if let Some(after) = after {
        query = query.filter(A::key().gt(after));
    }
    Ok(query.order_by_asc(A::key()).limit(limit).all(db).await?)
}

/// What belongs to these patients, who are known to count, in the order of the keys; at most so many.
pub(super) async fn of_patients<A: Aggregate>(
    scope: &Scope,
    db: &impl ConnectionTrait,
    patients: &[Uuid],
    limit: Option<u64>,
) -> Result<Vec<Model<A>>> {
    let Some(patient) = A::patient() else { return Ok(Vec::new()) };
    let query = A::Entity::find().filter(reached::<A>(scope, Deleted::Excluded));
    let query = query.filter(among(db, patient, patients.to_vec())).order_by_asc(A::key()).limit(limit);
    Ok(query.all(db).await?)
}
