//! Problems on the wire: one RFC 9457 document from every layer, in the caller's language.
//!
//! A fault's cause is written to the operations log with the request id; the caller sees only the id.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::{InternalError, PathError, QueryPayloadError},
    http::StatusCode,
    middleware::Next,
};
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::meta::{language_of, request_id};
use crate::kernel::{Code, FieldError, LegalGround, Problem, Rejection, Say, id::RequestId, say::Language};

/// Media type of RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The body of every error.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// `/api/v1/problems#code`
    #[serde(rename = "type")]
    pub kind: String,
    /// Title of the code in the caller's language.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// A sentence about this occurrence.
    pub detail: String,
    /// Stable code of the table at `GET /api/v1/problems`.
    #[schema(value_type = Code)]
    pub code: &'static str,
    /// `urn:uuid:` of the request.
    pub instance: String,
    /// Places of the request that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The rule a legal refusal stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<LegalGround>,
    /// Further members, such as the blocking slot of a booking.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// Writes `problem` for a reader of `language`.
pub fn document(problem: &Problem, language: Language, request: RequestId) -> ProblemDocument {
    let code = problem.code();
    let fault = Say::new(
        "系统出现故障，已记录；请凭 instance 中的编号联系中心。",
        "The hall failed and has noted it; quote the number in instance.",
    );
    let away = Say::new("服务暂不可用，请稍后重试。", "Temporarily unavailable; please try again.");
    let (detail, errors, rule, extra) = match problem {
        Problem::Refusal(refusal) => {
            (&refusal.detail, Vec::new(), refusal.rule.as_deref().cloned(), refusal.extra.clone())
        }
        Problem::Rejection(rejection) => {
            (&rejection.detail, rejection.errors.clone(), None, serde_json::Map::new())
        }
        Problem::Fault(_) if code == Code::Unavailable => (&away, Vec::new(), None, serde_json::Map::new()),
        Problem::Fault(_) => (&fault, Vec::new(), None, serde_json::Map::new()),
    };
    ProblemDocument {
        kind: format!("/api/v1/problems#{}", code.name()),
        title: code.title().in_language(language).to_owned(),
        status: code.status(),
        detail: detail.in_language(language).to_owned(),
        code: code.name(),
        instance: format!("urn:uuid:{request}"),
        errors,
        rule,
        extra,
    }
}

/// What a problem document needs of its request. Taken before the request goes on: the router needs it unshared.
#[derive(Debug, Clone)]
struct Asked {
    language: Language,
    id: RequestId,
    path: String,
}

impl Asked {
    fn of(request: &HttpRequest) -> Self {
        let accept = request.headers().get("accept-language").and_then(|value| value.to_str().ok());
        Self {
            language: language_of(accept.unwrap_or_default()),
            id: request_id(request),
            path: request.path().to_owned(),
        }
    }
}

/// The response that carries `problem` to the caller of `request`.
pub fn respond(problem: &Problem, request: &HttpRequest) -> HttpResponse {
    answer(problem, &Asked::of(request))
}

fn answer(problem: &Problem, asked: &Asked) -> HttpResponse {
    let Asked { language, id, path } = asked;
    let (language, id) = (*language, *id);
    if let Problem::Fault(fault) = problem {
        tracing::error!(request = %id, path, cause = format!("{:#}", fault.cause), "fault");
    }
    let document = document(problem, language, id);
    let status = StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header(("Cache-Control", "no-store"));
    response.insert_header(("Content-Language", if language == Language::En { "en" } else { "zh-CN" }));
    match status {
        StatusCode::UNAUTHORIZED => {
            response.insert_header(("WWW-Authenticate", "Bearer"));
        }
        // Whatever else is coming is not read.
        StatusCode::PAYLOAD_TOO_LARGE => {
            response.force_close();
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            response.insert_header(("Retry-After", "5"));
        }
        _ => {}
    }
    response.content_type(PROBLEM_JSON).body(serde_json::to_string(&document).unwrap_or_default())
}

impl std::fmt::Display for Problem {
    /// The code only: causes must not reach a caller by way of formatting.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.code().name())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Replaced by [`problem_documents`], which knows language and request.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}

/// Middleware: turns every error of every layer into a problem document.
///
/// # Errors
/// Never; the signature is actix's.
pub async fn problem_documents(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let asked = Asked::of(request.request());
    let response = match next.call(request).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => {
            let status = error.as_response_error().status_code();
            let problem = from_actix(&error).unwrap_or_else(|| by_status(status));
            return Err(InternalError::from_response(error.to_string(), answer(&problem, &asked)).into());
        }
    };
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_written(&response) {
        return Ok(response);
    }
    let problem = response.response().error().and_then(from_actix).unwrap_or_else(|| by_status(status));
    let allow = response.headers().get("allow").cloned();
    let mut answer = answer(&problem, &asked);
    if let Some(allow) = allow {
        answer.headers_mut().insert(actix_web::http::header::ALLOW, allow);
    }
    Ok(response.into_response(answer))
}

