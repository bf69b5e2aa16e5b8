use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};

use super::Node;
use super::connection::is_refusal;

/// The reads of one request. Every statement is one round trip on a held connection; statements of one request may run
/// side by side.
#[derive(Clone, Debug)]
pub struct Reader {
    node: Arc<Node>,
}

impl Reader {
    pub(super) const fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    /// The node that serves this request, as `host:port`, or `sqlite`.
    #[must_use]
    pub fn served_by(&self) -> &str {
        self.node.address()
    }

    /// A connection that broke while it lay idle is no fault of this request: it is tried once more, on a new one.
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut lease = self.node.reads.acquire().await?;
        let first = lease.query_all(statement.clone()).await;
        match first {
            Err(error) if is_broken(&error) => {
                drop(lease);
                self.node.reads.discard_idle();
                self.node.reads.acquire().await?.query_all(statement).await
            }
            result => result,
        }
    }
}

fn is_broken(error: &DbErr) -> bool {
    match error {
        DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::TimedOut,
            error => !is_refusal(error),
        },
        _ => false,
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.node.backend()
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom("a reader only reads".to_owned()))
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(DbErr::Custom("a reader only reads".to_owned()))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.query(statement).await?.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.query(statement).await
    }
}
