use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use uuid::Uuid;

use crate::database::{Cluster, Transaction};
use crate::error::{Error, Result};
use crate::scope::{Boundary, Scope};

use super::anchor::Anchor;
use super::entry::{Entry, Hash};
use super::folder::Folder;
use super::insertion::insertion;
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
        let entries: Vec<Entry> =
            text.lines().map(serde_json::from_str).collect::<Result<_, _>>().map_err(|_| damaged(folder))?;
        if entries.iter().any(|entry| entry.instance != folder.instance) {
            return Err(damaged(folder));
        }
        self.insert(&entries).await?;
        self.anchor(&entries)?;
        let shipped = text.len() as u64;
        position.offset += shipped;
        progress.unshipped.fetch_sub(shipped, Ordering::AcqRel);
        Ok(true)
    }

    /// Appends what settles open intents, and ends the chain.
    pub(super) async fn end(&self, tx: Transaction, instance: Uuid, settled: &[Entry]) -> Result<()> {
        if !settled.is_empty() {
            let months = settled.iter().map(|entry| month(entry.occurred_at)).collect::<Vec<_>>();
            make_partitions(&tx, &months).await?;
            tx.execute_raw(insertion(tx.get_database_backend(), settled)?).await?;
        }
        tx.commit().await?;
        let Some(last) = settled.last() else { return Ok(()) };
        let hashes: Vec<Hash> = settled.iter().map(|entry| entry.hash).collect();
        self.drop_anchor(&Anchor::of(instance, last.occurred_at, last.sequence, &hashes, true))
    }

    /// Anchors the end of a chain to which nothing was added.
    pub(super) fn close(&self, instance: Uuid, sequence: i64, hash: Hash, at: DateTime<Utc>) -> Result<()> {
        self.drop_anchor(&Anchor::of(instance, at, sequence, &[hash], true))
    }

    async fn insert(&mut self, entries: &[Entry]) -> Result<()> {
        let tx = begin(&self.cluster).await?;
        let new: Vec<NaiveDate> =
            entries.iter().map(|entry| month(entry.occurred_at)).filter(|month| !self.months.contains(month)).collect();
        make_partitions(&tx, &new).await?;
        let inserted = tx.execute_raw(insertion(tx.get_database_backend(), entries)?).await?.rows_affected();
        tx.commit().await?;
        self.months.extend(new);
        if inserted < entries.len() as u64 {
            // After a crash this is usual; whether another's entries stand there is for a verification to find.
            tracing::info!(
                audit.entries = entries.len(),
                audit.inserted = inserted,
                "audit entries were there already"
            );
        }
        Ok(())
    }

    fn anchor(&self, entries: &[Entry]) -> Result<()> {
        let Some(last) = entries.last() else { return Ok(()) };
        let hashes: Vec<Hash> = entries.iter().map(|entry| entry.hash).collect();
        self.drop_anchor(&Anchor::of(last.instance, last.occurred_at, last.sequence, &hashes, false))
    }

    fn drop_anchor(&self, anchor: &Anchor) -> Result<()> {
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
