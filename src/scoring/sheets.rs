//! Members' sheets: what the system makes of them. Members mark and sign; only the system sums.
//!
//! Invariants: every member of the committee has a sheet before anything is summed; no member's marks are
//! dropped; an objective factor has one value or blocks the signing (令87 art 64).

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arithmetic::{self, Exact, TooLarge},
    factors::{Factors, Judgement},
    method::Marks,
};
use crate::kernel::{Code, LegalGround, Refusal, Say};

/// One member's finding on one offer in a pass-or-fail part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// The member, as the committee lists it.
    pub member: String,
    /// Whether the member lets the offer pass.
    pub passes: bool,
}

/// One member's marks for one offer, by factor key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The member, as the committee lists it.
    pub member: String,
    /// Marks by factor key; exactly the factors that members mark.
    pub marks: BTreeMap<String, Marks>,
}

/// Why sheets cannot be summed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetFault {
    /// These members have not handed in a sheet.
    #[error("no sheet from {}", .members.join(", "))]
    Missing {
        /// Members without a sheet.
        members: Vec<String>,
    },
    /// These sheets come from nobody on the committee, or a second time from the same member.
    #[error("a sheet too many from {}", .members.join(", "))]
    Surplus {
        /// Who handed them in.
        members: Vec<String>,
    },
    /// Not exactly the document's factors, or marks above a factor's weight.
    #[error("the sheet of {member} does not fit factor {factor}")]
    Unfit {
        /// Whose sheet.
        member: String,
        /// Which factor.
        factor: String,
    },
    /// Different marks for an objective factor (EV-0g).
    #[error("objective factor {factor} is marked differently by {}", .marks.iter().map(|(who, _)| who.as_str()).collect::<Vec<_>>().join(", "))]
    Unequal {
        /// Which factor.
        factor: String,
        /// Every member's mark.
        marks: Vec<(String, Marks)>,
    },
    /// Numbers beyond exact arithmetic.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

impl From<SheetFault> for Refusal {
    fn from(fault: SheetFault) -> Self {
        let detail = match &fault {
            SheetFault::Missing { members } => format!("以下评委尚未提交评分表：{}", members.join("、")),
            SheetFault::Surplus { members } => format!("评分表重复或提交人不是评委：{}", members.join("、")),
            SheetFault::Unfit { member, factor } => format!("{member}的评分表与评审因素{factor}不符"),
            SheetFault::Unequal { factor, marks } => {
                let all: Vec<String> = marks.iter().map(|(who, mark)| format!("{who} {mark}")).collect();
                format!("客观评审因素{factor}的评分应当一致：{}", all.join("、"))
            }
            SheetFault::TooLarge(_) => "数值超出精确计算的范围".to_owned(),
        };
        let unequal = matches!(fault, SheetFault::Unequal { .. });
        let code = if unequal { Code::ObjectiveScoresUnequal } else { Code::SheetsUnfit };
        let refusal = Self::new(code, Say::new(detail, fault.to_string()));
        if !unequal {
            return refusal;
        }
        refusal.by_rule(LegalGround {
            id: "EV-0g".to_owned(),
            source: "政府采购货物和服务招标投标管理办法（财政部令第87号）".to_owned(),
            article: Some("64".to_owned()),
            earliest: None,
        })
    }
}

/// Whether an offer passes by the votes of more than half of the whole committee (a rule of the document).
///
/// # Errors
/// A vote is missing or one too many.
pub fn passes_by_majority(committee: &[String], votes: &[Vote]) -> Result<bool, SheetFault> {
    check_members(committee, votes.iter().map(|vote| vote.member.as_str()))?;
    Ok(votes.iter().filter(|vote| vote.passes).count() * 2 > committee.len())
}

/// The mean over all members, half-up to `places` (EV-0b says two): nobody's marks are dropped.
///
/// # Errors
/// No marks at all, or numbers beyond exact arithmetic.
pub fn mean_of_members(marks: &[Marks], places: u32) -> Result<Decimal, TooLarge> {
    let sum = arithmetic::sum(marks.iter().map(|mark| mark.value()))?;
    Exact::of(sum)?.divided_by(Exact::of(Decimal::from(marks.len()))?)?.half_up(places)
}

