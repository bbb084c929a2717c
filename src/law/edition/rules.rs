//! The rules of `law/*.toml`, and what makes two of them contradict each other.

use std::ops::Range;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use toml::Spanned;

use super::{BUILT_IN, Rules, SETTINGS, overlap};
use crate::{
    kernel::{Say, money::read_amount},
    law::{
        counting::{Direction, Unit},
        model::{Bound, Cap, Mark, NOT_AT_HAND, Period, Quantity, Reached, Rule},
    },
    platform::policy_file::{PolicyError, PolicyFile, PolicySource},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules {
    rules: Vec<RawRule>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
enum RawUnit {
    WorkingDay,
    CalendarDay,
    Month,
    Year,
    Hour,
    Percent,
    Yuan,
    Count,
    Share,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawRule {
    id: Spanned<String>,
    part: Option<String>,
    name: Say,
    n: Option<Spanned<u32>>,
    of: Option<Spanned<u32>>,
    amount: Option<Spanned<String>>,
    unit: Option<Spanned<RawUnit>>,
    bound: Option<Spanned<Bound>>,
    #[serde(default)]
    direction: Direction,
    #[serde(default)]
    reached: Reached,
    #[serde(default)]
    odd: bool,
    subject: String,
    source: Option<Spanned<String>>,
    article: Option<Spanned<String>>,
    mark: Spanned<String>,
    effective_from: Spanned<NaiveDate>,
    effective_to: Option<Spanned<NaiveDate>>,
    text: Say,
}

/// Points at one key of one rule of a file.
struct At<'a> {
    file: &'a PolicyFile,
    index: usize,
    id: String,
    id_span: Range<usize>,
}

impl At<'_> {
    fn wrong(&self, span: Option<Range<usize>>, key: &str, why: &str) -> PolicyError {
        let key = format!("rules[{}].{key}", self.index);
        self.file.error_at(span.unwrap_or(self.id_span.clone()), &key, format!("rule {}: {why}", self.id))
    }
}

pub(super) fn read_rules(source: &PolicySource) -> Result<Rules, PolicyError> {
    let mut rules = Rules::new();
    for path in source.list(BUILT_IN, "law")?.into_iter().filter(|path| path != SETTINGS) {
        let file = source.read(BUILT_IN, &path)?;
        for (index, raw) in file.parse::<RawRules>()?.rules.into_iter().enumerate() {
            let at = At { file: &file, index, id: raw.id.get_ref().clone(), id_span: raw.id.span() };
            let number_span = raw.n.as_ref().map(Spanned::span);
            let rule = read_rule(&at, raw)?;
            check_against(&at, number_span, &rule, &rules)?;
            rules.entry(rule.key()).or_default().push(rule);
        }
    }
    Ok(rules)
}

fn read_rule(at: &At<'_>, raw: RawRule) -> Result<Rule, PolicyError> {
    let mark = match raw.mark.get_ref().as_str() {
        "V" => Mark::V,
        "Vs" => Mark::Vs,
        "K" => Mark::K,
        "D" => {
            let why = "a default without a law behind it is a setting and belongs in law/settings.toml";
            return Err(at.wrong(Some(raw.mark.span()), "mark", why));
        }
        _ => return Err(at.wrong(Some(raw.mark.span()), "mark", "the mark must be V, Vs or K")),
    };
    let quantity = read_quantity(at, &raw)?;
    let source = named(at, raw.source, "source", "no instrument is named")?;
    let article_span = raw.article.as_ref().map(Spanned::span);
    let article = named(at, raw.article, "article", "no article is named")?;
    if article == NOT_AT_HAND && mark == Mark::V {
        return Err(at.wrong(article_span, "article", "the text was read (mark V), so the article is known"));
    }
    let effective_from = *raw.effective_from.get_ref();
    if let Some(to) = raw.effective_to.as_ref().filter(|to| *to.get_ref() < effective_from) {
        let why = format!("is in force to {}, before it begins on {effective_from}", to.get_ref());
        return Err(at.wrong(Some(to.span()), "effectiveTo", &why));
    }
    for (key, text) in [("name", &raw.name), ("text", &raw.text)] {
        if text.zh.is_empty() || text.en.is_empty() {
            return Err(at.wrong(None, key, "must be given in Chinese and in English"));
        }
    }
    Ok(Rule {
        id: raw.id.into_inner(),
        part: raw.part,
        name: raw.name,
        subject: raw.subject,
        quantity,
        source,
        article,
        mark,
        effective_from,
        effective_to: raw.effective_to.map(Spanned::into_inner),
        text: raw.text,
    })
}

fn named(at: &At<'_>, value: Option<Spanned<String>>, key: &str, why: &str) -> Result<String, PolicyError> {
    let span = value.as_ref().map(Spanned::span);
    value
        .map(Spanned::into_inner)
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| at.wrong(span, key, why))
}

