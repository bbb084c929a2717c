//! 使用率 (RM-20, a setting): how much of the time in which rooms can be booked is used, per room, day and centre.
//!
//! A room can be booked in the centre's hours on working days, except while it is out of service. It is used by what
//! is confirmed, for as long as planned, and by what was taken into use, for as long as it really was; what is only
//! requested or was missed uses nothing. Use outside those hours (a night in a rest room, an evaluation that runs into
//! the evening) is counted by itself, so that no share exceeds the whole.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    identity::{Action, Object, authorize},
    kernel::{
        Actor, LegalGround, Problem, Rejection, Say,
        id::RoomId,
        time::{self, end_of_day, hall_instant},
    },
    law::{Calendar, Law},
    rooms::{
        Policy,
        board::{FloorSlot, Standing},
        closures::Closure,
        model::{Hours, Room, Span},
        store::{self, closures, floor},
        taking::ids_of,
    },
};

/// Most days one question spans.
const MOST_DAYS: i64 = 366;

/// Time in which a room could be booked, and what of it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Use {
    /// Seconds in which it could be booked.
    pub bookable: i64,
    /// Seconds of these in which it was used.
    pub used: i64,
    /// Seconds of use at other times.
    pub outside: i64,
}

impl Use {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            bookable: self.bookable + other.bookable,
            used: self.used + other.used,
            outside: self.outside + other.outside,
        }
    }

    /// Used over bookable, to four decimals; `None` where nothing could be booked.
    pub fn share(self) -> Option<Decimal> {
        let mut share = Decimal::from(self.used).checked_div(Decimal::from(self.bookable))?.round_dp(4);
        share.rescale(4);
        Some(share)
    }

    /// Used over bookable in whole hundredths, rounded down to none and up to all of it only where that is so.
    pub fn percent(self) -> Option<i64> {
        let exact = (self.bookable > 0).then(|| (self.used * 200 / self.bookable + 1) / 2)?;
        let least = i64::from(self.used > 0);
        let most = if self.used < self.bookable { 99 } else { 100 };
        Some(exact.clamp(least.min(most), most))
    }
}

/// Seconds as hours with two decimals.
pub fn hours(seconds: i64) -> Decimal {
    let mut hours = (Decimal::from(seconds) / Decimal::from(3600)).round_dp(2);
    hours.rescale(2);
    hours
}

/// A day of the calendar and whether the centre works on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: NaiveDate,
    /// Whether rooms can be booked on it.
    pub works: bool,
}

/// One room, day by day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomUse {
    /// The room.
    pub room: RoomId,
    /// One for each day asked about.
    pub days: Vec<Use>,
}

impl RoomUse {
    /// Over all days.
    pub fn total(&self) -> Use {
        self.days.iter().copied().fold(Use::default(), Use::and)
    }
}

/// How much each room is used on each day, at `now`.
pub fn figures(
    rooms: &[RoomId],
    days: &[Day],
    hours: Hours,
    (slots, closures): (&[FloorSlot], &[Closure]),
    now: DateTime<Utc>,
) -> Vec<RoomUse> {
    let of_room = |room: RoomId| {
        let used =
            merged(slots.iter().filter(|one| one.slot.room == room).filter_map(|one| use_of(one, now)));
        let closed = merged(closures.iter().filter(|one| one.room == room).map(closed_for));
        let days = days.iter().map(|day| use_on(*day, hours, &used, &closed)).collect();
        RoomUse { room, days }
    };
    rooms.iter().map(|room| of_room(*room)).collect()
}

fn use_of(slot: &FloorSlot, now: DateTime<Utc>) -> Option<Span> {
    let uses = !matches!(slot.standing(), Standing::Requested | Standing::NoShow);
    uses.then(|| slot.occupies(now)).filter(|span| span.from < span.to)
}

/// How long a room really was out of service.
fn closed_for(closure: &Closure) -> Span {
    let Span { from, to } = closure.during;
    Span::new(from, closure.ended_at.map_or(to, |ended| ended.clamp(from, to)))
}

