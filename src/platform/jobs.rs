//! Scheduled work: one row of `jobs` for one act, done once, in the transaction of its effect.
//!
//! Invariants:
//! * A job runs when hall time has reached `due_at` and machine time `retry_at`; earlier due times go first.
//! * The handler's effect and the mark that it is done commit together, so an act happens once or not at all.
//! * Any number of instances may work: a job is claimed by an advisory lock of its transaction, *not* by a lock
//!   on its row. Use cases lock their tender and then move a job ([`reschedule`], [`cancel`]); a worker that held
//!   the row while its handler locks the tender would meet them head-on. The row is written last, in the same
//!   order as everyone else, and only if nobody has moved it meanwhile.
//! * A handler that fails leaves no trace but `attempts`, `failure` and a later `retry_at`; others go on.
//! * Kinds that are held back ([`Jobs::hold_back`]) run only while their guard says so, before the handler and after it;
//!   till then they wait, which is no failure.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    time::Duration,
};

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::RunQueryDsl;
use futures_util::{FutureExt, future::LocalBoxFuture};
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use super::db::{Db, Tx};
use crate::kernel::{Problem, id::RequestId};

/// Longest pause of the worker; a job scheduled by another instance is seen after at most this.
const BEAT: Duration = Duration::from_secs(1);
/// How many due jobs are looked at together.
const BATCH: i64 = 32;
/// First class of the advisory locks that claim a job; the second is the hash of its id.
const CLAIM: i32 = 0x006a_6f62;
/// Rest of a job that is held back; [`wake`] ends it.
const HELD_BACK: &str = "10 seconds";
/// Mark of a job that is not to be done any more.
const CANCELLED: &str = "cancelled";

/// A scheduled act as its handler sees it.
#[derive(Debug, Clone, PartialEq, QueryableByName)]
pub struct Job {
    /// Its id; handlers that need a request id of their own take this.
    #[diesel(sql_type = sql_types::Uuid)]
    pub id: Uuid,
    /// Which handler.
    #[diesel(sql_type = sql_types::Text)]
    pub kind: String,
    /// What makes it one act, such as `opening.begin:TENDER`.
    #[diesel(sql_type = sql_types::Text)]
    pub key: String,
    /// Hall time at which it fell due. Dates on records come from `hall_now()`; a handler that is late may ask
    /// how late here.
    #[diesel(sql_type = sql_types::Timestamptz)]
    pub due_at: DateTime<Utc>,
    /// What the room put in.
    #[diesel(sql_type = sql_types::Jsonb)]
    pub payload: Value,
    /// How often it has failed before.
    #[diesel(sql_type = sql_types::Integer)]
    pub attempts: i32,
}

