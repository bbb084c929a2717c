//! How the law changes in a running hall: two people, a list that is confirmed, editions that projects keep.

use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp,
    client::Caller,
    works::{NOTICE, START},
};

const CALENDARS: &str = "/api/v1/law/calendars";
const EDITIONS: &str = "/api/v1/law/editions";
const CHANGES: &str = "/api/v1/law/changes";

/// The calendar of 2026 as it stands, as a body.
fn calendar(app: &TestApp) -> Value {
    let known = app.public().get("/api/v1/law/calendar/2026").expect(200).json;
    let day = |key: &str| known[key].as_array().unwrap().clone();
    let off: Vec<Value> = day("off")
        .iter()
        .map(|one| json!({"from": one["date"], "to": one["date"], "name": one["name"]}))
        .collect();
    let work: Vec<Value> =
        day("worked").iter().map(|one| json!({"date": one["date"], "name": one["name"]})).collect();
    json!({
        "year": 2026, "version": "2026-2", "workingDays": known["workingDays"], "source": known["source"],
        "off": off, "work": work
    })
}

/// The calendar of 2026 with one working day more off.
fn with_day_off(app: &TestApp, day: &str) -> Value {
    let mut body = calendar(app);
    body["off"]
        .as_array_mut()
        .unwrap()
        .push(json!({"from": day, "to": day, "name": {"zh": "停工", "en": "Stoppage"}}));
    body["workingDays"] = json!(247);
    body
}

fn approve(caller: &Caller<'_>, change: &Answer) -> Answer {
    let body = json!({"confirmation": change["said"]["confirmation"]});
    caller.post(&format!("{CHANGES}/{}/approve", change.id()), &body)
}

fn adopted(app: &TestApp) -> i64 {
    app.sql().value("SELECT count(*) FROM law_changes WHERE state = 'adopted'", &[])
}

#[test]
fn a_calendar_moves_deadlines_only_when_the_office_has_seen_which() {
    let app = TestApp::sandbox(START);
    let other = TestApp::beside(&app);
    let tender = app.published_works();
    let (admin, office) = (app.as_("admin"), app.as_("supervisor.office"));
    let body = with_day_off(&app, "2026-03-16");
    app.as_("agency.one").post(CALENDARS, &body).expect(403);
    office.post(CALENDARS, &body).expect(403);

    let entered = admin.post(CALENDARS, &body).expect(201);
    assert_eq!(
        (&entered["kind"], &entered["year"], &entered["state"]),
        (&json!("calendar"), &json!(2026), &json!("entered"))
    );
    let said = &entered["said"];
    assert_eq!(said["changes"][0]["about"], "2026-03-16");
    let moved = said["moved"].as_array().unwrap();
    let of = |event: &str, limit: &str| {
        moved
            .iter()
            .find(|one| one["event"] == event && one["limit"] == limit)
            .unwrap_or(&Value::Null)
            .clone()
    };
    assert_eq!(
        (&of("deadline", "chosenDay")["from"], &of("deadline", "chosenDay")["to"]),
        (&json!("2026-03-16"), &json!("2026-03-17"))
    );
    let earliest = of("deadline", "earliest");
    assert_eq!(
        (&earliest["rule"], &earliest["from"], &earliest["to"]),
        (&json!("ENG-4"), &json!("2026-03-16"), &json!("2026-03-17"))
    );
    assert!(moved.iter().all(|one| one["tenderId"] == tender.as_str()), "{moved:#?}");
    // Not in force yet, anywhere.
    let count = |app: &TestApp| {
        let ask = json!({"from": "2026-03-13", "length": 1, "unit": "workingDay"});
        app.public().post("/api/v1/law/deadlines/preview", &ask).expect(200).text_at("/endsOn")
    };
    assert_eq!((count(&app).as_str(), count(&other).as_str()), ("2026-03-16", "2026-03-16"));

    approve(&admin, &entered).expect(403);
    let wrong = json!({"confirmation": "0".repeat(64)});
    let list = office
        .post(&format!("{CHANGES}/{}/approve", entered.id()), &wrong)
        .expect(409)
        .problem("list-changed");
    assert_eq!(list["list"], *said);
    // A tender that ends meanwhile changes the list that was read.
    let end = json!({"reason": "取消"});
    app.as_("agency.one").post(&format!("/api/v1/tenders/{tender}/terminate"), &end).expect(200);
    let anew = approve(&office, &entered).expect(409).problem("list-changed");
    assert_eq!(anew["list"]["moved"], json!([]));
    let read = office.get(&format!("{CHANGES}/{}", entered.id())).expect(200);
    let done = approve(&office, &read).expect(200);
    assert_eq!(done["state"], "adopted");
    approve(&office, &read).expect(409).problem("wrong-state");
    assert_eq!((count(&app).as_str(), count(&other).as_str()), ("2026-03-17", "2026-03-17"));
    assert_eq!(app.public().get("/api/v1/law/calendar/2026").expect(200)["version"], "2026-2");
    let acts: Vec<String> = app.sql().values(
        "SELECT act || ' ' || (body #>> '{facts,digest}') FROM log_pending WHERE act LIKE 'law.%' ORDER BY id OFFSET 5",
        &[],
    );
    let digest = entered.text_at("/digest");
    assert_eq!(acts, [format!("law.changeEntered {digest}"), format!("law.calendarAdopted {digest}")]);
}

