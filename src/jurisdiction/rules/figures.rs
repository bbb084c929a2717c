//! The figures a decision compares: in yuan (AMB-1), with the phases that count together (AMB-9).

use rust_decimal::Decimal;

use super::{
    question::{Wrong, rejection},
    reasons::{converted, grouped, what},
};
use crate::{
    jurisdiction::{
        Jurisdiction,
        codes::{ForeignAmount, Quote},
        model::{Measure, Test, VenueQuestion},
    },
    kernel::{Rejection, Say, money::Amount},
};

/// What is compared, and how it came about.
pub(super) struct Figures<'a> {
    question: &'a VenueQuestion,
    converted: Option<(Measure, Quote, Amount)>,
}

impl<'a> Figures<'a> {
    /// Reads the figures; what is missing or contradicts itself goes to `wrong`.
    pub(super) fn read(
        jurisdiction: &Jurisdiction,
        question: &'a VenueQuestion,
        wrong: &mut Vec<Wrong>,
    ) -> Self {
        let main = question.test().measures().first().copied();
        let converted = match (&question.foreign, main) {
            (None, _) => None,
            (Some(_), None) => {
                let say = Say::new("此类项目不比较金额。", "No amount of such a project is compared.");
                wrong.push(Wrong::new("/foreign", "contradiction", say));
                None
            }
            (Some(foreign), Some(measure)) => match conversion(jurisdiction, foreign) {
                Ok((quote, yuan)) => Some((measure, quote, yuan)),
                Err(one) => {
                    wrong.push(one);
                    None
                }
            },
        };
        wrong.extend(differing(question, converted));
        wrong.extend(missing(question));
        Self { question, converted }
    }

    /// The figure of `measure`, the phases that count with it included.
    pub(super) fn of(&self, measure: Measure) -> Option<Decimal> {
        let own = match self.converted {
            Some((converted, _, yuan)) if converted == measure => Some(yuan.value()),
            _ => self.question.own_figure(measure),
        };
        own.map(|own| own + self.question.added_by_phases(measure))
    }

    /// The conversion in words.
    pub(super) fn conversion(&self) -> Option<Say> {
        let (_, quote, yuan) = self.converted?;
        self.question.foreign.as_ref().map(|foreign| converted(foreign, quote, yuan))
    }

    /// The phases that count with `measure`, in words.
    pub(super) fn phases(&self, measure: Measure) -> Option<Say> {
        let (total, added) = (self.of(measure)?, self.question.added_by_phases(measure));
        (!added.is_zero()).then(|| {
            let ((zh, en), added, total) = (what(measure), grouped(added), grouped(total));
            Say::new(
                format!("AMB-9：无单独批复的其他各期{zh} {added} 合并计算，共 {total}。"),
                format!(
                    "AMB-9: the phases without an approval of their own add {added}, in all {total} ({en})."
                ),
            )
        })
    }
}

fn differing(question: &VenueQuestion, converted: Option<(Measure, Quote, Amount)>) -> Option<Wrong> {
    let (measure, _, yuan) = converted?;
    let given = question.own_figure(measure)?;
    let pointer = if measure == Measure::Budget { "/budget" } else { "/investment" };
    (given != yuan.value()).then(|| {
        let zh = format!("与外币折算额 {yuan} 元不符。");
        Wrong::new(pointer, "not-as-converted", Say::new(zh, format!("The converted figure is {yuan} yuan.")))
    })
}

fn missing(question: &VenueQuestion) -> Option<Wrong> {
    let absent = |measure| question.own_figure(measure).is_none() && question.foreign.is_none();
    match question.test() {
        Test::Works if absent(Measure::Investment) => Some(Wrong::new(
            "/investment",
            "required",
            Say::new(
                "工程类项目须填写批准的总投资。",
                "An engineering project needs its approved investment.",
            ),
        )),
        Test::Purchase if absent(Measure::Budget) => Some(Wrong::new(
            "/budget",
            "required",
            Say::new("采购类项目须填写预算金额。", "A purchase needs its budget."),
        )),
        _ => None,
    }
}

fn conversion(jurisdiction: &Jurisdiction, foreign: &ForeignAmount) -> Result<(Quote, Amount), Wrong> {
    let Some(currency) = jurisdiction.currency(&foreign.currency) else {
        let code = &foreign.currency;
        let zh = format!("没有{code}的人民币汇率中间价。");
        let say = Say::new(zh, format!("No central parity of {code} is published."));
        return Err(Wrong::new("/foreign/currency", "unknown", say));
    };
    if !(1..=200).contains(&foreign.rate_source.trim().chars().count()) {
        let say =
            Say::new("请注明汇率来源（1 至 200 字）。", "Name the parity's source in 1 to 200 characters.");
        return Err(Wrong::new("/foreign/rateSource", "length", say));
    }
    match foreign.in_yuan(currency.quote) {
        Ok(yuan) => Ok((currency.quote, yuan)),
        Err(why) => Err(Wrong::new("/foreign/amount", "invalid", Say::new("折算金额过大。", why))),
    }
}

/// A foreign figure in yuan by the parity given with it (AMB-1).
///
/// # Errors
/// 422 at `/foreign` for a currency without a published parity, a source that is missing or a sum that is too long.
pub fn in_yuan(jurisdiction: &Jurisdiction, foreign: &ForeignAmount) -> Result<Amount, Rejection> {
    conversion(jurisdiction, foreign).map(|(_, yuan)| yuan).map_err(|wrong| rejection(vec![wrong]))
}
