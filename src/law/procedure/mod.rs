//! A procedure is data: ordered steps, the rules that guard them, and the numbers it takes from the law.
//!
//! Invariants, held by the loader: steps follow the order of the states; every rule named exists on every day
//! the procedure is in force and says the kind of thing it is named for.

mod committee;
mod judging;

pub use committee::Committee;
pub use judging::{Bounds, Milestone};
pub(in crate::law) use judging::{can_guard, is_cap};

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::{Category, Say};

/// The states of a tender, named by their codes on the wire.
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
pub enum State {
    /// 草稿
    #[serde(rename = "S00")]
    #[strum(serialize = "S00")]
    Draft,
    /// 进场登记
    #[serde(rename = "S05")]
    #[strum(serialize = "S05")]
    Registered,
    /// 分流
    #[serde(rename = "S10")]
    #[strum(serialize = "S10")]
    Routed,
    /// 文件备案
    #[serde(rename = "S15")]
    #[strum(serialize = "S15")]
    Filed,
    /// 公告发布
    #[serde(rename = "S20")]
    #[strum(serialize = "S20")]
    NoticePublished,
    /// 文件提供
    #[serde(rename = "S25")]
    #[strum(serialize = "S25")]
    DocumentsOffered,
    /// 澄清修改
    #[serde(rename = "S30")]
    #[strum(serialize = "S30")]
    Clarifying,
    /// 截止
    #[serde(rename = "S35")]
    #[strum(serialize = "S35")]
    Closed,
    /// 开标/开启
    #[serde(rename = "S40")]
    #[strum(serialize = "S40")]
    Opened,
    /// 资格审查
    #[serde(rename = "S45")]
    #[strum(serialize = "S45")]
    QualificationReviewed,
    /// 评审
    #[serde(rename = "S50")]
    #[strum(serialize = "S50")]
    Evaluating,
    /// 评审报告
    #[serde(rename = "S55")]
    #[strum(serialize = "S55")]
    Reported,
    /// 候选人公示
    #[serde(rename = "S60")]
    #[strum(serialize = "S60")]
    CandidatesPublished,
    /// 定标
    #[serde(rename = "S65")]
    #[strum(serialize = "S65")]
    Awarded,
    /// 结果公告+通知书
    #[serde(rename = "S70")]
    #[strum(serialize = "S70")]
    ResultPublished,
    /// 合同签订
    #[serde(rename = "S75")]
    #[strum(serialize = "S75")]
    Contracted,
    /// 合同公告/备案
    #[serde(rename = "S80")]
    #[strum(serialize = "S80")]
    ContractPublished,
    /// 履约验收
    #[serde(rename = "S85")]
    #[strum(serialize = "S85")]
    PerformanceAccepted,
    /// 归档
    #[serde(rename = "S90")]
    #[strum(serialize = "S90")]
    Archived,
}

/// What happens to a tender and starts or ends a period.
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
pub enum Event {
    /// The notice came out.
    NoticePublished,
    /// The period of the notice itself is over.
    NoticePeriodEnd,
    /// Documents are offered from this day.
    DocumentsIssued,
    /// Documents are no longer offered.
    DocumentsClosed,
    /// A clarification or change of the documents came out.
    ClarificationPublished,
    /// Somebody objected to the documents.
    DocumentsObjected,
    /// That objection was answered.
    DocumentsObjectionAnswered,
    /// A bid was withdrawn before the deadline.
    BidWithdrawn,
    /// Its deposit went back.
    WithdrawnDepositReturned,
    /// Bids close; chosen in advance.
    Deadline,
    /// The opening begins.
    Opened,
    /// The committee was drawn.
    CommitteeDrawn,
    /// Evaluation begins.
    EvaluationStarted,
    /// The report is signed.
    ReportSigned,
    /// The report reached the purchaser.
    ReportReceived,
    /// The candidates are published.
    CandidatesPublished,
    /// The publicity of the candidates is over.
    PublicityEnd,
    /// Somebody objected to the candidates.
    ResultObjected,
    /// That objection was answered.
    ResultObjectionAnswered,
    /// The award is decided.
    AwardDecided,
    /// The result notice is published.
    ResultPublished,
    /// The period of the result notice is over.
    ResultNoticeEnd,
    /// The award notice went to the winner.
    AwardNotice,
    /// All losers were told.
    LosersTold,
    /// The written report reached the supervisor.
    SupervisorReport,
    /// The contract is signed.
    ContractSigned,
    /// The contract is published.
    ContractPublished,
    /// A copy of the contract is filed with finance.
    ContractFiled,
    /// The losers' deposits went back.
    LoserDepositsReturned,
    /// The winner's deposit went back.
    WinnerDepositReturned,
    /// All deposits went back.
    DepositsReturned,
}

/// When each event happened or is planned.
pub type Facts = BTreeMap<Event, DateTime<Utc>>;

/// The legal system a procedure belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Regime {
    /// 招标投标法
    Tendering,
    /// 政府采购法
    Procurement,
}

/// What is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Object {
    /// 工程
    Works,
    /// 货物
    Goods,
    /// 服务
    Services,
}

