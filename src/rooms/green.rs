//! 重点项目绿色通道 (RM-10): key projects find rooms. The supervision office says which projects they are, not the centre
//! that would be asked for the favour, nor the parties.
//!
//! The reserve is kept at confirmation: an ordinary request may stand in any room, but of each kind so many rooms as
//! the centre reserves are confirmed to key projects alone. So a key project can always be given a room, by displacing
//! what is only requested; what is confirmed is never displaced. The latest requests go first (RM-11).

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    identity::{Action, Object, authorize, authorize_known},
    kernel::{
        Actor, Code, Problem, Refusal, Say,
        id::{AccountId, BookingId, ProjectId, RoomId, TenderId},
    },
    law::Law,
    ledger::{self, Entry},
    platform::{db::Tx, http::Reply},
    projects,
    rooms::{
        case::{Case, Policy, signed_in},
        fitting::{self, Holder, Occupied, Taken},
        letters,
        model::{Booking, BookingState, NewSlot, Slot},
        rules, store,
        store::keys,
        taking::{Held, ids_of, of_kinds},
        usage::asked,
    },
};

/// Body of `POST /api/v1/projects/{id}/green-channel` and `…/green-channel/end`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GreenChannelReason {
    /// Why, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Whether a project is let through the green channel, and who said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GreenChannel {
    /// The project.
    pub project_id: ProjectId,
    /// Whether it is a key project now.
    pub open: bool,
    /// Why it was made one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked_at: Option<DateTime<Utc>>,
}

/// A mark as the hall keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Row.
    pub id: Uuid,
    /// The project.
    pub project: ProjectId,
    /// Why.
    pub reason: String,
    /// Account of the supervision office.
    pub marked_by: AccountId,
    /// When.
    pub marked_at: DateTime<Utc>,
}

/// Makes a project a key project.
///
/// # Errors
/// 401, 403, 404, 422 without a reason, `duplicate` when it is one.
pub async fn mark(tx: &mut Tx<'_>, actor: &Actor, id: ProjectId, reason: &str) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let project = projects::lock(tx, id).await?;
    permit(actor, &project)?;
    let reason = rules::check_reason(reason)?;
    if keys::open(tx.conn(), id).await?.is_some() {
        let detail = Say::new("该项目已是重点项目。", "It is a key project already.");
        return Err(Refusal::new(Code::Duplicate, detail).into());
    }
    let now = tx.hall_now().await?;
    let mark = Mark { id: Uuid::new_v4(), project: id, reason, marked_by: account.account, marked_at: now };
    keys::insert(tx, &mark).await?;
    let entry = Entry::new("project.keyMarked").project(id).row("key_projects", mark.id);
    ledger::record(tx, actor, now, entry.because(&mark.reason)).await?;
    Reply::ok(&shown(id, Some(mark)))
}

