use std::collections::hash_map::Entry as Slot;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use uuid::Uuid;

use crate::records::import::{ImportSource, ImportedDoctor, ImportedInstitution};

use super::key::{Link, Search};
use super::map::{Mapped, Visit};
use super::place::Place;
use super::resource::{About, Body, Kind, Resource};
use super::votes::{Keys, Votes};

mod aside;
mod folders;
mod identity;
mod words;

use folders::Folder;
use identity::Identity;
use words::{Texts, Words};

/// What the first reading learns: everything that a register needs and its Patient does not say.
#[derive(Default)]
pub(super) struct Survey {
    seen: HashMap<(Kind, Uuid), Seen>,
    /// Of resources that stand in the input in several versions, the one that counts, by its number.
    chosen: HashMap<(Kind, Uuid), u64>,
    aliases: HashMap<Uuid, Uuid>,
    /// Aliases that two have.
    ambiguous: HashSet<Uuid>,
    /// Patients of unnamed servers whose ids are no UUIDs.
    people_seen: HashMap<Uuid, Identity>,
    /// Those that two people have.
    contested: HashSet<Uuid>,
    /// Keys that an identifier in the database led to.
    identified: HashSet<Uuid>,
    /// Identifiers by which resources are referred to.
    searches: HashMap<Uuid, Search>,
    pub(super) institutions: Vec<Waiting<ImportedInstitution>>,
    pub(super) doctors: Vec<Waiting<ImportedDoctor>>,
    /// Institutions that are named.
    pub(super) places: Keys,
    /// Doctors who are named.
    pub(super) people: Keys,
    practices: HashMap<Uuid, Votes>,
    /// Where doctors are said to practise.
    posts: HashMap<Uuid, Uuid>,
    /// Doctors by their roles.
    roles: HashMap<Uuid, Uuid>,
    /// Roles and medicines of the input, which are not kept themselves.
    aside: Vec<(Uuid, ImportSource)>,
    folders: HashMap<Uuid, Folder>,
    texts: Texts,
    words: Words,
    /// Which sources hold patients.
    pub(super) with_patients: HashSet<u32>,
    /// Servers that the resources come from.
    pub(super) servers: HashSet<ImportSource>,
    /// Bytes that all of this takes, about.
    weight: usize,
}

/// A record that is written once everything was read.
pub(super) struct Waiting<T> {
    pub(super) place: Place,
    pub(super) about: About,
    pub(super) mapped: Mapped<T>,
}

struct Seen {
    /// Number of the one that counts.
    chosen: u64,
    fingerprint: u64,
    version: i64,
}

/// Relation of a resource to the others of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twin {
    Chosen,
    Same,
    /// Another version of it is newer.
    Older,
    Different,
}

/// Bytes of memory, about, of what is kept of one thing.
mod weight {
    pub(super) const RESOURCE: usize = 88;
    pub(super) const ALIAS: usize = 64;
    pub(super) const FOLDER: usize = 400;
    pub(super) const VISIT: usize = 32;
    pub(super) const NOTE: usize = 8;
    pub(super) const DIRECTORY: usize = 1200;
    pub(super) const TEXT: usize = 80;
    pub(super) const CONCEPT: usize = 240;
}

