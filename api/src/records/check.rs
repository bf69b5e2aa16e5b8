//! The rules that texts, dates and lists obey: the same as those of the migrations' CHECKs.

use async_graphql::MaybeUndefined;
use chrono::NaiveDate;
use entity::TextList;
use sea_orm::ActiveValue::{self, NotSet, Set};
use uuid::Uuid;

use crate::date::Date;
use crate::error::{Fault, FaultCode, FaultParams};

/// Entries of a list of texts at most.
pub const MAX_ENTRIES: usize = 100;
/// Characters of a list's entry at most.
pub const MAX_ENTRY_LENGTH: usize = 500;
/// Characters of an email address at most (RFC 5321, section 4.5.3.1.3, less the angle brackets).
pub(super) const MAX_EMAIL_LENGTH: usize = 254;
/// Characters before the `@` of an email address at most (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_PART_LENGTH: usize = 64;

/// Texts without control characters, as a regular expression (ECMA-262).
const NO_CONTROLS: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// Texts that may be phone numbers.
const PHONE: &str = r"^[+\-() ]*[0-9][0-9+\-() ]*$";
/// Email addresses, but for how long the part before the `@` may be.
const EMAIL: &str = r"^[!-\-/-?A-~]+(\.[!-\-/-?A-~]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$";

/// What kind of text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Words, of so many characters at most.
    Plain(usize),
    /// An email address.
    Email,
    /// A phone number.
    Phone,
    /// Exactly so many letters from A to Z.
    Letters(usize),
    /// Exactly so many digits.
    Digits(usize),
    /// What an entry of a code system is known by: printable ASCII without spaces, of so many characters at most.
    Code(usize),
    /// A region's code: the two letters of its country, a hyphen, and one to three letters or digits (ISO 3166-2).
    Subdivision,
    /// A country's calling code: `+` and one to three digits (ITU-T E.164).
    CallingCode,
    /// One to so many digits.
    DigitsUpTo(usize),
}

/// Collects every broken rule of one input, each with its path.
#[derive(Clone, Debug)]
pub(super) struct Check {
    root: Vec<String>,
    faults: Vec<Fault>,
}

impl Check {
    /// For an input at `root`, such as `["input", "items", "3"]`.
    pub(super) fn new<S: Into<String>>(root: impl IntoIterator<Item = S>) -> Self {
        Self { root: root.into_iter().map(Into::into).collect(), faults: Vec::new() }
    }

    /// A broken rule of the field at `path` below the root.
    pub(super) fn fault(&mut self, path: &[&str], code: FaultCode, message: impl Into<String>) {
        self.fault_with(path, code, message, FaultParams::default());
    }

    /// A broken rule of the field at `path` below the root, and the rule's limits.
    pub(super) fn fault_with(
        &mut self,
        path: &[&str],
        code: FaultCode,
        message: impl Into<String>,
        params: FaultParams,
    ) {
        let path = self.root.iter().cloned().chain(path.iter().map(ToString::to_string));
        self.faults.push(Fault { params, ..Fault::new(code, path, message) });
    }

    /// Where a field stands.
    pub(super) fn place(&self, field: &str) -> Vec<String> {
        self.root.iter().cloned().chain([field.to_owned()]).collect()
    }

    /// Adds what was found in a part of the input.
    pub(super) fn adopt(&mut self, part: Self) {
        let root = &self.root;
        self.faults.extend(
            part.faults
                .into_iter()
                .map(|fault| Fault { path: root.iter().cloned().chain(fault.path).collect(), ..fault }),
        );
    }

    /// What was found so far.
    #[must_use]
    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Whether nothing was found so far.
    #[must_use]
    pub(super) const fn passed(&self) -> bool {
        self.faults.is_empty()
    }

    /// A text that a record must have.
    pub(super) fn required(&mut self, field: &str, kind: Kind, text: &MaybeUndefined<String>) -> ActiveValue<String> {
        match text {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => self.missing(field),
            MaybeUndefined::Value(text) => match self.text(field, kind, text) {
                Some(text) => Set(text),
                None => self.missing(field),
            },
        }
    }

    /// A text that a record may lack. An empty one is no value.
    pub(super) fn optional(
        &mut self,
        field: &str,
        kind: Kind,
        text: &MaybeUndefined<String>,
    ) -> ActiveValue<Option<String>> {
        match text {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => Set(None),
            MaybeUndefined::Value(text) => Set(self.text(field, kind, text)),
        }
    }

    /// A date of birth: from 1900-01-01 to `today`.
    pub(super) fn birth_date(
        &mut self,
        field: &str,
        date: MaybeUndefined<Date>,
        today: NaiveDate,
    ) -> ActiveValue<NaiveDate> {
        match date {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => self.missing(field),
            MaybeUndefined::Value(Date(date)) => {
                if date < earliest_birth() || date > today {
                    let days = FaultParams::days(Some(earliest_birth()), Some(today));
                    self.fault_with(&[field], FaultCode::OutOfRange, "must be from 1900-01-01 to today", days);
                }
                Set(date)
            }
        }
    }

