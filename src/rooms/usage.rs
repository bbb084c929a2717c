//! Use cases of the floor (RM-6): rooms taken into use, given back, missed, and run over.
//!
//! 超时 is seen by a job at the end of a slot in use. While it lasts, the slot is lengthened as far as the room is
//! free, so that nobody books into it; whoever comes next is told, or moved to another room, as the centre's setting
//! has it. The move is a job of its own, since it locks another tender.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    jurisdiction::{
        Jurisdictions,
        model::{OverrunSetting, RoomKind, RoomSettings},
    },
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        id::{BookingId, RoomId},
    },
    law::Lawbook,
    ledger,
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
        jobs::{self, Job, Jobs},
    },
    rooms::{
        case::{Policy, signed_in},
        change::{self, Change},
        letters,
        life::{self, Act},
        model::{Booking, BookingState, Buffers, NewSlot, Slot, Span, Usage},
        service::{answer, held},
        store,
        taking::Held,
    },
};

const OVERRUN_JOB: &str = "rooms.overrun";
const NEXT_JOB: &str = "rooms.next";
/// How long an overrun is followed; whoever has not released a room by then has forgotten to.
const FOLLOWED: TimeDelta = TimeDelta::hours(24);
/// What stands on the record where the hall itself acts.
const HALL: Actor = Actor::Hall(OVERRUN_JOB);

/// Takes a slot into use, gives it back, or notes that nobody came.
///
/// # Errors
/// 401, 403, 404, 412 by version; 409 when the slot's state or the time stands against it, or the room is in use.
pub async fn act(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    id: BookingId,
    allow_version: impl FnOnce(i64) -> Result<(), Rejection>,
    (act, no): (Act, Option<usize>),
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let (case, mut booking) = held(tx, id).await?;
    case.permit_on(actor, act.action(), &booking)?;
    allow_version(booking.version)?;
    let now = tx.hall_now().await?;
    let settings = &policy.centre(&booking.centre_code)?.settings;
    let place = life::choose(&booking, act, no, settings, now)?;
    case.take_side(tx, account).await?;
    let Some(slot) = booking.slots.get_mut(place) else {
        return Err(Problem::internal(anyhow::anyhow!("a slot was chosen that is none")));
    };
    if act == Act::Begin {
        store::lock_rooms(tx, &[slot.room]).await?;
        if store::is_in_use(tx.conn(), slot.room, slot.id).await? {
            let detail = Say::new("该场地仍在使用中。", "The room is still in use.");
            return Err(Refusal::new(Code::WrongState, detail).into());
        }
    }
    act.note(slot, now);
    store::update_slot(tx, slot).await?;
    let (slot, ends) = (slot.id, slot.during.to);
    booking.state = booking.standing();
    store::update(tx, &mut booking).await?;
    ledger::record(tx, actor, now, case.entry(act.word(), &booking).facts(json!({"slot": slot}))).await?;
    match act {
        Act::Begin => follow(tx, &Follow { slot, told: None }, ends).await?,
        Act::Release | Act::NoShow => drop(jobs::cancel(tx, &key_of(slot, ends)).await?),
    }
    answer(tx, actor, policy, &case, &booking, now).await
}

/// What the job that follows a slot in use knows.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Follow {
    slot: Uuid,
    /// The slot whose user has been told.
    told: Option<Uuid>,
}

fn key_of(slot: Uuid, at: DateTime<Utc>) -> String {
    format!("overrun {slot} {}", at.timestamp())
}

async fn follow(tx: &mut Tx<'_>, follow: &Follow, at: DateTime<Utc>) -> Result<(), Problem> {
    jobs::schedule(tx, OVERRUN_JOB, &key_of(follow.slot, at), at, json!(follow)).await
}

/// Registers the room's handlers.
pub fn register(jobs: &mut Jobs, law: &Lawbook, jurisdiction: &Jurisdictions) {
    let centres = jurisdiction.clone();
    jobs.on(OVERRUN_JOB, async move |tx, job| {
        let jurisdiction = centres.in_force(tx.conn()).await?;
        let follow = serde_json::from_value(job.payload.clone()).map_err(Problem::internal)?;
        let centre = |code: &str| {
            jurisdiction.centre(code).map(|centre| centre.settings).ok_or_else(|| unknown_centre(code))
        };
        overrun(tx, job, follow, centre).await
    });
    let (book, centres) = (law.clone(), jurisdiction.clone());
    jobs.on(NEXT_JOB, async move |tx, job| {
        let law = book.in_force(tx.conn()).await?;
        let jurisdiction = centres.in_force(tx.conn()).await?;
        let next = serde_json::from_value(job.payload.clone()).map_err(Problem::internal)?;
        tell_or_move(tx, Policy { jurisdiction: &jurisdiction, law: &law }, next).await
    });
    jobs.on(letters::REMINDER_JOB, letters::remind);
}

fn unknown_centre(code: &str) -> Problem {
    Problem::internal(anyhow::anyhow!("no file of centre {code}, whose room runs over"))
}

