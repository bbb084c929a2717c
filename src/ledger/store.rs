//! Writing and reading the record.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rand::Rng;
use serde_json::Value;
use uuid::Uuid;

use super::entry::{Entry, record_leaf};
use crate::{
    kernel::{
        Actor, Problem,
        id::{ProjectId, TenderId},
    },
    platform::{db::Tx, statement::statement},
};

#[derive(QueryableByName)]
struct Content {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Binary)]
    content: Vec<u8>,
}

#[derive(QueryableByName)]
struct EntryId {
    #[diesel(sql_type = sql_types::BigInt)]
    id: i64,
}

/// Writes one entry; call it after the rows it names are saved, before they change again.
///
/// # Errors
/// When a named row does not exist, or the database is away.
pub async fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    at: DateTime<Utc>,
    entry: Entry,
) -> Result<[u8; 32], Problem> {
    let leaves = record_batch(tx, at, vec![(actor.clone(), entry)]).await?;
    leaves
        .as_slice()
        .first()
        .copied()
        .ok_or_else(|| Problem::internal(anyhow::anyhow!("no leaf for the entry")))
}

/// Writes several entries of different actors in three statements; leaves come back in order.
///
/// # Errors
/// When a named row does not exist, or the database is away.
pub async fn record_batch(
    tx: &mut Tx<'_>,
    at: DateTime<Utc>,
    entries: Vec<(Actor, Entry)>,
) -> Result<Vec<[u8; 32]>, Problem> {
    let contents = contents_of(tx, &entries).await?;
    let mut sealed = Vec::with_capacity(entries.len());
    for (actor, entry) in &entries {
        let mut own = Vec::with_capacity(entry.subjects.len());
        for subject in &entry.subjects {
            let content = contents.get(&(subject.relation, subject.row)).ok_or_else(|| {
                Problem::internal(anyhow::anyhow!(
                    "{} {} is not there to record",
                    subject.relation,
                    subject.row
                ))
            })?;
            own.push(content.clone());
        }
        let mut salt = [0; 32];
        rand::rng().fill_bytes(&mut salt);
        let request = entry.request.unwrap_or(tx.request);
        sealed.push((record_leaf(entry, actor, request.0, at, &own, salt)?, own));
    }
    let ids = statement(
        "INSERT INTO log_pending (at, act, project_id, tender_id, tells_of_bid, skeleton, body, salt, leaf)
         SELECT $1, * FROM unnest($2::text[], $3::uuid[], $4::uuid[], $5::bool[], $6::jsonb[], $7::jsonb[],
                                  $8::bytea[], $9::bytea[]) RETURNING id",
    )
    .bind::<sql_types::Timestamptz, _>(at)
    .bind::<sql_types::Array<sql_types::Text>, _>(
        entries.iter().map(|(_, entry)| entry.act).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
        entries.iter().map(|(_, entry)| entry.project).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
        entries.iter().map(|(_, entry)| entry.tender).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Bool>, _>(
        entries.iter().map(|(_, entry)| entry.tells_of_bid).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Jsonb>, _>(
        sealed.iter().map(|(one, _)| &one.skeleton).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Jsonb>, _>(
        sealed.iter().map(|(one, _)| &one.body).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Binary>, _>(
        sealed.iter().map(|(one, _)| one.salt.as_slice()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Binary>, _>(
        sealed.iter().map(|(one, _)| one.leaf.as_slice()).collect::<Vec<_>>(),
    )
    .get_results::<EntryId>(tx.conn())
    .await?;
    let objects: Vec<(i64, &'static str, Uuid, &[u8])> = entries
        .iter()
        .zip(&sealed)
        .zip(&ids)
        .flat_map(|(((_, entry), (_, own)), id)| {
            entry
                .subjects
                .iter()
                .zip(own)
                .map(move |(subject, content)| (id.id, subject.relation, subject.row, content.as_slice()))
        })
        .collect();
    insert_objects(tx, &objects).await?;
    Ok(sealed.iter().map(|(one, _)| one.leaf).collect())
}

async fn insert_objects(
    tx: &mut Tx<'_>,
    objects: &[(i64, &'static str, Uuid, &[u8])],
) -> Result<(), Problem> {
    if objects.is_empty() {
        return Ok(());
    }
    statement(
        "INSERT INTO log_object (entry, relation, row_id, content)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::bytea[]) ON CONFLICT DO NOTHING",
    )
    .bind::<sql_types::Array<sql_types::BigInt>, _>(objects.iter().map(|one| one.0).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(objects.iter().map(|one| one.1).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(objects.iter().map(|one| one.2).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Binary>, _>(objects.iter().map(|one| one.3).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Content hashes of all rows the entries name, one statement a table.
async fn contents_of(
    tx: &mut Tx<'_>,
    entries: &[(Actor, Entry)],
) -> Result<HashMap<(&'static str, Uuid), Vec<u8>>, Problem> {
    let mut rows: HashMap<&'static str, Vec<Uuid>> = HashMap::new();
    for subject in entries.iter().flat_map(|(_, entry)| &entry.subjects) {
        rows.entry(subject.relation).or_default().push(subject.row);
    }
    let mut contents = HashMap::new();
    for (relation, ids) in rows {
        // `relation` is a literal of our own code, never input.
        let found = statement(format!(
            "SELECT id, audit_content(to_jsonb(t)) AS content FROM {relation} t WHERE id = ANY($1)"
        ))
        .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
        .get_results::<Content>(tx.conn())
        .await?;
        contents.extend(found.into_iter().map(|row| ((relation, row.id), row.content)));
    }
    Ok(contents)
}

/// One entry as supervisors read it. It carries no number: numbers would tell how many entries stand between.
#[derive(Debug, Clone, QueryableByName)]
pub struct HistoryRow {
    /// Hall time of the act.
    #[diesel(sql_type = sql_types::Timestamptz)]
    pub at: DateTime<Utc>,
    /// The act.
    #[diesel(sql_type = sql_types::Text)]
    pub act: String,
    /// The full entry; absent once erased.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Jsonb>)]
    pub body: Option<Value>,
    /// Leaf hash.
    #[diesel(sql_type = sql_types::Binary)]
    pub leaf: Vec<u8>,
}

/// Which entries a history shows.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Those of this project,
    pub project: ProjectId,
    /// and of its tenders, refused acts among them;
    pub tenders: &'a [TenderId],
    /// entries that tell of bids only of these, whose opening has begun.
    pub opened: &'a [TenderId],
}

/// The entries in the order of writing. `after` is the leaf of the last entry of the page before; an unknown or
/// hidden one answers `None`.
///
/// # Errors
/// When the database is away.
pub async fn history(
    conn: &mut AsyncPgConnection,
    shown: &Shown<'_>,
    after: Option<[u8; 32]>,
    limit: i64,
) -> Result<Option<Vec<HistoryRow>>, Problem> {
    let from = match after {
        None => 0,
        Some(leaf) => match place_of(conn, shown, leaf).await? {
            Some(place) => place,
            None => return Ok(None),
        },
    };
    let rows = statement(format!(
        "SELECT at, act, body, leaf FROM log_pending WHERE id > $4 AND {SHOWN} ORDER BY id LIMIT $5"
    ))
    .bind::<sql_types::Uuid, _>(shown.project)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(shown.tenders)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(shown.opened)
    .bind::<sql_types::BigInt, _>(from)
    .bind::<sql_types::BigInt, _>(limit)
    .get_results(conn)
    .await?;
    Ok(Some(rows))
}

/// Condition on the entries that may be shown.
const SHOWN: &str = "(project_id = $1 OR tender_id = ANY($2)) AND (NOT tells_of_bid OR tender_id = ANY($3))";

async fn place_of(
    conn: &mut AsyncPgConnection,
    shown: &Shown<'_>,
    leaf: [u8; 32],
) -> Result<Option<i64>, Problem> {
    let row = statement(format!("SELECT id FROM log_pending WHERE leaf = $4 AND {SHOWN}"))
        .bind::<sql_types::Uuid, _>(shown.project)
        .bind::<sql_types::Array<sql_types::Uuid>, _>(shown.tenders)
        .bind::<sql_types::Array<sql_types::Uuid>, _>(shown.opened)
        .bind::<sql_types::Binary, _>(leaf.as_slice())
        .get_result::<EntryId>(conn)
        .await
        .optional()?;
    Ok(row.map(|row| row.id))
}

/// All entries of a tender whose opening has begun, in the order of writing, without their bodies.
///
/// # Errors
/// When the database is away.
pub async fn of_tender(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<HistoryRow>, Problem> {
    Ok(statement(
        "SELECT at, act, NULL::jsonb AS body, leaf FROM log_pending WHERE tender_id = $1 ORDER BY id",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .get_results(conn)
    .await?)
}
