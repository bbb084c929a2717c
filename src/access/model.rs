//! Doors, passes, lockers and the log as they are asked for and answered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::kernel::id::{AccountId, RoomId};

/// Writes an enum's words for JSON, the table and the description alike.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, strum::AsRefStr,
            strum::EnumString, strum::Display,
        )]
        #[serde(rename_all = "camelCase")]
        #[strum(serialize_all = "camelCase")]
        pub enum $name { $($(#[$of])* $variant),* }
    };
}
pub(super) use words;

words!(
    /// What a device does.
    DeviceKind {
        /// Opens one room or one area.
        Door,
        /// Records one room.
        Recorder,
    }
);

words!(
    /// A part of the floor with a door of its own.
    DoorArea {
        /// 工作走廊: the centre's own.
        Corridor,
        /// 评标区: evaluation and rest rooms lie behind it.
        Evaluation,
    }
);

words!(
    /// Why a door was opened or stayed shut.
    Reason {
        /// Comes in by the booking, the role or the seat.
        Entitled,
        /// No such pass, card or account, or it has ended.
        UnknownPass,
        /// Nothing is booked here now, lead time included.
        NoBooking,
        /// Bidders come in when the deadline has passed.
        BeforeDeadline,
        /// Not one of those who come in here.
        NotEntitled,
        /// A seat that is not checked in: avoidance is not cleared yet.
        NotCheckedIn,
        /// RM-14: phone and belongings are not deposited.
        BelongingsKept,
    }
);

words!(
    /// In what standing somebody stood before a door.
    Standing {
        /// Sits on a committee, or is of the pool.
        Expert,
        /// Comes for an enterprise.
        Bidder,
        /// Comes for a purchaser.
        Purchaser,
        /// Comes for an agency.
        Agency,
        /// Comes for a supervising body.
        Supervisor,
        /// Works for a centre.
        Operator,
        /// None of these.
        Other,
        /// Nobody the hall knows.
        Unknown,
    }
);

impl Standing {
    /// Whether lists may name the account: not that of a bidder (it would tell who comes to bid), nor that of an
    /// expert (EX-13).
    pub fn may_be_named(self) -> bool {
        !matches!(self, Self::Expert | Self::Bidder)
    }
}

/// Body of `POST /api/v1/access/keys`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDevice {
    /// The centre it stands in.
    #[schema(example = "152500")]
    pub centre: String,
    /// What it does.
    pub kind: DeviceKind,
    /// Its room; a recorder has one.
    #[serde(default)]
    pub room_id: Option<RoomId>,
    /// Its area, of a door that leads to several rooms.
    #[serde(default)]
    pub area: Option<DoorArea>,
    /// What people call it, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

/// A device without its key.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Opaque id.
    pub id: Uuid,
    /// The centre.
    pub centre: String,
    /// What it does.
    pub kind: DeviceKind,
    /// Its room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    /// Its area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<DoorArea>,
    /// What people call it.
    pub name: String,
    /// When its key was made.
    pub made_at: DateTime<Utc>,
    /// When its key was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A device with its key, which is shown this once.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceMade {
    /// The device.
    #[serde(flatten)]
    pub device: Device,
    /// What it sends as `Authorization: Bearer …`; the hall keeps its SHA-256 alone.
    pub key: String,
}

/// A list of one centre's devices.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Devices {
    /// Newest first.
    pub items: Vec<Device>,
}

/// Query of every list of one centre.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CentreQuery {
    /// Centre, such as `152500`.
    pub centre: String,
    /// Cursor from `next` of the page before.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Body of `POST /api/v1/access/checks`: one of the two.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Check {
    /// What the reader read: a pass or the number of a card.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub pass: Option<String>,
    /// The account, where the reader knows the person itself; not at doors that lead to a committee.
    #[serde(default)]
    pub account_id: Option<AccountId>,
}

/// What the door is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// Whether the door opens.
    pub allow: bool,
    /// Why.
    pub reason: Reason,
    /// Hall time of the answer, as it stands in the log.
    pub at: DateTime<Utc>,
}

/// A pass that an account took for itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PassTaken {
    /// 32 hexadecimal digits, to be shown as a QR code; shown this once.
    pub pass: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Body of `POST /api/v1/access/cards`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCard {
    /// The pass that the visitor shows at the desk; it says for whom the card is, and nothing more.
    pub pass: String,
    /// Number of the card as readers send it, 4 to 64 characters.
    #[schema(min_length = 4, max_length = 64, example = "0004711812")]
    pub card: String,
}

/// A card that stands for an account until it is bound anew or ends.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardBound {
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Body of `POST /api/v1/access/lockers`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBelongings {
    /// Pass or card of the committee's member.
    pub pass: String,
    /// Number of the locker.
    #[schema(minimum = 1, maximum = 9999)]
    pub locker: i32,
}

/// Body of `POST /api/v1/access/lockers/{id}/return`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Return {
    /// Why before the report is signed: the member was replaced or the procedure has ended. 1 to 1000 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
}

/// Belongings in a locker 物品寄存. The person is not named: the receipt speaks for whoever holds it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Belongings {
    /// Opaque id.
    pub id: Uuid,
    /// Number of the locker.
    pub locker: i32,
    /// Number on the receipt.
    pub receipt: String,
    /// When they were handed in.
    pub deposited_at: DateTime<Utc>,
    /// When they were given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned_at: Option<DateTime<Utc>>,
    /// Why before the report was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What lies in a centre's lockers.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LockersInUse {
    /// By locker.
    pub items: Vec<Belongings>,
}

/// A line of the door's log 通行记录.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoorPass {
    /// Opaque id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// The door.
    pub device_id: Uuid,
    /// In what standing.
    pub standing: Standing,
    /// The account; never that of a bidder or an expert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Whether the door opened.
    pub allowed: bool,
    /// Why.
    pub reason: Reason,
}
