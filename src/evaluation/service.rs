//! Use cases of the evaluation.
//!
//! Every act locks the tender's row first. Acts of members stand in the record by number: the row that an entry
//! commits to names the seat, and the seat the account (EX-13).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    evaluation::{
        model::{
            CheckedIn, Evaluation, LowPriceReview, LowPriceVote, NewLowPriceVote, NewQualification, NewSheet,
            NewSignature, Progress, Qualified, RejectedBid, Report, Sheet, SheetSigned, SignedSheet,
        },
        rules::{self, Conclusion, Findings, Grounds},
        store, view,
    },
    experts::{self, Seat, SeatState, draw::Body, service::unnamed_member},
    identity::{Action, Object, authorize, cards},
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say, Seed, id::TenderId, problem::fitting, time::hall_date,
    },
    law::{Event, Lawbook, QualificationBy, Regime},
    ledger::{self, Entry},
    opening::{self, OpenedBid, opened_bids, stages},
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
    },
    projects::Project,
    scoring::{factors::Factors, low_price::Lines, method::BenchmarkDraw, numbers::Numbers},
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

/// A member in action, with everything an act of a member needs.
struct AtTable {
    tender: Tender,
    setting: Setting,
    seat: Seat,
    number: u32,
    evaluation: Evaluation,
    now: DateTime<Utc>,
}

impl AtTable {
    fn entry(&self, act: &'static str) -> Entry {
        Entry::new(act).project(self.tender.project).tender(self.tender.id)
    }

    fn stored_number(&self) -> i32 {
        self.seat.number.unwrap_or_default()
    }
}

/// Locks the tender and finds the caller's checked-in seat at an evaluation that has begun.
async fn at_table(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    action: Action,
) -> Result<AtTable, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let tender = tenders::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    let seat =
        experts::seat_of(tx.conn(), id, account).await?.filter(|seat| seat.state == SeatState::CheckedIn);
    permit(actor, action, &setting.project, &tender, seat.is_some())?;
    let seat = seat.ok_or_else(Rejection::forbidden)?;
    let number =
        seat.number.and_then(|number| u32::try_from(number).ok()).ok_or_else(Rejection::forbidden)?;
    let evaluation = begun(store::find(tx.conn(), id).await?)?;
    Ok(AtTable { tender, setting, seat, number, evaluation, now })
}

fn begun(evaluation: Option<Evaluation>) -> Result<Evaluation, Refusal> {
    let detail = || Say::new("评审尚未开始。", "The evaluation has not begun.");
    evaluation.ok_or_else(|| Refusal::new(Code::WrongState, detail()))
}

