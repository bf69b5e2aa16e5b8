use std::collections::HashMap;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

/// Keys of one provider at most.
const MAX_KEYS: usize = 100;

/// The public keys of an OpenID provider, by their names.
#[derive(Default)]
pub(super) struct Keys(HashMap<String, (Vec<Algorithm>, DecodingKey)>);

impl Keys {
    /// The keys of a JWK set (RFC 7517) that may sign tokens, and can: one that has no name, or is of a kind that is not
    /// known here, is passed over.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let set: JwkSet = serde_json::from_slice(bytes).ok()?;
        Some(Self(set.keys.iter().take(MAX_KEYS).filter_map(usable).collect()))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The key of this name, if it may sign this way.
    pub(super) fn find(&self, name: &str, algorithm: Algorithm) -> Option<&DecodingKey> {
        let (algorithms, key) = self.0.get(name)?;
        algorithms.contains(&algorithm).then_some(key)
    }
}

fn usable(jwk: &Jwk) -> Option<(String, (Vec<Algorithm>, DecodingKey))> {
    if jwk.common.public_key_use.as_ref().is_some_and(|wanted| *wanted != PublicKeyUse::Signature) {
        return None;
    }
    let mut algorithms = algorithms(jwk);
    if let Some(named) = &jwk.common.key_algorithm {
        algorithms.retain(|algorithm| jsonwebtoken::jwk::KeyAlgorithm::from(*algorithm) == *named);
    }
    let key = DecodingKey::from_jwk(jwk).ok().filter(|_| !algorithms.is_empty())?;
    Some((jwk.common.key_id.clone()?, (algorithms, key)))
}

/// What a key of this kind may sign with: public keys only, so that nobody can take one for a shared secret.
fn algorithms(jwk: &Jwk) -> Vec<Algorithm> {
    match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => vec![Algorithm::RS256, Algorithm::PS256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
        _ => Vec::new(),
    }
}
