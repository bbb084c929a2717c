//! The words of routing: regions, centres and their rooms, catalogue, thresholds, question and decision.

use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::codes::ForeignAmount;
pub use crate::kernel::Category;
use crate::{
    kernel::{
        Area, RegionCode, Say, Uscc,
        codes::{PlatformId, TradeClass},
        money::Amount,
    },
    law::Regime,
};

/// A span of days, both ends included; without an end it lasts until further notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: Option<NaiveDate>,
}

impl Period {
    /// Whether `date` lies in the span.
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.from <= date && self.to.is_none_or(|to| date <= to)
    }

    /// Whether some day lies in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.to.is_none_or(|to| other.from <= to) && other.to.is_none_or(|to| self.from <= to)
    }
}

/// What kind of division a region is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RegionKind {
    /// 盟
    League,
    /// 县级市
    City,
    /// 旗
    Banner,
    /// 县
    County,
    /// 管理区 (statistical code, outside GB/T 2260)
    ManagementArea,
}

/// State of a region's hall as the article of 2015-05-21 reports it; decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum HallStatus {
    /// In use (the league's, since 2014-09).
    InUse,
    /// Newly built and in use.
    NewInUse,
    /// Shared with the league 盟市合一.
    Shared,
    /// Enlarged.
    Enlarged,
    /// Under conversion, due in the first half of 2015.
    Converting,
    /// Project applied for.
    AppliedFor,
}

/// A trading region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// GB/T 2260 code, or the statistical code 152571.
    pub code: RegionCode,
    /// Its name.
    pub name: Say,
    /// What it is.
    pub kind: RegionKind,
    /// What the article reports of its hall.
    pub hall: HallStatus,
    /// 盟市合一: one centre with the league (RT-5).
    pub shares_league_centre: bool,
    /// When it has a platform of its own; periods do not overlap.
    pub platform: Vec<Period>,
    /// Where its projects go while it has none, nearest first (RT-7; a setting).
    pub neighbours: Vec<RegionCode>,
}

impl Region {
    /// Whether the region has a platform of its own on `date` (AMB-12: the day of acceptance 进场登记).
    pub fn has_platform_on(&self, date: NaiveDate) -> bool {
        self.platform.iter().any(|period| period.contains(date))
    }
}

/// What a room is for.
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
    strum::EnumIter,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum RoomKind {
    /// 开标室
    Opening,
    /// 评标室
    Evaluation,
    /// 专家抽取室
    Draw,
    /// 专家休息室
    Rest,
    /// 总控室
    Control,
    /// 专家物品储存室
    Storage,
    /// 投诉室
    Complaint,
}

/// A room of a centre, as its file lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Unique within the centre, such as `opening-1`.
    pub code: String,
    /// What it is for.
    pub kind: RoomKind,
    /// Its name on the door.
    pub name: Say,
    /// People it holds.
    pub capacity: u16,
}

/// Settings of a centre for booking its rooms; none of them is law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomSettings {
    /// Confirm a free and complete request at once (`rooms.auto_confirm`).
    pub auto_confirm: bool,
    /// Minutes a room is kept free before a slot.
    pub setup_minutes: u16,
    /// Minutes a room is kept free after a slot.
    pub cleanup_minutes: u16,
    /// Opening hour in the business zone.
    pub opens: NaiveTime,
    /// Closing hour in the business zone, later than `opens`.
    pub closes: NaiveTime,
    /// What becomes of the next user of a room that is still in use (`rooms.overrun`).
    pub overrun: OverrunSetting,
    /// Minutes by which a slot that runs over is lengthened at a time.
    pub overrun_minutes: u16,
    /// Minutes after its start from which a slot that nobody came to may be noted as missed.
    pub no_show_minutes: u16,
    /// Opening rooms kept from being confirmed to anybody but key projects 重点项目.
    pub reserved_opening: u16,
    /// Evaluation rooms kept so.
    pub reserved_evaluation: u16,
}

