//! What a new edition changes, in words, and for whom.
//!
//! A project is judged by the rules in force on the day of its first notice, so a change of a rule says from which
//! notice on it counts; a change of the past is said to be one, since it would move what was judged already.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::NaiveDate;

use crate::kernel::Say;

use super::{
    book::Law,
    calendar::CalendarYear,
    model::{Rule, Settings},
    procedure::Procedure,
};

/// One change: what it is about, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Rule key, procedure id, year or setting.
    pub about: String,
    /// What changes, for whom.
    pub says: Say,
}

impl Change {
    /// About `about`, in both languages.
    pub fn new(about: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { about: about.into(), says: Say::new(zh, en) }
    }
}

/// Everything that `new` changes over `old`: calendars, rules, procedures, settings, in this order.
pub fn changes(old: &Law, new: &Law) -> Vec<Change> {
    let mut found = calendars(old, new);
    found.extend(versions_by(&old.rules, &new.rules, rule_change));
    found.extend(versions_by(&old.procedures, &new.procedures, procedure_change));
    found.extend(settings(old.settings(), new.settings()));
    found
}

// ---- calendars

fn calendars(old: &Law, new: &Law) -> Vec<Change> {
    let years: BTreeSet<i32> =
        old.calendar().years().chain(new.calendar().years()).map(|year| year.year).collect();
    let each =
        years.into_iter().flat_map(|year| match (old.calendar().year(year), new.calendar().year(year)) {
            (None, Some(added)) => {
                let days = added.working_days();
                vec![Change::new(
                    year.to_string(),
                    format!("新增{year}年日历，{days}个工作日"),
                    format!("the calendar of {year} is added, with {days} working days"),
                )]
            }
            (Some(_), None) => vec![Change::new(
                year.to_string(),
                format!("撤下{year}年日历，此后跨入该年的期限不能计算"),
                format!("the calendar of {year} is taken away: no period that enters it can be counted"),
            )],
            (Some(old), Some(new)) => days(old, new),
            (None, None) => Vec::new(),
        });
    each.collect()
}

fn days(old: &CalendarYear, new: &CalendarYear) -> Vec<Change> {
    let before: BTreeMap<NaiveDate, bool> = old.days().collect();
    let moved = new.days().filter(|(date, works)| before.get(date) != Some(works));
    moved
        .map(|(date, works)| {
            let (zh, en) = if works {
                ("改为工作日", "becomes a working day")
            } else {
                ("改为休息日", "becomes a day off")
            };
            Change::new(
                date.to_string(),
                format!("{zh}，期限随之变动"),
                format!("{en}, and open periods move with it"),
            )
        })
        .collect()
}

// ---- things in versions

/// What a version of a rule or procedure tells of itself.
trait Version: PartialEq {
    fn from(&self) -> NaiveDate;
    fn sentence(&self) -> Say;
}

impl Version for Rule {
    fn from(&self) -> NaiveDate {
        self.effective_from
    }

    fn sentence(&self) -> Say {
        let number = self.number().unwrap_or_else(|| self.text.clone());
        Say::new(format!("{}：{}", self.name.zh, number.zh), format!("{}: {}", self.name.en, number.en))
    }
}

impl<V: Version> Version for Arc<V> {
    fn from(&self) -> NaiveDate {
        V::from(self)
    }

    fn sentence(&self) -> Say {
        V::sentence(self)
    }
}

impl Version for Procedure {
    fn from(&self) -> NaiveDate {
        self.effective_from
    }

    fn sentence(&self) -> Say {
        self.name.clone()
    }
}

fn versions_by<V: Version>(
    old: &BTreeMap<String, Vec<V>>,
    new: &BTreeMap<String, Vec<V>>,
    changed: fn(&V, &V) -> Vec<Say>,
) -> Vec<Change> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        let before = old.get(name).map(Vec::as_slice).unwrap_or_default();
        let after = new.get(name).map(Vec::as_slice).unwrap_or_default();
        for version in before {
            let from = Version::from(version);
            match after.iter().find(|other| Version::from(*other) == from) {
                None => found.push(taken_away(name, version)),
                Some(same) if same == version => {}
                Some(other) => {
                    found.extend(
                        changed(version, other).into_iter().map(|says| retroactive(name, from, says)),
                    );
                }
            }
        }
        let added =
            after.iter().filter(|one| before.iter().all(|other| Version::from(other) != Version::from(*one)));
        found.extend(added.map(|version| brought_in(name, version)));
    }
    found
}

