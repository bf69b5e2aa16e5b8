//! `serve --demo`: a few hundred made-up registers to explore, always the same ones.

mod care;
mod catalogues;
mod dependents;
mod guest;
mod health;

pub(crate) use guest::admit_guest;

use chrono::{Days, NaiveDate};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Consistency, Target};
use crate::date::Date;
use crate::records::doctor::{self, CreateDoctorInput};
use crate::records::doctor_specialty::{self, CreateDoctorSpecialtyInput};
use crate::records::medical_institution::{self, CreateMedicalInstitutionInput};
use crate::records::patient_register::{self, CreatePatientRegistersInput, PatientRegisterItemInput};
use crate::records::registration;
use crate::scope::Scope;

use self::catalogues::Choices;
use self::health::Health;

/// How many registers are made.
const PATIENTS: u32 = 300;
/// Number of them that have a profile, contacts and identifiers: the last ones, whom lists show first.
const WITH_PROFILE: u32 = 60;
/// How many doctors are made.
const DOCTORS: u32 = 24;

/// Why the registers were not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an embedded database.
    #[error("--demo fills an embedded database only: unset DATABASE_URL, or give it an SQLite file")]
    NotEmbedded,
    /// Somebody's records.
    #[error(
        "--demo fills an empty database, and this one holds other records: set DATABASE_URL=sqlite:data/demo.sqlite"
    )]
    NotEmpty,
    /// The database.
    #[error("the demonstration's records were not made: {0}")]
    Records(#[from] crate::error::Error),
}

/// # Errors
/// `NotEmbedded` for a PostgreSQL server.
pub(crate) const fn check_target(target: &Target) -> Result<(), Error> {
    match target {
        Target::Sqlite(_) => Ok(()),
        Target::Postgres(_) => Err(Error::NotEmbedded),
    }
}

/// Fills an empty database. One that was filled so before is left as it is, whatever was done with it since.
///
/// # Errors
/// `NotEmpty` when it holds anything else.
pub(crate) async fn fill(cluster: &Cluster, clock: &dyn Clock) -> Result<(), Error> {
    let scope = Scope::local_operator(key("request", 0));
    let reader = cluster.read(&scope, Consistency::Strong);
    if is_filled(&reader).await? {
        return Ok(());
    }
    let registers = entity::patient_register::Entity::find().count(&reader).await.map_err(crate::error::Error::from)?;
    let doctors = entity::doctor::Entity::find().count(&reader).await.map_err(crate::error::Error::from)?;
    if registers + doctors > 0 {
        return Err(Error::NotEmpty);
    }
    let choices = Choices::find(&reader).await?;
    catalogues::fill(&scope, cluster, clock, &choices).await?;
    for (index, name) in INSTITUTIONS.iter().enumerate() {
        medical_institution::create(&scope, cluster, clock, institution(index, name, &choices)).await?;
    }
    for (index, a_specialty) in SPECIALTIES.iter().enumerate() {
        doctor_specialty::create(&scope, cluster, clock, specialty(index, a_specialty)).await?;
    }
    for number in 0..DOCTORS {
        doctor::create(&scope, cluster, clock, a_doctor(number)).await?;
    }
    let (now, today) = (clock.now(), clock.today());
    let items = care::twins(|number| patient(number, today));
    let input = CreatePatientRegistersInput { items, idempotency_key: None };
    patient_register::create_many(&scope, cluster, clock, input).await?;
    for number in 0..PATIENTS {
        let mut input = dependents::coded(patient(number, today), &Health::of(number), today);
        if number >= PATIENTS - WITH_PROFILE {
            input = dependents::with_profile(PATIENTS - 1 - number, input, &choices, now);
        }
        registration::register(&scope, cluster, clock, input).await?;
    }
    care::fill(&scope, cluster, clock, &reader).await?;
    tracing::info!(registers = PATIENTS, doctors = DOCTORS, "made-up records were made");
    Ok(())
}

/// The last register tells whether all were made, in whichever release.
async fn is_filled(reader: &impl ConnectionTrait) -> Result<bool, Error> {
    let among = entity::patient_register::Column::Uuid.is_in(keys("patient", PATIENTS - 1));
    let last = entity::patient_register::Entity::find().filter(among).one(reader).await;
    Ok(last.map_err(crate::error::Error::from)?.is_some())
}

/// The same key for the same thing, in every demonstration. Of version 8: those of version 5 are for imports.
fn key(kind: &str, number: u32) -> Uuid {
    let [own, _] = keys(kind, number);
    own
}

/// The key of a thing, and the one that it has in demonstrations made before keys of version 5 were for imports.
fn keys(kind: &str, number: u32) -> [Uuid; 2] {
    let former = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("phr:demo:{kind}:{number}").as_bytes());
    [uuid::Builder::from_custom_bytes(former.into_bytes()).into_uuid(), former]
}

fn nth<T: Copy>(list: &[T], number: u32) -> T {
    list[number as usize % list.len()]
}

fn institution(index: usize, name: &str, choices: &Choices) -> CreateMedicalInstitutionInput {
    let number = u32::try_from(index).unwrap_or_default();
    CreateMedicalInstitutionInput {
        uuid: Some(key("institution", number)),
        name: name.to_owned(),
        email: Some(format!("office{number}@clinic.example")),
        phone_number: Some(format!("555-010-{number:04}")),
        address: Some(format!("{} {}, {}", 10 + number, nth(STREETS, number), nth(TOWNS, number))),
        institution_type_id: Some(choices.institution_type(number)),
        country_id: Some(choices.country()),
        region_id: Some(choices.region()),
        idempotency_key: None,
    }
}

