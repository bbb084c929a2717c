//! What remains of an opening for whoever checks it: the hashes for everybody, and for supervision the bids themselves
//! with the secrets that opened them.

use actix_web::web::Bytes;
use diesel_async::AsyncPgConnection;
use futures_util::stream::{self, LocalBoxStream, StreamExt as _};
use secrecy::ExposeSecret as _;

use crate::{
    bids::{self, BidState},
    holders,
    identity::Action,
    kernel::{
        Actor, Problem, Rejection, Say,
        id::{BidId, TenderId},
    },
    ledger,
    opening::{
        model::{ArchiveQuery, ArchivedBid, BidHash, BidHashes, OpeningArchive},
        shares::Board,
        store,
    },
    platform::db::Db,
    seal::wire::base64_text,
    tenders::{self, TenderPhase},
};

/// Bids of a page at most, and where the caller names no number.
const MOST: usize = 20;

/// What stood at the close, public from the beginning of the opening on, or when the tender ended without one.
///
/// # Errors
/// 404 before.
pub async fn hashes(conn: &mut AsyncPgConnection, actor: &Actor, id: TenderId) -> Result<BidHashes, Problem> {
    let (tender, _) = tenders::permitted(conn, actor, Action::TenderRead, id).await?;
    // Between the close and what follows it nobody knows more than the clock told.
    let close =
        tender.close.filter(|_| tender.phase != TenderPhase::Closed).ok_or_else(Rejection::not_found)?;
    let stood = bids::stood(conn, id).await?;
    let items = stood.iter().map(|bid| BidHash {
        seq: bid.seq,
        envelope: bid.digest.into(),
        part: bid.part,
        incomplete: bid.state == BidState::Incomplete,
    });
    Ok(BidHashes {
        tender_id: id,
        closed_at: close.at,
        count: close.bid_count,
        bid_root: hex::encode(close.bid_root),
        items: items.collect(),
        entry: ledger::laid_open(conn, id, bids::service::CLOSED_ACT).await?,
    })
}

/// A ciphertext as it goes out: its bytes, and their number, of which no more than a chunk is in memory.
pub struct Outgoing {
    /// Bytes in all.
    pub size: u64,
    /// The chunks in their order.
    pub chunks: LocalBoxStream<'static, Result<Bytes, Problem>>,
}

/// The ciphertext of one bid of an opening that is over, for supervision, however large.
///
/// # Errors
/// 404 before the record, for everyone else, and for a bid that did not stand at the close.
pub async fn ciphertext(db: &Db, actor: &Actor, id: TenderId, bid: BidId) -> Result<Outgoing, Problem> {
    let mut conn = db.read().await?;
    tenders::permitted(&mut conn, actor, Action::OpeningArchiveRead, id).await?;
    let standing = bids::standing_bid(&mut conn, bid).await?.filter(|bid| bid.tender == id);
    let size = standing.ok_or_else(Rejection::not_found)?.envelope.payload.size;
    let chunks = match bids::ciphertext(&mut conn, bid).await? {
        Some(bytes) => stream::iter([Ok(bytes.into())]).boxed_local(),
        None => stream::try_unfold((db.clone(), 0), move |(db, n)| async move {
            // A reader that is slow holds no connection meanwhile.
            let chunk = bids::uploads::service::chunk_of(&mut *db.read().await?, bid, n).await?;
            Ok(chunk.map(|bytes| (bytes.into(), (db, n + 1))))
        })
        .boxed_local(),
    };
    Ok(Outgoing { size, chunks })
}

/// One page of the opened bids with their secrets, for supervision.
///
/// # Errors
/// 404 before the record and for everyone else; 422 for a page that cannot be.
pub async fn page(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: TenderId,
    query: ArchiveQuery,
) -> Result<OpeningArchive, Problem> {
    let (tender, _) = tenders::permitted(conn, actor, Action::OpeningArchiveRead, id).await?;
    let limit = query.limit.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        let detail = Say::new("limit 须为 1 至 20。", "limit must be 1 to 20.");
        return Err(Rejection::at("?limit", "out-of-range", detail).into());
    }
    let after = query.after.unwrap_or_default();
    let stages = tender.document.stages();
    let begun = store::stages(conn, id).await?;
    // What is released in a stage is nobody's to read before its record.
    let told = begun.iter().filter(|stage| stage.concluded_at.is_some()).map(|stage| stage.stage).max();
    let mut wanted = bids::standing_bids(conn, id).await?;
    wanted.retain(|bid| bid.seq > after && stages.stage_of(bid.part).is_some_and(|at| Some(at) <= told));
    let further = wanted.len() > limit;
    wanted.truncate(limit);
    let policies = holders::policies_of(conn, id).await?;
    let ids: Vec<_> = wanted.iter().map(|bid| bid.id).collect();
    let board = Board::of(conn, &ids).await?;
    let mut items = Vec::with_capacity(wanted.len());
    for bid in wanted {
        let ciphertext = bids::ciphertext(conn, bid.id).await?.map(|bytes| base64_text(&bytes));
        let secret =
            board.opener((bid.id, &bid.envelope.bid_key), policies.judging(bid.envelope.policy_digest)).ok();
        let secret = secret.map(|opener| opener.secret.expose_secret().to_owned());
        items.push(ArchivedBid { seq: bid.seq, bid_id: bid.id, envelope: bid.envelope, ciphertext, secret });
    }
    let next = items.last().map(|last| last.seq).filter(|_| further);
    Ok(OpeningArchive { items, next })
}
