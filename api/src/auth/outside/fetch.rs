use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::handshake;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Position, Url};

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer at most. A dozen keys with their certificates have about 30,000.
const MAX_BYTES: usize = 256 * 1024;

/// Why a provider gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer within 5 s")]
    Slow,
    #[error("{0}")]
    Connection(#[from] io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("the answer has status {0}; redirections are not followed")]
    Status(StatusCode),
    #[error("the answer breaks off, or has more than 262144 bytes")]
    Body,
    #[error("the URL cannot be asked for")]
    Url,
}

/// What a URL holds.
pub(super) async fn fetch(url: &Url, encryption: &Arc<ClientConfig>) -> Result<Vec<u8>, FetchError> {
    timeout(PATIENCE, ask(url, encryption)).await.unwrap_or(Err(FetchError::Slow))
}

async fn ask(url: &Url, encryption: &Arc<ClientConfig>) -> Result<Vec<u8>, FetchError> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Err(FetchError::Url) };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(address.to_owned()).map_err(|_| FetchError::Url)?;
    let stream = TcpStream::connect((address, port)).await?;
    let stream = TlsConnector::from(Arc::clone(encryption)).connect(name, stream).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .header(USER_AGENT, concat!("phr/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(|_| FetchError::Url)?;
    let answered = async {
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await.map_err(|_| FetchError::Body)?;
        Ok(body.to_bytes().to_vec())
    };
    let mut answered = std::pin::pin!(answered);
    tokio::select! {
        answer = &mut answered => answer,
        // An answer that has come to its end before its connection has is all that is wanted.
        ended = connection => {
            ended?;
            answered.await
        }
    }
}
