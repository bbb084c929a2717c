//! Use cases of the evaluation but for those of the committee's members.
//!
//! Every act locks the tender's row first.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    evaluation::{
        model::{Evaluation, NewQualification, Progress, Qualified, RejectedBid, Report, SignedSheet},
        rules::{self, Conclusion, Findings, Grounds},
        store, view,
    },
    experts::{self, Seat, SeatState},
    identity::{Action, Object, authorize},
    kernel::{Actor, Code, Problem, Refusal, Rejection, Say, Seed, id::TenderId, time::hall_date},
    law::{Event, Lawbook, QualificationBy, Regime},
    ledger::{self, Entry},
    opening::{self, OpenedBid, opened_bids, stages},
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
    },
    projects::Project,
    scoring::{method::BenchmarkDraw, numbers::Numbers},
    tenders::{self, Setting, Tender, TenderPhase},
};

/// Authorises an act where it matters whether the actor sits on the committee.
///
/// # Errors
/// 401, 403, 404.
pub(super) fn permit(
    actor: &Actor,
    action: Action,
    project: &Project,
    tender: &Tender,
    member: bool,
) -> Result<(), Problem> {
    let parties = project.parties();
    let object = Object::of(&parties, tender.authority()).own(member).member(member);
    authorize(actor, Action::TenderRead, &object)?;
    authorize(actor, action, &object)
}

pub(super) fn begun(evaluation: Option<Evaluation>) -> Result<Evaluation, Refusal> {
    let detail = || Say::new("评审尚未开始。", "The evaluation has not begun.");
    evaluation.ok_or_else(|| Refusal::new(Code::WrongState, detail()))
}

