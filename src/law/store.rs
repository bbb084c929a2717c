//! Editions and years of the calendar in the database.

use chrono::{DateTime, Utc};
use diesel::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, QueryableByName,
    Selectable, SelectableHelper, sql_types,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::{
    kernel::{Problem, id::EditionId},
    platform::{
        db::{Tx, unreadable},
        http::Cursor,
        policy_file::PolicyTexts,
    },
    schema::law_changes,
};

/// What a change of the law is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeOf {
    /// Rules, procedures, settings, regions, routing, catalogue and centres.
    Edition,
    /// One year of the calendar.
    Calendar(i32),
}

/// How far a change has come.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    utoipa::ToSchema,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum ChangeState {
    /// It waits for the supervision office.
    Entered,
    /// It came into force.
    Adopted,
    /// It did not.
    Refused,
}

/// A change of the law as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LawChange {
    /// Its id; of an edition also the name by which projects know it.
    pub id: EditionId,
    /// What it is of.
    pub of: ChangeOf,
    /// All texts of an edition, or the one of a calendar.
    pub files: PolicyTexts,
    /// SHA-256 of the texts.
    pub digest: [u8; 32],
    /// How far it has come.
    pub state: ChangeState,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
    /// Who entered it; `None` when it came with the program or its configuration.
    pub entered_by: Option<Uuid>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// Who decided.
    pub decided_by: Option<Uuid>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Its place in the order of adoptions.
    pub adopted_no: Option<i32>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = law_changes, treat_none_as_default_value = false, treat_none_as_null = true)]
struct Row {
    id: EditionId,
    kind: String,
    year: Option<i32>,
    files: serde_json::Value,
    digest: Vec<u8>,
    state: String,
    entered_at: DateTime<Utc>,
    entered_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    decided_by: Option<Uuid>,
    reason: Option<String>,
    adopted_no: Option<i32>,
}

const EDITION: &str = "edition";
const CALENDAR: &str = "calendar";

impl TryFrom<&LawChange> for Row {
    type Error = Problem;

    fn try_from(change: &LawChange) -> Result<Self, Problem> {
        let (kind, year) = match change.of {
            ChangeOf::Edition => (EDITION, None),
            ChangeOf::Calendar(year) => (CALENDAR, Some(year)),
        };
        Ok(Self {
            id: change.id,
            kind: kind.to_owned(),
            year,
            files: serde_json::to_value(&change.files).map_err(Problem::internal)?,
            digest: change.digest.to_vec(),
            state: change.state.to_string(),
            entered_at: change.entered_at,
            entered_by: change.entered_by,
            decided_at: change.decided_at,
            decided_by: change.decided_by,
            reason: change.reason.clone(),
            adopted_no: change.adopted_no,
        })
    }
}

impl TryFrom<Row> for LawChange {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            of: row.year.map_or(ChangeOf::Edition, ChangeOf::Calendar),
            files: serde_json::from_value(row.files).map_err(unreadable("law_changes.files"))?,
            digest: row.digest.try_into().map_err(unreadable("law_changes.digest"))?,
            state: row.state.parse().map_err(unreadable("law_changes.state"))?,
            entered_at: row.entered_at,
            entered_by: row.entered_by,
            decided_at: row.decided_at,
            decided_by: row.decided_by,
            reason: row.reason,
            adopted_no: row.adopted_no,
        })
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = sql_types::Integer)]
    adopted_no: i32,
}

async fn number_by(conn: &mut AsyncPgConnection, statement: &str) -> Result<i32, Problem> {
    Ok(diesel::sql_query(statement).get_result::<Number>(conn).await?.adopted_no)
}

/// The number of the last adoption; 0 before the first.
///
/// # Errors
/// When the database is away.
pub async fn number(conn: &mut AsyncPgConnection) -> Result<i32, Problem> {
    number_by(conn, "SELECT adopted_no FROM law_in_force").await
}

/// As [`number`], and it stays so to the end of the transaction.
///
/// # Errors
/// When the database is away.
pub async fn hold(tx: &mut Tx<'_>) -> Result<i32, Problem> {
    number_by(tx.conn(), "SELECT adopted_no FROM law_in_force FOR SHARE").await
}

/// As [`number`], and nobody else adopts or fixes a deadline before the end of the transaction.
///
/// # Errors
/// When the database is away.
pub async fn turn(tx: &mut Tx<'_>) -> Result<i32, Problem> {
    number_by(tx.conn(), "SELECT adopted_no FROM law_in_force FOR UPDATE").await
}

/// Counts one adoption more; the caller has the [`turn`].
///
/// # Errors
/// When the database is away.
pub async fn next_number(tx: &mut Tx<'_>) -> Result<i32, Problem> {
    number_by(tx.conn(), "UPDATE law_in_force SET adopted_no = adopted_no + 1 RETURNING adopted_no").await
}

