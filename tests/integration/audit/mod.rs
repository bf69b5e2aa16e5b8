//! The audit trail: what is on record, that nothing is done without it, and that no alteration goes unnoticed.

mod append_only;
mod archives;
mod clock;
mod crash;
mod denials;
mod disk;
mod events;
mod forms;
mod lookup;
mod pruning;
mod questions;
mod reads;
mod row;
mod settling;
mod spool;
mod tampering;
mod writes;

use std::path::PathBuf;

use serde_json::Value;
use support::{Backend, Database, Output, Phr, eventually, phr};

/// An entry, every value as a text.
pub(crate) type Entry = std::collections::BTreeMap<&'static str, String>;

const COLUMNS: [&str; 12] = [
    "sequence",
    "action",
    "resource",
    "resource_id",
    "patient_id",
    "outcome",
    "settles",
    "request_id",
    "fields",
    "resource_institution_id",
    "institution_id",
    "role",
];

/// A column's value as a text that both databases write alike.
fn text(backend: Backend, column: &str) -> String {
    match (backend, column) {
        (Backend::Postgres, "fields") => "array_to_string(fields, ' ')".to_owned(),
        (Backend::Postgres, "patient_id") => {
            "array_to_string(coalesce(patient_ids, ARRAY[patient_id]), ' ')".to_owned()
        }
        (Backend::Postgres, _) => column.to_owned(),
        (Backend::Sqlite, "fields") => {
            "(SELECT coalesce(group_concat(value, ' '), '') FROM json_each(fields))".to_owned()
        }
        (Backend::Sqlite, "patient_id") => {
            let several = "(SELECT group_concat(value, ' ') FROM json_each(patient_ids))";
            format!("coalesce({several}, {})", key("patient_id"))
        }
        (Backend::Sqlite, "resource_id" | "request_id" | "resource_institution_id" | "institution_id") => key(column),
        (Backend::Sqlite, _) => format!("CAST({column} AS TEXT)"),
    }
}

/// A key in SQLite, as a text.
fn key(column: &str) -> String {
    let hex = format!("lower(hex({column}))");
    let part = |from: u8, length: u8| format!("substr({hex}, {from}, {length})");
    let parts = [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)].join(" || '-' || ");
    format!("CASE WHEN {column} IS NOT NULL THEN {parts} END")
}

/// The condition that an entry is about a patient, alone or among others.
pub(crate) fn about(database: &Database, patient: &str) -> String {
    let key = database.key(patient);
    match database.backend() {
        Backend::Postgres => format!("{key} = ANY (coalesce(patient_ids, ARRAY[patient_id]))"),
        Backend::Sqlite => format!("uuid IN (SELECT uuid FROM audit_patients WHERE patient_id = {key})"),
    }
}

/// The patients that entries are about, sorted.
pub(crate) fn patients(entries: &[Entry]) -> Vec<&str> {
    let mut patients: Vec<&str> = entries.iter().flat_map(|entry| entry["patient_id"].split_whitespace()).collect();
    patients.sort_unstable();
    patients
}

/// That an entry is not of the first signing key, which whoever comes first makes: a server, or a command.
const UNASKED: &str = "NOT (resource = 'SigningKey' AND role = 'server')";

/// The entries that meet a condition, in their order; those of the first signing key are none.
pub(crate) fn entries(database: &Database, condition: &str) -> Vec<Entry> {
    entries_of_all(database, &format!("({condition}) AND {UNASKED}"))
}

/// The same, of the first signing key too.
pub(crate) fn entries_of_all(database: &Database, condition: &str) -> Vec<Entry> {
    let columns: Vec<String> = COLUMNS.iter().map(|column| text(database.backend(), column)).collect();
    let query = format!(
        "SELECT {} FROM audit_events WHERE {condition} ORDER BY occurred_at, instance, sequence",
        columns.join(", ")
    );
    let rows = database.sql().rows(&query);
    rows.into_iter()
        .map(|row| COLUMNS.into_iter().zip(row.into_iter().map(Option::unwrap_or_default)).collect())
        .collect()
}

/// The same, once there are as many.
pub(crate) fn shipped(database: &Database, condition: &str, count: usize) -> Vec<Entry> {
    eventually(&format!("{count} entries are shipped: {condition}"), || {
        let found = entries(database, condition);
        (found.len() >= count).then_some(found)
    })
}

/// A value of each entry.
pub(crate) fn values<'e>(entries: &'e [Entry], column: &str) -> Vec<&'e str> {
    entries.iter().map(|entry| entry[column].as_str()).collect()
}

/// The entries of a request, once there are as many.
pub(crate) fn of_request(phr: &Phr, id: &str, count: usize) -> Vec<Entry> {
    shipped(&phr.database, &format!("request_id = {}", phr.database.key(id)), count)
}

/// A request's response and its id.
pub(crate) fn ask(phr: &Phr, query: &str, variables: &Value) -> (Value, String) {
    let reply = phr.begin(query, variables).finish();
    let id = reply.header("x-request-id").expect("a response has an id").to_owned();
    (reply.json(), id)
}

fn anchors(database: &Database) -> PathBuf {
    database.folder().join("data/audit-anchors.jsonl")
}

/// `phr audit verify`, in the folder of the test's servers.
fn verify(database: &Database) -> Output {
    phr(database.folder(), &["audit", "verify", "--json"], &[("DATABASE_URL", &database.url())])
}

/// The folders of server processes in the spool.
pub(crate) fn spools(database: &Database) -> Vec<PathBuf> {
    let spool = std::fs::read_dir(database.folder().join("data/audit"));
    let Ok(spool) = spool else { return Vec::new() };
    spool.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

/// Waits until nothing of dead processes is left in the spool.
fn wait_until_adopted(database: &Database) {
    eventually("what dead processes left is adopted", || (spools(database).len() <= 1).then_some(()));
}

fn is_soak() -> bool {
    std::env::var_os("PHR_SOAK").is_some()
}
