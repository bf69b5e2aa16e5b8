use std::borrow::Cow;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use libsqlite3_sys::{SQLITE_VERSION, SQLITE_VERSION_NUMBER};
use sea_orm::DbBackend;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::guards;

/// The role that the server takes on every PostgreSQL connection: neither owner nor superuser.
pub const SERVER_ROLE: &str = "phr_server";

/// The first version of SQLite whose WAL mode loses nothing that was committed.
const SOUND_SQLITE: i32 = 3_051_003;
const _: () = assert!(SQLITE_VERSION_NUMBER >= SOUND_SQLITE, "older versions can corrupt a file in WAL mode");

/// How many statements a connection keeps prepared.
const PREPARED_STATEMENTS: usize = 512;

/// Where a database is.
#[derive(Clone)]
pub enum Target {
    /// A PostgreSQL server.
    Postgres(Box<PgConnectOptions>),
    /// An SQLite file.
    Sqlite(PathBuf),
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    /// What the server reads for itself, again and again.
    Own,
    Write,
}

impl Purpose {
    /// As PostgreSQL lists its connections.
    const fn application_name(self) -> &'static str {
        match self {
            Self::Read | Self::Write => "phr",
            Self::Own => "phr own",
        }
    }
}

impl FromStr for Target {
    type Err = String;

    /// Takes `postgres://...` and `sqlite:PATH` (or `sqlite://PATH`).
    fn from_str(url: &str) -> Result<Self, Self::Err> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let path = path.split('?').next().unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err("an SQLite URL needs a file: sqlite:data/phr.sqlite".to_owned());
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err("a database URL starts with postgres:// or sqlite:".to_owned());
        }
        match PgConnectOptions::from_str(url) {
            Ok(options) => Ok(Self::Postgres(Box::new(options))),
            // The cause is left out: it may quote the password.
            Err(_) => Err("the PostgreSQL URL is malformed: postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned()),
        }
    }
}

impl Target {
    /// Which SQL it speaks.
    #[must_use]
    pub const fn backend(&self) -> DbBackend {
        match self {
            Self::Postgres(_) => DbBackend::Postgres,
            Self::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    /// `host:port`, or `sqlite`.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Postgres(options) => format!("{}:{}", options.get_host(), options.get_port()),
            Self::Sqlite(_) => "sqlite".to_owned(),
        }
    }
}

/// The version of SQLite in this program, such as 3.51.3.
#[must_use]
pub fn sqlite_version() -> Cow<'static, str> {
    SQLITE_VERSION.to_string_lossy()
}

impl std::fmt::Debug for Target {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.address())
    }
}

/// The server ends a statement at `query_timeout`, and soon notices a client that has gone.
pub(super) fn postgres_options(
    options: &PgConnectOptions,
    purpose: Purpose,
    query_timeout: Duration,
) -> PgConnectOptions {
    let timeout = query_timeout.as_millis().to_string();
    let read_only = if purpose == Purpose::Write { "off" } else { "on" };
    options.clone().application_name(purpose.application_name()).statement_cache_capacity(PREPARED_STATEMENTS).options(
        [
            ("role", if guards::are_off() { "none" } else { SERVER_ROLE }),
            ("TimeZone", "UTC"),
            ("statement_timeout", &timeout),
            ("idle_in_transaction_session_timeout", &timeout),
            ("client_connection_check_interval", "1000"),
            // One statement takes one processor, so that the time it takes is what it costs.
            ("max_parallel_workers_per_gather", "0"),
            ("default_transaction_read_only", read_only),
        ],
    )
}

/// Durable before it is acknowledged, whatever happens to the machine; readers never wait for the writer.
pub(super) fn sqlite_options(path: &PathBuf, purpose: Purpose, query_timeout: Duration) -> SqliteConnectOptions {
    let read_only = if purpose == Purpose::Write { "OFF" } else { "ON" };
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(query_timeout)
        .statement_cache_capacity(PREPARED_STATEMENTS)
        .pragma("query_only", read_only)
        .with_regexp()
}
