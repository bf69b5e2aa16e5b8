use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// What a key file that an operator made begins with.
const MADE: &str = "phr-key-1:";
/// What a key file that a server made for itself begins with. It never serves beyond this machine.
const LOCAL: &str = "phr-local-key-1:";
/// Bytes of the nonce before what is sealed (NIST SP 800-38D, section 8.2).
const NONCE: usize = 12;

/// Why there is no key file to work with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read or made.
    #[error("key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// It holds something else.
    #[error("key file {0}: not a key file of phr; make one with `phr key create FILE`")]
    Malformed(PathBuf),
    /// Others may read it.
    #[error("key file {0}: others than its owner may read it; run `chmod 600` on it")]
    Exposed(PathBuf),
}

/// The secret of an installation, which stands in a file and never in the database. It seals what the database keeps
/// for all servers: the keys that sign tokens, and the secrets of second factors.
#[derive(Clone)]
pub struct KeyFile {
    cipher: Aes256Gcm,
    /// What keys of their own are derived from (RFC 5869).
    derived: Hkdf<Sha256>,
    fingerprint: String,
    is_local: bool,
}

impl std::fmt::Debug for KeyFile {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl KeyFile {
    /// Reads a key file.
    ///
    /// # Errors
    /// When it cannot be read, is no key file, or may be read by others.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let mut file = OpenOptions::new().read(true).open(path).map_err(failed)?;
        check_mode(path, &file.metadata().map_err(failed)?)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        Self::parse(text.trim()).ok_or_else(|| Error::Malformed(path.to_owned()))
    }

    /// Makes a key file for an installation. An existing file is never overwritten.
    ///
    /// # Errors
    /// When the file exists already or cannot be written.
    pub fn create(path: &Path) -> Result<Self, Error> {
        Self::write(path, MADE)
    }

    /// The key file that a server on this machine made for itself; makes it when it is missing.
    ///
    /// # Errors
    /// As [`Self::load`] and [`Self::create`].
    pub fn local(path: &Path) -> Result<Self, Error> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| Error::File { path: path.to_owned(), source })?;
        }
        match Self::write(path, LOCAL) {
            Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => Self::load(path),
            result => result,
        }
    }

    /// Written whole under another name first: who reads the file at the same time finds all of it or nothing.
    fn write(path: &Path, kind: &str) -> Result<Self, Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let text = format!("{kind}{}\n", STANDARD.encode(Aes256Gcm::generate_key(OsRng)));
        let draft = path.with_extension(format!("{}.draft", uuid::Uuid::new_v4().simple()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        let named = written.and_then(|()| std::fs::hard_link(&draft, path));
        std::fs::remove_file(&draft).ok();
        named.map_err(failed)?;
        Self::parse(text.trim()).ok_or_else(|| Error::Malformed(path.to_owned()))
    }

    fn parse(text: &str) -> Option<Self> {
        let (rest, is_local) = match text.strip_prefix(MADE) {
            Some(rest) => (rest, false),
            None => (text.strip_prefix(LOCAL)?, true),
        };
        let secret = STANDARD.decode(rest).ok().filter(|secret| secret.len() == 32)?;
        let digest = Sha256::new().chain_update("phr key file ").chain_update(&secret).finalize();
        let fingerprint = digest.iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let (cipher, derived) = (Aes256Gcm::new_from_slice(&secret).ok()?, Hkdf::new(None, &secret));
        Some(Self { cipher, derived, fingerprint, is_local })
    }

    /// What tells key files apart, without telling their secret.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether a server made it for itself, for use on this machine alone.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.is_local
    }

    /// Seals a secret, to be opened only for the same purpose.
    pub(super) fn seal(&self, purpose: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
        let nonce = Aes256Gcm::generate_nonce(OsRng);
        let sealed = self.cipher.encrypt(&nonce, Payload { msg: secret, aad: purpose }).ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// What was sealed; none when it was sealed by another key file, for another purpose, or altered.
    pub(super) fn open(&self, purpose: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        let nonce = <[u8; NONCE]>::try_from(nonce).ok()?;
        self.cipher.decrypt(&nonce.into(), Payload { msg: sealed, aad: purpose }).ok()
    }
}

impl KeyFile {
    /// A key for this purpose alone. From what it seals or vouches for nothing is learned of the secret, nor of keys for
    /// other purposes.
    pub(super) fn derive(&self, purpose: &[&[u8]]) -> Option<[u8; 32]> {
        let mut key = [0; 32];
        self.derived.expand_multi_info(purpose, &mut key).ok()?;
        Some(key)
    }

    /// The HMAC-SHA-256 of a text under the key for this purpose.
    pub(super) fn code(&self, purpose: &[&[u8]], text: &[u8]) -> Option<[u8; 32]> {
        let hmac = <Hmac<Sha256> as Mac>::new_from_slice(&self.derive(purpose)?).ok()?;
        Some(hmac.chain_update(text).finalize().into_bytes().into())
    }
}

fn check_mode(path: &Path, metadata: &std::fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(Error::Exposed(path.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_by_the_same_file_for_the_same_purpose() {
        let folder = std::env::temp_dir().join(format!("phr-key-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let own = KeyFile::create(&folder.join("own")).unwrap();
        let other = KeyFile::local(&folder.join("other")).unwrap();
        let sealed = own.seal(b"one", b"secret").unwrap();
        assert_eq!(own.open(b"one", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(KeyFile::load(&folder.join("own")).unwrap().open(b"one", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(own.open(b"two", &sealed), None);
        assert_eq!(other.open(b"one", &sealed), None);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(own.open(b"one", &altered), None);
            assert_eq!(own.open(b"one", &sealed[..at]), None);
        }
        assert!(!own.is_local() && other.is_local());
        assert!(matches!(KeyFile::create(&folder.join("own")), Err(Error::File { .. })));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
