use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::folder::{Fault, fault};

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

/// Whole lines of a segment from some place on, `most` bytes or a line's length of them; nothing when no line is whole. A
/// line without its end was being written when its process died, or is being written now: nobody relied on it.
pub(super) fn lines(folder: &Path, number: u32, from: u64, most: u64) -> Result<String, Fault> {
    let path = path(folder, number);
    let read = || -> io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(&path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        (&mut file).take(most).read_to_end(&mut bytes)?;
        while !bytes.contains(&b'\n') && (&mut file).take(most).read_to_end(&mut bytes)? > 0 {}
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        bytes.truncate(whole);
        Ok(bytes)
    };
    let text = read().and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
    text.map_err(fault(&path))
}
