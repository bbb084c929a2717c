//! The watch over the clock, and what waits for a decision; outages before a deadline, and the two people who move it.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tenderhall::seal::Receipt;
use uuid::Uuid;

use crate::support::{
    Answer, Client, TestApp,
    app::at,
    faked::Faked,
    officers::Officer,
    program::Program,
    scratch::Scratch,
    works::{DEADLINE, NOTICE, START},
};

/// Half an hour before the deadline, and the deadline in its place.
const BEFORE: &str = "2026-03-16T09:00:00+08:00";
const LATER: &str = "2026-03-19T09:30:00+08:00";
const CLOCK: &str = "/api/v1/clock";
const DECISIONS: &str = "/api/v1/clock/decisions";

fn clock(app: &Client) -> Answer {
    app.as_("supervisor.office").get(CLOCK).expect(200)
}

/// Waits until what `shows` looks for is there.
fn wait_until(what: &str, mut shows: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !shows() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        sleep(Duration::from_millis(100));
    }
}

fn wait_until_suspect(app: &Client) -> Answer {
    wait_until("no suspicion is raised", || clock(app)["standing"] == "suspect");
    clock(app)
}

fn kinds(clock: &Answer) -> Vec<String> {
    let evidence = clock["suspicion"]["evidence"].as_array().unwrap().iter();
    evidence.map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
}

fn decide(app: &Client, suspicion: &Value, postponements: &Value) -> Answer {
    let body = json!({"suspicionId": suspicion["id"], "reason": "数据库主机时间曾被误改，已校正并核对",
        "postponements": postponements});
    app.as_("supervisor.office").post(DECISIONS, &body)
}

/// Lets the hall's clock run on from `time`.
fn run_from(app: &Client, time: &str) {
    app.hold(time);
    app.as_("admin").post("/api/v1/sandbox/clock", &json!({"run": true})).expect(200);
}

fn bid(app: &Client, tender: &str, number: u32) -> Answer {
    let bidder = app.bidder(number);
    let sealed = bidder.seal(&app.seal_policy(tender), &format!("180000{number:02}.00"));
    bidder.submit(tender, &sealed, "one")
}

fn tender_of(app: &Client, tender: &str) -> Answer {
    app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200)
}

/// A hall that ticks every second on a database whose clock can be moved, half an hour before a deadline.
fn on_a_movable_clock(faked: &Faked) -> TestApp {
    TestApp::on_told(faked.db(), START, |settings| settings.clock.tick_seconds = 1)
}

/// Two published tenders with the same deadline in different rooms.
fn two_tenders(app: &Client) -> (String, String) {
    let first = app.works_tender(&app.works_project());
    app.book_rooms(&first);
    let other = app.registered_works("30000000.00").id();
    app.as_("operator.league").act(&format!("/api/v1/projects/{other}/accept")).expect(200);
    let second = app.works_tender(&other);
    app.book_rooms(&second);
    app.hold(NOTICE);
    for tender in [&first, &second] {
        app.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish")).expect(200);
    }
    (first, second)
}

