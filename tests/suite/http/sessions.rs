//! Signing in with a browser: the cookie, what it is good for, and how it ends.

use serde_json::json;

use crate::support::{
    Answer, TestApp,
    client::{PASSWORD, form_text},
    works::START,
};

const ME: &str = "/api/v1/auth/me";

fn sign_in(app: &TestApp, login: &str, password: &str, site: &str) -> Answer {
    let form = format!("login={login}&password={}&next=/board/152500/control", form_text(password));
    app.public().with("Sec-Fetch-Site", site).form("/login", &form)
}

/// The cookie as the browser sends it back.
fn cookie(answer: &Answer) -> String {
    let told = answer.header("set-cookie").to_owned();
    for part in ["__Host-hall=", "; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(told.contains(part), "{told}");
    }
    told.split(';').next().unwrap().to_owned()
}

#[test]
fn a_session_acts_for_the_person_from_pages_of_the_hall_alone() {
    let app = TestApp::sandbox(START);
    let answer = sign_in(&app, "operator.league", PASSWORD, "same-origin").expect(303);
    assert_eq!(answer.header("location"), "/board/152500/control");
    assert_eq!(answer.header("cache-control"), "no-store");
    let cookie = cookie(&answer);
    let with = |site: &str| app.public().with("Cookie", &cookie).with("Sec-Fetch-Site", site);
    assert_eq!(with("same-origin").get(ME).expect(200)["login"], "operator.league");
    let body = json!({"of": {"centre": "152500"}});
    with("cross-site").post("/api/v1/calendar-feeds", &body).expect(401).problem("unauthenticated");
    with("same-origin").post("/api/v1/calendar-feeds", &body).expect(201);
    // What the cookie holds is no access token, and an access token no session.
    let token = cookie.split_once('=').unwrap().1;
    app.public().with("Authorization", &format!("Bearer {token}")).get(ME).expect(401);
    let access = format!("__Host-hall={}", app.token("operator.league"));
    app.public().with("Cookie", &access).get(ME).expect(401);
    // Signing out ends it for whoever has copied it, here at once.
    with("cross-site").form("/logout", "").expect(400);
    let out = with("same-origin").form("/logout", "").expect(303);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    with("same-origin").get(ME).expect(401);
    let page = app.public().with("Cookie", &cookie).with("Accept", "text/html").get("/notices").expect(200);
    assert!(page.text.contains("</html>"), "public pages stay readable after the session");
}

#[test]
fn a_wrong_password_and_a_foreign_form_begin_no_session() {
    let app = TestApp::sandbox(START);
    let wrong = sign_in(&app, "operator.league", "wrong", "same-origin").expect(401);
    assert!(wrong.text.contains("登录名、密码或令牌无效") && wrong.text.contains("operator.league"));
    assert!(!wrong.text.contains("wrong"), "a password is never shown again");
    sign_in(&app, "operator.league", PASSWORD, "cross-site").expect(400);
    sign_in(&app, "bidder.0001", PASSWORD, "same-origin").expect(401);
    for next in ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example"] {
        let form = format!("login=operator.league&password={}&next={}", form_text(PASSWORD), form_text(next));
        let answer = app.public().with("Sec-Fetch-Site", "same-origin").form("/login", &form).expect(303);
        assert_eq!(answer.header("location"), "/login", "{next}");
    }
    for _ in 0..10 {
        sign_in(&app, "agency.one", "wrong", "same-origin");
    }
    let limited = sign_in(&app, "agency.one", PASSWORD, "same-origin").expect(429);
    assert!(limited.header("retry-after").parse::<u32>().is_ok());
}

#[test]
fn a_first_password_opens_the_page_that_changes_it_and_nothing_else() {
    let app = TestApp::sandbox(START);
    let id: String = app.sql().value("SELECT id::text FROM accounts WHERE login = 'operator.league'", &[]);
    let reset = app.as_("admin").post(&format!("/api/v1/accounts/{id}/password"), &json!({"reason": "遗忘"}));
    let first = reset.expect(200).text_at("/secret");
    let begun = sign_in(&app, "operator.league", &first, "same-origin").expect(303);
    let page = "/login/password?next=%2Fboard%2F152500%2Fcontrol";
    assert_eq!(begun.header("location"), page);
    let early = cookie(&begun);
    let with = |cookie: &str, site: &str| app.public().with("Cookie", cookie).with("Sec-Fetch-Site", site);
    let browser = |cookie: &str| with(cookie, "same-origin").with("Accept", "text/html");
    // The API names it; pages that are nobody's business send to the sign-in, which sends here; public ones open.
    with(&early, "same-origin").get(ME).expect(403).problem("password-change-required");
    let sent = browser(&early).get("/board/152500/control").expect(303);
    assert_eq!(sent.header("location"), "/login?next=%2Fboard%2F152500%2Fcontrol");
    let sent = browser(&early).get(sent.header("location")).expect(303);
    assert_eq!(sent.header("location"), page);
    browser(&early).get("/notices").expect(200);
    let form = browser(&early).get(page).expect(200);
    assert!(form.text.contains("operator.league") && form.text.contains("管理员给您的密码"));
    assert_eq!(form.header("cache-control"), "no-store");
    // Nobody's, and another site's.
    app.public().with("Accept", "text/html").get(page).expect(303);
    let own = "a word of its own";
    let typed = |old: &str, new: &str, again: &str| {
        format!(
            "old={}&new={}&again={}&next=%2Fboard%2F152500%2Fcontrol",
            form_text(old),
            form_text(new),
            form_text(again)
        )
    };
    let send =
        |site: &str, form: &str| with(&early, site).with("Accept", "text/html").form("/login/password", form);
    send("cross-site", &typed(&first, own, own)).expect(400);
    let differs = send("same-origin", &typed(&first, own, "another")).expect(422);
    assert!(
        differs.text.contains("两次输入的新密码不一致") && !differs.text.contains(own),
        "never shown again"
    );
    assert!(send("same-origin", &typed("wrong word", own, own)).expect(422).text.contains("原密码不正确"));
    assert!(
        send("same-origin", &typed(&first, "short", "short"))
            .expect(422)
            .text
            .contains("新密码至少 8 个字符")
    );

    let changed = send("same-origin", &typed(&first, own, own)).expect(303);
    assert_eq!(changed.header("location"), "/board/152500/control");
    let fresh = cookie(&changed);
    assert_eq!(with(&fresh, "same-origin").get(ME).expect(200)["login"], "operator.league");
    with(&early, "same-origin").get(ME).expect(401);
    // Whoever has an own password changes it at the same place.
    let form = browser(&fresh).get("/login/password").expect(200);
    // Nobody is sent back to the form that has just been filled in: the desk says that it is done.
    let here = browser(&fresh).get("/login/password?next=%2Flogin%2Fpassword%3Flang%3Dzh").expect(200);
    assert!(here.text.contains("name=\"next\" value=\"/login\""), "{}", here.text);
    let another = "another word of its own";
    let typed = format!("old={}&new={0}&again={0}&next=%2Flogin%2Fpassword", form_text(another)).replacen(
        &form_text(another),
        &form_text(own),
        1,
    );
    let again = with(&fresh, "same-origin").with("Accept", "text/html").form("/login/password", &typed);
    let again = again.expect(303);
    assert_eq!(again.header("location"), "/login");
    let fresh = cookie(&again);
    assert!(form.text.contains("原密码") && !form.text.contains("管理员给您的密码"));
    assert!(browser(&fresh).get("/login").expect(200).text.contains("/login/password"));
}
