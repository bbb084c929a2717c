//! Use cases of a tender, and what rooms above need of it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use crate::{
    identity::{Action, Object, Phase, authorize, authorize_known},
    jurisdiction::Jurisdiction,
    kernel::{
        Actor, Code, LegalGround, Problem, Refusal, Rejection, Say,
        id::{BookingId, TenderId},
        problem::fitting,
        time::hall_date,
    },
    law::{Event, Facts, Law, Lawbook, Procedure},
    ledger::{self, Entry},
    notices::{self, NoticeKind},
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
        jobs,
    },
    projects::{self, Project},
    tenders::{
        document,
        lifecycle::TenderPhase,
        model::{
            Approve, DocumentApproval, NewClarification, NewTender, Place, Postpone, Tender, TenderChange,
            Terminate,
        },
        publication::{self, Circumstances},
        sealing, store, view,
    },
};

/// Job that closes a tender at its deadline; handled by the room of bids.
pub const CLOSE_JOB: &str = "tender.close";

/// Key of a tender's close job.
pub fn close_key(tender: TenderId) -> String {
    format!("close {tender}")
}

/// Where a tender stands in the law: project, procedure, day of law and facts.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The law.
    pub law: Arc<Law>,
    /// The project.
    pub project: Project,
    /// The procedure.
    pub procedure: Arc<Procedure>,
    /// Day whose law judges.
    pub on: NaiveDate,
    /// What happened when.
    pub facts: Facts,
}

impl Setting {
    /// Judges the time of an act by every period that limits it; answers the rule of a duty done too late.
    ///
    /// # Errors
    /// As [`Law::permit`].
    pub fn permit(&self, event: Event, at: DateTime<Utc>) -> Result<Option<LegalGround>, Problem> {
        self.law.permit(&self.procedure, self.on, event, at, &self.facts)
    }
}

/// The tender's setting; `today` stands in for the day of law until the first notice.
///
/// # Errors
/// When the database is away, or the procedure is not in force.
pub async fn setting(
    conn: &mut AsyncPgConnection,
    law: &Lawbook,
    tender: &Tender,
    today: NaiveDate,
) -> Result<Setting, Problem> {
    let project = projects::load(conn, tender.project).await?;
    let law = projects::law_of(conn, law, &project).await?;
    let on = tender.law_on.or(project.first_notice_on).unwrap_or(today);
    let procedure = Arc::clone(law.procedure(&tender.procedure_id, on)?);
    let facts = store::facts(conn, tender).await?;
    Ok(Setting { law, project, procedure, on, facts })
}

/// The tender, for rooms above.
///
/// # Errors
/// 404 when it is absent.
pub async fn load(conn: &mut AsyncPgConnection, id: TenderId) -> Result<Tender, Problem> {
    store::find(conn, id).await?.ok_or_else(|| Rejection::not_found().into())
}

/// The tender with its row held to the end of the transaction, for rooms above.
///
/// # Errors
/// 404 when it is absent.
pub async fn lock(tx: &mut Tx<'_>, id: TenderId) -> Result<Tender, Problem> {
    store::find_locked(tx, id).await?.ok_or_else(|| Rejection::not_found().into())
}

/// Authorises an act on a tender; a tender the actor may not read does not exist for it.
///
/// # Errors
/// 401, 403, 404.
pub fn permit(actor: &Actor, action: Action, project: &Project, tender: &Tender) -> Result<(), Problem> {
    let parties = project.parties();
    let object = Object::of(&parties, tender.authority());
    match action {
        // Acts of rooms above may be hidden from those who may read the tender, such as the opening before it begins.
        Action::TenderDraft
        | Action::TenderApprove
        | Action::TenderPublish
        | Action::TenderClarify
        | Action::TenderPostpone
        | Action::TenderTerminate => authorize_known(actor, Action::TenderRead, action, &object),
        other => {
            authorize(actor, Action::TenderRead, &object)?;
            authorize(actor, other, &object)
        }
    }
}

/// The tender with its project for an act of `actor`, or for it to read.
///
/// # Errors
/// 404 when it is absent, and as [`permit`].
pub async fn permitted(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    action: Action,
    id: TenderId,
) -> Result<(Tender, Project), Problem> {
    let tender = load(conn, id).await?;
    let project = projects::load(conn, tender.project).await?;
    permit(actor, action, &project, &tender)?;
    Ok((tender, project))
}