#[test]
fn a_clock_that_jumps_ahead_refuses_nobody_closes_nothing_and_is_put_right_before_it_is_called_sound() {
    let faked = Faked::start();
    let app = on_a_movable_clock(&faked);
    let tender = app.published_works();
    run_from(&app, BEFORE);
    assert_eq!(clock(&app)["standing"], "sound");
    bid(&app, &tender, 1).expect(201);
    faked.shift("+600");
    let suspect = wait_until_suspect(&app);
    assert_eq!(kinds(&suspect)[..2], ["drift", "forward"], "{suspect:?}");
    let ahead = suspect["suspicion"]["evidence"][0]["aheadMs"].as_i64().unwrap();
    assert!((598_000..602_000).contains(&ahead), "{suspect:?}");
    // By the wrong clock the deadline is in twenty minutes: bids go in.
    bid(&app, &tender, 2).expect(201);
    // The deadline comes by the wrong clock.
    let moved = app.as_("admin").post("/api/v1/sandbox/clock", &json!({"to": DEADLINE})).expect(200);
    assert_eq!(moved["failed"], json!(["tender.close"]), "the close waits");
    let seen = tender_of(&app, &tender);
    assert_eq!((&seen["phase"], &seen["openingWaits"]), (&json!("published"), &json!(true)));
    app.public().get(&format!("/api/v1/tenders/{tender}/opening")).expect(404);
    page_waits(&app, &tender, true);
    assert_eq!(clock(&app)["waiting"], json!([tender]));
    // One suspicion, one entry and one letter to each, however many ticks.
    sleep(Duration::from_secs(3));
    let sql = app.sql();
    let count = |query: &str| sql.value::<i64>(query, &[]);
    assert_eq!(count("SELECT count(*) FROM clock_suspicions"), 1);
    assert_eq!(count("SELECT count(*) FROM log_pending WHERE act = 'clock.suspected'"), 1);
    let letters = "SELECT count(*) FROM outbox WHERE about = (SELECT id FROM clock_suspicions)";
    assert!(count(letters) >= 2);
    let once = "SELECT count(DISTINCT recipient) FROM outbox WHERE about = (SELECT id FROM clock_suspicions)";
    assert_eq!(count(letters), count(once));
    // Who may decide, and what about.
    for login in ["operator.league", "agency.one", "supervisor.finance"] {
        let body = json!({"suspicionId": suspect["suspicion"]["id"], "reason": "无妨"});
        app.as_(login).post(DECISIONS, &body).expect(403);
    }
    app.public().get(CLOCK).expect(401);
    app.as_("bidder.0001").get(CLOCK).expect(403);
    decide(&app, &json!({"id": Uuid::nil()}), &json!([])).expect(404);
    decide(&app, &suspect["suspicion"], &json!([])).expect(409).problem("wrong-state");
    // Put right, the hall is before the deadline again and takes what it had to refuse.
    faked.shift("+0");
    decide(&app, &suspect["suspicion"], &json!([])).expect(200);
    let sound = clock(&app);
    assert_eq!((&sound["standing"], &sound["waiting"]), (&json!("sound"), &json!([])));
    page_waits(&app, &tender, false);
    bid(&app, &tender, 3).expect(201);
    app.hold(DEADLINE);
    let seen = tender_of(&app, &tender);
    assert_eq!((&seen["phase"], &seen["openingWaits"]), (&json!("opening"), &Value::Null));
    assert_eq!(app.sql().value::<i32>("SELECT bid_count FROM tenders", &[]), 3);
    decide(&app, &suspect["suspicion"], &json!([])).expect(409).problem("wrong-state");
}

/// Whether the project's page tells everybody that the opening waits, why, and by which rule, in both languages.
fn page_waits(app: &Client, tender: &str, waits: bool) {
    let project = tender_of(app, tender).text_at("/projectId");
    for (language, said) in [
        ("zh", ["开标等待中。", "监督部门就时钟作出决定后继续", "本厅设定 clock"]),
        (
            "en",
            ["The opening waits.", "the supervision office has decided about it", "Rule: clock, a setting"],
        ),
    ] {
        let page = app.page(&format!("/projects/{project}?lang={language}"));
        for said in said {
            assert_eq!(page.contains(said), waits, "{language}: {said}");
        }
    }
}

#[test]
fn a_clock_in_doubt_after_the_window_lets_the_record_wait_and_everybody_is_told() {
    let faked = Faked::start();
    let app = on_a_movable_clock(&faked);
    let tender = app.published_works();
    for number in 1..=3 {
        bid(&app, &tender, number).expect(201);
    }
    app.hold(DEADLINE);
    let opening = || app.public().get(&format!("/api/v1/tenders/{tender}/opening")).expect(200);
    let ends = opening().text_at("/windowUntil");
    faked.shift("+600");
    let suspect = wait_until_suspect(&app);
    assert_eq!(opening()["waits"], Value::Null, "bidders still release: nothing waits yet");
    page_waits(&app, &tender, false);
    let moved = app.as_("admin").post("/api/v1/sandbox/clock", &json!({"hold": ends})).expect(200);
    assert_eq!(moved["failed"], json!(["opening.conclude"]), "the record waits");
    assert_eq!(opening()["waits"], true);
    page_waits(&app, &tender, true);
    faked.shift("+0");
    decide(&app, &suspect["suspicion"], &json!([])).expect(200);
    wait_until("the record does not come", || !opening()["concludedAt"].is_null());
    assert_eq!(opening()["waits"], Value::Null);
    page_waits(&app, &tender, false);
}

