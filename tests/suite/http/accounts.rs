//! How the operator of a hall lets people and programs in: organisations, accounts, first and later passwords.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp,
    client::{PASSWORD, form_text, login_form},
    works::START,
};

const ACCOUNTS: &str = "/api/v1/accounts";
const ORGANISATIONS: &str = "/api/v1/organisations";
const PASSWORD_CHANGE: &str = "/api/v1/account/password";

fn purchaser() -> Value {
    json!({
        "kind": "purchaser",
        "name": {"zh": "太仆寺旗林业和草原局", "en": "Forestry and Grassland Bureau of Taibus Banner"},
        "uscc": "91350100M000100Y43",
        "regionCode": "152527",
        "email": "trade@forestry.example"
    })
}

fn person(login: &str, organisation: &str) -> Value {
    json!({
        "login": login, "displayName": "采购办", "kind": "person", "organisationId": organisation,
        "role": "purchaser"
    })
}

fn log_in(app: &TestApp, login: &str, password: &str) -> Answer {
    let word = form_text(password);
    app.public().form("/api/v1/auth/token", &format!("grant_type=password&username={login}&password={word}"))
}

/// Who an access token speaks for.
fn me(app: &TestApp, token: &str) -> Answer {
    app.public().with("Authorization", &format!("Bearer {token}")).get("/api/v1/auth/me")
}

fn change(app: &TestApp, token: &str, old: &str, new: &str) -> Answer {
    let caller = app.public().with("Authorization", &format!("Bearer {token}"));
    caller.post(PASSWORD_CHANGE, &json!({"oldPassword": old, "newPassword": new}))
}

/// Changes a first password for another; a token under the new one.
fn chosen(app: &TestApp, login: &str, first: &str, own: &str) -> String {
    let token = log_in(app, login, first).expect(200).text_at("/access_token");
    change(app, &token, first, own).expect(200);
    log_in(app, login, own).expect(200).text_at("/access_token")
}

/// Acts of the record on accounts and organisations, first to last, by logins.
fn acts(app: &TestApp) -> Vec<String> {
    app.sql().values(
        "SELECT act FROM log_pending WHERE act ~ '^(organisation|account|credential|password)\\.'
          ORDER BY id",
        &[],
    )
}

#[test]
fn an_administrator_brings_in_an_organisation_and_its_first_account() {
    let app = TestApp::sandbox(START);
    let admin = app.as_("admin");
    let body = purchaser();
    let added = admin.clone().with("Idempotency-Key", "one").post(ORGANISATIONS, &body).expect(201);
    let again = admin.clone().with("Idempotency-Key", "one").post(ORGANISATIONS, &body).expect(201);
    assert_eq!(again.text, added.text);
    admin.post(ORGANISATIONS, &body).expect(409).problem("duplicate");
    let organisation = added.id();
    let read = admin.get(&format!("{ORGANISATIONS}/{organisation}")).expect(200);
    assert_eq!((&read.json, &read["email"]), (&added.json, &json!("trade@forestry.example")));
    let listed = admin.get(&format!("{ORGANISATIONS}?limit=1")).expect(200);
    assert_eq!((&listed["items"][0], listed["next"].is_string()), (&added.json, true), "newest first");

    let made = admin.post(ACCOUNTS, &person("purchaser.forestry", &organisation)).expect(201);
    let id = made.text_at("/account/id");
    assert_eq!(made["account"]["roles"], json!(["purchaser"]));
    admin.post(ACCOUNTS, &person("purchaser.forestry", &organisation)).expect(409).problem("duplicate");
    let listed = admin.get(&format!("{ACCOUNTS}?organisation={organisation}")).expect(200);
    assert_eq!(listed["items"], json!([made["account"]]));
    assert_eq!(admin.get(&format!("{ACCOUNTS}/{id}")).expect(200).json, made["account"]);
    let next = admin.get(&format!("{ACCOUNTS}?limit=200")).expect(200).text_at("/next");
    let second = admin.get(&format!("{ACCOUNTS}?limit=200&cursor={next}")).expect(200);
    assert_eq!(second["items"].as_array().unwrap().len(), 200);

    let token = chosen(&app, "purchaser.forestry", &made.text_at("/secret"), "a word of its own choice");
    let seen = me(&app, &token).expect(200);
    assert_eq!(seen["organisation"]["id"], organisation.as_str());
    assert_eq!(acts(&app), ["organisation.created", "account.created", "password.changed"]);
    let kept: i64 = app.sql().value(
        "SELECT count(*) FROM accounts WHERE password_hash LIKE '%' || $1 || '%' OR id::text = $1",
        &[&made.text_at("/secret")],
    );
    assert_eq!(kept, 0);
}

