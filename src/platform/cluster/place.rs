//! Folders, their owners and modes, and the lock: everything about *where* the cluster lives.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use sha2::{Digest as _, Sha256};

use super::ClusterError;

/// `sun_path` holds 108 bytes, the closing zero among them; the socket's own name takes `/.s.PGSQL.5432`.
const LONGEST_SOCKET_FOLDER: usize = 107 - "/.s.PGSQL.5432".len();

/// Who runs PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunsAs {
    pub uid: u32,
    pub gid: u32,
    /// Whether that is someone else than we are, which takes root.
    pub switch: bool,
}

impl RunsAs {
    /// Ourselves; or, for root, the owner of existing data, else the user `postgres`.
    fn decide(data: &Path) -> Result<Self, ClusterError> {
        let proc_self = fs::metadata("/proc/self").map_err(ClusterError::io("read", "/proc/self"))?;
        let (us, our_group) = (proc_self.uid(), proc_self.gid());
        let owner = fs::metadata(data).ok().map(|meta| (meta.uid(), meta.gid()));
        match owner {
            Some((uid, gid)) if us == 0 && uid != 0 => Ok(Self { uid, gid, switch: true }),
            Some((owner, _)) if us != 0 && owner != us => {
                Err(ClusterError::NotOurs { path: data.display().to_string(), owner, us })
            }
            _ if us == 0 => {
                let (uid, gid) = account_ids("postgres").ok_or(ClusterError::NoUser)?;
                Ok(Self { uid, gid, switch: true })
            }
            _ => Ok(Self { uid: us, gid: our_group, switch: false }),
        }
    }

    /// The account's name where it is known, else its number.
    pub fn name(&self) -> String {
        accounts()
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.get(2).is_some_and(|uid| *uid == self.uid.to_string()))
            .and_then(|fields| fields.first().map(|name| (*name).to_owned()))
            .unwrap_or_else(|| self.uid.to_string())
    }

    /// Makes `folder` with mode 0700 and hands it to the user that runs PostgreSQL.
    pub fn make_private(&self, folder: &Path) -> Result<(), ClusterError> {
        DirBuilder::new().mode(0o700).create(folder).map_err(ClusterError::io("make", folder))?;
        if self.switch {
            chown(folder, Some(self.uid), Some(self.gid)).map_err(ClusterError::io("give away", folder))?;
        }
        Ok(())
    }
}

fn accounts() -> String {
    fs::read_to_string("/etc/passwd").unwrap_or_default()
}

fn account_ids(name: &str) -> Option<(u32, u32)> {
    accounts().lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((uid, gid))
    })
}

/// The folders without the lock: what the supervising thread needs.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub data: PathBuf,
    pub log: PathBuf,
    pub runs_as: RunsAs,
}

impl Spot {
    /// First line of `postmaster.pid`.
    pub fn postmaster_pid(&self) -> Option<i32> {
        fs::read_to_string(self.data.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
    }

    /// Whether the postmaster `pid` has written that it takes connections (line 8).
    pub fn is_ready(&self, pid: u32) -> bool {
        let Ok(text) = fs::read_to_string(self.data.join("postmaster.pid")) else { return false };
        let mut lines = text.lines();
        let ours = lines.next().is_some_and(|line| line.trim() == pid.to_string());
        ours && lines.nth(6).is_some_and(|line| line.trim() == "ready")
    }

    /// First folder above (and including) the data folder that the running user may not pass, by its mode.
    pub fn blocked(&self) -> Option<PathBuf> {
        let mut way: Vec<&Path> = self.data.ancestors().collect();
        way.reverse();
        way.into_iter()
            .find(|folder| fs::metadata(folder).is_ok_and(|meta| !self.may_pass(&meta)))
            .map(Path::to_path_buf)
    }

    fn may_pass(&self, meta: &fs::Metadata) -> bool {
        let bit = if meta.uid() == self.runs_as.uid {
            0o100
        } else if meta.gid() == self.runs_as.gid {
            0o010
        } else {
            0o001
        };
        meta.mode() & bit != 0
    }
}

/// A data folder that this process alone keeps.
#[derive(Debug)]
pub(super) struct Place {
    spot: Spot,
    socket: PathBuf,
    // Held, not read: closing it frees the folder.
    _lock: File,
}

impl Place {
    /// Makes the folders that are missing and takes the lock.
    pub fn take(dir: &Path) -> Result<Self, ClusterError> {
        make_passable(dir)?;
        let dir = fs::canonicalize(dir).map_err(ClusterError::io("use", dir))?;
        let root = dir.join("postgres");
        make_passable(&root)?;
        let lock = lock(&dir, &root.join("lock"))?;
        let data = root.join("data");
        let runs_as = RunsAs::decide(&data)?;
        let socket = socket_folder(&root, &runs_as)?;
        let spot = Spot { data, log: root.join("postgres.log"), runs_as };
        Ok(Self { spot, socket, _lock: lock })
    }

