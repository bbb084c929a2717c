//! Rooms with a long past: the free time of a week, and booking a slot, with very many bookings in the table beside the
//! same with few; and how long a year of requests takes to plan.
//!
//! The bookings are written by SQL, past the record, into two halls that differ in nothing else: of three a day in
//! every room, back over the years, nine of ten are released and the tenth was never used. The weeks ahead are equally
//! full in both.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::{
    Rounds,
    figure::Figure,
    hall::{Hall, Place},
    load::{Each, Same, drive},
    reference, submission,
};
use crate::{
    app::{client::Client, site::DATABASE, works::AGENCY},
    jurisdiction::model::RoomKind,
    kernel::{Say, id::RoomId},
    platform::cluster::{Cluster, SUPERUSER},
    rooms::{
        model::{Buffers, Room, Span},
        planning::{self, Wanted},
    },
};

/// Bookings of the hall that is the reference.
const FEW: u32 = 10_000;
/// Tenders that book in turn, so that none has unlike many bookings of its own.
const TENDERS: usize = 8;
/// Slots of an hour that one rest room takes in a day and a night, with the time for setting up and cleaning.
const HOURS_OF_A_DAY: usize = 13;
/// Rest rooms of the league's centre.
const REST_ROOMS: usize = 8;
/// Requests of the year that is planned.
const YEAR: u32 = 10_000;

const GENERATE: &str = "
    SET session_replication_role = replica;
    CREATE TEMP TABLE made AS
        SELECT gen_random_uuid() AS booking, r.id AS room, r.kind,
               CASE WHEN i < :ahead * r.n THEN :'tender'::uuid ELSE gen_random_uuid() END AS tender,
               timestamptz '2026-05-01 08:30+08' - interval '1 day' * (i / r.n / 3) + interval '3 hours' * (i / r.n % 3)
                   AS starts,
               i >= :ahead * r.n AND i % 10 <> 0 AS released
          FROM generate_series(0, :bookings - 1) AS i
          JOIN (SELECT id, kind, row_number() OVER (ORDER BY no) - 1 AS k, count(*) OVER () AS n
                  FROM rooms WHERE centre_code = '152500' AND kind <> 'rest') AS r ON r.k = i % r.n;
    INSERT INTO bookings (id, tender_id, centre_code, deadline, state, requested_by, requested_at, decided_at)
        SELECT booking, tender, '152500', starts, CASE WHEN released THEN 'released' ELSE 'confirmed' END, tender,
               starts - interval '30 days', starts - interval '29 days' FROM made;
    INSERT INTO booking_slots
            (id, booking_id, no, centre_code, room_id, kind, during, blocked, live, begun_at, ended_at)
        SELECT gen_random_uuid(), booking, 1, '152500', room, kind, tstzrange(starts, starts + interval '2 hours'),
               tstzrange(starts - interval '30 minutes', starts + interval '135 minutes'), NOT released,
               CASE WHEN released THEN starts END, CASE WHEN released THEN starts + interval '2 hours' END
          FROM made ON CONFLICT DO NOTHING;
    ANALYZE bookings, booking_slots;";

/// A hall with so many bookings.
struct Floor {
    hall: Hall,
    client: Client,
    tenders: Vec<String>,
    booked: usize,
}

impl Floor {
    fn open(place: &Place, name: &str, bookings: u32) -> anyhow::Result<Self> {
        let hall = Hall::start(place, name)?;
        let client = hall.client()?;
        let tenders = submission::tenders(&client, TENDERS + 1)?;
        client.progress.step(&format!("rooms: {bookings} bookings"));
        let filler = tenders.last().context("no tender")?;
        // The weeks from the sandbox's now to May, three a day.
        let ahead = 3 * 75;
        let done = Command::new(reference::binaries()?.program("psql"))
            .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"])
            .args(["--set", &format!("bookings={bookings}"), "--set", &format!("ahead={ahead}")])
            .args(["--set", &format!("tender={filler}"), "--file", "-"])
            .arg(Cluster::url_of_running(hall.data(), DATABASE, SUPERUSER)?)
            .stdin(script(&hall)?)
            .status()?;
        if !done.success() {
            bail!("the bookings could not be written");
        }
        Ok(Self { hall, client, tenders, booked: 0 })
    }