#[test]
fn a_deadline_is_not_fixed_while_the_calendar_changes_under_it() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    app.book_rooms(&tender);
    app.hold(NOTICE);
    let sql = app.sql();
    let adoption = std::thread::spawn(move || {
        sql.run("BEGIN; SELECT 1 FROM law_in_force FOR UPDATE; SELECT pg_sleep(1); COMMIT").unwrap();
    });
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    while app.sql().value::<i64>(sleeping, &[]) == 0 {}
    app.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish")).expect(200);
    assert!(adoption.is_finished(), "published while the calendar was being changed");
    adoption.join().unwrap();
}

#[test]
fn an_edition_counts_for_new_projects_and_leaves_running_ones_theirs() {
    let app = TestApp::sandbox(START);
    let other = TestApp::beside(&app);
    let running = app.published_works();
    let (admin, office) = (app.as_("admin"), app.as_("supervisor.office"));
    let in_force = office.get(&format!("{CHANGES}?limit=10")).expect(200);
    let edition = in_force["items"].as_array().unwrap().iter().find(|one| one["kind"] == "edition").unwrap();
    let id = edition["id"].as_str().unwrap();
    let files = app.public().get(&format!("{CHANGES}/{id}/files")).expect(200);
    let text = files["files"]["law/engineering.toml"].as_str().unwrap();
    assert!(text.contains("n = 20\n"), "the twenty days of ENG-4");
    let changed = text.replacen("n = 20\n", "n = 25\n", 1);
    let broken = text.replacen("n = 20\n", "n = 0\n", 1);
    let body = |text: &str| json!({"files": {"law/engineering.toml": text}});
    admin.post(EDITIONS, &body(&broken)).expect(422).points_to("/files/law~1engineering.toml");
    admin.post(EDITIONS, &body(text)).expect(422).points_to("/files");
    admin.post(EDITIONS, &json!({"files": {"base.toml": ""}})).expect(422).points_to("/files/base.toml");
    app.as_("operator.league").post(EDITIONS, &body(&changed)).expect(403);

    let entered = admin.post(EDITIONS, &body(&changed)).expect(201);
    assert_eq!(entered["said"]["changes"][0]["about"], "ENG-4");
    app.public().get(&format!("{CHANGES}/{}", entered.id())).expect(404);
    let of = |app: &TestApp, tender: &str| {
        let tender = app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200).json;
        let stones = tender["timeline"].as_array().unwrap().clone();
        stones.into_iter().find(|one| one["rule"]["id"] == "ENG-4").unwrap()["earliestOn"].clone()
    };
    assert_eq!(of(&app, &running), "2026-03-16");
    approve(&office, &entered).expect(200);
    assert_eq!((of(&app, &running), of(&other, &running)), (json!("2026-03-16"), json!("2026-03-16")));
    let now = app.public().get("/api/v1/law").expect(200);
    let rule = now["rules"].as_array().unwrap().iter().find(|one| one["key"] == "ENG-4").unwrap().clone();
    assert!(rule.to_string().contains("25"), "{rule}");

    // A new project published today is judged by the new edition, also by the other instance.
    let project = other.works_project();
    let late = other.works_tender(&project);
    other.book_rooms(&late);
    let refused = other.as_("agency.one").act(&format!("/api/v1/tenders/{late}/publish")).expect(409);
    refused.problem("law-refuses").by_rule("ENG-4", "24");
    let kept: Vec<String> =
        app.sql().values("SELECT law_edition::text FROM projects WHERE law_edition IS NOT NULL", &[]);
    assert_eq!(kept, [id]);
    app.public().get(&format!("{CHANGES}/{}", entered.id())).expect(200);
}

