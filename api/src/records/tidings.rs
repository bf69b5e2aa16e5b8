use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::{OnceCell, Semaphore};
use uuid::Uuid;

use crate::changelog::{Batch, Change};
use crate::error::Result;
use crate::scope::{Boundary, Permissions, Scope};

use super::tiding::Tiding;

/// How many batches' tidings are kept for who asks for the same ones, and for how long.
const KEPT: u64 = 256;
const KEPT_FOR: Duration = Duration::from_secs(2);
/// How many are made at a time: when thousands come back at once, each from somewhere else, other reads must not wait for
/// all of them.
const MAKING: usize = 4;

/// What is told of batches. It is found out once for all who ask for the same with the same rights, and they share it.
pub(super) struct Tidings<T> {
    kept: Cache<Key, Arc<Kept<T>>>,
    making: Arc<Semaphore>,
}

impl<T> Clone for Tidings<T> {
    fn clone(&self) -> Self {
        Self { kept: self.kept.clone(), making: Arc::clone(&self.making) }
    }
}

impl<T> fmt::Debug for Tidings<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tidings")
    }
}

/// What tells what somebody is told of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    question: Arc<str>,
    boundary: Boundary,
    patient: Option<Uuid>,
    permissions: Permissions,
    /// Where the batch is, which stays there for as long as its tidings are kept.
    batch: usize,
}

struct Kept<T> {
    _batch: Arc<[Change]>,
    told: OnceCell<Arc<[Arc<Tiding<T>>]>>,
}

impl<T: Send + Sync + 'static> Tidings<T> {
    pub(super) fn new() -> Self {
        // The newest are asked for most, however often older ones were.
        let builder = Cache::builder().eviction_policy(EvictionPolicy::lru());
        let kept = builder.max_capacity(KEPT).time_to_live(KEPT_FOR).build();
        Self { kept, making: Arc::new(Semaphore::new(MAKING)) }
    }

    /// What a batch means to who asks this question: made by whoever asks first.
    ///
    /// # Errors
    /// As `make`; then whoever asks next makes it.
    pub(super) async fn of(
        &self,
        question: &Arc<str>,
        scope: &Scope,
        batch: &Batch,
        make: impl Future<Output = Result<Vec<Tiding<T>>>>,
    ) -> Result<Arc<[Arc<Tiding<T>>]>> {
        let key = Key {
            question: Arc::clone(question),
            boundary: scope.boundary,
            patient: scope.patient,
            permissions: scope.permissions,
            batch: batch.changes.as_ptr().addr(),
        };
        let new = || Arc::new(Kept { _batch: Arc::clone(&batch.changes), told: OnceCell::new() });
        let kept = self.kept.get_with(key, new);
        let made = async {
            let _permit = self.making.acquire().await;
            make.await.map(|tidings| tidings.into_iter().map(Arc::new).collect())
        };
        kept.told.get_or_try_init(|| made).await.cloned()
    }
}
