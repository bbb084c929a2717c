//! Use cases of registration.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use crate::{
    identity::{Action, Object, Side, authorize, authorize_known, claim_side, kind_of},
    jurisdiction::{self, Jurisdiction, VenueQuestion, model::Test},
    kernel::{
        Actor, Code, Money, OrganisationKind, Problem, Refusal, RegionCode, Rejection, Role, Say,
        actor::AccountActor,
        codes::{PlatformId, ProjectCode},
        id::{EditionId, OrganisationId, ProjectId},
        time::hall_date,
    },
    law::{Law, Lawbook},
    ledger::{self, Entry},
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
    },
    projects::{
        held,
        model::{Approval, Lot, NewProject, Particulars, Project, ProjectChange, ProjectView},
        rules,
        store::{self, Reach},
        venue::{self, Bench},
    },
};

/// 进场登记: registers a project and decides where it must trade.
///
/// # Errors
/// 401, 403, 422 with pointers.
pub async fn register(
    tx: &mut Tx<'_>,
    actor: &Actor,
    jurisdiction: &Arc<Jurisdiction>,
    new: NewProject,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let new = in_yuan(jurisdiction, new)?;
    rules::check_registration(&new, test_of(&new))?;
    let now = tx.hall_now().await?;
    let purchaser = purchaser_of(account, &new)?;
    expect_kind(tx, purchaser, OrganisationKind::Purchaser, "/purchaserId").await?;
    let agency = if actor.has(Role::Agency) { Some(account.organisation) } else { new.agency_id };
    if let Some(agency) = agency {
        expect_kind(tx, agency, OrganisationKind::Agency, "/agencyId").await?;
    }
    held::hold_purchaser(tx, purchaser).await?;
    let platform = platform_of(jurisdiction, &new.region_code);
    let code = store::next_code(tx, platform).await?;
    let mut project = assemble(&new, account, (purchaser, agency), code, now);
    let today = hall_date(now);
    let free = venue::unheld(jurisdiction, &project, today)?;
    project.centre_code.clone_from(&free.centre_code);
    authorize(actor, Action::ProjectRegister, &Object::of(&project.parties(), project.phase()))?;
    let entry = Entry::new("project.registered").project(project.id).row("projects", project.id.0);
    let bench = Bench { jurisdiction, by: Some(account.account.0), now };
    let (suspect, mut entry) = venue::suspect(tx, &bench, &mut project, &new.approvals, entry).await?;
    let question = project.question(today);
    let decision = jurisdiction::decide(jurisdiction, &question, today)?;
    project.centre_code.clone_from(&decision.centre_code);
    store::insert(tx, &project).await?;
    for id in save_approvals(tx, project.id, &new.approvals).await? {
        entry = entry.row("project_approvals", id);
    }
    for id in store::insert_lots(tx, project.id, &lots_of(&new)).await? {
        entry = entry.row("project_lots", id);
    }
    if let Some(suspect) = &suspect {
        held::insert_suspect(tx, suspect).await?;
        entry = entry.row("split_suspects", suspect.id);
    }
    let kept = store::insert_decision(tx, project.id, bench.by, now, &question, &decision).await?;
    entry = entry.row("venue_decisions", kept);
    claim_own_side(tx, &project, account).await?;
    ledger::record(
        tx,
        actor,
        now,
        entry.facts(json!({"rule": decision.rule_id, "centre": decision.centre_code})),
    )
    .await?;
    answer_new(tx, actor, &project).await
}

/// The platform whose number a project gets: that of its region, or the league's where the region has none. It stays
/// with the project wherever it trades.
fn platform_of<'a>(jurisdiction: &'a Jurisdiction, region: &RegionCode) -> &'a PlatformId {
    &jurisdiction.centre_of_region(region).unwrap_or(jurisdiction.league_centre()).platform
}

fn test_of(new: &NewProject) -> Test {
    let question = VenueQuestion::new(new.region_code.clone(), new.level, new.category);
    VenueQuestion { regime: new.regime, ..question }.test()
}

