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
    platform::{
        db::Db,
        http::{Body, Cursor, Page, PageQuery, Problems, Reply},
    },
    tenders::Matter,
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
async fn publish_candidates(matter: Matter) -> Result<Reply, Problem> {
    matter.in_history().act("awards.candidates", service::publish_candidates).await
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
async fn decide(matter: Matter, body: Body<DecideAward>) -> Result<Reply, Problem> {
    let Matter { call, id, db, law } = matter.in_history();
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "awards.decide", &fingerprint, Key::Required, async |tx| {
        service::decide(tx, &call.actor, &law, id, value).await
    })
    .await
}

/// The award with its periods and what the caller may do next.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The award so far", body = AwardDocument), Problems))]
#[get("/api/v1/tenders/{id}/award")]
async fn read(matter: Matter) -> Result<Reply, Problem> {
    matter.read(view::read).await
}

/// Tell the result 结果公告与通知书: notice, award notice and a letter to every loser in one act.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The award, told", body = AwardDocument), Problems))]
#[post("/api/v1/tenders/{id}/award/notices")]
async fn tell(matter: Matter) -> Result<Reply, Problem> {
    matter.in_history().act("awards.tell", service::tell).await
}

/// Draw up the contract and sign it as the purchaser. Price, subject and term must be those of bid and document.
#[utoipa::path(tag = "awards", request_body = NewContract,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The contract", body = ContractView), Problems))]
#[post("/api/v1/tenders/{id}/contract")]
async fn draw_up(matter: Matter, body: Body<NewContract>) -> Result<Reply, Problem> {
    matter.in_history().act_on("awards.drawUpContract", body, contracts::draw_up).await
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
async fn sign(matter: Matter) -> Result<Reply, Problem> {
    matter.in_history().act("awards.signContract", contracts::sign).await
}

/// Publish the signed contract 合同公告.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The published contract", body = ContractView), Problems))]
#[post("/api/v1/tenders/{id}/contract/publish")]
async fn publish_contract(matter: Matter) -> Result<Reply, Problem> {
    matter.in_history().act("awards.publishContract", contracts::publish).await
}

/// File a copy of the signed contract with finance 合同备案.
#[utoipa::path(tag = "awards", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The filed contract", body = ContractView), Problems))]
#[post("/api/v1/tenders/{id}/contract/filing")]
async fn file(matter: Matter) -> Result<Reply, Problem> {
    matter.in_history().act("awards.fileContract", contracts::file).await
}

/// Report to the supervising bodies 招标投标情况书面报告.
#[utoipa::path(tag = "awards", request_body = NewReport,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The award, reported", body = AwardDocument), Problems))]
#[post("/api/v1/tenders/{id}/written-report")]
async fn report(matter: Matter, body: Body<NewReport>) -> Result<Reply, Problem> {
    matter.in_history().act_on("awards.report", body, service::report).await
}

/// Record paid deposits 投标保证金 after the opening.
#[utoipa::path(tag = "awards", request_body = RecordDeposits,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "How many are recorded", body = DepositCounts), Problems))]
#[post("/api/v1/tenders/{id}/deposits")]
async fn record_deposits(matter: Matter, body: Body<RecordDeposits>) -> Result<Reply, Problem> {
    matter.in_history().act_on("awards.recordDeposits", body, deposits::record).await
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
async fn return_deposits(matter: Matter) -> Result<Reply, Problem> {
    matter.in_history().act("awards.returnDeposits", deposits::give_back).await
}
