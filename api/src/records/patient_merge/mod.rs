//! Merging two registers of the same patient, and undoing it.

mod criteria;
mod dependents;
mod merge;
mod undo;

pub use criteria::{PatientMergeFilter, PatientMergeOrder, PatientMergeOrderField, PatientMerges};
pub use dependents::{MOVED, STAYS};
pub use merge::{MergePatientRegistersInput, merge, moved_rows};
pub use undo::{UndoPatientMergeInput, undo};
