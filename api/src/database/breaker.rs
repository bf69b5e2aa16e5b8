use std::time::{Duration, Instant};

use async_graphql::Enum;
use parking_lot::Mutex;

/// Failures in a row that open a breaker.
pub const FAILURES_TO_OPEN: u32 = 5;
/// Successes in a row that close a breaker which is half open.
pub const SUCCESSES_TO_CLOSE: u32 = 3;

/// Whether a node is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "CircuitBreakerState")]
pub enum BreakerState {
    /// It works.
    Closed,
    /// It failed again and again, and is left alone for a while.
    Open,
    /// It is being tried again.
    HalfOpen,
}

/// Keeps requests away from a node that fails them, although it answers its probes.
#[derive(Debug)]
pub(super) struct Breaker {
    rest: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: BreakerState,
    /// In a row: failures while closed, successes while half open.
    count: u32,
    opened: Instant,
    trips: u64,
}

/// A change of state that operators want to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Opened,
    Closed,
}

impl Breaker {
    /// Closed; once open, it rests this long before the node is tried again.
    pub(super) fn new(rest: Duration, now: Instant) -> Self {
        let inner = Inner { state: BreakerState::Closed, count: 0, opened: now, trips: 0 };
        Self { rest, inner: Mutex::new(inner) }
    }

    /// The state, which turns to half open by the passing of time.
    pub(super) fn state(&self, now: Instant) -> BreakerState {
        let mut inner = self.inner.lock();
        if inner.state == BreakerState::Open && now.duration_since(inner.opened) >= self.rest {
            (inner.state, inner.count) = (BreakerState::HalfOpen, 0);
        }
        inner.state
    }

    /// How often it opened.
    pub(super) fn trips(&self) -> u64 {
        self.inner.lock().trips
    }

    pub(super) fn succeeded(&self) -> Option<Turn> {
        let mut inner = self.inner.lock();
        match inner.state {
            BreakerState::Closed => {
                inner.count = 0;
                None
            }
            BreakerState::Open => None,
            BreakerState::HalfOpen => {
                inner.count += 1;
                if inner.count < SUCCESSES_TO_CLOSE {
                    return None;
                }
                (inner.state, inner.count) = (BreakerState::Closed, 0);
                Some(Turn::Closed)
            }
        }
    }

    pub(super) fn failed(&self, now: Instant) -> Option<Turn> {
        let mut inner = self.inner.lock();
        let opens = match inner.state {
            BreakerState::Closed => {
                inner.count += 1;
                inner.count >= FAILURES_TO_OPEN
            }
            BreakerState::HalfOpen => true,
            BreakerState::Open => false,
        };
        if !opens {
            return None;
        }
        (inner.state, inner.count, inner.opened) = (BreakerState::Open, 0, now);
        inner.trips += 1;
        Some(Turn::Opened)
    }

    /// The node has come back: a probe succeeded after others had failed.
    pub(super) fn came_back(&self) {
        let mut inner = self.inner.lock();
        if inner.state == BreakerState::Open {
            (inner.state, inner.count) = (BreakerState::HalfOpen, 0);
        }
    }

    /// Closes it, whatever was.
    pub(super) fn reset(&self) {
        let mut inner = self.inner.lock();
        (inner.state, inner.count) = (BreakerState::Closed, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(30);

    fn opened(start: Instant) -> Breaker {
        let breaker = Breaker::new(REST, start);
        for _ in 1..FAILURES_TO_OPEN {
            assert_eq!(breaker.failed(start), None);
        }
        assert_eq!(breaker.failed(start), Some(Turn::Opened));
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_a_success_between_them_does_not() {
        let start = Instant::now();
        let breaker = Breaker::new(REST, start);
        for _ in 0..3 {
            for _ in 1..FAILURES_TO_OPEN {
                assert_eq!(breaker.failed(start), None);
            }
            breaker.succeeded();
        }
        assert_eq!(breaker.state(start), BreakerState::Closed);
        assert_eq!(opened(start).state(start), BreakerState::Open);
    }

    #[test]
    fn it_is_tried_again_after_its_rest_and_closes_after_three_successes() {
        let start = Instant::now();
        let breaker = opened(start);
        assert_eq!(breaker.state(start + Duration::from_secs(29)), BreakerState::Open);
        assert_eq!(breaker.state(start + REST), BreakerState::HalfOpen);
        assert_eq!((breaker.succeeded(), breaker.succeeded()), (None, None));
        assert_eq!(breaker.succeeded(), Some(Turn::Closed));
        assert_eq!(breaker.trips(), 1);
    }

    #[test]
    fn a_failure_while_it_is_tried_opens_it_again() {
        let start = Instant::now();
        let breaker = opened(start);
        breaker.came_back();
        assert_eq!(breaker.state(start), BreakerState::HalfOpen);
        assert_eq!(breaker.failed(start), Some(Turn::Opened));
        breaker.reset();
        assert_eq!(breaker.state(start), BreakerState::Closed);
    }
}
