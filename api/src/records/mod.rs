//! The rules and queries of the domain, one file per aggregate. Every function takes the [`Scope`](crate::scope::Scope)
//! first: there is no unscoped read or write.

mod aggregate;
mod check;
mod collection;
pub mod doctor;
pub mod doctor_specialty;
mod idempotency;
pub mod import;
pub mod medical_institution;
pub mod patient_register;
mod row;
pub mod schema_history;

pub use check::{MAX_ENTRIES, MAX_ENTRY_LENGTH};
pub use collection::{Collection, Deleted, Listing, Query, find, find_many, list};
pub use idempotency::REMEMBERED;
pub use row::{Loaded, Reference, Row};
