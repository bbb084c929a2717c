//! A procedure is data: ordered steps, the rules that guard them, and the numbers it takes from the law.
//!
//! Invariants, held by the loader: steps follow the order of the states; every rule named exists on every day
//! the procedure is in force and says the kind of thing it is named for.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::kernel::{
    Category, Code, LegalGround, Problem, Refusal, Say,
    time::{hall_date, hall_instant, in_hall_zone},
};

use super::{
    book::{Law, LawGap, Window, not_that},
    counting::CannotCount,
    model::{Bound, Cap, Quantity, Rule, share_of},
};

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
        if members < minimum || (self.odd && members.is_multiple_of(2)) {
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
            Some(Err(LawGap::Count(CannotCount::CalendarUnavailable { year }))) => {
                (Window::default(), Some(year))
            }
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
            if let Some(at) =
                window.earliest.filter(|at| bounds.earliest.as_ref().is_none_or(|(so, _)| at > so))
            {
                bounds.earliest = Some((at, rule.clone()));
            }
            if let Some(at) = window.latest.filter(|at| bounds.latest.as_ref().is_none_or(|(so, ..)| at < so))
            {
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
    /// nearest lawful time; a deadline on a day that is not worked, by the centre's setting (TG-3); else as
    /// [`Self::bounds`].
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
        if event == Event::Deadline {
            self.deadline_is_worked(at)?;
        }
        match bounds.latest.filter(|(latest, ..)| at >= *latest) {
            None => Ok(None),
            Some((latest, rule, Late::Record)) => Ok(Some(rule.ground_until(latest))),
            Some((latest, rule, Late::Refuse)) => Err(out_of_time(code(Code::TooLate), &rule, latest).into()),
        }
    }
}

