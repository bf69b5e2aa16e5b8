use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::budget::{Ended, FairQueue, NoPermit, Permit, Spending};
use parking_lot::Mutex;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};

use super::connection::{Cancellation, Connection};
use super::lease::{Lease, why_ended};
use super::target::{Purpose, Target};
use super::tenant::Tenant;

/// From this part of its connections in use a pool counts as exhausted, in percent.
const EXHAUSTED_PERCENT: usize = 95;
/// How long after a warning of exhaustion the next one may come.
const WARNING_PAUSE: Duration = Duration::from_mins(1);

/// Connections at most for what the server reads for itself: who may do what, and what has changed. Neither waits for the
/// other.
const OWN: usize = 2;
/// How long a connection that nobody waits for may take to be made.
const WARMING_PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take to have a statement cancelled; then its connection is just closed.
const CANCELLING_PATIENCE: Duration = Duration::from_secs(1);

/// What a pool may hold, and how long anything may take.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Connections that are opened as soon as the node can be used.
    pub min: usize,
    /// Connections at most.
    pub max: usize,
    /// How long a request waits for a connection in all, connecting included.
    pub acquire_timeout: Duration,
    /// A connection unused for longer is closed instead of used.
    pub idle_timeout: Duration,
    /// A connection older than this is closed instead of reused.
    pub max_age: Duration,
    /// How long one statement may run.
    pub query_timeout: Duration,
}

impl PoolLimits {
    /// The same, for a single connection.
    pub(super) const fn of_one(self) -> Self {
        Self { min: 1, max: 1, ..self }
    }

    /// The same, for a connection that tells within this time whether anything can be read.
    pub(super) const fn of_pings(self, patience: Duration) -> Self {
        Self { min: 0, max: 1, query_timeout: patience, ..self }
    }

    /// The same, for what the server reads for itself.
    pub(super) const fn of_own(self) -> Self {
        Self { min: 0, max: OWN, ..self }
    }
}

/// How a pool is used at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUse {
    /// Connections that are open.
    pub total: usize,
    /// Connections on loan.
    pub active: usize,
    /// Connections at rest.
    pub idle: usize,
    /// Requests that wait for a connection.
    pub waiting: usize,
    /// Connections at most.
    pub max: usize,
}

