//! Bad input, each with what the hall says to it, and what belongs to other centres.

use serde_json::{Value, json};

use super::floor::{hall, room, slot};
use crate::support::{
    Answer, TestApp,
    works::{DEADLINE, START, booking, purchase_document},
};

fn book(app: &TestApp, tender: &str, slots: Value) -> Answer {
    app.as_("agency.one").post("/api/v1/bookings", &json!({"tenderId": tender, "slots": slots}))
}

fn draw(from: &str, to: &str) -> Value {
    json!([{"kind": "draw", "from": from, "to": to}])
}

#[test]
fn what_cannot_be_booked_is_pointed_at() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let (nine, ten) = (hall("03-02T09:00"), hall("03-02T10:00"));
    book(&app, &tender, draw(&ten, &nine)).expect(422).points_to("/slots/0/to");
    book(&app, &tender, draw(&nine, &nine)).expect(422).points_to("/slots/0/to");
    book(&app, &tender, draw(START, &ten)).expect(422).points_to("/slots/0/from");
    book(&app, &tender, draw(&hall("01-02T09:00"), &hall("01-02T10:00")))
        .expect(422)
        .points_to("/slots/0/from");
    book(&app, &tender, draw("2028-03-02T09:00:00+08:00", "2028-03-02T10:00:00+08:00"))
        .expect(422)
        .points_to("/slots/0/from");
    book(&app, &tender, draw("2026-03-02T09:00:00", &ten)).expect(422);
    book(&app, &tender, draw("2026-02-30T09:00:00+08:00", &ten)).expect(422);
    // 31 rooms, where the centre has 29.
    let rest = json!({"kind": "rest", "from": nine, "to": ten});
    book(&app, &tender, json!(vec![rest.clone(); 31])).expect(422).points_to("/slots");
    book(&app, &tender, json!(vec![rest; 9])).expect(409).problem("slot-taken");
    book(&app, &tender, json!([])).expect(422).points_to("/slots");
    // A capacity no room has, and one that only some of the kind have.
    let people = |count: Value| json!([{"kind": "draw", "from": nine, "to": ten, "capacity": count}]);
    book(&app, &tender, people(json!(7))).expect(422).points_to("/slots/0/capacity");
    book(&app, &tender, people(json!(0))).expect(422).points_to("/slots/0/capacity");
    book(&app, &tender, people(json!(-1))).expect(422).points_to("/slots/0/capacity");
    book(&app, &tender, people(json!("six"))).expect(422);
    assert_eq!(book(&app, &tender, people(json!(6))).expect(201)["slots"][0]["capacity"], 6);
}

#[test]
fn a_slot_across_midnight_and_days_when_clocks_change_elsewhere_are_instants_like_others() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let night = json!([{"kind": "rest", "from": hall("03-02T23:00"), "to": hall("03-03T01:00")}]);
    let booked = book(&app, &tender, night).expect(201);
    assert_eq!(booked["slots"][0]["to"], "2026-03-02T17:00:00Z");
    // On 8 March 2026 clocks in New York go from 02:00 to 03:00: half past one to half past three is one hour.
    let spring =
        book(&app, &tender, draw("2026-03-08T01:30:00-05:00", "2026-03-08T03:30:00-04:00")).expect(201);
    assert_eq!(
        (&spring["slots"][0]["from"], &spring["slots"][0]["to"]),
        (&json!("2026-03-08T06:30:00Z"), &json!("2026-03-08T07:30:00Z"))
    );
    // On 29 March in Berlin an hour of the wall clock is missing: from 01:59 to 03:01 are two minutes.
    let berlin =
        book(&app, &tender, draw("2026-03-29T01:59:00+01:00", "2026-03-29T03:01:00+02:00")).expect(201);
    assert_eq!(berlin["slots"][0]["to"], "2026-03-29T01:01:00Z");
    // What ends before it begins as an instant is wrong, whatever the wall clocks say.
    book(&app, &tender, draw("2026-03-29T03:30:00+02:00", "2026-03-29T02:29:00+01:00"))
        .expect(422)
        .points_to("/slots/0/to");
    // An opening across midnight is none (RM-12).
    let late = json!([{"kind": "opening", "from": DEADLINE, "to": hall("03-17T01:00")}]);
    let refused = book(&app, &tender, late).expect(409).problem("booking-unfit");
    assert_eq!(refused["rule"]["id"], "RM-12");
}

