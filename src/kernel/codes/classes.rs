//! Codes of classes. A type holds the grammar; whether a class exists is the question of its table and edition.

use super::{CAPITALS, Run, WrongCode, code_type, shaped};
use crate::kernel::Say;

code_type! {
    /// 公共资源交易分类: a capital letter and two digits.
    TradeClass, "^[A-Z][0-9]{2}$", "A02"
}

code_type! {
    /// Industry by GB/T 4754-2017: its section, A to T, and the two to four digits of division, group or class.
    IndustryCode, "^[A-T][0-9]{2,4}$", "E48"
}

code_type! {
    /// 政府采购品目: A goods, B works, C services, and the digits of the catalogue of purchases in pairs.
    ProcurementCategory, "^[ABC]([0-9]{2}){0,4}$", "A02010100"
}

code_type! {
    /// Currency by GB/T 12406 (ISO 4217): three capital letters.
    CurrencyCode, "^[A-Z]{3}$", "USD"
}

impl TradeClass {
    fn check(text: &str) -> Result<(), WrongCode> {
        let name = Say::new("公共资源交易分类", "trade class");
        shaped(&name, text, &[Run::capital(), Run::digits(2)])
    }
}

impl IndustryCode {
    fn check(text: &str) -> Result<(), WrongCode> {
        let name = Say::new("国民经济行业代码（GB/T 4754-2017）", "industry (GB/T 4754-2017)");
        let section = Run::only(b"ABCDEFGHIJKLMNOPQRST", "A 至 T", "a letter from A to T");
        let digits = text.chars().count().saturating_sub(1).clamp(2, 4);
        shaped(&name, text, &[section, Run::digits(digits)])
    }
}

impl ProcurementCategory {
    fn check(text: &str) -> Result<(), WrongCode> {
        let name = Say::new("政府采购品目", "procurement category");
        let class = Run::only(b"ABC", "A、B 或 C", "A, B or C");
        let digits = text.chars().count().saturating_sub(1).min(8);
        shaped(&name, text, &[class, Run::digits(digits.next_multiple_of(2))])
    }
}

impl CurrencyCode {
    fn check(text: &str) -> Result<(), WrongCode> {
        let name = Say::new("币种", "currency");
        let letters = Run { letters: CAPITALS, count: 3, zh: "大写字母", en: "a capital letter" };
        shaped(&name, text, &[letters])
    }
}
