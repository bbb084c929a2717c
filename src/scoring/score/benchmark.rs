//! The benchmark 评标基准价 of average-based methods: an exact quotient, cut only in print.
//!
//! Every variant of rules C.7 is a sum over a count: a floating mean scales the sum, a composite adds the ceiling to
//! it once for each offer. So one formula turns any of them into scores, and none is rounded on the way.

use rust_decimal::Decimal;

use crate::{
    kernel::{Say, money::Amount},
    scoring::{
        arithmetic::{self, Exact, TooLarge, yuan},
        method::{Averaging, Composite, EngComprehensive, Marks, Sample, ThreePart},
    },
};

/// Decimals of a benchmark in print; the scores never see the cut value.
pub(in crate::scoring) const BENCHMARK_PLACES: u32 = 7;

/// Weights of a benchmark of three parts where the document is silent (rules C.7, V6).
const THREE_PARTS: [i64; 3] = [50, 30, 20];

/// An effective offer, as far as a benchmark looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote<'a> {
    /// The offer's id.
    pub id: &'a str,
    /// Its price in yuan.
    pub price: Decimal,
}

/// The benchmark as an exact quotient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Benchmark {
    /// The dividend in yuan: of a mean, the sum of the prices that entered it.
    pub sum: Decimal,
    /// The divisor: of a mean, how many entered it.
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

/// The benchmark over effective `quotes`, as `works` says; `None` without quotes.
///
/// # Errors
/// Numbers beyond exact arithmetic.
pub fn average(works: &EngComprehensive, quotes: &[Quote<'_>]) -> Result<Option<Benchmark>, TooLarge> {
    found(works, quotes, &mut Vec::new())
}

/// [`average`], with its steps told.
pub(in crate::scoring) fn found(
    works: &EngComprehensive,
    quotes: &[Quote<'_>],
    steps: &mut Vec<Say>,
) -> Result<Option<Benchmark>, TooLarge> {
    let drawn = sampled(works, quotes, steps);
    let Some(mean) = mean(works, &drawn, steps)? else { return Ok(None) };
    let ceiling = works.ceiling.map_or(Decimal::ZERO, Amount::value);
    let (sum, count) = match works.benchmark {
        Averaging::Mean | Averaging::TrimmedMean | Averaging::RandomSample => (mean.sum, mean.count),
        Averaging::Floating => {
            let percent = works.float_percent.map_or(Decimal::ZERO, Marks::value);
            let kept = Decimal::ONE - times(&[percent, Decimal::new(1, 2)])?;
            let sum = times(&[mean.sum, kept])?;
            let line = format!("λ = {percent}%: {} × (1 − {percent}%) = {}", yuan(mean.sum), yuan(sum));
            steps.push(both(&line));
            (sum, mean.count)
        }
        Averaging::Composite => (composite(works.composite.as_ref(), mean, ceiling, steps)?, mean.count),
        Averaging::Midpoint => {
            let sum = arithmetic::sum([mean.sum, times(&[ceiling, Decimal::from(mean.count)])?])?;
            let (own, n) = (yuan(mean.sum), mean.count);
            let quotient = format!(
                "({own} ÷ {n} + {}) ÷ 2 = ({own} + {n} × {}) ÷ {}",
                yuan(ceiling),
                yuan(ceiling),
                n * 2
            );
            steps.push(both(&quotient));
            (sum, n * 2)
        }
        Averaging::ThreePart => three_parts(works.three_part.as_ref(), quotes, ceiling, steps)?,
    };
    Ok(Some(Benchmark { sum: sum.normalize(), count, left_out: mean.left_out }))
}

/// The quotes a draw left in the game.
fn sampled<'a>(works: &EngComprehensive, quotes: &[Quote<'a>], steps: &mut Vec<Say>) -> Vec<Quote<'a>> {
    let drawn = works.sample.as_ref().and_then(|sample: &Sample| sample.drawn.as_ref());
    let Some(drawn) = drawn.filter(|_| works.benchmark == Averaging::RandomSample) else {
        return quotes.to_vec();
    };
    let mut taken: Vec<Quote<'a>> =
        quotes.iter().filter(|quote| drawn.iter().any(|id| id == quote.id)).copied().collect();
    taken.sort_by_key(|quote| quote.id);
    let names: Vec<&str> = taken.iter().map(|quote| quote.id).collect();
    steps.push(Say::new(
        format!("从有效报价{}个中公开随机抽取{}个：{}", quotes.len(), names.len(), names.join("、")),
        format!("{} of {} effective offers drawn in public: {}", names.len(), quotes.len(), names.join(", ")),
    ));
    taken
}

