//! Scheduled work on a real database: once, in order, by many, and under a sandbox clock.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tenderhall::{
    kernel::{Code, Problem, id::RequestId},
    platform::{
        clock::{self, ClockMove, Mode},
        db::{Db, Tx},
        jobs::{self, Jobs},
    },
};
use tokio::sync::watch;

use crate::support::{TestDb, db::connect};

/// What handlers saw: the job's key and the hall time in its transaction.
type Seen = Arc<Mutex<Vec<(String, DateTime<Utc>)>>>;

fn start() -> DateTime<Utc> {
    "2026-02-09T01:00:00Z".parse().unwrap()
}

async fn in_unit<T>(db: &Db, work: impl AsyncFnOnce(&mut Tx<'_>) -> Result<T, Problem>) -> T {
    db.transaction("test", RequestId::random(), work).await.unwrap()
}

async fn sandbox(test: &TestDb) -> Db {
    let db = Db::connect(&test.app_url, 6).unwrap();
    in_unit(&db, async |tx| clock::found(tx, Mode::Sandbox, Some(start())).await).await;
    db
}

fn recorder(seen: &Seen) -> Jobs {
    let mut jobs = Jobs::default();
    let note = seen.clone();
    jobs.on("note", async move |tx: &mut Tx<'_>, job: &jobs::Job| {
        let now = tx.hall_now().await?;
        note.lock().unwrap().push((job.key.clone(), now));
        Ok(())
    });
    jobs
}

async fn schedule(db: &Db, kind: &'static str, key: &str, due_at: DateTime<Utc>) {
    in_unit(db, async |tx| jobs::schedule(tx, kind, key, due_at, json!({})).await).await;
}

async fn advance(db: &Db, jobs: &Jobs, step: ClockMove) -> Result<clock::ClockReading, Problem> {
    clock::advance(db, jobs, RequestId::random(), &step).await
}

#[actix_web::test]
async fn a_moved_clock_runs_what_falls_due_in_order_each_at_its_own_time() {
    let test = TestDb::fresh().await;
    let db = sandbox(&test).await;
    let seen = Seen::default();
    let mut jobs = recorder(&seen);
    // A handler that schedules a further act before the target.
    let note = seen.clone();
    jobs.on("chain", async move |tx: &mut Tx<'_>, job: &jobs::Job| {
        let now = tx.hall_now().await?;
        note.lock().unwrap().push((job.key.clone(), now));
        jobs::schedule(tx, "note", "chained", now + TimeDelta::days(1), json!({})).await
    });
    let day = |n| start() + TimeDelta::days(n);
    schedule(&db, "note", "third", day(5)).await;
    schedule(&db, "chain", "first", day(1)).await;
    schedule(&db, "note", "beyond", day(30)).await;
    schedule(&db, "note", "third", day(2)).await;
    let reading = advance(&db, &jobs, ClockMove::Hold(day(20))).await.unwrap();
    assert_eq!((reading.now, reading.held), (day(20), true));
    let expected: Vec<_> = [("first", day(1)), ("chained", day(2)), ("third", day(5))]
        .map(|(key, at)| (key.to_owned(), at))
        .into();
    assert_eq!(*seen.lock().unwrap(), expected);

    let reading = advance(&db, &jobs, ClockMove::Advance("P1D".into())).await.unwrap();
    assert_eq!((reading.now, reading.held), (day(21), true));
    let back = advance(&db, &jobs, ClockMove::To(day(20))).await.unwrap_err();
    assert_eq!(back.code(), Code::InvalidRequest);
    let reading = advance(&db, &jobs, ClockMove::Run(true)).await.unwrap();
    assert!(!reading.held && reading.now >= day(21) && reading.now < day(22));
}

#[actix_web::test]
async fn a_production_clock_is_never_moved() {
    let test = TestDb::fresh().await;
    let db = Db::connect(&test.app_url, 3).unwrap();
    in_unit(&db, async |tx| clock::found(tx, Mode::Production, None).await).await;
    let refused = advance(&db, &Jobs::default(), ClockMove::Advance("P1D".into())).await.unwrap_err();
    assert_eq!(refused.code(), Code::SandboxOnly);
    // Not even by the role itself.
    let app = connect(&test.app_url).await.unwrap();
    assert!(app.batch_execute("UPDATE hall SET shift = interval '1 day'").await.is_err());
}

#[actix_web::test]
async fn a_failing_job_leaves_nothing_waits_longer_and_holds_up_nobody() {
    let test = TestDb::fresh().await;
    let db = sandbox(&test).await;
    let seen = Seen::default();
    let mut jobs = recorder(&seen);
    jobs.on("fail", async |tx: &mut Tx<'_>, job: &jobs::Job| {
        jobs::schedule(tx, "note", "left behind", job.due_at, json!({})).await?;
        Err(Problem::internal(anyhow::anyhow!("on purpose")))
    });
    jobs.on("panic", async |_: &mut Tx<'_>, _: &jobs::Job| panic!("on purpose"));
    schedule(&db, "fail", "a", start() + TimeDelta::hours(1)).await;
    schedule(&db, "panic", "b", start() + TimeDelta::hours(2)).await;
    schedule(&db, "unknown", "c", start() + TimeDelta::hours(3)).await;
    schedule(&db, "note", "d", start() + TimeDelta::hours(4)).await;
    let reading = advance(&db, &jobs, ClockMove::Advance("PT5H".into())).await.unwrap();
    assert_eq!(reading.failed, ["fail", "panic", "unknown"]);
    assert_eq!(seen.lock().unwrap().len(), 1);
    let looker = connect(&test.superuser_url).await.unwrap();
    let sql = "SELECT count(*) FROM jobs
                WHERE attempts = 1 AND failure IS NOT NULL AND done_at IS NULL AND retry_at > clock_timestamp() - interval '9 s'";
    assert_eq!(looker.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 3);
}

