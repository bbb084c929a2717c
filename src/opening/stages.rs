//! Stages of an opening after the first 双信封: begun by the host once the committee has judged what opened before.
//!
//! A stage is an opening like the first, with a window, an extension, recovery and a record of its own.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use crate::{
    bids::{self, BidState, StandingBid},
    identity::cards,
    kernel::{Actor, Code, Problem, Refusal, Rejection, Say, id::OrganisationId, time::in_hall_zone},
    law::Settings,
    ledger::{self, Entry},
    opening::{
        jobs::schedule_conclusion,
        model::{OpenedBid, Opening, Outcome},
        rules, store,
    },
    platform::{
        db::Tx,
        outbox::{self, NewLetter},
    },
    tenders::Tender,
};

/// Rows named by one entry of the record.
const ROWS_OF_ENTRY: usize = 256;

/// Whether it is the turn of these parts.
///
/// # Errors
/// `too-early` before their stage, `wrong-state` after it or for a part that stays sealed.
pub(super) async fn in_turn(
    conn: &mut AsyncPgConnection,
    tender: &Tender,
    opening: &Opening,
    bids: impl IntoIterator<Item = &StandingBid>,
) -> Result<(), Problem> {
    let stages = tender.document.stages();
    let sealed = store::sealed(conn, tender.id).await?;
    for bid in bids {
        rules::in_turn(&stages, opening, bid.part)?;
        if sealed.contains(&bid.id) {
            return Err(rules::stays_sealed().into());
        }
    }
    Ok(())
}

/// Whether every stage of a tender that has been opened has its record.
///
/// # Errors
/// When the database is away.
pub async fn is_over(conn: &mut AsyncPgConnection, tender: &Tender) -> Result<bool, Problem> {
    let stage = match store::find(conn, tender.id).await? {
        Some(opening) if opening.concluded_at.is_none() => return Ok(false),
        opening => opening.map_or(1, |opening| opening.stage),
    };
    Ok(tender.document.stages().ends_with(stage))
}

/// Whether a further stage may begin: the one before has its record.
///
/// # Errors
/// When the database is away.
pub async fn next_waits(conn: &mut AsyncPgConnection, tender: &Tender) -> Result<bool, Problem> {
    let before = store::find(conn, tender.id).await?.filter(|opening| opening.concluded_at.is_some());
    Ok(before.is_some_and(|before| !tender.document.stages().ends_with(before.stage)))
}

/// Begins the next stage for every bid that is not among `out`, whose parts get their line as sealed at once, with the
/// reason. The caller has locked the tender and may begin.
///
/// # Errors
/// `wrong-state` while the stage before goes on, where there is no further stage, or when no bid is left.
pub async fn begin_next(
    tx: &mut Tx<'_>,
    actor: &Actor,
    tender: &Tender,
    settings: &Settings,
    out: &HashMap<OrganisationId, Say>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let before = store::find_locked(tx, tender.id).await?.ok_or_else(Rejection::not_found)?;
    let stage = before.stage.saturating_add(1);
    let stages = tender.document.stages();
    if before.concluded_at.is_none() || stages.of(stage).is_empty() {
        return Err(wrong(Say::new("没有待开始的开启阶段。", "No stage of the opening is to begin.")));
    }
    let mut standing = bids::standing_bids(tx.conn(), tender.id).await?;
    standing.retain(|bid| stages.of(stage).contains(&bid.part));
    let sealed: Vec<OpenedBid> =
        standing.iter().filter_map(|bid| why_sealed(bid, out).map(|why| sealed_line(bid, why))).collect();
    if sealed.len() == standing.len() {
        return Err(wrong(Say::new("没有通过前一阶段的投标。", "No bid has passed the stage before.")));
    }
    let opening = Opening {
        id: Uuid::new_v4(),
        tender: tender.id,
        stage,
        began_at: now,
        window_until: rules::window_end(settings, now),
        extension: None,
        concluded_at: None,
        benchmark_draw: None,
        version: 1,
    };
    store::insert(tx, &opening).await?;
    for lines in sealed.chunks(ROWS_OF_ENTRY) {
        let rows = store::insert_opened(tx.shared(), tender.id, lines).await?;
        let entry = Entry::new("opening.bidsSealed").project(tender.project).tender(tender.id).of_bid();
        let entry =
            rows.into_iter().fold(entry, |entry, row| entry.written("opened_bids", row.id, row.content));
        ledger::record(tx, actor, now, entry).await?;
    }
    let entry = Entry::new("opening.stageBegan").project(tender.project).tender(tender.id);
    let facts = json!({"stage": stage, "parts": stages.of(stage), "sealed": sealed.len(),
        "bids": standing.len() - sealed.len()});
    ledger::record(tx, actor, now, entry.row("openings", opening.id).facts(facts)).await?;
    summon(tx, tender, &opening, &standing, out).await?;
    schedule_conclusion(tx, &opening).await
}

fn wrong(detail: Say) -> Problem {
    Refusal::new(Code::WrongState, detail).into()
}

/// Why a part of a later stage stays sealed; none for one that opens.
fn why_sealed(bid: &StandingBid, out: &HashMap<OrganisationId, Say>) -> Option<String> {
    if bid.state != BidState::Accepted {
        return Some(rules::ended_before(bid));
    }
    out.get(&bid.bidder).map(rules::did_not_pass)
}

fn sealed_line(bid: &StandingBid, why: String) -> OpenedBid {
    OpenedBid {
        bid: bid.id,
        bidder: bid.bidder,
        part: bid.part,
        seq: bid.seq,
        received_at: bid.accepted_at,
        released_at: None,
        outcome: Outcome::Sealed,
        price: None,
        form: None,
        files: None,
        clause: None,
        recovery: None,
        failure: Some(why),
    }
}

/// Letters to those who have to release now: whoever does not loses its bid.
async fn summon(
    tx: &mut Tx<'_>,
    tender: &Tender,
    opening: &Opening,
    standing: &[StandingBid],
    out: &HashMap<OrganisationId, Say>,
) -> Result<(), Problem> {
    let called = standing.iter().filter(|bid| why_sealed(bid, out).is_none()).map(|bid| bid.bidder);
    let called = cards(tx.conn(), &called.collect::<Vec<_>>()).await?;
    let until = in_hall_zone(opening.window_until);
    let letters: Vec<NewLetter> = called
        .into_values()
        .filter_map(|card| {
            Some(NewLetter {
                recipient: card.email?,
                subject: Say::new(
                    format!("{}：报价部分开始解密", tender.title),
                    format!("{}: the price part opens", tender.title),
                ),
                body: Say::new(
                    format!("{} 已通过前一阶段评审。请于 {until} 前释放报价部分的密钥；未释放的，视为撤销投标文件。", card.name_zh),
                    format!("{} has passed the first stage. Release the secret of the price part before {until}; \
                             else the bid is taken as revoked.", card.name_en),
                ),
            })
        })
        .collect();
    outbox::post_all(tx, &letters, Some(tender.id.0), opening.began_at).await
}
