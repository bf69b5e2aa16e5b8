//! Connections: taken, encrypted where that is wished, watched for clients that are too slow, and drained in the end.

mod connection;
mod drain;
mod files;
mod places;
mod pulse;
mod socket;
mod stream;
mod timer;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};

use crate::config;
use crate::origin::Proxies;

use connection::Connections;
use places::Places;

pub use drain::{Drain, Guest};
pub use files::{allowed_files, too_few_files};
pub use places::Seat;
pub use tls::{Error as TlsError, Tls};

/// Serves connections until `told_to_stop`, and then those requests that are running.
///
/// Having been told, it says so by `drain`, goes on for as long as the settings give notice, then takes no more
/// connections, closes those that nothing runs on, and waits for the others, but no longer than the settings allow.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: &config::Server,
    (tls, proxies): (Option<Tls>, Proxies),
    drain: Drain,
    told_to_stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Places::new(config, proxies));
    let watching = tls.clone().map(|tls| tokio::spawn(tls.follow_files()));
    let connections = Connections::new(config, router, tls);
    let mut stop = std::pin::pin!(async {
        told_to_stop.await;
        drain.announce();
        tokio::time::sleep(Duration::from_secs(config.shutdown_notice)).await;
    });
    loop {
        let (place, stream, address) = tokio::select! {
            accepted = next(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        tokio::spawn(connections.serve(stream, address, place, drain.guest()));
    }
    drop(listener);
    let limit = Duration::from_secs(config.shutdown_timeout);
    if tokio::time::timeout(limit, drain.see_out()).await.is_err() {
        tracing::warn!(limit_seconds = config.shutdown_timeout, "requests were still running and were cut off");
    }
    if let Some(watching) = watching {
        watching.abort();
    }
}

/// The next connection, as soon as there may be one more.
async fn next(listener: &TcpListener, places: &Arc<Places>) -> (Seat, TcpStream, SocketAddr) {
    let mut slot = places.slot().await;
    loop {
        match listener.accept().await {
            Ok((stream, address)) => match Places::take(places, slot, address.ip()) {
                Ok(place) => return (place, stream, address),
                Err(given_back) => {
                    slot = given_back;
                    tracing::debug!("too many connections from one address");
                    connection::refuse(&stream);
                }
            },
            Err(error) => {
                // Out of file descriptors, most likely: wait for some to be given back.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
