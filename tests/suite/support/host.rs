//! One private PostgreSQL for all test processes of this checkout, and the process that hosts it.
//!
//! Every test process holds a shared lock on `users` for as long as it lives; the kernel frees it however the
//! process ends. The first one starts the host: this same binary, detached, running the "test" below. The host
//! keeps the cluster until nobody has held `users` for a minute, then stops it and takes its folder away.
//! So neither a panic, a kill nor a test runner that starts a process per test leaves anything behind.

use std::{
    env,
    fs::{self, File, Permissions},
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread::sleep,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};
use tenderhall::platform::cluster::{Cluster, ClusterOptions};

use super::scratch::memory;

const FOLDER: &str = "TENDERHALL_TEST_HOST";
const IDLE: Duration = Duration::from_secs(60);
const START: Duration = Duration::from_secs(120);

/// The cluster that all tests share.
pub struct Shared {
    /// A URL with the words USER and DATABASE in it.
    pattern: String,
    // Held as long as this process lives.
    _lease: File,
}

impl Shared {
    /// Starts the host if there is none.
    pub fn get() -> &'static Self {
        static SHARED: OnceLock<Shared> = OnceLock::new();
        SHARED.get_or_init(Self::join)
    }

    /// URL of `database` for `user`.
    pub fn url(&self, database: &str, user: &str) -> String {
        self.pattern.replace("USER", user).replace("DATABASE", database)
    }

    fn join() -> Self {
        let folder = folder();
        let lease = open(&folder.join("users"));
        // Waits while a host that found itself idle is clearing away.
        lease.lock_shared().unwrap();
        let starting = open(&folder.join("starting"));
        starting.lock().unwrap();
        let ready = folder.join("ready");
        let mut child = None;
        if nobody_hosts(&folder) {
            let _stale = fs::remove_file(&ready);
            child = Some(spawn_host(&folder));
        }
        let begun = Instant::now();
        let pattern = loop {
            if let Ok(pattern) = fs::read_to_string(&ready) {
                break pattern;
            }
            if let Some(status) = child.as_mut().and_then(|child| child.try_wait().unwrap()) {
                let said = fs::read_to_string(folder.join("host.log")).unwrap_or_default();
                panic!("the host of the shared cluster ended ({status}):\n{said}");
            }
            assert!(begun.elapsed() < START, "the shared cluster is not ready after {START:?}");
            sleep(Duration::from_millis(10));
        };
        Self { pattern, _lease: lease }
    }
}

fn folder() -> PathBuf {
    let checkout = hex::encode(Sha256::digest(env!("CARGO_MANIFEST_DIR")));
    let us = fs::metadata("/proc/self").unwrap().uid();
    let folder = memory().join(format!("tenderhall-tests-{us}-{}", checkout.get(..8).unwrap()));
    fs::create_dir_all(&folder).unwrap();
    // The user that runs PostgreSQL passes through.
    fs::set_permissions(&folder, Permissions::from_mode(0o711)).unwrap();
    folder
}

fn open(path: &Path) -> File {
    File::options().create(true).truncate(false).read(true).write(true).open(path).unwrap()
}

fn nobody_hosts(folder: &Path) -> bool {
    // Freed again when the file is closed, at the end of this line.
    open(&folder.join("host")).try_lock().is_ok()
}

fn spawn_host(folder: &Path) -> Child {
    let log = File::create(folder.join("host.log")).unwrap();
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "support::host::the_host_of_the_shared_cluster", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "not a test: the process that keeps PostgreSQL for the tests, which start it themselves"]
fn the_host_of_the_shared_cluster() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let host = open(&folder.join("host"));
    host.lock().unwrap();
    let home = folder.join("cluster");
    let options = ClusterOptions { fsync: false, max_connections: 300, ..ClusterOptions::new(&home) };
    let cluster = Cluster::start(&options).unwrap();
    let unfinished = folder.join("ready.new");
    fs::write(&unfinished, cluster.url("DATABASE", "USER")).unwrap();
    fs::rename(unfinished, folder.join("ready")).unwrap();

    let users = open(&folder.join("users"));
    let mut last_used = Instant::now();
    loop {
        sleep(Duration::from_secs(1));
        match users.try_lock() {
            Ok(()) if last_used.elapsed() < IDLE => users.unlock().unwrap(),
            // Kept: whoever comes now waits until everything is gone, and starts a new host.
            Ok(()) => break,
            Err(_) => last_used = Instant::now(),
        }
    }
    fs::remove_file(folder.join("ready")).unwrap();
    cluster.stop();
    fs::remove_dir_all(&home).unwrap();
    // The host's lock first: whoever gets the users' lock must find nobody hosting.
    drop(host);
    drop(users);
}
