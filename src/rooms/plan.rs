//! A plan 场地计划, not only a slot: the opening at the deadline, a draw room before it, an evaluation of about so many
//! hours after it, split over working days where one does not hold it, with rest rooms for the nights between (RM-13).
//!
//! The layout is pure; the use case takes all of it in one transaction, as any other booking. The draw has the latest
//! free time before the opening, since experts are drawn shortly before they sit.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    identity::{Action, Object, authorize},
    jurisdiction::model::{Centre, RoomKind},
    kernel::{
        Actor, Problem, Rejection, Say,
        id::{RoomId, TenderId},
        time::{self, hall_date, hall_instant},
    },
    platform::{db::Tx, http::Reply},
    rooms::{
        case::{Case, Policy, signed_in},
        fitting::{self, Occupied, SEARCH_DAYS, Search, starts},
        model::{Buffers, Hours, NewSlot, Room, Span},
        rules,
        service::{self, Asked},
        store,
        taking::{Held, ids_of, known_rooms, of_kinds},
    },
};

/// Days before the opening in which a time for the draw is looked for.
const DRAW_DAYS: usize = 7;
/// Days within which an evaluation of the longest length ends, holidays between.
const LONGEST_EVALUATION_DAYS: i64 = 31;
/// Sittings shorter than this are not begun when the day ends; the evaluation waits for the next.
const SHORTEST_SITTING: TimeDelta = TimeDelta::minutes(60);
const QUARTER_SECONDS: i64 = 900;

/// What a plan has to hold. All lengths are of the slots themselves; the centre's buffers come on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = PlanNeed)]
pub struct Need {
    /// Minutes of the opening, 15 to 480.
    #[schema(minimum = 15, maximum = 480)]
    pub opening_minutes: i64,
    /// People at the opening.
    #[schema(minimum = 1)]
    pub opening_people: Option<i32>,
    /// Hours of the evaluation, 0 to 40; 0 means none.
    #[schema(minimum = 0, maximum = 40)]
    pub evaluation_hours: i64,
    /// Minutes between the opening's end and the evaluation's start, in which bids are decrypted and sorted (RM-5).
    #[schema(minimum = 0, maximum = 480)]
    pub pause_minutes: i64,
    /// Members of the committee: what evaluation and rest rooms must hold.
    #[schema(minimum = 1, maximum = 99)]
    pub experts: i32,
    /// Minutes of the draw in a draw room before the opening; 0 means none.
    #[schema(minimum = 0, maximum = 240)]
    pub draw_minutes: i64,
}

impl Default for Need {
    fn default() -> Self {
        Self {
            opening_minutes: 90,
            opening_people: None,
            evaluation_hours: 0,
            pause_minutes: 30,
            experts: 5,
            draw_minutes: 0,
        }
    }
}

/// Body of `POST /api/v1/bookings/plans`.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPlan {
    /// The tender the rooms are for; they are booked at its centre.
    pub tender_id: TenderId,
    /// Deadline of bids, where a postponement to it is to follow; absent means the tender's.
    #[serde(default, deserialize_with = "time::read_some")]
    pub deadline: Option<DateTime<Utc>>,
    /// What it has to hold.
    pub need: Need,
}

/// Query of `GET /api/v1/rooms/earliest`.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EarliestQuery {
    /// Centre, such as `152500`.
    pub centre: String,
    /// The opening begins after this moment, and after now.
    #[serde(deserialize_with = "time::read")]
    pub after: DateTime<Utc>,
    /// Minutes of the opening, 15 to 480; 90 if absent.
    pub opening_minutes: Option<i64>,
    /// People at the opening.
    pub opening_people: Option<i32>,
    /// Hours of the evaluation, 0 to 40; none if absent.
    pub evaluation_hours: Option<i64>,
    /// Minutes between opening and evaluation; 30 if absent.
    pub pause_minutes: Option<i64>,
    /// Members of the committee; 5 if absent.
    pub experts: Option<i32>,
    /// Minutes of the draw; none if absent.
    pub draw_minutes: Option<i64>,
}

