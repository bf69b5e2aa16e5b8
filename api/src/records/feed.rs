//! What happens to records, told to those who may see it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{InputType, Value};
use futures_util::stream::{self, Stream};
use moka::sync::Cache;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityName, Iterable};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::changelog::{self, Batch, Change, Cursor, Gap, Relay};
use crate::criteria::{Criteria, Filter, Translation, client_name};
use crate::database::{Cluster, Consistency, Reader};
use crate::deed::{Action, Deed};
use crate::error::{Error, Result};
use crate::scope::{Boundary, Permissions, Scope};

use super::collection::{Collection, Column, query_of};
use super::disclosure::Disclosure;
use super::row::{Plan, Row};

/// How many batches' records are kept for who looks at the same ones, and for how long.
const KEPT: u64 = 256;
const KEPT_FOR: Duration = Duration::from_secs(2);
/// How long to wait before what failed is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// What was done to a record, as somebody sees it who may see a part of all records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It was made.
    Created,
    /// It was changed, or restored.
    Updated,
    /// It was deleted.
    Deleted,
    /// It is there no longer for who is told: it has moved to another institution, or meets the filter no more.
    Left,
}

impl From<changelog::Operation> for Happening {
    fn from(operation: changelog::Operation) -> Self {
        match operation {
            changelog::Operation::Created => Self::Created,
            changelog::Operation::Updated => Self::Updated,
            changelog::Operation::Deleted => Self::Deleted,
        }
    }
}

/// One thing that is told, and from where to go on after it.
#[derive(Clone, Debug)]
pub struct Tiding<T> {
    /// What was seen with it.
    pub cursor: Cursor,
    /// What is told.
    pub matter: Matter<T>,
}

/// What is told.
#[derive(Clone, Debug)]
pub enum Matter<T> {
    /// A record was changed.
    Change(Arc<Changed<T>>),
    /// From here on everything is told; nobody said what was before.
    Beginning,
    /// Something may be missing here.
    Gap(Gap),
}

impl<T> Tiding<T> {
    /// What is told first: to whoever has no cursor yet, where they begin.
    pub(super) fn first(after: Option<&Cursor>, log: &changelog::Subscription) -> VecDeque<Self> {
        let beginning = || Self { cursor: log.cursor().clone(), matter: Matter::Beginning };
        after.is_none().then(beginning).into_iter().collect()
    }
}

/// A change, as it is told to somebody.
#[derive(Clone, Debug)]
pub struct Changed<T> {
    /// What the log says of it.
    pub change: Change,
    /// What it is to who is told.
    pub happening: Happening,
    /// The record as it is now; none when there is nothing to show.
    pub record: T,
    /// The columns that it was asked for by: that it is told at all tells of those too.
    pub(super) asked: Arc<[Cow<'static, str>]>,
}

impl<T> Changed<T> {
    /// Of the columns that were changed, those whose names somebody may know, as clients call them.
    pub fn fields<C: Criteria>(&self, scope: &Scope) -> Vec<String> {
        let may_know = |column: &&String| C::permission(column).is_none_or(|wanted| scope.permissions.contain(wanted));
        self.change.changed_fields.iter().filter(may_know).map(|column| client_name(column)).collect()
    }

    /// Notes that somebody was told of it.
    pub fn disclose<C: Collection>(&self, reader: &Reader) {
        if C::disclosure() == Disclosure::Nothing {
            return;
        }
        let change = &self.change;
        let deed = Deed::new(Action::Read, C::NAME).on(change.key);
        let (institution, patient) = (change.institution, change.patient);
        let fields = [&["version".into()], self.asked.as_ref()].concat();
        reader.disclose([Deed { institution, patient, fields, ..deed }]);
    }
}

/// Follows one kind of record for any number of callers. What of a batch's records a filter lets through is found out once
/// for all who ask with the same filter and the same rights, by one statement.
pub struct Feed<C: Collection> {
    relay: Relay,
    cluster: Cluster,
    seen: Cache<Key, Arc<Glance<C>>>,
}

impl<C: Collection> Clone for Feed<C> {
    fn clone(&self) -> Self {
        Self { relay: self.relay.clone(), cluster: self.cluster.clone(), seen: self.seen.clone() }
    }
}

/// What tells what somebody sees of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    filter: Arc<str>,
    boundary: Boundary,
    patient: Option<Uuid>,
    permissions: Permissions,
    /// Where the batch is, which stays there for as long as its glance is kept.
    batch: usize,
}

