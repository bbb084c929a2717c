//! Use cases of the opening but for its conclusion.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use crate::{
    bids::{self, BidState},
    holders,
    identity::{Action, cards},
    kernel::{Actor, AllowedAction, Problem, Rejection, Say, id::TenderId, time::hall_date},
    law::{Event, Lawbook},
    ledger::{self, Entry},
    opening::{
        jobs::{conclude_key, schedule_conclusion},
        model::{
            ExtendWindow, Extension, ExtensionView, IncompleteBid, LaterStage, OpenedBid, Opening,
            OpeningRecord, OpeningView, Outcome, RecordLine,
        },
        rules, store,
    },
    platform::{db::Tx, http::Reply, jobs},
    projects,
    scoring::method::BenchmarkDraw,
    tenders::{self, Part, Stages, Tender, TenderPhase},
    timekeeping,
};

/// The deadline has come and the lot is closed: begins the opening, or ends the tender for want of bids.
///
/// # Errors
/// When the tender is not closed, or the database is away.
pub async fn begin(tx: &mut Tx<'_>, law: &Lawbook, id: TenderId) -> Result<(), Problem> {
    let actor = Actor::Hall("opening.begin");
    let mut tender = tenders::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    // Bidders of whom every part is in.
    let standing = tender.close.map_or(0, |close| usize::try_from(close.bid_count).unwrap_or_default());
    let (needed, _) = setting.law.number(&setting.procedure.minimum_bids, setting.on)?;
    if u32::try_from(standing).is_ok_and(|standing| standing < needed) {
        let ground = setting.law.ground(&setting.procedure.minimum_bids, setting.on)?;
        let reason = rules::too_few(standing, needed, &ground);
        return tenders::end(tx, &actor, now, &mut tender, TenderPhase::Failed, &reason).await;
    }
    // The opening is at the deadline itself (招标投标法 art 34), whenever the machine gets to it.
    let began_at = tender.deadline;
    tender.opening_began_at = Some(began_at);
    tenders::advance(tx, &mut tender, TenderPhase::Opening).await?;
    let event = tenders::note(tx, &tender, Event::Opened, began_at, None).await?;
    let opening = Opening {
        id: Uuid::new_v4(),
        tender: id,
        stage: 1,
        began_at,
        window_until: rules::window_end(setting.law.settings(), rules::window_from(began_at, now)),
        extension: None,
        concluded_at: None,
        benchmark_draw: None,
        version: 1,
    };
    store::insert(tx, &opening).await?;
    let entry = Entry::new("opening.began").project(tender.project).tender(id).row("tenders", id.0);
    let entry = entry.row("tender_events", event).row("openings", opening.id);
    ledger::record(tx, &actor, now, entry.facts(json!({"bids": standing}))).await?;
    schedule_conclusion(tx, &opening).await
}

/// The host extends the window, once, with a reason.
///
/// # Errors
/// 403, 404, 409, 422.
pub async fn extend(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: ExtendWindow,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let (tender, project) = tenders::permitted(tx.conn(), actor, Action::OpeningExtend, id).await?;
    let mut opening = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    let now = tx.hall_now().await?;
    let judged_by = projects::law_of(tx.conn(), law, &project).await?;
    rules::may_extend(judged_by.settings(), tender.phase, &opening, &asked, now)?;
    let reason = asked.reason.trim().to_owned();
    opening.extension = Some(Extension { from: opening.window_until, by: account.0, reason: reason.clone() });
    opening.window_until = asked.until;
    store::update(tx, &mut opening).await?;
    jobs::reschedule(tx, &conclude_key(id, opening.stage), opening.window_until).await?;
    let entry = Entry::new("opening.extended").project(tender.project).tender(id).row("openings", opening.id);
    ledger::record(tx, actor, now, entry.because(reason).facts(json!({"until": asked.until}))).await?;
    let view = view(tx.conn(), actor, law, &tender, &opening, now).await?;
    Ok(Reply::ok(&view)?.at_version(opening.version))
}

/// What the opening of a tender drew for the benchmark.
///
/// # Errors
/// When the database is away.
pub async fn benchmark_draw(
    conn: &mut AsyncPgConnection,
    id: TenderId,
) -> Result<Option<BenchmarkDraw>, Problem> {
    Ok(store::find(conn, id).await?.and_then(|opening| opening.benchmark_draw))
}

/// The opening for a caller who may see it; absent for everyone before it begins.
///
/// # Errors
/// 404.
pub async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    now: DateTime<Utc>,
) -> Result<(OpeningView, i64), Problem> {
    let (tender, _) = tenders::permitted(conn, actor, Action::OpeningRead, id).await?;
    let opening = store::find(conn, id).await?.ok_or_else(Rejection::not_found)?;
    Ok((view(conn, actor, law, &tender, &opening, now).await?, opening.version))
}

