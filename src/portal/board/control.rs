//! 总控大屏: the control room's page, all rooms of a centre by time.

use askama::Template;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Assets,
    chart::{Chart, Lane, Shown, Shut},
    day_typed,
    scale::Scale,
    signs::{PATTERNS, Sign},
};
use crate::{
    access::{
        model::CentreQuery,
        recording::{
            self,
            model::{Alarm, AlarmKind},
        },
    },
    jurisdiction::model::RoomKind,
    kernel::{
        Actor, Code, Problem,
        time::{end_of_day, hall_date, hall_instant},
    },
    law::Calendar,
    portal::{page::Frame, reader::Reader, view::Fact},
    rooms::{
        Policy, Span,
        board::{self, Floor, FloorSlot, Moves, Standing},
        closures::Closure,
        model::{Buffers, Hours, Room},
    },
};

/// The latest alarms looked through for such as are open.
const ALARMS: i64 = 50;

/// Query of the page, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ControlQuery {
    /// `day` or `week`.
    view: String,
    /// A day; today where it is empty.
    on: String,
}

/// A row of the list: the same as the chart shows.
struct Line {
    room: String,
    when: String,
    title: String,
    project: Option<String>,
    sign: Sign,
    /// When it was begun or ended, or since when it runs over; or why the room is closed.
    note: String,
    slot: Option<Shown>,
}

impl Line {
    /// The slot, where something may still be done with it.
    fn acts(&self) -> Option<&Shown> {
        let over = matches!(self.sign, Sign::Slot(Standing::Released | Standing::NoShow));
        self.slot.as_ref().filter(|_| !over)
    }
}

/// Something that wants a look at once.
struct Alert {
    room: String,
    title: String,
    text: String,
    /// The alarm, and whether somebody has taken it on.
    alarm: Option<(Uuid, bool)>,
}

/// `/board/{centre}/control`
#[derive(Template)]
#[template(path = "board_control.html")]
struct ControlPage<'a> {
    r: &'a Reader,
    f: Frame,
    a: Assets,
    centre: String,
    name: String,
    days: Vec<NaiveDate>,
    now: DateTime<Utc>,
    today: bool,
    week: bool,
    operates: bool,
    tallies: Vec<(&'static str, Fact)>,
    alerts: Vec<Alert>,
    lanes: Vec<Lane>,
    head: String,
    plan: String,
    lines: Vec<Line>,
}

impl ControlPage<'_> {
    fn patterns(&self) -> &'static str {
        PATTERNS
    }

    fn signs(&self) -> [Sign; 7] {
        Sign::ALL
    }

    fn first(&self) -> NaiveDate {
        self.days.first().copied().unwrap_or_default()
    }

    fn last(&self) -> NaiveDate {
        self.days.last().copied().unwrap_or_default()
    }

    fn view(&self) -> &'static str {
        if self.week { "week" } else { "day" }
    }

    /// As many days as the page shows.
    fn step(&self) -> Days {
        Days::new(if self.week { 7 } else { 1 })
    }

    fn earlier(&self) -> String {
        self.at(self.view(), self.first().checked_sub_days(self.step()))
    }

    fn later(&self) -> String {
        self.at(self.view(), self.first().checked_add_days(self.step()))
    }

    /// What is shown: a day with its weekday, or the first and last of a week.
    fn period(&self) -> String {
        match self.week {
            true => format!("{} – {}", self.r.day(&self.first()), self.r.day(&self.last())),
            false => self.r.full_day(&self.first()),
        }
    }

    fn board(&self, part: &str) -> String {
        self.r.href(&format!("/board/{}{part}", self.centre))
    }

    fn at(&self, view: &str, on: Option<NaiveDate>) -> String {
        let on = on.map(|on| format!("&on={on}")).unwrap_or_default();
        self.r.href(&format!("/board/{}/control?view={view}{on}", self.centre))
    }
}

/// Renders the page for an operator of the centre or a supervising body.
pub(super) async fn page(
    conn: &mut AsyncPgConnection,
    (actor, reader): (&Actor, &Reader),
    policy: Policy<'_>,
    (centre, query): (&str, &ControlQuery),
    now: DateTime<Utc>,
) -> Result<askama::Result<String>, Problem> {
    let on = day_typed(&query.on, reader)?.unwrap_or_else(|| hall_date(now));
    let week = query.view == "week";
    let days = if week { week_of(on) } else { vec![on] };
    let whole = whole(&days);
    let floor = board::floor(conn, actor, policy, centre, whole).await?;
    let mut alerts = overruns(&floor, reader, now);
    alerts.extend(alarms(conn, (actor, reader), policy, &floor).await?);
    let hours = Hours::of(&floor.centre.settings);
    let occupied = floor.slots.iter().map(|slot| slot.occupies(now));
    let scale = Scale::new(days.clone(), hours, occupied);
    let off = days_off(&days, policy.law.calendar());
    let lanes = lanes(&floor, reader, now, &days);
    let open = |day| Span::new(hall_instant(day, hours.opens), hall_instant(day, hours.closes));
    let chart = Chart {
        scale: &scale,
        lanes: &lanes,
        off: &off,
        buffers: Buffers::of(&floor.centre.settings),
        open: &open,
        now,
        reader,
    };
    let (head, plan) = (chart.head(), chart.plan());
    Ok(ControlPage {
        r: reader,
        f: Frame::new(),
        a: Assets::new(),
        name: reader.says(&floor.centre.name),
        today: days.contains(&hall_date(now)),
        now,
        week,
        operates: floor.operates,
        tallies: tallies(&floor, reader, now),
        alerts,
        lines: lines(&lanes, reader, &days, &floor),
        centre: floor.centre.code,
        days,
        lanes,
        head,
        plan,
    }
    .render())
}

