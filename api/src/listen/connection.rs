use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::UPGRADE;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::ServiceExt;

use crate::config;
use crate::origin::Peer;

use super::drain::Guest;
use super::places::Seat;
use super::pulse::{Phase, Pulse};
use super::socket::{Patience, Socket};
use super::stream::Stream;
use super::tls::Tls;

/// hyper's least size of a buffer.
const MIN_BUFFER: usize = 8192;

/// How connections are served.
#[derive(Debug)]
pub(super) struct Connections {
    builder: Builder,
    router: Router,
    tls: Option<Tls>,
    patience: Patience,
}

impl Connections {
    pub(super) fn new(config: &config::Server, router: Router, tls: Option<Tls>) -> Self {
        let mut builder = Builder::new();
        // The time that a head may take is the socket's affair, which tells it from the time between two requests.
        builder.header_read_timeout(None).max_header_size(config.max_head);
        builder.max_buf_size(config.max_head.saturating_mul(2).max(MIN_BUFFER));
        let patience = Patience {
            head: Duration::from_secs(config.header_timeout),
            idle: Duration::from_secs(config.keep_alive_timeout),
            response: Duration::from_secs(config.response_timeout),
        };
        Self { builder, router, tls, patience }
    }

    /// Serves one connection to its end.
    pub(super) fn serve(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        seat: Seat,
        mut guest: Guest,
    ) -> impl Future<Output = ()> + use<> {
        let (builder, router, tls) = (self.builder.clone(), self.router.clone(), self.tls.clone());
        let patience = self.patience;
        async move {
            stream.set_nodelay(true).ok();
            let peer = Peer { address, is_encrypted: tls.is_some() };
            let stream = match encrypted(stream, tls, patience.head).await {
                Ok(stream) => stream,
                Err(error) => return tracing::debug!(%error, "no encrypted connection"),
            };
            let pulse = Arc::new(Pulse::default());
            let socket = Socket::new(stream, Arc::clone(&pulse), patience);
            let service = service_fn(move |request| {
                let other = request.headers().contains_key(UPGRADE).then(|| seat.clone());
                answer(request, (peer, other), router.clone(), Arc::clone(&pulse))
            });
            let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), service).with_upgrades());
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = guest.told_to_leave() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                let cause = error.source().map(ToString::to_string);
                tracing::debug!(%error, cause, "connection ended");
            }
        }
    }
}

async fn encrypted(stream: TcpStream, tls: Option<Tls>, limit: Duration) -> io::Result<Stream> {
    let Some(tls) = tls else { return Ok(Stream::Plain(stream)) };
    let stream = tokio::time::timeout(limit, tls.accept(stream)).await??;
    Ok(Stream::Encrypted(Box::new(stream)))
}

async fn answer(
    request: Request<Incoming>,
    (peer, seat): (Peer, Option<Seat>),
    router: Router,
    pulse: Arc<Pulse>,
) -> Result<hyper::Response<super::pulse::Watched>, Infallible> {
    pulse.enter(Phase::Busy);
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    if let Some(seat) = seat {
        request.extensions_mut().insert(seat);
    }
    let response = router.oneshot(request).await?;
    Ok(pulse.answer(response))
}

/// Says why, if that can be said at once, to a client that has too many connections already.
pub(super) fn refuse(stream: &TcpStream) {
    const WHY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: text/plain; charset=utf-8\r\n\
        content-length: 46\r\nretry-after: 1\r\nconnection: close\r\n\r\n\
        this address has too many connections already\n";
    stream.try_write(WHY).ok();
}
