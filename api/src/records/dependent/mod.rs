//! What belongs to a patient: profile, contacts, conditions, medications, allergies, identifiers. Each kind is one
//! declaration of [`dependent!`](declare), which says what a record holds and by which rules; the rest is the same for all.
//!
//! A dependent is added to a patient who is within the caller's boundary, and is of that patient's institution for as long
//! as it exists. What is removed leaves a tombstone. Of deleted registers nothing is found.

mod allergy;
mod belonging;
mod choice;
mod coding;
mod condition;
mod contact;
mod declare;
mod identifier;
mod medication;
mod place;
mod profile;
mod rule;

pub(super) use belonging::Dependent;
pub(super) use coding::{Coded, Coding};
pub(super) use rule::{AsTold, Between, Day, Judge};

pub use allergy::*;
pub(super) use belonging::{Declared, refuse_likeness, require};
pub use choice::*;
pub use condition::*;
pub use contact::*;
pub use identifier::*;
pub use medication::*;
pub use place::*;
pub use profile::*;
