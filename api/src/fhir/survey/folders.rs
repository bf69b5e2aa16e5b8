use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::fhir::judge::Results;
use crate::fhir::key::Link;
use crate::fhir::map::{List, Mapped, Note, NoteState, Problem, References};
use crate::fhir::votes::Votes;
use crate::records::MAX_ENTRIES;
use crate::records::import::ImportedRegister;

use super::words::Unworded;
use super::{Survey, weight};

/// Facts about a patient from other resources.
#[derive(Default)]
pub(super) struct Folder {
    lists: [Option<Vec<u32>>; 3],
    pub(super) institutions: Votes,
    pub(super) doctors: Votes,
}

impl Folder {
    fn add(&mut self, list: List, text: u32) {
        let list = self.lists[list as usize].get_or_insert_default();
        if list.len() < MAX_ENTRIES && !list.contains(&text) {
            list.push(text);
        }
    }

    fn absorb(&mut self, other: Self) {
        self.institutions.absorb(&other.institutions);
        self.doctors.absorb(&other.doctors);
        for (list, more) in self.lists.iter_mut().zip(other.lists) {
            let Some(more) = more else { continue };
            let list = list.get_or_insert_default();
            let new: Vec<u32> = more.into_iter().filter(|text| !list.contains(text)).collect();
            list.extend(new);
            list.truncate(MAX_ENTRIES);
        }
    }
}

impl Survey {
    pub(super) fn folder(&mut self, patient: Uuid) -> &mut Folder {
        self.folders.entry(patient).or_insert_with(|| {
            self.weight += weight::FOLDER;
            Folder::default()
        })
    }

    pub(super) fn note(&mut self, note: Note) {
        let Some(key) = note.patient.key() else { return };
        self.weight += weight::NOTE;
        self.folder(key).lists[note.list as usize].get_or_insert_default();
        let NoteState::Whole(fact) = note.state else { return };
        let concept = fact.record.concept();
        self.weight += self.words.hear(concept);
        let (is_active, medication) = (fact.is_active, fact.medication);
        if medication.is_some() || concept.display.is_empty() {
            let (patient, list, concept) = (key, note.list, concept.clone());
            self.weight += self.words.defer(Unworded { patient, is_active, list, medication, concept });
        } else if is_active {
            let text = self.texts.number(&concept.display, &mut self.weight);
            self.folder(key).add(note.list, text);
        }
    }

    /// Puts together what was said under different keys of the same record. To be called once everything was read.
    pub(in crate::fhir) fn settle(&mut self) {
        for waiting in self.words.take_deferred().into_iter().filter(|waiting| waiting.is_active) {
            let Some(concept) = self.concept(&waiting.concept, waiting.medication) else { continue };
            let text = self.texts.number(&concept.display, &mut self.weight);
            self.folder(waiting.patient).add(waiting.list, text);
        }
        let strays: Vec<Uuid> = self.folders.keys().copied().filter(|key| self.resolve(*key) != *key).collect();
        for stray in strays {
            let Some(folder) = self.folders.remove(&stray) else { continue };
            let home = self.resolve(stray);
            self.folders.entry(home).or_default().absorb(folder);
        }
        let strays: Vec<Uuid> = self.practices.keys().copied().filter(|key| self.doctor(*key) != *key).collect();
        for stray in strays {
            let Some(votes) = self.practices.remove(&stray) else { continue };
            let doctor = self.doctor(stray);
            self.practices.entry(doctor).or_default().absorb(&votes);
        }
        let strays: Vec<Uuid> = self.posts.keys().copied().filter(|key| self.doctor(*key) != *key).collect();
        for stray in strays {
            let Some(place) = self.posts.remove(&stray) else { continue };
            let doctor = self.doctor(stray);
            self.posts.entry(doctor).or_insert(place);
        }
    }

    /// Patients of whom something is told, whether or not the input holds them.
    pub(in crate::fhir) fn patients_told_of(&self) -> impl Iterator<Item = Uuid> {
        self.folders.keys().copied()
    }

    /// The institution and the doctor that a patient met most, among those that are known.
    pub(in crate::fhir) fn most_met(&self, patient: Uuid, results: &Results) -> (Option<Uuid>, Option<Uuid>) {
        let Some(folder) = self.folders.get(&patient) else { return (None, None) };
        (
            folder.institutions.winner(&self.places, |key| self.resolve(key), &results.institutions),
            folder.doctors.winner(&self.people, |key| self.doctor(key), &results.doctors),
        )
    }