fn use_on(day: Day, hours: Hours, used: &[Span], closed: &[Span]) -> Use {
    let whole = Span::new(hall_instant(day.date, chrono::NaiveTime::MIN), end_of_day(day.date));
    let all = within(used, whole);
    if !day.works {
        return Use { outside: seconds(&all), ..Use::default() };
    }
    let open = Span::new(hall_instant(day.date, hours.opens), hall_instant(day.date, hours.closes));
    let shut = within(closed, open);
    let bookable = open.length().num_seconds() - seconds(&shut);
    let in_hours = within(&all, open);
    let while_shut: i64 = shut.iter().map(|shut| seconds(&within(&in_hours, *shut))).sum();
    let used = seconds(&in_hours) - while_shut;
    Use { bookable, used, outside: seconds(&all) - used }
}

/// Spans that overlap or touch made one, by time.
fn merged(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut sorted: Vec<Span> = spans.collect();
    sorted.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(sorted.len());
    for span in sorted {
        match merged.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => merged.push(span),
        }
    }
    merged
}

fn within(spans: &[Span], frame: Span) -> Vec<Span> {
    let cut = |span: &Span| Span::new(span.from.max(frame.from), span.to.min(frame.to));
    spans.iter().filter(|span| span.overlaps(frame)).map(cut).collect()
}

fn seconds(spans: &[Span]) -> i64 {
    spans.iter().map(|span| span.length().num_seconds()).sum()
}

/// Query of `GET /api/v1/rooms/utilisation`.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UtilisationQuery {
    /// Centre, such as `152500`.
    pub centre: String,
    /// First day.
    #[serde(deserialize_with = "time::read")]
    pub from: NaiveDate,
    /// Last day, itself included; at most a year later.
    #[serde(deserialize_with = "time::read")]
    pub to: NaiveDate,
}

/// Hours of a room or of all rooms.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UseView {
    /// Hours in which it could be booked: the centre's hours on working days less closures.
    #[serde(with = "rust_decimal::serde::str")]
    #[schema(value_type = String, example = "178.50")]
    pub bookable_hours: Decimal,
    /// Hours of these in which it was used.
    #[serde(with = "rust_decimal::serde::str")]
    #[schema(value_type = String, example = "61.25")]
    pub used_hours: Decimal,
    /// Hours of use at other times.
    #[serde(with = "rust_decimal::serde::str")]
    #[schema(value_type = String, example = "15.50")]
    pub outside_hours: Decimal,
    /// Used over bookable hours; absent where nothing could be booked.
    #[serde(with = "rust_decimal::serde::str_option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "0.3431")]
    pub share: Option<Decimal>,
}

impl From<Use> for UseView {
    fn from(value: Use) -> Self {
        Self {
            bookable_hours: hours(value.bookable),
            used_hours: hours(value.used),
            outside_hours: hours(value.outside),
            share: value.share(),
        }
    }
}

/// How much a room is used.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoomUtilisation {
    /// The room.
    #[serde(flatten)]
    pub room: Room,
    /// Its hours.
    #[serde(flatten)]
    pub hours: UseView,
}

/// How much the rooms of a centre are used.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Utilisation {
    /// The centre.
    pub centre_code: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day, itself included.
    pub to: NaiveDate,
    /// The rule, a setting of the hall.
    pub ground: LegalGround,
    /// All rooms together.
    pub total: UseView,
    /// In the order of the centre's file.
    pub items: Vec<RoomUtilisation>,
}

/// Figures with what they are about.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The rooms, in the order of the centre's file.
    pub rooms: Vec<Room>,
    /// The days.
    pub days: Vec<Day>,
    /// One for each room.
    pub uses: Vec<RoomUse>,
}

