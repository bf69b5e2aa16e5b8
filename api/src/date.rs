//! The calendar date as clients write it.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::NaiveDate;
use serde::Serialize;

/// A calendar date without a time zone: `YYYY-MM-DD` (ISO 8601).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Date(pub NaiveDate);

/// A calendar date without a time zone: `YYYY-MM-DD` (ISO 8601).
#[Scalar(name = "Date", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Date {
    /// Only the one notation, and only dates that exist. The message does not repeat the value.
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::custom("a date is a text of the form YYYY-MM-DD"));
        };
        match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(date) if date.to_string() == *text => Ok(Self(date)),
            _ => Err(InputValueError::custom("a date has the form YYYY-MM-DD and is a day of the calendar")),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_in_one_notation_are_dates() {
        let parse = |text: &str| Date::parse(Value::from(text)).is_ok();
        assert!(parse("2024-02-29"));
        for wrong in ["1980-02-30", "1980-01-1998", "1980-1-1", "+1980-01-01", "1980-01-01 ", "", "01.01.1980"] {
            assert!(!parse(wrong), "{wrong}");
        }
    }
}
