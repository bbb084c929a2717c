//! Experts, draws and seats in the database.

use chrono::{DateTime, Utc};
use diesel::{
    AsChangeset, BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, OptionalExtension,
    QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper, sql_types,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    experts::{
        draw::Candidate,
        model::{Draw, DrawState, Expert, Run, Seat, SeatState, Witness, WitnessSide},
    },
    kernel::{
        Problem, Seed,
        id::{AccountId, DrawId, OrganisationId, ProjectId, TenderId},
    },
    platform::db::{Tx, unreadable},
    schema::{committee_seats, draw_witnesses, draws, experts, tenders},
};

/// Adds experts to the pool and answers their row ids.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn enrol(tx: &mut Tx<'_>, new: &[Expert], at: DateTime<Utc>) -> Result<(), Problem> {
    let rows: Vec<_> = new
        .iter()
        .map(|expert| {
            (
                experts::id.eq(expert.id),
                experts::account_id.eq(expert.account),
                experts::unit_id.eq(expert.unit),
                experts::unit_name.eq(&expert.unit_name),
                experts::specialties.eq(&expert.specialties),
                experts::status.eq(if expert.active { "active" } else { "paused" }),
                experts::enrolled_at.eq(at),
            )
        })
        .collect();
    diesel::insert_into(experts::table).values(&rows).execute(tx.conn()).await?;
    Ok(())
}

/// Notes that somebody is present at a draw; answers whether that was new at this moment.
///
/// # Errors
/// When the database is away.
pub async fn insert_witness(
    tx: &mut Tx<'_>,
    (id, draw, account): (Uuid, DrawId, AccountId),
    witness: Witness,
) -> Result<bool, Problem> {
    let rows = diesel::insert_into(draw_witnesses::table)
        .values((
            draw_witnesses::id.eq(id),
            draw_witnesses::draw_id.eq(draw),
            draw_witnesses::account_id.eq(account),
            draw_witnesses::side.eq(witness.side.as_ref()),
            draw_witnesses::present_at.eq(witness.present_at),
        ))
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    Ok(rows > 0)
}

/// Who said to be present at a draw from `from` on, first come first.
///
/// # Errors
/// When the database is away.
pub async fn witnesses(
    conn: &mut AsyncPgConnection,
    draw: DrawId,
    from: DateTime<Utc>,
) -> Result<Vec<Witness>, Problem> {
    let rows: Vec<(String, DateTime<Utc>)> = draw_witnesses::table
        .filter(draw_witnesses::draw_id.eq(draw).and(draw_witnesses::present_at.ge(from)))
        .order((draw_witnesses::present_at, draw_witnesses::id))
        .select((draw_witnesses::side, draw_witnesses::present_at))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(side, present_at)| {
            let side: WitnessSide = side.parse().map_err(unreadable("draw_witnesses.side"))?;
            Ok(Witness { side, present_at })
        })
        .collect()
}

/// Accounts that are in the pool already.
///
/// # Errors
/// When the database is away.
pub async fn enrolled(conn: &mut AsyncPgConnection) -> Result<Vec<AccountId>, Problem> {
    Ok(experts::table.select(experts::account_id).load(conn).await?)
}

/// An expert by id.
///
/// # Errors
/// When the database is away.
pub async fn experts_by_id(conn: &mut AsyncPgConnection, ids: &[Uuid]) -> Result<Vec<Expert>, Problem> {
    type Row = (Uuid, AccountId, Option<OrganisationId>, String, Vec<String>, String);
    let rows: Vec<Row> = experts::table
        .filter(experts::id.eq_any(ids))
        .select((
            experts::id,
            experts::account_id,
            experts::unit_id,
            experts::unit_name,
            experts::specialties,
            experts::status,
        ))
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, account, unit, unit_name, specialties, status)| Expert {
            id,
            account,
            unit,
            unit_name,
            specialties,
            active: status == "active",
        })
        .collect())
}

