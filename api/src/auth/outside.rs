use std::collections::HashMap;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use parking_lot::RwLock;
use serde::Deserialize;

use super::Outside;

/// What an OpenID provider may sign with: public keys only, so that nobody can take its key for a shared secret.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

/// Knows the tokens of an OpenID provider elsewhere.
pub(super) struct Provider {
    settings: Outside,
    keys: RwLock<Keys>,
}

#[derive(Default)]
struct Keys {
    changed: Option<SystemTime>,
    by_name: HashMap<String, (Algorithm, DecodingKey)>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

impl Provider {
    pub(super) fn new(settings: Outside) -> Self {
        let provider = Self { settings, keys: RwLock::default() };
        provider.read_if_changed();
        provider
    }

    /// Reads the file of keys, if it has changed since it was last read.
    pub(super) fn read_if_changed(&self) {
        let path = &self.settings.keys;
        let changed = std::fs::metadata(path).and_then(|file| file.modified()).ok();
        if changed.is_some() && self.keys.read().changed == changed {
            return;
        }
        let read = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<JwkSet>(&bytes).ok());
        if let Some(set) = read {
            *self.keys.write() = Keys { changed, by_name: usable(&set) };
        } else {
            tracing::error!(path = %path.display(), "cannot read the OpenID provider's keys");
        }
    }

    /// Whom a token of the provider names; none for any other token, and for one that is not good now.
    pub(super) fn subject(&self, token: &str, now: DateTime<Utc>) -> Option<String> {
        let header = decode_header(token).ok()?;
        let keys = self.keys.read();
        let (algorithm, key) = keys.by_name.get(header.kid.as_deref()?)?;
        if header.alg != *algorithm || header.crit.is_some() {
            return None;
        }
        let mut wanted = Validation::new(*algorithm);
        wanted.set_issuer(&[&self.settings.issuer]);
        wanted.set_audience(&[&self.settings.audience]);
        wanted.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        wanted.validate_exp = false;
        let claims = decode::<Claims>(token, key, &wanted).ok()?.claims;
        let now = now.timestamp();
        (now < claims.exp && claims.nbf.is_none_or(|nbf| nbf <= now)).then_some(claims.sub)
    }
}

fn usable(set: &JwkSet) -> HashMap<String, (Algorithm, DecodingKey)> {
    let keys = set.keys.iter().filter_map(|jwk| {
        let named = jwk.common.key_algorithm?.to_string().parse::<Algorithm>().ok()?;
        let algorithm = ALGORITHMS.into_iter().find(|algorithm| *algorithm == named)?;
        Some((jwk.common.key_id.clone()?, (algorithm, DecodingKey::from_jwk(jwk).ok()?)))
    });
    keys.collect()
}
