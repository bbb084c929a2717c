//! Reading the law from its files and refusing contradictions, with file, line, key and a sentence.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use toml::Spanned;

use crate::{
    kernel::{Category, Say, money::read_amount},
    platform::policy_file::{PolicyError, PolicyFile, PolicySource},
};

use super::{
    BUILT_IN,
    book::Law,
    calendar::{Calendar, CalendarYear},
    counting::{Direction, Unit},
    model::{Bound, Cap, Mark, NOT_AT_HAND, Period, Quantity, Reached, Rule, Settings},
    procedure::{
        CommitteeRules, EvaluationMethod, Event, Guard, Late, Object, Procedure, QualificationBy, Regime,
        State, Step, can_guard, is_cap,
    },
};

const SETTINGS: &str = "law/settings.toml";

type Rules = BTreeMap<String, Vec<Rule>>;

impl Law {
    /// Reads and checks everything the room owns.
    ///
    /// # Errors
    /// The first thing that cannot be used or contradicts another, by file, line and key.
    pub fn load(source: &PolicySource) -> Result<Self, PolicyError> {
        let calendar = read_calendar(source)?;
        let settings = source.read(BUILT_IN, SETTINGS)?.parse()?;
        let rules = read_rules(source)?;
        let mut procedures: BTreeMap<String, Vec<Arc<Procedure>>> = BTreeMap::new();
        for path in source.list(BUILT_IN, "procedures")? {
            let file = source.read(BUILT_IN, &path)?;
            let (procedure, id_span) = read_procedure(&file, &rules)?;
            let versions = procedures.entry(procedure.id.clone()).or_default();
            let other = versions.iter().find(|other| {
                overlap(
                    (procedure.effective_from, procedure.effective_to),
                    (other.effective_from, other.effective_to),
                )
            });
            if other.is_some() {
                let why =
                    format!("another version of procedure {} is in force on the same days", procedure.id);
                return Err(file.error_at(id_span, "id", why));
            }
            versions.push(Arc::new(procedure));
        }
        let settings = check_settings(source, settings)?;
        Ok(Self { rules, procedures, settings, calendar, edition: None })
    }
}

fn read_calendar(source: &PolicySource) -> Result<Calendar, PolicyError> {
    let mut calendar = Calendar::default();
    for path in source.list(BUILT_IN, "calendar")? {
        let file = source.read(BUILT_IN, &path)?;
        let year = CalendarYear::read(&file)?;
        let number = year.year;
        if !calendar.add(year) {
            return Err(file.error("year", format!("the calendar of {number} is given by another file too")));
        }
    }
    Ok(calendar)
}

fn check_settings(source: &PolicySource, settings: Settings) -> Result<Settings, PolicyError> {
    let positive = [
        ("decryptionWindowMinutes", settings.decryption_window_minutes),
        ("bidValidityDays", settings.bid_validity_days),
        ("engineeringRetentionYears", settings.engineering_retention_years),
    ];
    match positive.iter().find(|(_, value)| *value == 0) {
        None => Ok(settings),
        Some((key, _)) => Err(source.read(BUILT_IN, SETTINGS)?.error(key, "must be 1 or more")),
    }
}

fn overlap(one: (NaiveDate, Option<NaiveDate>), other: (NaiveDate, Option<NaiveDate>)) -> bool {
    other.1.is_none_or(|last| one.0 <= last) && one.1.is_none_or(|last| other.0 <= last)
}

// ---- rules

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

