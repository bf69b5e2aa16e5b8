//! The composition root: wires the rooms, starts the server, and shuts it down in order.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use uuid::Uuid;

use crate::audit::{self, Tending, Trail};
use crate::auth::{Authority, ForeignKeys, KeyFile, KeyFileError, QuerySeal, Settings, SigningAlgorithm};
use crate::budget::Budgets;
use crate::changelog::{Pruning, Relay};
use crate::clock::{SharedClock, SystemClock};
use crate::config::{self, Config};
use crate::console::tell_line;
use crate::database::{Cluster, NodeStatus, Nodes, Role, Target};
use crate::deed::{Action, Deed};
use crate::graphql::{Engine, Known, Trusted};
use crate::guards;
use crate::listen::{self, Drain, Tls};
use crate::pruning_clock;
use crate::rate::Rates;
use crate::records::changes::Feeds;
use crate::scope::Scope;
use crate::server::{Parts, Service, router};

/// How long the last audit entries may take to reach the database when the process stops; later, the next one ships them.
pub(crate) const CLOSING_TIME: Duration = Duration::from_secs(5);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// Not an address.
    #[error("cannot listen on {0}: give an address and a port, such as 127.0.0.1:8000")]
    Address(String),
    /// An address that others can reach, without a secret that an operator made for it.
    #[error(
        "will not listen on {0} with {1}: beyond loopback the server wants a key file of the installation's own. Make one with `phr key create FILE` and name it in PHR_KEY_FILE, or listen on a loopback address such as 127.0.0.1:8000"
    )]
    Exposed(SocketAddr, &'static str),
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The key file is not the database's.
    #[error(transparent)]
    ForeignKeys(#[from] ForeignKeys),
    /// The port is taken, or may not be used.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// Connections cannot be encrypted.
    #[error(transparent)]
    Tls(#[from] listen::TlsError),
    /// The trusted documents cannot be read, or are none.
    #[error("the trusted documents {path} cannot be used: {cause}")]
    Trusted {
        /// Their file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The schema is not what this program works with.
    #[error("the database lacks {count} migration(s), the first being {first}: run `phr migrate up`")]
    Pending {
        /// How many.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// The schema cannot be read or changed.
    #[error("{0}")]
    Migration(#[from] migration::Error),
    /// The folder of the SQLite file cannot be made.
    #[error("cannot create the folder {folder}: {source}")]
    Folder {
        /// Which.
        folder: String,
        /// The cause.
        source: std::io::Error,
    },
    /// A rule of the domain, or the database.
    #[error("{}", told(.0))]
    Domain(#[from] crate::error::Error),
    /// The audit trail cannot be kept, and nothing is done without it.
    #[error(transparent)]
    Audit(#[from] audit::Fault),
    /// The demonstration's registers were not made.
    #[error("{0}")]
    Demo(#[from] crate::demo::Error),
}

/// An error of the domain with all that it lists.
fn told(error: &crate::error::Error) -> String {
    match error {
        crate::error::Error::Rejected(faults) => {
            let faults = faults.iter().map(|fault| format!("{}: {}", fault.path.join("."), fault.message));
            faults.collect::<Vec<_>>().join("; ")
        }
        error => error.to_string(),
    }
}

/// The database as the migrations know it.
#[must_use]
pub fn migrations(target: &Target) -> migration::Database {
    match target {
        Target::Postgres(options) => migration::Database::Postgres(options.clone()),
        Target::Sqlite(path) => migration::Database::Sqlite(path.clone()),
    }
}

/// Makes the folder that an SQLite file stands in.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(target: &Target) -> Result<(), Error> {
    let Target::Sqlite(path) = target else { return Ok(()) };
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|source| Error::Folder { folder: folder.display().to_string(), source })
}

/// Starts the server and returns when it was told to stop and has stopped.
///
/// # Errors
/// When it cannot start; nothing is left running.
pub async fn serve(config: &Config, demo: bool) -> Result<(), Error> {
    let address = address(&config.server.listen)?;
    // Before a key file is made that would not serve.
    check_exposure(address, config.auth.key_file.is_empty(), demo)?;
    let key_file = config.key_file()?;
    check_exposure(address, key_file.is_local(), demo)?;
    if guards::are_off() && !address.ip().is_loopback() {
        return Err(Error::Exposed(address, "--without-guards"));
    }
    let tls = config.server.tls_files()?.map(|(certificate, key)| Tls::load(certificate, key)).transpose()?;
    let trusted = trusted_documents(config)?;
    let nodes = config.nodes()?;
    let target = nodes.main.clone();
    if demo {
        crate::demo::check_target(&target)?;
    }
    if let Some(trouble) = listen::too_few_files(config.server.max_connections) {
        tracing::warn!("{trouble}: raise the limit (systemd: LimitNOFILE=), or lower server.max_connections");
    }
    let listener = TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
    let known = known();
    fit_embedded(&target).await?;
    let clock: SharedClock = Arc::new(SystemClock);
    let cluster = Cluster::new(nodes, config.cluster_settings(Arc::clone(&known.migrations)));
    fit_servers(&target, &cluster).await?;
    let tending = if guards::are_off() { None } else { Some(keep_trail(config, &cluster, &key_file)?) };
    let pruning = Pruning::start(cluster.clone(), Arc::clone(&clock), config.changelog.retention_days);
    let relay = Relay::start(&cluster);
    if demo {
        crate::demo::fill(&cluster, &*clock).await?;
    }
    let authority = Authority::open(cluster.clone(), Arc::clone(&clock), config.auth_settings()?, key_file).await?;
    crate::demo::admit_guest(&target, &cluster, &*clock, &authority, demo).await?;
    let engine = Engine::new(config.limits, config.server.introspection);
    let engine = if let Some(trusted) = trusted { engine.trusting(trusted) } else { engine };
    let (rates, drain) = (Rates::new(config.rates), Drain::default());
    let signs_playground_in = demo;
    let feeds = Feeds::new(relay.clone(), cluster.clone());
    let drain_too = drain.clone();
    let budgets = Budgets::new(config.budgets);
    let parts = Parts {
        engine,
        cluster,
        clock,
        known,
        authority,
        feeds,
        signs_playground_in,
        keeps_refresh_cookies: config.auth.refresh_cookie,
        rates,
        budgets,
        drain: drain_too,
    };
    let service = Service::new(&config.server, config.subscriptions, parts)?;
    let router = router(service, config.server.playground);
    let address = listener.local_addr().unwrap_or(address);
    // Whoever is told that it is ready may tell it to stop.
    let stopping = told_to_stop();
    tracing::info!(%address, database = ?target, "ready");
    let scheme = if tls.is_some() { "https" } else { "http" };
    let page = if config.server.playground { format!("{scheme}://{address}/ (GraphiQL), ") } else { String::new() };
    tell_line!("phr is ready: {page}{scheme}://{address}/graphql (GraphQL)");
    if demo {
        tell_line!("GraphiQL is signed in as administrator; for other clients: phr token");
    }
    let security = (tls, config.server.proxies()?);
    // So that the first who gives a phone number does not wait; without a thread for it, that one does.
    drop(std::thread::Builder::new().spawn(crate::phone_number::load_plans));
    listen::serve(listener, router, &config.server, security, drain, stopping).await;
    drop((relay, pruning));
    if let Some(tending) = tending {
        tending.stop(CLOSING_TIME).await;
    }
    tracing::info!("stopped");
    Ok(())
}

/// The only documents that are run, where there is a list of them.
fn trusted_documents(config: &Config) -> Result<Option<Trusted>, Error> {
    if config.server.trusted_documents.is_empty() {
        return Ok(None);
    }
    let path = PathBuf::from(&config.server.trusted_documents);
    let parse = |text: String| Trusted::parse(&text, &config.limits);
    let parsed = std::fs::read_to_string(&path).map_err(|error| error.to_string()).and_then(parse);
    let trusted = parsed.map_err(|cause| Error::Trusted { path, cause })?;
    tracing::info!(documents = trusted.count(), "only trusted documents are run");
    Ok(Some(trusted))
}

fn address(listen: &str) -> Result<SocketAddr, Error> {
    let listen = listen.replace("localhost:", "127.0.0.1:");
    listen.parse().map_err(|_| Error::Address(listen.clone()))
}

/// Only who is at this machine can reach a loopback address. Anybody else meets a secret that an operator made.
fn check_exposure(address: SocketAddr, has_local_key: bool, demo: bool) -> Result<(), Error> {
    match (address.ip().is_loopback(), demo, has_local_key) {
        (true, ..) | (false, false, false) => Ok(()),
        (false, true, _) => Err(Error::Exposed(address, "--demo")),
        (false, false, true) => Err(Error::Exposed(address, "a key file that this machine made for itself")),
    }
}

/// Where the server would listen. Without a key file it would make one of this machine's own.
pub(crate) fn may_listen(config: &Config, key_file: Option<&KeyFile>) -> Result<SocketAddr, Error> {
    let address = address(&config.server.listen)?;
    check_exposure(address, key_file.is_none_or(KeyFile::is_local), false)?;
    Ok(address)
}

/// An SQLite file is brought up to date.
async fn fit_embedded(target: &Target) -> Result<(), Error> {
    if matches!(target, Target::Postgres(_)) {
        return Ok(());
    }
    make_folder(target)?;
    let applied = migrations(target).up(None).await?;
    if !applied.is_empty() {
        tracing::info!(migrations = applied.len(), "schema brought up to date");
    }
    Ok(())
}

/// The schema of PostgreSQL servers is an operator's decision: one that does not fit is refused. Where no primary can be
/// asked now, the server starts all the same, and serves as soon as something can. A replica without the schema is
/// just not used.
async fn fit_servers(main: &Target, cluster: &Cluster) -> Result<(), Error> {
    if matches!(main, Target::Sqlite(_)) {
        return Ok(());
    }
    cluster.first_look().await;
    let status = cluster.status();
    for node in &status.nodes {
        if let Some(reason) = &node.reason {
            tracing::warn!(db.node = node.address, reason, "node is not used");
        }
    }
    let is_primary = |node: &NodeStatus| node.is_reachable && node.role == Some(Role::Primary);
    if status.nodes.first().is_some_and(is_primary) { check_schema(main).await } else { Ok(()) }
}

/// An SQLite file is brought up to date; a PostgreSQL server whose schema does not fit is refused.
pub(crate) async fn fit_schema(target: &Target) -> Result<(), Error> {
    if matches!(target, Target::Sqlite(_)) { fit_embedded(target).await } else { check_schema(target).await }
}

/// The cluster of a command that only reads, and on the primary alone.
pub(crate) async fn connect(config: &Config, main: Target) -> Cluster {
    connect_all(config, Nodes { main, replicas: Vec::new(), disaster: Vec::new() }).await
}

/// The cluster of a command that writes: its audit entries are kept until every node has them.
pub(crate) async fn connect_all(config: &Config, nodes: Nodes) -> Cluster {
    let cluster = Cluster::new(nodes, config.cluster_settings(known().migrations));
    cluster.first_look().await;
    cluster
}

/// Every node, for a command that works wherever the primary is now.
async fn every_node(config: &Config) -> Result<Cluster, Error> {
    let nodes = config.nodes()?;
    let target = nodes.main.clone();
    fit_embedded(&target).await?;
    let cluster = Cluster::new(nodes, config.cluster_settings(known().migrations));
    fit_servers(&target, &cluster).await?;
    Ok(cluster)
}

/// The authority of a command, and what keeps on record what it does. It works as long as anything can be read.
pub(crate) async fn authority(config: &Config) -> Result<(Cluster, Authority, Tending), Error> {
    let cluster = every_node(config).await?;
    let clock: SharedClock = Arc::new(SystemClock);
    // No command takes tokens, so none needs another provider's keys.
    let settings = Settings { outside: None, ..config.auth_settings()? };
    let key_file = config.key_file()?;
    // Before the authority makes the first signing key.
    let tending = keep_trail(config, &cluster, &key_file)?;
    match Authority::open(cluster.clone(), clock, settings, key_file).await {
        Ok(authority) => Ok((cluster, authority, tending)),
        Err(error) => {
            tending.stop(CLOSING_TIME).await;
            Err(error.into())
        }
    }
}

/// Makes a new signing key, also where another key file sealed the present ones.
pub(crate) async fn rotate_keys(config: &Config, algorithm: SigningAlgorithm, revoke: bool) -> Result<Uuid, Error> {
    let cluster = every_node(config).await?;
    let key_file = config.key_file()?;
    let tending = keep_trail(config, &cluster, &key_file)?;
    let rotated = Authority::rotate(&cluster, &SystemClock, key_file, algorithm, revoke).await;
    tending.stop(CLOSING_TIME).await;
    Ok(rotated?)
}

/// Accepts the database's clock as right, on an operator's word, and puts that on record.
pub(crate) async fn accept_clock(config: &Config) -> Result<(), Error> {
    let cluster = every_node(config).await?;
    let tending = keep_trail(config, &cluster, &config.key_file()?)?;
    let accepted = async {
        let tx = cluster.write(&Scope::local_operator(Uuid::new_v4())).await?;
        pruning_clock::trust(&tx).await?;
        tx.note(Deed::new(Action::Update, "PruningClock"));
        tx.commit().await
    };
    let accepted = accepted.await;
    tending.stop(CLOSING_TIME).await;
    Ok(accepted?)
}

/// From here on everything that is done in the cluster is put on record.
///
/// # Errors
/// When the spool cannot be written.
pub(crate) fn keep_trail(config: &Config, cluster: &Cluster, key_file: &KeyFile) -> Result<Tending, audit::Fault> {
    let sealer = Arc::new(QuerySeal::new(key_file));
    Trail::start(config.audit_settings(), cluster, Arc::new(SystemClock), sealer)
}

/// What this program knows of itself.
#[must_use]
pub fn known() -> Known {
    Known {
        migrations: migration::steps().into_iter().map(|step| step.name).collect(),
        fhir: Arc::new(crate::fhir::Fhir),
        fhir_export: Arc::new(crate::fhir::Fhir),
    }
}

/// Whether the schema is what this program works with.
pub(crate) async fn check_schema(target: &Target) -> Result<(), Error> {
    let status = migrations(target).status().await?;
    match status.pending.first() {
        None => Ok(()),
        Some(first) => Err(Error::Pending { count: status.pending.len(), first: first.clone() }),
    }
}

/// Waits until somebody wants the program to stop. Signals are heard from the call on, also before this is first polled.
pub(crate) fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    async fn heard(signal: std::io::Result<Signal>) {
        match signal {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    }
    let (interrupted, terminated) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async {
        tokio::select! {
            () = heard(interrupted) => {}
            () = heard(terminated) => {}
        }
    }
}
