use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// The beginnings of the hashes of the last entries, this one's last.
    pub(super) digests: String,
    /// Whether the instance will write no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) closed: bool,
}

impl Anchor {
    /// Of entries that follow each other.
    pub(super) fn of(instance: Uuid, occurred_at: DateTime<Utc>, sequence: i64, hashes: &[Hash], closed: bool) -> Self {
        let digests: Vec<u8> = hashes.iter().flat_map(|hash| &hash[..DIGEST]).copied().collect();
        let hash = hashes.last().copied().unwrap_or_default();
        Self { instance, sequence, hash, occurred_at, digests: BASE64_STANDARD_NO_PAD.encode(digests), closed }
    }

    /// Appends the anchor to a file, and tells whoever collects the log.
    pub(super) fn drop_into(&self, path: &Path) -> Result<(), Fault> {
        let mut line = serde_json::to_vec(self).map_err(|error| fault(path)(io::Error::other(error)))?;
        line.push(b'\n');
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(fault(folder))?;
        }
        // Opened anew each time: whoever archives the file may have moved it.
        let file = File::options().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(&line)).map_err(fault(path))?;
        let (instance, hash) = (self.instance.to_string(), hex::encode(self.hash));
        tracing::info!(
            audit.instance = instance,
            audit.sequence = self.sequence,
            audit.hash = hash,
            audit.closed = self.closed,
            "audit anchor"
        );
        Ok(())
    }
}

/// The anchors that a verification goes by.
#[derive(Debug, Default)]
pub struct Anchors(pub(super) HashMap<Uuid, Chain>);

/// What is known of one chain from outside the database.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The beginnings of hashes, by number.
    digests: HashMap<i64, [u8; DIGEST]>,
    whole: HashMap<i64, Hash>,
    /// The last entry, and when it was put on record.
    pub(super) last: i64,
    pub(super) closed: bool,
    instants: Vec<(i64, DateTime<Utc>)>,
}

impl Anchors {
    /// Reads files of anchors.
    ///
    /// # Errors
    /// When a file cannot be read, or has a line that is no anchor.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Fault> {
        let mut anchors = Self::default();
        for path in paths {
            let lines = BufReader::new(File::open(path).map_err(fault(path))?).lines();
            for (at, line) in lines.enumerate() {
                let line = line.map_err(fault(path))?;
                let Ok(anchor) = serde_json::from_str(&line) else {
                    let message = format!("line {} is no anchor", at + 1);
                    return Err(fault(path)(io::Error::new(io::ErrorKind::InvalidData, message)));
                };
                anchors.add(&anchor);
            }
        }
        Ok(anchors)
    }

    pub(super) fn add(&mut self, anchor: &Anchor) {
        let chain = self.0.entry(anchor.instance).or_default();
        let digests = BASE64_STANDARD_NO_PAD.decode(&anchor.digests).unwrap_or_default();
        for (number, digest) in (1..=anchor.sequence).rev().zip(digests.rchunks_exact(DIGEST)) {
            // The first word counts: whoever altered an entry may have had its server anchor it again.
            chain.digests.entry(number).or_insert_with(|| [digest[0], digest[1], digest[2], digest[3]]);
        }
        chain.whole.entry(anchor.sequence).or_insert(anchor.hash);
        chain.last = chain.last.max(anchor.sequence);
        chain.closed |= anchor.closed;
        chain.instants.push((anchor.sequence, anchor.occurred_at));
    }
}

impl Chain {
    /// Whether an entry is what was anchored; none when it was not.
    pub(super) fn agrees(&self, sequence: i64, hash: &Hash) -> Option<bool> {
        let digest = self.digests.get(&sequence).map(|digest| hash.starts_with(digest));
        let whole = self.whole.get(&sequence).map(|whole| whole == hash);
        match (digest, whole) {
            (None, None) => None,
            (digest, whole) => Some(digest.unwrap_or(true) && whole.unwrap_or(true)),
        }
    }

    /// The first anchored entry up to a number that was put on record at an instant or later: none of these is old enough
    /// to have been pruned.
    pub(super) fn first_since(&self, since: DateTime<Utc>, upto: i64) -> Option<i64> {
        let young = self.instants.iter().filter(|(number, at)| *number <= upto && *at >= since);
        young.map(|(number, _)| *number).min()
    }
}
