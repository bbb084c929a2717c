//! The sandbox clock: hall time moved forward by hand, with everything that falls due on the way.
//!
//! Invariants: a production hall refuses for ever (here and by a CHECK); time only goes forward; while it moves,
//! one mover holds the clock's advisory lock and no worker takes a job; each job due on the way runs in order of
//! due time with its own due time as now. A move that is broken off leaves the clock standing at the last job it
//! had done; the same call again goes on from there.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};

use super::{
    db::{Db, Tx},
    jobs::{Ended, Jobs, Now, first_due_by},
};
use crate::kernel::{Code, Problem, Refusal, Rejection, Say, id::RequestId, time};

/// The advisory lock of whoever moves the clock; workers take it shared.
const LOCK: i64 = 0x0063_6c6f_636b;

/// How the clock is to be moved: exactly one of the four.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClockMove {
    /// To this time; a clock that stands goes on standing there, a running one goes on running.
    #[serde(deserialize_with = "time::read")]
    To(DateTime<Utc>),
    /// By this much, as ISO 8601 weeks, days, hours, minutes and seconds: `P20D`, `PT1H30M`.
    #[schema(example = json!({"advance": "P20D"}))]
    Advance(String),
    /// To this time, and stands still there to the microsecond.
    #[serde(deserialize_with = "time::read")]
    Hold(DateTime<Utc>),
    /// Runs on from where it stands; only `true`.
    Run(bool),
}

/// What the clock reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClockReading {
    /// Hall time.
    pub now: DateTime<Utc>,
    /// Whether it stands still.
    pub held: bool,
    /// Kinds of jobs that failed on the way or are held back, and wait for their next try; empty when all is well.
    pub failed: Vec<String>,
}

/// Whether a database is a production hall or a sandbox; fixed when it is founded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::AsRefStr, strum::EnumString, strum::Display)]
#[strum(serialize_all = "camelCase")]
pub enum Mode {
    /// Real tenders, the real clock.
    Production,
    /// For trying things out.
    Sandbox,
}

#[derive(QueryableByName)]
struct HallRow {
    #[diesel(sql_type = sql_types::Text)]
    mode: String,
    #[diesel(sql_type = sql_types::Timestamptz)]
    now: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Bool)]
    held: bool,
}

#[derive(QueryableByName)]
struct Free {
    #[diesel(sql_type = sql_types::Bool)]
    free: bool,
}

async fn hall(conn: &mut AsyncPgConnection) -> Result<Option<HallRow>, Problem> {
    Ok(diesel::sql_query("SELECT mode, hall_now() AS now, held_at IS NOT NULL AS held FROM hall")
        .get_result(conn)
        .await
        .optional()?)
}

/// The mode the hall was founded in, or `None` for an empty database.
///
/// # Errors
/// When the database is away.
pub async fn mode(tx: &mut Tx<'_>) -> Result<Option<Mode>, Problem> {
    let Some(row) = hall(tx.conn()).await? else { return Ok(None) };
    row.mode.parse().map(Some).map_err(Problem::internal)
}

