use std::collections::HashMap;

use parking_lot::Mutex;
use uuid::Uuid;

/// A place in the primary's log. Those of a later timeline are the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) timeline: u32,
    /// Bytes since the beginning of the log.
    pub(super) position: u64,
}

/// How many callers are told apart.
const MAX_CALLERS: usize = 10_000;

/// What each caller has written through this server and replicas may not show yet: a read that is to see it goes to a
/// node that has come as far. Other callers' reads do not care.
#[derive(Debug, Default)]
pub(super) struct Owed(Mutex<Accounts>);

#[derive(Debug, Default)]
struct Accounts {
    callers: HashMap<Uuid, Position>,
    /// What is owed to all, when there were too many to tell apart.
    everyone: Option<Position>,
    /// What was owed and every node had: one that is found behind it has been put back.
    paid: Option<Position>,
}

impl Owed {
    /// The place that a node must have reached; none when every replica has.
    pub(super) fn get(&self, caller: Uuid) -> Option<Position> {
        let accounts = self.0.lock();
        accounts.callers.get(&caller).copied().max(accounts.everyone)
    }

    /// The same, and what is no longer owed because every replica had reached it.
    pub(super) fn get_with_paid(&self, caller: Uuid) -> Option<Position> {
        let accounts = self.0.lock();
        accounts.callers.get(&caller).copied().max(accounts.everyone).max(accounts.paid)
    }

    pub(super) fn add(&self, caller: Uuid, written: Position) {
        let mut accounts = self.0.lock();
        let Accounts { callers, everyone, .. } = &mut *accounts;
        if callers.len() >= MAX_CALLERS && !callers.contains_key(&caller) {
            *everyone = callers.drain().map(|(_, position)| position).max().max(*everyone);
        }
        let owed = callers.entry(caller).or_insert(written);
        *owed = written.max(*owed);
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        *self.0.lock() = Accounts::default();
    }

    /// Forgets what every other node shows, those that cannot be reached now included: they may come back as they were.
    /// On a new timeline, positions of the old one mean nothing: then it is what the new primary has that is owed.
    pub(super) fn settle(&self, timeline: u32, primary: Option<u64>, others: impl Iterator<Item = Position>) {
        let mut accounts = self.0.lock();
        let Accounts { callers, everyone, paid } = &mut *accounts;
        *paid = paid.filter(|paid| paid.timeline >= timeline);
        if callers.is_empty() && everyone.is_none() {
            return;
        }
        let shown = others.min();
        let mut is_owed = |owed: &mut Position| {
            if let Some(position) = primary.filter(|_| owed.timeline < timeline) {
                *owed = Position { timeline, position };
            }
            let is_owed = shown.is_some_and(|shown| shown < *owed);
            if !is_owed {
                *paid = (*paid).max(Some(*owed));
            }
            is_owed
        };
        callers.retain(|_, owed| is_owed(owed));
        if everyone.as_mut().is_some_and(|owed| !is_owed(owed)) {
            *everyone = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    const fn place(timeline: u32, position: u64) -> Position {
        Position { timeline, position }
    }

    #[test]
    fn a_write_is_owed_to_who_wrote_until_every_replica_has_it() {
        let owed = Owed::default();
        owed.add(CALLER, place(1, 10));
        owed.add(CALLER, place(1, 5));
        owed.settle(1, Some(10), [place(1, 10), place(1, 9)].into_iter());
        assert_eq!((owed.get(CALLER), owed.get(OTHER)), (Some(place(1, 10)), None));
        owed.settle(1, Some(10), [place(1, 10), place(1, 11)].into_iter());
        assert_eq!((owed.get(CALLER), owed.get_with_paid(OTHER)), (None, Some(place(1, 10))));
        owed.settle(2, Some(50), std::iter::once(place(2, 50)));
        assert_eq!(owed.get_with_paid(OTHER), None);
    }

    #[test]
    fn after_a_promotion_the_new_primarys_position_is_owed() {
        let owed = Owed::default();
        owed.add(CALLER, place(1, 100));
        owed.settle(2, None, std::iter::once(place(1, 99)));
        assert_eq!(owed.get(CALLER), Some(place(1, 100)), "nobody knows yet");
        owed.settle(2, Some(50), [place(1, 200), place(2, 50)].into_iter());
        assert_eq!(owed.get(CALLER), Some(place(2, 50)), "what is on the old timeline is another history");
        owed.settle(2, Some(50), [place(2, 50), place(2, 60)].into_iter());
        assert_eq!(owed.get(CALLER), None);
    }

    #[test]
    fn too_many_callers_are_one() {
        let owed = Owed::default();
        for number in 0..=MAX_CALLERS as u128 {
            owed.add(Uuid::from_u128(number), place(1, 7));
        }
        assert_eq!(owed.get(Uuid::from_u128(u128::MAX)), Some(place(1, 7)));
        assert!(owed.0.lock().callers.len() < MAX_CALLERS);
        owed.settle(1, Some(7), std::iter::once(place(1, 7)));
        assert_eq!(owed.get(CALLER), None);
    }
}
