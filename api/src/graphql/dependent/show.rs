use chrono::NaiveDate;

use crate::date::Date;
use crate::records::dependent::{
    AddressPurpose, AllergyCategory, AllergyStatus, ConditionStatus, Habit, MedicationStatus, Severity,
};

/// A stored value as clients see it.
pub(super) trait Show<'a, T> {
    fn show(stored: &'a T) -> Self;
}

impl<T: Copy> Show<'_, T> for T {
    fn show(stored: &T) -> T {
        *stored
    }
}

impl<'a> Show<'a, String> for &'a str {
    fn show(stored: &'a String) -> Self {
        stored
    }
}

impl<'a> Show<'a, Option<String>> for Option<&'a str> {
    fn show(stored: &'a Option<String>) -> Self {
        stored.as_deref()
    }
}

impl Show<'_, Option<NaiveDate>> for Option<Date> {
    fn show(stored: &Option<NaiveDate>) -> Self {
        stored.map(Date)
    }
}

macro_rules! choices {
    ($($choice:ident of $stored:path),+ $(,)?) => {$(
        impl Show<'_, $stored> for $choice {
            fn show(stored: &$stored) -> Self {
                (*stored).into()
            }
        }

        impl Show<'_, Option<$stored>> for Option<$choice> {
            fn show(stored: &Option<$stored>) -> Self {
                stored.map(Into::into)
            }
        }
    )+};
}

choices!(
    Habit of entity::health_profile::Habit,
    AddressPurpose of entity::address::AddressPurpose,
    ConditionStatus of entity::patient_condition::ConditionStatus,
    Severity of entity::Severity,
    MedicationStatus of entity::patient_medication::MedicationStatus,
    AllergyCategory of entity::patient_allergy::AllergyCategory,
    AllergyStatus of entity::patient_allergy::AllergyStatus,
);
