//! Doors, lockers, recordings and the complaint room over HTTP. The committee's seats are checked in by hand where
//! that is not the matter: how a member checks in is told elsewhere.

use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp,
    works::{DEADLINE, NOTICE, OFFERED, START, purchase_document},
};

/// Puts rows in as they are, past the record that demands an entry for each.
const AS_IS: &str = "SET session_replication_role = replica;";
const LEAGUE: &str = "152500";

/// A hall with a published tender of works and its rooms: opening 09:30 to 11:30, evaluation 13:00 to 17:00 of the next
/// day, a rest room for the night between.
struct Floor {
    app: TestApp,
    tender: String,
    slots: Vec<Value>,
}

impl Floor {
    fn new() -> Self {
        let app = TestApp::sandbox(START);
        let tender = app.works_tender(&app.works_project());
        let slots = app.book_rooms(&tender)["slots"].as_array().unwrap().clone();
        app.hold(NOTICE);
        app.as_("agency.one").act(&format!("/api/v1/tenders/{tender}/publish")).expect(200);
        // The hall's own close would find no bids and end the tender.
        app.sql().run(&format!("UPDATE jobs SET done_at = now() WHERE key LIKE '%{tender}'")).unwrap();
        Self { app, tender, slots }
    }

    fn room(&self, kind: &str) -> String {
        let slot = self.slots.iter().find(|slot| slot["kind"] == kind);
        match slot {
            Some(slot) => slot["roomId"].as_str().unwrap().to_owned(),
            None => {
                let sql = "SELECT id::text FROM rooms WHERE centre_code = '152500' AND kind = $1 LIMIT 1";
                self.app.sql().value(sql, &[&kind])
            }
        }
    }

    fn door(&self, kind: &str) -> String {
        device(&self.app, "operator.league", LEAGUE, &json!({"kind": "door", "roomId": self.room(kind)}))
    }

    fn area(&self, area: &str) -> String {
        device(&self.app, "operator.league", LEAGUE, &json!({"kind": "door", "area": area}))
    }

    /// Seats the first experts of the pool, called and numbered, and answers their logins.
    fn committee(&self, members: u32) -> Vec<String> {
        let (tender, logins) = (&self.tender, (1..=members).map(|no| format!("expert.{no:03}")));
        let mut sql = format!(
            "{AS_IS} INSERT INTO draws (id, tender_id, centre_code, state, slots, avoid_units, reserves, requested_at,
                                        requested_by)
             VALUES ('{tender}', '{tender}', '152500', 'requested', '[]', '{{}}', 0, hall_now(), '{tender}');"
        );
        for (login, no) in logins.clone().zip(1..) {
            sql += &format!(
                "INSERT INTO committee_seats (id, draw_id, tender_id, expert_id, account_id, specialty, rank, state, number)
                 SELECT gen_random_uuid(), '{tender}', '{tender}', e.id, a.id, 'cost', {no}, 'called', {no}
                   FROM accounts a JOIN experts e ON e.account_id = a.id WHERE a.login = '{login}';"
            );
        }
        self.app.sql().run(&sql).unwrap();
        logins.collect()
    }

    fn seat(&self, login: &str, change: &str) {
        let sql = format!(
            "{AS_IS} UPDATE committee_seats SET {change} WHERE account_id =
                 (SELECT id FROM accounts WHERE login = '{login}')"
        );
        self.app.sql().run(&sql).unwrap();
    }

    fn check_in(&self, login: &str) {
        self.seat(login, "state = 'checkedIn', checked_in_at = hall_now()");
    }

    fn account(&self, login: &str) -> String {
        self.app.sql().value("SELECT id::text FROM accounts WHERE login = $1", &[&login])
    }

    /// What a door tells whoever comes with this account.
    fn tells(&self, door: &str, login: &str) -> String {
        // An administrator takes no pass.
        let who = if login == "admin" {
            json!({"accountId": self.account(login)})
        } else {
            json!({"pass": pass(&self.app, login)})
        };
        let told = ask(&self.app, door, &who).expect(200);
        let reason = told.text_at("/reason");
        assert_eq!(told["allow"], reason == "entitled", "{told:?}");
        reason
    }

    fn all_tell(&self, door: &str, wanted: &[(&str, &str)]) {
        for (login, reason) in wanted {
            assert_eq!(self.tells(door, login), *reason, "{login}");
        }
    }

    fn deposit(&self, pass: &str, locker: i32) -> Answer {
        let body = json!({"pass": pass, "locker": locker});
        self.app.as_("operator.league").post("/api/v1/access/lockers", &body)
    }
}

