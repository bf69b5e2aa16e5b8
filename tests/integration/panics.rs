//! What is told of a request that broke off by a panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use phr::database::{RecordStatus, Witness};
use phr::deed::{Deed, Outcome};
use phr::error::Result;
use phr::scope::Scope;
use serde_json::{Value, json};
use support::{Backend, Database};

use crate::library::{Library, codes, config, operator};
use crate::patients::jane;

const CREATE: &str = "mutation($input: CreatePatientRegisterInput!) {
    createPatientRegister(input: $input) { patientRegister { uuid } userErrors { code } } }";
const COUNT: &str = "{ patientRegisters { totalCount } }";

/// Moment at which a witness panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// The change was committed, and its outcome is being put on record.
    Settling,
    /// The change was committed, and its answer is being put on record.
    Answering,
    /// Nothing was changed, and an answer is being put on record.
    Reading,
}

/// Puts nothing on record, and panics.
#[derive(Debug)]
struct Panicking {
    at: Moment,
    has_settled: AtomicBool,
}

#[async_trait::async_trait]
impl Witness for Panicking {
    async fn check(&self) -> Result<()> {
        Ok(())
    }

    fn status(&self) -> RecordStatus {
        RecordStatus { is_shipping: true, waiting_bytes: 0 }
    }

    async fn record(&self, _: &Scope, _: Vec<(Deed, Outcome)>) -> Result<()> {
        let is_answer = self.has_settled.load(Ordering::Relaxed);
        assert!(self.at != Moment::Reading && !(is_answer && self.at == Moment::Answering), "told to panic");
        Ok(())
    }

    async fn intend(&self, _: &Scope, _: &[Deed]) -> Result<i64> {
        Ok(1)
    }

    async fn settle(&self, _: &Scope, _: Vec<Deed>, _: i64, _: Outcome) {
        assert!(self.at != Moment::Settling, "told to panic");
        self.has_settled.store(true, Ordering::Relaxed);
    }
}

fn library(database: &Database, at: Moment) -> Library {
    Library::told_to(database, Arc::new(Panicking { at, has_settled: AtomicBool::new(false) }))
}

fn count(database: &Database) -> String {
    database.sql().value("SELECT count(*) FROM patientregister")
}

fn is_unknown(response: &Value) {
    assert_eq!(codes(response), ["OUTCOME_UNKNOWN"], "{response}");
    assert_eq!(response["errors"][0]["extensions"]["retryable"], false, "{response}");
}

#[test]
fn a_panic_after_a_commit_was_sent_tells_that_its_outcome_is_unknown() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = Database::new(backend);
        let input = json!({ "input": jane() });
        is_unknown(&library(&database, Moment::Settling).ask(operator(), CREATE, &input));
        assert_eq!(count(&database), "1", "it was committed");
        let library = library(&database, Moment::Answering);
        let (status, response) = library.post(&config(&database, &[]), &library.token(), CREATE, &input);
        assert_eq!(status, 500, "{response}");
        is_unknown(&response);
        assert_eq!(count(&database), "2", "it was committed");
    }
}

#[test]
fn a_panic_of_a_read_is_an_internal_error() {
    let database = Database::new(Backend::Sqlite);
    let library = library(&database, Moment::Reading);
    let (status, response) = library.post(&config(&database, &[]), &library.token(), COUNT, &json!({}));
    assert_eq!((status, codes(&response)), (500, vec!["INTERNAL"]), "{response}");
    assert!(!response.to_string().contains("panic"), "{response}");
}
