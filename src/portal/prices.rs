//! Where the prices lie: a row of columns around the benchmark, drawn as SVG on the server.
//!
//! Prices are whole fen here, so that the picture needs no floats either.

use std::fmt::Write as _;

use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{reader::grouped, view::PriceSpread};

/// Columns of the picture.
const COLUMNS: i64 = 64;
const WIDTH: i64 = 960;
const HEIGHT: i64 = 208;
const BASE: i64 = 176;
const TOP: i64 = 34;

/// Draws the spread; empty when there are no prices or all are equal. The benchmark is `B` in the picture.
pub(super) fn prices_svg(spread: &PriceSpread) -> String {
    let mut fen: Vec<i64> = spread.prices.iter().filter_map(in_fen).collect();
    fen.sort_unstable();
    let (Some(lowest), Some(highest)) = (fen.first().copied(), fen.last().copied()) else {
        return String::new();
    };
    let width = highest - lowest;
    if width <= 0 {
        return String::new();
    }
    let counts = columns(&fen, lowest, width);
    let tallest = counts.iter().copied().max().unwrap_or(1).max(1);
    let mut out = format!(
        "<svg class=\"prices\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\" focusable=\"false\"><path class=\"pr-base\" d=\"M0 {BASE}.5H{WIDTH}\"/>"
    );
    let step = WIDTH / COLUMNS;
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let x = i64::try_from(at).unwrap_or(0) * step;
        let tall = ((BASE - TOP) * count / tallest).max(2);
        let _ = write!(
            out,
            "<rect class=\"pr-column\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{tall}\"/>",
            x + 1,
            BASE - tall,
            step - 2
        );
    }
    if let Some(benchmark) = in_fen(&spread.benchmark) {
        let x = (WIDTH * (benchmark - lowest) / width).clamp(0, WIDTH);
        let _ = write!(
            out,
            "<path class=\"pr-benchmark\" d=\"M{x} {}V{}\"/><text class=\"pr-b\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">B = {}</text>",
            TOP - 10,
            BASE + 8,
            TOP - 16,
            grouped(&spread.benchmark.round_dp(2).to_string())
        );
    }
    let _ = write!(
        out,
        "<text class=\"pr-end\" x=\"0\" y=\"{0}\">{1}</text><text class=\"pr-end\" x=\"{WIDTH}\" y=\"{0}\" text-anchor=\"end\">{2}</text></svg>",
        BASE + 26,
        ends(lowest),
        ends(highest)
    );
    out
}

fn columns(fen: &[i64], lowest: i64, width: i64) -> Vec<i64> {
    let mut counts = vec![0_i64; usize::try_from(COLUMNS).unwrap_or(1)];
    for price in fen {
        let at = ((price - lowest) * COLUMNS / width).clamp(0, COLUMNS - 1);
        if let Some(count) = usize::try_from(at).ok().and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    counts
}

fn in_fen(price: &Decimal) -> Option<i64> {
    (price * Decimal::ONE_HUNDRED).round().to_i64()
}

fn ends(fen: i64) -> String {
    grouped(&Decimal::new(fen, 2).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_is_in_one_column() {
        let fen = [100, 150, 200, 200, 300];
        let counts = columns(&fen, 100, 200);
        assert_eq!(counts.iter().sum::<i64>(), 5);
        assert_eq!(counts.last(), Some(&1), "the highest price stays inside");
    }

    #[test]
    fn equal_prices_draw_nothing() {
        let one = Decimal::new(100, 2);
        assert!(prices_svg(&PriceSpread { prices: vec![one, one], benchmark: one, first: one }).is_empty());
    }
}
