//! Patient registers: who a patient is, how to reach them, and what was told at registration.

mod change;
mod completeness;
mod create;
mod criteria;
mod duplicates;
mod fields;
mod likeness;
mod validate;

pub(super) use change::check_span;
pub use change::{delete, restore, update};
pub(super) use completeness::initial_status;
pub use completeness::{COMPLETING, PatientRegisterPart, missing};
pub(super) use create::draft;
pub use create::{MAX_BATCH, create, create_many};
pub use criteria::{
    PatientRegisterFilter, PatientRegisterOrder, PatientRegisterOrderField, PatientRegisterStatus,
    PatientRegisterStatusFilter, PatientRegisters,
};
pub use duplicates::{LikelyDuplicate, MAX_DUPLICATES, likely_duplicates};
pub use fields::{
    CreatePatientRegisterInput, CreatePatientRegistersInput, DeletePatientRegisterInput, PatientRegisterChanges,
    PatientRegisterItemInput, RestorePatientRegisterInput, UpdatePatientRegisterInput,
};
pub use likeness::{Likeness, MatchGrade, MatchReason};
pub use validate::{
    RejectPatientRegisterInput, ReopenPatientRegisterInput, ValidatePatientRegisterInput, reject, reopen, validate,
};
