//! Drafting, approving and publishing a tender; the rooms it needs.

use serde_json::{Value, json};

use crate::support::{
    Answer, Client, TestApp,
    works::{DEADLINE, NOTICE, START, booking, purchase_document, works_document, yuan},
};

fn publish(app: &TestApp, tender: &str) -> Answer {
    app.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish"))
}

/// Changes a draft and has it approved again.
fn change(app: &TestApp, tender: &str, change: &Value) {
    let path = format!("/api/v1/tenders/{tender}");
    let agency = app.as_("agency.one");
    let etag = agency.get(&path).expect(200).header("etag").to_owned();
    let draft = agency.with("If-Match", &etag).patch(&path, change).expect(200);
    app.approve(&draft);
}

#[test]
fn a_document_is_checked_when_it_is_written() {
    let app = TestApp::sandbox(START);
    let project = app.works_project();
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 9] = [
        ("/procedureId", |body| body["procedureId"] = json!("procurement-open-goods")),
        ("/procedureId", |body| body["procedureId"] = json!("by-whim")),
        ("/title", |body| body["title"] = json!("一")),
        ("/offeredUntil", |body| body["offeredUntil"] = json!("2026-03-17T09:30:00+08:00")),
        ("/document/termDays", |body| body["document"]["termDays"] = json!(0)),
        ("/document/qualification", |body| body["document"]["qualification"] = json!([])),
        ("/document/evaluation/factors", |body| {
            body["document"]["evaluation"]["factors"][0]["weight"] = json!("99")
        }),
        ("/document/evaluation/price/parameters/ceiling", |body| {
            body["document"]["evaluation"]["price"]["parameters"]["ceiling"] = json!("18000000.00");
        }),
        ("/document/evaluation/price/parameters/kAbove", |body| {
            body["document"]["evaluation"]["price"]["parameters"]["kAbove"] = json!(1);
        }),
    ];
    for (pointer, change) in cases {
        let mut body = Client::works_tender_body(&project);
        change(&mut body);
        app.as_("agency.one")
            .post("/api/v1/tenders", &body)
            .expect(422)
            .problem("invalid-request")
            .points_to(pointer);
    }
    app.as_("agency.two").post("/api/v1/tenders", &Client::works_tender_body(&project)).expect(404);
    let draft = app.works_draft(&project);
    let second = app.as_("agency.one").post("/api/v1/tenders", &Client::works_tender_body(&project));
    second.expect(409).problem("duplicate");
    assert_eq!(draft["phase"], "draft");
}

#[test]
fn the_purchaser_approves_this_very_document() {
    let app = TestApp::sandbox(START);
    let draft = app.works_draft(&app.works_project());
    let path = format!("/api/v1/tenders/{}", draft.id());
    let approve = |login: &str, hash: &Value| {
        app.as_(login).post(&format!("{path}/approve"), &json!({"documentHash": hash}))
    };
    let purchaser = "purchaser.taibus";
    approve(purchaser, &json!("00".repeat(32))).expect(409).problem("document-not-approved");
    approve("agency.one", &draft["documentHash"]).expect(403).problem("forbidden");
    approve("purchaser.league", &draft["documentHash"]).expect(404);
    approve(purchaser, &draft["documentHash"]).expect(200);
    // A changed document needs a new approval.
    let agency = app.as_("agency.one");
    let etag = agency.get(&path).expect(200).header("etag").to_owned();
    let changed = agency
        .with("If-Match", &etag)
        .patch(&path, &json!({"document": works_document("18000000.00")}))
        .expect(200);
    assert_eq!(
        (&changed["approved"], changed["documentHash"] == draft["documentHash"]),
        (&json!(false), false)
    );
    app.hold(NOTICE);
    publish(&app, &draft.id()).expect(409).problem("document-not-approved");
    assert_eq!(
        app.as_("agency.one").get(&path).expect(200).action("publish")["reason"],
        "document-not-approved"
    );
}

