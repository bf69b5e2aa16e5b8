use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sea_orm::{ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};

use crate::deed::Deed;
use crate::error::NOT_FRESH_ENOUGH;

use super::cluster::Inner;
use super::connection::{db_err, is_refusal};
use super::owed::Position;
use super::tenant::Tenant;
use super::{Consistency, Node};

/// How long connecting to one node, or waiting for one of its connections, may take while there are others.
const PER_NODE: Duration = Duration::from_secs(1);
/// How long to pause when every node has been tried.
const PAUSE: Duration = Duration::from_millis(50);

/// The reads of one request. Every statement is one round trip on a held connection; statements of one request may run
/// side by side. A statement that loses its node is run on another, and so are those that follow it.
#[derive(Clone, Debug)]
pub struct Reader {
    cluster: Arc<Inner>,
    tenant: Tenant,
    consistency: Consistency,
    place: Arc<Mutex<Place>>,
    disclosed: Arc<Mutex<Vec<Deed>>>,
}

/// Where a request reads.
#[derive(Debug, Default)]
struct Place {
    node: Option<usize>,
    /// What the request has been shown: another node must have come as far.
    position: u64,
}

impl Reader {
    pub(super) fn new(cluster: Arc<Inner>, tenant: Tenant, consistency: Consistency) -> Self {
        Self { cluster, tenant, consistency, place: Arc::default(), disclosed: Arc::default() }
    }

    /// The node that serves this request, as `host:port`, or `sqlite`; none before the first statement.
    #[must_use]
    pub fn served_by(&self) -> Option<&str> {
        self.place.lock().node.map(|number| self.cluster.nodes[number].address())
    }

