use std::sync::atomic::{AtomicU64, Ordering};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::rand_core::RngCore as _;
use aes_gcm::aead::{Aead as _, KeyInit as _, OsRng, Payload};
use uuid::Uuid;

use crate::audit::Sealer;

use super::KeyFile;

/// What the keys are derived for, and the form of what they seal.
const PURPOSE: &[u8] = b"phr audit query 1";
/// Bytes of a key file's fingerprint.
const FINGERPRINT: usize = 8;
/// Bytes by which the keys of processes differ.
const SALT: usize = 16;
/// Bytes of the number of what a process has sealed.
const COUNT: usize = 8;

/// Seals the arguments of questions for the audit trail, with AES-256-GCM under a key that is derived from the key file for
/// this process alone. Its nonces are counted: random ones could repeat within the number of questions that a busy
/// installation asks (NIST SP 800-38D, section 8.3).
///
/// Sealed arguments begin with the fingerprint of the key file, the salt of the key and the nonce's count.
pub struct QuerySeal {
    /// None where no key could be derived: then nothing is sealed, and nothing shown.
    cipher: Option<Aes256Gcm>,
    /// The fingerprint and the salt.
    prefix: Vec<u8>,
    count: AtomicU64,
}

impl std::fmt::Debug for QuerySeal {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QuerySeal").finish_non_exhaustive()
    }
}

/// Why sealed arguments cannot be opened.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unopened {
    /// They were sealed under another key file.
    #[error("sealed under another key file, {0}: name that one in PHR_KEY_FILE")]
    Foreign(String),
    /// They are not as they were sealed, or belong to another request.
    #[error("altered since they were sealed")]
    Altered,
}

impl QuerySeal {
    /// A seal with a new key.
    #[must_use]
    pub fn new(file: &KeyFile) -> Self {
        let mut salt = [0; SALT];
        OsRng.fill_bytes(&mut salt);
        let prefix = [&fingerprint(file)[..], &salt].concat();
        Self { cipher: cipher(file, &salt), prefix, count: AtomicU64::new(0) }
    }

    /// The arguments of a question that was asked in this request.
    ///
    /// # Errors
    /// When another key file sealed them, or they were altered.
    pub fn open(file: &KeyFile, request: Uuid, sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (by, rest) = sealed.split_at_checked(FINGERPRINT).ok_or(Unopened::Altered)?;
        if by != fingerprint(file) {
            return Err(Unopened::Foreign(hex::encode(by)));
        }
        let open = || {
            let (salt, rest) = rest.split_at_checked(SALT)?;
            let (count, body) = rest.split_at_checked(COUNT)?;
            let nonce = nonce(count.try_into().ok()?);
            let payload = Payload { msg: body, aad: request.as_bytes() };
            cipher(file, salt)?.decrypt(&nonce.into(), payload).ok()
        };
        open().ok_or(Unopened::Altered)
    }
}

impl Sealer for QuerySeal {
    fn seal(&self, request: Uuid, arguments: &[u8]) -> Option<Vec<u8>> {
        let count = self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let payload = Payload { msg: arguments, aad: request.as_bytes() };
        let body = self.cipher.as_ref()?.encrypt(&nonce(count).into(), payload).ok()?;
        Some([&self.prefix[..], &count, &body].concat())
    }
}

fn cipher(file: &KeyFile, salt: &[u8]) -> Option<Aes256Gcm> {
    Some(Aes256Gcm::new(&file.derive(&[PURPOSE, salt])?.into()))
}

fn nonce(count: [u8; COUNT]) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[12 - COUNT..].copy_from_slice(&count);
    nonce
}

/// The first bytes of the key file's fingerprint.
fn fingerprint(file: &KeyFile) -> [u8; FINGERPRINT] {
    let mut bytes = [0; FINGERPRINT];
    // It is of so many bytes, in hexadecimal.
    hex::decode_to_slice(file.fingerprint(), &mut bytes).ok();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_open_for_their_request_under_their_key_file_alone() {
        let folder = std::env::temp_dir().join(format!("phr-query-{}", Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let (own, other) =
            (KeyFile::create(&folder.join("own")).unwrap(), KeyFile::local(&folder.join("other")).unwrap());
        let (seal, request) = (QuerySeal::new(&own), Uuid::new_v4());
        let arguments = br#"{"lastName":{"startsWith":"L"}}"#;
        let sealed = seal.seal(request, arguments).unwrap();
        assert_eq!(QuerySeal::open(&own, request, &sealed).as_deref(), Ok(&arguments[..]));
        assert_ne!(seal.seal(request, arguments), Some(sealed.clone()), "no nonce is used twice");
        assert_ne!(
            QuerySeal::new(&own).seal(request, arguments).map(|again| again[..32].to_vec()),
            Some(sealed[..32].to_vec())
        );
        assert_eq!(QuerySeal::open(&own, Uuid::new_v4(), &sealed), Err(Unopened::Altered));
        let foreign = Unopened::Foreign(own.fingerprint().to_owned());
        assert_eq!(QuerySeal::open(&other, request, &sealed), Err(foreign));
        assert!(!sealed.windows(8).any(|part| part == b"lastName"));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            QuerySeal::open(&own, request, &altered).unwrap_err();
            QuerySeal::open(&own, request, &sealed[..at]).unwrap_err();
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
