//! Public keys that organisations sign with.

use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::{
    identity::model::SigningKey,
    kernel::{
        Code, Problem, Refusal, Say,
        id::{AccountId, OrganisationId},
    },
    platform::{db::OnConstraint, statement::statement},
};

#[derive(QueryableByName)]
struct SigningKeyRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    organisation_id: OrganisationId,
    #[diesel(sql_type = sql_types::Binary)]
    public_key: Vec<u8>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    valid_from: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    valid_to: Option<DateTime<Utc>>,
}

/// Keys of the organisations, oldest first.
pub async fn signing_keys(
    mut conn: &AsyncPgConnection,
    organisations: &[OrganisationId],
) -> Result<Vec<SigningKey>, Problem> {
    let rows = statement(
        "SELECT id, organisation_id, public_key, valid_from, valid_to FROM signing_keys
          WHERE organisation_id = ANY($1) ORDER BY valid_from, id",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(organisations)
    .get_results::<SigningKeyRow>(&mut conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let public_key =
                row.public_key.try_into().map_err(|_| anyhow::anyhow!("a key of another length"))?;
            Ok(SigningKey {
                id: row.id,
                organisation: row.organisation_id,
                public_key,
                valid_from: row.valid_from,
                valid_to: row.valid_to,
            })
        })
        .collect()
}

/// Saves an enrolled key.
pub async fn add_signing_key(
    conn: &mut AsyncPgConnection,
    key: &SigningKey,
    proof: &[u8; 64],
    by: AccountId,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO signing_keys (id, organisation_id, public_key, proof, enrolled_by, enrolled_at, valid_from, valid_to)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind::<sql_types::Uuid, _>(key.id)
    .bind::<sql_types::Uuid, _>(key.organisation)
    .bind::<sql_types::Binary, _>(key.public_key.as_slice())
    .bind::<sql_types::Binary, _>(proof.as_slice())
    .bind::<sql_types::Uuid, _>(by)
    .bind::<sql_types::Timestamptz, _>(now)
    .bind::<sql_types::Timestamptz, _>(key.valid_from)
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(key.valid_to)
    .execute(conn)
    .await
    .on_constraint("signing_keys_key_unique", || {
        Refusal::new(Code::Duplicate, Say::new("该公钥已登记。", "This public key is already enrolled."))
    })?;
    Ok(())
}

/// Inserts many enrolled keys in one statement.
pub async fn add_signing_keys(
    conn: &mut AsyncPgConnection,
    keys: &[(SigningKey, [u8; 64], AccountId)],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO signing_keys (id, organisation_id, public_key, proof, enrolled_by, enrolled_at, valid_from)
         SELECT *, $6, $6 FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[], $5::uuid[])",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(keys.iter().map(|one| one.0.id).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(keys.iter().map(|one| one.0.organisation).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Binary>, _>(
        keys.iter().map(|one| one.0.public_key.as_slice()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Binary>, _>(keys.iter().map(|one| one.1.as_slice()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(keys.iter().map(|one| one.2).collect::<Vec<_>>())
    .bind::<sql_types::Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}