#[test]
fn a_clock_that_goes_back_lets_the_close_wait_and_the_decision_lets_it_run_at_once() {
    let faked = Faked::start();
    let app = on_a_movable_clock(&faked);
    let (tender, moved) = two_tenders(&app);
    run_from(&app, BEFORE);
    for number in 1..=3 {
        bid(&app, &tender, number).expect(201);
    }
    faked.shift("-3600");
    let suspect = wait_until_suspect(&app);
    assert_eq!(kinds(&suspect), ["drift", "backward"], "{suspect:?}");
    let receipt = bid(&app, &tender, 4).expect(201).text_at("/receipt");
    let (text, _) = receipt.split_once("\n\n").unwrap();
    let skew = Receipt::parse(&format!("{text}\n")).unwrap().skew_ms.unwrap();
    assert!((-3_602_000..-3_598_000).contains(&skew), "{skew}");
    app.as_("admin").post("/api/v1/sandbox/clock", &json!({"to": DEADLINE})).expect(200);
    faked.shift("+0");
    wait_until("the clock is not back", || {
        clock(&app)["instances"][0]["aheadMs"].as_i64().unwrap().abs() < 2000
    });
    assert_eq!(tender_of(&app, &tender)["openingWaits"], true);
    assert_eq!(tender_of(&app, &moved)["phase"], "published");
    let early = json!([{"tenderId": moved, "deadline": "2026-03-19T23:30:00+08:00"}]);
    decide(&app, &suspect["suspicion"], &early).expect(409);
    assert_eq!(clock(&app)["standing"], "suspect", "a decision that cannot move what it names does nothing");
    let later = json!([{"tenderId": moved, "deadline": LATER}]);
    let sound = decide(&app, &suspect["suspicion"], &later).expect(200);
    assert_eq!(sound["suspicion"]["moved"], json!([moved]));
    // Nobody moves the clock now: the worker does it.
    wait_until("the opening does not begin", || tender_of(&app, &tender)["phase"] == "opening");
    let opening = app.public().get(&format!("/api/v1/tenders/{tender}/opening")).expect(200);
    let ends = at(&opening.text_at("/windowUntil"));
    assert!(
        ends > at("2026-03-16T10:30:00+08:00") + chrono::TimeDelta::minutes(30),
        "the whole window: {ends}"
    );
    assert_eq!(at(&opening.text_at("/beganAt")), at(DEADLINE));
    assert_eq!(app.sql().value::<i32>("SELECT bid_count FROM tenders WHERE bid_count IS NOT NULL", &[]), 4);
    let seen = tender_of(&app, &moved);
    assert_eq!((&seen["phase"], at(&seen.text_at("/deadline"))), (&json!("published"), at(LATER)));
    assert_eq!(at(&seen.text_at("/place/opensAt")), at(LATER), "the room has moved with it");
    bid(&app, &moved, 5).expect(201);
    let notices = app.public().get("/api/v1/notices?kind=postponement").expect(200);
    assert_eq!(notices["items"].as_array().unwrap().len(), 1);
}

#[test]
fn ticks_that_stop_make_the_clock_suspect_unless_the_hall_was_stopped_in_good_order() {
    let scratch = Scratch::new("ticks");
    let told = |start: &str| {
        Program::told(scratch.path(), start, |command| {
            command
                .env("TENDERHALL__CLOCK__TICK_SECONDS", "1")
                .env("TENDERHALL__CLOCK__SILENCE_SECONDS", "10");
        })
    };
    let program = told(START);
    assert_eq!(clock(&program)["standing"], "sound");
    program.stop();
    sleep(Duration::from_secs(12));
    let program = told(START);
    assert_eq!(clock(&program)["standing"], "sound", "a stop that was said");
    program.kill_now();
    drop(program);
    sleep(Duration::from_secs(12));
    let program = told(START);
    let suspect = clock(&program);
    assert_eq!((&suspect["standing"], kinds(&suspect)), (&json!("suspect"), vec!["silence".to_owned()]));
    let evidence = &suspect["suspicion"]["evidence"][0];
    assert!(evidence["seconds"].as_i64().unwrap() > 10 && evidence["vouched"] == true, "{suspect:?}");
    decide(&program, &suspect["suspicion"], &json!([])).expect(200);
    sleep(Duration::from_secs(3));
    assert_eq!(clock(&program)["standing"], "sound");
}

