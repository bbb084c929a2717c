//! What law and declarations add to bare offers, by the day.

use serde_json::{Value, json};

use super::tests::{ask, works};

fn purchase(weight: &str, object: &str, on: &str) -> Value {
    json!({
        "method": "gpComprehensive", "parameters": {"priceWeight": weight},
        "project": {"object": object, "on": on}, "offers": [{"id": "A", "price": "1"}]
    })
}

#[test]
fn the_weight_of_the_price_is_bounded_by_law_and_day() {
    let fits = |weight: &str, object: &str, on: &str| match ask(&purchase(weight, object, on)) {
        Ok(_) => true,
        Err(pointers) => {
            assert_eq!(pointers, ["/parameters/priceWeight"]);
            false
        }
    };
    for (weight, object, on, lawful) in [
        ("30", "goods", "2026-03-02", true),
        ("29.9999", "goods", "2026-03-02", false),
        ("100", "goods", "2026-03-02", true),
        ("10", "services", "2026-03-02", true),
        ("9.9999", "services", "2026-03-02", false),
        ("60", "goods", "2017-09-30", true),
        ("60.0001", "goods", "2017-09-30", false),
        ("60.0001", "goods", "2017-10-01", true),
        ("1", "works", "2026-03-02", true),
    ] {
        assert_eq!(fits(weight, object, on), lawful, "{weight} {object} {on}");
    }
    let mut alone = purchase("1", "goods", "2026-03-02");
    alone.as_object_mut().unwrap().remove("project");
    assert!(ask(&alone).is_ok(), "a price factor may be tried alone");
    for (weight, object, lawful) in [
        ("60", "goods", true),
        ("60.0001", "goods", false),
        ("29.9999", "goods", false),
        ("30", "services", true),
        ("30.0001", "services", false),
        ("10", "services", true),
    ] {
        let mut consultation = purchase(weight, object, "2026-03-02");
        consultation["method"] = json!("gpConsultation");
        assert_eq!(ask(&consultation).is_ok(), lawful, "{weight} {object}");
    }
}

#[test]
fn deposit_and_bond_have_their_caps_by_law_and_day() {
    let securities = |method: &str, object: &str, on: &str, base: &str, deposit: Value| {
        let mut body = with_preferences(method, object, on, Value::Null, Value::Null);
        body["offers"] = json!([{"id": "A", "price": "1234567.89"}]);
        body["securities"] = json!({"base": base, "deposit": deposit});
        ask(&body).map(|said| said["securities"].clone())
    };
    let deposit = |method: &str, object: &str, base: &str| {
        let said = securities(method, object, "2026-03-02", base, Value::Null).unwrap();
        (said["deposit"]["most"].clone(), said["deposit"]["ground"]["id"].clone())
    };
    let tendering = "engComprehensive";
    for (method, object, base, most, rule) in [
        (tendering, "works", "30000000.00", "600000.00", "ENG-9"),
        (tendering, "works", "40000000.00", "800000.00", "ENG-9"),
        (tendering, "works", "50000000.00", "800000.00", "ENG-10"),
        (tendering, "services", "50000000.00", "100000.00", "ENG-10"),
        ("gpLowestPrice", "goods", "500000.00", "10000.00", "GP-6"),
    ] {
        assert_eq!(deposit(method, object, base), (json!(most), json!(rule)), "{method} {object} {base}");
    }
    let said = securities(tendering, "works", "2026-03-02", "50000000.00", json!("800000.00")).unwrap();
    assert_eq!(
        said["deposit"]["working"],
        "min(50000000.00 × 2% (ENG-9), 800000.00 (ENG-10/works)) = 800000.00"
    );
    assert_eq!((&said["bonds"][0]["id"], &said["bonds"][0]["most"]), (&json!("A"), &json!("123456.78")));
    let above = securities(tendering, "works", "2026-03-02", "50000000.00", json!("800000.01"));
    assert_eq!(above.unwrap_err(), ["/securities/deposit"]);
    // Nothing capped it before 条例 of 2012.
    let before = securities(tendering, "works", "2012-01-31", "50000000.00", json!("9000000.00")).unwrap();
    assert_eq!(before, json!({"bonds": []}));
    let mut alone = works();
    alone["securities"] = json!({"base": "1.00"});
    assert_eq!(ask(&alone).unwrap_err(), ["/project"]);
}

