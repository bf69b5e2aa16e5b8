use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use chrono::{DateTime, SubsecRound, Utc};
use parking_lot::Mutex;

use crate::clock::SharedClock;
use crate::deed::{Deed, Outcome};

use super::chain::BEGINNING;
use super::entry::{Entry, Hash, Place, Who};
use super::folder::{Fault, Folder, fault};
use super::segment;

/// A segment that has grown to so many bytes is closed, and removed once it was shipped.
const SEGMENT_BYTES: u64 = 1024 * 1024;

/// What the writer and the shipping tell each other.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Bytes that are spooled and not shipped.
    pub(super) unshipped: AtomicU64,
    /// The segment that is written to.
    pub(super) segment: AtomicU32,
    /// Whether nothing may be written any more; locked while something is.
    closed: Mutex<bool>,
}

impl Progress {
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
    progress: Arc<Progress>,
    max_bytes: u64,
    file: File,
    /// Bytes of the segment that hold whole entries.
    length: u64,
    /// Whether the file may hold more than that.
    is_torn: bool,
    sequence: i64,
    hash: Hash,
    occurred_at: DateTime<Utc>,
}

/// Deeds of one actor to be noted together.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) who: Who,
    pub(super) deeds: Vec<(Deed, Outcome)>,
    /// The number of the intent that the first one settles; the others settle those that follow.
    pub(super) settles: Option<i64>,
}

impl Writer {
    pub(super) fn new(
        folder: Arc<Folder>,
        clock: SharedClock,
        progress: Arc<Progress>,
        max_bytes: u64,
    ) -> Result<Self, Fault> {
        let file = open(&folder, 1)?;
        progress.segment.store(1, Ordering::Release);
        let occurred_at = DateTime::UNIX_EPOCH;
        let (length, sequence, hash) = (0, 0, BEGINNING);
        Ok(Self { folder, clock, progress, max_bytes, file, length, is_torn: false, sequence, hash, occurred_at })
    }

    /// Appends notes, all or none; the number of the first entry of each.
    pub(super) fn append(&mut self, notes: &[Note]) -> io::Result<Vec<i64>> {
        let progress = Arc::clone(&self.progress);
        let closed = progress.closed.lock();
        if *closed {
            return Err(io::Error::other("the server is stopping"));
        }
        self.mend()?;
        let (mut bytes, mut firsts) = (Vec::with_capacity(512 * notes.len()), Vec::with_capacity(notes.len()));
        let (mut sequence, mut hash) = (self.sequence, self.hash);
        let occurred_at = self.clock.now().trunc_subsecs(6).max(self.occurred_at);
        for note in notes {
            firsts.push(sequence + 1);
            for (at, (deed, outcome)) in note.deeds.iter().enumerate() {
                sequence += 1;
                let place = Place { instance: self.folder.instance, sequence, occurred_at, previous_hash: hash };
                let settles = note.settles.zip(i64::try_from(at).ok()).map(|(first, at)| first + at);
                let entry = Entry::new(place, &note.who, deed.clone(), *outcome, settles);
                serde_json::to_writer(&mut bytes, &entry)?;
                bytes.push(b'\n');
                hash = entry.hash;
            }
        }
        self.write(&bytes)?;
        (self.sequence, self.hash, self.occurred_at) = (sequence, hash, occurred_at);
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
            self.file.set_len(self.length)?;
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
        if self.length >= SEGMENT_BYTES {
            self.next_segment()?;
        }
        self.is_torn = true;
        if let Err(error) = self.file.write_all(bytes) {
            // What cannot be taken back now is before the next write.
            self.mend().ok();
            return Err(error);
        }
        self.is_torn = false;
        self.length += added;
        self.progress.unshipped.fetch_add(added, Ordering::AcqRel);
        Ok(())
    }

    fn next_segment(&mut self) -> io::Result<()> {
        let number = self.progress.segment.load(Ordering::Acquire) + 1;
        self.file = open(&self.folder, number).map_err(|fault| fault.source)?;
        self.length = 0;
        self.progress.segment.store(number, Ordering::Release);
        Ok(())
    }
}

fn open(folder: &Folder, number: u32) -> Result<File, Fault> {
    let path = segment::path(&folder.path, number);
    File::options().create(true).append(true).open(&path).map_err(fault(&path))
}
