//! From a resource to what `records` takes, and what else an import needs of it.

pub(super) mod code;
mod coded;
mod days;
mod entry;
mod identifiers;
mod period;
mod person;
mod reach;
mod text;
mod untaken;

pub(super) use coded::{ALLERGY_END, Coded, goes_on};
pub(super) use entry::{Fact, List, Note, NoteState, Post, Visit, medicine, note, post, visit};
pub(super) use person::{doctor, institution, register};
pub(super) use reach::{BIRTH_SEX_URL, GENDER_URL, POSITION_URL};
pub(super) use untaken::{ABSENT, of_entry, of_organization, of_patient, of_practitioner};

use crate::error::Fault;
use crate::records::import::Shortened;

use super::key::Link;

/// A record, with the places in the resource that its fields come from.
#[derive(Debug, Hash)]
pub(super) struct Mapped<T> {
    pub(super) record: T,
    places: Vec<(&'static str, String)>,
    /// What is wrong with the resource by FHIR's own rules.
    pub(super) problem: Option<Problem>,
    /// What the record has no place for.
    pub(super) left_out: Vec<Problem>,
    /// Texts that the record cannot hold whole.
    pub(super) shortened: Vec<Shortened>,
    /// References to other records, which are followed once all were read.
    pub(super) references: References,
}

/// Other records that a patient names; of other resources, none.
#[derive(Debug, Default, Hash)]
pub(super) struct References {
    /// Doctors, by the place in the resource, in its order.
    pub(super) doctors: Vec<Link>,
    /// The institution.
    pub(super) institution: Link,
    /// Patients, by their number among the links, whose records take this one's place.
    pub(super) replaced_by: Vec<(usize, Link)>,
    /// Patients, by their number among the links, whose records this one takes the place of.
    pub(super) replaces: Vec<(usize, Link)>,
}

/// What is wrong, and where in the resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Problem {
    pub(super) path: String,
    pub(super) reason: String,
}

impl Problem {
    pub(super) fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }
}

impl<T> Mapped<T> {
    /// Broken rules of the record as one problem of the resource: the place of the first, and all of the reasons.
    pub(super) fn problem(&self, faults: &[Fault]) -> Problem {
        let mut faults = faults.iter().map(|fault| Problem::new(self.place(&fault.path), fault.message.clone()));
        let first = faults.next().unwrap_or_else(|| Problem::new("", "was refused"));
        faults.fold(first, |all, next| Problem {
            reason: format!("{}; {}: {}", all.reason, next.path, next.reason),
            ..all
        })
    }

    /// Place in the resource that a field comes from.
    fn place_of<'m>(&'m self, field: &'m str) -> &'m str {
        self.places.iter().find(|(known, _)| *known == field).map_or(field, |(_, place)| place)
    }

    /// `["identifiers", "2", "value"]` comes from `Patient.identifier[2].value`.
    fn place(&self, path: &[String]) -> String {
        let field = path.first().map(String::as_str).unwrap_or_default();
        let place = self.place_of(field);
        match path.get(1..) {
            Some([index, rest @ ..]) if index.parse::<usize>().is_ok() => {
                let rest = rest.iter().map(|part| if part == "typeCode" { "type" } else { part });
                rest.fold(format!("{place}[{index}]"), |path, part| format!("{path}.{part}"))
            }
            _ => place.to_owned(),
        }
    }
}
