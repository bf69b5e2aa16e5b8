use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::records::import::{Conflict, ImportSource, KnownRegister, Status, entry_fault};

use super::key::Link;
use super::map::{Coded, Fact, List, Note, NoteState, Post, Problem, Visit};
use super::place::Place;
use super::resource::{About, Body, Look, Resource};
use super::survey::{Survey, Twin};

/// What became of a register.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Failed,
    Deleted,
    Written,
    /// It is in the database, and only its id tells that it is the one that is meant.
    Doubtful,
}

/// What is known once the registers were written.
#[derive(Default)]
pub(super) struct Results {
    pub(super) institutions: HashSet<Uuid>,
    pub(super) doctors: HashSet<Uuid>,
    /// Institutions that another source made here: what refers to one of them means another one.
    pub(super) foreign_institutions: HashSet<Uuid>,
    pub(super) registers: HashMap<Uuid, Fate>,
    /// Patients of whom the input tells without holding them.
    pub(super) known: HashMap<Uuid, KnownRegister>,
}

impl Results {
    /// Result of writing a patient's register, where there is one.
    fn fate(&self, patient: Uuid) -> Option<Fate> {
        let known = || self.known.get(&patient).map(KnownRegister::is_deleted);
        let here = |is_deleted| if is_deleted { Fate::Deleted } else { Fate::Written };
        self.registers.get(&patient).copied().or_else(|| known().map(here))
    }
}

/// What is to become of a resource.
pub(super) enum Judged {
    /// This has.
    Told(Verdict),
    /// It is to be written.
    Ready(Box<Ready>),
    /// What was written of it before is to be removed.
    Withdrawn(Withdrawal),
}

/// Something that was never true of a patient.
pub(super) struct Withdrawal {
    pub(super) place: Place,
    pub(super) about: About,
    pub(super) list: List,
    pub(super) key: Uuid,
    pub(super) source: ImportSource,
    pub(super) reason: &'static str,
    /// True where the input does not hold the patient, so that the list of the register must follow.
    pub(super) is_of_known: bool,
}

/// Something that is known of a patient, to be written.
pub(super) struct Ready {
    pub(super) place: Place,
    pub(super) about: About,
    pub(super) record: Coded,
    /// What of the resource is not kept.
    pub(super) left_out: Vec<Problem>,
    /// True where the input does not hold the patient, so that the list of the register must follow.
    pub(super) is_of_known: bool,
}

/// A status with its place and reason, where it needs them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) status: Status,
    pub(super) path: Option<String>,
    pub(super) reason: Option<String>,
}

impl Verdict {
    pub(super) const fn plain(status: Status) -> Self {
        Self { status, path: None, reason: None }
    }

    /// Of a record that no import had made.
    pub(super) fn adopted() -> Self {
        Self { reason: Some(ADOPTED.to_owned()), ..Self::plain(Status::Updated) }
    }

    pub(super) fn skipped(reason: &str) -> Self {
        Self { status: Status::Skipped, path: None, reason: Some(reason.to_owned()) }
    }

    pub(super) fn failed(path: Option<&str>, reason: &str) -> Self {
        Self { status: Status::Failed, path: path.map(str::to_owned), reason: Some(reason.to_owned()) }
    }

    pub(super) fn conflict(conflict: Conflict) -> Self {
        Self::failed(None, conflict.reason())
    }

    pub(super) fn problem(problem: Problem) -> Self {
        let path = (!problem.path.is_empty()).then_some(problem.path);
        Self { status: Status::Failed, path, reason: Some(problem.reason) }
    }

    /// The same, of a resource of which something was left out.
    pub(super) fn without(self, left_out: &[Problem]) -> Self {
        let told = |all: String, next: &Problem| format!("{all}; {}: {}", next.path, next.reason);
        match (self.status, self.reason, left_out) {
            (status, None, [first, rest @ ..]) => {
                let reason = rest.iter().fold(first.reason.clone(), told);
                Self { status, path: Some(first.path.clone()), reason: Some(reason) }
            }
            (status @ Status::Updated, Some(reason), left_out) => {
                Self { status, path: self.path, reason: Some(left_out.iter().fold(reason, told)) }
            }
            (status, reason, _) => Self { status, path: self.path, reason },
        }
    }
}

/// The verdict on a resource that stood in the input before; none for the first.
pub(super) fn on_twin(survey: &Survey, place: Place, resource: &Resource) -> Option<Verdict> {
    match survey.twin(place, resource) {
        Twin::Chosen => None,
        Twin::Older => {
            Some(Verdict::skipped("is an older version of a resource that the input has, too; the newest counts"))
        }
        Twin::Same => Some(Verdict::skipped("stands in the input before, with the same content")),
        Twin::Different => {
            Some(Verdict::failed(None, "stands in the input before, with other content; the first one counts"))
        }
    }
}

