//! Counting in the database.

use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{
    kernel::{
        Problem,
        id::{OrganisationId, RoomId},
    },
    rooms::{
        figures::{Attendance, Kept},
        model::Span,
    },
};

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = sql_types::BigInt)]
    bookings: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    cancelled: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    cancelled_late: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    no_shows: i64,
}

/// Counts what an organisation booked, gave up and missed.
///
/// # Errors
/// When the database is away.
pub async fn attendance(
    conn: &mut AsyncPgConnection,
    organisation_id: OrganisationId,
) -> Result<Attendance, Problem> {
    let Counted { bookings, cancelled, cancelled_late, no_shows } = diesel::sql_query(
        "SELECT count(*) FILTER (WHERE state <> 'changed') AS bookings,
                count(*) FILTER (WHERE by_party AND NOT late) AS cancelled,
                count(*) FILTER (WHERE late) AS cancelled_late,
                coalesce(sum(missed), 0)::bigint AS no_shows
           FROM bookings b
           LEFT JOIN LATERAL (SELECT count(*) AS missed FROM booking_slots s WHERE s.booking_id = b.id AND s.no_show) m
             ON true
          WHERE organisation_id = $1",
    )
    .bind::<sql_types::Uuid, _>(organisation_id)
    .get_result(conn)
    .await?;
    Ok(Attendance { organisation_id, bookings, cancelled, cancelled_late, no_shows })
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql_types::Uuid)]
    room_id: RoomId,
    #[diesel(sql_type = sql_types::Timestamptz)]
    starts: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    ends: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    begun_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    until: DateTime<Utc>,
}

/// Slots of rooms that were kept, confirmed or used, and overlap a window. What is in use counts up to now.
///
/// # Errors
/// When the database is away.
pub async fn kept(conn: &mut AsyncPgConnection, ids: &[RoomId], window: Span) -> Result<Vec<Kept>, Problem> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT s.room_id, lower(s.during) AS starts, upper(s.during) AS ends, s.begun_at,
                coalesce(s.ended_at, hall_now()) AS until
           FROM booking_slots s JOIN bookings b ON b.id = s.booking_id
          WHERE s.room_id = ANY($1) AND NOT s.no_show
            AND lower(s.during) < $3 AND lower(s.during) > $2 - interval '32 days' AND upper(s.during) > $2
            AND (b.state IN ('confirmed', 'inUse', 'overrun', 'released') OR s.begun_at IS NOT NULL)",
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
    .bind::<sql_types::Timestamptz, _>(window.from)
    .bind::<sql_types::Timestamptz, _>(window.to)
    .get_results(conn)
    .await?;
    let kept = rows.into_iter().map(|row| Kept {
        room: row.room_id,
        during: Span::new(row.starts, row.ends),
        used: row.begun_at.map(|from| Span::new(from, row.until)),
    });
    Ok(kept.collect())
}
