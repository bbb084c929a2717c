//! Openings in the database.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::{
    AggregateExpressionMethods, AsChangeset, BoolExpressionMethods, ExpressionMethods, Insertable,
    OptionalExtension, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper, sql_types,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    kernel::{
        Money, Problem,
        id::{BidId, OrganisationId, TenderId},
    },
    opening::model::{Extension, OpenedBid, Opening, Outcome},
    platform::{
        db::{Tx, unreadable},
        statement::statement,
    },
    schema::{opened_bids, opening_recoveries, opening_shares, openings},
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = openings, treat_none_as_default_value = false, treat_none_as_null = true)]
struct OpeningRow {
    id: Uuid,
    tender_id: TenderId,
    began_at: DateTime<Utc>,
    window_until: DateTime<Utc>,
    extended_from: Option<DateTime<Utc>>,
    extended_by: Option<Uuid>,
    extension_reason: Option<String>,
    concluded_at: Option<DateTime<Utc>>,
    version: i64,
    benchmark_draw: Option<Value>,
    stage: i32,
}

impl TryFrom<OpeningRow> for Opening {
    type Error = Problem;

    fn try_from(row: OpeningRow) -> Result<Self, Problem> {
        let extension = match (row.extended_from, row.extended_by, row.extension_reason) {
            (Some(from), Some(by), Some(reason)) => Some(Extension { from, by, reason }),
            _ => None,
        };
        Ok(Self {
            id: row.id,
            tender: row.tender_id,
            stage: u32::try_from(row.stage).map_err(unreadable("openings.stage"))?,
            began_at: row.began_at,
            window_until: row.window_until,
            extension,
            concluded_at: row.concluded_at,
            benchmark_draw: row
                .benchmark_draw
                .map(serde_json::from_value)
                .transpose()
                .map_err(unreadable("openings.benchmark_draw"))?,
            version: row.version,
        })
    }
}

impl TryFrom<&Opening> for OpeningRow {
    type Error = Problem;

    fn try_from(opening: &Opening) -> Result<Self, Problem> {
        let extension = opening.extension.as_ref();
        let draw = opening.benchmark_draw.as_ref();
        Ok(Self {
            id: opening.id,
            tender_id: opening.tender,
            began_at: opening.began_at,
            window_until: opening.window_until,
            extended_from: extension.map(|extension| extension.from),
            extended_by: extension.map(|extension| extension.by),
            extension_reason: extension.map(|extension| extension.reason.clone()),
            concluded_at: opening.concluded_at,
            version: opening.version,
            benchmark_draw: draw.map(serde_json::to_value).transpose().map_err(Problem::internal)?,
            stage: i32::try_from(opening.stage).map_err(Problem::internal)?,
        })
    }
}

/// Writes the beginning of an opening.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert(tx: &mut Tx<'_>, opening: &Opening) -> Result<(), Problem> {
    diesel::insert_into(openings::table).values(OpeningRow::try_from(opening)?).execute(tx.conn()).await?;
    Ok(())
}

/// Saves an opening and counts its version up.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn update(tx: &mut Tx<'_>, opening: &mut Opening) -> Result<(), Problem> {
    opening.version += 1;
    diesel::update(openings::table.find(opening.id))
        .set(OpeningRow::try_from(&*opening)?)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The stages of a tender's opening that have begun, in their order.
///
/// # Errors
/// When the database is away.
pub async fn stages(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Opening>, Problem> {
    let query = openings::table.filter(openings::tender_id.eq(tender)).order(openings::stage);
    let rows: Vec<OpeningRow> = query.select(OpeningRow::as_select()).load(conn).await?;
    rows.into_iter().map(Opening::try_from).collect()
}

/// The opening of a tender, once it has begun: its last stage.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Option<Opening>, Problem> {
    Ok(stages(conn, tender).await?.pop())
}

/// The opening of a tender, in its last stage, with the row held to the end of the transaction. The caller knows that no
/// further stage begins meanwhile, or asks again.
///
/// # Errors
/// When the database is away.
pub async fn find_locked(tx: &mut Tx<'_>, tender: TenderId) -> Result<Option<Opening>, Problem> {
    let query = openings::table
        .filter(openings::tender_id.eq(tender))
        .order(openings::stage.desc())
        .select(OpeningRow::as_select());
    let row: Option<OpeningRow> = query.for_no_key_update().first(tx.conn()).await.optional()?;
    row.map(Opening::try_from).transpose()
}

