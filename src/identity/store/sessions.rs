//! Logging in: credentials, standing, failures, and the refresh tokens a session lives by.

use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::{
    kernel::{
        Problem, Role,
        actor::AccountActor,
        id::{AccountId, OrganisationId},
    },
    platform::statement::statement,
};

/// What a login is checked against.
#[derive(QueryableByName)]
pub struct Credential {
    #[diesel(sql_type = sql_types::Uuid)]
    pub id: AccountId,
    #[diesel(sql_type = sql_types::Uuid)]
    pub organisation_id: OrganisationId,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    pub password_hash: Option<String>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Binary>)]
    pub secret_sha256: Option<Vec<u8>>,
    #[diesel(sql_type = sql_types::Integer)]
    pub epoch: i32,
    /// Made up for it by another.
    #[diesel(sql_type = sql_types::Bool)]
    pub first_password: bool,
}

/// The credential of an account that is not disabled.
pub async fn credential(conn: &mut AsyncPgConnection, login: &str) -> Result<Option<Credential>, Problem> {
    Ok(statement(
        "SELECT id, organisation_id, password_hash, secret_sha256, epoch, first_password FROM accounts
          WHERE login = $1 AND disabled_at IS NULL",
    )
    .bind::<sql_types::Text, _>(login)
    .get_result(conn)
    .await
    .optional()?)
}

/// What an account is at this moment.
#[derive(Debug, Clone)]
pub struct Standing {
    pub epoch: i32,
    pub first_password: bool,
    pub actor: AccountActor,
}

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = sql_types::Text)]
    login: String,
    #[diesel(sql_type = sql_types::Uuid)]
    organisation_id: OrganisationId,
    #[diesel(sql_type = sql_types::Integer)]
    epoch: i32,
    #[diesel(sql_type = sql_types::Bool)]
    first_password: bool,
    #[diesel(sql_type = sql_types::Text)]
    kind: String,
    #[diesel(sql_type = sql_types::Text)]
    region_code: String,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    centre_code: Option<String>,
    #[diesel(sql_type = sql_types::Array<sql_types::Text>)]
    roles: Vec<String>,
}

/// Standing of an account in a session; nothing when the account is disabled or the session revoked.
pub async fn standing(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    session: Uuid,
) -> Result<Option<Standing>, Problem> {
    let row = statement(
        "SELECT a.login, a.organisation_id, a.epoch, a.first_password, o.kind, o.region_code, o.centre_code,
                ARRAY(SELECT r.role FROM account_roles r WHERE r.account_id = a.id AND r.ended_at IS NULL) AS roles
           FROM accounts a JOIN organisations o ON o.id = a.organisation_id
          WHERE a.id = $1 AND a.disabled_at IS NULL
            AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.family = $2 AND t.revoked_at IS NOT NULL)",
    )
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Uuid, _>(session)
    .get_result::<StandingRow>(conn)
    .await
    .optional()?;
    row.map(|row| row.into_standing(account)).transpose()
}

impl StandingRow {
    fn into_standing(self, account: AccountId) -> Result<Standing, Problem> {
        let mut roles = Vec::with_capacity(self.roles.len());
        for role in &self.roles {
            roles.push(role.parse::<Role>().map_err(Problem::internal)?);
        }
        roles.sort();
        let centre = if roles.contains(&Role::Operator) { self.centre_code } else { None };
        let actor = AccountActor {
            account,
            login: self.login,
            organisation: self.organisation_id,
            kind: self.kind.parse().map_err(Problem::internal)?,
            centre,
            region: Some(self.region_code),
            roles,
        };
        Ok(Standing { epoch: self.epoch, first_password: self.first_password, actor })
    }
}

#[derive(QueryableByName)]
struct Seconds {
    #[diesel(sql_type = sql_types::Integer)]
    seconds: i32,
}

/// Seconds until this login or address may try again; nothing when it may now.
pub async fn seconds_to_wait(
    conn: &mut AsyncPgConnection,
    login: &[u8; 32],
    address: &str,
    most: (i32, i32),
) -> Result<Option<i32>, Problem> {
    let row = statement(
        "SELECT ceil(extract(epoch FROM max(at) + interval '15 minutes' - clock_timestamp()))::int AS seconds FROM (
           (SELECT at FROM login_failures WHERE login_sha256 = $1 ORDER BY at DESC OFFSET $3 - 1 LIMIT 1)
           UNION ALL
           (SELECT at FROM login_failures WHERE address = $2 ORDER BY at DESC OFFSET $4 - 1 LIMIT 1)) nth
          WHERE at > clock_timestamp() - interval '15 minutes' HAVING max(at) IS NOT NULL",
    )
    .bind::<sql_types::Binary, _>(login.as_slice())
    .bind::<sql_types::Text, _>(address)
    .bind::<sql_types::Integer, _>(most.0)
    .bind::<sql_types::Integer, _>(most.1)
    .get_result::<Seconds>(conn)
    .await
    .optional()?;
    Ok(row.map(|row| row.seconds.max(1)))
}

