//! Health, the sandbox's clock, and coming and going.

use std::{thread::sleep, time::Duration};

use serde_json::json;

use crate::support::{
    TestApp,
    contract::DOCUMENT,
    works::{START, works},
};

#[test]
fn an_instance_says_how_it_is() {
    let app = TestApp::sandbox(START);
    assert_eq!(app.public().get("/health/live").expect(200)["status"], "live");
    assert_eq!(app.public().get("/health/ready").expect(200)["status"], "ready");
    app.public().get("/metrics").expect(404);
    let described = app.public().get("/api/openapi.json").expect(200);
    assert_eq!(described.json, *DOCUMENT, "what is given out is what the tests hold answers against");
}

#[test]
fn the_sandbox_clock_goes_forward_only_and_only_for_the_administrator() {
    let app = TestApp::sandbox(START);
    let clock = "/api/v1/sandbox/clock";
    let admin = app.as_("admin");
    let back = json!({"hold": "2026-02-09T08:59:59.999999+08:00"});
    admin.post(clock, &back).expect(422).problem("invalid-request").points_to("/hold");
    let moved = admin.post(clock, &json!({"advance": "P20D"})).expect(200);
    assert_eq!((&moved["now"], &moved["held"]), (&json!("2026-03-01T01:00:00Z"), &json!(true)));
    admin.post(clock, &json!({"to": "2026-03-01T09:00:00.000001+08:00"})).expect(200);
    for bad in [json!({}), json!({"advance": "P1M"}), json!({"run": false}), json!({"hold": "tomorrow"})] {
        let answer = admin.post(clock, &bad);
        assert_eq!(answer.status, 422, "{answer:?}");
    }
    assert_eq!(admin.post(clock, &json!({"run": true})).expect(200)["held"], false);
    app.as_("operator.league").post(clock, &json!({"advance": "P1D"})).expect(403);
    app.public().post(clock, &json!({"advance": "P1D"})).expect(401);
}

#[test]
fn a_production_hall_knows_no_sandbox() {
    let app = TestApp::production();
    app.public().get("/health/ready").expect(200);
    let admin = app.public().form("/api/v1/auth/token", &crate::support::client::login_form("admin"));
    admin.expect(400).problem("invalid-grant");
    let sql = app.sql();
    assert_eq!(sql.refused("UPDATE hall SET shift = interval '1 day'"), "hall_production_clock_is_real");
    assert_eq!(sql.refused("UPDATE hall SET held_at = now()"), "hall_production_clock_is_real");
    assert_eq!(sql.refused("UPDATE hall SET mode = 'sandbox'"), "hall_keeps_its_mode");
    assert_eq!(sql.refused("DELETE FROM hall"), "hall_keeps_its_mode");
}

#[test]
fn a_change_without_its_entry_is_refused_by_the_database() {
    let app = TestApp::sandbox(START);
    app.works_project();
    let sql = app.sql();
    let audited: Vec<String> = sql.values(
        "SELECT c.relname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
          WHERE t.tgname = 'audit_entry' ORDER BY 1",
        &[],
    );
    for table in ["accounts", "bids", "bookings", "openings", "projects", "tenders", "venue_decisions"] {
        assert!(audited.iter().any(|name| name == table), "{table} is not under the record: {audited:?}");
    }
    assert_eq!(sql.refused("UPDATE projects SET name = name || '改'"), "audit_demands_entry");
    assert_eq!(sql.refused("DELETE FROM projects"), "audited_rows_stay");
    // Not even with an entry of another row, or of this row with another content.
    let other = "INSERT INTO log_object (relation, row_id, content, entry)
                 SELECT 'projects', id, sha256('other'), (SELECT max(id) FROM log_pending) FROM projects";
    assert_eq!(
        sql.refused(&format!("BEGIN; UPDATE projects SET name = name || '改'; {other}; COMMIT")),
        "audit_demands_entry"
    );
    let right = "INSERT INTO log_object (relation, row_id, content, entry)
                 SELECT 'projects', p.id, audit_content(p), (SELECT max(id) FROM log_pending) FROM projects p";
    sql.run(&format!("BEGIN; UPDATE projects SET name = name || '改'; {right}; COMMIT")).unwrap();
    assert_eq!(sql.refused("UPDATE log_pending SET act = 'nothing'"), "log_is_kept");
    assert_eq!(sql.refused("DELETE FROM log_object"), "log_is_kept");
    assert_eq!(sql.refused("TRUNCATE log_pending CASCADE"), "log_is_kept");
    let service = crate::support::db::Sql::connect(&app.db().app_url);
    for statement in [
        "UPDATE log_pending SET act = 'nothing'",
        "DELETE FROM log_pending",
        "TRUNCATE log_pending",
        "DELETE FROM projects",
        "ALTER TABLE projects DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "DROP TABLE log_object",
        "CREATE TABLE mine (id int)",
    ] {
        assert_eq!(service.refused(statement), "42501", "{statement}");
    }
}

