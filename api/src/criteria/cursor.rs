use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use sea_orm::sea_query::ColumnType;
use sea_orm::{ColumnTrait, EntityTrait, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::{Error, Result};

use super::{Ordering, Step};

/// A cursor longer than this was not made here.
const MAX_LENGTH: usize = 8192;

impl<E: EntityTrait> Ordering<E> {
    /// The place of a record in this order, as an opaque text. `value` gives the record's value for each step, one after the other.
    ///
    /// # Errors
    /// `Internal` when a value that the order needs was not read.
    pub fn cursor(&self, mut value: impl FnMut(&Step<E::Column>) -> Option<Value>) -> Result<String> {
        let mut parts = vec![Some(self.fingerprint())];
        for step in self.steps() {
            let value = value(step).ok_or_else(|| Error::internal("a cursor needs a value that was not read"))?;
            parts.push(text(value)?);
        }
        let json = serde_json::to_vec(&parts).map_err(Error::internal)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
    }

    /// The values of the record that a cursor stands for, one for each step of the order.
    ///
    /// # Errors
    /// `BadRequest` for a text that is no cursor, or one made under another order.
    pub fn place(&self, argument: &str, cursor: &str) -> Result<Vec<Value>> {
        let broken = || Error::BadRequest(format!("{argument}: this is not a cursor of this list")).at(&[argument]);
        if cursor.len() > MAX_LENGTH {
            return Err(broken());
        }
        let json = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| broken())?;
        let mut parts: Vec<Option<String>> = serde_json::from_slice(&json).map_err(|_| broken())?;
        if parts.first().is_none_or(Option::is_none) {
            return Err(broken());
        }
        if parts.remove(0) != Some(self.fingerprint()) {
            let message = format!(
                "{argument}: this cursor was made under another order: keep the order while paging, or start again without a cursor"
            );
            return Err(Error::BadRequest(message).at(&[argument]));
        }
        if parts.len() != self.steps().len() {
            return Err(broken());
        }
        let values = self.steps().iter().zip(parts).map(|(step, part)| value(step, part));
        values.collect::<Option<Vec<_>>>().ok_or_else(broken)
    }

    /// Eight bytes are enough to tell orders apart; a cursor grants nothing.
    fn fingerprint(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(self.signature())[..8])
    }
}

fn text(value: Value) -> Result<Option<String>> {
    match value {
        Value::String(text) => Ok(text),
        Value::Uuid(uuid) => Ok(uuid.map(|uuid| uuid.to_string())),
        Value::Int(number) => Ok(number.map(|number| number.to_string())),
        Value::Double(number) => Ok(number.map(|number| number.to_string())),
        Value::Bool(truth) => Ok(truth.map(|truth| truth.to_string())),
        Value::ChronoDate(date) => Ok(date.map(|date| date.to_string())),
        Value::ChronoDateTimeUtc(instant) => Ok(instant.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true))),
        other => Err(Error::internal(format!("no cursor can hold {:?}", other.array_type()))),
    }
}

/// The typed value of a cursor's part; none when it does not fit the step.
fn value<C: ColumnTrait>(step: &Step<C>, part: Option<String>) -> Option<Value> {
    if part.is_none() && !step.is_nullable() {
        return None;
    }
    Some(match step.kind() {
        ColumnType::Uuid => Value::Uuid(part.map(|part| part.parse::<Uuid>()).transpose().ok()?),
        ColumnType::Integer => Value::Int(part.map(|part| part.parse::<i32>()).transpose().ok()?),
        ColumnType::Double => {
            let number = part.map(|part| part.parse::<f64>()).transpose().ok()?;
            Value::Double(number.filter(|number| number.is_finite()))
        }
        ColumnType::Boolean => Value::Bool(part.map(|part| part.parse::<bool>()).transpose().ok()?),
        ColumnType::Date => Value::ChronoDate(part.map(|part| part.parse::<NaiveDate>()).transpose().ok()?),
        ColumnType::TimestampWithTimeZone => {
            Value::ChronoDateTimeUtc(part.map(|part| part.parse::<DateTime<Utc>>()).transpose().ok()?)
        }
        ColumnType::String(_) | ColumnType::Text if !part.as_ref().is_some_and(|part| part.contains('\0')) => {
            Value::String(part)
        }
        _ => return None,
    })
}
