//! Plans over HTTP: whole plans, the earliest of them, key projects, postponements, attendance.

use serde_json::{Value, json};

use super::floor::{hall, room, slot};
use crate::support::{
    Answer, TestApp,
    works::{DEADLINE, NOTICE, START, booking},
};

fn plan(app: &TestApp, tender: &str, need: &Value) -> Answer {
    app.as_("agency.one").post("/api/v1/bookings/plans", &json!({"tenderId": tender, "need": need}))
}

/// Kind, room and times in the hall's zone of each slot.
fn slots(answer: &Answer) -> Vec<String> {
    let of = |slot: &Value| {
        let at = |name: &str| {
            let text = slot[name].as_str().unwrap();
            let at = chrono::DateTime::parse_from_rfc3339(text).unwrap();
            at.with_timezone(&chrono::FixedOffset::east_opt(8 * 3600).unwrap())
                .format("%m-%dT%H:%M")
                .to_string()
        };
        format!("{} {} {}", slot["roomCode"].as_str().unwrap_or_default(), at("from"), at("to"))
    };
    answer["slots"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn rm_5_rm_13_a_plan_is_one_consistent_booking_or_none() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    // The latest time of the draw room before the opening is out of service in both rooms.
    for code in ["draw-1", "draw-2"] {
        let path = format!("/api/v1/rooms/{}/closures", room(&app, code));
        let body = json!({"from": hall("03-13T16:30"), "to": hall("03-16T12:00"), "reason": "检修"});
        app.as_("operator.league").post(&path, &body).expect(201);
    }
    let need = json!({"openingMinutes": 120, "evaluationHours": 10, "experts": 5, "drawMinutes": 60});
    let booked = plan(&app, &tender, &need).expect(201);
    assert_eq!(
        slots(&booked),
        [
            "draw-1 03-13T15:15 03-13T16:15",
            "opening-1 03-16T09:30 03-16T11:30",
            "evaluation-1 03-16T12:00 03-16T17:00",
            "rest-1 03-16T17:00 03-17T08:30",
            "rest-2 03-16T17:00 03-17T08:30",
            "evaluation-1 03-17T08:30 03-17T13:30",
        ]
    );
    plan(&app, &tender, &need).expect(409).problem("slot-taken");
    for (need, pointer) in [
        (json!({"evaluationHours": 41}), "/need/evaluationHours"),
        (json!({"openingMinutes": 0}), "/need/openingMinutes"),
        (json!({"openingPeople": 41}), "/slots/0/capacity"),
        (json!({"evaluationHours": 5, "experts": 13}), "/slots/1/capacity"),
    ] {
        plan(&app, &tender, &need).expect(422).points_to(pointer);
    }
    // Where one part of it cannot be had, nothing of it is.
    let other = app.works_tender(&app.works_project());
    for no in 1..=8 {
        let path = format!("/api/v1/rooms/{}/closures", room(&app, &format!("rest-{no}")));
        let body = json!({"from": hall("03-16T20:00"), "to": hall("03-16T21:00"), "reason": "检修"});
        app.as_("operator.league").post(&path, &body).expect(201);
    }
    let kept: i64 = app.sql().value("SELECT count(*) FROM booking_slots", &[]);
    let refused = plan(&app, &other, &need).expect(409).problem("slot-taken");
    assert_eq!(refused["blocking"]["kind"], "rest");
    assert_eq!(app.sql().value::<i64>("SELECT count(*) FROM booking_slots", &[]), kept);
    plan(&app, &other, &json!({"evaluationHours": 4})).expect(201);
}

#[test]
fn the_earliest_opening_is_found_and_can_be_booked() {
    let app = TestApp::sandbox(START);
    let ask = |after: &str, more: &str| {
        let after = hall(after).replace('+', "%2B");
        app.as_("agency.one")
            .get(&format!("/api/v1/rooms/earliest?centre=152500&after={after}{more}"))
            .expect(200)
    };
    assert_eq!(ask("03-16T09:20", "")["opensAt"], "2026-03-16T01:30:00Z");
    // After hours on a Friday: Monday morning. A draw has to fit before.
    assert_eq!(ask("03-20T16:00", "&drawMinutes=60")["opensAt"], "2026-03-23T00:30:00Z");
    let whole = ask("03-16T09:20", "&evaluationHours=10&drawMinutes=60&openingMinutes=120");
    assert_eq!(whole["slots"].as_array().unwrap().len(), 6);
    // All evaluation rooms are out of service until Tuesday noon.
    for no in 1..=8 {
        let path = format!("/api/v1/rooms/{}/closures", room(&app, &format!("evaluation-{no}")));
        let body = json!({"from": hall("03-16T00:00"), "to": hall("03-17T12:00"), "reason": "检修"});
        app.as_("operator.league").post(&path, &body).expect(201);
    }
    let later = ask("03-16T08:00", "&evaluationHours=4");
    // 12:00 + 30 for setting up = 12:30 is the first sitting; half an hour of pause and 90 minutes before it.
    assert_eq!(later["opensAt"], "2026-03-17T02:30:00Z");
    app.public().get("/api/v1/rooms/earliest?centre=152500&after=2026-03-16T00:00:00Z").expect(401);
    let bad = "/api/v1/rooms/earliest?centre=152500&after=2026-03-16T00:00:00Z&experts=0";
    app.as_("agency.one").get(bad).expect(422).points_to("?experts");
    app.as_("agency.one").get("/api/v1/rooms/earliest?centre=1&after=2026-03-16T00:00:00Z").expect(404);
}

fn opening(app: &TestApp, code: &str) -> Value {
    slot(app, code, "03-16T09:30", "03-16T11:00")
}

#[test]
fn rm_10_a_key_project_displaces_what_is_requested_and_never_what_is_confirmed() {
    let app = TestApp::sandbox(START);
    let book = |tender: &str, slots: Value| {
        app.as_("agency.one").post("/api/v1/bookings", &json!({"tenderId": tender, "slots": slots}))
    };
    let confirm = |id: &str| app.as_("operator.league").act(&format!("/api/v1/bookings/{id}/confirm"));
    let project = app.works_project();
    let key = app.works_tender(&project);
    let path = format!("/api/v1/projects/{project}/green-channel");
    let reason = json!({"reason": "自治区重点项目"});
    for who in ["agency.one", "operator.league", "purchaser.taibus", "supervisor.audit"] {
        app.as_(who).post(&path, &reason).expect(403);
    }
    app.as_("agency.two").post(&path, &reason).expect(404);
    // RM-11: eight openings at the same time succeed, the ninth is told what else is free.
    let any = json!([{"kind": "opening", "from": DEADLINE, "to": hall("03-16T11:00")}]);
    let mut requested = Vec::new();
    for _ in 0..8 {
        let tender = app.works_tender(&app.works_project());
        requested.push(book(&tender, any.clone()).expect(201));
    }
    let refused = book(&key, any.clone()).expect(409).problem("slot-taken");
    assert_eq!(refused["alternatives"].as_array().unwrap().len(), 3);
    // Seven are confirmed; the eighth is the reserve, which is confirmed to key projects alone.
    for one in &requested[..7] {
        confirm(&one.id()).expect(200);
    }
    let reserved = confirm(&requested[7].id()).expect(409).problem("booking-unfit");
    assert_eq!((&reserved["rule"]["id"], &reserved["rule"]["source"]), (&json!("RM-10"), &json!("setting")));

    app.as_("supervisor.office").post(&path, &reason).expect(200);
    app.as_("supervisor.office").post(&path, &reason).expect(409).problem("duplicate");
    assert_eq!(app.as_("agency.one").get(&path).expect(200)["open"], true);
    // A named room that is confirmed stays whose it is.
    book(&key, json!([opening(&app, "opening-1")])).expect(409).problem("slot-taken");
    let taken = book(&key, any.clone()).expect(201);
    assert_eq!(taken["slots"][0]["roomCode"], "opening-8");
    confirm(&taken.id()).expect(200);
    let displaced = app.as_("agency.one").get(&format!("/api/v1/bookings/{}", requested[7].id())).expect(200);
    assert_eq!(displaced["state"], "rejected");
    for one in &requested[..7] {
        let seen = app.as_("agency.one").get(&format!("/api/v1/bookings/{}", one.id())).expect(200);
        assert_eq!(seen["state"], "confirmed");
    }
    let letters: Vec<String> =
        app.sql().values("SELECT body FROM outbox WHERE subject LIKE '%key project%'", &[]);
    assert_eq!(letters.len(), 2, "agency and purchaser of the displaced");
    assert!(letters[0].contains("Free slots for the same need"), "{}", letters[0]);
    // Now everything is confirmed, and a second key project finds nothing either.
    let second = app.works_project();
    let tender = app.works_tender(&second);
    let path = format!("/api/v1/projects/{second}/green-channel");
    app.as_("supervisor.office").post(&path, &reason).expect(200);
    book(&tender, any).expect(409).problem("slot-taken");
    app.as_("supervisor.office").post(&format!("{path}/end"), &reason).expect(200);
    app.as_("supervisor.office").post(&format!("{path}/end"), &reason).expect(409).problem("wrong-state");
    assert_eq!(app.as_("agency.one").get(&path).expect(200)["open"], false);
}

#[test]
fn rm_10_rm_11_the_latest_requests_make_room_and_nobody_without_need() {
    let app = TestApp::sandbox(START);
    let book = |tender: &str, slots: Value| {
        app.as_("agency.one")
            .post("/api/v1/bookings", &json!({"tenderId": tender, "slots": slots}))
            .expect(201)
    };
    let project = app.works_project();
    let key = app.works_tender(&project);
    let reason = json!({"reason": "重点"});
    app.as_("supervisor.office")
        .post(&format!("/api/v1/projects/{project}/green-channel"), &reason)
        .expect(200);
    // Both draw rooms are taken: one by two short requests, the other by the last comer.
    let mut asked = Vec::new();
    for (code, from, to) in [
        ("draw-1", "03-02T09:00", "03-02T09:30"),
        ("draw-1", "03-02T10:15", "03-02T11:00"),
        ("draw-2", "03-02T09:00", "03-02T11:00"),
    ] {
        let tender = app.works_tender(&app.works_project());
        // Who came last is told by the clock.
        app.hold(&format!("2026-02-09T09:0{}:00+08:00", asked.len() + 1));
        asked.push(book(&tender, json!([slot(&app, code, from, to)])).id());
    }
    let taken = book(&key, json!([{"kind": "draw", "from": hall("03-02T09:00"), "to": hall("03-02T11:00")}]));
    assert_eq!(taken["slots"][0]["roomCode"], "draw-2");
    let states: Vec<Value> = asked
        .iter()
        .map(|id| app.as_("agency.one").get(&format!("/api/v1/bookings/{id}")).expect(200)["state"].clone())
        .collect();
    assert_eq!(states, ["requested", "requested", "rejected"]);
}

#[test]
fn rm_8_a_postponement_takes_its_rooms_along_or_nothing_happens() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let booked = app.book_rooms(&tender);
    app.hold(NOTICE);
    app.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish")).expect(200);
    let postpone = |deadline: &str, slots: Option<Value>| {
        let mut body = json!({"deadline": deadline, "reason": "答疑"});
        if let Some(slots) = slots {
            body["slots"] = slots;
        }
        app.as_("agency.one").post(&format!("/api/v1/tenders/{tender}/postpone"), &body)
    };
    let shut = |code: &str, from: &str, to: &str| {
        let body = json!({"from": hall(from), "to": hall(to), "reason": "检修"});
        let path = format!("/api/v1/rooms/{}/closures", room(&app, code));
        app.as_("operator.league").post(&path, &body).expect(201);
    };
    for no in 1..=8 {
        shut(&format!("opening-{no}"), "03-19T08:00", "03-19T10:00");
    }
    let later = hall("03-19T09:30");
    let refused = postpone(&later, None).expect(409).problem("slot-taken");
    assert_eq!(
        (&refused["blocking"]["closed"], refused["alternatives"].as_array().unwrap().len()),
        (&json!(true), 3)
    );
    let seen = app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200);
    assert_eq!(seen["deadline"], "2026-03-16T01:30:00Z", "publication of the change is blocked");
    let kept = app.as_("agency.one").get(&format!("/api/v1/bookings/{}", booked.id())).expect(200);
    assert_eq!(kept["state"], "confirmed");
    // Saturdays are no days of opening, whatever is free.
    postpone(&hall("03-21T09:30"), None).expect(409);
    postpone(&hall("03-13T09:30"), None).expect(409).problem("wrong-state");

    let moved = postpone(&hall("03-18T10:00"), None).expect(200);
    assert_eq!(moved["deadline"], "2026-03-18T02:00:00Z");
    let list = app.as_("agency.one").get(&format!("/api/v1/bookings?tender={tender}")).expect(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), &items[0]["state"], &items[1]["state"]),
        (2, &json!("confirmed"), &json!("changed"))
    );
    assert_eq!(items[0]["replaces"], json!(booked.id()));
    let times: Vec<&str> =
        items[0]["slots"].as_array().unwrap().iter().map(|slot| slot["from"].as_str().unwrap()).collect();
    assert_eq!(times, ["2026-03-18T02:00:00Z", "2026-03-18T05:30:00Z", "2026-03-18T09:30:00Z"]);
    let notices = app.public().get("/api/v1/notices").expect(200);
    assert_eq!(notices["items"].as_array().unwrap().len(), 2);
    let live: i64 = app.sql().value("SELECT count(*) FROM booking_slots WHERE live", &[]);
    assert_eq!(live, 3, "the old slots are free");
    // The slots may be given.
    let given = json!([{"kind": "opening", "roomId": room(&app, "opening-7"), "from": hall("03-20T09:00"), "to": hall("03-20T10:00")}]);
    postpone(&hall("03-20T09:00"), Some(given)).expect(200);
    let seen = app.public().get(&format!("/api/v1/tenders/{tender}")).expect(200);
    assert_eq!(seen["place"]["roomCode"], "opening-7");
    // Or be confirmed beforehand, as any booking for a later deadline.
    let mut before = booking(&tender);
    before["deadline"] = json!(hall("03-24T09:30"));
    before["slots"] = json!([{"kind": "opening", "from": hall("03-24T09:30"), "to": hall("03-24T11:00")}]);
    let before = app.as_("agency.one").post("/api/v1/bookings", &before).expect(201).id();
    app.as_("operator.league").act(&format!("/api/v1/bookings/{before}/confirm")).expect(200);
    postpone(&hall("03-24T09:30"), None).expect(200);
    let live: i64 = app.sql().value("SELECT count(*) FROM booking_slots WHERE live", &[]);
    assert_eq!(live, 1);
    let told: Vec<String> =
        app.sql().values("SELECT recipient FROM outbox WHERE subject LIKE '%moved with the deadline%'", &[]);
    assert_eq!(told.len(), 2, "the centre, of each move that it did not confirm itself");
}

