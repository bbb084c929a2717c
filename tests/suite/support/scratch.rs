//! Folders for a test, in memory where the machine allows it, gone with the test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rand::RngExt as _;

/// A new folder that everyone may pass; removed on drop.
pub struct Scratch(PathBuf);

impl Scratch {
    /// `name` helps whoever finds one left behind.
    pub fn new(name: &str) -> Self {
        Self::within(&memory(), name)
    }

    /// The same where the system keeps files that pass, on a disk as a rule: for what grows large.
    pub fn on_disk(name: &str) -> Self {
        Self::within(&std::env::temp_dir(), name)
    }

    fn within(folder: &Path, name: &str) -> Self {
        let path = folder.join(format!("tenderhall-{name}-{:08x}", rand::rng().random::<u32>()));
        fs::create_dir(&path).unwrap();
        Self(fs::canonicalize(path).unwrap())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// `/dev/shm`, else the system's folder for passing files.
pub fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}
