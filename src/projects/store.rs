//! Projects in the database.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    AsChangeset, BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension,
    PgExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    jurisdiction::{VenueDecision, VenueQuestion},
    kernel::{
        Area, Money, Problem, RegionCode,
        codes::{PlatformId, ProjectCode},
        id::{EditionId, OrganisationId, ProjectId},
    },
    platform::{
        db::{Tx, unreadable},
        http::Cursor,
    },
    projects::{
        model::{Approval, KeptDecision, Lot, Particulars, Project, ProjectLine},
        serials::{next_serial, used_up},
    },
    schema::{project_approvals, project_lots, projects, venue_decisions},
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = projects, treat_none_as_default_value = false, treat_none_as_null = true)]
struct ProjectRow {
    id: ProjectId,
    code: String,
    name: String,
    region_code: String,
    level: String,
    category: String,
    catalogue_item: Option<String>,
    industry_code: Option<String>,
    investment_code: Option<String>,
    budget_item: Option<String>,
    procurement_category: Option<String>,
    gb_industry: Option<String>,
    regime: Option<String>,
    foreign_amount: Option<Value>,
    other_phases: Option<Value>,
    phase_no: Option<i32>,
    voluntary: Option<Value>,
    accepted_centre: Option<String>,
    split_suspected: bool,
    stays_at_league: bool,
    round_open: bool,
    purchaser_id: OrganisationId,
    agency_id: Option<OrganisationId>,
    mandated_at: Option<DateTime<Utc>>,
    investment: Option<Decimal>,
    floor_area: Option<Decimal>,
    budget: Option<Decimal>,
    estimate: Option<Decimal>,
    centre_code: Option<String>,
    registered_at: DateTime<Utc>,
    registered_by: Uuid,
    accepted_on: Option<NaiveDate>,
    first_notice_on: Option<NaiveDate>,
    law_edition: Option<EditionId>,
    version: i64,
}

fn money(value: Option<Decimal>) -> Result<Option<Money>, Problem> {
    value.map(Money::yuan).transpose().map_err(unreadable("projects amount"))
}

impl TryFrom<ProjectRow> for Project {
    type Error = Problem;

    fn try_from(row: ProjectRow) -> Result<Self, Problem> {
        Ok(Self {
            particulars: particulars(&row)?,
            id: row.id,
            code: row.code.try_into().map_err(unreadable("projects.code"))?,
            name: row.name,
            region_code: RegionCode::try_from(row.region_code).map_err(unreadable("projects.region_code"))?,
            level: row.level.parse().map_err(unreadable("projects.level"))?,
            category: row.category.parse().map_err(unreadable("projects.category"))?,
            catalogue_item: row.catalogue_item,
            // Before the classes had a table this was free text of up to ten characters.
            industry_code: row.industry_code.and_then(|code| code.try_into().ok()),
            accepted_centre: row.accepted_centre,
            split_suspected: row.split_suspected,
            stays_at_league: row.stays_at_league,
            round_open: row.round_open,
            purchaser: row.purchaser_id,
            agency: row.agency_id,
            mandated_at: row.mandated_at,
            investment: money(row.investment)?,
            floor_area: row
                .floor_area
                .map(Area::new)
                .transpose()
                .map_err(unreadable("projects.floor_area"))?,
            budget: money(row.budget)?,
            estimate: money(row.estimate)?,
            centre_code: row.centre_code,
            registered_at: row.registered_at,
            registered_by: row.registered_by,
            accepted_on: row.accepted_on,
            first_notice_on: row.first_notice_on,
            law_edition: row.law_edition,
            version: row.version,
        })
    }
}

