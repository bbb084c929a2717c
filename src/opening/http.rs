//! The opening over HTTP.

use actix_web::{get, post, web};

use crate::{
    identity::{Call, Key},
    kernel::{Problem, id::TenderId},
    law::Lawbook,
    opening::{
        model::{ExtendWindow, OpeningRecord, OpeningView, ReleaseShare, ReleasedShare},
        service,
    },
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Problems, Reply},
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(read).service(release).service(extend).service(record);
}

/// The opening as it goes; absent for everyone before the deadline.
#[utoipa::path(tag = "opening", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The opening", body = OpeningView), Problems))]
#[get("/api/v1/tenders/{id}/opening")]
async fn read(
    call: Call,
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    let now = read_hall_now(&mut conn).await?;
    let (view, version) = service::read(&mut conn, &call.actor, &law, *id, now).await?;
    Ok(Reply::ok(&view)?.at_version(version))
}

/// Release the secret of one's bid 解密. Nothing is decrypted or shown until the window is over or every bid can
/// be opened.
#[utoipa::path(tag = "opening", request_body = ReleaseShare,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Released", body = ReleasedShare), Problems))]
#[post("/api/v1/tenders/{id}/opening/shares")]
async fn release(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<ReleaseShare>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "opening.release", &fingerprint, Key::Optional, async |tx| {
        service::release(tx, &call.actor, *id, value.clone()).await
    })
    .await
}

/// Extend the release window, once, with a reason.
#[utoipa::path(tag = "opening", request_body = ExtendWindow,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The extended opening", body = OpeningView), Problems))]
#[post("/api/v1/tenders/{id}/opening/extension")]
async fn extend(
    call: Call,
    id: web::Path<TenderId>,
    body: Body<ExtendWindow>,
    db: web::Data<Db>,
    law: web::Data<Lawbook>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "opening.extend", &fingerprint, Key::Optional, async |tx| {
        service::extend(tx, &call.actor, &law, *id, value.clone()).await
    })
    .await
}

/// The opening record 开标记录: every bid with its price or why it is revoked. Public once made.
#[utoipa::path(tag = "opening", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The record", body = OpeningRecord), Problems))]
#[get("/api/v1/tenders/{id}/opening/record")]
async fn record(call: Call, id: web::Path<TenderId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&service::record(&mut conn, &call.actor, *id).await?)
}
