use std::fs::File;
use std::path::{Path, PathBuf};

use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use sqlx::{ConnectOptions as _, Connection, PgConnection};

use crate::step::Migrator;
use crate::{Step, names, steps};

const ROLES: &str = include_str!("../roles.postgres.sql");
const HISTORY_POSTGRES: &str = include_str!("../history.postgres.sql");
const HISTORY_SQLITE: &str = include_str!("../history.sqlite.sql");

/// Owns every object of the schema.
const OWNER: &str = "phr_owner";

/// The key of the lock that one migrating process holds at a time, in each database.
const LOCK: i64 = 0x0070_6872;

/// Why the schema was not changed, or not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An applied step's SQL is not what was applied.
    #[error(
        "migration {0} was edited after it was applied: restore the file it was applied from, and put the change into a new migration"
    )]
    Edited(String),
    /// The database has a step that this binary does not know.
    #[error(
        "migration {0} is applied but unknown to this program: use the version of phr that applied it, or a newer one"
    )]
    Unknown(String),
    /// Users whose names are the same once they are in their normal form.
    #[error(
        "nothing was migrated: user names are compared without regard to case, width and composition (RFC 8265), and these would be one: {0}. Rename all but one of each: UPDATE users SET username = 'NEW NAME' WHERE uuid = 'KEY'"
    )]
    Names(String),
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(#[from] DbErr),
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(#[from] sqlx::Error),
    /// The lock file beside an SQLite database.
    #[error("cannot lock {path}: {source}")]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

/// A step that was applied or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The step's name.
    pub version: String,
    /// `up` or `down`.
    pub direction: String,
    /// Of the SQL that ran.
    pub sha256: String,
    /// When, as the database writes it.
    pub applied_at: String,
}

/// What a database has and lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Applied steps, the oldest first.
    pub applied: Vec<String>,
    /// Steps that this binary has and the database lacks, the oldest first.
    pub pending: Vec<String>,
}

/// A database whose schema is to be changed or looked at.
#[derive(Clone, Debug)]
pub enum Database {
    /// A PostgreSQL server, by a login that may create roles or is a member of them.
    Postgres(Box<sqlx::postgres::PgConnectOptions>),
    /// An SQLite file.
    Sqlite(PathBuf),
}

impl Database {
    /// Applies pending steps: all of them, or the next few; and brings user names into the form in which they are compared.
    /// Returns the names of the steps applied.
    ///
    /// # Errors
    /// `Names` before anything is done. Nothing of a step that fails stays; earlier ones do.
    pub async fn up(&self, count: Option<u32>) -> Result<Vec<String>, Error> {
        let session = self.open().await?;
        let before = status(&session.connection).await?;
        names::check(&session.connection).await?;
        Migrator::up(&session.connection, count).await?;
        names::normalize(&session.connection).await?;
        let after = status(&session.connection).await?;
        session.close().await?;
        Ok(after.applied.into_iter().filter(|name| !before.applied.contains(name)).collect())
    }

    /// Takes back the last steps. Returns their names, the newest first.
    ///
    /// # Errors
    /// Nothing of a step that fails is taken back.
    pub async fn down(&self, count: u32) -> Result<Vec<String>, Error> {
        let session = self.open().await?;
        let before = status(&session.connection).await?;
        Migrator::down(&session.connection, Some(count)).await?;
        let after = status(&session.connection).await?;
        session.close().await?;
        Ok(before.applied.into_iter().rev().filter(|name| !after.applied.contains(name)).collect())
    }

    /// What the database has and lacks; changes nothing.
    ///
    /// # Errors
    /// `Edited` and `Unknown` when the database does not fit this binary's steps.
    pub async fn status(&self) -> Result<Status, Error> {
        let connection = self.connect(None).await?;
        let found = status(&connection).await;
        connection.close().await?;
        found
    }

