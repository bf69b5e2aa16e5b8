use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};

use crate::ports::Port;

/// How a proxy treats its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Passes everything on.
    Open,
    /// Breaks every connection, and each new one too.
    Broken,
    /// Passes nothing on, and tells nobody, like a cable that was pulled. What was sent arrives later.
    Silent,
    /// Passes everything on, this much later.
    Slow(Duration),
    /// Passes everything on until somebody commits; the commit gets through, and its answer does not: the connection
    /// breaks.
    LosesCommits,
}

/// How often the proxy looks whether a server that was down is up.
const LOOK: Duration = Duration::from_millis(20);

/// Stands before a server's port and passes bytes to and fro, or does not. Where the server is down it listens no more:
/// who is refused goes on to the next node, while libpq stays with one that takes the connection and then hangs up.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    way: watch::Sender<Way>,
    _runtime: Runtime,
    _port: Port,
}

impl Proxy {
    /// A proxy before this port of this machine.
    #[must_use]
    pub fn before(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let own = Port::reserve();
        let address = SocketAddr::from(([127, 0, 0, 1], own.number));
        let way = watch::Sender::new(Way::Open);
        runtime.spawn(listen(address, port, way.subscribe()));
        Self { address, way, _runtime: runtime, _port: own }
    }

    /// From now on treats connections like this.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn listen(address: SocketAddr, port: u16, way: watch::Receiver<Way>) {
    loop {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(LOOK).await;
        }
        if let Ok(listener) = TcpListener::bind(address).await {
            accept(listener, port, &way).await;
        } else {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Takes connections until the server refuses one.
async fn accept(listener: TcpListener, port: u16, way: &watch::Receiver<Way>) {
    let refused = Arc::new(Notify::new());
    loop {
        let client = tokio::select! {
            accepted = listener.accept() => accepted,
            () = refused.notified() => return,
        };
        if let Ok((client, _)) = client {
            tokio::spawn(join(client, port, way.clone(), Arc::clone(&refused)));
        }
    }
}

/// Connects a client with the server, until either hangs up or the connection is to break.
async fn join(client: TcpStream, port: u16, mut way: watch::Receiver<Way>, refused: Arc<Notify>) {
    let breaking = way.clone();
    let joined = async {
        way.wait_for(|way| *way != Way::Silent).await.ok()?;
        let server = TcpStream::connect(("127.0.0.1", port)).await.inspect_err(|_| refused.notify_one()).ok()?;
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let lost = watch::Sender::new(false);
        tokio::select! {
            () = pump(from_client, to_server, way.clone(), Side::Client(&lost)) => {}
            () = pump(from_server, to_client, way, Side::Server(lost.subscribe())) => {}
        }
        Some(())
    };
    tokio::select! {
        _ = joined => {}
        () = broken(breaking) => {}
    }
}

async fn broken(mut way: watch::Receiver<Way>) {
    if way.wait_for(|way| *way == Way::Broken).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Whose bytes these are.
enum Side<'s> {
    /// Notes when the client commits and the answer is to be lost.
    Client(&'s watch::Sender<bool>),
    Server(watch::Receiver<bool>),
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>, side: Side<'_>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let Ok(present) = way.wait_for(|way| *way != Way::Silent).await.map(|way| *way) else { return };
        if let Way::Slow(delay) = present {
            tokio::time::sleep(delay).await;
        }
        let bytes = &bytes[..count];
        match &side {
            Side::Client(lost) if present == Way::LosesCommits && commits(bytes) => drop(lost.send_replace(true)),
            // The answer shows that the commit was carried out; the client never sees it.
            Side::Server(lost) if *lost.borrow() => return,
            _ => {}
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

fn commits(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|word| word == b"COMMIT")
}
