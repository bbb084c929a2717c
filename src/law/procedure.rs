//! A procedure is data: ordered steps, the rules that guard them, and the numbers it takes from the law.
//!
//! Invariants, held by the loader: steps follow the order of the states; every rule named exists on every day
//! the procedure is in force and says the kind of thing it is named for.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::kernel::{
    Code, LegalGround, Problem, Refusal, Say,
    time::{hall_date, in_hall_zone},
};

use super::{
    book::{Law, LawGap, Window, not_that},
    counting::CannotCount,
    model::{Bound, Cap, Quantity, Rule, share_of},
};

/// The states of a tender, named by their codes on the wire.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
    strum::AsRefStr, strum::EnumString, strum::Display, strum::EnumIter,
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
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
    strum::AsRefStr, strum::EnumString, strum::Display, strum::EnumIter,
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
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema, strum::AsRefStr,
    strum::EnumString, strum::Display,
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

    /// All guards with the step each stands in.
    pub fn guards(&self) -> impl Iterator<Item = (&Step, &Guard)> {
        self.steps.iter().flat_map(|step| step.guards.iter().map(move |guard| (step, guard)))
    }
}

/// Between when and when one event of a procedure is lawful, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Milestone {
    /// The step it belongs to.
    pub step: State,
    /// The event that is limited.
    pub event: Event,
    /// The rule, its source and article.
    pub rule: LegalGround,
    /// The rule's name.
    pub name: Say,
    /// The event from which is counted.
    pub from: Event,
    /// When that was, if it was yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_at: Option<DateTime<Utc>>,
    /// From this instant on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest: Option<DateTime<Utc>>,
    /// Before this instant: 24:00 of `latestOn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<DateTime<Utc>>,
    /// The day of `earliest` in the hall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest_on: Option<NaiveDate>,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_on: Option<NaiveDate>,
    /// When the event came, or is planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub happened: Option<DateTime<Utc>>,
    /// The year whose calendar is missing, so that no day can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar_missing: Option<i32>,
}

/// What the law asks of a committee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committee {
    /// Least number of members.
    pub minimum: u32,
    /// Whether the number must be odd.
    pub odd: bool,
    /// Share of experts, numerator and denominator.
    pub experts: (u32, u32),
    /// The rule for the number.
    pub size_ground: LegalGround,
    /// The rule for the share.
    pub experts_ground: LegalGround,
}

impl Committee {
    /// The least number of experts among `members`.
    pub fn experts_among(&self, members: u32) -> u32 {
        share_of(self.experts.0, self.experts.1, members)
    }

    /// Judges a committee by its numbers.
    ///
    /// # Errors
    /// `law-refuses` with the rule that is broken.
    pub fn check(&self, members: u32, experts: u32) -> Result<(), Refusal> {
        let minimum = self.minimum;
        if members < minimum || (self.odd && members % 2 == 0) {
            let detail = Say::new(
                format!("评审委员会须为{minimum}人以上单数，现为{members}人。"),
                format!("The committee needs an odd number of at least {minimum}; it has {members}."),
            );
            return Err(Refusal::new(Code::LawRefuses, detail).by_rule(self.size_ground.clone()));
        }
        let needed = self.experts_among(members);
        if experts < needed || experts > members {
            let detail = Say::new(
                format!("{members}人的委员会须有评审专家至少{needed}人，现为{experts}人。"),
                format!("A committee of {members} needs at least {needed} experts; it has {experts}."),
            );
            return Err(Refusal::new(Code::LawRefuses, detail).by_rule(self.experts_ground.clone()));
        }
        Ok(())
    }
}

impl Law {
    /// What the procedure asks of a committee; `large` forces the number for complex purchases or those of high
    /// social impact, `budget` decides by amount.
    ///
    /// # Errors
    /// A rule that is not in force or no number: a mistake of configuration.
    pub fn committee(
        &self,
        procedure: &Procedure,
        on: NaiveDate,
        budget: Option<Decimal>,
        large: bool,
    ) -> Result<Committee, LawGap> {
        let rules = &procedure.committee;
        let over = match (&rules.large_from, budget) {
            (Some(key), Some(budget)) => match self.cap(key, on)? {
                Cap::Yuan(from) => budget >= from,
                Cap::Percent(_) => return Err(not_that(key, "amount")),
            },
            _ => false,
        };
        let size = rules.large.as_ref().filter(|_| large || over).unwrap_or(&rules.size);
        let (minimum, odd) = self.number(size, on)?;
        Ok(Committee {
            minimum,
            odd,
            experts: self.share(&rules.experts, on)?,
            size_ground: self.ground(size, on)?,
            experts_ground: self.ground(&rules.experts, on)?,
        })
    }

    /// Every guard of the procedure with the days it leaves, in the order of the steps.
    ///
    /// A guard whose starting event has not come yet has no days; one that needs a calendar not yet published
    /// says so.
    ///
    /// # Errors
    /// A rule that is not in force: a mistake of configuration.
    pub fn timeline(
        &self,
        procedure: &Procedure,
        on: NaiveDate,
        facts: &Facts,
    ) -> Result<Vec<Milestone>, LawGap> {
        procedure.guards().map(|(step, guard)| self.milestone(step, guard, on, facts)).collect()
    }

