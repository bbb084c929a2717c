//! What the administrator puts right once somebody has come in: organisations and roles.

use std::thread;

use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp,
    client::{PASSWORD, form_text},
    works::{START, works},
};

const ME: &str = "/api/v1/auth/me";

fn account(app: &TestApp, login: &str) -> String {
    app.sql().value("SELECT id::text FROM accounts WHERE login = $1", &[&login])
}

/// The reasons that the record keeps of an act, first to last.
fn reasons(app: &TestApp, act: &str) -> Vec<String> {
    app.sql().values("SELECT body->>'reason' FROM log_pending WHERE act = $1 ORDER BY id", &[&act])
}

fn put_right(app: &TestApp, organisation: &str, tag: &str, change: &Value) -> Answer {
    let path = format!("/api/v1/organisations/{organisation}");
    app.as_("admin").with("If-Match", tag).patch(&path, change)
}

#[test]
fn an_organisation_is_put_right_by_version_with_a_reason_and_a_letter() {
    let app = TestApp::sandbox(START);
    let organisation = app.as_("agency.one").organisation();
    let path = format!("/api/v1/organisations/{organisation}");
    let admin = app.as_("admin");
    let found = admin.get(&path).expect(200);
    let tag = found.header("etag").to_owned();
    let before = found.text_at("/email");
    let change = json!({
        "name": {"zh": " 代理机构一（更名） ", "en": "Agency One, renamed"}, "regionCode": "152527",
        "email": "letters@agency.example", "reason": "工商变更"
    });
    admin.patch(&path, &change).expect(428).problem("precondition-required");
    put_right(&app, &organisation, "\"7\"", &change).expect(412).problem("precondition-failed");
    let again = admin.clone().with("If-Match", &tag).with("Idempotency-Key", "once");
    let changed = again.patch(&path, &change).expect(200);
    assert_eq!(changed["name"], json!({"zh": "代理机构一（更名）", "en": "Agency One, renamed"}));
    assert_eq!((&changed["regionCode"], &changed["kind"]), (&json!("152527"), &found["kind"]));
    assert_eq!(again.patch(&path, &change).expect(200).text, changed.text);
    assert_ne!(changed.header("etag"), tag);
    let read = admin.get(&path).expect(200);
    assert_eq!((&read.json, read.header("etag")), (&changed.json, changed.header("etag")));
    assert_eq!(reasons(&app, "organisation.amended"), ["工商变更"]);
    let facts: String = app.sql().value(
        "SELECT (body->'facts'->'email')::text FROM log_pending WHERE act = 'organisation.amended'",
        &[],
    );
    let facts: Value = serde_json::from_str(&facts).unwrap();
    assert_eq!(facts, json!({"from": before, "to": "letters@agency.example"}));
    let told: Vec<String> = app.sql().values("SELECT recipient || ': ' || body FROM outbox", &[]);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with(&format!("{before}: ")) && !told[0].contains("letters@agency.example"),
        "{told:?}"
    );
}

#[test]
fn whose_duty_is_moved_oversees_there_at_once() {
    let app = TestApp::sandbox(START);
    let project =
        app.as_("purchaser.taibus").post("/api/v1/projects", &works("24000000.00")).expect(201).id();
    let path = format!("/api/v1/projects/{project}");
    let audit = app.as_("supervisor.audit");
    audit.get(&path).expect(200);
    let elsewhere = json!({"regionCode": "152528", "reason": "管辖调整"});
    put_right(&app, &audit.organisation(), "*", &elsewhere).expect(200);
    audit.get(&path).expect(404);
}

#[test]
fn what_of_an_organisation_does_not_change_or_does_not_fit_is_said() {
    let app = TestApp::sandbox(START);
    let organisation = app.as_("purchaser.taibus").organisation();
    for (pointer, change) in [
        ("/kind", json!({"kind": "agency", "reason": "误"})),
        ("/reason", json!({"email": "a@b.example", "reason": " "})),
        ("/email", json!({"email": "nobody", "reason": "误"})),
        ("/name/en", json!({"name": {"zh": "局", "en": " "}, "reason": "误"})),
        ("/regionCode", json!({"regionCode": "15252", "reason": "误"})),
        ("/centreCode", json!({"centreCode": "152527", "reason": "误"})),
        ("/uscc", json!({"uscc": "91350100M000100Y44", "reason": "误"})),
        ("", json!({"regionCode": "152527", "reason": "误"})),
    ] {
        put_right(&app, &organisation, "*", &change).expect(422).points_to(pointer);
    }
    let nobody = "11111111-1111-4111-8111-111111111111";
    put_right(&app, nobody, "*", &json!({"email": "a@b.example", "reason": "误"})).expect(404);
    let path = format!("/api/v1/organisations/{organisation}");
    let own = app.as_("purchaser.taibus").with("If-Match", "*");
    own.patch(&path, &json!({"email": "a@b.example", "reason": "自行"})).expect(403);

    // A code that was typed wrong: until something stands under it.
    let code = |uscc: &str| put_right(&app, &organisation, "*", &json!({"uscc": uscc, "reason": "录入有误"}));
    code("911525257G888273XG").expect(409).problem("duplicate");
    assert_eq!(code("91350100M000100Y43").expect(200)["uscc"], "91350100M000100Y43");
    app.as_("purchaser.taibus").post("/api/v1/projects", &works("24000000.00")).expect(201);
    code("91350211M000100Y46").expect(409).problem("wrong-state");
    assert_eq!(reasons(&app, "organisation.amended"), ["录入有误"]);
}

