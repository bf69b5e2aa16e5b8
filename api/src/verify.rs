//! `phr audit`: checks that the audit trail is what it was when it was written, opens what it keeps sealed, and accepts the
//! clock that it is pruned by.

mod questions;

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{Days, SecondsFormat};
use clap::Subcommand;
use uuid::Uuid;

use crate::app;
use crate::audit::{self, Anchors, Report};
use crate::auth::Unopened;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::console::print_line;
use crate::graphql;

/// What to do with the audit trail.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Find what was altered, removed or inserted in the database, and name the first bad entry of each chain.
    #[command(after_help = EXIT_CODES)]
    Verify {
        /// A file of anchors, which may be given again for those of other machines; by default the one that the settings
        /// name.
        #[arg(long, value_name = "FILE")]
        anchors: Vec<PathBuf>,
        /// Print what was found as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what a request asked with: the arguments of its filters, which the trail keeps sealed. It takes the key file
    /// that they were sealed under, and that it was done is on record.
    Open {
        /// The request, as its audit events and its response name it.
        #[arg(long, value_name = "UUID")]
        request: Uuid,
        /// Print the questions as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Confirm that the clock is right after it has moved by more than 31 days, as when the server was off for longer. Until
    /// then no old audit entry and no old change is removed.
    AcceptClock,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  every entry is as it was written, as far as the anchors reach
  1  the trail could not be verified
  3  the trail was altered";

/// The exit code of a trail that was altered; 2 is that of wrong arguments.
const ALTERED: u8 = 3;

/// Why the trail could not be verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] crate::config::Error),
    /// The database's schema.
    #[error(transparent)]
    App(#[from] app::Error),
    /// The anchors.
    #[error("the anchors cannot be read: {path}: {source}", path = .0.path.display(), source = .0.source)]
    Anchors(audit::Fault),
    /// The database.
    #[error("the audit trail cannot be read: {0}")]
    Database(String),
    /// Nothing can be opened.
    #[error("there is no key file: name the server's in PHR_KEY_FILE")]
    NoKeyFile,
    /// The request is unknown, or asked nothing.
    #[error("no question of request {0} is on record; entries reach the database within seconds")]
    NoQuestion(Uuid),
    /// A question that does not open.
    #[error("the question cannot be opened: {0}")]
    Unopened(Unopened),
}

impl Error {
    pub(crate) fn read(error: &crate::error::Error) -> Self {
        let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        Self::Database(graphql::without_values(&cause.into()))
    }
}

/// Verifies the trail or opens questions, and prints what was found.
///
/// # Errors
/// When it could not be verified.
pub(crate) async fn run(config: &Config, command: Command) -> Result<ExitCode, Error> {
    let (anchors, json) = match command {
        Command::Verify { anchors, json } => (anchors, json),
        Command::Open { request, json } => {
            return questions::run(config, request, json).await.map(|()| ExitCode::SUCCESS);
        }
        Command::AcceptClock => {
            app::accept_clock(config).await?;
            print_line!("the clock is right: {}", SystemClock.now().to_rfc3339_opts(SecondsFormat::Secs, true));
            return Ok(ExitCode::SUCCESS);
        }
    };
    let target = config.target()?;
    app::check_schema(&target).await?;
    let default = &config.audit.anchors;
    let has_default = anchors.is_empty() && default.exists();
    let paths = if has_default { vec![default.clone()] } else { anchors };
    // Before the entries: those that come meanwhile have no anchors yet.
    let anchors = Anchors::read(&paths).map_err(Error::Anchors)?;
    let cluster = app::connect(config, target).await;
    // Servers keep entries for so long, and no database for less than its floor.
    let days = Days::new(config.audit.retention_days.max(config.audit.retention_floor_days).into());
    let now = SystemClock.now();
    let pruned_before = now.checked_sub_days(days).unwrap_or(now);
    let report = audit::verify(&cluster, &anchors, pruned_before).await.map_err(|error| Error::read(&error))?;
    if json {
        print_line!("{}", as_json(&report, paths.len()));
    } else {
        print(&report, paths.len());
    }
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(ALTERED) })
}

fn as_json(report: &Report, files: usize) -> serde_json::Value {
    let findings = report.findings.iter().map(
        |finding| serde_json::json!({ "instance": finding.instance, "sequence": finding.sequence, "why": finding.why }),
    );
    serde_json::json!({
        "chains": report.chains,
        "entries": report.entries,
        "anchorFiles": files,
        "brokenAnchors": report.broken_anchors,
        "unanchored": report.unanchored,
        "openIntents": report.open,
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn print(report: &Report, files: usize) {
    print_line!("{} entries in {} chains", report.entries, report.chains);
    if files == 0 {
        print_line!("no anchors: it is only known whether the entries of each chain fit together");
    } else if report.unanchored > 0 {
        print_line!("{} entries have no anchor: of these it is only known that they fit together", report.unanchored);
    }
    if report.broken_anchors > 0 {
        print_line!("{} lines of the anchors are none: what was anchored by them is not known", report.broken_anchors);
    }
    if report.open > 0 {
        print_line!("{} intents are not settled yet", report.open);
    }
    for finding in &report.findings {
        print_line!("ALTERED  {} entry {}: {}", finding.instance, finding.sequence, finding.why);
    }
    if report.findings.is_empty() {
        print_line!("every entry is as it was written");
    }
}
