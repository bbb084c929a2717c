//! Money and areas as exact decimals behind one grammar.
//!
//! The grammar `^(0|[1-9][0-9]{0,13})(\.[0-9]{1,2})?$` is checked before any decimal type sees the text:
//! `rust_decimal` would also take `2e7`, `+1`, `1_000` and `.5`. A JSON number is refused with a reason.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{PartialSchema, ToSchema};

/// Regular expression of every amount and area on the wire.
pub const AMOUNT_PATTERN: &str = r"^(0|[1-9][0-9]{0,13})(\.[0-9]{1,2})?$";

/// Reads the grammar of amounts and areas; the result always has two decimal places.
///
/// # Errors
/// A sentence that says what is wrong with `text`.
pub fn read_amount(text: &str) -> Result<Decimal, &'static str> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || fraction.is_some_and(|part| !digits(part)) {
        return Err("expected digits with at most one decimal point, such as \"20000000.00\"");
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Err("leading zeros are not allowed");
    }
    if whole.len() > 14 {
        return Err("at most 14 digits may stand before the decimal point");
    }
    if fraction.is_some_and(|part| part.len() > 2) {
        return Err("at most 2 digits may stand after the decimal point");
    }
    let mut value: Decimal = text.parse().map_err(|_| "not a decimal number")?;
    value.rescale(2);
    Ok(value)
}

/// Visitor shared by amounts and areas: strings by the grammar, numbers refused with the reason.
struct AmountText;

impl de::Visitor<'_> for AmountText {
    type Value = Decimal;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an amount as a string, such as \"20000000.00\" (JSON numbers lose digits)")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        read_amount(text).map_err(E::custom)
    }
}

/// A plain decimal string by the amount grammar: yuan of a preview, or the inside of [`Money`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Decimal);

/// An area in square metres with two decimal places, on the wire a string by the amount grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Area(Decimal);

macro_rules! decimal_string {
    ($name:ident, $what:literal) => {
        impl $name {
            /// Takes a non-negative decimal of at most 14 + 2 digits; more places are refused.
            ///
            /// # Errors
            /// A sentence that says why the value does not fit.
            pub fn new(value: Decimal) -> Result<Self, &'static str> {
                if value.is_sign_negative() && !value.is_zero() {
                    return Err("must not be negative");
                }
                read_amount(&value.normalize().to_string()).map(Self)
            }

            /// Reads the wire grammar.
            ///
            /// # Errors
            /// A sentence that says what is wrong with `text`.
            pub fn parse(text: &str) -> Result<Self, &'static str> {
                read_amount(text).map(Self)
            }

            /// The value with two decimal places.
            pub fn value(self) -> Decimal {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{:.2}", self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any(AmountText).map(Self)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(AMOUNT_PATTERN))
                    .description(Some($what))
                    .examples([serde_json::json!("20000000.00")])
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

decimal_string!(Amount, "Yuan as an exact decimal string with at most two places");
decimal_string!(Area, "Square metres as an exact decimal string with at most two places");

/// A parity of currencies: a decimal above zero with at most four digits before the point and eight after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = r"^(0|[1-9][0-9]{0,3})(\.[0-9]{1,8})?$", example = "7.1528")]
pub struct Rate(Decimal);

impl Rate {
    /// Reads the grammar.
    ///
    /// # Errors
    /// A sentence that says what is wrong with `text`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let plain = digits(whole) && digits(fraction) && (whole.len() == 1 || !whole.starts_with('0'));
        if !plain || whole.len() > 4 || fraction.len() > 8 {
            return Err(
                "expected a parity such as \"7.1528\": at most 4 digits before the point and 8 after it",
            );
        }
        match text.parse::<Decimal>() {
            Ok(value) if !value.is_zero() => Ok(Self(value)),
            _ => Err("a parity is above zero"),
        }
    }

    /// The number.
    pub fn value(self) -> Decimal {
        self.0
    }
}

impl TryFrom<String> for Rate {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// Currency of stored money: amounts in other currencies are converted as they come in (AMB-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
pub enum Currency {
    /// 人民币元
    #[default]
    CNY,
}

/// Money of a stored resource: `{"amount":"20000000.00","currency":"CNY"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Exact decimal string.
    pub amount: Amount,
    /// Always `CNY`.
    pub currency: Currency,
}

impl Money {
    /// Yuan from a decimal of at most 14 + 2 digits.
    ///
    /// # Errors
    /// A sentence that says why the value does not fit.
    pub fn yuan(value: Decimal) -> Result<Self, &'static str> {
        Ok(Self { amount: Amount::new(value)?, currency: Currency::CNY })
    }

    /// The number of yuan.
    pub fn value(self) -> Decimal {
        self.amount.value()
    }
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self { amount, currency: Currency::CNY }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.amount.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_takes_only_plain_decimals() {
        for good in ["0", "0.5", "1", "20000000.00", "99999999999999.99", "10.1"] {
            assert!(read_amount(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-1",
            "+1",
            "2e7",
            "1_000",
            ".5",
            "5.",
            "01",
            "1.234",
            "100000000000000",
            " 1",
            "1 ",
            "１",
            "1,000",
            "NaN",
            "0x1",
            "1.2.3",
        ] {
            assert!(read_amount(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_json_number_is_refused_with_the_reason() {
        let said = serde_json::from_str::<Amount>("20000000.00").unwrap_err().to_string();
        assert!(said.contains("string"), "{said}");
    }

    #[test]
    fn two_places_are_always_written() {
        assert_eq!(serde_json::to_string(&Amount::parse("2000").unwrap()).unwrap(), "\"2000.00\"");
        assert_eq!(Amount::new(Decimal::new(15, 1)).unwrap().to_string(), "1.50");
    }
}
