use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::Database;

/// How long a command may take.
const LIMIT: Duration = Duration::from_mins(1);

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code.
    pub code: Option<i32>,
}

impl Output {
    /// Whether the command succeeded.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }
}

/// The sources' root.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package stands in the workspace")
}

/// The folder that cargo builds into: the running test stands in `TARGET/PROFILE/deps`.
pub(crate) fn target() -> PathBuf {
    let own = std::env::current_exe().expect("a process knows its program");
    own.ancestors().nth(3).expect("cargo puts tests in TARGET/PROFILE/deps").to_owned()
}

/// The `phr` program, as built from the present sources.
#[must_use]
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let own = std::env::current_exe().expect("a process knows its program");
        let binary = own.ancestors().nth(2).expect("cargo puts tests in TARGET/PROFILE/deps").join("phr");
        let stale = stale_source(&binary);
        assert_eq!(stale, None, "{} is missing or older than that: run `cargo build -p phr` first", binary.display());
        binary
    })
}

/// A source that has changed since the program was built from it, by the list that cargo keeps beside it.
fn stale_source(binary: &Path) -> Option<String> {
    let modified = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    let Some(built) = modified(binary) else { return Some("the program".to_owned()) };
    let list = std::fs::read_to_string(binary.with_extension("d")).unwrap_or_default();
    let sources = list.split_once(": ").map(|(_, sources)| sources).unwrap_or_default();
    let newer = |source: &&str| modified(Path::new(source)).is_none_or(|modified| modified > built);
    sources.split_whitespace().find(newer).map(ToOwned::to_owned)
}

/// What sets the clock and the time zone of programs: tests/run has the tests see other days.
const CLOCK: [&str; 3] = ["LD_PRELOAD", "PHR_TEST_CLOCK", "TZ"];

/// The part of the caller's environment that sets the clock.
pub(crate) fn clock() -> impl Iterator<Item = (&'static str, String)> {
    CLOCK.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?)))
}

/// A command with nothing of the caller's environment that `phr` would read, by the caller's clock.
pub(crate) fn command(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder).env_clear().envs(clock());
    for (name, value) in environment {
        // Libraries are loaded besides the clock's.
        let clock = if *name == "LD_PRELOAD" { std::env::var(name).ok() } else { None };
        command.env(name, clock.map_or_else(|| (*value).to_owned(), |clock| format!("{value}:{clock}")));
    }
    command
}

/// Runs `phr` in `folder` to its end.
#[must_use]
pub fn phr(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = command(folder, arguments, environment);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let stdout = reading(child.stdout.take().expect("stdout is a pipe"));
    let stderr = reading(child.stderr.take().expect("stderr is a pipe"));
    let deadline = Instant::now() + LIMIT;
    let ended = loop {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            break Some(status);
        }
        if Instant::now() > deadline {
            child.kill().and_then(|()| child.wait()).expect("a child can be killed");
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = |reading: JoinHandle<String>| reading.join().expect("reading does not fail");
    let (stdout, stderr) = (text(stdout), text(stderr));
    let status = ended.unwrap_or_else(|| panic!("phr {arguments:?} did not end: {stderr}"));
    Output { stdout, stderr, code: status.code() }
}

fn reading(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).ok();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Runs `phr migrate` on a database, as somebody who may change its schema.
#[must_use]
pub fn migrate(database: &Database, arguments: &[&str]) -> Output {
    let url = database.owner_url();
    phr(database.folder(), &[&["migrate"], arguments].concat(), &[("DATABASE_URL", &url)])
}
