//! Bids in parts: sealed apart, opened in two stages, and the price of nobody who did not pass.

use rand::Rng as _;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tenderhall::{
    opening::{
        model::BidHashes,
        verify::{OpeningArgs, opening},
    },
    seal::{Content, shares::open_share},
};

use crate::{
    evaluation::{DRAW, Tender, works_slots},
    support::{
        Answer, TestApp,
        bidding::{Bidder, SealedBid},
        officers::Officer,
        scratch::Scratch,
        works::{DEADLINE, START, works_document},
    },
};

/// A moment after the deadline, when what everybody has released for is over.
const FIRST_OVER: &str = "2026-03-16T09:31:00+08:00";
/// When the host begins the second stage, a moment before its end, and its end.
const SECOND: &str = "2026-03-16T15:00:00+08:00";
const SECOND_LAST: &str = "2026-03-16T15:29:59.999999+08:00";
const SECOND_OVER: &str = "2026-03-16T15:30:00+08:00";

/// A sealed part that was handed in.
struct Part {
    id: String,
    name: &'static str,
    sealed: SealedBid,
}

/// A divided works tender whose committee is drawn.
struct Divided<'a> {
    app: &'a TestApp,
    tender: Tender<'a>,
    draw: String,
    bids: Vec<(Bidder<'a>, Vec<Part>)>,
}

impl<'a> Divided<'a> {
    fn of(app: &'a TestApp, document: &Value) -> Self {
        let tender = Tender::works_by(app, document);
        let draw = tender.draw(works_slots());
        Self { app, tender, draw, bids: Vec::new() }
    }

