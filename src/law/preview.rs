//! The deadlines preview: what a period counted from a day comes to, for anybody.

use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::kernel::{
    Problem, Rejection, Say,
    time::{self, in_hall_zone},
};

use super::{
    book::Law,
    counting::{CountedDay, Direction, Place, Unit, length_sentence},
};

/// Years a period may touch: from the Republic's first whole one to the last whose end RFC 3339 can write.
const YEARS: RangeInclusive<i32> = 1950..=9998;

/// A period to count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"from": "2026-02-11", "length": 1, "unit": "workingDay"}))]
pub struct DeadlineRequest {
    /// The day the period runs from; it is not counted itself.
    #[serde(deserialize_with = "time::read")]
    pub from: NaiveDate,
    /// How many units: 1 to 3660 days, 1200 months or 100 years.
    #[schema(minimum = 1, maximum = 3660)]
    pub length: i64,
    /// What is counted.
    pub unit: Unit,
    /// Which way; forward if absent.
    #[serde(default)]
    pub direction: Direction,
    /// Where the act is done; on line if absent. At a counter the last day ends with the centre's business hours.
    #[serde(default)]
    pub place: Place,
}

/// The counted period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadlineAnswer {
    /// The last day.
    pub ends_on: NaiveDate,
    /// 24:00 of that day, as 00:00 of the next, in the business zone (RFC 3339); at a counter when business hours end.
    #[schema(format = DateTime, example = "2026-02-13T00:00:00+08:00")]
    pub ends_at: String,
    /// Every day gone through, with its reason.
    pub counted: Vec<CountedDay>,
}

/// Counts the period asked for.
///
/// # Errors
/// `invalid-request` for a length or a year that cannot be counted; `calendar-unavailable` for a year without calendar.
pub fn preview(law: &Law, request: &DeadlineRequest) -> Result<DeadlineAnswer, Problem> {
    let most = request.unit.most();
    let length = u32::try_from(request.length)
        .ok()
        .filter(|length| (1..=most).contains(length))
        .ok_or_else(|| Rejection::at("/length", "out-of-range", length_sentence(most)))?;
    within_years(request.from)?;
    let counted = law.count(request.from, length, request.unit, request.direction)?;
    within_years(counted.ends_on)?;
    let ends_at = in_hall_zone(law.end_of(&counted, request.direction, request.place)?);
    Ok(DeadlineAnswer { ends_on: counted.ends_on, ends_at, counted: counted.counted })
}

fn within_years(day: NaiveDate) -> Result<(), Rejection> {
    if YEARS.contains(&day.year()) {
        return Ok(());
    }
    let (first, last) = (YEARS.start(), YEARS.end());
    let detail = Say::new(
        format!("期间须在 {first} 年至 {last} 年之内。"),
        format!("The period must lie within the years {first} to {last}."),
    );
    Err(Rejection::at("/from", "out-of-range", detail))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{kernel::Code, platform::policy_file::PolicySource};

    fn ask(request: Value) -> Result<Value, Problem> {
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        let request = serde_json::from_value(request).unwrap();
        preview(&law, &request).map(|answer| serde_json::to_value(answer).unwrap())
    }

    #[test]
    fn the_contracts_example_is_answered() {
        let answer = ask(json!({"from": "2026-02-11", "length": 1, "unit": "workingDay"})).unwrap();
        assert_eq!(answer["endsOn"], "2026-02-12");
        assert_eq!(answer["endsAt"], "2026-02-13T00:00:00+08:00");
        assert_eq!(answer["counted"][1]["date"], "2026-02-12");
        assert_eq!(answer["counted"][1]["why"], "workingDay");
        let back =
            json!({"from": "2026-03-20", "length": 15, "unit": "calendarDay", "direction": "backward"});
        assert_eq!(ask(back).unwrap()["endsOn"], "2026-03-05");
    }

    #[test]
    fn an_act_at_a_counter_ends_with_business_hours_on_a_day_that_is_worked() {
        let at = |from: &str, length: u32, unit: &str, direction: &str| {
            ask(json!({"from": from, "length": length, "unit": unit, "direction": direction, "place": "counter"}))
                .map(|answer| answer["endsAt"].clone())
        };
        assert_eq!(at("2026-02-11", 1, "workingDay", "forward").unwrap(), "2026-02-12T17:30:00+08:00");
        // 2026-03-14 is a Saturday: a forward period rolls to Monday, a backward one leaves Friday.
        assert_eq!(at("2026-03-11", 3, "calendarDay", "forward").unwrap(), "2026-03-16T17:30:00+08:00");
        assert_eq!(at("2026-03-24", 10, "calendarDay", "backward").unwrap(), "2026-03-13T17:30:00+08:00");
        assert_eq!(at("2025-01-06", 5, "calendarDay", "backward").unwrap(), "2024-12-31T17:30:00+08:00");
        assert!(at("2024-01-04", 4, "calendarDay", "backward").is_err(), "2023 has no calendar");
    }

    #[test]
    fn what_cannot_be_counted_is_refused_by_name() {
        for length in [0, -1, 10_000, i64::MAX, i64::MIN] {
            let refused = ask(json!({"from": "2026-02-11", "length": length, "unit": "workingDay"}));
            let Err(Problem::Rejection(rejection)) = refused else { panic!("{refused:?}") };
            assert_eq!(
                (rejection.code, rejection.errors[0].pointer.as_str()),
                (Code::InvalidRequest, "/length")
            );
        }
        for from in ["0025-11-17", "1990-11-17", "9999-11-17"] {
            let asked = json!({"from": from, "length": 594, "unit": "month", "direction": "backward"});
            let Err(Problem::Rejection(rejection)) = ask(asked) else { panic!("{from} is counted") };
            assert_eq!(rejection.errors[0].pointer, "/from");
        }
        let refused = ask(json!({"from": "2026-12-31", "length": 1, "unit": "workingDay"})).unwrap_err();
        assert_eq!((refused.code(), refused.code().status()), (Code::CalendarUnavailable, 422));
        let no_day = json!({"from": "2026-02-29", "length": 1, "unit": "workingDay"});
        assert!(serde_json::from_value::<DeadlineRequest>(no_day).is_err(), "2026 has no 29 February");
        let unknown = json!({"from": "2026-12-31", "length": 1, "unit": "workingDay", "roll": true});
        assert!(serde_json::from_value::<DeadlineRequest>(unknown).is_err());
    }
}
