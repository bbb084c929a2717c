//! Counting periods: CNT-1 to CNT-7 as one pure function of a calendar.
//!
//! - The day a period starts from is not counted; day 1 is the next day (民法典 201; 财政部令第87号 85).
//! - A period of calendar days, months or years whose last day is no working day ends on the first working
//!   day after it (民法典 203; 财政部令第87号 85).
//! - Working days are those of the yearly arrangement, made-up weekends included (行政许可法 82).
//! - A limit counted backwards does not move: the two dates must lie at least that many days apart.
//! - A month or year ends on the day of the same number, else on the month's last day (民法典 202).
//! - A period ends at 24:00 in Asia/Shanghai; of an act at a counter when business hours end (民法典 203).

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::{
    Code, Problem, Rejection, Say,
    time::{end_of_day, hall_instant},
};

use super::calendar::{Calendar, DayKind};

/// What a period is counted in.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    strum::AsRefStr,
    strum::Display,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Unit {
    /// 工作日, by the State Council's calendar.
    WorkingDay,
    /// 日, every day.
    CalendarDay,
    /// 月
    Month,
    /// 年
    Year,
}

impl Unit {
    /// The longest period that is counted: ten years of days, a century of months or years.
    pub fn most(self) -> u32 {
        match self {
            Self::WorkingDay | Self::CalendarDay => 3660,
            Self::Month => 1200,
            Self::Year => 100,
        }
    }

    /// The unit's word, for sentences with a number before it.
    pub fn word(self) -> Say {
        match self {
            Self::WorkingDay => Say::new("个工作日", "working day(s)"),
            Self::CalendarDay => Say::new("日", "calendar day(s)"),
            Self::Month => Say::new("个月", "month(s)"),
            Self::Year => Say::new("年", "year(s)"),
        }
    }
}

/// Which way a period runs from its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// 自……之日起: towards the future.
    #[default]
    Forward,
    /// ……之日前: towards the past, such as "15 days before the deadline".
    Backward,
}

/// Where the act is done that a period is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// On line: the last day ends at 24:00.
    #[default]
    Online,
    /// At a counter: the last day ends with business hours, on a day that is worked.
    Counter,
}

/// Over which days the end of a forward period of calendar days, months or years moves on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Roll {
    /// Not at all.
    Never,
    /// Over days off by the yearly arrangement, not over ordinary weekends.
    Holidays,
    /// Over every day that is not worked.
    HolidaysAndWeekends,
}

/// Why a day of the count does or does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// The day the period starts from.
    StartDay,
    /// A calendar day, whatever its kind.
    CalendarDay,
    /// Monday to Friday, worked.
    WorkingDay,
    /// A weekend day worked in exchange for a holiday.
    MakeUpWorkDay,
    /// An ordinary Saturday or Sunday.
    Weekend,
    /// A holiday of the yearly arrangement.
    Holiday,
    /// The last day of a period of months or years.
    LastDay,
    /// The day to which the end moved.
    RolledTo,
}

/// One day of the count, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountedDay {
    /// The day.
    pub date: NaiveDate,
    /// Whether it counts towards the length.
    pub counts: bool,
    /// Why, for machines.
    pub why: Why,
    /// Why, for people; names the holiday.
    pub note: Say,
}

/// A period, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The last day (counting backwards: the day that lies far enough back).
    pub ends_on: NaiveDate,
    /// 24:00 of that day in the business zone.
    pub ends_at: DateTime<Utc>,
    /// The days gone through, in the order of the count; of months and years only the last day, and the
    /// days over which it moved.
    pub counted: Vec<CountedDay>,
}

impl Counted {
    /// The end at a counter that closes at `closes`. Where the last day is not worked, as may be when it is counted
    /// backwards or weekends move nothing, the counter is open last on the nearest working day in the direction of
    /// the count's care: before it when the act must come early enough, after it when a period has to run out.
    ///
    /// # Errors
    /// [`CannotCount::CalendarUnavailable`] when the search leaves the published years.
    pub fn at_counter(
        &self,
        calendar: &Calendar,
        direction: Direction,
        closes: NaiveTime,
    ) -> Result<DateTime<Utc>, CannotCount> {
        let mut day = self.ends_on;
        while !calendar.works(day)? {
            day = step(day, direction)?;
        }
        Ok(hall_instant(day, closes))
    }
}

