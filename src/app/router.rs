//! All routes of all rooms, what surrounds them, and their description.
//!
//! Every answer carries `X-Request-Id` and the headers that keep browsers strict; every error from every layer is
//! one problem document; a known path asked by another method is a 405 that names the methods it has.

use std::{collections::HashMap, sync::Arc};

use actix_web::{
    App, Error, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    error::InternalError,
    get,
    http::{
        Method,
        header::{ACCEPT, ACCEPT_ENCODING, ALLOW, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::{Compress, Next, from_fn},
    web,
};
use serde::Serialize;
use strum::IntoEnumIterator as _;
use tracing_actix_web::TracingLogger;
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        Components, ObjectBuilder, OpenApi, RefOr,
        path::{Operation, Parameter},
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_actix_web::{AppExt as _, service_config::ServiceConfig};
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

use super::{clock, examples, health, stop::at_the_door};
use crate::{
    access, awards, bids, evaluation, experts, holders, identity, jurisdiction,
    kernel::{Code, Problem, Rejection, Say, id::RequestId},
    law, ledger, notices, opening,
    platform::{
        http::{ProblemDocument, Problems, Reply, documents::respond, meta::request_id, problem_documents},
        telemetry::{RequestSpan, count_requests},
    },
    portal::{self, Readings},
    projects, rooms, scoring, supervision, tenders, timekeeping,
};

/// Every room's routes. A room that gets an API is added here and nowhere else. A request tries them in this order, so
/// the rooms that are asked in crowds come first.
fn every_room(config: &mut ServiceConfig<'_>) {
    config
        .configure(bids::http::routes)
        .configure(access::http::routes)
        .configure(notices::http::routes)
        .configure(identity::http::routes)
        .configure(jurisdiction::http::routes)
        .configure(law::http::routes)
        .configure(scoring::preview::routes)
        .configure(projects::http::routes)
        .configure(holders::http::routes)
        .configure(tenders::http::routes)
        .configure(rooms::http::routes)
        .configure(rooms::outage::http::routes)
        .configure(rooms::feeds::http::routes)
        .configure(rooms::events::routes)
        .configure(opening::http::routes)
        .configure(experts::http::routes)
        .configure(evaluation::http::routes)
        .configure(awards::http::routes)
        .configure(supervision::http::routes)
        .configure(ledger::http::routes)
        .configure(timekeeping::http::routes)
        .configure(clock::routes)
        .configure(health::routes)
        .service(problems);
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Tenderhall",
        description = "The trading hall of a public-resource trading centre 公共资源交易中心. \
                       Amounts and areas are strings; times are RFC 3339; errors are RFC 9457.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(ProblemDocument)),
    security(("bearer" = []), ()),
    modifiers(&Bearer, &SharedProblems)
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, api: &mut OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        api.components
            .get_or_insert_with(Components::new)
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

struct SharedProblems;

impl Modify for SharedProblems {
    fn modify(&self, api: &mut OpenApi) {
        let shared = Problems::components().map(|(name, response)| (name, response.into()));
        api.components.get_or_insert_with(Components::new).responses.extend(shared);
    }
}

/// The OpenAPI 3.1 description of everything the service answers.
///
/// # Errors
/// When an example has no place in it, which is a fault of the program.
pub fn description() -> anyhow::Result<OpenApi> {
    let (_, mut api) =
        App::new().into_utoipa_app().openapi(Description::openapi()).configure(every_room).split_for_parts();
    for item in api.paths.paths.values_mut() {
        let methods = [&mut item.get, &mut item.post, &mut item.patch, &mut item.put, &mut item.delete];
        for operation in methods.into_iter().flatten() {
            name_operation(operation);
            forget_impossible_problems(operation);
            operation.parameters.iter_mut().flatten().for_each(describe_header);
        }
    }
    examples::add_to(&mut api)?;
    Ok(api)
}

/// Names an operation by its room and its handler: the handlers' names alone repeat.
fn name_operation(operation: &mut Operation) {
    let room = operation.tags.iter().flatten().next();
    operation.operation_id =
        room.zip(operation.operation_id.as_ref()).map(|(room, handler)| format!("{room}_{handler}"));
}

/// Leaves out the problems that only a body or a version can bring about, where the operation takes none.
fn forget_impossible_problems(operation: &mut Operation) {
    let versioned = operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.name == "If-Match",
        RefOr::Ref(_) => false,
    });
    let takes_body = operation.request_body.is_some();
    operation.responses.responses.retain(|status, _| match status.as_str() {
        "412" | "428" => versioned,
        "413" | "415" => takes_body,
        _ => true,
    });
}

/// Says what the headers of retries and versions hold, the same for every operation that takes them.
fn describe_header(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(parameter) = parameter else { return };
    let text = ObjectBuilder::new().schema_type(Type::String);
    let (schema, description) = match parameter.name.as_str() {
        "Idempotency-Key" => (
            text.pattern(Some("^[!-~]{1,255}$")),
            "Any word of the caller's own. A request sent again with it is answered as the first was.",
        ),
        "If-Match" => {
            (text.examples(["*"]), "The `ETag` of the version that the caller has seen; `*` for any.")
        }
        _ => return,
    };
    parameter.schema = Some(schema.into());
    parameter.description = Some(description.to_owned());
}

/// What every worker's router shares.
#[derive(Clone)]
pub struct Surroundings {
    description: web::Bytes,
    methods: Arc<HashMap<String, Vec<Method>>>,
}

impl Surroundings {
    /// Prepares the description and the table of methods once.
    ///
    /// # Errors
    /// When the description cannot be written, which is a fault of the program.
    pub fn prepare() -> anyhow::Result<Self> {
        let api = serde_json::to_value(description()?)?;
        let mut methods = HashMap::new();
        for (path, item) in api.get("paths").and_then(serde_json::Value::as_object).into_iter().flatten() {
            let known = item.as_object().into_iter().flat_map(|item| item.keys());
            let known =
                known.filter_map(|name| Method::from_bytes(name.to_uppercase().as_bytes()).ok()).collect();
            methods.insert(path.clone(), known);
        }
        Ok(Self { description: serde_json::to_vec(&api)?.into(), methods: Arc::new(methods) })
    }
}

/// The whole service for one worker. The rooms' data (`Db`, `Gate`, `Law`, …) are set by `data`.
pub fn service(
    surroundings: Surroundings,
    data: impl FnOnce(&mut web::ServiceConfig),
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .into_utoipa_app()
        .configure(every_room)
        .into_app()
        .configure(data)
        .configure(portal::http::routes)
        .route("/calendars/{key}/rooms.ics", web::get().to(rooms::feeds::http::calendar))
        .app_data(web::Data::new(surroundings))
        .service(describe)
        .service(to_docs)
        .service(
            SwaggerUi::new("/api/docs/{_:.*}")
                .config(SwaggerConfig::from("/api/openapi.json").validator_url("none")),
        )
        .default_service(web::to(no_such_route))
        .wrap(from_fn(without_nul))
        .wrap(Compress::default())
        .wrap(from_fn(as_asked))
        .wrap(from_fn(problem_documents))
        .wrap(from_fn(headers))
        .wrap(from_fn(at_the_door))
        .wrap(from_fn(count_requests))
        .wrap(TracingLogger::<RequestSpan>::new())
}

/// A code of the table.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KnownProblem {
    /// Stable code.
    code: Code,
    /// The status it always comes with.
    status: u16,
    /// Title in both languages.
    title: Say,
}

