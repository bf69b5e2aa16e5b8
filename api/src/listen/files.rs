use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the program has open besides its connections: databases, the spool, the log.
const OTHERS: u64 = 200;

/// How many files this process may have open, of which each connection is one, after that was raised as far as the system
/// lets a process raise it by itself; none for any number.
#[must_use]
pub fn allowed_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).is_err() {
        return limit.current;
    }
    limit.maximum
}

/// What is wrong, for people, where so many connections are more than the process may have; none where they are not.
#[must_use]
pub fn too_few_files(connections: usize) -> Option<String> {
    let allowed = allowed_files()?;
    let wanted = (connections as u64).saturating_add(OTHERS);
    (allowed < wanted).then(|| {
        format!("the system lets a process have {allowed} files open, and {connections} connections want {wanted}")
    })
}
