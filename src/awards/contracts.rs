//! Use cases of the contract: drawn up by the purchaser, signed by the winner, published and filed.

use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use crate::{
    awards::{
        act::Act,
        model::{Award, Contract, ContractView, NewContract},
        publication, rules, store,
    },
    identity::{Action, Object, authorize, cards},
    kernel::{Actor, Code, Problem, Refusal, Rejection, Say, id::TenderId},
    law::{Event, Lawbook},
    notices::{self, NoticeKind},
    platform::{
        db::{OnConstraint, Tx},
        http::Reply,
    },
    projects::Project,
    tenders::{self, Tender, TenderPhase},
};

/// The purchaser draws up the contract and signs it.
///
/// # Errors
/// 403, 404, 409: before the award notice, for a second one, or when it differs from bid and document
/// (`contract-differs`, TG-13); 422.
pub async fn draw_up(
    tx: &mut Tx<'_>,
    actor: &Actor,
    law: &Lawbook,
    id: TenderId,
    asked: NewContract,
) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let mut act = Act::begin(tx, law, id, "contract.drawnUp").await?;
    act.authorise(tx, actor, Action::ContractSign).await?;
    let award = act.standing().may_draw_contract()?.clone();
    // Only judged, not noted: the contract stands when the winner signs too.
    act.setting.permit(Event::ContractSigned, act.now)?;
    let (procedure, on) = (&act.setting.procedure, act.setting.on);
    let law = &act.setting.law;
    let subject = rules::contract_fits(law, procedure, on, (&award, &act.tender.document), &asked, act.now)?;
    let contract = Contract {
        id: Uuid::new_v4(),
        award: award.id,
        tender: id,
        subject,
        amount: asked.amount,
        term_days: asked.term_days,
        performance_bond: asked.performance_bond,
        signed_on: asked.signed_on,
        drawn_by: account.0,
        drawn_at: act.now,
        signature: None,
        publication: None,
        filing: None,
        version: 1,
    };
    store::insert_contract(tx, &contract).await.on_constraint("contracts_once", || {
        Refusal::new(Code::Duplicate, Say::new("合同已经拟定。", "The contract is drawn up already."))
    })?;
    act.row("contracts", contract.id);
    let project = act.setting.project.clone();
    let tender = act.finish(tx, actor).await?;
    let view = view_of(&contract, &award, &project, &tender);
    Ok(Reply::created(format!("/api/v1/tenders/{id}/contract"), &view)?.at_version(contract.version))
}

/// The winner signs: from now on the contract stands.
///
/// # Errors
/// 403 for anybody else, 404, 409 before it is drawn up or when it is signed.
pub async fn sign(tx: &mut Tx<'_>, actor: &Actor, law: &Lawbook, id: TenderId) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let mut act = Act::begin(tx, law, id, "contract.signed").await?;
    let winner = act.award.as_ref().map(|award| award.winner);
    act.authorise_own(tx, actor, Action::ContractSign, winner).await?;
    let mut contract = act.standing().may_sign()?.clone();
    act.note(tx, Event::ContractSigned).await?;
    act.advance(tx, TenderPhase::Contracted).await?;
    contract.signature = Some((account.0, act.now));
    save(tx, actor, act, contract).await
}

/// 合同公告: the signed contract becomes public.
///
/// # Errors
/// 403, 404, 409 before it is signed or when it is public.
pub async fn publish(tx: &mut Tx<'_>, actor: &Actor, law: &Lawbook, id: TenderId) -> Result<Reply, Problem> {
    let mut act = Act::begin(tx, law, id, "contract.published").await?;
    act.authorise(tx, actor, Action::ContractPublish).await?;
    let mut contract = act.standing().may_publish_contract()?.clone();
    act.note(tx, Event::ContractPublished).await?;
    let project = &act.setting.project;
    let mut bodies = vec![project.purchaser];
    bodies.extend(act.award.as_ref().map(|award| award.winner));
    let names = cards(tx.conn(), &bodies).await?;
    let sections = publication::contract_notice(&act.tender, &contract, &bodies, &names);
    let draft = tenders::publication::draft(NoticeKind::Contract, project, &act.tender, sections);
    contract.publication = Some((notices::publish(tx, actor, act.now, draft).await?, act.now));
    save(tx, actor, act, contract).await
}

/// 合同备案: a copy is filed with finance.
///
/// # Errors
/// 403, 404, 409 before it is signed or when it is filed.
pub async fn file(tx: &mut Tx<'_>, actor: &Actor, law: &Lawbook, id: TenderId) -> Result<Reply, Problem> {
    let account = actor.account().ok_or_else(Rejection::unauthenticated)?.account;
    let mut act = Act::begin(tx, law, id, "contract.filed").await?;
    act.authorise(tx, actor, Action::ContractFile).await?;
    let mut contract = act.standing().may_file_contract()?.clone();
    act.note(tx, Event::ContractFiled).await?;
    contract.filing = Some((account.0, act.now));
    save(tx, actor, act, contract).await
}

async fn save(
    tx: &mut Tx<'_>,
    actor: &Actor,
    mut act: Act,
    mut contract: Contract,
) -> Result<Reply, Problem> {
    let award =
        act.award.clone().ok_or_else(|| Problem::internal(anyhow::anyhow!("a contract without an award")))?;
    let project = act.setting.project.clone();
    store::update_contract(tx, &mut contract).await?;
    act.row("contracts", contract.id);
    let tender = act.finish(tx, actor).await?;
    Ok(Reply::ok(&view_of(&contract, &award, &project, &tender))?.at_version(contract.version))
}

/// The contract for a caller who may read it: parties, winner and supervising bodies at once, everybody once it is
/// published.
///
/// # Errors
/// 404.
pub async fn read(
    conn: &mut AsyncPgConnection,
    actor: &Actor,
    id: TenderId,
) -> Result<(ContractView, i64), Problem> {
    let (tender, project) = tenders::permitted(conn, actor, Action::TenderRead, id).await?;
    let award = store::award_of(conn, id).await?.ok_or_else(Rejection::not_found)?;
    let contract = store::contract_of(conn, id).await?.ok_or_else(Rejection::not_found)?;
    if contract.publication.is_none() {
        let parties = project.parties();
        let object = Object::of(&parties, tender.authority());
        authorize(actor, Action::ContractRead, &object.own(actor.organisation() == Some(award.winner)))?;
    }
    Ok((view_of(&contract, &award, &project, &tender), contract.version))
}

/// The contract as answered.
pub fn view_of(contract: &Contract, award: &Award, project: &Project, tender: &Tender) -> ContractView {
    ContractView {
        tender_id: contract.tender,
        phase: tender.phase,
        award_id: contract.award,
        purchaser_id: project.purchaser,
        supplier_id: award.winner,
        subject: contract.subject.clone(),
        amount: contract.amount,
        term_days: contract.term_days,
        performance_bond: contract.performance_bond,
        signed_on: contract.signed_on,
        drawn_at: contract.drawn_at,
        signed_at: contract.signature.map(|(_, at)| at),
        published_at: contract.publication.map(|(_, at)| at),
        notice_id: contract.publication.map(|(notice, _)| notice),
        filed_at: contract.filing.map(|(_, at)| at),
    }
}
