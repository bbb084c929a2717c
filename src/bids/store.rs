//! Bids in the database. Writes come in sets: one statement, however many submissions share a transaction.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension, QueryableByName,
    result::{DatabaseErrorKind, Error as DieselError},
    sql_types,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    bids::{
        intake::Submission,
        model::{AtClose, Bid, BidLine, BidState, LastBid, Outside},
        rules,
    },
    kernel::{
        Problem,
        id::{AccountId, BidId, OrganisationId, TenderId},
    },
    platform::{
        db::{Tx, unreadable},
        http::Cursor,
        statement::statement,
    },
    seal::{Digest, Envelope, Last, Nonce, Verdict},
    tenders::Part,
};

/// Columns of [`BidRow`]. The envelope comes as text: it is read once, into its own shape.
const COLUMNS: &str =
    "id, tender_id, bidder_id, envelope::text AS envelope, envelope_sha256, seq, state, accepted_at, submitted_by,
    coalesce(superseded_at, withdrawn_at, incomplete_at, revoked_at) AS ended_at, revoked_reason";

#[derive(QueryableByName)]
struct BidRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: BidId,
    #[diesel(sql_type = sql_types::Uuid)]
    tender_id: TenderId,
    #[diesel(sql_type = sql_types::Uuid)]
    bidder_id: OrganisationId,
    #[diesel(sql_type = sql_types::Text)]
    envelope: String,
    #[diesel(sql_type = sql_types::Binary)]
    envelope_sha256: Vec<u8>,
    #[diesel(sql_type = sql_types::BigInt)]
    seq: i64,
    #[diesel(sql_type = sql_types::Text)]
    state: String,
    #[diesel(sql_type = sql_types::Timestamptz)]
    accepted_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Uuid)]
    submitted_by: AccountId,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    ended_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    revoked_reason: Option<String>,
}

fn digest(bytes: Vec<u8>, place: &'static str) -> Result<[u8; 32], Problem> {
    bytes.try_into().map_err(unreadable::<Vec<u8>>(place))
}

fn envelope_of(text: &str) -> Result<Envelope, Problem> {
    serde_json::from_str(text).map_err(unreadable("bids.envelope"))
}

fn state_of(text: &str) -> Result<BidState, Problem> {
    text.parse().map_err(unreadable("bids.state"))
}

impl TryFrom<BidRow> for Bid {
    type Error = Problem;

    fn try_from(row: BidRow) -> Result<Self, Problem> {
        let envelope = envelope_of(&row.envelope)?;
        Ok(Self {
            id: row.id,
            tender: row.tender_id,
            bidder: row.bidder_id,
            part: Part::of(&envelope.part)?,
            envelope,
            digest: Digest(digest(row.envelope_sha256, "bids.envelope_sha256")?),
            seq: row.seq,
            state: state_of(&row.state)?,
            accepted_at: row.accepted_at,
            submitted_by: row.submitted_by,
            ended_at: row.ended_at,
            revoked_reason: row.revoked_reason,
        })
    }
}

/// A bid by its id.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut AsyncPgConnection, id: BidId) -> Result<Option<Bid>, Problem> {
    let row: Option<BidRow> = statement(format!("SELECT {COLUMNS} FROM bids WHERE id = $1"))
        .bind::<sql_types::Uuid, _>(id)
        .get_result(conn)
        .await
        .optional()?;
    row.map(Bid::try_from).transpose()
}

/// What stands or stood at the close: in force, incomplete, or revoked after it; in order of acceptance.
///
/// # Errors
/// When the database is away.
pub async fn stood(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Bid>, Problem> {
    let rows: Vec<BidRow> = statement(format!(
        "SELECT {COLUMNS} FROM bids WHERE tender_id = $1 AND state IN ('accepted', 'incomplete', 'revoked')
          ORDER BY seq"
    ))
    .bind::<sql_types::Uuid, _>(tender)
    .get_results(conn)
    .await?;
    rows.into_iter().map(Bid::try_from).collect()
}

#[derive(QueryableByName)]
struct OutsideRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: BidId,
    #[diesel(sql_type = sql_types::Uuid)]
    bidder_id: OrganisationId,
    #[diesel(sql_type = sql_types::Text)]
    part: String,
    #[diesel(sql_type = sql_types::BigInt)]
    seq: i64,
    #[diesel(sql_type = sql_types::Text)]
    state: String,
    #[diesel(sql_type = sql_types::Timestamptz)]
    accepted_at: DateTime<Utc>,
}

impl TryFrom<OutsideRow> for Outside {
    type Error = Problem;

