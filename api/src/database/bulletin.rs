use std::sync::{Arc, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;

use super::cluster::Inner;
use super::{BreakerState, Cluster, ClusterStatus, Role};

/// How often to look where nothing is heard: breakers open without a word, and nobody asks an SQLite file what it is.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is told when it changes. Figures such as lags change all the time.
#[derive(PartialEq)]
struct Standing {
    address: String,
    role: Option<Role>,
    is_reachable: bool,
    is_eligible: bool,
    timeline: Option<u32>,
    started: Option<DateTime<Utc>>,
    breaker: BreakerState,
    breaker_trips: u64,
}

impl Cluster {
    /// What operators see: now, and again whenever a node comes, goes, or is used otherwise than before. Who is slow sees
    /// the newest state, and not each of those between.
    pub fn follow_status(&self) -> impl Stream<Item = Arc<ClusterStatus>> + Send + use<> {
        let news = self.inner.bulletin.get_or_init(|| self.post()).subscribe();
        let now = Some(Arc::new(self.status()));
        stream::unfold((now, news), |(now, mut news)| async {
            if let Some(now) = now {
                return Some((now, (None, news)));
            }
            news.changed().await.ok()?;
            let status = Arc::clone(&news.borrow_and_update());
            Some((status, (None, news)))
        })
    }

    /// One looks for all who follow, from the first of them on.
    fn post(&self) -> watch::Sender<Arc<ClusterStatus>> {
        let sender = watch::Sender::new(Arc::new(self.status()));
        tokio::spawn(look(Arc::downgrade(&self.inner), self.inner.news.subscribe(), sender.clone()));
        sender
    }
}

/// Looks again and again, for as long as the cluster is there.
async fn look(inner: Weak<Inner>, mut news: watch::Receiver<()>, sender: watch::Sender<Arc<ClusterStatus>>) {
    loop {
        if matches!(tokio::time::timeout(LOOK_EVERY, news.changed()).await, Ok(Err(_))) {
            return;
        }
        let Some(inner) = inner.upgrade() else { return };
        let status = Cluster { inner, receipt: None, spending: None }.status();
        let is_new = standings(&status) != standings(&sender.borrow());
        if is_new {
            sender.send_replace(Arc::new(status));
        }
    }
}

fn standings(status: &ClusterStatus) -> Vec<Standing> {
    let standing = |node: &super::NodeStatus| Standing {
        address: node.address.clone(),
        role: node.role,
        is_reachable: node.is_reachable,
        is_eligible: node.is_eligible,
        timeline: node.timeline,
        started: node.started,
        breaker: node.breaker,
        breaker_trips: node.breaker_trips,
    };
    status.nodes.iter().map(standing).collect()
}
