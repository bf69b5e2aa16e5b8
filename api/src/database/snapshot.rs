use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Mutex;

use crate::error::Result;
use crate::scope::Scope;

use super::cluster::Inner;
use super::lease::Lease;
use super::tenant::Tenant;

/// Reads that all show the primary's records as they were at one moment, however long they take and whatever is written
/// meanwhile. Its connection is nobody else's until it is finished, or dropped, which closes it.
#[derive(Debug)]
pub struct Snapshot {
    backend: DbBackend,
    lease: Mutex<Lease>,
}

impl Snapshot {
    pub(super) async fn take(cluster: &Arc<Inner>, number: usize, scope: &Scope) -> Result<Self> {
        let node = &cluster.nodes[number];
        let backend = node.backend();
        let patience = node.reads.limits().acquire_timeout;
        let mut lease = node.reads.acquire(patience, Some(Tenant::of(scope)), None).await?;
        lease.enter_transaction();
        lease.batch(opening(backend)).await?;
        Ok(Self { backend, lease: Mutex::new(lease) })
    }

    /// Lets the moment go, and the connection.
    ///
    /// # Errors
    /// `Interrupted` when the connection was lost.
    pub async fn finish(self) -> Result<()> {
        let mut lease = self.lease.into_inner();
        lease.batch("ROLLBACK").await?;
        lease.leave_transaction();
        Ok(())
    }
}

/// The moment is that of the first read. SQLite has a file's readers see one state from then on.
const fn opening(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "BEGIN",
        _ => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Snapshot {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom("a snapshot only reads".to_owned()))
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom("a snapshot only reads".to_owned()))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.lease.lock().await.query_all(&statement).await
    }
}
