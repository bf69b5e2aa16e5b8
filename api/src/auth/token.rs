use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};

use super::seal::Seal;

/// The type in an access token's header (RFC 9068, section 2.1): no token of another kind passes for one.
const TYPE: &str = "at+jwt";
/// Bytes of a token at most. The server's own have about 500.
pub(super) const MAX_LENGTH: usize = 4096;
/// Whom the server's own tokens are for.
const AUDIENCE: &str = "phr";
/// How far another server's clock may be ahead of this one's, in seconds.
const SKEW: i64 = 5;

/// What an access token says of its bearer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) aud: String,
    /// The user.
    pub(super) sub: Uuid,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) jti: Uuid,
    /// The session; none in a token that was made at the machine itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sid: Option<Uuid>,
    /// The role's name.
    pub(super) role: String,
    /// The institution whose records alone may be touched; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) institution: Option<Uuid>,
    /// The patient whose record alone may be touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) patient: Option<Uuid>,
    /// The leave by which a record outside the own boundary is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grant: Option<Uuid>,
    /// SHA-256 of the device's key, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) device: Option<String>,
}

impl Claims {
    /// For a bearer of `role`, from `now` on; everything else is left to be set.
    pub(super) fn new(issuer: &str, subject: Uuid, role: &str, now: DateTime<Utc>, seconds: u64) -> Self {
        let now = now.timestamp();
        Self {
            iss: issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: subject,
            iat: now,
            nbf: now - SKEW,
            exp: now.saturating_add_unsigned(seconds),
            jti: Uuid::new_v4(),
            sid: None,
            role: role.to_owned(),
            institution: None,
            patient: None,
            grant: None,
            device: None,
        }
    }

    /// For how long it was made.
    pub(super) fn lifetime(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.exp.saturating_sub(self.iat)).unwrap_or(0))
    }

    pub(super) const fn has_begun_at(&self, now: DateTime<Utc>) -> bool {
        let now = now.timestamp();
        self.nbf <= now && self.iat <= now + SKEW
    }

    pub(super) const fn has_expired_at(&self, now: DateTime<Utc>) -> bool {
        self.exp <= now.timestamp()
    }
}

/// A key that signs, and says who it is in what it signs.
pub(super) struct Signer {
    pub(super) key: Uuid,
    pub(super) algorithm: Algorithm,
    pub(super) secret: EncodingKey,
}

impl Signer {
    pub(super) fn sign(&self, claims: &Claims) -> Result<String> {
        encode(&header(self.key, self.algorithm), claims, &self.secret).map_err(Error::internal)
    }
}

/// The header of what a key signs.
fn header(key: Uuid, algorithm: Algorithm) -> Header {
    Header { typ: Some(TYPE.to_owned()), kid: Some(key.to_string()), ..Header::new(algorithm) }
}

/// A key by which what was signed is known.
pub(super) struct Verifier {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
    /// Vouches for consistency tokens.
    pub(super) seal: Seal,
}

/// The key that a token names, if its header says no more and nothing else than those that this server signs. Nothing of
/// it is to be believed yet.
pub(super) fn named_key(token: &str) -> Option<(Uuid, Algorithm)> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    let found = decode_header(token).ok()?;
    let key = Uuid::parse_str(found.kid.as_deref()?).ok()?;
    (found == header(key, found.alg)).then_some((key, found.alg))
}

impl Verifier {
    /// What a token says that this key signed; none for any other. Its times are not looked at.
    pub(super) fn read(&self, token: &str, algorithm: Algorithm, issuer: &str) -> Option<Claims> {
        if algorithm != self.algorithm {
            return None;
        }
        let mut wanted = Validation::new(self.algorithm);
        wanted.set_issuer(&[issuer]);
        wanted.set_audience(&[AUDIENCE]);
        wanted.set_required_spec_claims(&["iss", "aud", "exp", "nbf", "sub"]);
        // By the server's clock, which tests control: see `Claims::has_begun_at`.
        wanted.validate_exp = false;
        wanted.validate_nbf = false;
        decode::<Claims>(token, &self.key, &wanted).ok().map(|token| token.claims)
    }
}
