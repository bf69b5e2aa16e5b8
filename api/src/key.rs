//! `phr key`: the installation's key file, and the keys that sign tokens.

use std::path::PathBuf;

use clap::Subcommand;

use crate::app;
use crate::auth::{KeyFile, SigningAlgorithm};
use crate::config::Config;
use crate::console::print_line;

/// What to do with keys.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the key file of an installation. All servers of a database need the same one: keep it, and keep it secret.
    Create {
        /// Where; an existing file is never overwritten.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Make a new key that signs tokens from now on. Running servers take it up within seconds.
    Rotate {
        /// How tokens are signed.
        #[arg(long, default_value = "EdDSA", value_enum)]
        algorithm: SigningAlgorithm,
        /// Let no token be good that an earlier key has signed: every session ends.
        #[arg(long)]
        revoke: bool,
    },
}

/// # Errors
/// When the file exists, or the database or the key file cannot be used.
pub(crate) async fn run(config: &Config, command: Command) -> Result<(), app::Error> {
    match command {
        Command::Create { file } => {
            let made = KeyFile::create(&file)?;
            print_line!("made {} with fingerprint {}", file.display(), made.fingerprint());
            print_line!("Name it in PHR_KEY_FILE, on every server of the database.");
        }
        Command::Rotate { algorithm, revoke } => {
            let key = app::rotate_keys(config, algorithm, revoke).await?;
            print_line!("key {key} signs from now on ({})", algorithm.name());
        }
    }
    Ok(())
}
