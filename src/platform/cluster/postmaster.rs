//! One postmaster: made by initdb, relieved of its predecessor, spawned, watched, stopped.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use super::{
    Binaries, ClusterError,
    place::{Place, Spot},
};

/// How long processes of an earlier run may take to leave. After kill -9 the dead may not be reaped yet, and
/// backends notice the death of their postmaster only when they next wait.
const PATIENCE: Duration = Duration::from_secs(15);
/// After this much of it, orphans are told to leave at once.
const POLITE: Duration = Duration::from_secs(5);
/// A recovery that makes no headway in this time is given up.
const RECOVERY: Duration = Duration::from_secs(600);
/// A clean shutdown that takes longer becomes an immediate one (the next start then recovers from the log).
const SHUTDOWN: Duration = Duration::from_secs(30);
/// The log is begun anew at a start when it has grown past this.
const LOG_LIMIT: u64 = 8 << 20;

/// A postmaster that takes connections, as our child.
#[derive(Debug)]
pub(super) struct Postmaster {
    child: Child,
}

impl Postmaster {
    /// Relieves what is left of an earlier run, spawns, and returns once connections are taken.
    /// The calling thread has to live as long as the postmaster shall: its end sends the postmaster SIGINT.
    pub fn start(spot: &Spot, binaries: &Binaries, settings: &[String]) -> Result<Self, ClusterError> {
        let begun = Instant::now();
        loop {
            relieve_predecessor(spot)?;
            let (postmaster, words_from) = Self::spawn(spot, binaries, settings)?;
            match postmaster.until_ready(spot, words_from) {
                Err(ClusterError::NotStarted { said, .. })
                    if begun.elapsed() < PATIENCE && passes_by_itself(&said) =>
                {
                    sleep(Duration::from_millis(200));
                }
                outcome => return outcome,
            }
        }
    }

    /// The process, and where in the log its words begin.
    fn spawn(spot: &Spot, binaries: &Binaries, settings: &[String]) -> Result<(Self, u64), ClusterError> {
        let (log, begins_at) = open_log(&spot.log)?;
        let errors = log.try_clone().map_err(ClusterError::io("use", &spot.log))?;
        let mut command = as_postgres(spot, binaries, "postgres");
        command
            .arg("-D")
            .arg(&spot.data)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .current_dir(&spot.data);
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        die_with_this_thread(&mut command);
        let child = command.spawn().map_err(|error| cannot_spawn(error, spot, binaries, "postgres"))?;
        Ok((Self { child }, begins_at))
    }

    fn until_ready(mut self, spot: &Spot, words_from: u64) -> Result<Self, ClusterError> {
        let pid = self.child.id();
        let begun = Instant::now();
        let mut told = 0;
        loop {
            if self.ended().is_some() || begun.elapsed() > RECOVERY {
                let said = words_since(&spot.log, words_from);
                self.stop();
                return Err(ClusterError::NotStarted { log: spot.log.display().to_string(), said });
            }
            if spot.is_ready(pid) {
                return Ok(self);
            }
            let seconds = begun.elapsed().as_secs();
            if seconds >= told + 5 {
                told = seconds;
                tracing::info!(seconds, "postgresql is recovering");
            }
            sleep(Duration::from_millis(10));
        }
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Fast shutdown: roll back what is open, write a checkpoint, end.
    pub fn stop(mut self) {
        let Ok(pid) = i32::try_from(self.child.id()) else { return };
        for (order, patience) in
            [(libc::SIGINT, SHUTDOWN), (libc::SIGQUIT, PATIENCE), (libc::SIGKILL, Duration::from_secs(1))]
        {
            // Not reaped yet, so the number is still this child's.
            if self.ended().is_some() {
                return;
            }
            signal(pid, order);
            if wait_until(patience, || self.ended().is_some()) {
                return;
            }
            tracing::warn!(pid, order, "postgresql does not stop; insisting");
        }
    }
}

/// Makes the cluster beside its place and renames it when it is whole, so that a power cut leaves all or nothing.
pub(super) fn make(place: &Place, binaries: &Binaries, durable: bool) -> Result<(), ClusterError> {
    let spot = place.spot();
    let workshop = place.workshop();
    for unfinished in [&workshop, &spot.data] {
        match fs::remove_dir_all(unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ClusterError::io("clear", unfinished)(error));
            }
            _ => {}
        }
    }
    spot.runs_as.make_private(&workshop)?;
    let mut command = as_postgres(&spot, binaries, "initdb");
    command.current_dir(&workshop).stdin(Stdio::null()).arg("-D").arg(&workshop);
    // C collation: order by code point, the same on every machine and after every upgrade of the C library.
    command.args(["--username=postgres", "--encoding=UTF8", "--locale=C", "--auth=trust"]);
    command.args(["--data-checksums", "--no-instructions"]);
    if !durable {
        command.arg("--no-sync");
    }
    // An initdb that outlived us would write into the workshop while the next start clears it.
    die_with_this_thread(&mut command);
    let output = command.output().map_err(|error| cannot_spawn(error, &spot, binaries, "initdb"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(ClusterError::NotMade { data: spot.data.display().to_string(), said });
    }
    fs::rename(&workshop, &spot.data).map_err(ClusterError::io("finish", &spot.data))?;
    if let Some(parent) = spot.data.parent().filter(|_| durable) {
        File::open(parent).and_then(|folder| folder.sync_all()).map_err(ClusterError::io("sync", parent))?;
    }
    Ok(())
}