    /// A bidder seals the parts and hands them in.
    fn bid(&mut self, number: u32, parts: &[&'static str]) {
        let policy = self.app.seal_policy(&self.tender.id);
        let bidder = self.app.bidder(number);
        let parts = parts
            .iter()
            .map(|name| {
                let sealed = bidder.seal_part(&policy, name, &format!("180000{number:02}.00"), None);
                let id = bidder.submit(&self.tender.id, &sealed, name).expect(201).text_at("/bidId");
                Part { id, name, sealed }
            })
            .collect();
        self.bids.push((bidder, parts));
    }

    fn path(&self, rest: &str) -> String {
        self.tender.path(rest)
    }

    fn part(&self, bid: usize, name: &str) -> &Part {
        self.bids[bid].1.iter().find(|part| part.name == name).unwrap()
    }

    /// A bidder that alone holds its secrets releases that of a part.
    fn release(&self, bid: usize, name: &str) -> Answer {
        let part = self.part(bid, name);
        let body = json!({"bidId": part.id, "clause": 0, "member": "bidder", "share": part.sealed.secret});
        self.app.as_(&self.bids[bid].0.login).post(&self.path("opening/shares"), &body)
    }

    fn record(&self) -> Answer {
        self.app.public().get(&self.path("opening/record"))
    }

    fn shares(&self) -> i64 {
        self.app.sql().value("SELECT count(*) FROM opening_shares", &[])
    }

    /// The committee comes and begins; answers its members.
    fn begin_evaluation(&self) -> Vec<String> {
        let members = self.tender.called();
        for member in &members {
            self.app.as_(member).act(&self.path("evaluation/check-in")).expect(200);
        }
        self.app.as_("agency.one").act(&self.path("evaluation/start")).expect(200);
        members
    }

    /// The first three members fail a bid, all others pass.
    fn sign_sheets(&self, members: &[String], failed: Option<&str>) {
        for (member, n) in members.iter().zip(0..) {
            let fail = failed.filter(|_| n < 3);
            let fail: Vec<Value> =
                fail.iter().map(|bid| json!({"bidId": bid, "reason": "施工组织设计缺项"})).collect();
            let sheet = json!({"technical": {"default": "pass", "fail": fail}});
            self.app.as_(member).post(&self.path("scores"), &sheet).expect(200);
        }
    }
}

fn divided(stages: Value) -> Value {
    let mut document = works_document("19000000.00");
    document["stages"] = stages;
    document
}

#[test]
fn a_document_divides_its_bids_or_is_told_why_not() {
    let app = TestApp::sandbox(START);
    let project = app.works_project();
    let mut body = crate::support::Client::works_tender_body(&project);
    let mut refused = |stages: Value, pointer: &str| {
        body["document"]["stages"] = stages;
        app.as_("agency.one").post("/api/v1/tenders", &body).expect(422).points_to(pointer);
    };
    refused(json!([["price"]]), "/document/stages");
    refused(json!([["technical"], ["price", "qualification"]]), "/document/stages/1");
    refused(json!([["technical", "technical"], ["price"]]), "/document/stages/0/1");
    refused(json!([["whole"], ["price"]]), "/document/stages/0/0");
    refused(json!([["technical"], ["prices"]]), "/document/stages/1/0");
}

#[test]
fn a_divided_works_tender_goes_from_sealing_to_award() {
    let app = TestApp::sandbox(START);
    let mut works = Divided::of(&app, &divided(json!([["qualification", "technical"], ["price"]])));
    let all = ["qualification", "technical", "price"];
    // 0, 1: ranked. 2: fails the technical part. 3: does not release its price. 4: has no price in.
    for number in 1..=4 {
        works.bid(number, &all);
    }
    works.bid(5, &all[..2]);
    each_part_has_its_own_revisions(&app, &mut works);
    app.hold(DRAW);
    works.tender.run(&works.draw);
    app.hold(DEADLINE);
    first_stage(&app, &works);
    let members = works.begin_evaluation();
    let agency = app.as_("agency.one");
    agency.act(&works.path("opening/stages")).expect(409).problem("sheets-unfit");
    works.sign_sheets(&members, Some(&works.part(2, "qualification").id));
    agency.act(&works.path("report")).expect(409).problem("wrong-state");
    second_stage(&app, &works, &members[0]);
    to_the_award(&app, &works, &members);
}

/// Each part has its own chain of revisions, and the bidder sees what is missing.
fn each_part_has_its_own_revisions(app: &TestApp, works: &mut Divided<'_>) {
    let policy = app.seal_policy(&works.tender.id);
    let next = {
        let (bidder, first) = (&works.bids[0].0, works.part(0, "technical"));
        let sealed = bidder.seal_part(&policy, "technical", "", Some(first.sealed.digest()));
        let id = bidder.submit(&works.tender.id, &sealed, "two").expect(201).text_at("/bidId");
        let back = bidder.seal_part(&policy, "technical", "", Some(sealed.digest()));
        bidder.submit(&works.tender.id, &back, "three").expect(409).problem("bid-revision");
        Part { id, name: "technical", sealed }
    };
    works.bids[0].1[1] = next;
    let own = |login: &str, id: &str| app.as_(login).get(&format!("/api/v1/bids/{id}")).expect(200);
    let seen = own("bidder.0005", &works.part(4, "technical").id);
    assert_eq!(seen["missingParts"], json!(["price"]));
    assert_eq!(seen.action("submitMissingParts")["allowed"], true);
    assert_eq!(own("bidder.0001", &works.part(0, "technical").id)["missingParts"], Value::Null);
    let list = app.as_("bidder.0005").get("/api/v1/bids").expect(200);
    assert!(list["items"].as_array().unwrap().iter().all(|line| line["missingParts"] == json!(["price"])));
}

/// Only the parts of the first stage open; nothing of a price is taken, and whoever likes counts the bids.
fn first_stage(app: &TestApp, works: &Divided<'_>) {
    let view = app.public().get(&works.path("opening")).expect(200);
    assert_eq!((&view["stage"], &view["parts"]), (&json!(1), &json!(["qualification", "technical"])));
    assert_eq!((&view["bids"], &view["released"]), (&json!(8), &json!(0)));
    let hashes = app.public().get(&works.path("opening/hashes")).expect(200);
    let hashes: BidHashes = serde_json::from_value(hashes.json.clone()).unwrap();
    assert_eq!((hashes.count, hashes.items.len()), (4, 14));
    assert!(hashes.agree());
    assert_eq!(hashes.items.iter().filter(|item| item.incomplete).count(), 2);
    works.release(0, "price").expect(409).problem("too-early");
    works.release(4, "qualification").expect(404);
    assert_eq!(works.shares(), 0, "nothing of a price is taken before its stage");
    for bid in 0..4 {
        works.release(bid, "qualification").expect(200);
        works.release(bid, "technical").expect(200);
    }
    app.hold(FIRST_OVER);
    let record = works.record().expect(200);
    assert_eq!((&record["received"], &record["opened"]), (&json!(4), &json!(4)));
    assert_eq!(record["sealedParts"], json!(["price"]));
    assert_eq!(record["incomplete"][0]["missing"], json!(["price"]));
    assert!(record["incomplete"][0]["reason"].as_str().unwrap().contains("视为撤回"));
    assert_eq!(record["bids"].as_array().unwrap().len(), 8);
    let archive = app.as_("supervisor.audit").get(&works.path("opening/archive")).expect(200);
    assert!(archive["items"].as_array().unwrap().iter().all(|bid| bid["envelope"]["part"] != "price"));
    // Between the stages the price is nobody's to release either.
    works.release(0, "price").expect(409).problem("too-early");
    assert!(page(app, 1, works, "&part=price").contains("opens in a later stage"));
    let states: Vec<String> =
        app.sql().values("SELECT part FROM bids WHERE state = 'incomplete' ORDER BY part", &[]);
    assert_eq!(states, ["qualification", "technical"]);
}

/// The page of a bidder.
fn page(app: &TestApp, bidder: u32, works: &Divided<'_>, query: &str) -> String {
    let path = format!("/tenders/{}/bid?lang=en{query}", works.tender.id);
    let caller = app.as_(&format!("bidder.{bidder:04}")).with("Accept", "text/html");
    caller.send("GET", &path, None, Vec::new()).expect(200).text
}

/// The host opens the prices of those who passed; the others' stay sealed, and who does not come is revoked.
fn second_stage(app: &TestApp, works: &Divided<'_>, member: &str) {
    let agency = app.as_("agency.one");
    app.hold(SECOND);
    for login in ["agency.two", "operator.league", "bidder.0001", "supervisor.office"] {
        app.as_(login).act(&works.path("opening/stages")).expect(403);
    }
    let begun = agency.act(&works.path("opening/stages")).expect(200);
    assert_eq!(begun.action("openNextStage")["allowed"], false);
    agency.act(&works.path("opening/stages")).expect(409).problem("wrong-state");
    let view = app.public().get(&works.path("opening")).expect(200);
    assert_eq!((&view["stage"], &view["parts"], &view["bids"]), (&json!(2), &json!(["price"]), &json!(3)));
    // The page of whoever passed leads to what is due now, and takes nothing else.
    assert!(page(app, 1, works, "").contains("id=\"release\""));
    assert!(!page(app, 1, works, "&part=technical").contains("id=\"release\""));
    let failed = page(app, 3, works, "&part=price");
    assert!(failed.contains("Release nothing of its key") && !failed.contains("id=\"release\""));
    works.release(2, "price").expect(409).problem("wrong-state");
    works.release(0, "technical").expect(409).problem("wrong-state");
    works.release(0, "price").expect(200);
    works.release(1, "price").expect(200);
    agency.act(&works.path("report")).expect(409).problem("wrong-state");
    app.hold(SECOND_LAST);
    // What is released is shown to nobody before the window is over.
    let archive = app.as_("supervisor.audit").get(&works.path("opening/archive")).expect(200);
    assert!(archive["items"].as_array().unwrap().iter().all(|bid| bid["envelope"]["part"] != "price"));
    let seen = app.as_(member).get(&works.path("evaluation")).expect(200);
    assert!(seen["bids"].as_array().unwrap().iter().all(|bid| bid["price"].is_null()));
    assert_eq!(works.record().expect(200)["bids"].as_array().unwrap().len(), 8);
    app.hold(SECOND_OVER);
    let record = works.record().expect(200);
    let price = |bid: usize| -> Value {
        let id = &works.part(bid, "price").id;
        let lines = record["bids"].as_array().unwrap();
        lines.iter().find(|line| line["bidId"] == id.as_str()).unwrap().clone()
    };
    let told: Vec<Value> =
        (0..4).map(|bid| json!([price(bid)["outcome"], price(bid)["price"]["amount"]])).collect();
    assert_eq!(
        told,
        [
            json!(["opened", "18000001.00"]),
            json!(["opened", "18000002.00"]),
            json!(["sealed", null]),
            json!(["revoked", null])
        ]
    );
    assert!(price(2)["failure"].as_str().unwrap().contains("施工组织设计缺项"));
    assert_eq!(
        (&record["received"], &record["opened"], &record["revoked"]),
        (&json!(4), &json!(2), &json!(1))
    );
    assert_eq!(record["laterStages"][0]["parts"], json!(["price"]));
    let notices = app.public().get("/api/v1/notices?kind=openingRecord").expect(200);
    assert_eq!(notices["items"].as_array().unwrap().len(), 2);
    let ended: i64 = app.sql().value("SELECT count(*) FROM bids WHERE state = 'revoked'", &[]);
    assert_eq!(ended, 3, "a bid is revoked with all its parts");
    let never: i64 = app.sql().value(
        "SELECT count(*) FROM opening_shares s JOIN bids b ON b.id = s.bid_id WHERE b.id = $1::text::uuid",
        &[&works.part(2, "price").id],
    );
    assert_eq!(never, 0);
    verified(app, works);
}

/// A supervisor opens everything again, and what stayed sealed counts as not opened.
fn verified(app: &TestApp, works: &Divided<'_>) {
    let scratch = Scratch::new("parts");
    let args = OpeningArgs {
        from: scratch.path().join("files"),
        server: Some(format!("http://{}", app.address())),
        tender: Some(works.tender.id.parse().unwrap()),
        token: Some(app.token("supervisor.audit").into()),
        policy_digest: vec![app.seal_policy(&works.tender.id).digest()],
        json: true,
    };
    let mut out = Vec::new();
    let done = opening(&args, &mut out);
    let found: Value = serde_json::from_slice(&out).unwrap();
    assert!(done.is_ok(), "{found}");
    assert_eq!((&found["bids"], &found["opened"], &found["notOpened"]), (&json!(12), &json!(10), &json!(2)));
}

/// The committee's report ranks whoever is left by the opened prices, and the first is awarded.
fn to_the_award(app: &TestApp, works: &Divided<'_>, members: &[String]) {
    let agency = app.as_("agency.one");
    agency.act(&works.path("report")).expect(200);
    let report = app.as_(&members[0]).get(&works.path("report")).expect(200)["report"].clone();
    let ids = [0, 1].map(|bid| works.part(bid, "qualification").id.clone());
    let ranked: Vec<&Value> = report["ranked"].as_array().unwrap().iter().map(|bid| &bid["bid"]).collect();
    assert_eq!(ranked.len(), 2);
    assert!(ids.iter().all(|id| ranked.contains(&&json!(id))), "{report}");
    let rejected: Vec<&Value> = report["rejected"].as_array().unwrap().iter().collect();
    assert_eq!((rejected.len(), &rejected[0]["by"]), (1, &json!("committee")));
    assert_eq!(rejected[0]["bid"], json!(works.part(2, "qualification").id));
    assert_eq!(
        (&report["received"], &report["opened"], &report["effective"]),
        (&json!(4), &json!(3), &json!(2))
    );
    works.tender.sign_reports(members);
    agency.act(&works.path("report/delivery")).expect(200);
    let candidates = agency.act(&works.path("candidates")).expect(201);
    assert_eq!(candidates["candidates"][0]["termDays"], 200);
    app.hold("2026-03-24T09:00:00+08:00");
    let first = json!({"bidId": candidates["candidates"][0]["bidId"]});
    app.as_("purchaser.taibus")
        .with("Idempotency-Key", "award")
        .post(&works.path("award"), &first)
        .expect(201);
    agency.act(&works.path("award/notices")).expect(200);
    app.public().get(&works.path("award")).expect(200);
    let tender = agency.get(&format!("/api/v1/tenders/{}", works.tender.id)).expect(200);
    let page = app.page(&format!("/projects/{}", tender.text_at("/projectId")));
    assert!(page.contains("18,000,001.00"), "the page tells the opened price");
}

/// A technical part too large for its submission.
fn uploaded(works: &mut Divided<'_>, number: u32) {
    let policy = works.app.seal_policy(&works.tender.id);
    let bidder = works.app.bidder(number);
    let mut drawings = vec![0; 2 * 1024 * 1024];
    rand::rng().fill_bytes(&mut drawings);
    let mut content = Content { files: vec![("施工图.pdf".to_owned(), drawings)], ..Content::default() };
    content.form.insert("termDays".to_owned(), json!(200));
    let technical = bidder.seal_content(&policy, "technical", content, (1, None));
    let upload = bidder.upload_part(&works.tender.id, "technical", &technical.ciphertext);
    let price = bidder.seal_part(&policy, "price", "18000009.00", None);
    // What was uploaded for one part is not taken for another.
    bidder.submit_uploaded(&works.tender.id, &price, &upload, "price").expect(422);
    let id = bidder.submit_uploaded(&works.tender.id, &technical, &upload, "technical").expect(201);
    let technical = Part { id: id.text_at("/bidId"), name: "technical", sealed: technical };
    let id = bidder.submit(&works.tender.id, &price, "price-2").expect(201).text_at("/bidId");
    works.bids.push((bidder, vec![technical, Part { id, name: "price", sealed: price }]));
}

#[test]
fn a_large_part_is_uploaded_and_the_second_window_summons_and_is_extended() {
    let app = TestApp::sandbox(START);
    let mut document = divided(json!([["technical"], ["price"]]));
    document["maxBidMebibytes"] = json!(64);
    let mut works = Divided::of(&app, &document);
    for number in 1..=3 {
        works.bid(number, &["technical", "price"]);
    }
    uploaded(&mut works, 9);
    app.hold(DRAW);
    works.tender.run(&works.draw);
    app.hold(DEADLINE);
    for bid in 0..4 {
        works.release(bid, "technical").expect(200);
    }
    app.hold(FIRST_OVER);
    let record = works.record().expect(200);
    let large = &works.part(3, "technical").id;
    let line = record["bids"].as_array().unwrap().iter().find(|line| line["bidId"] == large.as_str());
    assert_eq!(line.unwrap()["outcome"], "opened");
    let members = works.begin_evaluation();
    works.sign_sheets(&members, Some(&works.part(1, "technical").id));
    app.hold(SECOND);
    app.as_("agency.one").act(&works.path("opening/stages")).expect(200);
    // A letter goes to whoever has to release now, and to nobody else.
    let summoned: Vec<String> = app.sql().values(
        "SELECT o.recipient FROM outbox o WHERE o.subject LIKE '%报价部分开始解密%' ORDER BY o.recipient",
        &[],
    );
    let mut wanted: Vec<String> = [0, 2, 3]
        .map(|bid| {
            app.sql().value(
                "SELECT email FROM organisations WHERE id = $1::text::uuid",
                &[&works.bids[bid].0.organisation],
            )
        })
        .into();
    wanted.sort();
    assert_eq!(summoned, wanted);
    works.release(0, "price").expect(200);
    works.release(3, "price").expect(200);
    let extension = json!({"until": "2026-03-16T15:45:00+08:00", "reason": "解密客户端故障"});
    app.as_("agency.one").post(&works.path("opening/extension"), &extension).expect(200);
    app.as_("agency.one")
        .post(&works.path("opening/extension"), &extension)
        .expect(409)
        .problem("wrong-state");
    app.hold(SECOND_OVER);
    assert_eq!(works.record().expect(200)["laterStages"], Value::Null, "the window was extended");
    works.release(2, "price").expect(200);
    // All are open now: the record waits for nobody any more.
    app.hold("2026-03-16T15:31:00+08:00");
    let record = works.record().expect(200);
    let stage = &record["laterStages"][0];
    assert_eq!((&stage["stage"], &stage["extension"]["reason"]), (&json!(2), &extension["reason"]));
    assert_eq!((&record["opened"], &record["revoked"]), (&json!(3), &json!(0)));
}

/// What an officer releases of a part.
fn officers_share(
    works: &Divided<'_>,
    officer: &Officer<'_>,
    bid: usize,
    name: &str,
    clause: usize,
) -> Answer {
    let policy = works.app.seal_policy(&works.tender.id);
    let part = works.part(bid, name);
    let mut shares = part.sealed.envelope.shares.iter();
    let wanted = |share: &&tenderhall::seal::envelope::Share| {
        usize::try_from(share.clause) == Ok(clause) && share.member.as_str() == officer.member
    };
    let text = officer.open(shares.find(wanted).unwrap(), &policy.policy().clauses[clause]);
    let body = json!({"bidId": part.id, "clause": clause, "member": officer.member, "share": text});
    works.app.as_(&officer.login).post(&works.path("opening/shares"), &body)
}

#[test]
fn officers_open_the_second_stage_of_shared_bids_and_nothing_of_it_before() {
    let app = TestApp::sandbox(START);
    let officers = app.officers();
    let mut document = divided(json!([["technical"], ["price"]]));
    document["sealing"] = json!({"remedy": true});
    let mut works = Divided::of(&app, &document);
    for number in 1..=3 {
        works.bid(number, &["technical", "price"]);
    }
    app.hold(DRAW);
    works.tender.run(&works.draw);
    app.hold(DEADLINE);
    let (agency, three) = (&officers[0], [&officers[0], &officers[2], &officers[4]]);
    let policy = app.seal_policy(&works.tender.id);
    for bid in 0..3 {
        officers_share(&works, agency, bid, "technical", 0).expect(200);
        let part = works.part(bid, "technical");
        let share =
            part.sealed.envelope.shares.iter().find(|share| share.member.as_str() == "bidder").unwrap();
        let text = open_share(share, &policy.policy().clauses[0], &part.sealed.own).unwrap();
        let body = json!({"bidId": part.id, "clause": 0, "member": "bidder", "share": text.expose_secret()});
        app.as_(&works.bids[bid].0.login).post(&works.path("opening/shares"), &body).expect(200);
        for officer in three {
            officers_share(&works, officer, bid, "price", 2).expect(409).problem("too-early");
        }
    }
    // An officer is not even shown what belongs to a later stage.
    let held = app.as_(&agency.login).get(&works.path("opening/shares")).expect(200);
    assert_eq!(held["items"].as_array().unwrap().len(), 6);
    app.hold(FIRST_OVER);
    assert_eq!(works.record().expect(200)["opened"], 3);
    let members = works.begin_evaluation();
    works.sign_sheets(&members, None);
    app.hold(SECOND);
    app.as_("agency.one").act(&works.path("opening/stages")).expect(200);
    for bid in 0..3 {
        for officer in three {
            officers_share(&works, officer, bid, "price", 2).expect(200);
        }
    }
    app.hold(SECOND_LAST);
    assert_eq!(works.record().expect(200)["bids"].as_array().unwrap().len(), 3);
    app.hold(SECOND_OVER);
    let record = works.record().expect(200);
    let prices: Vec<Value> = record["bids"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["part"] == "price")
        .map(|line| json!([line["price"]["amount"], line["openedBy"], line["recovery"].is_string()]))
        .collect();
    let opened =
        |number: usize| json!([format!("1800000{number}.00"), ["agency", "centre", "supervisor"], true]);
    assert_eq!(prices, [opened(1), opened(2), opened(3)]);
}

/// EV-0g before prices: what members find as a fact is agreed before anybody sees what a bid costs.
#[test]
fn no_price_is_opened_while_members_differ_on_a_fact() {
    let app = TestApp::sandbox(START);
    let mut document = divided(json!([["technical"], ["price"]]));
    let evaluation = &mut document["evaluation"];
    evaluation["price"]["parameters"]["fullMarks"] = json!("60");
    evaluation["technical"] = json!("marked");
    evaluation["factors"] = json!([
        {"key": "price", "matter": "price", "weight": "60", "judged": "computed"},
        {"key": "compliance", "matter": "technicalCompliance", "weight": "30", "judged": "objective"},
        {"key": "design", "matter": "technicalSolution", "weight": "10", "judged": "subjective"},
    ]);
    let mut works = Divided::of(&app, &document);
    for number in 1..=3 {
        works.bid(number, &["technical", "price"]);
    }
    app.hold(DRAW);
    works.tender.run(&works.draw);
    app.hold(DEADLINE);
    for bid in 0..3 {
        works.release(bid, "technical").expect(200);
    }
    app.hold(FIRST_OVER);
    let members = works.begin_evaluation();
    let sign = |member: &str, compliance: &str| {
        let marks: Vec<Value> = (0..3)
            .map(|bid| {
                let id = &works.part(bid, "technical").id;
                json!({"bidId": id, "marks": {"compliance": compliance, "design": "8"}})
            })
            .collect();
        app.as_(member).post(&works.path("scores"), &json!({"marks": marks})).expect(200);
    };
    sign(&members[0], "29");
    for member in &members[1..] {
        sign(member, "28");
    }
    app.hold(SECOND);
    let agency = app.as_("agency.one");
    agency.act(&works.path("opening/stages")).expect(409).problem("objective-scores-unequal");
    assert_eq!(app.public().get(&works.path("opening")).expect(200)["stage"], 1);
    works.release(0, "price").expect(409);
    sign(&members[0], "28");
    agency.act(&works.path("opening/stages")).expect(200);
    works.release(0, "price").expect(200);
}
