//! Methods of government purchases: 令87, 令74, 财库〔2014〕214号, 令110.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Marks, TieBreak};
use crate::{kernel::money::Amount, scoring::complaints::Complaints};

/// Which price parts equal totals; the law says 投标报价, which the hall reads as the quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum TiePrice {
    /// The original quote.
    #[default]
    Quote,
    /// The price after policy deductions.
    Adjusted,
}

/// 综合评分法 of government purchases: lowest adjusted price ÷ own adjusted price × weight (令87 art 55).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GpComprehensive {
    /// Weight of the price in points of 100, above 0 (goods at least 30, services at least 10).
    pub price_weight: Marks,
    /// Highest price or budget in yuan; an original quote above it is invalid (令87 art 63). Absent = not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Amount>,
    /// Decimals of the stored score, 2 to 4 (EV-0a); default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_decimals: Option<u32>,
    /// Which price parts equal totals; default the quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie_price: Option<TiePrice>,
    /// What parts offers equal in total and price; default a draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ties: Option<TieBreak>,
}

/// Scoring of a competitive consultation 竞争性磋商: by total, then last price, then technical score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GpConsultation {
    /// Weight of the price in points of 100, above 0 (goods 30 to 60, services 10 to 30).
    pub price_weight: Marks,
    /// Highest price or budget in yuan for the last offers. Absent = not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Amount>,
    /// Decimals of the stored score, 2 to 4 (EV-0a); default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_decimals: Option<u32>,
    /// Whether two last offers suffice (214 art 3(4); 财库〔2015〕124号); default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub two_suffice: bool,
}

/// 最低评标价法: the lowest price after corrections and policy deductions, and nothing else (令87 art 54).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GpLowestPrice {
    /// Highest price or budget in yuan, tested on the original quote. Absent = not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Amount>,
    /// What parts equal prices; default a draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ties: Option<TieBreak>,
}

/// 竞争性谈判: the lowest last offer among those that meet all substantive requirements (令74 arts 35, 36).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Negotiation {
    /// Budget in yuan for the last offers. Absent = not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Amount>,
    /// Whether two last offers suffice (令74 art 27¶2); default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub two_suffice: bool,
    /// What parts equal prices; default a draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ties: Option<TieBreak>,
}

/// 询价: the lowest of the single quotes that meet all substantive requirements (令74 arts 48, 49).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Inquiry {
    /// Budget in yuan. Absent = not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Amount>,
    /// What parts equal prices; default a draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ties: Option<TieBreak>,
}

/// By what suppliers enter a framework agreement (令110 art 25).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum EntryOrder {
    /// 价格优先法: the lower response price before.
    PriceFirst,
    /// 质量优先法: the higher quality score before.
    QualityFirst,
}

/// First stage of a framework agreement: an order, of which the last are eliminated (令110 art 27).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FrameworkEntry {
    /// By price or by quality.
    pub order: EntryOrder,
    /// 最高限制单价 in yuan. Absent = not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Amount>,
    /// Whether laboratory instruments are chosen by quality, which eliminates more; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub laboratory: bool,
    /// Share eliminated in percent, below 100; a preview without it takes the law's least share of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eliminated_percent: Option<Marks>,
}

impl FrameworkEntry {
    /// Rule whose number is the least share eliminated.
    pub fn least_share(&self) -> &'static str {
        if self.laboratory { "GPF-1/laboratory" } else { "GPF-1/eliminated" }
    }

    pub(super) fn check(&self, wrong: &mut Complaints) {
        match self.eliminated_percent.map(Marks::value) {
            None => wrong.add("eliminatedPercent", "须写明淘汰比例", "the share eliminated is missing"),
            Some(share) if share.is_zero() || share >= Decimal::ONE_HUNDRED => {
                wrong.add("eliminatedPercent", "淘汰比例须大于0且小于100", "must be above 0 and below 100");
            }
            Some(_) => {}
        }
        if self.laboratory && self.order == EntryOrder::PriceFirst {
            wrong.add("laboratory", "仅质量优先法适用", "belongs to qualityFirst");
        }
    }
}

/// 二次竞价 of a framework agreement: the lowest quote, each at most the supplier's own agreement price (令110 art 33).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FrameworkSecondRound {
    /// What parts equal prices; default a draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ties: Option<TieBreak>,
}
