//! The evaluation over HTTP.

use actix_web::{get, post, web};

use crate::{
    evaluation::{
        model::{
            CheckedIn, EvaluationView, LowPriceReview, NewLowPriceVote, NewQualification, NewSheet,
            NewSignature, Qualified, ReportView, SheetSigned,
        },
        service, view,
    },
    identity::{Call, Key},
    kernel::{Problem, Seed, id::TenderId},
    law::Lawbook,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Problems, Reply},
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(read)
        .service(read_report)
        .service(check_in)
        .service(qualify)
        .service(start)
        .service(open_next_stage)
        .service(sign_sheet)
        .service(vote_on_low_price)
        .service(make_report)
        .service(sign_report)
        .service(deliver);
}

/// The evaluation as the caller may read it: members their bids and own sheet, the host numbers, supervisors all but
/// names, everybody the ranking with its arithmetic once it is lawful.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The evaluation", body = EvaluationView), Problems))]
#[get("/api/v1/tenders/{id}/evaluation")]
async fn read(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let now = read_hall_now(&mut conn).await?;
    let (view, version) = view::evaluation(&mut conn, &call.actor, &law, *id, now).await?;
    Ok(Reply::ok(&view)?.at_version(version))
}

/// The evaluation report 评审报告, by the same rule.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The report", body = ReportView), Problems))]
#[get("/api/v1/tenders/{id}/report")]
async fn read_report(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let now = read_hall_now(&mut conn).await?;
    Reply::ok(&view::report(&mut conn, &call.actor, &law, *id, now).await?)
}

/// Check in as a member. Whoever has a conflict with a bidder gives way to the next substitute.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Seated, or replaced", body = CheckedIn), Problems))]
#[post("/api/v1/tenders/{id}/evaluation/check-in")]
async fn check_in(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "evaluation.check_in", &call.meta.target, Key::Optional, async |tx| {
        service::check_in(tx, &call.actor, &law, *id).await
    })
    .await
}

/// Review qualification 资格审查 after the opening, where the purchaser or its agency does. Too few: the tender fails.
#[utoipa::path(tag = "evaluation", request_body = NewQualification,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Reviewed", body = Qualified), Problems))]
#[post("/api/v1/tenders/{id}/evaluation/qualification")]
async fn qualify(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<NewQualification>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "evaluation.qualify", &fingerprint, Key::Optional, async |tx| {
        service::qualify(tx, &call.actor, &law, *id, value.clone()).await
    })
    .await
}

/// Begin the evaluation: committee lawful and there; bids without a price or above the ceiling are rejected.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Begun", body = EvaluationView), Problems))]
#[post("/api/v1/tenders/{id}/evaluation/start")]
async fn start(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "evaluation.start", &call.meta.target, Key::Optional, async |tx| {
        service::start(tx, &call.actor, &law, *id).await
    })
    .await
}

/// Begin the next stage of the opening of divided bids 双信封, once every sheet is signed: the price parts of those who
/// passed are released and opened as the first ones were; those of the others stay sealed.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Begun", body = EvaluationView), Problems))]
#[post("/api/v1/tenders/{id}/opening/stages")]
async fn open_next_stage(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "evaluation.open_next_stage", &call.meta.target, Key::Optional, async |tx| {
        service::open_next_stage(tx, &call.actor, &law, *id).await
    })
    .await
}

/// Sign the own sheet, anew only to put unequal marks of facts right; nobody else sees it before the report.
#[utoipa::path(tag = "evaluation", request_body = NewSheet,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Signed", body = SheetSigned), Problems))]
#[post("/api/v1/tenders/{id}/scores")]
async fn sign_sheet(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<NewSheet>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "evaluation.sign_sheet", &fingerprint, Key::Optional, async |tx| {
        service::sign_sheet(tx, &call.actor, &law, *id, value.clone()).await
    })
    .await
}

/// Vote on the explanation of an abnormally low price 异常低价. More than half of the committee decides.
#[utoipa::path(tag = "evaluation", request_body = NewLowPriceVote,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The review as it stands", body = LowPriceReview), Problems))]
#[post("/api/v1/tenders/{id}/evaluation/low-price-decisions")]
async fn vote_on_low_price(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<NewLowPriceVote>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "evaluation.vote_on_low_price", &fingerprint, Key::Optional, async |tx| {
        service::vote_on_low_price(tx, &call.actor, &law, *id, value.clone()).await
    })
    .await
}

/// Let the system sum all sheets, score, rank and draw among equals. Made once.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The evaluation with its report", body = EvaluationView), Problems))]
#[post("/api/v1/tenders/{id}/report")]
async fn make_report(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "evaluation.make_report", &call.meta.target, Key::Optional, async |tx| {
        service::make_report(tx, &call.actor, &law, *id, Seed::draw).await
    })
    .await
}

/// Sign the report by its hash, or record dissent with a reason. The last signature ends the evaluation.
#[utoipa::path(tag = "evaluation", request_body = NewSignature,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Signed", body = EvaluationView), Problems))]
#[post("/api/v1/tenders/{id}/report/signatures")]
async fn sign_report(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<NewSignature>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "evaluation.sign_report", &fingerprint, Key::Optional, async |tx| {
        service::sign_report(tx, &call.actor, &law, *id, value.clone()).await
    })
    .await
}

/// Hand the signed report to the purchaser; lateness is recorded.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Delivered", body = EvaluationView), Problems))]
#[post("/api/v1/tenders/{id}/report/delivery")]
async fn deliver(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "evaluation.deliver", &call.meta.target, Key::Optional, async |tx| {
        service::deliver(tx, &call.actor, &law, *id).await
    })
    .await
}
