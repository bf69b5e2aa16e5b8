use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chrono::NaiveDate;
use tokio::sync::mpsc;

use crate::records::import::{ImportedRegister, MAX_CHUNK, Outcome, Status};

use super::bundle::Found;
use super::judge::{Judged, Ready, Results, Verdict, Withdrawal, judge, on_twin};
use super::key::Origin;
use super::map::Coded;
use super::place::Place;
use super::read::read;
use super::resource::{About, Body, Kind, Look, look};
use super::source::Sources;
use super::survey::{Survey, Waiting};

/// What the reading thread and the writing task share.
pub(super) struct Shared {
    pub(super) sources: Sources,
    pub(super) base: String,
    /// The day of the import.
    pub(super) today: NaiveDate,
    pub(super) read: Arc<AtomicU64>,
}

/// Outcomes that are sent from thread to task at once.
const BATCH: usize = 256;

/// What the second reading sends.
pub(super) enum Event {
    Registers(Vec<Waiting<ImportedRegister>>),
    Outcomes(Vec<Outcome>),
}

/// What the third reading sends.
pub(super) enum Rest {
    /// Records of one kind.
    Facts(Vec<Ready>),
    /// What was wrong, all of one kind.
    Withdrawals(Vec<Withdrawal>),
    Outcomes(Vec<Outcome>),
}

const fn told(verdict: Verdict) -> Judged {
    Judged::Told(verdict)
}

/// What waits to be sent.
#[derive(Default)]
struct Batches {
    facts: [Vec<Ready>; 3],
    withdrawals: [Vec<Withdrawal>; 3],
    outcomes: Vec<Outcome>,
}

impl Batches {
    fn add(&mut self, ready: Ready) -> Option<Rest> {
        let kind = match ready.record {
            Coded::Allergy(_) => 0,
            Coded::Condition(_) => 1,
            Coded::Medication(_) => 2,
        };
        self.facts[kind].push(ready);
        (self.facts[kind].len() >= MAX_CHUNK).then(|| Rest::Facts(std::mem::take(&mut self.facts[kind])))
    }

    fn add_withdrawal(&mut self, withdrawal: Withdrawal) -> Option<Rest> {
        let waiting = &mut self.withdrawals[withdrawal.list as usize];
        waiting.push(withdrawal);
        (waiting.len() >= MAX_CHUNK).then(|| Rest::Withdrawals(std::mem::take(waiting)))
    }

    fn add_outcome(&mut self, outcome: Outcome) -> Option<Rest> {
        self.outcomes.push(outcome);
        (self.outcomes.len() >= BATCH).then(|| Rest::Outcomes(std::mem::take(&mut self.outcomes)))
    }

    fn into_rest(self) -> Vec<Rest> {
        let facts = self.facts.into_iter().filter(|facts| !facts.is_empty()).map(Rest::Facts);
        let withdrawals = self.withdrawals.into_iter().filter(|waiting| !waiting.is_empty()).map(Rest::Withdrawals);
        facts.chain(withdrawals).chain([Rest::Outcomes(self.outcomes)]).collect()
    }
}

const CONTESTED: &str = "two people have this id in the input, which does not name their servers; nothing of either was written. Import them by themselves, and name the server of each (base)";

impl Shared {
    pub(super) fn each(
        &self,
        wanted: impl Fn(u32) -> bool,
        visitor: &mut dyn FnMut(Place, Found<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        for (index, source) in (0..).zip(&self.sources.list) {
            if !wanted(index) {
                continue;
            }
            read(source, index, &self.read, &mut |place, found| {
                flow = visitor(place, found);
                flow
            });
            flow?;
        }
        flow
    }

    pub(super) fn look(&self, full_url: Option<&str>, json: &[u8]) -> (About, Look) {
        let searches = RefCell::default();
        look(json, Origin { base: &self.base, full_url, today: self.today, searches: &searches })
    }

    /// Sends every patient, and what became of those that stand in the input again.
    pub(super) fn patients(&self, survey: &Survey, events: &mpsc::Sender<Event>) {
        let mut waiting = Vec::with_capacity(MAX_CHUNK);
        let send = |event| {
            if events.blocking_send(event).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let read = self.each(|source| survey.with_patients.contains(&source), &mut |place, found| {
            let Found::Resource { full_url, json } = found else { return ControlFlow::Continue(()) };
            let (about, Look::Relevant(resource)) = self.look(full_url.as_deref(), json) else {
                return ControlFlow::Continue(());
            };
            if resource.kind != Kind::Patient {
                return ControlFlow::Continue(());
            }
            let contested = survey.is_contested(resource.own.key).then(|| Verdict::failed(None, CONTESTED));
            if let Some(verdict) = contested.or_else(|| on_twin(survey, place, &resource)) {
                return send(Event::Outcomes(vec![self.outcome(place, about, verdict)]));
            }
            if let Body::Register(mapped) = resource.body {
                waiting.push(Waiting { place, about, mapped: *mapped });
            }
            if waiting.len() < MAX_CHUNK {
                return ControlFlow::Continue(());
            }
            send(Event::Registers(std::mem::replace(&mut waiting, Vec::with_capacity(MAX_CHUNK))))
        });
        if read.is_continue() && !waiting.is_empty() {
            // Nobody listens any more when the writing has failed, which is told elsewhere.
            events.blocking_send(Event::Registers(waiting)).ok();
        }
    }

    /// Sends what is known of patients, and what became of everything else that was not judged before.
    pub(super) fn judge_all(&self, survey: &Survey, results: &Results, rest: &mpsc::Sender<Rest>) {
        let mut batches = Batches::default();
        let send = |rest_of: Rest| {
            if rest.blocking_send(rest_of).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let read = self.each(|_| true, &mut |place, found| {
            let (about, judged) = match found {
                Found::Resource { full_url, json } => {
                    judge(survey, results, place, self.look(full_url.as_deref(), json))
                }
                Found::Passed(reason) => (About::default(), Some(told(Verdict::skipped(reason)))),
                Found::Broken(reason) => (About::default(), Some(told(Verdict::failed(None, &reason)))),
            };
            match judged {
                None => ControlFlow::Continue(()),
                Some(Judged::Told(verdict)) => {
                    batches.add_outcome(self.outcome(place, about, verdict)).map_or(ControlFlow::Continue(()), send)
                }
                Some(Judged::Ready(ready)) => batches.add(*ready).map_or(ControlFlow::Continue(()), send),
                Some(Judged::Withdrawn(withdrawal)) => {
                    batches.add_withdrawal(withdrawal).map_or(ControlFlow::Continue(()), send)
                }
            }
        });
        if read.is_continue() {
            // As above.
            batches.into_rest().into_iter().try_for_each(send).is_continue();
        }
    }

    pub(super) fn outcome(&self, place: Place, about: About, verdict: Verdict) -> Outcome {
        let source = self.sources.list.get(place.source as usize);
        let is_taken = matches!(verdict.status, Status::Created | Status::Updated | Status::Unchanged);
        Outcome {
            status: verdict.status,
            resource_type: about.resource_type,
            id: about.id,
            file: source.and_then(|source| source.name()).map(str::to_owned),
            line: place.line,
            entry: place.entry,
            path: verdict.path,
            reason: verdict.reason,
            no_place_for: if is_taken { about.no_place_for } else { Vec::new() },
            shortened: if is_taken { about.shortened } else { Vec::new() },
        }
    }
}
