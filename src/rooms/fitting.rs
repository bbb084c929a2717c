//! Which room a slot gets, when a room is free, and what else could be had. Pure.

use std::{collections::HashMap, ops::ControlFlow};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    jurisdiction::model::RoomKind,
    kernel::{
        id::{BookingId, RoomId, TenderId},
        time::{hall_date, hall_instant},
    },
    rooms::model::{BookedSpan, BookingState, Buffers, Hours, NewSlot, Room, Span},
};

/// How many other slots a refusal offers.
pub const OFFERS: usize = 3;
/// Days ahead in which other slots are looked for.
pub const SEARCH_DAYS: i64 = 60;
/// Minutes between the starts that are tried.
const STEP_MINUTES: i64 = 15;
/// Choices of rooms that are tried before a request is taken for impossible; 20 slots seldom need more than 20.
const MOST_TRIES: u32 = 20_000;

/// Who keeps others out of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A live slot of a booking; told to nobody who may not read that booking.
    Booking {
        /// The booking.
        booking: BookingId,
        /// Its tender.
        tender: TenderId,
        /// Where it stands.
        state: BookingState,
    },
    /// Nobody: the room is out of service.
    Closed,
}

/// Time in which others are kept out of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The room.
    pub room: RoomId,
    /// Its kind.
    pub kind: RoomKind,
    /// By whom.
    pub holder: Holder,
    /// The slot.
    pub during: Span,
    /// The slot with its buffers.
    pub blocked: Span,
}

impl Taken {
    /// The tender whose slot it is.
    pub fn tender(&self) -> Option<TenderId> {
        match self.holder {
            Holder::Booking { tender, .. } => Some(tender),
            Holder::Closed => None,
        }
    }

    /// For those who may read the booking.
    pub fn booked(&self) -> Option<BookedSpan> {
        let Holder::Booking { booking, tender, state } = self.holder else { return None };
        let Span { from, to } = self.during;
        Some(BookedSpan { booking_id: booking, state, tender_id: tender, from, to })
    }
}

/// What is taken, room by room, so that a look at a room does not depend on how much is taken elsewhere.
#[derive(Debug, Default)]
pub struct Occupied {
    /// By start, each with the latest end up to it.
    rooms: HashMap<RoomId, Vec<(Taken, DateTime<Utc>)>>,
}

impl Occupied {
    /// Sorts what is taken.
    pub fn of(taken: &[Taken]) -> Self {
        let mut rooms: HashMap<RoomId, Vec<(Taken, DateTime<Utc>)>> = HashMap::new();
        for one in taken {
            rooms.entry(one.room).or_default().push((*one, one.blocked.to));
        }
        for held in rooms.values_mut() {
            held.sort_unstable_by_key(|(one, _)| one.blocked);
            let mut latest = DateTime::<Utc>::MIN_UTC;
            for (_, end) in held {
                latest = latest.max(*end);
                *end = latest;
            }
        }
        Self { rooms }
    }

    /// Something taken in the room that overlaps `blocked`, the latest of it.
    pub fn in_the_way(&self, room: RoomId, blocked: Span) -> Option<&Taken> {
        let held = self.rooms.get(&room)?;
        let (before, _) = held.split_at(held.partition_point(|(one, _)| one.blocked.from < blocked.to));
        let reaching = before.iter().rev().take_while(|(_, latest)| *latest > blocked.from);
        reaching.map(|(one, _)| one).find(|one| one.blocked.overlaps(blocked))
    }

    /// Whether nothing in the room overlaps `blocked`.
    pub fn is_free(&self, room: RoomId, blocked: Span) -> bool {
        self.in_the_way(room, blocked).is_none()
    }
}

/// What is in the way, as the extra member `blocking` of a refusal shows it: never whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blocking {
    /// Kind of the room.
    pub kind: RoomKind,
    /// The room.
    pub room_id: RoomId,
    /// Whether the room is out of service then, and not booked.
    pub closed: bool,
    /// Start of the slot in the way.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// Start with the time for setting up.
    pub blocked_from: DateTime<Utc>,
    /// End with the time for cleaning.
    pub blocked_to: DateTime<Utc>,
}

impl Blocking {
    /// Shows a slot that is in the way.
    pub fn by(kind: RoomKind, room_id: RoomId, during: Span, blocked: Span) -> Self {
        Self {
            kind,
            room_id,
            closed: false,
            from: during.from,
            to: during.to,
            blocked_from: blocked.from,
            blocked_to: blocked.to,
        }
    }

