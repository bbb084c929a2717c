//! Use cases of draws and seats.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    experts::{
        draw::{self, Body, Drawn, PoolEntry},
        model::{
            Assignment, Assignments, Draw, DrawState, DrawView, FilledSlot, NamedSeat, NewDraw, Run, Seat,
            SeatState, Transcript, Witness, WitnessSide, specialty_name,
        },
        store, venue,
    },
    identity::{self, Action, Side, cards, claim_side},
    kernel::{
        Actor, AllowedAction, Code, Problem, Refusal, Rejection, Say, Seed,
        id::{AccountId, DrawId, TenderId},
        time::{hall_date, in_hall_zone},
    },
    law::{Event, Law, Lawbook, Regime},
    ledger::{self, Entry},
    platform::{db::Tx, http::Reply},
    projects::{self, Project},
    tenders::{self, Setting, Tender},
};

/// Units that one request may name.
const MOST_UNITS: usize = 500;

/// Asks for a draw: what is drawn and whose people are left out. A request not yet run is replaced.
///
/// # Errors
/// 403, 404, 409 when the committee would be unlawful or is complete, 422 with pointers.
pub async fn request(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    new: NewDraw,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.clone();
    let tender = tenders::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    tenders::permit(actor, Action::DrawRequest, &setting.project, &tender)?;
    let avoid_units = check_request(&new)?;
    let mut draw = Draw {
        id: DrawId::random(),
        tender: id,
        centre_code: tender.centre_code.clone(),
        state: DrawState::Requested,
        slots: new.slots,
        avoid_units,
        reserves: setting.law.settings().draw_backups,
        requested_at: now,
        requested_by: account.account.0,
        run: None,
        version: 1,
    };
    let seats = store::seats(tx.conn(), id).await?;
    check_size(&setting, &tender, &seats, draw.size())?;
    let side =
        if setting.project.agency == Some(account.organisation) { Side::Agency } else { Side::Purchaser };
    claim_side(tx, tender.project, account.account, side).await?;
    let mut entry = Entry::new("draw.requested").project(tender.project).tender(id).row("draws", draw.id.0);
    if let Some(mut waiting) = store::waiting(tx.conn(), id).await? {
        waiting.state = DrawState::Superseded;
        store::update_draw(tx, &mut waiting).await?;
        entry = entry.row("draws", waiting.id.0);
    }
    store::insert_draw(tx, &draw).await?;
    ledger::record(
        tx,
        actor,
        now,
        entry.facts(json!({"slots": draw.slots, "avoided": draw.avoid_units.len()})),
    )
    .await?;
    let view = view(tx.conn(), actor, law, &tender, &mut draw, now).await?;
    Ok(Reply::created(format!("/api/v1/draws/{}", draw.id), &view)?.at_version(draw.version))
}

/// Known specialties, each once; units trimmed, without repeats.
fn check_request(new: &NewDraw) -> Result<Vec<String>, Rejection> {
    if new.slots.is_empty() || new.slots.len() > 10 {
        let detail = Say::new("须有 1 至 10 个专业。", "1 to 10 specialties are expected.");
        return Err(Rejection::at("/slots", "length", detail));
    }
    for (at, slot) in new.slots.iter().enumerate() {
        if specialty_name(&slot.specialty).is_none() {
            let detail = Say::new("没有此专业。", "There is no such specialty.");
            return Err(Rejection::at(format!("/slots/{at}/specialty"), "unknown", detail));
        }
        if new.slots.iter().take(at).any(|other| other.specialty == slot.specialty) {
            let detail = Say::new("专业重复。", "This specialty appears twice.");
            return Err(Rejection::at(format!("/slots/{at}/specialty"), "duplicate", detail));
        }
        if !(1..=25).contains(&slot.count) {
            let detail = Say::new("人数须为 1 至 25。", "The number lies between 1 and 25.");
            return Err(Rejection::at(format!("/slots/{at}/count"), "out-of-range", detail));
        }
    }
    let mut units: Vec<String> = Vec::new();
    for (at, unit) in new.avoid_units.iter().enumerate() {
        let unit = unit.trim();
        if !(1..=200).contains(&unit.chars().count()) || at >= MOST_UNITS {
            let detail = Say::new(
                "单位名称须为 1 至 200 字，至多 500 个。",
                "Units have 1 to 200 characters; 500 at most.",
            );
            return Err(Rejection::at(format!("/avoidUnits/{at}"), "length", detail));
        }
        if !units.iter().any(|known| known == unit) {
            units.push(unit.to_owned());
        }
    }
    Ok(units)
}

