//! 补救开启: bids that agency, centre and supervision office may open without their bidders.
//!
//! Where the document has the remedy nobody has to order anything; else the supervision office does, for bidders who are
//! absent by no fault of their own, with a reason that is published.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    bids, holders,
    identity::Action,
    kernel::{
        Actor, Code, Problem, Refusal, Rejection, Say,
        id::{BidId, TenderId},
    },
    law::Lawbook,
    ledger::{self, Entry},
    opening::{model::OrderRecovery, rules, service, stages, store},
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
    },
    tenders,
};

/// Most bids of one order.
const MOST: usize = 200;

/// The supervision office lets the three bodies open bids without their bidders.
///
/// # Errors
/// 403, 404 for a bid that did not stand at the close, 409 outside the window, where the bidders alone hold their
/// secrets, or for a second order; 422.
pub async fn order(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: OrderRecovery,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let (tender, _) = tenders::permitted(tx.conn(), actor, Action::OpeningRecover, id).await?;
    let reason = asked.reason.trim();
    if !(1..=1000).contains(&reason.chars().count()) {
        let detail = Say::new("请说明理由（1 至 1000 字）。", "Give a reason of 1 to 1000 characters.");
        return Err(Rejection::at("/reason", "length", detail).into());
    }
    let wanted: BTreeSet<BidId> = asked.bid_ids.iter().copied().collect();
    if !(1..=MOST).contains(&asked.bid_ids.len()) || wanted.len() != asked.bid_ids.len() {
        let detail = Say::new("须有 1 至 200 份投标，不得重复。", "1 to 200 bids, each once.");
        return Err(Rejection::at("/bidIds", "length", detail).into());
    }
    let opening = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    let now = tx.hall_now().await?;
    rules::may_release(tender.phase, &opening, now)?;
    // Every policy of a tender has the clauses of the first.
    let settled = holders::policy_of(tx.conn(), id).await?;
    if !settled.policy.policy().clauses.iter().any(|clause| rules::is_recovery(clause)) {
        return Err(rules::bidders_alone().into());
    }
    let mut entry = Entry::new("opening.recoveryOrdered").project(tender.project).tender(id).of_bid();
    for bid in &wanted {
        let standing = bids::standing_bid(tx.conn(), *bid).await?.filter(|bid| bid.tender == id);
        let standing = standing.ok_or_else(Rejection::not_found)?;
        stages::in_turn(tx.conn(), &tender, &opening, [&standing]).await?;
        let bid = standing.id;
        let row = store::insert_recovery(tx, id, bid, reason, account.0, now).await.on_constraint(
            "opening_recoveries_once",
            || {
                Refusal::new(
                    Code::Duplicate,
                    Say::new("该投标已决定补救开启。", "It is ordered for this bid already."),
                )
            },
        )?;
        entry = entry.row("opening_recoveries", row);
    }
    ledger::record(tx, actor, now, entry.because(reason).facts(json!({"bids": wanted}))).await?;
    Reply::ok(&service::view(tx.conn(), actor, law, &tender, &opening, now).await?)
}
