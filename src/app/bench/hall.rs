//! The hall under measurement: a child process of this program, on a folder that is removed afterwards.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rust_decimal::Decimal;

use crate::app::{client::Client, notebook::Notebook};

/// Password of the sandbox's accounts.
const PASSWORD: &str = "measured";

/// The working folder; removed when dropped.
pub(super) struct Place(PathBuf);

impl Place {
    /// Makes it; refuses one that is there already.
    pub(super) fn new(path: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir(path)
            .with_context(|| format!("cannot make the folder {} for the measurement", path.display()))?;
        Ok(Self(path.canonicalize()?))
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed is seen by whoever looks; there is nobody to tell here.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A running sandbox hall; stopped in good order when dropped.
pub(super) struct Hall {
    child: Child,
    data: PathBuf,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// From the start of its process to its first line, at which it answers.
    pub(super) ready_after: Duration,
}

impl Hall {
    /// Starts it on the folder `name` of the place.
    pub(super) fn start(place: &Place, name: &str) -> anyhow::Result<Self> {
        let data = place.path().join(name);
        let began = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["demo", "--listen", "127.0.0.1:0", "--password", PASSWORD])
            .args(["--start", "2026-02-09T09:00:00+08:00", "--data"])
            .arg(&data)
            .env("TENDERHALL__TELEMETRY__LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let ready_after = began.elapsed();
        let Some(address) = line.trim().strip_prefix("listening http://") else {
            bail!("the hall does not start: {line}");
        };
        Ok(Self { address: address.parse()?, child, data, ready_after })
    }

    /// A client for its accounts.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::new(self.address, PASSWORD, Notebook::open(&self.data.join("measured.jsonl"))?))
    }

    /// Its data folder.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// A line of `/proc/PID/status` in MiB: `VmRSS` is the memory in use, `VmHWM` the most so far.
    pub(super) fn memory_mib(&self, line: &str) -> anyhow::Result<Decimal> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let found = status.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(':'));
        let kib: Decimal =
            found.context("no such line")?.split_whitespace().next().unwrap_or_default().parse()?;
        Ok((kib / Decimal::from(1024)).round_dp(1))
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            // Already gone is as good.
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}
