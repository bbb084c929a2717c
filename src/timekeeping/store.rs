//! Ticks and suspicions in the database.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::{
    model::{Decided, InstanceTick, Suspicion},
    rules::{Evidence, Known, Past, Reading},
};
use crate::{
    kernel::{
        Problem,
        id::{AccountId, TenderId},
    },
    platform::{
        db::{Tx, unreadable},
        statement::statement,
    },
};

/// The tick with which the watch began anew after the last decision.
const SINCE: &str = "(SELECT coalesce(max(decided_tick), 0) FROM clock_suspicions)";

#[derive(QueryableByName)]
struct PastRow {
    #[diesel(sql_type = sql_types::Uuid)]
    boot: Uuid,
    #[diesel(sql_type = sql_types::BigInt)]
    boot_us: i64,
    #[diesel(sql_type = sql_types::Timestamptz)]
    database_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    hall_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::BigInt)]
    round_trip_us: i64,
    #[diesel(sql_type = sql_types::Bool)]
    farewell: bool,
}

impl From<PastRow> for Past {
    fn from(row: PastRow) -> Self {
        let PastRow { boot, boot_us, database_at, hall_at, round_trip_us, farewell } = row;
        Self { boot, boot_us, database_at, hall_at, round_trip_us, farewell }
    }
}

#[derive(QueryableByName)]
struct Mark {
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    mark: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct SkewRow {
    #[diesel(sql_type = sql_types::BigInt)]
    skew_us: i64,
}

/// Both times of the hall at one moment.
#[derive(Debug, Clone, Copy, QueryableByName)]
pub struct Clocks {
    /// The database's wall clock.
    #[diesel(sql_type = sql_types::Timestamptz)]
    pub database_at: DateTime<Utc>,
    /// Hall time.
    #[diesel(sql_type = sql_types::Timestamptz)]
    pub hall_at: DateTime<Utc>,
    /// Whether hall time stands still, as only a sandbox's can.
    #[diesel(sql_type = sql_types::Bool)]
    pub held: bool,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = sql_types::BigInt)]
    n: i64,
}

async fn past(
    conn: &mut AsyncPgConnection,
    condition: &'static str,
    boot: Uuid,
) -> Result<Option<Past>, Problem> {
    let row: Option<PastRow> = statement(format!(
        "SELECT boot, boot_us, database_at, hall_at, round_trip_us, farewell FROM clock_ticks WHERE n > {SINCE} AND {condition} LIMIT 1"
    ))
    .bind::<sql_types::Uuid, _>(boot)
    .get_result(conn)
    .await
    .optional()?;
    Ok(row.map(Past::from))
}

/// What the next reading of a machine is held against, but for the other instances. Read it before the clocks: what it
/// tells is earlier then, unless a clock went back.
///
/// # Errors
/// When the database is away.
pub async fn known(conn: &mut AsyncPgConnection, boot: Uuid) -> Result<Known, Problem> {
    let mark: Mark = statement(format!("SELECT max(database_at) AS mark FROM clock_ticks WHERE n > {SINCE}"))
        .get_result(conn)
        .await?;
    // $1 is used by both, so that their parameters are the same.
    let last = past(conn, "$1 IS NOT NULL ORDER BY n DESC", boot).await?;
    let anchor = past(conn, "boot = $1 ORDER BY n", boot).await?;
    Ok(Known { high_water: mark.mark, last, anchor, others: Vec::new() })
}

/// The database's wall clock and hall time, as its statement reads them.
///
/// # Errors
/// When the database is away.
pub async fn clocks(conn: &mut AsyncPgConnection) -> Result<Clocks, Problem> {
    let clocks = "SELECT clock_timestamp() AS database_at, hall_now() AS hall_at, held_at IS NOT NULL AS held
                    FROM hall";
    Ok(statement(clocks).get_result(conn).await?)
}

/// Skews of other instances' ticks within `fresh` before `now`, each its newest.
///
/// # Errors
/// When the database is away.
pub async fn others(
    conn: &mut AsyncPgConnection,
    instance: Uuid,
    now: DateTime<Utc>,
    fresh: TimeDelta,
) -> Result<Vec<i64>, Problem> {
    let rows: Vec<SkewRow> = statement(format!(
        "SELECT skew_us FROM (
            SELECT DISTINCT ON (instance) farewell,
                   (extract(epoch FROM database_at - instance_at) * 1000000)::bigint AS skew_us
              FROM clock_ticks
             WHERE n > {SINCE} AND instance <> $1 AND database_at BETWEEN $2 AND $3
             ORDER BY instance, n DESC) AS newest
          WHERE NOT farewell"
    ))
    .bind::<sql_types::Uuid, _>(instance)
    .bind::<sql_types::Timestamptz, _>(now - fresh)
    .bind::<sql_types::Timestamptz, _>(now)
    .get_results(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.skew_us).collect())
}

