//! Door checks over HTTP, each answered from bookings, roles, committee and lockers and kept in the log and the record,
//! beside pgbench reading one row of a table of the same size by its primary key.
//!
//! The tables are filled past the API: what a door costs with a year of the whole league in them is the question.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, bail};
use rust_decimal::Decimal;

use super::{
    Rounds,
    figure::Figure,
    hall::{Hall, Place},
    load::{Again, drive},
    reference::binaries,
};
use crate::platform::cluster::{Cluster, SUPERUSER};

/// Doors that ask at the same time: about as many as the rooms of the measurement, each with somebody before it.
const DOORS: usize = 200;
/// Clients of pgbench, with which it reads the most here.
const READERS: &str = "32";
/// Rooms of the measurement, half of them for openings, half for evaluations.
const ROOMS: u32 = 250;
/// Accounts, each with a pass.
const ACCOUNTS: u32 = 200_000;
/// Different requests.
const REQUESTS: u32 = 20_000;
/// The database of a hall.
const DATABASE: &str = "tenderhall";

pub(super) fn measure(place: &Place, rounds: Rounds) -> anyhow::Result<Figure> {
    let hall = Hall::start(place, "doors")?;
    let client = hall.client()?;
    let bookings = rounds.bookings;
    client.progress.step(&format!("doors: filling the tables with {bookings} bookings"));
    let reference = Reference::prepare(&hall, bookings)?;
    client.hold("2026-03-16T09:05")?;
    let time = Duration::from_secs(rounds.seconds.into());
    let requests: Vec<_> = (0..REQUESTS).map(|at| request(&hall, at)).collect();
    let mut measured = Vec::new();
    for at in 1..=rounds.count {
        client.progress.step(&format!("doors: round {at} of {}", rounds.count));
        let ours = drive(hall.address, Again::new(requests.clone()), DOORS, time, 200)?.rate();
        measured.push((ours, reference.run(rounds.seconds)?));
    }
    client.progress.done();
    Ok(Figure::of_rounds("door checks over HTTP, 200 doors", "pgbench reads by primary key", "/s", &measured))
}

/// Members of the committee, other experts and bidders come to all the rooms in turn.
fn request(hall: &Hall, at: u32) -> Vec<u8> {
    let room = at % ROOMS;
    let who =
        if at.is_multiple_of(2) { room * 20 + (at / ROOMS) % 20 } else { at.wrapping_mul(7919) % ACCOUNTS };
    let body = format!("{{\"pass\":\"pass-{who}\"}}");
    format!(
        "POST /api/v1/access/checks HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer door-{room}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        hall.address,
        body.len()
    )
    .into_bytes()
}

/// pgbench over a table of a number and a payload, as large as that of the bookings.
struct Reference {
    url: String,
    pgbench: PathBuf,
    script: PathBuf,
}

impl Reference {
    fn prepare(hall: &Hall, bookings: u32) -> anyhow::Result<Self> {
        let url = Cluster::url_of_running(hall.data(), DATABASE, SUPERUSER)?;
        let binaries = binaries()?;
        let fill = hall.data().join("doors.sql");
        std::fs::write(&fill, filling(bookings))?;
        let filled = Command::new(binaries.program("psql"))
            .args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file"])
            .arg(&fill)
            .arg(&url)
            .output()?;
        if !filled.status.success() {
            bail!("the tables could not be filled: {}", String::from_utf8_lossy(&filled.stderr));
        }
        let script = hall.data().join("doors-reference.sql");
        std::fs::write(
            &script,
            format!("\\set n random(1, {bookings})\nSELECT payload FROM bare WHERE id = :n;\n"),
        )?;
        Ok(Self { url, pgbench: binaries.program("pgbench"), script })
    }

