//! Use cases of deposits 投标保证金: recorded by the host after the opening, returned all at once.

use std::collections::HashSet;

use diesel_async::AsyncPgConnection;
use serde_json::json;

use crate::{
    awards::{
        act::Act,
        model::{Deposit, NewDeposit, RecordDeposits},
        rules, store, view,
    },
    identity::Action,
    kernel::{
        Actor, Code, FieldError, Money, Problem, Refusal, Rejection, Say,
        id::{OrganisationId, TenderId},
    },
    law::{Event, Lawbook},
    ledger::{self, Entry},
    opening,
    platform::{
        db::{OnConstraint, Tx},
        http::{Cursor, Reply},
    },
    tenders,
};

/// Deposits of one call.
const MOST: usize = 5000;
/// Rows named by one entry of the record.
const ROWS_OF_ENTRY: usize = 256;

/// Records deposits that were paid. Whether one was is recorded, not judged.
///
/// # Errors
/// 403, 404, 409 before the opening record or for a bidder recorded before, 422 with pointers.
pub async fn record(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: RecordDeposits,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let act = Act::begin(tx, law, id, "deposits.recorded").await?;
    act.authorise(tx, actor, Action::DepositRecord).await?;
    if act.tender.opened_at.is_none() {
        let detail = Say::new("开标记录完成后方可登记保证金。", "Deposits are recorded after the opening.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    let bidders: HashSet<OrganisationId> =
        opening::opened_bids(tx.conn(), id).await?.into_iter().map(|bid| bid.bidder).collect();
    let items = checked(&asked.items, &bidders, &act)?;
    let rows = store::insert_deposits(tx, id, &items, account.0, act.now).await?.on_constraint(
        "deposits_once",
        || {
            Refusal::new(
                Code::Duplicate,
                Say::new("有投标人的保证金已经登记。", "A deposit of a bidder is recorded already."),
            )
        },
    )?;
    let entries = rows.chunks(ROWS_OF_ENTRY).map(|rows| {
        let entry = Entry::new("deposits.recorded").project(act.tender.project).tender(id);
        (actor.clone(), rows.iter().fold(entry, |entry, row| entry.row("deposits", *row)))
    });
    ledger::record_batch(tx, act.now, entries.collect()).await?;
    Reply::ok(&store::deposit_counts(tx.conn(), id).await?)
}

fn checked(
    items: &[NewDeposit],
    bidders: &HashSet<OrganisationId>,
    act: &Act,
) -> Result<Vec<(OrganisationId, String, Money)>, Problem> {
    if items.is_empty() || items.len() > MOST {
        let detail = Say::new(format!("须为 1 至 {MOST} 项。"), format!("1 to {MOST} deposits."));
        return Err(Rejection::at("/items", "length", detail).into());
    }
    let (mut seen, mut found, mut errors) = (HashSet::new(), Vec::with_capacity(items.len()), Vec::new());
    for (at, item) in items.iter().enumerate() {
        let place = format!("/items/{at}/bidderId");
        if !bidders.contains(&item.bidder_id) {
            errors.push(FieldError::new(place, "unknown", "不在开标记录中 / not in the opening record"));
        } else if !seen.insert(item.bidder_id) {
            errors.push(FieldError::new(place, "repeated", "重复 / named twice"));
        }
        let amount = rules::deposit_amount(item.amount, &act.tender.document, at)?;
        found.push((item.bidder_id, item.kind.to_string(), amount));
    }
    if errors.is_empty() {
        return Ok(found);
    }
    let detail = Say::new("保证金清单有误，见 errors。", "The list of deposits does not fit; see errors.");
    Err(Rejection { code: Code::InvalidRequest, detail, errors }.into())
}

/// Returns every deposit that is due back now: in works all once the contract is signed (ENG-32), in purchases the
/// losers' after the award notice and the winner's after the contract (GP-7).
///
/// # Errors
/// 403, 404, 409 before that, or when none is left.
pub async fn give_back(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
) -> Result<Reply, Problem> {
    let mut act = Act::begin(tx, law, id, "deposits.returned").await?;
    act.authorise(tx, actor, Action::DepositReturn).await?;
    let returns = act.standing().returns()?;
    if store::deposit_counts(tx.conn(), id).await?.recorded == 0 && act.tender.document.deposit.is_some() {
        let detail = Say::new("尚未登记任何保证金。", "No deposit is recorded yet.");
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    for event in &returns {
        act.note(tx, *event).await?;
    }
    let winner = act.award.as_ref().map(|award| award.winner);
    // Whose deposit stays: the winner's while only the losers' are due.
    let kept = if returns == [Event::LoserDepositsReturned] { winner } else { None };
    let rows = store::return_deposits(tx, id, kept, act.now).await?;
    let entries = rows.chunks(ROWS_OF_ENTRY).map(|rows| {
        let entry = Entry::new("deposits.returned").project(act.tender.project).tender(id);
        (actor.clone(), rows.iter().fold(entry, |entry, row| entry.row("deposits", *row)))
    });
    ledger::record_batch(tx, act.now, entries.collect()).await?;
    act.facts(json!({"deposits": rows.len(), "events": returns}));
    let tender = act.finish(tx, actor).await?;
    view::answer(tx, actor, law, &tender).await
}

/// One page of deposits for parties and supervising bodies.
///
/// # Errors
/// 403, 404.
pub async fn list(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: TenderId,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Deposit>, Problem> {
    tenders::permitted(conn, actor, Action::DepositsRead, id).await?;
    store::deposits(conn, id, cursor, limit).await
}
