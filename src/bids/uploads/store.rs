//! Uploads in the database. Chunks come and go one at a time.

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{
    bids::uploads::{
        model::{Progress, Upload},
        rules,
    },
    kernel::{
        Problem,
        id::{AccountId, BidId, OrganisationId, TenderId, UploadId},
    },
    platform::{
        db::{Tx, unreadable},
        statement::statement,
    },
    seal::Digest,
};

/// Columns of [`UploadRow`].
const COLUMNS: &str = "id, tender_id, bidder_id, part, size, begun_at, sha256, whole_at, bid_id";

#[derive(QueryableByName)]
struct UploadRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: UploadId,
    #[diesel(sql_type = sql_types::Uuid)]
    tender_id: TenderId,
    #[diesel(sql_type = sql_types::Uuid)]
    bidder_id: OrganisationId,
    #[diesel(sql_type = sql_types::Text)]
    part: String,
    #[diesel(sql_type = sql_types::Integer)]
    size: i32,
    #[diesel(sql_type = sql_types::Timestamptz)]
    begun_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Binary>)]
    sha256: Option<Vec<u8>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    whole_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    bid_id: Option<BidId>,
}

fn digest(bytes: Vec<u8>, place: &'static str) -> Result<Digest, Problem> {
    bytes.try_into().map(Digest).map_err(unreadable::<Vec<u8>>(place))
}

impl TryFrom<UploadRow> for Upload {
    type Error = Problem;

    fn try_from(row: UploadRow) -> Result<Self, Problem> {
        let progress = match (row.sha256, row.whole_at, row.bid_id) {
            (None, None, None) => Progress::Receiving,
            (Some(bytes), Some(at), bid) => {
                let sha256 = digest(bytes, "bid_uploads.sha256")?;
                match bid {
                    Some(bid) => Progress::Submitted { sha256, at, bid },
                    None => Progress::Whole { sha256, at },
                }
            }
            half => return Err(unreadable("bid_uploads")(half)),
        };
        Ok(Self {
            id: row.id,
            tender: row.tender_id,
            bidder: row.bidder_id,
            part: row.part,
            size: u64::try_from(row.size).map_err(unreadable("bid_uploads.size"))?,
            begun_at: row.begun_at,
            progress,
        })
    }
}

/// Number of a chunk, and of chunks, as the database counts.
fn counted(n: u32) -> Result<i32, Problem> {
    i32::try_from(n).map_err(Problem::internal)
}

/// Begins an upload in a free place of the quota; answers whether there was one. Two of one bidder wait for each other.
///
/// # Errors
/// When the database is away.
pub async fn insert(tx: &mut Tx<'_>, upload: &Upload, by: AccountId) -> Result<bool, Problem> {
    statement("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind::<sql_types::Text, _>(format!("uploads {} {}", upload.tender, upload.bidder))
        .execute(tx.conn())
        .await?;
    let begun = statement(
        "INSERT INTO bid_uploads (id, tender_id, bidder_id, part, size, begun_at, begun_by, slot)
         SELECT $1, $2, $3, $4, $5, $6, $7, slot FROM generate_series(1, $8) AS slot
          WHERE NOT EXISTS (SELECT FROM bid_uploads o WHERE o.tender_id = $2 AND o.bidder_id = $3
                              AND o.bid_id IS NULL AND o.slot = slot.slot)
          ORDER BY slot LIMIT 1",
    )
    .bind::<sql_types::Uuid, _>(upload.id)
    .bind::<sql_types::Uuid, _>(upload.tender)
    .bind::<sql_types::Uuid, _>(upload.bidder)
    .bind::<sql_types::Text, _>(&upload.part)
    .bind::<sql_types::Integer, _>(i32::try_from(upload.size).map_err(Problem::internal)?)
    .bind::<sql_types::Timestamptz, _>(upload.begun_at)
    .bind::<sql_types::Uuid, _>(by)
    .bind::<sql_types::Integer, _>(rules::OPEN_UPLOADS)
    .execute(tx.conn())
    .await?;
    Ok(begun == 1)
}

/// An upload by its id.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut AsyncPgConnection, id: UploadId) -> Result<Option<Upload>, Problem> {
    one(conn, &format!("SELECT {COLUMNS} FROM bid_uploads WHERE id = $1"), id).await
}

