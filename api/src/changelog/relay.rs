use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use crate::database::Cluster;
use crate::error::{Error, Result};

use super::{Batch, Cursor, Reader, Subscription};

/// How often the log is read when nobody tells of anything: changes that were made by psql are heard of that late.
const POLL: Duration = Duration::from_millis(250);
/// Changes that are read at once.
pub(super) const PAGE: u32 = 500;
/// Batches that wait for slow subscriptions. Whoever is further behind reads the log.
const WAITING: usize = 64;
/// How long to wait before what failed is tried again.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// Follows the log from now on, once for a whole server, and hands what is new to its subscriptions. It reads as soon as a
/// server of the database has told of a write, and now and then besides. It ends when it and its clones are dropped.
#[derive(Clone, Debug)]
pub struct Relay {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    own: Reader,
    reader: Reader,
    news: broadcast::Sender<Batch>,
}

impl Relay {
    /// Begins to follow the log. Must be called within a runtime.
    #[must_use]
    pub fn start(cluster: &Cluster) -> Self {
        let (own, reader) = (Reader::own(cluster.clone()), Reader::new(cluster.clone()));
        let shared = Arc::new(Shared { own, reader, news: broadcast::Sender::new(WAITING) });
        tokio::spawn(follow(Arc::downgrade(&shared), cluster.clone(), cluster.hear()));
        Self { shared }
    }

    /// What comes after a cursor; what comes from now on, where there is none.
    ///
    /// # Errors
    /// `BadRequest` for another database's cursor. As any read of the primary: mostly `Unavailable` or `Consistency`, and
    /// trying again helps.
    pub async fn subscribe(&self, after: Option<Cursor>) -> Result<Subscription> {
        let reader = &self.shared.reader;
        // Before the cursor is made: nothing may come between the two.
        let live = self.shared.news.subscribe();
        let cursor = match after {
            Some(cursor) => reader.admit(&cursor).map(|()| cursor)?,
            None => reader.now().await?,
        };
        Ok(Subscription::new(reader.clone(), live, cursor))
    }
}

/// Reads on and on, for as long as the relay is in use.
async fn follow(shared: Weak<Shared>, cluster: Cluster, mut heard: watch::Receiver<()>) {
    let mut cursor = None;
    let mut is_failing = false;
    loop {
        let Some(relay) = shared.upgrade() else { return };
        let result = relay.catch_up(&cluster, &mut cursor).await;
        drop(relay);
        match &result {
            Err(error) if !is_failing => tracing::warn!(%error, "the change log cannot be read now"),
            Ok(()) if is_failing => tracing::info!("the change log is read again"),
            _ => {}
        }
        if matches!(result, Err(Error::BadRequest(_))) {
            // What was taken for this database was another: its cursor means nothing.
            cursor = None;
        }
        is_failing = result.is_err();
        if is_failing {
            tokio::time::sleep(PAUSE).await;
        } else {
            tokio::time::timeout(POLL, heard.changed()).await.ok();
        }
    }
}

impl Shared {
    /// Hands on whatever the cursor has not seen.
    async fn catch_up(&self, cluster: &Cluster, cursor: &mut Option<Cursor>) -> Result<()> {
        let mut seen = match cursor.take() {
            Some(seen) => seen,
            None => self.own.now().await?,
        };
        loop {
            let reading = self.own.read(&seen, PAGE).await;
            *cursor = Some(reading.as_ref().map_or(seen, |reading| reading.batch.cursor.clone()));
            let reading = reading?;
            if let Some(place) = reading.place {
                let callers: HashSet<_> = reading.batch.changes.iter().filter_map(|change| change.caller).collect();
                for caller in callers {
                    cluster.has_heard(caller, place);
                }
            }
            if reading.batch.is_empty() {
                return Ok(());
            }
            let (is_last, next) = (reading.batch.changes.len() < PAGE as usize, reading.batch.cursor.clone());
            // Nobody may be listening.
            self.news.send(reading.batch).ok();
            if is_last {
                return Ok(());
            }
            seen = next;
        }
    }
}