fn device(app: &TestApp, operator: &str, centre: &str, place: &Value) -> String {
    let mut body = place.clone();
    body["centre"] = centre.into();
    body["name"] = "门".into();
    app.as_(operator).post("/api/v1/access/keys", &body).expect(201).text_at("/key")
}

fn ask(app: &TestApp, key: &str, who: &Value) -> Answer {
    app.public().with("Authorization", &format!("Bearer {key}")).post("/api/v1/access/checks", who)
}

fn pass(app: &TestApp, login: &str) -> String {
    app.as_(login).act("/api/v1/access/passes").expect(201).text_at("/pass")
}

#[test]
fn rm_15_an_opening_room_lets_in_its_parties_its_duty_and_after_the_deadline_any_bidder() {
    let floor = Floor::new();
    let door = floor.door("opening");
    floor.app.hold("2026-03-16T08:59:59+08:00");
    floor.all_tell(&door, &[("agency.one", "noBooking"), ("bidder.0001", "noBooking")]);
    // The lead time, a setting: half an hour.
    floor.app.hold("2026-03-16T09:00:00+08:00");
    floor.all_tell(
        &door,
        &[
            ("agency.one", "entitled"),
            ("purchaser.taibus", "entitled"),
            ("operator.league", "entitled"),
            ("supervisor.office", "entitled"),
            ("supervisor.finance", "notEntitled"),
            ("agency.two", "notEntitled"),
            ("purchaser.league", "notEntitled"),
            ("operator.taibus", "notEntitled"),
            ("expert.001", "notEntitled"),
            ("admin", "notEntitled"),
            ("bidder.0001", "beforeDeadline"),
            ("bidder.0002", "beforeDeadline"),
        ],
    );
    floor.app.hold("2026-03-16T09:29:59.999999+08:00");
    floor.all_tell(&door, &[("bidder.0001", "beforeDeadline")]);
    // Nobody has bid: the door does not ask.
    floor.app.hold(DEADLINE);
    floor.all_tell(&door, &[("bidder.0001", "entitled"), ("bidder.1528", "entitled")]);
    floor.app.hold("2026-03-16T11:30:00+08:00");
    floor.all_tell(
        &door,
        &[("agency.one", "noBooking"), ("bidder.0001", "noBooking"), ("operator.league", "entitled")],
    );
    // Cleaned up.
    floor.app.hold("2026-03-16T11:45:00+08:00");
    floor.all_tell(&door, &[("operator.league", "noBooking")]);
}

#[test]
fn rm_15_rooms_without_a_booking_are_the_centres_and_the_supervisions() {
    let floor = Floor::new();
    let (control, corridor, storage) = (floor.door("control"), floor.area("corridor"), floor.door("storage"));
    floor.all_tell(
        &control,
        &[
            ("operator.league", "entitled"),
            ("supervisor.finance", "entitled"),
            ("operator.taibus", "notEntitled"),
            ("agency.one", "notEntitled"),
            ("bidder.0001", "notEntitled"),
        ],
    );
    for door in [corridor, storage] {
        floor.all_tell(
            &door,
            &[
                ("operator.league", "entitled"),
                ("operator.taibus", "notEntitled"),
                ("supervisor.office", "notEntitled"),
                ("purchaser.taibus", "notEntitled"),
                ("expert.001", "notEntitled"),
            ],
        );
    }
    // A room that nobody has confirmed is nobody's.
    let draw = floor.door("draw");
    floor.all_tell(&draw, &[("purchaser.taibus", "noBooking"), ("operator.league", "noBooking")]);
}

