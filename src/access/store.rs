//! SQL of doors, passes, lockers and the log.

pub mod sight;

use chrono::{DateTime, Utc};
use diesel::{OptionalExtension, QueryableByName, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::try_join;
use uuid::Uuid;

use super::model::{Belongings, Checked, Device, DoorPass, Standing};
use crate::{
    kernel::{
        Problem,
        id::{AccountId, RoomId},
    },
    platform::{
        db::{Tx, unreadable},
        http::Cursor,
        statement::{Statement, statement},
    },
};

#[derive(QueryableByName)]
struct Content {
    #[diesel(sql_type = sql_types::Binary)]
    content: Vec<u8>,
}

fn content_of(page: Uuid) -> Statement<'static> {
    statement("SELECT audit_content(g) AS content FROM door_pages g WHERE g.id = $1")
        .bind::<sql_types::Uuid, _>(page)
}

/// A line of the log to write.
#[derive(Debug)]
pub struct Line {
    /// The door.
    pub device: Uuid,
    /// Its centre.
    pub centre: String,
    /// Who stood there.
    pub account: Option<AccountId>,
    /// In what standing.
    pub standing: Standing,
    /// What the door was told.
    pub checked: Checked,
    /// The booking the answer hung on.
    pub booking: Option<Uuid>,
}

/// Writes a page of the log; the table itself makes the page's row, whose content for the record is answered. Both
/// statements go out together.
///
/// # Errors
/// When the database is away.
pub async fn write(
    mut conn: &AsyncPgConnection,
    page: Uuid,
    at: DateTime<Utc>,
    lines: &[Line],
) -> Result<Vec<u8>, Problem> {
    let written = statement(
        "INSERT INTO door_passes (id, page_id, at, centre_code, key_id, account_id, standing, allowed, reason, booking_id)
         SELECT id, $1, $2, centre, device, account, standing, allowed, reason, booking
           FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::bool[], $9::text[], $10::uuid[])
                AS line (id, centre, device, account, standing, allowed, reason, booking)",
    )
    .bind::<sql_types::Uuid, _>(page)
    .bind::<sql_types::Timestamptz, _>(at)
    .bind::<sql_types::Array<sql_types::Uuid>, _>(lines.iter().map(|_| Uuid::new_v4()).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Text>, _>(
        lines.iter().map(|line| line.centre.as_str()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Uuid>, _>(lines.iter().map(|line| line.device).collect::<Vec<_>>())
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
        lines.iter().map(|line| line.account).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(
        lines.iter().map(|line| line.standing.as_ref()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Bool>, _>(
        lines.iter().map(|line| line.checked.allow).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Text>, _>(
        lines.iter().map(|line| line.checked.reason.as_ref()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(
        lines.iter().map(|line| line.booking).collect::<Vec<_>>(),
    )
    .execute(&mut conn);
    let mut beside = conn;
    let content = async { content_of(page).get_result::<Content>(&mut beside).await.optional() };
    let (_, content) = try_join!(written, content)?;
    match content {
        Some(content) => Ok(content.content),
        // A text that was new to the connection has overtaken the other.
        None => Ok(content_of(page).get_result::<Content>(&mut conn).await?.content),
    }
}

#[derive(QueryableByName)]
struct PassRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Uuid)]
    key_id: Uuid,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    account_id: Option<AccountId>,
    #[diesel(sql_type = sql_types::Text)]
    standing: String,
    #[diesel(sql_type = sql_types::Bool)]
    allowed: bool,
    #[diesel(sql_type = sql_types::Text)]
    reason: String,
}

/// One page of a centre's log, newest first; one row more than `limit` tells that there are further.
///
/// # Errors
/// When the database is away.
pub async fn passes(
    conn: &mut AsyncPgConnection,
    centre: &str,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<DoorPass>, Problem> {
    let rows: Vec<PassRow> = statement(
        "SELECT id, at, key_id, account_id, standing, allowed, reason FROM door_passes
          WHERE centre_code = $1 AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3))
          ORDER BY at DESC, id DESC LIMIT $4",
    )
    .bind::<sql_types::Text, _>(centre)
    .bind::<sql_types::Nullable<sql_types::Timestamptz>, _>(cursor.map(|cursor| cursor.at))
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(cursor.map(|cursor| cursor.id))
    .bind::<sql_types::BigInt, _>(limit + 1)
    .get_results(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let standing: Standing = row.standing.parse().map_err(unreadable("door_passes.standing"))?;
            Ok(DoorPass {
                id: row.id,
                at: row.at,
                device_id: row.key_id,
                standing,
                account_id: row.account_id.filter(|_| standing.may_be_named()),
                allowed: row.allowed,
                reason: row.reason.parse().map_err(unreadable("door_passes.reason"))?,
            })
        })
        .collect()
}

#[derive(QueryableByName)]
struct DeviceRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Text)]
    centre_code: String,
    #[diesel(sql_type = sql_types::Text)]
    kind: String,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    room_id: Option<RoomId>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    area: Option<String>,
    #[diesel(sql_type = sql_types::Text)]
    name: String,
    #[diesel(sql_type = sql_types::Timestamptz)]
    made_at: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<DeviceRow> for Device {
    type Error = Problem;

    fn try_from(row: DeviceRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            centre: row.centre_code,
            kind: row.kind.parse().map_err(unreadable("access_keys.kind"))?,
            room_id: row.room_id,
            area: row.area.map(|area| area.parse().map_err(unreadable("access_keys.area"))).transpose()?,
            name: row.name,
            made_at: row.made_at,
            revoked_at: row.revoked_at,
        })
    }
}

