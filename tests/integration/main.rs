//! The integration tests: real servers on real databases, one file per subject.

mod architecture;
mod bad_input;
mod batches;
mod cancellation;
mod catalogues;
mod change_log;
mod cluster;
mod conformance;
mod coverage;
mod criteria;
mod directory;
mod hardening;
mod hosts;
mod http;
mod idempotency;
mod library;
mod migrations;
mod paging;
mod patients;
mod rules;
mod scopes;
mod seeded;
mod serve;
mod statements;
mod tenants;
mod tombstones;
