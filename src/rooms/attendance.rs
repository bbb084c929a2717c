//! 履约: how parties keep what they book (RM-9, a setting).

use diesel_async::AsyncPgConnection;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    identity::{self, Action, Object, authorize},
    kernel::{Actor, Problem, Rejection, id::OrganisationId},
    rooms::store::attendance,
};

/// How an organisation has kept what it booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attendance {
    /// The organisation.
    pub organisation_id: OrganisationId,
    /// Bookings it asked for; what a change took the place of is not counted.
    pub bookings: i64,
    /// Given up by it in time.
    pub cancelled: i64,
    /// Given up by it less than one working day before the first slot: counted against it (RM-9, a setting).
    pub cancelled_late: i64,
    /// Slots that nobody came to: counted against it.
    pub no_shows: i64,
}

/// How an organisation has kept what it booked, in all its time.
///
/// # Errors
/// 401, 403 for others than the centres, the supervising bodies and itself, 404 where it does not exist.
pub async fn attendance(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    organisation: OrganisationId,
) -> Result<Attendance, Problem> {
    let own = actor.organisation() == Some(organisation);
    authorize(actor, Action::AttendanceRead, &Object::none().own(own))?;
    if identity::kind_of(conn, organisation).await?.is_none() {
        return Err(Rejection::not_found().into());
    }
    attendance::count(conn, organisation).await
}
