//! The import as a whole, on databases of their own.

mod bad_input;
mod build;
mod importing;
mod keys_and_votes;
mod layouts;
mod real_bundles;

use std::path::PathBuf;

use sea_orm::{ConnectionTrait, EntityTrait, Statement};
use uuid::Uuid;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::database::{Cluster, Consistency};
use crate::error::Result;
use crate::records::import::{How, Outcome, Status, Summary};
use crate::scope::Scope;

use super::{MAX_MEMORY, Options, Report, Source, Sources, import};

/// An empty SQLite database, removed afterwards.
struct Database {
    folder: PathBuf,
    cluster: Cluster,
}

impl Database {
    async fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("phr-fhir-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("phr.sqlite");
        migration::Database::Sqlite(path.clone()).up(None).await.unwrap();
        let url = format!("sqlite:{}", path.display());
        let config = Config::load(None, |name| (name == "DATABASE_URL").then(|| url.clone())).unwrap();
        let cluster = Cluster::new(config.nodes().unwrap(), config.cluster_settings([].into()));
        Self { folder, cluster }
    }

    async fn import(&self, sources: Sources) -> Imported {
        self.import_with(sources, How::Write, MAX_MEMORY).await.unwrap()
    }

    async fn import_with(&self, sources: Sources, how: How, memory: usize) -> Result<Imported> {
        let mut outcomes = Collected(Vec::new());
        let scope = Scope::local_operator(Uuid::new_v4());
        let options = Options { how, base: String::new(), memory };
        let summary = import(&scope, &self.cluster, &SystemClock, sources, options, &mut outcomes).await?;
        let mut outcomes = outcomes.0;
        outcomes.sort_by_key(|outcome| (outcome.file.clone(), outcome.line, outcome.entry));
        Ok(Imported { outcomes, summary })
    }

    async fn registers(&self) -> Vec<entity::patient_register::Model> {
        let scope = Scope::local_operator(Uuid::nil());
        let reader = self.cluster.read(&scope, Consistency::Strong);
        entity::patient_register::Entity::find().all(&reader).await.unwrap()
    }

    async fn doctors(&self) -> Vec<entity::doctor::Model> {
        let scope = Scope::local_operator(Uuid::nil());
        let reader = self.cluster.read(&scope, Consistency::Strong);
        entity::doctor::Entity::find().all(&reader).await.unwrap()
    }

    async fn number(&self, sql: &str) -> i64 {
        let scope = Scope::local_operator(Uuid::nil());
        let reader = self.cluster.read(&scope, Consistency::Strong);
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        reader.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    async fn execute(&self, sql: &str) {
        let tx = self.cluster.write(&Scope::local_operator(Uuid::nil())).await.unwrap();
        tx.execute_unprepared(sql).await.unwrap();
        tx.commit().await.unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

struct Collected(Vec<Outcome>);

impl Report for Collected {
    fn outcome(&mut self, outcome: Outcome) {
        self.0.push(outcome);
    }
}

struct Imported {
    outcomes: Vec<Outcome>,
    summary: Summary,
}

impl Imported {
    fn count(&self, status: Status) -> u64 {
        self.summary.count(status)
    }

    /// Status, path and reason of the only failure.
    fn failure(&self) -> &Outcome {
        let failures: Vec<&Outcome> = self.outcomes.iter().filter(|outcome| outcome.status == Status::Failed).collect();
        assert_eq!(failures.len(), 1, "{failures:#?}");
        failures[0]
    }

    fn of(&self, resource_type: &str) -> Vec<&Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.resource_type.as_deref() == Some(resource_type)).collect()
    }
}

fn document(json: &serde_json::Value) -> Sources {
    Sources::one(Source::document(json.to_string().into_bytes()))
}
