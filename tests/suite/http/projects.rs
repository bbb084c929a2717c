//! Registration of projects.

use serde_json::json;

use crate::support::{
    TestApp,
    works::{START, purchase, works, yuan},
};

const PROJECTS: &str = "/api/v1/projects";

#[test]
fn works_over_the_threshold_go_to_the_league_and_are_accepted_there() {
    let app = TestApp::sandbox(START);
    let project = app.registered_works("24000000.00");
    let venue = &project["venue"][0];
    assert_eq!(
        (&venue["ruleId"], &venue["centreCode"], &venue["scope"]),
        (&json!("RT-1"), &json!("152500"), &json!("league"))
    );
    assert_eq!(project.header("location"), format!("{PROJECTS}/{}", project.id()));
    assert_eq!(project.header("etag"), "\"v1\"");
    let path = format!("{PROJECTS}/{}/accept", project.id());
    app.as_("operator.taibus").act(&path).expect(404).problem("not-found");
    app.as_("purchaser.taibus").act(&path).expect(403).problem("forbidden");
    app.public().act(&path).expect(401);
    let accepted = app.as_("operator.league").act(&path).expect(200);
    assert_eq!(accepted["acceptedOn"], "2026-02-09");
    app.as_("operator.league").act(&path).expect(409).problem("wrong-state");
}

#[test]
fn a_mistyped_item_of_the_catalogue_frees_no_purchase_of_its_centre() {
    let app = TestApp::sandbox(START);
    let registered = |item: &str| {
        let mut body = purchase("1150000.00");
        body["catalogueItem"] = json!(item);
        body["agencyId"] = json!(app.as_("agency.one").organisation());
        app.as_("purchaser.taibus").with("Idempotency-Key", item).post(PROJECTS, &body)
    };
    for mistyped in ["PROC-01", "proc-001", "PROC-001 "] {
        let wrong = registered(mistyped).expect(422).problem("invalid-request").points_to("/catalogueItem");
        assert_eq!(wrong["errors"][0]["code"], "unknown");
    }
    registered("ENG-005").expect(422).points_to("/catalogueItem");
    assert_eq!(registered("PROC-001").expect(201)["venue"][0]["ruleId"], "RT-6");
    assert_eq!(registered("none").expect(201)["venue"][0]["scope"], "notRequired");
}

#[test]
fn amounts_may_change_until_the_first_notice_and_every_decision_is_kept() {
    let app = TestApp::sandbox(START);
    let project = app.registered_works("24000000.00");
    let path = format!("{PROJECTS}/{}", project.id());
    let purchaser = app.as_("purchaser.taibus");
    let change = json!({"investment": yuan("19999999.99"), "reason": "概算调整", "approvals": [{
        "kind": "designEstimate", "documentNo": "太发改审批字〔2026〕2号", "date": "2026-02-05",
        "amount": yuan("19999999.99")}]});
    purchaser.patch(&path, &change).expect(428).problem("precondition-required");
    purchaser
        .clone()
        .with("If-Match", "\"v7\"")
        .patch(&path, &change)
        .expect(412)
        .problem("precondition-failed");
    let changed =
        purchaser.clone().with("If-Match", project.header("etag")).patch(&path, &change).expect(200);
    assert_eq!((&changed["venue"][1]["ruleId"], &changed["centreCode"]), (&json!("AMB-8"), &json!("152500")));
    assert_eq!(changed["venue"][0], project["venue"][0], "the first decision stands as it was");
    assert_eq!(changed.header("etag"), "\"v2\"");
    // A stale tag, a second time.
    let again = json!({"name": "另一个名称", "reason": "更正"});
    purchaser.clone().with("If-Match", "\"v1\"").patch(&path, &again).expect(412);
    app.as_("agency.two").with("If-Match", "\"v2\"").patch(&path, &again).expect(404);
}

#[test]
fn the_first_notice_freezes_the_registration() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    let project = app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200).text_at("/projectId");
    let seen = app.as_("purchaser.taibus").get(&format!("{PROJECTS}/{project}")).expect(200);
    assert_eq!(seen["firstNoticeOn"], "2026-02-24");
    let change = json!({"name": "另一个名称", "reason": "更正"});
    let purchaser = app.as_("purchaser.taibus").with("If-Match", seen.header("etag"));
    let answer = purchaser.patch(&format!("{PROJECTS}/{project}"), &change);
    assert!(matches!(answer.status, 403 | 409), "{answer:?}");
    let after = app.as_("purchaser.taibus").get(&format!("{PROJECTS}/{project}")).expect(200);
    assert_eq!(after["name"], seen["name"]);
}

