//! How the fields of objects show what is no object: scalars, choices and lists.

use async_graphql::resolver_utils::EnumType;
use async_graphql::{ID, Result, ScalarType};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::date::Date;
use crate::error::Error;
use crate::instant::written;
use crate::records::appointment::AppointmentStatus;
use crate::records::audit_event::{AuditAction, AuditOutcome};
use crate::records::dependent::{
    AddressPurpose, AllergyCategory, AllergyStatus, ConditionStatus, Habit, MedicationStatus, Severity,
};
use crate::records::patient_register::{PatientRegisterPart, PatientRegisterStatus};
use crate::records::patient_validation::ValidationRole;
use crate::records::role::Day;
use crate::records::system_setting::SettingType;
use crate::records::user::UserKind;

use super::json::Json;
use super::object::{At, ToJson};

impl<T: ToJson + ?Sized> ToJson for &T {
    fn to_json(&self, at: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()> {
        T::to_json(self, at, json)
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self, at: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()> {
        match self {
            Some(known) => known.to_json(at, json),
            None => write(&(), json),
        }
    }
}

impl<T: ToJson> ToJson for [T] {
    fn to_json(&self, at: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()> {
        at.list(self, json);
        Ok(())
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self, at: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()> {
        at.list(self, json);
        Ok(())
    }
}

impl ToJson for Uuid {
    fn to_json(&self, _: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()> {
        let mut text = Self::encode_buffer();
        write(self.hyphenated().encode_lower(&mut text), json)
    }
}

macro_rules! plain {
    ($($plain:ty),+) => {$(
        impl ToJson for $plain {
            fn to_json(&self, _: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()> {
                write(self, json)
            }
        }
    )+};
}

plain!(str, String, bool, i32, u32, f64);

macro_rules! scalars {
    ($($scalar:ty),+) => {$(
        impl ToJson for $scalar {
            fn to_json(&self, _: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()> {
                write(&ScalarType::to_value(self), json)
            }
        }
    )+};
}

scalars!(ID, Date, Json);

impl ToJson for DateTime<Utc> {
    fn to_json(&self, _: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()> {
        write(&written(self), json)
    }
}

macro_rules! choices {
    ($($choice:ty),+ $(,)?) => {$(
        impl ToJson for $choice {
            fn to_json(&self, _: &At<'_, '_>, json: &mut Vec<u8>) -> Result<()> {
                let item = Self::items().iter().find(|item| item.value == *self);
                write(&item.map(|item| item.name), json)
            }
        }
    )+};
}

choices!(
    PatientRegisterPart,
    PatientRegisterStatus,
    ValidationRole,
    AppointmentStatus,
    AuditAction,
    AuditOutcome,
    UserKind,
    Day,
    SettingType,
    Habit,
    AddressPurpose,
    ConditionStatus,
    Severity,
    MedicationStatus,
    AllergyCategory,
    AllergyStatus,
);

fn write(value: &(impl Serialize + ?Sized), json: &mut Vec<u8>) -> Result<()> {
    Ok(serde_json::to_writer(json, value).map_err(Error::internal)?)
}
