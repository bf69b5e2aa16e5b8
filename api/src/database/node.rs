use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use sea_orm::{DbBackend, DbErr, Statement};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Notify, watch};

use super::breaker::{Breaker, Turn};
use super::incarnation::Known;
use super::observation::{Observation, Role, Sight};
use super::owed::Position;
use super::pool::Pool;
use super::routing;
use super::settings::Settings;
use super::target::{Purpose, Target};

/// How long an SQLite file may take to show that it can be read.
const PING_PATIENCE: Duration = Duration::from_secs(1);

/// One database server, or the SQLite file.
#[derive(Debug)]
pub struct Node {
    target: Target,
    address: String,
    pub(super) purpose: routing::Purpose,
    pub(super) reads: Pool,
    /// For what the server reads for itself: it would show callers' connections another boundary, and wait behind them.
    pub(super) own: Pool,
    pub(super) writes: Pool,
    /// For the question whether an SQLite file can be read, which waits for nobody's reads.
    pings: Pool,
    pub(super) breaker: Breaker,
    pub(super) running: AtomicUsize,
    sight: RwLock<Sight>,
    reachable: watch::Sender<bool>,
    /// Somebody waits for what it is to be asked.
    pub(super) hurry: Notify,
}

impl Node {
    pub(super) fn new(target: Target, purpose: routing::Purpose, settings: &Settings) -> Self {
        let is_probed = matches!(target, Target::Postgres(_));
        let writers = match target {
            Target::Postgres(_) => settings.pool,
            Target::Sqlite(_) => settings.pool.of_one(),
        };
        let cores = settings.cores;
        let own = Pool::new(target.clone(), Purpose::Own, settings.pool.of_own(), cores, None);
        let pool = |purpose, limits| Pool::new(target.clone(), purpose, limits, cores, Some(own.clone()));
        Self {
            address: target.address(),
            purpose,
            reads: pool(Purpose::Read, settings.pool),
            writes: pool(Purpose::Write, writers),
            pings: Pool::new(target.clone(), Purpose::Own, settings.pool.of_pings(PING_PATIENCE), cores, None),
            own,
            target,
            breaker: Breaker::new(settings.breaker_rest, Instant::now()),
            running: AtomicUsize::new(0),
            sight: RwLock::new(Sight::nothing()),
            reachable: watch::Sender::new(!is_probed),
            hurry: Notify::new(),
        }
    }

    /// Which SQL it speaks.
    pub const fn backend(&self) -> DbBackend {
        self.target.backend()
    }

    /// `host:port`, or `sqlite`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How to connect to a PostgreSQL server.
    pub(super) fn options(&self) -> &PgConnectOptions {
        match &self.target {
            Target::Postgres(options) => options,
            Target::Sqlite(_) => unreachable!("an SQLite file is never probed"),
        }
    }

    pub(super) fn sight(&self) -> Sight {
        self.sight.read().clone()
    }

    /// How far it has come, and on which timeline.
    pub(super) fn place(&self) -> Position {
        self.known().map_or(Position { timeline: 0, position: 0 }, |known| known.place)
    }

    /// What is known of its present incarnation.
    pub(super) fn known(&self) -> Option<Known> {
        let sight = self.sight.read();
        let seen = sight.observation.as_ref()?;
        let place = Position { timeline: seen.timeline?, position: seen.position };
        Some(Known { started: seen.started, asked: sight.asked?, role: seen.role, place })
    }

    /// The identifier of the cluster that it belongs to.
    pub(super) fn system(&self) -> Option<u64> {
        self.sight.read().observation.as_ref()?.system.parse().ok()
    }

    /// A primary has told, by acknowledging a write, how far its log is.
    pub(super) fn has_written(&self, place: Position) {
        if let Some(seen) = &mut self.sight.write().observation
            && seen.role == Role::Primary
            && seen.timeline == Some(place.timeline)
        {
            seen.position = seen.position.max(place.position);
        }
    }

