//! A measured figure beside its reference, and the machine it was measured on.

use std::{io::Write as _, path::Path, process::Command};

use rust_decimal::Decimal;
use serde::Serialize;

/// Rounds that are printed each.
const LISTED: usize = 12;

/// One figure.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    /// What was measured.
    pub(super) name: &'static str,
    /// The hall's figure; of rounds, their median.
    #[serde(with = "rust_decimal::serde::str")]
    pub(super) figure: Decimal,
    /// What it stands beside: a reference of the same run, or a bound.
    #[serde(with = "rust_decimal::serde::str")]
    pub(super) reference: Decimal,
    /// What the reference is.
    pub(super) beside: &'static str,
    /// Figure over reference; of rounds, the median of theirs.
    #[serde(with = "rust_decimal::serde::str")]
    pub(super) ratio: Decimal,
    /// Of figure and reference.
    pub(super) unit: &'static str,
    /// The ratios of the rounds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) rounds: Vec<Decimal>,
}

impl Figure {
    /// A figure beside a bound it should stay below.
    pub(super) fn below(name: &'static str, figure: Decimal, bound: u32, unit: &'static str) -> Self {
        let reference = Decimal::from(bound);
        let ratio = over(figure, reference);
        Self { name, figure, reference, beside: "bound", ratio, unit, rounds: Vec::new() }
    }

    /// The medians of rounds of (hall, reference).
    pub(super) fn of_rounds(
        name: &'static str,
        beside: &'static str,
        unit: &'static str,
        rounds: &[(Decimal, Decimal)],
    ) -> Self {
        let ratios: Vec<Decimal> = rounds.iter().map(|(hall, other)| over(*hall, *other)).collect();
        Self {
            name,
            figure: median(rounds.iter().map(|round| round.0).collect()),
            reference: median(rounds.iter().map(|round| round.1).collect()),
            beside,
            ratio: median(ratios.clone()),
            unit,
            rounds: ratios,
        }
    }
}

/// As many as a reader takes in at a glance one by one; of more, how many and between which.
fn of_rounds_said(rounds: &[Decimal]) -> String {
    match (rounds.iter().min(), rounds.iter().max()) {
        (Some(least), Some(most)) if rounds.len() > LISTED => {
            format!("{} rounds between {least} and {most}", rounds.len())
        }
        _ => format!("rounds {}", rounds.iter().map(Decimal::to_string).collect::<Vec<_>>().join(" ")),
    }
}

fn over(figure: Decimal, reference: Decimal) -> Decimal {
    figure.checked_div(reference).unwrap_or_default().round_dp(2)
}

/// The middle one; of an even number, the lower of the two.
fn median(mut values: Vec<Decimal>) -> Decimal {
    values.sort();
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or_default().round_dp(2)
}

/// Where it was measured.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    /// Model of the processor.
    processor: String,
    /// Cores.
    cores: usize,
    /// Memory in MiB.
    memory_mib: u64,
    /// Kernel.
    kernel: String,
    /// File system of the working folder.
    pub(super) filesystem: String,
    /// PostgreSQL's version, and what decides whether a commit reaches the disk once that was asked.
    pub(super) postgresql: String,
}

impl Machine {
    /// Reads what the system says of itself.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let line = |file: &str, name: &str| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or("", |(_, value)| value.trim()).to_owned()
        };
        let memory = line("/proc/meminfo", "MemTotal");
        let kib: u64 = memory.split_whitespace().next().unwrap_or_default().parse().unwrap_or_default();
        Ok(Self {
            processor: line("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism()?.get(),
            memory_mib: kib / 1024,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            filesystem: filesystem(folder)?,
            postgresql: version()?,
        })
    }

    /// Whether commits reach no disk here.
    pub(super) fn in_memory(&self) -> bool {
        matches!(self.filesystem.as_str(), "tmpfs" | "ramfs")
    }
}

fn version() -> anyhow::Result<String> {
    let postgres = super::reference::binaries()?.program("postgres");
    let said = Command::new(postgres).arg("--version").output()?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

/// The type of the file system with the longest mount point above `folder`.
fn filesystem(folder: &Path) -> anyhow::Result<String> {
    let folder = folder.canonicalize()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts")?;
    let found = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let (point, kind) = (fields.next()?, fields.next()?);
            folder.starts_with(point).then_some((point.len(), kind))
        })
        .max_by_key(|(length, _)| *length);
    Ok(found.map_or("unknown", |(_, kind)| kind).to_owned())
}

/// Prints all figures on stdout.
pub(super) fn print(machine: &Machine, figures: &[Figure], json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let lines = figures.iter().map(|figure| serde_json::json!({"measured": figure, "machine": machine}));
        for line in lines {
            writeln!(out, "{line}")?;
        }
        return Ok(out.flush()?);
    }
    writeln!(
        out,
        "{}, {} cores, {} MiB, Linux {}, {}\n{}\n",
        machine.processor,
        machine.cores,
        machine.memory_mib,
        machine.kernel,
        machine.filesystem,
        machine.postgresql
    )?;
    for Figure { name, figure, reference, beside, ratio, unit, rounds } in figures {
        writeln!(out, "{name:<44} {figure:>10} {unit:<5}  {beside} {reference} {unit}  ratio {ratio}")?;
        if !rounds.is_empty() {
            writeln!(out, "{:<44} {}", "", of_rounds_said(rounds))?;
        }
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_not_the_ratio_of_medians() {
        let rounds = [(10, 10), (30, 10), (20, 40)].map(|(hall, other)| (hall.into(), other.into()));
        let figure = Figure::of_rounds("x", "y", "z", &rounds);
        assert_eq!(of_rounds_said(&figure.rounds), "rounds 1 3 0.50");
        assert_eq!(of_rounds_said(&[Decimal::ONE; 20]), "20 rounds between 1 and 1");
        assert_eq!(figure.ratio, Decimal::ONE);
        assert_eq!((figure.figure, figure.reference), (20.into(), 10.into()));
    }

    #[test]
    fn a_folder_in_memory_is_known() {
        assert_eq!(filesystem(Path::new("/proc")).unwrap(), "proc");
    }
}
