//! Use cases of booking.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use crate::{
    identity::{Action, Object, Side, authorize, authorize_known, claim_side},
    jurisdiction::{
        Jurisdiction,
        model::{Centre, RoomKind},
    },
    kernel::{
        Actor, Category, Code, LegalGround, Problem, Refusal, Rejection, Say,
        actor::AccountActor,
        id::{BookingId, RoomId, TenderId},
        time::hall_date,
    },
    law::Law,
    ledger::{self, Entry},
    platform::{
        db::{OnConstraint, Tx},
        http::{Cursor, Page, PageQuery, Reply},
    },
    projects::{self, Project},
    rooms::{
        fitting::{self, Blocking, Clash, Search, Taken},
        model::{
            Availability, AvailabilityQuery, Booking, BookingState, BookingView, Buffers, Hours, NewBooking,
            NewSlot, Room, RoomAvailability, Rooms, Slot, SlotView, Span,
        },
        rules::{self, Frame, TenderFacts},
        store,
    },
    tenders::{self, Place, Tender},
};

/// Longest window of the availability list, in days.
const LONGEST_WINDOW_DAYS: i64 = 31;

/// The policies that booking stands on.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// Centres with their rooms and settings.
    pub jurisdiction: &'a Jurisdiction,
    /// Calendar and grounds.
    pub law: &'a Law,
}

impl Policy<'_> {
    fn centre(&self, code: &str) -> Result<&Centre, Problem> {
        self.jurisdiction.centre(code).ok_or_else(|| {
            Problem::internal(anyhow::anyhow!("no file of centre {code}, whose rooms are asked for"))
        })
    }

    /// The article behind RM-2 in the regime of the project: 招标投标法 34, for purchases 财政部令87 39.
    fn opening_ground(
        &self,
        tender: &Tender,
        project: &Project,
        now: DateTime<Utc>,
    ) -> Result<LegalGround, Problem> {
        let rule = if project.category == Category::Procurement { "GPB-7" } else { "ENG-16" };
        Ok(self.law.ground(rule, tender.law_on.unwrap_or_else(|| hall_date(now)))?)
    }
}

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
    let window = Span::new(query.from, query.to);
    if query.to <= query.from || window.length() > chrono::TimeDelta::days(LONGEST_WINDOW_DAYS) {
        let detail =
            Say::new("to 须晚于 from，且至多 31 日。", "to must be later than from, by at most 31 days.");
        return Err(Rejection::at("?to", "out-of-range", detail).into());
    }
    let buffers = Buffers::of(&centre.settings);
    let rooms = of_kinds(store::list(conn, Some(&centre.code)).await?, &[query.kind]);
    let around = window.widened(buffers.setup, buffers.cleanup);
    let taken = store::taken(conn, &ids_of(&rooms), around.from, Some(around.to)).await?;
    let known = readable(conn, actor, &taken).await?;
    let items = rooms
        .into_iter()
        .map(|room| RoomAvailability {
            free: fitting::free_spans(window, room.id, &taken, buffers),
            bookings: taken
                .iter()
                .filter(|one| {
                    one.room == room.id && one.during.overlaps(window) && known.contains(&one.tender)
                })
                .map(Taken::booked)
                .collect(),
            room,
        })
        .collect();
    Ok(Availability { items })
}

