use std::fs::{create_dir_all, remove_file, write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

/// What a [`Disk`] is told to keep.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    /// What is in a file.
    Files,
    /// Which files are in a folder.
    Folders,
}

impl Kept {
    const fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Folders => "folders",
        }
    }
}

/// A disk that can be made to lose what servers tell it to keep, and to be full.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    library: PathBuf,
}

impl Disk {
    /// One that loses nothing yet, in a folder of the test's.
    #[must_use]
    pub fn new(test: &Path) -> Self {
        let folder = test.join("disk");
        create_dir_all(&folder).expect("the test's folder can be written");
        let library = folder.join("disk.so");
        build("disk.c", &[], &library);
        Self { folder, library }
    }

    /// What makes a server's disk this one.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, &str); 2] {
        [("LD_PRELOAD", text(&self.library)), ("PHR_TEST_DISK", text(&self.folder))]
    }

    /// From now on it keeps these, or does not.
    pub fn keeps(&self, what: Kept, does: bool) {
        let path = self.folder.join(what.name());
        if does { remove_file(&path) } else { write(&path, "") }.expect("the test's folder can be written");
    }

    /// From now on it takes nothing more, or does.
    pub fn is_full(&self, is: bool) {
        let path = self.folder.join("full");
        if is { write(&path, "") } else { remove_file(&path) }.expect("the test's folder can be written");
    }
}

/// Builds a library that is loaded into servers from one of the sources here.
pub(crate) fn build(source: &str, options: &[&str], library: &Path) {
    let built = Command::new("cc")
        .args(["-shared", "-fPIC"])
        .args(options)
        .arg("-o")
        .args([library, &root().join("tests/support").join(source)])
        .arg("-ldl")
        .status();
    assert!(built.is_ok_and(|status| status.success()), "cc works: it is what links this test too");
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ASCII")
}