/// Fills in the figure in yuan where only the foreign one was given (AMB-1).
fn in_yuan(jurisdiction: &Jurisdiction, mut new: NewProject) -> Result<NewProject, Problem> {
    if let Some(foreign) = &new.foreign {
        let yuan = Money::from(jurisdiction::rules::in_yuan(jurisdiction, foreign)?);
        match test_of(&new) {
            Test::Works => new.investment = new.investment.or(Some(yuan)),
            Test::Purchase => new.budget = new.budget.or(Some(yuan)),
            Test::None => {}
        }
    }
    Ok(new)
}

fn signed_in(actor: &Actor) -> Result<&AccountActor, Problem> {
    actor.account().ok_or_else(|| Rejection::unauthenticated().into())
}

/// A purchaser registers its own project; an agency names the purchaser that gave it the mandate.
fn purchaser_of(account: &AccountActor, new: &NewProject) -> Result<OrganisationId, Problem> {
    if account.roles.contains(&Role::Purchaser) {
        return match new.purchaser_id {
            Some(named) if named != account.organisation => Err(Rejection::forbidden().into()),
            _ => Ok(account.organisation),
        };
    }
    if !account.roles.contains(&Role::Agency) {
        return Err(Rejection::forbidden().into());
    }
    new.purchaser_id.ok_or_else(|| {
        let detail = Say::new("代理机构登记须指明采购人。", "An agency must name the purchaser.");
        Rejection::at("/purchaserId", "required", detail).into()
    })
}

async fn expect_kind(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    kind: OrganisationKind,
    pointer: &str,
) -> Result<(), Problem> {
    if kind_of(tx.conn(), organisation).await? == Some(kind) {
        return Ok(());
    }
    let detail =
        Say::new("没有这样的主体，或其类型不符。", "There is no such organisation of the kind needed here.");
    Err(Rejection::at(pointer, "unknown", detail).into())
}

fn assemble(
    new: &NewProject,
    account: &AccountActor,
    (purchaser, agency): (OrganisationId, Option<OrganisationId>),
    code: ProjectCode,
    now: DateTime<Utc>,
) -> Project {
    Project {
        id: ProjectId::random(),
        code,
        name: new.name.trim().to_owned(),
        region_code: new.region_code.clone(),
        level: new.level,
        category: new.category,
        catalogue_item: new.catalogue_item.clone(),
        industry_code: new.industry_code.clone(),
        particulars: Particulars::from(new),
        purchaser,
        agency,
        mandated_at: agency.map(|_| now),
        investment: new.investment,
        floor_area: new.floor_area,
        budget: new.budget,
        estimate: new.estimate,
        centre_code: None,
        registered_at: now,
        registered_by: account.account.0,
        accepted_on: None,
        accepted_centre: None,
        split_suspected: false,
        stays_at_league: false,
        round_open: false,
        first_notice_on: None,
        law_edition: None,
        version: 1,
    }
}

/// A project without lots is one lot.
fn lots_of(new: &NewProject) -> Vec<Lot> {
    if new.lots.is_empty() {
        return vec![Lot { no: 1, name: new.name.trim().to_owned(), estimate: new.estimate }];
    }
    new.lots.clone()
}

async fn save_approvals(
    tx: &mut Tx<'_>,
    project: ProjectId,
    approvals: &[Approval],
) -> Result<Vec<Uuid>, Problem> {
    store::insert_approvals(tx, project, approvals).await.on_constraint("project_approvals_once", || {
        Refusal::new(
            Code::Duplicate,
            Say::new("同一文号的批复已登记。", "This approval document is registered already."),
        )
    })
}

/// Whoever acts for a party takes that party's side (SOD-1).
async fn claim_own_side(tx: &mut Tx<'_>, project: &Project, account: &AccountActor) -> Result<(), Problem> {
    match account.roles.first().copied().and_then(Side::of) {
        Some(side) => claim_side(tx, project.id, account.account, side).await,
        None => Ok(()),
    }
}