impl EarliestQuery {
    fn need(&self) -> Need {
        let usual = Need::default();
        Need {
            opening_minutes: self.opening_minutes.unwrap_or(usual.opening_minutes),
            opening_people: self.opening_people,
            evaluation_hours: self.evaluation_hours.unwrap_or(usual.evaluation_hours),
            pause_minutes: self.pause_minutes.unwrap_or(usual.pause_minutes),
            experts: self.experts.unwrap_or(usual.experts),
            draw_minutes: self.draw_minutes.unwrap_or(usual.draw_minutes),
        }
    }
}

/// The earliest opening that can be had, as the rooms are booked now.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Earliest {
    /// Its start; absent where nothing is free within 60 days. Whether the law allows a deadline then is not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<DateTime<Utc>>,
    /// The whole plan, with rooms.
    pub slots: Vec<PlannedSlot>,
}

/// A slot of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedSlot {
    /// Kind of room.
    pub kind: RoomKind,
    /// The room.
    pub room_id: RoomId,
    /// Start.
    pub from: DateTime<Utc>,
    /// End, not itself in the slot.
    pub to: DateTime<Utc>,
}

/// A need within its bounds.
///
/// # Errors
/// 422 that points to the member, below `at`.
fn check(need: &Need, at: &str) -> Result<(), Rejection> {
    let people = i64::from(need.opening_people.unwrap_or(1));
    for (member, value, least, most) in [
        ("openingMinutes", need.opening_minutes, 15, 480),
        ("openingPeople", people, 1, i64::from(i32::MAX)),
        ("evaluationHours", need.evaluation_hours, 0, 40),
        ("pauseMinutes", need.pause_minutes, 0, 480),
        ("experts", need.experts.into(), 1, 99),
        ("drawMinutes", need.draw_minutes, 0, 240),
    ] {
        if !(least..=most).contains(&value) {
            let detail = Say::new(format!("须为 {least} 至 {most}。"), format!("{least} to {most}."));
            return Err(Rejection::at(format!("{at}{member}"), "out-of-range", detail));
        }
    }
    Ok(())
}

/// What a layout stands on.
#[derive(Clone, Copy)]
struct Ground<'a> {
    hours: Hours,
    /// Whether a day is worked; `None` where the calendar ends (CNT-8).
    works: &'a dyn Fn(NaiveDate) -> Option<bool>,
    rooms: &'a [Room],
}

impl Ground<'_> {
    fn next_working_day(&self, day: NaiveDate) -> Option<NaiveDate> {
        let mut day = day;
        loop {
            day = day.succ_opt()?;
            if (self.works)(day)? {
                return Some(day);
            }
        }
    }
}

/// Opening, evaluation and nights for an opening that starts at `opening`; `None` where the calendar ends.
fn lay_out(need: &Need, opening: DateTime<Utc>, ground: Ground<'_>) -> Option<Vec<NewSlot>> {
    let slot = |kind, capacity, from, to| NewSlot { kind, room_id: None, capacity, from, to };
    let opening_end = opening + TimeDelta::minutes(need.opening_minutes);
    let mut slots = vec![slot(RoomKind::Opening, need.opening_people, opening, opening_end)];
    let mut left = TimeDelta::hours(need.evaluation_hours);
    if left.is_zero() {
        return Some(slots);
    }
    let mut from = next_quarter(opening_end + TimeDelta::minutes(need.pause_minutes));
    let closes = |day| hall_instant(day, ground.hours.closes);
    let first_day = hall_date(from);
    let fits_first_day = closes(first_day) - from >= left.min(SHORTEST_SITTING);
    if !((ground.works)(first_day)? && fits_first_day) {
        from = hall_instant(ground.next_working_day(first_day)?, ground.hours.opens);
    }
    let beds = rest_rooms(need.experts, ground.rooms);
    loop {
        let to = closes(hall_date(from)).min(from + left);
        slots.push(slot(RoomKind::Evaluation, Some(need.experts), from, to));
        left -= to - from;
        if left <= TimeDelta::zero() {
            return Some(slots);
        }
        let next = hall_instant(ground.next_working_day(hall_date(from))?, ground.hours.opens);
        slots.extend(std::iter::repeat_n(slot(RoomKind::Rest, None, to, next), beds));
        from = next;
    }
}

