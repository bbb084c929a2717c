//! Rooms and bookings in the database.

pub mod attendance;
pub mod closures;
pub mod floor;
pub mod keys;

use std::ops::Bound;

use chrono::{DateTime, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, OptionalExtension,
    PgRangeExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper,
    dsl::{exists, not},
    sql_types,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    jurisdiction::model::{Centre, RoomKind},
    kernel::{
        Problem,
        id::{AccountId, BookingId, OrganisationId, RoomId, TenderId},
    },
    platform::{
        db::{Tx, unreadable},
        http::Cursor,
    },
    rooms::{
        fitting::{Holder, Taken},
        model::{Booking, BookingState, Room, Slot, Span, Used},
    },
    schema::{booking_slots, bookings, room_closures, rooms},
};

/// Name of the constraint that keeps live slots of one room apart.
pub const NO_OVERLAP: &str = "booking_slots_no_overlap";
/// Name under which a new slot in a room out of service is refused.
pub const ROOM_OPEN: &str = "booking_slots_room_open";

type Range = (Bound<DateTime<Utc>>, Bound<DateTime<Utc>>);

fn range_of(span: Span) -> Range {
    (Bound::Included(span.from), Bound::Excluded(span.to))
}

/// The table holds half-open, finite ranges only.
fn span_of(range: Range, place: &'static str) -> Result<Span, Problem> {
    match range {
        (Bound::Included(from), Bound::Excluded(to)) => Ok(Span::new(from, to)),
        other => Err(unreadable(place)(other)),
    }
}

fn kind_of(word: &str, place: &'static str) -> Result<RoomKind, Problem> {
    word.parse().map_err(unreadable(place))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = rooms)]
struct RoomRow {
    id: RoomId,
    centre_code: String,
    code: String,
    kind: String,
    name: Value,
    capacity: i32,
}

impl TryFrom<RoomRow> for Room {
    type Error = Problem;

    fn try_from(row: RoomRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            centre_code: row.centre_code,
            code: row.code,
            kind: kind_of(&row.kind, "rooms.kind")?,
            name: serde_json::from_value(row.name).map_err(unreadable("rooms.name"))?,
            capacity: row.capacity,
        })
    }
}

fn rooms_of(rows: Vec<RoomRow>) -> Result<Vec<Room>, Problem> {
    rows.into_iter().map(Room::try_from).collect()
}

/// What of a room's row follows the centre's file.
type Listing = (Uuid, String, String, i32, Value, i32, bool);

/// Makes the rows of a centre say what its file says and answers the rows that changed. A room that the file no
/// longer lists stays, marked. Two instances that start at once wait for each other.
///
/// # Errors
/// When the database is away, or when the file gives a room that exists another kind: its past slots would
/// change their meaning, so a room of another kind needs a code of its own.
pub async fn synchronise_centre(tx: &mut Tx<'_>, centre: &Centre) -> Result<Vec<Uuid>, Problem> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('rooms of ' || $1, 0))")
        .bind::<sql_types::Text, _>(&centre.code)
        .execute(tx.conn())
        .await?;
    let kept: Vec<Listing> = rooms::table
        .filter(rooms::centre_code.eq(&centre.code))
        .select((rooms::id, rooms::code, rooms::kind, rooms::no, rooms::name, rooms::capacity, rooms::listed))
        .load(tx.conn())
        .await?;
    let mut changed = Vec::new();
    for (no, room) in (1_i32..).zip(&centre.rooms) {
        let (name, capacity) = (json!(room.name), i32::from(room.capacity));
        let Some((id, code, kind, kept_no, kept_name, kept_capacity, listed)) =
            kept.iter().find(|(_, code, ..)| *code == room.code)
        else {
            let id = Uuid::new_v4();
            diesel::insert_into(rooms::table)
                .values((
                    rooms::id.eq(RoomId(id)),
                    rooms::centre_code.eq(&centre.code),
                    rooms::code.eq(&room.code),
                    rooms::kind.eq(room.kind.as_ref()),
                    rooms::no.eq(no),
                    rooms::name.eq(name),
                    rooms::capacity.eq(capacity),
                    rooms::listed.eq(true),
                ))
                .execute(tx.conn())
                .await?;
            changed.push(id);
            continue;
        };
        if kind != room.kind.as_ref() {
            let (centre, wanted) = (&centre.code, room.kind);
            return Err(Problem::internal(anyhow::anyhow!(
                "config/centres/{centre}.toml makes {code} a room of kind {wanted}, but it is known as {kind}: \
                 give the new room a code of its own"
            )));
        }
        if (*kept_no, kept_name, *kept_capacity, *listed) != (no, &name, capacity, true) {
            diesel::update(rooms::table.find(RoomId(*id)))
                .set((
                    rooms::no.eq(no),
                    rooms::name.eq(name),
                    rooms::capacity.eq(capacity),
                    rooms::listed.eq(true),
                ))
                .execute(tx.conn())
                .await?;
            changed.push(*id);
        }
    }
    changed.extend(unlist(tx, centre).await?);
    Ok(changed)
}