/// A code or a word of a column, by its type.
fn read<T: TryFrom<String>>(text: Option<&String>, place: &'static str) -> Result<Option<T>, Problem>
where
    T::Error: std::fmt::Debug,
{
    text.cloned().map(T::try_from).transpose().map_err(unreadable(place))
}

fn from_json<T: serde::de::DeserializeOwned>(
    value: Option<&Value>,
    place: &'static str,
) -> Result<Option<T>, Problem> {
    value.cloned().map(serde_json::from_value).transpose().map_err(unreadable(place))
}

fn particulars(row: &ProjectRow) -> Result<Particulars, Problem> {
    Ok(Particulars {
        investment_code: read(row.investment_code.as_ref(), "projects.investment_code")?,
        budget_item: row.budget_item.clone(),
        procurement_category: read(row.procurement_category.as_ref(), "projects.procurement_category")?,
        gb_industry: read(row.gb_industry.as_ref(), "projects.gb_industry")?,
        regime: from_json(row.regime.clone().map(Value::String).as_ref(), "projects.regime")?,
        foreign: from_json(row.foreign_amount.as_ref(), "projects.foreign_amount")?,
        other_phases: from_json(row.other_phases.as_ref(), "projects.other_phases")?.unwrap_or_default(),
        phase_no: row.phase_no,
        voluntary: from_json(row.voluntary.as_ref(), "projects.voluntary")?,
    })
}

fn to_json<T: serde::Serialize>(value: Option<&T>) -> Result<Option<Value>, Problem> {
    value.map(serde_json::to_value).transpose().map_err(Problem::internal)
}

fn row_of(project: &Project) -> Result<ProjectRow, Problem> {
    let kept = &project.particulars;
    let phases = Some(&kept.other_phases).filter(|phases| !phases.is_empty());
    let regime = to_json(kept.regime.as_ref())?.and_then(|word| word.as_str().map(str::to_owned));
    Ok(ProjectRow {
        id: project.id,
        investment_code: kept.investment_code.clone().map(String::from),
        budget_item: kept.budget_item.clone(),
        procurement_category: kept.procurement_category.clone().map(String::from),
        gb_industry: kept.gb_industry.clone().map(String::from),
        regime,
        foreign_amount: to_json(kept.foreign.as_ref())?,
        other_phases: to_json(phases)?,
        phase_no: kept.phase_no,
        voluntary: to_json(kept.voluntary.as_ref())?,
        accepted_centre: project.accepted_centre.clone(),
        split_suspected: project.split_suspected,
        stays_at_league: project.stays_at_league,
        round_open: project.round_open,
        code: project.code.to_string(),
        name: project.name.clone(),
        region_code: project.region_code.to_string(),
        level: project.level.to_string(),
        category: project.category.to_string(),
        catalogue_item: project.catalogue_item.clone(),
        industry_code: project.industry_code.clone().map(String::from),
        purchaser_id: project.purchaser,
        agency_id: project.agency,
        mandated_at: project.mandated_at,
        investment: project.investment.map(Money::value),
        floor_area: project.floor_area.map(Area::value),
        budget: project.budget.map(Money::value),
        estimate: project.estimate.map(Money::value),
        centre_code: project.centre_code.clone(),
        registered_at: project.registered_at,
        registered_by: project.registered_by,
        accepted_on: project.accepted_on,
        first_notice_on: project.first_notice_on,
        law_edition: project.law_edition,
        version: project.version,
    })
}

/// A new 项目编号 of a platform.
///
/// # Errors
/// When the database is away, `wrong-state` when the platform's million is used up.
pub async fn next_code(tx: &mut Tx<'_>, platform: &PlatformId) -> Result<ProjectCode, Problem> {
    let serial = next_serial(tx, &format!("project {platform}")).await?;
    ProjectCode::of(platform, serial).map_err(|why| used_up(&why).into())
}

/// Writes a new project.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert(tx: &mut Tx<'_>, project: &Project) -> Result<(), Problem> {
    diesel::insert_into(projects::table).values(row_of(project)?).execute(tx.conn()).await?;
    Ok(())
}

/// Saves a project and counts its version up.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn update(tx: &mut Tx<'_>, project: &mut Project) -> Result<(), Problem> {
    project.version += 1;
    diesel::update(projects::table.find(project.id)).set(row_of(project)?).execute(tx.conn()).await?;
    Ok(())
}