#[test]
fn rm_14_and_rm_15_an_evaluation_opens_to_members_checked_in_whose_belongings_stay_behind() {
    let floor = Floor::new();
    let members = floor.committee(3);
    let (room, rest, area, storage) =
        (floor.door("evaluation"), floor.door("rest"), floor.area("evaluation"), floor.door("storage"));
    let (first, second) = (members[0].as_str(), members[1].as_str());
    let pass_of_first = pass(&floor.app, first);
    floor.deposit(&pass_of_first, 7).expect(409).problem("wrong-state");

    floor.app.hold("2026-03-16T12:30:00+08:00");
    for door in [&room, &area] {
        floor.all_tell(door, &[(first, "notCheckedIn")]);
    }
    floor.all_tell(&storage, &[(first, "entitled"), ("expert.009", "notEntitled")]);
    floor.check_in(first);
    floor.all_tell(&room, &[(first, "belongingsKept")]);
    let pass_of_first = pass(&floor.app, first);
    floor.deposit("no such pass", 7).expect(422).points_to("/pass");
    let receipt = floor.deposit(&pass_of_first, 7).expect(201);
    assert_eq!(receipt["locker"], 7);
    assert!(!receipt.text.contains("expert"), "{receipt:?}");
    floor.deposit(&pass(&floor.app, second), 7).expect(409).problem("duplicate");
    floor.deposit(&pass(&floor.app, first), 8).expect(409).problem("duplicate");
    for door in [&room, &area] {
        floor.all_tell(
            door,
            &[
                (first, "entitled"),
                (second, "notCheckedIn"),
                ("purchaser.taibus", if door == &area { "noBooking" } else { "notEntitled" }),
                ("supervisor.office", if door == &area { "noBooking" } else { "notEntitled" }),
                ("bidder.0001", if door == &area { "noBooking" } else { "notEntitled" }),
            ],
        );
    }
    // Who only knows a member's account learns nothing at these doors.
    for door in [&room, &area, &storage] {
        let told = ask(&floor.app, door, &json!({"accountId": floor.account(first)})).expect(200);
        assert_eq!(told["reason"], "unknownPass");
    }
    // The centre sets up, and then stays out.
    floor.all_tell(&room, &[("operator.league", "entitled")]);
    floor.app.hold("2026-03-16T13:00:00+08:00");
    floor.all_tell(&room, &[("operator.league", "notEntitled")]);
    floor.app.hold("2026-03-16T22:00:00+08:00");
    floor.all_tell(&rest, &[(first, "entitled"), ("operator.league", "notEntitled")]);

    returned_after_signing(&floor, &receipt.id(), first, &room);
}

fn returned_after_signing(floor: &Floor, deposit: &str, member: &str, room: &str) {
    let back = format!("/api/v1/access/lockers/{deposit}/return");
    let operator = floor.app.as_("operator.league");
    floor.app.as_("operator.taibus").post(&back, &json!({})).expect(403);
    let early = operator.post(&back, &json!({"reason": "急用"})).expect(409).problem("wrong-state");
    assert_eq!(early["rule"]["id"], "RM-14");
    // A member who gave way gets them back, and it is said why.
    floor.seat(member, "state = 'replaced', replaced_at = hall_now(), replaced_reason = '回避'");
    operator.post(&back, &json!({})).expect(422).points_to("/reason");
    floor.seat(
        member,
        "state = 'checkedIn', checked_in_at = hall_now(), replaced_at = NULL, replaced_reason = NULL",
    );
    let tender = &floor.tender;
    let signed = format!(
        "{AS_IS} INSERT INTO evaluations (id, tender_id, started_at, started_by, members, screening, low_price,
                                          report, report_hash, reported_at, signed_at)
         VALUES (gen_random_uuid(), '{tender}', hall_now(), '{tender}', 3, '[]', '{{}}', '{{}}', sha256('r'),
                 hall_now(), hall_now())"
    );
    floor.app.sql().run(&signed).unwrap();
    let given = operator.post(&back, &json!({})).expect(200);
    assert!(given["returnedAt"].is_string() && given["reason"].is_null(), "{given:?}");
    operator.post(&back, &json!({})).expect(409).problem("wrong-state");
    floor.all_tell(room, &[(member, "belongingsKept")]);
    let left = operator.get("/api/v1/access/lockers?centre=152500").expect(200);
    assert_eq!(left["items"], json!([]));
}

