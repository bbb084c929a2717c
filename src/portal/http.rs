//! The pages over HTTP: language, content policy, caching, and the seam through which pages read the hall.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, Route, guard,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY},
    },
    web,
};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    assets, bid, board, page, password,
    question::{CalculatorForm, DeadlineQuestion, Notes, VenueQuestion},
    reader::{HallFacts, Reader, encoded},
    sign_in,
    statutes::{CalendarView, LawQuery, LawView, ProjectLawView},
    trial::{TrialView, Typed},
    view::{Choice, DeadlineView, ErrorView, HomeView, NoticeView, NoticesView, ProjectView, VenueView},
};
use crate::{
    kernel::{Code, Fault, Problem, Refusal, Rejection, Say, typed::unit_typed},
    platform::http::meta::request_id,
};

/// The content policy of every page: own files only, nothing inline, nobody frames it.
pub const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A reading of the hall for a page.
pub type Reading<'a, T> = BoxFuture<'a, Result<T, Problem>>;

/// What the pages read. Whoever answers asks first what the public may know; what it may not is `NotFound`.
pub trait Readings: Send + Sync {
    /// Facts of the hall for the frame.
    fn hall(&self) -> HallFacts;

    /// For `/`.
    fn home<'a>(&'a self, reader: &'a Reader) -> Reading<'a, HomeView>;

    /// For `/notices`.
    fn notices<'a>(&'a self, reader: &'a Reader, query: &'a NoticeQuery) -> Reading<'a, NoticesView>;

    /// For `/notices/{id}`.
    fn notice<'a>(&'a self, reader: &'a Reader, id: &'a str) -> Reading<'a, NoticeView>;

    /// For `/projects/{id}`.
    fn project<'a>(
        &'a self,
        reader: &'a Reader,
        id: &'a str,
        query: &'a ProjectQuery,
    ) -> Reading<'a, ProjectView>;

    /// Regions one can choose in the calculator.
    fn regions(&self, reader: &Reader) -> Vec<Choice>;

    /// Currencies one can choose in the calculator.
    fn currencies(&self, reader: &Reader) -> Vec<Choice>;

    /// The venue decision for a question, as a preview.
    fn venue<'a>(&'a self, reader: &'a Reader, question: &'a VenueQuestion) -> Reading<'a, VenueView>;

    /// For `/law`.
    fn law<'a>(&'a self, reader: &'a Reader, query: &'a LawQuery) -> Reading<'a, LawView>;

    /// For `/law/calendar/{year}`; without a year, that of today.
    fn calendar<'a>(&'a self, reader: &'a Reader, year: Option<i32>) -> Reading<'a, CalendarView>;

    /// For `/evaluation`: the form, and its answer where it was sent.
    fn trial<'a>(&'a self, reader: &'a Reader, typed: &'a Typed) -> Reading<'a, TrialView>;

    /// For `/projects/{id}/law`.
    fn project_law<'a>(
        &'a self,
        reader: &'a Reader,
        id: &'a str,
        query: &'a ProjectQuery,
    ) -> Reading<'a, ProjectLawView>;

    /// The count of days for a question.
    fn deadline<'a>(
        &'a self,
        reader: &'a Reader,
        question: &'a DeadlineQuestion,
    ) -> Reading<'a, DeadlineView>;
}

/// Filters of `/notices`, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NoticeQuery {
    /// Words to find.
    pub q: String,
    /// Kind.
    pub kind: String,
    /// Category.
    pub category: String,
    /// Region code.
    pub region: String,
    /// Published on or after this day.
    pub from: String,
    /// Published on or before this day.
    pub until: String,
    /// Cursor of a page.
    pub cursor: String,
}