/// Keeps a new change; the caller names the row in its entry.
///
/// # Errors
/// When the database is away.
pub async fn insert(tx: &mut Tx<'_>, change: &LawChange) -> Result<(), Problem> {
    diesel::insert_into(law_changes::table).values(Row::try_from(change)?).execute(tx.conn()).await?;
    Ok(())
}

/// Keeps what was decided of a change; the caller names the row in its entry.
///
/// # Errors
/// When the database is away or refuses it.
pub async fn decide(tx: &mut Tx<'_>, change: &LawChange) -> Result<(), Problem> {
    diesel::update(law_changes::table.find(change.id))
        .set((
            law_changes::state.eq(change.state.to_string()),
            law_changes::decided_at.eq(change.decided_at),
            law_changes::decided_by.eq(change.decided_by),
            law_changes::reason.eq(&change.reason),
            law_changes::adopted_no.eq(change.adopted_no),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// One change.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut AsyncPgConnection, id: EditionId) -> Result<Option<LawChange>, Problem> {
    let row = law_changes::table.find(id).select(Row::as_select()).first(conn).await.optional()?;
    row.map(LawChange::try_from).transpose()
}

/// One change with its row held.
///
/// # Errors
/// When the database is away.
pub async fn find_locked(tx: &mut Tx<'_>, id: EditionId) -> Result<Option<LawChange>, Problem> {
    let query = law_changes::table.find(id).select(Row::as_select()).for_update();
    query.first(tx.conn()).await.optional()?.map(LawChange::try_from).transpose()
}

/// The edition in force; `None` before the first start has adopted one.
///
/// # Errors
/// When the database is away.
pub async fn edition_in_force(conn: &mut AsyncPgConnection) -> Result<Option<LawChange>, Problem> {
    adopted(conn, "DESC").await
}

/// The first edition the hall had.
///
/// # Errors
/// When the database is away.
pub async fn first_edition(conn: &mut AsyncPgConnection) -> Result<Option<LawChange>, Problem> {
    adopted(conn, "ASC").await
}

async fn adopted(conn: &mut AsyncPgConnection, order: &str) -> Result<Option<LawChange>, Problem> {
    let query = law_changes::table
        .filter(law_changes::state.eq("adopted"))
        .filter(law_changes::kind.eq(EDITION))
        .select(Row::as_select())
        .into_boxed();
    let query = match order {
        "ASC" => query.order(law_changes::adopted_no.asc()),
        _ => query.order(law_changes::adopted_no.desc()),
    };
    query.first(conn).await.optional()?.map(LawChange::try_from).transpose()
}

/// The calendar in force, one change for each year.
///
/// # Errors
/// When the database is away.
pub async fn calendar_in_force(conn: &mut AsyncPgConnection) -> Result<Vec<LawChange>, Problem> {
    let rows: Vec<Row> = law_changes::table
        .filter(law_changes::state.eq("adopted"))
        .filter(law_changes::kind.eq(CALENDAR))
        .order((law_changes::year.asc(), law_changes::adopted_no.desc()))
        .distinct_on(law_changes::year)
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(LawChange::try_from).collect()
}

/// Whether the hall has ever had such an edition or year of the calendar.
///
/// # Errors
/// When the database is away.
pub async fn is_known(conn: &mut AsyncPgConnection, of: ChangeOf, digest: [u8; 32]) -> Result<bool, Problem> {
    let mut query = law_changes::table
        .filter(law_changes::digest.eq(digest.to_vec()))
        .filter(law_changes::state.eq("adopted"))
        .into_boxed();
    query = match of {
        ChangeOf::Edition => query.filter(law_changes::kind.eq(EDITION)),
        ChangeOf::Calendar(year) => query.filter(law_changes::year.eq(year)),
    };
    Ok(diesel::select(diesel::dsl::exists(query)).get_result(conn).await?)
}

/// Changes, newest first; only what was adopted when `all` is not set. One row more than `limit`.
///
/// # Errors
/// When the database is away.
pub async fn list(
    conn: &mut AsyncPgConnection,
    all: bool,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<LawChange>, Problem> {
    let mut query = law_changes::table.select(Row::as_select()).into_boxed();
    if !all {
        query = query.filter(law_changes::state.eq("adopted"));
    }
    if let Some(Cursor { at, id }) = cursor {
        use diesel::BoolExpressionMethods as _;
        let same_time = law_changes::entered_at.eq(at).and(law_changes::id.lt(EditionId(id)));
        query = query.filter(law_changes::entered_at.lt(at).or(same_time));
    }
    let rows: Vec<Row> = query
        .order((law_changes::entered_at.desc(), law_changes::id.desc()))
        .limit(limit + 1)
        .load(conn)
        .await?;
    rows.into_iter().map(LawChange::try_from).collect()
}
