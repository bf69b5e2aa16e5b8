//! How often a caller may ask, and for how much.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::sync::Cache;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::origin::network;
use crate::scope::{Actor, Scope};

/// In this time a caller who waits may use a whole quota again.
const PERIOD: Duration = Duration::from_mins(1);
/// How many callers are remembered, in less than half a kilobyte each. Of more, those seen least begin anew.
const REMEMBERED: u64 = 50_000;

/// What a caller may use in a minute; 0 for as much as they like.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// Requests.
    pub requests: u32,
    /// GraphQL complexity.
    pub cost: u32,
    /// Requests without a session from one address; and attempts to sign in from there, whoever makes them.
    pub anonymous: u32,
}

/// What every caller has used. Those who have a session are told apart by who they are, others by their address.
#[derive(Clone, Debug)]
pub struct Rates {
    quotas: Quotas,
    callers: Cache<Caller, Arc<Buckets>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Caller {
    Known(Actor),
    Unknown(IpAddr),
}

#[derive(Debug)]
struct Buckets {
    requests: Option<DefaultDirectRateLimiter>,
    /// Attempts to sign in, of an address.
    attempts: Option<DefaultDirectRateLimiter>,
    cost: Option<DefaultDirectRateLimiter>,
}

impl Rates {
    /// Nobody has used anything yet.
    #[must_use]
    pub fn new(quotas: Quotas) -> Self {
        // Who has not asked for the whole period has a full quota again, and need not be remembered.
        let callers = Cache::builder().max_capacity(REMEMBERED).time_to_idle(PERIOD).build();
        Self { quotas, callers }
    }

    /// What the caller has left.
    #[must_use]
    pub fn meter(&self, scope: &Scope) -> Meter {
        let address = scope.origin.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), network);
        let caller = if scope.is_nobody() { Caller::Unknown(address) } else { Caller::Known(scope.actor) };
        Meter { own: self.buckets(caller), rates: self.clone(), address }
    }

    fn buckets(&self, caller: Caller) -> Arc<Buckets> {
        self.callers.get_with(caller, || Arc::new(self.quotas.of(caller)))
    }
}

impl Quotas {
    fn of(self, caller: Caller) -> Buckets {
        let bucket = |quota| NonZeroU32::new(quota).map(|quota| RateLimiter::direct(Quota::per_minute(quota)));
        let (requests, attempts) = match caller {
            Caller::Known(_) => (self.requests, 0),
            Caller::Unknown(_) => (self.anonymous, self.anonymous),
        };
        Buckets { requests: bucket(requests), attempts: bucket(attempts), cost: bucket(self.cost) }
    }
}

/// What one caller has left.
#[derive(Clone, Debug)]
pub struct Meter {
    own: Arc<Buckets>,
    rates: Rates,
    /// Where the caller asks from.
    address: IpAddr,
}

impl Meter {
    /// Takes this many requests.
    ///
    /// # Errors
    /// `RateLimited` when the caller has asked too often; nothing was taken.
    pub fn ask(&self, requests: usize) -> Result<()> {
        take(self.own.requests.as_ref(), u64::try_from(requests).unwrap_or(u64::MAX))
    }

    /// Takes one attempt to sign in, of which a request may make many. They are counted by the address, whoever asks.
    ///
    /// # Errors
    /// `RateLimited` when too many came from there; nothing was taken.
    pub fn attempt(&self) -> Result<()> {
        take(self.rates.buckets(Caller::Unknown(self.address)).attempts.as_ref(), 1)
    }

    /// Takes this much complexity.
    ///
    /// # Errors
    /// `RateLimited` when the caller has asked for too much; nothing was taken.
    pub fn spend(&self, complexity: u64) -> Result<()> {
        take(self.own.cost.as_ref(), complexity)
    }
}

fn take(bucket: Option<&DefaultDirectRateLimiter>, amount: u64) -> Result<()> {
    let Some(bucket) = bucket else { return Ok(()) };
    let Some(amount) = NonZeroU32::new(u32::try_from(amount).unwrap_or(u32::MAX)) else { return Ok(()) };
    let wait = match bucket.check_n(amount) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(until)) => until.wait_time_from(DefaultClock::default().now()),
        Err(_) => PERIOD,
    };
    Err(Error::RateLimited { seconds: wait.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX) })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn nobody(address: &str) -> Scope {
        Scope { origin: Some(address.parse().unwrap()), ..Scope::nobody(Uuid::nil()) }
    }

    #[test]
    fn callers_have_quotas_of_their_own() {
        let rates = Rates::new(Quotas { requests: 3, cost: 100, anonymous: 2 });
        let refused = |scope: &Scope, requests| rates.meter(scope).ask(requests).is_err();
        let operator = Scope::local_operator(Uuid::nil());
        assert!(!refused(&operator, 2) && refused(&operator, 2) && !refused(&operator, 1) && refused(&operator, 1));
        assert!(!refused(&nobody("192.0.2.1"), 2) && refused(&nobody("192.0.2.1"), 1));
        assert!(!refused(&nobody("192.0.2.2"), 1));
        assert!(!refused(&nobody("2001:db8::1"), 2) && refused(&nobody("2001:db8::2"), 1), "one network");
        let error = rates.meter(&operator).ask(1).unwrap_err();
        assert!(matches!(error, Error::RateLimited { seconds: 1..=20 }), "{error:?}");
    }

    #[test]
    fn attempts_are_counted_by_the_address_whoever_makes_them() {
        let rates = Rates::new(Quotas { requests: 3, cost: 100, anonymous: 3 });
        let refused = |scope: &Scope| rates.meter(scope).attempt().is_err();
        let operator = Scope { origin: nobody("192.0.2.1").origin, ..Scope::local_operator(Uuid::nil()) };
        assert!(!refused(&operator) && !refused(&nobody("192.0.2.1")) && !refused(&operator));
        assert!(refused(&operator) && refused(&nobody("192.0.2.1")) && !refused(&nobody("192.0.2.2")));
        assert!(rates.meter(&nobody("192.0.2.1")).ask(3).is_ok(), "requests are counted by themselves");
    }

    #[test]
    fn cost_is_counted_by_itself() {
        let rates = Rates::new(Quotas { requests: 0, cost: 100, anonymous: 0 });
        let meter = rates.meter(&Scope::local_operator(Uuid::nil()));
        assert!(meter.spend(60).is_ok() && meter.spend(41).is_err() && meter.spend(40).is_ok());
        assert!(meter.spend(0).is_ok() && meter.ask(1_000_000).is_ok());
        assert!(matches!(meter.spend(u64::MAX), Err(Error::RateLimited { seconds: 60 })));
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory() {
        let rates = Rates::new(Quotas { requests: 3, cost: 100, anonymous: 2 });
        for number in 0..60_000_u32 {
            let scope = Scope { origin: Some(IpAddr::V4(number.into())), ..Scope::nobody(Uuid::nil()) };
            rates.meter(&scope).ask(1).unwrap();
        }
        rates.callers.run_pending_tasks();
        assert!(rates.callers.entry_count() <= REMEMBERED, "{}", rates.callers.entry_count());
    }
}