/// The stored score of one factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemScore {
    /// Key of the factor.
    pub factor: String,
    /// Mean of all members, or the one value of an objective factor.
    pub score: Decimal,
}

/// The stored scores of one offer in all factors that members mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemScores {
    /// In the document's order.
    pub items: Vec<ItemScore>,
    /// Their sum: the offer's `otherScore`.
    pub sum: Decimal,
}

/// Sums one offer's sheets: each item's mean over all members is rounded half-up to `places`, then the items
/// are added (EV-0b).
///
/// # Errors
/// A sheet is missing, one too many or unfit, or an objective factor is marked unequally.
pub fn item_scores(
    factors: &Factors,
    committee: &[String],
    sheets: &[Sheet],
    places: u32,
) -> Result<ItemScores, SheetFault> {
    check_members(committee, sheets.iter().map(|sheet| sheet.member.as_str()))?;
    for sheet in sheets {
        check_sheet(factors, sheet)?;
    }
    let mut items = Vec::new();
    for factor in factors.marked() {
        let marks: Vec<(String, Marks)> = sheets
            .iter()
            .filter_map(|sheet| Some((sheet.member.clone(), *sheet.marks.get(&factor.key)?)))
            .collect();
        if factor.judged == Judgement::Objective {
            check_equal(&factor.key, &marks)?;
        }
        let marks: Vec<Marks> = marks.into_iter().map(|(_, mark)| mark).collect();
        items.push(ItemScore { factor: factor.key.clone(), score: mean_of_members(&marks, places)? });
    }
    let sum = arithmetic::sum(items.iter().map(|item| item.score))?;
    Ok(ItemScores { items, sum })
}

/// All members must have given an objective factor the same mark (EV-0g); 60 and 60.00 are the same.
///
/// # Errors
/// [`SheetFault::Unequal`] with every member's mark.
pub fn check_equal(factor: &str, marks: &[(String, Marks)]) -> Result<(), SheetFault> {
    let values: BTreeSet<Marks> = marks.iter().map(|(_, mark)| *mark).collect();
    if values.len() > 1 {
        return Err(SheetFault::Unequal { factor: factor.to_owned(), marks: marks.to_vec() });
    }
    Ok(())
}

fn check_members<'a>(
    committee: &[String],
    handed_in: impl Iterator<Item = &'a str>,
) -> Result<(), SheetFault> {
    let mut awaited: BTreeSet<&str> = committee.iter().map(String::as_str).collect();
    let surplus: Vec<String> =
        handed_in.filter(|member| !awaited.remove(member)).map(str::to_owned).collect();
    if !surplus.is_empty() {
        return Err(SheetFault::Surplus { members: surplus });
    }
    if !awaited.is_empty() {
        return Err(SheetFault::Missing { members: awaited.into_iter().map(str::to_owned).collect() });
    }
    Ok(())
}

