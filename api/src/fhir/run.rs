use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::Cluster;
use crate::error::{Error, Result};
use crate::records::import::{self, How, ImportedRegister, MAX_CHUNK, Outcome, Put, Status, Summary};
use crate::scope::Scope;

use super::bundle::Found;
use super::judge::{Fate, Results, Verdict, judge, on_twin};
use super::key::Origin;
use super::map::Mapped;
use super::place::Place;
use super::read::read;
use super::resource::{About, Body, Kind, Look, look};
use super::source::Sources;
use super::survey::{Survey, Waiting};

/// How to import.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether to write.
    pub how: How,
    /// The server that the resources come from, where they do not say: part of the keys of ids that are no UUIDs.
    pub base: String,
    /// Bytes that the survey may keep.
    pub memory: usize,
}

/// Is told how an import goes on.
pub trait Report: Send {
    /// What became of a resource. They do not come in the order of the input.
    fn outcome(&mut self, outcome: Outcome);

    /// How far the import has come; now and then.
    fn progress(&mut self, _progress: Progress) {}
}

/// How far an import has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// Bytes read so far in this phase.
    pub read: u64,
    /// Bytes to read in this phase at most; 0 when unknown.
    pub total: u64,
}

/// What an import does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Learns who refers to whom.
    Survey,
    /// Writes registers.
    Registers,
    /// Tells what became of the rest.
    Rest,
}

/// What the reading thread and the writing task share.
struct Shared {
    sources: Sources,
    base: String,
    read: Arc<AtomicU64>,
}

/// Outcomes that are sent from thread to task at once.
const BATCH: usize = 256;

/// Imports everything in the sources. Safe to repeat, also after an interruption: what was imported before is unchanged.
///
/// # Errors
/// `Forbidden`; `Limit` when the survey would keep more than it may, before anything was written; as any write.
pub async fn import(
    scope: &Scope,
    cluster: &Cluster,
    clock: &dyn Clock,
    sources: Sources,
    options: Options,
    report: &mut dyn Report,
) -> Result<Summary> {
    import::require(scope)?;
    let shared = Arc::new(Shared { sources, base: options.base, read: Arc::default() });
    let mut run = Run { scope, cluster, clock, how: options.how, shared, report, summary: Summary::default() };
    for (path, reason) in run.shared.sources.refused.clone() {
        let about = About::default();
        let outcome =
            Outcome { file: Some(path), ..run.shared.outcome(Place::default(), about, Verdict::failed(None, &reason)) };
        run.tell(outcome);
    }
    let survey = run.survey(options.memory).await?;
    let mut results = Results::default();
    run.institutions(&survey, &mut results).await?;
    run.doctors(&survey, &mut results).await?;
    run.registers(&survey, &mut results).await?;
    run.rest(survey, results).await?;
    Ok(run.summary)
}

struct Run<'r> {
    scope: &'r Scope,
    cluster: &'r Cluster,
    clock: &'r dyn Clock,
    how: How,
    shared: Arc<Shared>,
    report: &'r mut dyn Report,
    summary: Summary,
}