/// Whether the opening of a tender, or its record, waits for the supervision office's decision over the clock.
///
/// # Errors
/// When the database is away.
pub async fn waits(
    conn: &mut AsyncPgConnection,
    tender: &Tender,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    if tenders::view::opening_waits(conn, tender, now).await? {
        return Ok(true);
    }
    match store::find(conn, tender.id).await? {
        Some(opening) => record_waits(conn, tender, &opening, now).await,
        None => Ok(false),
    }
}

/// Whether the window is over and the record waits for that decision.
async fn record_waits(
    conn: &mut AsyncPgConnection,
    tender: &Tender,
    opening: &Opening,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    // A tender that has ended keeps an opening that nobody concludes any more.
    let due = tender.ended.is_none() && opening.concluded_at.is_none() && now >= opening.window_until;
    Ok(due && timekeeping::store::is_suspect(conn).await?)
}

pub(super) async fn view(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    tender: &Tender,
    opening: &Opening,
    now: DateTime<Utc>,
) -> Result<OpeningView, Problem> {
    let project = projects::load(conn, tender.project).await?;
    let may = |action| tenders::permit(actor, action, &project, tender);
    let releasing = || rules::may_release(tender.phase, opening, now).map_err(Problem::from);
    let release = may(Action::ShareRelease).and_then(|()| releasing());
    let stages = tender.document.stages();
    let settled = holders::policy_of(conn, tender.id).await?;
    let recover = may(Action::OpeningRecover).and_then(|()| releasing()).and_then(|()| {
        let shared = settled.policy.policy().clauses.iter().any(|clause| rules::is_recovery(clause));
        if shared { Ok(()) } else { Err(rules::bidders_alone().into()) }
    });
    let ask = ExtendWindow {
        until: opening.window_until + chrono::TimeDelta::minutes(1),
        reason: String::from("?"),
    };
    let judged_by = projects::law_of(conn, law, &project).await?;
    let extend = may(Action::OpeningExtend)
        .and_then(|()| rules::may_extend(judged_by.settings(), tender.phase, opening, &ask, now));
    Ok(OpeningView {
        tender_id: tender.id,
        phase: tender.phase,
        stage: opening.stage,
        parts: stages.of(opening.stage).to_vec(),
        began_at: opening.began_at,
        window_until: opening.window_until,
        extension: extension_view(opening),
        waits: record_waits(conn, tender, opening, now).await?,
        concluded_at: opening.concluded_at,
        bids: envelopes(conn, tender, opening).await?,
        released: store::released(conn, opening).await?,
        allowed_actions: vec![
            AllowedAction {
                deadline: Some(opening.window_until),
                ..AllowedAction::from_guard("releaseShare", &release)
            },
            AllowedAction::from_guard("extend", &extend),
            AllowedAction::from_guard("recover", &recover),
        ],
    })
}

/// How many envelopes open in a stage.
pub(super) async fn envelopes(
    conn: &mut AsyncPgConnection,
    tender: &Tender,
    opening: &Opening,
) -> Result<i64, Problem> {
    let bids = tender.close.map_or(0, |close| i64::from(close.bid_count));
    let parts = i64::try_from(tender.document.stages().of(opening.stage).len()).map_err(Problem::internal)?;
    // Only a stage after the first has such.
    let sealed = i64::try_from(store::sealed(conn, tender.id).await?.len()).map_err(Problem::internal)?;
    let sealed = if opening.stage == 1 { 0 } else { sealed };
    Ok(bids * parts - sealed)
}

/// What the bids of a tender turned out to be, each with all its parts whose stage has its record, in the order of receipt;
/// empty before the first record.
///
/// # Errors
/// When the database is away.
pub async fn opened_bids(conn: &mut AsyncPgConnection, id: TenderId) -> Result<Vec<OpenedBid>, Problem> {
    let stages = tenders::load(conn, id).await?.document.stages();
    Ok(rules::whole(store::lines(conn, id).await?, &stages))
}

fn extension_view(opening: &Opening) -> Option<ExtensionView> {
    let extension = opening.extension.as_ref()?;
    Some(ExtensionView { from: extension.from, reason: extension.reason.clone() })
}

