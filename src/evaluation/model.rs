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
    experts::SeatState,
    kernel::{
        AllowedAction, LegalGround, Money, Say,
        id::{AccountId, BidId, OrganisationId, TenderId},
        money::Amount,
    },
    scoring::{
        low_price::LowQuote,
        method::{BenchmarkDraw, Marks},
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
    /// Stored price score; absent where the price alone decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_score: Option<Decimal>,
    /// Stored scores of the factors that members mark, in the document's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemScore>,
    /// Sum of the stored scores of those factors.
    pub other_score: Decimal,
    /// Price score plus the others; absent where the price alone decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Decimal>,
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
)]
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
#[schema(as = CommitteeMember)]
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
    /// 1, or more where the member has put objective marks right since (令87 art 64); the last one counts.
    pub revision: u32,
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
    /// What the opening drew for the benchmark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmark_draw: Option<BenchmarkDraw>,
    /// Hash of each member's sheet, by the member's number.
    #[schema(value_type = BTreeMap<String, String>)]
    pub sheets: BTreeMap<u32, String>,
}

/// Body of `POST /api/v1/tenders/{id}/evaluation/qualification`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewQualification {
    /// One verdict for each opened bid.
    #[schema(min_items = 1, max_items = 5000)]
    pub bids: Vec<QualificationVerdict>,
}

/// The purchaser's verdict on one bidder's qualification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QualificationVerdict {
    /// The bid.
    pub bid_id: BidId,
    /// Whether the bidder is qualified.
    pub passes: bool,
    /// Why not, 1 to 1000 characters; needed when it does not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub reason: Option<String>,
}

/// Answer to the review of qualification.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Qualified {
    /// Bidders that pass.
    pub qualified: u32,
    /// The least the law asks for.
    pub minimum: u32,
    /// Where the tender stands now: failed when too few pass.
    pub phase: TenderPhase,
}

/// Body of `POST /api/v1/tenders/{id}/scores`: one member's sheet. Signing it is the act of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSheet {
    /// Pass or fail; needed where the document judges so, else for bids that do not conform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technical: Option<TechnicalSheet>,
    /// Marks of every bid that is still in; needed where the document marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 5000)]
    pub marks: Option<Vec<BidMarks>>,
    /// Deviations put into money, where the document quantifies them; a bid not named has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 5000)]
    pub deviations: Option<Vec<BidDeviations>>,
}

/// What a member adds to one bid for its deviations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BidDeviations {
    /// The bid.
    pub bid_id: BidId,
    /// Yuan by the key of the document's quantified matters; a matter not named adds nothing.
    pub amounts: BTreeMap<String, Amount>,
}

/// Pass or fail of every bid in few words: all pass but those named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TechnicalSheet {
    /// What holds for every bid not named.
    pub default: DefaultVerdict,
    /// Bids that the member fails, with the reason.
    #[serde(default)]
    #[schema(max_items = 5000)]
    pub fail: Vec<FailedBid>,
}

/// What holds for bids a sheet does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DefaultVerdict {
    /// They pass.
    Pass,
}

/// A bid that a member fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailedBid {
    /// The bid.
    pub bid_id: BidId,
    /// Why, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A member's marks for one bid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BidMarks {
    /// The bid.
    pub bid_id: BidId,
    /// Marks by factor key: exactly the factors that members mark, none above its weight.
    pub marks: BTreeMap<String, Marks>,
}

/// A sheet as kept, signed and hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sheet {
    /// The tender.
    pub tender: TenderId,
    /// The member's number.
    pub member: u32,
    /// Hash of the document judged by, in hexadecimal.
    pub document_hash: String,
    /// What the member found.
    pub content: NewSheet,
}

/// Answer to a signed sheet.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SheetSigned {
    /// The member's number.
    pub member: u32,
    /// SHA-256 over the canonical JSON of the sheet, in hexadecimal.
    pub sheet_hash: String,
    /// When it was signed.
    pub signed_at: DateTime<Utc>,
    /// Sheets signed so far.
    pub sheets: u32,
    /// Members.
    pub members: u32,
    /// 1, or more for a sheet that puts objective marks right.
    pub revision: u32,
}

