use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use entity::{audit_event, change_log};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::Transaction;
use crate::deed::Outcome;
use crate::error::{Error, Result};

use super::backlog::{Backlog, Damage};
use super::entry::{Common, Entry, Subject};
use super::folder::Folder;
use super::line::write;
use super::row::Row;
use super::shipping::{Shipping, begin};

/// How much earlier than an intent its change may stand in the change log, whose instants are another machine's.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::hours(1);
/// Keys in one statement at most.
const CHUNK: usize = 500;
/// What the index of intents has.
const INTENDED: &str = "audit_events.outcome = 'INTENDED'";

/// The spool of an instance that writes no more.
#[derive(Debug)]
pub(super) struct Retired {
    backlog: Backlog,
    /// On PostgreSQL, the first transaction that had not begun when the instance was known to be dead.
    horizon: Option<String>,
    /// Whether its chain has ended.
    is_ended: bool,
}

impl Retired {
    /// Takes over a dead instance's folder.
    pub(super) fn adopt(folder: Folder) -> Result<Self> {
        let backlog = Backlog::left(folder).map_err(Error::internal)?;
        Ok(Self { backlog, horizon: None, is_ended: false })
    }

    /// This process's own, to which it writes no more.
    pub(super) fn own(backlog: Backlog) -> Self {
        backlog.close();
        Self { backlog, horizon: None, is_ended: false }
    }

    /// Removes the folder.
    pub(super) fn remove(self) -> Result<()> {
        self.backlog.folder.remove().map_err(Error::internal)
    }

    /// Ships what is left, settles what is open, and ends the chain. Whether all of that is done: a transaction of the dead
    /// instance may be going on in the database, and a replica may lack what was shipped.
    pub(super) async fn finish(&mut self, shipping: &mut Shipping, clock: &dyn Clock) -> Result<bool> {
        loop {
            while shipping.ship_some(&mut self.backlog).await? {}
            if self.is_ended {
                return Ok(self.backlog.is_safe(&shipping.cluster));
            }
            if !self.settle(shipping, clock).await? {
                return Ok(false);
            }
        }
    }

    /// Puts into the spool what settles open intents; where there are none, the chain ends. Whether either could be done
    /// already.
    async fn settle(&mut self, shipping: &Shipping, clock: &dyn Clock) -> Result<bool> {
        let instance = self.backlog.folder.instance;
        let tx = begin(&shipping.cluster).await?;
        let last = last(&tx, instance).await?;
        let open = open_intents(&tx, instance).await?;
        let is_over = open.is_empty() || self.is_over(&tx).await?;
        let done = done(&tx, &open).await?;
        tx.rollback().await?;
        if !is_over {
            return Ok(false);
        }
        if self.backlog.is_forked(shipping.cluster.timeline()) {
            // That may have been said by a primary that lacks entries.
            return Ok(true);
        }
        let Some(last) = last else {
            // It never wrote anything.
            self.is_ended = true;
            return Ok(true);
        };
        if open.is_empty() {
            shipping.close(instance, last.sequence, last.hash, last.common.occurred_at)?;
            self.is_ended = true;
            return Ok(true);
        }
        let settled = settled(&last, open, &done, clock.now().trunc_subsecs(6));
        tracing::info!(audit.instance = %instance, audit.settled = settled.len(), "open intents are settled");
        let mut lines = Vec::new();
        write(&settled, &mut lines).map_err(Error::internal)?;
        self.backlog.append(&lines)?;
        Ok(true)
    }

    /// Whether every transaction has ended that the instance may have begun. The process is gone, but a backend may still
    /// be committing for it, or waiting for a replica.
    async fn is_over(&mut self, tx: &Transaction) -> Result<bool> {
        if tx.get_database_backend() == DbBackend::Sqlite {
            // This transaction is the only one that writes.
            return Ok(true);
        }
        let now = "SELECT pg_snapshot_xmin(s)::text, pg_snapshot_xmax(s)::text FROM pg_current_snapshot() AS s";
        let row = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, now)).await?;
        let row = row.ok_or_else(|| Error::internal("no snapshot"))?;
        let (oldest, next): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let horizon = self.horizon.get_or_insert(next);
        let number = |text: &str| text.parse::<u64>().map_err(Error::internal);
        Ok(number(&oldest)? >= number(horizon)?)
    }

    /// Puts a folder aside whose contents make no sense, for people to look at.
    pub(super) fn set_aside(self) {
        let path = &self.backlog.folder.path;
        let aside = path.with_extension("damaged");
        let moved = std::fs::rename(path, &aside);
        tracing::error!(path = %shown(&aside), is_moved = moved.is_ok(), "a damaged audit spool was set aside");
    }
}

fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}

/// Whether an error is a folder's, for good.
pub(super) fn is_damage(error: &Error) -> bool {
    matches!(error, Error::Internal(cause) if cause.is::<Damage>())
}