    /// Milliseconds of one look at the opening rooms of a week.
    fn look(&self, time: Duration) -> anyhow::Result<Decimal> {
        let path = "/api/v1/rooms/availability?centre=152500&kind=opening&from=2026-04-06T00:00:00Z&to=2026-04-13T00:00:00Z";
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
            self.hall.address,
            self.client.token(AGENCY)?
        );
        let run = drive(self.hall.address, Same(request.into_bytes()), 1, time, 200)?;
        milliseconds(run.rate())
    }

    /// Milliseconds of one booking of a slot.
    fn book(&mut self, time: Duration) -> anyhow::Result<Decimal> {
        // More than one after the other can be booked in the time.
        let wanted = usize::try_from(time.as_secs())? * 400 + 100;
        let token = self.client.token(AGENCY)?;
        let requests = (self.booked..self.booked + wanted).map(|no| self.request(no, &token));
        let requests = requests.collect::<anyhow::Result<_>>()?;
        let run = drive(self.hall.address, Each::new(requests), 1, time, 201)?;
        self.booked += usize::try_from(run.done)? + 1;
        milliseconds(run.rate())
    }

    fn request(&self, no: usize, token: &str) -> anyhow::Result<Vec<u8>> {
        let tender = self.tenders.get(no % TENDERS).context("no tender")?;
        let turn = i64::try_from(no / REST_ROOMS)?;
        let per_day = i64::try_from(HOURS_OF_A_DAY)?;
        let first: DateTime<Utc> = "2026-03-01T00:00:00Z".parse()?;
        let from = first + TimeDelta::days(turn / per_day) + TimeDelta::minutes(turn % per_day * 105);
        let to = from + TimeDelta::hours(1);
        let body =
            json!({"tenderId": tender, "slots": [{"kind": "rest", "from": from, "to": to}]}).to_string();
        let request = format!(
            "POST /api/v1/bookings HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.hall.address,
            body.len()
        );
        Ok(request.into_bytes())
    }
}

fn script(hall: &Hall) -> anyhow::Result<std::fs::File> {
    let path = hall.data().join("bookings.sql");
    std::fs::write(&path, GENERATE)?;
    Ok(std::fs::File::open(path)?)
}

fn milliseconds(rate: Decimal) -> anyhow::Result<Decimal> {
    Decimal::ONE_THOUSAND.checked_div(rate).context("nothing was done in the time")
}

pub(super) fn measure(place: &Place, rounds: Rounds) -> anyhow::Result<Vec<Figure>> {
    let mut small = Floor::open(place, "rooms-few", FEW)?;
    let mut large = Floor::open(place, "rooms-many", rounds.bookings)?;
    let time = Duration::from_secs(rounds.seconds.into());
    let (mut looks, mut books) = (Vec::new(), Vec::new());
    for at in 1..=rounds.count {
        large.client.progress.step(&format!("rooms: round {at} of {}", rounds.count));
        looks.push((large.look(time)?, small.look(time)?));
        books.push((large.book(time)?, small.book(time)?));
    }
    large.client.progress.done();
    Ok(vec![
        Figure::of_rounds("free time of a week, very many bookings", "the same with 10,000", "ms", &looks),
        Figure::of_rounds("booking a slot, very many bookings", "the same with 10,000", "ms", &books),
        Figure::below("a year of 10,000 requests planned", plan_a_year()?, 1000, "ms"),
    ])
}

/// Milliseconds of planning a year.
fn plan_a_year() -> anyhow::Result<Decimal> {
    let (wanted, rooms) = (year()?, rooms());
    let buffers = Buffers { setup: TimeDelta::minutes(30), cleanup: TimeDelta::minutes(15) };
    let began = Instant::now();
    let plan = planning::plan(&wanted, &rooms, buffers);
    let took = Decimal::from(u64::try_from(began.elapsed().as_micros())?);
    if !plan.optimal {
        bail!("the plan of the year is not known to be the best");
    }
    took.checked_div(Decimal::ONE_THOUSAND).context("no time")
}

/// The rooms of the league's centre that are asked for.
fn rooms() -> Vec<Room> {
    let kinds = [
        (RoomKind::Opening, 8, 40),
        (RoomKind::Evaluation, 8, 12),
        (RoomKind::Draw, 2, 6),
        (RoomKind::Rest, 8, 4),
    ];
    let room = |kind, capacity| Room {
        id: RoomId(Uuid::new_v4()),
        centre_code: "152500".into(),
        code: String::new(),
        kind,
        name: Say::default(),
        capacity,
    };
    kinds
        .iter()
        .flat_map(|(kind, count, capacity)| (0..*count).map(move |_| room(*kind, *capacity)))
        .collect()
}

/// A year of requests, the same in every run: so many a day, at quarters of an hour, of lengths as they come.
fn year() -> anyhow::Result<Vec<Wanted>> {
    let first: DateTime<Utc> = "2026-01-01T00:30:00Z".parse()?;
    let mut word = 2026_u32;
    let mut next = move |below: u32| {
        word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (word >> 8).checked_rem(below).unwrap_or_default()
    };
    let mut wanted = Vec::new();
    for no in 0..YEAR {
        let (kind, least, spread, people) = match next(10) {
            0..4 => (RoomKind::Opening, 60, 60, 40),
            4..8 => (RoomKind::Evaluation, 120, 240, 12),
            8 => (RoomKind::Draw, 30, 30, 6),
            _ => (RoomKind::Rest, 600, 300, 4),
        };
        let day = TimeDelta::days(i64::from(no * 365 / YEAR));
        let from = first + day + TimeDelta::minutes(i64::from(15 * next(26)));
        let to = from + TimeDelta::minutes(i64::from(least + next(spread)));
        let capacity = i32::try_from(1 + next(people))?;
        wanted.push(Wanted { kind, during: Span::new(from, to), capacity });
    }
    Ok(wanted)
}
