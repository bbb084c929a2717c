//! What came out, beside what should have.

use std::{io::Write as _, net::SocketAddr};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::app::client::{list, text};
use crate::kernel::time::hall_date;

/// The table that a story ends with.
#[derive(Default)]
pub(super) struct Summary {
    lines: Vec<Line>,
    pages: Vec<String>,
}

enum Line {
    Title(String),
    Row { what: String, wanted: String, found: String, holds: bool },
}

impl Summary {
    /// A new part begins.
    pub(super) fn title(&mut self, title: &str) {
        self.lines.push(Line::Title(title.to_owned()));
    }

    /// A page worth looking at.
    pub(super) fn page(&mut self, path: &str) {
        self.pages.push(path.to_owned());
    }

    /// A figure that must be exactly this one.
    pub(super) fn row(&mut self, what: &str, wanted: &str, found: &str) {
        self.push(what, wanted.to_owned(), found, wanted == found);
    }

    /// A figure that may be one of several, where a draw decided.
    pub(super) fn one_of(&mut self, what: &str, wanted: &[String], found: &str) {
        self.push(what, wanted.join(" | "), found, wanted.iter().any(|one| one == found));
    }

    /// A number whose first digits are expected.
    pub(super) fn begins(&mut self, what: &str, wanted: &str, found: &str) {
        self.push(what, format!("{wanted}…"), found, found.starts_with(wanted));
    }

    /// A day that must not be later than another.
    pub(super) fn by(&mut self, what: &str, latest: &str, found: &str) {
        self.push(what, format!("≤ {latest}"), found, found <= latest);
    }

    fn push(&mut self, what: &str, wanted: String, found: &str, holds: bool) {
        self.lines.push(Line::Row { what: what.to_owned(), wanted, found: found.to_owned(), holds });
    }

    /// Whether every expected figure came out.
    pub(super) fn came_out(&self) -> bool {
        self.lines.iter().all(|line| !matches!(line, Line::Row { holds: false, .. }))
    }

    /// Prints the table, the addresses and the sandbox's accounts on stdout.
    pub(super) fn print(&self, address: SocketAddr, password: &str) -> anyhow::Result<()> {
        let width =
            |pick: fn(&Line) -> &str| self.lines.iter().map(|line| columns(pick(line))).max().unwrap_or(0);
        let (first, second) = (width(Line::what), width(Line::wanted));
        let mut out = std::io::stdout().lock();
        for line in &self.lines {
            match line {
                Line::Title(title) => writeln!(out, "\n{title}")?,
                Line::Row { what, wanted, found, holds } => {
                    let mark = if *holds { '✓' } else { '✗' };
                    writeln!(out, "  {mark} {}  {}  {found}", padded(what, first), padded(wanted, second))?;
                }
            }
        }
        writeln!(out, "\n网页 / pages     http://{address}/")?;
        for page in &self.pages {
            writeln!(out, "                 http://{address}{page}")?;
        }
        writeln!(out, "接口 / API docs  http://{address}/api/docs/")?;
        writeln!(
            out,
            "账号 / accounts  admin operator.league operator.taibus purchaser.league purchaser.taibus agency.one \
             agency.two\n                 supervisor.office supervisor.finance supervisor.development \
             supervisor.audit supervisor.discipline\n                 supervisor.industry expert.001…040; programs \
             (client_credentials): bidder.0001…1528"
        )?;
        writeln!(out, "密码 / password  {password}")?;
        Ok(out.flush()?)
    }
}

impl Line {
    fn what(&self) -> &str {
        match self {
            Self::Title(_) => "",
            Self::Row { what, .. } => what,
        }
    }

    fn wanted(&self) -> &str {
        match self {
            Self::Title(_) => "",
            Self::Row { wanted, .. } => wanted,
        }
    }
}

/// Columns a terminal gives to a text: two for each Han character and full-width sign.
fn columns(text: &str) -> usize {
    text.chars().map(|letter| if letter >= '\u{2e80}' { 2 } else { 1 }).sum()
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The day in the business zone of a time as answered.
pub(super) fn day(at: &str) -> anyhow::Result<String> {
    Ok(hall_date(at.parse::<DateTime<Utc>>()?).to_string())
}

/// A decimal of an answer with as many places as the document scores by.
pub(super) fn marks(answer: &Value, pointer: &str, places: usize) -> anyhow::Result<String> {
    let number: Decimal = text(answer, pointer)?.parse()?;
    Ok(format!("{number:.places$}"))
}

/// Name of a bid's bidder by the opening record.
pub(super) fn name_of(opening: &Value, bid: &Value) -> anyhow::Result<String> {
    let id = text(bid, "/bid")?;
    let line =
        list(opening, "/bids")?.iter().find(|line| line.get("bidId").and_then(Value::as_str) == Some(id));
    Ok(text(line.context("a bid is not in the opening record")?, "/bidder/zh")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_figure_is_enough() {
        let mut summary = Summary::default();
        summary.row("a", "1", "1");
        summary.by("b", "2026-04-23", "2026-04-23");
        summary.begins("c", "18376656.33", "18376656.3363");
        summary.one_of("d", &["x".to_owned(), "y".to_owned()], "y");
        assert!(summary.came_out());
        summary.by("e", "2026-04-23", "2026-04-24");
        assert!(!summary.came_out());
    }

    #[test]
    fn han_characters_take_two_columns() {
        assert_eq!(columns("中标人 / winner"), 6 + 9);
        assert_eq!(padded("分流", 6), "分流  ");
    }
}
