use std::str::FromStr;
use std::sync::Arc;

use super::Change;

/// Which transactions had ended, committed or not, at one moment of one timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) timeline: u32,
    /// The first transaction that had not begun.
    pub(super) next: u64,
    /// Those before it that had not ended, in order.
    pub(super) running: Arc<[u64]>,
}

impl Snapshot {
    /// A moment at which everything had ended, as an SQLite file knows it: one transaction after the other.
    pub(super) fn end() -> Self {
        Self { timeline: 0, next: u64::MAX, running: Arc::default() }
    }

    /// Of `PostgreSQL`'s notation, `xmin:xmax:xip,xip`.
    pub(super) fn parse(timeline: u32, text: &str) -> Option<Self> {
        let mut parts = text.split(':').skip(1);
        let next = u64::from_str(parts.next()?).ok()?;
        let running = parts.next()?.split(',').filter(|number| !number.is_empty());
        let running: Result<Vec<u64>, _> = running.map(u64::from_str).collect();
        Some(Self { timeline, next, running: running.ok()?.into() })
    }

    /// Whether a transaction had ended. All those of earlier timelines had.
    pub(super) fn has_seen(&self, timeline: u32, transaction: u64) -> bool {
        timeline < self.timeline
            || timeline == self.timeline && transaction < self.next && self.running.binary_search(&transaction).is_err()
    }

    pub(super) fn shows(&self, change: &Change) -> bool {
        self.has_seen(change.timeline, change.transaction)
    }

    /// Whether every transaction up to this one had ended.
    pub(super) fn has_seen_all_up_to(&self, timeline: u32, transaction: u64) -> bool {
        timeline < self.timeline || timeline == self.timeline && transaction < self.oldest()
    }

    /// The first transaction that had not ended.
    fn oldest(&self) -> u64 {
        self.running.first().copied().unwrap_or(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_had_not_ended_was_not_seen() {
        let snapshot = Snapshot::parse(2, "10:20:10,15").unwrap();
        let seen = |transaction| snapshot.has_seen(2, transaction);
        assert!(seen(9) && seen(14) && seen(19) && !seen(10) && !seen(15) && !seen(20));
        assert!(snapshot.has_seen(1, 500) && !snapshot.has_seen(3, 5), "numbers count within a timeline");
        assert!(snapshot.has_seen_all_up_to(2, 9) && !snapshot.has_seen_all_up_to(2, 10));
        assert_eq!(Snapshot::parse(1, "7:7:").unwrap().running.len(), 0);
        for broken in ["", "7", "7:7", "7:x:", "7:9:8,x"] {
            assert_eq!(Snapshot::parse(1, broken), None, "{broken}");
        }
    }
}