/// Founds the hall in an empty database; a sandbox may start at any time and runs on from there. Where there is a
/// hall nothing changes.
///
/// # Errors
/// When the database is away.
pub async fn found(tx: &mut Tx<'_>, mode: Mode, start: Option<DateTime<Utc>>) -> Result<(), Problem> {
    diesel::sql_query(
        "INSERT INTO hall (mode, shift) VALUES ($1, coalesce($2 - clock_timestamp(), interval '0'))
         ON CONFLICT DO NOTHING",
    )
    .bind::<sql_types::Text, _>(mode.as_ref())
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(start)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What the clock reads now.
///
/// # Errors
/// When the database is away or holds no hall.
pub async fn read(tx: &mut Tx<'_>) -> Result<ClockReading, Problem> {
    reading(tx.conn()).await
}

/// What the clock reads now, for reading outside a unit of work.
///
/// # Errors
/// When the database is away or holds no hall.
pub async fn reading(conn: &mut AsyncPgConnection) -> Result<ClockReading, Problem> {
    let row =
        hall(conn).await?.ok_or_else(|| Problem::internal(anyhow::anyhow!("the hall is not founded")))?;
    Ok(ClockReading { now: row.now, held: row.held, failed: Vec::new() })
}

/// Moves the clock and does everything due by the new time, in order; returns when all of it is done.
///
/// # Errors
/// `sandbox-only` in production, `invalid-request` for a move backwards or an unreadable period, or the database
/// is away.
pub async fn advance(
    db: &Db,
    jobs: &Jobs,
    request: RequestId,
    step: &ClockMove,
) -> Result<ClockReading, Problem> {
    // The outer transaction does nothing but hold the lock; dropped halfway, its connection is thrown away.
    db.transaction("clock.move", request, async |tx| {
        diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
            .bind::<sql_types::BigInt, _>(LOCK)
            .execute(tx.conn())
            .await?;
        if mode(tx).await? != Some(Mode::Sandbox) {
            return Err(sandbox_only().into());
        }
        let before = read(tx).await?;
        let (target, held) = target(step, &before)?;
        let failed = run_until(db, jobs, target).await?;
        settle(tx, target, held).await?;
        Ok(ClockReading { failed, ..read(tx).await? })
    })
    .await
}

fn sandbox_only() -> Refusal {
    Refusal::new(
        Code::SandboxOnly,
        Say::new("正式大厅的时钟不可拨动。", "The clock of a production hall cannot be moved."),
    )
}

/// Where the clock goes, and whether it stands there.
fn target(step: &ClockMove, before: &ClockReading) -> Result<(DateTime<Utc>, bool), Rejection> {
    let (pointer, target, held) = match step {
        ClockMove::To(at) => ("/to", *at, before.held),
        ClockMove::Advance(period) => ("/advance", before.now + parse_period(period)?, before.held),
        ClockMove::Hold(at) => ("/hold", *at, true),
        ClockMove::Run(true) => ("/run", before.now, false),
        ClockMove::Run(false) => {
            let detail =
                Say::new("run 只能为 true；要停住请用 hold。", "run can only be true; use hold to stop.");
            return Err(Rejection::at("/run", "invalid", detail));
        }
    };
    if target < before.now {
        let detail = Say::new("时钟只能向前拨动。", "The clock only goes forward.");
        return Err(Rejection::at(pointer, "backwards", detail));
    }
    Ok((target, held))
}

/// Runs every job due by `target` once; answers the kinds of those that failed or wait.
async fn run_until(db: &Db, jobs: &Jobs, target: DateTime<Utc>) -> Result<Vec<String>, Problem> {
    let mut tried = HashSet::new();
    let mut failed = Vec::new();
    while let Some(next) = first_due_by(db, target, &tried).await? {
        tried.insert(next.id);
        if matches!(jobs.run_one(db, next.id, Now::DueTime).await?, Ended::Failed | Ended::Waits) {
            failed.push(next.kind);
        }
    }
    Ok(failed)
}

/// Lets the clock stand at `at` for this transaction and, once it commits, for everyone; never moves it back.
pub(super) async fn stand_at(tx: &mut Tx<'_>, at: DateTime<Utc>) -> Result<(), Problem> {
    diesel::sql_query("UPDATE hall SET held_at = greatest($1, hall_now())")
        .bind::<sql_types::Timestamptz, _>(at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn settle(tx: &mut Tx<'_>, at: DateTime<Utc>, held: bool) -> Result<(), Problem> {
    let sql = if held {
        "UPDATE hall SET held_at = greatest($1, hall_now())"
    } else {
        "UPDATE hall SET shift = greatest($1, hall_now()) - clock_timestamp(), held_at = NULL"
    };
    diesel::sql_query(sql).bind::<sql_types::Timestamptz, _>(at).execute(tx.conn()).await?;
    Ok(())
}

/// Whether nobody moves the clock; nobody can begin to before this transaction ends.
pub(super) async fn is_free(tx: &mut Tx<'_>) -> Result<bool, Problem> {
    let row: Free = diesel::sql_query("SELECT pg_try_advisory_xact_lock_shared($1) AS free")
        .bind::<sql_types::BigInt, _>(LOCK)
        .get_result(tx.conn())
        .await?;
    Ok(row.free)
}

/// Reads an ISO 8601 period of fixed lengths. Months and years have none and are refused.
fn parse_period(text: &str) -> Result<TimeDelta, Rejection> {
    period(text).ok_or_else(|| {
        let detail = Say::new(
            "须为 ISO 8601 时长，以周、日、时、分、秒计，例如 P20D、PT1H30M。",
            "Must be an ISO 8601 period of weeks, days, hours, minutes and seconds, such as P20D or PT1H30M.",
        );
        Rejection::at("/advance", "invalid", detail)
    })
}

fn period(text: &str) -> Option<TimeDelta> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').map_or((rest, None), |(days, time)| (days, Some(time)));
    if rest.is_empty() || time == Some("") {
        return None;
    }
    let day_part = parts(days, &[('W', 604_800), ('D', 86_400)])?;
    let time_part = parts(time.unwrap_or(""), &[('H', 3_600), ('M', 60), ('S', 1)])?;
    day_part.checked_add(&time_part)
}

/// Sums `12H30M` by the units given, each at most once and in this order.
fn parts(text: &str, units: &[(char, i64)]) -> Option<TimeDelta> {
    let mut rest = text;
    let mut sum = TimeDelta::zero();
    for (letter, seconds) in units {
        if let Some((number, after)) = rest.split_once(*letter) {
            let digits =
                !number.is_empty() && number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit());
            let count: i64 = number.parse().ok().filter(|_| digits)?;
            sum = sum.checked_add(&TimeDelta::try_seconds(count.checked_mul(*seconds)?)?)?;
            rest = after;
        }
    }
    rest.is_empty().then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_by_fixed_lengths_only() {
        assert_eq!(period("P20D"), TimeDelta::try_days(20));
        assert_eq!(period("P1W2DT3H4M5S"), TimeDelta::try_seconds(9 * 86_400 + 3 * 3_600 + 4 * 60 + 5));
        assert_eq!(period("PT90M"), TimeDelta::try_minutes(90));
        for bad in [
            "", "P", "PT", "P1", "P1M", "P1Y", "-P1D", "P-1D", "P1DT", "PT1D", "P1D2W", "P1.5D", "p1d",
            "P+1D",
        ] {
            assert_eq!(period(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_clock_goes_forward_and_keeps_standing_or_running() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let later = now + TimeDelta::hours(1);
        let standing = ClockReading { now, held: true, failed: Vec::new() };
        assert_eq!(target(&ClockMove::To(later), &standing), Ok((later, true)));
        assert_eq!(target(&ClockMove::Run(true), &standing), Ok((now, false)));
        assert_eq!(target(&ClockMove::Advance("PT1H".into()), &standing), Ok((later, true)));
        let back = now - TimeDelta::microseconds(1);
        assert_eq!(target(&ClockMove::Hold(back), &standing).unwrap_err().errors[0].pointer, "/hold");
        assert!(target(&ClockMove::Run(false), &standing).is_err());
    }

    #[test]
    fn a_move_is_exactly_one_of_four() {
        let parse = |text: &str| serde_json::from_str::<ClockMove>(text);
        assert_eq!(parse(r#"{"run":true}"#).unwrap(), ClockMove::Run(true));
        assert_eq!(parse(r#"{"advance":"P20D"}"#).unwrap(), ClockMove::Advance("P20D".into()));
        for bad in [r#"{}"#, r#"{"run":true,"advance":"P1D"}"#, r#"{"back":true}"#] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
