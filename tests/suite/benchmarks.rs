//! What a document of works leaves to chance or to the committee's arithmetic, from the document to the report.

use serde_json::{Value, json};
use tenderhall::kernel::Seed;

use crate::{
    evaluation::{DRAW, Tender, works_slots},
    support::{
        TestApp,
        works::{DEADLINE, START, works_document},
    },
};

/// Checks everybody in and begins.
fn begin(app: &TestApp, tender: &Tender<'_>, members: &[String]) {
    for member in members {
        app.as_(member).act(&tender.path("evaluation/check-in")).expect(200);
    }
    app.as_("agency.one").act(&tender.path("evaluation/start")).expect(200);
}

/// Draws the committee of the works and answers who was called.
fn committee(app: &TestApp, tender: &Tender<'_>) -> Vec<String> {
    let draw = tender.draw(works_slots());
    app.hold(DRAW);
    app.as_("purchaser.taibus").act(&format!("/api/v1/draws/{draw}/witnesses")).expect(200);
    app.as_("operator.league").act(&format!("/api/v1/draws/{draw}/run")).expect(200);
    tender.called()
}

/// Seals, hands in and releases a bid of each of the first bidders; answers the bids' ids.
fn real_opening(app: &TestApp, tender: &str, prices: &[&str]) -> Vec<String> {
    let policy = app.seal_policy(tender);
    let bids: Vec<_> = (1..)
        .zip(prices)
        .map(|(number, price)| {
            let bidder = app.bidder(number);
            let sealed = bidder.seal(&policy, price);
            let id = bidder.submit(tender, &sealed, "one").expect(201).text_at("/bidId");
            (bidder.login, id, sealed.secret)
        })
        .collect();
    app.hold(DEADLINE);
    for (login, id, secret) in &bids {
        let share = json!({"bidId": id, "clause": 0, "member": "bidder", "share": secret});
        app.as_(login).post(&format!("/api/v1/tenders/{tender}/opening/shares"), &share).expect(200);
    }
    app.hold("2026-03-16T10:01:00+08:00");
    bids.into_iter().map(|(_, id, _)| id).collect()
}

fn seed_of(record: &Value) -> Seed {
    let hex = record.pointer("/benchmarkDraw/seed").unwrap().as_str().unwrap();
    Seed(hex::decode(hex).unwrap().try_into().unwrap())
}

#[test]
fn a_sample_is_drawn_at_the_opening_and_makes_the_benchmark() {
    let app = TestApp::sandbox(START);
    let mut document = works_document("19000000.00");
    document["evaluation"]["price"]["parameters"]["benchmark"] = json!("randomSample");
    document["evaluation"]["price"]["parameters"]["sample"] = json!({"size": 3});
    let tender = Tender::works_by(&app, &document);
    let prices = ["18000000.00", "18100000.00", "18200000.00", "18300000.00", "18400000.00"];
    let members = committee(&app, &tender);
    let bids = real_opening(&app, &tender.id, &prices);

    // The record is public, and anyone can draw again from its seed.
    let record = app.public().get(&tender.path("opening/record")).expect(200).json;
    let seed = seed_of(&record);
    let mut order = bids.clone();
    order.sort_by_key(|id| seed.place(id));
    assert_eq!(record["benchmarkDraw"]["order"], json!(order));
    let sql = app.sql();
    let noticed: i64 = sql.value(
        "SELECT count(*) FROM notices WHERE kind = 'openingRecord' AND position($1 IN notices::text) > 0",
        &[&seed.to_hex()],
    );
    assert_eq!(noticed, 1, "the opening's notice names the seed");
    let logged: i64 = sql.value(
        "SELECT count(*) FROM log_pending WHERE act = 'opening.concluded' AND position($1 IN body::text) > 0",
        &[&seed.to_hex()],
    );
    assert_eq!(logged, 1);
    let changed = sql.refused("UPDATE openings SET benchmark_draw = NULL");
    assert!(!changed.is_empty(), "no draw is taken back without an entry");

    // The first that was drawn is failed by the committee: the next one in the order takes its place.
    begin(&app, &tender, &members);
    let fail = json!([{"bidId": order[0], "reason": "施工组织设计缺项"}]);
    for member in &members {
        let sheet = json!({"technical": {"default": "pass", "fail": fail}});
        app.as_(member).post(&tender.path("scores"), &sheet).expect(200);
    }
    app.as_("agency.one").act(&tender.path("report")).expect(200);
    let report = app.as_(&members[0]).get(&tender.path("report")).expect(200).json;
    assert_eq!(report["report"]["benchmarkDraw"], record["benchmarkDraw"]);
    let price = |id: &String| prices[bids.iter().position(|bid| bid == id).unwrap()];
    let mut sample: Vec<&str> = order[1..4].iter().map(price).collect();
    sample.sort_unstable();
    assert_eq!(report["report"]["benchmark"], sample[1], "the extremes of three go out, one is left");
    assert!(report["report"]["workings"][0]["zh"].as_str().unwrap().contains(&seed.to_hex()));
    assert_eq!(report["report"]["effective"], 4);
}

