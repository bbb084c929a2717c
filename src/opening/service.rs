//! Use cases of the opening.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use futures_util::try_join;
use secrecy::SecretString;
use serde_json::json;
use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

use crate::{
    bids::{self, BidState, Outside},
    holders::{self, Policies},
    identity::{Action, cards},
    kernel::{
        Actor, AllowedAction, Problem, Rejection, Say, Seed,
        id::{BidId, OrganisationId, RequestId, TenderId},
        time::{hall_date, in_hall_zone},
    },
    law::{Event, Lawbook},
    ledger::{self, Entry},
    notices::{self, NoticeKind, Section},
    opening::{
        decrypt::{self, Locked},
        jobs::{conclude_key, schedule_conclusion},
        model::{
            ExtendWindow, Extension, ExtensionView, IncompleteBid, LaterStage, OpenedBid, Opening,
            OpeningRecord, OpeningView, Outcome, RecordLine,
        },
        rules,
        shares::{Board, Opener},
        store,
    },
    platform::{
        db::{Tx, check, defer},
        http::Reply,
        jobs,
    },
    projects,
    scoring::method::BenchmarkDraw,
    seal::Envelope,
    tenders::{self, Part, Stages, Tender, TenderPhase, publication},
    timekeeping,
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

/// The window is over or every bid can be opened: decrypts all released bids and makes the record.
///
/// # Errors
/// When the database is away.
pub async fn conclude(tx: &mut Tx<'_>, id: TenderId) -> Result<(), Problem> {
    let actor = Actor::Hall("opening.conclude");
    let mut tender = tenders::lock(tx, id).await?;
    let mut opening = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    if !rules::is_under_way(tender.phase, &opening) {
        return Ok(());
    }
    let now = tx.hall_now().await?;
    let standing = bids::outsides(tx.conn(), id).await?;
    let remedy = tender.document.sealing.as_ref().is_some_and(|sealing| sealing.remedy);
    let terms = Terms {
        policies: holders::policies_of(tx.conn(), id).await?,
        ordered: store::recoveries(tx.conn(), id).await?,
        remedy,
    };
    let stages = tender.document.stages();
    let parts = stages.of(opening.stage);
    let due = rules::due(&standing, parts, &store::sealed(tx.conn(), id).await?);
    let mut tally = Tally::default();
    let mut batches = due.chunks(BATCH.div_ceil(parts.len().max(1))).map(<[_]>::concat);
    let mut under_way = read_batch(tx.shared(), batches.next(), &terms).await?.map(Batch::decrypt);
    let mut next = read_batch(tx.shared(), batches.next(), &terms).await?;
    // While one batch is decrypted the last is written and the one after it read, side by side.
    while let Some(batch) = under_way {
        let lines = batch.lines().await?;
        under_way = next.map(Batch::decrypt);
        let fates = rules::fates(&lines);
        tally.count(&lines, &fates);
        let written = write_batch(tx.shared(), tx.request, &tender, now, (&lines, &fates), &standing);
        ((), next) = try_join!(written, read_batch(tx.shared(), batches.next(), &terms))?;
    }
    opening.concluded_at = Some(now);
    if stages.ends_with(opening.stage) {
        opening.benchmark_draw = draw_benchmark(tx, &tender).await?;
    }
    store::update(tx, &mut opening).await?;
    let mut entry = Entry::new("opening.concluded").project(tender.project).tender(id);
    if opening.stage == 1 {
        tender.opened_at = Some(now);
        tenders::advance(tx, &mut tender, TenderPhase::Opened).await?;
        entry = entry.row("tenders", id.0);
    }
    let entry = entry.row("openings", opening.id);
    let seed = opening.benchmark_draw.as_ref().map(|draw| &draw.seed);
    let facts = json!({"stage": opening.stage, "opened": tally.opened, "revoked": tally.revoked,
        "withdrawn": tally.withdrawn, "recovered": tally.recovered, "benchmarkSeed": seed});
    ledger::record(tx, &actor, now, entry.facts(facts)).await?;
    publish_record(tx, &actor, &tender, &opening, &tally, now).await
}

/// Writes what became of a batch: its lines, the end of the bids that cannot be read, and the entry of both.
async fn write_batch(
    conn: &AsyncPgConnection,
    request: RequestId,
    tender: &Tender,
    now: DateTime<Utc>,
    (lines, fates): (&[OpenedBid], &HashMap<OrganisationId, Outcome>),
    standing: &[Outside],
) -> Result<(), Problem> {
    let rows = store::insert_opened(conn, tender.id, lines).await?;
    // A bid ends with all its parts, those of later stages and earlier ones among them.
    let of = |outcome| -> Vec<BidId> {
        let ended = |bid: &&Outside| fates.get(&bid.bidder) == Some(&outcome);
        let here = standing.iter().filter(ended).filter(|bid| bid.state == BidState::Accepted);
        here.map(|bid| bid.id).collect()
    };
    let revoked = bids::revoke(conn, now, &of(Outcome::Revoked), bids::service::NOT_OPENED).await?;
    let withdrawn =
        bids::revoke(conn, now, &of(Outcome::Withdrawn), bids::service::NOT_OPENED_BY_OTHERS).await?;
    let mut entry = Entry::new("opening.bidsOpened").project(tender.project).tender(tender.id).of_bid();
    for row in rows {
        entry = entry.written("opened_bids", row.id, row.content);
    }
    for (bid, content) in revoked.into_iter().chain(withdrawn) {
        entry = entry.written("bids", bid.0, content);
    }
    let actor = Actor::Hall("opening.conclude");
    ledger::Sheet::seal(request, now, vec![(actor, entry)])?.write(conn).await?;
    // The deferred checks of these rows run beside the decryption of the next ones instead of at the commit.
    check(conn).await?;
    defer(conn).await
}

/// What became of the bids, in numbers.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    opened: usize,
    revoked: usize,
    withdrawn: usize,
    recovered: usize,
}