    /// Takes in the answer to a probe that began at `began`.
    pub(super) fn saw(&self, answer: Result<Observation, String>, began: Instant) {
        let now = Instant::now();
        let mut sight = self.sight.write();
        let was_reachable = sight.is_reachable();
        match answer {
            Ok(observation) => {
                let took = now.duration_since(began);
                sight.latency = if sight.latency.is_zero() { took } else { (sight.latency * 7 + took) / 8 };
                let is_other = |before: &Observation| before.started != observation.started;
                if sight.observation.as_ref().is_some_and(is_other) {
                    // Connections of another incarnation are dead, and positions of it count for nothing.
                    self.discard_idle();
                    self.breaker.came_back();
                }
                let before = sight.observation.take().filter(|before| before.connected == observation.connected);
                sight.predecessor = match before {
                    Some(before) if before.role == Role::Replica && observation.role == Role::Primary => {
                        before.timeline
                    }
                    Some(_) => sight.predecessor,
                    None => None,
                };
                sight.observation = Some(observation);
                sight.asked = Some(began);
                sight.trouble = None;
                sight.seen = Some(now);
            }
            Err(trouble) => sight.trouble = Some(trouble),
        }
        let is_reachable = sight.is_reachable();
        let trouble = sight.trouble.clone();
        drop(sight);
        self.note(was_reachable, is_reachable, trouble);
    }

    fn note(&self, was_reachable: bool, is_reachable: bool, trouble: Option<String>) {
        if was_reachable == is_reachable {
            return;
        }
        if is_reachable {
            self.breaker.came_back();
            tracing::info!(db.node = self.address, "node is reachable");
        } else {
            self.discard_idle();
            tracing::warn!(db.node = self.address, trouble = trouble.unwrap_or_default(), "node is not reachable");
        }
        self.reachable.send_replace(is_reachable);
    }

    /// Closes every connection at rest.
    fn discard_idle(&self) {
        for pool in [&self.reads, &self.own, &self.writes] {
            pool.discard_idle();
        }
    }

    /// Waits until the node is found not to answer.
    pub(super) async fn lost(&self) {
        let mut reachable = self.reachable.subscribe();
        reachable.wait_for(|reachable| !reachable).await.ok();
    }

    pub(super) fn failed(&self) {
        if self.breaker.failed(Instant::now()) == Some(Turn::Opened) {
            tracing::warn!(db.node = self.address, "circuit breaker opened");
        }
    }

    pub(super) fn succeeded(&self) {
        if self.breaker.succeeded() == Some(Turn::Closed) {
            tracing::info!(db.node = self.address, "circuit breaker closed: the node has recovered");
        }
    }

    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Reads something from an SQLite file.
    pub(super) async fn ping(&self) -> Result<(), DbErr> {
        let mut lease = self.pings.acquire(PING_PATIENCE, None, None).await?;
        lease.query_all(&Statement::from_string(self.backend(), "SELECT 1 FROM sqlite_schema LIMIT 1")).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;

    use crate::database::{Balancing, LagLimits, PoolLimits};

    use super::*;

    fn node() -> Node {
        let second = Duration::from_secs(1);
        let pool = PoolLimits {
            min: 0,
            max: 1,
            acquire_timeout: second,
            idle_timeout: second,
            max_age: second,
            query_timeout: second,
        };
        let settings = Settings {
            pool,
            cores: 2.0,
            balancing: Balancing::RoundRobin,
            lag: LagLimits { bytes: 1, time: second },
            primary_timeout: second,
            breaker_rest: second,
            probe_period: second,
            migrations: Arc::new([]),
        };
        let target = "postgres://nobody:none@127.0.0.1:1/none".parse().unwrap();
        Node::new(target, routing::Purpose::Ordinary, &settings)
    }

    fn seen(role: Role, timeline: u32, connected: Instant) -> Observation {
        Observation {
            role,
            system: "1".to_owned(),
            started: DateTime::UNIX_EPOCH,
            connected,
            timeline: Some(timeline),
            position: 100,
            replayed: Some(100),
            lacks: None,
        }
    }

    #[test]
    fn only_a_connection_that_lived_through_a_promotion_has_witnessed_it() {
        let (first, began) = (Instant::now(), Instant::now());
        let later = first + Duration::from_secs(1);
        let node = node();
        let look = |role, timeline, connected| {
            node.saw(Ok(seen(role, timeline, connected)), began);
            node.sight().predecessor
        };
        assert_eq!(look(Role::Replica, 1, first), None);
        assert_eq!(look(Role::Primary, 2, first), Some(1));
        assert_eq!(look(Role::Primary, 2, first), Some(1), "it is remembered");
        assert_eq!(look(Role::Primary, 2, later), None, "what it tells now may be where its crash was mended");
        assert_eq!(look(Role::Replica, 2, later), None);
        assert_eq!(look(Role::Primary, 3, first), None, "it may have crashed since it was promoted");
    }
}
