use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::node::Place;
use crate::ports::Port;
use crate::program::{root, target};
use crate::template::{DATABASE, SECRET, SECRET_IN_URL, TESTER, copy, copy_scripts};
use crate::{Node, Proxy, Server, Sql, Way, phr, within};

/// Longest time for making a cluster, and for its return to full health, on a busy machine.
const LIMIT: std::time::Duration = std::time::Duration::from_mins(3);

const NAMES: [&str; 3] = ["db-01", "db-02", "db-03"];
const MEMBERS: [&str; 3] = ["etcd-01", "etcd-02", "etcd-03"];

/// Three nodes that Patroni runs and three members of etcd, made by the project's set-up scripts, with TLS throughout.
/// The server reaches a node by the proxy of [`Node`], the other nodes reach it by a second one, each node reaches
/// each member of etcd by one of its own, and Patroni the others' by another, so that each of these ways can be cut alone.
#[derive(Debug)]
pub struct PatroniCluster {
    /// The nodes. Any of them may be primary.
    pub nodes: Vec<Node>,
    between: Vec<Proxy>,
    to_etcd: Vec<Vec<Proxy>>,
    rest: Vec<Proxy>,
    _ports: Vec<Port>,
    place: Place,
}

impl PatroniCluster {
    /// A running cluster with the present schema.
    ///
    /// `settings` are further variables of every node, see docker/postgres/bin/patroni.bash.
    #[must_use]
    pub fn start(settings: &[(&'static str, String)]) -> Self {
        let place = Place::new();
        copy_scripts(&place.folder);
        copy(&patroni(), &place.folder.join("patroni"));
        copy(&etcd(), &place.folder.join("bin/etcd"));
        let mut nodes: Vec<Node> = NAMES.iter().map(|name| Node::new(name, &place)).collect();
        let between: Vec<Proxy> = nodes.iter().map(|node| Proxy::before(node.port.number)).collect();
        let members: Vec<[Port; 2]> = MEMBERS.iter().map(|_| [Port::reserve(), Port::reserve()]).collect();
        let to_etcd: Vec<Vec<Proxy>> =
            nodes.iter().map(|_| members.iter().map(|[client, _]| Proxy::before(client.number)).collect()).collect();
        let mut ports: Vec<Port> = nodes.iter().map(|_| Port::reserve()).collect();
        let rest: Vec<Proxy> = ports.iter().map(|port| Proxy::before(port.number)).collect();
        let owner = user("postgres").parse().expect("a user is a number");
        for name in NAMES {
            // For the node's log, before its scripts make it.
            let folder = place.folder.join(name);
            std::fs::create_dir(&folder).expect("a folder of ours can be written");
            std::os::unix::fs::chown(&folder, Some(owner), None).expect("a folder of ours can be given away");
        }
        let addresses = list(&NAMES, between.iter().map(|proxy| proxy.address.to_string()));
        for (number, node) in nodes.iter_mut().enumerate() {
            let folder = place.folder.display();
            node.environment = place.environment(node.name, &addresses);
            node.environment.retain(|(name, _)| *name != "PATH");
            node.environment.extend([
                ("PATH", format!("{folder}/bin:{}", std::env::var("PATH").unwrap_or_default())),
                ("PHR_PG_PORT", node.port.number.to_string()),
                ("PHR_PG_TLS_DIR", format!("{folder}/secrets/database/tls/{}", node.name)),
                ("PHR_PG_SETTINGS", "max_connections = 200".to_owned()),
                ("PHR_ETCD_NODES", list(&MEMBERS, to_etcd[number].iter().map(|proxy| proxy.address.to_string()))),
                ("PHR_ETCD_PROXIED", "1".to_owned()),
                ("PHR_PATRONI_ADDRESS", rest[number].address.to_string()),
                ("PHR_PATRONI_LISTEN", format!("127.0.0.1:{}", ports[number].number)),
                ("PHR_PATRONI_BIN", format!("{folder}/patroni/bin")),
                ("PATRONI_PASSWORD", SECRET.to_owned()),
            ]);
            node.environment.extend_from_slice(settings);
        }
        start_etcd(&place, &addresses, &members);
        ports.extend(members.into_iter().flatten());
        let cluster = Self { nodes, between, to_etcd, rest, _ports: ports, place };
        for node in &cluster.nodes {
            cluster.start_node(node);
        }
        let primary = cluster.wait_until_whole();
        let url = cluster.url(primary, "admin");
        let migrated = phr(Path::new("/"), &["migrate", "up"], &[("DATABASE_URL", &url)]);
        assert!(migrated.succeeded(), "phr migrate up: {migrated:?}");
        cluster
    }

    /// A server of this cluster, which is not told who is primary.
    #[must_use]
    pub fn serve(&self, environment: &[(&str, &str)]) -> Server {
        let urls: Vec<String> = self.nodes.iter().map(|node| self.url(node, "phr")).collect();
        let replicas = urls[1..].join(",");
        let own = [("DATABASE_URL", urls[0].as_str()), ("READ_REPLICA_URLS", replicas.as_str()), ("DB_POOL_MIN", "1")];
        Server::start(&self.place.folder, &[&own, environment].concat(), &[])
    }

    fn url(&self, node: &Node, user: &str) -> String {
        let root = self.place.folder.join("secrets/server/root.crt");
        let tls = format!("sslmode=verify-full&sslrootcert={}", root.display());
        format!("postgres://{user}:{SECRET_IN_URL}@{}/{DATABASE}?{tls}", node.address())
    }

    /// Starts Patroni, and with it whatever its node's data say.
    pub fn start_node(&self, node: &Node) {
        node.start_by("run-patroni", &self.place, &[]);
    }

    /// Waits until there is one primary that two replicas follow, one of them synchronously; returns it.
    #[expect(clippy::must_use_candidate, reason = "some wait, and ask the primary nothing")]
    pub fn wait_until_whole(&self) -> &Node {
        within(LIMIT, "a primary and two replicas", || {
            let primary = self.primary()?;
            let mut sql = Sql::postgres(primary.port.number, TESTER, "postgres").ok()?;
            let query = "SELECT count(*) || ' ' || count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) \
                         FROM pg_stat_replication WHERE state = 'streaming'";
            (sql.column_if(query)?.first()? == "2 1").then_some(primary)
        })
    }

    /// Waits until the replicas show all that the primary has.
    pub fn wait_until_caught_up(&self) {
        let primary = self.wait_until_whole();
        let position = primary.sql().value("SELECT pg_current_wal_flush_lsn()");
        for node in self.nodes.iter().filter(|node| node.name != primary.name) {
            within(LIMIT, &format!("{} catches up", node.name), || {
                let mut sql = Sql::postgres(node.port.number, TESTER, "postgres").ok()?;
                let query = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
                (sql.column_if(&query)?.first()? == "t").then_some(())
            });
        }
    }

    /// The node that is primary; the one of the highest timeline where two say so. A node that is frozen is not asked.
    #[must_use]
    pub fn primary(&self) -> Option<&Node> {
        let found = self.nodes.iter().filter(|node| !node.is_frozen()).filter_map(|node| {
            let mut sql = Sql::postgres(node.port.number, TESTER, "postgres").ok()?;
            let query = "SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(pg_current_wal_lsn()) END";
            let file = sql.column_if(query)?.swap_remove(0);
            (!file.is_empty()).then(|| (file[..8].to_owned(), node))
        });
        found.max_by(|one, other| one.0.cmp(&other.0)).map(|(_, node)| node)
    }

    /// Makes another node primary, on purpose.
    pub fn switch_over(&self) {
        let node = self.primary().expect("there is a primary");
        self.place.run("patroni-ctl", &["switchover", "phr", "--force"], &node.environment);
    }

    /// Cuts a node from etcd, or joins them again.
    pub fn etcd(&self, node: &Node, way: Way) {
        self.to_etcd[self.number(node)].iter().for_each(|proxy| proxy.set(way));
    }

    /// Cuts the other nodes from this one, or joins them again. The server reaches it all the same.
    pub fn replication(&self, node: &Node, way: Way) {
        self.between[self.number(node)].set(way);
    }

    /// Cuts every node's Patroni from the others', or joins them again. While they reach one another, a primary that is
    /// cut from etcd goes on.
    pub fn rest(&self, way: Way) {
        self.rest.iter().for_each(|proxy| proxy.set(way));
    }

    fn number(&self, node: &Node) -> usize {
        self.nodes.iter().position(|other| other.name == node.name).expect("the node is one of the cluster's")
    }

    /// The end of what each node has logged.
    #[must_use]
    pub fn logs(&self) -> String {
        let end = |node: &Node| {
            let log = node.log();
            let lines: Vec<&str> = log.lines().collect();
            format!("the log of {}:\n{}\n", node.name, lines[lines.len().saturating_sub(40)..].join("\n"))
        };
        self.nodes.iter().map(end).collect()
    }
}

impl Drop for PatroniCluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
    }
}

