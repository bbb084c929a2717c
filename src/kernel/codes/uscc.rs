//! 统一社会信用代码 (unified social credit code), GB 32100-2015.

use super::{OrganisationCode, Run, WrongCode, candidates, code_type, shaped};
use crate::kernel::Say;

/// Alphabet of GB 32100-2015: no I, O, S, V, Z.
pub(super) const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Weights 3^(i-1) mod 31 of GB 32100-2015 for the first 17 characters.
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

pub(super) const fn run(count: usize) -> Run {
    Run {
        letters: ALPHABET,
        count,
        zh: "数字或大写字母（不含 I、O、S、V、Z）",
        en: "a digit or capital letter other than I, O, S, V, Z (GB 32100-2015)",
    }
}

const SHAPE: &[Run] = &[run(2), Run::digits(6), run(10)];

code_type! {
    /// A credit code whose check character holds.
    Uscc, "^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$", "91350100M000100Y43"
}

impl Uscc {
    fn check(text: &str) -> Result<(), WrongCode> {
        let name = Say::new("统一社会信用代码", "credit code");
        shaped(&name, text, SHAPE).map_err(|wrong| match wrong.at {
            Some(_) => wrong.perhaps(meant(text)),
            None => wrong,
        })?;
        match expected(text) {
            Some(check) if text.ends_with(check) => Ok(()),
            Some(check) => {
                let zh = format!("校验不符，前 17 位的校验码应为“{check}”");
                let en = format!("the check character does not hold; for the first 17 it is \"{check}\"");
                Err(WrongCode::new(name, Say::new(zh, en)).perhaps(meant(text)))
            }
            None => Err(WrongCode::new(name, Say::new("校验码不能计算", "the check cannot be computed"))),
        }
    }

    /// The code that begins with these seventeen characters.
    ///
    /// # Errors
    /// When they are not seventeen of the standard's.
    pub fn complete(first: &str) -> Result<Self, WrongCode> {
        Self::try_from(format!("{first}{}", expected(first).unwrap_or('?')))
    }

    /// The organisation code 组织机构代码 inside, characters 9 to 17.
    ///
    /// # Errors
    /// When its own check character does not hold: GB 32100 asks for it, and some codes in use lack it.
    pub fn organisation(&self) -> Result<OrganisationCode, WrongCode> {
        OrganisationCode::try_from(self.0.chars().skip(8).take(9).collect::<String>())
    }
}

/// Whether `text` has the shape of a credit code and its check holds.
pub(super) fn holds(text: &str) -> bool {
    let name = Say::new("", "");
    shaped(&name, text, SHAPE).is_ok() && expected(text).is_some_and(|check| text.ends_with(check))
}

/// What may be meant; codes whose organisation code holds too come first within each kind of slip.
fn meant(text: &str) -> Vec<String> {
    let whole = |code: &str| holds(code) && Uscc(code.to_owned()).organisation().is_ok();
    let mut found = candidates(text, SHAPE, whole);
    for code in candidates(text, SHAPE, holds) {
        if !found.contains(&code) && found.len() < super::MOST_CANDIDATES {
            found.push(code);
        }
    }
    found
}

/// The check character for the first seventeen.
fn expected(text: &str) -> Option<char> {
    let mut sum = 0;
    for (letter, weight) in text.bytes().zip(WEIGHTS) {
        sum += ALPHABET.iter().position(|known| *known == letter)? * weight;
    }
    ALPHABET.get((31 - sum % 31) % 31).map(|letter| char::from(*letter))
}
