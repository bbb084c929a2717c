//! The working-day calendar: which day is worked, by the yearly arrangement of the State Council.
//!
//! Invariant: a year is either wholly known or absent, and an absent year is an error, never a guess (CNT-8).

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::Deserialize;
use toml::Spanned;

use crate::{
    kernel::Say,
    platform::policy_file::{PolicyError, PolicyFile},
};

use super::counting::CannotCount;

/// What the calendar says of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind<'a> {
    /// An ordinary working day, Monday to Friday.
    Working,
    /// A Saturday or Sunday that is worked, and the holiday it makes up for.
    MakeUp(&'a Say),
    /// An ordinary Saturday or Sunday.
    Weekend,
    /// A day off by the yearly arrangement, with its holiday.
    Holiday(&'a Say),
}

impl DayKind<'_> {
    /// Whether the day is worked.
    pub fn works(self) -> bool {
        matches!(self, Self::Working | Self::MakeUp(_))
    }
}

/// One year of the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarYear {
    /// The year.
    pub year: i32,
    /// Edition of the file, shown beside computed dates.
    pub version: String,
    /// The notice that arranges the year.
    pub source: Say,
    off: BTreeMap<NaiveDate, Say>,
    work: BTreeMap<NaiveDate, Say>,
}

impl CalendarYear {
    fn kind(&self, date: NaiveDate) -> DayKind<'_> {
        if let Some(holiday) = self.off.get(&date) {
            DayKind::Holiday(holiday)
        } else if let Some(holiday) = self.work.get(&date) {
            DayKind::MakeUp(holiday)
        } else if is_weekend(date) {
            DayKind::Weekend
        } else {
            DayKind::Working
        }
    }

    /// Every day of the year, and whether it is worked.
    pub fn days(&self) -> impl Iterator<Item = (NaiveDate, bool)> {
        let first = NaiveDate::from_ymd_opt(self.year, 1, 1);
        let days = first.into_iter().flat_map(|first| first.iter_days());
        days.take_while(|day| day.year() == self.year).map(|day| (day, self.kind(day).works()))
    }

    /// Number of working days of the year.
    pub fn working_days(&self) -> usize {
        self.days().filter(|(_, works)| *works).count()
    }

    /// Days off by the arrangement, with their holidays.
    pub fn off(&self) -> impl Iterator<Item = (NaiveDate, &Say)> {
        self.off.iter().map(|(date, name)| (*date, name))
    }

    /// Saturdays and Sundays that are worked, with the holidays they make up for.
    pub fn worked(&self) -> impl Iterator<Item = (NaiveDate, &Say)> {
        self.work.iter().map(|(date, name)| (*date, name))
    }

    /// Reads and checks one file of `config/calendar/`.
    ///
    /// # Errors
    /// Days outside the year, a holiday twice, a make-up day that is no weekend or is off, a wrong total.
    pub fn read(file: &PolicyFile) -> Result<Self, PolicyError> {
        let raw: RawYear = file.parse()?;
        let mut year = Self {
            year: *raw.year.get_ref(),
            version: raw.version,
            source: raw.source,
            off: BTreeMap::new(),
            work: BTreeMap::new(),
        };
        for (at, range) in raw.off.into_iter().enumerate() {
            year.add_off(file, at, range)?;
        }
        for (at, day) in raw.work.into_iter().enumerate() {
            year.add_work(file, at, day)?;
        }
        let (declared, found) = (*raw.working_days.get_ref(), year.working_days());
        if declared != found {
            let why = format!("says {declared} working days, but the days listed leave {found}");
            return Err(file.error_at(raw.working_days.span(), "workingDays", why));
        }
        Ok(year)
    }

    fn add_off(&mut self, file: &PolicyFile, at: usize, range: RawOff) -> Result<(), PolicyError> {
        let (from, to) = (*range.from.get_ref(), *range.to.get_ref());
        let wrong = |key: &str, why: String| {
            let span = if key == "to" { range.to.span() } else { range.from.span() };
            file.error_at(span, &format!("off[{at}].{key}"), why)
        };
        if to < from {
            return Err(wrong("to", format!("the holiday ends on {to}, before it starts on {from}")));
        }
        for (key, day) in [("from", from), ("to", to)] {
            if day.year() != self.year {
                return Err(wrong(key, format!("{day} does not lie in {}", self.year)));
            }
        }
        for day in from.iter_days().take_while(|day| *day <= to) {
            if self.off.insert(day, range.name.clone()).is_some() {
                return Err(wrong("from", format!("{day} is off twice")));
            }
        }
        Ok(())
    }

    fn add_work(&mut self, file: &PolicyFile, at: usize, raw: RawWork) -> Result<(), PolicyError> {
        let day = *raw.date.get_ref();
        let wrong = if day.year() != self.year {
            Some(format!("{day} does not lie in {}", self.year))
        } else if !is_weekend(day) {
            Some(format!("{day} is no Saturday or Sunday, so it is worked anyway"))
        } else if self.off.contains_key(&day) {
            Some(format!("{day} is listed as off and as worked"))
        } else if self.work.contains_key(&day) {
            Some(format!("{day} is listed twice"))
        } else {
            None
        };
        match wrong {
            Some(why) => Err(file.error_at(raw.date.span(), &format!("work[{at}].date"), why)),
            None => {
                self.work.insert(day, raw.name);
                Ok(())
            }
        }
    }
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawYear {
    year: Spanned<i32>,
    version: String,
    source: Say,
    working_days: Spanned<usize>,
    off: Vec<RawOff>,
    work: Vec<RawWork>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOff {
    from: Spanned<NaiveDate>,
    to: Spanned<NaiveDate>,
    name: Say,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWork {
    date: Spanned<NaiveDate>,
    name: Say,
}

/// All years the hall knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<i32, CalendarYear>,
}

impl Calendar {
    /// Adds a year; `false` if that year was known already.
    pub fn add(&mut self, year: CalendarYear) -> bool {
        self.years.insert(year.year, year).is_none()
    }

    /// One year of the calendar, if it is published.
    pub fn year(&self, year: i32) -> Option<&CalendarYear> {
        self.years.get(&year)
    }

    /// All published years, in order.
    pub fn years(&self) -> impl Iterator<Item = &CalendarYear> {
        self.years.values()
    }

    /// What the calendar says of `date`.
    ///
    /// # Errors
    /// [`CannotCount::CalendarUnavailable`] for a year that is not published (CNT-8).
    pub fn day(&self, date: NaiveDate) -> Result<DayKind<'_>, CannotCount> {
        let year = self.years.get(&date.year());
        Ok(year.ok_or(CannotCount::CalendarUnavailable { year: date.year() })?.kind(date))
    }

    /// Whether `date` is worked.
    ///
    /// # Errors
    /// [`CannotCount::CalendarUnavailable`] for a year that is not published.
    pub fn works(&self, date: NaiveDate) -> Result<bool, CannotCount> {
        Ok(self.day(date)?.works())
    }

    /// `date` itself if it is worked, else the next day that is.
    ///
    /// # Errors
    /// [`CannotCount::CalendarUnavailable`] when the search leaves the published years.
    pub fn first_working_from(&self, date: NaiveDate) -> Result<NaiveDate, CannotCount> {
        let mut day = date;
        while !self.works(day)? {
            day = day
                .checked_add_days(Days::new(1))
                .ok_or(CannotCount::CalendarUnavailable { year: day.year() })?;
        }
        Ok(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> PolicyFile {
        PolicyFile { name: "config/calendar/2025.toml".into(), text: text.into() }
    }

    fn built_in(name: &str) -> PolicyFile {
        let (path, text) = super::super::BUILT_IN.iter().find(|(path, _)| *path == name).unwrap();
        PolicyFile { name: format!("config/{path}"), text: (*text).to_owned() }
    }

    #[test]
    fn each_year_has_its_number_of_working_days() {
        for (year, days) in [(2015, 249), (2024, 251), (2025, 248), (2026, 248)] {
            let read = CalendarYear::read(&built_in(&format!("calendar/{year}.toml"))).unwrap();
            assert_eq!((read.year, read.working_days()), (year, days));
        }
    }

    /// 2025 and 2026 were entered from the notices; that an independent list says the same of them is why it is
    /// believed for 2015 and 2024.
    #[test]
    fn an_independent_list_says_the_same_of_every_day() {
        let list = include_str!("../../tests/data/chinesecalendar-1.11.0.csv");
        let mut named: BTreeMap<NaiveDate, bool> = BTreeMap::new();
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let (day, kind) = line.split_once(',').unwrap();
            named.insert(day.parse().unwrap(), kind == "work");
        }
        for year in [2015, 2024, 2025, 2026] {
            let read = CalendarYear::read(&built_in(&format!("calendar/{year}.toml"))).unwrap();
            let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            for day in first.iter_days().take_while(|day| day.year() == year) {
                let works = named.get(&day).copied().unwrap_or(!is_weekend(day));
                assert_eq!(read.kind(day).works(), works, "{day}");
            }
        }
    }

    #[test]
    fn contradictions_name_file_line_and_key() {
        let text = built_in("calendar/2025.toml").text;
        let cases = [
            (("workingDays = 248", "workingDays = 250"), ":5: key `workingDays`: says 250 working days"),
            (
                ("to = \"2025-01-01\"", "to = \"2024-12-31\""),
                ":9: key `off[0].to`: the holiday ends on 2024-12-31",
            ),
            (
                ("from = \"2025-01-28\"", "from = \"2025-01-01\""),
                ":13: key `off[1].from`: 2025-01-01 is off twice",
            ),
            (
                ("date = \"2025-01-26\"", "date = \"2025-01-27\""),
                ":38: key `work[0].date`: 2025-01-27 is no Saturday",
            ),
            (
                ("date = \"2025-01-26\"", "date = \"2025-02-01\""),
                ":38: key `work[0].date`: 2025-02-01 is listed as off",
            ),
            (
                ("date = \"2025-01-26\"", "date = \"2026-01-04\""),
                ":38: key `work[0].date`: 2026-01-04 does not lie in",
            ),
            (("date = \"2025-01-26\"", "date = \"2025-01-32\""), ":38: key `work[0].date`: "),
        ];
        for ((old, new), expected) in cases {
            let error = CalendarYear::read(&file(&text.replacen(old, new, 1))).unwrap_err().to_string();
            assert!(error.starts_with(&format!("config/calendar/2025.toml{expected}")), "{error}");
        }
    }
}
