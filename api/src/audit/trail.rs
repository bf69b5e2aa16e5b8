use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::clock::SharedClock;
use crate::database::{Cluster, RecordStatus, Witness};
use crate::deed::{Deed, Outcome};
use crate::error::Result;
use crate::scope::Scope;

use super::backlog::Backlog;
use super::check::Check;
use super::folder::{Fault, Folder};
use super::note::{Note, gathered};
use super::sealing::Sealer;
use super::spool::Spool;
use super::tending::Tending;
use super::writer::{Progress, Writer};

/// How the audit trail is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the spools of this machine's server processes.
    pub spool: PathBuf,
    /// The file that anchors are appended to.
    pub anchors: PathBuf,
    /// Whether each note reaches the disk before it counts, to survive a power cut and not only the process's end.
    pub sync: bool,
    /// Bytes that may wait to be shipped.
    pub max_bytes: u64,
    /// How long entries are kept in the database.
    pub retention_days: u32,
}

/// The audit trail of this process.
#[derive(Debug)]
pub struct Trail {
    spool: Spool,
    sealer: Arc<dyn Sealer>,
    check: Check,
}

impl Trail {
    /// Opens a spool of this process's own, makes the trail the cluster's witness, and begins to ship entries, and to adopt
    /// what dead processes left. The arguments of questions are kept as `sealer` seals them. Must be called within a runtime.
    ///
    /// # Errors
    /// When the spool cannot be written.
    pub fn start(
        settings: Settings,
        cluster: &Cluster,
        clock: SharedClock,
        sealer: Arc<dyn Sealer>,
    ) -> Result<Tending, Fault> {
        let folder = Arc::new(Folder::make(&settings.spool)?);
        let progress = Arc::new(Progress::default());
        let writer =
            Writer::new(Arc::clone(&folder), SharedClock::clone(&clock), Arc::clone(&progress), settings.max_bytes)?;
        let written = Arc::new(Notify::new());
        let spool = Spool::start(writer, settings.sync, Arc::clone(&written));
        let check = Check::new(Arc::clone(&folder), Arc::clone(&progress), settings.max_bytes);
        cluster.witnessed_by(Arc::new(Self { spool, sealer, check }));
        let backlog = Backlog::new(folder, progress);
        Ok(Tending::start(settings, cluster.clone(), clock, backlog, written))
    }
}

#[async_trait::async_trait]
impl Witness for Trail {
    fn status(&self) -> RecordStatus {
        self.check.status()
    }

    async fn check(&self) -> Result<()> {
        self.spool.is_open()?;
        self.check.run().await
    }

    async fn record(&self, scope: &Scope, deeds: Vec<(Deed, Outcome)>) -> Result<()> {
        self.spool.wait_for_room().await;
        self.spool.note(Note::new(scope, gathered(deeds), None, &*self.sealer)?).await.map(drop)
    }

    async fn intend(&self, scope: &Scope, deeds: &[Deed]) -> Result<i64> {
        let deeds = deeds.iter().map(|deed| (deed.clone(), Outcome::Intended)).collect();
        self.spool.note(Note::new(scope, deeds, None, &*self.sealer)?).await
    }

    async fn settle(&self, scope: &Scope, deeds: Vec<Deed>, intent: i64, outcome: Outcome) {
        let deeds = deeds.into_iter().map(|deed| (deed, outcome)).collect();
        let noted = match Note::new(scope, deeds, Some(intent), &*self.sealer) {
            Ok(note) => self.spool.note(note).await,
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            tracing::error!(request.id = %scope.request, %error, "an outcome will be put on record later");
        }
    }
}
