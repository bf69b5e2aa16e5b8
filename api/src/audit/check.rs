use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::database::RecordStatus;
use crate::error::{Error, Result};

use super::folder::Folder;
use super::segment;
use super::writer::Progress;

/// File that is written to find out whether the disk takes anything.
const PROBE: &str = "probe";
/// Bytes that are written to it: a block, which most batches of entries fit in.
const PROBE_BYTES: usize = 4096;
/// Time for which an answer is good, so that frequent questions cost nothing more.
const FRESH: Duration = Duration::from_millis(100);
/// Time that the disk may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Instant of a question to the disk, and its result.
type Answer = (Instant, Result<(), String>);

/// Checks whether the spool takes entries, by writing a file of its own beside them.
#[derive(Debug)]
pub(super) struct Check {
    folder: Arc<Folder>,
    progress: Arc<Progress>,
    max_bytes: u64,
    /// Instant and result of the last question to the disk; locked while the disk is asked.
    last: Arc<Mutex<Option<Answer>>>,
}

impl Check {
    pub(super) fn new(folder: Arc<Folder>, progress: Arc<Progress>, max_bytes: u64) -> Self {
        Self { folder, progress, max_bytes, last: Arc::default() }
    }

    pub(super) fn status(&self) -> RecordStatus {
        let waiting_bytes = self.progress.unshipped.load(Ordering::Acquire);
        RecordStatus { is_shipping: self.progress.is_going_on(), waiting_bytes }
    }

    /// # Errors
    /// `Unrecorded` when an entry could not be written now.
    pub(super) async fn run(&self) -> Result<()> {
        let unrecorded = |cause: String| Error::Unrecorded(cause.into());
        if self.progress.unshipped.load(Ordering::Acquire) + PROBE_BYTES as u64 > self.max_bytes {
            return Err(unrecorded(
                "what was not shipped to the database yet takes all the room that it may".to_owned(),
            ));
        }
        let asking = async {
            let mut last = Arc::clone(&self.last).lock_owned().await;
            if let Some((at, result)) = &*last
                && at.elapsed() < FRESH
            {
                return result.clone();
            }
            let (folder, segment) = (Arc::clone(&self.folder), self.progress.written().segment);
            // The lock goes with it: a disk that hangs is asked once.
            let asked = tokio::task::spawn_blocking(move || {
                let result = probe(&folder.path, segment).map_err(|error| error.to_string());
                *last = Some((Instant::now(), result.clone()));
                result
            });
            asked.await.unwrap_or_else(|error| Err(error.to_string()))
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(result) => result.map_err(unrecorded),
            Err(_) => Err(unrecorded("the disk of the audit spool does not answer".to_owned())),
        }
    }
}

fn probe(folder: &Path, segment: u32) -> io::Result<()> {
    // Where the segment was removed, further entries would be lost.
    segment::path(folder, segment).metadata()?;
    let probe = File::options().create(true).write(true).truncate(true).mode(0o600).open(folder.join(PROBE))?;
    (&probe).write_all(&[0; PROBE_BYTES])?;
    probe.set_len(0)
}
