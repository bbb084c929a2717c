//! The words of routing: regions, centres and their rooms, catalogue, thresholds, question and decision.

use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use crate::kernel::Category;
use crate::kernel::{Area, RegionCode, Say, money::Amount};

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
}

/// A public-resource trading centre 公共资源交易中心.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Centre {
    /// Code on rooms, projects and tenders; the code of its region by custom.
    pub code: String,
    /// Where it stands.
    pub region: RegionCode,
    /// Its name.
    pub name: Say,
    /// Its address.
    pub address: Say,
    /// Booking settings.
    pub settings: RoomSettings,
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
    /// Total approved investment in yuan, as approved (AMB-2, AMB-3).
    pub investment: Option<Amount>,
    /// Total floor area in square metres; absent for works that are no building (AMB-4).
    pub floor_area: Option<Area>,
    /// Budget of the purchase in yuan.
    pub budget: Option<Amount>,
    /// Day on which the centre accepted the registration 进场登记; absent means today in the hall.
    pub accepted_on: Option<NaiveDate>,
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