    fn milestone(
        &self,
        step: &Step,
        guard: &Guard,
        on: NaiveDate,
        facts: &Facts,
    ) -> Result<Milestone, LawGap> {
        let rule = self.rule(&guard.rule, on)?;
        let from_at = facts.get(&guard.from).copied();
        let (window, calendar_missing) = match from_at.map(|at| self.guard_window(rule, at, on)) {
            None => (Window::default(), None),
            Some(Ok(window)) => (window, None),
            Some(Err(LawGap::Count(CannotCount::CalendarUnavailable { year }))) => (Window::default(), Some(year)),
            Some(Err(gap)) => return Err(gap),
        };
        Ok(Milestone {
            step: step.state,
            event: guard.to,
            rule: rule.ground(),
            name: rule.name.clone(),
            from: guard.from,
            from_at,
            earliest: window.earliest,
            latest: window.latest,
            earliest_on: window.earliest.map(hall_date),
            latest_on: window.latest.map(last_day_before),
            happened: facts.get(&guard.to).copied(),
            calendar_missing,
        })
    }

    fn guard_window(&self, rule: &Rule, from: DateTime<Utc>, on: NaiveDate) -> Result<Window, LawGap> {
        match rule.quantity {
            Quantity::Statement => Ok(Window { earliest: Some(from), latest: None }),
            _ => self.window(&rule.key(), hall_date(from), on),
        }
    }

    /// Between when and when all guards together let `event` come, with the rule on either side.
    ///
    /// # Errors
    /// A missing starting event (`wrong-state`), a missing calendar, or a mistake of configuration.
    pub fn bounds(
        &self,
        procedure: &Procedure,
        on: NaiveDate,
        event: Event,
        facts: &Facts,
    ) -> Result<Bounds, Problem> {
        let mut bounds = Bounds::default();
        for (_, guard) in procedure.guards().filter(|(_, guard)| guard.to == event) {
            let rule = self.rule(&guard.rule, on)?;
            let from = *facts.get(&guard.from).ok_or_else(|| not_yet(rule, guard.from))?;
            let window = self.guard_window(rule, from, on)?;
            if let Some(at) = window.earliest.filter(|at| bounds.earliest.as_ref().is_none_or(|(so, _)| at > so)) {
                bounds.earliest = Some((at, rule.clone()));
            }
            if let Some(at) = window.latest.filter(|at| bounds.latest.as_ref().is_none_or(|(so, ..)| at < so)) {
                bounds.latest = Some((at, rule.clone(), guard.late));
            }
        }
        Ok(bounds)
    }

    /// Judges the time `at` of an act by all guards that limit it.
    ///
    /// `Ok` carries the rule of a duty that is fulfilled too late, which is recorded and not refused.
    ///
    /// # Errors
    /// `too-early` or `too-late` (for a deadline that is being set: `law-refuses`) with rule, article and the
    /// nearest lawful time; else as [`Self::bounds`].
    pub fn permit(
        &self,
        procedure: &Procedure,
        on: NaiveDate,
        event: Event,
        at: DateTime<Utc>,
        facts: &Facts,
    ) -> Result<Option<LegalGround>, Problem> {
        let bounds = self.bounds(procedure, on, event, facts)?;
        let code = |code| if event == Event::Deadline { Code::LawRefuses } else { code };
        if let Some((earliest, rule)) = bounds.earliest.filter(|(earliest, _)| at < *earliest) {
            return Err(out_of_time(code(Code::TooEarly), &rule, earliest).into());
        }
        match bounds.latest.filter(|(latest, ..)| at >= *latest) {
            None => Ok(None),
            Some((latest, rule, Late::Record)) => Ok(Some(rule.ground_until(latest))),
            Some((latest, rule, Late::Refuse)) => {
                Err(out_of_time(code(Code::TooLate), &rule, latest).into())
            }
        }
    }
}

/// The lawful time of one event by all its guards, with the rule on either side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bounds {
    /// First lawful instant.
    pub earliest: Option<(DateTime<Utc>, Rule)>,
    /// First instant that is too late.
    pub latest: Option<(DateTime<Utc>, Rule, Late)>,
}

fn last_day_before(at: DateTime<Utc>) -> NaiveDate {
    hall_date(at - TimeDelta::microseconds(1))
}

fn not_yet(rule: &Rule, missing: Event) -> Refusal {
    let detail = Say::new(
        format!("前置事项尚未发生（{missing}），无法计算“{}”。", rule.name.zh),
        format!("Something has to happen first ({missing}) before \"{}\" can be told.", rule.name.en),
    );
    Refusal::new(Code::WrongState, detail).by_rule(rule.ground()).with("missing", missing.as_ref().into())
}

/// A refusal that quotes the rule and tells the nearest lawful time.
fn out_of_time(code: Code, rule: &Rule, nearest: DateTime<Utc>) -> Refusal {
    let forward = !matches!(code, Code::TooLate);
    let (day, time) = if forward {
        (hall_date(nearest), in_hall_zone(nearest))
    } else {
        (last_day_before(nearest), in_hall_zone(nearest))
    };
    let detail = if forward {
        Say::new(
            format!("{}（《{}》第{}条）。最早可为 {day}（{time} 起）。", rule.text.zh, rule.source, rule.article),
            format!("{} ({}, art. {}). Earliest: {day} (from {time}).", rule.text.en, rule.source, rule.article),
        )
    } else {
        Say::new(
            format!("{}（《{}》第{}条）。最迟为 {day}。", rule.text.zh, rule.source, rule.article),
            format!("{} ({}, art. {}). The last day was {day}.", rule.text.en, rule.source, rule.article),
        )
    };
    Refusal::new(code, detail).by_rule(rule.ground_until(nearest))
}

/// Whether a rule can stand as a guard: a period, or a statement that orders two events.
pub(super) fn can_guard(rule: &Rule) -> bool {
    matches!(rule.quantity, Quantity::Period(_) | Quantity::Statement)
}

/// Whether a rule is a highest amount.
pub(super) fn is_cap(rule: &Rule) -> bool {
    matches!(rule.quantity, Quantity::Cap(Bound::AtMost, _))
}
