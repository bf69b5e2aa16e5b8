//! What the fields of objects show that is no object: scalars, choices and lists.

use async_graphql::{ID, Result, ScalarType, Value};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::date::Date;
use crate::records::appointment::AppointmentStatus;
use crate::records::audit_event::{AuditAction, AuditOutcome};
use crate::records::dependent::{
    AddressPurpose, AllergyCategory, AllergyStatus, ConditionStatus, Habit, MedicationStatus, Severity,
};
use crate::records::patient_register::PatientRegisterStatus;
use crate::records::patient_validation::ValidationRole;
use crate::records::role::Day;
use crate::records::system_setting::SettingType;
use crate::records::user::UserKind;

use super::json::Json;
use super::object::{Answer, At};

impl<T: Answer + ?Sized> Answer for &T {
    fn answer(&self, at: &At<'_, '_>) -> Result<Value> {
        T::answer(self, at)
    }
}

impl<T: Answer> Answer for Option<T> {
    fn answer(&self, at: &At<'_, '_>) -> Result<Value> {
        self.as_ref().map_or(Ok(Value::Null), |known| known.answer(at))
    }
}

impl<T: Answer> Answer for [T] {
    fn answer(&self, at: &At<'_, '_>) -> Result<Value> {
        Ok(at.list(self))
    }
}

impl<T: Answer> Answer for Vec<T> {
    fn answer(&self, at: &At<'_, '_>) -> Result<Value> {
        Ok(at.list(self))
    }
}

impl Answer for str {
    fn answer(&self, _: &At<'_, '_>) -> Result<Value> {
        Ok(Value::String(self.to_owned()))
    }
}

impl Answer for Uuid {
    fn answer(&self, _: &At<'_, '_>) -> Result<Value> {
        let mut text = Self::encode_buffer();
        Ok(Value::String(self.hyphenated().encode_lower(&mut text)[..36].to_owned()))
    }
}

macro_rules! scalars {
    ($($scalar:ty),+) => {$(
        impl Answer for $scalar {
            fn answer(&self, _: &At<'_, '_>) -> Result<Value> {
                Ok(ScalarType::to_value(self))
            }
        }
    )+};
}

scalars!(ID, String, bool, i32, u32, f64, Date, DateTime<Utc>, Json);

macro_rules! choices {
    ($($choice:ty),+ $(,)?) => {$(
        impl Answer for $choice {
            fn answer(&self, _: &At<'_, '_>) -> Result<Value> {
                Ok(Value::from(*self))
            }
        }
    )+};
}

choices!(
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
