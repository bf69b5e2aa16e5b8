//! One file per table: SeaORM entities, and nothing else.
//!
//! The rules that a row obeys are in the `records` room of the server and, again, in the migrations.

pub mod audit_beginning;
pub mod audit_event;
pub mod change_log;
pub mod doctor;
pub mod doctor_specialty;
pub mod idempotency_key;
pub mod identifier;
pub mod medical_institution;
pub mod migration_history;
pub mod patient_register;
mod text_list;

pub use text_list::TextList;