    fn try_from(row: OutsideRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            bidder: row.bidder_id,
            part: row.part.parse().map_err(unreadable("bids.part"))?,
            seq: row.seq,
            state: state_of(&row.state)?,
            accepted_at: row.accepted_at,
        })
    }
}

/// The outsides of what was complete at the close, in order of acceptance.
///
/// # Errors
/// When the database is away.
pub async fn outsides(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Outside>, Problem> {
    let rows: Vec<OutsideRow> = statement(
        "SELECT id, bidder_id, part, seq, state, accepted_at FROM bids
          WHERE tender_id = $1 AND state IN ('accepted', 'revoked') ORDER BY seq",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .get_results(conn)
    .await?;
    rows.into_iter().map(Outside::try_from).collect()
}

#[derive(QueryableByName)]
struct EnvelopeRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: BidId,
    #[diesel(sql_type = sql_types::Text)]
    envelope: String,
}

/// The envelopes of some bids.
///
/// # Errors
/// When the database is away.
pub async fn envelopes(
    mut conn: &AsyncPgConnection,
    ids: &[BidId],
) -> Result<HashMap<BidId, Envelope>, Problem> {
    let rows: Vec<EnvelopeRow> =
        statement("SELECT id, envelope::text AS envelope FROM bids WHERE id = ANY($1)")
            .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
            .get_results(&mut conn)
            .await?;
    rows.into_iter().map(|row| Ok((row.id, envelope_of(&row.envelope)?))).collect()
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: BidId,
    #[diesel(sql_type = sql_types::Uuid)]
    tender_id: TenderId,
    #[diesel(sql_type = sql_types::Text)]
    part: String,
    #[diesel(sql_type = sql_types::Integer)]
    revision: i32,
    #[diesel(sql_type = sql_types::Text)]
    state: String,
    #[diesel(sql_type = sql_types::Timestamptz)]
    accepted_at: DateTime<Utc>,
}

/// One page of a bidder's own bids, newest first; one row more than `limit` tells that there are further.
///
/// # Errors
/// When the database is away.
pub async fn list(
    conn: &mut AsyncPgConnection,
    bidder: OrganisationId,
    tender: Option<TenderId>,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<BidLine>, Problem> {
    let rows: Vec<LineRow> = statement(
        "SELECT id, tender_id, part, revision, state, accepted_at FROM bids
          WHERE bidder_id = $1 AND ($2 IS NULL OR tender_id = $2)
            AND ($3 IS NULL OR (accepted_at, id) < ($3, $4))
          ORDER BY accepted_at DESC, id DESC LIMIT $5 + 1",
    )
    .bind::<sql_types::Uuid, _>(bidder)
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(tender)
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(cursor.map(|cursor| cursor.at))
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(cursor.map(|cursor| cursor.id))
    .bind::<sql_types::BigInt, _>(limit)
    .get_results(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(BidLine {
                id: row.id,
                tender_id: row.tender_id,
                part: row.part,
                revision: u32::try_from(row.revision).map_err(unreadable("bids.revision"))?,
                state: state_of(&row.state)?,
                accepted_at: row.accepted_at,
                missing_parts: Vec::new(),
            })
        })
        .collect()
}

#[derive(QueryableByName)]
struct LastRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: BidId,
    #[diesel(sql_type = sql_types::Uuid)]
    bidder_id: OrganisationId,
    #[diesel(sql_type = sql_types::Text)]
    state: String,
    #[diesel(sql_type = sql_types::Integer)]
    revision: i32,
    #[diesel(sql_type = sql_types::Binary)]
    envelope_sha256: Vec<u8>,
    #[diesel(sql_type = sql_types::Text)]
    bid_key: String,
    #[diesel(sql_type = sql_types::Binary)]
    nonce: Vec<u8>,
}

/// The last bids of these bidders, each of its part in `parts`, in a tender with one lot, withdrawn or not. Call it
/// behind the intake's lock.
///
/// # Errors
/// When the database is away.
pub async fn last_of(
    mut conn: &AsyncPgConnection,
    tender: TenderId,
    bidders: &[OrganisationId],
    parts: &[&str],
) -> Result<Vec<LastBid>, Problem> {
    // One look at the end of `bids_revision_once` for each bidder.
    let rows: Vec<LastRow> = statement(
        "SELECT last.* FROM unnest($2::uuid[], $3::text[]) AS asked (bidder, part), LATERAL (
             SELECT id, bidder_id, state, revision, envelope_sha256, bid_key, nonce FROM bids
              WHERE tender_id = $1 AND lot = '1' AND part = asked.part AND bidder_id = asked.bidder
              ORDER BY revision DESC LIMIT 1) AS last",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(bidders)
    .bind::<sql_types::Array<sql_types::Text>, _>(parts)
    .get_results(&mut conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(LastBid {
                id: row.id,
                bidder: row.bidder_id,
                state: state_of(&row.state)?,
                last: Last {
                    revision: u32::try_from(row.revision).map_err(unreadable("bids.revision"))?,
                    digest: Digest(digest(row.envelope_sha256, "bids.envelope_sha256")?),
                    bid_key: row.bid_key,
                    nonce: Nonce(digest(row.nonce, "bids.nonce")?),
                },
            })
        })
        .collect()
}

