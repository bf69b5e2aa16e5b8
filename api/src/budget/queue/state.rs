use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::budget::share::{Share, time};
use crate::budget::{Standing, TimeBudget};

use super::{LIGHT_CALLER_STAYS, Permit};

/// Who holds the permits of a queue, and who waits for one.
#[derive(Debug)]
pub(super) struct State {
    pub(super) free: usize,
    pub(super) share: Share,
    pub(super) callers: HashMap<Key, Caller>,
    /// Callers that wait, in the order of their turns.
    pub(super) turns: VecDeque<Key>,
    pub(super) waiting: usize,
    pub(super) next_ticket: u64,
    /// The light caller that got a permit last, and when.
    light: Option<(Key, Instant)>,
}

/// Tells callers apart by their budgets; the server has none.
pub(super) type Key = Option<usize>;

/// A caller who holds permits, or waits for one.
#[derive(Debug, Default)]
pub(super) struct Caller {
    pub(super) budget: Option<TimeBudget>,
    pub(super) held: usize,
    /// How many of the permits are in use.
    pub(super) in_use: usize,
    /// The shares at which those came into use, added up.
    pub(super) starts: f64,
    pub(super) waiting: VecDeque<(u64, oneshot::Sender<Permit>)>,
}

impl State {
    /// Nobody holds or waits for any of so many permits; what they stand for shares this many processors.
    pub(super) fn new(size: usize, cores: f64) -> Self {
        let share = Share::new(cores, Instant::now());
        Self {
            free: size,
            share,
            callers: HashMap::new(),
            turns: VecDeque::new(),
            waiting: 0,
            next_ticket: 0,
            light: None,
        }
    }

    /// Lets a caller wait for one more permit; the ticket by which they may give up.
    pub(super) fn line_up(&mut self, key: Key, tell: oneshot::Sender<Permit>) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting += 1;
        let waiting = &mut self.callers.entry(key).or_default().waiting;
        if waiting.is_empty() {
            self.turns.push_back(key);
        }
        waiting.push_back((ticket, tell));
        ticket
    }

    pub(super) fn enter(&mut self, key: Key, budget: Option<&TimeBudget>) {
        self.callers.entry(key).or_insert_with(|| Caller { budget: budget.cloned(), ..Caller::default() });
    }

    /// Forgets a caller who neither holds anything nor waits.
    pub(super) fn leave(&mut self, key: Key) {
        if self.callers.get(&key).is_some_and(|caller| caller.held == 0 && caller.waiting.is_empty()) {
            self.callers.remove(&key);
        }
    }

    /// What a caller has used that was not charged yet.
    pub(super) fn running(&self, key: Key, now: Instant) -> Duration {
        let Some(caller) = self.callers.get(&key).filter(|caller| caller.in_use > 0) else { return Duration::ZERO };
        #[expect(clippy::cast_precision_loss, reason = "as many as a pool has connections")]
        let in_use = caller.in_use as f64;
        time(self.share.at(now).mul_add(in_use, -caller.starts))
    }

    /// Number of permits held by callers of this standing or a worse one.
    pub(super) fn held_from(&self, least: Standing, now: Instant) -> usize {
        let counts = |key: Key, caller: &Caller| {
            caller.held > 0 && self.standing(key, caller, now).is_some_and(|standing| standing >= least)
        };
        self.callers.iter().filter(|(key, caller)| counts(**key, caller)).map(|(_, caller)| caller.held).sum()
    }

    /// Standing of a caller; none for the server.
    fn standing(&self, key: Key, caller: &Caller, now: Instant) -> Option<Standing> {
        caller.budget.as_ref().map(|budget| budget.standing(self.running(key, now), now))
    }

    /// Remembers a caller that gets a permit, if it is a light one.
    pub(super) fn see(&mut self, key: Key, now: Instant) {
        let standing = self.callers.get(&key).and_then(|caller| self.standing(key, caller, now));
        if standing == Some(Standing::Light) {
            self.light = Some((key, now));
        }
    }

    /// True when a light caller other than this one had a permit a moment ago.
    pub(super) fn is_light_about(&self, but: Key, now: Instant) -> bool {
        self.light.is_some_and(|(key, at)| key != but && now.saturating_duration_since(at) < LIGHT_CALLER_STAYS)
    }

    /// Takes the first of a caller's out of the queue; the caller's next one waits behind the others.
    pub(super) fn take_first(&mut self, key: Key) -> Option<(u64, oneshot::Sender<Permit>)> {
        let caller = self.callers.get_mut(&key)?;
        let first = caller.waiting.pop_front()?;
        let waits_on = !caller.waiting.is_empty();
        self.turns.retain(|other| *other != key);
        if waits_on {
            self.turns.push_back(key);
        }
        self.waiting -= 1;
        Some(first)
    }

    pub(super) fn give_up(&mut self, key: Key, ticket: u64) {
        if let Some(caller) = self.callers.get_mut(&key)
            && let Some(at) = caller.waiting.iter().position(|(other, _)| *other == ticket)
        {
            caller.waiting.remove(at);
            self.waiting -= 1;
            if caller.waiting.is_empty() {
                self.turns.retain(|other| *other != key);
            }
        }
        self.leave(key);
    }
}
