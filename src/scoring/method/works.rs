//! Methods of works under 招标投标法: 综合评估法 with its benchmarks, 经评审的最低投标价法.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Marks, TieBreak, check_points};
use crate::{kernel::money::Amount, scoring::complaints::Complaints};

/// Most a coefficient of a benchmark may be.
const LARGEST_COEFFICIENT: Decimal = Decimal::TEN;

/// How the benchmark B of a works tender is found (rules C.7; the document chooses).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Averaging {
    /// V1: the arithmetic mean of the effective offers.
    Mean,
    /// V2: one highest and one lowest effective offer left out, then the mean, from `trimFrom` offers on.
    TrimmedMean,
    /// V3: the mean × (1 − λ), λ being `floatPercent`, or drawn of `floatChoices` at the opening.
    Floating,
    /// V4: mean × K1 × Q1 + ceiling × K2 × (1 − Q1), by `composite`.
    Composite,
    /// V5: (mean + ceiling) ÷ 2; the score is F × (1 − |P − B| ÷ B), so that `kAbove` and `kBelow` have no place.
    Midpoint,
    /// V6: (A × a + B × b + C × c) × K, by `threePart`.
    ThreePart,
    /// V7: the mean of the offers drawn, one highest and one lowest of them left out, by `sample`.
    RandomSample,
}

/// Coefficients of a composite benchmark (V4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Composite {
    /// K1 of the mean, above 0 and at most 10.
    pub k1: Marks,
    /// K2 of the ceiling, above 0 and at most 10.
    pub k2: Marks,
    /// Q1: weight of the mean, 0 to 1.
    pub q1: Marks,
}

/// A benchmark of three parts (V6): A = ceiling × (1 − reduction), C = the lowest effective offer, B = the effective
/// offer drawn, or without a draw the mean of all but one lowest. No law says so: it is the form that platforms of the
/// Jiangsu type use, and a document that chooses it states its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThreePart {
    /// Reduction of the ceiling for A in percent, below 100.
    pub reduction_percent: Marks,
    /// K: coefficient of the sum, above 0 and at most 10.
    pub k: Marks,
    /// Percent of A, B and C; they sum to 100. Default 50, 30 and 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 3, max_items = 3)]
    pub weights: Option<[Marks; 3]>,
    /// Whether B is drawn among the effective offers, by an order drawn at the opening; default false: the mean.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub draw: bool,
    /// Id of the effective offer drawn in public as B: known after the draw, so never in a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<String>,
}

/// A benchmark from offers drawn in public (V7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sample {
    /// How many effective offers are drawn, 3 to 5000; default 9. With fewer offers all take part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 3, maximum = 5000)]
    pub size: Option<usize>,
    /// Ids of the offers drawn: exactly `size`. Absent where all take part, and in a document: the opening draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 5000)]
    pub drawn: Option<Vec<String>>,
}

impl Sample {
    /// How many are drawn.
    pub fn size(&self) -> usize {
        self.size.unwrap_or(9)
    }
}

/// 综合评估法 of works with an average-based benchmark: F − k·|δ|, δ in percent of B.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EngComprehensive {
    /// How B is found.
    pub benchmark: Averaging,
    /// Highest price 最高投标限价 in yuan; an offer above it is rejected before B. Absent = none was set.
    /// Needed for `composite`, `midpoint` and `threePart`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Amount>,
    /// F: points of the price item, above 0 and at most 100.
    pub full_marks: Marks,
    /// k₊: points lost for each percent above B; all benchmarks but `midpoint` need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k_above: Option<Marks>,
    /// k₋: points lost for each percent below B; all benchmarks but `midpoint` need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k_below: Option<Marks>,
    /// Decimals of the stored score, 2 to 4 (EV-0a); default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_decimals: Option<u32>,
    /// From how many offers on the extremes go out, 3 to 5000: for `trimmedMean` default 5, for `randomSample` 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trim_from: Option<usize>,
    /// The least price score; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<Marks>,
    /// λ of `floating` in percent, below 100, as drawn in public at the opening; never in a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_percent: Option<Marks>,
    /// What λ is drawn of at the opening, in percent: 2 to 100 different numbers below 100, disclosed in the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 2, max_items = 100)]
    pub float_choices: Option<Vec<Marks>>,
    /// Coefficients of `composite`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub composite: Option<Composite>,
    /// Parts of `threePart`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub three_part: Option<ThreePart>,
    /// The draw of `randomSample`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// Whether a policy addition may lift a price score above F (EV-2h); default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub addition_above_full: bool,
    /// What parts offers equal in total and price; default the technical score, then a draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ties: Option<TieBreak>,
}

