use std::collections::hash_map::Entry as Slot;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use uuid::Uuid;

use crate::records::MAX_ENTRIES;
use crate::records::import::{ImportSource, ImportedDoctor, ImportedInstitution, ImportedRegister};

use super::judge::Results;
use super::key::Link;
use super::map::{List, Mapped, Note, NoteState, Post, Problem, Visit};
use super::place::Place;
use super::resource::{About, Body, Kind, Resource};
use super::votes::{Keys, Votes};

/// What the first reading learns: everything that a register needs and its Patient does not say.
#[derive(Default)]
pub(super) struct Survey {
    seen: HashMap<(Kind, Uuid), Seen>,
    aliases: HashMap<Uuid, Uuid>,
    pub(super) institutions: Vec<Waiting<ImportedInstitution>>,
    pub(super) doctors: Vec<Waiting<ImportedDoctor>>,
    /// Institutions that encounters name.
    pub(super) places: Keys,
    /// Doctors whom encounters name.
    pub(super) people: Keys,
    practices: HashMap<Uuid, Votes>,
    /// Where doctors are said to practise.
    posts: HashMap<Uuid, Uuid>,
    folders: HashMap<Uuid, Folder>,
    texts: Texts,
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
    first: u64,
    fingerprint: u64,
}

/// Whether a resource was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twin {
    First,
    Same,
    Different,
}

/// What other resources say of a patient.
#[derive(Default)]
struct Folder {
    lists: [Option<Vec<u32>>; 3],
    institutions: Votes,
    doctors: Votes,
}

/// Bytes of memory, about, of what is kept of one thing.
mod weight {
    pub(super) const RESOURCE: usize = 72;
    pub(super) const ALIAS: usize = 64;
    pub(super) const FOLDER: usize = 400;
    pub(super) const VISIT: usize = 32;
    pub(super) const NOTE: usize = 8;
    pub(super) const DIRECTORY: usize = 1200;
    pub(super) const TEXT: usize = 80;
}

