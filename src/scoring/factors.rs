//! Scoring factors 评审因素 of a tender document: known, lawful and together 100 points (EV-0e, EV-0f).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{complaints::Complaints, marks::Marks};
use crate::{
    kernel::{LegalGround, Rejection, Say},
    law::Object,
};

/// What a factor may look at: word on the wire, 中文, English.
pub const MATTERS: [(&str, &str, &str); 13] = [
    ("price", "报价", "price"),
    ("technicalSolution", "技术方案", "technical solution"),
    ("technicalCompliance", "技术参数响应", "technical compliance"),
    ("constructionDesign", "施工组织设计", "construction design"),
    ("implementationPlan", "实施方案", "implementation plan"),
    ("quality", "质量保证", "quality assurance"),
    ("delivery", "供货与工期", "delivery and schedule"),
    ("afterSales", "售后服务", "after-sales service"),
    ("projectTeam", "项目团队", "project team"),
    ("trackRecord", "业绩", "track record"),
    ("credit", "信用与履约能力", "credit and capacity"),
    ("business", "商务响应", "commercial response"),
    ("policy", "政府采购政策", "procurement policy"),
];

/// Which of them make up the technical score.
const TECHNICAL_MATTERS: [&str; 5] =
    ["technicalSolution", "technicalCompliance", "constructionDesign", "implementationPlan", "quality"];

/// What may never be scored in a government purchase (令87 arts 17 and 55, 财库〔2020〕46号 art 5).
pub const FORBIDDEN_MATTERS: [(&str, &str, &str); 7] = [
    ("qualification", "资格条件", "qualification condition"),
    ("registeredCapital", "注册资本", "registered capital"),
    ("assets", "资产总额", "total assets"),
    ("turnover", "营业收入", "turnover"),
    ("staff", "从业人员", "number of staff"),
    ("profit", "利润", "profit"),
    ("tax", "纳税额", "tax paid"),
];

/// How a factor's marks come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Judgement {
    /// By the system, from the prices.
    Computed,
    /// From a fact: all members must give the same (EV-0g).
    Objective,
    /// From each member's own judgement.
    Subjective,
}

/// One factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Factor {
    /// Key of the factor on members' sheets; unique within the document.
    pub key: String,
    /// What it looks at: one of [`MATTERS`].
    pub matter: String,
    /// Its points; the weights of all factors sum to 100.
    pub weight: Marks,
    /// How its marks come about.
    pub judged: Judgement,
}

impl Factor {
    /// Whether its marks are part of the technical score 技术得分, which may part equals.
    pub fn is_technical(&self) -> bool {
        TECHNICAL_MATTERS.contains(&self.matter.as_str())
    }
}

/// The article that governs factors of purchases.
pub fn ground() -> LegalGround {
    LegalGround {
        id: "EV-0f".to_owned(),
        source: "政府采购货物和服务招标投标管理办法（财政部令第87号）".to_owned(),
        article: Some("55".to_owned()),
        earliest: None,
    }
}

/// Factors that hold together; frozen with the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Factors(Vec<Factor>);

impl Factors {
    /// Checks the factors of a document; `at` is the JSON pointer of their array.
    ///
    /// # Errors
    /// 422 with a pointer for each factor that is unknown, forbidden, repeated or weightless, and for weights that do
    /// not sum to 100.
    pub fn check(factors: Vec<Factor>, object: Object, at: &str) -> Result<Self, Rejection> {
        let mut wrong = Complaints::new(at.to_owned());
        for (place, factor) in factors.iter().enumerate() {
            check_matter(place, factor, object, &mut wrong);
            if factor.weight.value().is_zero() {
                wrong.add(format!("{place}/weight"), "权重须大于0", "must be above 0");
            }
            if factor.key.trim().is_empty() || factors.iter().take(place).any(|other| other.key == factor.key)
            {
                wrong.add(format!("{place}/key"), "因素标识为空或重复", "is empty or appears twice");
            }
            if (factor.matter == "price") != (factor.judged == Judgement::Computed) {
                wrong.add(
                    format!("{place}/judged"),
                    "报价由系统计算，其他因素由评委评分",
                    "the price, and nothing else, is computed",
                );
            }
        }
        if factors.iter().filter(|factor| factor.matter == "price").count() > 1 {
            wrong.add_whole("报价只能是一个因素", "only one factor may be the price");
        }
        let sum: Decimal = factors.iter().map(|factor| factor.weight.value()).sum();
        if sum != Decimal::ONE_HUNDRED {
            wrong.add_whole(
                &format!("各因素权重之和须为100，现为{}", sum.normalize()),
                &format!("the weights must sum to 100, they sum to {}", sum.normalize()),
            );
        }
        wrong.or(Self(factors))
    }