fn read_quantity(at: &At<'_>, raw: &RawRule) -> Result<Quantity, PolicyError> {
    let Some(unit) = &raw.unit else {
        let stray = raw.n.is_some() || raw.amount.is_some() || raw.bound.is_some();
        return if stray {
            Err(at.wrong(None, "unit", "has a number or bound, but no unit"))
        } else {
            Ok(Quantity::Statement)
        };
    };
    let bound = raw.bound.as_ref().map(|bound| *bound.get_ref());
    let bound = bound.ok_or_else(|| at.wrong(None, "bound", "has a unit, but no bound"))?;
    let unit = match unit.get_ref() {
        RawUnit::WorkingDay => Unit::WorkingDay,
        RawUnit::CalendarDay => Unit::CalendarDay,
        RawUnit::Month => Unit::Month,
        RawUnit::Year => Unit::Year,
        RawUnit::Hour => return Ok(Quantity::Hours(bound, read_n(at, raw)?)),
        RawUnit::Percent => return Ok(Quantity::Cap(bound, Cap::Percent(read_n(at, raw)?))),
        RawUnit::Yuan => return Ok(Quantity::Cap(bound, Cap::Yuan(read_yuan(at, raw)?))),
        RawUnit::Count => return Ok(Quantity::Count { bound, n: read_n(at, raw)?, odd: raw.odd }),
        RawUnit::Share => return read_share(at, raw, bound),
    };
    let period =
        Period { length: read_n(at, raw)?, unit, direction: raw.direction, bound, reached: raw.reached };
    if period.nearest() == 0 || period.nearest() > unit.most() {
        let span = raw.n.as_ref().map(Spanned::span);
        return Err(at.wrong(span, "n", &format!("a period is 1 to {} long", unit.most())));
    }
    Ok(Quantity::Period(period))
}

fn read_n(at: &At<'_>, raw: &RawRule) -> Result<u32, PolicyError> {
    raw.n.as_ref().map(|n| *n.get_ref()).ok_or_else(|| at.wrong(None, "n", "has a unit, but no number"))
}

fn read_yuan(at: &At<'_>, raw: &RawRule) -> Result<Decimal, PolicyError> {
    let amount = raw.amount.as_ref().ok_or_else(|| at.wrong(None, "amount", "names yuan, but no amount"))?;
    read_amount(amount.get_ref()).map_err(|why| at.wrong(Some(amount.span()), "amount", why))
}

fn read_share(at: &At<'_>, raw: &RawRule, bound: Bound) -> Result<Quantity, PolicyError> {
    let n = read_n(at, raw)?;
    match &raw.of {
        Some(of) if *of.get_ref() >= n && n > 0 => Ok(Quantity::Share { bound, n, of: *of.get_ref() }),
        of => Err(at.wrong(of.as_ref().map(Spanned::span), "of", "a share needs 1 ≤ n ≤ of")),
    }
}

/// Refuses a second rule of the same name, or of the same subject with a floor above a ceiling, on one day.
fn check_against(
    at: &At<'_>,
    number: Option<Range<usize>>,
    rule: &Rule,
    rules: &Rules,
) -> Result<(), PolicyError> {
    let together = |other: &&Rule| {
        overlap((rule.effective_from, rule.effective_to), (other.effective_from, other.effective_to))
    };
    for other in rules.values().flatten().filter(together) {
        if other.key() == rule.key() {
            let why = format!("is in force on the same days as another {}", other.key());
            return Err(at.wrong(None, "id", &why));
        }
        if other.subject == rule.subject && contradict(&rule.quantity, &other.quantity) {
            let why = format!("leaves no lawful value for `{}` beside rule {}", rule.subject, other.key());
            return Err(at.wrong(number, "n", &why));
        }
    }
    Ok(())
}

fn contradict(one: &Quantity, other: &Quantity) -> bool {
    let apart = |(a, m): (Bound, Decimal), (b, n): (Bound, Decimal)| {
        let strict = |bound| matches!(bound, Bound::MoreThan | Bound::LessThan);
        let none_left = |low: Decimal, high: Decimal| low > high || (low == high && (strict(a) || strict(b)));
        (a.is_floor() && b.is_ceiling() && none_left(m, n))
            || (a.is_ceiling() && b.is_floor() && none_left(n, m))
    };
    match (one, other) {
        (Quantity::Period(a), Quantity::Period(b)) if a.unit == b.unit && a.direction == b.direction => {
            apart((a.bound, a.length.into()), (b.bound, b.length.into()))
        }
        (Quantity::Hours(a, m), Quantity::Hours(b, n)) => apart((*a, (*m).into()), (*b, (*n).into())),
        (Quantity::Cap(a, Cap::Percent(m)), Quantity::Cap(b, Cap::Percent(n))) => {
            apart((*a, (*m).into()), (*b, (*n).into()))
        }
        (Quantity::Cap(a, Cap::Yuan(m)), Quantity::Cap(b, Cap::Yuan(n))) => apart((*a, *m), (*b, *n)),
        (Quantity::Count { bound: a, n: m, .. }, Quantity::Count { bound: b, n, .. }) => {
            apart((*a, (*m).into()), (*b, (*n).into()))
        }
        _ => false,
    }
}
