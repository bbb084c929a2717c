//! Day plans: many requests at once in as few rooms as possible. Pure.
//!
//! Two requests of one kind may share a room when they do not overlap, the centre's buffers included. Requests fall
//! into *runs*, stretches of time in which some room is always taken; between runs every room is empty, so each run is
//! planned by itself, and a day is a run or several. What is fewest is fewest for each kind in each run.
//!
//! A run needs at least as many rooms as requests overlap at one moment. Where every request fits every room, giving
//! each request, by its start, a room that is free again reaches exactly that number (interval colouring), so the plan
//! is *optimal*. Where rooms differ in the people they hold, the largest rooms are as good as any, so that a number of
//! rooms is tried by trying the largest so many: each request, by its start, gets the smallest free room that holds it;
//! where that leads nowhere, all choices are searched, up to a bound on the work. [`Plan::optimal`] is false only
//! where that bound was met, which days of a centre do not come near.

use strum::IntoEnumIterator as _;

use crate::{
    jurisdiction::model::RoomKind,
    kernel::id::RoomId,
    rooms::model::{Buffers, Room, Span},
};

/// Steps of the search of one run before a larger number of rooms is tried.
const MOST_STEPS: u32 = 200_000;

/// One request of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Kind of room.
    pub kind: RoomKind,
    /// When, without buffers.
    pub during: Span,
    /// People it must hold.
    pub capacity: i32,
}

/// Rooms for requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The room of each request, in the order of the requests; `None` where none is left that holds it.
    pub rooms: Vec<Option<RoomId>>,
    /// The sum of rooms used in each run.
    pub used: usize,
    /// Whether no plan gives rooms to all these requests with fewer.
    pub optimal: bool,
}

/// Gives every request a room, in as few rooms as possible; those that can have none are left out, the latest first.
pub fn plan(wanted: &[Wanted], rooms: &[Room], buffers: Buffers) -> Plan {
    let mut plan = Plan { rooms: vec![None; wanted.len()], used: 0, optimal: true };
    for kind in RoomKind::iter() {
        let of_kind = wanted.iter().enumerate().filter(|(_, one)| one.kind == kind);
        let mut asked: Vec<Asked> = of_kind
            .map(|(place, one)| Asked { place, blocked: buffers.around(one.during), capacity: one.capacity })
            .collect();
        let mut largest: Vec<&Room> = rooms.iter().filter(|room| room.kind == kind).collect();
        // Stable: of equals the first of the centre's file.
        largest.sort_by_key(|room| std::cmp::Reverse(room.capacity));
        asked.sort_unstable_by_key(|one| (one.blocked, one.place));
        for run in runs(&asked) {
            plan_run(run, &largest, &mut plan);
        }
    }
    plan
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    place: usize,
    blocked: Span,
    capacity: i32,
}

/// Cuts requests, by their start, where no room is taken.
fn runs(asked: &[Asked]) -> Vec<&[Asked]> {
    let mut runs = Vec::new();
    let mut rest = asked;
    while let Some(first) = rest.first() {
        let mut end = first.blocked.to;
        let length = rest
            .iter()
            .take_while(|one| {
                let inside = one.blocked.from < end;
                end = if inside { end.max(one.blocked.to) } else { end };
                inside
            })
            .count();
        let (run, after) = rest.split_at(length.max(1));
        runs.push(run);
        rest = after;
    }
    runs
}

fn plan_run(run: &[Asked], largest: &[&Room], plan: &mut Plan) {
    let mut run = seatable(run, largest);
    loop {
        let least = deepest(&run);
        for count in least..=largest.len() {
            let (rooms, _) = largest.split_at(count);
            let mut steps = MOST_STEPS;
            let found = match by_start(&run, rooms) {
                Some(given) => Some(given),
                None => search(&run, rooms, &mut steps),
            };
            plan.optimal &= steps > 0;
            if let Some(given) = found {
                plan.used += count;
                for (asked, room) in run.iter().zip(given) {
                    if let Some(place) = plan.rooms.get_mut(asked.place) {
                        *place = Some(room);
                    }
                }
                return;
            }
        }
        // More at once than there are rooms: the last comer is left out, and the rest tried again.
        let Some(last) = run.iter().map(|one| one.place).max() else { return };
        run.retain(|one| one.place != last);
    }
}

/// Without those that no room holds.
fn seatable(run: &[Asked], largest: &[&Room]) -> Vec<Asked> {
    let most = largest.first().map_or(0, |room| room.capacity);
    run.iter().filter(|one| one.capacity <= most).copied().collect()
}

/// Most requests that overlap at one moment.
fn deepest(run: &[Asked]) -> usize {
    let mut open: Vec<Span> = Vec::new();
    let mut most = 0;
    for one in run {
        open.retain(|other| other.to > one.blocked.from);
        open.push(one.blocked);
        most = most.max(open.len());
    }
    most
}

/// A room in use, and until when.
type Seat<'a> = (&'a Room, Option<Span>);

fn is_free(seat: &Seat<'_>, asked: &Asked) -> bool {
    asked.capacity <= seat.0.capacity && seat.1.is_none_or(|taken| taken.to <= asked.blocked.from)
}

/// Each request, by its start, in the smallest free room that holds it; of equals the last to fall free, so that the
/// others stay free for longer. `None` where one finds none.
fn by_start(run: &[Asked], rooms: &[&Room]) -> Option<Vec<RoomId>> {
    let mut seats: Vec<Seat<'_>> = rooms.iter().map(|room| (*room, None)).collect();
    run.iter()
        .map(|asked| {
            let free = seats.iter_mut().filter(|seat| is_free(seat, asked));
            let best = free
                .min_by_key(|(room, taken)| (room.capacity, std::cmp::Reverse(taken.map(|taken| taken.to))));
            best.map(|seat| {
                seat.1 = Some(asked.blocked);
                seat.0.id
            })
        })
        .collect()
}

/// All ways to seat a run, by its starts; rooms that hold the same and are both free are the same.
fn search(run: &[Asked], rooms: &[&Room], steps: &mut u32) -> Option<Vec<RoomId>> {
    let mut seats: Vec<Seat<'_>> = rooms.iter().map(|room| (*room, None)).collect();
    let mut given = Vec::with_capacity(run.len());
    seat(run, &mut seats, &mut given, steps).then_some(given)
}

fn seat(run: &[Asked], seats: &mut [Seat<'_>], given: &mut Vec<RoomId>, steps: &mut u32) -> bool {
    let Some((asked, rest)) = run.split_first() else { return true };
    let mut tried: Vec<i32> = Vec::new();
    // Smallest last in the list.
    for place in (0..seats.len()).rev() {
        *steps = steps.saturating_sub(1);
        if *steps == 0 {
            return false;
        }
        let Some(one) = seats.get_mut(place) else { continue };
        if tried.contains(&one.0.capacity) || !is_free(one, asked) {
            continue;
        }
        tried.push(one.0.capacity);
        let before = one.1.replace(asked.blocked);
        given.push(one.0.id);
        if seat(rest, seats, given, steps) {
            return true;
        }
        given.pop();
        if let Some(one) = seats.get_mut(place) {
            one.1 = before;
        }
    }
    false
}

#[cfg(test)]
mod tests;