#[derive(QueryableByName)]
struct CandidateRow {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    account_id: AccountId,
    #[diesel(sql_type = sql_types::Nullable<sql_types::Uuid>)]
    unit_id: Option<OrganisationId>,
    #[diesel(sql_type = sql_types::Text)]
    unit_name: String,
    #[diesel(sql_type = sql_types::Array<sql_types::Text>)]
    specialties: Vec<String>,
    #[diesel(sql_type = sql_types::Bool)]
    active: bool,
    #[diesel(sql_type = sql_types::Bool)]
    busy: bool,
    #[diesel(sql_type = sql_types::Bool)]
    other_side: bool,
    #[diesel(sql_type = sql_types::Bool)]
    drawn_before: bool,
}

/// Experts of any of `specialties` with what speaks against drawing them. Their rows are held to the end of the
/// transaction, so that two draws at once do not take the same person.
///
/// # Errors
/// When the database is away.
pub async fn candidates(
    tx: &mut Tx<'_>,
    tender: TenderId,
    project: ProjectId,
    specialties: &[String],
) -> Result<Vec<Candidate>, Problem> {
    diesel::sql_query("SELECT id FROM experts WHERE specialties && $1 ORDER BY id FOR NO KEY UPDATE")
        .bind::<sql_types::Array<sql_types::Text>, _>(specialties)
        .execute(tx.conn())
        .await?;
    let rows = diesel::sql_query(
        "SELECT e.id, e.account_id, e.unit_id, e.unit_name, e.specialties,
                e.status = 'active' AND a.disabled_at IS NULL
                    AND EXISTS (SELECT 1 FROM account_roles r WHERE r.account_id = a.id AND r.role = 'expert'
                                                                AND r.ended_at IS NULL) AS active,
                EXISTS (SELECT 1 FROM committee_seats s JOIN tenders t ON t.id = s.tender_id
                         WHERE s.expert_id = e.id AND s.tender_id <> $1 AND s.state IN ('called', 'checkedIn')
                           AND t.phase IN ('published', 'closed', 'opening', 'opened')) AS busy,
                EXISTS (SELECT 1 FROM project_sides p
                         WHERE p.project_id = $2 AND p.side <> 'expert'
                           AND p.person = coalesce(a.person_key, a.id)) AS other_side,
                EXISTS (SELECT 1 FROM committee_seats s
                         WHERE s.expert_id = e.id AND s.tender_id = $1) AS drawn_before
           FROM experts e JOIN accounts a ON a.id = e.account_id
          WHERE e.specialties && $3 ORDER BY e.id",
    )
    .bind::<sql_types::Uuid, _>(tender)
    .bind::<sql_types::Uuid, _>(project)
    .bind::<sql_types::Array<sql_types::Text>, _>(specialties)
    .get_results::<CandidateRow>(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Candidate {
            expert: row.id,
            account: row.account_id,
            unit: row.unit_id,
            unit_name: row.unit_name,
            specialties: row.specialties,
            active: row.active,
            busy: row.busy,
            other_side: row.other_side,
            drawn_before: row.drawn_before,
        })
        .collect())
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = draws, treat_none_as_default_value = false, treat_none_as_null = true)]
struct DrawRow {
    id: DrawId,
    tender_id: TenderId,
    centre_code: String,
    state: String,
    slots: Value,
    avoid_units: Vec<String>,
    reserves: i32,
    requested_at: DateTime<Utc>,
    requested_by: Uuid,
    run_at: Option<DateTime<Utc>>,
    run_by: Option<Uuid>,
    evaluation_planned_at: Option<DateTime<Utc>>,
    pool: Option<Value>,
    exclusions: Option<Value>,
    seed: Option<Vec<u8>>,
    version: i64,
}

impl TryFrom<DrawRow> for Draw {
    type Error = Problem;

