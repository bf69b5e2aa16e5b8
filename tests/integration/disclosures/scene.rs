use phr::scope::{Boundary, InstitutionId, Permission, Permissions, Scope};
use serde_json::{Value, json};
use support::Phr;
use uuid::Uuid;

use crate::library::operator;
use crate::patients::{HOME, done, register};

/// A nurse of the home institution, who may read who patients are and what ails them.
pub(super) fn nurse() -> Scope {
    let permissions = Permissions::NONE
        .with(Permission::ReadPatients)
        .with(Permission::ReadClinical)
        .with(Permission::ReadDirectory)
        .with(Permission::WritePatients);
    let home = Boundary::One(InstitutionId(HOME.parse().unwrap()));
    Scope { actor: phr::scope::Actor(Uuid::from_u128(0xA)), permissions, boundary: home, ..operator() }
}

/// Twelve patients of the home institution: more than a question lists.
pub(super) fn patients(phr: &Phr) -> Vec<String> {
    let names =
        ["Adams", "Brown", "Clark", "Davis", "Evans", "Frank", "Ghosh", "Hills", "Irwin", "Jones", "Klein", "Lopez"];
    let born = |index: usize| format!("19{}-0{}-1{}", 50 + index, 1 + index % 9, index % 9);
    let one = |(index, name): (usize, &&str)| register(phr, &json!({"lastName": name, "dateOfBirth": born(index)}));
    names.iter().enumerate().map(one).collect()
}

/// Something that a patient does not tolerate.
pub(super) fn allergy(phr: &Phr, patient: &str, display: &str) -> String {
    let added = done(phr, "addPatientAllergy", "uuid", &json!({"patientId": patient, "display": display}));
    key(&added["uuid"])
}

pub(super) fn key(value: &Value) -> String {
    value.as_str().expect("a key").to_owned()
}