/// Whether a handler has already written an error body of its own (a problem document or a page).
fn is_written(response: &ServiceResponse) -> bool {
    response.headers().get("content-type").and_then(|value| value.to_str().ok()).is_some_and(|kind| {
        kind.starts_with(PROBLEM_JSON)
            || kind.starts_with("text/html")
            || kind.starts_with("application/json")
    })
}

fn from_actix(error: &actix_web::Error) -> Option<Problem> {
    if let Some(problem) = error.as_error::<Problem>() {
        return Some(copy(problem));
    }
    if let Some(QueryPayloadError::Deserialize(why)) = error.as_error::<QueryPayloadError>() {
        let detail = Say::new(format!("查询参数无效：{why}"), format!("The query is not valid: {why}"));
        return Some(Rejection::at("?", "invalid", detail).into());
    }
    if error.as_error::<PathError>().is_some() {
        return Some(Rejection::not_found().into());
    }
    error.as_error::<InternalError<String>>().map(|inner| by_status(inner.status_code()))
}

/// A copy for writing; a fault's cause is logged by its text.
fn copy(problem: &Problem) -> Problem {
    match problem {
        Problem::Refusal(refusal) => Problem::Refusal(refusal.clone()),
        Problem::Rejection(rejection) => Problem::Rejection(rejection.clone()),
        Problem::Fault(fault) if fault.code == Code::Unavailable => {
            Problem::unavailable(anyhow::anyhow!("{:#}", fault.cause))
        }
        Problem::Fault(fault) => Problem::internal(anyhow::anyhow!("{:#}", fault.cause)),
    }
}

/// What a bare status of the framework means here.
fn by_status(status: StatusCode) -> Problem {
    let say = |code: Code| Problem::from(Rejection::new(code, code.title()));
    match status.as_u16() {
        401 => Rejection::unauthenticated().into(),
        403 => Rejection::forbidden().into(),
        404 => Rejection::not_found().into(),
        405 => say(Code::MethodNotAllowed),
        406 => say(Code::NotAcceptable),
        413 => say(Code::PayloadTooLarge),
        415 => say(Code::UnsupportedMediaType),
        429 => say(Code::TooManyRequests),
        503 => Problem::unavailable(anyhow::anyhow!("framework answered 503")),
        400..=499 => say(Code::MalformedRequest),
        other => Problem::internal(anyhow::anyhow!("framework answered {other}")),
    }
}

/// The problem responses every call of the API may answer: status, name among the description's components, meaning.
const PROBLEMS: [(u16, &str, &str); 14] = [
    (400, "BadRequest", "The request is malformed"),
    (401, "Unauthorized", "No valid credentials"),
    (403, "Forbidden", "Not this role's act"),
    (404, "NotFound", "Absent, or not for the caller to know"),
    (405, "MethodNotAllowed", "Method not allowed"),
    (409, "Conflict", "The law or the state says no; a legal refusal names its rule"),
    (412, "PreconditionFailed", "The resource has changed"),
    (413, "PayloadTooLarge", "The request is too large"),
    (415, "UnsupportedMediaType", "Unsupported media type"),
    (422, "UnprocessableContent", "Invalid content, with pointers"),
    (428, "PreconditionRequired", "If-Match is required"),
    (429, "TooManyRequests", "Too many requests"),
    (500, "InternalServerError", "The hall failed"),
    (503, "ServiceUnavailable", "Temporarily unavailable"),
];

/// The problem responses for `responses(…, Problems)` of an operation. Each stands once, among the components of the
/// description; operations refer to it.
pub struct Problems;

impl Problems {
    /// The responses that operations refer to, by name.
    pub fn components() -> impl Iterator<Item = (String, Response)> {
        PROBLEMS.into_iter().map(|(_, name, meaning)| {
            let content =
                ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDocument"))).build();
            let response = ResponseBuilder::new().description(meaning).content(PROBLEM_JSON, content);
            (name.to_owned(), response.build())
        })
    }
}

impl utoipa::IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let refer = |(status, name, _): (u16, &str, _)| {
            (status.to_string(), RefOr::Ref(Ref::from_response_name(name)))
        };
        PROBLEMS.into_iter().map(refer).collect()
    }
}
