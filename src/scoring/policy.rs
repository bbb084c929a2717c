//! Policy adjustments 政府采购政策 (rules C.2): which preference an offer gets, by what it declares, and how much.
//!
//! The law names bands and days, the document picks one number within them; here the two meet the declarations of
//! the offers. Only the evaluation sees the outcome: the contract takes the original quote.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    bands::{Band, Percent, percent},
    complaints::Complaints,
    method::{Marks, Method, MethodText},
};
use crate::{
    kernel::{Problem, Say},
    law::{Law, Object},
};

/// How several preferences of one offer come together (EV-2g; no law says it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Stacking {
    /// Each is taken of the original quote, and they are summed.
    #[default]
    Sum,
    /// Only the higher one counts.
    Higher,
}

/// The preferences that a document grants: one number each, within the band in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Preferences {
    /// Percent for small and micro enterprises (EV-2a, EV-2b, EV-2d). Absent = none is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub small_percent: Option<Marks>,
    /// Percent for joint bids and subcontracts with small enterprises (EV-2c, EV-2d). Absent = none is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint_percent: Option<Marks>,
    /// Whether domestic and other products compete (EV-2f); the percentage is the law's. Default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub domestic_product: bool,
    /// Whether the purchase is reserved for small and medium enterprises: then nothing is deducted for size.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub reserved: bool,
    /// How preferences of one offer come together; default their sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stacking: Option<Stacking>,
}

/// Size of an enterprise as it declares it 《中小企业声明函》.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum EnterpriseSize {
    /// 微型企业
    Micro,
    /// 小型企业
    Small,
    /// 中型企业: no deduction.
    Medium,
    /// 大型企业
    Large,
}

/// How small enterprises take part beside a larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum PartnershipKind {
    /// 联合体
    JointBid,
    /// 分包
    Subcontract,
}

/// A joint bid or subcontract with small enterprises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Partnership {
    /// Which of both.
    pub kind: PartnershipKind,
    /// Share of small and micro enterprises in the contract in percent.
    pub small_share_percent: Marks,
    /// Whether holding or management ties them to the large partner (EV-2e).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub related: bool,
}

impl Partnership {
    /// Whether the bid is that of a small enterprise all the same: a small bidder that subcontracts, or partners that
    /// all are small (财库〔2020〕46号 art 4).
    fn is_all_small(&self, bidder: EnterpriseSize) -> bool {
        let small = matches!(bidder, EnterpriseSize::Micro | EnterpriseSize::Small);
        let alone = self.kind == PartnershipKind::Subcontract || self.small_share_percent >= Marks::HUNDRED;
        small && alone && !self.related
    }
}

/// What a bidder declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Declaration {
    /// The bidder's size.
    pub size: EnterpriseSize,
    /// Whether some of the goods are made by a large enterprise (EV-2e).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub mixed_makers: bool,
    /// A joint bid or subcontract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partnership: Option<Partnership>,
    /// Share of domestic products in the cost of the offer in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domestic_share_percent: Option<Marks>,
}

/// What an offer gets, with the reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Percent: off the price, or on top of the price score.
    pub percent: Marks,
    /// Why so much, line by line.
    pub reasons: Vec<Say>,
}

impl Granted {
    /// Nothing, for an offer that takes no part.
    pub(super) fn nothing() -> Self {
        Self { percent: Marks::of(Decimal::ZERO), reasons: Vec::new() }
    }
}

/// Preferences that fit the law of a day.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    preferences: &'a Preferences,
    goods: bool,
    least_share: Option<Percent<'a>>,
    domestic: Option<(Percent<'a>, Percent<'a>)>,
}

/// Whether preferences are added to the price score rather than taken off the price: 综合评估法 under 招标投标法 is
/// not scored by the lowest price (EV-2d).
pub fn adds(method: &Method) -> bool {
    matches!(method.text(), MethodText::EngComprehensive(_))
}

impl<'a> Policy<'a> {
    /// Checks what a document grants; `at` is its pointer.
    ///
    /// # Errors
    /// 422 for a number outside its band, a preference that no law of that day knows, or one that the method or a
    /// reserved purchase has no place for.
    pub fn check(
        law: &'a Law,
        on: NaiveDate,
        object: Object,
        method: &Method,
        preferences: &'a Preferences,
        at: &str,
    ) -> Result<Self, Problem> {
        let mut wrong = Complaints::new(at.to_owned());
        let [small, joint] = bands(law, on, object, method)?;
        let numbers = [
            ("smallPercent", preferences.small_percent, small),
            ("jointPercent", preferences.joint_percent, joint),
        ];
        for (place, number, band) in numbers {
            let Some(number) = number else { continue };
            if preferences.reserved {
                wrong.add(
                    place,
                    "预留项目不再给予价格扣除",
                    "nothing is deducted where the purchase is reserved",
                );
            } else if band.is_open() {
                wrong.add(place, "该日没有此项扶持政策", "no law of that day grants it");
            }
            band.check(place, number, &mut wrong);
        }
        let domestic = percent(law, "EV-2f", on)?.zip(percent(law, "EV-2f/share", on)?);
        if !method.deducts() && !adds(method) && *preferences != Preferences::default() {
            wrong.add_whole("所选方法不作价格扣除", "this method deducts nothing");
        }
        if preferences.domestic_product && (domestic.is_none() || object != Object::Goods || adds(method)) {
            wrong.add(
                "domesticProduct",
                "本国产品政策自其施行日起适用于货物采购",
                "belongs to purchases of goods from the day it is in force",
            );
        }
        let policy = Self {
            preferences,
            goods: object == Object::Goods,
            least_share: percent(law, "EV-2c/share", on)?,
            domestic: domestic.filter(|_| preferences.domestic_product),
        };
        Ok(wrong.or(policy)?)
    }

