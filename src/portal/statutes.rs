//! Pages of the law: what is in force on a day, what applies to a project and why, and the calendar of a year.
//!
//! Pure functions of a law: which one is asked is the reader's or the project's matter.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use serde::Deserialize;

use super::{
    reader::{Reader, grouped_within},
    view::Fact,
};
use crate::{
    kernel::Problem,
    law::{
        Calendar, Law, Mark, Procedure, Rule,
        calendar::{CalendarYear, DayKind},
        procedure::Milestone,
    },
    tenders::Setting,
};

/// Query of `/law`, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct LawQuery {
    /// The day of which the law is asked; today where it is empty.
    pub on: String,
    /// Words to find in rules.
    pub q: String,
}

/// One rule as a page shows it.
#[derive(Debug, Clone)]
pub struct RuleLine {
    /// `ENG-4`, or `ENG-25/publicity`.
    pub key: String,
    /// Its place on a page that shows each rule once.
    pub anchor: Option<String>,
    /// Its name.
    pub name: String,
    /// Its number with unit and bound.
    pub number: Option<String>,
    /// What it says.
    pub text: String,
    /// The Chinese text, where the page speaks another language.
    pub original: Option<String>,
    /// Instrument and article.
    pub ground: String,
    /// How sure the hall is of it, in words; nothing where the text was read.
    pub caution: Option<&'static str>,
    /// First day in force.
    pub since: NaiveDate,
    /// Last day in force.
    pub until: Option<NaiveDate>,
    /// First and last lawful day where the rule limits something here.
    pub limits: Vec<String>,
}

/// Rules that stand together, under the name of their instrument or step.
#[derive(Debug, Clone)]
pub struct RuleGroup {
    /// The name.
    pub name: String,
    /// Place on the page.
    pub anchor: String,
    /// The rules.
    pub rules: Vec<RuleLine>,
}

/// `/law`.
#[derive(Debug, Clone)]
pub struct LawView {
    /// The day.
    pub on: NaiveDate,
    /// The words looked for.
    pub q: String,
    /// Rules in force that day.
    pub all: usize,
    /// Those shown.
    pub found: usize,
    /// By instrument.
    pub groups: Vec<RuleGroup>,
    /// Procedures that may begin that day.
    pub procedures: Vec<Fact>,
    /// The centre's own choices, which are no law.
    pub settings: Vec<Fact>,
    /// Year of the calendar to go to.
    pub year: i32,
}

/// `/projects/{id}/law`.
#[derive(Debug, Clone)]
pub struct ProjectLawView {
    /// The project's id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// The day whose law judges, the edition, the procedure.
    pub facts: Vec<Fact>,
    /// By step of the procedure, then the numbers it takes from the law.
    pub groups: Vec<RuleGroup>,
}

/// `/law/calendar/{year}`.
#[derive(Debug, Clone)]
pub struct CalendarView {
    /// The year.
    pub year: i32,
    /// Edition and notice that arranges it.
    pub facts: Vec<Fact>,
    /// Its twelve months.
    pub months: Vec<Month>,
    /// Days off by the arrangement: from, to, name.
    pub holidays: Vec<(NaiveDate, NaiveDate, String)>,
    /// Saturdays and Sundays that are worked, and what for.
    pub worked: Vec<(NaiveDate, String)>,
    /// All years there are.
    pub years: Vec<i32>,
}

/// One month.
#[derive(Debug, Clone)]
pub struct Month {
    /// Its name.
    pub name: String,
    /// Weeks from Monday; `None` outside the month.
    pub weeks: Vec<Vec<Option<DayCell>>>,
    /// Working days in it.
    pub working: usize,
}

/// One day.
#[derive(Debug, Clone)]
pub struct DayCell {
    /// Day of the month.
    pub day: u32,
    /// Class of the cell.
    pub class: &'static str,
    /// One or two letters beside the number where the arrangement makes the day what it is.
    pub sign: &'static str,
    /// What it is, in words.
    pub word: String,
    /// Whether it is today.
    pub today: bool,
}