/// Notes that `event` came at `at` and answers the row of `tender_events` for the caller's entry.
///
/// # Errors
/// When the database is away.
pub async fn note(
    tx: &mut Tx<'_>,
    tender: &Tender,
    event: Event,
    at: DateTime<Utc>,
    late: Option<&LegalGround>,
) -> Result<Uuid, Problem> {
    store::insert_event(tx, tender.id, event, at, late.map(|rule| rule.id.as_str())).await
}

/// Moves a tender to its next phase and saves it; the caller names the `tenders` row in its entry.
///
/// # Errors
/// `wrong-state` when no way leads there.
pub async fn advance(tx: &mut Tx<'_>, tender: &mut Tender, next: TenderPhase) -> Result<(), Problem> {
    tender.phase = tender.phase.to(next)?;
    tender.untold = next == TenderPhase::Awarded;
    store::update(tx, tender).await
}

/// Ends a tender without an award: phase, notice, record. The close job is dropped.
///
/// # Errors
/// `wrong-state` when it cannot end in this phase.
pub async fn end(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
    tender: &mut Tender,
    end: TenderPhase,
    reason: &Say,
) -> Result<(), Problem> {
    let was_public = tender.published_at.is_some();
    tender.ended = Some((reason.zh.clone(), now));
    advance(tx, tender, end).await?;
    jobs::cancel(tx, &close_key(tender.id)).await?;
    let act = if end == TenderPhase::Failed { "tender.failed" } else { "tender.terminated" };
    let mut entry = Entry::new(act).project(tender.project).tender(tender.id).row("tenders", tender.id.0);
    let mut project = projects::lock(tx, tender.project).await?;
    let ended = |other: &Tender| matches!(other.phase, TenderPhase::Failed | TenderPhase::Terminated);
    let all_ended = store::of_project(tx.conn(), project.id).await?.iter().all(ended);
    if all_ended && projects::open_round(tx, &mut project).await? {
        entry = entry.row("projects", project.id.0);
    }
    ledger::record(tx, actor, now, entry.because(&reason.zh)).await?;
    if was_public {
        let kind = if end == TenderPhase::Failed { NoticeKind::Failure } else { NoticeKind::Termination };
        let draft = publication::draft(kind, &project, tender, publication::end_notice(tender, reason));
        notices::publish(tx, actor, now, draft).await?;
    }
    Ok(())
}

/// Drafts a tender for a lot of an accepted project.
///
/// # Errors
/// 403, 404, 409 while another tender of the lot is under way, 422 with pointers.
pub async fn draft(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    jurisdiction: &Arc<Jurisdiction>,
    new: NewTender,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.clone();
    let mut project = projects::lock(tx, new.project_id).await?;
    may_draft(actor, &project)?;
    let now = tx.hall_now().await?;
    let on = project.first_notice_on.unwrap_or(hall_date(now));
    let judged_by = projects::law_of(tx.conn(), law, &project).await?;
    let procedure = procedure_for(&judged_by, &new.procedure_id, &project, on)?;
    document::check(&new.document, procedure, &judged_by, on)?;
    check_dates(&new.title, new.offered_until, new.deadline)?;
    let judged = Entry::new("tender.drafted").project(project.id);
    let judged =
        projects::judge_anew(tx, jurisdiction, &mut project, (account.account.0, now), judged).await?;
    let centre_code = project.centre_code.clone().ok_or_else(|| {
        Refusal::new(
            Code::WrongState,
            Say::new("该项目不要求进场交易。", "No centre is required for this project."),
        )
    })?;
    let lot_no = new.lot_no.unwrap_or(1);
    let round = next_round(&store::rounds(tx, project.id, lot_no).await?)?;
    let tender = Tender {
        id: TenderId::random(),
        code: store::next_code(tx, &project.code).await?,
        document_code: None,
        deal_code: None,
        project: project.id,
        lot_no,
        round,
        centre_code,
        title: new.title.trim().to_owned(),
        procedure_id: procedure.id.clone(),
        document_hash: new.document.hash()?,
        document: new.document,
        approval: None,
        offered_until: new.offered_until,
        deadline: new.deadline,
        phase: TenderPhase::Draft,
        published_at: None,
        untold: false,
        law_on: None,
        close: None,
        opening_began_at: None,
        opened_at: None,
        ended: None,
        created_at: now,
        created_by: account.account.0,
        version: 1,
    };
    store::insert(tx, &tender).await?.on_constraint("tenders_lot", || {
        Refusal::new(Code::WrongState, Say::new("项目没有该标段。", "The project has no such lot."))
    })?;
    let entry = judged.tender(tender.id).row("tenders", tender.id.0);
    ledger::record(tx, actor, now, entry).await?;
    let view = view::view(tx.conn(), actor, law, &tender, now).await?;
    Ok(Reply::created(format!("/api/v1/tenders/{}", tender.id), &view)?.at_version(tender.version))
}