async fn overrun(
    tx: &mut Tx<'_>,
    job: &Job,
    mut following: Follow,
    settings_of: impl Fn(&str) -> Result<RoomSettings, Problem>,
) -> Result<(), Problem> {
    let Some(id) = store::booking_of_slot(tx.conn(), following.slot).await? else { return Ok(()) };
    let (case, mut booking) = held(tx, id).await?;
    let now = tx.hall_now().await?;
    let settings = settings_of(&booking.centre_code)?;
    let firm = booking.state.firm();
    let in_use = |slot: &&mut Slot| slot.id == following.slot && slot.usage().goes_on();
    let Some(slot) = booking.slots.iter_mut().find(in_use).filter(|_| firm) else { return Ok(()) };
    store::lock_rooms(tx, &[slot.room]).await?;
    slot.used.overran_at.get_or_insert(now);
    let cleanup = Buffers::of(&settings).cleanup;
    let reach =
        Span::new(slot.during.to, now + TimeDelta::minutes(settings.overrun_minutes.into()) + cleanup);
    let next = store::next_in(tx.conn(), slot.room, reach, slot.id).await?;
    let next_time = next.map(|(_, _, blocked)| blocked);
    slot.blocked = life::lengthened(slot, cleanup, settings.overrun_minutes, now, next_time);
    let taken = || Refusal::new(Code::SlotTaken, Say::new("已被占用。", "Taken."));
    store::update_slot(tx, slot).await.on_constraint(store::NO_OVERLAP, taken)?;
    let ends = slot.during.to;
    booking.state = booking.standing();
    store::update(tx, &mut booking).await?;
    let facts = json!({"slot": following.slot, "until": now, "next": next.map(|(_, booking, _)| booking)});
    ledger::record(tx, &HALL, now, case.entry("booking.overran", &booking).facts(facts)).await?;
    if let Some((next, next_booking, _)) =
        next.filter(|(next, own, _)| *own != id && following.told != Some(*next))
    {
        let due = Next { slot: next, booking: next_booking, push: settings.overrun == OverrunSetting::Push };
        jobs::schedule(tx, NEXT_JOB, &format!("next {next} after {}", following.slot), now, json!(due))
            .await?;
        following.told = Some(next);
    }
    let again = job.due_at.max(now) + TimeDelta::minutes(settings.overrun_minutes.into());
    if again < ends + FOLLOWED {
        follow(tx, &following, again).await?;
    }
    Ok(())
}

/// Whoever comes next in a room that is still in use.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Next {
    /// Its slot.
    pub slot: Uuid,
    /// Its booking.
    pub booking: BookingId,
    /// Whether it is to be moved rather than told.
    pub push: bool,
}

/// Moves the next user to another room at the same time, or tells it what else is free. An opening stays where the
/// published document says, and what has begun stays where it is.
///
/// # Errors
/// When the database is away.
pub async fn tell_or_move(tx: &mut Tx<'_>, policy: Policy<'_>, next: Next) -> Result<(), Problem> {
    let (case, booking) = held(tx, next.booking).await?;
    let waiting = |slot: &&Slot| slot.id == next.slot && slot.usage() == Usage::Planned;
    let Some(slot) = booking.slots.iter().find(waiting).filter(|_| booking.state.live()) else {
        return Ok(());
    };
    let now = tx.hall_now().await?;
    let centre = policy.centre(&booking.centre_code)?;
    let need = NewSlot { room_id: None, ..asked(slot) };
    let held = Held::lock(tx, policy, centre, &[need]).await?;
    let occupied = held.occupied(tx, &[need]).await?;
    let other = held.rooms.iter().find(|room| {
        slot.capacity.is_none_or(|people| people <= room.capacity) && occupied.is_free(room.id, slot.blocked)
    });
    let movable = next.push
        && slot.kind != RoomKind::Opening
        && matches!(booking.state, BookingState::Requested | BookingState::Confirmed);
    if let Some(room) = other.filter(|_| movable) {
        let slots = with_room(&booking, next.slot, room.id);
        let reason = "原场地超时使用，改到同一时间的另一场地。 / The room runs over; moved to another at the same time.";
        let moved =
            Change { slots, deadline: booking.deadline, reason: reason.to_owned(), state: booking.state };
        let moved = change::replace(tx, &HALL, policy, &case, (booking, moved), now).await?;
        return letters::moved(tx, &case, &moved, now).await;
    }
    let offers = held.offers(tx, &need).await?;
    letters::running_over(tx, &case, (slot, &held.rooms), &offers, now).await
}

/// A kept slot as it was asked for, in its room.
pub(super) fn asked(slot: &Slot) -> NewSlot {
    let Span { from, to } = slot.during;
    NewSlot { kind: slot.kind, room_id: Some(slot.room), capacity: slot.capacity, from, to }
}

/// What is still to come of a booking, with one slot in another room.
fn with_room(booking: &Booking, moved: Uuid, room: RoomId) -> Vec<NewSlot> {
    let ahead = booking.slots.iter().filter(|slot| slot.usage() == Usage::Planned);
    ahead
        .map(|slot| NewSlot { room_id: Some(if slot.id == moved { room } else { slot.room }), ..asked(slot) })
        .collect()
}
