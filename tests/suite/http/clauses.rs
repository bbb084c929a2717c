//! Opening by clauses: who must come together, what each bid turns out to be, and that nobody learns before the time.

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde_json::{Value, json};
use tenderhall::{
    bids::rules::merkle_root,
    opening::model::{BidHashes, OpeningArchive},
    seal::{Word, open, shares::open_share},
};

use crate::support::{
    Answer, TestApp,
    bidding::{Bidder, SealedBid},
    officers::Officer,
    works::{DEADLINE, START},
};

/// A moment before the end of the release window, and its end.
const LAST: &str = "2026-03-16T09:59:59.999999+08:00";
const OVER: &str = "2026-03-16T10:00:00+08:00";

/// A closed tender with its bids, whose opening has begun if there are enough.
struct Scene<'a> {
    app: &'a TestApp,
    tender: String,
    clauses: Vec<Vec<Word>>,
    officers: Vec<Officer<'a>>,
    bids: Vec<(Bidder<'a>, SealedBid, String)>,
}

impl<'a> Scene<'a> {
    fn set(app: &'a TestApp, bids: u32, remedy: bool) -> Self {
        let (tender, officers) = app.published_shared_works(remedy);
        let policy = app.seal_policy(&tender);
        let bids = (1..=bids)
            .map(|number| {
                let bidder = app.bidder(number);
                let bid = bidder.seal(&policy, &format!("180000{number:02}.00"));
                let id = bidder.submit(&tender, &bid, "one").expect(201).text_at("/bidId");
                (bidder, bid, id)
            })
            .collect();
        let clauses = policy.policy().clauses.clone();
        Self { app, tender, clauses, officers, bids }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/tenders/{}/opening{rest}", self.tender)
    }

    /// What a holder releases of a bid: the bidder by its own key, an officer by the officer's.
    fn share(&self, bid: usize, clause: usize, member: &str, officer: Option<&Officer<'_>>) -> String {
        let (_, sealed, _) = &self.bids[bid];
        let mut shares = sealed.envelope.shares.iter();
        let share =
            shares.find(|one| usize::try_from(one.clause) == Ok(clause) && one.member.as_str() == member);
        let identity = officer.map_or(&sealed.own, |officer| &officer.identity);
        let opened = open_share(share.unwrap(), &self.clauses[clause], identity).unwrap();
        secrecy::ExposeSecret::expose_secret(&opened).to_owned()
    }

    fn post(&self, login: &str, bid: usize, clause: usize, member: &str, share: &str) -> Answer {
        let body = json!({"bidId": self.bids[bid].2, "clause": clause, "member": member, "share": share});
        self.app.as_(login).post(&self.path("/shares"), &body)
    }

    /// A bidder releases its share of a clause.
    fn bidder(&self, bid: usize, clause: usize) -> Answer {
        let share = self.share(bid, clause, "bidder", None);
        self.post(&self.bids[bid].0.login, bid, clause, "bidder", &share).expect(200)
    }

    /// An officer releases its body's share of a clause.
    fn officer(&self, officer: usize, bid: usize, clause: usize) -> Answer {
        let officer = &self.officers[officer];
        let share = self.share(bid, clause, officer.member, Some(officer));
        self.post(&officer.login, bid, clause, officer.member, &share)
    }

    fn record(&self) -> Answer {
        self.app.public().get(&self.path("/record"))
    }

    /// Outcome, members that opened it and price of every bid.
    fn outcomes(&self) -> Vec<Value> {
        let record = self.record().expect(200);
        let lines = record["bids"].as_array().unwrap().iter();
        lines.map(|line| json!([line["outcome"], line["openedBy"], line["price"]["amount"]])).collect()
    }
}

const AGENCY: usize = 0;
const CENTRE: usize = 2;
const SUPERVISOR: usize = 4;

