//! Projects over HTTP.

use actix_web::{HttpResponse, Responder, get, patch, post, web};

use crate::{
    identity::{Call, Key},
    jurisdiction::Jurisdictions,
    kernel::{Problem, id::ProjectId},
    platform::{
        db::Db,
        http::{Body, Cursor, Page, PageQuery, Problems, Reply},
    },
    projects::{
        model::{
            Because, NewProject, ProjectChange, ProjectLine, ProjectView, SplitSuspect, SuspectFilter,
            VenueAnswer,
        },
        service, store, venue,
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(register)
        .service(read)
        .service(list)
        .service(amend)
        .service(accept)
        .service(clear_split)
        .service(apply_for_venue)
        .service(decide_venue)
        .service(suspects);
}

/// Register a project 进场登记. The answer tells where it must trade and why.
#[utoipa::path(tag = "projects", request_body = NewProject, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "Registered", body = ProjectView), Problems))]
#[post("/api/v1/projects")]
async fn register(
    call: Call,
    body: Body<NewProject>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "projects.register", &fingerprint, Key::Optional, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        service::register(tx, &call.actor, &jurisdiction, value.clone()).await
    })
    .await
}

/// One project with its venue decisions, the last of which is in force.
#[utoipa::path(tag = "projects", params(("id" = ProjectId, Path)),
    responses((status = 200, description = "The project", body = ProjectView), Problems))]
#[get("/api/v1/projects/{id}")]
async fn read(call: Call, id: web::Path<ProjectId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let (view, version) = service::read(&mut conn, &call.actor, *id).await?;
    Ok(Reply::ok(&view)?.at_version(version))
}

/// Projects the caller may see, newest first.
#[utoipa::path(tag = "projects", params(PageQuery),
    responses((status = 200, description = "One page", body = Page<ProjectLine>), Problems))]
#[get("/api/v1/projects")]
async fn list(
    call: Call,
    query: web::Query<PageQuery>,
    db: web::Data<Db>,
) -> Result<impl Responder, Problem> {
    let (cursor, limit) = query.checked()?;
    let mut conn = db.read().await?;
    let rows = store::list(&mut conn, &service::reach_of(&call.actor), cursor, limit).await?;
    let page = Page::from_rows(rows, limit, |line| Cursor { at: line.registered_at, id: line.id.0 });
    Ok(HttpResponse::Ok().insert_header(("Link", page.link("/api/v1/projects"))).json(page))
}

/// Change a registration before the first notice. Amounts that move make a new venue decision.
#[utoipa::path(tag = "projects", request_body = ProjectChange,
    params(("id" = ProjectId, Path), ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The changed project", body = ProjectView), Problems))]
#[patch("/api/v1/projects/{id}")]
async fn amend(
    call: Call,
    id: web::Path<ProjectId>,
    body: Body<ProjectChange>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "projects.amend", &fingerprint, Key::Optional, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        let expect = |version| call.meta.expect_version(version);
        service::amend(tx, &call.actor, &jurisdiction, *id, expect, value.clone()).await
    })
    .await
}

/// The centre's form check 进场登记受理.
#[utoipa::path(tag = "projects", params(("id" = ProjectId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The accepted project", body = ProjectView), Problems))]
#[post("/api/v1/projects/{id}/accept")]
async fn accept(
    call: Call,
    id: web::Path<ProjectId>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "projects.accept", &call.meta.target, Key::Optional, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        service::accept(tx, &call.actor, &jurisdiction, *id).await
    })
    .await
}

/// Clear a suspicion of splitting in writing 书面排除拆分嫌疑 (AMB-7). The project then goes where the rules send it.
#[utoipa::path(tag = "projects", request_body = Because,
    params(("id" = ProjectId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The cleared project", body = ProjectView), Problems))]
#[post("/api/v1/projects/{id}/split-clearance")]
async fn clear_split(
    call: Call,
    id: web::Path<ProjectId>,
    body: Body<Because>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "projects.clearSplit", &fingerprint, Key::Optional, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        venue::clear_split(tx, &call.actor, &jurisdiction, *id, value.clone()).await
    })
    .await
}

/// Ask to leave the league's centre after the figure sank below the thresholds (AMB-8).
#[utoipa::path(tag = "projects", request_body = Because,
    params(("id" = ProjectId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The project with its application", body = ProjectView), Problems))]
#[post("/api/v1/projects/{id}/venue-application")]
async fn apply_for_venue(
    call: Call,
    id: web::Path<ProjectId>,
    body: Body<Because>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "projects.applyForVenue", &fingerprint, Key::Optional, async |tx| {
        venue::apply(tx, &call.actor, *id, value.clone()).await
    })
    .await
}

/// Answer an application to leave the league's centre (AMB-8).
#[utoipa::path(tag = "projects", request_body = VenueAnswer,
    params(("id" = ProjectId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The project as it now trades", body = ProjectView), Problems))]
#[post("/api/v1/projects/{id}/venue-application/decision")]
async fn decide_venue(
    call: Call,
    id: web::Path<ProjectId>,
    body: Body<VenueAnswer>,
    db: web::Data<Db>,
    jurisdiction: web::Data<Jurisdictions>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "projects.decideVenue", &fingerprint, Key::Optional, async |tx| {
        let jurisdiction = jurisdiction.in_force(tx.conn()).await?;
        venue::answer(tx, &call.actor, &jurisdiction, *id, value.clone()).await
    })
    .await
}

/// Suspicions of splitting within the caller's supervising duty, newest first (AMB-7).
#[utoipa::path(tag = "projects", params(SuspectFilter),
    responses((status = 200, description = "One page", body = Page<SplitSuspect>), Problems))]
#[get("/api/v1/split-suspects")]
async fn suspects(
    call: Call,
    query: web::Query<SuspectFilter>,
    db: web::Data<Db>,
) -> Result<impl Responder, Problem> {
    let mut conn = db.read().await?;
    let page = venue::suspects(&mut conn, &call.actor, &query).await?;
    let link = page.link("/api/v1/split-suspects");
    Ok(HttpResponse::Ok()
        .insert_header(("Link", link))
        .insert_header(("Cache-Control", "no-store"))
        .json(page))
}
