use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig};
use tokio_rustls::server::TlsStream;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// The server's certificate and key, as they stand in their files.
#[derive(Clone, Debug)]
pub struct Tls {
    files: Arc<Files>,
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// The contents of both files.
type Contents = (Vec<u8>, Vec<u8>);

/// Why a certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read the TLS file {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{path} holds no {what} in PEM form")]
    Missing {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The files do not belong together.
    #[error("the TLS key {key} is not the one of the certificate {certificate}")]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The certificate or the key is of a kind that cannot be used.
    #[error("the TLS certificate {certificate} and its key cannot be used: {source}")]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The cause.
        source: rustls::Error,
    },
}

impl Tls {
    /// Reads a chain of certificates, the server's own one first, and its private key, both in PEM form.
    ///
    /// # Errors
    /// Names the file that cannot be used.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, Error> {
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned() };
        let config = files.config(&files.contents()?)?;
        Ok(Self { files: Arc::new(files), current: Arc::new(RwLock::new(config)) })
    }

    /// Encrypts a connection.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.current.read());
        TlsAcceptor::from(config).accept(stream).await
    }

    /// Uses the files' new contents for new connections whenever they change. Contents that cannot be used are reported
    /// once, and the ones before stay in use.
    pub(super) async fn follow_files(self) {
        let mut seen = None;
        loop {
            tokio::time::sleep(LOOK).await;
            let files = Arc::clone(&self.files);
            let Ok(contents) = tokio::task::spawn_blocking(move || files.contents()).await else { return };
            let contents = contents.map_err(|error| error.to_string());
            if seen.as_ref() == Some(&contents) {
                continue;
            }
            match contents.clone().and_then(|contents| self.files.config(&contents).map_err(|error| error.to_string()))
            {
                Ok(config) => {
                    *self.current.write() = config;
                    if seen.is_some() {
                        tracing::info!("the TLS certificate was replaced");
                    }
                }
                Err(error) => tracing::warn!(error, "the TLS certificate in use stays in use"),
            }
            seen = Some(contents);
        }
    }
}

impl Files {
    fn contents(&self) -> Result<Contents, Error> {
        let read = |path: &Path| std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source });
        Ok((read(&self.certificate)?, read(&self.key)?))
    }

    fn config(&self, (certificate, key): &Contents) -> Result<Arc<ServerConfig>, Error> {
        let missing = |path: &Path, what| Error::Missing { path: path.to_owned(), what };
        let chain: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| missing(&self.certificate, "certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| missing(&self.key, "private key"))?;
        let unusable = |source| match source {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                Error::Mismatch { certificate: self.certificate.clone(), key: self.key.clone() }
            }
            source => Error::Unusable { certificate: self.certificate.clone(), source },
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