async fn answer_new(tx: &mut Tx<'_>, actor: &Actor, project: &Project) -> Result<Reply, Problem> {
    let view = view(tx.conn(), actor, project).await?;
    Ok(Reply::created(format!("/api/v1/projects/{}", project.id), &view)?.at_version(project.version))
}

/// Changes a registration before the first notice; amounts that move make a new venue decision (AMB-8).
///
/// # Errors
/// 403, 404, 409 after the first notice, 412/428 by version, 422 with pointers.
pub async fn amend(
    tx: &mut Tx<'_>,
    actor: &Actor,
    jurisdiction: &Arc<Jurisdiction>,
    id: ProjectId,
    expect_version: impl FnOnce(i64) -> Result<(), Rejection>,
    change: ProjectChange,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let purchaser = load(tx.conn(), id).await?.purchaser;
    held::hold_purchaser(tx, purchaser).await?;
    let mut project = lock(tx, id).await?;
    let parties = project.parties();
    authorize_known(
        actor,
        Action::ProjectRead,
        Action::ProjectAmend,
        &Object::of(&parties, project.phase()),
    )?;
    expect_version(project.version)?;
    rules::before_first_notice(&project)?;
    let now = tx.hall_now().await?;
    if let Some(agency) = change.agency_id {
        authorize(actor, Action::MandateGive, &Object::of(&parties, project.phase()))?;
        expect_kind(tx, agency, OrganisationKind::Agency, "/agencyId").await?;
        project.agency = Some(agency);
        project.mandated_at = project.mandated_at.or(Some(now));
    }
    let before = project.question(hall_date(now));
    let shared_before = project.particulars.clone();
    apply(jurisdiction, &mut project, &change)?;
    let mut approvals = store::approvals(tx.conn(), id).await?;
    approvals.extend(change.approvals.iter().cloned());
    let (test, mut errors) = (project.question(hall_date(now)).test(), Vec::new());
    rules::check_approvals(&approvals, test, project.investment, project.budget, &mut errors);
    rules::check_parity(project.particulars.foreign.as_ref(), &approvals, test, &mut errors);
    rules::check_budget_item(project.particulars.budget_item.as_deref(), &mut errors);
    rules::all_right(errors)?;
    let mut entry = Entry::new("project.amended").project(id).because(change.reason.trim());
    for row in save_approvals(tx, id, &change.approvals).await? {
        entry = entry.row("project_approvals", row);
    }
    if project.question(hall_date(now)) != before || project.particulars != shared_before {
        let bench = Bench { jurisdiction, by: Some(account.account.0), now };
        entry = route_again(tx, &bench, &mut project, &approvals, entry).await?;
    }
    store::update(tx, &mut project).await?;
    ledger::record(tx, actor, now, entry.row("projects", id.0)).await?;
    answer(tx, actor, &project).await
}

/// AMB-8 and AMB-7 for a registration that was changed.
async fn route_again(
    tx: &mut Tx<'_>,
    bench: &Bench<'_>,
    project: &mut Project,
    approvals: &[Approval],
    entry: Entry,
) -> Result<Entry, Problem> {
    let last = store::decisions(tx.conn(), project.id).await?.pop().map(|kept| kept.decision);
    let free = venue::unheld(bench.jurisdiction, project, hall_date(bench.now))?;
    venue::keep_at_league(project, last.as_ref(), &free);
    let (suspect, mut entry) = venue::suspect(tx, bench, project, approvals, entry).await?;
    if let Some(suspect) = suspect {
        held::insert_suspect(tx, &suspect).await?;
        entry = entry.row("split_suspects", suspect.id);
    }
    Ok(venue::decide(tx, bench, project, entry).await?.1)
}

