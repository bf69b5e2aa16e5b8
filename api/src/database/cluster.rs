use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};

use crate::deed::{Deed, Outcome};
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::breaker::BreakerState;
use super::observation::{History, Sight, UNASKED};
use super::owed::{Owed, Position};
use super::probe::{self, watch};
use super::routing::{self, Routing, Verdict, judge};
use super::settings::{Balancing, Nodes, Settings};
use super::tenant::Tenant;
use super::{Consistency, Node, Reader, Target, Transaction, Witness};

/// How long a write pauses before it looks for a primary again.
const PAUSE: Duration = Duration::from_millis(50);

/// The database nodes that serve one set of records, behind two verbs.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) nodes: Vec<Arc<Node>>,
    pub(super) settings: Settings,
    pub(super) routing: RwLock<Arc<Routing>>,
    history: Mutex<History>,
    /// The identifier that nodes must have.
    system: Mutex<Option<String>>,
    turn: AtomicUsize,
    pub(super) owed: Owed,
    /// Reads that the primary served because no replica was fit to.
    pub(super) fallbacks: AtomicU64,
    is_probed: bool,
    pub(super) witness: OnceLock<Arc<dyn Witness>>,
}

impl Cluster {
    /// Knows where the nodes are, and begins to ask PostgreSQL servers what they are. Must be called within a runtime.
    #[must_use]
    pub fn new(nodes: Nodes, settings: Settings) -> Self {
        let is_probed = matches!(nodes.main, Target::Postgres(_));
        let ordinary = std::iter::once(nodes.main).chain(nodes.replicas);
        let all = ordinary
            .map(|target| (target, routing::Purpose::Ordinary))
            .chain(nodes.disaster.into_iter().map(|target| (target, routing::Purpose::Disaster)));
        let nodes: Vec<_> = all.map(|(target, purpose)| Arc::new(Node::new(target, purpose, &settings))).collect();
        let routing = if is_probed { Routing::default() } else { Routing { primary: Some(0), ..Routing::default() } };
        let inner = Arc::new(Inner {
            nodes,
            settings,
            routing: RwLock::new(Arc::new(routing)),
            history: Mutex::default(),
            system: Mutex::default(),
            turn: AtomicUsize::new(0),
            owed: Owed::default(),
            fallbacks: AtomicU64::new(0),
            is_probed,
            witness: OnceLock::new(),
        });
        if is_probed {
            for number in 0..inner.nodes.len() {
                tokio::spawn(watch(Arc::downgrade(&inner), number, inner.settings.probe_period));
            }
        }
        Self { inner }
    }

    /// From now on everything that is done is put on record. The first witness stays.
    pub fn witnessed_by(&self, witness: Arc<dyn Witness>) {
        self.inner.witness.set(witness).ok();
    }

    /// Puts on record what was done or tried outside a transaction, where there is a witness.
    ///
    /// # Errors
    /// `Unrecorded` when it cannot be: then nothing of it may be shown.
    pub async fn record(&self, scope: &Scope, deeds: Vec<(Deed, Outcome)>) -> Result<()> {
        match self.inner.witness.get() {
            Some(witness) if !deeds.is_empty() => witness.record(scope, deeds).await,
            _ => Ok(()),
        }
    }

    /// Reads of one request. All of them run on one node, so that parents and children agree, and PostgreSQL shows them
    /// no rows beyond the scope's boundary.
    #[must_use]
    pub fn read(&self, scope: &Scope, consistency: Consistency) -> Reader {
        Reader::new(Arc::clone(&self.inner), Tenant::of(scope), consistency)
    }