/// Ten minutes without a tick, ending now: what was written before lies ten minutes further back.
fn outage(app: &TestApp) {
    let told: DateTime<Utc> = app.sql().value("SELECT hall_now()", &[]);
    app.sql()
        .run(
            "UPDATE clock_ticks SET boot_us = boot_us - 600000000, database_at = database_at - interval '10 minutes',
                    instance_at = instance_at - interval '10 minutes', hall_at = hall_at - interval '10 minutes'",
        )
        .unwrap();
    let after = "SELECT count(*) FROM clock_ticks WHERE hall_at >= $1";
    wait_until("no tick comes", || app.sql().value::<i64>(after, &[&told]) > 0);
}

/// A published tender half an hour before its deadline, in a hall that takes long silences for no sign of a wrong clock.
fn before_the_deadline() -> (TestApp, String) {
    let app = TestApp::sandbox_told(START, |settings| {
        settings.clock.tick_seconds = 1;
        settings.clock.silence_seconds = 3600;
    });
    let tender = app.published_works();
    run_from(&app, BEFORE);
    (app, tender)
}

fn propose(app: &Client, login: &str, tender: &str, deadline: &str) -> Answer {
    let body = json!({"deadline": deadline, "reason": "主机电源故障，平台中断十分钟"});
    app.as_(login).post(&format!("/api/v1/tenders/{tender}/outages"), &body)
}

fn settle(app: &Client, login: &str, proposal: &str, act: &str) -> Answer {
    let path = format!("/api/v1/outage-postponements/{proposal}/{act}");
    app.as_(login).post(&path, &json!({"reason": "已核对心跳记录"}))
}

