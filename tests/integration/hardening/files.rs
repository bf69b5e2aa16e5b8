//! Records and secrets are nobody's but the server's user's, whatever the umask.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Backend, Database, Server, phr};

use crate::patients::jane;

const CREATE: &str = "mutation($input: CreatePatientRegisterInput!) { createPatientRegister(input: $input) {
    patientRegister { uuid } userErrors { code } } }";

/// The modes of everything in a folder, the folder included.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mode = |path: &Path| path.symlink_metadata().unwrap().permissions().mode() & 0o7777;
    let mut found = vec![(folder.to_owned(), mode(folder))];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(modes(&path));
        } else {
            // What comes and goes, such as a segment of the spool, may have gone.
            found.extend(path.exists().then(|| (path.clone(), mode(&path))));
        }
    }
    found
}

fn open_to_others(folder: &Path) -> Vec<(PathBuf, u32)> {
    modes(folder).into_iter().filter(|(path, mode)| *mode != if path.is_dir() { 0o700 } else { 0o600 }).collect()
}

/// A server that has written all the kinds of files that it writes, with the default settings.
fn serve(database: &Database) -> Server {
    let server = Server::start(database.folder(), &[], &[]);
    server.ask(CREATE, &json!({"input": jane()}));
    server
}

/// Grade and finding of `phr doctor` on files.
fn doctor(database: &Database) -> (String, String) {
    let told = phr(database.folder(), &["doctor", "--json"], &[]);
    let report: Value = serde_json::from_str(&told.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["subject"] == "file modes").expect("files are looked at");
    (found["grade"].as_str().unwrap().to_owned(), found["found"].as_str().unwrap().to_owned())
}

#[test]
fn new_files_are_the_servers_users_alone_whatever_the_umask() {
    let database = Database::bare(Backend::Sqlite);
    rustix::process::umask(rustix::fs::Mode::empty());
    let server = serve(&database);
    let data = database.folder().join("data");
    let made: Vec<String> =
        modes(&data).into_iter().map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    for file in ["phr.sqlite", "phr.sqlite-wal", "phr.sqlite-shm", "audit", "phr-local.key"] {
        assert!(made.iter().any(|name| name == file), "{file} is there: {made:?}");
    }
    assert_eq!(open_to_others(&data), []);
    assert_eq!(doctor(&database).0, "ok");
    let out = database.folder().join("out");
    let exported = phr(database.folder(), &["export", "fhir", out.to_str().unwrap()], &[]);
    assert!(exported.succeeded(), "{exported:?}");
    assert_eq!(open_to_others(&out), []);
    drop(server);
}

#[test]
fn files_that_were_left_open_are_found_and_closed() {
    let database = Database::bare(Backend::Sqlite);
    let data = database.folder().join("data");
    drop(serve(&database));
    let key = data.join("phr-local.key");
    for (path, _) in modes(&data).into_iter().filter(|(path, _)| *path != key) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }
    let (grade, found) = doctor(&database);
    assert!(grade == "error" && found.contains("data/phr.sqlite (0644)") && found.contains("data (0755)"), "{found}");
    let _server = serve(&database);
    assert_eq!(open_to_others(&data), []);
    assert_eq!(doctor(&database).0, "ok");
}

#[test]
fn a_folder_that_the_server_works_in_keeps_its_mode() {
    let database = Database::new(Backend::Sqlite);
    std::fs::set_permissions(database.folder(), Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(database.file(), Permissions::from_mode(0o644)).unwrap();
    let url = database.url();
    let _server = Server::start(database.folder(), &[("DATABASE_URL", &url)], &[]);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(database.folder()), mode(&database.file())), (0o755, 0o600));
}
