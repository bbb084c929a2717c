//! What the machine tells of its own clocks.

use std::{io, process::Command};

use uuid::Uuid;

/// One start of a machine and the time since: not set by anybody, and counted on through a suspension.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    /// The kernel's name for this start.
    pub boot: Uuid,
}

impl Machine {
    /// The machine as it runs. Where the kernel gives no name, one is made up: nothing is compared across processes then.
    pub fn here() -> Self {
        let told = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let boot = told.and_then(|text| text.trim().parse().ok());
        Self { boot: boot.unwrap_or_else(Uuid::new_v4) }
    }

    /// Microseconds since the start, `CLOCK_BOOTTIME`.
    ///
    /// # Errors
    /// When the kernel has no such clock.
    #[expect(unsafe_code, reason = "CLOCK_BOOTTIME has no door in the standard library")]
    pub fn since_boot(self) -> io::Result<i64> {
        let mut read = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the kernel writes one timespec, which lives until the call returns.
        if unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut read) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(read.tv_sec.saturating_mul(1_000_000).saturating_add(read.tv_nsec / 1000))
    }
}

/// Most by which the machine's wall clock is off by its own account, in microseconds; `None` where chrony is absent or
/// follows nothing. Blocks until `chronyc` has answered.
pub(super) fn own_error() -> Option<i64> {
    let output = Command::new("chronyc").args(["-c", "tracking"]).output().ok()?;
    output.status.success().then(|| error_of(&String::from_utf8_lossy(&output.stdout))).flatten()
}

/// |offset| + half the root delay + root dispersion, of a line of `chronyc -c tracking`.
fn error_of(line: &str) -> Option<i64> {
    let fields: Vec<&str> = line.trim().split(',').collect();
    let [_, _, _, _, offset, _, _, _, _, _, delay, dispersion, _, leap] = fields.as_slice() else {
        return None;
    };
    if *leap == "Not synchronised" {
        return None;
    }
    let micros = |text: &str| Some(chrono::TimeDelta::nanoseconds(nanos(text)?).num_microseconds()?.abs());
    Some(micros(offset)? + micros(delay)? / 2 + micros(dispersion)?)
}

/// Decimal seconds as nanoseconds.
fn nanos(text: &str) -> Option<i64> {
    let seconds: rust_decimal::Decimal = text.parse().ok()?;
    rust_decimal::prelude::ToPrimitive::to_i64(
        &(seconds * rust_decimal::Decimal::from(1_000_000_000)).round(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_since_the_start_grows() {
        let machine = Machine::here();
        let first = machine.since_boot().unwrap();
        assert!(first > 0 && machine.since_boot().unwrap() >= first);
    }

    #[test]
    fn chronys_account_is_read_and_an_unsynchronised_clock_has_none() {
        let line = |leap: &str| {
            format!(
                "CB00710F,203.0.113.15,3,1772416800.123456789,-0.000006523,-0.000012,0.000015,-31.9,0.0,0.02,\
                 0.030402,0.001200,64.4,{leap}\n"
            )
        };
        // 6 + 15201 + 1200 microseconds.
        assert_eq!(error_of(&line("Normal")), Some(16_407));
        assert_eq!(error_of(&line("Not synchronised")), None);
        assert_eq!(error_of("506 Cannot talk to daemon"), None);
    }
}
