//! Bookings on a real PostgreSQL: what it keeps apart by itself, who wins a race, what a decision changes.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tenderhall::{
    jurisdiction::{Jurisdiction, model::RoomKind},
    kernel::{
        Actor, Code, OrganisationKind, Problem, Refusal, Role,
        actor::AccountActor,
        id::{AccountId, BookingId, OrganisationId, RequestId, RoomId, TenderId},
    },
    law::Law,
    platform::{db::Db, http::Reply, policy_file::PolicySource},
    rooms::{
        self, Policy,
        model::{AvailabilityQuery, NewBooking, NewSlot},
        service::{self, Decision},
        usage, view,
    },
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDb, db::connect, works::numbers_of};

mod bad;
mod floor;
mod plans;
mod rush;

const CENTRE: &str = "152500";

/// A hall at 2026-02-10 09:00 with a purchaser, its agency and operators of two centres.
struct Hall {
    db: Db,
    superuser: Client,
    jurisdiction: Jurisdiction,
    law: Arc<Law>,
    agency: Actor,
    operator: Actor,
    rooms: HashMap<String, RoomId>,
    app_url: String,
    database: TestDb,
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("2026-{text}+08:00")).unwrap().to_utc()
}

fn person(no: u128, kind: OrganisationKind, role: Role, centre: Option<&str>) -> Actor {
    Actor::Account(AccountActor {
        account: AccountId(Uuid::from_u128(no)),
        login: format!("person.{no}"),
        organisation: OrganisationId(Uuid::from_u128(no * 100)),
        kind,
        centre: centre.map(str::to_owned),
        region: Some("152500".into()),
        roles: vec![role],
    })
}

impl Hall {
    async fn found() -> Self {
        let database = TestDb::fresh().await;
        let superuser = connect(&database.superuser_url).await.unwrap();
        // Rows of other rooms are put in as they are, past the record that demands an entry for each.
        superuser
            .batch_execute(
                "SET session_replication_role = replica;
                 INSERT INTO hall (mode, held_at) VALUES ('sandbox', '2026-02-10T09:00:00+08:00');
                 INSERT INTO organisations (id, kind, name_zh, name_en, region_code, centre_code, email, created_at)
                 SELECT lpad(to_hex(n * 100), 32, '0')::uuid, kind, 'n' || n, 'n' || n, '152500', centre, 'a@b', now()
                   FROM (VALUES (1, 'purchaser', NULL), (2, 'agency', NULL), (3, 'centre', '152500'),
                                (4, 'centre', '152527'), (5, 'enterprise', NULL), (6, 'agency', NULL))
                        AS o (n, kind, centre);
                 INSERT INTO accounts (id, login, organisation_id, display_name, kind, person_key, password_hash, created_at)
                 SELECT lpad(to_hex(n), 32, '0')::uuid, 'person.' || n, lpad(to_hex(n * 100), 32, '0')::uuid, 'p',
                        'person', gen_random_uuid(), 'none', now() FROM generate_series(1, 6) n;",
            )
            .await
            .unwrap();
        let hall = Self {
            db: Db::connect(&database.app_url, 16).unwrap(),
            superuser,
            jurisdiction: Jurisdiction::load(&PolicySource::BuiltIn).unwrap(),
            law: Arc::new(Law::load(&PolicySource::BuiltIn).unwrap()),
            agency: person(2, OrganisationKind::Agency, Role::Agency, None),
            operator: person(3, OrganisationKind::Centre, Role::Operator, Some(CENTRE)),
            rooms: HashMap::new(),
            app_url: database.app_url.clone(),
            database,
        };
        hall.synchronise(&hall.jurisdiction).await.unwrap();
        let rows = hall.rows("SELECT code, id FROM rooms WHERE centre_code = '152500'").await;
        let rooms = rows.iter().map(|row| (row.get(0), RoomId(row.get(1)))).collect();
        Self { rooms, ..hall }
    }

    async fn rows(&self, sql: &str) -> Vec<tokio_postgres::Row> {
        self.superuser.query(sql, &[]).await.unwrap()
    }

    async fn count(&self, sql: &str) -> i64 {
        self.rows(&format!("SELECT count(*) FROM {sql}")).await[0].get(0)
    }

