use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::scope::Scope;

use super::Node;
use super::lease::Lease;

/// A transaction on the primary. What is not committed is rolled back: at once by [`Self::rollback`], or by closing the
/// connection when the transaction is dropped, as when its request is cancelled.
#[derive(Debug)]
pub struct Transaction {
    backend: DbBackend,
    lease: Mutex<Lease>,
}

impl Transaction {
    pub(super) async fn begin(node: &Node, scope: &Scope) -> Result<Self> {
        let backend = node.backend();
        let opening = opening(backend, scope);
        let mut lease = node.writes.acquire().await?;
        lease.enter_transaction();
        if lease.batch(&opening).await.is_err() {
            // Nothing has happened yet: a connection that broke while it lay idle is replaced.
            drop(lease);
            node.writes.discard_idle();
            lease = node.writes.acquire().await?;
            lease.enter_transaction();
            lease.batch(&opening).await?;
        }
        Ok(Self { backend, lease: Mutex::new(lease) })
    }

    /// # Errors
    /// `OutcomeUnknown` when the connection was lost before the database answered.
    pub async fn commit(self) -> Result<()> {
        let mut lease = self.lease.into_inner();
        let closing = match self.backend {
            DbBackend::Sqlite => "DELETE FROM request_context; COMMIT",
            _ => "COMMIT",
        };
        lease.batch(closing).await.map_err(|error| match Error::from(error) {
            Error::Unavailable(source) => Error::OutcomeUnknown(source),
            Error::Timeout => Error::OutcomeUnknown("no answer to COMMIT in time".into()),
            error => error,
        })?;
        lease.leave_transaction();
        Ok(())
    }

    /// Takes back everything since the beginning.
    ///
    /// # Errors
    /// `Unavailable` when the connection was lost, which takes everything back as well.
    pub async fn rollback(self) -> Result<()> {
        let mut lease = self.lease.into_inner();
        lease.batch("ROLLBACK").await?;
        lease.leave_transaction();
        Ok(())
    }
}

/// Opens the transaction and tells the database who acts, for its change log, in one round trip. The values are UUIDs
/// and numbers of ours, in their own notation, so there is nothing to escape.
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
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.lease.lock().await.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.lease.lock().await.execute(Statement::from_string(self.backend, sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.lease.lock().await.query_all(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.lease.lock().await.query_all(statement).await
    }
}
