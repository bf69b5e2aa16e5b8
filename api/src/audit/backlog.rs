use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::database::{Cluster, ConsistencyToken};
use crate::error::{Error, Result};

use super::entry::{Common, Entry, Hash};
use super::folder::{Fault, Folder};
use super::line::read;
use super::segment::{self, Position};
use super::writer::{Progress, SEGMENT_BYTES};

/// Bytes of lines that are shipped by one statement: hundreds of entries, and some five thousand patients.
const BATCH_BYTES: u64 = 256 * 1024;

/// What an instance has spooled, on its way to the database.
///
/// What a primary has committed is not safe yet: another one may take over that never received it. So a segment is kept
/// until every node has what is in it, and all that is kept is shipped again when another primary has taken over. What the
/// database has already, it then leaves as it is.
#[derive(Debug)]
pub(super) struct Backlog {
    pub(super) folder: Arc<Folder>,
    progress: Arc<Progress>,
    /// Where the next batch begins.
    position: Position,
    /// Up to where everything was shipped before.
    furthest: Position,
    /// What the last commit came to, since it was begun anew.
    committed: Option<ConsistencyToken>,
    /// Segments that were shipped to their ends, the oldest first, each with the last commit then.
    kept: VecDeque<(u32, Option<ConsistencyToken>)>,
}

/// Entries that are shipped together.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    /// Whether more may be there already.
    pub(super) is_full: bool,
    end: Position,
}

/// What of an entry an anchor tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) instance: Uuid,
    pub(super) sequence: i64,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) hash: Hash,
}

impl From<&Entry> for Head {
    fn from(entry: &Entry) -> Self {
        let Common { instance, occurred_at, .. } = *entry.common;
        Self { instance, sequence: entry.sequence, occurred_at, hash: entry.hash }
    }
}

impl Backlog {
    /// Of an instance that has just begun to write.
    pub(super) fn new(folder: Arc<Folder>, progress: Arc<Progress>) -> Self {
        Self::from(folder, progress, 1)
    }

    /// Of an instance that is dead.
    pub(super) fn left(folder: Folder) -> Result<Self, Fault> {
        let numbers = segment::numbers(&folder.path)?;
        let last = numbers.last().copied().unwrap_or(0);
        let written = Position { segment: last, offset: u64::MAX };
        let progress = Arc::new(Progress::ended(written, segment::bytes(&folder.path)?));
        Ok(Self::from(Arc::new(folder), progress, numbers.first().copied().unwrap_or(0)))
    }

    fn from(folder: Arc<Folder>, progress: Arc<Progress>, segment: u32) -> Self {
        let position = Position { segment, offset: 0 };
        Self { folder, progress, position, furthest: position, committed: None, kept: VecDeque::new() }
    }

    /// Whether shipping it goes on.
    pub(super) fn goes_on(&self, goes_on: bool) {
        self.progress.goes_on(goes_on);
    }

    /// From now on its instance writes nothing.
    pub(super) fn close(&self) {
        self.progress.close();
    }

    /// The next entries; none where all that is there was shipped.
    ///
    /// # Errors
    /// When the folder cannot be read. It is [`Damage`] when what comes next is no entry of the instance.
    pub(super) fn next(&mut self) -> Result<Option<Batch>> {
        let written = self.progress.written();
        while self.position.segment > 0 {
            let is_whole = self.position.segment < written.segment;
            let end = if is_whole { u64::MAX } else { written.offset };
            let piece = segment::lines(&self.folder.path, self.position, end, BATCH_BYTES);
            let piece = piece.map_err(|fault| match fault.source.kind() {
                io::ErrorKind::NotFound => self.damaged(),
                _ => Error::internal(fault),
            })?;
            if !piece.lines.is_empty() {
                return self.batch(&piece.lines, piece.is_full || is_whole).map(Some);
            }
            if !is_whole {
                break;
            }
            self.kept.push_back((self.position.segment, self.committed));
            self.position = Position { segment: self.position.segment + 1, offset: 0 };
        }
        Ok(None)
    }