#[test]
fn an_evaluation_that_runs_over_keeps_its_door_and_one_that_was_released_does_not() {
    let floor = Floor::new();
    let members = floor.committee(1);
    let (room, area, member) = (floor.door("evaluation"), floor.area("evaluation"), members[0].as_str());
    floor.app.hold("2026-03-16T12:45:00+08:00");
    floor.check_in(member);
    floor.deposit(&pass(&floor.app, member), 1).expect(201);
    let slot = |change: &str| {
        let sql = format!("{AS_IS} UPDATE booking_slots SET {change} WHERE kind = 'evaluation'");
        floor.app.sql().run(&sql).unwrap();
    };
    slot("no_show = false, ended_at = NULL, begun_at = '2026-03-16T13:00:00+08:00'");
    floor.app.sql().run("UPDATE jobs SET done_at = now() WHERE done_at IS NULL").unwrap();
    floor.app.hold("2026-03-17T17:10:00+08:00");
    floor.all_tell(&room, &[(member, "noBooking")]);
    slot(
        "overran_at = '2026-03-17T17:00:00+08:00', blocked = tstzrange(lower(blocked), '2026-03-17T18:00:00+08:00')",
    );
    for door in [&room, &area] {
        floor.all_tell(door, &[(member, "entitled")]);
    }
    slot("ended_at = '2026-03-17T17:10:00+08:00'");
    for door in [&room, &area] {
        floor.all_tell(door, &[(member, "noBooking")]);
    }
}

#[test]
fn a_replaced_member_gets_belongings_back_with_the_reason() {
    let floor = Floor::new();
    let members = floor.committee(1);
    floor.app.hold("2026-03-16T12:30:00+08:00");
    let deposit = floor.deposit(&pass(&floor.app, &members[0]), 3).expect(201).id();
    floor.seat(&members[0], "state = 'replaced', replaced_at = hall_now(), replaced_reason = '回避'");
    let back = format!("/api/v1/access/lockers/{deposit}/return");
    let given = floor.app.as_("operator.league").post(&back, &json!({"reason": "回避"})).expect(200);
    assert_eq!(given["reason"], "回避");
}

#[test]
fn cards_stand_for_whoever_showed_the_pass_and_keys_can_be_taken_back() {
    let floor = Floor::new();
    let control = floor.door("control");
    let operator = floor.app.as_("operator.league");
    let told = |key: &str, read: &str| ask(&floor.app, key, &json!({"pass": read}));
    assert_eq!(told(&control, "0004711812").expect(200).text_at("/reason"), "unknownPass");
    let bind = |login: &str| {
        let body = json!({"pass": pass(&floor.app, login), "card": "0004711812"});
        operator.post("/api/v1/access/cards", &body).expect(201);
    };
    bind("supervisor.office");
    assert_eq!(told(&control, "0004711812").expect(200)["allow"], true);
    bind("agency.one");
    assert_eq!(told(&control, "0004711812").expect(200).text_at("/reason"), "notEntitled");
    // A pass ends after a day, a disabled account at once.
    let short = pass(&floor.app, "supervisor.office");
    assert_eq!(told(&control, &short).expect(200)["allow"], true);
    floor.app.hold("2026-02-25T09:00:00+08:00");
    assert_eq!(told(&control, &short).expect(200).text_at("/reason"), "unknownPass");
    floor.app.as_("admin").act("/api/v1/access/passes").expect(403);
    ask(&floor.app, &control, &json!({})).expect(422);

    // What is no door's key opens nothing: made up, a recorder's, an account's token, one taken back.
    let recorder = device(
        &floor.app,
        "operator.league",
        LEAGUE,
        &json!({"kind": "recorder", "roomId": floor.room("control")}),
    );
    for key in ["thd_0", recorder.as_str(), &floor.app.token("operator.league")] {
        told(key, &short).expect(401);
    }
    let kept: i64 = floor.app.sql().value(
        "SELECT count(*) FROM access_keys k WHERE to_jsonb(k)::text LIKE '%' || $1 || '%'",
        &[&control.trim_start_matches("thd_")],
    );
    assert_eq!(kept, 0, "the key itself is kept nowhere");
    let listed = operator.get("/api/v1/access/keys?centre=152500").expect(200);
    let id =
        listed["items"].as_array().unwrap().iter().find(|one| one["kind"] == "door").unwrap()["id"].clone();
    let revoke = format!("/api/v1/access/keys/{}/revoke", id.as_str().unwrap());
    floor.app.as_("operator.taibus").act(&revoke).expect(403);
    operator.act(&revoke).expect(200);
    operator.act(&revoke).expect(409).problem("wrong-state");
    told(&control, &short).expect(401);
    let elsewhere =
        json!({"centre": "152527", "kind": "door", "roomId": floor.room("control"), "name": "门"});
    operator.post("/api/v1/access/keys", &elsewhere).expect(403);
    floor.app.as_("admin").post("/api/v1/access/keys", &elsewhere).expect(422).points_to("/roomId");
}

