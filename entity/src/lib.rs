//! One file per table: SeaORM entities, and nothing else.
//!
//! The rules that a row obeys are in the `records` room of the server and, again, in the migrations.

pub mod appointment;
pub mod audit_beginning;
pub mod audit_event;
pub mod break_glass_grant;
pub mod change_log;
pub mod doctor;
pub mod doctor_specialty;
pub mod idempotency_key;
pub mod identifier;
pub mod medical_institution;
pub mod migration_history;
pub mod one_time_token;
pub mod patient_merge;
pub mod patient_register;
pub mod patient_validation;
pub mod permission;
pub mod refresh_token;
pub mod role;
pub mod role_permission;
pub mod session;
pub mod signing_key;
pub mod system_setting;
mod text_list;
pub mod user;
pub mod user_secret;

pub use text_list::TextList;
