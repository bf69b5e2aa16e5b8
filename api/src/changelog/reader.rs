use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use uuid::Uuid;

use crate::database::{Cluster, Consistency};
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::cursor::{ALL, Cursor};
use super::log::{self, Head, Page};
use super::snapshot::Snapshot;
use super::{Batch, Change, Gap};

/// How many changes prove of a reader who begins now that nothing was lost of what there was.
const PROOF: u64 = 100;

/// Reads the log, on the primary. It keeps nothing: what was read is in the cursors.
#[derive(Clone, Debug)]
pub struct Reader {
    cluster: Cluster,
    is_own: bool,
}

/// What was read, and how far the primary had come.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) batch: Batch,
    /// Timeline, and bytes of log; none on SQLite.
    pub(super) place: Option<(u32, u64)>,
}

impl Reader {
    /// A reader of the cluster's log.
    #[must_use]
    pub const fn new(cluster: Cluster) -> Self {
        Self { cluster, is_own: false }
    }

    /// The same, for what the server reads for itself, whoever listens.
    pub(super) const fn own(cluster: Cluster) -> Self {
        Self { cluster, is_own: true }
    }

    /// The cursor of who has seen everything up to now.
    ///
    /// # Errors
    /// As any read of the primary: mostly `Unavailable` or `Consistency`, and trying again helps.
    pub async fn now(&self) -> Result<Cursor> {
        let rows = self.query(log::now(self.backend(), PROOF)).await?;
        if self.backend() == DbBackend::Sqlite {
            let page = Page::of(&rows)?;
            let mark = page.changes.last().filter(|last| last.sequence == page.head.last).map_or(0, mark);
            return Ok(Cursor::of_file(page.head.last, mark));
        }
        let row = rows.first().ok_or_else(|| Error::internal("no row of the change log's horizon"))?;
        let current = present(&Head::of(row)?)?;
        let (from, mark) = (row.try_get("", "beginning")?, row.try_get("", "mark")?);
        Ok(Cursor { system: self.system()?, base: Snapshot::default(), current, sequence: ALL, from, mark })
    }

    /// The next changes that a cursor has not seen, at most `limit`. With none of them the batch is empty, and its cursor
    /// as good as the one that was given.
    ///
    /// # Errors
    /// `BadRequest` for another database's cursor. As any read of the primary: mostly `Unavailable` or `Consistency`, and
    /// trying again helps.
    pub async fn next(&self, cursor: &Cursor, limit: u32) -> Result<Batch> {
        self.read(cursor, limit).await.map(|reading| reading.batch)
    }

    pub(super) async fn read(&self, cursor: &Cursor, limit: u32) -> Result<Reading> {
        let limit = u64::from(limit.max(1));
        if self.backend() == DbBackend::Sqlite {
            let batch = self.read_file(cursor, limit).await?;
            return Ok(Reading { batch, place: None });
        }
        self.admit(cursor)?;
        let mut cursor = cursor.clone();
        loop {
            let page = Page::of(&self.query(log::next(DbBackend::Postgres, &cursor, limit)).await?)?;
            let present = present(&page.head)?;
            let place = Some((present.timeline, page.head.position));
            if present.timeline < cursor.current.timeline {
                // A primary that was replaced, and has not heard of it.
                return Err(Error::Consistency);
            }
            if let Some(gap) = self.gap(&cursor, &page.head, &present).await? {
                return Ok(Reading { batch: Batch::gap(gap, self.now().await?), place });
            }
            let is_rest = !cursor.is_complete();
            let is_last = (page.changes.len() as u64) < limit;
            let batch = advance(cursor, page.changes, present, is_last);
            // Of what its snapshot shows there was nothing left: what has come since is the next page.
            if is_rest && is_last && batch.changes.is_empty() {
                cursor = batch.cursor;
                continue;
            }
            return Ok(Reading { batch, place });
        }
    }

    /// # Errors
    /// `BadRequest` for another database's cursor.
    pub(super) fn admit(&self, cursor: &Cursor) -> Result<()> {
        let is_own = cursor.system == self.system()?;
        if is_own { Ok(()) } else { Err(Error::BadRequest("the cursor is another database's".to_owned())) }
    }

    async fn gap(&self, cursor: &Cursor, head: &Head, present: &Snapshot) -> Result<Option<Gap>> {
        if cursor.is_too_late(head.horizon, present) {
            return Ok(Some(Gap::Pruned));
        }
        if present.timeline == cursor.current.timeline {
            return Ok(None);
        }
        let rows = self.query(log::proof(cursor)).await?;
        let found: i64 = rows.first().map_or(Ok(0), |row| row.try_get("", "mark"))?;
        let is_whole = found == cursor.mark && !cursor.is_unproven(head.horizon, present);
        Ok((!is_whole).then_some(Gap::Forked))
    }

    /// The first row is the last one that was seen, if it is still there.
    async fn read_file(&self, cursor: &Cursor, limit: u64) -> Result<Batch> {
        self.admit(cursor)?;
        let Page { head, mut changes } = Page::of(&self.query(log::next(DbBackend::Sqlite, cursor, limit)).await?)?;
        if cursor.is_too_late(head.horizon, &Snapshot::end()) {
            return Ok(Batch::gap(Gap::Pruned, self.now().await?));
        }
        for change in &mut changes {
            change.mark = mark(change);
        }
        let last = changes.first().filter(|first| first.sequence == cursor.sequence).map(|first| first.mark);
        if head.last < cursor.sequence || last.is_some_and(|last| last != cursor.mark) {
            return Ok(Batch::gap(Gap::Forked, self.now().await?));
        }
        changes.retain(|change| change.sequence > cursor.sequence);
        changes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let mut cursor = cursor.clone();
        cursor.pass(&mut changes);
        Ok(Batch { changes: changes.into(), cursor, gap: None })
    }

    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>> {
        let reader = self.cluster.read(&Scope::server(Uuid::nil()), Consistency::Strong);
        let reader = if self.is_own { reader.own() } else { reader };
        Ok(reader.query_all_raw(statement).await?)
    }

    fn backend(&self) -> DbBackend {
        self.cluster.backend()
    }

    fn system(&self) -> Result<u64> {
        self.cluster.system().ok_or_else(|| Error::Unavailable("no node was reached yet".into()))
    }
}

/// The cursor and the changes after a page that was read at `present`.
fn advance(cursor: Cursor, mut changes: Vec<Change>, present: Snapshot, is_last: bool) -> Batch {
    let mut cursor = match (cursor.is_complete(), changes.is_empty()) {
        // Nothing new: only a later timeline is worth knowing, since it was looked through for what was lost.
        (true, true) if present.timeline == cursor.current.timeline => cursor,
        (true, true) => Cursor { current: present, ..cursor },
        (true, false) => Cursor { base: cursor.current, current: present, sequence: 0, from: 0, mark: 0, ..cursor },
        (false, _) => cursor,
    };
    cursor.pass(&mut changes);
    if is_last {
        cursor.sequence = ALL;
    }
    Batch { changes: changes.into(), cursor, gap: None }
}

fn present(head: &Head) -> Result<Snapshot> {
    head.present.clone().ok_or_else(|| Error::Unavailable("the primary has become a replica".into()))
}

/// On SQLite, what a change comes to: keys are random.
fn mark(change: &Change) -> i64 {
    let (high, low) = change.key.as_u64_pair();
    (high ^ low).cast_signed() ^ i64::from(change.version)
}
