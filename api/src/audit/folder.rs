use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::segment::reach_disk;

/// The file that is locked for as long as somebody uses a folder.
const LOCK: &str = "lock";

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the audit spool {path} cannot be used: {source}")]
pub struct Fault {
    /// The folder or file.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

/// The folder of one server process within the spool, locked: nobody else writes there.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) instance: Uuid,
    pub(super) path: PathBuf,
    _lock: File,
}

impl Folder {
    /// A folder of a new instance.
    pub(super) fn make(spool: &Path) -> Result<Self, Fault> {
        if let Some(above) = spool.parent() {
            std::fs::create_dir_all(above).map_err(fault(spool))?;
        }
        make_private(spool).map_err(fault(spool))?;
        let whole = lock_whole(spool)?;
        let instance = Uuid::new_v4();
        let path = spool.join(instance.to_string());
        make_private(&path).map_err(fault(&path))?;
        reach_disk(Some(spool)).map_err(fault(spool))?;
        let lock = open_lock(&path).map_err(fault(&path))?;
        lock.try_lock().map_err(|error| fault(&path)(error.into()))?;
        drop(whole);
        Ok(Self { instance, path, _lock: lock })
    }

    /// The folders whose instances are dead; they are this process's from now on.
    pub(super) fn orphans(spool: &Path) -> Result<Vec<Self>, Fault> {
        let _whole = lock_whole(spool)?;
        let mut found = Vec::new();
        for (instance, path) in instances(spool)? {
            let lock = open_lock(&path).map_err(fault(&path))?;
            match lock.try_lock() {
                Ok(()) => found.push(Self { instance, path, _lock: lock }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(Fault { path, source }),
            }
        }
        Ok(found)
    }

    /// Removes the folder, with everything in it.
    pub(super) fn remove(&self) -> Result<(), Fault> {
        let spool = self.path.parent().unwrap_or(Path::new(".")).to_owned();
        let _whole = lock_whole(&spool)?;
        std::fs::remove_dir_all(&self.path).map_err(fault(&self.path))
    }
}

/// The folders of all instances, dead or alive.
pub(super) fn instances(spool: &Path) -> Result<Vec<(Uuid, PathBuf)>, Fault> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(spool).map_err(fault(spool))? {
        let path = item.map_err(fault(spool))?.path();
        let instance = path.file_name().and_then(|name| name.to_str()).and_then(|name| Uuid::parse_str(name).ok());
        if let Some(instance) = instance.filter(|_| path.is_dir()) {
            found.push((instance, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a folder's instance is alive.
pub(super) fn is_alive(path: &Path) -> bool {
    File::open(path.join(LOCK)).is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Held while folders come and go, so that a new one is not taken for an orphan before it is locked.
fn lock_whole(spool: &Path) -> Result<File, Fault> {
    let lock = open_lock(spool).map_err(fault(spool))?;
    lock.lock().map_err(fault(spool))?;
    Ok(lock)
}

fn open_lock(folder: &Path) -> io::Result<File> {
    File::options().create(true).append(true).mode(0o600).open(folder.join(LOCK))
}

/// Makes a folder that only the server's user can look into, unless it is there.
fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

pub(super) fn fault(path: &Path) -> impl FnOnce(io::Error) -> Fault {
    let path = path.to_owned();
    move |source| Fault { path, source }
}
