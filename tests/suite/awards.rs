//! From the report to the archive, and what supervising bodies see of it, over HTTP.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tenderhall::evaluation::model::Report;
use uuid::Uuid;

use crate::support::{
    TestApp,
    works::{purchase_document, yuan},
};

/// A tender whose evaluation is finished, with five bids: three ranked, one rejected, one revoked at the opening.
struct Evaluated {
    app: TestApp,
    tender: String,
    bids: Vec<String>,
}

impl Evaluated {
    /// The works, report delivered on 17 March 2026.
    fn works() -> Self {
        let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
        let project = app.works_project();
        let tender = app.works_tender(&project);
        let evaluated = Self::finish(app, &project, tender, report);
        evaluated.app.hold("2026-03-18T10:00:00+08:00");
        evaluated
    }

    /// The purchase, report delivered on 17 March 2026.
    fn purchase() -> Self {
        Self::purchase_with(report)
    }

    fn purchase_with(report: fn(&str, &[String], &[String]) -> Value) -> Self {
        let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
        let project = app.purchase_project();
        let draft = app.as_("agency.one").post(
            "/api/v1/tenders",
            &json!({
                "projectId": project,
                "title": "太仆寺旗办公设备采购",
                "procedureId": "procurement-open-goods",
                "document": purchase_document("1150000.00"),
                "offeredUntil": "2026-03-03T17:00:00+08:00",
                "deadline": "2026-03-16T09:30:00+08:00"
            }),
        );
        let draft = draft.expect(201);
        app.approve(&draft);
        let tender = draft.id();
        let evaluated = Self::finish(app, &project, tender, report);
        evaluated.app.hold("2026-03-18T10:00:00+08:00");
        evaluated
    }

