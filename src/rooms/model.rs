//! Rooms, bookings and their slots as they are asked for, kept and answered.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    jurisdiction::model::{RoomKind, RoomSettings},
    kernel::{
        AllowedAction, Say,
        id::{AccountId, BookingId, OrganisationId, RoomId, TenderId},
        time::{self, ZONE, hall_date},
    },
};

/// A stretch of time, half-open: `from` is in it, `to` is not (RM-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub struct Span {
    /// First moment.
    pub from: DateTime<Utc>,
    /// First moment after it; later than `from`.
    pub to: DateTime<Utc>,
}

impl Span {
    /// Names the two ends.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self { from, to }
    }

    /// Whether some moment lies in both. Spans that touch do not overlap.
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// Whether `at` lies in it.
    pub fn contains(self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }

    /// How long it is.
    pub fn length(self) -> TimeDelta {
        self.to - self.from
    }

    /// The same span with `before` and `after` added to its ends.
    #[must_use]
    pub fn widened(self, before: TimeDelta, after: TimeDelta) -> Self {
        Self { from: self.from - before, to: self.to + after }
    }
}

/// Time around a slot in which its room is kept free (RM-4, a setting).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffers {
    /// Setting up, before the slot.
    pub setup: TimeDelta,
    /// Cleaning, after the slot.
    pub cleanup: TimeDelta,
}

impl Buffers {
    /// Those of a centre.
    pub fn of(settings: &RoomSettings) -> Self {
        Self {
            setup: TimeDelta::minutes(i64::from(settings.setup_minutes)),
            cleanup: TimeDelta::minutes(i64::from(settings.cleanup_minutes)),
        }
    }

    /// What a slot keeps from others.
    pub fn around(self, during: Span) -> Span {
        during.widened(self.setup, self.cleanup)
    }
}

/// A centre's hours in the business zone (RM-12, a setting).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Opens.
    pub opens: NaiveTime,
    /// Closes; later than `opens`.
    pub closes: NaiveTime,
}

impl Hours {
    /// Those of a centre.
    pub fn of(settings: &RoomSettings) -> Self {
        Self { opens: settings.opens, closes: settings.closes }
    }

    /// Whether the span lies within the hours of one day, ends included.
    pub fn hold(self, span: Span) -> bool {
        let time = |at: DateTime<Utc>| at.with_timezone(&ZONE).time();
        hall_date(span.from) == hall_date(span.to)
            && self.opens <= time(span.from)
            && time(span.to) <= self.closes
    }
}

/// A room as the hall keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// Opaque id.
    pub id: RoomId,
    /// Centre it stands in.
    pub centre_code: String,
    /// Unique within the centre.
    #[schema(example = "opening-1")]
    pub code: String,
    /// What it is for.
    pub kind: RoomKind,
    /// Its name on the door.
    pub name: Say,
    /// People it holds.
    pub capacity: i32,
}

/// Where a booking stands (RM-6). Of a booking with several slots it is what the slots make of it: in use while one of
/// them is, confirmed while some are still to come, released or missed when the last has ended.
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
pub enum BookingState {
    /// 已申请: waits for the centre; its slots are kept for it.
    Requested,
    /// 已确认
    Confirmed,
    /// 已驳回
    Rejected,
    /// 已取消
    Cancelled,
    /// 使用中
    InUse,
    /// 超时: in use past the end of its slot, and still keeps others out.
    Overrun,
    /// 已释放
    Released,
    /// 未到场
    NoShow,
    /// 已变更: another booking took its place.
    Changed,
}

impl BookingState {
    /// Whether its slots keep others out; the table computes the same.
    pub fn live(self) -> bool {
        self == Self::Requested || self.firm()
    }

    /// Whether the centre has given its word and the slots are not all over.
    pub fn firm(self) -> bool {
        matches!(self, Self::Confirmed | Self::InUse | Self::Overrun)
    }

    /// Its name.
    pub fn name(self) -> Say {
        match self {
            Self::Requested => Say::new("已申请", "requested"),
            Self::Confirmed => Say::new("已确认", "confirmed"),
            Self::Rejected => Say::new("已驳回", "rejected"),
            Self::Cancelled => Say::new("已取消", "cancelled"),
            Self::InUse => Say::new("使用中", "in use"),
            Self::Overrun => Say::new("超时使用", "overrun"),
            Self::Released => Say::new("已释放", "released"),
            Self::NoShow => Say::new("未到场", "no show"),
            Self::Changed => Say::new("已变更", "changed"),
        }
    }
}

