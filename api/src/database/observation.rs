use std::time::{Duration, Instant};

use async_graphql::Enum;
use chrono::{DateTime, Utc};

/// What a node is, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "NodeRole")]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It follows a primary.
    Replica,
}

/// What a node answered to a probe.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Observation {
    pub(super) role: Role,
    /// The same for a primary and all its replicas.
    pub(super) system: String,
    /// When this server process started: another one is another incarnation.
    pub(super) started: DateTime<Utc>,
    /// When the connection was made by which it was asked. No connection survives a crash, though the start time does.
    pub(super) connected: Instant,
    /// On a standby that receives nothing, the one it had reached when it last wrote that down.
    pub(super) timeline: Option<u32>,
    /// Log position: flushed on a primary, replayed on a replica. Bytes since the beginning of the log.
    pub(super) position: u64,
    /// On a primary that was a standby in this incarnation, the last position that it replayed: where its timeline began.
    /// After a crash it is where the replay of its own log ended.
    pub(super) replayed: Option<u64>,
    /// The first of this program's migrations that the node lacks.
    pub(super) lacks: Option<String>,
}

/// What is known of a node.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    /// The last answer; kept when the node stops answering.
    pub(super) observation: Option<Observation>,
    /// Why there is no present answer.
    pub(super) trouble: Option<String>,
    /// When the node was asked for it.
    pub(super) asked: Option<Instant>,
    /// On a primary that was seen to be promoted, the timeline that it followed before; known as long as the connection
    /// lives that saw it: after a crash the node tells a later place than where its timeline began.
    pub(super) predecessor: Option<u32>,
    /// When the node last answered.
    pub(super) seen: Option<Instant>,
    /// How long probes take, smoothed.
    pub(super) latency: Duration,
}

/// The trouble with a node that was not asked yet.
pub(super) const UNASKED: &str = "not reached yet";

impl Sight {
    /// Nothing is known yet.
    pub(super) fn nothing() -> Self {
        Self {
            observation: None,
            trouble: Some(UNASKED.to_owned()),
            asked: None,
            predecessor: None,
            seen: None,
            latency: Duration::ZERO,
        }
    }

    /// Whether the node was asked what it is, whatever came of it.
    pub(super) fn was_asked(&self) -> bool {
        self.trouble.as_deref() != Some(UNASKED)
    }

    pub(super) const fn is_reachable(&self) -> bool {
        self.trouble.is_none() && self.observation.is_some()
    }
}

/// Where the primary's log was, and when: from this, how old a replica's position is.
///
/// A replica's own clock of its last replayed transaction lies when the primary idles; this does not.
#[derive(Debug, Default)]
pub(super) struct History {
    samples: std::collections::VecDeque<(Instant, u64)>,
    last_seen: Option<Instant>,
}

/// How far back lags are told apart.
const REMEMBERED: Duration = Duration::from_mins(10);

impl History {
    pub(super) fn record(&mut self, now: Instant, position: u64) {
        self.last_seen = Some(now);
        if self.samples.back().is_some_and(|(_, last)| *last > position) {
            // Another timeline, on which the past has other positions.
            self.samples.clear();
        }
        if self.samples.back().is_none_or(|(_, last)| *last < position) {
            self.samples.push_back((now, position));
        }
        while self.samples.front().is_some_and(|(at, _)| now.duration_since(*at) > REMEMBERED) && self.samples.len() > 1
        {
            self.samples.pop_front();
        }
    }

    pub(super) fn latest(&self) -> Option<u64> {
        self.samples.back().map(|(_, position)| *position)
    }

    /// How old the state at `position` is: since when the primary has been beyond it, or, when the primary was not seen
    /// lately, since when it was last seen. None when no primary was ever seen.
    pub(super) fn age(&self, position: u64, now: Instant) -> Option<Duration> {
        let last_seen = self.last_seen?;
        let first_beyond = self.samples.partition_point(|(_, sample)| *sample <= position);
        let behind = self.samples.get(first_beyond).map(|(at, _)| now.duration_since(*at));
        Some(behind.unwrap_or_else(|| now.duration_since(last_seen)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_as_old_as_the_first_that_went_beyond_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut history = History::default();
        assert_eq!(history.age(5, start), None);
        for (seconds, position) in [(0, 10), (1, 20), (2, 20), (3, 30)] {
            history.record(at(seconds), position);
        }
        assert_eq!(history.age(30, at(3)), Some(Duration::ZERO));
        assert_eq!(history.age(20, at(3)), Some(Duration::ZERO), "beyond it only just now");
        assert_eq!(history.age(15, at(3)), Some(Duration::from_secs(2)));
        assert_eq!(history.age(30, at(9)), Some(Duration::from_secs(6)), "the primary was last seen then");
    }

    #[test]
    fn an_idle_primary_makes_nobody_late() {
        let start = Instant::now();
        let mut history = History::default();
        for seconds in 0..120 {
            history.record(start + Duration::from_secs(seconds), 10);
        }
        assert_eq!(history.age(10, start + Duration::from_secs(119)), Some(Duration::ZERO));
    }
}
