//! Use cases of booking: asking, confirming, rejecting, giving up.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;

use crate::{
    identity::Action,
    jurisdiction::{
        Jurisdiction,
        model::{Centre, RoomKind},
    },
    kernel::{
        Actor, LegalGround, Problem, Rejection,
        id::{BookingId, TenderId},
    },
    ledger::{self, Entry},
    platform::{db::Tx, http::Reply},
    rooms::{
        case::{Case, Policy, signed_in},
        green, letters,
        model::{Booking, BookingState, Hours, NewBooking, NewSlot, Slot},
        rules::{self, Frame},
        store,
        taking::{Held, lodge},
        view::view,
    },
    tenders,
};

/// Makes the table of rooms say what the centres' files say. A start that changes nothing writes nothing.
///
/// The change stands in the record like any other, as an act of the hall: the name and number of a room are what
/// notices and opening records point to, so that nobody may change them unseen.
///
/// # Errors
/// When the database is away, or a file gives a known room another kind.
pub async fn synchronise(tx: &mut Tx<'_>, jurisdiction: &Jurisdiction) -> Result<(), Problem> {
    for centre in jurisdiction.centres() {
        let changed = store::synchronise_centre(tx, centre).await?;
        if changed.is_empty() {
            continue;
        }
        let now = tx.hall_now().await?;
        let mut entry = Entry::new("rooms.listed").facts(json!({"centre": centre.code}));
        for id in changed {
            entry = entry.row("rooms", id);
        }
        ledger::record(tx, &Actor::Hall("rooms.synchronise"), now, entry).await?;
    }
    Ok(())
}

/// 场地预约: books all the slots or none. Rooms are locked before they are looked at, so that of many who want one
/// slot the first gets it and the others are told what else is free.
///
/// # Errors
/// 401, 403, 404, 422 with pointers; `law-refuses`, `booking-unfit`, `slot-taken` with `blocking` and `alternatives`.
pub async fn request(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    new: &NewBooking,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let case = Case::lock(tx, new.tender_id).await?;
    let for_complaint = new.slots.iter().any(|slot| slot.kind == RoomKind::Complaint);
    // RM-19: the complaint room is the supervising bodies' own, and nobody confirms it to them.
    let complaint = for_complaint && case.permit(actor, Action::ComplaintRoomBook).is_ok();
    if !complaint {
        case.permit(actor, Action::BookingRequest)?;
    }
    case.take_side(tx, account).await?;
    let now = tx.hall_now().await?;
    rules::check_request(&new.slots, now)?;
    let deadline = rules::deadline_for(new.deadline, case.facts())?;
    let asked = Asked { slots: new.slots.clone(), deadline, complaint };
    place(tx, actor, policy, &case, asked, now).await
}

/// Slots to be booked for a tender that is held.
pub(super) struct Asked {
    /// All of them or none.
    pub(super) slots: Vec<NewSlot>,
    /// Deadline of bids they are for.
    pub(super) deadline: DateTime<Utc>,
    /// Whether a supervising body books the complaint room.
    pub(super) complaint: bool,
}

/// Takes the rooms of a request whose caller has been judged.
pub(super) async fn place(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    case: &Case,
    Asked { slots: wanted, deadline, complaint }: Asked,
    now: DateTime<Utc>,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let centre = policy.centre(&case.tender.centre_code)?;
    let own = store::opening_of(tx.conn(), case.tender.id, deadline).await?;
    check_times(policy, case, (deadline, now), &wanted, (own.as_ref(), complaint))?;
    let held = Held::lock(tx, policy, centre, &wanted).await?;
    held.one_opening(tx, &wanted, own.as_ref()).await?;
    let id = BookingId::random();
    let (slots, displaced) = green::take_or_displace(tx, actor, case, &held, (id, &wanted), now).await?;
    let mut booking = Booking {
        id,
        tender: case.tender.id,
        centre_code: centre.code.clone(),
        deadline,
        state: BookingState::Requested,
        requested_by: account.account,
        requested_at: now,
        decided_by: None,
        decided_at: None,
        reason: None,
        late: false,
        by_party: false,
        version: 1,
        organisation: Some(account.organisation),
        answer_by: None,
        replaces: None,
        slots,
    };
    let free =
        centre.settings.auto_confirm && green::leaves_reserve(tx, policy, case, &booking).await?.is_ok();
    let at_once = free || complaint;
    if at_once {
        booking.state = BookingState::Confirmed;
        booking.decided_at = Some(now);
    } else {
        booking.answer_by = rules::answer_by(now, policy.law.calendar());
    }
    lodge(tx, &booking).await?;
    let entry = case.entry("booking.requested", &booking).facts(json!({"confirmedAtOnce": at_once}));
    ledger::record(tx, actor, now, entry).await?;
    if at_once {
        case.tell_place(tx, actor, now, &booking).await?;
    } else {
        letters::remind_later(tx, centre, &booking).await?;
    }
    green::tell_displaced(tx, policy, &displaced, now).await?;
    created(tx, actor, policy, case, &booking, now).await
}

/// Answers with a booking just made.
pub(super) async fn created(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    case: &Case,
    booking: &Booking,
    now: DateTime<Utc>,
) -> Result<Reply, Problem> {
    let view = view(tx.conn(), actor, policy, case, booking, now).await?;
    Ok(Reply::created(format!("/api/v1/bookings/{}", booking.id), &view)?.at_version(booking.version))
}

