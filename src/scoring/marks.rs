//! Marks, weights, percentages and factors as exact decimals behind one grammar.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{PartialSchema, ToSchema};

/// Regular expression of marks, weights, percentages and factors on the wire.
pub const MARKS_PATTERN: &str = r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,4})?$";

/// Marks, a weight in points, a percentage or a factor: 0 to 999.9999, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marks(Decimal);

impl Marks {
    /// All points, or the whole in percent.
    pub const HUNDRED: Self = Self(Decimal::ONE_HUNDRED);

    /// Reads the wire grammar [`MARKS_PATTERN`].
    ///
    /// # Errors
    /// A sentence that says what is wrong with `text`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (whole, fraction) =
            text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 3) || (whole.len() > 1 && whole.starts_with('0')) {
            return Err(
                "expected 1 to 3 digits without leading zeros before the point, such as \"40\" or \"0.5\"",
            );
        }
        if fraction.is_some_and(|part| !digits(part, 4)) {
            return Err("expected 1 to 4 digits after the decimal point");
        }
        text.parse().map(Self).map_err(|_| "not a decimal number")
    }

    /// A number that was computed from marks; it may have more digits than the wire takes in.
    pub(super) fn of(value: Decimal) -> Self {
        Self(value)
    }

    /// The number.
    pub fn value(self) -> Decimal {
        self.0
    }

    /// Decimal places that matter: 1.50 has one.
    pub fn places(self) -> u32 {
        self.0.normalize().scale()
    }
}

impl fmt::Display for Marks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// Strings by the grammar; a JSON number is refused with the reason.
struct MarksText;

impl de::Visitor<'_> for MarksText {
    type Value = Marks;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a decimal as a string, such as \"40\" or \"0.5\" (JSON numbers lose digits)")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Marks, E> {
        Marks::parse(text).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(MarksText)
    }
}

impl PartialSchema for Marks {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(MARKS_PATTERN))
            .description(Some("Marks, weight in points, percentage or factor as an exact decimal string"))
            .examples([serde_json::json!("40")])
            .into()
    }
}

impl ToSchema for Marks {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_plain_decimals() {
        for good in ["0", "0.5", "40", "100", "60.10", "999.9999"] {
            assert_eq!(Marks::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "-1", "+1", "01", ".5", "5.", "1.00001", "1000", "1e1", " 1", "１", "1_0"] {
            assert!(Marks::parse(bad).is_err(), "{bad}");
        }
    }
}
