use chrono::SubsecRound as _;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IdenStatic, ModelTrait, QueryFilter, QuerySelect, Value,
};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Consistency};
use crate::deed::{Action, Deed, Outcome};
use crate::error::{Error, Result};
use crate::records::aggregate::{ActiveModel, Aggregate, Model};
use crate::records::dependent::{PatientAllergies, PatientConditions, PatientMedications};
use crate::scope::Scope;

use super::put::among;
use super::{How, MAX_CHUNK, require};

/// What is known of a patient's health, of which there is a row for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// What the patient does not tolerate.
    Allergy,
    /// What the patient has or had.
    Condition,
    /// What the patient takes or took.
    Medication,
}

/// Removes records of one kind that turned out to be wrong where they came from, at most [`MAX_CHUNK`], and tells of each
/// key whether there was one. They stay as tombstones, as if somebody had removed them here.
///
/// # Errors
/// `Forbidden`; as any write.
pub async fn withdraw(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    how: How,
    fact: Fact,
    keys: &[Uuid],
) -> Result<Vec<bool>> {
    match fact {
        Fact::Allergy => of_kind::<PatientAllergies>(scope, cluster, clock, how, keys).await,
        Fact::Condition => of_kind::<PatientConditions>(scope, cluster, clock, how, keys).await,
        Fact::Medication => of_kind::<PatientMedications>(scope, cluster, clock, how, keys).await,
    }
}

async fn of_kind<D: Aggregate>(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    how: How,
    keys: &[Uuid],
) -> Result<Vec<bool>> {
    require(scope)?;
    if keys.len() > MAX_CHUNK {
        return Err(Error::internal("more records were withdrawn at once than fit a statement"));
    }
    let found = match how {
        How::DryRun => {
            let reader = cluster.read(scope, Consistency::Strong);
            let rows = present::<D>(&reader, keys, |query| query).await?;
            let deeds = rows.iter().map(|row| (deed::<D>(row, Action::Read), Outcome::Succeeded)).collect();
            cluster.record(scope, deeds).await?;
            rows
        }
        How::Write => remove::<D>(scope, cluster, clock, keys).await?,
    };
    Ok(keys.iter().map(|key| found.iter().any(|row| D::uuid(row) == *key)).collect())
}

async fn remove<D: Aggregate>(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    keys: &[Uuid],
) -> Result<Vec<Model<D>>> {
    let tx = cluster.write(scope).await?;
    let rows = present::<D>(&tx, keys, QuerySelect::lock_exclusive).await?;
    let (Some(tombstone), false) = (D::tombstone(), rows.is_empty()) else {
        tx.rollback().await?;
        return Ok(rows);
    };
    for row in &rows {
        let version = Some(D::version(row) + 1);
        tx.note(Deed { version, ..deed::<D>(row, Action::Delete) });
    }
    let mut changes = ActiveModel::<D>::default();
    // PostgreSQL keeps microseconds, so SQLite keeps no more.
    changes.set(tombstone, Some(clock.now().trunc_subsecs(6)).into());
    let keys = rows.iter().map(D::uuid).collect();
    D::Entity::update_many().set(changes).filter(among(&tx, D::key(), keys)).exec(&tx).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Those that were not removed.
async fn present<D: Aggregate>(
    db: &impl ConnectionTrait,
    keys: &[Uuid],
    lock: impl FnOnce(sea_orm::Select<D::Entity>) -> sea_orm::Select<D::Entity>,
) -> Result<Vec<Model<D>>> {
    use sea_orm::ColumnTrait as _;
    let mut query = D::Entity::find().filter(among(db, D::key(), keys.to_vec()));
    if let Some(tombstone) = D::tombstone() {
        query = query.filter(tombstone.is_null());
    }
    Ok(lock(query).all(db).await?)
}

fn deed<D: Aggregate>(row: &Model<D>, action: Action) -> Deed {
    let key = |value: Value| match value {
        Value::Uuid(key) => key,
        _ => None,
    };
    Deed {
        patients: D::patient().and_then(|column| key(row.get(column))).into_iter().collect(),
        institution: D::institution().and_then(|column| key(row.get(column))),
        fields: D::tombstone().iter().map(|column| column.as_str().into()).collect(),
        ..Deed::new(action, D::NAME).on(D::uuid(row))
    }
}