impl RoomSettings {
    /// Rooms of a kind that only key projects are confirmed in (RM-10).
    pub fn reserved(&self, kind: RoomKind) -> usize {
        match kind {
            RoomKind::Opening => self.reserved_opening.into(),
            RoomKind::Evaluation => self.reserved_evaluation.into(),
            _ => 0,
        }
    }
}

/// What becomes of the next user of a room that is still in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OverrunSetting {
    /// It is told, and offered other slots.
    #[default]
    Warn,
    /// It is moved to another room that is free at the same time, if there is one, and told.
    Push,
}

/// Settings of a centre for its doors and recorders; none of them is law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessSettings {
    /// Minutes before a slot from which its people are let in (RM-15).
    pub door_lead_minutes: u16,
    /// Seconds without a sign of life after which a recording alarms the control room (RM-16).
    pub recording_gap_seconds: u16,
}

/// A public-resource trading centre 公共资源交易中心.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Centre {
    /// Code on rooms, projects and tenders; the code of its region by custom.
    pub code: String,
    /// Where it stands.
    pub region: RegionCode,
    /// The ten digits its numbers begin with.
    pub platform: PlatformId,
    /// Its credit code, part of every unified deal code.
    pub uscc: Uscc,
    /// Its name.
    pub name: Say,
    /// Its address.
    pub address: Say,
    /// Booking settings.
    pub settings: RoomSettings,
    /// Settings of doors and recorders.
    pub access: AccessSettings,
    /// Its rooms in the order of the file.
    pub rooms: Vec<Room>,
    /// Where the numbers of rooms come from; `sample` if nowhere.
    pub source: String,
}

impl Centre {
    /// How many rooms of `kind` the centre has.
    pub fn count(&self, kind: RoomKind) -> usize {
        self.rooms.iter().filter(|room| room.kind == kind).count()
    }
}

/// Whose project it is.
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
    strum::Display,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Level {
    /// 盟本级, 盟直
    League,
    /// 旗县市(区)
    County,
}

/// One item of the catalogue 公共资源交易目录.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueItem {
    /// Unique within the edition, such as `ENG-005`.
    pub code: String,
    /// Its class.
    pub category: Category,
    /// Its name.
    pub name: Say,
    /// Where the item comes from; `sample` for the built-in edition.
    pub source: String,
}

/// Stands in the place of an item's code where a project is outside the catalogue (RT-9). It must be said in so many
/// words: an unknown code is a mistake.
pub const OUTSIDE_THE_CATALOGUE: &str = "none";

/// One edition of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEdition {
    /// Name of the edition, such as `2014-02`.
    pub edition: String,
    /// When it is in force; editions do not overlap.
    pub in_force: Period,
    /// Its items in the order of the file.
    pub items: Vec<CatalogueItem>,
}

impl CatalogueEdition {
    /// The item with this code.
    pub fn item(&self, code: &str) -> Option<&CatalogueItem> {
        self.items.iter().find(|item| item.code == code)
    }
}

/// The figure a threshold looks at; always the project's, never one lot's (AMB-5, AMB-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Measure {
    /// Total approved investment in yuan, as approved, tax included (AMB-2, AMB-3).
    Investment,
    /// Total floor area above and below ground in square metres (AMB-4).
    FloorArea,
    /// Budget of the purchase in yuan.
    Budget,
}

/// From which figure on a county project must trade at the league centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// RT-1, RT-2 or RT-3.
    pub rule: RouteRule,
    /// What is compared.
    pub measure: Measure,
    /// The bound, itself included (民法典 art 1259); yuan or square metres.
    pub at_least: Decimal,
    /// When it is in force.
    pub in_force: Period,
    /// The instrument.
    pub source: String,
}

