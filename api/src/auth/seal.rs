use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::error::Result;

use super::Authority;

/// Bytes of a key's name.
const NAME: usize = 16;
/// Bytes of a code (RFC 4868, section 2.3, untruncated).
const CODE: usize = 32;

/// What is vouched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sealed {
    ConsistencyToken,
    Cursor,
}

impl Sealed {
    /// What its key is derived for, and its form.
    const fn purpose(self) -> &'static [u8] {
        match self {
            Self::ConsistencyToken => b"phr consistency token 1",
            Self::Cursor => b"phr change cursor 1",
        }
    }
}

/// Vouches for what callers carry, by HMAC-SHA-256 with keys of its own that are derived (RFC 5869) from one of those that
/// sign access tokens. So it comes and goes with that one: what it vouched for is good after the key was retired, and no
/// longer once it was revoked.
pub(super) struct Seal {
    token: Hmac<Sha256>,
    cursor: Hmac<Sha256>,
}

impl Seal {
    pub(super) fn derived(secret: &[u8]) -> Option<Self> {
        let derived = |what: Sealed| {
            let mut key = [0; CODE];
            Hkdf::<Sha256>::new(None, secret).expand(what.purpose(), &mut key).ok()?;
            Hmac::new_from_slice(&key).ok()
        };
        Some(Self { token: derived(Sealed::ConsistencyToken)?, cursor: derived(Sealed::Cursor)? })
    }

    fn over(&self, what: Sealed, body: &[u8]) -> Hmac<Sha256> {
        let key = match what {
            Sealed::ConsistencyToken => &self.token,
            Sealed::Cursor => &self.cursor,
        };
        key.clone().chain_update(body)
    }

    fn code(&self, what: Sealed, body: &[u8]) -> Vec<u8> {
        self.over(what, body).finalize().into_bytes().to_vec()
    }

    /// Takes as long for a wrong code as for the right one.
    fn is_whole(&self, what: Sealed, body: &[u8], code: &[u8]) -> bool {
        self.over(what, body).verify_slice(code).is_ok()
    }
}

impl Authority {
    /// Bytes as callers carry them; none as long as no key has been read.
    pub(super) fn vouch(&self, what: Sealed, bytes: &[u8]) -> Option<String> {
        let roster = self.roster();
        let key = roster.keys.signer.as_ref()?.key;
        let body = [key.as_bytes(), bytes].concat();
        let code = roster.keys.verifier(key)?.seal.code(what, &body);
        Some(URL_SAFE_NO_PAD.encode([body, code].concat()))
    }

    /// The bytes that a caller carried, at most `most`; none unless a server of this database has vouched for them, with a
    /// key that was not revoked since.
    ///
    /// # Errors
    /// `Unavailable` as long as no key has been read.
    pub(super) async fn vouched(&self, what: Sealed, text: &str, most: usize) -> Result<Option<Vec<u8>>> {
        let longest = (NAME + most + CODE) * 4 / 3 + 1;
        let bytes = Some(text).filter(|text| text.len() <= longest).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let Some((body, code)) =
            bytes.as_ref().and_then(|bytes| bytes.split_at_checked(bytes.len().checked_sub(CODE)?))
        else {
            return Ok(None);
        };
        let Some((name, carried)) = body.split_first_chunk::<NAME>() else { return Ok(None) };
        let key = Uuid::from_bytes(*name);
        let roster = self.roster_with(key).await?;
        let is_whole = roster.keys.verifier(key).is_some_and(|verifier| verifier.seal.is_whole(what, body, code));
        Ok(is_whole.then(|| carried.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_holds_for_one_key_one_purpose_and_one_text() {
        let (own, other) = (Seal::derived(b"own").unwrap(), Seal::derived(b"other").unwrap());
        let what = Sealed::Cursor;
        let code = own.code(what, b"text");
        assert!(own.is_whole(what, b"text", &code));
        assert!(Seal::derived(b"own").unwrap().is_whole(what, b"text", &code));
        assert!(!other.is_whole(what, b"text", &code) && !own.is_whole(what, b"test", &code));
        assert!(!own.is_whole(what, b"text", &code[1..]));
        assert!(!own.is_whole(Sealed::ConsistencyToken, b"text", &code), "a cursor is no consistency token");
    }
}