    /// How far behind the primary that node was last seen; none when nobody knows.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        let number = self.place.lock().node?;
        let routing = self.cluster.routing.read();
        routing.lags.get(number).map_or(Some(Duration::ZERO), |lag| lag.map(|lag| lag.time))
    }

    /// Whether what is read has to be put on record.
    #[must_use]
    pub fn is_witnessed(&self) -> bool {
        self.cluster.witness.get().is_some()
    }

    /// Notes what was read, to be put on record before any of it is shown.
    pub fn disclose(&self, deeds: impl IntoIterator<Item = Deed>) {
        if self.is_witnessed() {
            self.disclosed.lock().extend(deeds);
        }
    }

    /// What was read and is not on record yet. Whoever takes it must put it there.
    #[must_use]
    pub fn take_disclosed(&self) -> Vec<Deed> {
        std::mem::take(&mut self.disclosed.lock())
    }

    async fn query(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let deadline = Instant::now() + self.patience();
        let mut tried = Vec::new();
        let mut last = None;
        loop {
            let Some(number) = self.choose(&tried) else {
                if Instant::now() + PAUSE >= deadline {
                    return Err(last.unwrap_or_else(|| self.nowhere()));
                }
                tokio::time::sleep(PAUSE).await;
                tried.clear();
                continue;
            };
            match self.attempt(number, statement, deadline).await {
                Err(error) if is_the_nodes(&error) && Instant::now() < deadline => {
                    tried.push(number);
                    last = Some(error);
                }
                result => return result,
            }
        }
    }

    /// Who wants more than some node's answer waits no longer than a write would.
    fn patience(&self) -> Duration {
        let settings = &self.cluster.settings;
        let longest = settings.pool.acquire_timeout;
        if self.is_particular() { settings.primary_timeout.min(longest) } else { longest }
    }

    fn is_particular(&self) -> bool {
        match self.consistency {
            Consistency::Strong => true,
            Consistency::Session => self.cluster.owed.get().is_some(),
            Consistency::Eventual => false,
        }
    }

    fn nowhere(&self) -> DbErr {
        if self.is_particular() && self.cluster.can_serve() {
            DbErr::Custom(NOT_FRESH_ENOUGH.to_owned())
        } else {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
        }
    }

    /// The request's node; another one when that has failed.
    fn choose(&self, tried: &[usize]) -> Option<usize> {
        let mut place = self.place.lock();
        if let Some(number) = place.node.filter(|number| !tried.contains(number)) {
            return Some(number);
        }
        let (mut wanted, mut only_primary) = (Position { timeline: 0, position: place.position }, false);
        match self.consistency {
            Consistency::Strong => only_primary = true,
            Consistency::Session => {
                if let Some(owed) = self.cluster.owed.get() {
                    only_primary = owed.timeline != self.cluster.routing.read().newest_timeline;
                    wanted = Position { timeline: owed.timeline, position: wanted.position.max(owed.position) };
                }
            }
            Consistency::Eventual => {}
        }
        let number = self.cluster.pick(tried, wanted, only_primary)?;
        place.node = Some(number);
        Some(number)
    }

    async fn attempt(
        &self,
        number: usize,
        statement: &Statement,
        deadline: Instant,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let node = &self.cluster.nodes[number];
        let remaining = deadline.saturating_duration_since(Instant::now());
        let patience = if self.cluster.has_other(number) { remaining.min(PER_NODE) } else { remaining };
        node.running.fetch_add(1, Ordering::Relaxed);
        let result = tokio::select! {
            biased;
            result = run(node, self.tenant, statement, patience) => result,
            () = self.abandoned(number) => Err(lost()),
        };
        node.running.fetch_sub(1, Ordering::Relaxed);
        match &result {
            Ok(_) => {
                node.succeeded();
                let mut place = self.place.lock();
                place.position = place.position.max(node.position());
            }
            Err(error) if is_connection_failure(error) => node.failed(),
            Err(_) => {}
        }
        result
    }

    /// Waits until the node is found not to answer while another one could.
    async fn abandoned(&self, number: usize) {
        self.cluster.nodes[number].lost().await;
        while !self.cluster.has_other(number) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// A connection that broke while it lay idle says nothing of its node: that is tried once more, on a new one.
async fn run(
    node: &Node,
    tenant: Tenant,
    statement: &Statement,
    patience: Duration,
) -> Result<Vec<QueryResult>, DbErr> {
    let mut lease = node.reads.acquire(patience, Some(tenant)).await?;
    let was_idle = lease.was_idle;
    match lease.query_all(statement).await {
        Err(error) if was_idle && is_connection_failure(&error) => {
            drop(lease);
            node.reads.discard_idle();
            node.reads.acquire(patience, Some(tenant)).await?.query_all(statement).await
        }
        result => result,
    }
}

/// The error of a statement whose node was given up.
pub(super) fn lost() -> DbErr {
    db_err(sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into()))
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// The connection broke, or could not be made.
pub(super) fn is_connection_failure(error: &DbErr) -> bool {
    match (error, sqlx_error(error)) {
        (DbErr::ConnectionAcquire(_) | DbErr::Conn(_), _) => true,
        (_, Some(sqlx::Error::Io(error))) => error.kind() != std::io::ErrorKind::TimedOut,
        (_, Some(error)) => !is_refusal(error),
        (_, None) => false,
    }
}

/// Whether another node may answer what this one did not: its connection failed, a standby had to choose between the
/// statement and its replay (40001, 40P01), or it has not replayed a migration (42P01, 42703).
fn is_the_nodes(error: &DbErr) -> bool {
    let code = sqlx_error(error)
        .and_then(sqlx::Error::as_database_error)
        .and_then(|error| error.code().map(std::borrow::Cow::into_owned));
    is_connection_failure(error)
        || code.is_some_and(|code| ["40001", "40P01", "42P01", "42703"].contains(&code.as_str()))
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.cluster.nodes[0].backend()
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom("a reader only reads".to_owned()))
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom("a reader only reads".to_owned()))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query(&statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.query(&statement).await
    }
}
