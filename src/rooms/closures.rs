//! 停用: rooms out of service. What was booked before stands until somebody moves it, and is listed; nothing new comes in.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    identity::{Action, Object, authorize},
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        id::{AccountId, RoomId},
        time,
    },
    ledger::{self, Entry},
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
    },
    rooms::{
        case::{Policy, room_of, signed_in},
        fitting::Taken,
        model::{BookedSpan, Room, Span},
        rules, store,
        store::closures,
        view::{LONGEST_WINDOW_DAYS, readable},
    },
};

/// Longest time a room is closed in one act, in days: a room that stays closed leaves the centre's file.
const LONGEST_DAYS: i64 = 400;

/// A closure as the hall keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// Row.
    pub id: Uuid,
    /// The room.
    pub room: RoomId,
    /// When it is out of service.
    pub during: Span,
    /// Why.
    pub reason: String,
    /// Account that closed it.
    pub closed_by: AccountId,
    /// When.
    pub closed_at: DateTime<Utc>,
    /// Account that opened it again before its time.
    pub ended_by: Option<AccountId>,
    /// When.
    pub ended_at: Option<DateTime<Utc>>,
    /// Version, counted up by every change.
    pub version: i64,
}

/// Body of `POST /api/v1/rooms/{id}/closures`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClosure {
    /// Start; may lie in the past by a day at most, for what broke this morning.
    #[serde(deserialize_with = "time::read")]
    pub from: DateTime<Utc>,
    /// End, not itself in it; at most 400 days later.
    #[serde(deserialize_with = "time::read")]
    pub to: DateTime<Utc>,
    /// Why, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Query of `GET /api/v1/rooms/closures`.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ClosuresQuery {
    /// Centre, such as `152500`.
    pub centre: String,
    /// Start of the window.
    #[serde(deserialize_with = "time::read")]
    pub from: DateTime<Utc>,
    /// End of the window, at most 31 days later.
    #[serde(deserialize_with = "time::read")]
    pub to: DateTime<Utc>,
}

/// A closure as answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClosureView {
    /// Opaque id.
    pub id: Uuid,
    /// The room.
    pub room_id: RoomId,
    /// Its code.
    pub room_code: String,
    /// Its name.
    pub room_name: Say,
    /// Start.
    pub from: DateTime<Utc>,
    /// End, not itself in it.
    pub to: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// When it was opened again before its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Bookings it meets, those the caller may know of; they stand until somebody moves them.
    pub affected: Vec<BookedSpan>,
}

/// List of closures.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Closures {
    /// By their start.
    pub items: Vec<ClosureView>,
}

/// Closes a room for a time.
///
/// # Errors
/// 401, 403, 404; `duplicate` where it is closed already, 422 for a time that cannot be.
pub async fn close(tx: &mut Tx<'_>, actor: &Actor, id: RoomId, asked: &NewClosure) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let rooms = store::by_ids(tx.conn(), &[id]).await?;
    let room = rooms.first().ok_or_else(Rejection::not_found)?;
    authorize(actor, Action::RoomClose, &Object::none().at_centre(&room.centre_code))?;
    let reason = rules::check_reason(&asked.reason)?;
    store::lock_rooms(tx, &[id]).await?;
    let now = tx.hall_now().await?;
    check_time(asked, now)?;
    let closure = Closure {
        id: Uuid::new_v4(),
        room: id,
        during: Span::new(asked.from, asked.to),
        reason,
        closed_by: account.account,
        closed_at: now,
        ended_by: None,
        ended_at: None,
        version: 1,
    };
    closures::insert(tx, &closure).await.on_constraint(closures::ONCE, || {
        Refusal::new(Code::Duplicate, Say::new("该场地在此期间已停用。", "The room is closed then already."))
    })?;
    let entry = Entry::new("room.closed").row("room_closures", closure.id).because(&closure.reason);
    ledger::record(tx, actor, now, entry.facts(json!({"room": room.code, "centre": room.centre_code})))
        .await?;
    let view = view(tx.conn(), actor, room, &closure).await?;
    let place = format!("/api/v1/rooms/closures/{}", closure.id);
    Ok(Reply::created(place, &view)?.at_version(closure.version))
}

