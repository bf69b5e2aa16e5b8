//! `phr migrate`: the schema's steps, forward and back.

use std::path::Path;

use chrono::{DateTime, Utc};
use clap::Subcommand;

use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::console::print_line;

/// What to do with the schema.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Apply pending migrations.
    Up {
        /// Only the next few.
        #[arg(value_name = "COUNT")]
        count: Option<u32>,
    },
    /// Take back the last migrations. What they added is lost.
    Down {
        /// How many.
        #[arg(default_value_t = 1, value_name = "COUNT")]
        count: u32,
    },
    /// Show what was applied, and what is pending.
    Status {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the files of a new migration, in a checkout of the sources.
    New {
        /// What it does, in words of small letters joined by _.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The database refused, or does not fit.
    #[error(transparent)]
    Migration(#[from] migration::Error),
    /// The folder of the database.
    #[error(transparent)]
    App(#[from] app::Error),
    /// The name of a new migration.
    #[error("a migration's name has small letters, digits and _ only, such as add_visits")]
    Name,
    /// Not in a checkout.
    #[error("there is no folder migration/steps here: run this in a checkout of the sources")]
    NoSources,
    /// The files of a new migration.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Which.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
}

/// Carries out a command; prints what was done.
///
/// # Errors
/// As the database and the file system.
pub(crate) async fn run(config: &Config, command: Command) -> Result<(), Error> {
    if let Command::New { name } = &command {
        return create(Path::new("migration/steps"), name, SystemClock.now());
    }
    let target = config.target()?;
    app::make_folder(&target)?;
    let database = app::migrations(&target);
    match command {
        Command::Up { count } => {
            let applied = database.up(count).await?;
            for name in &applied {
                print_line!("applied {name}");
            }
            if applied.is_empty() {
                print_line!("nothing to apply: the schema is up to date");
            }
        }
        Command::Down { count } => {
            let taken_back = database.down(count).await?;
            for name in &taken_back {
                print_line!("took back {name}");
            }
            if taken_back.is_empty() {
                print_line!("nothing to take back");
            }
        }
        Command::Status { json } => {
            let status = database.status().await?;
            let history = database.history().await?;
            if json {
                print_line!("{}", as_json(&status, &history));
            } else {
                print_status(&status, &history);
            }
        }
        Command::New { .. } => {}
    }
    Ok(())
}

fn print_status(status: &migration::Status, history: &[migration::Applied]) {
    for name in &status.applied {
        let at = history.iter().rfind(|entry| entry.version == *name).map_or("", |entry| &entry.applied_at);
        print_line!("applied  {name}  {at}");
    }
    for name in &status.pending {
        print_line!("pending  {name}");
    }
}

fn as_json(status: &migration::Status, history: &[migration::Applied]) -> serde_json::Value {
    let history: Vec<_> = history
        .iter()
        .map(|entry| {
            serde_json::json!({
                "version": entry.version,
                "direction": entry.direction,
                "sha256": entry.sha256,
                "appliedAt": entry.applied_at,
            })
        })
        .collect();
    serde_json::json!({ "applied": status.applied, "pending": status.pending, "history": history })
}

fn create(steps: &Path, name: &str, now: DateTime<Utc>) -> Result<(), Error> {
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(Error::Name);
    }
    if !steps.is_dir() {
        return Err(Error::NoSources);
    }
    let folder = steps.join(format!("{}_{name}", now.format("%Y%m%d%H%M%S")));
    let write = |path: &Path, result: std::io::Result<()>| {
        result.map_err(|source| Error::Write { path: path.display().to_string(), source })
    };
    write(&folder, std::fs::create_dir(&folder))?;
    for file in ["up.postgres.sql", "down.postgres.sql", "up.sqlite.sql", "down.sqlite.sql"] {
        let path = folder.join(file);
        write(&path, std::fs::write(&path, format!("-- {name}\n")))?;
        print_line!("{}", path.display());
    }
    Ok(())
}
