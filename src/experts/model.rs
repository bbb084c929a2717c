//! Draws, seats and what is told of them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    experts::draw::{DrawSlot, Exclusion, PoolEntry},
    kernel::{
        AllowedAction, Say, Seed,
        id::{AccountId, DrawId, OrganisationId, TenderId},
    },
    tenders::TenderPhase,
};

/// Specialties of the hall's pool: word on the wire, 中文, English.
pub const SPECIALTIES: [(&str, &str, &str); 8] = [
    ("municipalWorks", "市政工程", "municipal works"),
    ("landscape", "园林绿化", "landscape"),
    ("cost", "工程造价", "cost"),
    ("buildingWorks", "建筑工程", "building works"),
    ("roadWorks", "公路工程", "road works"),
    ("officeEquipment", "办公设备", "office equipment"),
    ("medicalEquipment", "医疗设备", "medical equipment"),
    ("finance", "财务会计", "finance"),
];

/// Names of a specialty in both languages; `None` when unknown.
pub fn specialty_name(word: &str) -> Option<Say> {
    let (_, zh, en) = SPECIALTIES.iter().find(|(known, ..)| *known == word)?;
    Some(Say::new(*zh, *en))
}

/// Body of `POST /api/v1/tenders/{id}/draws`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDraw {
    /// How many of which specialty; together the committee.
    #[schema(min_items = 1, max_items = 10)]
    pub slots: Vec<DrawSlot>,
    /// Units whose people are left out, by name (EX-9). Purchaser and agency are left out anyway.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub avoid_units: Vec<String>,
}

/// The side of somebody who is present at a draw beside the operator.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum WitnessSide {
    /// 采购人、招标人
    Purchaser,
    /// 监督部门
    Supervisor,
}

/// Somebody who said to be present at a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Witness {
    /// For whom.
    pub side: WitnessSide,
    /// When.
    pub present_at: DateTime<Utc>,
}

/// Where a draw stands.
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
pub enum DrawState {
    /// Waits to be run in a draw room.
    Requested,
    /// Run.
    Done,
    /// Another request took its place before it was run.
    Superseded,
}

/// A draw as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// Opaque id.
    pub id: DrawId,
    /// The tender.
    pub tender: TenderId,
    /// The centre that runs it.
    pub centre_code: String,
    /// Where it stands.
    pub state: DrawState,
    /// What is drawn.
    pub slots: Vec<DrawSlot>,
    /// Units left out by name.
    pub avoid_units: Vec<String>,
    /// Substitutes for each specialty.
    pub reserves: u32,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// By which account.
    pub requested_by: Uuid,
    /// Its run.
    pub run: Option<Run>,
    /// Version.
    pub version: i64,
}

impl Draw {
    /// Members it draws.
    pub fn size(&self) -> u32 {
        self.slots.iter().map(|slot| slot.count).fold(0, u32::saturating_add)
    }
}

/// What a run leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// When.
    pub at: DateTime<Utc>,
    /// By which account.
    pub by: Uuid,
    /// Planned beginning of the evaluation, which EX-4 is judged by.
    pub evaluation_planned_at: DateTime<Utc>,
    /// The pool as frozen.
    pub pool: Vec<PoolEntry>,
    /// Who was left out and why.
    pub exclusions: Vec<Exclusion>,
    /// The chance.
    pub seed: Seed,
}

/// Where a seat stands.
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
pub enum SeatState {
    /// Substitute, not called and not told.
    Reserve,
    /// Called, not yet there.
    Called,
    /// There and free of conflicts.
    CheckedIn,
    /// Gave way to a substitute.
    Replaced,
}