fn apply(jurisdiction: &Jurisdiction, project: &mut Project, change: &ProjectChange) -> Result<(), Problem> {
    if !(1..=1000).contains(&change.reason.trim().chars().count()) {
        let detail = Say::new("请说明变更理由（1 至 1000 字）。", "Give a reason of 1 to 1000 characters.");
        return Err(Rejection::at("/reason", "length", detail).into());
    }
    if let Some(name) = &change.name {
        let mut errors = Vec::new();
        rules::check_name(name, &mut errors);
        rules::all_right(errors)?;
        name.trim().clone_into(&mut project.name);
    }
    apply_figures(jurisdiction, project, change)?;
    let kept = &mut project.particulars;
    if let Some(phases) = &change.other_phases {
        kept.other_phases.clone_from(phases);
    }
    kept.voluntary = change.voluntary.clone().or(kept.voluntary.take());
    kept.investment_code = change.investment_code.clone().or(kept.investment_code.take());
    kept.budget_item =
        change.budget_item.as_deref().map(|item| item.trim().to_owned()).or(kept.budget_item.take());
    kept.procurement_category = change.procurement_category.clone().or(kept.procurement_category.take());
    Ok(())
}

/// A figure given in yuan alone takes the place of one in a foreign currency.
fn apply_figures(
    jurisdiction: &Jurisdiction,
    project: &mut Project,
    change: &ProjectChange,
) -> Result<(), Problem> {
    project.floor_area = change.floor_area.or(project.floor_area);
    project.estimate = change.estimate.or(project.estimate);
    let (mut investment, mut budget) = (change.investment, change.budget);
    let test = project.question(hall_date(project.registered_at)).test();
    if let Some(foreign) = &change.foreign {
        let yuan = Money::from(jurisdiction::rules::in_yuan(jurisdiction, foreign)?);
        match test {
            Test::Works => investment = investment.or(Some(yuan)),
            Test::Purchase => budget = budget.or(Some(yuan)),
            Test::None => {}
        }
        project.particulars.foreign = Some(foreign.clone());
    } else if (test == Test::Works && investment.is_some()) || (test == Test::Purchase && budget.is_some()) {
        project.particulars.foreign = None;
    }
    project.investment = investment.or(project.investment);
    project.budget = budget.or(project.budget);
    Ok(())
}

/// The centre's form check: sets the day of acceptance, by which platform presence is judged (AMB-12).
///
/// # Errors
/// 403, 404, 409 when it was made before or no centre is required.
pub async fn accept(
    tx: &mut Tx<'_>,
    actor: &Actor,
    jurisdiction: &Arc<Jurisdiction>,
    id: ProjectId,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let mut project = lock(tx, id).await?;
    let parties = project.parties();
    authorize_known(
        actor,
        Action::ProjectRead,
        Action::ProjectAccept,
        &Object::of(&parties, project.phase()),
    )?;
    rules::not_accepted_yet(&project)?;
    let now = tx.hall_now().await?;
    project.accepted_on = Some(hall_date(now));
    project.accepted_centre.clone_from(&project.centre_code);
    let entry = Entry::new("project.accepted").project(id);
    let bench = Bench { jurisdiction, by: Some(account.account.0), now };
    let decision = jurisdiction::decide(jurisdiction, &project.question(hall_date(now)), hall_date(now))?;
    let entry = if decision.centre_code == project.centre_code {
        entry
    } else {
        venue::decide(tx, &bench, &mut project, entry).await?.1
    };
    store::update(tx, &mut project).await?;
    claim_own_side(tx, &project, account).await?;
    ledger::record(tx, actor, now, entry.row("projects", id.0)).await?;
    answer(tx, actor, &project).await
}

/// The project as its caller sees it after an act.
///
/// # Errors
/// When the database is away.
pub async fn answer(tx: &mut Tx<'_>, actor: &Actor, project: &Project) -> Result<Reply, Problem> {
    Ok(Reply::ok(&view(tx.conn(), actor, project).await?)?.at_version(project.version))
}

/// The project for a caller who may read it.
///
/// # Errors
/// 404 when it is absent or not for the caller to know.
pub async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: ProjectId,
) -> Result<(ProjectView, i64), Problem> {
    let project = load(conn, id).await?;
    authorize(actor, Action::ProjectRead, &Object::of(&project.parties(), project.phase()))?;
    Ok((view(conn, actor, &project).await?, project.version))
}

