//! 登录会话: the session of a person who signed in with a browser, in a cookie.
//!
//! Scripts cannot read the cookie, other hosts and plain HTTP beyond this machine never get it (`__Host-`, `Secure`,
//! `HttpOnly`, `SameSite=Strict`). Invariant: a request that may change something counts as the person's own only
//! where the browser says that a page of this hall sent it; otherwise it comes from nobody.

use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{COOKIE, HOST, ORIGIN},
    },
};

use super::tokens::SESSION_SECONDS;

/// Name of the cookie.
const NAME: &str = "__Host-hall";

/// The session a request may act by.
pub fn session(request: &HttpRequest) -> Option<String> {
    let harmless = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    (harmless || from_own_page(request)).then(|| cookie(request)).flatten()
}

/// Whether the browser says that a page of this hall sent the request (Fetch Metadata; `Origin` for older ones).
pub fn from_own_page(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    match header("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => header(ORIGIN.as_str())
            .and_then(|origin| origin.split_once("://"))
            .is_some_and(|(_, host)| Some(host) == header(HOST.as_str())),
    }
}

fn cookie(request: &HttpRequest) -> Option<String> {
    request
        .headers()
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|all| all.split(';'))
        .find_map(|pair| {
            pair.trim().split_once('=').filter(|(name, _)| *name == NAME).map(|(_, value)| value.to_owned())
        })
}

/// `Set-Cookie` that begins a session.
pub fn begin(token: &str) -> String {
    format!("{NAME}={token}; Path=/; Max-Age={SESSION_SECONDS}; Secure; HttpOnly; SameSite=Strict")
}

/// `Set-Cookie` that ends it.
pub fn end() -> String {
    format!("{NAME}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn asked(method: Method, headers: &[(&'static str, &str)]) -> Option<String> {
        let request = TestRequest::default().method(method).insert_header(("host", "hall.example:8080"));
        let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
        session(&request.insert_header(("cookie", "other=1; __Host-hall=abc; last=2")).to_http_request())
    }

    #[test]
    fn a_change_counts_only_from_a_page_of_the_hall() {
        assert_eq!(asked(Method::GET, &[]).as_deref(), Some("abc"));
        assert_eq!(asked(Method::GET, &[("sec-fetch-site", "cross-site")]).as_deref(), Some("abc"));
        assert_eq!(asked(Method::POST, &[("sec-fetch-site", "same-origin")]).as_deref(), Some("abc"));
        assert_eq!(asked(Method::POST, &[("origin", "http://hall.example:8080")]).as_deref(), Some("abc"));
        for foreign in [
            &[][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none"), ("origin", "http://hall.example:8080")],
            &[("origin", "http://hall.example")],
            &[("origin", "null")],
        ] {
            assert_eq!(asked(Method::POST, foreign), None, "{foreign:?}");
        }
    }
}
