//! What a caller sees of an award, and what it may do next until when.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use crate::{
    awards::{
        model::{Award, AwardDocument, AwardView, CandidatesView, Contract},
        rules::Standing,
        store,
    },
    identity::{Action, Object, authorize, cards},
    kernel::{Actor, AllowedAction, Problem, Refusal, Rejection, id::TenderId, time::hall_date},
    law::{Event, Lawbook, State},
    platform::{db::Tx, http::Reply},
    tenders::{self, Setting, Tender},
};

/// The award document after an act, with its version.
pub(super) async fn document(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    tender: &Tender,
) -> Result<(AwardDocument, i64), Problem> {
    let now = tx.hall_now().await?;
    assemble(tx.conn(), actor, law, tender, now).await
}

/// The answer of an act.
pub(super) async fn answer(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    tender: &Tender,
) -> Result<Reply, Problem> {
    let (document, version) = document(tx, actor, law, tender).await?;
    Ok(Reply::ok(&document)?.at_version(version))
}

/// The award document for a caller who may read it: parties and supervising bodies from the report on, everybody
/// once the notice of the result is out.
///
/// # Errors
/// 404.
pub async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    now: DateTime<Utc>,
) -> Result<(AwardDocument, i64), Problem> {
    let (tender, _) = tenders::permitted(conn, actor, Action::AwardRead, id).await?;
    assemble(conn, actor, law, &tender, now).await
}

/// The published candidates, for everybody.
///
/// # Errors
/// 404 before they are published.
pub async fn candidates(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: TenderId,
) -> Result<CandidatesView, Problem> {
    tenders::permitted(conn, actor, Action::TenderRead, id).await?;
    let list = store::list_of(conn, id).await?.ok_or_else(Rejection::not_found)?;
    Ok(list.into())
}

async fn assemble(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    law: &Lawbook,
    tender: &Tender,
    now: DateTime<Utc>,
) -> Result<(AwardDocument, i64), Problem> {
    let setting = tenders::setting(conn, law, tender, hall_date(now)).await?;
    let award = store::award_of(conn, tender.id).await?;
    let contract = store::contract_of(conn, tender.id).await?;
    let timeline = setting.law.timeline(&setting.procedure, setting.on, &setting.facts)?;
    let version = version_of(tender, &setting, award.as_ref(), contract.as_ref());
    let document = AwardDocument {
        tender_id: tender.id,
        phase: tender.phase,
        candidates: store::list_of(conn, tender.id).await?.map(CandidatesView::from),
        contract_signed_at: contract.as_ref().and_then(|contract| contract.signature).map(|(_, at)| at),
        written_report_at: store::report_of(conn, tender.id).await?.map(|report| report.made_at),
        timeline: timeline.into_iter().filter(|stone| stone.step >= State::CandidatesPublished).collect(),
        allowed_actions: allowed_actions(actor, tender, &setting, award.as_ref(), contract.as_ref(), now),
        award: match award {
            Some(award) => Some(award_view(conn, &award).await?),
            None => None,
        },
    };
    Ok((document, version))
}

/// Counts up with every part of the document: rows have versions, events are only ever added.
fn version_of(tender: &Tender, setting: &Setting, award: Option<&Award>, contract: Option<&Contract>) -> i64 {
    let events = i64::try_from(setting.facts.len()).unwrap_or(i64::MAX);
    let rows = award.map_or(0, |award| award.version) + contract.map_or(0, |contract| contract.version);
    tender.version.saturating_add(rows).saturating_add(events)
}

/// An award as answered.
///
/// # Errors
/// When the database is away.
pub async fn award_view(conn: &mut AsyncPgConnection, award: &Award) -> Result<AwardView, Problem> {
    let winner = cards(conn, &[award.winner]).await?.remove(&award.winner);
    Ok(AwardView {
        id: award.id,
        bid_id: award.bid,
        winner_id: award.winner,
        winner: winner.as_ref().map(crate::identity::Card::name).unwrap_or_default(),
        uscc: winner.map(|card| card.uscc).unwrap_or_default(),
        price: award.price,
        term_days: award.term_days,
        reason: award.reason.clone(),
        decided_at: award.decided_at,
        notified_at: award.told.map(|told| told.at),
        result_notice_id: award.told.map(|told| told.notice),
        loser_letters: award.told.map(|told| told.loser_letters),
    })
}

/// Every act from the report to the archive as it stands to the caller.
fn allowed_actions(
    actor: &Actor,
    tender: &Tender,
    setting: &Setting,
    award: Option<&Award>,
    contract: Option<&Contract>,
    now: DateTime<Utc>,
) -> Vec<AllowedAction> {
    let standing = Standing {
        procedure: &setting.procedure,
        phase: tender.phase,
        facts: &setting.facts,
        award,
        contract,
    };
    let may = |action| tenders::permit(actor, action, &setting.project, tender);
    let parties = setting.project.parties();
    let own = award.is_some_and(|award| actor.organisation() == Some(award.winner));
    let as_winner = || {
        let object = Object::of(&parties, tender.authority()).own(own);
        authorize(actor, Action::ContractSign, &object)?;
        if own { Ok(()) } else { Err(Problem::from(Rejection::forbidden())) }
    };
    let one = |name: &str, right: Result<(), Problem>, state: Result<(), Refusal>, event: Event| {
        let timely = || setting.permit(event, now).map(drop);
        let guard = right.and_then(|()| state.map_err(Problem::from)).and_then(|()| timely());
        until_latest(AllowedAction::from_guard(name, &guard), setting, event)
    };
    let returns = standing.returns();
    let next_return = match returns.as_deref() {
        Ok([event, ..]) => *event,
        _ => Event::DepositsReturned,
    };
    vec![
        one(
            "publishCandidates",
            may(Action::CandidatesPublish),
            standing.may_publish_candidates(),
            Event::CandidatesPublished,
        ),
        one("award", may(Action::AwardDecide), standing.may_decide(), Event::AwardDecided),
        one("notify", may(Action::AwardNotify), standing.may_tell().map(drop), Event::AwardNotice),
        one(
            "drawUpContract",
            may(Action::ContractSign),
            standing.may_draw_contract().map(drop),
            Event::ContractSigned,
        ),
        one("signContract", as_winner(), standing.may_sign().map(drop), Event::ContractSigned),
        one(
            "publishContract",
            may(Action::ContractPublish),
            standing.may_publish_contract().map(drop),
            Event::ContractPublished,
        ),
        one(
            "fileContract",
            may(Action::ContractFile),
            standing.may_file_contract().map(drop),
            Event::ContractFiled,
        ),
        one("writtenReport", may(Action::WrittenReport), standing.may_report(), Event::SupervisorReport),
        AllowedAction::from_guard("recordDeposits", &may(Action::DepositRecord)),
        one("returnDeposits", may(Action::DepositReturn), returns.map(drop), next_return),
    ]
}

/// Adds the last lawful moment where the procedure names one and the act has not been done.
fn until_latest(action: AllowedAction, setting: &Setting, event: Event) -> AllowedAction {
    let Setting { law, procedure, on, facts, .. } = setting;
    if facts.contains_key(&event) {
        return action;
    }
    match law.bounds(procedure, *on, event, facts) {
        Ok(bounds) => match bounds.latest {
            Some((latest, rule, _)) => action.until(latest, &rule.id),
            None => action,
        },
        Err(_) => action,
    }
}