/// A bid about to be written.
#[derive(Debug, Clone, Copy)]
pub struct NewRow<'a> {
    /// Its id.
    pub id: BidId,
    /// Its order number.
    pub seq: i64,
    /// What was handed in.
    pub submission: &'a Submission,
    /// The bid whose place it takes.
    pub replaces: Option<BidId>,
}

/// The refusal that a broken constraint of this room means; anything else is a fault.
fn refused(error: DieselError) -> Problem {
    let constraint = match &error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) => {
            information.constraint_name()
        }
        _ => None,
    };
    match constraint {
        Some("bids_payload_once" | "bids_key_once") => rules::duplicate().into(),
        _ => error.into(),
    }
}

/// Contents of written rows, as the record names them.
pub type Contents = HashMap<BidId, Vec<u8>>;

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = sql_types::Uuid)]
    id: BidId,
    #[diesel(sql_type = sql_types::Binary)]
    content: Vec<u8>,
}

/// Ends the bids whose place others take, at `at`.
///
/// # Errors
/// When the database is away.
pub async fn supersede(
    mut conn: &AsyncPgConnection,
    at: DateTime<Utc>,
    replaced: Vec<BidId>,
) -> Result<Contents, Problem> {
    if replaced.is_empty() {
        return Ok(Contents::new());
    }
    let rows: Vec<Written> = statement(
        "UPDATE bids SET state = 'superseded', superseded_at = $2 WHERE id = ANY($1)
         RETURNING id, audit_content(bids) AS content",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(replaced)
    .bind::<sql_types::Timestamptz, _>(at)
    .get_results(&mut conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.content)).collect())
}

fn as_integer<T: TryInto<i32>>(number: T) -> Result<i32, Problem> {
    number.try_into().map_err(|_| Problem::internal(anyhow::anyhow!("a number of an envelope is too great")))
}

