//! The timeline as a picture: rows of acts and periods over real time, drawn as SVG on the server.
//!
//! Pure and without style: the classes are coloured by the style sheet, in light, dark and print. The picture
//! is hidden from screen readers; the page carries the same rows as a table.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};

use super::{
    reader::{Reader, whole_days_end},
    view::{BoundSense, Progress, Timeline, TimelineRow},
};
use crate::kernel::{
    say::Language,
    time::{ZONE, hall_date, hall_instant},
};

/// How wide the picture is: names beside the rows, or above them for a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// For a desk.
    Wide,
    /// For a phone.
    Narrow,
}

/// Where things stand, in units of the view box.
struct Frame {
    layout: Layout,
    width: i64,
    /// Left and right end of the time scale.
    left: i64,
    right: i64,
    head: i64,
    row: i64,
    /// Where in a row the bar's middle lies, and the name's base line.
    bar: i64,
    name: i64,
    /// First instant of the scale and its length in seconds.
    start: DateTime<Utc>,
    seconds: i64,
}

impl Frame {
    fn new(layout: Layout, first: NaiveDate, last: NaiveDate) -> Self {
        let start = hall_instant(first, NaiveTime::MIN);
        let seconds = (hall_instant(last, NaiveTime::MIN) - start).num_seconds().max(86_400);
        match layout {
            Layout::Wide => Self {
                layout,
                width: 1120,
                left: 264,
                right: 1108,
                head: 74,
                row: 38,
                bar: 19,
                name: 24,
                start,
                seconds,
            },
            Layout::Narrow => Self {
                layout,
                width: 360,
                left: 8,
                right: 352,
                head: 70,
                row: 50,
                bar: 34,
                name: 18,
                start,
                seconds,
            },
        }
    }

    fn x(&self, at: DateTime<Utc>) -> i64 {
        let passed = (at - self.start).num_seconds().clamp(0, self.seconds);
        self.left + (self.right - self.left) * passed / self.seconds
    }

    fn x_of_day(&self, day: NaiveDate) -> i64 {
        self.x(hall_instant(day, NaiveTime::MIN))
    }

    fn top(&self, index: usize) -> i64 {
        self.head + self.row * i64::try_from(index).unwrap_or(0)
    }
}

/// Draws `timeline` in `layout`; empty when there is no row.
pub fn timeline_svg(timeline: &Timeline, layout: Layout, reader: &Reader) -> String {
    let Some((first, last)) = span(timeline) else { return String::new() };
    let frame = Frame::new(layout, first, last);
    let height = frame.top(timeline.rows.len()) + 10;
    let class = match layout {
        Layout::Wide => "timeline-wide",
        Layout::Narrow => "timeline-narrow",
    };
    let mut out = format!(
        "<svg class=\"timeline {class}\" viewBox=\"0 0 {} {height}\" aria-hidden=\"true\" focusable=\"false\" lang=\"{}\">",
        frame.width, reader.w.lang
    );
    draw_weeks(&mut out, &frame, first, last, height, reader.language);
    draw_now(&mut out, &frame, timeline.now, height, reader.w.now);
    for (index, row) in timeline.rows.iter().enumerate() {
        draw_row(&mut out, &frame, index, row);
    }
    for (index, row) in timeline.rows.iter().enumerate() {
        draw_time(&mut out, &frame, index, row);
    }
    out.push_str("</svg>");
    out
}

/// First and last day of the scale: a day of air before, three after.
fn span(timeline: &Timeline) -> Option<(NaiveDate, NaiveDate)> {
    let starts = timeline.rows.iter().map(|row| row.from);
    let ends = timeline.rows.iter().map(|row| row.until.unwrap_or(row.from));
    let bounds = timeline.rows.iter().filter_map(|row| row.bound.as_ref().map(|bound| bound.at));
    let first = hall_date(starts.min()?);
    let last = hall_date(ends.chain(bounds).max()?);
    Some((first.checked_sub_days(Days::new(1))?, last.checked_add_days(Days::new(3))?))
}

