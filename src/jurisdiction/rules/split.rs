//! AMB-7: one project registered as several, each below a threshold that they reach together. Pure.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::jurisdiction::{
    Jurisdiction,
    model::{Measure, RouteRule, VenueQuestion},
};

/// Projects that reach a threshold together and not alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The threshold they reach together.
    pub rule: RouteRule,
    /// Their sum.
    pub total: Decimal,
    /// The threshold.
    pub bound: Decimal,
    /// Places in the list of the others of those that count.
    pub with: Vec<usize>,
}

/// Whether `mine` and those of `others` that pass the same test reach a threshold together, each being below every
/// threshold alone. The caller chooses the others: same purchaser, same fiscal year, same investment code, budget
/// item or category.
pub fn split_of(
    jurisdiction: &Jurisdiction,
    date: NaiveDate,
    mine: &VenueQuestion,
    others: &[VenueQuestion],
) -> Option<Split> {
    let below = |question: &VenueQuestion| {
        question.test().measures().iter().all(|measure| {
            let threshold = jurisdiction.threshold(*measure, date);
            threshold.is_none_or(|one| figure(question, *measure).is_none_or(|figure| figure < one.at_least))
        })
    };
    if !below(mine) {
        return None;
    }
    let alike: Vec<(usize, &VenueQuestion)> =
        others.iter().enumerate().filter(|(_, one)| one.test() == mine.test() && below(one)).collect();
    mine.test().measures().iter().find_map(|measure| {
        let threshold = jurisdiction.threshold(*measure, date)?;
        let own = figure(mine, *measure)?;
        let counted: Vec<(usize, Decimal)> =
            alike.iter().filter_map(|(at, one)| Some((*at, figure(one, *measure)?))).collect();
        let total = own + counted.iter().map(|(_, figure)| *figure).sum::<Decimal>();
        (!counted.is_empty() && total >= threshold.at_least).then(|| Split {
            rule: threshold.rule,
            total,
            bound: threshold.at_least,
            with: counted.into_iter().map(|(at, _)| at).collect(),
        })
    })
}

fn figure(question: &VenueQuestion, measure: Measure) -> Option<Decimal> {
    question.own_figure(measure).map(|own| own + question.added_by_phases(measure))
}
