//! Use cases from the report to the written report: candidates, award, notices.

use std::collections::HashMap;

use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use crate::{
    awards::{
        act::Act,
        model::{Award, Candidate, CandidateList, CandidatesView, DecideAward, NewReport, Stated, Told},
        publication::{self, Telling},
        rules, store, view,
    },
    evaluation::{self, EvaluationResult},
    identity::{self, Action, Card, cards},
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        id::{AwardId, OrganisationId, TenderId},
        problem::fitting,
    },
    law::{Event, Lawbook, Regime},
    notices::{self, NoticeKind},
    opening::{self, OpenedBid, Outcome},
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
        outbox,
    },
    tenders::{self, Tender, TenderPhase},
};

/// 中标候选人公示: publishes the ranked candidates and fixes the end of the publicity.
///
/// # Errors
/// 403, 404, 409 for a procedure without publicity (`wrong-state`), without a delivered report, or with more
/// candidates than ENG-24 allows.
pub async fn publish_candidates(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let mut act = Act::begin(tx, law, id, "candidates.published").await?;
    act.authorise(tx, actor, Action::CandidatesPublish).await?;
    act.standing().may_publish_candidates()?;
    let result = finished(tx.conn(), id).await?;
    rules::few_enough(&act.setting.law, &act.setting.procedure, act.setting.on, result.candidates.len())?;
    let candidates = candidates_of(tx.conn(), &act.tender, &result).await?;
    act.note(tx, Event::CandidatesPublished).await?;
    let ends_at = act.plan(tx, Event::PublicityEnd).await?.ok_or_else(|| {
        Problem::internal(anyhow::anyhow!("procedure {} has no end of publicity", act.setting.procedure.id))
    })?;
    act.advance(tx, TenderPhase::Candidates).await?;
    let sections = publication::candidates_notice(&act.tender, &candidates, &result.report_hash, ends_at);
    let mut draft =
        tenders::publication::draft(NoticeKind::Candidates, &act.setting.project, &act.tender, sections);
    draft.period_ends_at = Some(ends_at);
    let list = CandidateList {
        id: Uuid::new_v4(),
        tender: id,
        notice: notices::publish(tx, actor, act.now, draft).await?,
        report_hash: digest_of(&result.report_hash)?,
        candidates,
        published_by: account.0,
        published_at: act.now,
        ends_at,
    };
    store::insert_list(tx, &list).await?;
    act.row("candidate_lists", list.id);
    act.facts(json!({"reportHash": result.report_hash, "endsAt": ends_at}));
    act.finish(tx, actor).await?;
    Reply::created(format!("/api/v1/tenders/{id}/candidates"), &CandidatesView::from(list))
}

/// The evaluation, finished and signed.
async fn finished(conn: &mut AsyncPgConnection, id: TenderId) -> Result<EvaluationResult, Problem> {
    evaluation::result(conn, id).await?.ok_or_else(|| {
        let detail = Say::new("评标报告尚未完成。", "The evaluation report is not finished.");
        Refusal::new(Code::WrongState, detail).into()
    })
}

fn digest_of(hash: &str) -> Result<[u8; 32], Problem> {
    let mut digest = [0; 32];
    hex::decode_to_slice(hash, &mut digest).map_err(Problem::internal)?;
    Ok(digest)
}

/// The candidates of a finished evaluation with names and terms, best first.
async fn candidates_of(
    conn: &mut AsyncPgConnection,
    tender: &Tender,
    result: &EvaluationResult,
) -> Result<Vec<Candidate>, Problem> {
    let opened: HashMap<_, OpenedBid> =
        opening::opened_bids(conn, tender.id).await?.into_iter().map(|bid| (bid.bid, bid)).collect();
    let ranked: Vec<_> =
        result.candidates.iter().filter_map(|bid| result.ranked.iter().find(|one| one.bid == *bid)).collect();
    let names = cards(conn, &ranked.iter().map(|bid| bid.bidder).collect::<Vec<_>>()).await?;
    Ok(ranked
        .into_iter()
        .zip(1..)
        .map(|(bid, rank)| Candidate {
            rank,
            bid_id: bid.bid,
            bidder_id: bid.bidder,
            name: names.get(&bid.bidder).map(Card::name).unwrap_or_default(),
            price: bid.price,
            score: bid.total,
            term_days: term_of(opened.get(&bid.bid), tender),
            further: stated(opened.get(&bid.bid)),
        })
        .collect())
}

