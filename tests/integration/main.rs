//! The integration tests: real servers on real databases, one file per subject.

mod bad_input;
mod batches;
mod conformance;
mod criteria;
mod directory;
mod http;
mod idempotency;
mod paging;
mod patients;
mod seeded;
mod tombstones;