/// The committee that the draw completes must be lawful and as large as the document says (TG-7, GPB-10, ENG-19).
fn check_size(setting: &Setting, tender: &Tender, seats: &[Seat], asked: u32) -> Result<(), Problem> {
    let vacant = u32::try_from(vacant_numbers(seats).len()).unwrap_or(u32::MAX);
    let standing = u32::try_from(seats.iter().filter(|seat| sits(seat)).count()).unwrap_or(u32::MAX);
    if !seats.is_empty() && vacant != asked {
        let detail = if vacant == 0 {
            Say::new("评审委员会已抽取完毕。", "The committee is drawn already.")
        } else {
            Say::new(
                format!("空缺 {vacant} 席，须补抽 {vacant} 人。"),
                format!("{vacant} seats are vacant; draw {vacant}."),
            )
        };
        return Err(Refusal::new(Code::Duplicate, detail).into());
    }
    let budget = setting.project.budget.map(crate::kernel::Money::value);
    let committee = setting.law.committee(&setting.procedure, setting.on, budget, false)?;
    let total = standing.saturating_add(asked);
    committee.check(total, total)?;
    match tender.document.evaluation.committee_size {
        Some(size) if size != total => {
            let detail = Say::new(
                format!("招标文件规定评审委员会为 {size} 人。"),
                format!("The document sets a committee of {size}."),
            );
            Err(Rejection::at("/slots", "invalid", detail).into())
        }
        _ => Ok(()),
    }
}

fn sits(seat: &Seat) -> bool {
    matches!(seat.state, SeatState::Called | SeatState::CheckedIn)
}

/// Numbers of the committee that nobody holds any more.
fn vacant_numbers(seats: &[Seat]) -> Vec<i32> {
    let last = seats.iter().filter_map(|seat| seat.number).max().unwrap_or(0);
    (1..=last).filter(|number| !seats.iter().any(|seat| sits(seat) && seat.number == Some(*number))).collect()
}

/// Runs a draw: pool frozen, chance taken, committee and substitutes seated, all in one act.
///
/// # Errors
/// 403, 404, 409 outside the draw room, the lawful window or a waiting draw, or for want of experts.
pub async fn run(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: DrawId,
    chance: impl FnOnce() -> Result<Seed, Problem>,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.clone();
    let asked = store::draw(tx.conn(), id).await?.ok_or_else(Rejection::not_found)?;
    let tender = tenders::lock(tx, asked.tender).await?;
    // Read again under the tender's lock, which every change of its draws takes first.
    let mut draw = store::draw(tx.conn(), id).await?.ok_or_else(Rejection::not_found)?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    tenders::permit(actor, Action::DrawRun, &setting.project, &tender)?;
    waits(&draw)?;
    let planned = venue::evaluation_planned_at(tx.conn(), tender.id, tender.deadline, now).await?;
    within_window(&setting, &tender, planned, now)?;
    let held = venue::must_hold_draw_room(tx.conn(), tender.id, now).await?;
    venue::must_be_witnessed(&store::witnesses(tx.conn(), draw.id, held.from).await?)?;
    claim_side(tx, tender.project, account.account, Side::Operator).await?;
    let wanted: Vec<String> = draw.slots.iter().map(|slot| slot.specialty.clone()).collect();
    let candidates = store::candidates(tx, tender.id, tender.project, &wanted).await?;
    let own = own_bodies(tx.conn(), &setting.project).await?;
    let avoided: Vec<Body> =
        draw.avoid_units.iter().map(|name| Body { organisation: None, name: name.clone() }).collect();
    let (pool, exclusions) = draw::freeze(draw.id, &candidates, &own, &avoided);
    let frozen = pool_hash(&pool)?;
    let seed = chance()?;
    let drawn = draw::draw(&pool, &draw.slots, draw.reserves, &seed)?;
    let seated = seat_all(&draw, &store::seats(tx.conn(), tender.id).await?, drawn);
    let facts = json!({
        "poolHash": frozen, "seedHash": hex::encode(Sha256::digest(seed.0)), "pool": pool.len(),
        "excluded": exclusions.len(), "members": draw.size(), "evaluationPlannedAt": planned,
    });
    draw.run =
        Some(Run { at: now, by: account.account.0, evaluation_planned_at: planned, pool, exclusions, seed });
    draw.state = DrawState::Done;
    store::update_draw(tx, &mut draw).await?;
    store::insert_seats(tx, &seated).await?;
    let event = tenders::note(tx, &tender, Event::CommitteeDrawn, now, None).await?;
    let mut entry = Entry::new("draw.run").project(tender.project).tender(tender.id).row("draws", draw.id.0);
    entry = entry.row("tender_events", event);
    for seat in &seated {
        entry = entry.row("committee_seats", seat.id);
    }
    ledger::record(tx, actor, now, entry.facts(facts)).await?;
    let view = view(tx.conn(), actor, law, &tender, &mut draw, now).await?;
    Ok(Reply::ok(&view)?.at_version(draw.version))
}