    /// Rows read in a second.
    fn run(&self, seconds: u32) -> anyhow::Result<Decimal> {
        let said = Command::new(&self.pgbench)
            .args(["-n", "-M", "prepared", "-j", "2", "-c", READERS, "-T", &seconds.to_string(), "-f"])
            .arg(&self.script)
            .arg(&self.url)
            .output()?;
        let text = String::from_utf8_lossy(&said.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
        let rate = rate.with_context(|| format!("pgbench: {}", String::from_utf8_lossy(&said.stderr)))?;
        Ok(rate.parse::<Decimal>()?.round_dp(1))
    }
}

/// Rooms, projects, tenders, bookings, accounts, passes, seats and lockers, past the record that demands an entry for
/// each. In every room a slot of twenty minutes begins each hour, and one of them at 09:00 of 2026-03-16.
fn filling(bookings: u32) -> String {
    let (middle, tenders) = (bookings / ROOMS / 2, ROOMS * 20);
    format!(
        "SET session_replication_role = replica;
         CREATE FUNCTION bench_id(what text, n int8) RETURNS uuid LANGUAGE sql IMMUTABLE
             AS $$ SELECT md5(what || n)::uuid $$;
         INSERT INTO rooms SELECT bench_id('room', n), '152500', 'bench-' || n,
                CASE WHEN n % 2 = 0 THEN 'opening' ELSE 'evaluation' END, 1000 + n, '{{\"zh\": \"r\", \"en\": \"r\"}}',
                40, false FROM generate_series(0, {ROOMS} - 1) n;
         INSERT INTO access_keys (id, centre_code, kind, room_id, room_kind, name, key_sha256, made_by, made_at)
         SELECT bench_id('door', n), '152500', 'door', bench_id('room', n),
                CASE WHEN n % 2 = 0 THEN 'opening' ELSE 'evaluation' END, 'door', sha256(('door-' || n)::bytea),
                bench_id('account', 0), now() FROM generate_series(0, {ROOMS} - 1) n;
         INSERT INTO projects (id, code, name, region_code, level, category, investment, purchaser_id, centre_code,
                               registered_at, registered_by)
         SELECT bench_id('project', n), 'I152527' || (9000000000 + n), 'project', '152527', 'county',
                'engineering', 1, bench_id('organisation', n % 1000), '152500', now(), bench_id('account', 0)
           FROM generate_series(0, {tenders} - 1) n;
         INSERT INTO tenders (id, code, project_id, lot_no, centre_code, title, procedure_id, document, document_hash,
                              offered_until, deadline, phase, created_at, created_by)
         SELECT bench_id('tender', n), 'E152527' || (9000000000 + n) || '001', bench_id('project', n), 1, '152500',
                'tender', 'engineering-open', '{{}}', sha256('x'), '2026-03-16T09:00:00+08:00',
                '2026-03-16T09:00:00+08:00', 'draft', now(), bench_id('account', 0)
           FROM generate_series(0, {tenders} - 1) n;
         INSERT INTO bookings (id, tender_id, centre_code, deadline, state, requested_by, requested_at, decided_at)
         SELECT bench_id('booking', n),
                bench_id('tender', CASE WHEN n / {ROOMS} = {middle} THEN n % {ROOMS} ELSE n % {tenders} END), '152500',
                '2026-03-16T09:00:00+08:00', 'confirmed', bench_id('account', 0), now(), now()
           FROM generate_series(0, {bookings} - 1) n;
         INSERT INTO booking_slots (id, booking_id, no, centre_code, room_id, kind, during, blocked, live)
         SELECT bench_id('slot', n), bench_id('booking', n), 1, '152500', bench_id('room', n % {ROOMS}),
                CASE WHEN n % {ROOMS} % 2 = 0 THEN 'opening' ELSE 'evaluation' END,
                tstzrange(at, at + interval '20 minutes'),
                tstzrange(at - interval '10 minutes', at + interval '25 minutes'), true
           FROM generate_series(0, {bookings} - 1) n,
                LATERAL (SELECT timestamptz '2026-03-16T09:00:00+08:00' + (n / {ROOMS} - {middle}) * interval '1 hour') AS t (at);
         INSERT INTO organisations (id, kind, name_zh, name_en, region_code, email, created_at)
         SELECT bench_id('organisation', n), 'enterprise', 'n' || n, 'n' || n, '152500', 'a@b', now()
           FROM generate_series(0, 999) n;
         INSERT INTO accounts (id, login, organisation_id, display_name, kind, secret_sha256, created_at)
         SELECT bench_id('account', n), 'bench.' || n, bench_id('organisation', n % 1000), 'p', 'program', sha256('x'),
                now() FROM generate_series(0, {ACCOUNTS} - 1) n;
         INSERT INTO account_roles (id, account_id, role, given_at)
         SELECT bench_id('role', n), bench_id('account', n), CASE WHEN n < {tenders} THEN 'expert' ELSE 'bidder' END, now()
           FROM generate_series(0, {ACCOUNTS} - 1) n;
         INSERT INTO access_passes (id, account_id, token_sha256, issued_by, issued_at, expires_at)
         SELECT bench_id('pass', n), bench_id('account', n), sha256(('pass-' || n)::bytea), bench_id('account', n),
                '2026-01-01', '2027-01-01' FROM generate_series(0, {ACCOUNTS} - 1) n;
         -- Five members of each committee of the rooms, from twenty who come; and as many seats again elsewhere.
         INSERT INTO committee_seats (id, draw_id, tender_id, expert_id, account_id, specialty, rank, state, number,
                                      checked_in_at)
         SELECT bench_id('seat', n), bench_id('draw', n / 20), bench_id('tender', n / 20), bench_id('account', n),
                bench_id('account', n), 'cost', 1, 'checkedIn', n % 20 + 1, now()
           FROM generate_series(0, {tenders} * 20 - 1) n WHERE n % 20 < 5 OR n >= {tenders};
         INSERT INTO locker_deposits (id, centre_code, locker, receipt, seat_id, account_id, tender_id, deposited_by,
                                      deposited_at)
         SELECT bench_id('deposit', n), '152500', n + 1, 'r' || n, bench_id('seat', n), bench_id('account', n),
                bench_id('tender', n / 20), bench_id('account', 0), now()
           FROM generate_series(0, {tenders} - 1) n WHERE n % 20 < 5;
         CREATE TABLE bare (id bigint PRIMARY KEY, payload bigint NOT NULL);
         INSERT INTO bare SELECT n, n FROM generate_series(1, {bookings}) n;
         VACUUM ANALYZE rooms, access_keys, projects, tenders, bookings, booking_slots, organisations, accounts,
                        account_roles, access_passes, committee_seats, locker_deposits, bare;
         CHECKPOINT;\n"
    )
}
