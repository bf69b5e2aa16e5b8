//! Which node serves a read.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::breaker::BreakerState;
use super::cluster::Inner;
use super::incarnation::Incarnation;
use super::observation::Role;
use super::owed::Position;
use super::routing::{Routing, Verdict};
use super::settings::Balancing;

/// A replica that is behind for less than this may be waited for.
const CLOSE: Duration = Duration::from_millis(500);

/// What a read must be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    /// Timeline and position at least; 0 where any will do.
    pub(super) place: Position,
    pub(super) only_primary: bool,
}

/// A node for a read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) number: usize,
    /// The only one that will do, where the read must be shown anything in particular.
    pub(super) incarnation: Option<Incarnation>,
}

impl Inner {
    /// The node for a read: of those not yet tried, the best that has come as far as is wanted. None, as long as `may_wait`,
    /// also where no replica has, but one soon may.
    pub(super) fn pick(&self, tried: &[usize], want: &Want, may_wait: bool) -> Option<Choice> {
        let routing = Arc::clone(&*self.routing.read());
        let now = Instant::now();
        let works = |number: &usize| self.nodes[*number].breaker.state(now) != BreakerState::Open;
        let is_new = |number: &usize| !tried.contains(number);
        let shows = |number: usize| self.choice(number, want);
        let primary = routing.primary.filter(is_new);
        if want.only_primary || !self.is_probed {
            return primary.and_then(shows);
        }
        let replicas: Vec<usize> = routing.replicas.iter().copied().filter(is_new).filter(works).collect();
        let mut fit: Vec<usize> = replicas.iter().copied().filter(|number| shows(*number).is_some()).collect();
        if !fit.is_empty() {
            return shows(self.balance(&mut fit));
        }
        let is_close =
            |number: &usize| routing.lags.get(*number).copied().flatten().is_some_and(|lag| lag.time < CLOSE);
        if may_wait && replicas.iter().any(is_close) {
            return None;
        }
        if let Some(choice) = primary.filter(works).and_then(shows) {
            if self.nodes.len() > 1 {
                self.fallbacks.fetch_add(1, Ordering::Relaxed);
            }
            return Some(choice);
        }
        let second_best = routing.disaster.iter().chain(&routing.lagging).copied().filter(is_new).find_map(shows);
        second_best.or_else(|| self.last_resort(&routing, tried).and_then(shows))
    }

    /// The node, if what is known of it is enough.
    pub(super) fn choice(&self, number: usize, want: &Want) -> Option<Choice> {
        let Want { place, only_primary } = *want;
        if !self.is_probed || (!only_primary && place.position == 0) {
            return Some(Choice { number, incarnation: None });
        }
        let known = self.nodes[number].known()?;
        let is_enough = known.place.timeline >= place.timeline
            && known.place.position >= place.position
            && (known.role == Role::Primary || !only_primary);
        is_enough.then(|| Choice { number, incarnation: Some(Incarnation::of(known, place.position)) })
    }

    /// A node that is said not to work is better than none, as long as it has the right records.
    fn last_resort(&self, routing: &Routing, tried: &[usize]) -> Option<usize> {
        let plausible = |number: &usize| {
            !tried.contains(number)
                && matches!(routing.verdicts.get(*number), None | Some(Verdict::Fit | Verdict::Unreachable(_)))
        };
        (0..self.nodes.len()).find(plausible)
    }

    fn balance(&self, fit: &mut [usize]) -> usize {
        match self.settings.balancing {
            Balancing::RoundRobin => fit[self.turn.fetch_add(1, Ordering::Relaxed) % fit.len()],
            Balancing::LeastConnections => {
                // Ties go round, so that an idle cluster is used evenly.
                let start = self.turn.fetch_add(1, Ordering::Relaxed) % fit.len();
                fit.rotate_left(start);
                fit.iter().copied().min_by_key(|number| self.nodes[*number].running()).unwrap_or(fit[0])
            }
            Balancing::Latency => {
                fit.iter().copied().min_by_key(|number| self.nodes[*number].sight().latency).unwrap_or(fit[0])
            }
        }
    }

    /// Whether another node could serve what runs on this one.
    pub(super) fn has_other(&self, number: usize) -> bool {
        let routing = self.routing.read();
        routing.replicas.iter().chain(&routing.primary).chain(&routing.disaster).any(|other| *other != number)
    }
}