#[test]
fn each_bid_becomes_what_the_table_of_outcomes_says() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app, 7, false);
    app.hold(DEADLINE);
    // 0: bidder and agency. 1: the agency is absent. 2: the bidder is absent. 3: both officers are absent. 4: the
    // bidder releases what is not its share. 5: the bidder is absent by no fault of its own. 6: a slip, put right.
    assert_eq!(scene.officer(AGENCY, 0, 0).expect(200)["opens"], Value::Null);
    assert_eq!(scene.bidder(0, 0)["opens"], true);
    scene.bidder(1, 0);
    scene.bidder(1, 1);
    scene.officer(CENTRE, 1, 1).expect(200);
    scene.officer(AGENCY, 2, 0).expect(200);
    scene.officer(CENTRE, 2, 1).expect(200);
    scene.bidder(3, 0);
    scene.bidder(3, 1);
    let garbage = STANDARD.encode([7; 74]);
    for (clause, officer) in [(0, AGENCY), (1, CENTRE)] {
        scene.post(&scene.bids[4].0.login, 4, clause, "bidder", &garbage).expect(200);
        assert_eq!(scene.officer(officer, 4, clause).expect(200)["opens"], false);
    }
    // The share of another bid is one of these too.
    let other = scene.share(0, 0, "bidder", None);
    scene.officer(AGENCY, 6, 0).expect(200);
    let mistaken = scene.post(&scene.bids[6].0.login, 6, 0, "bidder", &other).expect(200);
    assert_eq!(mistaken["opens"], false);
    assert_eq!(scene.bidder(6, 0)["opens"], true);
    // Past a bidder nobody opens, unless the supervision office has ordered it.
    scene.officer(AGENCY, 5, 2).expect(409).problem("recovery-not-ordered").by_rule("O20 31", "31");
    let order = json!({"bidIds": [scene.bids[5].2], "reason": "该投标人所在地电信故障，已核实"});
    let recovery = scene.path("/recovery");
    for login in ["agency.one", "operator.league", "bidder.0006"] {
        app.as_(login).post(&recovery, &order).expect(403);
    }
    app.as_("supervisor.finance").post(&recovery, &order).expect(403);
    app.as_("supervisor.office").post(&recovery, &order).expect(200);
    app.as_("supervisor.office").post(&recovery, &order).expect(409).problem("duplicate");
    for officer in [AGENCY, CENTRE, SUPERVISOR] {
        scene.officer(officer, 5, 2).expect(200);
        scene.officer(officer, 2, 2).expect(409).problem("recovery-not-ordered");
    }

    let opening = app.public().get(&scene.path("")).expect(200);
    assert_eq!((&opening["bids"], &opening["released"]), (&json!(7), &json!(4)));
    app.hold(LAST);
    scene.record().expect(404);
    app.hold(OVER);
    let none = Value::Null;
    assert_eq!(
        scene.outcomes(),
        [
            json!(["opened", ["bidder", "agency"], "18000001.00"]),
            json!(["opened", ["bidder", "centre"], "18000002.00"]),
            json!(["revoked", none, null]),
            json!(["withdrawn", none, null]),
            json!(["revoked", none, null]),
            json!(["opened", ["agency", "centre", "supervisor"], "18000006.00"]),
            json!(["opened", ["bidder", "agency"], "18000007.00"]),
        ]
    );
    let record = scene.record().expect(200);
    assert_eq!(
        (&record["received"], &record["opened"], &record["revoked"], &record["withdrawn"]),
        (&json!(7), &json!(4), &json!(2), &json!(1))
    );
    let said = |bid: usize, member: &str| record["bids"][bid][member].as_str().unwrap_or_default().to_owned();
    assert_eq!(said(5, "recovery"), "该投标人所在地电信故障，已核实");
    assert!(said(2, "failure").contains("bidder released nothing"), "{record:?}");
    assert!(said(3, "failure").contains("agency released nothing"), "{record:?}");
    assert!(said(4, "failure").contains("bidder + agency：份额与该投标不符"), "{record:?}");
    assert_eq!(record["bids"][1]["recovery"], Value::Null);
    // Published at once, and nothing is taken any more.
    let notices = app.public().get("/api/v1/notices?kind=openingRecord").expect(200);
    assert_eq!(notices["items"].as_array().unwrap().len(), 1);
    scene.officer(AGENCY, 3, 0).expect(409).problem("wrong-state");
    let states: Vec<String> =
        app.sql().values("SELECT revoked_reason FROM bids WHERE state = 'revoked' ORDER BY seq", &[]);
    assert_eq!(states.len(), 3);
    assert!(states[1].starts_with("因投标人之外的原因"), "{states:?}");
}

