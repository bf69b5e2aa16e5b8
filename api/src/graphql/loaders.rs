use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use parking_lot::Mutex;
use sea_orm::{EntityTrait, IdenStatic};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::database::Reader;
use crate::error::{Error, Result};
use crate::records::{Collection, Row, find_many};
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

/// A kind of record, and which columns of it. Rows of other columns are other rows: nothing is read that is not shown.
type Kind = (TypeId, Vec<&'static str>);

type ByKey<C> = DataLoader<Batch<C>, HashMapCache>;

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
    ) -> Result<HashMap<Uuid, Row<C::Entity>>, Arc<Error>> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        self.by_key::<C>(columns).load_many(keys).await
    }

    fn by_key<C: Collection>(&self, columns: &[Column<C>]) -> Arc<ByKey<C>> {
        let mut names: Vec<_> = columns.iter().map(IdenStatic::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let new = || Arc::new(self.batches::<C>(columns.to_vec()));
        let known = Arc::clone(self.by_kind.lock().entry((TypeId::of::<C>(), names)).or_insert_with(|| new()));
        known.downcast().unwrap_or_else(|_| new())
    }

    fn batches<C: Collection>(&self, columns: Vec<Column<C>>) -> ByKey<C> {
        let batch = Batch { scope: self.scope.clone(), reader: self.reader.clone(), columns };
        let running = Arc::clone(&self.running);
        let spawn = move |read| drop(running.lock().spawn(read));
        // Whoever asks has all keys of its level already: nobody is waited for.
        let loader = DataLoader::with_cache(batch, spawn, HashMapCache::default()).max_batch_size(1);
        loader.enable_all_cache(self.remembers);
        loader
    }
}

type Column<C> = <<C as crate::criteria::Criteria>::Entity as EntityTrait>::Column;

struct Batch<C: Collection> {
    scope: Scope,
    reader: Reader,
    columns: Vec<Column<C>>,
}

impl<C: Collection> Loader<Uuid> for Batch<C> {
    type Value = Row<C::Entity>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[Uuid]) -> Result<HashMap<Uuid, Self::Value>, Self::Error> {
        let rows = find_many::<C>(&self.scope, &self.reader, keys, &self.columns).await?;
        let keyed = rows.into_iter().map(|row| Ok((C::key_of(&row)?, row)));
        Ok(keyed.collect::<Result<_>>()?)
    }
}
