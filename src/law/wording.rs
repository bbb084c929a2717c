//! What a rule says, as a sentence: the number with its unit, its bound and, where it runs backwards, that it does.

use crate::kernel::Say;

use super::{
    counting::Direction,
    model::{Bound, Cap, Period, Quantity, Rule},
};

impl Bound {
    /// 不少于、不超过…, to stand before the number.
    fn word(self) -> Say {
        match self {
            Self::AtLeast => Say::new("不少于", "at least"),
            Self::AtMost => Say::new("不超过", "at most"),
            Self::MoreThan => Say::new("多于", "more than"),
            Self::LessThan => Say::new("少于", "less than"),
            Self::Exactly => Say::new("为", "exactly"),
        }
    }
}

impl Rule {
    /// Instrument and article, as a sentence quotes them.
    pub fn place(&self) -> Say {
        match self.known_article() {
            Some(article) => Say::new(
                format!("《{}》第{article}条", self.source),
                format!("{}, art. {article}", self.source),
            ),
            None => Say::new(format!("《{}》", self.source), self.source.clone()),
        }
    }

    /// The rule's number in a sentence; nothing where it commands without a number.
    pub fn number(&self) -> Option<Say> {
        let say = |bound: Bound, zh: String, en: String| {
            let word = bound.word();
            Some(Say::new(format!("{}{zh}", word.zh), format!("{} {en}", word.en)))
        };
        match self.quantity {
            Quantity::Period(period) => Some(period_sentence(period)),
            Quantity::Hours(bound, n) => say(bound, format!("{n}小时"), plural(n, "hour")),
            Quantity::Cap(bound, Cap::Percent(n)) => say(bound, format!("{n}%"), format!("{n} %")),
            Quantity::Cap(bound, Cap::Yuan(yuan)) => say(bound, format!("{yuan}元"), format!("{yuan} yuan")),
            Quantity::Count { bound, n, odd: true } => {
                say(bound, format!("{n}（单数）"), format!("{n}, an odd number"))
            }
            Quantity::Count { bound, n, odd: false } => say(bound, n.to_string(), n.to_string()),
            Quantity::Share { bound, n, of } => say(bound, format!("{n}/{of}"), format!("{n}/{of}")),
            Quantity::Statement => None,
        }
    }
}

fn plural(n: u32, unit: &str) -> String {
    if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") }
}

fn period_sentence(period: Period) -> Say {
    let Period { length, unit, direction, bound, .. } = period;
    let (word, unit) = (bound.word(), unit.word());
    let units = plural(length, unit.en.trim_end_matches("(s)"));
    match direction {
        Direction::Forward => {
            Say::new(format!("{}{length}{}", word.zh, unit.zh), format!("{} {units}", word.en))
        }
        Direction::Backward => {
            Say::new(format!("提前{}{length}{}", word.zh, unit.zh), format!("{} {units} before", word.en))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{law::Law, platform::policy_file::PolicySource};

    #[test]
    fn numbers_are_said_with_unit_bound_and_direction() {
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        let on = "2026-02-24".parse().unwrap();
        let said = |key: &str| law.rule(key, on).unwrap().number().map(|say| (say.zh, say.en));
        let pair = |zh: &str, en: &str| Some((zh.to_owned(), en.to_owned()));
        assert_eq!(said("ENG-4"), pair("不少于20日", "at least 20 calendar days"));
        assert_eq!(said("ENG-7"), pair("提前不少于15日", "at least 15 calendar days before"));
        // Every rule can be said, and what has a number says it.
        for rule in law.rules(on) {
            let statement = matches!(rule.quantity, super::Quantity::Statement);
            assert_eq!(rule.number().is_none(), statement, "{}", rule.key());
        }
    }
}