    /// Writes what bids, opening and evaluation leave behind; their own tests make it the long way.
    fn finish(
        app: TestApp,
        project: &str,
        tender: String,
        report: fn(&str, &[String], &[String]) -> Value,
    ) -> Self {
        let bids: Vec<String> = (0..5).map(|_| Uuid::new_v4().to_string()).collect();
        let bidders: Vec<String> =
            (1..=5).map(|no| app.as_(&format!("bidder.000{no}")).organisation()).collect();
        let report = report(&tender, &bids, &bidders);
        let signed: Report = serde_json::from_value(report.clone()).unwrap();
        let signed = hex::encode(Sha256::digest(serde_json_canonicalizer::to_vec(&signed).unwrap()));
        let mut sql = String::from("SET session_replication_role = replica;");
        for (no, (bid, bidder)) in (1..).zip(bids.iter().zip(&bidders)) {
            let revoked = no == 5;
            sql += &format!(
                "INSERT INTO bids (id, tender_id, lot, part, bidder_id, revision, envelope, envelope_sha256,
                     payload_sha256, payload_size, bid_key, nonce, seq, state, accepted_at, submitted_by, revoked_at,
                     revoked_reason)
                 VALUES ('{bid}', '{tender}', '1', 'whole', '{bidder}', 1, '{{}}', sha256('e{no}'), sha256('p{no}'), 9,
                     'key{no}', sha256('n{no}'), {no}, '{}', '2026-03-16T08:00+08', gen_random_uuid(), {});
                 INSERT INTO opened_bids (id, tender_id, bid_id, bidder_id, seq, received_at, released_at, outcome, price,
                     form, failure)
                 VALUES (gen_random_uuid(), '{tender}', '{bid}', '{bidder}', {no}, '2026-03-16T08:00+08',
                     '2026-03-16T09:40+08', {});",
                if revoked { "revoked" } else { "accepted" },
                if revoked { "'2026-03-16T10:00+08', 'not released'" } else { "NULL, NULL" },
                if revoked {
                    "'revoked', NULL, NULL, 'not released'".to_owned()
                } else {
                    format!("'opened', {no}000000.00, '{{\"termDays\": 2{no}0}}', NULL")
                },
            );
        }
        sql += &format!(
            "UPDATE projects SET first_notice_on = '2026-02-24' WHERE id = '{project}';
             UPDATE tenders SET phase = 'evaluated', published_at = '2026-02-24T09:00+08', law_on = '2026-02-24',
                    closed_at = '2026-03-16T09:30+08', bid_count = 5, bid_root = sha256('root'),
                    opening_began_at = '2026-03-16T09:30+08', opened_at = '2026-03-16T10:00+08' WHERE id = '{tender}';
             INSERT INTO openings (id, tender_id, began_at, window_until, concluded_at)
             VALUES (gen_random_uuid(), '{tender}', '2026-03-16T09:30+08', '2026-03-16T10:00+08', '2026-03-16T10:00+08');
             INSERT INTO evaluations (id, tender_id, started_at, started_by, members, screening, low_price, report,
                    report_hash, reported_at, signed_at, delivered_at)
             VALUES (gen_random_uuid(), '{tender}', '2026-03-16T14:00+08', gen_random_uuid(), 5, '[]',
                    '{{\"applies\": false, \"caught\": [], \"decisions\": []}}', '{report}', '\\x{signed}',
                    '2026-03-17T15:00+08', '2026-03-17T15:30+08', '2026-03-17T16:00+08');"
        );
        for (event, when) in [
            ("noticePublished", "2026-02-24T09:00+08"),
            ("documentsIssued", "2026-02-24T09:00+08"),
            ("opened", "2026-03-16T09:30+08"),
            ("evaluationStarted", "2026-03-16T14:00+08"),
            ("reportSigned", "2026-03-17T15:30+08"),
            ("reportReceived", "2026-03-17T16:00+08"),
        ] {
            sql += &format!(
                "INSERT INTO tender_events (id, tender_id, event, at)
                 VALUES (gen_random_uuid(), '{tender}', '{event}', '{when}');"
            );
        }
        app.sql().run(&sql).unwrap();
        Self { app, tender, bids }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/tenders/{}/{rest}", self.tender)
    }

    /// The works' candidates are published and their publicity is over.
    fn after_publicity() -> Self {
        let this = Self::works();
        this.app.as_("agency.one").act(&this.path("candidates")).expect(201);
        this.app.hold("2026-03-24T09:00:00+08:00");
        this
    }

    fn decide(&self, bid: usize, key: &str) -> crate::support::Answer {
        let purchaser = self.app.as_("purchaser.taibus").with("Idempotency-Key", key);
        purchaser.post(&self.path("award"), &json!({"bidId": self.bids[bid]}))
    }

    fn tell(&self) -> crate::support::Answer {
        self.app.as_("agency.one").act(&self.path("award/notices"))
    }

    /// Awarded to the first bid and told on the same day.
    fn awarded() -> Self {
        let this = Self::after_publicity();
        this.decide(0, "award-1").expect(201);
        this.tell().expect(200);
        this
    }

    fn contract(&self) -> Value {
        json!({"amount": yuan("1000000.00"), "termDays": 210, "signedOn": "2026-03-24"})
    }

    fn award_id(&self) -> String {
        self.app.public().get(&self.path("award")).expect(200).text_at("/award/id")
    }
}

fn report(tender: &str, bids: &[String], bidders: &[String]) -> Value {
    let ranked: Vec<Value> = (0..3)
        .map(|no| {
            json!({
                "bid": bids[no], "bidder": bidders[no], "rank": no + 1, "price": yuan(&format!("{}000000.00", no + 1)),
                "priceScore": "99.9996", "otherScore": "0", "total": format!("9{}.9996", 9 - no), "working": "1 = 1"
            })
        })
        .collect();
    json!({
        "tender": tender, "received": 5, "opened": 4, "effective": 3, "ranked": ranked,
        "rejected": [{
            "bid": bids[3], "bidder": bidders[3], "price": yuan("4000000.00"), "by": "system",
            "ground": {"id": "ENG-22", "source": "招标投标法实施条例", "article": "51"},
            "reason": {"zh": "高于最高限价", "en": "above the ceiling"}
        }],
        "benchmark": "2000000.00", "workings": [{"zh": "甲", "en": "A"}],
        "candidates": [bids[0], bids[1], bids[2]],
        "lowPrice": {"applies": false, "caught": [], "decisions": []}, "sheets": {},
        "tieDraws": [{"rank": 2, "seed": "5a".repeat(32), "tied": [bids[1], bids[2]], "drawn": [bids[1], bids[2]]}]
    })
}