    fn from_taken(one: &Taken) -> Self {
        let closed = one.holder == Holder::Closed;
        Self { closed, ..Self::by(one.kind, one.room, one.during, one.blocked) }
    }
}

/// A free slot for the same need, in the extra member `alternatives`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FreeSlot)]
pub struct Offer {
    /// Kind of the room.
    pub kind: RoomKind,
    /// A room that is free then.
    pub room_id: RoomId,
    /// Start.
    pub from: DateTime<Utc>,
    /// End.
    pub to: DateTime<Utc>,
}

/// Why the slots cannot all be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clash {
    /// Place of the wanted slot in the request.
    pub wanted: usize,
    /// What is in its way.
    pub blocking: Blocking,
}

/// The room each wanted slot gets, in the order of the request. Named rooms are kept for those who name them; of the
/// others each gets the first room of its kind that serves most of the request, so that an evaluation of days keeps
/// its room. Where that leads nowhere, other choices are tried. `rooms` holds all rooms of the wanted kinds.
///
/// # Errors
/// The first slot that cannot be had; `None` where there is no room for it at all, taken or not.
pub fn assign(
    wanted: &[NewSlot],
    rooms: &[Room],
    occupied: &Occupied,
    buffers: Buffers,
) -> Result<Vec<RoomId>, Option<Clash>> {
    let mut needs: Vec<Need> = wanted
        .iter()
        .enumerate()
        .map(|(place, slot)| Need {
            place,
            slot: *slot,
            blocked: buffers.around(slot.during()),
            choices: choices(slot, rooms).collect(),
        })
        .collect();
    prefer_rooms_of_most(&mut needs, occupied);
    needs.sort_by_key(|need| need.slot.room_id.is_none());
    let mut tries = MOST_TRIES;
    let mut first_clash = None;
    match seat(&needs, &mut Vec::new(), occupied, &mut tries, &mut first_clash) {
        ControlFlow::Break(mut given) => {
            given.sort_unstable_by_key(|(place, ..)| *place);
            Ok(given.into_iter().map(|(_, room, _)| room).collect())
        }
        ControlFlow::Continue(()) => Err(first_clash),
    }
}

/// A wanted slot with the rooms it may get, best first.
struct Need {
    place: usize,
    slot: NewSlot,
    blocked: Span,
    choices: Vec<RoomId>,
}

/// Rooms given so far: place, room and blocked time.
type Given = Vec<(usize, RoomId, Span)>;

fn prefer_rooms_of_most(needs: &mut [Need], occupied: &Occupied) {
    let spans: Vec<(RoomKind, Span)> = needs.iter().map(|need| (need.slot.kind, need.blocked)).collect();
    for need in needs.iter_mut().filter(|need| need.slot.room_id.is_none()) {
        need.choices.sort_by_cached_key(|room| {
            let serves = spans
                .iter()
                .filter(|(kind, blocked)| *kind == need.slot.kind && occupied.is_free(*room, *blocked));
            std::cmp::Reverse(serves.count())
        });
    }
}

/// Gives the first of `needs` a room and goes on with the rest, or answers that it cannot be.
fn seat(
    needs: &[Need],
    given: &mut Given,
    occupied: &Occupied,
    tries: &mut u32,
    first_clash: &mut Option<Clash>,
) -> ControlFlow<Given> {
    let Some((need, rest)) = needs.split_first() else { return ControlFlow::Break(given.clone()) };
    let mut in_the_way = None;
    for room in &need.choices {
        let Some(left) = tries.checked_sub(1) else { return ControlFlow::Continue(()) };
        *tries = left;
        let own = given.iter().find(|(_, held, blocked)| held == room && blocked.overlaps(need.blocked));
        let blocking = match (occupied.in_the_way(*room, need.blocked), own) {
            (Some(taken), _) => Blocking::from_taken(taken),
            (None, Some((_, _, blocked))) => Blocking::by(need.slot.kind, *room, *blocked, *blocked),
            (None, None) => {
                given.push((need.place, *room, need.blocked));
                seat(rest, given, occupied, tries, first_clash)?;
                given.pop();
                continue;
            }
        };
        in_the_way.get_or_insert(blocking);
    }
    if let Some(blocking) = in_the_way {
        first_clash.get_or_insert(Clash { wanted: need.place, blocking });
    }
    ControlFlow::Continue(())
}

