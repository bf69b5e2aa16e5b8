use chrono::NaiveDate;

use crate::error::Fault;
use crate::fhir::r4::Entry;
use crate::records::import::{past_fault, planned_fault};

use super::Problem;
use super::text::{in_one_line, whole_date};

/// Days and words of something that is known of a patient, and what of them is left out.
pub(super) struct Days {
    root: &'static str,
    today: NaiveDate,
    pub(super) left_out: Vec<Problem>,
}

impl Days {
    pub(super) const fn new(root: &'static str, today: NaiveDate) -> Self {
        Self { root, today, left_out: Vec::new() }
    }

    pub(super) fn leave_out(&mut self, field: &str, reason: &str) {
        self.left_out.push(Problem::new(format!("{}.{field}", self.root), format!("was left out: {reason}")));
    }

    /// Words that fit into a line of so many characters.
    pub(super) fn words(&mut self, field: &str, told: Option<String>, most: usize) -> Option<String> {
        let told = in_one_line(&told?);
        if told.chars().count() > most {
            self.leave_out(field, &format!("must have at most {most} characters"));
            return None;
        }
        Some(told)
    }

    /// Nobody is certain: the record does not tell.
    pub(super) fn doubt(&mut self, entry: &Entry, certainty: &[&str]) {
        let told = entry.verification_status.as_ref().and_then(|status| status.code_of(certainty));
        if matches!(told, Some("unconfirmed" | "provisional")) {
            self.leave_out("verificationStatus", "the record does not tell that it is unconfirmed");
        }
    }

    /// The day of an instant as it is written there. A year alone is no day.
    fn day(
        &mut self,
        field: &str,
        told: Option<&String>,
        rule: fn(NaiveDate, NaiveDate) -> Option<Fault>,
    ) -> Option<NaiveDate> {
        let told = told?;
        let Some(day) = told.get(..10).and_then(whole_date) else {
            self.leave_out(field, "is no whole date");
            return None;
        };
        if let Some(fault) = rule(day, self.today) {
            self.leave_out(field, &fault.message);
            return None;
        }
        Some(day)
    }

    /// A day that is not in the future.
    pub(super) fn past(&mut self, field: &str, told: Option<&String>) -> Option<NaiveDate> {
        self.day(field, told, past_fault)
    }

    /// A day that may be in the future.
    pub(super) fn planned(&mut self, field: &str, told: Option<&String>) -> Option<NaiveDate> {
        self.day(field, told, planned_fault)
    }

    fn vague(&mut self, field: &str, is_told: bool) {
        if is_told {
            self.leave_out(field, "only dates are kept");
        }
    }

    pub(super) fn onset(&mut self, entry: &Entry) -> Option<NaiveDate> {
        self.vague("onsetAge", entry.onset_age.is_some());
        self.vague("onsetRange", entry.onset_range.is_some());
        self.vague("onsetString", entry.onset_string.is_some());
        let start = entry.onset_period.as_ref().and_then(|period| period.start.as_ref());
        match &entry.onset_date_time {
            Some(at) => self.past("onsetDateTime", Some(at)),
            None => self.past("onsetPeriod.start", start),
        }
    }

    pub(super) fn abatement(&mut self, entry: &Entry, onset: Option<NaiveDate>, goes_on: bool) -> Option<NaiveDate> {
        self.vague("abatementAge", entry.abatement_age.is_some());
        self.vague("abatementRange", entry.abatement_range.is_some());
        self.vague("abatementString", entry.abatement_string.is_some());
        let end = entry.abatement_period.as_ref().and_then(|period| period.end.as_ref());
        let (field, told) = match &entry.abatement_date_time {
            Some(at) => ("abatementDateTime", Some(at)),
            None => ("abatementPeriod.end", end),
        };
        let end = self.past(field, told);
        self.after(field, end, onset, goes_on)
    }

    /// An end that follows the beginning, of what does not go on.
    pub(super) fn after(
        &mut self,
        field: &str,
        end: Option<NaiveDate>,
        start: Option<NaiveDate>,
        goes_on: bool,
    ) -> Option<NaiveDate> {
        let end = end?;
        if goes_on {
            self.leave_out(field, "what goes on has no end");
        } else if start.is_some_and(|start| end < start) {
            self.leave_out(field, "is before the beginning");
        } else {
            return Some(end);
        }
        None
    }
}
