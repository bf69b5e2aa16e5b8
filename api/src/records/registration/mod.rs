//! Registering a patient together with all that belongs to them: profile, contacts, identifiers, conditions, medications,
//! allergies. All of it is written, or nothing. Each part obeys the rules of its own kind, which stand where they always do.

mod input;
mod part;
mod register;

pub use input::{MAX_ITEMS, RegisterPatientWithProfileInput};
pub use register::register;
