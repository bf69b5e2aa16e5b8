use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject, Subscription};
use futures_util::{StreamExt, stream};

use crate::database::{self, BreakerState, ClusterStatus, PoolUse, Role};
use crate::error::{Error, FaultCode};
use crate::instant::Instant;
use crate::scope::Permission;

use super::context::of;
use super::payload::{UserError, outcome};
use super::response_stream::{Event, Told, told};

/// How the database nodes do.
pub(super) struct ReplicationStatus(ClusterStatus);

/// A database node.
pub(super) struct ReplicationNode(database::NodeStatus);

/// Connections of one kind to a node.
#[derive(SimpleObject)]
struct ConnectionPool {
    /// Connections that are open.
    total: u32,
    /// Connections in use.
    active: u32,
    /// Connections at rest.
    idle: u32,
    /// Requests that wait for a connection.
    waiting: u32,
    /// Connections at most.
    max: u32,
}

/// Audit events of a server on their way from its spool to the database.
#[derive(SimpleObject)]
struct AuditShipping {
    /// Whether audit events reach the database. While this is false they stay in the spool, and the server tries again by
    /// itself; its log says what is in the way.
    shipping: bool,
    /// Bytes in the spool that have not reached the database yet. When they take all the room that `spool_max_bytes` of the
    /// settings gives them, nothing of a patient is shown or changed.
    waiting_bytes: f64,
}

/// Whether a node is meant for ordinary use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
enum NodePurpose {
    /// Serves as its role is.
    Ordinary,
    /// Serves reads only when nothing else can.
    DisasterRecovery,
}

/// A replica as its primary sees it: a row of PostgreSQL's `pg_stat_replication`.
#[derive(SimpleObject)]
struct Standby {
    /// Process that sends to it.
    pid: i32,
    /// Login of the replication.
    user: Option<String>,
    /// The name that the replica gives itself.
    application: Option<String>,
    /// Where the replica connects from.
    client: Option<String>,
    /// Such as `streaming`.
    state: Option<String>,
    /// Such as `async`.
    sync_state: Option<String>,
    /// Log position that was sent.
    sent_lsn: Option<String>,
    /// Log position that the replica wrote.
    write_lsn: Option<String>,
    /// Log position that the replica flushed.
    flush_lsn: Option<String>,
    /// Log position that the replica replayed.
    replay_lsn: Option<String>,
}

/// A replica as it sees itself: PostgreSQL's `pg_stat_wal_receiver`.
#[derive(SimpleObject)]
struct WalReceiver {
    /// Such as `streaming`.
    status: Option<String>,
    /// Log position that was received and flushed.
    received_lsn: Option<String>,
    /// When the sender sent its last message.
    last_message_sent_at: Option<Instant>,
    /// When that message arrived.
    last_message_received_at: Option<Instant>,
    /// The sender's address.
    sender: Option<String>,
}

/// How the database nodes do.
#[Object]
impl ReplicationStatus {
    /// Every node, in the order of the settings.
    async fn nodes(&self) -> Vec<ReplicationNode> {
        self.0.nodes.iter().cloned().map(ReplicationNode).collect()
    }

    /// Reads that the primary served because no replica was fit to, since this server started.
    async fn reads_on_primary(&self) -> f64 {
        precise(self.0.reads_on_primary)
    }

    /// Audit events of this server on their way from its spool to the database.
    async fn audit(&self, ctx: &Context<'_>) -> Option<AuditShipping> {
        let status = of(ctx).cluster.record_status()?;
        Some(AuditShipping { shipping: status.is_shipping, waiting_bytes: precise(status.waiting_bytes) })
    }
}

/// A database node.
#[Object]
impl ReplicationNode {
    /// `host:port`, or `sqlite`.
    async fn address(&self) -> &str {
        &self.0.address
    }

    /// What the node is, as it says itself; null when it was never reached.
    async fn role(&self) -> Option<Role> {
        self.0.role
    }

    /// Whether the node is meant for ordinary use.
    async fn purpose(&self) -> NodePurpose {
        if self.0.is_disaster { NodePurpose::DisasterRecovery } else { NodePurpose::Ordinary }
    }

    /// Whether the node answers.
    async fn reachable(&self) -> bool {
        self.0.is_reachable
    }

    /// Whether the node serves what its role is for.
    async fn eligible(&self) -> bool {
        self.0.is_eligible
    }

    /// Why the node is not eligible, and what to do about it.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Bytes of log that the node lacks; null when nobody knows.
    async fn lag_bytes(&self) -> Option<f64> {
        self.0.lag_bytes.map(precise)
    }

    /// How old what the node shows is, in milliseconds; null when nobody knows.
    async fn lag_ms(&self) -> Option<f64> {
        self.0.lag_ms.map(precise)
    }

    /// The node's timeline, which grows by one with every promotion; null when it is not known.
    async fn timeline(&self) -> Option<u32> {
        self.0.timeline
    }

    /// How long the node takes to answer a probe, in milliseconds.
    async fn latency_ms(&self) -> f64 {
        self.0.latency_ms
    }

