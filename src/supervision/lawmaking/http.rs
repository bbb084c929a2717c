//! Changes of the law over HTTP.

use actix_web::{HttpResponse, Responder, get, post, web};

use super::{
    self as lawmaking,
    model::{CalendarText, Confirmed, LawChangeLine, LawChangeView, LawFiles, NewEdition, SentBack},
};
use crate::{
    identity::{Call, Key},
    kernel::{Problem, id::EditionId},
    law::Lawbook,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Page, PageQuery, Problems, Reply},
    },
};

/// Collects the routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(enter_edition)
        .service(enter_calendar)
        .service(list_changes)
        .service(read_change)
        .service(change_files)
        .service(approve_change)
        .service(refuse_change);
}

/// Enter files that a new edition of the law changes, as the administrator. It is checked as a whole and comes into
/// force by the supervision office; projects whose first notice is out keep theirs.
#[utoipa::path(tag = "law", request_body = NewEdition, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The change, and what it says", body = LawChangeView), Problems))]
#[post("/api/v1/law/editions")]
async fn enter_edition(
    call: Call,
    body: Body<NewEdition>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "law.enter", &fingerprint, Key::Optional, async |tx| {
        lawmaking::enter_edition(tx, &call.actor, &law, value.clone()).await
    })
    .await
}

/// Enter a year of the working-day calendar, as the administrator: a year that is not known yet, or a changed one.
#[utoipa::path(tag = "law", request_body = CalendarText, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The change, and every deadline it moves", body = LawChangeView), Problems))]
#[post("/api/v1/law/calendars")]
async fn enter_calendar(
    call: Call,
    body: Body<CalendarText>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "law.enter", &fingerprint, Key::Optional, async |tx| {
        lawmaking::enter_calendar(tx, &call.actor, &law, &value).await
    })
    .await
}

/// Changes of the law, newest first: all editions and years of the calendar the hall has had, and for those who enter
/// or supervise also what waits and what was refused.
#[utoipa::path(tag = "law", params(PageQuery),
    responses((status = 200, description = "One page", body = Page<LawChangeLine>), Problems))]
#[get("/api/v1/law/changes")]
async fn list_changes(
    call: Call,
    query: web::Query<PageQuery>,
    db: web::Data<Db>,
) -> Result<impl Responder, Problem> {
    let mut conn = db.read().await?;
    let page = lawmaking::list(&mut conn, &call.actor, &query).await?;
    let link = page.link("/api/v1/law/changes");
    Ok(HttpResponse::Ok()
        .insert_header(("Link", link))
        .insert_header(("Cache-Control", "no-store"))
        .json(page))
}

/// One change. While it waits: what it changes in words, every deadline under way that it moves, and the digest of
/// both that an approval names.
#[utoipa::path(tag = "law", params(("id" = EditionId, Path)),
    responses((status = 200, description = "The change", body = LawChangeView), Problems))]
#[get("/api/v1/law/changes/{id}")]
async fn read_change(
    call: Call,
    id: web::Path<EditionId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let now = read_hall_now(&mut conn).await?;
    Reply::ok(&lawmaking::read(&mut conn, &call.actor, &law, *id, now).await?)
}

/// The texts of a change, as they were entered.
#[utoipa::path(tag = "law", params(("id" = EditionId, Path)),
    responses((status = 200, description = "The texts by path", body = LawFiles), Problems))]
#[get("/api/v1/law/changes/{id}/files")]
async fn change_files(call: Call, id: web::Path<EditionId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&LawFiles { files: lawmaking::files(&mut conn, &call.actor, *id).await? })
}

/// Put a change into force, as the supervision office, after reading what it changes and moves. Where the lists have
/// changed since they were read, the refusal `list-changed` carries them anew.
#[utoipa::path(tag = "law", request_body = Confirmed,
    params(("id" = EditionId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The change, in force", body = LawChangeView), Problems))]
#[post("/api/v1/law/changes/{id}/approve")]
async fn approve_change(
    call: Call,
    id: web::Path<EditionId>,
    body: Body<Confirmed>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "law.approve", &fingerprint, Key::Optional, async |tx| {
        lawmaking::approve(tx, &call.actor, &law, *id, &value.confirmation).await
    })
    .await
}

/// Send a change back, as the supervision office, with the reason.
#[utoipa::path(tag = "law", request_body = SentBack,
    params(("id" = EditionId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The change, refused", body = LawChangeView), Problems))]
#[post("/api/v1/law/changes/{id}/refuse")]
async fn refuse_change(
    call: Call,
    id: web::Path<EditionId>,
    body: Body<SentBack>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "law.refuse", &fingerprint, Key::Optional, async |tx| {
        lawmaking::refuse(tx, &call.actor, *id, &value.reason).await
    })
    .await
}