    fn try_from(row: DrawRow) -> Result<Self, Problem> {
        let run =
            match (row.run_at, row.run_by, row.evaluation_planned_at, row.pool, row.exclusions, row.seed) {
                (Some(at), Some(by), Some(planned), Some(pool), Some(exclusions), Some(seed)) => Some(Run {
                    at,
                    by,
                    evaluation_planned_at: planned,
                    pool: serde_json::from_value(pool).map_err(unreadable("draws.pool"))?,
                    exclusions: serde_json::from_value(exclusions).map_err(unreadable("draws.exclusions"))?,
                    seed: Seed(seed.try_into().map_err(|_| unreadable("draws.seed")("length"))?),
                }),
                _ => None,
            };
        Ok(Self {
            id: row.id,
            tender: row.tender_id,
            centre_code: row.centre_code,
            state: row.state.parse().map_err(unreadable("draws.state"))?,
            slots: serde_json::from_value(row.slots).map_err(unreadable("draws.slots"))?,
            avoid_units: row.avoid_units,
            reserves: u32::try_from(row.reserves).map_err(unreadable("draws.reserves"))?,
            requested_at: row.requested_at,
            requested_by: row.requested_by,
            run,
            version: row.version,
        })
    }
}

impl TryFrom<&Draw> for DrawRow {
    type Error = Problem;

    fn try_from(draw: &Draw) -> Result<Self, Problem> {
        let run = draw.run.as_ref();
        let json = |value: serde_json::Result<Value>| value.map_err(Problem::internal);
        Ok(Self {
            id: draw.id,
            tender_id: draw.tender,
            centre_code: draw.centre_code.clone(),
            state: draw.state.to_string(),
            slots: json(serde_json::to_value(&draw.slots))?,
            avoid_units: draw.avoid_units.clone(),
            reserves: i32::try_from(draw.reserves).map_err(Problem::internal)?,
            requested_at: draw.requested_at,
            requested_by: draw.requested_by,
            run_at: run.map(|run| run.at),
            run_by: run.map(|run| run.by),
            evaluation_planned_at: run.map(|run| run.evaluation_planned_at),
            pool: run.map(|run| json(serde_json::to_value(&run.pool))).transpose()?,
            exclusions: run.map(|run| json(serde_json::to_value(&run.exclusions))).transpose()?,
            seed: run.map(|run| run.seed.0.to_vec()),
            version: draw.version,
        })
    }
}

/// Writes a request for a draw.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert_draw(tx: &mut Tx<'_>, draw: &Draw) -> Result<(), Problem> {
    diesel::insert_into(draws::table).values(DrawRow::try_from(draw)?).execute(tx.conn()).await?;
    Ok(())
}

/// Saves a draw and counts its version up.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn update_draw(tx: &mut Tx<'_>, draw: &mut Draw) -> Result<(), Problem> {
    draw.version += 1;
    diesel::update(draws::table.find(draw.id)).set(DrawRow::try_from(&*draw)?).execute(tx.conn()).await?;
    Ok(())
}

/// A draw.
///
/// # Errors
/// When the database is away.
pub async fn draw(conn: &mut AsyncPgConnection, id: DrawId) -> Result<Option<Draw>, Problem> {
    let row: Option<DrawRow> =
        draws::table.find(id).select(DrawRow::as_select()).first(conn).await.optional()?;
    row.map(Draw::try_from).transpose()
}

/// All draws of a tender in the order of their requests.
///
/// # Errors
/// When the database is away.
pub async fn draws_of(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Draw>, Problem> {
    let rows: Vec<DrawRow> = draws::table
        .filter(draws::tender_id.eq(tender))
        .order((draws::requested_at, draws::id))
        .select(DrawRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Draw::try_from).collect()
}

/// The request of a tender that waits to be run.
///
/// # Errors
/// When the database is away.
pub async fn waiting(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Option<Draw>, Problem> {
    let waits = draws::tender_id.eq(tender).and(draws::state.eq(DrawState::Requested.as_ref()));
    let row: Option<DrawRow> =
        draws::table.filter(waits).select(DrawRow::as_select()).first(conn).await.optional()?;
    row.map(Draw::try_from).transpose()
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = committee_seats, treat_none_as_default_value = false, treat_none_as_null = true)]
struct SeatRow {
    id: Uuid,
    draw_id: DrawId,
    tender_id: TenderId,
    expert_id: Uuid,
    account_id: AccountId,
    specialty: String,
    rank: i32,
    state: String,
    number: Option<i32>,
    checked_in_at: Option<DateTime<Utc>>,
    replaced_at: Option<DateTime<Utc>>,
    replaced_reason: Option<String>,
}

impl TryFrom<SeatRow> for Seat {
    type Error = Problem;

    fn try_from(row: SeatRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            draw: row.draw_id,
            tender: row.tender_id,
            expert: row.expert_id,
            account: row.account_id,
            specialty: row.specialty,
            rank: row.rank,
            state: row.state.parse().map_err(unreadable("committee_seats.state"))?,
            number: row.number,
            checked_in_at: row.checked_in_at,
            replaced: row.replaced_at.zip(row.replaced_reason),
        })
    }
}

