use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Months;
use futures_util::FutureExt;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::clock::{Clock, SharedClock};
use crate::database::Cluster;
use crate::deed::{Action, Deed};
use crate::error::{Error, Result};
use crate::pruning_clock;
use crate::scope::Scope;

use super::backlog::Backlog;
use super::folder::Folder;
use super::retire::{Retired, is_damage};
use super::shipping::{Shipping, make_partitions};
use super::trail::Settings;
use super::upkeep::{Pruned, prune};

/// How long entries gather before they are shipped: anchors are to be a second apart at most.
const GATHER: Duration = Duration::from_millis(250);
/// How often dead instances are looked for.
const LOOK_AROUND: Duration = Duration::from_secs(5);
/// How often partitions are made ahead, and old ones pruned.
const UPKEEP: Duration = Duration::from_hours(6);
/// How long to wait before what could not be finished is tried again.
const PAUSE: Duration = Duration::from_millis(50);
/// How often it is logged that entries still cannot be shipped.
const REMINDER: Duration = Duration::from_mins(1);
/// How far ahead partitions are made.
const AHEAD_MONTHS: u32 = 2;

/// What goes on beside the requests, until it is told to stop.
#[derive(Debug)]
pub struct Tending {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Tending {
    pub(super) fn start(
        settings: Settings,
        cluster: Cluster,
        clock: SharedClock,
        backlog: Backlog,
        written: Arc<Notify>,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let tender = Tender {
            spool: settings.spool,
            retention_days: settings.retention_days,
            max_bytes: settings.max_bytes,
            shipping: Shipping::new(cluster, settings.anchors),
            clock,
            backlog,
            adopted: Vec::new(),
            looked: None,
            kept_up: None,
            trouble: Trouble::default(),
        };
        Self { stop, task: tokio::spawn(tender.run(written, stopped)) }
    }