/// Why a period cannot be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotCount {
    /// CNT-8: the arrangement of the year is not published (or not in the configuration).
    #[error("no working-day calendar for {year}")]
    CalendarUnavailable {
        /// The year that is missing.
        year: i32,
    },
    /// A length of zero, or one beyond [`Unit::most`].
    #[error("a length of {length} is outside 1 to {most}")]
    Length {
        /// The length asked for.
        length: u32,
        /// The longest possible.
        most: u32,
    },
}

impl From<CannotCount> for Problem {
    fn from(why: CannotCount) -> Self {
        let rejection = match why {
            CannotCount::CalendarUnavailable { year } => Rejection::new(
                Code::CalendarUnavailable,
                Say::new(
                    format!("{year}年的工作日历尚未公布，不作推算。"),
                    format!("The working-day calendar of {year} is not published; the hall does not guess."),
                ),
            ),
            CannotCount::Length { most, .. } => {
                Rejection::at("/length", "out-of-range", length_sentence(most))
            }
        };
        rejection.into()
    }
}

/// What is said of a length outside 1 to `most`.
pub(super) fn length_sentence(most: u32) -> Say {
    Say::new(
        format!("期限长度须为 1 至 {most} 之间的整数。"),
        format!("The length must be a whole number from 1 to {most}."),
    )
}

/// Counts a period of `length` `unit`s from `from`, which itself is not counted.
///
/// `roll` moves the end only of forward periods of calendar days, months and years (CNT-3, CNT-5).
///
/// # Errors
/// A length outside 1 to [`Unit::most`], or a year whose calendar the answer depends on and is absent.
pub fn count(
    calendar: &Calendar,
    from: NaiveDate,
    length: u32,
    unit: Unit,
    direction: Direction,
    roll: Roll,
) -> Result<Counted, CannotCount> {
    let most = unit.most();
    if length == 0 || length > most {
        return Err(CannotCount::Length { length, most });
    }
    let mut counted = vec![day(from, false, Why::StartDay, None)];
    let last = match unit {
        Unit::WorkingDay => working_days(calendar, from, length, direction, &mut counted)?,
        Unit::CalendarDay => calendar_days(from, length, direction, &mut counted)?,
        Unit::Month => months(from, length, direction, &mut counted)?,
        Unit::Year => months(from, length.saturating_mul(12), direction, &mut counted)?,
    };
    let rolls = direction == Direction::Forward && unit != Unit::WorkingDay;
    let ends_on = if rolls { roll_over(calendar, last, roll, &mut counted)? } else { last };
    Ok(Counted { ends_on, ends_at: end_of_day(ends_on), counted })
}

fn working_days(
    calendar: &Calendar,
    from: NaiveDate,
    length: u32,
    direction: Direction,
    counted: &mut Vec<CountedDay>,
) -> Result<NaiveDate, CannotCount> {
    let (mut at, mut left) = (from, length);
    while left > 0 {
        at = step(at, direction)?;
        let kind = calendar.day(at)?;
        left -= u32::from(kind.works());
        counted.push(of_kind(at, kind.works(), kind));
    }
    Ok(at)
}

fn calendar_days(
    from: NaiveDate,
    length: u32,
    direction: Direction,
    counted: &mut Vec<CountedDay>,
) -> Result<NaiveDate, CannotCount> {
    let mut at = from;
    for _ in 0..length {
        at = step(at, direction)?;
        counted.push(day(at, true, Why::CalendarDay, None));
    }
    Ok(at)
}

fn months(
    from: NaiveDate,
    length: u32,
    direction: Direction,
    counted: &mut Vec<CountedDay>,
) -> Result<NaiveDate, CannotCount> {
    // chrono's month arithmetic keeps the day's number and falls back to the month's end: CNT-6.
    let last = match direction {
        Direction::Forward => from.checked_add_months(Months::new(length)),
        Direction::Backward => from.checked_sub_months(Months::new(length)),
    };
    let last = last.ok_or(CannotCount::CalendarUnavailable { year: from.year() })?;
    counted.push(day(last, true, Why::LastDay, None));
    Ok(last)
}