#[test]
fn one_day_short_of_the_lawful_period_is_refused_with_the_earliest_deadline() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    app.book_rooms(&tender);
    app.hold("2026-02-25T09:00:00+08:00");
    let refused = publish(&app, &tender).expect(409).problem("law-refuses").by_rule("ENG-4", "24");
    assert_eq!(refused["rule"]["source"], "招标投标法");
    let earliest = chrono::DateTime::parse_from_rfc3339(&refused.text_at("/rule/earliest")).unwrap();
    let zone = chrono::FixedOffset::east_opt(8 * 3600).unwrap();
    assert_eq!(earliest.with_timezone(&zone).date_naive().to_string(), "2026-03-17", "{refused:?}");
    let seen = app.as_("agency.one").get(&format!("/api/v1/tenders/{tender}")).expect(200);
    assert_eq!((&seen["phase"], &seen.action("publish")["rule"]), (&json!("draft"), &json!("ENG-4")));
    app.public().get(&format!("/api/v1/tenders/{tender}")).expect(404);
    let notices = app.public().get("/api/v1/notices").expect(200);
    assert_eq!(notices["items"], json!([]), "nothing came out");
}

#[test]
fn the_last_lawful_day_is_lawful_and_the_notice_comes_out() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    let seen = app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200);
    assert_eq!((&seen["phase"], &seen["lawOn"]), (&json!("published"), &json!("2026-02-24")));
    assert_eq!(seen["place"]["opensAt"], seen["deadline"]);
    let notices = app.public().get("/api/v1/notices").expect(200);
    assert_eq!(notices["items"].as_array().unwrap().len(), 1);
    publish(&app, &tender).expect(403);
}

#[test]
fn nothing_is_published_without_a_confirmed_opening_room() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let booked = app.as_("agency.one").post("/api/v1/bookings", &booking(&tender)).expect(201);
    assert_eq!(booked["state"], "requested");
    app.hold(NOTICE);
    publish(&app, &tender).expect(409).problem("opening-room-missing").by_rule("ENG-16", "34");
    let confirm = format!("/api/v1/bookings/{}/confirm", booked.id());
    app.as_("agency.one").act(&confirm).expect(403);
    app.as_("operator.taibus").act(&confirm).expect(404);
    app.as_("operator.league").act(&confirm).expect(200);
    publish(&app, &tender).expect(200);
}

#[test]
fn a_deposit_above_two_percent_and_a_ceiling_above_the_budget_are_refused() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    app.book_rooms(&tender);
    let mut document = works_document("19000000.00");
    document["deposit"] = yuan("400000.01");
    change(&app, &tender, &json!({"document": document}));
    let purchase = app.purchase_project();
    let mut body = Client::works_tender_body(&purchase);
    body["procedureId"] = json!("procurement-open-goods");
    body["document"] = purchase_document("1150000.01");
    let goods = app.as_("agency.one").post("/api/v1/tenders", &body).expect(201);
    app.approve(&goods);
    app.hold(NOTICE);
    let refused = publish(&app, &tender).expect(409).problem("law-refuses").by_rule("ENG-9", "26");
    assert_eq!(refused["most"], "400000.00");
    publish(&app, &goods.id()).expect(409).problem("law-refuses").by_rule("GP-1", "12");
    let exact = json!({"document": works_document("19000000.00")});
    change(&app, &tender, &exact);
    publish(&app, &tender).expect(200);
}

