//! Award records, findings and histories over HTTP.

use actix_web::{HttpResponse, Responder, get, post, web};

use crate::{
    identity::{Call, Key},
    kernel::{
        Problem,
        id::{AwardId, ProjectId},
    },
    law::Lawbook,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Page, Problems, Reply},
    },
    supervision::{
        model::{AwardFilter, AwardLine, AwardRecord, HistoryLine, HistoryQuery, NewReview, ReviewView},
        service,
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(list)
        .service(read)
        .service(review)
        .service(history)
        .configure(super::lawmaking::http::routes)
        .configure(super::clock::routes);
}

/// Awards within the caller's supervising duty, newest first.
#[utoipa::path(tag = "supervision", params(AwardFilter),
    responses((status = 200, description = "One page", body = Page<AwardLine>), Problems))]
#[get("/api/v1/awards")]
async fn list(
    call: Call,
    query: web::Query<AwardFilter>,
    db: web::Data<Db>,
) -> Result<impl Responder, Problem> {
    let mut conn = db.read().await?;
    let page = service::list(&mut conn, &call.actor, &query).await?;
    let link = page.link("/api/v1/awards");
    Ok(HttpResponse::Ok()
        .insert_header(("Link", link))
        .insert_header(("Cache-Control", "no-store"))
        .json(page))
}

/// Everything that led to an award in one document: venue decision, document, opening record, rejections with their
/// grounds, every member's sheet, the arithmetic, candidates, notices, contract and entries of the record.
#[utoipa::path(tag = "supervision", params(("id" = AwardId, Path)),
    responses((status = 200, description = "The award record", body = AwardRecord), Problems))]
#[get("/api/v1/awards/{id}")]
async fn read(
    call: Call,
    id: web::Path<AwardId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let now = read_hall_now(&mut conn).await?;
    Reply::ok(&service::record(&mut conn, &call.actor, &law, *id, now).await?)
}

/// Make a finding on an award within one's duty. It is recorded and changes nothing.
#[utoipa::path(tag = "supervision", request_body = NewReview,
    params(("id" = AwardId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The finding", body = ReviewView), Problems))]
#[post("/api/v1/awards/{id}/reviews")]
async fn review(
    call: Call,
    id: web::Path<AwardId>,
    body: Body<NewReview>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "supervision.review", &fingerprint, Key::Optional, async |tx| {
        service::review(tx, &call.actor, *id, value.clone()).await
    })
    .await
}

/// A project's whole history from the record, first to last; entries of bids once their opening has begun.
#[utoipa::path(tag = "supervision", params(("id" = ProjectId, Path), HistoryQuery),
    responses((status = 200, description = "One page", body = Page<HistoryLine>), Problems))]
#[get("/api/v1/projects/{id}/history")]
async fn history(
    call: Call,
    id: web::Path<ProjectId>,
    query: web::Query<HistoryQuery>,
    db: web::Data<Db>,
) -> Result<impl Responder, Problem> {
    let mut conn = db.read().await?;
    let page = service::history(&mut conn, &call.actor, *id, &query).await?;
    let next = page.next.as_ref();
    let link = next
        .map(|leaf| format!("</api/v1/projects/{id}/history?after={leaf}>; rel=\"next\""))
        .unwrap_or_default();
    Ok(HttpResponse::Ok()
        .insert_header(("Link", link))
        .insert_header(("Cache-Control", "no-store"))
        .json(page))
}
