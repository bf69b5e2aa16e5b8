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
/// On PostgreSQL it is a place in the log of one cluster: its system identifier, the timeline, and two positions in bytes,
/// between which the write's commit ends. On SQLite it is the last number in the change log of one file. It holds no secret; that nobody made it up is for the
/// caller to see to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsistencyToken {
    /// PostgreSQL's system identifier; 0 for an SQLite file.
    pub(super) system: u64,
    /// On SQLite, the timeline is 0.
    pub(super) place: Position,
    /// The position that the write's commit lies beyond. Between the two others may have written.
    pub(super) floor: u64,
}

impl ConsistencyToken {
    /// How many bytes it takes.
    pub const LENGTH: usize = 28;

    /// The timeline of the primary that acknowledged the write; 0 of an SQLite file.
    #[must_use]
    pub const fn timeline(&self) -> u32 {
        self.place.timeline
    }

    /// As it is written down.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let place = self.place;
        let positions = [place.position.to_be_bytes(), self.floor.to_be_bytes()].concat();
        [&self.system.to_be_bytes()[..], &place.timeline.to_be_bytes(), &positions].concat()
    }

    /// What was written down; none when that is something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (system, rest) = bytes.split_first_chunk()?;
        let (timeline, rest) = rest.split_first_chunk()?;
        let (position, floor) = rest.split_first_chunk()?;
        let (timeline, position) = (u32::from_be_bytes(*timeline), u64::from_be_bytes(*position));
        let (place, floor) = (Position { timeline, position }, u64::from_be_bytes(floor.try_into().ok()?));
        Some(Self { system: u64::from_be_bytes(*system), place, floor })
    }
}
