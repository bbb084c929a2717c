//! The deadlines preview: what a period counted from a day comes to, for anybody.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kernel::{Problem, Rejection, time::in_hall_zone};

use super::{
    book::Law,
    counting::{CountedDay, Direction, Unit, length_sentence},
};

/// A period to count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"from": "2026-02-11", "length": 1, "unit": "workingDay"}))]
pub struct DeadlineRequest {
    /// The day the period runs from; it is not counted itself.
    pub from: NaiveDate,
    /// How many units: 1 to 3660 days, 1200 months or 100 years.
    #[schema(minimum = 1, maximum = 3660)]
    pub length: i64,
    /// What is counted.
    pub unit: Unit,
    /// Which way; forward if absent.
    #[serde(default)]
    pub direction: Direction,
}

/// The counted period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadlineAnswer {
    /// The last day.
    pub ends_on: NaiveDate,
    /// 24:00 of that day, as 00:00 of the next, in the business zone (RFC 3339).
    #[schema(format = DateTime, example = "2026-02-13T00:00:00+08:00")]
    pub ends_at: String,
    /// Every day gone through, with its reason.
    pub counted: Vec<CountedDay>,
}

/// Counts the period asked for.
///
/// # Errors
/// `invalid-request` for a length that cannot be counted; `calendar-unavailable` for a year without calendar.
pub fn preview(law: &Law, request: &DeadlineRequest) -> Result<DeadlineAnswer, Problem> {
    let most = request.unit.most();
    let length = u32::try_from(request.length)
        .ok()
        .filter(|length| (1..=most).contains(length))
        .ok_or_else(|| Rejection::at("/length", "out-of-range", length_sentence(most)))?;
    let counted = law.count(request.from, length, request.unit, request.direction)?;
    let ends_at = in_hall_zone(counted.ends_at);
    Ok(DeadlineAnswer { ends_on: counted.ends_on, ends_at, counted: counted.counted })
}
