use std::str::FromStr;

use super::owed::Position;

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// Any node that is fit to serve reads.
    Eventual,
    /// The caller's own writes are seen.
    #[default]
    Session,
    /// Every write acknowledged before is seen: the primary.
    Strong,
}

impl FromStr for Consistency {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "eventual" => Ok(Self::Eventual),
            "session" => Ok(Self::Session),
            "strong" => Ok(Self::Strong),
            _ => Err("X-Consistency takes eventual, session or strong"),
        }
    }
}

/// What the database had come to when a write was acknowledged. A read that is held to it sees that write, on whichever
/// server and node it runs.
///
/// On PostgreSQL it is a place in the log of one cluster: its system identifier, the timeline, and the position in bytes.
/// On SQLite it is the last number in the change log of one file. It holds no secret; that nobody made it up is for the
/// caller to see to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsistencyToken {
    /// PostgreSQL's system identifier; 0 for an SQLite file.
    pub(super) system: u64,
    /// On SQLite, the timeline is 0.
    pub(super) place: Position,
}

impl ConsistencyToken {
    /// How many bytes it takes.
    pub const LENGTH: usize = 20;

    /// As it is written down.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let place = self.place;
        [&self.system.to_be_bytes()[..], &place.timeline.to_be_bytes(), &place.position.to_be_bytes()].concat()
    }

    /// What was written down; none when that is something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (system, rest) = bytes.split_first_chunk()?;
        let (timeline, rest) = rest.split_first_chunk()?;
        let place =
            Position { timeline: u32::from_be_bytes(*timeline), position: u64::from_be_bytes(rest.try_into().ok()?) };
        Some(Self { system: u64::from_be_bytes(*system), place })
    }
}
