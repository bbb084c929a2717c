//! 大写: amounts as Chinese documents spell them out, such as 壹佰贰拾万叁仟元整.

use rust_decimal::Decimal;

use crate::kernel::money::Amount;

const DIGITS: &str = "零壹贰叁肆伍陆柒捌玖";
const NOT_CAPITALS: &str = "not an amount in capitals, such as 壹佰贰拾万叁仟元整";

/// Reads an amount in capitals.
///
/// # Errors
/// A sentence that says what was expected.
pub fn read_capitals(text: &str) -> Result<Amount, &'static str> {
    let text = text.trim();
    let text = text.strip_prefix("人民币").unwrap_or(text);
    let text = text.strip_suffix(['整', '正']).unwrap_or(text);
    if text.is_empty() {
        return Err(NOT_CAPITALS);
    }
    let (yuan, cents) = match text.split_once(['元', '圆']) {
        Some((yuan, cents)) => (whole(yuan), cents),
        None => (Some(0), text),
    };
    let cents = cents.strip_prefix('零').unwrap_or(cents);
    let (jiao, fen) = match cents.split_once('角') {
        Some((jiao, fen)) => (one(jiao), fen.strip_prefix('零').unwrap_or(fen)),
        None => (Some(0), cents),
    };
    let fen = match fen.strip_suffix('分') {
        Some(fen) => one(fen),
        None if fen.is_empty() => Some(0),
        None => None,
    };
    let (Some(yuan), Some(jiao), Some(fen)) = (yuan, jiao, fen) else { return Err(NOT_CAPITALS) };
    let total = yuan.checked_mul(100).and_then(|all| all.checked_add(jiao * 10 + fen)).ok_or(NOT_CAPITALS)?;
    Amount::new(Decimal::new(total, 2)).map_err(|_| NOT_CAPITALS)
}

fn one(text: &str) -> Option<i64> {
    let mut letters = text.chars();
    let digit = letters.next().and_then(digit)?;
    letters.next().is_none().then_some(digit)
}

fn digit(letter: char) -> Option<i64> {
    DIGITS.chars().zip(0_i64..).find(|(known, _)| *known == letter).map(|(_, value)| value)
}

/// Whole yuan: so many 亿, so many 万, and what is left.
fn whole(text: &str) -> Option<i64> {
    if text == "零" {
        return Some(0);
    }
    let (high, rest) = match text.rsplit_once('亿') {
        Some((high, rest)) => (below_myriads_of(high)?, rest),
        None => (0, text),
    };
    let low = if rest.is_empty() && high > 0 { 0 } else { below_myriads_of(rest)? };
    high.checked_mul(100_000_000)?.checked_add(low)
}

/// Below 亿: so many 万, and a group of at most four digits.
fn below_myriads_of(text: &str) -> Option<i64> {
    let (high, rest) = match text.rsplit_once('万') {
        Some((high, rest)) => (group(high)?, rest),
        None => (0, text),
    };
    let low = if rest.is_empty() && high > 0 { 0 } else { group(rest)? };
    Some(high * 10_000 + low)
}

/// 仟、佰、拾 and ones, each at most once and in this order.
fn group(text: &str) -> Option<i64> {
    let mut total = 0;
    let mut waiting: Option<i64> = None;
    let mut below = 10_000;
    for letter in text.chars() {
        let unit = match letter {
            '仟' => 1000,
            '佰' => 100,
            '拾' => 10,
            '零' if waiting.is_none() => continue,
            _ if waiting.is_none() => {
                waiting = Some(digit(letter).filter(|digit| *digit > 0)?);
                continue;
            }
            _ => return None,
        };
        let leading = unit == 10 && total == 0;
        total += unit * waiting.take().or_else(|| leading.then_some(1))?;
        if unit >= below {
            return None;
        }
        below = unit;
    }
    total += waiting.unwrap_or(0);
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spelled(value: i64) -> String {
        let digit = |at: i64| DIGITS.chars().nth(usize::try_from(at).unwrap()).unwrap();
        let four = |number: i64| {
            let mut text = String::new();
            let mut zero = false;
            for (unit, name) in [(1000, "仟"), (100, "佰"), (10, "拾"), (1, "")] {
                let part = number / unit % 10;
                if part == 0 {
                    zero = !text.is_empty();
                    continue;
                }
                if std::mem::take(&mut zero) {
                    text.push('零');
                }
                text.push(digit(part));
                text.push_str(name);
            }
            text
        };
        let mut text = String::new();
        for (unit, name) in [(1_000_000_000_000, "万"), (100_000_000, "亿"), (10_000, "万"), (1, "")] {
            let part = value / 100 / unit % 10_000;
            if part > 0 {
                if !text.is_empty() && part < 1000 {
                    text.push('零');
                }
                text.push_str(&four(part));
                text.push_str(name);
            } else if name == "亿" && value / 100 / 100_000_000 > 0 {
                text.push('亿');
            }
        }
        if text.is_empty() {
            text.push('零');
        }
        text.push('元');
        match (value / 10 % 10, value % 10) {
            (0, 0) => text.push('整'),
            (jiao, 0) => text.extend([digit(jiao), '角']),
            (0, fen) => text.extend(['零', digit(fen), '分']),
            (jiao, fen) => text.extend([digit(jiao), '角', digit(fen), '分']),
        }
        text
    }

    #[test]
    fn amounts_in_capitals_are_read() {
        for (text, amount) in [
            ("壹佰万元整", "1000000.00"),
            ("人民币玖拾伍万元整", "950000.00"),
            ("壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分", "1234567.89"),
            ("壹仟零伍圆正", "1005.00"),
            ("拾伍万元整", "150000.00"),
            ("叁亿零伍拾元零贰分", "300000050.02"),
            ("伍角", "0.50"),
            ("零元叁分", "0.03"),
        ] {
            assert_eq!(read_capitals(text), Amount::parse(amount), "{text}");
        }
        for text in ["", "元", "壹", "壹壹元", "佰元", "壹佰仟元", "壹拾拾元", "一百元", "壹元贰", "壹万万元"]
        {
            assert!(read_capitals(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_spelled_is_read_back(value in 1_i64..9_999_999_999_999_999) {
            prop_assert_eq!(read_capitals(&spelled(value)).unwrap().value(), Decimal::new(value, 2));
        }
    }
}
