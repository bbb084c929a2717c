//! Prices that repeat among the bids: a sign for supervisors, no judgement.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{conclusion::count, rejections::open};
use crate::{evaluation::model::RepeatedPrices, opening::OpenedBid};

/// How many of the opened prices repeat.
pub fn repeated_prices(opened: &[OpenedBid]) -> RepeatedPrices {
    let mut by_price: BTreeMap<Decimal, u32> = BTreeMap::new();
    for price in open(opened).filter_map(|bid| bid.price) {
        *by_price.entry(price.value()).or_default() += 1;
    }
    let repeated: Vec<u32> = by_price.into_values().filter(|bids| *bids > 1).collect();
    RepeatedPrices {
        prices: count(repeated.len()),
        bids: repeated.iter().sum(),
        most: repeated.into_iter().max().unwrap_or(0),
    }
}
