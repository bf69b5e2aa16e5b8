use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use crate::ports::Port;
use crate::program::clock;
use crate::template::{DATABASE, LIMIT, SECRET, TESTER};
use crate::{Proxy, Sql, within};

/// A folder of nodes. Whatever runs in it ends, and it is removed, when this is dropped or the test's process ends.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    watch: Child,
    /// Its end tells the watching script that the test has ended.
    held: Option<ChildStdin>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("phr_cluster_{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).expect("the folder for temporary files can be written");
        // PostgreSQL runs as somebody else when root runs the tests.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&folder, open).expect("a folder of ours has permissions");
        // A session of its own, so that what ends the test does not end it.
        let mut watch = Command::new("setsid")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("support/cluster.sh"))
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("setsid starts");
        let held = watch.stdin.take();
        Self { folder, watch, held }
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.join(name).join("data")
    }

    /// What the set-up scripts are told about a node.
    pub(crate) fn environment(&self, name: &str, addresses: &str) -> Vec<(&'static str, String)> {
        let text = |text: &str| text.to_owned();
        vec![
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("PHR_PG_NODE", text(name)),
            ("PHR_PG_NODES", text(addresses)),
            ("PHR_PG_DATA", self.data(name).display().to_string()),
            ("PHR_PG_BIN", std::env::var("PHR_TEST_PG_BIN").unwrap_or_default()),
            ("PHR_PG_ROLES_SQL", self.folder.join("roles.postgres.sql").display().to_string()),
            (
                "PHR_PG_INIT_SQL",
                format!("CREATE ROLE {TESTER} SUPERUSER LOGIN PASSWORD '{}'", SECRET.replace('\'', "''")),
            ),
            ("PHR_PG_FAST", text("1")),
            ("PHR_PG_WAIT_INTERVAL", text("0.2")),
            ("POSTGRES_PASSWORD", text(SECRET)),
            ("PHR_SERVER_PASSWORD", text(SECRET)),
            ("REPLICATION_PASSWORD", text(SECRET)),
            ("REWIND_PASSWORD", text(SECRET)),
        ]
    }

    pub(crate) fn command(&self, script: &str, arguments: &[&str], environment: &[(&str, String)]) -> Command {
        let mut command = Command::new(self.folder.join("bin").join(script));
        let environment = environment.iter().filter(|(_, value)| !value.is_empty()).cloned();
        command.args(arguments).current_dir("/").env_clear().envs(clock()).envs(environment).stdin(Stdio::null());
        command
    }

    /// Runs one of the set-up scripts to its end.
    pub(crate) fn run(&self, script: &str, arguments: &[&str], environment: &[(&str, String)]) {
        let said = self.folder.join(format!("{script}-{}", Uuid::new_v4().simple()));
        let output = File::create(&said).expect("a folder of ours can be written");
        // A file and no pipe: a server that the script starts keeps it open.
        let mut command = self.command(script, arguments, environment);
        command.stdout(output.try_clone().expect("a file can be opened twice")).stderr(output);
        let ended = command.status().expect("the scripts can be run");
        let said = std::fs::read_to_string(said).unwrap_or_default();
        assert!(ended.success(), "{script} {arguments:?}: {said}");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.held.take();
        self.watch.wait().ok();
    }
}

/// The processes of the server with this data directory, its first one first.
pub(crate) fn processes(data: &Path) -> Vec<u32> {
    let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
    let number = |entry: std::io::Result<std::fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    let own = |number: &u32| {
        let is_alive = |status: String| !status.contains("\nState:\tZ");
        std::fs::read_link(format!("/proc/{number}/cwd")).is_ok_and(|cwd| cwd == data)
            && std::fs::read_to_string(format!("/proc/{number}/status")).is_ok_and(is_alive)
    };
    let mut found: Vec<u32> = all.filter_map(number).filter(own).collect();
    found.sort_unstable();
    found
}