fn next_quarter(at: DateTime<Utc>) -> DateTime<Utc> {
    let over = at.timestamp().rem_euclid(QUARTER_SECONDS);
    if over == 0 { at } else { at + TimeDelta::seconds(QUARTER_SECONDS - over) }
}

/// So many rest rooms that any so many of the centre's hold the committee; all of them where all do not.
fn rest_rooms(experts: i32, rooms: &[Room]) -> usize {
    let mut beds: Vec<i32> =
        rooms.iter().filter(|room| room.kind == RoomKind::Rest).map(|room| room.capacity).collect();
    beds.sort_unstable();
    let mut held = 0;
    let short = beds.iter().take_while(|bed| {
        let before = held;
        held += **bed;
        before < experts
    });
    short.count().max(1)
}

/// Times for the draw, the latest first: on the day of the opening before it, then on the working days before.
fn draws(need: &Need, opening: DateTime<Utc>, after: DateTime<Utc>, ground: Ground<'_>) -> Vec<NewSlot> {
    let length = TimeDelta::minutes(need.draw_minutes);
    let mut found = Vec::new();
    let mut day = Some(hall_date(opening));
    for _ in 0..DRAW_DAYS {
        let Some(today) = day else { break };
        day = today.pred_opt();
        if (ground.works)(today) != Some(true) {
            continue;
        }
        let opens = hall_instant(today, ground.hours.opens);
        let mut to = hall_instant(today, ground.hours.closes).min(opening);
        while to - length >= opens && to - length > after {
            let from = to - length;
            found.push(NewSlot { kind: RoomKind::Draw, room_id: None, capacity: None, from, to });
            to -= TimeDelta::seconds(QUARTER_SECONDS);
        }
    }
    found
}

/// The layout with its rooms named, and the latest draw that can be had. What can not be had is left without a room, so
/// that whoever takes it learns what is in the way.
fn fit(
    base: &[NewSlot],
    draws: &[NewSlot],
    (rooms, occupied, buffers): (&[Room], &Occupied, Buffers),
) -> Vec<NewSlot> {
    let named = |slots: &[NewSlot]| {
        let given = fitting::assign(slots, rooms, occupied, buffers).ok()?;
        let named = slots.iter().zip(given).map(|(slot, room)| NewSlot { room_id: Some(room), ..*slot });
        Some(named.collect::<Vec<_>>())
    };
    // A draw room is no room of the rest, so the two are fitted one after the other.
    let draw = draws.iter().find_map(|draw| named(std::slice::from_ref(draw)));
    let draw = draw.unwrap_or_else(|| draws.first().copied().into_iter().collect());
    draw.into_iter().chain(named(base).unwrap_or_else(|| base.to_vec())).collect()
}

/// 场地计划: books the whole plan or nothing.
///
/// # Errors
/// As [`service::request`], and 422 where the need is out of bounds or the calendar ends.
pub async fn book(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    new: &NewPlan,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let case = Case::lock(tx, new.tender_id).await?;
    case.permit(actor, Action::BookingRequest)?;
    check(&new.need, "/need/")?;
    case.take_side(tx, account).await?;
    let now = tx.hall_now().await?;
    let centre = policy.centre(&case.tender.centre_code)?;
    let deadline = rules::deadline_for(new.deadline, case.facts())?;
    let works = |day| policy.law.calendar().works(day).ok();
    let listed = store::list(tx.conn(), Some(&centre.code)).await?;
    let ground = Ground { hours: Hours::of(&centre.settings), works: &works, rooms: &listed };
    let base = lay_out(&new.need, deadline, ground).ok_or_else(no_calendar)?;
    let draws = if new.need.draw_minutes > 0 { draws(&new.need, deadline, now, ground) } else { Vec::new() };
    if new.need.draw_minutes > 0 && draws.is_empty() {
        let detail = Say::new("开标前已没有抽取时段。", "No time for a draw is left before the opening.");
        return Err(Rejection::at("/need/drawMinutes", "out-of-range", detail).into());
    }
    let all: Vec<NewSlot> = draws.iter().chain(&base).copied().collect();
    known_rooms(&all, &listed)?;
    rules::check_request(&base, now)?;
    let held = Held::lock(tx, policy, centre, &all).await?;
    let occupied = held.occupied(tx, &all).await?;
    let slots = fit(&base, &draws, (&held.rooms, &occupied, held.buffers));
    let asked = Asked { slots, deadline, complaint: false };
    service::place(tx, actor, policy, &case, asked, now).await
}

