//! 异常低价: the three numeric triggers of 财库〔2026〕2号, for government purchases from 2026-02-01.
//!
//! A trigger is no rejection: the committee asks, the supplier explains, the committee decides. Comparisons are
//! strict, on original quotes, and made by cross-multiplication. Before that day only 令87 art 60 applies, which
//! is judgement without numbers.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::arithmetic::{self, Exact, TooLarge};
use crate::kernel::{LegalGround, Rejection, Say, money::Amount};

/// First day of 财库〔2026〕2号.
pub const IN_FORCE_FROM: Option<NaiveDate> = NaiveDate::from_ymd_opt(2026, 2, 1);
/// A document may raise the lines up to this percentage.
const HIGHEST_LINE: u32 = 65;

/// The rule, for reports and refusals.
pub fn ground() -> LegalGround {
    LegalGround {
        id: "ALP".to_owned(), source: "财库〔2026〕2号".to_owned(), article: None, earliest: None
    }
}

/// The three lines in whole percent. The document may raise each up to 65.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lines {
    /// Of the mean of all quotes that passed the conformity review.
    pub mean: u32,
    /// Of the second lowest quote.
    pub second_lowest: u32,
    /// Of the highest price, or of the budget where no highest price was set.
    pub ceiling: u32,
}

impl Default for Lines {
    fn default() -> Self {
        Self { mean: 50, second_lowest: 50, ceiling: 45 }
    }
}

impl Lines {
    /// Checks lines that a document sets; `at` is the pointer of the object.
    ///
    /// # Errors
    /// 422 for a line below the lawful one or above 65.
    pub fn check(self, at: &str) -> Result<Self, Rejection> {
        let least = Self::default();
        let lines = [
            ("mean", self.mean, least.mean),
            ("secondLowest", self.second_lowest, least.second_lowest),
            ("ceiling", self.ceiling, least.ceiling),
        ];
        match lines.into_iter().find(|(_, line, least)| !(*least..=HIGHEST_LINE).contains(line)) {
            None => Ok(self),
            Some((name, _, least)) => Err(Rejection::at(
                format!("{at}/{name}"),
                "invalid",
                Say::new(
                    format!("须在{least}%至{HIGHEST_LINE}%之间"),
                    format!("must lie between {least} and {HIGHEST_LINE}"),
                ),
            )),
        }
    }
}

/// Which line a quote fell under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Line {
    /// Below the share of the mean.
    Mean,
    /// Below the share of the second lowest quote.
    SecondLowest,
    /// Below the share of the highest price or budget.
    Ceiling,
}

/// One trigger with its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trigger {
    /// The line.
    pub line: Line,
    /// Its percentage.
    pub percent: u32,
    /// What the percentage is taken of, in yuan, half-up to two decimals.
    pub reference: String,
    /// The limit in yuan, half-up to two decimals; the comparison itself is exact.
    pub limit: String,
}

/// A quote that at least one line caught.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LowQuote {
    /// The offer's id.
    pub id: String,
    /// Original quote in yuan.
    pub price: Amount,
    /// The triggers, in the order of the rule.
    pub triggers: Vec<Trigger>,
}

/// Quotes to be explained, in the given order. `quotes` are the original quotes that passed the conformity
/// review; `most` is the highest price or, without one, the budget; `on` is the day whose law governs the
/// project (that of its first notice).
///
/// # Errors
/// Never within the grammar of amounts.
pub fn abnormally_low(
    quotes: &[(String, Amount)],
    most: Amount,
    lines: Lines,
    on: NaiveDate,
) -> Result<Vec<LowQuote>, TooLarge> {
    if IN_FORCE_FROM.is_none_or(|first| on < first) {
        return Ok(Vec::new());
    }
    let sum = arithmetic::sum(quotes.iter().map(|(_, price)| price.value()))?;
    let mut ascending: Vec<Decimal> = quotes.iter().map(|(_, price)| price.value()).collect();
    ascending.sort();
    let mut tests =
        vec![Test { line: Line::Mean, percent: lines.mean, sum, count: Decimal::from(quotes.len()) }];
    if let Some(second) = ascending.get(1) {
        let (line, percent) = (Line::SecondLowest, lines.second_lowest);
        tests.push(Test { line, percent, sum: *second, count: Decimal::ONE });
    }
    tests.push(Test { line: Line::Ceiling, percent: lines.ceiling, sum: most.value(), count: Decimal::ONE });
    let mut caught = Vec::new();
    for (id, price) in quotes {
        let mut triggers = Vec::new();
        for test in &tests {
            triggers.extend(test.catch(price.value())?);
        }
        if !triggers.is_empty() {
            caught.push(LowQuote { id: id.clone(), price: *price, triggers });
        }
    }
    Ok(caught)
}