/// All codes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct KnownProblems {
    /// In the order of the table.
    items: Vec<KnownProblem>,
}

/// Every code a problem document can carry.
#[utoipa::path(tag = "operations", responses((status = 200, description = "The table", body = KnownProblems)))]
#[get("/api/v1/problems")]
async fn problems() -> Result<Reply, Problem> {
    let items =
        Code::iter().map(|code| KnownProblem { code, status: code.status(), title: code.title() }).collect();
    Reply::ok(&KnownProblems { items })
}

#[get("/api/openapi.json")]
async fn describe(surroundings: web::Data<Surroundings>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(surroundings.description.clone())
}

#[get("/api/docs")]
async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header(("Location", "/api/docs/")).finish()
}

/// 404, or 405 with `Allow` where the path is known.
async fn no_such_route(request: HttpRequest, surroundings: web::Data<Surroundings>) -> HttpResponse {
    let known = request.match_pattern().and_then(|pattern| surroundings.methods.get(&pattern).cloned());
    let Some(methods) = known else {
        return match page_asked(&request) {
            Some(hall) => portal::http::not_found(&request, hall.hall()),
            None => respond(&Rejection::not_found().into(), &request),
        };
    };
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    let allow = names.join(", ");
    let mut answer = if request.method() == Method::OPTIONS {
        HttpResponse::NoContent().finish()
    } else {
        respond(&Rejection::new(Code::MethodNotAllowed, Code::MethodNotAllowed.title()).into(), &request)
    };
    if let Ok(allow) = HeaderValue::from_str(&allow) {
        answer.headers_mut().insert(ALLOW, allow);
    }
    answer
}