async fn unlist(tx: &mut Tx<'_>, centre: &Centre) -> Result<Vec<Uuid>, Problem> {
    let codes: Vec<&str> = centre.rooms.iter().map(|room| room.code.as_str()).collect();
    let gone = rooms::centre_code.eq(&centre.code).and(rooms::code.ne_all(codes)).and(rooms::listed.eq(true));
    Ok(diesel::update(rooms::table.filter(gone))
        .set(rooms::listed.eq(false))
        .returning(rooms::id)
        .get_results(tx.conn())
        .await?)
}

/// Listed rooms of one centre or of all, by centre and in the order of its file.
///
/// # Errors
/// When the database is away.
pub async fn list(conn: &mut AsyncPgConnection, centre: Option<&str>) -> Result<Vec<Room>, Problem> {
    let mut query = rooms::table
        .filter(rooms::listed.eq(true))
        .order((rooms::centre_code, rooms::no))
        .select(RoomRow::as_select())
        .into_boxed();
    if let Some(centre) = centre {
        query = query.filter(rooms::centre_code.eq(centre.to_owned()));
    }
    rooms_of(query.load(conn).await?)
}

/// Rooms by id, also those no longer listed.
///
/// # Errors
/// When the database is away.
pub async fn by_ids(conn: &mut AsyncPgConnection, ids: &[RoomId]) -> Result<Vec<Room>, Problem> {
    rooms_of(rooms::table.filter(rooms::id.eq_any(ids)).select(RoomRow::as_select()).load(conn).await?)
}

/// Holds the rows of rooms to the end of the transaction, in the order of their ids: whoever books the same rooms
/// waits here, and nobody waits in a circle.
///
/// # Errors
/// When the database is away.
pub async fn lock_rooms(tx: &mut Tx<'_>, ids: &[RoomId]) -> Result<(), Problem> {
    let _held: Vec<RoomId> = rooms::table
        .filter(rooms::id.eq_any(ids))
        .order(rooms::id)
        .select(rooms::id)
        .for_no_key_update()
        .load(tx.conn())
        .await?;
    Ok(())
}

type TakenRow = (RoomId, String, BookingId, TenderId, String, Range, Range);

