//! What the scoring takes in, and what makes an offer unusable.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::{Rejection, Say, money::Amount},
    scoring::method::{Complaints, Marks, Method, MethodText},
};

/// Most offers one call scores.
pub const MOST_OFFERS: usize = 5000;

/// Longest id of an offer, in characters.
const LONGEST_ID: usize = 100;

/// An offer that passed the qualification and conformity reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Offer {
    /// Unique within one call; 1 to 100 characters.
    pub id: String,
    /// Original quote in yuan, above 0. The contract and ties go by it, never by the adjusted price.
    pub price: Amount,
    /// Policy deduction in percent, 0 up to but not including 100 (EV-2a); purchases only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduction_percent: Option<Marks>,
    /// Sum of the stored scores of all other items; absent = 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_score: Option<Marks>,
}

pub(super) fn check_offers(method: &Method, offers: &[Offer]) -> Result<(), Rejection> {
    if offers.is_empty() || offers.len() > MOST_OFFERS {
        let detail = Say::new("报价数量须在1至5000之间", "between 1 and 5000 offers are expected");
        return Err(Rejection::at("/offers", "invalid", detail));
    }
    let mut wrong = Complaints::new("/offers".to_owned());
    let mut seen = BTreeSet::new();
    for (at, offer) in offers.iter().enumerate() {
        if offer.id.trim().is_empty() || offer.id.chars().count() > LONGEST_ID {
            wrong.add(format!("{at}/id"), "标识须为1至100个字符", "must have 1 to 100 characters");
        } else if !seen.insert(offer.id.as_str()) {
            wrong.add(format!("{at}/id"), "标识重复", "this id appears twice");
        }
        if offer.price.value().is_zero() {
            wrong.add(format!("{at}/price"), "报价须大于0", "must be above 0");
        }
        check_deduction(method, at, offer, &mut wrong);
        check_other_score(method, at, offer, &mut wrong);
    }
    wrong.or(())
}

fn check_deduction(method: &Method, at: usize, offer: &Offer, wrong: &mut Complaints) {
    let Some(percent) = offer.deduction_percent.map(Marks::value) else { return };
    let place = format!("{at}/deductionPercent");
    if percent >= Decimal::ONE_HUNDRED {
        wrong.add(place, "价格扣除须小于100%", "must be below 100");
    } else if !percent.is_zero() && matches!(method.text(), MethodText::EngComprehensive(_)) {
        wrong.add(place, "工程综合评估法没有价格扣除", "engComprehensive knows no price deduction");
    }
}

fn check_other_score(method: &Method, at: usize, offer: &Offer, wrong: &mut Complaints) {
    let Some(other) = offer.other_score else { return };
    let place = format!("{at}/otherScore");
    if other.value() + method.price_points().value() > Decimal::ONE_HUNDRED {
        wrong.add(place, "与价格分值之和不得超过100", "must leave the total at 100 or below");
    } else if other.places() > method.score_decimals() {
        wrong.add(place, "小数位数多于得分小数位数", "has more decimals than stored scores have");
    }
}