/// The pages, where a browser asks for one: outside the API, by somebody who reads HTML.
fn page_asked(request: &HttpRequest) -> Option<&web::Data<Arc<dyn Readings>>> {
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let inside = request.path().starts_with("/api/") || request.path().starts_with("/health/");
    if inside || !accepts.contains("text/html") { None } else { request.app_data() }
}

/// Headers of every answer, where the room has set none of its own.
const STRICT: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// The API's browsable description brings its own styles.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                           img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Around all that may answer: also what a middleware answers in a handler's place, or fails with.
async fn headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = request_id(request.request());
    let docs = request.path().starts_with("/api/docs/");
    match next.call(request).await {
        Ok(mut response) => {
            add_headers(response.headers_mut(), id, docs);
            Ok(response)
        }
        Err(error) => {
            let mut answer = error.error_response();
            add_headers(answer.headers_mut(), id, docs);
            Err(InternalError::from_response(error.to_string(), answer).into())
        }
    }
}

fn add_headers(headers: &mut HeaderMap, id: RequestId, docs: bool) {
    if docs {
        headers.insert(
            HeaderName::from_static("content-security-policy"),
            HeaderValue::from_static(DOCS_POLICY),
        );
    }
    for (name, value) in STRICT {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

/// U+0000 is in no name of the hall and cannot be kept in PostgreSQL's text: no query asks for it.
async fn without_nul(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody + 'static>, Error> {
    if request.query_string().contains("%00") {
        let say = Say::new("查询参数含有字符 U+0000。", "The query has the character U+0000.");
        let answer = respond(&Rejection::new(Code::MalformedRequest, say).into(), request.request());
        return Ok(request.into_response(answer).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// HEAD is answered as GET (the server leaves the body out), and only what everybody may read is compressed: the
/// length of a compressed answer can tell of a secret in it.
async fn as_asked<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    if request.path().starts_with("/api/v1/") {
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    next.call(request).await
}

#[cfg(test)]
mod tests {
    use actix_web::{body::BoxBody, error::PayloadError, http::StatusCode, test};

    use super::*;

    async fn fails(_: ServiceRequest, _: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
        Err(PayloadError::Overflow.into())
    }

    #[actix_web::test]
    async fn what_a_middleware_fails_with_is_a_problem_with_all_headers() {
        let broken = |config: &mut web::ServiceConfig| {
            config.service(web::resource("/broken").wrap(from_fn(fails)).to(HttpResponse::Ok));
        };
        let service = test::init_service(service(Surroundings::prepare().unwrap(), broken)).await;
        let request = test::TestRequest::get().uri("/broken").to_request();
        let answer = test::try_call_service(&service, request).await.err().unwrap().error_response();
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
        for name in STRICT.iter().map(|(name, _)| *name).chain(["x-request-id"]) {
            assert!(answer.headers().contains_key(name), "{name}: {answer:?}");
        }
        let kind = answer.headers().get("content-type").unwrap();
        assert_eq!(kind, "application/problem+json");
    }
}
