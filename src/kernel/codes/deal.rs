//! 统一交易标识码 (unified deal code): class, platform, day and serial with the check of ISO 7064 MOD 37-2 (GB/T 17710).

use chrono::NaiveDate;

use super::{Run, TradeClass, Uscc, WrongCode, candidates, code_type, shaped, uscc};
use crate::kernel::Say;

/// Alphabet of ISO 7064 MOD 37-2; only the check character may be `*`.
const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*";
const SHAPE: &[Run] = &[
    Run::capital(),
    Run::digits(2),
    Run::hyphen(),
    uscc::run(18),
    Run::hyphen(),
    Run::digits(8),
    Run::hyphen(),
    Run::digits(6),
    Run::hyphen(),
    Run::only(ALPHABET, "数字、大写字母或“*”", "a digit, a capital letter or \"*\""),
];

code_type! {
    /// `CCC-USCC-yyyymmdd-serial-check`, forty characters with their hyphens.
    DealCode, "^[A-Z][0-9]{2}-[0-9A-HJ-NPQRTUWXY]{18}-[0-9]{8}-[0-9]{6}-[0-9A-Z*]$",
    "A01-12152500MB1X252501-20260309-000001-Y"
}

impl DealCode {
    /// The code of the `serial`-th transaction of `class` that a platform takes up on `day`.
    ///
    /// # Errors
    /// When the serial has more than six digits or the year more than four.
    pub fn of(class: &TradeClass, platform: &Uscc, day: NaiveDate, serial: i64) -> Result<Self, WrongCode> {
        let stem = format!("{class}-{platform}-{}-{serial:06}-", day.format("%Y%m%d"));
        let check = check_character(&stem).unwrap_or('?');
        Self::try_from(format!("{stem}{check}"))
    }

    fn check(text: &str) -> Result<(), WrongCode> {
        let name = Say::new("统一交易标识码", "unified deal code");
        let meant = || candidates(text, SHAPE, |code| fault_of(code).is_none());
        shaped(&name, text, SHAPE).map_err(|wrong| match wrong.at {
            Some(_) => wrong.perhaps(meant()),
            None => wrong,
        })?;
        match fault_of(text) {
            None => Ok(()),
            Some(fault) => Err(WrongCode::new(name, fault).perhaps(meant())),
        }
    }
}

fn fault_of(text: &str) -> Option<Say> {
    if shaped(&Say::new("", ""), text, SHAPE).is_err() {
        return Some(Say::new("格式不符", "not of the shape"));
    }
    let check = check_character(text.get(..39)?)?;
    if !text.ends_with(check) {
        return Some(Say::new(
            format!("校验不符，前 39 个字符的校验码应为“{check}”"),
            format!("the check character does not hold; for what stands before it is \"{check}\""),
        ));
    }
    let mut parts = text.split('-').skip(1);
    if !parts.next().is_some_and(uscc::holds) {
        return Some(Say::new("第 5 至 22 位不是信用代码", "characters 5 to 22 are no credit code"));
    }
    if parts.next().is_none_or(|day| NaiveDate::parse_from_str(day, "%Y%m%d").is_err()) {
        return Some(Say::new("第 24 至 31 位不是日期", "characters 24 to 31 are no day"));
    }
    None
}

/// The check over the characters of `stem`, hyphens left out. Reduced at every step: the weights 2ⁿ of thirty-five
/// characters do not fit a machine word, and a sum that overflows gives another character.
fn check_character(stem: &str) -> Option<char> {
    let mut product = 0;
    for letter in stem.bytes().filter(|letter| *letter != b'-') {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        product = (product + value) * 2 % 37;
    }
    ALPHABET.get((38 - product) % 37).map(|letter| char::from(*letter))
}
