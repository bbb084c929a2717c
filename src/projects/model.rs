//! A project as it is registered, kept and answered.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    identity::{Parties, Phase},
    jurisdiction::{Level, VenueDecision, VenueQuestion},
    kernel::{
        AllowedAction, Area, Category, Money, RegionCode,
        id::{EditionId, OrganisationId, ProjectId},
        time,
    },
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
    /// Trade class code, such as `A02` (municipal works).
    #[serde(default)]
    #[schema(max_length = 10, example = "A02")]
    pub industry_code: Option<String>,
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
    /// Further approval documents.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub approvals: Vec<Approval>,
    /// Why.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A project as the hall keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Opaque id.
    pub id: ProjectId,
    /// 项目编号
    pub code: String,
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
    pub industry_code: Option<String>,
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
        VenueQuestion {
            region_code: self.region_code.clone(),
            level: self.level,
            category: self.category,
            catalogue_item: self.catalogue_item.clone(),
            investment: self.investment.map(|money| money.amount),
            floor_area: self.floor_area,
            budget: self.budget.map(|money| money.amount),
            accepted_on: Some(self.accepted_on.unwrap_or(today)),
        }
    }
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
    pub code: String,
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
    pub industry_code: Option<String>,
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
    pub code: String,
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
