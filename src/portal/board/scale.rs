//! Where a moment stands on a chart: days side by side, each from the hour the floor wakes to the hour it sleeps.
//!
//! Widths are fractions of the chart, so that one drawing fits a desk and a wall: thousandths of a hundredth, without
//! rounding errors that a second drawing would not make again.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike as _, Utc};

use crate::{
    kernel::time::{ZONE, hall_date},
    rooms::{Span, model::Hours},
};

/// The whole width.
const WHOLE: i64 = 100_000;
/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// The days and hours of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scale {
    /// The days, one after the other.
    pub(super) days: Vec<NaiveDate>,
    /// Minute of the day at which each day's part begins, a whole hour.
    pub(super) first: i64,
    /// Minute at which it ends, a whole hour.
    pub(super) last: i64,
}

impl Scale {
    /// The hours of a centre with one hour around them, and as much more as `spans` need that begin or end then.
    pub(super) fn new(days: Vec<NaiveDate>, hours: Hours, spans: impl Iterator<Item = Span>) -> Self {
        let mut first = minutes(hours.opens) - 60;
        let mut last = minutes(hours.closes) + 60;
        for span in spans {
            if days.contains(&hall_date(span.from)) {
                first = first.min(minute_of(span.from));
            }
            let end = span.to - TimeDelta::seconds(1);
            if days.contains(&hall_date(end)) {
                last = last.max(minute_of(end) + 1);
            }
        }
        Self { days, first: (first / 60 * 60).max(0), last: ((last + 59) / 60 * 60).min(DAY) }
    }

    fn of_day(&self) -> i64 {
        (self.last - self.first).max(1)
    }

    /// How far from the left, in thousandths of a hundredth; what lies outside stands at the nearest edge.
    pub(super) fn at(&self, moment: DateTime<Utc>) -> i64 {
        let day = hall_date(moment);
        let passed = self.days.iter().take_while(|one| **one < day).count();
        let passed = i64::try_from(passed).unwrap_or(0);
        let within = if self.days.contains(&day) {
            (minute_of(moment) - self.first).clamp(0, self.of_day())
        } else {
            0
        };
        let whole = i64::try_from(self.days.len()).unwrap_or(1).max(1) * self.of_day();
        (passed * self.of_day() + within) * WHOLE / whole
    }

    /// Whether the moment stands on the chart and not at its edge.
    pub(super) fn shows(&self, moment: DateTime<Utc>) -> bool {
        let minute = minute_of(moment);
        self.days.contains(&hall_date(moment)) && (self.first..=self.last).contains(&minute)
    }

    /// Left end and width of a span; `None` where nothing of it is seen.
    pub(super) fn cut(&self, span: Span) -> Option<(i64, i64)> {
        let (from, to) = (self.at(span.from), self.at(span.to));
        (to > from).then_some((from, to - from))
    }

    /// Whole hours of a day on the chart.
    pub(super) fn hours(&self) -> impl Iterator<Item = i64> + use<> {
        self.first / 60..=self.last / 60
    }

    /// Where an hour of a day stands.
    pub(super) fn at_hour(&self, day: NaiveDate, hour: i64) -> i64 {
        let passed = self.days.iter().take_while(|one| **one < day).count();
        let passed = i64::try_from(passed).unwrap_or(0);
        let whole = i64::try_from(self.days.len()).unwrap_or(1).max(1) * self.of_day();
        (passed * self.of_day() + (hour * 60 - self.first).clamp(0, self.of_day())) * WHOLE / whole
    }
}

fn minutes(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight() / 60)
}

fn minute_of(moment: DateTime<Utc>) -> i64 {
    minutes(moment.with_timezone(&ZONE).time())
}

/// Thousandths of a hundredth as SVG writes them: `12.5%`.
pub(super) fn percent(thousandths: i64) -> String {
    format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-03-{text}:00+08:00")).unwrap().to_utc()
    }

    fn scale(days: &[u32], spans: &[(&str, &str)]) -> Scale {
        let days = days.iter().map(|day| NaiveDate::from_ymd_opt(2026, 3, *day).unwrap()).collect();
        let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
        let hours = Hours { opens: time(8, 30), closes: time(17, 0) };
        Scale::new(days, hours, spans.iter().map(|(from, to)| Span::new(at(from), at(to))))
    }

    #[test]
    fn a_day_has_its_hours_and_what_begins_or_ends_outside_them() {
        let day = scale(&[16], &[]);
        assert_eq!((day.first, day.last), (7 * 60, 18 * 60));
        let late = scale(&[16], &[("16T17:00", "16T19:10"), ("15T17:00", "16T05:30")]);
        assert_eq!(
            (late.first, late.last),
            (7 * 60, 20 * 60),
            "the night before ends here but does not begin here"
        );
        assert_eq!(scale(&[16], &[("16T18:00", "17T00:00")]).last, 24 * 60);
        assert_eq!(scale(&[16], &[("16T05:59", "16T07:00")]).first, 5 * 60);
    }

    #[test]
    fn moments_stand_in_their_day_and_never_leave_the_chart() {
        let week = scale(&[16, 17], &[]);
        assert_eq!(week.at(at("16T07:00")), 0);
        assert_eq!(week.at(at("16T12:30")), 25_000);
        assert_eq!(week.at(at("16T23:00")), 50_000, "the night stands between two days");
        assert_eq!(week.at(at("17T03:00")), 50_000);
        assert_eq!(week.at(at("17T12:30")), 75_000);
        assert_eq!(week.at(at("15T12:00")), 0);
        assert_eq!(week.at(at("18T12:00")), 100_000);
        assert_eq!(week.cut(Span::new(at("16T19:00"), at("17T06:00"))), None);
        assert_eq!(week.cut(Span::new(at("16T12:30"), at("17T12:30"))), Some((25_000, 50_000)));
        assert!(week.shows(at("16T07:00")) && !week.shows(at("16T19:00")) && !week.shows(at("18T12:00")));
        assert_eq!(percent(week.at_hour(NaiveDate::from_ymd_opt(2026, 3, 17).unwrap(), 18)), "100.000%");
        assert_eq!(percent(1_005), "1.005%");
    }
}
