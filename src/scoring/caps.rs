//! Upper limits of deposits and bonds. Compared by cross-multiplication, printed limits cut down to the fen.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::arithmetic::{self, TooLarge};
use crate::kernel::{LegalGround, money::Amount};

/// Whose rules cap a bid deposit 投标保证金.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DepositKind {
    /// Construction and goods of works: 2 % of the estimate and 800,000 yuan.
    Construction,
    /// Survey and design of works: 2 % of the estimate and 100,000 yuan.
    SurveyDesign,
    /// Any other works tender: 2 % of the estimate.
    OtherWorks,
    /// Government purchase: 2 % of the budget.
    Purchase,
}

impl DepositKind {
    /// The absolute cap in yuan, where there is one.
    pub fn absolute_cap(self) -> Option<Decimal> {
        match self {
            Self::Construction => Some(Decimal::from(800_000)),
            Self::SurveyDesign => Some(Decimal::from(100_000)),
            Self::OtherWorks | Self::Purchase => None,
        }
    }

    fn share(self) -> LegalGround {
        match self {
            Self::Purchase => ground("GP-6", "政府采购法实施条例", "33"),
            Self::Construction | Self::SurveyDesign | Self::OtherWorks => {
                ground("ENG-9", "招标投标法实施条例", "26")
            }
        }
    }
}

fn ground(id: &str, source: &str, article: &str) -> LegalGround {
    LegalGround {
        id: id.to_owned(),
        source: source.to_owned(),
        article: Some(article.to_owned()),
        earliest: None,
    }
}

/// A cap that a sum passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverCap {
    /// Most that is allowed, in yuan, cut to the fen.
    pub most: Decimal,
    /// The rule that sets it.
    pub rule: LegalGround,
}

/// The lowest cap that a deposit passes, if any; `base` is the estimate 招标项目估算价 or the budget in yuan.
///
/// # Errors
/// Never within the grammar of amounts.
pub fn deposit_over_cap(
    kind: DepositKind,
    deposit: Amount,
    base: Amount,
) -> Result<Option<OverCap>, TooLarge> {
    let absolute = kind.absolute_cap().filter(|cap| deposit.value() > *cap).map(|most| {
        let (source, article) = match kind {
            DepositKind::SurveyDesign => ("工程建设项目勘察设计招标投标办法", "24"),
            _ => ("工程建设项目施工招标投标办法", "37"),
        };
        OverCap { most, rule: ground("ENG-10", source, article) }
    });
    let share = passes_share(deposit, base, 2)?;
    let share = if share { Some(OverCap { most: share_of(base, 2)?, rule: kind.share() }) } else { None };
    Ok(absolute.into_iter().chain(share).min_by_key(|over| over.most))
}

/// The most a deposit may be, in yuan, cut to the fen.
///
/// # Errors
/// Never within the grammar of amounts.
pub fn most_deposit(kind: DepositKind, base: Amount) -> Result<Decimal, TooLarge> {
    let share = share_of(base, 2)?;
    Ok(kind.absolute_cap().map_or(share, |cap| share.min(cap)))
}

/// The most a performance bond 履约保证金 may be: 10 % of the contract, cut to the fen (条例 art 58).
///
/// # Errors
/// Never within the grammar of amounts.
pub fn most_performance_bond(contract: Amount) -> Result<Decimal, TooLarge> {
    share_of(contract, 10)
}

/// `sum × 100 > percent × base`, without a division.
fn passes_share(sum: Amount, base: Amount, percent: u32) -> Result<bool, TooLarge> {
    let left = arithmetic::times(sum.value(), Decimal::ONE_HUNDRED)?;
    Ok(left > arithmetic::times(base.value(), Decimal::from(percent))?)
}

fn share_of(base: Amount, percent: u32) -> Result<Decimal, TooLarge> {
    let exact = arithmetic::times(base.value(), Decimal::new(i64::from(percent), 2))?;
    let mut cut = exact.round_dp_with_strategy(2, RoundingStrategy::ToZero);
    cut.rescale(2);
    Ok(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yuan(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    #[test]
    fn deposits_stop_at_two_percent_and_at_the_absolute_cap() {
        use DepositKind::{Construction, OtherWorks, Purchase, SurveyDesign};
        for (kind, base, most) in [
            (Construction, "30000000", "600000.00"),
            (Construction, "40000000", "800000.00"),
            (Construction, "50000000", "800000"),
            (Construction, "20000000.00", "400000.00"),
            (OtherWorks, "50000000", "1000000.00"),
            (SurveyDesign, "50000000", "100000"),
            (Purchase, "500000", "10000.00"),
            (Purchase, "99.99", "1.99"),
        ] {
            assert_eq!(most_deposit(kind, yuan(base)).unwrap().to_string(), most);
            assert_eq!(deposit_over_cap(kind, yuan(most), yuan(base)).unwrap(), None, "{most} of {base}");
            let more = Amount::new(yuan(most).value() + Decimal::new(1, 2)).unwrap();
            let over = deposit_over_cap(kind, more, yuan(base)).unwrap().unwrap();
            assert_eq!(over.most, yuan(most).value(), "{more} of {base}");
        }
    }

    #[test]
    fn the_lower_cap_is_the_one_named() {
        let over =
            deposit_over_cap(DepositKind::Construction, yuan("900000"), yuan("50000000")).unwrap().unwrap();
        assert_eq!(over.rule.id, "ENG-10");
        let over =
            deposit_over_cap(DepositKind::Construction, yuan("900000"), yuan("30000000")).unwrap().unwrap();
        assert_eq!((over.rule.id.as_str(), over.most), ("ENG-9", Decimal::from(600_000)));
    }

    #[test]
    fn a_performance_bond_is_cut_to_the_fen() {
        assert_eq!(most_performance_bond(yuan("1234567.89")).unwrap().to_string(), "123456.78");
        assert_eq!(most_performance_bond(yuan("10")).unwrap().to_string(), "1.00");
    }
}
