//! Where PostgreSQL's programs lie on this machine.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::ClusterError;

/// The oldest PostgreSQL whose guarantees the hall uses.
const OLDEST: u32 = 15;

/// Folders of versioned folders: Debian, Alpine, and Red Hat's `pgsql-NN`.
const FAMILIES: [&str; 3] = ["/usr/lib/postgresql", "/usr/libexec/postgresql", "/usr"];

/// A folder with `initdb` and `postgres` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder, symbolic links resolved.
    pub folder: PathBuf,
    /// Major version, such as 15.
    pub major: u32,
}

impl Binaries {
    /// Looks in `given` only, or on PATH and in the usual folders; takes version `wanted`, or the newest from 15 on.
    ///
    /// # Errors
    /// Nothing found, or only other versions than `wanted`.
    pub fn find(given: Option<&Path>, wanted: Option<u32>) -> Result<Self, ClusterError> {
        let mut found: BTreeMap<u32, PathBuf> = BTreeMap::new();
        for folder in given.map_or_else(usual_folders, |folder| vec![folder.to_path_buf()]) {
            if let Some(binaries) = Self::look(&folder) {
                found.entry(binaries.major).or_insert(binaries.folder);
            }
        }
        let chosen = match wanted {
            Some(wanted) => found.get_key_value(&wanted),
            None => found.range(OLDEST..).next_back(),
        };
        match (chosen, wanted) {
            (Some((major, folder)), _) => Ok(Self { folder: folder.clone(), major: *major }),
            (None, Some(wanted)) if !found.is_empty() => Err(ClusterError::WrongVersion {
                wanted,
                found: found.keys().map(u32::to_string).collect::<Vec<_>>().join(", "),
            }),
            _ => Err(ClusterError::NotInstalled {
                searched: given.map_or_else(
                    || "/usr/lib/postgresql/*/bin".to_owned(),
                    |folder| folder.display().to_string(),
                ),
            }),
        }
    }

    /// The path of one of PostgreSQL's programs, such as `pg_dump`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn look(folder: &Path) -> Option<Self> {
        let postgres = fs::canonicalize(folder.join("postgres")).ok()?;
        let folder = postgres.parent()?.to_path_buf();
        if !folder.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(&postgres).arg("--version").output().ok()?;
        let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { folder, major })
    }
}

/// The major version in a line such as `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)` or `… 19beta1`.
fn major_of(line: &str) -> Option<u32> {
    let version = line.split_whitespace().nth(2)?;
    version.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

fn usual_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    for family in FAMILIES {
        let entries = fs::read_dir(family).into_iter().flatten().filter_map(Result::ok);
        let versions = entries.map(|entry| entry.path()).filter(|path| {
            family != "/usr"
                || path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgsql-"))
        });
        folders.extend(versions.map(|path| path.join("bin")));
    }
    // The same program is often linked from several places; asking it once is enough.
    let mut seen = Vec::new();
    folders.retain(|folder| match fs::canonicalize(folder.join("postgres")) {
        Ok(program) if !seen.contains(&program) => {
            seen.push(program);
            true
        }
        _ => false,
    });
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major_of("something else"), None);
    }

    #[test]
    fn an_empty_folder_is_said_to_hold_nothing() {
        let error = Binaries::find(Some(Path::new("/nonexistent")), None).unwrap_err();
        assert!(error.to_string().contains("looked on PATH and in /nonexistent"), "{error}");
    }
}
