//! The boards: the lobby's screen, the control room's chart and the map of use, over HTTP and in a real browser.

use std::time::{Duration, Instant};

use fantoccini::{
    Client, Locator,
    actions::{InputSource, MouseActions, PointerAction},
    key::Key,
};
use serde_json::{Value, json};

use crate::{
    pages::{Driver, PATIENCE, accessible, element, fill, open, picture, press, runtime, says},
    support::{
        Answer, TestApp,
        client::PASSWORD,
        works::{DEADLINE, NOTICE, START},
    },
};

/// A time of the hall in 2026.
fn hall(text: &str) -> String {
    format!("2026-{text}:00+08:00")
}

fn room(app: &TestApp, code: &str) -> String {
    let rooms = app.public().get("/api/v1/rooms?centre=152500").expect(200);
    let items = rooms["items"].as_array().unwrap();
    items.iter().find(|room| room["code"] == code).unwrap()["id"].as_str().unwrap().to_owned()
}

fn slot(app: &TestApp, code: &str, from: &str, to: &str) -> Value {
    let (kind, _) = code.rsplit_once('-').unwrap();
    json!({"kind": kind, "roomId": room(app, code), "from": hall(from), "to": hall(to)})
}

fn act(app: &TestApp, booking: &str, act: &str) -> Answer {
    app.as_("operator.league").act(&format!("/api/v1/bookings/{booking}/{act}"))
}

fn requested(app: &TestApp, tender: &str, slots: &[Value]) -> String {
    let body = json!({"tenderId": tender, "slots": slots});
    app.as_("agency.one").post("/api/v1/bookings", &body).expect(201).id()
}

fn confirmed(app: &TestApp, tender: &str, slots: &[Value]) -> String {
    let id = requested(app, tender, slots);
    act(app, &id, "confirm").expect(200);
    id
}

/// An approved tender of the works, named `title`, with its deadline.
fn tender(app: &TestApp, project: &str, title: &str, deadline: &str) -> String {
    let mut body = crate::support::Client::works_tender_body(project);
    body["title"] = title.into();
    body["deadline"] = deadline.into();
    let draft = app.as_("agency.one").post("/api/v1/tenders", &body).expect(201);
    app.approve(&draft);
    draft.id()
}

/// What stands on the floor of the 16th of March: one of every standing.
struct Floor {
    app: TestApp,
    /// The drainage's evaluation, confirmed for the afternoon in the third room.
    drainage: String,
    /// The bridge's opening, only requested.
    bridge: String,
}

const PARK: &str = "太仆寺旗滨河公园工程施工";
const DRAINAGE: &str = "宝昌镇雨污分流改造工程施工";
const BRIDGE: &str = "骆驼山乡漫水桥工程施工";

/// A floor at twenty past eleven of the day of the opening.
fn floor() -> Floor {
    let app = TestApp::sandbox(START);
    let day = "03-16T";
    let at = |time: &str| format!("{day}{time}");
    let booked = |title: &str, deadline: &str, slots: &[(&str, &str, &str)], confirm: bool| {
        let project = app.works_project();
        let tender = tender(&app, &project, title, &hall(&at(deadline)));
        let slots: Vec<Value> =
            slots.iter().map(|(code, from, to)| slot(&app, code, &at(from), &at(to))).collect();
        if confirm { confirmed(&app, &tender, &slots) } else { requested(&app, &tender, &slots) }
    };
    let park =
        [("opening-1", "09:30", "11:00"), ("evaluation-1", "13:00", "17:00"), ("draw-1", "08:30", "09:00")];
    let park = booked(PARK, "09:30", &park, true);
    let drainage = [("opening-2", "09:30", "10:30"), ("evaluation-3", "13:30", "16:00")];
    let drainage = booked(DRAINAGE, "09:30", &drainage, true);
    let road = [("opening-3", "10:00", "11:00"), ("evaluation-2", "11:00", "15:30")];
    let road = booked("千斤沟镇农村公路养护工程施工", "10:00", &road, true);
    let school = [("opening-4", "09:00", "10:00"), ("evaluation-5", "14:00", "16:30")];
    let school = booked("第二小学综合楼工程施工", "09:00", &school, true);
    let bridge =
        [("opening-5", "14:30", "15:30"), ("evaluation-4", "16:00", "17:00"), ("rest-1", "12:00", "14:00")];
    let bridge = booked(BRIDGE, "14:30", &bridge, false);
    let announced: Vec<String> = [
        ("明安图镇供热管网改造工程施工", "03-16T15:00", "03-16T16:00", "opening-6"),
        ("桑根达来镇给水厂工程施工", "03-18T09:30", "03-18T11:00", "opening-1"),
    ]
    .map(|(title, from, to, code)| {
        let tender = tender(&app, &app.works_project(), title, &hall(from));
        confirmed(&app, &tender, &[slot(&app, code, from, to)]);
        tender
    })
    .into();
    app.hold(NOTICE);
    for tender in announced {
        app.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish")).expect(200);
    }
    for (code, from, to, why) in [
        ("opening-8", "03-16T08:00", "03-16T18:00", "音响检修"),
        ("evaluation-7", "03-16T12:00", "03-17T12:00", "更换监控设备"),
    ] {
        let closure = json!({"from": hall(from), "to": hall(to), "reason": why});
        let path = format!("/api/v1/rooms/{}/closures", room(&app, code));
        app.as_("operator.league").post(&path, &closure).expect(201);
    }
    for (time, booking, what) in [
        ("08:32", &park, "begin?slot=3"),
        ("08:58", &park, "release?slot=3"),
        ("09:25", &park, "begin?slot=1"),
        ("09:28", &drainage, "begin?slot=1"),
        ("09:31", &school, "no-show?slot=1"),
        ("09:58", &road, "begin?slot=1"),
        ("10:20", &drainage, "release?slot=1"),
        ("10:45", &road, "release?slot=1"),
        ("11:05", &road, "begin?slot=2"),
    ] {
        app.hold(&hall(&at(time)));
        act(&app, booking, what).expect(200);
    }
    app.hold(&hall(&at("11:20")));
    Floor { app, drainage, bridge }
}