/// Held connections of one kind to one node. No statement is spent on testing them: a connection whose state is in
/// doubt never comes back here, and one that broke while it lay idle shows at its first use.
#[derive(Clone, Debug)]
pub(super) struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    target: Target,
    purpose: Purpose,
    limits: PoolLimits,
    idle: Mutex<Vec<Idle>>,
    permits: FairQueue,
    /// Through which statements of this pool that nobody waits for any more are cancelled.
    canceller: Option<Pool>,
    /// Milliseconds from `created` to the last warning.
    warned: AtomicU64,
    created: Instant,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    /// `cores` is what the node's processors are taken for.
    pub(super) fn new(
        target: Target,
        purpose: Purpose,
        limits: PoolLimits,
        cores: f64,
        canceller: Option<Self>,
    ) -> Self {
        Self(Arc::new(Inner {
            target,
            purpose,
            limits,
            idle: Mutex::default(),
            permits: FairQueue::new(limits.max, cores),
            canceller,
            warned: AtomicU64::new(0),
            created: Instant::now(),
        }))
    }

    pub(super) fn limits(&self) -> &PoolLimits {
        &self.0.limits
    }

    pub(super) fn usage(&self) -> PoolUse {
        let idle = self.0.idle.lock().len();
        let (active, waiting) = (self.0.permits.held(), self.0.permits.waiting());
        PoolUse { total: idle + active, active, idle, waiting, max: self.0.limits.max }
    }

    /// An idle connection, or a new one, within this time, whose statements see the rows of `tenant`: of those that do so
    /// already, the one used last. It is charged to `spending`, whose caller waits for it in turn; what has none is the
    /// server's own.
    pub(super) async fn acquire(
        &self,
        patience: Duration,
        tenant: Option<Tenant>,
        spending: Option<&Arc<Spending>>,
    ) -> Result<Lease, DbErr> {
        let now = Instant::now();
        if let Some(spending) = spending {
            spending.check(now).map_err(why_ended)?;
        }
        let until = now + patience;
        let permit = match self.0.permits.try_acquire(spending.map(|spending| spending.budget())) {
            Some(permit) => permit,
            None => self.wait(patience, spending.map(AsRef::as_ref)).await?,
        };
        let (connection, was_idle) = if let Some(connection) = self.take_idle(Instant::now(), tenant) {
            (connection, true)
        } else {
            let opened = tokio::time::timeout_at(until.into(), self.open()).await;
            (opened.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))??, false)
        };
        Ok(Lease::new(connection, was_idle, tenant, self.clone(), permit, spending.map(Arc::clone)))
    }

    async fn wait(&self, patience: Duration, spending: Option<&Spending>) -> Result<Permit, DbErr> {
        self.warn_if_exhausted();
        self.0.permits.acquire(spending, patience).await.map_err(|refusal| match refusal {
            NoPermit::Late => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            NoPermit::OverBudget(refusal) => why_ended(Ended::OverBudget(refusal)),
        })
    }

    /// Ends a statement that nobody waits for any more, and then its connection. PostgreSQL would notice only when it next
    /// looks for its client. Its permit is held meanwhile: what still runs counts.
    pub(super) fn cancel(&self, connection: Connection, permit: Permit) {
        let (Some(canceller), Some(cancellation)) = (self.0.canceller.clone(), connection.cancellation()) else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = canceller.carry_out(cancellation).await {
                tracing::debug!(%error, "a statement could not be cancelled: it ends when PostgreSQL misses its client");
            }
            drop((connection, permit));
        });
    }

    async fn carry_out(&self, cancellation: Cancellation) -> Result<(), DbErr> {
        let work = async {
            let mut lease = self.acquire(CANCELLING_PATIENCE, None, None).await?;
            lease.batch(&cancellation.statement()).await
        };
        let late = |_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        tokio::time::timeout(CANCELLING_PATIENCE, work).await.map_err(late)?
    }

    /// Whatever keeps a connection from being made (a wrong password, say) is the node's failure, not the request's.
    async fn open(&self) -> Result<Connection, DbErr> {
        let opened = Connection::open(&self.0.target, self.0.purpose, self.0.limits.query_timeout).await;
        opened.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))
    }

    fn take_idle(&self, now: Instant, tenant: Option<Tenant>) -> Option<Connection> {
        let mut idle = self.0.idle.lock();
        // They lie in the order of their last use.
        let expired = idle.partition_point(|one| now.duration_since(one.since) > self.0.limits.idle_timeout);
        idle.drain(..expired);
        let last = idle.len().checked_sub(1)?;
        let at = match tenant {
            // Where none serves the tenant, the one that was unused for longest changes over.
            Some(tenant) => idle.iter().rposition(|one| one.connection.serves(tenant)).unwrap_or(0),
            None => last,
        };
        Some(idle.remove(at).connection)
    }

    pub(super) fn give_back(&self, connection: Connection, now: Instant) {
        if now.duration_since(connection.opened) <= self.0.limits.max_age {
            self.0.idle.lock().push(Idle { connection, since: now });
        }
    }

    /// Closes every idle connection: one of them turned out to be broken.
    pub(super) fn discard_idle(&self) {
        self.0.idle.lock().clear();
    }

    /// Opens connections in the background until there are as many as there shall be at least.
    pub(super) fn warm(&self) {
        let pool = self.clone();
        tokio::spawn(async move {
            while pool.usage().total < pool.0.limits.min {
                match tokio::time::timeout(WARMING_PATIENCE, pool.open()).await {
                    Ok(Ok(connection)) => pool.give_back(connection, Instant::now()),
                    _ => return,
                }
            }
        });
    }

    fn warn_if_exhausted(&self) {
        let usage = self.usage();
        let is_nobodys = usage.max < 2 || self.0.purpose == Purpose::Own;
        if usage.active * 100 < usage.max * EXHAUSTED_PERCENT || is_nobodys {
            return;
        }
        let now = u64::try_from(self.0.created.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let last = self.0.warned.load(Ordering::Relaxed);
        let is_due = last == 0 || now - last >= u64::try_from(WARNING_PAUSE.as_millis()).unwrap_or(u64::MAX);
        if is_due && self.0.warned.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(
                db.node = ?self.0.target,
                db.pool = ?self.0.purpose,
                db.connections.active = usage.active,
                db.connections.max = usage.max,
                db.connections.waiting = usage.waiting,
                "connection pool exhausted: look for slow statements, add replicas, or raise DB_POOL_MAX (and PostgreSQL's max_connections)"
            );
        }
    }
}
