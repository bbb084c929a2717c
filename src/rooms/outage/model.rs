//! Proposals by an outage as kept, asked for and answered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    kernel::{
        AllowedAction,
        id::{AccountId, TenderId},
    },
    rooms::model::NewSlot,
    timekeeping::rules::Outage,
};

/// Where a proposal stands.
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
#[schema(as = OutageProposalState)]
pub enum ProposalState {
    /// 待决定
    Proposed,
    /// 同意: the deadline has moved.
    Confirmed,
    /// 不同意: it stays.
    Refused,
}

/// A proposal as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Row id.
    pub id: Uuid,
    /// The tender.
    pub tender: TenderId,
    /// The deadline to be moved.
    pub from: DateTime<Utc>,
    /// The deadline in its place.
    pub to: DateTime<Utc>,
    /// The operator's reason; the notice prints it.
    pub reason: String,
    /// Outages as they were found.
    pub evidence: Vec<Outage>,
    /// Slots in the place of the booked ones.
    pub slots: Option<Vec<NewSlot>>,
    /// Where it stands.
    pub state: ProposalState,
    /// The operator.
    pub proposed_by: AccountId,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// The supervision office's decision.
    pub decision: Option<Decision>,
}

/// A decision over a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Account of the supervision office.
    pub by: AccountId,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// Body of the decision over a proposal.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutageDecision {
    /// Why, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A proposal as answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutagePostponement {
    /// Opaque id.
    pub id: Uuid,
    /// The tender.
    pub tender_id: TenderId,
    /// Where it stands.
    pub state: ProposalState,
    /// The deadline to be moved.
    pub from: DateTime<Utc>,
    /// The deadline in its place.
    pub to: DateTime<Utc>,
    /// Why the operator proposes it.
    pub reason: String,
    /// Outages before the deadline, as they were found then.
    pub outages: Vec<Outage>,
    /// When it was proposed.
    pub proposed_at: DateTime<Utc>,
    /// When the supervision office decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<DateTime<Utc>>,
    /// Its reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
}

impl From<Proposal> for OutagePostponement {
    fn from(proposal: Proposal) -> Self {
        let (decided_at, decision) = proposal.decision.map(|decision| (decision.at, decision.reason)).unzip();
        Self {
            id: proposal.id,
            tender_id: proposal.tender,
            state: proposal.state,
            from: proposal.from,
            to: proposal.to,
            reason: proposal.reason,
            outages: proposal.evidence,
            proposed_at: proposal.proposed_at,
            decided_at,
            decision,
        }
    }
}

/// Answer of `GET /api/v1/tenders/{id}/outages`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outages {
    /// The tender.
    pub tender_id: TenderId,
    /// Begin of the span in which outages count (a setting).
    pub from: DateTime<Utc>,
    /// Its end, the deadline.
    pub until: DateTime<Utc>,
    /// Times longer than the level (a setting) in which service or database were away.
    pub outages: Vec<Outage>,
    /// What was proposed by them, first to last.
    pub proposals: Vec<OutagePostponement>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}
