//! Suspicions of splitting and applications to leave the league's centre, in the database.

use chrono::{DateTime, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, OptionalExtension, QueryDsl, Queryable,
    Selectable, SelectableHelper, TextExpressionMethods, sql_types,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    identity::Duty,
    kernel::{
        Problem,
        id::{OrganisationId, ProjectId},
    },
    platform::{
        db::{Tx, unreadable},
        http::Cursor,
        statement::statement,
    },
    projects::model::{SplitSuspect, VenueApplication},
    schema::{projects, split_suspects, venue_applications},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = split_suspects)]
struct SuspectRow {
    id: Uuid,
    project_id: ProjectId,
    rule: String,
    shared: String,
    fiscal_year: i32,
    total: Decimal,
    bound: Decimal,
    others: Value,
    flagged_at: DateTime<Utc>,
    cleared_at: Option<DateTime<Utc>>,
    reason: Option<String>,
}

impl TryFrom<SuspectRow> for SplitSuspect {
    type Error = Problem;

    fn try_from(row: SuspectRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            project_id: row.project_id,
            rule_id: row.rule.parse().map_err(unreadable("split_suspects.rule"))?,
            shared: row.shared.parse().map_err(unreadable("split_suspects.shared"))?,
            fiscal_year: row.fiscal_year,
            total: row.total,
            bound: row.bound,
            others: serde_json::from_value(row.others).map_err(unreadable("split_suspects.others"))?,
            flagged_at: row.flagged_at,
            cleared_at: row.cleared_at,
            reason: row.reason,
        })
    }
}

