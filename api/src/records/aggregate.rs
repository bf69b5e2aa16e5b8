//! Writing any kind of record: every rule that a change breaks is found before anything is written, and what only the
//! database can decide comes back in the same form.

mod diagnosis;

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, IntoCondition};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IdenStatic, IntoActiveModel,
    Iterable, ModelTrait, QueryFilter, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use crate::criteria::{Criteria, client_name};
use crate::database::{Cluster, Retry, Transaction, Violation, violation};
use crate::deed::{Action, Deed, Outcome};
use crate::error::{Error, Fault, FaultCode, Result};
use crate::scope::{Boundary, Permission, Scope};

use super::Row;
use super::check::Check;
use super::collection::{Collection, Column, Deleted, is_patient, visible};
use super::constraint::by_name;
use super::disclosure::{KEPT, Owner, ask_change, ask_of, whose, written};
use super::idempotency::{Claim, Key};
use super::phone;
use super::tiding::may_know;

pub(super) use diagnosis::{check_keys, diagnose};

pub(super) type Model<C> = <<C as Criteria>::Entity as EntityTrait>::Model;
pub(super) type ActiveModel<C> = <<C as Criteria>::Entity as EntityTrait>::ActiveModel;

/// A kind of record that can be written.
pub(super) trait Aggregate:
    Collection<Entity: EntityTrait<Model: IntoActiveModel<ActiveModel<Self>> + Sync, ActiveModel: Send + Sync>>
{
    /// What the caller must be allowed.
    const WRITE: Permission;

    /// Whether what only the database knows is looked up before every write, and not only to explain a refusal.
    const ALWAYS_CHECKED: bool = false;

    /// Whether the records belong to a patient, to whom whoever may touch that one's record may add them.
    const IS_ADDED: bool = false;

    fn uuid(model: &Model<Self>) -> Uuid;

    fn version(model: &Model<Self>) -> i32;

    /// What a record must have as a whole, after `changes`; may add to them.
    fn complete(_present: &Model<Self>, _changes: &mut ActiveModel<Self>, _check: &mut Check) {}

    /// Fills what follows from other records, and judges what can only be judged together with them. `present` is the
    /// record before a change.
    fn prepare(
        _present: Option<&Model<Self>>,
        _row: &mut ActiveModel<Self>,
        _own: Uuid,
        _check: &mut Check,
        _scope: &Scope,
        _tx: &Transaction,
    ) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(Ok(()))
    }

    /// What only the database knows: references to nothing, values that another record than `own` has already.
    fn check_others(
        row: &ActiveModel<Self>,
        own: Uuid,
        check: &mut Check,
        scope: &Scope,
        tx: &Transaction,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// A record to be created, with what was found wrong with it so far.
pub(super) struct New<A: Aggregate> {
    pub(super) check: Check,
    pub(super) uuid: Uuid,
    pub(super) row: ActiveModel<A>,
}

impl<A: Aggregate> Clone for New<A> {
    fn clone(&self) -> Self {
        Self { check: self.check.clone(), uuid: self.uuid, row: self.row.clone() }
    }
}

/// Creates records, all or none. The caller's permission has been required; one who may touch the records of a single
/// patient creates none.
pub(super) async fn create<A: Aggregate>(
    scope: &Scope,
    cluster: &Cluster,
    now: DateTime<Utc>,
    mut items: Vec<New<A>>,
    key: Option<Key>,
) -> Result<Vec<Row<A::Entity>>> {
    if scope.patient.is_some() && A::patient().is_some() && !A::IS_ADDED {
        return Err(Error::Forbidden("who may see one patient's records only may create none".to_owned()));
    }
    check_keys(&mut items);
    let mut retry = Retry::new();
    loop {
        match create_once::<A>(scope, cluster, now, &items, key.as_ref()).await {
            Err(error) if retry.after(&error).await => {}
            result => return result,
        }
    }
}

async fn create_once<A: Aggregate>(
    scope: &Scope,
    cluster: &Cluster,
    now: DateTime<Utc>,
    told: &[New<A>],
    key: Option<&Key>,
) -> Result<Vec<Row<A::Entity>>> {
    let tx = cluster.write(scope).await?;
    let keys: Vec<Uuid> = told.iter().map(|item| item.uuid).collect();
    // What is wrong by itself takes no key. The rest is judged by what is there, the first result among it, and so afterwards.
    if let Some(key) = key.filter(|_| told.iter().all(|item| item.check.passed()))
        && let Claim::Done(earlier) = key.claim(&tx, scope, now, &keys).await?
    {
        let rows = match replay::<A>(&tx, scope, &earlier).await {
            Ok(rows) => rows,
            Err(error) => {
                tx.rollback().await?;
                return Err(error);
            }
        };
        // Not taken back: the caller's later reads are to see the first result, whose commit may not have been answered.
        tx.commit().await?;
        return Ok(rows);
    }
    let mut items = told.to_vec();
    for item in &mut items {
        A::prepare(None, &mut item.row, item.uuid, &mut item.check, scope, &tx).await?;
    }
    phone::complete::<A>(&tx, None, items.iter_mut().map(|item| &mut item.row).collect()).await?;
    let is_wrong = items.iter().any(|item| !item.check.passed());
    if is_wrong || A::ALWAYS_CHECKED || is_bounded(scope) {
        let faults = diagnose(&items, scope, &tx).await?;
        if !faults.is_empty() {
            tx.rollback().await?;
            return Err(Error::Rejected(faults));
        }
    }
    match insert::<A>(&tx, items.into_iter().map(|item| item.row).collect()).await {
        Ok(models) => {
            for model in &models {
                tx.note(written::<A>(None, model));
            }
            tx.commit().await?;
            Ok(in_order::<A>(models, &keys))
        }
        Err(error) => {
            drop(tx);
            Err(refused::<A>(scope, cluster, error, async || {
                let tx = cluster.write(scope).await?;
                let faults = diagnose(told, scope, &tx).await;
                tx.rollback().await?;
                faults
            })
            .await)
        }
    }
}

/// Changes a record. The caller's permission has been required.
pub(super) async fn change<A: Aggregate>(
    scope: &Scope,
    cluster: &Cluster,
    check: Check,
    target: Target,
    changes: ActiveModel<A>,
) -> Result<Row<A::Entity>> {
    let mut retry = Retry::new();
    loop {
        match change_once::<A>(scope, cluster, check.clone(), target, changes.clone()).await {
            Err(error) if retry.after(&error).await => {}
            result => return result,
        }
    }
}

async fn change_once<A: Aggregate>(
    scope: &Scope,
    cluster: &Cluster,
    mut check: Check,
    target: Target,
    mut changes: ActiveModel<A>,
) -> Result<Row<A::Entity>> {
    let tx = cluster.write(scope).await?;
    let present = lock::<A>(&tx, scope, &target).await?;
    match &present {
        Some(present) => {
            let differing = || differing::<A>(scope, present, &changes);
            check.version((target.uuid, A::version(present)), target.expected_version, differing);
            A::complete(present, &mut changes, &mut check);
            A::prepare(Some(present), &mut changes, target.uuid, &mut check, scope, &tx).await?;
            phone::complete::<A>(&tx, Some(present), vec![&mut changes]).await?;
        }
        None => check.fault(&["uuid"], FaultCode::NotFound, "there is no such record"),
    }
    if A::ALWAYS_CHECKED || !check.passed() || is_bounded(scope) {
        A::check_others(&changes, target.uuid, &mut check, scope, &tx).await?;
    }
    if !check.passed() || !changes.is_changed() {
        ask_change::<A>(&tx, scope, &target, present.as_ref(), &changes);
    }
    let Some(present) = present.filter(|_| check.passed()) else {
        tx.rollback().await?;
        return Err(Error::Rejected(check.into_faults()));
    };
    if !changes.is_changed() {
        tx.rollback().await?;
        return Ok(Row::of(present));
    }
    match update::<A>(&tx, target.uuid, changes.clone()).await {
        Ok(model) => {
            if A::version(&model) == A::version(&present) {
                ask_change::<A>(&tx, scope, &target, Some(&present), &changes);
            } else {
                tx.note(written::<A>(Some(&present), &model));
            }
            tx.commit().await?;
            Ok(Row::of(model))
        }
        Err(error) => {
            drop(tx);
            Err(refused::<A>(scope, cluster, error, async || {
                let tx = cluster.write(scope).await?;
                A::check_others(&changes, target.uuid, &mut check, scope, &tx).await?;
                ask_change::<A>(&tx, scope, &target, Some(&present), &changes);
                tx.rollback().await?;
                Ok(check.into_faults())
            })
            .await)
        }
    }
}

/// Which record to change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) uuid: Uuid,
    pub(super) expected_version: Option<i32>,
    pub(super) deleted: Deleted,
}

