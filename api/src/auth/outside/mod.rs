//! Tokens of an OpenID provider elsewhere. A user is who the provider's `iss` and `sub` say together, and nothing else that
//! a token tells (a name, an email address) is looked at.

mod fetch;
mod keys;
mod source;

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Validation, decode, decode_header};
use moka::sync::Cache;
use parking_lot::RwLock;
use serde::Deserialize;

use crate::error::Unauthenticated;

use keys::Keys;
use source::{Found, Reader};

pub use source::{KeySource, SourceError};

/// Tokens that are remembered as verified.
const REMEMBERED: u64 = 10_000;
/// Most that the provider's clock may be ahead of this one.
const SKEW: Duration = Duration::from_secs(5);
/// How often it is looked at whether keys are to be read again.
const LOOK: Duration = Duration::from_secs(1);
/// The types that an access token may say it is of (RFC 9068, section 2.1; RFC 7519, section 5.1): a logout token, say, is
/// signed by the same keys.
const TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];

/// An OpenID provider elsewhere.
#[derive(Clone, Debug)]
pub struct Outside {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` that its tokens for this server have.
    pub audience: String,
    /// Where its public keys are.
    pub keys: KeySource,
    /// How old keys from a URL may become before they are read again.
    pub refresh: Duration,
    /// How long after one reading the next may begin, whatever tokens come: keys that nobody knows make the provider be asked,
    /// and forged ones must not make it be asked all the time.
    pub pause: Duration,
}

/// Knows the tokens of an OpenID provider elsewhere.
pub(super) struct Provider {
    settings: Outside,
    keys: RwLock<Arc<Keys>>,
    known: Cache<Arc<str>, Arc<Known>>,
    reading: tokio::sync::Mutex<Reading>,
}

/// How the keys were last read.
struct Reading {
    reader: Reader,
    /// When that last began.
    tried: Option<Instant>,
    /// Whether it went wrong, which has been said.
    is_failing: bool,
}

/// A token that was verified, and the key that signed it.
struct Known {
    claims: Claims,
    key: String,
}

#[derive(Deserialize)]
struct Claims {
    /// One text: a list of issuers is nobody.
    #[serde(rename = "iss")]
    _issuer: String,
    sub: String,
    exp: NumericDate,
    #[serde(default)]
    nbf: Option<NumericDate>,
}

/// Seconds since 1970, perhaps with a fraction (RFC 7519, section 2).
#[derive(Clone, Copy, PartialEq, PartialOrd, Deserialize)]
struct NumericDate(f64);

impl NumericDate {
    fn of(time: DateTime<Utc>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "microseconds until the year 2255 are exact")]
        Self(time.timestamp_micros() as f64 / 1e6)
    }
}

#[derive(Deserialize)]
struct Issued {
    iss: String,
}

impl Provider {
    /// Knows nothing yet. Reads keys from now on, for as long as somebody holds it; must be called within a runtime.
    pub(super) fn start(settings: Outside) -> Arc<Self> {
        let reader = Reader::of(settings.keys.clone());
        let reading = tokio::sync::Mutex::new(Reading { reader, tried: None, is_failing: false });
        let known = Cache::builder().max_capacity(REMEMBERED).build();
        let provider = Arc::new(Self { settings, keys: RwLock::default(), known, reading });
        tokio::spawn(keep_up(Arc::downgrade(&provider)));
        provider
    }

    /// The `iss` of its tokens.
    pub(super) fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Whether a token says that it is this provider's. Nothing of it is to be believed yet.
    pub(super) fn claims(&self, token: &str) -> bool {
        let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let issued = payload.and_then(|bytes| serde_json::from_slice::<Issued>(&bytes).ok());
        issued.is_some_and(|issued| issued.iss == self.settings.issuer)
    }

    /// The subject that a token of the provider names.
    ///
    /// # Errors
    /// Why the token is not good now, or not the provider's.
    pub(super) async fn subject(&self, token: &str, now: DateTime<Utc>) -> Result<String, Unauthenticated> {
        let known = match self.known.get(token) {
            // A key that is no longer published vouches for nothing.
            Some(known) if self.keys.read().has(&known.key) => known,
            _ => self.verify(token).await.ok_or(Unauthenticated::NoSession)?,
        };
        let claims = &known.claims;
        if claims.exp <= NumericDate::of(now) {
            return Err(Unauthenticated::TokenExpired);
        }
        let has_begun = claims.nbf.is_none_or(|nbf| nbf <= NumericDate::of(now + SKEW));
        if has_begun { Ok(claims.sub.clone()) } else { Err(Unauthenticated::NoSession) }
    }

    async fn verify(&self, token: &str) -> Option<Arc<Known>> {
        let header = decode_header(token).ok()?;
        let has_type = header.typ.as_ref().is_none_or(|own| TYPES.iter().any(|known| known.eq_ignore_ascii_case(own)));
        if !has_type || header.crit.is_some() {
            return None;
        }
        let key = header.kid?;
        let present = || Arc::clone(&self.keys.read());
        let keys = if present().has(&key) { present() } else { self.read_for_unknown(&key).await };
        let decoding = keys.find(&key, header.alg)?;
        let mut wanted = Validation::new(header.alg);
        wanted.set_issuer(&[&self.settings.issuer]);
        wanted.set_audience(&[&self.settings.audience]);
        wanted.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        // By the server's clock, which tests control.
        wanted.validate_exp = false;
        let claims = decode::<Claims>(token, decoding, &wanted).ok()?.claims;
        let known = Arc::new(Known { claims, key });
        self.known.insert(Arc::from(token), Arc::clone(&known));
        Some(known)
    }

    /// The keys, read anew for one that is not among them: the provider may have begun to sign with it. Whoever comes
    /// before that may be done again gets those that are there.
    async fn read_for_unknown(&self, key: &str) -> Arc<Keys> {
        let mut reading = self.reading.lock().await;
        let is_known = self.keys.read().has(key);
        if !is_known && reading.tried.is_none_or(|tried| tried.elapsed() >= self.settings.pause) {
            self.read(&mut reading).await;
        }
        Arc::clone(&self.keys.read())
    }

    /// Reads the keys, when it is time to.
    async fn read_in_time(&self) {
        let mut reading = self.reading.lock().await;
        let pause = if reading.is_failing { self.settings.pause } else { self.settings.refresh };
        let is_file = matches!(self.settings.keys, KeySource::File(_));
        let is_due = is_file || reading.tried.is_none_or(|tried| tried.elapsed() >= pause);
        if is_due {
            self.read(&mut reading).await;
        }
    }

    /// What cannot be read leaves everything as it was: keys outlast an outage of their provider.
    async fn read(&self, reading: &mut Reading) {
        let is_first = reading.tried.replace(Instant::now()).is_none();
        let issuer = &self.settings.issuer;
        match reading.reader.read().await {
            Ok(Found::Same) => {}
            Ok(Found::Keys(keys)) => {
                if reading.is_failing || is_first {
                    tracing::info!(issuer, keys = keys.count(), "the OpenID provider's keys were read");
                }
                reading.is_failing = false;
                *self.keys.write() = Arc::new(keys);
                // A name may stand for another key now.
                self.known.invalidate_all();
            }
            Err(error) => {
                if !reading.is_failing {
                    tracing::warn!(issuer, %error, "cannot read the OpenID provider's keys: those that were read before stay");
                }
                reading.is_failing = true;
            }
        }
    }
}

async fn keep_up(provider: Weak<Provider>) {
    loop {
        let Some(provider) = provider.upgrade() else { return };
        provider.read_in_time().await;
        drop(provider);
        tokio::time::sleep(LOOK).await;
    }
}
