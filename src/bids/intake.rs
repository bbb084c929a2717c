//! The intake: submissions of one tender that wait for a commit share the next one.
//!
//! One thread owns the transactions; a caller only waits for its answer, so that a connection that drops neither
//! loses a bid nor doubles it. While a transaction of a tender is under way, what else comes in for that tender
//! queues up and then shares one lock, one reading of the clock and one commit. A row that fails is undone to a
//! savepoint and answered on its own; the others go on under the same lock and reading. Any number of instances may
//! do this at once: the row of `tender_intake` keeps them apart.
//!
//! When the outcome of a commit is unknown, the work is done again: the kept answers under the callers'
//! `Idempotency-Key`s, read behind the lock, tell what had been committed.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    rc::Rc,
    sync::Arc,
    thread::JoinHandle,
};

use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::{
    sync::{mpsc, oneshot},
    task::LocalSet,
};

use crate::{
    bids::{
        model::{BidAccepted, BidState, LastBid},
        receipts::{self, ReceiptKeys},
        rules::{self, Gate},
        seal::{Digest, Envelope, TaggedDigest, Verdict},
        store::{self, NewReceipt, NewRow},
    },
    identity::{self, Side, SigningKey},
    kernel::{
        Actor, Code, Problem, Rejection,
        id::{AccountId, BidId, OrganisationId, ProjectId, RequestId, TenderId},
    },
    ledger::{self, Entry},
    platform::{
        db::{Db, Tx},
        http::{Reply, once},
    },
    tenders::intake::{self as gatehouse, Held},
};

/// Submissions that may wait; more are held back at the door.
const QUEUE: usize = 256;
/// Most submissions of one transaction.
const BATCH_ROWS: usize = 128;
/// Most bytes of ciphertext of one transaction, the first one's apart.
const BATCH_BYTES: usize = 16 * 1024 * 1024;
/// Connections of the intake: as many tenders may commit at the same time.
const CONNECTIONS: usize = 4;
/// Name of the unit of work; names that begin so are counted nowhere.
const UNIT: &str = "bid.intake";

/// A submission that has passed every check that needs no lock.
#[derive(Debug)]
pub struct Submission {
    /// Who acts.
    pub actor: Actor,
    /// Its account.
    pub account: AccountId,
    /// Its organisation, the bidder.
    pub bidder: OrganisationId,
    /// The request.
    pub request: RequestId,
    /// Its `Idempotency-Key`.
    pub key: String,
    /// Fingerprint of the request.
    pub fingerprint: [u8; 32],
    /// The tender.
    pub tender: TenderId,
    /// Its project.
    pub project: ProjectId,
    /// Centre whose receipt key signs.
    pub centre: String,
    /// The envelope.
    pub envelope: Envelope,
    /// Its digest.
    pub digest: Digest,
    /// Public key that signed it.
    pub signer: [u8; 32],
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
}

type Answer = Result<Reply, Problem>;

struct Waiting {
    submission: Submission,
    answer: oneshot::Sender<Answer>,
}

/// The door to the intake; clones share it. The thread ends when the last clone is gone and all is answered.
#[derive(Clone, Debug)]
pub struct Intake {
    door: mpsc::Sender<Waiting>,
}