/// The records of a batch, as they are now: each with whether it meets the filter.
type Sight<C> = HashMap<Uuid, (Row<<C as Criteria>::Entity>, bool)>;

struct Glance<C: Collection> {
    _batch: Arc<[Change]>,
    sight: OnceCell<Arc<Sight<C>>>,
}

/// Who follows, and what.
struct Follower<C: Collection> {
    feed: Feed<C>,
    scope: Scope,
    filter: Option<C::Filter>,
    text: Arc<str>,
    /// The fields that the filter names.
    named: HashSet<String>,
    /// The columns that it asks by.
    asked: Arc<[Cow<'static, str>]>,
    log: changelog::Subscription,
    waiting: VecDeque<Tiding<Option<Row<C::Entity>>>>,
}

impl<C: Collection> Feed<C> {
    /// Tells of what a relay brings.
    #[must_use]
    pub fn new(relay: Relay, cluster: Cluster) -> Self {
        Self { relay, cluster, seen: Cache::builder().max_capacity(KEPT).time_to_live(KEPT_FOR).build() }
    }

    /// What happens to the records that meet a filter, after a cursor, or from now on.
    ///
    /// Whether a record met the filter before nobody remembers: that it meets it no more is told whenever a field changes
    /// that the filter names.
    ///
    /// # Errors
    /// `Forbidden`, and what a filter may not say; `BadRequest` for another database's cursor; as any read of the primary.
    pub async fn follow(
        &self,
        scope: &Scope,
        filter: Option<C::Filter>,
        after: Option<Cursor>,
    ) -> Result<impl Stream<Item = Result<Tiding<Option<Row<C::Entity>>>>> + Send + use<C>> {
        C::permit(scope)?;
        let (mut named, mut text) = (HashSet::new(), String::new());
        let mut translation = Translation::new(self.cluster.backend(), scope);
        if let Some(filter) = &filter {
            filter.condition(&mut translation)?;
            let value = filter.to_value();
            text = value.to_string();
            names(&value, &mut named);
        }
        let asked = translation.asked(C::Entity::default().table_name()).into();
        let log = self.relay.subscribe(after.clone()).await?;
        let waiting = Tiding::first(after.as_ref(), &log);
        let (feed, scope, text) = (self.clone(), scope.clone(), text.into());
        let follower = Follower { feed, scope, filter, text, named, asked, log, waiting };
        Ok(stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            let told = follower.next().await;
            let is_over = told.is_err();
            Some((told, Some(follower).filter(|_| !is_over)))
        }))
    }
}

impl<C: Collection> Follower<C> {
    async fn next(&mut self) -> Result<Tiding<Option<Row<C::Entity>>>> {
        loop {
            if let Some(tiding) = self.waiting.pop_front() {
                return Ok(tiding);
            }
            let batch = self.log.next().await?;
            if let Some(gap) = batch.gap {
                return Ok(Tiding { cursor: batch.cursor, matter: Matter::Gap(gap) });
            }
            let concerns = |change: &&Change| change.entity == C::NAME && change.concerns(&self.scope);
            let keys: HashSet<Uuid> = batch.changes.iter().filter(concerns).map(|change| change.key).collect();
            if !keys.is_empty() {
                let sight = self.see(&batch, &keys).await?;
                let told = batch.changes.iter().filter(concerns).filter_map(|change| self.tell(&batch, change, &sight));
                self.waiting = told.collect();
            }
        }
    }

