use std::time::Instant;

use chrono::{DateTime, Utc};

use super::connection::Birth;
use super::observation::Role;
use super::owed::Position;

/// What is known of one incarnation of a node: of the process that was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// When its server process started: another one is another incarnation.
    pub(super) started: DateTime<Utc>,
    /// When it was asked.
    pub(super) asked: Instant,
    pub(super) role: Role,
    pub(super) place: Position,
}

/// What a connection must be to show what is known of its node.
///
/// A node that was restarted, or rebuilt behind the same address, may be further behind than it was. So a connection counts
/// only if it leads to the incarnation that was asked. When one process of a PostgreSQL server is killed, the others end
/// too, and it begins anew without a new start time; a replica then replays again, from an earlier position. But no
/// connection survives that either: one that was there when the node was asked shows at least what the node told, and one
/// that was made later shows at least what itself was told first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incarnation {
    known: Known,
    /// What must be shown, at least.
    wanted: u64,
}

impl Incarnation {
    pub(super) const fn of(known: Known, wanted: u64) -> Self {
        Self { known, wanted }
    }

    /// Whether a connection to the node leads to it.
    pub(super) fn answers(&self, birth: &Birth) -> bool {
        // What a primary has flushed, it never forgets.
        let is_as_far =
            self.known.role == Role::Primary || birth.at <= self.known.asked || birth.position >= self.wanted;
        birth.started == self.known.started && is_as_far
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_connection_shows_what_is_known_of_its_own_incarnation_alone() {
        let (before, second) = (Instant::now(), Duration::from_secs(1));
        let asked = before + second;
        let start = |micros| DateTime::from_timestamp_micros(micros).unwrap();
        let known = |role| Known { started: start(1), asked, role, place: Position { timeline: 1, position: 100 } };
        let birth = |started, at, position| Birth { started: start(started), at, position, process: 1 };
        let replica = Incarnation::of(known(Role::Replica), 90);
        assert!(replica.answers(&birth(1, before, 10)), "it has seen the node come this far");
        assert!(replica.answers(&birth(1, asked + second, 90)));
        assert!(!replica.answers(&birth(1, asked + second, 89)), "the node may have begun anew");
        assert!(!replica.answers(&birth(2, before, 100)) && !replica.answers(&birth(2, asked + second, 100)));
        let primary = Incarnation::of(known(Role::Primary), 90);
        assert!(primary.answers(&birth(1, asked + second, 0)) && !primary.answers(&birth(2, asked + second, 100)));
    }
}
