//! 故障延期: the hall itself was away before a deadline, and two people move it: the centre's operator proposes by what the
//! ticks tell, the supervision office confirms. Nothing is extended in silence.
//!
//! Owns `outage_postponements`. Invariants: no proposal without an outage in the last minutes before the deadline longer
//! than the level (both settings, never shown as law); one proposal of a tender at a time; whoever proposed does not
//! decide (SOD-1, and a CHECK); row, notice, rooms and entry move in one transaction; from the close on never, so that no
//! share of a bid can have been released.

pub mod http;
mod model;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;
use uuid::Uuid;

use crate::{
    identity::{Action, Object, authorize},
    kernel::{
        Actor, AllowedAction, Code, Problem, Refusal, Rejection, Say,
        id::{AccountId, TenderId},
        time::in_hall_zone,
    },
    law::{Law, Lawbook},
    ledger::{self, Entry},
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
    },
    projects,
    rooms::{
        Policy,
        case::{Case, signed_in},
        letters,
        postponement::{self, Postponement},
        rules,
    },
    tenders,
    timekeeping::rules::{Outage, outages},
};
use model::{Decision, OutagePostponement, Outages, Proposal, ProposalState};

/// The span before a deadline in which outages count, and the length from which they do.
#[derive(Debug, Clone, Copy)]
struct Level {
    window: TimeDelta,
    least: TimeDelta,
}

impl Level {
    fn of(law: &Law) -> Self {
        let minutes = |count: u32| TimeDelta::minutes(i64::from(count));
        let settings = law.settings();
        Self { window: minutes(settings.outage_window_minutes), least: minutes(settings.outage_minutes) }
    }

    fn span(self, deadline: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        (deadline - self.window, deadline)
    }
}

/// What the ticks tell of the time before the tender's deadline.
async fn found(conn: &mut AsyncPgConnection, law: &Law, case: &Case) -> Result<Vec<Outage>, Problem> {
    let level = Level::of(law);
    let (from, until) = level.span(case.tender.deadline);
    let ticks = crate::timekeeping::store::between(conn, from, until).await?;
    Ok(outages(&ticks, (from, until), level.least))
}

/// Outages before a tender's deadline, what was proposed by them, and what the caller may do.
///
/// # Errors
/// 401, 403, 404.
async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    book: &Lawbook,
    id: TenderId,
) -> Result<Outages, Problem> {
    let case = Case::load(conn, id).await?;
    tenders::permit(actor, Action::TenderRead, &case.project, &case.tender)?;
    authorize(actor, Action::ClockRead, &Object::none())?;
    let law = projects::law_of(conn, book, &case.project).await?;
    let (from, until) = Level::of(&law).span(case.tender.deadline);
    let outages = found(conn, &law, &case).await?;
    let proposals = store::of_tender(conn, id).await?;
    let waiting = proposals.iter().find(|proposal| proposal.state == ProposalState::Proposed);
    let open = || tenders::service::still_open(&case.tender).map_err(Problem::from);
    let propose = tenders::permit(actor, Action::OutagePropose, &case.project, &case.tender)
        .and_then(|()| open())
        .and_then(|()| evident(&law, &outages).map_err(Problem::from))
        .and_then(|()| waiting.map_or(Ok(()), |_| Err(one_at_a_time().into())));
    let decide = tenders::permit(actor, Action::OutageDecide, &case.project, &case.tender)
        .and_then(|()| open())
        .and_then(|()| waiting.map(drop).ok_or_else(|| decided().into()));
    Ok(Outages {
        tender_id: id,
        from,
        until,
        outages,
        proposals: proposals.into_iter().map(OutagePostponement::from).collect(),
        allowed_actions: vec![
            AllowedAction::from_guard("propose", &propose),
            AllowedAction::from_guard("confirm", &decide),
            AllowedAction::from_guard("refuse", &decide),
        ],
    })
}

fn evident(law: &Law, outages: &[Outage]) -> Result<(), Refusal> {
    if !outages.is_empty() {
        return Ok(());
    }
    let (window, least) = (law.settings().outage_window_minutes, law.settings().outage_minutes);
    let detail = Say::new(
        format!("截止前 {window} 分钟内没有超过 {least} 分钟的系统故障记录，不得以故障为由延期。"),
        format!(
            "In the last {window} minutes before the deadline no outage of more than {least} minutes is on record."
        ),
    );
    Err(Refusal::new(Code::WrongState, detail).by_rule(Law::setting_ground("outageMinutes")))
}

fn one_at_a_time() -> Refusal {
    Refusal::new(
        Code::Duplicate,
        Say::new("已有故障延期待决定。", "A proposal of this tender waits for its decision."),
    )
}

fn decided() -> Refusal {
    Refusal::new(Code::WrongState, Say::new("没有待决定的故障延期。", "No proposal waits for a decision."))
}

