//! Use cases of the opening.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use crate::{
    bids::{
        self, StandingBid,
        seal::{policy::BIDDER, sealing},
    },
    identity::{Action, Object, authorize, cards},
    kernel::{
        Actor, AllowedAction, Code, Problem, Refusal, Rejection, Say, Seed,
        id::{BidId, TenderId},
        time::{hall_date, in_hall_zone},
    },
    law::{Event, Lawbook},
    ledger::{self, Entry},
    notices::{self, NoticeKind, Section},
    opening::{
        decrypt::{self, Locked},
        jobs::{conclude_key, schedule_conclusion},
        model::{
            ExtendWindow, Extension, ExtensionView, OpenedBid, Opening, OpeningRecord, OpeningView, Outcome,
            RecordLine, ReleaseShare, ReleasedShare,
        },
        rules, store,
    },
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
        jobs,
    },
    projects,
    scoring::method::BenchmarkDraw,
    tenders::{self, Tender, TenderPhase, publication},
};

/// Bids decrypted and written at a time, so that memory does not grow with their number.
const BATCH: usize = 128;

/// The deadline has come and the lot is closed: begins the opening, or ends the tender for want of bids.
///
/// # Errors
/// When the tender is not closed, or the database is away.
pub async fn begin(tx: &mut Tx<'_>, law: &Lawbook, id: TenderId) -> Result<(), Problem> {
    let actor = Actor::Hall("opening.begin");
    let mut tender = tenders::lock(tx, id).await?;
    let now = tx.hall_now().await?;
    let setting = tenders::setting(tx.conn(), law, &tender, hall_date(now)).await?;
    let standing = bids::standing_bids(tx.conn(), id).await?.len();
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
        began_at,
        window_until: rules::window_end(setting.law.settings(), began_at),
        extension: None,
        concluded_at: None,
        benchmark_draw: None,
        version: 1,
    };
    store::insert(tx, &opening).await?;
    let entry = Entry::new("opening.began").project(tender.project).tender(id).row("tenders", id.0);
    let entry = entry.row("tender_events", event).row("openings", opening.id);
    ledger::record(tx, &actor, now, entry.facts(json!({"bids": standing}))).await?;
    schedule_conclusion(tx, id, opening.window_until).await
}

/// A bidder releases the secret of its bid. Nothing is decrypted yet.
///
/// # Errors
/// 403, 404 for another's bid, 409 outside the window or for a second release, 422 for another key.
pub async fn release(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: TenderId,
    asked: ReleaseShare,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.clone();
    rules::check_share(&asked)?;
    let bid = bids::standing_bid(tx.conn(), asked.bid_id)
        .await?
        .filter(|bid| bid.tender == id && bid.bidder == account.organisation)
        .ok_or_else(Rejection::not_found)?;
    // Checked before the lock: the arithmetic is the slow part.
    sealing::check_secret(&SecretString::from(asked.share.clone()), &bid.envelope.bid_key)
        .map_err(|_| secret_does_not_fit())?;
    let tender = tenders::load(tx.conn(), id).await?;
    let project = projects::load(tx.conn(), tender.project).await?;
    let parties = project.parties();
    // The bid is the caller's own, as asked above.
    authorize(actor, Action::ShareRelease, &Object::of(&parties, tender.authority()).own(true))?;
    let opening = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    let now = tx.hall_now().await?;
    rules::may_release(tender.phase, &opening, now)?;
    let row = store::insert_share(tx, id, bid.id, BIDDER, &asked.share, account.account.0, now)
        .await
        .on_constraint("opening_shares_once", || {
            Refusal::new(
                Code::Duplicate,
                Say::new("该投标已经解密。", "The secret of this bid is released already."),
            )
        })?;
    let entry = Entry::new("opening.shareReleased").project(tender.project).tender(id).of_bid();
    ledger::record(tx, actor, now, entry.row("opening_shares", row)).await?;
    let standing = tender.close.map_or(0, |close| i64::from(close.bid_count));
    if store::released(tx.conn(), id).await? >= standing {
        // Every bid can be opened: nobody gains by waiting for the end of the window.
        jobs::reschedule(tx, &conclude_key(id), now).await?;
    }
    Reply::ok(&ReleasedShare { bid_id: bid.id, released_at: now, window_until: opening.window_until })
}

fn secret_does_not_fit() -> Rejection {
    let detail = Say::new("该密钥不是此投标的密钥。", "This is not the secret of this bid.");
    let mut rejection = Rejection::at("/share", "secret-does-not-fit", detail);
    rejection.code = Code::SecretDoesNotFit;
    rejection
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
    let tender = tenders::load(tx.conn(), id).await?;
    let project = projects::load(tx.conn(), tender.project).await?;
    tenders::permit(actor, Action::OpeningExtend, &project, &tender)?;
    let mut opening = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    let now = tx.hall_now().await?;
    let judged_by = projects::law_of(tx.conn(), law, &project).await?;
    rules::may_extend(judged_by.settings(), tender.phase, &opening, &asked, now)?;
    let reason = asked.reason.trim().to_owned();
    opening.extension = Some(Extension { from: opening.window_until, by: account.0, reason: reason.clone() });
    opening.window_until = asked.until;
    store::update(tx, &mut opening).await?;
    jobs::reschedule(tx, &conclude_key(id), opening.window_until).await?;
    let entry = Entry::new("opening.extended").project(tender.project).tender(id).row("openings", opening.id);
    ledger::record(tx, actor, now, entry.because(reason).facts(json!({"until": asked.until}))).await?;
    let view = view(tx.conn(), actor, law, &tender, &opening, now).await?;
    Ok(Reply::ok(&view)?.at_version(opening.version))
}