impl Survey {
    /// Learns from a resource. Ends the reading when more than `memory` bytes would be kept.
    pub(super) fn add(&mut self, place: Place, about: About, resource: Resource, memory: usize) -> ControlFlow<()> {
        let key = resource.own.key;
        if resource.kind == Kind::Patient {
            self.with_patients.insert(place.source);
        }
        if self.chosen.get(&(resource.kind, key)).is_some_and(|chosen| *chosen != place.ordinal()) {
            return ControlFlow::Continue(());
        }
        if !self.servers.contains(&resource.source) {
            self.weight += weight::TEXT + resource.source.as_str().len();
            self.servers.insert(resource.source.clone());
        }
        self.doubt(&resource);
        if !self.is_first(place, &resource) {
            return ControlFlow::Continue(());
        }
        self.weight += weight::RESOURCE;
        for alias in resource.aliases {
            self.alias(alias, key);
        }
        for search in resource.searches {
            self.weight += weight::CONCEPT + search.value.len();
            self.searches.insert(search.key, search);
        }
        match resource.body {
            Body::Institution(mapped) => {
                self.weight += weight::DIRECTORY;
                self.institutions.push(Waiting { place, about, mapped });
            }
            Body::Doctor(mapped) => {
                self.weight += weight::DIRECTORY;
                self.doctors.push(Waiting { place, about, mapped });
            }
            Body::Register(mapped) => {
                mapped.references.institution.key().map(|key| self.places.number(key));
                for doctor in &mapped.references.doctors {
                    doctor.key().map(|key| self.people.number(key));
                }
            }
            Body::Post(post) => {
                self.set_aside(key, resource.source);
                self.post(key, &post);
            }
            Body::Visit(visit) => self.visit(&visit),
            Body::Note(note) => self.note(note),
            Body::Medicine(concept) => {
                self.set_aside(key, resource.source);
                self.weight += self.words.learn(key, concept);
            }
        }
        if self.weight > memory { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// True of a resource that was not seen before. Of versions that differ the newer counts.
    fn is_first(&mut self, place: Place, resource: &Resource) -> bool {
        let fingerprint = resource.body.fingerprint();
        let own = (resource.kind, resource.own.key);
        let seen = Seen { chosen: place.ordinal(), fingerprint, version: resource.version };
        match self.seen.entry(own) {
            Slot::Vacant(slot) => {
                slot.insert(seen);
                true
            }
            Slot::Occupied(mut slot) => {
                if slot.get().fingerprint != fingerprint && resource.version > slot.get().version {
                    self.chosen.insert(own, seen.chosen);
                    slot.insert(seen);
                }
                false
            }
        }
    }

    fn alias(&mut self, alias: Uuid, key: Uuid) {
        match self.aliases.entry(alias) {
            Slot::Vacant(slot) => {
                slot.insert(key);
                self.weight += weight::ALIAS;
            }
            Slot::Occupied(slot) if *slot.get() != key => {
                self.ambiguous.insert(alias);
            }
            Slot::Occupied(_) => {}
        }
    }

    /// An empty one that learns only from the versions that count, if there were several of anything: what was learned from
    /// the others cannot be forgotten.
    pub(super) fn anew(&mut self) -> Option<Self> {
        let chosen = std::mem::take(&mut self.chosen);
        if chosen.is_empty() {
            return None;
        }
        let contested = std::mem::take(&mut self.contested);
        Some(Self { chosen, contested, ..Self::default() })
    }

    /// References by identifiers that nothing in the input has.
    pub(super) fn searches(&self) -> Vec<&Search> {
        self.searches.values().filter(|search| !self.aliases.contains_key(&search.key)).collect()
    }

    /// Lets a reference by an identifier mean what the database has under it.
    pub(super) fn found(&mut self, search: Uuid, key: Uuid) {
        self.aliases.insert(search, key);
        self.identified.insert(key);
    }

    /// The record's key, where `key` is another name for it.
    pub(super) fn resolve(&self, key: Uuid) -> Uuid {
        if self.ambiguous.contains(&key) {
            return key;
        }
        self.aliases.get(&key).copied().unwrap_or(key)
    }

    /// The key of a doctor, where `key` is another name, or a role's.
    pub(super) fn doctor(&self, key: Uuid) -> Uuid {
        let key = self.resolve(key);
        let role = self.roles.get(&key).filter(|_| !self.seen.contains_key(&(Kind::Practitioner, key)));
        role.map_or(key, |doctor| self.resolve(*doctor))
    }

    pub(super) fn twin(&self, place: Place, resource: &Resource) -> Twin {
        match self.seen.get(&(resource.kind, resource.own.key)) {
            Some(seen) if seen.chosen == place.ordinal() => Twin::Chosen,
            Some(seen) if seen.fingerprint == resource.body.fingerprint() => Twin::Same,
            Some(seen) if seen.version > resource.version => Twin::Older,
            _ => Twin::Different,
        }
    }

    /// Where a doctor is said to practise, or else does most, among the known institutions.
    pub(super) fn practice(&self, doctor: Uuid, known: &HashSet<Uuid>) -> Option<Uuid> {
        let told = self.posts.get(&doctor).map(|key| self.resolve(*key));
        if let Some(told) = told.filter(|key| known.contains(key)) {
            return Some(told);
        }
        self.practices.get(&doctor)?.winner(&self.places, |key| self.resolve(key), known)
    }

    fn visit(&mut self, visit: &Visit) {
        if !visit.counts {
            return;
        }
        self.weight += weight::VISIT;
        let place = visit.institution.key();
        let numbered = place.map(|key| self.places.number(key));
        let people: Vec<Uuid> = visit.doctors.iter().filter_map(|link| link.key()).collect();
        for person in &people {
            if let Some(place) = numbered {
                self.practices.entry(*person).or_default().add(place, visit.at);
            }
        }
        let Some(patient) = visit.patient.key() else { return };
        let people: Vec<u32> = people.into_iter().map(|key| self.people.number(key)).collect();
        let folder = self.folder(patient);
        if let Some(place) = numbered {
            folder.institutions.add(place, visit.at);
        }
        for person in people {
            folder.doctors.add(person, visit.at);
        }
    }

    fn post(&mut self, role: Uuid, post: &super::map::Post) {
        let Link::Key { key: doctor, is_other: false } = post.doctor else { return };
        self.weight += weight::ALIAS;
        self.roles.insert(role, doctor);
        if let (Some(place), true) = (post.institution.key(), post.counts) {
            self.weight += weight::ALIAS;
            self.places.number(place);
            self.posts.entry(doctor).or_insert(place);
        }
    }
}