/// Body of `POST /api/v1/bookings`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBooking {
    /// The tender the rooms are for; they are booked at its centre.
    pub tender_id: TenderId,
    /// Deadline of bids the slots are for, where a postponement to it is to follow; absent means the tender's.
    #[serde(default, deserialize_with = "time::read_some")]
    pub deadline: Option<DateTime<Utc>>,
    /// All of them are booked or none.
    #[schema(min_items = 1, max_items = 30)]
    pub slots: Vec<NewSlot>,
}

/// A slot as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSlot {
    /// Kind of room.
    pub kind: RoomKind,
    /// A particular room; absent means the first free one of the kind.
    #[serde(default)]
    pub room_id: Option<RoomId>,
    /// People the room must hold.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub capacity: Option<i32>,
    /// Start, whole seconds; of an opening exactly the deadline of bids (招标投标法 art 34).
    #[serde(deserialize_with = "time::read")]
    pub from: DateTime<Utc>,
    /// End, not itself in the slot; whole seconds.
    #[serde(deserialize_with = "time::read")]
    pub to: DateTime<Utc>,
}

impl NewSlot {
    /// When it is wanted.
    pub fn during(&self) -> Span {
        Span::new(self.from, self.to)
    }
}

/// Body of `POST /api/v1/bookings/{id}/change`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BookingChange {
    /// Deadline of bids the new slots are for; absent means the booking's.
    #[serde(default, deserialize_with = "time::read_some")]
    pub deadline: Option<DateTime<Utc>>,
    /// The slots that take the place of those not yet used, all or none.
    #[schema(min_items = 1, max_items = 30)]
    pub slots: Vec<NewSlot>,
    /// Why, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// Query of `POST /api/v1/bookings/{id}/begin`, `…/release` and `…/no-show`.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SlotQuery {
    /// Which slot, by its `no`; absent means the first for which the act is possible.
    #[param(minimum = 1)]
    pub slot: Option<usize>,
}

/// Body of `POST /api/v1/bookings/{id}/reject` and `…/cancel`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BookingReason {
    /// Why, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A slot as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Row.
    pub id: Uuid,
    /// Room.
    pub room: RoomId,
    /// Kind of the room.
    pub kind: RoomKind,
    /// What was asked for.
    pub during: Span,
    /// What it keeps from others; lengthened while the slot runs over.
    pub blocked: Span,
    /// People it was asked to hold.
    pub capacity: Option<i32>,
    /// What became of it.
    pub used: Used,
}

impl Slot {
    /// Where it stands.
    pub fn usage(&self) -> Usage {
        match self.used {
            Used { no_show: true, .. } => Usage::NoShow,
            Used { ended_at: Some(_), .. } => Usage::Released,
            Used { overran_at: Some(_), .. } => Usage::Overrun,
            Used { begun_at: Some(_), .. } => Usage::InUse,
            Used { .. } => Usage::Planned,
        }
    }
}

/// When a slot was taken into use 启用, ran over 超时 and was given back 释放.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Taken into use.
    pub begun_at: Option<DateTime<Utc>>,
    /// Found in use past its end.
    pub overran_at: Option<DateTime<Utc>>,
    /// Given back, or found missed.
    pub ended_at: Option<DateTime<Utc>>,
    /// Nobody came.
    pub no_show: bool,
}

/// Where a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SlotUsage)]
pub enum Usage {
    /// Still to come, or never taken into use.
    Planned,
    /// 使用中
    InUse,
    /// 超时
    Overrun,
    /// 已释放
    Released,
    /// 未到场
    NoShow,
}

impl Usage {
    /// Whether somebody is in the room.
    pub fn goes_on(self) -> bool {
        matches!(self, Self::InUse | Self::Overrun)
    }

    /// Whether it keeps nobody out any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Released | Self::NoShow)
    }
}

/// A booking as the hall keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// Opaque id.
    pub id: BookingId,
    /// The tender.
    pub tender: TenderId,
    /// The centre.
    pub centre_code: String,
    /// Deadline of bids its slots are for.
    pub deadline: DateTime<Utc>,
    /// Where it stands.
    pub state: BookingState,
    /// Account that asked.
    pub requested_by: AccountId,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// Account of the last decision; absent where the centre confirms at once.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why it was rejected or cancelled.
    pub reason: Option<String>,
    /// RM-9: given up too late by a party.
    pub late: bool,
    /// RM-9: given up by a party, in time or not.
    pub by_party: bool,
    /// Version, counted up by every change.
    pub version: i64,
    /// Organisation that asked; absent in what is older than its record.
    pub organisation: Option<OrganisationId>,
    /// RM-7: when the centre should have answered.
    pub answer_by: Option<DateTime<Utc>>,
    /// The booking whose place it took.
    pub replaces: Option<BookingId>,
    /// Slots in the order they were asked for.
    pub slots: Vec<Slot>,
}

