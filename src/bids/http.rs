//! Bids over HTTP.

use std::sync::Arc;

use actix_web::{HttpResponse, Responder, get, post, web};
use serde::Deserialize;
use utoipa_actix_web::scope;

use crate::{
    bids::{
        intake::{Intake, told},
        model::{BidAccepted, BidLine, BidView, BidWithdrawn, NewBid},
        receipts::ReceiptKeys,
        service::{self, Lots, Request},
        uploads,
    },
    identity::{Call, Key},
    kernel::{
        Problem,
        id::{BidId, TenderId},
    },
    ledger::Log,
    platform::{
        db::Db,
        http::{Body, Cursor, Page, PageQuery, Problems, Reply, body::BodyLimit, once},
    },
    seal::{Withdrawal, policy::SealPolicyAnswer},
};

/// 1 MiB of ciphertext in base64, an envelope at its own limit and room for the members' names.
const SUBMISSION_LIMIT: usize = 1024 * 1024 / 3 * 4 + 128 * 1024;

/// Collects the room's routes. The app's data must hold [`Db`], [`Lots`], [`Intake`] and [`ReceiptKeys`].
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config
        .service(seal_policy)
        .service(receipt_key)
        .service(
            scope::scope("/api/v1/tenders/{id}/bids").app_data(BodyLimit(SUBMISSION_LIMIT)).service(submit),
        )
        .service(list)
        .service(read)
        .service(withdraw)
        .service(receipt)
        .service(receipt_proof)
        .configure(uploads::http::routes);
}

/// The seal policy of a published tender, the last where there are several: who must come together to open a bid. Compare
/// its digest with the notice.
#[utoipa::path(tag = "bids", params(("id" = TenderId, Path)),
    responses((status = 200, description = "Policy and digest", body = SealPolicyAnswer), Problems))]
#[get("/api/v1/tenders/{id}/seal-policy")]
async fn seal_policy(
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    lots: web::Data<Lots>,
) -> Result<Reply, Problem> {
    let lot = lots.fresh(&db, *id).await?;
    Reply::ok(&SealPolicyAnswer::from(lot.policy()))
}

/// The public key that signs this tender's receipts, as a C2SP note verifier key.
#[utoipa::path(tag = "bids", params(("id" = TenderId, Path)),
    responses((status = 200, description = "name+id+key", body = String, content_type = "text/plain"), Problems))]
#[get("/api/v1/tenders/{id}/receipt-key")]
async fn receipt_key(
    id: web::Path<TenderId>,
    db: web::Data<Db>,
    lots: web::Data<Lots>,
    keys: web::Data<Arc<ReceiptKeys>>,
) -> Result<HttpResponse, Problem> {
    let lot = lots.get(&db, *id).await?;
    Ok(plain(format!("{}\n", keys.signer(&lot.centre)?.key())))
}

fn plain(text: String) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header(("Cache-Control", "no-store"));
    response.content_type("text/plain; charset=utf-8").body(text)
}

/// Submit a sealed bid, or its next revision, with its ciphertext or the upload that holds it. Exactly what comes before the deadline is taken in; anything later is
/// refused with a signed receipt (`receipt` of the problem `bid-late`). Where a seal policy follows another, bids that are
/// in keep theirs, and new ones are taken in for the last alone (409 `bid-policy-replaced`).
#[utoipa::path(tag = "bids", request_body = NewBid,
    params(("id" = TenderId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 201, description = "Taken in, with its receipt", body = BidAccepted), Problems))]
#[post("")]
async fn submit(
    call: Call,
    tender: web::Path<TenderId>,
    body: Body<NewBid>,
    db: web::Data<Db>,
    lots: web::Data<Lots>,
    intake: web::Data<Intake>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    let key = call.meta.idempotency_key.clone().ok_or_else(once::key_missing)?;
    let lot = lots.for_envelope(&db, *tender, &value.envelope).await?;
    let request = Request { actor: call.actor, id: call.meta.request, key, fingerprint };
    intake.submit(service::prepare(&db, &lot, request, value).await?).await
}

/// Query of the list of one's own bids.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct BidQuery {
    /// Only bids for this tender.
    tender: Option<TenderId>,
    /// Cursor from `next` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// The caller's own bids with all revisions, newest first.
#[utoipa::path(tag = "bids", params(BidQuery),
    responses((status = 200, description = "One page", body = Page<BidLine>), Problems))]
#[get("/api/v1/bids")]
async fn list(call: Call, query: web::Query<BidQuery>, db: web::Data<Db>) -> Result<impl Responder, Problem> {
    call.account()?;
    let BidQuery { tender, cursor, limit } = query.into_inner();
    let (cursor, limit) = PageQuery { cursor, limit }.checked()?;
    let mut conn = db.read().await?;
    let rows = service::list(&mut conn, &call.actor, tender, cursor, limit).await?;
    let page = Page::from_rows(rows, limit, |line| Cursor { at: line.accepted_at, id: line.id.0 });
    let mut response = HttpResponse::Ok();
    response.insert_header(("Link", page.link("/api/v1/bids"))).insert_header(("Cache-Control", "no-store"));
    Ok(response.json(page))
}

/// One of the caller's own bids.
#[utoipa::path(tag = "bids", params(("id" = BidId, Path)),
    responses((status = 200, description = "The bid", body = BidView), Problems))]
#[get("/api/v1/bids/{id}")]
async fn read(call: Call, id: web::Path<BidId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    Reply::ok(&service::read(&mut conn, &call.actor, *id).await?)
}

/// Withdraw (撤回) one's own bid before the deadline by a signed note. It ends the bid; a new revision may follow.
#[utoipa::path(tag = "bids", request_body = Withdrawal,
    params(("id" = BidId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "Withdrawn, with its receipt", body = BidWithdrawn), Problems))]
#[post("/api/v1/bids/{id}/withdraw")]
async fn withdraw(
    call: Call,
    id: web::Path<BidId>,
    body: Body<Withdrawal>,
    db: web::Data<Db>,
    keys: web::Data<Arc<ReceiptKeys>>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.of_bid();
    let Body { value, fingerprint } = body;
    let reply = call
        .commit(&db, "bid.withdraw", &fingerprint, Key::Optional, async |tx| {
            service::withdraw(tx, &call.actor, &keys, *id, &value).await
        })
        .await?;
    told(reply)
}

/// The last receipt given for one's own bid: a C2SP signed note.
#[utoipa::path(tag = "bids", params(("id" = BidId, Path)),
    responses((status = 200, description = "The note", body = String, content_type = "text/plain"), Problems))]
#[get("/api/v1/bids/{id}/receipt")]
async fn receipt(call: Call, id: web::Path<BidId>, db: web::Data<Db>) -> Result<HttpResponse, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    Ok(plain(service::receipt(&mut conn, &call.actor, *id).await?))
}

/// The lasting proof of the last receipt for one's own bid: its entry stands in the log. A C2SP `.tlog-proof` whose
/// extra data are the entry's skeleton as canonical JSON, of which the receipt's leaf is made.
///
/// The entry gets its place within a minute of the receipt (409 `too-early` until then).
#[utoipa::path(tag = "bids", params(("id" = BidId, Path)),
    responses((status = 200, description = "The proof", body = String, content_type = "text/plain"), Problems))]
#[get("/api/v1/bids/{id}/receipt.tlog-proof")]
async fn receipt_proof(
    call: Call,
    id: web::Path<BidId>,
    db: web::Data<Db>,
    log: web::Data<Log>,
) -> Result<HttpResponse, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    Ok(plain(service::receipt_proof(&mut conn, &call.actor, &log, *id).await?))
}
