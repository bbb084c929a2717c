//! The opening as it is kept and answered.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    bids::rules::merkle_root,
    kernel::{
        AllowedAction, Money, Say,
        id::{BidId, OrganisationId, TenderId},
        time,
    },
    ledger::evidence::Evidence,
    scoring::method::BenchmarkDraw,
    seal::{Digest, Envelope, TaggedDigest},
    tenders::{Part, TenderPhase},
};

/// An opening in progress or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Row id.
    pub id: Uuid,
    /// The tender.
    pub tender: TenderId,
    /// Which of the document's stages, 1 for the first.
    pub stage: u32,
    /// Of the first stage the deadline's own instant (招标投标法 art 34).
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

/// What became of a bid at the opening, from the lightest to the gravest: of a divided bid the gravest of its parts counts.
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
#[schema(as = OpeningOutcome)]
pub enum Outcome {
    /// Decrypted and read out.
    Opened,
    /// 不予开启: a part that stays sealed for ever, since an earlier stage ended its bid.
    Sealed,
    /// 视为撤回: not decrypted by the fault of others (电子招标投标办法 art 31).
    Withdrawn,
    /// 撤销: not decrypted by the bidder's own fault.
    Revoked,
}

/// One part of a bid in the opening record, or what all parts of a bid say together.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenedBid {
    /// The bid; a divided bid goes by the id of its first part.
    pub bid: BidId,
    /// Its bidder.
    pub bidder: OrganisationId,
    /// Its part, or the first of its parts.
    pub part: Part,
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
    /// Clause of the policy that opened it.
    pub clause: Option<i32>,
    /// Why it was opened without its bidder.
    pub recovery: Option<String>,
    /// Why it is not opened.
    pub failure: Option<String>,
}

impl OpenedBid {
    /// Adds what a later part says. Where both state the same, the earlier part stands: it is what was judged.
    pub(super) fn join(&mut self, later: Self) {
        if later.outcome == Outcome::Sealed {
            return;
        }
        self.outcome = self.outcome.max(later.outcome);
        self.released_at = self.released_at.max(later.released_at);
        self.price = self.price.or(later.price);
        self.form = match (self.form.take(), later.form) {
            (Some(Value::Object(mut form)), Some(Value::Object(more))) => {
                for (name, value) in more {
                    form.entry(name).or_insert(value);
                }
                Some(Value::Object(form))
            }
            (form, more) => form.or(more),
        };
        self.files = match (self.files.take(), later.files) {
            (Some(Value::Array(mut files)), Some(Value::Array(more))) => {
                files.extend(more);
                Some(Value::Array(files))
            }
            (files, more) => files.or(more),
        };
        self.recovery = self.recovery.take().or(later.recovery);
        self.failure = self.failure.take().or(later.failure);
    }
}

/// Body of `POST /api/v1/tenders/{id}/opening/shares`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseShare {
    /// The bid.
    pub bid_id: BidId,
    /// Clause of the policy, 0 for the first.
    #[schema(minimum = 0)]
    pub clause: u32,
    /// Holder of the share.
    #[schema(example = "bidder")]
    pub member: String,
    /// The decrypted share: of one of several members the base64 of its 74 bytes, of a sole member the secret itself,
    /// `AGE-SECRET-KEY-1…`.
    #[schema(min_length = 1, max_length = 4096)]
    pub share: String,
}

/// Body of `POST /api/v1/tenders/{id}/opening/shares/batch`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseShares {
    /// 1 to 200 shares.
    #[schema(min_items = 1, max_items = 200)]
    pub items: Vec<ReleaseShare>,
}

/// A share that the caller may decrypt and release.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldShare {
    /// The bid.
    pub bid_id: BidId,
    /// Clause of the policy.
    pub clause: u32,
    /// Holder of the share.
    pub member: String,
    /// Digest of the policy that the bid was sealed for.
    pub policy_digest: Digest,
    /// The share as an age file in base64, to the holder's recipients.
    pub age: String,
    /// Whether it opens a clause without the bidder.
    pub recovery: bool,
    /// Whether it may be released now; a recovery has to be provided for.
    pub wanted: bool,
    /// Whether the holder has released it.
    pub released: bool,
}

/// Body of `POST /api/v1/tenders/{id}/opening/recovery`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderRecovery {
    /// The bids that the three bodies are to open without their bidders, 1 to 200.
    #[schema(min_items = 1, max_items = 200)]
    pub bid_ids: Vec<BidId>,
    /// Why the bidders' absence is not their fault, 1 to 1000 characters; published with the record.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
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
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleasedShare {
    /// The bid.
    pub bid_id: BidId,
    /// When it was released.
    pub released_at: DateTime<Utc>,
    /// Until when others may release.
    pub window_until: DateTime<Utc>,
    /// Whether the clause opens the bid now; absent while others of it have not released. `false`: together these
    /// shares are not the bid's key, and whoever has released a wrong one may release again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<bool>,
}