/// L5: of every table, not only those that a test happens to change.
/// Tables that are not under the record. A new table is either audited or named here.
const BESIDE_THE_RECORD: [&str; 25] = [
    "__diesel_schema_migrations",
    // Bytes whose hash stands in the entry of their bid, and uploads, which are no bid yet.
    "bid_chunks",
    "bid_ciphertexts",
    "bid_receipts",
    "bid_uploads",
    // The machine's own affairs: times, turns, counters, keys of requests, letters.
    "clock_ticks",
    "code_counters",
    // Answers of doors, by pages that are under the record.
    "door_passes",
    "hall",
    "idempotency",
    "jobs",
    "law_in_force",
    // The record itself.
    "log_book",
    "log_checkpoint",
    "log_cosig",
    "log_hash",
    "log_leaf",
    "log_object",
    "log_pending",
    "login_failures",
    "outbox",
    // Follows from roles and acts that are in the record.
    "project_sides",
    "recording_beats",
    "refresh_tokens",
    "tender_intake",
];

#[test]
fn every_table_under_the_record_refuses_a_change_without_its_entry() {
    let app = TestApp::sandbox(START);
    app.published_works();
    let sql = app.sql();
    let audited: Vec<String> = sql.values(
        "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'audit_entry' ORDER BY 1",
        &[],
    );
    // For each row that is inserted or updated, at the commit, and switched on.
    let whole: Vec<String> = sql.values(
        "SELECT tgrelid::regclass::text FROM pg_trigger
          WHERE tgfoid = 'audit_demands_entry'::regproc AND tgtype & 21 = 21 AND tgdeferrable AND tginitdeferred
            AND tgenabled = 'O' AND tgqual IS NULL ORDER BY 1",
        &[],
    );
    assert_eq!(audited, whole);
    let beside: Vec<String> = sql.values(
        "SELECT c.relname::text FROM pg_class c
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'audit_entry')
          ORDER BY c.relname::text COLLATE \"C\"",
        &[],
    );
    assert_eq!(beside, BESIDE_THE_RECORD);
    let filled: Vec<&String> = audited
        .iter()
        .filter(|table| sql.value(&format!("SELECT EXISTS (SELECT FROM {table})"), &[]))
        .collect();
    assert!(filled.len() >= 12, "{filled:?}");
    for table in filled {
        // The row stays as it was; that it was written is enough. Some may not be written at all.
        let written = format!("UPDATE {table} SET id = id WHERE id = (SELECT id FROM {table} LIMIT 1)");
        let refused = sql.refused(&written);
        assert!(refused == "audit_demands_entry" || refused.ends_with("_kept"), "{table}: {refused}");
        assert_eq!(sql.refused(&format!("DELETE FROM {table}")), "audited_rows_stay", "{table}");
    }
}

#[test]
fn every_act_stands_in_the_record_with_its_request() {
    let app = TestApp::sandbox(START);
    let project = app.registered_works("24000000.00");
    let request = project.header("x-request-id").to_owned();
    let entries: Vec<String> = app.sql().values(
        "SELECT act FROM log_pending WHERE project_id = $1::text::uuid
            AND (body::text LIKE '%' || $2 || '%' OR skeleton::text LIKE '%' || $2 || '%')",
        &[&project.id(), &request],
    );
    assert_eq!(entries, ["project.registered"]);
}

#[test]
fn two_instances_are_one_hall() {
    let app = TestApp::sandbox(START);
    let other = TestApp::beside(&app);
    let project =
        app.as_("purchaser.taibus").post("/api/v1/projects", &works("24000000.00")).expect(201).id();
    let token = app.token("purchaser.taibus");
    let caller = other.public().with("Authorization", &format!("Bearer {token}"));
    caller.get(&format!("/api/v1/projects/{project}")).expect(200);
    app.hold("2026-02-10T09:00:00+08:00");
    assert_eq!(other.as_("admin").get("/api/v1/sandbox/clock").expect(200)["now"], "2026-02-10T01:00:00Z");
}

#[test]
fn a_stop_answers_what_it_has_begun() {
    let mut app = TestApp::sandbox(START);
    let address = app.address();
    app.token("purchaser.taibus");
    let outcome = std::thread::scope(|scope| {
        // A transaction holds what the registration needs, so that the stop finds it in flight.
        let sql = app.sql();
        sql.run("BEGIN; LOCK TABLE projects IN ACCESS EXCLUSIVE MODE").unwrap();
        let client = crate::support::Client::new(address, app.db().superuser_url.clone());
        let asking = scope
            .spawn(move || client.as_("purchaser.taibus").post("/api/v1/projects", &works("24000000.00")));
        sleep(Duration::from_millis(1500));
        let free = scope.spawn(move || {
            sleep(Duration::from_millis(1000));
            sql.run("COMMIT").unwrap();
        });
        app.stop();
        free.join().unwrap();
        asking.join().unwrap()
    });
    outcome.expect(201);
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn a_stop_lets_open_screens_go() {
    let mut app = TestApp::sandbox(START);
    let mut lines = app.events("152500");
    assert!(lines.any(|line| line == "data: 152500"));
    app.stop();
    // The last chunk of an answer that was ended, not broken off.
    assert!(lines.any(|line| line == "0"));
}
