//! What the integration tests stand on: a real PostgreSQL server, a database for each test, real `phr` processes, and a
//! small HTTP client that can also misbehave.
//!
//! Everything here fails by panicking, which fails the test; nothing waits by sleeping for a fixed time.
#![expect(clippy::missing_panics_doc, reason = "whatever fails here, fails the test")]
#![expect(clippy::must_use_candidate, reason = "a request may be sent for what it does")]

mod both;
mod database;
mod http;
mod phr;
mod postgres;
mod program;
mod sql;
mod wait;

pub use database::{Backend, Database};
pub use http::{Exchange, Reply, request};
pub use phr::Phr;
pub use program::{Output, binary, migrate, phr, root};
pub use sql::Sql;
pub use wait::{eventually, within};