/// A member comes to the evaluation. With a conflict the next substitute is called instead, and that too stands.
///
/// # Errors
/// 404 for whoever holds no seat, and before the opening record.
pub async fn check_in(tx: &mut Tx<'_>, actor: &Actor, law: &Lawbook, id: TenderId) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let tender = tenders::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    let seat = experts::seat_of(tx.conn(), id, account).await?;
    permit(actor, Action::CommitteeCheckIn, &setting.project, &tender, seat.is_some())?;
    let bidders: Vec<_> = opened_bids(tx.conn(), id).await?.into_iter().map(|bid| bid.bidder).collect();
    let bidders: Vec<Body> = cards(tx.conn(), &bidders)
        .await?
        .into_values()
        .map(|card| Body { organisation: Some(card.id), name: card.name_zh })
        .collect();
    let seat = experts::check_in(tx, &tender, account, &bidders, now).await?;
    let progress = view::progress(tx.conn(), id).await?;
    Reply::ok(&CheckedIn {
        state: seat.state,
        number: seat.number.and_then(|number| u32::try_from(number).ok()),
        reason: seat.replaced.map(|(_, reason)| reason),
        progress,
    })
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

fn count(number: usize) -> u32 {
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
fn grounds(setting: &Setting) -> Result<Grounds, Problem> {
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

async fn answer(
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

/// A member signs the own sheet; with the last one the abnormally-low check is made. Where the committee then differs on
/// an objective factor, a member may sign anew to put those marks right, and nothing else (令87 art 64).
///
/// # Errors
/// 403, 404, 409 for a second sheet that puts nothing right, 422 with pointers.
pub async fn sign_sheet(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    content: NewSheet,
) -> Result<Reply, Problem> {
    let mut table = at_table(tx, actor, law, id, Action::SheetSign).await?;
    let opened = opened_bids(tx.conn(), id).await?;
    let factors = table.tender.document.factors(&table.setting.procedure)?;
    let standing = rules::standing(&opened, &table.evaluation.screening);
    let method = table.tender.document.method()?;
    rules::check_sheet(&content, table.tender.document.evaluation.technical, &factors, &method, &standing)?;
    let revision = revision_of(&table, &factors, &store::signed_sheets(tx.conn(), id).await?, &content)?;
    let document_hash = hex::encode(table.tender.document_hash);
    let sheet = Sheet { tender: id, member: table.number, document_hash, content };
    let hash = hash_of(&sheet)?;
    let sheet_hash = hex::encode(hash);
    let new = SignedSheet {
        member: table.number,
        sheet: serde_json::to_value(&sheet).map_err(Problem::internal)?,
        sheet_hash: sheet_hash.clone(),
        signed_at: table.now,
        revision,
    };
    let row = store::insert_sheet(tx, id, table.seat.id, new, &hash).await?;
    let act = if revision == 1 { "sheet.signed" } else { "sheet.corrected" };
    let facts = json!({"member": table.number, "sheetHash": sheet_hash, "revision": revision});
    let entry = table.entry(act).row("score_sheets", row).facts(facts);
    ledger::record(tx, &unnamed_member(), table.now, entry).await?;
    let signed = store::signed_sheets(tx.conn(), id).await?;
    let (sheets, members) = (count(signed.len()), table.evaluation.members);
    // A corrected sheet changes nothing that the check looks at, and votes may have been cast on what it found.
    if sheets == members && revision == 1 {
        let review = review_low_prices(&table, &opened, &signed)?;
        record_low_prices(tx, &mut table, review).await?;
    }
    Reply::ok(&SheetSigned {
        member: table.number,
        sheet_hash,
        signed_at: table.now,
        sheets,
        members,
        revision,
    })
}

/// Which signing of the member's sheet this is: the first, or one that puts objective marks right.
fn revision_of(
    table: &AtTable,
    factors: &Factors,
    signed: &[SignedSheet],
    content: &NewSheet,
) -> Result<u32, Problem> {
    let Some(own) = signed.iter().find(|one| one.member == table.number) else { return Ok(1) };
    let sheets = store::read_sheets(signed)?;
    let all = count(sheets.len()) == table.evaluation.members;
    if !all || !rules::objective_marks_differ(factors, &sheets) {
        let detail = Say::new("您已签署评分表。", "You have signed your sheet already.");
        return Err(Refusal::new(Code::Duplicate, detail).into());
    }
    if let Some(before) = sheets.iter().find(|sheet| sheet.member == table.number) {
        rules::check_correction(factors, &before.content, content)?;
    }
    Ok(own.revision.saturating_add(1))
}

/// SHA-256 over canonical JSON (RFC 8785).
fn hash_of(value: &impl Serialize) -> Result<[u8; 32], Problem> {
    Ok(Sha256::digest(serde_json_canonicalizer::to_vec(value).map_err(Problem::internal)?).into())
}

/// C.5 over the bids that conform by the votes of the committee. Works know no such check.
fn review_low_prices(
    table: &AtTable,
    opened: &[OpenedBid],
    signed: &[SignedSheet],
) -> Result<LowPriceReview, Problem> {
    if table.setting.procedure.regime != Regime::Procurement {
        return Ok(LowPriceReview::default());
    }
    let sheets = store::read_sheets(signed)?;
    let members: Vec<u32> = sheets.iter().map(|sheet| sheet.member).collect();
    let screening = &table.evaluation.screening;
    let in_question = rules::standing(opened, screening);
    let failed = rules::failed_by_committee(&members, &sheets, &in_question, &grounds(&table.setting)?);
    let out: Vec<_> = screening.iter().cloned().chain(failed.map_err(Refusal::from)?).collect();
    let document = &table.tender.document;
    let lawful = Lines::lawful(&table.setting.law, table.setting.on)?;
    let lines = lawful.map(|lawful| document.evaluation.low_price_lines.unwrap_or(lawful));
    rules::low_price_review(&rules::standing(opened, &out), document.ceiling.amount, lines)
}

async fn record_low_prices(
    tx: &mut Tx<'_>,
    table: &mut AtTable,
    review: LowPriceReview,
) -> Result<(), Problem> {
    let facts = json!({"applies": review.applies, "caught": review.caught});
    table.evaluation.low_price = Some(review);
    store::update(tx, &mut table.evaluation).await?;
    let entry = table.entry("lowPrice.checked").row("evaluations", table.evaluation.id);
    ledger::record(tx, &Actor::Hall("evaluation.lowPrice"), table.now, entry.facts(facts)).await?;
    Ok(())
}

/// A member votes on the explanation of a bid that the abnormally-low check caught.
///
/// # Errors
/// 403, 404, 409 for a second vote or once the report is made, 422 for a bid that was not caught.
pub async fn vote_on_low_price(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: NewLowPriceVote,
) -> Result<Reply, Problem> {
    let mut table = at_table(tx, actor, law, id, Action::CommitteeReject).await?;
    unreported(&table.evaluation)?;
    let mut review = table.evaluation.low_price.clone().unwrap_or_default();
    if !review.caught.iter().any(|quote| quote.id == asked.bid_id.to_string()) {
        let detail = Say::new("该投标未触发异常低价审查。", "The check did not catch this bid.");
        return Err(Rejection::at("/bidId", "unknown", detail).into());
    }
    let reason = fitting(&asked.reason, "/reason", 4000)?;
    let vote = LowPriceVote {
        bid: asked.bid_id,
        member: table.number,
        accepted: asked.accepted,
        reason,
        at: table.now,
    };
    let row = store::insert_vote(tx, id, table.seat.id, table.stored_number(), &vote).await.on_constraint(
        "low_price_votes_once",
        || {
            Refusal::new(
                Code::Duplicate,
                Say::new("您已对该投标表决。", "You have voted on this bid already."),
            )
        },
    )?;
    let entry = table.entry("lowPrice.voted").row("low_price_votes", row);
    let facts = json!({"member": table.number, "bid": vote.bid, "accepted": vote.accepted});
    ledger::record(tx, &unnamed_member(), table.now, entry.facts(facts)).await?;
    let votes = store::votes(tx.conn(), id).await?;
    let decisions = rules::low_price_decisions(&review, &votes, table.evaluation.members);
    if decisions != review.decisions {
        review.decisions = decisions;
        let facts = json!({"decided": review.decisions.len(), "caught": review.caught.len()});
        table.evaluation.low_price = Some(review.clone());
        store::update(tx, &mut table.evaluation).await?;
        let entry = table.entry("lowPrice.decided").row("evaluations", table.evaluation.id);
        ledger::record(tx, &Actor::Hall("evaluation.lowPrice"), table.now, entry.facts(facts)).await?;
    }
    Reply::ok(&review)
}

fn unreported(evaluation: &Evaluation) -> Result<(), Refusal> {
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

/// A member signs the report, or records dissent with its reason; with the last one the tender is evaluated.
///
/// # Errors
/// 403, 404, 409 without a report, for another hash or a second signature, 422.
pub async fn sign_report(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: NewSignature,
) -> Result<Reply, Problem> {
    let mut table = at_table(tx, actor, law, id, Action::ReportSign).await?;
    let no_report =
        || Refusal::new(Code::WrongState, Say::new("评审报告尚未形成。", "The report is not made yet."));
    let hash = table.evaluation.report.as_ref().map(|(_, hash, _)| *hash).ok_or_else(no_report)?;
    if hex::encode(hash) != asked.report_hash {
        let detail = Say::new(
            "所签摘要与评审报告不符，请重新阅读。",
            "This is not the hash of the report; read it again.",
        );
        return Err(Refusal::new(Code::ReportChanged, detail).into());
    }
    let dissent = asked.dissent.as_deref().map(|text| fitting(text, "/dissent", 4000)).transpose()?;
    let row = store::insert_signature(
        tx,
        id,
        table.seat.id,
        table.stored_number(),
        &hash,
        dissent.as_deref(),
        table.now,
    )
    .await
    .on_constraint("report_signatures_once", || {
        Refusal::new(Code::Duplicate, Say::new("您已签署评审报告。", "You have signed the report already."))
    })?;
    let mut entry = table.entry("report.signed").row("report_signatures", row);
    if let Some(reason) = dissent {
        entry = entry.because(reason);
    }
    let facts = json!({"member": table.number, "reportHash": asked.report_hash});
    ledger::record(tx, &unnamed_member(), table.now, entry.facts(facts)).await?;
    if count(store::signatures(tx.conn(), id).await?.len()) == table.evaluation.members {
        finish(tx, &mut table).await?;
    }
    answer(tx, actor, law, id, table.now).await
}

async fn finish(tx: &mut Tx<'_>, table: &mut AtTable) -> Result<(), Problem> {
    table.evaluation.signed_at = Some(table.now);
    store::update(tx, &mut table.evaluation).await?;
    tenders::advance(tx, &mut table.tender, TenderPhase::Evaluated).await?;
    let event = tenders::note(tx, &table.tender, Event::ReportSigned, table.now, None).await?;
    let entry = table.entry("evaluation.finished").row("evaluations", table.evaluation.id);
    let entry = entry.row("tenders", table.tender.id.0).row("tender_events", event);
    ledger::record(tx, &Actor::Hall("evaluation.finish"), table.now, entry).await?;
    Ok(())
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