/// Writes bids with their ciphertexts.
///
/// # Errors
/// `bid-duplicate` for a ciphertext or key already taken in; when the database is away.
pub async fn insert(
    mut conn: &AsyncPgConnection,
    tender: TenderId,
    at: DateTime<Utc>,
    rows: &[NewRow<'_>],
) -> Result<Contents, Problem> {
    let envelopes =
        rows.iter().map(|row| serde_json::to_value(&row.submission.envelope).map_err(Problem::internal));
    let envelopes = envelopes.collect::<Result<Vec<_>, _>>()?;
    let numbers = rows.iter().map(|row| {
        let envelope = &row.submission.envelope;
        Ok((as_integer(envelope.revision)?, as_integer(envelope.payload.size)?))
    });
    let (revisions, sizes): (Vec<i32>, Vec<i32>) =
        numbers.collect::<Result<Vec<_>, Problem>>()?.into_iter().unzip();
    let written: Vec<Written> = statement(
        "WITH taken AS (
             INSERT INTO bids (tender_id, lot, state, accepted_at, id, bidder_id, revision, prev_sha256,
                               envelope, envelope_sha256, payload_sha256, payload_size, bid_key, nonce, seq,
                               submitted_by, part)
             SELECT $1, '1', 'accepted', $2, *
               FROM unnest($3::uuid[], $4::uuid[], $5::integer[], $6::bytea[], $7::jsonb[], $8::bytea[],
                           $9::bytea[], $10::integer[], $11::text[], $12::bytea[], $13::bigint[], $14::uuid[],
                           $16::text[])
             RETURNING id, audit_content(bids) AS content),
         sealed AS (
             INSERT INTO bid_ciphertexts (bid_id, bytes)
             SELECT * FROM unnest($3::uuid[], $15::bytea[]) AS came (bid_id, bytes) WHERE bytes IS NOT NULL)
         SELECT id, content FROM taken",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .bind::<sql_types::Timestamptz, _>(at)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(
        rows.iter().map(|row| row.submission.bidder).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Integer>, _>(revisions)
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Binary>>, _>(
        rows.iter()
            .map(|row| row.submission.envelope.prev.as_ref().map(|prev| prev.0.as_slice()))
            .collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Jsonb>, _>(envelopes)
    .bind::<sql_types::Array<sql_types::Binary>, _>(
        rows.iter().map(|row| row.submission.digest.0.as_slice()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Binary>, _>(
        rows.iter().map(|row| row.submission.envelope.payload.sha256.0.as_slice()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Integer>, _>(sizes)
    .bind::<sql_types::Array<sql_types::Text>, _>(
        rows.iter().map(|row| row.submission.envelope.bid_key.as_str()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Binary>, _>(
        rows.iter().map(|row| row.submission.envelope.nonce.0.as_slice()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::BigInt>, _>(rows.iter().map(|row| row.seq).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(
        rows.iter().map(|row| row.submission.account).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Binary>>, _>(
        rows.iter().map(|row| row.submission.ciphertext.inline()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(
        rows.iter().map(|row| row.submission.envelope.part.as_str()).collect::<Vec<_>>(),
    )
    .get_results(&mut conn)
    .await
    .map_err(refused)?;
    Ok(written.into_iter().map(|row| (row.id, row.content)).collect())
}

/// What a receipt was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A bid.
    Bid(BidId),
    /// What never became one, of this bidder.
    Refused(OrganisationId),
}

/// A receipt to keep.
#[derive(Debug, Clone, Copy)]
pub struct NewReceipt<'a> {
    /// What it was given for.
    pub about: About,
    /// The signed note.
    pub text: &'a str,
}

impl NewReceipt<'_> {
    fn bid(&self) -> Option<BidId> {
        match self.about {
            About::Bid(bid) => Some(bid),
            About::Refused(_) => None,
        }
    }

    fn bidder(&self) -> Option<OrganisationId> {
        match self.about {
            About::Bid(_) => None,
            About::Refused(bidder) => Some(bidder),
        }
    }
}

/// Keeps receipts of one kind.
///
/// # Errors
/// When the database is away.
pub async fn insert_receipts(
    mut conn: &AsyncPgConnection,
    tender: TenderId,
    at: DateTime<Utc>,
    kind: Verdict,
    receipts: &[NewReceipt<'_>],
) -> Result<(), Problem> {
    let ids: Vec<Uuid> = receipts.iter().map(|_| Uuid::new_v4()).collect();
    // Tender and bidder of a bid stand with the bid.
    let place = |one: &NewReceipt<'_>| one.bidder().map(|_| tender);
    statement(
        "INSERT INTO bid_receipts (kind, given_at, id, bid_id, tender_id, bidder_id, text)
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[])",
    )
    .bind::<sql_types::Text, _>(kind.as_ref())
    .bind::<sql_types::Timestamptz, _>(at)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
        receipts.iter().map(NewReceipt::bid).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
        receipts.iter().map(place).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
        receipts.iter().map(NewReceipt::bidder).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(receipts.iter().map(|one| one.text).collect::<Vec<_>>())
    .execute(&mut conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = sql_types::Text)]
    text: String,
}

/// The last receipt given for a bid.
///
/// # Errors
/// When the database is away.
pub async fn last_receipt(conn: &mut AsyncPgConnection, bid: BidId) -> Result<Option<String>, Problem> {
    let row: Option<TextRow> = statement(
        "SELECT text FROM bid_receipts WHERE bid_id = $1 AND kind IN ('ACCEPTED', 'WITHDRAWN')
          ORDER BY given_at DESC, kind DESC LIMIT 1",
    )
    .bind::<sql_types::Uuid, _>(bid)
    .get_result(conn)
    .await
    .optional()?;
    Ok(row.map(|row| row.text))
}

/// Ends a standing bid by its bidder's signed note.
///
/// # Errors
/// When the database is away.
pub async fn set_withdrawn(
    tx: &mut Tx<'_>,
    bid: BidId,
    at: DateTime<Utc>,
    note: Value,
) -> Result<(), Problem> {
    statement("UPDATE bids SET state = 'withdrawn', withdrawn_at = $2, withdrawal = $3 WHERE id = $1")
        .bind::<sql_types::Uuid, _>(bid)
        .bind::<sql_types::Timestamptz, _>(at)
        .bind::<sql_types::Jsonb, _>(note)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends bids that stand in closed tenders (撤销); answers those that did.
///
/// # Errors
/// When the database is away.
pub async fn set_revoked(
    mut conn: &AsyncPgConnection,
    bids: &[BidId],
    at: DateTime<Utc>,
    reason: &str,
) -> Result<Contents, Problem> {
    let rows: Vec<Written> = statement(
        "UPDATE bids SET state = 'revoked', revoked_at = $2, revoked_reason = $3
           FROM tenders t
          WHERE bids.id = ANY($1) AND state = 'accepted' AND t.id = tender_id AND t.closed_at IS NOT NULL
         RETURNING bids.id, audit_content(bids) AS content",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(bids)
    .bind::<sql_types::Timestamptz, _>(at)
    .bind::<sql_types::Text, _>(reason)
    .get_results(&mut conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.content)).collect())
}

#[derive(QueryableByName)]
struct BytesRow {
    #[diesel(sql_type = sql_types::Binary)]
    bytes: Vec<u8>,
}

/// A bid's ciphertext where it came with its submission; none where it was uploaded.
///
/// # Errors
/// When the database is away.
pub async fn ciphertext(conn: &mut AsyncPgConnection, bid: BidId) -> Result<Option<Vec<u8>>, Problem> {
    let row: Option<BytesRow> = statement("SELECT bytes FROM bid_ciphertexts WHERE bid_id = $1")
        .bind::<sql_types::Uuid, _>(bid)
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(|row| row.bytes))
}

#[derive(QueryableByName)]
struct CiphertextRow {
    #[diesel(sql_type = sql_types::Uuid)]
    bid_id: BidId,
    #[diesel(sql_type = sql_types::Binary)]
    bytes: Vec<u8>,
}

/// [`ciphertext`] of many bids in one turn; those that were uploaded are left out.
///
/// # Errors
/// When the database is away.
pub async fn ciphertexts(
    mut conn: &AsyncPgConnection,
    bids: &[BidId],
) -> Result<HashMap<BidId, Vec<u8>>, Problem> {
    let rows: Vec<CiphertextRow> =
        statement("SELECT bid_id, bytes FROM bid_ciphertexts WHERE bid_id = ANY($1)")
            .bind::<sql_types::Array<sql_types::Uuid>, _>(bids)
            .get_results(&mut conn)
            .await?;
    Ok(rows.into_iter().map(|row| (row.bid_id, row.bytes)).collect())
}

#[derive(QueryableByName)]
struct AtCloseRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: BidId,
    #[diesel(sql_type = sql_types::Uuid)]
    bidder_id: OrganisationId,
    #[diesel(sql_type = sql_types::Text)]
    part: String,
    #[diesel(sql_type = sql_types::Binary)]
    envelope_sha256: Vec<u8>,
}

/// What stands at the close, in order of acceptance.
///
/// # Errors
/// When the database is away.
pub async fn at_close(tx: &mut Tx<'_>, tender: TenderId) -> Result<Vec<AtClose>, Problem> {
    let rows: Vec<AtCloseRow> = statement(
        "SELECT id, bidder_id, part, envelope_sha256 FROM bids
          WHERE tender_id = $1 AND state = 'accepted' ORDER BY seq",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .get_results(tx.conn())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AtClose {
                id: row.id,
                bidder: row.bidder_id,
                part: row.part.parse().map_err(unreadable("bids.part"))?,
                digest: digest(row.envelope_sha256, "bids.envelope_sha256")?,
            })
        })
        .collect()
}

/// 视为撤回: ends parts whose bids are not complete at the close.
///
/// # Errors
/// When the database is away.
pub async fn set_incomplete(tx: &mut Tx<'_>, bids: &[BidId], at: DateTime<Utc>) -> Result<(), Problem> {
    statement(
        "UPDATE bids SET state = 'incomplete', incomplete_at = $2 WHERE id = ANY($1) AND state = 'accepted'",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(bids)
    .bind::<sql_types::Timestamptz, _>(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct PartRow {
    #[diesel(sql_type = sql_types::Text)]
    part: String,
}

/// Parts of a bidder's bid that stand, or stood at the close.
///
/// # Errors
/// When the database is away.
pub async fn parts_of(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    bidder: OrganisationId,
) -> Result<Vec<Part>, Problem> {
    let rows: Vec<PartRow> = statement(
        "SELECT part FROM bids
          WHERE tender_id = $1 AND bidder_id = $2 AND state IN ('accepted', 'incomplete', 'revoked')",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .bind::<sql_types::Uuid, _>(bidder)
    .get_results(conn)
    .await?;
    rows.into_iter().map(|row| row.part.parse().map_err(unreadable("bids.part"))).collect()
}
