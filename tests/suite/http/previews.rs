//! What anybody may ask without a token; the examples are those of the public contract.

use serde_json::{Value, json};

use crate::support::{TestApp, works::START};

#[test]
fn where_a_project_must_trade() {
    let app = TestApp::sandbox(START);
    let ask = |body: &Value| app.public().post("/api/v1/venue-decisions/preview", body);
    let taibus = |investment: &str, area: Option<&str>| {
        let mut body = json!({"regionCode": "152527", "level": "county", "category": "engineering",
                              "investment": investment});
        if let Some(area) = area {
            body["floorArea"] = area.into();
        }
        body
    };
    for (body, scope, centre, rule) in [
        (taibus("20000000.00", Some("3000")), "league", "152500", "RT-1"),
        (taibus("19999999.99", Some("9999.99")), "own", "152527", "RT-6"),
        (taibus("5000000.00", Some("10000.00")), "league", "152500", "RT-2"),
        (taibus("5000000.00", None), "own", "152527", "RT-6"),
    ] {
        let answer = ask(&body).expect(200);
        assert_eq!(
            (&answer["scope"], &answer["centreCode"], &answer["ruleId"]),
            (&json!(scope), &json!(centre), &json!(rule)),
            "{body}"
        );
        assert!(answer["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty()));
    }
    let mut body = taibus("20000000.00", Some("10000"));
    assert_eq!(ask(&body).expect(200)["fired"], json!(["RT-1", "RT-2"]), "all that held, in order");
    body["investment"] = json!(20_000_000);
    ask(&body).expect(422).problem("invalid-request").points_to("/investment");
    let county_of_the_league = json!({"regionCode": "152500", "level": "county", "category": "engineering",
                                      "investment": "1.00"});
    ask(&county_of_the_league).expect(422);
}

#[test]
fn when_a_period_ends() {
    let app = TestApp::sandbox(START);
    let ask = |body: Value| app.public().post("/api/v1/law/deadlines/preview", &body);
    let answer = ask(json!({"from": "2026-02-11", "length": 1, "unit": "workingDay"})).expect(200);
    assert_eq!(answer["endsOn"], "2026-02-12");
    let weekend = ask(json!({"from": "2026-03-18", "length": 3, "unit": "calendarDay"})).expect(200);
    assert_eq!(weekend["endsOn"], "2026-03-23", "03-21 is a Saturday");
    // The last day of the last calendar can be reached and counted back from; past it nothing is guessed.
    let count = |from: &str, length: i64, direction: &str| {
        ask(json!({"from": from, "length": length, "unit": "workingDay", "direction": direction}))
    };
    assert_eq!(count("2026-12-30", 1, "forward").expect(200)["endsOn"], "2026-12-31");
    assert_eq!(count("2026-12-31", 1, "backward").expect(200)["endsOn"], "2026-12-30");
    count("2026-12-31", 1, "forward").expect(422).problem("calendar-unavailable");
    for length in [0, -1, -10_000, 10_000, i64::MAX] {
        count("2026-03-02", length, "forward").expect(422).points_to("/length");
    }
    assert_eq!(count("2024-02-29", 1, "forward").expect(200)["endsOn"], "2024-03-01");
    count("2026-02-29", 1, "forward").expect(422).points_to("/from");
}

#[test]
fn what_the_law_says_on_a_day() {
    let app = TestApp::sandbox(START);
    let today = app.public().get("/api/v1/law").expect(200);
    assert_eq!(today["on"], "2026-02-09", "the hall's day");
    let rule = |answer: &Value, key: &str| {
        let rules = answer["rules"].as_array().unwrap();
        rules.iter().find(|rule| rule["key"] == key).cloned()
    };
    let issue = rule(&today.json, "ENG-4").unwrap();
    assert_eq!(issue["number"]["en"], "at least 20 calendar days");
    assert_eq!((&issue["source"], &issue["article"]), (&json!("招标投标法"), &json!("24")));
    let named = |answer: &Value| answer["procedures"].as_array().unwrap().len();
    assert_eq!(named(&today.json), 2);
    assert_eq!(today["settings"]["drawBackups"], 2, "settings stand apart");
    let before = app.public().get("/api/v1/law?on=1999-12-31").expect(200);
    assert!(rule(&before.json, "ENG-4").is_none() && named(&before.json) == 0);
    app.public().get("/api/v1/law?on=2026-02-30").expect(422);

    app.public().get("/api/v1/law?on=-0001-01-01").expect(422);

    let catalogue = app.public().get("/api/v1/catalogue").expect(200);
    let items = catalogue["items"].as_array().unwrap();
    assert_eq!((&catalogue["edition"], items.len()), (&json!("2014-02"), 152));
    assert!(items.iter().all(|item| item["source"] == "sample"), "the published list names no item");
    app.public().get("/api/v1/catalogue?on=2014-01-31").expect(404);

    let year = app.public().get("/api/v1/law/calendar/2026").expect(200);
    assert_eq!((&year["workingDays"], year["worked"].as_array().unwrap().len()), (&json!(248), 6));
    assert_eq!(year["off"][0], json!({"date": "2026-01-01", "name": {"zh": "元旦", "en": "New Year's Day"}}));
    app.public().get("/api/v1/law/calendar/2027").expect(404);
    app.public().get("/api/v1/law/calendar/next").expect(404);
}

#[test]
fn every_evaluation_method_is_told_with_an_example_that_can_be_sent() {
    let app = TestApp::sandbox(START);
    let listed = app.public().get("/api/v1/evaluation/methods").expect(200);
    assert_eq!(listed["on"], "2026-02-09", "the hall's day");
    let methods = listed["methods"].as_array().unwrap();
    assert_eq!(methods.len(), 9);
    for method in methods {
        assert_eq!(method["name"], method["example"]["method"]);
        let answer = app.public().post("/api/v1/evaluation/preview", &method["example"]).expect(200);
        assert!(answer["workings"].as_array().is_some_and(|lines| !lines.is_empty()), "{}", method["name"]);
    }
    let rules = |answer: &Value, name: &str| {
        let methods = answer["methods"].as_array().unwrap();
        let method = methods.iter().find(|method| method["name"] == name).unwrap();
        method["rules"].as_array().unwrap().clone()
    };
    let lowest = rules(&listed.json, "gpLowestPrice");
    let rule = lowest.iter().find(|rule| rule["key"] == "C.3").unwrap();
    assert_eq!((&rule["article"], &rule["mark"]), (&json!("54"), &json!("V")));
    let before = app.public().get("/api/v1/evaluation/methods?on=2015-06-01").expect(200);
    assert!(!rules(&before.json, "gpLowestPrice").iter().any(|rule| rule["key"] == "C.3"));
    app.public().get("/api/v1/evaluation/methods?on=2026-02-30").expect(422);
}

#[test]
fn what_a_scoring_rule_comes_to() {
    let app = TestApp::sandbox(START);
    let ask = |body: Value| app.public().post("/api/v1/evaluation/preview", &body);
    let works = |prices: &[(&str, &str)]| {
        let offers: Vec<Value> = prices.iter().map(|(id, price)| json!({"id": id, "price": price})).collect();
        json!({"method": "engComprehensive",
               "parameters": {"benchmark": "trimmedMean", "ceiling": "10200000.00", "fullMarks": "40",
                              "kAbove": "1", "kBelow": "0.5", "scoreDecimals": 2},
               "offers": offers})
    };
    let offers = [
        ("A", "9500000.00"),
        ("B", "9800000.00"),
        ("C", "9200000.00"),
        ("D", "9650000.00"),
        ("E", "10000000.00"),
    ];
    let answer = ask(works(&offers)).expect(200);
    assert_eq!(answer["benchmark"], "9650000.00");
    let score = |id: &str| {
        let results = answer["results"].as_array().unwrap();
        results.iter().find(|one| one["id"] == id).unwrap()["priceScore"].clone()
    };
    assert_eq!(["A", "B", "C", "D", "E"].map(score), ["39.22", "38.45", "37.67", "40.00", "36.37"]);
    ask(works(&offers[..1])).expect(200);

    let purchase = json!({
        "method": "gpComprehensive", "parameters": {"priceWeight": "30"},
        "offers": [
            {"id": "A", "price": "1000000.00", "otherScore": "62.40"},
            {"id": "B", "price": "950000.00", "otherScore": "57.10"},
            {"id": "C", "price": "1100000.00", "deductionPercent": "10", "otherScore": "60.10"}
        ]
    });
    let answer = ask(purchase).expect(200);
    let lines: Vec<(Value, Value, Value)> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].clone(), one["priceScore"].clone(), one["total"].clone()))
        .collect();
    let expected = [("A", "28.50", "90.90"), ("C", "28.79", "88.89"), ("B", "30.00", "87.10")];
    assert_eq!(lines, expected.map(|(id, price, total)| (json!(id), json!(price), json!(total))));
}
