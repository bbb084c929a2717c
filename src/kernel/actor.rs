//! Who acts: the public, the hall itself, or an account of an organisation with its roles.

use serde::{Deserialize, Serialize};

use super::{
    id::{AccountId, OrganisationId},
    say::Say,
};

/// What kind of body an organisation is (rules §I).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum OrganisationKind {
    /// 投标人 / 供应商
    Enterprise,
    /// 代理机构
    Agency,
    /// 招标人 / 采购人
    Purchaser,
    /// 公共资源交易中心
    Centre,
    /// 监督部门
    SupervisingBody,
}

/// A role an account holds (rules §I). Supervising roles are one per duty.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Role {
    /// 中心工作人员: rooms, form checks, draws; never business data early.
    Operator,
    /// 采购人 / 招标人
    Purchaser,
    /// 代理机构
    Agency,
    /// 投标人
    Bidder,
    /// 评审专家
    Expert,
    /// 公管办 (the supervision office)
    SupervisorOffice,
    /// 财政
    SupervisorFinance,
    /// 发改
    SupervisorDevelopment,
    /// 审计
    SupervisorAudit,
    /// 监察
    SupervisorDiscipline,
    /// 行业主管部门
    SupervisorIndustry,
    /// System administrator: accounts and the sandbox clock, no business rights (SOD-9).
    Admin,
}

impl Role {
    /// Its name for people.
    pub fn name(self) -> Say {
        match self {
            Self::Operator => Say::new("中心工作人员", "centre operator"),
            Self::Purchaser => Say::new("采购人（招标人）", "purchaser"),
            Self::Agency => Say::new("代理机构", "procurement agent"),
            Self::Bidder => Say::new("投标人（供应商）", "bidder"),
            Self::Expert => Say::new("评审专家", "expert"),
            Self::SupervisorOffice => Say::new("公共资源交易管理办公室", "supervision office"),
            Self::SupervisorFinance => Say::new("财政部门", "finance supervision"),
            Self::SupervisorDevelopment => Say::new("发展改革部门", "development and reform supervision"),
            Self::SupervisorAudit => Say::new("审计机关", "audit"),
            Self::SupervisorDiscipline => Say::new("监察机关", "discipline inspection"),
            Self::SupervisorIndustry => Say::new("行业主管部门", "industry supervision"),
            Self::Admin => Say::new("系统管理员", "administrator"),
        }
    }

    /// Whether the role belongs to a supervising body.
    pub fn supervises(self) -> bool {
        matches!(
            self,
            Self::SupervisorOffice
                | Self::SupervisorFinance
                | Self::SupervisorDevelopment
                | Self::SupervisorAudit
                | Self::SupervisorDiscipline
                | Self::SupervisorIndustry
        )
    }
}

/// An account in action, as `identity` proved it for this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountActor {
    /// The account.
    pub account: AccountId,
    /// Its login name; never in public answers.
    pub login: String,
    /// The organisation it acts for.
    pub organisation: OrganisationId,
    /// That organisation's kind.
    pub kind: OrganisationKind,
    /// The centre an operator works for, e.g. `152500`; `None` for all others.
    pub centre: Option<String>,
    /// Region of the organisation (a supervising body's reach).
    pub region: Option<String>,
    /// Roles, sorted and without repeats.
    pub roles: Vec<Role>,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Anybody, without a token.
    Public,
    /// The hall's own scheduled work, by the name of the job.
    Hall(&'static str),
    /// An account.
    Account(AccountActor),
}

impl Actor {
    /// The account behind the actor, if any.
    pub fn account(&self) -> Option<&AccountActor> {
        match self {
            Self::Account(account) => Some(account),
            Self::Public | Self::Hall(_) => None,
        }
    }

    /// Whether the actor holds `role`.
    pub fn has(&self, role: Role) -> bool {
        self.account().is_some_and(|account| account.roles.contains(&role))
    }

    /// Whether the actor holds any supervising role.
    pub fn supervises(&self) -> bool {
        self.account().is_some_and(|account| account.roles.iter().any(|role| role.supervises()))
    }

    /// The organisation acted for, if any.
    pub fn organisation(&self) -> Option<OrganisationId> {
        self.account().map(|account| account.organisation)
    }
}