    /// The factors in the document's order.
    pub fn all(&self) -> &[Factor] {
        &self.0
    }

    /// Factors that members mark.
    pub fn marked(&self) -> impl Iterator<Item = &Factor> {
        self.0.iter().filter(|factor| factor.judged != Judgement::Computed)
    }
}

fn check_matter(place: usize, factor: &Factor, object: Object, wrong: &mut Complaints) {
    let named = |list: &[(&str, &str, &str)]| list.iter().any(|(word, ..)| *word == factor.matter);
    if named(&FORBIDDEN_MATTERS) && object != Object::Works {
        wrong.add(
            format!("{place}/matter"),
            "资格条件及企业规模指标不得作为评审因素（财政部令第87号第17、55条）",
            "qualifications and size of an enterprise may not be scored (MOF order 87 arts 17, 55)",
        );
    } else if !named(&MATTERS) && !named(&FORBIDDEN_MATTERS) {
        wrong.add(format!("{place}/matter"), "未知的评审因素", "is not a known factor");
    }
}

/// Names of a matter in both languages; `None` when unknown.
pub fn matter_name(word: &str) -> Option<Say> {
    let (_, zh, en) = MATTERS.iter().chain(&FORBIDDEN_MATTERS).find(|(known, ..)| *known == word)?;
    Some(Say::new(*zh, *en))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn factor(key: &str, matter: &str, weight: &str, judged: Judgement) -> Factor {
        Factor { key: key.into(), matter: matter.into(), weight: Marks::parse(weight).unwrap(), judged }
    }

    pub(crate) fn goods() -> Vec<Factor> {
        vec![
            factor("price", "price", "30", Judgement::Computed),
            factor("tech", "technicalSolution", "60", Judgement::Subjective),
            factor("trade", "business", "10", Judgement::Objective),
        ]
    }

    fn pointers(factors: Vec<Factor>, object: Object) -> Vec<String> {
        let rejection = Factors::check(factors, object, "/factors").unwrap_err();
        rejection.errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn lawful_factors_pass() {
        assert_eq!(Factors::check(goods(), Object::Goods, "").unwrap().marked().count(), 2);
    }

    #[test]
    fn weights_sum_to_100_exactly() {
        let mut factors = goods();
        factors[1].weight = Marks::parse("59.9999").unwrap();
        assert_eq!(pointers(factors, Object::Goods), ["/factors"]);
    }

    #[test]
    fn size_of_an_enterprise_is_never_scored_in_a_purchase() {
        for (word, ..) in FORBIDDEN_MATTERS {
            let mut factors = goods();
            factors[2].matter = word.into();
            assert_eq!(pointers(factors.clone(), Object::Services), ["/factors/2/matter"], "{word}");
            assert!(Factors::check(factors, Object::Works, "").is_ok());
        }
    }

    #[test]
    fn what_is_unknown_or_repeated_is_pointed_at() {
        let mut factors = goods();
        factors[1].matter = "beauty".into();
        factors[2].key = "tech".into();
        assert_eq!(pointers(factors, Object::Goods), ["/factors/1/matter", "/factors/2/key"]);
        let mut factors = goods();
        factors[1].judged = Judgement::Computed;
        assert_eq!(pointers(factors, Object::Goods), ["/factors/1/judged"]);
    }
}
