//! The reasoning in words: what held, with its arithmetic.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::{
    jurisdiction::{
        codes::{ForeignAmount, Quote},
        model::{Category, ChosenPlace, Measure, Threshold, VoluntaryEntry},
    },
    kernel::{Say, money::Amount},
    law::Regime,
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

pub(super) fn under_regime(regime: Regime) -> Say {
    match regime {
        Regime::Tendering => Say::new(
            "AMB-6：适用招标投标法，只判断投资和面积标准。",
            "AMB-6: under the law of tendering only investment and floor area are compared.",
        ),
        Regime::Procurement => Say::new(
            "AMB-6：适用政府采购法的非招标方式，只判断预算标准。",
            "AMB-6: under the law of procurement only the budget is compared.",
        ),
    }
}

pub(super) fn minerals() -> Say {
    Say::new(
        "AMB-13（本级设定）：矿业权进入盟中心。",
        "AMB-13 (a setting of the hall): mineral rights trade at the league's centre.",
    )
}

pub(super) fn suspected() -> Say {
    Say::new(
        "AMB-7：疑似拆分，公管办书面排除前只能进入盟中心（招标投标法第4、49条；政府采购法第28条）。",
        "AMB-7: suspected of being split; until the supervision office clears it in writing, it may trade only at the \
         league's centre (招标投标法 art 4, 49; 政府采购法 art 28).",
    )
}

pub(super) fn stays() -> Say {
    Say::new(
        "AMB-8（本级设定）：分流后金额下降，经采购人申请、公管办同意前仍在盟中心。",
        "AMB-8 (a setting of the hall): the figure sank after routing; the project stays at the league's centre until \
         the purchaser applies and the supervision office agrees.",
    )
}

pub(super) fn chosen(choice: &VoluntaryEntry) -> Say {
    let reason = choice.reason.trim();
    let (zh, en) = match choice.at {
        ChosenPlace::League => ("自愿进入盟中心", "chooses the league's centre"),
        ChosenPlace::Region => ("自愿进场", "chooses to trade at a centre"),
    };
    Say::new(
        format!("RT-10：采购人{zh}，理由：{reason}"),
        format!("RT-10: the purchaser {en}; its reason: {reason}"),
    )
}

pub(super) fn converted(foreign: &ForeignAmount, quote: Quote, yuan: Amount) -> Say {
    let ForeignAmount { amount, currency, rate, rate_on, rate_source } = foreign;
    let (amount, yuan) = (grouped(amount.value()), grouped(yuan.value()));
    let sum = match quote {
        Quote::YuanPerUnit => format!("{amount} {currency} × {rate}"),
        Quote::YuanPer100 => format!("{amount} {currency} × {rate} ÷ 100"),
        Quote::UnitsPerYuan => format!("{amount} {currency} ÷ {rate}"),
    };
    Say::new(
        format!("AMB-1：{sum} = {yuan} 元（{rate_on}，{rate_source}，四舍五入到分）。"),
        format!("AMB-1: {sum} = {yuan} yuan ({rate_on}, {rate_source}; rounded half up to the fen)."),
    )
}

/// The figure's name in both languages.
pub(super) fn what(measure: Measure) -> (&'static str, &'static str) {
    match measure {
        Measure::Investment => ("总投资", "investment"),
        Measure::FloorArea => ("建筑面积", "floor area"),
        Measure::Budget => ("预算金额", "budget"),
    }
}

fn unit(measure: Measure) -> (&'static str, &'static str) {
    match measure {
        Measure::Investment | Measure::Budget => ("元", "yuan"),
        Measure::FloorArea => ("平方米", "m²"),
    }
}

pub(super) fn no_threshold(measure: Measure, date: NaiveDate) -> Say {
    let (zh, en) = what(measure);
    Say::new(format!("{date}没有施行中的{zh}标准。"), format!("No threshold of {en} is in force on {date}."))
}

// The two sentences of nearly every decision are put together without formatting, which costs most of its time.

pub(super) fn not_evaluated(threshold: &Threshold) -> Say {
    let (rule, (zh, en)) = (threshold.rule.as_ref(), what(threshold.measure));
    Say::new(
        ["未填写", zh, "，不判断", rule, "（不视为零）。"].concat(),
        ["No ", en, " was given, so ", rule, " is not evaluated (it is not taken as zero)."].concat(),
    )
}

pub(super) fn arithmetic(threshold: &Threshold, figure: Decimal, holds: bool) -> Say {
    let (rule, (name_zh, name_en)) = (threshold.rule.as_ref(), what(threshold.measure));
    let (unit_zh, unit_en) = unit(threshold.measure);
    let (figure, bound) = (grouped(figure), grouped(threshold.at_least));
    let (sign, zh, en) = if holds {
        (" ≥ ", "达到标准（含本数）", "the threshold is reached (the bound is included)")
    } else {
        (" < ", "未达到标准", "the threshold is not reached")
    };
    let (figure, bound) = (figure.as_str(), bound.as_str());
    Say::new(
        [rule, "：", name_zh, " ", figure, " ", unit_zh, sign, bound, " ", unit_zh, "，", zh, "。"].concat(),
        [rule, ": ", name_en, " ", figure, " ", unit_en, sign, bound, " ", unit_en, ", ", en, "."].concat(),
    )
}

/// Two decimal places and commas between thousands, as in `20,000,000.00`.
pub(super) fn grouped(value: Decimal) -> String {
    let mut exact = value;
    exact.rescale(2);
    let text = exact.to_string();
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
