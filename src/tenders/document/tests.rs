//! What may be written into a document, and what is refused before anybody relies on it.

use serde_json::{Value, json};

use super::{TenderDocument, check};
use crate::{kernel::Problem, law::Law, platform::policy_file::PolicySource};

fn works() -> Value {
    json!({
        "scope": "公园工程", "qualification": ["市政公用工程施工总承包二级"],
        "ceiling": {"amount": "10200000.00", "currency": "CNY"}, "termDays": 240,
        "evaluation": {
            "price": {"method": "engComprehensive", "parameters": {
                "benchmark": "trimmedMean", "ceiling": "10200000.00", "fullMarks": "100", "kAbove": "1",
                "kBelow": "0.5"
            }},
            "factors": [{"key": "price", "matter": "price", "weight": "100", "judged": "computed"}],
            "technical": "passFail", "ties": "lowerPriceThenDraw"
        },
        "contractTerms": "见第四章"
    })
}

fn goods() -> Value {
    let mut document = works();
    document["evaluation"] = json!({
        "price": {"method": "gpComprehensive", "parameters": {"priceWeight": "30"}},
        "factors": [
            {"key": "price", "matter": "price", "weight": "30", "judged": "computed"},
            {"key": "service", "matter": "afterSales", "weight": "70", "judged": "subjective"}
        ],
        "technical": "marked", "ties": "lowerPriceThenDraw"
    });
    document["setAside"] = json!({"reserved": false, "ground": "财库〔2020〕46号第六条第（三）项"});
    document
}

fn lowest() -> Value {
    let mut document = goods();
    document["evaluation"] = works()["evaluation"].clone();
    document["evaluation"]["price"] = json!({"method": "gpLowestPrice", "parameters": {}});
    document
}

/// Pointers and words of what is wrong; empty when the document may be written.
fn wrong(document: Value, procedure: &str, on: &str) -> Vec<(String, String)> {
    let law = Law::load(&PolicySource::BuiltIn).unwrap();
    let on = on.parse().unwrap();
    let document: TenderDocument = serde_json::from_value(document).unwrap();
    match check(&document, law.procedure(procedure, on).unwrap(), &law, on) {
        Ok(()) => Vec::new(),
        Err(Problem::Rejection(rejection)) => {
            assert_eq!(rejection.code.status(), 422);
            let word = |error: crate::kernel::FieldError| {
                (error.pointer.trim_start_matches("/document/evaluation/").to_owned(), error.code)
            };
            rejection.errors.into_iter().map(word).collect()
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn purchase(document: Value) -> Vec<(String, String)> {
    wrong(document, "procurement-open-goods", "2026-03-02")
}

fn tender(document: Value) -> Vec<(String, String)> {
    wrong(document, "engineering-open", "2026-03-02")
}

fn one(pointer: &str, word: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), word.to_owned())]
}

#[test]
fn what_can_be_carried_through_may_be_written() {
    for document in [goods(), lowest()] {
        assert_eq!(purchase(document), []);
    }
    let with = |parameters: Value| {
        let mut document = works();
        document["evaluation"]["price"]["parameters"] = parameters;
        document
    };
    let common = json!({"ceiling": "10200000.00", "fullMarks": "100", "kAbove": "1", "kBelow": "0.5"});
    for more in [
        json!({"benchmark": "mean"}),
        json!({"benchmark": "trimmedMean", "trimFrom": 7}),
        json!({"benchmark": "composite", "composite": {"k1": "0.98", "k2": "0.95", "q1": "0.6"}}),
        json!({"benchmark": "threePart", "threePart": {"reductionPercent": "6", "k": "0.97"}}),
    ] {
        let mut parameters = common.clone();
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(tender(with(parameters)), [], "{more}");
    }
    assert_eq!(
        tender(with(json!({"benchmark": "midpoint", "ceiling": "10200000.00", "fullMarks": "100"}))),
        []
    );
}

/// The works' document with other parameters, or further ones.
fn with(more: Value) -> Value {
    let mut document = works();
    let parameters = document["evaluation"]["price"]["parameters"].as_object_mut().unwrap();
    parameters.extend(more.as_object().unwrap().clone());
    document
}