/// Who reviews the qualification of bidders after the opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum QualificationBy {
    /// The committee, within the evaluation.
    Committee,
    /// The purchaser or its agency, before it (财政部令第87号 44).
    Purchaser,
}

/// How bids are compared.
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
pub enum EvaluationMethod {
    /// 综合评估法
    EngComprehensive,
    /// 经评审的最低投标价法
    EngLowestEvaluated,
    /// 综合评分法
    GpComprehensive,
    /// 最低评标价法
    GpLowestPrice,
}

/// What becomes of an act that comes after a guard's last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Late {
    /// A duty fulfilled late is still fulfilled; that it was late is recorded.
    #[default]
    Record,
    /// A right used late is lost.
    Refuse,
}

/// One rule that ties the time of one event to another. A rule without a number only orders the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Rule id, with part if it has one.
    pub rule: String,
    /// The event from which is counted, forwards or backwards.
    pub from: Event,
    /// The event whose time is limited.
    pub to: Event,
    /// What becomes of it when it comes late.
    pub late: Late,
}

/// One step of a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state a tender is in during the step.
    pub state: State,
    /// Its name in this procedure.
    pub name: Say,
    /// The check that stands before it, such as `TG-3`.
    pub gate: Option<String>,
    /// Whether it may be left out, and returns to the step before it (clarifications).
    pub optional: bool,
    /// The rules that time it.
    pub guards: Vec<Guard>,
}

/// Names of the rules about the committee.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CommitteeRules {
    /// Least number of members.
    pub size: String,
    /// Least share of experts.
    pub experts: String,
    /// Least number for large or complex purchases.
    pub large: Option<String>,
    /// Budget from which a purchase is large.
    pub large_from: Option<String>,
}

/// One procedure in one of its versions. Numbers are named by rule; [`Law`] tells them for a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procedure {
    /// Its id, such as `engineering-open`.
    pub id: String,
    /// Its name.
    pub name: Say,
    /// The legal system.
    pub regime: Regime,
    /// The hall's category.
    pub category: Category,
    /// What is bought.
    pub object: Object,
    /// First day in force.
    pub effective_from: NaiveDate,
    /// Last day in force; absent while in force.
    pub effective_to: Option<NaiveDate>,
    /// Least number of bids for an opening.
    pub minimum_bids: String,
    /// Least number of qualified bidders for an evaluation, where the purchaser reviews them.
    pub minimum_qualified: Option<String>,
    /// Most candidates, where the law names a number.
    pub maximum_candidates: Option<String>,
    /// Caps on the deposit; the lowest decides.
    pub deposit_caps: Vec<String>,
    /// Cap on the performance bond.
    pub performance_bond_cap: String,
    /// Whether candidates are published before the award.
    pub publicity: bool,
    /// Who reviews qualification.
    pub qualification_by: QualificationBy,
    /// The committee.
    pub committee: CommitteeRules,
    /// Methods a document may choose.
    pub evaluation_methods: Vec<EvaluationMethod>,
    /// Steps in order.
    pub steps: Vec<Step>,
}

impl Procedure {
    /// Whether it is in force on `on`.
    pub fn in_force(&self, on: NaiveDate) -> bool {
        self.effective_from <= on && self.effective_to.is_none_or(|last| on <= last)
    }

    /// The step of a state, if the procedure has it.
    pub fn step(&self, state: State) -> Option<&Step> {
        self.steps.iter().find(|step| step.state == state)
    }

    /// The steps that may follow `state`: the next one, any optional ones before it, and from an optional step
    /// also the one it belongs to.
    pub fn next(&self, state: State) -> Vec<State> {
        let mut next = Vec::new();
        let here_is_optional = self.step(state).is_some_and(|step| step.optional);
        let before = self.steps.iter().rev().find(|step| step.state < state && !step.optional);
        if let (true, Some(before)) = (here_is_optional, before) {
            next.push(before.state);
        }
        for step in self.steps.iter().filter(|step| step.state > state) {
            next.push(step.state);
            if !step.optional {
                break;
            }
        }
        next
    }

    /// Keys of all rules it names, each once.
    pub fn rules_named(&self) -> Vec<String> {
        let numbers =
            [Some(&self.minimum_bids), self.minimum_qualified.as_ref(), self.maximum_candidates.as_ref()];
        let committee = [Some(&self.committee.size), Some(&self.committee.experts)];
        let large = [self.committee.large.as_ref(), self.committee.large_from.as_ref()];
        let named: std::collections::BTreeSet<&String> = self
            .guards()
            .map(|(_, guard)| &guard.rule)
            .chain(numbers.into_iter().chain(committee).chain(large).flatten())
            .chain(&self.deposit_caps)
            .chain([&self.performance_bond_cap])
            .collect();
        named.into_iter().cloned().collect()
    }

    /// All guards with the step each stands in.
    pub fn guards(&self) -> impl Iterator<Item = (&Step, &Guard)> {
        self.steps.iter().flat_map(|step| step.guards.iter().map(move |guard| (step, guard)))
    }
}

#[cfg(test)]
mod tests;