    /// A date of death: not after `today`. Whether it follows the birth is for who knows both.
    pub(super) fn death_date(
        &mut self,
        field: &str,
        date: MaybeUndefined<Date>,
        today: NaiveDate,
    ) -> ActiveValue<Option<NaiveDate>> {
        match date {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => Set(None),
            MaybeUndefined::Value(Date(date)) => {
                if date > today {
                    let days = FaultParams::days(None, Some(today));
                    self.fault_with(&[field], FaultCode::OutOfRange, "must not be in the future", days);
                }
                Set(Some(date))
            }
        }
    }

    /// A list of texts. Null means none.
    pub(super) fn texts(&mut self, field: &str, list: &MaybeUndefined<Vec<String>>) -> ActiveValue<TextList> {
        let list = match list {
            MaybeUndefined::Undefined => return NotSet,
            MaybeUndefined::Null => return Set(TextList::default()),
            MaybeUndefined::Value(list) => list,
        };
        if list.len() > MAX_ENTRIES {
            let message = format!("must have at most {MAX_ENTRIES} entries");
            self.fault_with(&[field], FaultCode::TooMany, message, FaultParams::at_most(MAX_ENTRIES));
            return NotSet;
        }
        let mut kept = Vec::with_capacity(list.len());
        for (index, entry) in list.iter().enumerate() {
            let index = index.to_string();
            match normal(entry) {
                None => self.fault(&[field, &index], FaultCode::Required, "an entry must not be empty"),
                Some(entry) => {
                    if let Some((code, message, params)) = broken(Kind::Plain(MAX_ENTRY_LENGTH), entry) {
                        self.fault_with(&[field, &index], code, message, params);
                    }
                    kept.push(entry.to_owned());
                }
            }
        }
        Set(TextList(kept))
    }

    /// A reference that a record must have.
    pub(super) fn reference(&mut self, field: &str, key: &MaybeUndefined<Uuid>) -> ActiveValue<Uuid> {
        match key {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => self.missing(field),
            MaybeUndefined::Value(key) => Set(*key),
        }
    }

    /// `expectedVersion` against the version of the record with this key; `differing` names the fields that the caller would
    /// have changed.
    pub(super) fn version(
        &mut self,
        record: (Uuid, i32),
        expected: Option<i32>,
        differing: impl FnOnce() -> Vec<String>,
    ) {
        if self.expect("expectedVersion", record, expected)
            && let Some(fault) = self.faults.last_mut()
        {
            fault.params.differing_fields = Some(differing());
        }
    }

    /// The version that a field expects against that of a record. Returns whether they differ.
    pub(super) fn expect(&mut self, field: &str, (uuid, current): (Uuid, i32), expected: Option<i32>) -> bool {
        let Some(expected) = expected.filter(|expected| *expected != current) else { return false };
        let message = format!("the record has changed since: it is now at version {current}; nothing was written");
        let params = FaultParams {
            expected_version: Some(expected),
            current_version: Some(current),
            ..FaultParams::default()
        };
        let fault = Fault::new(FaultCode::VersionConflict, self.place(field), message);
        self.faults.push(Fault { params, conflict: Some(uuid), ..fault });
        true
    }

    pub(super) fn missing<T: Into<sea_orm::Value>>(&mut self, field: &str) -> ActiveValue<T> {
        self.fault(&[field], FaultCode::Required, "must not be empty");
        NotSet
    }

    /// The text without white space around it; nothing when it is empty.
    pub(super) fn text(&mut self, field: &str, kind: Kind, text: &str) -> Option<String> {
        let text = normal(text)?;
        if let Some((code, message, params)) = broken(kind, text) {
            self.fault_with(&[field], code, message, params);
        }
        Some(text.to_owned())
    }
}

/// A reference that a record may lack.
pub(super) fn optional_reference(key: &MaybeUndefined<Uuid>) -> ActiveValue<Option<Uuid>> {
    match key {
        MaybeUndefined::Undefined => NotSet,
        MaybeUndefined::Null => Set(None),
        MaybeUndefined::Value(key) => Set(Some(*key)),
    }
}

fn earliest_birth() -> NaiveDate {
    NaiveDate::from_ymd_opt(1900, 1, 1).expect("the first of January 1900 is a day")
}

