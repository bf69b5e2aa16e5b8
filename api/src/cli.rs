//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::console::{self, tell_line};
use crate::{
    app, doctor, export, file_modes, graphql, import, key, migrate, normalize, observability, token, user, verify,
};

/// A patient health record server: GraphQL over PostgreSQL, or over an embedded SQLite file.
#[derive(Debug, Parser)]
#[command(name = "phr", version)]
struct Arguments {
    /// A file with settings of your own; see api/config.default.toml for what there is.
    #[arg(long, env = "PHR_CONFIG", global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve GraphQL at /graphql and GraphiQL at /.
    Serve {
        /// Fill an empty embedded database with made-up registers.
        #[arg(long)]
        demo: bool,
        /// Address and port to listen on.
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<String>,
        /// Let everybody do everything, unseen: for the benchmark, on a loopback address.
        #[cfg(feature = "unguarded")]
        #[arg(long)]
        without_guards: bool,
    },
    /// Change the database's schema, or see what was changed.
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Check the audit trail.
    #[command(subcommand)]
    Audit(verify::Command),
    /// Import records from elsewhere.
    #[command(subcommand)]
    Import(import::Command),
    /// Export records for elsewhere.
    #[command(subcommand)]
    Export(export::Command),
    /// Bring records that other programs wrote, or that are older than the rules, into the form in which the server writes
    /// them: texts in NFC, and phone numbers as they are compared. Needed too after an institution's country has changed.
    Normalize(normalize::Options),
    /// Print an access token for whoever is at this machine.
    Token(token::Options),
    /// Create users from this machine.
    #[command(subcommand)]
    User(user::Command),
    /// Make the installation's key file, and keys that sign tokens.
    #[command(subcommand)]
    Key(key::Command),
    /// Print the GraphQL schema: the contents of schema.graphql.
    Schema,
    /// Check the settings and the database, and say what is wrong and what to do about it.
    Doctor {
        /// Print the findings as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Room for the calls of a worker, of which memory is taken as far as it is used. A resolver stands as deep in others as the
/// schema has parts: without optimisation, mutations need more than the usual two megabytes.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    console::end(start())
}

fn start() -> ExitCode {
    avoid_huge_pages();
    file_modes::keep_new_files_private();
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Schema) {
        console::print(format_args!("{}", graphql::sdl()));
        return ExitCode::SUCCESS;
    }
    let config = match Config::load(arguments.config.as_deref(), |name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(error) => return fail(&error),
    };
    if let Err(error) = observability::start(&config.log) {
        return fail(&error);
    }
    // These only look, and tell what they find.
    if !matches!(arguments.command, Command::Doctor { .. } | Command::Audit(_)) {
        file_modes::tighten(&config);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK_BYTES).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    runtime.block_on(execute(arguments.command, config))
}

/// The allocator asks for pages of two megabytes, which would keep some 15 MB in memory that are hardly used. Where the
/// kernel has no such setting, they stay.
fn avoid_huge_pages() {
    #[cfg(target_os = "linux")]
    rustix::thread::disable_transparent_huge_pages(true).ok();
}

async fn execute(command: Command, mut config: Config) -> ExitCode {
    #[cfg(feature = "unguarded")]
    if matches!(command, Command::Serve { without_guards: true, .. }) {
        crate::guards::switch_off();
        tell_line!("{}", crate::guards::WARNING);
    }
    match command {
        Command::Serve { demo, listen, .. } => {
            if let Some(listen) = listen {
                config.server.listen = listen;
            }
            done(Box::pin(app::serve(&config, demo)).await)
        }
        Command::Migrate(command) => done(migrate::run(&config, command).await),
        Command::Audit(command) => verify::run(&config, command).await.unwrap_or_else(|error| fail(&error)),
        Command::Import(command) => import::run(&config, command).await.unwrap_or_else(|error| fail(&error)),
        Command::Export(command) => done(export::run(&config, command).await),
        Command::Normalize(options) => done(normalize::run(&config, options).await),
        Command::Token(options) => done(token::run(&config, options).await),
        Command::User(command) => done(user::run(&config, command).await),
        Command::Key(command) => done(key::run(&config, command).await),
        Command::Doctor { json } => doctor::run(&config, json).await,
        Command::Schema => ExitCode::SUCCESS,
    }
}

fn done<E: std::fmt::Display>(result: Result<(), E>) -> ExitCode {
    result.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS)
}

fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    tell_line!("phr: {error}");
    ExitCode::FAILURE
}
