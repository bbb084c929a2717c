//! Publications over HTTP: for everybody, without a token.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use actix_web::{HttpRequest, HttpResponse, Responder, get, http::header, web};

use crate::{
    kernel::{Problem, id::NoticeId},
    notices::{
        model::{Notice, NoticeFilter, NoticeLine},
        store,
    },
    platform::{
        db::Db,
        http::{Cursor, Page, Problems},
    },
};

/// Publications kept ready to send. They never change, so a kept one is right for ever; the bound keeps memory flat.
#[derive(Clone, Default)]
pub struct Shelf {
    kept: Arc<RwLock<HashMap<NoticeId, web::Bytes>>>,
}

/// Publications a shelf keeps.
const SHELF_SIZE: usize = 512;

impl Shelf {
    fn get(&self, id: NoticeId) -> Option<web::Bytes> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn keep(&self, id: NoticeId, bytes: &web::Bytes) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= SHELF_SIZE {
            kept.clear();
        }
        kept.insert(id, bytes.clone());
    }
}

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(list).service(read);
}

/// Publications, newest first, by words and filters.
#[utoipa::path(tag = "notices", params(NoticeFilter),
    responses((status = 200, description = "One page", body = Page<NoticeLine>), Problems))]
#[get("/api/v1/notices")]
async fn list(query: web::Query<NoticeFilter>, db: web::Data<Db>) -> Result<impl Responder, Problem> {
    let mut conn = db.read().await?;
    let (rows, limit) = store::list(&mut conn, &query).await?;
    let page = Page::from_rows(rows, limit, |line| Cursor { at: line.published_at, id: line.id.0 });
    Ok(HttpResponse::Ok().insert_header(("Link", page.link("/api/v1/notices"))).json(page))
}

/// One publication, exactly as it came out.
#[utoipa::path(tag = "notices", params(("id" = NoticeId, Path)),
    responses((status = 200, description = "The publication", body = Notice),
              (status = 304, description = "Unchanged since the ETag"), Problems))]
#[get("/api/v1/notices/{id}")]
async fn read(
    request: HttpRequest,
    id: web::Path<NoticeId>,
    db: web::Data<Db>,
    shelf: web::Data<Shelf>,
) -> Result<HttpResponse, Problem> {
    let bytes = match shelf.get(*id) {
        Some(bytes) => bytes,
        None => {
            let mut conn = db.read().await?;
            let notice = store::find(&mut conn, *id).await?;
            let bytes = web::Bytes::from(serde_json::to_vec(&notice).map_err(Problem::internal)?);
            shelf.keep(*id, &bytes);
            bytes
        }
    };
    // A publication never changes: its id is its version.
    let etag = format!("\"{}\"", *id);
    let known =
        request.headers().get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == etag.as_bytes());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header(("ETag", etag))
        .insert_header(("Cache-Control", "public, max-age=86400, immutable"));
    if known {
        return Ok(response.finish());
    }
    Ok(response.content_type("application/json").body(bytes))
}