    /// Ships what is left, ends the chain and removes the spool, for as long as that may take; what cannot be shipped
    /// stays, for the next process to adopt.
    pub async fn stop(mut self, limit: Duration) {
        // It may have ended by itself.
        self.stop.send(()).ok();
        if tokio::time::timeout(limit, &mut self.task).await.is_err() {
            self.task.abort();
            tracing::warn!("audit entries are still in the spool: the next start ships them");
        }
    }
}

struct Tender {
    spool: PathBuf,
    retention_days: u32,
    max_bytes: u64,
    shipping: Shipping,
    clock: SharedClock,
    backlog: Backlog,
    adopted: Vec<Retired>,
    looked: Option<Instant>,
    kept_up: Option<Instant>,
    trouble: Trouble,
}

impl Tender {
    async fn run(mut self, written: Arc<Notify>, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                () = written.notified() => tokio::select! {
                    biased;
                    _ = &mut stopped => break,
                    () = tokio::time::sleep(GATHER) => {}
                },
                () = tokio::time::sleep(if self.is_idle() { LOOK_AROUND } else { GATHER }) => {}
            }
            // Whatever goes wrong in a turn, there is a next one.
            let turn = AssertUnwindSafe(self.turn()).catch_unwind().await;
            let result = turn.unwrap_or_else(|_| Err(Error::internal("the audit trail's upkeep panicked")));
            self.trouble.note(result);
        }
        let own = Retired::own(self.backlog);
        self.adopted.clear();
        self.adopted.push(own);
        loop {
            let result = finish(&mut self.adopted, &mut self.shipping, &*self.clock).await;
            if self.adopted.is_empty() {
                return;
            }
            self.trouble.note(result);
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn is_idle(&self) -> bool {
        !self.trouble.is_there() && self.adopted.is_empty() && self.looked.is_some()
    }

    /// Does what is to be done, each thing whatever became of the others; the first failure is returned.
    async fn turn(&mut self) -> Result<()> {
        let shipped = self.ship().await;
        self.backlog.goes_on(shipped.is_ok());
        if matches!(shipped, Err(Error::Unavailable(_))) {
            // Nothing else would reach the database either.
            return shipped;
        }
        let looked = if is_due(self.looked, LOOK_AROUND) { self.look_around() } else { Ok(()) };
        let finished = finish(&mut self.adopted, &mut self.shipping, &*self.clock).await;
        let kept_up = if is_due(self.kept_up, UPKEEP) { self.keep_up().await } else { Ok(()) };
        shipped.and(looked).and(finished).and(kept_up)
    }

    /// Ships what has gathered. What comes meanwhile gathers too, so that everything else has its turn under any load.
    async fn ship(&mut self) -> Result<()> {
        while self.shipping.ship_some(&mut self.backlog).await? {}
        self.backlog.release(&self.shipping.cluster, self.max_bytes)
    }

    fn look_around(&mut self) -> Result<()> {
        self.looked = Some(Instant::now());
        let mut result = Ok(());
        for folder in Folder::orphans(&self.spool).map_err(Error::internal)? {
            tracing::info!(audit.instance = %folder.instance, "adopting the audit spool of a process that has ended");
            match Retired::adopt(folder) {
                Ok(retired) => self.adopted.push(retired),
                Err(error) => result = Err(error),
            }
        }
        result
    }

    /// Makes partitions ahead, and prunes what is older than it is kept, unless the clock is in doubt.
    async fn keep_up(&mut self) -> Result<()> {
        let tx = self.shipping.cluster.write(&Scope::server(Uuid::new_v4())).await?;
        let today = self.clock.today();
        let ahead = (0..=AHEAD_MONTHS).filter_map(|months| today.checked_add_months(Months::new(months)));
        make_partitions(&tx, &ahead.collect::<Vec<_>>()).await?;
        let doubt = pruning_clock::doubt(&tx, self.clock.now()).await?;
        let mut pruned = Pruned::default();
        if doubt.is_none() {
            pruning_clock::trust(&tx).await?;
            pruned = prune(&tx, self.retention_days, today).await?;
        }
        if pruned != Pruned::default() {
            tx.note(Deed::new(Action::Delete, "AuditEvent"));
        }
        tx.commit().await?;
        self.kept_up = Some(Instant::now());
        if let Some(doubt) = doubt {
            tracing::error!(%doubt, "the clock is in doubt: no audit entry is pruned");
        }
        pruned.log();
        Ok(())
    }
}

/// Ships, settles and removes what adopted spools hold. What cannot be finished yet stays; the last failure is returned.
async fn finish(adopted: &mut Vec<Retired>, shipping: &mut Shipping, clock: &dyn Clock) -> Result<()> {
    let mut result = Ok(());
    for mut retired in std::mem::take(adopted) {
        match retired.finish(shipping, clock).await {
            Ok(true) => result = result.and(retired.remove()),
            Ok(false) => adopted.push(retired),
            Err(error) if is_damage(&error) => retired.set_aside(),
            Err(error) => {
                result = Err(error);
                adopted.push(retired);
            }
        }
    }
    result
}

/// A failure that goes on: since when, and when it was logged last.
#[derive(Debug, Default)]
struct Trouble(Option<(Instant, Instant)>);

impl Trouble {
    const fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Logs a failure, that it still goes on, and its end.
    fn note(&mut self, result: Result<()>) {
        let now = Instant::now();
        let Err(error) = result else {
            if let Some((since, _)) = self.0.take() {
                let duration_s = since.elapsed().as_secs();
                tracing::info!(duration_s, "audit entries are shipped again");
            }
            return;
        };
        let (since, logged) = self.0.unwrap_or((now, now));
        let is_new = self.0.is_none();
        let is_due = is_new || logged.elapsed() >= REMINDER;
        self.0 = Some((since, if is_due { now } else { logged }));
        if is_due {
            let (cause, duration_s) =
                (std::error::Error::source(&error).map(ToString::to_string), since.elapsed().as_secs());
            tracing::error!(%error, cause, duration_s, "audit entries cannot be shipped now, and stay in the spool");
        }
    }
}

fn is_due(last: Option<Instant>, period: Duration) -> bool {
    last.is_none_or(|last| last.elapsed() >= period)
}
