use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use async_graphql::MaybeUndefined;
use entity::identifier;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    QueryFilter, QuerySelect, Select,
};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Consistency, Transaction, violation};
use crate::deed::Outcome;
use crate::error::{Error, Fault, Result};
use crate::records::aggregate::{ActiveModel, Aggregate, Model};
use crate::records::check::Check;
use crate::records::constraint::by_name;
use crate::records::dependent::Judge;
use crate::records::disclosure;
use crate::records::phone;
use crate::scope::Scope;

use super::identifier::{ImportedIdentifier, blamed, foreign_identifier, write_identifiers};
use super::origin::{ImportSource, origins, record_origins};
use super::plan::{Here, Plan, is_kept, plan};
use super::recorded::{note, record_refusal};
use super::{How, MAX_CHUNK, Put, require};

pub(super) type Column<A> = <<A as crate::criteria::Criteria>::Entity as EntityTrait>::Column;

/// Identifiers in one statement at most.
const IDENTIFIER_CHUNK: usize = 1000;

/// A kind of record that can be imported.
pub(super) trait Import:
    Aggregate<Entity: EntityTrait<Model: IntoActiveModel<ActiveModel<Self>>>> + Sized
{
    /// Which column of `identifiers` names a record of this kind, of those that have identifiers.
    const OWNER: identifier::Column = identifier::Column::PatientId;

    /// Fills what the import did not tell of a new record.
    fn fill(row: &mut ActiveModel<Self>);

    /// Whether the record was deleted.
    fn is_deleted(_model: &Model<Self>) -> bool {
        false
    }

    /// Whether another record has taken its place.
    fn is_merged(_model: &Model<Self>) -> bool {
        false
    }

    /// True where a told row is evidently that of the record that is here: asked where a server has no name, so that an id may
    /// be that of another one's record.
    fn is_evident(_present: &Model<Self>, _told: &ActiveModel<Self>) -> bool {
        true
    }

    /// The institution that the record's identifiers belong to; none for those that belong to all.
    fn tenant(_row: &ActiveModel<Self>) -> Option<Uuid> {
        None
    }

    /// Makes what records refer to and the database does not have yet, and makes room for them.
    fn introduce(_tx: &Transaction, _items: &[Item<Self>]) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(Ok(()))
    }

    /// Tells the origins of what belongs to a record that an import has moved to another institution where it is now.
    fn move_along(_tx: &Transaction, _own: Uuid, _from: Uuid, _to: Uuid) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(Ok(()))
    }

    /// Completes records by what only the database knows.
    fn settle(
        _db: &impl ConnectionTrait,
        _how: How,
        items: Vec<Item<Self>>,
    ) -> impl Future<Output = Result<Vec<Item<Self>>>> + Send {
        std::future::ready(Ok(items))
    }
}

/// A record as the import has it: columns that are not set are not told, and stay as they are.
pub(super) struct Item<A: Import> {
    pub(super) uuid: Uuid,
    pub(super) row: ActiveModel<A>,
    pub(super) faults: Vec<Fault>,
    pub(super) identifiers: Vec<ImportedIdentifier>,
    /// The server that it comes from; none of what is known by its patient.
    pub(super) source: Option<ImportSource>,
    /// What its code is called, where it has one.
    pub(super) name: Option<String>,
}

impl<A: Import> Item<A> {
    /// Part of a patient's record, without identifiers and code.
    pub(super) const fn new(uuid: Uuid, row: ActiveModel<A>, faults: Vec<Fault>) -> Self {
        Self { uuid, row, faults, identifiers: Vec::new(), source: None, name: None }
    }

    /// The same, as a record of its own that this server tells of.
    pub(super) fn of_source(self, source: ImportSource) -> Self {
        let faults = self.faults.into_iter().chain(source.fault()).collect();
        Self { faults, source: Some(source), ..self }
    }
}

impl<A: Import> Clone for Item<A> {
    fn clone(&self) -> Self {
        Self {
            uuid: self.uuid,
            row: self.row.clone(),
            faults: self.faults.clone(),
            identifiers: self.identifiers.clone(),
            source: self.source.clone(),
            name: self.name.clone(),
        }
    }
}

/// Judges what is told of a record.
pub(super) fn judge_of(clock: &dyn Clock) -> Judge {
    Judge { check: Check::new([] as [&str; 0]), today: clock.latest_day() }
}

/// What is not told is left alone.
pub(super) fn told<T>(value: Option<T>) -> MaybeUndefined<T> {
    value.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value)
}

/// Of a new record nobody knows what was not told.
pub(super) fn unknown<T>(column: &mut ActiveValue<Option<T>>)
where
    Option<T>: Into<sea_orm::Value>,
{
    if column.is_not_set() {
        *column = ActiveValue::Set(None);
    }
}

