//! Taking rooms: finding one for every slot with the rooms held, so that of many who want one slot the first gets it
//! and the others are told what is in the way and what else is free.

use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use crate::{
    jurisdiction::model::{Centre, RoomKind},
    kernel::{Code, Problem, Refusal, Rejection, Say, id::RoomId},
    platform::db::{OnConstraint, Tx},
    rooms::{
        case::Policy,
        fitting::{self, Blocking, Clash, Occupied, Offer, SEARCH_DAYS, Search, Taken},
        model::{Booking, Buffers, Hours, NewSlot, Room, Slot, Span, Used},
        store,
    },
};

/// Rooms of the kinds that are wanted, held to the end of the transaction.
pub(super) struct Held<'a> {
    policy: Policy<'a>,
    centre: &'a Centre,
    pub(super) rooms: Vec<Room>,
    pub(super) buffers: Buffers,
}

impl<'a> Held<'a> {
    /// Locks the rooms that may be taken: those that are named, and all of a kind where any will do.
    pub(super) async fn lock(
        tx: &mut Tx<'_>,
        policy: Policy<'a>,
        centre: &'a Centre,
        wanted: &[NewSlot],
    ) -> Result<Self, Problem> {
        let kinds: Vec<RoomKind> = wanted.iter().map(|slot| slot.kind).collect();
        let rooms = of_kinds(store::list(tx.conn(), Some(&centre.code)).await?, &kinds);
        known_rooms(wanted, &rooms)?;
        let any: Vec<RoomKind> =
            wanted.iter().filter(|slot| slot.room_id.is_none()).map(|slot| slot.kind).collect();
        let named = |room: &Room| wanted.iter().any(|slot| slot.room_id == Some(room.id));
        let held: Vec<RoomId> =
            rooms.iter().filter(|room| any.contains(&room.kind) || named(room)).map(|room| room.id).collect();
        store::lock_rooms(tx, &held).await?;
        Ok(Self { policy, centre, rooms, buffers: Buffers::of(&centre.settings) })
    }

    /// Rooms that nobody is about to take, to look for offers in.
    pub(super) fn seen(policy: Policy<'a>, centre: &'a Centre, rooms: Vec<Room>) -> Self {
        Self { policy, centre, rooms, buffers: Buffers::of(&centre.settings) }
    }

    /// What is taken while any of the slots lasts.
    pub(super) async fn taken_now(&self, tx: &mut Tx<'_>, wanted: &[NewSlot]) -> Result<Vec<Taken>, Problem> {
        let Some(window) = window_of(wanted) else { return Ok(Vec::new()) };
        store::taken(tx.conn(), &ids_of(&self.rooms), self.buffers.around(window)).await
    }

    /// The same, room by room.
    pub(super) async fn occupied(&self, tx: &mut Tx<'_>, wanted: &[NewSlot]) -> Result<Occupied, Problem> {
        Ok(Occupied::of(&self.taken_now(tx, wanted).await?))
    }

    /// Finds a room for every slot.
    ///
    /// # Errors
    /// `slot-taken` with what is in the way and what else is free; 422 where no room holds the people.
    pub(super) async fn take(&self, tx: &mut Tx<'_>, wanted: &[NewSlot]) -> Result<Vec<Slot>, Problem> {
        let occupied = self.occupied(tx, wanted).await?;
        match fitting::assign(wanted, &self.rooms, &occupied, self.buffers) {
            Ok(given) => Ok(self.slots(wanted, given)),
            Err(Some(clash)) => Err(self.taken(tx, &clash, wanted).await?.into()),
            Err(None) => Err(Problem::internal(anyhow::anyhow!("a slot without rooms passed the check"))),
        }
    }

    fn slots(&self, wanted: &[NewSlot], given: Vec<RoomId>) -> Vec<Slot> {
        let slot = |(slot, room): (&NewSlot, RoomId)| Slot {
            id: Uuid::new_v4(),
            room,
            kind: slot.kind,
            during: slot.during(),
            blocked: self.buffers.around(slot.during()),
            capacity: slot.capacity,
            used: Used::default(),
        };
        wanted.iter().zip(given).map(slot).collect()
    }

    /// The refusal of a slot that is taken, with the next free ones for the same need.
    pub(super) async fn taken(
        &self,
        tx: &mut Tx<'_>,
        clash: &Clash,
        wanted: &[NewSlot],
    ) -> Result<Refusal, Problem> {
        let offers = match wanted.get(clash.wanted) {
            Some(slot) => self.offers(tx, slot).await?,
            None => Vec::new(),
        };
        let detail = if clash.blocking.closed { closed_sentence() } else { taken_sentence() };
        Ok(Refusal::new(Code::SlotTaken, detail)
            .with("slot", json!(clash.wanted))
            .with("blocking", json!(clash.blocking))
            .with("alternatives", json!(offers)))
    }

