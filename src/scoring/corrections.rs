//! Arithmetic corrections of a price 算术修正: which of several figures counts, and why.
//!
//! Purchases (令87 art 59): the opening list 开标一览表 before the rest of the bid, words before figures, the total where
//! a unit price's decimal point has slipped, else the unit prices. Works (七部委令12 art 19): the same without the
//! opening list. Whether a slip is obvious is the committee's to say; here it is one where a single unit price, moved by
//! one to four places, makes the lines add up to the total exactly.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arithmetic::{self, TooLarge, yuan},
    capitals::read_capitals,
    complaints::Complaints,
};
use crate::kernel::{Say, money::Amount};

/// Most lines of one price.
const MOST_LINES: usize = 1000;

/// One line of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceLine {
    /// Quantity, above 0.
    pub quantity: Amount,
    /// Unit price in yuan.
    pub unit_price: Amount,
}

/// What a bid says of its price beside the figure itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement {
    /// The price elsewhere in the bid, where `price` is that of the opening list; purchases only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_bid: Option<Amount>,
    /// The price in words 大写, such as 壹佰贰拾万叁仟元整.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub words: Option<String>,
    /// The lines whose sum should be the price; line sums are rounded half-up to the fen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 1000)]
    pub lines: Vec<PriceLine>,
    /// Whether the bidder confirms the corrected price; false makes the bid void, absent leaves it open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<bool>,
}

/// The figure that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Correction {
    /// The price that counts, in yuan.
    pub price: Amount,
    /// Whether it is another than the figure stated; then the bidder must confirm it.
    pub changed: bool,
    /// Which figure counts at each step, and why.
    pub steps: Vec<Say>,
}

/// Which order of corrections applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// 令87 art 59.
    Purchase,
    /// 七部委令12 art 19.
    Works,
}

impl Order {
    fn named(self) -> &'static str {
        match self {
            Self::Purchase => "财政部令第87号 59",
            Self::Works => "七部委令第12号 19",
        }
    }
}

/// Corrects `price` by what else is stated.
///
/// # Errors
/// Numbers beyond exact arithmetic.
pub(super) fn correct(price: Amount, stated: &Statement, order: Order) -> Result<Correction, TooLarge> {
    let law = order.named();
    let mut steps = Vec::new();
    let mut counts = price;
    if let Some(other) = stated.in_bid.filter(|other| *other != price) {
        steps.push(Say::new(
            format!("开标一览表{price}与投标文件{other}不一致：以开标一览表为准（{law}）"),
            format!("Opening list {price}, bid {other}: the opening list counts ({law})"),
        ));
    }
    let words = stated.words.as_deref().and_then(|words| read_capitals(words).ok());
    if let Some(words) = words.filter(|words| *words != counts) {
        steps.push(Say::new(
            format!("大写{words}与小写{counts}不一致：以大写为准（{law}）"),
            format!("Words {words}, figures {counts}: the words count ({law})"),
        ));
        counts = words;
    }
    if !stated.lines.is_empty() {
        counts = by_lines(counts, &stated.lines, law, &mut steps)?;
    }
    if steps.is_empty() {
        steps.push(Say::new(format!("各处一致：{counts}"), format!("All figures agree: {counts}")));
    }
    Ok(Correction { price: counts, changed: counts != price, steps })
}

fn by_lines(total: Amount, lines: &[PriceLine], law: &str, steps: &mut Vec<Say>) -> Result<Amount, TooLarge> {
    let sum = arithmetic::sum(
        lines.iter().map(|line| line_sum(line, line.unit_price.value())).collect::<Result<Vec<_>, _>>()?,
    )?;
    if sum == total.value() {
        return Ok(total);
    }
    if let Some((at, unit, meant)) = slipped(total.value(), sum, lines)? {
        let (number, unit, meant) = (at + 1, yuan(unit), yuan(meant));
        steps.push(Say::new(
            format!("第{number}项单价{unit}小数点明显错位，应为{meant}：以总价{total}为准，修改单价（{law}）"),
            format!(
                "Line {number}: the point of unit price {unit} slipped, {meant} is meant: the total {total} counts, the unit price is put right ({law})"
            ),
        ));
        return Ok(total);
    }
    let shown = yuan(sum);
    steps.push(Say::new(
        format!("总价{total}与单价汇总{shown}不一致：以单价计算结果为准（{law}）"),
        format!("Total {total}, sum of the lines {shown}: the unit prices count ({law})"),
    ));
    Amount::new(sum).map_err(|_| TooLarge)
}