#[test]
fn candidates_stand_to_the_end_of_a_working_day_and_the_award_waits_for_it() {
    let works = Evaluated::works();
    let app = &works.app;
    app.public().get(&works.path("candidates")).expect(404);
    let list = app.as_("agency.one").act(&works.path("candidates")).expect(201);
    // Three days from the 18th end on Saturday the 21st: rolled to Monday, 24:00.
    assert_eq!(list["endsAt"], "2026-03-23T16:00:00Z");
    assert_eq!(list["candidates"][1]["rank"], 2);
    assert_eq!(list["candidates"][1]["termDays"], 220);
    let shown = app.public().get(&works.path("candidates")).expect(200);
    assert_eq!(shown["candidates"], list["candidates"]);
    let notice = app.public().get(&format!("/api/v1/notices/{}", list.text_at("/noticeId"))).expect(200);
    assert_eq!(notice["kind"], "candidates");
    assert_eq!(notice["periodEndsAt"], list["endsAt"]);

    let early = works.decide(0, "early").expect(409).problem("too-early").by_rule("ENG-25", "54");
    assert_eq!(early["rule"]["earliest"], "2026-03-23T16:00:00Z");
    let seen = app.as_("purchaser.taibus").get(&works.path("award")).expect(200);
    assert_eq!(seen.action("award")["allowed"], false);
    assert_eq!(seen.action("award")["earliest"], "2026-03-23T16:00:00Z");
    app.public().get(&works.path("award")).expect(404);
    app.as_("purchaser.taibus")
        .post(&works.path("award"), &json!({"bidId": works.bids[0]}))
        .expect(400)
        .problem("idempotency-key-missing");
}

#[test]
fn only_rank_one_wins_and_everyone_is_told_in_one_act() {
    let works = Evaluated::after_publicity();
    let refused =
        works.decide(1, "second").expect(409).problem("not-first-candidate").by_rule("ENG-28", "55");
    assert_eq!(refused["firstCandidate"]["bidId"], works.bids[0].as_str());
    works
        .app
        .as_("agency.one")
        .with("Idempotency-Key", "agency")
        .post(&works.path("award"), &json!({"bidId": works.bids[0]}))
        .expect(403);
    let award = works.decide(0, "first").expect(201);
    assert_eq!(award["phase"], "awarded");
    assert_eq!(works.decide(0, "first").expect(201)["award"]["id"], award["award"]["id"]);
    works.tell().expect(200);
    works.tell().expect(409).problem("duplicate");

    let told = works.app.public().get(&works.path("award")).expect(200);
    // Two ranked below and one rejected; the revoked bid is none any more.
    assert_eq!(told["award"]["loserLetters"], 3);
    let id: Uuid = told.text_at("/award/id").parse().unwrap();
    let sql = works.app.sql();
    let letters: Vec<String> = sql.values("SELECT body FROM outbox WHERE about = $1 ORDER BY body", &[&id]);
    assert_eq!(letters.len(), 4);
    // ENG-30: 30 days after the 24th.
    assert!(letters.iter().any(|letter| letter.contains("请于 2026-04-23 前")), "{letters:?}");
    assert!(letters.iter().any(|letter| letter.contains("排名第 2")), "{letters:?}");
    assert!(letters.iter().any(|letter| letter.contains("高于最高限价（ENG-22）")), "{letters:?}");
    let late: i64 = sql.value("SELECT count(*) FROM tender_events WHERE late_rule IS NOT NULL", &[]);
    assert_eq!(late, 0);
}

/// Outside the procedure or among its bidders, the winner too.
const OUTSIDE: [&str; 7] =
    ["", "bidder.0001", "bidder.0002", "agency.two", "expert.001", "operator.taibus", "supervisor.industry"];

