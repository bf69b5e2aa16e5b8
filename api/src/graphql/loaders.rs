use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use async_graphql::{Name, Value};
use parking_lot::Mutex;
use sea_orm::{EntityTrait, IdenStatic};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::database::Reader;
use crate::error::{Error, Result};
use crate::records::{Collection, Joins, Listing, Nested, Row, Wanted, find_many, list_nested};
use crate::scope::Scope;

/// Reads records by key, and remembers them for the rest of the request. One set for each request: what one caller may
/// see is never handed to another.
pub(super) struct Loaders {
    scope: Scope,
    reader: Reader,
    remembers: bool,
    by_kind: Mutex<HashMap<Kind, Arc<dyn Any + Send + Sync>>>,
    /// The reads that are under way. They are given up with the request, as everything else of it is.
    running: Arc<Mutex<JoinSet<()>>>,
}

/// What is loaded: which loader's it is, and which columns. Rows of other columns are other rows: nothing is read that is
/// not shown.
type Kind = (TypeId, Vec<&'static str>, Option<List>);

/// The lists of what belongs to several records: by which column, asked for how, and what of them.
type List = (&'static str, String, Wanted);

impl std::fmt::Debug for Loaders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loaders")
    }
}

impl Loaders {
    pub(super) fn new(scope: Scope, reader: Reader) -> Self {
        Self { scope, reader, remembers: true, by_kind: Mutex::default(), running: Arc::default() }
    }

    /// For a mutation, each field of which may change what an earlier one has read.
    pub(super) fn forgetful(scope: Scope, reader: Reader) -> Self {
        Self { remembers: false, ..Self::new(scope, reader) }
    }

    /// The records with these keys, those that are not known yet in one statement.
    pub(super) async fn load<C: Collection>(
        &self,
        keys: Vec<Uuid>,
        columns: &[Column<C>],
        joins: impl Fn() -> Joins,
    ) -> Result<HashMap<Uuid, Row<C::Entity>>, Arc<Error>> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        self.rows::<C>(columns, joins).load_many(keys).await
    }

    /// What reads these columns, and along with them what `joins` says.
    pub(super) fn rows<C: Collection>(&self, columns: &[Column<C>], joins: impl Fn() -> Joins) -> Batches<Rows<C>> {
        let (scope, reader) = (&self.scope, &self.reader);
        let rows =
            || Rows::<C> { scope: scope.clone(), reader: reader.clone(), columns: columns.to_vec(), joins: joins() };
        self.loader((TypeId::of::<Rows<C>>(), names::<C>(columns), None), rows)
    }

    /// Whether what was read is found again.
    pub(super) const fn remembers(&self) -> bool {
        self.remembers
    }

    /// The lists of what belongs to the records with these keys, as `arguments` ask for them; those that are not known
    /// yet in one statement.
    pub(super) async fn lists<C: Collection>(
        &self,
        nested: Nested<C>,
        arguments: &[(Name, Value)],
        keys: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, Arc<Listing<C>>>, Arc<Error>> {
        let arguments = arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ");
        let list = (nested.by.as_str(), arguments, nested.query.wanted);
        let kind = (TypeId::of::<Pages<C>>(), names::<C>(&nested.query.columns), Some(list));
        let nested = Arc::new(nested);
        let pages = || Pages { scope: self.scope.clone(), reader: self.reader.clone(), nested: Arc::clone(&nested) };
        self.loader(kind, pages).load_many(keys).await
    }

    fn loader<L: Loader<Uuid>>(&self, kind: Kind, load: impl Fn() -> L) -> Batches<L> {
        if let Some(known) = self.by_kind.lock().get(&kind).cloned().and_then(|known| known.downcast().ok()) {
            return known;
        }
        // Made while nothing is locked: what it reads along is kept by other loaders of these.
        let new = Arc::new(self.batches(load()));
        let any: Arc<dyn Any + Send + Sync> = Arc::clone(&new) as _;
        let known = Arc::clone(self.by_kind.lock().entry(kind).or_insert(any));
        known.downcast().unwrap_or(new)
    }

    fn batches<L: Loader<Uuid>>(&self, load: L) -> DataLoader<L, HashMapCache> {
        let running = Arc::clone(&self.running);
        let spawn = move |read| drop(running.lock().spawn(read));
        // Whoever asks has all keys of its level already: nobody is waited for.
        let loader = DataLoader::with_cache(load, spawn, HashMapCache::default()).max_batch_size(1);
        loader.enable_all_cache(self.remembers);
        loader
    }
}

/// What reads records of one kind, and knows those that were read.
pub(super) type Batches<L> = Arc<DataLoader<L, HashMapCache>>;

type Column<C> = <<C as crate::criteria::Criteria>::Entity as EntityTrait>::Column;

fn names<C: Collection>(columns: &[Column<C>]) -> Vec<&'static str> {
    let mut names: Vec<_> = columns.iter().map(IdenStatic::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}

pub(super) struct Rows<C: Collection> {
    scope: Scope,
    reader: Reader,
    columns: Vec<Column<C>>,
    joins: Joins,
}

impl<C: Collection> Loader<Uuid> for Rows<C> {
    type Value = Row<C::Entity>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>, Self::Error> {
        let rows = find_many::<C>(&self.scope, &self.reader, keys, &self.columns, &self.joins).await?;
        let keyed = rows.into_iter().map(|row| Ok((C::key_of(&row)?, row)));
        Ok(keyed.collect::<Result<_>>()?)
    }
}

struct Pages<C: Collection> {
    scope: Scope,
    reader: Reader,
    nested: Arc<Nested<C>>,
}

impl<C: Collection> Loader<Uuid> for Pages<C> {
    type Value = Arc<Listing<C>>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>, Self::Error> {
        let listings = list_nested(&self.scope, &self.reader, &self.nested, keys).await?;
        Ok(listings.into_iter().map(|(key, listing)| (key, Arc::new(listing))).collect())
    }
}