fn brought_in<V: Version>(name: &str, version: &V) -> Change {
    let (from, says) = (Version::from(version), version.sentence());
    Change::new(
        name,
        format!("{}；适用于首次公告在{from}及以后的项目", says.zh),
        format!("{}; for projects whose first notice is of {from} or later", says.en),
    )
}

fn taken_away<V: Version>(name: &str, version: &V) -> Change {
    let (from, says) = (Version::from(version), version.sentence());
    Change::new(
        name,
        format!("撤下自{from}起的规定（{}）；项目均不再适用", says.zh),
        format!("the version of {from} ({}) is taken away: no project is judged by it any more", says.en),
    )
}

fn retroactive(name: &str, from: NaiveDate, says: Say) -> Change {
    Change::new(
        name,
        format!("自{from}起的规定被改动：{}；适用该规定的项目均受影响，包括进行中的", says.zh),
        format!(
            "the version of {from} is altered: {}; it meets every project judged by it, running ones too",
            says.en
        ),
    )
}

/// A field that differs, as "name: old → new".
fn field<T: PartialEq>(name: (&str, &str), old: &T, new: &T, show: impl Fn(&T) -> Say) -> Option<Say> {
    if old == new {
        return None;
    }
    let (old, new) = (show(old), show(new));
    Some(Say::new(
        format!("{} {} → {}", name.0, old.zh, new.zh),
        format!("{} {} → {}", name.1, old.en, new.en),
    ))
}

fn same(text: impl std::fmt::Display) -> Say {
    Say::new(text.to_string(), text.to_string())
}

fn until(day: &Option<NaiveDate>) -> Say {
    day.map_or_else(|| Say::new("无", "none"), same)
}

fn rule_change(old: &Rule, new: &Rule) -> Vec<Say> {
    let number = |rule: &Rule| rule.number().unwrap_or_else(|| Say::new("无数字", "no number"));
    let quantity = (old.quantity != new.quantity).then(|| {
        let (old, new) = (number(old), number(new));
        Say::new(format!("{} → {}", old.zh, new.zh), format!("{} → {}", old.en, new.en))
    });
    let grounds = |rule: &Rule| (rule.source.clone(), rule.article.clone());
    let ground = field(("依据", "ground"), &grounds(old), &grounds(new), |(source, article)| {
        Say::new(format!("{source} {article}"), format!("{source} {article}"))
    });
    let end = field(("失效日", "last day in force"), &old.effective_to, &new.effective_to, until);
    let words = |rule: &Rule| (rule.name.clone(), rule.text.clone(), rule.subject.clone(), rule.mark);
    let worded = (words(old) != words(new)).then(|| Say::new("文字", "its wording"));
    [quantity, ground, end, worded].into_iter().flatten().collect()
}

fn procedure_change(old: &Arc<Procedure>, new: &Arc<Procedure>) -> Vec<Say> {
    let differ = |same: bool, zh: &str, en: &str| (!same).then(|| Say::new(zh, en));
    let end = field(("失效日", "last day in force"), &old.effective_to, &new.effective_to, until);
    let parts = [
        end,
        differ(old.name == new.name, "名称", "its name"),
        differ(
            (old.regime, old.category, old.object) == (new.regime, new.category, new.object),
            "适用对象",
            "what it is for",
        ),
        differ(
            (&old.minimum_bids, &old.minimum_qualified, &old.maximum_candidates)
                == (&new.minimum_bids, &new.minimum_qualified, &new.maximum_candidates),
            "投标人与候选人数量",
            "numbers of bids and candidates",
        ),
        differ(
            (&old.deposit_caps, &old.performance_bond_cap) == (&new.deposit_caps, &new.performance_bond_cap),
            "保证金上限",
            "caps on deposit and bond",
        ),
        differ(
            (old.publicity, old.qualification_by, &old.committee)
                == (new.publicity, new.qualification_by, &new.committee),
            "公示、资格审查与委员会",
            "publicity, qualification and committee",
        ),
        differ(old.evaluation_methods == new.evaluation_methods, "评审方法", "methods of evaluation"),
        differ(old.steps == new.steps, "步骤与期限", "steps and their periods"),
    ];
    parts.into_iter().flatten().collect()
}

