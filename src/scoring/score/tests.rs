//! The whole, as its users meet it.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Exclusion, MOST_OFFERS, Offer, Outcome, Scored, Scoring};
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

fn method(json: Value) -> Method {
    Method::read(json, "").unwrap()
}

fn works(benchmark: &str) -> Method {
    method(json!({"method": "engComprehensive", "parameters": {
        "benchmark": benchmark, "ceiling": "10200000.00", "fullMarks": "40", "kAbove": "1", "kBelow": "0.5"
    }}))
}

fn purchase(weight: &str) -> Method {
    method(json!({"method": "gpComprehensive", "parameters": {"priceWeight": weight}}))
}

/// id, price score, total, rank of every effective offer, best first.
fn table(scoring: &Scoring) -> Vec<(String, String, String, usize)> {
    let shown = |value: Option<Decimal>| value.map_or_else(String::new, |value| value.to_string());
    let row = |it: &Scored| (it.id.clone(), shown(it.price_score), shown(it.total), it.rank);
    scoring.ranked.iter().map(row).collect()
}

fn row(id: &str, price_score: &str, total: &str, rank: usize) -> (String, String, String, usize) {
    (id.to_owned(), price_score.to_owned(), total.to_owned(), rank)
}

#[test]
fn goods_with_a_small_enterprise_come_out_to_the_last_digit() {
    let given = offers(json!([
        {"id": "A", "price": "1000000.00", "otherScore": "62.40"},
        {"id": "B", "price": "950000.00", "otherScore": "57.10"},
        {"id": "C", "price": "1100000.00", "deductionPercent": "10", "otherScore": "60.10"},
    ]));
    let scoring = score(&purchase("30"), &given).unwrap();
    assert_eq!(
        table(&scoring),
        [row("A", "28.50", "90.90", 1), row("C", "28.79", "88.89", 2), row("B", "30.00", "87.10", 3)]
    );
    assert_eq!(scoring.benchmark.unwrap().printed().unwrap(), "950000.00");
    let third = scoring.ranked.iter().find(|it| it.id == "C").unwrap();
    assert_eq!(yuan(third.adjusted_price.unwrap()), "990000.00");
    assert_eq!(
        third.working,
        "1100000.00 × (1 − 10%) = 990000.00; 950000.00 ÷ 990000.00 × 30 = 28.78787878… → 28.79; 28.79 + 60.10 = 88.89"
    );
    assert_eq!(scoring.outcome, Outcome::Ranked);
}

#[test]
fn consultation_prices_come_out_to_the_last_digit() {
    let given = offers(json!([
        {"id": "1", "price": "480000"}, {"id": "2", "price": "500000"}, {"id": "3", "price": "560000"},
    ]));
    assert_eq!(
        table(&score(&purchase("20"), &given).unwrap()),
        [row("1", "20.00", "20.00", 1), row("2", "19.20", "19.20", 2), row("3", "17.14", "17.14", 3)]
    );
}

fn five() -> Vec<Offer> {
    offers(json!([
        {"id": "a", "price": "9500000"}, {"id": "b", "price": "9800000"}, {"id": "c", "price": "9200000"},
        {"id": "d", "price": "9650000"}, {"id": "e", "price": "10000000"},
    ]))
}

fn price_scores(scoring: &Scoring) -> Vec<String> {
    let mut rows: Vec<&Scored> = scoring.ranked.iter().collect();
    rows.sort_by_key(|it| &it.id);
    rows.into_iter().map(|it| it.price_score.unwrap().to_string()).collect()
}

#[test]
fn mean_and_trimmed_mean_come_out_to_the_last_digit() {
    let mean = score(&works("mean"), &five()).unwrap();
    assert_eq!(mean.benchmark.unwrap().printed().unwrap(), "9630000.00");
    assert_eq!(price_scores(&mean), ["39.33", "38.23", "37.77", "39.79", "36.16"]);
    let trimmed = score(&works("trimmedMean"), &five()).unwrap();
    assert_eq!(trimmed.benchmark.unwrap().printed().unwrap(), "9650000.00");
    assert_eq!(price_scores(&trimmed), ["39.22", "38.45", "37.67", "40.00", "36.37"]);
}

