//! 场地看板: everything that stands on a centre's floor at a time, in a handful of queries however much it is.
//!
//! The control room sees all of it; a supervising body sees that a room is taken, and by whom only within its duty.
//! The lobby sees the openings of published tenders, whose place and time stand in their notices, and nothing else.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::{
    identity::{Action, Duty, Object, authorize},
    jurisdiction::model::{Centre, RoomKind},
    kernel::{
        Actor, Problem, Rejection, Role,
        id::{BookingId, RoomId, TenderId},
    },
    rooms::{
        Policy,
        closures::Closure,
        model::{BookingState, Room, Slot, Span, Usage},
        store::{self, closures, floor},
        taking::ids_of,
    },
    tenders::{TenderPhase, store as tender_store, store::Card},
};

/// A slot with as much of its booking as the floor shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FloorSlot {
    /// The slot.
    pub slot: Slot,
    /// Its place in the booking, from 1.
    pub no: i32,
    /// The booking.
    pub booking: BookingId,
    /// Its tender.
    pub tender: TenderId,
    /// Where the booking stands.
    pub state: BookingState,
    /// The booking's version, for `If-Match`.
    pub version: i64,
    /// Deadline of bids it is for.
    pub deadline: DateTime<Utc>,
}

/// How a slot looks from the control room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// 已申请
    Requested,
    /// 已确认
    Confirmed,
    /// 使用中
    InUse,
    /// 超时
    Overrun,
    /// 已释放
    Released,
    /// 未到场
    NoShow,
}

/// How far an operator may move a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    /// Not at all.
    Fixed,
    /// To another room at the same time: an opening is held at the deadline (RM-2).
    Room,
    /// To another room or time.
    Any,
}

impl FloorSlot {
    /// Where it stands.
    pub fn standing(&self) -> Standing {
        match self.slot.usage() {
            Usage::Planned if self.state == BookingState::Requested => Standing::Requested,
            Usage::Planned => Standing::Confirmed,
            Usage::InUse => Standing::InUse,
            Usage::Overrun => Standing::Overrun,
            Usage::Released => Standing::Released,
            Usage::NoShow => Standing::NoShow,
        }
    }

    /// The time it takes up on the floor at `now`: as planned, but really used where that is known (RM-20).
    pub fn occupies(&self, now: DateTime<Utc>) -> Span {
        let Span { from, to } = self.slot.during;
        let used = self.slot.used;
        let begun = used.begun_at.unwrap_or(from);
        match self.standing() {
            Standing::Released => Span::new(begun, used.ended_at.unwrap_or(to)),
            Standing::InUse => Span::new(begun, to.max(now)),
            Standing::Overrun => Span::new(begun, now.max(to)),
            Standing::Requested | Standing::Confirmed | Standing::NoShow => self.slot.during,
        }
    }

    /// How far it may be moved at `now`. What the notice names, or what has begun, stays (RM-3); the change itself
    /// judges again.
    pub fn moves(&self, card: &Card, now: DateTime<Utc>) -> Moves {
        let waits = matches!(self.standing(), Standing::Requested | Standing::Confirmed);
        let open = matches!(self.state, BookingState::Requested | BookingState::Confirmed);
        if !(waits && open && self.slot.during.from > now) {
            return Moves::Fixed;
        }
        if self.slot.kind != RoomKind::Opening {
            return Moves::Any;
        }
        let announced = matches!(card.phase, TenderPhase::Published | TenderPhase::Closed)
            && self.state == BookingState::Confirmed
            && self.deadline == card.deadline;
        if announced { Moves::Fixed } else { Moves::Room }
    }
}