impl NoticeQuery {
    /// Whether anything is filtered.
    pub fn filters(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.is_empty())
    }

    /// The address of these filters from `cursor` on; an empty cursor is the newest page.
    pub fn href(&self, cursor: &str) -> String {
        let pairs: Vec<String> = self
            .pairs()
            .into_iter()
            .chain([("cursor", cursor)])
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        if pairs.is_empty() { "/notices".to_owned() } else { format!("/notices?{}", pairs.join("&")) }
    }

    fn pairs(&self) -> [(&'static str, &str); 6] {
        [
            ("q", &self.q),
            ("kind", &self.kind),
            ("category", &self.category),
            ("region", &self.region),
            ("from", &self.from),
            ("until", &self.until),
        ]
    }
}

/// Which part of a project's page is wanted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ProjectQuery {
    /// Lot number from 1; absent = the first.
    pub lot: Option<usize>,
    /// Page of the opening record from 1.
    pub record: Option<usize>,
    /// Page of the ranking from 1.
    pub ranking: Option<usize>,
    /// Bidder to find in the opening record.
    pub find: String,
}

/// The pages as the app mounts them; needs `web::Data<dyn Readings>`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", get().to(home))
        .route("/notices", get().to(notices))
        .route("/notices/{id}", get().to(notice))
        .route("/projects/{id}", get().to(project))
        .route("/projects/{id}/law", get().to(project_law))
        .route("/law", get().to(law))
        .route("/evaluation", get().to(trial))
        .route("/law/calendar", get().to(calendar_now))
        .route("/law/calendar/{year}", get().to(calendar))
        .service(web::resource("/calculators").route(get().to(ask)).route(web::post().to(ask_by_post)))
        .configure(board::routes)
        .route("/tenders/{id}/bid", get().to(bid::show))
        .service(
            web::resource("/login").route(get().to(sign_in::show)).route(web::post().to(sign_in::sign_in)),
        )
        .service(
            web::resource("/login/password")
                .route(get().to(password::show))
                .route(web::post().to(password::change)),
        )
        .route("/login/feeds", web::post().to(sign_in::make_feed))
        .route("/logout", web::post().to(sign_in::sign_out))
        .route("/static/{hash}/{name}", get().to(assets::serve));
}

/// GET and HEAD; the server leaves the body of a HEAD out by itself.
pub(super) fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Adds the headers every page and file of the portal carries.
pub fn secured(answer: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    answer
        .insert_header(("Content-Security-Policy", CONTENT_POLICY))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("Referrer-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
}

/// Whether `If-None-Match` names `etag` (weak comparison, RFC 9110 §13.1.2).
pub(super) fn matches_etag(request: &HttpRequest, etag: &str) -> bool {
    request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || tag.trim().trim_start_matches("W/") == etag)
}

type Hall = web::Data<Arc<dyn Readings>>;

async fn home(request: HttpRequest, hall: Hall) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let read = hall.home(&reader).await.map(|view| page::home(&reader, &view));
    answered(&request, &reader, read)
}

async fn notices(request: HttpRequest, hall: Hall) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let read = match read_query::<NoticeQuery>(&request) {
        Ok(query) => hall.notices(&reader, &query).await.map(|view| page::notices(&reader, &view, &query)),
        Err(problem) => Err(problem),
    };
    answered(&request, &reader, read)
}

async fn notice(request: HttpRequest, hall: Hall, id: web::Path<String>) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let read = hall.notice(&reader, &id).await.map(|view| page::notice(&reader, &view));
    answered(&request, &reader, read)
}

async fn project(request: HttpRequest, hall: Hall, id: web::Path<String>) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let read = match read_query::<ProjectQuery>(&request) {
        Ok(query) => hall.project(&reader, &id, &query).await.map(|view| page::project(&reader, &view)),
        Err(problem) => Err(problem),
    };
    answered(&request, &reader, read)
}

async fn project_law(request: HttpRequest, hall: Hall, id: web::Path<String>) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let read = match read_query::<ProjectQuery>(&request) {
        Ok(query) => {
            hall.project_law(&reader, &id, &query).await.map(|view| page::project_law(&reader, &view))
        }
        Err(problem) => Err(problem),
    };
    answered(&request, &reader, read)
}