fn line(rule: &Rule, reader: &Reader) -> RuleLine {
    let w = reader.w;
    let text = reader.says(&rule.text);
    RuleLine {
        key: rule.key(),
        anchor: None,
        name: reader.says(&rule.name),
        number: rule.number().map(|number| grouped_within(&reader.says(&number))),
        original: (text != rule.text.zh).then(|| rule.text.zh.clone()),
        text,
        ground: reader.says(&rule.place()),
        caution: match rule.mark {
            Mark::V => None,
            Mark::Vs => Some(w.mark_secondary),
            Mark::K => Some(w.mark_known),
        },
        since: rule.effective_from,
        until: rule.effective_to,
        limits: Vec::new(),
    }
}

/// Whether a rule has all the words, in either language.
fn has(rule: &Rule, words: &[String]) -> bool {
    let number = rule.number().unwrap_or_default();
    let texts = [
        &rule.key(),
        &rule.source,
        &rule.name.zh,
        &rule.name.en,
        &rule.text.zh,
        &rule.text.en,
        &number.zh,
        &number.en,
    ];
    let all = texts.map(|text| text.to_lowercase()).join("\n");
    words.iter().all(|word| all.contains(word))
}

/// The law of a day, by instrument, narrowed to the words looked for.
pub fn law_view(law: &Law, on: NaiveDate, q: &str, reader: &Reader) -> LawView {
    let words: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
    let mut by_source: BTreeMap<&str, Vec<RuleLine>> = BTreeMap::new();
    for rule in law.rules(on).filter(|rule| has(rule, &words)) {
        let anchor = Some(rule.key().replace('/', "-"));
        by_source.entry(&rule.source).or_default().push(RuleLine { anchor, ..line(rule, reader) });
    }
    let found = by_source.values().map(Vec::len).sum();
    let mut by_source: Vec<(&str, Vec<RuleLine>)> = by_source.into_iter().collect();
    by_source.sort_by_key(|(source, _)| rank(source));
    let groups = by_source.into_iter().enumerate().map(|(at, (source, rules))| RuleGroup {
        name: source.to_owned(),
        anchor: format!("i{at}"),
        rules,
    });
    let since = |from: NaiveDate, to: Option<NaiveDate>| since(from, to, reader);
    LawView {
        on,
        q: q.trim().to_owned(),
        all: law.rules(on).count(),
        found,
        groups: groups.collect(),
        procedures: law
            .procedures(on)
            .map(|one| Fact::text(reader.says(&one.name), since(one.effective_from, one.effective_to)))
            .collect(),
        settings: settings(law),
        year: on.year(),
    }
}

/// Laws 法 before regulations 条例, and both before the orders of departments.
fn rank(instrument: &str) -> u8 {
    match instrument {
        _ if instrument.ends_with("办法") => 2,
        _ if instrument.ends_with('法') => 0,
        _ if instrument.ends_with("条例") => 1,
        _ => 2,
    }
}

fn since(from: NaiveDate, to: Option<NaiveDate>, reader: &Reader) -> String {
    let end = to.map(|day| format!(" – {}", reader.day(&day))).unwrap_or_default();
    format!("{} {}{end}", reader.w.since, reader.day(&from))
}

/// The settings by the names the file gives them.
fn settings(law: &Law) -> Vec<Fact> {
    let Ok(serde_json::Value::Object(members)) = serde_json::to_value(law.settings()) else {
        return Vec::new();
    };
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    members.into_iter().map(|(key, value)| Fact::text(key, plain(value))).collect()
}

