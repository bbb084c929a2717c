//! Day plans against an exact search that shares nothing with them: of every way to give the requests of a small day
//! to rooms, the one with the fewest.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use uuid::Uuid;

use super::*;
use crate::kernel::Say;

const BUFFERS: Buffers = Buffers { setup: TimeDelta::minutes(30), cleanup: TimeDelta::minutes(15) };

fn room(no: usize, kind: RoomKind, capacity: i32) -> Room {
    Room {
        id: RoomId(Uuid::from_u128(u128::try_from(no).unwrap() + 1)),
        centre_code: "152500".into(),
        code: format!("{kind}-{no}"),
        kind,
        name: Say::default(),
        capacity,
    }
}

fn wanted(kind: RoomKind, from: i64, minutes: i64, capacity: i32) -> Wanted {
    let from = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::minutes(from);
    Wanted { kind, during: Span::new(from, from + TimeDelta::minutes(minutes)), capacity }
}

/// Every plan is held against the requests it answers.
fn check(wanted: &[Wanted], rooms: &[Room], plan: &Plan) {
    for (one, room) in wanted.iter().zip(&plan.rooms) {
        let Some(room) = room else { continue };
        let room = rooms.iter().find(|known| known.id == *room).unwrap();
        assert!(room.kind == one.kind && room.capacity >= one.capacity);
    }
    for (at, (one, room)) in wanted.iter().zip(&plan.rooms).enumerate() {
        for (other, other_room) in wanted.iter().zip(&plan.rooms).skip(at + 1) {
            if room.is_some() && room == other_room {
                let apart = BUFFERS.around(one.during).overlaps(BUFFERS.around(other.during));
                assert!(!apart, "{one:?} and {other:?} in one room");
            }
        }
    }
}

/// Fewest rooms that take all of a day, by branch and bound over every assignment; `None` where it cannot be.
struct Exact<'a> {
    wanted: &'a [Wanted],
    rooms: &'a [Room],
    given: Vec<usize>,
    best: Option<usize>,
}

impl Exact<'_> {
    fn fewest(wanted: &[Wanted], rooms: &[Room]) -> Option<usize> {
        let mut exact = Exact { wanted, rooms, given: Vec::new(), best: None };
        exact.branch();
        exact.best
    }

    fn branch(&mut self) {
        let mut used = self.given.clone();
        used.sort_unstable();
        used.dedup();
        if self.best.is_some_and(|best| used.len() >= best) {
            return;
        }
        let Some(next) = self.wanted.get(self.given.len()) else {
            self.best = Some(used.len());
            return;
        };
        let blocked = BUFFERS.around(next.during);
        for (no, room) in self.rooms.iter().enumerate() {
            let free = self
                .given
                .iter()
                .zip(self.wanted)
                .all(|(held, other)| *held != no || !BUFFERS.around(other.during).overlaps(blocked));
            if free && room.kind == next.kind && room.capacity >= next.capacity {
                self.given.push(no);
                self.branch();
                self.given.pop();
            }
        }
    }
}

/// A run: requests that hang together in time, so that rooms used in it are rooms used in all.
fn one_run(wanted: &[Wanted]) -> bool {
    let mut blocked: Vec<Span> = wanted.iter().map(|one| BUFFERS.around(one.during)).collect();
    blocked.sort_unstable();
    let mut end = blocked.first().map(|first| first.to);
    blocked.iter().all(|one| {
        let inside = end.is_some_and(|end| one.from < end);
        end = end.max(Some(one.to));
        inside
    })
}

