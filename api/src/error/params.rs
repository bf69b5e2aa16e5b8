//! Limits of broken rules, from which clients make messages in their users' languages.

use async_graphql::SimpleObject;
use chrono::NaiveDate;

use crate::date::Date;

/// Limits of the rule that was broken, so that clients can word it in their users' languages. Which of them are given depends
/// on the error's `code`:
///
/// - `TOO_SHORT`: `min` characters.
/// - `TOO_LONG`: `max` characters.
/// - `TOO_MANY`: `max` entries.
/// - `OUT_OF_RANGE`: `min` and `max` of a number; `earliest` and `latest` of a date or an instant; `relatedField` where another
///   field sets the limit.
/// - `INVALID_FORMAT`: `pattern`, where one describes the format.
/// - `VERSION_CONFLICT`: `expectedVersion` and `currentVersion`; of a change also `differingFields`.
///
/// Other codes have none; a parameter that does not apply is null.
#[derive(Clone, Debug, Default, PartialEq, SimpleObject)]
#[graphql(name = "UserErrorParams")]
pub struct FaultParams {
    /// Smallest number that is allowed, or fewest characters.
    pub min: Option<f64>,
    /// Greatest number that is allowed, or most characters or entries.
    pub max: Option<f64>,
    /// First day that is allowed.
    pub earliest: Option<Date>,
    /// Last day that is allowed.
    pub latest: Option<Date>,
    /// Name of the input field that sets the limit, beside the field at `path`.
    pub related_field: Option<String>,
    /// Regular expression (ECMA-262) of texts in the format.
    pub pattern: Option<String>,
    /// Version that the input expected.
    pub expected_version: Option<i32>,
    /// Version of the record as it is now.
    pub current_version: Option<i32>,
    /// Names of the input's fields whose values differ from those of the record as it is now; empty when the input sets
    /// nothing else. Fields that the caller may not see are left out.
    pub differing_fields: Option<Vec<String>>,
}

impl FaultParams {
    /// Fewest characters.
    #[must_use]
    pub fn at_least(least: usize) -> Self {
        Self { min: Some(count(least)), ..Self::default() }
    }

    /// Most characters or entries.
    #[must_use]
    pub fn at_most(most: usize) -> Self {
        Self { max: Some(count(most)), ..Self::default() }
    }

    /// Smallest and greatest number.
    #[must_use]
    pub fn between(least: impl Into<f64>, greatest: impl Into<f64>) -> Self {
        Self { min: Some(least.into()), max: Some(greatest.into()), ..Self::default() }
    }

    /// First and last day, where there are such limits.
    #[must_use]
    pub fn days(earliest: Option<NaiveDate>, latest: Option<NaiveDate>) -> Self {
        Self { earliest: earliest.map(Date), latest: latest.map(Date), ..Self::default() }
    }

    /// Another field that sets the limit.
    #[must_use]
    pub fn related(field: impl Into<String>) -> Self {
        Self { related_field: Some(field.into()), ..Self::default() }
    }

    /// Regular expression (ECMA-262) of texts in the format.
    #[must_use]
    pub fn matching(expression: impl Into<String>) -> Self {
        Self { pattern: Some(expression.into()), ..Self::default() }
    }
}

/// Limits are far below the numbers that a float of 64 bits cannot hold.
fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