#[test]
fn outsiders_learn_of_the_result_of_a_purchase_by_its_notice() {
    let purchase = Evaluated::purchase();
    let statuses = |logins: &[&str]| -> Vec<[u16; 3]> {
        let of = |login: &&str| {
            let app = &purchase.app;
            let caller = if login.is_empty() { app.public() } else { app.as_(login) };
            ["evaluation", "report", "award"].map(|part| caller.get(&purchase.path(part)).status)
        };
        logins.iter().map(of).collect()
    };
    let inside = ["purchaser.taibus", "agency.one", "supervisor.finance"];
    assert_eq!(statuses(&OUTSIDE), [[404; 3]; 7], "evaluated");
    purchase.decide(0, "first").expect(201);
    assert_eq!(statuses(&OUTSIDE), [[404; 3]; 7], "decided, but not announced");
    assert_eq!(statuses(&inside), [[200; 3]; 3], "who takes part sees it");
    let told = purchase.tell().expect(200);
    assert_eq!(told.action("drawUpContract")["allowed"], false, "that is the purchaser's");
    assert_eq!(statuses(&OUTSIDE), [[200; 3]; 7], "announced");
}

#[test]
fn candidates_open_the_ranking_of_works_but_not_their_award() {
    let works = Evaluated::works();
    let public = works.app.public();
    let seen = || ["evaluation", "report", "award"].map(|part| public.get(&works.path(part)).status);
    assert_eq!(seen(), [404, 404, 404]);
    works.app.as_("agency.one").act(&works.path("candidates")).expect(201);
    assert_eq!(seen(), [200, 200, 404], "the candidates are published");
    works.app.hold("2026-03-24T09:00:00+08:00");
    works.decide(0, "first").expect(201);
    assert_eq!(seen(), [200, 200, 404], "decided, but not announced");
    works.app.as_("bidder.0001").get(&works.path("award")).expect(404);
    works.tell().expect(200);
    assert_eq!(seen(), [200, 200, 200], "announced");
}

#[test]
fn a_contract_says_what_bid_and_document_say() {
    let works = Evaluated::awarded();
    let purchaser = works.app.as_("purchaser.taibus");
    let path = works.path("contract");
    let changed = |name: &str, value: Value| {
        let mut body = works.contract();
        body[name] = value;
        purchaser.post(&path, &body)
    };
    let refused =
        changed("amount", yuan("1000000.01")).expect(409).problem("contract-differs").by_rule("TG-13", "46");
    assert_eq!(refused["wanted"]["amount"], "1000000.00");
    changed("termDays", json!(240)).expect(409).problem("contract-differs");
    changed("subject", json!("别的")).expect(409).problem("contract-differs");
    changed("performanceBond", yuan("1.00")).expect(409).problem("contract-differs");
    changed("signedOn", json!("2026-03-25")).expect(422).points_to("/signedOn");
    changed("subject", json!("公园的土建、绿化与照明")).expect(201);
    changed("subject", Value::Null).expect(409).problem("duplicate");

    works.app.public().get(&path).expect(404);
    works.app.as_("bidder.0002").get(&path).expect(404);
    works.app.as_("bidder.0001").get(&path).expect(200);
    works.app.as_("bidder.0002").act(&works.path("contract/signature")).expect(403);
    purchaser.act(&works.path("contract/signature")).expect(403);
    let signed = works.app.as_("bidder.0001").act(&works.path("contract/signature")).expect(200);
    assert_eq!(signed["phase"], "contracted");
}

#[test]
fn the_page_of_works_shows_its_draw_with_all_it_takes_to_make_it_again_and_its_contract() {
    let works = Evaluated::awarded();
    let app = &works.app;
    let tender = app.public().get(&format!("/api/v1/tenders/{}", works.tender)).expect(200);
    let page = || app.page(&format!("/projects/{}?lang=zh", tender.text_at("/projectId")));
    let before = page();
    let draw = before.split("id=\"draws\"").nth(1).unwrap();
    // The numbers are HMAC-SHA256 of the ids under the seed, as `openssl dgst` writes them.
    for told in [works.bids[1].as_str(), works.bids[2].as_str(), &"5a".repeat(32)] {
        assert!(draw.contains(told), "{told}");
    }
    assert!(!before.contains("id=\"contract\""));
    app.as_("purchaser.taibus").post(&works.path("contract"), &works.contract()).expect(201);
    app.as_("bidder.0001").act(&works.path("contract/signature")).expect(200);
    assert!(!page().contains("id=\"contract\""), "signed is not published");
    let published = app.as_("purchaser.taibus").act(&works.path("contract/publish")).expect(200);
    let after = page();
    let contract = after.split("id=\"contract\"").nth(1).unwrap();
    assert!(contract.contains(&format!("/notices/{}", published.text_at("/noticeId"))), "{contract}");
    assert!(after.contains("合同公告") && contract.contains("1,000,000.00"));
}

