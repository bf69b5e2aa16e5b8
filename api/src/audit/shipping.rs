use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use uuid::Uuid;

use crate::database::{Cluster, ConsistencyToken, Transaction, Violation, violation};
use crate::error::{Error, Result};
use crate::scope::{Boundary, Scope};

use super::anchor::Anchor;
use super::backlog::{Backlog, Head};
use super::entry::{Entry, Hash};
use super::insertion::insertion;

/// Brings entries from the spool to the primary, and anchors them.
#[derive(Debug)]
pub(super) struct Shipping {
    pub(super) cluster: Cluster,
    anchors: PathBuf,
    /// Months that have a partition.
    months: HashSet<NaiveDate>,
}

impl Shipping {
    pub(super) fn new(cluster: Cluster, anchors: PathBuf) -> Self {
        Self { cluster, anchors, months: HashSet::new() }
    }

    /// Ships a backlog's next entries. Whether more may be there already: what comes meanwhile gathers for the next time.
    ///
    /// # Errors
    /// As any write, and as [`Backlog::next`].
    pub(super) async fn ship_some(&mut self, backlog: &mut Backlog) -> Result<bool> {
        if backlog.is_forked(self.cluster.timeline()) {
            self.begin_again(backlog);
        }
        let Some(batch) = backlog.next()? else { return Ok(false) };
        let commit = self.insert(&batch.entries, backlog.is_new(&batch)).await?;
        if backlog.is_new(&batch) {
            self.anchor(&batch.entries.iter().map(Head::from).collect::<Vec<_>>(), false)?;
        }
        if backlog.shipped(&batch, commit) {
            self.begin_again(backlog);
            return Ok(true);
        }
        Ok(batch.is_full)
    }

    /// What was there may be lost, partitions included.
    fn begin_again(&mut self, backlog: &mut Backlog) {
        self.months.clear();
        backlog.begin_again();
        tracing::info!(audit.instance = %backlog.folder.instance, "another primary: audit entries are shipped again");
    }

    /// Anchors the end of a chain to which nothing was added.
    pub(super) fn close(&self, instance: Uuid, sequence: i64, hash: Hash, at: DateTime<Utc>) -> Result<()> {
        self.anchor(&[Head { instance, sequence, occurred_at: at, hash }], true)
    }

    /// Inserts entries; what the commit came to. Some of those that nobody has shipped may be there all the same, when their
    /// server died before it heard of the commit.
    async fn insert(&mut self, entries: &[Entry], is_new: bool) -> Result<Option<ConsistencyToken>> {
        let scope = nobody();
        let cluster = self.cluster.clone().on_behalf_of(&scope);
        let new: Vec<NaiveDate> = entries
            .iter()
            .map(|entry| month(entry.common.occurred_at))
            .filter(|month| !self.months.contains(month))
            .collect();
        let mut tx = cluster.write(&scope).await?;
        make_partitions(&tx, &new).await?;
        let backend = tx.get_database_backend();
        let result = match tx.execute_raw(insertion(backend, entries, is_new)?).await {
            Err(error) if matches!(violation(&error), Some(Violation::Unique(_))) => {
                tx.rollback().await?;
                tx = cluster.write(&scope).await?;
                make_partitions(&tx, &new).await?;
                tx.execute_raw(insertion(backend, entries, false)?).await
            }
            result => result,
        };
        let inserted = result?.rows_affected();
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
        Ok(cluster.written())
    }

    /// Anchors entries, those of each month by themselves: by months they are pruned.
    fn anchor(&self, heads: &[Head], closed: bool) -> Result<()> {
        for heads in heads.chunk_by(|one, next| month(one.occurred_at) == month(next.occurred_at)) {
            if let Some(anchor) = Anchor::of(heads, closed) {
                anchor.drop_into(&self.anchors).map_err(Error::internal)?;
            }
        }
        Ok(())
    }
}

/// A transaction that sees the entries of every institution, and is nobody's request.
pub(super) async fn begin(cluster: &Cluster) -> Result<Transaction> {
    cluster.write(&nobody()).await
}

fn nobody() -> Scope {
    Scope { boundary: Boundary::All, ..Scope::nobody(Uuid::new_v4()) }
}

/// The first day of an instant's month.
pub(super) fn month(instant: DateTime<Utc>) -> NaiveDate {
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
