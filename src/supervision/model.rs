//! Award records, findings and histories as answered.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    awards::{
        CandidatesView, ContractView, DepositCounts,
        model::{AwardView, WrittenReport},
    },
    evaluation::{
        EvaluationResult,
        model::{
            LowPriceReview, Member, RankedBid, RejectedBid, RepeatedPrices, ReportSignature, SignedSheet,
            TieDraw,
        },
    },
    kernel::{
        AllowedAction, Category, Money, Rejection, Say,
        id::{AwardId, BidId, OrganisationId, ProjectId, TenderId},
        time::{end_of_day, hall_instant, is_writable},
    },
    notices::model::NoticeLine,
    opening::model::OpeningRecord,
    projects::ProjectView,
    tenders::{
        TenderPhase,
        model::{Happened, TenderView},
    },
};

/// Filters of the list of awards.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AwardFilter {
    /// Centre code.
    pub centre: Option<String>,
    /// Decided from this instant or day on.
    #[param(example = "2026-03-01")]
    pub from: Option<String>,
    /// Decided before this instant, or by the end of this day.
    #[param(example = "2026-03-31")]
    pub to: Option<String>,
    /// Whether any supervising body has made a finding.
    pub reviewed: Option<bool>,
    /// Cursor from `next` of the page before.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// From when on and before when; open on either side.
pub type Span = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

impl AwardFilter {
    /// The time from which and the time before which awards are wanted.
    ///
    /// # Errors
    /// 422 for a text that is neither an instant nor a day.
    pub fn period(&self) -> Result<Span, Rejection> {
        let from = |day| hall_instant(day, NaiveTime::MIN);
        Ok((
            self.from.as_deref().map(|text| instant_or_day(text, "?from", from)).transpose()?,
            self.to.as_deref().map(|text| instant_or_day(text, "?to", end_of_day)).transpose()?,
        ))
    }
}

fn instant_or_day(
    text: &str,
    place: &str,
    of_day: impl Fn(NaiveDate) -> DateTime<Utc>,
) -> Result<DateTime<Utc>, Rejection> {
    let day = text.parse::<NaiveDate>().ok().filter(is_writable).map(of_day);
    let instant = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc));
    day.or_else(instant).ok_or_else(|| {
        let detail = Say::new("须为 RFC 3339 时间或日期。", "An RFC 3339 time or a day is needed.");
        Rejection::at(place, "invalid", detail)
    })
}

/// A line of the list of awards.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwardLine {
    /// Opaque id.
    pub id: AwardId,
    /// The tender.
    pub tender_id: TenderId,
    /// 招标项目编号
    pub code: String,
    /// Title of the tender.
    pub title: String,
    /// Where the tender stands.
    pub phase: TenderPhase,
    /// The project.
    pub project_id: ProjectId,
    /// Centre.
    pub centre_code: String,
    /// Region.
    pub region_code: String,
    /// Class.
    pub category: Category,
    /// The winner's name.
    pub winner: Say,
    /// The winning price.
    pub price: Money,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// Duties fulfilled too late so far.
    pub late_duties: i64,
    /// Findings of supervising bodies so far.
    pub reviews: i64,
}

/// The evaluation as the award record shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvaluationPart {
    /// SHA-256 of the report in hexadecimal.
    pub report_hash: String,
    /// When the report was made.
    pub made_at: DateTime<Utc>,
    /// When the last member signed.
    pub signed_at: DateTime<Utc>,
    /// When it was delivered to the purchaser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<DateTime<Utc>>,
    /// Benchmark as printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<String>,
    /// The arithmetic, line by line.
    pub workings: Vec<Say>,
    /// Effective bids, best first.
    pub ranked: Vec<RankedBid>,
    /// Bids that take no part, with their grounds.
    pub rejected: Vec<RejectedBid>,
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
    /// Prices that repeat among the opened bids: a sign, no judgement.
    pub repeated_prices: RepeatedPrices,
}

