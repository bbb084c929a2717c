//! A bid as it is handed in, kept and answered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::{
        AllowedAction,
        id::{AccountId, BidId, OrganisationId, TenderId, UploadId},
    },
    seal::{Digest, Envelope, Last, TaggedDigest},
    tenders::Part,
};

/// What became of an envelope.
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
    strum::EnumIter,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum BidState {
    /// 已受理: it stands.
    Accepted,
    /// A later revision took its place.
    Superseded,
    /// 撤回, before the deadline.
    Withdrawn,
    /// 视为撤回: at the deadline another part of its bidder's bid was missing (电子招标投标办法 art 27).
    Incomplete,
    /// 撤销, after the deadline.
    Revoked,
}

/// Body of `POST /api/v1/tenders/{id}/bids`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBid {
    /// The signed envelope, in the member names of its own format.
    pub envelope: Envelope,
    /// The age file in standard base64 with padding; at most 1 MiB before encoding. A larger one is uploaded.
    #[serde(default)]
    pub ciphertext: Option<String>,
    /// In place of `ciphertext`: the caller's own upload, whole.
    #[serde(default)]
    pub upload: Option<UploadId>,
}

/// Where a bid's ciphertext lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ciphertext {
    /// Here: it came with the submission.
    Inline(Vec<u8>),
    /// In the chunks of an upload.
    Uploaded(UploadId),
}

impl Ciphertext {
    /// The bytes that came with the submission.
    pub fn inline(&self) -> Option<&[u8]> {
        match self {
            Self::Inline(bytes) => Some(bytes),
            Self::Uploaded(_) => None,
        }
    }

    /// The upload.
    pub fn upload(&self) -> Option<UploadId> {
        match self {
            Self::Inline(_) => None,
            Self::Uploaded(upload) => Some(*upload),
        }
    }
}

/// Answer of a submission.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BidAccepted {
    /// The bid's id; withdrawals and released shares name it.
    pub bid_id: BidId,
    /// Revision taken in.
    pub revision: u32,
    /// Hall time of acceptance.
    pub accepted_at: DateTime<Utc>,
    /// The signed receipt 回执, a C2SP note.
    pub receipt: String,
    /// What the bidder may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// Answer of a withdrawal.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BidWithdrawn {
    /// The bid.
    pub bid_id: BidId,
    /// Always `withdrawn`.
    pub state: BidState,
    /// Hall time of the withdrawal.
    pub withdrawn_at: DateTime<Utc>,
    /// The signed receipt 回执.
    pub receipt: String,
    /// What the bidder may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// A bid as its bidder reads it. The order number is told after the close only, elsewhere.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BidView {
    /// Opaque id.
    pub id: BidId,
    /// The tender.
    pub tender_id: TenderId,
    /// Lot.
    pub lot: String,
    /// Part.
    pub part: String,
    /// Revision.
    pub revision: u32,
    /// What became of it.
    pub state: BidState,
    /// Hall time of acceptance.
    pub accepted_at: DateTime<Utc>,
    /// When a later revision took its place, or it was withdrawn, found incomplete or revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Parts of the bid that are not in yet; without all of them there is no bid at the deadline.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_parts: Vec<Part>,
    /// Digest of the envelope: `prev` of the next revision.
    pub envelope_digest: TaggedDigest,
    /// The envelope as it was taken in.
    pub envelope: Envelope,
    /// What the bidder may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// A line of a bidder's own list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BidLine {
    /// Opaque id.
    pub id: BidId,
    /// The tender.
    pub tender_id: TenderId,
    /// Part.
    pub part: String,
    /// Revision.
    pub revision: u32,
    /// What became of it.
    pub state: BidState,
    /// Hall time of acceptance.
    pub accepted_at: DateTime<Utc>,
    /// Parts of the bid that are not in yet; without all of them there is no bid at the deadline.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_parts: Vec<Part>,
}

/// A bid as the hall keeps it; of a divided bid each part is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Bid {
    /// Opaque id.
    pub id: BidId,
    /// The tender.
    pub tender: TenderId,
    /// The bidder.
    pub bidder: OrganisationId,
    /// Its part.
    pub part: Part,
    /// The envelope; lot, part, revision, key and payload's hash stand in it.
    pub envelope: Envelope,
    /// Its digest.
    pub digest: Digest,
    /// Order of acceptance within the tender.
    pub seq: i64,
    /// What became of it.
    pub state: BidState,
    /// Hall time of acceptance.
    pub accepted_at: DateTime<Utc>,
    /// Account that handed it in.
    pub submitted_by: AccountId,
    /// When a later revision took its place, or it was withdrawn, found incomplete or revoked.
    pub ended_at: Option<DateTime<Utc>>,
    /// Reason of a revocation.
    pub revoked_reason: Option<String>,
}

/// A bid that stood when the lot was closed, for the opening.
///
/// `state` is `accepted`, `revoked` for one that was revoked (撤销) since, or `incomplete` where another part was missing.
pub type StandingBid = Bid;

/// The outside of a part that stood when the lot was closed: all that is told of it without its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// The bid.
    pub id: BidId,
    /// The bidder.
    pub bidder: OrganisationId,
    /// Its part.
    pub part: Part,
    /// Order of acceptance within the tender.
    pub seq: i64,
    /// `accepted`, or `revoked` for one that was revoked (撤销) since.
    pub state: BidState,
    /// Hall time of acceptance.
    pub accepted_at: DateTime<Utc>,
}

/// What stands at the close, as it is sorted out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtClose {
    /// Its id.
    pub id: BidId,
    /// The bidder.
    pub bidder: OrganisationId,
    /// Its part.
    pub part: Part,
    /// Digest of its envelope.
    pub digest: [u8; 32],
}

/// The last bid of one bidder in a tender and part, as the next revision must follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastBid {
    /// Its id.
    pub id: BidId,
    /// The bidder.
    pub bidder: OrganisationId,
    /// What became of it.
    pub state: BidState,
    /// Revision, digest, key and nonce.
    pub last: Last,
}