impl Survey {
    /// Learns from a resource. Ends the reading when more than `memory` bytes would be kept.
    pub(super) fn add(&mut self, place: Place, about: About, resource: Resource, memory: usize) -> ControlFlow<()> {
        let key = resource.own.key;
        if resource.kind == Kind::Patient {
            self.with_patients.insert(place.source);
        }
        if !self.servers.contains(&resource.source) {
            self.weight += weight::TEXT + resource.source.as_str().len();
            self.servers.insert(resource.source.clone());
        }
        let fingerprint = resource.body.fingerprint();
        let Slot::Vacant(slot) = self.seen.entry((resource.kind, key)) else { return ControlFlow::Continue(()) };
        slot.insert(Seen { first: place.ordinal(), fingerprint });
        self.weight += weight::RESOURCE;
        for alias in resource.aliases {
            if let Slot::Vacant(slot) = self.aliases.entry(alias) {
                slot.insert(key);
                self.weight += weight::ALIAS;
            }
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
                let register = &mapped.record;
                register.institution_id.map(|key| self.places.number(key));
                register.doctor_id.map(|key| self.people.number(key));
            }
            Body::Post(post) => self.post(&post),
            Body::Visit(visit) => self.visit(&visit),
            Body::Note(note) => self.note(note),
        }
        if self.weight > memory { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn visit(&mut self, visit: &Visit) {
        if !visit.counts {
            return;
        }
        self.weight += weight::VISIT;
        let key_of = |link: Link| match link {
            Link::Key { key, is_other: false } => Some(key),
            _ => None,
        };
        let place = key_of(visit.institution);
        let numbered = place.map(|key| self.places.number(key));
        let people: Vec<Uuid> = visit.doctors.iter().filter_map(|link| key_of(*link)).collect();
        for person in &people {
            if let Some(place) = numbered {
                self.practices.entry(*person).or_default().add(place, visit.at);
            }
        }
        let Some(patient) = key_of(visit.patient) else { return };
        let people: Vec<u32> = people.into_iter().map(|key| self.people.number(key)).collect();
        let folder = self.folder(patient);
        if let Some(place) = numbered {
            folder.institutions.add(place, visit.at);
        }
        for person in people {
            folder.doctors.add(person, visit.at);
        }
    }

    fn post(&mut self, post: &Post) {
        let (Link::Key { key: doctor, is_other: false }, Link::Key { key: place, is_other: false }, true) =
            (post.doctor, post.institution, post.counts)
        else {
            return;
        };
        self.weight += weight::ALIAS;
        self.places.number(place);
        self.posts.entry(doctor).or_insert(place);
    }

    fn note(&mut self, note: Note) {
        let Link::Key { key, is_other: false } = note.patient else { return };
        let text = match note.state {
            NoteState::Whole(fact) if fact.is_active => Some(self.texts.number(&fact.words, &mut self.weight)),
            NoteState::Whole(_) | NoteState::NotTaken(_) | NoteState::Withdrawn(_) | NoteState::Broken(_) => None,
        };
        self.weight += weight::NOTE;
        let list = self.folder(key).lists[note.list as usize].get_or_insert_default();
        if let Some(text) = text
            && list.len() < MAX_ENTRIES
            && !list.contains(&text)
        {
            list.push(text);
        }
    }

    fn folder(&mut self, patient: Uuid) -> &mut Folder {
        self.folders.entry(patient).or_insert_with(|| {
            self.weight += weight::FOLDER;
            Folder::default()
        })
    }

    /// Puts together what was said under different keys of the same record. To be called once everything was read.
    pub(super) fn settle(&mut self) {
        if self.aliases.is_empty() {
            return;
        }
        let strays: Vec<Uuid> = self.folders.keys().copied().filter(|key| self.aliases.contains_key(key)).collect();
        for stray in strays {
            let Some(folder) = self.folders.remove(&stray) else { continue };
            let home = self.folders.entry(self.aliases[&stray]).or_default();
            home.institutions.absorb(&folder.institutions);
            home.doctors.absorb(&folder.doctors);
            for (list, more) in home.lists.iter_mut().zip(folder.lists) {
                let Some(more) = more else { continue };
                let list = list.get_or_insert_default();
                let new: Vec<u32> = more.into_iter().filter(|text| !list.contains(text)).collect();
                list.extend(new);
                list.truncate(MAX_ENTRIES);
            }
        }
        let strays: Vec<Uuid> = self.practices.keys().copied().filter(|key| self.aliases.contains_key(key)).collect();
        for stray in strays {
            if let Some(votes) = self.practices.remove(&stray) {
                self.practices.entry(self.aliases[&stray]).or_default().absorb(&votes);
            }
        }
    }

    /// The record's key, where `key` is another name for it.
    pub(super) fn resolve(&self, key: Uuid) -> Uuid {
        self.aliases.get(&key).copied().unwrap_or(key)
    }

    pub(super) fn twin(&self, kind: Kind, key: Uuid, place: Place, body: &Body) -> Twin {
        match self.seen.get(&(kind, key)) {
            Some(seen) if seen.first == place.ordinal() => Twin::First,
            Some(seen) if seen.fingerprint == body.fingerprint() => Twin::Same,
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

    /// Adds to a register what other resources say. What the patient names counts, where it is known.
    pub(super) fn complete(&self, mapped: &mut Mapped<ImportedRegister>, results: &Results) {
        let Results { institutions, doctors, foreign_institutions, .. } = results;
        if self.is_elsewhere(&mapped.record, institutions, foreign_institutions) {
            let reason = "belongs to an institution whose key is here that of another source's";
            mapped.problem.get_or_insert_with(|| Problem::new("Patient.managingOrganization", reason));
            return;
        }
        let register = &mut mapped.record;
        for (key, known, path) in [
            (&mut register.institution_id, institutions, "Patient.managingOrganization"),
            (&mut register.doctor_id, doctors, "Patient.generalPractitioner"),
        ] {
            let told = key.map(|key| self.resolve(key));
            *key = told.filter(|key| known.contains(key));
            if told.is_some() && key.is_none() {
                let reason = "was left out: refers to nothing of this import or in the database";
                mapped.left_out.push(Problem::new(path, reason));
            }
        }
        let Some(folder) = self.folders.get(&register.uuid) else { return };
        let list = |list: List| {
            let texts = folder.lists[list as usize].as_ref()?;
            Some(texts.iter().filter_map(|text| self.texts.get(*text)).map(str::to_owned).collect())
        };
        register.allergies = list(List::Allergies);
        register.medical_history = list(List::History);
        register.current_medications = list(List::Medications);
        let resolve = |key| self.resolve(key);
        register.institution_id =
            register.institution_id.or_else(|| folder.institutions.winner(&self.places, resolve, institutions));
        register.doctor_id = register.doctor_id.or_else(|| folder.doctors.winner(&self.people, resolve, doctors));
    }

    /// Whether a register belongs to an institution that this import must not take for its own.
    fn is_elsewhere(&self, register: &ImportedRegister, known: &HashSet<Uuid>, foreign: &HashSet<Uuid>) -> bool {
        if foreign.is_empty() {
            return false;
        }
        let told = register.institution_id.map(|key| self.resolve(key));
        let candidates: HashSet<Uuid> = known.union(foreign).copied().collect();
        let voted = || {
            self.folders.get(&register.uuid)?.institutions.winner(&self.places, |key| self.resolve(key), &candidates)
        };
        told.filter(|key| candidates.contains(key)).or_else(voted).is_some_and(|key| foreign.contains(&key))
    }

    /// Whether a text found its place in a patient's list.
    pub(super) fn has_entry(&self, patient: Uuid, list: List, text: &str) -> bool {
        let folder = self.folders.get(&patient);
        let list = folder.and_then(|folder| folder.lists[list as usize].as_ref());
        list.zip(self.texts.numbers.get(text)).is_some_and(|(list, number)| list.contains(number))
    }
}

/// Texts that are said of many patients, kept once.
#[derive(Default)]
struct Texts {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Texts {
    fn number(&mut self, text: &str, weight: &mut usize) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        *weight += weight::TEXT + text.len();
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    fn get(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(AsRef::as_ref)
    }
}
