use std::collections::BTreeMap;

use super::owed::Position;

/// How many timelines back is remembered. Each is a promotion.
const REMEMBERED: usize = 1000;

/// Where each timeline parted from the one before, as far as this server can know.
///
/// A promotion begins a new timeline at the position that the promoted node had reached. What the old primary wrote
/// beyond it is lost, although the new timeline's positions soon exceed it: so a place on an older timeline is never
/// compared with a node's position before it is known to lie in that node's history.
///
/// Who may read a timeline's history file may read every file of the database, so the server does not. It knows less:
/// a primary that was promoted, and has not been restarted since, still tells the last position that it replayed, which
/// is where its timeline began; after a crash it tells a later one, never an earlier one. That a timeline came out of the
/// one before it is only known of a node that was seen as a replica on that one, in the same incarnation. What is not known
/// is left to the primary: nothing shows more of what has survived.
///
/// Two nodes that were both promoted from one timeline begin two timelines of the same number, which nothing tells
/// apart; `routing` keeps to the one that it saw first.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    forks: BTreeMap<u32, Fork>,
}

/// Where a timeline began, or, unless `is_witnessed`, a later position.
#[derive(Clone, Copy, Debug)]
struct Fork {
    at: u64,
    /// It was seen to come out of the timeline numbered one less.
    is_witnessed: bool,
}

/// Who can show what was written up to a place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// A node on the newest timeline that has come this far.
    Reached(Position),
    /// The primary: it is not known whether the place lies in its history.
    Primary,
    /// Nobody yet: the place is on a timeline that no node was seen on. It is no proof that there is such a primary, since a
    /// copy of the cluster made elsewhere can have one: so the present primary stays what it is.
    NotYet,
    /// Nobody, ever: the place lies beyond where its timeline was left.
    Lost,
}

impl Lineage {
    /// A primary on `timeline` tells that it began at `at`, or before; it was seen to be promoted out of `predecessor`.
    pub(super) fn learn(&mut self, timeline: u32, at: u64, predecessor: Option<u32>) {
        let is_witnessed = predecessor.is_some_and(|predecessor| predecessor + 1 == timeline);
        let known = self.forks.entry(timeline).or_insert(Fork { at, is_witnessed });
        if !known.is_witnessed {
            *known = Fork { at: known.at.min(at), is_witnessed };
        }
        if self.forks.len() > REMEMBERED {
            self.forks.pop_first();
        }
    }

    /// Who can show what was written up to `place` by a commit beyond `floor`, when the primary is on the timeline `newest`.
    ///
    /// Where a timeline parted from the one before between the two, the commit may be there and what others wrote behind
    /// it lost: then the primary shows which.
    pub(super) fn demand(&self, place: Position, floor: u64, newest: u32) -> Demand {
        if place.timeline > newest {
            return Demand::NotYet;
        }
        let mut is_whole = true;
        for parent in (place.timeline..newest).rev() {
            let Some(fork) = self.forks.get(&(parent + 1)) else { return Demand::Primary };
            if floor >= fork.at {
                return Demand::Lost;
            }
            is_whole &= place.position <= fork.at;
            if !fork.is_witnessed {
                return Demand::Primary;
            }
        }
        if !is_whole {
            return Demand::Primary;
        }
        // What both timelines have in common has the same positions on both.
        Demand::Reached(Position { timeline: newest, position: place.position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who can show a commit that nobody else wrote behind.
    fn demand(lineage: &Lineage, place: Position, newest: u32) -> Demand {
        lineage.demand(place, place.position - 1, newest)
    }

    const fn place(timeline: u32, position: u64) -> Position {
        Position { timeline, position }
    }

    #[test]
    fn what_was_written_beyond_the_fork_is_lost_however_far_the_new_timeline_has_come() {
        let mut lineage = Lineage::default();
        lineage.learn(2, 100, Some(1));
        assert_eq!(demand(&lineage, place(1, 100), 2), Demand::Reached(place(2, 100)));
        assert_eq!(demand(&lineage, place(1, 101), 2), Demand::Lost);
        assert_eq!(demand(&lineage, place(2, 5000), 2), Demand::Reached(place(2, 5000)));
        lineage.learn(3, 200, Some(2));
        assert_eq!(demand(&lineage, place(1, 90), 3), Demand::Reached(place(3, 90)));
        assert_eq!(demand(&lineage, place(1, 101), 3), Demand::Lost, "also two timelines later");
        assert_eq!(demand(&lineage, place(2, 200), 3), Demand::Reached(place(3, 200)));
        assert_eq!(demand(&lineage, place(2, 201), 3), Demand::Lost);
    }

    #[test]
    fn a_commit_is_not_lost_for_what_others_wrote_behind_it() {
        let mut lineage = Lineage::default();
        lineage.learn(2, 100, Some(1));
        assert_eq!(lineage.demand(place(1, 150), 99, 2), Demand::Primary, "it may end at 100");
        assert_eq!(lineage.demand(place(1, 150), 100, 2), Demand::Lost, "it ends beyond 100");
        assert_eq!(lineage.demand(place(1, 100), 50, 2), Demand::Reached(place(2, 100)));
        lineage.learn(3, 300, Some(2));
        assert_eq!(lineage.demand(place(1, 150), 99, 3), Demand::Primary);
        assert_eq!(lineage.demand(place(1, 150), 100, 3), Demand::Lost, "also where the last promotion lost nothing");
    }

    #[test]
    fn what_is_not_known_is_left_to_the_primary() {
        let mut lineage = Lineage::default();
        assert_eq!(demand(&lineage, place(1, 10), 2), Demand::Primary);
        assert_eq!(demand(&lineage, place(3, 10), 2), Demand::NotYet);
        lineage.learn(3, 200, Some(1));
        assert_eq!(demand(&lineage, place(2, 150), 3), Demand::Primary, "the timeline may be one that was given up");
        assert_eq!(demand(&lineage, place(1, 150), 3), Demand::Primary);
        assert_eq!(demand(&lineage, place(1, 201), 3), Demand::Lost, "whichever it came out of");
        lineage.learn(3, 300, None);
        assert_eq!(demand(&lineage, place(1, 201), 3), Demand::Lost, "a restart tells a later position");
        lineage.learn(3, 200, Some(2));
        lineage.learn(3, 150, None);
        assert_eq!(demand(&lineage, place(2, 200), 3), Demand::Reached(place(3, 200)), "a witness is believed");
    }
}
