use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::clock::Clock;
use crate::database::{Cluster, Consistency};
use crate::error::{Error, Result};
use crate::records::import::{
    self, Affiliation, Conflict, How, Identified, KnownRegister, MAX_CHUNK, Outcome, Owner, Put, Status, Summary,
    Vocabulary,
};
use crate::scope::Scope;

use super::bundle::Found;
use super::judge::{Fate, Results, Verdict};
use super::key::Search;
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
    let shared = Arc::new(Shared { sources, base: options.base, today: clock.latest_day(), read: Arc::default() });
    let mut run = Run { scope, cluster, clock, how: options.how, shared, report, summary: Summary::default() };
    for (path, reason) in run.shared.sources.refused.clone() {
        let about = About::default();
        let outcome =
            Outcome { file: Some(path), ..run.shared.outcome(Place::default(), about, Verdict::failed(None, &reason)) };
        run.tell(outcome);
    }
    for (path, reason) in run.shared.sources.passed.clone() {
        let passed = run.shared.outcome(Place::default(), About::default(), Verdict::skipped(reason));
        run.tell(Outcome { file: Some(path), ..passed });
    }
    let known = Vocabulary::load(scope, &cluster.read(scope, Consistency::Strong)).await?;
    let survey = run.survey(options.memory).await?;
    let mut results = Results::default();
    results.registers.extend(survey.contested().map(|key| (key, Fate::Failed)));
    run.institutions(&survey, &mut results).await?;
    run.doctors(&survey, &mut results).await?;
    import::keep_references(scope, cluster, run.how, survey.references(&results.doctors)).await?;
    run.registers(&survey, &known, &mut results).await?;
    run.known_registers(&survey, &mut results).await?;
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

    /// Reads everything once; once more where there are several versions of anything.
    async fn survey(&mut self, memory: usize) -> Result<Arc<Survey>> {
        let mut survey = self.surveyed(Survey::default(), memory).await?;
        if let Some(anew) = survey.anew() {
            survey = self.surveyed(anew, memory).await?;
        }
        self.look_up(&mut survey).await?;
        survey.settle();
        Ok(Arc::new(survey))
    }

    async fn surveyed(&mut self, mut survey: Survey, memory: usize) -> Result<Survey> {
        let (results, mut receiver) = mpsc::channel(1);
        let shared = Arc::clone(&self.shared);
        self.shared.read.store(0, Ordering::Relaxed);
        let reading = tokio::task::spawn_blocking(move || {
            let whole = shared.each(|_| true, &mut |place, found| match found {
                Found::Resource { full_url, json } => match shared.look(full_url.as_deref(), json) {
                    (about, Look::Relevant(resource)) => survey.add(place, about, *resource, memory),
                    _ => ControlFlow::Continue(()),
                },
                Found::Passed(_) | Found::Broken(_) => ControlFlow::Continue(()),
            });
            // Whoever waited for it may be gone.
            results.blocking_send((survey, whole)).ok();
        });
        let surveyed = self.next(&mut receiver, Phase::Survey).await;
        reading.await.map_err(Error::internal)?;
        match surveyed {
            Some((survey, ControlFlow::Continue(()))) => Ok(survey),
            Some((_, ControlFlow::Break(()))) => Err(Error::Limit(format!(
                "the input refers to more records than one import can keep in mind ({} MiB); nothing was written. Import fewer files at a time",
                memory >> 20
            ))),
            None => Err(Error::internal("the survey was lost")),
        }
    }

    /// Asks the database what the input does not tell: who has an identifier, and what a code is called.
    async fn look_up(&mut self, survey: &mut Survey) -> Result<()> {
        let (scope, cluster) = (self.scope, self.cluster);
        let searches: Vec<(Uuid, Identified)> = survey.searches().into_iter().filter_map(identified).collect();
        for (key, found) in import::identified(scope, cluster, searches).await? {
            survey.found(key, found);
        }
        let kept = import::kept_references(scope, cluster, survey.unknown_aside(), &survey.servers).await?;
        survey.remember(kept);
        let [of_conditions, of_medications] = survey.unnamed();
        survey.name(import::condition_names(scope, cluster, of_conditions).await?);
        survey.name(import::medication_names(scope, cluster, of_medications).await?);
        Ok(())
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
        let there = [&results.institutions, &results.foreign_institutions];
        let unknown = unknown(survey.places.all(), |key| survey.resolve(key), &there);
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
        let unknown = unknown(survey.people.all(), |key| survey.doctor(key), &[&results.doctors, &foreign]);
        let known = import::known_doctors(self.scope, self.cluster, unknown, &survey.servers).await?;
        results.doctors.extend(known);
        Ok(())
    }

    /// Whether the record is there now.
    pub(super) fn tell_of<T>(&mut self, waiting: &Waiting<T>, put: Put) -> bool {
        let verdict = verdict(&waiting.mapped, put).without(&waiting.mapped.left_out);
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

    /// Finds the patients in the database of whom the input tells without holding them, and where they are treated.
    async fn known_registers(&mut self, survey: &Survey, results: &mut Results) -> Result<()> {
        let absent: Vec<Uuid> =
            survey.patients_told_of().filter(|patient| !results.registers.contains_key(patient)).collect();
        let known = import::known_registers(self.scope, self.cluster, &absent, &survey.servers).await?;
        let (trusted, doubtful) =
            known.into_iter().partition(|(key, known)| !known.source.is_doubtful(*key) || survey.is_identified(*key));
        results.known = trusted;
        let doubtful: HashMap<Uuid, KnownRegister> = doubtful;
        results.registers.extend(doubtful.into_keys().map(|key| (key, Fate::Doubtful)));
        let mut affiliations = Vec::new();
        for (uuid, known) in results.known.iter().filter(|(_, known)| !known.is_deleted()) {
            let (institution, doctor) = survey.most_met(*uuid, results);
            let institution_id = institution.filter(|_| known.is_at_home);
            let doctor_id = doctor.filter(|_| !known.has_doctor);
            if institution_id.or(doctor_id).is_some() {
                affiliations.push(Affiliation { uuid: *uuid, source: known.source.clone(), institution_id, doctor_id });
            }
        }
        import::affiliate(self.scope, self.cluster, self.how, affiliations).await
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

/// Keys that are referred to and that this import does not hold.
fn unknown(keys: &[Uuid], resolve: impl Fn(Uuid) -> Uuid, known: &[&HashSet<Uuid>]) -> Vec<Uuid> {
    let keys = keys.iter().map(|key| resolve(*key)).filter(|key| !known.iter().any(|keys| keys.contains(key)));
    keys.collect::<HashSet<_>>().into_iter().collect()
}

/// A reference by an identifier, as the database knows it; none of types that are not kept.
fn identified(search: &Search) -> Option<(Uuid, Identified)> {
    let owner = match search.kind.as_str() {
        "Patient" => Owner::Patient,
        "Practitioner" => Owner::Doctor,
        "Organization" => Owner::Institution,
        _ => return None,
    };
    let Search { key, system, value, .. } = search.clone();
    Some((key, Identified { owner, system: Some(system).filter(|system| !system.is_empty()), value }))
}

pub(super) fn verdict<T>(mapped: &Mapped<T>, put: Put) -> Verdict {
    match (&mapped.problem, put) {
        (Some(problem), _) => Verdict::problem(problem.clone()),
        (None, Put::Created) => Verdict::plain(Status::Created),
        (None, Put::Updated(_)) => Verdict::plain(Status::Updated),
        (None, Put::Adopted(_)) => Verdict::adopted(),
        (None, Put::Unchanged) => Verdict::plain(Status::Unchanged),
        (None, Put::Deleted) => Verdict::skipped("its register was deleted here; restore it to import it again"),
        (None, Put::Merged) => {
            Verdict::skipped("was merged into another one here, which has what is known of the patient")
        }
        (None, Put::Conflict(conflict)) => Verdict::conflict(conflict),
        (None, Put::Refused(faults)) => Verdict::problem(mapped.problem(&faults)),
    }
}