#[test]
fn the_remedy_opens_without_the_bidder_but_never_before_the_window_is_over() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app, 3, true);
    app.hold(DEADLINE);
    // Of each body the first officer's key is lost; the second's serves. One bidder comes.
    let second = |first: usize| first + 1;
    for bid in 0..3 {
        for body in [AGENCY, CENTRE, SUPERVISOR] {
            scene.officer(second(body), bid, 2).expect(200);
        }
    }
    app.hold(LAST);
    // All can be opened, and two bidders may still come.
    scene.record().expect(404);
    scene.officer(second(CENTRE), 0, 1).expect(200);
    scene.bidder(0, 1);
    scene.officer(AGENCY, 0, 2).expect(409).problem("duplicate");
    app.hold(OVER);
    let three = json!(["agency", "centre", "supervisor"]);
    assert_eq!(
        scene.outcomes(),
        [
            json!(["opened", ["bidder", "centre"], "18000001.00"]),
            json!(["opened", three, "18000002.00"]),
            json!(["opened", three, "18000003.00"]),
        ]
    );
    let record = scene.record().expect(200);
    assert_eq!(record["bids"][0]["recovery"], Value::Null);
    assert!(record["bids"][1]["recovery"].as_str().unwrap().contains("补救方案"), "{record:?}");
    // An order would have been idle: the document provides for it.
    let facts: Value =
        app.sql().value("SELECT body->'facts' FROM log_pending WHERE act = 'opening.concluded'", &[]);
    assert_eq!(facts["recovered"], 2);
}

#[test]
fn with_every_bidder_there_all_open_at_once_and_before_the_window_is_over() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app, 3, false);
    app.hold(DEADLINE);
    let list = |login: &str| app.as_(login).get(&scene.path("/shares")).expect(200);
    // An agency's officer holds two shares of each bid; the one without the bidder is not wanted.
    let shares = list("agency.one.second");
    let items = shares["items"].as_array().unwrap();
    assert_eq!(items.len(), 6);
    assert!(items.iter().all(|item| item["member"] == "agency" && item["released"] == false));
    assert!(items.iter().all(|item| item["recovery"] != item["wanted"]), "{shares:?}");
    assert_eq!(list("bidder.0002")["items"].as_array().unwrap().len(), 2);
    assert_eq!(list("supervisor.office")["items"].as_array().unwrap().len(), 3);
    for login in ["agency.two", "bidder.0100", "operator.taibus", "supervisor.finance", "expert.001"] {
        app.as_(login).get(&scene.path("/shares")).expect(403);
    }
    app.public().get(&scene.path("/shares")).expect(401);

    let officer = &scene.officers[1];
    let body = |bid: usize| {
        let share = scene.share(bid, 0, "agency", Some(officer));
        json!({"bidId": scene.bids[bid].2, "clause": 0, "member": "agency", "share": share})
    };
    let batch =
        |items: Value| app.as_(&officer.login).post(&scene.path("/shares/batch"), &json!({"items": items}));
    let mut wrong = body(1);
    wrong["share"] = "AAAA".into();
    batch(json!([body(0), wrong])).expect(422).problem("secret-does-not-fit").points_to("/items/1/share");
    wrong["clause"] = 3.into();
    batch(json!([body(0), wrong])).expect(422).points_to("/items/1/clause");
    batch(json!([])).expect(422).points_to("/items");
    let mut foreign = body(1);
    foreign["member"] = "centre".into();
    batch(json!([body(0), foreign])).expect(404);
    assert_eq!(app.sql().value::<i64>("SELECT count(*) FROM opening_shares", &[]), 0, "all or none");
    batch(json!([body(0), body(1), body(2)])).expect(200);
    // Sent again, nothing changes; one by one it is refused.
    let before: i64 = app.sql().value("SELECT count(*) FROM log_pending", &[]);
    batch(json!([body(0), body(1), body(2)])).expect(200);
    assert_eq!(app.sql().value::<i64>("SELECT count(*) FROM log_pending", &[]), before);
    app.as_(&officer.login).post(&scene.path("/shares"), &body(0)).expect(409).problem("duplicate");
    assert!(list("agency.one")["items"][0]["released"].as_bool().unwrap());

    scene.bidder(0, 0);
    scene.bidder(1, 0);
    app.hold("2026-03-16T09:31:00+08:00");
    scene.record().expect(404);
    scene.bidder(2, 0);
    app.hold("2026-03-16T09:31:01+08:00");
    let opened = scene.outcomes();
    assert!(opened.iter().all(|line| line[1] == json!(["bidder", "agency"])), "{opened:?}");
    assert_eq!(opened.len(), 3);
}

