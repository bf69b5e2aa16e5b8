use std::path::Path;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Connection, PgConnection, Row, SqliteConnection};
use tokio::runtime::Runtime;

/// A connection to a test's database, beside the server's.
#[derive(Debug)]
pub struct Sql {
    runtime: Runtime,
    connection: Option<Raw>,
}

#[derive(Debug)]
enum Raw {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

impl Sql {
    pub(crate) fn postgres(port: u16, user: &str, database: &str) -> Result<Self, sqlx::Error> {
        let runtime = runtime();
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port);
        let options = options.username(user).database(database).disable_statement_logging();
        let options = if user == crate::template::TESTER { options.password(crate::template::SECRET) } else { options };
        let options = if user == "phr_app" { options.options([("role", "phr_server")]) } else { options };
        let connection = runtime.block_on(options.connect())?;
        Ok(Self { runtime, connection: Some(Raw::Postgres(connection)) })
    }

    pub(crate) fn sqlite(path: &Path) -> Self {
        let runtime = runtime();
        let options = SqliteConnectOptions::new().filename(path).foreign_keys(true).disable_statement_logging();
        let connection = runtime.block_on(options.connect()).expect("the file can be opened");
        Self { runtime, connection: Some(Raw::Sqlite(connection)) }
    }

    /// Runs statements.
    ///
    /// # Errors
    /// What the database says.
    pub fn attempt(&mut self, sql: &str) -> Result<(), String> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let done = match self.connection.as_mut().expect("open until dropped") {
            Raw::Postgres(connection) => self.runtime.block_on(sql.execute(connection)).map(drop),
            Raw::Sqlite(connection) => self.runtime.block_on(sql.execute(connection)).map(drop),
        };
        done.map_err(|error| error.to_string())
    }

    /// Runs statements that the database accepts.
    pub fn run(&mut self, sql: &str) {
        self.attempt(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The rows of a query, every value as a text.
    pub fn rows(&mut self, query: &str) -> Vec<Vec<Option<String>>> {
        let sql = sqlx::raw_sql(AssertSqlSafe(query.to_owned()));
        let rows = match self.connection.as_mut().expect("open until dropped") {
            // The simple protocol writes every type as a text.
            Raw::Postgres(connection) => self.runtime.block_on(sql.fetch_all(connection)).map(|rows| texts(&rows)),
            Raw::Sqlite(connection) => self.runtime.block_on(sql.fetch_all(connection)).map(|rows| {
                let text = |row: &sqlx::sqlite::SqliteRow, at: usize| row.get_unchecked::<Option<String>, _>(at);
                rows.iter().map(|row| (0..row.columns().len()).map(|at| text(row, at)).collect()).collect()
            }),
        };
        rows.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// The first column of a query.
    pub fn column(&mut self, query: &str) -> Vec<String> {
        self.rows(query).into_iter().map(|mut row| row.swap_remove(0).unwrap_or_default()).collect()
    }

    /// The first column of a query, unless the server is gone or refuses.
    pub(crate) fn column_if(&mut self, query: &str) -> Option<Vec<String>> {
        let sql = sqlx::raw_sql(AssertSqlSafe(query.to_owned()));
        let Some(Raw::Postgres(connection)) = self.connection.as_mut() else { return None };
        let rows = self.runtime.block_on(sql.fetch_all(connection)).ok()?;
        Some(texts(&rows).into_iter().map(|mut row| row.swap_remove(0).unwrap_or_default()).collect())
    }

    /// The first value of a query; empty when there is none.
    pub fn value(&mut self, query: &str) -> String {
        self.column(query).into_iter().next().unwrap_or_default()
    }
}

fn texts(rows: &[sqlx::postgres::PgRow]) -> Vec<Vec<Option<String>>> {
    let text = |row: &sqlx::postgres::PgRow, at: usize| row.get_unchecked::<Option<String>, _>(at);
    rows.iter().map(|row| row.columns().iter().map(|column| text(row, column.ordinal())).collect()).collect()
}

impl Drop for Sql {
    fn drop(&mut self) {
        match self.connection.take() {
            Some(Raw::Postgres(connection)) => drop(self.runtime.block_on(connection.close())),
            Some(Raw::Sqlite(connection)) => drop(self.runtime.block_on(connection.close())),
            None => {}
        }
    }
}