/// Live slots and closures of rooms whose blocked time overlaps `window`.
///
/// # Errors
/// When the database is away.
pub async fn taken(
    conn: &mut AsyncPgConnection,
    ids: &[RoomId],
    window: Span,
) -> Result<Vec<Taken>, Problem> {
    let rows: Vec<TakenRow> = booking_slots::table
        .inner_join(bookings::table.on(bookings::id.eq(booking_slots::booking_id)))
        .filter(booking_slots::live.and(booking_slots::ended_at.is_null()))
        .filter(booking_slots::room_id.eq_any(ids))
        .filter(booking_slots::blocked.overlaps_with(range_of(window)))
        .order((booking_slots::blocked, booking_slots::id))
        .select((
            booking_slots::room_id,
            booking_slots::kind,
            bookings::id,
            bookings::tender_id,
            bookings::state,
            booking_slots::during,
            booking_slots::blocked,
        ))
        .load(conn)
        .await?;
    let closed: Vec<(RoomId, String, Range)> = room_closures::table
        .inner_join(rooms::table.on(rooms::id.eq(room_closures::room_id)))
        .filter(room_closures::ended_at.is_null())
        .filter(room_closures::room_id.eq_any(ids))
        .filter(room_closures::during.overlaps_with(range_of(window)))
        .order(room_closures::during)
        .select((room_closures::room_id, rooms::kind, room_closures::during))
        .load(conn)
        .await?;
    let booked = rows.into_iter().map(|(room, kind, booking, tender, state, during, blocked)| {
        let state = state.parse().map_err(unreadable("bookings.state"))?;
        Ok(Taken {
            room,
            kind: kind_of(&kind, "booking_slots.kind")?,
            holder: Holder::Booking { booking, tender, state },
            during: span_of(during, "booking_slots.during")?,
            blocked: span_of(blocked, "booking_slots.blocked")?,
        })
    });
    let closed = closed.into_iter().map(|(room, kind, during)| {
        let during = span_of(during, "room_closures.during")?;
        let kind = kind_of(&kind, "rooms.kind")?;
        Ok(Taken { room, kind, holder: Holder::Closed, during, blocked: during })
    });
    booked.chain(closed).collect()
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = bookings, treat_none_as_default_value = false)]
struct BookingRow {
    id: BookingId,
    tender_id: TenderId,
    centre_code: String,
    deadline: DateTime<Utc>,
    state: String,
    requested_by: AccountId,
    requested_at: DateTime<Utc>,
    decided_by: Option<AccountId>,
    decided_at: Option<DateTime<Utc>>,
    reason: Option<String>,
    late: bool,
    by_party: bool,
    version: i64,
    organisation_id: Option<OrganisationId>,
    answer_by: Option<DateTime<Utc>>,
    replaces: Option<BookingId>,
}

impl BookingRow {
    fn with(self, slots: Vec<Slot>) -> Result<Booking, Problem> {
        Ok(Booking {
            id: self.id,
            tender: self.tender_id,
            centre_code: self.centre_code,
            deadline: self.deadline,
            state: self.state.parse().map_err(unreadable("bookings.state"))?,
            requested_by: self.requested_by,
            requested_at: self.requested_at,
            decided_by: self.decided_by,
            decided_at: self.decided_at,
            reason: self.reason,
            late: self.late,
            by_party: self.by_party,
            version: self.version,
            organisation: self.organisation_id,
            answer_by: self.answer_by,
            replaces: self.replaces,
            slots,
        })
    }
}