// ---- settings

fn settings(old: &Settings, new: &Settings) -> Vec<Change> {
    let members = |settings: &Settings| match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    let before = members(old);
    let differ = members(new).into_iter().filter(|(key, value)| before.get(key) != Some(value));
    differ
        .map(|(key, value)| {
            let old = before.get(&key).map(ToString::to_string).unwrap_or_default();
            let says = format!("{old} → {value}");
            Change::new(key, format!("设置 {says}"), format!("setting {says}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::platform::policy_file::PolicySource;

    /// The built-in edition as a folder, with texts replaced in one file.
    fn edition(folder: &Path, file: &str, changes: &[(&str, &str)]) -> Law {
        for (path, text) in crate::law::BUILT_IN {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let path = folder.join(file);
        let mut text = fs::read_to_string(&path).unwrap();
        for (old, new) in changes {
            assert!(text.contains(old), "{file} has no {old}");
            text = text.replacen(old, new, 1);
        }
        fs::write(&path, text).unwrap();
        Law::load(&PolicySource::Folder(folder.to_owned())).unwrap()
    }

    fn said(file: &str, replaced: &[(&str, &str)]) -> Vec<(String, String)> {
        let folder = std::env::temp_dir().join(format!("tenderhall-law-{}", uuid::Uuid::new_v4()));
        let new = edition(&folder, file, replaced);
        fs::remove_dir_all(&folder).unwrap();
        let old = Law::load(&PolicySource::BuiltIn).unwrap();
        assert_eq!(changes(&new, &new), []);
        changes(&old, &new).into_iter().map(|one| (one.about, one.says.en)).collect()
    }

    fn one(about: &str, en: &str) -> Vec<(String, String)> {
        vec![(about.to_owned(), en.to_owned())]
    }

    #[test]
    fn each_kind_of_change_is_said_with_whom_it_meets() {
        assert_eq!(
            said("law/engineering.toml", &[("n = 20\n", "n = 25\n")]),
            one(
                "ENG-4",
                "the version of 2000-01-01 is altered: at least 20 calendar days → at least 25 calendar days; \
                 it meets every project judged by it, running ones too"
            )
        );
        assert_eq!(
            said("law/settings.toml", &[("drawBackups = 2", "drawBackups = 3")]),
            one("drawBackups", "setting 2 → 3")
        );
        let worked =
            "[[work]]\ndate = \"2026-10-10\"\nname = { zh = \"国庆节调休\", en = \"National Day\" }\n";
        assert_eq!(
            said("calendar/2026.toml", &[(worked, ""), ("workingDays = 248", "workingDays = 247")]),
            one("2026-10-10", "becomes a day off, and open periods move with it")
        );
    }

    #[test]
    fn a_version_that_follows_another_meets_later_notices() {
        let begins = "effectiveFrom = \"2000-01-01\"\ntext = { zh = \"自招标文件开始发出";
        let ends = format!("effectiveTo = \"2026-12-31\"\n{begins}");
        let next = "[[rules]]\nid = \"ENG-4\"\nname = { zh = \"等标期\", en = \"Time to prepare bids\" }\nn = 30\n\
                    unit = \"calendarDay\"\nbound = \"atLeast\"\nsubject = \"issueToDeadline\"\nsource = \"某法\"\n\
                    article = \"1\"\nmark = \"K\"\neffectiveFrom = \"2027-01-01\"\ntext = { zh = \"三十日\", en = \"30 days\" }\n\n\
                    [[rules]]\nid = \"ENG-7\"";
        let found = said("law/engineering.toml", &[(begins, &ends), ("[[rules]]\nid = \"ENG-7\"", next)]);
        let expected = [
            one(
                "ENG-4",
                "the version of 2000-01-01 is altered: last day in force none → 2026-12-31; it meets every project \
                 judged by it, running ones too",
            ),
            one(
                "ENG-4",
                "Time to prepare bids: at least 30 calendar days; for projects whose first notice is of 2027-01-01 \
                 or later",
            ),
        ];
        assert_eq!(found, expected.concat());
    }
}
