use std::sync::Arc;

use super::{Change, Cursor};

/// Some changes, in order, and where to go on.
#[derive(Clone, Debug)]
pub struct Batch {
    /// What the reader had not seen, in order; empty when there is nothing, and where there is a gap.
    pub changes: Arc<[Change]>,
    /// What the reader has seen with these. After a gap: everything there is by now.
    pub cursor: Cursor,
    /// Why changes may be missing between the reader's cursor and this one.
    pub gap: Option<Gap>,
}

/// Why what a cursor asks for cannot be told. Whoever kept anything of the records reads them anew, and goes on from the
/// batch's cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gap {
    /// Changes that it had not seen are older than the log is kept.
    Pruned,
    /// It may have seen changes that were lost when another primary took over, or when an SQLite file was replaced by an
    /// older copy.
    Forked,
}

impl Batch {
    pub(super) fn gap(gap: Gap, cursor: Cursor) -> Self {
        Self { changes: Arc::default(), cursor, gap: Some(gap) }
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.gap.is_none()
    }

    /// What a reader has seen who has seen the changes of this batch up to, and with, this one.
    #[must_use]
    pub fn cursor_after(&self, change: &Change) -> Cursor {
        match self.changes.last() {
            Some(last) if last.sequence != change.sequence => self.cursor.up_to(change),
            _ => self.cursor.clone(),
        }
    }

    /// Whether it is as new to a reader as to who has read it, cursor and all: whoever has seen nothing of it, though it is
    /// everything that its base does not show, has seen nothing but what its base shows.
    fn follows(&self, seen: &Cursor) -> bool {
        let Some(first) = self.changes.first() else { return false };
        // An SQLite file's cursor is the last change's number, whoever has read it.
        let is_whole =
            self.cursor.system == 0 || seen.is_complete() && self.cursor.is_complete() && first.sum == first.mark;
        is_whole && !self.changes.iter().any(|change| seen.has_seen(change))
    }

    /// The same for a reader who has seen other changes before: what is new of it, and what that reader has seen then. None
    /// where nothing is new.
    pub(super) fn beyond(&self, seen: &Cursor) -> Option<Self> {
        if self.follows(seen) {
            return Some(self.clone());
        }
        let mut changes: Vec<Change> = self.changes.iter().filter(|change| !seen.has_seen(change)).cloned().collect();
        let mut cursor = match &self.cursor {
            cursor if cursor.current == seen.current => seen.clone(),
            _ if changes.is_empty() => return None,
            cursor => Cursor { base: seen.current.clone(), sequence: 0, from: 0, mark: 0, ..cursor.clone() },
        };
        cursor.pass(&mut changes);
        if self.cursor.is_complete() {
            cursor.sequence = self.cursor.sequence;
        }
        Some(Self { changes: changes.into(), cursor, gap: None })
    }
}
