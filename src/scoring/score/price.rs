//! What one offer comes to: a price score by its deviation from a benchmark or by a quotient, or an evaluated price.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::{
    benchmark::{Benchmark, Quote, found},
    offers::Offer,
};
use crate::{
    kernel::Say,
    scoring::{
        arithmetic::{self, Exact, TooLarge, yuan},
        method::{EngComprehensive, EntryOrder, Marks, Method, MethodText, TiePrice},
        ranking::Contender,
        workings::tell_average,
    },
};

/// Decimals of an unrounded score in a working.
const WORKING_PLACES: u32 = 8;

/// An offer with its score, before it has a place.
pub(super) struct Valued {
    pub(super) price: Decimal,
    pub(super) adjusted_price: Option<Decimal>,
    pub(super) price_score: Option<Decimal>,
    pub(super) total: Option<Decimal>,
    pub(super) working: String,
}

/// The rule that turns an offer into what is compared.
pub(super) enum Rule<'a> {
    /// By deviation from an average.
    Average(&'a EngComprehensive, Benchmark),
    /// Lowest adjusted price ÷ own adjusted price × weight.
    Lowest(Marks, Benchmark),
    /// By the evaluated price alone.
    Evaluated,
    /// By the quality score alone.
    Quality,
}

impl<'a> Rule<'a> {
    /// The method's rule over the effective offers; `None` without them.
    pub(super) fn of(
        method: &'a Method,
        effective: &[&Offer],
        workings: &mut Vec<Say>,
    ) -> Result<Option<Self>, TooLarge> {
        if effective.is_empty() {
            return Ok(None);
        }
        match method.text() {
            MethodText::EngComprehensive(works) => Self::by_average(works, effective, workings),
            MethodText::GpComprehensive(it) => Self::by_lowest(it.price_weight, effective, workings),
            MethodText::GpConsultation(it) => Self::by_lowest(it.price_weight, effective, workings),
            MethodText::FrameworkEntry(it) if it.order == EntryOrder::QualityFirst => Ok(Some(Self::Quality)),
            _ => Ok(Some(Self::Evaluated)),
        }
    }

    /// The benchmark, where the method has one.
    pub(super) fn benchmark(&self) -> Option<Benchmark> {
        match self {
            Self::Average(_, benchmark) | Self::Lowest(_, benchmark) => Some(*benchmark),
            Self::Evaluated | Self::Quality => None,
        }
    }

    /// V1 to V7 of rules C.7.
    fn by_average(
        works: &'a EngComprehensive,
        effective: &[&Offer],
        workings: &mut Vec<Say>,
    ) -> Result<Option<Self>, TooLarge> {
        let quotes: Vec<Quote<'_>> =
            effective.iter().map(|offer| Quote { id: &offer.id, price: offer.price.value() }).collect();
        let Some(benchmark) = found(works, &quotes, workings)? else { return Ok(None) };
        tell_average(works, &benchmark, workings)?;
        Ok(Some(Self::Average(works, benchmark)))
    }

    /// Lowest adjusted price (令87 art 55, 214 art 24); no price is ever left out (EV-0c).
    fn by_lowest(
        weight: Marks,
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
        workings.push(Say::new(
            format!("价格分 = B ÷ 评审价格 × {weight}"),
            format!("Price score = B ÷ adjusted price × {weight}"),
        ));
        Ok(Some(Self::Lowest(weight, Benchmark { sum: lowest, count: 1, left_out: None })))
    }

    /// What the offer comes to, and how it stands among the others.
    pub(super) fn value(&self, method: &Method, offer: &Offer) -> Result<(Valued, Contender), TooLarge> {
        let quote = offer.price.value();
        let places = method.score_decimals();
        let (adjusted_price, price_score, mut working) = match self {
            Self::Average(works, benchmark) => {
                let (score, working) = by_deviation(works, benchmark, places, quote, offer.addition_percent)?;
                (None, score, working)
            }
            Self::Lowest(weight, benchmark) => {
                let price = adjusted(offer)?;
                let (score, working) = by_quotient(*weight, benchmark, places, offer, price)?;
                (Some(price), score, working)
            }
            Self::Evaluated => return evaluated(offer),
            Self::Quality => return Ok(by_quality(offer)),
        };
        let mut total = price_score;
        if let Some(other) = offer.other_score {
            total = arithmetic::sum([total, other.value()])?;
            total.rescale(places);
            let _ = write!(working, "; {price_score} + {other} = {total}");
        }
        let by_adjusted = matches!(method.text(),
            MethodText::GpComprehensive(it) if it.tie_price == Some(TiePrice::Adjusted));
        let tie_price = adjusted_price.filter(|_| by_adjusted).unwrap_or(quote);
        let contender = Contender::by_score(&offer.id, total, tie_price, offer.technical());
        let (price_score, total) = (Some(price_score), Some(total));
        Ok((Valued { price: quote, adjusted_price, price_score, total, working }, contender))
    }
}