impl Law {
    /// Refuses a deadline on a day without work, where the centre's setting says so (TG-3): objections at the opening
    /// are answered on the spot. [`Self::permit`] asks it of every deadline; of a postponed one nothing else is asked.
    ///
    /// # Errors
    /// `law-refuses` with the next working day; `calendar-unavailable` for a year without calendar.
    pub fn deadline_is_worked(&self, deadline: DateTime<Utc>) -> Result<(), Problem> {
        let (calendar, day) = (self.calendar(), hall_date(deadline));
        if !self.settings().deadline_on_working_day || calendar.works(day)? {
            return Ok(());
        }
        let next = calendar.first_working_from(day)?;
        let detail = Say::new(
            format!("本中心规定截止日须为工作日，{day} 不是工作日；其后第一个工作日为 {next}。"),
            format!("The centre sets deadlines on working days; {day} is none, the next is {next}."),
        );
        let ground = LegalGround {
            earliest: Some(hall_instant(next, NaiveTime::MIN)),
            ..Self::setting_ground("deadlineOnWorkingDay")
        };
        Err(Refusal::new(Code::LawRefuses, detail).by_rule(ground).into())
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
    let place = rule.place();
    let detail = if forward {
        Say::new(
            format!("{}（{}）。最早可为 {day}（{time} 起）。", rule.text.zh, place.zh),
            format!("{} ({}). Earliest: {day} (from {time}).", rule.text.en, place.en),
        )
    } else {
        Say::new(
            format!("{}（{}）。最迟为 {day}。", rule.text.zh, place.zh),
            format!("{} ({}). The last day was {day}.", rule.text.en, place.en),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::policy_file::PolicySource;

    fn law() -> Law {
        Law::load(&PolicySource::BuiltIn).unwrap()
    }

    fn on() -> NaiveDate {
        "2026-02-24".parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}:00+08:00").parse().unwrap()
    }

    fn facts(known: &[(Event, &str)]) -> Facts {
        known.iter().map(|(event, text)| (*event, at(text))).collect()
    }

    fn refusal(problem: Problem) -> Refusal {
        let Problem::Refusal(refusal) = problem else { panic!("{problem:?}") };
        refusal
    }

    #[test]
    fn the_parks_timeline_comes_from_data() {
        let law = law();
        let open = law.procedure("engineering-open", on()).unwrap();
        let known = facts(&[
            (Event::DocumentsIssued, "2026-02-24T09:00"),
            (Event::Deadline, "2026-03-16T09:30"),
            (Event::ReportReceived, "2026-03-17T16:00"),
            (Event::CandidatesPublished, "2026-03-18T10:00"),
            (Event::AwardDecided, "2026-03-24T09:00"),
            (Event::AwardNotice, "2026-03-24T09:00"),
        ]);
        let days: Vec<_> = law
            .timeline(open, on(), &known)
            .unwrap()
            .into_iter()
            .map(|stone| (stone.event, stone.rule.id, stone.earliest_on, stone.latest_on))
            .collect();
        let day = |text: &str| Some(text.parse::<NaiveDate>().unwrap());
        for (event, rule, earliest, latest) in [
            (Event::Deadline, "ENG-4", day("2026-03-16"), None),
            (Event::DocumentsObjected, "ENG-8", None, day("2026-03-06")),
            (Event::ClarificationPublished, "ENG-7", None, day("2026-03-01")),
            (Event::Opened, "ENG-16", day("2026-03-16"), None),
            (Event::CandidatesPublished, "ENG-25", None, day("2026-03-20")),
            (Event::AwardDecided, "ENG-25", day("2026-03-24"), None),
            (Event::SupervisorReport, "ENG-33", None, day("2026-04-08")),
            (Event::ContractSigned, "ENG-30", None, day("2026-04-23")),
            (Event::DepositsReturned, "ENG-32", None, None),
        ] {
            assert!(days.contains(&(event, rule.to_owned(), earliest, latest)), "{event}: {days:#?}");
        }
    }

    #[test]
    fn the_purchases_duties_count_working_days() {
        let law = law();
        let open = law.procedure("procurement-open-goods", on()).unwrap();
        let known =
            facts(&[(Event::ContractSigned, "2026-04-30T10:00"), (Event::AwardDecided, "2026-12-31T09:00")]);
        let stones = law.timeline(open, on(), &known).unwrap();
        let of = |event| stones.iter().find(|stone| stone.event == event).unwrap();
        assert_eq!(of(Event::ContractPublished).latest_on, "2026-05-07".parse().ok());
        assert_eq!(of(Event::ContractFiled).latest_on, "2026-05-13".parse().ok());
        assert_eq!(of(Event::ResultPublished).calendar_missing, Some(2027));
        assert!(of(Event::AwardDecided).latest_on.is_none());
    }

    #[test]
    fn a_deadline_one_day_short_names_rule_article_and_earliest() {
        let law = law();
        let open = law.procedure("engineering-open", on()).unwrap();
        let known = facts(&[(Event::DocumentsIssued, "2026-02-24T09:00")]);
        let judge = |time: &str| law.permit(open, on(), Event::Deadline, at(time), &known);
        assert_eq!(judge("2026-03-16T00:00").unwrap(), None);
        let short = refusal(judge("2026-03-15T23:59").unwrap_err());
        let rule = short.rule.unwrap();
        assert_eq!(short.code, Code::LawRefuses);
        assert_eq!(
            (rule.id.as_str(), rule.source.as_str(), rule.article.as_deref()),
            ("ENG-4", "招标投标法", Some("24"))
        );
        assert_eq!(rule.earliest, Some(at("2026-03-16T00:00")));
        assert!(short.detail.en.contains("Earliest: 2026-03-16"), "{}", short.detail.en);
    }

    #[test]
    fn a_deadline_on_a_weekend_is_refused_by_the_setting_not_by_law() {
        let law = law();
        let open = law.procedure("engineering-open", on()).unwrap();
        let known = facts(&[(Event::DocumentsIssued, "2026-02-24T09:00")]);
        let weekend =
            refusal(law.permit(open, on(), Event::Deadline, at("2026-03-21T09:30"), &known).unwrap_err());
        let rule = weekend.rule.unwrap();
        assert_eq!((rule.source.as_str(), rule.article), ("setting", None));
        assert_eq!(rule.earliest, Some(at("2026-03-23T00:00")));
    }

    #[test]
    fn the_award_waits_for_the_end_of_publicity() {
        let law = law();
        let open = law.procedure("engineering-open", on()).unwrap();
        let award = |time: &str, known: &Facts| law.permit(open, on(), Event::AwardDecided, at(time), known);
        let known = facts(&[(Event::CandidatesPublished, "2026-03-18T10:00")]);
        let early = refusal(award("2026-03-23T23:59", &known).unwrap_err());
        assert_eq!(
            (early.code, early.rule.unwrap().earliest),
            (Code::TooEarly, Some(at("2026-03-24T00:00")))
        );
        assert_eq!(award("2026-03-24T00:00", &known).unwrap(), None);
        let unpublished = refusal(award("2026-03-24T00:00", &Facts::new()).unwrap_err());
        assert_eq!(unpublished.code, Code::WrongState);
        assert_eq!(unpublished.extra["missing"], "candidatesPublished");
    }

    #[test]
    fn a_late_right_is_lost_and_a_late_duty_is_recorded() {
        let law = law();
        let open = law.procedure("engineering-open", on()).unwrap();
        let known = facts(&[(Event::Deadline, "2026-03-20T09:30"), (Event::AwardNotice, "2026-01-20T09:00")]);
        let judge = |event, time: &str| law.permit(open, on(), event, at(time), &known);
        assert_eq!(judge(Event::DocumentsObjected, "2026-03-10T23:59").unwrap(), None);
        let late = refusal(judge(Event::DocumentsObjected, "2026-03-11T00:00").unwrap_err());
        assert_eq!((late.code, late.rule.unwrap().id), (Code::TooLate, "ENG-8".to_owned()));
        assert!(late.detail.en.contains("The last day was 2026-03-10"), "{}", late.detail.en);
        assert_eq!(judge(Event::ContractSigned, "2026-02-24T23:59").unwrap(), None);
        let recorded = judge(Event::ContractSigned, "2026-02-25T00:00").unwrap().unwrap();
        assert_eq!((recorded.id, recorded.earliest), ("ENG-30".to_owned(), Some(at("2026-02-25T00:00"))));
    }

    #[test]
    fn a_late_clarification_moves_the_deadline_to_a_working_day() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        // 15 days after 2026-03-06 is Saturday the 21st.
        assert_eq!(law().deadline_after("ENG-7", day("2026-03-06"), on()).unwrap(), day("2026-03-23"));
        assert!(law().deadline_after("ENG-4", day("2026-03-06"), on()).is_err());
    }

    #[test]
    fn a_draw_comes_at_most_two_working_days_before_the_evaluation() {
        let law = law();
        let open = law.procedure("procurement-open-goods", on()).unwrap();
        let known = facts(&[(Event::EvaluationStarted, "2026-03-16T10:00")]);
        let judge = |time: &str| law.permit(open, on(), Event::CommitteeDrawn, at(time), &known);
        assert_eq!(judge("2026-03-12T00:00").unwrap(), None);
        assert_eq!(refusal(judge("2026-03-11T23:59").unwrap_err()).rule.unwrap().id, "EX-4");
    }

    #[test]
    fn committees_are_judged_by_number_parity_and_share() {
        let law = law();
        let works = law.procedure("engineering-open", on()).unwrap();
        let goods = law.procedure("procurement-open-goods", on()).unwrap();
        let works = law.committee(works, on(), None, false).unwrap();
        for (members, experts) in [(3, 2), (5, 4), (7, 5), (9, 6), (11, 8)] {
            assert_eq!(works.experts_among(members), experts);
        }
        assert_eq!(works.check(5, 4), Ok(()));
        assert_eq!(works.check(5, 3).unwrap_err().rule.unwrap().id, "ENG-19");
        assert!(works.check(6, 6).is_err() && works.check(3, 3).is_err() && works.check(5, 6).is_err());
        let by = |budget: &str| law.committee(goods, on(), budget.parse().ok(), false).unwrap().minimum;
        assert_eq!((by("9999999.99"), by("10000000.00")), (5, 7));
        assert_eq!(law.committee(goods, on(), None, true).unwrap().minimum, 7);
    }

    #[test]
    fn caps_round_down_to_the_fen() {
        let law = law();
        let works = law.procedure("engineering-open", on()).unwrap();
        let deposit = |base: &str| {
            let (most, ground) = law.lowest_cap(&works.deposit_caps, base.parse().unwrap(), on()).unwrap();
            (most.to_string(), ground.id)
        };
        assert_eq!(deposit("20000000.00"), ("400000.00".into(), "ENG-9".into()));
        assert_eq!(deposit("30000000.00"), ("600000.00".into(), "ENG-9".into()));
        assert_eq!(deposit("40000000.00"), ("800000.00".into(), "ENG-9".into()));
        assert_eq!(deposit("50000000.00"), ("800000.00".into(), "ENG-10".into()));
        let most = |key: &str, base: &str| law.cap(key, on()).unwrap().over(base.parse().unwrap()).unwrap();
        assert_eq!(most("GP-6", "500000").to_string(), "10000");
        assert_eq!(most("ENG-31", "1234567.89").to_string(), "123456.78");
    }

    #[test]
    fn a_ground_may_be_named_by_id_alone() {
        let law = law();
        let article = |key: &str| law.ground(key, on()).unwrap().article.unwrap();
        assert_eq!(
            (article("GP-1"), article("GPB-7"), article("ENG-25")),
            ("12".into(), "39".into(), "54".into())
        );
        assert!(law.ground("ENG-99", on()).is_err());
        assert!(law.rule("ENG-25", on()).is_err(), "a number has to be named by its part");
    }

    #[test]
    fn steps_follow_each_other_as_the_file_says() {
        let law = law();
        let works = law.procedure("engineering-open", on()).unwrap();
        assert_eq!(works.next(State::Draft), [State::Registered]);
        assert_eq!(works.next(State::DocumentsOffered), [State::Clarifying, State::Closed]);
        assert_eq!(works.next(State::Clarifying), [State::DocumentsOffered, State::Closed]);
        assert_eq!(works.next(State::Reported), [State::CandidatesPublished]);
        assert!(works.next(State::Archived).is_empty());
        let goods = law.procedure("procurement-open-goods", on()).unwrap();
        assert_eq!(goods.next(State::Reported), [State::Awarded]);
        assert_eq!(goods.next(State::Opened), [State::QualificationReviewed]);
        assert!(law.procedure("engineering-open", "2012-01-01".parse().unwrap()).is_err());
    }
}