const DEVICE: &str =
    "SELECT id, centre_code, kind, room_id, area, name, made_at, revoked_at FROM access_keys";

/// Devices of a centre, newest first.
///
/// # Errors
/// When the database is away.
pub async fn devices(conn: &mut AsyncPgConnection, centre: &str) -> Result<Vec<Device>, Problem> {
    let rows: Vec<DeviceRow> =
        statement(format!("{DEVICE} WHERE centre_code = $1 ORDER BY made_at DESC, id DESC LIMIT 1000"))
            .bind::<sql_types::Text, _>(centre)
            .get_results(conn)
            .await?;
    rows.into_iter().map(Device::try_from).collect()
}

/// A device by id.
///
/// # Errors
/// When the database is away.
pub async fn device(conn: &mut AsyncPgConnection, id: Uuid) -> Result<Option<Device>, Problem> {
    let row: Option<DeviceRow> = statement(format!("{DEVICE} WHERE id = $1"))
        .bind::<sql_types::Uuid, _>(id)
        .get_result(conn)
        .await
        .optional()?;
    row.map(Device::try_from).transpose()
}

/// The recorder that holds a key, unless it was taken back.
///
/// # Errors
/// When the database is away.
pub async fn recorder(conn: &mut AsyncPgConnection, key: &[u8; 32]) -> Result<Option<Device>, Problem> {
    let row: Option<DeviceRow> =
        statement(format!("{DEVICE} WHERE key_sha256 = $1 AND kind = 'recorder' AND revoked_at IS NULL"))
            .bind::<sql_types::Binary, _>(key.as_slice())
            .get_result(conn)
            .await
            .optional()?;
    row.map(Device::try_from).transpose()
}

