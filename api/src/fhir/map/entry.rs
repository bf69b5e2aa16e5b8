use uuid::Uuid;

use crate::fhir::key::{Link, Origin};
use crate::fhir::r4::{CodeableConcept, Coding, Encounter, Entry, PractitionerRole};
use crate::fhir::votes::seconds;
use crate::records::import::{ImportSource, ImportedConcept, entry_fault};

use super::Problem;
use super::coded::{Coded, allergy, condition, medication};
use super::text::in_one_line;

/// An encounter: who met whom, where and when.
#[derive(Debug, Hash)]
pub(in crate::fhir) struct Visit {
    pub(in crate::fhir) patient: Link,
    pub(in crate::fhir) institution: Link,
    pub(in crate::fhir) doctors: Vec<Link>,
    /// Seconds since 1970.
    pub(in crate::fhir) at: i64,
    /// Whether it took place, or may yet.
    pub(in crate::fhir) counts: bool,
}

/// Where a doctor practises.
#[derive(Debug, Hash)]
pub(in crate::fhir) struct Post {
    pub(in crate::fhir) doctor: Link,
    pub(in crate::fhir) institution: Link,
    /// Whether the doctor still does.
    pub(in crate::fhir) counts: bool,
}

/// Which list of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::fhir) enum List {
    Allergies,
    History,
    Medications,
}

/// What a resource says of a patient's health.
#[derive(Debug, Hash)]
pub(in crate::fhir) struct Note {
    pub(in crate::fhir) list: List,
    pub(in crate::fhir) patient: Link,
    pub(in crate::fhir) patient_path: &'static str,
    pub(in crate::fhir) state: NoteState,
}