/// `price < percent % × sum ÷ count`.
struct Test {
    line: Line,
    percent: u32,
    sum: Decimal,
    count: Decimal,
}

impl Test {
    fn catch(&self, price: Decimal) -> Result<Option<Trigger>, TooLarge> {
        let percent = Decimal::from(self.percent);
        let left = arithmetic::times(arithmetic::times(price, self.count)?, Decimal::ONE_HUNDRED)?;
        if left >= arithmetic::times(self.sum, percent)? {
            return Ok(None);
        }
        let reference = Exact::of(self.sum)?.divided_by(Exact::of(self.count)?)?;
        let limit = reference.times(Exact::of(percent)?)?.divided_by(Exact::of(Decimal::ONE_HUNDRED)?)?;
        Ok(Some(Trigger {
            line: self.line,
            percent: self.percent,
            reference: reference.half_up(2)?.to_string(),
            limit: limit.half_up(2)?.to_string(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotes(prices: &[&str]) -> Vec<(String, Amount)> {
        prices.iter().enumerate().map(|(at, price)| (at.to_string(), Amount::parse(price).unwrap())).collect()
    }

    fn day(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, month, day).unwrap()
    }

    fn fired(prices: &[&str], most: &str, lines: Lines) -> Vec<(String, Vec<Line>)> {
        abnormally_low(&quotes(prices), Amount::parse(most).unwrap(), lines, day(2, 1))
            .unwrap()
            .into_iter()
            .map(|low| (low.id, low.triggers.into_iter().map(|trigger| trigger.line).collect()))
            .collect()
    }

    #[test]
    fn each_line_is_strict() {
        // Mean of 50, 125, 125 is 100; the second lowest is 125, so only that line catches the first.
        assert_eq!(
            fired(&["50", "125", "125"], "111.11", Lines::default()),
            [("0".into(), vec![Line::SecondLowest])]
        );
        assert_eq!(fired(&["50", "100", "150"], "111.11", Lines::default()), []);
        assert_eq!(
            fired(&["49.99", "100", "150"], "111.08", Lines::default()),
            [("0".into(), vec![Line::Mean, Line::SecondLowest])]
        );
        assert_eq!(fired(&["45", "80"], "100", Lines::default()), []);
        assert_eq!(fired(&["44.99", "80"], "100", Lines::default()), [("0".into(), vec![Line::Ceiling])]);
    }

    #[test]
    fn the_sample_purchase_finds_nothing_and_one_quote_has_no_second() {
        assert_eq!(fired(&["1000000", "950000", "1100000"], "1150000", Lines::default()), []);
        assert_eq!(fired(&["1"], "100", Lines::default()), [("0".into(), vec![Line::Ceiling])]);
        assert_eq!(fired(&[], "100", Lines::default()), []);
    }

    #[test]
    fn the_numbers_are_laid_open() {
        let low = abnormally_low(
            &quotes(&["10", "30", "31"]),
            Amount::parse("40").unwrap(),
            Lines::default(),
            day(3, 1),
        )
        .unwrap();
        assert_eq!(
            low[0].triggers,
            [
                Trigger { line: Line::Mean, percent: 50, reference: "23.67".into(), limit: "11.83".into() },
                Trigger {
                    line: Line::SecondLowest,
                    percent: 50,
                    reference: "30.00".into(),
                    limit: "15.00".into()
                },
                Trigger {
                    line: Line::Ceiling,
                    percent: 45,
                    reference: "40.00".into(),
                    limit: "18.00".into()
                },
            ]
        );
    }

    #[test]
    fn nothing_fires_before_the_rule_is_in_force() {
        let low = abnormally_low(
            &quotes(&["1", "100"]),
            Amount::parse("100").unwrap(),
            Lines::default(),
            day(1, 31),
        );
        assert_eq!(low.unwrap(), []);
    }

    #[test]
    fn a_document_may_raise_the_lines_to_65_and_never_lower_them() {
        let lines = |mean, second_lowest, ceiling| Lines { mean, second_lowest, ceiling }.check("/low");
        assert!(lines(65, 50, 45).is_ok());
        assert_eq!(lines(66, 50, 45).unwrap_err().errors[0].pointer, "/low/mean");
        assert_eq!(lines(50, 49, 45).unwrap_err().errors[0].pointer, "/low/secondLowest");
        assert_eq!(lines(50, 50, 44).unwrap_err().errors[0].pointer, "/low/ceiling");
        assert_eq!(
            fired(&["60", "100"], "100", lines(65, 65, 65).unwrap()),
            [("0".into(), vec![Line::SecondLowest, Line::Ceiling])]
        );
    }
}
