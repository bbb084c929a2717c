//! Where a project trades, as time goes on: changed figures (AMB-8), suspicions of splitting (AMB-7), new rounds.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::{
    identity::{Action, Duty, Object, Side, authorize_known, claim_side},
    jurisdiction::{
        self, Jurisdiction, VenueDecision, VenueQuestion,
        model::{RouteRule, Scope, Test},
        rules::split_of,
    },
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        actor::AccountActor,
        id::ProjectId,
        time::{hall_date, hall_instant},
    },
    ledger::{self, Entry},
    platform::{
        db::{OnConstraint, Tx},
        http::{Cursor, Page, PageQuery, Reply},
    },
    projects::{
        held,
        model::{Approval, Because, Project, Shared, SplitSuspect, SuspectFilter, VenueAnswer},
        rules, service, store,
    },
};

/// Who decides, by which table and when.
pub struct Bench<'a> {
    /// The routing policy.
    pub jurisdiction: &'a Arc<Jurisdiction>,
    /// The account whose act it is; none for the hall's own.
    pub by: Option<Uuid>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Decides anew where a project trades and keeps the decision; the caller saves the project.
///
/// # Errors
/// 422 as the rules of jurisdiction.
pub async fn decide(
    tx: &mut Tx<'_>,
    bench: &Bench<'_>,
    project: &mut Project,
    entry: Entry,
) -> Result<(VenueDecision, Entry), Problem> {
    let today = hall_date(bench.now);
    let question = project.question(today);
    let decision = jurisdiction::decide(bench.jurisdiction, &question, today)?;
    project.centre_code.clone_from(&decision.centre_code);
    let kept = store::insert_decision(tx, project.id, bench.by, bench.now, &question, &decision).await?;
    Ok((decision, entry.row("venue_decisions", kept)))
}

/// AMB-8: a figure that sank below the thresholds leaves the project where a threshold had sent it; one that rose
/// moves it. A new round is judged by its own figures.
pub fn keep_at_league(project: &mut Project, last: Option<&VenueDecision>, free: &VenueDecision) {
    let was_sent = last.is_some_and(|last| last.rule_id.is_threshold() || last.rule_id == RouteRule::Amb8);
    project.stays_at_league = was_sent && !project.round_open && leaves_to_county(free);
}

fn leaves_to_county(decision: &VenueDecision) -> bool {
    matches!(decision.scope, Scope::Own | Scope::Nearby)
}

/// What the rules say of a project that nothing keeps at the league's centre.
///
/// # Errors
/// 422 as the rules of jurisdiction.
pub fn unheld(
    jurisdiction: &Jurisdiction,
    project: &Project,
    today: NaiveDate,
) -> Result<VenueDecision, Rejection> {
    let free = VenueQuestion { split_suspected: false, stays_at_league: false, ..project.question(today) };
    jurisdiction::decide(jurisdiction, &free, today)
}

/// Looks for a split (AMB-7) and holds this project and the others that count and are not published yet. This
/// project's own suspicion is written by the caller, once its row exists.
///
/// # Errors
/// When the database is away.
pub async fn suspect(
    tx: &mut Tx<'_>,
    bench: &Bench<'_>,
    project: &mut Project,
    approvals: &[Approval],
    mut entry: Entry,
) -> Result<(Option<SplitSuspect>, Entry), Problem> {
    let today = hall_date(bench.now);
    if project.split_suspected || !leaves_to_county(&unheld(bench.jurisdiction, project, today)?) {
        return Ok((None, entry));
    }
    let Some((found, mut others)) = find_split(tx, bench, project, approvals).await? else {
        return Ok((None, entry));
    };
    for other in &mut others {
        let county = other.centre_code.as_deref() != Some(bench.jurisdiction.league_centre().code.as_str());
        if other.split_suspected || other.frozen_on().is_some() || !county || other.centre_code.is_none() {
            continue;
        }
        let members = found.others.iter().copied().chain([project.id]).filter(|id| *id != other.id).collect();
        let suspect =
            SplitSuspect { id: Uuid::new_v4(), project_id: other.id, others: members, ..found.clone() };
        held::insert_suspect(tx, &suspect).await?;
        other.split_suspected = true;
        entry = entry.row("split_suspects", suspect.id);
        entry = decide(tx, bench, other, entry).await?.1;
        store::update(tx, other).await?;
        entry = entry.row("projects", other.id.0);
    }
    project.split_suspected = true;
    Ok((Some(found), entry))
}

