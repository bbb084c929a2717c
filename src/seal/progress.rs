//! How far a long step of a command has come, on stderr and only where a person looks at it.

use std::io::{self, IsTerminal, Read, Write};

/// Steps of fewer bytes are over before anyone has read a bar.
const WORTH_SHOWING: u64 = 8 * 1024 * 1024;
/// Bytes of one MiB.
const MIB: u64 = 1024 * 1024;
/// Marks of a full bar.
const WIDTH: u64 = 24;

/// One step; its line is wiped when it ends.
#[derive(Debug)]
pub struct Bar {
    label: &'static str,
    total: u64,
    done: u64,
    shown: Option<u64>,
    visible: bool,
}

impl Bar {
    /// A step over `total` bytes; nothing is shown for `quiet` callers, small steps, or where stderr is no terminal.
    pub fn new(label: &'static str, total: u64, quiet: bool) -> Self {
        let visible = !quiet && total >= WORTH_SHOWING && io::stderr().is_terminal();
        Self { label, total, done: 0, shown: None, visible }
    }

    /// So many bytes more are done.
    pub fn advance(&mut self, bytes: u64) {
        self.done = self.done.saturating_add(bytes).min(self.total);
        let percent = self.percent();
        if self.visible && self.shown != Some(percent) {
            self.shown = Some(percent);
            // A terminal that is gone is no reason to stop the work.
            let _shown = write!(io::stderr(), "\r{}", self.line()).and_then(|()| io::stderr().flush());
        }
    }

    fn percent(&self) -> u64 {
        self.done.saturating_mul(100).checked_div(self.total).unwrap_or(100)
    }

    fn line(&self) -> String {
        let filled = self.done.saturating_mul(WIDTH).checked_div(self.total).unwrap_or(WIDTH);
        let bar: String = (0..WIDTH).map(|mark| if mark < filled { '█' } else { '░' }).collect();
        format!(
            "{}  {bar} {:>3} %  {}/{} MiB ",
            self.label,
            self.percent(),
            self.done / MIB,
            self.total.div_ceil(MIB)
        )
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _wiped = write!(io::stderr(), "\r\u{1b}[K").and_then(|()| io::stderr().flush());
        }
    }
}

/// A source whose bytes move a bar.
#[derive(Debug)]
pub struct Watched<'b, R> {
    /// The source.
    pub source: R,
    /// The bar.
    pub bar: &'b mut Bar,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.bar.advance(u64::try_from(count).map_err(io::Error::other)?);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_says_how_much_of_what_is_done() {
        let mut bar = Bar::new("上传 Uploading", 20 * MIB, true);
        bar.advance(10 * MIB);
        assert_eq!(
            bar.line(),
            format!("上传 Uploading  {}{}  50 %  10/20 MiB ", "█".repeat(12), "░".repeat(12))
        );
        bar.advance(u64::MAX);
        assert!(bar.line().contains("100 %  20/20 MiB"));
        assert_eq!(Bar::new("", 0, true).percent(), 100);
    }
}
