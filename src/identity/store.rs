//! SQL of the room.

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{
    model::{AccountEntry, Organisation, OrganisationEntry, SigningKey},
    sides::Side,
};
use crate::{
    kernel::{
        Code, OrganisationKind, Problem, Refusal, Role, Say,
        actor::AccountActor,
        id::{AccountId, OrganisationId, ProjectId},
    },
    platform::{
        db::{OnConstraint, unreadable},
        http::Cursor,
        statement::statement,
    },
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
}

/// The credential of an account that is not disabled.
pub async fn credential(conn: &mut AsyncPgConnection, login: &str) -> Result<Option<Credential>, Problem> {
    Ok(statement(
        "SELECT id, organisation_id, password_hash, secret_sha256, epoch FROM accounts
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
        "SELECT a.login, a.organisation_id, a.epoch, o.kind, o.region_code, o.centre_code,
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
        Ok(Standing { epoch: self.epoch, actor })
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

#[derive(QueryableByName)]
struct OrganisationRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: OrganisationId,
    #[diesel(sql_type = sql_types::Text)]
    kind: String,
    #[diesel(sql_type = sql_types::Text)]
    name_zh: String,
    #[diesel(sql_type = sql_types::Text)]
    name_en: String,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    uscc: Option<String>,
    #[diesel(sql_type = sql_types::Text)]
    region_code: String,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    centre_code: Option<String>,
    #[diesel(sql_type = sql_types::Text)]
    email: String,
}

/// The organisations of `ids` that exist.
pub async fn organisations(
    conn: &mut AsyncPgConnection,
    ids: &[OrganisationId],
) -> Result<Vec<Organisation>, Problem> {
    let rows = statement(
        "SELECT id, kind, name_zh, name_en, uscc, region_code, centre_code, email FROM organisations WHERE id = ANY($1)",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
    .get_results::<OrganisationRow>(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Organisation {
                id: row.id,
                kind: row.kind.parse::<OrganisationKind>().map_err(Problem::internal)?,
                name: Say::new(row.name_zh, row.name_en),
                uscc: row.uscc,
                region_code: row.region_code,
                centre_code: row.centre_code,
                email: row.email,
            })
        })
        .collect()
}

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

/// An account with what other rooms may show of it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct AccountSummary {
    /// The account.
    #[diesel(sql_type = sql_types::Uuid)]
    pub id: AccountId,
    /// Login name; never in public answers.
    #[diesel(sql_type = sql_types::Text)]
    pub login: String,
    /// Name people read.
    #[diesel(sql_type = sql_types::Text)]
    pub display_name: String,
    /// Organisation acted for.
    #[diesel(sql_type = sql_types::Uuid)]
    pub organisation_id: OrganisationId,
    /// One key for all accounts of one person; none for a program.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    pub person_key: Option<Uuid>,
    /// `person` or `program`.
    #[diesel(sql_type = sql_types::Text)]
    pub kind: String,
}

/// Accounts in good standing that hold `role`, by login.
pub async fn accounts_with_role(
    conn: &mut AsyncPgConnection,
    role: Role,
) -> Result<Vec<AccountSummary>, Problem> {
    Ok(statement(
        "SELECT a.id, a.login, a.display_name, a.organisation_id, a.person_key, a.kind
           FROM accounts a JOIN account_roles r ON r.account_id = a.id AND r.ended_at IS NULL
          WHERE r.role = $1 AND a.disabled_at IS NULL ORDER BY a.login",
    )
    .bind::<sql_types::Text, _>(role.as_ref())
    .get_results(conn)
    .await?)
}

