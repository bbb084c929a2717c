//! Questions of identity asked for many at once: one statement, however many submissions share a transaction.

use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{model::SigningKey, sides::Side};
use crate::{
    kernel::{
        Problem,
        id::{AccountId, OrganisationId, ProjectId},
    },
    platform::db::{Tx, unreadable},
};

#[derive(QueryableByName)]
struct KeyRow {
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

/// The enrolments of these public keys, valid now or not; a key is enrolled at most once.
///
/// # Errors
/// When the database is away.
pub async fn enrolled_keys(
    conn: &mut AsyncPgConnection,
    public_keys: &[[u8; 32]],
) -> Result<Vec<SigningKey>, Problem> {
    let rows: Vec<KeyRow> = diesel::sql_query(
        "SELECT id, organisation_id, public_key, valid_from, valid_to FROM signing_keys WHERE public_key = ANY($1)",
    )
    .bind::<sql_types::Array<sql_types::Binary>, _>(public_keys.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>())
    .get_results(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(SigningKey {
                id: row.id,
                organisation: row.organisation_id,
                public_key: row.public_key.try_into().map_err(unreadable::<Vec<u8>>("signing_keys.public_key"))?,
                valid_from: row.valid_from,
                valid_to: row.valid_to,
            })
        })
        .collect()
}

#[derive(QueryableByName)]
struct Missing {
    #[diesel(sql_type = sql_types::BigInt)]
    missing: i64,
}

/// Takes `side` in `project` for the persons behind all `accounts`, as [`super::claim_side`] does for one. Answers
/// whether every one of them has it now; who has not is found by asking one by one.
///
/// # Errors
/// When the database is away.
pub async fn claim_sides(
    tx: &mut Tx<'_>,
    project: ProjectId,
    accounts: &[AccountId],
    side: Side,
) -> Result<bool, Problem> {
    // Those who have the side already, nearly all, cost a look-up and no write.
    let row: Missing = diesel::sql_query(
        "WITH asked AS (
             SELECT DISTINCT ON (coalesce(a.person_key, a.id)) coalesce(a.person_key, a.id) AS person, a.id
               FROM accounts a WHERE a.id = ANY($2)),
         held AS (
             SELECT s.person FROM project_sides s JOIN asked USING (person) WHERE s.project_id = $1 AND s.side = $3),
         taken AS (
             INSERT INTO project_sides (project_id, person, account_id, side)
             SELECT $1, person, id, $3 FROM asked WHERE person NOT IN (SELECT person FROM held)
             ON CONFLICT ON CONSTRAINT project_sides_one_side DO UPDATE SET side = project_sides.side
              WHERE project_sides.side = excluded.side
             RETURNING person)
         SELECT (SELECT count(*) FROM asked) - (SELECT count(*) FROM held) - (SELECT count(*) FROM taken) AS missing",
    )
    .bind::<sql_types::Uuid, _>(project)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(accounts)
    .bind::<sql_types::Text, _>(side.as_ref())
    .get_result(tx.conn())
    .await?;
    Ok(row.missing == 0)
}
