//! 延期 (RM-8): a postponed deadline moves its rooms. The old slots are given back, the new are taken and the notice
//! goes out in one transaction; where no room is free at the new deadline, nothing of it happens and the answer says
//! what else is free. The centre's word for the old opening goes over to the new one: it may not hold up what the law
//! demands, and learns of it by a letter.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    identity::Action,
    jurisdiction::model::RoomKind,
    kernel::{
        Actor, Problem, Rejection, Say,
        id::TenderId,
        time::{self, ZONE, hall_date, hall_instant},
    },
    law::{Calendar, Lawbook},
    ledger,
    platform::{db::Tx, http::Reply},
    rooms::{
        case::{Case, Policy, signed_in},
        change::{self, Change},
        letters,
        model::{Booking, BookingState, NewSlot, Usage},
        rules, store,
        usage::asked,
    },
    tenders::{self, Tender, model::Postpone},
};

/// Body of `POST /api/v1/tenders/{id}/postpone`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Postponement {
    /// The new, later deadline.
    #[serde(deserialize_with = "time::read")]
    pub deadline: DateTime<Utc>,
    /// Why, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// Slots in the place of the booked ones. Absent means the same rooms' kinds and lengths, moved by as many working
    /// days as the deadline moves, or the opening already confirmed for the new deadline.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 30)]
    pub slots: Option<Vec<NewSlot>>,
}

/// Moves the deadline later, with its rooms.
///
/// # Errors
/// 403, 404, 422; `slot-taken` with alternatives where no room is free, and as [`tenders::service::postpone`].
pub async fn postpone(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    (book, id): (&Lawbook, TenderId),
    new: &Postponement,
) -> Result<Reply, Problem> {
    signed_in(actor)?;
    let case = Case::lock(tx, id).await?;
    tenders::permit(actor, Action::TenderPostpone, &case.project, &case.tender)?;
    rules::check_reason(&new.reason)?;
    let now = tx.hall_now().await?;
    // What is no lawful postponement is refused below by the tender itself, before anybody sees a room moved.
    if rules::stands(new.deadline, case.facts())
        && new.deadline > case.tender.deadline
        && now < case.tender.deadline
    {
        move_rooms(tx, actor, policy, &case, new, now).await?;
    }
    let asked = Postpone { deadline: new.deadline, reason: new.reason.clone() };
    tenders::service::postpone(tx, actor, book, id, asked).await
}

/// Moves a deadline that an outage or a wrong clock has touched, with its rooms, by the supervision office.
///
/// # Errors
/// As [`postpone`]; 409 from the close on.
pub async fn by_office(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    (book, id): (&Lawbook, TenderId),
    new: &Postponement,
) -> Result<Tender, Problem> {
    let account = signed_in(actor)?;
    let case = Case::lock(tx, id).await?;
    tenders::permit(actor, Action::OutageDecide, &case.project, &case.tender)?;
    rules::check_reason(&new.reason)?;
    case.take_side(tx, account).await?;
    let now = tx.hall_now().await?;
    tenders::service::still_open(&case.tender)?;
    if new.deadline > case.tender.deadline {
        move_rooms(tx, actor, policy, &case, new, now).await?;
    }
    let asked = Postpone { deadline: new.deadline, reason: new.reason.clone() };
    tenders::service::postpone_by_office(tx, actor, book, id, &asked).await
}

async fn move_rooms(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    case: &Case,
    new: &Postponement,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let live = store::live_of(tx.conn(), case.tender.id).await?;
    let (mut old, rest): (Vec<Booking>, Vec<Booking>) =
        live.into_iter().partition(|booking| booking.deadline == case.tender.deadline && movable(booking));
    old.sort_by_key(|booking| booking.opening().is_none());
    let booked = rest.iter().any(|booking| {
        booking.deadline == new.deadline
            && booking.state == BookingState::Confirmed
            && booking.opening().is_some()
    });
    let mut given = new.slots.clone();
    for booking in old {
        let opens = booking.opening().is_some();
        // Read anew under its own lock: the tender is held, so nobody else acts on it.
        let Some(booking) = store::find_locked(tx, booking.id).await? else { continue };
        let slots = match given.take().filter(|_| opens) {
            Some(slots) => slots,
            // Slots given by the caller, or an opening that is confirmed already, stand for all that was booked.
            None if booked || new.slots.is_some() => Vec::new(),
            None => moved(&booking, (case.tender.deadline, new.deadline), policy.law.calendar())
                .ok_or_else(no_calendar)?,
        };
        if slots.is_empty() {
            give_back(tx, actor, case, booking, (&new.reason, now)).await?;
            continue;
        }
        rules::check_request(&slots, now)?;
        let state = booking.state;
        let change = Change { slots, deadline: new.deadline, reason: new.reason.clone(), state };
        let booking = change::replace(tx, actor, policy, case, (booking, change), now).await?;
        letters::postponed(tx, case, &booking, now).await?;
    }
    Ok(())
}

