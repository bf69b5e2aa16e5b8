//! The rules that texts, dates and lists obey: the same as those of the migrations' CHECKs.

mod format;

use async_graphql::MaybeUndefined;
use chrono::NaiveDate;
use entity::TextList;
use sea_orm::ActiveValue::{self, NotSet, Set};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::date::Date;
use crate::error::{Fault, FaultCode, FaultParams};

pub(super) use format::Kind;

use format::broken;

/// Entries of a list of texts at most.
pub const MAX_ENTRIES: usize = 100;
/// Characters of a person's first name, of the last name, and of an emergency contact at most: those of the given names of
/// one person together may be more than 100.
pub const MAX_NAME: usize = 200;
/// Characters of a postal address in one line, and of a street, at most.
pub const MAX_ADDRESS: usize = 500;
/// Characters of a list's entry at most.
pub const MAX_ENTRY_LENGTH: usize = 500;

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

    /// True when something is wrong with the field already.
    pub(super) fn blames(&self, field: &str) -> bool {
        self.faults.iter().any(|fault| fault.path.get(self.root.len()).is_some_and(|name| name == field))
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

    /// A text that a record may lack, but that is not blank where it is told: an emptied field of a form is a mistake.
    pub(super) fn not_blank(
        &mut self,
        field: &str,
        kind: Kind,
        text: &MaybeUndefined<String>,
    ) -> ActiveValue<Option<String>> {
        let kept = self.optional(field, kind, text);
        if kept == Set(None) && text.is_value() {
            self.fault(&[field], FaultCode::Required, "must not be blank: leave it out, or tell null");
        }
        kept
    }

    /// A date of birth: from 1900-01-01 to `today`.
    pub(super) fn birth_date(
        &mut self,
        field: &str,
        date: MaybeUndefined<Date>,
        today: NaiveDate,
    ) -> ActiveValue<Option<NaiveDate>> {
        match date {
            MaybeUndefined::Undefined => NotSet,
            MaybeUndefined::Null => Set(None),
            MaybeUndefined::Value(Date(date)) => {
                if date < earliest_birth() || date > today {
                    let days = FaultParams::days(Some(earliest_birth()), Some(today));
                    self.fault_with(&[field], FaultCode::OutOfRange, "must be from 1900-01-01 to today", days);
                }
                Set(Some(date))
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
                    if let Some((code, message, params)) = broken(Kind::Plain(MAX_ENTRY_LENGTH), &entry) {
                        self.fault_with(&[field, &index], code, message, params);
                    }
                    kept.push(entry);
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
        let params =
            FaultParams { expected_version: Some(expected), current_version: Some(current), ..FaultParams::default() };
        let fault = Fault::new(FaultCode::VersionConflict, self.place(field), message);
        self.faults.push(Fault { params, conflict: Some(uuid), ..fault });
        true
    }

    pub(super) fn missing<T: Into<sea_orm::Value>>(&mut self, field: &str) -> ActiveValue<T> {
        self.fault(&[field], FaultCode::Required, "must not be empty");
        NotSet
    }

    /// The text in NFC, without white space around it; nothing when it is empty.
    pub(super) fn text(&mut self, field: &str, kind: Kind, text: &str) -> Option<String> {
        let text = normal(text)?;
        if let Some((code, message, params)) = broken(kind, &text) {
            self.fault_with(&[field], code, message, params);
        }
        Some(text)
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

fn normal(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.nfc().collect())
}