/// Writes a booking with its slots.
///
/// # Errors
/// The database's own error, so that the service can name a taken slot.
pub async fn insert(tx: &mut Tx<'_>, booking: &Booking) -> Result<(), diesel::result::Error> {
    let row = BookingRow {
        id: booking.id,
        tender_id: booking.tender,
        centre_code: booking.centre_code.clone(),
        deadline: booking.deadline,
        state: booking.state.to_string(),
        requested_by: booking.requested_by,
        requested_at: booking.requested_at,
        decided_by: booking.decided_by,
        decided_at: booking.decided_at,
        reason: booking.reason.clone(),
        late: booking.late,
        by_party: booking.by_party,
        version: booking.version,
        organisation_id: booking.organisation,
        answer_by: booking.answer_by,
        replaces: booking.replaces,
    };
    diesel::insert_into(bookings::table).values(row).execute(tx.conn()).await?;
    for (no, slot) in (1_i32..).zip(&booking.slots) {
        diesel::insert_into(booking_slots::table)
            .values((
                booking_slots::id.eq(slot.id),
                booking_slots::booking_id.eq(booking.id),
                booking_slots::no.eq(no),
                booking_slots::centre_code.eq(&booking.centre_code),
                booking_slots::room_id.eq(slot.room),
                booking_slots::kind.eq(slot.kind.as_ref()),
                booking_slots::during.eq(range_of(slot.during)),
                booking_slots::blocked.eq(range_of(slot.blocked)),
                booking_slots::live.eq(booking.state.live()),
                booking_slots::capacity.eq(slot.capacity),
            ))
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Saves a decision and counts the version up; the slots follow the state by their key.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn update(tx: &mut Tx<'_>, booking: &mut Booking) -> Result<(), Problem> {
    booking.version += 1;
    diesel::update(bookings::table.find(booking.id))
        .set((
            bookings::state.eq(booking.state.as_ref()),
            bookings::decided_by.eq(booking.decided_by),
            bookings::decided_at.eq(booking.decided_at),
            bookings::reason.eq(&booking.reason),
            bookings::late.eq(booking.late),
            bookings::by_party.eq(booking.by_party),
            bookings::version.eq(booking.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Reads a booking.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut AsyncPgConnection, id: BookingId) -> Result<Option<Booking>, Problem> {
    let row = bookings::table.find(id).select(BookingRow::as_select()).first(conn).await.optional()?;
    with_slots(conn, row.into_iter().collect()).await.map(|found| found.into_iter().next())
}

/// Reads a booking and holds its row to the end of the transaction.
///
/// # Errors
/// When the database is away.
pub async fn find_locked(tx: &mut Tx<'_>, id: BookingId) -> Result<Option<Booking>, Problem> {
    let row = bookings::table
        .find(id)
        .select(BookingRow::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    with_slots(tx.conn(), row.into_iter().collect()).await.map(|found| found.into_iter().next())
}

/// Reads bookings and holds their rows to the end of the transaction, leaving out those that somebody else holds.
///
/// # Errors
/// When the database is away.
pub async fn lock_idle(tx: &mut Tx<'_>, ids: &[BookingId]) -> Result<Vec<Booking>, Problem> {
    let rows = bookings::table
        .filter(bookings::id.eq_any(ids))
        .order(bookings::id)
        .select(BookingRow::as_select())
        .for_update()
        .skip_locked()
        .load(tx.conn())
        .await?;
    with_slots(tx.conn(), rows).await
}

/// All bookings of a tender whose slots keep others out, first come first.
///
/// # Errors
/// When the database is away.
pub async fn live_of(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Booking>, Problem> {
    let rows = bookings::table
        .filter(bookings::tender_id.eq(tender).and(bookings::live.eq(true)))
        .order((bookings::requested_at, bookings::id))
        .select(BookingRow::as_select())
        .load(conn)
        .await?;
    with_slots(conn, rows).await
}

/// The opening slot that a tender has booked for a deadline, whatever else it has booked.
///
/// # Errors
/// When the database is away.
pub async fn opening_of(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    deadline: DateTime<Utc>,
) -> Result<Option<Slot>, Problem> {
    let row: Option<SlotRow> = booking_slots::table
        .inner_join(bookings::table.on(bookings::id.eq(booking_slots::booking_id)))
        .filter(bookings::tender_id.eq(tender))
        // An opening that was held and given back has been: what follows it may still be moved.
        .filter(bookings::live.eq(true).or(bookings::state.eq(BookingState::Released.as_ref())))
        .filter(bookings::deadline.eq(deadline))
        .filter(booking_slots::kind.eq(RoomKind::Opening.as_ref()))
        .order((bookings::requested_at, bookings::id, booking_slots::no))
        .select(SlotRow::as_select())
        .first(conn)
        .await
        .optional()?;
    row.as_ref().map(SlotRow::read).transpose()
}

/// One page of a tender's bookings, newest first; one row more than `limit` tells that there are further. Those of the
/// complaint room are there only `with_complaints`.
///
/// # Errors
/// When the database is away.
pub async fn page_of(
    conn: &mut AsyncPgConnection,
    (tender, with_complaints): (TenderId, bool),
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Booking>, Problem> {
    let mut query = bookings::table
        .filter(bookings::tender_id.eq(tender))
        .order((bookings::requested_at.desc(), bookings::id.desc()))
        .limit(limit + 1)
        .select(BookingRow::as_select())
        .into_boxed();
    if !with_complaints {
        let complaint = booking_slots::booking_id
            .eq(bookings::id)
            .and(booking_slots::kind.eq(RoomKind::Complaint.as_ref()));
        query = query.filter(not(exists(booking_slots::table.filter(complaint))));
    }
    if let Some(Cursor { at, id }) = cursor {
        let tie = bookings::requested_at.lt(at).or(bookings::id.lt(BookingId(id)));
        query = query.filter(bookings::requested_at.le(at).and(tie));
    }
    let rows = query.load(conn).await?;
    with_slots(conn, rows).await
}

/// Saves what became of a slot, and how long it keeps others out.
///
/// # Errors
/// The database's own error, so that the service can name a slot in the way.
pub async fn update_slot(tx: &mut Tx<'_>, slot: &Slot) -> Result<(), diesel::result::Error> {
    diesel::update(booking_slots::table.find(slot.id))
        .set((
            booking_slots::blocked.eq(range_of(slot.blocked)),
            booking_slots::begun_at.eq(slot.used.begun_at),
            booking_slots::overran_at.eq(slot.used.overran_at),
            booking_slots::ended_at.eq(slot.used.ended_at),
            booking_slots::no_show.eq(slot.used.no_show),
        ))
        .execute(tx.conn())
        .await
        .map(drop)
}

/// The booking of a slot.
///
/// # Errors
/// When the database is away.
pub async fn booking_of_slot(conn: &mut AsyncPgConnection, slot: Uuid) -> Result<Option<BookingId>, Problem> {
    let found = booking_slots::table.find(slot).select(booking_slots::booking_id);
    Ok(found.first(conn).await.optional()?)
}

/// Whether a slot of the room other than `but` is in use.
///
/// # Errors
/// When the database is away.
pub async fn is_in_use(conn: &mut AsyncPgConnection, room: RoomId, but: Uuid) -> Result<bool, Problem> {
    let in_use = booking_slots::live
        .and(booking_slots::ended_at.is_null())
        .and(booking_slots::room_id.eq(room))
        .and(booking_slots::begun_at.is_not_null())
        .and(booking_slots::id.ne(but));
    Ok(diesel::select(exists(booking_slots::table.filter(in_use))).get_result(conn).await?)
}

/// The slot that comes next in a room after `span`, or overlaps it, and its booking; not of `but`.
///
/// # Errors
/// When the database is away.
pub async fn next_in(
    conn: &mut AsyncPgConnection,
    room: RoomId,
    span: Span,
    but: Uuid,
) -> Result<Option<(Uuid, BookingId, Span)>, Problem> {
    let row: Option<(Uuid, BookingId, Range)> = booking_slots::table
        .filter(booking_slots::live.and(booking_slots::ended_at.is_null()))
        .filter(booking_slots::room_id.eq(room).and(booking_slots::id.ne(but)))
        .filter(booking_slots::blocked.overlaps_with(range_of(span)))
        .order(booking_slots::blocked)
        .select((booking_slots::id, booking_slots::booking_id, booking_slots::blocked))
        .first(conn)
        .await
        .optional()?;
    row.map(|(id, booking, blocked)| Ok((id, booking, span_of(blocked, "booking_slots.blocked")?)))
        .transpose()
}

/// The booking that took the place of another.
///
/// # Errors
/// When the database is away.
pub async fn replaced_by(conn: &mut AsyncPgConnection, id: BookingId) -> Result<Option<BookingId>, Problem> {
    let found = bookings::table.filter(bookings::replaces.eq(id)).select(bookings::id);
    Ok(found.first(conn).await.optional()?)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = booking_slots)]
struct SlotRow {
    booking_id: BookingId,
    id: Uuid,
    room_id: RoomId,
    kind: String,
    during: Range,
    blocked: Range,
    capacity: Option<i32>,
    begun_at: Option<DateTime<Utc>>,
    overran_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    no_show: bool,
}

impl SlotRow {
    fn read(&self) -> Result<Slot, Problem> {
        Ok(Slot {
            id: self.id,
            room: self.room_id,
            kind: kind_of(&self.kind, "booking_slots.kind")?,
            during: span_of(self.during, "booking_slots.during")?,
            blocked: span_of(self.blocked, "booking_slots.blocked")?,
            capacity: self.capacity,
            used: Used {
                begun_at: self.begun_at,
                overran_at: self.overran_at,
                ended_at: self.ended_at,
                no_show: self.no_show,
            },
        })
    }
}

/// Adds the slots to bookings, in the order they were asked for.
async fn with_slots(conn: &mut AsyncPgConnection, rows: Vec<BookingRow>) -> Result<Vec<Booking>, Problem> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<BookingId> = rows.iter().map(|row| row.id).collect();
    let slots: Vec<SlotRow> = booking_slots::table
        .filter(booking_slots::booking_id.eq_any(ids))
        .order((booking_slots::booking_id, booking_slots::no))
        .select(SlotRow::as_select())
        .load(conn)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let own = slots.iter().filter(|slot| slot.booking_id == row.id).map(SlotRow::read);
        let own = own.collect::<Result<_, _>>()?;
        found.push(row.with(own)?);
    }
    Ok(found)
}
