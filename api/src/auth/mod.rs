//! Who somebody is, and what they may do: users' secrets, sessions, tokens, roles. What comes out of here is a
//! [`Scope`](crate::scope::Scope).
//!
//! An access token is verified once and then remembered; every request is judged by a [`roster`] that is read anew each
//! second, so that what was revoked on one server is dead on all. Keys belong to the database: all its servers share
//! them, sealed by the secret in their key file.

mod authentication;
mod authority;
mod break_glass;
mod consistency;
mod given_password;
mod key_file;
mod keyring;
mod local_token;
mod lockout;
mod login;
mod one_time;
mod outside;
mod password;
mod proof;
mod query_seal;
mod refresh;
mod roster;
mod rotation;
mod seal;
mod second_factor;
mod session;
mod settings;
mod standing;
mod token;

pub use authority::{Authority, ForeignKeys};
pub use break_glass::{BreakGlassInput, Leave};
pub use key_file::{Error as KeyFileError, KeyFile};
pub use keyring::SigningAlgorithm;
pub use local_token::LocalToken;
pub use one_time::OneTimeToken;
pub use outside::{KeySource, Outside, SourceError};
pub use password::check_password;
pub use proof::LoginInput;
pub use query_seal::{QuerySeal, Unopened};
pub use second_factor::Enrolment;
pub use session::{ChangePasswordInput, Grant};
pub use settings::Settings;
pub use standing::Standing;

use sea_orm::{ConnectionTrait, EntityTrait};
use uuid::Uuid;

use crate::error::Result;

/// The institution and the patient that a user is bound to: a patient to the own record, wherever that belongs now.
async fn boundary(database: &impl ConnectionTrait, user: &entity::user::Model) -> Result<(Option<Uuid>, Option<Uuid>)> {
    let register = match user.patient_id {
        Some(patient) => entity::patient_register::Entity::find_by_id(patient).one(database).await?,
        None => None,
    };
    Ok(bounded(user.institution_id, user.patient_id, register.map(|register| register.institution_id)))
}

/// The same, of a user whose patient's register belongs to `registered`.
fn bounded(own: Option<Uuid>, patient: Option<Uuid>, registered: Option<Uuid>) -> (Option<Uuid>, Option<Uuid>) {
    match patient {
        None => (own, None),
        // Without a register there is nothing that the patient may see: no institution has this key.
        Some(_) => (Some(registered.unwrap_or(Uuid::nil())), patient),
    }
}
