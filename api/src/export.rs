//! `phr export`: records for elsewhere.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Subcommand;
use uuid::Uuid;

use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::database::{Cluster, Consistency, Target};
use crate::error::Error;
use crate::fhir::{self, Exported, Files};
use crate::observability;
use crate::records::medical_institution::MedicalInstitutions;
use crate::records::{Deleted, Joins, find};
use crate::scope::{Boundary, InstitutionId, Scope};

/// What to export.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Export FHIR R4 in the layout of bulk data: NDJSON, a file for each type of resources.
    #[command(after_help = NOTES)]
    Fhir(Options),
}

/// Where to, and of what.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder for the files; made where there is none. One that holds something is refused.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The only institution whose patients are exported; all of them when left out.
    #[arg(long, value_name = "UUID")]
    institution: Option<Uuid>,
    /// Print what was written as JSON, as the manifest of a bulk data export.
    #[arg(long)]
    json: bool,
    /// Compress the files, as *.ndjson.gz.
    #[arg(long)]
    gzip: bool,
    /// Write into a folder that holds something, and replace files of an earlier export.
    #[arg(long)]
    force: bool,
}

const NOTES: &str = "\
All files show the records as they were at one moment. They get their names when all are whole: an export that breaks off
leaves none behind. Each patient whose record is written is put on record in the audit trail first.

Importing the files elsewhere, with phr import fhir DIR, makes the same records of what import takes. Blood types and habits,
appointments, and what users have to do with are left out.";

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The settings, the database or the audit trail.
    #[error(transparent)]
    App(#[from] app::Error),
    /// The files.
    #[error("cannot write to {folder}: {source}")]
    Files {
        /// Where.
        folder: String,
        /// The cause.
        source: std::io::Error,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::App(error.into())
    }
}

/// Carries out an export, and prints what was written.
///
/// # Errors
/// When it broke off; no file is left then.
pub(crate) async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    let Command::Fhir(options) = command;
    let target = config.target().map_err(app::Error::from)?;
    if let Target::Sqlite(path) = &target
        && !path.exists()
    {
        return Err(Error::BadRequest(format!("there is no database {}", path.display())).into());
    }
    app::check_schema(&target).await?;
    let key_file = config.key_file().map_err(app::Error::from)?;
    let cluster = app::connect_all(config, config.nodes().map_err(app::Error::from)?).await;
    let tending = app::keep_trail(config, &cluster, &key_file).map_err(app::Error::from)?;
    let written = write(&cluster, &options).await;
    tending.stop(app::CLOSING_TIME).await;
    print(&written?, options.json);
    Ok(())
}

async fn write(cluster: &Cluster, options: &Options) -> Result<Vec<Exported>, Failure> {
    let mut scope = Scope::local_operator(Uuid::new_v4());
    if let Some(key) = options.institution {
        let reader = cluster.read(&scope, Consistency::Eventual);
        if find::<MedicalInstitutions>(&scope, &reader, key, Deleted::Excluded, &[], &Joins::new()).await?.is_none() {
            return Err(Error::BadRequest(format!("there is no institution {key}")).into());
        }
        scope.boundary = Boundary::One(InstitutionId(key));
    }
    let trouble = |source| Failure::Files { folder: options.folder.display().to_string(), source };
    let mut files = Files::create(&options.folder, options.force, options.gzip).map_err(trouble)?;
    let shows_progress = std::io::stderr().is_terminal();
    let mut progress = |written: u64, total: u64| {
        if shows_progress {
            let percent = (written * 100).checked_div(total).unwrap_or(100).min(100);
            let filled = usize::try_from(percent / 5).unwrap_or(0);
            let bar = "#".repeat(filled);
            observability::tell(&format!("\r\x1b[K[{bar:<20}] {percent:>3} %  {written} of {total} patients"));
        }
    };
    let exported = tokio::select! {
        exported = fhir::export(&scope, cluster, &mut files, &mut progress) => exported,
        () = app::told_to_stop() => Err(Error::BadRequest("stopped: no file was written".to_owned())),
    };
    if shows_progress {
        observability::tell("\r\x1b[K");
    }
    exported?;
    files.finish().map_err(trouble)
}

/// Whoever listened may be gone; the files are there.
fn print(files: &[Exported], as_json: bool) {
    let mut out = std::io::stdout().lock();
    if as_json {
        let file =
            |file: &Exported| serde_json::json!({ "type": file.resource_type, "url": file.path, "count": file.count });
        let output: Vec<_> = files.iter().filter(|file| file.count > 0).map(file).collect();
        let time = SystemClock.now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        writeln!(out, "{}", serde_json::json!({ "transactionTime": time, "output": output, "error": [] })).ok();
        return;
    }
    for file in files {
        writeln!(out, "{:>9}  {}", file.count, file.path.display()).ok();
    }
}
