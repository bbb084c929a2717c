//! The conclusion of an opening: what was released is decrypted, batch by batch, and the record made.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use futures_util::try_join;
use secrecy::SecretString;
use serde_json::json;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    bids::{self, BidState, Outside},
    holders::{self, Policies},
    kernel::{
        Actor, Problem, Rejection, Say, Seed,
        id::{BidId, OrganisationId, RequestId, TenderId},
        time::in_hall_zone,
    },
    ledger::{self, Entry},
    notices::{self, NoticeKind, Section},
    opening::{
        decrypt::{self, Locked},
        model::{OpenedBid, Opening, Outcome},
        rules, service,
        shares::{Board, Opener},
        store,
    },
    platform::db::{Tx, check, defer},
    projects,
    scoring::method::BenchmarkDraw,
    seal::Envelope,
    tenders::{self, Part, Tender, TenderPhase, publication},
};

/// Bids decrypted and written at a time, so that memory does not grow with their number.
const BATCH: usize = 128;

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
    let mut entry = Entry::new("opening.bidsOpened").project(tender.project).tender(tender.id).of_bid();
    for row in rows {
        entry = entry.written("opened_bids", row.id, row.content);
    }
    let whys = [
        (Outcome::Revoked, bids::service::NOT_OPENED),
        (Outcome::Withdrawn, bids::service::NOT_OPENED_BY_OTHERS),
    ];
    for (outcome, why) in whys {
        let ended = of(outcome);
        let mut contents = bids::revoke(conn, now, &ended, why).await?;
        for bid in ended {
            let missing = || Problem::internal(anyhow::anyhow!("bid {bid} is not ended"));
            entry = entry.written("bids", bid.0, contents.remove(&bid).ok_or_else(missing)?);
        }
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
    let lines = service::opened_bids(tx.conn(), tender.id).await?;
    let opened = lines.iter().filter(|line| line.outcome == Outcome::Opened);
    let opened: Vec<String> = opened.map(|line| line.bid.to_string()).collect();
    Ok(method.draw(Seed::draw()?, &opened))
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
        let incomplete = service::incomplete(tx.conn(), tender).await?.len();
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
