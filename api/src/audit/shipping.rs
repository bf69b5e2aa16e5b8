use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::database::{Cluster, Transaction};
use crate::error::{Error, Result};
use crate::scope::{Boundary, Scope};

use super::anchor::Anchor;
use super::entry::{Entry, Hash, read_hash};
use super::folder::Folder;
use super::segment;
use super::writer::Progress;

/// Bytes of entries that are shipped by one statement, about a thousand of them.
const BATCH_BYTES: u64 = 512 * 1024;

/// Brings entries from the spool to the primary, and anchors them.
#[derive(Debug)]
pub(super) struct Shipping {
    pub(super) cluster: Cluster,
    anchors: PathBuf,
    /// Months that have a partition.
    months: HashSet<NaiveDate>,
}

/// How far an instance's segments were shipped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) segment: u32,
    pub(super) offset: u64,
}

/// What of an entry's line matters on the way.
#[derive(Debug, Deserialize)]
struct Head {
    instance: Uuid,
    sequence: i64,
    occurred_at: DateTime<Utc>,
    #[serde(deserialize_with = "read_hash")]
    hash: Hash,
}

impl Shipping {
    pub(super) fn new(cluster: Cluster, anchors: PathBuf) -> Self {
        Self { cluster, anchors, months: HashSet::new() }
    }

    /// Ships a folder's next lines. Whether there were any.
    pub(super) async fn ship_some(
        &mut self,
        folder: &Folder,
        position: &mut Position,
        progress: &Progress,
    ) -> Result<bool> {
        let text = loop {
            let text = segment::lines(&folder.path, position.segment, position.offset, BATCH_BYTES);
            let text = text.map_err(Error::internal)?;
            if !text.is_empty() || position.segment >= progress.segment.load(Ordering::Acquire) {
                break text;
            }
            // The segment is full and everything in it is in the database. What follows it may have been written since.
            let whole = segment::lines(&folder.path, position.segment, position.offset, BATCH_BYTES);
            if whole.map_err(Error::internal)?.is_empty() {
                std::fs::remove_file(segment::path(&folder.path, position.segment)).map_err(Error::internal)?;
                *position = Position { segment: position.segment + 1, offset: 0 };
            }
        };
        if text.is_empty() {
            return Ok(false);
        }
        let heads: Vec<Head> =
            text.lines().map(serde_json::from_str).collect::<Result<_, _>>().map_err(|_| damaged(folder))?;
        if heads.iter().any(|head| head.instance != folder.instance) {
            return Err(damaged(folder));
        }
        self.insert(&text, &heads).await?;
        self.anchor(&heads, false)?;
        let shipped = text.len() as u64;
        position.offset += shipped;
        progress.unshipped.fetch_sub(shipped, Ordering::AcqRel);
        Ok(true)
    }

    /// Appends what settles open intents, and ends the chain.
    pub(super) async fn end(&self, tx: Transaction, instance: Uuid, settled: &[Entry]) -> Result<()> {
        let lines =
            settled.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>().map_err(Error::internal)?;
        if !lines.is_empty() {
            let months = settled.iter().map(|entry| month(entry.occurred_at)).collect::<Vec<_>>();
            make_partitions(&tx, &months).await?;
            tx.execute_raw(insertion(tx.get_database_backend(), &lines.join("\n"))).await?;
        }
        tx.commit().await?;
        let head = |entry: &Entry| Head {
            instance,
            sequence: entry.sequence,
            occurred_at: entry.occurred_at,
            hash: entry.hash,
        };
        self.anchor(&settled.iter().map(head).collect::<Vec<_>>(), true)
    }

    /// Anchors the end of a chain to which nothing was added.
    pub(super) fn close(&self, instance: Uuid, sequence: i64, hash: Hash, at: DateTime<Utc>) -> Result<()> {
        self.anchor(&[Head { instance, sequence, occurred_at: at, hash }], true)
    }

    async fn insert(&mut self, text: &str, heads: &[Head]) -> Result<()> {
        let tx = begin(&self.cluster).await?;
        let new: Vec<NaiveDate> =
            heads.iter().map(|head| month(head.occurred_at)).filter(|month| !self.months.contains(month)).collect();
        make_partitions(&tx, &new).await?;
        let inserted = tx.execute_raw(insertion(tx.get_database_backend(), text)).await?.rows_affected();
        tx.commit().await?;
        self.months.extend(new);
        if inserted < heads.len() as u64 {
            // After a crash this is usual; whether another's entries stand there is for a verification to find.
            tracing::info!(audit.entries = heads.len(), audit.inserted = inserted, "audit entries were there already");
        }
        Ok(())
    }