/// Ids of the routing rules, in their order.
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
    strum::EnumIter,
)]
pub enum RouteRule {
    /// County engineering, investment at or above the bound → league.
    #[serde(rename = "RT-1")]
    #[strum(serialize = "RT-1")]
    Rt1,
    /// County engineering, floor area at or above the bound → league.
    #[serde(rename = "RT-2")]
    #[strum(serialize = "RT-2")]
    Rt2,
    /// County purchase, budget at or above the bound → league.
    #[serde(rename = "RT-3")]
    #[strum(serialize = "RT-3")]
    Rt3,
    /// League level → league.
    #[serde(rename = "RT-4")]
    #[strum(serialize = "RT-4")]
    Rt4,
    /// A region that shares the league's centre (锡林浩特市) → league.
    #[serde(rename = "RT-5")]
    #[strum(serialize = "RT-5")]
    Rt5,
    /// Below the thresholds, region with a platform → its own centre.
    #[serde(rename = "RT-6")]
    #[strum(serialize = "RT-6")]
    Rt6,
    /// Below the thresholds, region without a platform → nearby, else league.
    #[serde(rename = "RT-7")]
    #[strum(serialize = "RT-7")]
    Rt7,
    /// Land, minerals, property: thresholds do not apply → as RT-6 or RT-7.
    #[serde(rename = "RT-8")]
    #[strum(serialize = "RT-8")]
    Rt8,
    /// Not in the catalogue → need not trade at a centre.
    #[serde(rename = "RT-9")]
    #[strum(serialize = "RT-9")]
    Rt9,
    /// Below the thresholds or outside the catalogue, by the purchaser's choice → league (a setting of the hall).
    #[serde(rename = "RT-10")]
    #[strum(serialize = "RT-10")]
    Rt10,
    /// Suspected of being split below the thresholds → league, until the supervision office clears it.
    #[serde(rename = "AMB-7")]
    #[strum(serialize = "AMB-7")]
    Amb7,
    /// Sank below the thresholds after it had been routed → stays at the league's centre.
    #[serde(rename = "AMB-8")]
    #[strum(serialize = "AMB-8")]
    Amb8,
    /// Mineral rights of a county, where the setting sends them → league.
    #[serde(rename = "AMB-13")]
    #[strum(serialize = "AMB-13")]
    Amb13,
}

impl RouteRule {
    /// Whether the rule is one of the thresholds.
    pub fn is_threshold(self) -> bool {
        matches!(self, Self::Rt1 | Self::Rt2 | Self::Rt3)
    }
}

/// Which centre, seen from the project's region.
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
    strum::Display,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Scope {
    /// The league's centre.
    League,
    /// The region's own centre.
    Own,
    /// A neighbour's centre 就近、跨区.
    Nearby,
    /// No centre is required; voluntary entry is allowed.
    NotRequired,
}

/// Which of the two tests a project has to pass (AMB-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Test {
    /// Investment and floor area.
    Works,
    /// The budget.
    Purchase,
    /// No threshold applies (RT-8).
    None,
}

impl Test {
    /// The figures the test compares.
    pub fn measures(self) -> &'static [Measure] {
        match self {
            Self::Works => &[Measure::Investment, Measure::FloorArea],
            Self::Purchase => &[Measure::Budget],
            Self::None => &[],
        }
    }
}

/// Where a purchaser that need not come chooses to trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChosenPlace {
    /// At the league's centre (RT-10).
    League,
    /// Where a project of the region that is in the catalogue would trade (RT-6, RT-7); only for a project outside it.
    Region,
}

/// The purchaser's choice to trade where it need not (RT-9, RT-10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VoluntaryEntry {
    /// Where.
    pub at: ChosenPlace,
    /// Why, 1 to 1000 characters; part of the decision.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Another phase of the same project (AMB-9). A phase with an approval of its own is a project of its own; the others
/// count together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OtherPhase {
    /// Whether it has an approval of its own.
    pub own_approval: bool,
    /// Its investment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub investment: Option<Amount>,
    /// Its floor area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor_area: Option<Area>,
    /// Its budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Amount>,
}