impl Tally {
    fn count(&mut self, lines: &[OpenedBid], fates: &HashMap<OrganisationId, Outcome>) {
        for fate in fates.values() {
            match fate {
                Outcome::Opened => self.opened += 1,
                Outcome::Revoked => self.revoked += 1,
                Outcome::Withdrawn => self.withdrawn += 1,
                Outcome::Sealed => {}
            }
        }
        let recovered = lines.iter().filter(|line| line.recovery.is_some()).map(|line| line.bidder);
        self.recovered += recovered.collect::<HashSet<_>>().len();
    }
}

/// By what the bids of a tender are opened.
struct Terms {
    policies: Policies,
    ordered: HashMap<BidId, String>,
    remedy: bool,
}

impl Terms {
    /// Why a bid was opened without its bidder.
    fn reason(&self, bid: BidId) -> Option<String> {
        const REMEDY: &str = "投标人未解密，按招标文件约定的补救方案开启（电子招标投标办法第三十一条） / \
                              the bidder did not release; opened by the document's remedy";
        self.ordered.get(&bid).cloned().or_else(|| self.remedy.then(|| REMEDY.to_owned()))
    }
}

/// The last act of the opening, when no bid can change any more: what the document leaves to chance is drawn.
async fn draw_benchmark(tx: &mut Tx<'_>, tender: &Tender) -> Result<Option<BenchmarkDraw>, Problem> {
    let method = tender.document.method()?;
    if !method.awaits_draw() {
        return Ok(None);
    }
    let lines = opened_bids(tx.conn(), tender.id).await?;
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

/// Bids read from the database.
struct Batch {
    /// What is known of each from outside, in the order of receipt.
    blanks: Vec<OpenedBid>,
    /// What large ones turned out to be: they were decrypted as they came.
    large: HashMap<BidId, Result<decrypt::Unlocked, String>>,
    small: Vec<Locked>,
}

/// Bids that are being decrypted off the async threads.
struct UnderWay {
    blanks: Vec<OpenedBid>,
    large: HashMap<BidId, Result<decrypt::Unlocked, String>>,
    small: JoinHandle<Vec<(BidId, Result<decrypt::Unlocked, String>)>>,
}

impl Batch {
    fn decrypt(self) -> UnderWay {
        let Self { blanks, large, small } = self;
        UnderWay { blanks, large, small: tokio::task::spawn_blocking(move || decrypt::open_all(small)) }
    }
}

impl UnderWay {
    /// Waits for the decryption; the order stays that of receipt.
    async fn lines(self) -> Result<Vec<OpenedBid>, Problem> {
        let mut unlocked = self.large;
        unlocked.extend(self.small.await.map_err(Problem::internal)?);
        Ok(self.blanks.into_iter().map(|line| filled(unlocked.remove(&line.bid), line)).collect())
    }
}

async fn read_batch(
    conn: &AsyncPgConnection,
    batch: Option<Vec<&Outside>>,
    terms: &Terms,
) -> Result<Option<Batch>, Problem> {
    let Some(batch) = batch else { return Ok(None) };
    let ids: Vec<BidId> = batch.iter().map(|bid| bid.id).collect();
    // Three questions in one turn; the few ciphertexts that stay shut cost less than a turn of their own.
    let (board, mut envelopes, mut ciphertexts) =
        try_join!(Board::of(conn, &ids), bids::envelopes(conn, &ids), bids::ciphertexts(conn, &ids))?;
    let mut openers = Vec::with_capacity(batch.len());
    for bid in batch {
        let envelope = envelopes.remove(&bid.id).ok_or_else(|| no_envelope(bid.id))?;
        // Each by the policy that its envelope names.
        let policy = terms.policies.judging(envelope.policy_digest);
        let opener = board.opener((bid.id, &envelope.bid_key), policy);
        openers.push((bid, envelope, opener));
    }
    let mut small = Vec::with_capacity(openers.len());
    let mut large: HashMap<BidId, _> = HashMap::new();
    let mut blanks = Vec::with_capacity(openers.len());
    for (bid, envelope, opener) in openers {
        match opener {
            Ok(opener) => {
                blanks.push(blank(bid, Some(&opener), terms)?);
                let secret = opener.secret;
                match ciphertexts.remove(&bid.id) {
                    Some(ciphertext) => small.push(Locked { bid: bid.id, envelope, ciphertext, secret }),
                    None => {
                        let found = open_uploaded(conn, bid.id, envelope, secret).await?;
                        large.insert(bid.id, found);
                    }
                }
            }
            Err(failures) => blanks.push(OpenedBid {
                outcome: rules::at_fault(&failures),
                failure: Some(rules::failure(&failures)),
                ..blank(bid, None, terms)?
            }),
        }
    }
    Ok(Some(Batch { blanks, large, small }))
}

fn no_envelope(bid: BidId) -> Problem {
    Problem::internal(anyhow::anyhow!("bid {bid} has no envelope"))
}

/// Decrypts one bid chunk by chunk while they come from the database.
async fn open_uploaded(
    conn: &AsyncPgConnection,
    bid: BidId,
    envelope: Envelope,
    secret: SecretString,
) -> Result<Result<decrypt::Unlocked, String>, Problem> {
    // One chunk waits while another is decrypted.
    let (into, chunks) = mpsc::channel(1);
    let opened = tokio::task::spawn_blocking(move || decrypt::open_chunks(&envelope, &secret, chunks));
    bids::uploads::pour(conn, bid, into).await?;
    opened.await.map_err(Problem::internal)
}

/// The line of a bid of which only the outside is known yet.
fn blank(bid: &Outside, opener: Option<&Opener>, terms: &Terms) -> Result<OpenedBid, Problem> {
    let clause = opener.map(|opener| i32::try_from(opener.clause)).transpose().map_err(Problem::internal)?;
    Ok(OpenedBid {
        bid: bid.id,
        bidder: bid.bidder,
        part: bid.part,
        seq: bid.seq,
        received_at: bid.accepted_at,
        released_at: opener.map(|opener| opener.released_at),
        outcome: Outcome::Revoked,
        price: None,
        form: None,
        files: None,
        clause,
        recovery: opener.filter(|opener| opener.recovery).and_then(|_| terms.reason(bid.id)),
        failure: None,
    })
}

fn filled(unlocked: Option<Result<decrypt::Unlocked, String>>, line: OpenedBid) -> OpenedBid {
    match unlocked {
        Some(Ok(found)) => OpenedBid {
            outcome: Outcome::Opened,
            price: found.price.filter(|_| line.part.states_price()),
            form: Some(found.form),
            files: Some(found.files),
            ..line
        },
        // What its bidder sealed cannot be read by anybody: its own fault, whoever opened it.
        Some(Err(why)) => OpenedBid {
            recovery: None,
            failure: Some(format!("投标文件无法打开 / cannot be opened: {why}")),
            ..line
        },
        None => line,
    }
}

async fn publish_record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    tender: &Tender,
    opening: &Opening,
    tally: &Tally,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let project = projects::load(tx.conn(), tender.project).await?;
    let stages = tender.document.stages();
    let mut section =
        Section::new("开标情况", "The opening").fact("开标时间", "Opening", in_hall_zone(opening.began_at));
    if stages.divides() {
        let parts = stages.of(opening.stage).iter();
        let told = Say::new(
            parts.clone().map(|part| part.zh()).collect::<Vec<_>>().join("、"),
            parts.map(Part::as_ref).collect::<Vec<_>>().join(", "),
        );
        section = section.say("开启部分", "Parts opened", told);
        let incomplete = incomplete(tx.conn(), tender).await?.len();
        if incomplete > 0 {
            section = section.fact(
                "未完整递交，视为撤回（个）",
                "Bidders without every part, taken as withdrawn",
                incomplete,
            );
        }
        let sealed = store::sealed(tx.conn(), tender.id).await?.len();
        if sealed > 0 {
            section = section.fact("不予开启（个）", "Staying sealed", sealed);
        }
    }
    section = section
        .fact("收到投标（个）", "Bids received", tender.close.map_or(0, |close| close.bid_count))
        .fact("解密成功（个）", "Opened", tally.opened)
        .fact("撤销（个）", "Revoked", tally.revoked);
    if tally.withdrawn > 0 {
        section = section.fact("视为撤回（个）", "Taken as withdrawn", tally.withdrawn);
    }
    if tally.recovered > 0 {
        section = section.fact("补救开启（个）", "Opened without their bidders", tally.recovered);
    }
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
async fn incomplete(conn: &mut AsyncPgConnection, tender: &Tender) -> Result<Vec<IncompleteBid>, Problem> {
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
