//! What stands on a centre's floor, in the database.

use chrono::{DateTime, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, PgRangeExpressionMethods, QueryDsl, Queryable,
    SelectableHelper,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{SlotRow, range_of};
use crate::{
    kernel::{
        Problem,
        id::{BookingId, RoomId, TenderId},
    },
    platform::db::unreadable,
    rooms::{
        board::FloorSlot,
        model::{BookingState, Span},
    },
    schema::{booking_slots, bookings},
};

#[derive(Queryable)]
struct Row {
    slot: SlotRow,
    no: i32,
    booking: BookingId,
    tender: TenderId,
    state: String,
    version: i64,
    deadline: DateTime<Utc>,
}

impl Row {
    fn read(self) -> Result<FloorSlot, Problem> {
        let state: BookingState = self.state.parse().map_err(unreadable("bookings.state"))?;
        Ok(FloorSlot {
            slot: self.slot.read()?,
            no: self.no,
            booking: self.booking,
            tender: self.tender,
            state,
            version: self.version,
            deadline: self.deadline,
        })
    }
}

/// Slots of rooms whose blocked time overlaps `window`, by time: those that keep others out, and those that have ended.
/// Each half is one search of an index.
///
/// # Errors
/// When the database is away.
pub async fn slots(
    conn: &mut AsyncPgConnection,
    ids: &[RoomId],
    window: Span,
) -> Result<Vec<FloorSlot>, Problem> {
    let here =
        || booking_slots::room_id.eq_any(ids).and(booking_slots::blocked.overlaps_with(range_of(window)));
    let live = booking_slots::table
        .inner_join(bookings::table.on(bookings::id.eq(booking_slots::booking_id)))
        .filter(booking_slots::live.and(booking_slots::ended_at.is_null()).and(here()))
        .select((
            SlotRow::as_select(),
            booking_slots::no,
            bookings::id,
            bookings::tender_id,
            bookings::state,
            bookings::version,
            bookings::deadline,
        ));
    let mut rows: Vec<Row> = live.load(conn).await?;
    let ended = booking_slots::table
        .inner_join(bookings::table.on(bookings::id.eq(booking_slots::booking_id)))
        .filter(booking_slots::ended_at.is_not_null().and(here()))
        .select((
            SlotRow::as_select(),
            booking_slots::no,
            bookings::id,
            bookings::tender_id,
            bookings::state,
            bookings::version,
            bookings::deadline,
        ));
    rows.extend(ended.load::<Row>(conn).await?);
    let mut slots: Vec<FloorSlot> = rows.into_iter().map(Row::read).collect::<Result<_, _>>()?;
    slots.sort_by_key(|one| (one.slot.during, one.slot.id));
    Ok(slots)
}

/// Slots that are in use past their end, whenever they began, the longest first.
///
/// # Errors
/// When the database is away.
pub async fn overruns(conn: &mut AsyncPgConnection, ids: &[RoomId]) -> Result<Vec<FloorSlot>, Problem> {
    let over = booking_slots::live
        .and(booking_slots::overran_at.is_not_null())
        .and(booking_slots::ended_at.is_null());
    let rows: Vec<Row> = booking_slots::table
        .inner_join(bookings::table.on(bookings::id.eq(booking_slots::booking_id)))
        .filter(over.and(booking_slots::room_id.eq_any(ids)))
        .order((booking_slots::overran_at, booking_slots::id))
        .select((
            SlotRow::as_select(),
            booking_slots::no,
            bookings::id,
            bookings::tender_id,
            bookings::state,
            bookings::version,
            bookings::deadline,
        ))
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}
