mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::share::time;
use super::{NoPermit, OverBudget, Spending, Standing, TimeBudget};
use state::{Key, State};

/// Heavy callers keep to their lane for this long after a light caller had a permit.
const LIGHT_CALLER_STAYS: Duration = Duration::from_secs(1);

/// How long a caller who is in debt waits for a permit before they are refused.
const DEBTORS_PATIENCE: Duration = Duration::from_secs(2);

/// Permits of something that callers use at the same time, handed out in turns.
///
/// - Of those that wait, the caller who holds the fewest permits comes first, and callers in debt come last.
/// - A part of the permits is kept for callers that hold none and have used little, so that however many statements a few
///   callers run, another one finds a permit at once.
/// - All callers in debt share one lane: half of the permits at most, and no more than half of the cores could serve. While
///   a light caller is about, heavy callers share that lane with them, so that processors are left for light ones.
///
/// The server's own work, which has no budget, waits only as long as there is no permit at all.
#[derive(Clone, Debug)]
pub struct FairQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    size: usize,
    /// Permits that are kept for callers that hold none and have used little.
    kept: usize,
    /// Permits that all callers in debt may hold together, and heavy ones with them while there are light ones.
    lane: usize,
    state: Mutex<State>,
}

/// The right to use one of what a queue hands out, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    queue: FairQueue,
    key: Key,
    /// The share at which it came into use.
    start: Option<f64>,
}

/// Somebody in a queue.
struct Waiting<'q> {
    queue: &'q FairQueue,
    key: Key,
    ticket: u64,
    told: oneshot::Receiver<Permit>,
}

impl FairQueue {
    /// A queue of so many permits. What they stand for shares this many processors.
    #[must_use]
    pub fn new(size: usize, cores: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
        let half_of_cores = (cores / 2.0) as usize;
        Self(Arc::new(Shared {
            size,
            kept: if size < 3 { 0 } else { size.div_ceil(4) },
            lane: half_of_cores.min(size / 2).max(1),
            state: Mutex::new(State::new(size, cores)),
        }))
    }

    /// Permits that are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.size - self.0.state.lock().free
    }

    /// How many wait for a permit.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.state.lock().waiting
    }

    /// A permit, where there is one for this caller now.
    #[must_use]
    pub fn try_acquire(&self, budget: Option<&TimeBudget>) -> Option<Permit> {
        let key = budget.map(TimeBudget::key);
        let mut state = self.0.state.lock();
        state.enter(key, budget);
        let is_next = state.callers.get(&key).is_some_and(|caller| caller.waiting.is_empty());
        let may_take = is_next && self.0.rank(&state, key, Instant::now(), &mut Lane::default()).is_some();
        if may_take {
            return Some(self.hand_out(&mut state, key));
        }
        state.leave(key);
        None
    }

    /// A permit, in the caller's turn, within this time. Whoever stops waiting loses nothing.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn acquire(&self, spending: Option<&Spending>, patience: Duration) -> Result<Permit, NoPermit> {
        let budget = spending.map(Spending::budget);
        let until = Instant::now() + patience;
        loop {
            if let Some(permit) = self.try_acquire(budget) {
                return Ok(permit);
            }
            let mut waiting = self.wait(budget);
            loop {
                let look = until.min(Instant::now() + DEBTORS_PATIENCE);
                match tokio::time::timeout_at(look.into(), &mut waiting.told).await {
                    Ok(Ok(permit)) => return Ok(permit),
                    // Nobody drops what was not told; should it be, the caller waits anew.
                    Ok(Err(_)) => break,
                    Err(_) => {}
                }
                if let Some(refusal) = spending.and_then(|spending| self.refusal(spending)) {
                    return Err(NoPermit::OverBudget(refusal));
                }
                if Instant::now() >= until {
                    return Err(NoPermit::Late);
                }
            }
        }
    }

    fn refusal(&self, spending: &Spending) -> Option<OverBudget> {
        let budget = spending.budget();
        let now = Instant::now();
        let running = self.0.state.lock().running(Some(budget.key()), now);
        let debt = budget.debt(running, now).filter(|_| spending.is_refusable())?;
        let refusal = OverBudget::until(debt);
        spending.refuse(refusal);
        Some(refusal)
    }

    fn wait(&self, budget: Option<&TimeBudget>) -> Waiting<'_> {
        let (key, (tell, told)) = (budget.map(TimeBudget::key), oneshot::channel());
        let mut state = self.0.state.lock();
        state.enter(key, budget);
        let ticket = state.line_up(key, tell);
        // It may have become free meanwhile.
        let unwanted = self.serve(&mut state);
        drop(state);
        drop(unwanted);
        Waiting { queue: self, key, ticket, told }
    }

    /// Hands a permit out that the caller may take.
    fn hand_out(&self, state: &mut State, key: Key) -> Permit {
        state.free -= 1;
        state.see(key, Instant::now());
        state.callers.entry(key).or_default().held += 1;
        Permit { queue: self.clone(), key, start: None }
    }

    /// Hands out what is free to those whose turn it is. What nobody took is to be dropped when the state is free again.
    #[must_use]
    fn serve(&self, state: &mut State) -> Vec<Permit> {
        let mut unwanted = Vec::new();
        while let Some(key) = self.0.next(state, Instant::now()) {
            let Some((_, tell)) = state.take_first(key) else { break };
            if let Err(permit) = tell.send(self.hand_out(state, key)) {
                unwanted.push(permit);
            }
        }
        unwanted
    }
}