/// 工期 / 交货期 of a bid's form (`termDays`); a form without one offers the document's.
fn term_of(bid: Option<&OpenedBid>, tender: &Tender) -> i32 {
    bid.and_then(|bid| bid.form.as_ref())
        .and_then(|form| form.get("termDays"))
        .and_then(serde_json::Value::as_i64)
        .and_then(|days| i32::try_from(days).ok())
        .filter(|days| *days >= 1)
        .unwrap_or_else(|| i32::try_from(tender.document.term_days).unwrap_or(i32::MAX))
}

/// What the form states of quality and project leader (招标公告和公示信息发布管理办法 art 6).
fn stated(bid: Option<&OpenedBid>) -> Vec<Stated> {
    let wanted = [
        ("quality", "质量承诺", "Quality"),
        ("projectLeader", "项目负责人", "Project leader"),
        ("projectLeaderCertificate", "项目负责人证书编号", "Certificate of the project leader"),
        ("qualificationResponse", "响应资格要求情况", "Response to the qualification"),
    ];
    let Some(form) = bid.and_then(|bid| bid.form.as_ref()) else { return Vec::new() };
    wanted
        .into_iter()
        .filter_map(|(key, zh, en)| {
            let value = form.get(key)?.as_str()?.trim().to_owned();
            (!value.is_empty()).then(|| Stated { label: Say::new(zh, en), value })
        })
        .collect()
}

/// 定标: the purchaser decides for rank 1.
///
/// # Errors
/// 403, 404, 409: before the publicity is over (`too-early` with rule and earliest), another than rank 1
/// (`not-first-candidate`), an open objection (`wrong-state`); 422.
pub async fn decide(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: DecideAward,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let reason = asked.reason.as_deref().map(|text| fitting(text, "/reason", 1000)).transpose()?;
    let mut act = Act::begin(tx, law, id, "award.decided").await?;
    act.authorise(tx, actor, Action::AwardDecide).await?;
    act.standing().may_decide()?;
    act.setting.permit(Event::AwardDecided, act.now)?;
    let candidates = match store::list_of(tx.conn(), id).await? {
        Some(list) => list.candidates,
        None => {
            let result = finished(tx.conn(), id).await?;
            candidates_of(tx.conn(), &act.tender, &result).await?
        }
    };
    let first = rules::first_candidate(
        &act.setting.law,
        &act.setting.procedure,
        act.setting.on,
        &candidates,
        asked.bid_id,
    )?;
    act.note(tx, Event::AwardDecided).await?;
    act.advance(tx, TenderPhase::Awarded).await?;
    let project = &act.setting.project;
    let award = Award {
        id: AwardId::random(),
        tender: id,
        project: project.id,
        centre_code: act.tender.centre_code.clone(),
        region_code: project.region_code.to_string(),
        category: project.category,
        bid: first.bid_id,
        winner: first.bidder_id,
        price: first.price,
        term_days: first.term_days,
        reason: reason.clone(),
        decided_by: account.0,
        decided_at: act.now,
        told: None,
        version: 1,
    };
    store::insert_award(tx, &award).await.on_constraint("awards_once", || {
        Refusal::new(Code::Duplicate, Say::new("已经定标。", "The award is decided already."))
    })?;
    act.row("awards", award.id.0);
    act.because(reason);
    let tender = act.finish(tx, actor).await?;
    let (document, version) = view::document(tx, actor, law, &tender).await?;
    Ok(Reply::created(format!("/api/v1/tenders/{id}/award"), &document)?.at_version(version))
}

