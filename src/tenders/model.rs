//! A tender as it is drafted, kept and answered.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    holders::{Light, model::PolicyLine},
    identity::Phase,
    kernel::{
        AllowedAction, Category, Say,
        codes::{DealCode, DocumentCode, SectionCode, TenderCode},
        id::{BookingId, ProjectId, TenderId},
        time,
    },
    law::{Event, Milestone},
    tenders::{document::TenderDocument, lifecycle::TenderPhase},
};

/// Body of `POST /api/v1/tenders`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTender {
    /// The project.
    pub project_id: ProjectId,
    /// The lot; absent means lot 1.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 999)]
    pub lot_no: Option<i32>,
    /// 2 to 200 characters.
    #[schema(min_length = 2, max_length = 200)]
    pub title: String,
    /// Procedure, such as `engineering-open`.
    #[schema(example = "engineering-open")]
    pub procedure_id: String,
    /// The document.
    pub document: TenderDocument,
    /// End of the period in which the document is offered.
    #[serde(deserialize_with = "time::read")]
    pub offered_until: DateTime<Utc>,
    /// Deadline of bids and start of the opening (招标投标法 art 34).
    #[serde(deserialize_with = "time::read")]
    pub deadline: DateTime<Utc>,
}

/// Body of `PATCH /api/v1/tenders/{id}`: what is given replaces what stands, while it is a draft.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenderChange {
    /// New title.
    #[serde(default)]
    pub title: Option<String>,
    /// New document; an approval of the old one no longer counts.
    #[serde(default)]
    pub document: Option<TenderDocument>,
    /// New end of the offer.
    #[serde(default, deserialize_with = "time::read_some")]
    pub offered_until: Option<DateTime<Utc>>,
    /// New deadline.
    #[serde(default, deserialize_with = "time::read_some")]
    pub deadline: Option<DateTime<Utc>>,
}

/// Body of `POST /api/v1/tenders/{id}/approve`: the purchaser approves this hash and no other.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approve {
    /// `documentHash` of the tender as the purchaser read it, 64 hexadecimal digits.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub document_hash: String,
}

/// Body of `POST /api/v1/tenders/{id}/clarifications`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewClarification {
    /// 1 to 20000 characters.
    #[schema(min_length = 1, max_length = 20000)]
    pub text: String,
    /// Whether it may affect how bids are prepared; then the law's distance to the deadline is kept.
    pub affects_bids: bool,
}

/// Body of `POST /api/v1/tenders/{id}/seal-policies`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSealPolicy {
    /// Why, 1 to 1000 characters; published.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A deadline to be moved later, whose rooms have moved already.
#[derive(Debug, Clone)]
pub struct Postpone {
    /// The new, later deadline; an opening room must be confirmed for it.
    pub deadline: DateTime<Utc>,
    /// Why, 1 to 1000 characters.
    pub reason: String,
}

/// Body of `POST /api/v1/tenders/{id}/terminate`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Terminate {
    /// Why, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A tender as the hall keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tender {
    /// Opaque id; the name of the tender inside envelopes and receipts.
    pub id: TenderId,
    /// 招标项目编号
    pub code: TenderCode,
    /// The project.
    pub project: ProjectId,
    /// The lot.
    pub lot_no: i32,
    /// 招标次数
    pub round: i32,
    /// Centre where it is opened.
    pub centre_code: String,
    /// 文件编号, given when the document is frozen by its publication.
    pub document_code: Option<DocumentCode>,
    /// 统一交易标识码, given when the transaction begins with its notice.
    pub deal_code: Option<DealCode>,
    /// Title.
    pub title: String,
    /// Procedure.
    pub procedure_id: String,
    /// Document.
    pub document: TenderDocument,
    /// Its hash.
    pub document_hash: [u8; 32],
    /// Hash the purchaser approved, by whom and when.
    pub approval: Option<DocumentApproval>,
    /// End of the offer of documents.
    pub offered_until: DateTime<Utc>,
    /// Deadline of bids and start of the opening.
    pub deadline: DateTime<Utc>,
    /// Where it stands.
    pub phase: TenderPhase,
    /// Whether its award is decided and the notice of the result is not out yet.
    pub untold: bool,
    /// When the notice came out.
    pub published_at: Option<DateTime<Utc>>,
    /// Day whose law judges it.
    pub law_on: Option<NaiveDate>,
    /// Result of the close.
    pub close: Option<Close>,
    /// When the opening began: from then on who bid may be known.
    pub opening_began_at: Option<DateTime<Utc>>,
    /// When the opening record was made.
    pub opened_at: Option<DateTime<Utc>>,
    /// Reason and time of a failure or termination.
    pub ended: Option<(String, DateTime<Utc>)>,
    /// When it was drafted.
    pub created_at: DateTime<Utc>,
    /// Account that drafted it.
    pub created_by: Uuid,
    /// Version, counted up by every change (never by a bid).
    pub version: i64,
}

