//! The answer as its readers meet it.

use serde_json::{Value, json};

use super::*;
use crate::{
    law::Law,
    platform::{http::body::parse, policy_file::PolicySource},
};

/// The answer as JSON, or the pointers of what was wrong.
fn ask(body: &Value) -> Result<Value, Vec<String>> {
    let text = body.to_string();
    let law = Law::load(&PolicySource::BuiltIn).unwrap();
    let read = parse::<PreviewRequest>(text.as_bytes()).map_err(Problem::from);
    let answer = read.and_then(|request| preview(&law, "2026-03-02".parse().unwrap(), request));
    match answer {
        Ok(answer) => Ok(serde_json::to_value(answer).unwrap()),
        Err(Problem::Rejection(rejection)) => {
            assert_eq!(rejection.code.status(), 422);
            Err(rejection.errors.into_iter().map(|error| error.pointer).collect())
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn works() -> Value {
    json!({
        "method": "engComprehensive",
        "parameters": {
            "benchmark": "trimmedMean", "ceiling": "10200000.00", "fullMarks": "40", "kAbove": "1",
            "kBelow": "0.5", "scoreDecimals": 2
        },
        "offers": [
            {"id": "A", "price": "9500000.00"}, {"id": "B", "price": "9800000.00"},
            {"id": "C", "price": "9200000.00"}, {"id": "D", "price": "9650000.00"},
            {"id": "E", "price": "10000000.00"}, {"id": "F", "price": "10200000.01"}
        ]
    })
}

#[test]
fn works_are_previewed_with_the_arithmetic_laid_open() {
    let said = ask(&works()).unwrap();
    assert_eq!(said["benchmark"], "9650000.00");
    assert_eq!(said["outcome"], "ranked");
    assert_eq!(
        said["results"][0],
        json!({"id": "D", "priceScore": "40.00", "total": "40.00", "rank": 1,
               "working": "40 − 1 × 100 × (9650000.00 × 3 − 28950000.00) ÷ 28950000.00 = 40 → 40.00"})
    );
    assert_eq!(said["results"][1]["id"], "A");
    assert_eq!(said["results"][5]["excluded"]["code"], "aboveCeiling");
    assert!(said["results"][5].get("total").is_none());
    assert_eq!(
        said["workings"][0]["en"],
        "6 offers; 1 above the ceiling 10200000.00, rejected before the benchmark: F (10200000.01); 5 effective"
    );
    assert!(said["workings"].as_array().unwrap().iter().all(|line| line["zh"] != "" && line["en"] != ""));
}

#[test]
fn a_purchase_is_previewed() {
    let said = ask(&json!({
        "method": "gpComprehensive", "parameters": {"priceWeight": "30"},
        "offers": [
            {"id": "A", "price": "1000000.00", "otherScore": "62.40"},
            {"id": "B", "price": "950000.00", "otherScore": "57.10"},
            {"id": "C", "price": "1100000.00", "deductionPercent": "10", "otherScore": "60.10"}
        ]
    }))
    .unwrap();
    assert_eq!(said["results"][1]["id"], "C");
    assert_eq!(said["results"][1]["adjustedPrice"], "990000.00");
    assert_eq!(said["results"][1]["priceScore"], "28.79");
    assert_eq!(said["results"][1]["total"], "88.89");
    assert_eq!(said["results"][1]["rank"], 2);
}

#[test]
fn a_tie_is_shown_and_awaits_a_draw() {
    let mut body = works();
    body["offers"] =
        json!([{"id": "x", "price": "1"}, {"id": "y", "price": "1.00"}, {"id": "z", "price": "2"}]);
    let said = ask(&body).unwrap();
    assert_eq!(said["outcome"], "drawNeeded");
    assert_eq!((&said["results"][1]["rank"], &said["results"][1]["tied"]), (&json!(1), &json!(true)));
    assert_eq!(said["results"][2]["rank"], 3);
}

#[test]
fn each_wrong_place_has_its_pointer() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 14] = [
        ("/method", |it| it["method"] = json!("lowest")),
        ("/parameters/kAbove", |it| it["parameters"]["kAbove"] = json!(1)),
        ("/parameters/fullMarks", |it| it["parameters"]["fullMarks"] = json!("0")),
        ("/parameters/scoreDecimals", |it| it["parameters"]["scoreDecimals"] = json!(1)),
        ("/parameters/priceWeight", |it| it["parameters"]["priceWeight"] = json!("30")),
        ("/parameters/benchmark", |it| it["parameters"]["benchmark"] = json!("median")),
        ("/parameters", |it| it["parameters"] = json!({})),
        ("/parameters", |it| it["parameters"] = json!("none")),
        ("/offers", |it| it["offers"] = json!([])),
        ("/offers/1/id", |it| it["offers"][1]["id"] = json!("A")),
        ("/offers/2/price", |it| it["offers"][2]["price"] = json!(9200000)),
        ("/offers/2/price", |it| it["offers"][2]["price"] = json!("9.2e6")),
        ("/offers/3/colour", |it| it["offers"][3]["colour"] = json!("red")),
        ("/surprise", |it| it["surprise"] = json!(1)),
    ];
    for (pointer, change) in cases {
        let mut body = works();
        change(&mut body);
        assert_eq!(ask(&body).unwrap_err(), [pointer]);
    }
}

#[test]
fn five_thousand_offers_are_scored_and_one_more_is_refused() {
    let offers = |count: usize| -> Value {
        (0..count).map(|at| json!({"id": at.to_string(), "price": format!("{}", 9_000_000 + at)})).collect()
    };
    let mut body = works();
    body["offers"] = offers(5000);
    assert_eq!(ask(&body).unwrap()["results"].as_array().unwrap().len(), 5000);
    body["offers"] = offers(5001);
    assert_eq!(ask(&body).unwrap_err(), ["/offers"]);
}