#[test]
fn rm_12_a_deadline_on_a_holiday_or_weekend_has_no_opening() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    // The rest of Qingming, 4 to 6 April 2026, and a Saturday without a holiday.
    for day in ["04-06", "03-21"] {
        let deadline = hall(&format!("{day}T09:30"));
        let path = format!("/api/v1/tenders/{tender}");
        let version = app.as_("agency.one").get(&path).expect(200).header("etag").to_owned();
        let body = json!({"deadline": deadline});
        app.as_("agency.one").with("If-Match", &version).patch(&path, &body).expect(200);
        let slots = json!([{"kind": "opening", "from": deadline, "to": hall(&format!("{day}T11:00"))}]);
        let refused = book(&app, &tender, slots).expect(409).problem("booking-unfit");
        assert_eq!(
            (&refused["rule"]["id"], &refused["rule"]["source"]),
            (&json!("RM-12"), &json!("setting"))
        );
        let plan = json!({"tenderId": tender, "need": {}});
        let refused = app.as_("agency.one").post("/api/v1/bookings/plans", &plan).expect(409);
        assert_eq!(refused["rule"]["id"], "RM-12");
    }
}

#[test]
fn a_centre_has_its_own_rooms_and_nobody_books_or_sees_anothers() {
    let app = TestApp::sandbox(START);
    // A purchase below the threshold trades at the banner's own centre.
    let mut body = crate::support::Client::works_tender_body(&app.purchase_project());
    body["procedureId"] = json!("procurement-open-goods");
    body["document"] = purchase_document("1000000.00");
    let near = app.as_("agency.one").post("/api/v1/tenders", &body).expect(201).id();
    let opening = json!([{"kind": "opening", "from": DEADLINE, "to": hall("03-16T11:00")}]);
    let booked = book(&app, &near, opening.clone()).expect(201);
    assert_eq!(booked["centreCode"], "152527");
    let rooms = app.public().get("/api/v1/rooms?centre=152527").expect(200);
    let own: Vec<&Value> = rooms["items"].as_array().unwrap().iter().map(|room| &room["id"]).collect();
    assert!(own.contains(&&booked["slots"][0]["roomId"]));
    // A room of the league is none of this tender's, even by name.
    let league = json!([slot(&app, "opening-3", "03-16T09:30", "03-16T11:00")]);
    book(&app, &near, league).expect(422).points_to("/slots/0/roomId");
    // Nor is the banner's of a tender of the league.
    let works = app.works_tender(&app.works_project());
    let theirs = json!([{"kind": "opening", "roomId": booked["slots"][0]["roomId"], "from": DEADLINE, "to": hall("03-16T11:00")}]);
    book(&app, &works, theirs).expect(422).points_to("/slots/0/roomId");
    // Each operator acts at home.
    let path = format!("/api/v1/bookings/{}", booked.id());
    app.as_("operator.league").get(&path).expect(404);
    for act in ["confirm", "begin", "release", "no-show"] {
        app.as_("operator.league").act(&format!("{path}/{act}")).expect(404);
    }
    app.as_("operator.taibus").get(&path).expect(200);
    app.as_("operator.taibus").act(&format!("{path}/confirm")).expect(200);
    let window = "kind=opening&from=2026-03-15T16:00:00Z&to=2026-03-16T16:00:00Z";
    let seen = |who: &str, centre: &str| {
        let path = format!("/api/v1/rooms/availability?centre={centre}&{window}");
        app.as_(who).get(&path).expect(200)["items"][0]["bookings"].as_array().unwrap().len()
    };
    book(&app, &works, booking(&works)["slots"].clone()).expect(201);
    assert_eq!((seen("operator.taibus", "152527"), seen("operator.league", "152527")), (1, 0));
    assert_eq!((seen("operator.taibus", "152500"), seen("operator.league", "152500")), (0, 1));
    let near_room = booked["slots"][0]["roomId"].as_str().unwrap();
    let shut = json!({"from": DEADLINE, "to": hall("03-16T12:00"), "reason": "检修"});
    app.as_("operator.league").post(&format!("/api/v1/rooms/{near_room}/closures"), &shut).expect(403);
    app.as_("operator.taibus")
        .post(&format!("/api/v1/rooms/{}/closures", room(&app, "opening-1")), &shut)
        .expect(403);
}

#[test]
fn rm_18_an_opening_on_line_takes_a_room_and_a_control_room_at_the_same_time() {
    let app = TestApp::sandbox(START);
    let tender = app.works_tender(&app.works_project());
    let slots = json!([
        {"kind": "opening", "from": DEADLINE, "to": hall("03-16T11:00")},
        slot(&app, "control-1", "03-16T09:30", "03-16T11:00"),
    ]);
    let booked = book(&app, &tender, slots).expect(201);
    assert_eq!(booked["slots"].as_array().unwrap().len(), 2);
}