/// What is to become of whatever was not judged when it was written; nothing for what was.
pub(super) fn judge(
    survey: &Survey,
    results: &Results,
    place: Place,
    (about, look): (About, Look),
) -> (About, Option<Judged>) {
    let told = |about, verdict| (about, Some(Judged::Told(verdict)));
    let resource = match look {
        Look::Relevant(resource) => resource,
        Look::Other => return told(about, Verdict::skipped("its type is not imported")),
        Look::Failed(path, reason) => return told(about, Verdict::failed(path.as_deref(), &reason)),
    };
    if matches!(resource.body, Body::Register(_)) {
        return (about, None);
    }
    if let Some(verdict) = on_twin(survey, place, &resource) {
        return told(about, verdict);
    }
    match resource.body {
        Body::Institution(_) | Body::Doctor(_) | Body::Register(_) => (about, None),
        Body::Visit(visit) => told(about, on_visit(survey, results, &visit)),
        Body::Post(post) => told(about, on_post(survey, results, &post)),
        Body::Medicine(_) => {
            told(about, Verdict::skipped("tells what medication requests name, and is not kept itself"))
        }
        Body::Note(Note { state: NoteState::Withdrawn(reason), list, patient, .. }) => {
            let (key, source) = (resource.own.key, resource.source);
            let is_of_known = patient.key().is_some_and(|key| results.known.contains_key(&survey.resolve(key)));
            let withdrawal = Withdrawal { place, about: about.clone(), list, key, source, reason, is_of_known };
            (about, Some(Judged::Withdrawn(withdrawal)))
        }
        Body::Note(note) => match on_note(survey, results, note) {
            Ok((patient, Fact { record, left_out, .. })) => {
                let is_of_known = results.known.contains_key(&patient);
                let ready = Ready { place, about: about.clone(), record, left_out, is_of_known };
                (about, Some(Judged::Ready(Box::new(ready))))
            }
            Err(verdict) => told(about, verdict),
        },
    }
}

fn on_visit(survey: &Survey, results: &Results, visit: &Visit) -> Verdict {
    if !visit.counts {
        return Verdict::skipped("was cancelled, or entered in error");
    }
    let leads_to = |link: Link, known: &dyn Fn(Uuid) -> bool| match link {
        Link::Absent | Link::Key { is_other: true, .. } => true,
        Link::Nowhere => false,
        Link::Key { key, .. } => known(survey.resolve(key)),
    };
    if !leads_to(visit.patient, &|key| results.fate(key).is_some()) {
        return Verdict::failed(Some("Encounter.subject"), NO_PATIENT);
    }
    if !leads_to(visit.institution, &|key| results.institutions.contains(&key)) {
        let reason = "refers to no institution, neither of this import nor in the database";
        return Verdict::failed(Some("Encounter.serviceProvider"), reason);
    }
    for (index, doctor) in visit.doctors.iter().enumerate() {
        if !leads_to(*doctor, &|key| results.doctors.contains(&survey.doctor(key))) {
            let reason = "refers to no doctor, neither of this import nor in the database";
            return Verdict::failed(Some(&format!("Encounter.participant[{index}].individual")), reason);
        }
    }
    Verdict::skipped("tells the patient's doctor and institution, and is not kept itself")
}

const ADOPTED: &str = "was adopted: no import had made it, and imports from its server may change it from now on";

const NO_PATIENT: &str = "refers to no patient, neither of this import nor of its source in the database";

fn on_post(survey: &Survey, results: &Results, post: &Post) -> Verdict {
    if !post.counts {
        return Verdict::skipped("is not active any more");
    }
    let known = [
        ("PractitionerRole.practitioner", post.doctor, &results.doctors),
        ("PractitionerRole.organization", post.institution, &results.institutions),
    ];
    for (path, link, known) in known {
        let is_known = matches!(link, Link::Key { key, .. } if known.contains(&survey.resolve(key)));
        if !is_known && link != Link::Absent {
            return Verdict::failed(Some(path), "refers to nothing of this import or in the database");
        }
    }
    Verdict::skipped("tells where the doctor practises, and is not kept itself")
}

const DOUBTFUL: &str = "refers by its id alone to a patient in the database, and the input does not name its server: other servers may have the same id. Name the server (base)";

/// The patient and the record to write, and what is not kept; or else why there is none.
fn on_note(survey: &Survey, results: &Results, note: Note) -> Result<(Uuid, Fact), Verdict> {
    let fact = match note.state {
        NoteState::Whole(fact) => *fact,
        NoteState::NotTaken(reason) | NoteState::Withdrawn(reason) => return Err(Verdict::skipped(reason)),
        NoteState::Broken(problem) => return Err(Verdict::problem(problem)),
    };
    let patient = note.patient.key().map(|key| survey.resolve(key));
    match patient.and_then(|key| Some((key, results.fate(key)?))) {
        None => Err(Verdict::failed(Some(note.patient_path), NO_PATIENT)),
        Some((_, Fate::Failed)) => {
            Err(Verdict::failed(Some(note.patient_path), "refers to a patient that was not imported"))
        }
        Some((_, Fate::Doubtful)) => Err(Verdict::failed(Some(note.patient_path), DOUBTFUL)),
        Some((_, Fate::Deleted)) => Err(Verdict::skipped("its patient's register was deleted")),
        Some((key, Fate::Written)) => Ok((key, in_words(survey, fact, (key, note.list))?)),
    }
}

/// The same, as this patient's, with words.
fn in_words(survey: &Survey, fact: Fact, (patient, list): (Uuid, List)) -> Result<Fact, Verdict> {
    let path = fact.record.code_path();
    let Some(concept) = survey.concept(fact.record.concept(), fact.medication) else {
        return Err(Verdict::failed(
            Some(path),
            "refers to no Medication of this input, or of an earlier one from the same server, and has no display text",
        ));
    };
    if let Some(fault) = entry_fault(&concept.display) {
        return Err(Verdict::failed(Some(path), &fault.message));
    }
    let mut left_out = fact.left_out;
    if fact.is_active && !survey.has_entry(patient, list, &concept.display) {
        let reason = "was left out of the register's list, which has 100 entries already";
        left_out.push(Problem::new(path, reason));
    }
    Ok(Fact { record: fact.record.called(concept).of(patient), left_out, ..fact })
}