    /// Opens a transaction on the primary, in which the database knows the scope's actor, request and boundary. Waits a
    /// while for a primary where there is none.
    ///
    /// # Errors
    /// `Unavailable` when no primary was found in time: nothing was changed.
    pub async fn write(&self, scope: &Scope) -> Result<Transaction> {
        let settings = &self.inner.settings;
        let deadline = Instant::now() + settings.primary_timeout.min(settings.pool.acquire_timeout);
        loop {
            let primary = self.inner.routing.read().primary;
            let failure = match primary {
                Some(number) => match Transaction::begin(&self.inner, number, scope).await {
                    Err(Error::Interrupted(source)) => source,
                    result => return result,
                },
                None => "no primary is known".into(),
            };
            // Who waits for another writer of an SQLite file has waited already.
            if !self.inner.is_probed || Instant::now() + PAUSE >= deadline {
                return Err(Error::Unavailable(failure));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether reads can be served now.
    pub async fn is_ready(&self) -> bool {
        if !self.inner.is_probed {
            return self.inner.nodes[0].ping().await.is_ok();
        }
        self.inner.can_serve()
    }

    /// Whether there is a primary to write to.
    #[must_use]
    pub fn has_primary(&self) -> bool {
        self.inner.routing.read().primary.is_some()
    }

    /// Waits until every node has been asked once and judged by its answer, or as long as a probe may take.
    pub async fn first_look(&self) {
        if !self.inner.is_probed {
            return;
        }
        let deadline = Instant::now() + probe::PATIENCE + Duration::from_millis(200);
        let is_judged = |verdict: &Verdict| !matches!(verdict, Verdict::Unreachable(trouble) if trouble == UNASKED);
        let are_judged = || {
            let routing = self.inner.routing.read();
            !routing.verdicts.is_empty() && routing.verdicts.iter().all(is_judged)
        };
        while !are_judged() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Closes the breaker of the node at `address`, whatever made it open. Returns whether there is such a node.
    #[must_use]
    pub fn reset_breaker(&self, address: &str) -> bool {
        let found = self.inner.nodes.iter().filter(|node| node.address() == address);
        found.map(|node| node.breaker.reset()).count() > 0
    }
}

impl Inner {
    /// Whether any node can serve any read.
    pub(super) fn can_serve(&self) -> bool {
        let routing = Arc::clone(&*self.routing.read());
        routing.primary.is_some()
            || !routing.replicas.is_empty()
            || !routing.disaster.is_empty()
            || !routing.lagging.is_empty()
    }

    /// Judges every node by what is known now.
    pub(super) fn reroute(&self) {
        let now = Instant::now();
        let sights: Vec<_> = self.nodes.iter().map(|node| (node.purpose, node.sight())).collect();
        if !sights[0].1.was_asked() {
            // Until the node named first has been asked, another cluster's could be taken for ours.
            return;
        }
        let mut system = self.system.lock();
        let mut history = self.history.lock();
        let mut current = self.routing.write();
        let found = identify(&sights).or_else(|| system.clone());
        if system.is_some() && *system != found {
            // What was taken for ours was not: its log and its timeline mean nothing.
            *history = History::default();
            self.owed.forget();
            *current = Arc::new(Routing { verdicts: current.verdicts.clone(), ..Routing::default() });
        }
        system.clone_from(&found);
        let mut next = judge(&sights, found.as_deref(), &current, &history, self.settings.lag, now);
        if let Some(seen) = next.primary.and_then(|primary| sights[primary].1.observation.as_ref()) {
            history.record(now, seen.position);
            next = judge(&sights, found.as_deref(), &current, &history, self.settings.lag, now);
        }
        self.announce(&current, &next);
        self.settle(&next);
        *current = Arc::new(next);
    }

    fn settle(&self, routing: &Routing) {
        let primary = routing.primary.map(|primary| self.nodes[primary].position());
        let others = (0..self.nodes.len()).filter(|number| {
            let serves_nothing = matches!(
                routing.verdicts[*number],
                Verdict::Foreign | Verdict::SameAs(_) | Verdict::Fenced { .. } | Verdict::Rival(_)
            );
            routing.primary != Some(*number) && !serves_nothing
        });
        self.owed.settle(routing.newest_timeline, primary, others.map(|number| self.nodes[number].position()));
    }

    fn announce(&self, before: &Routing, after: &Routing) {
        let address = |number: usize| self.nodes[number].address().to_owned();
        if before.primary != after.primary {
            if let Some(number) = after.primary {
                tracing::info!(db.node = address(number), timeline = after.newest_timeline, "primary");
                self.nodes[number].writes.warm();
            } else {
                tracing::warn!("no primary: writes wait for one");
            }
        }
        for (number, verdict) in after.verdicts.iter().enumerate() {
            let was = before.verdicts.get(number);
            if was == Some(verdict) || matches!(verdict, Verdict::Unreachable(_)) {
                continue;
            }
            match verdict.reason(address) {
                Some(reason) if !matches!((was, verdict), (Some(Verdict::Lagging(_)), Verdict::Lagging(_))) => {
                    tracing::warn!(db.node = address(number), reason, "node is not used");
                }
                None => self.nodes[number].reads.warm(),
                Some(_) => {}
            }
        }
    }

    /// The node for a read: of those not yet tried, the best that has come as far as is wanted. On an older
    /// timeline the same position may be another history.
    pub(super) fn pick(&self, tried: &[usize], wanted: Position, only_primary: bool) -> Option<usize> {
        let routing = Arc::clone(&*self.routing.read());
        let now = Instant::now();
        let works = |number: &usize| self.nodes[*number].breaker.state(now) != BreakerState::Open;
        let is_new = |number: &usize| !tried.contains(number);
        let reaches = |number: &usize| {
            let node = &self.nodes[*number];
            node.position() >= wanted.position && (wanted.timeline == 0 || node.timeline() >= Some(wanted.timeline))
        };
        let primary = routing.primary.filter(is_new);
        if only_primary || !self.is_probed {
            return primary;
        }
        let mut fit: Vec<usize> =
            routing.replicas.iter().copied().filter(is_new).filter(works).filter(reaches).collect();
        if !fit.is_empty() {
            return Some(self.balance(&mut fit));
        }
        if let Some(primary) = primary.filter(works) {
            if self.nodes.len() > 1 {
                self.fallbacks.fetch_add(1, Ordering::Relaxed);
            }
            return Some(primary);
        }
        let second_best = routing.disaster.iter().chain(&routing.lagging).copied().filter(is_new).find(reaches);
        second_best.or_else(|| self.last_resort(&routing, tried).filter(reaches))
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

    /// The position from which on a node shows every write that this server has acknowledged.
    pub(super) fn committed(&self, position: u64) {
        let timeline = self.routing.read().newest_timeline;
        self.owed.add(Position { timeline, position });
    }
}

/// The cluster's system identifier: that of the node named first. As long as that one was never reached, what most of
/// the others that answer have; among equals, the one named first.
fn identify(sights: &[(routing::Purpose, Sight)]) -> Option<String> {
    if let Some(seen) = sights.first().and_then(|(_, sight)| sight.observation.as_ref()) {
        return Some(seen.system.clone());
    }
    let reachable = || sights.iter().filter(|(_, sight)| sight.is_reachable());
    let systems: Vec<&str> =
        reachable().filter_map(|(_, sight)| sight.observation.as_ref()).map(|seen| seen.system.as_str()).collect();
    let count = |system: &str| systems.iter().filter(|other| **other == system).count();
    // Of equals, `max_by_key` takes the last.
    systems.iter().rev().max_by_key(|system| count(system)).map(|system| (*system).to_owned())
}
