//! 组织机构代码 (organisation code), GB 11714-1997.

use super::{Run, WrongCode, candidates, code_type, shaped};
use crate::kernel::Say;

const WEIGHTS: [usize; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SHAPE: &[Run] = &[
    Run { letters: LETTERS, count: 8, zh: "数字或大写字母", en: "a digit or a capital letter" },
    Run::only(b"0123456789X", "数字或 X", "a digit or X"),
];

code_type! {
    /// An organisation code whose check character holds: eight characters and the check, without a hyphen.
    OrganisationCode, "^[0-9A-Z]{8}[0-9X]$", "MB1X25250"
}

impl OrganisationCode {
    pub(super) fn check(text: &str) -> Result<(), WrongCode> {
        let name = Say::new("组织机构代码", "organisation code");
        shaped(&name, text, SHAPE)?;
        match expected(text) {
            Some(check) if text.ends_with(check) => Ok(()),
            check => {
                let check = check.unwrap_or('?');
                let zh = format!("校验不符，前 8 位的校验码应为“{check}”");
                let en = format!("the check character does not hold; for the first 8 it is \"{check}\"");
                let meant = candidates(text, SHAPE, |code| {
                    shaped(&name, code, SHAPE).is_ok()
                        && expected(code).is_some_and(|one| code.ends_with(one))
                });
                Err(WrongCode::new(name, Say::new(zh, en)).perhaps(meant))
            }
        }
    }
}

/// C9 = 11 − Σ Cᵢ·Wᵢ mod 11, where 10 is written X and 11 is written 0.
fn expected(text: &str) -> Option<char> {
    let mut sum = 0;
    for (letter, weight) in text.bytes().zip(WEIGHTS) {
        sum += LETTERS.iter().position(|known| *known == letter)? * weight;
    }
    match 11 - sum % 11 {
        10 => Some('X'),
        11 => Some('0'),
        digit => u32::try_from(digit).ok().and_then(|digit| char::from_digit(digit, 10)),
    }
}