#[test]
fn rm_9_what_is_given_up_late_and_missed_is_counted_per_organisation() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let agency = app.as_("agency.one").organisation();
    let booked = |code: &str, from: &str, to: &str| {
        let body = json!({"tenderId": tender, "slots": [slot(&app, code, from, to)]});
        let id = app.as_("agency.one").post("/api/v1/bookings", &body).expect(201).id();
        app.as_("operator.league").act(&format!("/api/v1/bookings/{id}/confirm")).expect(200);
        id
    };
    let cancel = |who: &str, id: &str| {
        app.as_(who).post(&format!("/api/v1/bookings/{id}/cancel"), &json!({"reason": "改期"})).expect(200)
    };
    let in_time = booked("draw-1", "02-12T09:00", "02-12T10:00");
    let late = booked("draw-1", "02-11T09:00", "02-11T10:00");
    let by_centre = booked("draw-2", "02-11T09:00", "02-11T10:00");
    let missed = booked("draw-1", "02-11T14:00", "02-11T15:00");
    app.hold(&hall("02-10T23:59"));
    assert_eq!(cancel("agency.one", &in_time)["late"], false);
    app.hold(&hall("02-11T00:00"));
    assert_eq!(cancel("agency.one", &late)["late"], true);
    assert_eq!(cancel("operator.league", &by_centre)["late"], false);
    app.hold(&hall("02-11T15:00"));
    app.as_("operator.league").act(&format!("/api/v1/bookings/{missed}/no-show")).expect(200);
    let path = format!("/api/v1/organisations/{agency}/attendance");
    for who in ["agency.one", "operator.league", "operator.taibus", "supervisor.office", "supervisor.audit"] {
        let seen = app.as_(who).get(&path).expect(200);
        assert_eq!(
            (&seen["bookings"], &seen["cancelled"], &seen["cancelledLate"], &seen["noShows"]),
            (&json!(4), &json!(1), &json!(1), &json!(1))
        );
    }
    app.as_("agency.two").get(&path).expect(403);
    app.public().get(&path).expect(401);
}

