use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::clock::SharedClock;

use super::chain::BEGINNING;
use super::entry::Hash;
use super::folder::{Fault, Folder, fault};
use super::line;
use super::note::Note;
use super::segment::{self, Position};

/// A segment that has grown to so many bytes is closed, and removed once it was shipped.
pub(super) const SEGMENT_BYTES: u64 = 1024 * 1024;

/// How long to wait at most for something to be shipped.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the writer and the shipping tell each other.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Bytes that are spooled and not shipped.
    pub(super) unshipped: AtomicU64,
    /// Up to where notes were written in whole, and nothing was taken back since. What lies beyond was not acknowledged.
    written: Mutex<Position>,
    /// Whether nothing may be written any more; locked while something is.
    closed: Mutex<bool>,
    /// Whether shipping has failed, and did not succeed since.
    is_stuck: AtomicBool,
    /// Notified when something was shipped, or could not be.
    moved: Notify,
}

impl Progress {
    /// Of a spool that is written no more.
    pub(super) fn ended(written: Position, unshipped: u64) -> Self {
        Self { unshipped: unshipped.into(), written: Mutex::new(written), closed: Mutex::new(true), ..Self::default() }
    }

    /// So many bytes were shipped.
    pub(super) fn ship(&self, bytes: u64) {
        self.unshipped.fetch_sub(bytes, Ordering::AcqRel);
        self.moved.notify_one();
    }

    /// Waits until something is shipped. Whether that is to be expected, and happened.
    pub(super) async fn moves(&self) -> bool {
        !self.is_stuck.load(Ordering::Acquire) && tokio::time::timeout(PATIENCE, self.moved.notified()).await.is_ok()
    }

    /// Whether shipping goes on.
    pub(super) fn goes_on(&self, goes_on: bool) {
        self.is_stuck.store(!goes_on, Ordering::Release);
        self.moved.notify_one();
    }

    /// Whether shipping has not failed, or succeeded since.
    pub(super) fn is_going_on(&self) -> bool {
        !self.is_stuck.load(Ordering::Acquire)
    }

    /// More was written, up to here.
    pub(super) fn extend(&self, written: Position, bytes: u64) {
        *self.written.lock() = written;
        self.unshipped.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Up to where notes were acknowledged.
    pub(super) fn written(&self) -> Position {
        *self.written.lock()
    }

    /// From now on nothing is written.
    pub(super) fn close(&self) {
        *self.closed.lock() = true;
    }
}

/// Appends entries to an instance's segments.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) folder: Arc<Folder>,
    clock: SharedClock,
    pub(super) progress: Arc<Progress>,
    pub(super) max_bytes: u64,
    file: File,
    /// The end of the last whole entry.
    end: Position,
    /// Whether the file may hold more than that.
    is_torn: bool,
    sequence: i64,
    hash: Hash,
    occurred_at: DateTime<Utc>,
}

impl Writer {
    pub(super) fn new(
        folder: Arc<Folder>,
        clock: SharedClock,
        progress: Arc<Progress>,
        max_bytes: u64,
    ) -> Result<Self, Fault> {
        let file = open(&folder, 1)?;
        let end = Position { segment: 1, offset: 0 };
        progress.extend(end, 0);
        let occurred_at = DateTime::UNIX_EPOCH;
        let (sequence, hash) = (0, BEGINNING);
        Ok(Self { folder, clock, progress, max_bytes, file, end, is_torn: false, sequence, hash, occurred_at })
    }

    /// Appends notes, all or none; the number of the first entry of each.
    pub(super) fn append(&mut self, notes: &[Note]) -> io::Result<Vec<i64>> {
        let progress = Arc::clone(&self.progress);
        let closed = progress.closed.lock();
        if *closed {
            return Err(io::Error::other("the server is stopping"));
        }
        self.mend()?;
        let (mut entries, mut firsts) = (Vec::new(), Vec::with_capacity(notes.len()));
        let mut last = (self.sequence, self.hash);
        let occurred_at = self.clock.now().trunc_subsecs(6).max(self.occurred_at);
        for note in notes {
            firsts.push(last.0 + 1);
            last = note.entries(self.folder.instance, occurred_at, last, &mut entries);
        }
        let mut bytes = Vec::with_capacity(512 * notes.len() + 256 * entries.len());
        line::write(&entries, &mut bytes)?;
        self.write(&bytes)?;
        (self.sequence, self.hash, self.occurred_at) = (last.0, last.1, occurred_at);
        Ok(firsts)
    }

