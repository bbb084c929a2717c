//! From prices to scores to an order: one pure function for previews and for real evaluations alike.
//!
//! Every score is one fraction, rounded half-up once (EV-0a): with S the sum of n prices, B = S/n and
//! δ = (P − B)/B = (P·n − S)/S, so B itself is never rounded on the way. B is frozen once computed.

pub(super) mod benchmark;
mod offers;
mod price;

pub use benchmark::{Benchmark, average};
pub use offers::{MOST_OFFERS, Offer};

use std::collections::HashMap;

use offers::check_offers;
use price::{Priced, Valued};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arithmetic::TooLarge,
    method::{Method, MethodText},
    ranking::{Contender, MOST_CANDIDATES, TieGroup, rank},
    workings::{tell_ceiling, tell_rounding},
};
use crate::kernel::{Rejection, Say, money::Amount};

/// An effective offer with its scores and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// The offer's id.
    pub id: String,
    /// Original quote in yuan.
    pub price: Decimal,
    /// Price after policy deduction, exact; `None` where the method knows none.
    pub adjusted_price: Option<Decimal>,
    /// Stored price score.
    pub price_score: Decimal,
    /// Stored price score plus the other items.
    pub total: Decimal,
    /// 1 for the best; equal for tied offers, the next rank counts all before it.
    pub rank: usize,
    /// Same total and same price as another offer: only a draw separates them.
    pub tied: bool,
    /// The score's arithmetic in one line.
    pub working: String,
}

/// Why an offer takes no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Exclusion {
    /// Original quote above the ceiling: rejected before the benchmark (条例 art 51; 令87 art 63).
    AboveCeiling,
}

/// What the order means for the procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The first three places are settled.
    Ranked,
    /// A tie within the first three places awaits a draw.
    DrawNeeded,
    /// Fewer than three effective offers: whether competition suffices is the committee's question.
    FewerThanThree,
    /// No effective offer.
    NoEffectiveOffer,
}

/// All that one scoring yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoring {
    /// Absent without effective offers.
    pub benchmark: Option<Benchmark>,
    /// Effective offers, best first; tied offers by id.
    pub ranked: Vec<Scored>,
    /// Offers left out with the reason, by id.
    pub excluded: Vec<(String, Exclusion)>,
    /// The order as groups, for [`super::ranking::candidates`].
    pub groups: Vec<TieGroup>,
    /// What the order means.
    pub outcome: Outcome,
    /// The arithmetic of the whole, line by line.
    pub workings: Vec<Say>,
}

/// Scores and orders offers by a method.
///
/// # Errors
/// 422 with pointers below `/offers` for ids, prices or scores that the method cannot take.
pub fn score(method: &Method, offers: &[Offer]) -> Result<Scoring, Rejection> {
    check_offers(method, offers)?;
    compute(method, offers).map_err(|error| {
        Rejection::at("/offers", "invalid", Say::new("数值超出精确计算的范围", error.to_string()))
    })
}

fn compute(method: &Method, offers: &[Offer]) -> Result<Scoring, TooLarge> {
    let ceiling = method.ceiling().map(Amount::value);
    let (above, effective): (Vec<&Offer>, Vec<&Offer>) =
        offers.iter().partition(|offer| ceiling.is_some_and(|most| offer.price.value() > most));
    let mut workings = Vec::new();
    tell_ceiling(ceiling, offers.len(), &above, &mut workings);
    let mut excluded: Vec<_> =
        above.iter().map(|offer| (offer.id.clone(), Exclusion::AboveCeiling)).collect();
    excluded.sort();
    let priced = match method.text() {
        MethodText::EngComprehensive(works) => Priced::by_average(works, &effective, &mut workings)?,
        MethodText::GpComprehensive(purchase) => Priced::by_lowest(purchase, &effective, &mut workings)?,
    };
    let mut valued = HashMap::with_capacity(effective.len());
    let mut contenders = Vec::with_capacity(effective.len());
    if let Some(priced) = &priced {
        for offer in effective {
            let value = priced.value(method, offer)?;
            contenders.push(Contender {
                id: offer.id.clone(),
                total: value.total,
                price: offer.price.value(),
            });
            valued.insert(offer.id.as_str(), value);
        }
        tell_rounding(method, &mut workings);
    }
    let groups = rank(contenders);
    let ranked = placed(&groups, valued);
    let outcome = outcome(&groups, ranked.len());
    Ok(Scoring {
        benchmark: priced.map(|priced| priced.benchmark),
        ranked,
        excluded,
        groups,
        outcome,
        workings,
    })
}

fn placed(groups: &[TieGroup], mut valued: HashMap<&str, Valued>) -> Vec<Scored> {
    let mut ranked = Vec::with_capacity(valued.len());
    for group in groups {
        for id in &group.ids {
            let Some(value) = valued.remove(id.as_str()) else { continue };
            ranked.push(Scored {
                id: id.clone(),
                price: group.price,
                adjusted_price: value.adjusted_price,
                price_score: value.price_score,
                total: value.total,
                rank: group.rank,
                tied: group.ids.len() > 1,
                working: value.working,
            });
        }
    }
    ranked
}

fn outcome(groups: &[TieGroup], effective: usize) -> Outcome {
    match effective {
        0 => Outcome::NoEffectiveOffer,
        1 | 2 => Outcome::FewerThanThree,
        _ if groups.iter().any(|group| group.rank <= MOST_CANDIDATES && group.ids.len() > 1) => {
            Outcome::DrawNeeded
        }
        _ => Outcome::Ranked,
    }
}

#[cfg(test)]
mod tests;
