//! `phr import`: records from elsewhere.

mod elements;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use uuid::Uuid;

use crate::app;
use crate::audit::Tending;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::database::{Cluster, Nodes, Target};
use crate::fhir::{self, Phase, Progress, Report, Sources};
use crate::graphql;
use crate::observability;
use crate::records::import::{How, Outcome, Status, Summary};
use crate::scope::Scope;

/// What to import.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Import FHIR R4: bundles (transaction, batch, collection, searchset, document, responses), resources and NDJSON.
    #[command(after_help = EXIT_CODES)]
    Fhir {
        /// Files, and folders with files named *.json, *.ndjson or *.jsonl, or without ending; all also compressed, as *.gz.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Only tell what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Print what became of each resource as a line of JSON, and the counts as the last one.
        #[arg(long)]
        json: bool,
        /// The FHIR server that the resources come from, such as <https://example.org/fhir>. Needed where ids are not
        /// UUIDs and the input does not name its server, so that the ids of two servers are told apart. Records are changed
        /// only by imports from the server that they came from.
        #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
        base: String,
        /// Take over records that an import made before the server of each was kept: those under the key of a resource of
        /// the input, of the same institution, and evidently the same (identifier or name; facts: the patient). With
        /// --dry-run, list them.
        #[arg(long)]
        adopt: bool,
    },
}

const EXIT_CODES: &str = "\
Importing the same again changes nothing, and an import that was interrupted can be run again. An import changes only
records that an import from the same server made, and that belong to the same institution still; others fail. Which of them
--adopt takes over, it lists; the audit trail has each.

Exit codes:
  0  every resource was imported, or is of no interest to an import
  1  nothing was imported, or the import broke off
  3  some resources failed, and others were imported (or were here already)";

/// The exit code of an import of which a part failed; 2 is that of wrong arguments.
const PARTIAL: u8 = 3;

/// Failures that are listed one by one for people.
const LISTED: usize = 20;

/// Why an import broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    /// The database's schema.
    #[error(transparent)]
    App(#[from] app::Error),
    /// The database.
    #[error("the import broke off: {0}")]
    Records(String),
}

impl From<crate::error::Error> for Error {
    fn from(error: crate::error::Error) -> Self {
        use crate::error::Error as E;
        Self::Records(match &error {
            E::Unavailable(cause) | E::Interrupted(cause) | E::OutcomeUnknown(cause) | E::Internal(cause) => {
                format!("{error} ({})", graphql::without_values(cause))
            }
            _ => error.to_string(),
        })
    }
}

fn keep_trail(config: &Config, cluster: &Cluster) -> Result<Tending, app::Error> {
    let key_file = config.key_file()?;
    Ok(app::keep_trail(config, cluster, &key_file)?)
}

/// Carries out an import, and prints what became of it.
///
/// # Errors
/// When it broke off.
pub(crate) async fn run(config: &Config, command: Command) -> Result<ExitCode, Error> {
    let Command::Fhir { paths, dry_run, json, base, adopt } = command;
    let clock = SystemClock;
    let place = Place::prepare(config.target()?, dry_run).await?;
    let nodes = Nodes { main: place.target.clone(), ..config.nodes()? };
    let cluster = app::connect_all(config, nodes).await;
    let tending = if dry_run { None } else { Some(keep_trail(config, &cluster)?) };
    let scope = Scope::local_operator(Uuid::new_v4());
    let how = match (dry_run, adopt) {
        (false, false) => How::Write,
        (true, false) => How::DryRun,
        (false, true) => How::Adopt,
        (true, true) => How::DryAdopt,
    };
    let options = fhir::Options { how, base, memory: fhir::MAX_MEMORY };
    let mut printer = Printer::new(json);
    let started = clock.now();
    let imported = fhir::import(&scope, &cluster, &clock, Sources::find(&paths), options, &mut printer).await;
    printer.finish();
    if let Some(tending) = tending {
        tending.stop(app::CLOSING_TIME).await;
    }
    let summary = imported?;
    let seconds = (clock.now() - started).as_seconds_f64();
    if json {
        printer.line(&as_json(&summary, dry_run));
    } else {
        printer.summary(&summary, seconds, dry_run);
    }
    Ok(exit_code(&summary))
}

fn exit_code(summary: &Summary) -> ExitCode {
    let done = [Status::Created, Status::Updated, Status::Unchanged].map(|status| summary.count(status));
    match (summary.count(Status::Failed), done.iter().sum::<u64>()) {
        (0, _) => ExitCode::SUCCESS,
        (_, 0) => ExitCode::FAILURE,
        _ => ExitCode::from(PARTIAL),
    }
}

/// The database to work on.
struct Place {
    target: Target,
    /// Removed afterwards.
    temporary: Option<PathBuf>,
}

impl Place {
    /// A dry run leaves everything as it is: where there is no SQLite file yet, it works on an empty one elsewhere.
    async fn prepare(target: Target, dry_run: bool) -> Result<Self, Error> {
        match &target {
            _ if !dry_run => app::fit_schema(&target).await?,
            Target::Sqlite(path) if !path.exists() => {
                let path = std::env::temp_dir().join(format!("phr-dry-run-{}.sqlite", Uuid::new_v4().simple()));
                let place = Self { target: Target::Sqlite(path.clone()), temporary: Some(path) };
                app::migrations(&place.target).up(None).await.map_err(app::Error::from)?;
                return Ok(place);
            }
            _ => app::check_schema(&target).await?,
        }
        Ok(Self { target, temporary: None })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(path) = &self.temporary else { return };
        for end in ["", "-wal", "-shm", ".migrate.lock"] {
            let mut name = path.clone().into_os_string();
            name.push(end);
            // What was never there need not be removed.
            std::fs::remove_file(name).ok();
        }
    }
}