fn draw_weeks(
    out: &mut String,
    frame: &Frame,
    first: NaiveDate,
    last: NaiveDate,
    height: i64,
    language: Language,
) {
    let mut said_until = i64::MIN;
    for day in first.iter_days().take_while(|day| *day < last) {
        let x = frame.x_of_day(day);
        if day.day() == 1 || day == first {
            let month = month_label(day, language);
            let text = x.max(frame.left);
            // A month of which hardly anything is seen gives way to the next one's name.
            let room = day.day() == 1 || day.day() < 24;
            if room {
                let _ = write!(out, "<text class=\"tl-month\" x=\"{text}\" y=\"16\">{month}</text>");
            }
            if day.day() == 1 {
                let _ = write!(out, "<path class=\"tl-month-line\" d=\"M{x} 22V{height}\"/>");
            }
        }
        if day.weekday() == chrono::Weekday::Mon {
            let _ = write!(out, "<path class=\"tl-week\" d=\"M{x} 42V{height}\"/>");
            if x > said_until && x + 20 < frame.width {
                let _ = write!(out, "<text class=\"tl-day\" x=\"{x}\" y=\"36\">{}</text>", day.day());
                said_until = x + 26;
            }
        }
    }
}

fn month_label(day: NaiveDate, language: Language) -> String {
    match language {
        Language::Zh => format!("{}月", day.month()),
        Language::En => super::reader::month_name(day.month()).to_owned(),
    }
}

fn draw_now(out: &mut String, frame: &Frame, now: DateTime<Utc>, height: i64, word: &str) {
    let passed = (now - frame.start).num_seconds();
    if passed < 0 || passed > frame.seconds {
        return;
    }
    let x = frame.x(now);
    let bottom = frame.head - 4;
    let anchor = if x + 40 > frame.width { "end" } else { "middle" };
    let _ = write!(
        out,
        "<path class=\"tl-today\" d=\"M{x} {bottom}V{height}\"/><path class=\"tl-today-head\" d=\"M{} {}h10l-5 6z\"/><text class=\"tl-today-word\" x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{word}</text>",
        x - 5,
        bottom - 6,
        bottom - 9
    );
}

fn draw_row(out: &mut String, frame: &Frame, index: usize, row: &TimelineRow) {
    let top = frame.top(index);
    let middle = top + frame.bar;
    let state = class_of(row.state);
    let _ = write!(
        out,
        "<g class=\"tl-row tl-{state}\"><path class=\"tl-rule\" d=\"M0 {top}H{}\"/><text class=\"tl-name\" x=\"0\" y=\"{}\">{}</text>",
        frame.width,
        top + frame.name,
        escaped(&row.label)
    );
    let x = frame.x(row.from);
    if let Some(bound) = &row.bound {
        let at = frame.x(bound.at);
        let (low, high) = (at.min(x), at.max(row.until.map_or(x, |until| frame.x(until))));
        let hook = match bound.sense {
            BoundSense::NotBefore => 5,
            BoundSense::NotAfter => -5,
        };
        let _ = write!(
            out,
            "<path class=\"tl-reach\" d=\"M{low} {middle}H{high}\"/><path class=\"tl-bound\" d=\"M{} {}h{}v16h{}\"><title>{}</title></path>",
            at + hook,
            middle - 8,
            -hook,
            hook,
            escaped(&bound.ground)
        );
    }
    match row.until {
        Some(until) => {
            let width = (frame.x(until) - x).max(6);
            let _ = write!(
                out,
                "<rect class=\"tl-bar\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"10\" rx=\"5\"/>",
                middle - 5
            );
        }
        None => draw_act(out, x, middle, row),
    }
    out.push_str("</g>");
}

/// An act by state and shape: disc, ring with kernel, open ring, diamond; the deadline is a flag.
fn draw_act(out: &mut String, x: i64, middle: i64, row: &TimelineRow) {
    let _ = if row.is_deadline {
        write!(
            out,
            "<path class=\"tl-flag\" d=\"M{x} {}v20M{x} {}h14l-4 5 4 5h-14z\"/>",
            middle - 10,
            middle - 10
        )
    } else {
        match row.state {
            Progress::Done => write!(out, "<circle class=\"tl-dot\" cx=\"{x}\" cy=\"{middle}\" r=\"6\"/>"),
            Progress::Now => write!(
                out,
                "<circle class=\"tl-ring\" cx=\"{x}\" cy=\"{middle}\" r=\"6\"/><circle class=\"tl-dot\" cx=\"{x}\" cy=\"{middle}\" r=\"3\"/>"
            ),
            Progress::Coming => write!(out, "<circle class=\"tl-ring\" cx=\"{x}\" cy=\"{middle}\" r=\"6\"/>"),
            Progress::Stopped => {
                write!(out, "<path class=\"tl-dot\" d=\"M{x} {}l7 7-7 7-7-7z\"/>", middle - 7)
            }
        }
    };
}