fn roll_over(
    calendar: &Calendar,
    last: NaiveDate,
    roll: Roll,
    counted: &mut Vec<CountedDay>,
) -> Result<NaiveDate, CannotCount> {
    let rests = |kind: DayKind<'_>| match roll {
        Roll::Never => false,
        Roll::Holidays => matches!(kind, DayKind::Holiday(_)),
        Roll::HolidaysAndWeekends => !kind.works(),
    };
    if roll == Roll::Never || !rests(calendar.day(last)?) {
        return Ok(last);
    }
    if let Some(entry) = counted.last_mut() {
        *entry = of_kind(last, true, calendar.day(last)?);
    }
    let mut at = step(last, Direction::Forward)?;
    while rests(calendar.day(at)?) {
        counted.push(of_kind(at, false, calendar.day(at)?));
        at = step(at, Direction::Forward)?;
    }
    counted.push(day(at, false, Why::RolledTo, None));
    Ok(at)
}

fn step(at: NaiveDate, direction: Direction) -> Result<NaiveDate, CannotCount> {
    let next = match direction {
        Direction::Forward => at.succ_opt(),
        Direction::Backward => at.pred_opt(),
    };
    next.ok_or(CannotCount::CalendarUnavailable { year: at.year() })
}

fn of_kind(date: NaiveDate, counts: bool, kind: DayKind<'_>) -> CountedDay {
    match kind {
        DayKind::Working => day(date, counts, Why::WorkingDay, None),
        DayKind::MakeUp(holiday) => day(date, counts, Why::MakeUpWorkDay, Some(holiday)),
        DayKind::Weekend => day(date, counts, Why::Weekend, None),
        DayKind::Holiday(holiday) => day(date, counts, Why::Holiday, Some(holiday)),
    }
}

