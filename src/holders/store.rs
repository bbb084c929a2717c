//! Holders in the database.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    holders::model::{Canary, SealKey, Settled},
    kernel::{
        Code, Problem, Refusal, Say,
        id::{AccountId, OrganisationId, TenderId},
    },
    platform::{
        db::{OnConstraint, Tx, unreadable},
        statement::statement,
    },
    seal::CheckedPolicy,
};

const COLUMNS: &str = "id, organisation_id, account_id, recipient, enrolment, enrolled_at, revoked_at";

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    organisation_id: OrganisationId,
    #[diesel(sql_type = sql_types::Uuid)]
    account_id: AccountId,
    #[diesel(sql_type = sql_types::Text)]
    recipient: String,
    #[diesel(sql_type = sql_types::Jsonb)]
    enrolment: Value,
    #[diesel(sql_type = sql_types::Timestamptz)]
    enrolled_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<KeyRow> for SealKey {
    type Error = Problem;

    fn try_from(row: KeyRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            organisation: row.organisation_id,
            officer: row.account_id,
            recipient: row.recipient,
            enrolment: serde_json::from_value(row.enrolment).map_err(unreadable("seal_keys.enrolment"))?,
            enrolled_at: row.enrolled_at,
            revoked_at: row.revoked_at,
        })
    }
}

