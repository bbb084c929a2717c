//! SOD-1: one person, one side per project.

use diesel::{QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::store;
use crate::{
    kernel::{
        Code, Problem, Refusal, Role, Say,
        id::{AccountId, ProjectId},
        problem::LegalGround,
    },
    platform::{
        db::{Tx, unreadable},
        statement::statement,
    },
};

/// The side a person takes in a project.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Side {
    /// 中心
    Operator,
    /// 招标人 / 采购人
    Purchaser,
    /// 代理机构
    Agency,
    /// 投标人
    Bidder,
    /// 评审专家
    Expert,
    /// 监督部门
    Supervisor,
}

impl Side {
    /// The side on which a role acts; an administrator has none (SOD-9).
    pub fn of(role: Role) -> Option<Self> {
        match role {
            Role::Operator => Some(Self::Operator),
            Role::Purchaser => Some(Self::Purchaser),
            Role::Agency => Some(Self::Agency),
            Role::Bidder => Some(Self::Bidder),
            Role::Expert => Some(Self::Expert),
            Role::Admin => None,
            _ => Some(Self::Supervisor),
        }
    }
}

/// The refusal by SOD-1: the hall's own rule (a setting), in the spirit of 招标投标法实施条例 5 and 政府采购法 60.
pub fn one_side_only() -> Refusal {
    let detail = Say::new(
        "同一人在同一项目中只能以一种身份参与（职责分离）。",
        "One person may take only one side in one project (separation of duties).",
    );
    let rule = LegalGround { id: "SOD-1".into(), source: "setting".into(), article: None, earliest: None };
    Refusal::new(Code::OneSideOnly, detail).by_rule(rule)
}

/// The side that the person behind `account` has in `project`, if any.
///
/// # Errors
/// When the database is away.
pub async fn side_of(
    conn: &mut AsyncPgConnection,
    project: ProjectId,
    account: AccountId,
) -> Result<Option<Side>, Problem> {
    let kept = store::side_of(conn, project, account).await?;
    kept.map(|side| side.parse().map_err(unreadable("project_sides.side"))).transpose()
}

/// Takes `side` in `project` for the person behind `account`; repeating it is nothing new. Every account of one
/// person counts as that person; a program counts by itself. Two at once are kept apart by the table's key.
///
/// # Errors
/// `one-side-only` (SOD-1) when the person has another side there.
pub async fn claim_side(
    tx: &mut Tx<'_>,
    project: ProjectId,
    account: AccountId,
    side: Side,
) -> Result<(), Problem> {
    store::add_side(tx.conn(), project, account, side).await?;
    match store::side_of(tx.conn(), project, account).await? {
        Some(kept) if kept == side.as_ref() => Ok(()),
        Some(_) => Err(one_side_only().into()),
        None => Err(Problem::internal(anyhow::anyhow!("account {account} takes a side but does not exist"))),
    }
}

#[derive(QueryableByName)]
struct Having {
    #[diesel(sql_type = sql_types::BigInt)]
    having: i64,
}

/// Takes `side` in `project` for the persons behind all `accounts`, as [`claim_side`] does for one. Answers
/// whether every one of them is known to have it now; asking one by one finds out the rest.
///
/// # Errors
/// When the database is away.
pub async fn claim_sides(
    mut conn: &AsyncPgConnection,
    project: ProjectId,
    accounts: &[AccountId],
    side: Side,
) -> Result<bool, Problem> {
    let taken = statement(
        "INSERT INTO project_sides (project_id, person, account_id, side)
         SELECT DISTINCT ON (person) $1, person, id, $3
           FROM (SELECT coalesce(person_key, id) AS person, id FROM accounts WHERE id = ANY($2)) AS asked
             ON CONFLICT ON CONSTRAINT project_sides_one_side DO NOTHING",
    )
    .bind::<sql_types::Uuid, _>(project)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(accounts)
    .bind::<sql_types::Text, _>(side.as_ref())
    .execute(&mut conn)
    .await?;
    if taken == accounts.len() {
        return Ok(true);
    }
    let found: Having = statement(
        "SELECT count(*) AS having FROM accounts a JOIN project_sides s
             ON s.project_id = $1 AND s.person = coalesce(a.person_key, a.id)
          WHERE a.id = ANY($2) AND s.side = $3",
    )
    .bind::<sql_types::Uuid, _>(project)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(accounts)
    .bind::<sql_types::Text, _>(side.as_ref())
    .get_result(&mut conn)
    .await?;
    Ok(usize::try_from(found.having).is_ok_and(|having| having == accounts.len()))
}
