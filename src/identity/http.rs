//! The room's part of the API: tokens, the caller's own account, signing keys; [`administration`] beside them.

mod administration;

use actix_web::{HttpRequest, HttpResponse, get, http::header, post, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    call::{Arrival, Call, Key, first_password_stands},
    model::{Me, NewSigningKey, PasswordChange, SessionsEnded, SigningKeyView},
    service::{self, Gate, Grant, NoGrant},
};
use crate::{
    kernel::{Code, Problem, Rejection, Say, id::OrganisationId, say::Language},
    platform::{
        db::Db,
        http::{
            Body, Page, ProblemDocument, Problems, Reply,
            documents::{PROBLEM_JSON, document, respond},
            meta::{language_of, request_id},
            origin::Proxies,
        },
    },
};

/// Collects the room's routes.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(token).service(me).service(change_password).service(enrol).service(keys);
    config.configure(administration::routes);
}

/// How the caller wants to be granted a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum GrantType {
    Password,
    RefreshToken,
    ClientCredentials,
}

/// OAuth 2.0 form (RFC 6749). Unknown parameters are ignored, as that standard asks. No `Debug`: it holds secrets.
#[derive(Deserialize, ToSchema)]
struct TokenForm {
    /// `password` for people, `client_credentials` for programs, `refresh_token` to go on.
    grant_type: GrantType,
    /// Login name, with `password`.
    username: Option<String>,
    /// Password, with `password`.
    password: Option<String>,
    /// Refresh token, with `refresh_token`.
    refresh_token: Option<String>,
    /// Client id, with `client_credentials`, unless HTTP Basic carries it.
    client_id: Option<String>,
    /// Client secret, with `client_credentials`, unless HTTP Basic carries it.
    client_secret: Option<String>,
}

/// Tokens as RFC 6749 §5.1 writes them.
#[derive(Debug, Serialize, ToSchema)]
struct TokenAnswer {
    /// EdDSA JWT of ten minutes; send it as `Authorization: Bearer`.
    access_token: String,
    /// Single use; a program gets none.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    /// Set while the account has a password that was made up for it: until it has chosen its own, every other call by
    /// these tokens is a 403 of this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_change: Option<PasswordChangeDue>,
}

/// What an account has to do before anything else.
#[derive(Debug, Serialize, ToSchema)]
struct PasswordChangeDue {
    /// Always `password-change-required`.
    code: Code,
    /// What to do, in the caller's language.
    detail: String,
    /// Where to send the change (POST).
    href: &'static str,
}

impl PasswordChangeDue {
    fn in_language(language: Language) -> Self {
        let Rejection { code, detail, .. } = first_password_stands();
        Self { code, detail: detail.in_language(language).to_owned(), href: PASSWORD_CHANGE }
    }
}

/// Where an account changes its password.
const PASSWORD_CHANGE: &str = "/api/v1/account/password";

/// A problem document with the error word of RFC 6749 §5.2.
#[derive(Debug, Serialize, ToSchema)]
struct TokenProblem {
    #[serde(flatten)]
    document: ProblemDocument,
    /// Error word of RFC 6749 §5.2.
    error: &'static str,
}

/// Get tokens 登录: OAuth 2.0 token endpoint.
#[utoipa::path(tag = "auth",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Tokens", body = TokenAnswer),
        (status = 400, description = "Not a usable request or grant", body = TokenProblem, content_type = "application/problem+json"),
        (status = 401, description = "Not a valid client", body = TokenProblem, content_type = "application/problem+json"),
        (status = 409, description = "Another tab has just refreshed", body = TokenProblem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures", body = TokenProblem, content_type = "application/problem+json"),
        Problems))]
#[post("/api/v1/auth/token")]
async fn token(request: HttpRequest, body: web::Bytes, gate: web::Data<Gate>) -> HttpResponse {
    let form = match read_form(&request, &body) {
        Ok(form) => form,
        Err((problem, word)) => return refuse(&request, problem.into(), word, None),
    };
    let client = form.grant_type == GrantType::ClientCredentials;
    match grant(&request, &gate, form).await {
        Ok(granted) => {
            HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(TokenAnswer {
                access_token: granted.access,
                refresh_token: granted.refresh,
                token_type: "Bearer",
                expires_in: Gate::access_seconds(),
                password_change: granted
                    .first_password
                    .then(|| PasswordChangeDue::in_language(language(&request))),
            })
        }
        Err(Missing::Parameter(name)) => {
            let say = Say::new(format!("缺少参数 {name}。"), format!("The parameter {name} is missing."));
            refuse(&request, Rejection::new(Code::MalformedRequest, say).into(), "invalid_request", None)
        }
        Err(Missing::Grant(no)) => {
            let (problem, word, wait) = no.into_problem(client);
            refuse(&request, problem, word, wait)
        }
    }
}

/// Why the form gets no tokens.
enum Missing {
    Parameter(&'static str),
    Grant(NoGrant),
}

impl From<NoGrant> for Missing {
    fn from(no: NoGrant) -> Self {
        Self::Grant(no)
    }
}

fn read_form(request: &HttpRequest, body: &[u8]) -> Result<TokenForm, (Rejection, &'static str)> {
    if !actix_web::HttpMessage::content_type(request)
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        let say = Say::new(
            "请求体须为 application/x-www-form-urlencoded。",
            "The body must be application/x-www-form-urlencoded.",
        );
        return Err((Rejection::new(Code::UnsupportedMediaType, say), "invalid_request"));
    }
    let parsed = std::str::from_utf8(body).ok().map(web::Query::<TokenForm>::from_query);
    match parsed {
        _ if body.contains(&0) || body.windows(3).any(|three| three == b"%00") => {
            let say = Say::new("表单含有字符 U+0000。", "The form has the character U+0000.");
            Err((Rejection::new(Code::MalformedRequest, say), "invalid_request"))
        }
        Some(Ok(form)) => Ok(form.into_inner()),
        Some(Err(error)) => {
            let why = error.to_string();
            let word =
                if why.contains("unknown variant") { "unsupported_grant_type" } else { "invalid_request" };
            // The library's sentence may quote what was typed; ours does not.
            let say = Say::new("表单不是有效的令牌请求。", "The form is not a usable token request.");
            Err((Rejection::new(Code::MalformedRequest, say), word))
        }
        None => {
            let say = Say::new("表单不是 UTF-8。", "The form is not UTF-8.");
            Err((Rejection::new(Code::MalformedRequest, say), "invalid_request"))
        }
    }
}