/// The price after deduction, plus what deviations were put at.
fn evaluated(offer: &Offer) -> Result<(Valued, Contender), TooLarge> {
    let after = adjusted(offer)?;
    let deviations = offer.deviations.iter().map(|deviation| deviation.amount.value());
    let evaluated = arithmetic::sum(std::iter::once(after).chain(deviations))?;
    let mut working = match offer.deduction_percent {
        Some(percent) if !percent.value().is_zero() => {
            format!("{} × (1 − {percent}%) = {}", offer.price, yuan(after))
        }
        _ => yuan(after),
    };
    for deviation in &offer.deviations {
        let _ = write!(working, " + {} ({})", deviation.amount, deviation.what.trim());
    }
    if !offer.deviations.is_empty() {
        let _ = write!(working, " = {}", yuan(evaluated));
    }
    if let Some(most) = offer.agreement_price {
        let _ = write!(working, " ≤ {most}");
    }
    let contender = Contender::by_price(&offer.id, evaluated, offer.technical());
    let price = offer.price.value();
    Ok((
        Valued { price, adjusted_price: Some(evaluated), price_score: None, total: None, working },
        contender,
    ))
}

fn by_quality(offer: &Offer) -> (Valued, Contender) {
    let quality = offer.quality_score.map_or(Decimal::ZERO, Marks::value);
    let valued = Valued {
        price: offer.price.value(),
        adjusted_price: None,
        price_score: None,
        total: Some(quality),
        working: quality.to_string(),
    };
    (valued, Contender::by_quality(&offer.id, quality))
}

/// F − k·100·|P·n − S| ÷ S, at least the minimum; then the policy addition in percent of it, at most F unless the
/// document lets it pass (EV-2d, EV-2h). Rounded once, at the end.
fn by_deviation(
    works: &EngComprehensive,
    benchmark: &Benchmark,
    places: u32,
    price: Decimal,
    addition: Option<Marks>,
) -> Result<(Decimal, String), TooLarge> {
    let Benchmark { sum, count, .. } = *benchmark;
    let gap = arithmetic::sum([arithmetic::times(price, Decimal::from(count))?, -sum])?;
    let (above, below) = works.slopes();
    let (factor, shown_gap) = if gap.is_sign_negative() {
        (below, format!("({} − {} × {count})", yuan(sum), yuan(price)))
    } else {
        (above, format!("({} × {count} − {})", yuan(price), yuan(sum)))
    };
    let lost = Exact::of(gap.abs())?
        .divided_by(Exact::of(sum)?)?
        .times(Exact::of(arithmetic::times(factor, Decimal::ONE_HUNDRED)?)?)?;
    let full = works.full_marks;
    let mut exact = Exact::of(full.value())?.minus(lost)?;
    let unrounded = exact.written_out(WORKING_PLACES)?;
    let mut working = format!("{full} − {factor} × 100 × {shown_gap} ÷ {} = {unrounded}", yuan(sum));
    let least = works.min_score.map_or(Decimal::ZERO, Marks::value);
    let mut score = exact.half_up(places)?;
    if score < least {
        let _ = write!(working, " → {score}; max({least}, …)");
        exact = Exact::of(least)?;
        score = least;
        score.rescale(places);
    }
    if let Some(percent) = addition.filter(|percent| !percent.value().is_zero()) {
        let grown = Decimal::ONE_HUNDRED + percent.value();
        exact = exact.times(Exact::of(grown)?)?.divided_by(Exact::of(Decimal::ONE_HUNDRED)?)?;
        score = exact.half_up(places)?;
        let _ = write!(working, " × (1 + {percent}%) = {}", exact.written_out(WORKING_PLACES)?);
        if score > full.value() && !works.addition_above_full {
            score = full.value();
            score.rescale(places);
            let _ = write!(working, "; min({full}, …)");
        }
    }
    let _ = write!(working, " → {score}");
    Ok((score, working))
}

/// B ÷ P × weight.
fn by_quotient(
    weight: Marks,
    benchmark: &Benchmark,
    places: u32,
    offer: &Offer,
    price: Decimal,
) -> Result<(Decimal, String), TooLarge> {
    let exact = Exact::of(benchmark.sum)?.divided_by(Exact::of(price)?)?.times(Exact::of(weight.value())?)?;
    let score = exact.half_up(places)?;
    let unrounded = exact.written_out(WORKING_PLACES)?;
    let quotient = format!("{} ÷ {} × {weight} = {unrounded} → {score}", yuan(benchmark.sum), yuan(price));
    let working = match offer.deduction_percent {
        Some(percent) if !percent.value().is_zero() => {
            format!("{} × (1 − {percent}%) = {}; {quotient}", offer.price, yuan(price))
        }
        _ => quotient,
    };
    Ok((score, working))
}

/// Quote after the policy deduction, exact (EV-2a).
fn adjusted(offer: &Offer) -> Result<Decimal, TooLarge> {
    let percent = offer.deduction_percent.map_or(Decimal::ZERO, Marks::value);
    let kept = arithmetic::times(Decimal::ONE_HUNDRED - percent, Decimal::new(1, 2))?;
    arithmetic::times(offer.price.value(), kept).map(|price| price.normalize())
}