/// Whether it is to be recorded.
#[derive(Debug, Hash)]
pub(in crate::fhir) enum NoteState {
    /// It is.
    Whole(Box<Fact>),
    /// It is not, and why.
    NotTaken(&'static str),
    /// It was wrong, and why; if it was recorded before, that is to be undone.
    Withdrawn(&'static str),
    /// It should, and cannot.
    Broken(Problem),
}

/// Something that is known of a patient.
#[derive(Debug, Hash)]
pub(in crate::fhir) struct Fact {
    /// In words.
    pub(in crate::fhir) words: String,
    /// Whether it holds at present, and so stands in the register's list too.
    pub(in crate::fhir) is_active: bool,
    pub(in crate::fhir) record: Coded,
    /// What the record has no place for.
    pub(in crate::fhir) left_out: Vec<Problem>,
}

pub(in crate::fhir) fn visit(origin: Origin<'_>, encounter: &Encounter) -> Visit {
    let period = encounter.period.as_ref();
    let at = period.and_then(|period| period.start.as_deref().or(period.end.as_deref()));
    let people = encounter.participant.iter().map(|participant| participant.individual.as_ref());
    Visit {
        patient: origin.link(encounter.subject.as_ref(), "Patient"),
        institution: origin.link(encounter.service_provider.as_ref(), "Organization"),
        doctors: people.map(|person| origin.link(person, "Practitioner")).collect(),
        at: at.map_or(i64::MIN, seconds),
        counts: !matches!(encounter.status.as_deref(), Some("cancelled" | "entered-in-error")),
    }
}

pub(in crate::fhir) fn post(origin: Origin<'_>, role: &PractitionerRole) -> Post {
    Post {
        doctor: origin.link(role.practitioner.as_ref(), "Practitioner"),
        institution: origin.link(role.organization.as_ref(), "Organization"),
        counts: role.active != Some(false),
    }
}

pub(in crate::fhir) fn note(origin: Origin<'_>, uuid: Uuid, list: List, entry: &Entry) -> Note {
    let (patient, patient_path) = match list {
        List::Allergies => (&entry.patient, "AllergyIntolerance.patient"),
        List::History => (&entry.subject, "Condition.subject"),
        List::Medications => (&entry.subject, "MedicationRequest.subject"),
    };
    let state = match not_taken(list, entry) {
        Some(state) => state,
        None => named(list, entry)
            .and_then(|concept| fact(list, entry, (uuid, origin.source()), concept))
            .map_or_else(NoteState::Broken, |fact| NoteState::Whole(Box::new(fact))),
    };
    Note { list, patient: origin.link(patient.as_ref(), "Patient"), patient_path, state }
}

fn fact(list: List, entry: &Entry, own: (Uuid, ImportSource), concept: ImportedConcept) -> Result<Fact, Problem> {
    match list {
        List::Allergies => allergy(entry, own, concept),
        List::History => condition(entry, own, concept),
        List::Medications => medication(entry, own, concept),
    }
}

/// Why an entry says nothing of the patient's health, or nothing any more.
fn not_taken(list: List, entry: &Entry) -> Option<NoteState> {
    use NoteState::{NotTaken, Withdrawn};
    const IN_ERROR: NoteState = Withdrawn("was entered in error");
    if list == List::Medications {
        return match (entry.status.as_deref(), entry.intent.as_deref()) {
            (Some("entered-in-error"), _) => Some(IN_ERROR),
            _ if entry.do_not_perform => Some(NotTaken("asks not to take the medication")),
            (_, Some("proposal" | "plan" | "option")) => Some(NotTaken("is a proposal, a plan or an option")),
            _ => None,
        };
    }
    let has = |concept: &Option<CodeableConcept>, codes: &[&str]| {
        concept.as_ref().is_some_and(|concept| concept.is_any(codes))
    };
    if has(&entry.verification_status, &["entered-in-error"]) {
        return Some(IN_ERROR);
    }
    if has(&entry.verification_status, &["refuted"]) {
        return Some(Withdrawn("was refuted"));
    }
    if has(&entry.verification_status, &["differential"]) {
        return Some(NotTaken("is one of several possible diagnoses"));
    }
    let says_nothing = entry.clinical_status.as_ref().is_none_or(|status| status.first_code().is_none());
    says_nothing.then_some(NotTaken("does not say how it stands, in clinicalStatus"))
}

/// The code systems that R4 prefers: SNOMED CT, and `RxNorm` of medications.
const PREFERRED: [&str; 2] = ["http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"];

/// What a resource is about, and where that stands.
pub(super) fn concept(list: List, entry: &Entry) -> (&'static str, Option<&CodeableConcept>) {
    match list {
        List::Allergies => ("AllergyIntolerance.code", entry.code.as_ref()),
        List::History => ("Condition.code", entry.code.as_ref()),
        List::Medications if entry.medication_reference.is_some() => {
            ("MedicationRequest.medicationReference", contained_medication(entry))
        }
        List::Medications => {
            ("MedicationRequest.medicationCodeableConcept", entry.medication_codeable_concept.as_ref())
        }
    }
}

fn named(list: List, entry: &Entry) -> Result<ImportedConcept, Problem> {
    let (root, concept) = concept(list, entry);
    let shown = entry.medication_reference.as_ref().and_then(|reference| reference.display.as_deref());
    let shown = shown.map(str::trim).filter(|display| !display.is_empty());
    let Some(display) = shown.or_else(|| concept.and_then(CodeableConcept::words)).map(in_one_line) else {
        return Err(Problem::new(root, "has no text and no display text"));
    };
    if let Some(fault) = entry_fault(&display) {
        return Err(Problem::new(root, fault.message));
    }
    let coding = concept.and_then(best_coding);
    Ok(ImportedConcept {
        code: coding.and_then(|coding| coding.system.clone().zip(coding.code.clone())),
        name: coding.and_then(|coding| coding.display.as_deref()).map(in_one_line).filter(|name| !name.is_empty()),
        display,
    })
}

pub(super) fn best_coding(concept: &CodeableConcept) -> Option<&Coding> {
    let whole = |coding: &&Coding| {
        let is_filled = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        is_filled(&coding.system) && is_filled(&coding.code)
    };
    let preferred = |coding: &&Coding| coding.system.as_deref().is_some_and(|system| PREFERRED.contains(&system));
    let mut all = concept.coding.iter().filter(whole);
    all.clone().find(preferred).or_else(|| all.next())
}

fn contained_medication(entry: &Entry) -> Option<&CodeableConcept> {
    let id = entry.medication_reference.as_ref()?.target.as_deref()?.strip_prefix('#')?;
    entry.contained.iter().find(|contained| contained.id.as_deref() == Some(id))?.code.as_ref()
}