fn read_rules(source: &PolicySource) -> Result<Rules, PolicyError> {
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

// ---- procedures

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawProcedure {
    id: Spanned<String>,
    name: Say,
    regime: Regime,
    category: Category,
    object: Object,
    effective_from: NaiveDate,
    effective_to: Option<Spanned<NaiveDate>>,
    minimum_bids: Spanned<String>,
    minimum_qualified: Option<Spanned<String>>,
    maximum_candidates: Option<Spanned<String>>,
    deposit_caps: Vec<Spanned<String>>,
    performance_bond_cap: Spanned<String>,
    publicity: Spanned<bool>,
    qualification_by: Spanned<QualificationBy>,
    committee: Spanned<CommitteeRules>,
    evaluation_methods: Spanned<Vec<EvaluationMethod>>,
    steps: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    state: Spanned<State>,
    name: Say,
    gate: Option<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    guards: Vec<RawGuard>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGuard {
    rule: Spanned<String>,
    from: Event,
    to: Spanned<Event>,
    #[serde(default)]
    late: Late,
}

/// What a procedure may name its rules for, and the days it is in force.
struct Named<'a> {
    file: &'a PolicyFile,
    rules: &'a Rules,
    from: NaiveDate,
    to: Option<NaiveDate>,
}

impl Named<'_> {
    /// Checks that the rule named is in force as long as the procedure is, and `fits` what it is named for.
    fn rule(
        &self,
        key: &str,
        span: Range<usize>,
        name: &str,
        fits: fn(&Rule) -> bool,
        wanted: &str,
    ) -> Result<(), PolicyError> {
        let wrong = |why: String| self.file.error_at(span.clone(), key, why);
        let versions = self.rules.get(name).ok_or_else(|| wrong(format!("there is no rule {name}")))?;
        let mut day = self.from;
        loop {
            let version = versions.iter().find(|rule| rule.in_force(day));
            let version = version.ok_or_else(|| wrong(format!("rule {name} is not in force on {day}")))?;
            if !fits(version) {
                return Err(wrong(format!("rule {name} is no {wanted}")));
            }
            match version.effective_to.and_then(|last| last.succ_opt()) {
                Some(next) if self.to.is_none_or(|last| next <= last) => day = next,
                _ => return Ok(()),
            }
        }
    }

    fn spanned(
        &self,
        key: &str,
        name: &Spanned<String>,
        fits: fn(&Rule) -> bool,
        wanted: &str,
    ) -> Result<(), PolicyError> {
        self.rule(key, name.span(), name.get_ref(), fits, wanted)
    }
}

fn is_count(rule: &Rule) -> bool {
    matches!(rule.quantity, Quantity::Count { .. })
}

fn is_share(rule: &Rule) -> bool {
    matches!(rule.quantity, Quantity::Share { .. })
}

fn is_amount(rule: &Rule) -> bool {
    matches!(rule.quantity, Quantity::Cap(_, Cap::Yuan(_)))
}

fn read_procedure(file: &PolicyFile, rules: &Rules) -> Result<(Procedure, Range<usize>), PolicyError> {
    let raw: RawProcedure = file.parse()?;
    let to = raw.effective_to.as_ref().map(|to| *to.get_ref());
    if let Some(last) = raw.effective_to.as_ref().filter(|last| *last.get_ref() < raw.effective_from) {
        let why = format!("is in force to {}, before it begins on {}", last.get_ref(), raw.effective_from);
        return Err(file.error_at(last.span(), "effectiveTo", why));
    }
    let named = Named { file, rules, from: raw.effective_from, to };
    check_numbers(&named, &raw)?;
    let id_span = raw.id.span();
    let steps = read_steps(&named, raw.steps)?;
    let has = |state| steps.iter().any(|step| step.state == state);
    if has(State::CandidatesPublished) != *raw.publicity.get_ref() {
        let why = "must be true exactly where the procedure has a step S60 (publicity of candidates)";
        return Err(file.error_at(raw.publicity.span(), "publicity", why));
    }
    let purchaser = *raw.qualification_by.get_ref() == QualificationBy::Purchaser;
    if has(State::QualificationReviewed) != purchaser || raw.minimum_qualified.is_some() != purchaser {
        let why = "\"purchaser\", a step S45 and minimumQualified belong together";
        return Err(file.error_at(raw.qualification_by.span(), "qualificationBy", why));
    }
    let procedure = Procedure {
        id: raw.id.into_inner(),
        name: raw.name,
        regime: raw.regime,
        category: raw.category,
        object: raw.object,
        effective_from: raw.effective_from,
        effective_to: to,
        minimum_bids: raw.minimum_bids.into_inner(),
        minimum_qualified: raw.minimum_qualified.map(Spanned::into_inner),
        maximum_candidates: raw.maximum_candidates.map(Spanned::into_inner),
        deposit_caps: raw.deposit_caps.into_iter().map(Spanned::into_inner).collect(),
        performance_bond_cap: raw.performance_bond_cap.into_inner(),
        publicity: raw.publicity.into_inner(),
        qualification_by: raw.qualification_by.into_inner(),
        committee: raw.committee.into_inner(),
        evaluation_methods: raw.evaluation_methods.into_inner(),
        steps,
    };
    Ok((procedure, id_span))
}

