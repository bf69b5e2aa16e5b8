use async_graphql::InputObject;
use sha2::{Digest, Sha256};

use crate::error::{Error, FaultCode, FaultParams, Result};

use super::password::check;

/// Characters of a device's key at most.
const MAX_DEVICE: usize = 200;

/// Who signs in, and what proves it.
#[derive(Clone, InputObject)]
pub struct LoginInput {
    /// The user's name, in upper or lower case.
    pub username: String,
    /// The password; or else a one-time token.
    pub password: Option<String>,
    /// A one-time token from an administrator, which sets a new password.
    pub one_time_token: Option<String>,
    /// The new password, together with a one-time token: 12 to 256 characters.
    pub new_password: Option<String>,
    /// The code that the second factor shows, for users who have one: 6 digits; spaces and hyphens are ignored.
    pub one_time_code: Option<String>,
    /// The key of the device, where the role is bound to devices.
    pub device: Option<String>,
    /// True to keep the refresh token in a cookie that no page can read, instead of returning it. For pages of this
    /// server's host, or of an origin that it knows, over HTTPS or on localhost, that ask by POST.
    #[graphql(default)]
    pub cookie: bool,
}

/// How somebody proves who they are.
pub(super) enum Proof {
    Password(String),
    Token { token: String, new_password: String },
}

/// What an input brings as proof.
///
/// # Errors
/// `Rejected` when it lacks something, or brings too much.
pub(super) fn proof(input: &LoginInput) -> Result<Proof> {
    let fault = |field, message: &str| Error::rejected(FaultCode::Required, &["input", field], message);
    match (&input.password, &input.one_time_token, &input.new_password) {
        (Some(password), None, None) => Ok(Proof::Password(password.clone())),
        (None, Some(token), Some(new)) => {
            check(new, &input.username, &["input", "newPassword"])?;
            Ok(Proof::Token { token: token.trim().to_owned(), new_password: new.clone() })
        }
        (None, Some(_), None) => Err(fault("newPassword", "a one-time token sets a new password")),
        (None, None, _) => Err(fault("password", "give the password, or a one-time token")),
        (Some(_), ..) => Err(Error::rejected(
            FaultCode::InvalidFormat,
            &["input", "password"],
            "give either the password, or a one-time token with a new password",
        )),
    }
}

/// SHA-256 of a device's key, in hexadecimal.
pub(super) fn device(key: Option<&str>) -> Result<Option<String>> {
    let Some(key) = key.filter(|key| !key.is_empty()) else { return Ok(None) };
    if key.chars().count() > MAX_DEVICE {
        let message = format!("has {MAX_DEVICE} characters at most");
        let refused = Error::rejected(FaultCode::TooLong, &["input", "device"], message);
        return Err(refused.with(&FaultParams::at_most(MAX_DEVICE)));
    }
    Ok(Some(Sha256::digest(key).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))))
}