/// Bookings with something still to come; what supervising bodies booked is none of the deadline's.
fn movable(booking: &Booking) -> bool {
    let ahead = booking.slots.iter().any(|slot| slot.usage() == Usage::Planned);
    let complaint = booking.slots.iter().any(|slot| slot.kind == RoomKind::Complaint);
    let waits = matches!(booking.state, BookingState::Requested | BookingState::Confirmed);
    ahead && !complaint && waits
}

/// What is still to come of a booking, after the deadline has moved.
fn moved(
    booking: &Booking,
    (old, new): (DateTime<Utc>, DateTime<Utc>),
    calendar: &Calendar,
) -> Option<Vec<NewSlot>> {
    let ahead = booking.slots.iter().filter(|slot| slot.usage() == Usage::Planned);
    let slots = ahead.map(|slot| {
        let wanted = asked(slot);
        if slot.kind == RoomKind::Opening {
            return Some(NewSlot { room_id: None, from: new, to: new + slot.during.length(), ..wanted });
        }
        let from = moved_time(wanted.from, (old, new), calendar)?;
        let to = moved_time(wanted.to, (old, new), calendar)?;
        Some(NewSlot { room_id: None, from, to, ..wanted })
    });
    slots.collect()
}

/// The same time of day, as many working days from the new deadline as it was from the old; on the day of the opening
/// as much later as the opening.
fn moved_time(
    at: DateTime<Utc>,
    (old, new): (DateTime<Utc>, DateTime<Utc>),
    calendar: &Calendar,
) -> Option<DateTime<Utc>> {
    let (day, from, to) = (hall_date(at), hall_date(old), hall_date(new));
    let clock = |at: DateTime<Utc>| at.with_timezone(&ZONE).time();
    if day == from {
        return Some(hall_instant(to, clock(at)) + (clock(new) - clock(old)));
    }
    let step = if day > from { TimeDelta::days(1) } else { TimeDelta::days(-1) };
    let distance = working_days(from, day, step, calendar)?;
    let (mut left, mut day) = (distance, to);
    while left > 0 {
        day = day.checked_add_signed(step)?;
        left -= u32::from(calendar.works(day).ok()?);
    }
    Some(hall_instant(day, clock(at)))
}

/// Working days on the way from `from` to `to`, the first day left out. A day that is not worked counts as the next
/// one that is, so that nothing falls together with the opening's own day.
fn working_days(from: NaiveDate, to: NaiveDate, step: TimeDelta, calendar: &Calendar) -> Option<u32> {
    let (mut day, mut count) = (from, 0);
    while day != to {
        day = day.checked_add_signed(step)?;
        count += u32::from(calendar.works(day).ok()?);
    }
    Some(if calendar.works(to).ok()? { count } else { count + 1 })
}

fn no_calendar() -> Problem {
    let detail = Say::new(
        "新时段落在工作日历尚未公布的年份，请自行给出时段。",
        "The slots would move into a year without a calendar: give them yourself.",
    );
    Rejection::at("/slots", "required", detail).into()
}

/// Gives back what the new deadline has no use for.
async fn give_back(
    tx: &mut Tx<'_>,
    actor: &Actor,
    case: &Case,
    mut booking: Booking,
    (reason, now): (&str, DateTime<Utc>),
) -> Result<(), Problem> {
    let had_place = booking.state == BookingState::Confirmed && booking.opening().is_some();
    booking.state = BookingState::Changed;
    booking.decided_by = actor.account().map(|account| account.account);
    booking.decided_at = Some(now);
    booking.reason = Some(reason.to_owned());
    store::update(tx, &mut booking).await?;
    let entry = case.entry("booking.givenBack", &booking).facts(json!({"postponed": true}));
    ledger::record(tx, actor, now, entry.because(reason)).await?;
    if had_place {
        tenders::give_up_place(tx, actor, now, &case.tender, booking.id).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{law::Law, platform::policy_file::PolicySource};

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-{text}:00+08:00")).unwrap().to_utc()
    }

    #[test]
    fn rm_8_slots_keep_their_distance_in_working_days() {
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        // From Monday the 16th, 09:30, to Thursday the 19th, 10:00.
        let both = (at("03-16T09:30"), at("03-19T10:00"));
        let moved = |text: &str| moved_time(at(text), both, law.calendar()).unwrap();
        assert_eq!(moved("03-16T13:00"), at("03-19T13:30"), "on the day, as much later as the opening");
        assert_eq!(moved("03-17T08:30"), at("03-20T08:30"));
        assert_eq!(moved("03-18T17:00"), at("03-23T17:00"), "over the weekend");
        assert_eq!(moved("03-13T15:00"), at("03-18T15:00"), "the draw of the working day before");
        assert_eq!(moved("03-14T15:00"), at("03-18T15:00"), "a Saturday is the working day before, too");
        // Into the holiday of Qingming, 4 to 6 April.
        let late = (at("03-16T09:30"), at("04-03T09:30"));
        assert_eq!(moved_time(at("03-17T08:30"), late, law.calendar()), Some(at("04-07T08:30")));
        let unknown = (at("03-16T09:30"), at("12-31T09:30"));
        assert_eq!(moved_time(at("03-17T08:30"), unknown, law.calendar()), None, "nobody guesses a calendar");
    }
}
