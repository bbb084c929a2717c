//! Draws, committees, sheets and reports over HTTP. Bids are put in as opened: how they come is told elsewhere.

use serde_json::{Value, json};

use crate::support::{
    Client, TestApp,
    works::{DEADLINE, NOTICE, OFFERED, START, purchase_document},
};

/// An hour in which the draw room is booked, the day before the opening.
pub const DRAW: &str = "2026-03-15T10:00:00+08:00";
const DRAW_END: &str = "2026-03-15T12:00:00+08:00";

/// Puts rows in as they are, past the record that demands an entry for each.
const AS_IS: &str = "SET session_replication_role = replica;";

/// A published tender with rooms for its opening and its draw.
pub struct Tender<'a> {
    app: &'a TestApp,
    pub id: String,
    operator: &'static str,
}

impl<'a> Tender<'a> {
    fn works(app: &'a TestApp) -> Self {
        let id = app.works_tender(&app.works_project());
        Self { app, id, operator: "operator.league" }.published()
    }

    /// Works by another document.
    pub fn works_by(app: &'a TestApp, document: &Value) -> Self {
        let mut body = Client::works_tender_body(&app.works_project());
        body["document"] = document.clone();
        let draft = app.as_("agency.one").post("/api/v1/tenders", &body).expect(201);
        app.approve(&draft);
        Self { app, id: draft.id(), operator: "operator.league" }.published()
    }

    fn purchase(app: &'a TestApp) -> Self {
        Self::purchase_by(app, &purchase_document("1150000.00"))
    }

    fn purchase_by(app: &'a TestApp, document: &Value) -> Self {
        let body = json!({
            "projectId": app.purchase_project(), "title": "办公设备采购", "procedureId": "procurement-open-goods",
            "document": document, "offeredUntil": OFFERED, "deadline": DEADLINE,
        });
        let draft = app.as_("agency.one").post("/api/v1/tenders", &body).expect(201);
        app.approve(&draft);
        Self { app, id: draft.id(), operator: "operator.taibus" }.published()
    }

    /// Rooms for opening and draw are confirmed and the notice is out.
    fn published(self) -> Self {
        for (kind, from, to) in [("opening", DEADLINE, "2026-03-16T11:30:00+08:00"), ("draw", DRAW, DRAW_END)]
        {
            let body = json!({"tenderId": self.id, "slots": [{"kind": kind, "from": from, "to": to}]});
            let booked = self.app.as_("agency.one").post("/api/v1/bookings", &body).expect(201).id();
            self.app.as_(self.operator).act(&format!("/api/v1/bookings/{booked}/confirm")).expect(200);
        }
        self.app.hold(NOTICE);
        self.app.as_("agency.one").act(&self.path("publish")).expect(200);
        self
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/tenders/{}/{rest}", self.id)
    }

    pub fn draw(&self, slots: Value) -> String {
        let body = json!({"slots": slots, "avoidUnits": []});
        self.app.as_("agency.one").post(&self.path("draws"), &body).expect(201).id()
    }

    /// RM-17: the purchaser says to be present, and the operator runs the draw.
    pub fn run(&self, draw: &str) {
        self.app.as_("purchaser.taibus").act(&format!("/api/v1/draws/{draw}/witnesses")).expect(200);
        self.app.as_(self.operator).act(&format!("/api/v1/draws/{draw}/run")).expect(200);
    }

    /// Experts that see a seat of their own on this committee, in the order of their numbers.
    pub fn called(&self) -> Vec<String> {
        let mut found = Vec::new();
        for number in 1..=40 {
            let login = format!("expert.{number:03}");
            let seen = self.app.as_(&login).get("/api/v1/assignments").expect(200);
            for item in seen["items"].as_array().unwrap() {
                if item["tenderId"] == self.id.as_str() && item["state"] != "replaced" {
                    found.push((item["number"].as_u64().unwrap(), login.clone()));
                }
            }
        }
        found.sort();
        found.into_iter().map(|(_, login)| login).collect()
    }