fn day(date: NaiveDate, counts: bool, why: Why, holiday: Option<&Say>) -> CountedDay {
    let (zh, en) = match why {
        Why::StartDay => ("起算日，不计入", "start day, not counted"),
        Why::CalendarDay => ("计入", "counts"),
        Why::WorkingDay => ("工作日", "working day"),
        Why::MakeUpWorkDay => ("调休上班日", "worked in exchange for a holiday"),
        Why::Weekend => ("周末", "weekend"),
        Why::Holiday => ("法定休假日", "holiday"),
        Why::LastDay => ("期间届满之日", "last day of the period"),
        Why::RolledTo => ("届满日顺延至此日", "the end moves to this day"),
    };
    let note = match holiday {
        Some(name) => Say::new(format!("{zh}（{}）", name.zh), format!("{en} ({})", name.en)),
        None => Say::new(zh, en),
    };
    CountedDay { date, counts, why, note }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{law::Law, platform::policy_file::PolicySource};

    fn law() -> Law {
        Law::load(&PolicySource::BuiltIn).unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn ends(from: &str, length: u32, unit: Unit, direction: Direction) -> String {
        law().count(date(from), length, unit, direction).unwrap().ends_on.to_string()
    }

    #[test]
    fn the_date_vectors_come_out() {
        use Direction::{Backward, Forward};
        use Unit::{CalendarDay, WorkingDay};
        let vectors = [
            ("DT-1", "2025-09-15", 20, CalendarDay, Forward, "2025-10-09"),
            ("DT-2", "2026-03-02", 20, CalendarDay, Forward, "2026-03-23"),
            ("DT-4", "2026-03-11", 3, CalendarDay, Forward, "2026-03-16"),
            ("DT-6 clarification", "2026-03-20", 15, CalendarDay, Backward, "2026-03-05"),
            ("DT-6 objection", "2026-03-20", 10, CalendarDay, Backward, "2026-03-10"),
            ("DT-10", "2026-01-20", 30, CalendarDay, Forward, "2026-02-24"),
            ("DT-11 publish", "2026-04-30", 2, WorkingDay, Forward, "2026-05-07"),
            ("DT-11 file", "2026-04-30", 7, WorkingDay, Forward, "2026-05-13"),
            ("DT-13", "2026-04-30", 3, WorkingDay, Forward, "2026-05-08"),
            ("DT-14", "2026-04-28", 10, CalendarDay, Forward, "2026-05-08"),
            ("DT-19 short", "2026-04-29", 8, WorkingDay, Forward, "2026-05-13"),
            ("DT-19 long", "2026-04-29", 29, WorkingDay, Forward, "2026-06-11"),
            ("over the new year", "2025-12-31", 1, WorkingDay, Forward, "2026-01-04"),
            ("a made-up Saturday", "2026-02-13", 1, WorkingDay, Forward, "2026-02-14"),
            ("working days back", "2026-02-24", 2, WorkingDay, Backward, "2026-02-13"),
        ];
        for (name, from, length, unit, direction, expected) in vectors {
            assert_eq!(ends(from, length, unit, direction), expected, "{name}");
        }
    }

    #[test]
    fn months_and_years_end_on_the_same_number_or_the_months_end() {
        use Direction::Forward;
        assert_eq!(ends("2026-01-31", 1, Unit::Month, Forward), "2026-02-28");
        assert_eq!(ends("2024-01-31", 1, Unit::Month, Forward), "2024-02-29");
        assert_eq!(ends("2024-02-29", 1, Unit::Year, Forward), "2025-02-28");
        assert_eq!(ends("2024-02-28", 1, Unit::CalendarDay, Forward), "2024-02-29");
        assert_eq!(ends("2025-03-12", 1, Unit::Year, Forward), "2026-03-12");
        // 2026-06-20 is a Saturday within the Dragon Boat Festival.
        assert_eq!(ends("2026-03-20", 3, Unit::Month, Forward), "2026-06-22");
        assert_eq!(ends("2026-03-31", 1, Unit::Month, Direction::Backward), "2026-02-28");
    }

    #[test]
    fn every_day_on_the_way_says_why() {
        let counted = law().count(date("2026-02-11"), 3, Unit::CalendarDay, Direction::Forward).unwrap();
        assert_eq!(counted.ends_at.to_rfc3339(), "2026-02-14T16:00:00+00:00");
        let counted = law().count(date("2026-03-11"), 3, Unit::CalendarDay, Direction::Forward).unwrap();
        let days: Vec<_> =
            counted.counted.iter().map(|day| (day.date.to_string(), day.counts, day.why)).collect();
        let expected = [
            ("2026-03-11", false, Why::StartDay),
            ("2026-03-12", true, Why::CalendarDay),
            ("2026-03-13", true, Why::CalendarDay),
            ("2026-03-14", true, Why::Weekend),
            ("2026-03-15", false, Why::Weekend),
            ("2026-03-16", false, Why::RolledTo),
        ]
        .map(|(date, counts, why)| (date.to_owned(), counts, why));
        assert_eq!(days, expected);
        let counted = law().count(date("2026-04-30"), 1, Unit::WorkingDay, Direction::Forward).unwrap();
        assert_eq!(counted.counted[1].note, Say::new("法定休假日（劳动节）", "holiday (Labour Day)"));
    }

    #[test]
    fn the_end_may_stay_on_a_weekend_where_only_holidays_roll() {
        let law = law();
        let count = |from: &str, roll| {
            let (from, forward) = (date(from), Direction::Forward);
            count(law.calendar(), from, 3, Unit::CalendarDay, forward, roll).unwrap().ends_on.to_string()
        };
        assert_eq!(count("2026-03-11", Roll::Holidays), "2026-03-14");
        assert_eq!(count("2026-04-30", Roll::Holidays), "2026-05-06");
        assert_eq!(count("2026-04-30", Roll::Never), "2026-05-03");
    }

    #[test]
    fn a_missing_calendar_is_said_and_never_guessed() {
        let law = law();
        let at = |from: &str, length, unit, direction| law.count(date(from), length, unit, direction);
        let missing = |year| Err(CannotCount::CalendarUnavailable { year });
        use Direction::{Backward, Forward};
        assert_eq!(at("2026-12-31", 1, Unit::WorkingDay, Forward), missing(2027));
        assert_eq!(at("2026-12-20", 20, Unit::CalendarDay, Forward), missing(2027));
        assert_eq!(at("2024-01-01", 1, Unit::WorkingDay, Backward), missing(2023));
        assert_eq!(at("2015-12-31", 1, Unit::WorkingDay, Forward), missing(2016));
        assert_eq!(at("2026-06-01", 3660, Unit::WorkingDay, Forward), missing(2027));
        // Neither end of this period asks for a calendar that is missing.
        assert_eq!(at("2023-12-20", 30, Unit::CalendarDay, Forward).unwrap().ends_on, date("2024-01-19"));
        assert_eq!(at("2027-01-20", 15, Unit::CalendarDay, Backward).unwrap().ends_on, date("2027-01-05"));
    }

    #[test]
    fn lengths_that_are_no_period_are_refused() {
        for (length, unit) in
            [(0, Unit::WorkingDay), (3661, Unit::CalendarDay), (10_000, Unit::WorkingDay), (101, Unit::Year)]
        {
            let refused = law().count(date("2026-03-02"), length, unit, Direction::Forward);
            assert_eq!(refused, Err(CannotCount::Length { length, most: unit.most() }));
        }
        let last = NaiveDate::MAX;
        let refused = law().count(last, 1, Unit::CalendarDay, Direction::Forward);
        assert_eq!(refused, Err(CannotCount::CalendarUnavailable { year: last.year() }));
    }

    /// Working or not, from two plain lists of the notices for 2025 and 2026: no code of the room is used.
    fn naive_works(day: NaiveDate) -> bool {
        const OFF: [(&str, &str); 13] = [
            ("2025-01-01", "2025-01-01"),
            ("2025-01-28", "2025-02-04"),
            ("2025-04-04", "2025-04-06"),
            ("2025-05-01", "2025-05-05"),
            ("2025-05-31", "2025-06-02"),
            ("2025-10-01", "2025-10-08"),
            ("2026-01-01", "2026-01-03"),
            ("2026-02-15", "2026-02-23"),
            ("2026-04-04", "2026-04-06"),
            ("2026-05-01", "2026-05-05"),
            ("2026-06-19", "2026-06-21"),
            ("2026-09-25", "2026-09-27"),
            ("2026-10-01", "2026-10-07"),
        ];
        const WORK: [&str; 11] = [
            "2025-01-26",
            "2025-02-08",
            "2025-04-27",
            "2025-09-28",
            "2025-10-11",
            "2026-01-04",
            "2026-02-14",
            "2026-02-28",
            "2026-05-09",
            "2026-09-20",
            "2026-10-10",
        ];
        let text = day.to_string();
        if WORK.contains(&text.as_str()) {
            return true;
        }
        let off = OFF.iter().any(|(from, to)| *from <= text.as_str() && text.as_str() <= *to);
        !off && day.weekday().number_from_monday() <= 5
    }

    fn naive_end(from: NaiveDate, length: u32, working: bool, forward: bool) -> NaiveDate {
        let sign: i64 = if forward { 1 } else { -1 };
        let day = |n: i64| from + chrono::TimeDelta::days(n * sign);
        if working {
            let reached = |n: &i64| {
                (1..=*n).filter(|m| naive_works(day(*m))).count() >= usize::try_from(length).unwrap()
            };
            return day((1..).find(reached).unwrap());
        }
        let last = i64::from(length);
        if forward { day((last..).find(|n| naive_works(day(*n))).unwrap()) } else { day(last) }
    }

    proptest! {
        #[test]
        fn counting_agrees_with_a_naive_count(
            start in 0_i64..=520, length in 1_u32..=60, working: bool, forward: bool,
        ) {
            // 60 working days either way of these days stay within the two years that are known.
            static LAW: std::sync::LazyLock<Law> = std::sync::LazyLock::new(law);
            let from = date("2025-04-10") + chrono::TimeDelta::days(start);
            let unit = if working { Unit::WorkingDay } else { Unit::CalendarDay };
            let direction = if forward { Direction::Forward } else { Direction::Backward };
            let counted = LAW.count(from, length, unit, direction).unwrap();
            prop_assert_eq!(counted.ends_on, naive_end(from, length, working, forward));
            let counting = counted.counted.iter().filter(|day| day.counts).count();
            prop_assert_eq!(counting, usize::try_from(length).unwrap());
        }
    }
}