#[test]
fn what_the_opening_draws_is_left_open_in_the_document() {
    for more in [
        json!({"benchmark": "floating", "floatChoices": ["2", "2.5", "3"]}),
        json!({"benchmark": "threePart", "threePart": {"reductionPercent": "6", "k": "1", "draw": true}}),
        json!({"benchmark": "randomSample", "sample": {"size": 9}}),
    ] {
        assert_eq!(tender(with(more.clone())), [], "{more}");
    }
    let refused = |more: Value, place: &str| {
        let place = format!("price/parameters/{place}");
        assert_eq!(tender(with(more)), one(&place, "contradiction"));
    };
    refused(json!({"benchmark": "floating", "floatPercent": "2"}), "floatPercent");
    refused(
        json!({"benchmark": "floating", "floatPercent": "2", "floatChoices": ["2", "3"]}),
        "floatPercent",
    );
    let drawn = json!({"reductionPercent": "6", "k": "1", "drawn": "x"});
    refused(json!({"benchmark": "threePart", "threePart": drawn}), "threePart/drawn");
    refused(json!({"benchmark": "randomSample", "sample": {"size": 3, "drawn": ["x"]}}), "sample/drawn");
    for choices in [json!(["2"]), json!(["2", "2.0"]), json!(["2", "100"])] {
        let wrong = tender(with(json!({"benchmark": "floating", "floatChoices": choices})));
        assert_eq!(wrong.first().unwrap().0, "price/parameters/floatChoices", "{wrong:?}");
    }
}

#[test]
fn the_lowest_evaluated_price_says_what_is_put_into_money() {
    let evaluated = |quantified: Value| {
        let mut document = works();
        document["evaluation"]["price"] = json!({"method": "engLowestEvaluated",
            "parameters": {"ceiling": "10200000.00", "quantified": quantified}});
        tender(document)
    };
    let delay = json!({"key": "delay", "what": "工期", "standard": "每延长一日加价5000元"});
    assert_eq!(evaluated(json!([delay])), []);
    assert_eq!(evaluated(json!([])), []);
    assert_eq!(evaluated(json!([delay, delay])), one("price/parameters/quantified/1/key", "invalid"));
    let mut silent = delay.clone();
    silent["standard"] = json!(" ");
    assert_eq!(evaluated(json!([silent])), one("price/parameters/quantified/0/standard", "invalid"));
}

#[test]
fn ties_are_parted_by_what_is_marked_and_one_rule_alone() {
    let marked = |matter: &str, ties: &str, by: Option<&str>| {
        let mut document = goods();
        document["evaluation"]["factors"][1]["matter"] = json!(matter);
        document["evaluation"]["ties"] = json!(ties);
        if let Some(by) = by {
            document["evaluation"]["price"]["parameters"]["ties"] = json!(by);
        }
        purchase(document)
    };
    let contradicts = one("price/parameters/ties", "contradiction");
    assert_eq!(marked("technicalSolution", "lowerPriceThenTechnical", Some("technical")), []);
    assert_eq!(marked("technicalSolution", "lowerPriceThenTechnical", Some("draw")), contradicts);
    assert_eq!(marked("technicalSolution", "lowerPriceThenTechnical", None), contradicts);
    assert_eq!(marked("technicalSolution", "lowerPriceThenDraw", Some("technical")), contradicts);
    assert_eq!(
        marked("afterSales", "lowerPriceThenTechnical", Some("technical")),
        one("ties", "contradiction"),
        "no technical score to part them"
    );
    assert_eq!(tender(with(json!({"ties": "technical"}))), contradicts);
}

#[test]
fn works_prefer_small_enterprises_within_their_own_bands() {
    let small = |percent: &str, more: Value| {
        let mut document = with(more);
        document["evaluation"]["smallEnterprisePercent"] = json!(percent);
        tender(document)
    };
    let refused = one("smallEnterprisePercent", "invalid");
    assert_eq!(small("3", json!({})), []);
    assert_eq!(small("5", json!({"additionAboveFull": true})), []);
    assert_eq!(small("2.9999", json!({})), refused);
    assert_eq!(small("5.0001", json!({})), refused);
    assert_eq!(
        tender(with(json!({"additionAboveFull": true}))),
        one("price/parameters/additionAboveFull", "contradiction"),
        "nothing is added without a preference"
    );
}

