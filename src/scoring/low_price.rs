//! 异常低价: the three numeric triggers of 财库〔2026〕2号, for government purchases from the day it is in force.
//!
//! A trigger is no rejection: the committee asks, the supplier explains, the committee decides. Comparisons are
//! strict, on original quotes, and made by cross-multiplication. Before that day only 令87 art 60 applies, which
//! is judgement without numbers. The numbers are the law's: rules `ALP/…`.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arithmetic::{self, Exact, TooLarge},
    complaints::Complaints,
};
use crate::{
    kernel::{LegalGround, Problem, money::Amount},
    law::{Cap, Law, LawGap},
};

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

impl Lines {
    /// The lines of the law in force on `on`; `None` where it knows none.
    ///
    /// # Errors
    /// Rules that are no percentages, which is a fault of the edition.
    pub fn lawful(law: &Law, on: NaiveDate) -> Result<Option<Self>, Problem> {
        let line = |name: &str| percent(law, &format!("ALP/{name}"), on);
        let lines = (line("mean")?, line("secondLowest")?, line("ceiling")?);
        let (Some(mean), Some(second_lowest), Some(ceiling)) = lines else { return Ok(None) };
        Ok(Some(Self { mean, second_lowest, ceiling }))
    }

    /// Checks lines that a document sets; `at` is the pointer of the object.
    ///
    /// # Errors
    /// 422 for a line below the lawful one or above the highest, and for lines on a day whose law knows none.
    pub fn check(self, law: &Law, on: NaiveDate, at: &str) -> Result<Self, Problem> {
        let mut wrong = Complaints::new(at.to_owned());
        let Some(least) = Self::lawful(law, on)?.zip(percent(law, "ALP/highest", on)?) else {
            wrong.add_whole("该日的法律没有异常低价比例线", "the law of that day knows no such lines");
            return Ok(wrong.or(self)?);
        };
        let (least, highest) = least;
        let lines = [
            ("mean", self.mean, least.mean),
            ("secondLowest", self.second_lowest, least.second_lowest),
            ("ceiling", self.ceiling, least.ceiling),
        ];
        for (name, _, least) in
            lines.into_iter().filter(|(_, line, least)| !(*least..=highest).contains(line))
        {
            wrong.add(
                name,
                &format!("须在{least}%至{highest}%之间（财库〔2026〕2号）"),
                &format!("must lie between {least} and {highest} (财库〔2026〕2号)"),
            );
        }
        Ok(wrong.or(self)?)
    }
}

/// The whole percentage of a rule; `None` on a day without it.
fn percent(law: &Law, key: &str, on: NaiveDate) -> Result<Option<u32>, Problem> {
    match law.cap(key, on) {
        Ok(Cap::Percent(percent)) => Ok(Some(percent)),
        Ok(Cap::Yuan(_)) => Err(Problem::internal(anyhow::anyhow!("rule {key} is no percentage"))),
        Err(LawGap::UnknownRule { .. }) => Ok(None),
        Err(gap) => Err(gap.into()),
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
/// review; `most` is the highest price or, without one, the budget.
///
/// # Errors
/// Never within the grammar of amounts.
pub fn abnormally_low(
    quotes: &[(String, Amount)],
    most: Amount,
    lines: Lines,
) -> Result<Vec<LowQuote>, TooLarge> {
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

    fn law() -> Law {
        Law::load(&crate::platform::policy_file::PolicySource::BuiltIn).unwrap()
    }

    fn day(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, month, day).unwrap()
    }

    fn lawful() -> Lines {
        Lines::lawful(&law(), day(2, 1)).unwrap().unwrap()
    }

    fn fired(prices: &[&str], most: &str, lines: Lines) -> Vec<(String, Vec<Line>)> {
        abnormally_low(&quotes(prices), Amount::parse(most).unwrap(), lines)
            .unwrap()
            .into_iter()
            .map(|low| (low.id, low.triggers.into_iter().map(|trigger| trigger.line).collect()))
            .collect()
    }

    #[test]
    fn each_line_is_strict() {
        // Mean of 50, 125, 125 is 100; the second lowest is 125, so only that line catches the first.
        assert_eq!(
            fired(&["50", "125", "125"], "111.11", lawful()),
            [("0".into(), vec![Line::SecondLowest])]
        );
        assert_eq!(fired(&["50", "100", "150"], "111.11", lawful()), []);
        assert_eq!(
            fired(&["49.99", "100", "150"], "111.08", lawful()),
            [("0".into(), vec![Line::Mean, Line::SecondLowest])]
        );
        assert_eq!(fired(&["45", "80"], "100", lawful()), []);
        assert_eq!(fired(&["44.99", "80"], "100", lawful()), [("0".into(), vec![Line::Ceiling])]);
    }

    #[test]
    fn the_sample_purchase_finds_nothing_and_one_quote_has_no_second() {
        assert_eq!(fired(&["1000000", "950000", "1100000"], "1150000", lawful()), []);
        assert_eq!(fired(&["1"], "100", lawful()), [("0".into(), vec![Line::Ceiling])]);
        assert_eq!(fired(&[], "100", lawful()), []);
    }

    #[test]
    fn the_numbers_are_laid_open() {
        let low =
            abnormally_low(&quotes(&["10", "30", "31"]), Amount::parse("40").unwrap(), lawful()).unwrap();
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
    fn no_lines_are_law_before_the_rule_is_in_force() {
        assert_eq!(Lines::lawful(&law(), day(1, 31)).unwrap(), None);
        assert_eq!(lawful(), Lines { mean: 50, second_lowest: 50, ceiling: 45 });
        assert!(lawful().check(&law(), day(1, 31), "/low").is_err());
    }

    #[test]
    fn a_document_may_raise_the_lines_to_65_and_never_lower_them() {
        let (law, on) = (law(), day(2, 1));
        let lines =
            |mean, second_lowest, ceiling| Lines { mean, second_lowest, ceiling }.check(&law, on, "/low");
        let pointer = |answer: Result<Lines, Problem>| match answer {
            Err(Problem::Rejection(rejection)) => rejection.errors[0].pointer.clone(),
            other => panic!("{other:?}"),
        };
        assert!(lines(65, 50, 45).is_ok());
        assert_eq!(pointer(lines(66, 50, 45)), "/low/mean");
        assert_eq!(pointer(lines(50, 49, 45)), "/low/secondLowest");
        assert_eq!(pointer(lines(50, 50, 44)), "/low/ceiling");
        assert_eq!(
            fired(&["60", "100"], "100", lines(65, 65, 65).unwrap()),
            [("0".into(), vec![Line::SecondLowest, Line::Ceiling])]
        );
    }
}
