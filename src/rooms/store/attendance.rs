//! How bookings were kept, counted in the database.

use diesel::{QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{
    kernel::{Problem, id::OrganisationId},
    rooms::attendance::Attendance,
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
pub async fn count(
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
