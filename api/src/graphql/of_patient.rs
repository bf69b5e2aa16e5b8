use entity::{
    address, appointment, email, health_profile, identifier, patient_allergy, patient_condition, patient_medication,
    patient_merge, patient_validation, phone,
};

use super::appointment::Appointment;
use super::dependent::{
    Address, Email, HealthProfile, Identifier, PatientAllergy, PatientCondition, PatientMedication, Phone,
};
use super::many::{Many, ToMany, ToOne};
use super::patient_merge::PatientMerge;
use super::patient_validation::PatientValidation;

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
        by: identifier::Column::PatientId,
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
