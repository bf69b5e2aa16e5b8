use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::backlog::Head;
use super::entry::{Hash, read_hash, write_hash};
use super::folder::{Fault, fault};

/// Bytes that an anchor keeps of the hash of each entry since the last one: enough to tell which one was altered. That
/// none was is told by the last one's whole hash, into which all before it are hashed.
const DIGEST: usize = 4;

/// What of a chain was in the database at some instant, kept outside of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Anchor {
    pub(super) instance: Uuid,
    /// The number of the last entry.
    pub(super) sequence: i64,
    /// The hash of the last entry.
    #[serde(serialize_with = "write_hash", deserialize_with = "read_hash")]
    pub(super) hash: Hash,
    /// When the last entry was put on record.
    pub(super) occurred_at: DateTime<Utc>,
    /// When the first of these entries was put on record, in the same month as the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<DateTime<Utc>>,
    /// The beginnings of the hashes of the last entries, this one's last.
    pub(super) digests: String,
    /// Whether the instance will write no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) closed: bool,
}

impl Anchor {
    /// Of entries that follow each other; none of none.
    pub(super) fn of(heads: &[Head], closed: bool) -> Option<Self> {
        let (first, last) = (heads.first()?, heads.last()?);
        let digests: Vec<u8> = heads.iter().flat_map(|head| &head.hash[..DIGEST]).copied().collect();
        Some(Self {
            instance: last.instance,
            sequence: last.sequence,
            hash: last.hash,
            occurred_at: last.occurred_at,
            since: Some(first.occurred_at),
            digests: BASE64_STANDARD_NO_PAD.encode(digests),
            closed,
        })
    }

    /// Appends the anchor to a file, and tells whoever collects the log down to such details.
    pub(super) fn drop_into(&self, path: &Path) -> Result<(), Fault> {
        let line = serde_json::to_vec(self).map_err(|error| fault(path)(io::Error::other(error)))?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(fault(folder))?;
        }
        append(path, line).map_err(fault(path))?;
        let (instance, hash) = (self.instance.to_string(), hex::encode(self.hash));
        tracing::debug!(
            audit.instance = instance,
            audit.sequence = self.sequence,
            audit.hash = hash,
            audit.closed = self.closed,
            "audit anchor"
        );
        Ok(())
    }
}

/// Appends a line to a file that other processes append to. What a failed write left behind is taken back.
fn append(path: &Path, mut line: Vec<u8>) -> io::Result<()> {
    // Opened anew each time: whoever archives the file may have moved it.
    let mut file = File::options().create(true).read(true).append(true).mode(0o600).open(path)?;
    file.lock()?;
    let length = file.seek(SeekFrom::End(0))?;
    if length > 0 {
        let mut last = [0];
        file.read_exact_at(&mut last, length - 1)?;
        if last != *b"\n" {
            // Whoever wrote the last line died over it.
            line.insert(0, b'\n');
        }
    }
    line.push(b'\n');
    file.write_all(&line).inspect_err(|_| {
        // Where that fails too, a broken line stays, which readers count.
        file.set_len(length).ok();
    })
}

/// The anchors that a verification goes by. It keeps 4 bytes of each entry that they are of, and about 150 of each anchor.
#[derive(Debug, Default)]
pub struct Anchors {
    pub(super) chains: HashMap<Uuid, Chain>,
    /// Lines that are no anchors: what was written last when a process died, or the machine.
    pub(super) broken: u64,
}

/// What is known of one chain from outside the database.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The beginnings of the hashes of entries that follow each other, by the number of the first; no entry is in two.
    runs: BTreeMap<i64, Box<[u8]>>,
    whole: HashMap<i64, Hash>,
    /// The number of the last entry.
    pub(super) last: i64,
    pub(super) closed: bool,
    spans: Vec<Span>,
}

/// Numbers and instants of the entries of one anchor.
#[derive(Debug)]
struct Span {
    first: i64,
    last: i64,
    since: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
}

impl Anchors {
    /// Reads files of anchors.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Fault> {
        let mut anchors = Self::default();
        for path in paths {
            for line in BufReader::new(File::open(path).map_err(fault(path))?).split(b'\n') {
                match serde_json::from_slice(&line.map_err(fault(path))?) {
                    Ok(anchor) => anchors.add(&anchor),
                    Err(_) => anchors.broken += 1,
                }
            }
        }
        Ok(anchors)
    }

    pub(super) fn add(&mut self, anchor: &Anchor) {
        let chain = self.chains.entry(anchor.instance).or_default();
        let digests = BASE64_STANDARD_NO_PAD.decode(&anchor.digests).unwrap_or_default();
        let first = anchor.sequence + 1 - count(&digests);
        chain.cover(first, &digests);
        chain.whole.entry(anchor.sequence).or_insert(anchor.hash);
        chain.last = chain.last.max(anchor.sequence);
        chain.closed |= anchor.closed;
        chain.spans.push(Span { first, last: anchor.sequence, since: anchor.since, until: anchor.occurred_at });
    }
}

/// How many entries these are the beginnings of the hashes of.
fn count(digests: &[u8]) -> i64 {
    i64::try_from(digests.len() / DIGEST).unwrap_or(i64::MAX)
}

