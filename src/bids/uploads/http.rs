//! Uploads over HTTP.
//!
//! A chunk is the one body of the API that is not JSON. How many are held at once is bounded for the whole process, and
//! fewer still may write, so that a rush of uploads takes neither memory nor connections from submissions.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::{
    bids::{
        service::Lots,
        uploads::{
            model::{NewUpload, UploadView},
            rules,
            service::{self, Chunk},
        },
    },
    identity::{Call, Key},
    kernel::{
        Code, Problem, Rejection, Say,
        id::{TenderId, UploadId},
    },
    platform::{
        db::Db,
        http::{Body, Page, Problems, Reply, body},
    },
};

/// Chunks on their way in at once, in this process.
static HELD: Semaphore = Semaphore::const_new(16);
/// Chunks that are written at once: each takes a connection of the pool.
static WRITING: Semaphore = Semaphore::const_new(2);
/// How long a chunk waits for its turn before a clear 503.
const TURN: Duration = Duration::from_secs(30);
/// How long the body of a chunk may take: 8 MiB over 230 kbit/s.
const ARRIVAL: Duration = Duration::from_secs(300);

/// Collects the routes. The app's data must hold [`Db`] and [`Lots`].
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(begin).service(list).service(read).service(put_chunk).service(remove);
}

/// Begin an upload 上传 of a ciphertext that is too large for the submission itself. Its chunks follow; once it is whole,
/// name it in the submission. Four may be open at a time.
#[utoipa::path(tag = "bids", request_body = NewUpload,
    params(("id" = TenderId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "Begun; what is missing", body = UploadView), Problems))]
#[post("/api/v1/tenders/{id}/uploads")]
async fn begin(
    call: Call,
    tender: web::Path<TenderId>,
    asked: Body<NewUpload>,
    db: web::Data<Db>,
    lots: web::Data<Lots>,
) -> Result<Reply, Problem> {
    call.account()?;
    let call = call.of_bid();
    let lot = lots.get(&db, *tender).await?;
    let Body { value, fingerprint } = asked;
    call.commit(&db, "bid.upload", &fingerprint, Key::Optional, async |tx| {
        service::begin(tx, &call.actor, &lot, &value).await
    })
    .await
}

/// The caller's own uploads for a tender that serve no bid yet.
#[utoipa::path(tag = "bids", operation_id = "uploads", params(("id" = TenderId, Path)),
    responses((status = 200, description = "The uploads", body = Page<UploadView>), Problems))]
#[get("/api/v1/tenders/{id}/uploads")]
async fn list(call: Call, tender: web::Path<TenderId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    Reply::ok(&service::list(&mut conn, &call.actor, *tender).await?)
}

/// One of the caller's own uploads. `HEAD` tells the same by headers: `Upload-Missing` names the chunks that are still to
/// come, such as `0-3,7`, and `Repr-Digest` (RFC 9530) the SHA-256 of the whole once it is there.
#[utoipa::path(tag = "bids", operation_id = "upload", params(("id" = UploadId, Path)),
    responses(
        (status = 200, description = "The upload", body = UploadView, headers(
            ("Upload-Missing" = String, description = "Chunks that are missing"),
            ("Repr-Digest" = String, description = "SHA-256 of the whole ciphertext, once it is whole"))),
        Problems))]
#[get("/api/v1/uploads/{id}")]
async fn read(call: Call, id: web::Path<UploadId>, db: web::Data<Db>) -> Result<HttpResponse, Problem> {
    call.account()?;
    let mut conn = db.read().await?;
    Ok(shown(&service::read(&mut conn, &call.actor, *id).await?))
}

fn shown(view: &UploadView) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header(("Cache-Control", "no-store"));
    response.insert_header(("Upload-Missing", rules::ranges(&view.missing)));
    if let Some(sha256) = view.sha256 {
        response.insert_header(("Repr-Digest", rules::digest_field(sha256.0)));
    }
    response.json(view)
}

