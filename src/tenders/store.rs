//! Tenders in the database.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    AsChangeset, BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, NullableExpressionMethods,
    OptionalExtension, PgExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper, dsl::sql,
    expression::SqlLiteral, sql_types,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    kernel::{
        Category, Problem, Say, Uscc,
        codes::{DealCode, ProjectCode, TenderCode, TradeClass, WrongCode},
        id::{BookingId, ProjectId, TenderId},
    },
    law::{Event, Facts},
    ledger::tree::Disclosed,
    platform::{
        db::{Tx, unreadable},
        http::Cursor,
    },
    projects::{
        serials::{next_serial, used_up},
        store::Reach,
    },
    schema::{projects, tender_clarifications, tender_events, tender_intake, tender_places, tenders},
    tenders::{
        lifecycle::TenderPhase,
        model::{Clarification, Close, DocumentApproval, Happened, Place, PlaceView, Tender, TenderLine},
    },
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = tenders, treat_none_as_default_value = false, treat_none_as_null = true)]
struct TenderRow {
    id: TenderId,
    code: String,
    project_id: ProjectId,
    lot_no: i32,
    round: i32,
    centre_code: String,
    document_code: Option<String>,
    deal_code: Option<String>,
    title: String,
    procedure_id: String,
    document: Value,
    document_hash: Vec<u8>,
    approved_hash: Option<Vec<u8>>,
    approved_by: Option<Uuid>,
    approved_at: Option<DateTime<Utc>>,
    offered_until: DateTime<Utc>,
    deadline: DateTime<Utc>,
    phase: String,
    published_at: Option<DateTime<Utc>>,
    law_on: Option<NaiveDate>,
    closed_at: Option<DateTime<Utc>>,
    bid_count: Option<i32>,
    bid_root: Option<Vec<u8>>,
    opening_began_at: Option<DateTime<Utc>>,
    opened_at: Option<DateTime<Utc>>,
    ended_reason: Option<String>,
    ended_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    created_by: Uuid,
    version: i64,
}

/// A tender as it is read: its row, and what its events say of it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tenders)]
struct Stored {
    #[diesel(embed)]
    row: TenderRow,
    #[diesel(select_expression = sql::<sql_types::Bool>(UNTOLD))]
    #[diesel(select_expression_type = SqlLiteral<sql_types::Bool>)]
    untold: bool,
}

/// Whether an award is decided and its result not announced.
const UNTOLD: &str = "tenders.phase = 'awarded' AND NOT EXISTS (
    SELECT FROM tender_events told WHERE told.tender_id = tenders.id AND told.event = 'resultPublished')";

fn digest(bytes: Vec<u8>, place: &'static str) -> Result<[u8; 32], Problem> {
    bytes.try_into().map_err(unreadable::<Vec<u8>>(place))
}

fn code_of<T: TryFrom<String, Error = WrongCode>>(
    text: Option<String>,
    place: &'static str,
) -> Result<Option<T>, Problem> {
    text.map(T::try_from).transpose().map_err(unreadable(place))
}

fn approval_of(row: &TenderRow) -> Result<Option<DocumentApproval>, Problem> {
    match (&row.approved_hash, row.approved_by, row.approved_at) {
        (Some(hash), Some(by), Some(at)) => {
            Ok(Some(DocumentApproval { hash: digest(hash.clone(), "tenders.approved_hash")?, by, at }))
        }
        _ => Ok(None),
    }
}

fn close_of(row: &TenderRow) -> Result<Option<Close>, Problem> {
    match (row.closed_at, row.bid_count, &row.bid_root) {
        (Some(at), Some(bid_count), Some(root)) => {
            Ok(Some(Close { at, bid_count, bid_root: digest(root.clone(), "tenders.bid_root")? }))
        }
        _ => Ok(None),
    }
}

impl TryFrom<Stored> for Tender {
    type Error = Problem;