/// Writes a device with the hash of its key; `room_kind` is the kind of its room.
///
/// # Errors
/// When the database is away.
pub async fn insert_device(
    tx: &mut Tx<'_>,
    device: &Device,
    room_kind: Option<&str>,
    key: &[u8; 32],
    by: AccountId,
) -> Result<(), Problem> {
    statement(
        "INSERT INTO access_keys (id, centre_code, kind, room_id, room_kind, area, name, key_sha256, made_by, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind::<sql_types::Uuid, _>(device.id)
    .bind::<sql_types::Text, _>(&device.centre)
    .bind::<sql_types::Text, _>(device.kind.as_ref())
    .bind::<sql_types::Nullable<sql_types::Uuid>, _>(device.room_id)
    .bind::<sql_types::Nullable<sql_types::Text>, _>(room_kind)
    .bind::<sql_types::Nullable<sql_types::Text>, _>(device.area.as_ref().map(AsRef::as_ref))
    .bind::<sql_types::Text, _>(&device.name)
    .bind::<sql_types::Binary, _>(key.as_slice())
    .bind::<sql_types::Uuid, _>(by)
    .bind::<sql_types::Timestamptz, _>(device.made_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes a key back; answers whether it was in use.
///
/// # Errors
/// When the database is away.
pub async fn revoke(tx: &mut Tx<'_>, id: Uuid, by: AccountId, at: DateTime<Utc>) -> Result<bool, Problem> {
    let revoked = statement(
        "UPDATE access_keys SET revoked_by = $2, revoked_at = $3 WHERE id = $1 AND revoked_at IS NULL",
    )
    .bind::<sql_types::Uuid, _>(id)
    .bind::<sql_types::Uuid, _>(by)
    .bind::<sql_types::Timestamptz, _>(at)
    .execute(tx.conn())
    .await?;
    Ok(revoked > 0)
}

/// A pass or card to write.
#[derive(Debug)]
pub struct NewPass {
    /// Row.
    pub id: Uuid,
    /// For whom.
    pub account: AccountId,
    /// SHA-256 of what readers read.
    pub token: [u8; 32],
    /// Of a card: the centre whose desk bound it.
    pub card_of: Option<String>,
    /// By whom.
    pub by: AccountId,
    /// When.
    pub at: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Writes a pass.
///
/// # Errors
/// The database's own error, so that the service can name a token in use.
pub async fn insert_pass(tx: &mut Tx<'_>, pass: &NewPass) -> Result<(), diesel::result::Error> {
    statement(
        "INSERT INTO access_passes (id, account_id, token_sha256, card_of, issued_by, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<sql_types::Uuid, _>(pass.id)
    .bind::<sql_types::Uuid, _>(pass.account)
    .bind::<sql_types::Binary, _>(pass.token.as_slice())
    .bind::<sql_types::Nullable<sql_types::Text>, _>(pass.card_of.as_deref())
    .bind::<sql_types::Uuid, _>(pass.by)
    .bind::<sql_types::Timestamptz, _>(pass.at)
    .bind::<sql_types::Timestamptz, _>(pass.until)
    .execute(tx.conn())
    .await
    .map(drop)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}

/// Ends what stands for a token (a card that is bound anew), and answers the rows.
///
/// # Errors
/// When the database is away.
pub async fn end_token(tx: &mut Tx<'_>, token: &[u8; 32], at: DateTime<Utc>) -> Result<Vec<Uuid>, Problem> {
    let rows: Vec<Row> = statement(
        "UPDATE access_passes SET ended_at = $2 WHERE token_sha256 = $1 AND ended_at IS NULL
            AND card_of IS NOT NULL RETURNING id",
    )
    .bind::<sql_types::Binary, _>(token.as_slice())
    .bind::<sql_types::Timestamptz, _>(at)
    .get_results(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = sql_types::Uuid)]
    account_id: AccountId,
}

/// For whom a pass or card stands.
///
/// # Errors
/// When the database is away.
pub async fn holder(
    conn: &mut AsyncPgConnection,
    token: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<AccountId>, Problem> {
    let row: Option<Holder> = statement(
        "SELECT p.account_id FROM access_passes p JOIN accounts a ON a.id = p.account_id AND a.disabled_at IS NULL
          WHERE p.token_sha256 = $1 AND p.ended_at IS NULL AND p.expires_at > $2",
    )
    .bind::<sql_types::Binary, _>(token.as_slice())
    .bind::<sql_types::Timestamptz, _>(now)
    .get_result(conn)
    .await
    .optional()?;
    Ok(row.map(|row| row.account_id))
}

/// A seat whose evaluation is booked at a centre.
#[derive(Debug, QueryableByName)]
pub struct BookedSeat {
    /// The seat.
    #[diesel(sql_type = sql_types::Uuid)]
    pub seat: Uuid,
    /// Its tender.
    #[diesel(sql_type = sql_types::Uuid)]
    pub tender: Uuid,
}

/// The seat an account sits on whose evaluation rooms at the centre are booked around `now`, the next first.
///
/// # Errors
/// When the database is away.
pub async fn booked_seat(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    centre: &str,
    now: DateTime<Utc>,
    lead_minutes: i32,
) -> Result<Option<BookedSeat>, Problem> {
    Ok(statement(
        "SELECT c.id AS seat, c.tender_id AS tender FROM committee_seats c
           JOIN bookings b ON b.tender_id = c.tender_id AND b.live AND b.state <> 'requested' AND b.centre_code = $2
           JOIN booking_slots s ON s.booking_id = b.id AND s.kind IN ('evaluation', 'rest')
          WHERE c.account_id = $1 AND c.state IN ('called', 'checkedIn') AND s.ended_at IS NULL
            AND CASE WHEN s.overran_at IS NULL THEN s.during ELSE s.blocked END && tstzrange($3, $3 + make_interval(mins => $4), '[]')
          ORDER BY lower(s.during) LIMIT 1",
    )
    .bind::<sql_types::Uuid, _>(account)
    .bind::<sql_types::Text, _>(centre)
    .bind::<sql_types::Timestamptz, _>(now)
    .bind::<sql_types::Integer, _>(lead_minutes)
    .get_result(conn)
    .await
    .optional()?)
}

/// A deposit with its place, and what its return hangs on.
#[derive(Debug, QueryableByName)]
pub struct Kept {
    /// Row.
    #[diesel(sql_type = sql_types::Uuid)]
    pub id: Uuid,
    /// The centre.
    #[diesel(sql_type = sql_types::Text)]
    pub centre_code: String,
    /// Locker.
    #[diesel(sql_type = sql_types::Integer)]
    pub locker: i32,
    /// Receipt.
    #[diesel(sql_type = sql_types::Text)]
    pub receipt: String,
    /// When they came in.
    #[diesel(sql_type = sql_types::Timestamptz)]
    pub deposited_at: DateTime<Utc>,
    /// When they went out.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Timestamptz>)]
    pub returned_at: Option<DateTime<Utc>>,
    /// Why early.
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    pub reason: Option<String>,
    /// Whether the committee's report is signed by all.
    #[diesel(sql_type = sql_types::Bool)]
    pub signed: bool,
    /// Whether the member was replaced or the procedure has ended without a report.
    #[diesel(sql_type = sql_types::Bool)]
    pub discharged: bool,
}

impl Kept {
    /// As it is shown.
    pub fn view(self) -> Belongings {
        Belongings {
            id: self.id,
            locker: self.locker,
            receipt: self.receipt,
            deposited_at: self.deposited_at,
            returned_at: self.returned_at,
            reason: self.reason,
        }
    }
}

const KEPT: &str = "
    SELECT l.id, l.centre_code, l.locker, l.receipt, l.deposited_at, l.returned_at, l.reason,
           EXISTS (SELECT FROM evaluations e WHERE e.tender_id = l.tender_id AND e.signed_at IS NOT NULL) AS signed,
           (c.state = 'replaced' OR t.phase IN ('failed', 'terminated')) AS discharged
      FROM locker_deposits l JOIN committee_seats c ON c.id = l.seat_id JOIN tenders t ON t.id = l.tender_id";

/// LockersInUse of a centre that were not given back, by locker.
///
/// # Errors
/// When the database is away.
pub async fn deposits(conn: &mut AsyncPgConnection, centre: &str) -> Result<Vec<Kept>, Problem> {
    Ok(statement(format!("{KEPT} WHERE l.centre_code = $1 AND l.returned_at IS NULL ORDER BY l.locker"))
        .bind::<sql_types::Text, _>(centre)
        .get_results(conn)
        .await?)
}

/// A deposit, held to the end of the transaction.
///
/// # Errors
/// When the database is away.
pub async fn deposit_locked(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Kept>, Problem> {
    Ok(statement(format!("{KEPT} WHERE l.id = $1 FOR UPDATE OF l"))
        .bind::<sql_types::Uuid, _>(id)
        .get_result(tx.conn())
        .await
        .optional()?)
}

/// A deposit to write.
#[derive(Debug)]
pub struct Deposited<'a> {
    /// Row.
    pub id: Uuid,
    /// Centre.
    pub centre: &'a str,
    /// Locker.
    pub locker: i32,
    /// Receipt.
    pub receipt: &'a str,
    /// Whose seat, of which tender.
    pub seat: &'a BookedSeat,
    /// Whose belongings.
    pub account: AccountId,
    /// Who took them in.
    pub by: AccountId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Writes a deposit.
///
/// # Errors
/// The database's own error, so that the service can name a locker or seat in use.
pub async fn insert_deposit(tx: &mut Tx<'_>, new: &Deposited<'_>) -> Result<(), diesel::result::Error> {
    statement(
        "INSERT INTO locker_deposits
             (id, centre_code, locker, receipt, seat_id, account_id, tender_id, deposited_by, deposited_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind::<sql_types::Uuid, _>(new.id)
    .bind::<sql_types::Text, _>(new.centre)
    .bind::<sql_types::Integer, _>(new.locker)
    .bind::<sql_types::Text, _>(new.receipt)
    .bind::<sql_types::Uuid, _>(new.seat.seat)
    .bind::<sql_types::Uuid, _>(new.account)
    .bind::<sql_types::Uuid, _>(new.seat.tender)
    .bind::<sql_types::Uuid, _>(new.by)
    .bind::<sql_types::Timestamptz, _>(new.at)
    .execute(tx.conn())
    .await
    .map(drop)
}

/// Notes that a deposit was given back.
///
/// # Errors
/// When the database is away.
pub async fn give_back(
    tx: &mut Tx<'_>,
    id: Uuid,
    by: AccountId,
    at: DateTime<Utc>,
    reason: Option<&str>,
) -> Result<(), Problem> {
    statement("UPDATE locker_deposits SET returned_by = $2, returned_at = $3, reason = $4 WHERE id = $1")
        .bind::<sql_types::Uuid, _>(id)
        .bind::<sql_types::Uuid, _>(by)
        .bind::<sql_types::Timestamptz, _>(at)
        .bind::<sql_types::Nullable<sql_types::Text>, _>(reason)
        .execute(tx.conn())
        .await?;
    Ok(())
}
