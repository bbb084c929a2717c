//! The log's tree in the database: logs, leaves, hashes, checkpoints and cosignatures. Rows are only inserted.

use std::{collections::HashMap, ops::Range};

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

use super::merkle::{Edge, Hash, Head, Node, cover, fold, leaf_hash, stored_count};
use crate::{
    kernel::{
        Problem,
        note::{Cosignature, KeyName},
    },
    platform::{
        db::{Tx, unreadable},
        statement::statement,
    },
};

/// Which log of the hall: they follow one another, and only the last grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// 1 for the first.
    pub log: i16,
    /// Its name, such as `tenderhall.152500/log1`.
    pub origin: KeyName,
    /// What its entry 0 says, where it succeeds another log.
    pub succession: Option<Succession>,
}

/// Why a log follows another, and on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// Note of the last known checkpoint of the log before.
    pub note: String,
    /// Why that log could not go on.
    pub reason: String,
}

impl Succession {
    /// The skeleton of entry 0.
    pub fn skeleton(&self) -> Value {
        json!({"v": 1, "class": "log.succeeds", "checkpoint": self.note, "reason": self.reason})
    }
}

/// The skeleton of a leaf that stands for nothing, so that the growth of the tree tells nothing.
pub fn padding(nonce: &[u8]) -> Value {
    json!({"v": 1, "class": "padding", "nonce": hex::encode(nonce)})
}

/// Leaf of a skeleton.
///
/// # Errors
/// When canonical JSON cannot be written, which is a fault.
pub fn leaf_of(skeleton: &Value) -> Result<Hash, Problem> {
    Ok(leaf_hash(&serde_json_canonicalizer::to_vec(skeleton).map_err(Problem::internal)?))
}

/// A checkpoint as signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Size and root.
    pub head: Head,
    /// The note.
    pub note: String,
    /// How long ago it was signed, in milliseconds.
    pub age: i64,
}

#[derive(QueryableByName)]
struct BookRow {
    #[diesel(sql_type = sql_types::SmallInt)]
    log: i16,
    #[diesel(sql_type = sql_types::Text)]
    origin: String,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    succeeds: Option<String>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    reason: Option<String>,
}

#[derive(QueryableByName)]
struct SignedRow {
    #[diesel(sql_type = sql_types::BigInt)]
    size: i64,
    #[diesel(sql_type = sql_types::Binary)]
    root: Vec<u8>,
    #[diesel(sql_type = sql_types::Text)]
    note: String,
    #[diesel(sql_type = sql_types::BigInt)]
    age: i64,
}

#[derive(QueryableByName)]
struct HashRow {
    #[diesel(sql_type = sql_types::BigInt)]
    idx: i64,
    #[diesel(sql_type = sql_types::Binary)]
    hash: Vec<u8>,
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = sql_types::BigInt)]
    idx: i64,
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = sql_types::Text)]
    line: String,
    #[diesel(sql_type = sql_types::Timestamptz)]
    at: DateTime<Utc>,
}

/// A number as PostgreSQL keeps it.
pub(super) fn signed(number: u64) -> Result<i64, Problem> {
    i64::try_from(number).map_err(Problem::internal)
}

fn unsigned(number: i64) -> Result<u64, Problem> {
    u64::try_from(number).map_err(Problem::internal)
}

fn hash_of(bytes: Vec<u8>) -> Result<Hash, Problem> {
    bytes.try_into().map_err(|_| Problem::internal(anyhow::anyhow!("a hash of another length")))
}

/// The logs, the last one last.
///
/// # Errors
/// When the database is away.
pub async fn books(conn: &mut AsyncPgConnection) -> Result<Vec<Book>, Problem> {
    let rows: Vec<BookRow> = statement("SELECT log, origin, succeeds, reason FROM log_book ORDER BY log")
        .get_results(conn)
        .await?;
    let book = |row: BookRow| {
        let succession = row.succeeds.zip(row.reason).map(|(note, reason)| Succession { note, reason });
        let origin = row.origin.parse::<KeyName>().map_err(anyhow::Error::msg);
        Ok(Book { log: row.log, origin: origin.map_err(Problem::internal)?, succession })
    };
    rows.into_iter().map(book).collect()
}