impl Tender {
    /// 标段(包)编号: that of the tender and of its lot.
    pub fn section_code(&self) -> Option<SectionCode> {
        self.code.section(self.lot_no).ok()
    }

    /// The phase as `authorize` knows it: whoever stands outside learns of an award by the notice of its result.
    pub fn authority(&self) -> Phase {
        if self.untold { Phase::Decided } else { self.phase.authority() }
    }
}

/// The purchaser's approval of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentApproval {
    /// The approved hash.
    pub hash: [u8; 32],
    /// The account.
    pub by: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// What the close found; told to nobody before the opening begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// When the lot was closed.
    pub at: DateTime<Utc>,
    /// Bids that stand: bidders of whom every part is in.
    pub bid_count: i32,
    /// Merkle root over the hashes of every envelope that stood, those of incomplete bids among them.
    pub bid_root: [u8; 32],
}

/// A room that a confirmed booking fixes as the place of the opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The booking.
    pub booking: BookingId,
    /// The room's code within the centre.
    pub room_code: String,
    /// The room's name.
    pub room_name: Say,
    /// Start of the slot; must be the deadline (RM-2).
    pub opens_at: DateTime<Utc>,
}

/// The place of the opening as answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaceView {
    /// The room's code.
    pub room_code: String,
    /// The room's name.
    pub room_name: Say,
    /// Start of the slot.
    pub opens_at: DateTime<Utc>,
}

/// A clarification as answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Clarification {
    /// 1 for the first.
    pub no: i32,
    /// The text.
    pub text: String,
    /// Whether it may affect how bids are prepared.
    pub affects_bids: bool,
    /// When it came out.
    pub published_at: DateTime<Utc>,
}

/// Answer of every tender call. It does not change when a bid comes in.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenderView {
    /// Opaque id.
    pub id: TenderId,
    /// 招标项目编号
    pub code: TenderCode,
    /// 标段(包)编号
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_code: Option<SectionCode>,
    /// 文件编号; from the publication on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_code: Option<DocumentCode>,
    /// 统一交易标识码; from the publication on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal_code: Option<DealCode>,
    /// The project.
    pub project_id: ProjectId,
    /// The lot.
    pub lot_no: i32,
    /// 招标次数
    pub round: i32,
    /// Centre.
    pub centre_code: String,
    /// Class.
    pub category: Category,
    /// Title.
    pub title: String,
    /// Procedure.
    pub procedure_id: String,
    /// Document.
    pub document: TenderDocument,
    /// Its hash in hexadecimal.
    pub document_hash: String,
    /// Whether the purchaser approved this very hash.
    pub approved: bool,
    /// When it was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<DateTime<Utc>>,
    /// End of the offer of documents.
    pub offered_until: DateTime<Utc>,
    /// Deadline of bids and start of the opening.
    pub deadline: DateTime<Utc>,
    /// Where it stands.
    pub phase: TenderPhase,
    /// When the notice came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<DateTime<Utc>>,
    /// Day whose law judges it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub law_on: Option<NaiveDate>,
    /// 开标等待: the deadline has passed, and close and opening wait for the supervision office's decision over the hall's
    /// clock. Absent when nothing waits.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub opening_waits: bool,
    /// Confirmed place of the opening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceView>,
    /// Clarifications in order.
    pub clarifications: Vec<Clarification>,
    /// Every period of the procedure with the days it leaves.
    pub timeline: Vec<Milestone>,
    /// Whether the officers who hold shares of its bids can read; for those who hold, run or oversee the opening, and
    /// only where bids are shared out. Red from 24 hours before the deadline on while somebody has not proved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal_light: Option<Light>,
    /// The seal policy that bids are sealed for and what it is still worth, where bids are shared out; from the publication
    /// on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal_policy: Option<PolicyLine>,
    /// Reason of a failure or termination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_reason: Option<String>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// Something that happened to a tender, as the law's periods are counted from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Happened {
    /// What happened.
    pub event: Event,
    /// When, or until when it is planned.
    pub at: DateTime<Utc>,
    /// Rule of a duty that was fulfilled too late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_rule: Option<String>,
}

/// A line of the list of tenders.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenderLine {
    /// Opaque id.
    pub id: TenderId,
    /// 招标项目编号
    pub code: TenderCode,
    /// The project.
    pub project_id: ProjectId,
    /// Title.
    pub title: String,
    /// Centre.
    pub centre_code: String,
    /// Where it stands.
    pub phase: TenderPhase,
    /// Deadline.
    pub deadline: DateTime<Utc>,
    /// When it was drafted.
    pub created_at: DateTime<Utc>,
}
