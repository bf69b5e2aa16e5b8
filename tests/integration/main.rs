//! The integration tests: real servers on real databases, one file per subject.

mod conformance;
