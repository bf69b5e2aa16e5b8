//! `phr token`: an access token for whoever is at the machine itself.

use std::time::Duration;

use clap::Args;
use uuid::Uuid;

use crate::app;
use crate::auth::LocalToken;
use crate::config::Config;
use crate::database::Consistency;
use crate::error::Error;
use crate::records::find;
use crate::records::medical_institution::MedicalInstitutions;
use crate::scope::Scope;

/// How long a token may be good at most.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// Whom the token is for.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The role that the token's bearer acts in.
    #[arg(long, default_value = "administrator", value_name = "NAME")]
    role: String,
    /// The only institution whose records the bearer may touch; all of them when left out.
    #[arg(long, value_name = "UUID")]
    institution: Option<Uuid>,
    /// How long the token is good, such as 90s, 15m or 8h.
    #[arg(long, default_value = "15m", value_name = "TIME", value_parser = lifetime)]
    ttl: Duration,
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if lifetime < Duration::from_secs(1) || lifetime > LONGEST {
        return Err("must be between 1s and a year".to_owned());
    }
    Ok(lifetime)
}

/// Prints a token, and nothing else, to standard output.
///
/// # Errors
/// When the database or the key file cannot be used, or there is no such role.
pub(crate) async fn run(config: &Config, options: Options) -> Result<(), app::Error> {
    let (cluster, authority) = app::authority(config).await?;
    if let Some(institution) = options.institution {
        let scope = Scope::local_operator(Uuid::new_v4());
        let reader = cluster.read(&scope, Consistency::Eventual);
        if find::<MedicalInstitutions>(&scope, &reader, institution, &[]).await?.is_none() {
            return Err(Error::BadRequest(format!("there is no institution {institution}")).into());
        }
    }
    let wanted = LocalToken { role: options.role, institution: options.institution, lifetime: options.ttl };
    println!("{}", authority.local_token(&wanted)?);
    Ok(())
}