#[test]
fn a_program_gets_a_secret_and_one_person_stays_one_person() {
    let app = TestApp::sandbox(START);
    let admin = app.as_("admin");
    let enterprise = app.bidder(1).organisation;
    let program = json!({
        "login": "bidder.second", "displayName": "投标程序", "kind": "program", "organisationId": enterprise,
        "role": "bidder"
    });
    let made = admin.post(ACCOUNTS, &program).expect(201);
    let form = |secret: &str| {
        format!("grant_type=client_credentials&client_id=bidder.second&client_secret={secret}")
    };
    let first = made.text_at("/secret");
    app.public().form("/api/v1/auth/token", &form(&first)).expect(200);
    let path = format!("{ACCOUNTS}/{}/password", made.text_at("/account/id"));
    let reset = admin.post(&path, &json!({"reason": "密钥泄露"})).expect(200);
    app.public().form("/api/v1/auth/token", &form(&first)).expect(401);
    let token = app.public().form("/api/v1/auth/token", &form(&reset.text_at("/secret"))).expect(200);
    change(&app, &token.text_at("/access_token"), "what it had", "what it gets")
        .expect(409)
        .problem("wrong-state");

    let account = |login: &str| -> String {
        app.sql().value("SELECT id::text FROM accounts WHERE login = $1", &[&login])
    };
    let mut second = person("purchaser.second", &app.as_("purchaser.taibus").organisation());
    second["samePersonAs"] = account("agency.one").into();
    admin.post(ACCOUNTS, &second).expect(201);
    let persons: i64 = app.sql().value(
        "SELECT count(DISTINCT person_key) FROM accounts WHERE login IN ('agency.one', 'purchaser.second')",
        &[],
    );
    assert_eq!(persons, 1);
    second["login"] = "purchaser.third".into();
    second["samePersonAs"] = account("bidder.0001").into();
    admin.post(ACCOUNTS, &second).expect(422).points_to("/samePersonAs");
}

#[test]
fn what_does_not_fit_is_pointed_to_and_leaves_nothing() {
    let app = TestApp::sandbox(START);
    let admin = app.as_("admin");
    let count = || -> (i64, i64) {
        let of = |table: &str| app.sql().value(&format!("SELECT count(*) FROM {table}"), &[]);
        (of("organisations"), of("accounts"))
    };
    let before = count();
    for (pointer, name, value) in [
        ("/uscc", "uscc", json!("91350100M000100Y44")),
        ("/regionCode", "regionCode", json!("15252")),
        ("/centreCode", "centreCode", json!("152527")),
        ("/email", "email", json!("nobody")),
        ("/name/en", "name", json!({"zh": "局", "en": " "})),
        ("/kind", "kind", json!("bureau")),
    ] {
        let mut body = purchaser();
        body[name] = value;
        admin.post(ORGANISATIONS, &body).expect(422).points_to(pointer);
    }
    let organisation = app.as_("purchaser.taibus").organisation();
    for (pointer, name, value) in [
        ("/login", "login", json!("采购")),
        ("/login", "login", json!("A")),
        ("/displayName", "displayName", json!("")),
        ("/role", "role", json!("operator")),
        ("/role", "role", json!("admin")),
        ("/role", "role", json!("supervisorFinance")),
        ("/organisationId", "organisationId", json!("11111111-1111-4111-8111-111111111111")),
    ] {
        let mut body = person("purchaser.new", &organisation);
        body[name] = value;
        admin.post(ACCOUNTS, &body).expect(422).points_to(pointer);
    }
    let mut program = person("expert.program", &organisation);
    (program["kind"], program["role"]) = ("program".into(), "expert".into());
    admin.post(ACCOUNTS, &program).expect(422).points_to("/kind");
    assert_eq!(count(), before);
}

