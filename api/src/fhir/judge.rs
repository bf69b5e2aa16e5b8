use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::records::import::Status;

use super::key::Link;
use super::map::{Note, NoteState, Problem, Visit};
use super::place::Place;
use super::resource::{Body, Look, Resource};
use super::survey::{Survey, Twin};

/// What became of a register.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Failed,
    Deleted,
    /// Which of the lists changed.
    Written {
        created: bool,
        lists: [bool; 3],
    },
}

/// What is known once the registers were written.
#[derive(Default)]
pub(super) struct Results {
    pub(super) institutions: HashSet<Uuid>,
    pub(super) doctors: HashSet<Uuid>,
    pub(super) registers: HashMap<Uuid, Fate>,
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

    pub(super) fn skipped(reason: &str) -> Self {
        Self { status: Status::Skipped, path: None, reason: Some(reason.to_owned()) }
    }

    pub(super) fn failed(path: Option<&str>, reason: &str) -> Self {
        Self { status: Status::Failed, path: path.map(str::to_owned), reason: Some(reason.to_owned()) }
    }

    pub(super) fn problem(problem: Problem) -> Self {
        Self { status: Status::Failed, path: Some(problem.path), reason: Some(problem.reason) }
    }
}

/// The verdict on a resource that stood in the input before; none for the first.
pub(super) fn on_twin(survey: &Survey, place: Place, resource: &Resource) -> Option<Verdict> {
    match survey.twin(resource.kind, resource.own.key, place, &resource.body) {
        Twin::First => None,
        Twin::Same => Some(Verdict::skipped("stands in the input before, with the same content")),
        Twin::Different => {
            Some(Verdict::failed(None, "stands in the input before, with other content; the first one counts"))
        }
    }
}

/// The verdict on whatever was not judged when it was written.
pub(super) fn judge(survey: &Survey, results: &Results, place: Place, look: Look) -> Option<Verdict> {
    let resource = match look {
        Look::Relevant(resource) => resource,
        Look::Other => return Some(Verdict::skipped("its type is not imported")),
        Look::Failed(path, reason) => return Some(Verdict::failed(path.as_deref(), &reason)),
    };
    if matches!(resource.body, Body::Register(_)) {
        return None;
    }
    if let Some(verdict) = on_twin(survey, place, &resource) {
        return Some(verdict);
    }
    match resource.body {
        Body::Institution(_) | Body::Doctor(_) | Body::Register(_) => None,
        Body::Visit(visit) => Some(on_visit(survey, results, &visit)),
        Body::Note(note) => Some(on_note(survey, results, &note)),
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
    if !leads_to(visit.patient, &|key| results.registers.contains_key(&key)) {
        return Verdict::failed(Some("Encounter.subject"), "refers to no patient of this import");
    }
    if !leads_to(visit.institution, &|key| results.institutions.contains(&key)) {
        let reason = "refers to no institution, neither of this import nor in the database";
        return Verdict::failed(Some("Encounter.serviceProvider"), reason);
    }
    for (index, doctor) in visit.doctors.iter().enumerate() {
        if !leads_to(*doctor, &|key| results.doctors.contains(&key)) {
            let reason = "refers to no doctor, neither of this import nor in the database";
            return Verdict::failed(Some(&format!("Encounter.participant[{index}].individual")), reason);
        }
    }
    Verdict::skipped("tells the patient's doctor and institution, and is not kept itself")
}

fn on_note(survey: &Survey, results: &Results, note: &Note) -> Verdict {
    let text = match &note.state {
        NoteState::Active(text) => text,
        NoteState::Inactive(reason) => return Verdict::skipped(reason),
        NoteState::Broken(problem) => return Verdict::problem(problem.clone()),
    };
    let patient = match note.patient {
        Link::Key { key, is_other: false } => Some(survey.resolve(key)),
        _ => None,
    };
    let fate = patient.and_then(|key| Some((key, *results.registers.get(&key)?)));
    match fate {
        None => Verdict::failed(Some(note.patient_path), "refers to no patient of this import"),
        Some((_, Fate::Failed)) => {
            Verdict::failed(Some(note.patient_path), "refers to a patient that was not imported")
        }
        Some((_, Fate::Deleted)) => Verdict::skipped("its patient's register was deleted"),
        Some((key, Fate::Written { .. })) if !survey.has_entry(key, note.list, text) => {
            Verdict::failed(None, "the register's list has 100 entries already")
        }
        Some((_, Fate::Written { created: true, .. })) => Verdict::plain(Status::Created),
        Some((_, Fate::Written { lists, .. })) if lists[note.list as usize] => Verdict::plain(Status::Updated),
        Some(_) => Verdict::plain(Status::Unchanged),
    }
}