fn check_time(asked: &NewClosure, now: DateTime<Utc>) -> Result<(), Rejection> {
    if asked.from < now - TimeDelta::days(1) {
        let detail = Say::new("开始时间最多早于现在一日。", "It starts at most a day before now.");
        return Err(Rejection::at("/from", "past", detail));
    }
    if asked.to <= asked.from || asked.to <= now || asked.to > asked.from + TimeDelta::days(LONGEST_DAYS) {
        let detail = Say::new(
            format!("结束须在将来、晚于开始，且至多 {LONGEST_DAYS} 日。"),
            format!("It ends in the future, after its start, and at most {LONGEST_DAYS} days later."),
        );
        return Err(Rejection::at("/to", "out-of-range", detail));
    }
    Ok(())
}

/// Opens a room again before its time.
///
/// # Errors
/// 401, 403, 404, 412 by version, `wrong-state` when it is open again already.
pub async fn end(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: Uuid,
    allow_version: impl FnOnce(i64) -> Result<(), Rejection>,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let mut closure = closures::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    let rooms = store::by_ids(tx.conn(), &[closure.room]).await?;
    let room = room_of(&rooms, closure.room)?;
    authorize(actor, Action::RoomClose, &Object::none().at_centre(&room.centre_code))?;
    allow_version(closure.version)?;
    let now = tx.hall_now().await?;
    if closure.ended_at.is_some() || closure.during.to <= now {
        let detail = Say::new("停用已经结束。", "The closure has ended already.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    closure.ended_by = Some(account.account);
    closure.ended_at = Some(now);
    closures::update(tx, &mut closure).await?;
    let entry = Entry::new("room.reopened").row("room_closures", closure.id);
    ledger::record(tx, actor, now, entry.facts(json!({"room": room.code, "centre": room.centre_code})))
        .await?;
    Ok(Reply::ok(&view(tx.conn(), actor, room, &closure).await?)?.at_version(closure.version))
}

/// Closures of a centre's rooms in a window, with the bookings they meet.
///
/// # Errors
/// 401, 403, 404 for an unknown centre, 422 for a window that is none.
pub async fn list(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    query: &ClosuresQuery,
) -> Result<Closures, Problem> {
    authorize(actor, Action::RoomAvailability, &Object::none())?;
    let centre = policy.jurisdiction.centre(&query.centre).ok_or_else(Rejection::not_found)?;
    let window = window(query.from, query.to)?;
    let found = closures::list(conn, &centre.code, window).await?;
    let ids: Vec<RoomId> = found.iter().map(|closure| closure.room).collect();
    let rooms = store::by_ids(conn, &ids).await?;
    let mut items = Vec::with_capacity(found.len());
    for closure in &found {
        items.push(view(conn, actor, room_of(&rooms, closure.room)?, closure).await?);
    }
    Ok(Closures { items })
}

/// The window of a query.
///
/// # Errors
/// 422 for one that ends before it begins or is too long.
pub(super) fn window(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Span, Rejection> {
    let window = Span::new(from, to);
    if to <= from || window.length() > TimeDelta::days(LONGEST_WINDOW_DAYS) {
        let detail =
            Say::new("to 须晚于 from，且至多 31 日。", "to must be later than from, by at most 31 days.");
        return Err(Rejection::at("?to", "out-of-range", detail));
    }
    Ok(window)
}

async fn view(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    room: &Room,
    closure: &Closure,
) -> Result<ClosureView, Problem> {
    let taken = match closure.ended_at {
        Some(_) => Vec::new(),
        None => store::taken(conn, &[closure.room], closure.during).await?,
    };
    let known = readable(conn, actor, &taken).await?;
    let readable = |one: &&Taken| one.tender().is_some_and(|tender| known.contains(&tender));
    Ok(ClosureView {
        id: closure.id,
        room_id: room.id,
        room_code: room.code.clone(),
        room_name: room.name.clone(),
        from: closure.during.from,
        to: closure.during.to,
        reason: closure.reason.clone(),
        ended_at: closure.ended_at,
        affected: taken.iter().filter(readable).filter_map(Taken::booked).collect(),
    })
}