impl Booking {
    /// Its opening slot, if it has one.
    pub fn opening(&self) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.kind == RoomKind::Opening)
    }

    /// Start of the first slot that nobody has used yet.
    pub fn begins(&self) -> Option<DateTime<Utc>> {
        let ahead = self.slots.iter().filter(|slot| slot.usage() == Usage::Planned);
        ahead.map(|slot| slot.during.from).min()
    }

    /// Where a firm booking stands by what its slots say.
    pub fn standing(&self) -> BookingState {
        let any = |usage| self.slots.iter().any(|slot| slot.usage() == usage);
        if any(Usage::Overrun) {
            BookingState::Overrun
        } else if any(Usage::InUse) {
            BookingState::InUse
        } else if any(Usage::Planned) {
            BookingState::Confirmed
        } else if any(Usage::Released) {
            BookingState::Released
        } else {
            BookingState::NoShow
        }
    }
}

/// A slot as answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotView {
    /// Its place in the booking, from 1.
    #[schema(minimum = 1)]
    pub no: usize,
    /// Kind of room.
    pub kind: RoomKind,
    /// Room.
    pub room_id: RoomId,
    /// Its code.
    pub room_code: String,
    /// Its name.
    pub room_name: Say,
    /// Start.
    pub from: DateTime<Utc>,
    /// End, not itself in the slot.
    pub to: DateTime<Utc>,
    /// People the room was asked to hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<i32>,
    /// Where it stands.
    pub usage: Usage,
    /// When it was taken into use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<DateTime<Utc>>,
    /// When it was found in use past its end; stays when it is released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overran_at: Option<DateTime<Utc>>,
    /// When it was given back, or found missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// Answer of every booking call.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookingView {
    /// Opaque id.
    pub id: BookingId,
    /// The tender.
    pub tender_id: TenderId,
    /// The centre.
    pub centre_code: String,
    /// Deadline of bids its slots are for.
    pub deadline: DateTime<Utc>,
    /// Where it stands.
    pub state: BookingState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Organisation that asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation_id: Option<OrganisationId>,
    /// End of the working day by which the centre answers a request (RM-7, a setting).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_by: Option<DateTime<Utc>>,
    /// When it was confirmed, rejected, cancelled or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<DateTime<Utc>>,
    /// The booking whose place it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<BookingId>,
    /// The booking that took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<BookingId>,
    /// Why it was rejected, cancelled or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Given up by a party less than one working day before its first slot (RM-9, a setting).
    pub late: bool,
    /// Slots in the order they were asked for.
    pub slots: Vec<SlotView>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// Query of `GET /api/v1/rooms`.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RoomsQuery {
    /// Centre, such as `152500`; absent means all centres.
    pub centre: Option<String>,
}

/// Query of `GET /api/v1/rooms/availability`.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AvailabilityQuery {
    /// Centre, such as `152500`.
    pub centre: String,
    /// Kind of room.
    pub kind: RoomKind,
    /// Start of the window.
    #[serde(deserialize_with = "time::read")]
    pub from: DateTime<Utc>,
    /// End of the window, at most 31 days later.
    #[serde(deserialize_with = "time::read")]
    pub to: DateTime<Utc>,
}

/// Query of `GET /api/v1/bookings`.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BookingsQuery {
    /// The tender.
    #[param(value_type = uuid::Uuid)]
    pub tender: TenderId,
    /// Cursor from `next` of the page before.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// When a room can be booked.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoomAvailability {
    /// The room.
    #[serde(flatten)]
    pub room: Room,
    /// Spans within which any slot can be booked: the centre's buffers are already taken off.
    pub free: Vec<Span>,
    /// Bookings in the window that the caller may know of; never others'.
    pub bookings: Vec<BookedSpan>,
}

/// A booking's slot in a room, for those who may know of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookedSpan {
    /// The booking.
    pub booking_id: BookingId,
    /// Where the booking stands.
    pub state: BookingState,
    /// Its tender.
    pub tender_id: TenderId,
    /// Start of the slot.
    pub from: DateTime<Utc>,
    /// End of the slot.
    pub to: DateTime<Utc>,
}

/// List of rooms.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Rooms {
    /// By centre, then in the order of the centre's file.
    pub items: Vec<Room>,
}

/// List of rooms with their free spans.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Availability {
    /// In the order of the centre's file.
    pub items: Vec<RoomAvailability>,
}
