//! Accounts with their roles and what they prove themselves by.

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Yes;
use crate::{
    identity::model::{AccountEntry, RoleHeld},
    kernel::{
        Code, Problem, Refusal, Role, Say,
        id::{AccountId, OrganisationId},
    },
    platform::{
        db::{OnConstraint, unreadable},
        http::Cursor,
        statement::statement,
    },
};

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
    /// `first`: made up by the hall for another, who has to choose an own one before anything else.
    Password {
        hash: String,
        person: Uuid,
        first: bool,
    },
    Secret([u8; 32]),
}

/// Inserts accounts and their roles in two statements.
pub async fn add_accounts(
    conn: &mut AsyncPgConnection,
    new: &[NewAccount],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let split = |one: &NewAccount| match &one.proof {
        NewProof::Password { hash, person, first } => {
            ("person", Some(hash.clone()), Some(*person), None, *first)
        }
        NewProof::Secret(secret) => ("program", None, None, Some(secret.to_vec()), false),
    };
    let proofs: Vec<_> = new.iter().map(split).collect();
    statement(
        "INSERT INTO accounts (id, login, organisation_id, display_name, kind, password_hash, person_key,
                               secret_sha256, first_password, created_at)
         SELECT *, $10 FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                                   $7::uuid[], $8::bytea[], $9::bool[])",
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
    .bind::<sql_types::Array<sql_types::Bool>, _>(proofs.iter().map(|one| one.4).collect::<Vec<_>>())
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

/// Whether a login is taken.
pub async fn login_exists(conn: &mut AsyncPgConnection, login: &str) -> Result<bool, Problem> {
    let row = statement("SELECT EXISTS (SELECT FROM accounts WHERE login = $1) AS yes")
        .bind::<sql_types::Text, _>(login);
    Ok(row.get_result::<Yes>(conn).await?.yes)
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
    #[diesel(sql_type = sql_types::Bool)]
    first_password: bool,
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
            first_password: row.first_password,
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
                a.first_password,
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
                a.first_password,
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

#[derive(QueryableByName)]
struct RoleRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    role: String,
    #[diesel(sql_type = sql_types::Timestamptz)]
    given_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    ended_at: Option<DateTime<Utc>>,
}

/// Every role of an account, ended or not, oldest first.
pub async fn roles_held(conn: &mut AsyncPgConnection, account: AccountId) -> Result<Vec<RoleHeld>, Problem> {
    let rows = statement(
        "SELECT id, role, given_at, ended_at FROM account_roles WHERE account_id = $1 ORDER BY given_at, id",
    )
    .bind::<sql_types::Uuid, _>(account)
    .get_results::<RoleRow>(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let role = row.role.parse().map_err(unreadable("account_roles.role"))?;
            Ok(RoleHeld { id: row.id, role, given_at: row.given_at, ended_at: row.ended_at })
        })
        .collect()
}

/// Gives an account a role it does not hold.
pub async fn give_role(
    conn: &mut AsyncPgConnection,
    row: Uuid,
    account: AccountId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    statement("INSERT INTO account_roles (id, account_id, role, given_at) VALUES ($1, $2, $3, $4)")
        .bind::<sql_types::Uuid, _>(row)
        .bind::<sql_types::Uuid, _>(account)
        .bind::<sql_types::Text, _>(role.as_ref())
        .bind::<sql_types::Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct EndedRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}

/// Ends a role; nothing where it is not held.
pub async fn end_role(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, Problem> {
    let ended = statement(
        "UPDATE account_roles SET ended_at = $3 WHERE account_id = $1 AND role = $2 AND ended_at IS NULL
         RETURNING id",
    )
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Text, _>(role.as_ref())
    .bind::<sql_types::Timestamptz, _>(now)
    .get_result::<EndedRow>(conn)
    .await
    .optional()?;
    Ok(ended.map(|row| row.id))
}

/// Holds an account's row to the end of the transaction, where there is one.
pub async fn lock_account(conn: &mut AsyncPgConnection, id: AccountId) -> Result<(), Problem> {
    statement("SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE")
        .bind::<sql_types::Uuid, _>(id)
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct AdministersRow {
    #[diesel(sql_type = sql_types::Bool)]
    administers: bool,
}

/// Holds the role of every administrator to the end of the transaction; answers whether `account` has one then. The answer
/// is a statement of its own: the one that waits would still see what was there when it began to wait.
pub async fn hold_administrators(conn: &mut AsyncPgConnection, account: AccountId) -> Result<bool, Problem> {
    statement("SELECT FROM account_roles WHERE role = $1 AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE")
        .bind::<sql_types::Text, _>(Role::Admin.as_ref())
        .execute(conn)
        .await?;
    let row: AdministersRow = statement(
        "SELECT EXISTS (SELECT FROM account_roles r JOIN accounts a ON a.id = r.account_id
                         WHERE a.id = $1 AND a.disabled_at IS NULL AND r.role = $2 AND r.ended_at IS NULL)
                AS administers",
    )
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Text, _>(Role::Admin.as_ref())
    .get_result(conn)
    .await?;
    Ok(row.administers)
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
    let (password, secret, first) = match proof {
        NewProof::Password { hash, first, .. } => (Some(hash.as_str()), None, *first),
        NewProof::Secret(secret) => (None, Some(secret.as_slice()), false),
    };
    statement(
        "UPDATE accounts SET password_hash = $2, secret_sha256 = $3, first_password = $4 WHERE id = $1",
    )
    .bind::<sql_types::Uuid, _>(id)
    .bind::<sql_types::Nullable<sql_types::Text>, _>(password)
    .bind::<sql_types::Nullable<sql_types::Binary>, _>(secret)
    .bind::<sql_types::Bool, _>(first)
    .execute(conn)
    .await?;
    Ok(())
}
