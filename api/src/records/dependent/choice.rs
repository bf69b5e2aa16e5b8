//! The closed sets of values that dependents choose from, as clients name them.

use async_graphql::Enum;
use entity::Severity as StoredSeverity;
use entity::address::AddressPurpose as StoredAddressPurpose;
use entity::health_profile::Habit as StoredHabit;
use entity::patient_allergy::{AllergyCategory as StoredAllergyCategory, AllergyStatus as StoredAllergyStatus};
use entity::patient_condition::ConditionStatus as StoredConditionStatus;
use entity::patient_medication::MedicationStatus as StoredMedicationStatus;
use serde::Serialize;

use crate::choice_filter;
use crate::criteria::Bind;
use crate::error::Result;

macro_rules! choice {
    (
        $(#[$doc:meta])*
        $choice:ident of $stored:ident, $(#[$filter_doc:meta])* $filter:ident {
            $($(#[$value_doc:meta])* $value:ident,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum, Serialize)]
        pub enum $choice {
            $($(#[$value_doc])* $value,)+
        }

        impl From<$choice> for $stored {
            fn from(choice: $choice) -> Self {
                match choice {
                    $($choice::$value => Self::$value,)+
                }
            }
        }

        impl From<$stored> for $choice {
            fn from(stored: $stored) -> Self {
                match stored {
                    $($stored::$value => Self::$value,)+
                }
            }
        }

        impl Bind for $choice {
            const ARRAY: sea_orm::sea_query::ArrayType = sea_orm::sea_query::ArrayType::String;

            fn bind(&self) -> Result<sea_orm::Value> {
                Ok($stored::from(*self).into())
            }
        }

        choice_filter! {
            $(#[$filter_doc])*
            $filter for $choice
        }
    };
}

choice! {
    /// Whether somebody does something, such as smoking.
    Habit of StoredHabit,
    /// Conditions on a habit.
    HabitFilter {
        /// Never did.
        Never,
        /// Did, and has stopped.
        Former,
        /// Does.
        Current,
    }
}

choice! {
    /// What an address is for, as FHIR R4's address-use has it.
    AddressPurpose of StoredAddressPurpose,
    /// Conditions on what an address is for.
    AddressPurposeFilter {
        /// Where the patient lives.
        Home,
        /// Where the patient works.
        Work,
        /// For a while.
        Temporary,
        /// Where invoices go.
        Billing,
        /// No longer in use.
        Old,
    }
}

choice! {
    /// How a condition stands, as FHIR R4's condition-clinical has it.
    ConditionStatus of StoredConditionStatus,
    /// Conditions on how a condition stands.
    ConditionStatusFilter {
        /// The patient has it.
        Active,
        /// It has come back.
        Recurrence,
        /// It has come back after having become better.
        Relapse,
        /// The patient does not have it any more.
        Inactive,
        /// It has become better, and may come back.
        Remission,
        /// It is over.
        Resolved,
    }
}

choice! {
    /// How severe something is, as FHIR R4's condition-severity has it.
    Severity of StoredSeverity,
    /// Conditions on how severe something is.
    SeverityFilter {
        /// Mild.
        Mild,
        /// Moderate.
        Moderate,
        /// Severe.
        Severe,
    }
}

choice! {
    /// How a medication stands, as FHIR R4's medicationrequest-status has it.
    MedicationStatus of StoredMedicationStatus,
    /// Conditions on how a medication stands.
    MedicationStatusFilter {
        /// Not yet prescribed.
        Draft,
        /// The patient takes it, or is to take it.
        Active,
        /// Interrupted.
        OnHold,
        /// Taken to the end.
        Completed,
        /// Given up before the end.
        Stopped,
        /// Never begun.
        Cancelled,
        /// Nobody knows.
        Unknown,
    }
}

choice! {
    /// What a patient does not tolerate, as FHIR R4's allergy-intolerance-category has it.
    AllergyCategory of StoredAllergyCategory,
    /// Conditions on what a patient does not tolerate.
    AllergyCategoryFilter {
        /// Food.
        Food,
        /// Medication.
        Medication,
        /// What is met in the environment, such as pollen.
        Environment,
        /// Made of living organisms, such as vaccines.
        Biologic,
    }
}

choice! {
    /// How an allergy stands, as FHIR R4's allergyintolerance-clinical has it.
    AllergyStatus of StoredAllergyStatus,
    /// Conditions on how an allergy stands.
    AllergyStatusFilter {
        /// The patient has it.
        Active,
        /// It is no longer a risk.
        Inactive,
        /// It is over.
        Resolved,
    }
}