/// A purchaser's or supervisor's own person says to be present at a draw, in its room (RM-17).
///
/// # Errors
/// 403, 404, 409 outside the draw room or for a draw that is done, `one-side-only`.
pub async fn witness(tx: &mut Tx<'_>, actor: &Actor, law: &Lawbook, id: DrawId) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.clone();
    let asked = store::draw(tx.conn(), id).await?.ok_or_else(Rejection::not_found)?;
    let tender = tenders::lock(tx, asked.tender).await?;
    let mut draw = store::draw(tx.conn(), id).await?.ok_or_else(Rejection::not_found)?;
    let project = projects::load(tx.conn(), tender.project).await?;
    tenders::permit(actor, Action::DrawWitness, &project, &tender)?;
    waits(&draw)?;
    let now = tx.hall_now().await?;
    venue::must_hold_draw_room(tx.conn(), tender.id, now).await?;
    let (side, kept) = if account.organisation == project.purchaser {
        (WitnessSide::Purchaser, Side::Purchaser)
    } else {
        (WitnessSide::Supervisor, Side::Supervisor)
    };
    claim_side(tx, tender.project, account.account, kept).await?;
    let row = Uuid::new_v4();
    if store::insert_witness(tx, (row, draw.id, account.account), Witness { side, present_at: now }).await? {
        let entry = Entry::new("draw.witnessed").project(tender.project).tender(tender.id);
        let entry = entry.row("draw_witnesses", row).facts(json!({"side": side}));
        ledger::record(tx, actor, now, entry).await?;
    }
    let view = view(tx.conn(), actor, law, &tender, &mut draw, now).await?;
    Ok(Reply::ok(&view)?.at_version(draw.version))
}

fn waits(draw: &Draw) -> Result<(), Refusal> {
    if draw.state == DrawState::Requested {
        return Ok(());
    }
    Err(Refusal::new(
        Code::WrongState,
        Say::new("该抽取已完成或已被取代。", "This draw is done or superseded."),
    ))
}

/// Works: at most so many hours before the opening (EX-5, a setting). Purchases: EX-4, from the planned beginning
/// of the evaluation.
fn within_window(
    setting: &Setting,
    tender: &Tender,
    planned: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    if setting.procedure.regime == Regime::Tendering {
        let hours = setting.law.settings().engineering_draw_window_hours;
        let earliest = tender.deadline - TimeDelta::hours(i64::from(hours));
        if now < earliest {
            let detail = Say::new(
                format!("本中心规定开标前 {hours} 小时内抽取专家，最早 {}。", in_hall_zone(earliest)),
                format!(
                    "The centre draws experts within {hours} hours of the opening, not before {}.",
                    in_hall_zone(earliest)
                ),
            );
            let mut rule = Law::setting_ground("engineeringDrawWindowHours");
            rule.earliest = Some(earliest);
            return Err(Refusal::new(Code::TooEarly, detail).by_rule(rule).into());
        }
    }
    let mut planned_setting = setting.clone();
    planned_setting.facts.insert(Event::EvaluationStarted, planned);
    planned_setting.permit(Event::CommitteeDrawn, now).map(drop)
}

async fn own_bodies(conn: &mut AsyncPgConnection, project: &Project) -> Result<Vec<Body>, Problem> {
    let ids: Vec<_> = std::iter::once(project.purchaser).chain(project.agency).collect();
    let cards = cards(conn, &ids).await?;
    Ok(cards.into_values().map(|card| Body { organisation: Some(card.id), name: card.name_zh }).collect())
}

fn pool_hash(pool: &[PoolEntry]) -> Result<String, Problem> {
    let canonical = serde_json_canonicalizer::to_vec(&pool).map_err(Problem::internal)?;
    Ok(hex::encode(Sha256::digest(canonical)))
}