    /// Where the socket of a cluster lies that another process keeps.
    pub fn socket_of(dir: &Path) -> Result<PathBuf, ClusterError> {
        let root = fs::canonicalize(dir).map_err(ClusterError::io("use", dir))?.join("postgres");
        let runs_as = RunsAs::decide(&root.join("data"))?;
        socket_folder(&root, &runs_as)
    }

    /// The folders alone.
    pub fn spot(&self) -> Spot {
        self.spot.clone()
    }

    /// Folder of the unix socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The socket's folder as a value of `unix_socket_directories`, which is a list: quoted, quotes doubled.
    pub fn socket_setting(&self) -> String {
        format!("\"{}\"", self.socket.display().to_string().replace('"', "\"\""))
    }

    /// Whether a cluster has been made here. initdb works beside and is renamed when whole, so half of one never counts.
    pub fn is_made(&self) -> bool {
        self.spot.data.join("PG_VERSION").is_file()
    }

    /// Major version that made the data.
    pub fn major(&self) -> Result<Option<u32>, ClusterError> {
        if !self.is_made() {
            return Ok(None);
        }
        let file = self.spot.data.join("PG_VERSION");
        let text = fs::read_to_string(&file).map_err(ClusterError::io("read", &file))?;
        Ok(text.trim().parse().ok())
    }

    /// Where initdb works until it is done.
    pub fn workshop(&self) -> PathBuf {
        self.spot.data.with_extension("new")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Only what lies outside the data folder; empty once PostgreSQL is gone. If not, the next start uses it again.
        if self.socket.parent() != self.spot.data.parent() {
            let _kept = fs::remove_dir(&self.socket);
        }
    }
}

/// Makes `folder`, so that others may pass it (not list it) if we are root, who lets someone else run PostgreSQL below.
fn make_passable(folder: &Path) -> Result<(), ClusterError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(ClusterError::io("make", folder))?;
    let root = fs::metadata(folder).map_err(ClusterError::io("read", folder))?.uid() == 0;
    let mode = Permissions::from_mode(if root { 0o711 } else { 0o700 });
    fs::set_permissions(folder, mode).map_err(ClusterError::io("set the mode of", folder))
}

/// An advisory lock that the kernel frees with the process; the file also names its holder.
fn lock(dir: &Path, path: &Path) -> Result<File, ClusterError> {
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(ClusterError::io("open", path))?;
    match try_for_a_moment(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let known = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let by = if known { format!(" (process {})", holder.trim()) } else { String::new() };
            return Err(ClusterError::InUse { dir: dir.display().to_string(), by });
        }
        Err(TryLockError::Error(source)) => return Err(ClusterError::io("lock", path)(source)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(ClusterError::io("write", path))?;
    Ok(file)
}

/// A process that is being started holds copies of our files until it becomes another program: what looks taken may
/// be free a moment later.
fn try_for_a_moment(file: &File) -> Result<(), TryLockError> {
    for _ in 0..25 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            other => return other,
        }
    }
    file.try_lock()
}

/// `ROOT/socket`, or a short place that is this folder's alone if that path does not fit into a socket's address.
fn socket_folder(root: &Path, runs_as: &RunsAs) -> Result<PathBuf, ClusterError> {
    let near = root.join("socket");
    let folder =
        if near.as_os_str().len() <= LONGEST_SOCKET_FOLDER { near } else { far_socket_folder(root, runs_as) };
    match fs::symlink_metadata(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => runs_as.make_private(&folder)?,
        Err(error) => return Err(ClusterError::io("read", &folder)(error)),
        Ok(meta) => {
            // In a place such as /tmp anyone may have put it there first.
            let why = if !meta.is_dir() {
                Some("it is not a folder".to_owned())
            } else if meta.uid() != runs_as.uid {
                Some(format!("it belongs to user id {}", meta.uid()))
            } else if meta.mode() & 0o077 != 0 {
                Some("others may enter it".to_owned())
            } else {
                None
            };
            if let Some(why) = why {
                return Err(ClusterError::UnsafeSocketFolder { path: folder.display().to_string(), why });
            }
        }
    }
    Ok(folder)
}

fn far_socket_folder(root: &Path, runs_as: &RunsAs) -> PathBuf {
    let digest = hex::encode(Sha256::digest(root.as_os_str().as_encoded_bytes()));
    let name = format!("tenderhall-{}-{}", runs_as.uid, digest.get(..12).unwrap_or_default());
    let base = if runs_as.switch {
        Some(PathBuf::from("/run"))
    } else {
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)
    };
    let usable =
        |base: &PathBuf| base.is_dir() && base.as_os_str().len() + name.len() < LONGEST_SOCKET_FOLDER;
    base.filter(usable).unwrap_or_else(|| PathBuf::from("/tmp")).join(name)
}