/// A seat on a committee, or a substitute's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Row.
    pub id: Uuid,
    /// The draw.
    pub draw: DrawId,
    /// The tender.
    pub tender: TenderId,
    /// The expert.
    pub expert: Uuid,
    /// The account.
    pub account: AccountId,
    /// Drawn for.
    pub specialty: String,
    /// Place in the specialty's order.
    pub rank: i32,
    /// Where it stands.
    pub state: SeatState,
    /// Number on doors, sheets and the report.
    pub number: Option<i32>,
    /// When the expert checked in.
    pub checked_in_at: Option<DateTime<Utc>>,
    /// When and why the expert gave way.
    pub replaced: Option<(DateTime<Utc>, String)>,
}

/// A seat with the person, for those who may know (EX-13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedSeat {
    /// Number on doors, sheets and the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The expert in the pool of the draw.
    pub expert: Uuid,
    /// The account.
    pub account: AccountId,
    /// The name.
    pub name: String,
    /// The unit 工作单位.
    pub unit: String,
    /// Drawn for.
    pub specialty: String,
    /// Place in the specialty's order.
    pub rank: u32,
    /// Where it stands.
    pub state: SeatState,
    /// Why the expert gave way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_reason: Option<String>,
}

/// An expert as looked up for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expert {
    /// Row.
    pub id: Uuid,
    /// The account.
    pub account: AccountId,
    /// Unit by organisation, where known.
    pub unit: Option<OrganisationId>,
    /// Unit by name.
    pub unit_name: String,
    /// Specialties.
    pub specialties: Vec<String>,
    /// Whether active in the pool.
    pub active: bool,
}

/// One specialty of a draw as answered: numbers, never names.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FilledSlot {
    /// The specialty.
    pub specialty: String,
    /// Its name.
    pub name: Say,
    /// Members wanted.
    pub count: u32,
    /// Members drawn.
    pub filled: u32,
}

/// Everything needed to make a draw again; for supervisors, after the result.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// 32 bytes in hexadecimal. Order: HMAC-SHA256(seed, specialty ‖ "|" ‖ pseudonym) ascending.
    pub seed: String,
    /// SHA-256 over the canonical JSON of the pool, as the record holds it.
    pub pool_hash: String,
    /// The pool, ordered by pseudonym.
    pub pool: Vec<PoolEntry>,
    /// Who was left out and why.
    pub exclusions: Vec<Exclusion>,
    /// Units named to be left out.
    pub avoid_units: Vec<String>,
    /// Planned beginning of the evaluation (EX-4).
    pub evaluation_planned_at: DateTime<Utc>,
    /// Members and substitutes with what became of them.
    pub drawn: Vec<NamedSeat>,
}

/// Answer of every draw call.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrawView {
    /// Opaque id.
    pub id: DrawId,
    /// The tender.
    pub tender_id: TenderId,
    /// Where it stands.
    pub state: DrawState,
    /// Members wanted.
    pub wanted: u32,
    /// Members drawn.
    pub filled: u32,
    /// By specialty.
    pub slots: Vec<FilledSlot>,
    /// Substitutes for each specialty.
    pub reserves: u32,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_at: Option<DateTime<Utc>>,
    /// Who of purchaser and supervision said to be present (RM-17).
    pub witnesses: Vec<Witness>,
    /// For supervisors within their duty, once names may be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<Transcript>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// One assignment of the expert who asks.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// The tender.
    pub tender_id: TenderId,
    /// Its code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// Where the tender stands.
    pub phase: TenderPhase,
    /// Centre where the committee meets.
    pub centre_code: String,
    /// Drawn for.
    pub specialty: String,
    /// Its name.
    pub specialty_name: Say,
    /// Number on doors, sheets and the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// Where the seat stands.
    pub state: SeatState,
    /// Beginning of the opening; members come after it.
    pub opening_at: DateTime<Utc>,
    /// When the evaluation is planned to begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation_planned_at: Option<DateTime<Utc>>,
    /// When the expert checked in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_in_at: Option<DateTime<Utc>>,
    /// Why the expert gave way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_reason: Option<String>,
}

/// Answer of `GET /api/v1/assignments`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assignments {
    /// Newest first; at most 200.
    pub items: Vec<Assignment>,
}
