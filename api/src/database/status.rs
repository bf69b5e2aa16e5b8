//! What operators see of a cluster.

use std::sync::atomic::Ordering;
use std::time::Instant;

use chrono::{DateTime, Utc};
use sea_orm::{ConnAcquireErr, DbErr, QueryResult, Statement};

use super::breaker::BreakerState;
use super::observation::Role;
use super::pool::PoolUse;
use super::probe::PATIENCE;
use super::routing::{Purpose, Verdict};
use super::{Cluster, Node};

/// A cluster at one moment.
#[derive(Clone, Debug)]
pub struct ClusterStatus {
    /// Every node, in the order of the settings.
    pub nodes: Vec<NodeStatus>,
    /// Reads that the primary served because no replica was fit to, since the server started.
    pub reads_on_primary: u64,
}

/// A node at one moment.
#[derive(Clone, Debug)]
pub struct NodeStatus {
    /// `host:port`, or `sqlite`.
    pub address: String,
    /// What it is, when known.
    pub role: Option<Role>,
    /// Whether it is meant for disaster recovery.
    pub is_disaster: bool,
    /// Whether it answers.
    pub is_reachable: bool,
    /// Whether it serves what its role is for.
    pub is_eligible: bool,
    /// Why it does not.
    pub reason: Option<String>,
    /// Bytes of log that it lacks.
    pub lag_bytes: Option<u64>,
    /// How old what it shows is, in milliseconds.
    pub lag_ms: Option<u64>,
    /// Its timeline, when known.
    pub timeline: Option<u32>,
    /// How long a probe takes, in milliseconds.
    pub latency_ms: f64,
    /// When its server process started.
    pub started: Option<DateTime<Utc>>,
    /// Its breaker.
    pub breaker: BreakerState,
    /// How often its breaker opened.
    pub breaker_trips: u64,
    /// Connections for reads.
    pub reads: PoolUse,
    /// Connections for writes.
    pub writes: PoolUse,
}

/// A replica as its primary sees it: a row of `pg_stat_replication`.
#[derive(Clone, Debug)]
pub struct Standby {
    /// Process that sends to it.
    pub pid: i32,
    /// Login.
    pub user: Option<String>,
    /// The name it gives itself.
    pub application: Option<String>,
    /// Where it connects from.
    pub client: Option<String>,
    /// Such as `streaming`.
    pub state: Option<String>,
    /// Such as `async`.
    pub sync_state: Option<String>,
    /// Log positions.
    pub sent: Option<String>,
    /// Log positions.
    pub written: Option<String>,
    /// Log positions.
    pub flushed: Option<String>,
    /// Log positions.
    pub replayed: Option<String>,
}

/// A replica as it sees itself: the row of `pg_stat_wal_receiver`.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Such as `streaming`.
    pub status: Option<String>,
    /// Log position that was received and flushed.
    pub received: Option<String>,
    /// When the primary sent its last message.
    pub last_sent: Option<DateTime<Utc>>,
    /// When it arrived.
    pub last_received: Option<DateTime<Utc>>,
    /// From where.
    pub sender: Option<String>,
}

const STANDBYS: &str = "SELECT pid, usename::text AS usename, application_name::text AS application_name, client_addr::text AS client_addr, \
    state::text AS state, sync_state::text AS sync_state, sent_lsn::text AS sent, write_lsn::text AS written, \
    flush_lsn::text AS flushed, replay_lsn::text AS replayed FROM pg_stat_replication ORDER BY application_name, pid LIMIT 100";

const RECEIVER: &str = "SELECT status::text AS status, flushed_lsn::text AS received, last_msg_send_time, last_msg_receipt_time, \
    sender_host::text || ':' || sender_port::text AS sender FROM pg_stat_wal_receiver";

