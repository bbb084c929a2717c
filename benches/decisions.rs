//! How long the pure decisions take: the scoring of one large opening, the count of a period, the venue of a project,
//! and reading the whole policy anew; each beside a baseline that does nothing of it.
//!
//! `cargo bench --bench decisions`

use std::hint::black_box;

use chrono::NaiveDate;
use criterion::{Criterion, criterion_group, criterion_main};
use tenderhall::{
    jurisdiction::{Jurisdiction, Level, VenueQuestion, decide},
    kernel::{Category, RegionCode, money::Amount},
    law::{Direction, Law, Unit},
    platform::policy_file::PolicySource,
    scoring::{
        method::Method,
        numbers::Numbers,
        score::{Offer, score},
    },
};

/// Offers that reached the scoring in the recorded opening.
const OFFERS: usize = 1525;

fn offers() -> Vec<Offer> {
    (0..OFFERS)
        .filter_map(|at| {
            let price = Amount::parse(&format!("{}.{:02}", 18_000_000 + at * 457, at % 100)).ok()?;
            Some(Offer::new(format!("{at:04}"), price))
        })
        .collect()
}

fn method(name: &str, parameters: serde_json::Value) -> Option<Method> {
    Method::read(serde_json::json!({"method": name, "parameters": parameters}), "").ok()
}

fn numbers(method: &Method) -> Option<Numbers> {
    let (law, on) = (Law::load(&PolicySource::BuiltIn).ok()?, NaiveDate::from_ymd_opt(2026, 2, 24)?);
    Numbers::of(&law, on, method).ok()
}

fn scoring(bench: &mut Criterion) {
    let offers = offers();
    bench.bench_function("baseline: copy 1,525 ids", |it| {
        it.iter(|| black_box(&offers).iter().map(|offer| offer.id.clone()).collect::<Vec<_>>());
    });
    let methods = [
        method(
            "engComprehensive",
            serde_json::json!({"benchmark": "trimmedMean", "ceiling": "19000000.00", "fullMarks": "100",
                "kAbove": "1", "kBelow": "0.5", "scoreDecimals": 4}),
        ),
        method("gpComprehensive", serde_json::json!({"priceWeight": "30"})),
    ];
    for (name, method) in ["works: trimmed mean", "purchase: lowest price"].into_iter().zip(methods) {
        let Some(method) = method else { continue };
        let Some(numbers) = numbers(&method) else { continue };
        bench.bench_function(name, |it| it.iter(|| score(black_box(&method), numbers, black_box(&offers))));
    }
    let slopes = |more: serde_json::Value| {
        let mut parameters = serde_json::json!({"ceiling": "19000000.00", "fullMarks": "100", "kAbove": "1",
            "kBelow": "0.5", "scoreDecimals": 4});
        if let (Some(all), Some(more)) = (parameters.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        parameters
    };
    let others = [
        ("works: mean", "engComprehensive", slopes(serde_json::json!({"benchmark": "mean"}))),
        (
            "works: floating mean",
            "engComprehensive",
            slopes(serde_json::json!({"benchmark": "floating", "floatPercent": "3"})),
        ),
        (
            "works: midpoint",
            "engComprehensive",
            serde_json::json!({"benchmark": "midpoint", "ceiling": "19000000.00", "fullMarks": "100",
                "scoreDecimals": 4}),
        ),
        (
            "works: composite benchmark",
            "engComprehensive",
            slopes(serde_json::json!({"benchmark": "composite",
                "composite": {"k1": "0.98", "k2": "0.95", "q1": "0.35"}})),
        ),
        (
            "works: benchmark of three parts",
            "engComprehensive",
            slopes(serde_json::json!({"benchmark": "threePart",
                "threePart": {"reductionPercent": "6.5", "k": "0.97"}})),
        ),
        (
            "works: random sample",
            "engComprehensive",
            slopes(serde_json::json!({"benchmark": "randomSample", "sample": {"size": 5000}})),
        ),
        ("works: lowest evaluated", "engLowestEvaluated", serde_json::json!({})),
        ("consultation", "gpConsultation", serde_json::json!({"priceWeight": "30"})),
        ("purchase: by price alone", "gpLowestPrice", serde_json::json!({})),
        ("negotiation", "negotiation", serde_json::json!({})),
        ("inquiry", "inquiry", serde_json::json!({})),
        (
            "framework: entry",
            "frameworkEntry",
            serde_json::json!({"order": "priceFirst", "eliminatedPercent": "20"}),
        ),
    ];
    for (title, name, parameters) in others {
        let Some(method) = method(name, parameters) else { continue };
        let Some(numbers) = numbers(&method) else { continue };
        bench.bench_function(title, |it| it.iter(|| score(black_box(&method), numbers, black_box(&offers))));
    }
    let agreed: Vec<Offer> =
        offers.iter().map(|offer| Offer { agreement_price: Some(offer.price), ..offer.clone() }).collect();
    let Some(method) = method("frameworkSecondRound", serde_json::json!({})) else { return };
    let Some(numbers) = numbers(&method) else { return };
    bench.bench_function("framework: second round", |it| {
        it.iter(|| score(black_box(&method), numbers, black_box(&agreed)));
    });
}

fn counting(bench: &mut Criterion) {
    let (Ok(law), Some(from)) = (Law::load(&PolicySource::BuiltIn), NaiveDate::from_ymd_opt(2026, 2, 24))
    else {
        return;
    };
    bench.bench_function("baseline: one day further", |it| it.iter(|| black_box(from).succ_opt()));
    for (name, length, unit) in
        [("20 calendar days", 20, Unit::CalendarDay), ("5 working days", 5, Unit::WorkingDay)]
    {
        bench.bench_function(name, |it| {
            it.iter(|| law.count(black_box(from), black_box(length), unit, Direction::Forward));
        });
    }
}

fn venue(bench: &mut Criterion) {
    let (Ok(hall), Some(today)) =
        (Jurisdiction::load(&PolicySource::BuiltIn), NaiveDate::from_ymd_opt(2026, 2, 9))
    else {
        return;
    };
    let (Ok(region), Ok(investment)) =
        (RegionCode::try_from("152527".to_owned()), Amount::parse("24000000.00"))
    else {
        return;
    };
    let question = VenueQuestion {
        investment: Some(investment),
        ..VenueQuestion::new(region, Level::County, Category::Engineering)
    };
    bench.bench_function("baseline: copy the question", |it| it.iter(|| black_box(&question).clone()));
    bench.bench_function("venue of a project", |it| it.iter(|| decide(&hall, black_box(&question), today)));
}

fn policy(bench: &mut Criterion) {
    let source = PolicySource::BuiltIn;
    bench.bench_function("read law and jurisdiction anew", |it| {
        it.iter(|| (Law::load(black_box(&source)), Jurisdiction::load(black_box(&source))));
    });
}

criterion_group!(all, scoring, counting, venue, policy);
criterion_main!(all);
