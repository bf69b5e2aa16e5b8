//! What happens to made-up patients: appointments, the validation of their registers, mergers of those made twice; and what
//! administrators have set.

use async_graphql::MaybeUndefined::{Undefined, Value};
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use entity::role;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Reader};
use crate::error::{Error, Result};
use crate::records::appointment::{self, AppointmentStatus, CreateAppointmentInput, UpdateAppointmentInput};
use crate::records::patient_merge::{self, MergePatientRegistersInput, UndoPatientMergeInput};
use crate::records::patient_register::{
    PatientRegisterItemInput, RejectPatientRegisterInput, ReopenPatientRegisterInput, ValidatePatientRegisterInput,
    reject, reopen, validate,
};
use crate::records::patient_validation::ValidationRole;
use crate::records::system_setting::{self, NewSetting};
use crate::records::user::{self, CreateUserInput, UserKind};
use crate::scope::{Actor, Scope};

use super::{PATIENTS, doctor_of, key, nth};

/// How many of the last patients have appointments: two each, one of them behind them.
const WITH_APPOINTMENTS: u32 = 24;
/// Patients who were registered twice, counted from the last one. The first one's registers are still apart, the second
/// one's were merged, and of the third one's the merger was undone.
const TWICE: [u32; 3] = [9, 10, 11];

/// The second registers of those who were registered twice.
pub(super) fn twins(patient: impl Fn(u32) -> PatientRegisterItemInput) -> Vec<PatientRegisterItemInput> {
    let twin = |(number, from_end): (u32, u32)| PatientRegisterItemInput {
        uuid: Some(key("twin", number)),
        email: Some(format!("twin{number}@mail.example")),
        emergency_contact: Some("unknown".to_owned()),
        // What is known of the patient's health stands in the first register.
        allergies: Vec::new(),
        medical_history: Vec::new(),
        current_medications: Vec::new(),
        ..patient(PATIENTS - 1 - from_end)
    };
    (0..).zip(TWICE).map(twin).collect()
}

/// The patient who is so many from the last one.
fn from_end(number: u32) -> Uuid {
    key("patient", PATIENTS - 1 - number)
}

/// Makes all of it.
pub(super) async fn fill(scope: &Scope, cluster: &Cluster, clock: &dyn Clock, reader: &Reader) -> Result<()> {
    for number in 0..WITH_APPOINTMENTS {
        appointments(scope, cluster, clock, number).await?;
    }
    validations(scope, cluster, clock, reader).await?;
    mergers(scope, cluster, clock).await?;
    for (number, (name, value, description)) in (0..).zip(SETTINGS) {
        let input = NewSetting {
            uuid: Some(key("setting", number)),
            key: (*name).to_owned(),
            value: json!(value),
            description: Some((*description).to_owned()),
            idempotency_key: None,
        };
        system_setting::create(scope, cluster, clock, input).await?;
    }
    Ok(())
}

async fn appointments(scope: &Scope, cluster: &Cluster, clock: &dyn Clock, number: u32) -> Result<()> {
    let today = clock.now().date_naive().and_time(NaiveTime::MIN).and_utc();
    // A day of its own for each patient, so that no doctor has two at a time.
    let days = Days::new(u64::from(number) + 1);
    let morning = |day: Option<DateTime<Utc>>| day.unwrap_or(today) + TimeDelta::hours(9);
    let made = async |kind: &str, starts_at: DateTime<Utc>, status: Option<AppointmentStatus>| {
        let uuid = key(kind, number);
        let input = CreateAppointmentInput {
            uuid: Some(uuid),
            patient_id: from_end(number),
            doctor_id: doctor_of(PATIENTS - 1 - number),
            starts_at,
            ends_at: starts_at + TimeDelta::minutes(30),
            reason: Some(nth(&["check-up", "vaccination", "a cough", "results of the laboratory"], number).to_owned()),
            idempotency_key: None,
        };
        appointment::create(scope, cluster, clock, input).await?;
        let Some(status) = status else { return Ok(()) };
        let input = UpdateAppointmentInput {
            uuid,
            expected_version: None,
            doctor_id: Undefined,
            starts_at: Undefined,
            ends_at: Undefined,
            status: Value(status),
            reason: Undefined,
        };
        appointment::update(scope, cluster, input).await.map(drop)
    };
    let became = nth(&[AppointmentStatus::Fulfilled, AppointmentStatus::NoShow, AppointmentStatus::Fulfilled], number);
    made("visit", morning(today.checked_sub_days(days)), Some(became)).await?;
    let becomes = [None, None, Some(AppointmentStatus::Cancelled), Some(AppointmentStatus::Arrived)];
    made("appointment", morning(today.checked_add_days(days)), nth(&becomes, number)).await
}

