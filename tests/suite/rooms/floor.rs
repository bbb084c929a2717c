//! The floor over HTTP: rooms in use, overruns, changes, closures, what the centre owes an answer to.

use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp,
    works::{DEADLINE, NOTICE, START, booking},
};

/// A day of January to March 2026 at a time of the hall.
pub fn hall(text: &str) -> String {
    format!("2026-{text}:00+08:00")
}

/// A room of the league's centre by its code.
pub fn room(app: &TestApp, code: &str) -> String {
    let rooms = app.public().get("/api/v1/rooms?centre=152500").expect(200);
    let items = rooms["items"].as_array().unwrap();
    items.iter().find(|room| room["code"] == code).unwrap()["id"].as_str().unwrap().to_owned()
}

/// A slot of a booking in a room that is named by its code.
pub fn slot(app: &TestApp, code: &str, from: &str, to: &str) -> Value {
    let (kind, _) = code.rsplit_once('-').unwrap();
    json!({"kind": kind, "roomId": room(app, code), "from": hall(from), "to": hall(to)})
}

fn book(app: &TestApp, tender: &str, slots: &[Value]) -> Answer {
    app.as_("agency.one").post("/api/v1/bookings", &json!({"tenderId": tender, "slots": slots}))
}

fn confirmed(app: &TestApp, tender: &str, slots: &[Value]) -> String {
    let id = book(app, tender, slots).expect(201).id();
    act(app, &id, "confirm").expect(200);
    id
}

fn act(app: &TestApp, booking: &str, act: &str) -> Answer {
    app.as_("operator.league").act(&format!("/api/v1/bookings/{booking}/{act}"))
}

fn read(app: &TestApp, booking: &str) -> Answer {
    app.as_("agency.one").get(&format!("/api/v1/bookings/{booking}")).expect(200)
}

/// Subjects of the letters written about rooms, oldest first.
fn letters(app: &TestApp, about: &str) -> Vec<String> {
    app.sql().values(
        "SELECT recipient || ' ' || subject FROM outbox WHERE subject LIKE $1 ORDER BY written_at, recipient",
        &[&format!("%{about}%")],
    )
}

#[test]
fn rm_6_a_booking_is_begun_released_and_missed_and_its_times_are_kept() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let slots = [
        slot(&app, "draw-1", "02-11T09:00", "02-11T10:00"),
        slot(&app, "draw-2", "02-11T14:00", "02-11T15:00"),
    ];
    let id = book(&app, &tender, &slots).expect(201).id();
    act(&app, &id, "begin").expect(409).problem("wrong-state");
    act(&app, &id, "confirm").expect(200);
    let early = act(&app, &id, "begin").expect(409).problem("too-early");
    assert_eq!(early["rule"]["earliest"], "2026-02-11T00:30:00Z", "from the time for setting up");
    app.hold(&hall("02-11T08:30"));
    app.as_("agency.one").act(&format!("/api/v1/bookings/{id}/begin")).expect(403);
    app.as_("operator.taibus").act(&format!("/api/v1/bookings/{id}/begin")).expect(404);
    let begun = act(&app, &id, "begin").expect(200);
    assert_eq!((&begun["state"], &begun["slots"][0]["usage"]), (&json!("inUse"), &json!("inUse")));
    assert_eq!(begun["slots"][0]["begunAt"], "2026-02-11T00:30:00Z");
    assert_eq!(begun.action("cancel")["allowed"], false, "what is in use is not given up");
    app.hold(&hall("02-11T09:40"));
    let released = act(&app, &id, "release").expect(200);
    assert_eq!(
        (&released["state"], &released["slots"][0]["usage"]),
        (&json!("confirmed"), &json!("released"))
    );
    // What is released keeps nobody out.
    book(&app, &tender, &[slot(&app, "draw-1", "02-11T10:00", "02-11T10:30")]).expect(201);
    app.hold(&hall("02-11T14:29"));
    act(&app, &id, "no-show?slot=2").expect(409).problem("too-early");
    act(&app, &id, "no-show?slot=1").expect(409).problem("wrong-state");
    act(&app, &id, "no-show?slot=3").expect(422).points_to("?slot");
    app.hold(&hall("02-11T14:30"));
    let missed = act(&app, &id, "no-show").expect(200);
    assert_eq!((&missed["state"], &missed["slots"][1]["usage"]), (&json!("released"), &json!("noShow")));
    act(&app, &id, "release").expect(409).problem("wrong-state");
    let never = confirmed(&app, &tender, &[slot(&app, "draw-1", "02-12T09:00", "02-12T10:00")]);
    app.hold(&hall("02-12T11:00"));
    act(&app, &never, "begin").expect(409).problem("too-late");
    assert_eq!(act(&app, &never, "no-show").expect(200)["state"], "noShow");
}

