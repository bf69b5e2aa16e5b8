use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use uuid::Uuid;

use super::TYPES;

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The resources' type.
    pub resource_type: &'static str,
    /// The file.
    pub path: PathBuf,
    /// How many resources it holds.
    pub count: u64,
}

/// The files of one export, a type of resources in each, a resource in each line. They have other names until all are
/// whole, and are removed when they never are. Only their owner may read them.
#[derive(Debug)]
pub struct Files {
    list: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    exported: Exported,
    partial: PathBuf,
    out: Out,
    is_kept: bool,
}

#[derive(Debug)]
enum Out {
    Plain(BufWriter<File>),
    Compressed(Box<GzEncoder<BufWriter<File>>>),
    Closed,
}

impl Files {
    /// Makes the files, empty, in a folder, and the folder where there is none.
    ///
    /// # Errors
    /// When they cannot be made; when the folder holds something already, unless that is `forced`.
    pub fn create(folder: &Path, is_forced: bool, is_compressed: bool) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        if !is_forced && fs::read_dir(folder)?.next().is_some() {
            let message = "the folder is not empty: name another, or say --force to replace the files of an export";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        let end = if is_compressed { "ndjson.gz" } else { "ndjson" };
        let mark = Uuid::new_v4().simple();
        let mut files = Self { list: Vec::with_capacity(TYPES.len()) };
        for resource_type in TYPES {
            let partial = folder.join(format!(".{resource_type}.{end}.{mark}"));
            let file = BufWriter::new(OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?);
            let out = if is_compressed {
                Out::Compressed(Box::new(GzEncoder::new(file, Compression::default())))
            } else {
                Out::Plain(file)
            };
            let exported = Exported { resource_type, path: folder.join(format!("{resource_type}.{end}")), count: 0 };
            files.list.push(Part { exported, partial, out, is_kept: false });
        }
        Ok(files)
    }

    /// Appends a resource to the file of its type.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&mut self, resource: &Value) -> io::Result<()> {
        let kind = resource["resourceType"].as_str();
        let Some(part) = self.list.iter_mut().find(|part| Some(part.exported.resource_type) == kind) else {
            return Err(io::Error::other("a resource of a type that is not exported"));
        };
        // At once: compressing costs by the piece, and JSON is written in many small ones.
        let mut line = serde_json::to_vec(resource)?;
        line.push(b'\n');
        part.out.write_all(&line)?;
        part.exported.count += 1;
        Ok(())
    }

    /// Gives the files their names, once all of them are on the disk, and removes those of an earlier export in the other
    /// form.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn finish(mut self) -> io::Result<Vec<Exported>> {
        for part in &mut self.list {
            let file = match std::mem::replace(&mut part.out, Out::Closed) {
                Out::Plain(file) => file,
                Out::Compressed(encoder) => encoder.finish()?,
                Out::Closed => continue,
            };
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        }
        for part in &mut self.list {
            fs::rename(&part.partial, &part.exported.path)?;
            part.is_kept = true;
            part.remove_other_form()?;
        }
        Ok(self.list.iter().map(|part| part.exported.clone()).collect())
    }
}

impl Part {
    /// An earlier export may have left a file of this type in the other form, which an import would read too.
    fn remove_other_form(&self) -> io::Result<()> {
        let other = match self.exported.path.extension() {
            Some(end) if end == "gz" => self.exported.path.with_extension(""),
            _ => self.exported.path.with_extension("ndjson.gz"),
        };
        match fs::remove_file(other) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_kept {
            // Nothing more can be done about it, and the file says by its name what it is.
            fs::remove_file(&self.partial).ok();
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Compressed(encoder) => encoder.write(bytes),
            Self::Closed => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Compressed(encoder) => encoder.flush(),
            Self::Closed => Ok(()),
        }
    }
}
