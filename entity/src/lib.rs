//! One file per table: SeaORM entities, and nothing else.
//!
//! The rules that a row obeys are in the `records` room of the server and, again, in the migrations.

pub mod address;
pub mod appointment;
pub mod audit_beginning;
pub mod audit_event;
pub mod blood_type;
pub mod blood_type_compatibility;
pub mod break_glass_grant;
pub mod change_log;
pub mod country;
pub mod doctor;
pub mod doctor_specialty;
pub mod email;
pub mod email_type;
pub mod gender;
pub mod health_profile;
pub mod idempotency_key;
pub mod identifier;
pub mod import_origin;
pub mod import_reference;
pub mod institution_type;
pub mod login_failure;
pub mod medical_condition;
pub mod medical_institution;
pub mod medication;
pub mod migration_history;
pub mod one_time_token;
pub mod patient_allergy;
pub mod patient_condition;
pub mod patient_medication;
pub mod patient_merge;
pub mod patient_register;
pub mod patient_validation;
pub mod permission;
pub mod phone;
pub mod phone_type;
pub mod refresh_token;
pub mod region;
pub mod role;
pub mod role_permission;
pub mod session;
mod severity;
pub mod sex;
pub mod signing_key;
pub mod specialty_category;
pub mod system_setting;
mod text_list;
pub mod user;
pub mod user_secret;
mod uuid_list;

pub use severity::Severity;
pub use text_list::TextList;
pub use uuid_list::UuidList;