#[test]
fn two_bookings_a_second_into_each_other_cannot_stand() {
    let app = TestApp::sandbox(START);
    let rooms = app.public().get("/api/v1/rooms?centre=152500").expect(200);
    let items = rooms["items"].as_array().unwrap();
    assert_eq!(items.len(), 29, "the rooms of the source article");
    let room = items.iter().find(|room| room["kind"] == "evaluation").unwrap()["id"].clone();
    let tender = app.works_tender(&app.works_project());
    app.book_rooms(&tender);
    let slot = |from: &str, to: &str| {
        json!({"tenderId": tender, "slots": [
        {"kind": "evaluation", "roomId": room, "from": from, "to": to}]})
    };
    let agency = app.as_("agency.one");
    let first = slot("2026-03-19T09:00:00+08:00", "2026-03-19T12:00:00+08:00");
    agency.post("/api/v1/bookings", &first).expect(201);
    // The centre keeps 45 minutes between two slots: 15 to clean, 30 to set up.
    let refused =
        agency.post("/api/v1/bookings", &slot("2026-03-19T12:44:59+08:00", "2026-03-19T14:00:00+08:00"));
    let refused = refused.expect(409).problem("slot-taken");
    assert_eq!(refused["slot"], 0);
    assert!(refused["blocking"]["from"].is_string() && refused["alternatives"].is_array(), "{refused:?}");
    agency
        .post("/api/v1/bookings", &slot("2026-03-19T12:45:00+08:00", "2026-03-19T14:00:00+08:00"))
        .expect(201);
}

#[test]
fn of_thirty_two_who_want_one_slot_one_gets_it() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    app.book_rooms(&tender);
    let rooms = app.public().get("/api/v1/rooms?centre=152500").expect(200);
    let room =
        rooms["items"].as_array().unwrap().iter().find(|room| room["kind"] == "evaluation").unwrap()["id"]
            .clone();
    let body = json!({"tenderId": tender, "slots": [{"kind": "evaluation", "roomId": room,
        "from": "2026-03-20T09:00:00+08:00", "to": "2026-03-20T12:00:00+08:00"}]});
    app.token("agency.one");
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..32).map(|_| scope.spawn(|| app.as_("agency.one").post("/api/v1/bookings", &body))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (won, lost): (Vec<Answer>, Vec<Answer>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((won.len(), lost.len()), (1, 31));
    for answer in lost {
        let answer = answer.expect(409).problem("slot-taken");
        assert!(!answer["alternatives"].as_array().unwrap().is_empty(), "{answer:?}");
    }
    let kept: i64 = app.sql().value(
        "SELECT count(*) FROM booking_slots s WHERE s.room_id = $1::text::uuid AND s.during && tstzrange('2026-03-20T01:00Z', '2026-03-20T04:00Z')",
        &[&room.as_str().unwrap()],
    );
    assert_eq!(kept, 1);
}

#[test]
fn a_deadline_moves_with_its_room_and_a_clarification_keeps_its_distance() {
    let app = TestApp::sandbox(START);
    let tender = app.published_works();
    let path = format!("/api/v1/tenders/{tender}");
    let agency = app.as_("agency.one");
    let later = "2026-03-20T09:30:00+08:00";
    let postpone = json!({"deadline": later, "reason": "澄清较多"});
    // Where no room opens at that hour, nothing moves.
    let at_night = json!({"deadline": "2026-03-20T19:30:00+08:00", "reason": "澄清较多"});
    agency.post(&format!("{path}/postpone"), &at_night).expect(409).problem("booking-unfit");
    assert_eq!(app.public().get(&path).expect(200)["deadline"], "2026-03-16T01:30:00Z");
    let earlier = json!({"deadline": "2026-03-13T09:30:00+08:00", "reason": "赶工"});
    agency.post(&format!("{path}/postpone"), &earlier).expect(409).problem("wrong-state");
    let said = json!({"text": "图纸第三页以附件为准", "affectsBids": true});
    agency.post(&format!("{path}/clarifications"), &said).expect(200);
    // ENG-7: fifteen days before the deadline of 03-16.
    app.hold("2026-03-03T09:00:00+08:00");
    let late = agency.post(&format!("{path}/clarifications"), &said).expect(409).problem("too-late");
    late.by_rule("ENG-7", "21");
    let moved = agency.post(&format!("{path}/postpone"), &postpone).expect(200);
    assert_eq!(moved["place"]["opensAt"], moved["deadline"]);
    agency.post(&format!("{path}/clarifications"), &said).expect(200);
    app.hold(DEADLINE);
    assert_eq!(app.public().get(&path).expect(200)["phase"], "published", "the close moved too");
}