/// The same, and nobody else changes it before this transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn lock(tx: &mut Tx<'_>, id: UploadId) -> Result<Option<Upload>, Problem> {
    one(tx.conn(), &format!("SELECT {COLUMNS} FROM bid_uploads WHERE id = $1 FOR NO KEY UPDATE"), id).await
}

async fn one(conn: &mut AsyncPgConnection, sql: &str, id: UploadId) -> Result<Option<Upload>, Problem> {
    let row: Option<UploadRow> =
        statement(sql.to_owned()).bind::<sql_types::Uuid, _>(id).get_result(conn).await.optional()?;
    row.map(Upload::try_from).transpose()
}

/// A bidder's uploads for a tender that serve no bid yet, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn open_of(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    bidder: OrganisationId,
) -> Result<Vec<Upload>, Problem> {
    let rows: Vec<UploadRow> = statement(format!(
        "SELECT {COLUMNS} FROM bid_uploads WHERE tender_id = $1 AND bidder_id = $2 AND bid_id IS NULL
          ORDER BY begun_at, id"
    ))
    .bind::<sql_types::Uuid, _>(tender)
    .bind::<sql_types::Uuid, _>(bidder)
    .get_results(conn)
    .await?;
    rows.into_iter().map(Upload::try_from).collect()
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = sql_types::Integer)]
    n: i32,
}

/// Numbers of the chunks that are still to come.
///
/// # Errors
/// When the database is away.
pub async fn missing(conn: &mut AsyncPgConnection, upload: &Upload) -> Result<Vec<u32>, Problem> {
    if upload.payload().is_some() {
        return Ok(Vec::new());
    }
    let rows: Vec<Number> = statement(
        "SELECT n FROM generate_series(0, $2 - 1) AS n
          WHERE NOT EXISTS (SELECT FROM bid_chunks c WHERE c.upload_id = $1 AND c.n = n.n) ORDER BY n",
    )
    .bind::<sql_types::Uuid, _>(upload.id)
    .bind::<sql_types::Integer, _>(counted(rules::chunks(upload.size))?)
    .get_results(conn)
    .await?;
    rows.into_iter().map(|row| u32::try_from(row.n).map_err(unreadable("bid_chunks.n"))).collect()
}

#[derive(QueryableByName)]
struct HashRow {
    #[diesel(sql_type = sql_types::Binary)]
    sha256: Vec<u8>,
}

/// SHA-256 of a chunk that is there.
///
/// # Errors
/// When the database is away.
pub async fn chunk_digest(
    conn: &mut AsyncPgConnection,
    upload: UploadId,
    n: u32,
) -> Result<Option<[u8; 32]>, Problem> {
    let row: Option<HashRow> = statement("SELECT sha256 FROM bid_chunks WHERE upload_id = $1 AND n = $2")
        .bind::<sql_types::Uuid, _>(upload)
        .bind::<sql_types::Integer, _>(counted(n)?)
        .get_result(conn)
        .await
        .optional()?;
    row.map(|row| digest(row.sha256, "bid_chunks.sha256").map(|digest| digest.0)).transpose()
}