/// What applies to a project, step by step: each rule with its text, since when, and the days it leaves here.
///
/// # Errors
/// A rule that is not in force: a mistake of configuration.
pub fn project_law_view(setting: &Setting, digest: &str, reader: &Reader) -> Result<ProjectLawView, Problem> {
    let w = reader.w;
    let Setting { law, project, procedure, on, facts } = setting;
    let why = if project.first_notice_on.is_some() { w.judged_by_notice } else { w.judged_today };
    let timeline = law.timeline(procedure, *on, facts)?;
    let mut groups: Vec<RuleGroup> = Vec::new();
    for (at, step) in procedure.steps.iter().enumerate() {
        let stones = timeline.iter().filter(|stone| stone.step == step.state);
        let mut rules: Vec<RuleLine> = Vec::new();
        for (stone, guard) in stones.zip(&step.guards) {
            let limits = limits(stone, reader);
            match rules.iter_mut().find(|line| line.key == guard.rule) {
                // One rule may limit two acts of a step.
                Some(line) => limits.into_iter().for_each(|limit| {
                    if !line.limits.contains(&limit) {
                        line.limits.push(limit);
                    }
                }),
                None => rules.push(RuleLine { limits, ..line(law.rule(&guard.rule, *on)?, reader) }),
            }
        }
        if !rules.is_empty() {
            groups.push(RuleGroup { name: reader.says(&step.name), anchor: format!("s{at}"), rules });
        }
    }
    let numbers = numbers(law, procedure, *on, reader)?;
    groups.push(RuleGroup {
        name: w.numbers_of_procedure.to_owned(),
        anchor: "numbers".to_owned(),
        rules: numbers,
    });
    let version = since(procedure.effective_from, procedure.effective_to, reader);
    Ok(ProjectLawView {
        id: project.id.to_string(),
        title: project.name.clone(),
        facts: vec![
            Fact::text(w.judged_on, format!("{} · {why}", reader.day(on))),
            Fact::text(w.fact_procedure, format!("{} · {version}", reader.says(&procedure.name))),
            Fact::text(w.edition, digest.to_owned()),
        ],
        groups,
    })
}

/// The rules a procedure takes numbers from beside those that time it.
fn numbers(
    law: &Law,
    procedure: &Procedure,
    on: NaiveDate,
    reader: &Reader,
) -> Result<Vec<RuleLine>, Problem> {
    let timed: Vec<&String> = procedure.guards().map(|(_, guard)| &guard.rule).collect();
    let named = procedure.rules_named();
    let others = named.iter().filter(|key| !timed.contains(key));
    others.map(|key| Ok(line(law.rule(key, on)?, reader))).collect()
}

fn limits(stone: &Milestone, reader: &Reader) -> Vec<String> {
    let w = reader.w;
    let day = |word: &str, day: Option<NaiveDate>| day.map(|day| format!("{word} {}", reader.day(&day)));
    let missing = stone.calendar_missing.map(|year| format!("{year} {}", w.no_calendar));
    [day(w.not_before, stone.earliest_on), day(w.not_after, stone.latest_on), missing]
        .into_iter()
        .flatten()
        .collect()
}

/// The calendar of a year, if there is one.
pub fn calendar_view(
    calendar: &Calendar,
    year: i32,
    today: NaiveDate,
    reader: &Reader,
) -> Option<CalendarView> {
    let known = calendar.year(year)?;
    let w = reader.w;
    let off = known.off().count();
    Some(CalendarView {
        year,
        facts: vec![
            Fact::figure(w.working_day, known.working_days().to_string()),
            Fact::figure(w.days_off, off.to_string()),
            Fact::text(w.arranged_by, reader.says(&known.source)),
            Fact::text(w.version, known.version.clone()),
        ],
        months: (1..=12).filter_map(|month| month_of(calendar, year, month, today, reader)).collect(),
        holidays: holidays(known, reader),
        worked: known.worked().map(|(day, name)| (day, reader.says(name))).collect(),
        years: calendar.years().map(|year| year.year).collect(),
    })
}