#[test]
fn an_overrun_keeps_others_out_and_warns_the_next_user_once() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let long = confirmed(&app, &tender, &[slot(&app, "draw-1", "02-11T09:00", "02-11T10:00")]);
    let next = confirmed(&app, &tender, &[slot(&app, "draw-1", "02-11T11:15", "02-11T12:00")]);
    app.hold(&hall("02-11T09:00"));
    act(&app, &long, "begin").expect(200);
    app.hold(&hall("02-11T09:59"));
    assert_eq!(read(&app, &long)["state"], "inUse");
    app.hold(&hall("02-11T10:00"));
    let over = read(&app, &long);
    assert_eq!((&over["state"], &over["slots"][0]["usage"]), (&json!("overrun"), &json!("overrun")));
    assert_eq!(over["slots"][0]["overranAt"], "2026-02-11T02:00:00Z");
    // 10:00 + 30 + 15 for cleaning = 10:45, where the next user's setting up begins: nobody is disturbed yet.
    let until = "SELECT count(*) FROM booking_slots WHERE upper(blocked) = '2026-02-11T10:45+08:00'";
    assert_eq!(app.sql().value::<i64>(until, &[]), 1);
    assert!(letters(&app, "A room runs over").is_empty());
    app.hold(&hall("02-11T11:10"));
    assert_eq!(letters(&app, "A room runs over").len(), 2, "agency and purchaser, once");
    let told: String =
        app.sql().value("SELECT body FROM outbox WHERE subject LIKE '%runs over%' LIMIT 1", &[]);
    assert!(told.contains("Expert draw room 2, 2026-02-11T11:15:00+08:00"), "{told}");
    assert_eq!(app.sql().value::<i64>(until, &[]), 1, "and never into the next user's time");
    act(&app, &next, "begin").expect(409).problem("wrong-state");
    let released = act(&app, &long, "release").expect(200);
    assert_eq!(released["state"], "released");
    assert_eq!(
        released["slots"][0]["overranAt"], "2026-02-11T02:00:00Z",
        "it is still told that it ran over"
    );
    act(&app, &next, "begin").expect(200);
    // The job that follows a released slot finds nothing to do.
    app.hold(&hall("02-11T11:55"));
    assert_eq!(read(&app, &long)["state"], "released");
}

#[test]
fn rm_6_a_change_releases_the_old_slots_and_takes_the_new_in_one_act_or_not_at_all() {
    let app = TestApp::sandbox(START);
    let (one, other) = (app.works_tender(&app.works_project()), app.works_tender(&app.works_project()));
    let first = [slot(&app, "draw-1", "02-11T09:00", "02-11T10:00")];
    let id = book(&app, &one, &first).expect(201).id();
    book(&app, &other, &[slot(&app, "draw-1", "02-11T14:00", "02-11T15:00")]).expect(201);
    let change = |who: &str, id: &str, version: &str, slots: &[Value]| {
        let caller = app.as_(who);
        let caller = if version.is_empty() { caller } else { caller.with("If-Match", version) };
        caller.post(&format!("/api/v1/bookings/{id}/change"), &json!({"slots": slots, "reason": "改期"}))
    };
    let later = [slot(&app, "draw-1", "02-11T09:30", "02-11T10:30")];
    change("agency.one", &id, "", &later).expect(428);
    change("agency.one", &id, "\"v7\"", &later).expect(412);
    let taken = [slot(&app, "draw-1", "02-11T14:30", "02-11T15:00")];
    let refused = change("agency.one", &id, "\"v1\"", &taken).expect(409).problem("slot-taken");
    assert_eq!(refused["alternatives"].as_array().unwrap().len(), 3);
    assert_eq!(read(&app, &id)["state"], "requested", "where the new cannot be had, the old stays");
    // It overlaps its own old slot, which is given back first.
    let moved = change("agency.one", &id, "\"v1\"", &later).expect(201);
    assert_eq!((&moved["state"], &moved["replaces"]), (&json!("requested"), &json!(id)));
    let old = read(&app, &id);
    assert_eq!((&old["state"], &old["replacedBy"]), (&json!("changed"), &json!(moved.id())));
    act(&app, &moved.id(), "confirm").expect(200);
    change("agency.one", &moved.id(), "*", &first).expect(409).problem("wrong-state");
    // Two operators move one booking: the second has seen another version.
    let by_first = change("operator.league", &moved.id(), "\"v2\"", &first).expect(201);
    assert_eq!(by_first["state"], "confirmed", "the centre's word goes over to it");
    change("operator.league", &moved.id(), "\"v2\"", &later).expect(412).problem("precondition-failed");
    assert_eq!(letters(&app, "Rooms changed").len(), 2);
    let live: i64 = app.sql().value("SELECT count(*) FROM booking_slots WHERE live", &[]);
    assert_eq!(live, 2);
}