/// Names of the fields that a change would give other values than the record has now, as clients call them; those that the
/// caller may not know are left out.
pub(super) fn differing<C: Collection>(scope: &Scope, present: &Model<C>, changes: &ActiveModel<C>) -> Vec<String> {
    let is_kept = |column: &Column<C>| {
        C::tombstone().is_some_and(|tombstone| tombstone.as_str() == column.as_str()) || KEPT.contains(&column.as_str())
    };
    let differs = |column: &Column<C>| match changes.get(*column) {
        ActiveValue::Set(value) => value != present.get(*column),
        _ => false,
    };
    let names = Column::<C>::iter().filter(|column| !is_kept(column) && differs(column)).map(|column| column.as_str());
    names.filter(|name| may_know::<C>(name, scope)).map(client_name).collect()
}

/// Whether there are records that the caller must not refer to, although the database knows them.
fn is_bounded(scope: &Scope) -> bool {
    scope.boundary != Boundary::All || scope.patient.is_some()
}

/// Writes new records.
pub(super) async fn insert<A: Aggregate>(
    tx: &Transaction,
    mut rows: Vec<ActiveModel<A>>,
) -> Result<Vec<Model<A>>, DbErr> {
    if rows.len() == 1 {
        let row = rows.remove(0);
        return Ok(vec![A::Entity::insert(row).exec_with_returning(tx).await?]);
    }
    A::Entity::insert_many(rows).exec_with_returning(tx).await
}