#[test]
fn a_change_is_sent_back_with_its_reason_and_stays_as_it_was() {
    let app = TestApp::sandbox(START);
    let (admin, office) = (app.as_("admin"), app.as_("supervisor.office"));
    let entered = admin.post(CALENDARS, &with_day_off(&app, "2026-06-01")).expect(201);
    let path = format!("{CHANGES}/{}/refuse", entered.id());
    office.post(&path, &json!({"reason": " "})).expect(422).points_to("/reason");
    // Whoever entered it decides nothing, whatever roles an account may come to have.
    for state in ["adopted", "refused"] {
        let alone = format!(
            "UPDATE law_changes SET state = '{state}', decided_at = entered_at, decided_by = entered_by, reason = '自批',
                    adopted_no = CASE '{state}' WHEN 'adopted' THEN 99 END WHERE state = 'entered'"
        );
        assert_eq!(app.sql().refused(&alone), "law_changes_two_people", "{state}");
    }
    let sent_back = office.post(&path, &json!({"reason": "通知未发布"})).expect(200);
    assert_eq!((&sent_back["state"], &sent_back["reason"]), (&json!("refused"), &json!("通知未发布")));
    approve(&office, &entered).expect(409).problem("wrong-state");
    assert_eq!(adopted(&app), 5);
    let altered = app.sql().refused("UPDATE law_changes SET digest = sha256('') WHERE state = 'refused'");
    assert_eq!(altered, "law_changes_are_kept");
}

#[test]
fn a_calendar_that_contradicts_itself_is_pointed_at() {
    let app = TestApp::sandbox(START);
    let admin = app.as_("admin");
    let mut body = with_day_off(&app, "2026-06-01");
    body["workingDays"] = json!(248);
    admin.post(CALENDARS, &body).expect(422).points_to("/workingDays");
    let mut body = with_day_off(&app, "2026-06-01");
    body["work"][0]["date"] = json!("2026-06-02");
    admin.post(CALENDARS, &body).expect(422).points_to("/work/0/date");
    let mut body = with_day_off(&app, "2027-06-01");
    body["workingDays"] = json!(247);
    let last = body["off"].as_array().unwrap().len() - 1;
    admin.post(CALENDARS, &body).expect(422).points_to(&format!("/off/{last}/from"));
    admin.post(CALENDARS, &calendar(&app)).expect(201);
}

#[test]
fn a_restart_adopts_nothing_twice() {
    let app = TestApp::sandbox(START);
    assert_eq!(adopted(&app), 5, "four years and one edition");
    let _second = TestApp::beside(&app);
    assert_eq!(adopted(&app), 5);
}

#[test]
fn a_changed_threshold_routes_from_its_adoption_on_everywhere() {
    let app = TestApp::sandbox(START);
    let other = TestApp::beside(&app);
    let (admin, office) = (app.as_("admin"), app.as_("supervisor.office"));
    let routing = include_str!("../../config/routing.toml");
    let lower = routing.replace("\"5000000.00\"", "\"4000000.00\"");
    let centre = include_str!("../../config/centres/152527.toml");
    let renamed = centre.replacen("第一开标室", "开标大厅", 1);
    let body = json!({"files": {"routing.toml": lower, "centres/152527.toml": renamed}});
    let entered = admin.post(EDITIONS, &body).expect(201);
    let about: Vec<&Value> =
        entered["said"]["changes"].as_array().unwrap().iter().map(|one| &one["about"]).collect();
    assert_eq!(about, ["RT-3", "152527"]);
    let scope = |app: &TestApp| {
        let ask = json!({"regionCode": "152527", "level": "county", "category": "procurement", "budget": "4500000.00"});
        app.public().post("/api/v1/venue-decisions/preview", &ask).expect(200).text_at("/scope")
    };
    assert_eq!((scope(&app).as_str(), scope(&other).as_str()), ("own", "own"));
    approve(&office, &entered).expect(200);
    assert_eq!((scope(&app).as_str(), scope(&other).as_str()), ("league", "league"));
    let rooms = app.as_("operator.taibus").get("/api/v1/rooms?centre=152527").expect(200);
    assert!(rooms.text.contains("开标大厅"), "{}", rooms.text);
}