#[test]
fn only_administrators_administer_and_they_do_nothing_else() {
    let app = TestApp::sandbox(START);
    let organisation = app.as_("purchaser.taibus").organisation();
    let account: String = app.sql().value("SELECT id::text FROM accounts WHERE login = 'agency.one'", &[]);
    let why = json!({"reason": "试"});
    for login in [
        "",
        "operator.league",
        "purchaser.taibus",
        "agency.one",
        "bidder.0001",
        "expert.001",
        "supervisor.office",
    ] {
        let caller = if login.is_empty() { app.public() } else { app.as_(login) };
        let status = if login.is_empty() { 401 } else { 403 };
        for path in [
            ORGANISATIONS,
            ACCOUNTS,
            &format!("{ORGANISATIONS}/{organisation}"),
            &format!("{ACCOUNTS}/{account}"),
        ] {
            caller.get(path).expect(status);
        }
        caller.post(ORGANISATIONS, &purchaser()).expect(status);
        caller.post(ACCOUNTS, &person("purchaser.new", &organisation)).expect(status);
        for act in ["disable", "enable", "password"] {
            caller.post(&format!("{ACCOUNTS}/{account}/{act}"), &why).expect(status);
        }
    }
    assert_eq!(acts(&app), Vec::<String>::new());
    app.as_("agency.one").get("/api/v1/auth/me").expect(200);
    for act in ["disable", "enable", "password"] {
        let path = format!("{ACCOUNTS}/11111111-1111-4111-8111-111111111111/{act}");
        app.as_("admin").post(&path, &why).expect(404);
    }
}

#[test]
fn a_disabled_account_is_out_at_once_and_comes_back_with_a_new_login() {
    let app = TestApp::sandbox(START);
    let admin = app.as_("admin");
    let id: String = app.sql().value("SELECT id::text FROM accounts WHERE login = 'agency.one'", &[]);
    let act =
        |name: &str, reason: &str| admin.post(&format!("{ACCOUNTS}/{id}/{name}"), &json!({"reason": reason}));
    let session = log_in(&app, "agency.one", PASSWORD).expect(200);
    me(&app, &session.text_at("/access_token")).expect(200);
    act("disable", " ").expect(422).points_to("/reason");
    act("enable", "尚未停用").expect(409).problem("wrong-state");
    let disabled = act("disable", "离职").expect(200);
    assert_eq!(disabled["disabledAt"], "2026-02-09T01:00:00Z");
    me(&app, &session.text_at("/access_token")).expect(401);
    log_in(&app, "agency.one", PASSWORD).expect(400);
    let refresh = format!("grant_type=refresh_token&refresh_token={}", session.text_at("/refresh_token"));
    app.public().form("/api/v1/auth/token", &refresh).expect(400);
    act("disable", "离职").expect(409).problem("wrong-state");

    assert!(act("enable", "复职").expect(200)["disabledAt"].is_null());
    me(&app, &session.text_at("/access_token")).expect(401);
    app.public().form("/api/v1/auth/token", &refresh).expect(400);
    let fresh = log_in(&app, "agency.one", PASSWORD).expect(200);
    me(&app, &fresh.text_at("/access_token")).expect(200);

    let own: String = app.sql().value("SELECT id::text FROM accounts WHERE login = 'admin'", &[]);
    let itself = admin.post(&format!("{ACCOUNTS}/{own}/disable"), &json!({"reason": "误"}));
    itself.expect(409).problem("wrong-state");
    assert_eq!(acts(&app), ["account.disabled", "account.enabled"]);
}

#[test]
fn a_changed_password_ends_every_session_and_the_old_one_is_none() {
    let app = TestApp::sandbox(START);
    let (old, new) = (PASSWORD, "另一个足够长的口令");
    let first = log_in(&app, "purchaser.taibus", old).expect(200);
    let second = log_in(&app, "purchaser.taibus", old).expect(200);
    let token = second.text_at("/access_token");
    change(&app, &token, "wrong", new).expect(422).points_to("/oldPassword");
    change(&app, &token, old, "short").expect(422).points_to("/newPassword");
    change(&app, &token, old, &"long".repeat(300)).expect(422).points_to("/newPassword");
    change(&app, &token, old, old).expect(422).points_to("/newPassword");
    app.public().post(PASSWORD_CHANGE, &json!({"oldPassword": old, "newPassword": new})).expect(401);
    me(&app, &token).expect(200);
    assert_eq!(change(&app, &token, old, new).expect(200)["sessionsEnded"], 2);
    for session in [&first, &second] {
        me(&app, &session.text_at("/access_token")).expect(401);
        let refresh = format!("grant_type=refresh_token&refresh_token={}", session.text_at("/refresh_token"));
        app.public().form("/api/v1/auth/token", &refresh).expect(400);
    }
    log_in(&app, "purchaser.taibus", old).expect(400);
    let fresh = log_in(&app, "purchaser.taibus", new).expect(200);
    me(&app, &fresh.text_at("/access_token")).expect(200);
    assert_eq!(acts(&app), ["password.changed"]);
    // Whoever holds a stolen token may not guess for ever.
    let token = fresh.text_at("/access_token");
    for guess in 0..8 {
        change(&app, &token, &format!("guess {guess}"), old).expect(422);
    }
    change(&app, &token, new, old).expect(429).problem("too-many-requests");
}

