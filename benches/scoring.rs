//! How long the scoring of one large opening takes, beside a loop over the same offers that scores nothing.
//!
//! `cargo bench --bench scoring`

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use tenderhall::{
    kernel::money::Amount,
    scoring::{
        method::Method,
        score::{Offer, score},
    },
};

/// Offers that reached the scoring in the recorded opening.
const OFFERS: usize = 1525;

fn offers() -> Vec<Offer> {
    (0..OFFERS)
        .filter_map(|at| {
            let price = Amount::parse(&format!("{}.{:02}", 18_000_000 + at * 457, at % 100)).ok()?;
            Some(Offer { id: format!("{at:04}"), price, deduction_percent: None, other_score: None })
        })
        .collect()
}

fn method(name: &str, parameters: serde_json::Value) -> Option<Method> {
    Method::read(serde_json::json!({"method": name, "parameters": parameters}), "").ok()
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
        bench.bench_function(name, |it| it.iter(|| score(black_box(&method), black_box(&offers))));
    }
}

criterion_group!(all, scoring);
criterion_main!(all);