/// Writes a tick and answers its number.
///
/// # Errors
/// When the database is away.
pub async fn insert_tick(
    conn: &mut AsyncPgConnection,
    instance: Uuid,
    reading: &Reading,
    error_us: Option<i64>,
    farewell: bool,
) -> Result<i64, Problem> {
    let row: Number = statement(
        "INSERT INTO clock_ticks
            (instance, boot, boot_us, database_at, hall_at, instance_at, round_trip_us, error_us, farewell)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING n",
    )
    .bind::<sql_types::Uuid, _>(instance)
    .bind::<sql_types::Uuid, _>(reading.boot)
    .bind::<sql_types::BigInt, _>(reading.boot_us)
    .bind::<sql_types::Timestamptz, _>(reading.database_at)
    .bind::<sql_types::Timestamptz, _>(reading.hall_at)
    .bind::<sql_types::Timestamptz, _>(reading.instance_at)
    .bind::<sql_types::BigInt, _>(reading.round_trip_us)
    .bind::<sql_types::Nullable<sql_types::BigInt>, _>(error_us)
    .bind::<sql_types::Bool, _>(farewell)
    .get_result(conn)
    .await?;
    Ok(row.n)
}

/// Takes away ticks of more than `days` ago, by the database's clock as it was last found sound.
///
/// # Errors
/// When the database is away.
pub async fn prune(conn: &mut AsyncPgConnection, now: DateTime<Utc>, days: u64) -> Result<(), Problem> {
    let days = TimeDelta::days(i64::try_from(days).map_err(Problem::internal)?);
    statement("DELETE FROM clock_ticks WHERE database_at < $1")
        .bind::<sql_types::Timestamptz, _>(now - days)
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct SuspicionRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Timestamptz)]
    raised_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Jsonb)]
    evidence: Value,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    decided_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    decided_by: Option<Uuid>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    reason: Option<String>,
    #[diesel(sql_type = sql_types::Array<sql_types::Uuid>)]
    moved: Vec<Uuid>,
}

impl TryFrom<SuspicionRow> for Suspicion {
    type Error = Problem;

    fn try_from(row: SuspicionRow) -> Result<Self, Problem> {
        let decision = match (row.decided_at, row.decided_by, row.reason) {
            (Some(at), Some(by), Some(reason)) => {
                let moved = row.moved.into_iter().map(TenderId).collect();
                Some(Decided { at, by: AccountId(by), reason, moved })
            }
            _ => None,
        };
        let evidence: Vec<Evidence> =
            serde_json::from_value(row.evidence).map_err(unreadable("clock_suspicions.evidence"))?;
        Ok(Self { id: row.id, raised_at: row.raised_at, evidence, decision })
    }
}

const COLUMNS: &str = "id, raised_at, evidence, decided_at, decided_by, reason, moved";

#[derive(QueryableByName)]
struct Open {
    #[diesel(sql_type = sql_types::Bool)]
    open: bool,
}

/// Whether a suspicion stands.
///
/// # Errors
/// When the database is away.
pub async fn is_suspect(conn: &mut AsyncPgConnection) -> Result<bool, Problem> {
    let row: Open =
        statement("SELECT EXISTS (SELECT FROM clock_suspicions WHERE decided_at IS NULL) AS open")
            .get_result(conn)
            .await?;
    Ok(row.open)
}

/// The suspicion that stands, else the last one decided.
///
/// # Errors
/// When the database is away.
pub async fn latest(conn: &mut AsyncPgConnection) -> Result<Option<Suspicion>, Problem> {
    let row: Option<SuspicionRow> = statement(format!(
        "SELECT {COLUMNS} FROM clock_suspicions ORDER BY decided_at IS NULL DESC, decided_tick DESC LIMIT 1"
    ))
    .get_result(conn)
    .await
    .optional()?;
    row.map(Suspicion::try_from).transpose()
}

