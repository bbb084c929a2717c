//! A project as it is registered, kept and answered.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    identity::{Parties, Phase},
    jurisdiction::{
        Level, VenueDecision, VenueQuestion,
        codes::ForeignAmount,
        model::{OtherPhase, RouteRule, VoluntaryEntry},
    },
    kernel::{
        AllowedAction, Area, Category, Money, RegionCode,
        codes::{IndustryCode, InvestmentCode, ProcurementCategory, ProjectCode, TradeClass},
        id::{EditionId, OrganisationId, ProjectId},
        time,
    },
    law::Regime,
};

/// Kind of an approval document; the order is the precedence of AMB-3.
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
    ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum ApprovalKind {
    /// 初步设计概算批复
    DesignEstimate,
    /// 可行性研究报告批复
    Feasibility,
    /// 立项批复 / 核准 / 备案
    Initiation,
    /// 备案申报
    Filing,
    /// 采购预算批复
    Budget,
}

/// An approval or budget document with the amount it approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// What kind of document.
    pub kind: ApprovalKind,
    /// Its number, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "太发改审批字〔2026〕1号")]
    pub document_no: String,
    /// Its date.
    #[serde(deserialize_with = "time::read")]
    pub date: NaiveDate,
    /// The approved amount, tax included as approved (AMB-2).
    pub amount: Money,
}

/// A lot 标段 of a project; it inherits the project's venue (AMB-5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lot {
    /// 1 to 999, unique within the project.
    #[schema(minimum = 1, maximum = 999)]
    pub no: i32,
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// 招标项目估算价 of the lot, base of the deposit's cap (ENG-9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Money>,
}

/// Body of `POST /api/v1/projects`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProject {
    /// 2 to 200 characters.
    #[schema(min_length = 2, max_length = 200, example = "太仆寺旗滨河公园工程")]
    pub name: String,
    /// Region of the project.
    pub region_code: RegionCode,
    /// League or county level.
    pub level: Level,
    /// Class of the catalogue.
    pub category: Category,
    /// Item of the catalogue; absent means some item of the class, `none` that the project is outside the catalogue.
    #[serde(default)]
    pub catalogue_item: Option<String>,
    /// Class of 公共资源交易分类, such as `A02` (municipal works); `GET /api/v1/codes` lists them. It begins the
    /// unified deal code; absent means the class that stands for the rest of `category`.
    #[serde(default)]
    pub industry_code: Option<TradeClass>,
    /// 投资项目统一代码
    #[serde(default)]
    pub investment_code: Option<InvestmentCode>,
    /// Budget item 预算项目, 1 to 100 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub budget_item: Option<String>,
    /// 政府采购品目
    #[serde(default)]
    pub procurement_category: Option<ProcurementCategory>,
    /// Industry by GB/T 4754-2017.
    #[serde(default)]
    pub gb_industry: Option<IndustryCode>,
    /// Under which law works are procured (AMB-6); absent means that of `category`.
    #[serde(default)]
    pub regime: Option<Regime>,
    /// The compared figure, where it was approved in a foreign currency; the figure in yuan may then be left out.
    #[serde(default)]
    pub foreign: Option<ForeignAmount>,
    /// Further phases of the project (AMB-9).
    #[serde(default)]
    #[schema(max_items = 50)]
    pub other_phases: Vec<OtherPhase>,
    /// Number of this phase, where the project is carried out in phases (AMB-9).
    #[serde(default)]
    #[schema(minimum = 1, maximum = 99)]
    pub phase_no: Option<i32>,
    /// The choice to trade where the project need not (RT-9, RT-10).
    #[serde(default)]
    pub voluntary: Option<VoluntaryEntry>,
    /// The purchaser; needed when an agency registers on its behalf, else the caller's organisation.
    #[serde(default)]
    pub purchaser_id: Option<OrganisationId>,
    /// Agency that is given the mandate 委托.
    #[serde(default)]
    pub agency_id: Option<OrganisationId>,
    /// Total approved investment; needed for engineering.
    #[serde(default)]
    pub investment: Option<Money>,
    /// Total floor area in square metres; absent for works that are no building (AMB-4).
    #[serde(default)]
    pub floor_area: Option<Area>,
    /// Budget of the purchase; needed for procurement.
    #[serde(default)]
    pub budget: Option<Money>,
    /// 招标项目估算价, base of the deposit's cap (ENG-9).
    #[serde(default)]
    pub estimate: Option<Money>,
    /// Approval documents, one at least.
    #[schema(min_items = 1, max_items = 50)]
    pub approvals: Vec<Approval>,
    /// Lots; empty means one lot that is the whole project.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub lots: Vec<Lot>,
}