impl Shared {
    /// Whose turn it is, of those who wait.
    fn next(&self, state: &State, now: Instant) -> Option<Key> {
        if state.free == 0 {
            return None;
        }
        let (mut best, mut lane) = (None, Lane::default());
        for key in &state.turns {
            let Some(rank) = self.rank(state, *key, now, &mut lane) else { continue };
            if rank == Rank::FIRST {
                return Some(*key);
            }
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, *key));
            }
        }
        best.map(|(_, key)| key)
    }

    /// Rank of a caller; none when it may take no permit.
    fn rank(&self, state: &State, key: Key, now: Instant, lane: &mut Lane) -> Option<Rank> {
        let caller = state.callers.get(&key).filter(|_| state.free > 0)?;
        let Some(budget) = &caller.budget else { return Some(Rank::FIRST) };
        let standing = budget.standing(state.running(key, now), now);
        let is_light_about = state.is_light_about(key, now);
        let may_take = match standing {
            Standing::Light => state.free > self.kept || caller.held == 0,
            Standing::Heavy if !is_light_about => state.free > self.kept,
            Standing::Heavy | Standing::InDebt => {
                state.free > self.kept && lane.held(state, is_light_about, now) < self.lane
            }
        };
        may_take.then_some(Rank { is_debtor: standing == Standing::InDebt, held: caller.held })
    }
}

/// Number of permits that are held in the lane of callers in debt, without heavy callers and with them. Counted when needed.
#[derive(Default)]
struct Lane([Option<usize>; 2]);

impl Lane {
    fn held(&mut self, state: &State, with_heavy: bool, now: Instant) -> usize {
        let least = if with_heavy { Standing::Heavy } else { Standing::InDebt };
        *self.0[usize::from(with_heavy)].get_or_insert_with(|| state.held_from(least, now))
    }
}

/// How soon a caller's turn comes: the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_debtor: bool,
    held: usize,
}

impl Rank {
    const FIRST: Self = Self { is_debtor: false, held: 0 };
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // A permit that was handed over and not received is dropped with the receiver.
        self.queue.0.state.lock().give_up(self.key, self.ticket);
    }
}

impl Permit {
    /// From now on its use is charged to the caller.
    pub fn begin(&mut self) {
        if self.start.is_some() {
            return;
        }
        let mut state = self.queue.0.state.lock();
        let start = state.share.begin(Instant::now());
        if let Some(caller) = state.callers.get_mut(&self.key) {
            caller.in_use += 1;
            caller.starts += start;
        }
        self.start = Some(start);
    }

    /// Charges what was used so far, so that it counts wherever the caller waits.
    pub fn settle(&mut self) {
        let Some(start) = self.start else { return };
        let mut state = self.queue.0.state.lock();
        let now = state.share.at(Instant::now());
        if let Some(caller) = state.callers.get_mut(&self.key) {
            caller.starts += now - start;
            if let Some(budget) = &caller.budget {
                budget.charge(time(now - start));
            }
        }
        self.start = Some(now);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.queue.0.state.lock();
        state.free += 1;
        let end = self.start.map(|_| state.share.end(Instant::now()));
        if let Some(caller) = state.callers.get_mut(&self.key) {
            caller.held -= 1;
            if let (Some(start), Some(end)) = (self.start, end) {
                caller.in_use -= 1;
                caller.starts = if caller.in_use == 0 { 0.0 } else { caller.starts - start };
                if let Some(budget) = &caller.budget {
                    budget.charge(time(end - start));
                }
            }
        }
        state.leave(self.key);
        let unwanted = self.queue.serve(&mut state);
        drop(state);
        drop(unwanted);
    }
}