#[actix_web::test]
async fn several_workers_do_each_job_once_and_a_use_case_may_move_it_meanwhile() {
    let test = TestDb::fresh().await;
    let db = sandbox(&test).await;
    let seen = Seen::default();
    let mut jobs = recorder(&seen);
    let note = seen.clone();
    jobs.on("slow", async move |tx: &mut Tx<'_>, job: &jobs::Job| {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let now = tx.hall_now().await?;
        note.lock().unwrap().push((job.key.clone(), now));
        Ok(())
    });
    for n in 0..40 {
        schedule(&db, "note", &format!("job {n}"), start() - TimeDelta::seconds(n)).await;
    }
    schedule(&db, "slow", "slow", start()).await;
    let jobs = Arc::new(jobs);
    let (stop, stopped) = watch::channel(false);
    let began = Instant::now();
    let watcher = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        // The handler is at work; moving the job neither waits for it nor is undone by it.
        let moving = Instant::now();
        assert!(
            in_unit(&db, async |tx| jobs::reschedule(tx, "slow", start() + TimeDelta::days(9)).await).await
        );
        assert!(moving.elapsed() < Duration::from_millis(700), "moving waited for the handler");
        while seen.lock().unwrap().iter().filter(|(key, _)| key != "slow").count() < 40 {
            assert!(began.elapsed() < Duration::from_secs(30), "jobs were left undone");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        stop.send(true).unwrap();
    };
    tokio::join!(
        jobs::work(db.clone(), jobs.clone(), stopped.clone()),
        jobs::work(db.clone(), jobs.clone(), stopped.clone()),
        jobs::work(db.clone(), jobs.clone(), stopped.clone()),
        watcher
    );
    let mut keys: Vec<String> = seen.lock().unwrap().iter().map(|(key, _)| key.clone()).collect();
    keys.retain(|key| key != "slow");
    keys.sort();
    let done = keys.len();
    keys.dedup();
    assert_eq!((keys.len(), done), (40, 40));
    let looker = connect(&test.superuser_url).await.unwrap();
    let row = looker.query_one("SELECT done_at IS NULL FROM jobs WHERE key = 'slow'", &[]).await.unwrap();
    assert!(row.get::<_, bool>(0), "the moved job is not done");
}

#[actix_web::test]
async fn a_cancelled_job_is_not_done_and_may_come_back() {
    let test = TestDb::fresh().await;
    let db = sandbox(&test).await;
    let seen = Seen::default();
    let jobs = recorder(&seen);
    schedule(&db, "note", "x", start() + TimeDelta::hours(1)).await;
    assert!(in_unit(&db, async |tx| jobs::cancel(tx, "x").await).await);
    assert!(!in_unit(&db, async |tx| jobs::cancel(tx, "x").await).await);
    advance(&db, &jobs, ClockMove::Advance("P1D".into())).await.unwrap();
    assert!(seen.lock().unwrap().is_empty());
    assert!(in_unit(&db, async |tx| jobs::reschedule(tx, "x", start() + TimeDelta::days(2)).await).await);
    advance(&db, &jobs, ClockMove::Advance("P2D".into())).await.unwrap();
    assert_eq!(seen.lock().unwrap().len(), 1);
    assert!(!in_unit(&db, async |tx| jobs::reschedule(tx, "x", start() + TimeDelta::days(9)).await).await);
}

#[actix_web::test]
async fn a_job_that_is_held_back_waits_leaves_nothing_and_counts_no_failure() {
    let test = TestDb::fresh().await;
    let db = sandbox(&test).await;
    let seen = Seen::default();
    let mut jobs = recorder(&seen);
    jobs.on("close", async |tx: &mut Tx<'_>, job: &jobs::Job| {
        jobs::schedule(tx, "note", "left behind", job.due_at, json!({})).await
    });
    // Each guard's turn: held back before the handler; fit before and held back after it; then fit.
    let turns = Arc::new(Mutex::new(vec![true, true, false, true, false]));
    jobs.hold_back(&["close"], async move |_: &mut Tx<'_>| Ok(turns.lock().unwrap().pop().unwrap()));
    schedule(&db, "close", "a", start() + TimeDelta::hours(1)).await;
    schedule(&db, "note", "b", start() + TimeDelta::hours(2)).await;
    let looker = connect(&test.superuser_url).await.unwrap();
    for turn in 0..2 {
        let reading = advance(&db, &jobs, ClockMove::Advance("PT3H".into())).await.unwrap();
        assert_eq!(reading.failed, ["close"], "turn {turn}");
        let sql = "SELECT attempts, failure IS NULL AND done_at IS NULL AND retry_at > clock_timestamp(),
                          (SELECT count(*) FROM jobs) FROM jobs WHERE key = 'a'";
        let row = looker.query_one(sql, &[]).await.unwrap();
        assert_eq!((row.get::<_, i32>(0), row.get::<_, bool>(1), row.get::<_, i64>(2)), (0, true, 2));
    }
    assert_eq!(seen.lock().unwrap().len(), 1, "others go on");
    in_unit(&db, async |tx| jobs::wake(tx).await).await;
    let sql = "SELECT retry_at <= clock_timestamp() FROM jobs WHERE key = 'a'";
    assert!(looker.query_one(sql, &[]).await.unwrap().get::<_, bool>(0), "it runs at once");
    let reading = advance(&db, &jobs, ClockMove::Advance("PT3H".into())).await.unwrap();
    assert!(reading.failed.is_empty());
    assert_eq!(seen.lock().unwrap().len(), 2);
}