/// Answer to released shares.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleasedShares {
    /// In the order of the request.
    pub items: Vec<ReleasedShare>,
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
    /// The stage that goes on or was last, 1 for the first; what follows tells of it.
    pub stage: u32,
    /// Parts that open in it.
    pub parts: Vec<Part>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// End of the release window.
    pub window_until: DateTime<Utc>,
    /// The one extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionView>,
    /// 开标等待: the window is over, and the record waits for the supervision office's decision over the hall's clock.
    /// Absent when nothing waits.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub waits: bool,
    /// When the record was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concluded_at: Option<DateTime<Utc>>,
    /// Envelopes to open in this stage, of a bid that is not divided one each; known from its beginning on.
    pub bids: i64,
    /// Envelopes of it that can be opened by what is released.
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
    /// Its part.
    pub part: Part,
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
    /// Who opened it: the members of the clause.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opened_by: Vec<String>,
    /// Why it was opened without its bidder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<String>,
    /// Why it is not opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// A stage of an opening after the first, whose record is made.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LaterStage {
    /// 2 for the second.
    pub stage: u32,
    /// Parts that opened in it.
    pub parts: Vec<Part>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// End of its release window.
    pub window_until: DateTime<Utc>,
    /// Its one extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<ExtensionView>,
    /// When its part of the record was made.
    pub concluded_at: DateTime<Utc>,
}

/// Whoever had not all parts of its bid in at the deadline: none of them is opened.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncompleteBid {
    /// The bidder.
    pub bidder_id: OrganisationId,
    /// The bidder's name.
    pub bidder: Say,
    /// Parts that were in.
    pub parts: Vec<Part>,
    /// Parts that were not.
    pub missing: Vec<Part>,
    /// What became of it by law.
    pub reason: String,
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
    /// The stages after the first, where bids are divided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub later_stages: Vec<LaterStage>,
    /// Parts of which nothing is told yet: their stage has no record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sealed_parts: Vec<Part>,
    /// Bids received and standing at the close: bidders of whom every part was in.
    pub received: i64,
    /// Bids opened, of divided ones all that was due so far.
    pub opened: i64,
    /// Bids revoked 撤销.
    pub revoked: i64,
    /// Bids taken as withdrawn 视为撤回.
    pub withdrawn: i64,
    /// Bidders whose bids were not complete, taken as withdrawn 视为撤回; not among the received.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<IncompleteBid>,
    /// Merkle root over the hashes of every envelope that stood at the close, incomplete bids' among them.
    pub bid_root: String,
    /// What was drawn for the benchmark, where the document leaves it to chance; anyone can draw it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmark_draw: Option<BenchmarkDraw>,
    /// Every bid in the order of receipt; of a divided one each part whose stage has its record.
    pub bids: Vec<RecordLine>,
}

/// The hash of one bid's envelope.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BidHash {
    /// Order of receipt.
    pub seq: i64,
    /// Digest of the envelope, as on its receipt.
    pub envelope: TaggedDigest,
    /// Its part.
    #[serde(default)]
    pub part: Part,
    /// Whether another part of the same bid was missing: it counts for no bid and is never opened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// Answer of `GET /api/v1/tenders/{id}/opening/hashes`: what stood at the close, so that anyone can count and every
/// bidder can find its own.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BidHashes {
    /// The tender.
    pub tender_id: TenderId,
    /// When the lot was closed.
    pub closed_at: DateTime<Utc>,
    /// How many bids stood: of each part so many envelopes are in the list that are not `incomplete`.
    pub count: i32,
    /// Merkle root (RFC 6962) over the envelopes' digests in this order.
    pub bid_root: String,
    /// Every envelope that stood, in the order of receipt.
    pub items: Vec<BidHash>,
    /// The close as the log has it, with all that its leaf commits to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Evidence>,
}

impl BidHashes {
    /// The envelopes of complete bids of one part, by their order of receipt.
    pub fn complete(&self, part: Part) -> Vec<i64> {
        let items = self.items.iter().filter(|item| item.part == part && !item.incomplete);
        items.map(|item| item.seq).collect()
    }

    /// Whether root and count are those of the list.
    pub fn agree(&self) -> bool {
        let digests: Vec<[u8; 32]> = self.items.iter().map(|item| item.envelope.0).collect();
        let whole = self.items.iter().filter(|item| !item.incomplete);
        let parts: BTreeSet<Part> = whole.map(|item| item.part).collect();
        let counted = |part: &Part| usize::try_from(self.count) == Ok(self.complete(*part).len());
        hex::encode(merkle_root(&digests)) == self.bid_root
            && parts.iter().all(counted)
            && parts.is_empty() == (self.count == 0)
    }
}

/// Query of the archive of an opening.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveQuery {
    /// Only bids after this order of receipt: `next` of the page before.
    #[param(minimum = 0)]
    pub after: Option<i64>,
    /// Bids of a page, 1 to 20.
    #[param(minimum = 1, maximum = 20)]
    pub limit: Option<usize>,
}

/// Everything needed to open one bid again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArchivedBid {
    /// Order of receipt.
    pub seq: i64,
    /// The bid.
    pub bid_id: BidId,
    /// Its envelope.
    pub envelope: Envelope,
    /// Its ciphertext in base64. Absent where it was uploaded: fetch it from
    /// `/api/v1/tenders/{id}/opening/ciphertexts/{bid}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ciphertext: Option<String>,
    /// Its secret, where a clause gave it: the proof that it was opened rightly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// One page of the archive of an opening.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpeningArchive {
    /// Bids in the order of receipt.
    pub items: Vec<ArchivedBid>,
    /// `after` of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}
