//! From prices to scores to an order: one pure function for previews and for real evaluations alike.
//!
//! Every score is one fraction, rounded half-up once (EV-0a): with S the sum of n prices, B = S/n and
//! δ = (P − B)/B = (P·n − S)/S, so B itself is never rounded on the way. B is frozen once computed.

pub(super) mod benchmark;
mod offers;
mod price;
mod standing;

pub use benchmark::{Benchmark, Quote, average};
pub use offers::{Deviation, MOST_OFFERS, Offer};

use std::collections::HashMap;

use offers::check_offers;
use price::{Rule, Valued};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arithmetic::TooLarge,
    method::{Method, MethodText},
    numbers::Numbers,
    ranking::TieGroup,
    workings::{tell_order, tell_rounding},
};
use crate::kernel::{Rejection, Say};

/// An effective offer with its scores and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// The offer's id.
    pub id: String,
    /// Original quote in yuan.
    pub price: Decimal,
    /// Price after policy deduction and quantified deviations, exact; `None` where the method knows none.
    pub adjusted_price: Option<Decimal>,
    /// Stored price score; `None` where the price alone decides.
    pub price_score: Option<Decimal>,
    /// Stored price score plus the other items, or the quality score; `None` where the price alone decides.
    pub total: Option<Decimal>,
    /// 1 for the best; equal for tied offers, the next rank counts all before it.
    pub rank: usize,
    /// Equal to another offer in all that is compared: only a draw separates them.
    pub tied: bool,
    /// Whether the supplier enters a framework agreement; `None` elsewhere and where a draw decides.
    pub entered: Option<bool>,
    /// The score's arithmetic in one line.
    pub working: String,
}

/// Why an offer takes no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Exclusion {
    /// Original quote above the ceiling: rejected before the benchmark (条例 art 51; 令87 art 63).
    AboveCeiling,
    /// Found below the bidder's own cost (招标投标法 art 33).
    BelowCost,
    /// Above the supplier's own price of the framework agreement (令110 art 33).
    AboveAgreement,
    /// Another offer of the same brand goes forward (令87 art 31).
    SameBrand,
    /// The bidder does not confirm the corrected price (令87 art 59).
    CorrectionRefused,
}

/// What the order means for the procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The places of the candidates are settled.
    Ranked,
    /// A tie among the candidates awaits a draw.
    DrawNeeded,
    /// Fewer bidders with an effective offer than law wants; in works whether they compete is the committee's question.
    TooFew,
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

/// Scores and orders offers by a method and the numbers of its day.
///
/// # Errors
/// 422 with pointers below `/offers` for ids, prices or scores that the method cannot take.
pub fn score(method: &Method, numbers: Numbers, offers: &[Offer]) -> Result<Scoring, Rejection> {
    check_offers(method, offers)?;
    compute(method, numbers, offers).map_err(|error| {
        Rejection::at("/offers", "invalid", Say::new("数值超出精确计算的范围", error.to_string()))
    })
}

fn compute(method: &Method, numbers: Numbers, offers: &[Offer]) -> Result<Scoring, TooLarge> {
    let mut workings = Vec::new();
    let (effective, mut excluded) = standing::sift(method, offers, &mut workings);
    let rule = Rule::of(method, &effective, &mut workings)?;
    let mut valued = HashMap::with_capacity(effective.len());
    let mut contenders = Vec::with_capacity(effective.len());
    if let Some(rule) = &rule {
        for offer in &effective {
            let (value, contender) = rule.value(method, offer)?;
            contenders.push(contender);
            valued.insert(offer.id.as_str(), value);
        }
        let technical = effective.iter().any(|offer| offer.technical_score.is_some());
        if method.scores() {
            tell_rounding(method, technical, &mut workings);
        } else {
            tell_order(method, technical, &mut workings);
        }
    }
    let groups = standing::ordered(method, &effective, contenders, &mut excluded, &mut workings);
    let mut ranked = placed(&groups, valued);
    let outcome = match method.text() {
        MethodText::FrameworkEntry(entry) => {
            standing::enter(entry, numbers, &groups, &mut ranked, &mut workings)?
        }
        _ => standing::outcome(numbers, &groups, standing::bidders(&effective), &mut workings),
    };
    excluded.sort();
    let benchmark = rule.and_then(|rule| rule.benchmark());
    Ok(Scoring { benchmark, ranked, excluded, groups, outcome, workings })
}

fn placed(groups: &[TieGroup], mut valued: HashMap<&str, Valued>) -> Vec<Scored> {
    let mut ranked = Vec::with_capacity(valued.len());
    for group in groups {
        for id in &group.ids {
            let Some(value) = valued.remove(id.as_str()) else { continue };
            ranked.push(Scored {
                id: id.clone(),
                price: value.price,
                adjusted_price: value.adjusted_price,
                price_score: value.price_score,
                total: value.total,
                rank: group.rank,
                tied: group.ids.len() > 1,
                entered: None,
                working: value.working,
            });
        }
    }
    ranked
}

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;