#[test]
fn four_offers_are_not_trimmed_and_the_ceiling_itself_is_in() {
    let four: Vec<Offer> = five().into_iter().take(4).collect();
    assert_eq!(
        score(&works("trimmedMean"), &four).unwrap().benchmark,
        score(&works("mean"), &four).unwrap().benchmark
    );
    let edge = offers(json!([{"id": "in", "price": "10200000.00"}, {"id": "out", "price": "10200000.01"}]));
    let scoring = score(&works("mean"), &edge).unwrap();
    assert_eq!(scoring.excluded, [("out".to_owned(), Exclusion::AboveCeiling)]);
    assert_eq!(scoring.benchmark.unwrap().printed().unwrap(), "10200000.00");
    assert_eq!(scoring.outcome, Outcome::TooFew);
    let none = score(&works("mean"), &edge[1..]).unwrap();
    assert_eq!((none.benchmark, none.outcome), (None, Outcome::NoEffectiveOffer));
}

#[test]
fn a_score_never_falls_below_its_minimum() {
    let steep = |least: Value| {
        method(json!({"method": "engComprehensive", "parameters": {
            "benchmark": "mean", "fullMarks": "40", "kAbove": "5", "kBelow": "5", "minScore": least
        }}))
    };
    let far = offers(json!([{"id": "low", "price": "100"}, {"id": "high", "price": "300"}]));
    for (least, expected) in [(Value::Null, "0.00"), (json!("12.5"), "12.50")] {
        let scoring = score(&steep(least), &far).unwrap();
        assert!(scoring.ranked.iter().all(|it| it.price_score.unwrap().to_string() == expected));
    }
}

/// Bidder and price in yuan of the recorded opening; those never decrypted have no price.
fn opening() -> Vec<(String, Option<Decimal>)> {
    include_str!("../../../demo/opening-1528.csv")
        .lines()
        .skip(1)
        .map(|line| {
            let bidder = line.split(',').nth(2).unwrap().to_owned();
            let price = line.rsplit(',').next().unwrap();
            let yuan = |text: &str| text.parse::<Decimal>().unwrap() * Decimal::new(10_000, 0);
            (bidder, (!price.is_empty()).then(|| yuan(price)))
        })
        .collect()
}

#[test]
fn the_recorded_opening_of_1528_bids_is_scored_as_published() {
    let all = opening();
    assert_eq!(all.len(), 1528);
    let opened: Vec<Offer> = all
        .into_iter()
        .filter_map(|(id, price)| Some(Offer::new(id, Amount::new(price?).unwrap())))
        .collect();
    assert_eq!(opened.len(), 1525);
    let method = method(json!({"method": "engComprehensive", "parameters": {
        "benchmark": "trimmedMean", "ceiling": "19000000.00", "fullMarks": "100", "kAbove": "1",
        "kBelow": "0.5", "scoreDecimals": 4
    }}));
    let scoring = score(&method, &opened).unwrap();
    assert_eq!(scoring.excluded, [("投标人0116".to_owned(), Exclusion::AboveCeiling)]);
    assert_eq!(scoring.ranked.len(), 1524);
    let benchmark = scoring.benchmark.unwrap();
    assert_eq!((benchmark.sum, benchmark.count), (Decimal::from(27_969_270_944_i64), 1522));
    assert_eq!(benchmark.printed().unwrap(), "18376656.3363994");
    let top: Vec<_> = scoring
        .ranked
        .iter()
        .take(5)
        .map(|it| (it.rank, it.id.as_str(), yuan(it.price), it.total.unwrap().to_string(), it.tied))
        .collect();
    assert_eq!(
        top[..4],
        [
            (1, "投标人0887", "18376739.00".to_owned(), "99.9996".to_owned(), false),
            (2, "投标人1176", "18376846.00".to_owned(), "99.9990".to_owned(), false),
            (3, "投标人0399", "18376030.00".to_owned(), "99.9983".to_owned(), true),
            (3, "投标人1052", "18376030.00".to_owned(), "99.9983".to_owned(), true),
        ]
    );
    assert_eq!(top[4].0, 5);
    assert_eq!(scoring.outcome, Outcome::DrawNeeded);
    assert_eq!(
        scoring.ranked[0].working,
        "100 − 1 × 100 × (18376739.00 × 1522 − 27969270944.00) ÷ 27969270944.00 = 99.99955017… → 99.9996"
    );
}

#[test]
fn each_unusable_offer_is_pointed_at() {
    let given = offers(json!([
        {"id": "A", "price": "100", "otherScore": "70.01"},
        {"id": "A", "price": "0"},
        {"id": " ", "price": "1", "deductionPercent": "100"},
        {"id": "D", "price": "1", "otherScore": "1.005"},
    ]));
    let rejection = score(&purchase("30"), &given).unwrap_err();
    let pointers: Vec<&str> = rejection.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/offers/0/otherScore",
            "/offers/1/id",
            "/offers/1/price",
            "/offers/2/id",
            "/offers/2/deductionPercent",
            "/offers/3/otherScore"
        ]
    );
    assert!(score(&purchase("30"), &[]).is_err());
    let deducted = offers(json!([{"id": "A", "price": "1", "deductionPercent": "3"}]));
    assert_eq!(score(&works("mean"), &deducted).unwrap_err().errors[0].pointer, "/offers/0/deductionPercent");
}

