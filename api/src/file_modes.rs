//! Modes of the server's own files and folders: nobody but the server's user may look into them.

use std::collections::BTreeSet;
use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;

use crate::config::Config;
use crate::database::Target;

/// Mode bits of everybody but the owner.
const OTHERS: u32 = 0o077;
/// Mode bit of folders for everybody's files, such as /tmp.
const STICKY: u32 = 0o1000;
/// Endings of the files that belong to an SQLite file.
const SQLITE_ENDINGS: [&str; 5] = ["", "-wal", "-shm", "-journal", ".migrate.lock"];

/// From now on every file and folder that this process makes is its user's alone, whatever the umask it was started with.
/// Must be called before there are other threads.
pub(crate) fn keep_new_files_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Closes existing files and folders to other users, as an earlier version may have left them open. Failures are logged;
/// `phr doctor` finds the files again.
pub(crate) fn tighten(config: &Config) {
    let (mut tightened, mut failed) = (0_u32, Vec::new());
    for (path, mode) in open_to_others(config) {
        match std::fs::set_permissions(&path, Permissions::from_mode(mode & !OTHERS)) {
            Ok(()) => tightened += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => failed.push(format!("{}: {error}", path.display())),
        }
    }
    if tightened > 0 {
        tracing::warn!(files = tightened, "files and folders with records were open to other users of this machine");
    }
    if !failed.is_empty() {
        tracing::error!(files = failed.join("; "), "files with records stay open to other users of this machine");
    }
}

/// The server's files and folders that others than their owner may use in any way, with their modes.
pub(crate) fn open_to_others(config: &Config) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for path in own_paths(config) {
        let Ok(metadata) = path.metadata() else { continue };
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & OTHERS != 0 && !(metadata.is_dir() && is_shared(&path, &metadata)) {
            found.push((path, mode));
        }
    }
    found
}

/// Files and folders with records: SQLite's files, the audit spool, the anchors, and the folders they stand in. Key files
/// are not among them: one that is open is refused when it is read, since somebody may have read it before.
fn own_paths(config: &Config) -> BTreeSet<PathBuf> {
    let mut paths = BTreeSet::new();
    if let Ok(Target::Sqlite(file)) = config.target() {
        for ending in SQLITE_ENDINGS {
            let mut name = file.clone().into_os_string();
            name.push(ending);
            paths.insert(name.into());
        }
    }
    paths.insert(config.audit.anchors.clone());
    let folders: Vec<PathBuf> =
        paths.iter().chain([&config.audit.spool]).filter_map(|path| path.parent()).map(Path::to_owned).collect();
    paths.extend(config.local_key_folder());
    paths.extend(folders);
    walk(&config.audit.spool, &mut paths);
    paths
}

/// Adds a folder and everything in it.
fn walk(folder: &Path, paths: &mut BTreeSet<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    paths.insert(folder.to_owned());
    for entry in entries.flatten() {
        // Links may lead to files of others.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), paths),
            Ok(kind) if kind.is_file() => {
                paths.insert(entry.path());
            }
            _ => {}
        }
    }
}

/// Returns whether a folder serves other purposes too, so that its mode is not this program's to change: it holds the working
/// directory, is for everybody's files, or belongs to another user.
fn is_shared(folder: &Path, metadata: &Metadata) -> bool {
    let real = folder.canonicalize();
    let holds_working_directory = match (&real, std::env::current_dir()) {
        (Ok(real), Ok(current)) => current.starts_with(real),
        _ => true,
    };
    holds_working_directory
        || metadata.permissions().mode() & STICKY != 0
        || metadata.uid() != rustix::process::geteuid().as_raw()
}