#[test]
fn a_method_of_another_procedure_is_refused() {
    for (method, parameters) in [
        ("negotiation", json!({})),
        ("inquiry", json!({})),
        ("frameworkEntry", json!({"order": "priceFirst", "eliminatedPercent": "20"})),
        ("frameworkSecondRound", json!({})),
        ("engLowestEvaluated", json!({})),
    ] {
        let mut document = lowest();
        document["evaluation"]["price"] = json!({"method": method, "parameters": parameters});
        assert_eq!(purchase(document), one("price/method", "invalid"), "{method}");
    }
    let mut consultation = goods();
    consultation["evaluation"]["price"]["method"] = json!("gpConsultation");
    assert_eq!(purchase(consultation), one("price/method", "invalid"));
    let mut lowest_of_works = works();
    lowest_of_works["evaluation"]["price"] = json!({"method": "gpLowestPrice", "parameters": {}});
    assert_eq!(tender(lowest_of_works), one("price/method", "invalid"));
}

#[test]
fn weights_and_factors_are_refused_when_they_are_written() {
    let with = |place: &str, value: Value| {
        let mut document = goods();
        *document["evaluation"]["factors"].pointer_mut(place).unwrap() = value;
        purchase(document)
    };
    assert_eq!(with("/1/weight", json!("69.9999")), one("factors", "invalid"));
    assert_eq!(with("/1/weight", json!("70.0001")), one("factors", "invalid"));
    assert_eq!(with("/1/matter", json!("beauty")), one("factors/1/matter", "invalid"));
    for matter in ["qualification", "registeredCapital", "assets", "turnover", "staff", "profit", "tax"] {
        assert_eq!(with("/1/matter", json!(matter)), one("factors/1/matter", "invalid"), "{matter}");
    }
    let weighing = |weight: &str, rest: &str| {
        let mut document = goods();
        document["evaluation"]["price"]["parameters"]["priceWeight"] = json!(weight);
        document["evaluation"]["factors"][0]["weight"] = json!(weight);
        document["evaluation"]["factors"][1]["weight"] = json!(rest);
        purchase(document)
    };
    assert_eq!(weighing("29.9999", "70.0001"), one("price/parameters/priceWeight", "invalid"));
    assert_eq!(weighing("30", "70"), []);
    assert_eq!(weighing("60.0001", "39.9999"), []);
    let mut apart = goods();
    apart["evaluation"]["price"]["parameters"]["priceWeight"] = json!("31");
    assert_eq!(purchase(apart), one("factors", "invalid"));
}

#[test]
fn deductions_and_lines_are_bounded_by_the_law_of_the_day() {
    let small = |percent: &str, on: &str| {
        let mut document = goods();
        document["evaluation"]["smallEnterprisePercent"] = json!(percent);
        wrong(document, "procurement-open-goods", on)
    };
    let refused = one("smallEnterprisePercent", "invalid");
    for (percent, on, fits) in [
        ("10", "2026-03-02", true),
        ("20", "2026-03-02", true),
        ("9.9999", "2026-03-02", false),
        ("20.0001", "2026-03-02", false),
        ("6", "2022-06-30", true),
        ("10.0001", "2022-06-30", false),
    ] {
        assert_eq!(small(percent, on), if fits { vec![] } else { refused.clone() }, "{percent} {on}");
    }
    let mut reserved = goods();
    reserved["evaluation"]["smallEnterprisePercent"] = json!("10");
    reserved["setAside"] = json!({"reserved": true, "ground": ""});
    assert_eq!(purchase(reserved), refused);

    let lines = |mean: u32, on: &str| {
        let mut document = goods();
        document["evaluation"]["lowPriceLines"] = json!({"mean": mean, "secondLowest": 50, "ceiling": 45});
        wrong(document, "procurement-open-goods", on)
    };
    assert_eq!(lines(65, "2026-03-02"), []);
    assert_eq!(lines(66, "2026-03-02"), one("lowPriceLines/mean", "invalid"));
    assert_eq!(lines(49, "2026-03-02"), one("lowPriceLines/mean", "invalid"));
    assert_eq!(lines(50, "2026-01-31"), one("lowPriceLines", "invalid"), "no such lines were law");
    let mut of_works = works();
    of_works["evaluation"]["lowPriceLines"] = json!({"mean": 50, "secondLowest": 50, "ceiling": 45});
    assert_eq!(tender(of_works), one("lowPriceLines", "contradiction"));
}