#[test]
fn a_password_made_up_by_another_opens_nothing_but_its_change() {
    let app = TestApp::sandbox(START);
    let admin = app.as_("admin");
    let id: String = app.sql().value("SELECT id::text FROM accounts WHERE login = 'operator.league'", &[]);
    let told = || admin.get(&format!("{ACCOUNTS}/{id}")).expect(200)["firstPassword"].clone();
    assert_eq!(told(), false, "who founds a sandbox chooses its word");
    let plain = log_in(&app, "operator.league", PASSWORD).expect(200);
    assert_eq!(plain.json.get("password_change"), None);
    let reset = admin.post(&format!("{ACCOUNTS}/{id}/password"), &json!({"reason": "遗忘"})).expect(200);
    let first = reset.text_at("/secret");
    assert_eq!((&reset["account"]["firstPassword"], told()), (&json!(true), json!(true)));

    let granted = app.public().with("Accept-Language", "en").form(
        "/api/v1/auth/token",
        &format!("grant_type=password&username=operator.league&password={first}"),
    );
    let granted = granted.expect(200);
    assert_eq!(granted["password_change"]["code"], "password-change-required");
    assert_eq!(granted["password_change"]["href"], PASSWORD_CHANGE);
    assert!(granted.text_at("/password_change/detail").contains("made up by the administrator"));
    // Going on by the refresh token is no way around it.
    let refresh = format!("grant_type=refresh_token&refresh_token={}", granted.text_at("/refresh_token"));
    let again = app.public().form("/api/v1/auth/token", &refresh).expect(200);
    assert_eq!(again["password_change"]["code"], "password-change-required");
    for token in [granted.text_at("/access_token"), again.text_at("/access_token")] {
        let caller = app.public().with("Authorization", &format!("Bearer {token}"));
        for path in ["/api/v1/auth/me", "/api/v1/projects", "/api/v1/rooms", "/api/v1/law"] {
            let status = caller.get(path).status;
            assert!(status == 403 || path == "/api/v1/law", "{path}: {status}");
        }
        let feed = json!({"of": {"centre": "152500"}});
        caller.post("/api/v1/calendar-feeds", &feed).expect(403).problem("password-change-required");
    }
    let token = again.text_at("/access_token");
    change(&app, &token, &first, &first).expect(422).points_to("/newPassword");
    change(&app, &token, "not the first", "a word of its own").expect(422).points_to("/oldPassword");
    me(&app, &chosen(&app, "operator.league", &first, "a word of its own")).expect(200);
    assert_eq!(told(), false);
    me(&app, &token).expect(401).problem("unauthenticated");
}

#[test]
fn the_first_administrator_changes_the_printed_password_and_lets_the_first_operator_in() {
    let app = TestApp::production();
    let printed = Command::new(env!("CARGO_BIN_EXE_tenderhall"))
        .args(["admin", "create", "root.one", "--data"])
        .arg(app.folder())
        .current_dir(app.folder())
        .env("TENDERHALL__DATABASE__URL", &app.db().app_url)
        .output()
        .unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let printed = String::from_utf8(printed.stdout).unwrap();
    let printed = printed.trim();
    let early = log_in(&app, "root.one", printed).expect(200).text_at("/access_token");
    let early = app.public().with("Authorization", &format!("Bearer {early}"));
    early.post(ORGANISATIONS, &purchaser()).expect(403).problem("password-change-required");
    let token = chosen(&app, "root.one", printed, "a word of its own choice");
    let admin = app.public().with("Authorization", &format!("Bearer {token}"));
    let centre = json!({
        "kind": "centre", "name": {"zh": "锡林郭勒盟公共资源交易中心", "en": "Xilingol centre"},
        "regionCode": "152500", "centreCode": "152500", "email": "hall@centre.example"
    });
    let centre = admin.post(ORGANISATIONS, &centre).expect(201).id();
    let mut operator = person("operator.one", &centre);
    operator["role"] = "operator".into();
    let made = admin.post(ACCOUNTS, &operator).expect(201);
    let token = chosen(&app, "operator.one", &made.text_at("/secret"), "another word of its own choice");
    assert_eq!(me(&app, &token).expect(200)["organisation"]["centreCode"], "152500");
    assert!(login_form("operator.one").contains("password"));
}