fn with_preferences(method: &str, object: &str, on: &str, preferences: Value, declared: Value) -> Value {
    let parameters = match method {
        "engComprehensive" => json!({"benchmark": "mean", "fullMarks": "40", "kAbove": "1", "kBelow": "0.5"}),
        _ => json!({}),
    };
    json!({
        "method": method, "parameters": parameters, "project": {"object": object, "on": on},
        "preferences": preferences,
        "offers": [{"id": "A", "price": "100", "declaration": declared},
                   {"id": "B", "price": "100", "declaration": {"size": "large", "domesticSharePercent": "10"}}]
    })
}

#[test]
fn each_preference_has_its_band_by_day_object_and_method() {
    let fits = |method: &str, object: &str, on: &str, name: &str, value: &str| {
        let body = with_preferences(method, object, on, json!({name: value}), json!({"size": "small"}));
        match ask(&body) {
            Ok(_) => true,
            Err(pointers) => {
                assert!(
                    pointers.iter().all(|pointer| *pointer == format!("/preferences/{name}")),
                    "{pointers:?}"
                );
                false
            }
        }
    };
    let lowest = "gpLowestPrice";
    let comprehensive = "engComprehensive";
    for (method, object, on, name, least, most) in [
        (lowest, "goods", "2022-07-01", "smallPercent", "10", "20"),
        (lowest, "services", "2022-06-30", "smallPercent", "6", "10"),
        (lowest, "goods", "2015-06-01", "smallPercent", "6", "10"),
        (lowest, "goods", "2022-07-01", "jointPercent", "4", "6"),
        (lowest, "goods", "2022-06-30", "jointPercent", "2", "3"),
        (lowest, "works", "2022-07-01", "smallPercent", "3", "5"),
        (lowest, "works", "2022-07-01", "jointPercent", "1", "2"),
        (comprehensive, "works", "2021-01-01", "smallPercent", "3", "5"),
        (comprehensive, "works", "2021-01-01", "jointPercent", "1", "2"),
    ] {
        assert!(fits(method, object, on, name, least) && fits(method, object, on, name, most), "{name} {on}");
        let below = format!("{}.9999", least.parse::<u32>().unwrap() - 1);
        assert!(!fits(method, object, on, name, &below), "{name} {on} {below}");
        assert!(!fits(method, object, on, name, &format!("{most}.0001")), "{name} {on}");
    }
    assert!(!fits(lowest, "goods", "2011-12-31", "smallPercent", "6"), "no law grants it yet");
    assert!(!fits(comprehensive, "works", "2020-12-31", "smallPercent", "3"));
    let none = with_preferences(
        "frameworkSecondRound",
        "goods",
        "2026-03-02",
        json!({"smallPercent": "10"}),
        json!({"size": "small"}),
    );
    assert_eq!(ask(&none).unwrap_err(), ["/preferences"]);
}