/// Rooms a slot may get, in the order of the centre's file.
fn choices<'a>(slot: &'a NewSlot, rooms: &'a [Room]) -> impl Iterator<Item = RoomId> + 'a {
    rooms
        .iter()
        .filter(|room| room.kind == slot.kind && slot.room_id.is_none_or(|named| named == room.id))
        .filter(|room| slot.capacity.is_none_or(|people| people <= room.capacity))
        .map(|room| room.id)
}

/// Spans within `window` in which any slot of the room can be booked: what others block is widened by this
/// slot's own buffers, so that a slot that fits into a free span also fits with its buffers.
pub fn free_spans(window: Span, room: RoomId, taken: &[Taken], buffers: Buffers) -> Vec<Span> {
    let mut closed: Vec<Span> = taken
        .iter()
        .filter(|one| one.room == room)
        .map(|one| one.blocked.widened(buffers.cleanup, buffers.setup))
        .filter(|span| span.overlaps(window))
        .collect();
    closed.sort_unstable();
    let mut free = Vec::new();
    let mut at = window.from;
    for span in closed {
        if at < span.from {
            free.push(Span::new(at, span.from));
        }
        at = at.max(span.to);
    }
    if at < window.to {
        free.push(Span::new(at, window.to));
    }
    free
}

/// What the search for other slots stands on.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Rooms of the centre.
    pub rooms: &'a [Room],
    /// When they are taken.
    pub occupied: &'a Occupied,
    /// The centre's buffers.
    pub buffers: Buffers,
    /// The centre's hours.
    pub hours: Hours,
    /// Whether a day is worked; `None` where its calendar is not published, which ends the search (CNT-8).
    pub works: &'a dyn Fn(NaiveDate) -> Option<bool>,
}

/// The next free slots for the same need, one after the other: another room at the same time if there is one,
/// then the earliest starts on working days within the centre's hours. An opening, and whatever was asked for
/// within the hours of one day, is only offered within the hours of one day.
pub fn alternatives(wanted: &NewSlot, search: Search<'_>) -> Vec<Offer> {
    let length = wanted.during().length();
    let within = wanted.kind == RoomKind::Opening || search.hours.hold(wanted.during());
    let any_room = NewSlot { room_id: None, ..*wanted };
    let mut offers: Vec<Offer> = Vec::new();
    for from in std::iter::once(wanted.from).chain(starts(wanted.from, search)) {
        let during = Span::new(from, from + length);
        let after_last = offers.last().is_none_or(|last| last.to <= from);
        if !after_last || (within && !search.hours.hold(during)) {
            continue;
        }
        let blocked = search.buffers.around(during);
        let free = |room: &RoomId| search.occupied.is_free(*room, blocked);
        if let Some(room_id) = choices(&any_room, search.rooms).find(free) {
            offers.push(Offer { kind: wanted.kind, room_id, from, to: during.to });
        }
        if offers.len() == OFFERS {
            break;
        }
    }
    offers
}

/// Starts after `after` that are tried: every quarter of an hour while the centre is open.
pub(super) fn starts(after: DateTime<Utc>, search: Search<'_>) -> impl Iterator<Item = DateTime<Utc>> {
    let first = hall_date(after);
    first
        .iter_days()
        .take_while(move |day| (*day - first).num_days() < SEARCH_DAYS)
        .map_while(move |day| Some((day, (search.works)(day)?)))
        .filter(|(_, works)| *works)
        .flat_map(move |(day, _)| times(search.hours).map(move |time| hall_instant(day, time)))
        .filter(move |at| *at > after)
}