    /// The opening record as it would stand after the opening: one opened bid for each bidder, price and form.
    pub fn opened(&self, bids: &[(&str, &str, Value)]) -> Vec<String> {
        // The hall's own close and opening would find no bids.
        self.app
            .sql()
            .run(&format!("UPDATE jobs SET done_at = now() WHERE key LIKE '%{}'", self.id))
            .unwrap();
        self.app.hold("2026-03-16T10:10:00+08:00");
        let mut sql = format!(
            "{AS_IS} UPDATE tenders SET phase = 'opened', closed_at = deadline, bid_count = {}, opened_at = deadline,
             bid_root = decode(repeat('00', 32), 'hex'), opening_began_at = deadline WHERE id = '{}';",
            bids.len(),
            self.id
        );
        let mut ids = Vec::new();
        for ((login, price, form), n) in bids.iter().zip(1..) {
            let id = uuid::Uuid::from_u128(0xb1d0_0000 + n).to_string();
            sql += &format!(
                "INSERT INTO bids (id, tender_id, lot, part, bidder_id, revision, envelope, envelope_sha256,
                                   payload_sha256, payload_size, bid_key, nonce, seq, state, accepted_at, submitted_by)
                 SELECT '{id}', '{tender}', '1', 'whole', organisation_id, 1, '{{}}', sha256('{id}'), sha256('p{id}'), 1,
                        'k{n}', sha256('n{id}'), {n}, 'accepted', now(), id FROM accounts WHERE login = '{login}';
                 INSERT INTO opened_bids (id, tender_id, bid_id, bidder_id, seq, received_at, released_at, outcome,
                                          price, form, files)
                 SELECT gen_random_uuid(), '{tender}', '{id}', organisation_id, {n}, now(), now(), 'opened', {price},
                        '{form}', '[]' FROM accounts WHERE login = '{login}';",
                tender = self.id,
            );
            ids.push(id);
        }
        self.app.sql().run(&sql).unwrap();
        ids
    }

    pub fn sign_reports(&self, members: &[String]) {
        let hash = self.app.as_(&members[0]).get(&self.path("report")).expect(200).text_at("/reportHash");
        for (member, signature) in members.iter().zip(1..) {
            let body = if signature == 2 {
                json!({"reportHash": hash, "dissent": "对第二名的排序有异议"})
            } else {
                json!({"reportHash": hash})
            };
            self.app.as_(member).post(&self.path("report/signatures"), &body).expect(200);
        }
    }
}

pub fn works_slots() -> Value {
    json!([{"specialty": "municipalWorks", "count": 3}, {"specialty": "cost", "count": 2}])
}

#[test]
fn nobody_is_drawn_whose_role_has_ended() {
    let app = TestApp::sandbox(START);
    let tender = Tender::works(&app);
    let draw = tender.draw(works_slots());
    let pool: Vec<String> = app.sql().values("SELECT account_id::text FROM experts ORDER BY id", &[]);
    for account in &pool[2..] {
        let end = json!({"role": "expert", "reason": "退出专家库"});
        app.as_("admin").post(&format!("/api/v1/accounts/{account}/roles/end"), &end).expect(200);
    }
    app.hold(DRAW);
    app.as_("purchaser.taibus").act(&format!("/api/v1/draws/{draw}/witnesses")).expect(200);
    app.as_("operator.league")
        .act(&format!("/api/v1/draws/{draw}/run"))
        .expect(409)
        .problem("pool-too-small");
}

