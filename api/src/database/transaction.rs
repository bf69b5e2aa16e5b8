use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::scope::Scope;

use super::cluster::Inner;
use super::lease::Lease;
use super::reader::is_connection_failure;

/// How long connecting to the primary, or waiting for one of its connections, may take before it is looked for anew.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// A transaction on the primary. What is not committed is rolled back: at once by [`Self::rollback`], or by closing the
/// connection when the transaction is dropped, as when its request is cancelled.
#[derive(Debug)]
pub struct Transaction {
    cluster: Arc<Inner>,
    number: usize,
    lease: Mutex<Lease>,
}

impl Transaction {
    pub(super) async fn begin(cluster: &Arc<Inner>, number: usize, scope: &Scope) -> Result<Self> {
        let node = &cluster.nodes[number];
        let opening = opening(node.backend(), scope);
        let pool = &node.writes;
        let patience = if cluster.nodes.len() > 1 { PATIENCE } else { pool.limits().acquire_timeout };
        let mut lease = pool.acquire(patience).await.inspect_err(|_| node.failed())?;
        lease.enter_transaction();
        if let Err(error) = lease.batch(&opening).await {
            if !is_connection_failure(&error) {
                return Err(error.into());
            }
            // Nothing has happened yet: a connection that broke while it lay idle is replaced.
            drop(lease);
            pool.discard_idle();
            lease = pool.acquire(patience).await.inspect_err(|_| node.failed())?;
            lease.enter_transaction();
            lease.batch(&opening).await?;
        }
        Ok(Self { cluster: Arc::clone(cluster), number, lease: Mutex::new(lease) })
    }

    /// Makes the changes last, and seen by later reads of this server's callers.
    ///
    /// # Errors
    /// `OutcomeUnknown` when the connection was lost before the database answered.
    pub async fn commit(self) -> Result<()> {
        let mut lease = self.lease.into_inner();
        // The position is that of what was flushed, this commit included; what others have in flight is not.
        let closing = match self.cluster.nodes[self.number].backend() {
            DbBackend::Sqlite => "DELETE FROM request_context; COMMIT",
            _ => "COMMIT; SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::int8",
        };
        let position = lease.batch_number(closing).await.map_err(|error| {
            if !is_connection_failure(&error) {
                return match Error::from(error) {
                    Error::Timeout => Error::OutcomeUnknown("no answer to COMMIT in time".into()),
                    error => error,
                };
            }
            Error::OutcomeUnknown(Box::new(error))
        })?;
        lease.leave_transaction();
        if let Some(position) = position.and_then(|position| u64::try_from(position).ok()) {
            self.cluster.committed(position);
        }
        Ok(())
    }

    /// Takes back everything since the beginning.
    ///
    /// # Errors
    /// `Interrupted` when the connection was lost, which takes everything back as well.
    pub async fn rollback(self) -> Result<()> {
        let mut lease = self.lease.into_inner();
        lease.batch("ROLLBACK").await?;
        lease.leave_transaction();
        Ok(())
    }
}

/// Opens the transaction and tells the database who acts, for its change log, in one round trip. The values are UUIDs
/// of ours, in their own notation, so there is nothing to escape.
fn opening(backend: DbBackend, scope: &Scope) -> String {
    let (actor, request) = (scope.actor.0, scope.request);
    match backend {
        DbBackend::Sqlite => format!(
            "BEGIN IMMEDIATE; INSERT OR REPLACE INTO request_context (id, actor_id, request_id) VALUES (1, x'{}', x'{}')",
            actor.simple(),
            request.simple()
        ),
        _ => format!("BEGIN; SET LOCAL phr.actor = '{actor}'; SET LOCAL phr.request = '{request}'"),
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.cluster.nodes[self.number].backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.lease.lock().await.execute(&statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let statement = Statement::from_string(self.get_database_backend(), sql);
        self.lease.lock().await.execute(&statement).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.lease.lock().await.query_all(&statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.lease.lock().await.query_all(&statement).await
    }
}