impl EngComprehensive {
    /// Points lost for each percent above and below B.
    pub fn slopes(&self) -> (Decimal, Decimal) {
        let hundredth = self.full_marks.value() * Decimal::new(1, 2);
        let slope = |given: Option<Marks>| given.map_or(hundredth, Marks::value).normalize();
        (slope(self.k_above), slope(self.k_below))
    }

    /// From how many offers on one highest and one lowest go out; `None` where none does.
    pub fn trims_from(&self) -> Option<usize> {
        match self.benchmark {
            Averaging::TrimmedMean => Some(self.trim_from.unwrap_or(5)),
            Averaging::RandomSample => Some(self.trim_from.unwrap_or(3)),
            _ => None,
        }
    }

    pub(super) fn check(&self, wrong: &mut Complaints) {
        check_points("fullMarks", self.full_marks, wrong);
        self.check_slopes(wrong);
        self.check_belonging(wrong);
        if let Some(from) = self.trim_from {
            if self.trims_from().is_none() {
                wrong.add(
                    "trimFrom",
                    "只有去极值平均法和随机抽取平均法才有此参数",
                    "only trimmedMean and randomSample have this parameter",
                );
            } else if !(3..=5000).contains(&from) {
                wrong.add("trimFrom", "去极值的最少家数须在3至5000之间", "must lie between 3 and 5000");
            }
        }
        if let Some(least) = self.min_score {
            if least > self.full_marks {
                wrong.add("minScore", "最低分不得高于满分", "must not exceed fullMarks");
            } else if least.places() > self.score_decimals.unwrap_or(2) {
                wrong.add(
                    "minScore",
                    "最低分的小数位数不得多于得分小数位数",
                    "has more decimals than scores have",
                );
            }
        }
        self.check_numbers(wrong);
    }

    fn check_slopes(&self, wrong: &mut Complaints) {
        let midpoint = self.benchmark == Averaging::Midpoint;
        for (name, slope) in [("kAbove", self.k_above), ("kBelow", self.k_below)] {
            match slope {
                Some(_) if midpoint => {
                    wrong.add(name, "中值法按满分的比例扣分，没有此参数", "has no place beside midpoint");
                }
                Some(slope) if slope > Marks::HUNDRED => {
                    wrong.add(
                        name,
                        "每偏离1%扣分不得超过100分",
                        "at most 100 points may be lost for each percent",
                    );
                }
                None if !midpoint => wrong.add(name, "须写明每偏离1%的扣分", "is missing"),
                _ => {}
            }
        }
    }

    /// Each variant has its own parameters, and no other's.
    fn check_belonging(&self, wrong: &mut Complaints) {
        let own = [
            (
                "floatPercent",
                Averaging::Floating,
                self.float_percent.is_some() || self.float_choices.is_some(),
            ),
            ("composite", Averaging::Composite, self.composite.is_some()),
            ("threePart", Averaging::ThreePart, self.three_part.is_some()),
            ("sample", Averaging::RandomSample, self.sample.is_some()),
        ];
        for (name, whose, given) in own {
            if given && self.benchmark != whose {
                wrong.add(name, "不是所选基准价方法的参数", "belongs to another benchmark");
            } else if !given && self.benchmark == whose {
                wrong.add(name, "所选基准价方法须有此参数", "is missing for this benchmark");
            }
        }
        let from_ceiling = [Averaging::Composite, Averaging::Midpoint, Averaging::ThreePart];
        if self.ceiling.is_none() && from_ceiling.contains(&self.benchmark) {
            wrong.add(
                "ceiling",
                "所选基准价方法须有最高投标限价",
                "is missing: the benchmark is computed from it",
            );
        }
    }