    /// Adds to a register what other resources say. What the patient names counts, where it is known.
    pub(in crate::fhir) fn complete(&self, mapped: &mut Mapped<ImportedRegister>, results: &Results) {
        let Results { institutions, foreign_institutions, .. } = results;
        let told = mapped.references.institution.key().map(|key| self.resolve(key));
        if self.is_elsewhere(mapped.record.uuid, told, institutions, foreign_institutions) {
            let reason = "belongs to an institution whose key is here that of another source's";
            mapped.problem.get_or_insert_with(|| Problem::new("Patient.managingOrganization", reason));
            return;
        }
        mapped.record.institution_id = told.filter(|key| institutions.contains(key));
        if mapped.record.institution_id.is_none() && mapped.references.institution != Link::Absent {
            mapped.left_out.push(Problem::new("Patient.managingOrganization", NOWHERE));
        }
        self.name_doctor(mapped, results);
        self.propose_merger(mapped);
        let (institution, doctor) = self.most_met(mapped.record.uuid, results);
        let register = &mut mapped.record;
        register.institution_id = register.institution_id.or(institution);
        register.doctor_id = register.doctor_id.or(doctor);
        let Some(folder) = self.folders.get(&register.uuid) else { return };
        let list = |list: List| {
            let texts = folder.lists[list as usize].as_ref()?;
            Some(texts.iter().filter_map(|text| self.texts.get(*text)).map(str::to_owned).collect())
        };
        register.allergies = list(List::Allergies);
        register.medical_history = list(List::History);
        register.current_medications = list(List::Medications);
    }

    /// The first doctor who is known; those before are left out.
    fn name_doctor(&self, mapped: &mut Mapped<ImportedRegister>, results: &Results) {
        for (number, link) in mapped.references.doctors.iter().enumerate() {
            let reason = match *link {
                Link::Key { key, is_other: false } => {
                    let doctor = self.doctor(key);
                    if results.doctors.contains(&doctor) {
                        mapped.record.doctor_id = Some(doctor);
                        return;
                    }
                    NOWHERE
                }
                Link::Key { is_other: true, .. } => "was left out: is no practitioner; a register names a doctor",
                Link::Absent | Link::Nowhere => "was left out: names nobody who is imported by themselves",
            };
            mapped.left_out.push(Problem::new(format!("Patient.generalPractitioner[{number}]"), reason));
        }
    }

    /// Says which registers are of the same person by the patient's own word. People merge them: an import only proposes it.
    fn propose_merger(&self, mapped: &mut Mapped<ImportedRegister>) {
        let own = mapped.record.uuid;
        let References { replaced_by, replaces, .. } = &mapped.references;
        let keep_other = replaced_by.iter().map(|(number, link)| (number, link, true));
        let all = keep_other.chain(replaces.iter().map(|(number, link)| (number, link, false)));
        let others = all.filter_map(|(number, link, keeps)| Some((number, self.resolve(link.key()?), keeps)));
        let proposed = others.filter(|(_, other, _)| *other != own).map(|(number, other, keeps_other)| {
            let (keep, merge) = if keeps_other { (other, own) } else { (own, other) };
            let reason = format!(
                "says that two registers are of the same person: if so, merge them (mergePatientRegisters, keep {keep}, merge {merge})"
            );
            Problem::new(format!("Patient.link[{number}]"), reason)
        });
        let proposed: Vec<Problem> = proposed.collect();
        mapped.left_out.extend(proposed);
    }

    /// True when a register belongs to an institution that this import must not take for its own.
    fn is_elsewhere(&self, patient: Uuid, told: Option<Uuid>, known: &HashSet<Uuid>, foreign: &HashSet<Uuid>) -> bool {
        if foreign.is_empty() {
            return false;
        }
        let candidates: HashSet<Uuid> = known.union(foreign).copied().collect();
        let folders: &HashMap<Uuid, Folder> = &self.folders;
        let voted = || folders.get(&patient)?.institutions.winner(&self.places, |key| self.resolve(key), &candidates);
        told.filter(|key| candidates.contains(key)).or_else(voted).is_some_and(|key| foreign.contains(&key))
    }

    /// True when a text found its place in a patient's list.
    pub(in crate::fhir) fn has_entry(&self, patient: Uuid, list: List, text: &str) -> bool {
        let folder = self.folders.get(&patient);
        let list = folder.and_then(|folder| folder.lists[list as usize].as_ref());
        list.zip(self.texts.find(text)).is_some_and(|(list, number)| list.contains(&number))
    }
}

const NOWHERE: &str = "was left out: refers to nothing of this import or in the database";
