//! How alike two registers are: the same answer whatever the database, because nothing of it is left to the database.
//!
//! Each agreement counts for what it tells, as in the linkage of records by weights (I. P. Fellegi and A. B. Sunter, "A
//! Theory for Record Linkage", 1969): a number that one issuer gives to one person most, a phone number or a name that
//! families share least. First names that disagree count against, so that twins, who share the rest, are not reported. The
//! weights are set so that these are told, and no weaker ones:
//!
//! - the same date of birth and both names: 55
//! - both names, phone number and email address, whatever the date of birth: 60
//! - the same identifier and one name, as after a marriage: 65
//! - the same identifier and the same date of birth, even under other names: 55

use async_graphql::Enum;
use chrono::NaiveDate;

use crate::fold::fold;
use crate::phone_number::e164;

/// What is reported at least.
const REPORTED: u8 = 55;
/// Probably the same patient from here on.
const PROBABLE: u8 = 70;
/// Certainly, as far as registers can tell, from here on.
const CERTAIN: u8 = 90;

/// Names are the same from this Jaro-Winkler similarity on: a letter that is missing or wrong, not another name (W. E.
/// Winkler, "String Comparator Metrics and Enhanced Decision Rules", 1990).
const SAME: f64 = 0.92;
/// Below this they are different names.
const OTHER: f64 = 0.75;

/// Fewer digits than these tell nothing.
const MIN_DIGITS: usize = 7;
/// What a country code and a trunk prefix stand before.
const LAST_DIGITS: usize = 9;

/// How sure it is that two registers are the same patient's; after FHIR's `match-grade`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MatchGrade {
    /// Nothing speaks against it.
    Certain,
    /// It is to be expected.
    Probable,
    /// Somebody should look.
    Possible,
}

/// In what two registers agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MatchReason {
    /// A number that the same issuer gave.
    Identifier,
    /// Date of birth.
    DateOfBirth,
    /// First name, but for a letter, accents and case.
    FirstName,
    /// Last name, but for a letter, accents and case.
    LastName,
    /// Phone number, however it is written.
    PhoneNumber,
    /// Email address.
    Email,
}

/// What of a register is compared.
#[derive(Clone, Debug)]
pub(super) struct Traits {
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) date_of_birth: Option<NaiveDate>,
    /// In the form in which numbers are compared.
    pub(super) phone_number: Option<String>,
    pub(super) email: Option<String>,
}

/// How alike two registers are, as far as that is worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// From 55 to 100.
    pub score: u8,
    /// In what they agree.
    pub reasons: Vec<MatchReason>,
}

impl Likeness {
    /// How sure it is.
    #[must_use]
    pub const fn grade(&self) -> MatchGrade {
        match self.score {
            CERTAIN.. => MatchGrade::Certain,
            PROBABLE.. => MatchGrade::Probable,
            _ => MatchGrade::Possible,
        }
    }

    /// Of two registers, of which it is known whether they share an identifier; none when they are not alike enough.
    pub(super) fn of(one: &Traits, other: &Traits, shares_identifier: bool) -> Option<Self> {
        let (first, last) = names(one, other);
        let is_same = |similarity: Option<f64>| similarity.is_some_and(|similarity| similarity >= SAME);
        let mails = (one.email.as_ref(), other.email.as_ref());
        let phones = (one.phone_number.as_deref(), other.phone_number.as_deref());
        let agreements = [
            (shares_identifier, 50, MatchReason::Identifier),
            (one.date_of_birth.is_some() && one.date_of_birth == other.date_of_birth, 25, MatchReason::DateOfBirth),
            (is_same(first), 15, MatchReason::FirstName),
            (is_same(last), 15, MatchReason::LastName),
            (matches!(phones, (Some(one), Some(other)) if is_same_phone(one, other)), 15, MatchReason::PhoneNumber),
            (matches!(mails, (Some(one), Some(other)) if one.eq_ignore_ascii_case(other)), 15, MatchReason::Email),
        ];
        let agreed = || agreements.iter().filter(|(agree, ..)| *agree);
        let against = if first.is_some_and(|similarity| similarity < OTHER) { 20 } else { 0 };
        let score: i32 = agreed().map(|(_, weight, _)| weight).sum::<i32>() - against;
        let score = u8::try_from(score.clamp(0, 100)).unwrap_or(0);
        let reasons = agreed().map(|(.., reason)| *reason).collect();
        (score >= REPORTED).then_some(Self { score, reasons })
    }
}