/// Days off that follow each other under one name, as one line.
fn holidays(year: &CalendarYear, reader: &Reader) -> Vec<(NaiveDate, NaiveDate, String)> {
    let mut found: Vec<(NaiveDate, NaiveDate, String)> = Vec::new();
    for (day, name) in year.off() {
        let name = reader.says(name);
        match found.last_mut() {
            Some((_, to, same)) if *same == name && to.succ_opt() == Some(day) => *to = day,
            _ => found.push((day, day, name)),
        }
    }
    found
}

fn month_of(calendar: &Calendar, year: i32, month: u32, today: NaiveDate, reader: &Reader) -> Option<Month> {
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    let before = usize::try_from(first.weekday().num_days_from_monday()).ok()?;
    let mut cells: Vec<Option<DayCell>> = vec![None; before];
    let mut working = 0;
    let mut day = first;
    while day.month() == month {
        let kind = calendar.day(day).ok()?;
        working += usize::from(kind.works());
        cells.push(Some(day_cell(day, kind, today, reader)));
        day = day.checked_add_days(Days::new(1))?;
    }
    while !cells.len().is_multiple_of(7) {
        cells.push(None);
    }
    let weeks = cells.chunks(7).map(<[Option<DayCell>]>::to_vec).collect();
    Some(Month { name: reader.month(&first), weeks, working })
}

fn day_cell(day: NaiveDate, kind: DayKind<'_>, today: NaiveDate, reader: &Reader) -> DayCell {
    let w = reader.w;
    let (class, sign, word) = match kind {
        DayKind::Working => ("work", "", w.working_day.to_owned()),
        DayKind::MakeUp(name) => {
            ("makeup", w.sign_work, format!("{} · {}", w.day_make_up, reader.says(name)))
        }
        DayKind::Weekend => ("weekend", "", w.day_weekend.to_owned()),
        DayKind::Holiday(name) => ("holiday", w.sign_off, reader.says(name)),
    };
    DayCell { day: day.day(), class, sign, word, today: day == today }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kernel::say::Language, platform::policy_file::PolicySource, portal::sample};

    fn law() -> Law {
        Law::load(&PolicySource::BuiltIn).unwrap()
    }

    #[test]
    fn a_day_shows_the_rules_of_that_day_and_a_word_narrows_them() {
        let reader = sample::reader(Language::En, "/law");
        let on = |day: &str, q: &str| law_view(&law(), day.parse().unwrap(), q, &reader);
        let (then, now) = (on("2015-06-01", ""), on("2026-02-24", ""));
        assert!(then.found < now.found && now.found == now.all);
        let names = |view: &LawView| view.groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
        let rule_87 = "政府采购货物和服务招标投标管理办法".to_owned();
        assert!(!names(&then).contains(&rule_87) && names(&now).contains(&rule_87));
        let narrowed = on("2026-02-24", "ENG-4 20");
        assert_eq!((narrowed.found, narrowed.groups[0].rules[0].key.as_str()), (1, "ENG-4"));
        assert_eq!(narrowed.groups[0].rules[0].number.as_deref(), Some("at least 20 calendar days"));
        assert!(narrowed.groups[0].rules[0].original.is_some(), "the Chinese text stands beside the English");
    }

    #[test]
    fn a_year_has_twelve_months_whose_working_days_add_up() {
        let reader = sample::reader(Language::Zh, "/law/calendar/2026");
        let law = law();
        let year = calendar_view(law.calendar(), 2026, "2026-02-24".parse().unwrap(), &reader).unwrap();
        assert_eq!(year.months.len(), 12);
        assert_eq!(year.months.iter().map(|month| month.working).sum::<usize>(), 248);
        let february: Vec<&DayCell> = year.months[1].weeks.iter().flatten().flatten().collect();
        assert_eq!((february[13].class, february[14].class, february[23].today), ("makeup", "holiday", true));
        let spring = &year.holidays[1];
        assert_eq!((spring.0.to_string(), spring.1.to_string()), ("2026-02-15".into(), "2026-02-23".into()));
        assert!(calendar_view(law.calendar(), 2027, "2026-02-24".parse().unwrap(), &reader).is_none());
    }
}