async fn law(request: HttpRequest, hall: Hall) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let read = match read_query::<LawQuery>(&request) {
        Ok(query) => hall.law(&reader, &query).await.map(|view| page::law(&reader, &view)),
        Err(problem) => Err(problem),
    };
    answered(&request, &reader, read)
}

async fn trial(request: HttpRequest, hall: Hall) -> HttpResponse {
    let reader = Reader::of(&request, hall.hall());
    let read = match read_query::<Typed>(&request) {
        Ok(typed) => hall.trial(&reader, &typed).await.map(|view| page::trial(&reader, &view)),
        Err(problem) => Err(problem),
    };
    answered(&request, &reader, read)
}

async fn calendar_now(request: HttpRequest, hall: Hall) -> HttpResponse {
    show_calendar(&request, &hall, None).await
}

async fn calendar(request: HttpRequest, hall: Hall, year: web::Path<String>) -> HttpResponse {
    // What is no year names no page.
    show_calendar(&request, &hall, Some(year.parse().unwrap_or(0))).await
}

async fn show_calendar(request: &HttpRequest, hall: &Hall, year: Option<i32>) -> HttpResponse {
    let reader = Reader::of(request, hall.hall());
    let read = hall.calendar(&reader, year).await.map(|view| page::calendar(&reader, &view));
    answered(request, &reader, read)
}

async fn ask(request: HttpRequest, hall: Hall) -> HttpResponse {
    match read_query::<CalculatorForm>(&request) {
        Ok(form) => answer_question(&request, &hall, &form).await,
        Err(problem) => answered(&request, &Reader::of(&request, hall.hall()), Err(problem)),
    }
}

async fn ask_by_post(
    request: HttpRequest,
    hall: Hall,
    form: actix_web::Result<web::Form<CalculatorForm>>,
) -> HttpResponse {
    match form {
        Ok(form) => answer_question(&request, &hall, &form).await,
        Err(_) => {
            let detail = Say::new("表单内容无法识别。", "The form cannot be read.");
            let problem = Rejection::new(Code::MalformedRequest, detail).into();
            answered(&request, &Reader::of(&request, hall.hall()), Err(problem))
        }
    }
}

async fn answer_question(request: &HttpRequest, hall: &Hall, form: &CalculatorForm) -> HttpResponse {
    let reader = Reader::of(request, hall.hall());
    let (regions, currencies) = (hall.regions(&reader), hall.currencies(&reader));
    let mut shown = page::Calculators {
        form,
        notes: Notes::new(),
        regions,
        currencies,
        asked: Vec::new(),
        venue: None,
        deadline: None,
    };
    let read = match form.ask.as_str() {
        "venue" => match form.venue(reader.w) {
            Ok(question) => {
                shown.asked = asked(&reader, form, &question);
                hall.venue(&reader, &question).await.map(|view| shown.venue = Some(view))
            }
            Err(notes) => {
                shown.notes = notes;
                Ok(())
            }
        },
        "deadline" => match form.deadline(reader.w) {
            Ok(question) => hall.deadline(&reader, &question).await.map(|view| shown.deadline = Some(view)),
            Err(notes) => {
                shown.notes = notes;
                Ok(())
            }
        },
        _ => Ok(()),
    };
    let read = match read {
        // A question that law or table cannot answer is answered on the page itself.
        Err(Problem::Rejection(Rejection { detail, .. }) | Problem::Refusal(Refusal { detail, .. })) => {
            shown.notes.insert("form", detail.in_language(reader.language).to_owned());
            Ok(())
        }
        other => other,
    };
    answered(request, &reader, read.map(|()| page::calculators(&reader, &shown)))
}

