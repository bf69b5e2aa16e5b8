//! Where queries run. [`Cluster::read`] and [`Cluster::write`] are the only ways to a database, so the choice of
//! connection is a verb at the call site. Nothing here knows a table.

mod cluster;
mod connection;
mod consistency;
mod lease;
mod node;
mod pool;
mod reader;
mod target;
mod transaction;
mod values;
mod violation;

pub use cluster::Cluster;
pub use consistency::Consistency;
pub use node::Node;
pub use pool::PoolLimits;
pub use reader::Reader;
pub use target::{SERVER_ROLE, Target};
pub use transaction::Transaction;
pub use violation::{Violation, violation};