#[test]
fn every_pass_and_denial_is_in_the_log_and_in_the_record_without_bidders_and_experts() {
    let floor = Floor::new();
    let door = floor.door("opening");
    floor.app.hold("2026-03-16T09:10:00+08:00");
    for login in ["agency.one", "bidder.0001", "expert.001", "agency.two"] {
        floor.tells(&door, login);
    }
    let operator = floor.app.as_("operator.league");
    let log = operator.get("/api/v1/access/log?centre=152500").expect(200);
    let lines: Vec<_> = log["items"].as_array().unwrap().iter().collect();
    let of = |standing: &str| lines.iter().find(|line| line["standing"] == standing).unwrap();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        (&of("bidder")["reason"], &of("bidder")["accountId"]),
        (&json!("beforeDeadline"), &Value::Null)
    );
    assert_eq!(of("expert")["accountId"], Value::Null);
    assert!(of("agency")["accountId"].is_string());
    assert_eq!(lines.iter().filter(|line| line["allowed"] == true).count(), 1);
    let page = operator.get("/api/v1/access/log?centre=152500&limit=3").expect(200);
    let next = page.text_at("/next");
    let rest = operator.get(&format!("/api/v1/access/log?centre=152500&limit=3&cursor={next}")).expect(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    floor.app.as_("operator.taibus").get("/api/v1/access/log?centre=152500").expect(403);
    floor.app.as_("agency.one").get("/api/v1/access/log?centre=152500").expect(403);
    floor.app.as_("supervisor.discipline").get("/api/v1/access/log?centre=152500").expect(200);

    let sql = floor.app.sql();
    let covered: i64 = sql.value(
        "SELECT count(*) FROM door_passes p JOIN door_pages g ON g.id = p.page_id
           JOIN log_object o ON o.relation = 'door_pages' AND o.row_id = g.id
            AND o.content = audit_content(g)
          WHERE g.passes = 1 AND g.digest = sha256(convert_to(to_jsonb(p)::text, 'UTF8'))",
        &[],
    );
    assert_eq!(covered, 4);
    let names: i64 = sql.value(
        "SELECT count(*) FROM log_pending l, accounts a WHERE l.act = 'access.checked' AND a.login = 'bidder.0001'
            AND l.body::text LIKE '%' || a.id || '%'",
        &[],
    );
    assert_eq!(names, 0, "the record names no bidder at a door");
    // Past the hall's program nothing comes in or changes either.
    let again = "INSERT INTO door_passes SELECT gen_random_uuid(), gen_random_uuid(), at, centre_code, key_id, account_id,
                     standing, allowed, reason, booking_id FROM door_passes LIMIT 1";
    assert_eq!(sql.refused(again), "audit_demands_entry");
    let same = "INSERT INTO door_passes SELECT gen_random_uuid(), page_id, at, centre_code, key_id, account_id, standing,
                    allowed, reason, booking_id FROM door_passes LIMIT 1";
    assert_eq!(sql.refused(same), "door_pages_pkey");
    assert_eq!(sql.refused("UPDATE door_passes SET allowed = true"), "door_passes_are_kept");
    assert_eq!(sql.refused("DELETE FROM door_passes"), "door_passes_are_kept");
    assert_eq!(sql.refused("TRUNCATE door_passes"), "door_passes_are_kept");
}