/// Begins a log, unless another instance has just done so.
///
/// # Errors
/// When the database is away.
pub async fn begin(tx: &mut Tx<'_>, book: &Book) -> Result<(), Problem> {
    let Book { log, origin, succession } = book;
    statement(
        "INSERT INTO log_book (log, origin, succeeds, reason) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind::<sql_types::SmallInt, _>(*log)
    .bind::<sql_types::Text, _>(origin.as_str())
    .bind::<sql_types::Nullable<sql_types::Text>, _>(succession.as_ref().map(|one| one.note.as_str()))
    .bind::<sql_types::Nullable<sql_types::Text>, _>(succession.as_ref().map(|one| one.reason.as_str()))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The newest checkpoint, or that of `size`.
///
/// # Errors
/// When the database is away.
pub async fn checkpoint(
    conn: &mut AsyncPgConnection,
    log: i16,
    size: Option<u64>,
) -> Result<Option<Signed>, Problem> {
    let row = statement(
        "SELECT size, root, note, (extract(epoch FROM clock_timestamp() - at) * 1000)::bigint AS age
           FROM log_checkpoint WHERE log = $1 AND ($2::bigint IS NULL OR size = $2) ORDER BY size DESC LIMIT 1",
    )
    .bind::<sql_types::SmallInt, _>(log)
    .bind::<sql_types::Nullable<sql_types::BigInt>, _>(size.map(signed).transpose()?)
    .get_result::<SignedRow>(conn)
    .await
    .optional()?;
    row.map(|row| {
        let head = Head { size: unsigned(row.size)?, root: hash_of(row.root)? };
        Ok(Signed { head, note: row.note, age: row.age })
    })
    .transpose()
}

/// The newest checkpoint that a witness has signed.
///
/// # Errors
/// When the database is away.
pub async fn newest_cosigned(conn: &mut AsyncPgConnection, log: i16) -> Result<Option<Signed>, Problem> {
    let row = statement("SELECT size AS idx FROM log_cosig WHERE log = $1 ORDER BY size DESC LIMIT 1")
        .bind::<sql_types::SmallInt, _>(log)
        .get_result::<Index>(conn)
        .await
        .optional()?;
    match row {
        Some(row) => checkpoint(conn, log, Some(unsigned(row.idx)?)).await,
        None => Ok(None),
    }
}

/// Hashes of subtrees.
///
/// # Errors
/// When one is missing, which is a fault, or the database is away.
pub async fn hashes(
    conn: &mut AsyncPgConnection,
    log: i16,
    nodes: &[Node],
) -> Result<HashMap<Node, Hash>, Problem> {
    let places: Vec<i64> = nodes.iter().map(|node| signed(node.place())).collect::<Result<_, _>>()?;
    let rows: Vec<HashRow> = statement("SELECT idx, hash FROM log_hash WHERE log = $1 AND idx = ANY($2)")
        .bind::<sql_types::SmallInt, _>(log)
        .bind::<sql_types::Array<sql_types::BigInt>, _>(&places)
        .get_results(conn)
        .await?;
    let mut found: HashMap<i64, Vec<u8>> = rows.into_iter().map(|row| (row.idx, row.hash)).collect();
    let pick = |(node, place): (&Node, &i64)| {
        let hash = found.remove(place);
        let hash = hash.ok_or_else(|| Problem::internal(anyhow::anyhow!("the log lacks hash {place}")));
        Ok((*node, hash_of(hash?)?))
    };
    nodes.iter().zip(&places).map(pick).collect()
}

/// Roots of ranges of leaves, all of them stored.
///
/// # Errors
/// As [`hashes`].
pub async fn roots(
    conn: &mut AsyncPgConnection,
    log: i16,
    ranges: &[Range<u64>],
) -> Result<Vec<Hash>, Problem> {
    let covers: Vec<Vec<Node>> = ranges.iter().cloned().map(cover).collect();
    let known = hashes(conn, log, &covers.concat()).await?;
    let root = |nodes: &Vec<Node>| fold(nodes.iter().filter_map(|node| known.get(node).copied()));
    let roots: Option<Vec<Hash>> = covers.iter().map(root).collect();
    roots.ok_or_else(|| Problem::internal(anyhow::anyhow!("an empty range has no root")))
}

/// The edge from which a tree of `size` leaves goes on.
///
/// # Errors
/// As [`hashes`].
pub async fn edge(conn: &mut AsyncPgConnection, log: i16, size: u64) -> Result<Edge, Problem> {
    let peaks = cover(0..size);
    let known = hashes(conn, log, &peaks).await?;
    let peaks = peaks.iter().filter_map(|node| known.get(node).copied()).collect();
    Edge::new(size, peaks).ok_or_else(|| Problem::internal(anyhow::anyhow!("the edge of the log is broken")))
}

/// An entry that has no index yet.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Waiting {
    /// Its row.
    #[diesel(sql_type = sql_types::BigInt)]
    pub id: i64,
    /// Its leaf.
    #[diesel(sql_type = sql_types::Binary)]
    pub leaf: Vec<u8>,
}

/// The newest row that has an index; 0 where none has.
///
/// # Errors
/// When the database is away.
pub async fn newest_placed(tx: &mut Tx<'_>) -> Result<i64, Problem> {
    let row: Index =
        statement("SELECT coalesce(max(pending_id), 0) AS idx FROM log_leaf").get_result(tx.conn()).await?;
    Ok(row.idx)
}

/// Entries among `rows` that have no index, in the order of their rows.
///
/// # Errors
/// When the database is away.
pub async fn waiting(tx: &mut Tx<'_>, rows: Range<i64>, limit: i64) -> Result<Vec<Waiting>, Problem> {
    Ok(statement(
        "SELECT p.id, p.leaf FROM log_pending p
          WHERE p.id >= $1 AND p.id < $2 AND NOT EXISTS (SELECT FROM log_leaf l WHERE l.pending_id = p.id)
          ORDER BY p.id LIMIT $3",
    )
    .bind::<sql_types::BigInt, _>(rows.start)
    .bind::<sql_types::BigInt, _>(rows.end)
    .bind::<sql_types::BigInt, _>(limit)
    .get_results(tx.conn())
    .await?)
}

/// A leaf to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLeaf {
    /// The entry it stands for.
    pub entry: Option<i64>,
    /// What padding is made of.
    pub nonce: Option<Hash>,
    /// The leaf.
    pub leaf: Hash,
}

