use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use tokio::sync::Semaphore;

use super::connection::Connection;
use super::lease::Lease;
use super::target::{Purpose, Target};

/// What a pool may hold, and how long anything may take.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Connections at most.
    pub max: usize,
    /// How long a request waits for a connection, connecting included.
    pub acquire_timeout: Duration,
    /// A connection unused for longer is closed instead of used.
    pub idle_timeout: Duration,
    /// A connection older than this is closed instead of reused.
    pub max_age: Duration,
    /// How long one statement may run.
    pub query_timeout: Duration,
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
    permits: Arc<Semaphore>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(super) fn new(target: Target, purpose: Purpose, limits: PoolLimits) -> Self {
        let permits = Arc::new(Semaphore::new(limits.max));
        Self(Arc::new(Inner { target, purpose, limits, idle: Mutex::default(), permits }))
    }

    pub(super) fn limits(&self) -> &PoolLimits {
        &self.0.limits
    }

    /// The connection used last, or a new one.
    pub(super) async fn acquire(&self) -> Result<Lease, DbErr> {
        tokio::time::timeout(self.0.limits.acquire_timeout, self.wait_and_open())
            .await
            .map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?
    }

    async fn wait_and_open(&self) -> Result<Lease, DbErr> {
        let permit = Arc::clone(&self.0.permits)
            .acquire_owned()
            .await
            .map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?;
        if let Some(connection) = self.take_idle(Instant::now()) {
            return Ok(Lease::new(connection, self.clone(), permit));
        }
        let opened = Connection::open(&self.0.target, self.0.purpose, self.0.limits.query_timeout).await;
        let connection = opened.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
        Ok(Lease::new(connection, self.clone(), permit))
    }

    fn take_idle(&self, now: Instant) -> Option<Connection> {
        let mut idle = self.0.idle.lock();
        let found = idle.pop()?;
        if now.duration_since(found.since) <= self.0.limits.idle_timeout {
            return Some(found.connection);
        }
        // The most recently used one has expired, so all of them have.
        idle.clear();
        None
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
}
