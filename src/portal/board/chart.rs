//! The floor as a picture: rooms below each other, time from left to right, drawn on the server.
//!
//! Places are fractions of the width and multiples of the type's size, never styles: the content policy forbids those.
//! Every slot is a link to its row in the list, so that the picture works without script and by keyboard.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    scale::{Scale, percent},
    signs::Sign,
};
use crate::{
    kernel::time::{hall_date, in_hall_zone},
    portal::reader::Reader,
    rooms::{
        Span,
        board::{FloorSlot, Moves, Standing},
        model::{Buffers, Room},
    },
};

/// Height of a room's line, in hundredths of the type's size.
const LINE: i64 = 175;
/// Height of a bar within it.
const BAR: i64 = 145;

/// A slot as the chart and the list show it.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// The slot.
    pub(super) slot: FloorSlot,
    /// The tender's title, or that it is somebody's.
    pub(super) title: String,
    /// The whole in one sentence.
    pub(super) label: String,
    /// How far it may be moved by whoever looks.
    pub(super) moves: Moves,
}

/// Time in which a room is out of service.
#[derive(Debug, Clone)]
pub(super) struct Shut {
    /// When.
    pub(super) during: Span,
    /// Why.
    pub(super) reason: String,
    /// The whole in one sentence.
    pub(super) label: String,
}

/// One room of the chart.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    /// The room.
    pub(super) room: Room,
    /// Whether it is the first of its kind.
    pub(super) leads: bool,
    /// Its slots, by time.
    pub(super) slots: Vec<Shown>,
    /// When it is closed.
    pub(super) shut: Vec<Shut>,
}

/// What is drawn.
pub(super) struct Chart<'a> {
    pub(super) scale: &'a Scale,
    pub(super) lanes: &'a [Lane],
    /// Days on which the centre does not work.
    pub(super) off: &'a [NaiveDate],
    pub(super) buffers: Buffers,
    /// The centre's hours on a day it works.
    pub(super) open: &'a dyn Fn(NaiveDate) -> Span,
    pub(super) now: DateTime<Utc>,
    pub(super) reader: &'a Reader,
}

/// Hundredths of the type's size as SVG writes them: `1.25em`.
fn em(hundredths: i64) -> String {
    format!("{}.{:02}em", hundredths / 100, hundredths % 100)
}

fn top_of(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(0) * LINE
}

