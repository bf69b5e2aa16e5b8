//! What the integration tests stand on: a real PostgreSQL server, a database for each test, real `phr` processes, and a
//! small HTTP client that can also misbehave.
//!
//! Everything here fails by panicking, which fails the test; nothing waits by sleeping for a fixed time.
#![expect(clippy::missing_panics_doc, reason = "whatever fails here, fails the test")]

pub mod availability;
mod both;
mod certificate;
mod client;
mod cluster;
mod database;
mod disk;
mod events;
pub mod faults;
mod held_commits;
mod http;
mod load;
mod node;
mod patroni;
mod phr;
mod ports;
mod postgres;
mod program;
mod provider;
mod proxy;
mod server;
mod socket;
mod sql;
mod template;
mod wait;
mod wrong_clock;

pub use certificate::certificate;
pub use client::Client;
pub use cluster::{Cluster, Setup};
pub use database::{Backend, Database};
pub use disk::{Disk, Kept};
pub use events::Events;
pub use held_commits::HeldCommits;
pub use http::{Exchange, Reply, request};
pub use load::{Answered, Load, Traffic, Written};
pub use node::Node;
pub use patroni::PatroniCluster;
pub use phr::Phr;
pub use program::{Output, binary, migrate, phr, root};
pub use provider::Provider;
pub use proxy::{Proxy, Way};
pub use server::{Ear, Server};
pub use socket::Socket;
pub use sql::Sql;
pub use template::copy;
pub use wait::{eventually, within};
pub use wrong_clock::WrongClock;
