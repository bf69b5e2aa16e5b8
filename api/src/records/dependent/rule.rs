use std::fmt::Display;

use async_graphql::MaybeUndefined;
use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use sea_orm::ActiveValue::{self, NotSet, Set};
use sea_orm::Value;

use crate::date::Date;
use crate::error::{FaultCode, FaultParams};
use crate::records::check::{Check, Kind};

/// What a value obeys, and how it is stored.
pub(in crate::records) trait Rule<I, S> {
    /// The value to store; nothing when there is none, as of an empty text.
    fn judge(&self, field: &str, told: I, today: NaiveDate, check: &mut Check) -> Option<S>;
}

impl Rule<String, String> for Kind {
    fn judge(&self, field: &str, told: String, _: NaiveDate, check: &mut Check) -> Option<String> {
        check.text(field, *self, &told)
    }
}

/// Anything that the types allow.
pub(in crate::records) struct AsTold;

impl<I, S: From<I>> Rule<I, S> for AsTold {
    fn judge(&self, _: &str, told: I, _: NaiveDate, _: &mut Check) -> Option<S> {
        Some(told.into())
    }
}

/// A day from 1900 on, until today or into the future.
pub(in crate::records) enum Day {
    Past,
    Planned,
}

impl Rule<Date, NaiveDate> for Day {
    fn judge(&self, field: &str, Date(told): Date, today: NaiveDate, check: &mut Check) -> Option<NaiveDate> {
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a day of the calendar");
        let (latest, message) = match self {
            Self::Past => (today, "must be from 1900-01-01 to today"),
            Self::Planned => (day(2199, 12, 31), "must be from 1900-01-01 to 2199-12-31"),
        };
        if told < day(1900, 1, 1) || told > latest {
            let days = FaultParams::days(Some(day(1900, 1, 1)), Some(latest));
            check.fault_with(&[field], FaultCode::OutOfRange, message, days);
        }
        Some(told)
    }
}

/// An instant, as precise as PostgreSQL keeps it.
pub(in crate::records) struct Instant;

impl Rule<DateTime<Utc>, DateTime<Utc>> for Instant {
    fn judge(&self, _: &str, told: DateTime<Utc>, _: NaiveDate, _: &mut Check) -> Option<DateTime<Utc>> {
        Some(told.trunc_subsecs(6))
    }
}

/// A number from the one to the other.
pub(in crate::records) struct Between<T>(pub(in crate::records) T, pub(in crate::records) T);

impl<T: PartialOrd + Display + Copy + Into<f64>> Rule<T, T> for Between<T> {
    fn judge(&self, field: &str, told: T, _: NaiveDate, check: &mut Check) -> Option<T> {
        if told < self.0 || told > self.1 {
            let message = format!("must be from {} to {}", self.0, self.1);
            check.fault_with(&[field], FaultCode::OutOfRange, message, FaultParams::between(self.0, self.1));
        }
        Some(told)
    }
}

/// Judges the values of one input.
pub(in crate::records) struct Judge {
    pub(in crate::records) check: Check,
    pub(in crate::records) today: NaiveDate,
}

impl Judge {
    /// A value that a record must have.
    pub(in crate::records) fn required<I, S: Into<Value>>(
        &mut self,
        field: &str,
        rule: &impl Rule<I, S>,
        told: MaybeUndefined<I>,
    ) -> ActiveValue<S> {
        let value = match told {
            MaybeUndefined::Undefined => return NotSet,
            MaybeUndefined::Null => None,
            MaybeUndefined::Value(told) => rule.judge(field, told, self.today, &mut self.check),
        };
        value.map_or_else(|| self.check.missing(field), Set)
    }

    /// A value that a record may lack.
    pub(in crate::records) fn optional<I, S>(
        &mut self,
        field: &str,
        rule: &impl Rule<I, S>,
        told: MaybeUndefined<I>,
    ) -> ActiveValue<Option<S>>
    where
        Option<S>: Into<Value>,
    {
        match told {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => Set(None),
            MaybeUndefined::Value(told) => Set(rule.judge(field, told, self.today, &mut self.check)),
        }
    }
}