    fn try_from(Stored { row, untold }: Stored) -> Result<Self, Problem> {
        Ok(Self {
            untold,
            approval: approval_of(&row)?,
            close: close_of(&row)?,
            id: row.id,
            code: row.code.try_into().map_err(unreadable("tenders.code"))?,
            document_code: code_of(row.document_code, "tenders.document_code")?,
            deal_code: code_of(row.deal_code, "tenders.deal_code")?,
            project: row.project_id,
            lot_no: row.lot_no,
            round: row.round,
            centre_code: row.centre_code,
            title: row.title,
            procedure_id: row.procedure_id,
            document: serde_json::from_value(row.document).map_err(unreadable("tenders.document"))?,
            document_hash: digest(row.document_hash, "tenders.document_hash")?,
            offered_until: row.offered_until,
            deadline: row.deadline,
            phase: row.phase.parse().map_err(unreadable("tenders.phase"))?,
            published_at: row.published_at,
            law_on: row.law_on,
            opening_began_at: row.opening_began_at,
            opened_at: row.opened_at,
            ended: row.ended_reason.zip(row.ended_at),
            created_at: row.created_at,
            created_by: row.created_by,
            version: row.version,
        })
    }
}

fn row_of(tender: &Tender) -> Result<TenderRow, Problem> {
    Ok(TenderRow {
        id: tender.id,
        code: tender.code.to_string(),
        document_code: tender.document_code.clone().map(String::from),
        deal_code: tender.deal_code.clone().map(String::from),
        project_id: tender.project,
        lot_no: tender.lot_no,
        round: tender.round,
        centre_code: tender.centre_code.clone(),
        title: tender.title.clone(),
        procedure_id: tender.procedure_id.clone(),
        document: tender.document.to_json()?,
        document_hash: tender.document_hash.to_vec(),
        approved_hash: tender.approval.map(|approval| approval.hash.to_vec()),
        approved_by: tender.approval.map(|approval| approval.by),
        approved_at: tender.approval.map(|approval| approval.at),
        offered_until: tender.offered_until,
        deadline: tender.deadline,
        phase: tender.phase.to_string(),
        published_at: tender.published_at,
        law_on: tender.law_on,
        closed_at: tender.close.map(|close| close.at),
        bid_count: tender.close.map(|close| close.bid_count),
        bid_root: tender.close.map(|close| close.bid_root.to_vec()),
        opening_began_at: tender.opening_began_at,
        opened_at: tender.opened_at,
        ended_reason: tender.ended.as_ref().map(|(reason, _)| reason.clone()),
        ended_at: tender.ended.as_ref().map(|(_, at)| *at),
        created_at: tender.created_at,
        created_by: tender.created_by,
        version: tender.version,
    })
}

/// A new 招标项目编号 of a project.
///
/// # Errors
/// When the database is away, `wrong-state` when the project's thousand is used up.
pub async fn next_code(tx: &mut Tx<'_>, project: &ProjectCode) -> Result<TenderCode, Problem> {
    let stem = project.as_str().trim_start_matches('I');
    let serial = next_serial(tx, &format!("tender {stem}")).await?;
    project.tender(serial).map_err(|why| used_up(&why).into())
}

/// A new 统一交易标识码 of a platform's day.
///
/// # Errors
/// When the database is away, `wrong-state` when the day's million is used up.
pub async fn next_deal(
    tx: &mut Tx<'_>,
    class: &TradeClass,
    platform: &Uscc,
    day: NaiveDate,
) -> Result<DealCode, Problem> {
    let serial = next_serial(tx, &format!("deal {platform} {day}")).await?;
    DealCode::of(class, platform, day, serial).map_err(|why| used_up(&why).into())
}

/// The round the next tender of a lot would be: one more than those that ended without an award.
///
/// # Errors
/// When the database is away.
pub async fn rounds(
    tx: &mut Tx<'_>,
    project: ProjectId,
    lot_no: i32,
) -> Result<Vec<(i32, TenderPhase)>, Problem> {
    let rows: Vec<(i32, String)> = tenders::table
        .filter(tenders::project_id.eq(project).and(tenders::lot_no.eq(lot_no)))
        .order(tenders::round)
        .select((tenders::round, tenders::phase))
        .load(tx.conn())
        .await?;
    rows.into_iter()
        .map(|(round, phase)| Ok((round, phase.parse().map_err(unreadable("tenders.phase"))?)))
        .collect()
}