/// Reads what was used between two days, both included.
///
/// # Errors
/// 401, 403, 404 for an unknown centre, 422 for a span that is none or that the calendar does not reach.
pub async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    query: &UtilisationQuery,
    now: DateTime<Utc>,
) -> Result<Figures, Problem> {
    let centre = policy.jurisdiction.centre(&query.centre).ok_or_else(Rejection::not_found)?;
    authorize(actor, Action::RoomFigures, &Object::none().at_centre(&centre.code))?;
    let days = days_of(query, policy.law.calendar())?;
    let window = Span::new(hall_instant(query.from, chrono::NaiveTime::MIN), end_of_day(query.to));
    let rooms = store::list(conn, Some(&centre.code)).await?;
    let ids = ids_of(&rooms);
    let mut slots = floor::slots(conn, &ids, window).await?;
    let known: std::collections::HashSet<uuid::Uuid> = slots.iter().map(|one| one.slot.id).collect();
    // What still runs over may have outgrown the time it blocked.
    let overruns = floor::overruns(conn, &ids).await?;
    slots.extend(overruns.into_iter().filter(|one| !known.contains(&one.slot.id)));
    let closed = closures::list(conn, &centre.code, window).await?;
    let hours = Hours::of(&centre.settings);
    let uses = figures(&ids, &days, hours, (&slots, &closed), now);
    Ok(Figures { rooms, days, uses })
}

fn days_of(query: &UtilisationQuery, calendar: &Calendar) -> Result<Vec<Day>, Problem> {
    if query.to < query.from || query.to - query.from >= TimeDelta::days(MOST_DAYS) {
        let detail = Say::new(
            format!("to 不得早于 from，且至多 {MOST_DAYS} 日。"),
            format!("to is no earlier than from, and at most {MOST_DAYS} days are asked about."),
        );
        return Err(Rejection::at("?to", "out-of-range", detail).into());
    }
    let dates = query.from.iter_days().take_while(|date| *date <= query.to);
    dates.map(|date| Ok(Day { date, works: calendar.works(date)? })).collect()
}

/// The answer of `GET /api/v1/rooms/utilisation`.
///
/// # Errors
/// As [`read`].
pub async fn utilisation(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    policy: Policy<'_>,
    query: &UtilisationQuery,
    now: DateTime<Utc>,
) -> Result<Utilisation, Problem> {
    let Figures { rooms, uses, .. } = read(conn, actor, policy, query, now).await?;
    let total = uses.iter().map(RoomUse::total).fold(Use::default(), Use::and);
    let items = rooms.into_iter().zip(&uses);
    let items = items.map(|(room, used)| RoomUtilisation { room, hours: used.total().into() }).collect();
    Ok(Utilisation {
        centre_code: query.centre.clone(),
        from: query.from,
        to: query.to,
        ground: Law::setting_ground("RM-20"),
        total: total.into(),
        items,
    })
}

#[cfg(test)]
mod tests {
    use chrono::NaiveTime;
    use uuid::Uuid;

    use super::*;
    use crate::{
        jurisdiction::model::RoomKind,
        kernel::id::{AccountId, BookingId, TenderId},
        rooms::model::{BookingState, Slot, Used},
    };