/// The window is over or every bid can be opened: decrypts all released bids and makes the record.
///
/// # Errors
/// When the database is away.
pub async fn conclude(tx: &mut Tx<'_>, id: TenderId) -> Result<(), Problem> {
    let actor = Actor::Hall("opening.conclude");
    let mut tender = tenders::lock(tx, id).await?;
    let mut opening = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    if opening.concluded_at.is_some() || tender.phase != TenderPhase::Opening {
        return Ok(());
    }
    let now = tx.hall_now().await?;
    let standing = bids::standing_bids(tx.conn(), id).await?;
    let (mut opened, mut revoked) = (0_usize, 0_usize);
    for batch in standing.chunks(BATCH) {
        let lines = open_batch(tx, batch).await?;
        let lost: Vec<BidId> =
            lines.iter().filter(|line| line.outcome == Outcome::Revoked).map(|line| line.bid).collect();
        revoked += lost.len();
        opened += lines.len() - lost.len();
        let rows = store::insert_opened(tx, id, &lines).await?;
        bids::revoke(tx, &lost).await?;
        let mut entry = Entry::new("opening.bidsOpened").project(tender.project).tender(id).of_bid();
        for row in rows {
            entry = entry.row("opened_bids", row);
        }
        for bid in &lost {
            entry = entry.row("bids", bid.0);
        }
        ledger::record(tx, &actor, now, entry).await?;
    }
    opening.concluded_at = Some(now);
    opening.benchmark_draw = draw_benchmark(tx, &tender).await?;
    store::update(tx, &mut opening).await?;
    tender.opened_at = Some(now);
    tenders::advance(tx, &mut tender, TenderPhase::Opened).await?;
    let entry = Entry::new("opening.concluded").project(tender.project).tender(id);
    let entry = entry.row("tenders", id.0).row("openings", opening.id);
    let seed = opening.benchmark_draw.as_ref().map(|draw| &draw.seed);
    let facts = json!({"opened": opened, "revoked": revoked, "benchmarkSeed": seed});
    ledger::record(tx, &actor, now, entry.facts(facts)).await?;
    publish_record(tx, &actor, &tender, &opening, (opened, revoked), now).await
}

