//! Reading rooms, their free time and bookings.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::{
    identity::{Action, Object, authorize},
    kernel::{
        Actor, AllowedAction, Problem, Rejection,
        id::{BookingId, TenderId},
    },
    platform::http::{Cursor, Page, PageQuery},
    rooms::{
        case::{Case, Policy, room_of},
        closures::window,
        fitting::{self, Taken},
        life::{self, Act},
        model::{
            Availability, AvailabilityQuery, Booking, BookingState, BookingView, Buffers, Room,
            RoomAvailability, Rooms, Slot, SlotView,
        },
        rules,
        service::Decision,
        store,
        taking::{ids_of, of_kinds},
    },
};

/// Longest window of the availability list, in days.
pub(super) const LONGEST_WINDOW_DAYS: i64 = 31;

/// The rooms of a centre, or of all.
///
/// # Errors
/// 404 for a centre the hall does not have.
pub async fn rooms(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    centre: Option<&str>,
) -> Result<Rooms, Problem> {
    authorize(actor, Action::RoomsRead, &Object::none())?;
    if centre.is_some_and(|code| policy.jurisdiction.centre(code).is_none()) {
        return Err(Rejection::not_found().into());
    }
    Ok(Rooms { items: store::list(conn, centre).await? })
}

/// When the rooms of a kind can be booked, and of the bookings in the way those the caller may know of.
///
/// # Errors
/// 401, 403, 404 for an unknown centre, 422 for a window that ends before it begins or is too long.
pub async fn availability(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    query: &AvailabilityQuery,
) -> Result<Availability, Problem> {
    authorize(actor, Action::RoomAvailability, &Object::none())?;
    let centre = policy.jurisdiction.centre(&query.centre).ok_or_else(Rejection::not_found)?;
    let window = window(query.from, query.to)?;
    let buffers = Buffers::of(&centre.settings);
    let rooms = of_kinds(store::list(conn, Some(&centre.code)).await?, &[query.kind]);
    let taken = store::taken(conn, &ids_of(&rooms), buffers.around(window)).await?;
    let known = readable(conn, actor, &taken).await?;
    let items = rooms
        .into_iter()
        .map(|room| RoomAvailability {
            free: fitting::free_spans(window, room.id, &taken, buffers),
            bookings: taken
                .iter()
                .filter(|one| {
                    one.room == room.id
                        && one.during.overlaps(window)
                        && one.tender().is_some_and(|tender| known.contains(&tender))
                })
                .filter_map(Taken::booked)
                .collect(),
            room,
        })
        .collect();
    Ok(Availability { items })
}

/// Tenders among those in the way whose bookings the caller may read.
pub(super) async fn readable(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    taken: &[Taken],
) -> Result<Vec<TenderId>, Problem> {
    let mut tenders: Vec<TenderId> = taken.iter().filter_map(Taken::tender).collect();
    tenders.sort_unstable();
    tenders.dedup();
    let mut known = Vec::new();
    for id in tenders {
        let case = Case::load(conn, id).await?;
        if case.permit(actor, Action::BookingRead).is_ok() {
            known.push(id);
        }
    }
    Ok(known)
}

/// A booking for a caller who may read it.
///
/// # Errors
/// 404 when it is absent or not for the caller to know.
pub async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    id: BookingId,
    now: DateTime<Utc>,
) -> Result<(BookingView, i64), Problem> {
    let booking = store::find(conn, id).await?.ok_or_else(Rejection::not_found)?;
    let case = Case::load(conn, booking.tender).await?;
    case.permit_on(actor, Action::BookingRead, &booking)?;
    Ok((view(conn, actor, policy, &case, &booking, now).await?, booking.version))
}

/// A tender's bookings, newest first, for a caller who may read them.
///
/// # Errors
/// 404 when the tender is absent or its bookings not for the caller to know, 422 for a bad cursor.
pub async fn list(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    (tender, page): (TenderId, &PageQuery),
    now: DateTime<Utc>,
) -> Result<Page<BookingView>, Problem> {
    let (cursor, limit) = page.checked()?;
    let case = Case::load(conn, tender).await?;
    case.permit(actor, Action::BookingRead)?;
    let party = actor.account().is_some_and(|account| case.is_party(account));
    let bookings = store::page_of(conn, (tender, !party), cursor, limit).await?;
    let mut views = Vec::with_capacity(bookings.len());
    for booking in &bookings {
        views.push(view(conn, actor, policy, &case, booking, now).await?);
    }
    Ok(Page::from_rows(views, limit, |view| Cursor { at: view.requested_at, id: view.id.0 }))
}

