//! The integration tests: real servers on real databases, one file per subject.

mod batches;
mod cluster;
mod conformance;
mod criteria;
mod directory;
mod hosts;
mod idempotency;
mod paging;
mod patients;
mod seeded;
mod tombstones;