/// The last act of the opening, when no bid can change any more: what the document leaves to chance is drawn.
async fn draw_benchmark(tx: &mut Tx<'_>, tender: &Tender) -> Result<Option<BenchmarkDraw>, Problem> {
    let method = tender.document.method()?;
    if !method.awaits_draw() {
        return Ok(None);
    }
    let lines = store::opened_bids(tx.conn(), tender.id).await?;
    let opened = lines.iter().filter(|line| line.outcome == Outcome::Opened);
    let opened: Vec<String> = opened.map(|line| line.bid.to_string()).collect();
    Ok(method.draw(Seed::draw()?, &opened))
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

/// Decrypts one batch off the async threads; the order stays that of receipt.
async fn open_batch(tx: &mut Tx<'_>, batch: &[StandingBid]) -> Result<Vec<OpenedBid>, Problem> {
    let ids: Vec<BidId> = batch.iter().map(|bid| bid.id).collect();
    let mut released: std::collections::HashMap<BidId, (SecretString, DateTime<Utc>)> =
        store::secrets(tx.conn(), &ids)
            .await?
            .into_iter()
            .map(|(bid, secret, at)| (bid, (secret, at)))
            .collect();
    let mut locked = Vec::with_capacity(batch.len());
    let mut times = std::collections::HashMap::new();
    for bid in batch {
        if let Some((secret, at)) = released.remove(&bid.id) {
            let ciphertext = bids::ciphertext(tx.conn(), bid.id).await?;
            locked.push(Locked { bid: bid.id, envelope: bid.envelope.clone(), ciphertext, secret });
            times.insert(bid.id, at);
        }
    }
    let mut unlocked: std::collections::HashMap<BidId, _> =
        tokio::task::spawn_blocking(move || decrypt::open_all(locked))
            .await
            .map_err(Problem::internal)?
            .into_iter()
            .collect();
    Ok(batch.iter().map(|bid| line(bid, times.get(&bid.id).copied(), unlocked.remove(&bid.id))).collect())
}

fn line(
    bid: &StandingBid,
    released_at: Option<DateTime<Utc>>,
    unlocked: Option<Result<decrypt::Unlocked, String>>,
) -> OpenedBid {
    let blank = OpenedBid {
        bid: bid.id,
        bidder: bid.bidder,
        seq: bid.seq,
        received_at: bid.accepted_at,
        released_at,
        outcome: Outcome::Revoked,
        price: None,
        form: None,
        files: None,
        failure: None,
    };
    match unlocked {
        Some(Ok(found)) => OpenedBid {
            outcome: Outcome::Opened,
            price: found.price,
            form: Some(found.form),
            files: Some(found.files),
            ..blank
        },
        Some(Err(why)) => OpenedBid {
            failure: Some(format!("投标文件无法打开 / cannot be opened: {why}")),
            ..blank
        },
        None => OpenedBid {
            failure: Some(
                "投标人未在规定时间内解密 / not released by the bidder within the window".to_owned(),
            ),
            ..blank
        },
    }
}

async fn publish_record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    tender: &Tender,
    opening: &Opening,
    (opened, revoked): (usize, usize),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let project = projects::load(tx.conn(), tender.project).await?;
    let mut section = Section::new("开标情况", "The opening")
        .fact("开标时间", "Opening", in_hall_zone(opening.began_at))
        .fact("收到投标（个）", "Bids received", opened + revoked)
        .fact("解密成功（个）", "Opened", opened)
        .fact("撤销（个）", "Revoked", revoked);
    if let Some(extension) = &opening.extension {
        section = section
            .fact("解密时间延长至", "Window extended to", in_hall_zone(opening.window_until))
            .fact("延长理由", "Reason of the extension", &extension.reason);
    }
    if let Some(draw) = &opening.benchmark_draw {
        let told = draw.told(&tender.document.method()?);
        section = section.say("评标基准价抽取", "Draw for the benchmark", told);
    }
    let draft = publication::draft(NoticeKind::OpeningRecord, &project, tender, vec![section]);
    notices::publish(tx, actor, now, draft).await?;
    Ok(())
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
    let tender = tenders::load(conn, id).await?;
    let project = projects::load(conn, tender.project).await?;
    tenders::permit(actor, Action::OpeningRead, &project, &tender)?;
    let opening = store::find(conn, id).await?.ok_or_else(Rejection::not_found)?;
    Ok((view(conn, actor, law, &tender, &opening, now).await?, opening.version))
}

async fn view(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    tender: &Tender,
    opening: &Opening,
    now: DateTime<Utc>,
) -> Result<OpeningView, Problem> {
    let project = projects::load(conn, tender.project).await?;
    let may = |action| tenders::permit(actor, action, &project, tender);
    let releasing = rules::may_release(tender.phase, opening, now).map_err(Problem::from);
    let release = may(Action::ShareRelease).and(releasing);
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
        began_at: opening.began_at,
        window_until: opening.window_until,
        extension: extension_view(opening),
        concluded_at: opening.concluded_at,
        bids: tender.close.map_or(0, |close| i64::from(close.bid_count)),
        released: store::released(conn, tender.id).await?,
        allowed_actions: vec![
            AllowedAction {
                deadline: Some(opening.window_until),
                ..AllowedAction::from_guard("releaseShare", &release)
            },
            AllowedAction::from_guard("extend", &extend),
        ],
    })
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
    let tender = tenders::load(conn, id).await?;
    let project = projects::load(conn, tender.project).await?;
    tenders::permit(actor, Action::OpeningRecordRead, &project, &tender)?;
    let opening = store::find(conn, id).await?.ok_or_else(Rejection::not_found)?;
    let (Some(concluded_at), Some(close)) = (opening.concluded_at, tender.close) else {
        return Err(Rejection::not_found().into());
    };
    let lines = store::opened_bids(conn, id).await?;
    let names = cards(conn, &lines.iter().map(|line| line.bidder).collect::<Vec<_>>()).await?;
    let bids: Vec<RecordLine> = lines
        .into_iter()
        .map(|line| {
            let card = names.get(&line.bidder);
            RecordLine {
                seq: line.seq,
                bid_id: line.bid,
                bidder_id: line.bidder,
                bidder: card.map(crate::identity::Card::name).unwrap_or_default(),
                uscc: card.map(|card| card.uscc.clone()).unwrap_or_default(),
                received_at: line.received_at,
                released_at: line.released_at,
                outcome: line.outcome,
                price: line.price,
                failure: line.failure,
            }
        })
        .collect();
    let count = |outcome| {
        i64::try_from(bids.iter().filter(|line| line.outcome == outcome).count()).unwrap_or(i64::MAX)
    };
    Ok(OpeningRecord {
        tender_id: id,
        began_at: opening.began_at,
        window_until: opening.window_until,
        extension: extension_view(&opening),
        concluded_at,
        received: i64::from(close.bid_count),
        opened: count(Outcome::Opened),
        revoked: count(Outcome::Revoked),
        bid_root: hex::encode(close.bid_root),
        benchmark_draw: opening.benchmark_draw,
        bids,
    })
}