fn role(app: &TestApp, by: &str, login: &str, act: &str, role: &str) -> Answer {
    let path = format!("/api/v1/accounts/{}/roles{act}", account(app, login));
    app.as_(by).post(&path, &json!({"role": role, "reason": "岗位调整"}))
}

/// A token under which `login` comes in anew, its sessions having ended.
fn token(app: &TestApp, login: &str) -> String {
    let form = format!("grant_type=password&username={login}&password={}", form_text(PASSWORD));
    app.public().form("/api/v1/auth/token", &form).expect(200).text_at("/access_token")
}

fn by_token(app: &TestApp, token: &str, path: &str) -> Answer {
    app.public().with("Authorization", &format!("Bearer {token}")).get(path)
}

#[test]
fn a_role_is_given_and_ends_at_once_and_its_history_stays() {
    let app = TestApp::sandbox(START);
    let login = "supervisor.finance";
    let before = token(&app, login);
    by_token(&app, &before, ME).expect(200);
    let given = role(&app, "admin", login, "", "supervisorAudit").expect(200);
    assert_eq!(given["roles"], json!(["supervisorFinance", "supervisorAudit"]));
    // The token of before carries nothing on, not even what it had.
    by_token(&app, &before, ME).expect(401);
    let both = token(&app, login);
    assert_eq!(by_token(&app, &both, ME).expect(200)["roles"], given["roles"]);
    role(&app, "admin", login, "", "supervisorAudit").expect(409).problem("duplicate");

    let beside = TestApp::beside(&app);
    by_token(&beside, &both, "/api/v1/awards").expect(200);
    role(&app, "admin", login, "/end", "supervisorFinance").expect(200);
    role(&app, "admin", login, "/end", "supervisorAudit").expect(200);
    by_token(&app, &both, "/api/v1/awards").expect(401);
    // Another instance reads standing anew within five seconds.
    std::thread::sleep(std::time::Duration::from_secs(6));
    by_token(&beside, &both, "/api/v1/awards").expect(401);
    let bare = token(&app, login);
    assert_eq!(by_token(&app, &bare, ME).expect(200)["roles"], json!([]));
    by_token(&app, &bare, "/api/v1/awards").expect(403);
    role(&app, "admin", login, "/end", "supervisorAudit").expect(409).problem("wrong-state");

    role(&app, "admin", login, "", "supervisorAudit").expect(200);
    let path = format!("/api/v1/accounts/{}/roles", account(&app, login));
    let held = app.as_("admin").get(&path).expect(200);
    let held = held["items"].as_array().unwrap();
    let ended = |one: &Value| (one["role"].as_str().unwrap().to_owned(), one["endedAt"].is_string());
    let mut told: Vec<_> = held.iter().map(ended).collect();
    told.sort();
    let audit = "supervisorAudit".to_owned();
    assert_eq!(told, [(audit.clone(), false), (audit, true), ("supervisorFinance".to_owned(), true)]);
    assert_eq!((reasons(&app, "role.given").len(), reasons(&app, "role.ended").len()), (2, 2));
}

#[test]
fn the_database_keeps_an_ended_role_ended_whoever_writes() {
    let app = TestApp::sandbox(START);
    role(&app, "admin", "supervisor.finance", "/end", "supervisorFinance").expect(200);
    let revived = app.sql().refused("UPDATE account_roles SET ended_at = NULL WHERE ended_at IS NOT NULL");
    assert_eq!(revived, "ended_role_stays");
}