#[test]
fn a_draw_is_made_in_its_room_and_its_hours_and_names_nobody() {
    let app = TestApp::sandbox(START);
    let tender = Tender::works(&app);
    let agency = app.as_("agency.one");
    let even = json!({"slots": [{"specialty": "cost", "count": 4}]});
    agency.post(&tender.path("draws"), &even).expect(409).problem("law-refuses").by_rule("ENG-19", "37");
    let seven = json!({"slots": [{"specialty": "cost", "count": 7}]});
    agency.post(&tender.path("draws"), &seven).expect(422).points_to("/slots");
    app.public().post(&tender.path("draws"), &even).expect(401);
    app.as_("agency.two").post(&tender.path("draws"), &even).expect(403);
    app.as_("operator.league").post(&tender.path("draws"), &even).expect(403);

    let superseded = tender.draw(works_slots());
    let draw = tender.draw(works_slots());
    let run = format!("/api/v1/draws/{draw}/run");
    let operator = app.as_("operator.league");
    let early = operator.act(&run).expect(409).problem("too-early");
    assert_eq!(early["rule"]["id"], "engineeringDrawWindowHours");
    app.hold("2026-03-15T09:59:59+08:00");
    operator.act(&run).expect(409).problem("draw-room-missing");
    app.hold(DRAW_END);
    operator.act(&run).expect(409).problem("draw-room-missing");
    agency.act(&run).expect(403);
    app.as_("operator.taibus").act(&run).expect(403);
    assert_eq!(app.sql().value::<i64>("SELECT count(*) FROM committee_seats", &[]), 0);

    // A second tender's hour has passed; this one's draw room is booked anew for the afternoon.
    let slot =
        json!({"kind": "draw", "from": "2026-03-15T14:00:00+08:00", "to": "2026-03-15T15:00:00+08:00"});
    let booked =
        agency.post("/api/v1/bookings", &json!({"tenderId": tender.id, "slots": [slot]})).expect(201).id();
    operator.act(&format!("/api/v1/bookings/{booked}/confirm")).expect(200);
    app.hold("2026-03-15T14:00:00+08:00");
    operator.act(&format!("/api/v1/draws/{superseded}/run")).expect(409).problem("wrong-state");
    // RM-17: the operator alone is one of the two that have to be present.
    let alone = operator.act(&run).expect(409).problem("draw-unwitnessed");
    assert_eq!(alone["rule"]["id"], "RM-17");
    let witness = format!("/api/v1/draws/{draw}/witnesses");
    for outsider in ["agency.one", "operator.league", "purchaser.league", "supervisor.finance"] {
        app.as_(outsider).act(&witness).expect(403);
    }
    app.as_("supervisor.office").act(&witness).expect(200);
    let done = operator.act(&run).expect(200);
    assert_eq!((&done["state"], &done["wanted"], &done["filled"]), (&json!("done"), &json!(5), &json!(5)));
    assert_eq!(done["slots"][0]["filled"], 3);
    operator.act(&run).expect(409).problem("wrong-state");
    agency.post(&tender.path("draws"), &json!({"slots": works_slots()})).expect(409).problem("duplicate");

    // Everything needed to make it again is kept, and who had to be avoided was left out.
    let sql = app.sql();
    let out: String = sql.value(
        "SELECT x ->> 'reason' FROM draws d, jsonb_array_elements(d.exclusions) x
           JOIN experts e ON e.id = (x ->> 'expert')::uuid JOIN accounts a ON a.id = e.account_id
          WHERE d.state = 'done' AND a.login = 'expert.040'",
        &[],
    );
    assert_eq!(out, "ownUnit");
    let avoided: i64 = sql.value(
        "SELECT count(*) FROM committee_seats s JOIN accounts a ON a.id = s.account_id WHERE a.login = 'expert.040'",
        &[],
    );
    assert_eq!(avoided, 0);
    let seats: Vec<String> = sql.values(
        "SELECT account_id::text FROM committee_seats UNION SELECT expert_id::text FROM committee_seats",
        &[],
    );
    assert_eq!(seats.len(), 18, "five members and two substitutes for each of two specialties");

    nobody_reads_a_name(&tender, &draw, &seats);
    let called = tender.called();
    assert_eq!(called.len(), 5, "each member sees the own seat, substitutes see none");
    app.as_(&called[0]).act(&tender.path("evaluation/check-in")).expect(404);
}

