//! Use cases of a bid, and what the opening needs of it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;

use crate::{
    bids::{
        intake::{Submission, late_reply},
        model::{Bid, BidLine, BidState, BidView, BidWithdrawn, Ciphertext, NewBid, Outside, StandingBid},
        receipts::{self, ReceiptKeys},
        rules::{self, Gate},
        store::{self, About, Contents, NewReceipt},
        uploads,
    },
    holders::{self, Policies},
    identity::{self, Action, Object, Parties, Phase, authorize},
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        id::{BidId, OrganisationId, ProjectId, RequestId, TenderId},
    },
    ledger::{self, Entry, Log},
    platform::{
        db::{Db, Tx, read_hall_now},
        http::{Cursor, Reply},
        jobs::{self, Job},
    },
    projects,
    seal::{
        CheckedPolicy, Envelope, Flaw, IdText, Receipt, SealError, TaggedDigest, Verdict, Withdrawal,
        envelope::Checked, policy::INLINE_LIMIT, wire::read_base64, withdrawal::Standing,
    },
    tenders::{self, Part, TenderPhase, intake as gatehouse, model::Close},
};

/// Why a bid is revoked that its bidder did not open.
pub const NOT_OPENED: &str =
    "因投标人原因未能解密，视为撤销投标文件 / not decrypted by the bidder's own fault: taken as revoked";
/// Why a bid ends that others did not open.
pub const NOT_OPENED_BY_OTHERS: &str =
    "因投标人之外的原因未能解密，视为撤回投标文件 / not decrypted by the fault of others: taken as withdrawn";
/// What becomes of a bid of which a part was missing at the deadline.
pub const INCOMPLETE: &str = "投标截止时间前未完成全部投标文件的传输，视为撤回投标文件（电子招标投标办法第二十七条） / \
                              not sent complete by the deadline: taken as withdrawn (O20 27)";
/// Rows named by one entry of the record.
const ROWS_OF_ENTRY: usize = 256;
/// Published tenders kept in memory at most.
const KEPT: usize = 4096;

/// What a submission needs to know of a published tender. Parties and centre are frozen by its notice; a policy may
/// follow another, and which is in force is asked behind the lock of the intake.
#[derive(Debug)]
pub struct Lot {
    /// The tender.
    pub tender: TenderId,
    /// Its project.
    pub project: ProjectId,
    /// Its centre.
    pub centre: String,
    /// How the parties stand.
    pub parties: Parties,
    /// The seal policies known so far.
    pub policies: Policies,
}

impl Lot {
    /// The policy that bids are sealed for, as far as is known.
    pub fn policy(&self) -> &CheckedPolicy {
        &self.policies.current().policy
    }

    /// The policy that an envelope is checked against.
    fn policy_for(&self, envelope: &Envelope) -> &CheckedPolicy {
        &self.policies.judging(envelope.policy_digest).policy
    }

    /// Whether another policy may have come since: a policy of the bidder alone names nobody who could lose a key.
    fn may_be_behind(&self) -> bool {
        !self.policy().policy().members.is_empty()
    }
}

/// Published tenders as submissions need them, kept in memory.
#[derive(Debug, Default)]
pub struct Lots(RwLock<HashMap<TenderId, Arc<Lot>>>);

impl Lots {
    /// The lot of a published tender.
    ///
    /// # Errors
    /// 404 before publication; when the database is away.
    pub async fn get(&self, db: &Db, tender: TenderId) -> Result<Arc<Lot>, Problem> {
        if let Some(lot) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&tender) {
            return Ok(Arc::clone(lot));
        }
        self.anew(db, tender).await
    }

    /// The lot as it is now, of a tender whose policy may have been followed by another.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn fresh(&self, db: &Db, tender: TenderId) -> Result<Arc<Lot>, Problem> {
        let lot = self.get(db, tender).await?;
        if lot.may_be_behind() { self.anew(db, tender).await } else { Ok(lot) }
    }

    /// The lot for an envelope: as it is kept in memory, unless the envelope names a policy that is not known here.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn for_envelope(
        &self,
        db: &Db,
        tender: TenderId,
        envelope: &Envelope,
    ) -> Result<Arc<Lot>, Problem> {
        let lot = self.get(db, tender).await?;
        if lot.policies.named(envelope.policy_digest).is_some() {
            return Ok(lot);
        }
        self.fresh(db, tender).await
    }

    async fn anew(&self, db: &Db, tender: TenderId) -> Result<Arc<Lot>, Problem> {
        let mut conn = db.read().await?;
        let lot = Arc::new(load_lot(&mut conn, tender).await?);
        let mut lots = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if lots.len() >= KEPT {
            lots.clear();
        }
        lots.insert(tender, Arc::clone(&lot));
        Ok(lot)
    }
}

