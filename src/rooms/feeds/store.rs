//! Calendar feeds in the database, and the slots they show.

use std::ops::Bound;

use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable, QueryableByName, Selectable,
    SelectableHelper as _, sql_types,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use serde_json::Value;
use uuid::Uuid;

use super::{Feed, Scope, calendar::Visit};
use crate::{
    kernel::{
        Problem,
        id::{AccountId, OrganisationId, RoomId, TenderId},
    },
    platform::{
        db::{Tx, unreadable},
        statement::statement,
    },
    rooms::model::Span,
    schema::calendar_feeds,
    tenders,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = calendar_feeds)]
struct Row {
    id: Uuid,
    account_id: AccountId,
    room_id: Option<RoomId>,
    centre_code: Option<String>,
    organisation_id: Option<OrganisationId>,
    language: String,
    made_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl Row {
    fn read(self) -> Result<Feed, Problem> {
        let of = match (self.room_id, self.centre_code, self.organisation_id) {
            (Some(room), ..) => Scope::Room(room),
            (_, Some(centre), _) => Scope::Centre(centre),
            (.., Some(organisation)) => Scope::Organisation(organisation),
            (None, None, None) => {
                return Err(Problem::internal(anyhow::anyhow!("feed {} of nothing", self.id)));
            }
        };
        Ok(Feed {
            id: self.id,
            account: self.account_id,
            of,
            language: self.language.parse().map_err(unreadable("calendar_feeds.language"))?,
            made_at: self.made_at,
            ended_at: self.ended_at,
        })
    }
}

pub(super) async fn insert(tx: &mut Tx<'_>, feed: &Feed, key: &[u8; 32]) -> Result<(), Problem> {
    let (room, centre, organisation) = match &feed.of {
        Scope::Room(room) => (Some(*room), None, None),
        Scope::Centre(centre) => (None, Some(centre), None),
        Scope::Organisation(organisation) => (None, None, Some(*organisation)),
    };
    diesel::insert_into(calendar_feeds::table)
        .values((
            calendar_feeds::id.eq(feed.id),
            calendar_feeds::key_sha256.eq(key.as_slice()),
            calendar_feeds::account_id.eq(feed.account),
            calendar_feeds::room_id.eq(room),
            calendar_feeds::centre_code.eq(centre),
            calendar_feeds::organisation_id.eq(organisation),
            calendar_feeds::language.eq(feed.language.as_ref()),
            calendar_feeds::made_at.eq(feed.made_at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn of_account(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Vec<Feed>, Problem> {
    let rows: Vec<Row> = calendar_feeds::table
        .filter(calendar_feeds::account_id.eq(account))
        .order((calendar_feeds::made_at.desc(), calendar_feeds::id.desc()))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

pub(super) async fn by_key(conn: &mut AsyncPgConnection, key: &[u8; 32]) -> Result<Option<Feed>, Problem> {
    let row: Option<Row> = calendar_feeds::table
        .filter(calendar_feeds::key_sha256.eq(key.as_slice()))
        .select(Row::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(Row::read).transpose()
}

pub(super) async fn lock(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Feed>, Problem> {
    let row: Option<Row> = calendar_feeds::table
        .find(id)
        .select(Row::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    row.map(Row::read).transpose()
}

pub(super) async fn end(tx: &mut Tx<'_>, id: Uuid, at: DateTime<Utc>) -> Result<(), Problem> {
    diesel::update(calendar_feeds::table.find(id))
        .set(calendar_feeds::ended_at.eq(at))
        .execute(tx.conn())
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct VisitRow {
    #[diesel(sql_type = sql_types::Uuid)]
    slot: Uuid,
    #[diesel(sql_type = sql_types::BigInt)]
    version: i64,
    #[diesel(sql_type = sql_types::Timestamptz)]
    begins: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Timestamptz)]
    ends: DateTime<Utc>,
    #[diesel(sql_type = sql_types::Text)]
    state: String,
    #[diesel(sql_type = sql_types::Uuid)]
    tender: TenderId,
    #[diesel(sql_type = sql_types::Text)]
    kind: String,
    #[diesel(sql_type = sql_types::Jsonb)]
    room: Value,
}

/// The slots within a scope and time that stand or stood, with the names of their tenders.
pub(super) async fn visits(
    conn: &mut AsyncPgConnection,
    of: &Scope,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Visit>, Problem> {
    let (condition, value) = match of {
        Scope::Room(room) => (
            "s.centre_code = (SELECT centre_code FROM rooms WHERE id = $1::uuid) AND s.room_id = $1::uuid",
            room.to_string(),
        ),
        Scope::Centre(centre) => ("s.centre_code = $1", centre.clone()),
        Scope::Organisation(organisation) => ("b.organisation_id = $1::uuid", organisation.to_string()),
    };
    let rows: Vec<VisitRow> = statement(format!(
        "SELECT s.id AS slot, b.version, lower(s.during) AS begins, upper(s.during) AS ends, b.state,
                b.tender_id AS tender, s.kind, r.name AS room
           FROM booking_slots s JOIN bookings b ON b.id = s.booking_id JOIN rooms r ON r.id = s.room_id
          WHERE {condition} AND s.during && $2
            AND b.state IN ('requested', 'confirmed', 'inUse', 'overrun', 'released')
          ORDER BY lower(s.during), s.id"
    ))
    .bind::<sql_types::Text, _>(value)
    .bind::<sql_types::Range<sql_types::Timestamptz>, _>((Bound::Included(from), Bound::Excluded(to)))
    .get_results(conn)
    .await?;
    let mut asked: Vec<_> = rows.iter().map(|row| row.tender).collect();
    asked.sort_unstable();
    asked.dedup();
    let titles = tenders::titles(conn, &asked).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Visit {
                slot: row.slot,
                version: row.version,
                during: Span::new(row.begins, row.ends),
                state: row.state.parse().map_err(unreadable("bookings.state"))?,
                title: titles.get(&row.tender).cloned().unwrap_or_default(),
                kind: row.kind.parse().map_err(unreadable("booking_slots.kind"))?,
                room: serde_json::from_value(row.room).map_err(unreadable("rooms.name"))?,
            })
        })
        .collect()
}
