//! The private PostgreSQL cluster: one folder, one postmaster, reachable through one unix socket.
//!
//! Invariants:
//! * Nothing listens on a network. The socket lies in a folder of mode 0700 that belongs to the user PostgreSQL
//!   runs as; whoever may enter it is trusted, so no password exists that could leak.
//! * One [`Cluster`] per folder: a lock that the kernel drops with the process. A second start says so.
//! * The postmaster never outlives its keeper for long: the kernel sends it SIGINT (a clean, fast shutdown) when
//!   the keeping thread dies, and the next start relieves what is still running before it starts its own.
//! * A commit that was acknowledged is on the disk (`fsync`, `synchronous_commit`, `full_page_writes`, checksums);
//!   only tests may say otherwise.
//!
//! Layout under `DIR/postgres`: `lock`, `postgres.log`, `data/` (PGDATA) and `socket/`.

mod binaries;
mod error;
mod place;
mod postmaster;
mod roles;
mod supervisor;

use std::path::{Path, PathBuf};

pub use binaries::Binaries;
pub use error::ClusterError;
pub use roles::{APP_ROLE, OWNER_ROLE, SUPERUSER, create_database, database_exists, prepare_roles};

use place::Place;
use supervisor::Supervisor;

/// What a private cluster is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterOptions {
    /// The instance's data folder; the cluster lives in `postgres/` below it.
    pub dir: PathBuf,
    /// Whether commits reach the disk before they are acknowledged. Only tests turn it off.
    pub fsync: bool,
    /// Connections PostgreSQL allows, those of the superuser included.
    pub max_connections: u16,
    /// PostgreSQL's own page cache in MiB; the kernel's cache does the rest.
    pub shared_buffers_mib: u16,
    /// A folder that holds `initdb` and `postgres`, for machines where they lie in no usual place.
    pub binaries: Option<PathBuf>,
}

impl ClusterOptions {
    /// A durable cluster of modest size below `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), fsync: true, max_connections: 60, shared_buffers_mib: 64, binaries: None }
    }
}

/// A running private cluster. Dropping it shuts PostgreSQL down in good order.
#[derive(Debug)]
pub struct Cluster {
    // Declared before `place`: the postmaster has to be gone before the lock is.
    supervisor: Supervisor,
    place: Place,
}

impl Cluster {
    /// Makes the cluster if there is none, recovers it if the last run ended badly, starts it, and returns when it
    /// takes connections. From then on a thread of its own restarts it whenever it dies.
    ///
    /// Blocks for about two seconds the first time and 0.1 s later; recovery after a crash can take longer.
    ///
    /// # Errors
    /// A sentence with its remedy: no PostgreSQL on the machine, the folder is in use, cannot be entered or belongs
    /// to someone else, or PostgreSQL's own last words.
    pub fn start(options: &ClusterOptions) -> Result<Self, ClusterError> {
        let place = Place::take(&options.dir)?;
        let binaries = Binaries::find(options.binaries.as_deref(), place.major()?)?;
        if !place.is_made() {
            postmaster::make(&place, &binaries, options.fsync)?;
        }
        let supervisor = Supervisor::start(place.spot(), binaries, settings(options, &place))?;
        Ok(Self { supervisor, place })
    }

    /// The URL of `database` for `user`, such as `postgresql://tenderhall_app@%2Fsrv%2Fhall%2F…/tenderhall`.
    pub fn url(&self, database: &str, user: &str) -> String {
        url_through(self.place.socket(), database, user)
    }

    /// The URL of `database` for `user` in the cluster below `dir` that another process keeps running.
    ///
    /// # Errors
    /// When the folder is not there or not ours to use.
    pub fn url_of_running(dir: &Path, database: &str, user: &str) -> Result<String, ClusterError> {
        Ok(url_through(&Place::socket_of(dir)?, database, user))
    }

    /// The URL for the superuser in the maintenance database; for making roles and databases only.
    pub fn superuser_url(&self) -> String {
        self.url(SUPERUSER, SUPERUSER)
    }

    /// Process id of the running postmaster, if it runs at this moment.
    pub fn postmaster_pid(&self) -> Option<i32> {
        self.place.spot().postmaster_pid()
    }

    /// Shuts PostgreSQL down: open transactions are rolled back, a checkpoint is written, then the lock is free.
    pub fn stop(mut self) {
        self.supervisor.stop();
    }
}

fn url_through(socket: &Path, database: &str, user: &str) -> String {
    let socket = percent(socket.as_os_str().as_encoded_bytes());
    format!("postgresql://{}@{socket}/{}", percent(user.as_bytes()), percent(database.as_bytes()))
}

/// What is said to PostgreSQL on its command line and so cannot be overruled by its configuration files.
/// Everything else may be tuned in `data/postgresql.conf`.
fn settings(options: &ClusterOptions, place: &Place) -> Vec<String> {
    let durable = if options.fsync { "on" } else { "off" };
    vec![
        "listen_addresses=".to_owned(),
        "port=5432".to_owned(),
        format!("unix_socket_directories={}", place.socket_setting()),
        "unix_socket_permissions=0700".to_owned(),
        format!("fsync={durable}"),
        format!("full_page_writes={durable}"),
        "synchronous_commit=on".to_owned(),
        format!("max_connections={}", options.max_connections),
        format!("shared_buffers={}MB", options.shared_buffers_mib),
        "jit=off".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        "logging_collector=off".to_owned(),
        "log_destination=stderr".to_owned(),
        // No statement and no key value may reach the log: they hold what nobody is to read.
        "log_statement=none".to_owned(),
        "log_min_error_statement=panic".to_owned(),
        "log_error_verbosity=terse".to_owned(),
    ]
}

/// Percent-encodes every byte that is not unreserved in a URL (RFC 3986 §2.3).
fn percent(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([*byte]));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_is_one_host_in_the_url() {
        assert_eq!(percent("/srv/招标 hall".as_bytes()), "%2Fsrv%2F%E6%8B%9B%E6%A0%87%20hall");
    }
}
