//! Why there is no cluster, in sentences a person at a terminal can act on.

use std::{io, path::PathBuf};

/// Why a private cluster cannot be had. Every variant prints what is wrong and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The machine has no PostgreSQL.
    #[error(
        "PostgreSQL 15 or newer was not found (initdb and postgres, side by side; looked on PATH and in {searched}). \
         Install it, on Debian with `apt-get install postgresql` (or run scripts/demo, which does), \
         or set database_url to use a server of your own."
    )]
    NotInstalled {
        /// Folders that were tried besides PATH.
        searched: String,
    },
    /// The machine has PostgreSQL, but not the version that made the data.
    #[error(
        "The data were made by PostgreSQL {wanted}, but this machine has only {found}. \
         Install PostgreSQL {wanted} (on Debian `apt-get install postgresql-{wanted}`), \
         or move the data to a newer version with pg_upgrade."
    )]
    WrongVersion {
        /// Major version that made it.
        wanted: u32,
        /// Major versions that were found.
        found: String,
    },
    /// Root may not run PostgreSQL, and there is nobody else to run it.
    #[error(
        "PostgreSQL refuses to run as root and this machine has no user `postgres` to run it as. \
         Make one with `useradd --system --no-create-home postgres`, or start the service as an ordinary user."
    )]
    NoUser,
    /// Another process keeps this folder.
    #[error(
        "The data folder {dir} is in use by another running instance{by}. \
         Stop that one first, or give this one another folder with --data."
    )]
    InUse {
        /// The folder.
        dir: String,
        /// ` (process N)`, or nothing if it cannot be told.
        by: String,
    },
    /// The user PostgreSQL runs as may not pass a folder on the way.
    #[error(
        "PostgreSQL runs as user `{user}`, who may not enter {blocked}, so it cannot use {dir}. \
         Give the service a folder that user can reach, such as --data /var/lib/tenderhall, \
         or open the way with `chmod o+x {blocked}`."
    )]
    CannotEnter {
        /// Who runs PostgreSQL.
        user: String,
        /// First folder on the way without permission.
        blocked: String,
        /// The folder asked for.
        dir: String,
    },
    /// PostgreSQL's program itself may not be run by its user.
    #[error(
        "User `{user}` may not run {program}. Make it and the folders above it readable, or install PostgreSQL from the distribution."
    )]
    CannotRun {
        /// Who would run it.
        user: String,
        /// The program.
        program: String,
    },
    /// The data belong to another user.
    #[error(
        "{path} belongs to user id {owner}, but the service runs as user id {us}. Start it as the owner or as root."
    )]
    NotOurs {
        /// The folder.
        path: String,
        /// Who owns it.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// A folder is not what it has to be.
    #[error("{path} cannot hold the socket: {why}. Remove it, or give the service a shorter --data path.")]
    UnsafeSocketFolder {
        /// The folder.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The operating system said no.
    #[error(
        "Cannot {doing} {path}: {source}. PostgreSQL needs a folder on a local file system with unix permissions."
    )]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// initdb failed.
    #[error("PostgreSQL could not make its cluster in {data}. It said:\n{said}")]
    NotMade {
        /// The data folder.
        data: String,
        /// Output of initdb.
        said: String,
    },
    /// The postmaster ended before it took connections.
    #[error("PostgreSQL did not start. Its last words, from {log}:\n{said}")]
    NotStarted {
        /// The log file.
        log: String,
        /// Its end.
        said: String,
    },
    /// Processes of an earlier run hold the data.
    #[error(
        "PostgreSQL processes of an earlier run still hold {data} ({pids}) and did not leave when told to. \
         Look what keeps them (a stuck disk?), end them, and start again."
    )]
    Lingering {
        /// The data folder.
        data: String,
        /// Their process ids.
        pids: String,
    },
    /// SQL on the cluster failed while roles or databases were being prepared.
    #[error("Cannot {doing}: {source}")]
    Sql {
        /// What was tried, as a verb.
        doing: String,
        /// What PostgreSQL said.
        source: tokio_postgres::Error,
    },
}

impl ClusterError {
    /// Names an operation and the path it failed on.
    pub(super) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path: path.display().to_string(), source }
    }
}
