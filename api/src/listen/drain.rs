use std::sync::Arc;

use tokio::sync::watch;

/// How the server stops: it says so first, then asks whoever is there to leave, and waits until they have left.
#[derive(Clone, Debug)]
pub struct Drain(Arc<watch::Sender<Stage>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    Announced,
    Leaving,
}

impl Default for Drain {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Stage::Serving)))
    }
}

impl Drain {
    /// Whether the server is about to stop, so that it should be asked nothing more.
    #[must_use]
    pub fn is_announced(&self) -> bool {
        *self.0.borrow() >= Stage::Announced
    }

    /// Somebody whose leaving is waited for.
    #[must_use]
    pub fn guest(&self) -> Guest {
        Guest(self.0.subscribe())
    }

    pub(super) fn announce(&self) {
        self.0.send_replace(Stage::Announced);
    }

    /// Asks every guest to leave, and returns when all have.
    pub(super) async fn see_out(&self) {
        self.0.send_replace(Stage::Leaving);
        self.0.closed().await;
    }
}

/// Something that the server waits for when it stops, until it is dropped.
#[derive(Clone, Debug)]
pub struct Guest(watch::Receiver<Stage>);

impl Guest {
    /// Returns when the server asks to leave.
    pub async fn told_to_leave(&mut self) {
        self.0.wait_for(|stage| *stage == Stage::Leaving).await.ok();
    }
}