fn no_calendar() -> Problem {
    let detail = Say::new(
        "评标将延续到工作日历尚未公布的年份。",
        "The evaluation would reach a year without a calendar.",
    );
    Rejection::at("/need/evaluationHours", "out-of-range", detail).into()
}

/// When a plan can open at the earliest.
///
/// # Errors
/// 401, 403, 404 for an unknown centre, 422 for a need out of bounds.
pub async fn earliest(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    query: &EarliestQuery,
    now: DateTime<Utc>,
) -> Result<Earliest, Problem> {
    authorize(actor, Action::RoomAvailability, &Object::none())?;
    let centre: &Centre = policy.jurisdiction.centre(&query.centre).ok_or_else(Rejection::not_found)?;
    let need = query.need();
    check(&need, "?")?;
    let kinds = [RoomKind::Opening, RoomKind::Evaluation, RoomKind::Rest, RoomKind::Draw];
    let rooms = of_kinds(store::list(conn, Some(&centre.code)).await?, &kinds);
    let after = query.after.max(now);
    let buffers = Buffers::of(&centre.settings);
    let reach = TimeDelta::days(SEARCH_DAYS + LONGEST_EVALUATION_DAYS);
    let window = buffers.around(Span::new(after, after + reach));
    let occupied = Occupied::of(&store::taken(conn, &ids_of(&rooms), window).await?);
    let works = |day| policy.law.calendar().works(day).ok();
    let hours = Hours::of(&centre.settings);
    let ground = Ground { hours, works: &works, rooms: &rooms };
    let search = Search { rooms: &rooms, occupied: &occupied, buffers, hours, works: &works };
    for opening in starts(after, search) {
        let Some(base) = lay_out(&need, opening, ground) else { break };
        let within = base.first().is_some_and(|slot| hours.hold(slot.during()));
        let draws = if need.draw_minutes > 0 { draws(&need, opening, now, ground) } else { Vec::new() };
        if !within || (need.draw_minutes > 0 && draws.is_empty()) {
            continue;
        }
        let slots = fit(&base, &draws, (&rooms, &occupied, buffers));
        if slots.iter().all(|slot| slot.room_id.is_some()) {
            return Ok(Earliest { opens_at: Some(opening), slots: planned(&slots) });
        }
    }
    Ok(Earliest { opens_at: None, slots: Vec::new() })
}

