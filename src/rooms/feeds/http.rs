//! Calendar feeds over HTTP.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    post, web,
};
use uuid::Uuid;

use super::{FeedView, Feeds, NewFeed};
use crate::{
    identity::{Call, Key},
    kernel::Problem,
    platform::{
        db::{Db, read_hall_now},
        http::{Body, Problems, Reply, documents::respond},
    },
};

/// Collects the routes; the calendars themselves are no part of the API, since programs that know none of it read them.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(make_feed).service(list_feeds).service(end_feed);
}

/// Ask for a calendar feed 日历订阅 of a room, a centre, or one's own organisation's bookings.
///
/// `path` in the answer is a secret: whoever has it reads the calendar. It is told once.
#[utoipa::path(tag = "rooms", request_body = NewFeed, params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The feed, with its address", body = FeedView), Problems))]
#[post("/api/v1/calendar-feeds")]
async fn make_feed(call: Call, body: Body<NewFeed>, db: web::Data<Db>) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "rooms.make_feed", &fingerprint, Key::Optional, async |tx| {
        let made = super::make(tx, &call.actor, &value).await?;
        Reply::created(format!("/api/v1/calendar-feeds/{}", made.id), &made)
    })
    .await
}

/// The caller's own calendar feeds, newest first.
#[utoipa::path(tag = "rooms", responses((status = 200, description = "The feeds", body = Feeds), Problems))]
#[get("/api/v1/calendar-feeds")]
async fn list_feeds(call: Call, db: web::Data<Db>) -> Result<Reply, Problem> {
    call.account()?;
    Reply::ok(&super::list(&mut *db.read().await?, &call.actor).await?)
}

/// End one of the caller's own calendar feeds.
#[utoipa::path(tag = "rooms", params(("id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, description = "The ended feed", body = FeedView), Problems))]
#[post("/api/v1/calendar-feeds/{id}/end")]
async fn end_feed(call: Call, id: web::Path<Uuid>, db: web::Data<Db>) -> Result<Reply, Problem> {
    call.account()?;
    let fingerprint = call.meta.target;
    call.commit(&db, "rooms.end_feed", &fingerprint, Key::Optional, async |tx| {
        super::end(tx, &call.actor, *id).await
    })
    .await
}

/// `GET /calendars/{key}/rooms.ics`.
pub async fn calendar(request: HttpRequest, key: web::Path<String>, db: web::Data<Db>) -> HttpResponse {
    let read = async {
        let mut conn = db.read().await?;
        let now = read_hall_now(&mut conn).await?;
        super::read(&mut conn, &key, now).await
    };
    match read.await {
        Ok(text) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/calendar; charset=utf-8"))
            .insert_header((CACHE_CONTROL, "private, no-cache"))
            .body(text),
        Err(problem) => respond(&problem, &request),
    }
}