#[test]
fn the_files_close_with_the_last_duty_and_a_late_one_is_recorded() {
    let works = Evaluated::awarded();
    let (app, agency) = (&works.app, works.app.as_("agency.one"));
    let bidder = |no: usize| app.as_(&format!("bidder.000{no}")).organisation();
    let strange = app.as_("bidder.0006").organisation();
    let item = |bidder: String| json!({"bidderId": bidder, "kind": "guarantee"});
    agency
        .post(&works.path("deposits"), &json!({"items": [item(strange)]}))
        .expect(422)
        .points_to("/items/0/bidderId");
    let counts = agency
        .post(&works.path("deposits"), &json!({"items": [item(bidder(1)), item(bidder(2)), item(bidder(5))]}))
        .expect(200);
    assert_eq!(counts["recorded"], 3);
    agency
        .post(&works.path("deposits"), &json!({"items": [item(bidder(2))]}))
        .expect(409)
        .problem("duplicate");
    app.as_("bidder.0001").get(&works.path("deposits")).expect(404);
    assert_eq!(
        app.as_("supervisor.office").get(&works.path("deposits")).expect(200)["items"][0]["amount"]["amount"],
        "400000.00"
    );
    agency.act(&works.path("deposits/return")).expect(409).problem("wrong-state").by_rule("ENG-32", "57");

    app.as_("purchaser.taibus").post(&works.path("contract"), &works.contract()).expect(201);
    app.as_("bidder.0001").act(&works.path("contract/signature")).expect(200);
    let returned = agency.act(&works.path("deposits/return")).expect(200);
    assert_eq!(returned["phase"], "contracted");
    agency.act(&works.path("deposits/return")).expect(409).problem("duplicate");
    // ENG-33: 15 days from the award end on 8 April.
    app.hold("2026-04-20T09:00:00+08:00");
    let done = agency.post(&works.path("written-report"), &json!({"summary": "招标投标情况"})).expect(200);
    assert_eq!(done["phase"], "concluded");
    let rules: Vec<String> =
        app.sql().values("SELECT late_rule FROM tender_events WHERE late_rule IS NOT NULL", &[]);
    assert_eq!(rules, ["ENG-33"]);
    let held: i64 = app.sql().value("SELECT count(*) FROM deposits WHERE returned_at IS NULL", &[]);
    assert_eq!(held, 0);
}

#[test]
fn a_written_report_reaches_the_bodies_within_whose_duty_it_lies() {
    let works = Evaluated::awarded();
    let (app, report) = (&works.app, json!({"summary": "共收到投标五份，异议未收到。"}));
    let letters = || -> Vec<String> {
        app.sql()
            .values("SELECT recipient FROM outbox WHERE subject LIKE '%书面报告%' ORDER BY recipient", &[])
    };
    app.as_("bidder.0001").post(&works.path("written-report"), &report).expect(403);
    assert_eq!(letters(), Vec::<String>::new());
    app.as_("agency.one").post(&works.path("written-report"), &report).expect(200);
    // Of purchases alone is the financial department's duty.
    let mut wanted: Vec<String> = app.sql().values(
        "SELECT o.email FROM organisations o JOIN accounts a ON a.organisation_id = o.id
          WHERE a.login LIKE 'supervisor.%' AND a.login <> 'supervisor.finance'",
        &[],
    );
    wanted.sort();
    assert_eq!((wanted.len(), letters()), (5, wanted));
    let told = "SELECT count(*) FROM outbox WHERE body LIKE '%异议未收到%' AND body LIKE '%' || $1 || '%'";
    let code = app.public().get(&format!("/api/v1/tenders/{}", works.tender)).expect(200).text_at("/code");
    assert_eq!(app.sql().value::<i64>(told, &[&code]), 5);
    let again = app.as_("agency.one").post(&works.path("written-report"), &report);
    again.expect(409).problem("duplicate");
    assert_eq!(letters().len(), 5);
}

