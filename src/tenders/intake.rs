//! The row that submissions of a tender lock, and the clock as it is read behind that lock.
//!
//! Lock order for everybody: the tender's row, then its intake row. A submission *shares* the tender's row, so that
//! no postponement, close or end can come between its reading of the deadline and its commit, while the only row it
//! writes is one that nobody reads from outside. The clock is read by a statement of its own after the locks: one
//! statement that locks and reads gives the time before the wait.

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryDsl, QueryableByName, sql_types, sql_types::Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{
    kernel::{Problem, id::TenderId},
    platform::{
        db::{Tx, unreadable},
        statement::statement,
    },
    schema::tender_intake,
    seal::Digest,
    tenders::lifecycle::TenderPhase,
};

diesel::define_sql_function! {
    /// The later of two times.
    fn greatest(one: Timestamptz, other: Timestamptz) -> Timestamptz;
}

diesel::define_sql_function! {
    /// Hall time, read by the statement that calls it.
    fn hall_now() -> Timestamptz;
}

/// A tender's intake, held to the end of the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The tender.
    pub tender: TenderId,
    /// Where it stands.
    pub phase: TenderPhase,
    /// Deadline of bids.
    pub deadline: DateTime<Utc>,
    /// Time of the last submission; the next is never earlier.
    pub last_at: DateTime<Utc>,
    /// Number of the last bid taken in.
    pub bid_n: i64,
    /// Digest of the seal policy that replaced the first; none while the first is in force.
    pub seal_policy: Option<Digest>,
}

/// Holds the intake for submissions: waits for those under way and for a close; `None` before publication.
///
/// # Errors
/// When the database is away.
pub async fn hold(tx: &mut Tx<'_>, tender: TenderId) -> Result<Option<Held>, Problem> {
    // The tender is read, and so locked, for the join that finds the row locked second.
    let row: Option<HeldRow> = statement(
        "WITH tender AS MATERIALIZED (SELECT id, phase, deadline FROM tenders WHERE id = $1 FOR SHARE)
         SELECT tender.phase, tender.deadline, intake.last_at, intake.bid_n, intake.seal_policy
           FROM tender JOIN tender_intake AS intake ON intake.tender_id = tender.id
            FOR NO KEY UPDATE OF intake",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .get_result(tx.conn())
    .await
    .optional()?;
    let Some(row) = row else { return Ok(None) };
    let phase = row.phase.parse().map_err(unreadable("tenders.phase"))?;
    let seal_policy = row.seal_policy.map(<[u8; 32]>::try_from).transpose();
    let seal_policy = seal_policy.map_err(|_| anyhow::anyhow!("not 32 bytes"));
    Ok(Some(Held {
        tender,
        phase,
        deadline: row.deadline,
        last_at: row.last_at,
        bid_n: row.bid_n,
        seal_policy: seal_policy.map_err(Problem::internal)?.map(Digest),
    }))
}

/// From now on bids are taken in for this policy alone. The caller has locked the tender's row.
///
/// # Errors
/// When the database is away.
pub async fn demand_policy(tx: &mut Tx<'_>, tender: TenderId, digest: Digest) -> Result<(), Problem> {
    statement("UPDATE tender_intake SET seal_policy = $2 WHERE tender_id = $1")
        .bind::<sql_types::Uuid, _>(tender)
        .bind::<sql_types::Binary, _>(digest.0.as_slice())
        .execute(tx.conn())
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct HeldRow {
    #[diesel(sql_type = sql_types::Text)]
    phase: String,
    #[diesel(sql_type = sql_types::Timestamptz)]
    deadline: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    last_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::BigInt)]
    bid_n: i64,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Binary>)]
    seal_policy: Option<Vec<u8>>,
}

/// The barrier of the close: waits for every submission under way and lets no new one in. The caller has locked
/// the tender's row.
///
/// # Errors
/// When the database is away, or the tender was never published.
pub async fn bar(tx: &mut Tx<'_>, tender: TenderId) -> Result<DateTime<Utc>, Problem> {
    Ok(tender_intake::table.find(tender).select(tender_intake::last_at).for_update().first(tx.conn()).await?)
}

/// Hall time behind the lock; it never goes back within one tender.
///
/// # Errors
/// When the database is away.
pub async fn clock(mut conn: &AsyncPgConnection, last_at: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    Ok(diesel::select(greatest(hall_now(), last_at)).get_result(&mut conn).await?)
}

/// Notes the time of what was done under the lock and how many bids came in by it.
///
/// # Errors
/// When the database is away.
pub async fn advance(
    mut conn: &AsyncPgConnection,
    tender: TenderId,
    at: DateTime<Utc>,
    bid_n: i64,
) -> Result<(), Problem> {
    statement("UPDATE tender_intake SET last_at = $2, bid_n = $3 WHERE tender_id = $1")
        .bind::<sql_types::Uuid, _>(tender)
        .bind::<sql_types::Timestamptz, _>(at)
        .bind::<sql_types::BigInt, _>(bid_n)
        .execute(&mut conn)
        .await?;
    Ok(())
}