/// A booking as this caller sees it.
pub(super) async fn view(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    case: &Case,
    booking: &Booking,
    now: DateTime<Utc>,
) -> Result<BookingView, Problem> {
    let rooms = store::by_ids(conn, &booking.slots.iter().map(|slot| slot.room).collect::<Vec<_>>()).await?;
    let replaced_by = match booking.state {
        BookingState::Changed => store::replaced_by(conn, booking.id).await?,
        _ => None,
    };
    let numbered = (1..).zip(&booking.slots);
    let slots = numbered.map(|(no, slot)| slot_view(no, slot, &rooms)).collect::<Result<_, _>>()?;
    Ok(BookingView {
        id: booking.id,
        tender_id: booking.tender,
        centre_code: booking.centre_code.clone(),
        deadline: booking.deadline,
        state: booking.state,
        requested_at: booking.requested_at,
        organisation_id: booking.organisation,
        answer_by: booking.answer_by.filter(|_| booking.state == BookingState::Requested),
        decided_at: booking.decided_at,
        replaces: booking.replaces,
        replaced_by,
        reason: booking.reason.clone(),
        late: booking.late,
        slots,
        allowed_actions: allowed_actions(actor, policy, case, booking, now)?,
    })
}

/// What the caller may do next, and until when.
fn allowed_actions(
    actor: &Actor,
    policy: Policy<'_>,
    case: &Case,
    booking: &Booking,
    now: DateTime<Utc>,
) -> Result<Vec<AllowedAction>, Problem> {
    let ground = policy.opening_ground(case, now)?;
    let settings = &policy.centre(&booking.centre_code)?.settings;
    let may = |action: Action, guard: &dyn Fn() -> Result<(), Problem>| {
        case.permit_on(actor, action, booking).and_then(|()| guard())
    };
    let decide =
        |decision: &Decision| may(decision.action(), &|| decision.guard(booking, case, &ground, now));
    let use_of = |act: Act| may(act.action(), &|| life::choose(booking, act, None, settings, now).map(drop));
    let party = actor.account().is_some_and(|account| case.is_party(account));
    let mut cancelling = AllowedAction::from_guard("cancel", &decide(&Decision::Cancel(String::new())));
    let until = rules::in_time_until(booking, policy.law.calendar());
    if let (true, Some(until)) = (cancelling.allowed && booking.state == BookingState::Confirmed, until) {
        cancelling = cancelling.until(until, "RM-9");
    }
    let mut confirming = AllowedAction::from_guard("confirm", &decide(&Decision::Confirm));
    if let (true, Some(until)) = (confirming.allowed, booking.answer_by) {
        confirming = confirming.until(until, "RM-7");
    }
    let change = may(Action::BookingChange, &|| Ok(rules::may_change(booking, party, now)?));
    Ok(vec![
        confirming,
        AllowedAction::from_guard("reject", &decide(&Decision::Reject(String::new()))),
        cancelling,
        AllowedAction::from_guard("change", &change),
        AllowedAction::from_guard("begin", &use_of(Act::Begin)),
        AllowedAction::from_guard("release", &use_of(Act::Release)),
        AllowedAction::from_guard("no-show", &use_of(Act::NoShow)),
    ])
}

fn slot_view(no: usize, slot: &Slot, rooms: &[Room]) -> Result<SlotView, Problem> {
    let room = room_of(rooms, slot.room)?;
    Ok(SlotView {
        no,
        kind: slot.kind,
        room_id: slot.room,
        room_code: room.code.clone(),
        room_name: room.name.clone(),
        from: slot.during.from,
        to: slot.during.to,
        capacity: slot.capacity,
        usage: slot.usage(),
        begun_at: slot.used.begun_at,
        overran_at: slot.used.overran_at,
        ended_at: slot.used.ended_at,
    })
}