/// Which projects a caller's list shows.
pub fn reach_of(actor: &Actor) -> Reach {
    let Some(account) = actor.account() else { return Reach::Published };
    if actor.supervises() {
        return Reach::All;
    }
    match &account.centre {
        Some(centre) if actor.has(Role::Operator) => Reach::At(centre.clone()),
        _ if actor.has(Role::Purchaser) || actor.has(Role::Agency) => Reach::Of(account.organisation),
        _ => Reach::Published,
    }
}

async fn view(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    project: &Project,
) -> Result<ProjectView, Problem> {
    let parties = project.parties();
    let object = Object::of(&parties, project.phase());
    let may = |action| authorize_known(actor, Action::ProjectRead, action, &object);
    Ok(ProjectView {
        id: project.id,
        code: project.code.clone(),
        name: project.name.clone(),
        region_code: project.region_code.clone(),
        level: project.level,
        category: project.category,
        catalogue_item: project.catalogue_item.clone(),
        industry_code: project.industry_code.clone(),
        particulars: project.particulars.clone(),
        purchaser_id: project.purchaser,
        agency_id: project.agency,
        investment: project.investment,
        floor_area: project.floor_area,
        budget: project.budget,
        estimate: project.estimate,
        centre_code: project.centre_code.clone(),
        registered_at: project.registered_at,
        accepted_on: project.accepted_on,
        first_notice_on: project.first_notice_on,
        law_edition: project.law_edition,
        approvals: store::approvals(conn, project.id).await?,
        lots: store::lots(conn, project.id).await?,
        venue: store::decisions(conn, project.id).await?,
        split_suspects: held::suspects_of(conn, project.id).await?,
        venue_applications: held::applications_of(conn, project.id).await?,
        allowed_actions: rules::allowed_actions(project, may),
    })
}

/// The project, for rooms above.
///
/// # Errors
/// 404 when it is absent.
pub async fn load(conn: &mut AsyncPgConnection, id: ProjectId) -> Result<Project, Problem> {
    store::find(conn, id).await?.ok_or_else(|| Rejection::not_found().into())
}

/// The project with its row held to the end of the transaction, for rooms above.
///
/// # Errors
/// 404 when it is absent.
pub async fn lock(tx: &mut Tx<'_>, id: ProjectId) -> Result<Project, Problem> {
    store::find_locked(tx, id).await?.ok_or_else(|| Rejection::not_found().into())
}

/// The law that judges a project: the edition its first notice froze, before that the one in force.
///
/// # Errors
/// When the database is away.
pub async fn law_of(
    conn: &mut AsyncPgConnection,
    book: &Lawbook,
    project: &Project,
) -> Result<Arc<Law>, Problem> {
    book.of(conn, project.law_edition, project.first_notice_on.is_some()).await
}

/// Freezes venue and law, by day and edition, at the first notice. Answers the day whose law judges the project; the
/// caller names the changed `projects` row in its own entry when this answers `true` beside it.
///
/// # Errors
/// When the database is away.
pub async fn freeze_at_first_notice(
    tx: &mut Tx<'_>,
    project: &mut Project,
    today: NaiveDate,
    edition: Option<EditionId>,
) -> Result<(NaiveDate, bool), Problem> {
    if let Some(day) = project.first_notice_on {
        let again = std::mem::take(&mut project.round_open);
        if again {
            store::update(tx, project).await?;
        }
        return Ok((day, again));
    }
    project.first_notice_on = Some(today);
    project.law_edition = edition;
    store::update(tx, project).await?;
    Ok((today, true))
}

/// Every round of a published project has ended without an award: registration and venue may change until the next
/// notice (AMB-8). The caller names the changed `projects` row in its own entry when this answers `true`.
///
/// # Errors
/// When the database is away.
pub async fn open_round(tx: &mut Tx<'_>, project: &mut Project) -> Result<bool, Problem> {
    if project.frozen_on().is_none() {
        return Ok(false);
    }
    project.round_open = true;
    store::update(tx, project).await?;
    Ok(true)
}