/// The first split found: by investment code, budget item, category, in this order.
async fn find_split(
    tx: &mut Tx<'_>,
    bench: &Bench<'_>,
    project: &Project,
    approvals: &[Approval],
) -> Result<Option<(SplitSuspect, Vec<Project>)>, Problem> {
    let today = hall_date(bench.now);
    let year = hall_date(project.registered_at).year();
    let first = |year| NaiveDate::from_ymd_opt(year, 1, 1).map(|day| hall_instant(day, NaiveTime::MIN));
    let (Some(from), Some(to)) = (first(year), first(year + 1)) else { return Ok(None) };
    let mut alike = Vec::new();
    for other in store::of_purchaser(tx.conn(), project.purchaser, from, to).await? {
        if other.id != project.id && !is_another_phase(tx, project, approvals, &other).await? {
            alike.push(other);
        }
    }
    let cleared: Vec<SplitSuspect> = held::suspects_of(tx.conn(), project.id)
        .await?
        .into_iter()
        .filter(|suspect| suspect.cleared_at.is_some())
        .collect();
    for shared in Shared::iter() {
        let group: Vec<&Project> = alike
            .iter()
            .filter(|other| value_of(project, shared).is_some_and(|v| value_of(other, shared) == Some(v)))
            .collect();
        let questions: Vec<VenueQuestion> = group.iter().map(|other| other.question(today)).collect();
        let Some(split) = split_of(bench.jurisdiction, today, &project.question(today), &questions) else {
            continue;
        };
        let others: Vec<ProjectId> =
            split.with.iter().filter_map(|at| group.get(*at).map(|other| other.id)).collect();
        // What the office has cleared is not held again, unless a project or money was added since.
        if cleared
            .iter()
            .any(|old| old.total >= split.total && others.iter().all(|id| old.others.contains(id)))
        {
            continue;
        }
        let found = SplitSuspect {
            id: Uuid::new_v4(),
            project_id: project.id,
            rule_id: split.rule,
            shared,
            fiscal_year: year,
            total: split.total,
            bound: split.bound,
            others: others.clone(),
            flagged_at: bench.now,
            cleared_at: None,
            reason: None,
        };
        let mut held = Vec::new();
        for id in others {
            held.push(service::lock(tx, id).await?);
        }
        return Ok(Some((found, held)));
    }
    Ok(None)
}

fn value_of(project: &Project, shared: Shared) -> Option<&str> {
    let kept = &project.particulars;
    match shared {
        Shared::InvestmentCode => kept.investment_code.as_ref().map(|code| code.as_str()),
        Shared::BudgetItem => kept.budget_item.as_deref(),
        Shared::ProcurementCategory => kept.procurement_category.as_ref().map(|code| code.as_str()),
    }
}

/// AMB-9: two numbered phases, each with a leading approval of its own, are two projects.
async fn is_another_phase(
    tx: &mut Tx<'_>,
    project: &Project,
    approvals: &[Approval],
    other: &Project,
) -> Result<bool, Problem> {
    let (Some(mine), Some(theirs)) = (project.particulars.phase_no, other.particulars.phase_no) else {
        return Ok(false);
    };
    if mine == theirs {
        return Ok(false);
    }
    let budget = project.question(hall_date(project.registered_at)).test() == Test::Purchase;
    let theirs = store::approvals(tx.conn(), other.id).await?;
    let document =
        |approvals: &[Approval]| rules::leading(approvals, budget).map(|one| one.document_no.clone());
    let (mine, theirs) = (document(approvals), document(&theirs));
    Ok(mine.is_some() && theirs.is_some() && mine != theirs)
}

/// The project with the purchaser's registrations and its own row held, and the caller's act authorised.
async fn opened(
    tx: &mut Tx<'_>,
    actor: &Actor,
    action: Action,
    id: ProjectId,
) -> Result<(AccountActor, Project), Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.clone();
    let purchaser = service::load(tx.conn(), id).await?.purchaser;
    held::hold_purchaser(tx, purchaser).await?;
    let project = service::lock(tx, id).await?;
    let parties = project.parties();
    authorize_known(actor, Action::ProjectRead, action, &Object::of(&parties, project.phase()))?;
    Ok((account, project))
}

fn written(reason: &str) -> Result<&str, Rejection> {
    let reason = reason.trim();
    if (1..=1000).contains(&reason.chars().count()) {
        return Ok(reason);
    }
    let detail = Say::new("请说明理由（1 至 1000 字）。", "Give a reason of 1 to 1000 characters.");
    Err(Rejection::at("/reason", "length", detail))
}