impl Cluster {
    /// What is known now; asks nobody.
    #[must_use]
    pub fn status(&self) -> ClusterStatus {
        let inner = &self.inner;
        let routing = inner.routing.read().clone();
        let address = |number: usize| inner.nodes[number].address().to_owned();
        let nodes = inner.nodes.iter().enumerate().map(|(number, node)| {
            let verdict = routing.verdicts.get(number).unwrap_or(&Verdict::Fit);
            let lag = routing.lags.get(number).copied().flatten();
            node.status(verdict.reason(address), lag.map(|lag| (lag.bytes, lag.time)))
        });
        ClusterStatus { nodes: nodes.collect(), reads_on_primary: inner.fallbacks.load(Ordering::Relaxed) }
    }

    /// The replicas that a node's `pg_stat_replication` lists.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn standbys(&self, address: &str) -> Result<Vec<Standby>, DbErr> {
        let rows = self.ask(address, STANDBYS).await?;
        rows.iter().map(standby).collect()
    }

    /// A replica's `pg_stat_wal_receiver`; none while it receives nothing.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn receiver(&self, address: &str) -> Result<Option<Receiver>, DbErr> {
        let rows = self.ask(address, RECEIVER).await?;
        rows.first().map(receiver).transpose()
    }

    async fn ask(&self, address: &str, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
        let node = self.inner.nodes.iter().find(|node| node.address() == address);
        let node = node.ok_or_else(|| DbErr::RecordNotFound("a node".to_owned()))?;
        let answer = async {
            let mut lease = node.reads.acquire(PATIENCE, None, None).await?;
            lease.query_all(&Statement::from_string(node.backend(), sql)).await
        };
        let late = |_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        tokio::time::timeout(PATIENCE, answer).await.map_err(late)?
    }
}

impl Node {
    fn status(&self, reason: Option<String>, lag: Option<(u64, std::time::Duration)>) -> NodeStatus {
        let sight = self.sight();
        let is_sqlite = self.backend() == sea_orm::DbBackend::Sqlite;
        let breaker = self.breaker.state(Instant::now());
        let rests = (breaker == BreakerState::Open).then(|| "its circuit breaker is open".to_owned());
        let reason = reason.or(rests);
        let seen = sight.observation.as_ref();
        NodeStatus {
            address: self.address().to_owned(),
            role: if is_sqlite { Some(Role::Primary) } else { seen.map(|seen| seen.role) },
            is_disaster: self.purpose == Purpose::Disaster,
            is_reachable: is_sqlite || sight.is_reachable(),
            is_eligible: reason.is_none(),
            reason,
            lag_bytes: if is_sqlite { Some(0) } else { lag.map(|(bytes, _)| bytes) },
            lag_ms: if is_sqlite {
                Some(0)
            } else {
                lag.map(|(_, time)| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
            },
            timeline: seen.and_then(|seen| seen.timeline),
            latency_ms: sight.latency.as_secs_f64() * 1000.0,
            started: seen.map(|seen| seen.started),
            breaker,
            breaker_trips: self.breaker.trips(),
            reads: self.reads.usage(),
            writes: self.writes.usage(),
        }
    }
}

fn standby(row: &QueryResult) -> Result<Standby, DbErr> {
    Ok(Standby {
        pid: row.try_get("", "pid")?,
        user: row.try_get("", "usename")?,
        application: row.try_get("", "application_name")?,
        client: row.try_get("", "client_addr")?,
        state: row.try_get("", "state")?,
        sync_state: row.try_get("", "sync_state")?,
        sent: row.try_get("", "sent")?,
        written: row.try_get("", "written")?,
        flushed: row.try_get("", "flushed")?,
        replayed: row.try_get("", "replayed")?,
    })
}

fn receiver(row: &QueryResult) -> Result<Receiver, DbErr> {
    Ok(Receiver {
        status: row.try_get("", "status")?,
        received: row.try_get("", "received")?,
        last_sent: row.try_get("", "last_msg_send_time")?,
        last_received: row.try_get("", "last_msg_receipt_time")?,
        sender: row.try_get("", "sender")?,
    })
}
