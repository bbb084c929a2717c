//! The worked examples of the rules, and what each method must hold whatever the offers.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Exclusion, Offer, Outcome, Scoring};
use crate::{
    kernel::{Rejection, money::Amount},
    scoring::{
        arithmetic::yuan,
        method::{Marks, Method},
        numbers::tests::lawful,
    },
};

/// By the numbers of the law of 2026.
fn score(method: &Method, offers: &[Offer]) -> Result<Scoring, Rejection> {
    super::score(method, lawful(method), offers)
}

fn offers(json: Value) -> Vec<Offer> {
    serde_json::from_value(json).unwrap()
}

fn method(name: &str, parameters: Value) -> Method {
    Method::read(json!({"method": name, "parameters": parameters}), "").unwrap()
}

fn order(scoring: &Scoring) -> Vec<&str> {
    scoring.ranked.iter().map(|it| it.id.as_str()).collect()
}

fn five() -> Vec<Offer> {
    offers(json!([
        {"id": "a", "price": "9500000"}, {"id": "b", "price": "9800000"}, {"id": "c", "price": "9200000"},
        {"id": "d", "price": "9650000"}, {"id": "e", "price": "10000000"},
    ]))
}

/// EX C7 with more parameters.
fn works(more: Value) -> Method {
    let mut parameters = json!({"ceiling": "10200000.00", "fullMarks": "40", "kAbove": "1", "kBelow": "0.5"});
    let object = parameters.as_object_mut().unwrap();
    object.extend(more.as_object().unwrap().clone());
    object.retain(|_, value| !value.is_null());
    method("engComprehensive", parameters)
}

fn benchmark_and_scores(method: &Method) -> (String, Vec<String>) {
    let scoring = score(method, &five()).unwrap();
    let mut rows: Vec<_> = scoring.ranked.iter().collect();
    rows.sort_by_key(|it| &it.id);
    let scores = rows.into_iter().map(|it| it.price_score.unwrap().to_string()).collect();
    (scoring.benchmark.unwrap().printed().unwrap(), scores)
}

#[test]
fn each_benchmark_comes_out_to_the_last_digit() {
    let midpoint = json!({"benchmark": "midpoint", "kAbove": null, "kBelow": null});
    let cases = [
        (json!({"benchmark": "mean"}), "9630000.00", ["39.33", "38.23", "37.77", "39.79", "36.16"]),
        (json!({"benchmark": "trimmedMean"}), "9650000.00", ["39.22", "38.45", "37.67", "40.00", "36.37"]),
        (midpoint, "9915000.00", ["38.33", "39.54", "37.12", "38.93", "39.66"]),
        (
            json!({"benchmark": "floating", "floatPercent": "1.5"}),
            "9485550.00",
            ["39.85", "36.68", "38.49", "38.27", "34.58"],
        ),
        (
            json!({"benchmark": "composite", "composite": {"k1": "0.98", "k2": "0.95", "q1": "0.6"}}),
            "9538440.00",
            ["39.80", "37.26", "38.23", "38.83", "35.16"],
        ),
        (
            json!({"benchmark": "threePart", "threePart": {"reductionPercent": "6", "k": "0.97"}}),
            "9268592.50",
            ["37.50", "34.27", "39.63", "35.88", "32.11"],
        ),
        (
            json!({"benchmark": "threePart",
                   "threePart": {"reductionPercent": "6", "k": "0.97", "drawn": "d"}}),
            "9243130.00",
            ["37.22", "33.98", "39.77", "35.60", "31.81"],
        ),
        (
            json!({"benchmark": "randomSample", "sample": {"size": 3, "drawn": ["c", "a", "b"]}}),
            "9500000.00",
            ["40.00", "36.84", "38.42", "38.42", "34.74"],
        ),
        (
            json!({"benchmark": "randomSample", "sample": {}}),
            "9650000.00",
            ["39.22", "38.45", "37.67", "40.00", "36.37"],
        ),
    ];
    for (more, benchmark, scores) in cases {
        let found = benchmark_and_scores(&works(more.clone()));
        assert_eq!(found, (benchmark.to_owned(), scores.map(str::to_owned).to_vec()), "{more}");
    }
}