/// EX-13: nobody reads a name, an account or an expert before the result; the record names none either.
fn nobody_reads_a_name(tender: &Tender<'_>, draw: &str, seats: &[String]) {
    let (app, sql) = (tender.app, tender.app.sql());
    let readers = [
        "agency.one",
        "purchaser.taibus",
        "operator.league",
        "supervisor.office",
        "supervisor.discipline",
        "supervisor.industry",
        "bidder.0001",
        "agency.two",
        "admin",
        "expert.039",
    ];
    let project = app
        .as_("agency.one")
        .get(&format!("/api/v1/tenders/{}", tender.id))
        .expect(200)
        .text_at("/projectId");
    let paths = [
        format!("/api/v1/draws/{draw}"),
        tender.path("draws"),
        tender.path("evaluation"),
        tender.path("report"),
        format!("/api/v1/tenders/{}", tender.id),
        format!("/api/v1/projects/{project}"),
        "/api/v1/assignments".into(),
    ];
    for reader in readers {
        for path in &paths {
            let answer = app.as_(reader).get(path);
            for secret in seats.iter().map(String::as_str).chain(["评审专家0", "expert.0"]) {
                assert!(
                    !answer.text.contains(secret),
                    "{reader} learns {secret} from {path}: {}",
                    answer.text
                );
            }
        }
        let answer = app.as_(reader).get(&paths[0]);
        if answer.status == 200 {
            assert!(answer["transcript"].is_null(), "{reader} sees the transcript");
        }
    }
    app.public().get(&paths[0]).expect(404);
    let mut log: Vec<Value> =
        sql.values("SELECT body FROM log_pending WHERE act LIKE 'draw.%' OR act LIKE 'committee.%'", &[]);
    assert!(log.len() >= 2);
    let log = log.drain(..).map(|body| body.to_string()).collect::<String>();
    assert!(seats.iter().all(|secret| !log.contains(secret.as_str())), "the record names a drawn person");
}