/// The last entry of an instance in the database.
async fn last(tx: &Transaction, instance: Uuid) -> Result<Option<Entry>> {
    use audit_event::{Column, Entity};
    let row = Entity::find().filter(Column::Instance.eq(instance)).order_by_desc(Column::Sequence).limit(1);
    row.into_model::<Row>().one(tx).await?.map(entry).transpose()
}

fn entry(row: Row) -> Result<Entry> {
    row.entry().ok_or_else(|| Error::internal("an audit entry without its hashes"))
}

/// Intents of an instance that no entry settles. The conditions of the indexes stand in the text of the statement: a
/// planner that does not know a value cannot know either that an index has all that is sought.
async fn open_intents(tx: &Transaction, instance: Uuid) -> Result<Vec<Entry>> {
    use audit_event::{Column, Entity};
    let other = Alias::new("settling");
    let settling = Query::select()
        .expr(Expr::val(1))
        .from_as(Entity, other.clone())
        .and_where(Expr::col((other.clone(), Column::Instance)).eq(instance))
        .and_where(Expr::col((other.clone(), Column::Settles)).is_not_null())
        .and_where(Expr::col((other, Column::Settles)).equals((Entity, Column::Sequence)))
        .to_owned();
    let open = Entity::find()
        .filter(Column::Instance.eq(instance))
        .filter(Expr::cust(INTENDED))
        .filter(Expr::exists(settling).not())
        .order_by_asc(Column::Sequence);
    open.into_model::<Row>().all(tx).await?.into_iter().map(entry).collect()
}

/// What settles open intents, after the chain's last entry.
fn settled(last: &Entry, open: Vec<Entry>, done: &Done, now: DateTime<Utc>) -> Vec<Entry> {
    let (mut sequence, mut previous_hash) = (last.sequence, last.hash);
    let occurred_at = Ord::max(now, last.common.occurred_at);
    let settle = |intent: Entry| {
        let outcome = match (intent.resource_id, intent.version) {
            (Some(key), Some(version)) if done.changes.contains(&(intent.common.request_id, key, version)) => {
                Outcome::Succeeded
            }
            (Some(_), Some(_)) if done.is_whole => Outcome::Failed,
            // The change log knows nothing of its kind, or no longer of its time.
            _ => Outcome::Unknown,
        };
        let common = Common { occurred_at, outcome: outcome.to_value(), ..Common::clone(&intent.common) };
        let subject = Subject { settles: Some(intent.sequence), ..intent.subject() };
        sequence += 1;
        let entry = Entry::new(Arc::new(common), sequence, subject, previous_hash);
        previous_hash = entry.hash;
        entry
    };
    open.into_iter().map(settle).collect()
}

/// What the change log knows of intents.
struct Done {
    /// The changes that were made: request, key and version of each.
    changes: HashSet<(Uuid, Uuid, i32)>,
    /// Whether the log reaches back far enough to know of all.
    is_whole: bool,
}

async fn done(tx: &Transaction, open: &[Entry]) -> Result<Done> {
    use change_log::{Column, Entity};
    let mut changes = HashSet::new();
    let Some(oldest) = open.iter().map(|intent| intent.common.occurred_at).min() else {
        return Ok(Done { changes, is_whole: true });
    };
    let from = change_before(tx, oldest - CLOCKS_DIFFER).await?;
    let is_whole = from > 0 || !was_pruned(tx).await?;
    let requests: Vec<Uuid> =
        open.iter().map(|intent| intent.common.request_id).collect::<HashSet<_>>().into_iter().collect();
    for chunk in requests.chunks(CHUNK) {
        let rows = Entity::find()
            .filter(Column::Sequence.gt(from))
            .filter(Column::RequestId.is_in(chunk.iter().copied()))
            .select_only()
            .columns([Column::RequestId, Column::Key, Column::Version])
            .into_tuple::<(Uuid, Uuid, i32)>()
            .all(tx)
            .await?;
        changes.extend(rows);
    }
    Ok(Done { changes, is_whole })
}

/// Whether changes were ever pruned.
async fn was_pruned(tx: &Transaction) -> Result<bool> {
    let horizon = Statement::from_string(tx.get_database_backend(), "SELECT sequence FROM change_log_horizon");
    let last: i64 = tx.query_one_raw(horizon).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(last > 0)
}

/// The number of the last change before an instant: what is sought is among the later ones, which are few.
async fn change_before(tx: &Transaction, instant: DateTime<Utc>) -> Result<i64> {
    use change_log::{Column, Entity};
    let before = Entity::find()
        .filter(Column::OccurredAt.lt(instant))
        .order_by_desc(Column::Sequence)
        .limit(1)
        .select_only()
        .column(Column::Sequence)
        .into_tuple::<i64>();
    Ok(before.one(tx).await?.unwrap_or(0))
}
