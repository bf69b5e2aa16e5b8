//! Records that belong to made-up patients: profiles, contacts, identifiers, conditions, medications, allergies.

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::date::Date;
use crate::records::dependent::{
    AddressItemInput, AddressPurpose, EmailItemInput, Habit, HealthProfileItemInput, IdentifierItemInput,
    PhoneItemInput,
};
use crate::records::patient_register::PatientRegisterItemInput;
use crate::records::registration::RegisterPatientWithProfileInput;

use super::catalogues::Choices;
use super::health::Health;
use super::{STREETS, TOWNS, nth};

/// Who gives the made-up medical record numbers.
const ISSUER: &str = "https://clinic.example/mrn";

/// A made-up patient with coded conditions, medications and allergies.
pub(super) fn coded(
    patient: PatientRegisterItemInput,
    health: &Health,
    today: NaiveDate,
) -> RegisterPatientWithProfileInput {
    let born = patient.date_of_birth.map_or(today, |Date(born)| born);
    RegisterPatientWithProfileInput {
        patient,
        health_profile: None,
        emails: Vec::new(),
        phones: Vec::new(),
        addresses: Vec::new(),
        identifiers: Vec::new(),
        conditions: health.conditions(born, today),
        medications: health.medications(born, today),
        allergies: health.allergies(born, today),
        idempotency_key: None,
    }
}

/// The same patient with profile, contacts and identifiers; `number` tells such patients apart.
pub(super) fn with_profile(
    number: u32,
    input: RegisterPatientWithProfileInput,
    choices: &Choices,
    now: DateTime<Utc>,
) -> RegisterPatientWithProfileInput {
    RegisterPatientWithProfileInput {
        health_profile: Some(profile(number, now.date_naive(), choices)),
        emails: emails(number, now, choices, &input.patient),
        phones: phones(number, choices),
        addresses: addresses(number, choices),
        identifiers: vec![identifier(number)],
        ..input
    }
}

fn ago(today: NaiveDate, number: u32) -> Option<Date> {
    today.checked_sub_days(Days::new(40 + u64::from(number) * 811 % 6000)).map(Date)
}

fn profile(number: u32, today: NaiveDate, choices: &Choices) -> HealthProfileItemInput {
    let smoking = nth(&[Habit::Never, Habit::Never, Habit::Former, Habit::Current], number);
    let alcohol = nth(&[Habit::Current, Habit::Never], number);
    HealthProfileItemInput {
        height_cm: i32::try_from(150 + number * 7 % 45).ok(),
        weight_kg: Some(50.0 + f64::from(number * 11 % 45)),
        smoking: Some(smoking),
        cigarettes_per_day: (smoking == Habit::Current).then_some(10),
        smoking_end_date: ago(today, number).filter(|_| smoking == Habit::Former),
        alcohol: Some(alcohol),
        alcohol_units_per_week: (alcohol == Habit::Current).then_some(4),
        sex_id: Some(choices.sex(number)),
        gender_id: Some(choices.gender(number)),
        blood_type_id: Some(choices.blood_type(number)),
        ..HealthProfileItemInput::default()
    }
}

fn emails(
    number: u32,
    now: DateTime<Utc>,
    choices: &Choices,
    patient: &PatientRegisterItemInput,
) -> Vec<EmailItemInput> {
    let email = |address: String, kind, is_primary| EmailItemInput {
        address,
        email_type_id: Some(choices.email_type(kind)),
        is_primary: Some(is_primary),
        verified_at: Some(now).filter(|_| is_primary),
        ..EmailItemInput::default()
    };
    let own = patient.email.clone().map(|address| email(address, 0, true));
    let other = email(format!("office{number}@work.example"), 1, false);
    own.into_iter().chain(number.is_multiple_of(3).then_some(other)).collect()
}

fn phones(number: u32, choices: &Choices) -> Vec<PhoneItemInput> {
    let phone = |number: String, kind, is_primary| PhoneItemInput {
        number,
        country_code: Some("+1".to_owned()),
        phone_type_id: Some(choices.phone_type(kind)),
        is_primary: Some(is_primary),
        ..PhoneItemInput::default()
    };
    let own = phone(format!("555-040-{number:04}"), 0, true);
    let other = phone(format!("555-050-{number:04}"), 1, false);
    std::iter::once(own).chain(number.is_multiple_of(2).then_some(other)).collect()
}

fn addresses(number: u32, choices: &Choices) -> Vec<AddressItemInput> {
    vec![AddressItemInput {
        street: format!("{} {}", 1 + number % 199, nth(STREETS, number * 3)),
        city: Some(nth(TOWNS, number * 7).to_owned()),
        postal_code: Some(format!("{:05}", 1001 + number * 13)),
        latitude: Some(42.0 + f64::from(number % 60) / 100.0),
        longitude: Some(-71.0 - f64::from(number % 60) / 100.0),
        purpose: Some(AddressPurpose::Home),
        is_primary: Some(true),
        country_id: Some(choices.country()),
        region_id: Some(choices.region()),
        ..AddressItemInput::default()
    }]
}

fn identifier(number: u32) -> IdentifierItemInput {
    IdentifierItemInput {
        value: format!("MRN-{:06}", 100_000 + number),
        system: Some(ISSUER.to_owned()),
        type_code: Some("MR".to_owned()),
        ..IdentifierItemInput::default()
    }
}