#[test]
fn a_retry_with_the_same_key_has_one_effect() {
    let app = TestApp::sandbox(START);
    let caller = app.as_("purchaser.taibus").with("Idempotency-Key", "registration-1");
    let first = caller.post(PROJECTS, &works("24000000.00")).expect(201);
    let second = caller.post(PROJECTS, &works("24000000.00")).expect(201);
    assert_eq!((first.text.as_str(), first.header("etag")), (second.text.as_str(), second.header("etag")));
    caller.post(PROJECTS, &works("24000000.01")).expect(422).problem("idempotency-key-reused");
    // Another account's key is another key.
    app.as_("purchaser.league")
        .with("Idempotency-Key", "registration-1")
        .post(PROJECTS, &works("25000000.00"))
        .expect(201);
    app.as_("purchaser.taibus").with("Idempotency-Key", "").post(PROJECTS, &works("24000000.00")).expect(400);
    let kept: i64 = app.sql().value("SELECT count(*) FROM projects", &[]);
    assert_eq!(kept, 2);
    let outcomes: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let caller = app.as_("purchaser.taibus").with("Idempotency-Key", "registration-2");
                scope.spawn(move || caller.post(PROJECTS, &works("26000000.00")).status)
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(outcomes.iter().all(|status| matches!(status, 201 | 409)), "{outcomes:?}");
    let kept: i64 = app.sql().value("SELECT count(*) FROM projects", &[]);
    assert_eq!(kept, 3, "eight at once make one: {outcomes:?}");
}

#[test]
fn lists_go_on_where_they_stopped_while_rows_are_added() {
    let app = TestApp::sandbox(START);
    let purchaser = app.as_("purchaser.taibus");
    let mut made: Vec<String> =
        (0..5).map(|_| purchaser.post(PROJECTS, &works("24000000.00")).expect(201).id()).collect();
    let mut seen = Vec::new();
    let mut path = format!("{PROJECTS}?limit=2");
    loop {
        let page = purchaser.get(&path).expect(200);
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        assert!(page.header("link").contains(next), "{page:?}");
        path = format!("{PROJECTS}?limit=2&cursor={next}");
        purchaser.post(PROJECTS, &works("24000000.00")).expect(201);
    }
    made.sort();
    let newer = seen.iter().filter(|id| !made.contains(id)).count();
    assert_eq!(seen.len() - newer, 5, "{seen:?}");
    let mut distinct = seen.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), seen.len(), "no line comes twice");
    purchaser.get(&format!("{PROJECTS}?limit=0")).expect(422).points_to("?limit");
    purchaser.get(&format!("{PROJECTS}?limit=201")).expect(422);
    purchaser.get(&format!("{PROJECTS}?cursor=made-up")).expect(422).points_to("?cursor");
}

#[test]
fn what_is_not_published_does_not_exist_for_outsiders() {
    let app = TestApp::sandbox(START);
    let project = app.works_project();
    let path = format!("{PROJECTS}/{project}");
    for login in ["purchaser.taibus", "agency.one", "operator.league", "supervisor.industry"] {
        app.as_(login).get(&path).expect(200);
    }
    for login in ["purchaser.league", "agency.two", "operator.taibus", "bidder.0001", "expert.001", "admin"] {
        app.as_(login).get(&path).expect(404).problem("not-found");
        let listed = app.as_(login).get(PROJECTS).expect(200);
        assert_eq!(listed["items"], json!([]), "{login}");
    }
    app.public().get(&path).expect(404).problem("not-found");
    let made_up = app.public().get(&format!("{PROJECTS}/00000000-0000-4000-8000-000000000000")).expect(404);
    let hidden = app.public().get(&path).expect(404);
    assert_eq!(
        (&made_up["title"], &made_up["detail"]),
        (&hidden["title"], &hidden["detail"]),
        "they look alike"
    );
    app.as_("bidder.0001").post(PROJECTS, &works("24000000.00")).expect(403).problem("forbidden");
    app.public().post(PROJECTS, &works("24000000.00")).expect(401).problem("unauthenticated");
}

#[test]
fn one_person_has_one_side_of_a_project() {
    let app = TestApp::sandbox(START);
    let project = app.works_project();
    // The account of the centre's operator comes to belong to the agency's person.
    let sql = app.sql();
    sql.run("UPDATE accounts SET person_key = (SELECT person_key FROM accounts WHERE login = 'purchaser.taibus')
              WHERE login = 'operator.league'").unwrap_or_else(|error| {
        // The record demands an entry for the change; the test has none to give.
        assert_eq!(error.as_db_error().unwrap().constraint(), Some("audit_demands_entry"), "{error}");
        sql.run("SET session_replication_role = replica;
                 UPDATE accounts SET person_key = (SELECT person_key FROM accounts WHERE login = 'purchaser.taibus')
                  WHERE login = 'operator.league';").unwrap();
    });
    let second = app.registered_works("30000000.00").id();
    let answer = app.as_("operator.league").act(&format!("{PROJECTS}/{second}/accept"));
    answer.expect(409).problem("one-side-only");
    let accepted: bool =
        sql.value("SELECT accepted_on IS NOT NULL FROM projects WHERE id = $1::text::uuid", &[&second]);
    assert!(!accepted, "nothing was accepted");
    app.as_("purchaser.taibus").get(&format!("{PROJECTS}/{project}")).expect(200);
}