#[test]
fn lambda_is_drawn_of_what_the_document_discloses() {
    let app = TestApp::sandbox(START);
    let mut document = works_document("19000000.00");
    let parameters = &mut document["evaluation"]["price"]["parameters"];
    parameters["benchmark"] = json!("floating");
    parameters["floatChoices"] = json!(["1", "2", "2.5", "3"]);
    let tender = Tender::works_by(&app, &document);
    let prices = ["18000000.00", "18100000.00", "18200000.00"];
    real_opening(&app, &tender.id, &prices);
    let record = app.public().get(&tender.path("opening/record")).expect(200).json;
    let seed = seed_of(&record);
    let drawn =
        ["1", "2", "2.5", "3"].into_iter().min_by_key(|one| seed.place(&format!("floatPercent|{one}")));
    assert_eq!(record["benchmarkDraw"], json!({"seed": seed.to_hex(), "floatPercent": drawn}));
}

#[test]
fn works_go_to_the_lowest_evaluated_price() {
    let app = TestApp::sandbox(START);
    let mut document = works_document("19000000.00");
    document["evaluation"]["price"] = json!({"method": "engLowestEvaluated", "parameters": {
        "ceiling": "19000000.00",
        "quantified": [{"key": "delay", "what": "工期", "standard": "每延长一日加价5000元"}],
    }});
    document["evaluation"]["smallEnterprisePercent"] = json!("3");
    let tender = Tender::works_by(&app, &document);
    let members = committee(&app, &tender);
    let bids = tender.opened(&[
        ("bidder.0001", "8600000.00", json!({"smallEnterprise": true})),
        ("bidder.0002", "8450000.00", json!({})),
        ("bidder.0003", "8500000.00", json!({})),
    ]);
    begin(&app, &tender, &members);
    let sheet = |third: &str| {
        json!({"technical": {"default": "pass", "fail": []}, "deviations": [
            {"bidId": bids[1], "amounts": {"delay": "200000.00"}},
            {"bidId": bids[2], "amounts": {"delay": third}},
        ]})
    };
    let scores = tender.path("scores");
    let without = json!({"technical": {"default": "pass", "fail": []}});
    app.as_(&members[0]).post(&scores, &without).expect(422).points_to("/deviations");
    let foreign = json!({"technical": {"default": "pass", "fail": []},
        "deviations": [{"bidId": bids[1], "amounts": {"beauty": "1.00"}}]});
    app.as_(&members[0]).post(&scores, &foreign).expect(422).points_to("/deviations/0/amounts/beauty");
    for (member, third) in members.iter().zip(["50000.00", "50000.00", "50000.00", "0.00", "0.01"]) {
        app.as_(member).post(&scores, &sheet(third)).expect(200);
    }
    app.as_("agency.one").act(&tender.path("report")).expect(200);
    let report = app.as_(&members[0]).get(&tender.path("report")).expect(200);
    let ranked: Vec<_> = report["report"]["ranked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bid| (bid["bid"].clone(), bid["adjustedPrice"].clone(), bid["price"]["amount"].clone()))
        .collect();
    // 8,600,000 × 97 %; 8,500,000 + 150,000.01 ÷ 5; 8,450,000 + 200,000. The contract takes the bid itself.
    let expected =
        [(0, "8342000", "8600000.00"), (2, "8530000.00", "8500000.00"), (1, "8650000.00", "8450000.00")]
            .map(|(bid, evaluated, price)| (json!(bids[bid]), json!(evaluated), json!(price)));
    assert_eq!(ranked, expected);
    assert_eq!(report["report"]["candidates"], json!([bids[0], bids[2], bids[1]]));
    let told = report["report"]["ranked"][2]["working"].as_str().unwrap();
    assert!(told.contains("200000.00 (工期)"), "{told}");
}
