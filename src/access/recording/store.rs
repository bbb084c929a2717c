//! SQL of recordings, signs of life and alarms.

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::model::AlarmKind;
use crate::{
    kernel::{
        Problem,
        id::{AccountId, BookingId, RoomId, TenderId},
    },
    platform::{
        bell::ring_floor,
        db::{Tx, unreadable},
        http::Cursor,
        statement::statement,
    },
};

/// A recording as it is kept.
#[derive(Debug, Clone, QueryableByName)]
pub struct Kept {
    /// Row.
    #[diesel(sql_type = sql_types::Uuid)]
    pub id: Uuid,
    /// Recorder.
    #[diesel(sql_type = sql_types::Uuid)]
    pub key_id: Uuid,
    /// Centre.
    #[diesel(sql_type = sql_types::Text)]
    pub centre_code: String,
    /// Room.
    #[diesel(sql_type = sql_types::Uuid)]
    pub room_id: RoomId,
    /// Booking.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    pub booking_id: Option<BookingId>,
    /// Tender.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    pub tender_id: Option<TenderId>,
    /// Start.
    #[diesel(sql_type = sql_types::Timestamptz)]
    pub started_at: DateTime<Utc>,
    /// Last sign of life.
    #[diesel(sql_type = sql_types::Timestamptz)]
    pub last_at: DateTime<Utc>,
    /// End.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Ended by nobody.
    #[diesel(sql_type = sql_types::Bool)]
    pub cut_off: bool,
    /// Class of trade of the tender's project.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    pub category: Option<String>,
    /// In an evaluation room whose committee has not signed its report.
    #[diesel(sql_type = sql_types::Bool)]
    pub unsigned: bool,
}

const KEPT: &str = "
    SELECT r.id, r.key_id, r.centre_code, r.room_id, r.booking_id, r.tender_id, r.started_at, b.last_at, r.ended_at,
           r.cut_off, p.category,
           (k.room_kind = 'evaluation' AND r.tender_id IS NOT NULL AND t.phase NOT IN ('failed', 'terminated')
            AND NOT EXISTS (SELECT FROM evaluations e WHERE e.tender_id = r.tender_id AND e.signed_at IS NOT NULL))
           AS unsigned
      FROM recordings r JOIN recording_beats b ON b.recording_id = r.id JOIN access_keys k ON k.id = r.key_id
      LEFT JOIN tenders t ON t.id = r.tender_id LEFT JOIN projects p ON p.id = t.project_id";

