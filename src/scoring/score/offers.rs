//! What the scoring takes in, and what makes an offer unusable.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::{Rejection, Say, money::Amount},
    scoring::{
        complaints::Complaints,
        method::{Averaging, EntryOrder, Marks, Method, MethodText, TieBreak},
    },
};

/// Most offers one call scores.
pub const MOST_OFFERS: usize = 5000;

/// Longest id of an offer, in characters.
const LONGEST_ID: usize = 100;

/// A deviation of a bid for works that the committee put into money (七部委令12 arts 30 to 33).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deviation {
    /// What deviates, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub what: String,
    /// What is added to the bid for it, in yuan.
    pub amount: Amount,
}

/// An offer that passed the qualification and conformity reviews.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Offer {
    /// Unique within one call; 1 to 100 characters.
    pub id: String,
    /// Original quote in yuan, above 0. The contract and ties go by it, never by the adjusted price.
    pub price: Amount,
    /// Policy deduction in percent, 0 up to but not including 100 (EV-2a).
    #[serde(default)]
    pub deduction_percent: Option<Marks>,
    /// Policy addition to the price score in percent of it (EV-2d).
    #[serde(default)]
    pub addition_percent: Option<Marks>,
    /// Sum of the stored scores of all other items; absent = 0.
    #[serde(default)]
    pub other_score: Option<Marks>,
    /// The technical part, which parts ties; absent = 0.
    #[serde(default)]
    pub technical_score: Option<Marks>,
    /// Quality score of a framework's first stage.
    #[serde(default)]
    pub quality_score: Option<Marks>,
    /// Quantified deviations.
    #[serde(default)]
    pub deviations: Vec<Deviation>,
    /// Whether the committee found the bid below the bidder's own cost.
    #[serde(default)]
    pub below_cost: bool,
    /// Whether the bidder refused the corrected price.
    #[serde(default)]
    pub correction_refused: bool,
    /// The supplier's own price of the framework agreement in yuan.
    #[serde(default)]
    pub agreement_price: Option<Amount>,
    /// Brand of the core product.
    #[serde(default)]
    pub brand: Option<String>,
}

impl Offer {
    /// An offer that is nothing but a price.
    pub fn new(id: impl Into<String>, price: Amount) -> Self {
        Self {
            id: id.into(),
            price,
            deduction_percent: None,
            addition_percent: None,
            other_score: None,
            technical_score: None,
            quality_score: None,
            deviations: Vec::new(),
            below_cost: false,
            correction_refused: false,
            agreement_price: None,
            brand: None,
        }
    }

    pub(super) fn technical(&self) -> Decimal {
        self.technical_score.map_or(Decimal::ZERO, Marks::value)
    }

    /// The quote is above the highest price.
    pub(super) fn is_above(&self, ceiling: Option<Amount>) -> bool {
        ceiling.is_some_and(|most| self.price.value() > most.value())
    }
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
        check_technical(method, at, offer, &mut wrong);
        check_belonging(method, at, offer, &mut wrong);
        for (place, deviation) in offer.deviations.iter().enumerate() {
            if !(1..=200).contains(&deviation.what.trim().chars().count()) {
                let place = format!("{at}/deviations/{place}/what");
                wrong.add(place, "须为1至200个字符", "must have 1 to 200 characters");
            }
        }
    }
    wrong.or(())?;
    check_drawn(method, offers)
}

fn check_deduction(method: &Method, at: usize, offer: &Offer, wrong: &mut Complaints) {
    let deduction = offer.deduction_percent.map_or(Decimal::ZERO, Marks::value);
    let addition = offer.addition_percent.map_or(Decimal::ZERO, Marks::value);
    let scored_works = matches!(method.text(), MethodText::EngComprehensive(_));
    if deduction >= Decimal::ONE_HUNDRED {
        wrong.add(format!("{at}/deductionPercent"), "价格扣除须小于100%", "must be below 100");
    } else if !deduction.is_zero() && !method.deducts() {
        wrong.add(
            format!("{at}/deductionPercent"),
            "所选方法没有价格扣除",
            "this method knows no price deduction",
        );
    }
    if addition > Decimal::ONE_HUNDRED {
        wrong.add(format!("{at}/additionPercent"), "加分比例不得超过100%", "must be at most 100");
    } else if !addition.is_zero() && !scored_works {
        wrong.add(
            format!("{at}/additionPercent"),
            "只有工程综合评估法对价格分加分",
            "only engComprehensive adds to the price score",
        );
    }
}

