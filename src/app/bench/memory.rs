//! Memory of the hall at rest and through the recorded opening, and its time from start to ready.

use std::time::Duration;

use rust_decimal::Decimal;

use super::{
    figure::Figure,
    hall::{Hall, Place},
};
use crate::app::story;

/// Starts measured on existing data; the figure is their median.
const STARTS: usize = 5;
/// How long a hall rests before its memory is read.
const REST: Duration = Duration::from_secs(1);

pub(super) fn measure(place: &Place) -> anyhow::Result<Vec<Figure>> {
    let hall = Hall::start(place, "memory")?;
    let client = hall.client()?;
    story::play_park(&client)?;
    client.progress.done();
    let most = hall.memory_mib("VmHWM")?;
    drop(hall);
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let hall = Hall::start(place, "memory")?;
        std::thread::sleep(REST);
        starts.push((hall.ready_after, hall.memory_mib("VmRSS")?));
    }
    starts.sort();
    let (start, idle) = starts.get(STARTS / 2).copied().unwrap_or_default();
    let seconds = (Decimal::from(start.as_millis()) / Decimal::from(1000)).round_dp(2);
    Ok(vec![
        Figure::below("memory at rest", idle, 60, "MiB"),
        Figure::below("memory, most through 1,528 bids and opening", most, 150, "MiB"),
        Figure::below("start to ready on existing data", seconds, 2, "s"),
    ])
}
