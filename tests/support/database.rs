use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::postgres::Postgres;
use crate::{Sql, migrate};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// A database of one test alone, with a folder of its own; both are removed when it is dropped.
#[derive(Debug)]
pub struct Database {
    backend: Backend,
    name: String,
    folder: PathBuf,
}

impl Database {
    /// An empty database with the present schema.
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        let database = Self::named(backend);
        match backend {
            Backend::Postgres => {
                let postgres = Postgres::get();
                let (name, template) = (&database.name, &postgres.template);
                postgres.admin("postgres").run(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
            }
            Backend::Sqlite => {
                let migrated = migrate(&database, &["up"]);
                assert!(migrated.succeeded(), "phr migrate up: {migrated:?}");
            }
        }
        database
    }

    /// A database without a schema; on SQLite not even a file.
    #[must_use]
    pub fn bare(backend: Backend) -> Self {
        let database = Self::named(backend);
        if backend == Backend::Postgres {
            Postgres::get().admin("postgres").run(&format!("CREATE DATABASE {}", database.name));
        }
        database
    }

    fn named(backend: Backend) -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let folder = std::env::temp_dir().join(format!("phr_{name}"));
        std::fs::create_dir(&folder).expect("the folder for temporary files can be written");
        Self { backend, name, folder }
    }

    /// Which database.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// The test's own folder, in which its programs run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `DATABASE_URL` for a server: a login that may do no more than a server needs.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_as("phr_app")
    }

    /// `DATABASE_URL` for whoever changes the schema.
    #[must_use]
    pub fn owner_url(&self) -> String {
        self.url_as("postgres")
    }

    fn url_as(&self, user: &str) -> String {
        match self.backend {
            Backend::Postgres => format!("postgres://{user}@127.0.0.1:{}/{}", Postgres::get().port, self.name),
            Backend::Sqlite => format!("sqlite:{}", self.file().display()),
        }
    }

    /// The SQLite file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join("phr.sqlite")
    }

    /// A connection that may do everything.
    #[must_use]
    pub fn sql(&self) -> Sql {
        match self.backend {
            Backend::Postgres => Postgres::get().admin(&self.name),
            Backend::Sqlite => Sql::sqlite(&self.file()),
        }
    }

    /// A connection of the same kind to another database of the PostgreSQL server.
    #[must_use]
    pub fn sql_elsewhere(&self) -> Sql {
        assert_eq!(self.backend, Backend::Postgres, "a file stands alone");
        Postgres::get().admin("postgres")
    }

    /// A connection that may do what the server may, for all institutions.
    #[must_use]
    pub fn sql_as_server(&self) -> Sql {
        let mut sql = self.sql_as_server_for_nobody();
        if self.backend == Backend::Postgres {
            sql.run("SET phr.institution = 'all'");
        }
        sql
    }

    /// A connection that may do what the server may, on which it has not been said for which institution.
    #[must_use]
    pub fn sql_as_server_for_nobody(&self) -> Sql {
        match self.backend {
            Backend::Postgres => {
                Sql::postgres(Postgres::get().port, "phr_app", &self.name).expect("the server accepts connections")
            }
            Backend::Sqlite => self.sql(),
        }
    }

    /// Lets PostgreSQL log every statement of connections that are opened from now on.
    pub fn log_statements(&self) {
        self.sql().run(&format!("ALTER DATABASE {} SET log_statement = 'all'", self.name));
    }

    /// What PostgreSQL logged about this database from some place of the log on, and the place after that.
    #[must_use]
    pub fn log(&self, from: usize) -> (Vec<String>, usize) {
        Postgres::get().log(&self.name, from)
    }

    /// A key as SQL of this database.
    #[must_use]
    pub fn key(&self, key: &str) -> String {
        match self.backend {
            Backend::Postgres => format!("'{key}'"),
            Backend::Sqlite => format!("x'{}'", key.replace('-', "")),
        }
    }

    /// A list of texts as SQL of this database.
    #[must_use]
    pub fn list(&self, entries: &[&str]) -> String {
        match self.backend {
            Backend::Postgres => {
                let entries: Vec<String> = entries.iter().map(|entry| literal(entry)).collect();
                format!("ARRAY[{}]::text[]", entries.join(", "))
            }
            Backend::Sqlite => literal(&serde_json::json!(entries).to_string()),
        }
    }
}

/// A text as SQL of either database.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Drop for Database {
    fn drop(&mut self) {
        if let (Backend::Postgres, Some(postgres)) = (self.backend, Postgres::joined()) {
            let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            postgres.admin("postgres").attempt(&drop).ok();
        }
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
