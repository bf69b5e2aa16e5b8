use async_graphql::Enum;

use crate::changelog::Change;
use crate::criteria::Bounded;
use crate::database::Reader;
use crate::error::{Error, Result};
use crate::scope::Scope;

use super::Collection;
use super::appointment::Appointments;
use super::catalogue::{
    BloodTypes, Countries, EmailTypes, Genders, InstitutionTypes, MedicalConditions, Medications, PhoneTypes, Regions,
    Sexes, SpecialtyCategories,
};
use super::dependent::{
    Addresses, Emails, HealthProfiles, Identifiers, PatientAllergies, PatientConditions, PatientMedications, Phones,
};
use super::doctor::Doctors;
use super::doctor_specialty::DoctorSpecialties;
use super::feed::Changed;
use super::medical_institution::MedicalInstitutions;
use super::patient_merge::PatientMerges;
use super::patient_register::PatientRegisters;
use super::patient_validation::PatientValidations;
use super::role::Roles;
use super::system_setting::SystemSettings;
use super::tiding::is_visible;
use super::user::Users;

/// Declares the kinds of records that are followed, each with its collection.
macro_rules! followed {
    ($($(#[$doc:meta])* $entity:ident => $collection:ident,)+) => {
        /// A kind of record whose changes are told.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        pub enum ChangedEntity {
            $($(#[$doc])* $entity,)+
        }

        impl ChangedEntity {
            /// Every kind.
            const EVERY: &'static [Self] = &[$(Self::$entity),+];

            /// As the log names it.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$entity => $collection::NAME,)+
                }
            }

            /// Whether its records are an institution's.
            pub(super) fn is_bounded(self) -> bool {
                match self {
                    $(Self::$entity => $collection::institution().is_some(),)+
                }
            }

            /// Whether a change tells the caller anything.
            pub(super) fn is_visible(self, change: &Change, scope: &Scope) -> bool {
                match self {
                    $(Self::$entity => is_visible::<$collection>(change, scope),)+
                }
            }

            fn permit(self, scope: &Scope) -> Result<()> {
                match self {
                    $(Self::$entity => $collection::permit(scope),)+
                }
            }
        }

        impl Changed<ChangedEntity> {
            /// Of the columns that were changed, those whose names somebody may know, as clients call them.
            #[must_use]
            pub fn known_fields(&self, scope: &Scope) -> Vec<String> {
                match self.record {
                    $(ChangedEntity::$entity => self.fields::<$collection>(scope),)+
                }
            }

            /// Notes that somebody was told of it, with every patient whom the record names.
            ///
            /// # Errors
            /// As any read.
            pub async fn note(&self, reader: &Reader) -> Result<()> {
                match self.record {
                    $(ChangedEntity::$entity => self.disclose_all::<$collection>(reader).await,)+
                }
            }
        }
    };
}

followed! {
    /// Patient registers.
    PatientRegister => PatientRegisters,
    /// Medical institutions.
    MedicalInstitution => MedicalInstitutions,
    /// Doctors.
    Doctor => Doctors,
    /// Specialties of doctors.
    DoctorSpecialty => DoctorSpecialties,
    /// Users.
    User => Users,
    /// Roles.
    Role => Roles,
    /// Profiles of patients' bodies and habits.
    HealthProfile => HealthProfiles,
    /// Patients' email addresses.
    Email => Emails,
    /// Patients' phone numbers.
    Phone => Phones,
    /// Patients' postal addresses.
    Address => Addresses,
    /// What others know patients by.
    Identifier => Identifiers,
    /// What patients have or had.
    PatientCondition => PatientConditions,
    /// What patients take or took.
    PatientMedication => PatientMedications,
    /// What patients do not tolerate.
    PatientAllergy => PatientAllergies,
    /// Steps of registers' validation.
    PatientValidation => PatientValidations,
    /// Mergers of registers.
    PatientMerge => PatientMerges,
    /// Appointments.
    Appointment => Appointments,
    /// Countries.
    Country => Countries,
    /// Regions of countries.
    Region => Regions,
    /// Types of institutions.
    InstitutionType => InstitutionTypes,
    /// Categories of specialties.
    SpecialtyCategory => SpecialtyCategories,
    /// Sexes recorded at birth.
    Sex => Sexes,
    /// Genders.
    Gender => Genders,
    /// Blood types.
    BloodType => BloodTypes,
    /// What email addresses are for.
    EmailType => EmailTypes,
    /// What phone numbers are for.
    PhoneType => PhoneTypes,
    /// Conditions that can be coded.
    MedicalCondition => MedicalConditions,
    /// Medications that can be coded.
    Medication => Medications,
    /// What administrators set while the system runs.
    SystemSetting => SystemSettings,
}

impl ChangedEntity {
    /// Those that were asked for, or all that the caller may read.
    pub(super) fn chosen(scope: &Scope, asked: Option<Vec<Self>>) -> Result<Vec<Self>> {
        let Some(asked) = asked else {
            let every = Self::EVERY.iter().copied();
            let permitted: Vec<Self> = every.filter(|entity| entity.permit(scope).is_ok()).collect();
            return if permitted.is_empty() {
                Self::PatientRegister.permit(scope).map(|()| permitted)
            } else {
                Ok(permitted)
            };
        };
        if asked.is_empty() {
            let message = "entities: name one, or leave it out for all".to_owned();
            return Err(Error::BadRequest(message).at(&["entities"]));
        }
        asked.iter().try_for_each(|entity| entity.permit(scope)).map(|()| asked)
    }
}
