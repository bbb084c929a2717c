//! An upload as it is begun, kept and shown.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::id::{BidId, OrganisationId, TenderId, UploadId},
    seal::{Digest, Payload, Word},
};

/// Body of `POST /api/v1/tenders/{id}/uploads`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUpload {
    /// Bytes of the ciphertext; at most `max_part_bytes` of the seal policy.
    #[schema(minimum = 1)]
    pub size: u64,
    /// Part of the bid; may be left out where the policy has one.
    #[serde(default)]
    pub part: Option<Word>,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Chunks are missing.
    Receiving,
    /// Every chunk is there and hashed.
    Whole {
        /// SHA-256 of all chunks in order.
        sha256: Digest,
        /// Hall time of the last chunk.
        at: DateTime<Utc>,
    },
    /// A bid has taken it over.
    Submitted {
        /// SHA-256 of all chunks in order.
        sha256: Digest,
        /// Hall time of the last chunk.
        at: DateTime<Utc>,
        /// The bid.
        bid: BidId,
    },
}

/// An upload as the hall keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Opaque id.
    pub id: UploadId,
    /// The tender.
    pub tender: TenderId,
    /// The bidder.
    pub bidder: OrganisationId,
    /// Part of the bid.
    pub part: String,
    /// Bytes.
    pub size: u64,
    /// Hall time at which it was begun.
    pub begun_at: DateTime<Utc>,
    /// How far it is.
    pub progress: Progress,
}

impl Upload {
    /// What an envelope must say of it, once it is whole.
    pub fn payload(&self) -> Option<Payload> {
        match self.progress {
            Progress::Receiving => None,
            Progress::Whole { sha256, .. } | Progress::Submitted { sha256, .. } => {
                Some(Payload { sha256, size: self.size })
            }
        }
    }
}

/// The word for [`Progress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum UploadState {
    /// Chunks are missing.
    Receiving,
    /// Every chunk is there; it is not submitted yet.
    Whole,
    /// A bid has taken it over.
    Submitted,
}

/// An upload as its bidder reads it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadView {
    /// Opaque id.
    pub id: UploadId,
    /// The tender.
    pub tender_id: TenderId,
    /// Part of the bid.
    pub part: String,
    /// Bytes of the ciphertext.
    pub size: u64,
    /// Bytes of every chunk but the last.
    pub chunk_size: u64,
    /// Number of chunks, which are numbered from 0.
    pub chunks: u32,
    /// How far it is. 已上传 is not 已递交: only a submission makes it a bid.
    pub state: UploadState,
    /// Numbers of the chunks that are still to come.
    pub missing: Vec<u32>,
    /// SHA-256 of the ciphertext, once it is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// Hall time at which it was begun.
    pub begun_at: DateTime<Utc>,
    /// Hall time of the last chunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_at: Option<DateTime<Utc>>,
    /// The bid that has taken it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid_id: Option<BidId>,
}