fn check_sheet(factors: &Factors, sheet: &Sheet) -> Result<(), SheetFault> {
    let unfit = |factor: &str| SheetFault::Unfit { member: sheet.member.clone(), factor: factor.to_owned() };
    for factor in factors.marked() {
        match sheet.marks.get(&factor.key) {
            Some(mark) if *mark <= factor.weight => {}
            _ => return Err(unfit(&factor.key)),
        }
    }
    let known = |key: &String| factors.marked().any(|factor| factor.key == *key);
    match sheet.marks.keys().find(|key| !known(key)) {
        Some(key) => Err(unfit(key)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{law::Object, scoring::factors::tests::goods};

    fn committee() -> Vec<String> {
        ["一", "二", "三", "四", "五"].map(str::to_owned).to_vec()
    }

    fn votes(passes: [bool; 5]) -> Vec<Vote> {
        committee().into_iter().zip(passes).map(|(member, passes)| Vote { member, passes }).collect()
    }

    fn sheets(tech: [&str; 5], trade: [&str; 5]) -> Vec<Sheet> {
        let mark = |text: &str| Marks::parse(text).unwrap();
        committee()
            .into_iter()
            .zip(tech.into_iter().zip(trade))
            .map(|(member, (tech, trade))| Sheet {
                member,
                marks: BTreeMap::from([("tech".to_owned(), mark(tech)), ("trade".to_owned(), mark(trade))]),
            })
            .collect()
    }

    fn goods_factors() -> Factors {
        Factors::check(goods(), Object::Goods, "").unwrap()
    }

    #[test]
    fn more_than_half_of_all_members_decide() {
        assert!(passes_by_majority(&committee(), &votes([true, true, true, false, false])).unwrap());
        assert!(!passes_by_majority(&committee(), &votes([true, true, false, false, false])).unwrap());
        let four = &committee()[..4];
        assert!(!passes_by_majority(four, &votes([true, true, false, false, false])[..4]).unwrap());
    }

    #[test]
    fn every_member_hands_in_one_sheet() {
        let four = &votes([true; 5])[..4];
        assert_eq!(
            passes_by_majority(&committee(), four),
            Err(SheetFault::Missing { members: vec!["五".to_owned()] })
        );
        let mut twice = votes([true; 5]);
        twice[4].member = "一".to_owned();
        assert_eq!(
            passes_by_majority(&committee(), &twice),
            Err(SheetFault::Surplus { members: vec!["一".to_owned()] })
        );
    }

    #[test]
    fn items_are_means_of_all_members_rounded_and_then_summed() {
        let given = sheets(["52.40", "52.41", "52.39", "52.40", "52.42"], ["10"; 5]);
        let scores = item_scores(&goods_factors(), &committee(), &given, 2).unwrap();
        // 262.02 ÷ 5 = 52.404
        assert_eq!(scores.items[0].score.to_string(), "52.40");
        assert_eq!(scores.sum.to_string(), "62.40");
        let marks = ["0.01", "0.00"].map(|text| Marks::parse(text).unwrap());
        assert_eq!(mean_of_members(&marks, 2).unwrap().to_string(), "0.01");
        assert!(mean_of_members(&[], 2).is_err());
    }

    #[test]
    fn an_objective_factor_has_one_value_or_blocks() {
        let same = sheets(["1"; 5], ["9", "9.0", "9.00", "9", "9"]);
        assert!(item_scores(&goods_factors(), &committee(), &same, 2).is_ok());
        let different = sheets(["1"; 5], ["9", "9", "8.99", "9", "9"]);
        let fault = item_scores(&goods_factors(), &committee(), &different, 2).unwrap_err();
        let refusal = Refusal::from(fault);
        assert_eq!(refusal.code, Code::ObjectiveScoresUnequal);
        assert!(refusal.detail.zh.contains("三 8.99"), "{}", refusal.detail.zh);
        assert_eq!(refusal.rule.unwrap().article.unwrap(), "64");
    }

    #[test]
    fn marks_stay_within_the_weight_and_the_documents_factors() {
        let above = sheets(["60.01", "1", "1", "1", "1"], ["1"; 5]);
        let unfit =
            |member: &str, factor: &str| SheetFault::Unfit { member: member.into(), factor: factor.into() };
        assert_eq!(item_scores(&goods_factors(), &committee(), &above, 2), Err(unfit("一", "tech")));
        let mut foreign = sheets(["1"; 5], ["1"; 5]);
        foreign[1].marks.insert("price".into(), Marks::parse("30").unwrap());
        assert_eq!(item_scores(&goods_factors(), &committee(), &foreign, 2), Err(unfit("二", "price")));
        let mut missing = sheets(["1"; 5], ["1"; 5]);
        missing[2].marks.remove("trade");
        assert_eq!(item_scores(&goods_factors(), &committee(), &missing, 2), Err(unfit("三", "trade")));
    }
}
