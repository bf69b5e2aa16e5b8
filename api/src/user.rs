//! `phr user`: users, from the machine itself.

use std::io::{IsTerminal as _, Read as _};

use clap::Subcommand;
use uuid::Uuid;

use crate::app;
use crate::auth::LoginInput;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::error::Error;
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
}

/// # Errors
/// When a rule is broken, or the database or the key file cannot be used.
pub(crate) async fn run(config: &Config, command: Command) -> Result<(), app::Error> {
    let Command::Create { username, name, role, institution, password_stdin } = command;
    let password = if password_stdin { Some(password()?) } else { None };
    let (cluster, authority) = app::authority(config).await?;
    let scope = Scope::local_operator(Uuid::new_v4());
    let role_id = authority.role(&scope, &role).await?;
    let input = CreateUserInput {
        uuid: None,
        kind: UserKind::Cms,
        username: username.clone(),
        display_name: name,
        role_id,
        institution_id: institution,
        patient_id: None,
        doctor_id: None,
        external_subject: None,
        idempotency_key: None,
    };
    if let Some(password) = &password {
        crate::auth::check_password(password, &username)?;
    }
    let user = user::create(&scope, &cluster, &SystemClock, input).await?;
    let token = authority.one_time_token(&scope, *user.uuid.loaded()?).await?;
    let Some(password) = password else {
        println!("user {username} may sign in until {} with this one-time token and a new password:", token.expires_at);
        println!("{}", token.token);
        return Ok(());
    };
    let login = LoginInput {
        username: username.clone(),
        password: None,
        one_time_token: Some(token.token),
        new_password: Some(password),
        one_time_code: None,
        device: None,
    };
    let grant = authority.login(login, scope.request, None).await?;
    authority.end(&grant).await?;
    println!("user {username} may sign in");
    Ok(())
}

fn password() -> Result<String, Error> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("Type the password, then Enter and Ctrl-D. It is shown as you type.");
    }
    let mut text = String::new();
    input.read_to_string(&mut text).map_err(|error| Error::BadRequest(format!("standard input: {error}")))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
