//! The evaluation as it is kept and answered.
//!
//! Members have numbers here, never names: who they are is `experts`' to tell, and only when it may be told (EX-13).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    kernel::{
        AllowedAction, LegalGround, Money, Say,
        id::{AccountId, BidId, OrganisationId, TenderId},
    },
    scoring::{
        low_price::{LowQuote, Trigger},
        method::Marks,
        sheets::ItemScore,
    },
    tenders::TenderPhase,
};

/// An effective bid with its scores and place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RankedBid {
    /// The bid.
    pub bid: BidId,
    /// Its bidder.
    pub bidder: OrganisationId,
    /// 1 for the best; ties that matter are parted by a recorded draw, others share a rank.
    pub rank: u32,
    /// Original quote 投标报价.
    pub price: Money,
    /// Quote after the policy deduction, in yuan; absent where the method knows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted_price: Option<Decimal>,
    /// Stored price score.
    pub price_score: Decimal,
    /// Stored scores of the factors that members mark, in the document's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemScore>,
    /// Sum of the stored scores of those factors.
    pub other_score: Decimal,
    /// Price score plus the others.
    pub total: Decimal,
    /// Whether a recorded draw, and nothing else, gave it its place among equals.
    #[serde(default)]
    pub drawn: bool,
    /// The arithmetic of its price score in one line.
    pub working: String,
}

/// A bid that takes no part in the ranking, with the ground.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RejectedBid {
    /// The bid.
    pub bid: BidId,
    /// Its bidder.
    pub bidder: OrganisationId,
    /// Original quote, where it states one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// Who said so.
    pub by: RejectedBy,
    /// The rule.
    pub ground: LegalGround,
    /// Why, in words.
    pub reason: Say,
}

/// Who found that a bid takes no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, strum::AsRefStr, strum::EnumString)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum RejectedBy {
    /// The system, from the price alone.
    System,
    /// The purchaser in its review of qualification.
    Purchaser,
    /// The committee, by the votes of more than half of it.
    Committee,
    /// The committee, because an abnormally low price was not explained.
    LowPrice,
}

/// A member of the committee with the name; only for those who may know it (EX-13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Number on door lists, sheets and the report.
    pub number: u32,
    /// The account.
    pub account: AccountId,
    /// The name.
    pub name: String,
    /// The unit 工作单位.
    pub unit: String,
    /// The specialty drawn for.
    pub specialty: String,
}

/// One member's signed sheet. The signature is the account's own act, logged with the hash.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedSheet {
    /// The member's number.
    pub member: u32,
    /// What it says.
    #[schema(value_type = Object)]
    pub sheet: Value,
    /// SHA-256 over the canonical JSON of the sheet, in hexadecimal.
    pub sheet_hash: String,
    /// When it was signed.
    pub signed_at: DateTime<Utc>,
}

/// A member's signature under the report, or dissent with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportSignature {
    /// The member's number.
    pub member: u32,
    /// The reason of a dissent; absent means agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dissent: Option<String>,
    /// When.
    pub signed_at: DateTime<Utc>,
}

/// The abnormally-low check and what came of it (财库〔2026〕2号).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LowPriceReview {
    /// Whether the check applies: purchases from its first day on.
    pub applies: bool,
    /// Quotes that a line caught, with their numbers; empty means the check found nothing.
    pub caught: Vec<LowQuote>,
    /// The committee's decisions on them.
    pub decisions: Vec<LowPriceDecision>,
}

/// The committee's decision on a bid that a line caught.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LowPriceDecision {
    /// The bid.
    pub bid: BidId,
    /// Whether the explanation was accepted.
    pub accepted: bool,
    /// What the supplier explained and why it was accepted or not.
    pub reason: String,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
}

/// A recorded draw among bids equal in total and price. Anyone can make it again:
/// order by HMAC-SHA256(seed, bid id) ascending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TieDraw {
    /// Rank of the tied group.
    pub rank: u32,
    /// 32 random bytes in hexadecimal.
    pub seed: String,
    /// The tied bids, ascending by id, as they were put in.
    pub tied: Vec<BidId>,
    /// The order drawn.
    pub drawn: Vec<BidId>,
}

/// How many prices repeat among the opened bids: a sign for supervisors, no judgement.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepeatedPrices {
    /// Different prices that more than one bid states.
    pub prices: u32,
    /// Bids that state one of them.
    pub bids: u32,
    /// The most bids with one price.
    pub most: u32,
}

/// What the committee signs. Kept as JSON; its hash is SHA-256 over the canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The tender.
    pub tender: TenderId,
    /// Bids in the opening record.
    pub received: u32,
    /// Bids opened.
    pub opened: u32,
    /// Bids that entered the scoring.
    pub effective: u32,
    /// Effective bids, best first.
    pub ranked: Vec<RankedBid>,
    /// Bids that take no part, in the order of receipt.
    pub rejected: Vec<RejectedBid>,
    /// Benchmark as printed, never rounded in the sums.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<String>,
    /// The arithmetic, line by line.
    pub workings: Vec<Say>,
    /// Candidates in order, at most as many as the law allows.
    pub candidates: Vec<BidId>,
    /// The abnormally-low check.
    pub low_price: LowPriceReview,
    /// Recorded draws among equals.
    pub tie_draws: Vec<TieDraw>,
    /// Hash of each member's sheet, by the member's number.
    pub sheets: BTreeMap<u32, String>,
}

/// A finished evaluation, for the rooms above. Names in it: mind EX-13.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationResult {
    /// Effective bids, best first.
    pub ranked: Vec<RankedBid>,
    /// Bids that take no part, in the order of receipt.
    pub rejected: Vec<RejectedBid>,
    /// Benchmark as printed.
    pub benchmark: Option<String>,
    /// The arithmetic, line by line.
    pub workings: Vec<Say>,
    /// Candidates in order.
    pub candidates: Vec<BidId>,
    /// The committee with names.
    pub committee: Vec<Member>,
    /// Every member's sheet.
    pub sheets: Vec<SignedSheet>,
    /// Every member's signature or dissent.
    pub signatures: Vec<ReportSignature>,
    /// The abnormally-low check.
    pub low_price: LowPriceReview,
    /// Recorded draws among equals.
    pub tie_draws: Vec<TieDraw>,
    /// Prices that repeat, for supervisors.
    pub repeated_prices: RepeatedPrices,
    /// SHA-256 of the report in hexadecimal.
    pub report_hash: String,
    /// When the report was made.
    pub made_at: DateTime<Utc>,
    /// When the last member signed.
    pub signed_at: DateTime<Utc>,
    /// When it was delivered to the purchaser.
    pub delivered_at: Option<DateTime<Utc>>,
}
