//! 登录: signing in and out with a browser, and the desk of whoever has signed in.
//!
//! Decides nothing: the gate of `identity` knows whose password it is, and the page says what it answered.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, LOCATION, RETRY_AFTER, SET_COOKIE},
    },
    web,
};
use serde::Deserialize;

use super::{
    http::{Readings, failed, framed, secured},
    page, password,
    reader::{HallFacts, Reader, encoded},
    view::{Choice, Link},
};
use crate::{
    identity::{Arrival, Call, Gate, browser, http::address_of, service},
    jurisdiction::Jurisdictions,
    kernel::{Code, Problem, Refusal, Rejection, Role, Say, actor::AccountActor, say::Language},
    platform::db::Db,
    rooms::feeds::{self, FeedLanguage, NewFeed, Scope},
};

/// Where somebody lands who was going nowhere else.
pub(super) const DESK: &str = "/login";

/// What was typed; the password stays out of every log.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Default, Deserialize)]
struct Going {
    #[serde(default)]
    next: String,
}

/// The form, and why it was not enough.
#[derive(Debug, Clone, Default)]
pub struct SignInView {
    /// Login name as typed.
    pub login: String,
    /// Page to go on to.
    pub next: String,
    /// Why there is no session yet.
    pub note: Option<String>,
}

/// The desk 工作台 of somebody who has signed in.
#[derive(Debug, Clone)]
pub struct DeskView {
    /// Name of the person.
    pub person: String,
    /// Organisation.
    pub organisation: String,
    /// Roles in words.
    pub roles: Vec<String>,
    /// Floors that the person may look at.
    pub floors: Vec<FloorLinks>,
    /// Whose calendar feeds the person may ask for.
    pub feeds: Vec<Choice>,
    /// Address of the feed just made.
    pub made: Option<String>,
}

/// The pages of a centre's floor.
#[derive(Debug, Clone)]
pub struct FloorLinks {
    /// The centre's name.
    pub name: String,
    /// The control room's board.
    pub control: Link,
    /// How much the rooms are used.
    pub figures: Link,
}

/// Value of the choice that means the caller's own organisation; any other is a centre's code.
const OWN: &str = "own";

/// Which feed is asked for.
#[derive(Deserialize)]
pub(super) struct FeedWanted {
    #[serde(default)]
    of: String,
}

type Hall = web::Data<Arc<dyn Readings>>;

/// An address of this hall, or the desk: nobody is sent elsewhere by a link to the sign-in.
pub(super) fn going(next: &str) -> &str {
    let inside = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']);
    if inside { next } else { DESK }
}

/// Where the query of an address sends on to.
pub(super) fn going_next(request: &HttpRequest) -> String {
    let asked = web::Query::<Going>::from_query(request.query_string()).map(web::Query::into_inner);
    going(&asked.unwrap_or_default().next).to_owned()
}

/// `GET /login`: the desk of whoever has signed in, the form for everybody else. Whoever has still a password that
/// another made up chooses an own one first.
pub(super) async fn show(request: HttpRequest, arrival: Arrival, hall: Hall) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let next = going_next(&request);
    if arrival.first_password {
        return seen_to(&reader, &password::href(&next)).finish();
    }
    let Some(account) = arrival.call.actor.account() else {
        let view = SignInView { next, ..SignInView::default() };
        return personal(&request, &reader, StatusCode::OK, page::sign_in(&reader, &view));
    };
    match desk(&request, &reader, account, None).await {
        Ok(view) => personal(&request, &reader, StatusCode::OK, page::desk(&reader, &view)),
        Err(problem) => failed(&request, &reader, &problem),
    }
}

/// `POST /login`.
pub(super) async fn sign_in(
    request: HttpRequest,
    hall: Hall,
    gate: web::Data<Gate>,
    form: actix_web::Result<web::Form<Typed>>,
) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let Some(typed) = form.ok().filter(|_| browser::from_own_page(&request)) else {
        return foreign(&request, &reader);
    };
    let Typed { login, password, next } = typed.into_inner();
    let next = going(&next).to_owned();
    match gate.sign_in(&login, password, &address_of(&request)).await {
        Ok(begun) => {
            let next = if begun.first_password { password::href(&next) } else { next };
            seen_to(&reader, &next).insert_header((SET_COOKIE, browser::begin(&begun.token))).finish()
        }
        Err(no) => {
            let (problem, _, wait) = no.into_problem(false);
            let (Problem::Rejection(Rejection { detail, .. }) | Problem::Refusal(Refusal { detail, .. })) =
                &problem
            else {
                return failed(&request, &reader, &problem);
            };
            let view = SignInView { login, next, note: Some(reader.says(detail)) };
            let status =
                if wait.is_some() { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNAUTHORIZED };
            let mut answer = personal(&request, &reader, status, page::sign_in(&reader, &view));
            if let Some(seconds) = wait {
                answer.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            answer
        }
    }
}

/// Sends somebody on to a page of the hall; nobody keeps the answer.
pub(super) fn seen_to(reader: &Reader, next: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::SeeOther();
    secured(&mut answer)
        .insert_header((LOCATION, reader.href(next)))
        .insert_header((CACHE_CONTROL, "no-store"));
    answer
}

