//! The log.

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging to standard error, so that standard output stays free for what a command prints.
///
/// # Errors
/// When the level makes no sense, or logging has been started before.
pub fn start(log: &Log) -> Result<(), String> {
    // A bare level is about this program; what libraries have to say is heard from warnings on.
    let is_bare = !log.level.contains(['=', ',']);
    let wish = if is_bare { format!("warn,phr={0},migration={0}", log.level) } else { log.level.clone() };
    let filter = EnvFilter::try_new(wish).map_err(|error| format!("LOG_LEVEL: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| error.to_string())
}
