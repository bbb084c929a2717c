//! What is counted: how parties keep what they book (RM-9), and how much rooms are used (RM-20).

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    identity::{self, Action, Object, authorize},
    jurisdiction::model::RoomKind,
    kernel::{
        Actor, Problem, Rejection,
        id::{OrganisationId, RoomId},
        time::{self, hall_date, hall_instant},
    },
    rooms::{
        case::Policy,
        closures::window,
        model::{Hours, Room, Span},
        store::{self, figures},
        taking::ids_of,
    },
};

/// How an organisation has kept what it booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attendance {
    /// The organisation.
    pub organisation_id: OrganisationId,
    /// Bookings it asked for; what a change took the place of is not counted.
    pub bookings: i64,
    /// Given up by it in time.
    pub cancelled: i64,
    /// Given up by it less than one working day before the first slot: counted against it (RM-9, a setting).
    pub cancelled_late: i64,
    /// Slots that nobody came to: counted against it.
    pub no_shows: i64,
}

/// How an organisation has kept what it booked, in all its time.
///
/// # Errors
/// 401, 403 for others than the centres, the supervising bodies and itself, 404 where it does not exist.
pub async fn attendance(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    organisation: OrganisationId,
) -> Result<Attendance, Problem> {
    let own = actor.organisation() == Some(organisation);
    authorize(actor, Action::AttendanceRead, &Object::none().own(own))?;
    if identity::kind_of(conn, organisation).await?.is_none() {
        return Err(Rejection::not_found().into());
    }
    figures::attendance(conn, organisation).await
}

/// Query of `GET /api/v1/rooms/utilisation`.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UtilisationQuery {
    /// Centre, such as `152500`.
    pub centre: String,
    /// Start of the window.
    #[serde(deserialize_with = "time::read")]
    pub from: DateTime<Utc>,
    /// End of the window, at most 31 days later.
    #[serde(deserialize_with = "time::read")]
    pub to: DateTime<Utc>,
}

/// How much a room is used (RM-20): used or booked minutes beside those in which it could be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoomUse {
    /// The room.
    pub room_id: RoomId,
    /// Its code.
    pub room_code: String,
    /// Its kind.
    pub kind: RoomKind,
    /// Minutes of the centre's hours on working days, without those out of service.
    pub bookable_minutes: i64,
    /// Of them, minutes that are confirmed, in use or were used.
    pub booked_minutes: i64,
    /// Minutes for which somebody was in, at whatever hour.
    pub used_minutes: i64,
}

/// Utilisation of a centre.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Utilisation {
    /// Room by room, in the order of the centre's file.
    pub items: Vec<RoomUse>,
}

/// How much the rooms of a centre are used in a window.
///
/// # Errors
/// 401, 403, 404 for an unknown centre, 422 for a window that is none.
pub async fn utilisation(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    query: &UtilisationQuery,
) -> Result<Utilisation, Problem> {
    let centre = policy.jurisdiction.centre(&query.centre).ok_or_else(Rejection::not_found)?;
    authorize(actor, Action::RoomFigures, &Object::none().at_centre(&centre.code))?;
    let window = window(query.from, query.to)?;
    let open = open_hours(window, Hours::of(&centre.settings), &|day| policy.law.calendar().works(day).ok());
    let rooms = store::list(conn, Some(&centre.code)).await?;
    let kept = figures::kept(conn, &ids_of(&rooms), window).await?;
    let closed = store::closures::list(conn, &centre.code, window).await?;
    let of_room = |room: &Room| {
        let closed: Vec<Span> = closed
            .iter()
            .filter(|closure| closure.room == room.id)
            .map(|closure| Span::new(closure.during.from, closure.ended_at.unwrap_or(closure.during.to)))
            .collect();
        let kept = kept.iter().filter(|one| one.room == room.id);
        let booked: Vec<Span> = kept.clone().map(|one| one.during).collect();
        let used: Vec<Span> = kept.filter_map(|one| one.used).collect();
        RoomUse {
            room_id: room.id,
            room_code: room.code.clone(),
            kind: room.kind,
            bookable_minutes: minutes(&open) - minutes(&common(&open, &closed)),
            booked_minutes: minutes(&common(&open, &booked)),
            used_minutes: minutes(&common(&[window], &used)),
        }
    };
    Ok(Utilisation { items: rooms.iter().map(of_room).collect() })
}

/// A slot that was kept: confirmed, in use or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The room.
    pub room: RoomId,
    /// The slot.
    pub during: Span,
    /// When somebody was in, up to now.
    pub used: Option<Span>,
}

/// The centre's hours on the working days of a window; days without a calendar are left out.
fn open_hours(window: Span, hours: Hours, works: &dyn Fn(chrono::NaiveDate) -> Option<bool>) -> Vec<Span> {
    hall_date(window.from)
        .iter_days()
        .take_while(|day| hall_instant(*day, chrono::NaiveTime::MIN) < window.to)
        .filter(|day| works(*day) == Some(true))
        .map(|day| Span::new(hall_instant(day, hours.opens), hall_instant(day, hours.closes)))
        .filter_map(|span| intersection(span, window))
        .collect()
}

fn intersection(one: Span, other: Span) -> Option<Span> {
    let both = Span::new(one.from.max(other.from), one.to.min(other.to));
    (both.from < both.to).then_some(both)
}

/// What lies in both lists. The spans of each list lie apart from one another.
fn common(these: &[Span], those: &[Span]) -> Vec<Span> {
    these.iter().flat_map(|one| those.iter().filter_map(|other| intersection(*one, *other))).collect()
}

fn minutes(spans: &[Span]) -> i64 {
    spans.iter().fold(TimeDelta::zero(), |sum, span| sum + span.length()).num_minutes()
}
