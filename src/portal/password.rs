//! 修改密码: a person chooses an own password, of free will or because the one up to now was made up by another.
//!
//! Decides nothing: the gate of `identity` judges both passwords. The session ends with the old password, and the page
//! begins another, so that the person goes on to where it was going.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::SET_COOKIE},
    web,
};
use serde::Deserialize;

use super::{
    http::{Readings, failed},
    page,
    reader::{Reader, encoded},
    sign_in::{DESK, foreign, going, going_next, personal, seen_to, sent_to_sign_in},
};
use crate::{
    identity::{
        Arrival, Gate, browser, http::address_of, model::PasswordChange, passwords::SHORTEST,
        service::NoGrant,
    },
    kernel::{Problem, Rejection},
};

/// Address of the page.
const HERE: &str = "/login/password";

/// The form, and why it was not enough.
#[derive(Debug, Clone, Default)]
pub struct PasswordView {
    /// Whose password.
    pub login: String,
    /// Page to go on to.
    pub next: String,
    /// The password up to now was made up by another: nothing else is open before it is changed.
    pub first: bool,
    /// Fewest characters of a new one.
    pub least: usize,
    /// What is wrong with the old one.
    pub old_note: Option<String>,
    /// What is wrong with the new one.
    pub new_note: Option<String>,
    /// What is wrong with the new one typed again.
    pub again_note: Option<String>,
    /// What else is wrong.
    pub note: Option<String>,
}

/// What was typed; the passwords stay out of every log.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    old: String,
    #[serde(default)]
    new: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    next: String,
}

type Hall = web::Data<Arc<dyn Readings>>;

/// Address of the page for somebody on the way to `next`.
pub(super) fn href(next: &str) -> String {
    format!("{HERE}?next={}", encoded(next))
}

/// Where somebody goes on to: the desk for whoever was sent here on the way to this page itself. The form again, empty and
/// without a word, would look like a change that did not succeed.
fn onward(next: String) -> String {
    let path = next.split(['?', '#']).next();
    if path == Some(HERE) { DESK.to_owned() } else { next }
}

/// `GET /login/password`.
pub(super) async fn show(request: HttpRequest, arrival: Arrival, hall: Hall) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    match asked_of(&arrival, onward(going_next(&request))) {
        Some(view) => personal(&request, &reader, StatusCode::OK, page::password(&reader, &view)),
        None => sent_to_sign_in(&request, hall.hall()),
    }
}

fn asked_of(arrival: &Arrival, next: String) -> Option<PasswordView> {
    let login = arrival.call.actor.account()?.login.clone();
    let first = arrival.first_password;
    Some(PasswordView { login, next, first, least: SHORTEST, ..PasswordView::default() })
}

/// `POST /login/password`.
pub(super) async fn change(
    request: HttpRequest,
    arrival: Arrival,
    hall: Hall,
    gate: web::Data<Gate>,
    form: actix_web::Result<web::Form<Typed>>,
) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let Some(typed) = form.ok().filter(|_| browser::from_own_page(&request)) else {
        return foreign(&request, &reader);
    };
    let Typed { old, new, again, next } = typed.into_inner();
    let next = onward(going(&next).to_owned());
    let Some(mut view) = asked_of(&arrival, next) else { return sent_to_sign_in(&request, hall.hall()) };
    if new != again {
        view.again_note = Some(reader.w.password_differs.to_owned());
        return unfit(&request, &reader, &view, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let address = address_of(&request);
    let change = PasswordChange { old_password: old, new_password: new.clone() };
    let meta = &arrival.call.meta;
    if let Err(problem) = gate.change_password(&arrival.call.actor, change, meta.request, &address).await {
        return refused(&request, &reader, view, &problem);
    }
    match gate.sign_in(&view.login, new, &address).await {
        Ok(begun) => {
            let mut answer = seen_to(&reader, &view.next);
            answer.insert_header((SET_COOKIE, browser::begin(&begun.token))).finish()
        }
        // It is changed all the same: the form for signing in is the next step.
        Err(NoGrant::Problem(problem)) => failed(&request, &reader, &problem),
        Err(_) => sent_to_sign_in(&request, hall.hall()),
    }
}

fn unfit(request: &HttpRequest, reader: &Reader, view: &PasswordView, status: StatusCode) -> HttpResponse {
    personal(request, reader, status, page::password(reader, view))
}

/// Says at the field what the gate said of it.
fn refused(
    request: &HttpRequest,
    reader: &Reader,
    mut view: PasswordView,
    problem: &Problem,
) -> HttpResponse {
    let Problem::Rejection(Rejection { code, detail, errors }) = problem else {
        return failed(request, reader, problem);
    };
    let said = Some(reader.says(detail));
    match errors.first().map(|error| error.pointer.as_str()) {
        Some("/oldPassword") => view.old_note = said,
        Some("/newPassword") => view.new_note = said,
        _ => view.note = said,
    }
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    unfit(request, reader, &view, status)
}
