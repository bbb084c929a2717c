//! `tenderhall bench`: how fast and how small the hall is, each figure beside a reference measured in the same run.
//!
//! The load comes from this process, the hall runs in a child of its own over its private PostgreSQL, on a real disk.
//! Machines are noisy, so what counts is the ratio: rounds of hall and reference alternate, and the median of their
//! ratios is the figure. Owns nothing in the hall; everything goes in by its API.

mod doors;
mod figure;
mod hall;
mod load;
mod log;
mod memory;
mod notice;
mod opening;
mod reference;
mod rooms;
mod rush;
mod submission;

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, bail};

use figure::{Figure, Machine};
use hall::{Hall, Place};
pub use reference::Task;

use crate::platform::cluster::{Cluster, SUPERUSER};

/// `tenderhall bench`
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// What to measure.
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// Folder to work in; removed afterwards (default: ./bench-data).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Rounds of hall and reference.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Seconds of each half of a round.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Bookings in the table while doors and rooms are measured, and entries of the log.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(10_000..=10_000_000))]
    bookings: u32,
    /// Measure even where commits reach no disk.
    #[arg(long)]
    anyway: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Everything below.
    All,
    /// Sealed bids over HTTP beside one-row inserts of pgbench.
    Submission,
    /// A public notice by id beside a bare handler.
    Notice,
    /// Door checks over HTTP beside pgbench reading one row by its key.
    Doors,
    /// Rooms with a long past beside rooms with a short one, and the plan of a year.
    Rooms,
    /// Entries given their place in the verifiable log, and proofs out of it.
    Log,
    /// Ten times a real opening's bids within the last minute of eight lots, while people read.
    Rush,
    /// The opening of 1,528 bids beside age decrypting them.
    Opening,
    /// Memory of the hall, and its time from start to ready.
    Memory,
}

impl What {
    fn covers(self, one: Self) -> bool {
        self == Self::All || self == one
    }
}

/// How long and how often to measure.
#[derive(Debug, Clone, Copy)]
struct Rounds {
    count: u32,
    seconds: u32,
    /// Bookings in the table of the hall that has many.
    bookings: u32,
}

/// Measures, prints, and leaves nothing behind. Blocks for minutes.
///
/// # Errors
/// When the hall or a reference cannot be run, or the folder lies in memory.
pub fn run(args: &BenchArgs) -> anyhow::Result<ExitCode> {
    let data = args.data.clone().unwrap_or_else(|| PathBuf::from("bench-data"));
    let place = Place::new(&data)?;
    let mut machine = Machine::read(place.path())?;
    if machine.in_memory() && !args.anyway {
        bail!(
            "{} lies in memory ({}), where a commit costs nothing. Name a folder on a disk with --data, or insist \
             with --anyway.",
            place.path().display(),
            machine.filesystem
        );
    }
    machine.postgresql = format!("{}, {}", machine.postgresql, durability(&place)?);
    let rounds = Rounds { count: args.rounds, seconds: args.seconds, bookings: args.bookings };
    let figures = measure(args.what, &place, rounds).context("the measurement failed")?;
    figure::print(&machine, &figures, args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// What the cluster of a hall itself says about whether a commit reaches the disk.
fn durability(place: &Place) -> anyhow::Result<String> {
    let hall = Hall::start(place, "asked")?;
    let settings = "SELECT string_agg(name || '=' || setting, ', ' ORDER BY name) FROM pg_settings \
                    WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')";
    let said = Command::new(reference::binaries()?.program("psql"))
        .args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", settings])
        .arg(Cluster::url_of_running(hall.data(), SUPERUSER, SUPERUSER)?)
        .output()?;
    if !said.status.success() {
        bail!("the hall's cluster does not tell its settings: {}", String::from_utf8_lossy(&said.stderr));
    }
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

fn measure(what: What, place: &Place, rounds: Rounds) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if what.covers(What::Submission) {
        figures.extend(submission::measure(place, rounds)?);
    }
    if what.covers(What::Notice) {
        figures.push(notice::measure(place, rounds)?);
    }
    if what.covers(What::Doors) {
        figures.push(doors::measure(place, rounds)?);
    }
    if what.covers(What::Rooms) {
        figures.extend(rooms::measure(place, rounds)?);
    }
    if what.covers(What::Log) {
        figures.extend(log::measure(place, rounds)?);
    }
    if what.covers(What::Rush) {
        figures.extend(rush::measure(place)?);
    }
    if what.covers(What::Opening) {
        figures.push(opening::measure(place, rounds)?);
    }
    if what.covers(What::Memory) {
        figures.extend(memory::measure(place)?);
    }
    Ok(figures)
}

/// What the child process of a reference runs.
///
/// # Errors
/// When it cannot listen.
pub async fn serve_bare(task: Task) -> anyhow::Result<()> {
    reference::serve_bare(task).await
}