#[test]
fn an_outage_lets_two_people_move_deadline_notice_and_rooms_together() {
    let (app, tender) = before_the_deadline();
    let unfounded = propose(&app, "operator.league", &tender, LATER).expect(409).problem("wrong-state");
    assert_eq!(unfounded["rule"]["id"], "outageMinutes", "a setting, and no law");
    outage(&app);
    let path = format!("/api/v1/tenders/{tender}/outages");
    let seen = app.as_("supervisor.office").get(&path).expect(200);
    let found = seen["outages"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{seen:?}");
    assert!((600..640).contains(&found[0]["seconds"].as_i64().unwrap()), "{seen:?}");
    app.public().get(&path).expect(401);
    app.as_("agency.one").get(&path).expect(403);
    for login in ["supervisor.office", "agency.one", "operator.taibus"] {
        propose(&app, login, &tender, LATER).expect(403);
    }
    propose(&app, "operator.league", &tender, DEADLINE).expect(422).points_to("/deadline");
    // No room is open at night: the office's word moves nothing then, not even the proposal.
    let night = propose(&app, "operator.league", &tender, "2026-03-19T23:30:00+08:00").expect(201);
    propose(&app, "operator.league", &tender, LATER).expect(409).problem("duplicate");
    settle(&app, "operator.league", &night.id(), "confirm").expect(403);
    settle(&app, "supervisor.office", &night.id(), "confirm").expect(409);
    let unmoved = tender_of(&app, &tender);
    assert_eq!(at(&unmoved.text_at("/deadline")), at(DEADLINE));
    assert_eq!(at(&unmoved.text_at("/place/opensAt")), at(DEADLINE));
    settle(&app, "supervisor.office", &night.id(), "refuse").expect(200);
    let day = propose(&app, "operator.league", &tender, LATER).expect(201);
    let done = settle(&app, "supervisor.office", &day.id(), "confirm").expect(200);
    assert_eq!(done["state"], "confirmed");
    settle(&app, "supervisor.office", &day.id(), "confirm").expect(409).problem("wrong-state");
    let moved = tender_of(&app, &tender);
    assert_eq!(at(&moved.text_at("/deadline")), at(LATER));
    assert_eq!(at(&moved.text_at("/place/opensAt")), at(LATER));
    let notices = app.public().get("/api/v1/notices?kind=postponement").expect(200);
    assert_eq!(notices["items"].as_array().unwrap().len(), 1);
    let due: DateTime<Utc> = app.sql().value("SELECT due_at FROM jobs WHERE kind = 'tender.close'", &[]);
    assert_eq!(due, at(LATER));
    let acts = app.sql().values::<String>(
        "SELECT act FROM log_pending WHERE act LIKE 'outage.%' OR act = 'tender.postponed' ORDER BY id",
        &[],
    );
    assert_eq!(
        acts,
        ["outage.proposed", "outage.refused", "outage.proposed", "tender.postponed", "outage.confirmed"]
    );
}

#[test]
fn a_loss_of_keys_is_told_while_the_close_waits_since_bids_may_come_in_again() {
    let app = TestApp::sandbox_told(START, |settings| settings.clock.tick_seconds = 1);
    let (tender, officers) = app.published_shared_works(false);
    run_from(&app, BEFORE);
    outage(&app);
    let suspect = wait_until_suspect(&app);
    let to_the_deadline = || {
        let moved = app.as_("admin").post("/api/v1/sandbox/clock", &json!({"hold": DEADLINE})).expect(200);
        assert_eq!(moved["failed"], json!(["tender.close"]), "the close waits");
    };
    to_the_deadline();
    for officer in &officers[..2] {
        let path = format!("/api/v1/seal-keys/{}/revoke", officer.key_id);
        app.as_(&officer.login).post(&path, &json!({"reason": "遗失"})).expect(200);
    }
    to_the_deadline();
    let list = format!("/api/v1/notices?kind=clarification&tender={tender}");
    let told = app.public().get(&list).expect(200);
    assert_eq!(told["items"].as_array().unwrap().len(), 1, "{told:?}");
    // The office moves the deadline, and whoever bids then knows it.
    decide(&app, &suspect["suspicion"], &json!([{"tenderId": tender, "deadline": LATER}])).expect(200);
    assert_eq!(at(&tender_of(&app, &tender).text_at("/deadline")), at(LATER));
}

#[test]
fn one_person_does_not_propose_and_confirm() {
    let (app, tender) = before_the_deadline();
    outage(&app);
    let proposal = propose(&app, "operator.league", &tender, LATER).expect(201).id();
    app.sql()
        .run(
            "SET session_replication_role = replica;
             UPDATE accounts SET person_key = (SELECT person_key FROM accounts WHERE login = 'operator.league')
              WHERE login = 'supervisor.office'",
        )
        .unwrap();
    settle(&app, "supervisor.office", &proposal, "confirm").expect(409).problem("one-side-only");
    let sql = app.sql();
    let same = "BEGIN; SET LOCAL session_replication_role = replica;
                UPDATE outage_postponements SET state = 'confirmed', decided_by = proposed_by, decided_at = proposed_at,
                       decision = 'x'; COMMIT";
    assert_eq!(sql.refused(same), "outage_postponements_two_people");
}

#[test]
fn from_the_close_on_no_outage_moves_a_deadline() {
    let app = TestApp::sandbox_told(START, |settings| {
        settings.clock.tick_seconds = 1;
        settings.clock.silence_seconds = 3600;
    });
    let (tender, officers) = app.published_shared_works(false);
    run_from(&app, BEFORE);
    let policy = app.seal_policy(&tender);
    let bids: Vec<_> = (1..=3)
        .map(|number| {
            let bidder = app.bidder(number);
            let sealed = bidder.seal(&policy, &format!("180000{number:02}.00"));
            let id = bidder.submit(&tender, &sealed, "one").expect(201).text_at("/bidId");
            (sealed, id)
        })
        .collect();
    outage(&app);
    let proposal = propose(&app, "operator.league", &tender, LATER).expect(201).id();
    app.hold(DEADLINE);
    assert_eq!(tender_of(&app, &tender)["phase"], "opening");
    let agency: &Officer<'_> = &officers[0];
    let share = bids[0].0.envelope.shares.iter().find(|one| one.member.as_str() == "agency").unwrap();
    let clause = &policy.policy().clauses[usize::try_from(share.clause).unwrap()];
    let body = json!({"bidId": bids[0].1, "clause": share.clause, "member": "agency",
        "share": agency.open(share, clause)});
    app.as_(&agency.login).post(&format!("/api/v1/tenders/{tender}/opening/shares"), &body).expect(200);
    settle(&app, "supervisor.office", &proposal, "confirm").expect(409).problem("wrong-state");
    propose(&app, "operator.league", &tender, LATER).expect(409).problem("wrong-state");
    assert_eq!(at(&tender_of(&app, &tender).text_at("/deadline")), at(DEADLINE));
    // What was proposed in time may still be refused, so that it does not hang for ever.
    settle(&app, "supervisor.office", &proposal, "refuse").expect(200);
}
