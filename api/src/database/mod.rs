//! Where queries run. [`Cluster::read`] and [`Cluster::write`] are the only ways to a database, so the choice of
//! connection is a verb at the call site. Nothing here knows a table.
//!
//! Every node is asked, well under a second apart, what it is ([`probe`]); a pure function judges from all answers which
//! node may serve what ([`routing`]); reads go where they may and move on when a node fails ([`reader`]); writes go to
//! the primary ([`transaction`]). What a caller has written, the caller's reads show: they wait for a node that has come as
//! far ([`owed`], [`choice`]), also by a token that goes with them to other servers, and across promotions ([`lineage`]).
//! Servers tell one another when something was written ([`herald`]).

mod breaker;
mod bulletin;
mod choice;
mod cluster;
mod connection;
mod consistency;
mod herald;
mod incarnation;
mod lease;
mod lineage;
mod node;
mod observation;
mod owed;
mod pool;
mod probe;
mod progress;
mod reader;
mod receipt;
mod retry;
mod routing;
mod rows;
mod settings;
mod snapshot;
mod status;
mod target;
mod tenant;
mod transaction;
mod values;
mod violation;
mod witness;

pub use breaker::{BreakerState, FAILURES_TO_OPEN, SUCCESSES_TO_CLOSE};
pub use cluster::Cluster;
pub use consistency::{Consistency, ConsistencyToken};
pub use node::Node;
pub use observation::Role;
pub use pool::{PoolLimits, PoolUse};
pub use reader::Reader;
pub use retry::Retry;
pub use routing::LagLimits;
pub use settings::{Balancing, Nodes, Settings};
pub use snapshot::Snapshot;
pub use status::{ClusterStatus, NodeStatus, Receiver, Standby};
pub use target::{SERVER_ROLE, Target, sqlite_version};
pub use transaction::Transaction;
pub use violation::{Violation, violation};
pub use witness::{RecordStatus, Witness};
