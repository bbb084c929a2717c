//! A count of days as a calendar: weeks from Monday, each day with what it is in the count.

use chrono::{Datelike, Days, NaiveDate};

use super::{
    reader::Reader,
    view::{CountedDay, DayRole},
};

/// Weeks shown at either end of a long count.
const ENDS: usize = 4;

/// One cell of the calendar.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// Class of the cell.
    pub class: &'static str,
    /// Day of the month; the month stands with it on its first cell.
    pub day: String,
    /// The figure of the count, or empty.
    pub figure: String,
    /// What the cell is, in words for screen readers and as the note under the figure.
    pub word: String,
    /// A note such as the holiday's name.
    pub note: String,
}

impl Cell {
    /// Whether the figure says all that a sighted reader needs.
    pub(super) fn quiet(&self) -> bool {
        self.class == "counted" && self.note.is_empty()
    }
}

/// A line of the calendar.
#[derive(Debug, Clone)]
pub(super) enum Line {
    /// Seven cells; `None` outside the count.
    Week(Vec<Option<Cell>>),
    /// Weeks left out of a long count.
    Gap,
}

/// Lays `days` (by date, without gaps) out in weeks; a long count keeps its two ends.
pub(super) fn lines(days: &[CountedDay], reader: &Reader) -> Vec<Line> {
    let Some(first) = days.first() else { return Vec::new() };
    let before = usize::try_from(first.date.weekday().num_days_from_monday()).unwrap_or(0);
    let mut cells: Vec<Option<Cell>> = vec![None; before];
    for (at, day) in days.iter().enumerate() {
        cells.push(Some(cell(day, at == 0, reader)));
    }
    while !cells.len().is_multiple_of(7) {
        cells.push(None);
    }
    let weeks: Vec<Line> = cells.chunks(7).map(|week| Line::Week(week.to_vec())).collect();
    if weeks.len() <= ENDS * 2 + 1 {
        return weeks;
    }
    let tail = weeks.len() - ENDS;
    let mut kept: Vec<Line> = weeks.iter().take(ENDS).cloned().collect();
    kept.push(Line::Gap);
    kept.extend(weeks.into_iter().skip(tail));
    kept
}

/// The seven weekdays from Monday as the reader names them.
pub(super) fn weekdays(reader: &Reader) -> Vec<&'static str> {
    // 2024-01-01 was a Monday.
    let monday = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap_or_default();
    (0..7)
        .filter_map(|plus| monday.checked_add_days(Days::new(plus)))
        .map(|day| reader.weekday(&day))
        .collect()
}

fn cell(day: &CountedDay, first: bool, reader: &Reader) -> Cell {
    let w = reader.w;
    let (class, figure, word) = match day.role {
        DayRole::Start => ("start", String::new(), w.day_start),
        DayRole::Counted(n) => ("counted", n.to_string(), w.day_counted),
        DayRole::Skipped => ("skipped", String::new(), w.day_skipped),
        DayRole::Rolled => ("rolled", String::new(), w.day_rolled),
        DayRole::End(n) => ("end", n.map(|n| n.to_string()).unwrap_or_default(), w.day_end),
    };
    let date = day.date;
    let label =
        if first || date.day() == 1 { date.format("%-m/%-d").to_string() } else { date.day().to_string() };
    Cell { class, day: label, figure, word: word.to_owned(), note: day.note.clone().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kernel::say::Language, portal::sample};

    fn run(length: u64) -> Vec<CountedDay> {
        let from = NaiveDate::from_ymd_opt(2026, 2, 11).unwrap();
        (0..=length)
            .map(|at| CountedDay { date: from + Days::new(at), role: DayRole::Counted(1), note: None })
            .collect()
    }

    #[test]
    fn weeks_begin_on_monday_and_are_whole() {
        let reader = sample::reader(Language::Zh, "/");
        let laid = lines(&run(10), &reader);
        let Line::Week(first) = &laid[0] else { panic!("a week comes first") };
        assert_eq!(first.iter().filter(|cell| cell.is_none()).count(), 2, "2026-02-11 is a Wednesday");
        assert!(laid.iter().all(|line| matches!(line, Line::Week(week) if week.len() == 7)));
        assert_eq!(weekdays(&reader), ["周一", "周二", "周三", "周四", "周五", "周六", "周日"]);
    }

    #[test]
    fn a_long_count_keeps_its_two_ends() {
        let laid = lines(&run(365), &sample::reader(Language::En, "/"));
        assert_eq!(laid.len(), ENDS * 2 + 1);
        assert!(matches!(laid[ENDS], Line::Gap));
    }
}
