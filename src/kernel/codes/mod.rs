//! Codes that cannot hold a wrong value: each type is read by its standard's grammar and check character.
//!
//! A wrong code is answered with the place of the fault and, where a check character allows it, with what may be
//! meant: the codes that hold and differ by two neighbouring characters changed over or by one character.

mod classes;
mod deal;
mod numbers;
mod organisation;
mod uscc;

use std::fmt;

pub use classes::{CurrencyCode, IndustryCode, ProcurementCategory, TradeClass};
pub use deal::DealCode;
pub use numbers::{DocumentCode, InvestmentCode, PlatformId, ProjectCode, SectionCode, TenderCode};
pub use organisation::OrganisationCode;
pub use uscc::Uscc;

use super::Say;

/// Most codes named as what may be meant.
const MOST_CANDIDATES: usize = 20;

const DIGITS: &[u8] = b"0123456789";
const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A run of characters of one alphabet inside a code.
struct Run {
    letters: &'static [u8],
    count: usize,
    zh: &'static str,
    en: &'static str,
}

impl Run {
    const fn digits(count: usize) -> Self {
        Self { letters: DIGITS, count, zh: "数字", en: "a digit" }
    }

    const fn capital() -> Self {
        Self { letters: CAPITALS, count: 1, zh: "大写字母", en: "a capital letter" }
    }

    const fn only(letters: &'static [u8], zh: &'static str, en: &'static str) -> Self {
        Self { letters, count: 1, zh, en }
    }

    const fn hyphen() -> Self {
        Self::only(b"-", "连字符“-”", "a hyphen")
    }
}

/// What is wrong with a code, and what may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongCode {
    name: Box<Say>,
    fault: Say,
    /// Place of the first wrong character, counted from 1; absent where only the whole can be judged.
    pub at: Option<usize>,
    /// Codes that hold and are one slip away, neighbours changed over first; never more than twenty.
    pub maybe: Vec<String>,
}

impl WrongCode {
    fn new(name: Say, fault: Say) -> Self {
        Self { name: Box::new(name), fault, at: None, maybe: Vec::new() }
    }

    fn at(self, place: usize) -> Self {
        Self { at: Some(place), ..self }
    }

    fn perhaps(self, maybe: Vec<String>) -> Self {
        Self { maybe, ..self }
    }

    /// The fault in both languages, with what may be meant.
    pub fn say(&self) -> Say {
        let (zh, en) =
            (format!("{}：{}", self.name.zh, self.fault.zh), format!("{}: {}", self.name.en, self.fault.en));
        if self.maybe.is_empty() {
            return Say::new(format!("{zh}。"), format!("{en}."));
        }
        let meant = self.maybe.join(", ");
        Say::new(format!("{zh}；或为 {meant}。"), format!("{en}; perhaps {meant}."))
    }
}

impl fmt::Display for WrongCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Say { zh, en } = self.say();
        write!(out, "{zh} / {en}")
    }
}

impl std::error::Error for WrongCode {}

/// Checks length and alphabet, character by character.
fn shaped(name: &Say, text: &str, shape: &[Run]) -> Result<(), WrongCode> {
    let expected: usize = shape.iter().map(|run| run.count).sum();
    let found = text.chars().count();
    if found != expected {
        let zh = format!("应为 {expected} 个字符，实为 {found} 个");
        let en = format!("expected {expected} characters, found {found}");
        return Err(WrongCode::new(name.clone(), Say::new(zh, en)));
    }
    let places = shape.iter().flat_map(|run| std::iter::repeat_n(run, run.count));
    for ((letter, run), place) in text.chars().zip(places).zip(1..) {
        if !u8::try_from(letter).is_ok_and(|byte| run.letters.contains(&byte)) {
            let zh = format!("第 {place} 个字符“{letter}”应为{}", run.zh);
            let en = format!("character {place}, \"{letter}\", must be {}", run.en);
            return Err(WrongCode::new(name.clone(), Say::new(zh, en)).at(place));
        }
    }
    Ok(())
}

/// The codes one slip away from `text` for which `holds`: neighbours changed over first, then one character altered.
fn candidates(text: &str, shape: &[Run], holds: impl Fn(&str) -> bool) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut found: Vec<String> = Vec::new();
    let mut consider = |slip: Vec<char>| {
        let code = String::from_iter(slip);
        if code != text && !found.contains(&code) && holds(&code) {
            found.push(code);
        }
    };
    for at in 1..letters.len() {
        let mut slip = letters.clone();
        slip.swap(at - 1, at);
        consider(slip);
    }
    let places = shape.iter().flat_map(|run| std::iter::repeat_n(run, run.count));
    for (at, run) in places.enumerate() {
        for letter in run.letters {
            let mut slip = letters.clone();
            if let Some(place) = slip.get_mut(at) {
                *place = char::from(*letter);
                consider(slip);
            }
        }
    }
    found.truncate(MOST_CANDIDATES);
    found
}

/// Makes a newtype over the text of a code that serde and the OpenAPI document understand; `check` is its grammar.
macro_rules! code_type {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema,
        )]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, pattern = $pattern, example = $example)]
        pub struct $name(String);

        impl $name {
            /// The code as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = crate::kernel::codes::WrongCode;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::check(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> Self {
                code.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

use code_type;

#[cfg(test)]
mod tests;