fn check_numbers(named: &Named<'_>, raw: &RawProcedure) -> Result<(), PolicyError> {
    named.spanned("minimumBids", &raw.minimum_bids, is_count, "number")?;
    named.spanned("performanceBondCap", &raw.performance_bond_cap, is_cap, "highest amount")?;
    let optional =
        [("minimumQualified", &raw.minimum_qualified), ("maximumCandidates", &raw.maximum_candidates)];
    for (key, rule) in optional.into_iter().filter_map(|(key, rule)| Some((key, rule.as_ref()?))) {
        named.spanned(key, rule, is_count, "number")?;
    }
    for (at, rule) in raw.deposit_caps.iter().enumerate() {
        named.spanned(&format!("depositCaps[{at}]"), rule, is_cap, "highest amount")?;
    }
    if raw.evaluation_methods.get_ref().is_empty() {
        let why = "a procedure allows at least one evaluation method";
        return Err(named.file.error_at(raw.evaluation_methods.span(), "evaluationMethods", why));
    }
    let (span, committee) = (raw.committee.span(), raw.committee.get_ref());
    named.rule("committee.size", span.clone(), &committee.size, is_count, "number")?;
    named.rule("committee.experts", span.clone(), &committee.experts, is_share, "share")?;
    if let Some(rule) = &committee.large {
        named.rule("committee.large", span.clone(), rule, is_count, "number")?;
    }
    if let Some(rule) = &committee.large_from {
        named.rule("committee.largeFrom", span, rule, is_amount, "amount")?;
    }
    Ok(())
}