async fn load_lot(conn: &mut AsyncPgConnection, id: TenderId) -> Result<Lot, Problem> {
    let tender = tenders::load(conn, id).await?;
    if tender.published_at.is_none() {
        return Err(Rejection::not_found().into());
    }
    let project = projects::load(conn, tender.project).await?;
    Ok(Lot {
        tender: id,
        project: project.id,
        centre: tender.centre_code,
        parties: project.parties(),
        policies: holders::policies_of(conn, id).await?,
    })
}

fn word(text: impl std::fmt::Display) -> Result<IdText, Problem> {
    text.to_string().parse().map_err(|why: &str| Problem::internal(anyhow::anyhow!(why)))
}

/// Who hands a request in, and under which key.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who acts.
    pub actor: Actor,
    /// The request.
    pub id: RequestId,
    /// Its `Idempotency-Key`.
    pub key: String,
    /// Its fingerprint.
    pub fingerprint: [u8; 32],
}

/// Checks everything about a submission that needs no lock: rights, place, payload and signature.
///
/// # Errors
/// 401, 403; 404 for another's upload; 409 for one that is not whole; 413 for a ciphertext in it over 1 MiB; 422 naming
/// the member of the envelope that does not fit.
pub async fn prepare(db: &Db, lot: &Lot, request: Request, new: NewBid) -> Result<Submission, Problem> {
    // Whether the deadline has passed is the lock's to say: a late bid gets its signed refusal there.
    authorize(&request.actor, Action::BidSubmit, &Object::of(&lot.parties, Phase::Published))?;
    let account = request.actor.account().ok_or_else(Rejection::unauthenticated)?;
    let (account, bidder) = (account.account, account.organisation);
    let envelope = new.envelope;
    let (ciphertext, checked) = match (new.ciphertext, new.upload) {
        (Some(text), None) => check_inline(&envelope, &text, lot, bidder)?,
        (None, Some(id)) => {
            let upload = uploads::service::offered(db, bidder, lot.tender, id).await?;
            let kept = upload.payload().ok_or_else(Rejection::not_found)?;
            let policy = lot.policy_for(&envelope);
            let checked = envelope.check_uploaded(kept, policy, &word(bidder)?).map_err(of_envelope)?;
            (Ciphertext::Uploaded(id), checked)
        }
        _ => return Err(one_of_two().into()),
    };
    Ok(Submission {
        account,
        bidder,
        request: request.id,
        key: request.key,
        fingerprint: request.fingerprint,
        actor: request.actor,
        tender: lot.tender,
        project: lot.project,
        centre: lot.centre.clone(),
        envelope,
        digest: checked.digest,
        signer: checked.signer.to_bytes(),
        ciphertext,
    })
}

fn of_envelope(error: SealError) -> Problem {
    rules::flawed(&error, "/envelope")
}

fn one_of_two() -> Rejection {
    let detail =
        Say::new("ciphertext 与 upload 须有且仅有其一。", "Exactly one of ciphertext and upload is needed.");
    Rejection::at("/ciphertext", "required", detail)
}

/// A ciphertext that came with its submission.
fn check_inline(
    envelope: &Envelope,
    text: &str,
    lot: &Lot,
    bidder: OrganisationId,
) -> Result<(Ciphertext, Checked), Problem> {
    let limit = usize::try_from(INLINE_LIMIT).map_err(Problem::internal)?;
    if text.len() > limit.div_ceil(3) * 4 {
        return Err(of_envelope(Flaw::PayloadTooLarge.into()));
    }
    let bytes = read_base64(text).ok_or_else(|| {
        let detail = Say::new("ciphertext 须为标准 Base64。", "ciphertext must be standard base64.");
        Rejection::at("/ciphertext", "base64", detail)
    })?;
    if bytes.len() > limit {
        return Err(of_envelope(Flaw::PayloadTooLarge.into()));
    }
    let checked = envelope.check(&bytes, lot.policy_for(envelope), &word(bidder)?).map_err(of_envelope)?;
    Ok((Ciphertext::Inline(bytes), checked))
}

/// The caller's own bid with its tender; another's does not exist for the caller.
async fn own(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    action: Action,
    id: BidId,
) -> Result<(Bid, tenders::Tender), Problem> {
    let bid = store::find(conn, id).await?.ok_or_else(Rejection::not_found)?;
    let tender = tenders::load(conn, bid.tender).await?;
    let project = projects::load(conn, tender.project).await?;
    let mine = actor.organisation() == Some(bid.bidder);
    let parties = project.parties();
    let phase = tender.authority();
    authorize(actor, action, &Object::of(&parties, phase).own(mine))?;
    if mine { Ok((bid, tender)) } else { Err(Rejection::not_found().into()) }
}

