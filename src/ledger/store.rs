//! Writing and reading the record.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rand::Rng;
use serde_json::Value;
use uuid::Uuid;

use super::{
    entry::{Entry, Sealed, Subject, record_leaf},
    evidence::Evidence,
};
use crate::{
    kernel::{
        Actor, Problem,
        id::{ProjectId, RequestId, TenderId},
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

/// Writes several entries of different actors; leaves come back in order.
///
/// # Errors
/// When a named row does not exist, or the database is away.
pub async fn record_batch(
    tx: &mut Tx<'_>,
    at: DateTime<Utc>,
    mut entries: Vec<(Actor, Entry)>,
) -> Result<Vec<[u8; 32]>, Problem> {
    fill_in_contents(tx, &mut entries).await?;
    let sheet = Sheet::seal(tx.request, at, entries)?;
    sheet.write(tx.shared()).await?;
    Ok(sheet.leaves().collect())
}

/// Entries that are sealed and wait to be written, so that what stands on their leaves can be written with them.
#[derive(Debug)]
pub struct Sheet {
    at: DateTime<Utc>,
    lines: Vec<(Entry, Sealed)>,
}

impl Sheet {
    /// Seals entries that have the contents of all their rows; `request` is that of entries that name none.
    ///
    /// # Errors
    /// When a row's content is missing, which is a fault.
    pub fn seal(
        request: RequestId,
        at: DateTime<Utc>,
        entries: Vec<(Actor, Entry)>,
    ) -> Result<Self, Problem> {
        let line = |(actor, entry): (Actor, Entry)| {
            if let Some(subject) = entry.subjects.iter().find(|subject| subject.content.is_none()) {
                let Subject { relation, row, .. } = subject;
                return Err(Problem::internal(anyhow::anyhow!("{relation} {row} is not there to record")));
            }
            let mut salt = [0; 32];
            rand::rng().fill_bytes(&mut salt);
            let sealed = record_leaf(&entry, &actor, entry.request.unwrap_or(request).0, at, salt)?;
            Ok((entry, sealed))
        };
        Ok(Self { at, lines: entries.into_iter().map(line).collect::<Result<_, _>>()? })
    }

    /// The leaves, in order.
    pub fn leaves(&self) -> impl Iterator<Item = [u8; 32]> {
        self.lines.iter().map(|(_, sealed)| sealed.leaf)
    }

    /// Writes the entries with the rows they stand for.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn write(&self, mut conn: &AsyncPgConnection) -> Result<(), Problem> {
        let lines = &self.lines;
        let subjects = || lines.iter().flat_map(|(entry, one)| entry.subjects.iter().map(move |s| (one, s)));
        statement(
            "WITH entry AS (
                 INSERT INTO log_pending
                     (at, act, project_id, tender_id, tells_of_bid, skeleton, body, salt, leaf)
                 SELECT $1, * FROM unnest($2::text[], $3::uuid[], $4::uuid[], $5::bool[], $6::jsonb[], $7::jsonb[],
                                          $8::bytea[], $9::bytea[]) RETURNING id, leaf)
             INSERT INTO log_object (entry, relation, row_id, content)
             SELECT entry.id, o.relation, o.row_id, o.content
               FROM unnest($10::bytea[], $11::text[], $12::uuid[], $13::bytea[]) AS o (leaf, relation, row_id, content)
               JOIN entry ON entry.leaf = o.leaf
                 ON CONFLICT DO NOTHING",
        )
        .bind::<sql_types::Timestamptz, _>(self.at)
        .bind::<sql_types::Array<sql_types::Text>, _>(
            lines.iter().map(|(entry, _)| entry.act).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
            lines.iter().map(|(entry, _)| entry.project).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
            lines.iter().map(|(entry, _)| entry.tender).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Bool>, _>(
            lines.iter().map(|(entry, _)| entry.tells_of_bid).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Jsonb>, _>(
            lines.iter().map(|(_, one)| &one.skeleton).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Jsonb>, _>(
            lines.iter().map(|(_, one)| &one.body).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Binary>, _>(
            lines.iter().map(|(_, one)| one.salt.as_slice()).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Binary>, _>(
            lines.iter().map(|(_, one)| one.leaf.as_slice()).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Binary>, _>(
            subjects().map(|(one, _)| one.leaf.as_slice()).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Text>, _>(
            subjects().map(|(_, subject)| subject.relation).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Uuid>, _>(
            subjects().map(|(_, subject)| subject.row).collect::<Vec<_>>(),
        )
        .bind::<sql_types::Array<sql_types::Nullable<sql_types::Binary>>, _>(
            subjects().map(|(_, subject)| subject.content.as_deref()).collect::<Vec<_>>(),
        )
        .execute(&mut conn)
        .await?;
        Ok(())
    }
}

/// Asks for the contents of the rows that entries name without them, one statement a table.
async fn fill_in_contents(tx: &mut Tx<'_>, entries: &mut [(Actor, Entry)]) -> Result<(), Problem> {
    let mut rows: HashMap<&'static str, Vec<Uuid>> = HashMap::new();
    for subject in entries.iter().flat_map(|(_, entry)| &entry.subjects) {
        if subject.content.is_none() {
            rows.entry(subject.relation).or_default().push(subject.row);
        }
    }
    let mut contents = HashMap::new();
    for (relation, ids) in rows {
        // `relation` is a literal of our own code, never input.
        let found =
            statement(format!("SELECT id, audit_content(t) AS content FROM {relation} t WHERE id = ANY($1)"))
                .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
                .get_results::<Content>(tx.conn())
                .await?;
        contents.extend(found.into_iter().map(|row| ((relation, row.id), row.content)));
    }
    for subject in entries.iter_mut().flat_map(|(_, entry)| &mut entry.subjects) {
        if subject.content.is_none() {
            subject.content = contents.get(&(subject.relation, subject.row)).cloned();
        }
    }
    Ok(())
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

#[derive(QueryableByName)]
struct OpenRow {
    #[diesel(sql_type = sql_types::Jsonb)]
    skeleton: Value,
    #[diesel(sql_type = sql_types::Jsonb)]
    body: Value,
    #[diesel(sql_type = sql_types::Binary)]
    salt: Vec<u8>,
    #[diesel(sql_type = sql_types::Binary)]
    leaf: Vec<u8>,
}

/// The last entry of an act on a tender with all that its leaf commits to; none where there is none or its body was
/// erased. Whether it may be told is the caller's to know.
///
/// # Errors
/// When the database is away.
pub async fn laid_open(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    act: &'static str,
) -> Result<Option<Evidence>, Problem> {
    let row: Option<OpenRow> = statement(
        "SELECT skeleton, body, salt, leaf FROM log_pending
          WHERE tender_id = $1 AND act = $2 AND body IS NOT NULL ORDER BY id DESC LIMIT 1",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .bind::<sql_types::Text, _>(act)
    .get_result(conn)
    .await
    .optional()?;
    Ok(row.map(|OpenRow { skeleton, body, salt, leaf }| Evidence {
        leaf: hex::encode(leaf),
        skeleton,
        body,
        salt: hex::encode(salt),
    }))
}