/// Members get the vacant numbers first, then the next ones.
fn seat_all(draw: &Draw, before: &[Seat], drawn: Vec<Drawn>) -> Vec<Seat> {
    let last = before.iter().filter_map(|seat| seat.number).max().unwrap_or(0);
    let mut numbers = vacant_numbers(before).into_iter().chain(last + 1..);
    drawn
        .into_iter()
        .map(|one| Seat {
            id: Uuid::new_v4(),
            draw: draw.id,
            tender: draw.tender,
            expert: one.expert,
            account: one.account,
            specialty: one.specialty,
            rank: i32::try_from(one.rank).unwrap_or(i32::MAX),
            state: if one.reserve { SeatState::Reserve } else { SeatState::Called },
            number: if one.reserve { None } else { numbers.next() },
            checked_in_at: None,
            replaced: None,
        })
        .collect()
}

/// A draw for a caller who may see it: numbers, and everything for supervisors once names may be known.
///
/// # Errors
/// 404.
pub async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    id: DrawId,
    now: DateTime<Utc>,
) -> Result<(DrawView, i64), Problem> {
    let mut draw = store::draw(conn, id).await?.ok_or_else(Rejection::not_found)?;
    let (tender, _) = tenders::permitted(conn, actor, Action::DrawRead, draw.tender).await?;
    let view = view(conn, actor, law, &tender, &mut draw, now).await?;
    Ok((view, draw.version))
}

async fn view(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    tender: &Tender,
    draw: &mut Draw,
    now: DateTime<Utc>,
) -> Result<DrawView, Problem> {
    let setting = tenders::setting(conn, law, tender, hall_date(now)).await?;
    let seats: Vec<Seat> =
        store::seats(conn, tender.id).await?.into_iter().filter(|seat| seat.draw == draw.id).collect();
    let filled = |specialty: &str| {
        let drawn = |seat: &&Seat| seat.specialty == specialty && seat.number.is_some();
        // A substitute takes over a number, so numbers are counted, not persons.
        let numbers: std::collections::BTreeSet<_> =
            seats.iter().filter(drawn).map(|seat| seat.number).collect();
        u32::try_from(numbers.len()).unwrap_or(u32::MAX)
    };
    let slots: Vec<FilledSlot> = draw
        .slots
        .iter()
        .map(|slot| FilledSlot {
            specialty: slot.specialty.clone(),
            name: specialty_name(&slot.specialty).unwrap_or_default(),
            count: slot.count,
            filled: filled(&slot.specialty),
        })
        .collect();
    let may_run = tenders::permit(actor, Action::DrawRun, &setting.project, tender)
        .and_then(|()| waits(draw).map_err(Problem::from));
    let planned = venue::evaluation_planned_at(conn, tender.id, tender.deadline, now).await?;
    let run = may_run.and_then(|()| within_window(&setting, tender, planned, now));
    let transcript = match &draw.run {
        Some(run) if actor.supervises() && names_released(&setting) => Some(Transcript {
            seed: run.seed.to_hex(),
            pool_hash: pool_hash(&run.pool)?,
            pool: run.pool.clone(),
            exclusions: run.exclusions.clone(),
            avoid_units: draw.avoid_units.clone(),
            evaluation_planned_at: run.evaluation_planned_at,
            drawn: named(conn, &seats).await?,
        }),
        _ => None,
    };
    Ok(DrawView {
        id: draw.id,
        tender_id: tender.id,
        state: draw.state,
        wanted: draw.size(),
        filled: slots.iter().map(|slot| slot.filled).fold(0, u32::saturating_add),
        slots,
        reserves: draw.reserves,
        requested_at: draw.requested_at,
        witnesses: store::witnesses(conn, draw.id, draw.requested_at).await?,
        run_at: draw.run.as_ref().map(|run| run.at),
        transcript,
        allowed_actions: vec![AllowedAction::from_guard("run", &run)],
    })
}

/// The draws of a tender for a caller who may see them.
///
/// # Errors
/// 404.
pub async fn list(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    now: DateTime<Utc>,
) -> Result<Vec<DrawView>, Problem> {
    let (tender, _) = tenders::permitted(conn, actor, Action::DrawRead, id).await?;
    let mut views = Vec::new();
    for mut draw in store::draws_of(conn, id).await? {
        views.push(view(conn, actor, law, &tender, &mut draw, now).await?);
    }
    Ok(views)
}