#[test]
fn rm_3_an_announced_opening_stays_in_its_room_and_the_rest_may_move() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let draft = app.book_rooms(&tender);
    let change = |id: &str, slots: &Value| {
        let body = json!({"slots": slots, "reason": "维修"});
        app.as_("operator.league").with("If-Match", "*").post(&format!("/api/v1/bookings/{id}/change"), &body)
    };
    let slots = |room: &str| {
        let mut slots = booking(&tender)["slots"].clone();
        slots[0]["roomId"] = json!(room);
        slots
    };
    // Before the notice the room of the opening moves, and the document's place with it.
    let moved = change(&draft.id(), &slots(&room(&app, "opening-5"))).expect(201);
    let place = "SELECT string_agg(room_code, ' ') FROM tender_places WHERE given_up_at IS NULL";
    assert_eq!(app.sql().value::<String>(place, &[]), "opening-5");
    app.hold(NOTICE);
    app.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish")).expect(200);
    change(&moved.id(), &slots(&room(&app, "opening-6")))
        .expect(409)
        .problem("law-refuses")
        .by_rule("ENG-16", "34");
    let without = json!([{"kind": "rest", "from": hall("03-16T17:00"), "to": hall("03-17T08:30")}]);
    change(&moved.id(), &without).expect(409).problem("law-refuses");
    let mut evaluation = slots(&room(&app, "opening-5"));
    evaluation[0].as_object_mut().unwrap().remove("roomId");
    evaluation[1]["roomId"] = json!(room(&app, "evaluation-4"));
    let kept = change(&moved.id(), &evaluation).expect(201);
    assert_eq!(kept["slots"][0]["roomCode"], "opening-5");
    assert_eq!(kept["slots"][1]["roomCode"], "evaluation-4");
    assert_eq!(app.sql().value::<String>(place, &[]), "opening-5");
    let seen = app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200);
    assert_eq!(seen["place"]["roomCode"], "opening-5");
}

#[test]
fn a_room_out_of_service_takes_nothing_new_and_lists_what_it_meets() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let met = confirmed(&app, &tender, &[slot(&app, "draw-1", "02-11T14:00", "02-11T15:00")]);
    let path = format!("/api/v1/rooms/{}/closures", room(&app, "draw-1"));
    let body = json!({"from": hall("02-11T09:00"), "to": hall("02-12T09:00"), "reason": "检修照明"});
    app.as_("operator.taibus").post(&path, &body).expect(403);
    app.as_("agency.one").post(&path, &body).expect(403);
    let backwards = json!({"from": hall("02-12T09:00"), "to": hall("02-11T09:00"), "reason": "x"});
    app.as_("operator.league").post(&path, &backwards).expect(422).points_to("/to");
    let closed = app.as_("operator.league").post(&path, &body).expect(201);
    assert_eq!(closed["affected"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&closed["affected"][0]["bookingId"], &closed["affected"][0]["state"]),
        (&json!(met), &json!("confirmed"))
    );
    app.as_("operator.league").post(&path, &body).expect(409).problem("duplicate");
    assert_eq!(read(&app, &met)["state"], "confirmed", "it stands until somebody moves it");
    let wanted = slot(&app, "draw-1", "02-11T10:00", "02-11T11:00");
    let refused = book(&app, &tender, std::slice::from_ref(&wanted)).expect(409).problem("slot-taken");
    assert_eq!(refused["blocking"]["closed"], true);
    assert_eq!(refused["alternatives"][0]["roomId"], room(&app, "draw-2"));
    // PostgreSQL itself keeps new slots out, whoever writes them.
    let raw =
        "INSERT INTO booking_slots (id, booking_id, no, centre_code, room_id, kind, during, blocked, live)
        SELECT gen_random_uuid(), b.id, 9, b.centre_code, r.id, r.kind, span, span, true
          FROM bookings b, rooms r, tstzrange('2026-02-12T08:59+08', '2026-02-12T10:00+08') AS span
         WHERE r.code = 'draw-1' AND r.centre_code = '152500'";
    assert_eq!(app.sql().refused(raw), "booking_slots_room_open");
    let window = format!("centre=152500&from={}&to={}", "2026-02-11T00:00:00Z", "2026-02-13T00:00:00Z");
    let free =
        app.as_("agency.two").get(&format!("/api/v1/rooms/availability?kind=draw&{window}")).expect(200);
    assert_eq!(free["items"][0]["free"][0]["to"], "2026-02-11T00:45:00Z", "15 minutes are for cleaning");
    let listed = app.as_("agency.two").get(&format!("/api/v1/rooms/closures?{window}")).expect(200);
    assert_eq!(listed["items"][0]["affected"], json!([]), "nobody else learns of a booking");
    let end = format!("/api/v1/rooms/closures/{}/end", closed.id());
    app.as_("operator.taibus").act(&end).expect(403);
    app.as_("operator.league").act(&end).expect(200);
    app.as_("operator.league").act(&end).expect(409).problem("wrong-state");
    book(&app, &tender, &[wanted]).expect(201);
}

