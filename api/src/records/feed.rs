//! What happens to records, told to those who may see it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{InputType, Value};
use futures_util::stream::{self, Stream};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityName, Iterable};
use uuid::Uuid;

use crate::budget::{Budget, Spending};
use crate::changelog::{self, Batch, Change, Cursor, Relay};
use crate::criteria::{Criteria, Filter, Translation, client_name};
use crate::database::{Cluster, Consistency};
use crate::deed::Outcome;
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::collection::{Collection, Column, query_of};
use super::disclosure::{Asked, Disclosure, Terms, named};
use super::listing::given;
use super::row::{Plan, Row};
use super::tiding::is_visible;
pub use super::tiding::{Changed, Happening, Matter, Tiding};
use super::tidings::Tidings;

/// How long to wait before what failed is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Follows one kind of record for any number of callers. What of a batch's records a filter lets through is found out by
/// one statement for all who ask with the same filter and the same rights.
pub struct Feed<C: Collection> {
    relay: Relay,
    cluster: Cluster,
    tidings: Tidings<Option<Row<C::Entity>>>,
    /// To whom it is charged what is looked up; none where to nobody.
    budget: Option<Budget>,
}

impl<C: Collection> Clone for Feed<C> {
    fn clone(&self) -> Self {
        let (relay, cluster, tidings) = (self.relay.clone(), self.cluster.clone(), self.tidings.clone());
        Self { relay, cluster, tidings, budget: self.budget.clone() }
    }
}

/// The records of a batch, as they are now: each with whether it meets the filter.
type Sight<C> = HashMap<Uuid, (Row<<C as Criteria>::Entity>, bool)>;

/// What a register's followers are told.
type Told<C> = Tiding<Option<Row<<C as Criteria>::Entity>>>;

/// Who follows.
struct Follower<C: Collection> {
    wish: Arc<Wish<C>>,
    log: changelog::Subscription,
    waiting: VecDeque<Arc<Told<C>>>,
}

/// What somebody follows.
struct Wish<C: Collection> {
    feed: Feed<C>,
    scope: Scope,
    filter: Option<C::Filter>,
    text: Arc<str>,
    /// The fields that the filter names.
    named: HashSet<String>,
    /// The columns that it asks by.
    asked: Arc<[Cow<'static, str>]>,
}

impl<C: Collection> Feed<C> {
    /// Tells of what a relay brings.
    #[must_use]
    pub fn new(relay: Relay, cluster: Cluster) -> Self {
        Self { relay, cluster, tidings: Tidings::new(), budget: None }
    }

    /// The same, for one caller, to whose budget it is charged what is looked up for them.
    #[must_use]
    pub(super) fn charged_to(self, budget: Budget) -> Self {
        Self { budget: Some(budget), ..self }
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
    ) -> Result<impl Stream<Item = Result<Arc<Tiding<Option<Row<C::Entity>>>>>> + Send + use<C>> {
        C::permit(scope)?;
        let (mut named, mut text) = (HashSet::new(), String::new());
        let mut translation = Translation::new(self.cluster.backend(), scope);
        if let Some(filter) = &filter {
            filter.condition(&mut translation).map_err(|error| error.at(&["filter"]))?;
            let value = filter.to_value();
            text = value.to_string();
            names(&value, &mut named);
        }
        let asked = translation.asked(C::Entity::default().table_name()).into();
        self.record(scope, filter.as_ref(), translation).await?;
        let log = self.relay.subscribe(after.clone()).await?.charged_to(self.budget.clone());
        let waiting = Tiding::first(after.as_ref(), &log).into_iter().collect();
        let (feed, scope, text) = (self.clone(), scope.clone(), text.into());
        let wish = Arc::new(Wish { feed, scope, filter, text, named, asked });
        let follower = Follower { wish, log, waiting };
        Ok(stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            let told = follower.next().await;
            let is_over = told.is_err();
            Some((told, Some(follower).filter(|_| !is_over)))
        }))
    }
}

impl<C: Collection> Feed<C> {
    /// Puts the filter on record: whatever happens, whether it is told tells of what the filter asks for.
    async fn record(&self, scope: &Scope, filter: Option<&C::Filter>, translation: Translation<'_>) -> Result<()> {
        let table = C::Entity::default().table_name().to_owned();
        let fields = translation.asked(&table);
        let Some(filter) = filter.filter(|_| !fields.is_empty() && C::disclosure() != Disclosure::Nothing) else {
            return Ok(());
        };
        let Terms { operators, named: by, .. } = Terms::of(translation, &table);
        let reader = self.cluster.read(scope, Consistency::default());
        if !reader.is_witnessed() {
            return Ok(());
        }
        let named = named(scope, &reader, &by, &[]).await?;
        let arguments = serde_json::json!({ "filter": given(filter.to_value()) }).to_string();
        let asked = Asked { resource: C::NAME.into(), fields, operators, named, arguments, ..Asked::default() };
        let deeds = asked.deeds(scope).into_iter().map(|deed| (deed, Outcome::Succeeded)).collect();
        self.cluster.record(scope, deeds).await
    }
}

impl<C: Collection> Follower<C> {
    async fn next(&mut self) -> Result<Arc<Told<C>>> {
        loop {
            if let Some(tiding) = self.waiting.pop_front() {
                return Ok(tiding);
            }
            let batch = self.log.next().await?;
            if let Some(gap) = batch.gap {
                return Ok(Arc::new(Tiding { cursor: batch.cursor, matter: Matter::Gap(gap) }));
            }
            if batch.changes.iter().any(|change| self.wish.is_concerned(change)) {
                let Wish { feed, text, scope, .. } = &*self.wish;
                let spending = feed.budget.as_ref().map(Budget::spending);
                let make = || {
                    let (wish, batch, spending) = (Arc::clone(&self.wish), batch.clone(), spending.clone());
                    async move { wish.tidings(&batch, spending).await }
                };
                let told = feed.tidings.of(text, scope, spending.clone(), &batch, make).await?;
                self.waiting.extend(told.iter().cloned());
            }
        }
    }
}

impl<C: Collection> Wish<C> {
    fn is_concerned(&self, change: &Change) -> bool {
        change.entity == C::NAME && change.concerns(&self.scope) && is_visible::<C>(change, &self.scope)
    }

    /// What a batch means: its records are looked at until a primary can be read.
    async fn tidings(&self, batch: &Batch, spending: Option<Arc<Spending>>) -> Result<Vec<Told<C>>> {
        let changes = || batch.changes.iter().filter(|change| self.is_concerned(change));
        let keys: HashSet<Uuid> = changes().map(|change| change.key).collect();
        let cluster = self.feed.cluster.clone();
        let cluster = if let Some(spending) = spending { cluster.charged_to(spending) } else { cluster };
        loop {
            match self.look(&cluster, &keys).await {
                Ok(sight) => return Ok(changes().filter_map(|change| self.tell(batch, change, &sight)).collect()),
                Err(Error::Unavailable(_) | Error::Interrupted(_) | Error::Consistency | Error::Timeout) => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Deleted records too: whether one met the filter is asked after it was deleted.
    async fn look(&self, cluster: &Cluster, keys: &HashSet<Uuid>) -> Result<Sight<C>> {
        let reader = cluster.read(&self.scope, Consistency::Strong);
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
        Ok(sight)
    }

    fn tell(&self, batch: &Batch, change: &Change, sight: &Sight<C>) -> Option<Told<C>> {
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