/// A share about to be kept.
pub struct NewShare<'a> {
    /// The tender.
    pub tender: TenderId,
    /// Stage of the opening.
    pub stage: u32,
    /// The bid.
    pub bid: BidId,
    /// Clause of the policy.
    pub clause: i32,
    /// Holder.
    pub member: &'a str,
    /// As it was released.
    pub share: &'a str,
    /// Whether with it the clause gives the bid's own key.
    pub completes: bool,
    /// Who released it.
    pub by: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps a released share and answers its row id.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert_share(tx: &mut Tx<'_>, new: &NewShare<'_>) -> Result<Uuid, Problem> {
    let id = Uuid::new_v4();
    diesel::insert_into(opening_shares::table)
        .values((
            opening_shares::id.eq(id),
            opening_shares::tender_id.eq(new.tender),
            opening_shares::stage.eq(stage_of(new.stage)?),
            opening_shares::bid_id.eq(new.bid),
            opening_shares::clause.eq(new.clause),
            opening_shares::member.eq(new.member),
            opening_shares::share.eq(new.share),
            opening_shares::completes.eq(new.completes),
            opening_shares::released_at.eq(new.at),
            opening_shares::released_by.eq(new.by),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

fn stage_of(stage: u32) -> Result<i32, Problem> {
    i32::try_from(stage).map_err(Problem::internal)
}

/// How many envelopes can be opened in a stage by what is released.
///
/// # Errors
/// When the database is away.
pub async fn released(conn: &mut AsyncPgConnection, opening: &Opening) -> Result<i64, Problem> {
    let here =
        opening_shares::tender_id.eq(opening.tender).and(opening_shares::stage.eq(stage_of(opening.stage)?));
    let complete = here.and(opening_shares::completes);
    let bids = diesel::dsl::count(opening_shares::bid_id).aggregate_distinct();
    Ok(opening_shares::table.filter(complete).select(bids).first(conn).await?)
}

/// How many envelopes can be opened in a stage by one of `clauses`, or by a recovery that was ordered for them.
///
/// # Errors
/// When the database is away.
pub async fn openable(
    conn: &mut AsyncPgConnection,
    opening: &Opening,
    clauses: &[i32],
) -> Result<i64, Problem> {
    let ordered = opening_recoveries::table
        .filter(opening_recoveries::tender_id.eq(opening.tender))
        .select(opening_recoveries::bid_id);
    let here =
        opening_shares::tender_id.eq(opening.tender).and(opening_shares::stage.eq(stage_of(opening.stage)?));
    let complete = here.and(opening_shares::completes);
    let counts = opening_shares::clause.eq_any(clauses).or(opening_shares::bid_id.eq_any(ordered));
    let bids = diesel::dsl::count(opening_shares::bid_id).aggregate_distinct();
    Ok(opening_shares::table.filter(complete.and(counts)).select(bids).first(conn).await?)
}

/// A released share as it is kept.
#[derive(QueryableByName)]
#[diesel(table_name = opening_shares)]
pub struct ShareRow {
    /// The bid.
    pub bid_id: Uuid,
    /// Clause of the policy.
    pub clause: i32,
    /// Holder.
    pub member: String,
    /// As it was released.
    pub share: String,
    /// When.
    pub released_at: DateTime<Utc>,
    /// Whether with it the clause gave the bid's own key.
    pub completes: bool,
}

/// Everything released for some bids, first to last.
///
/// # Errors
/// When the database is away.
pub async fn shares_of(mut conn: &AsyncPgConnection, bids: &[BidId]) -> Result<Vec<ShareRow>, Problem> {
    // A join, since `= ANY` may be planned as a walk of the whole table for every batch.
    Ok(statement(
        "SELECT s.bid_id, s.clause, s.member, s.share, s.released_at, s.completes
           FROM unnest($1::uuid[]) AS wanted (bid_id) JOIN opening_shares s ON s.bid_id = wanted.bid_id ORDER BY s.n",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(bids)
    .get_results(&mut conn)
    .await?)
}

/// Keeps the order that a bid may be opened without its bidder, and answers its row id.
///
/// # Errors
/// The database's own, so that the service can name a second order.
pub async fn insert_recovery(
    tx: &mut Tx<'_>,
    tender: TenderId,
    bid: BidId,
    reason: &str,
    by: Uuid,
    at: DateTime<Utc>,
) -> Result<Uuid, diesel::result::Error> {
    let id = Uuid::new_v4();
    diesel::insert_into(opening_recoveries::table)
        .values((
            opening_recoveries::id.eq(id),
            opening_recoveries::tender_id.eq(tender),
            opening_recoveries::bid_id.eq(bid),
            opening_recoveries::reason.eq(reason),
            opening_recoveries::ordered_by.eq(by),
            opening_recoveries::ordered_at.eq(at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// Whether a bid may be opened without its bidder by order.
///
/// # Errors
/// When the database is away.
pub async fn is_recovered(conn: &mut AsyncPgConnection, bid: BidId) -> Result<bool, Problem> {
    let ordered = opening_recoveries::table.filter(opening_recoveries::bid_id.eq(bid));
    Ok(diesel::select(diesel::dsl::exists(ordered)).get_result(conn).await?)
}

/// Bids of a tender that may be opened without their bidders by order, with the reason of each.
///
/// # Errors
/// When the database is away.
pub async fn recoveries(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
) -> Result<HashMap<BidId, String>, Problem> {
    let rows: Vec<(Uuid, String)> = opening_recoveries::table
        .filter(opening_recoveries::tender_id.eq(tender))
        .select((opening_recoveries::bid_id, opening_recoveries::reason))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|(bid, reason)| (BidId(bid), reason)).collect())
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = opened_bids, treat_none_as_default_value = false)]
struct OpenedRow {
    id: Uuid,
    tender_id: TenderId,
    bid_id: BidId,
    bidder_id: OrganisationId,
    seq: i64,
    received_at: DateTime<Utc>,
    released_at: Option<DateTime<Utc>>,
    outcome: String,
    price: Option<Decimal>,
    form: Option<Value>,
    files: Option<Value>,
    failure: Option<String>,
    clause: Option<i32>,
    recovery: Option<String>,
    part: String,
}

impl TryFrom<OpenedRow> for OpenedBid {
    type Error = Problem;

    fn try_from(row: OpenedRow) -> Result<Self, Problem> {
        Ok(Self {
            bid: row.bid_id,
            bidder: row.bidder_id,
            part: row.part.parse().map_err(unreadable("opened_bids.part"))?,
            seq: row.seq,
            received_at: row.received_at,
            released_at: row.released_at,
            outcome: row.outcome.parse().map_err(unreadable("opened_bids.outcome"))?,
            price: row.price.map(Money::yuan).transpose().map_err(unreadable("opened_bids.price"))?,
            form: row.form,
            files: row.files,
            clause: row.clause,
            recovery: row.recovery,
            failure: row.failure,
        })
    }
}

/// A written row and the hash of its content, as the record wants it.
#[derive(QueryableByName)]
pub struct Written {
    /// The row.
    #[diesel(sql_type = sql_types::Uuid)]
    pub id: Uuid,
    /// `audit_content` of it.
    #[diesel(sql_type = sql_types::Binary)]
    pub content: Vec<u8>,
}

/// Writes lines of the opening record in one statement, however many.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert_opened(
    mut conn: &AsyncPgConnection,
    tender: TenderId,
    lines: &[OpenedBid],
) -> Result<Vec<Written>, Problem> {
    fn of<'l, T>(lines: &'l [OpenedBid], field: impl Fn(&'l OpenedBid) -> T) -> Vec<T> {
        lines.iter().map(field).collect()
    }
    let rows = statement(
        "INSERT INTO opened_bids (tender_id, id, bid_id, bidder_id, seq, received_at, released_at, outcome, price, form,
                                  files, failure, clause, recovery, part)
         SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::timestamptz[],
                                  $7::timestamptz[], $8::text[], $9::numeric[], $10::jsonb[], $11::jsonb[], $12::text[],
                                  $13::integer[], $14::text[], $15::text[])
         RETURNING id, audit_content(opened_bids) AS content",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(of(lines, |_| Uuid::new_v4()))
    .bind::<sql_types::Array<sql_types::Uuid>, _>(of(lines, |line| line.bid))
    .bind::<sql_types::Array<sql_types::Uuid>, _>(of(lines, |line| line.bidder))
    .bind::<sql_types::Array<sql_types::BigInt>, _>(of(lines, |line| line.seq))
    .bind::<sql_types::Array<sql_types::Timestamptz>, _>(of(lines, |line| line.received_at))
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Timestamptz>>, _>(of(lines, |line| line.released_at))
    .bind::<sql_types::Array<sql_types::Text>, _>(of(lines, |line| line.outcome.as_ref()))
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Numeric>>, _>(of(lines, |line| {
        line.price.map(Money::value)
    }))
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Jsonb>>, _>(of(lines, |line| line.form.as_ref()))
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Jsonb>>, _>(of(lines, |line| line.files.as_ref()))
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Text>>, _>(of(lines, |line| line.failure.as_deref()))
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Integer>>, _>(of(lines, |line| line.clause))
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Text>>, _>(of(lines, |line| line.recovery.as_deref()))
    .bind::<sql_types::Array<sql_types::Text>, _>(of(lines, |line| line.part.as_ref()))
    .get_results(&mut conn)
    .await?;
    Ok(rows)
}

/// Parts that stay sealed since an earlier stage ended their bids.
///
/// # Errors
/// When the database is away.
pub async fn sealed(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<HashSet<BidId>, Problem> {
    let sealed = opened_bids::outcome.eq(Outcome::Sealed.as_ref());
    let rows: Vec<BidId> = opened_bids::table
        .filter(opened_bids::tender_id.eq(tender).and(sealed))
        .select(opened_bids::bid_id)
        .load(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Every part that is told of, in the order of receipt. Parts that stay sealed have their line from the beginning of their
/// stage on, all others from its end.
///
/// # Errors
/// When the database is away.
pub async fn lines(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<OpenedBid>, Problem> {
    let rows: Vec<OpenedRow> = opened_bids::table
        .filter(opened_bids::tender_id.eq(tender).and(opened_bids::seq.ge(0)))
        .order(opened_bids::seq)
        .select(OpenedRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(OpenedBid::try_from).collect()
}