#[test]
fn works_are_evaluated_from_check_in_to_delivery() {
    let app = TestApp::sandbox(START);
    let tender = Tender::works(&app);
    let draw = tender.draw(works_slots());
    app.hold(DRAW);
    tender.run(&draw);
    let called = tender.called();
    // The unit of the first member bids, one bid is above the ceiling, and two that rank next to the first are equal.
    let bids = tender.opened(&[
        (&called[0], "18376739.00", json!({})),
        ("bidder.0001", "18372000.00", json!({})),
        ("bidder.0002", "18360000.00", json!({})),
        ("bidder.0003", "18360000.00", json!({})),
        ("bidder.0004", "19000000.01", json!({})),
        ("bidder.0005", "18000000.00", json!({})),
        ("bidder.0006", "18500000.00", json!({})),
    ]);
    let agency = app.as_("agency.one");
    agency.act(&tender.path("evaluation/start")).expect(409).problem("committee-incomplete");
    app.as_("bidder.0001").act(&tender.path("evaluation/check-in")).expect(404);
    let gone = app.as_(&called[0]).act(&tender.path("evaluation/check-in")).expect(200);
    assert_eq!((&gone["state"], &gone["progress"]["members"]), (&json!("replaced"), &json!(5)));
    app.as_(&called[0]).act(&tender.path("evaluation/check-in")).expect(404);
    app.as_(&called[0]).get(&tender.path("evaluation")).expect(404);
    let members = tender.called();
    assert_eq!(members.len(), 5);
    assert!(!members.contains(&called[0]));
    for member in &members {
        app.as_(member).get(&tender.path("evaluation")).expect(404);
        let here = app.as_(member).act(&tender.path("evaluation/check-in")).expect(200);
        assert_eq!(here["state"], "checkedIn");
    }
    let sheet = |fail: Value| json!({"technical": {"default": "pass", "fail": fail}});
    app.as_(&members[0]).post(&tender.path("scores"), &sheet(json!([]))).expect(409).problem("wrong-state");
    let begun = agency.act(&tender.path("evaluation/start")).expect(200);
    assert_eq!(begun["progress"]["checkedIn"], 5);
    assert!(begun["bids"].is_null() && begun["screening"].is_null(), "the host sees numbers only");
    agency.act(&tender.path("evaluation/start")).expect(409).problem("duplicate");
    let seen = app.as_(&members[1]).get(&tender.path("evaluation")).expect(200);
    assert_eq!(seen["screening"][0]["bid"], bids[4].as_str());
    assert_eq!(seen["screening"][0]["ground"]["article"], "51");
    assert_eq!(seen["bids"].as_array().unwrap().len(), 7);
    assert_eq!(seen["bids"][4]["standing"], false);

    agency.act(&tender.path("report")).expect(409).problem("sheets-unfit");
    let above = sheet(json!([{"bidId": bids[4], "reason": "x"}]));
    app.as_(&members[0])
        .post(&tender.path("scores"), &above)
        .expect(422)
        .points_to("/technical/fail/0/bidId");
    agency.post(&tender.path("scores"), &sheet(json!([]))).expect(403);
    for (member, n) in members.iter().zip(0..) {
        let fail =
            if n < 3 { json!([{"bidId": bids[5], "reason": "施工组织设计缺项"}]) } else { json!([]) };
        let signed = app.as_(member).post(&tender.path("scores"), &sheet(fail)).expect(200);
        assert_eq!(signed["sheets"], n + 1);
    }
    app.as_(&members[0]).post(&tender.path("scores"), &sheet(json!([]))).expect(409).problem("duplicate");
    let own = app.as_(&members[1]).get(&tender.path("evaluation")).expect(200);
    assert_eq!(own["sheets"].as_array().unwrap().len(), 1, "members do not see each other's sheets");
    let all = app.as_("supervisor.office").get(&tender.path("evaluation")).expect(200);
    assert_eq!(all["sheets"].as_array().unwrap().len(), 5);
    assert_eq!(all["repeatedPrices"], json!({"prices": 1, "bids": 2, "most": 2}));
    assert!(all["committee"].is_null());
    app.as_("supervisor.finance").get(&tender.path("evaluation")).expect(404);
    app.public().get(&tender.path("evaluation")).expect(404);

    agency.act(&tender.path("report")).expect(200);
    agency.act(&tender.path("report")).expect(409).problem("wrong-state");
    agency.get(&tender.path("report")).expect(404);
    let report = app.as_(&members[0]).get(&tender.path("report")).expect(200);
    let rejected: Vec<_> =
        report["report"]["rejected"].as_array().unwrap().iter().map(|one| one["by"].clone()).collect();
    assert_eq!(rejected, ["system", "committee"]);
    assert_eq!(report["report"]["effective"], 5);
    let drawn = &report["report"]["tieDraws"][0];
    assert_eq!((&drawn["rank"], drawn["tied"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(report["report"]["candidates"].as_array().unwrap().len(), 3);
    assert_eq!(report["report"]["candidates"], json!([bids[1], drawn["drawn"][0], drawn["drawn"][1]]));
    signed_and_delivered(&tender, &members);
}

/// Every member signs or dissents, the host delivers, and the public still waits.
fn signed_and_delivered(tender: &Tender<'_>, members: &[String]) {
    let (app, agency) = (tender.app, tender.app.as_("agency.one"));
    let wrong = json!({"reportHash": "0".repeat(64)});
    app.as_(&members[0])
        .post(&tender.path("report/signatures"), &wrong)
        .expect(409)
        .problem("report-changed");
    agency.act(&tender.path("report/delivery")).expect(403);
    tender.sign_reports(members);
    let tender_now = agency.get(&format!("/api/v1/tenders/{}", tender.id)).expect(200);
    assert_eq!(tender_now["phase"], "evaluated");
    let signed = agency.get(&tender.path("report")).expect(200);
    assert_eq!(signed["signatures"][1]["dissent"], "对第二名的排序有异议");
    agency.act(&tender.path("report/delivery")).expect(200);
    agency.act(&tender.path("report/delivery")).expect(409).problem("wrong-state");
    app.public().get(&tender.path("report")).expect(404);

    // Members stand in the record by number, never by account.
    let sql = app.sql();
    let named: i64 = sql.value(
        "SELECT count(*) FROM log_pending l, committee_seats s WHERE l.tender_id = $1::text::uuid
            AND position(s.account_id::text IN l.body::text) > 0",
        &[&tender.id],
    );
    assert_eq!(named, 0);
    let changed =
        sql.refused(&format!("UPDATE evaluations SET report = '{{}}' WHERE tender_id = '{}'", tender.id));
    assert_eq!(changed, "evaluation_report_is_kept");
}

#[test]
fn a_purchase_comes_out_to_the_last_digit() {
    let app = TestApp::sandbox(START);
    let tender = Tender::purchase(&app);
    let draw =
        tender.draw(json!([{"specialty": "officeEquipment", "count": 3}, {"specialty": "cost", "count": 2}]));
    let operator = app.as_("operator.taibus");
    let early = operator.act(&format!("/api/v1/draws/{draw}/run")).expect(409).problem("too-early");
    assert_eq!(early["rule"]["id"], "EX-4");
    app.hold(DRAW);
    tender.run(&draw);
    let members = tender.called();
    let bids = tender.opened(&[
        ("bidder.0001", "1000000.00", json!({})),
        ("bidder.0002", "950000.00", json!({})),
        ("bidder.0003", "1100000.00", json!({"smallEnterprise": true})),
    ]);
    for member in &members {
        app.as_(member).act(&tender.path("evaluation/check-in")).expect(200);
    }
    let agency = app.as_("agency.one");
    agency
        .act(&tender.path("evaluation/start"))
        .expect(409)
        .problem("qualification-missing")
        .by_rule("GPB-9", "44");
    let verdicts = |count: usize| -> Value {
        bids.iter().take(count).map(|id| json!({"bidId": id, "passes": true})).collect()
    };
    let path = tender.path("evaluation/qualification");
    app.as_("purchaser.taibus").post(&path, &json!({"bids": verdicts(2)})).expect(422).points_to("/bids");
    let reviewed = app.as_("purchaser.taibus").post(&path, &json!({"bids": verdicts(3)})).expect(200);
    assert_eq!((&reviewed["qualified"], &reviewed["phase"]), (&json!(3), &json!("opened")));
    app.as_("purchaser.taibus").post(&path, &json!({"bids": verdicts(3)})).expect(409).problem("duplicate");
    agency.act(&tender.path("evaluation/start")).expect(200);
    all_sign(&tender, &members, &bids);
    unequal_facts_are_put_right(&tender, &members, &bids);
    let made = agency.act(&tender.path("report")).expect(200);
    assert!(made["report"].is_null(), "the host reads the report once it is signed");
    tender.sign_reports(&members);
    let report = app.as_("purchaser.taibus").get(&tender.path("report")).expect(200);
    let totals: Vec<_> =
        report["report"]["ranked"].as_array().unwrap().iter().map(|bid| bid["total"].clone()).collect();
    assert_eq!(totals, ["90.90", "88.89", "87.10"]);
    let told = report["report"]["workings"].to_string();
    assert!(told.contains("评委4改正了不一致的客观评审因素评分"), "{told}");
    assert_eq!(report["report"]["lowPrice"], json!({"applies": true, "caught": [], "decisions": []}));
    app.as_("supervisor.finance").get(&tender.path("evaluation")).expect(200);
    app.as_("supervisor.industry").get(&tender.path("evaluation")).expect(404);

    // GP-9: two working days; on the third it is recorded as late.
    app.hold("2026-03-19T09:00:00+08:00");
    let delivered = agency.act(&tender.path("report/delivery")).expect(200);
    assert_eq!(delivered["report"]["deliveredLate"], "GP-9");

    // EX-13: names of a purchase come with the result, not with the decision.
    let sql = app.sql();
    sql.run(&format!("{AS_IS} UPDATE tenders SET phase = 'awarded' WHERE id = '{}'", tender.id)).unwrap();
    app.public().get(&tender.path("evaluation")).expect(404);
    let finance = app.as_("supervisor.finance");
    assert!(finance.get(&format!("/api/v1/draws/{draw}")).expect(200)["transcript"].is_null());
    let project = app.as_("agency.one").get(&format!("/api/v1/tenders/{}", tender.id)).expect(200);
    let page = format!("/projects/{}?lang=zh", project.text_at("/projectId"));
    assert!(!app.page(&page).contains("22.10"), "scores are no public matter before the result");
    sql.run(&format!(
        "{AS_IS} INSERT INTO tender_events (id, tender_id, event, at)
         VALUES (gen_random_uuid(), '{}', 'resultPublished', now())",
        tender.id
    ))
    .unwrap();
    let public = app.public().get(&tender.path("evaluation")).expect(200);
    assert!(public["bids"].is_null() && public["sheets"].is_null());
    assert_eq!(public["report"]["report"]["ranked"][0]["total"], "90.90");
    assert_eq!(public["committee"].as_array().unwrap().len(), 5);
    // What each total is made of, factor by factor.
    let shown = app.page(&page);
    for score in ["28.50", "40.00", "22.40", "90.90", "38.00", "22.10", "技术参数响应"] {
        assert!(shown.split("id=\"factors\"").nth(1).is_some_and(|part| part.contains(score)), "{score}");
    }
    let transcript = finance.get(&format!("/api/v1/draws/{draw}")).expect(200);
    assert_eq!(transcript["transcript"]["seed"].as_str().unwrap().len(), 64);
    assert_eq!(transcript["transcript"]["drawn"].as_array().unwrap().len(), 9);
    assert!(app.as_("agency.one").get(&format!("/api/v1/draws/{draw}")).expect(200)["transcript"].is_null());
}

/// Every member signs; the fourth is wrong about a fact.
fn all_sign(tender: &Tender<'_>, members: &[String], bids: &[String]) {
    for (member, service) in members.iter().zip(["22.40", "22.41", "22.39", "22.42", "22.40"]) {
        let compliance = if service == "22.42" { "39" } else { "40" };
        let marks = json!([
            {"bidId": bids[0], "marks": {"compliance": compliance, "service": service}},
            {"bidId": bids[1], "marks": {"compliance": "35", "service": "22.10"}},
            {"bidId": bids[2], "marks": {"compliance": "38", "service": "22.10"}},
        ]);
        tender.app.as_(member).post(&tender.path("scores"), &json!({"marks": marks})).expect(200);
    }
}

/// EV-0g: the report waits until the member who differs has signed anew, and then only facts may have changed.
fn unequal_facts_are_put_right(tender: &Tender<'_>, members: &[String], bids: &[String]) {
    let app = tender.app;
    let report =
        || app.as_("agency.one").act(&tender.path("report")).expect(409).problem("objective-scores-unequal");
    report().by_rule("EV-0g", "64");
    let sign = |member: &str, compliance: &str, service: &str| {
        let marks = json!([
            {"bidId": bids[0], "marks": {"compliance": compliance, "service": service}},
            {"bidId": bids[1], "marks": {"compliance": "35", "service": "22.10"}},
            {"bidId": bids[2], "marks": {"compliance": "38", "service": "22.10"}},
        ]);
        app.as_(member).post(&tender.path("scores"), &json!({"marks": marks}))
    };
    sign(&members[3], "40", "25.00").expect(422).points_to("/marks/0/marks/service");
    assert_eq!(sign(&members[3], "38", "22.42").expect(200)["revision"], 2);
    report();
    let corrected = sign(&members[3], "40", "22.42").expect(200);
    assert_eq!((&corrected["revision"], &corrected["sheets"]), (&json!(3), &json!(5)));
    sign(&members[3], "40", "22.42").expect(409).problem("duplicate");
    let seen = app.as_("supervisor.finance").get(&tender.path("evaluation")).expect(200);
    let sheets = seen["sheets"].as_array().unwrap();
    assert_eq!((sheets.len(), &sheets[3]["revision"]), (5, &json!(3)));
    let kept = "SELECT count(*) FROM score_sheets";
    assert_eq!(app.sql().value::<i64>(kept, &[]), 7, "what was signed before stays as evidence");
}

#[test]
fn a_purchase_by_the_lowest_price_is_evaluated_without_scores() {
    let app = TestApp::sandbox(START);
    let mut document = purchase_document("1150000.00");
    document["evaluation"] = json!({
        "price": {"method": "gpLowestPrice", "parameters": {}},
        "factors": [{"key": "price", "matter": "price", "weight": "100", "judged": "computed"}],
        "technical": "passFail", "ties": "lowerPriceThenDraw", "smallEnterprisePercent": "15", "committeeSize": 5
    });
    let tender = Tender::purchase_by(&app, &document);
    let draw =
        tender.draw(json!([{"specialty": "officeEquipment", "count": 3}, {"specialty": "cost", "count": 2}]));
    app.hold(DRAW);
    tender.run(&draw);
    let members = tender.called();
    let bids = tender.opened(&[
        ("bidder.0001", "1000000.00", json!({})),
        ("bidder.0002", "950000.00", json!({})),
        ("bidder.0003", "1100000.00", json!({"smallEnterprise": true})),
    ]);
    for member in &members {
        app.as_(member).act(&tender.path("evaluation/check-in")).expect(200);
    }
    let verdicts: Value = bids.iter().map(|id| json!({"bidId": id, "passes": true})).collect();
    let path = tender.path("evaluation/qualification");
    app.as_("purchaser.taibus").post(&path, &json!({"bids": verdicts})).expect(200);
    let agency = app.as_("agency.one");
    agency.act(&tender.path("evaluation/start")).expect(200);
    for member in &members {
        let sheet = json!({"technical": {"default": "pass", "fail": []}});
        app.as_(member).post(&tender.path("scores"), &sheet).expect(200);
    }
    agency.act(&tender.path("report")).expect(200);
    tender.sign_reports(&members);
    let report = app.as_("purchaser.taibus").get(&tender.path("report")).expect(200);
    let ranked = report["report"]["ranked"].as_array().unwrap();
    // 1,100,000 − 15 % = 935,000.
    assert_eq!(ranked.iter().map(|bid| &bid["bid"]).collect::<Vec<_>>(), [&bids[2], &bids[1], &bids[0]]);
    assert_eq!(
        (&ranked[0]["adjustedPrice"], &ranked[0]["price"]["amount"]),
        (&json!("935000"), &json!("1100000.00"))
    );
    assert!(ranked.iter().all(|bid| bid.get("total").is_none() && bid.get("priceScore").is_none()));
    agency.act(&tender.path("report/delivery")).expect(200);
    let sql = app.sql();
    sql.run(&format!(
        "{AS_IS} UPDATE tenders SET phase = 'awarded' WHERE id = '{0}';
         INSERT INTO tender_events (id, tender_id, event, at)
         VALUES (gen_random_uuid(), '{0}', 'resultPublished', now())",
        tender.id
    ))
    .unwrap();
    let project = app.as_("agency.one").get(&format!("/api/v1/tenders/{}", tender.id)).expect(200);
    let shown = app.page(&format!("/projects/{}?lang=zh", project.text_at("/projectId")));
    let ranking = shown.split("id=\"ranking\"").nth(1).unwrap();
    assert!(shown.contains("最低评标价法") && ranking.contains("935,000.00"), "{ranking}");
}

#[test]
fn a_purchase_with_two_qualified_bidders_fails() {
    let app = TestApp::sandbox(START);
    let tender = Tender::purchase(&app);
    let bids = tender.opened(&[
        ("bidder.0001", "1000000.00", json!({})),
        ("bidder.0002", "950000.00", json!({})),
        ("bidder.0003", "1100000.00", json!({})),
    ]);
    let verdicts = json!([
        {"bidId": bids[0], "passes": true},
        {"bidId": bids[1], "passes": true},
        {"bidId": bids[2], "passes": false, "reason": "未提供依法纳税证明"},
    ]);
    let reviewed = app
        .as_("agency.one")
        .post(&tender.path("evaluation/qualification"), &json!({"bids": verdicts}))
        .expect(200);
    assert_eq!((&reviewed["qualified"], &reviewed["phase"]), (&json!(2), &json!("failed")));
}
