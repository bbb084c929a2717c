//! The arithmetic of a scoring in words and formulas, line by line, for everybody who may read the result.

use super::{
    arithmetic::{TooLarge, yuan},
    method::{Averaging, EngComprehensive, EntryOrder, Method, MethodText, TieBreak, TiePrice},
    score::{Benchmark, Offer, benchmark::BENCHMARK_PLACES},
};
use crate::kernel::Say;

/// Names and prices of some offers, as the end of a sentence; empty without offers.
fn listed(offers: &[&Offer]) -> (String, String) {
    let mut names: Vec<String> =
        offers.iter().map(|offer| format!("{} ({})", offer.id, offer.price)).collect();
    names.sort();
    if names.is_empty() {
        return (String::new(), String::new());
    }
    (format!("：{}", names.join("、")), format!(": {}", names.join(", ")))
}

/// What the ceiling did before any benchmark.
pub(super) fn tell_ceiling(method: &Method, offers: usize, above: &[&Offer], workings: &mut Vec<Say>) {
    let Some(ceiling) = method.ceiling() else { return };
    let rejected = above.len();
    let (zh, en) = listed(above);
    let effective = offers - rejected;
    let (before_zh, before_en) = if method.scores() {
        ("在计算基准价之前否决", "rejected before the benchmark")
    } else {
        ("否决", "rejected")
    };
    let ceiling = yuan(ceiling.value());
    workings.push(Say::new(
        format!("报价{offers}个；高于最高限价{ceiling}、{before_zh}{rejected}个{zh}；有效{effective}个"),
        format!(
            "{offers} offers; {rejected} above the ceiling {ceiling}, {before_en}{en}; {effective} effective"
        ),
    ));
}

/// What else left offers out before they were compared.
pub(super) fn tell_left_out(zh: &str, en: &str, offers: &[&Offer], workings: &mut Vec<Say>) {
    if offers.is_empty() {
        return;
    }
    let (names_zh, names_en) = listed(offers);
    workings.push(Say::new(format!("{zh}{names_zh}"), format!("{en}{names_en}")));
}

/// An average-based benchmark as a quotient, and the formula that uses it.
///
/// # Errors
/// Never within the wire's grammars.
pub(super) fn tell_average(
    works: &EngComprehensive,
    benchmark: &Benchmark,
    workings: &mut Vec<Say>,
) -> Result<(), TooLarge> {
    let (value, more) = benchmark.cut()?;
    let more = if more { "…" } else { "" };
    let quotient = format!("{} ÷ {} = {}{more}", yuan(benchmark.sum), benchmark.count, yuan(value));
    workings.push(Say::new(
        format!("评标基准价 B = {quotient}（显示至{BENCHMARK_PLACES}位小数，计算时不取舍）"),
        format!("Benchmark B = {quotient} (shown to {BENCHMARK_PLACES} decimals, never rounded in the sums)"),
    ));
    let full = works.full_marks;
    let (above, below) = works.slopes();
    let formula = if works.benchmark == Averaging::Midpoint {
        format!("max(0, (1 − |P − B| ÷ B) × {full}) = {full} − {above} × 100 × |P − B| ÷ B")
    } else {
        format!("P > B: {full} − {above} × 100 × (P − B) ÷ B; P ≤ B: {full} − {below} × 100 × (B − P) ÷ B")
    };
    workings.push(Say::new(format!("价格分：{formula}"), format!("Price score: {formula}")));
    Ok(())
}

/// How scores are rounded and ties broken.
pub(super) fn tell_rounding(method: &Method, technical: bool, workings: &mut Vec<Say>) {
    let places = method.score_decimals();
    let (then_zh, then_en) = if technical && method.tie_break() == TieBreak::Technical {
        ("技术得分高者在前；再相同，抽签", "higher technical score, then a draw")
    } else {
        ("抽签", "then a draw")
    };
    let adjusted = matches!(method.text(),
        MethodText::GpComprehensive(it) if it.tie_price == Some(TiePrice::Adjusted));
    let (price_zh, price_en) = if adjusted {
        ("评审价格低者在前", "lower adjusted price first")
    } else {
        ("报价低者在前", "lower price first")
    };
    workings.push(Say::new(
        format!("只在得分处四舍五入一次，保留{places}位小数；总分相同，{price_zh}；仍相同，{then_zh}"),
        format!(
            "Rounded half-up once, at the score, to {places} decimals; equal totals: {price_en}, {then_en}"
        ),
    ));
}

/// By what offers are ordered that get no scores.
pub(super) fn tell_order(method: &Method, technical: bool, workings: &mut Vec<Say>) {
    let (zh, en) = match method.text() {
        MethodText::EngLowestEvaluated(_) => (
            "评标价 = 修正后的投标价 × (1 − 价格扣除) + 量化偏差之和；由低到高排序；合同价为修正后的投标价",
            "Evaluated price = corrected bid × (1 − deduction) + quantified deviations, lowest first; the contract takes the corrected bid",
        ),
        MethodText::GpLowestPrice(_) => (
            "评审价格 = 报价 × (1 − 价格扣除)；由低到高排序；除修正和政策扣除外不作任何调整；合同价为报价",
            "Adjusted price = quote × (1 − deduction), lowest first; nothing but corrections and policy changes it; the contract takes the quote",
        ),
        MethodText::Negotiation(_) => (
            "按最后报价（扣除后）由低到高排序，最低者成交",
            "By last offer after deduction, lowest first; the lowest wins",
        ),
        MethodText::Inquiry(_) => (
            "按一次报出的价格（扣除后）由低到高排序，最低者成交",
            "By the single quote after deduction, lowest first; the lowest wins",
        ),
        MethodText::FrameworkEntry(it) if it.order == EntryOrder::QualityFirst => {
            ("按质量得分由高到低排序", "By quality score, highest first")
        }
        MethodText::FrameworkEntry(_) => ("按响应报价由低到高排序", "By response price, lowest first"),
        MethodText::FrameworkSecondRound(_) => (
            "二次竞价不高于本供应商协议价，最低者成交",
            "Quotes of at most the supplier's own agreement price; the lowest wins",
        ),
        MethodText::EngComprehensive(_) | MethodText::GpComprehensive(_) | MethodText::GpConsultation(_) => {
            return;
        }
    };
    workings.push(Say::new(zh, en));
    workings.push(if technical && method.tie_break() == TieBreak::Technical {
        Say::new("并列的，技术得分高者在前；仍相同，抽签", "Ties: higher technical score, then a draw")
    } else {
        Say::new("并列的，抽签", "Ties: a draw")
    });
}