    fn check_numbers(&self, wrong: &mut Complaints) {
        let coefficient = |value: Marks| value.value().is_zero() || value.value() > LARGEST_COEFFICIENT;
        let mut out = |place: &str, is_out: bool, zh: &str, en: &str| {
            if is_out {
                wrong.add(place, zh, en);
            }
        };
        let (k_zh, k_en) = ("系数须大于0且不超过10", "must be above 0 and at most 10");
        let (share_zh, share_en) = ("须小于100%", "must be below 100");
        if let Some(float) = self.float_percent {
            out("floatPercent", float >= Marks::HUNDRED, share_zh, share_en);
        }
        if let Some(choices) = &self.float_choices {
            let different: BTreeSet<Marks> = choices.iter().copied().collect();
            let count_is_out = !(2..=100).contains(&choices.len()) || different.len() < choices.len();
            let (zh, en) = ("须有2至100个互不相同的候选值", "2 to 100 different candidates are expected");
            out("floatChoices", count_is_out, zh, en);
            out("floatChoices", choices.iter().any(|choice| *choice >= Marks::HUNDRED), share_zh, share_en);
            let foreign = self.float_percent.is_some_and(|drawn| !different.contains(&drawn));
            out("floatPercent", foreign, "不在候选值之中", "is none of the candidates");
        }
        if let Some(Composite { k1, k2, q1 }) = self.composite {
            out("composite/k1", coefficient(k1), k_zh, k_en);
            out("composite/k2", coefficient(k2), k_zh, k_en);
            out("composite/q1", q1.value() > Decimal::ONE, "权重须在0至1之间", "must lie between 0 and 1");
        }
        if let Some(parts) = &self.three_part {
            out("threePart/k", coefficient(parts.k), k_zh, k_en);
            out("threePart/reductionPercent", parts.reduction_percent >= Marks::HUNDRED, share_zh, share_en);
            let sum = parts.weights.map(|all| all.iter().map(|weight| weight.value()).sum::<Decimal>());
            let uneven = sum.is_some_and(|sum| sum != Decimal::ONE_HUNDRED);
            out("threePart/weights", uneven, "三部分权重之和须为100", "the weights must sum to 100");
        }
        if let Some(sample) = &self.sample {
            let size = sample.size();
            out("sample/size", !(3..=5000).contains(&size), "须在3至5000之间", "must lie between 3 and 5000");
        }
    }
}

/// A matter that the committee puts into money 量化因素, as the document discloses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quantified {
    /// Key on members' sheets; 1 to 40 characters, unique.
    #[schema(min_length = 1, max_length = 40)]
    pub key: String,
    /// What may deviate, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub what: String,
    /// How a deviation becomes an amount, 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    pub standard: String,
}

/// 经评审的最低投标价法: the lowest of corrected bid plus quantified deviations (七部委令12 arts 30 to 33).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EngLowestEvaluated {
    /// Highest price 最高投标限价 in yuan; a bid above it is rejected. Absent = none was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Amount>,
    /// What the committee puts into money; absent = nothing is added to a bid. A preview takes deviations as they come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 50)]
    pub quantified: Option<Vec<Quantified>>,
    /// What parts equal evaluated prices; default the technical score, then a draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ties: Option<TieBreak>,
}

impl EngLowestEvaluated {
    pub(super) fn check(&self, wrong: &mut Complaints) {
        let all = self.quantified.as_deref().unwrap_or_default();
        if all.len() > 50 {
            wrong.add("quantified", "量化因素不得超过50项", "at most 50 matters");
        }
        let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
        for (at, one) in all.iter().enumerate() {
            if !fits(&one.key, 40) || all.iter().take(at).any(|other| other.key == one.key) {
                wrong.add(
                    format!("quantified/{at}/key"),
                    "标识为空、过长或重复",
                    "is empty, too long or appears twice",
                );
            }
            if !fits(&one.what, 200) {
                wrong.add(
                    format!("quantified/{at}/what"),
                    "须为1至200个字符",
                    "must have 1 to 200 characters",
                );
            }
            if !fits(&one.standard, 1000) {
                let (zh, en) = ("须写明折算标准（1至1000个字符）", "must say how, in 1 to 1000 characters");
                wrong.add(format!("quantified/{at}/standard"), zh, en);
            }
        }
    }
}
