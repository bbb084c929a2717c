//! What a preview answers: a scoring put into strings.

use serde::Serialize;
use utoipa::ToSchema;

use super::SecuritiesAnswer;
use crate::{
    kernel::Say,
    scoring::{
        arithmetic::yuan,
        corrections::Correction,
        low_price::LowQuote,
        score::{Exclusion, Outcome, Scored},
    },
};

/// Why an offer takes no part, as a word and as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Excluded {
    /// Stable word.
    pub code: Exclusion,
    /// The reason.
    pub reason: Say,
}

impl Excluded {
    pub(super) fn by(code: Exclusion, ceiling: &str) -> Self {
        let reason = match code {
            Exclusion::AboveCeiling => Say::new(
                format!("报价高于最高限价{ceiling}，在比较之前否决"),
                format!("The price is above the ceiling {ceiling}; rejected before offers are compared"),
            ),
            Exclusion::BelowCost => Say::new("经认定低于成本", "Found below the bidder's own cost"),
            Exclusion::AboveAgreement => {
                Say::new("报价高于本供应商协议价", "The quote is above the supplier's own agreement price")
            }
            Exclusion::SameBrand => Say::new(
                "同品牌产品按一家计算，由另一报价参加",
                "Another offer of the same brand goes forward",
            ),
            Exclusion::CorrectionRefused => {
                Say::new("投标人不确认修正后的报价", "The bidder does not confirm the corrected price")
            }
        };
        Self { code, reason }
    }
}

/// What policy gives an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preference {
    /// Percent: off the price, or on top of the price score for `engComprehensive`.
    pub percent: String,
    /// Why so much, line by line.
    pub reasons: Vec<Say>,
}

/// One offer's result; an excluded offer carries its id, the reason and its correction alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewResult {
    /// The offer's id.
    pub id: String,
    /// Price by which offers are compared: after policy deduction and quantified deviations, in yuan, exact. Absent
    /// where the method compares the quotes themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjusted_price: Option<String>,
    /// Stored price score; absent where the price alone decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_score: Option<String>,
    /// Price score plus the other items, or the quality score; absent where the price alone decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// 1 for the best; tied offers share a rank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// Present and true when only a draw separates the offer from another.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub tied: bool,
    /// Whether the supplier enters a framework agreement; absent elsewhere and where a draw decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entered: Option<bool>,
    /// The arithmetic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working: Option<String>,
    /// What policy gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preference: Option<Preference>,
    /// Which figure of its price counts, where more than one is stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
    /// Present when the offer takes no part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded: Option<Excluded>,
}

impl PreviewResult {
    pub(super) fn left_out(id: String, code: Exclusion, ceiling: &str) -> Self {
        Self {
            id,
            adjusted_price: None,
            price_score: None,
            total: None,
            rank: None,
            tied: false,
            entered: None,
            working: None,
            preference: None,
            correction: None,
            excluded: Some(Excluded::by(code, ceiling)),
        }
    }
}

impl From<Scored> for PreviewResult {
    fn from(scored: Scored) -> Self {
        Self {
            id: scored.id,
            adjusted_price: scored.adjusted_price.map(yuan),
            price_score: scored.price_score.map(|score| score.to_string()),
            total: scored.total.map(|total| total.to_string()),
            rank: Some(scored.rank),
            tied: scored.tied,
            entered: scored.entered,
            working: Some(scored.working),
            preference: None,
            correction: None,
            excluded: None,
        }
    }
}

/// What the abnormally-low check found. To be caught is no rejection: the committee asks and decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LowPriceAnswer {
    /// Whether the law of the day knows numeric lines; before them the committee judges alone (令87 art 60).
    pub applies: bool,
    /// Quotes that a line caught.
    pub caught: Vec<LowQuote>,
}

/// Scores and order of all offers, with the arithmetic laid open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// B in yuan, cut after seven decimals and at least two shown; scores use the exact quotient. Absent without
    /// effective offers and where the method has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<String>,
    /// Best first, then the excluded offers.
    pub results: Vec<PreviewResult>,
    /// What the order means for the procedure.
    pub outcome: Outcome,
    /// The abnormally-low check, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_price: Option<LowPriceAnswer>,
    /// The caps of deposit and bonds, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub securities: Option<SecuritiesAnswer>,
    /// The arithmetic of the whole, line by line.
    pub workings: Vec<Say>,
}
