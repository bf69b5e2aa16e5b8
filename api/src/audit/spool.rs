use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{Mutex, Notify, mpsc, oneshot};

use crate::error::{Error, Result};

use super::note::Note;
use super::writer::{Progress, Writer};

/// Requests that wait to be noted at most; further ones wait to wait.
const QUEUE: usize = 1024;
/// Requests that are noted by one write at most.
const BATCH: usize = 256;

/// Where notes are handed in. Whatever waits is written at once, and then everybody who waited is told.
#[derive(Debug)]
pub(super) struct Spool {
    queue: mpsc::Sender<Waiting>,
    progress: Arc<Progress>,
    /// From so many bytes on that wait to be shipped it is crowded.
    crowd: u64,
    /// Held by who waits for room.
    turn: Mutex<()>,
}

#[derive(Debug)]
struct Waiting {
    note: Note,
    told: oneshot::Sender<Result<i64, Arc<io::Error>>>,
}

impl Spool {
    /// Starts to write. `written` is notified after each write.
    pub(super) fn start(writer: Writer, sync: bool, written: Arc<Notify>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (progress, crowd) = (Arc::clone(&writer.progress), writer.max_bytes / 2);
        tokio::spawn(run(writer, sync, waiting, written));
        Self { queue, progress, crowd, turn: Mutex::default() }
    }

    /// Waits while half of the room is taken, one after the other, as long as shipping goes on: whoever reads faster than the
    /// database takes entries is slowed down by it, and not refused. Not for changes: shipping may wait for their
    /// transactions.
    pub(super) async fn wait_for_room(&self) {
        let is_crowded = || self.progress.unshipped.load(Ordering::Acquire) > self.crowd;
        if is_crowded() {
            let _turn = self.turn.lock().await;
            while is_crowded() && self.progress.moves().await {}
        }
    }

    /// Checks that what is handed in is still written.
    pub(super) fn is_open(&self) -> Result<()> {
        if self.queue.is_closed() { Err(Error::Unrecorded("the spool is closed".into())) } else { Ok(()) }
    }

    /// Returns when the note cannot be lost by the end of this process: the number of its first entry.
    pub(super) async fn note(&self, note: Note) -> Result<i64> {
        let (told, answer) = oneshot::channel();
        let stopped = || Error::Unrecorded("the spool is closed".into());
        self.queue.send(Waiting { note, told }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?.map_err(|error| Error::Unrecorded(Box::new(error)))
    }
}

async fn run(mut writer: Writer, sync: bool, mut queue: mpsc::Receiver<Waiting>, written: Arc<Notify>) {
    // Outcomes that could not be written: what was done must be told.
    let mut owed: Vec<Note> = Vec::new();
    while let Some(first) = queue.recv().await {
        // Who is about to hand something in does so now.
        tokio::task::yield_now().await;
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        let before = owed.len();
        let (notes, told): (Vec<Note>, Vec<_>) = batch.into_iter().map(|waiting| (waiting.note, waiting.told)).unzip();
        owed.extend(notes);
        let appended = writer.append(&owed);
        if appended.is_ok() {
            owed.clear();
            written.notify_one();
        } else {
            owed.retain(|note| note.settles.is_some());
        }
        let result = match appended {
            Ok(firsts) if sync => reach_disk(&writer).await.map(|()| firsts),
            result => result,
        };
        match result {
            Ok(firsts) => {
                for (told, first) in told.into_iter().zip(firsts.into_iter().skip(before)) {
                    // Whoever waited may be gone.
                    told.send(Ok(first)).ok();
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for told in told {
                    told.send(Err(Arc::clone(&error))).ok();
                }
            }
        }
    }
}

async fn reach_disk(writer: &Writer) -> io::Result<()> {
    let file = writer.handle()?;
    tokio::task::spawn_blocking(move || file.sync_data()).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use crate::audit::folder::Folder;
    use crate::audit::line;
    use crate::audit::segment;
    use crate::clock::SystemClock;
    use crate::deed::{Action, Deed, Outcome};

    use super::*;

    fn note(settles: Option<i64>) -> Note {
        let deeds = vec![(Deed::new(Action::Update, "PatientRegister"), Outcome::Succeeded)];
        Note::of_nobody(deeds, settles)
    }

    #[tokio::test]
    async fn an_outcome_that_there_was_no_room_for_is_noted_as_soon_as_there_is() {
        let path = std::env::temp_dir().join(format!("phr-spool-{}", Uuid::new_v4().simple()));
        let (folder, progress) = (Arc::new(Folder::make(&path).unwrap()), Arc::new(Progress::default()));
        let (file, instance) = (segment::path(&folder.path, 1), folder.instance);
        let writer = Writer::new(folder, Arc::new(SystemClock), Arc::clone(&progress), 2000).unwrap();
        let spool = Spool::start(writer, false, Arc::default());
        while spool.note(note(None)).await.is_ok() {}
        let written = || std::fs::read_to_string(&file).unwrap();
        let before = written().lines().count();
        // Somebody was told that it cannot be said what became of it.
        spool.note(note(Some(1))).await.unwrap_err();
        spool.note(note(None)).await.unwrap_err();
        assert_eq!(written().lines().count(), before);
        progress.unshipped.store(0, Ordering::Release);
        spool.note(note(None)).await.unwrap();
        let text = written();
        let settles = |line: &str| line::read(line.as_bytes(), instance).unwrap()[0].settles;
        let added: Vec<_> = text.lines().skip(before).map(settles).collect();
        assert_eq!(added, [Some(1), None], "what was refused is not noted");
        std::fs::remove_dir_all(&path).unwrap();
    }
}