/// Reads a project.
///
/// # Errors
/// When the database is away.
pub async fn find(conn: &mut AsyncPgConnection, id: ProjectId) -> Result<Option<Project>, Problem> {
    let row = projects::table.find(id).select(ProjectRow::as_select()).first(conn).await.optional()?;
    row.map(Project::try_from).transpose()
}

/// Reads a project and holds its row to the end of the transaction.
///
/// # Errors
/// When the database is away.
pub async fn find_locked(tx: &mut Tx<'_>, id: ProjectId) -> Result<Option<Project>, Problem> {
    let row = projects::table
        .find(id)
        .select(ProjectRow::as_select())
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?;
    row.map(Project::try_from).transpose()
}

/// A purchaser's projects registered from `from` on and before `to`, by id.
///
/// # Errors
/// When the database is away.
pub async fn of_purchaser(
    conn: &mut AsyncPgConnection,
    purchaser: OrganisationId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Project>, Problem> {
    let rows: Vec<ProjectRow> = projects::table
        .filter(projects::purchaser_id.eq(purchaser))
        .filter(projects::registered_at.ge(from).and(projects::registered_at.lt(to)))
        .order(projects::id)
        .select(ProjectRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Project::try_from).collect()
}

/// Writes approvals and answers their row ids.
///
/// # Errors
/// The database's own, so that the service can name a repeated document.
pub async fn insert_approvals(
    tx: &mut Tx<'_>,
    project: ProjectId,
    approvals: &[Approval],
) -> Result<Vec<Uuid>, diesel::result::Error> {
    let mut ids = Vec::with_capacity(approvals.len());
    for approval in approvals {
        let id = Uuid::new_v4();
        diesel::insert_into(project_approvals::table)
            .values((
                project_approvals::id.eq(id),
                project_approvals::project_id.eq(project),
                project_approvals::kind.eq(approval.kind.as_ref()),
                project_approvals::document_no.eq(approval.document_no.trim()),
                project_approvals::dated.eq(approval.date),
                project_approvals::amount.eq(approval.amount.value()),
            ))
            .execute(tx.conn())
            .await?;
        ids.push(id);
    }
    Ok(ids)
}

/// Writes lots and answers their row ids.
///
/// # Errors
/// When the database is away or a constraint breaks.
pub async fn insert_lots(tx: &mut Tx<'_>, project: ProjectId, lots: &[Lot]) -> Result<Vec<Uuid>, Problem> {
    let mut ids = Vec::with_capacity(lots.len());
    for lot in lots {
        let id = Uuid::new_v4();
        diesel::insert_into(project_lots::table)
            .values((
                project_lots::id.eq(id),
                project_lots::project_id.eq(project),
                project_lots::no.eq(lot.no),
                project_lots::name.eq(lot.name.trim()),
                project_lots::estimate.eq(lot.estimate.map(Money::value)),
            ))
            .execute(tx.conn())
            .await?;
        ids.push(id);
    }
    Ok(ids)
}

/// Keeps a venue decision as the next of its project.
///
/// # Errors
/// When the database is away.
pub async fn insert_decision(
    tx: &mut Tx<'_>,
    project: ProjectId,
    by: Option<Uuid>,
    at: DateTime<Utc>,
    question: &VenueQuestion,
    decision: &VenueDecision,
) -> Result<Uuid, Problem> {
    let id = Uuid::new_v4();
    let last: Option<i32> = venue_decisions::table
        .filter(venue_decisions::project_id.eq(project))
        .select(diesel::dsl::max(venue_decisions::no))
        .first(tx.conn())
        .await?;
    diesel::insert_into(venue_decisions::table)
        .values((
            venue_decisions::id.eq(id),
            venue_decisions::project_id.eq(project),
            venue_decisions::no.eq(last.unwrap_or(0) + 1),
            venue_decisions::decided_at.eq(at),
            venue_decisions::decided_by.eq(by),
            venue_decisions::question.eq(serde_json::to_value(question).map_err(Problem::internal)?),
            venue_decisions::decision.eq(serde_json::to_value(decision).map_err(Problem::internal)?),
        ))
        .execute(tx.conn())
        .await?;
    Ok(id)
}

/// A project's approvals in order of precedence.
///
/// # Errors
/// When the database is away.
pub async fn approvals(conn: &mut AsyncPgConnection, project: ProjectId) -> Result<Vec<Approval>, Problem> {
    let rows: Vec<(String, String, NaiveDate, Decimal)> = project_approvals::table
        .filter(project_approvals::project_id.eq(project))
        .select((
            project_approvals::kind,
            project_approvals::document_no,
            project_approvals::dated,
            project_approvals::amount,
        ))
        .load(conn)
        .await?;
    let mut found = rows
        .into_iter()
        .map(|(kind, document_no, date, amount)| {
            Ok(Approval {
                kind: kind.parse().map_err(unreadable("project_approvals.kind"))?,
                document_no,
                date,
                amount: Money::yuan(amount).map_err(unreadable("project_approvals.amount"))?,
            })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    found.sort_by(|a, b| (a.kind, a.date, &a.document_no).cmp(&(b.kind, b.date, &b.document_no)));
    Ok(found)
}

/// A project's lots by number.
///
/// # Errors
/// When the database is away.
pub async fn lots(conn: &mut AsyncPgConnection, project: ProjectId) -> Result<Vec<Lot>, Problem> {
    let rows: Vec<(i32, String, Option<Decimal>)> = project_lots::table
        .filter(project_lots::project_id.eq(project))
        .order(project_lots::no)
        .select((project_lots::no, project_lots::name, project_lots::estimate))
        .load(conn)
        .await?;
    rows.into_iter().map(|(no, name, estimate)| Ok(Lot { no, name, estimate: money(estimate)? })).collect()
}

/// A project's venue decisions, first to last.
///
/// # Errors
/// When the database is away.
pub async fn decisions(
    conn: &mut AsyncPgConnection,
    project: ProjectId,
) -> Result<Vec<KeptDecision>, Problem> {
    let rows: Vec<(i32, DateTime<Utc>, serde_json::Value, serde_json::Value)> = venue_decisions::table
        .filter(venue_decisions::project_id.eq(project))
        .order(venue_decisions::no)
        .select((
            venue_decisions::no,
            venue_decisions::decided_at,
            venue_decisions::question,
            venue_decisions::decision,
        ))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(no, decided_at, question, decision)| {
            let decision =
                serde_json::from_value(decision).map_err(unreadable("venue_decisions.decision"))?;
            Ok(KeptDecision { no, decided_at, question, decision })
        })
        .collect()
}

/// Which projects a list may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Those whose first notice is out.
    Published,
    /// Those of a purchaser or agency.
    Of(OrganisationId),
    /// Those of a centre.
    At(String),
    /// All: supervising bodies.
    All,
}

/// One page of projects, newest first; one row more than `limit` tells that there are further.
///
/// # Errors
/// When the database is away.
pub async fn list(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<ProjectLine>, Problem> {
    let mut query = projects::table
        .select(ProjectRow::as_select())
        .order((projects::registered_at.desc(), projects::id.desc()))
        .limit(limit + 1)
        .into_boxed();
    query = match reach {
        Reach::Published => query.filter(projects::first_notice_on.is_not_null()),
        Reach::Of(body) => query.filter(
            projects::purchaser_id.eq(*body).or(projects::agency_id.is_not_distinct_from(Some(*body))),
        ),
        Reach::At(centre) => query.filter(projects::centre_code.eq(centre.clone())),
        Reach::All => query,
    };
    if let Some(Cursor { at, id }) = cursor {
        let tie = projects::registered_at.lt(at).or(projects::id.lt(ProjectId(id)));
        query = query.filter(projects::registered_at.le(at).and(tie));
    }
    let rows: Vec<ProjectRow> = query.load(conn).await?;
    rows.into_iter().map(|row| Project::try_from(row).map(ProjectLine::from)).collect()
}

impl From<Project> for ProjectLine {
    fn from(project: Project) -> Self {
        Self {
            id: project.id,
            code: project.code,
            name: project.name,
            region_code: project.region_code,
            category: project.category,
            centre_code: project.centre_code,
            registered_at: project.registered_at,
        }
    }
}