/// The record as it is, locked until the transaction ends.
pub(super) async fn lock<A: Aggregate>(tx: &Transaction, scope: &Scope, target: &Target) -> Result<Option<Model<A>>> {
    let query =
        A::Entity::find().filter(visible::<A>(scope, target.deleted)).filter(A::key().eq(target.uuid)).lock_exclusive();
    Ok(query.one(tx).await?)
}

/// Writes what `changes` sets. Triggers complete the row, on SQLite after `RETURNING` would have looked.
pub(super) async fn update<A: Aggregate>(
    tx: &Transaction,
    uuid: Uuid,
    changes: ActiveModel<A>,
) -> Result<Model<A>, DbErr> {
    A::Entity::update_many().set(changes).filter(A::key().eq(uuid)).exec(tx).await?;
    let written = A::Entity::find().filter(A::key().eq(uuid)).one(tx).await?;
    written.ok_or_else(|| DbErr::RecordNotFound("the record that was just updated".to_owned()))
}

/// Whether there is such a record within the caller's boundary.
pub(super) async fn exists<C: Collection>(
    tx: &Transaction,
    scope: &Scope,
    condition: impl IntoCondition,
) -> Result<bool> {
    let query = C::Entity::find()
        .select_only()
        .expr(Expr::val(1))
        .filter(visible::<C>(scope, Deleted::Excluded))
        .filter(condition)
        .limit(1)
        .into_query();
    Ok(tx.query_one(&query).await?.is_some())
}

/// What was made under an idempotency key, whatever became of it, as far as the caller may still see it.
pub(super) async fn replay<A: Aggregate>(
    tx: &Transaction,
    scope: &Scope,
    keys: &[Uuid],
) -> Result<Vec<Row<A::Entity>>> {
    let query =
        A::Entity::find().filter(visible::<A>(scope, Deleted::Included)).filter(A::key().is_in(keys.iter().copied()));
    let models = query.all(tx).await?;
    let mut patients: Vec<Owner> =
        models.iter().flat_map(|model| whose::<A>(|column| Some(model.get(column)))).collect();
    if is_patient::<A>() {
        patients.extend(keys.iter().map(|key| (*key, None)));
    }
    let rows = in_order::<A>(models, keys);
    ask_of::<A>(tx, scope, &[A::key().as_str()], patients);
    if rows.len() < keys.len() {
        let message = "what was made under this key now belongs to another institution";
        return Err(Error::rejected(FaultCode::NotFound, &["input", "idempotencyKey"], message));
    }
    Ok(rows)
}

fn in_order<A: Aggregate>(models: Vec<Model<A>>, keys: &[Uuid]) -> Vec<Row<A::Entity>> {
    let mut models: HashMap<Uuid, Model<A>> = models.into_iter().map(|model| (A::uuid(&model), model)).collect();
    keys.iter().filter_map(|key| models.remove(key)).map(Row::of).collect()
}

/// A write's error as the caller is to see it: a broken constraint becomes the faults that `diagnose` finds with their
/// paths, or else one that is placed by the constraint's name.
async fn refused<A: Aggregate>(
    scope: &Scope,
    cluster: &Cluster,
    error: DbErr,
    diagnose: impl AsyncFnOnce() -> Result<Vec<Fault>>,
) -> Error {
    let Some(violation) = violation(&error) else { return error.into() };
    match diagnose().await {
        Ok(faults) if faults.is_empty() => {
            unseen(scope, cluster, told_by::<A>(&violation), by_name::<A::Entity>(&violation)).await
        }
        Ok(faults) => Error::Rejected(faults),
        Err(error) => error,
    }
}

/// The kind of record, and the field of it, that a constraint speaks of.
pub(super) fn told_by<A: Aggregate>(violation: &Violation) -> (&'static str, Option<String>) {
    (A::NAME, by_name::<A::Entity>(violation).path.pop())
}

/// The refusal of a value that a record beyond the caller's sight has. Whoever guesses learns that there is one, since what
/// is unique everywhere cannot be had twice; so each guess is on record.
pub(super) async fn unseen(
    scope: &Scope,
    cluster: &Cluster,
    (resource, field): (&'static str, Option<String>),
    fault: Fault,
) -> Error {
    if fault.code == FaultCode::NotUnique {
        // As the database calls it.
        let column = field.map(|field| {
            field.chars().fold(String::new(), |name, letter| match letter {
                'A'..='Z' => format!("{name}_{}", letter.to_ascii_lowercase()),
                letter => name + letter.encode_utf8(&mut [0; 4]),
            })
        });
        let fields = column.into_iter().map(Cow::Owned).collect();
        let deed = Deed { fields, ..Deed::new(Action::Create, resource) };
        if let Err(error) = cluster.record(scope, vec![(deed, Outcome::Failed)]).await {
            return error;
        }
    }
    Error::Rejected(vec![fault])
}
