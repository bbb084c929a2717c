//! Draws and assignments over HTTP.

use actix_web::{get, post, web};

use crate::{
    experts::{
        model::{Assignments, DrawView, NewDraw},
        service,
    },
    identity::{Call, Key},
    kernel::{
        Problem, Seed,
        id::{DrawId, TenderId},
    },
    law::Lawbook,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Problems, Reply},
    },
    tenders::Matter,
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(request).service(list).service(read).service(witness).service(run).service(assignments);
}

/// Ask for a draw of experts: how many of which specialty, and whose people are left out.
#[utoipa::path(tag = "experts", request_body = NewDraw,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The draw, waiting for the centre", body = DrawView), Problems))]
#[post("/api/v1/tenders/{id}/draws")]
async fn request(matter: Matter, body: Body<NewDraw>) -> Result<Reply, Problem> {
    matter.act_on("experts.request", body, service::request).await
}

/// The draws of a tender: how many of which specialty are drawn, never who.
#[utoipa::path(tag = "experts", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The draws in order", body = Vec<DrawView>), Problems))]
#[get("/api/v1/tenders/{id}/draws")]
async fn list(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let now = read_hall_now(&mut conn).await?;
    Reply::ok(&service::list(&mut conn, &call.actor, &law, *id, now).await?)
}

/// One draw: before the result numbers only; afterwards, for supervisors, everything needed to make it again.
#[utoipa::path(tag = "experts", params(("id" = DrawId, Path)),
    responses((status = 200, description = "The draw", body = DrawView), Problems))]
#[get("/api/v1/draws/{id}")]
async fn read(
    call: Call,
    id: web::Path<DrawId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let now = read_hall_now(&mut conn).await?;
    let (view, version) = service::read(&mut conn, &call.actor, &law, *id, now).await?;
    Ok(Reply::ok(&view)?.at_version(version))
}

/// Run a draw in its draw room 抽取专家. The operator learns how many are drawn, not who.
#[utoipa::path(tag = "experts", params(("id" = DrawId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Drawn", body = DrawView), Problems))]
#[post("/api/v1/draws/{id}/run")]
async fn run(
    call: Call,
    id: web::Path<DrawId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "experts.run", &call.meta.target, Key::Optional, async |tx| {
        service::run(tx, &call.actor, &law, *id, Seed::draw).await
    })
    .await
}

/// Say to be present at a draw, as its purchaser or as a supervisor, in the draw room (RM-17).
#[utoipa::path(tag = "experts", params(("id" = DrawId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The draw with who is present", body = DrawView), Problems))]
#[post("/api/v1/draws/{id}/witnesses")]
async fn witness(
    call: Call,
    id: web::Path<DrawId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    call.commit(&db, "experts.witness", &call.meta.target, Key::Optional, async |tx| {
        service::witness(tx, &call.actor, &law, *id).await
    })
    .await
}

/// The committees the calling expert was drawn for.
#[utoipa::path(tag = "experts",
    responses((status = 200, description = "Own assignments, newest first", body = Assignments), Problems))]
#[get("/api/v1/assignments")]
async fn assignments(call: Call, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&service::assignments(&mut conn, &call.actor).await?)
}
