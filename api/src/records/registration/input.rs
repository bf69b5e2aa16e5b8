use async_graphql::InputObject;
use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use crate::error::{Error, FaultCode, FaultParams, Result};
use crate::records::dependent::{
    AddressItemInput, Addresses, EmailItemInput, Emails, HealthProfileItemInput, HealthProfiles, IdentifierItemInput,
    Identifiers, PatientAllergies, PatientAllergyItemInput, PatientConditionItemInput, PatientConditions,
    PatientMedicationItemInput, PatientMedications, PhoneItemInput, Phones,
};
use crate::records::patient_register::PatientRegisterItemInput;

use super::part::{Part, Records};

/// How much may belong to a patient who is being registered, of all kinds together.
pub const MAX_ITEMS: usize = 1000;

/// A patient to register, with what belongs to the patient: at most 1000 records of all kinds together.
#[derive(Clone, Debug, InputObject, Serialize)]
pub struct RegisterPatientWithProfileInput {
    /// The patient.
    pub patient: PatientRegisterItemInput,
    /// The profile of the patient's body and habits.
    pub health_profile: Option<HealthProfileItemInput>,
    /// The patient's email addresses.
    #[graphql(default)]
    pub emails: Vec<EmailItemInput>,
    /// The patient's phone numbers.
    #[graphql(default)]
    pub phones: Vec<PhoneItemInput>,
    /// The patient's postal addresses.
    #[graphql(default)]
    pub addresses: Vec<AddressItemInput>,
    /// What others know the patient by.
    #[graphql(default)]
    pub identifiers: Vec<IdentifierItemInput>,
    /// What the patient has or had.
    #[graphql(default)]
    pub conditions: Vec<PatientConditionItemInput>,
    /// What the patient takes or took.
    #[graphql(default)]
    pub medications: Vec<PatientMedicationItemInput>,
    /// What the patient does not tolerate.
    #[graphql(default)]
    pub allergies: Vec<PatientAllergyItemInput>,
    /// A text of the client's making, at most 200 characters. Sending the same key with the same input again, within 24
    /// hours, returns the first result instead of registering twice.
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

impl RegisterPatientWithProfileInput {
    /// # Errors
    /// `Rejected` when it is more than a registration may have.
    pub(super) fn check_size(&self) -> Result<()> {
        let count = usize::from(self.health_profile.is_some())
            + self.emails.len()
            + self.phones.len()
            + self.addresses.len()
            + self.identifiers.len()
            + self.conditions.len()
            + self.medications.len()
            + self.allergies.len();
        if count <= MAX_ITEMS {
            return Ok(());
        }
        let message = format!("must have at most {MAX_ITEMS} records besides the patient, of all kinds together");
        Err(Error::rejected(FaultCode::TooMany, &["input"], message).with(&FaultParams::at_most(MAX_ITEMS)))
    }

    /// What belongs to the patient, as records to be written.
    pub(super) fn into_parts(self, patient: Uuid, today: NaiveDate) -> Vec<Box<dyn Part>> {
        vec![
            Box::new(Records::<HealthProfiles>::one("healthProfile", self.health_profile, patient, today)),
            Box::new(Records::<Emails>::list("emails", self.emails, patient, today)),
            Box::new(Records::<Phones>::list("phones", self.phones, patient, today)),
            Box::new(Records::<Addresses>::list("addresses", self.addresses, patient, today)),
            Box::new(Records::<Identifiers>::list("identifiers", self.identifiers, patient, today)),
            Box::new(Records::<PatientConditions>::list("conditions", self.conditions, patient, today)),
            Box::new(Records::<PatientMedications>::list("medications", self.medications, patient, today)),
            Box::new(Records::<PatientAllergies>::list("allergies", self.allergies, patient, today)),
        ]
    }
}
