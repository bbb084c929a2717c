//! The verifiable log: entries given their place, beside their mere insertion, and proofs out of a grown tree, beside
//! reading one stored hash. The log is filled past the API, by its own sequencer.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use diesel_async::RunQueryDsl as _;
use rust_decimal::Decimal;

use super::{
    Rounds,
    figure::Figure,
    hall::{Hall, Place},
    load::{Again, Same, drive},
};
use crate::{
    kernel::{Problem, id::RequestId},
    ledger::{
        Log,
        sequencer::{Due, Turn},
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
    client.progress.done();
    Ok(vec![
        Figure::of_rounds("entries given their place in the log", "their insertion alone", "/s", &grown),
        Figure::of_rounds("proofs out of the log, 8 readers", "one stored hash", "/s", &proved),
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