    /// When the node's server process started; null when it was never reached.
    async fn started_at(&self) -> Option<Instant> {
        self.0.started.map(Instant)
    }

    /// Whether the node is used, judged by how its statements fared.
    async fn circuit_breaker(&self) -> BreakerState {
        self.0.breaker
    }

    /// How often the circuit breaker has opened since this server started.
    async fn circuit_breaker_trips(&self) -> f64 {
        precise(self.0.breaker_trips)
    }

    /// Connections for reads.
    async fn read_pool(&self) -> ConnectionPool {
        pool(self.0.reads)
    }

    /// Connections for writes.
    async fn write_pool(&self) -> ConnectionPool {
        pool(self.0.writes)
    }

    /// The replicas that follow this node, at most 100; null when it does not answer.
    async fn standbys(&self, ctx: &Context<'_>) -> Option<Vec<Standby>> {
        if !self.0.is_reachable || self.0.timeline.is_none() && self.0.role == Some(Role::Primary) {
            return None;
        }
        let found = of(ctx).cluster.standbys(&self.0.address).await.ok()?;
        Some(found.into_iter().map(Standby::from).collect())
    }

    /// What a replica receives; null for a primary, and while the replica receives nothing.
    async fn wal_receiver(&self, ctx: &Context<'_>) -> Option<WalReceiver> {
        if !self.0.is_reachable || self.0.role != Some(Role::Replica) {
            return None;
        }
        of(ctx).cluster.receiver(&self.0.address).await.ok()?.map(WalReceiver::from)
    }
}

impl From<database::Standby> for Standby {
    fn from(row: database::Standby) -> Self {
        Self {
            pid: row.pid,
            user: row.user,
            application: row.application,
            client: row.client,
            state: row.state,
            sync_state: row.sync_state,
            sent_lsn: row.sent,
            write_lsn: row.written,
            flush_lsn: row.flushed,
            replay_lsn: row.replayed,
        }
    }
}

impl From<database::Receiver> for WalReceiver {
    fn from(row: database::Receiver) -> Self {
        Self {
            status: row.status,
            received_lsn: row.received,
            last_message_sent_at: row.last_sent.map(Instant),
            last_message_received_at: row.last_received.map(Instant),
            sender: row.sender,
        }
    }
}

fn pool(usage: PoolUse) -> ConnectionPool {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    ConnectionPool {
        total: number(usage.total),
        active: number(usage.active),
        idle: number(usage.idle),
        waiting: number(usage.waiting),
        max: number(usage.max),
    }
}

/// GraphQL's integers have 32 bits; its other numbers are exact to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn precise(count: u64) -> f64 {
    count as f64
}

/// The circuit breaker to close.
#[derive(InputObject)]
struct ResetCircuitBreakerInput {
    /// The node's address, as `replicationStatus` names it.
    address: String,
}

/// What became of a circuit breaker to close.
#[derive(SimpleObject)]
struct ResetCircuitBreakerPayload {
    /// The nodes as they are now; null when the breaker was not closed.
    replication_status: Option<ReplicationStatus>,
    /// The rules of the domain that the input breaks; empty when the breaker was closed.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub(super) struct ReplicationQuery;

#[Object]
impl ReplicationQuery {
    /// How the database nodes do: which of them serve what, and why others do not.
    async fn replication_status(&self, ctx: &Context<'_>) -> Result<Option<ReplicationStatus>> {
        let context = of(ctx);
        context.scope.require(Permission::Operate)?;
        Ok(Some(ReplicationStatus(context.cluster.status())))
    }
}

#[derive(Default)]
pub(super) struct ReplicationSubscription;

#[Subscription]
impl ReplicationSubscription {
    /// How the database nodes do: at once, and then whenever a node comes, goes, or is used otherwise than before. That
    /// figures such as a lag have changed is not told by itself.
    async fn replication_status_changed(&self, ctx: &Context<'_>) -> Result<Told<ReplicationStatus>> {
        let context = of(ctx);
        context.scope.require(Permission::Operate)?;
        let source = async { Ok(context.cluster.follow_status().map(|status| Ok(Event::Replication(status))).boxed()) };
        Ok(stream::iter(match told(ctx, source).await? {
            Some(Event::Replication(status)) => Some(ReplicationStatus(status.as_ref().clone())),
            _ => None,
        }))
    }
}

#[derive(Default)]
pub(super) struct ReplicationMutation;

#[Object]
impl ReplicationMutation {
    /// Closes a node's circuit breaker, so that the node is used again at once.
    async fn reset_circuit_breaker(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which circuit breaker.")] input: ResetCircuitBreakerInput,
    ) -> Result<Option<ResetCircuitBreakerPayload>> {
        let context = of(ctx);
        context.scope.require(Permission::Operate)?;
        let missing = || Error::rejected(FaultCode::NotFound, &["input", "address"], "there is no such node");
        let reset = if context.cluster.reset_breaker(&input.address) { Ok(()) } else { Err(missing()) };
        let (done, user_errors) = outcome(reset)?;
        let replication_status = done.map(|()| ReplicationStatus(context.cluster.status()));
        Ok(Some(ResetCircuitBreakerPayload { replication_status, user_errors }))
    }
}
