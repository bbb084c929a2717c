//! Numbers that law leaves a document to choose within, read by rule id as in force on a day.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{complaints::Complaints, marks::Marks};
use crate::{
    kernel::Problem,
    law::{Cap, Law, LawGap, Quantity, Rule},
};

/// A percentage that a rule names, with the rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Percent<'a> {
    pub(super) value: Decimal,
    pub(super) rule: &'a Rule,
}

impl Percent<'_> {
    /// Instrument and article, for reading: `财库〔2020〕46号 9`.
    fn said(&self) -> String {
        let Rule { source, article, .. } = self.rule;
        if article == "-" { source.clone() } else { format!("{source} {article}") }
    }
}

/// The percentage of `key` in force on `on`; `None` on a day without such a rule.
///
/// # Errors
/// A rule of that name that is no percentage, which is a fault of the edition.
pub(super) fn percent<'a>(law: &'a Law, key: &str, on: NaiveDate) -> Result<Option<Percent<'a>>, Problem> {
    let rule = match law.rule(key, on) {
        Ok(rule) => rule,
        Err(LawGap::UnknownRule { .. }) => return Ok(None),
        Err(gap) => return Err(gap.into()),
    };
    match rule.quantity {
        Quantity::Cap(_, Cap::Percent(n)) => Ok(Some(Percent { value: Decimal::from(n), rule })),
        _ => Err(Problem::internal(anyhow::anyhow!("rule {key} is no percentage"))),
    }
}

/// From a least to a most, both inclusive; either may be absent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band<'a> {
    least: Option<Percent<'a>>,
    most: Option<Percent<'a>>,
}

impl<'a> Band<'a> {
    /// The band between two rules on a day.
    ///
    /// # Errors
    /// As [`percent`].
    pub(super) fn of(law: &'a Law, least: &str, most: &str, on: NaiveDate) -> Result<Self, Problem> {
        Ok(Self { least: percent(law, least, on)?, most: percent(law, most, on)? })
    }

    /// Whether no law speaks on that day.
    pub(super) fn is_open(&self) -> bool {
        self.least.is_none() && self.most.is_none()
    }

    /// Complains about a value outside.
    pub(super) fn check(&self, place: &str, value: Marks, wrong: &mut Complaints) {
        let value = value.value();
        if let Some(least) = self.least.filter(|least| value < least.value) {
            let (number, law) = (least.value, least.said());
            wrong.add(
                place,
                &format!("不得低于{number}%（{law}）"),
                &format!("must be at least {number} ({law})"),
            );
        }
        if let Some(most) = self.most.filter(|most| value > most.value) {
            let (number, law) = (most.value, most.said());
            wrong.add(
                place,
                &format!("不得高于{number}%（{law}）"),
                &format!("must be at most {number} ({law})"),
            );
        }
    }
}
