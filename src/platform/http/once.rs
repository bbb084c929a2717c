//! Retries by `Idempotency-Key`: one effect, the same answer (draft-ietf-httpapi-idempotency-key-header).
//!
//! The kept answer is written in the transaction of the effect, so that a crash between them cannot happen.

use std::collections::{HashMap, HashSet};

use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::try_join;
use uuid::Uuid;

use super::Reply;
use crate::{
    kernel::{Code, Problem, Refusal, Rejection, Say},
    platform::{
        db::{Db, Tx},
        statement::statement,
    },
};

/// The refusal for a call that needs a key and has none.
pub fn key_missing() -> Rejection {
    Rejection::new(
        Code::IdempotencyKeyMissing,
        Say::new("此操作须带 Idempotency-Key。", "This call needs an Idempotency-Key."),
    )
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = sql_types::Binary)]
    fingerprint: Vec<u8>,
    #[diesel(sql_type = sql_types::SmallInt)]
    status: i16,
    #[diesel(sql_type = sql_types::Jsonb)]
    headers: serde_json::Value,
    #[diesel(sql_type = sql_types::Text)]
    body: String,
}

/// One retry key among many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The account that calls.
    pub account: Uuid,
    /// Its `Idempotency-Key`.
    pub key: &'a str,
    /// Fingerprint of its request.
    pub fingerprint: &'a [u8; 32],
}

#[derive(QueryableByName)]
struct KeptOf {
    #[diesel(sql_type = sql_types::BigInt)]
    n: i64,
    #[diesel(embed)]
    kept: Kept,
}

#[derive(QueryableByName)]
struct LockedOf {
    #[diesel(sql_type = sql_types::BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = sql_types::Bool)]
    locked: bool,
}

/// Claims `key` for this transaction; answers the kept reply when the same request was served before.
///
/// # Errors
/// 409 while another request with the key is in flight, 422 when the key served another request.
pub async fn recall(
    tx: &mut Tx<'_>,
    account: Uuid,
    key: &str,
    fingerprint: &[u8; 32],
) -> Result<Option<Reply>, Problem> {
    let claim = statement("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked")
        .bind::<sql_types::Text, _>(format!("{account} {key}"))
        .get_result::<Locked>(tx.conn())
        .await?;
    if !claim.locked {
        return Err(in_flight().into());
    }
    let kept = statement(
        "SELECT fingerprint, status, headers, body FROM idempotency WHERE account_id = $1 AND key = $2",
    )
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Text, _>(key)
    .get_result::<Kept>(tx.conn())
    .await
    .optional()?;
    kept.map(|kept| kept.answer_to(fingerprint)).transpose()
}

fn in_flight() -> Refusal {
    let detail = Say::new(
        "同一幂等键的请求正在处理，请稍后重试。",
        "A request with this key is in flight; try again.",
    );
    Refusal::new(Code::IdempotencyKeyInFlight, detail)
}

