use std::io;
use std::time::{Duration, Instant};

use sea_orm::{DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::OwnedSemaphorePermit;

use super::connection::{Connection, db_err, is_refusal};
use super::incarnation::Incarnation;
use super::pool::Pool;
use super::tenant::Tenant;

/// The server ends a statement by itself; only when it does not answer at all does the client give up, this much later.
const GRACE: Duration = Duration::from_secs(1);

/// A connection on loan from its pool.
///
/// From the moment a statement is sent until its answer is complete, and for all of a transaction, the connection's
/// state is in doubt. One that is dropped in that state (the caller was cancelled, or the answer never came) is closed,
/// never reused: neither an open transaction nor a setting can leak into another request.
#[derive(Debug)]
pub(super) struct Lease {
    connection: Option<Connection>,
    pub(super) was_idle: bool,
    in_doubt: bool,
    in_transaction: bool,
    /// Whose rows every statement sees; none where none sees any, or its transaction says whose.
    tenant: Option<Tenant>,
    pool: Pool,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) const fn new(
        connection: Connection,
        was_idle: bool,
        tenant: Option<Tenant>,
        pool: Pool,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let connection = Some(connection);
        Self { connection, was_idle, in_doubt: false, in_transaction: false, tenant, pool, _permit: permit }
    }

    pub(super) async fn query_all(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(async |connection| connection.query_all(statement).await).await
    }

    pub(super) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(async |connection| connection.execute(statement).await).await
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), DbErr> {
        self.run(async |connection| connection.batch(sql).await).await
    }

    /// Several statements without values, in one round trip; the two numbers in each row that comes of them.
    pub(super) async fn batch_numbers(&mut self, sql: &str) -> Result<Vec<(i64, i64)>, DbErr> {
        self.run(async |connection| connection.batch_numbers(sql).await).await
    }

    /// Whether it leads to this incarnation of its node.
    pub(super) fn leads_to(&self, incarnation: &Incarnation) -> bool {
        let birth = self.connection.as_ref().and_then(|connection| connection.birth.as_ref());
        birth.is_none_or(|birth| incarnation.answers(birth))
    }

    /// From here until [`Self::leave_transaction`] the connection goes back to the pool only by leaving.
    pub(super) const fn enter_transaction(&mut self) {
        self.in_transaction = true;
    }

    pub(super) const fn leave_transaction(&mut self) {
        self.in_transaction = false;
    }

    async fn run<T>(&mut self, work: impl AsyncFnOnce(&mut Connection) -> Result<T, sqlx::Error>) -> Result<T, DbErr> {
        let limit = self.pool.limits().query_timeout + GRACE;
        let Some(connection) = self.connection.as_mut() else {
            return Err(DbErr::Custom("a lease was used after its connection was given back".to_owned()));
        };
        let tenant = self.tenant;
        self.in_doubt = true;
        let serve_and_work = async {
            if let Some(tenant) = tenant {
                connection.serve(tenant).await?;
            }
            work(connection).await
        };
        let result = match tokio::time::timeout(limit, serve_and_work).await {
            Ok(result) => result,
            Err(_) => Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into())),
        };
        self.in_doubt = result.as_ref().is_err_and(|error| !is_refusal(error));
        result.map_err(db_err)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.in_doubt || self.in_transaction {
            return;
        }
        if let Some(connection) = self.connection.take() {
            self.pool.give_back(connection, Instant::now());
        }
    }
}
