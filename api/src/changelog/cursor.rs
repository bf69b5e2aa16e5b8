use super::Change;
use super::snapshot::Snapshot;

/// The sequence of a reader who has seen everything that its snapshot shows.
pub(super) const ALL: i64 = i64::MAX;
/// The form of what is written down.
const FORM: u8 = 1;
/// How many running transactions a snapshot may name.
const MOST_RUNNING: u64 = 100_000;

/// Which changes a reader has seen: those that `base` shows, and of those that `current` shows the ones up to `sequence`.
/// The rest, in order of their numbers, come next. It stays good as long as the log is kept, on every server of the
/// database, across restarts and promotions.
///
/// After a promotion it must be known that nothing of that was lost. What a snapshot shows was committed before anything
/// that it does not show: so if all is there that `current` shows beyond `base`, all is. `mark` is what those changes came
/// to when they were read. A reader who has begun with `current` has the last ones before it instead, beyond `from`.
///
/// It holds no secret; that nobody made it up is for the caller to see to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// PostgreSQL's system identifier; 0 for an SQLite file.
    pub(super) system: u64,
    pub(super) base: Snapshot,
    pub(super) current: Snapshot,
    pub(super) sequence: i64,
    pub(super) from: i64,
    pub(super) mark: i64,
}

/// The last of what was pruned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Horizon {
    pub(super) timeline: u32,
    pub(super) transaction: u64,
    pub(super) sequence: i64,
}

impl Cursor {
    /// Of an SQLite file, which is written by one transaction after the other.
    pub(super) fn of_file(sequence: i64, mark: i64) -> Self {
        let (base, current) = (Snapshot::default(), Snapshot::end());
        Self { system: 0, base, current, sequence, from: 0, mark }
    }

    /// Whether everything that its snapshot shows was seen.
    pub(super) const fn is_complete(&self) -> bool {
        self.sequence == ALL
    }

    /// Whether a change was seen.
    #[must_use]
    pub fn has_seen(&self, change: &Change) -> bool {
        self.current.shows(change) && (change.sequence <= self.sequence || self.base.shows(change))
    }

    /// Whether it is at the same point of the same page as another cursor.
    pub(super) fn is_as_far_as(&self, other: &Self) -> bool {
        self.current == other.current && self.sequence == other.sequence
    }

    /// The same for who has seen the changes of its page only up to one of them.
    pub(super) fn up_to(&self, change: &Change) -> Self {
        Self { sequence: change.sequence, mark: change.sum, ..self.clone() }
    }

    /// Goes on over changes that it had not seen, in their order, and tells each what the proof comes to with it.
    pub(super) fn pass(&mut self, changes: &mut [Change]) {
        for change in changes {
            // An SQLite file is written in the order of the numbers: its last change proves all.
            self.mark = if self.system == 0 { change.mark } else { self.mark.wrapping_add(change.mark) };
            change.sum = self.mark;
            self.sequence = change.sequence;
        }
    }

    /// Whether changes that it had not seen were pruned.
    pub(super) fn is_too_late(&self, horizon: Horizon) -> bool {
        let Horizon { timeline, transaction, sequence } = horizon;
        let has_passed = sequence <= self.sequence && self.current.has_seen_all_up_to(timeline, transaction);
        !has_passed && !self.base.has_seen_all_up_to(timeline, transaction)
    }

    /// Whether what proves that nothing was lost was pruned.
    pub(super) fn is_unproven(&self, horizon: Horizon) -> bool {
        horizon.sequence > self.from && !self.base.has_seen_all_up_to(horizon.timeline, horizon.transaction)
    }

    /// As it is written down.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORM];
        bytes.extend(self.system.to_be_bytes());
        for snapshot in [&self.base, &self.current] {
            put(&mut bytes, snapshot.timeline.into());
            put(&mut bytes, snapshot.next);
            put(&mut bytes, snapshot.running.len() as u64);
            let mut before = 0;
            for number in snapshot.running.iter() {
                put(&mut bytes, number - before);
                before = *number;
            }
        }
        for number in [self.sequence, self.from, self.mark] {
            bytes.extend(number.to_be_bytes());
        }
        bytes
    }

    /// What was written down; none when that is something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[FORM])?;
        let system = u64::from_be_bytes(take(&mut rest)?);
        let mut snapshots = [Snapshot::default(), Snapshot::default()];
        for snapshot in &mut snapshots {
            snapshot.timeline = u32::try_from(get(&mut rest)?).ok()?;
            snapshot.next = get(&mut rest)?;
            let count = get(&mut rest).filter(|count| *count <= MOST_RUNNING)?;
            let mut before = 0_u64;
            let running = (0..count).map(|_| {
                before = before.checked_add(get(&mut rest)?)?;
                Some(before)
            });
            snapshot.running = running.collect::<Option<Vec<u64>>>()?.into();
        }
        let [base, current] = snapshots;
        let mut number = || take(&mut rest).map(i64::from_be_bytes);
        let (sequence, from, mark) = (number()?, number()?, number()?);
        rest.is_empty().then_some(Self { system, base, current, sequence, from, mark })
    }
}

fn take<const COUNT: usize>(rest: &mut &[u8]) -> Option<[u8; COUNT]> {
    let (first, others) = rest.split_first_chunk()?;
    *rest = others;
    Some(*first)
}

/// A number in as few bytes as it takes, seven bits in each, the lowest first (LEB128).
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

fn get(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let [byte] = take(rest)?;
        let bits = u64::from(byte & 0x7f);
        number |= bits.checked_shl(shift).filter(|moved| moved >> shift == bits)?;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        let base = Snapshot::parse(1, "90:100:90,95").unwrap();
        let current = Snapshot::parse(2, "95:4294967296000:95,300").unwrap();
        Cursor { system: u64::MAX, base, current, sequence: ALL, from: 7, mark: -9 }
    }

    #[test]
    fn what_is_written_down_is_read_again_and_nothing_else_is() {
        let bytes = cursor().to_bytes();
        assert_eq!(Cursor::from_bytes(&bytes), Some(cursor()));
        assert!(bytes.len() < 80, "{}", bytes.len());
        for length in 0..bytes.len() {
            assert_eq!(Cursor::from_bytes(&bytes[..length]), None, "{length}");
        }
        assert_eq!(Cursor::from_bytes(&[&bytes[..], &[0]].concat()), None);
        let many = [&[FORM][..], &[0; 8], &[0, 0], &[0xff; 9], &[1]].concat();
        assert_eq!(Cursor::from_bytes(&many), None, "it makes room for nobody's transactions");
        for number in [0, 127, 128, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            assert_eq!(get(&mut &bytes[..]), Some(number));
        }
    }

    #[test]
    fn who_has_not_seen_what_was_pruned_is_too_late() {
        let at = |timeline, transaction, sequence| Horizon { timeline, transaction, sequence };
        let complete = cursor();
        assert!(!complete.is_too_late(at(2, 94, 10)) && complete.is_too_late(at(2, 95, 10)));
        assert!(complete.is_too_late(at(3, 1, 10)) && !complete.is_too_late(at(1, 500, 10)));
        let between = Cursor { sequence: 10, ..cursor() };
        assert!(!between.is_too_late(at(1, 500, 10)), "what was pruned has been read");
        assert!(between.is_too_late(at(1, 500, 11)) && !between.is_too_late(at(1, 89, 11)));
        let file = Cursor::of_file(10, 0);
        assert!(!file.is_too_late(at(0, 0, 10)) && file.is_too_late(at(0, 0, 11)));
    }
}