#[test]
fn a_declaration_gets_what_the_law_grants_and_the_reasons_are_told() {
    let got = |preferences: Value, declared: Value| {
        let said =
            ask(&with_preferences("gpLowestPrice", "goods", "2026-03-02", preferences, declared)).unwrap();
        let results = said["results"].as_array().unwrap();
        let own = results.iter().find(|it| it["id"] == "A").unwrap().clone();
        (own["preference"]["percent"].as_str().unwrap_or("0").to_owned(), own["adjustedPrice"].clone())
    };
    let both = json!({"smallPercent": "15", "jointPercent": "5"});
    let joint = |share: &str, related: bool| {
        json!({"size": "large",
        "partnership": {"kind": "jointBid", "smallSharePercent": share, "related": related}})
    };
    let of_small = |kind: &str, share: &str, related: bool| {
        json!({"size": "small",
        "partnership": {"kind": kind, "smallSharePercent": share, "related": related}})
    };
    for (declared, percent, adjusted) in [
        (json!({"size": "micro"}), "15", "85.00"),
        (json!({"size": "small"}), "15", "85.00"),
        (json!({"size": "medium"}), "0", "100.00"),
        (json!({"size": "large"}), "0", "100.00"),
        (json!({"size": "small", "mixedMakers": true}), "0", "100.00"),
        (joint("30", false), "5", "95.00"),
        (joint("29.9999", false), "0", "100.00"),
        (joint("50", true), "0", "100.00"),
        (of_small("jointBid", "100", false), "15", "85.00"),
        (of_small("jointBid", "99.9999", false), "5", "95.00"),
        (of_small("subcontract", "30", false), "15", "85.00"),
        (of_small("subcontract", "100", true), "0", "100.00"),
    ] {
        assert_eq!(got(both.clone(), declared.clone()), (percent.to_owned(), json!(adjusted)), "{declared}");
    }
    let domestic = json!({"smallPercent": "10", "domesticProduct": true});
    let small = |share: &str| json!({"size": "small", "domesticSharePercent": share});
    assert_eq!(got(domestic.clone(), small("80")), ("30".to_owned(), json!("70.00")), "10 + 20 of the quote");
    assert_eq!(got(domestic.clone(), small("79.9999")), ("10".to_owned(), json!("90.00")));
    let higher = json!({"smallPercent": "10", "domesticProduct": true, "stacking": "higher"});
    assert_eq!(got(higher, small("80")), ("20".to_owned(), json!("80.00")));
    let mut alone = with_preferences("gpLowestPrice", "goods", "2026-03-02", domestic.clone(), small("80"));
    alone["offers"][1]["declaration"]["domesticSharePercent"] = json!("100");
    assert_eq!(ask(&alone).unwrap()["results"][0]["adjustedPrice"], "90.00", "nobody else competes");
    let reserved = json!({"reserved": true, "smallPercent": "10"});
    let body = with_preferences("gpLowestPrice", "goods", "2026-03-02", reserved, small("0"));
    assert_eq!(ask(&body).unwrap_err(), ["/preferences/smallPercent"]);
    let early = with_preferences("gpLowestPrice", "goods", "2025-12-31", domestic, small("80"));
    assert_eq!(ask(&early).unwrap_err(), ["/preferences/domesticProduct"]);
}

#[test]
fn works_get_an_addition_to_the_price_score() {
    let body = with_preferences(
        "engComprehensive",
        "works",
        "2026-03-02",
        json!({"smallPercent": "4"}),
        json!({"size": "small"}),
    );
    let mut body = body;
    body["offers"][0]["price"] = json!("110");
    let said = ask(&body).unwrap();
    let own = said["results"].as_array().unwrap().iter().find(|it| it["id"] == "A").unwrap().clone();
    // B = 105: 40 − 100 × 5 ÷ 105 = 35.238…, × 1.04 = 36.647….
    assert_eq!((&own["priceScore"], &own["preference"]["percent"]), (&json!("36.65"), &json!("4")));
    assert!(own.get("adjustedPrice").is_none());
}

#[test]
fn preferences_and_declarations_belong_together() {
    let mut body =
        with_preferences("gpLowestPrice", "goods", "2026-03-02", json!({}), json!({"size": "small"}));
    body["offers"][0]["deductionPercent"] = json!("10");
    assert_eq!(ask(&body).unwrap_err(), ["/offers/0/deductionPercent"]);
    body.as_object_mut().unwrap().remove("preferences");
    assert_eq!(ask(&body).unwrap_err(), ["/offers/0/declaration", "/offers/1/declaration"]);
    let mut body =
        with_preferences("gpLowestPrice", "goods", "2026-03-02", json!({}), json!({"size": "small"}));
    body.as_object_mut().unwrap().remove("project");
    assert_eq!(ask(&body).unwrap_err(), ["/project"]);
}