#[test]
fn a_draw_names_effective_offers_each_once_and_as_many_as_the_document_says() {
    let ask = |drawn: Value| {
        let method = works(json!({"benchmark": "randomSample", "sample": {"size": 3, "drawn": drawn}}));
        let errors = score(&method, &five()).unwrap_err().errors;
        errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>()
    };
    assert_eq!(ask(json!(["a", "b"])), ["/parameters/sample/drawn"]);
    assert_eq!(ask(json!(["a", "b", "z"])), ["/parameters/sample/drawn/2"]);
    assert_eq!(ask(json!(["a", "b", "a"])), ["/parameters/sample/drawn/2"]);
    let parts = json!({"benchmark": "threePart",
                       "threePart": {"reductionPercent": "6", "k": "1", "drawn": "z"}});
    assert_eq!(score(&works(parts), &five()).unwrap_err().errors[0].pointer, "/parameters/threePart/drawn");
}

#[test]
fn an_addition_lifts_a_price_score_up_to_full_marks() {
    let mut given = five();
    for offer in &mut given {
        offer.addition_percent = Some(Marks::parse("3").unwrap());
    }
    let scores = |method: &Method| {
        let scoring = score(method, &given).unwrap();
        let mut rows: Vec<_> = scoring.ranked.iter().collect();
        rows.sort_by_key(|it| &it.id);
        rows.into_iter().map(|it| it.price_score.unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(scores(&works(json!({"benchmark": "mean"}))), ["40.00", "39.38", "38.90", "40.00", "37.24"]);
    let above = works(json!({"benchmark": "mean", "additionAboveFull": true}));
    assert_eq!(scores(&above), ["40.50", "39.38", "38.90", "40.99", "37.24"]);
}

#[test]
fn the_lowest_price_decides_after_deduction_and_the_ceiling_looks_at_the_quote() {
    let lowest = |ceiling: &str| method("gpLowestPrice", json!({"ceiling": ceiling}));
    let given = offers(json!([
        {"id": "A", "price": "2980000", "deductionPercent": "15"}, {"id": "B", "price": "2600000"},
    ]));
    let scoring = score(&lowest("2980000"), &given).unwrap();
    assert_eq!(order(&scoring), ["A", "B"]);
    assert_eq!(yuan(scoring.ranked[0].adjusted_price.unwrap()), "2533000.00");
    assert_eq!(scoring.ranked[0].price, Decimal::from(2_980_000), "the award takes the quote");
    assert_eq!((scoring.ranked[0].price_score, scoring.ranked[0].total), (None, None));
    let above = score(&lowest("2979999.99"), &given).unwrap();
    assert_eq!((order(&above), &above.excluded[0].1), (vec!["B"], &Exclusion::AboveCeiling));
}

#[test]
fn bids_for_works_are_compared_with_their_deviations() {
    let lowest = method("engLowestEvaluated", json!({}));
    let given = offers(json!([
        {"id": "A", "price": "8600000"},
        {"id": "B", "price": "8450000", "deviations": [{"what": "工期", "amount": "200000"}]},
        {"id": "C", "price": "8500000"},
        {"id": "D", "price": "5000000", "belowCost": true},
    ]));
    let scoring = score(&lowest, &given).unwrap();
    assert_eq!(order(&scoring), ["C", "A", "B"]);
    assert_eq!(scoring.ranked[2].working, "8450000.00 + 200000.00 (工期) = 8650000.00");
    assert_eq!(scoring.excluded, [("D".to_owned(), Exclusion::BelowCost)]);
    assert_eq!(scoring.outcome, Outcome::Ranked);
}

fn alike(count: usize) -> Vec<Offer> {
    (1..=count)
        .map(|n| Offer::new(format!("{n:03}"), Amount::parse(&format!("{}", 100 + n)).unwrap()))
        .collect()
}

#[test]
fn a_framework_eliminates_its_share_and_one_at_least() {
    let out = |share: &str, n: usize| {
        let entry = method("frameworkEntry", json!({"order": "priceFirst", "eliminatedPercent": share}));
        let scoring = score(&entry, &alike(n)).unwrap();
        scoring.ranked.iter().filter(|it| it.entered == Some(false)).count()
    };
    assert_eq!([2, 5, 6, 10, 11].map(|n| out("20", n)), [1, 1, 2, 2, 3]);
    assert_eq!([3, 5, 6].map(|n| out("40", n)), [2, 2, 3]);
    let entry = method("frameworkEntry", json!({"order": "priceFirst", "eliminatedPercent": "20"}));
    assert_eq!(score(&entry, &alike(1)).unwrap().outcome, Outcome::TooFew);
    let mut tied = alike(5);
    tied[4].price = tied[3].price;
    let scoring = score(&entry, &tied).unwrap();
    assert_eq!(scoring.outcome, Outcome::DrawNeeded);
    let entered: Vec<_> = scoring.ranked.iter().map(|it| it.entered).collect();
    assert_eq!(entered, [Some(true), Some(true), Some(true), None, None], "a draw parts the last two");
}

#[test]
fn a_framework_by_quality_takes_the_best() {
    let entry = method(
        "frameworkEntry",
        json!({"order": "qualityFirst", "laboratory": true, "eliminatedPercent": "40"}),
    );
    let given = offers(json!([
        {"id": "A", "price": "1", "qualityScore": "80"}, {"id": "B", "price": "9", "qualityScore": "95.5"},
        {"id": "C", "price": "5", "qualityScore": "90"},
    ]));
    let scoring = score(&entry, &given).unwrap();
    assert_eq!(order(&scoring), ["B", "C", "A"]);
    assert_eq!(scoring.ranked.iter().filter(|it| it.entered == Some(true)).count(), 1);
    let pointer = score(&entry, &alike(3)).unwrap_err().errors[0].pointer.clone();
    assert_eq!(pointer, "/offers/0/qualityScore");
}

#[test]
fn a_second_round_stays_below_each_agreement() {
    let given = offers(json!([
        {"id": "A", "price": "95", "agreementPrice": "100"}, {"id": "B", "price": "90.01", "agreementPrice": "90"},
        {"id": "C", "price": "94", "agreementPrice": "94"},
    ]));
    let scoring = score(&method("frameworkSecondRound", json!({})), &given).unwrap();
    assert_eq!(order(&scoring), ["C", "A"]);
    assert_eq!(scoring.excluded, [("B".to_owned(), Exclusion::AboveAgreement)]);
    assert_eq!(scoring.outcome, Outcome::Ranked, "one offer suffices");
}

#[test]
fn a_consultation_parts_equals_by_last_price_then_technical_score() {
    let given = offers(json!([
        {"id": "A", "price": "100", "otherScore": "70", "technicalScore": "50"},
        {"id": "B", "price": "100", "otherScore": "70", "technicalScore": "55"},
        {"id": "C", "price": "200", "otherScore": "80", "technicalScore": "60"},
    ]));
    let consultation = |weight: &str| method("gpConsultation", json!({"priceWeight": weight}));
    let scoring = score(&consultation("20"), &given).unwrap();
    assert_eq!(order(&scoring), ["B", "A", "C"], "90.00 three times");
    assert!(scoring.ranked.iter().all(|it| !it.tied && it.total == Some(Decimal::from(90))));
    let mut equal = given.clone();
    equal[0].technical_score = equal[1].technical_score;
    assert_eq!(score(&consultation("20"), &equal).unwrap().outcome, Outcome::DrawNeeded);
}

#[test]
fn ties_by_price_are_drawn_unless_the_document_looks_at_the_technical_score() {
    let mut given = alike(3);
    given[1].price = given[0].price;
    let draw = method("negotiation", json!({}));
    assert_eq!(score(&draw, &given).unwrap().outcome, Outcome::DrawNeeded);
    let technical = method("negotiation", json!({"ties": "technical"}));
    given[1].technical_score = Some(Marks::parse("1").unwrap());
    assert_eq!(order(&score(&technical, &given).unwrap()), ["002", "001", "003"]);
    assert_eq!(score(&draw, &given).unwrap_err().errors[0].pointer, "/offers/1/technicalScore");
}

#[test]
fn two_offers_suffice_only_where_the_document_says_so() {
    for (two, n, outcome) in [
        (false, 2, Outcome::TooFew),
        (true, 2, Outcome::Ranked),
        (true, 1, Outcome::TooFew),
        (false, 3, Outcome::Ranked),
    ] {
        let negotiation = method("negotiation", json!({"twoSuffice": two}));
        assert_eq!(score(&negotiation, &alike(n)).unwrap().outcome, outcome);
    }
}

#[test]
fn one_brand_is_one_bidder() {
    let brands = |price: &str, other: &str| {
        json!([
            {"id": "A", "price": "100", "brand": "甲"}, {"id": "B", "price": price, "brand": "甲 "},
            {"id": "C", "price": "120"}, {"id": "D", "price": other, "brand": "乙"},
        ])
    };
    let lowest = method("gpLowestPrice", json!({}));
    let scoring = score(&lowest, &offers(brands("110", "130"))).unwrap();
    assert_eq!((order(&scoring), scoring.outcome), (vec!["A", "C", "D"], Outcome::Ranked));
    assert_eq!(scoring.excluded, [("B".to_owned(), Exclusion::SameBrand)]);
    let scoring = score(&lowest, &offers(brands("100", "130"))).unwrap();
    assert_eq!(
        (scoring.ranked[1].rank, scoring.outcome),
        (1, Outcome::DrawNeeded),
        "equals of a brand are drawn"
    );
    let scored = method("gpComprehensive", json!({"priceWeight": "30"}));
    let mut given = offers(brands("110", "130"));
    given[1].other_score = Some(Marks::parse("60").unwrap());
    let scoring = score(&scored, &given).unwrap();
    assert_eq!(scoring.excluded, [("A".to_owned(), Exclusion::SameBrand)], "B scores higher");
    assert_eq!(scoring.benchmark.unwrap().printed().unwrap(), "100.00", "A was evaluated all the same");
    assert_eq!(scoring.ranked[0].rank, 1);
    let two = &given[..3];
    assert_eq!(score(&scored, two).unwrap().outcome, Outcome::TooFew, "three offers, two bidders");
}

#[test]
fn an_offer_says_only_what_the_method_asks() {
    let cases = [
        ("gpLowestPrice", json!({}), json!({"otherScore": "1"}), "otherScore"),
        ("gpLowestPrice", json!({}), json!({"agreementPrice": "1"}), "agreementPrice"),
        ("gpLowestPrice", json!({}), json!({"deviations": [{"what": "x", "amount": "1"}]}), "deviations"),
        ("negotiation", json!({}), json!({"brand": "x"}), "brand"),
        ("inquiry", json!({}), json!({"belowCost": true}), "belowCost"),
        ("inquiry", json!({}), json!({"additionPercent": "1"}), "additionPercent"),
        (
            "frameworkSecondRound",
            json!({}),
            json!({"agreementPrice": "2", "deductionPercent": "1"}),
            "deductionPercent",
        ),
        (
            "engLowestEvaluated",
            json!({}),
            json!({"deviations": [{"what": " ", "amount": "1"}]}),
            "deviations/0/what",
        ),
        ("gpConsultation", json!({"priceWeight": "20"}), json!({"technicalScore": "1"}), "technicalScore"),
    ];
    for (name, parameters, more, place) in cases {
        let mut offer = json!({"id": "A", "price": "1"});
        offer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let errors = score(&method(name, parameters), &offers(json!([offer]))).unwrap_err().errors;
        assert_eq!(errors[0].pointer, format!("/offers/0/{place}"), "{name}");
    }
}

/// Every method, without a ceiling where it can be.
fn every() -> Vec<Method> {
    let average = |more: Value| {
        let mut parameters = json!({"fullMarks": "40", "kAbove": "1", "kBelow": "0.5", "scoreDecimals": 4});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        method("engComprehensive", parameters)
    };
    vec![
        average(json!({"benchmark": "mean"})),
        average(json!({"benchmark": "trimmedMean"})),
        average(json!({"benchmark": "floating", "floatPercent": "2.5"})),
        average(json!({"benchmark": "randomSample", "sample": {"size": 5000}})),
        method("engLowestEvaluated", json!({})),
        method("gpComprehensive", json!({"priceWeight": "30"})),
        method("gpConsultation", json!({"priceWeight": "30"})),
        method("gpLowestPrice", json!({})),
        method("negotiation", json!({})),
        method("inquiry", json!({})),
        method("frameworkEntry", json!({"order": "priceFirst", "eliminatedPercent": "20"})),
    ]
}

/// The benchmarks that look at the ceiling, here `ceiling` yuan.
fn by_ceiling(ceiling: i64) -> Vec<Method> {
    let common = json!({"ceiling": format!("{ceiling}"), "fullMarks": "40", "scoreDecimals": 4});
    [
        json!({"benchmark": "midpoint"}),
        json!({"benchmark": "composite", "kAbove": "1", "kBelow": "0.5",
               "composite": {"k1": "0.98", "k2": "0.95", "q1": "0.35"}}),
        json!({"benchmark": "threePart", "kAbove": "1", "kBelow": "0.5",
               "threePart": {"reductionPercent": "6.5", "k": "0.97", "weights": ["40", "35", "25"]}}),
    ]
    .into_iter()
    .map(|more| {
        let mut parameters = common.clone();
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        method("engComprehensive", parameters)
    })
    .collect()
}

fn some_offers() -> impl Strategy<Value = Vec<Offer>> {
    prop::collection::vec(1_i64..1_000_000_000, 1..40).prop_map(|given| {
        given
            .into_iter()
            .enumerate()
            .map(|(at, fen)| Offer::new(format!("{at:02}"), Amount::new(Decimal::new(fen, 2)).unwrap()))
            .collect()
    })
}

fn times(given: &[Offer], factor: i64) -> Vec<Offer> {
    given
        .iter()
        .map(|offer| {
            let price = Amount::new(offer.price.value() * Decimal::from(factor)).unwrap();
            Offer { price, ..offer.clone() }
        })
        .collect()
}

type Row = (String, Option<Decimal>, Option<Decimal>, usize, Option<bool>);

fn rows(scoring: &Scoring) -> Vec<Row> {
    scoring.ranked.iter().map(|it| (it.id.clone(), it.price_score, it.total, it.rank, it.entered)).collect()
}

proptest! {
    #[test]
    fn the_order_of_the_offers_never_matters(given in some_offers(), turn in 0_usize..40) {
        let mut turned = given.clone();
        turned.rotate_left(turn % given.len());
        turned.reverse();
        for method in every().into_iter().chain(by_ceiling(10_000_000)) {
            prop_assert_eq!(score(&method, &given).unwrap(), score(&method, &turned).unwrap());
        }
    }

    #[test]
    fn the_unit_of_money_never_matters(given in some_offers(), factor in 2_i64..1000) {
        let scaled = times(&given, factor);
        let pairs = by_ceiling(10_000_000).into_iter().zip(by_ceiling(10_000_000 * factor));
        for (left, right) in every().into_iter().zip(every()).chain(pairs) {
            let (one, other) = (score(&left, &given).unwrap(), score(&right, &scaled).unwrap());
            prop_assert_eq!(rows(&one), rows(&other));
        }
    }

    #[test]
    fn scores_stay_in_bounds_and_places_follow_merits(given in some_offers()) {
        for method in every().into_iter().chain(by_ceiling(10_000_000)) {
            let scoring = score(&method, &given).unwrap();
            prop_assert_eq!(scoring.ranked.len(), given.len());
            for it in &scoring.ranked {
                let within = |score: Decimal| score >= Decimal::ZERO && score <= method.price_points().value();
                prop_assert!(it.price_score.is_none_or(within));
                prop_assert!(it.price_score.is_none_or(|score| score.scale() == method.score_decimals()));
            }
            for pair in scoring.ranked.windows(2) {
                prop_assert!(pair[0].rank <= pair[1].rank);
                if !method.scores() {
                    prop_assert!(pair[0].adjusted_price <= pair[1].adjusted_price, "the cheaper stands before");
                    prop_assert_eq!(pair[0].adjusted_price == pair[1].adjusted_price, pair[0].rank == pair[1].rank);
                }
            }
        }
    }

    /// Over whole numbers, with the benchmark never rounded: the stored score is within half a hundredth of the exact one.
    #[test]
    fn nothing_is_rounded_before_the_score(given in some_offers(), float in 0_i128..500) {
        let percent = format!("{}.{:02}", float / 100, float % 100);
        let parameters = json!({"benchmark": "floating", "floatPercent": percent, "fullMarks": "40",
                                "kAbove": "1", "kBelow": "0.5"});
        let scoring = score(&method("engComprehensive", parameters), &given).unwrap();
        let fen = |amount: Decimal| i128::try_from(amount * Decimal::ONE_HUNDRED).unwrap();
        let sum: i128 = given.iter().map(|offer| fen(offer.price.value())).sum();
        let n = i128::try_from(given.len()).unwrap();
        // B = sum·(10000 − float) ÷ (10000·n); over and under of 40 − k·100·|P − B| ÷ B, in half points.
        let b = sum * (10_000 - float);
        for it in &scoring.ranked {
            let gap = fen(it.price) * 10_000 * n - b;
            let half_points = if gap > 0 { 2 } else { 1 };
            let exact_over = (80 * b - half_points * 100 * gap.abs()).max(0);
            let stored = fen(it.price_score.unwrap());
            let difference = stored * 2 * b - exact_over * 100;
            prop_assert!(-b <= difference && difference <= b, "{difference} of {b}");
        }
    }
}
