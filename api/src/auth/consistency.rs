use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::database::ConsistencyToken;
use crate::error::{Error, Result};

use super::Authority;

/// What a key for consistency tokens is derived for, and the form of the tokens.
const PURPOSE: &[u8] = b"phr consistency token 1";
/// Bytes of a key's name.
const NAME: usize = 16;
/// Bytes of a code (RFC 4868, section 2.3, untruncated).
const CODE: usize = 32;
/// Bytes of a token before it is written as text.
const LENGTH: usize = NAME + ConsistencyToken::LENGTH + CODE;
/// What is said to whoever brings something else.
const MALFORMED: &str =
    "the consistency token is none of this database's: send it as it came, or send none and read what is there";

/// Vouches for consistency tokens, by HMAC-SHA-256 with a key of its own that is derived (RFC 5869) from one of those that
/// sign access tokens. So it comes and goes with that one: what it vouched for is good after the key was retired, and no
/// longer once it was revoked.
pub(super) struct Seal(Hmac<Sha256>);

impl Seal {
    pub(super) fn derived(secret: &[u8]) -> Option<Self> {
        let mut key = [0; CODE];
        Hkdf::<Sha256>::new(None, secret).expand(PURPOSE, &mut key).ok()?;
        Hmac::new_from_slice(&key).ok().map(Self)
    }

    fn code(&self, body: &[u8]) -> Vec<u8> {
        self.0.clone().chain_update(body).finalize().into_bytes().to_vec()
    }

    /// Takes as long for a wrong code as for the right one.
    fn is_whole(&self, body: &[u8], code: &[u8]) -> bool {
        self.0.clone().chain_update(body).verify_slice(code).is_ok()
    }
}

impl Authority {
    /// A consistency token as callers carry it; none as long as no key has been read.
    #[must_use]
    pub fn seal(&self, token: ConsistencyToken) -> Option<String> {
        let roster = self.roster();
        let key = roster.keys.signer.as_ref()?.key;
        let body = [&key.as_bytes()[..], &token.to_bytes()].concat();
        let code = roster.keys.verifier(key)?.seal.code(&body);
        Some(URL_SAFE_NO_PAD.encode([body, code].concat()))
    }

    /// The consistency token that a caller carried.
    ///
    /// # Errors
    /// `BadRequest` unless a server of this database has made it, with a key that was not revoked since; `Unavailable` as
    /// long as no key has been read.
    pub async fn open_seal(&self, text: &str) -> Result<ConsistencyToken> {
        let malformed = || Error::BadRequest(MALFORMED.to_owned());
        let bytes =
            Some(text).filter(|text| text.len() <= 2 * LENGTH).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let bytes = bytes.filter(|bytes| bytes.len() == LENGTH).ok_or_else(malformed)?;
        let (body, code) = bytes.split_at(LENGTH - CODE);
        let (name, place) = body.split_at(NAME);
        let key = Uuid::from_slice(name).map_err(|_| malformed())?;
        let roster = self.roster_with(key).await?;
        let is_whole = roster.keys.verifier(key).is_some_and(|verifier| verifier.seal.is_whole(body, code));
        ConsistencyToken::from_bytes(place).filter(|_| is_whole).ok_or_else(malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_holds_for_one_key_and_one_text() {
        let (own, other) = (Seal::derived(b"own").unwrap(), Seal::derived(b"other").unwrap());
        let code = own.code(b"text");
        assert!(own.is_whole(b"text", &code) && Seal::derived(b"own").unwrap().is_whole(b"text", &code));
        assert!(!other.is_whole(b"text", &code) && !own.is_whole(b"test", &code) && !own.is_whole(b"text", &code[1..]));
    }
}
