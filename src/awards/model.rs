//! Candidates, awards, contracts, reports and deposits as they are kept and answered.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    kernel::{
        AllowedAction, Category, Money, Say,
        id::{AwardId, BidId, NoticeId, OrganisationId, ProjectId, TenderId},
        time,
    },
    law::Milestone,
    tenders::TenderPhase,
};

/// A candidate 中标候选人 as published (ENG-26).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// 1 for the first.
    pub rank: u32,
    /// The bid.
    pub bid_id: BidId,
    /// Its bidder.
    pub bidder_id: OrganisationId,
    /// The bidder's name.
    pub name: Say,
    /// 投标报价
    pub price: Money,
    /// Total of its scores; absent where the price alone decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Decimal>,
    /// 工期 / 交货期 in calendar days, as the bid offers it.
    pub term_days: i32,
    /// What else the bid's form states and the law wants published, such as the project leader.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Stated>,
}

/// One further statement of a bid's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stated {
    /// What it is.
    pub label: Say,
    /// As the bidder wrote it.
    pub value: String,
}

/// The published list of candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateList {
    /// Row id.
    pub id: Uuid,
    /// The tender.
    pub tender: TenderId,
    /// The publication.
    pub notice: NoticeId,
    /// Hash of the report it is made from.
    pub report_hash: [u8; 32],
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// Account that published it.
    pub published_by: Uuid,
    /// When it came out.
    pub published_at: DateTime<Utc>,
    /// End of the publicity: 24:00 of its last day.
    pub ends_at: DateTime<Utc>,
}

/// Answer of `GET /api/v1/tenders/{id}/candidates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CandidatesView {
    /// The tender.
    pub tender_id: TenderId,
    /// The publication.
    pub notice_id: NoticeId,
    /// SHA-256 of the evaluation report in hexadecimal.
    pub report_hash: String,
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// When it came out.
    pub published_at: DateTime<Utc>,
    /// End of the publicity; from then on the award may be decided.
    pub ends_at: DateTime<Utc>,
}

impl From<CandidateList> for CandidatesView {
    fn from(list: CandidateList) -> Self {
        Self {
            tender_id: list.tender,
            notice_id: list.notice,
            report_hash: hex::encode(list.report_hash),
            candidates: list.candidates,
            published_at: list.published_at,
            ends_at: list.ends_at,
        }
    }
}

/// Body of `POST /api/v1/tenders/{id}/award`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecideAward {
    /// The bid of rank 1.
    pub bid_id: BidId,
    /// Words of the purchaser, up to 1000 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
}

/// An award as the hall keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Award {
    /// Opaque id, as supervisors name it.
    pub id: AwardId,
    /// The tender.
    pub tender: TenderId,
    /// Its project.
    pub project: ProjectId,
    /// Centre of the tender.
    pub centre_code: String,
    /// Region of the project.
    pub region_code: String,
    /// Class of trade.
    pub category: Category,
    /// The winning bid.
    pub bid: BidId,
    /// The winner.
    pub winner: OrganisationId,
    /// The winning price 中标价: the bid's own quote.
    pub price: Money,
    /// Term in calendar days, as the bid offers it.
    pub term_days: i32,
    /// Words of the purchaser.
    pub reason: Option<String>,
    /// Account that decided.
    pub decided_by: Uuid,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// When winner and losers were told.
    pub told: Option<Told>,
    /// Version.
    pub version: i64,
}

/// The one act that tells winner and losers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The result notice.
    pub notice: NoticeId,
    /// Account that told them.
    pub by: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Letters to bidders that did not win.
    pub loser_letters: i32,
}

/// The award as answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwardView {
    /// Opaque id.
    pub id: AwardId,
    /// The winning bid.
    pub bid_id: BidId,
    /// The winner.
    pub winner_id: OrganisationId,
    /// The winner's name.
    pub winner: Say,
    /// The winner's credit code.
    pub uscc: String,
    /// The winning price 中标价.
    pub price: Money,
    /// Term in calendar days.
    pub term_days: i32,
    /// Words of the purchaser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// When winner and losers were told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notified_at: Option<DateTime<Utc>>,
    /// The result notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_notice_id: Option<NoticeId>,
    /// Letters to bidders that did not win.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loser_letters: Option<i32>,
}