/// RM-2, RM-5, RM-12, RM-13 and RM-19 over the slots of a booking for `deadline`.
pub(super) fn check_times(
    policy: Policy<'_>,
    case: &Case,
    (deadline, now): (DateTime<Utc>, DateTime<Utc>),
    slots: &[NewSlot],
    (own, complaint): (Option<&Slot>, bool),
) -> Result<(), Problem> {
    let centre: &Centre = policy.centre(&case.tender.centre_code)?;
    let ground = policy.opening_ground(case, now)?;
    let frame = Frame {
        deadline,
        opening_ground: &ground,
        hours: Hours::of(&centre.settings),
        calendar: policy.law.calendar(),
        booked_opening_end: own.map(|slot| slot.during.to),
        complaint,
    };
    rules::check_times(slots, frame)
}

/// What is decided about a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The centre confirms.
    Confirm,
    /// The centre rejects, with its reason.
    Reject(String),
    /// A party or the centre gives it up, with a reason.
    Cancel(String),
}

impl Decision {
    pub(super) fn action(&self) -> Action {
        match self {
            Self::Confirm => Action::BookingConfirm,
            Self::Reject(_) => Action::BookingReject,
            Self::Cancel(_) => Action::BookingCancel,
        }
    }

    fn act(&self) -> &'static str {
        match self {
            Self::Confirm => "booking.confirmed",
            Self::Reject(_) => "booking.rejected",
            Self::Cancel(_) => "booking.cancelled",
        }
    }

    fn state(&self) -> BookingState {
        match self {
            Self::Confirm => BookingState::Confirmed,
            Self::Reject(_) => BookingState::Rejected,
            Self::Cancel(_) => BookingState::Cancelled,
        }
    }

    fn reason(&self) -> Result<Option<String>, Rejection> {
        match self {
            Self::Confirm => Ok(None),
            Self::Reject(reason) | Self::Cancel(reason) => rules::check_reason(reason).map(Some),
        }
    }

    /// Whether the state, the time and the published notice allow it.
    pub(super) fn guard(
        &self,
        booking: &Booking,
        case: &Case,
        ground: &LegalGround,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        match self {
            Self::Confirm => rules::may_confirm(booking, case.facts(), ground, now),
            Self::Reject(_) => rules::may_reject(booking),
            Self::Cancel(_) => rules::may_cancel(booking, case.facts(), ground, now),
        }
    }
}

/// Confirms, rejects or cancels a booking.
///
/// # Errors
/// 401, 403, 404, 412 by version, 422 without a reason; 409 when the state, the time or the published notice
/// stands against it.
pub async fn decide(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    id: BookingId,
    allow_version: impl FnOnce(i64) -> Result<(), Rejection>,
    decision: Decision,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let (case, mut booking) = held(tx, id).await?;
    case.permit_on(actor, decision.action(), &booking)?;
    allow_version(booking.version)?;
    let reason = decision.reason()?;
    let now = tx.hall_now().await?;
    let ground = policy.opening_ground(&case, now)?;
    decision.guard(&booking, &case, &ground, now)?;
    if decision == Decision::Confirm {
        green::leaves_reserve(tx, policy, &case, &booking).await??;
    }
    case.take_side(tx, account).await?;
    if matches!(decision, Decision::Cancel(_)) && case.is_party(account) {
        booking.by_party = true;
        booking.late = rules::is_late(&booking, case.facts(), policy.law.calendar(), now);
    }
    let had_place = booking.state == BookingState::Confirmed && booking.opening().is_some();
    booking.state = decision.state();
    booking.decided_by = Some(account.account);
    booking.decided_at = Some(now);
    booking.reason.clone_from(&reason);
    store::update(tx, &mut booking).await?;
    let mut entry = case.entry(decision.act(), &booking).facts(json!({"late": booking.late}));
    entry.reason = reason;
    ledger::record(tx, actor, now, entry).await?;
    match decision {
        Decision::Confirm => case.tell_place(tx, actor, now, &booking).await?,
        Decision::Cancel(_) if had_place => tenders::give_up_place(tx, actor, now, &case.tender, id).await?,
        Decision::Reject(_) | Decision::Cancel(_) => {}
    }
    answer(tx, actor, policy, &case, &booking, now).await
}

/// Holds a booking to the end of the transaction: the tender first, then its booking, the order of every act here.
pub(super) async fn held(tx: &mut Tx<'_>, id: BookingId) -> Result<(Case, Booking), Problem> {
    let found = store::find(tx.conn(), id).await?.ok_or_else(Rejection::not_found)?;
    let case = Case::lock(tx, found.tender).await?;
    let booking = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    Ok((case, booking))
}

/// Answers with a booking as it now stands.
pub(super) async fn answer(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    case: &Case,
    booking: &Booking,
    now: DateTime<Utc>,
) -> Result<Reply, Problem> {
    Ok(Reply::ok(&view(tx.conn(), actor, policy, case, booking, now).await?)?.at_version(booking.version))
}

/// The bookings of a tender whose slots keep others out, first come first, for rooms above: whether a draw or an
/// opening stands in a room that was booked for it.
///
/// # Errors
/// When the database is away.
pub async fn bookings_of(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Booking>, Problem> {
    store::live_of(conn, tender).await
}