impl Intake {
    /// Starts the intake on a thread and connections of its own to `url`; the thread may be joined once every clone
    /// of the door is gone.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(url: &str, keys: Arc<ReceiptKeys>) -> anyhow::Result<(Self, JoinHandle<()>)> {
        let (door, queue) = mpsc::channel(QUEUE);
        let db = Db::connect(url, CONNECTIONS)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new()
            .name("intake".into())
            .spawn(move || LocalSet::new().block_on(&runtime, attend(queue, Hall { db, keys })))?;
        Ok((Self { door }, thread))
    }

    /// Hands a submission in and waits for its answer; the work goes on if the caller stops waiting.
    ///
    /// # Errors
    /// What the submission is refused for; `unavailable` when the outcome could not be reached: the same request
    /// with the same key tells.
    pub async fn submit(&self, submission: Submission) -> Answer {
        let (answer, told) = oneshot::channel();
        let gone = || Problem::unavailable(anyhow::anyhow!("the intake has stopped"));
        self.door.send(Waiting { submission, answer }).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

#[derive(Clone)]
struct Hall {
    db: Db,
    keys: Arc<ReceiptKeys>,
}

/// Submissions that wait, by tender; a tender is in it while a task serves it.
type Lanes = Rc<RefCell<HashMap<TenderId, VecDeque<Waiting>>>>;

/// Lets each tender's lane be served by one task at a time.
async fn attend(mut queue: mpsc::Receiver<Waiting>, hall: Hall) {
    let lanes = Lanes::default();
    let mut tasks = tokio::task::JoinSet::new();
    while let Some(waiting) = queue.recv().await {
        let tender = waiting.submission.tender;
        let idle = !lanes.borrow().contains_key(&tender);
        lanes.borrow_mut().entry(tender).or_default().push_back(waiting);
        if idle {
            tasks.spawn_local(serve_lane(Rc::clone(&lanes), tender, hall.clone()));
        }
        // Ended tasks are let go of as others start.
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
}

async fn serve_lane(lanes: Lanes, tender: TenderId, hall: Hall) {
    loop {
        // Whatever has arrived meanwhile joins this transaction.
        tokio::task::yield_now().await;
        let batch = {
            let mut lanes = lanes.borrow_mut();
            let batch = lanes.get_mut(&tender).map(next_batch).unwrap_or_default();
            if batch.is_empty() {
                lanes.remove(&tender);
                return;
            }
            batch
        };
        serve(&hall, tender, batch).await;
    }
}

/// Takes from the front what can share a transaction: of one bidder, and under one key, only one at a time.
fn next_batch(lane: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let (mut batch, mut later) = (Vec::new(), VecDeque::new());
    let (mut bidders, mut keys, mut bytes) = (HashSet::new(), HashSet::new(), 0usize);
    while let Some(waiting) = lane.pop_front() {
        let one = &waiting.submission;
        let size = bytes.saturating_add(one.ciphertext.len());
        let full = batch.len() >= BATCH_ROWS || (!batch.is_empty() && size > BATCH_BYTES);
        if full {
            later.push_back(waiting);
            break;
        }
        let key = (one.account, one.key.clone());
        // The order of one bidder's submissions is kept: both sets know what was put off.
        if bidders.insert(one.bidder) & keys.insert(key) {
            bytes = size;
            batch.push(waiting);
        } else {
            later.push_back(waiting);
        }
    }
    later.append(lane);
    *lane = later;
    batch
}

async fn serve(hall: &Hall, tender: TenderId, batch: Vec<Waiting>) {
    let (submissions, callers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|waiting| (waiting.submission, waiting.answer)).unzip();
    let mut done = commit(hall, tender, &submissions).await;
    if matches!(&done, Err(problem) if problem.code() == Code::Unavailable) {
        // A commit whose outcome is unknown is asked for again: kept answers tell what it left.
        done = commit(hall, tender, &submissions).await;
    }
    match done {
        Ok(answers) => {
            for (caller, answer) in callers.into_iter().zip(answers) {
                // A caller that has gone finds its answer under its key.
                drop(caller.send(answer));
            }
        }
        Err(problem) => {
            let cause = match &problem {
                Problem::Fault(fault) => format!("{:#}", fault.cause),
                other => other.code().name().to_owned(),
            };
            for caller in callers {
                let cause = anyhow::anyhow!("the intake's transaction failed: {cause}");
                drop(caller.send(Err(Problem::unavailable(cause))));
            }
        }
    }
}

async fn commit(hall: &Hall, tender: TenderId, submissions: &[Submission]) -> Result<Vec<Answer>, Problem> {
    hall.db
        .transaction(UNIT, RequestId::random(), async |tx| take_in(tx, &hall.keys, tender, submissions).await)
        .await
}

/// A submission with its place in the batch.
#[derive(Clone, Copy)]
struct Place<'a> {
    at: usize,
    submission: &'a Submission,
}

type Answers = BTreeMap<usize, Answer>;

/// Decides a batch behind the lock. The answers are in the order of the submissions.
async fn take_in(
    tx: &mut Tx<'_>,
    keys: &ReceiptKeys,
    tender: TenderId,
    submissions: &[Submission],
) -> Result<Vec<Answer>, Problem> {
    let mut answers = Answers::new();
    let Some(held) = gatehouse::hold(tx, tender).await? else {
        return Ok(submissions.iter().map(|_| Err(Rejection::not_found().into())).collect());
    };
    let open = recall(tx, submissions, &mut answers).await?;
    let now = gatehouse::clock(tx, held.last_at).await?;
    let open = known_signers(tx, now, open, &mut answers).await?;
    if !open.is_empty() {
        match rules::gate(held.phase, held.deadline, now) {
            Gate::Open => accept(tx, keys, &held, now, open, &mut answers).await?,
            Gate::Late => {
                refuse_late(tx, keys, tender, now, &open, &mut answers).await?;
                gatehouse::advance(tx, tender, now, held.bid_n).await?;
            }
            Gate::Shut(phase) => {
                answers.extend(open.iter().map(|place| (place.at, Err(rules::shut(phase).into()))));
            }
        }
    }
    submissions
        .iter()
        .enumerate()
        .map(|(at, _)| {
            answers
                .remove(&at)
                .ok_or_else(|| Problem::internal(anyhow::anyhow!("a submission has no answer")))
        })
        .collect()
}

fn asked(submission: &Submission) -> once::Asked<'_> {
    once::Asked { account: submission.account.0, key: &submission.key, fingerprint: &submission.fingerprint }
}