fn check_other_score(method: &Method, at: usize, offer: &Offer, wrong: &mut Complaints) {
    let Some(other) = offer.other_score else { return };
    let place = format!("{at}/otherScore");
    if !method.scores() {
        wrong.add(place, "该方法不打分", "this method gives no scores");
    } else if other.value() + method.price_points().value() > Decimal::ONE_HUNDRED {
        wrong.add(place, "与价格分值之和不得超过100", "must leave the total at 100 or below");
    } else if other.places() > method.score_decimals() {
        wrong.add(place, "小数位数多于得分小数位数", "has more decimals than stored scores have");
    }
}

fn check_technical(method: &Method, at: usize, offer: &Offer, wrong: &mut Complaints) {
    let Some(technical) = offer.technical_score else { return };
    let place = format!("{at}/technicalScore");
    if method.tie_break() != TieBreak::Technical {
        wrong.add(place, "所选方法并列时不看技术得分", "ties are not parted by the technical score here");
    } else if method.scores() && offer.other_score.is_none_or(|other| technical > other) {
        wrong.add(place, "技术得分是其他得分的一部分", "is a part of otherScore and cannot exceed it");
    }
}

/// What an offer states must mean something to the method, and what the method needs must be stated.
fn check_belonging(method: &Method, at: usize, offer: &Offer, wrong: &mut Complaints) {
    let text = method.text();
    let by_deviations = matches!(text, MethodText::EngLowestEvaluated(_));
    let by_quality = matches!(text, MethodText::FrameworkEntry(it) if it.order == EntryOrder::QualityFirst);
    let second_round = matches!(text, MethodText::FrameworkSecondRound(_));
    let by_brand = matches!(text, MethodText::GpComprehensive(_) | MethodText::GpLowestPrice(_));
    let stray = [
        ("deviations", !offer.deviations.is_empty() && !by_deviations),
        ("belowCost", offer.below_cost && !by_deviations),
        ("qualityScore", offer.quality_score.is_some() && !by_quality),
        ("agreementPrice", offer.agreement_price.is_some() && !second_round),
        ("brand", offer.brand.is_some() && !by_brand),
    ];
    for (name, _) in stray.into_iter().filter(|(_, stray)| *stray) {
        wrong.add(format!("{at}/{name}"), "所选方法没有此项", "means nothing to this method");
    }
    let missing = [
        ("qualityScore", offer.quality_score.is_none() && by_quality),
        ("agreementPrice", offer.agreement_price.is_none() && second_round),
    ];
    for (name, _) in missing.into_iter().filter(|(_, missing)| *missing) {
        wrong.add(format!("{at}/{name}"), "所选方法须有此项", "is missing for this method");
    }
    if offer.brand.as_ref().is_some_and(|brand| !(1..=100).contains(&brand.trim().chars().count())) {
        wrong.add(format!("{at}/brand"), "品牌须为1至100个字符", "must have 1 to 100 characters");
    }
}

/// A public draw can only have drawn effective offers, each once, and as many as the document says.
fn check_drawn(method: &Method, offers: &[Offer]) -> Result<(), Rejection> {
    let MethodText::EngComprehensive(works) = method.text() else { return Ok(()) };
    let mut wrong = Complaints::new("/parameters".to_owned());
    let effective: BTreeSet<&str> = offers
        .iter()
        .filter(|offer| !offer.correction_refused && !offer.is_above(works.ceiling))
        .map(|offer| offer.id.as_str())
        .collect();
    let (zh, en) = ("不是有效报价的标识，或重复", "is no effective offer, or appears twice");
    let (undrawn_zh, undrawn_en) = ("须填写抽取结果", "what was drawn is missing");
    if works.benchmark == Averaging::Floating && works.float_percent.is_none() {
        wrong.add("floatPercent", undrawn_zh, undrawn_en);
    }
    if works.three_part.as_ref().is_some_and(|parts| parts.draw && parts.drawn.is_none()) {
        wrong.add("threePart/drawn", undrawn_zh, undrawn_en);
    }
    if let Some(drawn) = works.three_part.as_ref().and_then(|parts| parts.drawn.as_ref())
        && !effective.contains(drawn.as_str())
    {
        wrong.add("threePart/drawn", zh, en);
    }
    if let Some(sample) = &works.sample {
        let expected = sample.size().min(effective.len());
        let mut seen = BTreeSet::new();
        for (at, id) in sample.drawn.iter().flatten().enumerate() {
            if !effective.contains(id.as_str()) || !seen.insert(id.as_str()) {
                wrong.add(format!("sample/drawn/{at}"), zh, en);
            }
        }
        let drawn = sample.drawn.as_ref().map_or(effective.len(), Vec::len);
        if drawn != expected {
            wrong.add(
                "sample/drawn",
                &format!("须抽取{expected}个有效报价"),
                &format!("{expected} effective offers must be drawn"),
            );
        }
    }
    wrong.or(())
}
