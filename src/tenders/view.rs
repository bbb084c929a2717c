//! What a caller sees of a tender, and what it may do next.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::{
    holders,
    identity::Action,
    kernel::{Actor, AllowedAction, Problem, id::TenderId, time::hall_date},
    law::Lawbook,
    platform::{db::Tx, http::Reply},
    tenders::{
        lifecycle::TenderPhase,
        model::{Clarification, Tender, TenderView},
        publication::{self, Circumstances},
        sealing,
        service::{Setting, drafting, permit, permitted, setting, taking_bids},
        store,
    },
    timekeeping,
};

/// The answer of an act.
pub(super) async fn answer(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    tender: &Tender,
    now: DateTime<Utc>,
) -> Result<Reply, Problem> {
    Ok(Reply::ok(&view(tx.conn(), actor, law, tender, now).await?)?.at_version(tender.version))
}

/// The tender for a caller who may read it.
///
/// # Errors
/// 404 when it is absent or not for the caller to know.
pub async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    now: DateTime<Utc>,
) -> Result<(TenderView, i64), Problem> {
    let (tender, _) = permitted(conn, actor, Action::TenderRead, id).await?;
    Ok((view(conn, actor, law, &tender, now).await?, tender.version))
}

pub(super) async fn view(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    tender: &Tender,
    now: DateTime<Utc>,
) -> Result<TenderView, Problem> {
    let setting = setting(conn, law, tender, hall_date(now)).await?;
    let place = store::place_at(conn, tender.id, tender.deadline).await?;
    let standing = sealing::standing(conn, tender).await?;
    let drafting = tender.phase == TenderPhase::Draft;
    let bodies = if drafting { sealing::bodies(conn, tender, &setting.project).await? } else { None };
    let clarifications: Vec<Clarification> = store::clarifications(conn, tender.id).await?;
    let circumstances = Circumstances {
        project: &setting.project,
        procedure: &setting.procedure,
        on: setting.on,
        place: place.as_ref(),
        now,
        facts: &setting.facts,
        bodies: bodies.as_deref(),
    };
    Ok(TenderView {
        allowed_actions: allowed_actions(actor, tender, &setting, &circumstances, standing.as_ref()),
        id: tender.id,
        code: tender.code.clone(),
        section_code: tender.section_code(),
        document_code: tender.document_code.clone(),
        deal_code: tender.deal_code.clone(),
        project_id: tender.project,
        lot_no: tender.lot_no,
        round: tender.round,
        centre_code: tender.centre_code.clone(),
        category: setting.project.category,
        title: tender.title.clone(),
        procedure_id: tender.procedure_id.clone(),
        document: tender.document.clone(),
        document_hash: hex::encode(tender.document_hash),
        approved: tender.approval.is_some_and(|approval| approval.hash == tender.document_hash),
        approved_at: tender.approval.map(|approval| approval.at),
        offered_until: tender.offered_until,
        deadline: tender.deadline,
        phase: visible_phase(tender),
        published_at: tender.published_at,
        law_on: tender.law_on,
        timeline: setting.law.timeline(&setting.procedure, setting.on, &setting.facts)?,
        opening_waits: opening_waits(conn, tender, now).await?,
        place,
        clarifications,
        seal_light: sealing::light(conn, actor, tender, &setting.project, now).await?,
        seal_policy: standing.map(|standing| holders::service::line(&standing.settled, &standing.health)),
        ended_reason: tender.ended.as_ref().map(|(reason, _)| reason.clone()),
    })
}

/// Whether the deadline has passed and close and opening wait for a decision over the clock.
///
/// # Errors
/// When the database is away.
pub async fn opening_waits(
    conn: &mut AsyncPgConnection,
    tender: &Tender,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let due = matches!(tender.phase, TenderPhase::Published | TenderPhase::Closed) && now >= tender.deadline;
    Ok(due && timekeeping::store::is_suspect(conn).await?)
}

/// The close tells nothing that the clock did not tell; whoever reads sees the phase as it is.
fn visible_phase(tender: &Tender) -> TenderPhase {
    tender.phase
}

fn allowed_actions(
    actor: &Actor,
    tender: &Tender,
    setting: &Setting,
    at: &Circumstances<'_>,
    standing: Option<&sealing::Standing>,
) -> Vec<AllowedAction> {
    let may = |action| permit(actor, action, &setting.project, tender);
    let in_draft = || drafting(tender).map_err(Problem::from);
    let bidding = || taking_bids(tender, at.now).map_err(Problem::from);
    let ending = || tender.phase.to(TenderPhase::Terminated).map(drop).map_err(Problem::from);
    let publishing = || {
        tender.phase.to(TenderPhase::Published)?;
        publication::may_publish(&setting.law, tender, at)
    };
    let submit = AllowedAction::from_guard("submitBid", &may(Action::BidSubmit).and_then(|()| bidding()));
    let mut actions = vec![
        AllowedAction::from_guard("amend", &may(Action::TenderDraft).and_then(|()| in_draft())),
        AllowedAction::from_guard("approve", &may(Action::TenderApprove).and_then(|()| in_draft())),
        AllowedAction::from_guard("publish", &may(Action::TenderPublish).and_then(|()| publishing())),
        AllowedAction::from_guard("clarify", &may(Action::TenderClarify).and_then(|()| bidding())),
        AllowedAction::from_guard("postpone", &may(Action::TenderPostpone).and_then(|()| bidding())),
        AllowedAction::from_guard("terminate", &may(Action::TenderTerminate).and_then(|()| ending())),
        AllowedAction { deadline: Some(tender.deadline), ..submit },
    ];
    if let Some(standing) = standing {
        let hours = setting.law.settings().reseal_hours;
        let following = || {
            bidding()?;
            Ok(holders::rules::may_follow(&standing.health, hours, tender.deadline, at.now)?)
        };
        let guard = may(Action::SealPolicySettle).and_then(|()| following());
        actions.push(AllowedAction::from_guard("settleSealPolicy", &guard));
    }
    actions
}