    /// Everything that was applied or taken back, the oldest first; changes nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn history(&self) -> Result<Vec<Applied>, Error> {
        let connection = self.connect(None).await?;
        let found = history(&connection).await;
        connection.close().await?;
        found
    }

    const fn backend(&self) -> DbBackend {
        match self {
            Self::Postgres(_) => DbBackend::Postgres,
            Self::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    /// Takes the lock, sees to the roles, and connects as the owner.
    async fn open(&self) -> Result<Session, Error> {
        let lock = match self {
            Self::Postgres(options) => {
                let mut connection = options.clone().disable_statement_logging().connect().await?;
                sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
                sqlx::raw_sql(ROLES).execute(&mut connection).await?;
                Lock::Session(Box::new(connection))
            }
            Self::Sqlite(path) => Lock::File { _file: lock_file(path)? },
        };
        let connection = self.connect(Some(OWNER)).await?;
        let history = if self.backend() == DbBackend::Sqlite { HISTORY_SQLITE } else { HISTORY_POSTGRES };
        connection.execute_unprepared(history).await?;
        Ok(Session { connection, lock })
    }

    async fn connect(&self, role: Option<&'static str>) -> Result<DatabaseConnection, Error> {
        let url = match self {
            Self::Postgres(options) => options.to_url_lossy().to_string(),
            Self::Sqlite(path) => format!("sqlite:{}?mode=rwc", path.display()),
        };
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        if let Self::Postgres(exact) = self {
            let exact = (**exact).clone().disable_statement_logging();
            options.map_sqlx_postgres_opts(move |_| match role {
                Some(role) => exact.clone().options([("role", role)]),
                None => exact.clone(),
            });
        }
        Ok(sea_orm_migration::sea_orm::Database::connect(options).await?)
    }
}

struct Session {
    connection: DatabaseConnection,
    lock: Lock,
}

enum Lock {
    Session(Box<PgConnection>),
    File { _file: File },
}

impl Session {
    async fn close(self) -> Result<(), Error> {
        self.connection.close().await?;
        if let Lock::Session(connection) = self.lock {
            connection.close().await?;
        }
        Ok(())
    }
}

fn lock_file(database: &Path) -> Result<File, Error> {
    let mut path = database.as_os_str().to_owned();
    path.push(".migrate.lock");
    let path = PathBuf::from(path);
    let locked = File::create(&path).and_then(|file| file.lock().map(|()| file));
    locked.map_err(|source| Error::Lock { path, source })
}

/// Checks what was applied against this binary's steps on the way.
async fn status(connection: &DatabaseConnection) -> Result<Status, Error> {
    let backend = connection.get_database_backend();
    let recorded = recorded(connection).await?;
    let mut pending: Vec<Step> = steps();
    let mut applied = Vec::new();
    for entry in recorded {
        let Some(at) = pending.iter().position(|step| step.name == entry.version) else {
            return Err(Error::Unknown(entry.version));
        };
        let step = pending.remove(at);
        if step.checksum(backend) != entry.sha256 {
            return Err(Error::Edited(entry.version));
        }
        applied.push(step.name);
    }
    applied.sort();
    Ok(Status { applied, pending: pending.into_iter().map(|step| step.name).collect() })
}

/// The steps in force: of each, its last entry in the history, where that is an `up`.
async fn recorded(connection: &DatabaseConnection) -> Result<Vec<Applied>, Error> {
    let mut last: Vec<Applied> = Vec::new();
    for entry in history(connection).await? {
        last.retain(|earlier| earlier.version != entry.version);
        if entry.direction == "up" {
            last.push(entry);
        }
    }
    Ok(last)
}

async fn history(connection: &DatabaseConnection) -> Result<Vec<Applied>, Error> {
    let backend = connection.get_database_backend();
    let exists = match backend {
        DbBackend::Sqlite => "SELECT 1 FROM sqlite_master WHERE name = 'migration_history'",
        _ => "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'migration_history'",
    };
    if connection.query_one_raw(Statement::from_string(backend, exists)).await?.is_none() {
        return Ok(Vec::new());
    }
    let sql =
        "SELECT version, direction, sha256, CAST(applied_at AS TEXT) AS applied_at FROM migration_history ORDER BY id";
    let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await?;
    let entries = rows.iter().map(|row| {
        Ok(Applied {
            version: row.try_get("", "version")?,
            direction: row.try_get("", "direction")?,
            sha256: row.try_get("", "sha256")?,
            applied_at: row.try_get("", "applied_at")?,
        })
    });
    entries.collect::<Result<Vec<_>, DbErr>>().map_err(Error::Database)
}
