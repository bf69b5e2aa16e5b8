//! How far the nodes are, against what callers have written.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sea_orm::{DbErr, Statement};

use crate::budget::Spending;
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::cluster::Inner;
use super::lineage::Demand;
use super::observation::Sight;
use super::owed::Position;
use super::receipt::Receipt;
use super::routing::{self, Routing, Verdict};
use super::{Cluster, ConsistencyToken};

/// The number of the last change that was ever logged in an SQLite file.
const LAST_CHANGE: &str = "SELECT coalesce(max(seq), 0) AS seq FROM sqlite_sequence WHERE name = 'change_log'";

impl Cluster {
    /// The same nodes, for one request of one caller: what is written through this handle, whoever writes it on the caller's
    /// behalf, is the caller's own.
    #[must_use]
    pub fn on_behalf_of(self, scope: &Scope) -> Self {
        Self { receipt: Some(Arc::new(Receipt::of(scope))), ..self }
    }

    /// The same nodes, whose use is charged to a caller's request.
    #[must_use]
    pub fn charged_to(self, spending: Arc<Spending>) -> Self {
        Self { spending: Some(spending), ..self }
    }

    /// What the request has used through this handle; none where it is charged to nobody.
    #[must_use]
    pub fn spending(&self) -> Option<&Spending> {
        self.spending.as_deref()
    }

    /// Whether anything was sent to be committed through this handle, or is about to be, whatever became of it.
    #[must_use]
    pub fn has_begun_to_commit(&self) -> bool {
        self.receipt.as_ref().is_some_and(|receipt| receipt.has_begun())
    }

    /// What the last write through this handle came to; none where it belongs to no request, or nothing was written.
    #[must_use]
    pub fn written(&self) -> Option<ConsistencyToken> {
        self.receipt.as_ref()?.token()
    }

    /// Whether a read can be held to a token, now or soon.
    ///
    /// # Errors
    /// `BadRequest` when it is another database's. `WriteLost` when it stands for a write that no node will ever show: it was
    /// made on a primary from which another one had parted, or the SQLite file was replaced by an older one.
    pub async fn admit(&self, token: &ConsistencyToken) -> Result<()> {
        let inner = &self.inner;
        if self.system().is_some_and(|own| own != token.system) {
            return Err(Error::BadRequest("the consistency token is another database's".to_owned()));
        }
        let is_lost = if inner.is_probed {
            inner.demand(token.place, token.floor) == Demand::Lost
        } else {
            !inner.has_logged(token.place.position).await?
        };
        if is_lost { Err(Error::WriteLost) } else { Ok(()) }
    }

    /// The newest timeline that any node was seen on; 0 of an SQLite file.
    #[must_use]
    pub fn timeline(&self) -> u32 {
        self.inner.routing.read().newest_timeline
    }

    /// Whether every node is known to have what a token stands for, so that no promotion can lose it. Of one that cannot be
    /// reached, what it last told counts.
    #[must_use]
    pub fn is_everywhere(&self, token: &ConsistencyToken) -> bool {
        let inner = &self.inner;
        if !inner.is_probed {
            return true;
        }
        let Demand::Reached(place) = inner.demand(token.place, token.floor) else { return false };
        let routing = Arc::clone(&*inner.routing.read());
        inner.others(&routing).all(|number| inner.nodes[number].place() >= place)
    }
}

impl Inner {
    /// Who can show what was written up to a place, by a commit beyond `floor`.
    pub(super) fn demand(&self, place: Position, floor: u64) -> Demand {
        let newest = self.routing.read().newest_timeline;
        self.lineage.lock().demand(place, floor, newest)
    }

    /// Takes in what the primary has told of its timeline's beginning.
    pub(super) fn learn(&self, routing: &Routing, sights: &[(routing::Purpose, Sight)]) {
        let Some(sight) = routing.primary.map(|primary| &sights[primary].1) else { return };
        let Some(seen) = &sight.observation else { return };
        if let (Some(timeline), Some(replayed)) = (seen.timeline, seen.replayed) {
            self.lineage.lock().learn(timeline, replayed, sight.predecessor);
        }
    }

    /// Forgets what replicas have by now.
    pub(super) fn settle(&self, routing: &Routing) {
        let primary = routing.primary.map(|primary| self.nodes[primary].place().position);
        let others = self.others(routing).map(|number| self.nodes[number].place());
        self.owed.settle(routing.newest_timeline, primary, others);
    }

    /// The nodes that follow the primary or may do so again, those that cannot be reached now included.
    fn others(&self, routing: &Routing) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|number| {
            let serves_nothing = matches!(
                routing.verdicts.get(*number),
                Some(Verdict::Foreign | Verdict::SameAs(_) | Verdict::Fenced { .. } | Verdict::Rival(_))
            );
            routing.primary != Some(*number) && !serves_nothing
        })
    }

    /// Notes what a node has acknowledged: a commit beyond `floor`, and no further than `place`.
    pub(super) fn committed(&self, number: usize, place: Position, floor: u64, receipt: &Receipt) {
        self.written.notify_one();
        if !self.is_probed {
            self.logged.fetch_max(place.position, Ordering::Relaxed);
            return receipt.note(ConsistencyToken { system: 0, place, floor });
        }
        let node = &self.nodes[number];
        node.has_written(place);
        self.owed.add(receipt.caller, place);
        if let Some(system) = node.system() {
            receipt.note(ConsistencyToken { system, place, floor });
        }
    }

    /// Has every node asked now rather than later.
    pub(super) fn hurry(&self) {
        for node in &self.nodes {
            node.hurry.notify_one();
        }
    }

    async fn has_logged(&self, number: u64) -> Result<bool, DbErr> {
        if self.logged.load(Ordering::Relaxed) < number {
            let node = &self.nodes[0];
            let mut lease = node.reads.acquire(node.reads.limits().acquire_timeout, None, None).await?;
            let rows = lease.query_all(&Statement::from_string(node.backend(), LAST_CHANGE)).await?;
            let last: i64 = rows.first().map_or(Ok(0), |row| row.try_get("", "seq"))?;
            self.logged.fetch_max(u64::try_from(last).unwrap_or_default(), Ordering::Relaxed);
        }
        Ok(self.logged.load(Ordering::Relaxed) >= number)
    }
}
