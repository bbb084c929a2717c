//! The watch of one instance: its ticks, and the suspicion that they raise.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use diesel_async::AsyncPgConnection;
use serde_json::json;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::{
    Skew,
    machine::{self, Machine},
    rules::{self, Evidence, Known, Limits, Reading},
    store::{self, Clocks},
};
use crate::{
    identity,
    kernel::{
        Actor, Problem, Say,
        id::RequestId,
        time::{in_hall_zone, machine_now},
    },
    ledger::{self, Entry},
    platform::{
        db::{Db, Tx},
        outbox::{self, NewLetter},
        settings::Clock as ClockSettings,
    },
};

/// How often the machine is asked for its own error, and old ticks are taken away.
const SELDOM: Duration = Duration::from_secs(60);
const PRUNING: Duration = Duration::from_secs(3600);

/// The watch of one instance; clones share it.
#[derive(Debug, Clone)]
pub struct Watch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    instance: Uuid,
    machine: Machine,
    limits: Limits,
    keep_days: u64,
    skew: Skew,
    /// What chrony said last, in microseconds.
    error: Mutex<Option<i64>>,
    look: Notify,
}

impl Watch {
    /// A watch that has not looked yet.
    pub fn new(settings: &ClockSettings) -> Self {
        Self(Arc::new(Inner {
            instance: Uuid::new_v4(),
            machine: Machine::here(),
            limits: Limits::from(settings),
            keep_days: settings.keep_days,
            skew: Skew::default(),
            error: Mutex::default(),
            look: Notify::new(),
        }))
    }

    /// The skew as it was last measured.
    pub fn skew(&self) -> Skew {
        self.0.skew.clone()
    }

    async fn read(&self, conn: &mut AsyncPgConnection) -> Result<(Reading, Known), Problem> {
        let Inner { instance, machine, limits, .. } = self.0.as_ref();
        let mut known = store::known(conn, machine.boot).await?;
        let (asked, began) = (machine_now(), Instant::now());
        let Clocks { database_at, hall_at, held } = store::clocks(conn).await?;
        let boot_us = machine.since_boot().map_err(Problem::internal)?;
        // Taken last: whatever held this thread up between the clocks is forgiven them.
        let round_trip = began.elapsed();
        let half = chrono::TimeDelta::from_std(round_trip / 2).map_err(Problem::internal)?;
        let reading = Reading {
            database_at,
            hall_at,
            held,
            instance_at: asked + half,
            boot: machine.boot,
            boot_us,
            round_trip_us: i64::try_from(round_trip.as_micros()).map_err(Problem::internal)?,
        };
        known.others = store::others(conn, *instance, database_at, limits.fresh()).await?;
        Ok((reading, known))
    }

    /// Whether nothing speaks against the clock now: no suspicion stands, and a fresh reading raises none. What an
    /// automatic close or opening asks within its own transaction.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn is_fit(&self, conn: &mut AsyncPgConnection) -> Result<bool, Problem> {
        if store::is_suspect(conn).await? {
            return Ok(false);
        }
        let (reading, known) = self.read(conn).await?;
        let fit = rules::judge(&self.0.limits, &reading, &known).is_empty();
        if !fit {
            // The suspicion is raised by the tick, in a transaction of its own.
            self.0.look.notify_one();
        }
        Ok(fit)
    }

    /// A tick: reads the clocks, keeps them, and raises a suspicion where they give cause and none stands.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn tick(&self, db: &Db, farewell: bool) -> Result<(), Problem> {
        let mut conn = db.read().await?;
        let (reading, known) = self.read(&mut conn).await?;
        let error = *self.0.error.lock().unwrap_or_else(PoisonError::into_inner);
        store::insert_tick(&mut conn, self.0.instance, &reading, error, farewell).await?;
        let good_for = self.0.limits.fresh().to_std().map_err(Problem::internal)?;
        self.0.skew.keep(rules::median_us(&reading, &known), good_for);
        let suspect = store::is_suspect(&mut conn).await?;
        let evidence = rules::judge(&self.0.limits, &reading, &known);
        // Given back before another is asked for.
        drop(conn);
        metrics::gauge!("clock_suspect").set(f64::from(u8::from(suspect || !evidence.is_empty())));
        if suspect || evidence.is_empty() {
            return Ok(());
        }
        db.transaction("clock.suspect", RequestId::random(), async |tx| raise(tx, &evidence).await).await
    }

    /// The watch begins anew with the clocks as they are, in the transaction of a decision; answers the tick.
    ///
    /// # Errors
    /// When the database is away; the inner one is a drift that still stands.
    pub(crate) async fn begin_anew(&self, tx: &mut Tx<'_>) -> Result<Result<i64, Evidence>, Problem> {
        let (reading, known) = self.read(tx.conn()).await?;
        if let Some(drift) = rules::drift(&self.0.limits, &reading, &known) {
            return Ok(Err(drift));
        }
        let error = *self.0.error.lock().unwrap_or_else(PoisonError::into_inner);
        let before = store::insert_tick(tx.conn(), self.0.instance, &reading, error, false).await?;
        // The first tick that counts is of the same reading: the next is held against it.
        store::insert_tick(tx.conn(), self.0.instance, &reading, error, false).await?;
        Ok(Ok(before))
    }

    async fn ask_machine(&self) {
        let told = tokio::task::spawn_blocking(machine::own_error).await.ok().flatten();
        *self.0.error.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }
}