impl OtherPhase {
    fn figure(&self, measure: Measure) -> Option<Decimal> {
        match measure {
            Measure::Investment => self.investment.map(Amount::value),
            Measure::FloorArea => self.floor_area.map(Area::value),
            Measure::Budget => self.budget.map(Amount::value),
        }
    }
}

/// What routing needs to know of a project: the project as a whole, never a lot (AMB-5). Kept with the
/// decision as its inputs (RT-11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VenueQuestion {
    /// Region of the project.
    pub region_code: RegionCode,
    /// Whose project it is.
    pub level: Level,
    /// Class of the catalogue.
    pub category: Category,
    /// Item of the catalogue; absent means some item of `category`, [`OUTSIDE_THE_CATALOGUE`] none at all.
    pub catalogue_item: Option<String>,
    /// Class of 公共资源交易分类; tells mineral rights from land (AMB-13).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub industry_code: Option<TradeClass>,
    /// Under which law works are procured (AMB-6); absent means that of `category`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regime: Option<Regime>,
    /// Total approved investment in yuan, as approved (AMB-2, AMB-3).
    pub investment: Option<Amount>,
    /// Total floor area in square metres; absent for works that are no building (AMB-4).
    pub floor_area: Option<Area>,
    /// Budget of the purchase in yuan.
    pub budget: Option<Amount>,
    /// The figure the test compares, where it was approved in a foreign currency (AMB-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<ForeignAmount>,
    /// Further phases of the project (AMB-9).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_phases: Vec<OtherPhase>,
    /// The purchaser's choice (RT-9, RT-10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voluntary: Option<VoluntaryEntry>,
    /// Suspected of being split and not cleared (AMB-7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub split_suspected: bool,
    /// Sank below the thresholds after it had been routed, without leave to go (AMB-8).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays_at_league: bool,
    /// Day on which the centre accepted the registration 进场登记; absent means today in the hall.
    pub accepted_on: Option<NaiveDate>,
}

impl VenueQuestion {
    /// A question without figures.
    pub fn new(region_code: RegionCode, level: Level, category: Category) -> Self {
        Self {
            region_code,
            level,
            category,
            catalogue_item: None,
            industry_code: None,
            regime: None,
            investment: None,
            floor_area: None,
            budget: None,
            foreign: None,
            other_phases: Vec::new(),
            voluntary: None,
            split_suspected: false,
            stays_at_league: false,
            accepted_on: None,
        }
    }

    /// AMB-6: works under the law of tendering meet the test of works and no other, works bought by another method
    /// that of purchases and no other; never both.
    pub fn test(&self) -> Test {
        match (self.category, self.regime) {
            (Category::LandMineral | Category::Property, _) => Test::None,
            (_, Some(Regime::Tendering)) | (Category::Engineering, None) => Test::Works,
            (_, Some(Regime::Procurement)) | (Category::Procurement, None) => Test::Purchase,
        }
    }

    /// The figure of `measure` as given, without other phases.
    pub fn own_figure(&self, measure: Measure) -> Option<Decimal> {
        match measure {
            Measure::Investment => self.investment.map(Amount::value),
            Measure::FloorArea => self.floor_area.map(Area::value),
            Measure::Budget => self.budget.map(Amount::value),
        }
    }

    /// What the phases without an approval of their own add to `measure` (AMB-9).
    pub fn added_by_phases(&self, measure: Measure) -> Decimal {
        self.other_phases
            .iter()
            .filter(|phase| !phase.own_approval)
            .filter_map(|phase| phase.figure(measure))
            .sum()
    }
}

/// Where a project must trade, and why. Immutable once kept (RT-11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VenueDecision {
    /// Which centre, seen from the region.
    pub scope: Scope,
    /// The centre's code; `null` only when none is required.
    pub centre_code: Option<String>,
    /// The rule that decided.
    pub rule_id: RouteRule,
    /// Every rule that held, in the order of the rules.
    pub fired: Vec<RouteRule>,
    /// The reasoning with its arithmetic, in both languages.
    pub reasons: Vec<Say>,
    /// Routing table that was used.
    pub table_version: String,
}