    /// Another handle of the segment, to have it reach the disk.
    pub(super) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Takes back what a failed write left behind.
    fn mend(&mut self) -> io::Result<()> {
        if self.file.metadata()?.nlink() == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the spool's files were removed: restart the server"));
        }
        if self.is_torn {
            self.file.set_len(self.end.offset)?;
            self.is_torn = false;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let added = bytes.len() as u64;
        if self.progress.unshipped.load(Ordering::Acquire) + added > self.max_bytes {
            let full = "what was not shipped to the database yet takes all the room that it may";
            return Err(io::Error::new(io::ErrorKind::StorageFull, full));
        }
        if self.end.offset >= SEGMENT_BYTES {
            self.next_segment()?;
        }
        self.is_torn = true;
        if let Err(error) = self.file.write_all(bytes) {
            // What cannot be taken back now is before the next write.
            self.mend().ok();
            return Err(error);
        }
        self.is_torn = false;
        self.end.offset += added;
        self.progress.extend(self.end, added);
        Ok(())
    }

    fn next_segment(&mut self) -> io::Result<()> {
        let segment = self.end.segment + 1;
        self.file = open(&self.folder, segment).map_err(|fault| fault.source)?;
        self.end = Position { segment, offset: 0 };
        self.progress.extend(self.end, 0);
        Ok(())
    }
}

fn open(folder: &Folder, number: u32) -> Result<File, Fault> {
    let path = segment::path(&folder.path, number);
    segment::open(&path).map_err(fault(&path))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chrono::TimeDelta;
    use uuid::Uuid;

    use crate::audit::backlog::Backlog;
    use crate::clock::{Clock, SystemClock};
    use crate::deed::{Action, Deed, Outcome};

    use super::*;

    fn writer(spool: &Path) -> Writer {
        let folder = Arc::new(Folder::make(spool).unwrap());
        Writer::new(folder, Arc::new(SystemClock), Arc::default(), 1 << 20).unwrap()
    }

    fn note() -> Note {
        let deeds = vec![(Deed::new(Action::Read, "PatientRegister"), Outcome::Succeeded)];
        Note::of_nobody(deeds, None)
    }

    #[test]
    fn what_a_failed_write_left_behind_is_not_shipped() {
        let spool = std::env::temp_dir().join(format!("phr-spool-{}", Uuid::new_v4().simple()));
        let mut writer = writer(&spool);
        assert_eq!(writer.append(&[note()]).unwrap(), [1]);
        let path = segment::path(&writer.folder.path, 1);
        let whole = std::fs::read(&path).unwrap();
        // Neither can be written through it, nor can anything be taken back.
        writer.file = File::open(&path).unwrap();
        File::options().append(true).open(&path).unwrap().write_all(&whole).unwrap();
        writer.append(&[note()]).unwrap_err();
        let mut backlog = Backlog::new(Arc::clone(&writer.folder), Arc::clone(&writer.progress));
        assert_eq!(backlog.next().unwrap().unwrap().entries.len(), 1);
        // Once it can be taken back it is.
        writer.file = open(&writer.folder, 1).unwrap();
        assert_eq!(writer.append(&[note()]).unwrap(), [2]);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
        std::fs::remove_dir_all(&spool).unwrap();
    }
    #[test]
    fn nothing_is_written_once_the_chain_is_to_end() {
        let spool = std::env::temp_dir().join(format!("phr-spool-{}", Uuid::new_v4().simple()));
        let mut writer = writer(&spool);
        writer.append(&[note()]).unwrap();
        writer.progress.close();
        writer.append(&[note()]).unwrap_err();
        let text = std::fs::read_to_string(segment::path(&writer.folder.path, 1)).unwrap();
        assert_eq!(text.lines().count(), 1);
        std::fs::remove_dir_all(&spool).unwrap();
    }

    /// A clock that is put back by an hour each time that it is looked at.
    #[derive(Debug, Default)]
    struct Back(Mutex<i64>);

    impl Clock for Back {
        fn now(&self) -> DateTime<Utc> {
            let mut hours = self.0.lock();
            *hours += 1;
            DateTime::UNIX_EPOCH + TimeDelta::days(20_000) - TimeDelta::hours(*hours)
        }
    }

    #[test]
    fn entries_stand_in_the_order_of_their_times_whatever_the_clock_does() {
        let spool = std::env::temp_dir().join(format!("phr-spool-{}", Uuid::new_v4().simple()));
        let mut writer = Writer { clock: Arc::new(Back::default()), ..writer(&spool) };
        for _ in 0..3 {
            writer.append(&[note()]).unwrap();
        }
        let text = std::fs::read_to_string(segment::path(&writer.folder.path, 1)).unwrap();
        let at = |line: &str| line::read(line.as_bytes(), writer.folder.instance).unwrap()[0].common.occurred_at;
        let times: Vec<_> = text.lines().map(at).collect();
        assert!(times.len() == 3 && times.is_sorted(), "{times:?}");
        std::fs::remove_dir_all(&spool).unwrap();
    }
}
