//! Disclosures: whatever an answer tells of a patient is on record, also where no row is shown.

mod asked;
mod attacks;
mod differential;
mod generator;
mod refused;
mod roads;
mod scene;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use phr::database::{RecordStatus, Witness};
use phr::deed::{Deed, Outcome};
use phr::error::Result;
use phr::scope::Scope;
use serde_json::Value;
use support::Database;
use uuid::Uuid;

use crate::library::Library;

/// Keeps in memory what is put on record, by request.
#[derive(Debug, Default)]
struct Recording(Mutex<HashMap<Uuid, Vec<Deed>>>);

impl Recording {
    fn add(&self, scope: &Scope, deeds: impl IntoIterator<Item = Deed>) {
        self.0.lock().entry(scope.request).or_default().extend(deeds);
    }

    fn take(&self, request: Uuid) -> Vec<Deed> {
        self.0.lock().remove(&request).unwrap_or_default()
    }
}

#[async_trait::async_trait]
impl Witness for Recording {
    async fn check(&self) -> Result<()> {
        Ok(())
    }

    fn status(&self) -> RecordStatus {
        RecordStatus { is_shipping: true, waiting_bytes: 0 }
    }

    async fn record(&self, scope: &Scope, deeds: Vec<(Deed, Outcome)>) -> Result<()> {
        self.add(scope, deeds.into_iter().map(|(deed, _)| deed));
        Ok(())
    }

    async fn intend(&self, scope: &Scope, deeds: &[Deed]) -> Result<i64> {
        self.add(scope, deeds.iter().cloned());
        Ok(1)
    }

    async fn settle(&self, _: &Scope, _: Vec<Deed>, _: i64, _: Outcome) {}
}

/// A server as a library, and what it puts on record.
struct Recorded {
    library: Library,
    recording: Arc<Recording>,
}

impl Recorded {
    fn of(database: &Database) -> Self {
        let recording = Arc::new(Recording::default());
        let witness: Arc<dyn Witness> = Arc::clone(&recording) as _;
        Self { library: Library::told_to(database, witness), recording }
    }

    /// The response to a request, and the deeds of it.
    fn ask(&self, scope: &Scope, query: &str, variables: &Value) -> (Value, Vec<Deed>) {
        let scope = Scope { request: Uuid::new_v4(), ..scope.clone() };
        let request = scope.request;
        let response = self.library.ask(scope, query, variables);
        (response, self.recording.take(request))
    }

    /// The questions that a request leaves; it must be answered.
    fn asked(&self, scope: &Scope, query: &str, variables: &Value) -> Vec<Deed> {
        let (response, deeds) = self.ask(scope, query, variables);
        assert!(response.get("errors").is_none(), "{response}");
        deeds.into_iter().filter(|deed| deed.query.is_some()).collect()
    }
}

/// Tells whether a deed names a patient.
fn names(deed: &Deed, patient: &str) -> bool {
    deed.patients.iter().any(|key| key.to_string() == patient)
}

/// Number of records that matched a question.
fn matched(deed: &Deed) -> Option<u64> {
    deed.query.as_ref().and_then(|query| query.matched)
}