/// Answer of `GET /api/v1/tenders/{id}/award` and of every act on it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwardDocument {
    /// The tender.
    pub tender_id: TenderId,
    /// Where it stands.
    pub phase: TenderPhase,
    /// The published candidates, where the procedure publishes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<CandidatesView>,
    /// The award, once decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub award: Option<AwardView>,
    /// When the contract was signed by both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_signed_at: Option<DateTime<Utc>>,
    /// When the written report was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_report_at: Option<DateTime<Utc>>,
    /// The periods from the report to the archive with the days they leave.
    pub timeline: Vec<Milestone>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// Body of `POST /api/v1/tenders/{id}/contract`: price, subject and term must be those of bid and document.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewContract {
    /// Contract price; the winning price.
    pub amount: Money,
    /// Term in calendar days; as the bid offers it.
    #[schema(minimum = 1, maximum = 3650)]
    pub term_days: i32,
    /// Subject 标的; absent means the scope of the tender document, word for word.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 20000)]
    pub subject: Option<String>,
    /// The day on which the purchaser signs: not before the award notice, not in the future.
    #[serde(deserialize_with = "time::read")]
    pub signed_on: NaiveDate,
    /// 履约保证金; only where the document asks for it.
    #[serde(default)]
    pub performance_bond: Option<Money>,
}

/// A contract as the hall keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// Row id.
    pub id: Uuid,
    /// The award.
    pub award: AwardId,
    /// The tender.
    pub tender: TenderId,
    /// Subject.
    pub subject: String,
    /// Price.
    pub amount: Money,
    /// Term in calendar days.
    pub term_days: i32,
    /// Performance bond.
    pub performance_bond: Option<Money>,
    /// Day on which the purchaser signed.
    pub signed_on: NaiveDate,
    /// Account of the purchaser.
    pub drawn_by: Uuid,
    /// When it was drawn up.
    pub drawn_at: DateTime<Utc>,
    /// Account of the winner and when it signed.
    pub signature: Option<(Uuid, DateTime<Utc>)>,
    /// Its publication.
    pub publication: Option<(NoticeId, DateTime<Utc>)>,
    /// Account that filed it with finance and when.
    pub filing: Option<(Uuid, DateTime<Utc>)>,
    /// Version.
    pub version: i64,
}

/// Answer of every contract call.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContractView {
    /// The tender.
    pub tender_id: TenderId,
    /// Where the tender stands.
    pub phase: TenderPhase,
    /// The award.
    pub award_id: AwardId,
    /// The purchaser.
    pub purchaser_id: OrganisationId,
    /// The winner.
    pub supplier_id: OrganisationId,
    /// Subject.
    pub subject: String,
    /// Price.
    pub amount: Money,
    /// Term in calendar days.
    pub term_days: i32,
    /// Performance bond.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performance_bond: Option<Money>,
    /// Day on which the purchaser signed.
    pub signed_on: NaiveDate,
    /// When it was drawn up.
    pub drawn_at: DateTime<Utc>,
    /// When both had signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<DateTime<Utc>>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<DateTime<Utc>>,
    /// The publication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice_id: Option<NoticeId>,
    /// When it was filed with finance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filed_at: Option<DateTime<Utc>>,
}

/// Body of `POST /api/v1/tenders/{id}/written-report`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewReport {
    /// 1 to 20000 characters; the record of the procedure itself is attached by the hall.
    #[schema(min_length = 1, max_length = 20000)]
    pub summary: String,
}

/// The written report as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WrittenReport {
    /// What it says.
    pub summary: String,
    /// When it reached the supervising bodies.
    pub made_at: DateTime<Utc>,
}

/// How a deposit is given.
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
pub enum DepositKind {
    /// 保函: letter of guarantee of a bank or insurer.
    Guarantee,
    /// Money from the bidder's basic account.
    Cash,
}

/// Body of `POST /api/v1/tenders/{id}/deposits`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordDeposits {
    /// 1 to 5000 deposits of different bidders.
    #[schema(min_items = 1, max_items = 5000)]
    pub items: Vec<NewDeposit>,
}

/// One deposit to record.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDeposit {
    /// A bidder of the opening record.
    pub bidder_id: OrganisationId,
    /// How it was given.
    pub kind: DepositKind,
    /// Absent means the amount the document asks for.
    #[serde(default)]
    pub amount: Option<Money>,
}

/// A deposit as kept and answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deposit {
    /// Opaque id.
    pub id: Uuid,
    /// The bidder.
    pub bidder_id: OrganisationId,
    /// How it was given.
    pub kind: DepositKind,
    /// How much.
    pub amount: Money,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// When it went back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned_at: Option<DateTime<Utc>>,
}

/// How many deposits of a tender are recorded and returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepositCounts {
    /// Recorded in all.
    pub recorded: i64,
    /// Of these, letters of guarantee.
    pub guarantees: i64,
    /// Gone back.
    pub returned: i64,
}
