use async_graphql::{InputObject, MaybeUndefined};
use entity::patient_register::ActiveModel;
use serde::Serialize;
use uuid::Uuid;

use crate::clock::Clock;
use crate::date::Date;
use crate::error::Result;
use crate::records::check::{Check, Kind, MAX_ADDRESS, MAX_NAME, optional_reference};
use crate::scope::{Permission, Scope};

/// A patient to register.
#[derive(Clone, Debug, InputObject, Serialize)]
pub struct PatientRegisterItemInput {
    /// UUID of the new record, of any version but 5; made by the server when left out.
    pub uuid: Option<Uuid>,
    /// First name: 1 to 200 characters. Left out for a person with a single name, which is the last name then.
    pub first_name: Option<String>,
    /// Last name: 1 to 200 characters.
    pub last_name: Option<String>,
    /// Date of birth: from 1900-01-01 to today. Required unless `incomplete`.
    pub date_of_birth: Option<Date>,
    /// Email address: at most 254 characters. Required unless `incomplete`.
    pub email: Option<String>,
    /// Phone number: 10 to 15 digits, at most 40 characters as written. Required unless `incomplete`.
    pub phone_number: Option<String>,
    /// Postal address: 1 to 500 characters. Required unless `incomplete`.
    pub address: Option<String>,
    /// Person to call in an emergency: 1 to 200 characters. Required unless `incomplete`.
    pub emergency_contact: Option<String>,
    /// True: the register may lack parts that a complete one has, as that of a newborn without an email address. It is
    /// `INCOMPLETE` then, lists them under `missing`, and becomes `PENDING` when an update fills the last of them.
    #[graphql(default)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// Allergies in plain words: at most 100, of at most 500 characters each.
    #[graphql(default)]
    pub allergies: Vec<String>,
    /// Medical history in plain words: at most 100 entries, of at most 500 characters each.
    #[graphql(default)]
    pub medical_history: Vec<String>,
    /// Current medications in plain words: at most 100, of at most 500 characters each.
    #[graphql(default)]
    pub current_medications: Vec<String>,
    /// Key of the institution that the register belongs to; the caller's own when left out.
    pub institution_id: Option<Uuid>,
    /// Key of the patient's usual doctor.
    pub doctor_id: Option<Uuid>,
    /// Date of death: from the date of birth to today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_death: Option<Date>,
}

/// A patient to register.
#[derive(Clone, Debug, InputObject)]
pub struct CreatePatientRegisterInput {
    /// The patient.
    #[graphql(flatten)]
    pub register: PatientRegisterItemInput,
    /// A text of the client's making, at most 200 characters. Sending the same key with the same input again, within 24
    /// hours, returns the first result instead of registering twice.
    pub idempotency_key: Option<String>,
}

/// Patients to register, all or none.
#[derive(Clone, Debug, InputObject)]
pub struct CreatePatientRegistersInput {
    /// The patients: 1 to 1000.
    pub items: Vec<PatientRegisterItemInput>,
    /// A text of the client's making, at most 200 characters. Sending the same key with the same input again, within 24
    /// hours, returns the first result instead of registering twice.
    pub idempotency_key: Option<String>,
}

/// What is to be changed. What is left out stays as it is; null means unknown, where a record may do without.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PatientRegisterChanges {
    /// First name: 1 to 200 characters. Only an incomplete register may lack both names.
    pub first_name: MaybeUndefined<String>,
    /// Last name: 1 to 200 characters. Only an incomplete register may lack both names.
    pub last_name: MaybeUndefined<String>,
    /// Date of birth: from 1900-01-01 to today. Only an incomplete register may lack it.
    pub date_of_birth: MaybeUndefined<Date>,
    /// Email address: at most 254 characters. Only an incomplete register may lack it.
    pub email: MaybeUndefined<String>,
    /// Phone number: 10 to 15 digits, at most 40 characters as written. Only an incomplete register may lack it.
    pub phone_number: MaybeUndefined<String>,
    /// Postal address: 1 to 500 characters. Only an incomplete register may lack it.
    pub address: MaybeUndefined<String>,
    /// Whom to call in an emergency: 1 to 200 characters. Only an incomplete register may lack it.
    pub emergency_contact: MaybeUndefined<String>,
    /// Allergies in plain words: at most 100, of at most 500 characters each. The list replaces the present one.
    pub allergies: MaybeUndefined<Vec<String>>,
    /// Medical history in plain words: at most 100 entries, of at most 500 characters each. The list replaces the present one.
    pub medical_history: MaybeUndefined<Vec<String>>,
    /// Current medications in plain words: at most 100, of at most 500 characters each. The list replaces the present one.
    pub current_medications: MaybeUndefined<Vec<String>>,
    /// Key of the institution that the register belongs to.
    pub institution_id: MaybeUndefined<Uuid>,
    /// Key of the patient's usual doctor.
    pub doctor_id: MaybeUndefined<Uuid>,
    /// Date of death: from the date of birth to today. Null for who lives, as far as is known.
    pub date_of_death: MaybeUndefined<Date>,
}