async fn grant(request: &HttpRequest, gate: &Gate, form: TokenForm) -> Result<Grant, Missing> {
    let address = address_of(request);
    let need = |value: Option<String>, name| value.ok_or(Missing::Parameter(name));
    match form.grant_type {
        GrantType::Password => {
            let login = form.username.ok_or(Missing::Parameter("username"))?;
            let password = need(form.password, "password")?;
            Ok(gate.by_password(&login, password, &address).await?)
        }
        GrantType::RefreshToken => {
            let given = need(form.refresh_token, "refresh_token")?;
            Ok(gate.by_refresh(&given, request_id(request)).await?)
        }
        GrantType::ClientCredentials => {
            let (client, secret) = match (form.client_id, form.client_secret) {
                (Some(client), Some(secret)) => (client, secret),
                _ => basic(request).ok_or(Missing::Parameter("client_id"))?,
            };
            Ok(gate.by_secret(&client, &secret, &address).await?)
        }
    }
}

/// Client id and secret of HTTP Basic (RFC 6749 §2.3.1).
fn basic(request: &HttpRequest) -> Option<(String, String)> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let plain = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client, secret) = plain.split_once(':')?;
    // PostgreSQL keeps no U+0000, so no client has it.
    let usable = !plain.contains('\0');
    (usable && scheme.eq_ignore_ascii_case("basic")).then(|| (client.to_owned(), secret.to_owned()))
}

/// The caller's address for counting failures; of an IPv6 address the network, which is one household or firm.
pub fn address_of(request: &HttpRequest) -> String {
    let nobody = Proxies::default();
    let proxies = request.app_data::<web::Data<Proxies>>().map_or(&nobody, |proxies| proxies.as_ref());
    match proxies.origin(request) {
        Some(std::net::IpAddr::V4(address)) => address.to_string(),
        Some(std::net::IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "unknown".into(),
    }
}

fn refuse(request: &HttpRequest, problem: Problem, word: &'static str, wait: Option<i32>) -> HttpResponse {
    // The usual answer sets the headers and logs a fault; the body gains the word of RFC 6749.
    let plain = respond(&problem, request);
    let document = document(&problem, language(request), request_id(request));
    let mut answer = HttpResponse::build(plain.status());
    for (name, value) in plain.headers() {
        answer.insert_header((name, value));
    }
    if let Some(seconds) = wait {
        answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    let body = serde_json::to_string(&TokenProblem { document, error: word }).unwrap_or_default();
    answer.content_type(PROBLEM_JSON).body(body)
}

fn language(request: &HttpRequest) -> Language {
    let accept = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    language_of(accept.unwrap_or_default())
}

/// The caller's own account, roles and organisation.
#[utoipa::path(tag = "auth", responses((status = 200, description = "The caller", body = Me), Problems))]
#[get("/api/v1/auth/me")]
async fn me(call: Call, db: web::Data<Db>) -> Result<Reply, Problem> {
    let account = call.account()?;
    Reply::ok(&service::me(&mut *db.read().await?, account).await?)
}

/// Change one's own password 修改密码. All of the account's tokens end, the one of this call too. The one call that is
/// open to an account whose password was made up for it.
#[utoipa::path(tag = "auth", request_body = PasswordChange,
    responses((status = 200, description = "Changed", body = SessionsEnded), Problems))]
#[post("/api/v1/account/password")]
async fn change_password(
    request: HttpRequest,
    arrival: Arrival,
    body: Body<PasswordChange>,
    gate: web::Data<Gate>,
) -> Result<Reply, Problem> {
    let (call, address) = (arrival.call, address_of(&request));
    Reply::ok(&gate.change_password(&call.actor, body.value, call.meta.request, &address).await?)
}

/// Enrol a public signing key of one's own organisation, with proof of possession.
#[utoipa::path(tag = "organisations", request_body = NewSigningKey,
    params(("id" = OrganisationId, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "Enrolled", body = SigningKeyView), Problems))]
#[post("/api/v1/organisations/{id}/signing-keys")]
async fn enrol(
    call: Call,
    id: web::Path<OrganisationId>,
    body: Body<NewSigningKey>,
    db: web::Data<Db>,
) -> Result<Reply, Problem> {
    call.account()?;
    let Body { value, fingerprint } = body;
    call.commit(&db, "identity.enrol_key", &fingerprint, Key::Optional, async |tx| {
        service::enrol_key(tx, &call.actor, *id, &value).await
    })
    .await
}

/// Public signing keys of an organisation.
#[utoipa::path(tag = "organisations", params(("id" = OrganisationId, Path)),
    responses((status = 200, description = "Its keys, oldest first", body = Page<SigningKeyView>), Problems))]
#[get("/api/v1/organisations/{id}/signing-keys")]
async fn keys(call: Call, id: web::Path<OrganisationId>, db: web::Data<Db>) -> Result<Reply, Problem> {
    Reply::ok(&service::read_keys(&mut *db.read().await?, &call.actor, *id).await?)
}
