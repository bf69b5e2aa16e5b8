use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex as Lock;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Mutex;

use crate::budget::Spending;
use crate::deed::{Deed, Outcome, united};
use crate::error::{Error, Result};
use crate::scope::{Boundary, Scope};

use super::Node;
use super::cluster::Inner;
use super::lease::Lease;
use super::owed::Position;
use super::pool::Pool;
use super::reader::{is_connection_failure, lost};
use super::receipt::Receipt;
use super::tenant::Tenant;

/// How long connecting to the primary, or waiting for one of its connections, may take before it is looked for anew.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells the position that this commit lies beyond, commits, and tells the timeline and the position of what was flushed,
/// this commit included; what others have in flight is not. Where an operator lets PostgreSQL acknowledge before it flushes,
/// it is the position of what was inserted. The timeline is the committing server's own: it may be a primary that has been
/// replaced without knowing it.
const CLOSE_POSTGRES: &str = "SELECT 0::int8, (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::int8; COMMIT; \
    SELECT ('x' || substr(pg_walfile_name(place), 1, 8))::bit(32)::int8, (place - '0/0'::pg_lsn)::int8 \
    FROM (SELECT CASE current_setting('synchronous_commit') WHEN 'off' \
        THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END AS place) AS log";
/// Commits, and tells the number of the last change that was ever logged.
const CLOSE_SQLITE: &str = "DELETE FROM request_context; \
    SELECT 0, coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'change_log'; COMMIT";

/// A transaction on the primary. What is not committed is rolled back: at once by [`Self::rollback`], or by closing the
/// connection when the transaction is dropped, as when its request is cancelled.
#[derive(Debug)]
pub struct Transaction {
    cluster: Arc<Inner>,
    number: usize,
    lease: Mutex<Lease>,
    scope: Scope,
    deeds: Lock<Vec<Deed>>,
    asked: Lock<Vec<Deed>>,
    receipt: Arc<Receipt>,
}

impl Transaction {
    pub(super) async fn begin(
        cluster: &Arc<Inner>,
        number: usize,
        scope: &Scope,
        boundary: Boundary,
        receipt: Arc<Receipt>,
        spending: Option<Arc<Spending>>,
    ) -> Result<Self> {
        let node = &cluster.nodes[number];
        let pool = &node.writes;
        let patience = if cluster.nodes.len() > 1 { PATIENCE } else { pool.limits().acquire_timeout };
        let opening = opening(node.backend(), &Scope { boundary, ..scope.clone() });
        let opened = unless_lost(node, async {
            match open(pool, patience, &opening, spending.as_ref()).await {
                // Nothing has happened yet: a connection that broke while it lay idle is replaced.
                Err(error) if is_connection_failure(&error) => {
                    pool.discard_idle();
                    open(pool, patience, &opening, spending.as_ref()).await
                }
                result => result,
            }
        });
        let lease = opened.await.inspect_err(|error| {
            if is_connection_failure(error) {
                node.failed();
            }
        })?;
        node.succeeded();
        Ok(Self {
            cluster: Arc::clone(cluster),
            number,
            lease: Mutex::new(lease),
            scope: scope.clone(),
            deeds: Lock::default(),
            asked: Lock::default(),
            receipt,
        })
    }

    fn node(&self) -> &Node {
        &self.cluster.nodes[self.number]
    }

    /// Notes what the transaction does to a record, to be put on record before it is committed.
    pub fn note(&self, deed: Deed) {
        if self.cluster.witness.get().is_some() {
            self.deeds.lock().push(deed);
        }
    }

    /// Notes what decided whether something is done, or how it is refused: it is put on record when the transaction ends, in
    /// either way, before anybody is told of it.
    pub fn ask(&self, deed: Deed) {
        if self.cluster.witness.get().is_some() {
            self.asked.lock().push(deed);
        }
    }

    async fn record_asked(&self) -> Result<()> {
        let asked = std::mem::take(&mut *self.asked.lock());
        match self.cluster.witness.get() {
            Some(witness) if !asked.is_empty() => {
                let asked = united(asked, &[]).into_iter().map(|deed| (deed, Outcome::Succeeded)).collect();
                witness.record(&self.scope, asked).await
            }
            _ => Ok(()),
        }
    }