/// The assignments of the expert who asks; nobody else's.
///
/// # Errors
/// 401 for the public, 403 for an account that is no expert.
pub async fn assignments(conn: &mut AsyncPgConnection, actor: &Actor) -> Result<Assignments, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?;
    if !actor.has(crate::kernel::Role::Expert) {
        return Err(Rejection::forbidden().into());
    }
    let rows = store::assignments(conn, account.account).await?;
    let items = rows.into_iter().map(assignment).collect::<Result<_, Problem>>()?;
    Ok(Assignments { items })
}

fn assignment(row: store::Assigned) -> Result<Assignment, Problem> {
    let store::Assigned { seat, tender: (code, title, phase, centre_code, deadline), planned } = row;
    Ok(Assignment {
        tender_id: seat.tender,
        code,
        title,
        phase: phase.parse().map_err(crate::platform::db::unreadable("tenders.phase"))?,
        centre_code,
        specialty_name: specialty_name(&seat.specialty).unwrap_or_default(),
        specialty: seat.specialty,
        number: seat.number.and_then(|number| u32::try_from(number).ok()),
        state: seat.state,
        opening_at: deadline,
        evaluation_planned_at: planned,
        checked_in_at: seat.checked_in_at,
        replaced_reason: seat.replaced.map(|(_, reason)| reason),
    })
}

/// Whether the names of a committee may be known to others (EX-13): of works once the award is decided
/// (招标投标法 art 37), of purchases with the result that names them (财政部令87 arts 47, 69).
pub fn names_released(setting: &Setting) -> bool {
    let came = |event| setting.facts.contains_key(&event);
    match setting.procedure.regime {
        Regime::Tendering => came(Event::AwardDecided),
        Regime::Procurement => came(Event::ResultPublished) || came(Event::AwardNotice),
    }
}