/// 撤回: ends the caller's standing bid by its signed note, before the deadline and behind the intake's lock.
///
/// A late one is answered by the reply that [`super::intake`] keeps late refusals by.
///
/// # Errors
/// 404 for another's bid; 409 when the bid does not stand any more; 422 naming the member that does not fit.
pub async fn withdraw(
    tx: &mut Tx<'_>,
    actor: &Actor,
    keys: &ReceiptKeys,
    id: BidId,
    note: &Withdrawal,
) -> Result<Reply, Problem> {
    let (bid, tender) = own(tx.conn(), actor, Action::BidWithdraw, id).await?;
    let held = gatehouse::hold(tx, bid.tender).await?.ok_or_else(Rejection::not_found)?;
    let now = gatehouse::clock(tx.shared(), held.last_at).await?;
    // Read again behind the lock: a revision may have come in while we waited.
    let bid = store::find(tx.conn(), bid.id).await?.ok_or_else(Rejection::not_found)?;
    let signer = note.check(&standing_of(&bid)?).map_err(|error| rules::flawed(&error, ""))?;
    let key = identity::signing_key(tx.conn(), bid.bidder, signer.as_bytes(), now).await?;
    rules::signer_stands(key.as_ref(), bid.bidder, now)?;
    let verdict = match rules::gate(held.phase, held.deadline, now) {
        Gate::Open => Verdict::Withdrawn,
        Gate::Late => Verdict::RefusedLate,
        Gate::Shut(phase) => return Err(rules::shut(phase).into()),
    };
    if verdict == Verdict::Withdrawn {
        stands(&bid)?;
        store::set_withdrawn(tx, bid.id, now, serde_json::to_value(note).map_err(Problem::internal)?).await?;
    }
    let act = if verdict == Verdict::Withdrawn { "bid.withdrawn" } else { "bid.withdrawalRefusedLate" };
    let mut entry = Entry::new(act).project(tender.project).tender(tender.id).of_bid();
    entry = entry.facts(json!({"note": note.digest().map_err(Problem::internal)?, "bid": bid.id}));
    if verdict == Verdict::Withdrawn {
        entry = entry.row("bids", bid.id.0);
    }
    let leaf = ledger::record(tx, actor, now, entry).await?;
    let signer = keys.signer(&tender.centre_code)?;
    let envelope = (&bid.envelope, bid.digest);
    let receipt = receipts::write(&signer, verdict, Some(bid.id), envelope, now, leaf)?;
    let kept = NewReceipt { about: About::Bid(bid.id), text: &receipt };
    store::insert_receipts(tx.shared(), bid.tender, now, verdict, &[kept]).await?;
    gatehouse::advance(tx.shared(), bid.tender, now, held.bid_n).await?;
    if verdict == Verdict::RefusedLate {
        return late_reply(&receipt);
    }
    Reply::ok(&BidWithdrawn {
        bid_id: bid.id,
        state: BidState::Withdrawn,
        withdrawn_at: now,
        receipt,
        allowed_actions: rules::allowed_actions(BidState::Withdrawn, Gate::Open, held.deadline, &[]),
    })
}

fn standing_of(bid: &Bid) -> Result<Standing, Problem> {
    Ok(Standing {
        tender: bid.envelope.tender.clone(),
        lot: bid.envelope.lot.clone(),
        bidder: bid.envelope.bidder.clone(),
        bid: word(bid.id)?,
        revision: bid.envelope.revision,
        envelope: bid.digest,
    })
}

fn stands(bid: &Bid) -> Result<(), Refusal> {
    if bid.state == BidState::Accepted {
        return Ok(());
    }
    let detail = Say::new("该版投标已不在有效状态。", "This revision does not stand any more.");
    Err(Refusal::new(Code::WrongState, detail).with("state", json!(bid.state)))
}

/// The caller's own bid.
///
/// # Errors
/// 404 when it is absent or another's.
pub async fn read(conn: &mut AsyncPgConnection, actor: &Actor, id: BidId) -> Result<BidView, Problem> {
    let (bid, tender) = own(conn, actor, Action::BidReadOwn, id).await?;
    let now = read_hall_now(conn).await?;
    let gate = rules::gate(tender.phase, tender.deadline, now);
    let missing = missing_parts(conn, &tender, bid.bidder).await?;
    Ok(BidView {
        id: bid.id,
        tender_id: bid.tender,
        lot: bid.envelope.lot.to_string(),
        part: bid.envelope.part.to_string(),
        revision: bid.envelope.revision,
        state: bid.state,
        accepted_at: bid.accepted_at,
        ended_at: bid.ended_at,
        envelope_digest: TaggedDigest::from(bid.digest),
        allowed_actions: rules::allowed_actions(bid.state, gate, tender.deadline, &missing),
        missing_parts: missing,
        envelope: bid.envelope,
    })
}