#[test]
fn a_purchase_knows_no_candidates_and_closes_with_publication_and_filing() {
    let purchase = Evaluated::purchase();
    let (app, agency) = (&purchase.app, purchase.app.as_("agency.one"));
    agency.act(&purchase.path("candidates")).expect(409).problem("wrong-state");
    purchase.decide(2, "third").expect(409).problem("not-first-candidate").by_rule("GP-9", "43");
    let project = app
        .as_("agency.one")
        .get(&format!("/api/v1/tenders/{}", purchase.tender))
        .expect(200)
        .text_at("/projectId");
    // What the page of the project has of evaluation, award and deciding.
    let shown = || {
        let page = app.page(&format!("/projects/{project}"));
        ["id=\"record\"", "id=\"evaluation\"", "id=\"award\""].map(|part| page.contains(part))
    };
    assert_eq!(shown(), [true, false, false]);
    purchase.decide(0, "first").expect(201);
    assert_eq!(shown(), [true, false, false], "decided, but not announced yet");
    let told = purchase.tell().expect(200);
    assert_eq!(shown(), [true, true, true]);
    let notice = told.text_at("/award/resultNoticeId");
    let notice = app.public().get(&format!("/api/v1/notices/{notice}")).expect(200);
    assert_eq!(notice["kind"], "awardResult");
    // GP-11: one working day after the 18th.
    assert_eq!(notice["periodEndsAt"], "2026-03-19T16:00:00Z");
    agency
        .post(&purchase.path("written-report"), &json!({"summary": "无"}))
        .expect(409)
        .problem("wrong-state");

    let body = json!({"amount": yuan("1000000.00"), "termDays": 210, "signedOn": "2026-03-18"});
    app.as_("purchaser.taibus").post(&purchase.path("contract"), &body).expect(201);
    agency.act(&purchase.path("contract/publish")).expect(409).problem("wrong-state");
    app.as_("bidder.0001").act(&purchase.path("contract/signature")).expect(200);
    app.public().get(&purchase.path("contract")).expect(404);
    agency.act(&purchase.path("contract/publish")).expect(200);
    let contract = app.public().get(&purchase.path("contract")).expect(200);
    let notice = app.public().get(&format!("/api/v1/notices/{}", contract.text_at("/noticeId"))).expect(200);
    // The word for the act stands once.
    assert_eq!(notice["title"]["zh"], "太仆寺旗办公设备采购合同公告");
    let filed = app.as_("purchaser.taibus").act(&purchase.path("contract/filing")).expect(200);
    assert_eq!(filed["phase"], "concluded");
}

#[test]
fn a_purchase_by_the_lowest_price_is_awarded_without_a_score() {
    let purchase = Evaluated::purchase_with(|tender, bids, bidders| {
        let mut report = report(tender, bids, bidders);
        for bid in report["ranked"].as_array_mut().unwrap() {
            let bid = bid.as_object_mut().unwrap();
            bid.remove("total");
            bid.remove("priceScore");
            bid.insert("adjustedPrice".to_owned(), bid["price"]["amount"].clone());
        }
        report
    });
    purchase.decide(0, "first").expect(201);
    let told = purchase.tell().expect(200);
    let notice = told.text_at("/award/resultNoticeId");
    purchase.app.public().get(&format!("/api/v1/notices/{notice}")).expect(200);
    let project = purchase
        .app
        .as_("agency.one")
        .get(&format!("/api/v1/tenders/{}", purchase.tender))
        .expect(200)
        .text_at("/projectId");
    assert!(purchase.app.page(&format!("/projects/{project}")).contains("id=\"award\""));
}

