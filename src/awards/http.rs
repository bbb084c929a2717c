//! Candidates, award, contract, report and deposits over HTTP.

use actix_web::{HttpResponse, Responder, get, post, web};

use crate::{
    awards::{
        contracts, deposits,
        model::{
            AwardDocument, CandidatesView, ContractView, DecideAward, Deposit, DepositCounts, NewContract,
            NewReport, RecordDeposits,
        },
        service, view,
    },
    identity::{Call, Key},
    kernel::{Problem, id::TenderId},
    law::Lawbook,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Cursor, Page, PageQuery, Problems, Reply},
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(publish_candidates)
        .service(read_candidates)
        .service(decide)
        .service(read)
        .service(tell)
        .service(draw_up)
        .service(read_contract)
        .service(sign)
        .service(publish_contract)
        .service(file)
        .service(report)
        .service(record_deposits)
        .service(list_deposits)
        .service(return_deposits);
}

/// Publish the candidates 中标候选人公示. Refused where the procedure has no publicity.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The published candidates", body = CandidatesView), Problems))]
#[post("/api/v1/tenders/{id}/candidates")]
async fn publish_candidates(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.about(None, Some(*id));
    call.commit(&db, "awards.candidates", &call.meta.target, Key::Optional, async |tx| {
        service::publish_candidates(tx, &call.actor, &law, *id).await
    })
    .await
}

/// The published candidates with the end of the publicity.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The candidates", body = CandidatesView), Problems))]
#[get("/api/v1/tenders/{id}/candidates")]
async fn read_candidates(call: Call, id: web::Path<TenderId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&view::candidates(&mut conn, &call.actor, *id).await?)
}

/// Decide the award 定标. Only rank 1 can win; before the publicity is over the refusal tells the earliest moment.
#[utoipa::path(tag = "awards", request_body = DecideAward,
    params(("id" = TenderId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, description = "The award", body = AwardDocument), Problems))]
#[post("/api/v1/tenders/{id}/award")]
async fn decide(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<DecideAward>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.about(None, Some(*id));
    let Body { value, fingerprint } = body;
    call.commit(&db, "awards.decide", &fingerprint, Key::Required, async |tx| {
        service::decide(tx, &call.actor, &law, *id, value.clone()).await
    })
    .await
}

/// The award with its periods and what the caller may do next.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The award so far", body = AwardDocument), Problems))]
#[get("/api/v1/tenders/{id}/award")]
async fn read(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let now = read_hall_now(&mut conn).await?;
    let (document, version) = view::read(&mut conn, &call.actor, &law, *id, now).await?;
    Ok(Reply::ok(&document)?.at_version(version))
}

/// Tell the result 结果公告与通知书: notice, award notice and a letter to every loser in one act.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The award, told", body = AwardDocument), Problems))]
#[post("/api/v1/tenders/{id}/award/notices")]
async fn tell(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.about(None, Some(*id));
    call.commit(&db, "awards.tell", &call.meta.target, Key::Optional, async |tx| {
        service::tell(tx, &call.actor, &law, *id).await
    })
    .await
}

/// Draw up the contract and sign it as the purchaser. Price, subject and term must be those of bid and document.
#[utoipa::path(tag = "awards", request_body = NewContract,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The contract", body = ContractView), Problems))]
#[post("/api/v1/tenders/{id}/contract")]
async fn draw_up(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<NewContract>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.about(None, Some(*id));
    let Body { value, fingerprint } = body;
    call.commit(&db, "awards.drawUpContract", &fingerprint, Key::Optional, async |tx| {
        contracts::draw_up(tx, &call.actor, &law, *id, value.clone()).await
    })
    .await
}

/// The contract: for its parties and supervising bodies, and for everybody once it is published.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The contract", body = ContractView), Problems))]
#[get("/api/v1/tenders/{id}/contract")]
async fn read_contract(call: Call, id: web::Path<TenderId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let (contract, version) = contracts::read(&mut conn, &call.actor, *id).await?;
    Ok(Reply::ok(&contract)?.at_version(version))
}

/// Sign the contract as the winner.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The signed contract", body = ContractView), Problems))]
#[post("/api/v1/tenders/{id}/contract/signature")]
async fn sign(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.about(None, Some(*id));
    call.commit(&db, "awards.signContract", &call.meta.target, Key::Optional, async |tx| {
        contracts::sign(tx, &call.actor, &law, *id).await
    })
    .await
}

/// Publish the signed contract 合同公告.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The published contract", body = ContractView), Problems))]
#[post("/api/v1/tenders/{id}/contract/publish")]
async fn publish_contract(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.about(None, Some(*id));
    call.commit(&db, "awards.publishContract", &call.meta.target, Key::Optional, async |tx| {
        contracts::publish(tx, &call.actor, &law, *id).await
    })
    .await
}

/// File a copy of the signed contract with finance 合同备案.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The filed contract", body = ContractView), Problems))]
#[post("/api/v1/tenders/{id}/contract/filing")]
async fn file(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.about(None, Some(*id));
    call.commit(&db, "awards.fileContract", &call.meta.target, Key::Optional, async |tx| {
        contracts::file(tx, &call.actor, &law, *id).await
    })
    .await
}

/// Report to the supervising bodies 招标投标情况书面报告.
#[utoipa::path(tag = "awards", request_body = NewReport,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The award, reported", body = AwardDocument), Problems))]
#[post("/api/v1/tenders/{id}/written-report")]
async fn report(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<NewReport>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.about(None, Some(*id));
    let Body { value, fingerprint } = body;
    call.commit(&db, "awards.report", &fingerprint, Key::Optional, async |tx| {
        service::report(tx, &call.actor, &law, *id, value.clone()).await
    })
    .await
}

/// Record paid deposits 投标保证金 after the opening.
#[utoipa::path(tag = "awards", request_body = RecordDeposits,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "How many are recorded", body = DepositCounts), Problems))]
#[post("/api/v1/tenders/{id}/deposits")]
async fn record_deposits(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<RecordDeposits>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.about(None, Some(*id));
    let Body { value, fingerprint } = body;
    call.commit(&db, "awards.recordDeposits", &fingerprint, Key::Optional, async |tx| {
        deposits::record(tx, &call.actor, &law, *id, value.clone()).await
    })
    .await
}

/// Deposits of a tender, for its parties and supervising bodies.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path), PageQuery),
    responses((status = 200, description = "One page", body = Page<Deposit>), Problems))]
#[get("/api/v1/tenders/{id}/deposits")]
async fn list_deposits(
    call: Call,
    id: web::Path<TenderId>,
    query: web::Query<PageQuery>,
    db: web::Data<Db>,
) -> Result<impl Responder, Problem> {
    let (cursor, limit) = query.checked()?;
    let mut conn = db.read().await?;
    let rows = deposits::list(&mut conn, &call.actor, *id, cursor, limit).await?;
    let page = Page::from_rows(rows, limit, |deposit| Cursor { at: deposit.recorded_at, id: deposit.id });
    let link = page.link(&format!("/api/v1/tenders/{id}/deposits"));
    Ok(HttpResponse::Ok()
        .insert_header(("Link", link))
        .insert_header(("Cache-Control", "no-store"))
        .json(page))
}

/// Return every deposit that is due back 退还保证金.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The award, deposits returned", body = AwardDocument), Problems))]
#[post("/api/v1/tenders/{id}/deposits/return")]
async fn return_deposits(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.about(None, Some(*id));
    call.commit(&db, "awards.returnDeposits", &call.meta.target, Key::Optional, async |tx| {
        deposits::give_back(tx, &call.actor, &law, *id).await
    })
    .await
}
