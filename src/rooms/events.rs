//! That something has changed on a centre's floor, as server-sent events (WHATWG HTML §9.2).
//!
//! An event says nothing of what has changed: whoever hears it asks again and sees what it may see.

use std::{convert::Infallible, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE},
    web,
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};
use utoipa::IntoParams;

use crate::{
    jurisdiction::Jurisdictions,
    kernel::{Problem, Rejection},
    platform::{
        bell::{Bell, Listener, Ring},
        db::Db,
        http::Problems,
    },
};

/// Changes within this time are told as one.
const GATHER: Duration = Duration::from_millis(150);
/// A sign of life, so that both ends notice a dead connection.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// Collects the route.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(events);
}

/// Query of `GET /api/v1/rooms/events`.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FloorQuery {
    /// Centre, such as `152500`.
    centre: String,
}

/// Hear when something changes on a centre's floor: an event `rooms` without content, the first at once.
///
/// Who does not ask for `text/event-stream` gets the first event and the end.
#[utoipa::path(tag = "rooms", params(FloorQuery),
    responses((status = 200, description = "Events", body = String, content_type = "text/event-stream"), Problems))]
#[get("/api/v1/rooms/events")]
async fn events(
    request: HttpRequest,
    query: web::Query<FloorQuery>,
    (db, jurisdictions, bell): (web::Data<Db>, web::Data<Jurisdictions>, web::Data<Bell>),
) -> Result<HttpResponse, Problem> {
    let centre = query.into_inner().centre;
    let jurisdiction = jurisdictions.in_force(&mut *db.read().await?).await?;
    jurisdiction.centre(&centre).ok_or_else(Rejection::not_found)?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        // A packed stream would be held back until a block is full; and a proxy must not hold it back either.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"));
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepts.contains("text/event-stream") {
        return Ok(answer.body(event(&centre)));
    }
    Ok(answer.streaming(watch(bell.listener()?, centre)))
}

fn event(centre: &str) -> String {
    format!("event: rooms\ndata: {centre}\n\n")
}

/// The first event, then one after each change, and a comment where nothing changes for long.
fn watch(listener: Listener, centre: String) -> impl Stream<Item = Result<web::Bytes, Infallible>> + use<> {
    let first = format!("retry: 3000\n\n{}", event(&centre));
    stream::unfold((listener, centre, Some(first)), async |(mut listener, centre, first)| {
        let text = match first {
            Some(first) => first,
            None => next(&mut listener, &centre).await?,
        };
        Some((Ok(web::Bytes::from(text)), (listener, centre, None)))
    })
}

async fn next(listener: &mut Listener, centre: &str) -> Option<String> {
    let quiet_until = Instant::now() + SIGN_OF_LIFE;
    loop {
        tokio::select! {
            ring = listener.next() => match ring? {
                Ring::Floor(other) if *other != *centre => {}
                Ring::Floor(_) | Ring::Perhaps => {
                    tokio::time::sleep(GATHER).await;
                    listener.catch_up();
                    return Some(event(centre));
                }
            },
            () = sleep_until(quiet_until) => return Some(": still here\n\n".to_owned()),
        }
    }
}