fn read_steps(named: &Named<'_>, raw: Vec<RawStep>) -> Result<Vec<Step>, PolicyError> {
    let mut steps: Vec<Step> = Vec::new();
    for (at, step) in raw.into_iter().enumerate() {
        let state = *step.state.get_ref();
        if let Some(before) = steps.last().filter(|before| before.state >= state) {
            let why = format!("step {state} cannot follow step {}", before.state);
            return Err(named.file.error_at(step.state.span(), &format!("steps[{at}].state"), why));
        }
        let mut guards = Vec::new();
        for (index, guard) in step.guards.into_iter().enumerate() {
            let key = format!("steps[{at}].guards[{index}]");
            named.spanned(&format!("{key}.rule"), &guard.rule, can_guard, "period and orders no events")?;
            if guard.from == *guard.to.get_ref() {
                let why = "a guard ties two different events";
                return Err(named.file.error_at(guard.to.span(), &format!("{key}.to"), why));
            }
            let to = guard.to.into_inner();
            guards.push(Guard { rule: guard.rule.into_inner(), from: guard.from, to, late: guard.late });
        }
        steps.push(Step { state, name: step.name, gate: step.gate, optional: step.optional, guards });
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The built-in edition in a folder of its own, with one replacement in one file.
    fn load_changed(path: &str, old: &str, new: &str) -> Result<Law, PolicyError> {
        let root = std::env::temp_dir().join(format!("tenderhall-law-{}", uuid::Uuid::new_v4()));
        for (name, text) in BUILT_IN {
            let file = root.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            if *name == path {
                assert!(text.contains(old), "{path} holds no {old}");
                std::fs::write(file, text.replacen(old, new, 1)).unwrap();
            } else {
                std::fs::write(file, text).unwrap();
            }
        }
        let law = Law::load(&PolicySource::Folder(root.clone()));
        std::fs::remove_dir_all(root).unwrap();
        law
    }

    /// The line on which `needle` stands in a built-in file after a replacement.
    fn line_of(path: &str, old: &str, new: &str, needle: &str) -> usize {
        let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == path).unwrap();
        let text = text.replacen(old, new, 1);
        text.lines().position(|line| line.contains(needle)).unwrap() + 1
    }

    #[test]
    fn the_built_in_edition_is_sound() {
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        let on = "2026-02-24".parse().unwrap();
        assert!(law.rules(on).count() >= 60);
        assert_eq!(law.procedures(on).count(), 2);
        for year in [2025, 2026] {
            assert_eq!(law.calendar().year(year).unwrap().working_days(), 248);
        }
    }

    #[test]
    fn contradictory_rules_are_refused_with_file_line_key_and_sentence() {
        const LAW: &str = "law/engineering.toml";
        let cases = [
            (
                ("id = \"ENG-7\"", "id = \"ENG-4\" # again"),
                "again",
                "id",
                "rule ENG-4: is in force on the same days as another",
            ),
            (("article = \"24\"\n", ""), "id = \"ENG-4\"", "article", "rule ENG-4: no article is named"),
            (
                ("article = \"24\"", "article = \" \""),
                "article = \" \"",
                "article",
                "rule ENG-4: no article is named",
            ),
            (("mark = \"V\"", "mark = \"D\""), "mark = \"D\"", "mark", "rule ENG-3: a default without a law"),
            (("n = 20\n", ""), "id = \"ENG-4\"", "n", "rule ENG-4: has a unit, but no number"),
            (("n = 20\n", "n = 0\n"), "n = 0", "n", "rule ENG-4: a period is 1 to 3660 long"),
            (("of = 3", "of = 1"), "of = 1", "of", "rule ENG-19: a share needs"),
            (("amount = \"800000.00\"", "amount = \"8e5\""), "8e5", "amount", "rule ENG-10: expected digits"),
            (
                (
                    "effectiveFrom = \"2000-01-01\"",
                    "effectiveFrom = \"2000-01-01\"\neffectiveTo = \"1999-12-31\"",
                ),
                "effectiveTo",
                "effectiveTo",
                "rule ENG-4: is in force to 1999-12-31, before it begins on 2000-01-01",
            ),
        ];
        for ((old, new), needle, key, sentence) in cases {
            let error = load_changed(LAW, old, new).unwrap_err();
            assert!(error.file.ends_with(LAW), "{error}");
            assert!(
                error.key.as_deref().is_some_and(|found| found.ends_with(&format!("].{key}"))),
                "{error}"
            );
            assert!(error.message.starts_with(sentence), "{error}");
            assert_eq!(error.line, Some(line_of(LAW, old, new, needle)), "{error}");
        }
    }

    #[test]
    fn a_floor_above_a_ceiling_is_refused() {
        // Publicity of at least 4 days, publication within 3: contradictory only on one subject.
        let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == "law/engineering.toml").unwrap();
        let both = text.replace("subject = \"candidatesPublicity\"", "subject = \"candidatesPublication\"");
        assert!(load_changed("law/engineering.toml", text, &both).is_ok(), "3 is at least 3 and at most 3");
        let apart = both.replace(
            "n = 3\nunit = \"calendarDay\"\nbound = \"atLeast\"",
            "n = 4\nunit = \"calendarDay\"\nbound = \"atLeast\"",
        );
        let error = load_changed("law/engineering.toml", text, &apart).unwrap_err();
        let line = apart.lines().position(|line| line == "n = 4").unwrap() + 1;
        assert_eq!(error.line, Some(line));
        let sentence = "leaves no lawful value for `candidatesPublication` beside rule ENG-25/publish";
        assert!(error.message.contains(sentence), "{error}");
    }

    #[test]
    fn a_rule_may_follow_another_in_time() {
        let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == "law/engineering.toml").unwrap();
        let old = text.split("\n\n").find(|rule| rule.contains("id = \"ENG-4\"")).unwrap();
        let ended = old.replace("\"2000-01-01\"", "\"2000-01-01\"\neffectiveTo = \"2026-06-30\"");
        let later = old.replace("\"2000-01-01\"", "\"2026-07-01\"").replace("n = 20", "n = 30");
        let law = load_changed("law/engineering.toml", old, &format!("{ended}\n\n{later}")).unwrap();
        let length = |on: &str| match law.rule("ENG-4", on.parse().unwrap()).unwrap().quantity {
            Quantity::Period(period) => period.length,
            other => panic!("{other:?}"),
        };
        assert_eq!((length("2026-06-30"), length("2026-07-01")), (20, 30));
        let error = load_changed("law/engineering.toml", old, &ended).unwrap_err();
        assert!(error.message.contains("rule ENG-4 is not in force on 2026-07-01"), "{error}");
        assert!(error.file.ends_with("procedures/engineering-open.toml"), "{error}");
    }

    #[test]
    fn contradictory_procedures_are_refused_with_file_line_and_key() {
        const OPEN: &str = "procedures/engineering-open.toml";
        let cases = [
            (
                ("rule = \"ENG-4\"", "rule = \"ENG-99\""),
                "ENG-99",
                "steps[7].guards[0].rule",
                "there is no rule ENG-99",
            ),
            (
                ("minimumBids = \"ENG-17\"", "minimumBids = \"ENG-4\""),
                "minimumBids",
                "minimumBids",
                "rule ENG-4 is no number",
            ),
            (
                ("[\"ENG-9\"", "[\"ENG-17\""),
                "depositCaps",
                "depositCaps[0]",
                "rule ENG-17 is no highest amount",
            ),
            (
                ("state = \"S10\"", "state = \"S00\""),
                "unused",
                "steps[2].state",
                "step S00 cannot follow step S05",
            ),
            (
                ("publicity = true", "publicity = false"),
                "publicity",
                "publicity",
                "must be true exactly where",
            ),
            (
                ("\"committee\"", "\"purchaser\""),
                "qualificationBy",
                "qualificationBy",
                "\"purchaser\", a step S45",
            ),
            (
                ("\"2013-05-01\"", "\"2011-01-01\""),
                "minimumBids",
                "minimumBids",
                "rule ENG-17 is not in force on 2011-01-01",
            ),
            (
                ("to = \"deadline\"", "to = \"documentsIssued\""),
                "unused",
                "steps[7].guards[0].to",
                "a guard ties two",
            ),
            (("state = \"S10\"", "state = \"S11\""), "S11", "steps[2].state", "unknown variant"),
        ];
        for ((old, new), needle, key, sentence) in cases {
            let error = load_changed(OPEN, old, new).unwrap_err();
            assert!(error.file.ends_with(OPEN), "{error}");
            assert_eq!(error.key.as_deref(), Some(key), "{error}");
            assert!(error.message.starts_with(sentence), "{error}");
            if needle != "unused" {
                assert_eq!(error.line, Some(line_of(OPEN, old, new, needle)), "{error}");
            }
        }
    }

    /// The ids of the domain's list of rules, by the last number of each letter group.
    const LISTED: [(&str, u32); 15] = [
        ("ENG", 41),
        ("GP", 22),
        ("GPB", 19),
        ("GPN", 6),
        ("GPI", 1),
        ("GPS", 3),
        ("GPC", 5),
        ("GPF", 7),
        ("LND", 13),
        ("MIN", 7),
        ("AUC", 1),
        ("SOA", 14),
        ("CNT", 10),
        ("EX", 21),
        ("RM", 20),
    ];

    /// Listed, and not among the rules, and why.
    const ELSEWHERE: [(&str, &str); 35] = [
        ("GP-2", "thresholds that a province sets: configuration of a region, once its figures are verified"),
        ("MIN-7", "a practice of 2024, not a rule of law"),
        ("CNT-1", "counting is the room's own law, in `counting`"),
        ("CNT-2", "in `counting`"),
        ("CNT-3", "in `counting`, and the setting `rollWeekends`"),
        ("CNT-4", "in `counting`"),
        ("CNT-5", "in `counting`"),
        ("CNT-6", "in `counting`"),
        ("CNT-7", "in `counting`, and the setting `counterCloses`"),
        ("CNT-8", "in `calendar`"),
        ("CNT-9", "in `counting`"),
        ("EX-5", "the setting `engineeringDrawWindowHours`"),
        ("EX-7", "with each procedure's committee: ENG-19, GPB-10, GPN-1, GPC-2, LND-5"),
        ("EX-8", "no law: how the hall draws"),
        ("EX-10", "the setting `drawBackups`"),
        ("EX-12", "no law: how the hall draws"),
        ("EX-18", "no law: a setting of the pool, once it assesses"),
        ("EX-21", "no law: a setting of the pool, once it counts"),
        ("RM-1", "no law: the database keeps bookings apart"),
        ("RM-4", "no law: setup_minutes and cleanup_minutes of a centre"),
        ("RM-5", "no law: how the hall books"),
        ("RM-6", "no law: states of a booking"),
        ("RM-7", "no law: auto_confirm of a centre"),
        ("RM-8", "no law: how the hall postpones"),
        ("RM-9", "no law: how the hall books"),
        ("RM-10", "no law: the article's green channel"),
        ("RM-11", "no law: how the hall books"),
        ("RM-12", "no law: opens and closes of a centre"),
        ("RM-13", "no law: how the hall books"),
        ("RM-14", "no law: the article's storage room"),
        ("RM-15", "no law: the article's door control"),
        ("RM-17", "no law: how the hall draws"),
        ("RM-18", "no law: how the hall books"),
        ("RM-19", "no law: how the hall books"),
        ("RM-20", "no law: figures of the board"),
    ];

    #[test]
    fn every_listed_rule_is_data_or_says_why_not() {
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        let held: std::collections::BTreeSet<&str> = law.all_rules().map(|rule| rule.id.as_str()).collect();
        for (letters, last) in LISTED {
            for id in (1..=last).map(|number| format!("{letters}-{number}")) {
                let elsewhere = ELSEWHERE.iter().any(|(other, _)| *other == id);
                assert_ne!(held.contains(id.as_str()), elsewhere, "{id}");
            }
        }
    }

    #[test]
    fn what_did_not_exist_yet_judges_nobody() {
        let law = Law::load(&PolicySource::BuiltIn).unwrap();
        let on = |day: &str| day.parse::<NaiveDate>().unwrap();
        let judged = |id: &str, day: &str| law.rules(on(day)).any(|rule| rule.id == id);
        for (id, in_2015, in_2026) in [
            ("ENG-4", true, true),
            ("GPB-1", true, true),
            // 令87 of 2017, 令101 of 2020, 令110 of 2022, and the emergency rules, published before they count.
            ("GPB-10", false, true),
            ("GP-17", false, true),
            ("GPF-1", false, true),
            ("GP-22", false, false),
        ] {
            assert_eq!((judged(id, "2015-06-01"), judged(id, "2026-09-30")), (in_2015, in_2026), "{id}");
        }
        assert!(judged("GP-22", "2026-10-01"));
        assert_eq!(
            law.procedures(on("2015-06-01")).filter(|one| one.regime == Regime::Procurement).count(),
            0
        );
    }

    #[test]
    fn a_rule_whose_text_was_read_names_its_article() {
        let (old, new) = ("article = \"24\"", "article = \"-\"");
        let error = load_changed("law/engineering.toml", old, new).unwrap_err().to_string();
        assert!(error.contains("key `rules[1].article`: rule ENG-4: the text was read"), "{error}");
    }
}
