use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row, SqliteConnection};

use crate::error::Error;

use super::rows::collected;
use super::target::{Purpose, Target, postgres_options, sqlite_options};
use super::tenant::Tenant;
use super::values::for_sqlite;

/// How many virtual machine steps SQLite takes between two looks at whether it should stop: well under a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// What a connection's node told of itself first.
const BIRTH: &str = "SELECT pg_postmaster_start_time(), \
    (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::int8, \
    pg_backend_pid()";

/// Where a connection leads, and when it was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Birth {
    /// When the node's server process started.
    pub(super) started: DateTime<Utc>,
    pub(super) at: Instant,
    /// The node's log position then.
    pub(super) position: u64,
    /// The process that serves the connection.
    pub(super) process: i32,
}

/// How the statement that a connection to PostgreSQL runs is ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cancellation {
    process: i32,
}

impl Cancellation {
    /// What does it, on another connection of the same login: not as the server's role, which may not.
    pub(super) fn statement(self) -> String {
        format!("BEGIN; SET LOCAL ROLE NONE; SELECT pg_cancel_backend({}); COMMIT", self.process)
    }
}

/// One connection to one database.
#[derive(Debug)]
pub(super) struct Connection {
    raw: Raw,
    pub(super) opened: Instant,
    /// Of connections to PostgreSQL.
    pub(super) birth: Option<Birth>,
    /// Whose rows PostgreSQL shows on it; none as long as nobody's.
    tenant: Option<Tenant>,
}

#[derive(Debug)]
enum Raw {
    Postgres(Box<PgConnection>),
    Sqlite { connection: Box<SqliteConnection>, _interrupt: Interrupt },
}

/// Stops a running SQLite statement when the connection is dropped. PostgreSQL's are cancelled: see [`Cancellation`].
#[derive(Debug)]
struct Interrupt(Arc<AtomicBool>);

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Birth {
    async fn of(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let at = Instant::now();
        // By the simple protocol, for a statement that never comes again.
        let row = sqlx::raw_sql(BIRTH).fetch_one(connection).await?;
        let position: Option<i64> = row.try_get(1)?;
        let position = position.and_then(|position| u64::try_from(position).ok()).unwrap_or_default();
        Ok(Self { started: row.try_get(0)?, at, position, process: row.try_get(2)? })
    }
}

impl Connection {
    pub(super) async fn open(target: &Target, purpose: Purpose, query_timeout: Duration) -> Result<Self, sqlx::Error> {
        let opened = Instant::now();
        let mut birth = None;
        let raw = match target {
            Target::Postgres(options) => {
                let options = postgres_options(options, purpose, query_timeout).disable_statement_logging();
                let mut connection = options.connect().await?;
                birth = Some(Birth::of(&mut connection).await?);
                Raw::Postgres(Box::new(connection))
            }
            Target::Sqlite(path) => {
                let options = sqlite_options(path, purpose, query_timeout).disable_statement_logging();
                let mut connection = options.connect().await?;
                let stop = Arc::new(AtomicBool::new(false));
                let stopped = Arc::clone(&stop);
                connection
                    .lock_handle()
                    .await?
                    .set_progress_handler(STEPS_BETWEEN_LOOKS, move || !stopped.load(Ordering::Relaxed));
                Raw::Sqlite { connection: Box::new(connection), _interrupt: Interrupt(stop) }
            }
        };
        Ok(Self { raw, opened, birth, tenant: None })
    }

    /// How the statement that it runs is ended; none for an SQLite file, whose statements end with their connection.
    pub(super) fn cancellation(&self) -> Option<Cancellation> {
        self.birth.map(|birth| Cancellation { process: birth.process })
    }

    /// Whether it shows this tenant's rows as it is. An SQLite file knows no tenants.
    pub(super) fn serves(&self, tenant: Tenant) -> bool {
        matches!(self.raw, Raw::Sqlite { .. }) || self.tenant == Some(tenant)
    }

    /// Shows this tenant's rows from now on; a round trip, unless it does so already.
    pub(super) async fn serve(&mut self, tenant: Tenant) -> Result<(), sqlx::Error> {
        if !self.serves(tenant) {
            self.tenant = None;
            self.batch(&tenant.for_session()).await?;
            self.tenant = Some(tenant);
        }
        Ok(())
    }

    /// Reads a statement's rows, and tells `count` of their bytes; the inner error is its.
    pub(super) async fn query_all(
        &mut self,
        statement: &Statement,
        count: impl Fn(usize) -> Result<(), Error>,
    ) -> Result<Result<Vec<QueryResult>, Error>, sqlx::Error> {
        let values = statement.values.clone().unwrap_or(Values(Vec::new()));
        let sql = AssertSqlSafe(statement.sql.as_str());
        match &mut self.raw {
            Raw::Postgres(connection) => {
                let rows = sqlx::query_with(sql, SqlxValues(values)).fetch(&mut **connection);
                collected(rows, count).await
            }
            Raw::Sqlite { connection, .. } => {
                let rows = sqlx::query_with(sql, SqlxValues(for_sqlite(values))).fetch(&mut **connection);
                collected(rows, count).await
            }
        }
    }

    pub(super) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, sqlx::Error> {
        let values = statement.values.unwrap_or(Values(Vec::new()));
        let sql = AssertSqlSafe(statement.sql.as_str());
        match &mut self.raw {
            Raw::Postgres(connection) => {
                let done = sqlx::query_with(sql, SqlxValues(values)).execute(&mut **connection).await?;
                Ok(done.into())
            }
            Raw::Sqlite { connection, .. } => {
                let done = sqlx::query_with(sql, SqlxValues(for_sqlite(values))).execute(&mut **connection).await?;
                Ok(done.into())
            }
        }
    }

    /// Several statements without values, in one round trip.
    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match &mut self.raw {
            Raw::Postgres(connection) => sql.execute(&mut **connection).await.map(drop),
            Raw::Sqlite { connection, .. } => sql.execute(&mut **connection).await.map(drop),
        }
    }

    /// Several statements without values, in one round trip; the two numbers in each row that comes of them.
    pub(super) async fn batch_numbers(&mut self, sql: &str) -> Result<Vec<(i64, i64)>, sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match &mut self.raw {
            Raw::Postgres(connection) => numbers(&sql.fetch_all(&mut **connection).await?),
            Raw::Sqlite { connection, .. } => numbers(&sql.fetch_all(&mut **connection).await?),
        }
    }
}

fn numbers<R: Row>(rows: &[R]) -> Result<Vec<(i64, i64)>, sqlx::Error>
where
    usize: sqlx::ColumnIndex<R>,
    i64: for<'r> sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Whether the database itself refused the statement, and the connection is as good as before.
pub(super) fn is_refusal(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            !error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
        }
        sqlx::Error::RowNotFound | sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => true,
        _ => false,
    }
}

pub(super) fn db_err(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
