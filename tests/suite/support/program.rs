//! The real binary in a process of its own, which a test may kill.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    ops::Deref,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tenderhall::platform::cluster::{Cluster, SUPERUSER};

use super::client::{Client, PASSWORD};

/// A running `tenderhall demo` on its own private PostgreSQL; killed with the value.
pub struct Program {
    client: Client,
    child: Child,
    // Kept open, since a program that writes to a closed pipe dies.
    _stdout: BufReader<ChildStdout>,
}

impl Program {
    /// Starts a sandbox at hall time `start` on the folder `data`, or goes on with the one that is there.
    pub fn sandbox(data: &Path, start: &str) -> Self {
        Self::told(data, start, |_| {})
    }

    /// The same, with a turn of the log every second.
    pub fn beating(data: &Path, start: &str) -> Self {
        Self::told(data, start, |command| {
            command.env("TENDERHALL__LOG__BEAT_SECONDS", "1");
        })
    }

    /// The same, told more by `tell`.
    pub fn told(data: &Path, start: &str, tell: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenderhall"));
        command
            .args(["demo", "--listen", "127.0.0.1:0", "--start", start, "--password", PASSWORD, "--data"])
            .arg(data)
            .current_dir(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        tell(&mut command);
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening http://").unwrap_or_else(|| panic!("{line:?}"));
        let superuser = Cluster::url_of_running(data, "tenderhall", SUPERUSER).unwrap();
        Self { client: Client::new(address.parse().unwrap(), superuser), child, _stdout: stdout }
    }

    /// SIGTERM, and waits until it has stopped in good order.
    pub fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success() && self.child.wait().unwrap().success());
    }

    /// `kill -9`, while others go on asking.
    pub fn kill_now(&self) {
        let killed = Command::new("kill").args(["-9", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }
}

/// A running program whose log and metrics a test reads.
pub struct Watched {
    program: Program,
    log: PathBuf,
    mails: PathBuf,
    metrics: Client,
}

impl Watched {
    /// A sandbox that logs at `level`.
    pub fn sandbox(data: &Path, start: &str, level: &str) -> Self {
        let log = data.join("log");
        let metrics = free_port();
        let program = Program::told(data, start, |command| {
            command
                .args(["--metrics-listen", &metrics.to_string()])
                .env("TENDERHALL__TELEMETRY__LEVEL", level)
                .stderr(File::create(&log).unwrap());
        });
        let metrics = Client::new(metrics, String::new());
        Self { program, log, mails: data.join("mail"), metrics }
    }

    /// Everything logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Every letter carried so far, by its file's name.
    pub fn mails(&self) -> BTreeMap<String, String> {
        let folder = fs::read_dir(&self.mails).unwrap().map(|entry| entry.unwrap().path());
        let read = |path: PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        };
        folder.map(read).collect()
    }

    /// Waits until every letter has been carried.
    pub fn wait_for_mails(&self) {
        let sql = self.sql();
        let begun = Instant::now();
        while sql.value::<i64>("SELECT count(*) FROM outbox WHERE sent_at IS NULL", &[]) > 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "letters are not carried");
            sleep(Duration::from_millis(20));
        }
    }

    /// What the port of the metrics shows.
    pub fn metrics(&self) -> String {
        self.metrics.public().get("/metrics").expect(200).text
    }
}

impl Deref for Watched {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.program
    }
}

/// A port that was free a moment ago.
fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Deref for Program {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
