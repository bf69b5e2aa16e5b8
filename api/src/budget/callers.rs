use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::sync::Cache;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::origin::network;
use crate::scope::{Actor, Scope};

use super::bucket::{Bucket, LONGEST_DEBT};
use super::{OverBudget, Spending, TimeBudget};

/// How many callers are remembered. Of more, those seen least begin anew.
const REMEMBERED: u64 = 50_000;

/// What callers may use of the databases.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Processors of a database node; 0 for as many as this machine has.
    pub cores: u32,
    /// What one caller may use of them in the long run, in percent; 0 for as much as they like.
    pub share: u32,
    /// How many seconds of processor time a caller may use at once.
    pub burst: u64,
    /// How long the statements of one request may run, added up, in seconds.
    pub request: u64,
    /// How many patients one caller may be shown in a minute; 0 for as many as they like.
    pub disclosures: u32,
}

impl Settings {
    /// Processors of a database node.
    #[must_use]
    pub fn cores(&self) -> f64 {
        if self.cores > 0 {
            return f64::from(self.cores);
        }
        let here = std::thread::available_parallelism().map_or(1, usize::from);
        u32::try_from(here).map_or(1.0, f64::from)
    }
}

/// The budgets of all callers. Those who have a session are told apart by who they are, others by their address.
#[derive(Clone, Debug)]
pub struct Budgets {
    settings: Settings,
    callers: Cache<Caller, Budget>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Caller {
    Known(Actor),
    Unknown(IpAddr),
}

/// What one caller has left.
#[derive(Clone, Debug)]
pub struct Budget {
    time: TimeBudget,
    /// Patients.
    disclosures: Arc<Bucket>,
    request: Duration,
}

impl Budgets {
    /// Nobody has used anything yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        // Whoever used nothing for that long is in debt no more.
        let callers = Cache::builder().max_capacity(REMEMBERED).time_to_idle(LONGEST_DEBT * 2).build();
        Self { settings, callers }
    }

    /// What the caller has left.
    #[must_use]
    pub fn of(&self, scope: &Scope) -> Budget {
        let address = scope.origin.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), network);
        let caller = if scope.is_nobody() { Caller::Unknown(address) } else { Caller::Known(scope.actor) };
        self.callers.get_with(caller, || self.full())
    }

    fn full(&self) -> Budget {
        let Settings { share, burst, request, disclosures, .. } = self.settings;
        let rate = self.settings.cores() * f64::from(share) / 100.0;
        Budget {
            time: TimeBudget::new(rate, Duration::from_secs(burst)),
            disclosures: Arc::new(Bucket::new(f64::from(disclosures) / 60.0, f64::from(disclosures))),
            request: Duration::from_secs(request),
        }
    }
}

impl Budget {
    /// The database time of one request of the caller's.
    #[must_use]
    pub fn spending(&self) -> Arc<Spending> {
        Arc::new(Spending::new(self.time.clone(), Some(self.request)))
    }

    /// The caller's database time.
    #[must_use]
    pub const fn time(&self) -> &TimeBudget {
        &self.time
    }

    /// Whether the caller may ask for anything now.
    ///
    /// # Errors
    /// `RateLimited` when they are too deep in debt, or were shown too many patients.
    pub fn check(&self) -> Result<()> {
        let now = Instant::now();
        match self.time.deep_debt(now).max(self.disclosures.debt(0.0, now)) {
            Some(debt) => Err(Error::RateLimited { seconds: OverBudget::until(debt).seconds }),
            None => Ok(()),
        }
    }

    /// Takes the patients that an answer discloses. What exceeds the budget is paid back before the next request.
    pub fn disclose(&self, patients: usize) {
        let patients = u32::try_from(patients).unwrap_or(u32::MAX);
        self.disclosures.charge(f64::from(patients), Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const SETTINGS: Settings = Settings { cores: 2, share: 10, burst: 1, request: 10, disclosures: 600 };

    fn nobody(address: &str) -> Scope {
        Scope { origin: Some(address.parse().unwrap()), ..Scope::nobody(Uuid::nil()) }
    }

    #[test]
    fn callers_have_budgets_of_their_own() {
        let budgets = Budgets::new(SETTINGS);
        let operator = budgets.of(&Scope::local_operator(Uuid::nil()));
        operator.time().charge(Duration::from_secs(20));
        let again = budgets.of(&Scope::local_operator(Uuid::nil()));
        assert!(matches!(again.check(), Err(Error::RateLimited { seconds: 50..=61 })), "{:?}", again.check());
        assert!(budgets.of(&nobody("192.0.2.1")).check().is_ok());
        budgets.of(&nobody("2001:db8::1")).time().charge(Duration::from_secs(20));
        assert!(budgets.of(&nobody("2001:db8::2")).check().is_err(), "one network");
    }

    #[test]
    fn disclosures_are_counted_by_themselves() {
        let budget = Budgets::new(SETTINGS).of(&nobody("192.0.2.1"));
        budget.disclose(600);
        assert!(budget.check().is_ok());
        budget.disclose(100);
        assert!(matches!(budget.check(), Err(Error::RateLimited { seconds: 9..=11 })), "{:?}", budget.check());
        let unmetered = Budgets::new(Settings { disclosures: 0, ..SETTINGS }).of(&nobody("192.0.2.1"));
        unmetered.disclose(usize::MAX);
        assert!(unmetered.check().is_ok());
    }
}
