//! Names of things: by themselves, by another resource, or by the catalogue.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use crate::fhir::map::List;
use crate::records::import::ImportedConcept;

use super::{Survey, weight};

/// A code system and a code of it.
type Coding = (String, String);

/// Names of codes and medicines that the import knows.
#[derive(Default)]
pub(super) struct Words {
    /// Medications of the input.
    medications: HashMap<Uuid, ImportedConcept>,
    /// Names of codes in the input.
    told: HashMap<Coding, Arc<str>>,
    /// Names that the catalogues have for codes that stand alone.
    known: HashMap<Coding, String>,
    deferred: Vec<Unworded>,
}

/// Fact whose words are known once everything was read.
pub(super) struct Unworded {
    pub(super) patient: Uuid,
    /// True of what stands in the register's list.
    pub(super) is_active: bool,
    pub(super) list: List,
    pub(super) medication: Option<Uuid>,
    pub(super) concept: ImportedConcept,
}

impl Words {
    /// Keeps what a Medication says; the bytes that it takes.
    pub(super) fn learn(&mut self, key: Uuid, concept: Option<ImportedConcept>) -> usize {
        let Some(concept) = concept else { return 0 };
        let heard = self.hear(&concept);
        let size = weight::CONCEPT + concept.display.len();
        self.medications.insert(key, concept);
        heard + size
    }

    /// Keeps what a code is called; the bytes that it takes.
    pub(super) fn hear(&mut self, concept: &ImportedConcept) -> usize {
        let (Some(coding), Some(name)) = (&concept.code, &concept.name) else { return 0 };
        if self.told.contains_key(coding) {
            return 0;
        }
        self.told.insert(coding.clone(), name.as_str().into());
        weight::CONCEPT + name.len()
    }

    /// Keeps what waits for its words; the bytes that it takes.
    pub(super) fn defer(&mut self, waiting: Unworded) -> usize {
        let size = weight::CONCEPT + waiting.concept.display.len();
        self.deferred.push(waiting);
        size
    }

    pub(super) fn take_deferred(&mut self) -> Vec<Unworded> {
        std::mem::take(&mut self.deferred)
    }
}

impl Survey {
    /// Concept with its words: its own, or those of the Medication that it names, or those of the catalogue, or
    /// those by which the input calls its code elsewhere, or else the code. None where nothing tells.
    pub(in crate::fhir) fn concept(&self, told: &ImportedConcept, medication: Option<Uuid>) -> Option<ImportedConcept> {
        let mut concept = told.clone();
        if let Some(found) = medication.and_then(|key| self.words.medications.get(&self.resolve(key))) {
            let display = if told.display.is_empty() { found.display.clone() } else { told.display.clone() };
            concept = ImportedConcept { display, ..found.clone() };
        }
        if concept.display.is_empty() {
            let coding = concept.code.as_ref()?;
            let known = self.words.known.get(coding).filter(|name| **name != coding.1).map(String::as_str);
            let name = known.or_else(|| self.words.told.get(coding).map(AsRef::as_ref)).unwrap_or(&coding.1).to_owned();
            concept.name.get_or_insert_with(|| name.clone());
            concept.display = name;
        }
        Some(concept)
    }

    /// Medications that requests name and that the input does not hold.
    pub(super) fn unknown_medicines(&self) -> impl Iterator<Item = Uuid> {
        let named = self.words.deferred.iter().filter_map(|waiting| Some(self.resolve(waiting.medication?)));
        named.filter(|key| !self.words.medications.contains_key(key))
    }

    /// Concept of a Medication of the input.
    pub(super) fn medicine(&self, key: Uuid) -> Option<&ImportedConcept> {
        self.words.medications.get(&key)
    }

    /// Codes without words of what patients have (true) or take (false).
    pub(in crate::fhir) fn unnamed(&self) -> [Vec<Coding>; 2] {
        let of = |is_wanted: fn(List) -> bool| {
            let waiting = self.words.deferred.iter().filter(|waiting| is_wanted(waiting.list));
            waiting.filter_map(|waiting| self.bare(waiting)).collect()
        };
        [of(|list| list != List::Medications), of(|list| list == List::Medications)]
    }

    fn bare(&self, waiting: &Unworded) -> Option<Coding> {
        let named = waiting.medication.and_then(|key| self.words.medications.get(&self.resolve(key)));
        let concept = named.unwrap_or(&waiting.concept);
        concept.code.clone().filter(|_| concept.display.is_empty())
    }

    /// Keeps what a catalogue calls codes.
    pub(in crate::fhir) fn name(&mut self, names: HashMap<Coding, String>) {
        self.words.known.extend(names);
    }
}

/// Texts that are said of many patients, kept once.
#[derive(Default)]
pub(super) struct Texts {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Texts {
    pub(super) fn number(&mut self, text: &str, weight: &mut usize) -> u32 {
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

    pub(super) fn get(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(AsRef::as_ref)
    }

    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }
}
