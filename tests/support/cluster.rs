use std::path::Path;

use serde_json::{Value, json};

use crate::node::Place;
use crate::template::{DATABASE, LIMIT, NAMES, SECRET_IN_URL, copy, copy_scripts, template};
use crate::{Node, Server, within};

/// How a test's cluster differs from the usual.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup {
    /// Further lines for every node's postgresql.conf.
    pub settings: &'static str,
    /// The replica, by number, without which the primary acknowledges no write.
    pub synchronous: Option<usize>,
}

/// A primary and two replicas of a test alone, each behind a proxy. They end when it is dropped, and when the test's
/// process ends in any other way.
#[derive(Debug)]
pub struct Cluster {
    /// The primary at first, and the two replicas.
    pub nodes: Vec<Node>,
    place: Place,
}

impl Cluster {
    /// A running cluster with the present schema.
    #[must_use]
    pub fn start() -> Self {
        Self::with(Setup::default())
    }

    /// The same, set up differently.
    #[must_use]
    pub fn with(setup: Setup) -> Self {
        let cluster = Self::stopped(setup);
        for node in &cluster.nodes {
            node.start(&cluster.place);
        }
        cluster.wait_until_replicas_follow();
        cluster
    }

    /// A cluster none of whose nodes has been started.
    #[must_use]
    pub fn stopped(setup: Setup) -> Self {
        let place = Place::new();
        let template = template();
        copy_scripts(&place.folder);
        for name in NAMES.iter().chain(&["data"]) {
            copy(&template.join(name), &place.folder.join(name));
        }
        let nodes: Vec<Node> = NAMES.iter().map(|name| Node::new(name, &place)).collect();
        let mut cluster = Self { nodes, place };
        cluster.introduce(setup);
        cluster
    }

    /// One new node, a primary of its own that has nothing to do with any other cluster.
    #[must_use]
    pub fn stranger() -> Self {
        let place = Place::new();
        copy_scripts(&place.folder);
        let mut cluster = Self { nodes: vec![Node::new("db-stranger", &place)], place };
        cluster.introduce(Setup::default());
        let node = &cluster.nodes[0];
        cluster.place.run("setup-primary", &[], &node.environment);
        node.start(&cluster.place);
        drop(node.sql());
        cluster
    }

    /// Tells every node where the others are: behind their proxies.
    fn introduce(&mut self, setup: Setup) {
        let proxies: Vec<_> = self.nodes.iter().map(|node| (node.name, node.address())).collect();
        for node in &mut self.nodes {
            let own = format!("127.0.0.1:{}", node.port.number);
            let address =
                |(name, proxy): &(&str, String)| format!("{name}={}", if *name == node.name { &own } else { proxy });
            let addresses: Vec<String> = proxies.iter().map(address).collect();
            node.environment = self.place.environment(node.name, &addresses.join(","));
            node.environment.push(("PHR_PG_SETTINGS", format!("max_connections = 200\n{}", setup.settings)));
            if let Some(number) = setup.synchronous.filter(|_| node.name == NAMES[0]) {
                node.environment.push(("PHR_PG_SYNCHRONOUS_STANDBY_NAMES", format!("\"{}\"", NAMES[number])));
            }
        }
    }

    /// The primary, until another is promoted.
    #[must_use]
    pub fn main(&self) -> &Node {
        &self.nodes[0]
    }

    /// The replicas, until one is promoted.
    #[must_use]
    pub fn replicas(&self) -> &[Node] {
        &self.nodes[1..]
    }

    /// Starts a node that was killed, or never ran, as what its data say it is.
    pub fn restart(&self, node: &Node) {
        node.start(&self.place);
    }

    /// Starts a node that is no replica, whatever the others are.
    pub fn restart_as_primary(&self, node: &Node) {
        node.start_with(&self.place, &[("PHR_PG_FENCED", "ignore".to_owned())]);
    }

    /// Makes a replica primary; `force` even while another one is.
    pub fn promote(&self, node: &Node, force: bool) {
        self.place.run("promote", if force { &["--force"] } else { &[] }, &node.environment);
    }