/// The amounts of a question, as typed and as read: `2000 万元 = 20,000,000.00 元`.
fn asked(reader: &Reader, form: &CalculatorForm, question: &VenueQuestion) -> Vec<String> {
    let w = reader.w;
    let amounts = [
        (&question.investment, &form.investment, &form.investment_unit),
        (&question.budget, &form.budget, &form.budget_unit),
    ];
    let mut said: Vec<String> = amounts
        .into_iter()
        .filter_map(|(amount, typed, unit)| Some((amount.as_ref()?, typed, unit)))
        .map(|(amount, typed, unit)| {
            let (number, wan) = unit_typed(typed).unwrap_or((typed, unit == "wan"));
            let unit = if wan { w.wan } else { w.yuan };
            format!("{} {unit} = {} {}", number.trim(), reader.money(&amount.value()), w.yuan)
        })
        .collect();
    if let Some(foreign) = &question.foreign {
        let (amount, currency) = (reader.money(&foreign.amount.value()), &foreign.currency);
        said.push(format!("{amount} {currency}, {} ({})", foreign.rate, foreign.rate_on));
    }
    said.extend(question.floor_area.map(|area| format!("{} m²", reader.money(&area.value()))));
    said
}

/// The page for an address that nobody answers, for the app's default service.
pub fn not_found(request: &HttpRequest, hall: HallFacts) -> HttpResponse {
    let reader = Reader::of(request, hall);
    answered(request, &reader, Err(Rejection::not_found().into()))
}

/// The page for a problem that arose outside the pages' own handlers, such as a caught panic.
pub fn problem_page(request: &HttpRequest, hall: HallFacts, problem: &Problem) -> HttpResponse {
    failed(request, &Reader::of(request, hall), problem)
}

pub(super) fn read_query<T: serde::de::DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    web::Query::<T>::from_query(request.query_string()).map(web::Query::into_inner).map_err(|_| {
        let detail = Say::new("地址中的查询参数无法识别。", "The query of this address cannot be read.");
        Rejection::new(Code::MalformedRequest, detail).into()
    })
}

pub(super) fn answered(
    request: &HttpRequest,
    reader: &Reader,
    read: Result<askama::Result<String>, Problem>,
) -> HttpResponse {
    let html = match read {
        Ok(Ok(html)) => html,
        Ok(Err(error)) => return failed(request, reader, &Problem::internal(error)),
        Err(problem) => return failed(request, reader, &problem),
    };
    let etag = format!("\"{}\"", hex::encode(Sha256::digest(html.as_bytes())));
    let fresh = matches_etag(request, &etag);
    let mut answer = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    framed(&mut answer, reader).insert_header((CACHE_CONTROL, "no-cache")).insert_header((ETAG, etag));
    if fresh { answer.finish() } else { answer.body(html) }
}

pub(super) fn failed(request: &HttpRequest, reader: &Reader, problem: &Problem) -> HttpResponse {
    let code = problem.code();
    let w = reader.w;
    let (title, text) = match problem {
        Problem::Fault(Fault { cause, .. }) => {
            tracing::error!(error = format!("{cause:#}"), "a page failed");
            (w.error_500_title.to_owned(), w.error_500_text.to_owned())
        }
        Problem::Rejection(_) if code == Code::NotFound => {
            (w.error_404_title.to_owned(), w.error_404_text.to_owned())
        }
        Problem::Rejection(Rejection { detail, .. }) | Problem::Refusal(Refusal { detail, .. }) => (
            code.title().in_language(reader.language).to_owned(),
            detail.in_language(reader.language).to_owned(),
        ),
    };
    let number = request_id(request).to_string();
    let view = ErrorView { status: code.status(), title, text, request: Some(number) };
    let status = StatusCode::from_u16(view.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // Should even this template fail, the bare sentence is still a true answer.
    let html = page::error(reader, &view).unwrap_or_else(|_| view.text.clone());
    framed(&mut HttpResponse::build(status), reader).insert_header((CACHE_CONTROL, "no-store")).body(html)
}

pub(super) fn framed<'a>(
    answer: &'a mut HttpResponseBuilder,
    reader: &Reader,
) -> &'a mut HttpResponseBuilder {
    secured(answer)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_LANGUAGE, reader.w.lang))
        .insert_header((VARY, "Accept-Language"))
}
