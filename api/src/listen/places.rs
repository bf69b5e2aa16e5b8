use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config;
use crate::origin::{Proxies, network};

/// How many connections there may be, in all and from one address.
#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    per_address: usize,
    proxies: Proxies,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A place among all; none when the server is going to end.
pub(super) type Slot = Option<OwnedSemaphorePermit>;

/// What a connection holds as long as it lives. In the extensions of a request that asks for another protocol on its
/// connection, whose server holds it then.
#[derive(Clone, Debug)]
pub struct Seat(#[expect(dead_code, reason = "it is held, and given back by being dropped")] Arc<Place>);

#[derive(Debug)]
struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
    _slot: Slot,
}

impl Places {
    pub(super) fn new(config: &config::Server, proxies: Proxies) -> Self {
        Self {
            all: Arc::new(Semaphore::new(config.max_connections)),
            per_address: config.max_connections_per_address,
            proxies,
            taken: Mutex::default(),
        }
    }

    /// Waits for a place among all.
    pub(super) async fn slot(&self) -> Slot {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// A place for this address. Trusted proxies, who speak for many, may have as many as there are.
    ///
    /// # Errors
    /// Gives the slot back when the address has as many as it may have.
    pub(super) fn take(places: &Arc<Self>, slot: Slot, address: IpAddr) -> Result<Seat, Slot> {
        let limited = places.per_address > 0 && !places.proxies.contain(address);
        let address = limited.then(|| network(address));
        if let Some(address) = address {
            let mut taken = places.taken.lock();
            let count = taken.entry(address).or_default();
            if *count >= places.per_address {
                return Err(slot);
            }
            *count += 1;
        }
        Ok(Seat(Arc::new(Place { places: Arc::clone(places), address, _slot: slot })))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        if let Entry::Occupied(mut count) = self.places.taken.lock().entry(address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}
