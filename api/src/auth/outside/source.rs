use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::fetch::{FetchError, fetch};
use super::keys::Keys;

/// Where the public keys of an OpenID provider are.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A file, read anew when it changes.
    File(PathBuf),
    /// A URL that begins with `https:`, and what its certificate is checked by.
    Url(Url, Arc<ClientConfig>),
}

/// Why keys cannot be read from where a setting says.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Not a URL that can be trusted.
    #[error("keys come from a file, or from an https:// URL that names nobody and nothing after #")]
    Url,
    /// Certificates without anything to check by them.
    #[error("certificates are for an https:// URL")]
    Unused,
    /// No certificates.
    #[error("{0} holds no certificates in PEM form")]
    Certificates(PathBuf),
}

impl KeySource {
    /// Keys at `place`, a path or a URL; a URL's certificate is checked by the certificates in the file `authority`, or, when
    /// that is empty, by those that browsers trust.
    ///
    /// # Errors
    /// Says what makes no sense.
    pub fn new(place: &str, authority: &str) -> Result<Self, SourceError> {
        let Some((scheme, _)) = place.split_once("://") else {
            return if authority.is_empty() { Ok(Self::File(place.into())) } else { Err(SourceError::Unused) };
        };
        let url = Url::parse(place).map_err(|_| SourceError::Url)?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !scheme.eq_ignore_ascii_case("https") || !is_plain || url.host().is_none() {
            return Err(SourceError::Url);
        }
        Ok(Self::Url(url, Arc::new(encryption(&roots(authority)?)?)))
    }
}

fn roots(authority: &str) -> Result<RootCertStore, SourceError> {
    let mut roots = RootCertStore::empty();
    if authority.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    }
    let none = || SourceError::Certificates(authority.into());
    let certificates = CertificateDer::pem_file_iter(Path::new(authority)).map_err(|_| none())?;
    for certificate in certificates {
        roots.add(certificate.map_err(|_| none())?).map_err(|_| none())?;
    }
    if roots.is_empty() { Err(none()) } else { Ok(roots) }
}

fn encryption(roots: &RootCertStore) -> Result<ClientConfig, SourceError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_protocol_versions(&[&TLS13, &TLS12]).map_err(|_| SourceError::Url)?;
    Ok(builder.with_root_certificates(roots.clone()).with_no_client_auth())
}

/// Reads keys from where they are.
pub(super) struct Reader {
    source: KeySource,
    /// When the file was changed that was read last.
    changed: Option<SystemTime>,
}

/// What reading brought.
pub(super) enum Found {
    /// Nothing new.
    Same,
    Keys(Keys),
}

/// Why no keys were read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("cannot read {0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("{0}: {1}")]
    Url(Url, FetchError),
    #[error("{0} holds no JWK set")]
    Nonsense(String),
}

impl Reader {
    pub(super) const fn of(source: KeySource) -> Self {
        Self { source, changed: None }
    }

    pub(super) async fn read(&mut self) -> Result<Found, ReadError> {
        match &self.source {
            KeySource::File(path) => {
                let failed = |error| ReadError::File(path.clone(), error);
                let changed = std::fs::metadata(path).and_then(|file| file.modified()).map_err(failed)?;
                if self.changed == Some(changed) {
                    return Ok(Found::Same);
                }
                let keys = Keys::parse(&std::fs::read(path).map_err(failed)?);
                let keys = keys.ok_or_else(|| ReadError::Nonsense(path.display().to_string()))?;
                self.changed = Some(changed);
                Ok(Found::Keys(keys))
            }
            KeySource::Url(url, encryption) => {
                let body = fetch(url, encryption).await.map_err(|error| ReadError::Url(url.clone(), error))?;
                Keys::parse(&body).map(Found::Keys).ok_or_else(|| ReadError::Nonsense(url.to_string()))
            }
        }
    }
}