/// Keeps a chunk in the place of whatever was there.
///
/// # Errors
/// When the database is away.
pub async fn put_chunk(
    tx: &mut Tx<'_>,
    upload: UploadId,
    n: u32,
    sha256: [u8; 32],
    bytes: &[u8],
) -> Result<(), Problem> {
    statement(
        "INSERT INTO bid_chunks (upload_id, n, sha256, bytes) VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT bid_chunks_once DO UPDATE SET sha256 = excluded.sha256, bytes = excluded.bytes",
    )
    .bind::<sql_types::Uuid, _>(upload)
    .bind::<sql_types::Integer, _>(counted(n)?)
    .bind::<sql_types::Binary, _>(sha256.as_slice())
    .bind::<sql_types::Binary, _>(bytes)
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct BytesRow {
    #[diesel(sql_type = sql_types::Binary)]
    bytes: Vec<u8>,
}

/// One chunk.
///
/// # Errors
/// When the database is away or there is no such chunk.
pub async fn chunk(mut conn: &AsyncPgConnection, upload: UploadId, n: u32) -> Result<Vec<u8>, Problem> {
    let row: BytesRow = statement("SELECT bytes FROM bid_chunks WHERE upload_id = $1 AND n = $2")
        .bind::<sql_types::Uuid, _>(upload)
        .bind::<sql_types::Integer, _>(counted(n)?)
        .get_result(&mut conn)
        .await?;
    Ok(row.bytes)
}

/// Notes the hash of an upload that is whole.
///
/// # Errors
/// When the database is away.
pub async fn set_whole(
    tx: &mut Tx<'_>,
    upload: UploadId,
    sha256: [u8; 32],
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    statement("UPDATE bid_uploads SET sha256 = $2, whole_at = $3 WHERE id = $1")
        .bind::<sql_types::Uuid, _>(upload)
        .bind::<sql_types::Binary, _>(sha256.as_slice())
        .bind::<sql_types::Timestamptz, _>(at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Gives uploads to bids written in this transaction, where they are the bidder's own, whole, what the envelope says,
/// and serve no other; answers how many were given.
///
/// # Errors
/// When the database is away.
pub async fn give(mut conn: &AsyncPgConnection, pairs: &[(UploadId, BidId)]) -> Result<usize, Problem> {
    Ok(statement(
        "UPDATE bid_uploads u SET bid_id = b.id
           FROM unnest($1::uuid[], $2::uuid[]) AS asked (upload, bid) JOIN bids b ON b.id = asked.bid
          WHERE u.id = asked.upload AND u.bid_id IS NULL AND u.tender_id = b.tender_id
            AND u.bidder_id = b.bidder_id AND u.part = b.part
            AND u.sha256 = b.payload_sha256 AND u.size = b.payload_size",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(pairs.iter().map(|pair| pair.0).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(pairs.iter().map(|pair| pair.1).collect::<Vec<_>>())
    .execute(&mut conn)
    .await?)
}

/// The upload that a bid has taken over.
///
/// # Errors
/// When the database is away or there is none.
pub async fn of_bid(mut conn: &AsyncPgConnection, bid: BidId) -> Result<Upload, Problem> {
    let row: UploadRow = statement(format!("SELECT {COLUMNS} FROM bid_uploads WHERE bid_id = $1"))
        .bind::<sql_types::Uuid, _>(bid)
        .get_result(&mut conn)
        .await?;
    row.try_into()
}

/// Removes an upload that serves no bid.
///
/// # Errors
/// When the database is away.
pub async fn delete(tx: &mut Tx<'_>, upload: UploadId) -> Result<(), Problem> {
    for sql in ["DELETE FROM bid_chunks WHERE upload_id = $1", "DELETE FROM bid_uploads WHERE id = $1"] {
        statement(sql).bind::<sql_types::Uuid, _>(upload).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Removes every upload for a tender that serves no bid; answers how many there were.
///
/// # Errors
/// When the database is away.
pub async fn delete_idle(tx: &mut Tx<'_>, tender: TenderId) -> Result<usize, Problem> {
    let idle = "SELECT id FROM bid_uploads WHERE tender_id = $1 AND bid_id IS NULL FOR UPDATE";
    let sql = format!(
        "WITH idle AS MATERIALIZED ({idle}) DELETE FROM bid_chunks c USING idle WHERE c.upload_id = idle.id"
    );
    statement(sql).bind::<sql_types::Uuid, _>(tender).execute(tx.conn()).await?;
    Ok(statement("DELETE FROM bid_uploads WHERE tender_id = $1 AND bid_id IS NULL")
        .bind::<sql_types::Uuid, _>(tender)
        .execute(tx.conn())
        .await?)
}