/// A centre's floor for a while.
#[derive(Debug, Clone)]
pub struct Floor {
    /// The centre.
    pub centre: Centre,
    /// Its rooms, in the order of its file.
    pub rooms: Vec<Room>,
    /// Slots that meet the window, by time.
    pub slots: Vec<FloorSlot>,
    /// Slots in use past their end, whenever they began.
    pub overruns: Vec<FloorSlot>,
    /// Closures that meet the window and are not ended.
    pub closures: Vec<Closure>,
    /// Tenders the caller may know of.
    pub cards: HashMap<TenderId, Card>,
    /// Whether the caller works here and so may act.
    pub operates: bool,
}

/// The floor of a centre for its operators and for supervising bodies.
///
/// # Errors
/// 401, 403, 404 for an unknown centre.
pub async fn floor(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    centre: &str,
    window: Span,
) -> Result<Floor, Problem> {
    let centre = policy.jurisdiction.centre(centre).ok_or_else(Rejection::not_found)?;
    authorize(actor, Action::RoomFigures, &Object::none().at_centre(&centre.code))?;
    let rooms = store::list(conn, Some(&centre.code)).await?;
    let ids = ids_of(&rooms);
    let slots = floor::slots(conn, &ids, window).await?;
    let overruns = floor::overruns(conn, &ids).await?;
    let mut closed = closures::list(conn, &centre.code, window).await?;
    closed.retain(|closure| closure.ended_at.is_none());
    let operates = operates(actor, &centre.code);
    let mut cards = cards_of(conn, slots.iter().chain(&overruns)).await?;
    if !operates {
        let duty = Duty::of(actor);
        cards.retain(|_, card| {
            duty.as_ref().is_some_and(|duty| {
                card.region_code.starts_with(&duty.region_stem) && duty.categories.contains(&card.category)
            })
        });
    }
    Ok(Floor { centre: centre.clone(), rooms, slots, overruns, closures: closed, cards, operates })
}

/// Whether the actor works for the centre.
pub fn operates(actor: &Actor, centre: &str) -> bool {
    let here = actor.account().is_some_and(|account| account.centre.as_deref() == Some(centre));
    here && actor.has(Role::Operator)
}

/// An opening as the lobby shows it.
#[derive(Debug, Clone)]
pub struct LobbyOpening {
    /// Its slot.
    pub slot: FloorSlot,
    /// Its tender.
    pub card: Card,
    /// The room.
    pub room: Room,
}

/// The openings that a centre's lobby announces, by time: of published tenders, in the room their notice names.
///
/// # Errors
/// 404 for an unknown centre.
pub async fn lobby(
    conn: &mut AsyncPgConnection,
    policy: Policy<'_>,
    centre: &str,
    window: Span,
) -> Result<Vec<LobbyOpening>, Problem> {
    let centre = policy.jurisdiction.centre(centre).ok_or_else(Rejection::not_found)?;
    let mut rooms = store::list(conn, Some(&centre.code)).await?;
    rooms.retain(|room| room.kind == RoomKind::Opening);
    let slots = floor::slots(conn, &ids_of(&rooms), window).await?;
    let cards = cards_of(conn, slots.iter()).await?;
    let by_id: HashMap<RoomId, &Room> = rooms.iter().map(|room| (room.id, room)).collect();
    let announced = slots.into_iter().filter_map(|slot| {
        let card = cards.get(&slot.tender)?;
        let room = by_id.get(&slot.slot.room)?;
        let firm = slot.state != BookingState::Requested && slot.slot.during.from == card.deadline;
        let starts_here = window.contains(slot.slot.during.from);
        (firm && starts_here && card.published).then(|| LobbyOpening {
            slot,
            card: card.clone(),
            room: (*room).clone(),
        })
    });
    Ok(announced.collect())
}

async fn cards_of<'a>(
    conn: &mut AsyncPgConnection,
    slots: impl Iterator<Item = &'a FloorSlot>,
) -> Result<HashMap<TenderId, Card>, Problem> {
    let mut tenders: Vec<TenderId> = slots.map(|slot| slot.tender).collect();
    tenders.sort_unstable();
    tenders.dedup();
    tender_store::cards(conn, &tenders).await
}