#[test]
fn rm_20_what_is_used_stands_beside_what_could_be() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let body = json!({"tenderId": tender, "slots": [slot(&app, "draw-1", "02-11T09:00", "02-11T11:00")]});
    let id = app.as_("agency.one").post("/api/v1/bookings", &body).expect(201).id();
    app.as_("operator.league").act(&format!("/api/v1/bookings/{id}/confirm")).expect(200);
    let path = format!("/api/v1/rooms/{}/closures", room(&app, "draw-1"));
    let shut = json!({"from": hall("02-12T08:00"), "to": hall("02-12T09:30"), "reason": "检修"});
    app.as_("operator.league").post(&path, &shut).expect(201);
    app.hold(&hall("02-11T09:10"));
    app.as_("operator.league").act(&format!("/api/v1/bookings/{id}/begin")).expect(200);
    app.hold(&hall("02-11T10:00"));
    app.as_("operator.league").act(&format!("/api/v1/bookings/{id}/release")).expect(200);
    let query = "/api/v1/rooms/utilisation?centre=152500&from=2026-02-11&to=2026-02-12";
    let seen = app.as_("operator.league").get(query).expect(200);
    let draw =
        seen["items"].as_array().unwrap().iter().find(|room| room["code"] == "draw-1").unwrap().clone();
    // Two days of 510 minutes, an hour of them closed.
    assert_eq!(
        (&draw["bookableHours"], &draw["usedHours"], &draw["share"]),
        (&json!("16.00"), &json!("0.83"), &json!("0.0521"))
    );
    app.as_("operator.taibus").get(query).expect(403);
    app.as_("supervisor.audit").get(query).expect(200);
    app.as_("agency.one").get(query).expect(403);
}

