//! Bookings written as an iCalendar (RFC 5545). Pure.

use chrono::{DateTime, TimeDelta, Utc};
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};
use uuid::Uuid;

use crate::{
    jurisdiction::model::RoomKind,
    kernel::{Say, say::Language},
    rooms::model::{BookingState, Span},
};

/// How often a program should ask again.
const ASK_AGAIN: TimeDelta = TimeDelta::minutes(15);

/// A slot as a calendar shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The slot's row: the event keeps its name when it is moved or confirmed.
    pub slot: Uuid,
    /// Version of its booking.
    pub version: i64,
    /// When.
    pub during: Span,
    /// Where its booking stands.
    pub state: BookingState,
    /// Name of the tender.
    pub title: String,
    /// Kind of the room.
    pub kind: RoomKind,
    /// Name of the room.
    pub room: Say,
}

/// Writes a calendar with an event for each visit.
pub fn write(visits: &[Visit], language: Language, now: DateTime<Utc>) -> String {
    let mut calendar = Calendar::new();
    calendar.name(match language {
        Language::Zh => "场地预约",
        Language::En => "Booked rooms",
    });
    calendar.timezone("Asia/Shanghai").ttl(&ASK_AGAIN);
    for visit in visits {
        calendar.push(event(visit, language, now));
    }
    calendar.to_string()
}

fn event(visit: &Visit, language: Language, now: DateTime<Utc>) -> Event {
    let (room, state) = (visit.room.in_language(language), visit.state.name());
    let mut event = Event::new();
    event
        .uid(&format!("{}@tenderhall", visit.slot))
        .timestamp(now)
        .starts(visit.during.from)
        .ends(visit.during.to)
        .summary(&format!("{room} · {}", visit.title))
        .location(room)
        .description(state.in_language(language))
        .append_property(Property::new("CATEGORIES", visit.kind.as_ref()));
    if let Ok(version) = u32::try_from(visit.version) {
        event.sequence(version);
    }
    let firm = visit.state != BookingState::Requested;
    event.status(if firm { EventStatus::Confirmed } else { EventStatus::Tentative });
    event.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_booking_is_an_event_that_calendar_programs_read() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let visit = Visit {
            slot: Uuid::from_u128(7),
            version: 2,
            during: Span::new(at("2026-03-16T09:30:00+08:00"), at("2026-03-16T11:00:00+08:00")),
            state: BookingState::Requested,
            title: "滨河公园; 二期, 绿化".to_owned(),
            kind: RoomKind::Opening,
            room: Say::new("第一开标室", "Opening room 1"),
        };
        let text = write(&[visit], Language::Zh, at("2026-02-24T09:00:00+08:00"));
        for line in [
            "BEGIN:VCALENDAR",
            "DTSTART:20260316T013000Z",
            "DTEND:20260316T030000Z",
            "DTSTAMP:20260224T010000Z",
            "UID:00000000-0000-0000-0000-000000000007@tenderhall",
            "STATUS:TENTATIVE",
            "SEQUENCE:2",
            "LOCATION:第一开标室",
            r"SUMMARY:第一开标室 · 滨河公园\; 二期\, 绿化",
        ] {
            assert!(text.split("\r\n").any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(text.split("\r\n").all(|line| line.len() <= 75));
    }
}