fn page(app: &TestApp, login: Option<&str>, path: &str) -> Answer {
    let caller = login.map_or_else(|| app.public(), |login| app.as_(login));
    caller.with("Accept", "text/html").send("GET", path, None, Vec::new())
}

#[test]
fn the_lobby_tells_of_announced_openings_and_of_nothing_else() {
    let app = TestApp::sandbox(START);
    let project = app.works_project();
    let published = tender(&app, &project, PARK, DEADLINE);
    confirmed(
        &app,
        &published,
        &[
            slot(&app, "opening-1", "03-16T09:30", "03-16T11:00"),
            slot(&app, "evaluation-6", "03-16T13:00", "03-16T17:00"),
        ],
    );
    let draft = tender(&app, &app.works_project(), BRIDGE, DEADLINE);
    confirmed(&app, &draft, &[slot(&app, "opening-2", "03-16T09:30", "03-16T11:00")]);
    app.hold(NOTICE);
    app.as_("agency.one").act(&format!("/api/v1/tenders/{published}/publish")).expect(200);
    let today = app.page("/board/152500?lang=zh");
    assert!(today.contains("当日没有开标"), "nothing opens on the day of the notice");
    assert!(app.page("/board/152500?lang=zh&on=2026-03-10").contains("即将开标"), "it is announced below");
    let day = app.page("/board/152500?lang=zh&on=2026-03-16");
    assert!(day.contains(PARK) && day.contains("第一开标室") && day.contains("09:30"));
    for hidden in [BRIDGE, "第二开标室", "评标室", "13:00"] {
        assert!(!day.contains(hidden), "{hidden} is nobody's to know in the lobby");
    }
    assert!(!app.page("/board/152527?lang=zh&on=2026-03-16").contains(PARK), "another centre's lobby");
    assert_eq!(page(&app, None, "/board/999999").status, 404);
    assert_eq!(page(&app, None, "/board/152500?on=monday").status, 422);
    assert!(app.page("/?lang=zh").contains("/board/152500?lang=zh"), "the home page leads there");
}