/// A register to change.
#[derive(Clone, Debug, InputObject)]
pub struct UpdatePatientRegisterInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that the changes are meant for. If the record has changed since, nothing is written.
    pub expected_version: Option<i32>,
    /// The changes.
    #[graphql(flatten)]
    pub changes: PatientRegisterChanges,
}

/// A register to delete. It stays as a tombstone, and can be restored.
#[derive(Clone, Debug, InputObject)]
pub struct DeletePatientRegisterInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that is meant. If the record has changed since, nothing is deleted.
    pub expected_version: Option<i32>,
}

/// A deleted register to restore.
#[derive(Clone, Debug, InputObject)]
pub struct RestorePatientRegisterInput {
    /// The record's own key.
    pub uuid: Uuid,
    /// The version that is meant. If the record has changed since, nothing is restored.
    pub expected_version: Option<i32>,
}

impl From<PatientRegisterItemInput> for PatientRegisterChanges {
    fn from(item: PatientRegisterItemInput) -> Self {
        Self {
            first_name: Some(item.first_name).into(),
            last_name: Some(item.last_name).into(),
            date_of_birth: Some(item.date_of_birth).into(),
            email: Some(item.email).into(),
            phone_number: Some(item.phone_number).into(),
            address: Some(item.address).into(),
            emergency_contact: Some(item.emergency_contact).into(),
            allergies: MaybeUndefined::Value(item.allergies),
            medical_history: MaybeUndefined::Value(item.medical_history),
            current_medications: MaybeUndefined::Value(item.current_medications),
            institution_id: item.institution_id.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value),
            doctor_id: item.doctor_id.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value),
            date_of_death: Some(item.date_of_death).into(),
        }
    }
}

impl PatientRegisterItemInput {
    /// # Errors
    /// `Forbidden` for clinical fields, which the caller may not see.
    pub(in crate::records) fn require(&self, scope: &Scope) -> Result<()> {
        let clinical = [&self.allergies, &self.medical_history, &self.current_medications];
        if clinical.iter().all(|list| list.is_empty()) { Ok(()) } else { scope.require(Permission::ReadClinical) }
    }
}

impl PatientRegisterChanges {
    /// # Errors
    /// `Forbidden` for clinical fields, which the caller may not see: what somebody replaces unseen is lost.
    pub(super) fn require(&self, scope: &Scope) -> Result<()> {
        let clinical = [&self.allergies, &self.medical_history, &self.current_medications];
        if clinical.iter().all(|list| list.is_undefined()) { Ok(()) } else { scope.require(Permission::ReadClinical) }
    }

    /// The columns to write, and into `check` every rule that the values break. What a record as a whole must have is
    /// judged elsewhere.
    pub(super) fn columns(&self, clock: &dyn Clock, check: &mut Check) -> ActiveModel {
        ActiveModel {
            first_name: check.not_blank("firstName", Kind::Name(MAX_NAME), &self.first_name),
            last_name: check.not_blank("lastName", Kind::Name(MAX_NAME), &self.last_name),
            date_of_birth: check.birth_date("dateOfBirth", self.date_of_birth, clock.latest_day()),
            email: check.optional("email", Kind::Email, &self.email),
            phone_number: check.optional("phoneNumber", Kind::Phone, &self.phone_number),
            address: check.optional("address", Kind::Plain(MAX_ADDRESS), &self.address),
            emergency_contact: check.optional("emergencyContact", Kind::Name(MAX_NAME), &self.emergency_contact),
            allergies: check.texts("allergies", &self.allergies),
            medical_history: check.texts("medicalHistory", &self.medical_history),
            current_medications: check.texts("currentMedications", &self.current_medications),
            institution_id: check.reference("institutionId", &self.institution_id),
            doctor_id: optional_reference(&self.doctor_id),
            date_of_death: check.death_date("dateOfDeath", self.date_of_death, clock.latest_day()),
            ..ActiveModel::default()
        }
    }
}