/// `POST /logout`.
pub(super) async fn sign_out(request: HttpRequest, hall: Hall, gate: web::Data<Gate>) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    if !browser::from_own_page(&request) {
        return foreign(&request, &reader);
    }
    if let Some(session) = browser::session(&request)
        && let Err(problem) = gate.sign_out(&session).await
    {
        return failed(&request, &reader, &problem);
    }
    seen_to(&reader, "/").insert_header((SET_COOKIE, browser::end())).finish()
}

/// A form that another site has sent, or that is none.
pub(super) fn foreign(request: &HttpRequest, reader: &Reader) -> HttpResponse {
    let detail =
        Say::new("请在本大厅的页面上重新提交。", "Please send the form again from a page of this hall.");
    let problem = Rejection::new(Code::MalformedRequest, detail).into();
    failed(request, reader, &problem)
}

/// A page for one person: nobody keeps it.
pub(super) fn personal(
    request: &HttpRequest,
    reader: &Reader,
    status: StatusCode,
    page: askama::Result<String>,
) -> HttpResponse {
    match page {
        Ok(html) => framed(&mut HttpResponse::build(status), reader)
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(html),
        Err(error) => failed(request, reader, &Problem::internal(error)),
    }
}

/// Whoever must sign in first is sent to the form and from there back here.
pub fn sent_to_sign_in(request: &HttpRequest, hall: HallFacts) -> HttpResponse {
    let reader = Reader::of(request, hall);
    let here = request.uri().path_and_query().map_or("/", |path| path.as_str());
    seen_to(&reader, &format!("{DESK}?next={}", encoded(here))).finish()
}

/// `POST /login/feeds`: makes a calendar feed and shows its address on the desk.
pub(super) async fn make_feed(
    request: HttpRequest,
    call: Call,
    hall: Hall,
    db: web::Data<Db>,
    form: actix_web::Result<web::Form<FeedWanted>>,
) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let Some(account) = call.actor.account() else { return sent_to_sign_in(&request, hall.hall()) };
    let Ok(wanted) = form else { return foreign(&request, &reader) };
    let of = match wanted.into_inner().of {
        own if own == OWN => Scope::Organisation(account.organisation),
        centre => Scope::Centre(centre),
    };
    let language = if reader.language == Language::En { FeedLanguage::En } else { FeedLanguage::Zh };
    let new = NewFeed { of, language };
    let made = db
        .transaction("rooms.make_feed", call.meta.request, async |tx| {
            feeds::make(tx, &call.actor, &new).await
        })
        .await;
    let view = match made {
        Ok(made) => {
            desk(&request, &reader, account, Some(address(&request, &made.path.unwrap_or_default()))).await
        }
        Err(problem) => Err(problem),
    };
    match view {
        Ok(view) => personal(&request, &reader, StatusCode::OK, page::desk(&reader, &view)),
        Err(problem) => failed(&request, &reader, &problem),
    }
}

/// The whole address as the browser reached the hall.
pub(super) fn address(request: &HttpRequest, path: &str) -> String {
    let info = request.connection_info();
    format!("{}://{}{path}", info.scheme(), info.host())
}

async fn desk(
    request: &HttpRequest,
    reader: &Reader,
    account: &AccountActor,
    made: Option<String>,
) -> Result<DeskView, Problem> {
    let missing = || Problem::internal(anyhow::anyhow!("the hall's data are not set"));
    let db = request.app_data::<web::Data<Db>>().ok_or_else(missing)?;
    let centres = request.app_data::<web::Data<Jurisdictions>>().ok_or_else(missing)?;
    let mut conn = db.read().await?;
    let me = service::me(&mut conn, account).await?;
    let jurisdiction = centres.in_force(&mut conn).await?;
    let supervises = account.roles.iter().any(|role| role.supervises());
    let reach = jurisdiction
        .centres()
        .iter()
        .filter(|centre| supervises || account.centre.as_deref() == Some(&centre.code));
    let (mut floors, mut feeds) = (Vec::new(), Vec::new());
    if account.roles.iter().any(|role| matches!(role, Role::Purchaser | Role::Agency)) {
        feeds.push(Choice { value: OWN.to_owned(), label: reader.w.desk_feed_own.to_owned() });
    }
    for centre in reach {
        let name = reader.says(&centre.name);
        let link = |part: &str, text: &str| Link {
            href: reader.href(&format!("/board/{}/{part}", centre.code)),
            text: text.to_owned(),
        };
        feeds.push(Choice { value: centre.code.clone(), label: name.clone() });
        floors.push(FloorLinks {
            name,
            control: link("control", reader.w.desk_control),
            figures: link("use", reader.w.desk_use),
        });
    }
    Ok(DeskView {
        person: me.display_name,
        organisation: reader.says(&me.organisation.name),
        roles: account.roles.iter().map(|role| reader.says(&role.name())).collect(),
        floors,
        feeds,
        made,
    })
}