/// Holds all registrations of a purchaser to the end of the transaction: two that come in at once would otherwise each
/// be judged without the other. Taken before any project's row, so that nobody waits in a circle.
///
/// # Errors
/// When the database is away.
pub async fn hold_purchaser(tx: &mut Tx<'_>, purchaser: OrganisationId) -> Result<(), Problem> {
    statement("SELECT pg_advisory_xact_lock(hashtextextended('registrations of ' || $1::text, 0))")
        .bind::<sql_types::Uuid, _>(purchaser)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Writes a suspicion.
///
/// # Errors
/// When the database is away.
pub async fn insert_suspect(tx: &mut Tx<'_>, suspect: &SplitSuspect) -> Result<(), Problem> {
    let row = SuspectRow {
        id: suspect.id,
        project_id: suspect.project_id,
        rule: suspect.rule_id.to_string(),
        shared: suspect.shared.as_ref().to_owned(),
        fiscal_year: suspect.fiscal_year,
        total: suspect.total,
        bound: suspect.bound,
        others: serde_json::to_value(&suspect.others).map_err(Problem::internal)?,
        flagged_at: suspect.flagged_at,
        cleared_at: None,
        reason: None,
    };
    diesel::insert_into(split_suspects::table).values(row).execute(tx.conn()).await?;
    Ok(())
}

/// Clears the suspicion that holds a project and answers its row.
///
/// # Errors
/// When the database is away or nothing is held.
pub async fn clear_suspect(
    tx: &mut Tx<'_>,
    project: ProjectId,
    by: Uuid,
    at: DateTime<Utc>,
    reason: &str,
) -> Result<Uuid, Problem> {
    let open = split_suspects::project_id.eq(project).and(split_suspects::cleared_at.is_null());
    let row = diesel::update(split_suspects::table.filter(open))
        .set((
            split_suspects::cleared_at.eq(at),
            split_suspects::cleared_by.eq(by),
            split_suspects::reason.eq(reason),
        ))
        .returning(split_suspects::id)
        .get_result(tx.conn())
        .await?;
    Ok(row)
}

/// The suspicions about a project, first to last.
///
/// # Errors
/// When the database is away.
pub async fn suspects_of(
    conn: &mut AsyncPgConnection,
    project: ProjectId,
) -> Result<Vec<SplitSuspect>, Problem> {
    let rows: Vec<SuspectRow> = split_suspects::table
        .filter(split_suspects::project_id.eq(project))
        .order(split_suspects::flagged_at)
        .select(SuspectRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(SplitSuspect::try_from).collect()
}

/// One page of the suspicions within a duty, newest first; one row more than `limit` tells that there are further.
///
/// # Errors
/// When the database is away.
pub async fn suspects(
    conn: &mut AsyncPgConnection,
    duty: &Duty,
    cleared: Option<bool>,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<SplitSuspect>, Problem> {
    let categories: Vec<&str> = duty.categories.iter().map(AsRef::as_ref).collect();
    let mut query = split_suspects::table
        .inner_join(projects::table.on(projects::id.eq(split_suspects::project_id)))
        .filter(projects::region_code.like(format!("{}%", duty.region_stem)))
        .filter(projects::category.eq_any(categories))
        .order((split_suspects::flagged_at.desc(), split_suspects::id.desc()))
        .limit(limit + 1)
        .select(SuspectRow::as_select())
        .into_boxed();
    query = match cleared {
        Some(true) => query.filter(split_suspects::cleared_at.is_not_null()),
        Some(false) => query.filter(split_suspects::cleared_at.is_null()),
        None => query,
    };
    if let Some(Cursor { at, id }) = cursor {
        let tie = split_suspects::flagged_at.lt(at).or(split_suspects::id.lt(id));
        query = query.filter(split_suspects::flagged_at.le(at).and(tie));
    }
    let rows: Vec<SuspectRow> = query.load(conn).await?;
    rows.into_iter().map(SplitSuspect::try_from).collect()
}

/// Writes an application and answers its row.
///
/// # Errors
/// The database's own, so that the service can name one that is open already.
pub async fn insert_application(
    tx: &mut Tx<'_>,
    project: ProjectId,
    by: Uuid,
    at: DateTime<Utc>,
    reason: &str,
) -> Result<Uuid, diesel::result::Error> {
    let id = Uuid::new_v4();
    diesel::insert_into(venue_applications::table)
        .values((
            venue_applications::id.eq(id),
            venue_applications::project_id.eq(project),
            venue_applications::applied_at.eq(at),
            venue_applications::applied_by.eq(by),
            venue_applications::reason.eq(reason),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// Answers the open application of a project; `None` where there is none.
///
/// # Errors
/// When the database is away.
pub async fn answer_application(
    tx: &mut Tx<'_>,
    project: ProjectId,
    by: Uuid,
    at: DateTime<Utc>,
    (approved, answer): (bool, &str),
) -> Result<Option<Uuid>, Problem> {
    let open = venue_applications::project_id.eq(project).and(venue_applications::decided_at.is_null());
    let row = diesel::update(venue_applications::table.filter(open))
        .set((
            venue_applications::decided_at.eq(at),
            venue_applications::decided_by.eq(by),
            venue_applications::approved.eq(approved),
            venue_applications::answer.eq(answer),
        ))
        .returning(venue_applications::id)
        .get_result(tx.conn())
        .await
        .optional()?;
    Ok(row)
}

type ApplicationRow = (DateTime<Utc>, String, Option<DateTime<Utc>>, Option<bool>, Option<String>);

/// The applications of a project, first to last.
///
/// # Errors
/// When the database is away.
pub async fn applications_of(
    conn: &mut AsyncPgConnection,
    project: ProjectId,
) -> Result<Vec<VenueApplication>, Problem> {
    let rows: Vec<ApplicationRow> = venue_applications::table
        .filter(venue_applications::project_id.eq(project))
        .order(venue_applications::applied_at)
        .select((
            venue_applications::applied_at,
            venue_applications::reason,
            venue_applications::decided_at,
            venue_applications::approved,
            venue_applications::answer,
        ))
        .load(conn)
        .await?;
    let view = |(applied_at, reason, decided_at, approved, answer)| VenueApplication {
        applied_at,
        reason,
        decided_at,
        approved,
        answer,
    };
    Ok(rows.into_iter().map(view).collect())
}