    /// The next free slots for the same need.
    pub(super) async fn offers(&self, tx: &mut Tx<'_>, slot: &NewSlot) -> Result<Vec<Offer>, Problem> {
        let last = slot.to + TimeDelta::days(SEARCH_DAYS) + slot.during().length();
        let window = self.buffers.around(Span::new(slot.from, last));
        let rooms = of_kinds(self.rooms.clone(), &[slot.kind]);
        let occupied = Occupied::of(&store::taken(tx.conn(), &ids_of(&rooms), window).await?);
        let works = |day| self.policy.law.calendar().works(day).ok();
        let hours = Hours::of(&self.centre.settings);
        let search =
            Search { rooms: &rooms, occupied: &occupied, buffers: self.buffers, hours, works: &works };
        Ok(fitting::alternatives(slot, search))
    }

    /// A tender has one opening room for one deadline.
    pub(super) async fn one_opening(
        &self,
        tx: &mut Tx<'_>,
        wanted: &[NewSlot],
        own: Option<&Slot>,
    ) -> Result<(), Problem> {
        let opening = wanted.iter().enumerate().find(|(_, slot)| slot.kind == RoomKind::Opening);
        let (Some((wanted_at, _)), Some(own)) = (opening, own) else { return Ok(()) };
        let blocking = Blocking::by(own.kind, own.room, own.during, own.blocked);
        let mut refusal = self.taken(tx, &Clash { wanted: wanted_at, blocking }, wanted).await?;
        refusal.detail = Say::new(
            "本项目已为该截止时间预约开标室；如需更换，请变更或先取消原预约。",
            "The tender already has an opening room for this deadline; change that booking, or cancel it first.",
        );
        Err(refusal.into())
    }
}

/// Writes a booking whose rooms were found free.
///
/// # Errors
/// `slot-taken` where PostgreSQL knows better.
pub(super) async fn lodge(tx: &mut Tx<'_>, booking: &Booking) -> Result<(), Problem> {
    let written = store::insert(tx, booking).await;
    match written {
        Err(diesel::result::Error::DatabaseError(_, ref information))
            if information.constraint_name() == Some(store::ROOM_OPEN) =>
        {
            Err(Refusal::new(Code::SlotTaken, closed_sentence()).into())
        }
        written => {
            written.on_constraint(store::NO_OVERLAP, || Refusal::new(Code::SlotTaken, taken_sentence()))
        }
    }
}

/// From the first start to the last end.
fn window_of(wanted: &[NewSlot]) -> Option<Span> {
    let from = wanted.iter().map(|slot| slot.from).min()?;
    let to = wanted.iter().map(|slot| slot.to).max()?;
    Some(Span::new(from, to))
}

/// A room that is named must be a room of that kind at the tender's centre, and some room must hold the people.
pub(super) fn known_rooms(wanted: &[NewSlot], rooms: &[Room]) -> Result<(), Rejection> {
    for (place, slot) in wanted.iter().enumerate() {
        let of_kind = rooms.iter().filter(|room| room.kind == slot.kind);
        let mut fitting = of_kind.filter(|room| slot.room_id.is_none_or(|named| room.id == named)).peekable();
        if fitting.peek().is_none() {
            let member = if slot.room_id.is_some() { "roomId" } else { "kind" };
            let detail = Say::new("本项目所在中心没有这样的场地。", "The tender's centre has no such room.");
            return Err(Rejection::at(format!("/slots/{place}/{member}"), "unknown", detail));
        }
        let most = fitting.map(|room| room.capacity).max().unwrap_or_default();
        if slot.capacity.is_some_and(|people| people > most) {
            let detail = Say::new(
                format!("没有能容纳这么多人的场地（最多 {most} 人）。"),
                format!("No such room holds so many people; the largest holds {most}."),
            );
            return Err(Rejection::at(format!("/slots/{place}/capacity"), "out-of-range", detail));
        }
    }
    Ok(())
}

pub(super) fn of_kinds(rooms: Vec<Room>, kinds: &[RoomKind]) -> Vec<Room> {
    rooms.into_iter().filter(|room| kinds.contains(&room.kind)).collect()
}

pub(super) fn ids_of(rooms: &[Room]) -> Vec<RoomId> {
    rooms.iter().map(|room| room.id).collect()
}

fn taken_sentence() -> Say {
    Say::new(
        "所需场地在该时段（含布置和清理时间）已被占用。",
        "The room is taken then (setting up and cleaning included).",
    )
}

fn closed_sentence() -> Say {
    Say::new("所需场地在该时段停用。", "The room is out of service then.")
}