impl From<&Seat> for SeatRow {
    fn from(seat: &Seat) -> Self {
        Self {
            id: seat.id,
            draw_id: seat.draw,
            tender_id: seat.tender,
            expert_id: seat.expert,
            account_id: seat.account,
            specialty: seat.specialty.clone(),
            rank: seat.rank,
            state: seat.state.to_string(),
            number: seat.number,
            checked_in_at: seat.checked_in_at,
            replaced_at: seat.replaced.as_ref().map(|(at, _)| *at),
            replaced_reason: seat.replaced.as_ref().map(|(_, reason)| reason.clone()),
        }
    }
}

/// Writes the seats of a draw.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert_seats(tx: &mut Tx<'_>, seats: &[Seat]) -> Result<(), Problem> {
    let rows: Vec<SeatRow> = seats.iter().map(SeatRow::from).collect();
    diesel::insert_into(committee_seats::table).values(&rows).execute(tx.conn()).await?;
    Ok(())
}

/// Saves a seat.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn update_seat(tx: &mut Tx<'_>, seat: &Seat) -> Result<(), Problem> {
    diesel::update(committee_seats::table.find(seat.id)).set(SeatRow::from(seat)).execute(tx.conn()).await?;
    Ok(())
}

/// All seats of a tender: by number, then substitutes by specialty and rank.
///
/// # Errors
/// When the database is away.
pub async fn seats(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Seat>, Problem> {
    let rows: Vec<SeatRow> = committee_seats::table
        .filter(committee_seats::tender_id.eq(tender))
        .order((committee_seats::number, committee_seats::specialty, committee_seats::rank))
        .select(SeatRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Seat::try_from).collect()
}

/// An assignment as stored: the seat with what its expert may know of the tender.
pub struct Assigned {
    /// The seat.
    pub seat: Seat,
    /// The tender's code, title, phase, centre and deadline.
    pub tender: (String, String, String, String, DateTime<Utc>),
    /// Planned beginning of the evaluation.
    pub planned: Option<DateTime<Utc>>,
}

/// The seats of an account that it may know of, newest first: substitutes not called are not told.
///
/// # Errors
/// When the database is away.
pub async fn assignments(conn: &mut AsyncPgConnection, account: AccountId) -> Result<Vec<Assigned>, Problem> {
    type Row = (SeatRow, (String, String, String, String, DateTime<Utc>), Option<DateTime<Utc>>);
    let rows: Vec<Row> = committee_seats::table
        .inner_join(tenders::table.on(tenders::id.eq(committee_seats::tender_id)))
        .inner_join(draws::table.on(draws::id.eq(committee_seats::draw_id)))
        .filter(committee_seats::account_id.eq(account))
        .filter(committee_seats::state.ne(SeatState::Reserve.as_ref()))
        .order((draws::run_at.desc(), committee_seats::id))
        .limit(200)
        .select((
            SeatRow::as_select(),
            (tenders::code, tenders::title, tenders::phase, tenders::centre_code, tenders::deadline),
            draws::evaluation_planned_at,
        ))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(seat, tender, planned)| Ok(Assigned { seat: Seat::try_from(seat)?, tender, planned }))
        .collect()
}
