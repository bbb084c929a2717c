//! The opening over HTTP.

use actix_web::{HttpResponse, body::SizedStream, get, post, web};

use crate::{
    identity::Call,
    kernel::{
        Problem,
        id::{BidId, TenderId},
    },
    opening::{
        archive,
        model::{
            ArchiveQuery, BidHashes, ExtendWindow, HeldShare, OpeningArchive, OpeningRecord, OpeningView,
            OrderRecovery, ReleaseShare, ReleaseShares, ReleasedShare, ReleasedShares,
        },
        recovery, service,
        shares::{self as released},
    },
    platform::{
        db::Db,
        http::{Body, Page, Problems, Reply},
    },
    tenders::Matter,
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(read)
        .service(shares)
        .service(release)
        .service(release_many)
        .service(extend)
        .service(recover)
        .service(record)
        .service(hashes)
        .service(archived)
        .service(archived_ciphertext);
}

/// The opening as it goes; absent for everyone before the deadline.
#[utoipa::path(tag = "opening", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The opening", body = OpeningView), Problems))]
#[get("/api/v1/tenders/{id}/opening")]
async fn read(matter: Matter) -> Result<Reply, Problem> {
    matter.read(service::read).await
}

/// The shares that the caller may decrypt and release: of its own bid, or as an officer of every bid.
#[utoipa::path(tag = "opening", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The shares", body = Page<HeldShare>), Problems))]
#[get("/api/v1/tenders/{id}/opening/shares")]
async fn shares(call: Call, id: web::Path<TenderId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    Reply::ok(&released::held(&mut conn, &call.actor, *id).await?)
}

/// Release a share of a bid 解密: its bidder the secret itself or its own share, an officer the organisation's share.
/// Nothing is decrypted or shown until the window is over or every bid can be opened.
#[utoipa::path(tag = "opening", request_body = ReleaseShare,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Released", body = ReleasedShare), Problems))]
#[post("/api/v1/tenders/{id}/opening/shares")]
async fn release(matter: Matter, body: Body<ReleaseShare>) -> Result<Reply, Problem> {
    matter
        .act_on("opening.release", body, async |tx, actor, _, id, asked| {
            released::release(tx, actor, id, asked).await
        })
        .await
}

/// Release many shares at once, all or none; one that is released already is left as it is.
#[utoipa::path(tag = "opening", request_body = ReleaseShares,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Released", body = ReleasedShares), Problems))]
#[post("/api/v1/tenders/{id}/opening/shares/batch")]
async fn release_many(matter: Matter, body: Body<ReleaseShares>) -> Result<Reply, Problem> {
    matter
        .act_on("opening.release_many", body, async |tx, actor, _, id, asked| {
            released::release_many(tx, actor, id, asked.items).await
        })
        .await
}

/// Extend the release window, once, with a reason.
#[utoipa::path(tag = "opening", request_body = ExtendWindow,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The extended opening", body = OpeningView), Problems))]
#[post("/api/v1/tenders/{id}/opening/extension")]
async fn extend(matter: Matter, body: Body<ExtendWindow>) -> Result<Reply, Problem> {
    matter.act_on("opening.extend", body, service::extend).await
}

/// Let agency, centre and supervision office open bids without their bidders, who are absent by no fault of their own.
#[utoipa::path(tag = "opening", request_body = OrderRecovery,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The opening", body = OpeningView), Problems))]
#[post("/api/v1/tenders/{id}/opening/recovery")]
async fn recover(matter: Matter, body: Body<OrderRecovery>) -> Result<Reply, Problem> {
    matter.act_on("opening.recover", body, recovery::order).await
}

/// The opening record 开标记录: every bid with its price or why it is not opened. Public once made.
#[utoipa::path(tag = "opening", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The record", body = OpeningRecord), Problems))]
#[get("/api/v1/tenders/{id}/opening/record")]
async fn record(call: Call, id: web::Path<TenderId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&service::record(&mut conn, &call.actor, *id).await?)
}

/// The hash of every bid that stood at the close: count them, and find your own. Public once the opening has begun, or
/// the tender has ended without one.
#[utoipa::path(tag = "opening", params(("id" = TenderId, Path)),
    responses((status = 200, description = "Hashes and root", body = BidHashes), Problems))]
#[get("/api/v1/tenders/{id}/opening/hashes")]
async fn hashes(call: Call, id: web::Path<TenderId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&archive::hashes(&mut conn, &call.actor, *id).await?)
}

/// Envelopes, ciphertexts and secrets of an opening that is over, for supervision: open everything again off-line.
#[utoipa::path(tag = "opening", params(("id" = TenderId, Path), ArchiveQuery),
    responses((status = 200, description = "One page", body = OpeningArchive), Problems))]
#[get("/api/v1/tenders/{id}/opening/archive")]
async fn archived(
    call: Call,
    id: web::Path<TenderId>,
    query: web::Query<ArchiveQuery>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    let mut conn = db.read().await?;
    Reply::ok(&archive::page(&mut conn, &call.actor, *id, *query).await?)
}

/// One ciphertext of an opening that is over, for supervision: the age file that was uploaded.
#[utoipa::path(tag = "opening", params(("id" = TenderId, Path), ("bid" = BidId, Path)),
    responses(
        (status = 200, description = "The age file", body = Vec<u8>, content_type = "application/octet-stream"),
        Problems))]
#[get("/api/v1/tenders/{id}/opening/ciphertexts/{bid}")]
async fn archived_ciphertext(
    call: Call,
    path: web::Path<(TenderId, BidId)>,
    db: web::Data<Db>,
) -> Result<HttpResponse, Problem> {
    let (id, bid) = path.into_inner();
    let archive::Outgoing { size, chunks } = archive::ciphertext(&db, &call.actor, id, bid).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header(("Cache-Control", "no-store"));
    response.insert_header(("Content-Disposition", format!("attachment; filename=\"{bid}.age\"")));
    Ok(response.content_type("application/octet-stream").body(SizedStream::new(size, chunks)))
}