/// A tender begins as a draft, also of a project whose other lots or earlier rounds are published.
fn may_draft(actor: &Actor, project: &Project) -> Result<(), Problem> {
    let parties = project.parties();
    authorize(actor, Action::ProjectRead, &Object::of(&parties, project.phase()))?;
    authorize(actor, Action::TenderDraft, &Object::of(&parties, Phase::Draft)).map_err(
        |problem| match problem.code() {
            Code::NotFound if *actor == Actor::Public => Rejection::unauthenticated().into(),
            Code::NotFound => Rejection::forbidden().into(),
            _ => problem,
        },
    )
}

fn procedure_for<'l>(
    law: &'l Law,
    id: &str,
    project: &Project,
    on: NaiveDate,
) -> Result<&'l Procedure, Problem> {
    let fitting =
        law.procedures(on).find(|procedure| procedure.id == id && procedure.category == project.category);
    fitting.map(Arc::as_ref).ok_or_else(|| {
        let detail =
            Say::new("该类项目没有此采购方式。", "There is no such procedure for this class of project.");
        Rejection::at("/procedureId", "unknown", detail).into()
    })
}

fn check_dates(title: &str, offered_until: DateTime<Utc>, deadline: DateTime<Utc>) -> Result<(), Rejection> {
    if !(2..=200).contains(&title.trim().chars().count()) {
        let detail = Say::new("标题须为 2 至 200 字。", "A title has 2 to 200 characters.");
        return Err(Rejection::at("/title", "length", detail));
    }
    if offered_until > deadline {
        let detail = Say::new("文件提供期不得晚于截止时间。", "The offer may not end after the deadline.");
        return Err(Rejection::at("/offeredUntil", "invalid", detail));
    }
    Ok(())
}

/// A lot is tendered anew only after its last round ended without an award (TG-15).
fn next_round(rounds: &[(i32, TenderPhase)]) -> Result<i32, Refusal> {
    match rounds.last() {
        None => Ok(1),
        Some((round, TenderPhase::Failed | TenderPhase::Terminated)) => Ok(round + 1),
        Some(_) => Err(Refusal::new(
            Code::Duplicate,
            Say::new("该标段已有进行中的招标。", "A tender of this lot is already under way."),
        )),
    }
}

/// Changes a draft. A changed document needs a new approval.
///
/// # Errors
/// 403, 404, 409 once published, 412/428 by version, 422 with pointers.
pub async fn amend(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    expect_version: impl FnOnce(i64) -> Result<(), Rejection>,
    change: TenderChange,
) -> Result<Reply, Problem> {
    let mut tender = lock(tx, id).await?;
    let project = projects::load(tx.conn(), tender.project).await?;
    permit(actor, Action::TenderDraft, &project, &tender)?;
    expect_version(tender.version)?;
    drafting(&tender)?;
    let now = tx.hall_now().await?;
    let on = project.first_notice_on.unwrap_or(hall_date(now));
    if let Some(changed) = change.document {
        let law = projects::law_of(tx.conn(), law, &project).await?;
        document::check(&changed, law.procedure(&tender.procedure_id, on)?, &law, on)?;
        tender.document_hash = changed.hash()?;
        tender.document = changed;
    }
    // The project may have been routed anew since; the place of the opening is booked where it trades now.
    tender.centre_code = project.centre_code.clone().unwrap_or(tender.centre_code);
    tender.title = change.title.map_or(tender.title, |title| title.trim().to_owned());
    tender.offered_until = change.offered_until.unwrap_or(tender.offered_until);
    tender.deadline = change.deadline.unwrap_or(tender.deadline);
    check_dates(&tender.title, tender.offered_until, tender.deadline)?;
    store::update(tx, &mut tender).await?;
    let entry = Entry::new("tender.amended").project(project.id).tender(id).row("tenders", id.0);
    ledger::record(tx, actor, now, entry).await?;
    view::answer(tx, actor, law, &tender, now).await
}

