//! Code tables and the conversion of foreign amounts by the parity of a day (AMB-1). Pure.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{
    Category, Say,
    codes::{CurrencyCode, TradeClass},
    money::{Amount, Rate},
    time,
};

/// Codes of one kind with the edition of their standard: data, so that a new edition needs no new program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeTable<T> {
    /// The standard.
    pub standard: String,
    /// Its edition.
    pub std_version: String,
    /// Where the table comes from.
    pub source: String,
    /// The codes in the order of the file.
    pub codes: Vec<T>,
}

impl<T> CodeTable<T> {
    /// The table of an edition that has none.
    pub(super) fn none() -> Self {
        let none = String::new;
        Self { standard: none(), std_version: none(), source: none(), codes: Vec::new() }
    }
}

/// A class of 公共资源交易分类.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeClassEntry {
    /// Its code.
    pub code: TradeClass,
    /// Class of the catalogue it belongs to.
    pub category: Category,
    /// Its name.
    pub name: Say,
    /// Stands for a project of the category that names no class.
    pub other: bool,
    /// Mineral rights (AMB-13).
    pub mineral: bool,
}

/// How a central parity is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Quote {
    /// One unit in yuan.
    YuanPerUnit,
    /// A hundred units in yuan.
    YuanPer100,
    /// One yuan in units.
    UnitsPerYuan,
}

/// A currency with a published parity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Currency {
    /// Its letters.
    pub code: CurrencyCode,
    /// Its number.
    pub number: String,
    /// How its parity is written.
    pub quote: Quote,
    /// Its name.
    pub name: Say,
}

/// A figure approved in a foreign currency, with the parity of the approving document's day (AMB-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "amount": "2800000.00", "currency": "USD", "rate": "7.1528", "rateOn": "2026-01-20",
    "rateSource": "中国外汇交易中心 人民币汇率中间价"
}))]
pub struct ForeignAmount {
    /// The approved figure in its own currency.
    pub amount: Amount,
    /// Its currency.
    pub currency: CurrencyCode,
    /// The central parity as published: yuan for one unit, for a hundred (JPY), or units for one yuan, as
    /// `GET /api/v1/codes` says of the currency.
    pub rate: Rate,
    /// Day of the parity.
    #[serde(deserialize_with = "time::read")]
    pub rate_on: NaiveDate,
    /// Where the parity was published, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub rate_source: String,
}

impl ForeignAmount {
    /// The figure in yuan, exact until the end and then rounded half up to the fen.
    ///
    /// # Errors
    /// A sentence when the sum has more digits than an amount holds.
    pub fn in_yuan(&self, quote: Quote) -> Result<Amount, &'static str> {
        // Sixteen digits of the amount and twelve of the rate: no product needs more than a decimal's twenty-eight.
        let (amount, rate) = (self.amount.value(), self.rate.value());
        let fen = match quote {
            Quote::YuanPerUnit => half_up(amount * rate * Decimal::ONE_HUNDRED, Decimal::ONE),
            Quote::YuanPer100 => half_up(amount * rate, Decimal::ONE),
            Quote::UnitsPerYuan => half_up(amount * Decimal::ONE_HUNDRED, rate),
        };
        Amount::new(fen.ok_or("the parity must not be zero")? / Decimal::ONE_HUNDRED)
    }
}

/// `over` ÷ `under`, half up to a whole number. By the remainder, so that no digit is lost before the rounding.
fn half_up(over: Decimal, under: Decimal) -> Option<Decimal> {
    let rest = over.checked_rem(under)?;
    let whole = (over - rest).checked_div(under)?.trunc();
    Some(if rest * Decimal::TWO >= under { whole + Decimal::ONE } else { whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(amount: &str, rate: &str, quote: Quote) -> String {
        let foreign = ForeignAmount {
            amount: Amount::parse(amount).unwrap(),
            currency: CurrencyCode::try_from("USD".to_owned()).unwrap(),
            rate: Rate::parse(rate).unwrap(),
            rate_on: NaiveDate::from_ymd_opt(2026, 1, 20).unwrap(),
            rate_source: "中间价".into(),
        };
        foreign.in_yuan(quote).map_or_else(str::to_owned, |amount| amount.to_string())
    }

    #[test]
    fn the_last_fen_is_rounded_half_up_and_nothing_before_it() {
        for (amount, rate, quote, yuan) in [
            ("2800000.00", "7.1528", Quote::YuanPerUnit, "20027840.00"),
            ("0.01", "0.5", Quote::YuanPerUnit, "0.01"),
            ("0.01", "0.49999999", Quote::YuanPerUnit, "0.00"),
            ("430000000", "4.6512", Quote::YuanPer100, "20000160.00"),
            ("1", "3", Quote::UnitsPerYuan, "0.33"),
            ("2", "3", Quote::UnitsPerYuan, "0.67"),
            ("222000000", "11.1", Quote::UnitsPerYuan, "20000000.00"),
            ("99999999999999.99", "0.99999999", Quote::YuanPerUnit, "99999998999999.99"),
            ("99999999999999.99", "9999.99999999", Quote::YuanPerUnit, "too long"),
        ] {
            let found = converted(amount, rate, quote);
            match yuan {
                "too long" => assert!(found.contains("14 digits"), "{found}"),
                _ => assert_eq!(found, yuan, "{amount} at {rate}"),
            }
        }
        assert!(
            Rate::parse("0").is_err() && Rate::parse("12345").is_err() && Rate::parse("1.123456789").is_err()
        );
    }
}