/// All seats of a tender, for the rooms above: by number, then substitutes.
///
/// # Errors
/// When the database is away.
pub async fn seats(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Seat>, Problem> {
    store::seats(conn, tender).await
}

/// The seat an account holds on the committee of a tender, called or checked in.
///
/// # Errors
/// When the database is away.
pub async fn seat_of(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    account: AccountId,
) -> Result<Option<Seat>, Problem> {
    Ok(store::seats(conn, tender).await?.into_iter().find(|seat| seat.account == account && sits(seat)))
}

/// Seats with names and units. The caller answers for EX-13: see [`names_released`].
///
/// # Errors
/// When the database is away.
pub async fn named(conn: &mut AsyncPgConnection, seats: &[Seat]) -> Result<Vec<NamedSeat>, Problem> {
    let accounts =
        identity::accounts(conn, &seats.iter().map(|seat| seat.account).collect::<Vec<_>>()).await?;
    let ids: Vec<Uuid> = seats.iter().map(|seat| seat.expert).collect();
    let experts = store::experts_by_id(conn, &ids).await?;
    Ok(seats
        .iter()
        .map(|seat| NamedSeat {
            number: seat.number.and_then(|number| u32::try_from(number).ok()),
            expert: seat.expert,
            account: seat.account,
            name: accounts.get(&seat.account).map(|one| one.display_name.clone()).unwrap_or_default(),
            unit: experts
                .iter()
                .find(|expert| expert.id == seat.expert)
                .map(|expert| expert.unit_name.clone())
                .unwrap_or_default(),
            specialty: seat.specialty.clone(),
            rank: u32::try_from(seat.rank).unwrap_or(u32::MAX),
            state: seat.state,
            replaced_reason: seat.replaced.as_ref().map(|(_, reason)| reason.clone()),
        })
        .collect())
}

/// Who speaks in the record where the person may not be named before the result (EX-13). The row that the entry
/// commits to holds the account.
pub fn unnamed_member() -> Actor {
    Actor::Hall("experts.member")
}

/// A called expert comes: without a conflict the seat is taken and the expert's side with it; with one the next
/// substitute of the specialty is called in the expert's place (ENG-21, EX-9, EX-10). Answers the seat as it then is.
///
/// `bidders` are the bodies that bid, known from the opening on.
///
/// # Errors
/// 404 when the account holds no seat; `one-side-only` never, since another side is a conflict here.
pub async fn check_in(
    tx: &mut Tx<'_>,
    tender: &Tender,
    account: AccountId,
    bidders: &[Body],
    now: DateTime<Utc>,
) -> Result<Seat, Problem> {
    let seats = store::seats(tx.conn(), tender.id).await?;
    let own = seats.iter().find(|seat| seat.account == account && sits(seat)).cloned();
    let mut seat = own.ok_or_else(Rejection::not_found)?;
    if seat.state == SeatState::CheckedIn {
        return Ok(seat);
    }
    let entry = |act| Entry::new(act).project(tender.project).tender(tender.id);
    match conflict(tx, tender, &seat, bidders).await? {
        None => {
            claim_side(tx, tender.project, account, Side::Expert).await?;
            seat.state = SeatState::CheckedIn;
            seat.checked_in_at = Some(now);
            store::update_seat(tx, &seat).await?;
            let entry = entry("committee.checkedIn").row("committee_seats", seat.id);
            ledger::record(tx, &unnamed_member(), now, entry.facts(json!({"member": seat.number}))).await?;
        }
        Some(reason) => {
            seat.state = SeatState::Replaced;
            seat.replaced = Some((now, reason.clone()));
            store::update_seat(tx, &seat).await?;
            let mut entry = entry("committee.replaced").row("committee_seats", seat.id).because(reason);
            let next = seats
                .into_iter()
                .filter(|other| other.state == SeatState::Reserve && other.specialty == seat.specialty)
                .min_by_key(|other| (other.rank, other.id));
            let called = next.is_some();
            if let Some(mut next) = next {
                next.state = SeatState::Called;
                next.number = seat.number;
                store::update_seat(tx, &next).await?;
                entry = entry.row("committee_seats", next.id);
            }
            let facts = json!({"member": seat.number, "substituteCalled": called});
            ledger::record(tx, &unnamed_member(), now, entry.facts(facts)).await?;
        }
    }
    Ok(seat)
}

async fn conflict(
    tx: &mut Tx<'_>,
    tender: &Tender,
    seat: &Seat,
    bidders: &[Body],
) -> Result<Option<String>, Problem> {
    let expert = store::experts_by_id(tx.conn(), &[seat.expert]).await?;
    let expert = expert.first().ok_or_else(Rejection::not_found)?;
    if bidders.iter().any(|body| body.is_unit(expert.unit, &expert.unit_name)) {
        return Ok(Some("所在单位参加投标，应当回避 / the member's unit bids".to_owned()));
    }
    let side = identity::side_of(tx.conn(), tender.project, seat.account).await?;
    if side.is_some_and(|side| side != Side::Expert) {
        return Ok(Some(
            "在本项目中有其他身份，应当回避 / the member takes another side in the project".to_owned(),
        ));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(number: Option<i32>, state: SeatState) -> Seat {
        Seat {
            id: Uuid::new_v4(),
            draw: DrawId(Uuid::nil()),
            tender: TenderId(Uuid::nil()),
            expert: Uuid::new_v4(),
            account: AccountId(Uuid::new_v4()),
            specialty: "cost".into(),
            rank: 1,
            state,
            number,
            checked_in_at: None,
            replaced: None,
        }
    }

    #[test]
    fn a_number_is_vacant_when_nobody_sits_on_it() {
        let mut seats = vec![
            seat(Some(1), SeatState::CheckedIn),
            seat(Some(2), SeatState::Replaced),
            seat(Some(3), SeatState::Called),
            seat(None, SeatState::Reserve),
        ];
        assert_eq!(vacant_numbers(&seats), [2]);
        seats.push(seat(Some(2), SeatState::Called));
        assert_eq!(vacant_numbers(&seats), Vec::<i32>::new());
        assert_eq!(vacant_numbers(&[]), Vec::<i32>::new());
    }

    #[test]
    fn a_request_names_known_specialties_once() {
        let slot = |specialty: &str, count| draw::DrawSlot { specialty: specialty.into(), count };
        let pointer = |slots: Vec<draw::DrawSlot>, avoid_units: Vec<String>| {
            check_request(&NewDraw { slots, avoid_units }).unwrap_err().errors[0].pointer.clone()
        };
        assert_eq!(pointer(vec![], vec![]), "/slots");
        assert_eq!(pointer(vec![slot("alchemy", 1)], vec![]), "/slots/0/specialty");
        assert_eq!(pointer(vec![slot("cost", 1), slot("cost", 1)], vec![]), "/slots/1/specialty");
        assert_eq!(pointer(vec![slot("cost", 0)], vec![]), "/slots/0/count");
        assert_eq!(pointer(vec![slot("cost", 1)], vec!["  ".into()]), "/avoidUnits/0");
        let new = NewDraw { slots: vec![slot("cost", 5)], avoid_units: vec![" 甲 ".into(), "甲".into()] };
        assert_eq!(check_request(&new).unwrap(), ["甲"]);
    }
}