impl Chart<'_> {
    /// The hours or days along the top.
    pub(super) fn head(&self) -> String {
        let mut out = String::from(
            "<svg class=\"plan-head\" width=\"100%\" height=\"2em\" aria-hidden=\"true\" focusable=\"false\">",
        );
        let week = self.scale.days.len() > 1;
        for day in &self.scale.days {
            if week {
                let left = self.scale.at_hour(*day, 0);
                let middle = (left + self.scale.at_hour(*day, 24)) / 2;
                let today = if *day == hall_date(self.now) { " plan-today" } else { "" };
                let off = if self.off.contains(day) { " plan-day-off" } else { "" };
                let _ = write!(
                    out,
                    "<text class=\"plan-day{today}{off}\" x=\"{}\" y=\"1.3em\" text-anchor=\"middle\">{} {}</text>",
                    percent(middle),
                    self.reader.weekday(day),
                    day.format("%m-%d")
                );
                continue;
            }
            for hour in self.scale.hours() {
                let anchor = match hour * 60 {
                    first if first == self.scale.first => "start",
                    last if last == self.scale.last => "end",
                    _ => "middle",
                };
                let x = percent(self.scale.at_hour(*day, hour));
                let _ = write!(
                    out,
                    "<text class=\"plan-hour\" x=\"{x}\" y=\"1.3em\" text-anchor=\"{anchor}\">{hour:02}:00</text>"
                );
            }
        }
        if self.scale.shows(self.now) {
            let x = percent(self.scale.at(self.now));
            let _ = write!(
                out,
                "<svg class=\"plan-now-head\" x=\"{x}\" y=\"0\" overflow=\"visible\"><path d=\"M-6 0h12l-6 7z\"/></svg>"
            );
        }
        out.push_str("</svg>");
        out
    }

    /// The lanes with everything on them.
    pub(super) fn plan(&self) -> String {
        let height = em(top_of(self.lanes.len()));
        let scale = self.scale;
        let days: Vec<String> = scale.days.iter().map(NaiveDate::to_string).collect();
        let mut out = format!(
            "<svg class=\"plan\" width=\"100%\" height=\"{height}\" role=\"group\" aria-label=\"{}\" data-days=\"{}\" data-first=\"{}\" data-last=\"{}\" data-line=\"{LINE}\" data-inset=\"{}\">",
            self.reader.w.floor_chart,
            days.join(" "),
            scale.first,
            scale.last,
            (LINE - BAR) / 2
        );
        self.draw_ground(&mut out);
        for (place, lane) in self.lanes.iter().enumerate() {
            self.draw_lane(&mut out, place, lane);
        }
        if scale.shows(self.now) {
            let x = percent(scale.at(self.now));
            let _ = write!(out, "<line class=\"plan-now\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100%\"/>");
        }
        out.push_str("</svg>");
        out
    }

    fn draw_ground(&self, out: &mut String) {
        let scale = self.scale;
        let mut shade = |from: i64, to: i64| {
            if to > from {
                let (x, width) = (percent(from), percent(to - from));
                let _ = write!(
                    out,
                    "<rect class=\"plan-off\" x=\"{x}\" y=\"0\" width=\"{width}\" height=\"100%\"/>"
                );
            }
        };
        for day in &scale.days {
            let (left, right) = (scale.at_hour(*day, 0), scale.at_hour(*day, 24));
            if self.off.contains(day) {
                shade(left, right);
                continue;
            }
            let open = (self.open)(*day);
            shade(left, scale.at(open.from));
            shade(scale.at(open.to), right);
        }
        let week = scale.days.len() > 1;
        for day in &scale.days {
            let step = if week { 4 } else { 1 };
            for hour in scale.hours().filter(|hour| hour % step == 0) {
                let x = percent(scale.at_hour(*day, hour));
                let _ = write!(out, "<line class=\"plan-line\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100%\"/>");
            }
            if week {
                let x = percent(scale.at_hour(*day, 0));
                let _ =
                    write!(out, "<line class=\"plan-midnight\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100%\"/>");
            }
        }
        for (place, lane) in self.lanes.iter().enumerate() {
            let (y, class) = (em(top_of(place)), if lane.leads { "plan-kind" } else { "plan-rule" });
            let _ = write!(out, "<line class=\"{class}\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>");
        }
    }

    fn draw_lane(&self, out: &mut String, place: usize, lane: &Lane) {
        let top = top_of(place) + (LINE - BAR) / 2;
        for shown in &lane.slots {
            if shown.slot.standing() == Standing::Released || shown.slot.standing() == Standing::NoShow {
                continue;
            }
            let Some((x, width)) = self.scale.cut(self.buffers.around(shown.slot.slot.during)) else {
                continue;
            };
            let _ = write!(
                out,
                "<rect class=\"plan-buffer\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\"/>",
                percent(x),
                em(top + BAR / 5),
                percent(width),
                em(BAR * 3 / 5)
            );
        }
        for shut in &lane.shut {
            let Some(cut) = self.scale.cut(shut.during) else { continue };
            let inside = self.bar(Sign::Closed, cut, &shut.reason, None);
            let _ = write!(
                out,
                "<g class=\"is-closed\" role=\"img\" aria-label=\"{}\">{}</g>",
                escaped(&shut.label),
                self.boxed(cut, top, &inside, &shut.label)
            );
        }
        for shown in &lane.slots {
            self.draw_slot(out, top, shown);
        }
    }

    fn draw_slot(&self, out: &mut String, top: i64, shown: &Shown) {
        let slot = &shown.slot;
        let occupied = slot.occupies(self.now);
        let Some(cut) = self.scale.cut(occupied) else { return };
        let sign = Sign::Slot(slot.standing());
        let over =
            (slot.standing() == Standing::Overrun).then_some(Span::new(slot.slot.during.to, occupied.to));
        let inside = self.bar(sign, cut, &shown.title, over);
        let moves = match shown.moves {
            Moves::Fixed => "",
            Moves::Room => " data-moves=\"room\"",
            Moves::Any => " data-moves=\"any\"",
        };
        let _ = write!(
            out,
            "<a class=\"slot is-{class}\" href=\"#row-{id}\" aria-label=\"{label}\" data-key=\"slot-{id}\" data-booking=\"{booking}\" data-no=\"{no}\" data-version=\"{version}\" data-room=\"{room}\" data-kind=\"{kind}\" data-from=\"{from}\" data-to=\"{to}\"{moves}>{inner}</a>",
            class = sign.class(),
            id = slot.slot.id,
            label = escaped(&shown.label),
            booking = slot.booking,
            no = slot.no,
            version = slot.version,
            room = slot.slot.room,
            kind = slot.slot.kind.as_ref(),
            from = in_hall_zone(slot.slot.during.from),
            to = in_hall_zone(slot.slot.during.to),
            inner = self.boxed(cut, top, &inside, &shown.label),
        );
    }

    /// A frame of its own, so that what is in it is cut at the bar's end and moves with it.
    fn boxed(&self, (x, width): (i64, i64), top: i64, inside: &str, label: &str) -> String {
        format!(
            "<svg class=\"box\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" overflow=\"visible\"><title>{}</title>{inside}</svg>",
            percent(x),
            em(top),
            percent(width),
            em(BAR),
            escaped(label)
        )
    }

    /// Bar, sign and text; the part that ran over is hatched.
    fn bar(&self, sign: Sign, (x, width): (i64, i64), text: &str, over: Option<Span>) -> String {
        let mut out = String::new();
        match over.and_then(|over| self.scale.cut(over)) {
            None if sign == Sign::Closed => out.push_str(&sign.bar("100%")),
            None => out.push_str("<rect class=\"bar\" width=\"100%\" height=\"100%\" rx=\"3\"/>"),
            Some((over, length)) => {
                let share = |part: i64| percent(part * 100_000 / width.max(1));
                let _ = write!(
                    out,
                    "<rect class=\"bar\" width=\"100%\" height=\"100%\" rx=\"3\"/><rect class=\"bar-hatch\" x=\"{}\" width=\"{}\" height=\"100%\" fill=\"url(#hatch-over)\"/>",
                    share(over - x),
                    share(length)
                );
            }
        }
        let _ = write!(
            out,
            "<svg width=\"100%\" height=\"100%\"><svg class=\"sign\" x=\".3em\" y=\".275em\" width=\".9em\" height=\".9em\" viewBox=\"0 0 16 16\">{}</svg><text class=\"bar-text\" x=\"1.5em\" y=\"1.12em\">{}</text></svg>",
            sign.drawing(),
            escaped(text)
        );
        out
    }
}

/// Text made safe for element content and for attributes in double quotes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
