use parking_lot::Mutex;

/// A place in the primary's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) timeline: u32,
    pub(super) position: u64,
}

/// What callers of this server have written and replicas may not show yet: a read that is to see it goes to a node that
/// has come as far.
#[derive(Debug, Default)]
pub(super) struct Owed(Mutex<Option<Position>>);

impl Owed {
    /// The place that a node must have reached; none when every replica has.
    pub(super) fn get(&self) -> Option<Position> {
        *self.0.lock()
    }

    pub(super) fn add(&self, written: Position) {
        let mut owed = self.0.lock();
        match &mut *owed {
            Some(owed) if owed.timeline == written.timeline => owed.position = owed.position.max(written.position),
            owed => *owed = Some(written),
        }
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }

    /// Forgets what every other node shows, those that cannot be reached now included: they may come back as they were.
    /// On a new timeline, positions of the old one mean nothing: then it is what the new primary has that is owed.
    pub(super) fn settle(&self, timeline: u32, primary: Option<u64>, mut others: impl Iterator<Item = u64>) {
        let mut owed = self.0.lock();
        let Some(position) = &mut *owed else { return };
        if position.timeline != timeline {
            let Some(primary) = primary else { return };
            *position = Position { timeline, position: primary };
        }
        if others.all(|other| other >= position.position) {
            *owed = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_owed_until_every_replica_has_it() {
        let owed = Owed::default();
        owed.add(Position { timeline: 1, position: 10 });
        owed.add(Position { timeline: 1, position: 5 });
        owed.settle(1, Some(10), [10, 9].into_iter());
        assert_eq!(owed.get(), Some(Position { timeline: 1, position: 10 }));
        owed.settle(1, Some(10), [10, 11].into_iter());
        assert_eq!(owed.get(), None);
    }

    #[test]
    fn after_a_promotion_the_new_primarys_position_is_owed() {
        let owed = Owed::default();
        owed.add(Position { timeline: 1, position: 100 });
        owed.settle(2, None, std::iter::once(200));
        assert_eq!(owed.get(), Some(Position { timeline: 1, position: 100 }), "nobody knows yet");
        owed.settle(2, Some(50), std::iter::once(40));
        assert_eq!(owed.get(), Some(Position { timeline: 2, position: 50 }));
    }
}
