use uuid::Uuid;

use crate::fhir::key::{Link, Origin};
use crate::fhir::r4::{CodeableConcept, Coding, Encounter, Entry, Medication, PractitionerRole};
use crate::fhir::votes::seconds;
use crate::records::import::{Fact as Kind, ImportedConcept, Rule, entry_fault, fault_of};

use super::Problem;
use super::code::{ALLERGY_CERTAINTY, ALLERGY_CLINICAL, CONDITION_CERTAINTY, CONDITION_CLINICAL};
use super::coded::{Coded, Own, allergy, condition, medication};
use super::person::DOCTORS;
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

impl List {
    /// Kind of record that has its entries.
    pub(in crate::fhir) const fn kind(self) -> Kind {
        match self {
            Self::Allergies => Kind::Allergy,
            Self::History => Kind::Condition,
            Self::Medications => Kind::Medication,
        }
    }
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
    /// The resource that says what is taken, where that is one of its own.
    pub(in crate::fhir) medication: Option<Uuid>,
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
        patient: origin.link(encounter.subject.as_ref(), &["Patient"]),
        institution: origin.link(encounter.service_provider.as_ref(), &["Organization"]),
        doctors: people.map(|person| origin.link(person, DOCTORS)).collect(),
        at: at.map_or(i64::MIN, seconds),
        counts: !matches!(encounter.status.as_deref(), Some("cancelled" | "entered-in-error")),
    }
}

pub(in crate::fhir) fn post(origin: Origin<'_>, role: &PractitionerRole) -> Post {
    Post {
        doctor: origin.link(role.practitioner.as_ref(), &["Practitioner"]),
        institution: origin.link(role.organization.as_ref(), &["Organization"]),
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
        None => named(origin, list, entry)
            .and_then(|(concept, medication)| {
                let mut fact = fact(list, entry, Own { uuid, source: origin.source(), today: origin.today }, concept)?;
                fact.left_out.extend(code_left_out(list, entry));
                Ok(Fact { medication, ..fact })
            })
            .map_or_else(NoteState::Broken, |fact| NoteState::Whole(Box::new(fact))),
    };
    Note { list, patient: origin.link(patient.as_ref(), &["Patient"]), patient_path, state }
}

fn fact(list: List, entry: &Entry, own: Own, concept: ImportedConcept) -> Result<Fact, Problem> {
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
    if !entry.modifier_extension.is_empty() {
        return Some(NotTaken("has a modifierExtension, which may turn into its opposite what it says"));
    }
    if list == List::Medications {
        return match (entry.status.as_deref(), entry.intent.as_deref()) {
            (Some("entered-in-error"), _) => Some(IN_ERROR),
            _ if entry.do_not_perform => Some(NotTaken("asks not to take the medication")),
            (_, Some("proposal" | "plan" | "option")) => Some(NotTaken("is a proposal, a plan or an option")),
            _ => None,
        };
    }
    let certainty = if list == List::Allergies { ALLERGY_CERTAINTY } else { CONDITION_CERTAINTY };
    match entry.verification_status.as_ref().and_then(|status| status.code_of(certainty)) {
        Some("entered-in-error") => return Some(IN_ERROR),
        Some("refuted") => return Some(Withdrawn("was refuted")),
        Some("differential") => return Some(NotTaken("is one of several possible diagnoses")),
        _ => {}
    }
    let clinical = if list == List::Allergies { ALLERGY_CLINICAL } else { CONDITION_CLINICAL };
    let says_nothing = entry.clinical_status.as_ref().is_none_or(|status| status.code_of(clinical).is_none());
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

/// Concept of an entry, and the resource that says more of it. Words may be missing where there is a code, or such a resource.
fn named(origin: Origin<'_>, list: List, entry: &Entry) -> Result<(ImportedConcept, Option<Uuid>), Problem> {
    let (root, concept) = concept(list, entry);
    let reference = entry.medication_reference.as_ref().filter(|_| list == List::Medications);
    let medication = origin.link(reference, &["Medication"]).key().filter(|_| concept.is_none());
    let shown = reference.and_then(|reference| reference.display.as_deref());
    let shown = shown.map(str::trim).filter(|display| !display.is_empty());
    let told = concept.map(coded).unwrap_or_default();
    let display = shown.map_or(told.display.clone(), in_one_line);
    if display.is_empty() && told.code.is_none() && medication.is_none() {
        return Err(Problem::new(root, "has no text, no display text and no code of a system"));
    }
    if let Some(fault) = entry_fault(&display).filter(|_| !display.is_empty()) {
        return Err(Problem::new(root, fault.message));
    }
    Ok((ImportedConcept { display, ..told }, medication))
}

/// A code that cannot be kept, beside the words that can.
fn code_left_out(list: List, entry: &Entry) -> Option<Problem> {
    let (root, concept) = concept(list, entry);
    let reason = best_coding(concept?).and_then(fault)?;
    Some(Problem::new(format!("{root}.coding"), format!("was left out: {reason}")))
}

/// Concept with code and words; the words are empty where it has a code alone.
fn coded(concept: &CodeableConcept) -> ImportedConcept {
    let coding = best_coding(concept).filter(|coding| fault(coding).is_none());
    ImportedConcept {
        code: coding.and_then(|coding| coding.system.clone().zip(coding.code.clone())),
        name: coding.and_then(|coding| coding.display.as_deref()).map(in_one_line).filter(|name| !name.is_empty()),
        display: concept.words().map(in_one_line).unwrap_or_default(),
    }
}

/// Reason why a code cannot be kept.
pub(super) fn fault(coding: &Coding) -> Option<String> {
    let broken = |rule: Rule, text: &Option<String>| fault_of(rule, text.as_deref()?);
    broken(Rule::System, &coding.system).or_else(|| broken(Rule::Code, &coding.code)).map(|fault| fault.message)
}

/// Concept of a Medication that requests name; none of one that was an error.
pub(in crate::fhir) fn medicine(medication: &Medication) -> Option<ImportedConcept> {
    let is_wrong = medication.status.as_deref() == Some("entered-in-error");
    let concept = medication.code.as_ref().filter(|_| !is_wrong).map(coded)?;
    (concept.code.is_some() || !concept.display.is_empty()).then_some(concept)
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