#[test]
fn doors_that_ask_at_once_each_get_their_own_answer() {
    let floor = Floor::new();
    let (control, corridor) = (floor.door("control"), floor.area("corridor"));
    let of = |login: &str| pass(&floor.app, login);
    let passes = [of("operator.league"), of("supervisor.office"), of("agency.one")];
    std::thread::scope(|scope| {
        for turn in 0..48 {
            let (door, open) = if turn % 2 == 0 {
                (&control, [true, true, false])
            } else {
                (&corridor, [true, false, false])
            };
            let (pass, open) = (&passes[turn % 3], open[turn % 3]);
            let app = &floor.app;
            scope.spawn(move || {
                for _ in 0..5 {
                    let told = ask(app, door, &json!({"pass": pass})).expect(200);
                    assert_eq!(told["allow"], open, "{turn}");
                }
            });
        }
    });
    assert_eq!(floor.app.sql().value::<i64>("SELECT count(*) FROM door_passes", &[]), 240);
    assert_eq!(floor.app.sql().value::<i64>("SELECT sum(passes)::int8 FROM door_pages", &[]), 240);
}

#[test]
fn rm_19_the_complaint_room_is_booked_by_supervision_only() {
    let floor = Floor::new();
    let body = json!({"tenderId": floor.tender, "slots": [
        {"kind": "complaint", "from": "2026-03-02T09:00:00+08:00", "to": "2026-03-02T10:00:00+08:00"}]});
    let book = |login: &str| floor.app.as_(login).post("/api/v1/bookings", &body);
    let no = book("agency.one").expect(409).problem("booking-unfit");
    assert_eq!(no["rule"]["id"], "RM-19");
    book("operator.league").expect(403);
    // Finance has no duty over works.
    book("supervisor.finance").expect(404);
    book("supervisor.discipline").expect(403);
    let booked = book("supervisor.office").expect(201);
    assert_eq!(booked["state"], "confirmed");
    let cancel = format!("/api/v1/bookings/{}/cancel", booked.id());
    for (login, status) in [("agency.one", 404), ("purchaser.taibus", 404), ("operator.league", 403)] {
        floor.app.as_(login).post(&cancel, &json!({"reason": "不便"})).expect(status);
    }
    let mut mixed = body.clone();
    mixed["slots"].as_array_mut().unwrap().push(
        json!({"kind": "draw", "from": "2026-03-02T09:00:00+08:00", "to": "2026-03-02T10:00:00+08:00"}),
    );
    floor.app.as_("supervisor.office").post("/api/v1/bookings", &mixed).expect(409).problem("booking-unfit");

    let door = device(
        &floor.app,
        "operator.league",
        LEAGUE,
        &json!({"kind": "door", "roomId": booked["slots"][0]["roomId"]}),
    );
    floor.app.hold("2026-03-02T08:45:00+08:00");
    floor.all_tell(
        &door,
        &[
            ("supervisor.office", "entitled"),
            ("agency.one", "entitled"),
            ("supervisor.finance", "notEntitled"),
            ("bidder.0001", "notEntitled"),
        ],
    );
    floor.app.as_("supervisor.office").post(&cancel, &json!({"reason": "撤回投诉"})).expect(200);
    floor.all_tell(&door, &[("supervisor.office", "noBooking")]);
}