/// The accounts of `ids` that exist, disabled or not.
pub async fn accounts(
    conn: &mut AsyncPgConnection,
    ids: &[AccountId],
) -> Result<Vec<AccountSummary>, Problem> {
    Ok(statement(
        "SELECT id, login, display_name, organisation_id, person_key, kind FROM accounts WHERE id = ANY($1)",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
    .get_results(conn)
    .await?)
}

#[derive(QueryableByName)]
struct SideRow {
    #[diesel(sql_type = sql_types::Text)]
    side: String,
}

/// Takes a side for the person behind an account, unless that person has one already.
pub async fn add_side(
    conn: &mut AsyncPgConnection,
    project: ProjectId,
    account: AccountId,
    side: Side,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO project_sides (project_id, person, account_id, side)
         SELECT $1, coalesce(a.person_key, a.id), a.id, $3 FROM accounts a WHERE a.id = $2
         ON CONFLICT ON CONSTRAINT project_sides_one_side DO NOTHING",
    )
    .bind::<sql_types::Uuid, _>(project)
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Text, _>(side.as_ref())
    .execute(conn)
    .await?;
    Ok(())
}

/// The side that the person behind an account has in a project.
pub async fn side_of(
    conn: &mut AsyncPgConnection,
    project: ProjectId,
    account: AccountId,
) -> Result<Option<String>, Problem> {
    let row = statement(
        "SELECT s.side FROM project_sides s JOIN accounts a ON s.person = coalesce(a.person_key, a.id)
          WHERE s.project_id = $1 AND a.id = $2",
    )
    .bind::<sql_types::Uuid, _>(project)
    .bind::<sql_types::Uuid, _>(account)
    .get_result::<SideRow>(conn)
    .await
    .optional()?;
    Ok(row.map(|row| row.side))
}

/// A new organisation.
pub struct NewOrganisation {
    pub id: OrganisationId,
    pub kind: OrganisationKind,
    pub name: Say,
    pub uscc: Option<String>,
    pub region_code: String,
    pub centre_code: Option<String>,
    pub email: String,
}

/// A new account with its one role.
pub struct NewAccount {
    pub id: AccountId,
    pub login: String,
    pub organisation: OrganisationId,
    pub display_name: String,
    /// A person's password hash, or a program's hashed secret.
    pub proof: NewProof,
    pub role: Role,
    pub role_row: Uuid,
}

/// How a new account proves itself.
pub enum NewProof {
    Password { hash: String, person: Uuid },
    Secret([u8; 32]),
}

/// Inserts organisations in one statement.
pub async fn add_organisations(
    conn: &mut AsyncPgConnection,
    new: &[NewOrganisation],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO organisations (id, kind, name_zh, name_en, uscc, region_code, centre_code, email, created_at)
         SELECT *, $9 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                                  $8::text[])",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(new.iter().map(|one| one.id).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.kind.as_ref()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.name.zh.as_str()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.name.en.as_str()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Text>>, _>(
        new.iter().map(|one| one.uscc.as_deref()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.region_code.as_str()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Text>>, _>(
        new.iter().map(|one| one.centre_code.as_deref()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.email.as_str()).collect::<Vec<_>>())
    .bind::<sql_types::Timestamptz, _>(now)
    .execute(conn)
    .await
    .on_constraint("organisations_uscc_unique", || {
        Refusal::new(Code::Duplicate, Say::new("该统一社会信用代码已登记。", "This credit code is registered already."))
    })?;
    Ok(())
}

