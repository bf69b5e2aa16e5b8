use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

/// How resources stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One in each line.
    Lines,
    /// Whole documents: bundles, or resources.
    Documents,
}

/// One text with resources.
#[derive(Clone)]
pub struct Source {
    pub(super) layout: Layout,
    name: Option<String>,
    content: Content,
    size: u64,
}

#[derive(Clone)]
enum Content {
    File(PathBuf),
    Bytes(Arc<[u8]>),
    Opener(Arc<dyn Fn() -> Box<dyn Read + Send> + Send + Sync>),
}

impl Source {
    /// Resources, one in each line.
    #[must_use]
    pub fn ndjson(text: String) -> Self {
        let bytes: Arc<[u8]> = text.into_bytes().into();
        Self { layout: Layout::Lines, name: None, size: bytes.len() as u64, content: Content::Bytes(bytes) }
    }

    /// A bundle, or one resource.
    #[must_use]
    pub fn document(json: Vec<u8>) -> Self {
        let bytes: Arc<[u8]> = json.into();
        Self { layout: Layout::Documents, name: None, size: bytes.len() as u64, content: Content::Bytes(bytes) }
    }

    /// Whatever `open` reads, each time from its beginning; named and laid out as a file of this name would be.
    pub fn reader(name: &str, open: impl Fn() -> Box<dyn Read + Send> + Send + Sync + 'static) -> Self {
        let layout = layout(Path::new(name)).unwrap_or(Layout::Documents);
        Self { layout, name: Some(name.to_owned()), size: 0, content: Content::Opener(Arc::new(open)) }
    }

    /// The file's name; none for what is no file.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Opens it from the beginning, uncompressed; adds to `read` the bytes that are taken from the disk.
    pub(super) fn open(&self, read: &Arc<AtomicU64>) -> io::Result<Box<dyn BufRead>> {
        let raw: Box<dyn Read> = match &self.content {
            Content::File(path) => Box::new(File::open(path)?),
            Content::Bytes(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
            Content::Opener(open) => open(),
        };
        let mut raw = BufReader::with_capacity(BUFFER, Counted { inner: raw, read: Arc::clone(read) });
        if raw.fill_buf()?.starts_with(&GZIP) {
            return Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(raw))));
        }
        Ok(Box::new(raw))
    }
}

/// Bytes read at once.
const BUFFER: usize = 128 << 10;

/// What gzip files begin with, whatever their names (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Texts with resources, in the order in which they are read.
#[derive(Clone, Default)]
pub struct Sources {
    pub(super) list: Vec<Source>,
    /// Paths where there is nothing to read, and why.
    pub(super) refused: Vec<(String, String)>,
    /// Files that are passed over, and why.
    pub(super) passed: Vec<(String, &'static str)>,
}

impl Sources {
    /// Just this one.
    #[must_use]
    pub fn one(source: Source) -> Self {
        Self { list: vec![source], ..Self::default() }
    }

    /// These files, and those in these folders, at any depth and by name, whose names end in `.json`, `.ndjson` or
    /// `.jsonl`, each also with `.gz` behind it, and those without any ending that hold JSON. A file that is named outright
    /// is read whatever its name.
    #[must_use]
    pub fn find(paths: &[PathBuf]) -> Self {
        let mut found = Self::default();
        for path in paths {
            match std::fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => found.add_folder(path),
                Ok(metadata) => {
                    let layout = layout(path).or_else(|| layout_within(path)).unwrap_or(Layout::Documents);
                    found.add_file(path, metadata.len(), layout);
                }
                Err(error) => found.refuse(path, format!("cannot be read: {}", error.kind())),
            }
        }
        found
    }

    /// Bytes to read, as they are on the disk.
    pub(super) fn size(&self) -> u64 {
        self.list.iter().map(|source| source.size).sum()
    }

    fn refuse(&mut self, path: &Path, reason: String) {
        self.refused.push((path.display().to_string(), reason));
    }

    fn add_folder(&mut self, folder: &Path) {
        let before = self.list.len() + self.refused.len();
        self.walk(folder);
        if self.list.len() + self.refused.len() == before {
            let reason = "the folder has no file whose name ends in .json, .ndjson or .jsonl (or these and .gz)";
            self.refuse(folder, reason.to_owned());
        }
    }

    /// Links to folders are not followed: they may lead in circles.
    fn walk(&mut self, folder: &Path) {
        let entries = match std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => return self.refuse(folder, format!("cannot be read: {}", error.kind())),
        };
        let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let is_link = path.is_symlink();
            match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && !is_link => self.walk(&path),
                Ok(metadata) if metadata.is_file() => self.add_if_fhir(&path, metadata.len()),
                _ => {}
            }
        }
    }

    fn add_if_fhir(&mut self, path: &Path, size: u64) {
        let name = path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        let mut pass = |reason| self.passed.push((path.display().to_string(), reason));
        match layout(path) {
            Some(_) if name.starts_with("._") => pass("is what macOS keeps beside a file, and no FHIR"),
            Some(layout) => self.add_file(path, size, layout),
            None if name.contains('.') => {}
            None => match layout_within(path) {
                Some(layout) => self.add_file(path, size, layout),
                None => pass("its name has no ending, and it does not begin as JSON does"),
            },
        }
    }

    fn add_file(&mut self, path: &Path, size: u64, layout: Layout) {
        let content = Content::File(path.to_owned());
        self.list.push(Source { layout, name: Some(path.display().to_string()), content, size });
    }
}

/// What a file's name says of its content.
fn layout(path: &Path) -> Option<Layout> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let (_, extension) = name.strip_suffix(".gz").unwrap_or(&name).rsplit_once('.')?;
    match extension {
        "json" => Some(Layout::Documents),
        "ndjson" | "jsonl" => Some(Layout::Lines),
        _ => None,
    }
}

/// Layout of a file, by how it begins: none where it is no JSON. A first line that is an object as a whole, with another one
/// behind it, makes it NDJSON.
fn layout_within(path: &Path) -> Option<Layout> {
    let source = Source { layout: Layout::Documents, name: None, content: Content::File(path.to_owned()), size: 0 };
    let mut input = source.open(&Arc::default()).ok()?;
    let begin = input.fill_buf().ok()?;
    let text = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin).trim_ascii_start();
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.next().filter(|line| line.starts_with(b"{"))?;
    let is_next = lines.next().is_some_and(|line| line.starts_with(b"{"));
    Some(if first.ends_with(b"}") && is_next { Layout::Lines } else { Layout::Documents })
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