/// A purchase at the banner's centre with an opening and an evaluation room; answers the two room ids.
fn purchase(app: &TestApp) -> (String, String) {
    let body = json!({
        "projectId": app.purchase_project(), "title": "办公设备采购", "procedureId": "procurement-open-goods",
        "document": purchase_document("1150000.00"), "offeredUntil": OFFERED, "deadline": DEADLINE,
    });
    let draft = app.as_("agency.one").post("/api/v1/tenders", &body).expect(201);
    app.approve(&draft);
    let slots = json!({"tenderId": draft.id(), "slots": [
        {"kind": "opening", "from": DEADLINE, "to": "2026-03-16T11:30:00+08:00"},
        {"kind": "evaluation", "from": "2026-03-16T13:00:00+08:00", "to": "2026-03-16T17:00:00+08:00"}]});
    let booked = app.as_("agency.one").post("/api/v1/bookings", &slots).expect(201);
    app.as_("operator.taibus").act(&format!("/api/v1/bookings/{}/confirm", booked.id())).expect(200);
    app.sql().run(&format!("UPDATE jobs SET done_at = now() WHERE key LIKE '%{}'", draft.id())).unwrap();
    (booked.text_at("/slots/0/roomId"), booked.text_at("/slots/1/roomId"))
}

#[test]
fn rm_16_a_recording_that_falls_silent_alarms_the_control_room_once() {
    let app = TestApp::sandbox(START);
    let (opening, _) = purchase(&app);
    let beside = TestApp::beside(&app);
    let recorder = device(&app, "operator.taibus", "152527", &json!({"kind": "recorder", "roomId": opening}));
    let by = || app.public().with("Authorization", &format!("Bearer {recorder}"));
    let operator = app.as_("operator.taibus");
    let alarms =
        || operator.get("/api/v1/alarms?centre=152527").expect(200)["items"].as_array().unwrap().clone();

    app.hold("2026-03-16T09:20:00+08:00");
    let begun = by().act("/api/v1/recordings").expect(201);
    let path = format!("/api/v1/recordings/{}", begun.id());
    assert!(begun["bookingId"].is_string() && begun["tenderId"].is_string(), "{begun:?}");
    app.hold("2026-03-16T09:20:50+08:00");
    by().act(&format!("{path}/heartbeats")).expect(200);
    app.hold("2026-03-16T09:21:50+08:00");
    assert_eq!(alarms(), Vec::<Value>::new(), "sixty seconds are no gap");
    // The control room hears of it by itself, on whichever instance it listens and the job has run.
    let mut heard = app.events("152527").filter(|line| line.starts_with("data: ") || line.starts_with(": "));
    assert_eq!(heard.next().unwrap(), "data: 152527");
    beside.hold("2026-03-16T09:21:51+08:00");
    app.hold("2026-03-16T09:22:51+08:00");
    let open = alarms();
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["kind"], "recordingGap");
    assert_eq!(heard.next().unwrap(), "data: 152527");
    let since = chrono::DateTime::parse_from_rfc3339(open[0]["since"].as_str().unwrap()).unwrap();
    assert_eq!(since, chrono::DateTime::parse_from_rfc3339("2026-03-16T09:20:50+08:00").unwrap());

    let alarm = format!("/api/v1/alarms/{}", open[0]["id"].as_str().unwrap());
    app.as_("operator.league").act(&format!("{alarm}/acknowledge")).expect(403);
    app.as_("operator.league").get("/api/v1/alarms?centre=152527").expect(403);
    app.as_("supervisor.office").get("/api/v1/alarms?centre=152527").expect(200);
    app.as_("supervisor.office").act(&format!("{alarm}/acknowledge")).expect(403);
    let taken = operator.act(&format!("{alarm}/acknowledge")).expect(200);
    assert!(taken["acknowledgedAt"].is_string());
    operator.act(&format!("{alarm}/acknowledge")).expect(409).problem("wrong-state");
    by().act(&format!("{path}/heartbeats")).expect(200);
    assert!(alarms()[0]["closedAt"].is_string(), "over when it is heard again");
    // And watched again from then on.
    app.hold("2026-03-16T09:25:00+08:00");
    assert_eq!(alarms().len(), 2);

    // A recorder that begins anew cuts off what it left; a stranger's recording is none.
    let anew = by().act("/api/v1/recordings").expect(201);
    by().act(&format!("{path}/heartbeats")).expect(409).problem("wrong-state");
    assert!(alarms()[0]["closedAt"].is_string());
    app.public().act(&format!("{path}/end")).expect(401);
    let ended = by().act(&format!("/api/v1/recordings/{}/end", anew.id())).expect(200);
    assert_eq!(ended["keep"]["until"], "2041-03-16", "fifteen years");
    let grounds: Vec<_> =
        ended["keep"]["by"].as_array().unwrap().iter().map(|one| one["article"].clone()).collect();
    assert_eq!(grounds, ["39", "14", "42"]);
    let listed = operator.get("/api/v1/recordings?centre=152527").expect(200);
    assert_eq!((&listed["items"][1]["cutOff"], &listed["items"][0]["cutOff"]), (&json!(true), &json!(false)));
    let told: i64 = app.sql().value("SELECT count(*) FROM log_pending WHERE act = 'recording.silent'", &[]);
    assert_eq!(told, 2);
}

