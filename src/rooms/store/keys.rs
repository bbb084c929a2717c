//! Key projects and whom they displaced, in the database.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::{
    kernel::{
        Problem,
        id::{AccountId, BookingId, ProjectId},
    },
    platform::db::Tx,
    rooms::green::Mark,
    schema::{bookings, key_projects},
};

/// The open mark of a project.
///
/// # Errors
/// When the database is away.
pub async fn open(conn: &mut AsyncPgConnection, project: ProjectId) -> Result<Option<Mark>, Problem> {
    let row: Option<(Uuid, ProjectId, String, AccountId, DateTime<Utc>)> = key_projects::table
        .filter(key_projects::project_id.eq(project))
        .filter(key_projects::ended_at.is_null())
        .select((
            key_projects::id,
            key_projects::project_id,
            key_projects::reason,
            key_projects::marked_by,
            key_projects::marked_at,
        ))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(id, project, reason, marked_by, marked_at)| Mark {
        id,
        project,
        reason,
        marked_by,
        marked_at,
    }))
}

/// Marks a project.
///
/// # Errors
/// When the database is away or the project is marked already.
pub async fn insert(tx: &mut Tx<'_>, mark: &Mark) -> Result<(), Problem> {
    diesel::insert_into(key_projects::table)
        .values((
            key_projects::id.eq(mark.id),
            key_projects::project_id.eq(mark.project),
            key_projects::reason.eq(&mark.reason),
            key_projects::marked_by.eq(mark.marked_by),
            key_projects::marked_at.eq(mark.marked_at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends a mark.
///
/// # Errors
/// When the database is away.
pub async fn end(
    tx: &mut Tx<'_>,
    id: Uuid,
    (by, at): (AccountId, DateTime<Utc>),
    reason: &str,
) -> Result<(), Problem> {
    diesel::update(key_projects::table.find(id))
        .set((
            key_projects::ended_by.eq(Some(by)),
            key_projects::ended_at.eq(Some(at)),
            key_projects::end_reason.eq(Some(reason)),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Notes by which booking, still to be written, one was displaced.
///
/// # Errors
/// When the database is away.
pub async fn displace(tx: &mut Tx<'_>, displaced: BookingId, by: BookingId) -> Result<(), Problem> {
    diesel::update(bookings::table.find(displaced))
        .set(bookings::displaced_by.eq(Some(by)))
        .execute(tx.conn())
        .await?;
    Ok(())
}