    /// The batch's records: looked at anew until a primary can be read.
    async fn see(&self, batch: &Batch, keys: &HashSet<Uuid>) -> Result<Arc<Sight<C>>> {
        let key = Key {
            filter: Arc::clone(&self.text),
            boundary: self.scope.boundary,
            patient: self.scope.patient,
            permissions: self.scope.permissions,
            batch: batch.changes.as_ptr().addr(),
        };
        let new = || Arc::new(Glance { _batch: Arc::clone(&batch.changes), sight: OnceCell::new() });
        let glance = self.feed.seen.get_with(key, new);
        loop {
            match glance.sight.get_or_try_init(|| Box::pin(self.look(keys))).await {
                Ok(sight) => return Ok(Arc::clone(sight)),
                Err(Error::Unavailable(_) | Error::Interrupted(_) | Error::Consistency | Error::Timeout) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Deleted records too: whether one met the filter is asked after it was deleted.
    async fn look(&self, keys: &HashSet<Uuid>) -> Result<Arc<Sight<C>>> {
        let reader = self.feed.cluster.read(&self.scope, Consistency::Strong);
        let backend = reader.get_database_backend();
        let among = match backend {
            DbBackend::Postgres => C::key().eq_any(keys.iter().copied().collect::<Vec<_>>()),
            _ => C::key().is_in(keys.iter().copied()),
        };
        let columns: Vec<Column<C>> = Column::<C>::iter().collect();
        let plan = Plan::<C::Entity>::new(&columns);
        let mut query = query_of::<C>(&plan, C::within(&self.scope).add(among));
        let meets = match &self.filter {
            Some(filter) => filter.condition(&mut Translation::new(backend, &self.scope))?,
            None => Condition::all().add(Expr::val(true)),
        };
        query.expr(Expr::case(meets, 1).finally(0));
        let mut sight = HashMap::new();
        for result in reader.query_all(&query).await? {
            let (row, meets) = (plan.read(&result, 0)?, result.try_get_by_index::<i32>(plan.len())? == 1);
            sight.insert(C::key_of(&row)?, (row, meets));
        }
        Ok(Arc::new(sight))
    }

    fn tell(&self, batch: &Batch, change: &Change, sight: &Sight<C>) -> Option<Tiding<Option<Row<C::Entity>>>> {
        let happening = Happening::from(change.operation);
        let (happening, record) = match sight.get(&change.key) {
            _ if change.leaves(&self.scope) => (Happening::Left, None),
            Some((row, true)) => (happening, Some(row).filter(|row| !is_deleted::<C>(row))),
            Some((_, false)) if happening == Happening::Updated && self.touches(change) => (Happening::Left, None),
            // It is gone altogether, or will have left by a later change.
            None if happening == Happening::Deleted || self.filter.is_none() => (happening, None),
            Some((_, false)) | None => return None,
        };
        let (change_told, asked) = (change.clone(), Arc::clone(&self.asked));
        let changed = Changed { change: change_told, happening, record: record.cloned(), asked };
        Some(Tiding { cursor: batch.cursor_after(change), matter: Matter::Change(Arc::new(changed)) })
    }

    /// Whether a change may have made its record meet the filter no more.
    fn touches(&self, change: &Change) -> bool {
        // Every change does that to these two, and the log does not say so.
        ["version", "updatedAt"].iter().any(|always| self.named.contains(*always))
            || change.changed_fields.iter().any(|column| {
                let relation = column.strip_suffix("_id").map(client_name);
                self.named.contains(&client_name(column)) || relation.is_some_and(|name| self.named.contains(&name))
            })
    }
}

fn is_deleted<C: Collection>(row: &Row<C::Entity>) -> bool {
    let value = C::tombstone().and_then(|tombstone| row.value(tombstone));
    value.is_some_and(|value| value != value.as_null())
}

/// The fields that a filter names, at whatever depth; those of what is related are named too, which does no harm.
fn names(filter: &Value, into: &mut HashSet<String>) {
    match filter {
        Value::List(filters) => filters.iter().for_each(|filter| names(filter, into)),
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(_, value)| **value != Value::Null) {
                into.insert(name.to_string());
                names(value, into);
            }
        }
        _ => {}
    }
}
