//! The state of the clock as kept and answered.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rules::Evidence;
use crate::kernel::{
    AllowedAction,
    id::{AccountId, TenderId},
};

/// A suspicion as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// Row id.
    pub id: Uuid,
    /// Hall time at which it was raised.
    pub raised_at: DateTime<Utc>,
    /// What was seen.
    pub evidence: Vec<Evidence>,
    /// The supervision office's decision.
    pub decision: Option<Decided>,
}

/// The decision over a suspicion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Hall time.
    pub at: DateTime<Utc>,
    /// Account of the supervision office.
    pub by: AccountId,
    /// Why.
    pub reason: String,
    /// Tenders whose deadlines it moved.
    pub moved: Vec<TenderId>,
}

/// Whether the clock is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClockStanding {
    /// 可信: nothing waits for it.
    Sound,
    /// 存疑: nothing closes or opens by itself until the supervision office has decided.
    Suspect,
}

/// The last tick of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceTick {
    /// The running instance.
    pub instance: Uuid,
    /// The start of its machine.
    pub boot: Uuid,
    /// The database's wall clock then.
    pub database_at: DateTime<Utc>,
    /// The instance's wall clock then.
    pub instance_at: DateTime<Utc>,
    /// Milliseconds by which the database was ahead of it.
    pub ahead_ms: i64,
    /// Milliseconds the reading took: it is no surer than that.
    pub round_trip_ms: i64,
    /// Most by which its machine's clock was off by chrony's account, in milliseconds; absent where the machine does not
    /// tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_ms: Option<i64>,
    /// Whether it stopped then in good order.
    pub stopped: bool,
}

/// A suspicion as answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClockSuspicion {
    /// Opaque id.
    pub id: Uuid,
    /// When it was raised, by the clock that was in doubt.
    pub raised_at: DateTime<Utc>,
    /// What was seen.
    pub evidence: Vec<Evidence>,
    /// When the supervision office decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<DateTime<Utc>>,
    /// Its reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Tenders whose deadlines the decision moved.
    pub moved: Vec<TenderId>,
}

impl From<Suspicion> for ClockSuspicion {
    fn from(suspicion: Suspicion) -> Self {
        let decision = suspicion.decision;
        Self {
            id: suspicion.id,
            raised_at: suspicion.raised_at,
            evidence: suspicion.evidence,
            decided_at: decision.as_ref().map(|decided| decided.at),
            reason: decision.as_ref().map(|decided| decided.reason.clone()),
            moved: decision.map(|decided| decided.moved).unwrap_or_default(),
        }
    }
}

/// Answer of `GET /api/v1/clock`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClockView {
    /// Whether the clock is trusted.
    pub standing: ClockStanding,
    /// The suspicion that stands, else the last one decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspicion: Option<ClockSuspicion>,
    /// Tenders whose close or opening waits for the decision.
    pub waiting: Vec<TenderId>,
    /// The last tick of each instance that has ticked since the last decision, newest first.
    pub instances: Vec<InstanceTick>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}
