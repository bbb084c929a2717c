//! Calendar feeds and the events of a floor, over HTTP.

use serde_json::json;

use crate::support::{
    TestApp,
    works::{START, booking},
};

/// A tender in draft with rooms asked for, by its agency.
fn booked(app: &TestApp) -> String {
    let project = app.works_project();
    let tender = app.works_tender(&project);
    app.as_("agency.one").post("/api/v1/bookings", &booking(&tender)).expect(201).text_at("/id")
}

#[test]
fn a_feed_shows_what_its_account_may_see_and_ends_with_its_office() {
    let app = TestApp::sandbox(START);
    let operator = app.as_("operator.league");
    let centre =
        operator.post("/api/v1/calendar-feeds", &json!({"of": {"centre": "152500"}, "language": "en"}));
    let centre = centre.expect(201);
    let path = centre.text_at("/path");
    let own = app.as_("agency.one").organisation();
    let own = app.as_("agency.one").post("/api/v1/calendar-feeds", &json!({"of": {"organisation": own}}));
    let own = own.expect(201).text_at("/path");
    let read = |path: &str| app.public().get(path).expect(200).text;
    assert!(read(&path).contains("BEGIN:VCALENDAR") && !read(&path).contains("BEGIN:VEVENT"));
    let id = booked(&app);
    for calendar in [read(&path), read(&own)] {
        assert!(calendar.contains("BEGIN:VEVENT") && calendar.contains("STATUS:TENTATIVE"), "{calendar}");
    }
    assert!(read(&path).contains("LOCATION:Opening room") && read(&own).contains("LOCATION:第"));
    operator.act(&format!("/api/v1/bookings/{id}/confirm")).expect(200);
    assert!(read(&path).contains("STATUS:CONFIRMED"));
    // Rooms of another centre, and bookings of another organisation, are not for everybody.
    let foreign = json!({"of": {"centre": "152527"}});
    operator.post("/api/v1/calendar-feeds", &foreign).expect(403);
    let other = app.as_("agency.two");
    other
        .post(
            "/api/v1/calendar-feeds",
            &json!({"of": {"organisation": app.as_("agency.one").organisation()}}),
        )
        .expect(403);
    // Supervision may follow any organisation that is there.
    let nobody = json!({"of": {"organisation": "00000000-0000-4000-8000-000000000000"}});
    let refused = app.as_("supervisor.office").post("/api/v1/calendar-feeds", &nobody).expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/of/organisation");
    // The list tells no secret; only the owner ends a feed.
    let list = operator.get("/api/v1/calendar-feeds").expect(200);
    assert!(list["items"][0]["path"].is_null() && list["items"][1].is_null());
    let feed = centre.text_at("/id");
    let end = format!("/api/v1/calendar-feeds/{feed}/end");
    other.act(&end).expect(404);
    let path_of_room = {
        let room = app.public().get("/api/v1/rooms?centre=152500").expect(200).text_at("/items/0/id");
        operator.post("/api/v1/calendar-feeds", &json!({"of": {"room": room}})).expect(201).text_at("/path")
    };
    assert!(read(&path_of_room).contains("BEGIN:VCALENDAR"));
    operator.act(&end).expect(200);
    app.public().get(&path).expect(404);
    app.public().get("/calendars/made-up/rooms.ics").expect(404);
    // A disabled account shows nobody anything any more.
    app.sql().run("SET session_replication_role = replica; UPDATE accounts SET disabled_at = now() WHERE login = 'operator.league'").unwrap();
    app.public().get(&path_of_room).expect(404);
}

#[test]
fn a_change_on_a_floor_is_heard_by_those_who_watch_it() {
    let app = TestApp::sandbox(START);
    let mut watched = app.events("152500").filter(|line| line.starts_with("data: "));
    let mut elsewhere =
        app.events("152527").filter(|line| line.starts_with("data: ") || line.starts_with(": "));
    assert_eq!(watched.next().unwrap(), "data: 152500");
    assert_eq!(elsewhere.next().unwrap(), "data: 152527");
    booked(&app);
    assert_eq!(watched.next().unwrap(), "data: 152500");
    assert_eq!(elsewhere.next().unwrap(), ": still here", "another centre's floor is quiet");
    app.public().get("/api/v1/rooms/events?centre=999999").expect(404);
    let once = app.public().get("/api/v1/rooms/events?centre=152500").expect(200);
    assert_eq!(once.text, "event: rooms\ndata: 152500\n\n");
}
