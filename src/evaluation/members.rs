//! What a member of the committee does: comes, signs the own sheet, votes, signs the report.
//!
//! Every act locks the tender's row first. Acts of members stand in the record by number: the row that an entry
//! commits to names the seat, and the seat the account (EX-13).

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::{
    evaluation::{
        model::{
            CheckedIn, Evaluation, LowPriceReview, LowPriceVote, NewLowPriceVote, NewSheet, NewSignature,
            Sheet, SheetSigned, SignedSheet,
        },
        rules,
        service::{answer, begun, count, grounds, hash_of, permit, unreported},
        store, view,
    },
    experts::{self, Seat, SeatState, draw::Body, service::unnamed_member},
    identity::{Action, cards},
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say, id::TenderId, problem::fitting, time::hall_date,
    },
    law::{Event, Lawbook, Regime},
    ledger::{self, Entry},
    opening::{OpenedBid, opened_bids},
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
    },
    scoring::{factors::Factors, low_price::Lines},
    tenders::{self, Setting, Tender, TenderPhase},
};

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