/// The supervision office clears a suspicion in writing; the project goes where the rules send it.
///
/// # Errors
/// 401, 403, 404, 409 when nothing is held, 422 without a reason.
pub async fn clear_split(
    tx: &mut Tx<'_>,
    actor: &Actor,
    jurisdiction: &Arc<Jurisdiction>,
    id: ProjectId,
    asked: Because,
) -> Result<Reply, Problem> {
    let (account, mut project) = opened(tx, actor, Action::SplitClear, id).await?;
    rules::is_held(&project)?;
    let reason = written(&asked.reason)?;
    claim_side(tx, id, account.account, Side::Supervisor).await?;
    let now = tx.hall_now().await?;
    let row = held::clear_suspect(tx, id, account.account.0, now, reason).await?;
    project.split_suspected = false;
    let mut entry = Entry::new("project.splitCleared").project(id).because(reason).row("split_suspects", row);
    // What is published stays where it is; only the suspicion ends.
    if project.frozen_on().is_none() {
        let bench = Bench { jurisdiction, by: Some(account.account.0), now };
        entry = decide(tx, &bench, &mut project, entry).await?.1;
    }
    store::update(tx, &mut project).await?;
    ledger::record(tx, actor, now, entry.row("projects", id.0).facts(json!({"centre": project.centre_code})))
        .await?;
    service::answer(tx, actor, &project).await
}

/// The purchaser asks to leave the league's centre after the figure sank (AMB-8).
///
/// # Errors
/// 401, 403, 404, 409 when nothing keeps the project there or an application is open, 422 without a reason.
pub async fn apply(tx: &mut Tx<'_>, actor: &Actor, id: ProjectId, asked: Because) -> Result<Reply, Problem> {
    let (account, project) = opened(tx, actor, Action::VenueApply, id).await?;
    rules::is_kept_at_league(&project)?;
    let reason = written(&asked.reason)?;
    let now = tx.hall_now().await?;
    let row = held::insert_application(tx, id, account.account.0, now, reason)
        .await
        .on_constraint("venue_applications_one_open", || {
            Refusal::new(Code::Duplicate, Say::new("已有待答复的申请。", "An application is open already."))
        })?;
    let entry = Entry::new("project.venueApplied").project(id).because(reason).row("venue_applications", row);
    ledger::record(tx, actor, now, entry).await?;
    service::answer(tx, actor, &project).await
}

/// The supervision office answers an application; where it agrees, the project goes where the rules send it.
///
/// # Errors
/// 401, 403, 404, 409 without an open application, 422 without a reason.
pub async fn answer(
    tx: &mut Tx<'_>,
    actor: &Actor,
    jurisdiction: &Arc<Jurisdiction>,
    id: ProjectId,
    asked: VenueAnswer,
) -> Result<Reply, Problem> {
    let (account, mut project) = opened(tx, actor, Action::VenueDecide, id).await?;
    rules::is_kept_at_league(&project)?;
    let reason = written(&asked.reason)?;
    claim_side(tx, id, account.account, Side::Supervisor).await?;
    let now = tx.hall_now().await?;
    let answered = held::answer_application(tx, id, account.account.0, now, (asked.approve, reason)).await?;
    let row = answered.ok_or_else(|| {
        Refusal::new(Code::WrongState, Say::new("没有待答复的申请。", "No application is open."))
    })?;
    let mut entry =
        Entry::new("project.venueAnswered").project(id).because(reason).row("venue_applications", row);
    if asked.approve {
        project.stays_at_league = false;
        let bench = Bench { jurisdiction, by: Some(account.account.0), now };
        entry = decide(tx, &bench, &mut project, entry).await?.1;
        store::update(tx, &mut project).await?;
        entry = entry.row("projects", id.0);
    }
    ledger::record(tx, actor, now, entry.facts(json!({"approved": asked.approve}))).await?;
    service::answer(tx, actor, &project).await
}

/// One page of the suspicions within the caller's supervising duty, newest first.
///
/// # Errors
/// 401, 403 for whoever supervises nothing, 422.
pub async fn suspects(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    filter: &SuspectFilter,
) -> Result<Page<SplitSuspect>, Problem> {
    let duty = match Duty::of(actor) {
        Some(duty) => duty,
        None if *actor == Actor::Public => return Err(Rejection::unauthenticated().into()),
        None => return Err(Rejection::forbidden().into()),
    };
    let (cursor, limit) = PageQuery { cursor: filter.cursor.clone(), limit: filter.limit }.checked()?;
    let rows = held::suspects(conn, &duty, filter.cleared, cursor, limit).await?;
    Ok(Page::from_rows(rows, limit, |line| Cursor { at: line.flagged_at, id: line.id }))
}

/// The venue of a new round is judged by the figures and the table of its day (AMB-8). Tells whether the project was
/// changed; the caller names its row where it was.
///
/// # Errors
/// 422 as the rules of jurisdiction.
pub async fn judge_anew(
    tx: &mut Tx<'_>,
    jurisdiction: &Arc<Jurisdiction>,
    project: &mut Project,
    (by, now): (Uuid, DateTime<Utc>),
    entry: Entry,
) -> Result<Entry, Problem> {
    if !project.round_open {
        return Ok(entry);
    }
    project.stays_at_league = false;
    let bench = Bench { jurisdiction, by: Some(by), now };
    let entry = decide(tx, &bench, project, entry).await?.1;
    store::update(tx, project).await?;
    Ok(entry.row("projects", project.id.0))
}
