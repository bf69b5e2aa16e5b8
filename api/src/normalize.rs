//! `phr normalize`: records in the form in which the server writes them.

use std::io::IsTerminal;

use uuid::Uuid;

use crate::app;
use crate::config::Config;
use crate::console::print_line;
use crate::database::Target;
use crate::error::Error;
use crate::observability;
use crate::records::normalize::{Normalized, normalize};
use crate::scope::Scope;

/// Arguments of `phr normalize`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// Only tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

/// Brings the records of the database into form, and prints what was done.
///
/// # Errors
/// As any write. What was done until then stays: run it again.
pub(crate) async fn run(config: &Config, options: Options) -> Result<(), app::Error> {
    let target = config.target()?;
    if let Target::Sqlite(path) = &target
        && !path.exists()
    {
        return Err(Error::BadRequest(format!("there is no database {}", path.display())).into());
    }
    app::check_schema(&target).await?;
    let key_file = config.key_file()?;
    let cluster = app::connect_all(config, config.nodes()?).await;
    let tending = app::keep_trail(config, &cluster, &key_file)?;
    let shows_progress = std::io::stderr().is_terminal();
    let mut progress = |done: &Normalized| {
        if shows_progress {
            let Normalized { kind, examined, changed, .. } = done;
            observability::tell(&format!("\r\x1b[K{kind}: {examined} looked at, {changed} changed"));
        }
    };
    let scope = Scope::local_operator(Uuid::new_v4());
    let done = tokio::select! {
        done = normalize(&scope, &cluster, options.dry_run, &mut progress) => done,
        () = app::told_to_stop() => Err(Error::BadRequest("stopped: run it again to go on".to_owned())),
    };
    if shows_progress {
        observability::tell("\r\x1b[K");
    }
    tending.stop(app::CLOSING_TIME).await;
    print(&done?, options);
    Ok(())
}

fn print(done: &[Normalized], options: Options) {
    if options.json {
        let kind = |done: &Normalized| {
            let left = done.reasons.iter().map(|(uuid, reason)| serde_json::json!({ "uuid": uuid, "reason": reason }));
            serde_json::json!({
                "kind": done.kind, "examined": done.examined, "changed": done.changed, "left": done.left,
                "reasons": left.collect::<Vec<_>>(),
            })
        };
        let kinds: Vec<_> = done.iter().map(kind).collect();
        print_line!("{}", serde_json::json!({ "dryRun": options.dry_run, "kinds": kinds }));
        return;
    }
    let words = if options.dry_run { "would be changed" } else { "changed" };
    for Normalized { kind, examined, changed, left, reasons } in done.iter().filter(|done| done.examined > 0) {
        print_line!("{kind}: {examined} looked at, {changed} {words}, {left} left as they are");
        for (uuid, reason) in reasons {
            print_line!("  {uuid}: {reason}");
        }
    }
}
