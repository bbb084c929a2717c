//! The newest checkpoint that has left the hall, kept outside the database.
//!
//! A database restored from an older copy looks whole from within. What was given out before must never be
//! contradicted, so each instance keeps the newest checkpoint in a file beside its keys and holds the database
//! against it. A checkpoint with the hall's own signature that comes back from a witness counts as given out too.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::Context;

use super::checkpoint::Checkpoint;

/// A checkpoint with its note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// What it states.
    pub checkpoint: Checkpoint,
    /// As signed.
    pub note: String,
}

/// The newest checkpoint given out, in memory and in a file.
#[derive(Debug)]
pub struct Published {
    file: PathBuf,
    newest: Mutex<Option<Given>>,
}

impl Published {
    /// Reads `DIR/published/checkpoint`, where there is one.
    ///
    /// # Errors
    /// When the file cannot be read or holds something else.
    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        let file = dir.join("published").join("checkpoint");
        let newest = match fs::read_to_string(&file) {
            Ok(note) => Some(read(note).with_context(|| format!("{} is no checkpoint", file.display()))?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        Ok(Self { file, newest: Mutex::new(newest) })
    }

    /// The newest one.
    pub fn newest(&self) -> Option<Given> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps `given` if it goes beyond what is known; the file is on disk when this returns.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn advance(&self, given: Given) -> anyhow::Result<()> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let beyond = newest.as_ref().is_none_or(|known| {
            known.checkpoint.origin != given.checkpoint.origin
                || known.checkpoint.head.size < given.checkpoint.head.size
        });
        if beyond { self.write(&mut newest, given) } else { Ok(()) }
    }

    /// Keeps `given`, which the database does not hold though the hall has signed it: the log will not go on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn hold(&self, given: Given) -> anyhow::Result<()> {
        self.write(&mut self.newest.lock().unwrap_or_else(PoisonError::into_inner), given)
    }

    fn write(&self, newest: &mut Option<Given>, given: Given) -> anyhow::Result<()> {
        write_whole(&self.file, given.note.as_bytes())
            .with_context(|| format!("cannot write {}", self.file.display()))?;
        *newest = Some(given);
        Ok(())
    }
}

/// Reads a kept note; its signature was checked before it was kept.
fn read(note: String) -> anyhow::Result<Given> {
    let (text, _) = note.split_once("\n\n").context("there is no empty line")?;
    let checkpoint = Checkpoint::parse(&format!("{text}\n"))?;
    Ok(Given { checkpoint, note })
}

/// Writes a file as a whole or not at all, and lasting.
///
/// # Errors
/// When the disk refuses.
pub fn write_whole(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = file.with_extension("new");
    let mut fresh = fs::File::create(&beside)?;
    fresh.write_all(bytes)?;
    fresh.sync_all()?;
    fs::rename(&beside, file)?;
    // The rename itself lasts only once the folder is on disk.
    fs::File::open(folder)?.sync_all()
}