/// Body of `POST /api/v1/tenders/{id}/evaluation/low-price-decisions`: one member's vote on an explanation.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewLowPriceVote {
    /// A bid that the check caught.
    pub bid_id: BidId,
    /// Whether the explanation is accepted.
    pub accepted: bool,
    /// What was explained and why it does or does not do, 1 to 4000 characters.
    #[schema(min_length = 1, max_length = 4000)]
    pub reason: String,
}

/// One member's vote as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowPriceVote {
    /// The bid.
    pub bid: BidId,
    /// The member's number.
    pub member: u32,
    /// Whether the explanation is accepted.
    pub accepted: bool,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Body of `POST /api/v1/tenders/{id}/report/signatures`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSignature {
    /// `reportHash` as the member read it.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub report_hash: String,
    /// The reason of a dissent, 1 to 4000 characters; absent means agreed.
    #[serde(default)]
    #[schema(max_length = 4000)]
    pub dissent: Option<String>,
}

/// An evaluation as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Row.
    pub id: Uuid,
    /// The tender.
    pub tender: TenderId,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// By which account.
    pub started_by: Uuid,
    /// Members.
    pub members: u32,
    /// Bids that take no part from the start on.
    pub screening: Vec<RejectedBid>,
    /// The abnormally-low check, once every sheet is signed.
    pub low_price: Option<LowPriceReview>,
    /// The report, once made.
    pub report: Option<(Report, [u8; 32], DateTime<Utc>)>,
    /// When the last member signed.
    pub signed_at: Option<DateTime<Utc>>,
    /// When it was delivered, and the rule where that was late.
    pub delivered: Option<(DateTime<Utc>, Option<String>)>,
    /// Version.
    pub version: i64,
}

/// How far a committee is: numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Seats of the committee.
    pub members: u32,
    /// Members that are there.
    pub checked_in: u32,
    /// Sheets signed.
    pub sheets: u32,
    /// Signatures and dissents under the report.
    pub signatures: u32,
}

/// Answer to a check-in.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckedIn {
    /// Where the caller's seat stands.
    pub state: SeatState,
    /// The caller's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// Why the caller must give way to a substitute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How far the committee is.
    pub progress: Progress,
}

/// A bid as the committee reads it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BidToEvaluate {
    /// The bid.
    pub bid_id: BidId,
    /// Its bidder.
    pub bidder_id: OrganisationId,
    /// The bidder's name.
    pub bidder: Say,
    /// Order of receipt.
    pub seq: i64,
    /// The price it states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// Everything its form states.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub form: Option<Value>,
    /// Names, sizes and hashes of its files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub files: Option<Value>,
    /// Whether it is still in.
    pub standing: bool,
}

/// The report with its signatures.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportView {
    /// The report.
    pub report: Report,
    /// SHA-256 over its canonical JSON, in hexadecimal.
    pub report_hash: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Signatures and dissents by number.
    pub signatures: Vec<ReportSignature>,
    /// When the last member signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<DateTime<Utc>>,
    /// When it reached the purchaser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<DateTime<Utc>>,
    /// Rule of a delivery that came too late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_late: Option<String>,
    /// Names of the bidders by id.
    pub bidders: BTreeMap<String, Say>,
}

/// Answer of `GET /api/v1/tenders/{id}/evaluation`; what it holds depends on who asks and when.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvaluationView {
    /// The tender.
    pub tender_id: TenderId,
    /// Where the tender stands.
    pub phase: TenderPhase,
    /// When the evaluation began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// How far the committee is; not for the public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The calling member's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<u32>,
    /// Bids with forms and files, for members and supervisors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bids: Option<Vec<BidToEvaluate>>,
    /// Bids that take no part from the start on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screening: Option<Vec<RejectedBid>>,
    /// The abnormally-low check, once every sheet is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_price: Option<LowPriceReview>,
    /// The calling member's own sheet; for supervisors every sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheets: Option<Vec<SignedSheet>>,
    /// The report, once the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportView>,
    /// Prices that repeat, for supervisors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated_prices: Option<RepeatedPrices>,
    /// The committee by name, once names may be known (EX-13).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committee: Option<Vec<Member>>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
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
