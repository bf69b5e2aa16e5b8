//! Telling what is so at present from what was so before, or will be.

use chrono::NaiveDate;

use crate::fhir::r4::Period;

/// True of a period that ended before this day, or begins after it. One that cannot be understood says nothing.
pub(super) fn is_over(period: Option<&Period>, today: NaiveDate) -> bool {
    let Some(period) = period else { return false };
    let today = today.to_string();
    // A year, or a year and a month, is compared with that of today.
    let compared = |told: &Option<String>| {
        let day = told.as_deref()?;
        let day = day.get(..10).unwrap_or(day);
        let is_day = !day.is_empty() && day.chars().all(|letter| letter.is_ascii_digit() || letter == '-');
        is_day.then(|| day.cmp(today.get(..day.len()).unwrap_or(&today)))
    };
    compared(&period.end).is_some_and(std::cmp::Ordering::is_lt)
        || compared(&period.start).is_some_and(std::cmp::Ordering::is_gt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_over_once_its_end_is_past() {
        let today = NaiveDate::from_ymd_opt(2020, 5, 6).unwrap();
        let over = |start: Option<&str>, end: Option<&str>| {
            let period = Period { start: start.map(str::to_owned), end: end.map(str::to_owned) };
            is_over(Some(&period), today)
        };
        for end in ["2019", "2020-04", "2020-05-05", "2020-05-05T23:59:59Z"] {
            assert!(over(None, Some(end)), "{end}");
        }
        for end in ["2020", "2020-05", "2020-05-06", "2999-01-01", "soon", ""] {
            assert!(!over(None, Some(end)), "{end}");
        }
        assert!(over(Some("2021"), None) && !over(Some("2020-05-06"), None) && !over(Some("x"), None));
        assert!(!is_over(None, today));
    }
}
