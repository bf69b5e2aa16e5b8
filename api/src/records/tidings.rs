use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::budget::{FairQueue, Permit, Spending};
use crate::changelog::{Batch, Change};
use crate::error::Result;
use crate::scope::{Boundary, Permissions, Scope};
use crate::task::apart;

use super::tiding::Tiding;

/// How many batches' tidings are kept for who asks for the same ones, and for how long.
const KEPT: u64 = 256;
const KEPT_FOR: Duration = Duration::from_secs(2);
/// How many are made at a time, in turns: when thousands come back at once, each from somewhere else, other reads must not
/// wait for all of them.
const MAKING: usize = 4;
/// How many processors those are taken for, so that half of them may be made for callers in debt.
const CORES: f64 = 4.0;
/// How long one waits to be made: those for callers in debt are refused before, and none takes longer.
const PATIENCE: Duration = Duration::from_mins(10);

/// What is told of batches. It is found out once for all who ask for the same with the same rights, and they share it.
pub(super) struct Tidings<T> {
    kept: Cache<Key, Arc<Kept<T>>>,
    making: FairQueue,
}

impl<T> Clone for Tidings<T> {
    fn clone(&self) -> Self {
        Self { kept: self.kept.clone(), making: self.making.clone() }
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
        Self { kept, making: FairQueue::new(MAKING, CORES) }
    }

    /// What a batch means to who asks this question: made by whoever asks first, and charged to them. A caller in debt
    /// makes it for themselves alone, as others would wait as long as they do.
    ///
    /// # Errors
    /// As what `make` begins; then whoever asks next makes it. `RateLimited` when the caller is in debt for too long.
    pub(super) async fn of<M>(
        &self,
        question: &Arc<str>,
        scope: &Scope,
        spending: Option<Arc<Spending>>,
        batch: &Batch,
        make: impl FnOnce() -> M,
    ) -> Result<Arc<[Arc<Tiding<T>>]>>
    where
        M: Future<Output = Result<Vec<Tiding<T>>>> + Send + 'static,
    {
        let key = Key {
            question: Arc::clone(question),
            boundary: scope.boundary,
            patient: scope.patient,
            permissions: scope.permissions,
            batch: batch.changes.as_ptr().addr(),
        };
        let new = || Arc::new(Kept { _batch: Arc::clone(&batch.changes), told: OnceCell::new() });
        let kept = self.kept.get_with(key, new);
        if let Some(told) = kept.told.get() {
            return Ok(Arc::clone(told));
        }
        let (making, begun) = (self.making.clone(), make());
        apart(async move {
            let is_in_debt = spending.as_ref().is_some_and(|spending| spending.is_in_debt());
            let tell = async {
                let _permit = turn(&making, spending.as_deref()).await?;
                begun.await.map(|tidings| tidings.into_iter().map(Arc::new).collect())
            };
            if is_in_debt { tell.await } else { kept.told.get_or_try_init(|| tell).await.cloned() }
        })
        .await
    }
}

/// Waits until it is the caller's turn.
async fn turn(making: &FairQueue, spending: Option<&Spending>) -> Result<Permit> {
    making.acquire(spending, PATIENCE).await.map_err(Into::into)
}
