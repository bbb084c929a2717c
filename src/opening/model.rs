//! The opening as it is kept and answered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    kernel::{
        AllowedAction, Money, Say,
        id::{BidId, OrganisationId, TenderId},
        time,
    },
    scoring::method::BenchmarkDraw,
    tenders::TenderPhase,
};

/// An opening in progress or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Row id.
    pub id: Uuid,
    /// The tender.
    pub tender: TenderId,
    /// The deadline's own instant (招标投标法 art 34).
    pub began_at: DateTime<Utc>,
    /// End of the release window.
    pub window_until: DateTime<Utc>,
    /// The one extension, if the host granted it.
    pub extension: Option<Extension>,
    /// When the record was made.
    pub concluded_at: Option<DateTime<Utc>>,
    /// What was drawn for the benchmark, where the document leaves it to chance.
    pub benchmark_draw: Option<BenchmarkDraw>,
    /// Version.
    pub version: i64,
}

/// The host's extension of the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// End of the window before.
    pub from: DateTime<Utc>,
    /// Account of the host.
    pub by: Uuid,
    /// Why.
    pub reason: String,
}

/// What became of a bid at the opening.
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
#[schema(as = OpeningOutcome)]
pub enum Outcome {
    /// Decrypted and read out.
    Opened,
    /// 撤销: not decrypted by the bidder's own fault.
    Revoked,
}

/// One bid of the opening record.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenedBid {
    /// The bid.
    pub bid: BidId,
    /// Its bidder.
    pub bidder: OrganisationId,
    /// Order of receipt, told only now.
    pub seq: i64,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// When its secret was released.
    pub released_at: Option<DateTime<Utc>>,
    /// What became of it.
    pub outcome: Outcome,
    /// The price it states.
    pub price: Option<Money>,
    /// Everything its form states.
    pub form: Option<Value>,
    /// Names and hashes of its files.
    pub files: Option<Value>,
    /// Why it is revoked.
    pub failure: Option<String>,
}

/// Body of `POST /api/v1/tenders/{id}/opening/shares`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseShare {
    /// The bid.
    pub bid_id: BidId,
    /// Clause of the policy, 0 for the only one.
    #[schema(minimum = 0, maximum = 0)]
    pub clause: i32,
    /// Holder of the share.
    #[schema(example = "bidder")]
    pub member: String,
    /// The decrypted share; of a sole member the secret itself, `AGE-SECRET-KEY-1…`.
    #[schema(min_length = 1, max_length = 4096)]
    pub share: String,
}

/// Body of `POST /api/v1/tenders/{id}/opening/extension`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtendWindow {
    /// New end of the window.
    #[serde(deserialize_with = "time::read")]
    pub until: DateTime<Utc>,
    /// Why, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Answer to a released share.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleasedShare {
    /// The bid.
    pub bid_id: BidId,
    /// When it was released.
    pub released_at: DateTime<Utc>,
    /// Until when others may release.
    pub window_until: DateTime<Utc>,
}

/// The extension as answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionView {
    /// End of the window before.
    pub from: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// Answer of `GET /api/v1/tenders/{id}/opening`. Before the opening begins it is a 404 for everyone.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpeningView {
    /// The tender.
    pub tender_id: TenderId,
    /// Where the tender stands.
    pub phase: TenderPhase,
    /// When the opening began.
    pub began_at: DateTime<Utc>,
    /// End of the release window.
    pub window_until: DateTime<Utc>,
    /// The one extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionView>,
    /// When the record was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concluded_at: Option<DateTime<Utc>>,
    /// Bids that stand, known from the beginning of the opening on.
    pub bids: i64,
    /// Bids whose secret is released.
    pub released: i64,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// A line of the opening record.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordLine {
    /// Order of receipt.
    pub seq: i64,
    /// The bid.
    pub bid_id: BidId,
    /// Its bidder.
    pub bidder_id: OrganisationId,
    /// The bidder's name.
    pub bidder: Say,
    /// The bidder's credit code.
    pub uscc: String,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// When its secret was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_at: Option<DateTime<Utc>>,
    /// What became of it.
    pub outcome: Outcome,
    /// The price it states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// Why it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Answer of `GET /api/v1/tenders/{id}/opening/record` 开标记录.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpeningRecord {
    /// The tender.
    pub tender_id: TenderId,
    /// When the opening began.
    pub began_at: DateTime<Utc>,
    /// End of the release window.
    pub window_until: DateTime<Utc>,
    /// The one extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionView>,
    /// When the record was made.
    pub concluded_at: DateTime<Utc>,
    /// Bids received and standing at the close.
    pub received: i64,
    /// Bids opened.
    pub opened: i64,
    /// Bids revoked 撤销.
    pub revoked: i64,
    /// Merkle root over the envelopes' hashes, fixed at the close.
    pub bid_root: String,
    /// What was drawn for the benchmark, where the document leaves it to chance; anyone can draw it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmark_draw: Option<BenchmarkDraw>,
    /// Every bid in the order of receipt.
    pub bids: Vec<RecordLine>,
}