impl From<EvaluationResult> for EvaluationPart {
    fn from(result: EvaluationResult) -> Self {
        Self {
            report_hash: result.report_hash,
            made_at: result.made_at,
            signed_at: result.signed_at,
            delivered_at: result.delivered_at,
            benchmark: result.benchmark,
            workings: result.workings,
            ranked: result.ranked,
            rejected: result.rejected,
            candidates: result.candidates,
            committee: result.committee,
            sheets: result.sheets,
            signatures: result.signatures,
            low_price: result.low_price,
            tie_draws: result.tie_draws,
            repeated_prices: result.repeated_prices,
        }
    }
}

/// An entry of the record beside an award.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Hall time of the act.
    pub at: DateTime<Utc>,
    /// The act.
    pub act: String,
    /// Leaf hash in hexadecimal.
    pub leaf: String,
}

/// Answer of `GET /api/v1/awards/{id}`: everything that led to an award, in one document.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwardRecord {
    /// Opaque id.
    pub id: AwardId,
    /// The project with its venue decisions.
    pub project: ProjectView,
    /// The tender with its document and the periods of its procedure.
    pub tender: TenderView,
    /// Its publications, newest first.
    pub notices: Vec<NoticeLine>,
    /// The opening record.
    pub opening: OpeningRecord,
    /// The evaluation.
    pub evaluation: EvaluationPart,
    /// The published candidates, where the procedure publishes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<CandidatesView>,
    /// The award with the number of letters.
    pub award: AwardView,
    /// The contract, once drawn up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<ContractView>,
    /// The written report, once made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_report: Option<WrittenReport>,
    /// How many deposits were recorded and returned.
    pub deposits: DepositCounts,
    /// What happened when; a duty fulfilled too late carries its rule.
    pub events: Vec<Happened>,
    /// Entries of the record, in the order of writing.
    pub log: Vec<LogLine>,
    /// Findings so far.
    pub reviews: Vec<ReviewView>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// What a supervising body found.
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
pub enum Finding {
    /// 未发现问题
    InOrder,
    /// 需说明
    Question,
    /// 涉嫌违规
    Irregular,
}

/// Body of `POST /api/v1/awards/{id}/reviews`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewReview {
    /// What was found.
    pub finding: Finding,
    /// Why, 1 to 4000 characters.
    #[schema(min_length = 1, max_length = 4000)]
    pub remark: String,
}

/// A finding as kept and answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewView {
    /// Opaque id.
    pub id: Uuid,
    /// The award.
    pub award_id: AwardId,
    /// The supervising body.
    pub organisation_id: OrganisationId,
    /// Its name.
    pub organisation: Say,
    /// What was found.
    pub finding: Finding,
    /// Why.
    pub remark: String,
    /// When.
    pub made_at: DateTime<Utc>,
}

/// Query of a project's history.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// `next` of the page before.
    #[param(pattern = "^[0-9a-f]{64}$")]
    pub after: Option<String>,
    /// Entries of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// An entry of a project's history.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryLine {
    /// Hall time of the act.
    pub at: DateTime<Utc>,
    /// The act.
    pub act: String,
    /// Who, what, which rows with which content, why, in which request; absent once erased.
    #[schema(value_type = Option<Object>)]
    pub body: Option<Value>,
    /// Leaf hash in hexadecimal.
    pub leaf: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_reaches_to_its_end_and_an_instant_is_itself() {
        let filter = |from: &str, to: &str| AwardFilter {
            from: Some(from.into()),
            to: Some(to.into()),
            ..AwardFilter::default()
        };
        let at = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(
            filter("2026-03-24", "2026-03-24").period().unwrap(),
            (at("2026-03-24T00:00:00+08:00"), at("2026-03-25T00:00:00+08:00"))
        );
        let (from, _) = filter("2026-03-24T09:00:00+08:00", "2026-03-24").period().unwrap();
        assert_eq!(from, at("2026-03-24T01:00:00Z"));
        assert!(filter("24.3.2026", "2026-03-24").period().is_err());
    }
}