/// Body of `PATCH /api/v1/projects/{id}`: what is given replaces what stands, before the first notice.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProjectChange {
    /// New name.
    #[serde(default)]
    pub name: Option<String>,
    /// New mandate.
    #[serde(default)]
    pub agency_id: Option<OrganisationId>,
    /// New total investment.
    #[serde(default)]
    pub investment: Option<Money>,
    /// New floor area.
    #[serde(default)]
    pub floor_area: Option<Area>,
    /// New budget.
    #[serde(default)]
    pub budget: Option<Money>,
    /// New estimate.
    #[serde(default)]
    pub estimate: Option<Money>,
    /// New figure in a foreign currency.
    #[serde(default)]
    pub foreign: Option<ForeignAmount>,
    /// New phases, in the place of those that stand.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub other_phases: Option<Vec<OtherPhase>>,
    /// New choice.
    #[serde(default)]
    pub voluntary: Option<VoluntaryEntry>,
    /// New 投资项目统一代码.
    #[serde(default)]
    pub investment_code: Option<InvestmentCode>,
    /// New budget item.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub budget_item: Option<String>,
    /// New 政府采购品目.
    #[serde(default)]
    pub procurement_category: Option<ProcurementCategory>,
    /// Further approval documents.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub approvals: Vec<Approval>,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// What stands in a registration besides parties and figures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Particulars {
    /// 投资项目统一代码
    #[serde(skip_serializing_if = "Option::is_none")]
    pub investment_code: Option<InvestmentCode>,
    /// Budget item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_item: Option<String>,
    /// 政府采购品目
    #[serde(skip_serializing_if = "Option::is_none")]
    pub procurement_category: Option<ProcurementCategory>,
    /// Industry by GB/T 4754-2017.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gb_industry: Option<IndustryCode>,
    /// Under which law works are procured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regime: Option<Regime>,
    /// The compared figure as approved in a foreign currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign: Option<ForeignAmount>,
    /// Further phases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_phases: Vec<OtherPhase>,
    /// Number of this phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase_no: Option<i32>,
    /// The choice to trade where the project need not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voluntary: Option<VoluntaryEntry>,
}

impl From<&NewProject> for Particulars {
    fn from(new: &NewProject) -> Self {
        Self {
            investment_code: new.investment_code.clone(),
            budget_item: new.budget_item.as_deref().map(|item| item.trim().to_owned()),
            procurement_category: new.procurement_category.clone(),
            gb_industry: new.gb_industry.clone(),
            regime: new.regime,
            foreign: new.foreign.clone(),
            other_phases: new.other_phases.clone(),
            phase_no: new.phase_no,
            voluntary: new.voluntary.clone(),
        }
    }
}

/// A project as the hall keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Opaque id.
    pub id: ProjectId,
    /// 项目编号
    pub code: ProjectCode,
    /// Name.
    pub name: String,
    /// Region.
    pub region_code: RegionCode,
    /// Level.
    pub level: Level,
    /// Class.
    pub category: Category,
    /// Item of the catalogue.
    pub catalogue_item: Option<String>,
    /// Trade class.
    pub industry_code: Option<TradeClass>,
    /// What else was registered.
    pub particulars: Particulars,
    /// Purchaser 招标人/采购人.
    pub purchaser: OrganisationId,
    /// Agency with mandate.
    pub agency: Option<OrganisationId>,
    /// When the mandate was given.
    pub mandated_at: Option<DateTime<Utc>>,
    /// Total approved investment.
    pub investment: Option<Money>,
    /// Floor area.
    pub floor_area: Option<Area>,
    /// Budget.
    pub budget: Option<Money>,
    /// Estimate.
    pub estimate: Option<Money>,
    /// Centre of the decision in force.
    pub centre_code: Option<String>,
    /// Hall time of registration.
    pub registered_at: DateTime<Utc>,
    /// Account that registered it.
    pub registered_by: Uuid,
    /// Day of the form check.
    pub accepted_on: Option<NaiveDate>,
    /// Centre that made the form check; absent in rows of before it was kept.
    pub accepted_centre: Option<String>,
    /// Suspected of being split and not cleared (AMB-7).
    pub split_suspected: bool,
    /// Sank below the thresholds after it had been routed, without leave to go (AMB-8).
    pub stays_at_league: bool,
    /// Whether every round has ended without an award, so that the next is judged anew (AMB-8).
    pub round_open: bool,
    /// Day of the first notice.
    pub first_notice_on: Option<NaiveDate>,
    /// Edition of the law frozen with it.
    pub law_edition: Option<EditionId>,
    /// Version, counted up by every change.
    pub version: i64,
}

impl Project {
    /// How the parties stand to it, for `authorize`.
    pub fn parties(&self) -> Parties {
        Parties {
            purchaser: self.purchaser,
            agency: self.agency,
            centre_code: self.centre_code.clone(),
            region_code: self.region_code.to_string(),
            category: self.category,
        }
    }

    /// Draft until the first notice, published from then on.
    pub fn phase(&self) -> Phase {
        if self.first_notice_on.is_some() { Phase::Published } else { Phase::Draft }
    }

    /// What routing asks of it. `today` stands in until the registration is accepted.
    pub fn question(&self, today: NaiveDate) -> VenueQuestion {
        let kept = &self.particulars;
        VenueQuestion {
            catalogue_item: self.catalogue_item.clone(),
            industry_code: self.industry_code.clone(),
            regime: kept.regime,
            investment: self.investment.map(|money| money.amount),
            floor_area: self.floor_area,
            budget: self.budget.map(|money| money.amount),
            foreign: kept.foreign.clone(),
            other_phases: kept.other_phases.clone(),
            voluntary: kept.voluntary.clone(),
            split_suspected: self.split_suspected,
            stays_at_league: self.stays_at_league,
            accepted_on: Some(self.accepted_on.unwrap_or(today)),
            ..VenueQuestion::new(self.region_code.clone(), self.level, self.category)
        }
    }