    /// Whether an offer counts as domestic.
    fn is_domestic(&self, declared: Option<&Declaration>) -> bool {
        let share = declared.and_then(|declared| declared.domestic_share_percent).map(Marks::value);
        self.domestic.zip(share).is_some_and(|((_, least), share)| share >= least.value)
    }

    /// What each offer gets; `declared` holds the declarations of all offers that compete.
    pub fn grant(&self, declared: &[Option<Declaration>]) -> Vec<Granted> {
        let domestic = declared.iter().filter(|one| self.is_domestic(one.as_ref())).count();
        let competing = domestic > 0 && domestic < declared.len();
        declared.iter().map(|one| self.grant_one(one.as_ref(), competing)).collect()
    }

    fn grant_one(&self, declared: Option<&Declaration>, competing: bool) -> Granted {
        let mut reasons = Vec::new();
        let size = declared.map_or(Decimal::ZERO, |declared| self.by_size(declared, &mut reasons));
        let mut domestic = Decimal::ZERO;
        if let Some((share, least)) = self.domestic.filter(|_| self.is_domestic(declared)) {
            let (of, from) = (share.value, least.value);
            if competing {
                domestic = of;
                reasons.push(Say::new(
                    format!("本国产品（成本占比不低于{from}%）与非本国产品竞争：{of}%"),
                    format!("Domestic product, at least {from} % of the cost, beside others: {of}%"),
                ));
            } else {
                reasons.push(Say::new("全部为本国产品，不扣除", "All offers are domestic: nothing"));
            }
        }
        let percent = match self.preferences.stacking.unwrap_or_default() {
            Stacking::Sum => size + domestic,
            Stacking::Higher => size.max(domestic),
        };
        if !size.is_zero() && !domestic.is_zero() {
            let both = format!("{} + {}", size.normalize(), domestic.normalize());
            let of = percent.normalize();
            reasons.push(match self.preferences.stacking.unwrap_or_default() {
                Stacking::Sum => Say::new(
                    format!("均按原报价计算后相加：{both} = {of}%"),
                    format!("Both of the original quote, summed: {both} = {of}%"),
                ),
                Stacking::Higher => {
                    Say::new(format!("取其高者：{of}%"), format!("The higher one counts: {of}%"))
                }
            });
        }
        Granted { percent: Marks::of(percent), reasons }
    }

    fn by_size(&self, declared: &Declaration, reasons: &mut Vec<Say>) -> Decimal {
        let mut none = |zh: &str, en: &str| {
            reasons.push(Say::new(zh, en));
            Decimal::ZERO
        };
        if self.preferences.reserved {
            return none("预留项目，不再扣除", "Reserved purchase: nothing");
        }
        if self.goods && declared.mixed_makers {
            return none(
                "货物并非全部由中小企业制造，不扣除",
                "Some goods are made by a large enterprise: nothing",
            );
        }
        if let Some(partnership) = declared.partnership.filter(|of| !of.is_all_small(declared.size)) {
            return self.by_partnership(partnership, reasons);
        }
        let Some(small) = self.preferences.small_percent else { return Decimal::ZERO };
        match declared.size {
            EnterpriseSize::Micro | EnterpriseSize::Small => {
                reasons.push(Say::new(
                    format!("小微企业：{small}%"),
                    format!("Small or micro enterprise: {small}%"),
                ));
                small.value()
            }
            EnterpriseSize::Medium => none("中型企业，不扣除", "Medium enterprise: nothing"),
            EnterpriseSize::Large => Decimal::ZERO,
        }
    }

    fn by_partnership(&self, of: Partnership, reasons: &mut Vec<Say>) -> Decimal {
        let Some((joint, least)) = self.preferences.joint_percent.zip(self.least_share) else {
            return Decimal::ZERO;
        };
        let (share, from) = (of.small_share_percent, least.value);
        let (zh, en) = match of.kind {
            PartnershipKind::JointBid => ("联合体", "Joint bid"),
            PartnershipKind::Subcontract => ("分包", "Subcontract"),
        };
        let (granted, zh, en) = if of.related {
            (
                Decimal::ZERO,
                format!("{zh}内有直接控股、管理关系，不扣除"),
                format!("{en} with a holding or management relation: nothing"),
            )
        } else if share.value() < from {
            (
                Decimal::ZERO,
                format!("{zh}小微企业份额{share}% < {from}%，不扣除"),
                format!("{en}, share of small enterprises {share}% < {from}%: nothing"),
            )
        } else {
            (
                joint.value(),
                format!("{zh}小微企业份额{share}% ≥ {from}%：{joint}%"),
                format!("{en}, share of small enterprises {share}% ≥ {from}%: {joint}%"),
            )
        };
        reasons.push(Say::new(zh, en));
        granted
    }
}

/// Bands for small enterprises, and for joint bids and subcontracts.
fn bands<'a>(law: &'a Law, on: NaiveDate, object: Object, method: &Method) -> Result<[Band<'a>; 2], Problem> {
    let [small, joint] = if adds(method) {
        [["EV-2d/least", "EV-2d/most"], ["EV-2d/jointLeast", "EV-2d/jointMost"]]
    } else if object == Object::Works {
        [["EV-2b/least", "EV-2b/most"], ["EV-2c/worksLeast", "EV-2c/worksMost"]]
    } else {
        [["EV-2a/least", "EV-2a/most"], ["EV-2c/least", "EV-2c/most"]]
    };
    let band = |[least, most]: [&str; 2]| Band::of(law, least, most, on);
    Ok([band(small)?, band(joint)?])
}
