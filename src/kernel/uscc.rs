//! 统一社会信用代码 (unified social credit code), GB 32100-2015.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Alphabet of GB 32100-2015: no I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Weights 3^(i-1) mod 31 of GB 32100-2015 for the first 17 characters.
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// A credit code whose check character holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[0-9A-HJ-NPQRTUWXY]{18}$", example = "91350100M000100Y43")]
pub struct Uscc(String);

impl Uscc {
    /// The eighteen characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn value_of(letter: u8) -> Option<usize> {
    ALPHABET.iter().position(|known| *known == letter)
}

impl TryFrom<String> for Uscc {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = text.as_bytes();
        if bytes.len() != 18 {
            return Err(format!("a credit code has 18 characters, this has {}", text.chars().count()));
        }
        let mut sum = 0;
        for (at, (letter, weight)) in bytes.iter().zip(WEIGHTS).enumerate() {
            let value = value_of(*letter)
                .ok_or_else(|| format!("character {} is not in the alphabet of GB 32100-2015", at + 1))?;
            sum += value * weight;
        }
        let expected = ALPHABET.get((31 - sum % 31) % 31);
        if expected == bytes.last() {
            Ok(Self(text))
        } else {
            Err("the check character does not hold".into())
        }
    }
}

impl From<Uscc> for String {
    fn from(code: Uscc) -> Self {
        code.0
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_hold_and_a_changed_digit_does_not() {
        assert!(Uscc::try_from("91350100M000100Y43".to_owned()).is_ok());
        assert!(Uscc::try_from("12152500MB1X252501".to_owned()).is_ok());
        assert!(Uscc::try_from("91350100M000100Y44".to_owned()).is_err());
        assert!(Uscc::try_from("91350100I000100Y43".to_owned()).unwrap_err().contains("character 9"));
    }
}