/// Inserts accounts and their roles in two statements.
pub async fn add_accounts(
    conn: &mut AsyncPgConnection,
    new: &[NewAccount],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let split = |one: &NewAccount| match &one.proof {
        NewProof::Password { hash, person } => ("person", Some(hash.clone()), Some(*person), None),
        NewProof::Secret(secret) => ("program", None, None, Some(secret.to_vec())),
    };
    let proofs: Vec<_> = new.iter().map(split).collect();
    statement(
        "INSERT INTO accounts (id, login, organisation_id, display_name, kind, password_hash, person_key,
                               secret_sha256, created_at)
         SELECT *, $9 FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                                  $7::uuid[], $8::bytea[])",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(new.iter().map(|one| one.id).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(
        new.iter().map(|one| one.login.as_str()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(new.iter().map(|one| one.organisation).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(
        new.iter().map(|one| one.display_name.as_str()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(proofs.iter().map(|one| one.0).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Text>>, _>(
        proofs.iter().map(|one| one.1.as_deref()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
        proofs.iter().map(|one| one.2).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Binary>>, _>(
        proofs.iter().map(|one| one.3.as_deref()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Timestamptz, _>(now)
    .execute(conn)
    .await
    .on_constraint("accounts_login_unique", || {
        Refusal::new(Code::Duplicate, Say::new("该登录名已存在。", "This login exists already."))
    })?;
    statement(
        "INSERT INTO account_roles (id, account_id, role, given_at)
         SELECT *, $4 FROM unnest($1::uuid[], $2::uuid[], $3::text[])",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(new.iter().map(|one| one.role_row).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(new.iter().map(|one| one.id).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(new.iter().map(|one| one.role.as_ref()).collect::<Vec<_>>())
    .bind::<sql_types::Timestamptz, _>(now)
    .execute(conn)
    .await?;
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

#[derive(QueryableByName)]
struct Yes {
    #[diesel(sql_type = sql_types::Bool)]
    yes: bool,
}

/// Whether the hall was founded as a sandbox.
pub async fn is_sandbox(conn: &mut AsyncPgConnection) -> Result<bool, Problem> {
    let row = statement("SELECT EXISTS (SELECT FROM hall WHERE mode = 'sandbox') AS yes");
    Ok(row.get_result::<Yes>(conn).await?.yes)
}

/// Whether a login is taken.
pub async fn login_exists(conn: &mut AsyncPgConnection, login: &str) -> Result<bool, Problem> {
    let row = statement("SELECT EXISTS (SELECT FROM accounts WHERE login = $1) AS yes")
        .bind::<sql_types::Text, _>(login);
    Ok(row.get_result::<Yes>(conn).await?.yes)
}

#[derive(QueryableByName)]
struct OrganisationEntryRow {
    #[diesel(embed)]
    organisation: OrganisationRow,
    #[diesel(sql_type = sql_types::Timestamptz)]
    created_at: DateTime<Utc>,
}

impl TryFrom<OrganisationEntryRow> for OrganisationEntry {
    type Error = Problem;

    fn try_from(row: OrganisationEntryRow) -> Result<Self, Problem> {
        let OrganisationEntryRow { organisation: row, created_at } = row;
        Ok(Self {
            id: row.id,
            kind: row.kind.parse().map_err(unreadable("organisations.kind"))?,
            name: Say::new(row.name_zh, row.name_en),
            uscc: row.uscc,
            region_code: row.region_code,
            centre_code: row.centre_code,
            email: row.email,
            created_at,
        })
    }
}

/// One organisation with all the administrator may see.
pub async fn organisation_entry(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
) -> Result<Option<OrganisationEntry>, Problem> {
    let row = statement(
        "SELECT id, kind, name_zh, name_en, uscc, region_code, centre_code, email, created_at
           FROM organisations WHERE id = $1",
    )
    .bind::<sql_types::Uuid, _>(id)
    .get_result::<OrganisationEntryRow>(conn)
    .await
    .optional()?;
    row.map(OrganisationEntry::try_from).transpose()
}

/// Up to `limit + 1` organisations after the cursor, newest first.
pub async fn organisation_entries(
    conn: &mut AsyncPgConnection,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<OrganisationEntry>, Problem> {
    let rows = statement(
        "SELECT id, kind, name_zh, name_en, uscc, region_code, centre_code, email, created_at FROM organisations
          WHERE $1 IS NULL OR (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3",
    )
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(after.map(|cursor| cursor.at))
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(after.map(|cursor| cursor.id))
    .bind::<sql_types::BigInt, _>(limit + 1)
    .get_results::<OrganisationEntryRow>(conn)
    .await?;
    rows.into_iter().map(OrganisationEntry::try_from).collect()
}

#[derive(QueryableByName)]
struct AccountEntryRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: AccountId,
    #[diesel(sql_type = sql_types::Text)]
    login: String,
    #[diesel(sql_type = sql_types::Text)]
    display_name: String,
    #[diesel(sql_type = sql_types::Text)]
    kind: String,
    #[diesel(sql_type = sql_types::Uuid)]
    organisation_id: OrganisationId,
    #[diesel(sql_type = sql_types::Array<sql_types::Text>)]
    roles: Vec<String>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    disabled_at: Option<DateTime<Utc>>,
}

impl TryFrom<AccountEntryRow> for AccountEntry {
    type Error = Problem;

    fn try_from(row: AccountEntryRow) -> Result<Self, Problem> {
        let roles = row.roles.iter().map(|role| role.parse().map_err(unreadable("account_roles.role")));
        let mut roles = roles.collect::<Result<Vec<Role>, _>>()?;
        roles.sort();
        Ok(Self {
            id: row.id,
            login: row.login,
            display_name: row.display_name,
            kind: row.kind.parse().map_err(unreadable("accounts.kind"))?,
            organisation_id: row.organisation_id,
            roles,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
        })
    }
}

/// One account with all the administrator may see.
pub async fn account_entry(
    conn: &mut AsyncPgConnection,
    id: AccountId,
) -> Result<Option<AccountEntry>, Problem> {
    let row = statement(
        "SELECT a.id, a.login, a.display_name, a.kind, a.organisation_id, a.created_at, a.disabled_at,
                ARRAY(SELECT r.role FROM account_roles r WHERE r.account_id = a.id AND r.ended_at IS NULL) AS roles
           FROM accounts a WHERE a.id = $1",
    )
    .bind::<sql_types::Uuid, _>(id)
    .get_result::<AccountEntryRow>(conn)
    .await
    .optional()?;
    row.map(AccountEntry::try_from).transpose()
}

/// Up to `limit + 1` accounts after the cursor, newest first.
pub async fn account_entries(
    conn: &mut AsyncPgConnection,
    organisation: Option<OrganisationId>,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<AccountEntry>, Problem> {
    let rows = statement(
        "SELECT a.id, a.login, a.display_name, a.kind, a.organisation_id, a.created_at, a.disabled_at,
                ARRAY(SELECT r.role FROM account_roles r WHERE r.account_id = a.id AND r.ended_at IS NULL) AS roles
           FROM accounts a
          WHERE ($1 IS NULL OR a.organisation_id = $1) AND ($2 IS NULL OR (a.created_at, a.id) < ($2, $3))
          ORDER BY a.created_at DESC, a.id DESC LIMIT $4",
    )
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(organisation)
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(after.map(|cursor| cursor.at))
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(after.map(|cursor| cursor.id))
    .bind::<sql_types::BigInt, _>(limit + 1)
    .get_results::<AccountEntryRow>(conn)
    .await?;
    rows.into_iter().map(AccountEntry::try_from).collect()
}

/// Holds an account's row to the end of the transaction, where there is one.
pub async fn lock_account(conn: &mut AsyncPgConnection, id: AccountId) -> Result<(), Problem> {
    statement("SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE")
        .bind::<sql_types::Uuid, _>(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Disables an account from `at`, or lets it in again.
pub async fn set_disabled(
    conn: &mut AsyncPgConnection,
    id: AccountId,
    at: Option<DateTime<Utc>>,
) -> Result<(), Problem> {
    statement("UPDATE accounts SET disabled_at = $2 WHERE id = $1")
        .bind::<sql_types::Uuid, _>(id)
        .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives an account another proof of the same sort.
pub async fn set_proof(conn: &mut AsyncPgConnection, id: AccountId, proof: &NewProof) -> Result<(), Problem> {
    let (password, secret) = match proof {
        NewProof::Password { hash, .. } => (Some(hash.as_str()), None),
        NewProof::Secret(secret) => (None, Some(secret.as_slice())),
    };
    statement("UPDATE accounts SET password_hash = $2, secret_sha256 = $3 WHERE id = $1")
        .bind::<sql_types::Uuid, _>(id)
        .bind::<sql_types::Nullable<sql_types::Text>, _>(password)
        .bind::<sql_types::Nullable<sql_types::Binary>, _>(secret)
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