/// Monday to Sunday around a day.
fn week_of(day: NaiveDate) -> Vec<NaiveDate> {
    let before = Days::new(day.weekday().num_days_from_monday().into());
    let monday = day.checked_sub_days(before).unwrap_or(day);
    monday.iter_days().take(7).collect()
}

fn whole(days: &[NaiveDate]) -> Span {
    let first = days.first().copied().unwrap_or_default();
    let last = days.last().copied().unwrap_or_default();
    Span::new(hall_instant(first, NaiveTime::MIN), end_of_day(last))
}

/// A day whose year has no calendar yet is shown as any other.
fn days_off(days: &[NaiveDate], calendar: &Calendar) -> Vec<NaiveDate> {
    days.iter().copied().filter(|day| !calendar.works(*day).unwrap_or(true)).collect()
}

/// Every room that can be booked, and any other that something stands in.
fn lanes(floor: &Floor, reader: &Reader, now: DateTime<Utc>, days: &[NaiveDate]) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for room in &floor.rooms {
        let slots: Vec<Shown> = floor
            .slots
            .iter()
            .filter(|one| one.slot.room == room.id)
            .map(|slot| shown(slot, room, floor, (reader, now, days)))
            .collect();
        let shut: Vec<Shut> = floor
            .closures
            .iter()
            .filter(|one| one.room == room.id)
            .map(|closure| shut(closure, room, reader, days))
            .collect();
        let quiet = matches!(room.kind, RoomKind::Control | RoomKind::Storage);
        if quiet && slots.is_empty() && shut.is_empty() {
            continue;
        }
        let leads = lanes.last().is_none_or(|above| above.room.kind != room.kind);
        lanes.push(Lane { room: room.clone(), leads, slots, shut });
    }
    lanes
}

fn shown(
    slot: &FloorSlot,
    room: &Room,
    floor: &Floor,
    (reader, now, days): (&Reader, DateTime<Utc>, &[NaiveDate]),
) -> Shown {
    let card = floor.cards.get(&slot.tender);
    let title = card.map_or_else(|| reader.w.floor_taken.to_owned(), |card| card.title.clone());
    let moves = match card {
        Some(card) if floor.operates => slot.moves(card, now),
        _ => Moves::Fixed,
    };
    let sign = Sign::Slot(slot.standing());
    let parts =
        [&reader.says(&room.name), &when(reader, slot.slot.during, days), title.as_str(), sign.word(reader)]
            .map(str::to_owned);
    Shown { slot: slot.clone(), label: parts.join(reader.w.comma), title, moves }
}

fn shut(closure: &Closure, room: &Room, reader: &Reader, days: &[NaiveDate]) -> Shut {
    let when = when(reader, closure.during, days);
    let parts = [reader.says(&room.name), when, Sign::Closed.word(reader).to_owned(), closure.reason.clone()];
    Shut { during: closure.during, reason: closure.reason.clone(), label: parts.join(reader.w.comma) }
}

/// A span as short as the days shown allow: `09:30–11:30`, with its date where there are several.
fn when(reader: &Reader, span: Span, days: &[NaiveDate]) -> String {
    let (first, last) = (hall_date(span.from), hall_date(span.to));
    let date = |day: NaiveDate| format!("{} {}", day.format("%m-%d"), reader.weekday(&day));
    let whole_day = end_of_day(first) == span.to;
    if first == last || whole_day {
        let clock = format!("{}–{}", reader.clock(&span.from), reader.end_clock(&span.to));
        return if days.len() == 1 && days.contains(&first) {
            clock
        } else {
            format!("{} {clock}", date(first))
        };
    }
    format!("{} {} – {} {}", date(first), reader.clock(&span.from), date(last), reader.clock(&span.to))
}

