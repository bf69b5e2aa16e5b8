use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::folder::{Fault, fault};

/// A place in a folder's segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) segment: u32,
    /// Bytes from the segment's beginning.
    pub(super) offset: u64,
}

/// The name of a folder's nth segment; names sort as the segments follow each other.
pub(super) fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:010}.jsonl"))
}

/// The numbers of a folder's segments, in order.
pub(super) fn numbers(folder: &Path) -> Result<Vec<u32>, Fault> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).map_err(fault(folder))? {
        let name = item.map_err(fault(folder))?.file_name();
        let number: Option<u32> =
            name.to_str().and_then(|name| name.strip_suffix(".jsonl")).and_then(|name| name.parse().ok());
        found.extend(number);
    }
    found.sort_unstable();
    Ok(found)
}

/// Bytes of all segments of a folder.
pub(super) fn bytes(folder: &Path) -> Result<u64, Fault> {
    let numbers = numbers(folder)?;
    Ok(numbers.into_iter().filter_map(|number| path(folder, number).metadata().ok()).map(|data| data.len()).sum())
}

/// Lines of a segment.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) lines: Vec<u8>,
    /// Whether as much was read as was to be read at most.
    pub(super) is_full: bool,
}

/// Whole lines of a segment between two of its places, `most` bytes or a line's length of them; nothing when no line is
/// whole. A line without its end was being written when its process died: nobody relied on it.
pub(super) fn lines(folder: &Path, from: Position, end: u64, most: u64) -> Result<Piece, Fault> {
    let path = path(folder, from.segment);
    let read = || -> io::Result<Piece> {
        let mut file = File::open(&path)?;
        file.seek(SeekFrom::Start(from.offset))?;
        let mut file = file.take(end.saturating_sub(from.offset));
        let mut lines = Vec::new();
        (&mut file).take(most).read_to_end(&mut lines)?;
        while !lines.contains(&b'\n') && (&mut file).take(most).read_to_end(&mut lines)? > 0 {}
        let is_full = lines.len() as u64 >= most;
        let whole = lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        lines.truncate(whole);
        Ok(Piece { lines, is_full })
    };
    read().map_err(fault(&path))
}

/// A segment to append to, made where there is none. Only the server's user can read it, and a power cut does not take
/// back that it is there.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).append(true).mode(0o600).open(path)?;
    // Also where it is there already: whoever made it may have failed over this.
    reach_disk(path.parent())?;
    Ok(file)
}

/// Has what is new in a folder reach the disk.
pub(super) fn reach_disk(folder: Option<&Path>) -> io::Result<()> {
    folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
