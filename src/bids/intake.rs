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
use diesel_async::AsyncPgConnection;
use futures_util::try_join;
use serde_json::json;
use tokio::{
    sync::{mpsc, oneshot},
    task::LocalSet,
};

use crate::{
    bids::{
        model::{BidAccepted, BidState, Ciphertext, LastBid},
        receipts::{self, ReceiptKeys},
        rules::{self, Gate},
        store::{self, About, Contents, NewReceipt, NewRow},
        uploads,
    },
    identity::{self, Side, SigningKey},
    kernel::{
        Actor, Code, Problem, Rejection,
        id::{AccountId, BidId, OrganisationId, ProjectId, RequestId, TenderId},
    },
    ledger::{self, Entry},
    platform::{
        db::{Db, Tx, check, mark},
        http::{Reply, once},
    },
    seal::{Digest, Envelope, TaggedDigest, Verdict},
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
    /// The ciphertext, or where it is.
    pub ciphertext: Ciphertext,
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
        let db = Db::connect_by_key(url, CONNECTIONS)?;
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

/// Takes from the front what can share a transaction: of one bidder, of whatever part, and under one key, only one at a
/// time.
fn next_batch(lane: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let (mut batch, mut later) = (Vec::new(), VecDeque::new());
    let (mut bidders, mut keys, mut bytes) = (HashSet::new(), HashSet::new(), 0usize);
    while let Some(waiting) = lane.pop_front() {
        let one = &waiting.submission;
        let size = bytes.saturating_add(one.ciphertext.inline().map_or(0, <[u8]>::len));
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
    let Some(held) = gatehouse::hold(tx, tender).await? else {
        return Ok(submissions.iter().map(|_| Err(Rejection::not_found().into())).collect());
    };
    let known = look_up(tx.shared(), &held, submissions).await?;
    let mut answers = Answers::new();
    let open = recall(submissions, known.replies, &mut answers);
    let open = known_signers(known.now, known.signers, open, &mut answers);
    if !open.is_empty() {
        let Known { now, last, .. } = known;
        match rules::gate(held.phase, held.deadline, now) {
            Gate::Open => accept(tx, &Desk { keys, held: &held, now }, last, open, &mut answers).await?,
            Gate::Late => refuse_late(tx, &Desk { keys, held: &held, now }, &open, &mut answers).await?,
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

/// What is read behind the lock, in one go.
struct Known {
    now: DateTime<Utc>,
    /// Of each submission: whether it was answered before.
    replies: Vec<Result<Option<Reply>, Problem>>,
    signers: Vec<SigningKey>,
    last: Vec<LastBid>,
}

async fn look_up(
    conn: &AsyncPgConnection,
    held: &Held,
    submissions: &[Submission],
) -> Result<Known, Problem> {
    let all: Vec<_> = submissions.iter().map(asked).collect();
    let bidders: Vec<OrganisationId> = submissions.iter().map(|one| one.bidder).collect();
    let parts: Vec<&str> = submissions.iter().map(|one| one.envelope.part.as_str()).collect();
    let (replies, now, signers, last) = try_join!(
        once::recall_many(conn, &all),
        gatehouse::clock(conn, held.last_at),
        identity::signing_keys(conn, &bidders),
        store::last_of(conn, held.tender, &bidders, &parts),
    )?;
    Ok(Known { now, replies, signers, last })
}

/// Where and when a batch is taken in, and who signs for it.
struct Desk<'a> {
    keys: &'a ReceiptKeys,
    held: &'a Held,
    now: DateTime<Utc>,
}

fn asked(submission: &Submission) -> once::Asked<'_> {
    once::Asked { account: submission.account.0, key: &submission.key, fingerprint: &submission.fingerprint }
}

/// Answers what was answered before, and gives back the rest.
fn recall<'a>(
    submissions: &'a [Submission],
    replies: Vec<Result<Option<Reply>, Problem>>,
    answers: &mut Answers,
) -> Vec<Place<'a>> {
    let mut open = Vec::new();
    for ((at, submission), reply) in submissions.iter().enumerate().zip(replies) {
        match reply {
            Ok(None) => open.push(Place { at, submission }),
            Ok(Some(reply)) => drop(answers.insert(at, told(reply))),
            Err(problem) => drop(answers.insert(at, Err(problem))),
        }
    }
    open
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

fn known_signers<'a>(
    now: DateTime<Utc>,
    signers: Vec<SigningKey>,
    open: Vec<Place<'a>>,
    answers: &mut Answers,
) -> Vec<Place<'a>> {
    let enrolled: HashMap<[u8; 32], SigningKey> =
        signers.into_iter().map(|key| (key.public_key, key)).collect();
    let mut known = Vec::new();
    for place in open {
        let key = enrolled.get(&place.submission.signer);
        match rules::signer_stands(key, place.submission.bidder, now) {
            Ok(()) => known.push(place),
            Err(problem) => drop(answers.insert(place.at, Err(problem))),
        }
    }
    known
}

