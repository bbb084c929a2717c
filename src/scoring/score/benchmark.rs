//! The benchmark 评标基准价 of average-based methods: an exact quotient, cut only in print.

use rust_decimal::Decimal;

use crate::scoring::{
    arithmetic::{self, Exact, TooLarge, yuan},
    method::{Averaging, EngComprehensive},
};

/// `trimFrom` where the document is silent (rules C.7, V2).
pub(in crate::scoring) const TRIM_FROM: usize = 5;

/// Decimals of a benchmark in print; the scores never see the cut value.
pub(in crate::scoring) const BENCHMARK_PLACES: u32 = 7;

/// The benchmark as an exact quotient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Benchmark {
    /// Sum of the prices that entered it, in yuan.
    pub sum: Decimal,
    /// How many entered it.
    pub count: usize,
    /// Lowest and highest price left out, where the method trims.
    pub left_out: Option<(Decimal, Decimal)>,
}

impl Benchmark {
    /// The first seven decimals, cut and not rounded, at least two shown: for reading only.
    ///
    /// # Errors
    /// Never within the wire's grammars.
    pub fn printed(&self) -> Result<String, TooLarge> {
        Ok(yuan(self.cut()?.0))
    }

    /// The cut value and whether more decimals follow.
    ///
    /// # Errors
    /// Never within the wire's grammars.
    pub fn cut(&self) -> Result<(Decimal, bool), TooLarge> {
        Exact::of(self.sum)?.divided_by(Exact::of(Decimal::from(self.count))?)?.cut(BENCHMARK_PLACES)
    }
}

/// The average-based benchmark over effective `prices`, trimmed as `works` says; `None` without prices.
///
/// # Errors
/// Never within the wire's grammars.
pub fn average(works: &EngComprehensive, prices: &[Decimal]) -> Result<Option<Benchmark>, TooLarge> {
    let (Some(lowest), Some(highest)) = (prices.iter().min().copied(), prices.iter().max().copied()) else {
        return Ok(None);
    };
    let mut sum = arithmetic::sum(prices.iter().copied())?;
    let mut count = prices.len();
    let trims = works.benchmark == Averaging::TrimmedMean && count >= works.trim_from.unwrap_or(TRIM_FROM);
    if trims {
        sum = arithmetic::sum([sum, -lowest, -highest])?;
        count -= 2;
    }
    Ok(Some(Benchmark { sum, count, left_out: trims.then_some((lowest, highest)) }))
}
