//! Use cases of an upload, and what submission and opening need of it.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use crate::{
    bids::{
        rules::gate,
        service::Lot,
        uploads::{
            model::{NewUpload, Progress, Upload, UploadView},
            rules, store,
        },
    },
    identity::{Action, Object, Phase, authorize},
    kernel::{
        Actor, Problem, Rejection,
        id::{BidId, OrganisationId, TenderId, UploadId},
    },
    ledger::{self, Entry},
    platform::{
        db::{Db, Tx, read_hall_now},
        http::{Page, Reply},
        jobs::{self, Job},
    },
    projects,
    seal::Digest,
    tenders,
};

/// Job that removes what serves no bid, some days after the deadline.
pub const CLEAR_JOB: &str = "bid.clearUploads";

/// Begins an upload before the deadline.
///
/// # Errors
/// 401, 403; 409 after the deadline or beyond the quota; 413 for more than the policy allows; 422.
pub async fn begin(tx: &mut Tx<'_>, actor: &Actor, lot: &Lot, asked: &NewUpload) -> Result<Reply, Problem> {
    authorize(actor, Action::BidSubmit, &Object::of(&lot.parties, Phase::Published))?;
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?;
    let part = rules::may_begin(lot.policy(), asked.size, asked.part.as_ref())?;
    let tender = tenders::load(tx.conn(), lot.tender).await?;
    let now = tx.hall_now().await?;
    rules::still_open(gate(tender.phase, tender.deadline, now))?;
    let upload = Upload {
        id: UploadId::random(),
        tender: lot.tender,
        bidder: account.organisation,
        part: part.to_string(),
        size: asked.size,
        begun_at: now,
        progress: Progress::Receiving,
    };
    if !store::insert(tx, &upload, account.account).await? {
        return Err(rules::too_many().into());
    }
    schedule_clearing(tx, lot.tender, tender.deadline).await?;
    let entry = entry_of("bid.uploadBegun", &upload);
    ledger::record(tx, actor, now, entry).await?;
    let missing = store::missing(tx.conn(), &upload).await?;
    Reply::created(format!("/api/v1/uploads/{}", upload.id), &rules::view(&upload, missing))
}

/// Names no tender: whose bid comes to nothing stays unknown even when the others are opened.
fn entry_of(act: &'static str, upload: &Upload) -> Entry {
    Entry::new(act).of_bid().facts(json!({"upload": upload.id, "size": upload.size}))
}

async fn schedule_clearing(
    tx: &mut Tx<'_>,
    tender: TenderId,
    deadline: DateTime<Utc>,
) -> Result<(), Problem> {
    let at = rules::removed_at(deadline);
    let key = format!("clear uploads {tender} {}", at.timestamp());
    jobs::schedule(tx, CLEAR_JOB, &key, at, json!({"tender": tender})).await
}

/// The caller's own upload; another's does not exist for the caller.
async fn own(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    action: Action,
    found: Option<Upload>,
) -> Result<(Upload, tenders::Tender), Problem> {
    let bidder = actor.organisation().ok_or_else(Rejection::unauthenticated)?;
    let upload = found.filter(|upload| upload.bidder == bidder).ok_or_else(Rejection::not_found)?;
    let tender = tenders::load(conn, upload.tender).await?;
    let parties = projects::load(conn, tender.project).await?.parties();
    authorize(actor, action, &Object::of(&parties, tender.authority()).own(true))?;
    Ok((upload, tender))
}

/// A chunk on its way in: what its upload wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The upload.
    pub upload: UploadId,
    /// Number of the chunk.
    pub n: u32,
    /// Bytes it must have.
    pub wanted: u64,
}

/// Looks at the place of a chunk before its body is read.
///
/// # Errors
/// 401, 404; 409 after the deadline.
pub async fn place(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: UploadId,
    n: u32,
) -> Result<Place, Problem> {
    let found = store::find(conn, id).await?;
    let (upload, tender) = own(conn, actor, Action::BidSubmit, found).await?;
    let wanted = rules::wanted(&upload, n)?;
    if upload.payload().is_none() {
        let now = read_hall_now(conn).await?;
        rules::still_open(gate(tender.phase, tender.deadline, now))?;
    }
    Ok(Place { upload: id, n, wanted })
}

/// A chunk that has come.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Their SHA-256.
    pub found: [u8; 32],
    /// What `Content-Digest` states.
    pub stated: [u8; 32],
}

/// Keeps a chunk; the last one to come ends the upload, which is hashed then.
///
/// # Errors
/// 404; 409 after the deadline, or for other bytes once the upload is whole; 422.
pub async fn put(
    tx: &mut Tx<'_>,
    actor: &Actor,
    place: Place,
    chunk: Chunk<'_>,
) -> Result<UploadView, Problem> {
    let found = store::lock(tx, place.upload).await?;
    let (mut upload, tender) = own(tx.conn(), actor, Action::BidSubmit, found).await?;
    rules::fits(place.n, place.wanted, chunk.bytes, chunk.stated, chunk.found)?;
    let kept = store::chunk_digest(tx.conn(), upload.id, place.n).await?;
    if kept != Some(chunk.found) {
        if upload.payload().is_some() {
            return Err(rules::whole().into());
        }
        let now = tx.hall_now().await?;
        rules::still_open(gate(tender.phase, tender.deadline, now))?;
        store::put_chunk(tx, upload.id, place.n, chunk.found, chunk.bytes).await?;
    }
    let missing = store::missing(tx.conn(), &upload).await?;
    if missing.is_empty() && upload.payload().is_none() {
        finish(tx, actor, &mut upload).await?;
    }
    Ok(rules::view(&upload, missing))
}