/// 结果公告与通知书: the result notice, the award notice to the winner and a letter to every loser, in one act.
///
/// # Errors
/// 403, 404, 409 before the award or when all were told before.
pub async fn tell(tx: &mut Tx<'_>, actor: &Actor, law: &Lawbook, id: TenderId) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let mut act = Act::begin(tx, law, id, "award.told").await?;
    act.authorise(tx, actor, Action::AwardNotify).await?;
    let mut award = act.standing().may_tell()?.clone();
    let result = finished(tx.conn(), id).await?;
    let bidders = told_bidders(tx.conn(), id, &award).await?;
    let names = cards(tx.conn(), &bidders).await?;
    let winner = names.get(&award.winner).ok_or_else(|| unknown(award.winner))?;
    for event in [Event::AwardNotice, Event::LosersTold, Event::ResultPublished] {
        act.note(tx, event).await?;
    }
    let ends_at = act.plan(tx, Event::ResultNoticeEnd).await?;
    let sign_by = act.last_day(Event::ContractSigned)?;
    let (tender, project) = (&act.tender, &act.setting.project);
    let told = Telling { tender, project, award: &award, winner, result: &result, sign_by };
    let with_names = act.setting.procedure.regime == Regime::Procurement;
    let sections = publication::result_notice(&told, with_names);
    let mut letters = vec![publication::award_notice(&told)?];
    for bidder in bidders.iter().filter(|bidder| **bidder != award.winner) {
        letters.push(publication::loser_letter(&told, names.get(bidder).ok_or_else(|| unknown(*bidder))?)?);
    }
    let mut draft = tenders::publication::draft(NoticeKind::AwardResult, told.project, told.tender, sections);
    draft.period_ends_at = ends_at;
    let notice = notices::publish(tx, actor, act.now, draft).await?;
    outbox::post_all(tx, &letters, Some(award.id.0), act.now).await?;
    let loser_letters = i32::try_from(letters.len().saturating_sub(1)).map_err(Problem::internal)?;
    award.told = Some(Told { notice, by: account.0, at: act.now, loser_letters });
    store::update_award(tx, &mut award).await?;
    act.row("awards", award.id.0);
    act.facts(json!({"notice": notice, "loserLetters": loser_letters}));
    let tender = act.finish(tx, actor).await?;
    view::answer(tx, actor, law, &tender).await
}

/// The winner and everybody else whose bid was opened; a bid revoked 撤销 is no longer one.
async fn told_bidders(
    conn: &mut AsyncPgConnection,
    id: TenderId,
    award: &Award,
) -> Result<Vec<OrganisationId>, Problem> {
    let mut bidders: Vec<OrganisationId> = opening::opened_bids(conn, id)
        .await?
        .into_iter()
        .filter(|bid| bid.outcome == Outcome::Opened)
        .map(|bid| bid.bidder)
        .chain(std::iter::once(award.winner))
        .collect();
    bidders.sort_unstable();
    bidders.dedup();
    Ok(bidders)
}

fn unknown(bidder: OrganisationId) -> Problem {
    Problem::internal(anyhow::anyhow!("bidder {bidder} is no organisation"))
}

/// 招标投标情况书面报告: the host reports to the supervising bodies, each of which gets a letter.
///
/// # Errors
/// 403, 404, 409 before the award, for a second report or a procedure without one, 422.
pub async fn report(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: NewReport,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let summary = fitting(&asked.summary, "/summary", 20_000)?;
    let mut act = Act::begin(tx, law, id, "award.reported").await?;
    act.authorise(tx, actor, Action::WrittenReport).await?;
    act.standing().may_report()?;
    act.note(tx, Event::SupervisorReport).await?;
    let row = store::insert_report(tx, id, &summary, account.0, act.now).await?;
    act.row("written_reports", row);
    let bodies = identity::overseers(tx.conn(), &act.setting.project.parties()).await?;
    let letters = bodies.iter().map(|body| publication::report_letter(&act.tender, body, &summary, act.now));
    let letters = letters.collect::<Result<Vec<_>, _>>()?;
    outbox::post_all(tx, &letters, Some(row), act.now).await?;
    act.facts(json!({"letters": letters.len()}));
    let tender = act.finish(tx, actor).await?;
    view::answer(tx, actor, law, &tender).await
}