pub(super) fn drafting(tender: &Tender) -> Result<(), Refusal> {
    match tender.phase {
        TenderPhase::Draft => Ok(()),
        other => Err(other.refuse(&Say::new("修改草稿", "change a draft"))),
    }
}

/// The purchaser approves the document by its hash.
///
/// # Errors
/// 403, 404, 409 when the hash is not the document's.
pub async fn approve(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: Approve,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let mut tender = lock(tx, id).await?;
    let project = projects::load(tx.conn(), tender.project).await?;
    permit(actor, Action::TenderApprove, &project, &tender)?;
    drafting(&tender)?;
    if hex::encode(tender.document_hash) != asked.document_hash {
        let detail = Say::new(
            "所批准的摘要与现行招标文件不符，请重新阅读文件。",
            "This is not the hash of the document as it stands; read it again.",
        );
        return Err(Refusal::new(Code::DocumentNotApproved, detail).into());
    }
    let now = tx.hall_now().await?;
    tender.approval = Some(DocumentApproval { hash: tender.document_hash, by: account.0, at: now });
    store::update(tx, &mut tender).await?;
    let entry = Entry::new("tender.approved").project(project.id).tender(id).row("tenders", id.0);
    ledger::record(tx, actor, now, entry.facts(json!({"documentHash": asked.document_hash}))).await?;
    view::answer(tx, actor, law, &tender, now).await
}

/// Publishes the tender: notice, documents and the open intake, in one act.
///
/// # Errors
/// 403, 404, and every refusal of [`publication::may_publish`].
pub async fn publish(
    tx: &mut Tx<'_>,
    actor: &Actor,
    book: &Lawbook,
    jurisdiction: &Jurisdiction,
    id: TenderId,
) -> Result<Reply, Problem> {
    let mut tender = lock(tx, id).await?;
    let mut project = projects::lock(tx, tender.project).await?;
    permit(actor, Action::TenderPublish, &project, &tender)?;
    tender.phase.to(TenderPhase::Published)?;
    let now = tx.hall_now().await?;
    let on = project.first_notice_on.unwrap_or(hall_date(now));
    book.held(tx).await?;
    let law = projects::law_of(tx.conn(), book, &project).await?;
    let procedure = law.procedure(&tender.procedure_id, on)?;
    let place = store::place_at(tx.conn(), id, tender.deadline).await?;
    let facts = store::facts(tx.conn(), &tender).await?;
    let bodies = sealing::bodies_held(tx, &tender, &project).await?;
    let at = Circumstances {
        project: &project,
        procedure,
        on,
        place: place.as_ref(),
        now,
        facts: &facts,
        bodies: bodies.as_deref(),
    };
    publication::may_publish(&law, &tender, &at)?;
    let (law_on, frozen) =
        projects::freeze_at_first_notice(tx, &mut project, hall_date(now), law.edition()).await?;
    tender.law_on = Some(law_on);
    give_codes(tx, jurisdiction, &project, &mut tender, hall_date(now)).await?;
    tender.published_at = Some(now);
    advance(tx, &mut tender, TenderPhase::Published).await?;
    store::open_intake(tx, id, now).await?;
    let mut entry = Entry::new("tender.published").project(project.id).tender(id).row("tenders", id.0);
    if frozen {
        entry = entry.row("projects", project.id.0);
    }
    for event in [Event::NoticePublished, Event::DocumentsIssued] {
        entry = entry.row("tender_events", note(tx, &tender, event, now, None).await?);
    }
    let (policy, entry) = sealing::settle(tx, &tender, bodies.as_deref(), now, entry).await?;
    let facts = json!({"documentHash": hex::encode(tender.document_hash), "sealPolicy": policy.digest()});
    ledger::record(tx, actor, now, entry.facts(facts)).await?;
    if let Some(place) = &place {
        let sections = publication::tender_notice(&project, &tender, procedure, place, &policy);
        let draft = publication::draft(NoticeKind::TenderNotice, &project, &tender, sections);
        notices::publish(tx, actor, now, draft).await?;
    }
    jobs::schedule(tx, CLOSE_JOB, &close_key(id), tender.deadline, json!({"tender": id})).await?;
    view::answer(tx, actor, book, &tender, now).await
}