#[test]
fn a_role_goes_with_the_body_and_an_account_stands_on_one_side() {
    let app = TestApp::sandbox(START);
    for (login, wrong) in [
        ("purchaser.taibus", "agency"),
        ("purchaser.taibus", "operator"),
        ("agency.one", "bidder"),
        ("operator.league", "supervisorOffice"),
        ("supervisor.office", "admin"),
    ] {
        role(&app, "admin", login, "", wrong).expect(422).points_to("/role");
    }
    role(&app, "admin", "bidder.0001", "", "expert").expect(422).points_to("/kind");
    let sides = |login: &str, wrong: &str, rule: &str| {
        let no = role(&app, "admin", login, "", wrong).expect(409).problem("one-side-only");
        assert_eq!(no["rule"]["id"], rule, "{login} {wrong}");
    };
    sides("purchaser.taibus", "expert", "SOD-1");
    sides("expert.001", "bidder", "SOD-1");
    sides("operator.league", "expert", "SOD-1");
    sides("operator.league", "admin", "SOD-9");
    role(&app, "admin", "admin", "", "operator").expect(409).problem("wrong-state");
    role(&app, "admin", "admin", "/end", "admin").expect(409).problem("wrong-state");
    for by in ["operator.league", "purchaser.taibus", "supervisor.office"] {
        role(&app, by, "agency.one", "", "expert").expect(403);
        role(&app, by, "agency.one", "/end", "agency").expect(403);
    }
    assert_eq!((reasons(&app, "role.given").len(), reasons(&app, "role.ended").len()), (0, 0));

    // By whichever account: the person counts.
    let admin = account(&app, "admin");
    let own = |by: &str, login: &str| {
        let body = json!({
            "login": login, "displayName": "系统管理员", "kind": "person", "role": "operator",
            "organisationId": app.as_("operator.league").organisation(), "samePersonAs": admin
        });
        app.as_(by).post("/api/v1/accounts", &body)
    };
    own("admin", "admin.operator").expect(409).problem("wrong-state");
    let other = app.colleague("admin", "admin");
    own(&other, "admin.operator").expect(201);
    role(&app, "admin", "admin.operator", "/end", "operator").expect(409).problem("wrong-state");
    role(&app, &other, "admin.operator", "/end", "operator").expect(200);
    role(&app, "admin", "admin.operator", "", "operator").expect(409).problem("wrong-state");
    let path = format!("/api/v1/accounts/{}", account(&app, "admin.operator"));
    let reason = json!({"reason": "停用"});
    app.as_(&other).post(&format!("{path}/disable"), &reason).expect(200);
    app.as_("admin").post(&format!("{path}/enable"), &reason).expect(409).problem("wrong-state");
    app.as_(&other).post(&format!("{path}/enable"), &reason).expect(200);

    // Whoever changes the side stays on the old one where it has acted.
    let purchaser = app.as_("purchaser.taibus");
    let project = purchaser.post("/api/v1/projects", &works("24000000.00")).expect(201).id();
    role(&app, "admin", "purchaser.taibus", "/end", "purchaser").expect(200);
    role(&app, "admin", "purchaser.taibus", "", "expert").expect(200);
    let side: String = app.sql().value(
        "SELECT s.side FROM project_sides s JOIN accounts a ON a.person_key = s.person
          WHERE s.project_id::text = $1 AND a.login = 'purchaser.taibus'",
        &[&project],
    );
    assert_eq!(side, "purchaser");
}

#[test]
fn two_administrators_do_not_end_each_others_role_and_leave_none() {
    let app = TestApp::sandbox(START);
    let other = app.colleague("admin", "admin");
    let (first, second) = (account(&app, "admin"), account(&app, &other));
    app.token("admin");
    let acts = [
        (format!("/api/v1/accounts/{second}/roles/end"), json!({"role": "admin", "reason": "转岗"})),
        (format!("/api/v1/accounts/{second}/disable"), json!({"reason": "离职"})),
    ];
    let ends = format!("UPDATE account_roles SET ended_at = hall_now() WHERE account_id = '{first}'");
    let disables = format!("UPDATE accounts SET disabled_at = hall_now() WHERE id = '{first}'");
    for (path, body) in &acts {
        for change in [&ends, &disables] {
            // The other has begun the same against this one, and has not committed yet.
            let sql = app.sql();
            sql.run(&format!(
                "BEGIN; SET LOCAL session_replication_role = replica;
                 SELECT FROM account_roles WHERE role = 'admin' AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE;
                 {change}"
            ))
            .unwrap();
            thread::scope(|scope| {
                let ending = scope.spawn(|| app.as_("admin").post(path, body));
                app.wait_for_a_lock(|| ending.is_finished());
                sql.run("COMMIT").unwrap();
                ending.join().unwrap().expect(403).problem("forbidden");
            });
            sql.run(&format!(
                "BEGIN; SET LOCAL session_replication_role = replica;
                 UPDATE account_roles SET ended_at = NULL WHERE account_id = '{first}';
                 UPDATE accounts SET disabled_at = NULL WHERE id = '{first}'; COMMIT"
            ))
            .unwrap();
        }
    }
    let left = "SELECT count(*) FROM account_roles r JOIN accounts a ON a.id = r.account_id
                 WHERE r.role = 'admin' AND r.ended_at IS NULL AND a.disabled_at IS NULL";
    assert_eq!(app.sql().value::<i64>(left, &[]), 2);
}