/// Notes a failed login; failures older than a day go.
pub async fn add_failure(
    conn: &mut AsyncPgConnection,
    login: &[u8; 32],
    address: &str,
) -> Result<(), Problem> {
    statement(
        "WITH old AS (DELETE FROM login_failures WHERE at < clock_timestamp() - interval '1 day')
         INSERT INTO login_failures (login_sha256, address) VALUES ($1, $2)",
    )
    .bind::<sql_types::Binary, _>(login.as_slice())
    .bind::<sql_types::Text, _>(address)
    .execute(conn)
    .await?;
    Ok(())
}

/// A refresh token that was just used up.
#[derive(QueryableByName)]
pub struct Used {
    #[diesel(sql_type = sql_types::Uuid)]
    pub family: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    pub account_id: AccountId,
    #[diesel(sql_type = sql_types::Integer)]
    pub epoch: i32,
}

/// Adds a refresh token of `hours` to a session.
pub async fn add_refresh_token(
    conn: &mut AsyncPgConnection,
    session: Uuid,
    account: AccountId,
    epoch: i32,
    token: &[u8; 32],
    hours: i32,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO refresh_tokens (id, family, account_id, epoch, token_sha256, expires_at)
         VALUES ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(hours => $6))",
    )
    .bind::<sql_types::Uuid, _>(Uuid::new_v4())
    .bind::<sql_types::Uuid, _>(session)
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Integer, _>(epoch)
    .bind::<sql_types::Binary, _>(token.as_slice())
    .bind::<sql_types::Integer, _>(hours)
    .execute(conn)
    .await?;
    Ok(())
}

/// Uses a refresh token up, once over all instances.
pub async fn use_refresh_token(
    conn: &mut AsyncPgConnection,
    token: &[u8; 32],
) -> Result<Option<Used>, Problem> {
    Ok(statement(
        "UPDATE refresh_tokens SET used_at = clock_timestamp()
          WHERE token_sha256 = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > clock_timestamp()
         RETURNING family, account_id, epoch",
    )
    .bind::<sql_types::Binary, _>(token.as_slice())
    .get_result(conn)
    .await
    .optional()?)
}

/// A used token that came again.
#[derive(QueryableByName)]
pub struct Replay {
    #[diesel(sql_type = sql_types::Uuid)]
    pub family: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    pub account_id: AccountId,
    #[diesel(sql_type = sql_types::Integer)]
    pub replays: i32,
    #[diesel(sql_type = sql_types::Bool)]
    pub soon: bool,
}

/// Counts the replay of a used token.
pub async fn count_replay(
    conn: &mut AsyncPgConnection,
    token: &[u8; 32],
    race_seconds: i32,
) -> Result<Option<Replay>, Problem> {
    Ok(statement(
        "UPDATE refresh_tokens SET replays = replays + 1
          WHERE token_sha256 = $1 AND used_at IS NOT NULL AND revoked_at IS NULL
         RETURNING family, account_id, replays, clock_timestamp() <= used_at + make_interval(secs => $2) AS soon",
    )
    .bind::<sql_types::Binary, _>(token.as_slice())
    .bind::<sql_types::Integer, _>(race_seconds)
    .get_result(conn)
    .await
    .optional()?)
}

/// Ends a session: none of its tokens is good any more.
pub async fn revoke_session(conn: &mut AsyncPgConnection, session: Uuid) -> Result<(), Problem> {
    statement(
        "UPDATE refresh_tokens SET revoked_at = clock_timestamp() WHERE family = $1 AND revoked_at IS NULL",
    )
    .bind::<sql_types::Uuid, _>(session)
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends all sessions of an account, and every token of its epoch; answers how many could still be gone on with.
pub async fn end_sessions(conn: &mut AsyncPgConnection, account: AccountId) -> Result<usize, Problem> {
    statement("UPDATE accounts SET epoch = epoch + 1 WHERE id = $1")
        .bind::<sql_types::Uuid, _>(account)
        .execute(conn)
        .await?;
    Ok(statement(
        "UPDATE refresh_tokens SET revoked_at = clock_timestamp()
          WHERE account_id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > clock_timestamp()",
    )
    .bind::<sql_types::Uuid, _>(account)
    .execute(conn)
    .await?)
}
