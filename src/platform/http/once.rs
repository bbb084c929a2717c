//! Retries by `Idempotency-Key`: one effect, the same answer (draft-ietf-httpapi-idempotency-key-header).
//!
//! The kept answer is written in the transaction of the effect, so that a crash between them cannot happen.

use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Reply;
use crate::{
    kernel::{Code, Problem, Refusal, Rejection, Say},
    platform::db::{Db, Tx},
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
    let claim = diesel::sql_query("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked")
        .bind::<sql_types::Text, _>(format!("{account} {key}"))
        .get_result::<Locked>(tx.conn())
        .await?;
    if !claim.locked {
        let detail = Say::new(
            "同一幂等键的请求正在处理，请稍后重试。",
            "A request with this key is in flight; try again.",
        );
        return Err(Refusal::new(Code::IdempotencyKeyInFlight, detail).into());
    }
    let kept = diesel::sql_query(
        "SELECT fingerprint, status, headers, body FROM idempotency WHERE account_id = $1 AND key = $2",
    )
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Text, _>(key)
    .get_result::<Kept>(tx.conn())
    .await
    .optional()?;
    match kept {
        None => Ok(None),
        Some(kept) if kept.fingerprint == fingerprint => Ok(Some(kept.into_reply())),
        Some(_) => Err(Rejection::new(
            Code::IdempotencyKeyReused,
            Say::new("该幂等键已用于另一请求。", "This key was used for another request."),
        )
        .into()),
    }
}

impl Kept {
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
    diesel::sql_query(
        "INSERT INTO idempotency (account_id, key, fingerprint, status, headers, body) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Text, _>(key)
    .bind::<sql_types::Binary, _>(fingerprint.as_slice())
    .bind::<sql_types::SmallInt, _>(i16::try_from(reply.status).unwrap_or(200))
    .bind::<sql_types::Jsonb, _>(serde_json::json!({"version": reply.version, "location": reply.location}))
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
    diesel::sql_query("DELETE FROM idempotency WHERE kept_at < clock_timestamp() - make_interval(days => $1)")
        .bind::<sql_types::Integer, _>(KEPT_DAYS)
        .execute(&mut conn)
        .await?;
    Ok(())
}