/// Makes it an ordinary project again; what it has booked stands.
///
/// # Errors
/// 401, 403, 404, 422 without a reason, `wrong-state` when it is none.
pub async fn end(tx: &mut Tx<'_>, actor: &Actor, id: ProjectId, reason: &str) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let project = projects::lock(tx, id).await?;
    permit(actor, &project)?;
    let reason = rules::check_reason(reason)?;
    let Some(mark) = keys::open(tx.conn(), id).await? else {
        let detail = Say::new("该项目不是重点项目。", "It is no key project.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    };
    let now = tx.hall_now().await?;
    keys::end(tx, mark.id, (account.account, now), &reason).await?;
    let entry = Entry::new("project.keyEnded").project(id).row("key_projects", mark.id);
    ledger::record(tx, actor, now, entry.because(&reason)).await?;
    Reply::ok(&shown(id, None))
}

/// Whether a project is a key project, for whoever may read the project.
///
/// # Errors
/// 404 when the project is absent or not for the caller to know.
pub async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: ProjectId,
) -> Result<GreenChannel, Problem> {
    let project = projects::load(conn, id).await?;
    authorize(actor, Action::ProjectRead, &Object::of(&project.parties(), project.phase()))?;
    Ok(shown(id, keys::open(conn, id).await?))
}

fn permit(actor: &Actor, project: &projects::Project) -> Result<(), Problem> {
    let parties = project.parties();
    let object = Object::of(&parties, project.phase());
    authorize_known(actor, Action::ProjectRead, Action::GreenChannelMark, &object)
}

fn shown(project_id: ProjectId, mark: Option<Mark>) -> GreenChannel {
    GreenChannel {
        project_id,
        open: mark.is_some(),
        marked_at: mark.as_ref().map(|mark| mark.marked_at),
        reason: mark.map(|mark| mark.reason),
    }
}

/// A booking that had to make room.
pub(super) struct Displaced {
    case: Case,
    booking: Booking,
}

/// Finds rooms for `wanted`; a key project displaces what is only requested where nothing is free.
///
/// # Errors
/// As [`Held::take`].
pub(super) async fn take_or_displace(
    tx: &mut Tx<'_>,
    actor: &Actor,
    case: &Case,
    held: &Held<'_>,
    (by, wanted): (BookingId, &[NewSlot]),
    now: DateTime<Utc>,
) -> Result<(Vec<Slot>, Vec<Displaced>), Problem> {
    let refused = match held.take(tx, wanted).await {
        Ok(slots) => return Ok((slots, Vec::new())),
        Err(Problem::Refusal(refused)) => refused,
        Err(other) => return Err(other),
    };
    if keys::open(tx.conn(), case.project.id).await?.is_none() {
        return Err(refused.into());
    }
    let taken = held.taken_now(tx, wanted).await?;
    let requests = displaceable(tx, case, &taken).await?;
    let Some(chosen) = fewest(&taken, &requests, wanted, held) else { return Err(refused.into()) };
    let mut displaced = Vec::new();
    for Displaced { case, mut booking } in requests {
        if !chosen.contains(&booking.id) {
            continue;
        }
        booking.state = BookingState::Rejected;
        booking.decided_at = Some(now);
        let reason = "为重点项目让出场地（绿色通道）。 / Made room for a key project (green channel).";
        booking.reason = Some(reason.to_owned());
        store::update(tx, &mut booking).await?;
        keys::displace(tx, booking.id, by).await?;
        let entry = case.entry("booking.displaced", &booking).facts(json!({"by": by}));
        ledger::record(tx, actor, now, entry).await?;
        displaced.push(Displaced { case, booking });
    }
    Ok((held.take(tx, wanted).await?, displaced))
}

/// Requests in the way that may be displaced, first come first: only requested, of ordinary projects, and in nobody's
/// hand at this moment, which also keeps two from waiting for each other.
async fn displaceable(tx: &mut Tx<'_>, case: &Case, taken: &[Taken]) -> Result<Vec<Displaced>, Problem> {
    let mut ids: Vec<BookingId> = taken
        .iter()
        .filter_map(|one| match one.holder {
            Holder::Booking { booking, tender, state: BookingState::Requested }
                if tender != case.tender.id =>
            {
                Some(booking)
            }
            Holder::Booking { .. } | Holder::Closed => None,
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for booking in store::lock_idle(tx, &ids).await? {
        let other = Case::load(tx.conn(), booking.tender).await?;
        if booking.state == BookingState::Requested
            && keys::open(tx.conn(), other.project.id).await?.is_none()
        {
            found.push(Displaced { case: other, booking });
        }
    }
    found.sort_by_key(|one| (one.booking.requested_at, one.booking.id));
    Ok(found)
}

/// Whom to displace: nobody without need, and the latest first. `None` where it would not help.
fn fewest(
    taken: &[Taken],
    requests: &[Displaced],
    wanted: &[NewSlot],
    held: &Held<'_>,
) -> Option<Vec<BookingId>> {
    let mut gone: Vec<BookingId> = requests.iter().map(|one| one.booking.id).collect();
    let fits = |gone: &[BookingId]| {
        let stays =
            |one: &&Taken| !matches!(one.holder, Holder::Booking { booking, .. } if gone.contains(&booking));
        let kept: Vec<Taken> = taken.iter().filter(stays).copied().collect();
        fitting::assign(wanted, &held.rooms, &Occupied::of(&kept), held.buffers).is_ok()
    };
    if !fits(&gone) {
        return None;
    }
    for one in requests {
        let without: Vec<BookingId> = gone.iter().copied().filter(|id| *id != one.booking.id).collect();
        if fits(&without) {
            gone = without;
        }
    }
    Some(gone)
}

/// Tells those displaced, and what else is free for each of their slots.
pub(super) async fn tell_displaced(
    tx: &mut Tx<'_>,
    policy: Policy<'_>,
    displaced: &[Displaced],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    for Displaced { case, booking } in displaced {
        let centre = policy.centre(&booking.centre_code)?;
        let wanted: Vec<NewSlot> =
            booking.slots.iter().map(|slot| NewSlot { room_id: None, ..asked(slot) }).collect();
        let rooms = store::list(tx.conn(), Some(&centre.code)).await?;
        let held = Held::seen(policy, centre, rooms);
        let mut offers = Vec::new();
        for slot in &wanted {
            offers.extend(held.offers(tx, slot).await?);
        }
        letters::displaced(tx, case, booking, (&held.rooms, &offers), now).await?;
    }
    Ok(())
}

/// Whether a confirmation leaves the reserve: of the rooms of a kind that are in service, so many as the centre
/// reserves are never confirmed to ordinary projects at the same time.
///
/// # Errors
/// When the database is away; the refusal is inside.
pub(super) async fn leaves_reserve(
    tx: &mut Tx<'_>,
    policy: Policy<'_>,
    case: &Case,
    booking: &Booking,
) -> Result<Result<(), Refusal>, Problem> {
    let settings = policy.centre(&booking.centre_code)?.settings;
    let reserving: Vec<&Slot> =
        booking.slots.iter().filter(|slot| settings.reserved(slot.kind) > 0).collect();
    if reserving.is_empty() || keys::open(tx.conn(), case.project.id).await?.is_some() {
        return Ok(Ok(()));
    }
    let kinds: Vec<_> = reserving.iter().map(|slot| slot.kind).collect();
    let rooms = of_kinds(store::list(tx.conn(), Some(&booking.centre_code)).await?, &kinds);
    store::lock_rooms(tx, &ids_of(&rooms)).await?;
    for slot in reserving {
        let of_kind: Vec<RoomId> = ids_of(&of_kinds(rooms.clone(), &[slot.kind]));
        let taken = store::taken(tx.conn(), &of_kind, slot.blocked).await?;
        let mut used = vec![slot.room];
        for one in taken {
            if gives_away(tx.conn(), &one).await? && !used.contains(&one.room) {
                used.push(one.room);
            }
        }
        if used.len() + settings.reserved(slot.kind) > of_kind.len() {
            let detail = Say::new(
                format!("该时段其余场地为重点项目预留（{} 间），不能确认。", settings.reserved(slot.kind)),
                format!("What is left then is reserved to key projects ({}).", settings.reserved(slot.kind)),
            );
            let refusal = Refusal::new(Code::BookingUnfit, detail).by_rule(Law::setting_ground("RM-10"));
            return Ok(Err(refusal));
        }
    }
    Ok(Ok(()))
}

/// Whether a room counts as given away: to an ordinary project for good, or out of service.
async fn gives_away(conn: &mut AsyncPgConnection, one: &Taken) -> Result<bool, Problem> {
    match one.holder {
        Holder::Closed => Ok(true),
        Holder::Booking { tender, state, .. } if state.firm() => Ok(!is_key(conn, tender).await?),
        Holder::Booking { .. } => Ok(false),
    }
}

async fn is_key(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<bool, Problem> {
    let case = Case::load(conn, tender).await?;
    Ok(keys::open(conn, case.project.id).await?.is_some())
}