impl Run<'_> {
    fn tell(&mut self, outcome: Outcome) {
        self.summary.add(&outcome);
        self.report.outcome(outcome);
    }

    fn tell_all(&mut self, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            self.tell(outcome);
        }
    }

    async fn survey(&mut self, memory: usize) -> Result<Arc<Survey>> {
        let (results, mut receiver) = mpsc::channel(1);
        let shared = Arc::clone(&self.shared);
        let reading = tokio::task::spawn_blocking(move || {
            let mut survey = Survey::default();
            let whole = shared.each(|_| true, &mut |place, found| match found {
                Found::Resource { full_url, json } => match shared.look(full_url.as_deref(), json) {
                    (about, Look::Relevant(resource)) => survey.add(place, about, *resource, memory),
                    _ => ControlFlow::Continue(()),
                },
                Found::Empty | Found::Broken(_) => ControlFlow::Continue(()),
            });
            survey.settle();
            // Whoever waited for it may be gone.
            results.blocking_send((survey, whole)).ok();
        });
        let surveyed = self.next(&mut receiver, Phase::Survey).await;
        reading.await.map_err(Error::internal)?;
        match surveyed {
            Some((survey, ControlFlow::Continue(()))) => Ok(Arc::new(survey)),
            Some((_, ControlFlow::Break(()))) => Err(Error::Limit(format!(
                "the input refers to more records than one import can keep in mind ({} MiB); nothing was written. Import fewer files at a time",
                memory >> 20
            ))),
            None => Err(Error::internal("the survey was lost")),
        }
    }

    /// The next message; tells the progress while waiting.
    async fn next<T>(&mut self, receiver: &mut mpsc::Receiver<T>, phase: Phase) -> Option<T> {
        loop {
            match tokio::time::timeout(Duration::from_millis(200), receiver.recv()).await {
                Ok(message) => return message,
                Err(_) => self.report.progress(Progress {
                    phase,
                    read: self.shared.read.load(Ordering::Relaxed),
                    total: self.shared.sources.size(),
                }),
            }
        }
    }

    async fn institutions(&mut self, survey: &Survey, results: &mut Results) -> Result<()> {
        for chunk in survey.institutions.chunks(MAX_CHUNK) {
            let records = chunk.iter().map(|waiting| waiting.mapped.record.clone()).collect();
            let puts = import::institutions(self.scope, self.cluster, self.how, records).await?;
            for (waiting, put) in chunk.iter().zip(puts) {
                if self.tell_of(waiting, put) {
                    results.institutions.insert(waiting.mapped.record.uuid);
                }
            }
        }
        let unknown = unknown(survey, survey.places.all(), &results.institutions);
        results.institutions.extend(import::known_institutions(self.scope, self.cluster, unknown).await?);
        Ok(())
    }

    async fn doctors(&mut self, survey: &Survey, results: &mut Results) -> Result<()> {
        for chunk in survey.doctors.chunks(MAX_CHUNK) {
            let mut records: Vec<_> = chunk.iter().map(|waiting| waiting.mapped.record.clone()).collect();
            for record in &mut records {
                record.institution_id = survey.practice(record.uuid, &results.institutions);
            }
            let puts = import::doctors(self.scope, self.cluster, self.how, records).await?;
            for (waiting, put) in chunk.iter().zip(puts) {
                if self.tell_of(waiting, put) {
                    results.doctors.insert(waiting.mapped.record.uuid);
                }
            }
        }
        let unknown = unknown(survey, survey.people.all(), &results.doctors);
        results.doctors.extend(import::known_doctors(self.scope, self.cluster, unknown).await?);
        Ok(())
    }

    /// Whether the record is there now.
    fn tell_of<T>(&mut self, waiting: &Waiting<T>, put: Put) -> bool {
        let verdict = verdict(&waiting.mapped, put);
        let is_there = matches!(verdict.status, Status::Created | Status::Updated | Status::Unchanged);
        let outcome = self.shared.outcome(waiting.place, waiting.about.clone(), verdict);
        self.tell(outcome);
        is_there
    }

    async fn registers(&mut self, survey: &Arc<Survey>, results: &mut Results) -> Result<()> {
        let (events, mut receiver) = mpsc::channel(2);
        self.shared.read.store(0, Ordering::Relaxed);
        let (shared, known) = (Arc::clone(&self.shared), Arc::clone(survey));
        let reading = tokio::task::spawn_blocking(move || shared.patients(&known, &events));
        while let Some(event) = self.next(&mut receiver, Phase::Registers).await {
            match event {
                Event::Outcomes(outcomes) => self.tell_all(outcomes),
                Event::Registers(waiting) => self.write(survey, waiting, results).await?,
            }
        }
        reading.await.map_err(Error::internal)
    }

    async fn write(
        &mut self,
        survey: &Survey,
        mut waiting: Vec<Waiting<ImportedRegister>>,
        results: &mut Results,
    ) -> Result<()> {
        for one in &mut waiting {
            survey.complete(&mut one.mapped.record, &results.institutions, &results.doctors);
        }
        let (whole, broken): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.mapped.problem.is_none());
        for one in broken {
            results.registers.insert(one.mapped.record.uuid, Fate::Failed);
            self.tell_of(&one, Put::Refused(Vec::new()));
        }
        let records = whole.iter().map(|one| one.mapped.record.clone()).collect();
        let puts = import::registers(self.scope, self.cluster, self.clock, self.how, records).await?;
        for (one, put) in whole.iter().zip(puts) {
            results.registers.insert(one.mapped.record.uuid, fate(&put));
            self.tell_of(one, put);
        }
        Ok(())
    }

    async fn rest(&mut self, survey: Arc<Survey>, results: Results) -> Result<()> {
        let (events, mut receiver) = mpsc::channel(4);
        self.shared.read.store(0, Ordering::Relaxed);
        let shared = Arc::clone(&self.shared);
        let reading = tokio::task::spawn_blocking(move || shared.judge_all(&survey, &results, &events));
        while let Some(outcomes) = self.next::<Vec<Outcome>>(&mut receiver, Phase::Rest).await {
            self.tell_all(outcomes);
        }
        reading.await.map_err(Error::internal)
    }
}

