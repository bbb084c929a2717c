//! A day plan asked for over HTTP: many requests at once, on empty rooms, without taking any. What is planned is
//! booked by those who asked, as any other slot.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    identity::{Action, Object, authorize},
    jurisdiction::model::RoomKind,
    kernel::{Actor, Problem, Rejection, Say, id::RoomId, time},
    rooms::{
        case::Policy,
        model::{Buffers, Span},
        planning::{self, Wanted},
        store,
    },
};

/// Requests of one plan.
const MOST_REQUESTS: usize = 500;

/// Body of `POST /api/v1/rooms/day-plans`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDayPlan {
    /// Centre, such as `152500`.
    pub centre: String,
    /// What is asked for, in the order of coming: where not all can be had, the last are left out.
    #[schema(min_items = 1, max_items = 500)]
    pub requests: Vec<DayRequest>,
}

/// One request of a day.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DayRequest {
    /// Kind of room.
    pub kind: RoomKind,
    /// Start.
    #[serde(deserialize_with = "time::read")]
    pub from: DateTime<Utc>,
    /// End, not itself in the slot; at most 31 days later.
    #[serde(deserialize_with = "time::read")]
    pub to: DateTime<Utc>,
    /// People the room must hold.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub capacity: Option<i32>,
}

/// Rooms for the requests of a day.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayPlan {
    /// The room of each request, in their order; null where none is left.
    pub rooms: Vec<Option<RoomId>>,
    /// Rooms used, summed over the stretches of time in which some room of the kind is always taken.
    pub rooms_used: usize,
    /// Whether it is proven that no plan for the same requests uses fewer.
    pub optimal: bool,
}

/// Gives the requests of a day as few rooms as possible.
///
/// # Errors
/// 401, 403, 404 for an unknown centre, 422 with pointers.
pub async fn plan(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    new: &NewDayPlan,
) -> Result<DayPlan, Problem> {
    authorize(actor, Action::RoomAvailability, &Object::none())?;
    let centre = policy.jurisdiction.centre(&new.centre).ok_or_else(Rejection::not_found)?;
    let wanted = check(&new.requests)?;
    let rooms = store::list(conn, Some(&centre.code)).await?;
    let plan = planning::plan(&wanted, &rooms, Buffers::of(&centre.settings));
    Ok(DayPlan { rooms: plan.rooms, rooms_used: plan.used, optimal: plan.optimal })
}

fn check(requests: &[DayRequest]) -> Result<Vec<Wanted>, Rejection> {
    if !(1..=MOST_REQUESTS).contains(&requests.len()) {
        let detail = Say::new(
            format!("须有 1 至 {MOST_REQUESTS} 项申请。"),
            format!("A plan has 1 to {MOST_REQUESTS} requests."),
        );
        return Err(Rejection::at("/requests", "length", detail));
    }
    let wanted = requests.iter().enumerate().map(|(place, request)| {
        let capacity = request.capacity.unwrap_or(1);
        if request.to <= request.from || request.to > request.from + chrono::TimeDelta::days(31) {
            let detail =
                Say::new("结束须晚于开始，且至多 31 日。", "It ends after its start, at most 31 days later.");
            return Err(Rejection::at(format!("/requests/{place}/to"), "out-of-range", detail));
        }
        if capacity < 1 {
            let detail = Say::new("至少 1 人。", "At least 1.");
            return Err(Rejection::at(format!("/requests/{place}/capacity"), "out-of-range", detail));
        }
        Ok(Wanted { kind: request.kind, during: Span::new(request.from, request.to), capacity })
    });
    wanted.collect()
}