#[test]
fn the_control_room_is_for_those_who_work_or_supervise_there() {
    let app = TestApp::sandbox(START);
    let draft = tender(&app, &app.works_project(), BRIDGE, DEADLINE);
    requested(&app, &draft, &[slot(&app, "opening-2", "03-16T09:30", "03-16T11:00")]);
    for path in ["control?on=2026-03-16&view=week&lang=zh", "use?month=2026-03"] {
        let path = format!("/board/152500/{path}");
        let sent = page(&app, None, &path).expect(303);
        let place = sent.header("location");
        assert!(place.starts_with("/login?next=%2Fboard%2F152500%2F"), "{place}");
        for stranger in ["operator.taibus", "agency.one", "purchaser.taibus", "expert.001", "admin"] {
            assert_eq!(page(&app, Some(stranger), &path).status, 404, "{stranger} {path}");
        }
        assert_eq!(page(&app, Some("operator.league"), &path.replace("152500", "999999")).status, 404);
        let own = page(&app, Some("operator.league"), &path).expect(200);
        assert!(own.header("cache-control").contains("private") && own.header("vary").contains("Cookie"));
    }
    let floor = "/board/152500/control?on=2026-03-16&lang=zh";
    assert!(page(&app, Some("operator.league"), floor).expect(200).text.contains(BRIDGE));
    assert!(page(&app, Some("supervisor.office"), floor).expect(200).text.contains(BRIDGE));
    let finance = page(&app, Some("supervisor.finance"), floor).expect(200).text;
    assert!(!finance.contains(BRIDGE), "works are not within the duty of finance");
    assert!(
        finance.contains("第二开标室，09:30–11:00，已占用，已申请") && !finance.contains("data-operates")
    );
    let figures = "/api/v1/rooms/utilisation?centre=152500&from=2026-03-01&to=2026-03-31";
    app.public().get(figures).expect(401);
    app.as_("operator.taibus").get(figures).expect(403);
    app.as_("agency.one").get(figures).expect(403);
    app.as_("supervisor.finance").get(figures).expect(200);
}

#[test]
fn rm_20_the_rooms_use_is_answered_in_hours_and_drawn_by_days() {
    let Floor { app, .. } = floor();
    let answer = app
        .as_("operator.league")
        .get("/api/v1/rooms/utilisation?centre=152500&from=2026-03-16&to=2026-03-16")
        .expect(200);
    let of = |code: &str| {
        let items = answer["items"].as_array().unwrap();
        let room = items.iter().find(|room| room["code"] == code).unwrap();
        ["bookableHours", "usedHours", "outsideHours", "share"]
            .map(|name| room[name].as_str().unwrap_or("").to_owned())
    };
    assert_eq!(of("evaluation-1"), ["8.50", "4.00", "0.00", "0.4706"], "confirmed, as planned");
    assert_eq!(
        of("opening-1"),
        ["8.50", "1.92", "0.00", "0.2255"],
        "from 09:25 until now, 11:20, and it goes on"
    );
    assert_eq!(of("opening-2"), ["8.50", "0.87", "0.00", "0.1020"], "from 09:28 to 10:20");
    assert_eq!(of("opening-4"), ["8.50", "0.00", "0.00", "0.0000"], "nobody came");
    assert_eq!(of("opening-5"), ["8.50", "0.00", "0.00", "0.0000"], "it is only requested");
    assert_eq!(of("opening-8"), ["0.00", "0.00", "0.00", ""], "closed all day");
    assert_eq!(of("evaluation-7"), ["3.50", "0.00", "0.00", "0.0000"], "closed from noon");
    assert_eq!(answer["ground"]["id"], "RM-20");
    let bad = |query: &str| {
        app.as_("operator.league").get(&format!("/api/v1/rooms/utilisation?centre=152500&{query}")).status
    };
    assert_eq!(bad("from=2026-03-16&to=2026-03-15"), 422);
    assert_eq!(bad("from=2025-01-01&to=2026-03-15"), 422);
    assert_eq!(bad("from=2026-03-16"), 422);
    let map = page(&app, Some("operator.league"), "/board/152500/use?month=2026-03&lang=zh").expect(200).text;
    for shown in ["2026年3月16日（周一），4.00 / 8.50 小时", "heat-2", "heat-off", "第一评标室", "RM-20"]
    {
        assert!(map.contains(shown), "{shown}");
    }
}

/// Signs in with the form, as people do.
async fn sign_in(client: &Client, base: &str, login: &str) {
    open(client, &format!("{base}/login?lang=zh&next=%2Fboard%2F152500%2Fcontrol")).await;
    fill(client, "#login", login).await;
    fill(client, "#password", PASSWORD).await;
    press(client, ".sign-in button").await;
    says(client, ".floor-names", &["总控大屏"]).await;
}

