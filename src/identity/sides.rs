//! SOD-1: one person, one side per project.

use diesel::sql_types;
use diesel_async::RunQueryDsl;

use crate::{
    kernel::{
        Code, Problem, Refusal, Role, Say,
        id::{AccountId, ProjectId},
        problem::LegalGround,
    },
    platform::db::Tx,
};

/// The side a person takes in a project.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema, strum::AsRefStr,
    strum::EnumString, strum::Display, strum::EnumIter,
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
fn one_side_only() -> Refusal {
    let detail = Say::new(
        "同一人在同一项目中只能以一种身份参与（职责分离）。",
        "One person may take only one side in one project (separation of duties).",
    );
    let rule = LegalGround { id: "SOD-1".into(), source: "setting".into(), article: None, earliest: None };
    Refusal::new(Code::OneSideOnly, detail).by_rule(rule)
}

/// Takes `side` in `project` for the person behind `account`; repeating it is nothing new. Every account of one
/// person counts as that person; a program counts by itself. Two at once are kept apart by the table's key.
///
/// # Errors
/// `one-side-only` (SOD-1) when the person has another side there.
pub async fn claim_side(tx: &mut Tx<'_>, project: ProjectId, account: AccountId, side: Side) -> Result<(), Problem> {
    let kept = diesel::sql_query(
        "INSERT INTO project_sides (project_id, person, account_id, side)
         SELECT $1, coalesce(a.person_key, a.id), a.id, $3 FROM accounts a WHERE a.id = $2
         ON CONFLICT ON CONSTRAINT project_sides_one_side DO UPDATE SET side = project_sides.side
          WHERE project_sides.side = excluded.side",
    )
    .bind::<sql_types::Uuid, _>(project)
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Text, _>(side.as_ref())
    .execute(tx.conn())
    .await?;
    if kept == 1 { Ok(()) } else { Err(one_side_only().into()) }
}