/// The row's time in figures, right of its drawing, or left where there is no room.
fn draw_time(out: &mut String, frame: &Frame, index: usize, row: &TimelineRow) {
    let text = match row.until {
        // What began and ended within one minute needs one figure only.
        Some(until) if short(until) == short(row.from) => short(row.from),
        Some(until) if hall_date(until) == hall_date(row.from) => {
            format!("{}–{}", short(row.from), until.with_timezone(&ZONE).format("%H:%M"))
        }
        Some(until) => format!("{} – {}", short(row.from), short_end(until)),
        None => short(row.from),
    };
    let width = i64::try_from(text.chars().count()).unwrap_or(0) * 8;
    let from = frame.x(row.from);
    let mut end = row.until.map_or(from, |until| frame.x(until).max(from + 6));
    if let Some(bound) = &row.bound {
        end = end.max(frame.x(bound.at));
    }
    if row.is_deadline {
        end += 8;
    }
    let begin = row.bound.as_ref().map_or(from, |bound| frame.x(bound.at).min(from));
    let base = frame.top(index) + frame.bar + 5;
    let (x, anchor) = if frame.layout == Layout::Narrow {
        // A phone has room for it only on the line of the name.
        (frame.right, "end")
    } else if end + 18 + width <= frame.right + 4 {
        (end + 18, "start")
    } else if begin - 14 - width >= frame.left {
        (begin - 14, "end")
    } else {
        (frame.right, "end")
    };
    let line = match frame.layout {
        Layout::Narrow => frame.top(index) + frame.name,
        Layout::Wide => base,
    };
    let _ =
        write!(out, "<text class=\"tl-time\" x=\"{x}\" y=\"{line}\" text-anchor=\"{anchor}\">{text}</text>");
}

fn short(at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&ZONE);
    if local.time() == NaiveTime::MIN {
        local.format("%m-%d").to_string()
    } else {
        local.format("%m-%d %H:%M").to_string()
    }
}

fn short_end(at: DateTime<Utc>) -> String {
    whole_days_end(&at).map_or_else(|| short(at), |day| format!("{} 24:00", day.format("%m-%d")))
}

fn class_of(state: Progress) -> &'static str {
    match state {
        Progress::Done => "done",
        Progress::Now => "now",
        Progress::Coming => "coming",
        Progress::Stopped => "stopped",
    }
}

/// Text made safe for element content.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::sample;

    #[test]
    fn every_row_is_drawn_and_nothing_leaves_the_picture() {
        let timeline = sample::timeline();
        let reader = sample::reader(Language::Zh, "/");
        for (layout, width) in [(Layout::Wide, 1120), (Layout::Narrow, 360)] {
            let svg = timeline_svg(&timeline, layout, &reader);
            assert_eq!(svg.matches("class=\"tl-row").count(), timeline.rows.len());
            assert!(!svg.contains("style="), "styles would break the content policy");
            for x in svg.split(" x=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<i64>().ok())
            {
                assert!((0..=width).contains(&x), "{x} leaves {width}");
            }
        }
    }

    #[test]
    fn a_label_cannot_break_out() {
        let mut timeline = sample::timeline();
        timeline.rows[0].label = "<script>&".to_owned();
        let svg = timeline_svg(&timeline, Layout::Wide, &sample::reader(Language::En, "/"));
        assert!(svg.contains("&lt;script&gt;&amp;") && !svg.contains("<script"));
    }

    #[test]
    fn no_rows_no_picture() {
        let timeline = Timeline { now: sample::timeline().now, rows: Vec::new() };
        assert!(timeline_svg(&timeline, Layout::Wide, &sample::reader(Language::Zh, "/")).is_empty());
    }
}