/// The last patients' registers, one in each state; the others wait.
async fn validations(scope: &Scope, cluster: &Cluster, clock: &dyn Clock, reader: &Reader) -> Result<()> {
    let (first, second) =
        (doctor(scope, cluster, clock, reader, 0).await?, doctor(scope, cluster, clock, reader, 1).await?);
    let confirm = async |scope: &Scope, number: u32, role: ValidationRole| {
        let input = ValidatePatientRegisterInput { uuid: from_end(number), role, expected_version: None };
        validate(scope, cluster, clock, input).await.map(drop)
    };
    confirm(&first, 0, ValidationRole::Doctor).await?;
    confirm(scope, 0, ValidationRole::Institution).await?;
    confirm(&second, 1, ValidationRole::Doctor).await?;
    confirm(scope, 2, ValidationRole::Institution).await?;
    for number in [3, 4] {
        let reason = "the date of birth is not that of the identity card".to_owned();
        let input = RejectPatientRegisterInput { uuid: from_end(number), reason, expected_version: None };
        reject(scope, cluster, clock, input).await?;
    }
    let reason = Some("the card was read wrongly".to_owned());
    let input = ReopenPatientRegisterInput { uuid: from_end(4), reason, expected_version: None };
    reopen(scope, cluster, clock, input).await.map(drop)
}

/// Somebody who acts as a patient's doctor, and cannot sign in.
async fn doctor(scope: &Scope, cluster: &Cluster, clock: &dyn Clock, reader: &Reader, number: u32) -> Result<Scope> {
    let role = role::Entity::find().filter(role::Column::Name.eq("doctor")).one(reader).await?;
    let patient = PATIENTS - 1 - number;
    // The first one is the guest.
    let uuid = key("user", number + 1);
    let input = CreateUserInput {
        uuid: Some(uuid),
        kind: UserKind::Doctor,
        username: format!("doctor{number}@staff.example"),
        display_name: None,
        role_id: role.ok_or_else(|| Error::internal("the role of doctors was lost"))?.uuid,
        institution_id: Some(super::institution_of(patient)),
        patient_id: None,
        doctor_id: Some(doctor_of(patient)),
        external_issuer: None,
        external_subject: None,
        idempotency_key: None,
    };
    user::create(scope, cluster, clock, input).await?;
    Ok(Scope { actor: Actor(uuid), ..scope.clone() })
}

async fn mergers(scope: &Scope, cluster: &Cluster, clock: &dyn Clock) -> Result<()> {
    for (number, patient) in (0..).zip(TWICE).skip(1) {
        let input = MergePatientRegistersInput {
            keep: from_end(patient),
            merge: key("twin", number),
            reason: Some("registered twice".to_owned()),
            expected_keep_version: None,
            expected_merge_version: None,
        };
        let merger = patient_merge::merge(scope, cluster, clock, input).await?;
        if number == 2 {
            let uuid = *crate::records::Loaded::loaded(&merger.uuid)?;
            patient_merge::undo(scope, cluster, clock, UndoPatientMergeInput { uuid }).await?;
        }
    }
    Ok(())
}

/// Each with its value and what it is for.
const SETTINGS: &[(&str, u32, &str)] = &[
    ("appointments.reminder_hours", 24, "How long before an appointment the patient is reminded of it"),
    ("appointments.length_minutes", 30, "How long an appointment is proposed to last"),
    ("records.review_months", 12, "After how long a validated register is looked at again"),
];