/// A command of PostgreSQL's, run as its user, in a process group of its own so that Ctrl-C reaches only us.
fn as_postgres(spot: &Spot, binaries: &Binaries, program: &str) -> Command {
    let mut command = Command::new(binaries.program(program));
    command.env_clear().env("PATH", &binaries.folder).env("LC_ALL", "C").process_group(0);
    if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    if spot.runs_as.switch {
        command.uid(spot.runs_as.uid).gid(spot.runs_as.gid);
    }
    command
}

/// Asks the kernel to send the child SIGINT when the calling thread ends, however it ends.
#[expect(unsafe_code, reason = "the request has to be made in the child, after it has changed its user")]
fn die_with_this_thread(command: &mut Command) {
    let parent = i32::try_from(std::process::id()).unwrap_or_default();
    let order = libc::c_ulong::try_from(libc::SIGINT).unwrap_or_default();
    // SAFETY: between fork and exec only prctl and getppid are called, both async-signal-safe; nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, order) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The parent may have died before the request was made.
            if libc::getppid() == parent { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
        });
    }
}

#[expect(unsafe_code, reason = "kill(2) has no door in the standard library")]
fn signal(pid: i32, order: i32) {
    // SAFETY: plain numbers; a pid that is gone is answered with ESRCH, which is as good as obeyed.
    let _gone = unsafe { libc::kill(pid, order) };
}

/// Ends whatever PostgreSQL process still has the data folder as its working directory, and only such: a postmaster
/// whose keeper was killed, or backends whose postmaster was. Then takes away a pid file nobody stands behind,
/// which PostgreSQL would otherwise believe if its number was given to another process meanwhile.
fn relieve_predecessor(spot: &Spot) -> Result<(), ClusterError> {
    let pid_file = spot.data.join("postmaster.pid");
    if !pid_file.exists() {
        return Ok(());
    }
    let mut order = libc::SIGINT;
    let begun = Instant::now();
    loop {
        let left = processes_at(&spot.data);
        if left.is_empty() {
            break;
        }
        if begun.elapsed() > PATIENCE {
            let pids = left.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
            return Err(ClusterError::Lingering { data: spot.data.display().to_string(), pids });
        }
        let postmaster = spot.postmaster_pid().filter(|pid| left.contains(pid));
        let impatient = begun.elapsed() > POLITE;
        match postmaster {
            Some(pid) if order == libc::SIGINT => {
                tracing::warn!(pid, "stopping a PostgreSQL that an earlier run left behind");
                signal(pid, order);
                order = libc::SIGQUIT;
            }
            Some(pid) if impatient && order == libc::SIGQUIT => {
                signal(pid, order);
                order = 0;
            }
            None if impatient => left.iter().for_each(|pid| signal(*pid, libc::SIGQUIT)),
            _ => {}
        }
        sleep(Duration::from_millis(20));
    }
    match fs::remove_file(&pid_file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ClusterError::io("clear", &pid_file)(error))
        }
        _ => Ok(()),
    }
}

/// Living processes whose program is `postgres` and whose working directory is `data`. The dead that nobody has
/// reaped have no working directory and do not count.
fn processes_at(data: &Path) -> Vec<i32> {
    let Ok(home) = fs::metadata(data) else { return Vec::new() };
    let lives_here = |pid: &i32| {
        let there = fs::metadata(format!("/proc/{pid}/cwd"));
        let program = fs::read_link(format!("/proc/{pid}/exe"));
        there.is_ok_and(|there| there.dev() == home.dev() && there.ino() == home.ino())
            // " (deleted)" follows the name after an upgrade of the package.
            && program.is_ok_and(|program| {
                program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("postgres"))
            })
    };
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(lives_here)
        .collect()
}

fn wait_until(patience: Duration, mut done: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if done() {
            return true;
        }
        sleep(Duration::from_millis(5));
    }
    false
}

/// Failures to start that only ask for another moment.
fn passes_by_itself(said: &str) -> bool {
    [
        "pre-existing shared memory block",
        "lock file \"postmaster.pid\"",
        ".s.PGSQL.5432.lock\" already exists",
    ]
    .iter()
    .any(|sign| said.contains(sign))
}

fn cannot_spawn(error: io::Error, spot: &Spot, binaries: &Binaries, program: &str) -> ClusterError {
    let user = spot.runs_as.name();
    let path = binaries.program(program).display().to_string();
    if error.kind() != io::ErrorKind::PermissionDenied {
        return ClusterError::Io { doing: "run", path, source: error };
    }
    match spot.blocked() {
        Some(blocked) => ClusterError::CannotEnter {
            user,
            blocked: blocked.display().to_string(),
            dir: spot.data.display().to_string(),
        },
        None => ClusterError::CannotRun { user, program: path },
    }
}

/// The log to append to, and its length so far.
fn open_log(path: &Path) -> Result<(File, u64), ClusterError> {
    let length = fs::metadata(path).map_or(0, |meta| meta.len());
    if length > LOG_LIMIT {
        fs::rename(path, path.with_extension("log.old")).map_err(ClusterError::io("rename", path))?;
    }
    let log = File::options().create(true).append(true).open(path).map_err(ClusterError::io("open", path))?;
    let length = log.metadata().map_err(ClusterError::io("read", path))?.len();
    Ok((log, length))
}

/// What the log holds from byte `begins_at` on, at most its last 4 KiB.
fn words_since(path: &Path, begins_at: u64) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut log = File::open(path)?;
        let from = begins_at.max(log.metadata()?.len().saturating_sub(4096));
        log.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).trim().to_owned()
}