/// Prints outcomes as they come, for machines, or keeps those that people want to see.
struct Printer {
    json: bool,
    out: std::io::BufWriter<std::io::Stdout>,
    shows_progress: bool,
    failures: Vec<Outcome>,
}

impl Printer {
    fn new(json: bool) -> Self {
        Self {
            json,
            out: std::io::BufWriter::new(std::io::stdout()),
            shows_progress: std::io::stderr().is_terminal(),
            failures: Vec::new(),
        }
    }

    fn line(&mut self, text: &impl std::fmt::Display) {
        // Whoever listened may be gone; the import goes on.
        writeln!(self.out, "{text}").ok();
    }

    /// Removes the progress from the terminal.
    fn finish(&mut self) {
        if self.shows_progress {
            observability::tell("\r\x1b[K");
        }
        self.out.flush().ok();
    }

    fn summary(&mut self, summary: &Summary, seconds: f64, dry_run: bool) {
        self.line(&format!(
            "{:<24}{:>10}{:>10}{:>10}{:>10}{:>10}",
            if dry_run { "would be" } else { "" },
            "created",
            "updated",
            "unchanged",
            "skipped",
            "failed"
        ));
        let counts: Vec<(String, Status, u64)> =
            summary.by_type().map(|(resource, status, count)| (resource.to_owned(), status, count)).collect();
        let mut types: Vec<&str> = counts.iter().map(|(resource, ..)| resource.as_str()).collect();
        types.dedup();
        for resource in types {
            let of = |wanted: Status| {
                counts
                    .iter()
                    .find(|(name, status, _)| name == resource && *status == wanted)
                    .map_or(0, |(.., count)| *count)
            };
            self.line(&format!("{resource:<24}{}", cells(of)));
        }
        self.line(&format!("{:<24}{}   in {seconds:.1} s", "all", cells(|status| summary.count(status))));
        for (status, reason, count) in summary.by_reason() {
            let word = match status {
                Status::Failed => "failed ",
                Status::Skipped => "skipped",
                Status::Created | Status::Updated | Status::Unchanged => "note   ",
            };
            self.line(&format!("{count:>8} {word}  {reason}"));
        }
        let elements = elements::lines(summary);
        if !elements.is_empty() {
            self.line(&"Elements of imported resources that have no place here, and how many have them:");
            for line in &elements {
                self.line(line);
            }
        }
        for failure in std::mem::take(&mut self.failures) {
            self.line(&described(&failure));
        }
        if summary.count(Status::Failed) > LISTED as u64 {
            self.line(&format!("These are the first {LISTED} failures; --json tells all."));
        }
        self.out.flush().ok();
    }
}

impl Report for Printer {
    fn outcome(&mut self, outcome: Outcome) {
        if self.json {
            // An outcome has texts and numbers only, which always can be written.
            let line = serde_json::to_string(&outcome).unwrap_or_default();
            self.line(&line);
        } else if outcome.status == Status::Failed && self.failures.len() < LISTED {
            self.failures.push(outcome);
        }
    }

    fn progress(&mut self, progress: Progress) {
        if !self.shows_progress {
            return;
        }
        let (step, what) = match progress.phase {
            Phase::Survey => (1, "looking through the input"),
            Phase::Registers => (2, "writing registers"),
            Phase::Rest => (3, "writing conditions, medications and allergies"),
        };
        let percent = (progress.read * 100).checked_div(progress.total).unwrap_or(0).min(100);
        let filled = usize::try_from(percent / 5).unwrap_or(0);
        observability::tell(&format!("\r\x1b[K[{:<20}] {percent:>3} %  {step}/3 {what}", "#".repeat(filled)));
    }
}

/// The numbers of a row of the summary.
fn cells(of: impl Fn(Status) -> u64) -> String {
    let statuses = [Status::Created, Status::Updated, Status::Unchanged, Status::Skipped, Status::Failed];
    statuses.iter().fold(String::new(), |row, status| format!("{row}{:>10}", of(*status)))
}

/// `bundle.json, entry 7: Patient/4711, Patient.birthDate: must be ...`
fn described(failure: &Outcome) -> String {
    let number = |name: &str, number: Option<u64>| number.map(|number| format!(", {name} {number}"));
    let resource =
        failure.resource_type.as_ref().map(|kind| format!("{kind}/{}, ", failure.id.as_deref().unwrap_or("?")));
    let parts = [
        Some(failure.file.clone().unwrap_or_else(|| "input".to_owned())),
        number("line", failure.line),
        number("entry", failure.entry),
        Some(": ".to_owned()),
        resource,
        failure.path.as_ref().map(|path| format!("{path}: ")),
        failure.reason.clone(),
    ];
    parts.into_iter().flatten().collect()
}

fn as_json(summary: &Summary, dry_run: bool) -> serde_json::Value {
    let mut elements: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (resource, element, count) in summary.by_element() {
        elements.entry(resource).or_default().insert(element, count);
    }
    serde_json::json!({ "summary": {
        "dryRun": dry_run,
        "created": summary.count(Status::Created),
        "updated": summary.count(Status::Updated),
        "unchanged": summary.count(Status::Unchanged),
        "skipped": summary.count(Status::Skipped),
        "failed": summary.count(Status::Failed),
        "noPlaceFor": elements,
    } })
}
