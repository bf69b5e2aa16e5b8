use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, broadcast, watch};

use crate::budget::FairQueue;
use crate::database::Cluster;
use crate::error::{Error, Result};
use crate::task::apart;

use super::subscription::Source;
use super::{Batch, Cursor, Reader, Subscription};

/// How often the log is read when nobody tells of anything: changes that were made by psql are heard of that late.
const POLL: Duration = Duration::from_millis(250);
/// Changes that are read at once.
pub(super) const PAGE: u32 = 500;
/// Batches that wait for slow subscriptions. Whoever is further behind reads the log.
const WAITING: usize = 64;
/// Subscriptions that read the log by themselves at a time, in turns. When thousands come back at once, other reads must not
/// wait for all of them.
const REPLAYING: usize = 4;
/// How many processors those are taken for.
const CORES: f64 = 4.0;
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
    /// When the beginning of those who begin now was last looked for, and what was found.
    beginning: Mutex<Option<(Instant, Option<Cursor>)>>,
    /// Whether the log is followed: what is written from then on is handed on.
    has_begun: watch::Sender<bool>,
    replaying: FairQueue,
}

impl Relay {
    /// Begins to follow the log. Must be called within a runtime.
    #[must_use]
    pub fn start(cluster: &Cluster) -> Self {
        let shared = Arc::new(Shared {
            own: Reader::own(cluster.clone()),
            reader: Reader::new(cluster.clone()),
            news: broadcast::Sender::new(WAITING),
            beginning: Mutex::default(),
            has_begun: watch::Sender::new(false),
            replaying: FairQueue::new(REPLAYING, CORES),
        });
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
        let begins_now = after.is_none();
        let cursor = if let Some(cursor) = after {
            reader.admit(&cursor).map(|()| cursor)?
        } else {
            let shared = Arc::clone(&self.shared);
            apart(async move { shared.beginning().await }).await?
        };
        let source = Source {
            reader: reader.clone(),
            replaying: self.shared.replaying.clone(),
            budget: None,
            has_begun: self.shared.has_begun.subscribe(),
            live,
        };
        Ok(Subscription::new(source, cursor, begins_now))
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
    /// Where those begin who begin now: read after they came, once for all who came before.
    async fn beginning(&self) -> Result<Cursor> {
        // What is written before the log is followed is nobody's to hand on.
        self.has_begun.subscribe().wait_for(|has_begun| *has_begun).await.ok();
        let came = Instant::now();
        let mut last = self.beginning.lock().await;
        let found = match &*last {
            Some((began, found)) if *began >= came => found.clone(),
            _ => {
                let began = Instant::now();
                let found = self.reader.now().await;
                *last = Some((began, found.as_ref().ok().cloned()));
                return found;
            }
        };
        found.ok_or_else(|| Error::Unavailable("the change log could not be read".into()))
    }

    /// Hands on whatever the cursor has not seen.
    async fn catch_up(&self, cluster: &Cluster, cursor: &mut Option<Cursor>) -> Result<()> {
        let mut seen = match cursor.take() {
            Some(seen) => seen,
            None => self.own.now().await?,
        };
        self.has_begun.send_if_modified(|has_begun| !std::mem::replace(has_begun, true));
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