enum Event {
    Registers(Vec<Waiting<ImportedRegister>>),
    Outcomes(Vec<Outcome>),
}

impl Shared {
    fn each(
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

    fn look(&self, full_url: Option<&str>, json: &[u8]) -> (About, Look) {
        look(json, Origin { base: &self.base, full_url })
    }

    /// Sends every patient, and what became of those that stand in the input again.
    fn patients(&self, survey: &Survey, events: &mpsc::Sender<Event>) {
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
            if let Some(verdict) = on_twin(survey, place, &resource) {
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

    fn judge_all(&self, survey: &Survey, results: &Results, events: &mpsc::Sender<Vec<Outcome>>) {
        let mut outcomes = Vec::with_capacity(BATCH);
        let read = self.each(|_| true, &mut |place, found| {
            let (about, verdict) = match found {
                Found::Resource { full_url, json } => {
                    let (about, look) = self.look(full_url.as_deref(), json);
                    (about, judge(survey, results, place, look))
                }
                Found::Empty => (About::default(), Some(Verdict::skipped("the entry holds no resource"))),
                Found::Broken(reason) => (About::default(), Some(Verdict::failed(None, &reason))),
            };
            outcomes.extend(verdict.map(|verdict| self.outcome(place, about, verdict)));
            if outcomes.len() < BATCH {
                return ControlFlow::Continue(());
            }
            match events.blocking_send(std::mem::replace(&mut outcomes, Vec::with_capacity(BATCH))) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        if read.is_continue() {
            // As above.
            events.blocking_send(outcomes).ok();
        }
    }

    fn outcome(&self, place: Place, about: About, verdict: Verdict) -> Outcome {
        let source = self.sources.list.get(place.source as usize);
        Outcome {
            status: verdict.status,
            resource_type: about.resource_type,
            id: about.id,
            file: source.and_then(|source| source.name()).map(str::to_owned),
            line: place.line,
            entry: place.entry,
            path: verdict.path,
            reason: verdict.reason,
        }
    }
}

/// What encounters refer to and this import does not hold.
fn unknown(survey: &Survey, keys: &[Uuid], known: &std::collections::HashSet<Uuid>) -> Vec<Uuid> {
    keys.iter().map(|key| survey.resolve(*key)).filter(|key| !known.contains(key)).collect()
}

fn verdict<T>(mapped: &Mapped<T>, put: Put) -> Verdict {
    match (&mapped.problem, put) {
        (Some(problem), _) => Verdict::problem(problem.clone()),
        (None, Put::Created) => Verdict::plain(Status::Created),
        (None, Put::Updated(_)) => Verdict::plain(Status::Updated),
        (None, Put::Unchanged) => Verdict::plain(Status::Unchanged),
        (None, Put::Deleted) => Verdict::skipped("its register was deleted here; restore it to import it again"),
        (None, Put::Refused(faults)) => Verdict::problem(mapped.problem(&faults)),
    }
}

fn fate(put: &Put) -> Fate {
    match put {
        Put::Created => Fate::Written { created: true, lists: [true; 3] },
        Put::Updated(columns) => {
            let lists = ["allergies", "medical_history", "current_medications"];
            Fate::Written { created: false, lists: lists.map(|list| columns.contains(&list)) }
        }
        Put::Unchanged => Fate::Written { created: false, lists: [false; 3] },
        Put::Deleted => Fate::Deleted,
        Put::Refused(_) => Fate::Failed,
    }
}
