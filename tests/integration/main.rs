//! The integration tests: real servers on real databases, one file per subject.

mod bad_input;
mod batches;
mod cancellation;
mod change_log;
mod conformance;
mod criteria;
mod directory;
mod hosts;
mod http;
mod idempotency;
mod migrations;
mod paging;
mod patients;
mod rules;
mod seeded;
mod serve;
mod statements;
mod tombstones;