/// A submission that may be taken in, with the bid it follows.
#[derive(Clone, Copy)]
struct Fit<'a> {
    place: Place<'a>,
    replaces: Option<BidId>,
}

async fn accept(
    tx: &mut Tx<'_>,
    desk: &Desk<'_>,
    last: Vec<LastBid>,
    open: Vec<Place<'_>>,
    answers: &mut Answers,
) -> Result<(), Problem> {
    let last: HashMap<OrganisationId, LastBid> = last.into_iter().map(|bid| (bid.bidder, bid)).collect();
    let mut fits = Vec::new();
    for place in open {
        let last = last.get(&place.submission.bidder);
        let envelope = &place.submission.envelope;
        let fit = rules::for_policy_in_force(envelope, desk.held.seal_policy)
            .map_err(Problem::from)
            .and_then(|()| rules::follows(envelope, last));
        match fit {
            Ok(()) => {
                let standing = last.filter(|bid| bid.state == BidState::Accepted);
                fits.push(Fit { place, replaces: standing.map(|bid| bid.id) });
            }
            Err(problem) => drop(answers.insert(place.at, Err(problem))),
        }
    }
    if fits.is_empty() {
        return gatehouse::advance(tx.shared(), desk.held.tender, desk.now, desk.held.bid_n).await;
    }
    match write(tx, desk, desk.held.bid_n, &fits).await {
        Ok(written) => {
            answers.extend(written.into_iter().map(|(at, reply)| (at, Ok(reply))));
            Ok(())
        }
        Err(problem) if problem.code() == Code::Unavailable => Err(problem),
        Err(problem) => {
            if let Problem::Fault(fault) = &problem {
                // A refusal of one is found below; a fault of all is slow and must not stay unseen.
                tracing::warn!(cause = %fault.cause, "bids are not written as one set");
            }
            tx.undo().await?;
            write_each(tx, desk, &fits, answers).await
        }
    }
}