/// Send one chunk: raw bytes, 8 MiB but for the last, in any order. Sent again with the same bytes nothing changes; other
/// bytes take the place of the first until the upload is whole.
#[utoipa::path(tag = "bids", operation_id = "upload_chunk",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The bytes of the chunk"),
    params(("id" = UploadId, Path), ("n" = u32, Path, description = "Number of the chunk, from 0"),
        ("Content-Digest" = String, Header, description = "`sha-256=:BASE64:` of the body (RFC 9530)")),
    responses((status = 200, description = "Kept; what is missing", body = UploadView), Problems))]
#[put("/api/v1/uploads/{id}/chunks/{n}")]
async fn put_chunk(
    call: Call,
    path: web::Path<(UploadId, String)>,
    request: HttpRequest,
    payload: web::Payload,
    db: web::Data<Db>,
) -> Result<HttpResponse, Problem> {
    let mut payload = payload.into_inner();
    let done = receive(&call, &path, &request, &mut payload, &db).await;
    if done.is_err() {
        // Who is still sending would never come to read the answer.
        drain(&mut payload).await;
    }
    Ok(shown(&done?))
}

async fn receive(
    call: &Call,
    path: &(UploadId, String),
    request: &HttpRequest,
    payload: &mut actix_web::dev::Payload,
    db: &Db,
) -> Result<UploadView, Problem> {
    call.account()?;
    let n = path.1.parse().map_err(|_| Rejection::not_found())?;
    let place = {
        let mut conn = db.read().await?;
        service::place(&mut conn, &call.actor, path.0, n).await?
    };
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let kind = header("content-type").unwrap_or_default();
    if !kind.eq_ignore_ascii_case("application/octet-stream") {
        let detail =
            Say::new("须为 application/octet-stream。", "The body must be application/octet-stream.");
        return Err(Rejection::new(Code::UnsupportedMediaType, detail).into());
    }
    let stated = rules::stated_digest(header("content-digest"))?;
    let declared = header("content-length").and_then(|text| text.parse().ok());
    let _held = turn(&HELD).await?;
    let limit = usize::try_from(rules::CHUNK).map_err(Problem::internal)?;
    let bytes = timeout(ARRIVAL, body::collect(payload, declared, limit)).await.map_err(|_| too_slow())??;
    let hashed = bytes.clone();
    let found = tokio::task::spawn_blocking(move || Sha256::digest(&hashed).into());
    let chunk = Chunk { bytes: &bytes, found: found.await.map_err(Problem::internal)?, stated };
    let _writing = turn(&WRITING).await?;
    db.transaction("bid.uploadChunk", call.meta.request, async |tx| {
        service::put(tx, &call.actor, place, chunk).await
    })
    .await
}

async fn turn(of: &'static Semaphore) -> Result<SemaphorePermit<'static>, Problem> {
    let busy = || Problem::unavailable(anyhow::anyhow!("too many chunks at once"));
    timeout(TURN, of.acquire()).await.map_err(|_| busy())?.map_err(|_| busy())
}

fn too_slow() -> Rejection {
    let seconds = ARRIVAL.as_secs();
    let detail = Say::new(
        format!("分块未在 {seconds} 秒内到达。"),
        format!("The chunk did not come within {seconds} seconds."),
    );
    Rejection::new(Code::MalformedRequest, detail)
}

/// Lets the rest of a chunk go by; a sender of much more than a chunk is cut off.
async fn drain(payload: &mut actix_web::dev::Payload) {
    let mut left = 2 * rules::CHUNK;
    let rest = async {
        while let Some(Ok(piece)) = payload.next().await {
            left = left.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if left == 0 {
                return;
            }
        }
    };
    // The answer is given whether or not the rest comes.
    let _rest = timeout(TURN, rest).await;
}

/// Remove an upload of one's own that serves no bid.
#[utoipa::path(tag = "bids", operation_id = "remove_upload", params(("id" = UploadId, Path)),
    responses((status = 204, description = "Removed"), Problems))]
#[delete("/api/v1/uploads/{id}")]
async fn remove(call: Call, id: web::Path<UploadId>, db: web::Data<Db>) -> Result<HttpResponse, Problem> {
    call.account()?;
    db.transaction("bid.uploadDelete", call.meta.request, async |tx| {
        service::delete(tx, &call.actor, *id).await
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