/// Inserts leaves from index `size` on.
///
/// # Errors
/// When the database is away, or another has written there.
pub async fn insert_leaves(tx: &mut Tx<'_>, log: i16, size: u64, leaves: &[NewLeaf]) -> Result<(), Problem> {
    let places = (size..).take(leaves.len()).map(signed).collect::<Result<Vec<_>, _>>()?;
    statement(
        "INSERT INTO log_leaf (log, idx, pending_id, nonce, leaf)
         SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[])",
    )
    .bind::<sql_types::SmallInt, _>(log)
    .bind::<sql_types::Array<sql_types::BigInt>, _>(places)
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::BigInt>>, _>(
        leaves.iter().map(|leaf| leaf.entry).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Binary>>, _>(
        leaves.iter().map(|leaf| leaf.nonce.as_ref().map(<[u8; 32]>::as_slice)).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Binary>, _>(
        leaves.iter().map(|leaf| leaf.leaf.as_slice()).collect::<Vec<_>>(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Inserts the hashes that the leaves from `size` on complete.
///
/// # Errors
/// When the database is away, or another has written there.
pub async fn insert_hashes(tx: &mut Tx<'_>, log: i16, size: u64, hashes: &[Hash]) -> Result<(), Problem> {
    let places = (stored_count(size)..).take(hashes.len()).map(signed).collect::<Result<Vec<_>, _>>()?;
    statement("INSERT INTO log_hash (log, idx, hash) SELECT $1, * FROM unnest($2::bigint[], $3::bytea[])")
        .bind::<sql_types::SmallInt, _>(log)
        .bind::<sql_types::Array<sql_types::BigInt>, _>(places)
        .bind::<sql_types::Array<sql_types::Binary>, _>(
            hashes.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>(),
        )
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Inserts a signed checkpoint.
///
/// # Errors
/// When the database is away, or there is one of this size.
pub async fn insert_checkpoint(tx: &mut Tx<'_>, log: i16, head: Head, note: &str) -> Result<(), Problem> {
    statement("INSERT INTO log_checkpoint (log, size, root, note) VALUES ($1, $2, $3, $4)")
        .bind::<sql_types::SmallInt, _>(log)
        .bind::<sql_types::BigInt, _>(signed(head.size)?)
        .bind::<sql_types::Binary, _>(head.root.as_slice())
        .bind::<sql_types::Text, _>(note)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Index of the first leaf with this hash.
///
/// # Errors
/// When the database is away.
pub async fn index_of(conn: &mut AsyncPgConnection, log: i16, leaf: Hash) -> Result<Option<u64>, Problem> {
    let row = statement("SELECT idx FROM log_leaf WHERE log = $1 AND leaf = $2 ORDER BY idx LIMIT 1")
        .bind::<sql_types::SmallInt, _>(log)
        .bind::<sql_types::Binary, _>(leaf.as_slice())
        .get_result::<Index>(conn)
        .await
        .optional()?;
    row.map(|row| unsigned(row.idx)).transpose()
}

#[derive(QueryableByName)]
struct PlacedRow {
    #[diesel(sql_type = sql_types::BigInt)]
    idx: i64,
    #[diesel(sql_type = sql_types::Jsonb)]
    skeleton: Value,
}

/// Index and skeleton of the entry with this leaf, for whoever may read it.
///
/// # Errors
/// When the database is away.
pub async fn entry_of(
    conn: &mut AsyncPgConnection,
    log: i16,
    leaf: Hash,
) -> Result<Option<(u64, Value)>, Problem> {
    let row = statement(
        "SELECT l.idx, p.skeleton FROM log_leaf l JOIN log_pending p ON p.id = l.pending_id
          WHERE l.log = $1 AND l.leaf = $2 LIMIT 1",
    )
    .bind::<sql_types::SmallInt, _>(log)
    .bind::<sql_types::Binary, _>(leaf.as_slice())
    .get_result::<PlacedRow>(conn)
    .await
    .optional()?;
    row.map(|row| Ok((unsigned(row.idx)?, row.skeleton))).transpose()
}

/// Keeps a cosignature; the same one again changes nothing.
///
/// # Errors
/// When the database is away.
pub async fn keep_cosignature(
    tx: &mut Tx<'_>,
    log: i16,
    size: u64,
    witness: &str,
    cosignature: &Cosignature,
) -> Result<(), Problem> {
    let seconds = i64::try_from(cosignature.time).ok();
    let at = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or_else(|| {
        Problem::internal(anyhow::anyhow!("a cosignature of the time {}", cosignature.time))
    })?;
    statement(
        "INSERT INTO log_cosig (log, size, witness, line, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind::<sql_types::SmallInt, _>(log)
    .bind::<sql_types::BigInt, _>(signed(size)?)
    .bind::<sql_types::Text, _>(witness)
    .bind::<sql_types::Text, _>(cosignature.line.as_str())
    .bind::<sql_types::Timestamptz, _>(at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The newest cosignature of each witness under the checkpoint of `size`.
///
/// # Errors
/// When the database is away.
pub async fn cosignatures(conn: &mut AsyncPgConnection, log: i16, size: u64) -> Result<Vec<String>, Problem> {
    let rows: Vec<LineRow> = statement(
        "SELECT DISTINCT ON (witness) line, at FROM log_cosig WHERE log = $1 AND size = $2
          ORDER BY witness, at DESC",
    )
    .bind::<sql_types::SmallInt, _>(log)
    .bind::<sql_types::BigInt, _>(signed(size)?)
    .get_results(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.line).collect())
}

/// When one of `witnesses` has last signed any checkpoint of this log.
///
/// # Errors
/// When the database is away.
pub async fn last_witnessed(
    conn: &mut AsyncPgConnection,
    log: i16,
    witnesses: &[String],
) -> Result<Option<DateTime<Utc>>, Problem> {
    let row = statement(
        "SELECT line, at FROM log_cosig WHERE log = $1 AND witness = ANY($2) ORDER BY at DESC LIMIT 1",
    )
    .bind::<sql_types::SmallInt, _>(log)
    .bind::<sql_types::Array<sql_types::Text>, _>(witnesses)
    .get_result::<LineRow>(conn)
    .await
    .optional()?;
    Ok(row.map(|row| row.at))
}

/// Tenders of which the record may be read, by how far they have come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disclosed {
    /// Their opening has begun: entries that tell of bids show.
    pub opened: Vec<crate::kernel::id::TenderId>,
    /// Nothing more happens in them: every other entry shows too.
    pub ended: Vec<crate::kernel::id::TenderId>,
}

/// A leaf as everybody may read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The leaf.
    pub leaf: Hash,
    /// What it is of; absent while that is not to be shown.
    pub skeleton: Option<Value>,
}

#[derive(QueryableByName)]
struct ShownRow {
    #[diesel(sql_type = sql_types::Binary)]
    leaf: Vec<u8>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Jsonb>)]
    skeleton: Option<Value>,
}

/// Leaves of a range with the skeletons that may be shown.
///
/// # Errors
/// When the database is away.
pub async fn shown(
    conn: &mut AsyncPgConnection,
    book: &Book,
    range: Range<u64>,
    disclosed: &Disclosed,
) -> Result<Vec<Shown>, Problem> {
    let rows: Vec<ShownRow> = statement(
        "SELECT l.leaf, p.skeleton FROM log_leaf l
           LEFT JOIN log_pending p ON p.id = l.pending_id
            AND p.tender_id = ANY(CASE WHEN p.tells_of_bid THEN $4 ELSE $5 END)
          WHERE l.log = $1 AND l.idx >= $2 AND l.idx < $3 ORDER BY l.idx",
    )
    .bind::<sql_types::SmallInt, _>(book.log)
    .bind::<sql_types::BigInt, _>(signed(range.start)?)
    .bind::<sql_types::BigInt, _>(signed(range.end)?)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(&disclosed.opened)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(&disclosed.ended)
    .get_results(conn)
    .await
    .map_err(unreadable("log_leaf"))?;
    let head = book.succession.as_ref().filter(|_| range.start == 0).map(Succession::skeleton);
    let heads = std::iter::once(head).chain(std::iter::repeat(None));
    rows.into_iter()
        .zip(heads)
        .map(|(row, head)| Ok(Shown { leaf: hash_of(row.leaf)?, skeleton: head.or(row.skeleton) }))
        .collect()
}