/// Writes each for itself, after they could not be written as one set.
async fn write_each(
    tx: &mut Tx<'_>,
    desk: &Desk<'_>,
    fits: &[Fit<'_>],
    answers: &mut Answers,
) -> Result<(), Problem> {
    let mut bid_n = desk.held.bid_n;
    for fit in fits {
        match write(tx, desk, bid_n, std::slice::from_ref(fit)).await {
            Ok(written) => {
                answers.extend(written.into_iter().map(|(at, reply)| (at, Ok(reply))));
                bid_n += 1;
            }
            Err(problem) if problem.code() == Code::Unavailable => return Err(problem),
            Err(problem) => {
                answers.insert(fit.place.at, Err(problem));
                tx.undo().await?;
            }
        }
        tx.unmark().await?;
    }
    gatehouse::advance(tx.shared(), desk.held.tender, desk.now, bid_n).await
}

/// Marks the place, writes bids, ciphertexts, record, receipts and kept answers, and runs every deferred check.
/// What fails is left for the caller to undo.
async fn write(
    tx: &mut Tx<'_>,
    desk: &Desk<'_>,
    bid_n: i64,
    fits: &[Fit<'_>],
) -> Result<Vec<(usize, Reply)>, Problem> {
    let Desk { held, now, .. } = *desk;
    let rows: Vec<NewRow<'_>> = fits
        .iter()
        .zip(bid_n + 1..)
        .map(|(fit, seq)| NewRow {
            id: BidId::random(),
            seq,
            submission: fit.place.submission,
            replaces: fit.replaces,
        })
        .collect();
    let conn = tx.shared();
    let replaced = rows.iter().filter_map(|row| row.replaces).collect();
    let ((), (), ended, mut contents) = try_join!(
        mark(conn),
        claim(conn, fits),
        store::supersede(conn, now, replaced),
        store::insert(conn, held.tender, now, &rows)
    )?;
    contents.extend(ended);
    let entries = rows.iter().map(|row| (row.submission.actor.clone(), entry_of(row, &contents))).collect();
    let sheet = ledger::Sheet::seal(tx.request, now, entries)?;
    let mut notes = Vec::with_capacity(rows.len());
    for (row, leaf) in rows.iter().zip(sheet.leaves()) {
        notes.push(desk.note(Verdict::Accepted, Some(row.id), row.submission, leaf)?);
    }
    let mut replies = Vec::with_capacity(rows.len());
    for ((fit, row), receipt) in fits.iter().zip(&rows).zip(&notes) {
        replies.push((fit.place.at, accepted(row, held, now, receipt)?));
    }
    let receipts: Vec<_> =
        rows.iter().zip(&notes).map(|(row, text)| NewReceipt { about: About::Bid(row.id), text }).collect();
    let kept: Vec<_> =
        rows.iter().zip(&replies).map(|(row, (_, reply))| (asked(row.submission), reply)).collect();
    let taken = i64::try_from(rows.len()).map_err(Problem::internal)?;
    let served = rows.iter().filter_map(|row| Some((row.submission.ciphertext.upload()?, row.id))).collect();
    try_join!(
        sheet.write(conn),
        store::insert_receipts(conn, held.tender, now, Verdict::Accepted, &receipts),
        once::keep_many(conn, &kept),
        gatehouse::advance(conn, held.tender, now, bid_n + taken),
        uploads::serve(conn, served),
        check(conn),
    )?;
    Ok(replies)
}

/// SOD-1: the accounts take the bidders' side in the project, or whoever has another is refused.
async fn claim(conn: &AsyncPgConnection, fits: &[Fit<'_>]) -> Result<(), Problem> {
    let Some(project) = fits.first().map(|fit| fit.place.submission.project) else { return Ok(()) };
    let accounts: Vec<AccountId> = fits.iter().map(|fit| fit.place.submission.account).collect();
    if identity::claim_sides(conn, project, &accounts, Side::Bidder).await? {
        return Ok(());
    }
    // One of several has another side perhaps: each is asked for itself then.
    Err(identity::one_side_only().into())
}

fn entry_of(row: &NewRow<'_>, contents: &Contents) -> Entry {
    let one = row.submission;
    let entry = Entry::new("bid.accepted").project(one.project).tender(one.tender).of_bid();
    let entry = entry.asked_by(one.request).facts(facts_of(one));
    let changed = [Some(row.id), row.replaces].into_iter().flatten();
    // A row whose content nobody told is refused when the entry is sealed.
    changed.fold(entry, |entry, id| match contents.get(&id) {
        Some(content) => entry.written("bids", id.0, content.clone()),
        None => entry.row("bids", id.0),
    })
}

fn facts_of(one: &Submission) -> serde_json::Value {
    json!({
        "part": one.envelope.part,
        "revision": one.envelope.revision,
        "envelope": TaggedDigest::from(one.digest),
        "payload": TaggedDigest::from(one.envelope.payload.sha256),
        "signer": one.envelope.sig.key,
    })
}

impl Desk<'_> {
    fn note(
        &self,
        verdict: Verdict,
        bid: Option<BidId>,
        one: &Submission,
        leaf: [u8; 32],
    ) -> Result<String, Problem> {
        let signer = self.keys.signer(&one.centre)?;
        receipts::write(&signer, verdict, bid, (&one.envelope, one.digest), self.now, leaf)
    }
}

fn accepted(row: &NewRow<'_>, held: &Held, now: DateTime<Utc>, receipt: &str) -> Result<Reply, Problem> {
    let answer = BidAccepted {
        bid_id: row.id,
        revision: row.submission.envelope.revision,
        accepted_at: now,
        receipt: receipt.to_owned(),
        allowed_actions: rules::allowed_actions(BidState::Accepted, Gate::Open, held.deadline, &[]),
    };
    Reply::created(format!("/api/v1/bids/{}", row.id), &answer)
}

/// Records late submissions and gives each its signed refusal, which a retry gets again.
async fn refuse_late(
    tx: &mut Tx<'_>,
    desk: &Desk<'_>,
    open: &[Place<'_>],
    answers: &mut Answers,
) -> Result<(), Problem> {
    let Desk { held, now, .. } = *desk;
    let entry = |one: &Submission| {
        let entry = Entry::new("bid.refusedLate").project(one.project).tender(one.tender).of_bid();
        entry.asked_by(one.request).facts(facts_of(one))
    };
    let entries =
        open.iter().map(|place| (place.submission.actor.clone(), entry(place.submission))).collect();
    let sheet = ledger::Sheet::seal(tx.request, now, entries)?;
    let mut notes = Vec::with_capacity(open.len());
    for (place, leaf) in open.iter().zip(sheet.leaves()) {
        notes.push(desk.note(Verdict::RefusedLate, None, place.submission, leaf)?);
    }
    let receipts: Vec<_> = open
        .iter()
        .zip(&notes)
        .map(|(place, text)| NewReceipt { about: About::Refused(place.submission.bidder), text })
        .collect();
    let replies = notes.iter().map(|receipt| late_reply(receipt)).collect::<Result<Vec<_>, _>>()?;
    let kept: Vec<_> =
        open.iter().zip(&replies).map(|(place, reply)| (asked(place.submission), reply)).collect();
    let conn = tx.shared();
    try_join!(
        sheet.write(conn),
        store::insert_receipts(conn, held.tender, now, Verdict::RefusedLate, &receipts),
        once::keep_many(conn, &kept),
        gatehouse::advance(conn, held.tender, now, held.bid_n),
    )?;
    answers.extend(open.iter().zip(replies).map(|(place, reply)| (place.at, told(reply))));
    Ok(())
}