fn normal(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

/// The rule that a text breaks, if it breaks one, and the rule's limits.
fn broken(kind: Kind, text: &str) -> Option<(FaultCode, String, FaultParams)> {
    let length = text.chars().count();
    if text.chars().any(char::is_control) {
        let pattern = FaultParams::matching(NO_CONTROLS);
        return Some((FaultCode::InvalidFormat, "must not have control characters".to_owned(), pattern));
    }
    let too_long = |max| (FaultCode::TooLong, format!("must have at most {max} characters"), FaultParams::at_most(max));
    match kind {
        Kind::Plain(max) | Kind::Code(max) if length > max => Some(too_long(max)),
        Kind::Email if length > MAX_EMAIL_LENGTH => Some(too_long(MAX_EMAIL_LENGTH)),
        Kind::Phone => broken_phone(text, length),
        Kind::Plain(_)
        | Kind::Email
        | Kind::Letters(_)
        | Kind::Digits(_)
        | Kind::DigitsUpTo(_)
        | Kind::Code(_)
        | Kind::Subdivision
        | Kind::CallingCode => {
            let (is_valid, message) = format_of(kind, text, length);
            let params = pattern(kind).map(FaultParams::matching).unwrap_or_default();
            (!is_valid).then_some((FaultCode::InvalidFormat, message, params))
        }
    }
}

/// Tells whether a text is written as its kind must be, and how that is.
fn format_of(kind: Kind, text: &str, length: usize) -> (bool, String) {
    let is_upper = |c: char| c.is_ascii_uppercase();
    let is_digits = || text.chars().all(|c| c.is_ascii_digit());
    match kind {
        Kind::Plain(_) | Kind::Phone => (true, String::new()),
        Kind::Email => (is_email(text), "must be an email address, such as name@example.org".to_owned()),
        Kind::Letters(exact) => {
            (length == exact && text.chars().all(is_upper), format!("must be {exact} letters from A to Z"))
        }
        Kind::Digits(exact) => (length == exact && is_digits(), format!("must be {exact} digits")),
        Kind::DigitsUpTo(max) => (length <= max && is_digits(), format!("must be 1 to {max} digits")),
        Kind::CallingCode => {
            let is_valid = text.strip_prefix('+').is_some_and(|digits| {
                (1..=3).contains(&digits.len())
                    && !digits.starts_with('0')
                    && digits.chars().all(|c| c.is_ascii_digit())
            });
            (is_valid, "must be + and one to three digits, such as +1".to_owned())
        }
        Kind::Subdivision => {
            let is_own =
                |own: &str| (1..=3).contains(&own.len()) && own.chars().all(|c| is_upper(c) || c.is_ascii_digit());
            let parts = text.split_once('-');
            let is_valid =
                parts.is_some_and(|(country, own)| country.len() == 2 && country.chars().all(is_upper) && is_own(own));
            (is_valid, "must be a code of ISO 3166-2, such as US-MA".to_owned())
        }
        Kind::Code(_) => (
            text.chars().all(|c| c.is_ascii_graphic()),
            "must consist of letters, digits and signs of ASCII".to_owned(),
        ),
    }
}

/// Regular expression (ECMA-262) that the texts of a kind match, where there is one.
fn pattern(kind: Kind) -> Option<String> {
    Some(match kind {
        Kind::Plain(_) => return None,
        Kind::Email => EMAIL.to_owned(),
        Kind::Phone => PHONE.to_owned(),
        Kind::Letters(exact) => format!("^[A-Z]{{{exact}}}$"),
        Kind::Digits(exact) => format!("^[0-9]{{{exact}}}$"),
        Kind::DigitsUpTo(max) => format!("^[0-9]{{1,{max}}}$"),
        Kind::CallingCode => r"^\+[1-9][0-9]{0,2}$".to_owned(),
        Kind::Subdivision => "^[A-Z]{2}-[A-Z0-9]{1,3}$".to_owned(),
        Kind::Code(_) => "^[!-~]*$".to_owned(),
    })
}

fn broken_phone(text: &str, length: usize) -> Option<(FaultCode, String, FaultParams)> {
    let allowed = |c: char| c.is_ascii_digit() || "+-() ".contains(c);
    if !text.chars().all(allowed) || !text.chars().any(|c| c.is_ascii_digit()) {
        let message = "must consist of digits, + - ( ) and spaces".to_owned();
        return Some((FaultCode::InvalidFormat, message, FaultParams::matching(PHONE)));
    }
    match length {
        0..10 => Some((FaultCode::TooShort, "must have at least 10 characters".to_owned(), FaultParams::at_least(10))),
        10..=15 => None,
        _ => Some((FaultCode::TooLong, "must have at most 15 characters".to_owned(), FaultParams::at_most(15))),
    }
}

/// What mail servers deliver to: a dot-atom, or what comes close to it, before the `@` (RFC 5321, section 4.1.2), and
/// at least two labels of letters, digits and inner hyphens after it (RFC 1035, section 2.3.1).
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let dotted = |text: &str| !text.starts_with('.') && !text.ends_with('.') && !text.contains("..");
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    (1..=MAX_LOCAL_PART_LENGTH).contains(&local.len())
        && local.chars().all(|c| c.is_ascii_graphic())
        && dotted(local)
        && domain.contains('.')
        && domain.split('.').all(label)
}
