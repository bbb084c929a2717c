//! A private PostgreSQL whose clock a test moves, while the machine's stays: Debian's `libfaketime`.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use tenderhall::platform::cluster::{
    Binaries, Cluster, ClusterOptions, OWNER_ROLE, create_database, prepare_roles,
};

use super::{TestDb, scratch::Scratch};

/// The cluster; stopped with the value.
pub struct Faked {
    cluster: Option<Cluster>,
    offset: PathBuf,
    // After the cluster has left it.
    scratch: Scratch,
}

impl Faked {
    /// A cluster with an empty database, on the machine's time so far.
    pub fn start() -> Self {
        let scratch = Scratch::new("faked");
        let offset = scratch.path().join("offset");
        let mut faked = Self { cluster: None, offset, scratch };
        faked.shift("+0");
        let folder = faked.wrappers();
        let options = ClusterOptions {
            fsync: false,
            max_connections: 60,
            binaries: Some(folder),
            ..ClusterOptions::new(faked.scratch.path())
        };
        let cluster = Cluster::start(&options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            prepare_roles(&cluster.superuser_url()).await.unwrap();
            create_database(&cluster.superuser_url(), "hall", OWNER_ROLE).await.unwrap();
        });
        faked.cluster = Some(cluster);
        faked
    }

    /// Its database.
    pub fn db(&self) -> TestDb {
        let cluster = self.cluster.as_ref().unwrap();
        TestDb::kept_by_test(|role| cluster.url("hall", role))
    }

    /// Moves the clock of the running PostgreSQL to so many seconds beside the machine's, such as `+3600`.
    pub fn shift(&self, seconds: &str) {
        let unfinished = self.offset.with_extension("new");
        fs::write(&unfinished, seconds).unwrap();
        fs::set_permissions(&unfinished, Permissions::from_mode(0o644)).unwrap();
        fs::rename(unfinished, &self.offset).unwrap();
    }

    /// PostgreSQL's programs; the server is told where its clock lies.
    fn wrappers(&self) -> PathBuf {
        let real = Binaries::find(None, None).unwrap();
        let folder = self.scratch.path().join("bin");
        fs::create_dir(&folder).unwrap();
        let clock = format!(
            "export LD_PRELOAD={} FAKETIME_TIMESTAMP_FILE={} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1\n",
            library().display(),
            self.offset.display()
        );
        for (name, before) in [("postgres", clock.as_str()), ("initdb", "")] {
            let program = real.program(name);
            let path = folder.join(name);
            fs::write(&path, format!("#!/bin/sh\n{before}exec {} \"$@\"\n", program.display())).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }
}

impl Drop for Faked {
    fn drop(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            cluster.stop();
        }
    }
}

/// `libfaketime.so.1`, wherever the distribution puts it for this machine.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let mut found =
        folders.map(|folder| folder.join("faketime/libfaketime.so.1")).filter(|path| path.exists());
    found.next().unwrap_or_else(|| panic!("no libfaketime below {}", Path::new("/usr/lib").display()))
}