/// Creates, updates or leaves alone each of the records; the results are in their order. Keys must be distinct.
///
/// All are written in one transaction. When the database refuses it, the halves are tried, down to the one record that
/// is at fault.
pub(super) async fn put<A: Import>(scope: &Scope, cluster: &Cluster, how: How, items: &[Item<A>]) -> Result<Vec<Put>> {
    require(scope)?;
    if items.len() > MAX_CHUNK {
        return Err(Error::internal("more records were imported at once than fit a statement"));
    }
    if !how.writes() {
        let reader = cluster.read(scope, Consistency::Strong);
        let items = &settled(&reader, how, items).await?;
        let here = here::<A>(&reader, items, |query| query).await?;
        let puts: Vec<Put> = items.iter().map(|item| plan(item, &here, how).put).collect();
        let compared =
            items.iter().filter_map(|item| disclosure::compared::<A>(here.records.get(&item.uuid)?, &item.row));
        cluster.record(scope, compared.map(|deed| (deed, Outcome::Succeeded)).collect()).await?;
        return Ok(puts);
    }
    let mut results: Vec<Option<Put>> = vec![None; items.len()];
    let mut parts: VecDeque<Range<usize>> = VecDeque::new();
    parts.push_back(0..items.len());
    let mut was_repeated = false;
    while let Some(part) = parts.pop_front() {
        let is_single = part.len() == 1;
        match put_part(scope, cluster, how, &items[part.clone()]).await? {
            Ok(puts) => results[part].iter_mut().zip(puts).for_each(|(slot, put)| *slot = Some(put)),
            // Somebody else made it meanwhile: whose it is shows when it is looked at again.
            Err(fault) if is_single && !was_repeated && fault.path == ["uuid"] => {
                was_repeated = true;
                parts.push_front(part);
                continue;
            }
            Err(fault) if is_single => results[part.start] = Some(Put::Refused(vec![fault])),
            Err(_) => {
                let middle = part.start + part.len() / 2;
                parts.extend([part.start..middle, middle..part.end]);
            }
        }
        was_repeated = false;
    }
    results.into_iter().map(|put| put.ok_or_else(|| Error::internal("an imported record has no result"))).collect()
}

/// Writes records in one transaction. The inner error is a constraint's, and nothing was written then.
async fn put_part<A: Import>(
    scope: &Scope,
    cluster: &Cluster,
    how: How,
    items: &[Item<A>],
) -> Result<Result<Vec<Put>, Fault>> {
    let tx = cluster.write(scope).await?;
    A::introduce(&tx, items).await?;
    put_within(scope, cluster, tx, how, items).await
}

/// The same within a transaction, which it ends.
pub(super) async fn put_within<A: Import>(
    scope: &Scope,
    cluster: &Cluster,
    tx: Transaction,
    how: How,
    items: &[Item<A>],
) -> Result<Result<Vec<Put>, Fault>> {
    let items = &settled(&tx, how, items).await?;
    let here = here::<A>(&tx, items, QuerySelect::lock_exclusive).await?;
    let plans: Vec<Plan<A>> = items.iter().map(|item| plan(item, &here, how)).collect();
    // What is written tells by itself what differed; any other result tells that the record is here, and in what state.
    let told = items.iter().zip(&plans).filter(|(_, plan)| !matches!(plan.put, Put::Created | Put::Updated(_)));
    let compared = told.filter_map(|(item, _)| disclosure::compared::<A>(here.records.get(&item.uuid)?, &item.row));
    cluster.record(scope, compared.map(|deed| (deed, Outcome::Succeeded)).collect()).await?;
    let identifiers: Vec<identifier::ActiveModel> =
        plans.iter().flat_map(|plan| plan.identifiers.iter().cloned()).collect();
    if plans.iter().all(Plan::is_idle) {
        tx.rollback().await?;
        return Ok(Ok(plans.into_iter().map(|plan| plan.put).collect()));
    }
    items.iter().zip(&plans).for_each(|(item, plan)| note(&tx, item, plan, here.records.get(&item.uuid)));
    // Of one record it is told which of its identifiers is at fault.
    let chunk = if items.len() == 1 { 1 } else { IDENTIFIER_CHUNK };
    match write::<A>(&tx, &plans, identifiers.chunks(chunk)).await {
        Ok(()) => {
            record_origins::<A>(&tx, items, &plans, &here).await?;
            tx.commit().await?;
            Ok(Ok(plans.into_iter().map(|plan| plan.put).collect()))
        }
        Err((error, blamed_chunk)) => {
            tx.rollback().await?;
            let fault = fault_of::<A>(error, blamed_chunk, items)?;
            if let [item] = items.as_slice() {
                let present = here.records.get(&item.uuid);
                record_refusal(scope, cluster, item, present, blamed_chunk.unwrap_or_default()).await?;
            }
            Ok(Err(fault))
        }
    }
}

/// The records, completed by what only the database knows.
async fn settled<A: Import>(db: &impl ConnectionTrait, how: How, items: &[Item<A>]) -> Result<Vec<Item<A>>> {
    let mut items = A::settle(db, how, items.to_vec()).await?;
    phone::complete::<A>(db, None, items.iter_mut().map(|item| &mut item.row).collect()).await?;
    Ok(items)
}

