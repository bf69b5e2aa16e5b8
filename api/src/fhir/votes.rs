use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate};
use uuid::Uuid;

/// Keys that are referred to often, by numbers that take less memory.
#[derive(Debug, Default)]
pub(super) struct Keys {
    numbers: HashMap<Uuid, u32>,
    keys: Vec<Uuid>,
}

impl Keys {
    pub(super) fn number(&mut self, key: Uuid) -> u32 {
        let next = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(key).or_insert_with(|| {
            self.keys.push(key);
            next
        })
    }

    pub(super) fn all(&self) -> &[Uuid] {
        &self.keys
    }

    fn get(&self, number: u32) -> Option<Uuid> {
        self.keys.get(number as usize).copied()
    }
}

/// Who was met, how often, and when last.
#[derive(Clone, Debug, Default)]
pub(super) struct Votes(Vec<Vote>);

#[derive(Clone, Copy, Debug)]
struct Vote {
    who: u32,
    count: u32,
    /// Seconds since 1970.
    latest: i64,
}

impl Votes {
    pub(super) fn add(&mut self, who: u32, at: i64) {
        self.merge(Vote { who, count: 1, latest: at });
    }

    pub(super) fn absorb(&mut self, other: &Self) {
        other.0.iter().for_each(|vote| self.merge(*vote));
    }

    fn merge(&mut self, vote: Vote) {
        match self.0.iter_mut().find(|known| known.who == vote.who) {
            Some(known) => {
                known.count += vote.count;
                known.latest = known.latest.max(vote.latest);
            }
            None => self.0.push(vote),
        }
    }

    /// The one met most often; of several, the one met last. Only those that are known count.
    pub(super) fn winner(&self, keys: &Keys, resolve: impl Fn(Uuid) -> Uuid, known: &HashSet<Uuid>) -> Option<Uuid> {
        let mut merged: HashMap<Uuid, (u32, i64)> = HashMap::new();
        for vote in &self.0 {
            let Some(key) = keys.get(vote.who).map(&resolve).filter(|key| known.contains(key)) else { continue };
            let (count, latest) = merged.entry(key).or_insert((0, i64::MIN));
            *count += vote.count;
            *latest = (*latest).max(vote.latest);
        }
        // The key decides last, so that the result does not depend on the order of a map.
        merged.into_iter().max_by_key(|(key, (count, latest))| (*count, *latest, *key)).map(|(key, _)| key)
    }
}

/// A FHIR dateTime, which may lack its end, in seconds since 1970: `2015-02-07T13:28:17-05:00`, `2015-02-07`, `2015-02`,
/// `2015`. What cannot be understood is before everything else.
pub(super) fn seconds(text: &str) -> i64 {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return instant.timestamp();
    }
    let day = ["", "-01", "-01-01"].iter().find_map(|rest| format!("{text}{rest}").parse::<NaiveDate>().ok());
    day.and_then(|day| day.and_hms_opt(0, 0, 0)).map_or(i64::MIN, |instant| instant.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_often_wins_and_then_the_latest() {
        let mut keys = Keys::default();
        let all: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
        let numbers: Vec<u32> = all.iter().map(|key| keys.number(*key)).collect();
        let mut votes = Votes::default();
        for (who, at) in [(0, "2001"), (0, "2002-02"), (1, "2003-03-03"), (1, "1990"), (2, "2020-01-01T00:00:00Z")] {
            votes.add(numbers[who], seconds(at));
        }
        let known: HashSet<Uuid> = all.iter().copied().collect();
        assert_eq!(votes.winner(&keys, |key| key, &known), Some(all[1]));
        assert_eq!(votes.winner(&keys, |key| key, &HashSet::from([all[2]])), Some(all[2]));
        // What turns out to be the same is counted together.
        assert_eq!(votes.winner(&keys, |key| if key == all[2] { all[0] } else { key }, &known), Some(all[0]));
    }

    #[test]
    fn times_may_lack_their_end() {
        assert_eq!(seconds("1970-01-02"), 86_400);
        assert_eq!(seconds("1970-01"), 0);
        assert_eq!(seconds("1970"), 0);
        assert_eq!(seconds("1970-01-01T01:00:00+01:00"), 0);
        assert_eq!(seconds("yesterday"), i64::MIN);
    }
}
