//! The price score of one offer: by its deviation from a benchmark, or by a quotient.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::{
    benchmark::{Benchmark, average},
    offers::Offer,
};
use crate::{
    kernel::Say,
    scoring::{
        arithmetic::{self, Exact, TooLarge, yuan},
        method::{EngComprehensive, GpComprehensive, Marks, Method},
        workings::tell_average,
    },
};

/// Decimals of an unrounded score in a working.
const WORKING_PLACES: u32 = 8;

/// An offer with its score, before it has a place.
pub(super) struct Valued {
    pub(super) adjusted_price: Option<Decimal>,
    pub(super) price_score: Decimal,
    pub(super) total: Decimal,
    pub(super) working: String,
}

/// The benchmark together with the rule that turns a price into a score.
pub(super) struct Priced<'a> {
    pub(super) benchmark: Benchmark,
    rule: Rule<'a>,
}

enum Rule<'a> {
    Average(&'a EngComprehensive),
    Lowest(&'a GpComprehensive),
}

impl<'a> Priced<'a> {
    /// V1 and V2 of rules C.7.
    pub(super) fn by_average(
        works: &'a EngComprehensive,
        effective: &[&Offer],
        workings: &mut Vec<Say>,
    ) -> Result<Option<Self>, TooLarge> {
        let prices: Vec<Decimal> = effective.iter().map(|offer| offer.price.value()).collect();
        let Some(benchmark) = average(works, &prices)? else { return Ok(None) };
        tell_average(works, &benchmark, effective.len(), workings)?;
        Ok(Some(Self { benchmark, rule: Rule::Average(works) }))
    }

    /// Lowest adjusted price (令87 art 55); no price is ever left out (EV-0c).
    pub(super) fn by_lowest(
        purchase: &'a GpComprehensive,
        effective: &[&Offer],
        workings: &mut Vec<Say>,
    ) -> Result<Option<Self>, TooLarge> {
        let adjusted: Vec<Decimal> =
            effective.iter().map(|offer| adjusted(offer)).collect::<Result<_, _>>()?;
        let Some(lowest) = adjusted.into_iter().min() else { return Ok(None) };
        workings.push(Say::new(
            format!("评标基准价 B = 最低评审价格 = {}", yuan(lowest)),
            format!("Benchmark B = lowest adjusted price = {}", yuan(lowest)),
        ));
        let weight = purchase.price_weight;
        workings.push(Say::new(
            format!("价格分 = B ÷ 评审价格 × {weight}"),
            format!("Price score = B ÷ adjusted price × {weight}"),
        ));
        let benchmark = Benchmark { sum: lowest, count: 1, left_out: None };
        Ok(Some(Self { benchmark, rule: Rule::Lowest(purchase) }))
    }

    pub(super) fn value(&self, method: &Method, offer: &Offer) -> Result<Valued, TooLarge> {
        let places = method.score_decimals();
        let (adjusted_price, price_score, mut working) = match self.rule {
            Rule::Average(works) => {
                let (score, working) = self.by_deviation(works, places, offer.price.value())?;
                (None, score, working)
            }
            Rule::Lowest(purchase) => {
                let price = adjusted(offer)?;
                let (score, working) = self.by_quotient(purchase, places, offer, price)?;
                (Some(price), score, working)
            }
        };
        let mut total = price_score;
        if let Some(other) = offer.other_score {
            total += other.value();
            total.rescale(places);
            let _ = write!(working, "; {price_score} + {other} = {total}");
        }
        Ok(Valued { adjusted_price, price_score, total, working })
    }

    /// F − k·100·|P·n − S| ÷ S, at least the minimum.
    pub(super) fn by_deviation(
        &self,
        works: &EngComprehensive,
        places: u32,
        price: Decimal,
    ) -> Result<(Decimal, String), TooLarge> {
        let Benchmark { sum, count, .. } = self.benchmark;
        let gap = arithmetic::sum([arithmetic::times(price, Decimal::from(count))?, -sum])?;
        let (factor, shown_gap) = if gap.is_sign_negative() {
            (works.k_below, format!("({} − {} × {count})", yuan(sum), yuan(price)))
        } else {
            (works.k_above, format!("({} × {count} − {})", yuan(price), yuan(sum)))
        };
        let lost = Exact::of(gap.abs())?
            .divided_by(Exact::of(sum)?)?
            .times(Exact::of(arithmetic::times(factor.value(), Decimal::ONE_HUNDRED)?)?)?;
        let exact = Exact::of(works.full_marks.value())?.minus(lost)?;
        let mut score = exact.half_up(places)?;
        let full = works.full_marks;
        let unrounded = exact.written_out(WORKING_PLACES)?;
        let mut working =
            format!("{full} − {factor} × 100 × {shown_gap} ÷ {} = {unrounded} → {score}", yuan(sum));
        let least = works.min_score.map_or(Decimal::ZERO, Marks::value);
        if score < least {
            score = least;
            score.rescale(places);
            let _ = write!(working, "; max({least}, …) → {score}");
        }
        Ok((score, working))
    }

    /// B ÷ P × weight.
    pub(super) fn by_quotient(
        &self,
        purchase: &GpComprehensive,
        places: u32,
        offer: &Offer,
        price: Decimal,
    ) -> Result<(Decimal, String), TooLarge> {
        let weight = purchase.price_weight;
        let exact = Exact::of(self.benchmark.sum)?
            .divided_by(Exact::of(price)?)?
            .times(Exact::of(weight.value())?)?;
        let score = exact.half_up(places)?;
        let unrounded = exact.written_out(WORKING_PLACES)?;
        let quotient =
            format!("{} ÷ {} × {weight} = {unrounded} → {score}", yuan(self.benchmark.sum), yuan(price));
        let working = match offer.deduction_percent {
            Some(percent) if !percent.value().is_zero() => {
                format!("{} × (1 − {percent}%) = {}; {quotient}", offer.price, yuan(price))
            }
            _ => quotient,
        };
        Ok((score, working))
    }
}

/// Quote after the policy deduction, exact (EV-2a).
fn adjusted(offer: &Offer) -> Result<Decimal, TooLarge> {
    let percent = offer.deduction_percent.map_or(Decimal::ZERO, Marks::value);
    let kept = arithmetic::times(Decimal::ONE_HUNDRED - percent, Decimal::new(1, 2))?;
    arithmetic::times(offer.price.value(), kept).map(|price| price.normalize())
}
