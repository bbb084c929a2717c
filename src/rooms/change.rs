//! 变更: another booking takes the place of one, in one transaction. The old slots are given back before the new ones
//! are taken, so that a booking never stands in its own way; where the new cannot be had, the old stay.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::{
    identity::Action,
    jurisdiction::model::RoomKind,
    kernel::{Actor, Problem, Rejection, id::BookingId},
    ledger,
    platform::{db::Tx, http::Reply},
    rooms::{
        case::{Case, Policy, rows, signed_in},
        green, letters,
        model::{Booking, BookingChange, BookingState, NewSlot},
        rules,
        service::{check_times, created, held},
        store,
        taking::{Held, lodge},
    },
    tenders,
};

/// What a booking becomes.
pub(super) struct Change {
    /// Slots in the place of those not yet used.
    pub(super) slots: Vec<NewSlot>,
    /// Deadline of bids they are for.
    pub(super) deadline: DateTime<Utc>,
    /// Why.
    pub(super) reason: String,
    /// Where the new booking stands: requested or confirmed.
    pub(super) state: BookingState,
}

/// Changes a booking: its parties while it is requested, the centre also once it is confirmed. The answer is the new
/// booking; the centre's word for a confirmed one goes over to it.
///
/// # Errors
/// 401, 403, 404, 412 and 428 by version, 422; `law-refuses` for an announced opening, `booking-unfit`, `slot-taken`.
pub async fn change(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    id: BookingId,
    expect_version: impl FnOnce(i64) -> Result<(), Rejection>,
    asked: &BookingChange,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let (case, booking) = held(tx, id).await?;
    case.permit_on(actor, Action::BookingChange, &booking)?;
    expect_version(booking.version)?;
    let reason = rules::check_reason(&asked.reason)?;
    let now = tx.hall_now().await?;
    rules::check_request(&asked.slots, now)?;
    let party = case.is_party(account);
    rules::may_change(&booking, party, now)?;
    let ground = policy.opening_ground(&case, now)?;
    let deadline = match asked.deadline {
        None if rules::stands(booking.deadline, case.facts()) => booking.deadline,
        asked => rules::deadline_for(asked, case.facts())?,
    };
    let slots = rules::keep_announced(&booking, &asked.slots, case.facts(), &ground)?;
    case.take_side(tx, account).await?;
    let state = booking.state;
    let change = Change { slots, deadline, reason, state };
    let booking = replace(tx, actor, policy, &case, (booking, change), now).await?;
    if !party {
        letters::moved(tx, &case, &booking, now).await?;
    }
    created(tx, actor, policy, &case, &booking, now).await
}

/// Puts another booking in the place of one that is held with its tender.
pub(super) async fn replace(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    case: &Case,
    (mut old, change): (Booking, Change),
    now: DateTime<Utc>,
) -> Result<Booking, Problem> {
    let had_place = old.state == BookingState::Confirmed && old.opening().is_some();
    let by = actor.account().map(|account| account.account);
    old.state = BookingState::Changed;
    old.decided_by = by;
    old.decided_at = Some(now);
    old.reason = Some(change.reason.clone());
    store::update(tx, &mut old).await?;
    if had_place {
        tenders::give_up_place(tx, actor, now, &case.tender, old.id).await?;
    }
    let centre = policy.centre(&old.centre_code)?;
    let own = store::opening_of(tx.conn(), case.tender.id, change.deadline).await?;
    let opened = old.opening().filter(|_| old.deadline == change.deadline);
    let complaint = old.slots.iter().any(|slot| slot.kind == RoomKind::Complaint);
    check_times(policy, case, (change.deadline, now), &change.slots, (own.as_ref().or(opened), complaint))?;
    let held = Held::lock(tx, policy, centre, &change.slots).await?;
    let slots = held.take(tx, &change.slots).await?;
    held.one_opening(tx, &change.slots, own.as_ref()).await?;
    let confirmed = change.state == BookingState::Confirmed;
    let by_party = actor.account().filter(|account| case.is_party(account));
    let requested_at = if by_party.is_some() { now } else { old.requested_at };
    let booking = Booking {
        id: BookingId::random(),
        deadline: change.deadline,
        state: change.state,
        requested_by: by_party.map_or(old.requested_by, |account| account.account),
        requested_at,
        decided_by: by.filter(|_| confirmed),
        decided_at: confirmed.then_some(now),
        reason: None,
        late: false,
        by_party: false,
        version: 1,
        organisation: by_party.map_or(old.organisation, |account| Some(account.organisation)),
        answer_by: if confirmed { None } else { rules::answer_by(requested_at, policy.law.calendar()) },
        replaces: Some(old.id),
        slots,
        tender: old.tender,
        centre_code: old.centre_code.clone(),
    };
    if confirmed {
        green::leaves_reserve(tx, policy, case, &booking).await??;
    }
    lodge(tx, &booking).await?;
    let mut entry = rows(case.entry("booking.changed", &booking), &old).facts(json!({"from": old.id}));
    entry.reason = Some(change.reason);
    ledger::record(tx, actor, now, entry).await?;
    if confirmed {
        case.tell_place(tx, actor, now, &booking).await?;
    } else {
        letters::remind_later(tx, centre, &booking).await?;
    }
    Ok(booking)
}
