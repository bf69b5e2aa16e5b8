use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::node::{Place, processes};
use crate::ports::Port;
use crate::program::{root, target};
use crate::{Sql, phr, within};

/// A superuser of test clusters.
pub(crate) const TESTER: &str = "tester";
/// The password of every login of test clusters.
pub(crate) const SECRET: &str = "not a secret: it's for tests";
/// As it stands in a URL.
pub(crate) const SECRET_IN_URL: &str = "not%20a%20secret%3A%20it%27s%20for%20tests";
/// The database.
pub(crate) const DATABASE: &str = "db_patient_health_record";
/// The nodes, the primary first.
pub(crate) const NAMES: [&str; 3] = ["db-main", "db-replica-01", "db-replica-02"];

/// How long making or starting a node may take.
pub(crate) const LIMIT: std::time::Duration = std::time::Duration::from_secs(45);

/// The folder with a stopped primary and two replicas of it, made by the project's set-up scripts once, with the present
/// schema. Tests copy it.
pub(crate) fn template() -> PathBuf {
    let folder = target().join("test-cluster");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    let lock = OpenOptions::new().create(true).append(true).open(folder.join("lock"));
    let lock: File = lock.expect("the target folder can be written");
    lock.lock().expect("locks work");
    let made = folder.join(fingerprint());
    if !made.exists() {
        let place = Place::new();
        make(&place);
        let unfinished = folder.join("unfinished");
        std::fs::remove_dir_all(&unfinished).ok();
        copy(&place.folder, &unfinished);
        std::fs::rename(unfinished, &made).expect("a folder can be renamed");
    }
    made
}

/// Copies a folder with everybody's rights to the files.
pub fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "cannot copy {}", from.display());
}

/// Puts the set-up scripts where the user that PostgreSQL runs as can read them.
pub(crate) fn copy_scripts(folder: &Path) {
    copy(&scripts(), &folder.join("bin"));
    copy(&roles(), &folder.join("roles.postgres.sql"));
}

fn scripts() -> PathBuf {
    root().join("docker/postgres/bin")
}

fn roles() -> PathBuf {
    root().join("migration/roles.postgres.sql")
}

/// Changes with everything that a template is made from.
fn fingerprint() -> String {
    let mut hash = Sha256::new();
    let listed = std::fs::read_dir(scripts()).expect("the scripts can be listed");
    let mut files: Vec<PathBuf> = listed.map(|entry| entry.expect("the scripts can be listed").path()).collect();
    files.push(roles());
    files.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("support/template.rs"));
    files.sort();
    for file in files {
        hash.update(std::fs::read(file).expect("the sources can be read"));
    }
    // Its keys and its audit trail are as old as the clock says.
    hash.update(std::env::var("PHR_TEST_CLOCK").unwrap_or_default());
    for step in migration::steps() {
        hash.update(step.checksum(migration::DbBackend::Postgres));
    }
    hash.finalize().iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn make(place: &Place) {
    copy_scripts(&place.folder);
    let ports: Vec<Port> = NAMES.iter().map(|_| Port::reserve()).collect();
    let addresses = NAMES.iter().zip(&ports).map(|(name, port)| format!("{name}=127.0.0.1:{}", port.number));
    let addresses = addresses.collect::<Vec<_>>().join(",");
    let environment = |name| place.environment(name, &addresses);
    place.run("setup-primary", &["--start"], &environment(NAMES[0]));
    let url = format!("postgres://admin:{SECRET_IN_URL}@127.0.0.1:{}/{DATABASE}", ports[0].number);
    let migrated = phr(Path::new("/"), &["migrate", "up"], &[("DATABASE_URL", &url)]);
    assert!(migrated.succeeded(), "phr migrate up: {migrated:?}");
    // The keys that sign tokens, so that callers are known even where only a replica runs.
    let token = phr(&place.folder, &["token"], &[("DATABASE_URL", &url)]);
    assert!(token.succeeded(), "phr token: {token:?}");
    for name in &NAMES[1..] {
        place.run("setup-replica", &["--start"], &environment(name));
    }
    let mut sql = Sql::postgres(ports[0].number, TESTER, DATABASE).expect("the primary accepts connections");
    within(LIMIT, "replicas follow", || {
        (sql.value("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "2").then_some(())
    });
    drop(sql);
    // The primary's last words reach the replicas.
    for name in NAMES {
        let data = place.data(name);
        let postmaster = std::fs::read_to_string(data.join("postmaster.pid")).expect("the node runs");
        let postmaster = postmaster.lines().next().expect("the first line is the process").to_owned();
        Command::new("kill").args(["-INT", &postmaster]).status().expect("kill starts");
        within(LIMIT, "a node stops", || processes(&data).is_empty().then_some(()));
    }
}
