//! Secret seeds of the hall's signing keys: one file each, made at the first start.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use anyhow::Context;
use rand::Rng;

/// Reads `DIR/keys/NAME.key` (64 hexadecimal digits), or makes it with mode 0400.
///
/// # Errors
/// When the file cannot be read or made, holds something else, or others may read it.
pub fn load_or_make(dir: &Path, name: &str) -> anyhow::Result<[u8; 32]> {
    let folder = dir.join("keys");
    let path = folder.join(format!("{name}.key"));
    make_if_missing(&folder, &path).with_context(|| format!("cannot make {}", path.display()))?;
    load(&path)
}

/// Reads a seed from a file that must be there.
///
/// # Errors
/// When the file cannot be read, holds something else, or others may read it.
pub fn load(path: &Path) -> anyhow::Result<[u8; 32]> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mode = fs::metadata(path)?.permissions().mode();
    anyhow::ensure!(mode.trailing_zeros() >= 6, "{} may be read by others; chmod 0400 it", path.display());
    let seed = hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    seed.with_context(|| format!("{} does not hold 64 hex digits", path.display()))
}

/// Makes a seed in a file that must not be there yet, with mode 0400.
///
/// # Errors
/// When the file is there or cannot be made.
pub fn make(path: &Path) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(path)?;
    let mut seed = [0; 32];
    rand::rng().fill_bytes(&mut seed);
    file.write_all(hex::encode(seed).as_bytes())?;
    file.sync_all()
}

fn make_if_missing(folder: &Path, path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    match make(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}