/// Writes an enrolled key.
///
/// # Errors
/// `duplicate` for a recipient that is enrolled already.
pub async fn insert_key(tx: &mut Tx<'_>, key: &SealKey) -> Result<(), Problem> {
    statement(
        "INSERT INTO seal_keys (id, organisation_id, account_id, recipient, enrolment, enrolled_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind::<sql_types::Uuid, _>(key.id)
    .bind::<sql_types::Uuid, _>(key.organisation)
    .bind::<sql_types::Uuid, _>(key.officer)
    .bind::<sql_types::Text, _>(&key.recipient)
    .bind::<sql_types::Jsonb, _>(serde_json::to_value(&key.enrolment).map_err(Problem::internal)?)
    .bind::<sql_types::Timestamptz, _>(key.enrolled_at)
    .execute(tx.conn())
    .await
    .map(drop)
    .on_constraint("seal_keys_recipient_once", || {
        Refusal::new(Code::Duplicate, Say::new("该公钥已登记。", "This key is enrolled already."))
    })
}

/// One key with its row held, for its revocation.
///
/// # Errors
/// When the database is away.
pub async fn lock_key(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<SealKey>, Problem> {
    let row: Option<KeyRow> =
        statement(format!("SELECT {COLUMNS} FROM seal_keys WHERE id = $1 FOR NO KEY UPDATE"))
            .bind::<sql_types::Uuid, _>(id)
            .get_result(tx.conn())
            .await
            .optional()?;
    row.map(SealKey::try_from).transpose()
}

/// Holds the keys of organisations that are not revoked to the end of the transaction: whoever revokes one waits, and who
/// has begun to is waited for.
///
/// # Errors
/// When the database is away.
pub async fn hold_keys(tx: &mut Tx<'_>, organisations: &[OrganisationId]) -> Result<(), Problem> {
    statement(
        "SELECT FROM seal_keys WHERE organisation_id = ANY($1) AND revoked_at IS NULL ORDER BY id FOR SHARE",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(organisations)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes a key out of policies to come.
///
/// # Errors
/// When the database is away.
pub async fn revoke_key(
    tx: &mut Tx<'_>,
    id: Uuid,
    by: AccountId,
    at: DateTime<Utc>,
    reason: &str,
) -> Result<(), Problem> {
    statement("UPDATE seal_keys SET revoked_at = $2, revoked_by = $3, revoked_reason = $4 WHERE id = $1")
        .bind::<sql_types::Uuid, _>(id)
        .bind::<sql_types::Timestamptz, _>(at)
        .bind::<sql_types::Uuid, _>(by)
        .bind::<sql_types::Text, _>(reason)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keys of an organisation, revoked ones too, in the order of enrolment.
///
/// # Errors
/// When the database is away.
pub async fn keys_of(
    conn: &mut AsyncPgConnection,
    organisation: OrganisationId,
) -> Result<Vec<SealKey>, Problem> {
    let rows: Vec<KeyRow> = statement(format!(
        "SELECT {COLUMNS} FROM seal_keys WHERE organisation_id = $1 ORDER BY enrolled_at, id"
    ))
    .bind::<sql_types::Uuid, _>(organisation)
    .get_results(conn)
    .await?;
    rows.into_iter().map(SealKey::try_from).collect()
}

/// Writes the policy of a tender and answers its row id.
///
/// # Errors
/// When the database is away.
pub async fn insert_policy(
    tx: &mut Tx<'_>,
    tender: TenderId,
    settled: &Settled,
    at: DateTime<Utc>,
) -> Result<Uuid, Problem> {
    let id = Uuid::new_v4();
    let policy = settled.policy.policy();
    statement(
        "INSERT INTO seal_policies (id, tender_id, policy_no, document, digest, holders, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<sql_types::Uuid, _>(id)
    .bind::<sql_types::Uuid, _>(tender)
    .bind::<sql_types::Integer, _>(i32::try_from(policy.policy_no).map_err(Problem::internal)?)
    .bind::<sql_types::Jsonb, _>(serde_json::to_value(policy).map_err(Problem::internal)?)
    .bind::<sql_types::Binary, _>(settled.policy.digest().0.as_slice())
    .bind::<sql_types::Jsonb, _>(serde_json::to_value(&settled.holders).map_err(Problem::internal)?)
    .bind::<sql_types::Timestamptz, _>(at)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

#[derive(QueryableByName)]
struct PolicyRow {
    #[diesel(sql_type = sql_types::Jsonb)]
    document: Value,
    #[diesel(sql_type = sql_types::Jsonb)]
    holders: Value,
}

impl TryFrom<PolicyRow> for Settled {
    type Error = Problem;

    fn try_from(row: PolicyRow) -> Result<Self, Problem> {
        let document = serde_json::from_value(row.document).map_err(unreadable("seal_policies.document"))?;
        let holders: BTreeMap<String, OrganisationId> =
            serde_json::from_value(row.holders).map_err(unreadable("seal_policies.holders"))?;
        Ok(Self { policy: CheckedPolicy::new(document).map_err(Problem::internal)?, holders })
    }
}

/// The policies of a tender that are kept, the first one first.
///
/// # Errors
/// When the database is away, or a stored policy does not hold.
pub async fn policies_of(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Settled>, Problem> {
    let rows: Vec<PolicyRow> =
        statement("SELECT document, holders FROM seal_policies WHERE tender_id = $1 ORDER BY policy_no")
            .bind::<sql_types::Uuid, _>(tender)
            .get_results(conn)
            .await?;
    rows.into_iter().map(Settled::try_from).collect()
}

#[derive(QueryableByName)]
struct Recipient {
    #[diesel(sql_type = sql_types::Text)]
    recipient: String,
}

/// Which of these recipients are not revoked.
///
/// # Errors
/// When the database is away.
pub async fn usable(conn: &mut AsyncPgConnection, recipients: &[&str]) -> Result<BTreeSet<String>, Problem> {
    let rows: Vec<Recipient> =
        statement("SELECT recipient FROM seal_keys WHERE recipient = ANY($1) AND revoked_at IS NULL")
            .bind::<sql_types::Array<sql_types::Text>, _>(recipients)
            .get_results(conn)
            .await?;
    Ok(rows.into_iter().map(|row| row.recipient).collect())
}

#[derive(QueryableByName)]
struct About {
    #[diesel(sql_type = sql_types::Uuid)]
    tender_id: TenderId,
}

/// The tenders for which an officer with this key has, or had, to prove to read.
///
/// # Errors
/// When the database is away.
pub async fn tenders_of_key(conn: &mut AsyncPgConnection, key: Uuid) -> Result<Vec<TenderId>, Problem> {
    let rows: Vec<About> =
        statement("SELECT DISTINCT tender_id FROM seal_canaries WHERE key_id = $1 ORDER BY tender_id")
            .bind::<sql_types::Uuid, _>(key)
            .get_results(conn)
            .await?;
    Ok(rows.into_iter().map(|row| row.tender_id).collect())
}

/// A canary about to be put out.
pub struct NewCanary {
    /// Row id.
    pub id: Uuid,
    /// The officer's key.
    pub key: Uuid,
    /// The member it is an officer of.
    pub member: &'static str,
    /// The age file.
    pub canary: Vec<u8>,
    /// SHA-256 of what must come out.
    pub answer_sha256: [u8; 32],
}

/// Puts canaries out for a policy.
///
/// # Errors
/// When the database is away.
pub async fn insert_canaries(
    tx: &mut Tx<'_>,
    (tender, policy_no): (TenderId, u32),
    canaries: &[NewCanary],
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO seal_canaries (tender_id, made_at, id, key_id, member, canary, answer_sha256, policy_no)
         SELECT $1, $2, canary.*, $8
           FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::bytea[], $7::bytea[]) AS canary",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .bind::<sql_types::Timestamptz, _>(at)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(canaries.iter().map(|one| one.id).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(canaries.iter().map(|one| one.key).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(canaries.iter().map(|one| one.member).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Binary>, _>(
        canaries.iter().map(|one| one.canary.as_slice()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Binary>, _>(
        canaries.iter().map(|one| one.answer_sha256.as_slice()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Integer, _>(i32::try_from(policy_no).map_err(Problem::internal)?)
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct CanaryRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    key_id: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    account_id: AccountId,
    #[diesel(sql_type = sql_types::Text)]
    member: String,
    #[diesel(sql_type = sql_types::Binary)]
    canary: Vec<u8>,
    #[diesel(sql_type = sql_types::Binary)]
    answer_sha256: Vec<u8>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    proved_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Bool)]
    revoked: bool,
}

/// The canaries of a tender's current policy by member; none where the bidder alone holds the secret.
///
/// # Errors
/// When the database is away.
pub async fn canaries(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Canary>, Problem> {
    let rows: Vec<CanaryRow> = statement(
        "SELECT c.id, c.key_id, k.account_id, c.member, c.canary, c.answer_sha256, c.proved_at,
                k.revoked_at IS NOT NULL AS revoked
           FROM seal_canaries c JOIN seal_keys k ON k.id = c.key_id
          WHERE c.tender_id = $1
            AND c.policy_no = (SELECT max(policy_no) FROM seal_policies WHERE tender_id = $1)
          ORDER BY c.member, k.enrolled_at, c.key_id",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .get_results(conn)
    .await?;
    let canaries = rows.into_iter().map(|row| Canary {
        id: row.id,
        key: row.key_id,
        officer: row.account_id,
        member: row.member,
        canary: row.canary,
        answer_sha256: row.answer_sha256,
        proved_at: row.proved_at,
        revoked: row.revoked,
    });
    Ok(canaries.collect())
}

/// Notes that an officer has read its canary; answers whether it had not before.
///
/// # Errors
/// When the database is away.
pub async fn set_proved(tx: &mut Tx<'_>, canary: Uuid, at: DateTime<Utc>) -> Result<bool, Problem> {
    let changed = statement("UPDATE seal_canaries SET proved_at = $2 WHERE id = $1 AND proved_at IS NULL")
        .bind::<sql_types::Uuid, _>(canary)
        .bind::<sql_types::Timestamptz, _>(at)
        .execute(tx.conn())
        .await?;
    Ok(changed == 1)
}
