//! The row that submissions of a tender lock, and the clock as it is read behind that lock.
//!
//! Lock order for everybody: the tender's row, then its intake row. A submission *shares* the tender's row, so that
//! no postponement, close or end can come between its reading of the deadline and its commit, while the only row it
//! writes is one that nobody reads from outside. The clock is read by a statement of its own after the locks: one
//! statement that locks and reads gives the time before the wait.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, sql_types::Timestamptz};
use diesel_async::RunQueryDsl;

use crate::{
    kernel::{Problem, id::TenderId},
    platform::db::{Tx, unreadable},
    schema::{tender_intake, tenders},
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
}

/// Holds the intake for submissions: waits for those under way and for a close; `None` before publication.
///
/// # Errors
/// When the database is away.
pub async fn hold(tx: &mut Tx<'_>, tender: TenderId) -> Result<Option<Held>, Problem> {
    let row: Option<(String, DateTime<Utc>)> = tenders::table
        .find(tender)
        .select((tenders::phase, tenders::deadline))
        .for_share()
        .first(tx.conn())
        .await
        .optional()?;
    let Some((phase, deadline)) = row else { return Ok(None) };
    let intake: Option<(DateTime<Utc>, i64)> = tender_intake::table
        .find(tender)
        .select((tender_intake::last_at, tender_intake::bid_n))
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?;
    let phase = phase.parse().map_err(unreadable("tenders.phase"))?;
    Ok(intake.map(|(last_at, bid_n)| Held { tender, phase, deadline, last_at, bid_n }))
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
pub async fn clock(tx: &mut Tx<'_>, last_at: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    Ok(diesel::select(greatest(hall_now(), last_at)).get_result(tx.conn()).await?)
}

/// Notes the time of what was done under the lock and how many bids came in by it.
///
/// # Errors
/// When the database is away.
pub async fn advance(
    tx: &mut Tx<'_>,
    tender: TenderId,
    at: DateTime<Utc>,
    bid_n: i64,
) -> Result<(), Problem> {
    diesel::update(tender_intake::table.find(tender))
        .set((tender_intake::last_at.eq(at), tender_intake::bid_n.eq(bid_n)))
        .execute(tx.conn())
        .await?;
    Ok(())
}
