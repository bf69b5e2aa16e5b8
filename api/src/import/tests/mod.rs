//! The import as a whole, on databases of their own.

mod bad_input;
mod build;
mod coded;
mod importing;
mod keys_and_votes;
mod layouts;
mod reach;
mod real_bundles;
mod untaken;

use std::path::PathBuf;

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement};
use uuid::Uuid;

use crate::app;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::database::{Cluster, Consistency, Target};
use crate::error::Result;
use crate::fhir::{MAX_MEMORY, Options, Report, Source, Sources, import};
use crate::records::import::{How, Outcome, Status, Summary};
use crate::scope::Scope;

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
        app::migrations(&Target::Sqlite(path.clone())).up(None).await.unwrap();
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

    async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let scope = Scope::local_operator(Uuid::nil());
        let reader = self.cluster.read(&scope, Consistency::Strong);
        reader.query_all_raw(Statement::from_string(reader.get_database_backend(), sql)).await.unwrap()
    }

    async fn registers(&self) -> Vec<Register> {
        self.rows("SELECT * FROM patientregister").await.iter().map(Register::of).collect()
    }

    async fn doctors(&self) -> Vec<Doctor> {
        let doctors = self.rows("SELECT * FROM doctors").await;
        let doctor = |row: &QueryResult| Doctor::from_query_result(row, "").unwrap();
        doctors.iter().map(doctor).collect()
    }

    async fn number(&self, sql: &str) -> i64 {
        self.rows(sql).await[0].try_get_by_index(0).unwrap()
    }

    async fn execute(&self, sql: &str) {
        let tx = self.cluster.write(&Scope::local_operator(Uuid::nil())).await.unwrap();
        tx.execute_unprepared(sql).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// A row of `doctors`.
#[derive(FromQueryResult)]
struct Doctor {
    uuid: Uuid,
    institution_id: Uuid,
}

/// A row of `patientregister`.
struct Register {
    uuid: Uuid,
    first_name: String,
    last_name: String,
    date_of_birth: NaiveDate,
    email: Option<String>,
    phone_number: String,
    address: String,
    emergency_contact: Option<String>,
    allergies: Vec<String>,
    medical_history: Vec<String>,
    current_medications: Vec<String>,
    status: String,
    institution_id: Uuid,
    doctor_id: Option<Uuid>,
    version: i32,
    deleted_at: Option<String>,
}

impl Register {
    fn of(row: &QueryResult) -> Self {
        let text = |column: &str| row.try_get::<String>("", column).unwrap();
        let optional = |column: &str| row.try_get::<Option<String>>("", column).unwrap();
        let list = |column: &str| serde_json::from_str(&text(column)).unwrap();
        Self {
            uuid: row.try_get("", "uuid").unwrap(),
            first_name: text("first_name"),
            last_name: text("last_name"),
            date_of_birth: row.try_get("", "date_of_birth").unwrap(),
            email: optional("email"),
            phone_number: text("phone_number"),
            address: text("address"),
            emergency_contact: optional("emergency_contact"),
            allergies: list("allergies"),
            medical_history: list("medical_history"),
            current_medications: list("current_medications"),
            status: text("status"),
            institution_id: row.try_get("", "institution_id").unwrap(),
            doctor_id: row.try_get("", "doctor_id").unwrap(),
            version: row.try_get("", "version").unwrap(),
            deleted_at: optional("deleted_at"),
        }
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
