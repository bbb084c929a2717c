//! Outgoing post: written in the transaction of the act it tells of, carried by [`super::mail`] afterwards.
//!
//! A letter is never lost and may, when the hall dies between sending and noting, arrive twice with the same
//! `Message-ID`. Nothing that tells of a bid before the opening may be posted; that is for the rooms to keep.

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::db::Tx;
use crate::kernel::{Problem, Say};

/// A letter that waits.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct Letter {
    #[diesel(sql_type = sql_types::Uuid)]
    pub id: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    pub recipient: String,
    #[diesel(sql_type = sql_types::Text)]
    pub subject: String,
    #[diesel(sql_type = sql_types::Text)]
    pub body: String,
    #[diesel(sql_type = sql_types::Timestamptz)]
    pub written_at: DateTime<Utc>,
}

/// Writes a letter in both languages to the mail address `recipient`; `about` is the object it tells of and
/// `written_at` hall time.
///
/// # Errors
/// When the database is away.
pub async fn post(
    tx: &mut Tx<'_>,
    recipient: &str,
    subject: &Say,
    body: &Say,
    about: Option<Uuid>,
    written_at: DateTime<Utc>,
) -> Result<Uuid, Problem> {
    let id = Uuid::new_v4();
    diesel::sql_query(
        "INSERT INTO outbox (id, recipient, subject, body, about, written_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind::<sql_types::Uuid, _>(id)
    .bind::<sql_types::Text, _>(recipient)
    .bind::<sql_types::Text, _>(format!("{} / {}", subject.zh, subject.en))
    .bind::<sql_types::Text, _>(format!("{}\n\n{}\n", body.zh, body.en))
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(about)
    .bind::<sql_types::Timestamptz, _>(written_at)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// A letter to write in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLetter {
    /// Mail address.
    pub recipient: String,
    /// Subject.
    pub subject: Say,
    /// Text.
    pub body: Say,
}

/// Writes any number of letters in one statement; `about` is the object they tell of and `written_at` hall time.
///
/// # Errors
/// When the database is away.
pub async fn post_all(
    tx: &mut Tx<'_>,
    letters: &[NewLetter],
    about: Option<Uuid>,
    written_at: DateTime<Utc>,
) -> Result<(), Problem> {
    let both = |say: &Say, between: &str| format!("{}{between}{}", say.zh, say.en);
    let bodies = letters.iter().map(|letter| format!("{}\n", both(&letter.body, "\n\n")));
    diesel::sql_query(
        "INSERT INTO outbox (id, recipient, subject, body, about, written_at)
         SELECT id, recipient, subject, body, $5, $6
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS letter (id, recipient, subject, body)",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(letters.iter().map(|_| Uuid::new_v4()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(
        letters.iter().map(|letter| letter.recipient.as_str()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(
        letters.iter().map(|letter| both(&letter.subject, " / ")).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(bodies.collect::<Vec<_>>())
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(about)
    .bind::<sql_types::Timestamptz, _>(written_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Locks the letter that has waited longest and is nobody else's.
pub(super) async fn take(tx: &mut Tx<'_>) -> Result<Option<Letter>, Problem> {
    Ok(diesel::sql_query(
        "SELECT id, recipient, subject, body, written_at FROM outbox
          WHERE sent_at IS NULL AND retry_at <= clock_timestamp()
          ORDER BY retry_at, id LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    .get_result(tx.conn())
    .await
    .optional()?)
}

pub(super) async fn mark_sent(tx: &mut Tx<'_>, id: Uuid) -> Result<(), Problem> {
    diesel::sql_query("UPDATE outbox SET sent_at = clock_timestamp(), failure = NULL WHERE id = $1")
        .bind::<sql_types::Uuid, _>(id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Notes why a letter did not leave; it is tried again after 10 seconds, then twice as long each time up to an
/// hour or so.
pub(super) async fn mark_failed(tx: &mut Tx<'_>, id: Uuid, why: &str) -> Result<(), Problem> {
    diesel::sql_query(
        "UPDATE outbox SET attempts = attempts + 1, failure = left($2, 500),
                retry_at = clock_timestamp() + interval '10 seconds' * power(2, least(attempts, 9))
          WHERE id = $1",
    )
    .bind::<sql_types::Uuid, _>(id)
    .bind::<sql_types::Text, _>(why)
    .execute(tx.conn())
    .await?;
    Ok(())
}