    async fn synchronise(&self, jurisdiction: &Jurisdiction) -> Result<(), Problem> {
        self.db
            .transaction("test", RequestId::random(), async |tx| rooms::synchronise(tx, jurisdiction).await)
            .await
    }

    fn policy(&self) -> Policy<'_> {
        Policy { jurisdiction: &self.jurisdiction, law: &self.law }
    }

    fn room(&self, code: &str) -> RoomId {
        self.rooms[code]
    }

    /// A tender in draft of a project of its own.
    async fn tender(&self, deadline: DateTime<Utc>) -> TenderId {
        let (project, tender) = (Uuid::new_v4(), Uuid::new_v4());
        let document = json!({
            "scope": "s", "qualification": ["q"], "ceiling": {"amount": "1.00", "currency": "CNY"}, "termDays": 1,
            "evaluation": {
                "price": {"method": "engComprehensive", "parameters": {
                    "benchmark": "mean", "fullMarks": "100", "kAbove": "1", "kBelow": "0.5"}},
                "factors": [], "technical": "passFail", "ties": "lowerPriceThenDraw"},
            "contractTerms": "c"
        });
        let (code, tender_code) = numbers_of(project);
        self.superuser
            .execute(
                "INSERT INTO projects (id, code, name, region_code, level, category, investment, purchaser_id, agency_id,
                                       mandated_at, centre_code, registered_at, registered_by)
                 VALUES ($1, $2, 'project', '152527', 'county', 'engineering', 1, lpad(to_hex(100), 32, '0')::uuid,
                         lpad(to_hex(200), 32, '0')::uuid, now(), '152500', now(), $1)",
                &[&project, &code],
            )
            .await
            .unwrap();
        self.superuser
            .execute(
                "INSERT INTO tenders (id, code, project_id, lot_no, centre_code, title, procedure_id, document,
                                      document_hash, offered_until, deadline, phase, created_at, created_by)
                 VALUES ($1, $2, $3, 1, '152500', 'tender', 'engineering-open', $4, sha256('x'), $5, $5, 'draft',
                         '2026-02-10T09:00:00+08:00', $1)",
                &[&tender, &tender_code, &project, &document, &deadline],
            )
            .await
            .unwrap();
        TenderId(tender)
    }

    async fn book(&self, actor: &Actor, tender: TenderId, slots: Vec<NewSlot>) -> Result<Value, Problem> {
        let new = NewBooking { tender_id: tender, deadline: None, slots };
        self.request(actor, &new).await
    }

    async fn request(&self, actor: &Actor, new: &NewBooking) -> Result<Value, Problem> {
        let reply = self
            .db
            .transaction("test", RequestId::random(), async |tx| {
                service::request(tx, actor, self.policy(), new).await
            })
            .await?;
        assert_eq!(reply.status, 201);
        Ok(body(&reply))
    }

    async fn decide(&self, actor: &Actor, booking: &Value, decision: Decision) -> Result<Value, Problem> {
        let id: BookingId = booking["id"].as_str().unwrap().parse().unwrap();
        let reply = self
            .db
            .transaction("test", RequestId::random(), async |tx| {
                service::decide(tx, actor, self.policy(), id, |_| Ok(()), decision).await
            })
            .await?;
        Ok(body(&reply))
    }
}

fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

fn slot(kind: RoomKind, room_id: Option<RoomId>, from: DateTime<Utc>, minutes: i64) -> NewSlot {
    NewSlot { kind, room_id, capacity: None, from, to: from + TimeDelta::minutes(minutes) }
}

fn taken(done: Result<Value, Problem>) -> Refusal {
    match done {
        Err(Problem::Refusal(refusal)) if refusal.code == Code::SlotTaken => refusal,
        other => panic!("expected slot-taken, got {other:?}"),
    }
}

fn code_of(done: Result<Value, Problem>) -> Code {
    done.expect_err("should be refused").code()
}