/// Answers what was answered before, and gives back the rest.
async fn recall<'a>(
    tx: &mut Tx<'_>,
    submissions: &'a [Submission],
    answers: &mut Answers,
) -> Result<Vec<Place<'a>>, Problem> {
    let all: Vec<_> = submissions.iter().map(asked).collect();
    let known = once::recall_many(tx, &all).await?;
    let mut open = Vec::new();
    for ((at, submission), known) in submissions.iter().enumerate().zip(known) {
        match known {
            Ok(None) => open.push(Place { at, submission }),
            Ok(Some(reply)) => drop(answers.insert(at, told(reply))),
            Err(problem) => drop(answers.insert(at, Err(problem))),
        }
    }
    Ok(open)
}

/// Of a kept answer, the refusal of a late bid is kept by its receipt.
pub(super) fn told(reply: Reply) -> Answer {
    if reply.status != Code::BidLate.status() {
        return Ok(reply);
    }
    let kept: serde_json::Value = serde_json::from_str(&reply.body).map_err(Problem::internal)?;
    Err(rules::late(kept.get("receipt").and_then(|receipt| receipt.as_str()).unwrap_or_default()).into())
}

/// The reply by which the refusal of a late bid is kept.
pub(super) fn late_reply(receipt: &str) -> Result<Reply, Problem> {
    Ok(Reply { status: Code::BidLate.status(), ..Reply::ok(&json!({"receipt": receipt}))? })
}

async fn known_signers<'a>(
    tx: &mut Tx<'_>,
    now: DateTime<Utc>,
    open: Vec<Place<'a>>,
    answers: &mut Answers,
) -> Result<Vec<Place<'a>>, Problem> {
    let bidders: Vec<OrganisationId> = open.iter().map(|place| place.submission.bidder).collect();
    let enrolled = identity::signing_keys(tx.conn(), &bidders).await?;
    let enrolled: HashMap<[u8; 32], &SigningKey> = enrolled.iter().map(|key| (key.public_key, key)).collect();
    let mut known = Vec::new();
    for place in open {
        let key = enrolled.get(&place.submission.signer).copied();
        match rules::signer_stands(key, place.submission.bidder, now) {
            Ok(()) => known.push(place),
            Err(problem) => drop(answers.insert(place.at, Err(problem))),
        }
    }
    Ok(known)
}

/// A submission that may be taken in, with the bid it follows.
#[derive(Clone, Copy)]
struct Fit<'a> {
    place: Place<'a>,
    replaces: Option<BidId>,
}

