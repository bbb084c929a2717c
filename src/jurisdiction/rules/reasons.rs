//! The reasoning in words: what held, with its arithmetic.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::{
    jurisdiction::model::{Category, Measure, Threshold},
    kernel::Say,
};

pub(super) fn at_league_level() -> Say {
    Say::new(
        "RT-4：盟本级项目全部进入盟中心。",
        "RT-4: every project of the league itself trades at its centre.",
    )
}

pub(super) fn thresholds_do_not_apply(category: Category) -> Say {
    let Say { zh, en } = category.name();
    Say::new(
        format!("RT-8：{zh}不适用投资、面积和预算标准。"),
        format!("RT-8: the thresholds of investment, floor area and budget do not apply to {en}."),
    )
}

fn what(measure: Measure) -> Say {
    match measure {
        Measure::Investment => Say::new("总投资", "investment"),
        Measure::FloorArea => Say::new("建筑面积", "floor area"),
        Measure::Budget => Say::new("预算金额", "budget"),
    }
}

fn unit(measure: Measure) -> Say {
    match measure {
        Measure::Investment | Measure::Budget => Say::new("元", "yuan"),
        Measure::FloorArea => Say::new("平方米", "m²"),
    }
}

pub(super) fn no_threshold(measure: Measure, date: NaiveDate) -> Say {
    let Say { zh, en } = what(measure);
    Say::new(format!("{date}没有施行中的{zh}标准。"), format!("No threshold of {en} is in force on {date}."))
}

pub(super) fn not_evaluated(threshold: &Threshold) -> Say {
    let (rule, Say { zh, en }) = (threshold.rule, what(threshold.measure));
    Say::new(
        format!("未填写{zh}，不判断{rule}（不视为零）。"),
        format!("No {en} was given, so {rule} is not evaluated (it is not taken as zero)."),
    )
}

pub(super) fn arithmetic(threshold: &Threshold, figure: Decimal, holds: bool) -> Say {
    let (rule, name, unit) = (threshold.rule, what(threshold.measure), unit(threshold.measure));
    let (figure, bound) = (grouped(figure), grouped(threshold.at_least));
    let (sign, zh, en) = if holds {
        ("≥", "达到标准（含本数）", "the threshold is reached (the bound is included)")
    } else {
        ("<", "未达到标准", "the threshold is not reached")
    };
    Say::new(
        format!("{rule}：{} {figure} {} {sign} {bound} {}，{zh}。", name.zh, unit.zh, unit.zh),
        format!("{rule}: {} {figure} {} {sign} {bound} {}, {en}.", name.en, unit.en, unit.en),
    )
}

/// Two decimal places and commas between thousands, as in `20,000,000.00`.
pub(super) fn grouped(value: Decimal) -> String {
    let text = format!("{value:.2}");
    let whole = text.find('.').unwrap_or(text.len());
    let mut out = String::with_capacity(text.len() + whole / 3);
    for (at, character) in text.chars().enumerate() {
        if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(character);
    }
    out
}
