//! The bed the other tests lie on.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{
    TestApp,
    contract::{self, Exchange},
    works::{START, works},
};

#[test]
fn a_sandbox_stands_in_moments_with_every_account() {
    let first = TestApp::sandbox(START);
    let begun = Instant::now();
    let app = TestApp::sandbox(START);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    for login in ["operator.league", "bidder.0001", "bidder.1528", "expert.040", "supervisor.audit", "admin"]
    {
        let me = app.as_(login).get("/api/v1/auth/me").expect(200);
        assert_eq!(me["login"], login);
    }
    app.hold("2026-02-10T09:00:00+08:00");
    let now = app.as_("admin").get("/api/v1/sandbox/clock").expect(200);
    assert_eq!((&now["now"], &now["held"]), (&json!("2026-02-10T01:00:00Z"), &json!(true)));
    let other = first.as_("admin").get("/api/v1/sandbox/clock").expect(200);
    assert_eq!(other["now"], "2026-02-09T01:00:00Z", "each has a clock of its own");
}

#[test]
fn the_works_go_from_registration_to_an_approved_draft() {
    let app = TestApp::sandbox(START);
    let project = app.works_project();
    let tender = app.works_tender(&project);
    let seen = app.as_("agency.one").get(&format!("/api/v1/tenders/{tender}")).expect(200);
    assert_eq!((&seen["phase"], &seen["approved"]), (&json!("draft"), &json!(true)));
}

#[test]
#[should_panic(expected = "is not as documented")]
fn an_answer_that_says_more_than_the_document_fails_the_test() {
    let app = TestApp::sandbox(START);
    let mut answer = app.public().get("/api/v1/problems").expect(200);
    answer.json["items"][0]["title"]["fr"] = json!("Erreur");
    contract::check(&Exchange {
        method: "GET",
        path: "/api/v1/problems",
        kind: None,
        body: b"",
        answer: &answer,
    });
}

#[test]
#[should_panic(expected = "promises no")]
fn an_answer_the_document_does_not_promise_fails_the_test() {
    let app = TestApp::sandbox(START);
    let mut answer = app.as_("purchaser.taibus").post("/api/v1/projects", &works("24000000.00")).expect(201);
    answer.status = 418;
    contract::check(&Exchange {
        method: "POST",
        path: "/api/v1/projects",
        kind: None,
        body: b"",
        answer: &answer,
    });
}
