//! The verifiable log: entries given their place, beside their mere insertion, proofs out of a grown tree, beside reading
//! one stored hash, and how long an entry waits for the checkpoint that covers it. The log is filled past the API, by a
//! sequencer of the measurement's own; the waits are those of the hall's.

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use diesel_async::RunQueryDsl as _;
use rust_decimal::Decimal;

use super::{
    Rounds,
    figure::Figure,
    hall::{Hall, Place},
    load::{Again, Same, Waits, drive},
};
use crate::{
    kernel::{Problem, id::RequestId},
    ledger::{
        Log,
        sequencer::{Due, SPREAD, Turn},
    },
    platform::{
        cluster::{APP_ROLE, Cluster},
        db::Db,
        settings,
    },
};

/// The database of a hall.
const DATABASE: &str = "tenderhall";
/// The centre under whose name the log stands.
const CENTRE: &str = "152500";
/// Entries that are made together.
const MADE: u32 = 50_000;
/// Readers of proofs at the same time.
const READERS: usize = 8;
/// Different proofs.
const PROOFS: u32 = 5_000;
/// Entries whose wait for a checkpoint is taken, and the time from one to the next.
const WAITING: usize = 200;
const APART: Duration = Duration::from_millis(200);
/// How exactly a wait is taken.
const GLANCE: Duration = Duration::from_millis(10);

pub(super) fn measure(place: &Place, rounds: Rounds) -> anyhow::Result<Vec<Figure>> {
    let hall = Hall::start(place, "log")?;
    let client = hall.client()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = Cluster::url_of_running(hall.data(), DATABASE, APP_ROLE)?;
    let (mut grown, mut entries) = (Vec::new(), 0);
    let db = Db::connect(&url, 2)?;
    let settings = settings::Log::default();
    let opened = runtime.block_on(Log::open(&db, hall.data(), CENTRE, &settings))?;
    let (_, mut sequencer) = opened;
    while entries < rounds.bookings {
        client.progress.step(&format!("log: {entries} of {} entries", rounds.bookings));
        let made = rate(|| Ok(runtime.block_on(make(&db))?))?;
        let placed = rate(|| {
            Ok(runtime.block_on(async {
                loop {
                    let turn = sequencer.turn(&db, Due::Now, &mut rand::rng()).await?;
                    if matches!(turn, Turn::Grown(_)) && left(&db).await? == 0 {
                        return Ok::<_, Problem>(());
                    }
                }
            })?)
        })?;
        grown.push((placed, made));
        entries += MADE;
    }
    let time = Duration::from_secs(rounds.seconds.into());
    let mut proved = Vec::new();
    for at in 1..=rounds.count {
        client.progress.step(&format!("log: proofs, round {at} of {}", rounds.count));
        let proof = |number: u32| {
            let index = u64::from(number) * u64::from(entries) / u64::from(PROOFS);
            get(hall.address, &format!("/api/v1/log/proof/{index}"))
        };
        let ours = drive(hall.address, Again::new((0..PROOFS).map(proof).collect()), READERS, time, 200)?;
        let tile = get(hall.address, "/api/v1/log/tile/0/000.p/1");
        let reading = drive(hall.address, Same(tile), READERS, time, 200)?;
        proved.push((ours.rate(), reading.rate()));
    }
    client.progress.step("log: waits for a checkpoint");
    let waits = runtime.block_on(waits(&db))?;
    client.progress.done();
    let longest = settings.beat_seconds * u64::try_from(SPREAD)?;
    Ok(vec![
        Figure::of_rounds("entries given their place in the log", "their insertion alone", "/s", &grown),
        Figure::of_rounds("proofs out of the log, 8 readers", "one stored hash", "/s", &proved),
        Figure::below(
            "an entry's wait for its checkpoint, 99 % below",
            waits.at(99) / Decimal::from(1000),
            u32::try_from(longest)?,
            "s",
        ),
    ])
}

fn get(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes()
}

/// How many of the entries made together `work` does in a second.
fn rate(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Decimal> {
    let began = Instant::now();
    work()?;
    let micros = Decimal::from(began.elapsed().as_micros().max(1));
    Ok((Decimal::from(MADE) * Decimal::from(1_000_000) / micros).round_dp(1))
}

async fn make(db: &Db) -> Result<(), Problem> {
    let sql = "INSERT INTO log_pending (at, act, skeleton, leaf)
               SELECT hall_now(), 'bench.made', '{}', sha256(gen_random_uuid()::text::bytea)
                 FROM generate_series(1, $1)";
    db.transaction("log.bench", RequestId::random(), async |tx| {
        diesel::sql_query(sql)
            .bind::<diesel::sql_types::BigInt, _>(i64::from(MADE))
            .execute(tx.conn())
            .await?;
        Ok(())
    })
    .await
}

/// From the commit of each entry until a checkpoint covers it.
async fn waits(db: &Db) -> Result<Waits, Problem> {
    let (mut made, mut found) = (0, Vec::with_capacity(WAITING));
    let mut waiting: HashMap<i64, Instant> = HashMap::new();
    let began = Instant::now();
    while made < WAITING || !waiting.is_empty() {
        let due = APART * u32::try_from(made).map_err(Problem::internal)?;
        if made < WAITING && began.elapsed() >= due {
            waiting.insert(make_one(db).await?, Instant::now());
            made += 1;
        }
        for entry in placed(db, waiting.keys().copied().collect()).await? {
            found.extend(waiting.remove(&entry).map(|since| since.elapsed()));
        }
        tokio::time::sleep(GLANCE).await;
    }
    Ok(found.into_iter().collect())
}

#[derive(diesel::QueryableByName)]
struct Numbered {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    id: i64,
}

async fn make_one(db: &Db) -> Result<i64, Problem> {
    let sql = "INSERT INTO log_pending (at, act, skeleton, leaf)
               VALUES (hall_now(), 'bench.made', '{}', sha256(gen_random_uuid()::text::bytea)) RETURNING id";
    db.transaction("log.bench", RequestId::random(), async |tx| {
        Ok(diesel::sql_query(sql).get_result::<Numbered>(tx.conn()).await?.id)
    })
    .await
}

/// Which of these entries a checkpoint covers.
async fn placed(db: &Db, entries: Vec<i64>) -> Result<Vec<i64>, Problem> {
    let rows: Vec<Numbered> =
        diesel::sql_query("SELECT pending_id AS id FROM log_leaf WHERE pending_id = ANY($1)")
            .bind::<diesel::sql_types::Array<diesel::sql_types::BigInt>, _>(entries)
            .get_results(&mut *db.read().await?)
            .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

#[derive(diesel::QueryableByName)]
struct Left {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    left: i64,
}

/// Entries of the last ones made that wait.
async fn left(db: &Db) -> Result<i64, Problem> {
    let sql = "SELECT count(*) AS left FROM (SELECT id FROM log_pending ORDER BY id DESC LIMIT 1) p
                WHERE NOT EXISTS (SELECT FROM log_leaf l WHERE l.pending_id = p.id)";
    let row: Left = diesel::sql_query(sql).get_result(&mut *db.read().await?).await?;
    Ok(row.left)
}