    /// Makes a node that does not run a replica of whichever is primary, and starts it.
    pub fn rebuild(&self, node: &Node) {
        self.place.run("rebuild", &[], &node.environment);
        node.start(&self.place);
    }

    /// Waits until as many replicas as there are receive from the primary.
    pub fn wait_until_replicas_follow(&self) {
        let mut sql = self.main().sql();
        within(LIMIT, "replicas follow", || {
            (sql.value("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "2").then_some(())
        });
    }

    /// Waits until the replicas show all that the primary has.
    pub fn wait_until_caught_up(&self) {
        let position = self.main().sql().value("SELECT pg_current_wal_flush_lsn()");
        for node in self.replicas() {
            let mut sql = node.sql();
            within(LIMIT, &format!("{} catches up", node.name), || {
                (sql.value(&format!("SELECT pg_last_wal_replay_lsn() >= '{position}'")) == "t").then_some(())
            });
        }
    }

    /// A node's URL for a server.
    #[must_use]
    pub fn url(node: &Node) -> String {
        format!("postgres://phr:{SECRET_IN_URL}@{}/{DATABASE}", node.address())
    }

    /// A node's URL past its proxy.
    #[must_use]
    pub fn direct_url(&self, node: &Node) -> String {
        Self::url(node).replace(&node.address(), &self.direct_address(node))
    }

    /// A node's address past its proxy.
    #[must_use]
    pub fn direct_address(&self, node: &Node) -> String {
        format!("127.0.0.1:{}", node.port.number)
    }

    /// A node's data directory.
    #[must_use]
    pub fn data(&self, node: &Node) -> std::path::PathBuf {
        self.place.data(node.name)
    }

    /// The settings of a server of this cluster.
    #[must_use]
    pub fn urls(&self) -> Vec<(&'static str, String)> {
        let replicas: Vec<String> = self.replicas().iter().map(Self::url).collect();
        vec![("DATABASE_URL", Self::url(self.main())), ("READ_REPLICA_URLS", replicas.join(","))]
    }

    /// A server of this cluster, with further settings that come before those of the cluster.
    #[must_use]
    pub fn serve(&self, environment: &[(&str, &str)]) -> Server {
        let urls = self.urls();
        let mut all: Vec<(&str, &str)> = urls.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // A connection costs a debug build's processor dearly.
        all.push(("DB_POOL_MIN", "1"));
        // Load comes from one caller, who would be in debt.
        all.push(("PHR_BUDGET_SHARE", "0"));
        all.extend(environment);
        Server::start(self.folder(), &all, &[])
    }

    /// The cluster's own folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.place.folder
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for node in &self.nodes {
                eprintln!("the log of {}:\n{}", node.name, node.log());
            }
        }
    }
}

/// What operators see of a server's nodes.
impl Server {
    /// `replicationStatus`, whole.
    #[must_use]
    pub fn replication(&self) -> Value {
        let fields =
            "address purpose role reachable eligible reason timeline lagBytes lagMs circuitBreaker circuitBreakerTrips";
        let query = format!("{{ replicationStatus {{ readsOnPrimary nodes {{ {fields} }} }} }}");
        self.ask(&query, &json!({}))["replicationStatus"].take()
    }

    /// A node's entry in `replicationStatus`.
    #[must_use]
    pub fn node(&self, node: &Node) -> Value {
        let address = node.address();
        let mut status = self.replication();
        let nodes = status["nodes"].as_array_mut().expect("nodes are a list");
        let found = nodes.iter_mut().find(|node| node["address"] == *address);
        found.unwrap_or_else(|| panic!("{address} is no node of the server")).take()
    }

    /// Why a node is not used, once it is not.
    pub fn reason(&self, node: &Node) -> String {
        within(LIMIT, &format!("{} is not used", node.name), || {
            self.node(node)["reason"].as_str().map(ToOwned::to_owned)
        })
    }

    /// Waits until nodes are used.
    pub fn wait_until_eligible<'n>(&self, nodes: impl IntoIterator<Item = &'n Node>) {
        for node in nodes {
            within(LIMIT, &format!("{} is used", node.name), || (self.node(node)["eligible"] == true).then_some(()));
        }
    }
}
