//! Servers of one database tell one another that something was written, so that none has to ask all the time.
//!
//! It is told after a commit, once for all of a few milliseconds, and never within a writing transaction: commits that notify
//! are carried out one after the other.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::watch;
use uuid::Uuid;

use super::Cluster;
use super::cluster::Inner;
use super::owed::Position;
use super::probe::PATIENCE;
use super::target::SERVER_ROLE;

/// What servers listen to.
const CHANNEL: &str = "phr_changes";
/// How long commits gather after others were told of.
const GATHER: Duration = Duration::from_millis(3);
/// How long to wait before the primary is listened to again.
const PAUSE: Duration = Duration::from_millis(100);

impl Cluster {
    /// Is told, soon and once for many, when something was written through this server or another one. It may be told of
    /// nothing, and a telling may be lost. Must be called within a runtime; it ends with the cluster.
    #[must_use]
    pub fn hear(&self) -> watch::Receiver<()> {
        let heard = watch::Sender::new(());
        let receiver = heard.subscribe();
        let own = Uuid::new_v4().to_string();
        if self.inner.is_probed {
            tokio::spawn(listen(Arc::downgrade(&self.inner), heard.clone(), own.clone()));
        }
        tokio::spawn(tell(Arc::downgrade(&self.inner), heard, own));
        receiver
    }

    /// Another server may have acknowledged a caller's write: it is in the log that was read when the primary had come to
    /// `place`, timeline and bytes of log.
    pub fn has_heard(&self, caller: Uuid, (timeline, position): (u32, u64)) {
        if self.inner.nodes.len() > 1 {
            self.inner.owed.add(caller, Position { timeline, position });
        }
    }
}

/// Tells of what is committed through this server.
async fn tell(cluster: Weak<Inner>, heard: watch::Sender<()>, own: String) {
    let Some(written) = cluster.upgrade().map(|inner| Arc::clone(&inner.written)) else { return };
    loop {
        // Also to see whether the cluster is still in use.
        let is_written = tokio::time::timeout(Duration::from_secs(1), written.notified()).await.is_ok();
        let Some(inner) = cluster.upgrade().filter(|_| !heard.is_closed()) else { return };
        if !is_written {
            continue;
        }
        heard.send_replace(());
        if inner.is_probed {
            // One that is lost is made up for: who listens asks now and then.
            tokio::time::timeout(PATIENCE, notify(&inner, &own)).await.ok();
        }
        drop(inner);
        tokio::time::sleep(GATHER).await;
    }
}

async fn notify(inner: &Inner, own: &str) -> Option<()> {
    let node = &inner.nodes[inner.routing.read().primary?];
    let mut lease = node.writes.acquire(PATIENCE, None, None).await.ok()?;
    // Nobody waits for a word to reach the disk, or a replica.
    let quickly = "set_config('synchronous_commit', 'off', true)";
    lease.batch(&format!("SELECT {quickly}, pg_notify('{CHANNEL}', '{own}')")).await.ok()
}

/// Hears of what is committed through others.
async fn listen(cluster: Weak<Inner>, heard: watch::Sender<()>, own: String) {
    loop {
        let Some(inner) = cluster.upgrade().filter(|_| !heard.is_closed()) else { return };
        let primary = inner.routing.read().primary;
        if let Some(number) = primary
            && let Ok(Ok(mut listener)) = tokio::time::timeout(PATIENCE, connect(&inner, number)).await
        {
            // Something may have been told before.
            heard.send_replace(());
            attend(&inner, number, &mut listener, &heard, &own).await;
        }
        drop(inner);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn connect(inner: &Inner, number: usize) -> Result<PgListener, sqlx::Error> {
    let options = inner.nodes[number].options().clone().application_name("phr herald");
    let options = options.options([("role", SERVER_ROLE)]).disable_statement_logging();
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options)).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Returns when the connection breaks, or another node is the primary.
async fn attend(inner: &Inner, number: usize, listener: &mut PgListener, heard: &watch::Sender<()>, own: &str) {
    let has_changed = async {
        let mut news = inner.news.subscribe();
        while inner.routing.read().primary == Some(number) && !heard.is_closed() {
            tokio::time::timeout(Duration::from_secs(1), news.changed()).await.ok();
        }
    };
    let hearing = async {
        while let Ok(Some(notification)) = listener.try_recv().await {
            if notification.payload() != own {
                heard.send_replace(());
            }
        }
    };
    tokio::select! {
        () = has_changed => {}
        () = hearing => {}
    }
}