/// A PostgreSQL server of a test cluster, with a proxy that everybody else reaches it through.
#[derive(Debug)]
pub struct Node {
    /// Such as `db-replica-01`.
    pub name: &'static str,
    /// What the server and the other nodes connect to.
    pub proxy: Proxy,
    pub(crate) port: Port,
    pub(crate) data: PathBuf,
    pub(crate) environment: Vec<(&'static str, String)>,
    pub(crate) child: Mutex<Option<Child>>,
    frozen: AtomicBool,
}

impl Node {
    pub(crate) fn new(name: &'static str, place: &Place) -> Self {
        let port = Port::reserve();
        let proxy = Proxy::before(port.number);
        Self {
            name,
            proxy,
            port,
            data: place.data(name),
            environment: Vec::new(),
            child: Mutex::default(),
            frozen: AtomicBool::new(false),
        }
    }

    /// As `replicationStatus` names it.
    #[must_use]
    pub fn address(&self) -> String {
        self.proxy.address.to_string()
    }

    /// A superuser's connection, past the proxy.
    #[must_use]
    pub fn sql(&self) -> Sql {
        self.sql_of(DATABASE)
    }

    /// The same, to another database.
    #[must_use]
    pub fn sql_of(&self, database: &str) -> Sql {
        let connect = || Sql::postgres(self.port.number, TESTER, database).ok();
        within(LIMIT, &format!("{} accepts connections", self.name), connect)
    }

    /// Starts the server as what its data say it is.
    pub(crate) fn start(&self, place: &Place) {
        self.start_with(place, &[]);
    }

    pub(crate) fn start_with(&self, place: &Place, more: &[(&'static str, String)]) {
        self.start_by("run", place, more);
    }

    /// Starts it by another script than `run`.
    pub(crate) fn start_by(&self, script: &str, place: &Place, more: &[(&'static str, String)]) {
        let log = File::options().create(true).append(true).open(self.data.with_extension("log"));
        let log = log.expect("a folder of ours can be written");
        let environment = [&self.environment, more].concat();
        let mut command = place.command(script, &[], &environment);
        command.stdout(log.try_clone().expect("a file can be opened twice")).stderr(log);
        *self.child.lock().expect("nobody panics here") = Some(command.spawn().expect("the scripts can be run"));
    }

    /// What the server and its set-up scripts have logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.with_extension("log")).unwrap_or_default()
    }

    /// Whether it has received what the promoted node had not, and so cannot follow that.
    #[must_use]
    pub fn has_left_the_history(&self) -> bool {
        self.log().contains("before current recovery point")
    }

    /// Kills every process of the server, as a failing machine would.
    pub fn kill(&self) {
        // Also a set-up script that has not become the server yet.
        if let Some(child) = self.child.lock().expect("nobody panics here").as_mut() {
            child.kill().ok();
            child.wait().ok();
        }
        within(LIMIT, "a killed server is gone", || self.signal("KILL").is_empty().then_some(()));
    }

    /// Kills PostgreSQL alone; Patroni, which may have started it, goes on.
    pub fn kill_postgres(&self) {
        self.signal("KILL");
    }

    /// Stops every process of the server without ending it, and the process that started it.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::Relaxed);
        self.signal_script("STOP");
        // The first process first, so that it starts no others; then those that it had just started.
        self.signal("STOP");
        self.signal("STOP");
    }

    /// Lets the processes go on.
    pub fn thaw(&self) {
        self.signal("CONT");
        self.signal_script("CONT");
        self.frozen.store(false, Ordering::Relaxed);
    }

    /// Whether it was frozen, and not thawed since.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::Relaxed)
    }

    fn signal_script(&self, name: &str) {
        if let Some(child) = self.child.lock().expect("nobody panics here").as_ref() {
            Command::new("kill").args(["-s", name, &child.id().to_string()]).status().expect("kill starts");
        }
    }

    fn signal(&self, name: &str) -> Vec<u32> {
        let found = processes(&self.data);
        if !found.is_empty() {
            let numbers = found.iter().map(ToString::to_string);
            Command::new("kill").args(["-s", name]).args(numbers).stderr(Stdio::null()).status().expect("kill starts");
        }
        found
    }
}
