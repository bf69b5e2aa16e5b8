use std::collections::HashMap;

use chrono::SubsecRound as _;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IdenStatic, ModelTrait, QueryFilter, QuerySelect, Value,
};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Consistency, Transaction};
use crate::deed::{Action, Deed, Outcome};
use crate::error::{Error, Result};
use crate::records::aggregate::{ActiveModel, Aggregate, Model};
use crate::records::dependent::{PatientAllergies, PatientConditions, PatientMedications};
use crate::scope::Scope;

use super::origin::{Conflict, ImportSource, conflict_with, origins};
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

/// Result of withdrawing one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// There is no such record, or it was removed before.
    Absent,
    /// It was removed.
    Removed,
    /// It is not the source's to remove.
    Conflict(Conflict),
}

/// Removes records of one kind that turned out to be wrong where they came from, at most [`MAX_CHUNK`]; the results are in
/// the order of the keys. They stay as tombstones, as if somebody had removed them here.
///
/// # Errors
/// `Forbidden`; as any write.
pub async fn withdraw(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    how: How,
    fact: Fact,
    wrong: &[(Uuid, ImportSource)],
) -> Result<Vec<Withdrawal>> {
    match fact {
        Fact::Allergy => of_kind::<PatientAllergies>(scope, cluster, clock, how, wrong).await,
        Fact::Condition => of_kind::<PatientConditions>(scope, cluster, clock, how, wrong).await,
        Fact::Medication => of_kind::<PatientMedications>(scope, cluster, clock, how, wrong).await,
    }
}

async fn of_kind<D: Aggregate>(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    how: How,
    wrong: &[(Uuid, ImportSource)],
) -> Result<Vec<Withdrawal>> {
    require(scope)?;
    if wrong.len() > MAX_CHUNK {
        return Err(Error::internal("more records were withdrawn at once than fit a statement"));
    }
    let keys: Vec<Uuid> = wrong.iter().map(|(key, _)| *key).collect();
    if !how.writes() {
        let reader = cluster.read(scope, Consistency::Strong);
        let found = Found::<D>::among(&reader, wrong, &keys, |query| query).await?;
        let rows = found.own.iter().chain(&found.foreign);
        let deeds = rows.map(|row| (deed::<D>(row, Action::Read), Outcome::Succeeded)).collect();
        cluster.record(scope, deeds).await?;
        return Ok(found.results);
    }
    let tx = cluster.write(scope).await?;
    let found = Found::<D>::among(&tx, wrong, &keys, QuerySelect::lock_exclusive).await?;
    let deeds = found.foreign.iter().map(|row| (deed::<D>(row, Action::Read), Outcome::Succeeded)).collect();
    cluster.record(scope, deeds).await?;
    remove::<D>(tx, clock, &found.own).await?;
    Ok(found.results)
}

/// Which of the records are here.
struct Found<D: Aggregate> {
    results: Vec<Withdrawal>,
    own: Vec<Model<D>>,
    foreign: Vec<Model<D>>,
}

impl<D: Aggregate> Found<D> {
    async fn among(
        db: &impl ConnectionTrait,
        wrong: &[(Uuid, ImportSource)],
        keys: &[Uuid],
        lock: impl FnOnce(sea_orm::Select<D::Entity>) -> sea_orm::Select<D::Entity>,
    ) -> Result<Self> {
        let mut rows: HashMap<Uuid, Model<D>> =
            present::<D>(db, keys, lock).await?.into_iter().map(|row| (D::uuid(&row), row)).collect();
        let origins = origins::<D>(db, rows.keys().copied().collect()).await?;
        let mut found = Self { results: Vec::with_capacity(wrong.len()), own: Vec::new(), foreign: Vec::new() };
        for (key, source) in wrong {
            let Some(row) = rows.remove(key) else {
                found.results.push(Withdrawal::Absent);
                continue;
            };
            if let Some(conflict) = conflict_with::<D>(&row, source, origins.get(key)) {
                found.results.push(Withdrawal::Conflict(conflict));
                found.foreign.push(row);
            } else {
                found.results.push(Withdrawal::Removed);
                found.own.push(row);
            }
        }
        Ok(found)
    }
}

async fn remove<D: Aggregate>(tx: Transaction, clock: &dyn Clock, rows: &[Model<D>]) -> Result<()> {
    let (Some(tombstone), false) = (D::tombstone(), rows.is_empty()) else {
        return tx.rollback().await;
    };
    for row in rows {
        let version = Some(D::version(row) + 1);
        tx.note(Deed { version, ..deed::<D>(row, Action::Delete) });
    }
    let mut changes = ActiveModel::<D>::default();
    // PostgreSQL keeps microseconds, so SQLite keeps no more.
    changes.set(tombstone, Some(clock.now().trunc_subsecs(6)).into());
    let keys = rows.iter().map(D::uuid).collect();
    D::Entity::update_many().set(changes).filter(among(&tx, D::key(), keys)).exec(&tx).await?;
    tx.commit().await?;
    Ok(())
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