fn tallies(floor: &Floor, reader: &Reader, now: DateTime<Utc>) -> Vec<(&'static str, Fact)> {
    let w = reader.w;
    let count = |standing| floor.slots.iter().filter(|slot| slot.standing() == standing).count();
    let closed = floor.closures.iter().filter(|one| one.during.contains(now)).count();
    let figure =
        |term: &str, value: usize| Fact { term: term.to_owned(), value: value.to_string(), figure: true };
    let sign = |standing| Sign::Slot(standing).class();
    vec![
        (sign(Standing::Overrun), figure(w.slot_overrun, floor.overruns.len())),
        (sign(Standing::InUse), figure(w.slot_in_use, count(Standing::InUse))),
        (sign(Standing::Confirmed), figure(w.slot_confirmed, count(Standing::Confirmed))),
        (sign(Standing::Requested), figure(w.slot_requested, count(Standing::Requested))),
        (Sign::Closed.class(), figure(w.floor_closed_now, closed)),
    ]
}

fn overruns(floor: &Floor, reader: &Reader, now: DateTime<Utc>) -> Vec<Alert> {
    let alert = |slot: &FloorSlot| {
        let room = floor.rooms.iter().find(|room| room.id == slot.slot.room);
        let card = floor.cards.get(&slot.tender);
        let over = (now - slot.slot.during.to).num_minutes().max(0);
        Alert {
            room: room.map(|room| reader.says(&room.name)).unwrap_or_default(),
            title: card.map_or_else(|| reader.w.floor_taken.to_owned(), |card| card.title.clone()),
            text: format!(
                "{} {}{}{} {over} {}",
                reader.w.floor_due,
                reader.moment(&slot.slot.during.to),
                reader.w.comma,
                reader.w.floor_over_by,
                reader.w.floor_minutes
            ),
            alarm: None,
        }
    };
    floor.overruns.iter().map(alert).collect()
}

/// Recordings that fell silent (RM-16), newest first, until somebody has said what was found.
async fn alarms(
    conn: &mut AsyncPgConnection,
    (actor, reader): (&Actor, &Reader),
    policy: Policy<'_>,
    floor: &Floor,
) -> Result<Vec<Alert>, Problem> {
    let asked = CentreQuery { centre: floor.centre.code.clone(), cursor: None, limit: Some(ALARMS) };
    let page = match recording::service::alarms(conn, actor, policy.jurisdiction, asked).await {
        // A body that watches the floor from outside the centre's region hears none.
        Err(problem) if problem.code() == Code::Forbidden => return Ok(Vec::new()),
        page => page?,
    };
    let w = reader.w;
    let alert = |alarm: Alarm| {
        let room = floor.rooms.iter().find(|room| room.id == alarm.room_id);
        let what = match alarm.kind {
            AlarmKind::RecordingGap => w.alarm_gap,
            AlarmKind::RecordingEndedEarly => w.alarm_early,
        };
        let taken = alarm.acknowledged_at.map(|_| format!("{}{}", w.comma, w.alarm_taken));
        Alert {
            room: room.map(|room| reader.says(&room.name)).unwrap_or_default(),
            title: what.to_owned(),
            text: format!("{} {}{}", w.since, reader.moment(&alarm.since), taken.unwrap_or_default()),
            alarm: Some((alarm.id, alarm.acknowledged_at.is_some())),
        }
    };
    Ok(page.items.into_iter().filter(|alarm| alarm.closed_at.is_none()).map(alert).collect())
}

fn lines(lanes: &[Lane], reader: &Reader, days: &[NaiveDate], floor: &Floor) -> Vec<Line> {
    let mut lines: Vec<(Span, Line)> = Vec::new();
    for lane in lanes {
        let room = reader.says(&lane.room.name);
        for shown in &lane.slots {
            let during = shown.slot.slot.during;
            let card = floor.cards.get(&shown.slot.tender);
            let line = Line {
                room: room.clone(),
                when: when(reader, during, days),
                title: shown.title.clone(),
                // A draft has no page yet.
                project: card.filter(|card| card.published).map(|card| card.project.to_string()),
                sign: Sign::Slot(shown.slot.standing()),
                note: used(&shown.slot, reader),
                slot: Some(shown.clone()),
            };
            lines.push((during, line));
        }
        for shut in &lane.shut {
            let line = Line {
                room: room.clone(),
                when: when(reader, shut.during, days),
                title: shut.reason.clone(),
                project: None,
                sign: Sign::Closed,
                note: String::new(),
                slot: None,
            };
            lines.push((shut.during, line));
        }
    }
    lines.sort_by_key(|(span, _)| *span);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The times that were noted.
fn used(slot: &FloorSlot, reader: &Reader) -> String {
    let w = reader.w;
    let used = slot.slot.used;
    let begun = used.begun_at.map(|at| format!("{} {}", w.floor_begun, reader.clock(&at)));
    let ended = used.ended_at.map(|at| format!("{} {}", w.floor_ended, reader.clock(&at)));
    [begun, ended].into_iter().flatten().collect::<Vec<_>>().join(w.comma)
}
