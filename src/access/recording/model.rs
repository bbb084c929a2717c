//! Recordings and alarms as they are told and answered.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::model::words,
    kernel::{
        AllowedAction, LegalGround,
        id::{BookingId, RoomId, TenderId},
    },
};

words!(
    /// What an alarm is about.
    AlarmKind {
        /// No sign of life for longer than the centre's setting.
        RecordingGap,
        /// Ended before the evaluation report was signed.
        RecordingEndedEarly,
    }
);

/// How long a recording is kept, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Keeping {
    /// Last day; while the recording goes on, as if it ended today.
    pub until: NaiveDate,
    /// What demands it: the law for purchases, a rule of the hall for all else.
    pub by: Vec<LegalGround>,
}

/// A recording of one room.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// Opaque id.
    pub id: Uuid,
    /// The centre.
    pub centre: String,
    /// The recorder.
    pub device_id: Uuid,
    /// The room.
    pub room_id: RoomId,
    /// The booking under way at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booking_id: Option<BookingId>,
    /// Its tender: the recording belongs to its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tender_id: Option<TenderId>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Last sign of life.
    pub last_heard_at: DateTime<Utc>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether nobody ended it: its recorder began anew.
    pub cut_off: bool,
    /// How long it is kept.
    pub keep: Keeping,
}

/// An alarm of a centre's control room.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alarm {
    /// Opaque id.
    pub id: Uuid,
    /// The centre.
    pub centre: String,
    /// What it is about.
    pub kind: AlarmKind,
    /// The room.
    pub room_id: RoomId,
    /// The recording.
    pub recording_id: Uuid,
    /// Last sign of life before it, or the early end.
    pub since: DateTime<Utc>,
    /// When it was raised.
    pub opened_at: DateTime<Utc>,
    /// When an operator took it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<DateTime<Utc>>,
    /// What the operator found; absent where the recorder came back by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// What the centre may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// Body of `POST /api/v1/alarms/{id}/close`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlarmRemark {
    /// What was found, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub remark: String,
}