impl Chain {
    /// Takes in the beginnings of hashes from an entry on. The first word counts: whoever altered an entry may have had its
    /// server anchor it again.
    fn cover(&mut self, mut number: i64, mut digests: &[u8]) {
        while !digests.is_empty() {
            let known = self.run(number).map_or(0, |(first, run)| first + count(run) - number);
            let free = self.runs.range(number..).next().map_or(i64::MAX, |(next, _)| next - number);
            let step = if known > 0 { known } else { free }.min(count(digests)).max(1);
            let bytes = usize::try_from(step).map_or(digests.len(), |step| (step * DIGEST).min(digests.len()));
            let (these, rest) = digests.split_at(bytes);
            if known == 0 {
                self.runs.insert(number, these.into());
            }
            (number, digests) = (number + step, rest);
        }
    }

    /// The run that an entry is in, and the number of its first.
    fn run(&self, number: i64) -> Option<(i64, &[u8])> {
        let (first, run) = self.runs.range(..=number).next_back()?;
        (number - first < count(run)).then_some((*first, run))
    }

    fn digest(&self, number: i64) -> Option<&[u8]> {
        let (first, run) = self.run(number)?;
        run.chunks_exact(DIGEST).nth(usize::try_from(number - first).ok()?)
    }

    /// Whether an entry is what was anchored; none when it was not.
    pub(super) fn agrees(&self, sequence: i64, hash: &Hash) -> Option<bool> {
        let digest = self.digest(sequence).map(|digest| hash.starts_with(digest));
        let whole = self.whole.get(&sequence).map(|whole| whole == hash);
        match (digest, whole) {
            (None, None) => None,
            (digest, whole) => Some(digest.unwrap_or(true) && whole.unwrap_or(true)),
        }
    }

    /// The first entry up to a number that is known to have been put on record at an instant or later: none of these is old
    /// enough to have been pruned.
    pub(super) fn first_since(&self, since: DateTime<Utc>, upto: i64) -> Option<i64> {
        let young = |span: &Span| match span.since {
            Some(begun) if begun >= since => Some(span.first),
            _ if span.until >= since => Some(span.last),
            _ => None,
        };
        self.spans.iter().filter_map(young).filter(|number| *number <= upto).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(sequence: i64) -> Head {
        let hash = [u8::try_from(sequence % 251).unwrap(); 32];
        Head { instance: Uuid::nil(), sequence, occurred_at: DateTime::from_timestamp(sequence, 0).unwrap(), hash }
    }

    fn anchor(numbers: std::ops::RangeInclusive<i64>) -> Anchor {
        Anchor::of(&numbers.map(head).collect::<Vec<_>>(), false).unwrap()
    }

    #[test]
    fn of_two_anchors_of_an_entry_the_first_counts() {
        let mut anchors = Anchors::default();
        anchors.add(&anchor(3..=5));
        anchors.add(&anchor(9..=9));
        let mut other = anchor(1..=12);
        other.digests = BASE64_STANDARD_NO_PAD.encode([7; 12 * DIGEST]);
        anchors.add(&other);
        let again = Anchor { hash: [8; 32], digests: BASE64_STANDARD_NO_PAD.encode([8; DIGEST]), ..anchor(5..=5) };
        anchors.add(&again);
        let chain = &anchors.chains[&Uuid::nil()];
        for number in 1..=11 {
            let is_first = [3, 4, 5, 9].contains(&number);
            let expected = if is_first { head(number).hash } else { [7; 32] };
            assert_eq!(chain.agrees(number, &expected), Some(true), "{number}");
            assert_eq!(chain.agrees(number, &[99; 32]), Some(false), "{number}");
        }
        assert_eq!((chain.agrees(0, &[7; 32]), chain.agrees(13, &[7; 32])), (None, None));
        assert_eq!(chain.runs.len(), 5, "each entry is kept once");
    }

    #[test]
    fn an_anchors_first_entry_tells_how_old_those_before_its_last_are() {
        let mut anchors = Anchors::default();
        anchors.add(&anchor(1..=4));
        anchors.add(&anchor(5..=10));
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let chain = &anchors.chains[&Uuid::nil()];
        assert_eq!(chain.first_since(at(5), 9), Some(5));
        assert_eq!(chain.first_since(at(5), 4), None);
        assert_eq!(chain.first_since(at(4), 9), Some(4));
        assert_eq!(chain.first_since(at(11), 10), None);
    }

    #[test]
    fn a_line_that_a_process_died_over_breaks_no_other() {
        let path = std::env::temp_dir().join(format!("phr-anchors-{}", Uuid::new_v4().simple()));
        anchor(1..=2).drop_into(&path).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"instance\":\"\u{e4}")).unwrap();
        anchor(3..=4).drop_into(&path).unwrap();
        let anchors = Anchors::read(std::slice::from_ref(&path)).unwrap();
        assert_eq!((anchors.broken, anchors.chains[&Uuid::nil()].last), (1, 4));
        std::fs::remove_file(&path).unwrap();
    }
}
