//! What belongs to a patient, as clients see it: one declaration each, of [`dependent!`](declare).

mod clinical;
mod contact;
mod declare;
mod identifier;
mod place;
mod profile;
mod show;

use async_graphql::MergedObject;
use entity::{
    address, appointment, email, health_profile, patient_allergy, patient_condition, patient_medication, patient_merge,
    patient_validation, phone,
};

use super::appointment::Appointment;
use super::many::{Many, ToMany, ToOne};
use super::patient_merge::PatientMerge;
use super::patient_validation::PatientValidation;

pub(super) use clinical::{PatientAllergy, PatientCondition, PatientMedication};
pub(super) use contact::{Email, Phone};
pub(super) use identifier::Identifier;
pub(super) use place::Address;
pub(super) use profile::HealthProfile;

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

/// What belongs to a patient, as fields of the register.
pub(super) const OF_PATIENT: &[&dyn Many] = &[
    &ToOne::<HealthProfile> {
        name: "healthProfile",
        description: "What is known of the patient's body and habits; null when nothing is.",
        by: health_profile::Column::PatientId,
    },
    &ToMany::<PatientCondition> {
        name: "conditions",
        description: "What the patient has or had, the latest first unless another order is asked for.",
        by: patient_condition::Column::PatientId,
    },
    &ToMany::<PatientMedication> {
        name: "medications",
        description: "What the patient takes or took, the latest first unless another order is asked for.",
        by: patient_medication::Column::PatientId,
    },
    &ToMany::<PatientAllergy> {
        name: "allergyIntolerances",
        description: "What the patient does not tolerate, the latest first unless another order is asked for.",
        by: patient_allergy::Column::PatientId,
    },
    &ToMany::<Email> {
        name: "emails",
        description: "The patient's email addresses, the oldest first unless another order is asked for.",
        by: email::Column::PatientId,
    },
    &ToMany::<Phone> {
        name: "phones",
        description: "The patient's phone numbers, the oldest first unless another order is asked for.",
        by: phone::Column::PatientId,
    },
    &ToMany::<Address> {
        name: "addresses",
        description: "The patient's postal addresses, the oldest first unless another order is asked for.",
        by: address::Column::PatientId,
    },
    &ToMany::<Identifier> {
        name: "identifiers",
        description: "What others know the patient by, the oldest first unless another order is asked for.",
        by: entity::identifier::Column::PatientId,
    },
    &ToMany::<PatientValidation> {
        name: "validationHistory",
        description: "How the register came to its status, the last step first unless another order is asked for.",
        by: patient_validation::Column::PatientId,
    },
    &ToMany::<PatientMerge> {
        name: "merges",
        description: "What was merged into the register, the last one first unless another order is asked for.",
        by: patient_merge::Column::KeptId,
    },
    &ToMany::<Appointment> {
        name: "appointments",
        description: "The patient's appointments, the earliest first unless another order is asked for.",
        by: appointment::Column::PatientId,
    },
];