/// Hashes all chunks, one in memory at a time.
async fn finish(tx: &mut Tx<'_>, actor: &Actor, upload: &mut Upload) -> Result<(), Problem> {
    let mut hash = Sha256::new();
    for n in 0..rules::chunks(upload.size) {
        let bytes = store::chunk(tx.shared(), upload.id, n).await?;
        let hashed = tokio::task::spawn_blocking(move || {
            hash.update(&bytes);
            hash
        });
        hash = hashed.await.map_err(Problem::internal)?;
    }
    let sha256: [u8; 32] = hash.finalize().into();
    let at = tx.hall_now().await?;
    store::set_whole(tx, upload.id, sha256, at).await?;
    upload.progress = Progress::Whole { sha256: Digest(sha256), at };
    let entry = entry_of("bid.uploadWhole", upload);
    ledger::record(tx, actor, at, entry).await?;
    Ok(())
}

/// The caller's own upload.
///
/// # Errors
/// 404 when it is absent or another's.
pub async fn read(conn: &mut AsyncPgConnection, actor: &Actor, id: UploadId) -> Result<UploadView, Problem> {
    let found = store::find(conn, id).await?;
    let (upload, _) = own(conn, actor, Action::BidReadOwn, found).await?;
    let missing = store::missing(conn, &upload).await?;
    Ok(rules::view(&upload, missing))
}

/// The caller's own uploads for a tender that serve no bid yet.
///
/// # Errors
/// 401 for the public.
pub async fn list(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    tender: TenderId,
) -> Result<Page<UploadView>, Problem> {
    let bidder: OrganisationId = actor.organisation().ok_or_else(Rejection::unauthenticated)?;
    let mut items = Vec::new();
    for upload in store::open_of(conn, tender, bidder).await? {
        let missing = store::missing(conn, &upload).await?;
        items.push(rules::view(&upload, missing));
    }
    Ok(Page { items, next: None })
}

/// Removes the caller's own upload that serves no bid.
///
/// # Errors
/// 404; 409 for one that serves a bid.
pub async fn delete(tx: &mut Tx<'_>, actor: &Actor, id: UploadId) -> Result<(), Problem> {
    let found = store::lock(tx, id).await?;
    let (upload, _) = own(tx.conn(), actor, Action::BidSubmit, found).await?;
    if matches!(upload.progress, Progress::Submitted { .. }) {
        return Err(rules::used().into());
    }
    store::delete(tx, id).await?;
    let now = tx.hall_now().await?;
    ledger::record(tx, actor, now, entry_of("bid.uploadDeleted", &upload)).await?;
    Ok(())
}

/// Handler of [`CLEAR_JOB`]; a deadline that was moved meanwhile gets its own turn.
///
/// # Errors
/// When the database is away.
pub async fn clear(tx: &mut Tx<'_>, job: &Job) -> Result<(), Problem> {
    let id = job.payload.get("tender").and_then(|id| id.as_str()).and_then(|id| id.parse::<TenderId>().ok());
    let id = id.ok_or_else(|| Problem::internal(anyhow::anyhow!("job {} names no tender", job.key)))?;
    let deadline = tenders::load(tx.conn(), id).await?.deadline;
    let now = tx.hall_now().await?;
    if now < rules::removed_at(deadline) {
        return schedule_clearing(tx, id, deadline).await;
    }
    let removed = store::delete_idle(tx, id).await?;
    if removed > 0 {
        let entry = Entry::new("bid.uploadsCleared").of_bid().facts(json!({"uploads": removed}));
        ledger::record(tx, &Actor::Hall(CLEAR_JOB), now, entry).await?;
    }
    Ok(())
}

/// The caller's own upload as its submission names it, whole.
///
/// # Errors
/// 404 for another's or another tender's; 409 while chunks are missing.
pub async fn offered(
    db: &Db,
    bidder: OrganisationId,
    tender: TenderId,
    id: UploadId,
) -> Result<Upload, Problem> {
    let mut conn = db.read().await?;
    let found = store::find(&mut conn, id).await?;
    let upload = found.filter(|upload| upload.bidder == bidder && upload.tender == tender);
    let upload = upload.ok_or_else(Rejection::not_found)?;
    if upload.payload().is_none() {
        return Err(rules::incomplete(&store::missing(&mut conn, &upload).await?).into());
    }
    Ok(upload)
}

/// Gives uploads to the bids that were written for them in this transaction.
///
/// # Errors
/// `upload-used` when one serves another bid, or has gone.
pub async fn serve(conn: &AsyncPgConnection, pairs: Vec<(UploadId, BidId)>) -> Result<(), Problem> {
    if pairs.is_empty() || store::give(conn, &pairs).await? == pairs.len() {
        return Ok(());
    }
    // Of several it may be another's: each is given for itself then.
    Err(rules::used().into())
}

/// Pours a bid's chunks out in their order, one at a time, until all are out or nobody takes them any more.
///
/// # Errors
/// When the database is away.
pub async fn pour(conn: &AsyncPgConnection, bid: BidId, into: mpsc::Sender<Vec<u8>>) -> Result<(), Problem> {
    let upload = store::of_bid(conn, bid).await?;
    for n in 0..rules::chunks(upload.size) {
        let bytes = store::chunk(conn, upload.id, n).await?;
        if into.send(bytes).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// One chunk of what a bid has taken over; none after the last.
///
/// # Errors
/// When the database is away, or the bid has no upload.
pub async fn chunk_of(conn: &mut AsyncPgConnection, bid: BidId, n: u32) -> Result<Option<Vec<u8>>, Problem> {
    let upload = store::of_bid(conn, bid).await?;
    if n >= rules::chunks(upload.size) {
        return Ok(None);
    }
    store::chunk(conn, upload.id, n).await.map(Some)
}