fn times(hours: Hours) -> impl Iterator<Item = NaiveTime> {
    let open = hours.closes - hours.opens;
    (0..)
        .map(|step| TimeDelta::minutes(step * STEP_MINUTES))
        .take_while(move |since| *since < open)
        .map(move |since| hours.opens + since)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::kernel::Say;

    const BUFFERS: Buffers = Buffers { setup: TimeDelta::minutes(30), cleanup: TimeDelta::minutes(15) };

    fn room(no: u128, kind: RoomKind) -> Room {
        Room {
            id: RoomId(Uuid::from_u128(no)),
            centre_code: "152500".into(),
            code: format!("{kind}-{no}"),
            kind,
            name: Say::default(),
            capacity: 10,
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-03-{text}+08:00")).unwrap().to_utc()
    }

    fn want(kind: RoomKind, room: Option<u128>, from: &str, to: &str) -> NewSlot {
        NewSlot {
            kind,
            room_id: room.map(|no| RoomId(Uuid::from_u128(no))),
            capacity: None,
            from: at(from),
            to: at(to),
        }
    }

    fn taken(room: u128, from: &str, to: &str) -> Taken {
        let during = Span::new(at(from), at(to));
        Taken {
            room: RoomId(Uuid::from_u128(room)),
            kind: RoomKind::Opening,
            holder: Holder::Closed,
            during,
            blocked: BUFFERS.around(during),
        }
    }

    fn search<'a>(rooms: &'a [Room], occupied: &'a Occupied) -> Search<'a> {
        let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
        let hours = Hours { opens: time(8, 30), closes: time(17, 0) };
        // 2026-03-21 and 22 are a weekend; nothing is known from the 25th on.
        let works = &|day: NaiveDate| {
            let day: u32 = day.format("%d").to_string().parse().unwrap();
            (day < 25).then_some(day != 21 && day != 22)
        };
        Search { rooms, occupied, buffers: BUFFERS, hours, works }
    }

    #[test]
    fn buffers_of_both_sides_count_and_touching_is_allowed() {
        let rooms = [room(1, RoomKind::Opening)];
        let before = [taken(1, "16T09:30:00", "16T11:00:00")];
        // 11:00 + 15 cleaning + 30 setting up = 11:45.
        let touching = [want(RoomKind::Opening, None, "16T11:45:00", "16T12:30:00")];
        assert!(assign(&touching, &rooms, &Occupied::of(&before), BUFFERS).is_ok());
        let second_early = [want(RoomKind::Opening, None, "16T11:44:59", "16T12:30:00")];
        let clash = assign(&second_early, &rooms, &Occupied::of(&before), BUFFERS).unwrap_err().unwrap();
        assert_eq!(
            (clash.wanted, clash.blocking.from, clash.blocking.to),
            (0, at("16T09:30:00"), at("16T11:00:00"))
        );
    }

    #[test]
    fn a_named_room_is_kept_for_who_names_it() {
        let rooms = [room(1, RoomKind::Opening), room(2, RoomKind::Opening)];
        let slots = [
            want(RoomKind::Opening, None, "16T09:30:00", "16T11:00:00"),
            want(RoomKind::Opening, Some(1), "16T09:30:00", "16T11:00:00"),
        ];
        let given = assign(&slots, &rooms, &Occupied::default(), BUFFERS).unwrap();
        assert_eq!(given, [RoomId(Uuid::from_u128(2)), RoomId(Uuid::from_u128(1))]);
        let thrice = [slots[0], slots[1], slots[0]];
        assert_eq!(assign(&thrice, &rooms, &Occupied::default(), BUFFERS).unwrap_err().unwrap().wanted, 2);
        let none = [want(RoomKind::Draw, None, "16T09:30:00", "16T11:00:00")];
        assert_eq!(assign(&none, &rooms, &Occupied::default(), BUFFERS), Err(None));
    }

    #[test]
    fn alternatives_are_the_next_free_slots_within_hours_and_working_days() {
        let rooms = [room(1, RoomKind::Opening), room(2, RoomKind::Opening)];
        let named = want(RoomKind::Opening, Some(1), "20T15:00:00", "20T16:30:00");
        let one = [taken(1, "20T15:00:00", "20T16:30:00")];
        let offers = alternatives(&named, search(&rooms, &Occupied::of(&one)));
        let seen: Vec<(u128, DateTime<Utc>)> =
            offers.iter().map(|offer| (offer.room_id.0.as_u128(), offer.from)).collect();
        // Friday the 20th: the other room now, nothing more that day (17:00), then Monday.
        assert_eq!(seen, [(2, at("20T15:00:00")), (1, at("23T08:30:00")), (1, at("23T10:00:00"))]);
        let both = [one[0], taken(2, "20T15:00:00", "20T16:30:00")];
        assert_eq!(alternatives(&named, search(&rooms, &Occupied::of(&both)))[0].from, at("23T08:30:00"));
    }

    #[test]
    fn the_search_ends_where_the_calendar_ends() {
        let rooms = [room(1, RoomKind::Opening)];
        let busy = [taken(1, "16T09:30:00", "24T16:00:00")];
        let wanted = want(RoomKind::Opening, None, "20T15:00:00", "20T16:30:00");
        assert!(alternatives(&wanted, search(&rooms, &Occupied::of(&busy))).is_empty());
    }

    #[test]
    fn a_need_of_days_is_offered_from_one_working_day_on() {
        let rooms = [room(1, RoomKind::Evaluation)];
        let busy = [taken(1, "19T10:00:00", "20T17:00:00")];
        let wanted = want(RoomKind::Evaluation, None, "20T10:30:00", "21T12:00:00");
        assert_eq!(alternatives(&wanted, search(&rooms, &Occupied::of(&busy)))[0].from, at("23T08:30:00"));
    }

    #[test]
    fn an_evaluation_of_days_keeps_its_room_and_a_first_choice_that_leads_nowhere_is_taken_back() {
        let rooms = [room(1, RoomKind::Evaluation), room(2, RoomKind::Evaluation)];
        let days = [
            want(RoomKind::Evaluation, None, "16T13:00:00", "16T17:00:00"),
            want(RoomKind::Evaluation, None, "17T08:30:00", "17T12:00:00"),
        ];
        // The first room is free on the first day only: both days go to the second.
        let busy = Occupied::of(&[taken(1, "17T09:00:00", "17T10:00:00")]);
        let second = RoomId(Uuid::from_u128(2));
        assert_eq!(assign(&days, &rooms, &busy, BUFFERS).unwrap(), [second, second]);
        // Both rooms serve two of the three; the long slot fits the first alone, so the short one has to leave it.
        let three = [
            want(RoomKind::Evaluation, None, "18T10:00:00", "18T11:00:00"),
            want(RoomKind::Evaluation, None, "18T10:00:00", "18T16:00:00"),
        ];
        let busy = Occupied::of(&[taken(2, "18T15:00:00", "18T16:00:00")]);
        let first = RoomId(Uuid::from_u128(1));
        assert_eq!(assign(&three, &rooms, &busy, BUFFERS).unwrap(), [second, first]);
    }

    #[test]
    fn only_a_room_that_holds_the_people_will_do() {
        let rooms = [room(1, RoomKind::Opening), Room { capacity: 40, ..room(2, RoomKind::Opening) }];
        let of = |capacity| {
            let slot = want(RoomKind::Opening, None, "16T09:30:00", "16T11:00:00");
            assign(&[NewSlot { capacity: Some(capacity), ..slot }], &rooms, &Occupied::default(), BUFFERS)
        };
        assert_eq!(of(10), Ok(vec![RoomId(Uuid::from_u128(1))]));
        assert_eq!(of(11), Ok(vec![RoomId(Uuid::from_u128(2))]));
        assert_eq!(of(41), Err(None));
    }

    proptest! {
        /// A slot lies in a free span exactly when it can be booked, whatever the spans and buffers are.
        #[test]
        fn free_spans_say_what_can_be_booked(
            others in prop::collection::vec((0_i64..400, 1_i64..60), 0..8),
            (setup, cleanup) in (0_i64..20, 0_i64..20),
            (from, length) in (30_i64..400, 1_i64..60),
        ) {
            let minute = |n: i64| at("16T08:00:00") + TimeDelta::minutes(n);
            let buffers = Buffers { setup: TimeDelta::minutes(setup), cleanup: TimeDelta::minutes(cleanup) };
            let rooms = [room(1, RoomKind::Draw)];
            let taken: Vec<Taken> = others.iter().map(|(start, length)| {
                let during = Span::new(minute(*start), minute(start + length));
                Taken { during, blocked: buffers.around(during), ..taken(1, "16T08:00:00", "16T09:00:00") }
            }).collect();
            let slot = NewSlot { kind: RoomKind::Draw, room_id: None, capacity: None, from: minute(from), to: minute(from + length) };
            let window = Span::new(minute(0), minute(500));
            let free = free_spans(window, rooms[0].id, &taken, buffers);
            let inside = free.iter().any(|span| span.from <= slot.from && slot.to <= span.to);
            prop_assert_eq!(inside, assign(&[slot], &rooms, &Occupied::of(&taken), buffers).is_ok());
            prop_assert!(free.windows(2).all(|pair| pair[0].to <= pair[1].from));
        }
    }
}