#[test]
fn supervising_bodies_see_and_review_what_is_theirs() {
    let works = Evaluated::awarded();
    let (app, id) = (&works.app, works.award_id());
    let path = format!("/api/v1/awards/{id}");
    let record = app.as_("supervisor.office").get(&path).expect(200);
    assert_eq!(record["opening"]["revoked"], 1);
    assert_eq!(record["evaluation"]["rejected"][0]["ground"]["id"], "ENG-22");
    assert_eq!(record["award"]["loserLetters"], 3);
    assert_eq!(record["candidates"]["endsAt"], "2026-03-23T16:00:00Z");
    assert!(record["project"]["venue"][0]["centreCode"] == "152500", "{record:?}");
    let acts: Vec<&str> =
        record["log"].as_array().unwrap().iter().map(|line| line["act"].as_str().unwrap()).collect();
    for act in ["candidates.published", "award.decided", "award.told"] {
        assert!(acts.contains(&act), "{act}: {acts:?}");
    }

    let finding = json!({"finding": "question", "remark": "请说明"});
    for login in ["supervisor.finance", "purchaser.taibus", "agency.one", "bidder.0001", "admin"] {
        app.as_(login).get(&path).expect(404);
        app.as_(login).post(&format!("{path}/reviews"), &finding).expect(404);
    }
    app.public().post(&format!("{path}/reviews"), &finding).expect(401);
    let review = app.as_("supervisor.industry").post(&format!("{path}/reviews"), &finding).expect(201);
    assert_eq!(review["finding"], "question");
    app.as_("supervisor.industry")
        .post(&format!("{path}/reviews"), &json!({"finding": "fine", "remark": "x"}))
        .expect(422);

    let listed = |login: &str, query: &str| {
        let page = app.as_(login).get(&format!("/api/v1/awards{query}")).expect(200);
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(listed("supervisor.audit", ""), 1);
    assert_eq!(listed("supervisor.finance", ""), 0);
    assert_eq!(listed("supervisor.audit", "?reviewed=false"), 0);
    assert_eq!(listed("supervisor.audit", "?reviewed=true&centre=152500&from=2026-03-24&to=2026-03-24"), 1);
    assert_eq!(listed("supervisor.audit", "?to=2026-03-23"), 0);
    assert_eq!(listed("supervisor.audit", "?centre=152527"), 0);
    app.as_("purchaser.taibus").get("/api/v1/awards").expect(403);
    app.public().get("/api/v1/awards").expect(401);
}

#[test]
fn a_history_tells_nothing_of_bids_before_the_opening_and_pages_without_gaps() {
    let app = TestApp::sandbox("2026-02-09T09:00:00+08:00");
    let project = app.works_project();
    let path = format!("/api/v1/projects/{project}/history");
    let read = |query: &str| app.as_("supervisor.discipline").get(&format!("{path}{query}")).expect(200);
    let empty = read("?limit=1");
    let tender = app.works_tender(&project);
    let before = read("");
    // Bids come in between two acts that everybody in supervision may read.
    let hidden = format!(
        "INSERT INTO log_pending (at, act, project_id, tender_id, tells_of_bid, skeleton, leaf)
         SELECT hall_now(), 'bid.accepted', '{project}', '{tender}', true, '{{}}', sha256(n::text::bytea)
           FROM generate_series(1, 20) n"
    );
    app.sql().run(&hidden).unwrap();
    assert_eq!(read("").text, before.text);
    assert_eq!(read("?limit=1").text, empty.text);
    app.approve(&app.as_("agency.one").get(&format!("/api/v1/tenders/{tender}")).expect(200));
    let whole: Vec<Value> = read("?limit=200")["items"].as_array().unwrap().clone();
    assert!(!whole.iter().any(|line| line["act"] == "bid.accepted"));
    let (mut paged, mut query) = (Vec::new(), String::from("?limit=2"));
    loop {
        let page = read(&query);
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        query = format!("?limit=2&after={next}");
    }
    assert_eq!(paged, whole);
    // The leaf of a hidden entry is as unknown as any other.
    let leaf: Vec<u8> = app.sql().value("SELECT leaf FROM log_pending WHERE tells_of_bid LIMIT 1", &[]);
    app.as_("supervisor.discipline")
        .get(&format!("{path}?after={}", hex::encode(leaf)))
        .expect(422)
        .points_to("?after");
    app.as_("purchaser.taibus").get(&path).expect(404);
    app.as_("supervisor.finance").get(&path).expect(404);

    app.sql()
        .run(&format!(
            "SET session_replication_role = replica;
             UPDATE tenders SET opening_began_at = deadline WHERE id = '{tender}'"
        ))
        .unwrap();
    let open: Vec<Value> = read("?limit=200")["items"].as_array().unwrap().clone();
    assert_eq!(open.iter().filter(|line| line["act"] == "bid.accepted").count(), 20);
}
