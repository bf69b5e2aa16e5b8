//! `phr token`: an access token for whoever is at the machine itself.

use std::time::Duration;

use clap::Args;
use uuid::Uuid;

use crate::app;
use crate::auth::{Authority, LocalToken};
use crate::config::Config;
use crate::console::print_line;
use crate::database::{Cluster, Consistency};
use crate::deed::{Action, Deed, Outcome};
use crate::error::Error;
use crate::records::medical_institution::MedicalInstitutions;
use crate::records::{Deleted, Joins, find};
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
    /// The only patient whose record the bearer may touch: for the role of patients, and for any other.
    #[arg(long, value_name = "UUID", conflicts_with = "institution")]
    patient: Option<Uuid>,
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
/// When the database, the key file or the audit spool cannot be used, or there is no such role.
pub(crate) async fn run(config: &Config, options: Options) -> Result<(), app::Error> {
    let (cluster, authority, tending) = app::authority(config).await?;
    let made = make(&cluster, &authority, options).await;
    if let Ok(token) = &made {
        // Whoever waits for it need not wait for what is shipped to a node that is away.
        print_line!("{token}");
    }
    tending.stop(app::CLOSING_TIME).await;
    made?;
    Ok(())
}

/// Makes a token, and puts that on record before anybody has it.
async fn make(cluster: &Cluster, authority: &Authority, options: Options) -> Result<String, Error> {
    let scope = Scope::local_operator(Uuid::new_v4());
    let reader = cluster.read(&scope, Consistency::Eventual);
    let mut institution = options.institution;
    if let Some(key) = institution
        && find::<MedicalInstitutions>(&scope, &reader, key, Deleted::Excluded, &[], &Joins::new()).await?.is_none()
    {
        return Err(Error::BadRequest(format!("there is no institution {key}")));
    }
    if let Some(key) = options.patient {
        institution = Some(authority.institution_of(&scope, key).await?);
    }
    let wanted = LocalToken { role: options.role, institution, patient: options.patient, lifetime: options.ttl };
    let token = authority.local_token(&wanted)?;
    let patients = wanted.patient.into_iter().collect();
    let deed = Deed { institution, patients, ..Deed::new(Action::Login, "AccessToken") };
    cluster.record(&scope, vec![(deed, Outcome::Succeeded)]).await?;
    Ok(token)
}
