use crate::fhir::key::{Link, Origin};
use crate::fhir::r4::{CodeableConcept, Encounter, Entry};
use crate::fhir::votes::seconds;
use crate::records::import::entry_fault;

use super::Problem;

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

/// Which list of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::fhir) enum List {
    Allergies,
    History,
    Medications,
}

/// What a resource says for a list of a patient's register.
#[derive(Debug, Hash)]
pub(in crate::fhir) struct Note {
    pub(in crate::fhir) list: List,
    pub(in crate::fhir) patient: Link,
    pub(in crate::fhir) patient_path: &'static str,
    pub(in crate::fhir) state: NoteState,
}

/// Whether it belongs into the list.
#[derive(Debug, Hash)]
pub(in crate::fhir) enum NoteState {
    /// These words do.
    Active(String),
    /// It does not, and why.
    Inactive(&'static str),
    /// It should, and cannot.
    Broken(Problem),
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

pub(in crate::fhir) fn note(origin: Origin<'_>, list: List, entry: &Entry) -> Note {
    let (patient, patient_path) = match list {
        List::Allergies => (&entry.patient, "AllergyIntolerance.patient"),
        List::History => (&entry.subject, "Condition.subject"),
        List::Medications => (&entry.subject, "MedicationRequest.subject"),
    };
    let state = match inactive(list, entry) {
        Some(reason) => NoteState::Inactive(reason),
        None => words(list, entry).map_or_else(NoteState::Broken, NoteState::Active),
    };
    Note { list, patient: origin.link(patient.as_ref(), "Patient"), patient_path, state }
}

/// Why an entry does not hold at present. Recurrence and relapse are kinds of active:
/// <https://hl7.org/fhir/R4/valueset-condition-clinical.html>.
fn inactive(list: List, entry: &Entry) -> Option<&'static str> {
    if list == List::Medications {
        return match (entry.status.as_deref(), entry.intent.as_deref()) {
            _ if entry.do_not_perform => Some("asks not to take the medication"),
            (_, Some("proposal" | "plan" | "option")) => Some("is a proposal, a plan or an option"),
            (Some("active"), _) => None,
            _ => Some("is not active"),
        };
    }
    let has = |concept: &Option<CodeableConcept>, codes: &[&str]| {
        concept.as_ref().is_some_and(|concept| concept.is_any(codes))
    };
    if has(&entry.verification_status, &["refuted", "entered-in-error"]) {
        return Some("was refuted, or entered in error");
    }
    let is_active = has(&entry.clinical_status, &["active", "recurrence", "relapse"]);
    (!is_active).then_some("is not active")
}

fn words(list: List, entry: &Entry) -> Result<String, Problem> {
    let (root, concept) = match list {
        List::Allergies => ("AllergyIntolerance.code", entry.code.as_ref()),
        List::History => ("Condition.code", entry.code.as_ref()),
        List::Medications if entry.medication_reference.is_some() => {
            ("MedicationRequest.medicationReference", contained_medication(entry))
        }
        List::Medications => {
            ("MedicationRequest.medicationCodeableConcept", entry.medication_codeable_concept.as_ref())
        }
    };
    let display = entry.medication_reference.as_ref().and_then(|reference| reference.display.as_deref());
    let display = display.map(str::trim).filter(|display| !display.is_empty());
    let Some(words) = display.or_else(|| concept.and_then(CodeableConcept::words)) else {
        return Err(Problem::new(root, "has no text and no display text"));
    };
    match entry_fault(words) {
        Some(fault) => Err(Problem::new(root, fault.message)),
        None => Ok(words.to_owned()),
    }
}

fn contained_medication(entry: &Entry) -> Option<&CodeableConcept> {
    let id = entry.medication_reference.as_ref()?.target.as_deref()?.strip_prefix('#')?;
    entry.contained.iter().find(|contained| contained.id.as_deref() == Some(id))?.code.as_ref()
}