/// Tenders among those in the way whose bookings the caller may read.
async fn readable(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    taken: &[Taken],
) -> Result<Vec<TenderId>, Problem> {
    let mut tenders: Vec<TenderId> = taken.iter().map(|one| one.tender).collect();
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

fn of_kinds(rooms: Vec<Room>, kinds: &[RoomKind]) -> Vec<Room> {
    rooms.into_iter().filter(|room| kinds.contains(&room.kind)).collect()
}

fn ids_of(rooms: &[Room]) -> Vec<RoomId> {
    rooms.iter().map(|room| room.id).collect()
}

/// A tender with its project: what rights and rules of a booking depend on.
struct Case {
    tender: Tender,
    project: Project,
}

impl Case {
    async fn load(conn: &mut AsyncPgConnection, id: TenderId) -> Result<Self, Problem> {
        let tender = tenders::load(conn, id).await?;
        let project = projects::load(conn, tender.project).await?;
        Ok(Self { tender, project })
    }

    /// Holds the tender to the end of the transaction: no deadline or phase moves meanwhile.
    async fn lock(tx: &mut Tx<'_>, id: TenderId) -> Result<Self, Problem> {
        let tender = tenders::lock(tx, id).await?;
        let project = projects::load(tx.conn(), tender.project).await?;
        Ok(Self { tender, project })
    }

    fn facts(&self) -> TenderFacts {
        TenderFacts { phase: self.tender.phase, deadline: self.tender.deadline }
    }

    /// Who may not read bookings of the tender is not told that there are any.
    fn permit(&self, actor: &Actor, action: Action) -> Result<(), Problem> {
        let parties = self.project.parties();
        let object = Object::of(&parties, self.tender.authority());
        authorize_known(actor, Action::BookingRead, action, &object)
    }

    /// Whether the account acts for a party, not for the centre.
    fn is_party(&self, account: &AccountActor) -> bool {
        account.organisation == self.project.purchaser || Some(account.organisation) == self.project.agency
    }

    /// Whoever acts on a booking takes a side in the project (SOD-1).
    async fn take_side(&self, tx: &mut Tx<'_>, account: &AccountActor) -> Result<(), Problem> {
        let side = if Some(account.organisation) == self.project.agency {
            Side::Agency
        } else if account.organisation == self.project.purchaser {
            Side::Purchaser
        } else if account.roles.iter().any(|role| role.supervises()) {
            Side::Supervisor
        } else {
            Side::Operator
        };
        claim_side(tx, self.project.id, account.account, side).await
    }

    fn entry(&self, act: &'static str, booking: &Booking) -> Entry {
        let entry =
            Entry::new(act).project(self.project.id).tender(self.tender.id).row("bookings", booking.id.0);
        booking.slots.iter().fold(entry, |entry, slot| entry.row("booking_slots", slot.id))
    }
}

fn signed_in(actor: &Actor) -> Result<&AccountActor, Problem> {
    actor.account().ok_or_else(|| Rejection::unauthenticated().into())
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
    let hearing = rules::is_hearing(&new.slots) && case.permit(actor, Action::ComplaintBook).is_ok();
    if !hearing {
        case.permit(actor, Action::BookingRequest)?;
    }
    case.take_side(tx, account).await?;
    let now = tx.hall_now().await?;
    rules::check_request(new, now)?;
    let centre = policy.centre(&case.tender.centre_code)?;
    // A complaint may be heard when the tender has ended.
    let deadline =
        if hearing { case.tender.deadline } else { rules::deadline_for(new.deadline, case.facts())? };
    let ground = policy.opening_ground(&case.tender, &case.project, now)?;
    let own = store::live_of(tx.conn(), case.tender.id).await?;
    let own_opening = own.iter().filter(|booking| booking.deadline == deadline).find_map(Booking::opening);
    let frame = Frame {
        deadline,
        opening_ground: &ground,
        hours: Hours::of(&centre.settings),
        calendar: policy.law.calendar(),
        booked_opening_end: own_opening.map(|slot| slot.during.to),
    };
    if !hearing {
        rules::check_times(&new.slots, frame)?;
    }
    let slots = fit(tx, policy, centre, &new.slots, own_opening).await?;
    // RM-19: the room is the supervision's, there is nothing to confirm.
    let at_once = hearing || centre.settings.auto_confirm;
    let booking = Booking {
        id: BookingId::random(),
        tender: case.tender.id,
        centre_code: centre.code.clone(),
        deadline,
        state: if at_once { BookingState::Confirmed } else { BookingState::Requested },
        requested_by: account.account,
        requested_at: now,
        decided_by: None,
        decided_at: at_once.then_some(now),
        reason: None,
        late: false,
        version: 1,
        slots,
    };
    store::insert(tx, &booking)
        .await
        .on_constraint(store::NO_OVERLAP, || Refusal::new(Code::SlotTaken, taken_sentence()))?;
    let entry = case.entry("booking.requested", &booking).facts(json!({"confirmedAtOnce": at_once}));
    ledger::record(tx, actor, now, entry).await?;
    if at_once {
        tell_place(tx, actor, now, &case, &booking).await?;
    }
    let view = view(tx.conn(), actor, policy, &case, &booking, now).await?;
    Ok(Reply::created(format!("/api/v1/bookings/{}", booking.id), &view)?.at_version(booking.version))
}

/// Finds a room for every slot, with the rooms held so that the answer stays true to the end of the transaction.
async fn fit(
    tx: &mut Tx<'_>,
    policy: Policy<'_>,
    centre: &Centre,
    wanted: &[NewSlot],
    own_opening: Option<&Slot>,
) -> Result<Vec<Slot>, Problem> {
    let kinds: Vec<RoomKind> = wanted.iter().map(|slot| slot.kind).collect();
    let rooms = of_kinds(store::list(tx.conn(), Some(&centre.code)).await?, &kinds);
    known_rooms(wanted, &rooms)?;
    let any: Vec<RoomKind> =
        wanted.iter().filter(|slot| slot.room_id.is_none()).map(|slot| slot.kind).collect();
    let named = |room: &Room| wanted.iter().any(|slot| slot.room_id == Some(room.id));
    let held: Vec<RoomId> =
        rooms.iter().filter(|room| any.contains(&room.kind) || named(room)).map(|room| room.id).collect();
    store::lock_rooms(tx, &held).await?;
    let buffers = Buffers::of(&centre.settings);
    let first = wanted.iter().map(|slot| slot.from).min().unwrap_or_default() - buffers.setup;
    let taken = store::taken(tx.conn(), &ids_of(&rooms), first, None).await?;
    let works = |day| policy.law.calendar().works(day).ok();
    let hours = Hours::of(&centre.settings);
    let search = Search { rooms: &rooms, taken: &taken, buffers, hours, works: &works };
    let given = match fitting::assign(wanted, &rooms, &taken, buffers) {
        Ok(given) => given,
        Err(Some(clash)) => return Err(slot_taken(&clash, wanted, search).into()),
        Err(None) => return Err(Problem::internal(anyhow::anyhow!("a slot without rooms passed the check"))),
    };
    one_opening(wanted, own_opening, search)?;
    Ok(wanted
        .iter()
        .zip(given)
        .map(|(slot, room)| Slot {
            id: Uuid::new_v4(),
            room,
            kind: slot.kind,
            during: slot.during(),
            blocked: buffers.around(slot.during()),
        })
        .collect())
}

/// A room that is named must be a room of that kind at the tender's centre.
fn known_rooms(wanted: &[NewSlot], rooms: &[Room]) -> Result<(), Rejection> {
    for (place, slot) in wanted.iter().enumerate() {
        let mut of_kind = rooms.iter().filter(|room| room.kind == slot.kind);
        let (member, known) = match slot.room_id {
            Some(named) => ("roomId", of_kind.any(|room| room.id == named)),
            None => ("kind", of_kind.next().is_some()),
        };
        if !known {
            let detail = Say::new("本项目所在中心没有这样的场地。", "The tender's centre has no such room.");
            return Err(Rejection::at(format!("/slots/{place}/{member}"), "unknown", detail));
        }
    }
    Ok(())
}

/// A tender has one opening room for one deadline.
fn one_opening(wanted: &[NewSlot], own: Option<&Slot>, search: Search<'_>) -> Result<(), Refusal> {
    let opening = wanted.iter().enumerate().find(|(_, slot)| slot.kind == RoomKind::Opening);
    let (Some((wanted_at, _)), Some(own)) = (opening, own) else { return Ok(()) };
    let blocking = Blocking::by(own.kind, own.room, own.during, own.blocked);
    let mut refusal = slot_taken(&Clash { wanted: wanted_at, blocking }, wanted, search);
    refusal.detail = Say::new(
        "本项目已为该截止时间预约开标室；如需更换，请先取消。",
        "The tender already has an opening room for this deadline; cancel it first to change it.",
    );
    Err(refusal)
}

fn taken_sentence() -> Say {
    Say::new(
        "所需场地在该时段（含布置和清理时间）已被占用。",
        "The room is taken then (setting up and cleaning included).",
    )
}

fn slot_taken(clash: &Clash, wanted: &[NewSlot], search: Search<'_>) -> Refusal {
    let offers = wanted.get(clash.wanted).map(|slot| fitting::alternatives(slot, search)).unwrap_or_default();
    Refusal::new(Code::SlotTaken, taken_sentence())
        .with("slot", json!(clash.wanted))
        .with("blocking", json!(clash.blocking))
        .with("alternatives", json!(offers))
}

/// Tells the tender the place of its opening, which the document needs before it is published (RM-3).
async fn tell_place(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
    case: &Case,
    booking: &Booking,
) -> Result<(), Problem> {
    let Some(opening) = booking.opening() else { return Ok(()) };
    let rooms = store::by_ids(tx.conn(), &[opening.room]).await?;
    let room = room_of(&rooms, opening.room)?;
    let place = Place {
        booking: booking.id,
        room_code: room.code.clone(),
        room_name: room.name.clone(),
        opens_at: opening.during.from,
    };
    tenders::fix_place(tx, actor, now, &case.tender, place).await
}

fn room_of(rooms: &[Room], id: RoomId) -> Result<&Room, Problem> {
    rooms
        .iter()
        .find(|room| room.id == id)
        .ok_or_else(|| Problem::internal(anyhow::anyhow!("slot in the unknown room {id}")))
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
    fn action(&self, booking: &Booking) -> Action {
        match self {
            Self::Cancel(_) if booking.is_hearing() => Action::ComplaintBook,
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
    let found = store::find(tx.conn(), id).await?.ok_or_else(Rejection::not_found)?;
    // The tender first, then its booking: the order of every act here.
    let case = Case::lock(tx, found.tender).await?;
    let mut booking = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    case.permit(actor, decision.action(&booking))?;
    allow_version(booking.version)?;
    let reason = decision.reason()?;
    let now = tx.hall_now().await?;
    let ground = policy.opening_ground(&case.tender, &case.project, now)?;
    guard(&decision, &booking, &case, &ground, now)?;
    case.take_side(tx, account).await?;
    if matches!(decision, Decision::Cancel(_)) && case.is_party(account) {
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
        Decision::Confirm => tell_place(tx, actor, now, &case, &booking).await?,
        Decision::Cancel(_) if had_place => tenders::give_up_place(tx, actor, now, &case.tender, id).await?,
        Decision::Reject(_) | Decision::Cancel(_) => {}
    }
    Ok(Reply::ok(&view(tx.conn(), actor, policy, &case, &booking, now).await?)?.at_version(booking.version))
}

fn guard(
    decision: &Decision,
    booking: &Booking,
    case: &Case,
    ground: &LegalGround,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    match decision {
        Decision::Confirm => rules::may_confirm(booking, case.facts(), ground, now),
        Decision::Reject(_) => rules::may_reject(booking),
        Decision::Cancel(_) => rules::may_cancel(booking, case.facts(), ground, now),
    }
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
    case.permit(actor, Action::BookingRead)?;
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
    let bookings = store::page_of(conn, tender, cursor, limit).await?;
    let mut views = Vec::with_capacity(bookings.len());
    for booking in &bookings {
        views.push(view(conn, actor, policy, &case, booking, now).await?);
    }
    Ok(Page::from_rows(views, limit, |view| Cursor { at: view.requested_at, id: view.id.0 }))
}

async fn view(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    case: &Case,
    booking: &Booking,
    now: DateTime<Utc>,
) -> Result<BookingView, Problem> {
    let ground = policy.opening_ground(&case.tender, &case.project, now)?;
    let may = |decision: &Decision| {
        case.permit(actor, decision.action(booking))
            .and_then(|()| guard(decision, booking, case, &ground, now))
    };
    let guards = (
        may(&Decision::Confirm),
        may(&Decision::Reject(String::new())),
        may(&Decision::Cancel(String::new())),
    );
    let until = rules::in_time_until(booking, policy.law.calendar());
    let rooms = store::by_ids(conn, &booking.slots.iter().map(|slot| slot.room).collect::<Vec<_>>()).await?;
    let slots = booking.slots.iter().map(|slot| slot_view(slot, &rooms)).collect::<Result<_, _>>()?;
    Ok(BookingView {
        id: booking.id,
        tender_id: booking.tender,
        centre_code: booking.centre_code.clone(),
        deadline: booking.deadline,
        state: booking.state,
        requested_at: booking.requested_at,
        decided_at: booking.decided_at,
        reason: booking.reason.clone(),
        late: booking.late,
        slots,
        allowed_actions: rules::allowed_actions(booking, guards, until),
    })
}

fn slot_view(slot: &Slot, rooms: &[Room]) -> Result<SlotView, Problem> {
    let room = room_of(rooms, slot.room)?;
    Ok(SlotView {
        kind: slot.kind,
        room_id: slot.room,
        room_code: room.code.clone(),
        room_name: room.name.clone(),
        from: slot.during.from,
        to: slot.during.to,
    })
}

/// The bookings of a tender whose slots keep others out, first come first, for rooms above: whether a draw or an
/// opening stands in a room that was booked for it.
///
/// # Errors
/// When the database is away.
pub async fn bookings_of(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Booking>, Problem> {
    store::live_of(conn, tender).await
}
