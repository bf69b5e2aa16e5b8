//! What belongs to a patient, as clients see it: one declaration each, of [`dependent!`](declare).

mod clinical;
mod contact;
mod declare;
mod identifier;
mod place;
mod profile;
mod show;

use async_graphql::MergedObject;

use super::one::{Refers, one};
use super::patient_register::PatientRegister;
use super::record::{Column, Record};

pub(super) use clinical::{PatientAllergy, PatientCondition, PatientMedication};
pub(super) use contact::{Email, Phone};
pub(super) use identifier::Identifier;
pub(super) use place::Address;
pub(super) use profile::HealthProfile;

/// The patient to whom a record belongs.
const fn patient<R: Record>(by: Column<R>) -> Refers<R, PatientRegister> {
    one("patientRegister", by)
}

/// What can be asked of what belongs to patients.
#[derive(MergedObject, Default)]
pub(super) struct DependentQuery(
    profile::HealthProfileQuery,
    contact::EmailQuery,
    contact::PhoneQuery,
    place::AddressQuery,
    identifier::IdentifierQuery,
    clinical::PatientConditionQuery,
    clinical::PatientMedicationQuery,
    clinical::PatientAllergyQuery,
);

/// What can be changed of it.
#[derive(MergedObject, Default)]
pub(super) struct DependentMutation(
    profile::HealthProfileMutation,
    contact::EmailMutation,
    contact::PhoneMutation,
    place::AddressMutation,
    identifier::IdentifierMutation,
    clinical::PatientConditionMutation,
    clinical::PatientMedicationMutation,
    clinical::PatientAllergyMutation,
);
