use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::auth::{KeyFile, KeyFileError, KeySource, Outside, Settings, SourceError};

use super::{Config, Error};

/// The key file that a server on this machine makes for itself.
const LOCAL_KEY_FILE: &str = "data/phr-local.key";

/// Settings of sessions. Times are in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The file with the installation's secret; empty for one of this machine's own.
    pub key_file: String,
    /// Who signs the tokens of these servers.
    pub issuer: String,
    /// How long an access token is good.
    pub access_ttl: u64,
    /// How long a session lasts at most.
    pub session_ttl: u64,
    /// Time within which a used refresh token may come again.
    pub refresh_grace: u64,
    /// Lets pages keep their refresh token in a cookie.
    pub refresh_cookie: bool,
    /// How long a one-time token is good.
    pub one_time_ttl: u64,
    /// For how long a record can be opened outside the own boundary at most.
    pub break_glass_ttl: u64,
    /// After how many failed logins in a row a user is locked out.
    pub lockout_failures: u32,
    /// And for how long.
    pub lockout_seconds: u64,
    /// The `iss` of an OpenID provider's tokens; empty for none.
    pub external_issuer: String,
    /// The `aud` that its tokens for this server have.
    pub external_audience: String,
    /// A file or an `https` URL with its public keys.
    pub external_jwks: String,
    /// A file with the certificates by which that URL's own is checked; empty for those that browsers trust.
    pub external_ca: String,
    /// How old keys from a URL may become.
    pub external_refresh: u64,
    /// How long after one reading of them the next may begin.
    pub external_pause: u64,
}

/// The longest time in which a refresh token may come again, in seconds.
const LONGEST_GRACE: u64 = 300;

/// A time of the sessions' settings at most, in seconds: ten years.
const LONGEST: u64 = 10 * 366 * 24 * 3600;

impl Auth {
    /// # Errors
    /// Names the time that is too long.
    pub(super) fn check(&self) -> Result<(), Error> {
        let times = [
            ("auth.access_ttl", self.access_ttl, LONGEST),
            ("auth.session_ttl", self.session_ttl, LONGEST),
            ("auth.refresh_grace", self.refresh_grace, LONGEST_GRACE),
            ("auth.one_time_ttl", self.one_time_ttl, LONGEST),
            ("auth.break_glass_ttl", self.break_glass_ttl, LONGEST),
            ("auth.lockout_seconds", self.lockout_seconds, LONGEST),
            ("auth.external_refresh", self.external_refresh, LONGEST),
            ("auth.external_pause", self.external_pause, LONGEST),
        ];
        match times.into_iter().find(|(_, seconds, longest)| seconds > longest) {
            Some((name, _, longest)) => {
                Err(Error::Malformed { from: name.to_owned(), message: format!("must be at most {longest}") })
            }
            None => Ok(()),
        }
    }

    /// The OpenID provider, if one is configured.
    pub(super) fn outside(&self) -> Result<Option<Outside>, Error> {
        let given = [&self.external_issuer, &self.external_audience, &self.external_jwks];
        if given.iter().all(|text| text.is_empty()) {
            return Ok(None);
        }
        if given.iter().any(|text| text.is_empty()) || self.external_issuer == self.issuer {
            let message = "external_issuer, external_audience and external_jwks are given together, and the issuer differs from auth.issuer";
            return Err(Error::Malformed { from: "auth".to_owned(), message: message.to_owned() });
        }
        let keys = KeySource::new(&self.external_jwks, &self.external_ca);
        let malformed =
            |error: SourceError| Error::Malformed { from: "auth.external_jwks".to_owned(), message: error.to_string() };
        Ok(Some(Outside {
            issuer: self.external_issuer.clone(),
            audience: self.external_audience.clone(),
            keys: keys.map_err(malformed)?,
            refresh: Duration::from_secs(self.external_refresh),
            pause: Duration::from_secs(self.external_pause),
        }))
    }
}

impl Config {
    /// How sessions are kept.
    ///
    /// # Errors
    /// When an OpenID provider is configured by halves.
    pub fn auth_settings(&self) -> Result<Settings, Error> {
        let auth = &self.auth;
        Ok(Settings {
            issuer: auth.issuer.clone(),
            access: Duration::from_secs(auth.access_ttl),
            session: Duration::from_secs(auth.session_ttl),
            refresh_grace: Duration::from_secs(auth.refresh_grace),
            one_time: Duration::from_secs(auth.one_time_ttl),
            leave: Duration::from_secs(auth.break_glass_ttl),
            lockout_failures: auth.lockout_failures,
            lockout: Duration::from_secs(auth.lockout_seconds),
            outside: auth.outside()?,
        })
    }

    /// The key file as it is now; none where this machine's own has not been made yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn existing_key_file(&self) -> Result<Option<KeyFile>, KeyFileError> {
        match self.auth.key_file.as_str() {
            "" if !Path::new(LOCAL_KEY_FILE).exists() => Ok(None),
            "" => KeyFile::load(Path::new(LOCAL_KEY_FILE)).map(Some),
            path => KeyFile::load(Path::new(path)).map(Some),
        }
    }

    /// The folder of this machine's own key file, where that is used and has a folder of its own.
    #[must_use]
    pub fn local_key_folder(&self) -> Option<PathBuf> {
        if self.auth.key_file.is_empty() { Path::new(LOCAL_KEY_FILE).parent().map(Path::to_owned) } else { None }
    }

    /// The installation's key file; without one, this machine's own, which is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be read or made.
    pub fn key_file(&self) -> Result<KeyFile, KeyFileError> {
        match self.auth.key_file.as_str() {
            "" => KeyFile::local(Path::new(LOCAL_KEY_FILE)),
            path => KeyFile::load(Path::new(path)),
        }
    }
}
