//! Getting tokens, renewing them, and tokens that are none.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp,
    client::{PASSWORD, form_text, login_form},
    works::START,
};

const TOKEN: &str = "/api/v1/auth/token";
const ME: &str = "/api/v1/auth/me";

fn refresh(app: &TestApp, token: &str) -> Answer {
    app.public().form(TOKEN, &format!("grant_type=refresh_token&refresh_token={token}"))
}

fn me_with(app: &TestApp, token: &str) -> Answer {
    app.public().with("Authorization", &format!("Bearer {token}")).get(ME)
}

#[test]
fn people_log_in_by_password_and_programs_by_secret() {
    let app = TestApp::sandbox(START);
    let person = app.public().form(TOKEN, &login_form("agency.one")).expect(200);
    assert_eq!((&person["token_type"], &person["expires_in"]), (&json!("Bearer"), &json!(600)));
    assert!(person["refresh_token"].is_string());
    assert_eq!(person.header("cache-control"), "no-store");
    assert_eq!(me_with(&app, &person.text_at("/access_token")).expect(200)["login"], "agency.one");
    let program = app.public().form(TOKEN, &login_form("bidder.0001")).expect(200);
    assert!(program["refresh_token"].is_null(), "a program asks anew");
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("bidder.0002:{PASSWORD}"));
    let by_header = app.public().with("Authorization", &format!("Basic {basic}"));
    by_header.form(TOKEN, "grant_type=client_credentials").expect(200);
    // A person is no program, and a program no person.
    let word = form_text(PASSWORD);
    let wrong = format!("grant_type=client_credentials&client_id=agency.one&client_secret={word}");
    app.public().form(TOKEN, &wrong).expect(401);
    let wrong = format!("grant_type=password&username=bidder.0001&password={word}");
    assert_eq!(app.public().form(TOKEN, &wrong).expect(400)["error"], "invalid_grant");
    assert_eq!(app.public().form(TOKEN, "grant_type=magic").expect(400)["error"], "unsupported_grant_type");
    app.public().post(TOKEN, &json!({"grant_type": "password"})).expect(415);
}

#[test]
fn a_refresh_token_is_used_once_and_a_replay_ends_the_session() {
    let app = TestApp::sandbox(START);
    let first = app.public().form(TOKEN, &login_form("agency.one")).expect(200).text_at("/refresh_token");
    let second = refresh(&app, &first).expect(200);
    let newest = second.text_at("/refresh_token");
    // Two tabs at once: the second is told to wait, and the session goes on.
    let race = refresh(&app, &first).expect(409).problem("refresh-race");
    assert_eq!(race.header("retry-after"), "11");
    let newest = refresh(&app, &newest).expect(200);
    // The same token once more is a thief's: everything of the session ends.
    refresh(&app, &first).expect(400).problem("invalid-grant");
    refresh(&app, &newest.text_at("/refresh_token")).expect(400).problem("invalid-grant");
    let ended = TestApp::beside(&app);
    me_with(&ended, &newest.text_at("/access_token")).expect(401).problem("unauthenticated");
    refresh(&app, "made-up").expect(400).problem("invalid-grant");
}

#[test]
fn a_token_that_is_not_quite_right_is_no_token() {
    let app = TestApp::sandbox(START);
    let good = app.token("agency.one");
    me_with(&app, &good).expect(200);
    let seed = std::fs::read_to_string(app.folder().join("keys/token.key")).unwrap();
    let key = SigningKey::from_bytes(&hex::decode(seed.trim()).unwrap().try_into().unwrap());
    let part = |at: usize| -> Value {
        let text = good.split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    let (header, claims) = (part(0), part(1));
    let signed = |header: &Value, claims: &Value| {
        let text = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()).to_bytes()))
    };
    // The signature of this test is as good as the service's own.
    me_with(&app, &signed(&header, &claims)).expect(200);
    let mut none = header.clone();
    none["alg"] = json!("none");
    let unsigned = [&none, &claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let mut bad = vec![
        signed(&none, &claims),
        format!("{unsigned}."),
        good.chars().take(good.len() - 2).collect(),
        String::new(),
    ];
    let now = claims["iat"].as_i64().unwrap();
    for change in [
        json!({"aud": "another-api"}),
        json!({"iss": "somebody"}),
        json!({"iat": now - 610, "nbf": now - 610, "exp": now - 10}),
        json!({"epoch": 99}),
        json!({"roles": ["admin"]}),
    ] {
        let mut changed = claims.clone();
        changed.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        bad.push(signed(&header, &changed));
    }
    for token in bad {
        let answer = me_with(&app, &token).expect(401).problem("unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    app.public().with("Authorization", "Basic YWdlbmN5Lm9uZTp4").get(ME).expect(401);
    app.public().get(ME).expect(401);
}

#[test]
fn guessing_is_slowed_down_by_account() {
    let app = TestApp::sandbox(START);
    let guess =
        |login: &str| app.public().form(TOKEN, &format!("grant_type=password&username={login}&password=x"));
    for _ in 0..10 {
        guess("agency.two").expect(400);
    }
    let limited = guess("agency.two").expect(429).problem("too-many-requests");
    assert!(limited.header("retry-after").parse::<u32>().unwrap() > 5, "{limited:?}");
    app.public().form(TOKEN, &login_form("agency.two")).expect(429);
    app.public().form(TOKEN, &login_form("agency.one")).expect(200);
    guess("nobody.at.all").expect(400);
}

#[test]
fn failures_count_for_the_address_that_a_trusted_proxy_names() {
    let (caller, neighbour) = ("203.0.113.9", "203.0.113.10");
    let ask = |app: &TestApp, login: &str, forwarded: &str| {
        let from = app.public().with("X-Forwarded-For", forwarded);
        from.form("/api/v1/auth/token", &login_form(login)).status
    };
    let fill = format!(
        "INSERT INTO login_failures (login_sha256, address)
         SELECT sha256(n::text::bytea), '{caller}' FROM generate_series(1, 100) n"
    );
    let behind = TestApp::sandbox_told(START, |settings| {
        settings.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    });
    behind.sql().run(&fill).unwrap();
    assert_eq!(ask(&behind, "bidder.0001", caller), 429);
    assert_eq!(ask(&behind, "bidder.0001", neighbour), 200, "another behind the same proxy");
    assert_eq!(
        ask(&behind, "bidder.0001", &format!("{neighbour}, {caller}")),
        429,
        "what the caller made up"
    );
    let wrong = "grant_type=client_credentials&client_id=bidder.0001&client_secret=wrong";
    behind.public().with("X-Forwarded-For", neighbour).form("/api/v1/auth/token", wrong).expect(401);
    let last = "SELECT address FROM login_failures ORDER BY id DESC LIMIT 1";
    assert_eq!(behind.sql().value::<String>(last, &[]), neighbour);

    // Where no proxy is named, the header is anybody's word.
    let open = TestApp::sandbox(START);
    open.sql().run(&fill).unwrap();
    assert_eq!(ask(&open, "bidder.0001", caller), 200);
    open.public().with("X-Forwarded-For", neighbour).form("/api/v1/auth/token", wrong).expect(401);
    assert_eq!(open.sql().value::<String>(last, &[]), "127.0.0.1");
}