#[test]
fn a_day_of_many_requests_takes_as_few_rooms_as_there_are_at_once() {
    let app = TestApp::sandbox(START);
    let opening =
        |from: &str, to: &str| json!({"kind": "opening", "from": hall(from), "to": hall(to), "capacity": 40});
    let ask = |requests: Value| {
        app.as_("operator.league")
            .post("/api/v1/rooms/day-plans", &json!({"centre": "152500", "requests": requests}))
    };
    let day = json!([
        opening("03-16T09:00", "03-16T10:00"),
        opening("03-16T09:30", "03-16T10:30"),
        opening("03-16T10:45", "03-16T12:00"),
        opening("03-16T14:00", "03-16T15:00"),
    ]);
    let planned = ask(day).expect(200);
    assert_eq!(
        (&planned["roomsUsed"], &planned["optimal"]),
        (&json!(3), &json!(true)),
        "two before noon, one after"
    );
    assert_eq!(planned["rooms"][0], planned["rooms"][2]);
    let nine = ask(json!(vec![opening("03-16T09:00", "03-16T10:00"); 9])).expect(200);
    assert_eq!(
        (&nine["roomsUsed"], &nine["rooms"][8]),
        (&json!(8), &Value::Null),
        "the last comer is left out"
    );
    ask(json!([])).expect(422).points_to("/requests");
    ask(json!([opening("03-16T10:00", "03-16T09:00")])).expect(422).points_to("/requests/0/to");
}
