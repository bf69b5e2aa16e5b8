use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::pool::PoolLimits;
use super::routing::LagLimits;
use super::target::Target;

/// How a cluster is used.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Connections.
    pub pool: PoolLimits,
    /// Processors of a node.
    pub cores: f64,
    /// How reads are spread over replicas.
    pub balancing: Balancing,
    /// How far behind a replica may be.
    pub lag: LagLimits,
    /// How often each node is asked what it is.
    pub probe_period: Duration,
    /// How long a node that failed again and again is left alone.
    pub breaker_rest: Duration,
    /// How long a write waits for a primary, as while another node is being promoted.
    pub primary_timeout: Duration,
    /// The migrations that a node must have.
    pub migrations: Arc<[String]>,
}

/// Where the nodes of a cluster are. What each is, it says itself.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// The primary, when all is well, and where to begin.
    pub main: Target,
    /// Its replicas, when all is well.
    pub replicas: Vec<Target>,
    /// Replicas elsewhere, which serve reads only when nothing else can.
    pub disaster: Vec<Target>,
}

/// How reads are spread over replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balancing {
    /// One after the other.
    RoundRobin,
    /// Where the fewest statements run.
    LeastConnections,
    /// Where probes are answered fastest.
    Latency,
}
