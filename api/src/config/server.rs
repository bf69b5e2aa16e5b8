use std::path::Path;

use axum::http::HeaderName;
use serde::Deserialize;
use url::Url;

use crate::origin::{ForwardedHeader, Proxies};

use super::{Error, at_least_one};

/// Settings of the HTTP server. Times are in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: String,
    /// Host names by which the server may be addressed, separated by commas.
    pub allowed_hosts: String,
    /// The file of the certificate that connections are encrypted with; empty for none.
    pub tls_certificate: String,
    /// The file of the certificate's private key.
    pub tls_key: String,
    /// Proxies that are believed when they say whom they speak for, separated by commas.
    pub trusted_proxies: String,
    /// In which header they say it.
    pub forwarded_header: ForwardedHeader,
    /// Other origins whose pages may call this server, separated by commas.
    pub cors_origins: String,
    /// Names of headers that those pages may send besides the server's own, separated by commas.
    pub cors_headers: String,
    /// How long one request may take.
    pub request_timeout: u64,
    /// How long a client may take to send a request's head, and to agree on encryption.
    pub header_timeout: u64,
    /// How long a client may take to send a request's body.
    pub body_timeout: u64,
    /// How long a client may take to read a response.
    pub response_timeout: u64,
    /// How long a connection is kept on which nothing is asked.
    pub keep_alive_timeout: u64,
    /// How long requests are still taken after the server was told to stop, while it says that it is not ready.
    pub shutdown_notice: u64,
    /// How long running requests may go on after that.
    pub shutdown_timeout: u64,
    /// Bytes of a request's head at most.
    pub max_head: usize,
    /// Bytes of a request's body at most.
    pub max_body: usize,
    /// Bytes of an answer at most, those of a batch together.
    pub max_answer: usize,
    /// Bytes of all answers in the making at most.
    pub max_answers: usize,
    /// GraphQL requests in one batched HTTP request at most.
    pub max_batch: usize,
    /// Connections at most.
    pub max_connections: usize,
    /// Connections from one address at most; 0 for no limit.
    pub max_connections_per_address: usize,
    /// Whether GraphiQL is served.
    pub playground: bool,
    /// Whether the schema can be asked for.
    pub introspection: bool,
    /// The file of the only documents that are run; empty for any document.
    pub trusted_documents: String,
}

impl Server {
    pub(super) fn check(&self) -> Result<(), Error> {
        at_least_one(&[
            ("server.request_timeout", self.request_timeout),
            ("server.header_timeout", self.header_timeout),
            ("server.body_timeout", self.body_timeout),
            ("server.response_timeout", self.response_timeout),
            ("server.keep_alive_timeout", self.keep_alive_timeout),
            ("server.max_head", self.max_head as u64),
            ("server.max_body", self.max_body as u64),
            ("server.max_answer", self.max_answer as u64),
            ("server.max_answers", self.max_answers as u64),
            ("server.max_batch", self.max_batch as u64),
            ("server.max_connections", self.max_connections as u64),
        ])?;
        self.proxies()?;
        self.cors_origins()?;
        self.cors_headers()?;
        self.tls_files()?;
        Ok(())
    }

    /// Proxies that are believed when they say whom they speak for.
    ///
    /// # Errors
    /// Names the entry that is neither an address nor a network.
    pub fn proxies(&self) -> Result<Proxies, Error> {
        Proxies::parse(&self.trusted_proxies).map_err(|message| malformed("server.trusted_proxies", message))
    }

    /// Other origins whose pages may call this server.
    ///
    /// # Errors
    /// Names the entry that is no origin.
    pub fn cors_origins(&self) -> Result<Vec<String>, Error> {
        let entries = self.cors_origins.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let origin = |entry: &str| {
            let is_origin =
                !entry.contains('*') && Url::parse(entry).is_ok_and(|url| url.origin().ascii_serialization() == entry);
            let wrong = || format!("{entry} is no origin such as https://clinic.example or http://localhost:3000");
            if is_origin { Ok(entry.to_owned()) } else { Err(malformed("server.cors_origins", wrong())) }
        };
        entries.map(origin).collect()
    }

    /// Names of headers that pages of other origins may send besides the server's own.
    ///
    /// # Errors
    /// Names the entry that is no header's name.
    pub fn cors_headers(&self) -> Result<Vec<HeaderName>, Error> {
        let entries = self.cors_headers.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let name = |entry: &str| {
            // A browser takes `*` for every header.
            let name = entry.parse().ok().filter(|_| !entry.contains('*'));
            let wrong = || format!("{entry} is no name of a header, such as traceparent");
            name.ok_or_else(|| malformed("server.cors_headers", wrong()))
        };
        entries.map(name).collect()
    }

    /// The files of the certificate and its key, if connections are to be encrypted.
    ///
    /// # Errors
    /// When there is one without the other.
    pub fn tls_files(&self) -> Result<Option<(&Path, &Path)>, Error> {
        match (self.tls_certificate.as_str(), self.tls_key.as_str()) {
            ("", "") => Ok(None),
            ("", _) => Err(malformed("server.tls_key", "needs server.tls_certificate too".to_owned())),
            (_, "") => Err(malformed("server.tls_certificate", "needs server.tls_key too".to_owned())),
            (certificate, key) => Ok(Some((Path::new(certificate), Path::new(key)))),
        }
    }
}

fn malformed(setting: &str, message: String) -> Error {
    Error::Malformed { from: setting.to_owned(), message }
}