/// The fault of records that the database refused; the error where it is no constraint's.
fn fault_of<A: Import>(
    error: DbErr,
    blamed_chunk: Option<&[identifier::ActiveModel]>,
    items: &[Item<A>],
) -> Result<Fault> {
    let said = match (&error, violation(&error)) {
        (_, Some(violation)) if blamed_chunk.is_some() => by_name::<identifier::Entity>(&violation),
        (_, Some(violation)) => by_name::<A::Entity>(&violation),
        (DbErr::RecordNotUpdated, None) => foreign_identifier(),
        _ => return Err(error.into()),
    };
    Ok(match (blamed_chunk, items) {
        (Some([row]), [item]) => blamed(said, row, &item.identifiers),
        _ => without_root(said),
    })
}

/// The error names the identifiers that were being written, where it was not the rows. `RecordNotUpdated` is that of
/// identifiers whose key is another record's.
async fn write<'i, A: Import>(
    tx: &impl ConnectionTrait,
    plans: &[Plan<A>],
    identifiers: impl Iterator<Item = &'i [identifier::ActiveModel]>,
) -> Result<(), (DbErr, Option<&'i [identifier::ActiveModel]>)> {
    let rows = |is_wanted: fn(&Put) -> bool| -> Vec<ActiveModel<A>> {
        plans.iter().filter(|plan| is_wanted(&plan.put)).filter_map(|plan| plan.row.clone()).collect()
    };
    // A key that was not here when it was looked for is not overwritten, whoever took it since.
    let new = rows(|put| *put == Put::Created);
    if !new.is_empty() {
        A::Entity::insert_many(new).exec_without_returning(tx).await.map_err(|error| (error, None))?;
    }
    // These are locked, and whose they are was looked at.
    let changed = rows(|put| *put != Put::Created);
    if !changed.is_empty() {
        let told: Vec<Column<A>> = Column::<A>::iter().filter(|column| !is_kept(column.as_str())).collect();
        let conflict = OnConflict::column(A::key()).update_columns(told).to_owned();
        let insertion = A::Entity::insert_many(changed).on_conflict(conflict);
        insertion.exec_without_returning(tx).await.map_err(|error| (error, None))?;
    }
    for chunk in identifiers {
        let written = write_identifiers(tx, A::OWNER, chunk).await.map_err(|error| (error, Some(chunk)))?;
        if written < chunk.len() as u64 {
            return Err((DbErr::RecordNotUpdated, Some(chunk)));
        }
    }
    Ok(())
}

async fn here<A: Import>(
    db: &impl ConnectionTrait,
    items: &[Item<A>],
    lock: impl FnOnce(Select<A::Entity>) -> Select<A::Entity>,
) -> Result<Here<A>> {
    let records = present::<A>(db, items, lock).await?;
    let origins = origins::<A>(db, records.keys().copied().collect()).await?;
    Ok(Here { records, origins, identifiers: present_identifiers::<A>(db, items).await? })
}

async fn present<A: Import>(
    db: &impl ConnectionTrait,
    items: &[Item<A>],
    lock: impl FnOnce(Select<A::Entity>) -> Select<A::Entity>,
) -> Result<HashMap<Uuid, Model<A>>> {
    let keys: Vec<Uuid> = items.iter().map(|item| item.uuid).collect();
    let models = lock(A::Entity::find().filter(among(db, A::key(), keys))).all(db).await?;
    Ok(models.into_iter().map(|model| (A::uuid(&model), model)).collect())
}

async fn present_identifiers<A: Import>(
    db: &impl ConnectionTrait,
    items: &[Item<A>],
) -> Result<HashMap<Uuid, identifier::Model>> {
    let owners: Vec<Uuid> = items.iter().filter(|item| !item.identifiers.is_empty()).map(|item| item.uuid).collect();
    if owners.is_empty() {
        return Ok(HashMap::new());
    }
    let models = identifier::Entity::find().filter(among(db, A::OWNER, owners)).all(db).await?;
    Ok(models.into_iter().map(|model| (model.uuid, model)).collect())
}

/// One parameter on PostgreSQL, so that the statement is the same whatever the number of keys.
pub(in crate::records) fn among<T>(
    db: &impl ConnectionTrait,
    column: impl ColumnTrait,
    keys: Vec<T>,
) -> sea_orm::Condition
where
    T: Into<sea_orm::Value> + sea_orm::sea_query::postgres_array::NotU8,
{
    let condition = match db.get_database_backend() {
        DbBackend::Postgres => column.eq_any(keys),
        _ => column.is_in(keys),
    };
    sea_orm::Condition::all().add(condition)
}

/// Constraints are named for the input of a mutation; here the path begins with the field.
fn without_root(mut fault: Fault) -> Fault {
    if fault.path.first().is_some_and(|root| root == "input") {
        fault.path.remove(0);
    }
    fault
}