/// Writes a new draft.
///
/// # Errors
/// The database's own, so that the service can name a lot that does not exist.
pub async fn insert(tx: &mut Tx<'_>, tender: &Tender) -> Result<Result<(), diesel::result::Error>, Problem> {
    let row = row_of(tender)?;
    Ok(diesel::insert_into(tenders::table).values(&row).execute(tx.conn()).await.map(drop))
}

/// Saves a tender and counts its version up.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn update(tx: &mut Tx<'_>, tender: &mut Tender) -> Result<(), Problem> {
    tender.version += 1;
    let row = row_of(tender)?;
    diesel::update(tenders::table.find(tender.id)).set(&row).execute(tx.conn()).await?;
    Ok(())
}

/// Reads a tender.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut AsyncPgConnection, id: TenderId) -> Result<Option<Tender>, Problem> {
    let row = tenders::table.find(id).select(Stored::as_select()).first(conn).await.optional()?;
    row.map(Tender::try_from).transpose()
}

/// Reads a tender and holds its row to the end of the transaction.
///
/// # Errors
/// When the database is away.
pub async fn find_locked(tx: &mut Tx<'_>, id: TenderId) -> Result<Option<Tender>, Problem> {
    let row = tenders::table
        .find(id)
        .select(Stored::as_select())
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?;
    row.map(Tender::try_from).transpose()
}

/// Tenders of a project, first to last.
///
/// # Errors
/// When the database is away.
pub async fn of_project(conn: &mut AsyncPgConnection, project: ProjectId) -> Result<Vec<Tender>, Problem> {
    let rows: Vec<Stored> = tenders::table
        .filter(tenders::project_id.eq(project))
        .order((tenders::lot_no, tenders::round))
        .select(Stored::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Tender::try_from).collect()
}

/// Tenders of which the public log may show entries: those whose opening has begun, and those that have ended.
///
/// # Errors
/// When the database is away.
pub async fn disclosed(conn: &mut AsyncPgConnection) -> Result<Disclosed, Problem> {
    let ends =
        [TenderPhase::Contracted, TenderPhase::Concluded, TenderPhase::Failed, TenderPhase::Terminated];
    let ends: Vec<&str> = ends.iter().map(AsRef::as_ref).collect();
    let opened = tenders::table.filter(tenders::opening_began_at.is_not_null()).select(tenders::id);
    let ended = tenders::table.filter(tenders::phase.eq_any(ends)).select(tenders::id);
    Ok(Disclosed { opened: opened.load(conn).await?, ended: ended.load(conn).await? })
}

/// Tenders whose notice is out and whose last duty is not done yet, by number.
///
/// # Errors
/// When the database is away.
pub async fn under_way(conn: &mut AsyncPgConnection) -> Result<Vec<Tender>, Problem> {
    let done = [TenderPhase::Draft, TenderPhase::Concluded, TenderPhase::Failed, TenderPhase::Terminated];
    let rows: Vec<Stored> = tenders::table
        .filter(tenders::phase.ne_all(done.map(|phase| phase.to_string())))
        .order(tenders::code)
        .select(Stored::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Tender::try_from).collect()
}