/// [`recall`] for several requests that share a transaction, in two statements; no key may stand in it twice.
/// The answers are in the order asked.
///
/// # Errors
/// When the database is away; what one request is refused for stands in its own answer.
pub async fn recall_many(
    mut conn: &AsyncPgConnection,
    asked: &[Asked<'_>],
) -> Result<Vec<Result<Option<Reply>, Problem>>, Problem> {
    let names: Vec<String> = asked.iter().map(|one| format!("{} {}", one.account, one.key)).collect();
    let locked = statement(
        "SELECT n FROM unnest($1::text[]) WITH ORDINALITY AS asked (name, n)
          WHERE pg_try_advisory_xact_lock(hashtextextended(name, 0))",
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(names)
    .get_results::<LockedOf>(&mut conn);
    let kept = statement(
        "SELECT n, i.fingerprint, i.status, i.headers, i.body
           FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS asked (account, name, n)
           JOIN idempotency i ON i.account_id = asked.account AND i.key = asked.name",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(asked.iter().map(|one| one.account).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(asked.iter().map(|one| one.key).collect::<Vec<_>>())
    .get_results::<KeptOf>(&mut conn);
    let (locked, kept) = try_join!(locked, kept)?;
    let locked: HashSet<i64> = locked.into_iter().map(|row| row.n).collect();
    let mut kept: HashMap<i64, Kept> = kept.into_iter().map(|row| (row.n, row.kept)).collect();
    let answer = |(one, n): (&Asked<'_>, i64)| {
        if !locked.contains(&n) {
            return Err(in_flight().into());
        }
        kept.remove(&n).map(|kept| kept.answer_to(one.fingerprint)).transpose()
    };
    Ok(asked.iter().zip(1..).map(answer).collect())
}

/// [`keep`] for several answers at once.
///
/// # Errors
/// When the database is away.
pub async fn keep_many(mut conn: &AsyncPgConnection, answers: &[(Asked<'_>, &Reply)]) -> Result<(), Problem> {
    statement(
        "INSERT INTO idempotency (account_id, key, fingerprint, status, headers, body)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::smallint[], $5::jsonb[], $6::text[])",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(
        answers.iter().map(|(one, _)| one.account).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(answers.iter().map(|(one, _)| one.key).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Binary>, _>(
        answers.iter().map(|(one, _)| one.fingerprint.as_slice()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::SmallInt>, _>(
        answers.iter().map(|(_, reply)| i16::try_from(reply.status).unwrap_or(200)).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Jsonb>, _>(
        answers.iter().map(|(_, reply)| headers_of(reply)).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(
        answers.iter().map(|(_, reply)| reply.body.as_str()).collect::<Vec<_>>(),
    )
    .execute(&mut conn)
    .await?;
    Ok(())
}

fn headers_of(reply: &Reply) -> serde_json::Value {
    serde_json::json!({"version": reply.version, "location": reply.location})
}

impl Kept {
    fn answer_to(self, fingerprint: &[u8; 32]) -> Result<Reply, Problem> {
        if self.fingerprint == fingerprint {
            return Ok(self.into_reply());
        }
        let detail = Say::new("该幂等键已用于另一请求。", "This key was used for another request.");
        Err(Rejection::new(Code::IdempotencyKeyReused, detail).into())
    }

    fn into_reply(self) -> Reply {
        Reply {
            status: u16::try_from(self.status).unwrap_or(200),
            version: self.headers.get("version").and_then(serde_json::Value::as_i64),
            location: self.headers.get("location").and_then(|place| place.as_str()).map(str::to_owned),
            body: self.body,
        }
    }
}

/// Keeps the answer with its effect.
///
/// # Errors
/// When the database is away.
pub async fn keep(
    tx: &mut Tx<'_>,
    account: Uuid,
    key: &str,
    fingerprint: &[u8; 32],
    reply: &Reply,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO idempotency (account_id, key, fingerprint, status, headers, body) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Text, _>(key)
    .bind::<sql_types::Binary, _>(fingerprint.as_slice())
    .bind::<sql_types::SmallInt, _>(i16::try_from(reply.status).unwrap_or(200))
    .bind::<sql_types::Jsonb, _>(headers_of(reply))
    .bind::<sql_types::Text, _>(&reply.body)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Days for which an answer is kept for a retry, by machine time.
pub const KEPT_DAYS: i32 = 30;

/// Clears answers away that are older than [`KEPT_DAYS`].
///
/// # Errors
/// When the database is away.
pub async fn forget_old(db: &Db) -> Result<(), Problem> {
    let mut conn = db.read().await?;
    statement("DELETE FROM idempotency WHERE kept_at < clock_timestamp() - make_interval(days => $1)")
        .bind::<sql_types::Integer, _>(KEPT_DAYS)
        .execute(&mut conn)
        .await?;
    Ok(())
}