/// A suspicion with its row held to the end of the transaction.
///
/// # Errors
/// When the database is away.
pub async fn find_locked(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Suspicion>, Problem> {
    let row: Option<SuspicionRow> =
        statement(format!("SELECT {COLUMNS} FROM clock_suspicions WHERE id = $1 FOR NO KEY UPDATE"))
            .bind::<sql_types::Uuid, _>(id)
            .get_result(tx.conn())
            .await
            .optional()?;
    row.map(Suspicion::try_from).transpose()
}

/// Keeps a new suspicion where none stands; answers whether it was kept.
///
/// # Errors
/// When the database is away.
pub async fn raise(
    tx: &mut Tx<'_>,
    id: Uuid,
    evidence: &[Evidence],
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let evidence = serde_json::to_value(evidence).map_err(Problem::internal)?;
    let raised = statement(
        "INSERT INTO clock_suspicions (id, raised_at, evidence) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind::<sql_types::Uuid, _>(id)
    .bind::<sql_types::Timestamptz, _>(now)
    .bind::<sql_types::Jsonb, _>(evidence)
    .execute(tx.conn())
    .await?;
    Ok(raised == 1)
}

/// Keeps the decision over a suspicion; `tick` is the last one that is not held against the clock any more.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn decide(tx: &mut Tx<'_>, id: Uuid, decided: &Decided, tick: i64) -> Result<(), Problem> {
    statement(
        "UPDATE clock_suspicions SET decided_at = $2, decided_by = $3, reason = $4, moved = $5, decided_tick = $6
          WHERE id = $1",
    )
    .bind::<sql_types::Uuid, _>(id)
    .bind::<sql_types::Timestamptz, _>(decided.at)
    .bind::<sql_types::Uuid, _>(decided.by.0)
    .bind::<sql_types::Text, _>(decided.reason.clone())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(
        decided.moved.iter().map(|tender| tender.0).collect::<Vec<_>>(),
    )
    .bind::<sql_types::BigInt, _>(tick)
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct InstanceRow {
    #[diesel(sql_type = sql_types::Uuid)]
    instance: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    boot: Uuid,
    #[diesel(sql_type = sql_types::Timestamptz)]
    database_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    instance_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::BigInt)]
    round_trip_us: i64,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    error_us: Option<i64>,
    #[diesel(sql_type = sql_types::Bool)]
    farewell: bool,
}

/// The last tick of each instance since the last decision, newest first.
///
/// # Errors
/// When the database is away.
pub async fn instances(conn: &mut AsyncPgConnection) -> Result<Vec<InstanceTick>, Problem> {
    let rows: Vec<InstanceRow> = statement(format!(
        "SELECT * FROM (SELECT DISTINCT ON (instance) n, instance, boot, database_at, instance_at, round_trip_us, error_us,
                               farewell
                          FROM clock_ticks WHERE n >= {SINCE} ORDER BY instance, n DESC) AS newest
          ORDER BY n DESC LIMIT 32"
    ))
    .get_results(conn)
    .await?;
    let tick = |row: InstanceRow| InstanceTick {
        instance: row.instance,
        boot: row.boot,
        database_at: row.database_at,
        instance_at: row.instance_at,
        ahead_ms: (row.database_at - row.instance_at).num_milliseconds(),
        round_trip_ms: row.round_trip_us / 1000,
        error_ms: row.error_us.map(|error| error / 1000),
        stopped: row.farewell,
    };
    Ok(rows.into_iter().map(tick).collect())
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = sql_types::Uuid)]
    tender: Uuid,
}

/// Tenders named by jobs of `kinds` that are due and not done.
///
/// # Errors
/// When the database is away.
pub async fn waiting(conn: &mut AsyncPgConnection, kinds: &[&str]) -> Result<Vec<TenderId>, Problem> {
    let rows: Vec<Waiting> = statement(
        "SELECT DISTINCT (payload ->> 'tender')::uuid AS tender FROM jobs
          WHERE done_at IS NULL AND kind = ANY($1) AND due_at <= hall_now() AND payload ? 'tender' ORDER BY 1",
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(kinds.to_vec())
    .get_results(conn)
    .await?;
    Ok(rows.into_iter().map(|row| TenderId(row.tender)).collect())
}

/// The ticks between two hall times, with the one before and the one after, in the order of their writing.
///
/// # Errors
/// When the database is away.
pub async fn between(
    conn: &mut AsyncPgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Past>, Problem> {
    let rows: Vec<PastRow> = statement(
        "SELECT boot, boot_us, database_at, hall_at, round_trip_us, farewell FROM clock_ticks
          WHERE n >= coalesce((SELECT max(n) FROM clock_ticks WHERE hall_at < $1), 0)
            AND n <= coalesce((SELECT min(n) FROM clock_ticks WHERE hall_at >= $2), 9223372036854775807)
          ORDER BY n",
    )
    .bind::<sql_types::Timestamptz, _>(from)
    .bind::<sql_types::Timestamptz, _>(until)
    .get_results(conn)
    .await?;
    Ok(rows.into_iter().map(Past::from).collect())
}