/// The document is frozen and the transaction begins: both get their numbers.
async fn give_codes(
    tx: &mut Tx<'_>,
    jurisdiction: &Jurisdiction,
    project: &Project,
    tender: &mut Tender,
    today: NaiveDate,
) -> Result<(), Problem> {
    let unknown =
        |what: &str| Problem::internal(anyhow::anyhow!("{what} of {} is not in the policy", tender.code));
    let centre = jurisdiction.centre(&tender.centre_code).ok_or_else(|| unknown("the centre"))?;
    let rest = || jurisdiction.other_class(project.category).map(|class| class.code.clone());
    let class = project.industry_code.clone().or_else(rest).ok_or_else(|| unknown("the class"))?;
    let section = tender.code.section(tender.lot_no).map_err(Problem::internal)?;
    tender.document_code = Some(section.document(1).map_err(Problem::internal)?);
    tender.deal_code = Some(store::next_deal(tx, &class, &centre.uscc, today).await?);
    Ok(())
}

/// Publishes a clarification; one that affects bids keeps the law's distance to the deadline.
///
/// # Errors
/// 403, 404, 409 by ENG-7 / GPB-4 with the last lawful day, 422.
pub async fn clarify(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: NewClarification,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let text = fitting(&asked.text, "/text", 20_000)?;
    let tender = lock(tx, id).await?;
    let now = tx.hall_now().await?;
    law.held(tx).await?;
    let setting = setting(tx.conn(), law, &tender, hall_date(now)).await?;
    permit(actor, Action::TenderClarify, &setting.project, &tender)?;
    taking_bids(&tender, now)?;
    if asked.affects_bids {
        setting.permit(Event::ClarificationPublished, now)?;
    }
    let (row, no) = store::insert_clarification(tx, id, &text, asked.affects_bids, account.0, now).await?;
    let event = note(tx, &tender, Event::ClarificationPublished, now, None).await?;
    let entry = Entry::new("tender.clarified").project(tender.project).tender(id);
    let entry = entry.row("tender_clarifications", row).row("tender_events", event);
    ledger::record(tx, actor, now, entry).await?;
    let sections = publication::clarification_notice(no, &text);
    let draft = publication::draft(NoticeKind::Clarification, &setting.project, &tender, sections);
    notices::publish(tx, actor, now, draft).await?;
    view::answer(tx, actor, law, &tender, now).await
}

pub(super) fn taking_bids(tender: &Tender, now: DateTime<Utc>) -> Result<(), Refusal> {
    if tender.phase == TenderPhase::Published && now < tender.deadline {
        return Ok(());
    }
    let phase = if tender.phase == TenderPhase::Published { TenderPhase::Closed } else { tender.phase };
    Err(phase.refuse(&Say::new("投标期间的操作", "acts of the bidding period")))
}

/// Moves the deadline later: row, notice, place and close job in one transaction (RM-8).
///
/// # Errors
/// 403, 404, 409 when no room is confirmed for the new deadline or the deadline has passed, 422.
pub async fn postpone(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: Postpone,
) -> Result<Reply, Problem> {
    let tender = lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let project = projects::load(tx.conn(), tender.project).await?;
    permit(actor, Action::TenderPostpone, &project, &tender)?;
    taking_bids(&tender, now)?;
    let tender = move_deadline(tx, actor, law, (tender, now), &asked).await?;
    view::answer(tx, actor, law, &tender, now).await
}

