use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::program::target;
use crate::{Sql, phr};

/// The server that all tests share. It runs on while tests use it, and ends by itself a minute after the last one.
#[derive(Debug)]
pub(crate) struct Postgres {
    pub(crate) port: u16,
    pub(crate) template: String,
    log: PathBuf,
    /// Locked, shared with other tests, until the process ends.
    _use: File,
}

static SERVER: OnceLock<Postgres> = OnceLock::new();

/// How long the server may take to start.
const START_LIMIT: Duration = Duration::from_mins(1);

impl Postgres {
    pub(crate) fn get() -> &'static Self {
        SERVER.get_or_init(Self::join)
    }

    /// The server, if this process uses it.
    pub(crate) fn joined() -> Option<&'static Self> {
        SERVER.get()
    }

    pub(crate) fn admin(&self, database: &str) -> Sql {
        Sql::postgres(self.port, "postgres", database).expect("the server accepts connections")
    }

    /// What the server logged for one database from some place on, and the place after that.
    pub(crate) fn log(&self, database: &str, from: usize) -> (Vec<String>, usize) {
        let log = std::fs::read(&self.log).expect("the log can be read");
        let text = String::from_utf8_lossy(&log[from..]);
        let prefix = format!("{database}|");
        let mut lines: Vec<String> = Vec::new();
        let mut own = false;
        for line in text.lines() {
            if let Some(line) = line.strip_prefix(&prefix) {
                lines.push(line.to_owned());
                own = true;
            } else if line.starts_with('\t') && own {
                // A statement of several lines.
                lines.last_mut().expect("a first line").push_str(line);
            } else {
                own = false;
            }
        }
        (lines, log.len())
    }

    fn join() -> Self {
        let folder = target().join("test-postgres");
        std::fs::create_dir_all(&folder).expect("the target folder can be written");
        let open = |name: &str| {
            let path = folder.join(name);
            OpenOptions::new().create(true).append(true).open(&path).expect("the target folder can be written")
        };
        let mut users = open("users");
        users.lock_shared().expect("locks work");
        // Tells the watching script that somebody has been here.
        users.write_all(b".").expect("the target folder can be written");
        let start = open("start");
        start.lock().expect("locks work");
        let port = running(&folder).unwrap_or_else(|| launch(&folder));
        let template = template(port);
        start.unlock().expect("locks work");
        Self { port, template, log: folder.join("log"), _use: users }
    }
}

/// The port of the server, if it runs and somebody watches over it.
fn running(folder: &Path) -> Option<u16> {
    let supervisor = File::open(folder.join("supervisor")).ok()?;
    if supervisor.try_lock_shared().is_ok() {
        return None;
    }
    ready(folder)
}

fn ready(folder: &Path) -> Option<u16> {
    let port = std::fs::read_to_string(folder.join("ready")).ok()?.trim().parse().ok()?;
    Sql::postgres(port, "postgres", "postgres").ok().map(|_| port)
}

#[expect(clippy::zombie_processes, reason = "it outlives this process")]
fn launch(folder: &Path) -> u16 {
    std::fs::remove_file(folder.join("ready")).ok();
    let deadline = Instant::now() + START_LIMIT;
    loop {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a port is free").port();
        let output = File::create(folder.join("output")).expect("the target folder can be written");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/postgres.sh");
        // A session of its own, so that it outlives the test that happens to be the first.
        let mut child = Command::new("setsid")
            .arg(script)
            .args([Path::new("serve"), folder, Path::new(&port.to_string())])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file can be opened twice"))
            .stderr(output)
            .spawn()
            .expect("setsid starts");
        loop {
            if let Some(port) = ready(folder) {
                return port;
            }
            if child.try_wait().expect("a child can be asked").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
            assert!(Instant::now() < deadline, "PostgreSQL did not start: {}", complaint(folder));
        }
        assert!(Instant::now() < deadline, "PostgreSQL did not start: {}", complaint(folder));
        // The port was taken meanwhile, most likely: try another one.
    }
}

fn complaint(folder: &Path) -> String {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    format!("{}\n{}", read("output"), read("log"))
}

/// A database with the present schema, made by `phr migrate up` once, to copy each test's database from.
fn template(port: u16) -> String {
    use sha2::{Digest, Sha256};
    let steps = migration::steps();
    let sums: Vec<String> = steps.iter().map(|step| step.checksum(migration::DbBackend::Postgres)).collect();
    let hash = Sha256::digest(sums.concat());
    let name = format!("template_{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]);
    let mut admin = Sql::postgres(port, "postgres", "postgres").expect("the server accepts connections");
    if admin.value(&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'")) == "1" {
        return name;
    }
    admin.run("DROP DATABASE IF EXISTS unfinished");
    admin.run("CREATE DATABASE unfinished");
    let url = format!("postgres://postgres@127.0.0.1:{port}/unfinished");
    let migrated = phr(Path::new("/"), &["migrate", "up"], &[("DATABASE_URL", &url)]);
    assert!(migrated.succeeded(), "phr migrate up: {migrated:?}");
    if admin.value("SELECT 1 FROM pg_roles WHERE rolname = 'phr_app'").is_empty() {
        // Like a careful operator's: it may only become what the server acts as.
        admin.run("CREATE ROLE phr_app LOGIN; GRANT phr_server TO phr_app");
    }
    admin.run(&format!("ALTER DATABASE unfinished RENAME TO {name}"));
    name
}
