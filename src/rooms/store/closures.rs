//! Rooms out of service, in the database.

use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, JoinOnDsl, OptionalExtension, PgRangeExpressionMethods, QueryDsl, Queryable,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{Range, range_of, span_of};
use crate::{
    kernel::{
        Problem,
        id::{AccountId, RoomId},
    },
    platform::db::Tx,
    rooms::{closures::Closure, model::Span},
    schema::{room_closures, rooms},
};

/// Name of the constraint that keeps closures of one room apart.
pub const ONCE: &str = "room_closures_once";

#[derive(Queryable)]
struct Row {
    id: Uuid,
    room_id: RoomId,
    during: Range,
    reason: String,
    closed_by: AccountId,
    closed_at: DateTime<Utc>,
    ended_by: Option<AccountId>,
    ended_at: Option<DateTime<Utc>>,
    version: i64,
}

impl Row {
    fn read(self) -> Result<Closure, Problem> {
        Ok(Closure {
            id: self.id,
            room: self.room_id,
            during: span_of(self.during, "room_closures.during")?,
            reason: self.reason,
            closed_by: self.closed_by,
            closed_at: self.closed_at,
            ended_by: self.ended_by,
            ended_at: self.ended_at,
            version: self.version,
        })
    }
}

const COLUMNS: (
    room_closures::id,
    room_closures::room_id,
    room_closures::during,
    room_closures::reason,
    room_closures::closed_by,
    room_closures::closed_at,
    room_closures::ended_by,
    room_closures::ended_at,
    room_closures::version,
) = (
    room_closures::id,
    room_closures::room_id,
    room_closures::during,
    room_closures::reason,
    room_closures::closed_by,
    room_closures::closed_at,
    room_closures::ended_by,
    room_closures::ended_at,
    room_closures::version,
);

/// Closes a room.
///
/// # Errors
/// The database's own error, so that the service can say that it is closed already.
pub async fn insert(tx: &mut Tx<'_>, closure: &Closure) -> Result<(), diesel::result::Error> {
    diesel::insert_into(room_closures::table)
        .values((
            room_closures::id.eq(closure.id),
            room_closures::room_id.eq(closure.room),
            room_closures::during.eq(range_of(closure.during)),
            room_closures::reason.eq(&closure.reason),
            room_closures::closed_by.eq(closure.closed_by),
            room_closures::closed_at.eq(closure.closed_at),
        ))
        .execute(tx.conn())
        .await
        .map(drop)
}

/// Saves that a closure has ended.
///
/// # Errors
/// When the database is away.
pub async fn update(tx: &mut Tx<'_>, closure: &mut Closure) -> Result<(), Problem> {
    closure.version += 1;
    diesel::update(room_closures::table.find(closure.id))
        .set((
            room_closures::ended_by.eq(closure.ended_by),
            room_closures::ended_at.eq(closure.ended_at),
            room_closures::version.eq(closure.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Reads a closure and holds its row to the end of the transaction.
///
/// # Errors
/// When the database is away.
pub async fn find_locked(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Closure>, Problem> {
    let row: Option<Row> =
        room_closures::table.find(id).select(COLUMNS).for_update().first(tx.conn()).await.optional()?;
    row.map(Row::read).transpose()
}

/// Closures of a centre's rooms that overlap `window`, those ended before their time included, by their start.
///
/// # Errors
/// When the database is away.
pub async fn list(conn: &mut AsyncPgConnection, centre: &str, window: Span) -> Result<Vec<Closure>, Problem> {
    let rows: Vec<Row> = room_closures::table
        .inner_join(rooms::table.on(rooms::id.eq(room_closures::room_id)))
        .filter(rooms::centre_code.eq(centre))
        .filter(room_closures::during.overlaps_with(range_of(window)))
        .order((room_closures::during, room_closures::id))
        .select(COLUMNS)
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}
