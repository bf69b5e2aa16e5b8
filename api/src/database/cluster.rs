use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use sea_orm::DbBackend;
use tokio::sync::{Notify, watch};

use crate::budget::Spending;
use crate::deed::{Deed, Outcome};
use crate::error::{Error, Result};
use crate::scope::{Boundary, Scope};

use super::lineage::Lineage;
use super::observation::{History, Sight, UNASKED};
use super::owed::Owed;
use super::probe;
use super::receipt::{self, Receipt};
use super::routing::{self, Routing, Verdict, judge};
use super::settings::{Nodes, Settings};
use super::tenant::Tenant;
use super::{ClusterStatus, Consistency, Node, Reader, RecordStatus, Snapshot, Target, Transaction, Witness};

/// How long a write pauses before it looks for a primary again.
const PAUSE: Duration = Duration::from_millis(50);

/// The database nodes that serve one set of records, behind two verbs.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(super) inner: Arc<Inner>,
    /// For whom it is written, where that is not each write's own actor.
    pub(super) receipt: Option<Arc<Receipt>>,
    /// By whose request it is used, where it is used by a caller's.
    pub(super) spending: Option<Arc<Spending>>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) nodes: Vec<Arc<Node>>,
    pub(super) settings: Settings,
    pub(super) routing: RwLock<Arc<Routing>>,
    history: Mutex<History>,
    /// The identifier that nodes must have.
    system: Mutex<Option<String>>,
    pub(super) turn: AtomicUsize,
    pub(super) owed: Owed,
    pub(super) lineage: Mutex<Lineage>,
    /// Told whenever more is known of the nodes.
    pub(super) news: watch::Sender<()>,
    /// Told whenever something was committed.
    pub(super) written: Arc<Notify>,
    /// Of an SQLite file, the number of the last logged change, as far as is known.
    pub(super) logged: AtomicU64,
    /// Reads that the primary served because no replica was fit to.
    pub(super) fallbacks: AtomicU64,
    pub(super) is_probed: bool,
    pub(super) witness: OnceLock<Arc<dyn Witness>>,
    /// Told whenever a node comes, goes, or is used otherwise, once anybody follows.
    pub(super) bulletin: OnceLock<watch::Sender<Arc<ClusterStatus>>>,
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
            lineage: Mutex::default(),
            news: watch::Sender::new(()),
            written: Arc::default(),
            logged: AtomicU64::new(0),
            fallbacks: AtomicU64::new(0),
            is_probed,
            witness: OnceLock::new(),
            bulletin: OnceLock::new(),
        });
        if is_probed {
            for number in 0..inner.nodes.len() {
                tokio::spawn(probe::watch(Arc::downgrade(&inner), number, inner.settings.probe_period));
            }
        }
        Self { inner, receipt: None, spending: None }
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

    /// Checks that a read or a change could be put on record now, where there is a witness.
    ///
    /// # Errors
    /// `Unrecorded` when it could not: then nothing is shown or changed.
    pub async fn can_record(&self) -> Result<()> {
        match self.inner.witness.get() {
            Some(witness) => witness.check().await,
            None => Ok(()),
        }
    }

    /// Progress of notes on their way to the database, where there is a witness.
    #[must_use]
    pub fn record_status(&self) -> Option<RecordStatus> {
        self.inner.witness.get().map(|witness| witness.status())
    }

    /// Reads of one request. All of them run on one node, so that parents and children agree, and PostgreSQL shows them
    /// no rows beyond the scope's boundary.
    #[must_use]
    pub fn read(&self, scope: &Scope, consistency: Consistency) -> Reader {
        let spending = self.spending.clone();
        Reader::new(Arc::clone(&self.inner), Tenant::of(scope), receipt::caller(scope), consistency, spending)
    }

    /// Reads that all show the primary's records as they are at one moment, and no rows beyond the scope's boundary.
    ///
    /// # Errors
    /// `Unavailable` when no primary is known; `Interrupted` when it cannot be reached.
    pub async fn snapshot(&self, scope: &Scope) -> Result<Snapshot> {
        let Some(primary) = self.inner.routing.read().primary else {
            return Err(Error::Unavailable("no primary is known".into()));
        };
        Snapshot::take(&self.inner, primary, scope).await
    }

    /// Opens a transaction on the primary, in which the database knows the scope's actor, request and boundary. Waits a
    /// while for a primary where there is none.
    ///
    /// # Errors
    /// `Unavailable` when no primary was found in time: nothing was changed.
    pub async fn write(&self, scope: &Scope) -> Result<Transaction> {
        self.write_within(scope, scope.boundary).await
    }

    /// The same, within another boundary than the scope's own: what somebody does there is on record as done by who they
    /// are.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_within(&self, scope: &Scope, boundary: Boundary) -> Result<Transaction> {
        let settings = &self.inner.settings;
        let deadline = Instant::now() + settings.primary_timeout.min(settings.pool.acquire_timeout);
        let receipt = self.receipt.clone().unwrap_or_else(|| Arc::new(Receipt::of(scope)));
        loop {
            let primary = self.inner.routing.read().primary;
            let failure = match primary {
                Some(number) => {
                    let (receipt, spending) = (Arc::clone(&receipt), self.spending.clone());
                    match Transaction::begin(&self.inner, number, scope, boundary, receipt, spending).await {
                        Err(Error::Interrupted(source)) => source,
                        result => return result,
                    }
                }
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

    /// Which SQL its nodes speak.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.inner.nodes[0].backend()
    }

    /// PostgreSQL's system identifier, once it is known; 0 for an SQLite file.
    #[must_use]
    pub fn system(&self) -> Option<u64> {
        if self.inner.is_probed { self.inner.system() } else { Some(0) }
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
            *self.lineage.lock() = Lineage::default();
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
        self.learn(&next, &sights);
        self.settle(&next);
        *current = Arc::new(next);
        self.news.send_replace(());
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

    /// The identifier of this cluster, once it is known.
    pub(super) fn system(&self) -> Option<u64> {
        self.system.lock().as_ref()?.parse().ok()
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