/// A recording, its sign of life held to the end of the transaction: beat, end and alarm wait for each other here.
///
/// # Errors
/// When the database is away.
pub async fn find_locked(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Kept>, Problem> {
    Ok(statement(format!("{KEPT} WHERE r.id = $1 FOR UPDATE OF b"))
        .bind::<sql_types::Uuid, _>(id)
        .get_result(tx.conn())
        .await
        .optional()?)
}

/// The recording that a recorder has under way, held.
///
/// # Errors
/// When the database is away.
pub async fn under_way(tx: &mut Tx<'_>, device: Uuid) -> Result<Option<Kept>, Problem> {
    Ok(statement(format!("{KEPT} WHERE r.key_id = $1 AND r.ended_at IS NULL FOR UPDATE OF b"))
        .bind::<sql_types::Uuid, _>(device)
        .get_result(tx.conn())
        .await
        .optional()?)
}

/// One page of a centre's recordings, newest first, and one more.
///
/// # Errors
/// When the database is away.
pub async fn page(
    conn: &mut AsyncPgConnection,
    centre: &str,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Kept>, Problem> {
    Ok(statement(format!(
        "{KEPT} WHERE r.centre_code = $1 AND ($2::timestamptz IS NULL OR (r.started_at, r.id) < ($2, $3))
          ORDER BY r.started_at DESC, r.id DESC LIMIT $4"
    ))
    .bind::<sql_types::Text, _>(centre)
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(cursor.map(|cursor| cursor.at))
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(cursor.map(|cursor| cursor.id))
    .bind::<sql_types::BigInt, _>(limit + 1)
    .get_results(conn)
    .await?)
}

/// Begins a recording; it belongs to the booking whose slot is under way in the room, or begins within the lead.
///
/// # Errors
/// When the database is away.
pub async fn begin(
    tx: &mut Tx<'_>,
    (id, device): (Uuid, Uuid),
    at: DateTime<Utc>,
    lead_minutes: i32,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO recordings (id, key_id, centre_code, room_id, booking_id, tender_id, started_at)
         SELECT $1, k.id, k.centre_code, k.room_id, slot.id, slot.tender_id, $3
           FROM access_keys k LEFT JOIN LATERAL (
                SELECT b.id, b.tender_id FROM booking_slots s
                  JOIN bookings b ON b.id = s.booking_id AND b.state <> 'requested'
                 WHERE s.live AND s.ended_at IS NULL AND s.room_id = k.room_id
                   AND s.blocked && tstzrange($3, $3 + make_interval(mins => $4), '[]')
                 ORDER BY lower(s.during) LIMIT 1) AS slot ON true
          WHERE k.id = $2",
    )
    .bind::<sql_types::Uuid, _>(id)
    .bind::<sql_types::Uuid, _>(device)
    .bind::<sql_types::Timestamptz, _>(at)
    .bind::<sql_types::Integer, _>(lead_minutes)
    .execute(tx.conn())
    .await?;
    statement("INSERT INTO recording_beats (recording_id, last_at) VALUES ($1, $2)")
        .bind::<sql_types::Uuid, _>(id)
        .bind::<sql_types::Timestamptz, _>(at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Notes a sign of life.
///
/// # Errors
/// When the database is away.
pub async fn beat(tx: &mut Tx<'_>, id: Uuid, at: DateTime<Utc>) -> Result<(), Problem> {
    statement("UPDATE recording_beats SET last_at = $2 WHERE recording_id = $1")
        .bind::<sql_types::Uuid, _>(id)
        .bind::<sql_types::Timestamptz, _>(at)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends a recording.
///
/// # Errors
/// When the database is away.
pub async fn end(tx: &mut Tx<'_>, id: Uuid, at: DateTime<Utc>, cut_off: bool) -> Result<(), Problem> {
    statement("UPDATE recordings SET ended_at = $2, cut_off = $3 WHERE id = $1")
        .bind::<sql_types::Uuid, _>(id)
        .bind::<sql_types::Timestamptz, _>(at)
        .bind::<sql_types::Bool, _>(cut_off)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// An alarm as it is kept.
#[derive(Debug, Clone, QueryableByName)]
pub struct KeptAlarm {
    /// Row.
    #[diesel(sql_type = sql_types::Uuid)]
    pub id: Uuid,
    /// Centre.
    #[diesel(sql_type = sql_types::Text)]
    pub centre_code: String,
    /// What it is about.
    #[diesel(sql_type = sql_types::Text)]
    kind: String,
    /// Room.
    #[diesel(sql_type = sql_types::Uuid)]
    pub room_id: RoomId,
    /// Recording.
    #[diesel(sql_type = sql_types::Uuid)]
    pub recording_id: Uuid,
    /// Last sign of life before it, or the early end.
    #[diesel(sql_type = sql_types::Timestamptz)]
    pub since: DateTime<Utc>,
    /// Raised.
    #[diesel(sql_type = sql_types::Timestamptz)]
    pub opened_at: DateTime<Utc>,
    /// By whom it was taken on.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    pub acknowledged_by: Option<AccountId>,
    /// When it was taken on.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// By whom it was closed.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    pub closed_by: Option<AccountId>,
    /// When it was over.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    pub closed_at: Option<DateTime<Utc>>,
    /// What was found.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    pub remark: Option<String>,
    /// Version.
    #[diesel(sql_type = sql_types::BigInt)]
    pub version: i64,
}

impl KeptAlarm {
    /// What it is about.
    ///
    /// # Errors
    /// A fault for a word that was never written.
    pub fn kind(&self) -> Result<AlarmKind, Problem> {
        self.kind.parse().map_err(unreadable("alarms.kind"))
    }
}

const ALARM: &str = "SELECT id, centre_code, kind, room_id, recording_id, since, opened_at, acknowledged_by,
                            acknowledged_at, closed_by, closed_at, remark, version FROM alarms";

/// Raises an alarm unless one of its kind is open for the recording; answers the new row.
///
/// # Errors
/// When the database is away.
pub async fn raise(
    tx: &mut Tx<'_>,
    recording: &Kept,
    kind: AlarmKind,
    since: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<Option<Uuid>, Problem> {
    let id = Uuid::new_v4();
    let raised = statement(
        "INSERT INTO alarms (id, centre_code, kind, room_id, recording_id, since, opened_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (recording_id, kind) WHERE closed_at IS NULL DO NOTHING",
    )
    .bind::<sql_types::Uuid, _>(id)
    .bind::<sql_types::Text, _>(&recording.centre_code)
    .bind::<sql_types::Text, _>(kind.as_ref())
    .bind::<sql_types::Uuid, _>(recording.room_id)
    .bind::<sql_types::Uuid, _>(recording.id)
    .bind::<sql_types::Timestamptz, _>(since)
    .bind::<sql_types::Timestamptz, _>(at)
    .execute(tx.conn())
    .await?;
    if raised == 0 {
        return Ok(None);
    }
    ring_floor(tx, &recording.centre_code).await?;
    Ok(Some(id))
}

/// The open alarm of a recording of one kind, held.
///
/// # Errors
/// When the database is away.
pub async fn open_alarm(
    tx: &mut Tx<'_>,
    recording: Uuid,
    kind: AlarmKind,
) -> Result<Option<KeptAlarm>, Problem> {
    Ok(statement(format!("{ALARM} WHERE recording_id = $1 AND kind = $2 AND closed_at IS NULL FOR UPDATE"))
        .bind::<sql_types::Uuid, _>(recording)
        .bind::<sql_types::Text, _>(kind.as_ref())
        .get_result(tx.conn())
        .await
        .optional()?)
}

/// An alarm, held.
///
/// # Errors
/// When the database is away.
pub async fn alarm_locked(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<KeptAlarm>, Problem> {
    Ok(statement(format!("{ALARM} WHERE id = $1 FOR UPDATE"))
        .bind::<sql_types::Uuid, _>(id)
        .get_result(tx.conn())
        .await
        .optional()?)
}

/// Saves what was done about an alarm, counts its version up and tells of it.
///
/// # Errors
/// When the database is away.
pub async fn save_alarm(tx: &mut Tx<'_>, alarm: &mut KeptAlarm) -> Result<(), Problem> {
    alarm.version += 1;
    statement(
        "UPDATE alarms SET acknowledged_by = $2, acknowledged_at = $3, closed_by = $4, closed_at = $5, remark = $6,
                version = $7 WHERE id = $1",
    )
    .bind::<sql_types::Uuid, _>(alarm.id)
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(alarm.acknowledged_by)
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(alarm.acknowledged_at)
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(alarm.closed_by)
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(alarm.closed_at)
    .bind::<sql_types::Nullable<sql_types::Text>, _>(alarm.remark.as_deref())
    .bind::<sql_types::BigInt, _>(alarm.version)
    .execute(tx.conn())
    .await?;
    ring_floor(tx, &alarm.centre_code).await
}

/// One page of a centre's alarms, newest first, and one more.
///
/// # Errors
/// When the database is away.
pub async fn alarms(
    conn: &mut AsyncPgConnection,
    centre: &str,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<KeptAlarm>, Problem> {
    Ok(statement(format!(
        "{ALARM} WHERE centre_code = $1 AND ($2::timestamptz IS NULL OR (opened_at, id) < ($2, $3))
          ORDER BY opened_at DESC, id DESC LIMIT $4"
    ))
    .bind::<sql_types::Text, _>(centre)
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(cursor.map(|cursor| cursor.at))
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(cursor.map(|cursor| cursor.id))
    .bind::<sql_types::BigInt, _>(limit + 1)
    .get_results(conn)
    .await?)
}