fn planned(slots: &[NewSlot]) -> Vec<PlannedSlot> {
    let slot = |slot: &NewSlot| {
        let NewSlot { kind, room_id, from, to, .. } = *slot;
        Some(PlannedSlot { kind, room_id: room_id?, from, to })
    };
    slots.iter().filter_map(slot).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike as _, NaiveTime};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-03-{text}:00+08:00")).unwrap().to_utc()
    }

    fn rooms() -> Vec<Room> {
        let room = |(no, (kind, capacity)): (u128, (RoomKind, i32))| Room {
            id: RoomId(Uuid::from_u128(no)),
            centre_code: "152500".into(),
            code: format!("{kind}-{no}"),
            kind,
            name: Say::default(),
            capacity,
        };
        let kinds = [
            (RoomKind::Opening, 40),
            (RoomKind::Evaluation, 12),
            (RoomKind::Rest, 4),
            (RoomKind::Rest, 4),
            (RoomKind::Draw, 6),
        ];
        (1..).zip(kinds).map(room).collect()
    }

    /// Kinds with starts and ends, of a plan that opens at `opening`.
    fn laid_out(need: Need, opening: &str) -> Vec<(RoomKind, DateTime<Utc>, DateTime<Utc>)> {
        let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
        // Weekends are off; 2026-03-16 is a Monday.
        let works = &|day: NaiveDate| Some(day.weekday().number_from_monday() <= 5);
        let hours = Hours { opens: time(8, 30), closes: time(17, 0) };
        let rooms = rooms();
        let slots = lay_out(&need, at(opening), Ground { hours, works, rooms: &rooms }).unwrap();
        slots.into_iter().map(|slot| (slot.kind, slot.from, slot.to)).collect()
    }

    #[test]
    fn rm_5_an_evaluation_that_fits_is_held_on_the_day_half_an_hour_after_the_opening() {
        use RoomKind::{Evaluation, Opening};
        let need = Need { evaluation_hours: 5, ..Need::default() };
        assert_eq!(
            laid_out(need, "16T09:30"),
            [(Opening, at("16T09:30"), at("16T11:00")), (Evaluation, at("16T11:30"), at("16T16:30"))]
        );
        // Less than an hour of the day is left: it begins on the next.
        let late = laid_out(need, "16T14:15");
        assert_eq!(late[1], (Evaluation, at("17T08:30"), at("17T13:30")));
        assert_eq!(laid_out(Need::default(), "16T09:30").len(), 1);
    }

    #[test]
    fn rm_13_an_evaluation_of_days_sleeps_in_rest_rooms_over_a_weekend_too() {
        use RoomKind::{Evaluation, Rest};
        let need = Need { evaluation_hours: 12, ..Need::default() };
        // Friday the 20th: 11:30 to 17:00 are five and a half hours, six and a half are left for Monday.
        assert_eq!(
            laid_out(need, "20T09:30")[1..],
            [
                (Evaluation, at("20T11:30"), at("20T17:00")),
                (Rest, at("20T17:00"), at("23T08:30")),
                (Rest, at("20T17:00"), at("23T08:30")),
                (Evaluation, at("23T08:30"), at("23T15:00")),
            ]
        );
        let four = laid_out(Need { experts: 4, ..need }, "20T09:30");
        assert_eq!(four.iter().filter(|(kind, ..)| *kind == Rest).count(), 1, "four sleep in one room");
    }

    proptest! {
        /// The sittings add up to what was asked, lie in the hours of working days, and every night between is slept.
        #[test]
        fn a_plan_holds_what_was_asked(
            quarter in 0_i64..30, day in 2_u32..28, hours in 1_i64..40, experts in 1_i32..9, pause in 0_i64..100,
        ) {
            let need = Need { evaluation_hours: hours, pause_minutes: pause, experts, ..Need::default() };
            let opening = at(&format!("{day:02}T08:30")) + TimeDelta::minutes(15 * quarter);
            let text = opening.with_timezone(&crate::kernel::time::ZONE).format("%dT%H:%M").to_string();
            let slots = laid_out(need, &text);
            let sittings: Vec<_> = slots.iter().filter(|(kind, ..)| *kind == RoomKind::Evaluation).collect();
            let sat = sittings.iter().fold(TimeDelta::zero(), |sum, (_, from, to)| sum + (*to - *from));
            prop_assert_eq!(sat, TimeDelta::hours(hours));
            prop_assert!(sittings[0].1 >= slots[0].2 + TimeDelta::minutes(pause));
            for (_, from, to) in &sittings {
                prop_assert!(from < to && hall_date(*from) == hall_date(*to));
            }
            for pair in sittings.windows(2) {
                let nights = slots.iter().filter(|(kind, from, to)| {
                    *kind == RoomKind::Rest && *from == pair[0].2 && *to == pair[1].1
                });
                prop_assert!(nights.count() * 4 >= usize::try_from(experts).unwrap());
            }
        }
    }
}