/// The opening record 开标记录, public once it is made.
///
/// # Errors
/// 404 before it is made.
pub async fn record(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: TenderId,
) -> Result<OpeningRecord, Problem> {
    let (tender, _) = tenders::permitted(conn, actor, Action::OpeningRecordRead, id).await?;
    let mut told = store::stages(conn, id).await?;
    told.retain(|stage| stage.concluded_at.is_some());
    let draw = told.last().and_then(|stage| stage.benchmark_draw.clone());
    let mut told = told.into_iter();
    let (Some(opening), Some(close)) = (told.next(), tender.close) else {
        return Err(Rejection::not_found().into());
    };
    let concluded_at = opening.concluded_at.ok_or_else(Rejection::not_found)?;
    let stages = tender.document.stages();
    let later_stages: Vec<LaterStage> = told.filter_map(|stage| later_stage(&stages, &stage)).collect();
    let last = later_stages.last().map_or(opening.stage, |stage| stage.stage);
    let is_told = |part: Part| stages.stage_of(part).is_some_and(|stage| stage <= last);
    let mut lines = store::lines(conn, id).await?;
    lines.retain(|line| is_told(line.part));
    let mut fates: Vec<Outcome> = rules::fates(&lines).into_values().collect();
    fates.retain(|fate| *fate != Outcome::Sealed);
    // Every policy of a tender has the clauses of the first, so that a clause's number says who opened a bid.
    let settled = holders::policy_of(conn, id).await?;
    let clauses = &settled.policy.policy().clauses;
    let members = |line: &OpenedBid| -> Vec<String> {
        let at = line.clause.and_then(|at| usize::try_from(at).ok());
        let clause = at.and_then(|at| clauses.get(at)).filter(|_| line.outcome == Outcome::Opened);
        clause.into_iter().flatten().map(|member| member.as_str().to_owned()).collect()
    };
    let names = cards(conn, &lines.iter().map(|line| line.bidder).collect::<Vec<_>>()).await?;
    let bids: Vec<RecordLine> = lines
        .into_iter()
        .map(|line| {
            let card = names.get(&line.bidder);
            RecordLine {
                seq: line.seq,
                bid_id: line.bid,
                part: line.part,
                bidder_id: line.bidder,
                bidder: card.map(crate::identity::Card::name).unwrap_or_default(),
                uscc: card.map(|card| card.uscc.clone()).unwrap_or_default(),
                received_at: line.received_at,
                released_at: line.released_at,
                outcome: line.outcome,
                price: line.price,
                opened_by: members(&line),
                recovery: line.recovery,
                failure: line.failure,
            }
        })
        .collect();
    let count =
        |outcome| i64::try_from(fates.iter().filter(|fate| **fate == outcome).count()).unwrap_or(i64::MAX);
    Ok(OpeningRecord {
        tender_id: id,
        began_at: opening.began_at,
        window_until: opening.window_until,
        extension: extension_view(&opening),
        concluded_at,
        later_stages,
        sealed_parts: stages.parts().filter(|part| !is_told(*part)).collect(),
        received: i64::from(close.bid_count),
        opened: count(Outcome::Opened),
        revoked: count(Outcome::Revoked),
        withdrawn: count(Outcome::Withdrawn),
        incomplete: incomplete(conn, &tender).await?,
        bid_root: hex::encode(close.bid_root),
        benchmark_draw: draw,
        bids,
    })
}

fn later_stage(stages: &Stages, stage: &Opening) -> Option<LaterStage> {
    Some(LaterStage {
        stage: stage.stage,
        parts: stages.of(stage.stage).to_vec(),
        began_at: stage.began_at,
        window_until: stage.window_until,
        extension: extension_view(stage),
        concluded_at: stage.concluded_at?,
    })
}

/// Whoever had not every part in at the deadline, in the order of receipt.
pub(super) async fn incomplete(
    conn: &mut AsyncPgConnection,
    tender: &Tender,
) -> Result<Vec<IncompleteBid>, Problem> {
    let stages = tender.document.stages();
    if !stages.divides() {
        return Ok(Vec::new());
    }
    let mut found: Vec<IncompleteBid> = Vec::new();
    for bid in bids::stood(conn, tender.id).await?.iter().filter(|bid| bid.state == BidState::Incomplete) {
        match found.iter_mut().find(|one| one.bidder_id == bid.bidder) {
            Some(one) => one.parts.push(bid.part),
            None => found.push(IncompleteBid {
                bidder_id: bid.bidder,
                bidder: Say::default(),
                parts: vec![bid.part],
                missing: Vec::new(),
                reason: bids::service::INCOMPLETE.to_owned(),
            }),
        }
    }
    let names = cards(conn, &found.iter().map(|one| one.bidder_id).collect::<Vec<_>>()).await?;
    for one in &mut found {
        one.missing = stages.missing(&one.parts);
        one.bidder = names.get(&one.bidder_id).map(crate::identity::Card::name).unwrap_or_default();
    }
    Ok(found)
}