    /// The entries of these lines, up to the first line that is none.
    fn batch(&self, lines: &[u8], is_full: bool) -> Result<Batch> {
        let (mut entries, mut good) = (Vec::new(), 0);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let Some(mut read) = read(line, self.folder.instance) else { break };
            entries.append(&mut read);
            good += line.len();
        }
        if entries.is_empty() {
            return Err(self.damaged());
        }
        let end = Position { offset: self.position.offset + good as u64, ..self.position };
        Ok(Batch { entries, is_full: is_full || good < lines.len(), end })
    }

    /// Whether a batch holds what was never shipped before.
    pub(super) fn is_new(&self, batch: &Batch) -> bool {
        batch.end > self.furthest
    }

    /// A batch was committed. Whether everything has to be shipped again, since that was by another primary than before.
    pub(super) fn shipped(&mut self, batch: &Batch, commit: Option<ConsistencyToken>) -> bool {
        let before = self.furthest.max(self.position);
        if batch.end > before {
            let new = batch.end.offset - if before.segment == batch.end.segment { before.offset } else { 0 };
            self.progress.ship(new);
            self.furthest = batch.end;
        }
        self.position = batch.end;
        let is_another = |commit: &ConsistencyToken| self.is_forked(commit.timeline());
        let is_forked = commit.as_ref().is_some_and(is_another);
        self.committed = commit.or(self.committed);
        is_forked
    }

    /// Whether the database has gone on, on this timeline, without what was committed before.
    pub(super) fn is_forked(&self, timeline: u32) -> bool {
        self.committed.is_some_and(|commit| commit.timeline() != timeline)
    }

    /// Begins again with the oldest segment that is kept.
    pub(super) fn begin_again(&mut self) {
        let first = self.kept.front().map_or(self.position.segment, |(segment, _)| *segment);
        self.position = Position { segment: first, offset: 0 };
        self.committed = None;
        self.kept.clear();
    }

    /// Removes segments that no failover can lose any more. Where a node stays away, no more than about `max_bytes` are
    /// kept for it.
    pub(super) fn release(&mut self, cluster: &Cluster, max_bytes: u64) -> Result<()> {
        while let Some((segment, commit)) = self.kept.front().copied() {
            let is_safe = commit.is_none_or(|commit| cluster.is_everywhere(&commit));
            if !is_safe && self.kept.len() as u64 * SEGMENT_BYTES <= max_bytes {
                break;
            }
            if !is_safe {
                tracing::warn!(
                    "audit entries that a database node lacks are no longer kept in the spool: it is away for too long"
                );
            }
            std::fs::remove_file(segment::path(&self.folder.path, segment)).map_err(Error::internal)?;
            self.kept.pop_front();
        }
        Ok(())
    }

    /// Whether no failover can lose what was shipped.
    pub(super) fn is_safe(&self, cluster: &Cluster) -> bool {
        self.committed.is_none_or(|commit| cluster.is_everywhere(&commit))
    }

    /// Adds lines to what its dead instance wrote.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<()> {
        let segment = self.progress.written().segment + 1;
        let path = segment::path(&self.folder.path, segment);
        let file = segment::open(&path).and_then(|mut file| file.write_all(lines).and_then(|()| file.sync_all()));
        // A part of them is as good as what a dying instance wrote: what it lacks is added after it.
        self.progress.extend(Position { segment, offset: u64::MAX }, lines.len() as u64);
        self.position.segment = self.position.segment.max(1);
        file.map_err(Error::internal)
    }

    fn damaged(&self) -> Error {
        Error::internal(Damage(self.folder.instance))
    }
}

/// A folder of the spool holds what is no entry of its instance, or lacks a part.
#[derive(Debug, thiserror::Error)]
#[error("the audit spool's folder {0} was damaged")]
pub(super) struct Damage(Uuid);