fn line_sum(line: &PriceLine, unit: Decimal) -> Result<Decimal, TooLarge> {
    arithmetic::Exact::of(arithmetic::times(line.quantity.value(), unit)?)?.half_up(2)
}

/// The one line whose unit price, with its point moved, makes the lines add up to the total: its place, the unit price
/// stated and the one meant. Two such lines leave nothing obvious.
fn slipped(
    total: Decimal,
    sum: Decimal,
    lines: &[PriceLine],
) -> Result<Option<(usize, Decimal, Decimal)>, TooLarge> {
    let mut found = None;
    for (at, line) in lines.iter().enumerate() {
        let unit = line.unit_price.value();
        let rest = arithmetic::sum([sum, -line_sum(line, unit)?])?;
        for places in 1..=4 {
            let power = Decimal::from(10_i64.pow(places));
            for moved in [arithmetic::times(unit, power)?, arithmetic::times(unit, Decimal::new(1, places))?]
            {
                if arithmetic::sum([rest, line_sum(line, moved)?])? != total {
                    continue;
                }
                if found.is_some() {
                    return Ok(None);
                }
                found = Some((at, unit, moved));
            }
        }
    }
    Ok(found)
}

/// Complains about a statement that cannot be read; `at` is its place.
pub(super) fn check(stated: &Statement, order: Order, at: &str, wrong: &mut Complaints) {
    if stated.words.as_deref().is_some_and(|words| read_capitals(words).is_err()) {
        wrong.add(
            format!("{at}/words"),
            "不是大写金额，如壹佰贰拾万叁仟元整",
            "is no amount in capitals, such as 壹佰贰拾万叁仟元整",
        );
    }
    if stated.in_bid.is_some() && order == Order::Works {
        wrong.add(
            format!("{at}/inBid"),
            "工程投标没有开标一览表优先的规定",
            "no rule puts an opening list first for works",
        );
    }
    if stated.lines.len() > MOST_LINES {
        wrong.add(format!("{at}/lines"), "最多1000项", "at most 1000 lines are taken");
    }
    for (place, line) in stated.lines.iter().enumerate() {
        if line.quantity.value().is_zero() {
            wrong.add(format!("{at}/lines/{place}/quantity"), "数量须大于0", "must be above 0");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    fn lines(given: &[(&str, &str)]) -> Vec<PriceLine> {
        let line = |(quantity, unit): &(&str, &str)| PriceLine {
            quantity: amount(quantity),
            unit_price: amount(unit),
        };
        given.iter().map(line).collect()
    }

    fn counted(price: &str, stated: &Statement) -> (String, bool, usize) {
        let found = correct(amount(price), stated, Order::Purchase).unwrap();
        (found.price.to_string(), found.changed, found.steps.len())
    }

    #[test]
    fn words_prevail_over_figures_and_the_opening_list_over_the_bid() {
        let stated = Statement {
            words: Some("壹佰万元整".to_owned()),
            in_bid: Some(amount("99")),
            ..Statement::default()
        };
        assert_eq!(counted("1000000", &stated), ("1000000.00".to_owned(), false, 1));
        assert_eq!(counted("100000", &stated), ("1000000.00".to_owned(), true, 2));
    }

    #[test]
    fn unit_prices_prevail_unless_a_point_slipped() {
        let with = |given: &[(&str, &str)]| Statement { lines: lines(given), ..Statement::default() };
        assert_eq!(counted("300", &with(&[("10", "10"), ("10", "20")])), ("300.00".to_owned(), false, 1));
        assert_eq!(counted("301", &with(&[("10", "10"), ("10", "20")])), ("300.00".to_owned(), true, 1));
        let slip = with(&[("10", "10"), ("10", "2.00")]);
        let found = correct(amount("300"), &slip, Order::Works).unwrap();
        assert_eq!((found.price, found.changed), (amount("300"), false));
        assert!(found.steps[0].en.contains("Line 2: the point of unit price 2.00 slipped, 20.00 is meant"));
        let either = with(&[("1", "10"), ("1", "10")]);
        assert_eq!(counted("110", &either), ("20.00".to_owned(), true, 1), "two lines could have slipped");
    }

    #[test]
    fn words_are_settled_before_the_lines() {
        let stated = Statement {
            words: Some("叁佰元整".to_owned()),
            lines: lines(&[("10", "10"), ("10", "20")]),
            ..Statement::default()
        };
        assert_eq!(counted("310", &stated), ("300.00".to_owned(), true, 1));
    }
}