/// Moves a deadline that an outage or a wrong clock has touched, by the supervision office. Unlike the host's own
/// postponement it may also come when the deadline has passed and the close waits; after the close never, so that no
/// share of a bid can have been released.
///
/// # Errors
/// As [`postpone`].
pub async fn postpone_by_office(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: &Postpone,
) -> Result<Tender, Problem> {
    let tender = lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let project = projects::load(tx.conn(), tender.project).await?;
    permit(actor, Action::OutageDecide, &project, &tender)?;
    still_open(&tender)?;
    move_deadline(tx, actor, law, (tender, now), asked).await
}

/// Whether a tender is published and not closed yet, by whatever hour.
///
/// # Errors
/// `wrong-state` before the notice and from the close on.
pub fn still_open(tender: &Tender) -> Result<(), Refusal> {
    match tender.phase {
        TenderPhase::Published => Ok(()),
        other => Err(other.refuse(&Say::new("移动截止时间", "move the deadline"))),
    }
}

async fn move_deadline(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    (mut tender, now): (Tender, DateTime<Utc>),
    asked: &Postpone,
) -> Result<Tender, Problem> {
    let reason = fitting(&asked.reason, "/reason", 1000)?;
    let id = tender.id;
    law.held(tx).await?;
    let setting = setting(tx.conn(), law, &tender, hall_date(now)).await?;
    let place = store::place_at(tx.conn(), id, asked.deadline).await?;
    let Setting { project, procedure, on, facts, law: judged_by } = &setting;
    let at = Circumstances { project, procedure, on: *on, place: place.as_ref(), now, facts, bodies: None };
    publication::may_postpone(judged_by, &tender, asked.deadline, &at)?;
    let old = std::mem::replace(&mut tender.deadline, asked.deadline);
    store::update(tx, &mut tender).await?;
    jobs::reschedule(tx, &close_key(id), tender.deadline).await?;
    let entry = Entry::new("tender.postponed").project(tender.project).tender(id).row("tenders", id.0);
    ledger::record(tx, actor, now, entry.because(&reason).facts(json!({"from": old, "to": tender.deadline})))
        .await?;
    if let Some(place) = &place {
        let sections = publication::postponement_notice(&tender, old, place, &reason);
        let draft = publication::draft(NoticeKind::Postponement, project, &tender, sections);
        notices::publish(tx, actor, now, draft).await?;
    }
    Ok(tender)
}

/// 终止: the tenderee ends the procedure, with a published reason.
///
/// # Errors
/// 403, 404, 409 after the award, 422.
pub async fn terminate(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: Terminate,
) -> Result<Reply, Problem> {
    let reason = fitting(&asked.reason, "/reason", 1000)?;
    let mut tender = lock(tx, id).await?;
    let project = projects::load(tx.conn(), tender.project).await?;
    permit(actor, Action::TenderTerminate, &project, &tender)?;
    let now = tx.hall_now().await?;
    end(tx, actor, now, &mut tender, TenderPhase::Terminated, &Say::new(reason.clone(), reason)).await?;
    view::answer(tx, actor, law, &tender, now).await
}

/// Fixes the place that a confirmed booking gives the opening, for the room of rooms.
///
/// # Errors
/// `law-refuses` when the slot starts before the deadline (RM-2).
pub async fn fix_place(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
    tender: &Tender,
    place: Place,
) -> Result<(), Problem> {
    publication::place_at_deadline(tender, &place)?;
    let row = store::insert_place(tx, tender.id, &place, now).await?;
    let entry = Entry::new("tender.placeFixed").project(tender.project).tender(tender.id);
    ledger::record(tx, actor, now, entry.row("tender_places", row)).await?;
    Ok(())
}

/// Gives up the place of a cancelled booking, for the room of rooms.
///
/// # Errors
/// When the database is away.
pub async fn give_up_place(
    tx: &mut Tx<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
    tender: &Tender,
    booking: BookingId,
) -> Result<(), Problem> {
    let rows = store::give_up_places(tx, tender.id, booking, now).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut entry = Entry::new("tender.placeGivenUp").project(tender.project).tender(tender.id);
    for row in rows {
        entry = entry.row("tender_places", row);
    }
    ledger::record(tx, actor, now, entry).await?;
    Ok(())
}