fn list(names: &[&str], addresses: impl Iterator<Item = String>) -> String {
    names.iter().zip(addresses).map(|(name, address)| format!("{name}={address}")).collect::<Vec<_>>().join(",")
}

#[expect(clippy::zombie_processes, reason = "the script that watches over the folder ends them")]
fn start_etcd(place: &Place, nodes: &str, members: &[[Port; 2]]) {
    let secrets = place.folder.join("secrets");
    std::fs::create_dir(&secrets).expect("a folder of ours can be written");
    let own = |side: usize| list(&MEMBERS, members.iter().map(|ports| format!("127.0.0.1:{}", ports[side].number)));
    let (clients, peers) = (own(0), own(1));
    let database = user("postgres");
    place.run(
        "make-secrets",
        &[],
        &[
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("PHR_SECRETS", secrets.display().to_string()),
            ("PHR_PG_NODES", nodes.to_owned()),
            ("PHR_ETCD_NODES", clients.clone()),
            ("DATABASE_UID", database.clone()),
            ("ETCD_UID", database),
            ("SERVER_UID", user("")),
        ],
    );
    for name in MEMBERS {
        let folder = place.folder.join(name);
        let log = std::fs::File::create(place.folder.join(format!("{name}.log"))).expect("a folder can be written");
        let environment = [
            ("PATH", format!("{}:{}", place.folder.join("bin").display(), std::env::var("PATH").unwrap_or_default())),
            ("PHR_ETCD_NODE", name.to_owned()),
            ("PHR_ETCD_NODES", clients.clone()),
            ("PHR_ETCD_PEERS", peers.clone()),
            ("PHR_ETCD_DATA", folder.join("data").display().to_string()),
            ("PHR_ETCD_TLS_DIR", secrets.join("etcd").join(name).display().to_string()),
        ];
        let mut command = place.command("run-etcd", &[], &environment);
        command.stdout(log.try_clone().expect("a file can be opened twice")).stderr(log).stdin(Stdio::null());
        command.process_group(0).spawn().expect("the scripts can be run");
    }
}

/// The number of the user that PostgreSQL and etcd run as when root runs the tests; else of whoever runs them.
fn user(name: &str) -> String {
    let number = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().expect("id starts");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let own = number(&["-u"]);
    if own == "0" && !name.is_empty() { number(&["-u", name]) } else { own }
}

fn patroni() -> PathBuf {
    tool("PHR_TEST_PATRONI", "patroni")
}

fn etcd() -> PathBuf {
    tool("PHR_TEST_ETCD", "etcd/usr/bin/etcd")
}

/// A tool that `tests/run availability` installs, or that the variable names.
fn tool(variable: &str, path: &str) -> PathBuf {
    let installed = std::env::var_os(variable).map_or_else(|| target().join("tools").join(path), PathBuf::from);
    let checkout = root().display();
    assert!(installed.exists(), "{} is missing: run {checkout}/tests/run availability", installed.display());
    installed
}
