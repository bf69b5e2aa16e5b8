//! The log, and everything else that is said on standard error.
//!
//! Saying it never fails, never panics and never waits: lines go to a thread of their own ([`sink`]), and are lost where that
//! cannot write them. So a full disk, or a pipe that nobody reads, decides nothing about what is logged.

mod sink;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

use sink::Sink;

/// How long the last lines may take to be written when the process ends.
const CLOSING_TIME: Duration = Duration::from_secs(1);

static SINK: OnceLock<Sink> = OnceLock::new();

/// Starts logging to standard error, so that standard output stays free for what a command prints.
///
/// # Errors
/// When the level makes no sense, or logging has been started before.
pub fn start(log: &Log) -> Result<(), String> {
    // A bare level is about this program; what libraries have to say is heard from warnings on.
    let is_bare = !log.level.contains(['=', ',']);
    let wish = if is_bare { format!("warn,phr={0},migration={0}", log.level) } else { log.level.clone() };
    let filter = EnvFilter::try_new(wish).map_err(|error| format!("LOG_LEVEL: {error}"))?;
    let sink = Sink::start(std::io::stderr()).map_err(|error| format!("cannot start logging: {error}"))?;
    let sink = SINK.get_or_init(|| sink);
    // What the subscriber cannot write it would otherwise say by `eprintln!`, which panics.
    let builder =
        tracing_subscriber::fmt().log_internal_errors(false).with_env_filter(filter).with_writer(sink.clone());
    let started = match log.format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| error.to_string())?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Says something to whoever is at the terminal, in the order of the log.
pub fn tell(text: &str) {
    match SINK.get() {
        Some(sink) => sink.send(text.as_bytes()),
        None => {
            std::io::stderr().write_all(text.as_bytes()).ok();
        }
    }
}

/// Waits until what was said is written, for a moment at most.
pub fn finish() {
    if let Some(sink) = SINK.get() {
        sink.flush(CLOSING_TIME);
    }
}

/// The usual hook writes to standard error itself, and so would wait with a thread that others may wait for.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    let payload = panic.payload();
    let message =
        payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(location, message, backtrace, "a thread panicked");
}