async fn press_key(client: &Client, keys: &str) {
    client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

async fn focus(client: &Client, selector: &str) {
    element(client, selector).await;
    let script = format!("document.querySelector({}).focus()", json!(selector));
    client.execute(&script, Vec::new()).await.unwrap();
}

async fn run(client: &Client, script: &str) -> Value {
    client.execute(script, Vec::new()).await.unwrap()
}

/// Waits until a script answers true.
async fn until(client: &Client, script: &str) {
    let begun = Instant::now();
    while run(client, script).await != json!(true) {
        if begun.elapsed() > PATIENCE {
            let told = run(client, "return document.querySelector('.dialog-note')?.textContent").await;
            panic!("never: {script}; the dialog says {told}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The slot of a booking in a kind of room.
fn of(booking: &str, kind: &str) -> String {
    format!(".slot[data-booking='{booking}'][data-kind='{kind}']")
}

#[test]
fn an_operator_runs_the_floor_from_one_screen() {
    let floor = floor();
    let base = format!("http://{}", floor.app.address());
    let driver = Driver::start();
    let seen = std::sync::Arc::new(floor);
    runtime().block_on(async {
        let desk = base.clone();
        // The hall stays until the phone has seen it too.
        let _hall = std::sync::Arc::clone(&seen);
        driver
            .drive(false, async move |client| {
                sign_in(&client, &desk, "operator.league").await;
                every_page_in_both_languages(&client, &desk).await;
                a_slot_is_moved_by_keyboard(&client, &desk, &seen).await;
                what_another_did_first_is_said(&client, &seen).await;
                the_drag_does_the_same(&client, &seen).await;
                acts_and_news(&client, &seen).await;
                an_alarm_is_taken_on_and_closed(&client, &seen).await;
            })
            .await;
        driver
            .drive(true, async move |client| {
                sign_in(&client, &base, "operator.league").await;
                on_a_phone(&client, &base).await;
            })
            .await;
    });
}

const PAGES: [&str; 5] = [
    "/board/152500?on=2026-03-16",
    "/board/152500/control?view=day",
    "/board/152500/control?view=week",
    "/board/152500/control?view=day&on=2026-03-21",
    "/board/152500/use?month=2026-03",
];

async fn every_page_in_both_languages(client: &Client, base: &str) {
    for language in ["zh", "en"] {
        for (number, page) in PAGES.iter().enumerate() {
            open(client, &format!("{base}{page}&lang={language}")).await;
            picture(client, &format!("board-{number}-{language}")).await;
        }
    }
    client.set_window_size(1920, 1080).await.unwrap();
    for (number, page) in PAGES.iter().enumerate() {
        client.goto(&format!("{base}{page}&lang=zh")).await.unwrap();
        picture(client, &format!("wall-{number}")).await;
    }
    client.set_window_size(1280, 1000).await.unwrap();
}

/// Where the live slots in a kind of room of a booking's tender stand now, as the hall keeps them.
fn kept(floor: &Floor, booking: &str, kind: &str) -> Vec<String> {
    let operator = floor.app.as_("operator.league");
    let tender = operator.get(&format!("/api/v1/bookings/{booking}")).expect(200).text_at("/tenderId");
    let all = operator.get(&format!("/api/v1/bookings?tender={tender}")).expect(200);
    let live = |one: &&Value| !["changed", "cancelled", "rejected"].contains(&one["state"].as_str().unwrap());
    let mut found = Vec::new();
    for booking in all["items"].as_array().unwrap().iter().filter(live) {
        for slot in booking["slots"].as_array().unwrap().iter().filter(|slot| slot["kind"] == kind) {
            let [room, from, state] =
                [&slot["roomCode"], &slot["from"], &booking["state"]].map(|text| text.as_str().unwrap());
            let from = crate::support::app::at(from).with_timezone(&tenderhall::kernel::time::ZONE);
            found.push(format!("{room} {} {state}", from.format("%H:%M")));
        }
    }
    found
}

async fn a_slot_is_moved_by_keyboard(client: &Client, base: &str, floor: &Floor) {
    open(client, &format!("{base}/board/152500/control?lang=zh")).await;
    says(client, ".floor-alerts", &["第一开标室", "已超 20 分钟"]).await;
    let slot = of(&floor.drainage, "evaluation");
    focus(client, &slot).await;
    press_key(client, &Key::Enter).await;
    until(
        client,
        "return document.getElementById('floor-said').textContent.startsWith('已拿起：第三评标室')",
    )
    .await;
    for key in [Key::Down, Key::Right, Key::Right] {
        press_key(client, &key).await;
    }
    until(
        client,
        "return document.getElementById('floor-said').textContent.includes('第四评标室 03-16 14:00–16:30')",
    )
    .await;
    press_key(client, &Key::Escape).await;
    until(client, "return document.getElementById('floor-said').textContent === '已放弃，预约未变。'").await;
    assert_eq!(kept(floor, &floor.drainage, "evaluation"), ["evaluation-3 13:30 confirmed"]);
    // The second room is in use until half past three, and cleaned after that: what is free instead is offered.
    press_key(client, &Key::Enter).await;
    press_key(client, &Key::Up).await;
    press_key(client, &Key::Enter).await;
    says(client, ".floor-dialog", &[DRAINAGE, "第二评标室 03-16 13:30–16:00"]).await;
    fill(client, "#dialog-reason", "与另一项目换房").await;
    picture(client, "control-dialog").await;
    press(client, ".dialog-go").await;
    says(client, ".dialog-note", &["已被占用"]).await;
    says(client, ".dialog-offers", &["可改用", "评标室"]).await;
    picture(client, "control-refused").await;
    press(client, ".dialog-shut").await;
    let back = format!("return document.activeElement === document.querySelector(\"{slot}\")");
    until(client, &back).await;
    press_key(client, &Key::Enter).await;
    for key in [Key::Down, Key::Down, Key::Down, Key::Left] {
        press_key(client, &key).await;
    }
    press_key(client, &Key::Enter).await;
    fill(client, "#dialog-reason", "与另一项目换房").await;
    press(client, ".dialog-go").await;
    until(client, "return document.activeElement.dataset.from === '2026-03-16T13:15:00+08:00'").await;
    assert_eq!(kept(floor, &floor.drainage, "evaluation"), ["evaluation-6 13:15 confirmed"]);
    let left =
        floor.app.as_("operator.league").get(&format!("/api/v1/bookings/{}", floor.drainage)).expect(200);
    assert_eq!([&left["state"], &left["reason"]], ["changed", "与另一项目换房"]);
}

async fn the_drag_does_the_same(client: &Client, floor: &Floor) {
    let slot = "document.querySelector(\".slot[data-kind='rest']\")";
    run(client, &format!("{slot}.scrollIntoView({{block: 'center'}})")).await;
    let measured = run(
        client,
        &format!(
            "const box = {slot}.querySelector('.bar').getBoundingClientRect();
             const plan = document.querySelector('.plan');
             const hour = plan.getBoundingClientRect().width / (plan.dataset.last - plan.dataset.first) * 60;
             const line = document.querySelector('.chart-rooms li').getBoundingClientRect().height;
             const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
             return [x, y, x + 8, x + hour * 0.55, y + line * 2.2, x + hour * 0.45, y - line * 9]"
        ),
    )
    .await;
    let figure = |at: usize| measured[at].as_f64().unwrap();
    let glide = Some(Duration::from_millis(20));
    let (x, y) = (figure(0), figure(1));
    let drag = |to_x: f64, to_y: f64| {
        MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveTo { duration: glide, x, y })
            .then(PointerAction::Down { button: 0 })
            .then(PointerAction::MoveTo { duration: glide, x: figure(2), y })
            .then(PointerAction::MoveTo { duration: glide, x: to_x, y: to_y })
            .then(PointerAction::Up { button: 0 })
    };
    // A little more than half an hour later and two rooms down snaps to a quarter and a room.
    client.perform_actions(drag(figure(3), figure(4))).await.unwrap();
    says(client, ".dialog-to", &["第三专家休息室 03-16 12:30–14:30"]).await;
    press(client, ".dialog-shut").await;
    until(client, "return !document.querySelector('.floor-dialog').open").await;
    // Over a room of another kind it stays among its own.
    client.perform_actions(drag(figure(5), figure(6))).await.unwrap();
    says(client, ".dialog-to", &["第一专家休息室 03-16 12:30–14:30"]).await;
    fill(client, "#dialog-reason", "专家晚到").await;
    press(client, ".dialog-go").await;
    until(client, "return document.activeElement.dataset?.from === '2026-03-16T12:30:00+08:00'").await;
    assert_eq!(kept(floor, &floor.bridge, "rest"), ["rest-1 12:30 confirmed"]);
    assert_eq!(
        kept(floor, &floor.bridge, "opening"),
        ["opening-5 14:30 confirmed"],
        "the rest of it came along"
    );
}

async fn what_another_did_first_is_said(client: &Client, floor: &Floor) {
    // The opening is only requested: its room may change, its time is the deadline.
    let slot = of(&floor.bridge, "opening");
    focus(client, &slot).await;
    press_key(client, &Key::Enter).await;
    press_key(client, &Key::Right).await;
    until(client, "return document.getElementById('floor-said').textContent.includes('只能换房')").await;
    press_key(client, &Key::Down).await;
    until(
        client,
        "return document.getElementById('floor-said').textContent.includes('第六开标室 03-16 14:30–15:30')",
    )
    .await;
    act(&floor.app, &floor.bridge, "confirm").expect(200);
    press_key(client, &Key::Enter).await;
    fill(client, "#dialog-reason", "换大一些的房间").await;
    press(client, ".dialog-go").await;
    says(client, ".dialog-note", &["他人已先行修改"]).await;
    press(client, ".dialog-shut").await;
    // The picture is drawn anew, and the focus is where it was.
    until(client, &format!("return document.activeElement.matches(\"{slot}.is-confirmed\")")).await;
    assert_eq!(kept(floor, &floor.bridge, "opening"), ["opening-5 14:30 confirmed"]);
}

async fn acts_and_news(client: &Client, floor: &Floor) {
    // What runs over is released from its row in the list.
    let over = client.find(Locator::Css(".line-overrun button")).await.unwrap();
    over.click().await.unwrap();
    says(client, ".floor-dialog", &["释放"]).await;
    press(client, "[data-do=release]").await;
    until(
        client,
        "return !document.querySelector('.floor-alerts') && !document.querySelector('.slot.is-overrun')",
    )
    .await;
    // News of another operator come by themselves, and take neither focus nor place.
    let slot = ".slot[data-from='2026-03-16T16:00:00+08:00']";
    focus(client, slot).await;
    let before = run(client, "return scrollY").await;
    let closure = json!({"from": hall("03-16T13:00"), "to": hall("03-16T15:00"), "reason": "空调检修"});
    let path = format!("/api/v1/rooms/{}/closures", room(&floor.app, "draw-2"));
    floor.app.as_("operator.league").post(&path, &closure).expect(201);
    until(client, "return [...document.querySelectorAll('g.is-closed')].some((one) => one.ariaLabel.includes('空调检修'))").await;
    assert_eq!(run(client, &format!("return document.activeElement.matches(\"{slot}\")")).await, json!(true));
    assert_eq!(run(client, "return scrollY").await, before);
    accessible(client, "control room at work").await;
}

async fn an_alarm_is_taken_on_and_closed(client: &Client, floor: &Floor) {
    let app = &floor.app;
    let recorder =
        json!({"centre": "152500", "kind": "recorder", "roomId": room(app, "evaluation-2"), "name": "录像"});
    let key = app.as_("operator.league").post("/api/v1/access/keys", &recorder).expect(201).text_at("/key");
    let begun = app.public().with("Authorization", &format!("Bearer {key}")).act("/api/v1/recordings");
    begun.expect(201);
    app.hold(&hall("03-16T11:25"));
    let button = ".floor-alerts [data-alarm]";
    until(client, &format!("return !!document.querySelector('{button}:not([data-taken])')")).await;
    focus(client, button).await;
    press_key(client, &Key::Enter).await;
    until(client, &format!("return document.activeElement.matches('{button}[data-taken]')")).await;
    picture(client, "board-alarm").await;
    press_key(client, &Key::Enter).await;
    // Nothing is closed without a word of what was found.
    press(client, "[data-do=alarm]").await;
    until(client, "return document.activeElement.matches('#dialog-reason[aria-invalid]')").await;
    fill(client, "#dialog-reason", "设备断电，已恢复").await;
    press(client, "[data-do=alarm]").await;
    until(client, "return !document.querySelector('.floor-alerts')").await;
    let alarms = app.as_("operator.league").get("/api/v1/alarms?centre=152500").expect(200);
    assert_eq!(alarms["items"][0]["remark"], "设备断电，已恢复");
}

async fn on_a_phone(client: &Client, base: &str) {
    for (number, page) in PAGES.iter().enumerate() {
        for language in ["zh", "en"] {
            open(client, &format!("{base}{page}&lang={language}")).await;
            picture(client, &format!("phone-{number}-{language}")).await;
        }
    }
    open(client, &format!("{base}/board/152500/control?lang=zh")).await;
    let shown = "return getComputedStyle(document.querySelector('.chart')).display === 'none'
        && getComputedStyle(document.querySelector('.floor-list')).display !== 'none'";
    assert_eq!(run(client, shown).await, json!(true), "the list stands in place of the chart");
    says(client, ".floor-list", &[DRAINAGE, "第六评标室"]).await;
}