#[test]
fn the_largest_numbers_of_the_grammars_are_carried() {
    let most = (0..MOST_OFFERS)
        .map(|at| {
            Offer::new(
                at.to_string(),
                Amount::parse(if at % 2 == 0 { "99999999999999.99" } else { "0.01" }).unwrap(),
            )
        })
        .collect::<Vec<_>>();
    let works = method(json!({"method": "engComprehensive", "parameters": {
        "benchmark": "mean", "fullMarks": "99.9999", "kAbove": "99.9999", "kBelow": "99.9999", "scoreDecimals": 4
    }}));
    assert_eq!(score(&works, &most).unwrap().ranked.len(), MOST_OFFERS);
    let deducted: Vec<Offer> = most
        .into_iter()
        .map(|offer| Offer { deduction_percent: Some(Marks::parse("10.0001").unwrap()), ..offer })
        .collect();
    let weight = method(json!({"method": "gpComprehensive", "parameters": {
        "priceWeight": "99.9999", "scoreDecimals": 4
    }}));
    assert_eq!(score(&weight, &deducted).unwrap().ranked.len(), MOST_OFFERS);
}

fn some_offers() -> impl Strategy<Value = Vec<Offer>> {
    prop::collection::vec(1_i64..1_020_000_000, 1..40).prop_map(|prices| {
        prices
            .into_iter()
            .enumerate()
            .map(|(at, fen)| Offer::new(format!("{at:02}"), Amount::new(Decimal::new(fen, 2)).unwrap()))
            .collect()
    })
}

proptest! {
    #[test]
    fn the_order_of_the_offers_does_not_matter(given in some_offers(), turn in 0_usize..40) {
        let mut turned = given.clone();
        turned.rotate_left(turn % given.len());
        turned.reverse();
        for method in [works("mean"), works("trimmedMean"), purchase("30")] {
            prop_assert_eq!(score(&method, &given).unwrap(), score(&method, &turned).unwrap());
        }
    }

    #[test]
    fn scores_depend_on_the_ratio_of_prices_alone(given in some_offers(), factor in 2_i64..1000) {
        let scaled: Vec<Offer> = given
            .iter()
            .map(|offer| {
                let price = Amount::new(offer.price.value() * Decimal::from(factor)).unwrap();
                Offer { price, ..offer.clone() }
            })
            .collect();
        let free = |benchmark: &str| method(json!({"method": "engComprehensive", "parameters": {
            "benchmark": benchmark, "fullMarks": "40", "kAbove": "1", "kBelow": "0.5", "scoreDecimals": 4
        }}));
        for method in [free("mean"), free("trimmedMean"), purchase("30")] {
            let (left, right) = (score(&method, &given).unwrap(), score(&method, &scaled).unwrap());
            prop_assert_eq!(table(&left), table(&right));
        }
    }

    #[test]
    fn scores_stay_in_bounds_and_the_order_holds(given in some_offers()) {
        for method in [works("mean"), works("trimmedMean"), purchase("30")] {
            let scoring = score(&method, &given).unwrap();
            prop_assert_eq!(scoring.ranked.len() + scoring.excluded.len(), given.len());
            for it in &scoring.ranked {
                prop_assert!(it.price_score.unwrap() >= Decimal::ZERO && it.price_score.unwrap() <= method.price_points().value());
                prop_assert_eq!(it.price_score.unwrap().scale(), 2);
            }
            for pair in scoring.ranked.windows(2) {
                let (first, second) = (&pair[0], &pair[1]);
                prop_assert!(first.total >= second.total && first.rank <= second.rank);
                prop_assert!(first.total > second.total || first.price <= second.price);
                prop_assert_eq!(first.rank == second.rank, first.total == second.total && first.price == second.price);
            }
        }
    }

    /// In a purchase a lower price never scores less, and the lowest takes all points.
    #[test]
    fn cheaper_never_scores_less_in_a_purchase(given in some_offers()) {
        let scoring = score(&purchase("30"), &given).unwrap();
        prop_assert_eq!(scoring.ranked[0].price_score, Some(Decimal::from(30)));
        prop_assert!(scoring.ranked.windows(2).all(|pair| pair[0].price <= pair[1].price));
    }
}