#[test]
fn day_plans_use_as_few_rooms_as_the_exact_search() {
    let mut random = StdRng::seed_from_u64(20260316);
    let (mut fitted, mut full, mut searched) = (0, 0, 0);
    while fitted < 4000 {
        let equal = random.random_range(0..2) == 0;
        let capacity =
            |random: &mut StdRng| if equal { 10 } else { [6, 12, 20, 40][random.random_range(0..4)] };
        let rooms: Vec<Room> = (0..random.random_range(1..6))
            .map(|no| room(no, RoomKind::Evaluation, capacity(&mut random)))
            .collect();
        let day: Vec<Wanted> = (0..random.random_range(1..8))
            .map(|_| {
                let from = 15 * random.random_range(0..24);
                wanted(RoomKind::Evaluation, from, 15 * random.random_range(1..14), capacity(&mut random))
            })
            .collect();
        if !one_run(&day) {
            continue;
        }
        let plan = plan(&day, &rooms, BUFFERS);
        check(&day, &rooms, &plan);
        assert!(plan.optimal);
        match Exact::fewest(&day, &rooms) {
            Some(fewest) => {
                assert!(plan.rooms.iter().all(Option::is_some), "{day:?} fits into {rooms:?}");
                assert_eq!(plan.used, fewest, "{day:?} in {rooms:?}");
                fitted += 1;
                searched += usize::from(!equal);
            }
            None => {
                assert!(plan.rooms.iter().any(Option::is_none));
                full += 1;
            }
        }
    }
    assert!(full > 100 && searched > 1000, "{full} {searched}");
}

#[test]
fn kinds_and_days_are_planned_by_themselves_and_buffers_count() {
    let rooms = [room(0, RoomKind::Opening, 40), room(1, RoomKind::Opening, 40), room(2, RoomKind::Draw, 6)];
    // 09:00–10:30; 11:14 is a minute too early after cleaning and before setting up, 11:15 is not.
    let day = |second| {
        [
            wanted(RoomKind::Opening, 540, 90, 1),
            wanted(RoomKind::Opening, second, 90, 1),
            wanted(RoomKind::Draw, 540, 60, 1),
        ]
    };
    let close = plan(&day(674), &rooms, BUFFERS);
    assert_eq!((close.used, close.rooms[0] == close.rooms[1]), (3, false));
    let apart = plan(&day(675), &rooms, BUFFERS);
    assert_eq!(apart.rooms[0], apart.rooms[1], "one room after the other");
    let too_large = plan(&[wanted(RoomKind::Draw, 0, 60, 7)], &rooms, BUFFERS);
    assert_eq!((too_large.rooms[0], too_large.used), (None, 0));
    let none = plan(&[wanted(RoomKind::Complaint, 0, 60, 1)], &rooms, BUFFERS);
    assert_eq!(none.rooms, [None]);
}

#[test]
fn a_year_of_ten_thousand_requests_is_planned_whole() {
    use RoomKind::{Draw, Evaluation, Opening, Rest};
    let mut random = StdRng::seed_from_u64(2026);
    let kinds = [(Opening, 8, 60, 120), (Evaluation, 8, 120, 360), (Draw, 2, 30, 60), (Rest, 8, 600, 900)];
    let rooms: Vec<Room> = kinds
        .iter()
        .flat_map(|(kind, count, ..)| (0..*count).map(|_| (*kind, 10)))
        .enumerate()
        .map(|(no, (kind, capacity))| room(no, kind, capacity))
        .collect();
    let wanted: Vec<Wanted> = (0..10_000)
        .map(|no| {
            let (kind, _, least, most) = kinds[[0, 0, 0, 0, 1, 1, 1, 1, 2, 3][random.random_range(0..10)]];
            let from = no * 365 / 10_000 * 1440 + 15 * random.random_range(34..60);
            wanted(kind, from, random.random_range(least..most), random.random_range(1..11))
        })
        .collect();
    let plan = plan(&wanted, &rooms, BUFFERS);
    check_in_days(&wanted, &plan);
    assert!(plan.optimal);
    let left_out = plan.rooms.iter().filter(|room| room.is_none()).count();
    assert!(left_out < 1000, "{left_out}");
}

/// As [`check`] for overlaps, over neighbours in time only.
fn check_in_days(wanted: &[Wanted], plan: &Plan) {
    let mut seated: Vec<(RoomId, Span)> = wanted
        .iter()
        .zip(&plan.rooms)
        .filter_map(|(one, room)| Some(((*room)?, BUFFERS.around(one.during))))
        .collect();
    seated.sort_unstable_by_key(|(room, span)| (*room, *span));
    for pair in seated.windows(2) {
        assert!(pair[0].0 != pair[1].0 || !pair[0].1.overlaps(pair[1].1), "{pair:?}");
    }
}