/// Schedules an act once; a second call with the same `key` changes nothing.
///
/// # Errors
/// When the database is away.
pub async fn schedule(
    tx: &mut Tx<'_>,
    kind: &'static str,
    key: &str,
    due_at: DateTime<Utc>,
    payload: Value,
) -> Result<(), Problem> {
    diesel::sql_query(
        "INSERT INTO jobs (id, kind, key, due_at, payload) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind::<sql_types::Uuid, _>(Uuid::new_v4())
    .bind::<sql_types::Text, _>(kind)
    .bind::<sql_types::Text, _>(key)
    .bind::<sql_types::Timestamptz, _>(due_at)
    .bind::<sql_types::Jsonb, _>(payload)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Moves an act that is not done yet to another time, one that was cancelled included. Answers whether there was
/// one to move.
///
/// # Errors
/// When the database is away.
pub async fn reschedule(tx: &mut Tx<'_>, key: &str, due_at: DateTime<Utc>) -> Result<bool, Problem> {
    let moved = diesel::sql_query(
        "UPDATE jobs SET due_at = $2, done_at = NULL, failure = NULL, attempts = 0, retry_at = clock_timestamp()
          WHERE key = $1 AND (done_at IS NULL OR failure = $3)",
    )
    .bind::<sql_types::Text, _>(key)
    .bind::<sql_types::Timestamptz, _>(due_at)
    .bind::<sql_types::Text, _>(CANCELLED)
    .execute(tx.conn())
    .await?;
    Ok(moved > 0)
}

/// Calls an act off. Answers whether there was one to call off.
///
/// # Errors
/// When the database is away.
pub async fn cancel(tx: &mut Tx<'_>, key: &str) -> Result<bool, Problem> {
    let cancelled = diesel::sql_query(
        "UPDATE jobs SET done_at = clock_timestamp(), failure = $2 WHERE key = $1 AND done_at IS NULL",
    )
    .bind::<sql_types::Text, _>(key)
    .bind::<sql_types::Text, _>(CANCELLED)
    .execute(tx.conn())
    .await?;
    Ok(cancelled > 0)
}

/// Lets every job that is due run at once, whatever its `retry_at` says: what was held back may go on, and a clock that
/// was set back has left times to wait for that lie far ahead.
///
/// # Errors
/// When the database is away.
pub async fn wake(tx: &mut Tx<'_>) -> Result<(), Problem> {
    diesel::sql_query(
        "UPDATE jobs SET retry_at = clock_timestamp()
          WHERE done_at IS NULL AND retry_at > clock_timestamp()",
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What rooms implement by an async closure; see [`Jobs::on`].
trait Handle: Send + Sync {
    fn call<'a>(&'a self, tx: &'a mut Tx<'_>, job: &'a Job) -> LocalBoxFuture<'a, Result<(), Problem>>;
}

impl<F> Handle for F
where
    F: AsyncFn(&mut Tx<'_>, &Job) -> Result<(), Problem> + Send + Sync,
{
    fn call<'a>(&'a self, tx: &'a mut Tx<'_>, job: &'a Job) -> LocalBoxFuture<'a, Result<(), Problem>> {
        Box::pin(self(tx, job))
    }
}

/// What the app implements by an async closure; see [`Jobs::hold_back`].
trait Guard: Send + Sync {
    fn fit<'a>(&'a self, tx: &'a mut Tx<'_>) -> LocalBoxFuture<'a, Result<bool, Problem>>;
}

impl<F> Guard for F
where
    F: AsyncFn(&mut Tx<'_>) -> Result<bool, Problem> + Send + Sync,
{
    fn fit<'a>(&'a self, tx: &'a mut Tx<'_>) -> LocalBoxFuture<'a, Result<bool, Problem>> {
        Box::pin(self(tx))
    }
}

/// Which handler does which kind of act.
#[derive(Default)]
pub struct Jobs {
    handlers: HashMap<&'static str, Box<dyn Handle>>,
    held_back: Vec<&'static str>,
    guard: Option<Box<dyn Guard>>,
}

/// How one claimed job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its effect is committed.
    Done,
    /// Somebody else has it, has done it or has moved it.
    Gone,
    /// Nothing of it is left but the note; it comes again.
    Failed,
    /// It is held back, and waits.
    Waits,
}

/// What happens in a job's transaction before its handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Now {
    /// Nothing: hall time is what it is.
    AsItIs,
    /// The sandbox clock stands still at the job's due time, or where it is when that has passed.
    DueTime,
}

impl Jobs {
    /// Registers the handler of `kind`, an `async |tx, job| …`. The last registration of a kind counts.
    pub fn on(
        &mut self,
        kind: &'static str,
        handler: impl AsyncFn(&mut Tx<'_>, &Job) -> Result<(), Problem> + Send + Sync + 'static,
    ) {
        self.handlers.insert(kind, Box::new(handler));
    }

    /// Jobs of these kinds run only while `guard`, an `async |tx| …` within their transaction, says so.
    pub fn hold_back(
        &mut self,
        kinds: &[&'static str],
        guard: impl AsyncFn(&mut Tx<'_>) -> Result<bool, Problem> + Send + Sync + 'static,
    ) {
        self.held_back = kinds.to_vec();
        self.guard = Some(Box::new(guard));
    }

    /// The kinds that are held back at times.
    pub fn held_back(&self) -> &[&'static str] {
        &self.held_back
    }

    /// Claims and runs one job.
    ///
    /// # Errors
    /// When the database is away; a handler's own failure is [`Ended::Failed`].
    pub async fn run_one(&self, db: &Db, candidate: Uuid, now: Now) -> Result<Ended, Problem> {
        let request = RequestId(candidate);
        let mut undone = None;
        let attempt =
            db.transaction("job", request, async |tx| self.attempt(tx, candidate, now, &mut undone).await);
        // A handler that panics must not take the worker with it; its transaction died with the connection.
        let outcome = match AssertUnwindSafe(attempt).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => Err(Problem::internal(anyhow::anyhow!("the handler panicked"))),
        };
        match (outcome, undone) {
            (Ok(ended), _) => Ok(ended),
            (Err(_), Some(Ended::Waits)) => {
                put_off(db, candidate).await?;
                Ok(Ended::Waits)
            }
            (Err(_), Some(ended)) => Ok(ended),
            (Err(problem), None) => {
                note_failure(db, candidate, &problem).await?;
                Ok(Ended::Failed)
            }
        }
    }

    /// `undone` tells why the effect has to be undone without a failure: somebody has moved the job while it ran, or it
    /// is held back.
    async fn attempt(
        &self,
        tx: &mut Tx<'_>,
        candidate: Uuid,
        now: Now,
        undone: &mut Option<Ended>,
    ) -> Result<Ended, Problem> {
        if !claim(tx, candidate, now).await? {
            return Ok(Ended::Gone);
        }
        let Some(job) = still_waiting(tx, candidate, now).await? else { return Ok(Ended::Gone) };
        self.check_guard(tx, &job, undone).await?;
        if now == Now::DueTime {
            super::clock::stand_at(tx, job.due_at).await?;
        }
        let handler = self
            .handlers
            .get(job.kind.as_str())
            .ok_or_else(|| Problem::internal(anyhow::anyhow!("no handler for jobs of kind {}", job.kind)))?;
        handler.call(tx, &job).await?;
        // The handler may have waited long for its locks.
        self.check_guard(tx, &job, undone).await?;
        if mark_done(tx, &job).await? {
            return Ok(Ended::Done);
        }
        *undone = Some(Ended::Gone);
        Err(Problem::unavailable(anyhow::anyhow!("the job was moved while it ran")))
    }

    async fn check_guard(
        &self,
        tx: &mut Tx<'_>,
        job: &Job,
        undone: &mut Option<Ended>,
    ) -> Result<(), Problem> {
        let Some(guard) = self.guard.as_ref().filter(|_| self.held_back.contains(&job.kind.as_str())) else {
            return Ok(());
        };
        if guard.fit(tx).await? {
            return Ok(());
        }
        *undone = Some(Ended::Waits);
        Err(Problem::unavailable(anyhow::anyhow!("the job is held back")))
    }

    /// Runs what is due, earliest first, until nothing is left that this instance can do now.
    async fn run_due(&self, db: &Db) -> Result<(), Problem> {
        loop {
            let waiting = due(db).await?;
            let mut done_any = false;
            for candidate in waiting {
                done_any |= self.run_one(db, candidate, Now::AsItIs).await? == Ended::Done;
            }
            if !done_any {
                return Ok(());
            }
        }
    }
}

/// A job worth claiming.
#[derive(QueryableByName)]
pub(super) struct Found {
    #[diesel(sql_type = sql_types::Uuid)]
    pub id: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    pub kind: String,
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = sql_types::Bool)]
    claimed: bool,
}

#[derive(QueryableByName)]
struct Pause {
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    millis: Option<i64>,
}

async fn due(db: &Db) -> Result<Vec<Uuid>, Problem> {
    let mut conn = db.read().await?;
    let found: Vec<Found> = diesel::sql_query(
        "SELECT id, kind FROM jobs WHERE done_at IS NULL AND due_at <= hall_now() AND retry_at <= clock_timestamp()
          ORDER BY due_at, seq LIMIT $1",
    )
    .bind::<sql_types::BigInt, _>(BATCH)
    .get_results(&mut conn)
    .await?;
    Ok(found.into_iter().map(|row| row.id).collect())
}

/// The first job due by `until` that is not in `tried`, whatever its `retry_at` says.
pub(super) async fn first_due_by(
    db: &Db,
    until: DateTime<Utc>,
    tried: &HashSet<Uuid>,
) -> Result<Option<Found>, Problem> {
    let mut conn = db.read().await?;
    Ok(diesel::sql_query(
        "SELECT id, kind FROM jobs WHERE done_at IS NULL AND due_at <= $1 AND id <> ALL($2)
          ORDER BY due_at, seq LIMIT 1",
    )
    .bind::<sql_types::Timestamptz, _>(until)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(tried.iter().copied().collect::<Vec<_>>())
    .get_result(&mut conn)
    .await
    .optional()?)
}

/// Takes the job for this transaction, without waiting. While the sandbox clock is being moved only its mover
/// takes any.
async fn claim(tx: &mut Tx<'_>, id: Uuid, now: Now) -> Result<bool, Problem> {
    if now == Now::AsItIs && !super::clock::is_free(tx).await? {
        return Ok(false);
    }
    let row: Claimed =
        diesel::sql_query("SELECT pg_try_advisory_xact_lock($1, hashtext($2::text)) AS claimed")
            .bind::<sql_types::Integer, _>(CLAIM)
            .bind::<sql_types::Text, _>(id.to_string())
            .get_result(tx.conn())
            .await?;
    Ok(row.claimed)
}

/// Reads the job in a statement after the claim, which sees what the last holder committed.
async fn still_waiting(tx: &mut Tx<'_>, id: Uuid, now: Now) -> Result<Option<Job>, Problem> {
    let condition = match now {
        Now::AsItIs => "AND due_at <= hall_now() AND retry_at <= clock_timestamp()",
        Now::DueTime => "",
    };
    Ok(diesel::sql_query(format!(
        "SELECT id, kind, key, due_at, payload, attempts FROM jobs WHERE id = $1 AND done_at IS NULL {condition}"
    ))
    .bind::<sql_types::Uuid, _>(id)
    .get_result(tx.conn())
    .await
    .optional()?)
}

async fn mark_done(tx: &mut Tx<'_>, job: &Job) -> Result<bool, Problem> {
    let marked = diesel::sql_query(
        "UPDATE jobs SET done_at = clock_timestamp(), failure = NULL
          WHERE id = $1 AND done_at IS NULL AND due_at = $2",
    )
    .bind::<sql_types::Uuid, _>(job.id)
    .bind::<sql_types::Timestamptz, _>(job.due_at)
    .execute(tx.conn())
    .await?;
    Ok(marked == 1)
}

async fn note_failure(db: &Db, id: Uuid, problem: &Problem) -> Result<(), Problem> {
    let why = match problem {
        Problem::Fault(fault) => format!("{}: {:#}", fault.code.name(), fault.cause),
        Problem::Refusal(_) | Problem::Rejection(_) => problem.code().name().to_owned(),
    };
    tracing::error!(job = %id, cause = why, "a job failed and will be tried again");
    metrics::counter!("job_failures_total").increment(1);
    let mut conn = db.read().await?;
    // Twice as long each time, from one second to about an hour.
    diesel::sql_query(
        "UPDATE jobs SET attempts = attempts + 1, failure = left($2, 500),
                retry_at = clock_timestamp() + interval '1 second' * power(2, least(attempts, 12))
          WHERE id = $1 AND done_at IS NULL",
    )
    .bind::<sql_types::Uuid, _>(id)
    .bind::<sql_types::Text, _>(why)
    .execute(&mut conn)
    .await?;
    Ok(())
}

async fn put_off(db: &Db, id: Uuid) -> Result<(), Problem> {
    tracing::warn!(job = %id, "a job waits: the clock is not trusted");
    metrics::counter!("jobs_held_back_total").increment(1);
    let mut conn = db.read().await?;
    diesel::sql_query(format!(
        "UPDATE jobs SET retry_at = clock_timestamp() + interval '{HELD_BACK}' WHERE id = $1 AND done_at IS NULL"
    ))
    .bind::<sql_types::Uuid, _>(id)
    .execute(&mut conn)
    .await?;
    Ok(())
}

/// How long until the next job is due, at most one beat.
async fn pause(db: &Db) -> Result<Duration, Problem> {
    let mut conn = db.read().await?;
    let row: Pause = diesel::sql_query(
        "SELECT ceil(extract(epoch FROM min(greatest(due_at - hall_now(), retry_at - clock_timestamp()))) * 1000)::bigint
                AS millis
           FROM (SELECT due_at, retry_at FROM jobs WHERE done_at IS NULL
                  AND due_at <= hall_now() + interval '2 seconds' ORDER BY due_at, seq LIMIT 64) soon",
    )
    .get_result(&mut conn)
    .await?;
    let millis = row.millis.map_or(BEAT, |millis| Duration::from_millis(u64::try_from(millis).unwrap_or(0)));
    // A job another instance holds stays due; look again soon, not at once.
    Ok(millis.clamp(Duration::from_millis(20), BEAT))
}

/// Works until `stop` turns true: the loop of the worker's own thread.
pub async fn work(db: Db, jobs: std::sync::Arc<Jobs>, mut stop: watch::Receiver<bool>) {
    loop {
        let rest = match work_once(&db, &jobs).await {
            Ok(rest) => rest,
            Err(problem) => {
                if let Problem::Fault(fault) = &problem {
                    tracing::warn!(cause = format!("{:#}", fault.cause), "no scheduled work at the moment");
                }
                BEAT
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            // An error means that whoever would stop us is gone.
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

async fn work_once(db: &Db, jobs: &Jobs) -> Result<Duration, Problem> {
    jobs.run_due(db).await?;
    pause(db).await
}