/// Parts of a bidder's bid that are not in.
async fn missing_parts(
    conn: &mut AsyncPgConnection,
    tender: &tenders::Tender,
    bidder: OrganisationId,
) -> Result<Vec<Part>, Problem> {
    let stages = tender.document.stages();
    if !stages.divides() {
        return Ok(Vec::new());
    }
    Ok(stages.missing(&store::parts_of(conn, tender.id, bidder).await?))
}

/// The caller's own bids, newest first.
///
/// # Errors
/// 401 for the public; when the database is away.
pub async fn list(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    tender: Option<TenderId>,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<BidLine>, Problem> {
    let bidder: OrganisationId = actor.organisation().ok_or_else(Rejection::unauthenticated)?;
    let mut lines = store::list(conn, bidder, tender, cursor, limit).await?;
    let mut missing: HashMap<TenderId, Vec<Part>> = HashMap::new();
    for line in &mut lines {
        // What is not divided misses nothing.
        if line.part == Part::Whole.as_ref() {
            continue;
        }
        if !missing.contains_key(&line.tender_id) {
            let tender = tenders::load(conn, line.tender_id).await?;
            missing.insert(tender.id, missing_parts(conn, &tender, bidder).await?);
        }
        line.missing_parts = missing.get(&line.tender_id).cloned().unwrap_or_default();
    }
    Ok(lines)
}

/// The last receipt given for the caller's own bid.
///
/// # Errors
/// 404 when the bid is absent or another's.
pub async fn receipt(conn: &mut AsyncPgConnection, actor: &Actor, id: BidId) -> Result<String, Problem> {
    let (bid, _) = own(conn, actor, Action::ReceiptRead, id).await?;
    store::last_receipt(conn, bid.id).await?.ok_or_else(|| Rejection::not_found().into())
}

/// The proof that the entry promised by [`receipt`] stands in the log.
///
/// # Errors
/// 404 when the bid is absent or another's; 409 while the entry waits for its place.
pub async fn receipt_proof(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    log: &Log,
    id: BidId,
) -> Result<String, Problem> {
    let note = receipt(conn, actor, id).await?;
    let (text, _) = note.split_once("\n\n").unwrap_or_default();
    let leaf = Receipt::parse(&format!("{text}\n")).map_err(Problem::internal)?.leaf;
    let proof = ledger::http::promised(conn, log, leaf.0).await?;
    let detail =
        Say::new("该条目将在一分钟内写入日志。", "The entry gets its place in the log within a minute.");
    Ok(proof.ok_or_else(|| Refusal::new(Code::TooEarly, detail))?.text())
}

/// Entry of the record: the lot is closed, with the count and the root of what stood.
pub const CLOSED_ACT: &str = "tender.closed";
/// Event for the rooms above: the lot is closed. Due at the deadline.
pub const CLOSED_EVENT: &str = "tender.closed";

/// Handler of the job [`tenders::service::CLOSE_JOB`]: the barrier that ends the intake.
///
/// Waits for every submission under way, reads the clock after the wait, and writes what stands. Its entry tells of
/// bids and so stays closed until the opening begins.
///
/// # Errors
/// When the database is away, or the deadline was moved while the job waited.
pub async fn close(tx: &mut Tx<'_>, job: &Job) -> Result<(), Problem> {
    let id = job.payload.get("tender").and_then(|id| id.as_str()).and_then(|id| id.parse::<TenderId>().ok());
    let id = id.ok_or_else(|| Problem::internal(anyhow::anyhow!("job {} names no tender", job.key)))?;
    let mut tender = tenders::lock(tx, id).await?;
    if tender.phase != TenderPhase::Published {
        return Ok(());
    }
    let last_at = gatehouse::bar(tx, id).await?;
    let now = gatehouse::clock(tx.shared(), last_at).await?;
    if now < tender.deadline {
        return Err(Problem::unavailable(anyhow::anyhow!("the deadline was moved while the close waited")));
    }
    let standing = store::at_close(tx, id).await?;
    let sorted = rules::sort_out(&standing, &tender.document.stages());
    let digests: Vec<[u8; 32]> = standing.iter().map(|one| one.digest).collect();
    let close = Close {
        at: now,
        bid_count: i32::try_from(sorted.bids).map_err(Problem::internal)?,
        bid_root: rules::merkle_root(&digests),
    };
    // Who releases a share has the log say it first (`tenderhall release --keys`).
    let facts = json!({"count": close.bid_count, "root": hex::encode(close.bid_root)});
    tender.close = Some(close);
    tenders::advance(tx, &mut tender, TenderPhase::Closed).await?;
    store::set_incomplete(tx, &sorted.incomplete, now).await?;
    for rows in sorted.incomplete.chunks(ROWS_OF_ENTRY) {
        let entry = Entry::new("bid.incomplete").project(tender.project).tender(id).of_bid();
        let entry = rows.iter().fold(entry, |entry, bid| entry.row("bids", bid.0));
        ledger::record(tx, &Actor::Hall(tenders::service::CLOSE_JOB), now, entry).await?;
    }
    let entry = Entry::new(CLOSED_ACT).project(tender.project).tender(id).row("tenders", id.0).of_bid();
    ledger::record(tx, &Actor::Hall(tenders::service::CLOSE_JOB), now, entry.facts(facts)).await?;
    // The rooms above begin at the deadline itself, whenever the close got its turn.
    jobs::schedule(
        tx,
        CLOSED_EVENT,
        &format!("closed {id}"),
        tender.deadline,
        serde_json::json!({"tender": id}),
    )
    .await
}

/// Every envelope that stood at the close, in order of acceptance: those of bids that were not complete among them.
///
/// # Errors
/// When the database is away.
pub async fn stood(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<StandingBid>, Problem> {
    store::stood(conn, tender).await
}

/// The parts of bids that were complete at the close, in order of acceptance; one revoked since is among them and says
/// so.
///
/// # Errors
/// When the database is away.
pub async fn standing_bids(
    conn: &mut AsyncPgConnection,
    tender: TenderId,
) -> Result<Vec<StandingBid>, Problem> {
    let mut bids = store::stood(conn, tender).await?;
    bids.retain(|bid| bid.state != BidState::Incomplete);
    Ok(bids)
}

/// [`standing_bids`] without their envelopes, which [`envelopes`] gives for as many as are wanted at a time.
///
/// # Errors
/// When the database is away.
pub async fn outsides(conn: &mut AsyncPgConnection, tender: TenderId) -> Result<Vec<Outside>, Problem> {
    store::outsides(conn, tender).await
}

/// The envelopes of some bids.
///
/// # Errors
/// When the database is away.
pub async fn envelopes(conn: &AsyncPgConnection, ids: &[BidId]) -> Result<HashMap<BidId, Envelope>, Problem> {
    store::envelopes(conn, ids).await
}

/// A bid's ciphertext; still sealed. None where it was uploaded: [`uploads::pour`] gives it then.
///
/// # Errors
/// When the database is away.
pub async fn ciphertext(conn: &mut AsyncPgConnection, bid: BidId) -> Result<Option<Vec<u8>>, Problem> {
    store::ciphertext(conn, bid).await
}

/// [`ciphertext`] of many bids in one turn; those that were uploaded are left out.
///
/// # Errors
/// When the database is away.
pub async fn ciphertexts(
    conn: &AsyncPgConnection,
    ids: &[BidId],
) -> Result<HashMap<BidId, Vec<u8>>, Problem> {
    store::ciphertexts(conn, ids).await
}

/// One bid that stood at the close; none for one that was superseded, withdrawn or incomplete.
///
/// # Errors
/// When the database is away.
pub async fn standing_bid(conn: &mut AsyncPgConnection, id: BidId) -> Result<Option<StandingBid>, Problem> {
    let bid = store::find(conn, id).await?;
    Ok(bid.filter(|bid| matches!(bid.state, BidState::Accepted | BidState::Revoked)))
}

/// 撤销, 视为撤回: ends bids that stood at the close and could not be opened (电子招标投标办法 31), and keeps why. Answers the
/// contents of their rows, which the caller names in its entry.
///
/// # Errors
/// When one of them does not stand, or its tender is not closed.
pub async fn revoke(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    bids: &[BidId],
    why: &str,
) -> Result<Contents, Problem> {
    if bids.is_empty() {
        return Ok(Contents::new());
    }
    let ended = store::set_revoked(conn, bids, now, why).await?;
    if ended.len() == bids.len() {
        return Ok(ended);
    }
    Err(Problem::internal(anyhow::anyhow!(
        "{} bids were to be revoked, {} stood after a close",
        bids.len(),
        ended.len()
    )))
}