#[tokio::test]
async fn postgresql_itself_keeps_slots_of_a_room_apart() {
    let hall = Hall::found().await;
    let tender = hall.tender(at("03-16T09:30:00")).await;
    let draw = slot(RoomKind::Draw, Some(hall.room("draw-1")), at("03-02T09:00:00"), 60);
    let booked = hall.book(&hall.agency, tender, vec![draw]).await.unwrap();
    let insert = |room: &str, during: &str, blocked: &str| {
        format!(
            "INSERT INTO booking_slots (id, booking_id, no, centre_code, room_id, kind, during, blocked, live)
             SELECT gen_random_uuid(), b.id, 2, '152500', r.id, r.kind, {during}, {blocked}, true
               FROM bookings b, rooms r WHERE r.centre_code = '152500' AND r.code = '{room}'"
        )
    };
    let range =
        |from: &str, to: &str| format!("tstzrange('2026-03-02T{from}+08:00', '2026-03-02T{to}+08:00')");
    // Blocked so far: 08:30 to 10:15. The triggers of the record are off here, keys and constraints are not.
    hall.superuser.batch_execute("SET session_replication_role = origin").await.unwrap();
    for (room, during, blocked, constraint) in [
        ("draw-1", range("10:30", "11:00"), range("10:14:59", "11:15"), "booking_slots_no_overlap"),
        ("draw-2", range("10:30", "11:00"), range("10:31", "11:15"), "booking_slots_blocked_contains"),
        ("draw-2", "'empty'".into(), range("10:31", "11:15"), "booking_slots_half_open"),
        (
            "draw-2",
            "tstzrange('2026-03-02', NULL)".into(),
            "tstzrange('2026-03-02', NULL)".into(),
            "booking_slots_block_half_open",
        ),
        (
            "draw-2",
            "tstzrange('2026-03-02', 'infinity')".into(),
            "tstzrange('2026-03-02', 'infinity')".into(),
            "booking_slots_block_half_open",
        ),
        (
            "draw-2",
            "tstzrange('2026-03-02', '2026-03-03', '[]')".into(),
            "tstzrange('2026-03-01', '2026-03-04')".into(),
            "booking_slots_half_open",
        ),
    ] {
        let error = hall.superuser.batch_execute(&insert(room, &during, &blocked)).await.unwrap_err();
        assert_eq!(error.as_db_error().unwrap().constraint(), Some(constraint), "{during} {blocked}");
    }
    // A slot lives exactly as long as its booking, in a room of its kind, and the service cannot say otherwise.
    let app = connect(&hall.app_url).await.unwrap();
    let error = app.batch_execute("UPDATE booking_slots SET live = false").await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42501");
    let dead = insert("draw-2", &range("12:00", "13:00"), &range("12:00", "13:00")).replace("true", "false");
    let error = hall.superuser.batch_execute(&dead).await.unwrap_err();
    assert_eq!(error.as_db_error().unwrap().constraint(), Some("booking_slots_booking"));
    let kind =
        insert("draw-2", &range("12:00", "13:00"), &range("12:00", "13:00")).replace("r.kind", "'rest'");
    let error = hall.superuser.batch_execute(&kind).await.unwrap_err();
    assert_eq!(error.as_db_error().unwrap().constraint(), Some("booking_slots_room"));
    hall.decide(&hall.operator, &booked, Decision::Reject("no".into())).await.unwrap();
    assert_eq!(hall.count("booking_slots WHERE live").await, 0);
}