/// Opens the intake of a published tender: the row its submissions lock.
///
/// # Errors
/// When the database is away.
pub async fn open_intake(tx: &mut Tx<'_>, tender: TenderId, at: DateTime<Utc>) -> Result<(), Problem> {
    diesel::insert_into(tender_intake::table)
        .values((
            tender_intake::tender_id.eq(tender),
            tender_intake::last_at.eq(at),
            tender_intake::bid_n.eq(0),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Adds an event and answers its row id.
///
/// # Errors
/// When the database is away.
pub async fn insert_event(
    tx: &mut Tx<'_>,
    tender: TenderId,
    event: Event,
    at: DateTime<Utc>,
    late_rule: Option<&str>,
) -> Result<Uuid, Problem> {
    let id = Uuid::new_v4();
    diesel::insert_into(tender_events::table)
        .values((
            tender_events::id.eq(id),
            tender_events::tender_id.eq(tender),
            tender_events::event.eq(event.as_ref()),
            tender_events::at.eq(at),
            tender_events::late_rule.eq(late_rule),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// Everything that happened to a tender so far, with the deadline it has now. Of repeated events the last counts.
///
/// # Errors
/// When the database is away.
pub async fn facts(conn: &mut AsyncPgConnection, tender: &Tender) -> Result<Facts, Problem> {
    let rows: Vec<(String, DateTime<Utc>)> = tender_events::table
        .filter(tender_events::tender_id.eq(tender.id))
        .order(tender_events::at)
        .select((tender_events::event, tender_events::at))
        .load(conn)
        .await?;
    let mut facts = Facts::new();
    for (event, at) in rows {
        facts.insert(event.parse().map_err(unreadable("tender_events.event"))?, at);
    }
    facts.insert(Event::Deadline, tender.deadline);
    facts.insert(Event::DocumentsClosed, tender.offered_until);
    Ok(facts)
}

/// Everything that happened to a tender, first to last, repeated events too.
///
/// # Errors
/// When the database is away.
pub async fn events(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Happened>, Problem> {
    let rows: Vec<(String, DateTime<Utc>, Option<String>)> = tender_events::table
        .filter(tender_events::tender_id.eq(tender))
        .order((tender_events::at, tender_events::event))
        .select((tender_events::event, tender_events::at, tender_events::late_rule))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(event, at, late_rule)| {
            Ok(Happened { event: event.parse().map_err(unreadable("tender_events.event"))?, at, late_rule })
        })
        .collect()
}

/// Fixes a place and answers its row id.
///
/// # Errors
/// When the database is away.
pub async fn insert_place(
    tx: &mut Tx<'_>,
    tender: TenderId,
    place: &Place,
    now: DateTime<Utc>,
) -> Result<Uuid, Problem> {
    let id = Uuid::new_v4();
    diesel::insert_into(tender_places::table)
        .values((
            tender_places::id.eq(id),
            tender_places::tender_id.eq(tender),
            tender_places::booking_id.eq(place.booking.0),
            tender_places::room_code.eq(&place.room_code),
            tender_places::room_name.eq(serde_json::json!(place.room_name)),
            tender_places::opens_at.eq(place.opens_at),
            tender_places::fixed_at.eq(now),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// Gives up the places of a booking and answers their row ids.
///
/// # Errors
/// When the database is away.
pub async fn give_up_places(
    tx: &mut Tx<'_>,
    tender: TenderId,
    booking: BookingId,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, Problem> {
    let standing = tender_places::table.filter(
        tender_places::tender_id
            .eq(tender)
            .and(tender_places::booking_id.eq(booking.0))
            .and(tender_places::given_up_at.is_null()),
    );
    Ok(diesel::update(standing)
        .set(tender_places::given_up_at.eq(Some(now)))
        .returning(tender_places::id)
        .get_results(tx.conn())
        .await?)
}

/// The standing place whose slot starts at `opens_at`.
///
/// # Errors
/// When the database is away.
pub async fn place_at(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
    opens_at: DateTime<Utc>,
) -> Result<Option<PlaceView>, Problem> {
    let row: Option<(String, Value, DateTime<Utc>)> = tender_places::table
        .filter(
            tender_places::tender_id
                .eq(tender)
                .and(tender_places::opens_at.eq(opens_at))
                .and(tender_places::given_up_at.is_null()),
        )
        .select((tender_places::room_code, tender_places::room_name, tender_places::opens_at))
        .first(conn)
        .await
        .optional()?;
    row.map(|(room_code, room_name, opens_at)| {
        let room_name = serde_json::from_value(room_name).map_err(unreadable("tender_places.room_name"))?;
        Ok(PlaceView { room_code, room_name, opens_at })
    })
    .transpose()
}

/// Adds a clarification and answers its row id and number.
///
/// # Errors
/// When the database is away.
pub async fn insert_clarification(
    tx: &mut Tx<'_>,
    tender: TenderId,
    text: &str,
    affects_bids: bool,
    by: Uuid,
    now: DateTime<Utc>,
) -> Result<(Uuid, i32), Problem> {
    let id = Uuid::new_v4();
    let last: Option<i32> = tender_clarifications::table
        .filter(tender_clarifications::tender_id.eq(tender))
        .select(diesel::dsl::max(tender_clarifications::no))
        .first(tx.conn())
        .await?;
    let no = last.unwrap_or(0) + 1;
    diesel::insert_into(tender_clarifications::table)
        .values((
            tender_clarifications::id.eq(id),
            tender_clarifications::tender_id.eq(tender),
            tender_clarifications::no.eq(no),
            tender_clarifications::text.eq(text),
            tender_clarifications::affects_bids.eq(affects_bids),
            tender_clarifications::published_at.eq(now),
            tender_clarifications::published_by.eq(by),
        ))
        .execute(tx.conn())
        .await?;
    Ok((id, no))
}

/// A tender's clarifications in order.
///
/// # Errors
/// When the database is away.
pub async fn clarifications(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
) -> Result<Vec<Clarification>, Problem> {
    let rows: Vec<(i32, String, bool, DateTime<Utc>)> = tender_clarifications::table
        .filter(tender_clarifications::tender_id.eq(tender))
        .order(tender_clarifications::no)
        .select((
            tender_clarifications::no,
            tender_clarifications::text,
            tender_clarifications::affects_bids,
            tender_clarifications::published_at,
        ))
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(no, text, affects_bids, published_at)| Clarification { no, text, affects_bids, published_at })
        .collect())
}

/// The titles of tenders, published or not: whoever asks has asked first who may read them.
///
/// # Errors
/// When the database is away.
pub async fn titles(
    conn: &mut AsyncPgConnection,
    ids: &[TenderId],
) -> Result<HashMap<TenderId, String>, Problem> {
    let rows: Vec<(TenderId, String)> = tenders::table
        .filter(tenders::id.eq_any(ids))
        .select((tenders::id, tenders::title))
        .load(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// One page of tenders, newest first; one row more than `limit` tells that there are further.
///
/// # Errors
/// When the database is away.
pub async fn list(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<TenderLine>, Problem> {
    let mut query = tenders::table
        .inner_join(projects::table.on(projects::id.eq(tenders::project_id)))
        .select(TenderRow::as_select())
        .order((tenders::created_at.desc(), tenders::id.desc()))
        .limit(limit + 1)
        .into_boxed();
    query = match reach {
        Reach::Published => query.filter(tenders::published_at.is_not_null()),
        Reach::Of(body) => query.filter(
            projects::purchaser_id.eq(*body).or(projects::agency_id.is_not_distinct_from(Some(*body))),
        ),
        Reach::At(centre) => query.filter(tenders::centre_code.eq(centre.clone())),
        Reach::All => query,
    };
    if let Some(Cursor { at, id }) = cursor {
        let tie = tenders::created_at.lt(at).or(tenders::id.lt(TenderId(id)));
        query = query.filter(tenders::created_at.le(at).and(tie));
    }
    let rows: Vec<TenderRow> = query.load(conn).await?;
    rows.into_iter()
        .map(|row| {
            Ok(TenderLine {
                id: row.id,
                code: row.code.try_into().map_err(unreadable("tenders.code"))?,
                project_id: row.project_id,
                title: row.title,
                centre_code: row.centre_code,
                phase: row.phase.parse().map_err(unreadable("tenders.phase"))?,
                deadline: row.deadline,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// A line of the board of openings.
#[derive(Debug, Clone)]
pub struct BoardLine {
    /// The project.
    pub project: ProjectId,
    /// Title of the tender.
    pub title: String,
    /// When its bids close and its opening begins.
    pub deadline: DateTime<Utc>,
    /// Where it stands.
    pub phase: TenderPhase,
    /// Name of the room of its opening.
    pub room: Option<Say>,
}

/// Project, title, deadline, centre and the room's name as a row of the board.
type BoardRow = (ProjectId, String, DateTime<Utc>, String, Option<Value>);

/// Published tenders that open from `from` on and before `to`, by time; drafts are never among them.
///
/// # Errors
/// When the database is away.
pub async fn board(
    conn: &mut AsyncPgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<BoardLine>, Problem> {
    let place = tender_places::tender_id
        .eq(tenders::id)
        .and(tender_places::opens_at.eq(tenders::deadline))
        .and(tender_places::given_up_at.is_null());
    let rows: Vec<BoardRow> = tenders::table
        .left_join(tender_places::table.on(place))
        .filter(
            tenders::published_at.is_not_null().and(tenders::deadline.ge(from)).and(tenders::deadline.lt(to)),
        )
        .order((tenders::deadline, tenders::code))
        .select((
            tenders::project_id,
            tenders::title,
            tenders::deadline,
            tenders::phase,
            tender_places::room_name.nullable(),
        ))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(project, title, deadline, phase, room)| {
            Ok(BoardLine {
                project,
                title,
                deadline,
                phase: phase.parse().map_err(unreadable("tenders.phase"))?,
                room: room
                    .map(|name| serde_json::from_value(name).map_err(unreadable("tender_places.room_name")))
                    .transpose()?,
            })
        })
        .collect()
}

/// Deadlines of those of `tenders` that are published and take bids still.
///
/// # Errors
/// When the database is away.
pub async fn open_deadlines(
    conn: &mut AsyncPgConnection,
    tenders: &[TenderId],
) -> Result<HashMap<TenderId, DateTime<Utc>>, Problem> {
    let rows: Vec<(TenderId, DateTime<Utc>)> = tenders::table
        .filter(tenders::id.eq_any(tenders).and(tenders::phase.eq(TenderPhase::Published.as_ref())))
        .select((tenders::id, tenders::deadline))
        .load(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// What a board says of a tender, and what decides who may read it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its project.
    pub project: ProjectId,
    /// Title as published.
    pub title: String,
    /// Number.
    pub code: String,
    /// Where it stands.
    pub phase: TenderPhase,
    /// Deadline of bids.
    pub deadline: DateTime<Utc>,
    /// Whether its notice is out.
    pub published: bool,
    /// Region of the project.
    pub region_code: String,
    /// Class of trade.
    pub category: Category,
}

type CardRow =
    (TenderId, ProjectId, String, String, String, DateTime<Utc>, Option<DateTime<Utc>>, String, String);

/// Cards of tenders by id, in one query; whoever asks lets each be read only by those who may.
///
/// # Errors
/// When the database is away.
pub async fn cards(
    conn: &mut AsyncPgConnection,
    ids: &[TenderId],
) -> Result<HashMap<TenderId, Card>, Problem> {
    let rows: Vec<CardRow> = tenders::table
        .inner_join(projects::table.on(projects::id.eq(tenders::project_id)))
        .filter(tenders::id.eq_any(ids))
        .select((
            tenders::id,
            projects::id,
            tenders::title,
            tenders::code,
            tenders::phase,
            tenders::deadline,
            tenders::published_at,
            projects::region_code,
            projects::category,
        ))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(id, project, title, code, phase, deadline, published_at, region_code, category)| {
            let card = Card {
                project,
                title,
                code,
                phase: phase.parse().map_err(unreadable("tenders.phase"))?,
                deadline,
                published: published_at.is_some(),
                region_code,
                category: category.parse().map_err(unreadable("projects.category"))?,
            };
            Ok((id, card))
        })
        .collect()
}
