//! Amounts as people type them: in 元 or in 万元, with thousands set apart or not.
//!
//! Pure. Units become yuan by decimal digits alone: 2000 万元 is 20,000,000.00, never a float. `static/bid.js` reads
//! prices by the same grammar, and a test compares the two.

use rust_decimal::Decimal;

use super::money::{Amount, read_amount};

/// An amount as people type it, in yuan. `wan` counts in 万元 (10,000 yuan) with up to six decimals, so that
/// every fen can be said; anything finer than a fen is refused rather than rounded.
///
/// A unit typed behind the number beats `wan`. Thousands may be set apart with commas where they stand right.
///
/// # Errors
/// A sentence that says what is wrong with `text`.
pub fn in_yuan(text: &str, wan: bool) -> Result<Amount, &'static str> {
    let (text, wan) = unit_typed(text).unwrap_or((text, wan));
    let plain = ungrouped(text)?;
    if !wan {
        return Amount::parse(&plain);
    }
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, "0"));
    // The grammar for the whole part is the kernel's; the point then moves four places to the right.
    read_amount(whole)?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("expected digits with at most one decimal point, such as \"950.5\"");
    }
    if fraction.len() > 6 {
        return Err("in 万元 at most 6 digits may stand after the decimal point");
    }
    let value: Decimal = plain.parse().map_err(|_| "not a decimal number")?;
    Amount::new(value.checked_mul(Decimal::from(10_000)).ok_or("too large an amount")?)
}

/// The number and whether it counts in 万元, where the unit was typed behind it; what is typed beats what is chosen.
pub fn unit_typed(text: &str) -> Option<(&str, bool)> {
    let text = text.trim();
    let wan = ["万元", "萬元", "万", "萬"].iter().find_map(|unit| text.strip_suffix(unit));
    wan.map(|number| (number, true)).or_else(|| text.strip_suffix('元').map(|number| (number, false)))
}

/// Takes away spaces around and commas that set thousands apart; a comma anywhere else is refused.
///
/// # Errors
/// A sentence that says so.
pub fn ungrouped(text: &str) -> Result<String, &'static str> {
    let text = text.trim().replace('，', ",");
    if !text.contains(',') {
        return Ok(text);
    }
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut groups = whole.split(',');
    let head = groups.next().unwrap_or_default();
    let well_set = (1..=3).contains(&head.len()) && groups.all(|group| group.len() == 3);
    let digits = whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    if !well_set || !digits || fraction.is_some_and(|part| part.contains(',')) {
        return Err("commas may only set thousands apart");
    }
    Ok(text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yuan(text: &str, wan: bool) -> Option<String> {
        in_yuan(text, wan).map(|amount| amount.to_string()).ok()
    }

    #[test]
    fn wan_becomes_yuan_digit_by_digit() {
        assert_eq!(yuan("2000", true).as_deref(), Some("20000000.00"));
        assert_eq!(yuan("1835.0534", true).as_deref(), Some("18350534.00"));
        assert_eq!(yuan("0.000001", true).as_deref(), Some("0.01"));
        assert_eq!(yuan("1,999.999999", true).as_deref(), Some("19999999.99"));
        assert_eq!(yuan(" 20,000,000.00 ", false).as_deref(), Some("20000000.00"));
        assert_eq!(yuan("9999999999.99", true).as_deref(), Some("99999999999900.00"));
        for (text, wan) in
            [("2000万元", false), ("2000 万", true), ("20,000,000元", true), ("2000萬元", false)]
        {
            assert_eq!(yuan(text, wan).as_deref(), Some("20000000.00"), "{text}");
        }
    }

    #[test]
    fn what_is_finer_than_a_fen_or_no_plain_number_is_refused() {
        for (text, wan) in [
            ("0.0000001", true),
            ("2e3", true),
            ("2000.", true),
            (".5", true),
            ("+1", true),
            ("02000", true),
            ("2,00", true),
            ("1,0000", false),
            ("1.000,00", false),
            ("1.234", false),
            ("二千", true),
            ("万元", true),
            ("2000万万", true),
            ("2000元万元", false),
            ("99999999999999", true),
            ("", true),
        ] {
            assert_eq!(yuan(text, wan), None, "{text}");
        }
    }
}
