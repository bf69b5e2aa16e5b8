use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::scope::Actor;

/// How many subscriptions every caller has.
#[derive(Clone, Debug)]
pub(super) struct Subscribers {
    max: usize,
    held: Arc<Mutex<HashMap<Actor, usize>>>,
}

/// One subscription among a caller's.
#[derive(Debug)]
pub(super) struct Subscribed {
    all: Subscribers,
    caller: Actor,
}

impl Subscribers {
    pub(super) fn new(max: usize) -> Self {
        Self { max, held: Arc::default() }
    }

    /// One more subscription of the caller's.
    ///
    /// # Errors
    /// `Limit` when they have as many as they may have.
    pub(super) fn add(&self, caller: Actor) -> Result<Subscribed> {
        let mut held = self.held.lock();
        let count = held.entry(caller).or_default();
        if *count >= self.max {
            return Err(Error::Limit(format!("a caller has at most {} subscriptions at a time", self.max)));
        }
        *count += 1;
        Ok(Subscribed { all: self.clone(), caller })
    }
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.all.held.lock().entry(self.caller) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}
