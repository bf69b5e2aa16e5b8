use async_graphql::MaybeUndefined;
use chrono::NaiveDate;

use crate::date::Date;
use crate::error::Fault;
use crate::records::check::{Check, Kind};
use crate::records::dependent::{Day, Judge};

/// Rule that a text of a record obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// That of phone numbers.
    Phone,
    /// That of email addresses.
    Email,
    /// That of words of so many characters at most.
    Words(usize),
    /// That of codes of clinical systems.
    Code,
    /// That of URIs of code systems.
    System,
}

/// The fault of a text by a rule; none of one that obeys it. An empty text breaks none.
#[must_use]
pub fn fault_of(rule: Rule, text: &str) -> Option<Fault> {
    let mut check = Check::new([] as [&str; 0]);
    let kind = match rule {
        Rule::Phone => Kind::Phone,
        Rule::Email => Kind::Email,
        Rule::Words(most) => Kind::Plain(most),
        Rule::Code => Kind::SpacedCode(200),
        Rule::System => Kind::Plain(200),
    };
    check.text("text", kind, text);
    check.into_faults().into_iter().next()
}

/// The fault of a date of birth on this day; none of one that can be.
#[must_use]
pub fn birth_fault(date: NaiveDate, today: NaiveDate) -> Option<Fault> {
    let mut check = Check::new([] as [&str; 0]);
    check.birth_date("dateOfBirth", MaybeUndefined::Value(Date(date)), today);
    check.into_faults().into_iter().next()
}

/// The fault of a date of death on this day; none of one that can be.
#[must_use]
pub fn death_fault(date: NaiveDate, today: NaiveDate) -> Option<Fault> {
    let mut check = Check::new([] as [&str; 0]);
    check.death_date("dateOfDeath", MaybeUndefined::Value(Date(date)), today);
    check.into_faults().into_iter().next()
}

/// The fault of a day on which something of a patient's health began or ended; none of one that can be.
#[must_use]
pub fn past_fault(date: NaiveDate, today: NaiveDate) -> Option<Fault> {
    day_fault(&Day::Past, date, today)
}

/// The fault of a day on which something begins or ends that may be planned; none of one that can be.
#[must_use]
pub fn planned_fault(date: NaiveDate, today: NaiveDate) -> Option<Fault> {
    day_fault(&Day::Planned, date, today)
}

fn day_fault(rule: &Day, date: NaiveDate, today: NaiveDate) -> Option<Fault> {
    let mut judge = Judge { check: Check::new([] as [&str; 0]), today };
    judge.optional("day", rule, MaybeUndefined::Value(Date(date)));
    judge.check.into_faults().into_iter().next()
}
