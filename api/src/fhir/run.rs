use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Consistency};
use crate::error::{Error, Result};
use crate::records::import::{self, Conflict, How, MAX_CHUNK, Outcome, Put, Status, Summary, Vocabulary};
use crate::scope::Scope;

use super::bundle::Found;
use super::judge::{Results, Verdict};
use super::map::Mapped;
use super::place::Place;
use super::reading::{Event, Rest, Shared};
use super::resource::{About, Look};
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
    /// Writes conditions, medications and allergies, and tells what became of the rest.
    Rest,
}

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
    let known = Vocabulary::load(scope, &cluster.read(scope, Consistency::Strong)).await?;
    let survey = run.survey(options.memory).await?;
    let mut results = Results::default();
    run.institutions(&survey, &mut results).await?;
    run.doctors(&survey, &mut results).await?;
    run.registers(&survey, &known, &mut results).await?;
    run.rest(survey, results).await?;
    Ok(run.summary)
}

pub(super) struct Run<'r> {
    pub(super) scope: &'r Scope,
    pub(super) cluster: &'r Cluster,
    pub(super) clock: &'r dyn Clock,
    pub(super) how: How,
    pub(super) shared: Arc<Shared>,
    report: &'r mut dyn Report,
    summary: Summary,
}

impl Run<'_> {
    pub(super) fn tell(&mut self, outcome: Outcome) {
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
                let uuid = waiting.mapped.record.uuid;
                if matches!(put, Put::Conflict(Conflict::OtherSource)) {
                    results.foreign_institutions.insert(uuid);
                }
                if self.tell_of(waiting, put) {
                    results.institutions.insert(uuid);
                }
            }
        }
        let unknown = unknown(survey, survey.places.all(), &[&results.institutions, &results.foreign_institutions]);
        let known = import::known_institutions(self.scope, self.cluster, unknown, &survey.servers).await?;
        results.institutions.extend(known);
        Ok(())
    }

    async fn doctors(&mut self, survey: &Survey, results: &mut Results) -> Result<()> {
        let mut foreign = HashSet::new();
        for chunk in survey.doctors.chunks(MAX_CHUNK) {
            let mut records: Vec<_> = chunk.iter().map(|waiting| waiting.mapped.record.clone()).collect();
            for record in &mut records {
                record.institution_id = survey.practice(record.uuid, &results.institutions);
            }
            let puts = import::doctors(self.scope, self.cluster, self.how, records).await?;
            for (waiting, put) in chunk.iter().zip(puts) {
                let uuid = waiting.mapped.record.uuid;
                if matches!(put, Put::Conflict(_)) {
                    foreign.insert(uuid);
                }
                if self.tell_of(waiting, put) {
                    results.doctors.insert(uuid);
                }
            }
        }
        let unknown = unknown(survey, survey.people.all(), &[&results.doctors, &foreign]);
        let known = import::known_doctors(self.scope, self.cluster, unknown, &survey.servers).await?;
        results.doctors.extend(known);
        Ok(())
    }

    /// Whether the record is there now.
    pub(super) fn tell_of<T>(&mut self, waiting: &Waiting<T>, put: Put) -> bool {
        let verdict = verdict(&waiting.mapped, put);
        let is_there = matches!(verdict.status, Status::Created | Status::Updated | Status::Unchanged);
        let outcome = self.shared.outcome(waiting.place, waiting.about.clone(), verdict);
        self.tell(outcome);
        is_there
    }

    async fn registers(&mut self, survey: &Arc<Survey>, known: &Vocabulary, results: &mut Results) -> Result<()> {
        let (events, mut receiver) = mpsc::channel(2);
        self.shared.read.store(0, Ordering::Relaxed);
        let (shared, surveyed) = (Arc::clone(&self.shared), Arc::clone(survey));
        let reading = tokio::task::spawn_blocking(move || shared.patients(&surveyed, &events));
        while let Some(event) = self.next(&mut receiver, Phase::Registers).await {
            match event {
                Event::Outcomes(outcomes) => self.tell_all(outcomes),
                Event::Registers(waiting) => self.write_registers(survey, known, waiting, results).await?,
            }
        }
        reading.await.map_err(Error::internal)
    }

    async fn rest(&mut self, survey: Arc<Survey>, results: Results) -> Result<()> {
        let (events, mut receiver) = mpsc::channel(4);
        self.shared.read.store(0, Ordering::Relaxed);
        let shared = Arc::clone(&self.shared);
        let reading = tokio::task::spawn_blocking(move || shared.judge_all(&survey, &results, &events));
        while let Some(rest) = self.next(&mut receiver, Phase::Rest).await {
            match rest {
                Rest::Outcomes(outcomes) => self.tell_all(outcomes),
                Rest::Facts(facts) => self.write_facts(facts).await?,
                Rest::Withdrawals(withdrawals) => self.withdraw(withdrawals).await?,
            }
        }
        reading.await.map_err(Error::internal)
    }
}

/// What encounters refer to and this import does not hold.
fn unknown(survey: &Survey, keys: &[Uuid], known: &[&HashSet<Uuid>]) -> Vec<Uuid> {
    keys.iter().map(|key| survey.resolve(*key)).filter(|key| !known.iter().any(|keys| keys.contains(key))).collect()
}

pub(super) fn verdict<T>(mapped: &Mapped<T>, put: Put) -> Verdict {
    match (&mapped.problem, put) {
        (Some(problem), _) => Verdict::problem(problem.clone()),
        (None, Put::Created) => Verdict::plain(Status::Created),
        (None, Put::Updated(_)) => Verdict::plain(Status::Updated),
        (None, Put::Unchanged) => Verdict::plain(Status::Unchanged),
        (None, Put::Deleted) => Verdict::skipped("its register was deleted here; restore it to import it again"),
        (None, Put::Merged) => {
            Verdict::skipped("was merged into another one here, which has what is known of the patient")
        }
        (None, Put::Conflict(conflict)) => Verdict::conflict(conflict),
        (None, Put::Refused(faults)) => Verdict::problem(mapped.problem(&faults)),
    }
}
