//! Builds the GraphiQL page of `playground/` into `$OUT_DIR/playground`, where `src/playground.rs` embeds it.
//!
//! That takes npm, and its registry or a warm cache. Without them the folder stays empty, the build goes on with a
//! warning, and the page loads GraphiQL from a CDN instead. `PHR_PLAYGROUND=off` skips the work;
//! `PHR_PLAYGROUND=required` makes a page that could not be embedded an error, for release images.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

/// What the page is built from, below `playground/`.
const INPUTS: [&str; 7] =
    [".npmrc", "package.json", "package-lock.json", "vite.config.js", "index.html", "src", "examples"];

/// How long npm may take in all, downloads included.
const TIME_LIMIT: Duration = Duration::from_mins(10);

fn main() {
    println!("cargo::rerun-if-env-changed=PHR_PLAYGROUND");
    for input in INPUTS {
        println!("cargo::rerun-if-changed=playground/{input}");
    }
    let wish = env::var("PHR_PLAYGROUND").unwrap_or_default();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts"));
    let page = if wish == "off" || is_clippy() { Ok(None) } else { build(Path::new("playground"), &out).map(Some) };
    match page.and_then(|page| replace(&out.join("playground"), page.as_deref()).map_err(|error| error.to_string())) {
        Ok(()) => {}
        Err(reason) if wish == "required" => println!("cargo::error=GraphiQL could not be embedded: {reason}"),
        Err(reason) => {
            replace(&out.join("playground"), None).ok();
            println!(
                "cargo::warning=GraphiQL is not embedded and its page will load it from a CDN: {reason}. \
                 To try again, build with PHR_PLAYGROUND=required."
            );
        }
    }
}

/// Whether clippy asks: it keeps an output folder of its own, and looks at no page.
fn is_clippy() -> bool {
    env::var_os("RUSTC_WORKSPACE_WRAPPER")
        .is_some_and(|wrapper| Path::new(&wrapper).file_stem() == Some("clippy-driver".as_ref()))
}

/// Returns the folder of the built page, whose name says which inputs it was built from: where it stands already,
/// there is nothing to do. npm works on a copy, so that the source tree may be read-only and stays clean.
fn build(sources: &Path, out: &Path) -> Result<PathBuf, String> {
    let text = |error: io::Error| error.to_string();
    let cache = out.join("playground-cache");
    let mut hasher = DefaultHasher::new();
    for input in INPUTS {
        fingerprint(&sources.join(input), &mut hasher).map_err(|error| format!("playground/{input}: {error}"))?;
    }
    let page = cache.join(format!("{:016x}", hasher.finish()));
    if page.join("index.html").is_file() {
        return Ok(page);
    }
    let work = out.join("playground-src");
    remove(&cache).and_then(|()| remove(&work)).map_err(text)?;
    for input in INPUTS {
        copy(&sources.join(input), &work.join(input)).map_err(text)?;
    }
    let deadline = Instant::now() + TIME_LIMIT;
    let log = out.join("playground.log");
    let built = npm(&["ci", "--no-audit", "--no-fund", "--prefer-offline", "--include=dev"], &work, &log, deadline)
        .and_then(|()| npm(&["run", "build"], &work, &log, deadline))
        .and_then(|()| fs::create_dir_all(&cache).and_then(|()| fs::rename(work.join("dist"), &page)).map_err(text));
    // 230 MB of node_modules that nobody needs again.
    remove(&work).ok();
    built.map(|()| page)
}

/// Runs npm in `folder` until `deadline`; what it says goes to the file `log`, and its last words into the error.
fn npm(arguments: &[&str], folder: &Path, log: &Path, deadline: Instant) -> Result<(), String> {
    let output = File::create(log).map_err(|error| error.to_string())?;
    let copy = output.try_clone().map_err(|error| error.to_string())?;
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1");
    command.stdin(Stdio::null()).stdout(output).stderr(copy);
    // A group of its own, so that whatever npm starts can be ended with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "npm is not installed".to_owned(),
        _ => format!("npm does not start: {error}"),
    })?;
    let name =
        arguments.iter().take_while(|argument| !argument.starts_with('-')).copied().collect::<Vec<_>>().join(" ");
    match wait(child, deadline).map_err(|error| error.to_string())? {
        Some(status) if status.success() => Ok(()),
        Some(_) => Err(format!("`npm {name}` failed ({}; more in {})", last_words(log), log.display())),
        None => Err(format!("npm took longer than {} minutes", TIME_LIMIT.as_secs() / 60)),
    }
}

/// Waits for `child`, but ends it at the deadline and returns `None`.
fn wait(mut child: Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(50));
    }
    if cfg!(unix) {
        Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status()?;
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// The last line of the log that says what went wrong.
fn last_words(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find(|line| line.contains("rror") && line.len() > "npm error code EUSAGE".len());
    error.or_else(|| lines().next_back()).unwrap_or("it said nothing").to_owned()
}

/// Leaves in `target` exactly the files of `source`, or none.
fn replace(target: &Path, source: Option<&Path>) -> io::Result<()> {
    remove(target)?;
    fs::create_dir_all(target)?;
    source.map_or(Ok(()), |source| copy(source, target))
}

fn remove(folder: &Path) -> io::Result<()> {
    if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        // Written anew rather than copied: a copy would inherit that the original is read-only.
        return fs::write(to, fs::read(from)?);
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn fingerprint(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    path.hash(hasher);
    if path.is_file() {
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    entries.iter().try_for_each(|entry| fingerprint(entry, hasher))
}