fn mean(
    works: &EngComprehensive,
    quotes: &[Quote<'_>],
    steps: &mut Vec<Say>,
) -> Result<Option<Benchmark>, TooLarge> {
    let prices = || quotes.iter().map(|quote| quote.price);
    let (Some(lowest), Some(highest)) = (prices().min(), prices().max()) else { return Ok(None) };
    let sum = arithmetic::sum(prices())?;
    let count = quotes.len();
    let Some(from) = works.trims_from() else { return Ok(Some(Benchmark { sum, count, left_out: None })) };
    if count < from {
        steps.push(Say::new(
            format!("有效报价{count}个 < {from}：不去掉最高和最低报价"),
            format!("{count} effective offers < {from}: nothing left out"),
        ));
        return Ok(Some(Benchmark { sum, count, left_out: None }));
    }
    let (low, high) = (yuan(lowest), yuan(highest));
    steps.push(Say::new(
        format!("有效报价{count}个 ≥ {from}：去掉一个最高报价{high}和一个最低报价{low}"),
        format!("{count} effective offers ≥ {from}: one highest {high} and one lowest {low} left out"),
    ));
    let sum = arithmetic::sum([sum, -lowest, -highest])?;
    Ok(Some(Benchmark { sum, count: count - 2, left_out: Some((lowest, highest)) }))
}

/// S·K1·Q1 + n·C·K2·(1 − Q1).
fn composite(
    by: Option<&Composite>,
    mean: Benchmark,
    ceiling: Decimal,
    steps: &mut Vec<Say>,
) -> Result<Decimal, TooLarge> {
    let Some(by) = by else { return Err(TooLarge) };
    let (k1, k2, q1) = (by.k1.value(), by.k2.value(), by.q1.value());
    let of_mean = times(&[mean.sum, k1, q1])?;
    let of_ceiling = times(&[ceiling, Decimal::from(mean.count), k2, Decimal::ONE - q1])?;
    let sum = arithmetic::sum([of_mean, of_ceiling])?;
    let (own, n) = (yuan(mean.sum), mean.count);
    steps.push(both(&format!(
        "{own} × {k1} × {q1} + {n} × {} × {k2} × (1 − {q1}) = {} + {} = {}",
        yuan(ceiling),
        yuan(of_mean),
        yuan(of_ceiling),
        yuan(sum)
    )));
    Ok(sum)
}

/// (A·a + B·b + C·c)·K, over the count that B is the mean of.
fn three_parts(
    by: Option<&ThreePart>,
    quotes: &[Quote<'_>],
    ceiling: Decimal,
    steps: &mut Vec<Say>,
) -> Result<(Decimal, usize), TooLarge> {
    let Some(by) = by else { return Err(TooLarge) };
    let lowest = quotes.iter().map(|quote| quote.price).min().unwrap_or_default();
    let drawn = by.drawn.as_ref().and_then(|id| quotes.iter().find(|quote| quote.id == id));
    let (middle, count) = match drawn {
        Some(quote) => (quote.price, 1),
        None if quotes.len() < 2 => (lowest, 1),
        None => {
            let sum = arithmetic::sum(quotes.iter().map(|quote| quote.price))?;
            (arithmetic::sum([sum, -lowest])?, quotes.len() - 1)
        }
    };
    let reduction = by.reduction_percent.value();
    let cut = Decimal::ONE - times(&[reduction, Decimal::new(1, 2)])?;
    let first = times(&[ceiling, cut])?;
    let [a, b, c] = by.weights.map_or(THREE_PARTS.map(Decimal::from), |all| all.map(Marks::value));
    let part = |value: Decimal, weight: Decimal| times(&[value, weight, Decimal::new(1, 2)]);
    let n = Decimal::from(count);
    let inner =
        arithmetic::sum([times(&[part(first, a)?, n])?, part(middle, b)?, times(&[part(lowest, c)?, n])?])?;
    let sum = times(&[inner, by.k.value()])?;
    let (first, lowest, k) = (yuan(first), yuan(lowest), by.k);
    let second = match drawn {
        Some(quote) => Say::new(
            format!("公开抽取的{}报价{}", quote.id, yuan(middle)),
            format!("offer {} drawn in public, {}", quote.id, yuan(middle)),
        ),
        None => Say::new(
            format!("除一个最低报价外的平均值{} ÷ {count}", yuan(middle)),
            format!("mean of all but one lowest, {} ÷ {count}", yuan(middle)),
        ),
    };
    let formula = format!(
        "({first} × {a}% × {count} + {} × {b}% + {lowest} × {c}% × {count}) × {k} = {}",
        yuan(middle),
        yuan(sum)
    );
    steps.push(Say::new(
        format!(
            "A = {} × (1 − {reduction}%) = {first}；B = {}；C = 最低报价{lowest}；{formula}",
            yuan(ceiling),
            second.zh
        ),
        format!(
            "A = {} × (1 − {reduction}%) = {first}; B = {}; C = lowest offer {lowest}; {formula}",
            yuan(ceiling),
            second.en
        ),
    ));
    Ok((sum, count))
}

/// A product without rounding, kept as short as it can be.
fn times(factors: &[Decimal]) -> Result<Decimal, TooLarge> {
    factors
        .iter()
        .try_fold(Decimal::ONE, |product, next| Ok(arithmetic::times(product, next.normalize())?.normalize()))
}

fn both(formula: &str) -> Say {
    Say::new(formula, formula)
}