/// Similarity of first names and of last names, as far as both registers have one. Names are given in either order, and a
/// single name in either place.
fn names(one: &Traits, other: &Traits) -> (Option<f64>, Option<f64>) {
    let similar = |one: &Option<String>, other: &Option<String>| {
        Some(strsim::jaro_winkler(&bare(one.as_ref()?), &bare(other.as_ref()?)))
    };
    let straight = (similar(&one.first_name, &other.first_name), similar(&one.last_name, &other.last_name));
    let crossed = (similar(&one.first_name, &other.last_name), similar(&one.last_name, &other.first_name));
    let is_same = |similarity: Option<f64>| similarity.is_none_or(|similarity| similarity >= SAME);
    let is_crossed = crossed != (None, None) && is_same(crossed.0) && is_same(crossed.1);
    if is_crossed { crossed } else { straight }
}

/// Letters and digits alone, folded.
fn bare(name: &str) -> String {
    fold(name).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// Numbers in international form are the same or not. Of any other nobody knows where its country code ends.
fn is_same_phone(one: &str, other: &str) -> bool {
    if let (Some(one), Some(other)) = (e164(one), e164(other)) {
        return one == other;
    }
    matches!((last_digits(one), last_digits(other)), (Some(one), Some(other)) if one == other)
}

/// By what phone numbers are looked for, as the database keeps it in `phone_digits_folded`; none of too few digits.
pub(super) fn last_digits(phone_number: &str) -> Option<String> {
    let digits: String = phone_number.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= MIN_DIGITS).then(|| digits[digits.len().saturating_sub(LAST_DIGITS)..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits(first: &str, last: &str, born: &str, phone: &str, email: &str) -> Traits {
        Traits {
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            date_of_birth: Some(born.parse().unwrap()),
            phone_number: Some(phone.to_owned()),
            email: (!email.is_empty()).then(|| email.to_owned()),
        }
    }

    fn score(other: &Traits, shares_identifier: bool) -> u8 {
        let jane = traits("José Luis", "O'Brien", "1985-04-12", "+1 555-267-5674", "jose@mail.example");
        Likeness::of(&jane, other, shares_identifier).map_or(0, |likeness| likeness.score)
    }

    #[test]
    fn what_agrees_counts_and_first_names_that_do_not_count_against() {
        let (phone, mail) = ("(555) 267-5674", "JOSE@mail.example");
        for (other, shares, expected) in [
            (traits("Jose-Luis", "OBRIEN", "1985-04-12", "0000000000", ""), false, 55),
            (traits("O’Brien", "Jose Luis", "1985-04-12", "0000000000", ""), false, 55),
            (traits("José Luís", "O Brien", "1985-04-12", phone, ""), false, 70),
            (traits("Jose Luis", "O'Brian", "1985-04-12", phone, mail), false, 85),
            (traits("Jose Luis", "O'Brien", "1985-12-04", phone, mail), false, 60),
            (traits("Jose Luis", "Smith", "1999-01-01", "0000000000", ""), true, 65),
            (traits("Ann", "Smith", "1985-04-12", "0000000000", ""), true, 55),
            (traits("Jose Luis", "O'Brien", "1985-04-12", phone, mail), true, 100),
            // Not enough: a name, a family, twins, a number that was given twice.
            (traits("Jose Luis", "O'Brien", "1985-12-04", "0000000000", ""), false, 0),
            (traits("Maria", "O'Brien", "1950-01-01", phone, mail), false, 0),
            (traits("Xenia", "O'Brien", "1985-04-12", phone, mail), false, 0),
            (traits("Xenia", "Smith", "1999-01-01", "0000000000", ""), true, 0),
        ] {
            assert_eq!(score(&other, shares), expected, "{other:?}");
        }
    }

    #[test]
    fn a_score_is_graded() {
        let grade = |score| Likeness { score, reasons: Vec::new() }.grade();
        assert_eq!([55, 69].map(grade), [MatchGrade::Possible; 2]);
        assert_eq!([70, 89].map(grade), [MatchGrade::Probable; 2]);
        assert_eq!([90, 100].map(grade), [MatchGrade::Certain; 2]);
    }

    #[test]
    fn phone_numbers_are_compared_by_their_last_digits() {
        assert_eq!(last_digits("+33 612345678"), last_digits("06 12 34 56 78"));
        assert_eq!(last_digits("+1 555-267-567").as_deref(), Some("555267567"));
        assert_eq!(last_digits("+--------1"), None);
    }
}
