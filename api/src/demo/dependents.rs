//! What belongs to made-up patients: profiles, phone numbers, conditions, medications, allergies.

use chrono::{Days, NaiveDate};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::Cluster;
use crate::date::Date;
use crate::error::Result;
use crate::records::dependent::{
    AddHealthProfileInput, AddPatientAllergyInput, AddPatientConditionInput, AddPatientMedicationInput, AddPhoneInput,
    ConditionStatus, Habit, HealthProfiles, PatientAllergies, PatientConditions, PatientMedications, Phones, Severity,
};
use crate::scope::Scope;

use super::{ALLERGIES, key, nth};

/// How many patients have a health record. Each record is a transaction of its own, and a start waits for them.
const PATIENTS: u32 = 60;

/// Gives the last patients, whom lists show first, their health records.
pub(super) async fn fill(scope: &Scope, cluster: &Cluster, clock: &dyn Clock) -> Result<()> {
    let today = clock.today();
    for number in 0..PATIENTS {
        let patient = key("patient", super::PATIENTS - 1 - number);
        HealthProfiles::add(scope, cluster, clock, profile(number, patient)).await?;
        Phones::add(scope, cluster, clock, phone(number, patient)).await?;
        for index in 0..=number % 3 {
            PatientConditions::add(scope, cluster, clock, condition(number + index, patient, today)).await?;
        }
        for index in 0..number % 3 {
            PatientMedications::add(scope, cluster, clock, medication(number + index, patient, today)).await?;
        }
        if number % 4 == 0 {
            PatientAllergies::add(scope, cluster, clock, allergy(number, patient)).await?;
        }
    }
    Ok(())
}

fn ago(today: NaiveDate, number: u32) -> Option<Date> {
    today.checked_sub_days(Days::new(40 + u64::from(number) * 811 % 6000)).map(Date)
}

fn profile(number: u32, patient: Uuid) -> AddHealthProfileInput {
    let smoking = nth(&[Habit::Never, Habit::Never, Habit::Former, Habit::Current], number);
    AddHealthProfileInput {
        patient_id: patient,
        height_cm: i32::try_from(150 + number * 7 % 45).ok(),
        weight_kg: Some(50.0 + f64::from(number * 11 % 45)),
        smoking: Some(smoking),
        cigarettes_per_day: (smoking == Habit::Current).then_some(10),
        alcohol: Some(nth(&[Habit::Current, Habit::Never], number)),
        ..AddHealthProfileInput::default()
    }
}

fn phone(number: u32, patient: Uuid) -> AddPhoneInput {
    AddPhoneInput {
        patient_id: patient,
        number: format!("555-040-{number:04}"),
        country_code: Some("+1".to_owned()),
        is_primary: Some(true),
        ..AddPhoneInput::default()
    }
}

fn condition(number: u32, patient: Uuid, today: NaiveDate) -> AddPatientConditionInput {
    let is_over = number % 3 == 2;
    AddPatientConditionInput {
        patient_id: patient,
        medical_condition_id: Some(super::catalogues::condition(number)),
        severity: Some(nth(&[Severity::Mild, Severity::Moderate, Severity::Severe], number)),
        onset_date: ago(today, number),
        status: Some(if is_over { ConditionStatus::Resolved } else { ConditionStatus::Active }),
        end_date: is_over.then_some(Date(today)),
        ..AddPatientConditionInput::default()
    }
}

fn medication(number: u32, patient: Uuid, today: NaiveDate) -> AddPatientMedicationInput {
    AddPatientMedicationInput {
        patient_id: patient,
        medication_id: Some(super::catalogues::medication(number)),
        dose: Some(nth(&["1 tablet", "2 tablets", "2 puffs"], number).to_owned()),
        instructions: Some("twice a day".to_owned()),
        start_date: ago(today, number),
        ..AddPatientMedicationInput::default()
    }
}

fn allergy(number: u32, patient: Uuid) -> AddPatientAllergyInput {
    AddPatientAllergyInput {
        patient_id: patient,
        display: Some(nth(ALLERGIES, number).to_owned()),
        severity: Some(Severity::Moderate),
        reaction: Some("hives".to_owned()),
        ..AddPatientAllergyInput::default()
    }
}
