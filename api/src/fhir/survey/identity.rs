//! Telling people apart that have the same id: ids of servers that have no name prove nothing.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::fhir::resource::{Body, Resource};
use crate::records::import::ImportedRegister;

use super::{Survey, weight};

/// Marks that tell a person from another.
#[derive(PartialEq, Eq)]
pub(super) struct Identity {
    first_name: Option<String>,
    last_name: Option<String>,
    date_of_birth: Option<NaiveDate>,
}

impl Identity {
    fn of(register: &ImportedRegister) -> Self {
        let folded = |name: &Option<String>| name.as_ref().map(|name| name.to_lowercase());
        Self {
            first_name: folded(&register.first_name),
            last_name: folded(&register.last_name),
            date_of_birth: register.date_of_birth,
        }
    }

    /// True of what is evidently the same person.
    fn is(&self, other: &Self) -> bool {
        let [first, last] = [(&self.first_name, &other.first_name), (&self.last_name, &other.last_name)]
            .map(|(one, other)| one.is_some() && one == other);
        match (self.date_of_birth, other.date_of_birth) {
            (Some(one), Some(other)) => one == other && (first || last),
            _ => first && last,
        }
    }
}

impl Survey {
    /// Notes a patient whose id two people may have.
    pub(super) fn doubt(&mut self, resource: &Resource) {
        let (key, Body::Register(mapped)) = (resource.own.key, &resource.body) else { return };
        if !resource.source.is_doubtful(key) {
            return;
        }
        let identity = Identity::of(&mapped.record);
        match self.people_seen.get(&key) {
            None => {
                self.weight += weight::CONCEPT;
                self.people_seen.insert(key, identity);
            }
            Some(known) => {
                let shares_identifier = resource.aliases.iter().any(|alias| self.aliases.get(alias) == Some(&key));
                if !shares_identifier && !known.is(&identity) {
                    self.contested.insert(key);
                }
            }
        }
    }

    /// Patients whose id two people have in the input.
    pub(in crate::fhir) fn contested(&self) -> impl Iterator<Item = Uuid> {
        self.contested.iter().copied()
    }

    /// True of one of those.
    pub(in crate::fhir) fn is_contested(&self, key: Uuid) -> bool {
        self.contested.contains(&key)
    }

    /// True of a record in the database that an identifier led to.
    pub(in crate::fhir) fn is_identified(&self, key: Uuid) -> bool {
        self.identified.contains(&key)
    }
}