#[tokio::test]
async fn a_second_of_overlap_is_refused_and_touching_with_buffers_is_not() {
    let hall = Hall::found().await;
    let (one, other) = (hall.tender(at("03-16T09:30:00")).await, hall.tender(at("03-16T09:30:00")).await);
    let room = Some(hall.room("draw-1"));
    hall.book(&hall.agency, one, vec![slot(RoomKind::Draw, room, at("03-02T09:00:00"), 60)]).await.unwrap();
    // 10:00 + 15 cleaning + 30 setting up.
    let early = slot(RoomKind::Draw, room, at("03-02T10:44:59"), 30);
    let refusal = taken(hall.book(&hall.agency, other, vec![early]).await);
    let blocking = &refusal.extra["blocking"];
    assert_eq!(blocking["roomId"], json!(hall.room("draw-1")));
    assert_eq!((&blocking["kind"], &blocking["from"]), (&json!("draw"), &json!("2026-03-02T01:00:00Z")));
    assert!(blocking.get("tenderId").is_none() && blocking.get("bookingId").is_none());
    let offers = refusal.extra["alternatives"].as_array().unwrap();
    assert_eq!(offers.len(), 3);
    assert_eq!(
        (&offers[0]["roomId"], &offers[0]["from"]),
        (&json!(hall.room("draw-2")), &json!("2026-03-02T02:44:59Z"))
    );
    // What is offered can be had.
    let offer: Value = offers[1].clone();
    let from: DateTime<Utc> = offer["from"].as_str().unwrap().parse().unwrap();
    let same = NewSlot {
        room_id: Some(offer["roomId"].as_str().unwrap().parse().unwrap()),
        ..slot(RoomKind::Draw, None, from, 30)
    };
    hall.book(&hall.agency, other, vec![same]).await.unwrap();
    let touching = slot(RoomKind::Draw, Some(hall.room("draw-1")), at("03-03T09:00:00"), 60);
    hall.book(&hall.agency, one, vec![touching]).await.unwrap();
    let next = slot(RoomKind::Draw, Some(hall.room("draw-1")), at("03-03T10:45:00"), 30);
    hall.book(&hall.agency, other, vec![next]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_32_who_want_one_slot_at_once_one_gets_it_and_31_are_told_what_is_free() {
    let hall = Hall::found().await;
    let deadline = at("03-16T09:30:00");
    let mut tenders = Vec::new();
    for _ in 0..32 {
        tenders.push(hall.tender(deadline).await);
    }
    let opening = slot(RoomKind::Opening, Some(hall.room("opening-3")), deadline, 90);
    let done = join_all(tenders.iter().map(|tender| hall.book(&hall.agency, *tender, vec![opening]))).await;
    let (won, lost): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 31));
    for one in lost {
        assert_eq!(taken(one).extra["alternatives"].as_array().unwrap().len(), 3);
    }
    assert_eq!(hall.count("bookings").await, 1);
    // RM-11: of the rest, as many as there are rooms; the next is told of later ones.
    let any = slot(RoomKind::Opening, None, deadline, 90);
    let done = join_all(tenders.iter().map(|tender| hall.book(&hall.agency, *tender, vec![any]))).await;
    let (won, lost): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 7);
    for one in lost {
        let from = taken(one).extra["alternatives"][0]["from"].clone();
        // Noon: 11:00 + 15 + 30 = 11:45.
        assert!(from == json!("2026-03-16T03:45:00Z") || from == json!("2026-03-16T01:30:00Z"), "{from}");
    }
    let rooms: i64 = hall.rows("SELECT count(DISTINCT room_id) FROM booking_slots").await[0].get(0);
    assert_eq!(rooms, 8);
}

