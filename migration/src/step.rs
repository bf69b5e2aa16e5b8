use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;

use rust_embed::RustEmbed;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "steps"]
struct Files;

/// One step of the schema's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The folder's name, which begins with the time it was made: `20261120000001_records`.
    pub name: String,
}

/// Every step that this binary knows, the oldest first.
#[must_use]
pub fn steps() -> Vec<Step> {
    let names: BTreeSet<String> =
        Files::iter().filter_map(|path| path.split_once('/').map(|(name, _)| name.to_owned())).collect();
    names.into_iter().map(|name| Step { name }).collect()
}

impl Step {
    /// SHA-256, in hexadecimal, of the step's SQL for `backend`, up and down.
    #[must_use]
    pub fn checksum(&self, backend: DbBackend) -> String {
        let mut hash = Sha256::new();
        for direction in ["up", "down"] {
            hash.update(self.sql(direction, backend).as_bytes());
            hash.update([0]);
        }
        hash.finalize().iter().fold(String::new(), |mut text, byte| {
            // Writing to a text cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
    }

    fn sql(&self, direction: &str, backend: DbBackend) -> String {
        let database = if backend == DbBackend::Sqlite { "sqlite" } else { "postgres" };
        let path = format!("{}/{direction}.{database}.sql", self.name);
        let data = Files::get(&path).map_or(Cow::Borrowed([].as_slice()), |file| file.data);
        String::from_utf8_lossy(&data).into_owned()
    }

    async fn run(&self, direction: &'static str, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let backend = manager.get_database_backend();
        connection.execute_unprepared(&self.sql(direction, backend)).await?;
        let record = "INSERT INTO migration_history (version, direction, sha256) VALUES ($1, $2, $3)";
        let values = [self.name.as_str().into(), direction.into(), self.checksum(backend).into()];
        connection.execute_raw(Statement::from_sql_and_values(backend, record, values)).await?;
        Ok(())
    }
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.run("up", manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.run("down", manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        steps().into_iter().map(|step| Box::new(step) as Box<dyn MigrationTrait>).collect()
    }
}
