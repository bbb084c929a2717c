//! The evaluation over HTTP.

use actix_web::{get, post, web};

use crate::{
    evaluation::{
        members,
        model::{
            CheckedIn, EvaluationView, LowPriceReview, NewLowPriceVote, NewQualification, NewSheet,
            NewSignature, Qualified, ReportView, SheetSigned,
        },
        service, view,
    },
    identity::Call,
    kernel::{Problem, Seed, id::TenderId},
    law::Lawbook,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Problems, Reply},
    },
    tenders::Matter,
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
async fn read(matter: Matter) -> Result<Reply, Problem> {
    matter.read(view::evaluation).await
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
async fn check_in(matter: Matter) -> Result<Reply, Problem> {
    matter.act("evaluation.check_in", members::check_in).await
}

/// Review qualification 资格审查 after the opening, where the purchaser or its agency does. Too few: the tender fails.
#[utoipa::path(tag = "evaluation", request_body = NewQualification,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Reviewed", body = Qualified), Problems))]
#[post("/api/v1/tenders/{id}/evaluation/qualification")]
async fn qualify(matter: Matter, body: Body<NewQualification>) -> Result<Reply, Problem> {
    matter.act_on("evaluation.qualify", body, service::qualify).await
}

/// Begin the evaluation: committee lawful and there; bids without a price or above the ceiling are rejected.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Begun", body = EvaluationView), Problems))]
#[post("/api/v1/tenders/{id}/evaluation/start")]
async fn start(matter: Matter) -> Result<Reply, Problem> {
    matter.act("evaluation.start", service::start).await
}

/// Begin the next stage of the opening of divided bids 双信封, once every sheet is signed: the price parts of those who
/// passed are released and opened as the first ones were; those of the others stay sealed.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Begun", body = EvaluationView), Problems))]
#[post("/api/v1/tenders/{id}/opening/stages")]
async fn open_next_stage(matter: Matter) -> Result<Reply, Problem> {
    matter.act("evaluation.open_next_stage", service::open_next_stage).await
}

/// Sign the own sheet, anew only to put unequal marks of facts right; nobody else sees it before the report.
#[utoipa::path(tag = "evaluation", request_body = NewSheet,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Signed", body = SheetSigned), Problems))]
#[post("/api/v1/tenders/{id}/scores")]
async fn sign_sheet(matter: Matter, body: Body<NewSheet>) -> Result<Reply, Problem> {
    matter.act_on("evaluation.sign_sheet", body, members::sign_sheet).await
}

/// Vote on the explanation of an abnormally low price 异常低价. More than half of the committee decides.
#[utoipa::path(tag = "evaluation", request_body = NewLowPriceVote,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The review as it stands", body = LowPriceReview), Problems))]
#[post("/api/v1/tenders/{id}/evaluation/low-price-decisions")]
async fn vote_on_low_price(matter: Matter, body: Body<NewLowPriceVote>) -> Result<Reply, Problem> {
    matter.act_on("evaluation.vote_on_low_price", body, members::vote_on_low_price).await
}

/// Let the system sum all sheets, score, rank and draw among equals. Made once.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The evaluation with its report", body = EvaluationView), Problems))]
#[post("/api/v1/tenders/{id}/report")]
async fn make_report(matter: Matter) -> Result<Reply, Problem> {
    matter
        .act("evaluation.make_report", async |tx, actor, law, id| {
            service::make_report(tx, actor, law, id, Seed::draw).await
        })
        .await
}

/// Sign the report by its hash, or record dissent with a reason. The last signature ends the evaluation.
#[utoipa::path(tag = "evaluation", request_body = NewSignature,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Signed", body = EvaluationView), Problems))]
#[post("/api/v1/tenders/{id}/report/signatures")]
async fn sign_report(matter: Matter, body: Body<NewSignature>) -> Result<Reply, Problem> {
    matter.act_on("evaluation.sign_report", body, members::sign_report).await
}

/// Hand the signed report to the purchaser; lateness is recorded.
#[utoipa::path(tag = "evaluation", params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Delivered", body = EvaluationView), Problems))]
#[post("/api/v1/tenders/{id}/report/delivery")]
async fn deliver(matter: Matter) -> Result<Reply, Problem> {
    matter.act("evaluation.deliver", service::deliver).await
}