#[tokio::test]
async fn what_a_look_could_not_see_yet_is_refused_by_postgresql_and_answered_as_taken() {
    let hall = Hall::found().await;
    let (one, other) = (hall.tender(at("03-16T09:30:00")).await, hall.tender(at("03-16T09:30:00")).await);
    let wanted = |time: &str| vec![slot(RoomKind::Draw, Some(hall.room("draw-1")), at(time), 60)];
    hall.book(&hall.agency, one, wanted("03-02T09:00:00")).await.unwrap();
    // Somebody who asks for no lock moves that slot, and has not committed it when the room is looked at.
    let moved = "tstzrange('2026-03-03T08:30+08', '2026-03-03T10:15+08')";
    let update = format!("BEGIN; UPDATE booking_slots SET during = {moved}, blocked = {moved}");
    hall.superuser.batch_execute(&update).await.unwrap();
    let watcher = connect(&hall.database.superuser_url).await.unwrap();
    let commit = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let begun = std::time::Instant::now();
        // Where nothing holds the booking back, it is taken in and the test fails.
        while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0
            && begun.elapsed() < std::time::Duration::from_secs(10)
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        hall.superuser.batch_execute("COMMIT").await.unwrap();
    };
    let (done, ()) = tokio::join!(hall.book(&hall.agency, other, wanted("03-03T09:00:00")), commit);
    taken(done);
    assert_eq!(hall.count("booking_slots WHERE live").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rooms_named_in_any_order_never_make_two_wait_for_each_other() {
    let hall = Hall::found().await;
    let rooms: Vec<RoomId> = (1..=6).map(|no| hall.room(&format!("rest-{no}"))).collect();
    let mut random = StdRng::seed_from_u64(7);
    for day in 2..6 {
        let start = at(&format!("03-{day:02}T09:00:00"));
        let mut asked = Vec::new();
        for _ in 0..16 {
            let tender = hall.tender(at("03-16T09:30:00")).await;
            let from = random.random_range(0..6);
            let mut slots: Vec<NewSlot> =
                rooms.iter().map(|room| slot(RoomKind::Rest, Some(*room), start, 60)).collect();
            slots.rotate_left(from);
            slots.truncate(4);
            if random.random_range(0..2) == 0 {
                slots.reverse();
            }
            asked.push((tender, slots));
        }
        let done =
            join_all(asked.into_iter().map(|(tender, slots)| hall.book(&hall.agency, tender, slots))).await;
        assert!(done.iter().any(Result::is_ok));
        for one in done.into_iter().filter(Result::is_err) {
            taken(one);
        }
    }
}

#[tokio::test]
async fn all_slots_or_none() {
    let hall = Hall::found().await;
    let deadline = at("03-16T09:30:00");
    let (one, other) = (hall.tender(deadline).await, hall.tender(deadline).await);
    let opening = slot(RoomKind::Opening, None, deadline, 90);
    let evaluation = |no: u32| {
        slot(RoomKind::Evaluation, Some(hall.room(&format!("evaluation-{no}"))), at("03-16T13:00:00"), 240)
    };
    let booked = hall.book(&hall.agency, one, vec![opening, evaluation(1)]).await.unwrap();
    assert_eq!(booked["slots"][0]["roomCode"], "opening-1");
    assert_eq!(booked["slots"][1]["roomCode"], "evaluation-1");
    let refusal = taken(hall.book(&hall.agency, other, vec![opening, evaluation(1)]).await);
    assert_eq!(
        (&refusal.extra["slot"], &refusal.extra["blocking"]["kind"]),
        (&json!(1), &json!("evaluation"))
    );
    assert_eq!((hall.count("bookings").await, hall.count("booking_slots").await), (1, 2));
    hall.book(&hall.agency, other, vec![opening, evaluation(2)]).await.unwrap();
    // A second opening room for one deadline is refused, too.
    taken(hall.book(&hall.agency, other, vec![opening]).await);
    // An evaluation may follow alone once the opening is booked.
    hall.book(&hall.agency, other, vec![evaluation(3)]).await.unwrap();
}

#[tokio::test]
async fn a_decision_moves_slots_place_and_record() {
    let hall = Hall::found().await;
    let deadline = at("03-16T09:30:00");
    let tender = hall.tender(deadline).await;
    let opening = slot(RoomKind::Opening, Some(hall.room("opening-1")), deadline, 90);
    let places = "tender_places WHERE given_up_at IS NULL";

    let rejected = hall.book(&hall.agency, tender, vec![opening]).await.unwrap();
    let allowed = |booking: &Value| {
        let acts = booking["allowedActions"].as_array().unwrap();
        acts.iter()
            .filter(|act| act["allowed"] == true)
            .map(|act| act["action"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(allowed(&rejected), ["cancel", "change"]);
    assert_eq!(rejected["allowedActions"][0]["reason"], "forbidden");
    assert_eq!(code_of(hall.decide(&hall.agency, &rejected, Decision::Confirm).await), Code::Forbidden);
    assert_eq!(
        code_of(hall.decide(&hall.operator, &rejected, Decision::Reject(" ".into())).await),
        Code::InvalidRequest
    );
    hall.decide(&hall.operator, &rejected, Decision::Reject("closed for repairs".into())).await.unwrap();
    assert_eq!(code_of(hall.decide(&hall.operator, &rejected, Decision::Confirm).await), Code::WrongState);

    let given_up = hall.book(&hall.agency, tender, vec![opening]).await.unwrap();
    assert_eq!(hall.count(places).await, 0);
    let confirmed = hall.decide(&hall.operator, &given_up, Decision::Confirm).await.unwrap();
    assert_eq!((&confirmed["state"], hall.count(places).await), (&json!("confirmed"), 1));
    let cancelled =
        hall.decide(&hall.agency, &given_up, Decision::Cancel("another day".into())).await.unwrap();
    assert_eq!((&cancelled["state"], &cancelled["late"]), (&json!("cancelled"), &json!(false)));
    assert_eq!(hall.count(places).await, 0);

    let kept = hall.book(&hall.agency, tender, vec![opening]).await.unwrap();
    hall.decide(&hall.operator, &kept, Decision::Confirm).await.unwrap();
    hall.superuser
        .batch_execute(
            "SET session_replication_role = replica;
             UPDATE tenders SET phase = 'published', published_at = created_at, law_on = '2026-02-10',
                    approved_hash = document_hash, approved_by = id, approved_at = created_at",
        )
        .await
        .unwrap();
    for actor in [&hall.agency, &hall.operator] {
        assert_eq!(code_of(hall.decide(actor, &kept, Decision::Cancel("x".into())).await), Code::LawRefuses);
    }
    // For a postponement the new room is booked and confirmed first.
    let later = at("03-18T09:30:00");
    let again = slot(RoomKind::Opening, None, later, 90);
    let same = hall.book(&hall.agency, tender, vec![again]).await;
    assert_eq!(code_of(same), Code::LawRefuses);
    let new = NewBooking { tender_id: tender, deadline: Some(later), slots: vec![again] };
    let moved = hall.request(&hall.agency, &new).await.unwrap();
    hall.decide(&hall.operator, &moved, Decision::Confirm).await.unwrap();
    assert_eq!(hall.count(places).await, 2);
    let acts = hall.rows("SELECT act FROM log_pending WHERE act LIKE 'booking.%' ORDER BY id").await;
    let acts: Vec<String> = acts.iter().map(|row| row.get(0)).collect();
    let words: Vec<&str> = acts.iter().map(|act| act.strip_prefix("booking.").unwrap()).collect();
    assert_eq!(
        words,
        [
            "requested",
            "rejected",
            "requested",
            "confirmed",
            "cancelled",
            "requested",
            "confirmed",
            "requested",
            "confirmed"
        ]
    );
}

#[tokio::test]
async fn nobody_else_learns_of_a_booking() {
    let hall = Hall::found().await;
    let deadline = at("03-16T09:30:00");
    let tender = hall.tender(deadline).await;
    let opening = slot(RoomKind::Opening, Some(hall.room("opening-1")), deadline, 90);
    let booked = hall.book(&hall.agency, tender, vec![opening]).await.unwrap();
    let id: BookingId = booked["id"].as_str().unwrap().parse().unwrap();
    let now = at("02-10T09:00:00");
    let strangers = [
        Actor::Public,
        person(4, OrganisationKind::Centre, Role::Operator, Some("152527")),
        person(5, OrganisationKind::Enterprise, Role::Bidder, None),
        person(6, OrganisationKind::Agency, Role::Agency, None),
    ];
    let mut conn = hall.db.read().await.unwrap();
    let query = AvailabilityQuery {
        centre: CENTRE.into(),
        kind: RoomKind::Opening,
        from: at("03-16T00:00:00"),
        to: at("03-17T00:00:00"),
    };
    for stranger in &strangers {
        let read = view::read(&mut conn, stranger, hall.policy(), id, now).await.map(drop);
        assert_eq!(read.unwrap_err().code(), Code::NotFound);
        let draw = slot(RoomKind::Draw, None, at("03-02T09:00:00"), 60);
        let code = code_of(hall.book(stranger, tender, vec![draw]).await);
        assert!(matches!(code, Code::NotFound | Code::Unauthenticated), "{code:?}");
    }
    let seen = async |conn: &mut _, actor: &Actor| {
        view::availability(conn, actor, hall.policy(), &query)
            .await
            .map(|found| serde_json::to_value(found).unwrap())
    };
    let other_agency = seen(&mut conn, &strangers[3]).await.unwrap();
    let own_agency = seen(&mut conn, &hall.agency).await.unwrap();
    let operator = seen(&mut conn, &hall.operator).await.unwrap();
    let first = |found: &Value| found["items"][0].clone();
    // 09:00 − 15 cleaning of whoever comes before, 11:15 + 30 setting up of whoever comes after.
    let free = json!([
        {"from": "2026-03-15T16:00:00Z", "to": "2026-03-16T00:45:00Z"},
        {"from": "2026-03-16T03:45:00Z", "to": "2026-03-16T16:00:00Z"}
    ]);
    for found in [&other_agency, &own_agency, &operator] {
        assert_eq!(found["items"].as_array().unwrap().len(), 8);
        assert_eq!(first(found)["free"], free);
    }
    assert!(!other_agency.to_string().contains(&tender.to_string()));
    for found in [&own_agency, &operator] {
        assert_eq!(first(found)["bookings"][0]["bookingId"], booked["id"]);
    }
    assert!(seen(&mut conn, &strangers[2]).await.is_err(), "bidders have no business with free rooms");
}

#[tokio::test]
async fn rooms_follow_the_file_and_the_record_follows_the_rooms() {
    let hall = Hall::found().await;
    let entries = "log_pending WHERE act = 'rooms.listed'";
    assert_eq!(hall.count("rooms WHERE centre_code = '152500'").await, 29);
    let first = hall.count(entries).await;
    hall.synchronise(&hall.jurisdiction).await.unwrap();
    assert_eq!(hall.count(entries).await, first, "a start that changes nothing writes nothing");
    // As if another start had written another file before.
    hall.superuser
        .batch_execute(
            "SET session_replication_role = replica;
             UPDATE rooms SET code = 'old-1' WHERE centre_code = '152500' AND code = 'draw-2';
             UPDATE rooms SET capacity = 1 WHERE centre_code = '152500' AND code = 'draw-1';",
        )
        .await
        .unwrap();
    hall.synchronise(&hall.jurisdiction).await.unwrap();
    assert_eq!(hall.count(entries).await, first + 1);
    assert_eq!(hall.count("rooms WHERE centre_code = '152500' AND listed").await, 29);
    assert_eq!(hall.count("rooms WHERE code = 'old-1' AND NOT listed").await, 1);
    assert_eq!(hall.count("rooms WHERE centre_code = '152500' AND capacity = 1").await, 0);
    hall.superuser.batch_execute("UPDATE rooms SET kind = 'rest' WHERE code = 'draw-1'").await.unwrap();
    assert!(hall.synchronise(&hall.jurisdiction).await.is_err(), "a room of another kind is another room");
}

/// Against a model that looks at every pair: what is booked is exactly what may be.
#[tokio::test]
async fn what_is_booked_never_overlaps_and_what_fits_is_never_refused() {
    let hall = Hall::found().await;
    let tender = hall.tender(at("03-16T09:30:00")).await;
    let (setup, cleanup) = (TimeDelta::minutes(30), TimeDelta::minutes(15));
    let mut random = StdRng::seed_from_u64(20260310);
    let mut model: Vec<(Value, RoomId, DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    let (mut booked, mut refused) = (0, 0);
    for _ in 0..150 {
        if !model.is_empty() && random.random_range(0..4) == 0 {
            let (booking, ..) = model.swap_remove(random.random_range(0..model.len()));
            hall.decide(&hall.agency, &booking, Decision::Cancel("x".into())).await.unwrap();
            continue;
        }
        let room = hall.room(if random.random_range(0..2) == 0 { "draw-1" } else { "draw-2" });
        let from = at("03-02T09:00:00")
            + TimeDelta::seconds(random.random_range(0..900) * 60 + random.random_range(0..3) - 1);
        let to = from + TimeDelta::minutes(random.random_range(1..90));
        let fits = model.iter().all(|(_, other, begin, end)| {
            *other != room || from - setup >= *end + cleanup || to + cleanup <= *begin - setup
        });
        let wanted = NewSlot { kind: RoomKind::Draw, room_id: Some(room), capacity: None, from, to };
        match hall.book(&hall.agency, tender, vec![wanted]).await {
            Ok(booking) => {
                assert!(fits, "{wanted:?} overlaps one of {model:?}");
                model.push((booking, room, from, to));
                booked += 1;
            }
            done => {
                taken(done);
                assert!(!fits, "{wanted:?} fits between {model:?}");
                refused += 1;
            }
        }
    }
    assert!(booked > 20 && refused > 20, "{booked} {refused}");
    assert_eq!(hall.count("booking_slots WHERE live").await, i64::try_from(model.len()).unwrap());
}