    /// Makes the changes last, and seen by later reads of this server's callers. Once begun, it is carried to its end
    /// whether or not the caller still waits, so that what became of it is put on record.
    ///
    /// # Errors
    /// `OutcomeUnknown` when the connection was lost before the database answered. `Unrecorded` when the change cannot be
    /// put on record: it was rolled back.
    pub async fn commit(self) -> Result<()> {
        self.receipt.begin();
        self.record_asked().await?;
        let Some(witness) = self.cluster.witness.get().map(Arc::clone) else { return self.close().await };
        let deeds = std::mem::take(&mut *self.deeds.lock());
        if deeds.is_empty() {
            return self.close().await;
        }
        let concluded = tokio::spawn(async move {
            let scope = self.scope.clone();
            let intent = match witness.intend(&scope, &deeds).await {
                Ok(intent) => intent,
                Err(error) => {
                    self.rollback().await.ok();
                    return Err(error);
                }
            };
            let result = self.close().await;
            witness.settle(&scope, deeds, intent, outcome(&result)).await;
            result
        });
        // A panic tells nothing of what became of the commit.
        concluded.await.unwrap_or_else(|panic| Err(Error::OutcomeUnknown(Box::new(panic))))
    }

    async fn close(self) -> Result<()> {
        let mut lease = self.lease.into_inner();
        let closing = match self.cluster.nodes[self.number].backend() {
            DbBackend::Sqlite => CLOSE_SQLITE,
            _ => CLOSE_POSTGRES,
        };
        let node = &self.cluster.nodes[self.number];
        // What was sent to be committed may be committed: the answer is worth waiting for, longer than for others.
        let given_up = async {
            node.lost().await;
            tokio::time::sleep(self.cluster.settings.primary_timeout).await;
        };
        let answer = tokio::select! {
            biased;
            answer = lease.commit(closing) => answer,
            () = given_up => Err(lost()),
        };
        let places = answer.map_err(|error| {
            if !is_connection_failure(&error) {
                return match Error::from(error) {
                    Error::Timeout => Error::OutcomeUnknown("no answer to COMMIT in time".into()),
                    error => error,
                };
            }
            Error::OutcomeUnknown(Box::new(error))
        })?;
        lease.leave_transaction();
        if let (Some((_, floor)), Some((timeline, position))) = (places.first(), places.last())
            && let (Ok(floor), Ok(timeline), Ok(position)) =
                (u64::try_from(*floor), u32::try_from(*timeline), u64::try_from(*position))
        {
            self.cluster.committed(self.number, Position { timeline, position }, floor, &self.receipt);
        }
        Ok(())
    }

    /// Takes back everything since the beginning.
    ///
    /// # Errors
    /// `Interrupted` when the connection was lost, which takes everything back as well. `Unrecorded` when what was asked cannot
    /// be put on record: then nothing of it may be told.
    pub async fn rollback(self) -> Result<()> {
        self.record_asked().await?;
        let node = &self.cluster.nodes[self.number];
        let mut lease = self.lease.into_inner();
        unless_lost(node, lease.batch("ROLLBACK")).await?;
        lease.leave_transaction();
        Ok(())
    }
}

const fn outcome(result: &Result<()>) -> Outcome {
    match result {
        Ok(()) => Outcome::Succeeded,
        Err(Error::OutcomeUnknown(_)) => Outcome::Unknown,
        Err(_) => Outcome::Failed,
    }
}

async fn open(
    pool: &Pool,
    patience: Duration,
    opening: &str,
    spending: Option<&Arc<Spending>>,
) -> Result<Lease, DbErr> {
    let mut lease = pool.acquire(patience, None, spending).await?;
    lease.enter_transaction();
    lease.batch(opening).await?;
    Ok(lease)
}

/// Carries out what is not a commit, unless the node stops answering: then the connection is given up, and with it
/// everything that was not committed.
async fn unless_lost<T>(node: &Node, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    tokio::select! {
        biased;
        result = work => result,
        () = node.lost() => Err(lost()),
    }
}

/// Opens the transaction and tells the database who acts, for its change log, and for whose rows, in one round trip. The
/// values are UUIDs of ours, in their own notation, so there is nothing to escape.
fn opening(backend: DbBackend, scope: &Scope) -> String {
    let (actor, request, tenant) = (scope.actor.0, scope.request, Tenant::of(scope).for_transaction());
    if backend == DbBackend::Sqlite {
        return format!(
            "BEGIN IMMEDIATE; INSERT OR REPLACE INTO request_context (id, actor_id, request_id) VALUES (1, x'{}', x'{}')",
            actor.simple(),
            request.simple()
        );
    }
    let session = scope.session.map(|session| session.to_string()).unwrap_or_default();
    format!(
        "BEGIN; SET LOCAL phr.actor = '{actor}'; SET LOCAL phr.request = '{request}'; \
         SET LOCAL phr.session = '{session}'; {tenant}"
    )
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.cluster.nodes[self.number].backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut lease = self.lease.lock().await;
        unless_lost(self.node(), lease.execute(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(self.get_database_backend(), sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut lease = self.lease.lock().await;
        unless_lost(self.node(), lease.query_all(&statement)).await
    }
}