    fn anchor(&self, heads: &[Head], closed: bool) -> Result<()> {
        let Some(last) = heads.last() else { return Ok(()) };
        let hashes: Vec<Hash> = heads.iter().map(|head| head.hash).collect();
        let anchor = Anchor::of(last.instance, last.occurred_at, last.sequence, &hashes, closed);
        anchor.drop_into(&self.anchors).map_err(Error::internal)
    }
}

/// A transaction that sees the entries of every institution, and is nobody's request.
pub(super) async fn begin(cluster: &Cluster) -> Result<Transaction> {
    let scope = Scope { boundary: Boundary::All, ..Scope::nobody(Uuid::new_v4()) };
    cluster.write(&scope).await
}

fn month(instant: DateTime<Utc>) -> NaiveDate {
    let date = instant.date_naive();
    date.with_day(1).unwrap_or(date)
}

/// Sees to it that entries of these months can be inserted.
pub(super) async fn make_partitions(tx: &Transaction, months: &[NaiveDate]) -> Result<()> {
    if tx.get_database_backend() == DbBackend::Sqlite {
        return Ok(());
    }
    for month in months.iter().collect::<BTreeSet<_>>() {
        let make = "SELECT make_audit_partitions($1, $1)";
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, make, [Value::from(*month)])).await?;
    }
    Ok(())
}

/// A folder of the spool holds what is no entry of its instance.
#[derive(Debug, thiserror::Error)]
#[error("the audit spool's folder {0} was damaged")]
pub(super) struct Damage(Uuid);

fn damaged(folder: &Folder) -> Error {
    Error::internal(Damage(folder.instance))
}

/// Inserts entries that are not there yet, given as lines of JSON, in one statement with one value.
fn insertion(backend: DbBackend, lines: &str) -> Statement {
    let list = format!("[{}]", lines.trim_end().replace('\n', ","));
    let sql = if backend == DbBackend::Postgres { TO_POSTGRES } else { TO_SQLITE };
    Statement::from_sql_and_values(backend, sql, [Value::from(list)])
}

const TO_POSTGRES: &str = "\
    INSERT INTO audit_events (uuid, instance, sequence, occurred_at, actor_id, role, session_id, institution_id, grant_id, \
        origin, request_id, action, resource, resource_id, version, resource_institution_id, patient_id, fields, outcome, \
        settles, previous_hash, hash) \
    SELECT uuid, instance, sequence, occurred_at, actor_id, role, session_id, institution_id, grant_id, \
        origin, request_id, action, resource, resource_id, version, resource_institution_id, patient_id, fields, outcome, \
        settles, decode(previous_hash, 'hex'), decode(hash, 'hex') \
    FROM json_to_recordset($1::json) AS entry (uuid uuid, instance uuid, sequence bigint, occurred_at timestamptz, \
        actor_id uuid, role text, session_id uuid, institution_id uuid, grant_id uuid, origin text, request_id uuid, \
        action text, resource text, resource_id uuid, version integer, resource_institution_id uuid, patient_id uuid, \
        fields text[], outcome text, settles bigint, previous_hash text, hash text) \
    ON CONFLICT DO NOTHING";

const TO_SQLITE: &str = "\
    INSERT INTO audit_events (uuid, instance, sequence, occurred_at, actor_id, role, session_id, institution_id, grant_id, \
        origin, request_id, action, resource, resource_id, version, resource_institution_id, patient_id, fields, outcome, \
        settles, previous_hash, hash) \
    SELECT unhex(value->>'uuid', '-'), unhex(value->>'instance', '-'), value->>'sequence', value->>'occurred_at', \
        unhex(value->>'actor_id', '-'), value->>'role', unhex(value->>'session_id', '-'), \
        unhex(value->>'institution_id', '-'), unhex(value->>'grant_id', '-'), value->>'origin', \
        unhex(value->>'request_id', '-'), value->>'action', value->>'resource', unhex(value->>'resource_id', '-'), \
        value->>'version', unhex(value->>'resource_institution_id', '-'), unhex(value->>'patient_id', '-'), \
        value->'fields', value->>'outcome', value->>'settles', unhex(value->>'previous_hash'), unhex(value->>'hash') \
    FROM json_each($1) WHERE true ON CONFLICT (instance, sequence) DO NOTHING";