/// The purchaser or its agency reviews qualification after the opening; with too few left the tender fails.
///
/// # Errors
/// 403, 404, 409 where the committee reviews or for a second review, 422 with pointers.
pub async fn qualify(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: NewQualification,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let mut tender = tenders::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    tenders::permit(actor, Action::QualificationReview, &setting.project, &tender)?;
    if setting.procedure.qualification_by != QualificationBy::Purchaser {
        let detail = Say::new(
            "本项目由评标委员会审查资格。",
            "In this procedure the committee reviews qualification.",
        );
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    rules::check_qualification(&asked, &opened_bids(tx.conn(), id).await?)?;
    let verdicts = serde_json::to_value(&asked.bids).map_err(Problem::internal)?;
    let row = store::insert_review(tx, id, verdicts, account, now)
        .await
        .on_constraint("qualification_reviews_once", || {
            Refusal::new(Code::Duplicate, Say::new("资格审查已完成。", "Qualification is reviewed already."))
        })?;
    let qualified = count(asked.bids.iter().filter(|verdict| verdict.passes).count());
    let entry = Entry::new("qualification.reviewed").project(tender.project).tender(id);
    let entry = entry
        .row("qualification_reviews", row)
        .facts(json!({"qualified": qualified, "of": asked.bids.len()}));
    ledger::record(tx, actor, now, entry).await?;
    let (minimum, ground) = least_qualified(&setting)?;
    if qualified < minimum {
        let reason = Say::new(
            format!("合格投标人{qualified}家，不足{minimum}家，不得评标（{ground}）"),
            format!("{qualified} qualified bidders, fewer than {minimum}: no evaluation ({ground})"),
        );
        tenders::end(tx, actor, now, &mut tender, TenderPhase::Failed, &reason).await?;
    }
    Reply::ok(&Qualified { qualified, minimum, phase: tender.phase })
}

pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Fewest qualified bidders and the article that says so; 1 where the law names none.
fn least_qualified(setting: &Setting) -> Result<(u32, String), Problem> {
    let Some(key) = &setting.procedure.minimum_qualified else { return Ok((1, String::new())) };
    let (least, _) = setting.law.number(key, setting.on)?;
    let ground = setting.law.ground(key, setting.on)?;
    Ok((least, format!("{} {}", ground.source, ground.article.unwrap_or_default())))
}

/// The rules that rejections stand on.
pub(super) fn grounds(setting: &Setting) -> Result<Grounds, Problem> {
    let invalid = match setting.procedure.regime {
        Regime::Tendering => "ENG-22",
        Regime::Procurement => "GPB-16",
    };
    let invalid = setting.law.ground(invalid, setting.on)?;
    let qualification = match &setting.procedure.minimum_qualified {
        Some(key) => setting.law.ground(key, setting.on)?,
        None => invalid.clone(),
    };
    Ok(Grounds { invalid, qualification })
}

/// Begins the evaluation: the committee is lawful and there, and the system rejects what the price alone rejects.
///
/// # Errors
/// 403, 404, 409 without a complete committee or the purchaser's review, or when it has begun.
pub async fn start(tx: &mut Tx<'_>, actor: &Actor, law: &Lawbook, id: TenderId) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let tender = tenders::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    tenders::permit(actor, Action::EvaluationStart, &setting.project, &tender)?;
    if store::find(tx.conn(), id).await?.is_some() {
        return Err(Refusal::new(
            Code::Duplicate,
            Say::new("评审已经开始。", "The evaluation has begun already."),
        )
        .into());
    }
    let members = complete_committee(&setting, &experts::seats(tx.conn(), id).await?)?;
    let verdicts = reviewed(&setting, store::review(tx.conn(), id).await?)?;
    let opened = opened_bids(tx.conn(), id).await?;
    let ceiling = stages::is_over(tx.conn(), &tender).await?.then_some(tender.document.ceiling);
    let screening = rules::screen(&opened, ceiling, &verdicts, &grounds(&setting)?);
    let evaluation = Evaluation {
        id: Uuid::new_v4(),
        tender: id,
        started_at: now,
        started_by: account.0,
        members,
        screening,
        low_price: None,
        report: None,
        signed_at: None,
        delivered: None,
        version: 1,
    };
    store::insert(tx, &evaluation).await?;
    let event = tenders::note(tx, &tender, Event::EvaluationStarted, now, None).await?;
    let entry =
        Entry::new("evaluation.started").project(tender.project).tender(id).row("evaluations", evaluation.id);
    let facts = json!({"members": members, "rejected": evaluation.screening.len()});
    ledger::record(tx, actor, now, entry.row("tender_events", event).facts(facts)).await?;
    answer(tx, actor, law, id, now).await
}

pub(super) async fn answer(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    now: DateTime<Utc>,
) -> Result<Reply, Problem> {
    let (view, version) = view::evaluation(tx.conn(), actor, law, id, now).await?;
    Ok(Reply::ok(&view)?.at_version(version))
}

/// TG-7: every seat is filled by somebody who is there, and the number is lawful.
pub(super) fn complete_committee(setting: &Setting, seats: &[Seat]) -> Result<u32, Problem> {
    let held = |state| seats.iter().filter(|seat| seat.state == state).count();
    let (here, awaited) = (count(held(SeatState::CheckedIn)), count(held(SeatState::Called)));
    if awaited > 0 || here == 0 {
        let detail = Say::new(
            format!("评审委员会尚有{awaited}人未签到，已签到{here}人。"),
            format!("{awaited} members are not there yet; {here} are."),
        );
        return Err(Refusal::new(Code::CommitteeIncomplete, detail).into());
    }
    let budget = setting.project.budget.map(crate::kernel::Money::value);
    setting.law.committee(&setting.procedure, setting.on, budget, false)?.check(here, here)?;
    Ok(here)
}

fn reviewed(
    setting: &Setting,
    review: Option<Vec<crate::evaluation::model::QualificationVerdict>>,
) -> Result<Vec<crate::evaluation::model::QualificationVerdict>, Problem> {
    match (setting.procedure.qualification_by, review) {
        (QualificationBy::Committee, _) => Ok(Vec::new()),
        (QualificationBy::Purchaser, Some(verdicts)) => Ok(verdicts),
        (QualificationBy::Purchaser, None) => {
            let detail = Say::new(
                "须先由采购人或代理机构审查资格。",
                "The purchaser or its agency reviews qualification first.",
            );
            Err(Refusal::new(Code::QualificationMissing, detail)
                .by_rule(grounds(setting)?.qualification)
                .into())
        }
    }
}

/// SHA-256 over canonical JSON (RFC 8785).
pub(super) fn hash_of(value: &impl Serialize) -> Result<[u8; 32], Problem> {
    Ok(Sha256::digest(serde_json_canonicalizer::to_vec(value).map_err(Problem::internal)?).into())
}

pub(super) fn unreported(evaluation: &Evaluation) -> Result<(), Refusal> {
    if evaluation.report.is_none() {
        return Ok(());
    }
    Err(Refusal::new(Code::WrongState, Say::new("评审报告已形成。", "The report is made already.")))
}

/// Bids that take no part by screening and sheets, once every sheet is signed.
async fn out_so_far(
    conn: &mut AsyncPgConnection,
    setting: &Setting,
    evaluation: &Evaluation,
    opened: &[OpenedBid],
) -> Result<Vec<RejectedBid>, Problem> {
    let members = numbers(&experts::seats(conn, evaluation.tender).await?);
    let sheets = store::read_sheets(&store::signed_sheets(conn, evaluation.tender).await?)?;
    rules::all_signed(&members, &sheets)?;
    let mut out = evaluation.screening.clone();
    let in_question = rules::standing(opened, &out);
    let failed = rules::failed_by_committee(&members, &sheets, &in_question, &grounds(setting)?);
    out.extend(failed.map_err(Refusal::from)?);
    Ok(out)
}

/// The host begins the next stage of a divided opening: every sheet is signed, and only who passed is opened further.
///
/// # Errors
/// 403, 404, 409 while a sheet is missing or objective factors differ, where no stage waits, or when no bid is left.
pub async fn open_next_stage(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
) -> Result<Reply, Problem> {
    let tender = tenders::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    tenders::permit(actor, Action::OpeningStart, &setting.project, &tender)?;
    let evaluation = begun(store::find(tx.conn(), id).await?)?;
    unreported(&evaluation)?;
    let opened = opened_bids(tx.conn(), id).await?;
    let out = out_so_far(tx.conn(), &setting, &evaluation, &opened).await?;
    let factors = tender.document.factors(&setting.procedure)?;
    rules::facts_agree(&factors, &store::read_sheets(&store::signed_sheets(tx.conn(), id).await?)?)?;
    let out = out.into_iter().map(|bid| (bid.bidder, bid.reason)).collect();
    stages::begin_next(tx, actor, &tender, setting.law.settings(), &out, now).await?;
    answer(tx, actor, law, id, now).await
}

/// No report is made of prices that are still to be opened.
async fn prices_are_open(
    conn: &mut AsyncPgConnection,
    setting: &Setting,
    tender: &Tender,
    evaluation: &Evaluation,
) -> Result<(), Problem> {
    if stages::is_over(conn, tender).await? {
        return Ok(());
    }
    let opened = opened_bids(conn, tender.id).await?;
    let out = out_so_far(conn, setting, evaluation, &opened).await?;
    if rules::standing(&opened, &out).is_empty() {
        return Ok(());
    }
    let detail = Say::new("报价部分尚未开启。", "The price parts are not opened yet.");
    Err(Refusal::new(Code::WrongState, detail).into())
}

/// The system sums the sheets into the report; with too few effective bids the tender fails instead.
///
/// # Errors
/// 403, 404, 409 while a sheet or a decision is missing, objective factors differ, or the report is made.
pub async fn make_report(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    chance: impl FnOnce() -> Result<Seed, Problem>,
) -> Result<Reply, Problem> {
    let mut tender = tenders::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    tenders::permit(actor, Action::ReportMake, &setting.project, &tender)?;
    let mut evaluation = begun(store::find(tx.conn(), id).await?)?;
    unreported(&evaluation)?;
    prices_are_open(tx.conn(), &setting, &tender, &evaluation).await?;
    let gathered = Gathered {
        signed: store::signed_sheets(tx.conn(), id).await?,
        opened: opened_bids(tx.conn(), id).await?,
        draw: opening::benchmark_draw(tx.conn(), id).await?,
        members: numbers(&experts::seats(tx.conn(), id).await?),
    };
    match conclude(&setting, &tender, &evaluation, &gathered, &chance()?)? {
        Conclusion::TooFew(left) => {
            let reason = too_few(&setting, left)?;
            tenders::end(tx, actor, now, &mut tender, TenderPhase::Failed, &reason).await?;
        }
        Conclusion::Report(report) => {
            let hash = hash_of(&*report)?;
            let facts = json!({
                "reportHash": hex::encode(hash), "effective": report.effective, "rejected": report.rejected.len(),
                "tieDraws": report.tie_draws.len(),
            });
            evaluation.report = Some((*report, hash, now));
            store::update(tx, &mut evaluation).await?;
            let entry = Entry::new("report.made")
                .project(tender.project)
                .tender(id)
                .row("evaluations", evaluation.id);
            ledger::record(tx, actor, now, entry.facts(facts)).await?;
        }
    }
    answer(tx, actor, law, id, now).await
}

fn numbers(seats: &[Seat]) -> Vec<u32> {
    let here = seats.iter().filter(|seat| seat.state == SeatState::CheckedIn);
    here.filter_map(|seat| seat.number.and_then(|number| u32::try_from(number).ok())).collect()
}

/// What opening and committee left for the report.
struct Gathered {
    signed: Vec<SignedSheet>,
    opened: Vec<OpenedBid>,
    draw: Option<BenchmarkDraw>,
    members: Vec<u32>,
}

fn conclude(
    setting: &Setting,
    tender: &Tender,
    evaluation: &Evaluation,
    gathered: &Gathered,
    seed: &Seed,
) -> Result<Conclusion, Problem> {
    let Gathered { signed, opened, draw, members } = gathered;
    let sheets = store::read_sheets(signed)?;
    rules::all_signed(members, &sheets)?;
    let low_price = evaluation.low_price.clone().unwrap_or_default();
    rules::low_price_closed(&low_price)?;
    let document = &tender.document;
    let candidates = match &setting.procedure.maximum_candidates {
        Some(key) => setting.law.number(key, setting.on)?.0,
        None => setting.law.settings().report_candidates,
    };
    let (least, _) = least_qualified(setting)?;
    let whole = |number: u32| usize::try_from(number).map_err(Problem::internal);
    let findings = Findings {
        tender: tender.id,
        opened,
        ceiling: document.ceiling,
        method: &document.method()?,
        draw: draw.clone(),
        factors: &document.factors(&setting.procedure)?,
        ties: document.evaluation.ties,
        small_enterprise: document.evaluation.small_enterprise_percent,
        members,
        sheets: &sheets,
        sheet_hashes: signed
            .iter()
            .map(|one| (one.member, one.sheet_hash.clone()))
            .collect::<BTreeMap<_, _>>(),
        corrected: signed.iter().filter(|one| one.revision > 1).map(|one| one.member).collect(),
        screening: &evaluation.screening,
        low_price,
        numbers: Numbers { candidates: whole(candidates)?, least: whole(least)?, least_eliminated: 0 },
        grounds: grounds(setting)?,
    };
    rules::conclude(&findings, seed)
}

/// 政府采购法 36: fewer than three that respond; in works no effective bid at all.
fn too_few(setting: &Setting, left: usize) -> Result<Say, Problem> {
    let ground = match setting.procedure.regime {
        Regime::Procurement => setting.law.ground("GPB-12", setting.on)?,
        Regime::Tendering => setting.law.ground("ENG-22", setting.on)?,
    };
    let article = ground.article.unwrap_or_default();
    Ok(Say::new(
        format!("评审后有效投标{left}家，本次招标失败（{} {article}）", ground.source),
        format!(
            "{left} effective bids are left after the evaluation: the tender fails ({} {article})",
            ground.source
        ),
    ))
}

/// The agency hands the signed report to the purchaser; lateness is recorded (GP-9).
///
/// # Errors
/// 403, 404, 409 before the last signature or for a second delivery.
pub async fn deliver(tx: &mut Tx<'_>, actor: &Actor, law: &Lawbook, id: TenderId) -> Result<Reply, Problem> {
    let tender = tenders::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    tenders::permit(actor, Action::ReportDeliver, &setting.project, &tender)?;
    let mut evaluation = begun(store::find(tx.conn(), id).await?)?;
    if evaluation.signed_at.is_none() || evaluation.delivered.is_some() {
        let detail =
            Say::new("评审报告尚未签署或已送交。", "The report is not signed yet or was delivered already.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    let late = setting.permit(Event::ReportReceived, now)?;
    evaluation.delivered = Some((now, late.as_ref().map(|rule| rule.id.clone())));
    store::update(tx, &mut evaluation).await?;
    let event = tenders::note(tx, &tender, Event::ReportReceived, now, late.as_ref()).await?;
    let entry =
        Entry::new("report.delivered").project(tender.project).tender(id).row("evaluations", evaluation.id);
    let facts = json!({"late": late.map(|rule| rule.id)});
    ledger::record(tx, actor, now, entry.row("tender_events", event).facts(facts)).await?;
    answer(tx, actor, law, id, now).await
}

/// The numbers of a committee at work, for views.
pub(super) fn progress_of(seats: &[Seat], sheets: usize, signatures: usize) -> Progress {
    let held = |states: &[SeatState]| count(seats.iter().filter(|seat| states.contains(&seat.state)).count());
    Progress {
        members: held(&[SeatState::Called, SeatState::CheckedIn]),
        checked_in: held(&[SeatState::CheckedIn]),
        sheets: count(sheets),
        signatures: count(signatures),
    }
}

/// Whether a stored report still has the hash that was signed.
pub fn report_is_intact(report: &Report, hash: &[u8; 32]) -> Result<bool, Problem> {
    Ok(hash_of(report)? == *hash)
}
