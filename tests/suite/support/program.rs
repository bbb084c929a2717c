//! The real binary in a process of its own, which a test may kill.

use std::{
    io::{BufRead as _, BufReader},
    ops::Deref,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
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
        let mut child = Command::new(env!("CARGO_BIN_EXE_tenderhall"))
            .args(["demo", "--listen", "127.0.0.1:0", "--start", start, "--password", PASSWORD, "--data"])
            .arg(data)
            .current_dir(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening http://").unwrap_or_else(|| panic!("{line:?}"));
        let superuser = Cluster::url_of_running(data, "tenderhall", SUPERUSER).unwrap();
        Self { client: Client::new(address.parse().unwrap(), superuser), child, _stdout: stdout }
    }

    /// `kill -9`, while others go on asking.
    pub fn kill_now(&self) {
        let killed = Command::new("kill").args(["-9", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }
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
