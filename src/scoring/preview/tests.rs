//! The answer as its readers meet it.

use serde_json::{Value, json};

use super::*;
use crate::{
    law::Law,
    platform::{http::body::parse, policy_file::PolicySource},
};

/// The answer as JSON, or the pointers of what was wrong.
pub(super) fn ask(body: &Value) -> Result<Value, Vec<String>> {
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

pub(super) fn works() -> Value {
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

/// The catalogue's methods and examples.
fn catalogue() -> crate::scoring::catalogue::MethodsAnswer {
    let law = Law::load(&PolicySource::BuiltIn).unwrap();
    crate::scoring::catalogue::methods(&law, "2026-03-02".parse().unwrap()).unwrap()
}

#[test]
fn every_method_is_listed_with_an_example_that_can_be_sent() {
    let listed = catalogue();
    assert_eq!(listed.methods.len(), 9);
    let lead = |name: &str| {
        let method = listed.methods.iter().find(|it| json!(it.name) == name).unwrap();
        let said = ask(&method.example).unwrap_or_else(|pointers| panic!("{name}: {pointers:?}"));
        assert!(said["workings"].as_array().unwrap().iter().all(|line| line["zh"] != "" && line["en"] != ""));
        said["results"][0]["id"].as_str().unwrap().to_owned()
    };
    let leads = [
        ("engComprehensive", "4"),
        ("engLowestEvaluated", "C"),
        ("gpComprehensive", "A"),
        ("gpConsultation", "1"),
        ("gpLowestPrice", "A"),
        ("negotiation", "乙"),
        ("inquiry", "甲"),
        ("frameworkEntry", "1"),
        ("frameworkSecondRound", "丙"),
    ];
    for (name, first) in leads {
        assert_eq!(lead(name), first, "{name}");
    }
}

#[test]
fn the_catalogue_names_the_rules_and_parameters_that_there_are() {
    use utoipa::PartialSchema;

    let law = Law::load(&PolicySource::BuiltIn).unwrap();
    let written: Value = serde_json::from_str(include_str!("../methods.json")).unwrap();
    let schemas = serde_json::to_value(crate::scoring::method::MethodText::schema()).unwrap();
    let mut parameters = std::collections::BTreeMap::new();
    let mut parts = Vec::new();
    <crate::scoring::method::MethodText as utoipa::ToSchema>::schemas(&mut parts);
    for one in schemas["oneOf"].as_array().unwrap() {
        let place = one["properties"]["parameters"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        let schema = parts.iter().find(|(name, _)| name == place).unwrap();
        parameters.insert(
            one["properties"]["method"]["enum"][0].as_str().unwrap().to_owned(),
            serde_json::to_value(&schema.1).unwrap(),
        );
    }
    assert_eq!(parameters.len(), 9);
    for method in written.as_array().unwrap() {
        let name = method["name"].as_str().unwrap();
        for key in method["rules"].as_array().unwrap() {
            let key = key.as_str().unwrap();
            assert!(law.all_rules().any(|rule| rule.key() == key), "{name}: no rule {key}");
        }
        let named: std::collections::BTreeMap<String, bool> = method["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (it["name"].as_str().unwrap().to_owned(), it["required"] == true))
            .collect();
        let schema = &parameters[name];
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema["properties"].as_object();
        let expected: std::collections::BTreeMap<String, bool> = properties
            .into_iter()
            .flat_map(|all| all.keys())
            .map(|key| (key.clone(), required.contains(&key.as_str())))
            .collect();
        assert_eq!(named, expected, "{name}");
    }
}

#[test]
fn law_is_shown_as_of_the_day() {
    let law = Law::load(&PolicySource::BuiltIn).unwrap();
    let keys = |day: &str| {
        let listed = crate::scoring::catalogue::methods(&law, day.parse().unwrap()).unwrap();
        let purchase = listed.methods.into_iter().find(|it| json!(it.name) == "gpComprehensive").unwrap();
        purchase.rules.into_iter().map(|rule| rule.key).collect::<Vec<_>>()
    };
    let has = |day: &str, key: &str| keys(day).iter().any(|one| one == key);
    assert!(!has("2026-01-31", "ALP/mean") && has("2026-02-01", "ALP/mean"));
    assert!(has("2015-06-01", "C.1/goodsMost") && !has("2026-03-02", "C.1/goodsMost"));
    assert!(!has("2025-12-31", "EV-2f") && has("2026-01-01", "EV-2f"));
}