/// The centre's operator proposes to move a deadline before which the hall was away.
///
/// # Errors
/// 401, 403, 404; 409 without an outage on record, from the close on, or while another waits; 422.
async fn propose(
    tx: &mut Tx<'_>,
    actor: &Actor,
    book: &Lawbook,
    id: TenderId,
    asked: &Postponement,
) -> Result<Reply, Problem> {
    let account = signed_in(actor)?;
    let case = Case::lock(tx, id).await?;
    tenders::permit(actor, Action::OutagePropose, &case.project, &case.tender)?;
    let reason = rules::check_reason(&asked.reason)?;
    tenders::service::still_open(&case.tender)?;
    let now = tx.hall_now().await?;
    if asked.deadline <= case.tender.deadline.max(now) {
        let detail = Say::new(
            "新的截止时间须晚于原截止时间和现在。",
            "The new deadline must be later than the present one and than now.",
        );
        return Err(Rejection::at("/deadline", "out-of-range", detail).into());
    }
    if let Some(slots) = &asked.slots {
        rules::check_request(slots, now)?;
    }
    let law = projects::law_of(tx.conn(), book, &case.project).await?;
    let evidence = found(tx.conn(), &law, &case).await?;
    evident(&law, &evidence)?;
    case.take_side(tx, account).await?;
    let proposal = Proposal {
        id: Uuid::new_v4(),
        tender: id,
        from: case.tender.deadline,
        to: asked.deadline,
        reason: reason.clone(),
        evidence,
        slots: asked.slots.clone(),
        state: ProposalState::Proposed,
        proposed_by: account.account,
        proposed_at: now,
        decision: None,
    };
    store::insert(tx, &proposal).await?.on_constraint("outage_postponements_one_open", one_at_a_time)?;
    let facts = json!({"from": proposal.from, "to": proposal.to, "outages": proposal.evidence});
    ledger::record(
        tx,
        actor,
        now,
        entry("outage.proposed", &case, proposal.id).because(&reason).facts(facts),
    )
    .await?;
    let (code, to) = (&case.tender.code, in_hall_zone(proposal.to));
    let subject = Say::new(format!("故障延期待决定：{code}"), format!("An outage to be decided: {code}"));
    let body = Say::new(
        format!("{code}：中心提议因系统故障将截止时间延至 {to}。理由：{reason}"),
        format!("{code}: the centre proposes to move the deadline to {to} for an outage. Reason: {reason}"),
    );
    letters::to_office(tx, &case, (&subject, &body), proposal.id, now).await?;
    Reply::created(format!("/api/v1/tenders/{id}/outages"), &OutagePostponement::from(proposal))
}

fn entry(act: &'static str, case: &Case, row: Uuid) -> Entry {
    Entry::new(act).project(case.project.id).tender(case.tender.id).row("outage_postponements", row)
}

/// The supervision office confirms: deadline, notice, rooms and record move in this transaction.
///
/// # Errors
/// 401, 403, 404; 409 once decided, by the side that proposed (SOD-1), when the deadline was moved meanwhile, from the
/// close on, and as an ordinary postponement for the date and the rooms; 422.
async fn confirm(
    tx: &mut Tx<'_>,
    actor: &Actor,
    policy: Policy<'_>,
    book: &Lawbook,
    (id, reason): (Uuid, &str),
) -> Result<Reply, Problem> {
    let (case, mut proposal, by) = to_decide(tx, actor, id).await?;
    let reason = rules::check_reason(reason)?;
    if case.tender.deadline != proposal.from {
        let detail = Say::new(
            "截止时间在提议之后已变更，请驳回后重新提议。",
            "The deadline has moved since; refuse this proposal and propose anew.",
        );
        return Err(Refusal::new(Code::WrongState, detail).into());
    }
    let new = Postponement {
        deadline: proposal.to,
        reason: proposal.reason.clone(),
        slots: proposal.slots.clone(),
    };
    postponement::by_office(tx, actor, policy, (book, case.tender.id), &new).await?;
    decide(tx, actor, &case, &mut proposal, (ProposalState::Confirmed, by, reason)).await
}

/// The supervision office leaves the deadline as it is, with its reason.
///
/// # Errors
/// 401, 403, 404; 409 once decided or by the side that proposed (SOD-1); 422.
async fn refuse(tx: &mut Tx<'_>, actor: &Actor, (id, reason): (Uuid, &str)) -> Result<Reply, Problem> {
    let (case, mut proposal, by) = to_decide(tx, actor, id).await?;
    let reason = rules::check_reason(reason)?;
    decide(tx, actor, &case, &mut proposal, (ProposalState::Refused, by, reason)).await
}

/// The proposal with its tender held; the lock order of the room begins with the tender.
async fn to_decide(tx: &mut Tx<'_>, actor: &Actor, id: Uuid) -> Result<(Case, Proposal, AccountId), Problem> {
    let account = signed_in(actor)?;
    let tender = store::tender_of(tx.conn(), id).await?.ok_or_else(Rejection::not_found)?;
    let case = Case::lock(tx, tender).await?;
    tenders::permit(actor, Action::OutageDecide, &case.project, &case.tender)?;
    let proposal = store::find_locked(tx, id).await?.ok_or_else(Rejection::not_found)?;
    if proposal.state != ProposalState::Proposed {
        return Err(decided().into());
    }
    case.take_side(tx, account).await?;
    Ok((case, proposal, account.account))
}

async fn decide(
    tx: &mut Tx<'_>,
    actor: &Actor,
    case: &Case,
    proposal: &mut Proposal,
    (state, by, reason): (ProposalState, AccountId, String),
) -> Result<Reply, Problem> {
    let now = tx.hall_now().await?;
    proposal.state = state;
    proposal.decision = Some(Decision { by, at: now, reason: reason.clone() });
    store::decide(tx, proposal).await?;
    let act = if state == ProposalState::Confirmed { "outage.confirmed" } else { "outage.refused" };
    ledger::record(tx, actor, now, entry(act, case, proposal.id).because(&reason)).await?;
    Reply::ok(&OutagePostponement::from(proposal.clone()))
}
