//! The arithmetic of a scoring in words and formulas, line by line, for everybody who may read the result.

use rust_decimal::Decimal;

use super::{
    arithmetic::{TooLarge, yuan},
    method::{Averaging, EngComprehensive, Method},
    score::{
        Benchmark, Offer,
        benchmark::{BENCHMARK_PLACES, TRIM_FROM},
    },
};
use crate::kernel::Say;

/// What the ceiling did before any benchmark.
pub(super) fn tell_ceiling(
    ceiling: Option<Decimal>,
    offers: usize,
    above: &[&Offer],
    workings: &mut Vec<Say>,
) {
    let Some(ceiling) = ceiling.map(yuan) else { return };
    let rejected = above.len();
    let mut names: Vec<String> =
        above.iter().map(|offer| format!("{} ({})", offer.id, offer.price)).collect();
    names.sort();
    let effective = offers - rejected;
    let (zh, en) = if names.is_empty() {
        (String::new(), String::new())
    } else {
        (format!("：{}", names.join("、")), format!(": {}", names.join(", ")))
    };
    workings.push(Say::new(
        format!("报价{offers}个；高于最高限价{ceiling}、在计算基准价之前否决{rejected}个{zh}；有效{effective}个"),
        format!("{offers} offers; {rejected} above the ceiling {ceiling}, rejected before the benchmark{en}; {effective} effective"),
    ));
}

/// How an average-based benchmark came about, and the formula that uses it.
///
/// # Errors
/// Never within the wire's grammars.
pub(super) fn tell_average(
    works: &EngComprehensive,
    benchmark: &Benchmark,
    effective: usize,
    workings: &mut Vec<Say>,
) -> Result<(), TooLarge> {
    let from = works.trim_from.unwrap_or(TRIM_FROM);
    if let Some((lowest, highest)) = benchmark.left_out {
        let (low, high) = (yuan(lowest), yuan(highest));
        workings.push(Say::new(
            format!("有效报价{effective}个 ≥ {from}：去掉一个最高报价{high}和一个最低报价{low}"),
            format!(
                "{effective} effective offers ≥ {from}: one highest {high} and one lowest {low} left out"
            ),
        ));
    } else if works.benchmark == Averaging::TrimmedMean {
        workings.push(Say::new(
            format!("有效报价{effective}个 < {from}：不去掉最高和最低报价"),
            format!("{effective} effective offers < {from}: nothing left out"),
        ));
    }
    let (value, more) = benchmark.cut()?;
    let more = if more { "…" } else { "" };
    let quotient = format!("{} ÷ {} = {}{more}", yuan(benchmark.sum), benchmark.count, yuan(value));
    workings.push(Say::new(
        format!("评标基准价 B = {quotient}（显示至{BENCHMARK_PLACES}位小数，计算时不取舍）"),
        format!("Benchmark B = {quotient} (shown to {BENCHMARK_PLACES} decimals, never rounded in the sums)"),
    ));
    let EngComprehensive { full_marks, k_above, k_below, .. } = works;
    let formula = format!(
        "P > B: {full_marks} − {k_above} × 100 × (P − B) ÷ B; P ≤ B: {full_marks} − {k_below} × 100 × (B − P) ÷ B"
    );
    workings.push(Say::new(format!("价格分：{formula}"), format!("Price score: {formula}")));
    Ok(())
}

/// How scores are rounded and ties broken.
pub(super) fn tell_rounding(method: &Method, workings: &mut Vec<Say>) {
    let places = method.score_decimals();
    workings.push(Say::new(
        format!("只在得分处四舍五入一次，保留{places}位小数；总分相同，报价低者在前；仍相同，抽签"),
        format!("Rounded half-up once, at the score, to {places} decimals; equal totals: lower price first, then a draw"),
    ));
}
