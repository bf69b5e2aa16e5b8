//! What has changed, in order, and nothing left out: the database's own log of changes, for those who follow it.
//!
//! A [`Cursor`] says which changes its holder has seen: on PostgreSQL by snapshots, on SQLite by the last one's number. So a
//! transaction that commits late is neither skipped nor waited for, and changes of one record come in their order.
//! [`Reader`] reads what a cursor has not seen; [`Relay`] follows the log once for a whole server and hands what is new to any
//! number of subscriptions. Whoever comes too late, or has seen what was lost in a promotion, is told by a [`Gap`].
//!
//! Nothing here knows who the changes are for: a consumer asks [`Change::concerns`], and reads the record as whoever it asks for.

mod change;
mod cursor;
mod log;
mod page;
mod pruning;
mod reader;
mod relay;
mod snapshot;
mod subscription;

pub use change::{Change, Operation};
pub use cursor::Cursor;
pub use page::{Batch, Gap};
pub use pruning::Pruning;
pub use reader::Reader;
pub use relay::Relay;
pub use subscription::Subscription;