#[test]
fn fewer_than_three_bids_release_no_share() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app, 2, true);
    // Before the deadline there is nothing to read and nothing to release, for officers either.
    for login in ["agency.one", "operator.league", "supervisor.office", "bidder.0001"] {
        app.as_(login).get(&scene.path("/shares")).expect(404);
        app.as_(login).get(&scene.path("/archive")).expect(404);
    }
    app.public().get(&scene.path("/hashes")).expect(404);
    scene.officer(AGENCY, 0, 0).expect(404);
    app.hold(DEADLINE);
    for officer in [AGENCY, CENTRE, SUPERVISOR] {
        app.as_(&scene.officers[officer].login).get(&scene.path("/shares")).expect(404);
        let refused = scene.officer(officer, 0, 2);
        assert!(matches!(refused.status, 403 | 404 | 409), "{refused:?}");
    }
    app.hold(OVER);
    assert_eq!(app.sql().value::<i64>("SELECT count(*) FROM opening_shares", &[]), 0);
    assert_eq!(app.sql().value::<i64>("SELECT count(*) FROM opened_bids", &[]), 0);
    app.as_("supervisor.office").get(&scene.path("/archive")).expect(404);
    // That both were there, both can see.
    let hashes = app.public().get(&scene.path("/hashes")).expect(200);
    assert_eq!(hashes["count"], 2);
}

#[test]
fn whoever_likes_counts_the_bids_and_supervision_opens_them_again() {
    let app = TestApp::sandbox(START);
    let scene = Scene::set(&app, 3, true);
    let later = scene.bids[1].0.seal_revision(
        &app.seal_policy(&scene.tender),
        "17000000.00",
        2,
        Some(scene.bids[1].1.digest()),
    );
    let revised = scene.bids[1].0.submit(&scene.tender, &later, "two").expect(201).text_at("/bidId");
    app.hold(DEADLINE);
    let hashes: BidHashes =
        serde_json::from_value(app.public().get(&scene.path("/hashes")).expect(200).json.clone()).unwrap();
    let digests: Vec<[u8; 32]> = hashes.items.iter().map(|item| item.envelope.0).collect();
    assert_eq!((hashes.count, digests.len()), (3, 3));
    assert_eq!(hashes.bid_root, hex::encode(merkle_root(&digests)));
    // Each finds its own: the revision that stood, not the one before.
    let stood: HashSet<[u8; 32]> = digests.iter().copied().collect();
    assert!(stood.contains(&later.digest().0) && !stood.contains(&scene.bids[1].1.digest().0));
    let number = |bid: usize| if bid == 1 { revised.clone() } else { scene.bids[bid].2.clone() };
    for bid in 0..3 {
        let sealed = if bid == 1 { &later } else { &scene.bids[bid].1 };
        for officer in [AGENCY, CENTRE, SUPERVISOR] {
            let officer = &scene.officers[officer];
            let share =
                sealed.envelope.shares.iter().rfind(|one| one.member.as_str() == officer.member).unwrap();
            let text = officer.open(share, &scene.clauses[2]);
            let body = json!({"bidId": number(bid), "clause": 2, "member": officer.member, "share": text});
            app.as_(&officer.login).post(&scene.path("/shares"), &body).expect(200);
        }
    }
    app.as_("supervisor.office").get(&scene.path("/archive")).expect(404);
    app.hold(OVER);
    for login in
        ["agency.one", "operator.league", "bidder.0001", "purchaser.taibus", "supervisor.finance", "admin"]
    {
        app.as_(login).get(&scene.path("/archive")).expect(404);
    }
    let mut prices = Vec::new();
    let mut after = 0;
    loop {
        let path = scene.path(&format!("/archive?limit=2&after={after}"));
        let page = app.as_("supervisor.audit").get(&path).expect(200);
        let page: OpeningArchive = serde_json::from_value(page.json.clone()).unwrap();
        for bid in &page.items {
            let secret = SecretString::from(bid.secret.clone().unwrap());
            let ciphertext = STANDARD.decode(bid.ciphertext.as_deref().unwrap()).unwrap();
            let opened = open(&bid.envelope, &ciphertext, &secret).unwrap();
            prices.push(opened.manifest.price().unwrap().unwrap().to_string());
            assert!(stood.contains(&bid.envelope.digest().unwrap().0));
        }
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(prices, ["18000001.00", "18000003.00", "17000000.00"]);
    app.as_("supervisor.audit").get(&scene.path("/archive?limit=21")).expect(422).points_to("?limit");
}