#[test]
fn rm_16_an_evaluation_is_recorded_until_the_report_is_signed() {
    let app = TestApp::sandbox(START);
    let (_, evaluation) = purchase(&app);
    let recorder =
        device(&app, "operator.taibus", "152527", &json!({"kind": "recorder", "roomId": evaluation}));
    let by = || app.public().with("Authorization", &format!("Bearer {recorder}"));
    app.hold("2026-03-16T13:00:00+08:00");
    let id = by().act("/api/v1/recordings").expect(201).id();
    by().act(&format!("/api/v1/recordings/{id}/end")).expect(200);
    let operator = app.as_("operator.taibus");
    let open = operator.get("/api/v1/alarms?centre=152527").expect(200);
    assert_eq!(open["items"][0]["kind"], "recordingEndedEarly");
    let close = format!("/api/v1/alarms/{}/close", open.text_at("/items/0/id"));
    operator.post(&close, &json!({"remark": " "})).expect(422).points_to("/remark");
    let closed = operator.post(&close, &json!({"remark": "设备断电"})).expect(200);
    assert_eq!(closed["remark"], "设备断电");
    operator.post(&close, &json!({"remark": "设备断电"})).expect(409).problem("wrong-state");
}

#[test]
fn a_check_is_one_statement_that_finds_every_row_by_an_index() {
    let app = TestApp::sandbox(START);
    let sql = app.sql();
    sql.run(&format!(
        "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
         SET plan_cache_mode = force_generic_plan;
         PREPARE look (int4[], bytea[], bytea[], uuid[]) AS {}",
        tenderhall::access::store::sight::LOOK
    ))
    .unwrap();
    let plan: Value = {
        let mut plans: Vec<Value> = sql.values(
            "EXPLAIN (FORMAT json) EXECUTE look ('{0}', ARRAY[sha256('k')], ARRAY[sha256('p')], ARRAY[NULL]::uuid[])",
            &[],
        );
        plans.remove(0)
    };
    let text = plan.to_string();
    assert!(text.contains("booking_slots_at_door") && text.contains("access_passes_token_once"), "{text}");
    let mut whole = Vec::new();
    read_whole(&plan, &mut whole);
    // The hall's clock and the number of the law are tables of one row.
    assert!(whole.iter().all(|table| table == "hall" || table == "law_in_force"), "{whole:?}: {text}");
}

/// Tables that a plan reads from end to end, be it through an index.
fn read_whole(plan: &Value, found: &mut Vec<String>) {
    match plan {
        Value::Array(parts) => parts.iter().for_each(|part| read_whole(part, found)),
        Value::Object(node) => {
            let kind = node.get("Node Type").and_then(Value::as_str).unwrap_or_default();
            if kind == "Seq Scan" || (kind.contains("Index") && !node.contains_key("Index Cond")) {
                found
                    .push(node.get("Relation Name").and_then(Value::as_str).unwrap_or("an index").to_owned());
            }
            node.values().for_each(|part| read_whole(part, found));
        }
        _ => {}
    }
}