    /// Whether the centre where it trades has made the form check.
    pub fn is_accepted(&self) -> bool {
        self.accepted_on.is_some()
            && self.centre_code.is_some()
            && (self.accepted_centre.is_none() || self.accepted_centre == self.centre_code)
    }

    /// Day of the first notice, while it freezes registration and venue.
    pub fn frozen_on(&self) -> Option<NaiveDate> {
        self.first_notice_on.filter(|_| !self.round_open)
    }
}

/// A suspicion of splitting (AMB-7).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SplitSuspect {
    /// Opaque id.
    pub id: Uuid,
    /// The project.
    pub project_id: ProjectId,
    /// The threshold that the projects reach together.
    pub rule_id: RouteRule,
    /// What they have in common besides the purchaser.
    pub shared: Shared,
    /// The fiscal year, 1 January to 31 December.
    pub fiscal_year: i32,
    /// Their sum, in yuan or square metres.
    #[schema(value_type = String)]
    pub total: rust_decimal::Decimal,
    /// The threshold.
    #[schema(value_type = String)]
    pub bound: rust_decimal::Decimal,
    /// The other projects that count.
    pub others: Vec<ProjectId>,
    /// When it was found.
    pub flagged_at: DateTime<Utc>,
    /// When the supervision office cleared it; absent while the project is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared_at: Option<DateTime<Utc>>,
    /// The office's reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What projects that may be one have in common besides the purchaser.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Shared {
    /// 投资项目统一代码
    InvestmentCode,
    /// 预算项目
    BudgetItem,
    /// 品目
    ProcurementCategory,
}

/// A purchaser's application to leave the league's centre (AMB-8).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VenueApplication {
    /// When.
    pub applied_at: DateTime<Utc>,
    /// The purchaser's reason.
    pub reason: String,
    /// When the supervision office answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<DateTime<Utc>>,
    /// Whether it agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<bool>,
    /// Its reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// A reason in writing.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Because {
    /// 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Body of `POST /api/v1/projects/{id}/venue-application/decision`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VenueAnswer {
    /// Whether the office agrees.
    pub approve: bool,
    /// 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Query of the list of suspicions.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SuspectFilter {
    /// `false` for those that are held, `true` for those that were cleared; absent for both.
    pub cleared: Option<bool>,
    /// Cursor from `next` of the page before.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// A kept venue decision (RT-11).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptDecision {
    /// 1 for the first; the highest is in force.
    pub no: i32,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// The inputs as they were.
    #[schema(value_type = Object)]
    pub question: serde_json::Value,
    /// The result with its reasons.
    #[serde(flatten)]
    pub decision: VenueDecision,
}

/// Answer of every project call.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectView {
    /// Opaque id.
    pub id: ProjectId,
    /// 项目编号
    pub code: ProjectCode,
    /// Name.
    pub name: String,
    /// Region.
    pub region_code: RegionCode,
    /// Level.
    pub level: Level,
    /// Class.
    pub category: Category,
    /// Item of the catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue_item: Option<String>,
    /// Trade class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry_code: Option<TradeClass>,
    /// What else was registered.
    #[serde(flatten)]
    pub particulars: Particulars,
    /// Purchaser.
    pub purchaser_id: OrganisationId,
    /// Agency with mandate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency_id: Option<OrganisationId>,
    /// Total approved investment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub investment: Option<Money>,
    /// Floor area in square metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor_area: Option<Area>,
    /// Budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Money>,
    /// Estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Money>,
    /// Centre of the decision in force; absent when none is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centre_code: Option<String>,
    /// When it was registered.
    pub registered_at: DateTime<Utc>,
    /// Day of the form check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_on: Option<NaiveDate>,
    /// Day of the first notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_notice_on: Option<NaiveDate>,
    /// Edition of the law that the first notice froze; `GET /api/v1/law/changes/{id}` tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub law_edition: Option<EditionId>,
    /// Approval documents in order of precedence.
    pub approvals: Vec<Approval>,
    /// Lots.
    pub lots: Vec<Lot>,
    /// Venue decisions, first to last; the last is in force.
    pub venue: Vec<KeptDecision>,
    /// Suspicions of splitting, first to last (AMB-7).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub split_suspects: Vec<SplitSuspect>,
    /// Applications to leave the league's centre, first to last (AMB-8).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub venue_applications: Vec<VenueApplication>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// A line of the list of projects.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectLine {
    /// Opaque id.
    pub id: ProjectId,
    /// 项目编号
    pub code: ProjectCode,
    /// Name.
    pub name: String,
    /// Region.
    pub region_code: RegionCode,
    /// Class.
    pub category: Category,
    /// Centre in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centre_code: Option<String>,
    /// When it was registered.
    pub registered_at: DateTime<Utc>,
}