/// Raises a suspicion once, with its entry and its letters.
async fn raise(tx: &mut Tx<'_>, evidence: &[Evidence]) -> Result<(), Problem> {
    let (id, now) = (Uuid::new_v4(), tx.hall_now().await?);
    if !store::raise(tx, id, evidence, now).await? {
        return Ok(());
    }
    tracing::error!(?evidence, "the clock is suspect: closes and openings wait for the supervision office");
    let entry = Entry::new("clock.suspected").row("clock_suspicions", id).facts(json!(evidence));
    ledger::record(tx, &Actor::Hall("clock.watch"), now, entry).await?;
    let subject = Say::new("时钟存疑，截止与开标等待决定", "The clock is suspect: closes and openings wait");
    let at = in_hall_zone(now);
    let body = Say::new(
        format!(
            "{at}：{}。投标照常接收；截止与开标等待公管办决定。依据见 /api/v1/clock。",
            words(evidence).zh
        ),
        format!(
            "{at}: {}. Bids are taken as ever; closes and openings wait for the supervision office's decision. \
             Evidence: /api/v1/clock.",
            words(evidence).en
        ),
    );
    let letters = identity::clock_desks(tx.conn()).await?.into_iter().filter_map(|card| card.email);
    let letters: Vec<NewLetter> = letters
        .map(|recipient| NewLetter { recipient, subject: subject.clone(), body: body.clone() })
        .collect();
    outbox::post_all(tx, &letters, Some(id), now).await
}

fn words(evidence: &[Evidence]) -> Say {
    let said = evidence.iter().map(Evidence::say);
    said.reduce(|all, one| Say::new(format!("{}；{}", all.zh, one.zh), format!("{}; {}", all.en, one.en)))
        .unwrap_or_default()
}

/// Ticks until `stop` turns true, and says farewell then: the loop of the workers' thread.
pub async fn work(db: Db, watch: Watch, mut stop: watch::Receiver<bool>) {
    let beat = watch.0.limits.tick.to_std().unwrap_or(SELDOM);
    let (mut asked, mut pruned) = (None::<Instant>, Instant::now());
    loop {
        tokio::select! {
            () = tokio::time::sleep(beat) => {}
            () = watch.0.look.notified() => {}
            // An error means that whoever would stop us is gone.
            _ = stop.wait_for(|stop| *stop) => break,
        }
        if asked.is_none_or(|asked| asked.elapsed() > SELDOM) {
            watch.ask_machine().await;
            asked = Some(Instant::now());
        }
        match watch.tick(&db, false).await {
            Ok(()) if pruned.elapsed() > PRUNING => {
                prune(&db, &watch).await;
                pruned = Instant::now();
            }
            Ok(()) => {}
            Err(problem) => no_tick(&problem),
        }
    }
    if let Err(problem) = watch.tick(&db, true).await {
        no_tick(&problem);
    }
}

fn no_tick(problem: &Problem) {
    let cause = match problem {
        Problem::Fault(fault) => format!("{:#}", fault.cause),
        other => other.code().name().to_owned(),
    };
    tracing::warn!(cause, "no tick of the clock at the moment");
}

/// Only while the clock is sound: by a clock that has jumped ahead everything is old.
async fn prune(db: &Db, watch: &Watch) {
    let done = async {
        let mut conn = db.read().await?;
        if watch.is_fit(&mut conn).await? {
            let now = store::clocks(&mut conn).await?.database_at;
            store::prune(&mut conn, now, watch.0.keep_days).await?;
        }
        Ok::<_, Problem>(())
    };
    if let Err(problem) = done.await {
        no_tick(&problem);
    }
}