    const ROOM: RoomId = RoomId(Uuid::nil());

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-03-{text}:00+08:00")).unwrap().to_utc()
    }

    fn slot(state: BookingState, from: &str, to: &str, used: Used) -> FloorSlot {
        let during = Span::new(at(from), at(to));
        let slot = Slot {
            id: Uuid::new_v4(),
            room: ROOM,
            kind: RoomKind::Evaluation,
            during,
            blocked: during,
            capacity: None,
            used,
        };
        let tender = TenderId(Uuid::nil());
        FloorSlot {
            slot,
            no: 1,
            booking: BookingId(Uuid::nil()),
            tender,
            state,
            version: 1,
            deadline: at(from),
        }
    }

    fn closure(from: &str, to: &str, ended: Option<&str>) -> Closure {
        Closure {
            id: Uuid::new_v4(),
            room: ROOM,
            during: Span::new(at(from), at(to)),
            reason: "检修".into(),
            closed_by: AccountId(Uuid::nil()),
            closed_at: at(from),
            ended_by: ended.map(|_| AccountId(Uuid::nil())),
            ended_at: ended.map(at),
            version: 1,
        }
    }

    /// Bookable, used and outside minutes of Monday the 16th at noon of the 20th, with hours from 08:30 to 17:00.
    fn monday(slots: &[FloorSlot], closures: &[Closure], works: bool) -> (i64, i64, i64) {
        let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
        let hours = Hours { opens: time(8, 30), closes: time(17, 0) };
        let days = [Day { date: NaiveDate::from_ymd_opt(2026, 3, 16).unwrap(), works }];
        let uses = figures(&[ROOM], &days, hours, (slots, closures), at("20T12:00"));
        let Use { bookable, used, outside } = uses[0].total();
        (bookable / 60, used / 60, outside / 60)
    }

    #[test]
    fn rm_20_the_times_really_used_count_where_they_are_known() {
        use BookingState::{Confirmed, NoShow, Overrun, Released, Requested};
        let nobody = Used::default();
        let planned = slot(Confirmed, "16T09:00", "16T12:00", nobody);
        assert_eq!(monday(&[planned], &[], true), (510, 180, 0));
        let early = Used { begun_at: Some(at("16T09:10")), ended_at: Some(at("16T10:00")), ..nobody };
        assert_eq!(monday(&[slot(Released, "16T09:00", "16T12:00", early)], &[], true), (510, 50, 0));
        let late = Used { ended_at: Some(at("16T18:30")), ..early };
        assert_eq!(
            monday(&[slot(Released, "16T09:00", "16T12:00", late)], &[], true),
            (510, 470, 90),
            "the evening is no time in which rooms can be booked"
        );
        let missed = Used { ended_at: Some(at("16T09:30")), no_show: true, ..nobody };
        let nothing =
            [slot(NoShow, "16T09:00", "16T12:00", missed), slot(Requested, "16T13:00", "16T14:00", nobody)];
        assert_eq!(monday(&nothing, &[], true), (510, 0, 0));
        let over = Used { begun_at: Some(at("16T16:00")), overran_at: Some(at("16T16:30")), ..nobody };
        assert_eq!(
            monday(&[slot(Overrun, "16T16:00", "16T16:30", over)], &[], true),
            (510, 60, 420),
            "it goes on"
        );
    }

    #[test]
    fn rm_20_closures_and_days_off_can_not_be_booked() {
        let planned = || slot(BookingState::Confirmed, "16T09:00", "16T12:00", Used::default());
        assert_eq!(monday(&[planned()], &[], false), (0, 0, 180));
        assert_eq!(monday(&[planned()], &[closure("16T11:00", "17T11:00", None)], true), (150, 120, 60));
        let ended = closure("16T11:00", "17T11:00", Some("16T11:30"));
        assert_eq!(monday(&[planned()], &[ended], true), (480, 150, 30), "it was opened again at once");
        let night = slot(BookingState::Confirmed, "15T17:00", "16T09:00", Used::default());
        assert_eq!(
            monday(&[night], &[], true),
            (510, 30, 510),
            "the night of a rest room is counted by itself"
        );
        let twice = [planned(), slot(BookingState::Confirmed, "16T11:00", "16T13:00", Used::default())];
        assert_eq!(monday(&twice, &[], true), (510, 240, 0), "no minute is used twice");
    }

    #[test]
    fn shares_are_exact_and_a_little_is_not_nothing() {
        let share = |used, bookable| Use { used, bookable, outside: 0 };
        assert_eq!(share(1, 3).share().unwrap().to_string(), "0.3333");
        assert_eq!(share(0, 0).share(), None);
        let percent: Vec<_> = [(0, 100), (1, 1000), (5, 1000), (15, 1000), (999, 1000), (1000, 1000), (0, 0)]
            .map(|(used, bookable)| share(used, bookable).percent())
            .into();
        assert_eq!(percent, [Some(0), Some(1), Some(1), Some(2), Some(99), Some(100), None]);
        assert_eq!(hours(5400).to_string(), "1.50");
        assert_eq!(hours(7200).to_string(), "2.00");
    }
}