#[test]
fn rm_7_a_request_is_answered_within_one_working_day_and_the_centre_is_reminded() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    // Friday the 13th of February 2026; Saturday the 14th makes up for the holidays and is worked.
    app.hold(&hall("02-13T16:00"));
    let waiting = book(&app, &tender, &[slot(&app, "draw-1", "03-02T09:00", "03-02T10:00")]).expect(201);
    assert_eq!(waiting["answerBy"], "2026-02-14T16:00:00Z", "the end of the make-up Saturday");
    let done = book(&app, &tender, &[slot(&app, "draw-1", "03-03T09:00", "03-03T10:00")]).expect(201);
    let confirmed = act(&app, &done.id(), "confirm").expect(200);
    assert!(confirmed.json.get("answerBy").is_none());
    app.hold(&hall("02-14T08:29"));
    assert!(letters(&app, "Rooms to be confirmed").is_empty());
    app.hold(&hall("02-14T08:30"));
    assert_eq!(letters(&app, "Rooms to be confirmed").len(), 1, "of the one that waits, to the centre");
    let seen = app.as_("operator.league").get(&format!("/api/v1/bookings/{}", waiting.id())).expect(200);
    assert_eq!(
        (&seen.action("confirm")["deadline"], &seen.action("confirm")["rule"]),
        (&json!("2026-02-14T16:00:00Z"), &json!("RM-7"))
    );
}

#[test]
fn rm_19_the_complaint_room_is_the_supervising_bodies_own() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    app.book_rooms(&tender);
    let complaint = [slot(&app, "complaint-1", "02-11T09:00", "02-11T10:00")];
    let refused = book(&app, &tender, &complaint).expect(409).problem("booking-unfit");
    assert_eq!((&refused["rule"]["id"], &refused["rule"]["source"]), (&json!("RM-19"), &json!("setting")));
    let body = json!({"tenderId": tender, "slots": complaint});
    app.as_("operator.league").post("/api/v1/bookings", &body).expect(403);
    let booked = app.as_("supervisor.office").post("/api/v1/bookings", &body).expect(201);
    assert_eq!(booked["state"], "confirmed");
    let mixed = json!({"tenderId": tender, "slots": [complaint[0], slot(&app, "draw-1", "02-11T09:00", "02-11T10:00")]});
    app.as_("supervisor.office").post("/api/v1/bookings", &mixed).expect(409).problem("booking-unfit");
    // The parties do not learn that somebody complains of them; the operator who opens the door does.
    let path = format!("/api/v1/bookings/{}", booked.id());
    app.as_("agency.one").get(&path).expect(404);
    app.as_("purchaser.taibus").get(&path).expect(404);
    app.as_("operator.league").get(&path).expect(200);
    let list = app.as_("agency.one").get(&format!("/api/v1/bookings?tender={tender}")).expect(200);
    assert!(!list.text.contains(&booked.id()), "{list:?}");
    let list = app.as_("operator.league").get(&format!("/api/v1/bookings?tender={tender}")).expect(200);
    assert!(list.text.contains(&booked.id()), "{list:?}");
    app.hold(&hall("02-11T09:00"));
    act(&app, &booked.id(), "begin").expect(200);
}

#[test]
fn rm_2_another_zone_says_the_same_instant() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    // 09:30 in Xilinhot is 07:00 in Kolkata and, on a day when clocks change in New York, 20:30 the day before.
    for (from, to) in [
        ("2026-03-16T07:00:00+05:30", "2026-03-16T08:30:00+05:30"),
        ("2026-03-15T21:30:00-04:00", "2026-03-15T23:00:00-04:00"),
    ] {
        let opening = json!([{"kind": "opening", "from": from, "to": to}]);
        let booked = book(&app, &tender, opening.as_array().unwrap()).expect(201);
        assert_eq!(booked["slots"][0]["from"], "2026-03-16T01:30:00Z");
        assert_eq!(DEADLINE, "2026-03-16T09:30:00+08:00");
        act(&app, &booked.id(), "cancel").expect(415);
        let cancel = format!("/api/v1/bookings/{}/cancel", booked.id());
        app.as_("agency.one").post(&cancel, &json!({"reason": "试"})).expect(200);
    }
}
