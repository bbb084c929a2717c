//! 场地看板: the screen of the lobby, the board of the control room and the map of how far rooms are used.
//!
//! Reads through `rooms::board` and `rooms::utilisation`, which ask who may see what; decides nothing and writes
//! nothing: what an operator does on the board goes through the API by the page's script, with the version that was
//! seen, and the API judges. Every page is complete without script, which only keeps it fresh and lets slots be moved.
//! Positions in drawings are attributes, since the content policy forbids inline styles.
//!
//! RM-20 and the buffers shown are settings of the hall, never law.

mod chart;
mod control;
mod heat;
mod lobby;
mod scale;
mod signs;

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING, HeaderValue, VARY},
    web,
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::AsyncPgConnection;

use super::{
    assets::{BOARD_SCRIPT, BOARD_STYLE},
    http::{Readings, answered, failed, get, read_query},
    reader::Reader,
    sign_in::sent_to_sign_in,
};
use crate::{
    identity::Call,
    jurisdiction::Jurisdictions,
    kernel::{Actor, Code, Problem, Rejection, Say, time::is_writable},
    law::Lawbook,
    platform::db::{Db, read_hall_now},
    rooms::Policy,
};

/// The pages as the app mounts them.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/board/{centre}", get().to(lobby))
        .route("/board/{centre}/control", get().to(control))
        .route("/board/{centre}/use", get().to(utilisation));
}

/// Addresses of the files that only these pages need.
struct Assets {
    style: String,
    script: String,
}

impl Assets {
    fn new() -> Self {
        Self { style: BOARD_STYLE.href(), script: BOARD_SCRIPT.href() }
    }
}

type Pages = web::Data<Arc<dyn Readings>>;
type Hall = (web::Data<Db>, web::Data<Jurisdictions>, web::Data<Lawbook>);
type Rendered = Result<askama::Result<String>, Problem>;

/// Reads the hall for a page: its policies as they are in force, and its time.
async fn reading(
    (db, jurisdictions, book): &Hall,
    read: impl AsyncFnOnce(&mut AsyncPgConnection, Policy<'_>, DateTime<Utc>) -> Rendered,
) -> Rendered {
    let mut conn = db.read().await?;
    let law = book.in_force(&mut conn).await?;
    let jurisdiction = jurisdictions.in_force(&mut conn).await?;
    let now = read_hall_now(&mut conn).await?;
    read(&mut conn, Policy { jurisdiction: &jurisdiction, law: &law }, now).await
}

async fn lobby(request: HttpRequest, pages: Pages, hall: Hall, centre: web::Path<String>) -> HttpResponse {
    let reader = Reader::of(&request, pages.hall());
    let read = match read_query::<lobby::LobbyQuery>(&request) {
        Ok(query) => {
            reading(&hall, async |conn, policy, now| {
                lobby::page(conn, &reader, policy, (&centre, &query), now).await
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    answered(&request, &reader, read)
}

async fn control(
    request: HttpRequest,
    call: Call,
    pages: Pages,
    hall: Hall,
    centre: web::Path<String>,
) -> HttpResponse {
    if call.actor == Actor::Public {
        return sent_to_sign_in(&request, pages.hall());
    }
    let reader = Reader::of(&request, pages.hall());
    let read = match read_query::<control::ControlQuery>(&request) {
        Ok(query) => {
            reading(&hall, async |conn, policy, now| {
                control::page(conn, (&call.actor, &reader), policy, (&centre, &query), now).await
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    personal(&request, &reader, read)
}

async fn utilisation(
    request: HttpRequest,
    call: Call,
    pages: Pages,
    hall: Hall,
    centre: web::Path<String>,
) -> HttpResponse {
    if call.actor == Actor::Public {
        return sent_to_sign_in(&request, pages.hall());
    }
    let reader = Reader::of(&request, pages.hall());
    let read = match read_query::<heat::HeatQuery>(&request) {
        Ok(query) => {
            reading(&hall, async |conn, policy, now| {
                heat::page(conn, (&call.actor, &reader), policy, (&centre, &query), now).await
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    personal(&request, &reader, read)
}

/// A page for those who work here: whoever may not know of it is told that there is none, and nobody keeps it.
fn personal(request: &HttpRequest, reader: &Reader, read: Rendered) -> HttpResponse {
    let read = read.map_err(|problem| match problem.code() {
        Code::Forbidden => Rejection::not_found().into(),
        _ => problem,
    });
    let mut answer = match read {
        Err(problem) => failed(request, reader, &problem),
        read => answered(request, reader, read),
    };
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Language, Authorization, Cookie"));
    // The length of a compressed answer can tell of what is in it.
    answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    answer
}

/// A day of the address, or none.
fn day_typed(text: &str, reader: &Reader) -> Result<Option<NaiveDate>, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse::<NaiveDate>().ok().filter(is_writable);
    let say = Say::new(reader.w.date_shape, reader.w.date_shape);
    Ok(Some(read.ok_or_else(|| Rejection::at("?on", "invalid", say))?))
}