#[test]
fn corrections_say_which_figure_counts_before_anything_is_compared() {
    let body = |confirmed: Value| {
        json!({
            "method": "gpLowestPrice", "parameters": {"ceiling": "1000000.00"},
            "offers": [
                {"id": "A", "price": "100000.00", "statement": {"words": "壹佰万元整", "confirmed": confirmed}},
                {"id": "B", "price": "900000.00", "statement": {"lines": [{"quantity": "10", "unitPrice": "91000"}]}},
                {"id": "C", "price": "950000.00"}
            ]
        })
    };
    let said = ask(&body(Value::Null)).unwrap();
    let ids: Vec<&Value> = said["results"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, ["B", "C", "A"]);
    assert_eq!(said["results"][0]["correction"]["price"], "910000.00");
    assert_eq!(said["results"][2]["correction"]["changed"], true);
    assert!(said["results"][2]["correction"]["steps"][0]["zh"].as_str().unwrap().contains("以大写为准"));
    let refused = ask(&body(json!(false))).unwrap();
    assert_eq!(refused["results"][2]["excluded"]["code"], "correctionRefused");
    let mut unreadable = body(Value::Null);
    unreadable["offers"][0]["statement"]["words"] = json!("一百万");
    assert_eq!(ask(&unreadable).unwrap_err(), ["/offers/0/statement/words"]);
}

#[test]
fn low_prices_are_shown_from_the_day_the_lines_are_law() {
    let body = |on: &str, test: Value| {
        json!({
            "method": "negotiation", "parameters": {"ceiling": "1000000.00"}, "lowPrice": test,
            "project": {"object": "services", "on": on},
            "offers": [{"id": "A", "price": "400000"}, {"id": "B", "price": "900000"}, {"id": "C", "price": "950000"}]
        })
    };
    let said = ask(&body("2026-02-01", json!({}))).unwrap();
    assert_eq!(said["lowPrice"]["caught"][0]["id"], "A");
    assert_eq!(
        said["lowPrice"]["caught"][0]["triggers"].as_array().unwrap().len(),
        2,
        "second lowest and ceiling"
    );
    assert_eq!(
        ask(&body("2026-01-31", json!({}))).unwrap()["lowPrice"],
        json!({"applies": false, "caught": []})
    );
    let lines = |percent: u32| json!({"lines": {"mean": percent, "secondLowest": 50, "ceiling": 45}});
    assert!(ask(&body("2026-02-01", lines(65))).is_ok());
    assert_eq!(ask(&body("2026-02-01", lines(66))).unwrap_err(), ["/lowPrice/lines/mean"]);
    let mut works = works();
    works["lowPrice"] = json!({});
    assert_eq!(ask(&works).unwrap_err(), ["/lowPrice"]);
}

#[test]
fn a_framework_takes_the_laws_least_share_or_more() {
    let body = |on: &str, parameters: Value| {
        let offers: Value =
            (1..=6).map(|n| json!({"id": n.to_string(), "price": format!("{}", 100 + n)})).collect();
        json!({"method": "frameworkEntry", "parameters": parameters, "offers": offers,
               "project": {"object": "goods", "on": on}})
    };
    let entered =
        |said: Value| said["results"].as_array().unwrap().iter().filter(|it| it["entered"] == true).count();
    let by_price = json!({"order": "priceFirst"});
    assert_eq!(entered(ask(&body("2026-03-02", by_price.clone())).unwrap()), 4);
    let more = json!({"order": "priceFirst", "eliminatedPercent": "50"});
    assert_eq!(entered(ask(&body("2026-03-02", more)).unwrap()), 3);
    let less = json!({"order": "priceFirst", "eliminatedPercent": "19.9"});
    assert_eq!(ask(&body("2026-03-02", less)).unwrap_err(), ["/parameters/eliminatedPercent"]);
    assert_eq!(ask(&body("2022-02-28", by_price)).unwrap_err(), ["/method"]);
}