fn specialty(index: usize, (name, category, description): &(&str, u32, &str)) -> CreateDoctorSpecialtyInput {
    CreateDoctorSpecialtyInput {
        uuid: Some(key("specialty", u32::try_from(index).unwrap_or_default())),
        name: (*name).to_owned(),
        description: Some((*description).to_owned()),
        category_id: Some(catalogues::category(*category)),
        idempotency_key: None,
    }
}

fn a_doctor(number: u32) -> CreateDoctorInput {
    let (first, last) = (nth(FIRST_NAMES, number * 7 + 3), nth(LAST_NAMES, number * 11 + 5));
    CreateDoctorInput {
        uuid: Some(key("doctor", number)),
        first_name: Some(first.to_owned()),
        last_name: Some(last.to_owned()),
        license_number: Some(format!("L-{:05}", 10_000 + number)),
        email: Some(format!("doctor{number}@clinic.example")),
        phone_number: Some(format!("555-020-{number:04}")),
        institution_id: Some(key("institution", number % u32::try_from(INSTITUTIONS.len()).unwrap_or(1))),
        specialty_id: Some(key("specialty", number % u32::try_from(SPECIALTIES.len()).unwrap_or(1))),
        idempotency_key: None,
    }
}

fn patient(number: u32, today: NaiveDate) -> PatientRegisterItemInput {
    // Steps that share no factor with the lists' lengths, so that every combination comes up.
    let (first, last) = (nth(FIRST_NAMES, number * 13 + number / 40), nth(LAST_NAMES, number * 17 + number / 35));
    let age_in_days = 365 + u64::from(number) * 7919 % 33_000;
    let health = Health::of(number);
    PatientRegisterItemInput {
        uuid: Some(key("patient", number)),
        first_name: Some(first.to_owned()),
        last_name: Some(last.to_owned()),
        date_of_birth: Some(Date(today.checked_sub_days(Days::new(age_in_days)).unwrap_or(today))),
        email: Some(format!("patient{number}@mail.example")),
        phone_number: Some(format!("+1 555-{:03}-{number:04}", 100 + number % 800)),
        address: Some(format!("{} {}, {}", 1 + number % 199, nth(STREETS, number * 3), nth(TOWNS, number * 7))),
        emergency_contact: Some(format!("{} {last}", nth(FIRST_NAMES, number * 13 + 11))),
        incomplete: false,
        allergies: health.allergy_words(),
        medical_history: health.condition_words(),
        current_medications: health.medication_words(),
        institution_id: Some(institution_of(number)),
        date_of_death: (number % 97 == 3).then_some(Date(today)),
        doctor_id: Some(doctor_of(number)),
    }
}

/// The key of a patient's doctor.
fn doctor_of(patient: u32) -> Uuid {
    key("doctor", patient * 5 % DOCTORS)
}

/// The key of the institution that a patient belongs to, which is the doctor's.
fn institution_of(patient: u32) -> Uuid {
    key("institution", patient * 5 % DOCTORS % u32::try_from(INSTITUTIONS.len()).unwrap_or(1))
}

const INSTITUTIONS: &[&str] =
    &["Harbour Clinic", "St. Brigid Hospital", "Hillside Family Practice", "Lakeview Medical Centre"];

/// Each with the number of its category.
const SPECIALTIES: &[(&str, u32, &str)] = &[
    ("General practice", 0, "First contact, and care over the years"),
    ("Cardiology", 0, "Heart and vessels"),
    ("Paediatrics", 2, "Children and adolescents"),
    ("Dermatology", 0, "Skin, hair and nails"),
    ("Neurology", 0, "Brain, nerves and muscles"),
    ("Orthopaedics", 1, "Bones and joints"),
];

const FIRST_NAMES: &[&str] = &[
    "Ada", "Ben", "Chloé", "David", "Elif", "Farid", "Grace", "Hugo", "Inés", "Jonas", "Keiko", "Liam", "María",
    "Nils", "Olga", "Paula", "Quentin", "Rosa", "Søren", "Tomás", "Uma", "Victor", "Wanda", "Xavier", "Yara", "Zoë",
    "Jane", "John", "José", "Aoife", "Chidi", "Noor", "Ravi", "Siobhán", "Teresa", "Wei", "Amina",
];

const LAST_NAMES: &[&str] = &[
    "Smith",
    "Lee",
    "Torres",
    "O'Brien",
    "Müller",
    "García",
    "Nowak",
    "Okafor",
    "Rossi",
    "Silva",
    "Dubois",
    "Kowalski",
    "Ivanova",
    "Nguyen",
    "Haddad",
    "Johansson",
    "Kim",
    "López",
    "Murphy",
    "Petrov",
    "Sato",
    "Wagner",
    "Zhang",
    "Huerta",
    "Andersen",
    "Brown",
    "Costa",
    "Dlamini",
    "Eriksen",
];

const STREETS: &[&str] =
    &["Main Street", "Oak Avenue", "Mill Lane", "Church Road", "Station Street", "River Walk", "Park Row"];

const TOWNS: &[&str] = &["Springfield", "Rivertown", "Eastport", "Greenfield", "Northam"];
