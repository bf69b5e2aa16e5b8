//! The rules and queries of the domain, one file per aggregate. Every function takes the [`Scope`](crate::scope::Scope)
//! first: there is no unscoped read or write.

mod aggregate;
pub mod appointment;
pub mod audit_event;
pub mod break_glass_grant;
pub mod catalogue;
mod changed_entity;
pub mod changes;
mod check;
mod collection;
mod constraint;
pub mod dependent;
mod disclosure;
pub mod doctor;
pub mod doctor_specialty;
pub mod export;
pub mod feed;
mod idempotency;
pub mod import;
mod invisible;
mod joined;
mod listing;
pub mod medical_institution;
mod nested;
pub mod normalize;
pub mod patient_merge;
pub mod patient_register;
pub mod patient_validation;
mod phone;
pub mod registration;
pub mod role;
mod row;
pub mod schema_history;
pub mod system_setting;
mod tiding;
mod tidings;
pub mod user;

pub use check::{MAX_ADDRESS, MAX_ENTRIES, MAX_ENTRY_LENGTH, MAX_NAME};
pub use collection::{Collection, Deleted, find, find_many};
pub use disclosure::{Disclosure, disclose_shown, missed, sought};
pub use idempotency::REMEMBERED;
pub use joined::{Join, Joined, Joins, Keep};
pub use listing::{Listing, Query, Wanted, list};
pub use nested::{Nested, list_nested};
pub use row::{Loaded, Row};
