//! `phr user`: users, from the machine itself.

use std::io::{IsTerminal as _, Read as _};

use clap::Subcommand;
use uuid::Uuid;

use crate::app;
use crate::auth::Authority;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::console::{print_line, tell_line};
use crate::database::Cluster;
use crate::error::Error;
use crate::instant::written;
use crate::records::Loaded as _;
use crate::records::user::{self, CreateUserInput, UserKind};
use crate::scope::Scope;

/// What to do with users.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a user, such as the first administrator, and print what they sign in with first.
    Create {
        /// What the user signs in by, such as an email address.
        #[arg(long, value_name = "NAME")]
        username: String,
        /// What people call the user.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// What the user may do.
        #[arg(long, default_value = "administrator", value_name = "NAME")]
        role: String,
        /// The only institution whose records the user may touch; all of them when left out.
        #[arg(long, value_name = "UUID")]
        institution: Option<Uuid>,
        /// Take the password from standard input, instead of making a one-time token.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Take the second factor from a user who has lost it, and end their sessions: they sign in with the password alone.
    ResetSecondFactor {
        /// What the user signs in by.
        #[arg(long, value_name = "NAME")]
        username: String,
    },
}

/// A user to create.
struct New {
    username: String,
    name: Option<String>,
    role: String,
    institution: Option<Uuid>,
    password: Option<String>,
}

/// # Errors
/// When a rule is broken, or the database or the key file cannot be used.
pub(crate) async fn run(config: &Config, command: Command) -> Result<(), app::Error> {
    let password = match &command {
        Command::Create { username, password_stdin: true, .. } => {
            let password = password()?;
            crate::auth::check_password(&password, username)?;
            Some(password)
        }
        _ => None,
    };
    let (cluster, authority, tending) = app::authority(config).await?;
    let done = match command {
        Command::Create { username, name, role, institution, .. } => {
            create(&cluster, &authority, New { username, name, role, institution, password }).await
        }
        Command::ResetSecondFactor { username } => reset_second_factor(&authority, &username).await,
    };
    tending.stop(app::CLOSING_TIME).await;
    Ok(done?)
}

async fn create(cluster: &Cluster, authority: &Authority, new: New) -> Result<(), Error> {
    let scope = Scope::local_operator(Uuid::new_v4());
    let role_id = authority.role(&scope, &new.role).await?;
    let input = CreateUserInput {
        uuid: None,
        kind: UserKind::Cms,
        username: new.username.clone(),
        display_name: new.name,
        role_id,
        institution_id: new.institution,
        patient_id: None,
        doctor_id: None,
        external_issuer: None,
        external_subject: None,
        idempotency_key: None,
    };
    let user = user::create(&scope, cluster, &SystemClock, input).await?;
    let (name, uuid) = (new.username, *user.uuid.loaded()?);
    let Some(password) = new.password else {
        let token = authority.one_time_token(&scope, uuid).await?;
        let until = written(&token.expires_at.0);
        print_line!("user {name} may sign in until {until} with this one-time token and a new password:");
        print_line!("{}", token.token);
        return Ok(());
    };
    if let Err(error) = authority.give_password(&scope, uuid, password).await {
        tell_line!("user {name} was created, and has no password: createOneTimeToken lets them set one");
        return Err(error);
    }
    print_line!("user {name} may sign in");
    Ok(())
}

async fn reset_second_factor(authority: &Authority, username: &str) -> Result<(), Error> {
    let scope = Scope::local_operator(Uuid::new_v4());
    let user = authority.named(&scope, username).await?;
    authority.reset_second_factor(&scope, user).await?;
    print_line!("user {username} signs in with the password alone, and may set up another second factor");
    Ok(())
}

fn password() -> Result<String, Error> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        tell_line!("Type the password, then Enter and Ctrl-D. It is shown as you type.");
    }
    let mut text = String::new();
    input.read_to_string(&mut text).map_err(|error| Error::BadRequest(format!("standard input: {error}")))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