async fn accept(
    tx: &mut Tx<'_>,
    keys: &ReceiptKeys,
    held: &Held,
    now: DateTime<Utc>,
    open: Vec<Place<'_>>,
    answers: &mut Answers,
) -> Result<(), Problem> {
    let bidders: Vec<OrganisationId> = open.iter().map(|place| place.submission.bidder).collect();
    let last = store::last_of(tx, held.tender, &bidders).await?;
    let last: HashMap<OrganisationId, LastBid> = last.into_iter().map(|bid| (bid.bidder, bid)).collect();
    let mut fits = Vec::new();
    for place in open {
        let last = last.get(&place.submission.bidder);
        match rules::follows(&place.submission.envelope, last) {
            Ok(()) => {
                let standing = last.filter(|bid| bid.state == BidState::Accepted);
                fits.push(Fit { place, replaces: standing.map(|bid| bid.id) });
            }
            Err(problem) => drop(answers.insert(place.at, Err(problem))),
        }
    }
    let taken = write_all(tx, keys, held, now, &fits, answers).await?;
    gatehouse::advance(tx, held.tender, now, held.bid_n + taken).await
}

/// Writes all as one set or, when one of them fails, each for itself; answers how many were taken in.
async fn write_all(
    tx: &mut Tx<'_>,
    keys: &ReceiptKeys,
    held: &Held,
    now: DateTime<Utc>,
    fits: &[Fit<'_>],
    answers: &mut Answers,
) -> Result<i64, Problem> {
    if fits.is_empty() {
        return Ok(0);
    }
    match tx.savepoint(async |tx| write(tx, keys, held, now, held.bid_n, fits).await).await {
        Ok(written) => {
            let taken = i64::try_from(written.len()).map_err(Problem::internal)?;
            answers.extend(written.into_iter().map(|(at, reply)| (at, Ok(reply))));
            return Ok(taken);
        }
        Err(problem) if problem.code() == Code::Unavailable => return Err(problem),
        // A refusal of one is found below; a fault of all is slow and must not stay unseen.
        Err(Problem::Fault(fault)) => tracing::warn!(cause = %fault.cause, "bids are not written as one set"),
        Err(_) => {}
    }
    let mut taken = 0;
    for fit in fits {
        let one = std::slice::from_ref(fit);
        match tx.savepoint(async |tx| write(tx, keys, held, now, held.bid_n + taken, one).await).await {
            Ok(written) => {
                answers.extend(written.into_iter().map(|(at, reply)| (at, Ok(reply))));
                taken += 1;
            }
            Err(problem) if problem.code() == Code::Unavailable => return Err(problem),
            Err(problem) => drop(answers.insert(fit.place.at, Err(problem))),
        }
    }
    Ok(taken)
}

/// Writes bids, ciphertexts, record, receipts and kept answers, and runs every deferred check.
async fn write(
    tx: &mut Tx<'_>,
    keys: &ReceiptKeys,
    held: &Held,
    now: DateTime<Utc>,
    bid_n: i64,
    fits: &[Fit<'_>],
) -> Result<Vec<(usize, Reply)>, Problem> {
    store::check_later(tx).await?;
    claim(tx, fits).await?;
    let rows: Vec<NewRow<'_>> = fits
        .iter()
        .zip(1..)
        .map(|(fit, n)| NewRow {
            id: BidId::random(),
            seq: bid_n + n,
            submission: fit.place.submission,
            replaces: fit.replaces,
        })
        .collect();
    store::insert(tx, held.tender, now, &rows).await?;
    let entries = rows.iter().map(|row| (row.submission.actor.clone(), entry_of(row))).collect();
    let leaves = ledger::record_batch(tx, now, entries).await?;
    let mut notes = Vec::with_capacity(rows.len());
    for (row, leaf) in rows.iter().zip(leaves) {
        notes.push(note(keys, Verdict::Accepted, Some(row.id), row.submission, now, leaf)?);
    }
    let receipts: Vec<_> = rows
        .iter()
        .zip(&notes)
        .map(|(row, text)| NewReceipt { bid: Some(row.id), bidder: row.submission.bidder, text })
        .collect();
    store::insert_receipts(tx, held.tender, now, Verdict::Accepted, &receipts).await?;
    let mut replies = Vec::with_capacity(rows.len());
    for ((fit, row), receipt) in fits.iter().zip(&rows).zip(notes) {
        replies.push((fit.place.at, accepted(row, held, now, receipt)?));
    }
    let kept: Vec<_> =
        rows.iter().zip(&replies).map(|(row, (_, reply))| (asked(row.submission), reply)).collect();
    once::keep_many(tx, &kept).await?;
    store::check_now(tx).await?;
    Ok(replies)
}

/// SOD-1: the accounts take the bidders' side in the project, or whoever has another is refused.
async fn claim(tx: &mut Tx<'_>, fits: &[Fit<'_>]) -> Result<(), Problem> {
    let Some(project) = fits.first().map(|fit| fit.place.submission.project) else { return Ok(()) };
    if let [only] = fits {
        return identity::claim_side(tx, project, only.place.submission.account, Side::Bidder).await;
    }
    let accounts: Vec<AccountId> = fits.iter().map(|fit| fit.place.submission.account).collect();
    if identity::claim_sides(tx, project, &accounts, Side::Bidder).await? {
        return Ok(());
    }
    // One of them has another side perhaps: each is asked for itself then.
    Err(identity::one_side_only().into())
}

fn entry_of(row: &NewRow<'_>) -> Entry {
    let one = row.submission;
    let mut entry = Entry::new("bid.accepted")
        .project(one.project)
        .tender(one.tender)
        .of_bid()
        .asked_by(one.request)
        .row("bids", row.id.0)
        .facts(facts_of(one));
    if let Some(replaced) = row.replaces {
        entry = entry.row("bids", replaced.0);
    }
    entry
}

fn facts_of(one: &Submission) -> serde_json::Value {
    json!({
        "revision": one.envelope.revision,
        "envelope": TaggedDigest::from(one.digest),
        "payload": TaggedDigest::from(one.envelope.payload.sha256),
        "signer": one.envelope.sig.key,
    })
}

fn note(
    keys: &ReceiptKeys,
    verdict: Verdict,
    bid: Option<BidId>,
    one: &Submission,
    now: DateTime<Utc>,
    leaf: [u8; 32],
) -> Result<String, Problem> {
    let signer = keys.signer(&one.centre)?;
    receipts::write(&signer, &one.centre, verdict, bid, (&one.envelope, one.digest), now, leaf)
}

fn accepted(row: &NewRow<'_>, held: &Held, now: DateTime<Utc>, receipt: String) -> Result<Reply, Problem> {
    let answer = BidAccepted {
        bid_id: row.id,
        revision: row.submission.envelope.revision,
        accepted_at: now,
        receipt,
        allowed_actions: rules::allowed_actions(BidState::Accepted, Gate::Open, held.deadline),
    };
    Reply::created(format!("/api/v1/bids/{}", row.id), &answer)
}

/// Records late submissions and gives each its signed refusal, which a retry gets again.
async fn refuse_late(
    tx: &mut Tx<'_>,
    keys: &ReceiptKeys,
    tender: TenderId,
    now: DateTime<Utc>,
    open: &[Place<'_>],
    answers: &mut Answers,
) -> Result<(), Problem> {
    let entry = |one: &Submission| {
        let entry = Entry::new("bid.refusedLate").project(one.project).tender(one.tender).of_bid();
        entry.asked_by(one.request).facts(facts_of(one))
    };
    let entries =
        open.iter().map(|place| (place.submission.actor.clone(), entry(place.submission))).collect();
    let leaves = ledger::record_batch(tx, now, entries).await?;
    let mut notes = Vec::with_capacity(open.len());
    for (place, leaf) in open.iter().zip(leaves) {
        notes.push(note(keys, Verdict::RefusedLate, None, place.submission, now, leaf)?);
    }
    let receipts: Vec<_> = open
        .iter()
        .zip(&notes)
        .map(|(place, text)| NewReceipt { bid: None, bidder: place.submission.bidder, text })
        .collect();
    store::insert_receipts(tx, tender, now, Verdict::RefusedLate, &receipts).await?;
    let replies = notes.iter().map(|receipt| late_reply(receipt)).collect::<Result<Vec<_>, _>>()?;
    let kept: Vec<_> =
        open.iter().zip(&replies).map(|(place, reply)| (asked(place.submission), reply)).collect();
    once::keep_many(tx, &kept).await?;
    answers.extend(open.iter().zip(replies).map(|(place, reply)| (place.at, told(reply))));
    Ok(())
}
